//! Two days that fill every table that the auditor reads.

use chrono::TimeDelta;
use leling::reservations::waiting;
use serde_json::{Value, json};

use crate::support::{
    TestDb,
    lunch::{FATHERS_CARD, Lunch, NEIGHBOURS_CARD},
    world::{TOMORROW, fact_body, id_of, resident_body, uuid},
};

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
pub struct Days {
    pub lunch: Lunch,
}

impl Days {
    pub async fn lived_through(db: TestDb) -> Days {
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
