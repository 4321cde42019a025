//! The service, and PostgreSQL under it, killed at random moments under load: what was acknowledged is there, once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use fastrand::Rng;
use leling::db::Kind;

use crate::{
    load::{self, Load, REQUESTS, RESIDENTS, Told, a_moment},
    size,
    support::{Cluster, Plan, Server, TestDb, Town},
};

/// Kills every process of the service when some requests have been answered, and a moment more has passed.
fn kill_servers(town: &mut Town, dice: &mut Rng) {
    a_moment(dice, 4);
    town.servers.iter_mut().for_each(Server::kill);
}

fn report(what: &str, told: Told, kills: u64, seed: u64) {
    assert!(told.acknowledged < told.requests, "no kill came while it was at work");
    size::figure(&format!("kills, {what}: {kills} (SEED={seed}), {told}"));
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
        drop(db);
        let (seed, kills) = (size::seeds(1, 1)[0], size::rounds(10, 500));
        let mut dice = Rng::with_seed(seed);
        let open = || Load::open(TestDb::fresh(Kind::Sqlite), 1);
        let told = load::rounds(kills, open, |load, _| {
            let after = dice.usize(..REQUESTS);
            load.round(|town, progress| {
                progress.wait_for(after);
                kill_servers(town, &mut dice);
            }, Town::restart);
        });
        report("SQLite", told, kills, seed);
    }
}

on_postgres! {
    async fn killed_at_random_with_postgresql_it_keeps_what_it_acknowledged(db: TestDb) {
        drop(db);
        let (seed, kills) = (size::seeds(1, 1)[0], size::rounds(10, 500));
        let mut dice = Rng::with_seed(seed);
        let cluster = Arc::new(Cluster::durable());
        let open = || Load::open(cluster.database(None), 2);
        let told = load::rounds(kills, open, |load, kill| {
            let after = dice.usize(..REQUESTS);
            // The service, PostgreSQL stopped at once, the service, PostgreSQL killed.
            let signal = ["", "QUIT", "", "KILL"][kill as usize % 4];
            load.round(|town, progress| {
                progress.wait_for(after);
                if signal.is_empty() {
                    kill_servers(town, &mut dice);
                } else {
                    a_moment(&mut dice, 4);
                    cluster.signal(signal);
                }
            }, |town| if signal.is_empty() { town.restart() } else { drop(cluster.connect()) });
        });
        report("PostgreSQL and two processes by turns", told, kills, seed);
    }
}
