//! The suite: every test that needs a database runs on both, each time with a fresh one of its own.

#[macro_use]
mod support;

mod accounts;
mod auth;
mod calendar;
mod demo;
mod doors;
mod families;
mod opening;
mod schema;
mod values;

fn main() -> std::process::ExitCode {
    support::run()
}
