//! The same request sent again and again, over connections that break: one effect and one answer (BR-26).

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
};

use diesel::prelude::*;
use leling::{
    clock::Clock,
    db::schema::{attendances, closures, reservation_events},
    id::{Id, random_bytes},
    ids::TapId,
};
use serde_json::{Value, json};

use crate::support::{
    Client, Plan, Town,
    lunch::{FATHERS_CARD, Lunch},
    race,
};

/// How often each request is sent.
const TIMES: usize = 20;

/// A POST that is sent byte by byte, and so can be broken off anywhere.
struct Raw {
    address: SocketAddr,
    bytes: Vec<u8>,
}

impl Raw {
    fn post(address: SocketAddr, client: &Client, path: &str, key: &str, body: &Value) -> Raw {
        let (token, body) = (client.token(), body.to_string());
        let head = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        Raw { address, bytes: [head.into_bytes(), body.into_bytes()].concat() }
    }

    /// Sends it, or a part of it, and hangs up in one of four ways.
    fn cut(&self, way: usize) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let [random] = random_bytes::<1>();
        let part = if way.is_multiple_of(4) {
            self.bytes.len() * usize::from(random) / 256
        } else {
            self.bytes.len()
        };
        stream.write_all(&self.bytes[..part]).unwrap();
        match way % 4 {
            0 | 1 => {}
            2 => stream.shutdown(Shutdown::Both).unwrap(),
            _ => {
                let mut some = vec![0; 1 + usize::from(random) / 8];
                stream.read_exact(&mut some).unwrap();
            }
        }
    }
}

/// Sends a request twenty times and breaks it off each time, half of them at one moment; then sends it whole.
fn sent_again_and_again(town: &Town, client: &Client, path: &str, body: &Value) -> crate::support::Reply {
    let key = hex::encode(random_bytes::<16>());
    let raw = Raw::post(town.servers[0].address(), client, path, &key, body);
    (0..TIMES / 2).for_each(|way| raw.cut(way));
    race((TIMES / 2..TIMES).map(|way| {
        let raw = &raw;
        move || raw.cut(way)
    }));
    client.post_keyed(path, body.clone(), &key)
}

fn closure(town: &Town) -> (String, Value) {
    let on = town.day(30);
    let path = format!("/canteens/{}/closures", town.canteens[0].id);
    (path, json!({ "from_on": on, "to_on": on, "reason": "停电" }))
}

fn count_closures(town: &Town) -> i64 {
    town.look(|conn| closures::table.count().get_result(conn))
}

fn guest_tap(town: &Town) -> (String, Value) {
    let tap: TapId = Id::new(Clock::system().now());
    let meal = town.meal_today(0, 0, 100);
    (format!("/menus/{}/attendance", meal.id), json!({ "tap_id": tap, "kind": "guest" }))
}

fn count_attendances(town: &Town) -> i64 {
    town.look(|conn| attendances::table.count().get_result(conn))
}

on_both! {
    async fn a_reservation_sent_twenty_times_over_broken_connections_is_made_once_and_then_replayed(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let (meal, resident) = (town.meal(0, 0, 30, None), &town.residents[0]);
        let answer = sent_again_and_again(&town, &resident.client, "/reservations", &meal.order(resident));
        assert!(answer.replayed);
        answer.expect(201);
        let taken = town.counted(&meal);
        assert_eq!((taken.places, taken.reservations, taken.portions), (1, 1, 1));
        let events: i64 = town.look(|conn| reservation_events::table.count().get_result(conn));
        assert_eq!(events, 1);
    }

    async fn a_closure_sent_twenty_times_over_broken_connections_is_made_once_and_then_replayed(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let (path, body) = closure(&town);
        let answer = sent_again_and_again(&town, &town.canteens[0].desk, &path, &body);
        assert!(answer.replayed);
        answer.expect(201);
        assert_eq!(count_closures(&town), 1);
    }

    async fn a_key_is_its_owners_and_another_who_uses_the_same_gets_an_answer_of_their_own(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let (son, niece) = (lunch.app.someone("son").await, lunch.app.someone("niece").await);
        let ask = async |by: &Value| {
            let body = json!({ "card_number": FATHERS_CARD, "born_on": "1944-05-01", "relation": "child" });
            lunch.app.post("/family-links", body).by(by).header("Idempotency-Key", "1").send().await
        };
        let (his, hers, his_again) = (ask(&son).await, ask(&niece).await, ask(&son).await);
        assert_eq!((his.replayed, hers.replayed, his_again.replayed), (false, false, true));
        assert_ne!(his.expect(201)["id"], hers.expect(201)["id"]);
    }

    async fn without_the_guard_of_keys_a_closure_sent_again_is_made_again(db: TestDb) {
        let town = Town::open(db, Plan { guards_off: "idempotency", ..Plan::USUAL });
        let (path, body) = closure(&town);
        for _ in 0..TIMES {
            town.canteens[0].desk.post_keyed(&path, body.clone(), "again").expect(201);
        }
        assert_eq!(count_closures(&town), 20);
    }

    async fn without_the_guard_of_keys_a_reservation_sent_again_is_refused_instead_of_replayed(db: TestDb) {
        let town = Town::open(db, Plan { guards_off: "idempotency", ..Plan::USUAL });
        let (meal, resident) = (town.meal(0, 0, 30, None), &town.residents[0]);
        let place = || resident.client.post_keyed("/reservations", meal.order(resident), "again");
        place().expect(201);
        place().refused(409, "already_reserved");
    }

    async fn a_tap_sent_twenty_times_is_one_meal_and_one_answer(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let (path, tap) = guest_tap(&town);
        let desk = &town.canteens[0].desk;
        let answers = race((0..TIMES).map(|_| || desk.post(&path, tap.clone()).expect(201)));
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
        assert_eq!(count_attendances(&town), 1);
    }

    async fn without_the_guard_of_taps_the_index_says_no_to_the_second(db: TestDb) {
        let town = Town::open(db, Plan { guards_off: "tap_id", ..Plan::USUAL });
        let (path, tap) = guest_tap(&town);
        let desk = &town.canteens[0].desk;
        desk.post(&path, tap.clone()).expect(201);
        desk.try_post(&path, &tap, "any").unwrap().refused(409, "conflict");
        assert_eq!(count_attendances(&town), 1);
    }
}

on_postgres! {
    async fn a_tap_sent_to_two_processes_at_once_is_one_meal_and_one_answer(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, ..Plan::USUAL });
        let (path, tap) = guest_tap(&town);
        let desks: Vec<Client> = town.servers.iter().map(|server| town.canteens[0].desk.at(server)).collect();
        let answers = race((0..TIMES).map(|time| {
            let (desk, path, tap) = (&desks[time % 2], &path, &tap);
            move || desk.post(path, tap.clone()).expect(201)
        }));
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
        assert_eq!(count_attendances(&town), 1);
    }

    async fn one_key_sent_to_two_processes_at_once_has_one_effect(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, ..Plan::USUAL });
        let (path, body) = closure(&town);
        let desks: Vec<Client> = town.servers.iter().map(|server| town.canteens[0].desk.at(server)).collect();
        let answers = race((0..TIMES).map(|time| {
            let (desk, path, body) = (&desks[time % 2], &path, &body);
            move || desk.post_keyed(path, body.clone(), "one")
        }));
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
        answers.into_iter().for_each(|answer| drop(answer.expect(201)));
        assert_eq!(count_closures(&town), 1);
    }
}
