//! What the service costs while nobody asks it anything.

use crate::support::{Plan, Server, Town};

/// Fewer than these, in KiB.
const MEMORY_KIB: u64 = 40 * 1024;

on_both! {
    async fn an_idle_service_is_small_on_a_database_in_use(db: TestDb) {
        let mut town = Town::open(db, Plan { residents: 20, ..Plan::USUAL });
        town.restart();
        let largest = town.servers.iter().map(Server::own_kib).max().unwrap();
        assert!(largest < MEMORY_KIB, "it has {largest} KiB");
    }
}
