//! The auditor: a true book is found true, and every single change made behind its back is found and named.

use std::process::Command;

use chrono::TimeDelta;
use diesel::{RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Text};
use leling::{
    db::{Conn, Db, Fail, Fault, Kind},
    problem,
    reservations::waiting,
    verify::{self, Difference},
};
use serde_json::{Value, json};

use crate::support::{
    TestDb,
    lunch::{FATHERS_CARD, Lunch, NEIGHBOURS_CARD},
    world::{TODAY, TOMORROW, fact_body, id_of, resident_body, uuid},
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
        days.repeat_and_wait(&others).await;
        days.wait_in_vain(&others).await;
        days.change_menu(&served).await;
        days.lunch.app.set_clock("2026-11-23T03:30:00Z");
        days.serve(&served, &others).await;
        days.tap_on_devices(&served).await;
        days.lunch.pass_hours(6).await;
        days.lunch.app.write(waiting::end_past_cutoff).await;
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

    /// A menu of so many places.
    async fn small_menu(&self, served_on: &str, period: &str, capacity: i32) -> Value {
        let items = json!([
            { "name": "套餐", "kind": "set", "price_fen": 1000 },
            { "name": "花卷", "kind": "dish", "price_fen": 100, "portions": 9 }
        ]);
        let body = json!({ "served_on": served_on, "period": period, "capacity": capacity, "items": items, "publish": true });
        self.post("staff", &format!("/canteens/{}/menus", self.lunch.canteen), body).await
    }

    /// More places, and these allergens in the set meal.
    async fn resize(&self, menu: &Value, capacity: i32, allergens: Value) {
        let path = format!("/menus/{}", id_of(menu));
        let staff = self.lunch.tokens("staff").await;
        let version = self.lunch.app.get(&path).by(&staff).send().await.etag.unwrap();
        let items = json!([
            { "id": menu["items"][0]["id"], "name": "套餐", "kind": "set", "price_fen": 1000, "allergens": allergens },
            { "id": menu["items"][1]["id"], "name": "花卷", "kind": "dish", "price_fen": 100, "portions": 9 }
        ]);
        let change = self.lunch.app.put(&path, json!({ "capacity": capacity, "items": items })).by(&staff);
        self.pass(change.header("If-Match", &version).send().await.expect(200));
    }

    /// What an order for lunch on Tuesdays and Fridays says.
    fn weekly(item_rule: &str, skips: Value) -> Value {
        json!({
            "from_on": TOMORROW, "item_rule": item_rule, "skips": skips,
            "meals": [{ "period": "lunch", "mode": "dine_in", "weekdays": ["tue", "fri"] }]
        })
    }

    async fn orders(&self, by: &str, resident: &str, item_rule: &str) -> String {
        let mut order = Days::weekly(item_rule, json!([]));
        order["canteen_id"] = json!(self.lunch.canteen);
        order["resident_id"] = json!(resident);
        id_of(&self.post(by, "/standing-orders", order).await["order"])
    }

    /// Changes an order, or ends it and what it reserved.
    async fn changes(&self, by: &str, order: &str, terms: Option<Value>) {
        let tokens = self.lunch.tokens(by).await;
        let path = format!("/standing-orders/{order}");
        let version = self.lunch.app.get(&path).by(&tokens).send().await.etag.unwrap();
        let call = match terms {
            Some(terms) => self.lunch.app.put(&path, terms),
            None => self.lunch.app.delete(&format!("{path}?cancel_reserved=true")),
        };
        self.pass(call.by(&tokens).header("If-Match", &version).send().await.expect(200));
    }

    async fn waits(&self, by: &str, resident: &str, menu: &Value, mut wanted: Value) -> Value {
        wanted["resident_id"] = json!(resident);
        self.post(by, &format!("/menus/{}/waiting", id_of(menu)), wanted).await
    }

    /// Orders of which some are changed and one is ended, at a menu with one place at first, and at another that stays full.
    async fn repeat_and_wait(&self, others: &[String]) {
        let lunch = &self.lunch;
        let area = json!({ "city": "示例市", "district": "东区" });
        let mut allergic = resident_body(&lunch.canteen, "示例大妈", "80030001", &area);
        allergic["allergens"] = json!(["peanut"]);
        let allergic = id_of(&self.post("staff", "/residents", allergic).await);
        self.orders("staff", &lunch.neighbour, "set_meal").await;
        self.orders("daughter", &lunch.father, "set_meal").await;
        let changed = self.orders("staff", &others[0], "set_meal").await;
        let ended = self.orders("staff", &others[1], "set_meal").await;
        self.orders("staff", &others[2], "by_diet").await;
        let menu = self.small_menu("2026-11-24", "lunch", 1).await;
        let lines = json!({ "lines": [{ "item_id": menu["items"][0]["id"], "portions": 1 }] });
        self.waits("staff", &others[2], &menu, lines.clone()).await;
        self.waits("staff", &others[3], &menu, json!({ "item_rule": "cheapest" })).await;
        let leaves = self.waits("staff", &others[4], &menu, lines.clone()).await;
        let staff = lunch.tokens("staff").await;
        self.pass(
            lunch.app.delete(&format!("/waiting/{}", id_of(&leaves))).by(&staff).send().await.expect(200),
        );
        self.waits("staff", &allergic, &menu, lines.clone()).await;
        self.changes("staff", &changed, Some(Days::weekly("set_meal", json!(["2026-11-24"])))).await;
        self.changes("staff", &changed, Some(Days::weekly("set_meal", json!([])))).await;
        let reserved = lunch.get("staff", &format!("/reservations?menu_id={}", id_of(&menu))).await;
        let cancel = format!("/reservations/{}/cancel", id_of(&reserved["items"][0]));
        self.post("staff", &cancel, Value::Null).await;
        self.changes("staff", &ended, None).await;
        self.resize(&menu, 2, json!([])).await;
        self.resize(&menu, 4, json!(["peanut"])).await;
        self.waits("staff", &others[4], &menu, lines).await;
        self.small_menu("2026-11-27", "lunch", 1).await;
        let line = lunch.get("staff", &format!("/menus/{}/waiting", id_of(&menu))).await;
        let line = line["items"].as_array().unwrap().iter().map(|entry| entry["status"].as_str().unwrap());
        assert_eq!(
            line.collect::<Vec<_>>(),
            ["reserved", "left", "left", "reserved", "reserved", "left", "skipped", "reserved", "waiting"]
        );
    }

    /// A menu is withdrawn while somebody waits.
    async fn wait_in_vain(&self, others: &[String]) {
        let menu = self.small_menu("2026-11-25", "dinner", 1).await;
        self.pass(self.lunch.reserve("staff", &others[3], &menu, 1).await.expect(201));
        self.waits("staff", &others[4], &menu, json!({ "item_rule": "set_meal" })).await;
        self.post("staff", &format!("/menus/{}/withdraw", id_of(&menu)), Value::Null).await;
    }

    /// A device at the door on which people tap, one of the kitchen, one that is revoked and one that waits.
    async fn tap_on_devices(&self, menu: &Value) {
        let lunch = &self.lunch;
        let door = self.pass(lunch.device("door").await);
        self.pass(lunch.device("kitchen").await);
        let revoked = self.pass(lunch.added("door").await);
        let code = json!({ "code": revoked["enrolment_code"] });
        self.pass(lunch.app.post("/devices/enrol", code).send().await.expect(200));
        let staff = lunch.tokens("staff").await;
        let path = format!("/devices/{}", id_of(&revoked["device"]));
        let version = lunch.app.get(&path).by(&staff).send().await.etag.unwrap();
        let revoke = lunch.app.delete(&path).by(&staff).header("If-Match", &version);
        assert!(self.pass(revoke.send().await).status < 300);
        self.pass(lunch.added("hall").await);
        let by = lunch.account("volunteer").await;
        self.pass(lunch.tap_by(&door, menu, json!({ "kind": "guest", "by": by })).await.expect(201));
        let item = |tap: Value| {
            let mut item = json!({ "tap_id": uuid(), "menu_id": id_of(menu), "by": by, "tapped_at": "2026-11-23T03:32:00Z" });
            item.as_object_mut().unwrap().extend(tap.as_object().unwrap().clone());
            item
        };
        let items = json!([
            item(json!({ "kind": "guest" })),
            item(json!({ "card_number": FATHERS_CARD })),
            item(json!({ "card_number": "99999996" })),
            item(json!({ "kind": "guest", "by": null })),
            "a tap"
        ]);
        let sent = lunch.app.post("/attendance/batches", json!({ "items": items })).by(&door).send().await;
        let sent = self.pass(sent.expect(200));
        let outcomes = sent["items"].as_array().unwrap().iter().map(|item| item["outcome"].as_str().unwrap());
        assert_eq!(outcomes.collect::<Vec<_>>(), ["recorded", "review", "review", "refused", "refused"]);
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
    ("menus", "waiting", More, "waiting < queued"),
    ("menus", "queued", More, ""),
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
    (
        "menu_editions",
        "document",
        Part("\"price_fen\":1100", "\"price_fen\":1101"),
        "document LIKE '%\"price_fen\":1100%'",
    ),
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
    ("reservations", "standing_order_id", Gone, "standing_order_id IS NOT NULL"),
    ("reservations", "standing_order_id", Other("standing_orders"), "standing_order_id IS NOT NULL"),
    ("reservations", "confirmed_allergens", Longer, "id IN (SELECT reservation_id FROM waiting_entries)"),
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
    (
        "waiting_entries",
        "menu_id",
        Other("menus"),
        "standing_order_id IS NOT NULL OR reservation_id IS NOT NULL",
    ),
    (
        "waiting_entries",
        "resident_id",
        Other("residents"),
        "standing_order_id IS NOT NULL OR status = 'reserved'",
    ),
    ("waiting_entries", "position", More, "status = 'waiting'"),
    ("waiting_entries", "status", Swapped("skipped", "ended"), "status IN ('skipped', 'ended')"),
    ("waiting_entries", "status", Swapped("left", "ended"), "status = 'left' AND reason IS NOT NULL"),
    ("waiting_entries", "mode", Swapped("dine_in", "takeaway"), "status = 'reserved'"),
    (
        "waiting_entries",
        "lines",
        Part("\"portions\":1", "\"portions\":2"),
        "status = 'reserved' AND item_rule IS NULL",
    ),
    ("waiting_entries", "item_rule", Gone, "item_rule IS NOT NULL"),
    ("waiting_entries", "confirmed_allergens", Longer, "status = 'reserved'"),
    ("waiting_entries", "channel", Swapped("desk", "family"), ""),
    ("waiting_entries", "standing_order_id", Gone, "standing_order_id IS NOT NULL"),
    ("waiting_entries", "standing_order_id", Other("standing_orders"), "standing_order_id IS NOT NULL"),
    ("waiting_entries", "right_kind", Swapped("staff", "family"), ""),
    ("waiting_entries", "right_id", Gone, ""),
    ("waiting_entries", "actor_kind", Swapped("account", "resident"), ""),
    ("waiting_entries", "actor_id", Other("accounts"), ""),
    ("waiting_entries", "joined_at", Later, ""),
    ("waiting_entries", "settled_at", Later, "status = 'reserved'"),
    ("waiting_entries", "reservation_id", Other("reservations"), "reservation_id IS NOT NULL"),
    ("waiting_entries", "reason", Longer, "reason IS NOT NULL AND status <> 'skipped'"),
    (
        "waiting_entries",
        "said",
        Longer,
        "said IS NOT NULL AND id IN (SELECT waiting_id FROM standing_order_outcomes)",
    ),
    (
        "standing_orders",
        "resident_id",
        Other("residents"),
        "id IN (SELECT standing_order_id FROM reservations UNION SELECT standing_order_id FROM waiting_entries)",
    ),
    ("standing_orders", "canteen_id", Other("canteens"), ""),
    ("standing_orders", "meals", Part("lunch", "dinner"), "version = 1"),
    (
        "standing_orders",
        "item_rule",
        Swapped("set_meal", "cheapest"),
        "version = 1 AND id IN (SELECT standing_order_id FROM waiting_entries)",
    ),
    ("standing_orders", "skips", Part("[]", "[\"2026-11-24\"]"), "version = 1"),
    ("standing_orders", "pauses", Longer, ""),
    ("standing_orders", "right_kind", Swapped("staff", "family"), ""),
    ("standing_orders", "right_id", Gone, ""),
    ("standing_orders", "actor_kind", Swapped("account", "resident"), ""),
    ("standing_orders", "actor_id", Other("accounts"), ""),
    ("standing_orders", "created_at", Later, ""),
    ("standing_order_outcomes", "standing_order_id", Other("standing_orders"), ""),
    ("standing_order_outcomes", "menu_id", Other("menus"), ""),
    ("standing_order_outcomes", "status", Swapped("waiting", "not_reserved"), "status = 'waiting'"),
    ("standing_order_outcomes", "reservation_id", Other("reservations"), "reservation_id IS NOT NULL"),
    ("standing_order_outcomes", "waiting_id", Gone, "waiting_id IS NOT NULL AND status <> 'waiting'"),
    ("standing_order_outcomes", "waiting_id", Other("waiting_entries"), "waiting_id IS NOT NULL"),
    ("standing_order_outcomes", "reason", Longer, "reason IS NOT NULL AND waiting_id IS NOT NULL"),
    ("standing_order_outcomes", "said", Longer, "said IS NOT NULL AND waiting_id IS NOT NULL"),
    ("standing_order_outcomes", "recorded_at", Later, ""),
    ("attendances", "device_id", Other("devices"), "device_id IS NOT NULL"),
    ("attendances", "menu_id", Other("menus"), "review_word IS NULL OR resolution IS NOT NULL"),
    ("attendances", "resident_id", Other("residents"), "status = 'served' AND class = 'meal'"),
    ("attendances", "reservation_id", Gone, "reservation_id IS NOT NULL"),
    ("attendances", "class", Swapped("meal", "second"), "quote_id IS NOT NULL"),
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
    ("residents", "card_number", Longer, ""),
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
    ("sessions", "ended_at", Gone, "device_id IN (SELECT id FROM devices WHERE revoked_at IS NOT NULL)"),
    ("devices", "canteen_id", Other("canteens"), "id IN (SELECT device_id FROM attendances)"),
    ("devices", "purpose", Swapped("door", "kitchen"), "id IN (SELECT device_id FROM attendances)"),
    ("devices", "code_expires_at", Later, ""),
    ("devices", "created_at", Later, ""),
    ("devices", "enrolled_at", Later, "enrolled_at IS NOT NULL"),
    ("devices", "enrolled_at", Gone, "enrolled_at IS NOT NULL"),
    ("devices", "revoked_at", Gone, "revoked_at IS NOT NULL"),
    ("devices", "version", More, ""),
    ("attendance_refusals", "said_hash", Longer, ""),
    ("attendance_refusals", "said", Longer, ""),
    ("audit_entries", "recorded_at", Later, ""),
];

/// What makes up a table's primary key.
fn key_of(table: &str) -> &'static [&'static str] {
    match table {
        "attendance_refusals" => &["said_hash", "word"],
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
