//! Reservations (预订): the intention to eat at a menu.
//!
//! A resident has at most one for a menu (BR-20). It is placed, changed and cancelled until the menu's cut-off by whoever
//! acts for the resident; after it by the canteen's staff alone, and then it is marked late (BR-21). It keeps the quote
//! that it was made with (BR-23), who made it, by which right and through which channel (BR-24). Places and portions are
//! taken by guarded updates, the busiest row last (BR-25).
//!
//! Who finds a menu full joins its [`waiting`] list; what repeats weekly is a [`standing`] order. Both come back here to
//! place. While somebody waits, everybody takes the menu's row first instead of last: what becomes free is passed on under
//! it, and whoever passes on reserves for another.

mod calls;
mod choice;
pub mod http;
mod rules;
pub mod standing;
mod store;
pub mod waiting;

use chrono::NaiveDate;

use crate::{
    access::{ActingFor, Actor, OnDuty, Right, RightKind},
    canteens::Closure,
    clock::At,
    db::Conn,
    guards,
    headcounts::{self, Change, Channel, CountKind},
    ids::{MenuId, QuoteId, ReservationId, ResidentId, StandingOrderId},
    menus::{self, Menu, MenuStatus, Pick, Turn},
    metrics,
    page::Window,
    pricing::Quote,
    problem::{Code, Fail, Problem},
    residents::Resident,
    subsidies::{self, Meal},
    words,
    words::{Area, MealClass, Mode},
};

pub use calls::{ToCall, cancelled_by_canteen, no_shows, with_diet_conflicts};
pub use choice::ItemRule;
pub use rules::check_wish;

use calls::{call, resident_in, residents_of};
use rules::{admit, difference, in_order, in_words, is_late, refuse_ended};

words! {
    /// Whether a reservation stands.
    pub enum ReservationStatus {
        Active = "active",
        Cancelled = "cancelled",
    }
}

words! {
    /// On whose account a reservation was cancelled.
    pub enum CancelledAs {
        ByResident = "by_resident",
        ByFamily = "by_family",
        ByStaff = "by_staff",
        ByCanteen = "by_canteen",
        Deceased = "deceased",
    }
}

words! {
    /// What happened to a reservation.
    pub enum EventKind {
        Placed = "placed",
        Changed = "changed",
        Cancelled = "cancelled",
    }
}

/// A reservation with its lines.
#[derive(Clone, Debug)]
pub struct Reservation {
    pub id: ReservationId,
    pub menu_id: MenuId,
    pub resident_id: ResidentId,
    pub status: ReservationStatus,
    pub mode: Mode,
    /// The edition of the menu that it was made from.
    pub edition: i32,
    pub late: bool,
    /// Whether an attendance stands for it.
    pub served: bool,
    pub channel: Channel,
    pub right: Right,
    pub actor: Actor,
    /// What was promised.
    pub quote_id: QuoteId,
    pub confirmed_allergens: Vec<String>,
    /// The resident's diet tags as they were counted.
    pub diet_tags: Vec<String>,
    /// The order that made it, when one did.
    pub standing_order: Option<StandingOrderId>,
    pub placed_at: At,
    pub cancelled_at: Option<At>,
    pub cancelled_as: Option<CancelledAs>,
    pub version: i32,
    pub lines: Vec<Pick>,
}

/// What somebody wants to eat, and how.
#[derive(Clone, Debug)]
pub struct Wish {
    pub mode: Mode,
    pub picks: Vec<Pick>,
    /// Allergens on the resident's record that are accepted by name for this meal (BR-13).
    pub confirmed_allergens: Vec<String>,
}

/// How a reservation comes about (BR-24), and whose turn it is.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub channel: Channel,
    /// The order that asks for it, when one does.
    pub standing_order: Option<StandingOrderId>,
    pub turn: Turn,
}

impl Origin {
    /// Somebody asks for it, through this channel.
    pub fn asked(channel: Channel) -> Origin {
        Origin { channel, standing_order: None, turn: Turn::Anybody }
    }

    /// A standing order asks for it.
    pub fn standing(order: StandingOrderId) -> Origin {
        Origin { channel: Channel::StandingOrder, standing_order: Some(order), turn: Turn::Anybody }
    }
}

/// Where a reservation is made: the menu, where its canteen lies, and, for what only staff may do there, their proof.
pub struct Counter<'a> {
    pub menu: &'a Menu,
    pub area: &'a Area,
    pub desk: Option<&'a OnDuty>,
}

/// A reservation and the price that it was promised.
#[derive(Clone, Debug)]
pub struct Placed {
    pub reservation: Reservation,
    pub quote: Quote,
}

/// Reserves a meal for the resident of the proof.
///
/// Fails with `menu_not_open`, `cutoff_passed`, `resident_inactive`, `mode_not_offered`, `bad_order`, `diet_conflict`,
/// `already_reserved`, `item_sold_out`, `menu_full` (also while others wait for a place); for a standing order with
/// `resident_away`.
pub fn place(
    conn: &mut Conn,
    acting: &ActingFor,
    place: &Counter<'_>,
    resident: &Resident,
    wish: &Wish,
    origin: Origin,
    now: At,
) -> Result<Placed, Fail> {
    assert_eq!(acting.resident(), resident.id, "a proof for one resident is no proof for another");
    let menu = place.menu;
    let late = in_words(conn, place, admit(place, resident, now))?;
    // After the cut-off nobody waits any more, and the desk gives away what is left.
    let turn = if late { Turn::PastTheLine } else { origin.turn };
    check_wish(menu, resident, wish)?;
    if let Err(full) = refuse_before_others(menu, turn) {
        // Who has a place already is told that instead.
        return Err(if store::has_active(conn, menu.id, resident.id)? {
            Code::AlreadyReserved.into()
        } else {
            full.into()
        });
    }
    let order = menu.order(&wish.picks, wish.mode, MealClass::Meal);
    let kept = subsidies::promise(conn, &Meal { resident, menu, area: place.area, order }, None, now)?;
    let reservation = Reservation {
        id: crate::id::Id::new(now),
        menu_id: menu.id,
        resident_id: resident.id,
        status: ReservationStatus::Active,
        mode: wish.mode,
        edition: menu.edition,
        late,
        served: false,
        channel: origin.channel,
        right: acting.right(),
        actor: acting.actor(),
        quote_id: kept.id,
        confirmed_allergens: wish.confirmed_allergens.clone(),
        diet_tags: resident.diet_tags.0.clone(),
        standing_order: origin.standing_order,
        placed_at: now,
        cancelled_at: None,
        cancelled_as: None,
        version: 1,
        lines: wish.picks.clone(),
    };
    if !store::insert(conn, &reservation)? {
        return Err(Code::AlreadyReserved.into());
    }
    if origin.standing_order.is_some() && kept.arguments.person.suspended.is_some() {
        return Err(Code::ResidentAway.into());
    }
    tell(conn, &reservation, EventKind::Placed, acting.actor(), now)?;
    let change = Change { persons: 1, portions: &wish.picks, ..count(&reservation, acting.actor()) };
    headcounts::record(conn, &change, now)?;
    take(conn, menu, &wish.picks)?;
    take_seat(conn, menu, &[MenuStatus::Published], turn)?;
    Ok(Placed { reservation, quote: kept.quote })
}

/// Changes what is eaten and how, for a reservation that the caller has seen as `version`.
///
/// Fails with `stale`, `reservation_cancelled`, `reservation_served`, and as placing does.
pub fn change(
    conn: &mut Conn,
    acting: &ActingFor,
    place: &Counter<'_>,
    resident: &Resident,
    reservation: &Reservation,
    wish: &Wish,
    version: i32,
    now: At,
) -> Result<Placed, Fail> {
    assert_eq!(
        acting.resident(),
        reservation.resident_id,
        "a proof for one resident is no proof for another"
    );
    refuse_ended(reservation)?;
    let version = if guards::is_off("if_match") { reservation.version } else { version };
    let menu = place.menu;
    let late = in_words(conn, place, admit(place, resident, now))? || reservation.late;
    check_wish(menu, resident, wish)?;
    let order = menu.order(&wish.picks, wish.mode, MealClass::Meal);
    let meal = Meal { resident, menu, area: place.area, order };
    hold_line(conn, menu)?;
    // The row before what it draws on, as everybody takes them.
    if !store::claim(conn, reservation.id, version)? {
        return Err(Code::Stale.into());
    }
    let kept = subsidies::promise(conn, &meal, Some(reservation.quote_id), now)?;
    let changed = Reservation {
        mode: wish.mode,
        edition: menu.edition,
        late,
        quote_id: kept.id,
        confirmed_allergens: wish.confirmed_allergens.clone(),
        version: version + 1,
        lines: wish.picks.clone(),
        ..reservation.clone()
    };
    store::update(conn, &changed)?;
    let by = acting.actor();
    tell(conn, &changed, EventKind::Changed, by, now)?;
    record_change(conn, reservation, &changed, by, now)?;
    let taken = difference(&reservation.lines, &wish.picks);
    take(conn, menu, &taken)?;
    menus::count_change_while(conn, menu)?;
    if taken.iter().any(|pick| pick.portions < 0) {
        waiting::pass_on(conn, menu.id, now)?;
    }
    Ok(Placed { reservation: changed, quote: kept.quote })
}

/// Counts the old meal out and the new one in; a person who stays in the same mode is not counted anew.
fn record_change(
    conn: &mut Conn,
    old: &Reservation,
    new: &Reservation,
    by: Actor,
    now: At,
) -> Result<(), Fail> {
    if old.mode == new.mode {
        let portions = difference(&old.lines, &new.lines);
        return headcounts::record(conn, &Change { portions: &portions, ..count(new, by) }, now);
    }
    let gone = headcounts::negated(&old.lines);
    headcounts::record(conn, &Change { persons: -1, portions: &gone, ..count(old, by) }, now)?;
    headcounts::record(conn, &Change { persons: 1, portions: &new.lines, ..count(new, by) }, now)
}

/// Cancels a reservation. Before the cut-off it costs nothing (BR-22); after it only the canteen's staff can.
///
/// Fails with `reservation_cancelled`, `reservation_served`, `cutoff_passed`, and `menu_not_open` once the meal is over:
/// who did not come by then is a no-show.
pub fn cancel(
    conn: &mut Conn,
    acting: &ActingFor,
    place: &Counter<'_>,
    reservation: &Reservation,
    now: At,
) -> Result<Reservation, Fail> {
    assert_eq!(
        acting.resident(),
        reservation.resident_id,
        "a proof for one resident is no proof for another"
    );
    refuse_ended(reservation)?;
    let late = in_words(conn, place, is_late(place, now))?;
    if place.menu.closes_at() <= now {
        return Err(Problem::new(Code::MenuNotOpen).with("status", MenuStatus::Closed).into());
    }
    hold_line(conn, place.menu)?;
    let cancelled = end(conn, reservation, cancelled_as(acting), late, acting.actor(), now)?;
    waiting::pass_on(conn, place.menu.id, now)?;
    Ok(cancelled)
}

/// On whose account this proof ends something.
fn cancelled_as(acting: &ActingFor) -> CancelledAs {
    match acting.right().kind {
        RightKind::OneSelf => CancelledAs::ByResident,
        RightKind::Family => CancelledAs::ByFamily,
        RightKind::Staff | RightKind::Volunteer | RightKind::Officer => CancelledAs::ByStaff,
    }
}

/// Cancels every reservation of a menu that was just withdrawn, as `by_canteen`, ends its waiting list, and says whom to
/// call (BR-28).
///
/// Withdrawn first: whoever reserves at this moment has either taken a place by then, and is seen here, or gets none.
pub fn cancel_for_menu(conn: &mut Conn, menu: &Menu, by: Actor, now: At) -> Result<Vec<ToCall>, Fail> {
    cancel_all(conn, menu, &Problem::new(Code::MenuNotOpen).with("status", menu.status), by, now)
}

fn cancel_all(conn: &mut Conn, menu: &Menu, why: &Problem, by: Actor, now: At) -> Result<Vec<ToCall>, Fail> {
    waiting::end_line(conn, menu.id, &why.as_told(), now)?;
    let active = store::active_of_menu(conn, menu.id)?;
    let open: Vec<Reservation> = active.into_iter().filter(|reservation| !reservation.served).collect();
    let residents = residents_of(conn, &open)?;
    let mut to_call = Vec::new();
    for reservation in &open {
        let resident = resident_in(&residents, reservation)?;
        end(conn, reservation, CancelledAs::ByCanteen, false, by, now)?;
        to_call.push(call(reservation, resident, menu));
    }
    Ok(to_call)
}

/// Withdraws the menus that a closure covers, cancels what was reserved, and says whom to call (BR-28).
pub fn cancel_for_closure(
    conn: &mut Conn,
    duty: &OnDuty,
    closure: &Closure,
    now: At,
) -> Result<Vec<ToCall>, Fail> {
    let menus = menus::between(conn, duty.canteen(), closure.from_on, closure.to_on)?;
    let mut to_call = Vec::new();
    for menu in menus {
        let covered = closure.covers(menu.served_on, menu.period) && menu.serves_to_at > now;
        let open = matches!(menu.status, MenuStatus::Draft | MenuStatus::Published);
        if covered && open {
            let menu = menus::withdraw_for_closure(conn, &menu)?;
            let why = Problem::new(Code::CanteenClosed).with("reason", &closure.reason);
            to_call.extend(cancel_all(conn, &menu, &why, duty.actor(), now)?);
        }
    }
    Ok(to_call)
}

/// Which reservations a list shows: newest first, from one window on.
#[derive(Clone, Debug)]
pub struct Listing {
    pub residents: Option<Vec<ResidentId>>,
    pub menu: Option<MenuId>,
    pub status: Option<ReservationStatus>,
    pub window: Window<crate::ids::Reservation>,
}

/// The rows of a page of reservations, and one more where there is a next page.
pub fn list(conn: &mut Conn, listing: &Listing) -> Result<Vec<Reservation>, Fail> {
    Ok(store::list(conn, listing)?)
}

/// Cancels the meals that a resident who died had reserved from that day on, and ends what they waited for and their
/// standing orders (BR-28).
pub fn cancel_for_death(
    conn: &mut Conn,
    resident: &Resident,
    from_on: NaiveDate,
    by: Actor,
    now: At,
) -> Result<Vec<ReservationId>, Fail> {
    standing::end_for_death(conn, resident.id, now)?;
    waiting::end_for_death(conn, resident.id, now)?;
    let mut cancelled = Vec::new();
    let open = store::open_of_resident(conn, resident.id)?;
    for (menu, reservation) in with_menus(conn, open)? {
        if menu.served_on >= from_on && menu.closes_at() > now {
            hold_line(conn, &menu)?;
            end(conn, &reservation, CancelledAs::Deceased, false, by, now)?;
            waiting::pass_on(conn, menu.id, now)?;
            cancelled.push(reservation.id);
        }
    }
    Ok(cancelled)
}

/// Each with its menu, in the order of the meals: so that two who cancel several never wait for each other.
fn with_menus(conn: &mut Conn, reservations: Vec<Reservation>) -> Result<Vec<(Menu, Reservation)>, Fail> {
    let ids: Vec<MenuId> = reservations.iter().map(|reservation| reservation.menu_id).collect();
    let menus = menus::by_ids(conn, &ids)?;
    let menu_of = |reservation: &Reservation| {
        menus.iter().find(|menu| menu.id == reservation.menu_id).cloned().ok_or(Code::MenuNotFound)
    };
    let mut both = reservations
        .into_iter()
        .map(|reservation| Ok((menu_of(&reservation)?, reservation)))
        .collect::<Result<Vec<_>, Fail>>()?;
    both.sort_by_key(|(menu, _)| (menu.served_on, menu.period, menu.id));
    Ok(both)
}

/// While somebody waits, the menu's row comes first: what becomes free is passed on under it.
pub fn hold_line(conn: &mut Conn, menu: &Menu) -> Result<(), Fail> {
    if menu.waiting > 0 {
        menus::hold(conn, menu.id)?;
    }
    Ok(())
}

/// Who does not wait comes after those who do. The menu's row has the last word; this spares the work.
pub fn refuse_before_others(menu: &Menu, turn: Turn) -> Result<(), Problem> {
    let first = menu.waiting == 0 || turn == Turn::PastTheLine || guards::is_off("line");
    if first { Ok(()) } else { Err(full(menu)) }
}

fn full(menu: &Menu) -> Problem {
    Problem::new(Code::MenuFull).with("capacity", menu.capacity).with("waiting", menu.waiting)
}

fn end(
    conn: &mut Conn,
    reservation: &Reservation,
    cancelled_as: CancelledAs,
    late: bool,
    by: Actor,
    now: At,
) -> Result<Reservation, Fail> {
    // Refused by the row itself when it was served or cancelled meanwhile.
    if !store::cancel(conn, reservation.id, cancelled_as, reservation.late || late, now)? {
        let present = find(conn, reservation.id)?;
        refuse_ended(&present)?;
        return Err(Code::Conflict.into());
    }
    // What it holds is read under its row: it may have been changed since the caller read it.
    let ended = find(conn, reservation.id)?;
    subsidies::release(conn, ended.quote_id, now)?;
    tell(conn, &ended, EventKind::Cancelled, by, now)?;
    let change =
        Change { kind: CountKind::Cancelled, persons: 1, portions: &ended.lines, ..count(&ended, by) };
    headcounts::record(conn, &change, now)?;
    for pick in in_order(&ended.lines) {
        menus::release_portions(conn, pick.item_id, pick.portions)?;
    }
    menus::release_seat(conn, ended.menu_id)?;
    Ok(ended)
}

/// The reservation with this id; `reservation_not_found` without.
pub fn find(conn: &mut Conn, id: ReservationId) -> Result<Reservation, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::ReservationNotFound.into())
}

/// The resident's standing reservation for a menu, if there is one.
pub fn active_of(conn: &mut Conn, menu: MenuId, resident: ResidentId) -> Result<Option<Reservation>, Fail> {
    Ok(store::active_of(conn, menu, resident)?)
}

/// The resident's newest reservation for a menu, standing or not.
pub fn latest_of(conn: &mut Conn, menu: MenuId, resident: ResidentId) -> Result<Option<Reservation>, Fail> {
    Ok(store::latest_of(conn, menu, resident)?)
}

/// The resident's reservations that stand and were not served.
pub fn open_of_resident(conn: &mut Conn, resident: ResidentId) -> Result<Vec<Reservation>, Fail> {
    Ok(store::open_of_resident(conn, resident)?)
}

/// The reservations that a standing order made and that stand unserved, of menus that are not over.
fn open_of_standing_order(conn: &mut Conn, id: StandingOrderId) -> Result<Vec<(Menu, Reservation)>, Fail> {
    let open = store::open_of_standing_order(conn, id)?;
    with_menus(conn, open)
}

/// Every standing reservation of a menu.
pub fn active_of_menu(conn: &mut Conn, menu: MenuId) -> Result<Vec<Reservation>, Fail> {
    Ok(store::active_of_menu(conn, menu)?)
}

/// The menus that a resident has standing reservations for.
pub fn menus_of(conn: &mut Conn, resident: ResidentId) -> Result<Vec<MenuId>, Fail> {
    Ok(store::menus_of(conn, resident)?)
}

/// Marks a reservation as served, together with its attendance, and gives it as it is then: it may have been changed since
/// it was read. Nothing when it was cancelled or served meanwhile.
pub fn redeem(conn: &mut Conn, id: ReservationId) -> Result<Option<Reservation>, Fail> {
    if store::set_served(conn, id, true)? { find(conn, id).map(Some) } else { Ok(None) }
}

/// Takes the mark back, together with the attendance that is voided.
pub fn unredeem(conn: &mut Conn, id: ReservationId) -> Result<bool, Fail> {
    Ok(store::set_served(conn, id, false)?)
}

/// Releases what nobody came for, when a menu closes (BR-37, BR-47).
pub fn release_unserved(conn: &mut Conn, menu: MenuId, now: At) -> Result<(), Fail> {
    let active = store::active_of_menu(conn, menu)?;
    for reservation in active.iter().filter(|reservation| !reservation.served) {
        subsidies::release(conn, reservation.quote_id, now)?;
    }
    Ok(())
}

/// Keeps what happened to a reservation, and counts it once it is committed.
fn tell(conn: &mut Conn, reservation: &Reservation, kind: EventKind, by: Actor, now: At) -> Result<(), Fail> {
    store::insert_event(conn, reservation, kind, by, now)?;
    let channel = reservation.channel;
    conn.after_commit(move || metrics::reservation(kind.as_str(), channel.as_str()));
    Ok(())
}

fn count(reservation: &Reservation, by: Actor) -> Change<'_> {
    Change {
        menu: reservation.menu_id,
        kind: CountKind::Reserved,
        persons: 0,
        portions: &[],
        mode: reservation.mode,
        diet_tags: &reservation.diet_tags,
        channel: reservation.channel,
        by,
    }
}

/// Takes portions, or gives back where they are negative; `item_sold_out` when there are not so many left.
pub fn take(conn: &mut Conn, menu: &Menu, picks: &[Pick]) -> Result<(), Fail> {
    for pick in in_order(picks) {
        if pick.portions < 0 {
            menus::release_portions(conn, pick.item_id, -pick.portions)?;
        } else if !menus::take_portions(conn, pick.item_id, pick.portions)? {
            let item = menu.item(pick.item_id).map(|item| item.name.clone()).unwrap_or_default();
            return Err(Problem::new(Code::ItemSoldOut).with("item", item).into());
        }
    }
    Ok(())
}

/// Takes a place, last of all: the menu's row is the busiest.
///
/// Fails with `menu_full`, also while others wait and it is not their turn, or with `menu_not_open` when the menu is in
/// none of these states any more.
pub fn take_seat(conn: &mut Conn, menu: &Menu, while_in: &[MenuStatus], turn: Turn) -> Result<(), Fail> {
    if menus::take_seat(conn, menu.id, while_in, turn)? {
        return Ok(());
    }
    let present = menus::find(conn, menu.id)?;
    if while_in.contains(&present.status) {
        return Err(full(&present).into());
    }
    Err(Problem::new(Code::MenuNotOpen).with("status", present.status).into())
}
