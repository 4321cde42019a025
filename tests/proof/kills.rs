//! The service, and PostgreSQL under it, killed at random moments under load: what was acknowledged is there, once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use fastrand::Rng;
use leling::db::Kind;

use crate::{
    load::{Load, REQUESTS, RESIDENTS, a_moment},
    size,
    support::{Cluster, Plan, Server, TestDb, Town},
};

/// Kills every process of the service when some requests have been answered, and a moment more has passed.
fn kill_servers(town: &mut Town, dice: &mut Rng) {
    a_moment(dice, 4);
    town.servers.iter_mut().for_each(Server::kill);
}

fn report(what: &str, load: &Load, kills: u64, seed: u64) {
    let told = load.told;
    let missed = told.requests - told.acknowledged;
    assert!(missed > 0, "no kill came while it was at work");
    size::figure(&format!(
        "kills, {what}: {kills} (SEED={seed}), {} requests: {} acknowledged, all there; {} told to come again, of which {} \
         had been done; {} unanswered; none twice; {}",
        told.requests,
        told.acknowledged,
        told.refused,
        told.done_all_the_same,
        told.unanswered,
        load.verified().lines().last().unwrap_or_default()
    ));
}

on_both! {
    async fn without_the_guard_of_keys_what_is_sent_again_after_a_kill_is_wrong(db: TestDb) {
        let plan = Plan { residents: RESIDENTS, guards_off: "idempotency", ..Plan::USUAL };
        let mut load = Load::of(Town::open(db, plan));
        let round = AssertUnwindSafe(|| {
            load.round(|town, progress| {
                progress.wait_for(REQUESTS / 2);
                town.servers.iter_mut().for_each(Server::kill);
            }, Town::restart);
        });
        assert!(catch_unwind(round).is_err(), "nothing was noticed");
    }
}

on_sqlite! {
    async fn killed_at_random_over_sqlite_it_keeps_what_it_acknowledged(db: TestDb) {
        let (seed, kills) = (size::seeds(1, 1)[0], size::rounds(10, 500));
        let mut dice = Rng::with_seed(seed);
        let mut load = Load::open(db, 1);
        for _ in 0..kills {
            let after = dice.usize(..REQUESTS);
            let dice = &mut dice;
            load.round(|town, progress| {
                progress.wait_for(after);
                kill_servers(town, dice);
            }, Town::restart);
        }
        report("SQLite", &load, kills, seed);
    }
}

on_postgres! {
    async fn killed_at_random_with_postgresql_it_keeps_what_it_acknowledged(db: TestDb) {
        drop(db);
        let (seed, kills) = (size::seeds(1, 1)[0], size::rounds(10, 500));
        let mut dice = Rng::with_seed(seed);
        let cluster = Arc::new(Cluster::durable());
        let db = TestDb::at(Kind::Postgres, cluster.url("postgres", None), cluster.clone());
        let mut load = Load::open(db, 2);
        for kill in 0..kills {
            let after = dice.usize(..REQUESTS);
            let (dice, cluster) = (&mut dice, &cluster);
            // The service, PostgreSQL stopped at once, the service, PostgreSQL killed.
            let signal = ["", "QUIT", "", "KILL"][kill as usize % 4];
            load.round(|town, progress| {
                progress.wait_for(after);
                if signal.is_empty() {
                    kill_servers(town, dice);
                } else {
                    a_moment(dice, 4);
                    cluster.signal(signal);
                }
            }, |town| if signal.is_empty() { town.restart() } else { drop(cluster.connect()) });
        }
        report("PostgreSQL and two processes by turns", &load, kills, seed);
    }
}
