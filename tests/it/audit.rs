//! Who did what: every deed that somebody may have to answer for leaves an entry, in its own transaction.

use serde_json::{Value, json};

use crate::support::{
    PASSWORD, TestApp,
    world::{TODAY, World, fact_body, lines, policy_body, uuid},
};

async fn entries(app: &TestApp, by: &Value, query: &str) -> Vec<Value> {
    let listed = app.get(&format!("/audit{query}")).by(by).send().await.expect(200);
    listed["items"].as_array().unwrap().clone()
}

async fn deeds(app: &TestApp, by: &Value, query: &str) -> Vec<String> {
    let entries = entries(app, by, query).await;
    entries.iter().map(|entry| entry["deed"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn every_deed_that_matters_leaves_an_entry(db: TestDb) {
        let world = World::build(db).await;
        let (app, here, tokens) = (&world.app, &world.here, &world.tokens);
        let (staff, officer, admin) = (&here.staff, &tokens["district"], &tokens["admin"]);
        let done = async |deed: &str, subject: &str| {
            let found = entries(app, admin, &format!("?deed={deed}&limit=1")).await;
            let entry = found.first().unwrap_or_else(|| panic!("no entry for {deed}")).clone();
            assert_eq!(entry["subject"]["id"].as_str().unwrap_or_default(), subject, "{deed}: {entry}");
            assert!(entry["request_id"].as_str().is_some_and(|id| id.len() == 16), "{deed}: {entry}");
            entry
        };
        let (account, resident) = (here.id("account"), here.id("resident"));
        let path = format!("/accounts/{account}");
        for (body, deed) in [
            (json!({ "suspended": true }), "account_suspended"),
            (json!({ "suspended": false }), "account_restored"),
            (json!({ "reset_password": true }), "password_reset"),
        ] {
            let version = app.get(&path).by(admin).send().await.etag.unwrap();
            app.patch(&path, body).by(admin).header("If-Match", &version).send().await.expect(200);
            done(deed, account).await;
        }
        let granted = json!({ "role": "volunteer", "canteen_id": here.id("canteen") });
        app.made(admin, &format!("{path}/grants"), granted).await;
        let entry = done("role_granted", account).await;
        assert_eq!((&entry["canteen_id"], &entry["detail"]["role"]), (&json!(here.id("canteen")), &json!("volunteer")));
        app.delete(&format!("/grants/{}", here.id("grant"))).by(admin).send().await.expect(204);
        done("role_ended", account).await;

        let own = format!("/residents/{resident}");
        app.get(&own).by(staff).send().await.expect(200);
        let entry = done("record_read", resident).await;
        assert_eq!(entry["actor"]["name"], "staff.1");
        assert_eq!(entry["area"], here.area);
        app.get(&format!("{own}/facts")).by(officer).send().await.expect(200);
        done("facts_read", resident).await;
        app.made(staff, &format!("{own}/facts"), fact_body("away")).await;
        done("fact_entered", resident).await;
        app.made(officer, &format!("/facts/{}/verify", here.id("fact")), Value::Null).await;
        let entry = done("fact_verified", resident).await;
        assert_eq!(entry["detail"], json!({ "fact_id": here.id("fact") }));
        app.made(staff, &format!("{own}/pin"), Value::Null).await;
        done("pin_issued", resident).await;
        let quote = app.get(&format!("/quotes/{}", here.id("quote"))).by(officer).send().await.expect(200);
        assert_eq!(quote["recomputes"], true);
        done("quotes_read", here.id("quote")).await;
        let asked = json!({ "resident_id": resident, "menu_id": here.id("free_menu"), "lines": lines(
            &app.get(&format!("/menus/{}", here.id("free_menu"))).by(officer).send().await.expect(200)
        ) });
        app.made(officer, "/quotes", asked).await;
        done("quotes_read", resident).await;
        app.get(&format!("/draws?from={TODAY}&to={TODAY}")).by(officer).send().await.expect(200);
        done("draws_read", "").await;

        let refuse = format!("/family-links/{}/refuse", here.id("asked_link"));
        app.made(staff, &refuse, Value::Null).await;
        done("link_refused", here.id("asked_link")).await;
        app.made(staff, &format!("/family-links/{}/end", here.id("link")), Value::Null).await;
        done("link_ended", here.id("link")).await;
        let posted = app.made(officer, "/policies", policy_body("audited", &here.area)).await;
        done("policy_posted", posted["id"].as_str().unwrap()).await;
        let void = format!("/attendance/{}/void", here.id("attendance"));
        app.made(staff, &void, json!({ "reason": "mistake" })).await;
        done("attendance_voided", here.id("attendance")).await;
        let resolve = format!("/attendance/{}/resolve", here.id("review"));
        app.made(staff, &resolve, json!({ "decision": "void", "reason": "nobody" })).await;
        assert_eq!(done("review_decided", here.id("review")).await["detail"]["decision"], "void");
        app.made(staff, &format!("/menus/{}/withdraw", here.id("free_menu")), Value::Null).await;
        done("menu_withdrawn", here.id("free_menu")).await;
        let closure = json!({ "from_on": "2026-12-24", "to_on": "2026-12-24", "reason": "repairs" });
        app.made(staff, &format!("/canteens/{}/closures", here.id("canteen")), closure).await;
        done("canteen_closed", here.id("canteen")).await;
        for deed in ["account_made", "link_approved", "policy_activated", "signed_in"] {
            assert!(!entries(app, admin, &format!("?deed={deed}")).await.is_empty(), "{deed}");
        }
    }

    async fn sign_ins_are_told_with_their_network_and_without_what_was_typed(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let me = app.get("/me").by(&admin).send().await.expect(200)["principal"]["id"].clone();
        let sign_in = |password: &str| {
            let body = json!({ "user_name": "root", "password": password });
            app.post("/auth/sign-in", body).from("10.0.0.1").header("X-Forwarded-For", "203.0.113.77").send()
        };
        for _ in 0..5 {
            sign_in("SECRET-guess").await.refused(401, "wrong_credentials");
        }
        sign_in("SECRET-guess").await.refused(429, "slow_down");
        let typed = json!({ "user_name": "secret-typed-as-name", "password": "SECRET-guess" });
        app.post("/auth/sign-in", typed).send().await.refused(401, "wrong_credentials");
        let listed = entries(&app, &admin, "").await;
        let deeds: Vec<_> = listed.iter().map(|entry| entry["deed"].as_str().unwrap()).collect();
        let mut expected = vec!["sign_in_failed", "sign_in_slowed"];
        expected.extend(["sign_in_failed"; 5]);
        expected.push("signed_in");
        // One transaction has one instant: which of its entries is first is not told.
        let sorted = |mut deeds: Vec<&str>| { deeds.sort_unstable(); deeds.join(" ") };
        assert_eq!(sorted(deeds), sorted(expected));
        let failed = listed.iter().find(|entry| entry["subject"]["id"] == me && entry["deed"] == "sign_in_failed");
        let failed = failed.unwrap();
        assert_eq!((&failed["network"], &failed["actor"]["kind"]), (&json!("203.0.113.0/24"), &json!("system")));
        let stranger = &listed.iter().find(|entry| entry["subject"]["kind"] == "nothing").unwrap();
        assert_eq!(stranger["detail"], json!({ "secret": "password" }));
        let all = json!(listed).to_string().to_lowercase();
        assert!(!all.contains("secret-") && !all.contains("203.0.113.77"), "{all}");
    }

    async fn whoever_signs_out_everywhere_or_has_a_token_used_twice_finds_it_written(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let first = app.someone("li.na").await;
        let refresh = |tokens: &Value| {
            app.post("/auth/refresh", json!({ "refresh_token": tokens["refresh_token"] })).send()
        };
        let second = refresh(&first).await.expect(200);
        let third = refresh(&second).await.expect(200);
        refresh(&first).await.refused(401, "session_ended");
        drop(third);
        let again = app.sign_in("li.na", PASSWORD).await.expect(200);
        app.post("/auth/sign-out", json!({ "everywhere": true })).by(&again).send().await.expect(204);
        let found = deeds(&app, &admin, "?limit=3").await;
        assert!(found.contains(&"token_reused".to_owned()) && found.contains(&"signed_out_everywhere".to_owned()), "{found:?}");
    }

    async fn reads_by_oneself_and_family_leave_none_and_refused_ones_neither(db: TestDb) {
        let world = World::build(db).await;
        let (app, here) = (&world.app, &world.here);
        let count = async || entries(app, &world.tokens["admin"], "?limit=200&deed=facts_read").await.len();
        let facts = format!("/residents/{}/facts", here.id("resident"));
        app.get(&facts).by(&world.tokens["resident"]).send().await.expect(200);
        app.get(&facts).by(&world.tokens["family"]).send().await.expect(200);
        app.get(&facts).by(&world.far.staff).send().await.refused(404, "resident_not_found");
        assert_eq!(count().await, 0);
        app.get(&facts).by(&here.staff).send().await.expect(200);
        assert_eq!(count().await, 1);
    }

    async fn a_price_that_the_family_or_the_desk_asks_leaves_no_entry(db: TestDb) {
        let world = World::build(db).await;
        let (app, here) = (&world.app, &world.here);
        let menu = app.get(&format!("/menus/{}", here.id("free_menu"))).by(&here.staff).send().await.expect(200);
        let asked = json!({ "resident_id": here.id("resident"), "menu_id": menu["id"], "lines": lines(&menu) });
        for role in ["resident", "family", "staff"] {
            app.made(&world.tokens[role], "/quotes", asked.clone()).await;
        }
        assert!(entries(app, &world.tokens["admin"], "?deed=quotes_read").await.is_empty());
        app.made(&world.tokens["auditor"], "/quotes", asked).await;
        assert_eq!(entries(app, &world.tokens["admin"], "?deed=quotes_read").await.len(), 1);
    }

    async fn everybody_reads_of_their_own_area_only_and_finds_what_they_look_for(db: TestDb) {
        let world = World::build(db).await;
        let (app, tokens) = (&world.app, &world.tokens);
        for side in [&world.here, &world.far] {
            app.get(&format!("/residents/{}", side.id("resident"))).by(&side.staff).send().await.expect(200);
        }
        let by = |role: &str| entries(app, &tokens[role], "?deed=record_read");
        assert_eq!(by("admin").await.len(), 2);
        for role in ["district", "auditor"] {
            let seen = by(role).await;
            assert_eq!(seen.len(), 1, "{role}");
            assert_eq!(seen[0]["subject"]["id"], world.here.id("resident"));
            let all = entries(app, &tokens[role], "?limit=200").await;
            assert!(all.iter().all(|entry| entry["area"]["district"] == "东区"), "{role}");
        }
        let entry = by("admin").await.pop().unwrap();
        let actor = entry["actor"]["id"].as_str().unwrap();
        let admin = &tokens["admin"];
        let found = entries(app, admin, &format!("?actor_kind=account&actor_id={actor}&deed=record_read")).await;
        assert_eq!(found, std::slice::from_ref(&entry));
        let subject = entry["subject"]["id"].as_str().unwrap();
        let found = entries(app, admin, &format!("?subject_kind=resident&subject_id={subject}&deed=record_read")).await;
        assert_eq!(found, [entry]);
        assert!(entries(app, admin, &format!("?actor_id={}", uuid())).await.is_empty());
        assert!(entries(app, admin, "?to=2026-11-22T04:00:00Z").await.is_empty());
        assert!(!entries(app, admin, "?from=2026-11-22T04:00:00Z&to=2026-11-22T04:00:01Z").await.is_empty());
        let first = app.get("/audit?limit=2").by(admin).send().await.expect(200);
        let rest = entries(app, admin, &format!("?limit=2&cursor={}", first["next"].as_str().unwrap())).await;
        let ids = |items: &[Value]| items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let (first, rest) = (ids(first["items"].as_array().unwrap()), ids(&rest));
        assert!(first[0] > first[1] && first[1] > rest[0] && rest[0] > rest[1]);
    }
}
