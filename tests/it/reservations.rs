//! The intention to eat: placed, changed, cancelled, and what others do to it (BR-13, BR-20 to BR-28).

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    lunch::{Lunch, three_yuan_a_day},
    world::{TODAY, TOMORROW, fact_body, id_of},
};

fn path(reservation: &Value, act: &str) -> String {
    format!("/reservations/{}{act}", reservation["id"].as_str().unwrap())
}

on_both! {
    /// BR-21
    async fn after_the_cutoff_the_desk_reserves_alone_and_it_is_marked_late(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TOMORROW, "lunch").await;
        lunch.app.pass(TimeDelta::hours(5));
        let refused = lunch.reserve("daughter", &lunch.father, &menu, 1).await;
        assert!(refused.body["detail"].as_str().unwrap().contains("2026-11-22 16:00"), "{}", refused.body);
        refused.refused(409, "cutoff_passed");
        let late = lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        assert_eq!((late["late"].as_bool(), late["channel"].as_str()), (Some(true), Some("desk")));
    }
}

on_both! {
    /// BR-22, BR-25
    async fn who_cancels_in_time_gives_back_the_place_the_portions_and_the_subsidy(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TOMORROW, "lunch").await;
        let placed = lunch.reserve("daughter", &lunch.father, &menu, 1).await.expect(201);
        assert_eq!(lunch.drawn("pending", TOMORROW).await, 300);
        lunch.post("daughter", &path(&placed, "/cancel"), Value::Null).await.expect(200);
        assert_eq!(lunch.drawn("pending", TOMORROW).await, 0);
        let menu = lunch.get("daughter", &format!("/menus/{}", menu["id"].as_str().unwrap())).await;
        assert_eq!(menu["places_left"], 10);
        let again = lunch.reserve("daughter", &lunch.father, &menu, 1).await.expect(201);
        assert_eq!(again["quote"]["resident_fen"], 700);
    }
}

on_both! {
    async fn what_one_has_reserved_is_priced_as_before_and_what_was_served_counts_as_eaten(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let reserved = lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let lines = json!([{ "item_id": menu["items"][0]["id"], "portions": 1 }]);
        let asked = json!({ "resident_id": lunch.father, "menu_id": menu["id"], "lines": lines });
        let price = async || {
            let quote = lunch.post("daughter", "/quotes", asked.clone()).await.expect(200);
            quote["resident_fen"].as_i64().unwrap()
        };
        assert_eq!(price().await, 700);
        lunch.tap("staff", &menu, json!({ "reservation_id": reserved["id"] })).await.expect(201);
        assert_eq!(price().await, 1000, "the subsidy of the day is used");
    }

    async fn what_one_limit_gets_back_for_its_own_price_another_of_the_same_day_does_not(db: TestDb) {
        let mut policy = three_yuan_a_day();
        policy["limits"] = json!({ "once": { "window": "day", "count": 1 }, "twice": { "window": "day", "count": 2 } });
        let mut city = policy["layers"][0].clone();
        (city["payer"], city["rank"], city["limits"]) = (json!("city"), json!(20), json!(["twice"]));
        policy["layers"][0]["limits"] = json!(["once"]);
        policy["layers"].as_array_mut().unwrap().push(city);
        let lunch = Lunch::with_policy(db, policy).await;
        let (noon, evening) = (lunch.menu(TODAY, "lunch").await, lunch.menu(TODAY, "dinner").await);
        let first = lunch.reserve("staff", &lunch.father, &noon, 1).await.expect(201);
        let second = lunch.reserve("staff", &lunch.father, &evening, 1).await.expect(201);
        assert_eq!((&first["quote"]["due_fen"], &second["quote"]["due_fen"]), (&json!(400), &json!(700)));
        let lines = json!([{ "item_id": evening["items"][0]["id"], "portions": 1 }]);
        let asked = json!({ "resident_id": lunch.father, "menu_id": evening["id"], "lines": lines });
        let quote = lunch.post("daughter", "/quotes", asked).await.expect(200);
        assert_eq!(quote["resident_fen"], 700);
    }

    async fn what_one_has_reserved_leaves_its_money_to_its_own_price(db: TestDb) {
        let mut policy = three_yuan_a_day();
        policy["limits"] = json!({ "monthly": { "window": "month", "fen": 500 } });
        policy["layers"][0]["limits"] = json!(["monthly"]);
        let lunch = Lunch::with_policy(db, policy).await;
        let (menu, next) = (lunch.menu(TODAY, "lunch").await, lunch.menu(TOMORROW, "lunch").await);
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let price = async |menu: &Value| {
            let lines = json!([{ "item_id": menu["items"][0]["id"], "portions": 1 }]);
            let asked = json!({ "resident_id": lunch.father, "menu_id": menu["id"], "lines": lines });
            lunch.post("daughter", "/quotes", asked).await.expect(200)["resident_fen"].clone()
        };
        assert_eq!((price(&menu).await, price(&next).await), (json!(700), json!(800)));
    }
}

on_both! {
    /// BR-20
    async fn a_second_portion_of_a_set_meal_is_paid_in_full(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TOMORROW, "lunch").await;
        let placed = lunch.reserve("daughter", &lunch.father, &menu, 2).await.expect(201);
        assert_eq!((&placed["charge_fen"], &placed["quote"]["resident_fen"]), (&json!(2000), &json!(1700)));
    }
}

on_both! {
    /// BR-13
    async fn what_the_resident_must_not_eat_is_refused_until_it_is_confirmed_by_name(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TOMORROW, "lunch").await;
        let order = |confirmed: Value| json!({
            "resident_id": lunch.father, "menu_id": menu["id"], "confirmed_allergens": confirmed,
            "lines": [{ "item_id": menu["items"][1]["id"], "portions": 1 }]
        });
        lunch.post("daughter", "/reservations", order(json!([]))).await.refused(409, "diet_conflict");
        lunch.post("daughter", "/reservations", order(json!(["soy"]))).await.refused(409, "diet_conflict");
        lunch.post("daughter", "/reservations", order(json!(["peanut"]))).await.expect(201);
    }
}

on_both! {
    /// BR-10, BR-13
    async fn a_menu_change_that_brings_an_allergen_in_lists_whom_it_touches_and_they_see_it_changed(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TOMORROW, "lunch").await;
        let placed = lunch.reserve("daughter", &lunch.father, &menu, 1).await.expect(201);
        let staff = lunch.tokens("staff").await;
        let at = format!("/menus/{}", menu["id"].as_str().unwrap());
        let etag = lunch.app.get(&at).by(&staff).send().await.etag.unwrap();
        let items = json!([{ "id": menu["items"][0]["id"], "name": "套餐", "kind": "set", "price_fen": 1000, "allergens": ["peanut"] }]);
        let change = lunch.app.put(&at, json!({ "capacity": 10, "items": items })).by(&staff);
        let changed = change.header("If-Match", &etag).send().await.expect(200);
        assert_eq!(changed["touched"][0]["resident_id"], json!(lunch.father));
        assert_eq!(changed["menu"]["edition"], 2);
        let seen = lunch.get("daughter", &path(&placed, "")).await;
        assert_eq!(seen["menu_changed"], true);
    }
}

on_both! {
    /// BR-28
    async fn a_capacity_below_what_is_taken_is_refused(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TOMORROW, "lunch").await;
        lunch.reserve("daughter", &lunch.father, &menu, 1).await.expect(201);
        lunch.reserve("staff", &lunch.neighbour, &menu, 1).await.expect(201);
        let staff = lunch.tokens("staff").await;
        let at = format!("/menus/{}", menu["id"].as_str().unwrap());
        let etag = lunch.app.get(&at).by(&staff).send().await.etag.unwrap();
        let items = json!([{ "id": menu["items"][0]["id"], "name": "套餐", "kind": "set", "price_fen": 1000 }]);
        let change = lunch.app.put(&at, json!({ "capacity": 1, "items": items })).by(&staff);
        change.header("If-Match", &etag).send().await.refused(409, "capacity_below_taken");
    }
}

on_both! {
    /// BR-28
    async fn a_closure_cancels_what_was_reserved_and_says_whom_to_call(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TOMORROW, "lunch").await;
        let placed = lunch.reserve("daughter", &lunch.father, &menu, 1).await.expect(201);
        let closure = json!({ "from_on": TOMORROW, "to_on": TOMORROW, "reason": "停水" });
        let closed = lunch.post("staff", &format!("/canteens/{}/closures", lunch.canteen), closure).await.expect(201);
        assert_eq!(closed["to_call"][0]["phone"], "13800000000");
        let seen = lunch.get("daughter", &path(&placed, "")).await;
        assert_eq!((&seen["status"], &seen["cancelled_as"]), (&json!("cancelled"), &json!("by_canteen")));
        assert_eq!(lunch.drawn("pending", TOMORROW).await, 0);
        lunch.reserve("daughter", &lunch.father, &menu, 1).await.refused(409, "menu_not_open");
    }
}

on_both! {
    /// BR-03, BR-28
    async fn a_death_recorded_cancels_the_meals_that_were_to_come(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TOMORROW, "lunch").await;
        let placed = lunch.reserve("daughter", &lunch.father, &menu, 1).await.expect(201);
        let mut death = fact_body("deceased");
        death["from_on"] = json!(TODAY);
        lunch.post("officer", &format!("/residents/{}/facts", lunch.father), death).await.expect(201);
        let seen = lunch.get("officer", &path(&placed, "")).await;
        assert_eq!((&seen["status"], &seen["cancelled_as"]), (&json!("cancelled"), &json!("deceased")));
        lunch.reserve("staff", &lunch.father, &menu, 1).await.refused(409, "resident_inactive");
    }
}

on_both! {
    /// BR-31, BR-43
    async fn a_limit_of_once_a_day_holds_over_two_meals_until_the_first_is_cancelled(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let (noon, evening) = (lunch.menu(TOMORROW, "lunch").await, lunch.menu(TOMORROW, "dinner").await);
        let first = lunch.reserve("daughter", &lunch.father, &noon, 1).await.expect(201);
        let second = lunch.reserve("daughter", &lunch.father, &evening, 1).await.expect(201);
        assert_eq!((&first["quote"]["resident_fen"], &second["quote"]["resident_fen"]), (&json!(700), &json!(1000)));
        lunch.post("daughter", &path(&first, "/cancel"), Value::Null).await.expect(200);
        // What becomes free reprices no earlier promise, but the next price is computed from it.
        let seen = lunch.get("daughter", &path(&second, "")).await;
        assert_eq!(seen["quote"]["resident_fen"], 1000);
        let quote = json!({ "resident_id": lunch.father, "menu_id": evening["id"], "lines": [{ "item_id": evening["items"][0]["id"], "portions": 1 }] });
        let quote = lunch.post("daughter", "/quotes", quote).await.expect(200);
        assert_eq!(quote["resident_fen"], 700);
    }
}

on_both! {
    /// The nth meal of a day is told by the order of the meals, not of the clicks.
    async fn the_second_meal_of_a_day_is_the_later_one_whichever_was_reserved_first(db: TestDb) {
        let policy = json!({
            "code": "second-meal", "name": { "zh": "第二餐", "en": "Second meal" },
            "layers": [{
                "payer": "district", "rank": 10, "pick": "first", "limits": "unlimited",
                "tiers": [
                    { "code": "first", "when": { "nth_meal": { "window": "day", "from": 1, "to": 1 } }, "pay": { "fixed_fen": 100 } },
                    { "code": "later", "when": { "nth_meal": { "window": "day", "from": 2 } }, "pay": { "fixed_fen": 500 } }
                ]
            }]
        });
        let lunch = Lunch::with_policy(db, policy).await;
        let (noon, evening) = (lunch.menu(TOMORROW, "lunch").await, lunch.menu(TOMORROW, "dinner").await);
        lunch.reserve("daughter", &lunch.father, &noon, 1).await.expect(201);
        let evening = lunch.reserve("daughter", &lunch.father, &evening, 1).await.expect(201);
        assert_eq!(evening["quote"]["resident_fen"], 500);
        assert_eq!(id_of(&lunch.get("daughter", "/reservations").await["items"][0]), id_of(&evening));
    }
}
