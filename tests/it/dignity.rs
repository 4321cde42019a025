//! BR-80: whatever a volunteer is told holds no amount, no tier and no hardship, wherever it might hide.

use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Reply,
    world::{TODAY, World, canteen_body, fact_body, id_of, lines, menu_body, resident_body, uuid},
};

/// What the policy pays and what is left to pay, in fen and in yuan: sums that nothing else in this world has.
const SUMS: &[(i64, &str)] = &[(731, "7.31"), (269, "2.69"), (742, "7.42"), (1204, "12.04")];

/// What would tell a tier or a hardship.
const WORDS: &[&str] = &[
    "tier-",
    "hardship",
    "困难",
    "minimum_living",
    "minimum living",
    "低保",
    "disabled",
    "残疾",
    "示例补贴",
    "subsidy",
    "补贴",
    "low_income",
    "destitute",
    "特困",
    "due_fen",
    "promised_fen",
    "tier",
    "payer",
];

/// Everything in an answer that a volunteer must not hear.
fn told(answer: &Value) -> Vec<String> {
    match answer {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, field)| told(&Value::from(name.as_str())).into_iter().chain(told(field)))
            .collect(),
        Value::Array(items) => items.iter().flat_map(told).collect(),
        Value::Number(number) => SUMS
            .iter()
            .filter(|(fen, _)| number.as_i64() == Some(*fen))
            .map(|(_, sum)| (*sum).into())
            .collect(),
        Value::String(text) => told_in(text),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

fn told_in(text: &str) -> Vec<String> {
    let is_id = text.len() == 36 && text.matches('-').count() == 4;
    let says = |sum: &(i64, &str)| {
        text.contains(sum.1)
            || text.split(|c: char| !c.is_alphanumeric()).any(|word| word == sum.0.to_string())
    };
    let sums = SUMS.iter().filter(|sum| !is_id && says(sum)).map(|sum| sum.1);
    let text = text.to_lowercase();
    sums.chain(WORDS.iter().copied().filter(|word| text.contains(word))).map(str::to_owned).collect()
}

/// Whoever is at the door of the canteen here; everything that they hear is searched.
struct Ear {
    world: World,
    tokens: Value,
    /// Who is named on a shared device; nobody where somebody signed in.
    by: Value,
}

impl Ear {
    fn here(&self, of: &str) -> &str {
        self.world.here.id(of)
    }

    /// Asks in both languages; a tap or an act is a repetition the second time.
    async fn hears(&self, path: &str, body: Option<Value>) -> Reply {
        let mut first = None;
        for language in ["zh", "en"] {
            let call = match &body {
                Some(body) => self.world.app.post(path, body.clone()),
                None => self.world.app.get(path),
            };
            let reply = call.by(&self.tokens).header("Accept-Language", language).send().await;
            let found = told(&reply.body);
            assert!(found.is_empty(), "{path} tells the door {found:?}: {}", reply.body);
            first.get_or_insert(reply);
        }
        first.unwrap()
    }

    /// A tap at today's lunch, or at another menu.
    async fn taps(&self, menu: &str, mut tap: Value) -> Reply {
        if tap["tap_id"].is_null() {
            tap["tap_id"] = json!(uuid());
        }
        tap["by"] = self.by.clone();
        self.hears(&format!("/menus/{menu}/attendance"), Some(tap)).await
    }

    async fn refused(&self, menu: &str, tap: Value, code: &str) {
        let reply = self.taps(menu, tap).await;
        assert_eq!(reply.body["code"], code, "{}", reply.body);
    }

    /// A resident in hardship, by card.
    async fn resident(&self, card_number: &str) -> String {
        let World { app, here, tokens, .. } = &self.world;
        let body = resident_body(here.id("canteen"), "何桂英", card_number, &here.area);
        let id = id_of(&app.made(&here.staff, "/residents", body).await);
        app.made(&tokens["district"], &format!("/residents/{id}/facts"), fact_body("minimum_living")).await;
        id
    }

    async fn reserves(&self, resident: &str) -> String {
        let lines = json!([{ "item_id": self.here("item"), "portions": 1 }]);
        let body = json!({ "menu_id": self.here("menu"), "resident_id": resident, "lines": lines });
        id_of(&self.world.app.made(&self.world.here.staff, "/reservations", body).await)
    }

    async fn every_kind_of_meal(&self) {
        let menu = self.here("menu");
        self.resident("88880001").await;
        let walk_in =
            self.taps(menu, json!({ "kind": "walk_in", "card_number": "88880001" })).await.expect(201);
        assert_eq!(walk_in["full_name"], "何桂英");
        self.taps(menu, json!({ "kind": "second", "card_number": "88880001" })).await.expect(201);
        for kind in ["guest", "staff", "volunteer"] {
            self.taps(menu, json!({ "kind": kind })).await.expect(201);
        }
        let review = json!({ "card_number": "88880001", "tapped_at": "2026-11-22T04:00:00Z" });
        assert_eq!(self.taps(menu, review).await.expect(201)["status"], "review");
        let item = |card_number: &str| {
            json!({
                "menu_id": menu, "tap_id": uuid(), "card_number": card_number, "tapped_at": "2026-11-22T04:00:00Z",
                "by": self.by, "kind": "walk_in"
            })
        };
        self.resident("88880005").await;
        let batch = json!({ "items": [item("88880005"), item("88880001"), item("no card")] });
        let answers = self.hears("/attendance/batches", Some(batch)).await.expect(200);
        let outcomes = [0, 1, 2].map(|place| answers["items"][place]["outcome"].clone());
        assert_eq!(outcomes, ["recorded", "review", "refused"]);
    }

    async fn everything(&self) {
        self.everything_else().await;
        self.every_kind_of_meal().await;
        self.every_refusal_about_a_reservation().await;
        self.every_refusal_about_the_person_or_the_tap().await;
        self.every_refusal_when_there_is_nothing_left().await;
        self.everything_else().await;
    }

    async fn every_refusal_about_a_reservation(&self) {
        let (menu, reservation) = (self.here("menu").to_owned(), self.here("reservation").to_owned());
        let staff = &self.world.here.staff;
        self.refused(&menu, json!({ "reservation_id": self.here("next_reservation") }), "other_day").await;
        self.refused(
            &menu,
            json!({ "kind": "walk_in", "resident_id": self.here("resident") }),
            "already_reserved",
        )
        .await;
        self.taps(&menu, json!({ "reservation_id": reservation })).await.expect(201);
        self.refused(&menu, json!({ "reservation_id": reservation }), "already_served").await;
        self.resident("88880002").await;
        self.refused(&menu, json!({ "card_number": "88880002" }), "not_reserved").await;
        self.refused(&menu, json!({ "card_number": self.world.near.id("card") }), "other_canteen").await;
        let cancelled = self.reserves(&self.resident("88880003").await).await;
        self.world.app.made(staff, &format!("/reservations/{cancelled}/cancel"), Value::Null).await;
        self.refused(&menu, json!({ "reservation_id": cancelled }), "cancelled").await;
    }

    async fn every_refusal_about_the_person_or_the_tap(&self) {
        let World { app, here, .. } = &self.world;
        let menu = here.id("menu");
        self.refused(here.id("next_menu"), json!({ "kind": "guest" }), "menu_not_open").await;
        self.refused(menu, json!({ "card_number": "00000000" }), "unknown_card").await;
        let left = self.resident("88880004").await;
        let mut edit = resident_body(here.id("canteen"), "何桂英", "88880004", &here.area);
        for (field, value) in [("allergens", json!([])), ("diet_tags", json!([])), ("status", json!("left"))]
        {
            edit[field] = value;
        }
        let edit = app.put(&format!("/residents/{left}"), edit).by(&here.staff).header("If-Match", "\"v1\"");
        edit.send().await.expect(200);
        self.refused(menu, json!({ "card_number": "88880004" }), "resident_suspended").await;
        self.refused(menu, json!({ "kind": "guest", "resident_id": here.id("resident") }), "bad_tap").await;
        let strange = json!([{ "item_id": uuid(), "portions": 1 }]);
        self.refused(menu, json!({ "kind": "guest", "lines": strange }), "bad_order").await;
        self.refused(menu, json!({ "kind": "guest", "mode": "delivery" }), "mode_not_offered").await;
        self.refused(menu, json!({ "kind": "guest", "point": "desk" }), "not_allowed_here").await;
        self.refused(self.world.near.id("menu"), json!({ "kind": "guest" }), "not_allowed_here").await;
        let tap = json!({ "tap_id": uuid(), "kind": "guest" });
        let served = self.taps(menu, tap.clone()).await.expect(201);
        let other = json!({ "tap_id": tap["tap_id"], "kind": "volunteer" });
        self.refused(menu, other, "tap_reused").await;
        let void = format!("/attendance/{}/void", served["attendance_id"].as_str().unwrap());
        assert_eq!(
            self.hears(&void, Some(json!({ "reason": "a mistake", "by": self.by }))).await.expect(200)["status"],
            "voided"
        );
        self.refused(menu, tap, "voided").await;
    }

    async fn every_refusal_when_there_is_nothing_left(&self) {
        let World { app, here, .. } = &self.world;
        let mut dinner = menu_body(TODAY, true);
        dinner["period"] = json!("dinner");
        dinner["items"][0]["portions"] = json!(2);
        let dinner = app.made(&here.staff, &format!("/canteens/{}/menus", here.id("canteen")), dinner).await;
        let menu = id_of(&dinner);
        let guest = || json!({ "kind": "guest", "lines": lines(&dinner) });
        for _ in 0..2 {
            let tap = json!({ "tap_id": uuid(), "kind": "guest", "lines": lines(&dinner) });
            self.taps(&menu, tap).await.expect(201);
        }
        self.refused(&menu, guest(), "item_sold_out").await;
        let mut item = menu_body(TODAY, true)["items"][0].clone();
        item["id"] = dinner["items"][0]["id"].clone();
        let read = app.get(&format!("/menus/{menu}")).by(&here.staff).send().await;
        let change =
            app.put(&format!("/menus/{menu}"), json!({ "capacity": 2, "items": [item] })).by(&here.staff);
        change.header("If-Match", &read.etag.unwrap()).send().await.expect(200);
        self.refused(&menu, guest(), "menu_full").await;
    }

    async fn everything_else(&self) {
        let (canteen, menu) = (self.here("canteen"), self.here("menu"));
        let listed = self.hears(&format!("/menus/{menu}/door-list"), None).await.expect(200);
        assert!(
            !listed["expected"].as_array().unwrap().is_empty()
                && !listed["besides"].as_array().unwrap().is_empty()
        );
        for path in ["/me".to_owned(), "/canteens".into(), format!("/menus/{menu}")] {
            self.hears(&path, None).await.expect(200);
        }
        self.hears(&format!("/canteens/{canteen}/menus?from={TODAY}&to={TODAY}"), None).await.expect(200);
        let hidden = [
            format!("/reservations/{}", self.here("reservation")),
            format!("/residents/{}", self.here("resident")),
            format!("/residents/{}/facts", self.here("resident")),
            format!("/quotes/{}", self.here("quote")),
            format!("/policies/{}", self.here("policy")),
            format!("/draws?from={TODAY}&to={TODAY}"),
            format!("/takings?from={TODAY}&to={TODAY}"),
            format!("/canteens/{canteen}/headcounts?on={TODAY}"),
        ];
        for path in hidden {
            assert!(self.hears(&path, None).await.status >= 403, "{path}");
        }
        self.hears("/canteens", Some(canteen_body("x", &self.world.here.area)))
            .await
            .refused(403, "not_allowed");
    }
}

on_both! {
    async fn nothing_that_a_volunteer_hears_tells_who_is_poor(db: TestDb) {
        let world = World::build(db).await;
        let tokens = world.here.volunteer.clone();
        Ear { world, tokens, by: Value::Null }.everything().await;
    }

    async fn nothing_that_a_device_at_the_door_hears_tells_who_is_poor(db: TestDb) {
        let world = World::build(db).await;
        let (tokens, by) = (world.tokens["door_device"].clone(), world.here.volunteer["principal"]["id"].clone());
        Ear { world, tokens, by }.everything().await;
    }

    async fn why_somebody_pays_so_much_hear_they_and_whom_they_let_and_whoever_answers_for_the_money(db: TestDb) {
        let World { app, here, tokens, .. } = World::build(db).await;
        let menu = app.get(&format!("/menus/{}", here.id("free_menu"))).by(&here.staff).send().await.expect(200);
        let asked = json!({ "resident_id": here.id("resident"), "menu_id": menu["id"], "lines": lines(&menu) });
        let hears = async |tokens: &Value| {
            let quote = app.made(tokens, "/quotes", asked.clone()).await;
            let whole = quote["lines"].is_array();
            assert_eq!(quote[if whole { "resident_fen" } else { "due_fen" }], 742, "{quote}");
            (whole, told(&quote).contains(&"tier-".to_owned()))
        };
        for role in ["resident", "family", "district", "auditor"] {
            assert_eq!(hears(&tokens[role]).await, (true, true), "{role}");
        }
        assert_eq!(hears(&here.staff).await, (false, false));
        // Somebody else, whom she lets reserve and nothing more.
        let uncle = app.sign_in("uncle", PASSWORD).await.expect(200);
        let ask = json!({ "card_number": here.id("card"), "born_on": "1944-05-01", "relation": "child" });
        let link = id_of(&app.made(&uncle, "/family-links", ask).await);
        let consent = json!({ "consent": "said so", "covers_reasons": false });
        app.made(&here.staff, &format!("/family-links/{link}/approve"), consent).await;
        assert_eq!(hears(&uncle).await, (true, false));
    }

    async fn nothing_that_a_screen_hears_tells_who_is_poor(db: TestDb) {
        let World { app, here, tokens, .. } = World::build(db).await;
        let canteen = here.id("canteen");
        for role in ["kitchen_device", "hall_device"] {
            for path in [format!("/canteens/{canteen}/headcounts?on={TODAY}"), "/me".into()] {
                let heard = app.get(&path).by(&tokens[role]).send().await.expect(200);
                assert!(told(&heard).is_empty(), "{path} tells a {role} {:?}: {heard}", told(&heard));
            }
        }
    }

    async fn the_same_search_finds_what_the_desk_and_the_officer_hear(db: TestDb) {
        let World { app, here, tokens, .. } = World::build(db).await;
        let tap = |point: &str| json!({ "tap_id": uuid(), "reservation_id": here.id("reservation"), "point": point });
        let path = format!("/menus/{}/attendance", here.id("menu"));
        let desk = app.made(&here.staff, &path, tap("desk")).await;
        assert_eq!(desk["due_fen"], 742);
        assert_eq!(told(&desk), ["due_fen", "7.42"]);
        let quote = app.get(&format!("/quotes/{}", here.id("quote"))).by(&tokens["district"]).send().await.expect(200);
        let found = told(&quote);
        assert!(found.contains(&"tier-".into()) && found.contains(&"2.69".into()), "{found:?}");
        // Whoever is both staff and stands at the door hears what the door hears.
        let walk_in = json!({ "tap_id": uuid(), "kind": "guest", "point": "door" });
        assert!(told(&app.made(&here.staff, &path, walk_in).await).is_empty());
    }
}
