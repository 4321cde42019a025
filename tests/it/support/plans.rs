//! What the service asks of SQLite must not cost more the longer a canteen is open. Of every statement that a test made it
//! say in its own process, SQLite is asked how it would go about it, and none may walk through a table that every day adds to.

use std::collections::BTreeSet;

use diesel::{
    Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query, sql_types::Text,
};
use leling::db::Kind;

use super::TestDb;

/// What every day, and everybody who comes, adds to; but for the audit, which is read from its newest entry backwards until a
/// page is full, whatever is looked for.
const GROWING: [&str; 26] = [
    "attendance_refusals",
    "attendances",
    "cards",
    "cookies",
    "count_entries",
    "draws",
    "facts",
    "family_links",
    "idempotency_keys",
    "menu_editions",
    "menu_items",
    "menus",
    "quotes",
    "refresh_tokens",
    "reservation_events",
    "reservation_lines",
    "reservations",
    "resident_keys",
    "residents",
    "sessions",
    "standing_order_outcomes",
    "standing_orders",
    "usage_windows",
    "waiting_entries",
    "window_uses",
    "wrong_guesses",
];

/// An index of those rows only that somebody has still to deal with.
const SHRINKING: &str = "attendances_to_review";

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Those of the statements that go through a growing table from one end, after what they are looking for.
///
/// Whoever names no condition wants all of it, or its first page. A condition that nothing meets (`1=0`, of an empty list)
/// is seen before the first row.
pub fn walks<'a>(statements: impl IntoIterator<Item = &'a String>) -> Vec<&'a String> {
    let db = TestDb::fresh(Kind::Sqlite);
    let mut conn = SqliteConnection::establish(db.url().trim_start_matches("sqlite:")).unwrap();
    let chosen = |text: &str| {
        let deed = text.split(' ').next().unwrap_or_default();
        ["SELECT", "UPDATE", "DELETE", "INSERT"].contains(&deed)
            && text.contains(" WHERE ")
            && !text.contains("(1=0)")
    };
    statements.into_iter().filter(|text| chosen(text) && is_walk(&mut conn, text)).collect()
}

fn is_walk(conn: &mut SqliteConnection, statement: &str) -> bool {
    let steps: Vec<Step> = match sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(conn) {
        Ok(steps) => steps,
        // A test has made it for itself.
        Err(error) if error.to_string().starts_with("no such table") => Vec::new(),
        Err(error) => panic!("{error}: {statement}"),
    };
    let walked: BTreeSet<&str> = steps.iter().filter_map(|step| walked(&step.detail)).collect();
    GROWING.iter().any(|table| walked.contains(table))
}

/// The table that a step reads from one end.
fn walked(detail: &str) -> Option<&str> {
    detail.strip_prefix("SCAN ").filter(|_| !detail.ends_with(SHRINKING))?.split(' ').next()
}
