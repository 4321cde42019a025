//! Standing orders (长期订餐): reservations that repeat weekly until they are paused.
//!
//! An order says on which days of the week which meal is wanted, how it reaches the resident, and by which rule an item is
//! chosen. As soon as a menu is published, in that very act, the orders that hold on its day are placed, the oldest first;
//! when it is full the rest join its waiting list. An order that is made, changed or resumed later is placed on the menus
//! that are published already. Once for each menu and order: what was cancelled is never made again, what could not be
//! reserved is kept with its reason, and tried again only when the order changes.
//!
//! Publishing and changing an order take turns, canteen by canteen, so that no order misses a menu. An order is the
//! resident's own, whoever made it: it stands when the link or grant has ended by which it was made, and ends with a death
//! (BR-28). While a record is suspended, or somebody is away, nothing is reserved; that is told in the outcome.

pub mod http;
mod placing;
mod store;

use chrono::{Datelike, Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CancelledAs, Counter, ItemRule, Reservation, cancelled_as, waiting};
use crate::{
    access::{ActingFor, Actor, OnDuty, Right},
    canteens::Canteen,
    clock::At,
    db::Conn,
    ids::{
        CanteenId, MenuId, ReservationId, ResidentId, StandingOrderId, StandingOrderOutcomeId, WaitingEntryId,
    },
    menus::Menu,
    page::Window,
    problem::{Code, Fail, Problem, Told},
    words,
    words::{Bilingual, Mode, Period, Weekday},
};

pub use placing::place_for_menu;
pub(super) use placing::{note_line_ended, note_settled};

/// How far ahead the days of an order may lie.
const FARTHEST_DAYS: u64 = 2 * 366;

words! {
    /// Whether a standing order stands.
    pub enum OrderStatus {
        Active = "active",
        Ended = "ended",
    }
}

words! {
    /// What a standing order came to at a menu.
    pub enum OutcomeStatus {
        /// There is a reservation, or there was one.
        Reserved = "reserved",
        /// The menu was full: it waits for a place.
        Waiting = "waiting",
        /// Nothing was reserved.
        NotReserved = "not_reserved",
    }
}

/// A meal that repeats weekly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklyMeal {
    pub period: Period,
    /// How it reaches the resident.
    pub mode: Mode,
    /// On which days of the week.
    #[schemars(length(min = 1, max = 7))]
    pub weekdays: Vec<Weekday>,
}

/// Days from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub from_on: NaiveDate,
    pub to_on: NaiveDate,
}

impl Span {
    fn contains(&self, on: NaiveDate) -> bool {
        (self.from_on..=self.to_on).contains(&on)
    }
}

/// What a standing order says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub from_on: NaiveDate,
    /// Without a last day it holds until it is ended.
    pub to_on: Option<NaiveDate>,
    pub meals: Vec<WeeklyMeal>,
    pub item_rule: ItemRule,
    pub pauses: Vec<Span>,
    /// Single days that are left out.
    pub skips: Vec<NaiveDate>,
}

/// A standing order.
#[derive(Clone, Debug)]
pub struct StandingOrder {
    pub id: StandingOrderId,
    pub resident_id: ResidentId,
    pub canteen_id: CanteenId,
    pub status: OrderStatus,
    pub terms: Terms,
    /// By which right it was made, and by whom (BR-24).
    pub right: Right,
    pub actor: Actor,
    pub created_at: At,
    pub ended_at: Option<At>,
    pub ended_as: Option<CancelledAs>,
    pub version: i32,
}

/// What a standing order came to at a menu.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub id: StandingOrderOutcomeId,
    pub order_id: StandingOrderId,
    pub menu_id: MenuId,
    pub status: OutcomeStatus,
    pub reservation_id: Option<ReservationId>,
    pub waiting_id: Option<WaitingEntryId>,
    /// Why nothing was reserved; none when the waiting list was left on purpose.
    pub why: Option<Told>,
    pub recorded_at: At,
}

/// A reservation that a standing order made for a day on which it no longer holds.
#[derive(Clone, Debug)]
pub struct Uncovered {
    pub menu: Menu,
    pub reservation_id: ReservationId,
    /// Whether it was cancelled just now, as was asked.
    pub cancelled: bool,
}

/// A standing order after a change, and what followed.
#[derive(Clone, Debug)]
pub struct Changed {
    pub order: StandingOrder,
    /// What was tried on menus that are published already.
    pub outcomes: Vec<Outcome>,
    /// What it had reserved for days on which it no longer holds.
    pub uncovered: Vec<Uncovered>,
}

/// Who changes an order, and what becomes of what it reserved.
pub struct Change<'a> {
    pub acting: &'a ActingFor,
    /// At the canteen, for what only its staff may cancel.
    pub desk: Option<&'a OnDuty>,
    pub canteen: &'a Canteen,
    /// The version that the caller has seen.
    pub version: i32,
    /// Whether to cancel what the order reserved for days on which it no longer holds.
    pub cancel_reserved: bool,
}

impl Terms {
    /// How a meal of this day and period is wanted; none when the order does not hold then.
    pub fn mode_for(&self, on: NaiveDate, period: Period) -> Option<Mode> {
        let within = self.from_on <= on && self.to_on.is_none_or(|to_on| on <= to_on);
        let left_out = self.skips.contains(&on) || self.pauses.iter().any(|pause| pause.contains(on));
        if !within || left_out {
            return None;
        }
        let weekday = on.weekday().into();
        let meal = self.meals.iter().find(|meal| meal.period == period && meal.weekdays.contains(&weekday));
        meal.map(|meal| meal.mode)
    }
}

// Acts ----------------------------------------------------------------------------------------------------------------

/// Makes a standing order, and places it on the menus that are published already.
///
/// Fails with `bad_standing_order`, `period_not_served`, `mode_not_offered`.
pub fn create(
    conn: &mut Conn,
    acting: &ActingFor,
    canteen: &Canteen,
    terms: Terms,
    now: At,
) -> Result<(StandingOrder, Vec<Outcome>), Fail> {
    check(&terms, canteen, now)?;
    let order = StandingOrder {
        id: crate::id::Id::new(now),
        resident_id: acting.resident(),
        canteen_id: canteen.id,
        status: OrderStatus::Active,
        terms,
        right: acting.right(),
        actor: acting.actor(),
        created_at: now,
        ended_at: None,
        ended_as: None,
        version: 1,
    };
    store::take_turn(conn, canteen.id)?;
    store::insert(conn, &order)?;
    let outcomes = placing::place_on_published(conn, canteen, &order, now)?;
    Ok((order, outcomes))
}

/// Changes, pauses or resumes a standing order.
///
/// What it reserved for days on which it no longer holds is listed, and cancelled when that is asked and still possible;
/// it leaves the waiting lists of those days; on the days on which it holds it is placed on the menus that are published
/// already. Fails with `standing_order_ended`, `stale`, and as making one does.
pub fn change(
    conn: &mut Conn,
    by: &Change<'_>,
    order: &StandingOrder,
    terms: Terms,
    now: At,
) -> Result<Changed, Fail> {
    check(&terms, by.canteen, now)?;
    refuse_ended(order)?;
    store::take_turn(conn, by.canteen.id)?;
    if !store::update(conn, order.id, by.version, &terms)? {
        return Err(Code::Stale.into());
    }
    let order = find(conn, order.id)?;
    let uncovered = let_go(conn, by, &order, now)?;
    let outcomes = placing::place_on_published(conn, by.canteen, &order, now)?;
    Ok(Changed { order, outcomes, uncovered })
}

/// Ends a standing order; what it reserved is listed, and cancelled when that is asked and still possible.
///
/// Fails with `standing_order_ended`, `stale`.
pub fn end(conn: &mut Conn, by: &Change<'_>, order: &StandingOrder, now: At) -> Result<Changed, Fail> {
    refuse_ended(order)?;
    store::take_turn(conn, by.canteen.id)?;
    if !store::end(conn, order.id, by.version, cancelled_as(by.acting), now)? {
        return Err(Code::Stale.into());
    }
    let order = find(conn, order.id)?;
    let uncovered = let_go(conn, by, &order, now)?;
    Ok(Changed { order, outcomes: Vec::new(), uncovered })
}

/// Ends the standing orders of a resident who died (BR-28).
pub(super) fn end_for_death(conn: &mut Conn, resident: ResidentId, now: At) -> Result<(), Fail> {
    let mut canteens: Vec<CanteenId> =
        store::active_of_resident(conn, resident)?.iter().map(|order| order.canteen_id).collect();
    canteens.sort_unstable();
    canteens.dedup();
    for canteen in canteens {
        store::take_turn(conn, canteen)?;
    }
    Ok(store::end_all(conn, resident, CancelledAs::Deceased, now)?)
}

/// Leaves the waiting lists of days on which the order no longer holds, and lists what it reserved for them: cancelled
/// where that was asked and the cut-off has not passed, or the desk does it.
fn let_go(conn: &mut Conn, by: &Change<'_>, order: &StandingOrder, now: At) -> Result<Vec<Uncovered>, Fail> {
    assert_eq!(by.acting.resident(), order.resident_id, "a proof for one resident is no proof for another");
    let terms = (order.status == OrderStatus::Active).then_some(&order.terms);
    let why = Problem::from(Code::StandingOrderPaused).as_told();
    waiting::leave_for_order(conn, order.id, |menu| !covers(terms, menu), &why, now)?;
    let mut let_go = Vec::new();
    for (menu, reservation) in uncovered(conn, order, terms)? {
        let cancelled = by.cancel_reserved && cancels(conn, by, &menu, &reservation, now)?;
        let_go.push(Uncovered { menu, reservation_id: reservation.id, cancelled });
    }
    Ok(let_go)
}

/// What an order has reserved and would no longer hold for if it said this, or were ended where it says nothing.
pub fn uncovered(
    conn: &mut Conn,
    order: &StandingOrder,
    terms: Option<&Terms>,
) -> Result<Vec<(Menu, Reservation)>, Fail> {
    let mut open = super::open_of_standing_order(conn, order.id)?;
    open.retain(|(menu, _)| !covers(terms, menu));
    Ok(open)
}

fn covers(terms: Option<&Terms>, menu: &Menu) -> bool {
    terms.is_some_and(|terms| terms.mode_for(menu.served_on, menu.period).is_some())
}

/// Cancels what an order reserved; false when that is no longer possible.
fn cancels(
    conn: &mut Conn,
    by: &Change<'_>,
    menu: &Menu,
    reservation: &Reservation,
    now: At,
) -> Result<bool, Fail> {
    let place = Counter { menu, area: &by.canteen.area, desk: by.desk };
    match conn.in_savepoint(|conn| super::cancel(conn, by.acting, &place, reservation, now)) {
        Ok(_) => Ok(true),
        Err(Fail::Refused(problem)) if problem.code != Code::Conflict => Ok(false),
        Err(fail) => Err(fail),
    }
}

/// The standing order with this id; `standing_order_not_found` without.
pub fn find(conn: &mut Conn, id: StandingOrderId) -> Result<StandingOrder, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::StandingOrderNotFound.into())
}

/// Which standing orders a list shows: newest first, from one window on.
#[derive(Clone, Debug)]
pub struct Listing {
    pub residents: Option<Vec<ResidentId>>,
    pub canteen: Option<CanteenId>,
    pub status: Option<OrderStatus>,
    pub window: Window<crate::ids::StandingOrder>,
}

/// The rows of a page of standing orders, and one more where there is a next page.
pub fn list(conn: &mut Conn, listing: &Listing) -> Result<Vec<StandingOrder>, Fail> {
    Ok(store::list(conn, listing)?)
}

/// Whose outcomes a list shows.
#[derive(Clone, Debug)]
pub enum OutcomesOf {
    Order(StandingOrderId),
    Menus(Vec<MenuId>),
}

/// The rows of a page of outcomes, newest first, and one more where there is a next page.
pub fn outcomes(
    conn: &mut Conn,
    of: &OutcomesOf,
    status: Option<OutcomeStatus>,
    window: &Window<crate::ids::StandingOrderOutcome>,
) -> Result<Vec<Outcome>, Fail> {
    Ok(store::outcomes(conn, of, status, window)?)
}

/// Standing orders by their ids.
pub fn by_ids(conn: &mut Conn, ids: &[StandingOrderId]) -> Result<Vec<StandingOrder>, Fail> {
    Ok(store::by_ids(conn, ids)?)
}

// Rules ---------------------------------------------------------------------------------------------------------------

fn refuse_ended(order: &StandingOrder) -> Result<(), Problem> {
    match order.status {
        OrderStatus::Active => Ok(()),
        OrderStatus::Ended => Err(Code::StandingOrderEnded.into()),
    }
}

/// Whether an order can say this at this canteen.
fn check(terms: &Terms, canteen: &Canteen, now: At) -> Result<(), Problem> {
    check_days(terms, canteen.today(now))?;
    for (at, meal) in terms.meals.iter().enumerate() {
        let served = canteen.period(meal.period)?;
        if !served.modes.contains(&meal.mode) {
            return Err(Code::ModeNotOffered.into());
        }
        let twice = meal.weekdays.iter().enumerate().any(|(nth, weekday)| {
            meal.weekdays[..nth].contains(weekday)
                || terms.meals[..at]
                    .iter()
                    .any(|other| other.period == meal.period && other.weekdays.contains(weekday))
        });
        if meal.weekdays.is_empty() || twice {
            return Err(bad(
                &format!("/meals/{at}/weekdays"),
                "每餐至少一个星期几，同一餐的同一天只能写一次",
                "a meal has at least one weekday, and one day's meal is ordered once",
            ));
        }
    }
    if terms.meals.is_empty() {
        return Err(bad("/meals", "至少要有一餐", "at least one meal is needed"));
    }
    Ok(())
}

fn check_days(terms: &Terms, today: NaiveDate) -> Result<(), Problem> {
    let earliest = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or(NaiveDate::MIN);
    let latest = today.checked_add_days(Days::new(FARTHEST_DAYS)).unwrap_or(NaiveDate::MAX);
    let near = |on: &NaiveDate| (earliest..=latest).contains(on);
    let whole = Span { from_on: terms.from_on, to_on: terms.to_on.unwrap_or(latest) };
    let spans = std::iter::once(("/to_on".to_owned(), &whole))
        .chain(terms.pauses.iter().enumerate().map(|(at, pause)| (format!("/pauses/{at}"), pause)));
    for (pointer, span) in spans {
        if span.from_on > span.to_on {
            return Err(bad(&pointer, "结束日期早于开始日期", "it ends before it starts"));
        }
        if !near(&span.from_on) || !near(&span.to_on) {
            return Err(bad(&pointer, "日期太远，最多两年以内", "a day is too far away; two years at most"));
        }
    }
    if let Some(at) = terms.skips.iter().position(|on| !near(on)) {
        return Err(bad(
            &format!("/skips/{at}"),
            "日期太远，最多两年以内",
            "a day is too far away; two years at most",
        ));
    }
    Ok(())
}

fn bad(pointer: &str, zh: &str, en: &str) -> Problem {
    let said = Bilingual::new(zh, en);
    Problem::new(Code::BadStandingOrder).with("reason", &said).field(pointer, "bad_value", said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn terms() -> Terms {
        let meal =
            |period, mode, weekdays: &[Weekday]| WeeklyMeal { period, mode, weekdays: weekdays.to_vec() };
        Terms {
            from_on: day("2026-11-23"),
            to_on: Some(day("2026-12-31")),
            meals: vec![
                meal(Period::Lunch, Mode::DineIn, &[Weekday::Mon, Weekday::Wed]),
                meal(Period::Lunch, Mode::Delivery, &[Weekday::Sat]),
            ],
            item_rule: ItemRule::SetMeal,
            pauses: vec![Span { from_on: day("2026-11-30"), to_on: day("2026-12-06") }],
            skips: vec![day("2026-12-09")],
        }
    }

    #[test]
    fn an_order_holds_on_its_weekdays_between_its_days_but_not_in_pauses_and_on_skipped_days() {
        let terms = terms();
        for (on, mode) in [
            ("2026-11-18", None),
            ("2026-11-23", Some(Mode::DineIn)),
            ("2026-11-24", None),
            ("2026-11-28", Some(Mode::Delivery)),
            ("2026-11-30", None),
            ("2026-12-05", None),
            ("2026-12-07", Some(Mode::DineIn)),
            ("2026-12-09", None),
            ("2027-01-04", None),
        ] {
            assert_eq!(terms.mode_for(day(on), Period::Lunch), mode, "{on}");
        }
        assert_eq!(terms.mode_for(day("2026-11-23"), Period::Dinner), None);
    }

    #[test]
    fn days_of_an_order_are_near_and_in_order() {
        let today = day("2026-11-22");
        let judged = |change: fn(&mut Terms)| {
            let mut changed = terms();
            change(&mut changed);
            check_days(&changed, today).is_ok()
        };
        assert!(judged(|_| ()));
        assert!(judged(|terms| terms.to_on = None));
        assert!(!judged(|terms| terms.to_on = Some(day("2026-11-22"))));
        assert!(!judged(|terms| terms.to_on = Some(day("2036-11-22"))));
        assert!(!judged(|terms| terms.pauses[0].to_on = day("2026-11-01")));
        assert!(!judged(|terms| terms.skips.push(day("9999-11-01"))));
    }
}
