//! Who may do what, tried out: every operation, by every role, on what is its own and on what is not.
//!
//! `access_cases.txt` holds one line for each operation: the object that stands in its path, and a cell for each role.
//! A cell is what happens on one's own object and, behind a slash, on a foreign one: `ok` (done, or refused by the state
//! of things), 401, 403 or 404. For a canteen's people the foreign object is the neighbour's, in the same district; for
//! everybody else it lies in another district.

use std::collections::{BTreeMap, BTreeSet};

use leling::{access::acts::Role, db::Kind};
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Reply, TestDb,
    contract::{Declared, operations},
    world::{
        Side, TODAY, World, canteen_body, fact_body, menu_body, policy_body, resident_body,
        standing_order_body, uuid,
    },
};

const CASES: &str = include_str!("access_cases.txt");

/// A line of the table.
struct Case {
    object: &'static str,
    /// What happens on one's own object and on a foreign one, by role.
    cells: BTreeMap<&'static str, (&'static str, &'static str)>,
}

fn cases() -> BTreeMap<&'static str, Case> {
    let mut lines = CASES.lines().filter(|line| !line.trim().is_empty());
    let roles: Vec<&str> = lines.next().unwrap().split_whitespace().skip(2).collect();
    assert_eq!(roles, Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>());
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words.len(), roles.len() + 2, "a cell for every role: {line}");
            let cells = words[2..].iter().map(|cell| cell.split_once('/').unwrap_or((cell, cell)));
            (words[0], Case { object: words[1], cells: roles.iter().copied().zip(cells).collect() })
        })
        .collect()
}

/// Whom a foreign object belongs to, for a role.
fn foreign<'a>(world: &'a World, role: &str) -> &'a Side {
    match role {
        "volunteer" | "staff" | "door_device" | "round_device" | "kitchen_device" | "hall_device" => {
            &world.near
        }
        _ => &world.far,
    }
}

/// A request that would succeed if the role reached so far.
struct Trial<'a> {
    world: &'a World,
    side: &'a Side,
    role: &'static str,
    /// Different for every trial.
    number: u32,
}

impl Trial<'_> {
    fn tokens(&self) -> &Value {
        self.world.tokens.get(self.role).unwrap_or(&self.world.tokens["signed_in"])
    }

    fn query(&self, operation: &str) -> String {
        let Side { ids, .. } = self.side;
        match operation {
            "find_residents" | "list_reviews" | "list_devices" => format!("?canteen_id={}", ids["canteen"]),
            "list_family_links" | "list_reservations" => format!("?resident_id={}", ids["resident"]),
            "list_standing_orders" | "list_own_waiting" => format!("?resident_id={}", ids["resident"]),
            "list_menus" => format!("?from={TODAY}&to={TODAY}"),
            "read_headcounts" | "read_overview" | "list_day_outcomes" => format!("?on={TODAY}"),
            "import_residents" => format!("?canteen_id={}", ids["canteen"]),
            "export_headcounts_csv"
            | "export_headcounts_xlsx"
            | "export_attendance_csv"
            | "export_attendance_xlsx" => format!("?from={TODAY}&to={TODAY}"),
            "read_takings" | "list_draws" => {
                format!("?from={TODAY}&to={TODAY}&canteen_id={}", ids["canteen"])
            }
            _ => String::new(),
        }
    }

    fn body(&self, operation: &str) -> Value {
        let Side { ids, area, .. } = self.side;
        let number = self.number;
        let day = || {
            (chrono::NaiveDate::from_ymd_opt(2026, 12, 1).unwrap() + chrono::Days::new(number.into()))
                .to_string()
        };
        let later = || {
            (chrono::NaiveDate::from_ymd_opt(2027, 2, 1).unwrap() + chrono::Days::new(number.into()))
                .to_string()
        };
        let lines = |item: &str| json!([{ "item_id": ids[item], "portions": 1 }]);
        let volunteer = json!({ "role": "volunteer", "canteen_id": ids["canteen"] });
        let resident = resident_body(&ids["canteen"], "李凤恩", &format!("6000{number:04}"), area);
        match operation {
            "sign_up" => {
                json!({ "user_name": format!("new.{number}"), "display_name": "New", "password": PASSWORD })
            }
            "sign_in" => json!({ "user_name": "uncle", "password": PASSWORD }),
            "refresh" => json!({ "refresh_token": self.tokens()["refresh_token"] }),
            "sign_out" => json!({ "everywhere": false }),
            "change_password" => {
                json!({ "present_password": self.tokens()["password"].as_str().unwrap_or(PASSWORD), "new_password": PASSWORD })
            }
            "create_account" => {
                json!({ "user_name": format!("made.{number}"), "display_name": "Made", "grant": volunteer })
            }
            "edit_account" => json!({ "display_name": "Edited" }),
            "grant_role" => volunteer,
            "import_calendar" => json!({ "days": [] }),
            "create_canteen" | "edit_canteen" => canteen_body(&format!("新食堂 {number}"), area),
            "close_canteen" => json!({ "from_on": "2026-12-01", "to_on": "2026-12-01", "reason": "停电" }),
            "register_resident" => resident,
            "edit_resident" => {
                let mut edited = resident;
                for (field, value) in
                    [("allergens", json!([])), ("diet_tags", json!([])), ("status", json!("active"))]
                {
                    edited[field] = value;
                }
                edited
            }
            "enter_fact" => fact_body("lives_alone"),
            "edit_fact" => json!({ "to_on": null, "evidence": "示例-0002" }),
            "add_fact_kind" => {
                json!({ "code": format!("kind_{number}"), "zh": "示例", "en": "example", "suspends": false })
            }
            "ask_family_link" => {
                json!({ "card_number": ids["card"], "born_on": "1944-05-01", "relation": "child" })
            }
            "approve_family_link" => {
                json!({ "consent": "said so", "covers_reasons": false, "pin": ids["pin"] })
            }
            "post_policy" => policy_body(&format!("posted-{number}"), area),
            "validate_policy" => policy_body("validated", area),
            "try_policies" => json!({
                "policy_ids": [ids["policy"]], "canteen_in": area,
                "person": { "born_on": "1944-05-01", "registered_in": area, "lives_in": area, "facts": [] },
                "order": { "served_on": TODAY, "period": "lunch", "mode": "dine_in", "charge_fen": 1473 }
            }),
            "activate_policy" => json!({ "from_on": "2026-12-01" }),
            "draft_menu" => menu_body(&day(), false),
            "post_week" => json!({ "menus": [menu_body(&day(), true)] }),
            "publish_menus" => json!({ "drafts": [{ "id": ids["next_draft"], "version": 1 }] }),
            "copy_menus" => json!({ "from_on": TODAY, "to_on": later(), "days": 1 }),
            "change_menu" => json!({ "items": menu_body(TODAY, false)["items"] }),
            "ask_quote" => {
                json!({ "resident_id": ids["resident"], "menu_id": ids["next_menu"], "lines": lines("next_item") })
            }
            "place_reservation" => {
                json!({ "resident_id": ids["resident"], "menu_id": ids["free_menu"], "lines": lines("free_item") })
            }
            "join_waiting" => json!({ "resident_id": ids["resident"], "lines": lines("full_item") }),
            "make_standing_order" => {
                let mut order = standing_order_body(&ids["resident"]);
                order["canteen_id"] = json!(ids["canteen"]);
                order
            }
            "change_standing_order" => {
                let mut terms = standing_order_body(&ids["resident"]);
                terms.as_object_mut().unwrap().remove("resident_id");
                terms
            }
            "change_reservation" => json!({ "mode": "takeaway", "lines": lines("next_item") }),
            "add_device" => json!({ "canteen_id": ids["canteen"], "name": "门口", "purpose": "door" }),
            "check_in" => {
                json!({ "tap_id": uuid(), "reservation_id": ids["reservation"], "by": self.named() })
            }
            "record_batch" => json!({ "items": [] }),
            "void_attendance" => json!({ "reason": "a mistake", "by": self.named() }),
            "resolve_review" => json!({ "decision": "second_meal", "reason": "asked at the desk" }),
            _ => Value::Null,
        }
    }

    /// On a device, the volunteer here.
    fn named(&self) -> &Value {
        if self.role.ends_with("_device") {
            &self.world.here.volunteer["principal"]["id"]
        } else {
            &Value::Null
        }
    }

    fn path(&self, declared: Declared, object: &str) -> String {
        let given = match object {
            "-" | "self" => "",
            "year" => "2026",
            "number" => "1",
            // Whoever has a link has that one; everybody else can only be concerned by the one that was asked for.
            "asked_link" if self.role == "family" => self.side.id("link"),
            _ => self.side.id(object),
        };
        let path = declared.path.strip_prefix("/api/v1").unwrap();
        let named = path.replace("{id}", given).replace("{year}", given).replace("{number}", given);
        let named = named.replace("{date}", TODAY).replace("{meal}", &self.world.first_meal.to_string());
        format!("{named}{}", self.query(declared.id()))
    }

    async fn send(&self, declared: Declared, object: &str) -> Reply {
        let app = &self.world.app;
        let path = self.path(declared, object);
        let body = match declared.id() {
            // It is good once.
            "enrol_device" => json!({ "code": self.side.new_code(app, "door").await }),
            operation => self.body(operation),
        };
        let call = match declared.method {
            "post" if declared.id() == "import_residents" => {
                app.upload(&path, "text/csv", format!("姓名,出生日期\n李凤恩,1949-12-{}\n", 10 + self.number))
            }
            "get" => app.get(&path),
            "post" => app.post(&path, body),
            "put" => app.put(&path, body),
            "patch" => app.patch(&path, body),
            "delete" => app.delete(&path),
            other => panic!("{other}"),
        };
        let call = call.header("If-Match", "\"v1\"");
        match self.world.tokens.get(self.role) {
            Some(tokens) => call.by(tokens).send().await,
            None => call.send().await,
        }
    }
}

/// What a cell of the table calls this answer; what it never says is told with its code.
fn outcome(reply: &Reply) -> String {
    match reply.status {
        200..=299 | 409 | 412 => "ok".into(),
        401 | 403 | 404 => reply.status.to_string(),
        status => format!("{status} {}", reply.body),
    }
}

/// Tries one operation by every role, and tells what came out otherwise than its line says.
async fn tried(world: &World, declared: Declared, case: &Case, faults: &mut Vec<String>) {
    let mut number = 0;
    let mut line = format!("{:24} {:16}", declared.id(), case.object);
    let mut differs = false;
    for role in Role::ALL.iter().map(|role| role.as_str()) {
        let expected = case.cells[role];
        let mut found = [String::new(), String::new()];
        // The foreign one first: after one's own, one may be signed out.
        for (place, side) in [(1, foreign(world, role)), (0, &world.here)] {
            if case.object == "self" && place == 1 {
                continue;
            }
            number += 1;
            let reply = Trial { world, side, role, number }.send(declared, case.object).await;
            found[place] = outcome(&reply);
        }
        if case.object == "self" {
            found[1] = found[0].clone();
        }
        differs |= found[0] != expected.0 || found[1] != expected.1;
        line += &if found[0] == found[1] {
            format!(" {:9}", found[0])
        } else {
            format!(" {:9}", found.join("/"))
        };
    }
    if differs {
        faults.push(line);
    }
}

/// Tries the operations of one group; those that write have a world of their own.
async fn try_group(kind: Kind, first: TestDb, tag: &str) {
    let cases = cases();
    let mut faults = Vec::new();
    let shared = World::build(first).await;
    for declared in operations().filter(|declared| declared.operation["tags"][0] == tag) {
        let case = &cases[declared.id()];
        if declared.method == "get" {
            tried(&shared, declared, case, &mut faults).await;
        } else {
            tried(&World::build(TestDb::fresh(kind)).await, declared, case, &mut faults).await;
        }
    }
    assert!(faults.is_empty(), "what came out is not what the table says:\n{}", faults.join("\n"));
}

plain! {
    async fn every_operation_has_a_case_for_every_role() {
        let ids: BTreeSet<&str> = operations().map(|declared| declared.id()).collect();
        let cases = cases();
        assert_eq!(ids, cases.keys().copied().collect());
        for declared in operations() {
            let named = !["-", "self"].contains(&cases[declared.id()].object);
            assert_eq!(declared.path.contains('{'), named, "{} names an object in its path", declared.id());
        }
    }
}

on_both! {
    async fn the_operations_of_auth_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "auth").await;
    }

    async fn the_operations_of_accounts_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "accounts").await;
    }

    async fn the_operations_of_audit_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "audit").await;
    }

    async fn the_operations_of_calendar_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "calendar").await;
    }

    async fn the_operations_of_canteens_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "canteens").await;
    }

    async fn the_operations_of_residents_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "residents").await;
    }

    async fn the_operations_of_family_links_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "family links").await;
    }

    async fn the_operations_of_policies_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "policies").await;
    }

    async fn the_operations_of_devices_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "devices").await;
    }

    async fn the_operations_of_menus_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "menus").await;
    }

    async fn the_operations_of_reservations_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "reservations").await;
    }

    async fn the_operations_of_standing_orders_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "standing orders").await;
    }

    async fn the_operations_of_attendance_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "attendance").await;
    }

    async fn the_operations_of_openmensa_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "openmensa").await;
    }

    async fn the_operations_of_headcounts_reach_as_far_as_the_table_says(db: TestDb) {
        try_group(db.kind, db, "headcounts").await;
    }
}
