//! Subsidies (补贴) as draws on public money: pending at the reservation, posted at the check-in, released otherwise.
//!
//! Every meal of a resident relies on a quote, kept with the arguments that it was computed from. While the meal is
//! reserved its draws are pending; when it is served they are computed again from what is true then, and posted; when it
//! is cancelled, voided or never served they are released. Limits are windows of a person, over all canteens, counted by
//! guarded updates: two canteens, two processes or two requests cannot draw the same meal twice (BR-31, BR-43). Whoever finds
//! that somebody was quicker begins the whole act anew.

mod compare;
pub mod http;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::{
    calendar,
    clock::At,
    db::{self, Conn},
    guards,
    ids::{CanteenId, MenuId, QuoteId, ResidentId},
    menus::Menu,
    money::Fen,
    page::{self, Page},
    policies,
    pricing::{self, Arguments, CanteenPlace, Claim, Order, PolicyInForce, Quote, Usage, Window},
    problem::{Code, Fail},
    residents::{self, Resident},
    words,
    words::{Area, MealClass, Period},
};

pub use compare::{Change, Comparison, MOST_MEALS};
pub use store::{DrawRow, DrawTotals, order_key};

words! {
    /// What has become of a quote and its draws.
    pub enum Stage {
        Pending = "pending",
        Posted = "posted",
        Released = "released",
    }
}

/// A meal to be priced: who eats what, where and when.
pub struct Meal<'a> {
    pub resident: &'a Resident,
    pub menu: &'a Menu,
    /// Where the canteen lies.
    pub area: &'a Area,
    pub order: Order,
}

/// A quote that a meal relies on.
#[derive(Clone, Debug)]
pub struct KeptQuote {
    pub id: QuoteId,
    pub resident_id: ResidentId,
    pub menu_id: MenuId,
    pub canteen_id: CanteenId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub class: MealClass,
    pub stage: Stage,
    pub arguments: Arguments,
    pub quote: Quote,
}

/// What the meal would cost now. Nothing is drawn.
///
/// `instead_of` names the resident's present quote for the same meal: what it holds counts as free.
pub fn preview(
    conn: &mut Conn,
    meal: &Meal<'_>,
    instead_of: Option<QuoteId>,
) -> Result<(Arguments, Quote), Fail> {
    let policies = policies::in_force(conn, meal.area, meal.menu.served_on)?;
    let (arguments, _) = arguments(conn, meal, &policies, instead_of)?;
    let quote = pricing::quote(&policies, &arguments);
    Ok((arguments, quote))
}

/// Promises the meal's price: its draws are pending. Draws of `replaces` are released first.
pub fn promise(
    conn: &mut Conn,
    meal: &Meal<'_>,
    replaces: Option<QuoteId>,
    now: At,
) -> Result<KeptQuote, Fail> {
    settle(conn, meal, Stage::Pending, replaces, now)
}

/// Posts the draws of a meal that is served, computed from what is true now. Draws of `replaces` are released first.
pub fn post(conn: &mut Conn, meal: &Meal<'_>, replaces: Option<QuoteId>, now: At) -> Result<KeptQuote, Fail> {
    settle(conn, meal, Stage::Posted, replaces, now)
}

fn settle(
    conn: &mut Conn,
    meal: &Meal<'_>,
    stage: Stage,
    replaces: Option<QuoteId>,
    now: At,
) -> Result<KeptQuote, Fail> {
    if let Some(replaced) = replaces {
        release(conn, replaced, now)?;
    }
    let policies = policies::in_force(conn, meal.area, meal.menu.served_on)?;
    let (arguments, orders_seen) = arguments(conn, meal, &policies, None)?;
    let quote = pricing::quote(&policies, &arguments);
    draw_on_limits(conn, meal, &quote, &orders_seen)?;
    let kept = KeptQuote {
        id: crate::id::Id::new(now),
        resident_id: meal.resident.id,
        menu_id: meal.menu.id,
        canteen_id: meal.menu.canteen_id,
        served_on: meal.menu.served_on,
        period: meal.menu.period,
        class: meal.order.class,
        stage,
        arguments,
        quote,
    };
    store::insert(conn, &kept, now)?;
    Ok(kept)
}

/// How far the order of meals in a window was seen when a price that asks for it was computed.
type OrdersSeen = BTreeMap<Window, i32>;

/// Takes from every limit that the quote draws on, and moves on the order of meals where the price asked for it; the whole
/// act begins anew when somebody was quicker.
fn draw_on_limits(
    conn: &mut Conn,
    meal: &Meal<'_>,
    quote: &Quote,
    orders_seen: &OrdersSeen,
) -> Result<(), Fail> {
    let (on, period) = (meal.menu.served_on, meal.menu.period);
    let orders =
        orders_seen.iter().map(|(window, seen)| Draw::of_order(*window, window.key(on, period), *seen));
    let draws = quote.claims.iter().map(Draw::of_claim).chain(orders).collect();
    if store::draw(conn, meal.resident.id, draws)? { Ok(()) } else { Err(db::overtaken().into()) }
}

/// What is taken from a window: so many meals and so much money, if no more than the most are taken by then.
struct Draw {
    limit_key: String,
    window_key: String,
    count: i32,
    fen: Fen,
    most: i32,
    most_fen: Fen,
}

impl Draw {
    fn of_claim(claim: &Claim) -> Draw {
        let count = |count| i32::try_from(count).unwrap_or(i32::MAX);
        let guarded = !guards::is_off("limits");
        Draw {
            limit_key: claim.limit.0.clone(),
            window_key: claim.window_key.clone(),
            count: count(claim.count),
            fen: claim.fen,
            most: claim.max_count.filter(|_| guarded).map_or(i32::MAX, count),
            most_fen: claim.max_fen.filter(|_| guarded).unwrap_or(Fen(i64::MAX)),
        }
    }

    /// Relies once more on the order of meals in a window, as often as was `seen`: nothing gives that back.
    fn of_order(window: Window, window_key: String, seen: i32) -> Draw {
        Draw {
            limit_key: order_key(window),
            window_key,
            count: 1,
            fen: Fen::ZERO,
            most: seen + 1,
            most_fen: Fen::ZERO,
        }
    }
}

fn arguments(
    conn: &mut Conn,
    meal: &Meal<'_>,
    policies: &[PolicyInForce],
    instead_of: Option<QuoteId>,
) -> Result<(Arguments, OrdersSeen), Fail> {
    let on = meal.menu.served_on;
    let day = calendar::day_kind(conn, on)?;
    let person = residents::person_on(conn, meal.resident, on)?;
    let (usage, orders_seen) = usage(conn, meal, policies, instead_of)?;
    let arguments = Arguments {
        person,
        canteen: CanteenPlace { area: meal.area.clone() },
        order: meal.order.clone(),
        served_on: on,
        day_kind: day.kind,
        calendar_known: day.known,
        usage,
    };
    Ok((arguments, orders_seen))
}

/// What the resident has used of the limits that these policies know, and which meal of its windows this would be.
fn usage(
    conn: &mut Conn,
    meal: &Meal<'_>,
    policies: &[PolicyInForce],
    instead_of: Option<QuoteId>,
) -> Result<(Usage, OrdersSeen), Fail> {
    let needs = pricing::needs(policies);
    let (resident, on, period) = (meal.resident.id, meal.menu.served_on, meal.menu.period);
    // The guards of the order are read before the meals are counted, so that a meal that comes between is noticed.
    let (windows, orders_seen) = store::used(conn, resident, &needs, on, period, instead_of)?;
    let mut usage = Usage { windows, ..Usage::default() };
    if let Some(widest) = needs.ordinals.iter().copied().max_by_key(|window| {
        let (first, last) = window.days(on);
        (last - first).num_days()
    }) {
        let meals = store::meals_between(conn, resident, widest.days(on), instead_of)?;
        for window in needs.ordinals {
            usage.ordinals.insert(window, nth(&meals, window, on, period));
        }
    }
    Ok((usage, orders_seen))
}

/// A meal of the resident that counts for the order of meals: served, or still reserved.
struct OtherMeal {
    served_on: NaiveDate,
    period: Period,
    stage: Stage,
}

/// Which meal of its window a meal on this day and period would be: those of earlier days and periods come before it,
/// and of the same period what was served already.
fn nth(meals: &[OtherMeal], window: Window, on: NaiveDate, period: Period) -> i32 {
    let (first, last) = window.days(on);
    let before = meals.iter().filter(|meal| {
        let in_window = match window {
            Window::Period => meal.served_on == on && meal.period == period,
            Window::Day | Window::Week | Window::Month | Window::Year => {
                (first..=last).contains(&meal.served_on)
            }
        };
        let earlier = (meal.served_on, meal.period) < (on, period);
        let served = (meal.served_on, meal.period) == (on, period) && meal.stage == Stage::Posted;
        in_window && (earlier || served)
    });
    i32::try_from(before.count()).unwrap_or(i32::MAX).saturating_add(1)
}

/// Releases a quote's draws: what it used of limits is given back. Nothing happens when that was done before.
pub fn release(conn: &mut Conn, id: QuoteId, now: At) -> Result<(), Fail> {
    if store::set_released(conn, id, now)? {
        store::give_back(conn, id)?;
    }
    Ok(())
}

/// Makes a released quote pending again, as it was promised; false when its limits were used by another meal meanwhile.
pub fn revive(conn: &mut Conn, id: QuoteId) -> Result<bool, Fail> {
    let kept = find(conn, id)?;
    let drawn = conn.transaction_or_nothing(|conn| {
        store::draw(conn, kept.resident_id, kept.quote.claims.iter().map(Draw::of_claim).collect())
    })?;
    if drawn {
        store::set_pending(conn, id)?;
    }
    Ok(drawn)
}

/// A quote that was kept; `not_found` without.
pub fn find(conn: &mut Conn, id: QuoteId) -> Result<KeptQuote, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::NotFound.into())
}

/// Quotes by their ids.
pub fn by_ids(conn: &mut Conn, ids: &[QuoteId]) -> Result<Vec<KeptQuote>, Fail> {
    Ok(store::by_ids(conn, ids)?)
}

/// Computes a kept quote again from the arguments and versions that it relied on.
pub fn recompute(conn: &mut Conn, kept: &KeptQuote) -> Result<Quote, Fail> {
    let policies = policies::versions(conn, &versions_in(&kept.quote))?;
    Ok(pricing::quote(&policies, &kept.arguments))
}

fn versions_in(quote: &Quote) -> BTreeSet<(String, i32)> {
    let lines = quote.lines.iter().map(|line| (line.policy.clone(), line.version));
    lines.chain(quote.to_canteen.iter().map(|gift| (gift.policy.clone(), gift.version))).collect()
}

/// A posted price that would be another by what is known now. Nothing that was posted is altered.
#[derive(Clone, Debug)]
pub struct Difference {
    pub quote: KeptQuote,
    pub now: Quote,
}

/// The resident's posted meals from a day on whose price would be another by the facts that are known now.
pub fn differences_for_resident(
    conn: &mut Conn,
    resident: &Resident,
    from_on: NaiveDate,
) -> Result<Vec<Difference>, Fail> {
    let mut differences = Vec::new();
    for kept in store::posted_of_resident(conn, resident.id, from_on)? {
        let person = residents::person_on(conn, resident, kept.served_on)?;
        let arguments = Arguments { person, ..kept.arguments.clone() };
        let policies = policies::versions(conn, &versions_in(&kept.quote))?;
        differences.extend(difference(kept, pricing::quote(&policies, &arguments)));
    }
    Ok(differences)
}

/// The posted meals of some canteens from a day on whose price would be another by the policies that are in force now.
pub fn differences_for_canteens(
    conn: &mut Conn,
    canteens: &[CanteenId],
    from_on: NaiveDate,
    window: &page::Window<crate::ids::Quote>,
) -> Result<Page<Difference>, Fail> {
    let posted = window.page(store::posted_at(conn, canteens, from_on, window)?, |kept| kept.id);
    let mut differences = Vec::new();
    for kept in posted.items {
        let policies = policies::in_force(conn, &kept.arguments.canteen.area, kept.served_on)?;
        let now = pricing::quote(&policies, &kept.arguments);
        differences.extend(difference(kept, now));
    }
    Ok(Page { items: differences, next: posted.next })
}

fn difference(kept: KeptQuote, now: Quote) -> Option<Difference> {
    (!pays_the_same(&kept.quote, &now)).then_some(Difference { quote: kept, now })
}

/// Whether the same people pay the same. Who pays nothing is nobody.
fn pays_the_same(one: &Quote, other: &Quote) -> bool {
    let amounts = |quote: &Quote| {
        let mut by_payer: BTreeMap<String, Fen> = BTreeMap::new();
        for line in &quote.lines {
            *by_payer.entry(line.payer.clone()).or_default() += line.fen;
        }
        by_payer.retain(|_, fen| !fen.is_zero());
        (by_payer, quote.resident_fen)
    };
    amounts(one) == amounts(other)
}

/// Draws of canteens between two days in one stage, and where the next page begins: whole quotes to a page.
pub fn draws(
    conn: &mut Conn,
    canteens: &[CanteenId],
    from_on: NaiveDate,
    to_on: NaiveDate,
    stage: Stage,
    window: &page::Window<crate::ids::Quote>,
) -> Result<Page<DrawRow>, Fail> {
    Ok(store::draws(conn, canteens, from_on, to_on, stage, window)?)
}

/// What each payer paid by posted draws, by canteen, between two days.
pub fn posted_totals(
    conn: &mut Conn,
    canteens: &[CanteenId],
    from_on: NaiveDate,
    to_on: NaiveDate,
) -> Result<Vec<DrawTotals>, Fail> {
    Ok(store::posted_totals(conn, canteens, from_on, to_on)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    /// Meals of these days of November 2026, of which the 23rd is a Monday.
    fn meals(of: &[(u32, Period, Stage)]) -> Vec<OtherMeal> {
        of.iter().map(|&(on, period, stage)| OtherMeal { served_on: day(on), period, stage }).collect()
    }

    #[test]
    fn a_meal_comes_after_those_of_earlier_days_and_periods_reserved_or_served() {
        let meals = meals(&[
            (23, Period::Dinner, Stage::Pending),
            (24, Period::Breakfast, Stage::Posted),
            (24, Period::Dinner, Stage::Pending),
            (25, Period::Breakfast, Stage::Posted),
        ]);
        assert_eq!(nth(&meals, Window::Week, day(24), Period::Lunch), 3);
        assert_eq!(nth(&meals, Window::Day, day(24), Period::Lunch), 2);
        assert_eq!(nth(&meals, Window::Day, day(23), Period::Dinner), 1);
    }

    #[test]
    fn of_the_same_period_what_was_served_comes_before_and_what_is_only_reserved_does_not() {
        let meals = meals(&[
            (24, Period::Lunch, Stage::Posted),
            (24, Period::Lunch, Stage::Pending),
            (24, Period::Lunch, Stage::Posted),
            (24, Period::Breakfast, Stage::Posted),
            (23, Period::Lunch, Stage::Posted),
        ]);
        assert_eq!(nth(&meals, Window::Period, day(24), Period::Lunch), 3);
        assert_eq!(nth(&meals, Window::Day, day(24), Period::Lunch), 4);
    }

    #[test]
    fn a_window_begins_with_its_first_day_and_counts_nothing_before() {
        let meals = meals(&[
            (1, Period::Lunch, Stage::Posted),
            (22, Period::Lunch, Stage::Posted),
            (23, Period::Lunch, Stage::Posted),
        ]);
        assert_eq!(nth(&meals, Window::Week, day(24), Period::Lunch), 2);
        assert_eq!(nth(&meals, Window::Month, day(24), Period::Lunch), 4);
    }

    fn quote(lines: &[(&str, i64)]) -> Quote {
        let line = |(payer, fen): &(&str, i64)| {
            json!({ "policy": "p", "version": 1, "layer": payer, "layer_name": null, "payer": payer, "tier": null,
                    "tier_name": null, "fen": fen, "reasons": [], "sensitive": false })
        };
        let lines: Vec<_> = lines.iter().map(line).collect();
        let quote = json!({ "charge_fen": 1000, "subsidised_charge_fen": 1000, "lines": lines, "resident_fen": 600,
                            "claims": [], "to_canteen": [], "reasons": [] });
        serde_json::from_value(quote).unwrap()
    }

    #[test]
    fn another_payer_is_a_difference_though_the_resident_pays_the_same() {
        let kept = quote(&[("city", 300), ("district", 100)]);
        assert!(!pays_the_same(&kept, &quote(&[("city", 200), ("district", 200)])));
        assert!(!pays_the_same(&kept, &quote(&[("city", 400)])));
        assert!(!pays_the_same(&kept, &quote(&[("city", 300), ("street", 100)])));
    }

    #[test]
    fn another_way_of_splitting_what_a_payer_pays_is_none_nor_is_who_pays_nothing() {
        let kept = quote(&[("city", 300), ("district", 100), ("street", 0)]);
        assert!(pays_the_same(&kept, &quote(&[("district", 60), ("city", 300), ("district", 40)])));
    }
}
