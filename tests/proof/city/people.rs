//! A canteen of the city, its desk and its door, and the books that they keep.

use std::{ops::Range, thread, time::Duration};

use chrono::{Days, NaiveDate};
use fastrand::Rng;
use leling::id::random_bytes;
use serde_json::{Value, json};

use super::{City, DAY, PATIENCE};

/// Of so many canteens one has a phone without signal.
const OFFLINE_OF: usize = 5;

/// So many check-ins of a batch.
const BATCH: usize = 100;

/// One in so many: thinks better, changes, does not come, walks in, was checked in by mistake.
const CANCELS: usize = 25;
const CHANGES: usize = 33;
const STAYS_AWAY: usize = 20;
const WALKS_IN: usize = 50;
const MISTAKES: usize = 100;

/// Somebody who is signed in, and how they are again.
pub struct Session {
    pub tokens: Value,
    way: Way,
}

enum Way {
    Password { user_name: String, password: String },
    Device,
}

impl Session {
    /// Somebody new with this role.
    pub fn member(city: &City, admin: &Value, user_name: &str, grant: &Value) -> Session {
        let body = json!({ "user_name": user_name, "display_name": user_name, "grant": grant });
        // An answer that is repeated leaves the password out, so nobody is killed meanwhile.
        let made = city.post_as(admin, "/accounts", &body, &city.key()).expect(201);
        let password = made["one_time_password"].as_str().expect("shown once").to_owned();
        let tokens = city.sign_in(user_name, &password);
        Session { tokens, way: Way::Password { user_name: user_name.to_owned(), password } }
    }

    /// New tokens, by the refresh token or by signing in again.
    pub fn renew(&mut self, city: &City) {
        let body = json!({ "refresh_token": self.tokens["refresh_token"] });
        let renewed = city.decided(|client| client.try_post("/auth/refresh", &body, "none"));
        self.tokens = match (&self.way, renewed.status) {
            (_, 200) => renewed.body,
            (Way::Password { user_name, password }, _) => city.sign_in(user_name, password),
            (Way::Device, _) => panic!("a device is nobody any more: {}", renewed.body),
        };
    }
}

/// What was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    pub reserved: i64,
    pub cancelled: i64,
    pub served: i64,
    pub walk_ins: i64,
}

impl Books {
    pub fn add(&mut self, other: &Books) {
        self.reserved += other.reserved;
        self.cancelled += other.cancelled;
        self.served += other.served;
        self.walk_ins += other.walk_ins;
    }

    pub fn no_shows(&self) -> i64 {
        self.reserved - self.cancelled - self.served
    }
}

/// A reservation that stands.
struct Reserved {
    id: String,
    resident: usize,
}

/// A canteen.
pub struct Site {
    number: usize,
    each: usize,
    id: String,
    menu: String,
    item: String,
    staff: String,
    desk: Option<Session>,
    door: Option<Session>,
    standing: Vec<Reserved>,
    offline: Vec<Value>,
    pub books: Books,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn uuid() -> String {
    let hex = hex::encode(random_bytes::<16>());
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

impl Site {
    pub fn new(number: usize) -> Site {
        Site {
            number,
            each: 0,
            id: String::new(),
            menu: String::new(),
            item: String::new(),
            staff: String::new(),
            desk: None,
            door: None,
            standing: Vec::new(),
            offline: Vec::new(),
            books: Books::default(),
        }
    }

    fn card(&self, resident: usize) -> String {
        format!("{:04}{:06}", 1000 + self.number, resident)
    }

    fn at_desk(&mut self, city: &City, path: &str, body: &Value) -> crate::support::Reply {
        city.post(self.desk.as_mut().expect("it is set up"), path, body)
    }

    fn at_door(&mut self, city: &City, path: &str, body: &Value) -> crate::support::Reply {
        city.post(self.door.as_mut().expect("it is set up"), path, body)
    }

    /// The canteen, its staff, its roster, its menu, its phone at the door.
    pub fn set_up(&mut self, city: &City, admin: &Value, officer: &Value, area: &Value, each: usize) {
        self.each = each;
        let lunch = json!({
            "period": "lunch", "serves_from": "11:00", "serves_to": "13:00", "default_capacity": each + each / 10 + 10,
            "cutoff": { "service_days_before": 1, "at": "16:00" }, "modes": ["dine_in", "takeaway"],
            "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        });
        let canteen = json!({
            "name": format!("食堂{}", self.number), "area": area, "address": "示例路 1 号", "phone": "0851-5550100",
            "time_zone": "Asia/Shanghai", "delivery_fee_fen": 0, "periods": [lunch]
        });
        self.id = text(&city.post_as(officer, "/canteens", &canteen, &city.key()).expect(201)["id"]);
        let grant = json!({ "role": "staff", "canteen_id": self.id });
        let desk = Session::member(city, admin, &format!("desk{}", self.number), &grant);
        self.staff = text(&desk.tokens["principal"]["id"]);
        self.import_roster(city, &desk.tokens);
        let set = json!({ "name": "套餐", "kind": "set", "price_fen": 1500 });
        let menu = json!({ "served_on": DAY, "period": "lunch", "items": [set], "publish": true });
        let path = format!("/canteens/{}/menus", self.id);
        let menu = city.post_as(&desk.tokens, &path, &menu, &city.key()).expect(201);
        (self.menu, self.item) = (text(&menu["id"]), text(&menu["items"][0]["id"]));
        let device = json!({ "canteen_id": self.id, "name": "门口", "purpose": "door" });
        let added = city.post_as(&desk.tokens, "/devices", &device, &city.key()).expect(201);
        let code = json!({ "code": added["enrolment_code"] });
        let tokens = city.decided(|client| client.try_post("/devices/enrol", &code, "none")).expect(200);
        self.door = Some(Session { tokens, way: Way::Device });
        self.desk = Some(desk);
    }

    /// Everybody who reserves, and those who walk in.
    fn import_roster(&self, city: &City, tokens: &Value) {
        let rows: String = (0..self.each + self.each / WALKS_IN + 1)
            .map(|resident| {
                // Nobody has another's name and birth date.
                let born_on = NaiveDate::default() - Days::new(10_000 + resident as u64);
                format!("王秀英,{born_on},{}\n", self.card(resident))
            })
            .collect();
        let file = format!("姓名,出生日期,卡号\n{rows}");
        let (path, key) = (format!("/residents/imports?canteen_id={}", self.id), city.key());
        city.decided(|client| client.with(tokens).try_upload(&path, "text/csv", &file, &key)).expect(200);
    }

    fn order(&self, resident: usize) -> Value {
        json!({
            "menu_id": self.menu, "card_number": self.card(resident), "channel": "phone",
            "lines": [{ "item_id": self.item, "portions": 1 }]
        })
    }

    /// These residents ring up, one after the other.
    pub fn reserve(&mut self, city: &City, residents: Range<usize>) {
        for resident in residents {
            let order = self.order(resident);
            let id = text(&self.at_desk(city, "/reservations", &order).expect(201)["id"]);
            self.standing.push(Reserved { id, resident });
            self.books.reserved += 1;
        }
    }

    /// Some cancel, some want another portion.
    pub fn think_better(&mut self, city: &City, dice: &mut Rng) {
        let (cancelled, standing): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.standing).into_iter().partition(|_| dice.usize(..CANCELS) == 0);
        self.standing = standing;
        for Reserved { id, .. } in cancelled {
            self.at_desk(city, &format!("/reservations/{id}/cancel"), &Value::Null).expect(200);
            self.books.cancelled += 1;
        }
        let changed: Vec<String> = self
            .standing
            .iter()
            .filter(|_| dice.usize(..CHANGES) == 0)
            .map(|reserved| reserved.id.clone())
            .collect();
        for id in changed {
            let lines = json!([{ "item_id": self.item, "portions": 2 }]);
            let change = json!({ "mode": "takeaway", "lines": lines });
            let desk = self.desk.as_mut().expect("it is set up");
            // Whether a change that got no answer was done is told by the version: then a second one is refused.
            let path = format!("/reservations/{id}");
            let reply = city.decided(|client| client.with(&desk.tokens).try_put(&path, &change, "\"v1\""));
            assert!([200, 401, 412].contains(&reply.status), "{}", reply.body);
        }
    }

    /// After the cut-off the desk still takes somebody's place for somebody else.
    pub fn correct_by_desk(&mut self, city: &City, dice: &mut Rng) {
        if self.standing.is_empty() {
            return;
        }
        let Reserved { id, resident } = self.standing.swap_remove(dice.usize(..self.standing.len()));
        let cancelled = self.at_desk(city, &format!("/reservations/{id}/cancel"), &Value::Null).expect(200);
        assert_eq!(cancelled["late"], true, "{cancelled}");
        self.books.cancelled += 1;
        self.reserve(city, resident..resident + 1);
    }

    /// Lunch: most come; some canteens only write down who did.
    pub fn serve(&mut self, city: &City, dice: &mut Rng) {
        let coming: Vec<usize> = self
            .standing
            .iter()
            .filter(|_| dice.usize(..STAYS_AWAY) > 0)
            .map(|reserved| reserved.resident)
            .collect();
        let offline = self.number.is_multiple_of(OFFLINE_OF);
        for resident in coming {
            let tap = json!({ "tap_id": uuid(), "card_number": self.card(resident), "by": self.staff });
            let attendance = self.tap(city, tap, offline);
            self.books.served += 1;
            if let Some(attendance) = attendance.filter(|_| dice.usize(..MISTAKES) == 0) {
                self.strike_out_and_enter_anew(city, &attendance, resident);
            }
        }
        for resident in self.each..self.each + self.each / WALKS_IN {
            let card = self.card(resident);
            let tap = json!({ "tap_id": uuid(), "kind": "walk_in", "card_number": card, "by": self.staff });
            self.tap(city, tap, offline);
            self.books.walk_ins += 1;
        }
    }

    fn tap(&mut self, city: &City, mut tap: Value, offline: bool) -> Option<Value> {
        if offline {
            tap["menu_id"] = json!(self.menu);
            tap["tapped_at"] = json!(city.time.now());
            self.offline.push(tap);
            return None;
        }
        let path = format!("/menus/{}/attendance", self.menu);
        Some(self.at_door(city, &path, &tap).expect(201))
    }

    /// Somebody was checked in by mistake: struck out, and then they come after all.
    fn strike_out_and_enter_anew(&mut self, city: &City, attendance: &Value, resident: usize) {
        let body = json!({ "reason": "按错了", "by": self.staff });
        let path = format!("/attendance/{}/void", text(&attendance["attendance_id"]));
        self.at_door(city, &path, &body).expect(200);
        let tap = json!({ "tap_id": uuid(), "card_number": self.card(resident), "by": self.staff });
        self.tap(city, tap, false);
    }

    /// The phones that had no signal send what they hold, twice, in batches.
    pub fn send_what_was_taken_offline(&mut self, city: &City) {
        let held = std::mem::take(&mut self.offline);
        for time in 0..2 {
            for batch in held.chunks(BATCH) {
                let mut left = batch.to_vec();
                while !left.is_empty() {
                    let answer =
                        self.at_door(city, "/attendance/batches", &json!({ "items": left })).expect(200);
                    let outcomes = answer["items"].as_array().unwrap().iter();
                    let again = outcomes.zip(&left).filter_map(|(answer, sent)| {
                        let outcome = answer["outcome"].as_str().unwrap();
                        assert!(["recorded", "try_again"].contains(&outcome), "{answer}");
                        assert!(
                            time == 0 || answer["repeated"] == true || outcome == "try_again",
                            "{answer}"
                        );
                        (outcome == "try_again").then(|| sent.clone())
                    });
                    left = again.collect();
                }
            }
        }
    }

    /// The service closes the menu by itself, and its headcount is what was acknowledged.
    pub fn closes_and_adds_up(&mut self, city: &City) {
        let path = format!("/canteens/{}/headcounts?on={DAY}", self.id);
        let asked = std::time::Instant::now();
        let menu = loop {
            let menu = city.get(self.desk.as_mut().expect("it is set up"), &path)["menus"][0].take();
            if menu["status"] == "closed" {
                break menu;
            }
            assert!(asked.elapsed() < PATIENCE, "it is never closed");
            thread::sleep(Duration::from_millis(200));
        };
        let people = |kind: &str| menu[kind]["people"].as_i64().unwrap();
        let told = Books {
            reserved: people("reserved"),
            cancelled: people("cancelled"),
            served: people("served_with_reservation"),
            walk_ins: people("walk_ins"),
        };
        assert_eq!(told, self.books, "canteen {}", self.number);
        assert_eq!(people("no_shows"), self.books.no_shows());
    }
}
