//! Devices: how one comes to be, what it may do, who taps on it, and how it is nobody again.

use chrono::TimeDelta;
use diesel::prelude::*;
use leling::db::schema::devices;
use serde_json::{Value, json};

use crate::support::{
    Reply,
    lunch::{FATHERS_CARD, Lunch},
    world::{TODAY, World, id_of},
};

async fn enrol(lunch: &Lunch, code: &str) -> Reply {
    lunch.app.post("/devices/enrol", json!({ "code": code })).send().await
}

async fn code_of(lunch: &Lunch) -> String {
    lunch.added("door").await["enrolment_code"].as_str().unwrap().to_owned()
}

async fn revoke(lunch: &Lunch, id: &str, version: Option<&str>) -> Reply {
    let path = format!("/devices/{id}");
    let staff = lunch.tokens("staff").await;
    let call = lunch.app.delete(&path).by(&staff);
    match version {
        Some(version) => call.header("If-Match", version).send().await,
        None => call.send().await,
    }
}

on_both! {
    async fn a_code_makes_one_device_within_a_quarter_of_an_hour_however_it_is_typed(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let code = code_of(&lunch).await;
        let device = enrol(&lunch, &code.to_lowercase().replace('-', " ")).await.expect(200);
        assert_eq!((&device["principal"]["kind"], &device["device"]["name"]), (&json!("device"), &json!("门口的手机")));
        enrol(&lunch, &code).await.refused(401, "wrong_enrolment_code");
        for wrong in ["AAAAA-AAAAA", "中", "AAAAA"] {
            enrol(&lunch, wrong).await.refused(401, "wrong_enrolment_code");
        }
        let late = code_of(&lunch).await;
        lunch.app.pass(TimeDelta::minutes(15));
        enrol(&lunch, &late).await.refused(401, "wrong_enrolment_code");
    }
}

on_both! {
    async fn a_code_is_shown_once_and_kept_only_as_a_hash(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let staff = lunch.tokens("staff").await;
        let body = json!({ "canteen_id": lunch.canteen, "name": "门口的手机", "purpose": "door" });
        let add = || lunch.app.post("/devices", body.clone()).by(&staff).header("Idempotency-Key", "once").send();
        let code = add().await.expect(201)["enrolment_code"].as_str().unwrap().to_owned();
        let again = add().await;
        assert!(again.replayed);
        assert_eq!(again.body["enrolment_code"], Value::Null);
        let listed = lunch.get("staff", "/devices").await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        assert!(!listed.to_string().contains(&code));
        let kept: Option<String> =
            lunch.app.write(|conn, _| Ok(devices::table.select(devices::code_hash).first(conn)?)).await;
        assert_eq!(kept.unwrap().len(), 64);
    }
}

on_both! {
    async fn a_revoked_device_is_nobody_at_its_next_request(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let device = lunch.device("door").await;
        let id = device["principal"]["id"].as_str().unwrap();
        let list = format!("/menus/{}/door-list", menu["id"].as_str().unwrap());
        lunch.app.get(&list).by(&device).send().await.expect(200);
        revoke(&lunch, id, None).await.refused(428, "if_match_required");
        revoke(&lunch, id, Some("\"v2\"")).await.refused(412, "stale");
        revoke(&lunch, id, Some("\"v1\"")).await.expect(204);
        lunch.app.get(&list).by(&device).send().await.refused(401, "session_ended");
        let empty = json!({ "items": [] });
        lunch.app.post("/attendance/batches", empty).by(&device).send().await.refused(401, "session_ended");
        let go_on = json!({ "refresh_token": device["refresh_token"] });
        lunch.app.post("/auth/refresh", go_on).send().await.refused(401, "session_ended");
        let read = lunch.get("staff", &format!("/devices/{id}")).await;
        assert_ne!(read["revoked_at"], Value::Null);
        revoke(&lunch, id, Some("\"v2\"")).await.expect(204);
    }

    async fn the_code_of_a_device_that_was_revoked_enrols_nobody(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let added = lunch.added("door").await;
        revoke(&lunch, &id_of(&added["device"]), Some("\"v1\"")).await.expect(204);
        enrol(&lunch, added["enrolment_code"].as_str().unwrap()).await.refused(401, "wrong_enrolment_code");
    }

    async fn a_device_stays_signed_in_for_half_a_year(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let device = lunch.device("hall").await;
        lunch.app.pass(TimeDelta::days(179));
        let go_on = json!({ "refresh_token": device["refresh_token"] });
        let on = lunch.app.post("/auth/refresh", go_on).send().await.expect(200);
        assert_eq!(lunch.app.get("/me").by(&on).send().await.expect(200)["device"]["purpose"], "hall");
    }
}

on_both! {
    async fn a_device_at_the_door_is_told_who_may_tap_on_it_and_a_board_in_the_hall_is_not(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let me = lunch.app.get("/me").by(&lunch.device("door").await).send().await.expect(200);
        assert_eq!(me["display_name"], "门口的手机");
        assert_eq!((&me["device"]["canteen_name"], &me["grants"], &me["links"]), (&json!("示例食堂"), &json!([]), &json!([])));
        let people = me["device"]["people"].as_array().unwrap();
        let names: Vec<&str> = people.iter().map(|person| person["display_name"].as_str().unwrap()).collect();
        assert_eq!(names, ["other.volunteer", "staff", "volunteer"]);
        assert_eq!(people[2]["account_id"], json!(lunch.account("volunteer").await));
        let me = lunch.app.get("/me").by(&lunch.device("hall").await).send().await.expect(200);
        assert_eq!(me["device"]["people"], json!([]));
    }
}

on_both! {
    async fn each_tap_on_a_shared_device_names_a_volunteer_of_the_canteen(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let device = lunch.device("door").await;
        let guest = |by: Value| json!({ "kind": "guest", "by": by });
        lunch.tap_by(&device, &menu, guest(Value::Null)).await.refused(400, "bad_tap");
        let stranger = lunch.account("daughter").await;
        lunch.tap_by(&device, &menu, guest(json!(stranger))).await.refused(409, "not_on_duty");
        let volunteer = lunch.account("volunteer").await;
        let served = lunch.tap_by(&device, &menu, guest(json!(volunteer))).await.expect(201);
        assert_eq!(served.get("due_fen"), None);
        // Whoever signed in is named by that, and by nobody else.
        lunch.tap("other.volunteer", &menu, guest(json!(volunteer))).await.refused(400, "bad_tap");
        lunch.tap("volunteer", &menu, guest(json!(volunteer))).await.expect(201);
        let desk = json!({ "kind": "guest", "by": volunteer, "point": "desk" });
        lunch.tap_by(&device, &menu, desk).await.refused(403, "not_allowed_here");
    }

    async fn who_served_when_it_was_tapped_may_be_named_though_the_role_has_ended_since(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let device = lunch.device("round").await;
        let volunteer = lunch.account("volunteer").await;
        let path = format!("/accounts/{volunteer}");
        let grant = lunch.get("officer", &path).await["grants"][0]["id"].as_str().unwrap().to_owned();
        lunch.app.pass(TimeDelta::minutes(30));
        let officer = lunch.tokens("officer").await;
        lunch.app.delete(&format!("/grants/{grant}")).by(&officer).send().await.expect(204);
        lunch.app.pass(TimeDelta::minutes(10));
        let on = json!({ "refresh_token": device["refresh_token"] });
        let device = lunch.app.post("/auth/refresh", on).send().await.expect(200);
        let guest = |at: &str| json!({ "kind": "guest", "by": volunteer, "tapped_at": at });
        let before = lunch.tap_by(&device, &menu, guest("2026-11-22T04:20:00Z")).await.expect(201);
        assert_eq!(before["status"], "served");
        let after = lunch.tap_by(&device, &menu, guest("2026-11-22T04:35:00Z")).await.expect(201);
        assert_eq!((&after["status"], &after["review_word"]), (&json!("review"), &json!("not_on_duty")));
    }
}

on_both! {
    async fn on_a_shared_device_a_volunteer_voids_their_own_mistake_and_nobody_elses(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let device = lunch.device("door").await;
        let (mine, other) = (lunch.account("volunteer").await, lunch.account("other.volunteer").await);
        let tap = json!({ "kind": "walk_in", "card_number": FATHERS_CARD, "by": mine });
        let served = lunch.tap_by(&device, &menu, tap).await.expect(201);
        let path = format!("/attendance/{}/void", served["attendance_id"].as_str().unwrap());
        let void = async |by: Value| {
            lunch.app.post(&path, json!({ "reason": "wrong card", "by": by })).by(&device).send().await
        };
        void(Value::Null).await.refused(400, "bad_tap");
        void(json!(other)).await.refused(403, "not_your_mistake");
        void(json!(lunch.account("daughter").await)).await.refused(409, "not_on_duty");
        void(json!(mine)).await.expect(200);
        assert_eq!(lunch.drawn_today("posted").await, 0);
    }

    async fn a_review_says_on_which_device_and_by_whom_it_was_tapped_and_what(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let device = lunch.device("door").await;
        let volunteer = lunch.account("volunteer").await;
        let tap = json!({ "card_number": "99999999", "by": volunteer, "tapped_at": "2026-11-22T03:58:00Z" });
        let kept = lunch.tap_by(&device, &menu, tap).await.expect(201);
        assert_eq!((&kept["status"], &kept["review_word"]), (&json!("review"), &json!("unknown_card")));
        let review = lunch.get("staff", "/attendance/reviews").await["items"][0].clone();
        assert_eq!((&review["by"], &review["device"]), (&json!("volunteer"), &json!("门口的手机")));
        assert_eq!(review["said"]["card_number"], "99999999");
        assert_eq!(review["said"]["tapped_at"], "2026-11-22T03:58:00Z");
    }
}

on_both! {
    /// BR-81, BR-82
    async fn the_kitchen_sees_no_names_and_the_hall_nothing_of_single_people(db: TestDb) {
        let World { app, here, tokens, .. } = World::build(db).await;
        let path = format!("/canteens/{}/headcounts?on={TODAY}", here.id("canteen"));
        let seen = async |tokens: &Value| {
            app.get(&path).by(tokens).send().await.expect(200)["menus"][0].clone()
        };
        let names = |menu: &Value| {
            let since = menu["since_cutoff"].as_array().unwrap().clone();
            since.iter().filter(|change| !change["by"].is_null()).count()
        };
        let staff = seen(&here.staff).await;
        assert!(names(&staff) > 0, "{staff}");
        let kitchen = seen(&tokens["kitchen_device"]).await;
        assert_eq!((names(&kitchen), &kitchen["by_diet"]), (0, &staff["by_diet"]));
        let hall = seen(&tokens["hall_device"]).await;
        assert_eq!((&hall["since_cutoff"], &hall["by_diet"]), (&json!([]), &json!([])));
        assert_eq!((&hall["confirmed"], &hall["served"]), (&staff["confirmed"], &staff["served"]));
    }
}
