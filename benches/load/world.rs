//! The district that is asked: canteens, their people, their menus and a policy with every kind of rule, made through the
//! API as anybody would make it.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, Timelike as _, Utc};
use leling::clock::Clock;
use serde_json::{Value, json};

use crate::{
    client::Call,
    server::{Server, Way, create_admin},
};

const PASSWORD: &str = "correct horse battery staple";
const PERIODS: [&str; 3] = ["breakfast", "lunch", "dinner"];

/// How large a district is made.
#[derive(Clone, Copy)]
pub struct Size {
    pub canteens: usize,
    /// Of each canteen.
    pub residents: usize,
    /// For how many days menus are posted, three a day, today's included.
    pub days: u64,
    /// How many of each canteen's residents have reserved each of today's meals.
    pub reserved_today: usize,
}

pub struct Menu {
    pub id: String,
    /// The set meal.
    item: String,
}

pub struct Canteen {
    pub id: String,
    pub staff: String,
    pub volunteer: String,
    pub residents: Vec<String>,
    /// Today's three, then those of the days to come.
    pub menus: Vec<Menu>,
}

/// Who and what can be asked for, and the access tokens to do it with.
pub struct World {
    pub officer: String,
    pub today: NaiveDate,
    pub canteens: Vec<Canteen>,
    size: Size,
}

/// How much of a world has been reserved and checked in since it was made.
#[derive(Default)]
pub struct Progress {
    orders: usize,
    taps: usize,
}

/// Where it is midday now, so that no run passes midnight: hours east.
fn offset_h(now: DateTime<Utc>) -> i32 {
    12 - i32::try_from(now.hour()).expect("a day has few hours")
}

fn zone(now: DateTime<Utc>) -> String {
    // Their signs are the other way round.
    match offset_h(now) {
        0 => "Etc/GMT".into(),
        east => format!("Etc/GMT{:+}", -east),
    }
}

fn area(canteen: usize) -> Value {
    json!({ "city": "Example City", "district": "East", "town": format!("Town {}", canteen % 8) })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

impl World {
    /// Makes a district of this size in an empty database, and stops the server that it was made with.
    pub fn make(database_url: &str, size: Size, log: &std::path::Path) -> World {
        create_admin(database_url, "root", PASSWORD);
        let server = Server::start(database_url, Way::default(), log);
        let now = Clock::system().now().utc();
        let offset = FixedOffset::east_opt(offset_h(now) * 3600).expect("less than a day");
        let admin = sign_in(&server, "root", PASSWORD);
        let district = json!({ "city": "Example City", "district": "East" });
        let officer = members(
            &server,
            &admin,
            vec![("officer".into(), json!({ "role": "district", "area": district }))],
        )
        .remove(0);
        let mut world =
            World { officer, today: now.with_timezone(&offset).date_naive(), canteens: Vec::new(), size };
        world.make_canteens(&server, &admin, &zone(now));
        world.make_residents(&server);
        world.make_menus(&server);
        let policy: Value = serde_json::from_str(include_str!("policy.json")).expect("it is JSON");
        let draft = server.one(Call::post("/policies", &world.officer, &policy, 201));
        let path = format!("/policies/{}/activate", text(&draft["id"]));
        server.one(Call::post(&path, &world.officer, &json!({ "from_on": "2026-01-01" }), 200));
        world.reserve_today(&server);
        server.stop();
        world
    }

    fn make_canteens(&mut self, server: &Server, admin: &str, zone: &str) {
        let meal = |period| {
            json!({
                "period": period, "serves_from": "00:00", "serves_to": "23:59", "default_capacity": 5000,
                "cutoff": { "service_days_before": 0, "at": "23:59" }, "modes": ["dine_in", "takeaway"],
                "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            })
        };
        let canteen = |number: usize| {
            json!({
                "name": format!("Canteen {number}"), "area": area(number), "address": "1 Example Road",
                "phone": "0851-5550100", "time_zone": zone, "delivery_fee_fen": 0, "periods": PERIODS.map(meal)
            })
        };
        let calls = (0..self.size.canteens).map(|n| Call::post("/canteens", &self.officer, &canteen(n), 201));
        let ids: Vec<String> = server.all(calls.collect()).iter().map(|made| text(&made["id"])).collect();
        let grant = |role: &str| {
            let grants = ids
                .iter()
                .enumerate()
                .map(|(number, id)| (format!("{role}.{number}"), json!({ "role": role, "canteen_id": id })));
            members(server, admin, grants.collect())
        };
        let (staff, volunteers) = (grant("staff"), grant("volunteer"));
        self.canteens = ids
            .iter()
            .zip(staff)
            .zip(volunteers)
            .map(|((id, staff), volunteer)| Canteen {
                id: id.clone(),
                staff,
                volunteer,
                residents: Vec::new(),
                menus: Vec::new(),
            })
            .collect();
    }

    /// From 60 to 99 years old; every tenth is on minimum living allowance.
    fn make_residents(&mut self, server: &Server) {
        let each = self.size.residents;
        let calls = self.canteens.iter().enumerate().flat_map(|(number, canteen)| {
            (0..each).map(move |resident| {
                let body = json!({
                    "canteen_id": canteen.id, "full_name": format!("Resident {resident}"),
                    "born_on": format!("{}-0{}-15", 1927 + resident % 40, 1 + resident % 9),
                    "card_number": format!("{:08}", 10_000_000 + number * each + resident),
                    "registered_in": area(number), "lives_in": area(number)
                });
                Call::post("/residents", &canteen.staff, &body, 201)
            })
        });
        let made = server.all(calls.collect());
        for (canteen, made) in self.canteens.iter_mut().zip(made.chunks(each)) {
            canteen.residents = made.iter().map(|resident| text(&resident["id"])).collect();
        }
        let fact = json!({
            "kind": "minimum_living", "source": "Example Office", "evidence": "Example 1", "from_on": "2026-01-01"
        });
        let poor = self.canteens.iter().flat_map(|canteen| canteen.residents.iter().step_by(10));
        let calls = poor.map(|id| Call::post(&format!("/residents/{id}/facts"), &self.officer, &fact, 201));
        server.all(calls.collect());
    }

    /// A set meal and five dishes a menu.
    fn make_menus(&mut self, server: &Server) {
        let dish = |number: usize| {
            json!({
                "name": format!("Dish {number} of the day"), "kind": "dish", "price_fen": 300 + 100 * number,
                "allergens": ["soy"], "diet_tags": ["soft", "low_salt"]
            })
        };
        let mut items =
            vec![json!({ "name": "Set meal", "kind": "set", "price_fen": 1500, "diet_tags": ["soft"] })];
        items.extend((0..5).map(dish));
        let days = (0..self.size.days).map(|day| self.today + Days::new(day));
        let menus: Vec<Value> = days
            .flat_map(|on| PERIODS.map(|period| (on, period)))
            .map(|(on, period)| json!({ "served_on": on, "period": period, "items": items, "publish": true }))
            .collect();
        let calls = self.canteens.iter().flat_map(|canteen| {
            let path = format!("/canteens/{}/menus/week", canteen.id);
            let weeks = menus.chunks(42);
            weeks.map(move |menus| Call::post(&path, &canteen.staff, &json!({ "menus": menus }), 201))
        });
        let made = server.all(calls.collect());
        let weeks = menus.len().div_ceil(42);
        for (canteen, weeks) in self.canteens.iter_mut().zip(made.chunks(weeks)) {
            let menus = weeks.iter().flat_map(|week| week["items"].as_array().expect("a list"));
            canteen.menus = menus
                .map(|menu| Menu { id: text(&menu["id"]), item: text(&menu["items"][0]["id"]) })
                .collect();
        }
    }

    fn reserve_today(&mut self, server: &Server) {
        let count = self.size.canteens * self.size.reserved_today * PERIODS.len();
        let calls = (0..count).map(|number| {
            let (canteen, menu, resident) = self.place(number, 0, self.size.reserved_today);
            self.order(canteen, menu, resident)
        });
        server.all(calls.collect());
    }

    /// The place of the so manyth of all orders of so many residents a canteen, from a menu on: neighbours are at
    /// different canteens.
    fn place(&self, number: usize, from_menu: usize, residents: usize) -> (usize, usize, usize) {
        let (canteen, rest) = (number % self.size.canteens, number / self.size.canteens);
        (canteen, from_menu + rest / residents, rest % residents)
    }

    fn order(&self, canteen: usize, menu: usize, resident: usize) -> Call {
        let canteen = &self.canteens[canteen];
        Call::post("/reservations", &canteen.staff, &self.wish(canteen, menu, resident), 201)
    }

    fn wish(&self, canteen: &Canteen, menu: usize, resident: usize) -> Value {
        let menu = &canteen.menus[menu];
        json!({
            "menu_id": menu.id, "resident_id": canteen.residents[resident],
            "lines": [{ "item_id": menu.item, "portions": 1 }]
        })
    }

    /// Reserves the next meal that nobody has reserved, of the days after today.
    pub fn next_reservation(&self, progress: &mut Progress) -> Option<Call> {
        let (canteen, menu, resident) = self.place(progress.orders, PERIODS.len(), self.size.residents);
        progress.orders += 1;
        (menu < self.canteens[canteen].menus.len()).then(|| self.order(canteen, menu, resident))
    }

    /// Checks in the next resident who has reserved for today and is not served.
    pub fn next_check_in(&self, progress: &mut Progress) -> Option<Call> {
        let (canteen, menu, resident) = self.place(progress.taps, 0, self.size.reserved_today);
        progress.taps += 1;
        if menu >= PERIODS.len() {
            return None;
        }
        let canteen = &self.canteens[canteen];
        let body = json!({ "tap_id": uuid(), "resident_id": canteen.residents[resident] });
        let path = format!("/menus/{}/attendance", canteen.menus[menu].id);
        Some(Call::post(&path, &canteen.volunteer, &body, 201))
    }

    /// Signs in again whoever asks what takes long: a token is good for a quarter of an hour.
    pub fn sign_in_again(&mut self, server: &Server) {
        self.officer = sign_in(server, "officer", PASSWORD);
        for (number, canteen) in self.canteens.iter_mut().enumerate() {
            canteen.staff = sign_in(server, &format!("staff.{number}"), PASSWORD);
            canteen.volunteer = sign_in(server, &format!("volunteer.{number}"), PASSWORD);
        }
    }

    /// What the whole district took in so many days before today.
    pub fn takings(&self, days: usize) -> Call {
        let (from, to) = (self.today - Days::new(days as u64), self.today - Days::new(1));
        Call::get(&format!("/takings?from={from}&to={to}"), &self.officer)
    }

    /// The headcounts of the whole district on the day that is so long ago.
    pub fn overview(&self, days_ago: usize) -> Call {
        Call::get(&format!("/headcounts?on={}", self.today - Days::new(days_ago as u64)), &self.officer)
    }

    /// How many of a canteen's residents eat a meal.
    pub fn diners(&self) -> usize {
        if self.size.reserved_today > 0 { self.size.reserved_today } else { self.size.residents }
    }

    /// How many check-ins there are to be made.
    pub fn check_ins(&self) -> usize {
        self.size.canteens * self.size.reserved_today * PERIODS.len()
    }

    /// What some meal of the days after today would cost.
    pub fn some_quote(&self) -> Call {
        let canteen = &self.canteens[fastrand::usize(..self.canteens.len())];
        let menu = fastrand::usize(PERIODS.len()..canteen.menus.len());
        let wish = self.wish(canteen, menu, fastrand::usize(..canteen.residents.len()));
        Call::post("/quotes", &canteen.staff, &wish, 200)
    }

    /// The day's menus of some canteen, as anybody reads them.
    pub fn some_menus(&self) -> Call {
        let canteen = &self.canteens[fastrand::usize(..self.canteens.len())];
        Call::get(&format!("/canteens/{}/menus?from={day}&to={day}", canteen.id, day = self.today), "")
    }

    /// The door list of the first canteen's first meal of today.
    pub fn door_list(&self) -> Call {
        let canteen = &self.canteens[0];
        Call::get(&format!("/menus/{}/door-list", canteen.menus[0].id), &canteen.volunteer)
    }

    /// The headcounts of the first canteen's day.
    pub fn headcount(&self) -> Call {
        let canteen = &self.canteens[0];
        Call::get(&format!("/canteens/{}/headcounts?on={}", canteen.id, self.today), &canteen.staff)
    }

    /// Somebody signs in with a password.
    pub fn some_sign_in(&self) -> Call {
        let user_name = format!("staff.{}", fastrand::usize(..self.canteens.len()));
        Call::post("/auth/sign-in", "", &json!({ "user_name": user_name, "password": PASSWORD }), 200)
    }
}

fn uuid() -> String {
    let hex = format!("{:032x}", fastrand::u128(..));
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

fn sign_in(server: &Server, user_name: &str, password: &str) -> String {
    let body = json!({ "user_name": user_name, "password": password });
    text(&server.one(Call::post("/auth/sign-in", "", &body, 200))["access_token"])
}

/// New accounts with these roles, whose owners have chosen a password; their access tokens.
fn members(server: &Server, admin: &str, grants: Vec<(String, Value)>) -> Vec<String> {
    let new = |(user_name, grant): &(String, Value)| {
        let body = json!({ "user_name": user_name, "display_name": user_name, "grant": grant });
        Call::post("/accounts", admin, &body, 201)
    };
    let made = server.all(grants.iter().map(new).collect());
    let once: Vec<&str> = made.iter().filter_map(|made| made["one_time_password"].as_str()).collect();
    let tokens = grants.iter().zip(&once).map(|((user_name, _), once)| sign_in(server, user_name, once));
    let tokens: Vec<String> = tokens.collect();
    let chosen = tokens.iter().zip(&once).map(|(token, once)| {
        let body = json!({ "present_password": once, "new_password": PASSWORD });
        Call { status: 204, ..Call::put("/me/password", token, &body, 0) }
    });
    server.all(chosen.collect());
    tokens
}
