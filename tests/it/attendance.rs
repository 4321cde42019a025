//! What happens at the door, and what staff decide afterwards (BR-27, BR-30 to BR-37, BR-45).

use serde_json::{Value, json};

use crate::support::{
    lunch::{FATHERS_CARD, Lunch, NEIGHBOURS_CARD, three_yuan_a_day},
    world::{TODAY, fact_body},
};

on_both! {
    /// BR-36, BR-37, BR-47
    async fn who_does_not_come_is_a_no_show_and_draws_nothing_until_a_late_tap(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        assert_eq!(lunch.drawn_today("pending").await, 300);
        // The window ends at 13:00; two hours later the menu closes by itself.
        lunch.pass_hours(3).await;
        let counts = lunch.headcount(TODAY, None).await;
        assert_eq!((&counts["status"], &counts["no_shows"]["people"]), (&json!("closed"), &json!(1)));
        assert_eq!(lunch.drawn_today("pending").await, 0);
        lunch.tap("volunteer", &menu, json!({ "card_number": FATHERS_CARD })).await.expect(201);
        let counts = lunch.headcount(TODAY, None).await;
        assert_eq!((&counts["no_shows"]["people"], &counts["served"]["people"]), (&json!(0), &json!(1)));
        assert_eq!(lunch.drawn_today("posted").await, 300);
    }
}

on_both! {
    /// BR-35
    async fn a_voided_attendance_gives_its_draws_back_and_is_entered_anew(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let tap = json!({ "card_number": FATHERS_CARD });
        let served = lunch.tap("volunteer", &menu, tap.clone()).await.expect(201);
        lunch.tap("volunteer", &menu, tap.clone()).await.refused(409, "already_served");
        let void = format!("/attendance/{}/void", served["attendance_id"].as_str().unwrap());
        lunch.post("volunteer", &void, json!({ "reason": "wrong card" })).await.expect(200);
        assert_eq!((lunch.drawn_today("posted").await, lunch.drawn_today("pending").await), (0, 300));
        assert_eq!(lunch.headcount(TODAY, None).await["served"]["people"], 0);
        lunch.post("volunteer", &void, json!({ "reason": "again" })).await.refused(409, "voided");
        lunch.tap("volunteer", &menu, tap).await.expect(201);
        assert_eq!((lunch.drawn_today("posted").await, lunch.drawn_today("pending").await), (300, 0));
    }
}

on_both! {
    async fn a_volunteer_voids_only_their_own_mistake_and_only_that_day(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let walk_in = json!({ "card_number": FATHERS_CARD, "kind": "walk_in" });
        let served = lunch.tap("volunteer", &menu, walk_in).await.expect(201);
        let void = format!("/attendance/{}/void", served["attendance_id"].as_str().unwrap());
        let reason = json!({ "reason": "mistake" });
        lunch.post("other.volunteer", &void, reason.clone()).await.refused(403, "not_your_mistake");
        lunch.pass_hours(24).await;
        lunch.post("volunteer", &void, reason.clone()).await.refused(403, "not_your_mistake");
        lunch.post("staff", &void, reason).await.expect(200);
    }
}

on_both! {
    /// BR-27, BR-33
    async fn what_the_canteen_gets_for_serving_is_drawn_and_taken_apart_from_the_price(db: TestDb) {
        let mut policy = three_yuan_a_day();
        policy["to_canteen"] = json!([
            { "code": "per-meal", "payer": "city", "when": { "age": { "from": 60 } }, "fixed_fen": 50 },
            { "code": "of-the-very-old", "payer": "city", "when": { "age": { "from": 100 } }, "fixed_fen": 70 }
        ]);
        let lunch = Lunch::with_policy(db, policy).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let served = lunch.tap("staff", &menu, json!({ "card_number": FATHERS_CARD, "kind": "walk_in" })).await;
        assert_eq!(served.expect(201)["due_fen"], 700);
        let draws = lunch.get("officer", &format!("/draws?from={TODAY}&to={TODAY}&status=posted")).await;
        let drawn = |draw: &Value| (draw["payer"].clone(), draw["to_canteen"].clone(), draw["fen"].clone());
        let drawn: Vec<_> = draws["items"].as_array().unwrap().iter().map(drawn).collect();
        assert_eq!(drawn, [
            (json!("district"), json!(false), json!(300)),
            (json!("city"), json!(true), json!(50)),
        ]);
        let takings = lunch.get("officer", &format!("/takings?from={TODAY}&to={TODAY}")).await;
        let canteen = &takings["canteens"][0];
        assert_eq!((&canteen["paid_by"], &canteen["to_canteen"]), (&json!({ "district": 300 }), &json!({ "city": 50 })));
        assert_eq!(canteen["adds_up"], true);
    }

    async fn a_walk_in_draws_a_subsidy_and_a_guest_none_and_each_is_counted_apart(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.tap("volunteer", &menu, json!({ "card_number": FATHERS_CARD })).await.refused(409, "not_reserved");
        let walk_in = json!({ "card_number": FATHERS_CARD, "kind": "walk_in" });
        let served = lunch.tap("staff", &menu, walk_in).await.expect(201);
        assert_eq!(served["due_fen"], 700);
        let guest = lunch.tap("staff", &menu, json!({ "kind": "guest" })).await.expect(201);
        assert_eq!(guest["due_fen"], 1000);
        let second = lunch.tap("staff", &menu, json!({ "card_number": FATHERS_CARD, "kind": "second" })).await.expect(201);
        assert_eq!(second["due_fen"], 1000);
        let counts = lunch.headcount(TODAY, None).await;
        let people = |kind: &str| counts[kind]["people"].as_i64().unwrap();
        assert_eq!((people("walk_ins"), people("served"), people("guests"), people("second_meals")), (1, 1, 1, 1));
        assert_eq!(lunch.drawn_today("posted").await, 300);
    }
}

on_both! {
    /// BR-34
    async fn a_double_taken_offline_waits_for_review_and_counts_and_draws_nothing_until_staff_decide(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let offline = json!({ "card_number": FATHERS_CARD, "tapped_at": "2026-11-22T03:58:00Z" });
        lunch.tap("volunteer", &menu, offline.clone()).await.expect(201);
        let double = lunch.tap("other.volunteer", &menu, offline).await.expect(201);
        assert_eq!((&double["status"], &double["review_word"]), (&json!("review"), &json!("already_served")));
        assert_eq!(lunch.headcount(TODAY, None).await["served"]["people"], 1);
        let waiting = lunch.get("staff", "/attendance/reviews").await;
        assert_eq!(waiting["items"][0]["by"], "other.volunteer");
        let resolve = format!("/attendance/{}/resolve", double["attendance_id"].as_str().unwrap());
        let decide = |decision: &str| json!({ "decision": decision, "reason": "asked him" });
        lunch.post("staff", &resolve, decide("serve")).await.refused(409, "already_served");
        let second = lunch.post("staff", &resolve, decide("second_meal")).await.expect(200);
        assert_eq!(second["due_fen"], 1000);
        lunch.post("staff", &resolve, decide("void")).await.refused(409, "not_in_review");
        let counts = lunch.headcount(TODAY, None).await;
        assert_eq!((&counts["served"]["people"], &counts["second_meals"]["people"]), (&json!(1), &json!(1)));
        assert_eq!(lunch.drawn_today("posted").await, 300);
    }
}

on_both! {
    /// BR-23, BR-45
    async fn when_more_is_due_than_was_promised_the_desk_hears_both(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let mut admitted = fact_body("in_institution");
        admitted["from_on"] = json!(TODAY);
        lunch.post("officer", &format!("/residents/{}/facts", lunch.father), admitted).await.expect(201);
        let served = lunch.tap("staff", &menu, json!({ "card_number": FATHERS_CARD })).await.expect(201);
        assert_eq!((&served["due_fen"], &served["promised_fen"]), (&json!(1000), &json!(700)));
        assert_eq!(lunch.drawn_today("posted").await, 0);
    }
}

on_both! {
    /// What is entered late never alters what was posted; it lists the difference.
    async fn a_fact_entered_late_lists_what_it_would_have_changed_and_changes_nothing(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.tap("staff", &menu, json!({ "card_number": FATHERS_CARD, "kind": "walk_in" })).await.expect(201);
        let mut away = fact_body("away");
        away["from_on"] = json!("2026-11-01");
        let entered = lunch.post("officer", &format!("/residents/{}/facts", lunch.father), away).await.expect(201);
        let difference = &entered["differences"][0];
        assert_eq!((&difference["posted_resident_fen"], &difference["now_resident_fen"]), (&json!(700), &json!(1000)));
        assert_eq!(lunch.drawn_today("posted").await, 300);
    }
}

on_both! {
    async fn the_same_tap_gets_the_same_answer_and_another_under_its_id_is_refused(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let path = format!("/menus/{}/attendance", menu["id"].as_str().unwrap());
        let tap = |card: &str| json!({ "tap_id": "0d6f4a30-7f6e-4c1e-9a0d-2f4f3f6f1c11", "kind": "walk_in", "card_number": card });
        let first = lunch.post("volunteer", &path, tap(FATHERS_CARD)).await.expect(201);
        let again = lunch.post("volunteer", &path, tap(FATHERS_CARD)).await.expect(201);
        assert_eq!(first, again);
        lunch.post("volunteer", &path, tap(NEIGHBOURS_CARD)).await.refused(422, "tap_reused");
    }
}

on_both! {
    /// BR-36, at the cut-off and since.
    async fn a_headcount_is_told_as_of_any_instant_with_who_changed_it_since_the_cutoff(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(crate::support::world::TOMORROW, "lunch").await;
        let on = crate::support::world::TOMORROW;
        lunch.reserve("daughter", &lunch.father, &menu, 1).await.expect(201);
        lunch.pass_hours(5).await;
        lunch.reserve("staff", &lunch.neighbour, &menu, 2).await.expect(201);
        let now = lunch.headcount(on, None).await;
        assert_eq!(now["confirmed"], json!({ "people": 2, "portions": 3 }));
        assert_eq!(now["confirmed_at_cutoff"], json!({ "people": 1, "portions": 1 }));
        let since: &Value = &now["since_cutoff"][0];
        assert_eq!((&since["by"], &since["people"], &since["portions"]), (&json!("staff"), &json!(1), &json!(2)));
        let then = lunch.headcount(on, Some("2026-11-22T08:00:00Z")).await;
        assert_eq!(then["confirmed"], json!({ "people": 1, "portions": 1 }));
    }
}

on_both! {
    /// BR-34: a tap that arrives on a later day is a claim about the past, and no number of them draws anything.
    async fn a_tap_that_arrives_a_day_late_waits_for_review_and_staff_may_serve_what_was_reserved(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        lunch.pass_hours(24).await;
        let at_noon = "2026-11-22T04:00:00Z";
        let reserved = json!({ "card_number": FATHERS_CARD, "tapped_at": at_noon });
        let reserved = lunch.tap("volunteer", &menu, reserved).await.expect(201);
        let walk_in = json!({ "card_number": NEIGHBOURS_CARD, "kind": "walk_in", "tapped_at": at_noon });
        let walk_in = lunch.tap("volunteer", &menu, walk_in).await.expect(201);
        assert_eq!((&reserved["status"], &walk_in["status"]), (&json!("review"), &json!("review")));
        assert_eq!(lunch.drawn_today("posted").await, 0);
        let resolve = format!("/attendance/{}/resolve", reserved["attendance_id"].as_str().unwrap());
        let serve = json!({ "decision": "serve", "reason": "the phone had no signal" });
        let served = lunch.post("staff", &resolve, serve).await.expect(200);
        assert_eq!((&served["reserved"], &served["due_fen"]), (&json!(true), &json!(700)));
        let counts = lunch.headcount(TODAY, None).await;
        assert_eq!((&counts["served_with_reservation"]["people"], &counts["no_shows"]["people"]), (&json!(1), &json!(0)));
        assert_eq!(lunch.drawn_today("posted").await, 300);
    }
}

on_both! {
    /// BR-36: what was counted under a diet tag is taken back under it.
    async fn a_diet_tag_that_changes_meanwhile_leaves_no_wrong_count(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let tomorrow = crate::support::world::TOMORROW;
        let menu = lunch.menu(tomorrow, "lunch").await;
        let placed = lunch.reserve("daughter", &lunch.father, &menu, 1).await.expect(201);
        let staff = lunch.tokens("staff").await;
        let at = format!("/residents/{}", lunch.father);
        let read = lunch.app.get(&at).by(&staff).send().await;
        let (etag, was) = (read.etag.unwrap(), read.body);
        let edit = json!({
            "canteen_id": was["canteen_id"], "full_name": was["full_name"], "born_on": was["born_on"],
            "card_number": was["card_number"], "registered_in": was["registered_in"], "lives_in": was["lives_in"],
            "status": "active", "allergens": [], "diet_tags": ["low_salt"]
        });
        lunch.app.put(&at, edit).by(&staff).header("If-Match", &etag).send().await.expect(200);
        let cancel = format!("/reservations/{}/cancel", placed["id"].as_str().unwrap());
        lunch.post("daughter", &cancel, Value::Null).await.expect(200);
        let counts = lunch.headcount(tomorrow, None).await;
        for tag in counts["by_diet"].as_array().unwrap() {
            assert_eq!(tag["confirmed"], 0, "{tag}");
        }
    }
}
