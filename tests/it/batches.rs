//! Check-ins that were taken offline and come in batches (BR-34), from one device and from two at once.

use std::collections::{BTreeSet, HashSet};

use chrono::TimeDelta;
use diesel::prelude::*;
use fastrand::Rng;
use leling::{
    clock::Clock,
    db::schema::{attendance_refusals, attendances, draws, quotes},
};
use serde_json::{Value, json};

use crate::support::{
    Client, Meal, Plan, TestDb, Town,
    lunch::{FATHERS_CARD, Lunch, NEIGHBOURS_CARD},
    race,
    world::{TODAY, TOMORROW, id_of, uuid},
};

/// An item of today's lunch, tapped two minutes before noon.
fn item(menu: &Value, mut tap: Value) -> Value {
    tap["menu_id"] = menu["id"].clone();
    for (field, value) in [("tap_id", json!(uuid())), ("tapped_at", json!("2026-11-22T03:58:00Z"))] {
        if tap.get(field).is_none() {
            tap[field] = value;
        }
    }
    tap
}

/// What became of an item, in a line: its outcome, and the word for it where there is one.
fn told(answer: &Value) -> String {
    let outcome = answer["outcome"].as_str().unwrap();
    let word = answer["problem"]["code"].as_str().or(answer["attendance"]["review_word"].as_str());
    let again = if answer["repeated"] == true { " again" } else { "" };
    word.map_or(format!("{outcome}{again}"), |word| format!("{outcome}{again} {word}"))
}

async fn sent(lunch: &Lunch, device: &Value, items: Value) -> Vec<Value> {
    let batch = lunch.app.post("/attendance/batches", json!({ "items": items })).by(device).send().await;
    batch.expect(200)["items"].as_array().unwrap().clone()
}

async fn refusals(lunch: &Lunch) -> BTreeSet<String> {
    let words: Vec<String> = lunch
        .app
        .write(|conn, _| Ok(attendance_refusals::table.select(attendance_refusals::word).load(conn)?))
        .await;
    words.into_iter().collect()
}

on_both! {
    async fn each_item_is_answered_by_itself_in_its_order_and_a_bad_one_spoils_no_other(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let tomorrow = lunch.menu(TOMORROW, "lunch").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let device = lunch.device("door").await;
        let by = lunch.account("volunteer").await;
        let tap = |tap: Value| {
            let mut tap = item(&menu, tap);
            tap["by"] = json!(by);
            tap
        };
        let with = |mut tap: Value, field: &str, value: Value| {
            tap[field] = value;
            tap
        };
        let guest = || tap(json!({ "kind": "guest" }));
        let first = tap(json!({ "card_number": FATHERS_CARD }));
        let strange = json!([{ "item_id": uuid(), "portions": 1 }]);
        let cases = [
            (first.clone(), "recorded"),
            (json!("a tap"), "refused bad_field"),
            (json!({ "tap_id": uuid() }), "refused bad_field"),
            (with(guest(), "spice", json!(1)), "refused bad_field"),
            (with(guest(), "tap_id", json!("one")), "refused bad_field"),
            (with(guest(), "tapped_at", json!("noon")), "refused bad_field"),
            (with(guest(), "by", Value::Null), "refused bad_tap"),
            (with(guest(), "resident_id", json!(lunch.father)), "refused bad_tap"),
            (with(guest(), "tapped_at", json!("2026-11-22T04:06:00Z")), "refused bad_tap"),
            (with(guest(), "menu_id", json!(uuid())), "refused menu_not_found"),
            (first.clone(), "recorded again"),
            (with(first.clone(), "card_number", json!(NEIGHBOURS_CARD)), "refused tap_reused"),
            (tap(json!({ "card_number": FATHERS_CARD })), "review already_served"),
            (tap(json!({ "card_number": NEIGHBOURS_CARD })), "review not_reserved"),
            (tap(json!({ "card_number": "99999999" })), "review unknown_card"),
            (tap(json!({ "kind": "walk_in", "resident_id": uuid() })), "review resident_not_found"),
            (tap(json!({ "reservation_id": uuid() })), "review reservation_not_found"),
            (with(guest(), "lines", strange), "review bad_order"),
            (with(guest(), "mode", json!("delivery")), "review mode_not_offered"),
            (with(guest(), "by", json!(lunch.account("daughter").await)), "review not_on_duty"),
            (with(guest(), "menu_id", tomorrow["id"].clone()), "review menu_not_open"),
            (tap(json!({ "kind": "walk_in", "card_number": NEIGHBOURS_CARD })), "recorded"),
        ];
        let (items, expected): (Vec<Value>, Vec<&str>) = cases.into_iter().unzip();
        let answers = sent(&lunch, &device, json!(items)).await;
        assert_eq!(answers.iter().map(told).collect::<Vec<_>>(), expected);
        for (item, answer) in items.iter().zip(&answers) {
            let readable = item["tap_id"].as_str().filter(|id| id.len() == 36);
            assert_eq!(answer["tap_id"], json!(readable));
            assert_eq!(answer["problem"].is_null(), answer["outcome"] != "refused", "{answer}");
        }
        assert_eq!(answers[5]["problem"]["errors"][0]["pointer"], "/tapped_at");
        let kept = refusals(&lunch).await;
        assert_eq!(kept.iter().map(String::as_str).collect::<Vec<_>>(), ["bad_field", "bad_tap", "menu_not_found", "tap_reused"]);
        let counts = lunch.headcount(TODAY, None).await;
        assert_eq!((&counts["served"]["people"], &counts["guests"]["people"]), (&json!(2), &json!(0)));
        assert_eq!(lunch.drawn_today("posted").await, 600);
        // Sent again, everything that was recorded is what it was, and everything else is refused as before.
        let again = sent(&lunch, &device, json!(items)).await;
        for (first, again) in answers.iter().zip(&again) {
            assert_eq!((&first["outcome"], &first["attendance"]), (&again["outcome"], &again["attendance"]));
        }
        assert_eq!(lunch.headcount(TODAY, None).await["served"]["people"], 2);
    }
}

on_both! {
    async fn a_tap_sent_alone_and_in_a_batch_is_the_same_tap(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let volunteer = lunch.tokens("volunteer").await;
        let path = format!("/menus/{}/attendance", id_of(&menu));
        let alone = json!({ "tap_id": uuid(), "kind": "walk_in", "card_number": FATHERS_CARD });
        let served = lunch.post("volunteer", &path, alone.clone()).await.expect(201);
        // No answer came, so the page keeps it as one that was taken offline.
        let answers = sent(&lunch, &volunteer, json!([item(&menu, alone)])).await;
        assert_eq!((told(&answers[0]), &answers[0]["attendance"]), ("recorded again".into(), &served));
        let guest = item(&menu, json!({ "kind": "guest" }));
        let recorded = sent(&lunch, &volunteer, json!([guest])).await[0]["attendance"].clone();
        let mut alone = guest;
        alone.as_object_mut().unwrap().remove("menu_id");
        assert_eq!(lunch.post("volunteer", &path, alone).await.expect(201), recorded);
    }

    async fn the_time_on_the_device_is_kept_and_the_count_knows_when_it_was_recorded(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.app.pass(TimeDelta::minutes(20));
        let volunteer = lunch.tokens("volunteer").await;
        let answers = sent(&lunch, &volunteer, json!([item(&menu, json!({ "kind": "guest" }))])).await;
        assert_eq!(answers[0]["attendance"]["served_at"], "2026-11-22T03:58:00Z");
        let then = lunch.headcount(TODAY, Some("2026-11-22T04:10:00Z")).await;
        let now = lunch.headcount(TODAY, None).await;
        assert_eq!((&then["guests"]["people"], &now["guests"]["people"]), (&json!(0), &json!(1)));
    }

    async fn what_was_tapped_at_a_menu_that_was_withdrawn_meanwhile_waits_for_review(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        lunch.post("staff", &format!("/menus/{}/withdraw", id_of(&menu)), Value::Null).await.expect(200);
        let volunteer = lunch.tokens("volunteer").await;
        let tap = item(&menu, json!({ "card_number": FATHERS_CARD }));
        assert_eq!(told(&sent(&lunch, &volunteer, json!([tap])).await[0]), "review menu_not_open");
        assert_eq!(lunch.drawn_today("posted").await, 0);
    }

    async fn nobody_taps_at_a_canteen_that_is_not_theirs(db: TestDb) {
        let world = crate::support::world::World::build(db).await;
        let by = world.here.volunteer["principal"]["id"].clone();
        let tap = json!({
            "menu_id": world.near.id("menu"), "tap_id": uuid(), "kind": "guest", "by": by, "tapped_at": "2026-11-22T03:58:00Z"
        });
        let device = &world.tokens["door_device"];
        let answer = world.app.post("/attendance/batches", json!({ "items": [tap] })).by(device).send().await.expect(200);
        assert_eq!(told(&answer["items"][0]), "refused not_allowed_here");
    }

    async fn a_batch_of_more_than_500_is_refused_whole(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let volunteer = lunch.tokens("volunteer").await;
        let items: Vec<Value> = (0..501).map(|_| item(&menu, json!({ "kind": "guest" }))).collect();
        let batch = lunch.app.post("/attendance/batches", json!({ "items": items })).by(&volunteer).send().await;
        batch.refused(400, "bad_field");
        assert_eq!(lunch.headcount(TODAY, None).await["guests"]["people"], 0);
    }
}

/// A phone at the door of the first canteen, and who taps on it.
struct Phone {
    client: Client,
    by: Value,
}

impl Phone {
    /// Two of them; the second asks the last process.
    fn two(town: &Town) -> [Phone; 2] {
        let canteen = &town.canteens[0];
        let by = canteen.desk.get("/me").expect(200)["principal"]["id"].clone();
        ["一号手机", "二号手机"].map(|name| {
            let body = json!({ "canteen_id": canteen.id, "name": name, "purpose": "door" });
            let code = canteen.desk.post("/devices", body).expect(201)["enrolment_code"].clone();
            let tokens = canteen.desk.post("/devices/enrol", json!({ "code": code })).expect(200);
            let server = if name == "一号手机" { &town.servers[0] } else { town.servers.last().unwrap() };
            Phone { client: canteen.desk.with(&tokens).at(server), by: by.clone() }
        })
    }

    /// A tap of so many seconds ago.
    fn tap(&self, meal: &Meal, ago_s: usize, mut tap: Value) -> Value {
        let at = Clock::system().now() - TimeDelta::seconds(i64::try_from(ago_s).unwrap());
        for (field, value) in [
            ("menu_id", json!(meal.id)),
            ("tap_id", json!(uuid())),
            ("tapped_at", json!(at)),
            ("by", self.by.clone()),
        ] {
            tap[field] = value;
        }
        tap
    }

    /// Sends a batch until no item is to be sent again, and gives what became of each.
    fn send(&self, items: &[Value]) -> Vec<String> {
        for _ in 0..10 {
            let answer = self.client.post("/attendance/batches", json!({ "items": items })).expect(200);
            let told: Vec<String> = answer["items"].as_array().unwrap().iter().map(told).collect();
            if !told.iter().any(|told| told.starts_with("try_again")) {
                return told;
            }
        }
        panic!("it goes on asking to try again")
    }

    /// Sends what it holds three times, in batches of any length in any order. Of the first two times it hears only half
    /// of the answers, and hangs up on the others: those may have been done, then or never. Gives what it hears the third
    /// time, and whether it had heard of that tap before.
    fn catch_up(&self, taps: &[Value], seed: u64) -> Vec<(bool, String)> {
        let mut dice = Rng::with_seed(seed);
        let (mut answered, mut heard) = (HashSet::new(), Vec::new());
        for time in 1..=3 {
            let mut left = taps.to_vec();
            dice.shuffle(&mut left);
            while !left.is_empty() {
                let batch: Vec<Value> = left.drain(..dice.usize(1..=left.len().min(80))).collect();
                if time < 3 && dice.bool() {
                    self.client.hang_up_on("/attendance/batches", &json!({ "items": batch }), "k");
                    continue;
                }
                for (tap, told) in batch.iter().zip(self.send(&batch)) {
                    let first = answered.insert(tap["tap_id"].to_string());
                    if time == 3 {
                        heard.push((!first, told));
                    }
                }
            }
        }
        heard
    }
}

/// The ids of what was reserved of a meal, by these residents.
fn reserved(town: &Town, meal: &Meal, residents: std::ops::Range<usize>) -> Vec<Value> {
    let reserve = |resident| {
        town.canteens[0].desk.post("/reservations", meal.order(resident)).expect(201)["id"].clone()
    };
    town.residents[residents].iter().map(reserve).collect()
}

/// 500 people who are tapped: 60 who reserved, 40 residents who walk in, and 400 guests.
fn five_hundred(town: &Town, meal: &Meal, phones: &[Phone; 2]) -> [Vec<Value>; 2] {
    let known = reserved(town, meal, 0..60).into_iter().map(|id| json!({ "reservation_id": id }));
    let walk_ins = town.residents[60..].iter().map(|who| json!({ "kind": "walk_in", "resident_id": who.id }));
    let guests = (0..400).map(|_| json!({ "kind": "guest" }));
    let mut taps = [Vec::new(), Vec::new()];
    for (number, tap) in known.chain(walk_ins).chain(guests).enumerate() {
        taps[number % 2].push(phones[number % 2].tap(meal, 600 - number, tap));
    }
    taps
}

fn count(town: &Town, meal: &Meal, status: &'static str) -> i64 {
    let menu = meal.menu_id();
    town.look(|conn| {
        let at = attendances::table.filter(attendances::menu_id.eq(menu));
        at.filter(attendances::status.eq(status))
            .filter(attendances::device_id.is_not_null())
            .count()
            .get_result(conn)
    })
}

/// How many draws of a stage there are.
fn drawn(town: &Town, status: &'static str) -> i64 {
    town.look(|conn| {
        draws::table.inner_join(quotes::table).filter(quotes::status.eq(status)).count().get_result(conn)
    })
}

/// Both phones catch up at the same time; what they hear the third time, and whether they had heard of it.
fn catch_up(town: &Town, meal: &Meal) -> Vec<(bool, String)> {
    let phones = Phone::two(town);
    let taps = five_hundred(town, meal, &phones);
    let catching = phones.iter().zip(&taps).zip([31_415, 27_182]);
    race(catching.map(|((phone, taps), seed)| move || phone.catch_up(taps, seed))).concat()
}

fn five_hundred_taps(db: TestDb, servers: usize) {
    let town = Town::open(db, Plan { servers, residents: 100, ..Plan::USUAL });
    town.pay_once_a_day();
    let meal = town.meal_today(0, 0, 600);
    let heard = catch_up(&town, &meal);
    assert_eq!(heard.len(), 500);
    let known_again =
        |(known, told): &(bool, String)| told == "recorded again" || (!known && told == "recorded");
    assert!(heard.iter().all(known_again), "{heard:?}");
    assert!(heard.iter().any(|(known, _)| *known) && heard.iter().any(|(known, _)| !known));
    assert_eq!((count(&town, &meal, "served"), count(&town, &meal, "review")), (500, 0));
    assert_eq!((drawn(&town, "posted"), drawn(&town, "pending")), (100, 0));
    let path = format!("/canteens/{}/headcounts?on={}", town.canteens[0].id, town.today());
    let counts = town.canteens[0].desk.get(&path).expect(200)["menus"][0].clone();
    let people = ["served_with_reservation", "walk_ins", "guests", "no_shows"]
        .map(|kind| counts[kind]["people"].clone());
    assert_eq!(people, [60, 40, 400, 0].map(Value::from));
    let refused: i64 = town.look(|conn| attendance_refusals::table.count().get_result(conn));
    assert_eq!(refused, 0);
}

/// Twenty people are tapped on both phones while neither has signal; then both send at one moment.
fn the_same_people_twice(db: TestDb, servers: usize) {
    let town = Town::open(db, Plan { servers, residents: 20, ..Plan::USUAL });
    town.pay_once_a_day();
    let meal = town.meal_today(0, 0, 100);
    let reservations = reserved(&town, &meal, 0..20);
    let phones = Phone::two(&town);
    let answers = race(phones.iter().zip([7, 11]).map(|(phone, seed)| {
        let tap = |id: &Value| phone.tap(&meal, 60, json!({ "reservation_id": id }));
        let mut taps: Vec<Value> = reservations.iter().map(tap).collect();
        Rng::with_seed(seed).shuffle(&mut taps);
        move || phone.send(&taps)
    }));
    let told = |word: &str| answers.iter().flatten().filter(|told| *told == word).count();
    assert_eq!((told("recorded"), told("review already_served")), (20, 20), "{answers:?}");
    assert_eq!((count(&town, &meal, "served"), count(&town, &meal, "review")), (20, 20));
    assert_eq!((drawn(&town, "posted"), drawn(&town, "pending")), (20, 0));
}

on_both! {
    async fn of_500_taps_from_two_devices_sent_three_times_in_any_order_with_answers_lost_each_is_one_meal(db: TestDb) {
        five_hundred_taps(db, 1);
    }

    async fn without_the_guard_of_taps_what_is_sent_again_is_not_known_again(db: TestDb) {
        let town = Town::open(db, Plan { residents: 100, guards_off: "tap_id", ..Plan::USUAL });
        let meal = town.meal_today(0, 0, 600);
        let [phone, _] = Phone::two(&town);
        let taps: Vec<Value> =
            reserved(&town, &meal, 0..10).iter().map(|id| phone.tap(&meal, 60, json!({ "reservation_id": id }))).collect();
        let batch = json!({ "items": taps });
        let times = [0, 1].map(|_| phone.client.post("/attendance/batches", batch.clone()).expect(200));
        let told = |answer: &Value| answer["items"].as_array().unwrap().iter().map(told).collect::<Vec<_>>();
        assert!(told(&times[0]).iter().all(|told| told == "recorded"));
        assert!(told(&times[1]).iter().all(|told| told != "recorded again"), "{:?}", told(&times[1]));
    }

    async fn of_two_devices_that_tap_the_same_people_offline_one_serves_them_and_the_other_draws_nothing(db: TestDb) {
        the_same_people_twice(db, 1);
    }
}

on_postgres! {
    async fn two_processes_make_one_meal_of_each_of_500_taps_sent_three_times(db: TestDb) {
        five_hundred_taps(db, 2);
    }

    async fn two_processes_serve_people_once_who_were_tapped_on_two_devices(db: TestDb) {
        the_same_people_twice(db, 2);
    }
}
