//! The auditor: computes again every value that is recorded twice or follows from others, and names every difference.
//!
//! It changes nothing and sees the database as of one moment, so it may run while the service does. It goes through the
//! book meal by meal (`meals`, `reservations`, `waiting`, `standing`, `attendances`, `counts`), then person by
//! person (`quotes`, `windows`), then through the rest (`people`, `standing`, `devices`, `schemes`); at no
//! time does it hold more than one meal, or what one person ever ate. Each function proves one fact, and says which values record it.
//!
//! An auditor reads across the tables of all concepts: what is recorded twice mostly lies in two of them. So its
//! statements are its own (`store`), and so are its rows: words and documents are read as the text that they are, as a
//! value that cannot even be read is a finding and no failure.
//!
//! What it cannot know: values that are recorded once (a name, a price on a draft), and whose history was not kept (the
//! rules of a canteen when a menu was drafted, what a standing order said before it was changed).

mod attendances;
mod counts;
mod devices;
mod meals;
mod people;
mod quotes;
mod reservations;
mod rights;
mod schemes;
mod standing;
mod store;
mod waiting;
mod windows;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{clock::At, db::Conn, problem::Fail};

/// A recorded value that is not what the others say.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// What it is about, such as `places taken`.
    pub fact: &'static str,
    pub table: &'static str,
    /// The row, by its primary key.
    pub row: String,
    pub column: &'static str,
    pub recorded: Value,
    /// What follows from the others; nothing when nothing speaks for the row.
    pub recomputed: Value,
    /// The rows that say otherwise: it may as well be one of them that is wrong.
    pub by: Vec<String>,
}

/// One line for people.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { fact, table, row, column, recorded, recomputed, by } = self;
        write!(f, "{table} {row} {column}: recorded {recorded}, recomputed {recomputed} ({fact}")?;
        match by.is_empty() {
            false => write!(f, "; by {})", by.join(", ")),
            true => write!(f, ")"),
        }
    }
}

/// How much was gone through.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Checked {
    pub meals: u64,
    pub reservations: u64,
    pub waiting_entries: u64,
    pub standing_orders: u64,
    pub attendances: u64,
    pub count_entries: u64,
    pub residents: u64,
    pub quotes: u64,
    /// Values that were compared.
    pub values: u64,
    pub differences: u64,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} values compared: {} meals, {} reservations, {} places in waiting lists, {} standing orders, {} \
             attendances, {} entries of headcounts, {} residents, {} quotes; {} differences",
            self.values,
            self.meals,
            self.reservations,
            self.waiting_entries,
            self.standing_orders,
            self.attendances,
            self.count_entries,
            self.residents,
            self.quotes,
            self.differences
        )
    }
}

/// Goes through the whole database, as of the transaction that it is called in, and tells `found` of every difference.
///
/// Fails only when the database cannot be read.
pub fn verify(conn: &mut Conn, found: &mut dyn FnMut(Difference)) -> Result<Checked, Fail> {
    let mut audit = Audit { found, checked: Checked::default() };
    meals::verify(conn, &mut audit)?;
    quotes::verify(conn, &mut audit)?;
    people::verify(conn, &mut audit)?;
    standing::verify(conn, &mut audit)?;
    devices::verify(conn, &mut audit)?;
    schemes::verify(conn, &mut audit)?;
    Ok(audit.checked)
}

/// The audit under way.
struct Audit<'a> {
    found: &'a mut dyn FnMut(Difference),
    checked: Checked,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    fact: &'static str,
    table: &'static str,
    row: &'a dyn fmt::Display,
    column: &'static str,
}

/// A row: its table and its key.
type By<'a> = (&'static str, &'a dyn fmt::Display);

impl Audit<'_> {
    /// Compares a recorded value with what follows from others.
    fn same<T: PartialEq + Serialize>(&mut self, place: Place<'_>, recorded: &T, recomputed: &T) {
        self.same_as_all(place, recorded, recomputed, &[]);
    }

    /// Compares a recorded value with the same one in another row.
    fn same_as<T: PartialEq + Serialize>(
        &mut self,
        place: Place<'_>,
        recorded: &T,
        recomputed: &T,
        by: By<'_>,
    ) {
        self.same_as_all(place, recorded, recomputed, &[by]);
    }

    /// Compares a recorded value with what several rows say together.
    fn same_as_all<T: PartialEq + Serialize>(
        &mut self,
        place: Place<'_>,
        recorded: &T,
        recomputed: &T,
        by: &[By<'_>],
    ) {
        self.checked.values += 1;
        if recorded != recomputed {
            self.tell(place, shown(recorded), shown(recomputed), by);
        }
    }

    /// Checks something about a value that has no single right one; `expected` says what is asked of it.
    fn holds(&mut self, place: Place<'_>, holds: bool, recorded: &impl Serialize, expected: &str) {
        self.holds_by(place, holds, recorded, expected, &[]);
    }

    /// The same, where these rows say so.
    fn holds_by(
        &mut self,
        place: Place<'_>,
        holds: bool,
        recorded: &impl Serialize,
        expected: &str,
        by: &[By<'_>],
    ) {
        self.checked.values += 1;
        if !holds {
            self.tell(place, shown(recorded), Value::from(expected), by);
        }
    }

    fn tell(&mut self, place: Place<'_>, recorded: Value, recomputed: Value, by: &[By<'_>]) {
        self.checked.differences += 1;
        let Place { fact, table, row, column } = place;
        let by = by.iter().map(|(table, row)| format!("{table} {row}")).collect();
        (self.found)(Difference { fact, table, row: row.to_string(), column, recorded, recomputed, by });
    }

    /// The document in a column; without, it is a finding that it cannot be read.
    fn read<T: serde::de::DeserializeOwned>(&mut self, place: Place<'_>, text: &str) -> Option<T> {
        let document = serde_json::from_str(text).ok();
        self.holds(place, document.is_some(), &text, "a document that can be read");
        document
    }

    /// An id begins with the millisecond of its making, which the row records as an instant too.
    fn made_at<T>(&mut self, table: &'static str, column: &'static str, id: crate::id::Id<T>, recorded: At) {
        let place = Place { fact: "instant of making", table, row: &id, column };
        let made = id.uuid().get_timestamp().map(|made| {
            let (seconds, nanoseconds) = made.to_unix();
            seconds.saturating_mul(1000) + u64::from(nanoseconds / 1_000_000)
        });
        self.same(place, &u64::try_from(recorded.utc().timestamp_millis()).ok(), &made);
    }
}

fn shown(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
