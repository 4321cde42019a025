//! The suite: every test that needs a database runs on both, each time with a fresh one of its own.

#[macro_use]
#[allow(dead_code, unused_imports, reason = "shared with tests/proof, which uses the rest")]
mod support;

mod access;
mod accounts;
mod attendance;
mod audit;
mod auth;
mod backups;
mod bad_input;
mod batches;
mod caching;
mod calendar;
mod canteens;
mod cards;
mod contract;
mod days;
mod demo;
mod devices;
mod dignity;
mod doors;
mod edits;
mod families;
mod first_run;
mod hostile;
mod idle;
mod live;
mod opening;
mod openmensa;
mod operations;
mod plans;
mod races;
mod reservations;
mod residents;
mod retries;
mod rosters;
mod schema;
mod schemes;
mod sheets;
mod slowing;
mod standing_orders;
mod storm;
mod values;
mod verify;
mod waiting;

fn main() -> std::process::ExitCode {
    support::run()
}
