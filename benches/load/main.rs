//! Measures the service as its clients find it, with a client of its own, and says how that compares: see docs/proof.md.
//!
//! `cargo bench --bench load -- --help`

mod client;
mod growth;
mod limits;
mod measure;
mod past;
mod postgres;
mod report;
mod server;
mod world;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, ValueEnum};

use measure::{Ask, DISTRICT, On, Plan, SLOWER_US, Seeds};
use report::{Floors, Verdict};
use world::Size;

/// Measures the service over HTTP, against what its machine can do at all.
#[derive(Parser)]
struct Arguments {
    /// What is asked for [default: everything]
    #[arg(long, value_delimiter = ',')]
    asks: Vec<Ask>,
    /// Whom it is asked [default: all of them]
    #[arg(long, value_delimiter = ',')]
    on: Vec<On>,
    /// By how many clients at once, each on a connection of its own
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    clients: Vec<usize>,
    /// How often; medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// For how long each time
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Instead: headcount and door list with so many meals in the past
    #[arg(long, value_delimiter = ',')]
    growth: Vec<usize>,
    /// Instead: a month of a district of 115 canteens and 42,000 meals a day is counted
    #[arg(long)]
    month: bool,
    /// Instead: the ratios that nothing should ever make worse than a fraction of the targets, in two minutes and in any
    /// build; ends with 1 when one is
    #[arg(long)]
    short: bool,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    /// Serves these bytes and nothing else: how the bare server is started
    #[arg(long, hide = true)]
    bare: Option<PathBuf>,
    /// Commits bare rows to this file and says how many a second: how it is done where syncs are slower
    #[arg(long, hide = true)]
    bare_rows: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(body) = &arguments.bare {
        server::serve_bare(body);
        return ExitCode::SUCCESS;
    }
    let long = Duration::from_secs_f64(arguments.seconds);
    if let Some(file) = &arguments.bare_rows {
        println!("{}", limits::commits_per_second(file, long));
        return ExitCode::SUCCESS;
    }
    let directory = tempfile::tempdir().expect("a directory can be made");
    let plan = Plan {
        asks: or_all(arguments.asks),
        on: or_all(arguments.on),
        clients: arguments.clients,
        rounds: arguments.rounds,
        long,
    };
    postgres::open_to_others(directory.path());
    let verdicts = if arguments.short {
        short(directory.path())
    } else if !arguments.growth.is_empty() {
        let rates = growth::measure(directory.path(), &plan.on, DISTRICT, &arguments.growth, plan.rounds);
        report::growth(&rates, Floors::TARGETS)
    } else if arguments.month {
        report::month(&growth::count_a_month(directory.path(), &plan.on, plan.rounds))
    } else {
        let seeds = Seeds::make(directory.path(), &plan.on, DISTRICT, SLOWER_US);
        report::load(&plan.run(&seeds), Floors::TARGETS)
    };
    verdicts.iter().for_each(|verdict| println!("{verdict}"));
    // A target that is missed is told; only the short form judges, by floors that hold on any machine.
    if arguments.short && !verdicts.iter().all(Verdict::is_met) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// What was named; everything when nothing was.
fn or_all<T: ValueEnum>(named: Vec<T>) -> Vec<T> {
    if named.is_empty() { T::value_variants().to_vec() } else { named }
}

/// A small district, few questions, and syncs so slow that they outweigh a build that is not optimised.
fn short(directory: &Path) -> Vec<Verdict> {
    const SMALL: Size = Size { canteens: 2, residents: 400, days: 4, reserved_today: 350 };
    let on = vec![On::Bare, On::Sqlite, On::SlowSqlite, On::SlowSqliteOneByOne];
    let long = Duration::from_secs(1);
    let plan = Plan { asks: vec![Ask::Menus, Ask::Reserve], on, clients: vec![64], rounds: 3, long };
    let seeds = Seeds::make(directory, &plan.on, SMALL, 20_000);
    let mut verdicts = report::load(&plan.run(&seeds), Floors::SHORT);
    drop(seeds);
    let rates = growth::measure(directory, &[On::Sqlite], SMALL, &[300, 60_000], 3);
    verdicts.extend(report::growth(&rates, Floors::SHORT));
    verdicts
}
