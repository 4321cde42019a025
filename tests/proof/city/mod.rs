//! A day of a city through the public API, with a held clock: the opening rush, the hour before the cut-off, lunch with
//! phones that are offline, no-shows, and the closing, while processes of the service are killed and started again.
//!
//! Every client keeps books of what was acknowledged to it. At the end the headcounts have to say the same, and the
//! program itself has to find its book true. A district on SQLite is the same with another size.

mod people;

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use fastrand::Rng;
use leling::{
    accounts::{
        self,
        passwords::{Hasher, Params},
    },
    clock::{At, Clock, FILE_VARIABLE},
    db::Db,
    problem::{Fail, Problem},
    text::{Line, UserName},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::people::{Books, Session, Site};
use crate::{
    load::verified,
    size,
    support::{Client, Cluster, PASSWORD, Reply, Server, TestDb, directory},
};

/// The day on which everybody eats, in Shanghai, and the day before it.
const DAY: &str = "2027-03-16";
const SETTING_UP: &str = "2027-03-14T21:00:00Z";
const OPENING: &str = "2027-03-14T22:00:00Z";
const BEFORE_CUTOFF: &str = "2027-03-15T07:50:00Z";
const AFTER_CUTOFF: &str = "2027-03-15T08:01:00Z";
const LUNCH: &str = "2027-03-16T03:30:00Z";
const BACK_ONLINE: &str = "2027-03-16T05:30:00Z";
const OVER: &str = "2027-03-16T07:05:00Z";

/// So many canteens are busy at one moment.
const WORKERS: usize = 16;

/// How long anything may take to be answered, over however many kills.
const PATIENCE: Duration = Duration::from_secs(120);

/// How large a city is.
#[derive(Clone, Copy)]
struct Size {
    canteens: usize,
    meals: usize,
    servers: usize,
}

impl Size {
    /// As the environment says, or this.
    fn or(canteens: usize, meals: usize, servers: usize) -> Size {
        Size { canteens: size::number("CANTEENS", canteens), meals: size::number("MEALS", meals), servers }
    }

    /// How many reserve at a canteen.
    fn each(self) -> usize {
        self.meals.div_ceil(self.canteens)
    }
}

/// What time it is for everybody.
struct Time {
    directory: TempDir,
}

impl Time {
    fn file(&self) -> String {
        self.directory.path().join("now").display().to_string()
    }

    fn set(&self, at: At) {
        let whole = self.directory.path().join("next");
        fs::write(&whole, at.to_string()).unwrap();
        fs::rename(whole, self.file()).unwrap();
    }

    fn now(&self) -> At {
        At::new(fs::read_to_string(self.file()).unwrap().parse().unwrap())
    }
}

/// The city: the service in several processes, and its canteens.
pub struct City {
    size: Size,
    time: Time,
    servers: Vec<Mutex<Server>>,
    clients: Vec<Client>,
    requests: AtomicUsize,
    kills: AtomicUsize,
    /// Numbers for keys.
    next: AtomicU64,
    db: TestDb,
}

fn at(text: &str) -> At {
    At::new(text.parse().unwrap())
}

fn first_admin(db: &TestDb) {
    let hash = Hasher::new(Params::new(Params::MIN_M_COST, 1, 1, None).unwrap()).hash_blocking(PASSWORD);
    let opened = Db::open(db.url()).unwrap();
    opened
        .write_blocking(move |conn| -> Result<_, Fail> {
            let (user_name, name) = (UserName::parse("root").unwrap(), Line::parse("root").unwrap());
            accounts::create_first_admin(conn, user_name, name, hash.clone(), Clock::system().now())
        })
        .unwrap_or_else(|problem: Problem| panic!("{problem}"));
    opened.close();
}

impl City {
    fn open(db: TestDb, size: Size) -> City {
        first_admin(&db);
        let time = Time { directory: directory() };
        time.set(at(SETTING_UP));
        let keys = format!("{}:{}", hex::encode([7; 32]), hex::encode([8; 32]));
        let file = time.file();
        // Where it listens is told in the log.
        let settings = [(FILE_VARIABLE, file.as_str()), ("RUST_LOG", "error,leling::app=info")];
        let servers: Vec<Server> =
            (0..size.servers).map(|_| Server::start_with(db.url(), &keys, &settings)).collect();
        let clients = servers.iter().map(|server| server.client("")).collect();
        City {
            size,
            time,
            servers: servers.into_iter().map(Mutex::new).collect(),
            clients,
            requests: AtomicUsize::new(0),
            kills: AtomicUsize::new(0),
            next: AtomicU64::new(0),
            db,
        }
    }

    fn key(&self) -> String {
        format!("k{}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// The decided answer of whichever process is there: what got no answer, or may be tried again, is.
    fn decided(&self, mut ask: impl FnMut(&Client) -> Option<Reply>) -> Reply {
        let asked = Instant::now();
        let mut server = self.requests.fetch_add(1, Ordering::Relaxed);
        loop {
            let reply = ask(&self.clients[server % self.clients.len()]);
            match reply {
                Some(reply) if reply.body["retryable"] != true => return reply,
                Some(_) | None => {}
            }
            assert!(asked.elapsed() < PATIENCE, "it goes on saying {reply:?}");
            thread::sleep(Duration::from_millis(20));
            server += 1;
        }
    }

    fn post_as(&self, tokens: &Value, path: &str, body: &Value, key: &str) -> Reply {
        self.decided(|client| client.with(tokens).try_post(path, body, key))
    }

    fn sign_in(&self, user_name: &str, password: &str) -> Value {
        let body = json!({ "user_name": user_name, "password": password });
        self.decided(|client| client.try_post("/auth/sign-in", &body, "none")).expect(200)
    }

    /// Somebody goes on with what they do, however often their token runs out.
    fn post(&self, session: &mut Session, path: &str, body: &Value) -> Reply {
        let key = self.key();
        loop {
            let reply = self.post_as(&session.tokens, path, body, &key);
            if reply.status != 401 {
                return reply;
            }
            session.renew(self);
        }
    }

    fn get(&self, session: &mut Session, path: &str) -> Value {
        loop {
            let reply = self.decided(|client| client.with(&session.tokens).try_get(path));
            if reply.status != 401 {
                return reply.expect(200);
            }
            session.renew(self);
        }
    }

    /// Every canteen does this, many at once, while time passes from `from` on and processes die.
    fn everybody(
        &self,
        sites: &[Mutex<Site>],
        from: &str,
        deadly: bool,
        act: impl Fn(&mut Site, &mut Rng) + Sync,
    ) {
        let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        self.time.set(at(from));
        thread::scope(|scope| {
            let (next, over, act) = (&next, &over, &act);
            let helpers = [
                scope.spawn(move || self.tick(over)),
                scope.spawn(move || {
                    if deadly {
                        self.kill_at_random(over)
                    }
                }),
            ];
            let workers: Vec<_> = (0..WORKERS)
                .map(|_| {
                    scope.spawn(move || {
                        while let Some(site) = sites.get(next.fetch_add(1, Ordering::Relaxed)) {
                            act(&mut site.lock().unwrap(), &mut Rng::new());
                        }
                    })
                })
                .collect();
            let ended: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            over.store(true, Ordering::Relaxed);
            helpers.into_iter().for_each(|helper| helper.join().unwrap());
            ended.into_iter().for_each(|ended| ended.unwrap());
        });
    }

    /// Seconds pass in the city as they do here.
    fn tick(&self, over: &AtomicBool) {
        while !over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
            self.time.set(self.time.now() + TimeDelta::milliseconds(100));
        }
    }

    fn kill_at_random(&self, over: &AtomicBool) {
        let mut dice = Rng::new();
        let most_ms = size::rounds(3000, 10_000);
        loop {
            let pause = Instant::now() + Duration::from_millis(dice.u64(500..most_ms));
            while Instant::now() < pause {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                thread::sleep(Duration::from_millis(10));
            }
            self.servers[dice.usize(..self.servers.len())].lock().unwrap().restart();
            self.kills.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn set_up(&self) -> Vec<Mutex<Site>> {
        let admin = self.sign_in("root", PASSWORD);
        let area = json!({ "city": "示例市", "district": "东区" });
        let grant = json!({ "role": "district", "area": area });
        let officer = Session::member(self, &admin, "officer", &grant);
        self.pay_once_a_day(&officer.tokens, &area);
        let sites: Vec<Mutex<Site>> =
            (0..self.size.canteens).map(|number| Mutex::new(Site::new(number))).collect();
        self.everybody(&sites, SETTING_UP, false, |site, _| {
            site.set_up(self, &admin, &officer.tokens, &area, self.size.each());
        });
        sites
    }

    fn pay_once_a_day(&self, officer: &Value, area: &Value) {
        let policy = json!({
            "code": "once-a-day", "area": area, "name": { "zh": "每日一餐", "en": "one meal a day" },
            "limits": { "a-day": { "window": "day", "count": 1 } },
            "layers": [{
                "payer": "city", "rank": 10, "pick": "first", "limits": ["a-day"],
                "tiers": [{ "code": "60", "when": { "age": { "from": 60 } }, "pay": { "fixed_fen": 300 } }]
            }]
        });
        let draft = self.post_as(officer, "/policies", &policy, &self.key()).expect(201);
        let path = format!("/policies/{}/activate", draft["id"].as_str().unwrap());
        self.post_as(officer, &path, &json!({ "from_on": DAY }), &self.key()).expect(200);
    }
}

fn live_through(db: TestDb, size: Size, what: &str) {
    let began = Instant::now();
    let city = City::open(db, size);
    let sites = city.set_up();
    let set_up = began.elapsed();
    let (before, day) = (city.requests.load(Ordering::Relaxed), Instant::now());
    let half = size.each() / 2;
    let phase = |name: &str, from: &str, act: &(dyn Fn(&mut Site, &mut Rng) + Sync)| {
        let (requests, began) = (city.requests.load(Ordering::Relaxed), Instant::now());
        city.everybody(&sites, from, true, act);
        let (requests, took) = (city.requests.load(Ordering::Relaxed) - requests, began.elapsed());
        println!("{what}: {name}: {requests} requests in {:.1} s", took.as_secs_f64());
    };
    phase("opening", OPENING, &|site, _| site.reserve(&city, 0..half));
    phase("before the cut-off", BEFORE_CUTOFF, &|site, dice| {
        site.reserve(&city, half..size.each());
        site.think_better(&city, dice);
    });
    phase("after the cut-off", AFTER_CUTOFF, &|site, dice| site.correct_by_desk(&city, dice));
    phase("lunch", LUNCH, &|site, dice| site.serve(&city, dice));
    phase("back online", BACK_ONLINE, &|site, _| site.send_what_was_taken_offline(&city));
    let (requests, took) = (city.requests.load(Ordering::Relaxed) - before, day.elapsed());
    city.everybody(&sites, OVER, false, |site, _| site.closes_and_adds_up(&city));
    let mut books = Books::default();
    sites.iter().for_each(|site| books.add(&site.lock().unwrap().books));
    let verified = verified(city.db.url());
    size::figure(&format!(
        "{what}: {} canteens, {} processes, {} kills; {requests} requests in {:.0} s ({:.0} a second) after {:.0} s of \
         setting up; {} reserved, {} cancelled, {} served with a reservation, {} walk-ins, {} no-shows, every canteen's \
         headcount as acknowledged; {}",
        size.canteens,
        size.servers,
        city.kills.load(Ordering::Relaxed),
        took.as_secs_f64(),
        requests as f64 / took.as_secs_f64(),
        set_up.as_secs_f64(),
        books.reserved,
        books.cancelled,
        books.served,
        books.walk_ins,
        books.no_shows(),
        verified.lines().last().unwrap_or_default()
    ));
}

on_postgres! {
    async fn the_books_of_a_day_of_a_city_balance(db: TestDb) {
        drop(db);
        let db = Arc::new(Cluster::durable()).database(None);
        let size = if size::is_long() { Size::or(2400, 250_000, 3) } else { Size::or(6, 300, 3) };
        live_through(db, size, "a day of a city on PostgreSQL");
    }
}

on_sqlite! {
    async fn the_books_of_a_day_of_a_district_balance(db: TestDb) {
        let size = if size::is_long() { Size::or(115, 21_000, 1) } else { Size::or(4, 200, 1) };
        live_through(db, size, "a day of a district on SQLite");
    }
}
