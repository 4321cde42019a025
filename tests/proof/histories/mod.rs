//! Concurrent clients against the real service: what they were told is checked against the rules, one operation after the
//! other.
//!
//! Six clients want the places and portions of two small menus for four residents, whom the city pays for once a day; they
//! reserve, change, cancel, check in, void, edit and count, repeat themselves with the same keys, and hang up. Each menu is
//! checked for an order of its operations that keeps to real time and that [`model`] accepts; each resident's subsidy by
//! [`purse`]; the same key for the same answer; each headcount against what was acknowledged.

mod bad;
mod clients;
mod model;
mod purse;
mod record;

use std::thread;

use fastrand::Rng;
use serde_json::{Value, json};

use self::{
    clients::{Clients, Place, Table},
    model::{DISHES, PLACES},
    record::Record,
};
use crate::{
    load::verified,
    size,
    support::{Plan, TestDb, Town},
};

/// How many work at once, and how much each does.
const CLIENTS: u64 = 6;
const STEPS: usize = 12;

/// How many residents they work for.
const PERSONS: usize = 4;

/// So many histories share a town.
const AT_A_TOWN: usize = 5;

/// The menus of a history, served at one day.
const PERIODS: [&str; 2] = ["lunch", "dinner"];

fn menu_body(places: usize, of: Option<&Table>) -> Value {
    let mut set = json!({ "name": "套餐", "kind": "set", "price_fen": 1000 });
    let mut dish = json!({ "name": "鱼", "kind": "dish", "price_fen": 1000, "portions": DISHES });
    if let Some(table) = of {
        (set["id"], dish["id"]) = (json!(table.set), json!(table.dish));
    }
    json!({ "capacity": places, "items": [set, dish] })
}

fn tables(town: &Town, canteen: usize) -> Vec<Table> {
    let canteen = &town.canteens[canteen];
    let open = |period: &&str| {
        let mut body = menu_body(PLACES, None);
        (body["served_on"], body["period"], body["publish"]) =
            (json!(town.today()), json!(period), json!(true));
        let reply = canteen.desk.post(&format!("/canteens/{}/menus", canteen.id), body);
        let version = clients::version(&reply).expect("a version");
        let menu = reply.expect(201);
        let id = |of: &Value| of["id"].as_str().unwrap().to_owned();
        Table { id: id(&menu), set: id(&menu["items"][0]), dish: id(&menu["items"][1]), version }
    };
    PERIODS.iter().map(open).collect()
}

/// What happens with this seed. Which clients are quicker is for the machine to say.
fn history(town: &Town, number: usize, seed: u64) -> Record {
    let place = Place {
        town,
        canteen: number,
        tables: tables(town, number),
        first: number * PERSONS,
        persons: PERSONS,
        name: format!("{seed:x}"),
    };
    let clients = Clients::new(&place);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let clients = &clients;
            scope.spawn(move || {
                let mut dice = Rng::with_seed(seed.wrapping_mul(CLIENTS) + client);
                (0..STEPS).for_each(|_| clients.step(&mut dice));
            });
        }
    });
    clients.settle(&mut Rng::with_seed(seed));
    clients.recorder.finish()
}

/// What is wrong with each of these histories, as far as they go before the first that is wrong.
fn first_wrong(
    db: impl Fn() -> TestDb,
    servers: usize,
    guards_off: &str,
    seeds: &[u64],
) -> (usize, Option<String>) {
    let mut operations = 0;
    for seeds in seeds.chunks(AT_A_TOWN) {
        let plan = Plan { servers, canteens: seeds.len(), residents: seeds.len() * PERSONS, guards_off };
        let town = Town::open(db(), plan);
        town.pay_once_a_day();
        for (number, seed) in seeds.iter().enumerate() {
            let record = history(&town, number, *seed);
            operations += record.entries.len() + record.reads.len();
            let faults = record.faults();
            if !faults.is_empty() {
                return (operations, Some(format!("SEED={seed}: {}", faults.join("\n"))));
            }
        }
        if guards_off.is_empty() {
            verified(town.db.url());
        }
    }
    (operations, None)
}

fn all_are_right(db: TestDb, servers: usize) {
    let (kind, seeds) = (db.kind, size::seeds(5, 200));
    drop(db);
    let (operations, wrong) = first_wrong(|| TestDb::fresh(kind), servers, "", &seeds);
    if let Some(wrong) = wrong {
        panic!("{kind:?}, {servers} processes: {wrong}");
    }
    size::figure(&format!(
        "histories on {kind:?}, {servers} processes: {} seeds from {}, {operations} operations, none against the rules",
        seeds.len(),
        seeds[0]
    ));
}

/// With this guard off the checker objects to a history before so many were tried.
fn is_caught(db: TestDb, servers: usize, guard: &str) {
    let (kind, seeds) = (db.kind, size::seeds(200, 200));
    drop(db);
    let (operations, wrong) = first_wrong(|| TestDb::fresh(kind), servers, guard, &seeds);
    assert!(wrong.is_some(), "without the guard {guard} nothing was noticed in {operations} operations");
}

on_both! {
    async fn without_the_guard_of_places_a_history_is_wrong(db: TestDb) {
        is_caught(db, 1, "capacity");
    }

    async fn without_the_guard_of_portions_a_history_is_wrong(db: TestDb) {
        is_caught(db, 1, "portions");
    }

    async fn without_the_guard_of_keys_a_history_is_wrong(db: TestDb) {
        is_caught(db, 1, "idempotency");
    }

    async fn without_the_guard_of_versions_a_history_is_wrong(db: TestDb) {
        is_caught(db, 1, "if_match");
    }
}

on_sqlite! {
    async fn concurrent_histories_keep_to_the_rules(db: TestDb) {
        all_are_right(db, 1);
    }
}

on_postgres! {
    async fn concurrent_histories_of_two_processes_keep_to_the_rules(db: TestDb) {
        all_are_right(db, 2);
    }

    async fn without_the_guard_of_limits_a_history_of_two_processes_is_wrong(db: TestDb) {
        is_caught(db, 2, "limits");
    }
}
