//! What the service costs while nobody asks it anything.

use std::time::{Duration, Instant};

use crate::support::{Plan, Server, Town};

/// Fewer than these, in KiB.
const MEMORY_KIB: u64 = 40 * 1024;

on_both! {
    async fn an_idle_service_is_small_and_ready_within_a_second_on_a_database_in_use(db: TestDb) {
        let mut town = Town::open(db, Plan { residents: 20, ..Plan::USUAL });
        // The quickest of three: other tests run beside this one.
        let starts = (0..3).map(|_| {
            let asked = Instant::now();
            town.restart();
            asked.elapsed()
        });
        let quickest = starts.min().unwrap();
        let largest = town.servers.iter().map(Server::own_kib).max().unwrap();
        assert!(quickest < Duration::from_secs(1), "ready after {quickest:?}");
        assert!(largest < MEMORY_KIB, "it has {largest} KiB");
    }
}
