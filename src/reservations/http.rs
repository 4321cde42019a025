//! Reservations over HTTP: for the resident, the family, and the desk.

use actix_web::web;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CancelledAs, Counter, Listing, Origin, Placed, Reservation, ReservationStatus, ToCall, Wish};
use crate::{
    access::{ActingFor, Allowed, Caller, OnDuty, Registered, RightKind, Role, Site, act, links},
    api::{Answer, Body, Created, Done, IfMatch, Keyed, Query},
    audit::{Deed, Entry, Subject, SubjectKind, http::read_on_record},
    canteens,
    clock::At,
    db::Conn,
    headcounts::Channel,
    ids::{CanteenId, MenuId, MenuItemId, ReservationId, ResidentId, StandingOrderId},
    menus::{self, Menu, Pick},
    money::Fen,
    page::{Limit, Page, Window},
    problem::{Code, Fail, Problem},
    residents::{self, Resident},
    subsidies::{self, http::QuoteAnswer},
    text::{CardNumber, Cursor, Slug},
    words,
    words::{Mode, Period},
};

words! {
    /// How somebody came to the desk.
    pub enum DeskChannel {
        Desk = "desk",
        Phone = "phone",
    }
}

/// A meal to be reserved.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReservation {
    pub menu_id: MenuId,
    /// For whom; or else the card that was presented at the desk.
    #[serde(default)]
    pub resident_id: Option<ResidentId>,
    /// The card that a resident, from whatever canteen, presents at this canteen's desk.
    #[serde(default)]
    pub card_number: Option<CardNumber>,
    /// How the meal reaches the resident; dine-in without.
    #[serde(default = "dine_in")]
    pub mode: Mode,
    #[schemars(length(min = 1, max = 30))]
    pub lines: Vec<Pick>,
    /// Allergens on the resident's record that are accepted by name for this meal.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub confirmed_allergens: Vec<Slug>,
    /// For the desk: how they came. Others leave it out.
    #[serde(default)]
    pub channel: Option<DeskChannel>,
}

pub(super) fn dine_in() -> Mode {
    Mode::DineIn
}

/// What is eaten from now on, and how.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservationChange {
    pub mode: Mode,
    #[schemars(length(min = 1, max = 30))]
    pub lines: Vec<Pick>,
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub confirmed_allergens: Vec<Slug>,
}

/// A line of a reservation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReservationLine {
    pub item_id: MenuItemId,
    pub name: String,
    pub portions: i32,
}

impl ReservationLine {
    pub(super) fn of(picks: &[Pick], menu: &Menu) -> Vec<ReservationLine> {
        let line = |pick: &Pick| ReservationLine {
            item_id: pick.item_id,
            name: menu.item(pick.item_id).map(|item| item.name.clone()).unwrap_or_default(),
            portions: pick.portions,
        };
        picks.iter().map(line).collect()
    }
}

/// A reservation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Reservation")]
pub struct ReservationBody {
    pub id: ReservationId,
    pub menu_id: MenuId,
    pub canteen_id: CanteenId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub resident_id: ResidentId,
    pub status: ReservationStatus,
    pub mode: Mode,
    pub lines: Vec<ReservationLine>,
    /// Whether it was made, changed or cancelled after the cut-off.
    pub late: bool,
    /// Whether the meal was served.
    pub served: bool,
    /// Whether the menu was changed since.
    pub menu_changed: bool,
    pub channel: Channel,
    /// By which right it was made.
    pub by_right: RightKind,
    /// The standing order that made it, when one did.
    pub standing_order_id: Option<StandingOrderId>,
    pub placed_at: At,
    /// The last instant to change or cancel it without staff.
    pub cutoff_at: At,
    pub cancelled_at: Option<At>,
    pub cancelled_as: Option<CancelledAs>,
    pub charge_fen: Fen,
    /// What was promised, as the one who asks may hear it.
    pub quote: QuoteAnswer,
    #[serde(skip)]
    version: i32,
}

impl ReservationBody {
    fn of(conn: &mut Conn, placed: Placed, menu: &Menu, acting: &ActingFor) -> Result<ReservationBody, Fail> {
        let Placed { reservation, quote } = placed;
        let lines = ReservationLine::of(&reservation.lines, menu);
        Ok(ReservationBody {
            id: reservation.id,
            menu_id: menu.id,
            canteen_id: menu.canteen_id,
            served_on: menu.served_on,
            period: menu.period,
            resident_id: reservation.resident_id,
            status: reservation.status,
            mode: reservation.mode,
            lines,
            late: reservation.late,
            served: reservation.served,
            menu_changed: reservation.edition < menu.edition,
            channel: reservation.channel,
            by_right: reservation.right.kind,
            standing_order_id: reservation.standing_order,
            placed_at: reservation.placed_at,
            cutoff_at: menu.cutoff_at,
            cancelled_at: reservation.cancelled_at,
            cancelled_as: reservation.cancelled_as,
            charge_fen: quote.charge_fen,
            quote: QuoteAnswer::of(conn, &quote, acting, None)?,
            version: reservation.version,
        })
    }

    fn answer<const STATUS: u16>(self) -> Answer<STATUS, ReservationBody> {
        let version = self.version;
        Answer::new(self).living_version(version)
    }
}

/// Everything that an act on a reservation needs: whom for, by which proof, from which menu, and where.
pub(super) struct Setting {
    pub resident: Resident,
    pub acting: ActingFor,
    pub menu: Menu,
    site: Site,
    desk: Option<OnDuty>,
}

impl Setting {
    pub fn counter(&self) -> Counter<'_> {
        Counter { menu: &self.menu, area: &self.site.area, desk: self.desk.as_ref() }
    }
}

pub(super) fn setting(
    conn: &mut Conn,
    caller: &Caller,
    menu: MenuId,
    whom: impl FnOnce(&mut Conn) -> Result<Resident, Fail>,
    by_card: bool,
) -> Result<Setting, Fail> {
    let menu = menus::find(conn, menu)?;
    let site = canteens::site(conn, menu.canteen_id)?;
    let duty = caller.on_duty(&site).ok();
    let desk = caller.on_duty_as(Role::Staff, &site).ok();
    let resident = whom(conn)?;
    let home = if resident.canteen_id == site.id {
        site.clone()
    } else {
        canteens::site(conn, resident.canteen_id)?
    };
    let registered = Registered { id: resident.id, site: home };
    let acting = match &duty {
        Some(duty) if by_card => caller.acting_for_card(duty, &registered),
        Some(_) | None => caller.acting_for(conn, &registered)?,
    };
    if menu.published_at.is_none() && duty.is_none() {
        return Err(Code::MenuNotFound.into());
    }
    Ok(Setting { resident, acting, menu, site, desk })
}

/// Whom it is for: named by exactly one of the two.
pub(super) fn whom(
    conn: &mut Conn,
    id: Option<ResidentId>,
    card: Option<&CardNumber>,
) -> Result<Resident, Fail> {
    match (id, card) {
        (Some(id), None) => residents::find(conn, id),
        (None, Some(card)) => {
            residents::by_card(conn, card.as_str())?.ok_or_else(|| Code::ResidentNotFound.into())
        }
        (Some(_), Some(_)) | (None, None) => {
            Err(Problem::new(Code::BadOrder).with("reason", "say either resident_id or card_number").into())
        }
    }
}

/// Proof of acting for a resident in what concerns a canteen: its own people act for whoever eats there.
pub(super) fn acting_at(
    conn: &mut Conn,
    caller: &Caller,
    site: &Site,
    resident: ResidentId,
) -> Result<ActingFor, Fail> {
    let registered = residents::registered(conn, resident)?;
    match caller.on_duty(site) {
        Ok(duty) => Ok(caller.acting_for_card(&duty, &registered)),
        Err(_) => caller.acting_for(conn, &registered),
    }
}

fn for_reservation(conn: &mut Conn, caller: &Caller, reservation: &Reservation) -> Result<Setting, Fail> {
    let resident = reservation.resident_id;
    // The canteen's own staff may always act on what is reserved with them, whoever registered the resident.
    setting(conn, caller, reservation.menu_id, |conn| residents::find(conn, resident), true)
        .map_err(|fail| hide_resident(fail, Code::ReservationNotFound))
}

/// Who may not act for the resident may not know of what is theirs either.
pub(super) fn hide_resident(fail: Fail, hidden: Code) -> Fail {
    match fail {
        Fail::Refused(problem) if problem.code == Code::ResidentNotFound => hidden.into(),
        other => other,
    }
}

pub(super) fn channel(acting: &ActingFor, wished: Option<DeskChannel>) -> Channel {
    match (acting.right().kind, wished) {
        (RightKind::OneSelf, _) => Channel::OneSelf,
        (RightKind::Family, _) => Channel::Family,
        (RightKind::Staff | RightKind::Volunteer | RightKind::Officer, Some(DeskChannel::Phone)) => {
            Channel::Phone
        }
        (RightKind::Staff | RightKind::Volunteer | RightKind::Officer, Some(DeskChannel::Desk) | None) => {
            Channel::Desk
        }
    }
}

fn wish(mode: Mode, lines: &[Pick], confirmed: &[Slug]) -> Wish {
    Wish {
        mode,
        picks: lines.to_vec(),
        confirmed_allergens: confirmed.iter().map(|word| word.as_str().to_owned()).collect(),
    }
}

/// `POST /reservations`
pub async fn place(
    allowed: Allowed<act::Reserve>,
    request: Keyed<NewReservation>,
) -> Result<Created<ReservationBody>, Problem> {
    allowed
        .once(request, |conn, caller, new| {
            let card = new.card_number.as_ref();
            let whom = |conn: &mut Conn| whom(conn, new.resident_id, card);
            let setting = setting(conn, caller, new.menu_id, whom, card.is_some())?;
            let wish = wish(new.mode, &new.lines, &new.confirmed_allergens);
            let origin = Origin::asked(channel(&setting.acting, new.channel));
            let placed = super::place(
                conn,
                &setting.acting,
                &setting.counter(),
                &setting.resident,
                &wish,
                origin,
                caller.now,
            )?;
            Ok(ReservationBody::of(conn, placed, &setting.menu, &setting.acting)?.answer())
        })
        .await
}

/// `GET /reservations/{id}`
pub async fn read(
    allowed: Allowed<act::ReadReservations>,
    id: web::Path<ReservationId>,
) -> Result<Done<ReservationBody>, Problem> {
    let id = *id;
    read_on_record(&allowed, move |conn, caller| {
        let reservation = super::find(conn, id)?;
        let setting = for_reservation(conn, caller, &reservation)?;
        let quote = subsidies::find(conn, reservation.quote_id)?.quote;
        let entry = subsidies::http::reasons_read(&setting.acting, &setting.site);
        let body = ReservationBody::of(conn, Placed { reservation, quote }, &setting.menu, &setting.acting)?;
        Ok((body.answer(), entry))
    })
    .await
}

/// `PUT /reservations/{id}`
pub async fn change(
    allowed: Allowed<act::Reserve>,
    id: web::Path<ReservationId>,
    IfMatch(version): IfMatch,
    Body(change): Body<ReservationChange>,
) -> Result<Done<ReservationBody>, Problem> {
    allowed
        .write(move |conn, caller| Ok(change_reservation(conn, caller, *id, version, &change)?.answer()))
        .await
}

/// Changes a reservation that the caller has seen as `version`.
pub(crate) fn change_reservation(
    conn: &mut Conn,
    caller: &Caller,
    id: ReservationId,
    version: i32,
    change: &ReservationChange,
) -> Result<ReservationBody, Fail> {
    let reservation = super::find(conn, id)?;
    let setting = for_reservation(conn, caller, &reservation)?;
    let wish = wish(change.mode, &change.lines, &change.confirmed_allergens);
    let placed = super::change(
        conn,
        &setting.acting,
        &setting.counter(),
        &setting.resident,
        &reservation,
        &wish,
        version,
        caller.now,
    )?;
    ReservationBody::of(conn, placed, &setting.menu, &setting.acting)
}

/// `POST /reservations/{id}/cancel`
pub async fn cancel(
    allowed: Allowed<act::Reserve>,
    id: web::Path<ReservationId>,
    request: Keyed<()>,
) -> Result<Done<ReservationBody>, Problem> {
    allowed
        .once(request, move |conn, caller, ()| {
            let reservation = super::find(conn, *id)?;
            let setting = for_reservation(conn, caller, &reservation)?;
            let counter = setting.counter();
            let reservation = super::cancel(conn, &setting.acting, &counter, &reservation, caller.now)?;
            let quote = subsidies::find(conn, reservation.quote_id)?.quote;
            let placed = Placed { reservation, quote };
            Ok(ReservationBody::of(conn, placed, &setting.menu, &setting.acting)?.answer())
        })
        .await
}

/// Which reservations to list, newest first: one's own and those of linked residents, a resident's, or a menu's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservationsQuery {
    /// Only this resident's.
    #[serde(default)]
    pub resident_id: Option<ResidentId>,
    /// Only those for this menu.
    #[serde(default)]
    pub menu_id: Option<MenuId>,
    /// Only those that are so now.
    #[serde(default)]
    pub status: Option<ReservationStatus>,
    /// How many items at most; 50 where nothing is said.
    #[serde(default)]
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// `GET /reservations`
pub async fn list(
    allowed: Allowed<act::ReadReservations>,
    Query(query): Query<ReservationsQuery>,
) -> Result<Done<Page<ReservationBody>>, Problem> {
    read_on_record(&allowed, move |conn, caller| {
        let window = Window::new(query.limit, query.cursor.as_deref())?;
        let mut entry = None;
        let residents = match (query.resident_id, query.menu_id) {
            (Some(resident), _) => {
                let registered = residents::registered(conn, resident)?;
                let acting = caller.acting_for(conn, &registered)?;
                entry = subsidies::http::reasons_read(&acting, &registered.site);
                Some(vec![resident])
            }
            (None, Some(menu)) => {
                let canteen = menus::find(conn, menu)?.canteen_id;
                let site = canteens::site(conn, canteen)?;
                let duty = caller.on_duty(&site)?;
                let reads_reasons = matches!(duty.role(), Role::District | Role::Auditor);
                entry = reads_reasons
                    .then(|| Entry::of(Deed::QuotesRead, Subject::of(SubjectKind::Menu, menu)).at(&site));
                None
            }
            (None, None) => Some(own_residents(conn, caller)?),
        };
        let listing = Listing { residents, menu: query.menu_id, status: query.status, window };
        let page = listing.window.page(super::list(conn, &listing)?, |reservation| reservation.id);
        let mut items = Vec::new();
        for reservation in page.items {
            items.push(body(conn, caller, reservation)?);
        }
        Ok((Answer::new(Page { items, next: page.next }), entry))
    })
    .await
}

fn body(conn: &mut Conn, caller: &Caller, reservation: Reservation) -> Result<ReservationBody, Fail> {
    let menu = menus::find(conn, reservation.menu_id)?;
    let site = canteens::site(conn, menu.canteen_id)?;
    let acting = acting_at(conn, caller, &site, reservation.resident_id)?;
    let quote = subsidies::find(conn, reservation.quote_id)?.quote;
    ReservationBody::of(conn, Placed { reservation, quote }, &menu, &acting)
}

/// Oneself, and the residents whom one has a standing link to.
pub(super) fn own_residents(conn: &mut Conn, caller: &Caller) -> Result<Vec<ResidentId>, Fail> {
    let principal = caller.principal()?;
    let linked = links::held_by(conn, principal)?
        .into_iter()
        .filter(|link| link.status == links::LinkStatus::Active)
        .map(|link| link.resident_id);
    let oneself = match principal {
        crate::access::Principal::Resident(id) => Some(id),
        crate::access::Principal::Account(_) | crate::access::Principal::Device(_) => None,
    };
    Ok(oneself.into_iter().chain(linked).collect())
}

/// Whom the canteen has to call about a menu.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CallList {
    /// Who reserved and did not come, once the meal is over.
    pub no_shows: Vec<ToCall>,
    /// Whose reservation the canteen cancelled.
    pub cancelled_by_canteen: Vec<ToCall>,
    /// Whose order holds an allergen that is on their record and was not confirmed.
    pub diet_conflicts: Vec<ToCall>,
}

/// `GET /menus/{id}/call-list`
pub async fn call_list(
    allowed: Allowed<act::ReadReviews>,
    id: web::Path<MenuId>,
) -> Result<Done<CallList>, Problem> {
    allowed
        .read(move |conn, caller| {
            let menu = menus::find(conn, *id)?;
            caller.on_duty(&canteens::site(conn, menu.canteen_id)?)?;
            Ok(Answer::new(calls_of(conn, &menu, caller.now)?))
        })
        .await
}

/// Whom to call about a menu, for whoever has proved their duty there.
pub(crate) fn calls_of(conn: &mut Conn, menu: &Menu, now: At) -> Result<CallList, Fail> {
    let over = menu.closes_at() <= now;
    Ok(CallList {
        no_shows: if over { super::no_shows(conn, menu)? } else { Vec::new() },
        cancelled_by_canteen: super::cancelled_by_canteen(conn, menu)?,
        diet_conflicts: super::with_diet_conflicts(conn, menu)?,
    })
}
