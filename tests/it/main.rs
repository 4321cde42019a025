//! The suite: every test that needs a database runs on both, each time with a fresh one of its own.

#[macro_use]
mod support;

mod access;
mod accounts;
mod auth;
mod calendar;
mod canteens;
mod contract;
mod doors;
mod families;
mod opening;
mod races;
mod residents;
mod schema;
mod schemes;
mod values;

fn main() -> std::process::ExitCode {
    support::run()
}
