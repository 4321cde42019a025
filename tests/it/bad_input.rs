//! What is wrong is refused with a code that says so, and nothing is written.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use chrono::TimeDelta;
use diesel::{connection::SimpleConnection as _, prelude::*};
use leling::db::schema;
use serde_json::{Value, json};

use crate::support::{Plan, TestApp, TestDb, Town};

/// A canteen with its desk and an order that is right, and another canteen.
struct House {
    app: TestApp,
    here: Value,
    there: Value,
    desk: Value,
    menu: Value,
}

fn canteen(name: &str) -> Value {
    json!({
        "name": name, "area": { "city": "贵阳市", "district": "南明区" }, "address": "示例街道 1 号",
        "phone": "0851-5550100", "time_zone": "Asia/Shanghai", "delivery_fee_fen": 100,
        "periods": [{
            "period": "lunch", "serves_from": "11:00", "serves_to": "12:30",
            "cutoff": { "service_days_before": 1, "at": "16:00" }, "default_capacity": 100, "modes": ["dine_in"],
            "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        }]
    })
}

fn menu(served_on: &str, changes: Value) -> Value {
    let mut menu = json!({
        "served_on": served_on, "period": "lunch", "publish": true,
        "items": [{ "name": "套餐", "kind": "set", "price_fen": 1500 }]
    });
    menu.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    menu
}

fn priced(fen: Value) -> Value {
    json!({ "items": [{ "name": "套餐", "kind": "set", "price_fen": fen }] })
}

impl House {
    async fn open(db: TestDb) -> House {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let here = app.post("/canteens", canteen("这里")).by(&admin).send().await.expect(201)["id"].clone();
        let there = app.post("/canteens", canteen("那里")).by(&admin).send().await.expect(201)["id"].clone();
        let desk = app.with_role(&admin, "desk", json!({ "role": "staff", "canteen_id": here })).await;
        let path = format!("/canteens/{}/menus", here.as_str().unwrap());
        let menu = app.post(&path, menu("2026-11-24", json!({}))).by(&desk).send().await.expect(201);
        House { app, here, there, desk, menu }
    }

    fn menus_of(canteen: &Value) -> String {
        format!("/canteens/{}/menus", canteen.as_str().unwrap())
    }

    /// How many rows there are in whatever a request could write to.
    async fn written(&self) -> i64 {
        macro_rules! rows {
            ($($table:ident)+) => {
                self.app.write(|conn, _| Ok(0_i64 $(+ schema::$table::table.count().get_result::<i64>(conn)?)+)).await
            };
        }
        rows!(
            canteens closures residents facts menus menu_items menu_editions quotes draws reservations
            reservation_events attendances policies accounts grants idempotency_keys
        )
    }

    /// Posts it as the desk; it is refused so, and nothing is written.
    async fn refuses(&self, path: &str, body: Value, status: u16, code: &str) {
        let before = self.written().await;
        self.app.post(path, body).by(&self.desk).send().await.refused(status, code);
        assert_eq!(self.written().await, before, "{path}");
    }
}

on_both! {
    async fn a_menu_that_cannot_be_is_refused_and_nothing_is_written(db: TestDb) {
        let house = House::open(db).await;
        let path = House::menus_of(&house.here);
        let on = "2026-11-25";
        for (changes, status, code) in [
            (json!({ "capacity": "ten" }), 400, "bad_field"),
            (json!({ "capacity": -1 }), 400, "bad_field"),
            (json!({ "capacity": 0 }), 400, "bad_field"),
            (json!({ "capacity": 1.5 }), 400, "bad_field"),
            (json!({ "colour": "red" }), 400, "bad_field"),
            (json!({ "served_on": "2026-02-30" }), 400, "bad_field"),
            (json!({ "served_on": "2026-11-20" }), 400, "menu_in_past"),
            (json!({ "period": "supper" }), 400, "bad_field"),
            (json!({ "period": "dinner" }), 400, "period_not_served"),
            (json!({ "items": [] }), 400, "bad_menu"),
            (json!({ "modes": [] }), 400, "bad_menu"),
            (priced(json!(-1)), 400, "bad_field"),
            (priced(json!(i64::MAX)), 400, "bad_field"),
            (priced(json!(12.5)), 400, "bad_field"),
            (priced(json!("1500")), 400, "bad_field"),
        ] {
            house.refuses(&path, menu(on, changes), status, code).await;
        }
        house.refuses(&path, menu("2026-11-24", json!({})), 409, "menu_exists").await;
    }

    async fn a_person_or_a_day_that_cannot_be_is_refused_and_nothing_is_written(db: TestDb) {
        let house = House::open(db).await;
        let person = |born_on: &str| json!({ "canteen_id": house.here, "full_name": "王秀英", "born_on": born_on });
        house.refuses("/residents", person("1826-11-22"), 400, "bad_birth_date").await;
        house.refuses("/residents", person("2026-11-23"), 400, "bad_birth_date").await;
        house.refuses("/residents", person("1944-02-30"), 400, "bad_field").await;
        house.refuses("/residents", person("long ago"), 400, "bad_field").await;
        let closures = format!("/canteens/{}/closures", house.here.as_str().unwrap());
        let close = |from: &str, to: &str| json!({ "from_on": from, "to_on": to, "reason": "停电" });
        house.refuses(&closures, close("2026-11-26", "2026-11-25"), 400, "bad_closure").await;
        house.refuses(&closures, close("2026-11-01", "2026-11-02"), 400, "bad_closure").await;
    }

    async fn an_id_of_another_canteen_is_refused_and_nothing_is_written(db: TestDb) {
        let house = House::open(db).await;
        let plan = menu("2026-11-25", json!({}));
        house.refuses(&House::menus_of(&house.there), plan.clone(), 403, "not_allowed_here").await;
        let nowhere = json!("01935200-0000-7000-8000-000000000000");
        house.refuses(&House::menus_of(&nowhere), plan.clone(), 404, "canteen_not_found").await;
        house.refuses("/canteens/none/menus", plan, 404, "not_found").await;
        let stranger = json!({ "canteen_id": house.there, "full_name": "王秀英", "born_on": "1944-05-01" });
        house.refuses("/residents", stranger, 403, "not_allowed_here").await;
    }

    async fn an_order_that_cannot_be_is_refused_and_nothing_is_written(db: TestDb) {
        let house = House::open(db).await;
        let person = json!({ "canteen_id": house.here, "full_name": "王秀英", "born_on": "1944-05-01" });
        let resident = house.app.post("/residents", person).by(&house.desk).send().await.expect(201);
        let other = menu("2026-11-25", json!({}));
        let other = house.app.post(&House::menus_of(&house.here), other).by(&house.desk).send().await.expect(201);
        let item = &house.menu["items"][0]["id"];
        let order = |lines: Value| json!({ "menu_id": house.menu["id"], "resident_id": resident["id"], "lines": lines });
        let line = |portions: i64| json!({ "item_id": item, "portions": portions });
        for (lines, code) in [
            (json!([]), "bad_field"),
            (json!([line(0)]), "bad_field"),
            (json!([line(-1)]), "bad_field"),
            (json!([line(21)]), "bad_field"),
            (json!([line(1), line(1)]), "bad_order"),
            (json!([line(1 << 40)]), "bad_field"),
            (json!([{ "item_id": other["items"][0]["id"], "portions": 1 }]), "bad_order"),
            (json!([{ "item_id": "none", "portions": 1 }]), "bad_field"),
        ] {
            house.refuses("/reservations", order(lines), 400, code).await;
        }
        let nobody = json!({ "menu_id": house.menu["id"], "lines": [line(1)] });
        house.refuses("/reservations", nobody, 400, "bad_order").await;
    }

    async fn a_day_that_is_too_far_away_never_reaches_the_database(db: TestDb) {
        let house = House::open(db).await;
        let path = House::menus_of(&house.here);
        for on in ["9999-12-31", "2028-01-01", "262142-12-31"] {
            let code = if on.len() > 10 { "bad_field" } else { "bad_menu" };
            house.refuses(&path, menu(on, json!({})), 400, code).await;
        }
        for days in ["from=9999-12-31&to=9999-12-31", "from=0001-01-01&to=0001-01-02"] {
            house.app.get(&format!("{path}?{days}")).send().await.refused(400, "bad_span");
        }
        let here = house.here.as_str().unwrap();
        for query in ["on=9999-12-31", "on=0000-01-01"] {
            let counts = format!("/canteens/{here}/headcounts?{query}");
            house.app.get(&counts).by(&house.desk).send().await.refused(400, "bad_span");
        }
    }

    async fn a_count_as_of_the_future_is_a_count_as_of_now(db: TestDb) {
        let house = House::open(db).await;
        let here = house.here.as_str().unwrap();
        let path = format!("/canteens/{here}/headcounts?on=2026-11-24&as_of=2099-01-01T00:00:00Z");
        let counts = house.app.get(&path).by(&house.desk).send().await.expect(200);
        assert_eq!((&counts["as_of"], &counts["provisional"]), (&json!("2026-11-22T04:00:00Z"), &json!(true)));
    }

    async fn a_user_name_that_cannot_be_one_is_looked_up_nowhere(db: TestDb) {
        let house = House::open(db).await;
        let admin = house.app.sign_in("root", crate::support::PASSWORD).await.expect(200);
        house.app.get("/accounts?user_name=a%00b").by(&admin).send().await.refused(400, "bad_query");
    }

    async fn a_policy_that_says_a_thing_twice_is_refused(db: TestDb) {
        let house = House::open(db).await;
        let admin = house.app.sign_in("root", crate::support::PASSWORD).await.expect(200);
        let twice = r#"{ "code": "twice", "area": { "city": "贵阳市" }, "name": { "zh": "两次", "en": "Twice" }, "layers": [{
            "payer": "city", "rank": 1, "pick": "first",
            "tiers": [{ "code": "all", "pay": { "fixed_fen": 100, "fixed_fen": 900 } }]
        }] }"#;
        house.app.post_typed("/policies", twice).by(&admin).send().await.refused(400, "bad_field");
    }

    async fn a_clock_that_is_behind_stops_writing_and_nothing_else(db: TestDb) {
        let house = House::open(db).await;
        house.app.pass(TimeDelta::minutes(-6));
        let path = House::menus_of(&house.here);
        house.refuses(&path, menu("2026-11-25", json!({})), 503, "clock_behind").await;
        house.app.get(&format!("/menus/{}", house.menu["id"].as_str().unwrap())).send().await.expect(200);
        house.app.pass(TimeDelta::minutes(6));
        house.app.post(&path, menu("2026-11-25", json!({}))).by(&house.desk).send().await.expect(201);
    }

    async fn a_role_that_ended_a_second_ago_is_over(db: TestDb) {
        let house = House::open(db).await;
        let admin = house.app.sign_in("root", crate::support::PASSWORD).await.expect(200);
        let grant = json!({ "role": "staff", "canteen_id": house.here, "ends_at": "2026-11-22T04:01:00Z" });
        let helper = house.app.with_role(&admin, "helper", grant).await;
        let post = |on: &str| house.app.post(&House::menus_of(&house.here), menu(on, json!({}))).by(&helper);
        house.app.pass(TimeDelta::seconds(59));
        post("2026-11-25").send().await.expect(201);
        house.app.get("/residents").by(&helper).send().await.expect(200);
        house.app.pass(TimeDelta::seconds(2));
        post("2026-11-26").send().await.refused(403, "not_allowed");
        house.app.get("/residents").by(&helper).send().await.refused(403, "not_allowed");
    }

    async fn a_body_of_100_megabytes_is_refused_before_it_is_sent(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let (address, desk) = (town.servers[0].address(), &town.canteens[0]);
        let mut stream = TcpStream::connect(address).unwrap();
        let (id, token) = (&desk.id, desk.desk.token());
        write!(
            stream,
            "POST /api/v1/canteens/{id}/menus HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nIdempotency-Key: large\r\nContent-Length: 104857600\r\n\
             Connection: close\r\n\r\n{{"
        )
        .unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413");
    }
}

on_sqlite! {
    async fn a_full_disk_is_told_and_nothing_is_written_until_there_is_room(db: TestDb) {
        let house = House::open(db).await;
        let before = house.written().await;
        let dish = |number: usize| json!({ "name": format!("菜{number}"), "kind": "dish", "price_fen": 500 });
        let dishes: Vec<Value> = (0..60).map(dish).collect();
        let menus: Vec<Value> = (1..=7)
            .map(|day| menu(&format!("2026-12-0{day}"), json!({ "items": dishes })))
            .collect();
        let path = format!("{}/week", House::menus_of(&house.here));
        let week = || house.app.post(&path, json!({ "menus": menus })).by(&house.desk).header("Idempotency-Key", "week");
        // The limit is the connection's, which is a new one after the failure: by then there is room.
        house.app.write(|conn, _| Ok(conn.batch_execute("PRAGMA max_page_count = 1")?)).await;
        week().send().await.refused(503, "disk_full");
        assert_eq!(house.written().await, before);
        let made = week().send().await;
        assert!(!made.replayed);
        made.expect(201);
    }
}
