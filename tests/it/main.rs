//! The suite: every test that needs a database runs on both, each time with a fresh one of its own.

#[macro_use]
mod support;

mod access;
mod accounts;
mod attendance;
mod auth;
mod bad_input;
mod caching;
mod calendar;
mod canteens;
mod contract;
mod crashes;
mod demo;
mod dignity;
mod doors;
mod edits;
mod families;
mod idle;
mod opening;
mod races;
mod reservations;
mod residents;
mod retries;
mod schema;
mod schemes;
mod values;

fn main() -> std::process::ExitCode {
    support::run()
}
