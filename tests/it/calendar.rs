//! A year's holidays and make-up workdays.

use serde_json::{Value, json};

use crate::support::TestApp;

fn festival() -> Value {
    let name = json!({ "zh": "春节", "en": "Spring Festival" });
    json!({ "days": [
        { "on": "2026-02-17", "kind": "holiday", "name": name },
        { "on": "2026-02-14", "kind": "makeup_workday", "name": name },
    ] })
}

on_both! {
    async fn a_year_is_imported_once_and_then_changed_by_whoever_read_it(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        app.get("/calendar/2026").send().await.refused(404, "calendar_not_found");
        let put = |tag| app.put("/calendar/2026", festival()).by(&admin).header("If-Match", tag);
        put("\"v1\"").send().await.refused(412, "stale");
        put("\"v0\"").send().await.expect(200);
        put("\"v0\"").send().await.refused(412, "stale");
        let read = app.get("/calendar/2026").send().await;
        assert_eq!(read.etag.as_deref(), Some("\"v1\""));
        assert_eq!(read.body["days"][0]["on"], "2026-02-14");
        put("\"v1\"").send().await.expect(200);
    }

    async fn a_calendar_with_a_day_of_another_year_is_refused(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let put = app.put("/calendar/2027", festival()).by(&admin).header("If-Match", "\"v0\"");
        put.send().await.refused(400, "bad_calendar");
        app.get("/calendar/1066").send().await.refused(404, "not_found");
    }

    async fn only_officers_import(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let area = json!({ "city": "贵阳市", "district": "南明区" });
        let officer = app.with_role(&admin, "officer", json!({ "role": "district", "area": area })).await;
        let auditor = app.with_role(&admin, "auditor", json!({ "role": "auditor", "area": area })).await;
        let put = || app.put("/calendar/2026", festival()).header("If-Match", "\"v0\"");
        put().send().await.refused(401, "sign_in_required");
        put().by(&auditor).send().await.refused(403, "not_allowed");
        put().by(&officer).send().await.expect(200);
    }
}
