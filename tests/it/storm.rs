//! Everybody signs in at the same moment: all get in, others are answered meanwhile, and memory stays where it is.

use std::{
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use diesel::prelude::*;
use leling::{
    accounts::passwords::{Hasher, Params},
    clock::At,
    db::schema::accounts,
    id::Id,
    ids::AccountId,
};
use serde_json::json;

use crate::support::{PASSWORD, Plan, Town, race};

/// So many sign in at once.
const CROWD: usize = 500;

/// By less than this memory may grow, in KiB.
const GROWTH_KIB: u64 = 100 * 1024;

/// How long anybody may have to come back again and again.
const PATIENCE: Duration = Duration::from_secs(240);

on_both! {
    async fn five_hundred_sign_in_at_once(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let meal = town.meal(0, 0, 30, None);
        // What a real password costs.
        let hash = Hasher::new(Params::DEFAULT).hash_blocking(PASSWORD);
        town.write(move |conn, now: At| {
            for number in 0..CROWD {
                let (id, name): (AccountId, _) = (Id::new(now), format!("crowd{number}"));
                diesel::insert_into(accounts::table)
                    .values((
                        accounts::id.eq(id),
                        accounts::user_name.eq(&name),
                        accounts::display_name.eq(&name),
                        accounts::password_hash.eq(&hash),
                        accounts::created_at.eq(now),
                        accounts::version.eq(1),
                    ))
                    .execute(conn)?;
            }
            Ok(())
        });
        let server = &town.servers[0];
        let (before_kib, over, reads) = (server.resident_kib(), AtomicBool::new(false), AtomicUsize::new(0));
        let (told, most_kib) = mpsc::channel();
        let statuses = thread::scope(|scope| {
            let (over, reads, meal) = (&over, &reads, &meal);
            let reader = server.client("");
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    reader.get(&format!("/menus/{}", meal.id)).expect(200);
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
            scope.spawn(move || {
                let mut most_kib = 0;
                while !over.load(Ordering::Relaxed) {
                    most_kib = server.resident_kib().max(most_kib);
                    thread::yield_now();
                }
                told.send(most_kib).unwrap();
            });
            let statuses = race((0..CROWD).map(|number| {
                let client = server.client("");
                let body = json!({ "user_name": format!("crowd{number}"), "password": PASSWORD });
                move || {
                    let asked = Instant::now();
                    loop {
                        let reply = client.try_post("/auth/sign-in", &body, "k").expect("an answer");
                        if reply.status != 503 || asked.elapsed() > PATIENCE {
                            return reply.status;
                        }
                        // A test does as it is told, and no sooner.
                        let wait_s: u64 = reply.header("retry-after").unwrap().parse().unwrap();
                        thread::sleep(Duration::from_secs(wait_s));
                    }
                }
            }));
            over.store(true, Ordering::Relaxed);
            statuses
        });
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        let growth_kib = most_kib.recv().unwrap().saturating_sub(before_kib);
        eprintln!("memory grew by {growth_kib} KiB, {} reads were answered meanwhile", reads.load(Ordering::Relaxed));
        assert!(growth_kib < GROWTH_KIB, "memory grew by {growth_kib} KiB");
        assert!(reads.load(Ordering::Relaxed) > 50, "{reads:?} reads");
    }
}
