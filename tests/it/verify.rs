//! The auditor: a true book is found true, and every single change made behind its back is found and named.

use std::process::Command;

use chrono::TimeDelta;
use diesel::{RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Text};
use leling::{
    db::{Conn, Db, Fail, Fault, Kind},
    problem,
    verify::{self, Difference},
};
use serde_json::{Value, json};

use crate::support::{
    TestDb,
    lunch::{FATHERS_CARD, Lunch, NEIGHBOURS_CARD},
    world::{TODAY, TOMORROW, fact_body, id_of, resident_body},
};

/// What came of a look at the book, when what was done before it is undone again.
enum Outcome {
    Found(Vec<Difference>),
    Fault(Fault),
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Outcome {
        Outcome::Fault(fault)
    }
}

/// What the auditor finds after `change`, of which nothing remains. Nothing when the schema itself forbids it.
fn found_after(db: &Db, change: &str) -> Option<Vec<Difference>> {
    let change = change.to_owned();
    let undone = db.write_blocking(move |conn| -> Result<(), Fail<Outcome>> {
        conn.batch_execute(&change)?;
        let mut found = Vec::new();
        match verify::verify(conn, &mut |difference| found.push(difference)) {
            Ok(_) => Err(Fail::Refused(Outcome::Found(found))),
            Err(problem::Fail::Database(error)) => Err(Fail::Database(error)),
            Err(problem::Fail::Refused(problem)) => panic!("{problem}"),
        }
    });
    match undone {
        Err(Outcome::Found(found)) => Some(found),
        Err(Outcome::Fault(Fault::Conflict)) => None,
        Err(Outcome::Fault(fault)) => panic!("{fault:?}"),
        Ok(()) => unreachable!("it never succeeds"),
    }
}

/// A policy whose prices depend on limits and on the order of meals, and that pays the canteen too.
fn policy() -> Value {
    json!({
        "code": "everything", "name": { "zh": "样样都有", "en": "everything" },
        "limits": { "daily": { "window": "day", "count": 1 }, "monthly": { "window": "month", "fen": 20000 } },
        "layers": [
            { "payer": "district", "rank": 10, "pick": "first", "limits": ["daily", "monthly"], "tiers": [
                { "code": "sixty", "when": { "age": { "from": 60 } }, "pay": { "fixed_fen": 300 } }
            ] },
            { "payer": "town", "rank": 20, "pick": "first", "limits": "unlimited", "tiers": [
                { "code": "first-of-week", "when": { "nth_meal": { "window": "week", "from": 1, "to": 3 } },
                  "pay": { "fixed_fen": 100 } }
            ] }
        ]
    })
}

/// Two days at a canteen at which everything happens that can happen to a meal.
struct Days {
    lunch: Lunch,
}

impl Days {
    async fn lived_through(db: TestDb) -> Days {
        let lunch = Lunch::with_policy(db, policy()).await;
        let days = Days { lunch };
        days.second_canteen().await;
        let others = days.more_residents().await;
        let served = days.pass(days.lunch.menu(TOMORROW, "lunch").await);
        let withdrawn = days.pass(days.lunch.menu(TOMORROW, "dinner").await);
        days.reserve(&served, &withdrawn, &others).await;
        days.change_menu(&served).await;
        days.lunch.app.set_clock("2026-11-23T03:30:00Z");
        days.serve(&served, &others).await;
        days.lunch.pass_hours(6).await;
        days.lunch.menu("2026-11-25", "lunch").await;
        days
    }

    /// Time goes by between any two acts.
    fn pass<T>(&self, done: T) -> T {
        self.lunch.app.pass(TimeDelta::seconds(61));
        done
    }

    async fn post(&self, by: &str, path: &str, body: Value) -> Value {
        let reply = self.lunch.post(by, path, body).await;
        assert!(reply.status < 300, "{path}: {} {}", reply.status, reply.body);
        self.pass(reply.body)
    }

    async fn second_canteen(&self) {
        let area = json!({ "city": "示例市", "district": "东区" });
        let body = crate::support::world::canteen_body("另一食堂", &area);
        self.post("officer", "/canteens", body).await;
    }

    async fn more_residents(&self) -> Vec<String> {
        let area = json!({ "city": "示例市", "district": "东区" });
        let mut ids = Vec::new();
        for number in 0..5 {
            let mut body = resident_body(&self.lunch.canteen, "李凤恩", &format!("8002000{number}"), &area);
            body["diet_tags"] = json!(["low_salt"]);
            ids.push(id_of(&self.post("staff", "/residents", body).await));
        }
        let facts = format!("/residents/{}/facts", ids[0]);
        self.post("officer", &facts, fact_body("minimum_living")).await;
        ids
    }

    async fn reserve(&self, served: &Value, withdrawn: &Value, others: &[String]) {
        let lunch = &self.lunch;
        let path =
            |placed: &Value, act: &str| format!("/reservations/{}{act}", placed["id"].as_str().unwrap());
        let placed = self.pass(lunch.reserve("daughter", &lunch.father, served, 2).await.expect(201));
        let version =
            lunch.app.get(&path(&placed, "")).by(&lunch.tokens("daughter").await).send().await.etag.unwrap();
        let change = json!({ "mode": "takeaway", "lines": [
            { "item_id": served["items"][0]["id"], "portions": 1 },
            { "item_id": served["items"][1]["id"], "portions": 1 }
        ], "confirmed_allergens": ["peanut"] });
        let daughter = lunch.tokens("daughter").await;
        let changed =
            lunch.app.put(&path(&placed, ""), change).by(&daughter).header("If-Match", &version).send().await;
        self.pass(changed.expect(200));
        let neighbours = self.pass(lunch.reserve("staff", &lunch.neighbour, served, 1).await.expect(201));
        self.post("staff", &path(&neighbours, "/cancel"), Value::Null).await;
        self.pass(lunch.reserve("staff", &lunch.neighbour, served, 1).await.expect(201));
        // One who will not come, and one whose meal is withdrawn.
        self.pass(lunch.reserve("staff", &others[0], served, 3).await.expect(201));
        self.pass(lunch.reserve("staff", &others[1], withdrawn, 1).await.expect(201));
        self.post("staff", &format!("/menus/{}/withdraw", withdrawn["id"].as_str().unwrap()), Value::Null)
            .await;
    }

    /// Another price and note: those who reserved keep what was promised.
    async fn change_menu(&self, menu: &Value) {
        let path = format!("/menus/{}", menu["id"].as_str().unwrap());
        let staff = self.lunch.tokens("staff").await;
        let version = self.lunch.app.get(&path).by(&staff).send().await.etag.unwrap();
        let item = |at: usize, name: &str, price: i64| {
            json!({ "id": menu["items"][at]["id"], "name": name, "kind": menu["items"][at]["kind"], "price_fen": price,
                    "portions": menu["items"][at]["portions"], "allergens": menu["items"][at]["allergens"] })
        };
        let soup = json!({ "name": "汤", "kind": "dish", "price_fen": 200, "diet_tags": ["soft"] });
        let items = json!([item(0, "套餐", 1100), item(1, "花生米", 300), soup]);
        let body = json!({ "capacity": 12, "note": "加汤", "items": items });
        self.pass(
            self.lunch.app.put(&path, body).by(&staff).header("If-Match", &version).send().await.expect(200),
        );
    }

    async fn serve(&self, menu: &Value, others: &[String]) {
        let lunch = &self.lunch;
        let tap = async |by: &str, body: Value| self.pass(lunch.tap(by, menu, body).await.expect(201));
        tap("volunteer", json!({ "card_number": FATHERS_CARD })).await;
        tap("volunteer", json!({ "card_number": FATHERS_CARD, "kind": "second" })).await;
        let neighbours = tap("staff", json!({ "card_number": NEIGHBOURS_CARD })).await;
        let void = |tapped: &Value| format!("/attendance/{}/void", tapped["attendance_id"].as_str().unwrap());
        self.post("staff", &void(&neighbours), json!({ "reason": "somebody else" })).await;
        tap("staff", json!({ "card_number": NEIGHBOURS_CARD })).await;
        let walked_in = tap("staff", json!({ "resident_id": others[2], "kind": "walk_in" })).await;
        self.post("staff", &void(&walked_in), json!({ "reason": "went home" })).await;
        tap("staff", json!({ "resident_id": others[3], "kind": "walk_in", "mode": "takeaway" })).await;
        for kind in ["guest", "staff", "volunteer"] {
            tap("staff", json!({ "kind": kind })).await;
        }
        let offline = "2026-11-23T03:31:00Z";
        let resolve = async |tapped: &Value, decision: &str| {
            let path = format!("/attendance/{}/resolve", tapped["attendance_id"].as_str().unwrap());
            self.post("staff", &path, json!({ "decision": decision, "reason": "asked" })).await
        };
        let double = tap("volunteer", json!({ "card_number": FATHERS_CARD, "tapped_at": offline })).await;
        resolve(&double, "second_meal").await;
        let stranger = tap("volunteer", json!({ "card_number": "99999999", "tapped_at": offline })).await;
        resolve(&stranger, "guest_meal").await;
        let nothing = tap("volunteer", json!({ "card_number": "99999998", "tapped_at": offline })).await;
        resolve(&nothing, "void").await;
        let unreserved = tap("volunteer", json!({ "resident_id": others[4], "tapped_at": offline })).await;
        resolve(&unreserved, "serve").await;
        tap("volunteer", json!({ "card_number": "99999997", "tapped_at": offline })).await;
    }
}

/// How a value is changed, as SQL in both dialects; `$` stands for the column.
enum How {
    /// A number, one higher.
    More,
    Flipped,
    /// Text, one letter longer.
    Longer,
    Gone,
    Later,
    NextDay,
    /// One of two words for the other.
    Swapped(&'static str, &'static str),
    /// A part of a text for another.
    Part(&'static str, &'static str),
    /// The id of another row of this table.
    Other(&'static str),
}

use How::*;

impl How {
    fn sql(&self, column: &str, kind: Kind) -> String {
        match (self, kind) {
            (More, _) => format!("{column} + 1"),
            (Flipped, _) => format!("NOT {column}"),
            (Longer, _) => format!("{column} || 'x'"),
            (Gone, _) => "NULL".into(),
            (Later, Kind::Sqlite) => format!("strftime('%Y-%m-%d %H:%M:%f', {column}, '+1 second')"),
            (Later, Kind::Postgres) => format!("{column} + INTERVAL '1 second'"),
            (NextDay, Kind::Sqlite) => format!("date({column}, '+1 day')"),
            (NextDay, Kind::Postgres) => format!("{column} + 1"),
            (Swapped(one, other), _) => format!("CASE {column} WHEN '{one}' THEN '{other}' ELSE '{one}' END"),
            (Part(one, other), _) => format!("replace({column}, '{one}', '{other}')"),
            (Other(table), _) => {
                format!(
                    "(SELECT other.id FROM {table} other WHERE other.id <> {column} ORDER BY other.id LIMIT 1)"
                )
            }
        }
    }
}

/// Every column that is recorded twice or follows from others: how it is changed, in which rows.
const RECORDED_TWICE: &[(&str, &str, How, &str)] = &[
    ("menus", "taken", More, ""),
    ("menus", "edition", More, ""),
    ("menus", "capacity", More, "edition > 0"),
    ("menus", "delivery_fee_fen", More, "edition > 0"),
    ("menus", "note", Longer, "edition > 0"),
    ("menus", "modes", Part("takeaway", "delivery"), "edition > 0"),
    ("menus", "cutoff_at", Later, "edition > 0"),
    ("menus", "serves_from_at", Later, "edition > 0"),
    ("menus", "serves_to_at", Later, "edition > 0"),
    ("menus", "published_at", Later, "edition > 0"),
    ("menus", "closed_at", Gone, "status = 'closed'"),
    ("menus", "closed_at", Later, "status = 'closed'"),
    ("menus", "served_on", NextDay, ""),
    ("menus", "period", Swapped("lunch", "dinner"), "edition > 0 AND status <> 'withdrawn'"),
    ("menus", "status", Swapped("closed", "published"), "status = 'closed'"),
    ("menus", "status", Swapped("withdrawn", "published"), "status = 'withdrawn'"),
    ("menus", "canteen_id", Other("canteens"), "edition > 0"),
    ("menu_items", "taken", More, "TRUE"),
    ("menu_items", "price_fen", More, "NOT removed"),
    ("menu_items", "name", Longer, "NOT removed"),
    ("menu_items", "kind", Swapped("set", "dish"), "NOT removed"),
    ("menu_items", "portions", More, "portions IS NOT NULL"),
    ("menu_items", "portions", Gone, "portions IS NOT NULL"),
    ("menu_items", "allergens", Part("[", "[\"soy\","), "allergens <> '[]'"),
    ("menu_items", "diet_tags", Part("[", "[\"halal\","), "diet_tags <> '[]'"),
    ("menu_items", "removed", Flipped, ""),
    ("menu_items", "position", More, ""),
    ("menu_editions", "changed_at", Later, "edition = 1"),
    ("menu_editions", "document", Part("\"price_fen\":1100", "\"price_fen\":1101"), "edition = 2"),
    ("menu_editions", "document", Part("\"price_fen\":1000", "\"price_fen\":1001"), "edition = 1"),
    ("menu_editions", "document", Part("published", "draft"), ""),
    ("reservations", "menu_id", Other("menus"), ""),
    ("reservations", "resident_id", Other("residents"), ""),
    ("reservations", "status", Swapped("active", "cancelled"), "NOT served AND status = 'cancelled'"),
    ("reservations", "status", Swapped("active", "cancelled"), "NOT served AND status = 'active'"),
    ("reservations", "mode", Swapped("dine_in", "takeaway"), ""),
    ("reservations", "edition", More, ""),
    ("reservations", "late", Flipped, ""),
    ("reservations", "served", Flipped, "status = 'active'"),
    ("reservations", "channel", Swapped("desk", "family"), ""),
    ("reservations", "right_kind", Swapped("staff", "family"), ""),
    ("reservations", "right_id", Gone, ""),
    ("reservations", "right_id", Other("grants"), "right_kind = 'staff'"),
    ("reservations", "actor_kind", Swapped("account", "resident"), ""),
    ("reservations", "actor_id", Other("accounts"), ""),
    ("reservations", "quote_id", Other("quotes"), ""),
    ("reservations", "diet_tags", Part("[", "[\"halal\","), "diet_tags <> '[]'"),
    ("reservations", "placed_at", Later, ""),
    ("reservations", "cancelled_at", Later, "status = 'cancelled'"),
    ("reservations", "cancelled_at", Gone, "status = 'cancelled'"),
    ("reservations", "cancelled_as", Gone, "status = 'cancelled'"),
    ("reservations", "cancelled_as", Swapped("by_staff", "by_resident"), "cancelled_as = 'by_staff'"),
    ("reservations", "cancelled_as", Swapped("by_staff", "by_canteen"), "cancelled_as = 'by_staff'"),
    ("reservations", "version", More, ""),
    ("reservation_lines", "portions", More, ""),
    ("reservation_lines", "item_id", Other("menu_items"), ""),
    ("reservation_events", "kind", Swapped("placed", "changed"), ""),
    ("reservation_events", "recorded_at", Later, ""),
    ("reservation_events", "actor_id", Other("accounts"), ""),
    ("reservation_events", "channel", Swapped("desk", "family"), ""),
    (
        "reservation_events",
        "detail",
        Part("\"portions\":1", "\"portions\":4"),
        "detail LIKE '%\"portions\":1%'",
    ),
    ("attendances", "menu_id", Other("menus"), "review_word IS NULL OR resolution IS NOT NULL"),
    ("attendances", "resident_id", Other("residents"), "status = 'served' AND class = 'meal'"),
    ("attendances", "reservation_id", Gone, "reservation_id IS NOT NULL"),
    ("attendances", "class", Swapped("meal", "second"), "resident_id IS NOT NULL"),
    ("attendances", "class", Swapped("guest", "staff"), "class IN ('guest', 'staff') AND status = 'served'"),
    ("attendances", "mode", Swapped("dine_in", "takeaway"), "status = 'served'"),
    ("attendances", "status", Swapped("served", "review"), "status <> 'voided'"),
    ("attendances", "lines", Part("\"portions\":1", "\"portions\":2"), "status = 'served'"),
    ("attendances", "diet_tags", Part("[", "[\"halal\","), "diet_tags <> '[]'"),
    ("attendances", "seated", Flipped, ""),
    ("attendances", "recorded_at", Later, ""),
    ("attendances", "actor_id", Other("accounts"), "review_word IS NULL"),
    ("attendances", "quote_id", Other("quotes"), "quote_id IS NOT NULL"),
    ("attendances", "quote_id", Gone, "quote_id IS NOT NULL"),
    ("attendances", "charge_fen", More, ""),
    ("attendances", "due_fen", More, ""),
    ("attendances", "promised_fen", More, "promised_fen IS NOT NULL AND status = 'served'"),
    ("attendances", "promised_fen", Gone, "promised_fen IS NOT NULL"),
    ("attendances", "review_word", Gone, "review_word IS NOT NULL AND status <> 'voided'"),
    ("attendances", "said", Gone, "said IS NOT NULL"),
    ("attendances", "resolution", Swapped("second_meal", "serve"), "resolution IN ('second_meal', 'serve')"),
    ("attendances", "resolution", Gone, "resolution IS NOT NULL"),
    ("attendances", "resolved_at", Later, "resolved_at IS NOT NULL"),
    ("attendances", "voided_at", Later, "voided_at IS NOT NULL AND review_word IS NULL"),
    ("attendances", "void_reason", Gone, "void_reason IS NOT NULL"),
    ("attendances", "settled_by_kind", Gone, "settled_by_kind IS NOT NULL"),
    ("attendances", "settled_by_id", Gone, "settled_by_id IS NOT NULL"),
    ("attendances", "settled_by_id", Other("accounts"), "resolved_at IS NOT NULL"),
    ("quotes", "resident_id", Other("residents"), ""),
    ("quotes", "menu_id", Other("menus"), ""),
    ("quotes", "canteen_id", Other("canteens"), ""),
    ("quotes", "served_on", NextDay, ""),
    ("quotes", "period", Swapped("lunch", "dinner"), ""),
    ("quotes", "class", Swapped("second", "meal"), ""),
    ("quotes", "status", Swapped("released", "posted"), ""),
    ("quotes", "status", Swapped("pending", "released"), ""),
    ("quotes", "charge_fen", More, ""),
    ("quotes", "resident_fen", More, ""),
    ("quotes", "arguments", Part("\"price_fen\":1", "\"price_fen\":2"), ""),
    ("quotes", "arguments", Part("1944-05-01", "1984-05-01"), ""),
    ("quotes", "result", Part("\"fen\":300", "\"fen\":299"), "result LIKE '%\"fen\":300%'"),
    ("quotes", "result", Part("district", "elsewhere"), ""),
    ("quotes", "created_at", Later, ""),
    ("quotes", "settled_at", Later, "settled_at IS NOT NULL"),
    ("quotes", "settled_at", Gone, "settled_at IS NOT NULL"),
    ("draws", "policy_code", Longer, ""),
    ("draws", "policy_version", More, ""),
    ("draws", "layer", Longer, ""),
    ("draws", "tier", Longer, ""),
    ("draws", "payer", Longer, ""),
    ("draws", "to_canteen", Flipped, ""),
    ("draws", "fen", More, ""),
    ("window_uses", "uses", More, ""),
    ("window_uses", "fen", More, ""),
    ("window_uses", "limit_key", Longer, ""),
    ("window_uses", "window_key", Longer, ""),
    ("usage_windows", "used", More, ""),
    ("usage_windows", "used", More, "limit_key LIKE '#%'"),
    ("usage_windows", "used_fen", More, ""),
    ("usage_windows", "window_key", Longer, "used > 0"),
    ("count_entries", "menu_id", Other("menus"), ""),
    ("count_entries", "recorded_at", Later, ""),
    ("count_entries", "kind", Swapped("reserved", "served"), ""),
    ("count_entries", "persons", More, ""),
    ("count_entries", "portions", More, ""),
    ("count_entries", "item_id", Other("menu_items"), "item_id IS NOT NULL"),
    ("count_entries", "mode", Swapped("dine_in", "takeaway"), ""),
    ("count_entries", "diet_tags", Part("[", "[\"halal\","), "diet_tags <> '[]'"),
    ("count_entries", "channel", Swapped("desk", "walk_in"), ""),
    ("count_entries", "actor_id", Other("accounts"), ""),
    ("residents", "pinyin", Longer, ""),
    ("residents", "initials", Longer, ""),
    ("residents", "full_name", Longer, ""),
    ("residents", "created_at", Later, ""),
    ("policies", "code", Longer, ""),
    ("policies", "version", More, ""),
    ("policies", "area", Longer, ""),
    ("policies", "activated_at", Gone, "status = 'active'"),
    ("policies", "created_at", Later, ""),
    ("family_links", "asked_at", Later, ""),
    ("family_links", "decided_at", Gone, "status = 'active'"),
    ("family_links", "status", Swapped("active", "ended"), ""),
    ("accounts", "created_at", Later, ""),
    ("canteens", "created_at", Later, ""),
    ("facts", "entered_at", Later, ""),
    ("sessions", "started_at", Later, ""),
];

/// What makes up a table's primary key.
fn key_of(table: &str) -> &'static [&'static str] {
    match table {
        "menu_editions" => &["menu_id", "edition"],
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
fn keys(conn: &mut Conn, kind: Kind, table: &str, condition: &str) -> Vec<String> {
    let parts: Vec<String> = key_of(table).iter().map(|column| key_text(kind, column)).collect();
    let condition = if condition.is_empty() { "1 = 1" } else { condition };
    let query =
        format!("SELECT {} AS key FROM {table} WHERE {condition} ORDER BY 1", parts.join(" || ' ' || "));
    sql_query(query).load(conn).unwrap().into_iter().map(|row: Key| row.key).collect()
}

fn key_text(kind: Kind, column: &str) -> String {
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
fn names(difference: &Difference, table: &str, key: &str) -> bool {
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

on_both! {
    async fn a_day_on_which_everything_happens_is_found_true_and_each_change_behind_its_back_is_found_and_named(db: TestDb) {
        let kind = db.kind;
        let days = Days::lived_through(db).await;
        let db = days.lunch.app.db();
        assert_eq!(found_after(&db, "SELECT 1").map(|found| format!("{found:#?}")).as_deref(), Some("[]"));
        // Another row at each run, and the same again with the same seed.
        let seed: usize = std::env::var("VERIFY_SEED").ok().and_then(|seed| seed.parse().ok())
            .unwrap_or_else(|| usize::from(leling::id::random_bytes::<1>()[0]));
        let (mut changed, mut unseen) = (0, Vec::new());
        for (number, (table, column, how, condition)) in RECORDED_TWICE.iter().enumerate() {
            let rows = db.read_blocking(|conn| -> Result<_, problem::Fail> { Ok(keys(conn, kind, table, condition)) });
            let rows = rows.unwrap_or_else(|problem: problem::Problem| panic!("{problem}"));
            let Some(key) = rows.get((seed + number) % rows.len().max(1)) else {
                panic!("no row for {table}.{column} where {condition}")
            };
            let this: Vec<String> = key_of(table).iter().map(|column| key_text(kind, column)).collect();
            let statement = format!(
                "UPDATE {table} SET {column} = {} WHERE {} = '{key}'", how.sql(column, kind), this.join(" || ' ' || ")
            );
            let Some(found) = found_after(&db, &statement) else { continue };
            changed += 1;
            if !found.iter().any(|difference| names(difference, table, key)) {
                unseen.push(format!("{statement}: {} others", found.len()));
            }
        }
        assert!(unseen.is_empty(), "seed {seed}, not found: {unseen:#?}");
        assert!(changed >= 100, "seed {seed}: only {changed} changes were possible");
    }
}

on_both! {
    async fn the_command_names_differences_and_ends_with_one_and_says_nothing_of_a_true_book(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let verify = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_leling"));
            let output = command.env_clear().args(["verify", "--json", "--database-url", lunch.app.database_url()]).output();
            let output = output.unwrap();
            let lines = String::from_utf8(output.stdout).unwrap();
            let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            (output.status.code(), lines, String::from_utf8(output.stderr).unwrap())
        };
        let (status, lines, said) = verify();
        assert_eq!((status, lines.len()), (Some(0), 1), "{lines:?} {said}");
        assert_eq!(lines[0]["checked"]["reservations"], 1);

        // A price that was changed in a policy, and not in what relied on it.
        lunch.app.write(|conn, _| {
            Ok(conn.batch_execute("UPDATE policies SET document = replace(document, '300', '301')")?)
        }).await;
        let (status, lines, said) = verify();
        assert_eq!(status, Some(1));
        assert!(said.contains("differences_found"), "{said}");
        assert_eq!((&lines[0]["table"], &lines[0]["column"]), (&json!("quotes"), &json!("result")));
    }
}
