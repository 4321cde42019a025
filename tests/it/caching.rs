//! What somebody holds already is not sent again, and what changed always is: tags, 304, and what they cost.

use std::collections::BTreeMap;

use actix_web::web::Bytes;
use leling::{access::Role, api::ETag};
use serde_json::{Value, json};

use crate::support::{
    Client, Plan, Raw, Reply, Town,
    lunch::{FATHERS_CARD, Lunch},
    queries::Queries,
    world::{TODAY, card, id_of, resident_body},
};

/// What is looked at after every step of a day, and by whom.
struct Watch<'a> {
    lunch: &'a Lunch,
    menu: String,
    views: Vec<(&'static str, String)>,
    /// The body of every view by the tags that it had.
    seen: BTreeMap<(usize, String), Value>,
    latest: Vec<Option<String>>,
}

impl<'a> Watch<'a> {
    fn over(lunch: &'a Lunch, menu: &Value) -> Watch<'a> {
        let (canteen, menu) = (&lunch.canteen, menu["id"].as_str().unwrap());
        let views = vec![
            ("daughter", format!("/menus/{menu}")),
            ("daughter", format!("/canteens/{canteen}/menus?from={TODAY}&to={TODAY}")),
            ("staff", format!("/canteens/{canteen}/menus?from={TODAY}&to={TODAY}")),
            ("volunteer", format!("/menus/{menu}/door-list")),
            ("staff", format!("/canteens/{canteen}/headcounts?on={TODAY}")),
            ("officer", format!("/headcounts?on={TODAY}")),
            ("daughter", format!("/canteens/{canteen}/terms")),
        ];
        let latest = views.iter().map(|_| None).collect();
        Watch { lunch, menu: menu.to_owned(), views, seen: BTreeMap::new(), latest }
    }

    async fn ask(&self, view: usize, held: Option<&str>) -> Reply {
        let (name, path) = &self.views[view];
        let call = self.lunch.app.get(path).by(&self.lunch.tokens(name).await);
        match held {
            Some(tag) => call.header("If-None-Match", tag).send().await,
            None => call.send().await,
        }
    }

    /// Looks at everything after a step: one tag, one body; and what is held is said to be right only while it is.
    async fn look(&mut self, step: &str) {
        for view in 0..self.views.len() {
            self.forget();
            let whole = self.ask(view, None).await;
            let (tag, mut body) = (whole.etag.clone().unwrap(), whole.expect(200));
            // It says when it was asked for.
            body["as_of"] = Value::Null;
            let known = self.seen.entry((view, tag.clone())).or_insert_with(|| body.clone());
            assert_eq!(*known, body, "{step}: one tag for two bodies of {}", self.views[view].1);
            let mut again = self.ask(view, None).await.expect(200);
            again["as_of"] = Value::Null;
            assert_eq!(again, body, "{step}: made now and remembered");
            let unchanged = self.ask(view, Some(&tag)).await;
            assert_eq!((unchanged.status, unchanged.etag.as_deref()), (304, Some(tag.as_str())), "{step}");
            if let Some(held) = self.latest[view].replace(tag.clone()).filter(|held| *held != tag) {
                assert_eq!(self.ask(view, Some(&held)).await.status, 200, "{step}");
            }
        }
    }

    /// Has the service remember something else, so that it makes the day's answers anew.
    fn forget(&self) {
        let state = self.lunch.app.state();
        let other = ETag::of("something else");
        let (menu, canteen) = (self.menu.parse().unwrap(), self.lunch.canteen.parse().unwrap());
        let forgotten: Result<_, ()> = state.door_lists.or_make(menu, &other, || Ok(Bytes::new()));
        forgotten.unwrap();
        let day = (canteen, TODAY.parse().unwrap(), Role::Staff);
        let forgotten: Result<_, ()> = state.headcounts.or_make(day, &other, || Ok(Vec::new()));
        forgotten.unwrap();
    }

    /// How many bodies each view has had.
    fn bodies(&self) -> Vec<usize> {
        (0..self.views.len()).map(|view| self.seen.keys().filter(|(of, _)| *of == view).count()).collect()
    }
}

on_both! {
    async fn over_a_whole_day_a_tag_changes_whenever_its_answer_does(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "dinner").await;
        let mut watch = Watch::over(&lunch, &menu);
        watch.look("published").await;

        let placed = lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        watch.look("reserved").await;
        let reservation = format!("/reservations/{}", id_of(&placed));
        let more = json!({ "mode": "dine_in", "lines": [{ "item_id": menu["items"][0]["id"], "portions": 2 }] });
        let staff = lunch.tokens("staff").await;
        lunch.app.put(&reservation, more).by(&staff).header("If-Match", "\"v1\"").send().await.expect(200);
        watch.look("changed what is eaten").await;
        lunch.post("staff", &format!("{reservation}/cancel"), Value::Null).await.expect(200);
        watch.look("cancelled").await;
        // Which reservation is the newest is told by their ids, which begin with the instant.
        lunch.app.pass(chrono::TimeDelta::seconds(1));
        let second = id_of(&lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201));
        lunch.reserve("staff", &lunch.neighbour, &menu, 1).await.expect(201);
        watch.look("reserved again").await;

        let path = format!("/residents/{}", lunch.father);
        let read = lunch.app.get(&path).by(&staff).send().await;
        let (tag, mut record) = (read.etag.clone().unwrap(), read.expect(200));
        for field in ["id", "id_number_last4", "version"] {
            record.as_object_mut().unwrap().remove(field);
        }
        record["full_name"] = json!("示例老父");
        lunch.app.put(&path, record.clone()).by(&staff).header("If-Match", &tag).send().await.expect(200);
        watch.look("renamed").await;
        record["diet_tags"] = json!(["low_salt"]);
        lunch.app.put(&path, record).by(&staff).header("If-Match", "\"v2\"").send().await.expect(200);
        watch.look("eats otherwise").await;

        let menu_path = format!("/menus/{}", id_of(&menu));
        let seen = lunch.app.get(&menu_path).by(&staff).send().await.etag.unwrap();
        let items = json!([
            { "id": menu["items"][0]["id"], "name": "新套餐", "kind": "set", "price_fen": 1100 },
            { "id": menu["items"][1]["id"], "name": "花生米", "kind": "dish", "price_fen": 300, "portions": 2 }
        ]);
        let change = json!({ "capacity": 12, "items": items });
        lunch.app.put(&menu_path, change).by(&staff).header("If-Match", &seen).send().await.expect(200);
        watch.look("another menu").await;

        let served = lunch.tap("volunteer", &menu, json!({ "card_number": FATHERS_CARD })).await.expect(201);
        watch.look("served").await;
        let void = format!("/attendance/{}/void", served["attendance_id"].as_str().unwrap());
        lunch.post("volunteer", &void, json!({ "reason": "wrong card" })).await.expect(200);
        watch.look("voided").await;
        lunch.tap("volunteer", &menu, json!({ "reservation_id": second })).await.expect(201);
        let offline = json!({ "card_number": FATHERS_CARD, "tapped_at": "2026-11-22T04:00:00Z" });
        let review = lunch.tap("volunteer", &menu, offline).await.expect(201);
        watch.look("to be reviewed").await;
        let resolve = format!("/attendance/{}/resolve", review["attendance_id"].as_str().unwrap());
        let decision = json!({ "decision": "second_meal", "reason": "he was hungry" });
        lunch.post("staff", &resolve, decision).await.expect(200);
        watch.look("decided").await;
        lunch.tap("volunteer", &menu, json!({ "kind": "guest" })).await.expect(201);
        watch.look("a guest").await;

        // The cut-off was yesterday's; late is late. Then the meal ends by itself.
        let admin = lunch.app.sign_in("root", crate::support::PASSWORD).await.expect(200);
        let staff_id = lunch.get("staff", "/me").await["principal"]["id"].clone();
        let account = format!("/accounts/{}", staff_id.as_str().unwrap());
        let version = lunch.app.get(&account).by(&admin).send().await.etag.unwrap();
        let renamed = json!({ "display_name": "新来的" });
        lunch.app.patch(&account, renamed).by(&admin).header("If-Match", &version).send().await.expect(200);
        watch.look("staff renamed").await;
        lunch.pass_hours(9).await;
        watch.look("over").await;

        let bodies = watch.bodies();
        // Menu, menus twice, door list, headcount, overview; the terms stayed as they were until midnight.
        assert!(bodies[..6].iter().all(|count| *count > 5), "{bodies:?}");
        assert_eq!(bodies[6], 1);
    }

    async fn a_canteens_terms_change_with_the_policies_in_force_and_with_the_day(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let path = format!("/canteens/{}/terms", lunch.canteen);
        let tag = async || lunch.app.get(&path).send().await.etag.unwrap();
        let first = tag().await;
        assert_eq!(first, tag().await);
        let officer = lunch.tokens("officer").await;
        let mut policy = crate::support::world::policy_body("second", &json!({ "city": "示例市", "district": "东区" }));
        policy["layers"][0]["rank"] = json!(20);
        lunch.app.policy_in_force(&officer, policy, TODAY).await;
        let second = tag().await;
        assert_ne!(first, second);
        lunch.app.pass(chrono::TimeDelta::days(1));
        assert_ne!(second, tag().await);
    }

    async fn a_304_costs_the_same_however_many_are_expected(db: TestDb) {
        let queries = Queries::of(db.url());
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "dinner").await;
        let watch = Watch::over(&lunch, &menu);
        let area = json!({ "city": "示例市", "district": "东区" });
        let mut costs: Vec<Vec<usize>> = Vec::new();
        for round in 0..3 {
            let mut cost = Vec::new();
            // A district is counted anew each time that it is asked for.
            let kept = |view: &usize| watch.views[*view].0 != "officer";
            for view in (0..watch.views.len()).filter(kept) {
                let tag = watch.ask(view, None).await.etag.unwrap();
                let (name, path) = &watch.views[view];
                let tokens = lunch.tokens(name).await;
                queries.take();
                let call = lunch.app.get(path).by(&tokens).header("If-None-Match", &tag);
                assert_eq!(call.send().await.status, 304);
                let read = queries.take();
                for grows in ["reservation", "attendance", "residents", "count_entries", "menu_items", "policies"] {
                    assert!(read.iter().all(|query| !query.contains(grows)), "{path}: {read:#?}");
                }
                cost.push(read.len());
            }
            costs.push(cost);
            let staff = lunch.tokens("staff").await;
            for number in 0..3 {
                let resident = resident_body(&lunch.canteen, "示例", &card(round, number), &area);
                let resident = id_of(&lunch.app.made(&staff, "/residents", resident).await);
                lunch.reserve("staff", &resident, &menu, 1).await.expect(201);
            }
        }
        assert!(costs[0].iter().all(|count| (1..=8).contains(count)), "{costs:?}");
        assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
    }

    async fn one_url_has_another_tag_for_whoever_sees_more(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        lunch.menu(TODAY, "dinner").await;
        let items = json!([{ "name": "套餐", "kind": "set", "price_fen": 1000 }]);
        let draft = json!({ "served_on": TODAY, "period": "lunch", "capacity": 10, "items": items });
        lunch.post("staff", &format!("/canteens/{}/menus", lunch.canteen), draft).await.expect(201);
        let path = format!("/canteens/{}/menus?from={TODAY}&to={TODAY}", lunch.canteen);
        let staff = lunch.app.get(&path).by(&lunch.tokens("staff").await).send().await;
        let public = lunch.app.get(&path).header("If-None-Match", staff.etag.as_deref().unwrap()).send().await;
        assert_eq!(public.expect(200)["items"].as_array().unwrap().len(), 1);
        let again = lunch.app.get(&path).by(&lunch.tokens("staff").await).send().await;
        assert_eq!(again.expect(200)["items"].as_array().unwrap().len(), 2, "the public's answer is remembered");
        let resident = format!("/residents/{}", lunch.father);
        let staff = lunch.app.get(&resident).by(&lunch.tokens("staff").await).send().await.etag.unwrap();
        let daughter = lunch.app.get(&resident).by(&lunch.tokens("daughter").await);
        daughter.header("If-None-Match", &staff).send().await.expect(200);
    }

    async fn whoever_has_no_right_hears_so_and_not_that_nothing_changed(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "dinner").await;
        let path = format!("/menus/{}/door-list", id_of(&menu));
        let daughter = lunch.tokens("daughter").await;
        lunch.app.get(&path).by(&daughter).header("If-None-Match", "*").send().await.refused(403, "not_allowed");
    }

    async fn what_was_taken_by_many_at_once_never_has_one_tag_for_two_contents(db: TestDb) {
        let town = Town::open(db, Plan { residents: 6, servers: 2, ..Plan::USUAL });
        let meal = town.meal(0, 0, 30, None);
        let path = format!("/menus/{}", meal.id);
        let racers = town.residents.iter().map(|resident| {
            let (meal, path) = (&meal, &path);
            move || {
                let mut seen = Vec::new();
                for _ in 0..4 {
                    let read = resident.client.get(path);
                    seen.push((read.etag.clone().unwrap(), read.expect(200)));
                    let placed = resident.client.post("/reservations", meal.order(resident)).expect(201);
                    let read = resident.client.get(path);
                    seen.push((read.etag.clone().unwrap(), read.expect(200)));
                    let cancel = format!("/reservations/{}/cancel", placed["id"].as_str().unwrap());
                    resident.client.post(&cancel, Value::Null).expect(200);
                }
                seen
            }
        });
        let mut bodies: BTreeMap<String, Value> = BTreeMap::new();
        for (tag, body) in crate::support::race(racers).into_iter().flatten() {
            assert_eq!(*bodies.entry(tag).or_insert_with(|| body.clone()), body);
        }
        assert!(bodies.len() > 6, "they met: {}", bodies.len());
    }

    async fn a_compressed_answer_has_a_tag_of_its_own_and_head_is_get_without_a_body(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let meal = town.meal(0, 0, 30, None);
        let path = format!("/api/v1/menus/{}", meal.id);
        let desk = &town.canteens[0].desk;
        let plain = desk.raw("GET", &path, &[]);
        let gzip = desk.raw("GET", &path, &[("Accept-Encoding", "gzip")]);
        let tag = plain.header("etag").unwrap();
        assert_eq!(gzip.header("content-encoding").as_deref(), Some("gzip"));
        assert_eq!(gzip.header("etag"), Some(format!("{}-gzip\"", tag.trim_end_matches('"'))));
        for held in [&tag, &gzip.header("etag").unwrap()] {
            let unchanged = desk.raw("GET", &path, &[("Accept-Encoding", "gzip"), ("If-None-Match", held)]);
            assert_eq!((unchanged.status, unchanged.header("etag").as_ref()), (304, Some(held)));
            assert_eq!(unchanged.text(), "");
        }
        let head = desk.raw("HEAD", &path, &[]);
        assert_eq!((head.status, head.text().as_str()), (200, ""));
        for name in ["etag", "content-type", "content-length", "vary", "cache-control"] {
            assert_eq!(head.header(name), plain.header(name), "{name}");
        }
        assert_eq!(desk.raw("HEAD", &path, &[("If-None-Match", &tag)]).status, 304);
        assert_eq!(desk.raw("HEAD", "/api/v1/menus/nothing", &[]).status, 404);
        for path in ["/healthz", "/readyz", "/metrics", "/api/v1/openapi.json"] {
            let head = desk.raw("HEAD", path, &[]);
            assert_eq!((head.status, head.text().as_str()), (200, ""), "{path}");
        }
        let edited = json!({ "capacity": 40, "items": [{ "id": meal.item, "name": "套餐", "kind": "set", "price_fen": 1500 }] });
        desk.put(&format!("/menus/{}", meal.id), edited, &gzip.header("etag").unwrap()).expect(200);
    }
}

/// Reserves at one process, and has the desk count at it and look at the door list at another: how many each then sees, round by
/// round.
fn made_elsewhere(town: &Town, rounds: usize) -> Vec<u64> {
    let meal = town.meal(0, 0, 30, None);
    let canteen = &town.canteens[0];
    let door_list = format!("/menus/{}/door-list", meal.id);
    let headcounts = format!("/canteens/{}/headcounts?on={}", canteen.id, town.day(0));
    let desk = |server: usize| canteen.desk.at(&town.servers[server]);
    let expected = |server: usize| {
        let list = desk(server).get(&door_list).expect(200);
        list["expected"].as_array().unwrap().len() as u64
    };
    let counted = |server: usize| {
        let day = desk(server).get(&headcounts).expect(200);
        day["menus"][0]["confirmed"]["people"].as_u64().unwrap()
    };
    // Both have them in memory.
    assert_eq!([expected(0), expected(1), counted(0), counted(1)], [0; 4]);
    let reserve = |number: usize| {
        let resident = &town.residents[number];
        resident.client.post("/reservations", meal.order(resident)).expect(201);
        [expected((number + 1) % 2), counted(number % 2)]
    };
    (0..rounds).flat_map(reserve).collect()
}

fn in_gzip(client: &Client, path: &str) -> Raw {
    client.raw("GET", &format!("/api/v1{path}"), &[("Accept-Encoding", "gzip")])
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Reserves at one process and reads as anybody at two: the places left that were read after each, elsewhere and there.
fn read_elsewhere(town: &Town, rounds: usize) -> Vec<i64> {
    let meal = town.meal(0, 0, 30, None);
    let path = format!("/menus/{}", meal.id);
    let nobody: Vec<_> = town.servers.iter().map(|server| server.client("")).collect();
    let read = |server: usize| {
        let left = nobody[server].get(&path).expect(200)["places_left"].as_i64().unwrap();
        assert_eq!(json_of(&in_gzip(&nobody[server], &path).unzipped())["places_left"], left);
        left
    };
    let reserve = |number: usize| {
        let resident = &town.residents[number];
        resident.client.post("/reservations", meal.order(resident)).expect(201);
        // Residents ask one process and the other in turns.
        [read((number + 1) % 2), read(number % 2)]
    };
    // Both have it in memory.
    assert_eq!([read(0), read(1), read(0), read(1)], [30; 4]);
    (0..rounds).flat_map(reserve).collect()
}

on_both! {
    async fn what_is_answered_from_memory_is_what_any_process_committed_last(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, residents: 12, ..Plan::USUAL });
        let left: Vec<i64> = (18..30).rev().flat_map(|left| [left, left]).collect();
        assert_eq!(read_elsewhere(&town, 12), left);
    }

    async fn without_its_guard_memory_stays_behind(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, residents: 12, guards_off: "moment", ..Plan::USUAL });
        assert_eq!(read_elsewhere(&town, 12), vec![30; 24]);
    }

    async fn who_takes_gzip_gets_from_memory_what_was_compressed_once_and_who_does_not_gets_it_plain(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let path = format!("/menus/{}", town.meal(0, 0, 30, None).id);
        let nobody = town.servers[0].client("");
        // Only what was compressed beforehand is sent with its length. Other tests share the PostgreSQL server, and what
        // they commit ends a moment there.
        let coded = (0..50)
            .map(|_| (nobody.get(&path).expect(200), in_gzip(&nobody, &path)).1)
            .find(|reply| reply.header("content-length").is_some())
            .expect("it is remembered");
        assert_eq!(coded.header("content-encoding").as_deref(), Some("gzip"));
        assert_eq!(coded.headers("vary"), ["authorization", "accept-encoding"]);
        let plain = nobody.raw("GET", &format!("/api/v1{path}"), &[]);
        assert_eq!(coded.unzipped(), plain.text());
        assert_eq!(coded.header("etag").unwrap().replace("-gzip", ""), plain.header("etag").unwrap());
        for (takes, coding) in [
            ("gzip;q=0", None),
            ("identity, gzip;q=0.5", None),
            ("br", None),
            ("deflate", Some("deflate")),
            ("deflate;q=0.5, gzip", Some("gzip")),
            ("*;q=0, gzip;q=0.1", Some("gzip")),
        ] {
            let reply = nobody.raw("GET", &format!("/api/v1{path}"), &[("Accept-Encoding", takes)]);
            assert_eq!((reply.status, reply.header("content-encoding").as_deref()), (200, coding), "{takes}");
        }
        let nothing = nobody.raw("GET", &format!("/api/v1{path}"), &[("Accept-Encoding", "*;q=0")]);
        assert_eq!(nothing.status, 400, "{}", nothing.text());
        let held = coded.header("etag").unwrap();
        let takes = [("Accept-Encoding", "gzip"), ("If-None-Match", held.as_str())];
        let unchanged = nobody.raw("GET", &format!("/api/v1{path}"), &takes);
        assert_eq!((unchanged.status, unchanged.text().as_str()), (304, ""));
        assert_eq!((unchanged.header("etag"), unchanged.header("content-encoding")), (Some(held), None));
    }

    async fn door_lists_and_headcounts_are_what_any_process_committed_last(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, residents: 6, ..Plan::USUAL });
        assert_eq!(made_elsewhere(&town, 6), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
    }

    async fn without_their_guard_door_lists_and_headcounts_stay_behind(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, residents: 6, guards_off: "latest", ..Plan::USUAL });
        assert_eq!(made_elsewhere(&town, 6), [0; 12]);
    }

    async fn a_door_list_and_a_headcount_are_made_once_for_all_who_look(db: TestDb) {
        let queries = Queries::of(db.url());
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "dinner").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let staff = lunch.tokens("staff").await;
        for (path, costly) in [
            (format!("/menus/{}/door-list", id_of(&menu)), "FROM \"reservations\""),
            (format!("/canteens/{}/headcounts?on={TODAY}", lunch.canteen), "FROM \"count_entries\""),
        ] {
            let plain = costly.replace('"', "`");
            let made = || queries.take().iter().any(|query| query.contains(costly) || query.contains(&plain));
            queries.take();
            lunch.app.get(&path).by(&staff).send().await.expect(200);
            assert!(made(), "{path}");
            lunch.app.get(&path).by(&staff).send().await.expect(200);
            assert!(!made(), "{path}");
        }
    }

    async fn what_is_the_same_for_everybody_is_read_once_for_all(db: TestDb) {
        let queries = Queries::of(db.url());
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "dinner").await;
        let paths = [
            format!("/menus/{}", id_of(&menu)),
            format!("/canteens/{}/menus?from={TODAY}&to={TODAY}", lunch.canteen),
            format!("/canteens/{}/terms", lunch.canteen),
        ];
        for path in paths {
            // Other tests share the PostgreSQL server, and what they commit ends a moment there.
            let mut tries = 0;
            let (first, again) = loop {
                tries += 1;
                let first = lunch.app.get(&path).send().await;
                queries.take();
                let again = lunch.app.get(&path).send().await;
                if queries.take().iter().all(|query| query.contains("pg_current_snapshot")) {
                    break (first, again);
                }
                assert!(tries < 50, "{path}");
            };
            let tag = first.etag.clone();
            assert_eq!((again.etag.clone(), again.expect(200)), (tag, first.expect(200)), "{path}");
        }
    }
}

on_both! {
    async fn every_edit_asks_for_the_version_that_was_read(db: TestDb) {
        let world = crate::support::world::World::build(db).await;
        let (app, here) = (&world.app, &world.here);
        let edits = [
            ("PUT", "/calendar/2026".to_owned(), "admin"),
            ("PUT", format!("/canteens/{}", here.id("canteen")), "district"),
            ("PUT", format!("/residents/{}", here.id("resident")), "staff"),
            ("PUT", format!("/facts/{}", here.id("fact")), "district"),
            ("PATCH", format!("/accounts/{}", here.id("account")), "admin"),
            ("PUT", format!("/menus/{}", here.id("free_menu")), "staff"),
            ("PUT", format!("/reservations/{}", here.id("next_reservation")), "staff"),
        ];
        for (method, path, by) in edits {
            let tokens = &world.tokens[by];
            let edit = |tag: Option<&'static str>| {
                let call = if method == "PUT" { app.put(&path, json!({})) } else { app.patch(&path, json!({})) };
                match tag {
                    Some(tag) => call.by(tokens).header("If-Match", tag),
                    None => call.by(tokens),
                }
            };
            edit(None).send().await.refused(428, "if_match_required");
            edit(Some("*")).send().await.refused(428, "if_match_required");
            edit(Some("W/\"v1\"")).send().await.refused(412, "stale");
        }
    }
}
