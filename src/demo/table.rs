//! The table of the day: read from the service by the officers of each city, and checked against what was done.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use serde_json::Value;

use super::{
    broken,
    client::{Server, Session, list, number, text},
    day::Done,
    setup::House,
};
use crate::{ids::CanteenId, money::Fen, start_error::StartError};

/// A canteen's day.
#[derive(Debug, Default)]
pub struct Row {
    name: String,
    /// What the headcounts say.
    counted: Done,
    confirmed: i64,
    served: i64,
    /// What was done, by those who did it.
    done: Done,
    /// Everything served, of every class, as the takings say.
    meals: i64,
    charge: Fen,
    /// From the posted draws.
    paid_by: BTreeMap<String, Fen>,
    /// From the attendances.
    due: Fen,
}

/// Reads the day of every canteen.
pub fn read(
    server: &Server,
    house: &House,
    on: NaiveDate,
    done: &HashMap<CanteenId, Done>,
) -> Result<Vec<Row>, StartError> {
    let mut rows = Vec::new();
    for office in &house.offices {
        let mut officer = Session::of_member(server, &office.district)?;
        let overview = officer.get(&format!("/headcounts?on={on}"))?;
        let takings = officer.get(&format!("/takings?from={on}&to={on}"))?;
        for day in list(&overview, "/canteens")? {
            let id = text(day, "/canteen_id")?;
            let taken =
                list(&takings, "/canteens")?.iter().find(|taken| taken["canteen_id"] == day["canteen_id"]);
            let taken = taken.ok_or_else(|| broken("a canteen without takings"))?;
            let done = id.parse().ok().and_then(|id: CanteenId| done.get(&id));
            rows.push(row(day, taken, *done.ok_or_else(|| broken("an unknown canteen"))?)?);
        }
    }
    Ok(rows)
}

fn row(day: &Value, taken: &Value, done: Done) -> Result<Row, StartError> {
    let people = |what: &str| number(day, &format!("/{what}/people"));
    Ok(Row {
        name: text(day, "/name")?,
        counted: Done {
            reserved: people("reserved")?,
            cancelled: people("cancelled")?,
            served_with_reservation: people("served_with_reservation")?,
            walk_ins: people("walk_ins")?,
            no_shows: people("no_shows")?,
            guests: people("guests")?,
            second_meals: people("second_meals")?,
        },
        confirmed: people("confirmed")?,
        served: people("served")?,
        done,
        meals: number(taken, "/meals")?,
        charge: Fen(number(taken, "/charge_fen")?),
        paid_by: serde_json::from_value(taken["paid_by"].clone()).map_err(broken)?,
        due: Fen(number(taken, "/due_fen")?),
    })
}

impl Row {
    fn paid(&self) -> Fen {
        self.paid_by.values().copied().sum()
    }

    /// What does not agree, in words; nothing when everything does.
    fn faults(&self) -> Vec<&'static str> {
        let counted = &self.counted;
        let besides = counted.guests + counted.second_meals;
        let rules = [
            (*counted == self.done, "the headcounts are not what was done"),
            (
                self.confirmed == counted.reserved - counted.cancelled,
                "confirmed is not reserved less cancelled",
            ),
            (
                self.confirmed == counted.served_with_reservation + counted.no_shows,
                "confirmed is not served with reservation and no-shows",
            ),
            (
                self.served == counted.served_with_reservation + counted.walk_ins,
                "served is not served with reservation and walk-ins",
            ),
            (self.meals == self.served + besides, "the takings and the headcounts know of different meals"),
            (self.charge == self.paid() + self.due, "what is paid and what is due is not what was charged"),
        ];
        rules.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault).collect()
    }

    fn and(mut self, other: &Row) -> Row {
        let (sum, more) = (&mut self.counted, &other.counted);
        sum.reserved += more.reserved;
        sum.cancelled += more.cancelled;
        sum.served_with_reservation += more.served_with_reservation;
        sum.walk_ins += more.walk_ins;
        sum.no_shows += more.no_shows;
        sum.guests += more.guests;
        sum.second_meals += more.second_meals;
        self.confirmed += other.confirmed;
        self.served += other.served;
        self.meals += other.meals;
        self.charge += other.charge;
        self.due += other.due;
        for (payer, fen) in &other.paid_by {
            *self.paid_by.entry(payer.clone()).or_default() += *fen;
        }
        self
    }
}

/// Checks that the day adds up; `demo_does_not_add_up` with what does not.
pub fn check(rows: &[Row]) -> Result<(), StartError> {
    let faults: Vec<String> = rows
        .iter()
        .flat_map(|row| row.faults().into_iter().map(move |fault| format!("{}: {fault}", row.name)))
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(StartError::new(
        "demo_does_not_add_up",
        format!("The day does not add up; tell its makers. {}.", faults.join("; ")),
    ))
}

/// The table, for people: what the headcounts say, what was charged, who pays it, and whether the two sources agree.
pub fn print(on: NaiveDate, rows: &[Row]) -> String {
    let payers: BTreeSet<&str> = rows.iter().flat_map(|row| row.paid_by.keys().map(String::as_str)).collect();
    let mut head: Vec<String> =
        ["canteen", "reserved", "confirmed", "served", "walk-ins", "no-shows", "besides", "charge"]
            .map(str::to_owned)
            .to_vec();
    head.extend(payers.iter().map(|payer| format!("by {payer}")));
    head.extend(["by residents", "adds up"].map(str::to_owned));
    let total = rows.iter().fold(Row { name: "total".into(), ..Row::default() }, Row::and);
    let mut lines = vec![head];
    lines.extend(rows.iter().map(|row| cells(row, &payers, row.faults().is_empty())));
    lines.push(cells(&total, &payers, rows.iter().all(|row| row.faults().is_empty())));

    let widths: Vec<usize> = (0..lines[0].len())
        .map(|column| lines.iter().map(|line| width(&line[column])).max().unwrap_or(0))
        .collect();
    let mut text = format!(
        "{on}: people, and yuan. Charged and due from residents: by the meals served; paid by others: by posted draws.\n"
    );
    for line in &lines {
        for (column, (cell, wide)) in line.iter().zip(&widths).enumerate() {
            let space = " ".repeat(wide.saturating_sub(width(cell)));
            text += &if column == 0 { format!("{cell}{space}") } else { format!(" | {space}{cell}") };
        }
        text.push('\n');
    }
    text
}

fn cells(row: &Row, payers: &BTreeSet<&str>, adds_up: bool) -> Vec<String> {
    let counted = &row.counted;
    let besides = counted.guests + counted.second_meals;
    let people = [counted.reserved, row.confirmed, row.served, counted.walk_ins, counted.no_shows, besides];
    let mut cells = vec![row.name.clone()];
    cells.extend(people.map(|count| count.to_string()));
    cells.push(row.charge.to_string());
    cells.extend(payers.iter().map(|payer| row.paid_by.get(*payer).copied().unwrap_or_default().to_string()));
    cells.push(row.due.to_string());
    cells.push(if adds_up { "yes" } else { "NO" }.to_owned());
    cells
}

/// How many columns of a terminal a text takes: Chinese characters take two.
fn width(text: &str) -> usize {
    text.chars().map(|character| if character > '\u{2E7F}' { 2 } else { 1 }).sum()
}
