//! The waiting list (候补): who gets the next place of a full menu, in the order of joining.
//!
//! A menu is full when no place is left, or nothing to eat. The number in line is drawn from the menu's row, which every
//! act on the line takes: so it is the same order for all, in whatever process they asked. What becomes free until the
//! cut-off is passed on in the very act that frees it: to the first in line, after every check is made again and the price
//! computed anew, as if they asked now. Who cannot be served is skipped and told why. So while anybody waits no place is
//! free, and nobody else gets one. At the cut-off, or when the menu ends, those who still wait are told so. Nothing is
//! dropped silently: every entry keeps what became of it.

pub mod http;
mod store;

use super::{Counter, ItemRule, Origin, Reservation, Wish, check_wish, choice::choose, rules, standing};
use crate::{
    access::{ActingFor, Actor, Right},
    canteens,
    clock::At,
    db::Conn,
    guards,
    headcounts::Channel,
    ids::{MenuId, ReservationId, ResidentId, StandingOrderId, WaitingEntryId},
    menus::{self, Menu, MenuStatus, Pick, Turn},
    page::Window,
    problem::{Code, Fail, Problem, Told},
    residents::{self, Resident},
    words,
    words::{Area, Mode},
};

words! {
    /// What has become of a place in the waiting list.
    pub enum WaitingStatus {
        Waiting = "waiting",
        /// A place became free: there is a reservation now.
        Reserved = "reserved",
        /// It was their turn, but a check said no; the reason says which.
        Skipped = "skipped",
        /// They left the list.
        Left = "left",
        /// The list ended before their turn; the reason says why.
        Ended = "ended",
    }
}

/// What somebody waits for: these lines, or what a rule chooses when it is their turn.
#[derive(Clone, Debug)]
pub enum Demand {
    Lines(Vec<Pick>),
    Rule(ItemRule),
}

/// What somebody waits for, and how they want it.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub mode: Mode,
    pub demand: Demand,
    /// Allergens on the resident's record that are accepted by name for this meal (BR-13).
    pub confirmed_allergens: Vec<String>,
}

/// A place in the waiting list of a menu.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: WaitingEntryId,
    pub menu_id: MenuId,
    pub resident_id: ResidentId,
    /// The number in line; how many are before it, `ranks` tells.
    pub position: i32,
    pub status: WaitingStatus,
    pub wanted: Wanted,
    pub channel: Channel,
    pub standing_order: Option<StandingOrderId>,
    pub right: Right,
    pub actor: Actor,
    pub joined_at: At,
    /// When it came to an end, one way or the other.
    pub settled_at: Option<At>,
    /// What came of it.
    pub reservation_id: Option<ReservationId>,
    /// Why nothing came of it.
    pub why: Option<Told>,
}

/// How a place in the waiting list comes to its end.
#[derive(Clone, Debug)]
enum Settled {
    Reserved(ReservationId),
    Skipped(Told),
    /// The reason is given when it was not the resident's own will.
    Left(Option<Told>),
    Ended(Told),
}

impl Settled {
    fn status(&self) -> WaitingStatus {
        match self {
            Settled::Reserved(_) => WaitingStatus::Reserved,
            Settled::Skipped(_) => WaitingStatus::Skipped,
            Settled::Left(_) => WaitingStatus::Left,
            Settled::Ended(_) => WaitingStatus::Ended,
        }
    }

    fn reservation(&self) -> Option<ReservationId> {
        match self {
            Settled::Reserved(reservation) => Some(*reservation),
            Settled::Skipped(_) | Settled::Left(_) | Settled::Ended(_) => None,
        }
    }

    fn why(&self) -> Option<&Told> {
        match self {
            Settled::Skipped(why) | Settled::Ended(why) => Some(why),
            Settled::Left(why) => why.as_ref(),
            Settled::Reserved(_) => None,
        }
    }
}

/// Joins the waiting list of a full menu, until its cut-off.
///
/// Fails with `menu_not_full` while a place is free and nobody waits; with `already_waiting`, `already_reserved`,
/// `no_item_fits`; and as reserving does when the wish could not be served at all.
pub fn join(
    conn: &mut Conn,
    acting: &ActingFor,
    place: &Counter<'_>,
    resident: &Resident,
    wanted: &Wanted,
    origin: Origin,
    now: At,
) -> Result<Entry, Fail> {
    assert_eq!(acting.resident(), resident.id, "a proof for one resident is no proof for another");
    // The line ends at the cut-off, for the desk as well.
    let line = Counter { menu: place.menu, area: place.area, desk: None };
    rules::in_words(conn, &line, rules::admit(&line, resident, now))?;
    check_wanted(place.menu, resident, wanted)?;
    if super::active_of(conn, place.menu.id, resident.id)?.is_some() {
        return Err(Code::AlreadyReserved.into());
    }
    let position = number_in_line(conn, place.menu, now)?;
    let entry = Entry {
        id: crate::id::Id::new(now),
        menu_id: place.menu.id,
        resident_id: resident.id,
        position,
        status: WaitingStatus::Waiting,
        wanted: wanted.clone(),
        channel: origin.channel,
        standing_order: origin.standing_order,
        right: acting.right(),
        actor: acting.actor(),
        joined_at: now,
        settled_at: None,
        reservation_id: None,
        why: None,
    };
    if store::insert(conn, &entry)? { Ok(entry) } else { Err(Code::AlreadyWaiting.into()) }
}

/// Draws a number in line from the menu's row, which is ours from here on: whoever frees a place now comes after us and
/// sees us waiting; whoever freed one before is seen here.
fn number_in_line(conn: &mut Conn, seen: &Menu, now: At) -> Result<i32, Fail> {
    let number = menus::queue(conn, seen.id, now)?;
    let present = menus::find(conn, seen.id)?;
    let number = number.ok_or_else(|| Problem::new(Code::MenuNotOpen).with("status", present.status))?;
    let full = if guards::is_off("full_line") { seen.is_full() } else { present.is_full() };
    let others_wait = present.waiting > 1;
    if full || others_wait { Ok(number) } else { Err(Code::MenuNotFull.into()) }
}

/// Checks what can be checked before a place is free. Sold out is no fault: portions become free with places.
fn check_wanted(menu: &Menu, resident: &Resident, wanted: &Wanted) -> Result<(), Problem> {
    match &wanted.demand {
        Demand::Lines(lines) => check_wish(menu, resident, &wish(wanted, lines.clone())),
        Demand::Rule(_) if !menu.modes.contains(&wanted.mode) => Err(Code::ModeNotOffered.into()),
        Demand::Rule(rule) => match choose(menu, resident, *rule) {
            Err(problem) if problem.code != Code::ItemSoldOut => Err(problem),
            Ok(_) | Err(_) => Ok(()),
        },
    }
}

fn wish(wanted: &Wanted, picks: Vec<Pick>) -> Wish {
    Wish { mode: wanted.mode, picks, confirmed_allergens: wanted.confirmed_allergens.clone() }
}

/// Leaves the waiting list; `not_waiting` when the entry has come to an end.
pub fn leave(conn: &mut Conn, acting: &ActingFor, entry: &Entry, now: At) -> Result<Entry, Fail> {
    assert_eq!(acting.resident(), entry.resident_id, "a proof for one resident is no proof for another");
    menus::hold(conn, entry.menu_id)?;
    if !settle(conn, entry, &Settled::Left(None), now)? {
        return Err(Code::NotWaiting.into());
    }
    find(conn, entry.id)
}

/// Takes a standing order out of every line in which it waits for one of these menus, and says why.
pub(super) fn leave_for_order(
    conn: &mut Conn,
    order: StandingOrderId,
    leaves: impl Fn(&Menu) -> bool,
    why: &Told,
    now: At,
) -> Result<(), Fail> {
    for entry in store::waiting_of_order(conn, order)? {
        if leaves(&menus::find(conn, entry.menu_id)?) {
            menus::hold(conn, entry.menu_id)?;
            settle(conn, &entry, &Settled::Left(Some(why.clone())), now)?;
        }
    }
    Ok(())
}

/// Passes on what is free of a menu to those who wait, until its cut-off: the first in line first.
///
/// Called by whatever frees a place or a portion, in the same transaction. Who cannot be served is skipped and told.
pub fn pass_on(conn: &mut Conn, menu: MenuId, now: At) -> Result<(), Fail> {
    if menus::hold(conn, menu)? == 0 || guards::is_off("passing_on") {
        return Ok(());
    }
    let mut menu = menus::find(conn, menu)?;
    if menu.status != MenuStatus::Published || menu.cutoff_at < now {
        return Ok(());
    }
    let area = canteens::site(conn, menu.canteen_id)?.area;
    while !menu.is_full() {
        let Some(entry) = store::first(conn, menu.id)? else { break };
        serve(conn, &mut menu, &area, &entry, now)?;
    }
    Ok(())
}

/// It is this one's turn: they get a place, or learn why not.
fn serve(conn: &mut Conn, menu: &mut Menu, area: &Area, entry: &Entry, now: At) -> Result<(), Fail> {
    let seen = &*menu;
    let settled = match conn.in_savepoint(|conn| reserve(conn, seen, area, entry, now)) {
        Ok(reservation) => {
            menu.note_taken(&reservation.lines);
            Settled::Reserved(reservation.id)
        }
        Err(Fail::Refused(problem)) => Settled::Skipped(problem.as_told()),
        Err(fail) => return Err(fail),
    };
    settle(conn, entry, &settled, now)?;
    Ok(())
}

/// Reserves for whoever waited, as if they asked now; who asked, by which right and how stays as it was recorded.
fn reserve(conn: &mut Conn, menu: &Menu, area: &Area, entry: &Entry, now: At) -> Result<Reservation, Fail> {
    let resident = residents::find(conn, entry.resident_id)?;
    let picks = match &entry.wanted.demand {
        Demand::Lines(lines) => lines.clone(),
        Demand::Rule(rule) => choose(menu, &resident, *rule)?,
    };
    let acting = ActingFor::as_recorded(entry.actor, resident.id, entry.right);
    let place = Counter { menu, area, desk: None };
    let origin =
        Origin { channel: entry.channel, standing_order: entry.standing_order, turn: Turn::PastTheLine };
    let wish = wish(&entry.wanted, picks);
    Ok(super::place(conn, &acting, &place, &resident, &wish, origin, now)?.reservation)
}

/// Writes what became of an entry, one fewer waits; false when that was written before. The menu's row is ours.
fn settle(conn: &mut Conn, entry: &Entry, settled: &Settled, now: At) -> Result<bool, Fail> {
    let written = store::settle(conn, entry.id, settled, now)?;
    if written {
        menus::unqueue(conn, entry.menu_id)?;
        if entry.standing_order.is_some() {
            standing::note_settled(conn, entry.id, settled.reservation(), settled.why())?;
        }
    }
    Ok(written)
}

/// Ends the line of a menu: those who still wait are told why.
pub fn end_line(conn: &mut Conn, menu: MenuId, why: &Told, now: At) -> Result<(), Fail> {
    if menus::hold(conn, menu)? > 0 {
        store::end_all(conn, menu, why, now)?;
        menus::end_line(conn, menu)?;
        standing::note_line_ended(conn, menu, why)?;
    }
    Ok(())
}

/// Ends the lines of menus whose cut-off has passed, and says of how many; when it says none, none is left. Safe to do
/// twice and in any process.
pub fn end_past_cutoff(conn: &mut Conn, now: At) -> Result<usize, Fail> {
    let over = menus::past_cutoff_with_a_line(conn, now)?;
    for id in &over {
        let menu = menus::find(conn, *id)?;
        let why = cutoff_passed(conn, &menu)?;
        end_line(conn, menu.id, &why, now)?;
    }
    Ok(over.len())
}

fn cutoff_passed(conn: &mut Conn, menu: &Menu) -> Result<Told, Fail> {
    let cutoff = canteens::zone(conn, menu.canteen_id)?.words(menu.cutoff_at);
    Ok(Problem::new(Code::CutoffPassed).with("cutoff", cutoff).as_told())
}

/// Ends what a resident who died still waited for (BR-28).
pub(super) fn end_for_death(conn: &mut Conn, resident: ResidentId, now: At) -> Result<(), Fail> {
    let why = Problem::from(Code::ResidentInactive).as_told();
    for entry in store::waiting_of_resident(conn, resident)? {
        menus::hold(conn, entry.menu_id)?;
        settle(conn, &entry, &Settled::Ended(why.clone()), now)?;
    }
    Ok(())
}

/// The entry with this id; `waiting_not_found` without.
pub fn find(conn: &mut Conn, id: WaitingEntryId) -> Result<Entry, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::WaitingNotFound.into())
}

/// The rows of a page of the entries of these residents, newest first, and one more where there is a next page.
pub fn of_residents(
    conn: &mut Conn,
    residents: &[ResidentId],
    status: Option<WaitingStatus>,
    window: &Window<crate::ids::WaitingEntry>,
) -> Result<Vec<Entry>, Fail> {
    Ok(store::of_residents(conn, residents, status, window)?)
}

/// Which entries of a menu a list shows, in the order of the line.
#[derive(Clone, Debug)]
pub struct Listing {
    pub menu: MenuId,
    /// Only these residents'; everybody's without.
    pub residents: Option<Vec<ResidentId>>,
    pub status: Option<WaitingStatus>,
    pub window: Window<crate::ids::WaitingEntry>,
}

/// The rows of a page of entries, and one more where there is a next page.
pub fn list(conn: &mut Conn, listing: &Listing) -> Result<Vec<Entry>, Fail> {
    Ok(store::list(conn, listing)?)
}

/// The line of a menu: who waits for how manyth.
#[derive(Clone, Debug)]
pub struct Line(Vec<i32>);

impl Line {
    /// How many wait in all.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// From 1; none for an entry that waits no more.
    pub fn rank(&self, entry: &Entry) -> Option<usize> {
        self.0.binary_search(&entry.position).ok().map(|before| before + 1)
    }
}

/// The line of a menu as it stands; it is over at the cut-off, whether or not that was written down yet.
pub fn line(conn: &mut Conn, menu: &Menu, now: At) -> Result<Line, Fail> {
    if menu.cutoff_at < now {
        return Ok(Line(Vec::new()));
    }
    Ok(Line(store::positions(conn, menu.id)?))
}

/// The entry as it stands at this instant: at the cut-off it has ended, whether or not that was written down yet.
pub fn as_of(conn: &mut Conn, entry: Entry, menu: &Menu, now: At) -> Result<Entry, Fail> {
    if entry.status != WaitingStatus::Waiting || now <= menu.cutoff_at {
        return Ok(entry);
    }
    let why = Some(cutoff_passed(conn, menu)?);
    Ok(Entry { status: WaitingStatus::Ended, settled_at: Some(menu.cutoff_at), why, ..entry })
}
