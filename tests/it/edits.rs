//! Two who edit the same thing: nobody's change is lost unseen.

use serde_json::{Value, json};

use crate::support::{Meal, Plan, Reply, Town, race};

/// One succeeded; the other was told that somebody had been quicker.
#[track_caller]
fn assert_one_was_quicker(answers: Vec<Reply>) {
    let (changed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((changed.len(), refused.len()), (1, 1), "{changed:?} {refused:?}");
    refused.into_iter().for_each(|answer| answer.refused(412, "stale"));
}

/// A reservation as it was just made, paid for by the city, and where it is edited.
fn reserved(town: &Town) -> (Meal, String) {
    town.pay_once_a_day();
    let (meal, resident) = (town.meal(0, 0, 30, None), &town.residents[0]);
    let made = resident.client.post("/reservations", meal.order(resident));
    assert!(made.etag.as_deref().unwrap().starts_with("\"v1."));
    let path = format!("/reservations/{}", made.expect(201)["id"].as_str().unwrap());
    (meal, path)
}

fn portions(meal: &Meal, portions: i32) -> Value {
    json!({ "mode": "dine_in", "lines": [{ "item_id": meal.item, "portions": portions }] })
}

on_both! {
    async fn of_two_who_change_a_reservation_at_once_one_has_to_read_it_again(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let (meal, path) = reserved(&town);
        let editors = [&town.residents[0].client, &town.canteens[0].desk];
        let answers = race((2..).zip(editors).map(|(count, editor)| {
            let (path, body) = (&path, portions(&meal, count));
            move || editor.put(path, body, "\"v1\"")
        }));
        assert_one_was_quicker(answers);
        let read = town.residents[0].client.get(&path);
        assert!(read.etag.as_deref().unwrap().starts_with("\"v2."));
        let eaten = read.expect(200)["lines"][0]["portions"].as_i64().unwrap();
        assert_eq!(town.counted(&meal).portions, eaten);
    }

    async fn without_the_guard_of_versions_a_change_is_lost_unseen(db: TestDb) {
        let town = Town::open(db, Plan { guards_off: "if_match", ..Plan::USUAL });
        let (meal, path) = reserved(&town);
        town.residents[0].client.put(&path, portions(&meal, 2), "\"v1\"").expect(200);
        let lost = town.canteens[0].desk.put(&path, portions(&meal, 3), "\"v1\"").expect(200);
        assert_eq!(lost["lines"][0]["portions"], 3);
    }

    async fn of_two_who_change_a_menu_at_once_one_has_to_read_it_again(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let (meal, desk) = (town.meal(0, 0, 30, None), &town.canteens[0].desk);
        let path = format!("/menus/{}", meal.id);
        let seen = desk.get(&path).etag.unwrap();
        let answers = race([40, 50].map(|capacity| {
            let set = json!({ "id": meal.item, "name": "套餐", "kind": "set", "price_fen": 1500 });
            let body = json!({ "capacity": capacity, "items": [set] });
            let (path, seen) = (&path, &seen);
            move || desk.put(path, body, seen)
        }));
        assert_one_was_quicker(answers);
    }
}

on_postgres! {
    async fn a_menus_note_is_put_as_it_was_read_also_when_it_says_nothing(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let (meal, desk) = (town.meal(0, 0, 30, None), &town.canteens[0].desk);
        let path = format!("/menus/{}", meal.id);
        let put = |note: &Value| {
            let tag = desk.get(&path).etag.unwrap();
            let set = json!({ "id": meal.item, "name": "套餐", "kind": "set", "price_fen": 1500 });
            desk.put(&path, json!({ "capacity": 30, "note": note, "items": [set] }), &tag)
        };
        for (sent, read) in [
            (desk.get(&path).expect(200)["note"].clone(), ""),
            (json!("今天有汤"), "今天有汤"),
            (json!("今天有汤 "), "今天有汤"),
            (json!(" \u{3000}"), ""),
            (Value::Null, ""),
        ] {
            put(&sent).expect(200);
            assert_eq!(desk.get(&path).expect(200)["note"], read, "{sent}");
        }
        for bad in [json!("汤".repeat(301)), json!("汤\n"), json!("\n")] {
            put(&bad).refused(400, "bad_field");
        }
    }

    async fn what_is_ended_in_one_process_is_over_in_the_other_at_its_next_request(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, ..Plan::USUAL });
        let here = &town.residents[0].client;
        let there = here.at(&town.servers[1]);
        there.get("/me").expect(200);
        here.post("/auth/sign-out", json!({ "everywhere": false })).expect(204);
        there.get("/me").refused(401, "session_ended");
    }
}
