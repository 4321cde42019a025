//! One canteen and its people, for the rules of a meal from its menu to its closing.

use chrono::TimeDelta;
use leling::attendance;
use serde_json::{Value, json};

use super::{
    PASSWORD, Reply, TestApp, TestDb,
    world::{TODAY, canteen_body, id_of, resident_body, uuid},
};

/// A canteen whose staff, volunteer, officer and daughter may be spoken for by name.
pub struct Lunch {
    pub app: TestApp,
    pub canteen: String,
    /// A resident of 82, allergic to peanuts, whom the daughter acts for.
    pub father: String,
    /// Another resident of 82.
    pub neighbour: String,
    passwords: Vec<(&'static str, String)>,
}

pub const FATHERS_CARD: &str = "80010001";
pub const NEIGHBOURS_CARD: &str = "80010002";

impl Lunch {
    /// Everybody is there, and this policy is in force. It is noon of 22 November 2026.
    pub async fn with_policy(db: TestDb, policy: Value) -> Lunch {
        Lunch::in_zone(db, policy, "Asia/Shanghai").await
    }

    /// The same, where the canteen's clocks show the time of this zone.
    pub async fn in_zone(db: TestDb, mut policy: Value, zone: &str) -> Lunch {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let area = json!({ "city": "示例市", "district": "东区" });
        let mut canteen = canteen_body("示例食堂", &area);
        canteen["time_zone"] = json!(zone);
        let canteen = id_of(&app.made(&admin, "/canteens", canteen).await);
        let mut passwords = Vec::new();
        for (name, grant) in [
            ("staff", json!({ "role": "staff", "canteen_id": canteen })),
            ("volunteer", json!({ "role": "volunteer", "canteen_id": canteen })),
            ("other.volunteer", json!({ "role": "volunteer", "canteen_id": canteen })),
            ("officer", json!({ "role": "district", "area": area })),
        ] {
            let tokens = app.member(&admin, name, grant).await;
            passwords.push((name, tokens["password"].as_str().unwrap().to_owned()));
        }
        app.someone("daughter").await;
        passwords.push(("daughter", PASSWORD.to_owned()));
        let mut lunch = Lunch { app, canteen, father: String::new(), neighbour: String::new(), passwords };
        policy["area"] = area.clone();
        let officer = lunch.tokens("officer").await;
        lunch.app.policy_in_force(&officer, policy, "2026-01-01").await;
        let staff = lunch.tokens("staff").await;
        let mut father = resident_body(&lunch.canteen, "示例父亲", FATHERS_CARD, &area);
        father["allergens"] = json!(["peanut"]);
        father["diet_tags"] = json!(["soft"]);
        lunch.father = id_of(&lunch.app.made(&staff, "/residents", father).await);
        let neighbour = resident_body(&lunch.canteen, "示例邻居", NEIGHBOURS_CARD, &area);
        lunch.neighbour = id_of(&lunch.app.made(&staff, "/residents", neighbour).await);
        let ask = json!({ "card_number": FATHERS_CARD, "born_on": "1944-05-01", "relation": "child" });
        let link = id_of(&lunch.app.made(&lunch.tokens("daughter").await, "/family-links", ask).await);
        let consent = json!({ "consent": "said so at the desk", "covers_reasons": false });
        lunch.app.made(&staff, &format!("/family-links/{link}/approve"), consent).await;
        lunch
    }

    /// Three yuan for everybody of 60 and older, once a day over all meals.
    pub async fn ready(db: TestDb) -> Lunch {
        Lunch::with_policy(db, three_yuan_a_day()).await
    }

    /// Fresh tokens: the clock may have moved on.
    pub async fn tokens(&self, name: &str) -> Value {
        let (_, password) = self.passwords.iter().find(|(known, _)| *known == name).unwrap();
        self.app.sign_in(name, password).await.expect(200)
    }

    pub async fn post(&self, name: &str, path: &str, body: Value) -> Reply {
        self.app.post(path, body).by(&self.tokens(name).await).send().await
    }

    pub async fn get(&self, name: &str, path: &str) -> Value {
        self.app.get(path).by(&self.tokens(name).await).send().await.expect(200)
    }

    /// A published menu: a set meal of 10 yuan, and two portions of a peanut dish of 3 yuan.
    pub async fn menu(&self, served_on: &str, period: &str) -> Value {
        let items = json!([
            { "name": "套餐", "kind": "set", "price_fen": 1000 },
            { "name": "花生米", "kind": "dish", "price_fen": 300, "portions": 2, "allergens": ["peanut"] }
        ]);
        let body = json!({ "served_on": served_on, "period": period, "capacity": 10, "items": items, "publish": true });
        self.post("staff", &format!("/canteens/{}/menus", self.canteen), body).await.expect(201)
    }

    /// Reserves `portions` of the set meal.
    pub async fn reserve(&self, name: &str, resident: &str, menu: &Value, portions: i32) -> Reply {
        let lines = json!([{ "item_id": menu["items"][0]["id"], "portions": portions }]);
        let body = json!({ "resident_id": resident, "menu_id": menu["id"], "lines": lines });
        self.post(name, "/reservations", body).await
    }

    /// Taps, with a tap id of its own.
    pub async fn tap(&self, name: &str, menu: &Value, mut tap: Value) -> Reply {
        tap["tap_id"] = json!(uuid());
        let path = format!("/menus/{}/attendance", menu["id"].as_str().unwrap());
        self.post(name, &path, tap).await
    }

    /// The same with these tokens.
    pub async fn tap_by(&self, tokens: &Value, menu: &Value, mut tap: Value) -> Reply {
        tap["tap_id"] = json!(uuid());
        let path = format!("/menus/{}/attendance", menu["id"].as_str().unwrap());
        self.app.post(&path, tap).by(tokens).send().await
    }

    /// The id of somebody's account.
    pub async fn account(&self, name: &str) -> String {
        self.tokens(name).await["principal"]["id"].as_str().unwrap().to_owned()
    }

    /// A device of the canteen that waits for its code.
    pub async fn added(&self, purpose: &str) -> Value {
        let body = json!({ "canteen_id": self.canteen, "name": "门口的手机", "purpose": purpose });
        self.post("staff", "/devices", body).await.expect(201)
    }

    /// Tokens of a new device of the canteen.
    pub async fn device(&self, purpose: &str) -> Value {
        let code = self.added(purpose).await["enrolment_code"].clone();
        self.app.post("/devices/enrol", json!({ "code": code })).send().await.expect(200)
    }

    /// The headcount of the day's first menu, as of now or of an instant.
    pub async fn headcount(&self, on: &str, as_of: Option<&str>) -> Value {
        let as_of = as_of.map(|at| format!("&as_of={at}")).unwrap_or_default();
        let path = format!("/canteens/{}/headcounts?on={on}{as_of}", self.canteen);
        self.get("staff", &path).await["menus"][0].clone()
    }

    /// What was drawn today, in one stage.
    pub async fn drawn(&self, status: &str, on: &str) -> i64 {
        let path = format!("/draws?from={on}&to={on}&status={status}");
        let draws = self.get("officer", &path).await;
        draws["items"].as_array().unwrap().iter().map(|draw| draw["fen"].as_i64().unwrap()).sum()
    }

    pub async fn drawn_today(&self, status: &str) -> i64 {
        self.drawn(status, TODAY).await
    }

    /// Time passes, and what is over closes by itself.
    pub async fn pass_hours(&self, hours: i64) {
        self.app.pass(TimeDelta::hours(hours));
        self.app.write(attendance::close_what_is_over).await;
    }
}

/// Three yuan for everybody of 60 and older, once a day over all meals.
pub fn three_yuan_a_day() -> Value {
    json!({
        "code": "three-a-day", "name": { "zh": "每天三元", "en": "Three a day" },
        "limits": { "daily": { "window": "day", "count": 1 } },
        "layers": [{
            "payer": "district", "rank": 10, "pick": "first", "limits": ["daily"],
            "tiers": [{ "code": "sixty", "when": { "age": { "from": 60 } }, "pay": { "fixed_fen": 300 } }]
        }]
    })
}
