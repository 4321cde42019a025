//! What officers and staff do with canteens, and what everybody reads of them.

use serde_json::{Value, json};

use crate::support::TestApp;

fn area(district: &str) -> Value {
    json!({ "city": "贵阳市", "district": district })
}

fn lunch() -> Value {
    json!({
        "period": "lunch", "serves_from": "11:00", "serves_to": "12:30",
        "cutoff": { "service_days_before": 1, "at": "16:00" }, "default_capacity": 100,
        "modes": ["dine_in", "delivery"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]
    })
}

fn details(name: &str, district: &str) -> Value {
    json!({
        "name": name, "area": area(district), "address": "示例街道 1 号", "phone": "0851-5550100",
        "time_zone": "Asia/Shanghai", "delivery_fee_fen": 100, "periods": [lunch()]
    })
}

async fn officer(app: &TestApp) -> Value {
    let admin = app.admin().await;
    app.with_role(&admin, "officer", json!({ "role": "district", "area": area("南明区") })).await
}

on_both! {
    async fn an_officer_records_a_canteen_and_everybody_reads_it(db: TestDb) {
        let app = TestApp::start(db);
        let officer = officer(&app).await;
        let made = app.post("/canteens", details("金元食堂", "南明区")).by(&officer).send().await.expect(201);
        let path = format!("/canteens/{}", made["id"].as_str().unwrap());
        let read = app.get(&path).send().await;
        assert_eq!(read.etag.as_deref(), Some("\"v1\""));
        let read = read.expect(200);
        assert_eq!(read, made);
        assert_eq!(read["periods"], json!([lunch()]));
        let listed = app.get("/canteens?city=%E8%B4%B5%E9%98%B3%E5%B8%82").send().await.expect(200);
        assert_eq!(listed, json!({ "items": [made], "next": null }));
        let elsewhere = app.get("/canteens?city=%E8%B4%B5").send().await.expect(200);
        assert_eq!(elsewhere["items"], json!([]));
    }

    async fn a_canteen_belongs_to_the_area_of_its_officer(db: TestDb) {
        let app = TestApp::start(db);
        let officer = officer(&app).await;
        let there = app.post("/canteens", details("金元食堂", "云岩区")).by(&officer).send().await;
        there.refused(403, "not_allowed_here");
        let made = app.post("/canteens", details("金元食堂", "南明区")).by(&officer).send().await.expect(201);
        let path = format!("/canteens/{}", made["id"].as_str().unwrap());
        let moved = app.put(&path, details("金元食堂", "云岩区")).by(&officer).header("If-Match", "\"v1\"");
        moved.send().await.refused(403, "not_allowed_here");
        let twin = app.post("/canteens", details("金元食堂", "南明区")).by(&officer).send().await;
        twin.refused(409, "canteen_exists");
    }

    async fn an_edit_of_a_canteen_loses_nobodys_change(db: TestDb) {
        let app = TestApp::start(db);
        let officer = officer(&app).await;
        let made = app.post("/canteens", details("金元食堂", "南明区")).by(&officer).send().await.expect(201);
        app.post("/canteens", details("长山食堂", "南明区")).by(&officer).send().await.expect(201);
        let path = format!("/canteens/{}", made["id"].as_str().unwrap());
        let put = |name: &str| app.put(&path, details(name, "南明区")).by(&officer);
        put("新食堂").send().await.refused(428, "if_match_required");
        let edited = put("新食堂").header("If-Match", "\"v1\"").send().await.expect(200);
        assert_eq!((&edited["name"], &edited["version"]), (&json!("新食堂"), &json!(2)));
        put("旧食堂").header("If-Match", "\"v1\"").send().await.refused(412, "stale");
        put("长山食堂").header("If-Match", "\"v2\"").send().await.refused(409, "canteen_exists");
    }

    async fn a_canteen_that_cannot_be_is_refused_with_every_fault(db: TestDb) {
        let app = TestApp::start(db);
        let officer = officer(&app).await;
        let mut wrong = details("金元食堂", "南明区");
        wrong["periods"][0]["serves_to"] = json!("10:00");
        wrong["periods"][0]["weekdays"] = json!(["mon", "mon"]);
        let refused = app.post("/canteens", wrong.clone()).by(&officer).send().await;
        let pointers: Vec<&Value> =
            refused.body["errors"].as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
        assert_eq!(pointers, ["/periods/0/serves_to", "/periods/0/weekdays"]);
        refused.refused(400, "bad_canteen");
        wrong["periods"][0]["weekdays"] = json!([]);
        app.post("/canteens", wrong).by(&officer).send().await.refused(400, "bad_field");
        let mut nowhere = details("金元食堂", "南明区");
        nowhere["time_zone"] = json!("Asia/Atlantis");
        app.post("/canteens", nowhere).by(&officer).send().await.refused(400, "bad_canteen");
    }

    async fn staff_close_their_own_canteen_and_everybody_sees_it(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let (own, other) = (app.canteen("贵阳市/南明区").await, app.canteen("贵阳市/云岩区").await);
        let staff = app.with_role(&admin, "li.na", json!({ "role": "staff", "canteen_id": own })).await;
        let closure = json!({ "from_on": "2026-11-24", "to_on": "2026-11-25", "period": "lunch", "reason": "停电" });
        let close = |id, closure: &Value| app.post(&format!("/canteens/{id}/closures"), closure.clone()).by(&staff);
        let closed = close(own, &closure).send().await.expect(201);
        assert_eq!(closed["to_call"], json!([]));
        close(other, &closure).send().await.refused(403, "not_allowed_here");
        let over = json!({ "from_on": "2026-11-20", "to_on": "2026-11-21", "reason": "停电" });
        close(own, &over).send().await.refused(400, "bad_closure");
        let listed = app.get(&format!("/canteens/{own}/closures")).send().await.expect(200);
        assert_eq!(listed["items"], json!([closed["closure"]]));
        let later = app.get(&format!("/canteens/{own}/closures?from=2026-11-26")).send().await.expect(200);
        assert_eq!(later["items"], json!([]));
    }

    async fn a_list_of_canteens_is_read_page_by_page(db: TestDb) {
        let app = TestApp::start(db);
        let officer = officer(&app).await;
        for name in ["一", "二", "三"] {
            app.post("/canteens", details(name, "南明区")).by(&officer).send().await.expect(201);
        }
        let first = app.get("/canteens?limit=2").send().await.expect(200);
        let next = first["next"].as_str().unwrap();
        let second = app.get(&format!("/canteens?limit=2&cursor={next}")).send().await.expect(200);
        let names: Vec<&Value> = [&first, &second]
            .iter()
            .flat_map(|page| page["items"].as_array().unwrap())
            .map(|canteen| &canteen["name"])
            .collect();
        assert_eq!(names, ["一", "二", "三"]);
        assert_eq!(second["next"], Value::Null);
    }
}
