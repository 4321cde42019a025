//! The clients of a history: they want the same few things at the same time, and write down what they are told.

use std::{sync::Mutex, thread, time::Duration};

use fastrand::Rng;
use leling::clock::At;
use serde_json::{Value, json};

use super::{
    model::{Came, Number, Op, Person, Stands, What},
    record::{Call, Counts, Recorder, Told},
};
use crate::support::{Client, Reply, Town};

/// A menu of the history.
pub struct Table {
    pub id: String,
    pub set: String,
    pub dish: String,
    /// What its version is at first; the rules begin at 1.
    pub version: i64,
}

/// Where a history takes place: a canteen's day and some residents.
pub struct Place<'a> {
    pub town: &'a Town,
    pub canteen: usize,
    pub tables: Vec<Table>,
    /// The first resident of the town who belongs to it, and how many do.
    pub first: usize,
    pub persons: usize,
    /// What no other history of this database uses in its keys.
    pub name: String,
}

/// A reservation that somebody asked for.
#[derive(Clone)]
struct Asked {
    key: Number,
    menu: usize,
    person: Person,
    dishes: usize,
    /// Its id, once it was acknowledged.
    id: Option<String>,
}

/// A tap that somebody made.
#[derive(Clone)]
struct Tapped {
    tap: Number,
    menu: usize,
    person: Person,
    /// The reservation, by its key and id.
    of: Option<(Number, String)>,
    id: Option<String>,
}

/// Something keyed that is done to what is there already.
#[derive(Clone)]
struct Undone {
    key: Number,
    menu: usize,
    what: What,
    path: String,
    body: Value,
    person: Person,
}

/// What all clients know.
#[derive(Default)]
struct Known {
    next: Number,
    asked: Vec<Asked>,
    tapped: Vec<Tapped>,
    undone: Vec<Undone>,
    /// Instants that were told.
    instants: Vec<At>,
}

/// Everybody in a history.
pub struct Clients<'a> {
    pub place: &'a Place<'a>,
    pub recorder: Recorder,
    known: Mutex<Known>,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn instant(value: &Value) -> Option<At> {
    serde_json::from_value(value.clone()).ok()
}

/// `"v3"` and `"v3.17"` are version 3.
pub fn version(reply: &Reply) -> Option<i64> {
    reply
        .etag
        .as_ref()?
        .trim_start_matches("W/")
        .trim_matches('"')
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// Every price is whole tens of yuan, and the city pays three: whoever is left with seven was helped.
fn is_paid(due: &Value) -> Option<bool> {
    Some(due.as_i64()? % 1000 == 700)
}

impl<'a> Clients<'a> {
    pub fn new(place: &'a Place<'a>) -> Clients<'a> {
        Clients { place, recorder: Recorder::default(), known: Mutex::default() }
    }

    fn know<T>(&self, of: impl FnOnce(&mut Known) -> T) -> T {
        of(&mut self.known.lock().unwrap())
    }

    fn number(&self) -> Number {
        self.know(|known| {
            known.next += 1;
            known.next
        })
    }

    fn key(&self, number: Number) -> String {
        format!("{}-{number}", self.place.name)
    }

    fn tap_id(&self, number: Number) -> String {
        let hash = u64::from_str_radix(&self.place.name, 16).expect("a name is a number");
        format!("{:08x}-{:04x}-4000-8000-{number:012x}", hash >> 16 & 0xffff_ffff, hash & 0xffff)
    }

    fn resident(&self, person: Person) -> &crate::support::Resident {
        &self.place.town.residents[self.place.first + person]
    }

    /// The desk, at either process.
    fn desk(&self, dice: &mut Rng) -> Client {
        let servers = &self.place.town.servers;
        self.place.town.canteens[self.place.canteen].desk.at(&servers[dice.usize(..servers.len())])
    }

    /// One step of one client.
    pub fn step(&self, dice: &mut Rng) {
        match dice.u8(..100) {
            0..28 => self.place_new(dice),
            28..36 => self.place_again(dice),
            36..44 => self.change(dice),
            44..56 => self.cancel(dice),
            56..68 => self.check_in(dice),
            68..74 => self.walk_in(dice),
            74..80 => self.tap_again(dice),
            80..86 => self.void(dice),
            86..90 => self.undo_again(dice),
            90..94 => self.resize(dice),
            _ => self.count(dice),
        }
    }

    /// Everything that got no answer is asked for again, so that in the end everything is known.
    pub fn settle(&self, dice: &mut Rng) {
        let (asked, tapped, undone) =
            self.know(|known| (known.asked.clone(), known.tapped.clone(), known.undone.clone()));
        asked.iter().for_each(|asked| self.ask(asked, false));
        tapped.iter().for_each(|tapped| self.tap(tapped, dice, false));
        undone.iter().for_each(|undone| self.undo(undone, dice, false));
        for asked in self.know(|known| known.asked.clone()) {
            if let Some(id) = &asked.id {
                self.look(&asked, id);
            }
        }
        let instants = self.know(|known| known.instants.clone());
        instants.into_iter().for_each(|at| self.count_as_of(dice, Some(at)));
        self.count_as_of(dice, None);
    }

    fn place_new(&self, dice: &mut Rng) {
        let asked = Asked {
            key: self.number(),
            menu: dice.usize(..self.place.tables.len()),
            person: dice.usize(..self.place.persons),
            dishes: dice.usize(..3),
            id: None,
        };
        self.know(|known| known.asked.push(asked.clone()));
        self.ask(&asked, dice.u8(..12) == 0);
    }

    /// The same again, as it was or with another body.
    fn place_again(&self, dice: &mut Rng) {
        let Some(mut asked) = self.know(|known| dice.choice(known.asked.clone())) else { return };
        if dice.u8(..3) == 0 {
            asked.dishes = (asked.dishes + 1) % 3;
        }
        self.ask(&asked, false);
    }

    fn lines(&self, menu: usize, dishes: usize) -> Value {
        let table = &self.place.tables[menu];
        let mut lines = vec![json!({ "item_id": table.set, "portions": 1 })];
        if dishes > 0 {
            lines.push(json!({ "item_id": table.dish, "portions": dishes }));
        }
        json!(lines)
    }

    fn ask(&self, asked: &Asked, hang_up: bool) {
        let Asked { key, menu, person, dishes, .. } = *asked;
        let resident = self.resident(person);
        let body = json!({
            "menu_id": self.place.tables[menu].id, "resident_id": resident.id, "lines": self.lines(menu, dishes)
        });
        let what = What::Place { key, person, dishes };
        let call = self.recorder.call();
        if hang_up {
            return self.hang_up(&resident.client, call, menu, what, "/reservations", &body, &self.key(key));
        }
        let reply = resident.client.post_keyed("/reservations", body, &self.key(key));
        let told =
            self.told(&reply, 201, "id", &reply.body["placed_at"], &reply.body["quote"]["resident_fen"]);
        if let (Some(id), true) = (&told.id, reply.status == 201) {
            self.know(|known| {
                known
                    .asked
                    .iter_mut()
                    .filter(|known| known.key == key)
                    .for_each(|known| known.id = Some(id.clone()));
            });
        }
        self.answer(call, menu, what, 201, &reply, told);
    }

    fn told(&self, reply: &Reply, ok: u16, id: &str, at: &Value, due: &Value) -> Told {
        if reply.status != ok {
            return Told::default();
        }
        let at = instant(at);
        self.know(|known| known.instants.extend(at));
        Told { id: text(&reply.body[id]), at, paid: is_paid(due) }
    }

    fn answer(&self, call: Call, menu: usize, what: What, ok: u16, reply: &Reply, told: Told) {
        let came = if reply.status == ok {
            let relative =
                if matches!(what, What::Resize { .. }) { self.place.tables[menu].version - 1 } else { 0 };
            let keeps_version =
                matches!(what, What::Place { .. } | What::Change { .. } | What::Resize { .. });
            let version = version(reply).filter(|_| keeps_version).map(|version| version - relative);
            Came::Done { replayed: reply.replayed, version }
        } else {
            Came::Refused(reply.body["code"].as_str().unwrap_or("no code").to_owned())
        };
        self.recorder.answer(call, menu, Op { what, came }, told);
    }

    /// Asks and does not wait for the answer.
    fn hang_up(&self, by: &Client, call: Call, menu: usize, what: What, path: &str, body: &Value, key: &str) {
        by.hang_up_on(path, body, key);
        self.recorder.answer(call, menu, Op { what, came: Came::Unknown }, Told::default());
    }

    /// Some reservation that was acknowledged.
    fn some_reservation(&self, dice: &mut Rng) -> Option<(Asked, String)> {
        let acknowledged = self.know(|known| {
            let asked = known.asked.iter().filter_map(|asked| Some((asked.clone(), asked.id.clone()?)));
            asked.collect::<Vec<_>>()
        });
        dice.choice(acknowledged)
    }

    fn look(&self, asked: &Asked, id: &str) -> Option<i64> {
        let call = self.recorder.call();
        let reply = self.resident(asked.person).client.get(&format!("/reservations/{id}"));
        let dish = json!(self.place.tables[asked.menu].dish);
        let version = version(&reply)?;
        let came = Came::Seen {
            stands: match (&reply.body["status"], &reply.body["served"]) {
                (Value::String(status), _) if status == "cancelled" => Stands::Cancelled,
                (_, Value::Bool(true)) => Stands::Served,
                _ => Stands::Open,
            },
            dishes: reply.body["lines"]
                .as_array()?
                .iter()
                .filter(|line| line["item_id"] == dish)
                .filter_map(|line| line["portions"].as_u64())
                .sum::<u64>() as usize,
            version,
        };
        let what = What::Look { of: asked.key };
        self.recorder.answer(call, asked.menu, Op { what, came }, Told::default());
        Some(version)
    }

    fn change(&self, dice: &mut Rng) {
        let Some((asked, id)) = self.some_reservation(dice) else { return };
        let Some(seen) = self.look(&asked, &id) else { return };
        let what = What::Change { of: asked.key, seen, dishes: dice.usize(..3) };
        let What::Change { dishes, .. } = what else { return };
        let body = json!({ "mode": "dine_in", "lines": self.lines(asked.menu, dishes) });
        let call = self.recorder.call();
        let client = &self.resident(asked.person).client;
        let reply = client.put(&format!("/reservations/{id}"), body, &format!("\"v{seen}\""));
        let told = self.told(&reply, 200, "id", &Value::Null, &reply.body["quote"]["resident_fen"]);
        self.answer(call, asked.menu, what, 200, &reply, told);
    }

    fn cancel(&self, dice: &mut Rng) {
        let Some((asked, id)) = self.some_reservation(dice) else { return };
        let key = self.number();
        let undone = Undone {
            key,
            menu: asked.menu,
            what: What::Cancel { key, of: asked.key },
            path: format!("/reservations/{id}/cancel"),
            body: Value::Null,
            person: asked.person,
        };
        self.know(|known| known.undone.push(undone.clone()));
        self.undo(&undone, dice, true);
    }

    fn void(&self, dice: &mut Rng) {
        let acknowledged = self.know(|known| {
            let tapped = known.tapped.iter().filter_map(|tapped| Some((tapped.clone(), tapped.id.clone()?)));
            tapped.collect::<Vec<_>>()
        });
        let Some((tapped, id)) = dice.choice(acknowledged) else { return };
        let key = self.number();
        let undone = Undone {
            key,
            menu: tapped.menu,
            what: What::Void { key, tap: tapped.tap },
            path: format!("/attendance/{id}/void"),
            body: json!({ "reason": "pressed by mistake" }),
            person: tapped.person,
        };
        self.know(|known| known.undone.push(undone.clone()));
        self.undo(&undone, dice, true);
    }

    fn undo_again(&self, dice: &mut Rng) {
        if let Some(undone) = self.know(|known| dice.choice(known.undone.clone())) {
            self.undo(&undone, dice, false);
        }
    }

    fn undo(&self, undone: &Undone, dice: &mut Rng, may_hang_up: bool) {
        let by_desk = matches!(undone.what, What::Void { .. });
        let by = if by_desk { self.desk(dice) } else { self.resident(undone.person).client.clone() };
        let call = self.recorder.call();
        if may_hang_up && dice.u8(..10) == 0 {
            let key = self.key(undone.key);
            return self.hang_up(&by, call, undone.menu, undone.what, &undone.path, &undone.body, &key);
        }
        let reply = by.post_keyed(&undone.path, undone.body.clone(), &self.key(undone.key));
        let told = self.told(&reply, 200, "id", &reply.body["cancelled_at"], &Value::Null);
        self.answer(call, undone.menu, undone.what, 200, &reply, told);
    }

    fn check_in(&self, dice: &mut Rng) {
        let Some((asked, id)) = self.some_reservation(dice) else { return };
        let tapped = Tapped {
            tap: self.number(),
            menu: asked.menu,
            person: asked.person,
            of: Some((asked.key, id)),
            id: None,
        };
        self.know(|known| known.tapped.push(tapped.clone()));
        self.tap(&tapped, dice, true);
    }

    fn walk_in(&self, dice: &mut Rng) {
        let tapped = Tapped {
            tap: self.number(),
            menu: dice.usize(..self.place.tables.len()),
            person: dice.usize(..self.place.persons),
            of: None,
            id: None,
        };
        self.know(|known| known.tapped.push(tapped.clone()));
        self.tap(&tapped, dice, true);
    }

    fn tap_again(&self, dice: &mut Rng) {
        let Some(mut tapped) = self.know(|known| dice.choice(known.tapped.clone())) else { return };
        if dice.u8(..4) == 0 {
            // The same tap, with another content.
            (tapped.person, tapped.of) = ((tapped.person + 1) % self.place.persons, None);
        }
        self.tap(&tapped, dice, false);
    }

    fn tap(&self, tapped: &Tapped, dice: &mut Rng, may_hang_up: bool) {
        let mut body = json!({ "tap_id": self.tap_id(tapped.tap) });
        let what = match &tapped.of {
            Some((of, id)) => {
                body["reservation_id"] = json!(id);
                What::CheckIn { tap: tapped.tap, of: *of }
            }
            None => {
                body["kind"] = json!("walk_in");
                body["card_number"] = json!(self.resident(tapped.person).card);
                What::WalkIn { tap: tapped.tap, person: tapped.person }
            }
        };
        let path = format!("/menus/{}/attendance", self.place.tables[tapped.menu].id);
        let desk = self.desk(dice);
        let call = self.recorder.call();
        if may_hang_up && dice.u8(..10) == 0 {
            return self.hang_up(&desk, call, tapped.menu, what, &path, &body, "none");
        }
        let reply = desk.post(&path, body);
        let told = self.told(&reply, 201, "attendance_id", &reply.body["served_at"], &reply.body["due_fen"]);
        if let (Some(id), true) = (&told.id, reply.status == 201) {
            self.know(|known| {
                known
                    .tapped
                    .iter_mut()
                    .filter(|known| known.tap == tapped.tap)
                    .for_each(|known| known.id = Some(id.clone()));
            });
        }
        self.answer(call, tapped.menu, what, 201, &reply, told);
    }

    fn resize(&self, dice: &mut Rng) {
        let menu = dice.usize(..self.place.tables.len());
        let (table, desk) = (&self.place.tables[menu], self.desk(dice));
        let path = format!("/menus/{}", table.id);
        let Some(seen) = version(&desk.get(&path)) else { return };
        let to = dice.usize(1..=3);
        let what = What::Resize { seen: seen - table.version + 1, to };
        let call = self.recorder.call();
        let reply = desk.put(&path, super::menu_body(to, Some(table)), &format!("\"v{seen}\""));
        self.answer(call, menu, what, 200, &reply, Told::default());
    }

    /// The day's headcounts, as of now or of an instant that was told.
    fn count(&self, dice: &mut Rng) {
        let at = self.know(|known| dice.choice(known.instants.clone()));
        let at = at.filter(|_| dice.bool());
        self.count_as_of(dice, at);
        if dice.u8(..8) == 0 {
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn count_as_of(&self, dice: &mut Rng, at: Option<At>) {
        let canteen = &self.place.town.canteens[self.place.canteen].id;
        let as_of = at.map(|at| format!("&as_of={at}")).unwrap_or_default();
        let path = format!("/canteens/{canteen}/headcounts?on={}{as_of}", self.place.town.today());
        let desk = self.desk(dice);
        let call = self.recorder.call();
        let day = desk.get(&path).expect(200);
        let menus: Vec<_> = day["menus"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|menu| {
                let table = self.place.tables.iter().position(|table| json!(table.id) == menu["menu_id"])?;
                let people = |kind: &str| menu[kind]["people"].as_i64().unwrap();
                let counts = Counts {
                    reserved: people("reserved"),
                    cancelled: people("cancelled"),
                    served: people("served_with_reservation"),
                    walk_ins: people("walk_ins"),
                };
                Some((table, counts))
            })
            .collect();
        assert_eq!(menus.len(), self.place.tables.len(), "{day}");
        self.recorder.read(call, &menus, instant(&day["as_of"]).unwrap());
    }
}
