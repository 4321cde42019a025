//! A small town to race in: canteens that serve all day, their desks, residents with cards, and a policy.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use chrono::{Days, FixedOffset, NaiveDate, Timelike as _};
use diesel::prelude::*;
use leling::{
    accounts::{
        self,
        passwords::{Hasher, Params},
    },
    clock::{At, Clock},
    db::{Conn, Db, schema},
    id::Id,
    ids::{CanteenId, MenuId, ResidentId},
    problem::{Fail, Problem},
    text::{Line, UserName},
};
use serde_json::{Value, json};

use super::{Client, PASSWORD, PIN, Server, TestDb, process::PATIENCE, queries};

/// The day's meals. Each is served from the first to the last minute of the day.
const PERIODS: [&str; 3] = ["breakfast", "lunch", "dinner"];

/// What is asked of a town.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// How many processes serve it over one database.
    pub servers: usize,
    pub canteens: usize,
    pub residents: usize,
    /// Which guards are switched off, with commas.
    pub guards_off: &'a str,
}

impl Plan<'_> {
    pub const USUAL: Plan<'static> = Plan { servers: 1, canteens: 1, residents: 1, guards_off: "" };
}

/// A town over one database. What is asked in turn is asked of all its processes.
pub struct Town {
    pub servers: Vec<Server>,
    pub canteens: Vec<Canteen>,
    pub residents: Vec<Resident>,
    pub officer: Client,
    pub keys: String,
    settings: Vec<(String, String)>,
    pub db: TestDb,
}

/// A canteen and its desk.
pub struct Canteen {
    pub id: String,
    pub desk: Client,
}

/// A resident, signed in.
pub struct Resident {
    pub id: String,
    pub card: String,
    pub client: Client,
}

/// A menu with one set meal.
pub struct Meal {
    pub id: String,
    pub item: String,
}

/// What is taken of a menu.
#[derive(Debug, PartialEq)]
pub struct Counted {
    /// By the menu's own account.
    pub places: i64,
    /// Those that stand.
    pub reservations: i64,
    /// By the item's own account.
    pub portions: i64,
}

impl Meal {
    pub fn menu_id(&self) -> MenuId {
        serde_json::from_value(json!(self.id)).unwrap()
    }

    /// What a resident sends to reserve it.
    pub fn order(&self, resident: &Resident) -> Value {
        json!({
            "menu_id": self.id, "resident_id": resident.id,
            "lines": [{ "item_id": self.item, "portions": 1 }]
        })
    }
}

fn area() -> Value {
    json!({ "city": "贵阳市", "district": "南明区" })
}

/// Where it is midday now, so that no test runs into midnight.
fn offset_h() -> i32 {
    12 - i32::try_from(Clock::system().now().utc().hour()).unwrap()
}

/// The name of that zone; its sign is the other way round.
fn zone() -> String {
    match offset_h() {
        0 => "Etc/GMT".into(),
        east => format!("Etc/GMT{:+}", -east),
    }
}

impl Town {
    pub fn open(db: TestDb, plan: Plan<'_>) -> Town {
        let guards_off = Some(plan.guards_off).filter(|off| !off.is_empty());
        let settings = guards_off.map(|off| ("LELING_GUARDS_OFF".to_owned(), off.to_owned()));
        Town::open_with(db, plan, settings.into_iter().collect())
    }

    /// The same, with these variables in the environment of its processes.
    pub fn open_with(db: TestDb, plan: Plan<'_>, settings: Vec<(String, String)>) -> Town {
        let keys = format!("{}:{}", hex::encode([7; 32]), hex::encode([8; 32]));
        let hasher = Hasher::new(Params::new(Params::MIN_M_COST, 1, 1, None).unwrap());
        let (hash, pin_hash) = (hasher.hash_blocking(PASSWORD), hasher.hash_blocking(PIN));
        write(db.url(), move |conn, now| {
            let (user_name, name) = (UserName::parse("root").unwrap(), Line::parse("root").unwrap());
            accounts::create_first_admin(conn, user_name, name, hash.clone(), now)
        });
        let servers: Vec<Server> = (0..plan.servers).map(|_| start(db.url(), &keys, &settings)).collect();
        let nobody = servers[0].client("");
        let admin = sign_in(&nobody, json!({ "user_name": "root", "password": PASSWORD }));
        let officer = with_role(&admin, "officer", json!({ "role": "district", "area": area() }));
        let canteens: Vec<Canteen> = (0..plan.canteens)
            .map(|number| Canteen::open(&admin, &officer, number).at(&servers[number % servers.len()]))
            .collect();
        let home: CanteenId = serde_json::from_value(json!(canteens[0].id)).unwrap();
        let cards: Vec<String> =
            (0..plan.residents).map(|number| format!("{:08}", 31_415_926 + number)).collect();
        let ids = residents(db.url(), home, &cards, &pin_hash);
        let residents = ids
            .iter()
            .zip(&cards)
            .enumerate()
            .map(|(number, (id, card))| Resident {
                id: id.to_string(),
                card: card.clone(),
                client: sign_in(&nobody, json!({ "card_number": card, "pin": PIN }))
                    .at(&servers[number % servers.len()]),
            })
            .collect();
        Town { servers, canteens, residents, officer, keys, settings, db }
    }

    /// Starts the processes anew, those that run and those that were killed.
    pub fn restart(&mut self) {
        self.servers.iter_mut().for_each(Server::kill);
        let (url, keys, settings) = (self.db.url(), &self.keys, &self.settings);
        self.servers = self.servers.iter().map(|_| start(url, keys, settings)).collect();
        let server = |number: usize| &self.servers[number % self.servers.len()];
        for (number, canteen) in self.canteens.iter_mut().enumerate() {
            canteen.desk = canteen.desk.at(server(number));
        }
        for (number, resident) in self.residents.iter_mut().enumerate() {
            resident.client = resident.client.at(server(number));
        }
        self.officer = self.officer.at(server(0));
    }

    /// The canteens' own day.
    pub fn today(&self) -> NaiveDate {
        let offset = FixedOffset::east_opt(offset_h() * 3600).unwrap();
        Clock::system().now().utc().with_timezone(&offset).date_naive()
    }

    /// The day of tomorrow's and later menus, three to a day.
    pub fn day(&self, number: usize) -> NaiveDate {
        self.today() + Days::new(1 + number as u64 / 3)
    }

    /// A menu of today.
    pub fn meal_today(&self, canteen: usize, number: usize, places: usize) -> Meal {
        self.meal_on(canteen, self.today(), number, places, None)
    }

    /// A menu of a day to come: another one for each number.
    pub fn meal(&self, canteen: usize, number: usize, places: usize, portions: Option<usize>) -> Meal {
        self.meal_on(canteen, self.day(number), number, places, portions)
    }

    fn meal_on(
        &self,
        canteen: usize,
        served_on: NaiveDate,
        number: usize,
        places: usize,
        portions: Option<usize>,
    ) -> Meal {
        let canteen = &self.canteens[canteen];
        let set = json!({ "name": "套餐", "kind": "set", "price_fen": 1500, "portions": portions });
        let body = json!({
            "served_on": served_on, "period": PERIODS[number % 3], "capacity": places, "items": [set], "publish": true
        });
        let menu = canteen.desk.post(&format!("/canteens/{}/menus", canteen.id), body).expect(201);
        Meal { id: text(&menu["id"]), item: text(&menu["items"][0]["id"]) }
    }

    /// From now on the city pays 3 yuan for one meal a day of whoever is 60, over all canteens.
    pub fn pay_once_a_day(&self) {
        let policy = json!({
            "code": "once-a-day", "area": { "city": "贵阳市", "district": "南明区" },
            "name": { "zh": "每日一餐", "en": "one meal a day" },
            "limits": { "a-day": { "window": "day", "count": 1 } },
            "layers": [{
                "payer": "city", "rank": 10, "pick": "first", "limits": ["a-day"],
                "tiers": [{ "code": "60", "when": { "age": { "from": 60 } }, "pay": { "fixed_fen": 300 } }]
            }]
        });
        let draft = self.officer.post("/policies", policy).expect(201);
        let path = format!("/policies/{}/activate", text(&draft["id"]));
        self.officer.post(&path, json!({ "from_on": self.today() })).expect(200);
    }

    /// Looks into the database behind the service's back.
    pub fn look<T>(&self, look: impl Fn(&mut Conn) -> QueryResult<T>) -> T {
        let db = Db::open(self.db.url()).unwrap();
        let seen = queries::unheard(|| {
            once_it_can(|| db.read_blocking(|conn| -> Result<T, Fail> { Ok(look(conn)?) }))
        });
        db.close();
        seen
    }

    /// Writes into the database behind the service's back.
    pub fn write<T: Send + 'static>(
        &self,
        act: impl Fn(&mut Conn, At) -> Result<T, Fail> + Send + Sync + 'static,
    ) -> T {
        write(self.db.url(), act)
    }

    pub fn counted(&self, meal: &Meal) -> Counted {
        use schema::{menu_items, menus, reservations};
        let menu = meal.menu_id();
        self.look(|conn| {
            let places: i32 = menus::table.find(menu).select(menus::taken).first(conn)?;
            let reservations = reservations::table
                .filter(reservations::menu_id.eq(menu))
                .filter(reservations::status.eq("active"))
                .count()
                .get_result(conn)?;
            let items = menu_items::table.filter(menu_items::menu_id.eq(menu));
            let portions: i32 = items.select(menu_items::taken).first(conn)?;
            Ok(Counted { places: places.into(), reservations, portions: portions.into() })
        })
    }
}

impl Canteen {
    /// What an officer sends to open it.
    pub fn details(number: usize) -> Value {
        let meal = |period| {
            json!({
                "period": period, "serves_from": "00:00", "serves_to": "23:59",
                "cutoff": { "service_days_before": 0, "at": "23:59" }, "default_capacity": 100, "modes": ["dine_in"],
                "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            })
        };
        json!({
            "name": format!("食堂{number}"), "area": area(), "address": "示例街道 1 号", "phone": "0851-5550100",
            "time_zone": zone(), "delivery_fee_fen": 0, "periods": PERIODS.map(meal)
        })
    }

    fn open(admin: &Client, officer: &Client, number: usize) -> Canteen {
        let id = text(&officer.post("/canteens", Canteen::details(number)).expect(201)["id"]);
        let desk = with_role(admin, &format!("desk{number}"), json!({ "role": "staff", "canteen_id": id }));
        Canteen { id, desk }
    }

    fn at(self, server: &Server) -> Canteen {
        Canteen { desk: self.desk.at(server), ..self }
    }
}

fn start(database_url: &str, keys: &str, settings: &[(String, String)]) -> Server {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Server::start_with(database_url, keys, &settings)
}

fn sign_in(nobody: &Client, by: Value) -> Client {
    nobody.with(&nobody.post("/auth/sign-in", by).expect(200))
}

/// Somebody new with this role.
fn with_role(admin: &Client, user_name: &str, grant: Value) -> Client {
    let body = json!({ "user_name": user_name, "display_name": user_name, "grant": grant });
    let made = admin.post("/accounts", body).expect(201);
    sign_in(admin, json!({ "user_name": user_name, "password": made["one_time_password"] }))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn write<T: Send + 'static>(
    url: &str,
    act: impl Fn(&mut Conn, At) -> Result<T, Fail> + Send + Sync + 'static,
) -> T {
    let db = Db::open(url).unwrap();
    let act = Arc::new(act);
    let written = once_it_can(|| {
        let act = act.clone();
        db.write_blocking(move |conn| -> Result<T, Fail> { act(conn, Clock::system().now()) })
    });
    db.close();
    written
}

/// Residents of a canteen with these cards, born on 1 May 1944, who all chose the same PIN.
fn residents(url: &str, home: CanteenId, cards: &[String], pin_hash: &str) -> Vec<ResidentId> {
    use schema::residents as r;
    let (cards, pin_hash) = (cards.to_vec(), pin_hash.to_owned());
    write(url, move |conn, now| {
        let mut ids = Vec::new();
        for card in &cards {
            let id: ResidentId = Id::new(now);
            diesel::insert_into(r::table)
                .values((
                    r::id.eq(id),
                    r::canteen_id.eq(home),
                    r::full_name.eq("王秀英"),
                    r::born_on.eq("1944-05-01".parse::<NaiveDate>().unwrap()),
                    r::card_number.eq(card),
                    r::pin_hash.eq(&pin_hash),
                    r::allergens.eq("[]"),
                    r::diet_tags.eq("[]"),
                    r::status.eq("active"),
                    r::created_at.eq(now),
                    r::version.eq(1),
                ))
                .execute(conn)?;
            for key in leling::residents::search_keys("王秀英", card, None) {
                use schema::resident_keys as k;
                diesel::insert_into(k::table)
                    .values((k::canteen_id.eq(home), k::resident_id.eq(id), k::key.eq(key)))
                    .execute(conn)?;
            }
            ids.push(id);
        }
        Ok(ids)
    })
}

/// What comes of it at last: a machine with much to do may let nobody in for a while.
fn once_it_can<T>(act: impl Fn() -> Result<T, Problem>) -> T {
    let asked = Instant::now();
    loop {
        match act() {
            Ok(done) => return done,
            Err(problem) => {
                assert!(problem.code.retryable() && asked.elapsed() < PATIENCE, "{problem}");
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Lets all of these begin at one moment, and gives their results in the same order.
pub fn race<T: Send, R: FnOnce() -> T + Send>(racers: impl IntoIterator<Item = R>) -> Vec<T> {
    let racers: Vec<R> = racers.into_iter().collect();
    let start = Barrier::new(racers.len());
    thread::scope(|scope| {
        let start = &start;
        let running: Vec<_> = racers
            .into_iter()
            .map(|racer| {
                scope.spawn(move || {
                    start.wait();
                    racer()
                })
            })
            .collect();
        running.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}
