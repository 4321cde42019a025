//! The service killed at random moments under load: what it acknowledged is there, and nothing is half done.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use diesel::prelude::*;
use leling::{db::schema::reservations, id::random_bytes, ids::ReservationId};
use serde_json::Value;

use crate::support::{Meal, Plan, Reply, TestDb, Town};

/// How many residents reserve at once; each of them all three meals of a day.
const RESIDENTS: usize = 24;

/// One request of a round, and its answer if one came before the crash.
struct Sent {
    resident: usize,
    meal: usize,
    key: String,
    answer: Option<Reply>,
}

/// The answer, when it says that the meal is reserved; what is refused for now was not done.
fn acknowledged(answer: Option<Reply>) -> Option<Reply> {
    answer.filter(|answer| {
        assert!([201, 503].contains(&answer.status), "{} {}", answer.status, answer.body);
        answer.status == 201
    })
}

/// Everybody reserves every meal, while the process is killed after so many answers.
fn killed_under_load(town: &mut Town, meals: &[Meal], after: usize) -> Vec<Sent> {
    let answered = AtomicUsize::new(0);
    let Town { servers, residents, .. } = town;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..)
            .zip(residents.iter())
            .map(|(number, resident)| {
                let answered = &answered;
                scope.spawn(move || {
                    let send = |meal: usize| {
                        let key = hex::encode(random_bytes::<16>());
                        let order = meals[meal].order(resident);
                        let answer = acknowledged(resident.client.try_post("/reservations", &order, &key));
                        answered.fetch_add(1, Ordering::Relaxed);
                        Sent { resident: number, meal, key, answer }
                    };
                    (0..meals.len()).map(send).collect::<Vec<Sent>>()
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) < after {
            thread::sleep(Duration::from_micros(100));
        }
        servers[0].kill();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

fn is_there(town: &Town, id: ReservationId) -> bool {
    let found: i64 = town.look(|conn| {
        let active = reservations::table.find(id).filter(reservations::status.eq("active"));
        active.count().get_result(conn)
    });
    found == 1
}

fn assert_whole(town: &Town, meal: &Meal) {
    let counted = town.counted(meal);
    assert_eq!(counted.places, counted.reservations);
    assert_eq!(counted.portions, counted.reservations);
}

/// Sends a request again after the crash. What was acknowledged is replayed and answered; everything else is done now.
fn assert_goes_on(town: &Town, meals: &[Meal], sent: Sent) -> Option<Value> {
    let resident = &town.residents[sent.resident];
    let again = resident.client.post_keyed("/reservations", meals[sent.meal].order(resident), &sent.key);
    let replayed = again.replayed;
    let again = again.expect(201);
    let acknowledged = sent.answer?.expect(201);
    assert!(replayed);
    assert_eq!(again, acknowledged);
    Some(acknowledged)
}

fn nothing_acknowledged_is_lost(db: TestDb, rounds: usize) {
    let mut town = Town::open(db, Plan { residents: RESIDENTS, ..Plan::USUAL });
    let mut struck = 0;
    for round in 0..rounds {
        let meals: Vec<Meal> = (0..3).map(|number| town.meal(0, 3 * round + number, 64, None)).collect();
        let [random] = random_bytes::<1>();
        // Of 72, so that some are always under way.
        let sent = killed_under_load(&mut town, &meals, usize::from(random) % 60);
        town.restart();
        for answer in sent.iter().filter_map(|sent| sent.answer.as_ref()) {
            let id = serde_json::from_value(answer.body["id"].clone()).unwrap();
            assert!(is_there(&town, id), "acknowledged and lost in round {round}: {}", answer.body);
        }
        meals.iter().for_each(|meal| assert_whole(&town, meal));
        let total = sent.len();
        let acknowledged = sent.into_iter().filter_map(|sent| assert_goes_on(&town, &meals, sent)).count();
        struck += usize::from((1..total).contains(&acknowledged));
        for meal in &meals {
            assert_whole(&town, meal);
            assert_eq!(town.counted(meal).places, RESIDENTS as i64);
        }
    }
    assert!(2 * struck >= rounds, "only {struck} of {rounds} crashes came while it was at work");
}

on_sqlite! {
    async fn a_process_killed_under_load_loses_nothing_that_it_acknowledged(db: TestDb) {
        nothing_acknowledged_is_lost(db, 12);
    }
}

on_postgres! {
    async fn a_process_killed_over_postgres_loses_nothing_that_it_acknowledged(db: TestDb) {
        nothing_acknowledged_is_lost(db, 4);
    }
}
