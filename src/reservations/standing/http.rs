//! Standing orders over HTTP: for the resident, the family, and the desk.

use actix_web::web;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Change, Changed, Listing, OrderStatus, Outcome, OutcomeStatus, OutcomesOf, Span, StandingOrder, Terms,
    Uncovered, WeeklyMeal,
};
use crate::{
    access::{ActingFor, Allowed, Caller, OnDuty, Registered, RightKind, Role, act},
    api::{Answer, Body, Created, Done, IfMatch, Keyed, Query},
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    ids::{
        CanteenId, MenuId, ReservationId, ResidentId, StandingOrderId, StandingOrderOutcomeId, WaitingEntryId,
    },
    menus::{self, Menu},
    page::{Limit, Page, Window},
    problem::{Code, Fail, Problem},
    reservations::{CancelledAs, ItemRule, http},
    residents::{self, Resident},
    text::{CardNumber, Cursor},
    words::{Lang, Period},
};

/// A standing order to be made.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStandingOrder {
    pub canteen_id: CanteenId,
    /// For whom; or else the card that was presented at the desk.
    #[serde(default)]
    pub resident_id: Option<ResidentId>,
    /// The card that a resident, from whatever canteen, presents at this canteen's desk.
    #[serde(default)]
    pub card_number: Option<CardNumber>,
    /// The first day.
    pub from_on: NaiveDate,
    /// The last day; without one it holds until it is ended.
    #[serde(default)]
    pub to_on: Option<NaiveDate>,
    #[schemars(length(min = 1, max = 21))]
    pub meals: Vec<WeeklyMeal>,
    pub item_rule: ItemRule,
    #[serde(default)]
    #[schemars(length(max = 60))]
    pub pauses: Vec<Span>,
    /// Single days that are left out.
    #[serde(default)]
    #[schemars(length(max = 366))]
    pub skips: Vec<NaiveDate>,
}

/// What a standing order is to say from now on. It is paused and resumed by its pauses and skips.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandingOrderChange {
    pub from_on: NaiveDate,
    #[serde(default)]
    pub to_on: Option<NaiveDate>,
    #[schemars(length(min = 1, max = 21))]
    pub meals: Vec<WeeklyMeal>,
    pub item_rule: ItemRule,
    #[serde(default)]
    #[schemars(length(max = 60))]
    pub pauses: Vec<Span>,
    #[serde(default)]
    #[schemars(length(max = 366))]
    pub skips: Vec<NaiveDate>,
    /// Whether to cancel what the order has reserved for days on which it no longer holds; without, it is only listed.
    #[serde(default)]
    pub cancel_reserved: bool,
}

impl NewStandingOrder {
    fn terms(&self) -> Terms {
        Terms {
            from_on: self.from_on,
            to_on: self.to_on,
            meals: self.meals.clone(),
            item_rule: self.item_rule,
            pauses: self.pauses.clone(),
            skips: self.skips.clone(),
        }
    }
}

impl StandingOrderChange {
    /// That an order is to say this.
    pub(crate) fn of(terms: Terms, cancel_reserved: bool) -> StandingOrderChange {
        let Terms { from_on, to_on, meals, item_rule, pauses, skips } = terms;
        StandingOrderChange { from_on, to_on, meals, item_rule, pauses, skips, cancel_reserved }
    }

    fn terms(&self) -> Terms {
        Terms {
            from_on: self.from_on,
            to_on: self.to_on,
            meals: self.meals.clone(),
            item_rule: self.item_rule,
            pauses: self.pauses.clone(),
            skips: self.skips.clone(),
        }
    }
}

/// A standing order.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StandingOrder")]
pub struct StandingOrderBody {
    pub id: StandingOrderId,
    pub resident_id: ResidentId,
    pub canteen_id: CanteenId,
    pub status: OrderStatus,
    pub from_on: NaiveDate,
    pub to_on: Option<NaiveDate>,
    pub meals: Vec<WeeklyMeal>,
    pub item_rule: ItemRule,
    pub pauses: Vec<Span>,
    pub skips: Vec<NaiveDate>,
    /// By which right it was made.
    pub by_right: RightKind,
    pub created_at: At,
    pub ended_at: Option<At>,
    pub ended_as: Option<CancelledAs>,
}

impl From<StandingOrder> for StandingOrderBody {
    fn from(order: StandingOrder) -> StandingOrderBody {
        StandingOrderBody {
            id: order.id,
            resident_id: order.resident_id,
            canteen_id: order.canteen_id,
            status: order.status,
            from_on: order.terms.from_on,
            to_on: order.terms.to_on,
            meals: order.terms.meals,
            item_rule: order.terms.item_rule,
            pauses: order.terms.pauses,
            skips: order.terms.skips,
            by_right: order.right.kind,
            created_at: order.created_at,
            ended_at: order.ended_at,
            ended_as: order.ended_as,
        }
    }
}

/// What a standing order came to at a menu.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StandingOrderOutcome")]
pub struct OutcomeBody {
    pub id: StandingOrderOutcomeId,
    pub standing_order_id: StandingOrderId,
    pub menu_id: MenuId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub status: OutcomeStatus,
    /// What was reserved, be it cancelled since or not.
    pub reservation_id: Option<ReservationId>,
    /// The place in the waiting list, if it came to that.
    pub waiting_id: Option<WaitingEntryId>,
    /// Why nothing was reserved: a word for programs. None where the waiting list was left on purpose.
    pub reason: Option<String>,
    /// The same, for people.
    pub detail: Option<String>,
    pub recorded_at: At,
}

impl OutcomeBody {
    fn of(outcome: Outcome, menu: &Menu, lang: Lang) -> OutcomeBody {
        OutcomeBody {
            id: outcome.id,
            standing_order_id: outcome.order_id,
            menu_id: menu.id,
            served_on: menu.served_on,
            period: menu.period,
            status: outcome.status,
            reservation_id: outcome.reservation_id,
            waiting_id: outcome.waiting_id,
            reason: outcome.why.as_ref().map(|why| why.reason.clone()),
            detail: outcome.why.map(|why| why.said.get(lang).to_owned()),
            recorded_at: outcome.recorded_at,
        }
    }
}

/// What a standing order has reserved for a day on which it no longer holds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UncoveredBody {
    pub reservation_id: ReservationId,
    pub menu_id: MenuId,
    pub served_on: NaiveDate,
    pub period: Period,
    /// The last instant to cancel it without staff.
    pub cutoff_at: At,
    /// Whether it was cancelled just now, as was asked.
    pub cancelled: bool,
}

impl From<Uncovered> for UncoveredBody {
    fn from(uncovered: Uncovered) -> UncoveredBody {
        UncoveredBody {
            reservation_id: uncovered.reservation_id,
            menu_id: uncovered.menu.id,
            served_on: uncovered.menu.served_on,
            period: uncovered.menu.period,
            cutoff_at: uncovered.menu.cutoff_at,
            cancelled: uncovered.cancelled,
        }
    }
}

/// A standing order as it was made or changed, and what followed at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StandingOrderAnswer")]
pub struct ChangedBody {
    pub order: StandingOrderBody,
    /// What it came to on menus that are published already.
    pub outcomes: Vec<OutcomeBody>,
    /// What it has reserved for days on which it no longer holds: cancelled where that was asked, else to be cancelled by
    /// asking again with `cancel_reserved`, or one by one.
    pub reserved: Vec<UncoveredBody>,
}

impl ChangedBody {
    fn answer<const STATUS: u16>(
        conn: &mut Conn,
        changed: Changed,
        lang: Lang,
    ) -> Result<Answer<STATUS, ChangedBody>, Fail> {
        let version = changed.order.version;
        let outcomes = outcome_bodies(conn, changed.outcomes, lang)?;
        let reserved = changed.uncovered.into_iter().map(UncoveredBody::from).collect();
        Ok(Answer::new(ChangedBody { order: changed.order.into(), outcomes, reserved }).version(version))
    }
}

fn outcome_bodies(conn: &mut Conn, outcomes: Vec<Outcome>, lang: Lang) -> Result<Vec<OutcomeBody>, Fail> {
    let ids: Vec<MenuId> = outcomes.iter().map(|outcome| outcome.menu_id).collect();
    let menus = menus::by_ids(conn, &ids)?;
    outcomes
        .into_iter()
        .map(|outcome| {
            let at = menus.binary_search_by_key(&outcome.menu_id, |menu| menu.id);
            let menu = at.ok().and_then(|at| menus.get(at)).ok_or(Code::MenuNotFound)?;
            Ok(OutcomeBody::of(outcome, menu, lang))
        })
        .collect()
}

/// Proof of acting for the resident at this canteen: by a card that is presented there, or as anywhere.
fn acting(
    conn: &mut Conn,
    caller: &Caller,
    canteen: &Canteen,
    resident: &Resident,
    by_card: bool,
) -> Result<ActingFor, Fail> {
    let registered = Registered { id: resident.id, site: canteens::site(conn, resident.canteen_id)? };
    match caller.on_duty(&canteen.site()) {
        Ok(duty) if by_card => Ok(caller.acting_for_card(&duty, &registered)),
        Ok(_) | Err(_) => caller.acting_for(conn, &registered),
    }
}

/// `POST /standing-orders`
pub async fn create(
    allowed: Allowed<act::Reserve>,
    request: Keyed<NewStandingOrder>,
) -> Result<Created<ChangedBody>, Problem> {
    allowed
        .once(request, |conn, caller, new| {
            let canteen = canteens::find(conn, new.canteen_id)?;
            let card = new.card_number.as_ref();
            let resident = http::whom(conn, new.resident_id, card)?;
            let acting = acting(conn, caller, &canteen, &resident, card.is_some())?;
            if !resident.is_active() {
                return Err(Code::ResidentInactive.into());
            }
            let (order, outcomes) = super::create(conn, &acting, &canteen, new.terms(), caller.now)?;
            ChangedBody::answer(conn, Changed { order, outcomes, uncovered: Vec::new() }, caller.lang)
        })
        .await
}

/// An order that exists, and everything that an act on it needs.
struct Setting {
    order: StandingOrder,
    canteen: Canteen,
    acting: ActingFor,
    desk: Option<OnDuty>,
}

impl Setting {
    /// Fails with `standing_order_not_found` also for whoever may not act for the resident.
    fn of(conn: &mut Conn, caller: &Caller, id: StandingOrderId) -> Result<Setting, Fail> {
        let order = super::find(conn, id)?;
        let canteen = canteens::find(conn, order.canteen_id)?;
        let acting = http::acting_at(conn, caller, &canteen.site(), order.resident_id)
            .map_err(|fail| http::hide_resident(fail, Code::StandingOrderNotFound))?;
        let desk = caller.on_duty_as(Role::Staff, &canteen.site()).ok();
        Ok(Setting { order, canteen, acting, desk })
    }

    fn change(&self, version: i32, cancel_reserved: bool) -> Change<'_> {
        Change {
            acting: &self.acting,
            desk: self.desk.as_ref(),
            canteen: &self.canteen,
            version,
            cancel_reserved,
        }
    }
}

/// `GET /standing-orders/{id}`
pub async fn read(
    allowed: Allowed<act::ReadReservations>,
    id: web::Path<StandingOrderId>,
) -> Result<Done<StandingOrderBody>, Problem> {
    allowed
        .read(move |conn, caller| {
            let order = Setting::of(conn, caller, *id)?.order;
            let version = order.version;
            Ok(Answer::new(order.into()).version(version))
        })
        .await
}

/// `PUT /standing-orders/{id}`
pub async fn change(
    allowed: Allowed<act::Reserve>,
    id: web::Path<StandingOrderId>,
    IfMatch(version): IfMatch,
    Body(body): Body<StandingOrderChange>,
) -> Result<Done<ChangedBody>, Problem> {
    allowed
        .write(move |conn, caller| {
            let changed = change_order(conn, caller, *id, version, &body)?;
            ChangedBody::answer(conn, changed, caller.lang)
        })
        .await
}

/// Changes a standing order of a resident whom the caller may act for, as [`super::change`] does.
///
/// Fails with `standing_order_not_found` besides, also for whoever may not act for the resident.
pub(crate) fn change_order(
    conn: &mut Conn,
    caller: &Caller,
    id: StandingOrderId,
    version: i32,
    body: &StandingOrderChange,
) -> Result<Changed, Fail> {
    let setting = Setting::of(conn, caller, id)?;
    let by = setting.change(version, body.cancel_reserved);
    super::change(conn, &by, &setting.order, body.terms(), caller.now)
}

/// How to end a standing order.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndQuery {
    /// Whether to cancel what it has reserved; without, that is only listed.
    #[serde(default)]
    pub cancel_reserved: bool,
}

/// `DELETE /standing-orders/{id}`
pub async fn end(
    allowed: Allowed<act::Reserve>,
    id: web::Path<StandingOrderId>,
    IfMatch(version): IfMatch,
    Query(query): Query<EndQuery>,
) -> Result<Done<ChangedBody>, Problem> {
    allowed
        .write(move |conn, caller| {
            let changed = end_order(conn, caller, *id, version, query.cancel_reserved)?;
            ChangedBody::answer(conn, changed, caller.lang)
        })
        .await
}

/// Ends a standing order of a resident whom the caller may act for, as [`super::end`] does.
///
/// Fails with `standing_order_not_found` besides, also for whoever may not act for the resident.
pub(crate) fn end_order(
    conn: &mut Conn,
    caller: &Caller,
    id: StandingOrderId,
    version: i32,
    cancel_reserved: bool,
) -> Result<Changed, Fail> {
    let setting = Setting::of(conn, caller, id)?;
    let by = setting.change(version, cancel_reserved);
    super::end(conn, &by, &setting.order, caller.now)
}

/// Which standing orders to list, newest first: one's own and those of linked residents, a resident's, or a canteen's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandingOrdersQuery {
    #[serde(default)]
    pub resident_id: Option<ResidentId>,
    #[serde(default)]
    pub canteen_id: Option<CanteenId>,
    #[serde(default)]
    pub status: Option<OrderStatus>,
    #[serde(default)]
    pub limit: Option<Limit>,
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// `GET /standing-orders`
pub async fn list(
    allowed: Allowed<act::ReadReservations>,
    Query(query): Query<StandingOrdersQuery>,
) -> Result<Done<Page<StandingOrderBody>>, Problem> {
    allowed
        .read(move |conn, caller| {
            let window = Window::new(query.limit, query.cursor.as_deref())?;
            let residents = match (query.resident_id, query.canteen_id) {
                (Some(resident), _) => {
                    let registered = residents::registered(conn, resident)?;
                    caller.acting_for(conn, &registered)?;
                    Some(vec![resident])
                }
                (None, Some(canteen)) => {
                    caller.on_duty(&canteens::site(conn, canteen)?)?;
                    None
                }
                (None, None) => Some(http::own_residents(conn, caller)?),
            };
            let listing = Listing { residents, canteen: query.canteen_id, status: query.status, window };
            let page = listing.window.page(super::list(conn, &listing)?, |order| order.id);
            Ok(Answer::new(page.map(StandingOrderBody::from)))
        })
        .await
}

/// Which outcomes of a standing order to list, newest first.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomesQuery {
    #[serde(default)]
    pub status: Option<OutcomeStatus>,
    #[serde(default)]
    pub limit: Option<Limit>,
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// `GET /standing-orders/{id}/outcomes`
pub async fn outcomes(
    allowed: Allowed<act::ReadReservations>,
    id: web::Path<StandingOrderId>,
    Query(query): Query<OutcomesQuery>,
) -> Result<Done<Page<OutcomeBody>>, Problem> {
    allowed
        .read(move |conn, caller| {
            let order = Setting::of(conn, caller, *id)?.order;
            let window = Window::new(query.limit, query.cursor.as_deref())?;
            let found = super::outcomes(conn, &OutcomesOf::Order(order.id), query.status, &window)?;
            let page = window.page(found, |outcome| outcome.id);
            let items = outcome_bodies(conn, page.items, caller.lang)?;
            Ok(Answer::new(Page { items, next: page.next }))
        })
        .await
}

/// Which outcomes at a canteen to list, newest first.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayOutcomesQuery {
    /// The day of the meals.
    pub on: NaiveDate,
    #[serde(default)]
    pub status: Option<OutcomeStatus>,
    #[serde(default)]
    pub limit: Option<Limit>,
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// What a standing order came to, and whom to call about it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutcomeToCall {
    pub outcome: OutcomeBody,
    pub resident_id: ResidentId,
    pub full_name: String,
    pub phone: Option<String>,
}

/// `GET /canteens/{id}/standing-order-outcomes`
pub async fn day_outcomes(
    allowed: Allowed<act::ReadReviews>,
    canteen: web::Path<CanteenId>,
    Query(query): Query<DayOutcomesQuery>,
) -> Result<Done<Page<OutcomeToCall>>, Problem> {
    allowed
        .read(move |conn, caller| {
            crate::subsidies::http::check_span(query.on, query.on)?;
            caller.on_duty(&canteens::site(conn, *canteen)?)?;
            let menus = menus::between(conn, *canteen, query.on, query.on)?;
            let of = OutcomesOf::Menus(menus.iter().map(|menu| menu.id).collect());
            let window = Window::new(query.limit, query.cursor.as_deref())?;
            let page = window.page(super::outcomes(conn, &of, query.status, &window)?, |outcome| outcome.id);
            let items = with_residents(conn, page.items, caller.lang)?;
            Ok(Answer::new(Page { items, next: page.next }))
        })
        .await
}

fn with_residents(conn: &mut Conn, outcomes: Vec<Outcome>, lang: Lang) -> Result<Vec<OutcomeToCall>, Fail> {
    let ids: Vec<StandingOrderId> = outcomes.iter().map(|outcome| outcome.order_id).collect();
    let orders = super::by_ids(conn, &ids)?;
    let ids: Vec<ResidentId> = orders.iter().map(|order| order.resident_id).collect();
    let residents = residents::by_ids(conn, &ids)?;
    let whose = |order: StandingOrderId| {
        let at = orders.binary_search_by_key(&order, |order| order.id).ok()?;
        let resident = orders.get(at)?.resident_id;
        residents.get(residents.binary_search_by_key(&resident, |resident| resident.id).ok()?)
    };
    outcome_bodies(conn, outcomes, lang)?
        .into_iter()
        .map(|outcome| {
            let resident = whose(outcome.standing_order_id).ok_or(Code::ResidentNotFound)?;
            Ok(OutcomeToCall {
                outcome,
                resident_id: resident.id,
                full_name: resident.full_name.clone(),
                phone: resident.phone.clone(),
            })
        })
        .collect()
}
