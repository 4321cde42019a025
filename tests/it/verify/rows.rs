//! How the auditor names a row.

use diesel::{RunQueryDsl, sql_query, sql_types::Text};
use leling::{
    db::{Conn, Kind},
    verify::Difference,
};

/// What makes up a table's primary key.
pub fn key_of(table: &str) -> &'static [&'static str] {
    match table {
        "attendance_refusals" => &["said_hash", "word"],
        "menu_editions" => &["menu_id", "edition"],
        "reservation_events" => &["reservation_id", "version"],
        "reservation_lines" => &["reservation_id", "position"],
        "draws" => &["quote_id", "position"],
        "window_uses" => &["quote_id", "limit_key", "window_key"],
        "usage_windows" => &["resident_id", "limit_key", "window_key"],
        _ => &["id"],
    }
}

#[derive(diesel::QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    key: String,
}

/// The keys of the rows of a table that fulfil a condition, as the auditor writes them but for hyphens in ids.
pub fn keys(conn: &mut Conn, kind: Kind, table: &str, condition: &str) -> Vec<String> {
    let parts: Vec<String> = key_of(table).iter().map(|column| key_text(kind, column)).collect();
    let condition = if condition.is_empty() { "1 = 1" } else { condition };
    let query =
        format!("SELECT {} AS key FROM {table} WHERE {condition} ORDER BY 1", parts.join(" || ' ' || "));
    sql_query(query).load(conn).unwrap().into_iter().map(|row: Key| row.key).collect()
}

pub fn key_text(kind: Kind, column: &str) -> String {
    match (kind, column) {
        (Kind::Sqlite, "id" | "menu_id" | "reservation_id" | "quote_id" | "resident_id") => {
            format!("lower(hex({column}))")
        }
        (Kind::Postgres, "id" | "menu_id" | "reservation_id" | "quote_id" | "resident_id") => {
            format!("replace(CAST({column} AS TEXT), '-', '')")
        }
        (_, _) => format!("CAST({column} AS TEXT)"),
    }
}

/// Whether a difference names this row of this table, as the one that is wrong or the one that says otherwise. Of a key
/// that was changed itself, the first part is enough.
pub fn names(difference: &Difference, table: &str, key: &str) -> bool {
    let plain = |text: &str| {
        let (id, rest) = text.split_at(text.len().min(36));
        id.replace('-', "") + rest
    };
    let id = key.split(' ').next().unwrap();
    let own = difference.table == table && plain(&difference.row).starts_with(id);
    own || difference
        .by
        .iter()
        .any(|by| by.strip_prefix(table).is_some_and(|by| plain(by.trim_start()).starts_with(id)))
}
