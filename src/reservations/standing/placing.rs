//! Standing orders turned into reservations, once for each menu and order.

use super::{OrderStatus, Outcome, OutcomeStatus, StandingOrder, store};
use crate::{
    access::ActingFor,
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    ids::{MenuId, ReservationId, WaitingEntryId},
    menus::{self, MOST_AHEAD, Menu, MenuStatus},
    problem::{Code, Fail, Told},
    reservations::{
        self, Counter, Origin, Reservation, Wish,
        choice::choose,
        waiting::{self, Demand, Entry, Wanted},
    },
    residents::{self, Resident},
    words::{Area, Mode},
};

/// How often it is tried to get a place or one in the line, when others free and take them meanwhile.
const TRIES: usize = 3;

/// Places the orders that hold on the day of a menu that was just published, the oldest first. Called in the act that
/// publishes it; an order that cannot be placed is told why and keeps no other back.
pub fn place_for_menu(conn: &mut Conn, menu: &Menu, now: At) -> Result<(), Fail> {
    store::take_turn(conn, menu.canteen_id)?;
    let holding: Vec<(StandingOrder, Mode)> = store::active_at(conn, menu.canteen_id, menu.served_on)?
        .into_iter()
        .filter_map(|order| order.terms.mode_for(menu.served_on, menu.period).map(|mode| (order, mode)))
        .collect();
    let ids: Vec<_> = holding.iter().map(|(order, _)| order.resident_id).collect();
    let residents = residents::by_ids(conn, &ids)?;
    let area = canteens::site(conn, menu.canteen_id)?.area;
    let mut menu = menu.clone();
    for (order, mode) in &holding {
        let at = residents.binary_search_by_key(&order.resident_id, |resident| resident.id);
        let resident = at.ok().and_then(|at| residents.get(at)).ok_or(Code::ResidentNotFound)?;
        Placing { order, resident, area: &area, mode: *mode }.place(conn, &mut menu, now)?;
    }
    Ok(())
}

/// Places an order on the menus that are published already and before their cut-off, in the order of the meals: on those
/// where it was not tried before, or came to nothing.
pub(super) fn place_on_published(
    conn: &mut Conn,
    canteen: &Canteen,
    order: &StandingOrder,
    now: At,
) -> Result<Vec<Outcome>, Fail> {
    let today = canteen.today(now);
    let menus = menus::between(conn, canteen.id, today, today + MOST_AHEAD)?;
    let done = store::done_menus(conn, order.id)?;
    let resident = residents::find(conn, order.resident_id)?;
    let mut outcomes = Vec::new();
    for mut menu in menus {
        let open = menu.status == MenuStatus::Published && now <= menu.cutoff_at && !done.contains(&menu.id);
        if let (true, Some(mode)) = (open, order.terms.mode_for(menu.served_on, menu.period)) {
            let placing = Placing { order, resident: &resident, area: &canteen.area, mode };
            outcomes.push(placing.place(conn, &mut menu, now)?);
        }
    }
    Ok(outcomes)
}

/// An order that is placed on a menu.
struct Placing<'a> {
    order: &'a StandingOrder,
    resident: &'a Resident,
    area: &'a Area,
    mode: Mode,
}

/// What an attempt came to.
enum Got {
    Reserved(Reservation),
    Waits(Entry),
}

impl Placing<'_> {
    /// Tries it, and writes down what it came to.
    fn place(&self, conn: &mut Conn, menu: &mut Menu, now: At) -> Result<Outcome, Fail> {
        debug_assert_eq!(self.order.status, OrderStatus::Active);
        let nothing = Outcome {
            id: crate::id::Id::new(now),
            order_id: self.order.id,
            menu_id: menu.id,
            status: OutcomeStatus::NotReserved,
            reservation_id: None,
            waiting_id: None,
            why: None,
            recorded_at: now,
        };
        let outcome = match self.attempt(conn, menu, now) {
            Ok(Got::Reserved(reservation)) => {
                menu.note_taken(&reservation.lines);
                let id = Some(reservation.id);
                Outcome { status: OutcomeStatus::Reserved, reservation_id: id, ..nothing }
            }
            Ok(Got::Waits(entry)) => {
                menu.waiting += 1;
                Outcome { status: OutcomeStatus::Waiting, waiting_id: Some(entry.id), ..nothing }
            }
            Err(Fail::Refused(problem)) => Outcome { why: Some(problem.as_told()), ..nothing },
            Err(fail) => return Err(fail),
        };
        if store::record(conn, &outcome)? { Ok(outcome) } else { Err(Code::Conflict.into()) }
    }

    /// A place, or one in the line; each try in a savepoint, so that nothing remains of what is refused.
    fn attempt(&self, conn: &mut Conn, menu: &Menu, now: At) -> Result<Got, Fail> {
        let mut full = menu.waiting > 0 || menu.is_full();
        for _ in 0..TRIES {
            if full {
                match conn.in_savepoint(|conn| self.wait(conn, menu, now)) {
                    Err(Fail::Refused(problem)) if problem.code == Code::MenuNotFull => full = false,
                    waits => return waits.map(Got::Waits),
                }
            } else {
                match conn.in_savepoint(|conn| self.reserve(conn, menu, now)) {
                    Err(Fail::Refused(problem)) if problem.code == Code::MenuFull => full = true,
                    reserved => return reserved.map(Got::Reserved),
                }
            }
        }
        Err(Code::Conflict.into())
    }

    fn reserve(&self, conn: &mut Conn, menu: &Menu, now: At) -> Result<Reservation, Fail> {
        let picks = choose(menu, self.resident, self.order.terms.item_rule)?;
        let wish = Wish { mode: self.mode, picks, confirmed_allergens: Vec::new() };
        let (place, origin) = (self.counter(menu), Origin::standing(self.order.id));
        let placed = reservations::place(conn, &self.acting(), &place, self.resident, &wish, origin, now)?;
        Ok(placed.reservation)
    }

    fn wait(&self, conn: &mut Conn, menu: &Menu, now: At) -> Result<Entry, Fail> {
        let demand = Demand::Rule(self.order.terms.item_rule);
        let wanted = Wanted { mode: self.mode, demand, confirmed_allergens: Vec::new() };
        let (place, origin) = (self.counter(menu), Origin::standing(self.order.id));
        waiting::join(conn, &self.acting(), &place, self.resident, &wanted, origin, now)
    }

    fn counter<'a>(&'a self, menu: &'a Menu) -> Counter<'a> {
        Counter { menu, area: self.area, desk: None }
    }

    /// Whoever made the order asks, by the right that they had.
    fn acting(&self) -> ActingFor {
        ActingFor::as_recorded(self.order.actor, self.order.resident_id, self.order.right)
    }
}

/// Writes down what came of an order that waited for a place: a reservation, or nothing, and why.
pub(in crate::reservations) fn note_settled(
    conn: &mut Conn,
    waiting: WaitingEntryId,
    reservation: Option<ReservationId>,
    why: Option<&Told>,
) -> Result<(), Fail> {
    Ok(store::settle_waiting(conn, waiting, reservation, why)?)
}

/// Writes down that the orders that waited for a place of this menu got none, and why.
pub(in crate::reservations) fn note_line_ended(
    conn: &mut Conn,
    menu: MenuId,
    why: &Told,
) -> Result<(), Fail> {
    Ok(store::end_waiting(conn, menu, why)?)
}
