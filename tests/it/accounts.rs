//! What officers do with accounts and roles, inside their area and nowhere else.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp};

const HERE: &str = "贵阳市/南明区";
const THERE: &str = "贵阳市/云岩区";

fn area(path: &str) -> Value {
    let (city, district) = path.split_once('/').unwrap();
    json!({ "city": city, "district": district })
}

async fn id_of(app: &TestApp, tokens: &Value) -> String {
    let me = app.get("/me").by(tokens).send().await.expect(200);
    me["principal"]["id"].as_str().unwrap().to_owned()
}

async fn officer(app: &TestApp, admin: &Value) -> Value {
    app.with_role(admin, "officer", json!({ "role": "district", "area": area(HERE) })).await
}

on_both! {
    async fn a_one_time_password_is_shown_once(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let body = json!({ "user_name": "zhao", "display_name": "赵", "grant": { "role": "admin" } });
        let post = || app.post("/accounts", body.clone()).by(&admin).header("Idempotency-Key", "zhao");
        let made = post().send().await.expect(201);
        app.sign_in("zhao", made["one_time_password"].as_str().unwrap()).await.expect(200);
        let again = post().send().await;
        assert!(again.replayed);
        assert_eq!(again.expect(201)["one_time_password"], Value::Null);
    }

    async fn an_officer_grants_inside_the_area_only(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let officer = officer(&app, &admin).await;
        let (here, there) = (app.canteen(HERE).await, app.canteen(THERE).await);
        let someone = app.someone("li.na").await;
        let id = id_of(&app, &someone).await;
        let grant = |body: Value| app.post(&format!("/accounts/{id}/grants"), body).by(&officer);
        grant(json!({ "role": "staff", "canteen_id": there })).send().await.refused(403, "not_allowed_here");
        grant(json!({ "role": "district", "area": area(THERE) })).send().await.refused(403, "not_allowed_here");
        grant(json!({ "role": "admin" })).send().await.refused(403, "not_allowed_here");
        grant(json!({ "role": "staff" })).send().await.refused(400, "grant_scope");
        let over = json!({ "role": "staff", "canteen_id": here, "ends_at": "2026-11-22T04:00:00Z" });
        grant(over).send().await.refused(400, "grant_span");
        grant(json!({ "role": "staff", "canteen_id": here })).send().await.expect(201);
        let me = app.get("/me").by(&someone).send().await.expect(200);
        assert_eq!(me["grants"][0]["role"], "staff");
    }

    async fn a_role_taken_away_is_gone_at_the_next_request(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let officer = officer(&app, &admin).await;
        let me = app.get("/me").by(&officer).send().await.expect(200);
        let grant = me["grants"][0]["id"].as_str().unwrap();
        app.get("/accounts").by(&officer).send().await.expect(200);
        let account = format!("/accounts/{}", me["principal"]["id"].as_str().unwrap());
        let edition = async || app.get(&account).by(&admin).send().await.etag.unwrap();
        let before = edition().await;
        app.delete(&format!("/grants/{grant}")).by(&admin).send().await.expect(204);
        app.get("/accounts").by(&officer).send().await.refused(403, "not_allowed");
        let after = edition().await;
        assert_ne!(after, before, "whoever read the account has to read it again before editing it");
        app.delete(&format!("/grants/{grant}")).by(&admin).send().await.expect(204);
        assert_eq!(edition().await, after, "it had ended");
    }

    async fn an_officer_does_not_see_accounts_outside_but_finds_them_by_their_very_name(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let officer = officer(&app, &admin).await;
        let canteen = app.canteen(THERE).await;
        let foreign = app.with_role(&admin, "foreign", json!({ "role": "staff", "canteen_id": canteen })).await;
        let id = id_of(&app, &foreign).await;
        app.get(&format!("/accounts/{id}")).by(&officer).send().await.refused(404, "account_not_found");
        let listed = app.get("/accounts").by(&officer).send().await.expect(200);
        let names: Vec<&str> =
            listed["items"].as_array().unwrap().iter().filter_map(|item| item["user_name"].as_str()).collect();
        assert_eq!(names, ["officer"]);
        let found = app.get("/accounts?user_name=foreign").by(&officer).send().await.expect(200);
        assert_eq!(found["items"][0]["id"], json!(id));
        assert_eq!(found["items"][0]["grants"], json!([]));
        let all = app.get("/accounts").by(&admin).send().await.expect(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 3);
    }

    async fn nobody_reaches_for_an_administrator_by_granting_them_something(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let officer = officer(&app, &admin).await;
        let canteen = app.canteen(HERE).await;
        let id = id_of(&app, &admin).await;
        let grant = json!({ "role": "volunteer", "canteen_id": canteen });
        app.post(&format!("/accounts/{id}/grants"), grant).by(&officer).send().await.expect(201);
        let etag = app.get(&format!("/accounts/{id}")).by(&officer).send().await.etag.unwrap();
        let reset = app.patch(&format!("/accounts/{id}"), json!({ "reset_password": true }));
        reset.by(&officer).header("If-Match", &etag).send().await.refused(403, "not_allowed_here");
    }

    async fn a_suspended_account_is_out_at_once_and_back_when_it_is_let_in(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let officer = officer(&app, &admin).await;
        let canteen = app.canteen(HERE).await;
        let staff = app.with_role(&admin, "staff.one", json!({ "role": "staff", "canteen_id": canteen })).await;
        let path = format!("/accounts/{}", id_of(&app, &staff).await);
        let patch = |body: Value, tag: &str| app.patch(&path, body).by(&officer).header("If-Match", tag);
        let read = app.get(&path).by(&officer).send().await;
        let first = read.etag.unwrap();
        let suspended = patch(json!({ "suspended": true }), &first).send().await;
        app.get("/me").by(&staff).send().await.refused(401, "session_ended");
        patch(json!({ "suspended": false }), &first).send().await.refused(412, "stale");
        let tag = suspended.etag.clone().unwrap();
        suspended.expect(200);
        let reset = patch(json!({ "suspended": false, "reset_password": true, "phone": null }), &tag).send().await;
        let password = reset.expect(200)["one_time_password"].as_str().unwrap().to_owned();
        app.sign_in("staff.one", &password).await.expect(200);
    }

    async fn a_suspended_account_does_not_sign_in(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let id = id_of(&app, &app.someone("li.na").await).await;
        let patch = app.patch(&format!("/accounts/{id}"), json!({ "suspended": true }));
        patch.by(&admin).header("If-Match", "\"v1\"").send().await.expect(200);
        app.sign_in("li.na", PASSWORD).await.refused(401, "wrong_credentials");
    }

    async fn pages_of_accounts_follow_each_other(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        for name in ["one", "two", "three"] {
            app.someone(name).await;
            app.pass(TimeDelta::seconds(1));
        }
        let first = app.get("/accounts?limit=3").by(&admin).send().await.expect(200);
        let next = first["next"].as_str().unwrap();
        let last = app.get(&format!("/accounts?limit=3&cursor={next}")).by(&admin).send().await.expect(200);
        assert_eq!(last["items"][0]["user_name"], "three");
        assert_eq!(last["next"], Value::Null);
        app.get("/accounts?cursor=elsewhere").by(&admin).send().await.refused(400, "bad_cursor");
        app.get("/accounts?limit=0").by(&admin).send().await.refused(400, "bad_query");
    }
}
