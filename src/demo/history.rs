//! Thirty days that have passed, lived through by the same acts as real ones, with the instants that they had.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};

use super::{
    DAYS, instant,
    kitchen::{Fate, MealPlan, Ordered, plan},
    loading::Part,
    places::hours,
    progress::Progress,
    setup::{Diner, Kitchen, caller, mistake},
    written,
};
use crate::{
    access::{Act, ActingFor, OnDuty, Role, Site},
    app::State,
    attendance::{self, Attendance, Door, Outcome, Person, Tap, TapKind, Tapper},
    clock::At,
    db::Conn,
    headcounts::Channel,
    id::Id,
    menus::{self, Menu, MenuPlan, Pick},
    problem::{Fail, Problem},
    reservations::{self, Counter, Origin, Reservation, Wish},
    start_error::StartError,
};

/// How many canteens live at once.
const AT_ONCE: usize = 2;

/// Lives through the days of every canteen, up to the day before `yesterday`.
///
/// Fails with what an act refuses, which none does.
pub fn live(
    state: &State,
    kitchens: &[Arc<Kitchen>],
    yesterday: NaiveDate,
    progress: &mut Progress,
) -> Result<(), StartError> {
    progress.begin(Part::History, DAYS * kitchens.len() as u64);
    let (next, progress_so_far) = (AtomicUsize::new(0), &*progress);
    let live_some = || -> Result<(), StartError> {
        while let Some(kitchen) = kitchens.get(next.fetch_add(1, Ordering::Relaxed)) {
            for ago in (1..=DAYS).rev() {
                live_day(state, kitchen, yesterday - Days::new(ago))?;
                progress_so_far.step();
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(live_some)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(super::broken("a panic"))))
    })?;
    progress.end();
    Ok(())
}

fn live_day(state: &State, kitchen: &Arc<Kitchen>, on: NaiveDate) -> Result<(), StartError> {
    for period in kitchen.place.periods() {
        let plan = Arc::new(plan(kitchen, on, period).map_err(super::broken)?);
        let (own, planned) = (kitchen.clone(), plan.clone());
        let booked = written(state, move |conn| book(conn, &own, &planned))?;
        let own = kitchen.clone();
        written(state, move |conn| serve(conn, &own, &plan, &booked))?;
    }
    Ok(())
}

/// A menu, and the reservation of everybody who made theirs in time, in the order of the plan.
#[derive(Clone)]
struct Booked {
    menu: Menu,
    reservations: Vec<Option<Reservation>>,
}

/// The day before: the menu is posted, reservations come in, some are cancelled.
fn book(conn: &mut Conn, kitchen: &Kitchen, plan: &MealPlan) -> Result<Booked, Fail> {
    let eve = plan.on - Days::new(1);
    let desk = Desk::of(kitchen);
    let posted = posted(conn, kitchen, plan, instant(eve, 9, 30))?;
    let mut reservations = Vec::new();
    let mut now = instant(eve, 10, 0);
    for ordered in &plan.orders {
        now = now + TimeDelta::seconds(11);
        reservations.push(match ordered.late {
            true => None,
            false => Some(desk.reserve(conn, &posted, ordered, now)?),
        });
    }
    for (ordered, reservation) in plan.orders.iter().zip(&reservations) {
        if let (Fate::Cancelled, Some(reservation)) = (ordered.fate, reservation) {
            now = now + TimeDelta::seconds(11);
            desk.cancel(conn, &posted, ordered, reservation, now)?;
        }
    }
    Ok(Booked { menu: posted, reservations })
}

fn posted(conn: &mut Conn, kitchen: &Kitchen, plan: &MealPlan, now: At) -> Result<Menu, Fail> {
    let duty = caller(conn, kitchen.staff.ticket, Act::EditMenus, now)?.on_duty(&kitchen.canteen.site())?;
    let wanted = MenuPlan { capacity: None, modes: None, note: String::new(), items: plan.items.clone() };
    let draft = menus::draft(conn, &duty, &kitchen.canteen, plan.on, plan.period, &wanted, now)?;
    menus::publish(conn, &duty, draft.id, now)
}

/// The desk of a canteen, where reservations come in by every channel.
struct Desk<'a> {
    kitchen: &'a Kitchen,
    site: Site,
}

impl Desk<'_> {
    fn of(kitchen: &Kitchen) -> Desk<'_> {
        Desk { kitchen, site: kitchen.canteen.site() }
    }

    /// The proof of whoever uses this channel for the diner, and the desk's own if it is staff.
    fn acting(
        &self,
        conn: &mut Conn,
        diner: &Diner,
        channel: Channel,
        now: At,
    ) -> Result<(ActingFor, Option<OnDuty>), Fail> {
        let ticket = match channel {
            Channel::OneSelf => diner.ticket,
            Channel::Family => diner.family.as_ref().map(|family| family.ticket),
            Channel::Desk
            | Channel::Phone
            | Channel::Volunteer
            | Channel::StandingOrder
            | Channel::WalkIn => Some(self.kitchen.staff.ticket),
        };
        let ticket = ticket.ok_or_else(|| mistake("nobody acts by this channel"))?;
        let caller = caller(conn, ticket, Act::Reserve, now)?;
        let acting = caller.acting_for(conn, &diner.registered)?;
        Ok((acting, caller.on_duty_as(Role::Staff, &self.site).ok()))
    }

    fn reserve(&self, conn: &mut Conn, menu: &Menu, ordered: &Ordered, now: At) -> Result<Reservation, Fail> {
        let diner = &self.kitchen.diners[ordered.diner];
        let (acting, duty) = self.acting(conn, diner, ordered.channel, now)?;
        let counter = Counter { menu, area: &self.site.area, desk: duty.as_ref() };
        let wish = Wish {
            mode: ordered.mode,
            picks: picks(menu, ordered),
            confirmed_allergens: ordered
                .confirmed_allergens
                .iter()
                .map(|word| word.as_str().to_owned())
                .collect(),
        };
        let origin = Origin::asked(ordered.channel);
        let placed = reservations::place(conn, &acting, &counter, &diner.resident, &wish, origin, now)?;
        Ok(placed.reservation)
    }

    fn cancel(
        &self,
        conn: &mut Conn,
        menu: &Menu,
        ordered: &Ordered,
        reservation: &Reservation,
        now: At,
    ) -> Result<(), Fail> {
        let diner = &self.kitchen.diners[ordered.diner];
        let (acting, duty) = self.acting(conn, diner, ordered.channel, now)?;
        let counter = Counter { menu, area: &self.site.area, desk: duty.as_ref() };
        reservations::cancel(conn, &acting, &counter, reservation, now)?;
        Ok(())
    }
}

fn picks(menu: &Menu, ordered: &Ordered) -> Vec<Pick> {
    ordered.picks.iter().map(|place| Pick { item_id: menu.items[*place].id, portions: 1 }).collect()
}

/// The day itself: who is late reserves at the desk, people come, the menu is closed an hour after the meal.
fn serve(conn: &mut Conn, kitchen: &Kitchen, plan: &MealPlan, booked: &Booked) -> Result<(), Fail> {
    let (serves_from, serves_to) = hours(plan.period);
    let at = |time: NaiveTime| kitchen.canteen.zone.instant(plan.on, time);
    let desk = Desk::of(kitchen);
    let mut now = at(serves_from.0) - TimeDelta::minutes(40);
    let menu = &booked.menu;
    let mut reservations = booked.reservations.clone();
    for (ordered, reservation) in plan.orders.iter().zip(&mut reservations) {
        if ordered.late {
            now = now + TimeDelta::seconds(20);
            *reservation = Some(desk.reserve(conn, menu, ordered, now)?);
        }
    }
    let mut entrance = Entrance { kitchen, menu, now: at(serves_from.0) };
    let mut first = None;
    for (ordered, reservation) in plan.orders.iter().zip(&reservations) {
        let Some(reservation) = reservation else { continue };
        let role = match ordered.fate {
            Fate::Cancelled | Fate::NoShow => continue,
            Fate::AtDoor => Role::Volunteer,
            Fate::AtDesk => Role::Staff,
        };
        entrance.tap(conn, role, TapKind::Reserved, Person::Reservation(reservation.id))?;
        first = first.or(Some(reservation.resident_id));
    }
    let mut walked_in = None;
    for diner in &plan.walk_ins {
        let resident = kitchen.diners[*diner].resident.id;
        walked_in = Some(entrance.tap(conn, Role::Staff, TapKind::WalkIn, Person::Resident(resident))?);
    }
    if let (true, Some(mistaken)) = (plan.mistake, walked_in) {
        entrance.void_and_again(conn, &mistaken)?;
    }
    for _ in 0..plan.guests {
        entrance.tap(conn, Role::Staff, TapKind::Guest, Person::Nobody)?;
    }
    if let (true, Some(resident)) = (plan.second_meal, first) {
        entrance.tap(conn, Role::Staff, TapKind::Second, Person::Resident(resident))?;
    }
    attendance::close_menu(conn, menu.id, at(serves_to.0) + TimeDelta::hours(1))?;
    Ok(())
}

/// Where people come in, one after another.
struct Entrance<'a> {
    kitchen: &'a Kitchen,
    menu: &'a Menu,
    now: At,
}

impl Entrance<'_> {
    fn duty(&self, conn: &mut Conn, role: Role, act: Act) -> Result<OnDuty, Fail> {
        let ticket = match (role, self.kitchen.volunteers.last()) {
            (Role::Volunteer, Some(volunteer)) => volunteer.ticket,
            (_, _) => self.kitchen.staff.ticket,
        };
        caller(conn, ticket, act, self.now)?.on_duty_as(role, &self.kitchen.canteen.site())
    }

    fn tap(
        &mut self,
        conn: &mut Conn,
        role: Role,
        kind: TapKind,
        person: Person,
    ) -> Result<Attendance, Fail> {
        self.now = self.now + TimeDelta::seconds(17);
        let duty = self.duty(conn, role, Act::CheckIn)?;
        let door = Door { duty: &duty, menu: self.menu, canteen: &self.kitchen.canteen };
        let id = Id::new(self.now);
        let by = Tapper::of(&duty, None).map_err(Fail::Refused)?;
        let tap = Tap { id, by, kind, person, lines: None, mode: None, tapped_at: None };
        match attendance::check_in(conn, &door, &tap, self.now)? {
            Outcome::Recorded(attendance) | Outcome::Repeated(attendance) => Ok(*attendance),
            Outcome::Refused(word) => Err(Problem::into(word)),
        }
    }

    fn void_and_again(&mut self, conn: &mut Conn, mistaken: &Attendance) -> Result<(), Fail> {
        self.now = self.now + TimeDelta::seconds(17);
        let duty = self.duty(conn, Role::Staff, Act::VoidAttendance)?;
        let by = Tapper::of(&duty, None).map_err(Fail::Refused)?;
        let reason = "按错了人，重新登记";
        attendance::void(conn, &duty, &self.kitchen.canteen, mistaken.id, by, reason, self.now)?;
        if let Some(resident) = mistaken.resident_id {
            self.tap(conn, Role::Staff, TapKind::WalkIn, Person::Resident(resident))?;
        }
        Ok(())
    }
}
