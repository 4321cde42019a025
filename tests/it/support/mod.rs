//! What tests stand on: their registration, a database for each, and the runner.

mod app;
pub mod contract;
mod database;
pub mod lunch;
pub mod plans;
mod postgres;
mod process;
pub mod queries;
mod town;
pub mod world;

use std::{
    future::Future,
    panic::{self, PanicHookInfo},
    pin::Pin,
    process::ExitCode,
};

use leling::db::Kind;
use libtest_mimic::{Arguments, Trial};

pub use app::{PASSWORD, PIN, Reply, TestApp};
pub use database::{TestDb, directory};
pub use postgres::Cluster;
pub use process::{Client, Raw, Server};
pub use town::{Canteen, Counted, Meal, Plan, Resident, Town, race};

/// A test, as the macros below register it.
pub struct Case {
    pub module: &'static str,
    pub name: &'static str,
    pub run: Run,
}

inventory::collect!(Case);

type Running = Pin<Box<dyn Future<Output = ()>>>;

/// How a test is run.
pub enum Run {
    /// Once on each of these databases.
    On(&'static [Kind], fn(TestDb) -> Running),
    /// Once, without any.
    Plain(fn() -> Running),
}

/// Registers tests that run on both databases: `async fn a_sentence(db: TestDb) { … }`.
macro_rules! on_both {
    ($($tests:tt)+) => { on! { [leling::db::Kind::Sqlite, leling::db::Kind::Postgres] $($tests)+ } };
}

/// Registers tests of what only SQLite can do or suffer.
macro_rules! on_sqlite {
    ($($tests:tt)+) => { on! { [leling::db::Kind::Sqlite] $($tests)+ } };
}

/// Registers tests of what only PostgreSQL can do or suffer.
macro_rules! on_postgres {
    ($($tests:tt)+) => { on! { [leling::db::Kind::Postgres] $($tests)+ } };
}

/// The databases come as one token, so that they can be repeated with each test.
macro_rules! on {
    ($kinds:tt $($(#[$meta:meta])* async fn $name:ident($db:ident: TestDb) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($db: $crate::support::TestDb) $body

        inventory::submit! {
            $crate::support::Case {
                module: module_path!(),
                name: stringify!($name),
                run: $crate::support::Run::On(&$kinds, |db| Box::pin($name(db))),
            }
        }
    )+};
}

/// Registers tests that need no database: `async fn a_sentence() { … }`.
macro_rules! plain {
    ($($(#[$meta:meta])* async fn $name:ident() $body:block)+) => {$(
        $(#[$meta])*
        async fn $name() $body

        inventory::submit! {
            $crate::support::Case {
                module: module_path!(),
                name: stringify!($name),
                run: $crate::support::Run::Plain(|| Box::pin($name())),
            }
        }
    )+};
}

/// Runs the tests that the command line asks for, as cargo's own runner would.
pub fn run() -> ExitCode {
    let arguments = Arguments::from_args();
    panic::set_hook(Box::new(say_where));
    queries::listen();
    let with_postgres = postgres::is_installed();
    let trials = inventory::iter::<Case>().flat_map(|case| trials(case, with_postgres)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    postgres::stop();
    let said = queries::said_to_sqlite();
    let walks = plans::walks(&said);
    walks.iter().for_each(|statement| eprintln!("walks through what grows with every day: {statement}"));
    if !with_postgres {
        eprintln!("PostgreSQL server programs not found: the PostgreSQL half of the suite did NOT run");
        if std::env::var("CI").is_ok_and(|ci| ci == "true") {
            return ExitCode::from(101);
        }
    }
    if !walks.is_empty() {
        return ExitCode::from(101);
    }
    conclusion.exit_code()
}

/// Says in a line where a test failed; what panics because a test wants it to says nothing.
fn say_where(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let literal = payload.downcast_ref::<&str>().copied();
    let message =
        literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default();
    if let Some(place) = panic.location()
        && message != "on purpose"
    {
        eprintln!("panicked at {place}: {message}");
    }
}

fn trials(case: &'static Case, with_postgres: bool) -> Vec<Trial> {
    let module = case.module.split_once("::").map_or("", |(_, inner)| inner);
    match case.run {
        Run::Plain(test) => vec![trial(format!("{module}::{}", case.name), test)],
        Run::On(kinds, test) => kinds
            .iter()
            .filter(|kind| with_postgres || **kind != Kind::Postgres)
            .map(|kind| {
                let name = format!("{}::{module}::{}", database::word(*kind), case.name);
                trial(name, move || test(TestDb::fresh(*kind)))
            })
            .collect(),
    }
}

/// Each test has a thread and a runtime of its own.
fn trial(name: String, test: impl FnOnce() -> Running + Send + 'static) -> Trial {
    Trial::test(name, move || {
        actix_web::rt::System::new().block_on(async { test().await });
        Ok(())
    })
}
