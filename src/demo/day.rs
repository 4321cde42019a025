//! One whole day over HTTP: by the staff, the volunteers, the residents and the families of every canteen.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Value, json};

use super::{
    broken,
    client::{Server, Session, list, text},
    instant,
    kitchen::{Fate, MealPlan, Ordered, items, plan},
    loading::Part,
    progress::Progress,
    setup::{Diner, House, Kitchen},
};
use crate::{
    clock::{At, Hand},
    headcounts::Channel,
    id::Id,
    ids::{CanteenId, TapId},
    start_error::StartError,
    words::{Period, Weekday},
};

/// How many canteens talk to the service at once.
const AT_ONCE: usize = 4;

/// How many days of menus are posted besides the day's own.
const DAYS_AHEAD: u64 = 7;

/// Where the last of these days has few places, so that somebody waits for one; and how many.
const FEW_PLACES: (&str, i32) = ("jinyuan", 2);

/// What was done at a canteen, counted by who did it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub reserved: i64,
    pub cancelled: i64,
    pub served_with_reservation: i64,
    pub walk_ins: i64,
    pub no_shows: i64,
    pub guests: i64,
    pub second_meals: i64,
}

/// Something that every canteen does at one time.
struct Hour<'s, 'k> {
    at: At,
    act: fn(&mut Shift<'s, 'k>) -> Result<(), StartError>,
}

/// Lives through the day and says what was done at each canteen.
///
/// Fails with `demo_failed` when anything is refused.
pub fn live(
    server: &Server,
    house: &House,
    hand: &Hand,
    on: NaiveDate,
    progress: &mut Progress,
) -> Result<HashMap<CanteenId, Done>, StartError> {
    let eve = on - Days::new(1);
    let hours = [
        Hour { at: instant(eve, 9, 30), act: Shift::open },
        Hour { at: instant(eve, 10, 0), act: |shift| shift.reserve(0) },
        Hour { at: instant(eve, 15, 0), act: Shift::cancel },
        Hour { at: instant(on, 10, 20), act: |shift| shift.reserve_late(Period::Lunch) },
        Hour { at: instant(on, 11, 20), act: |shift| shift.serve(Period::Lunch) },
        Hour { at: instant(on, 13, 30), act: |shift| shift.close(Period::Lunch) },
        Hour { at: instant(on, 14, 0), act: |shift| shift.reserve(1) },
        Hour { at: instant(on, 16, 20), act: |shift| shift.reserve_late(Period::Dinner) },
        Hour { at: instant(on, 17, 20), act: |shift| shift.serve(Period::Dinner) },
        Hour { at: instant(on, 19, 0), act: |shift| shift.close(Period::Dinner) },
        Hour { at: instant(on, 19, 30), act: Shift::order_for_good },
    ];
    progress.begin(Part::Day, (hours.len() * house.kitchens.len()) as u64);
    let mut shifts = Vec::new();
    for kitchen in &house.kitchens {
        shifts.push(Mutex::new(Shift::new(server, kitchen, on)?));
    }
    for hour in &hours {
        hand.set(hour.at);
        at_once(&mut shifts, hour, progress)?;
    }
    progress.end();
    shifts
        .into_iter()
        .map(|shift| {
            let shift = shift.into_inner().map_err(broken)?;
            Ok((shift.kitchen.canteen.id, shift.done))
        })
        .collect()
}

/// Every canteen does it, several at once.
fn at_once<'s, 'k>(
    shifts: &mut [Mutex<Shift<'s, 'k>>],
    hour: &Hour<'s, 'k>,
    progress: &Progress,
) -> Result<(), StartError> {
    let (next, shifts) = (AtomicUsize::new(0), &*shifts);
    let act = hour.act;
    let some = || -> Result<(), StartError> {
        while let Some(shift) = shifts.get(next.fetch_add(1, Ordering::Relaxed)) {
            act(&mut *shift.lock().map_err(broken)?)?;
            progress.step();
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(some)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(broken("a panic"))))
    })
}

/// A menu that was posted, with the plan for it.
struct Open {
    plan: MealPlan,
    id: String,
    items: Vec<String>,
    /// In the order of the plan; none for who did not reserve yet.
    reservations: Vec<Option<String>>,
}

/// The people of a canteen who are signed in, and what they are doing.
struct Shift<'s, 'k> {
    server: &'s Server,
    kitchen: &'k Kitchen,
    on: NaiveDate,
    sessions: HashMap<Who, Session<'s>>,
    /// The day's own menus and those of the day after.
    menus: Vec<Open>,
    done: Done,
}

/// Somebody of a canteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    Staff,
    Volunteer,
    /// The resident with this place among the diners.
    Resident(usize),
    /// Their family member.
    Family(usize),
}

impl<'s, 'k> Shift<'s, 'k> {
    fn new(server: &'s Server, kitchen: &'k Kitchen, on: NaiveDate) -> Result<Shift<'s, 'k>, StartError> {
        Ok(Shift { server, kitchen, on, sessions: HashMap::new(), menus: Vec::new(), done: Done::default() })
    }

    /// The session of somebody, who signs in if they have not yet.
    fn session(&mut self, who: Who) -> Result<&mut Session<'s>, StartError> {
        if !self.sessions.contains_key(&who) {
            let session = self.sign_in(who)?;
            self.sessions.insert(who, session);
        }
        self.sessions.get_mut(&who).ok_or_else(|| broken("nobody is signed in"))
    }

    fn sign_in(&self, who: Who) -> Result<Session<'s>, StartError> {
        let member = match who {
            Who::Staff => Some(&self.kitchen.staff),
            Who::Volunteer => self.kitchen.volunteers.last(),
            Who::Family(diner) => self.kitchen.diners[diner].family.as_ref(),
            Who::Resident(diner) => {
                let diner = &self.kitchen.diners[diner];
                let pin = diner.pin.as_ref().ok_or_else(|| broken("a resident without PIN"))?;
                return Session::of_card(self.server, &diner.resident.card_number, pin);
            }
        };
        Session::of_member(self.server, member.ok_or_else(|| broken("nobody of this role"))?)
    }

    /// Staff post the menus of the day and of the week after it.
    fn open(&mut self) -> Result<(), StartError> {
        let place = self.kitchen.place;
        let days = (0..=DAYS_AHEAD).map(|ahead| self.on + Days::new(ahead));
        let mut menus = Vec::new();
        for (on, period) in days.flat_map(|on| place.periods().map(move |period| (on, period))) {
            let items = items(place, on, period).map_err(broken)?;
            let few =
                (place.key == FEW_PLACES.0 && on == self.on + Days::new(DAYS_AHEAD)).then_some(FEW_PLACES.1);
            menus.push(json!({
                "served_on": on,
                "period": period,
                "items": items,
                "capacity": few,
                "publish": true,
            }));
        }
        let path = format!("/canteens/{}/menus/week", self.kitchen.canteen.id);
        let posted = self.session(Who::Staff)?.post(&path, &json!({ "menus": menus }))?;
        let last = self.on + Days::new(1);
        for (menu, wanted) in list(&posted, "/items")?.iter().zip(&menus) {
            let on: NaiveDate = serde_json::from_value(wanted["served_on"].clone()).map_err(broken)?;
            let period: Period = serde_json::from_value(wanted["period"].clone()).map_err(broken)?;
            if on <= last {
                let plan = plan(self.kitchen, on, period).map_err(broken)?;
                let items =
                    list(menu, "/items")?.iter().map(|item| text(item, "/id")).collect::<Result<_, _>>()?;
                let reservations = vec![None; plan.orders.len()];
                self.menus.push(Open { plan, id: text(menu, "/id")?, items, reservations });
            }
        }
        Ok(())
    }

    /// The places of the menus of a day, in the order of its meals.
    fn menus_of(&self, on: NaiveDate) -> Vec<usize> {
        (0..self.menus.len()).filter(|menu| self.menus[*menu].plan.on == on).collect()
    }

    /// The place of the day's own menu of this meal, if it is served here.
    fn menu_of(&self, period: Period) -> Option<usize> {
        self.menus_of(self.on).into_iter().find(|menu| self.menus[*menu].plan.period == period)
    }

    /// Everybody who reserves in time does so, for the day that lies so many days ahead of the day itself.
    fn reserve(&mut self, ahead: u64) -> Result<(), StartError> {
        for menu in self.menus_of(self.on + Days::new(ahead)) {
            self.reserve_some(menu, false)?;
        }
        Ok(())
    }

    /// Who is late reserves at the desk.
    fn reserve_late(&mut self, period: Period) -> Result<(), StartError> {
        self.menu_of(period).map_or(Ok(()), |menu| self.reserve_some(menu, true))
    }

    fn reserve_some(&mut self, menu: usize, late: bool) -> Result<(), StartError> {
        for (number, ordered) in self.menus[menu].plan.orders.clone().iter().enumerate() {
            if ordered.late == late {
                let wish = self.wish(&self.menus[menu], ordered);
                let placed = self.session(orderer(ordered))?.post("/reservations", &wish)?;
                self.menus[menu].reservations[number] = Some(text(&placed, "/id")?);
                self.count(menu, |done| done.reserved += 1);
            }
        }
        Ok(())
    }

    fn wish(&self, menu: &Open, ordered: &Ordered) -> Value {
        let lines: Vec<Value> =
            ordered.picks.iter().map(|pick| json!({ "item_id": menu.items[*pick], "portions": 1 })).collect();
        let mut wish = json!({
            "menu_id": menu.id,
            "resident_id": self.kitchen.diners[ordered.diner].resident.id,
            "mode": ordered.mode,
            "lines": lines,
            "confirmed_allergens": ordered.confirmed_allergens,
        });
        if matches!(ordered.channel, Channel::Desk | Channel::Phone) {
            wish["channel"] = json!(ordered.channel);
        }
        wish
    }

    /// Who thinks better of it cancels in time; one resident asks first what the meal costs and why.
    fn cancel(&mut self) -> Result<(), StartError> {
        for menu in self.menus_of(self.on) {
            self.ask_price(menu)?;
            for (number, ordered) in self.menus[menu].plan.orders.clone().iter().enumerate() {
                if ordered.fate == Fate::Cancelled {
                    let path = format!("/reservations/{}/cancel", self.reservation(menu, number)?);
                    self.session(orderer(ordered))?.post(&path, &Value::Null)?;
                    self.count(menu, |done| done.cancelled += 1);
                }
            }
        }
        Ok(())
    }

    fn ask_price(&mut self, menu: usize) -> Result<(), StartError> {
        let open = &self.menus[menu];
        let own = open.plan.orders.iter().find(|ordered| ordered.channel == Channel::OneSelf).cloned();
        let Some(ordered) = own else { return Ok(()) };
        let line = json!({ "item_id": open.items[0], "portions": 1 });
        let question = json!({
            "menu_id": open.id,
            "resident_id": self.kitchen.diners[ordered.diner].resident.id,
            "mode": "dine_in",
            "lines": [line],
        });
        self.session(orderer(&ordered))?.post("/quotes", &question)?;
        Ok(())
    }

    fn reservation(&self, menu: usize, number: usize) -> Result<String, StartError> {
        self.menus[menu].reservations[number].clone().ok_or_else(|| broken("nothing was reserved"))
    }

    /// People come: volunteers check them in at the door, staff at the desk.
    fn serve(&mut self, period: Period) -> Result<(), StartError> {
        let Some(menu) = self.menu_of(period) else { return Ok(()) };
        let plan = self.menus[menu].plan.clone();
        let door_list = format!("/menus/{}/door-list", self.menus[menu].id);
        self.session(Who::Volunteer)?.get(&door_list)?;
        let mut first = None;
        for (number, ordered) in plan.orders.iter().enumerate() {
            let diner = &self.kitchen.diners[ordered.diner].resident;
            match ordered.fate {
                Fate::Cancelled => continue,
                Fate::NoShow => {
                    self.count(menu, |done| done.no_shows += 1);
                    continue;
                }
                Fate::AtDoor => {
                    let id = self.reservation(menu, number)?;
                    self.tap(menu, Who::Volunteer, "reserved", json!({ "reservation_id": id }))?;
                }
                Fate::AtDesk => {
                    let card = json!({ "card_number": diner.card_number });
                    self.tap(menu, Who::Staff, "reserved", card)?;
                }
            }
            first = first.or(Some(diner.id));
            self.count(menu, |done| done.served_with_reservation += 1);
        }
        for (nth, diner) in plan.walk_ins.iter().enumerate() {
            let who = json!({ "card_number": self.kitchen.diners[*diner].resident.card_number });
            let attendance = self.tap(menu, Who::Staff, "walk_in", who.clone())?;
            if nth == 0 {
                // Every canteen makes a mistake that day, and puts it right.
                let path = format!("/attendance/{attendance}/void");
                self.session(Who::Staff)?.post(&path, &json!({ "reason": "按错了人，重新登记" }))?;
                self.tap(menu, Who::Staff, "walk_in", who)?;
            }
            self.count(menu, |done| done.walk_ins += 1);
        }
        for _ in 0..plan.guests {
            self.tap(menu, Who::Staff, "guest", json!({}))?;
            self.count(menu, |done| done.guests += 1);
        }
        if let (true, Some(resident)) = (plan.second_meal, first) {
            self.tap(menu, Who::Staff, "second", json!({ "resident_id": resident }))?;
            self.count(menu, |done| done.second_meals += 1);
        }
        Ok(())
    }

    /// Records a meal, and answers the attendance's id.
    fn tap(&mut self, menu: usize, by: Who, kind: &str, mut who: Value) -> Result<String, StartError> {
        let tap_id: TapId = Id::new(self.server.now());
        who["tap_id"] = json!(tap_id);
        who["kind"] = json!(kind);
        who["point"] = json!(if by == Who::Volunteer { "door" } else { "desk" });
        let path = format!("/menus/{}/attendance", self.menus[menu].id);
        text(&self.session(by)?.post(&path, &who)?, "/attendance_id")
    }

    /// The meal is over: staff close the menu and read whom to call.
    fn close(&mut self, period: Period) -> Result<(), StartError> {
        let Some(menu) = self.menu_of(period) else { return Ok(()) };
        let path = format!("/menus/{}/close", self.menus[menu].id);
        self.session(Who::Staff)?.post(&path, &Value::Null)?;
        Ok(())
    }

    /// A resident, a daughter and two at the desk want lunch on every second day to come.
    fn order_for_good(&mut self) -> Result<(), StartError> {
        let diners = &self.kitchen.diners;
        let at_home = |index: &usize| diners[*index].pin.is_none() && diners[*index].family.is_none();
        // The last of each, but not the first, whom a visitor signs in as: they have meals left to choose.
        let last = |of: &dyn Fn(&Diner) -> bool| {
            (0..diners.len()).filter(|index| of(&diners[*index])).skip(1).last()
        };
        let own = last(&|diner| diner.pin.is_some()).map(|diner| (Who::Resident(diner), diner));
        let family = last(&|diner| diner.pin.is_none() && diner.family.is_some())
            .map(|diner| (Who::Family(diner), diner));
        let desk = (0..diners.len()).filter(at_home).take(2).map(|diner| (Who::Staff, diner));
        let weekdays = [DAYS_AHEAD - 4, DAYS_AHEAD - 2, DAYS_AHEAD]
            .map(|ahead| Weekday::from((self.on + Days::new(ahead)).weekday()));
        for (who, diner) in own.into_iter().chain(family).chain(desk) {
            let order = json!({
                "canteen_id": self.kitchen.canteen.id,
                "resident_id": diners[diner].resident.id,
                "from_on": self.on + Days::new(2),
                "meals": [{ "period": "lunch", "mode": "dine_in", "weekdays": weekdays }],
                "item_rule": "by_diet",
            });
            self.session(who)?.post("/standing-orders", &order)?;
        }
        Ok(())
    }

    /// Counts what was done for the day itself.
    fn count(&mut self, menu: usize, how: fn(&mut Done)) {
        if self.menus[menu].plan.on == self.on {
            how(&mut self.done);
        }
    }
}

/// Who places, changes and cancels this reservation.
fn orderer(ordered: &Ordered) -> Who {
    match ordered.channel {
        Channel::OneSelf => Who::Resident(ordered.diner),
        Channel::Family => Who::Family(ordered.diner),
        Channel::Desk | Channel::Phone | Channel::Volunteer | Channel::StandingOrder | Channel::WalkIn => {
            Who::Staff
        }
    }
}
