//! Standing orders: placed with the menu, once each, and nothing that comes to nothing is kept quiet (BR-24, BR-28).

use chrono::{Days, NaiveDate, TimeDelta};
use diesel::prelude::*;
use leling::{db::schema, id::Id, ids::StandingOrderId};
use serde_json::{Value, json};

use crate::support::{
    Plan, Reply, TestDb, Town,
    lunch::Lunch,
    race,
    world::{TODAY, TOMORROW, fact_body, id_of, resident_body},
};

/// Tuesday.
const DAY_AFTER: &str = "2026-11-24";

/// A set meal for lunch on every day from tomorrow on.
fn daily(lunch: &Lunch, resident: &str) -> Value {
    json!({
        "canteen_id": lunch.canteen, "resident_id": resident, "from_on": TOMORROW, "item_rule": "set_meal",
        "meals": [{ "period": "lunch", "mode": "dine_in", "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] }]
    })
}

/// What a change says: the order without whom and where it is for.
fn terms(mut order: Value, changes: Value) -> Value {
    for field in ["canteen_id", "resident_id"] {
        order.as_object_mut().unwrap().remove(field);
    }
    order.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    order
}

async fn orders(lunch: &Lunch, name: &str, order: Value) -> Value {
    lunch.post(name, "/standing-orders", order).await.expect(201)
}

/// Changes the order as it stands now.
async fn changes(lunch: &Lunch, name: &str, order: &str, terms: Value) -> Reply {
    let tokens = lunch.tokens(name).await;
    let path = format!("/standing-orders/{order}");
    let etag = lunch.app.get(&path).by(&tokens).send().await.etag.unwrap();
    lunch.app.put(&path, terms).by(&tokens).header("If-Match", &etag).send().await
}

/// What an order came to: day, status, reason.
async fn outcomes(lunch: &Lunch, name: &str, order: &str) -> Vec<(String, String, String)> {
    let found = lunch.get(name, &format!("/standing-orders/{order}/outcomes")).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| (text(&outcome["served_on"]), text(&outcome["status"]), text(&outcome["reason"])))
        .collect();
    found.sort();
    found
}

fn came_to(outcomes: &[(String, String, String)]) -> Vec<(&str, &str, &str)> {
    outcomes.iter().map(|(on, status, reason)| (on.as_str(), status.as_str(), reason.as_str())).collect()
}

/// The reservation of a menu that stands; when none does, one that was cancelled. The held clock tells no newer from older.
async fn reservation(lunch: &Lunch, menu: &Value) -> Value {
    let found = lunch.get("staff", &format!("/reservations?menu_id={}", id_of(menu))).await;
    let items = found["items"].as_array().unwrap();
    items.iter().find(|found| found["status"] == "active").unwrap_or(&items[0]).clone()
}

async fn cancel(lunch: &Lunch, reservation: &Value) {
    let path = format!("/reservations/{}/cancel", reservation["id"].as_str().unwrap());
    lunch.post("daughter", &path, Value::Null).await.expect(200);
}

/// Menus with one place each.
async fn small_menu(lunch: &Lunch, served_on: &str) -> Value {
    let body = json!({
        "served_on": served_on, "period": "lunch", "capacity": 1, "publish": true,
        "items": [{ "name": "套餐", "kind": "set", "price_fen": 1000 }]
    });
    lunch.post("staff", &format!("/canteens/{}/menus", lunch.canteen), body).await.expect(201)
}

on_both! {
    /// BR-23, BR-24
    async fn a_menu_that_is_published_is_reserved_in_the_same_act_for_whom_it_stands_ordered(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let made = orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await;
        assert_eq!((&made["outcomes"], &made["order"]["by_right"]), (&json!([]), &json!("family")));
        let order = id_of(&made["order"]);
        let menu = lunch.menu(TOMORROW, "lunch").await;
        assert_eq!(menu["places_left"], 9);
        lunch.menu(TOMORROW, "dinner").await;
        let reserved = reservation(&lunch, &menu).await;
        assert_eq!(
            [&reserved["channel"], &reserved["by_right"], &reserved["resident_id"], &reserved["standing_order_id"]],
            [&json!("standing_order"), &json!("family"), &json!(lunch.father), &json!(order)]
        );
        assert_eq!(reserved["lines"][0]["name"], "套餐");
        assert_eq!(lunch.get("daughter", &format!("/reservations/{}", id_of(&reserved))).await["quote"]["resident_fen"], 700);
        assert_eq!(came_to(&outcomes(&lunch, "daughter", &order).await), [(TOMORROW, "reserved", "")]);
        assert_eq!(lunch.headcount(TOMORROW, None).await["confirmed"]["people"], 1);
    }

    async fn the_oldest_order_comes_first_and_the_rest_join_the_waiting_list(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let first = id_of(&orders(&lunch, "staff", daily(&lunch, &lunch.neighbour)).await["order"]);
        lunch.app.pass(TimeDelta::minutes(1));
        let second = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        let menu = small_menu(&lunch, TOMORROW).await;
        assert_eq!((&menu["places_left"], &menu["waiting"]), (&json!(0), &json!(1)));
        assert_eq!(came_to(&outcomes(&lunch, "staff", &first).await), [(TOMORROW, "reserved", "")]);
        assert_eq!(came_to(&outcomes(&lunch, "daughter", &second).await), [(TOMORROW, "waiting", "")]);
        let line = lunch.get("daughter", &format!("/menus/{}/waiting", id_of(&menu))).await;
        assert_eq!((&line["items"][0]["channel"], &line["items"][0]["rank"]), (&json!("standing_order"), &json!(1)));
        let taken = reservation(&lunch, &menu).await;
        lunch.post("staff", &format!("/reservations/{}/cancel", id_of(&taken)), Value::Null).await.expect(200);
        assert_eq!(came_to(&outcomes(&lunch, "daughter", &second).await), [(TOMORROW, "reserved", "")]);
        let promoted = reservation(&lunch, &menu).await;
        assert_eq!((&promoted["resident_id"], &promoted["standing_order_id"]), (&json!(lunch.father), &json!(second)));
    }

    async fn what_waits_in_vain_is_told_with_the_order(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        orders(&lunch, "staff", daily(&lunch, &lunch.neighbour)).await;
        lunch.app.pass(TimeDelta::minutes(1));
        let second = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        small_menu(&lunch, TOMORROW).await;
        lunch.app.pass(TimeDelta::hours(5));
        lunch.app.write(leling::reservations::waiting::end_past_cutoff).await;
        assert_eq!(came_to(&outcomes(&lunch, "daughter", &second).await), [(TOMORROW, "not_reserved", "cutoff_passed")]);
    }

    async fn what_was_cancelled_is_never_made_again(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let order = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        let menu = lunch.menu(TOMORROW, "lunch").await;
        cancel(&lunch, &reservation(&lunch, &menu).await).await;
        let changed = terms(daily(&lunch, &lunch.father), json!({ "item_rule": "cheapest" }));
        let changed = changes(&lunch, "daughter", &order, changed).await.expect(200);
        assert_eq!((&changed["outcomes"], &changed["reserved"]), (&json!([]), &json!([])));
        assert_eq!(reservation(&lunch, &menu).await["status"], "cancelled");
    }

    async fn an_order_made_later_is_placed_on_menus_that_are_published_and_open(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        for on in [TODAY, TOMORROW, DAY_AFTER] {
            lunch.menu(on, "lunch").await;
        }
        let mut order = daily(&lunch, &lunch.father);
        order["from_on"] = json!(TODAY);
        let made = orders(&lunch, "daughter", order).await;
        // Today's cut-off was yesterday.
        let placed: Vec<&Value> = made["outcomes"].as_array().unwrap().iter().map(|outcome| &outcome["served_on"]).collect();
        assert_eq!(placed, [&json!(TOMORROW), &json!(DAY_AFTER)]);
        assert_eq!(made["outcomes"][0]["status"], "reserved");
    }

    async fn pausing_offers_to_cancel_what_is_reserved_and_does_it_when_asked(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let order = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        let (first, second) = (lunch.menu(TOMORROW, "lunch").await, lunch.menu(DAY_AFTER, "lunch").await);
        let paused = |cancel: bool| terms(daily(&lunch, &lunch.father), json!({
            "pauses": [{ "from_on": DAY_AFTER, "to_on": "2026-11-30" }], "cancel_reserved": cancel
        }));
        let offered = changes(&lunch, "daughter", &order, paused(false)).await.expect(200);
        assert_eq!(offered["reserved"].as_array().unwrap().len(), 1);
        assert_eq!((&offered["reserved"][0]["served_on"], &offered["reserved"][0]["cancelled"]), (&json!(DAY_AFTER), &json!(false)));
        assert_eq!(reservation(&lunch, &second).await["status"], "active");
        let done = changes(&lunch, "daughter", &order, paused(true)).await.expect(200);
        assert_eq!(done["reserved"][0]["cancelled"], true);
        let cancelled = reservation(&lunch, &second).await;
        assert_eq!((&cancelled["status"], &cancelled["cancelled_as"]), (&json!("cancelled"), &json!("by_family")));
        assert_eq!(reservation(&lunch, &first).await["status"], "active");
        lunch.menu("2026-11-25", "lunch").await;
        let third = outcomes(&lunch, "daughter", &order).await;
        assert_eq!(came_to(&third), [(TOMORROW, "reserved", ""), (DAY_AFTER, "reserved", "")], "paused days are not tried");
        let resumed = terms(daily(&lunch, &lunch.father), json!({}));
        let resumed = changes(&lunch, "daughter", &order, resumed).await.expect(200);
        let placed: Vec<&Value> = resumed["outcomes"].as_array().unwrap().iter().map(|outcome| &outcome["served_on"]).collect();
        assert_eq!(placed, [&json!("2026-11-25")]);
    }

    async fn a_pause_leaves_the_waiting_list_and_resuming_joins_it_again(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        orders(&lunch, "staff", daily(&lunch, &lunch.neighbour)).await;
        lunch.app.pass(TimeDelta::minutes(1));
        let order = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        let menu = small_menu(&lunch, TOMORROW).await;
        let skips = terms(daily(&lunch, &lunch.father), json!({ "skips": [TOMORROW] }));
        changes(&lunch, "daughter", &order, skips).await.expect(200);
        let told = outcomes(&lunch, "daughter", &order).await;
        assert_eq!(came_to(&told), [(TOMORROW, "not_reserved", "standing_order_paused")]);
        let path = format!("/menus/{}", id_of(&menu));
        assert_eq!(lunch.get("daughter", &path).await["waiting"], 0);
        let resumed = terms(daily(&lunch, &lunch.father), json!({}));
        let resumed = changes(&lunch, "daughter", &order, resumed).await.expect(200);
        assert_eq!(resumed["outcomes"][0]["status"], "waiting");
        assert_eq!(lunch.get("daughter", &path).await["waiting"], 1);
    }

    async fn who_leaves_the_line_by_hand_is_not_put_back_by_the_order(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        orders(&lunch, "staff", daily(&lunch, &lunch.neighbour)).await;
        lunch.app.pass(TimeDelta::minutes(1));
        let order = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        let menu = small_menu(&lunch, TOMORROW).await;
        let line = lunch.get("daughter", &format!("/menus/{}/waiting", id_of(&menu))).await;
        let daughter = lunch.tokens("daughter").await;
        lunch.app.delete(&format!("/waiting/{}", id_of(&line["items"][0]))).by(&daughter).send().await.expect(200);
        let same = terms(daily(&lunch, &lunch.father), json!({}));
        let same = changes(&lunch, "daughter", &order, same).await.expect(200);
        assert_eq!(same["outcomes"], json!([]));
        assert_eq!(came_to(&outcomes(&lunch, "daughter", &order).await), [(TOMORROW, "not_reserved", "")]);
    }

    async fn an_order_that_is_ended_places_no_more(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let order = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        let menu = lunch.menu(TOMORROW, "lunch").await;
        let daughter = lunch.tokens("daughter").await;
        let end = |version: &'static str| lunch.app.delete(&format!("/standing-orders/{order}?cancel_reserved=true")).by(&daughter).header("If-Match", version).send();
        end("\"v2\"").await.refused(412, "stale");
        let ended = end("\"v1\"").await.expect(200);
        assert_eq!((&ended["order"]["status"], &ended["order"]["ended_as"]), (&json!("ended"), &json!("by_family")));
        assert_eq!(ended["reserved"][0]["cancelled"], true);
        assert_eq!(reservation(&lunch, &menu).await["status"], "cancelled");
        end("\"v2\"").await.refused(409, "standing_order_ended");
        let menu = lunch.menu(DAY_AFTER, "lunch").await;
        assert_eq!(menu["places_left"], 10);
    }

    /// BR-13
    async fn each_rule_chooses_its_item_and_never_one_with_an_allergen(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let items = json!([
            { "name": "花生套餐", "kind": "set", "price_fen": 900, "allergens": ["peanut"] },
            { "name": "红烧肉套餐", "kind": "set", "price_fen": 1200 },
            { "name": "软食套餐", "kind": "set", "price_fen": 1300, "diet_tags": ["soft", "low_salt"] },
            { "name": "花生米", "kind": "dish", "price_fen": 100, "allergens": ["peanut"] },
            { "name": "面条", "kind": "dish", "price_fen": 600 }
        ]);
        let body = json!({ "served_on": TOMORROW, "period": "lunch", "items": items, "publish": true });
        let menu = lunch.post("staff", &format!("/canteens/{}/menus", lunch.canteen), body).await.expect(201);
        for (rule, name) in [("set_meal", "红烧肉套餐"), ("cheapest", "面条"), ("by_diet", "软食套餐")] {
            let mut order = daily(&lunch, &lunch.father);
            order["item_rule"] = json!(rule);
            let made = orders(&lunch, "daughter", order).await;
            assert_eq!(made["outcomes"][0]["status"], "reserved", "{rule}: {made}");
            let reserved = reservation(&lunch, &menu).await;
            assert_eq!(reserved["lines"][0]["name"], name);
            cancel(&lunch, &reserved).await;
        }
    }

    async fn what_could_not_be_reserved_is_told_to_the_family_and_to_the_staff(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let by_diet = |resident: &str| {
            let mut order = daily(&lunch, resident);
            order["item_rule"] = json!("by_diet");
            order
        };
        let fathers = id_of(&orders(&lunch, "daughter", by_diet(&lunch.father)).await["order"]);
        let neighbours = id_of(&orders(&lunch, "staff", daily(&lunch, &lunch.neighbour)).await["order"]);
        let away = fact_body("away");
        lunch.post("officer", &format!("/residents/{}/facts", lunch.neighbour), away).await.expect(201);
        lunch.menu(TOMORROW, "lunch").await;
        assert_eq!(came_to(&outcomes(&lunch, "daughter", &fathers).await), [(TOMORROW, "not_reserved", "no_item_fits")]);
        assert_eq!(came_to(&outcomes(&lunch, "staff", &neighbours).await), [(TOMORROW, "not_reserved", "resident_away")]);
        let path = format!("/canteens/{}/standing-order-outcomes?on={TOMORROW}&status=not_reserved", lunch.canteen);
        let told = lunch.get("staff", &path).await;
        let mut names: Vec<&str> = told["items"].as_array().unwrap().iter().map(|told| told["full_name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["示例父亲", "示例邻居"]);
        assert_eq!(told["items"][0]["phone"], "13800000000");
        assert!(told["items"][0]["outcome"]["detail"].as_str().is_some());
        // What came to nothing is tried again when the order changes.
        let changed = terms(daily(&lunch, &lunch.father), json!({}));
        let changed = changes(&lunch, "daughter", &fathers, changed).await.expect(200);
        assert_eq!(changed["outcomes"][0]["status"], "reserved");
    }

    async fn an_order_that_cannot_be_placed_keeps_no_other_back(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let suspended = id_of(&orders(&lunch, "staff", daily(&lunch, &lunch.neighbour)).await["order"]);
        let good = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        let mut edit = resident_body(&lunch.canteen, "示例邻居", "80010002", &json!({ "city": "示例市" }));
        for (field, value) in [("allergens", json!([])), ("diet_tags", json!([])), ("status", json!("suspended"))] {
            edit[field] = value;
        }
        let staff = lunch.tokens("staff").await;
        let edit = lunch.app.put(&format!("/residents/{}", lunch.neighbour), edit).by(&staff).header("If-Match", "\"v1\"");
        edit.send().await.expect(200);
        lunch.menu(TOMORROW, "lunch").await;
        assert_eq!(came_to(&outcomes(&lunch, "staff", &suspended).await), [(TOMORROW, "not_reserved", "resident_inactive")]);
        assert_eq!(came_to(&outcomes(&lunch, "daughter", &good).await), [(TOMORROW, "reserved", "")]);
    }

    /// BR-28
    async fn a_death_ends_the_orders_and_a_link_that_ends_does_not(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let order = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        let links = lunch.get("daughter", "/family-links").await;
        let link = links["items"].as_array().unwrap().iter().find(|link| link["status"] == "active").unwrap();
        lunch.post("daughter", &format!("/family-links/{}/end", id_of(link)), Value::Null).await.expect(200);
        let daughter = lunch.tokens("daughter").await;
        lunch.app.get(&format!("/standing-orders/{order}")).by(&daughter).send().await.refused(404, "standing_order_not_found");
        let menu = lunch.menu(TOMORROW, "lunch").await;
        let reserved = reservation(&lunch, &menu).await;
        assert_eq!((&reserved["resident_id"], &reserved["by_right"]), (&json!(lunch.father), &json!("family")));
        let mut death = fact_body("deceased");
        death["from_on"] = json!(TODAY);
        lunch.post("officer", &format!("/residents/{}/facts", lunch.father), death).await.expect(201);
        let ended = lunch.get("staff", &format!("/standing-orders/{order}")).await;
        assert_eq!((&ended["status"], &ended["ended_as"]), (&json!("ended"), &json!("deceased")));
        assert_eq!(reservation(&lunch, &menu).await["cancelled_as"], "deceased");
        assert_eq!(lunch.menu(DAY_AFTER, "lunch").await["places_left"], 10);
    }

    async fn a_week_that_is_posted_and_one_that_is_copied_are_reserved_as_well(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let order = id_of(&orders(&lunch, "daughter", daily(&lunch, &lunch.father)).await["order"]);
        let menu = |on: &str, publish: bool| json!({
            "served_on": on, "period": "lunch", "publish": publish, "items": [{ "name": "套餐", "kind": "set", "price_fen": 1000 }]
        });
        let path = format!("/canteens/{}/menus", lunch.canteen);
        let week = json!({ "menus": [menu(TOMORROW, true), menu(DAY_AFTER, false)] });
        let posted = lunch.post("staff", &format!("{path}/week"), week).await.expect(201);
        lunch.post("staff", &format!("/menus/{}/publish", id_of(&posted["items"][1])), Value::Null).await.expect(200);
        let copy = json!({ "from_on": TOMORROW, "to_on": "2026-11-30", "days": 2, "publish": true });
        lunch.post("staff", &format!("{path}/copy"), copy).await.expect(201);
        let days: Vec<String> = outcomes(&lunch, "daughter", &order).await.into_iter().map(|(on, ..)| on).collect();
        assert_eq!(days, [TOMORROW, DAY_AFTER, "2026-11-30", "2026-12-01"]);
    }

    async fn an_order_that_cannot_be_is_refused(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let with = |changes: Value| {
            let mut order = daily(&lunch, &lunch.father);
            order.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            order
        };
        let meal = |period: &str, mode: &str, weekdays: Value| json!({ "period": period, "mode": mode, "weekdays": weekdays });
        for (changes, code) in [
            (json!({ "meals": [] }), "bad_field"),
            (json!({ "meals": [meal("lunch", "dine_in", json!([]))] }), "bad_field"),
            (json!({ "meals": [meal("lunch", "dine_in", json!(["mon", "mon"]))] }), "bad_standing_order"),
            (json!({ "meals": [meal("lunch", "dine_in", json!(["mon"])), meal("lunch", "takeaway", json!(["mon"]))] }), "bad_standing_order"),
            (json!({ "meals": [meal("breakfast", "dine_in", json!(["mon"]))] }), "period_not_served"),
            (json!({ "meals": [meal("lunch", "delivery", json!(["mon"]))] }), "mode_not_offered"),
            (json!({ "to_on": TODAY }), "bad_standing_order"),
            (json!({ "to_on": "2099-01-01" }), "bad_standing_order"),
            (json!({ "pauses": [{ "from_on": "2026-12-02", "to_on": "2026-12-01" }] }), "bad_standing_order"),
            (json!({ "skips": ["9999-12-31"] }), "bad_standing_order"),
            (json!({ "item_rule": "the_best" }), "bad_field"),
        ] {
            lunch.post("daughter", "/standing-orders", with(changes)).await.refused(400, code);
        }
    }
}

// Many, and many at once ----------------------------------------------------------------------------------------------

/// A standing order of every resident for all meals from tomorrow on, written as if each had been made in turn.
fn everybody_orders(town: &Town) {
    use schema::standing_orders as o;
    let from_on: NaiveDate = town.today() + Days::new(1);
    let canteen: leling::ids::CanteenId = serde_json::from_value(json!(town.canteens[0].id)).unwrap();
    let all = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    let meals = ["breakfast", "lunch", "dinner"]
        .map(|period| json!({ "period": period, "mode": "dine_in", "weekdays": all }));
    let meals = json!(meals).to_string();
    let residents: Vec<leling::ids::ResidentId> =
        town.residents.iter().map(|resident| serde_json::from_value(json!(resident.id)).unwrap()).collect();
    town.write(move |conn, now| {
        for (nth, resident) in (0..).zip(&residents) {
            let created_at = now + TimeDelta::microseconds(nth);
            let id: StandingOrderId = Id::new(created_at);
            diesel::insert_into(o::table)
                .values((
                    o::id.eq(id),
                    o::resident_id.eq(*resident),
                    o::canteen_id.eq(canteen),
                    o::status.eq("active"),
                    o::from_on.eq(from_on),
                    o::meals.eq(&meals),
                    o::item_rule.eq("set_meal"),
                    o::pauses.eq("[]"),
                    o::skips.eq("[]"),
                    o::right_kind.eq("self"),
                    o::actor_kind.eq("system"),
                    o::created_at.eq(created_at),
                    o::version.eq(1),
                ))
                .execute(conn)?;
        }
        Ok(())
    });
}

/// How many outcomes of each status a menu has.
fn tally(town: &Town, menu: leling::ids::MenuId) -> (i64, i64, i64) {
    use schema::standing_order_outcomes as o;
    let of = |status: &'static str| {
        town.look(|conn| {
            o::table.filter(o::menu_id.eq(menu)).filter(o::status.eq(status)).count().get_result(conn)
        })
    };
    (of("reserved"), of("waiting"), of("not_reserved"))
}

fn several_hundred(db: TestDb) {
    let town = Town::open(db, Plan { residents: 300, ..Plan::USUAL });
    everybody_orders(&town);
    let meal = town.meal(0, 0, 250, None);
    assert_eq!(tally(&town, meal.menu_id()), (250, 50, 0));
    assert_eq!(town.counted(&meal).reservations, 250);
}

/// Menus are published while orders are made and changed; how many meals came to no order's knowledge.
fn published_and_ordered_at_once(db: TestDb, servers: usize, guards_off: &str, rounds: usize) -> usize {
    let town = Town::open(db, Plan { servers, residents: 4, guards_off, ..Plan::USUAL });
    let (canteen, from_on) = (&town.canteens[0], town.today() + Days::new(1));
    let desk = canteen.desk.at(town.servers.last().unwrap());
    let mut missed = 0;
    for round in 0..rounds {
        // Every round has a day of its own, so that what one round missed is not made good by the next.
        let on = from_on + Days::new(round as u64);
        let menu = json!({
            "served_on": on, "period": "lunch", "capacity": 50, "publish": true,
            "items": [{ "name": "套餐", "kind": "set", "price_fen": 1500 }]
        });
        let publish = || desk.post(&format!("/canteens/{}/menus", canteen.id), menu.clone()).expect(201);
        let order = json!({
            "canteen_id": canteen.id, "from_on": on, "to_on": on, "item_rule": "set_meal",
            "meals": [{ "period": "lunch", "mode": "dine_in", "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] }]
        });
        let orders = town.residents.iter().map(|resident| {
            let mut order = order.clone();
            order["resident_id"] = json!(resident.id);
            Box::new(move || resident.client.post("/standing-orders", order).expect(201))
                as Box<dyn FnOnce() -> Value + Send>
        });
        let published = Box::new(publish) as Box<dyn FnOnce() -> Value + Send>;
        let answers = race(std::iter::once(published).chain(orders));
        let menu: leling::ids::MenuId = serde_json::from_value(answers[0]["id"].clone()).unwrap();
        let (reserved, waiting, not_reserved) = tally(&town, menu);
        assert_eq!((waiting, not_reserved), (0, 0));
        missed += town.residents.len() - usize::try_from(reserved).unwrap();
    }
    missed
}

on_both! {
    async fn a_menu_with_several_hundred_orders_is_published_in_one_act(db: TestDb) {
        several_hundred(db);
    }

    async fn no_order_misses_a_menu_that_is_published_at_the_same_moment(db: TestDb) {
        assert_eq!(published_and_ordered_at_once(db, 1, "", 10), 0);
    }

    async fn without_the_guard_of_once_each_a_cancelled_meal_comes_back(db: TestDb) {
        let town = Town::open(db, Plan { guards_off: "once_each", ..Plan::USUAL });
        let resident = &town.residents[0];
        let meal = town.meal(0, 1, 10, None);
        let mut order = json!({
            "canteen_id": town.canteens[0].id, "resident_id": resident.id, "from_on": town.day(1), "item_rule": "set_meal",
            "meals": [{ "period": "lunch", "mode": "dine_in", "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] }]
        });
        let made = resident.client.post("/standing-orders", order.clone()).expect(201);
        let reservation = made["outcomes"][0]["reservation_id"].as_str().unwrap();
        resident.client.post(&format!("/reservations/{reservation}/cancel"), Value::Null).expect(200);
        for field in ["canteen_id", "resident_id"] {
            order.as_object_mut().unwrap().remove(field);
        }
        let path = format!("/standing-orders/{}", id_of(&made["order"]));
        resident.client.put(&path, order, "\"v1\"").expect(200);
        assert_eq!(town.counted(&meal).reservations, 1);
    }
}

on_postgres! {
    async fn two_processes_let_no_order_miss_a_menu_that_is_published_at_the_same_moment(db: TestDb) {
        assert_eq!(published_and_ordered_at_once(db, 2, "", 20), 0);
    }

    async fn without_the_guard_of_turns_an_order_misses_a_menu(db: TestDb) {
        assert!(published_and_ordered_at_once(db, 2, "turns", 40) > 0);
    }
}
