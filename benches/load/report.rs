//! What was measured, as a table, and how it compares to what is aimed at.

use std::fmt;

use crate::{
    growth::Rates,
    measure::{Ask, Measured, On, Row, Sample, median},
};

/// The clients at which reservations are judged.
const MANY: usize = 64;

/// What is aimed at.
#[derive(Clone, Copy)]
pub struct Floors {
    menus_to_bare: f64,
    to_one_a_request: f64,
    to_commits: f64,
    to_one_a_request_slow: f64,
    p99_ms: f64,
    growth: f64,
}

impl Floors {
    pub const TARGETS: Floors = Floors {
        menus_to_bare: 0.8,
        to_one_a_request: 2.5,
        to_commits: 0.8,
        to_one_a_request_slow: 6.0,
        p99_ms: 50.0,
        growth: 0.8,
    };

    /// What holds without optimisation and on a machine that does something else besides, and would not without group
    /// commit, without memory, or without an index.
    pub const SHORT: Floors = Floors {
        menus_to_bare: 0.05,
        to_one_a_request: 0.8,
        to_commits: 0.01,
        to_one_a_request_slow: 2.0,
        p99_ms: 5000.0,
        growth: 0.5,
    };
}

/// A figure beside its target.
pub struct Verdict {
    what: String,
    figure: f64,
    target: Target,
}

enum Target {
    AtLeast(f64),
    Below(f64),
}

impl Verdict {
    /// Whether it is met.
    pub fn is_met(&self) -> bool {
        match self.target {
            Target::AtLeast(least) => self.figure >= least,
            Target::Below(most) => self.figure < most,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = if self.is_met() { "met" } else { "NOT MET" };
        write!(f, "{}: {:.2} ", self.what, self.figure)?;
        match self.target {
            Target::AtLeast(least) => write!(f, "(at least {least}: {met})"),
            Target::Below(most) => write!(f, "(below {most}: {met})"),
        }
    }
}

/// Prints what was measured under load, and judges it.
pub fn load(measured: &Measured, floors: Floors) -> Vec<Verdict> {
    println!(
        "{:<10} {:<20} {:>7} {:>9} {:>8} {:>8} {:>11} {:>14} {:>5} {:>5}",
        "asked", "of", "clients", "a second", "p50 ms", "p99 ms", "service us", "PostgreSQL us", "MiB", "503"
    );
    for (row, samples) in &measured.samples {
        let of = |field: fn(&Sample) -> f64| median(samples.iter().map(field));
        let (ask, on, clients) = row;
        println!(
            "{:<10} {:<20} {clients:>7} {:>9.0} {:>8.2} {:>8.2} {:>11.0} {:>14.0} {:>5.0} {:>5.0}",
            format!("{ask:?}"),
            format!("{on:?}"),
            of(|sample| sample.per_second),
            of(|sample| sample.p50_ms),
            of(|sample| sample.p99_ms),
            of(|sample| sample.service_us),
            of(|sample| sample.database_us),
            of(|sample| sample.memory_mib),
            of(|sample| sample.busy)
        );
    }
    println!("bare rows committed one by one: {:.0} a second", median(measured.commits.iter().copied()));
    if let Some(slow) = slow_commits(measured) {
        println!("the same on slower syncs: {slow:.0} a second");
    }
    println!();
    ratios(measured, floors)
}

fn slow_commits(measured: &Measured) -> Option<f64> {
    let commits = &measured.slow_commits;
    (!commits.is_empty()).then(|| median(commits.iter().copied()))
}

fn ratios(measured: &Measured, floors: Floors) -> Vec<Verdict> {
    let rate = |row: Row| Some(median(measured.samples.get(&row)?.iter().map(|sample| sample.per_second)));
    let reserve = |on| rate((Ask::Reserve, on, MANY));
    let mut verdicts = Vec::new();
    let mut judge = |what: String, figure: Option<f64>, target| {
        verdicts.extend(figure.map(|figure| Verdict { what, figure, target }));
    };
    for clients in [1, 16, 64, 256] {
        for on in [On::Sqlite, On::Postgres] {
            let ratio = || Some(rate((Ask::Menus, on, clients))? / rate((Ask::Menus, On::Bare, clients))?);
            let what = format!("menus of a day, to bare actix-web: {on:?}, {clients} clients");
            judge(what, ratio(), Target::AtLeast(floors.menus_to_bare));
        }
    }
    let to = |other: Option<f64>| Some(reserve(On::Sqlite)? / other?);
    let commits = Some(median(measured.commits.iter().copied()));
    let slow = || Some(reserve(On::SlowSqlite)? / reserve(On::SlowSqliteOneByOne)?);
    let mut reserving = |to_what: &str, figure, least| {
        judge(format!("reserving, {MANY} clients, to {to_what}"), figure, Target::AtLeast(least));
    };
    reserving("one transaction a request", to(reserve(On::SqliteOneByOne)), floors.to_one_a_request);
    reserving("bare rows committed one by one", to(commits), floors.to_commits);
    let slow_rows = || Some(reserve(On::SlowSqlite)? / slow_commits(measured)?);
    reserving("bare rows committed one by one, on slower syncs", slow_rows(), floors.to_commits);
    reserving("one transaction a request, on slower syncs", slow(), floors.to_one_a_request_slow);
    let row = (Ask::Reserve, On::Sqlite, MANY);
    let p99 = measured.samples.get(&row).map(|samples| median(samples.iter().map(|sample| sample.p99_ms)));
    judge(format!("reserving, {MANY} clients, p99 in ms"), p99, Target::Below(floors.p99_ms));
    verdicts
}

/// Judges whether the past makes today slower.
pub fn growth(rates: &Rates, floors: Floors) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for what in [Ask::Headcount, Ask::DoorList] {
        for on in [On::Sqlite, On::Postgres] {
            let mut of = rates.iter().filter(|((asked, of, _), _)| (*asked, *of) == (what, on));
            if let (Some(((.., few), first)), Some(((.., many), last))) = (of.next(), of.next_back()) {
                let what = format!("{what:?} on {on:?}, with {many} past meals to with {few}");
                verdicts.push(Verdict { what, figure: last / first, target: Target::AtLeast(floors.growth) });
            }
        }
    }
    verdicts
}

/// Judges how long a month took to count.
pub fn month(counted: &[(On, f64, f64)]) -> Vec<Verdict> {
    let verdict = |on: &On, of: &str, figure| Verdict {
        what: format!("{of} of a month of a district on {on:?}, in seconds"),
        figure,
        target: Target::Below(5.0),
    };
    counted
        .iter()
        .flat_map(|(on, takings, headcounts)| {
            [verdict(on, "takings", *takings), verdict(on, "headcounts", *headcounts)]
        })
        .collect()
}
