//! What the desk, officers, residents and families do with residents' records, and what is told to whom.

use leling::{
    ids::{CanteenId, ResidentId},
    pricing::Person,
    residents,
};
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, PIN, TestApp, TestDb,
    world::{TODAY, World, fact_body, lines, policy_body},
};

const HERE: &str = "贵阳市/南明区";
const THERE: &str = "贵阳市/云岩区";

/// A canteen with its desk, and the officer of its district.
struct House {
    app: TestApp,
    canteen: CanteenId,
    desk: Value,
    officer: Value,
}

impl House {
    async fn open(db: TestDb) -> House {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let canteen = app.canteen(HERE).await;
        let desk = app.with_role(&admin, "desk", json!({ "role": "staff", "canteen_id": canteen })).await;
        let area = json!({ "city": "贵阳市", "district": "南明区" });
        let officer = app.with_role(&admin, "officer", json!({ "role": "district", "area": area })).await;
        House { app, canteen, desk, officer }
    }

    fn li(&self) -> Value {
        json!({
            "canteen_id": self.canteen, "full_name": "李凤恩", "born_on": "1949-12-31", "phone": "0851-555 0134",
            "id_number": "11010519491231002X", "card_number": "31415926", "allergens": ["peanut"], "diet_tags": ["soft"]
        })
    }

    async fn registered(&self, body: Value) -> Value {
        self.app.post("/residents", body).by(&self.desk).send().await.expect(201)
    }

    /// The names that the desk finds.
    async fn found(&self, q: &str) -> Vec<String> {
        let q: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let page = self.app.get(&format!("/residents?q={q}")).by(&self.desk).send().await.expect(200);
        let names = page["items"].as_array().unwrap().iter();
        names.map(|line| line["full_name"].as_str().unwrap().to_owned()).collect()
    }
}

fn path(resident: &Value, rest: &str) -> String {
    format!("/residents/{}{rest}", resident["id"].as_str().unwrap())
}

fn fact(kind: &str, from_on: &str) -> Value {
    json!({ "kind": kind, "source": "示例区民政局", "evidence": "示例-0001", "from_on": from_on })
}

/// What an edit sends back of a record that was read.
fn edited(read: &Value, changes: Value) -> Value {
    let mut body = read.clone();
    let fields = body.as_object_mut().unwrap();
    for field in ["id", "id_number_last4", "version"] {
        fields.remove(field);
    }
    fields.extend(changes.as_object().unwrap().clone());
    body
}

on_both! {
    async fn the_desk_registers_a_resident_and_never_sees_the_identity_number_again(db: TestDb) {
        let house = House::open(db).await;
        let made = house.registered(house.li()).await;
        assert_eq!(made["id_number_last4"], "002X");
        let read = house.app.get(&path(&made, "")).by(&house.desk).send().await;
        assert_eq!(read.etag.as_deref(), Some("\"v1.staff\""));
        let read = read.expect(200);
        assert_eq!(read, made);
        assert!(!read.to_string().contains("19491231002"), "{read}");
        let unnumbered = json!({ "canteen_id": house.canteen, "full_name": "王秀英", "born_on": "1944-05-01" });
        let other = house.registered(unnumbered).await;
        assert_eq!(other["card_number"].as_str().unwrap().len(), 8);
        assert_eq!(other["allergens"], json!([]));
    }

    async fn the_desk_finds_people_by_name_pinyin_card_and_phone_and_sees_the_least_of_them(db: TestDb) {
        let house = House::open(db).await;
        house.registered(house.li()).await;
        let other = json!({ "canteen_id": house.canteen, "full_name": "单国强", "born_on": "1944-05-01" });
        house.registered(other).await;
        for q in ["李凤", "凤恩", "lfe", "li feng", "FENGEN", "314159", "550134", "0134"] {
            assert_eq!(house.found(q).await, ["李凤恩"], "{q}");
        }
        for q in ["shan", "sgq"] {
            assert_eq!(house.found(q).await, ["单国强"], "{q}");
        }
        for q in ["134", "%", "_", "张"] {
            assert!(house.found(q).await.is_empty(), "{q}");
        }
        let page = house.app.get("/residents?limit=1").by(&house.desk).send().await.expect(200);
        let line = page["items"][0].as_object().unwrap();
        let fields: Vec<&str> = line.keys().map(String::as_str).collect();
        assert_eq!(
            fields,
            ["id", "canteen_id", "full_name", "born_in", "card_number", "phone_last4", "status"]
        );
        assert_eq!(line["phone_last4"], "0134");
        assert!(page["next"].is_string());
    }

    async fn nobody_registers_a_person_who_cannot_be(db: TestDb) {
        let house = House::open(db).await;
        let refused = async |changes: Value, status: u16, code: &str| {
            let mut body = house.li();
            body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            house.app.post("/residents", body).by(&house.desk).send().await.refused(status, code);
        };
        refused(json!({ "id_number": "110105194912310021" }), 400, "bad_id_number").await;
        refused(json!({ "born_on": "1949-12-30" }), 400, "bad_id_number").await;
        refused(json!({ "born_on": "2026-11-23", "id_number": null }), 400, "bad_birth_date").await;
        refused(json!({ "born_on": "1890-01-01", "id_number": null }), 400, "bad_birth_date").await;
        refused(json!({ "full_name": "  " }), 400, "bad_field").await;
        house.registered(house.li()).await;
        refused(json!({ "card_number": "27182818" }), 409, "id_number_taken").await;
        refused(json!({ "id_number": null }), 409, "card_number_taken").await;
    }

    async fn two_active_residents_never_share_an_identity_number(db: TestDb) {
        let house = House::open(db).await;
        let first = house.registered(house.li()).await;
        let put = async |resident: &Value, seen: &str, changes: Value| {
            let body = edited(resident, changes);
            house.app.put(&path(resident, ""), body).by(&house.desk).header("If-Match", seen).send().await
        };
        put(&first, "\"v1\"", json!({ "status": "left" })).await.expect(200);
        let mut again = house.li();
        again["card_number"] = json!("27182818");
        house.registered(again).await;
        put(&first, "\"v2\"", json!({ "status": "active" })).await.refused(409, "id_number_taken");
        put(&first, "\"v1\"", json!({})).await.refused(409, "id_number_taken");
        put(&first, "\"v1\"", json!({ "status": "left" })).await.refused(412, "stale");
    }

    async fn an_edit_checks_a_new_birth_date_with_the_identity_number(db: TestDb) {
        let house = House::open(db).await;
        let li = house.registered(house.li()).await;
        let put = |changes: Value| {
            house.app.put(&path(&li, ""), edited(&li, changes)).by(&house.desk).header("If-Match", "\"v1\"")
        };
        put(json!({ "born_on": "1949-12-30" })).send().await.refused(400, "bad_id_number");
        put(json!({ "status": "deceased" })).send().await.refused(409, "status_by_fact");
        let renamed = put(json!({ "full_name": "李凤英", "diet_tags": ["soft", "soft"] })).send().await.expect(200);
        assert_eq!((&renamed["id_number_last4"], &renamed["diet_tags"]), (&json!("002X"), &json!(["soft"])));
        assert_eq!(house.found("lfy").await, ["李凤英"]);
    }

    async fn who_may_not_know_of_a_resident_is_told_that_there_is_none(db: TestDb) {
        let house = House::open(db).await;
        let li = house.registered(house.li()).await;
        let there = house.app.canteen(THERE).await;
        let admin = house.app.sign_in("root", PASSWORD).await.expect(200);
        let other = json!({ "role": "staff", "canteen_id": there });
        let other = house.app.with_role(&admin, "other", other).await;
        let someone = house.app.someone("someone").await;
        for stranger in [&other, &someone] {
            house.app.get(&path(&li, "")).by(stranger).send().await.refused(404, "resident_not_found");
            house.app.get(&path(&li, "/facts")).by(stranger).send().await.refused(404, "resident_not_found");
        }
        house.app.get("/residents").by(&someone).send().await.refused(403, "not_allowed");
        let nobody = house.app.get("/residents").by(&other).send().await.expect(200);
        assert_eq!(nobody["items"], json!([]));
        let named = house.app.get(&format!("/residents?canteen_id={}", house.canteen)).by(&other);
        named.send().await.refused(403, "not_allowed_here");
        let by_officer = house.app.get("/residents").by(&house.officer).send().await.expect(200);
        assert_eq!(by_officer["items"].as_array().unwrap().len(), 1);
    }

    async fn a_pin_is_shown_once_and_opens_the_door(db: TestDb) {
        let house = House::open(db).await;
        let li = house.registered(house.li()).await;
        let issue = || {
            let path = path(&li, "/pin");
            house.app.post(&path, Value::Null).by(&house.desk).header("Idempotency-Key", "pin")
        };
        let pin = issue().send().await.expect(201)["pin"].as_str().unwrap().to_owned();
        assert_eq!(pin.len(), 6);
        let again = issue().send().await;
        assert!(again.replayed);
        assert_eq!(again.expect(201), json!({ "pin": null }));
        let own = house.app.sign_in_with_card("31415926", &pin).await.expect(200);
        let read = house.app.get(&path(&li, "")).by(&own).send().await.expect(200);
        assert_eq!((&read["full_name"], &read["id_number_last4"]), (&json!("李凤恩"), &Value::Null));
        house.app.post(&path(&li, "/pin"), Value::Null).by(&house.desk).send().await.expect(201);
        house.app.get(&path(&li, "")).by(&own).send().await.refused(401, "session_ended");
        house.app.sign_in_with_card("31415926", &pin).await.refused(401, "wrong_credentials");
    }

    async fn a_fact_entered_at_the_desk_waits_for_an_officer(db: TestDb) {
        let house = House::open(db).await;
        let li = house.registered(house.li()).await;
        let enter = |by, fact: Value| house.app.post(&path(&li, "/facts"), fact).by(by);
        let waiting = enter(&house.desk, fact("disabled", "2026-01-01")).send().await.expect(201);
        assert_eq!(waiting["verified_at"], Value::Null);
        let verify = |by| {
            let path = format!("/facts/{}/verify", waiting["id"].as_str().unwrap());
            house.app.post(&path, Value::Null).by(by)
        };
        verify(&house.desk).send().await.refused(403, "not_allowed");
        let verified = verify(&house.officer).send().await.expect(200);
        assert_eq!(verified["verified_at"], "2026-11-22T04:00:00Z");
        verify(&house.officer).send().await.refused(409, "fact_verified");
        let at_once = enter(&house.officer, fact("lives_alone", "2026-01-01")).send().await.expect(201);
        assert!(at_once["verified_by"].is_string());
        enter(&house.desk, fact("no_such_kind", "2026-01-01")).send().await.refused(400, "unknown_fact_kind");
        enter(&house.desk, fact("disabled", "2036-01-01")).send().await.refused(400, "bad_fact");
        let listed = house.app.get(&path(&li, "/facts")).by(&house.desk).send().await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    }

    async fn a_price_sees_the_verified_facts_of_the_day_and_what_suspends(db: TestDb) {
        let house = House::open(db).await;
        let li = house.registered(house.li()).await;
        let enter = async |by: &Value, fact: Value| {
            house.app.post(&path(&li, "/facts"), fact).by(by).send().await.expect(201);
        };
        let mut lapsed = fact("low_income", "2026-01-01");
        lapsed["to_on"] = json!("2026-06-30");
        enter(&house.officer, lapsed).await;
        enter(&house.officer, fact("in_institution", "2026-10-01")).await;
        enter(&house.desk, fact("disabled", "2026-01-01")).await;
        let id: ResidentId = li["id"].as_str().unwrap().parse().unwrap();
        let person_on = async |on: &str| {
            let on = on.parse().unwrap();
            house
                .app
                .write(move |conn, _| {
                    let resident = residents::find(conn, id)?;
                    residents::person_on(conn, &resident, on)
                })
                .await
        };
        let kinds = |person: &Person| person.facts.iter().map(|fact| fact.kind.clone()).collect::<Vec<_>>();
        let on_its_last_day = person_on("2026-06-30").await;
        assert_eq!((kinds(&on_its_last_day), on_its_last_day.suspended), (vec!["low_income".into()], None));
        assert!(kinds(&person_on("2026-07-01").await).is_empty());
        let suspended = person_on("2026-10-01").await.suspended;
        assert_eq!(suspended.as_deref(), Some("in_institution"));
    }

    async fn an_officer_ends_a_fact_and_loses_nobodys_change(db: TestDb) {
        let house = House::open(db).await;
        let li = house.registered(house.li()).await;
        let made = house.app.post(&path(&li, "/facts"), fact("disabled", "2026-01-01")).by(&house.officer);
        let made = made.send().await;
        let etag = made.etag.clone().unwrap();
        let made = made.expect(201);
        let put = |to_on: &str| {
            let path = format!("/facts/{}", made["id"].as_str().unwrap());
            let body = json!({ "to_on": to_on, "evidence": "示例-0002" });
            house.app.put(&path, body).by(&house.officer).header("If-Match", &etag)
        };
        put("2025-12-31").send().await.refused(400, "bad_fact");
        assert_eq!(put("2026-06-30").send().await.expect(200)["to_on"], "2026-06-30");
        put("2026-07-31").send().await.refused(412, "stale");
    }

    async fn a_death_is_recorded_by_its_fact_and_undone_with_it(db: TestDb) {
        let house = House::open(db).await;
        let li = house.registered(house.li()).await;
        let entered = house.app.post(&path(&li, "/facts"), fact("deceased", "2026-11-20")).by(&house.desk);
        let entered = entered.send().await.expect(201);
        let status = async || {
            house.app.get(&path(&li, "")).by(&house.desk).send().await.expect(200)["status"].clone()
        };
        assert_eq!(status().await, "active");
        let fact_path = format!("/facts/{}", entered["id"].as_str().unwrap());
        let verified = house.app.post(&format!("{fact_path}/verify"), Value::Null).by(&house.officer).send().await;
        let etag = verified.etag.clone().unwrap();
        verified.expect(200);
        assert_eq!(status().await, "deceased");
        let revive = || {
            let body = edited(&li, json!({ "status": "active" }));
            house.app.put(&path(&li, ""), body).by(&house.desk).header("If-Match", "\"v2\"")
        };
        revive().send().await.refused(409, "status_by_fact");
        let end = json!({ "to_on": "2026-11-20", "evidence": "另一位同名老人" });
        house.app.put(&fact_path, end).by(&house.officer).header("If-Match", &etag).send().await.expect(200);
        revive().send().await.expect(200);
        assert_eq!(status().await, "active");
    }

    async fn family_reads_facts_only_where_the_consent_covers_them(db: TestDb) {
        let house = House::open(db).await;
        let li = house.app.resident(house.canteen, "31415926").await;
        let read = async |user_name: &str, covers: bool| {
            let child = house.app.someone(user_name).await;
            let ask = json!({ "card_number": "31415926", "born_on": "1944-05-01", "relation": "child" });
            let asked = house.app.post("/family-links", ask).by(&child).send().await.expect(201);
            let approve = json!({ "consent": "本人当面同意", "covers_reasons": covers });
            let path = format!("/family-links/{}/approve", asked["id"].as_str().unwrap());
            let resident = house.app.sign_in_with_card("31415926", PIN).await.expect(200);
            house.app.post(&path, approve).by(&resident).send().await.expect(200);
            house.app.get(&format!("/residents/{li}")).by(&child).send().await.expect(200);
            house.app.get(&format!("/residents/{li}/facts")).by(&child).send().await
        };
        read("daughter", true).await.expect(200);
        read("neighbour", false).await.refused(403, "not_allowed");
    }

    async fn a_district_adds_kinds_of_facts(db: TestDb) {
        let house = House::open(db).await;
        let kind = json!({ "code": "centenarian", "zh": "百岁老人", "en": "centenarian", "suspends": false });
        let add = |by| house.app.post("/fact-kinds", kind.clone()).by(by);
        add(&house.desk).send().await.refused(403, "not_allowed");
        assert_eq!(add(&house.officer).send().await.expect(201), kind);
        add(&house.officer).send().await.refused(409, "fact_kind_exists");
        let listed = house.app.get("/fact-kinds").by(&house.desk).send().await.expect(200);
        assert!(listed["items"].as_array().unwrap().contains(&kind));
    }

    async fn a_kind_of_fact_that_a_district_added_goes_by_its_name_in_policies_terms_and_prices(db: TestDb) {
        let World { app, here, tokens, .. } = World::build(db).await;
        let officer = &tokens["district"];
        let mut policy = policy_body("centenarians", &json!({ "city": "示例市", "district": "东区" }));
        policy["layers"][0]["rank"] = json!(20);
        policy["layers"][0]["tiers"] = json!([
            { "code": "hundred", "when": { "fact": { "kind": "centenarian" } }, "pay": { "fixed_fen": 100 } }
        ]);
        let written = app.policy_in_force(officer, policy, TODAY).await;
        let terms = format!("/canteens/{}/terms", here.id("canteen"));
        let before = app.get(&terms).send().await;
        let (tag, before) = (before.etag.clone(), before.expect(200).to_string());
        assert!(before.contains("属于centenarian"), "nobody said what it is called: {before}");

        let kind = json!({ "code": "centenarian", "zh": "百岁老人", "en": "a hundred or older", "suspends": false });
        app.made(officer, "/fact-kinds", kind).await;
        app.made(officer, &format!("/residents/{}/facts", here.id("resident")), fact_body("centenarian")).await;
        let menu = app.get(&format!("/menus/{}", here.id("free_menu"))).send().await.expect(200);
        let meal = json!({ "resident_id": here.id("resident"), "menu_id": menu["id"], "lines": lines(&menu) });
        let mut price = app.made(officer, "/quotes", meal).await;
        price["relied_on"] = Value::Null;
        let after = app.get(&terms).send().await;
        assert_ne!(after.etag, tag);
        let described = app.get(&format!("/policies/{written}")).by(officer).send().await.expect(200);
        for said in [&after.expect(200), &price["lines"], &described["words"]] {
            let said = said.to_string();
            assert!(said.contains("属于百岁老人") && said.contains("recorded as a hundred or older"), "{said}");
            assert!(!said.contains("属于centenarian"), "{said}");
        }
    }

    async fn every_kind_of_fact_that_is_there_from_the_start_has_words_in_a_policy(db: TestDb) {
        let house = House::open(db).await;
        let listed = house.app.get("/fact-kinds").by(&house.desk).send().await.expect(200);
        for kind in listed["items"].as_array().unwrap() {
            let code = kind["code"].as_str().unwrap();
            let tier = json!({ "code": "a", "when": { "fact": { "kind": code } }, "pay": { "fixed_fen": 100 } });
            let policy = json!({
                "code": "invented", "area": { "city": "贵阳市", "district": "南明区" }, "name": { "zh": "试", "en": "trial" },
                "layers": [{ "payer": "district", "rank": 1, "pick": "first", "tiers": [tier] }],
            });
            let read = house.app.post("/policies/validate", policy).by(&house.officer).send().await.expect(200);
            let told = read["words"][1]["zh"].as_str().unwrap();
            assert!(told.contains("属于") && !told.contains(code), "{told}");
        }
    }
}
