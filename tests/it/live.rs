//! The live stream of headcounts: who listens hears each change once, and only as long as they may.

use std::{
    io::{BufRead, BufReader},
    pin::Pin,
};

use actix_web::body::{BoxBody, MessageBody};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Plan, Town,
    lunch::{FATHERS_CARD, Lunch},
    world::TODAY,
};

/// A stream that somebody reads.
struct Listening {
    body: Pin<Box<BoxBody>>,
    text: String,
}

#[derive(Debug, PartialEq)]
struct Heard {
    id: String,
    counts: Value,
}

impl Listening {
    async fn to(lunch: &Lunch, tokens: &Value, query: &str, heard: Option<&str>) -> Listening {
        let path = format!("/canteens/{}/headcounts/stream{query}", lunch.canteen);
        let call = lunch.app.get(&path).by(tokens);
        let call = heard.into_iter().fold(call, |call, id| call.header("Last-Event-ID", id));
        let response = call.open().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers().get("content-type").unwrap(), "text/event-stream");
        Listening { body: Box::pin(response.into_body()), text: String::new() }
    }

    /// The next event; nothing once the stream has ended.
    async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
                };
                let heard = field("data:").map(|data| {
                    assert_eq!(field("event:").as_deref(), Some("headcounts"));
                    Heard { id: field("id:").unwrap(), counts: serde_json::from_str(&data).unwrap() }
                });
                self.text = rest.to_owned();
                match heard {
                    Some(heard) => return Some(heard),
                    // A comment, or how long to wait before coming back.
                    None => continue,
                }
            }
            let bytes = std::future::poll_fn(|cx| self.body.as_mut().poll_next(cx)).await?.unwrap();
            self.text += std::str::from_utf8(&bytes).unwrap();
        }
    }

    async fn heard(&mut self) -> Heard {
        self.next().await.expect("the stream goes on")
    }
}

fn confirmed(heard: &Heard) -> i64 {
    heard.counts["menus"][0]["confirmed"]["people"].as_i64().unwrap()
}

on_both! {
    async fn who_listens_hears_the_day_and_then_each_change(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "dinner").await;
        let staff = lunch.tokens("staff").await;
        let mut kitchen = Listening::to(&lunch, &staff, &format!("?on={TODAY}"), None).await;
        let mut hall = Listening::to(&lunch, &staff, "", None).await;
        let first = kitchen.heard().await;
        assert_eq!((confirmed(&first), hall.heard().await.id), (0, first.id.clone()));
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let second = kitchen.heard().await;
        assert_eq!((confirmed(&second), confirmed(&hall.heard().await)), (1, 1));
        assert_ne!(first.id, second.id);
        // It is what whoever asks by themselves is told.
        let path = format!("/canteens/{}/headcounts?on={TODAY}", lunch.canteen);
        let mut asked = lunch.get("staff", &path).await;
        asked["as_of"] = second.counts["as_of"].clone();
        assert_eq!(asked, second.counts);
        lunch.tap("volunteer", &menu, json!({ "card_number": FATHERS_CARD })).await.expect(201);
        assert_eq!(kitchen.heard().await.counts["menus"][0]["served"]["people"], 1);
    }

    async fn who_comes_back_hears_only_what_is_new(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "dinner").await;
        let staff = lunch.tokens("staff").await;
        let last = Listening::to(&lunch, &staff, "", None).await.heard().await.id;
        let mut same = Listening::to(&lunch, &staff, "", Some(&last)).await;
        // Another who comes fresh makes sure that it was looked at.
        Listening::to(&lunch, &staff, "", None).await.heard().await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let next = same.heard().await;
        assert_eq!(confirmed(&next), 1);
        let mut late = Listening::to(&lunch, &staff, "", Some(&last)).await;
        assert_eq!(late.heard().await.id, next.id);
    }

    async fn a_stream_ends_with_the_right_the_session_or_the_token(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        lunch.menu(TODAY, "dinner").await;
        let (staff, officer) = (lunch.tokens("staff").await, lunch.tokens("officer").await);
        let mut kitchen = Listening::to(&lunch, &staff, "", None).await;
        let mut office = Listening::to(&lunch, &officer, "", None).await;
        kitchen.heard().await;
        office.heard().await;
        lunch.app.post("/auth/sign-out", json!({ "everywhere": false })).by(&officer).send().await.expect(204);
        assert_eq!(office.next().await, None);
        let admin = lunch.app.sign_in("root", PASSWORD).await.expect(200);
        let me = lunch.app.get("/me").by(&staff).send().await.expect(200);
        let grant = format!("/grants/{}", me["grants"][0]["id"].as_str().unwrap());
        lunch.app.delete(&grant).by(&admin).send().await.expect(204);
        assert_eq!(kitchen.next().await, None);
        let officer = lunch.tokens("officer").await;
        let mut office = Listening::to(&lunch, &officer, "", None).await;
        office.heard().await;
        lunch.app.pass(TimeDelta::minutes(15));
        assert_eq!(office.next().await, None);
    }

    async fn whoever_may_not_read_headcounts_may_not_listen(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let path = format!("/canteens/{}/headcounts/stream", lunch.canteen);
        lunch.app.get(&path).send().await.refused(401, "sign_in_required");
        let volunteer = lunch.tokens("volunteer").await;
        lunch.app.get(&path).by(&volunteer).send().await.refused(403, "not_allowed");
        let staff = lunch.tokens("staff").await;
        lunch.app.get(&format!("{path}?on=1066-10-14")).by(&staff).send().await.refused(400, "bad_span");
    }

    async fn only_so_many_listen_and_who_leaves_makes_room(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let staff = lunch.tokens("staff").await;
        let path = format!("/canteens/{}/headcounts/stream", lunch.canteen);
        let mut listening = Vec::new();
        for _ in 0..256 {
            listening.push(Listening::to(&lunch, &staff, "", None).await);
        }
        let refused = lunch.app.get(&path).by(&staff).send().await;
        assert!(refused.header("retry-after").is_some());
        refused.refused(503, "busy");
        listening.pop();
        listening.push(Listening::to(&lunch, &staff, "", None).await);
        listening[0].heard().await;
    }
}

on_both! {
    async fn a_service_that_stops_ends_its_streams(db: TestDb) {
        let mut town = Town::open(db, Plan::USUAL);
        let path = format!("/canteens/{}/headcounts/stream", town.canteens[0].id);
        let mut lines = BufReader::new(town.canteens[0].desk.stream(&path)).lines();
        assert!(lines.any(|line| line.unwrap().starts_with("data:")));
        town.servers[0].terminate();
        assert!(town.servers[0].ended_well());
        // The stream ends as it should, and does not break off.
        assert!(lines.all(|line| line.is_ok()));
    }
}

on_postgres! {
    async fn what_one_process_writes_is_heard_in_the_other(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, ..Plan::USUAL });
        let meal = town.meal_today(0, 1, 30);
        let path = format!("/canteens/{}/headcounts/stream", town.canteens[0].id);
        let mut lines = BufReader::new(town.canteens[0].desk.at(&town.servers[1]).stream(&path)).lines();
        let mut heard = || {
            let data = lines.find_map(|line| Some(line.unwrap().strip_prefix("data:")?.to_owned())).unwrap();
            let counts: Value = serde_json::from_str(&data).unwrap();
            counts["menus"][0]["confirmed"]["people"].as_i64()
        };
        assert_eq!(heard(), Some(0));
        let resident = &town.residents[0];
        resident.client.at(&town.servers[0]).post("/reservations", meal.order(resident)).expect(201);
        assert_eq!(heard(), Some(1));
    }
}
