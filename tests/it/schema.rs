//! `src/db/schema.rs` is what the migrations make: derived here from a migrated database, and compared.
//!
//! `BLESS=1 cargo test schema` writes it anew.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query,
    sql_types::{Integer, Nullable, Text},
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/schema.rs");

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    r#type: String,
    #[diesel(sql_type = Integer)]
    notnull: i32,
    /// Its place in the primary key, from 1; 0 when it is not in it.
    #[diesel(sql_type = Integer)]
    pk: i32,
}

#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    from: String,
    #[diesel(sql_type = Nullable<Text>)]
    to: Option<String>,
}

on_sqlite! {
    async fn the_schema_is_what_the_migrations_make(db: TestDb) {
        let path = db.url().strip_prefix("sqlite:").unwrap();
        let derived = schema(&mut SqliteConnection::establish(path).unwrap());
        if std::env::var("BLESS").is_ok() {
            fs::write(FILE, derived).unwrap();
            return;
        }
        let committed = fs::read_to_string(FILE).unwrap();
        assert!(committed == derived, "the migrations have changed: run BLESS=1 cargo test schema");
    }
}

fn schema(conn: &mut SqliteConnection) -> String {
    let tables: Vec<Table> = sql_query(
        "SELECT name FROM sqlite_master
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'
         ORDER BY name",
    )
    .load(conn)
    .unwrap();
    let tables: Vec<String> = tables.into_iter().map(|table| table.name).collect();
    let mut text = String::from(
        "//! The tables, as the migrations make them. Derived; `BLESS=1 cargo test schema` writes it anew.\n\n",
    );
    for table in &tables {
        text += &columns(conn, table);
    }
    text += &joins(conn, &tables);
    if tables.len() > 1 {
        write!(text, "diesel::allow_tables_to_appear_in_same_query!(\n    {},\n);\n", tables.join(",\n    "))
            .unwrap();
    }
    text.trim_end().to_owned() + "\n"
}

fn columns(conn: &mut SqliteConnection, table: &str) -> String {
    let columns: Vec<Column> = sql_query(format!(
        "SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}') ORDER BY cid"
    ))
    .load(conn)
    .unwrap();
    let mut key: Vec<&Column> = columns.iter().filter(|column| column.pk > 0).collect();
    key.sort_by_key(|column| column.pk);
    let key: Vec<&str> = key.iter().map(|column| column.name.as_str()).collect();
    assert!(!key.is_empty(), "table {table} has no primary key");
    let mut text = format!("diesel::table! {{\n    {table} ({}) {{\n", key.join(", "));
    for column in &columns {
        writeln!(text, "        {}", declaration(table, column)).unwrap();
    }
    text + "    }\n}\n\n"
}

/// A column as diesel wants it; one with a name that Rust keeps for itself gets an underscore.
fn declaration(table: &str, column: &Column) -> String {
    let kind = match column.r#type.as_str() {
        "UUID" => "crate::db::types::DbUuid",
        "TEXT" => "Text",
        "BIGINT" => "BigInt",
        "INTEGER" => "Integer",
        "BOOLEAN" => "Bool",
        "DATE" => "Date",
        "TIME" => "Time",
        "TIMESTAMP" => "Timestamp",
        "BYTEA" | "BLOB" => "Binary",
        other => panic!("{table}.{}: no type for {other:?}", column.name),
    };
    let kind =
        if column.notnull == 1 || column.pk > 0 { kind.to_owned() } else { format!("Nullable<{kind}>") };
    match column.name.as_str() {
        "type" | "move" | "ref" | "match" | "where" | "use" | "in" | "for" => {
            format!("#[sql_name = \"{name}\"]\n        {name}_ -> {kind},", name = column.name)
        }
        name => format!("{name} -> {kind},"),
    }
}

/// The joins that need no `ON`, because one key and no more leads from one table to the other.
fn joins(conn: &mut SqliteConnection, tables: &[String]) -> String {
    let mut ways: BTreeMap<(String, String), Vec<Reference>> = BTreeMap::new();
    for table in tables {
        let references: Vec<Reference> = sql_query(format!(
            "SELECT \"table\", \"from\", \"to\" FROM pragma_foreign_key_list('{table}') ORDER BY id, seq"
        ))
        .load(conn)
        .unwrap();
        for reference in references {
            let way = (table.clone(), reference.table.clone());
            ways.entry(way).or_default().push(reference);
        }
    }
    let mut text = String::new();
    for ((from, to), references) in &ways {
        let back = ways.contains_key(&(to.clone(), from.clone()));
        // A key of two columns makes two rows as well.
        if let [only] = references.as_slice()
            && !back
            && points_at_key(conn, only)
        {
            writeln!(text, "diesel::joinable!({from} -> {to} ({}));", only.from).unwrap();
        }
    }
    if text.is_empty() { text } else { text + "\n" }
}

/// Diesel joins on the primary key.
fn points_at_key(conn: &mut SqliteConnection, reference: &Reference) -> bool {
    let key: Vec<Table> =
        sql_query(format!("SELECT name FROM pragma_table_info('{}') WHERE pk > 0", reference.table))
            .load(conn)
            .unwrap();
    match (key.as_slice(), &reference.to) {
        ([only], Some(to)) => only.name == *to,
        ([_], None) => true,
        _ => false,
    }
}
