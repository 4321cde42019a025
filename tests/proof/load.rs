//! Residents and a door under load while something goes wrong, and what has to be true afterwards.
//!
//! Everything is sent under a key, or with a tap id, and sent again when all is over: what was acknowledged has to be
//! answered with the same words, everything else is done now. Then the headcounts have to come out exactly.

use std::{
    fmt,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use fastrand::Rng;
use leling::id::random_bytes;
use serde_json::{Value, json};

use crate::support::{Client, Meal, Plan, Reply, TestDb, Town};

/// How many residents reserve at once.
pub const RESIDENTS: usize = 16;

/// How many volunteers tap guests at once, and how often in a round.
const DOORS: usize = 2;
const TAPS: usize = 8;

/// A town under load.
pub struct Load {
    pub town: Town,
    /// Today's menu, at which guests are served.
    door: Meal,
    rounds: usize,
    guests: usize,
    /// What was told so far.
    told: Told,
}

/// How requests were answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    pub requests: usize,
    /// Acknowledged, and there afterwards.
    pub acknowledged: usize,
    /// Told to come again.
    pub refused: usize,
    /// Of these, those that had been done all the same.
    pub done_all_the_same: usize,
    /// Without any answer.
    pub unanswered: usize,
}

/// A request, and its answer if one came.
struct Sent {
    who: Who,
    path: String,
    body: Value,
    key: String,
    answer: Option<Reply>,
}

#[derive(Clone, Copy)]
enum Who {
    Resident(usize),
    Door,
}

/// How far a round has come, for whoever makes something go wrong.
pub struct Progress<'a> {
    answered: &'a AtomicUsize,
    over: &'a AtomicUsize,
}

impl Progress<'_> {
    /// Waits until so many requests have ended, or all of them.
    pub fn wait_for(&self, requests: usize) {
        while self.answered.load(Ordering::Relaxed) < requests && !self.is_over() {
            thread::sleep(Duration::from_micros(100));
        }
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed) == RESIDENTS + DOORS
    }
}

/// So many rounds share a town: later its people would have to sign in again.
const ROUNDS_A_TOWN: usize = 100;

/// So many rounds, and what was told in them. The book of every town is found true.
pub fn rounds(rounds: u64, open: impl Fn() -> Load, mut round: impl FnMut(&mut Load, u64)) -> Told {
    let mut told = Told::default();
    for first in (0..rounds).step_by(ROUNDS_A_TOWN) {
        let mut load = open();
        (first..rounds.min(first + ROUNDS_A_TOWN as u64)).for_each(|number| round(&mut load, number));
        let verified = verified(load.town.db.url());
        println!(
            "{} of {rounds} rounds; {}",
            first + load.rounds as u64,
            verified.lines().last().unwrap_or_default()
        );
        told.add(load.told);
    }
    told
}

impl Told {
    fn add(&mut self, other: Told) {
        self.requests += other.requests;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.done_all_the_same += other.done_all_the_same;
        self.unanswered += other.unanswered;
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { requests, acknowledged, refused, done_all_the_same, unanswered } = self;
        write!(
            f,
            "{requests} requests: {acknowledged} acknowledged and all there, {refused} told to come again (of which \
             {done_all_the_same} were done, and told as unknown), {unanswered} unanswered; nothing twice, verify without \
             difference"
        )
    }
}

/// At least so many requests a round.
pub const REQUESTS: usize = 2 * RESIDENTS + DOORS * TAPS;

impl Load {
    pub fn open(db: TestDb, servers: usize) -> Load {
        Load::of(Town::open(db, Plan { servers, residents: RESIDENTS, ..Plan::USUAL }))
    }

    pub fn of(town: Town) -> Load {
        town.pay_once_a_day();
        let door = town.meal_today(0, 0, 5000);
        Load { town, door, rounds: 0, guests: 0, told: Told::default() }
    }

    /// Everybody reserves two meals of a day and thinks better of some, and guests are served, while `trouble` happens;
    /// then what it left is put in order by `mend`, and everything has to be as it should.
    pub fn round(&mut self, trouble: impl FnOnce(&mut Town, &Progress<'_>), mend: impl FnOnce(&mut Town)) {
        let meals: Vec<Meal> =
            (0..2).map(|number| self.town.meal(0, 3 * self.rounds + number, RESIDENTS, None)).collect();
        self.rounds += 1;
        let sent = self.sent_during(&meals, trouble);
        mend(&mut self.town);
        self.settle(&meals, sent);
    }

    fn sent_during(&mut self, meals: &[Meal], trouble: impl FnOnce(&mut Town, &Progress<'_>)) -> Vec<Sent> {
        let (answered, over, sent) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
        let clients: Vec<Client> =
            self.town.residents.iter().map(|resident| resident.client.clone()).collect();
        let orders: Vec<Vec<Value>> = self
            .town
            .residents
            .iter()
            .map(|resident| meals.iter().map(|meal| meal.order(resident)).collect())
            .collect();
        let desk = self.town.canteens[0].desk.clone();
        let taps = format!("/menus/{}/attendance", self.door.id);
        let send = |who: Who, client: &Client, path: &str, body: Value, ok: u16| {
            let key = hex::encode(random_bytes::<16>());
            let answer = client.try_post(path, &body, &key);
            answered.fetch_add(1, Ordering::Relaxed);
            for refusal in answer.iter().filter(|answer| answer.status != ok) {
                assert_eq!(refusal.body["retryable"], true, "{path}: {} {}", refusal.status, refusal.body);
            }
            let done = answer.as_ref().filter(|answer| answer.status == ok).map(|answer| answer.body.clone());
            sent.lock().unwrap().push(Sent { who, path: path.to_owned(), body, key, answer });
            done
        };
        thread::scope(|scope| {
            for (number, (client, orders)) in clients.iter().zip(&orders).enumerate() {
                let (send, over) = (&send, &over);
                scope.spawn(move || {
                    for order in orders {
                        let placed = send(Who::Resident(number), client, "/reservations", order.clone(), 201);
                        if let Some(placed) = placed.filter(|_| number.is_multiple_of(3)) {
                            let path = format!("/reservations/{}/cancel", placed["id"].as_str().unwrap());
                            send(Who::Resident(number), client, &path, Value::Null, 200);
                        }
                    }
                    over.fetch_add(1, Ordering::Relaxed);
                });
            }
            for _ in 0..DOORS {
                let (send, over, desk, taps) = (&send, &over, desk.clone(), &taps);
                scope.spawn(move || {
                    for _ in 0..TAPS {
                        let id = uuid();
                        send(Who::Door, &desk, taps, json!({ "tap_id": id, "kind": "guest" }), 201);
                    }
                    over.fetch_add(1, Ordering::Relaxed);
                });
            }
            trouble(&mut self.town, &Progress { answered: &answered, over: &over });
        });
        sent.into_inner().unwrap()
    }

    fn client(&self, who: Who) -> &Client {
        match who {
            Who::Resident(number) => &self.town.residents[number].client,
            Who::Door => &self.town.canteens[0].desk,
        }
    }

    /// Reads back what was acknowledged, sends everything again, and counts.
    fn settle(&mut self, meals: &[Meal], sent: Vec<Sent>) {
        let mut cancelled = 0;
        for sent in &sent {
            let client = self.client(sent.who);
            let again = client.post_keyed(&sent.path, sent.body.clone(), &sent.key);
            assert!([200, 201].contains(&again.status), "{}: {} {}", sent.path, again.status, again.body);
            cancelled += usize::from(sent.path.ends_with("/cancel"));
            let told = &mut self.told;
            told.requests += 1;
            match &sent.answer {
                Some(answer) if answer.status < 300 => {
                    assert_eq!(answer.body, again.body, "acknowledged, and now something else");
                    assert!(
                        again.replayed || matches!(sent.who, Who::Door),
                        "acknowledged and lost: {}",
                        answer.body
                    );
                    told.acknowledged += 1;
                }
                Some(answer) => {
                    told.refused += 1;
                    told.done_all_the_same += usize::from(again.replayed);
                    // Everything else says that nothing was written.
                    assert!(
                        !again.replayed || answer.body["code"] == "outcome_unknown",
                        "done: {}",
                        answer.body
                    );
                }
                None => told.unanswered += 1,
            }
        }
        self.guests += DOORS * TAPS;
        assert_eq!(self.people(&self.door, self.town.today(), "guests"), self.guests as i64);
        let on = self.town.day(3 * (self.rounds - 1));
        let of_all = |kind| meals.iter().map(|meal| self.people(meal, on, kind)).sum::<i64>();
        assert_eq!(of_all("reserved"), (meals.len() * RESIDENTS) as i64);
        assert_eq!(of_all("cancelled"), cancelled as i64);
        for meal in meals {
            let counted = self.town.counted(meal);
            let confirmed = self.people(meal, on, "confirmed");
            assert_eq!(
                (counted.places, counted.reservations, counted.portions),
                (confirmed, confirmed, confirmed)
            );
        }
    }

    fn people(&self, meal: &Meal, on: chrono::NaiveDate, kind: &str) -> i64 {
        let canteen = &self.town.canteens[0];
        let day = canteen.desk.get(&format!("/canteens/{}/headcounts?on={on}", canteen.id)).expect(200);
        let menus = day["menus"].as_array().unwrap();
        let menu = menus.iter().find(|menu| menu["menu_id"] == meal.id).expect("its menu");
        menu[kind]["people"].as_i64().unwrap()
    }

    /// What anybody may read.
    pub fn menu_path(&self) -> String {
        format!("/menus/{}", self.door.id)
    }
}

/// What `leling verify` says of a true book.
pub fn verified(database_url: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leling"));
    let output = command.env_clear().args(["verify", "--database-url", database_url]).output().unwrap();
    let (told, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}{said}");
    told.trim().to_owned()
}

fn uuid() -> String {
    let hex = hex::encode(random_bytes::<16>());
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// Waits a random while, up to so many milliseconds.
pub fn a_moment(dice: &mut Rng, most_ms: u64) {
    thread::sleep(Duration::from_micros(dice.u64(..most_ms * 1000)));
}
