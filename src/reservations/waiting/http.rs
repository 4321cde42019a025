//! Waiting lists over HTTP: staff see the whole line, everybody else their own place in it.

use actix_web::web;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Demand, Entry, Line, Listing, WaitingStatus, Wanted};
use crate::{
    access::{Allowed, Caller, RightKind, act},
    api::{Answer, Created, Done, Keyed, Query},
    canteens,
    clock::At,
    db::Conn,
    headcounts::Channel,
    ids::{CanteenId, MenuId, ReservationId, ResidentId, StandingOrderId, WaitingEntryId},
    menus::{self, Menu, Pick},
    page::{Limit, Page, Window},
    problem::{Code, Fail, Problem},
    reservations::{
        ItemRule, Origin,
        http::{self, DeskChannel, ReservationLine},
    },
    residents::{self, Resident},
    text::{CardNumber, Cursor, Slug},
    words::{Lang, Mode, Period},
};

/// A meal that somebody waits for: what a reservation says, for a menu that is full.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWaiting {
    /// For whom; or else the card that was presented at the desk.
    #[serde(default)]
    pub resident_id: Option<ResidentId>,
    /// The card that a resident, from whatever canteen, presents at this canteen's desk.
    #[serde(default)]
    pub card_number: Option<CardNumber>,
    /// How the meal reaches the resident; dine-in without.
    #[serde(default = "http::dine_in")]
    pub mode: Mode,
    /// What is wished for; or else a rule.
    #[serde(default)]
    #[schemars(length(min = 1, max = 30))]
    pub lines: Option<Vec<Pick>>,
    /// How to choose from what is left when it is their turn.
    #[serde(default)]
    pub item_rule: Option<ItemRule>,
    /// Allergens on the resident's record that are accepted by name for this meal.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub confirmed_allergens: Vec<Slug>,
    /// For the desk: how they came. Others leave it out.
    #[serde(default)]
    pub channel: Option<DeskChannel>,
}

impl NewWaiting {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let demand = match (&self.lines, self.item_rule) {
            (Some(lines), None) => Demand::Lines(lines.clone()),
            (None, Some(rule)) => Demand::Rule(rule),
            (Some(_), Some(_)) | (None, None) => {
                return Err(Problem::new(Code::BadOrder).with("reason", "say either lines or item_rule"));
            }
        };
        let confirmed = self.confirmed_allergens.iter().map(|word| word.as_str().to_owned());
        Ok(Wanted { mode: self.mode, demand, confirmed_allergens: confirmed.collect() })
    }
}

/// A place in the waiting list of a menu.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Waiting")]
pub struct WaitingBody {
    pub id: WaitingEntryId,
    pub menu_id: MenuId,
    pub canteen_id: CanteenId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub resident_id: ResidentId,
    pub full_name: String,
    pub status: WaitingStatus,
    /// The place in the line, from 1; none for who waits no more.
    pub rank: Option<usize>,
    /// How many wait in all.
    pub waiting: usize,
    pub mode: Mode,
    /// What is wished for; empty where a rule chooses.
    pub lines: Vec<ReservationLine>,
    pub item_rule: Option<ItemRule>,
    pub channel: Channel,
    /// By which right it was asked for.
    pub by_right: RightKind,
    /// The standing order that asks for it, when one does.
    pub standing_order_id: Option<StandingOrderId>,
    pub joined_at: At,
    /// Until when a place may still become free.
    pub cutoff_at: At,
    /// When it came to an end.
    pub settled_at: Option<At>,
    /// What came of it.
    pub reservation_id: Option<ReservationId>,
    /// Why nothing came of it: a word for programs.
    pub reason: Option<String>,
    /// The same, for people.
    pub detail: Option<String>,
}

impl WaitingBody {
    fn of(entry: Entry, menu: &Menu, resident: &Resident, line: &Line, lang: Lang) -> WaitingBody {
        let (lines, item_rule) = match &entry.wanted.demand {
            Demand::Lines(lines) => (ReservationLine::of(lines, menu), None),
            Demand::Rule(rule) => (Vec::new(), Some(*rule)),
        };
        WaitingBody {
            id: entry.id,
            menu_id: menu.id,
            canteen_id: menu.canteen_id,
            served_on: menu.served_on,
            period: menu.period,
            resident_id: resident.id,
            full_name: resident.full_name.clone(),
            status: entry.status,
            rank: line.rank(&entry),
            waiting: line.count(),
            mode: entry.wanted.mode,
            lines,
            item_rule,
            channel: entry.channel,
            by_right: entry.right.kind,
            standing_order_id: entry.standing_order,
            joined_at: entry.joined_at,
            cutoff_at: menu.cutoff_at,
            settled_at: entry.settled_at,
            reservation_id: entry.reservation_id,
            reason: entry.why.as_ref().map(|why| why.reason.clone()),
            detail: entry.why.map(|why| why.said.get(lang).to_owned()),
        }
    }
}

/// `POST /menus/{id}/waiting`
pub async fn join(
    allowed: Allowed<act::Reserve>,
    menu: web::Path<MenuId>,
    request: Keyed<NewWaiting>,
) -> Result<Created<WaitingBody>, Problem> {
    allowed
        .once(request, move |conn, caller, new| {
            let card = new.card_number.as_ref();
            let whom = |conn: &mut Conn| http::whom(conn, new.resident_id, card);
            let setting = http::setting(conn, caller, *menu, whom, card.is_some())?;
            let origin = Origin::asked(http::channel(&setting.acting, new.channel));
            let (acting, resident) = (&setting.acting, &setting.resident);
            let place = setting.counter();
            let entry = super::join(conn, acting, &place, resident, &new.wanted()?, origin, caller.now)?;
            Ok(Answer::new(body(conn, caller, entry)?))
        })
        .await
}

/// `DELETE /waiting/{id}`
pub async fn leave(
    allowed: Allowed<act::Reserve>,
    id: web::Path<WaitingEntryId>,
) -> Result<Done<WaitingBody>, Problem> {
    allowed.write(move |conn, caller| Ok(Answer::new(leave_waiting(conn, caller, *id)?))).await
}

/// Leaves a waiting list for a resident whom the caller may act for.
///
/// Fails with `waiting_not_found`, also for whoever may not, and with `not_waiting`.
pub(crate) fn leave_waiting(
    conn: &mut Conn,
    caller: &Caller,
    id: WaitingEntryId,
) -> Result<WaitingBody, Fail> {
    let entry = super::find(conn, id)?;
    let canteen = menus::find(conn, entry.menu_id)?.canteen_id;
    let site = canteens::site(conn, canteen)?;
    let acting = http::acting_at(conn, caller, &site, entry.resident_id)
        .map_err(|fail| http::hide_resident(fail, Code::WaitingNotFound))?;
    let entry = super::leave(conn, &acting, &entry, caller.now)?;
    body(conn, caller, entry)
}

fn body(conn: &mut Conn, caller: &Caller, entry: Entry) -> Result<WaitingBody, Fail> {
    let menu = menus::find(conn, entry.menu_id)?;
    let resident = residents::find(conn, entry.resident_id)?;
    let line = super::line(conn, &menu, caller.now)?;
    let entry = super::as_of(conn, entry, &menu, caller.now)?;
    Ok(WaitingBody::of(entry, &menu, &resident, &line, caller.lang))
}

/// Which places in the line to list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitingQuery {
    #[serde(default)]
    pub status: Option<WaitingStatus>,
    #[serde(default)]
    pub limit: Option<Limit>,
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// Whose waiting to list, newest first: one's own and that of linked residents, or a resident's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnWaitingQuery {
    #[serde(default)]
    pub resident_id: Option<ResidentId>,
    #[serde(default)]
    pub status: Option<WaitingStatus>,
    #[serde(default)]
    pub limit: Option<Limit>,
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// `GET /waiting`
pub async fn list_own(
    allowed: Allowed<act::ReadReservations>,
    Query(query): Query<OwnWaitingQuery>,
) -> Result<Done<Page<WaitingBody>>, Problem> {
    allowed
        .read(move |conn, caller| {
            let window = Window::new(query.limit, query.cursor.as_deref())?;
            let residents = match query.resident_id {
                Some(resident) => {
                    let registered = residents::registered(conn, resident)?;
                    caller.acting_for(conn, &registered)?;
                    vec![resident]
                }
                None => http::own_residents(conn, caller)?,
            };
            let page =
                window.page(super::of_residents(conn, &residents, query.status, &window)?, |entry| entry.id);
            let mut items = Vec::new();
            for entry in page.items {
                items.push(body(conn, caller, entry)?);
            }
            Ok(Answer::new(Page { items, next: page.next }))
        })
        .await
}

/// The waiting list of a menu.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WaitingList {
    /// How many persons the menu is made for.
    pub capacity: i32,
    /// How many wait in all.
    pub waiting: usize,
    /// In the order of the line: everybody's for staff, one's own for others.
    pub items: Vec<WaitingBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next: Option<String>,
}

/// `GET /menus/{id}/waiting`
pub async fn list(
    allowed: Allowed<act::ReadReservations>,
    menu: web::Path<MenuId>,
    Query(query): Query<WaitingQuery>,
) -> Result<Done<WaitingList>, Problem> {
    allowed
        .read(move |conn, caller| {
            let menu = menus::find(conn, *menu)?;
            let on_duty = caller.on_duty(&canteens::site(conn, menu.canteen_id)?).is_ok();
            if menu.published_at.is_none() && !on_duty {
                return Err(Code::MenuNotFound.into());
            }
            let residents = if on_duty { None } else { Some(http::own_residents(conn, caller)?) };
            let window = Window::new(query.limit, query.cursor.as_deref())?;
            let listing = Listing { menu: menu.id, residents, status: query.status, window };
            Ok(Answer::new(waiting_list(conn, caller, &menu, &listing)?))
        })
        .await
}

fn waiting_list(
    conn: &mut Conn,
    caller: &Caller,
    menu: &Menu,
    listing: &Listing,
) -> Result<WaitingList, Fail> {
    let page = listing.window.page(super::list(conn, listing)?, |entry| entry.id);
    let line = super::line(conn, menu, caller.now)?;
    let ids: Vec<ResidentId> = page.items.iter().map(|entry| entry.resident_id).collect();
    let residents = residents::by_ids(conn, &ids)?;
    let mut items = Vec::new();
    for entry in page.items {
        let at = residents.binary_search_by_key(&entry.resident_id, |resident| resident.id);
        let resident = at.ok().and_then(|at| residents.get(at)).ok_or(Code::ResidentNotFound)?;
        let entry = super::as_of(conn, entry, menu, caller.now)?;
        items.push(WaitingBody::of(entry, menu, resident, &line, caller.lang));
    }
    Ok(WaitingList { capacity: menu.capacity, waiting: line.count(), items, next: page.next })
}
