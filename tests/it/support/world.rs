//! A small world with one of everything, three times over: here, nearby in the same district, and far away in another.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{PASSWORD, Reply, TestApp, TestDb};

/// The day on which the world stands still, at noon.
pub const TODAY: &str = "2026-11-22";
pub const TOMORROW: &str = "2026-11-23";

/// One canteen and all that belongs to it: ids by what they are of.
pub struct Side {
    pub area: Value,
    pub ids: BTreeMap<&'static str, String>,
    pub staff: Value,
    pub volunteer: Value,
}

impl Side {
    pub fn id(&self, of: &str) -> &str {
        &self.ids[of]
    }

    /// A code that enrols a device of this canteen.
    pub async fn new_code(&self, app: &TestApp, purpose: &str) -> String {
        let body = json!({ "canteen_id": self.id("canteen"), "name": "门口", "purpose": purpose });
        let added = app.made(&self.staff, "/devices", body).await;
        added["enrolment_code"].as_str().unwrap().to_owned()
    }

    /// Tokens of a new device of this canteen.
    pub async fn device(&self, app: &TestApp, purpose: &str) -> Value {
        let code = self.new_code(app, purpose).await;
        app.post("/devices/enrol", json!({ "code": code })).send().await.expect(200)
    }
}

/// Everything, and the tokens of whoever has a role here; nobody's for the public.
pub struct World {
    pub app: TestApp,
    pub here: Side,
    pub near: Side,
    pub far: Side,
    pub tokens: BTreeMap<&'static str, Value>,
    /// The number of the first meal of today here.
    pub first_meal: i64,
}

/// A random UUID, as a device makes one.
pub fn uuid() -> String {
    let hex = hex::encode(leling::id::random_bytes::<16>());
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

pub fn id_of(answer: &Value) -> String {
    answer["id"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
}

/// A canteen that serves every day; the day before at four is the last moment.
pub fn canteen_body(name: &str, area: &Value) -> Value {
    let period = |period: &str, from: &str, to: &str| {
        json!({
            "period": period, "serves_from": from, "serves_to": to, "default_capacity": 100,
            "cutoff": { "service_days_before": 1, "at": "16:00" }, "modes": ["dine_in", "takeaway"],
            "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        })
    };
    json!({
        "name": name, "area": area, "address": "示例路 1 号", "phone": "0851-5550100", "time_zone": "Asia/Shanghai",
        "delivery_fee_fen": 0, "periods": [period("lunch", "11:00", "13:00"), period("dinner", "17:00", "18:30")]
    })
}

pub fn menu_body(served_on: &str, publish: bool) -> Value {
    let set = json!({ "name": "红烧肉套餐", "kind": "set", "price_fen": 1473, "allergens": ["soy"], "diet_tags": ["soft"] });
    json!({ "served_on": served_on, "period": "lunch", "items": [set], "publish": publish })
}

/// A policy that pays odd sums to everybody of 60 and older: more to those in hardship.
pub fn policy_body(code: &str, area: &Value) -> Value {
    json!({
        "code": code, "area": area, "name": { "zh": "示例补贴", "en": "Example subsidy" },
        "layers": [{
            "payer": "district", "rank": 10, "pick": "first",
            "tiers": [
                { "code": "tier-hardship", "name": { "zh": "困难老人", "en": "in hardship" },
                  "when": { "fact": { "kind": "minimum_living" } }, "pay": { "fixed_fen": 731 } },
                { "code": "tier-sixty", "when": { "age": { "from": 60 } }, "pay": { "fixed_fen": 269 } }
            ]
        }]
    })
}

pub fn resident_body(canteen: &str, name: &str, card_number: &str, area: &Value) -> Value {
    json!({
        "canteen_id": canteen, "full_name": name, "born_on": "1944-05-01", "phone": "13800000000",
        "card_number": card_number, "registered_in": area, "lives_in": area
    })
}

pub fn fact_body(kind: &str) -> Value {
    json!({ "kind": kind, "source": "示例区民政局", "evidence": "示例-0001", "from_on": "2026-01-01" })
}

/// Dinner on every day from December on, of which there are no menus.
pub fn standing_order_body(resident: &str) -> Value {
    json!({
        "resident_id": resident, "from_on": "2026-12-01", "item_rule": "set_meal",
        "meals": [{ "period": "dinner", "mode": "dine_in", "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] }]
    })
}

pub fn lines(menu: &Value) -> Value {
    json!([{ "item_id": menu["items"][0]["id"], "portions": 1 }])
}

impl TestApp {
    /// What is posted and has to succeed.
    pub async fn made(&self, by: &Value, path: &str, body: Value) -> Value {
        let Reply { status, body, .. } = self.post(path, body).by(by).send().await;
        assert!(status < 300, "{path}: {status} {body}");
        body
    }

    /// Tokens of a new account with this role, whose owner has chosen a password: it stands beside them.
    pub async fn member(&self, admin: &Value, user_name: &str, grant: Value) -> Value {
        let body = json!({ "user_name": user_name, "display_name": user_name, "grant": grant });
        let made = self.made(admin, "/accounts", body).await;
        let password = made["one_time_password"].as_str().unwrap();
        let mut tokens = self.sign_in(user_name, password).await.expect(200);
        let chosen = json!({ "present_password": password, "new_password": PASSWORD });
        self.put("/me/password", chosen).by(&tokens).send().await.expect(204);
        tokens["password"] = json!(PASSWORD);
        tokens
    }

    /// Posts a policy and puts it into force.
    pub async fn policy_in_force(&self, officer: &Value, document: Value, from_on: &str) -> String {
        let id = id_of(&self.made(officer, "/policies", document).await);
        self.made(officer, &format!("/policies/{id}/activate"), json!({ "from_on": from_on })).await;
        id
    }
}

impl World {
    pub async fn build(db: TestDb) -> World {
        let app = TestApp::start(db);
        let mut admin = app.admin().await;
        admin["password"] = json!(PASSWORD);
        let [east, west] = ["东区", "西区"].map(|district| json!({ "city": "示例市", "district": district }));
        let officer = app.member(&admin, "officer", json!({ "role": "district", "area": east })).await;
        let other_officer =
            app.member(&admin, "other.officer", json!({ "role": "district", "area": west })).await;
        let auditor = app.member(&admin, "auditor", json!({ "role": "auditor", "area": east })).await;
        let mut people = BTreeMap::new();
        for name in ["nobody", "daughter", "cousin", "uncle"] {
            let mut tokens = app.someone(name).await;
            tokens["password"] = json!(PASSWORD);
            people.insert(name, tokens);
        }
        let calendar =
            app.put("/calendar/2026", json!({ "days": [] })).by(&admin).header("If-Match", "\"v0\"");
        calendar.send().await.expect(200);
        let scheme = async |code: &str, area: &Value, officer: &Value| {
            let active = app.policy_in_force(officer, policy_body(code, area), "2026-01-01").await;
            let draft = id_of(&app.made(officer, "/policies", policy_body(code, area)).await);
            (active, draft)
        };
        let east_policies = scheme("east", &east, &officer).await;
        let west_policies = scheme("west", &west, &other_officer).await;
        let place = |number, area: &Value, officer, policies, holder, asker| Place {
            app: &app,
            admin: &admin,
            officer,
            number,
            area: area.clone(),
            policies,
            holder: &people[holder],
            asker: &people[asker],
        };
        let here = place(1, &east, &officer, &east_policies, "daughter", "nobody").build().await;
        let near = place(2, &east, &officer, &east_policies, "cousin", "uncle").build().await;
        let far = place(3, &west, &other_officer, &west_policies, "cousin", "uncle").build().await;
        let resident = app.sign_in_with_card(&card(1, 1), here.id("pin")).await.expect(200);
        let mut tokens = BTreeMap::from([
            ("signed_in", people["nobody"].clone()),
            ("family", people["daughter"].clone()),
            ("resident", resident),
            ("volunteer", here.volunteer.clone()),
            ("staff", here.staff.clone()),
            ("district", officer.clone()),
            ("auditor", auditor),
            ("admin", admin.clone()),
        ]);
        for (role, purpose) in [
            ("door_device", "door"),
            ("round_device", "round"),
            ("kitchen_device", "kitchen"),
            ("hall_device", "hall"),
        ] {
            tokens.insert(role, here.device(&app, purpose).await);
        }
        let meals = app.get(&format!("/openmensa/canteens/1/days/{TODAY}/meals")).send().await.expect(200);
        let first_meal = meals[0]["id"].as_i64().unwrap();
        World { app, here, near, far, tokens, first_meal }
    }
}

/// The number of a resident's card on one side.
pub fn card(side: u32, resident: u32) -> String {
    format!("7000{side:02}{resident:02}")
}

/// What one side is built with.
struct Place<'a> {
    app: &'a TestApp,
    admin: &'a Value,
    officer: &'a Value,
    number: u32,
    area: Value,
    /// The active one and the draft.
    policies: &'a (String, String),
    /// Who holds a family link to the resident.
    holder: &'a Value,
    /// Who has asked for one.
    asker: &'a Value,
}

impl Place<'_> {
    async fn build(self) -> Side {
        let number = self.number;
        let canteen = canteen_body(&format!("食堂 {number}"), &self.area);
        let canteen = id_of(&self.app.made(self.officer, "/canteens", canteen).await);
        let member = async |role: &str| {
            let grant = json!({ "role": role, "canteen_id": canteen });
            self.app.member(self.admin, &format!("{role}.{number}"), grant).await
        };
        let (staff, volunteer) = (member("staff").await, member("volunteer").await);
        let grant = json!({ "role": "volunteer", "canteen_id": canteen });
        let helper =
            json!({ "user_name": format!("helper.{number}"), "display_name": "帮手", "grant": grant });
        let helper = self.app.made(self.admin, "/accounts", helper).await;
        let account = &helper["account"];
        let mut ids = BTreeMap::from([
            ("account", id_of(account)),
            ("grant", id_of(&account["grants"][0])),
            ("policy", self.policies.0.clone()),
            ("draft_policy", self.policies.1.clone()),
            ("card", card(number, 1)),
        ]);
        let device = json!({ "canteen_id": canteen, "name": "门口的手机", "purpose": "door" });
        ids.insert("device", id_of(&self.app.made(&staff, "/devices", device).await["device"]));
        self.people(&canteen, &staff, &mut ids).await;
        self.meals(&canteen, &staff, &volunteer, &mut ids).await;
        self.lines_and_orders(&canteen, &staff, &mut ids).await;
        ids.insert("canteen", canteen);
        Side { area: self.area, ids, staff, volunteer }
    }

    /// Two residents; the first with a PIN, a fact and family.
    async fn people(&self, canteen: &str, staff: &Value, ids: &mut BTreeMap<&'static str, String>) {
        let register = async |name: &str, card_number: &str| {
            let body = resident_body(canteen, name, card_number, &self.area);
            id_of(&self.app.made(staff, "/residents", body).await)
        };
        let resident = register("王秀英", &card(self.number, 1)).await;
        ids.insert("other_resident", register("单国强", &card(self.number, 2)).await);
        let path = format!("/residents/{resident}");
        let pin = self.app.made(staff, &format!("{path}/pin"), Value::Null).await;
        ids.insert("pin", pin["pin"].as_str().unwrap().to_owned());
        let facts = format!("{path}/facts");
        self.app.made(self.officer, &facts, fact_body("minimum_living")).await;
        ids.insert("fact", id_of(&self.app.made(staff, &facts, fact_body("disabled")).await));
        let ask = async |by: &Value| {
            let body =
                json!({ "card_number": card(self.number, 1), "born_on": "1944-05-01", "relation": "child" });
            id_of(&self.app.made(by, "/family-links", body).await)
        };
        let link = ask(self.holder).await;
        let consent = json!({ "consent": "in person at the desk", "covers_reasons": true });
        self.app.made(staff, &format!("/family-links/{link}/approve"), consent).await;
        ids.insert("link", link);
        ids.insert("asked_link", ask(self.asker).await);
        ids.insert("resident", resident);
    }

    /// Two full menus, the second with somebody who waits; a standing order.
    async fn lines_and_orders(&self, canteen: &str, staff: &Value, ids: &mut BTreeMap<&'static str, String>) {
        let full = async |on: &str| {
            let mut menu = menu_body(on, true);
            menu["capacity"] = json!(1);
            let menu = self.app.made(staff, &format!("/canteens/{canteen}/menus"), menu).await;
            let body =
                json!({ "menu_id": menu["id"], "resident_id": ids["other_resident"], "lines": lines(&menu) });
            self.app.made(staff, "/reservations", body).await;
            menu
        };
        let (first, second) = (full("2026-11-26").await, full("2026-11-27").await);
        let body = json!({ "resident_id": ids["resident"], "lines": lines(&second) });
        let waiting = self.app.made(staff, &format!("/menus/{}/waiting", id_of(&second)), body).await;
        let mut order = standing_order_body(&ids["resident"]);
        order["canteen_id"] = json!(canteen);
        let order = self.app.made(staff, "/standing-orders", order).await;
        ids.extend([
            ("full_menu", id_of(&first)),
            ("full_item", first["items"][0]["id"].as_str().unwrap().to_owned()),
            ("waiting", id_of(&waiting)),
            ("standing_order", id_of(&order["order"])),
        ]);
    }

    /// Today's menu with a reservation, a walk-in and a review; tomorrow's with a reservation; a draft; a free one.
    async fn meals(
        &self,
        canteen: &str,
        staff: &Value,
        volunteer: &Value,
        ids: &mut BTreeMap<&'static str, String>,
    ) {
        let menus = format!("/canteens/{canteen}/menus");
        let today = self.app.made(staff, &menus, menu_body(TODAY, true)).await;
        let tomorrow = self.app.made(staff, &menus, menu_body(TOMORROW, true)).await;
        let draft = self.app.made(staff, &menus, menu_body("2026-11-24", false)).await;
        let next_draft = self.app.made(staff, &menus, menu_body("2026-11-28", false)).await;
        let free = self.app.made(staff, &menus, menu_body("2026-11-25", true)).await;
        for (of, menu) in [("reservation", &today), ("next_reservation", &tomorrow)] {
            let body = json!({ "menu_id": menu["id"], "resident_id": ids["resident"], "lines": lines(menu) });
            ids.insert(of, id_of(&self.app.made(staff, "/reservations", body).await));
        }
        let taps = format!("/menus/{}/attendance", id_of(&today));
        let walk_in = json!({ "tap_id": uuid(), "kind": "walk_in", "resident_id": ids["other_resident"], "lines": lines(&today) });
        let attendance = self.app.made(volunteer, &taps, walk_in).await;
        ids.insert("attendance", attendance["attendance_id"].as_str().unwrap().to_owned());
        let again = json!({ "tap_id": uuid(), "card_number": card(self.number, 2), "tapped_at": "2026-11-22T04:00:00Z" });
        let review = self.app.made(volunteer, &taps, again).await;
        assert_eq!(review["status"], "review", "{review}");
        ids.insert("review", review["attendance_id"].as_str().unwrap().to_owned());
        let draws = format!("/draws?from={TODAY}&to={TODAY}&canteen_id={canteen}");
        let draws = self.app.get(&draws).by(self.officer).send().await.expect(200);
        ids.insert("quote", draws["items"][0]["quote_id"].as_str().expect("a draw").to_owned());
        ids.insert("item", today["items"][0]["id"].as_str().unwrap().to_owned());
        ids.insert("free_item", free["items"][0]["id"].as_str().unwrap().to_owned());
        ids.insert("next_item", tomorrow["items"][0]["id"].as_str().unwrap().to_owned());
        ids.extend([
            ("menu", id_of(&today)),
            ("next_menu", id_of(&tomorrow)),
            ("draft", id_of(&draft)),
            ("next_draft", id_of(&next_draft)),
            ("free_menu", id_of(&free)),
        ]);
    }
}
