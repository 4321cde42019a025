//! The suite: every test that needs a database runs on both, each time with a fresh one of its own.

#[macro_use]
mod support;

mod accounts;
mod auth;
mod bad_input;
mod calendar;
mod canteens;
mod crashes;
mod doors;
mod edits;
mod families;
mod idle;
mod opening;
mod races;
mod residents;
mod retries;
mod schema;
mod values;

fn main() -> std::process::ExitCode {
    support::run()
}
