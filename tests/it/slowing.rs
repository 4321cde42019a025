//! Wrong guesses are slowed, whoever makes them and wherever from, and nobody is locked out.

use chrono::TimeDelta;
use leling::{problem::Fail, throttle};
use serde_json::{Value, json};

use crate::support::{PASSWORD, PIN, Plan, Reply, TestApp, Town, race};

const WRONG: &str = "not-the-password";

/// A request through the trusted proxy, from this address.
async fn sign_in_from(app: &TestApp, address: &str, body: Value) -> Reply {
    app.post("/auth/sign-in", body).from("10.0.0.1").header("X-Forwarded-For", address).send().await
}

async fn try_from(app: &TestApp, address: &str, name: &str, password: &str) -> Reply {
    sign_in_from(app, address, json!({ "user_name": name, "password": password })).await
}

/// How long somebody is asked to wait, in seconds.
#[track_caller]
fn wait_s(reply: &Reply) -> i64 {
    assert_eq!((reply.status, reply.body["code"].as_str()), (429, Some("slow_down")), "{}", reply.body);
    let told: i64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(reply.body["params"]["seconds"], told);
    assert!((1..=60).contains(&told), "{told}");
    told
}

on_both! {
    async fn the_sixth_wrong_guess_waits_and_each_further_one_longer_up_to_half_a_minute(db: TestDb) {
        let app = TestApp::start(db);
        app.someone("li.na").await;
        for left in [4, 3, 2, 1] {
            let wrong = app.sign_in("li.na", WRONG).await;
            assert_eq!(wrong.header("ratelimit-policy").as_deref(), Some("\"guesses\";q=5;w=900"));
            assert_eq!(wrong.header("ratelimit"), Some(format!("\"guesses\";r={left};t=900")));
            wrong.refused(401, "wrong_credentials");
        }
        let mut waits = Vec::new();
        for _ in 0..8 {
            app.sign_in("li.na", WRONG).await.refused(401, "wrong_credentials");
            // Even the right one waits; else the wait would tell which is right.
            let slowed = app.sign_in("li.na", PASSWORD).await;
            let wait = wait_s(&slowed);
            assert_eq!(slowed.header("ratelimit"), Some(format!("\"guesses\";r=0;t={wait}")));
            waits.push(wait);
            app.pass(TimeDelta::seconds(wait));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        app.sign_in("li.na", PASSWORD).await.expect(200);
        // It was right: nothing is held against anybody any more.
        app.sign_in("li.na", WRONG).await.refused(401, "wrong_credentials");
        app.sign_in("li.na", PASSWORD).await.expect(200);
    }

    async fn a_name_that_does_not_exist_is_slowed_like_one_that_does(db: TestDb) {
        let app = TestApp::start(db);
        app.someone("li.na").await;
        let mut courses = Vec::new();
        for name in ["li.na", "nobody.at.all"] {
            let mut course = Vec::new();
            for _ in 0..7 {
                let reply = app.sign_in(name, WRONG).await;
                course.push((reply.status, reply.header("ratelimit"), reply.header("retry-after")));
            }
            courses.push(course);
        }
        assert_eq!(courses[0], courses[1]);
    }

    async fn strangers_guesses_do_not_slow_whoever_has_signed_in_from_there_before(db: TestDb) {
        let app = TestApp::start(db);
        app.someone("li.na").await;
        let home = "198.51.100.7";
        try_from(&app, home, "li.na", PASSWORD).await.expect(200);
        for stranger in 0..40 {
            try_from(&app, &format!("203.0.113.{stranger}"), "li.na", WRONG).await;
        }
        try_from(&app, home, "li.na", PASSWORD).await.expect(200);
        try_from(&app, home, "li.na", WRONG).await.refused(401, "wrong_credentials");
    }

    async fn many_strangers_do_not_add_up_and_everybody_has_a_turn_within_a_minute(db: TestDb) {
        let app = TestApp::start(db);
        app.someone("li.na").await;
        let guesses = async |round: u32| {
            let mut judged = 0;
            for stranger in 0..60 {
                let reply = try_from(&app, &format!("203.0.{round}.{stranger}"), "li.na", WRONG).await;
                judged += i32::from(reply.status == 401);
            }
            judged
        };
        // From the twentieth on strangers have turns, a sixth of the time each.
        assert!((20..35).contains(&guesses(0).await));
        assert!(guesses(1).await < 20);
        // The owner, on the way for the first time, waits for a turn that no stranger can take.
        let mut waited = 0;
        let signed_in = loop {
            let reply = try_from(&app, "192.0.2.1", "li.na", PASSWORD).await;
            if reply.status == 200 {
                break reply;
            }
            let wait = wait_s(&reply);
            app.pass(TimeDelta::seconds(wait));
            waited += wait;
            guesses(2).await;
        };
        signed_in.expect(200);
        assert!(waited <= 60, "{waited}");
    }

    async fn whoever_guesses_about_many_is_slowed_from_there(db: TestDb) {
        let app = TestApp::start(db);
        app.someone("li.na").await;
        try_from(&app, "198.51.100.8", "li.na", PASSWORD).await.expect(200);
        let mut judged = 0;
        for name in 0..120 {
            let reply = try_from(&app, "198.51.100.7", &format!("name{name}"), WRONG).await;
            judged += i32::from(reply.status == 401);
        }
        assert!((50..90).contains(&judged), "{judged}");
        // The neighbours of that address are not it; an IPv6 household is one, whatever it calls itself.
        try_from(&app, "198.51.100.9", "li.na", PASSWORD).await.expect(200);
        for host in 0..70 {
            try_from(&app, &format!("2001:db8:1:1::{host:x}"), &format!("other{host}"), WRONG).await;
        }
        let same = (0..30).map(|host| (format!("2001:db8:1:1:ffff::{host:x}"), format!("more{host}")));
        let mut slowed = 0;
        for (address, name) in same {
            slowed += i32::from(try_from(&app, &address, &name, WRONG).await.status == 429);
        }
        assert!(slowed > 10, "{slowed}");
    }

    async fn nobody_escapes_by_naming_another_address(db: TestDb) {
        let app = TestApp::start(db);
        app.someone("li.na").await;
        let mut last = None;
        for number in 0..7 {
            let body = json!({ "user_name": "li.na", "password": WRONG });
            let call = app.post("/auth/sign-in", body).from("203.0.113.5");
            last = Some(call.header("X-Forwarded-For", &format!("198.51.100.{number}")).send().await);
        }
        wait_s(&last.unwrap());
    }

    async fn of_many_guesses_at_once_no_more_are_told_than_of_few(db: TestDb) {
        let app = TestApp::start(db);
        app.someone("li.na").await;
        let guesses = (0..40).map(|_| app.sign_in("li.na", WRONG));
        let replies = futures_util::future::join_all(guesses).await;
        let told = replies.iter().filter(|reply| reply.status == 401).count();
        assert_eq!(told, 5);
        assert!(replies.iter().all(|reply| [401, 429, 503].contains(&reply.status)));
        app.pass(TimeDelta::seconds(30));
        app.sign_in("li.na", PASSWORD).await.expect(200);
    }

    async fn pins_birth_dates_and_ones_own_password_are_guessed_no_quicker(db: TestDb) {
        let app = TestApp::start(db);
        let canteen = app.canteen("贵阳市/南明区").await;
        app.resident(canteen, "31415926").await;
        let daughter = app.someone("daughter").await;
        let ask = |born_on: &str| {
            let body = json!({ "card_number": "31415926", "born_on": born_on, "relation": "child" });
            app.post("/family-links", body).by(&daughter).send()
        };
        for _ in 0..5 {
            ask("1944-05-02").await.refused(404, "card_not_matched");
        }
        wait_s(&ask("1944-05-01").await);
        app.pass(TimeDelta::seconds(30));
        let link = ask("1944-05-01").await.expect(201);
        let approve = |pin: &str| {
            let body = json!({ "consent": "told me", "covers_reasons": true, "pin": pin });
            app.post(&format!("/family-links/{}/approve", link["id"].as_str().unwrap()), body).by(&daughter).send()
        };
        for _ in 0..5 {
            approve("000000").await.refused(401, "wrong_credentials");
        }
        // A PIN is one secret, at whatever door it is tried.
        wait_s(&app.sign_in_with_card("31415926", PIN).await);
        wait_s(&approve(PIN).await);
        app.pass(TimeDelta::seconds(30));
        approve(PIN).await.expect(200);
        let change = |present: &str| {
            let body = json!({ "present_password": present, "new_password": "another-password" });
            app.put("/me/password", body).by(&daughter).send()
        };
        for _ in 0..5 {
            change(WRONG).await.refused(400, "wrong_password");
        }
        wait_s(&change(PASSWORD).await);
        app.pass(TimeDelta::seconds(30));
        change(PASSWORD).await.expect(204);
    }

    async fn a_flood_of_sign_ups_is_slowed_where_it_comes_from(db: TestDb) {
        let app = TestApp::start(db);
        let sign_up = |address: &'static str, number: i32| {
            let name = format!("flood{number}");
            let body = json!({ "user_name": name, "display_name": name, "password": PASSWORD });
            app.post("/auth/sign-up", body).from("10.0.0.1").header("X-Forwarded-For", address).send()
        };
        for number in 0..60 {
            sign_up("203.0.113.5", number).await.expect(201);
        }
        sign_up("198.51.100.7", 100).await.expect(201);
        let slowed = sign_up("203.0.113.5", 60).await;
        assert_eq!(wait_s(&slowed), 2);
        assert_eq!(slowed.header("ratelimit-policy").as_deref(), Some("\"sign-up\";q=60;w=900"));
        app.pass(TimeDelta::seconds(2));
        sign_up("203.0.113.5", 60).await.expect(201);
        app.pass(TimeDelta::minutes(16));
        sign_up("203.0.113.5", 61).await.expect(201);
    }

    async fn after_a_quarter_of_an_hour_nothing_is_remembered_and_nothing_kept(db: TestDb) {
        let app = TestApp::start(db);
        app.someone("li.na").await;
        for _ in 0..5 {
            app.sign_in("li.na", WRONG).await.refused(401, "wrong_credentials");
        }
        wait_s(&app.sign_in("li.na", PASSWORD).await);
        app.pass(TimeDelta::minutes(15));
        assert_eq!(app.write(throttle::forget_old).await, 4, "pair, account, address, and who signed up");
        app.sign_in("li.na", WRONG).await.refused(401, "wrong_credentials");
    }

    async fn a_sign_in_that_is_right_writes_nothing_about_guesses(db: TestDb) {
        let app = TestApp::start(db);
        app.admin().await;
        app.sign_in("root", PASSWORD).await.expect(200);
        let kept = app.write(|conn, _| -> Result<i64, Fail> {
            use diesel::prelude::*;
            Ok(leling::db::schema::wrong_guesses::table.count().get_result(conn)?)
        });
        assert_eq!(kept.await, 0);
    }

    async fn a_one_time_password_ends_after_a_week_unless_another_was_chosen(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let body = |name: &str| json!({ "user_name": name, "display_name": name, "grant": { "role": "admin" } });
        let made = app.made(&admin, "/accounts", body("chooses")).await;
        let (once, account) = (made["one_time_password"].as_str().unwrap().to_owned(), made["account"]["id"].clone());
        let chooses = app.sign_in("chooses", &once).await.expect(200);
        let me = app.get("/me").by(&chooses).send().await.expect(200);
        assert_eq!(me["password_expires_at"], "2026-11-29T04:00:00Z");
        let own = json!({ "present_password": once, "new_password": "a-password-of-my-own" });
        app.put("/me/password", own).by(&chooses).send().await.expect(204);
        assert_eq!(app.get("/me").by(&chooses).send().await.expect(200)["password_expires_at"], Value::Null);
        let made = app.made(&admin, "/accounts", body("forgets")).await;
        let once = made["one_time_password"].as_str().unwrap().to_owned();
        let forgets = app.sign_in("forgets", &once).await.expect(200);
        app.pass(TimeDelta::days(7));
        app.sign_in("forgets", &once).await.refused(401, "password_expired");
        app.sign_in("forgets", WRONG).await.refused(401, "wrong_credentials");
        let refresh = json!({ "refresh_token": forgets["refresh_token"] });
        app.post("/auth/refresh", refresh).send().await.refused(401, "session_ended");
        app.sign_in("chooses", "a-password-of-my-own").await.expect(200);
        let admin = app.sign_in("root", PASSWORD).await.expect(200);
        let path = format!("/accounts/{}", account.as_str().unwrap());
        let version = app.get(&path).by(&admin).send().await.etag.unwrap();
        let reset = json!({ "reset_password": true });
        let reset = app.patch(&path, reset).by(&admin).header("If-Match", &version).send().await.expect(200);
        app.sign_in("chooses", reset["one_time_password"].as_str().unwrap()).await.expect(200);
        app.pass(TimeDelta::days(7));
        app.sign_in("chooses", reset["one_time_password"].as_str().unwrap()).await.refused(401, "password_expired");
    }

    async fn who_refreshes_may_send_the_access_token_that_has_run_out(db: TestDb) {
        let app = TestApp::start(db);
        let tokens = app.someone("li.na").await;
        app.pass(TimeDelta::minutes(20));
        let refresh = json!({ "refresh_token": tokens["refresh_token"] });
        app.post("/auth/refresh", refresh).by(&tokens).send().await.expect(200);
        let again = json!({ "user_name": "li.na", "password": PASSWORD });
        app.post("/auth/sign-in", again).by(&tokens).send().await.expect(200);
    }
}

on_postgres! {
    async fn what_was_guessed_in_one_process_counts_in_the_other(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, ..Plan::USUAL });
        let body = json!({ "user_name": "root", "password": WRONG });
        let clients: Vec<_> = town.servers.iter().map(|server| server.client("")).collect();
        let guesses = race((0..24).map(|number| {
            let (client, body) = (&clients[number % 2], &body);
            move || client.try_post("/auth/sign-in", body, "k").unwrap().status
        }));
        assert_eq!(guesses.iter().filter(|status| **status == 401).count(), 5, "{guesses:?}");
    }
}
