//! Signing up, in, on and out.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{PASSWORD, PIN, Reply, TestApp};

async fn refresh(app: &TestApp, tokens: &Value) -> Reply {
    app.post("/auth/refresh", json!({ "refresh_token": tokens["refresh_token"] })).send().await
}

async fn me(app: &TestApp, tokens: &Value) -> Reply {
    app.get("/me").by(tokens).send().await
}

/// What a form of a page carries unseen.
fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let hidden = page.split("<input type=\"hidden\" name=\"").skip(1);
    let field = |rest: &str| {
        let (name, rest) = rest.split_once("\" value=\"")?;
        Some((name.to_owned(), rest.split_once('"')?.0.to_owned()))
    };
    hidden.filter_map(field).collect()
}

on_both! {
    async fn someone_signs_up_in_and_out(db: TestDb) {
        let app = TestApp::start(db);
        let tokens = app.someone("wang.fang").await;
        let me_body = me(&app, &tokens).await.expect(200);
        assert_eq!(me_body["user_name"], "wang.fang");
        assert_eq!(me_body["grants"], json!([]));
        app.post("/auth/sign-out", json!({ "everywhere": false })).by(&tokens).send().await.expect(204);
        me(&app, &tokens).await.refused(401, "session_ended");
        refresh(&app, &tokens).await.refused(401, "session_ended");
    }

    async fn a_user_name_is_taken_once_and_a_retry_takes_nothing(db: TestDb) {
        let app = TestApp::start(db);
        let body = json!({ "user_name": "li.na", "display_name": "李娜", "password": PASSWORD });
        let first = app.post("/auth/sign-up", body.clone()).header("Idempotency-Key", "one").send().await;
        let again = app.post("/auth/sign-up", body.clone()).header("Idempotency-Key", "one").send().await;
        assert!(again.replayed);
        assert_eq!(first.expect(201), again.expect(201));
        app.post("/auth/sign-up", body).send().await.refused(409, "user_name_taken");
    }

    async fn nobody_signs_in_with_half_a_pair_or_a_wrong_one(db: TestDb) {
        let app = TestApp::start(db);
        app.someone("li.na").await;
        app.sign_in("li.na", "wrong-password").await.refused(401, "wrong_credentials");
        app.sign_in("nobody", PASSWORD).await.refused(401, "wrong_credentials");
        let half = json!({ "user_name": "li.na", "pin": PIN });
        app.post("/auth/sign-in", half).send().await.refused(400, "bad_field");
    }

    async fn a_refresh_token_is_good_once(db: TestDb) {
        let app = TestApp::start(db);
        let first = app.someone("li.na").await;
        let second = refresh(&app, &first).await.expect(200);
        let third = refresh(&app, &second).await.expect(200);
        me(&app, &third).await.expect(200);
        refresh(&app, &first).await.refused(401, "session_ended");
        // Two hold it, so nobody goes on.
        me(&app, &third).await.refused(401, "session_ended");
        refresh(&app, &third).await.refused(401, "session_ended");
    }

    async fn a_lost_reply_is_forgiven_within_a_minute(db: TestDb) {
        let app = TestApp::start(db);
        let first = app.someone("li.na").await;
        let lost = refresh(&app, &first).await.expect(200);
        app.pass(TimeDelta::seconds(59));
        let second = refresh(&app, &first).await.expect(200);
        me(&app, &second).await.expect(200);
        // What was lost has turned up: two hold a token.
        refresh(&app, &lost).await.refused(401, "session_ended");
        refresh(&app, &second).await.refused(401, "session_ended");
    }

    async fn two_refreshes_at_once_leave_one_session_that_goes_on(db: TestDb) {
        let app = TestApp::start(db);
        let first = app.someone("li.na").await;
        let (one, other) = futures_util::future::join(refresh(&app, &first), refresh(&app, &first)).await;
        me(&app, &one.expect(200)).await.expect(200);
        me(&app, &other.expect(200)).await.expect(200);
    }

    async fn a_used_token_is_not_forgiven_after_a_minute(db: TestDb) {
        let app = TestApp::start(db);
        let first = app.someone("li.na").await;
        let second = refresh(&app, &first).await.expect(200);
        app.pass(TimeDelta::seconds(61));
        refresh(&app, &first).await.refused(401, "session_ended");
        me(&app, &second).await.refused(401, "session_ended");
    }

    async fn an_access_token_ends_after_15_minutes_and_a_refresh_token_after_30_days(db: TestDb) {
        let app = TestApp::start(db);
        let tokens = app.someone("li.na").await;
        app.pass(TimeDelta::minutes(15));
        me(&app, &tokens).await.refused(401, "token_expired");
        app.pass(TimeDelta::days(29));
        let later = refresh(&app, &tokens).await.expect(200);
        app.pass(TimeDelta::days(30));
        refresh(&app, &later).await.refused(401, "session_ended");
    }

    async fn a_token_counts_only_as_a_bearer_token(db: TestDb) {
        let app = TestApp::start(db);
        let tokens = app.someone("li.na").await;
        let token = tokens["access_token"].as_str().unwrap();
        let by = async |value: String| app.get("/me").header("Authorization", &value).send().await;
        by(format!("bearer  {token} ")).await.expect(200);
        for other in [format!("Basic {token}"), format!("Token {token}"), token.to_owned()] {
            by(other).await.refused(401, "sign_in_required");
        }
    }

    async fn signing_out_everywhere_ends_every_session(db: TestDb) {
        let app = TestApp::start(db);
        let phone = app.someone("li.na").await;
        let tablet = app.sign_in("li.na", PASSWORD).await.expect(200);
        app.post("/auth/sign-out", json!({ "everywhere": true })).by(&phone).send().await.expect(204);
        me(&app, &tablet).await.refused(401, "session_ended");
    }

    async fn a_browser_is_signed_out_when_its_session_was_ended_elsewhere(db: TestDb) {
        let app = TestApp::start(db);
        let phone = app.someone("li.na").await;
        let cookie = |reply: &Reply| reply.header("set-cookie").unwrap_or_else(|| panic!("{reply:?}")).split(';').next().unwrap().to_owned();
        let form = app.page("/sign-in/name").send().await;
        let mut fields = hidden_fields(&String::from_utf8(form.bytes.clone()).unwrap());
        fields.extend([("user_name", "li.na"), ("password", PASSWORD)].map(|(a, b)| (a.to_owned(), b.to_owned())));
        let signed_in = app.form("/sign-in/name", &fields).header("Cookie", &cookie(&form)).send().await;
        assert_eq!(signed_in.status, 303);
        let session = cookie(&signed_in);
        let home = async || app.page("/me/password").header("Cookie", &session).send().await;
        assert_eq!(home().await.status, 200);
        app.post("/auth/sign-out", json!({ "everywhere": true })).by(&phone).send().await.expect(204);
        let out = home().await;
        assert_eq!(out.status, 303);
        assert!(out.header("location").unwrap().starts_with("/sign-in?"), "{:?}", out.header("location"));
    }

    async fn a_changed_password_ends_the_other_sessions(db: TestDb) {
        let app = TestApp::start(db);
        let (phone, tablet) = (app.someone("li.na").await, app.sign_in("li.na", PASSWORD).await.expect(200));
        let wrong = json!({ "present_password": "not-the-password", "new_password": "another-password" });
        app.put("/me/password", wrong).by(&phone).send().await.refused(400, "wrong_password");
        let right = json!({ "present_password": PASSWORD, "new_password": "another-password" });
        app.put("/me/password", right).by(&phone).send().await.expect(204);
        me(&app, &phone).await.expect(200);
        me(&app, &tablet).await.refused(401, "session_ended");
        app.sign_in("li.na", PASSWORD).await.refused(401, "wrong_credentials");
        app.sign_in("li.na", "another-password").await.expect(200);
    }

    async fn a_resident_signs_in_with_card_and_pin_for_half_a_year(db: TestDb) {
        let app = TestApp::start(db);
        let canteen = app.canteen("贵阳市/南明区").await;
        let resident = app.resident(canteen, "31415926").await;
        let tokens = app.sign_in_with_card("31415926", PIN).await.expect(200);
        let body = me(&app, &tokens).await.expect(200);
        assert_eq!(body["principal"], json!({ "kind": "resident", "id": resident }));
        assert_eq!(body["resident"]["canteen_id"], json!(canteen));
        assert_eq!(body["display_name"], "王秀英");
        let new = json!({ "present_password": PIN, "new_password": "another-password" });
        app.put("/me/password", new).by(&tokens).send().await.refused(403, "not_allowed");
        app.pass(TimeDelta::days(179));
        refresh(&app, &tokens).await.expect(200);
    }

    async fn ten_wrong_pins_close_the_card_until_the_next_day_of_its_canteen(db: TestDb) {
        let app = TestApp::start(db);
        let canteen = app.canteen("贵阳市/南明区").await;
        app.resident(canteen, "31415926").await;
        app.sign_in_with_card("99999999", PIN).await.refused(401, "wrong_credentials");
        for _ in 0..9 {
            app.sign_in_with_card("31415926", "000000").await.refused(401, "wrong_credentials");
            app.pass(TimeDelta::seconds(30));
        }
        app.sign_in_with_card("31415926", PIN).await.expect(200);
        app.sign_in_with_card("31415926", "000000").await.refused(401, "wrong_credentials");
        app.sign_in_with_card("31415926", PIN).await.refused(403, "pin_closed");
        // 23:59 in China, then midnight.
        app.set_clock("2026-11-22T15:59:00Z");
        app.sign_in_with_card("31415926", PIN).await.refused(403, "pin_closed");
        app.pass(TimeDelta::minutes(1));
        app.sign_in_with_card("31415926", PIN).await.expect(200);
    }

    async fn many_guesses_at_once_from_everywhere_are_no_more_than_ten(db: TestDb) {
        let app = TestApp::start(db);
        let canteen = app.canteen("贵阳市/南明区").await;
        app.resident(canteen, "31415926").await;
        let guesses = (0..25).map(|number| {
            let body = json!({ "card_number": "31415926", "pin": "000000" });
            let call = app.post("/auth/sign-in", body).from("10.0.0.1");
            call.header("X-Forwarded-For", &format!("198.51.100.{number}")).send()
        });
        let replies = futures_util::future::join_all(guesses).await;
        let judged = replies.iter().filter(|reply| reply.body["code"] == "wrong_credentials").count();
        assert_eq!(judged, 10);
    }
}
