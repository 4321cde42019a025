//! Reservations (预订): the intention to eat at a menu.
//!
//! A resident has at most one for a menu (BR-20). It is placed, changed and cancelled until the menu's cut-off by whoever
//! acts for the resident; after it by the canteen's staff alone, and then it is marked late (BR-21). It keeps the quote
//! that it was made with (BR-23), who made it, by which right and through which channel (BR-24). Places and portions are
//! taken by guarded updates, the busiest row last (BR-25).

pub mod http;
mod store;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    access::{ActingFor, Actor, OnDuty, Right, RightKind, Role},
    canteens::{self, Closure},
    clock::At,
    db::Conn,
    headcounts::{self, Change, Channel, CountKind},
    ids::{MenuId, MenuItemId, QuoteId, ReservationId, ResidentId},
    menus::{self, Menu, MenuStatus, Pick},
    page::Window,
    pricing::Quote,
    problem::{Code, Fail, Problem},
    residents::{self, Resident},
    subsidies::{self, Meal},
    words,
    words::{Area, MealClass, Mode, Period},
};

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

/// Somebody whom the canteen has to call: a reservation that came to nothing, and a telephone number.
#[derive(Clone, Debug, Serialize, serde::Deserialize, JsonSchema)]
pub struct ToCall {
    pub reservation_id: ReservationId,
    pub menu_id: MenuId,
    pub resident_id: ResidentId,
    pub full_name: String,
    pub phone: Option<String>,
    pub served_on: NaiveDate,
    pub period: Period,
}

/// Reserves a meal for the resident of the proof.
///
/// Fails with `menu_not_open`, `cutoff_passed`, `resident_inactive`, `mode_not_offered`, `bad_order`, `diet_conflict`,
/// `already_reserved`, `item_sold_out`, `menu_full`.
pub fn place(
    conn: &mut Conn,
    acting: &ActingFor,
    place: &Counter<'_>,
    resident: &Resident,
    wish: &Wish,
    channel: Channel,
    now: At,
) -> Result<Placed, Fail> {
    assert_eq!(acting.resident(), resident.id, "a proof for one resident is no proof for another");
    let menu = place.menu;
    let late = in_words(conn, place, admit(place, resident, now))?;
    check_wish(menu, resident, wish)?;
    if store::active_of(conn, menu.id, resident.id)?.is_some() {
        return Err(Code::AlreadyReserved.into());
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
        channel,
        right: acting.right(),
        actor: acting.actor(),
        quote_id: kept.id,
        confirmed_allergens: wish.confirmed_allergens.clone(),
        diet_tags: resident.diet_tags.0.clone(),
        placed_at: now,
        cancelled_at: None,
        cancelled_as: None,
        version: 1,
        lines: wish.picks.clone(),
    };
    if !store::insert(conn, &reservation)? {
        return Err(Code::AlreadyReserved.into());
    }
    store::insert_event(conn, reservation.id, EventKind::Placed, acting.actor(), channel, &wish.picks, now)?;
    let change = Change { persons: 1, portions: &wish.picks, ..count(&reservation, acting.actor()) };
    headcounts::record(conn, &change, now)?;
    take(conn, menu, &wish.picks)?;
    take_seat(conn, menu, &[MenuStatus::Published])?;
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
    let menu = place.menu;
    let late = in_words(conn, place, admit(place, resident, now))? || reservation.late;
    check_wish(menu, resident, wish)?;
    let order = menu.order(&wish.picks, wish.mode, MealClass::Meal);
    let meal = Meal { resident, menu, area: place.area, order };
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
    store::insert_event(conn, changed.id, EventKind::Changed, by, changed.channel, &wish.picks, now)?;
    record_change(conn, reservation, &changed, by, now)?;
    take(conn, menu, &difference(&reservation.lines, &wish.picks))?;
    menus::count_changes(conn, &[menu.id])?;
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
    let cancelled_as = match acting.right().kind {
        RightKind::OneSelf => CancelledAs::ByResident,
        RightKind::Family => CancelledAs::ByFamily,
        RightKind::Staff | RightKind::Volunteer | RightKind::Officer => CancelledAs::ByStaff,
    };
    end(conn, reservation, cancelled_as, late, acting.actor(), now)
}

/// Cancels every reservation of a menu that was just withdrawn, as `by_canteen`, and says whom to call (BR-28).
///
/// Withdrawn first: whoever reserves at this moment has either taken a place by then, and is seen here, or gets none.
pub fn cancel_for_menu(conn: &mut Conn, menu: &Menu, by: Actor, now: At) -> Result<Vec<ToCall>, Fail> {
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
            to_call.extend(cancel_for_menu(conn, &menu, duty.actor(), now)?);
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

/// Cancels the meals that a resident who died had reserved from that day on (BR-28).
pub fn cancel_for_death(
    conn: &mut Conn,
    resident: &Resident,
    from_on: NaiveDate,
    by: Actor,
    now: At,
) -> Result<Vec<ReservationId>, Fail> {
    let open = store::open_of_resident(conn, resident.id)?;
    let menu_ids: Vec<MenuId> = open.iter().map(|reservation| reservation.menu_id).collect();
    let menus = menus::by_ids(conn, &menu_ids)?;
    let mut cancelled = Vec::new();
    for reservation in &open {
        let future = menus.iter().any(|menu| {
            menu.id == reservation.menu_id && menu.served_on >= from_on && menu.closes_at() > now
        });
        if future {
            end(conn, reservation, CancelledAs::Deceased, false, by, now)?;
            cancelled.push(reservation.id);
        }
    }
    Ok(cancelled)
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
    subsidies::release(conn, reservation.quote_id, now)?;
    let lines = &reservation.lines;
    store::insert_event(conn, reservation.id, EventKind::Cancelled, by, reservation.channel, lines, now)?;
    let change = Change { kind: CountKind::Cancelled, persons: 1, portions: lines, ..count(reservation, by) };
    headcounts::record(conn, &change, now)?;
    for pick in in_order(lines) {
        menus::release_portions(conn, pick.item_id, pick.portions)?;
    }
    menus::release_seat(conn, reservation.menu_id)?;
    find(conn, reservation.id)
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

/// Every standing reservation of a menu.
pub fn active_of_menu(conn: &mut Conn, menu: MenuId) -> Result<Vec<Reservation>, Fail> {
    Ok(store::active_of_menu(conn, menu)?)
}

/// The menus that a resident has standing reservations for.
pub fn menus_of(conn: &mut Conn, resident: ResidentId) -> Result<Vec<MenuId>, Fail> {
    Ok(store::menus_of(conn, resident)?)
}

/// Marks a reservation as served, together with its attendance; false when it was cancelled or served meanwhile.
pub fn redeem(conn: &mut Conn, id: ReservationId) -> Result<bool, Fail> {
    Ok(store::set_served(conn, id, true)?)
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

/// Who reserved and did not come, of a menu that is closed.
pub fn no_shows(conn: &mut Conn, menu: &Menu) -> Result<Vec<ToCall>, Fail> {
    let mut missing = store::active_of_menu(conn, menu.id)?;
    missing.retain(|reservation| !reservation.served);
    calls(conn, &missing, menu)
}

/// Whose reservation the canteen cancelled, of a menu that was withdrawn.
pub fn cancelled_by_canteen(conn: &mut Conn, menu: &Menu) -> Result<Vec<ToCall>, Fail> {
    let cancelled = store::cancelled_by_canteen(conn, menu.id)?;
    calls(conn, &cancelled, menu)
}

/// Whose reservation of this menu holds an item with an allergen on their record that they did not confirm (BR-13).
pub fn with_diet_conflicts(conn: &mut Conn, menu: &Menu) -> Result<Vec<ToCall>, Fail> {
    let active = store::active_of_menu(conn, menu.id)?;
    let residents = residents_of(conn, &active)?;
    let mut touched = Vec::new();
    for reservation in &active {
        let resident = resident_in(&residents, reservation)?;
        if diet_conflict(menu, resident, &reservation.lines, &reservation.confirmed_allergens).is_some() {
            touched.push(call(reservation, resident, menu));
        }
    }
    Ok(touched)
}

fn calls(conn: &mut Conn, reservations: &[Reservation], menu: &Menu) -> Result<Vec<ToCall>, Fail> {
    let residents = residents_of(conn, reservations)?;
    reservations
        .iter()
        .map(|reservation| Ok(call(reservation, resident_in(&residents, reservation)?, menu)))
        .collect()
}

fn call(reservation: &Reservation, resident: &Resident, menu: &Menu) -> ToCall {
    ToCall {
        reservation_id: reservation.id,
        menu_id: menu.id,
        resident_id: resident.id,
        full_name: resident.full_name.clone(),
        phone: resident.phone.clone(),
        served_on: menu.served_on,
        period: menu.period,
    }
}

fn residents_of(conn: &mut Conn, reservations: &[Reservation]) -> Result<Vec<Resident>, Fail> {
    let ids: Vec<ResidentId> = reservations.iter().map(|reservation| reservation.resident_id).collect();
    Ok(residents::by_ids(conn, &ids)?)
}

fn resident_in<'a>(residents: &'a [Resident], reservation: &Reservation) -> Result<&'a Resident, Fail> {
    residents
        .iter()
        .find(|resident| resident.id == reservation.resident_id)
        .ok_or_else(|| Code::ResidentNotFound.into())
}

/// Whether the menu takes this now; true when it is after the cut-off and staff do it.
fn admit(place: &Counter<'_>, resident: &Resident, now: At) -> Result<bool, Problem> {
    let menu = place.menu;
    if menu.status != MenuStatus::Published {
        return Err(Problem::new(Code::MenuNotOpen).with("status", menu.status));
    }
    if menu.serves_to_at <= now {
        return Err(Problem::new(Code::MenuNotOpen).with("status", MenuStatus::Closed));
    }
    if !resident.is_active() {
        return Err(Code::ResidentInactive.into());
    }
    is_late(place, now)
}

/// Whether the cut-off has passed; `cutoff_passed` for whoever is not this canteen's staff (BR-21).
fn is_late(place: &Counter<'_>, now: At) -> Result<bool, Problem> {
    let late = now > place.menu.cutoff_at;
    let staff =
        place.desk.is_some_and(|duty| duty.canteen() == place.menu.canteen_id && duty.role() == Role::Staff);
    if late && !staff {
        return Err(Problem::new(Code::CutoffPassed).with("cutoff_at", place.menu.cutoff_at));
    }
    Ok(late)
}

/// Adds to a refusal after the cut-off when that was, on the canteen's clock, for people to read.
fn in_words<T>(conn: &mut Conn, place: &Counter<'_>, outcome: Result<T, Problem>) -> Result<T, Fail> {
    match outcome {
        Err(problem) if problem.code == Code::CutoffPassed => {
            let cutoff = canteens::zone(conn, place.menu.canteen_id)?.words(place.menu.cutoff_at);
            Err(problem.with("cutoff", cutoff).into())
        }
        outcome => Ok(outcome?),
    }
}

/// Checks what is wished for against the menu and the resident's diet (BR-13).
pub fn check_wish(menu: &Menu, resident: &Resident, wish: &Wish) -> Result<(), Problem> {
    if !menu.modes.contains(&wish.mode) {
        return Err(Code::ModeNotOffered.into());
    }
    menu.check_picks(&wish.picks)?;
    match diet_conflict(menu, resident, &wish.picks, &wish.confirmed_allergens) {
        None => Ok(()),
        Some((item, allergens)) => {
            Err(Problem::new(Code::DietConflict).with("item", item).with("allergens", allergens))
        }
    }
}

/// The first item with allergens on the resident's record that were not confirmed, and these.
fn diet_conflict(
    menu: &Menu,
    resident: &Resident,
    picks: &[Pick],
    confirmed: &[String],
) -> Option<(String, Vec<String>)> {
    picks.iter().filter_map(|pick| menu.item(pick.item_id)).find_map(|item| {
        let unconfirmed: Vec<String> = item
            .allergens
            .iter()
            .filter(|allergen| resident.allergens.0.contains(allergen) && !confirmed.contains(allergen))
            .cloned()
            .collect();
        (!unconfirmed.is_empty()).then(|| (item.name.clone(), unconfirmed))
    })
}

fn refuse_ended(reservation: &Reservation) -> Result<(), Problem> {
    if reservation.status == ReservationStatus::Cancelled {
        return Err(Code::ReservationCancelled.into());
    }
    if reservation.served {
        return Err(Code::ReservationServed.into());
    }
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

/// What has to be taken more (or, negative, less) to go from the old lines to the new.
fn difference(old: &[Pick], new: &[Pick]) -> Vec<Pick> {
    let portions = |lines: &[Pick], item: MenuItemId| {
        lines.iter().filter(|pick| pick.item_id == item).map(|pick| pick.portions).sum::<i32>()
    };
    let mut items: Vec<MenuItemId> = old.iter().chain(new).map(|pick| pick.item_id).collect();
    items.sort_unstable();
    items.dedup();
    items
        .into_iter()
        .map(|item_id| Pick { item_id, portions: portions(new, item_id) - portions(old, item_id) })
        .filter(|pick| pick.portions != 0)
        .collect()
}

/// In one order for all, so that two acts never wait for each other.
fn in_order(picks: &[Pick]) -> Vec<Pick> {
    let mut picks = picks.to_vec();
    picks.sort_unstable_by_key(|pick| pick.item_id);
    picks
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
/// Fails with `menu_full`, or with `menu_not_open` when the menu is in none of these states any more.
pub fn take_seat(conn: &mut Conn, menu: &Menu, while_in: &[MenuStatus]) -> Result<(), Fail> {
    if menus::take_seat(conn, menu.id, while_in)? {
        return Ok(());
    }
    let present = menus::find(conn, menu.id)?;
    if while_in.contains(&present.status) {
        return Err(Problem::new(Code::MenuFull).with("capacity", present.capacity).into());
    }
    Err(Problem::new(Code::MenuNotOpen).with("status", present.status).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    fn pick(item: u128, portions: i32) -> Pick {
        Pick { item_id: Id::from_uuid(uuid::Uuid::from_u128(item)), portions }
    }

    #[test]
    fn a_change_takes_only_the_difference() {
        let old = [pick(1, 2), pick(2, 1)];
        let new = [pick(3, 1), pick(1, 3)];
        assert_eq!(difference(&old, &new), [pick(1, 1), pick(2, -1), pick(3, 1)]);
        assert!(difference(&old, &old).is_empty());
    }
}
