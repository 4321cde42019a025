//! The waiting list of a full menu: in order, passed on at once, and nobody forgotten (BR-25).

use chrono::TimeDelta;
use diesel::prelude::*;
use leling::{
    clock::Clock,
    db::schema::{menus, waiting_entries},
    id::Id,
    ids::TapId,
    reservations::waiting,
};
use serde_json::{Value, json};

use crate::support::{
    Meal, Plan, Reply, Resident, TestDb, Town,
    lunch::{Lunch, three_yuan_a_day},
    race,
    world::{TODAY, TOMORROW, fact_body, id_of, resident_body},
};

/// A lunch with one place, which the neighbour has, and a third resident.
struct Full {
    lunch: Lunch,
    menu: Value,
    /// The neighbour's reservation.
    taken: String,
    third: String,
}

impl Full {
    async fn ready(db: TestDb) -> Full {
        Full::with_policy(db, three_yuan_a_day()).await
    }

    async fn with_policy(db: TestDb, policy: Value) -> Full {
        let lunch = Lunch::with_policy(db, policy).await;
        let area = json!({ "city": "示例市", "district": "东区" });
        let third = resident_body(&lunch.canteen, "示例大妈", "80010003", &area);
        let third = id_of(&lunch.post("staff", "/residents", third).await.expect(201));
        let body = json!({
            "served_on": TOMORROW, "period": "lunch", "capacity": 1, "publish": true,
            "items": [
                { "name": "套餐", "kind": "set", "price_fen": 1000, "portions": 4 },
                { "name": "花生米", "kind": "dish", "price_fen": 300, "portions": 0, "allergens": ["peanut"] }
            ]
        });
        let menu = lunch.post("staff", &format!("/canteens/{}/menus", lunch.canteen), body).await.expect(201);
        let taken = id_of(&lunch.reserve("staff", &lunch.neighbour, &menu, 1).await.expect(201));
        Full { lunch, menu, taken, third }
    }

    fn line(&self) -> String {
        format!("/menus/{}/waiting", id_of(&self.menu))
    }

    async fn waits(&self, name: &str, resident: &str) -> Reply {
        let lines = json!([{ "item_id": self.menu["items"][0]["id"], "portions": 1 }]);
        self.lunch.post(name, &self.line(), json!({ "resident_id": resident, "lines": lines })).await
    }

    /// The entry of a resident as somebody sees it.
    async fn entry(&self, name: &str, resident: &str) -> Value {
        let line = self.lunch.get(name, &self.line()).await;
        let mut entries = line["items"].as_array().unwrap().iter();
        entries.rfind(|entry| entry["resident_id"] == resident).unwrap_or(&Value::Null).clone()
    }

    async fn now(&self) -> Value {
        self.lunch.get("daughter", &format!("/menus/{}", id_of(&self.menu))).await
    }

    async fn free(&self) {
        let path = format!("/reservations/{}/cancel", self.taken);
        self.lunch.post("staff", &path, Value::Null).await.expect(200);
    }

    /// The menu with so many places and so many portions of the set meal.
    async fn change(&self, capacity: i32, portions: i32) -> Value {
        let staff = self.lunch.tokens("staff").await;
        let at = format!("/menus/{}", id_of(&self.menu));
        let etag = self.lunch.app.get(&at).by(&staff).send().await.etag.unwrap();
        let set = json!({ "id": self.menu["items"][0]["id"], "name": "套餐", "kind": "set", "price_fen": 1000, "portions": portions });
        let change = self.lunch.app.put(&at, json!({ "capacity": capacity, "items": [set] })).by(&staff);
        change.header("If-Match", &etag).send().await.expect(200)["menu"].clone()
    }
}

/// Its status, and the reason why nothing came of it.
fn ended(entry: &Value) -> (&str, &str) {
    (entry["status"].as_str().unwrap(), entry["reason"].as_str().unwrap_or_default())
}

on_both! {
    /// BR-25
    async fn a_freed_place_goes_to_the_next_in_line_in_the_same_act(db: TestDb) {
        let full = Full::ready(db).await;
        let first = full.waits("daughter", &full.lunch.father).await.expect(201);
        assert_eq!((&first["rank"], &first["waiting"], &first["channel"]), (&json!(1), &json!(1), &json!("family")));
        let second = full.waits("staff", &full.third).await.expect(201);
        assert_eq!((&second["rank"], &second["waiting"]), (&json!(2), &json!(2)));
        assert_eq!((&full.now().await["places_left"], &full.now().await["waiting"]), (&json!(0), &json!(2)));
        let refused = full.lunch.reserve("staff", &full.third, &full.menu, 1).await;
        assert_eq!(refused.body["params"]["waiting"], 2);
        refused.refused(409, "menu_full");
        full.free().await;
        let father = full.entry("daughter", &full.lunch.father).await;
        assert_eq!(ended(&father), ("reserved", ""));
        let path = format!("/reservations/{}", father["reservation_id"].as_str().unwrap());
        let reserved = full.lunch.get("daughter", &path).await;
        assert_eq!((&reserved["status"], &reserved["channel"], &reserved["by_right"]), (&json!("active"), &json!("family"), &json!("family")));
        assert_eq!((&reserved["late"], &reserved["quote"]["resident_fen"]), (&json!(false), &json!(700)));
        let third = full.entry("staff", &full.third).await;
        assert_eq!((&third["rank"], &third["waiting"], ended(&third)), (&json!(1), &json!(1), ("waiting", "")));
        assert_eq!((&full.now().await["places_left"], &full.now().await["waiting"]), (&json!(0), &json!(1)));
        let counts = full.lunch.headcount(TOMORROW, None).await;
        assert_eq!(counts["confirmed"]["people"], 1, "{counts}");
    }

    async fn who_leaves_the_line_moves_the_others_up(db: TestDb) {
        let full = Full::ready(db).await;
        let first = id_of(&full.waits("daughter", &full.lunch.father).await.expect(201));
        full.waits("staff", &full.third).await.expect(201);
        full.waits("daughter", &full.lunch.father).await.refused(409, "already_waiting");
        full.waits("staff", &full.lunch.neighbour).await.refused(409, "already_reserved");
        let daughter = full.lunch.tokens("daughter").await;
        let leave = || full.lunch.app.delete(&format!("/waiting/{first}")).by(&daughter).send();
        assert_eq!(ended(&leave().await.expect(200)), ("left", ""));
        leave().await.refused(409, "not_waiting");
        assert_eq!(full.entry("staff", &full.third).await["rank"], 1);
        // Whoever comes back stands at the end.
        let again = full.waits("daughter", &full.lunch.father).await.expect(201);
        assert_eq!(again["rank"], 2);
        full.free().await;
        assert_eq!(ended(&full.entry("staff", &full.third).await), ("reserved", ""));
        assert_eq!(full.entry("daughter", &full.lunch.father).await["rank"], 1);
    }

    async fn nobody_waits_for_what_they_can_have(db: TestDb) {
        let full = Full::ready(db).await;
        full.free().await;
        full.waits("daughter", &full.lunch.father).await.refused(409, "menu_not_full");
        full.lunch.reserve("daughter", &full.lunch.father, &full.menu, 1).await.expect(201);
        let peanuts = json!([{ "item_id": full.menu["items"][1]["id"], "portions": 1 }]);
        full.lunch.post("staff", &full.line(), json!({ "resident_id": full.third, "lines": peanuts, "mode": "delivery" })).await.refused(400, "mode_not_offered");
        full.lunch.post("staff", &full.line(), json!({ "resident_id": full.third })).await.refused(400, "bad_order");
    }

    /// A menu is full as well when nothing is left to eat.
    async fn portions_that_come_back_go_to_those_who_wait(db: TestDb) {
        let full = Full::ready(db).await;
        full.change(9, 1).await;
        full.waits("daughter", &full.lunch.father).await.expect(201);
        full.waits("staff", &full.third).await.expect(201);
        let menu = full.change(9, 2).await;
        assert_eq!((&menu["waiting"], &menu["places_left"]), (&json!(1), &json!(0)));
        assert_eq!(ended(&full.entry("daughter", &full.lunch.father).await), ("reserved", ""));
        full.free().await;
        assert_eq!(ended(&full.entry("staff", &full.third).await), ("reserved", ""));
    }

    async fn a_change_to_fewer_portions_feeds_who_waits(db: TestDb) {
        let full = Full::ready(db).await;
        full.change(9, 2).await;
        let staff = full.lunch.tokens("staff").await;
        let path = format!("/reservations/{}", full.taken);
        let eats = async |portions: i32| {
            let lines = json!([{ "item_id": full.menu["items"][0]["id"], "portions": portions }]);
            let etag = full.lunch.app.get(&path).by(&staff).send().await.etag.unwrap();
            let change = full.lunch.app.put(&path, json!({ "mode": "dine_in", "lines": lines })).by(&staff);
            change.header("If-Match", &etag).send().await.expect(200);
        };
        eats(2).await;
        full.waits("daughter", &full.lunch.father).await.expect(201);
        eats(1).await;
        assert_eq!(ended(&full.entry("daughter", &full.lunch.father).await), ("reserved", ""));
    }

    async fn a_raised_capacity_serves_the_line_in_order(db: TestDb) {
        let full = Full::ready(db).await;
        full.waits("daughter", &full.lunch.father).await.expect(201);
        full.waits("staff", &full.third).await.expect(201);
        let menu = full.change(2, 4).await;
        assert_eq!((&menu["waiting"], &menu["places_left"]), (&json!(1), &json!(0)));
        assert_eq!(ended(&full.entry("daughter", &full.lunch.father).await), ("reserved", ""));
        let menu = full.change(5, 4).await;
        assert_eq!((&menu["waiting"], &menu["places_left"]), (&json!(0), &json!(2)));
        assert_eq!(ended(&full.entry("staff", &full.third).await), ("reserved", ""));
    }

    async fn who_cannot_be_served_is_skipped_and_told_and_the_next_gets_the_place(db: TestDb) {
        let full = Full::ready(db).await;
        full.waits("daughter", &full.lunch.father).await.expect(201);
        full.waits("staff", &full.third).await.expect(201);
        // In the meantime something came onto his record that the meal holds.
        let staff = full.lunch.tokens("staff").await;
        let at = format!("/menus/{}", id_of(&full.menu));
        let etag = full.lunch.app.get(&at).by(&staff).send().await.etag.unwrap();
        let set = json!({ "id": full.menu["items"][0]["id"], "name": "套餐", "kind": "set", "price_fen": 1000, "allergens": ["peanut"] });
        let change = full.lunch.app.put(&at, json!({ "items": [set] })).by(&staff);
        change.header("If-Match", &etag).send().await.expect(200);
        full.free().await;
        let father = full.entry("daughter", &full.lunch.father).await;
        assert_eq!(ended(&father), ("skipped", "diet_conflict"));
        assert!(father["detail"].as_str().unwrap().contains("peanut"), "{father}");
        assert_eq!(ended(&full.entry("staff", &full.third).await), ("reserved", ""));
    }

    async fn whom_a_rule_serves_gets_what_is_left_when_it_is_their_turn(db: TestDb) {
        let full = Full::ready(db).await;
        let waits = json!({ "resident_id": full.third, "item_rule": "cheapest" });
        let waiting = full.lunch.post("staff", &full.line(), waits).await.expect(201);
        assert_eq!((&waiting["lines"], &waiting["item_rule"]), (&json!([]), &json!("cheapest")));
        full.free().await;
        let entry = full.entry("staff", &full.third).await;
        let path = format!("/reservations/{}", entry["reservation_id"].as_str().unwrap());
        // The dish is cheaper, but sold out.
        assert_eq!(full.lunch.get("staff", &path).await["lines"][0]["name"], "套餐");
        let none = json!({ "resident_id": full.lunch.father, "item_rule": "by_diet" });
        full.lunch.post("daughter", &full.line(), none).await.refused(409, "no_item_fits");
    }

    /// BR-21
    async fn at_the_cutoff_the_line_ends_and_the_desk_gives_away_what_is_left(db: TestDb) {
        let full = Full::ready(db).await;
        full.waits("daughter", &full.lunch.father).await.expect(201);
        full.lunch.app.pass(TimeDelta::hours(5));
        let told = full.entry("daughter", &full.lunch.father).await;
        assert_eq!(ended(&told), ("ended", "cutoff_passed"));
        assert_eq!((&told["rank"], &told["waiting"]), (&Value::Null, &json!(0)));
        assert!(told["detail"].as_str().unwrap().contains("2026-11-22 16:00"), "{told}");
        full.waits("staff", &full.third).await.refused(409, "cutoff_passed");
        // A place that becomes free now is nobody's but the desk's to give, whether or not the end was written down.
        full.free().await;
        full.lunch.reserve("staff", &full.third, &full.menu, 1).await.expect(201);
        full.lunch.app.write(waiting::end_past_cutoff).await;
        assert_eq!(full.lunch.app.write(waiting::end_past_cutoff).await, 0);
        assert_eq!(ended(&full.entry("daughter", &full.lunch.father).await), ("ended", "cutoff_passed"));
        assert_eq!(full.now().await["waiting"], 0);
    }

    /// BR-28
    async fn who_still_waits_when_a_menu_ends_is_told_why(db: TestDb) {
        let full = Full::ready(db).await;
        full.waits("daughter", &full.lunch.father).await.expect(201);
        let path = format!("/menus/{}/withdraw", id_of(&full.menu));
        let withdrawn = full.lunch.post("staff", &path, Value::Null).await.expect(200)["menu"].clone();
        assert_eq!((&withdrawn["waiting"], &withdrawn["places_left"]), (&json!(0), &withdrawn["capacity"]));
        assert_eq!(ended(&full.entry("daughter", &full.lunch.father).await), ("ended", "menu_not_open"));
        assert_eq!(full.now_waiting().await, 0);
    }

    async fn who_still_waits_when_the_canteen_closes_is_told_why(db: TestDb) {
        let full = Full::ready(db).await;
        full.waits("daughter", &full.lunch.father).await.expect(201);
        let closure = json!({ "from_on": TOMORROW, "to_on": TOMORROW, "reason": "停水" });
        full.lunch.post("staff", &format!("/canteens/{}/closures", full.lunch.canteen), closure).await.expect(201);
        let told = full.entry("daughter", &full.lunch.father).await;
        assert_eq!(ended(&told), ("ended", "canteen_closed"));
        assert!(told["detail"].as_str().unwrap().contains("停水"), "{told}");
    }

    /// BR-28
    async fn a_death_ends_the_waiting_and_passes_on_the_place_of_the_dead(db: TestDb) {
        let full = Full::ready(db).await;
        full.waits("daughter", &full.lunch.father).await.expect(201);
        full.waits("staff", &full.third).await.expect(201);
        for dead in [&full.lunch.father, &full.lunch.neighbour] {
            let mut death = fact_body("deceased");
            death["from_on"] = json!(TODAY);
            full.lunch.post("officer", &format!("/residents/{dead}/facts"), death).await.expect(201);
        }
        assert_eq!(ended(&full.entry("staff", &full.lunch.father).await), ("ended", "resident_inactive"));
        assert_eq!(ended(&full.entry("staff", &full.third).await), ("reserved", ""));
    }

    async fn staff_see_the_whole_line_and_everybody_else_their_own_place(db: TestDb) {
        let full = Full::ready(db).await;
        full.waits("daughter", &full.lunch.father).await.expect(201);
        full.waits("staff", &full.third).await.expect(201);
        for (name, seen) in [("staff", 2), ("officer", 2), ("daughter", 1), ("volunteer", 0)] {
            let line = full.lunch.get(name, &full.line()).await;
            assert_eq!((line["items"].as_array().unwrap().len(), &line["waiting"]), (seen, &json!(2)), "{name}");
        }
        let own = full.lunch.get("daughter", "/waiting").await;
        assert_eq!((&own["items"][0]["resident_id"], &own["items"][0]["rank"], &own["next"]), (&json!(full.lunch.father), &json!(1), &Value::Null));
        let staff = format!("{}?limit=1&status=waiting", full.line());
        let page = full.lunch.get("staff", &staff).await;
        assert_eq!(page["items"][0]["resident_id"], json!(full.lunch.father));
        let next = full.lunch.get("staff", &format!("{staff}&cursor={}", page["next"].as_str().unwrap())).await;
        assert_eq!((&next["items"][0]["resident_id"], &next["next"]), (&json!(full.third), &Value::Null));
    }
}

impl Full {
    /// How many wait by the menu's own account.
    async fn now_waiting(&self) -> i32 {
        let id: leling::ids::MenuId = serde_json::from_value(self.menu["id"].clone()).unwrap();
        self.lunch
            .app
            .write(move |conn, _| Ok(menus::table.find(id).select(menus::waiting).first(conn)?))
            .await
    }
}

// Many at once --------------------------------------------------------------------------------------------------------

/// What is left of a rush.
struct Aftermath {
    capacity: i64,
    taken: i64,
    /// By the menu's own account.
    waiting: i64,
    /// The numbers in line of those who still wait, and of those who got a place.
    wait: Vec<i32>,
    served: Vec<i32>,
}

fn aftermath(town: &Town, meal: &Meal) -> Aftermath {
    let menu = meal.menu_id();
    let positions = |status: &'static str| {
        town.look(|conn| {
            waiting_entries::table
                .filter(waiting_entries::menu_id.eq(menu))
                .filter(waiting_entries::status.eq(status))
                .order(waiting_entries::position)
                .select(waiting_entries::position)
                .load::<i32>(conn)
        })
    };
    let (capacity, taken, waiting): (i32, i32, i32) = town.look(|conn| {
        menus::table.find(menu).select((menus::capacity, menus::taken, menus::waiting)).first(conn)
    });
    Aftermath {
        capacity: capacity.into(),
        taken: taken.into(),
        waiting: waiting.into(),
        wait: positions("waiting"),
        served: positions("reserved"),
    }
}

impl Aftermath {
    /// Whether a place is free while somebody waits.
    fn forgets_somebody(&self) -> bool {
        !self.wait.is_empty() && self.taken < self.capacity
    }

    #[track_caller]
    fn assert_right(&self, town: &Town, meal: &Meal) {
        assert!(self.taken <= self.capacity, "{} of {}", self.taken, self.capacity);
        assert!(!self.forgets_somebody(), "{} of {} while {:?} wait", self.taken, self.capacity, self.wait);
        assert_eq!(self.waiting, self.wait.len() as i64);
        if let (Some(last), Some(first)) = (self.served.last(), self.wait.first()) {
            assert!(last < first, "{last} was served before {first}");
        }
        let counted = town.counted(meal);
        assert_eq!(
            (counted.places, counted.reservations, counted.portions),
            (self.taken, self.taken, self.taken)
        );
    }
}

/// Reserves, or waits when the menu is full, until one of the two is done.
fn reserve_or_wait(resident: &Resident, meal: &Meal) {
    let wait = json!({ "resident_id": resident.id, "lines": [{ "item_id": meal.item, "portions": 1 }] });
    for _ in 0..100 {
        let reserved = resident.client.post("/reservations", meal.order(resident));
        if reserved.status == 201 {
            return;
        }
        reserved.refused(409, "menu_full");
        let waits = resident.client.post(&format!("/menus/{}/waiting", meal.id), wait.clone());
        if waits.status == 201 {
            return;
        }
        waits.refused(409, "menu_not_full");
    }
    panic!("neither a place nor one in the line in a hundred tries");
}

/// Ten have the ten places and some of them give theirs back, while 54 others reserve or wait, all at one moment.
fn rush(town: &Town, number: usize, cancels: usize) -> Meal {
    let meal = town.meal(0, number, 10, None);
    let (lucky, others) = town.residents.split_at(10);
    let reserved: Vec<String> = lucky
        .iter()
        .map(|resident| id_of(&resident.client.post("/reservations", meal.order(resident)).expect(201)))
        .collect();
    // One waits from the start, so that there is a line in every round.
    reserve_or_wait(&others[0], &meal);
    let cancels = lucky.iter().zip(&reserved).take(cancels).map(|(resident, id)| {
        Box::new(move || {
            resident.client.post(&format!("/reservations/{id}/cancel"), Value::Null).expect(200);
        }) as Box<dyn FnOnce() + Send>
    });
    let meal_ref = &meal;
    let asks = others[1..]
        .iter()
        .map(|resident| Box::new(move || reserve_or_wait(resident, meal_ref)) as Box<dyn FnOnce() + Send>);
    race(cancels.chain(asks));
    meal
}

fn nobody_is_forgotten(db: TestDb, servers: usize, rounds: usize) {
    let town = Town::open(db, Plan { servers, residents: 64, ..Plan::USUAL });
    for round in 0..rounds {
        let meal = rush(&town, round, 10);
        let after = aftermath(&town, &meal);
        after.assert_right(&town, &meal);
        assert_eq!((after.taken, after.wait.len()), (10, 44), "in round {round}");
    }
}

/// A place becomes free at the moment at which somebody joins the line for it.
fn a_cancel_and_a_wait(db: TestDb, servers: usize, guards_off: &str, rounds: usize) -> usize {
    let town = Town::open(db, Plan { servers, residents: 8, guards_off, ..Plan::USUAL });
    let mut forgotten = 0;
    for round in 0..rounds {
        let meal = town.meal(0, round, 4, None);
        let (having, wanting) = town.residents.split_at(4);
        let ids: Vec<String> = having
            .iter()
            .map(|resident| id_of(&resident.client.post("/reservations", meal.order(resident)).expect(201)))
            .collect();
        let cancels = having.iter().zip(&ids).map(|(resident, id)| {
            Box::new(move || resident.client.post(&format!("/reservations/{id}/cancel"), Value::Null))
                as Box<dyn FnOnce() -> Reply + Send>
        });
        let meal_ref = &meal;
        let waits = wanting.iter().map(|resident| {
            let body =
                json!({ "resident_id": resident.id, "lines": [{ "item_id": meal_ref.item, "portions": 1 }] });
            Box::new(move || resident.client.post(&format!("/menus/{}/waiting", meal_ref.id), body))
                as Box<dyn FnOnce() -> Reply + Send>
        });
        race(cancels.chain(waits));
        forgotten += usize::from(aftermath(&town, &meal).forgets_somebody());
    }
    forgotten
}

/// Somebody who came without a reservation sits on the last place, and it was a mistake.
fn a_void_frees(db: TestDb) {
    let town = Town::open(db, Plan { residents: 2, ..Plan::USUAL });
    let meal = town.meal_today(0, 0, 1);
    let desk = &town.canteens[0].desk;
    let tap: TapId = Id::new(Clock::system().now());
    let walk_in = json!({ "tap_id": tap, "kind": "guest" });
    let seated = desk.post(&format!("/menus/{}/attendance", meal.id), walk_in).expect(201);
    reserve_or_wait(&town.residents[0], &meal);
    assert_eq!(aftermath(&town, &meal).wait, [1]);
    let tap: TapId = Id::new(Clock::system().now());
    let guest = json!({ "tap_id": tap, "kind": "guest" });
    desk.post(&format!("/menus/{}/attendance", meal.id), guest).refused(409, "menu_full");
    let void = format!("/attendance/{}/void", seated["attendance_id"].as_str().unwrap());
    desk.post(&void, json!({ "reason": "a mistake" })).expect(200);
    assert_eq!(aftermath(&town, &meal).served, [1]);
}

on_both! {
    async fn a_place_that_a_void_frees_goes_to_who_waits(db: TestDb) {
        a_void_frees(db);
    }

    async fn of_64_who_cancel_reserve_and_wait_at_once_nobody_is_forgotten_or_overtaken(db: TestDb) {
        nobody_is_forgotten(db, 1, 10);
    }

    async fn without_passing_on_a_place_is_free_while_somebody_waits(db: TestDb) {
        let town = Town::open(db, Plan { residents: 64, guards_off: "passing_on", ..Plan::USUAL });
        let meal = rush(&town, 0, 10);
        assert!(aftermath(&town, &meal).forgets_somebody());
    }

    async fn without_the_guard_of_the_line_a_newcomer_overtakes_who_waits(db: TestDb) {
        let town = Town::open(db, Plan { residents: 64, guards_off: "passing_on,line", ..Plan::USUAL });
        let meal = rush(&town, 0, 5);
        let after = aftermath(&town, &meal);
        assert!(!after.wait.is_empty() && after.served.is_empty() && after.taken > 5, "{}", after.taken);
    }

    async fn a_place_freed_while_somebody_joins_the_line_is_not_forgotten(db: TestDb) {
        assert_eq!(a_cancel_and_a_wait(db, 1, "", 20), 0);
    }
}

on_postgres! {
    async fn two_processes_forget_or_overtake_nobody_of_64_who_cancel_reserve_and_wait_at_once(db: TestDb) {
        nobody_is_forgotten(db, 2, 10);
    }

    async fn two_processes_forget_no_place_freed_while_somebody_joins_the_line(db: TestDb) {
        assert_eq!(a_cancel_and_a_wait(db, 2, "", 20), 0);
    }

    // SQLite's one writer sees what the act before it freed, guard or not.
    async fn without_the_guard_of_joining_a_place_is_free_while_somebody_waits(db: TestDb) {
        assert!(a_cancel_and_a_wait(db, 2, "full_line", 60) > 0);
    }
}
