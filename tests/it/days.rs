//! Days that are not like others: 29 February, the last of a year, those on which clocks change, and birthdays on them.

use std::{
    sync::{Arc, Barrier},
    time::Duration,
};

use actix_web::rt::time::sleep;
use chrono::TimeDelta;
use futures_util::future::{join, join_all};
use leling::problem::Fail;
use serde_json::{Value, json};

use crate::support::{
    Reply, TestDb,
    lunch::{Lunch, three_yuan_a_day},
    world::{id_of, resident_body},
};

/// A menu of `on` is posted at `posted`; the daughter reserves it for her father at each of these instants, and cancels.
async fn reserved_at(lunch: &Lunch, posted: &str, on: &str, instants: &[&str]) -> Vec<Reply> {
    lunch.app.set_clock(posted);
    let menu = lunch.menu(on, "lunch").await;
    let mut replies = Vec::new();
    for instant in instants {
        lunch.app.set_clock(instant);
        let reply = lunch.reserve("daughter", &lunch.father, &menu, 1).await;
        if reply.status == 201 {
            let path = format!("/reservations/{}/cancel", id_of(&reply.body));
            lunch.post("daughter", &path, Value::Null).await.expect(200);
        }
        replies.push(reply);
    }
    replies
}

/// The last instant of the cut-off is in time, a second later is not.
async fn closes_at(lunch: &Lunch, posted: &str, on: &str, cutoff: &str) {
    let cutoff_at: chrono::DateTime<chrono::Utc> = cutoff.parse().unwrap();
    let late = (cutoff_at + TimeDelta::seconds(1)).to_rfc3339();
    let mut replies = reserved_at(lunch, posted, on, &[cutoff, &late]).await;
    replies.pop().unwrap().refused(409, "cutoff_passed");
    replies.pop().unwrap().expect(201);
}

/// The father checks in at this instant with what was reserved for him.
async fn taps_at(lunch: &Lunch, menu: &Value, instant: &str) -> Reply {
    lunch.app.set_clock(instant);
    lunch.tap("volunteer", menu, json!({ "resident_id": lunch.father })).await
}

/// He is served at the last second of his canteen's day, and not at the first of the next.
async fn day_ends_at(lunch: &Lunch, posted: &str, on: &str, midnight: &str) {
    lunch.app.set_clock(posted);
    let menu = lunch.menu(on, "dinner").await;
    lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
    let midnight_at: chrono::DateTime<chrono::Utc> = midnight.parse().unwrap();
    let last_second = (midnight_at - TimeDelta::seconds(1)).to_rfc3339();
    let served = taps_at(lunch, &menu, &last_second).await.expect(201);
    let path = format!("/attendance/{}/void", served["attendance_id"].as_str().unwrap());
    lunch.post("staff", &path, json!({ "reason": "to be entered anew" })).await.expect(200);
    taps_at(lunch, &menu, midnight).await.refused(409, "menu_not_open");
}

/// The district's part of a reservation of this day for whoever was born on 29 February 1968.
async fn paid_on(lunch: &Lunch, resident: &str, on: &str) -> i64 {
    let menu = lunch.menu(on, "lunch").await;
    let placed = lunch.reserve("staff", resident, &menu, 1).await.expect(201);
    placed["quote"]["charge_fen"].as_i64().unwrap() - placed["quote"]["due_fen"].as_i64().unwrap()
}

/// What is paid from 59 on, day by day, when a birthday on 29 February is kept like this.
async fn paid_to_a_leap_child(db: TestDb, leap_birthday: &str, days: [&str; 3]) -> Vec<i64> {
    let mut policy = three_yuan_a_day();
    policy["leap_birthday"] = json!(leap_birthday);
    policy["layers"][0]["tiers"][0]["when"]["age"]["from"] = json!(59);
    let lunch = Lunch::with_policy(db, policy).await;
    lunch.app.set_clock("2027-02-20T04:00:00Z");
    let area = json!({ "city": "示例市", "district": "东区" });
    let mut body = resident_body(&lunch.canteen, "示例闰日", "80010009", &area);
    body["born_on"] = json!("1968-02-29");
    let resident = id_of(&lunch.post("staff", "/residents", body).await.expect(201));
    let mut paid = Vec::new();
    for on in days {
        paid.push(paid_on(&lunch, &resident, on).await);
    }
    paid
}

on_both! {
    async fn the_cut_off_before_and_on_a_leap_day_is_the_calendars(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        closes_at(&lunch, "2028-02-27T04:00:00Z", "2028-02-29", "2028-02-28T08:00:00Z").await;
        closes_at(&lunch, "2028-02-29T04:00:00Z", "2028-03-01", "2028-02-29T08:00:00Z").await;
    }

    async fn the_first_meal_of_a_year_closes_in_the_year_before(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        closes_at(&lunch, "2026-12-30T04:00:00Z", "2027-01-01", "2026-12-31T08:00:00Z").await;
    }

    async fn a_year_ends_at_midnight_of_the_canteen(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        day_ends_at(&lunch, "2026-12-31T03:00:00Z", "2026-12-31", "2026-12-31T16:00:00Z").await;
    }

    async fn a_leap_day_ends_at_midnight_of_the_canteen(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        day_ends_at(&lunch, "2028-02-29T03:00:00Z", "2028-02-29", "2028-02-29T16:00:00Z").await;
    }

    async fn once_a_day_is_once_on_either_side_of_a_year_end(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        lunch.app.set_clock("2026-12-30T04:00:00Z");
        let mut paid = Vec::new();
        for on in ["2026-12-31", "2027-01-01"] {
            paid.push(paid_on(&lunch, &lunch.father, on).await);
        }
        assert_eq!(paid, [300, 300]);
    }

    async fn a_cut_off_keeps_to_the_clock_on_the_wall_when_clocks_are_put_forward(db: TestDb) {
        let lunch = Lunch::in_zone(db, three_yuan_a_day(), "America/New_York").await;
        // At four in the afternoon: before the change five hours behind UTC, after it four.
        closes_at(&lunch, "2027-03-12T17:00:00Z", "2027-03-14", "2027-03-13T21:00:00Z").await;
        closes_at(&lunch, "2027-03-14T17:00:00Z", "2027-03-15", "2027-03-14T20:00:00Z").await;
    }

    async fn a_cut_off_keeps_to_the_clock_on_the_wall_when_clocks_are_put_back(db: TestDb) {
        let lunch = Lunch::in_zone(db, three_yuan_a_day(), "Europe/Berlin").await;
        closes_at(&lunch, "2027-10-29T10:00:00Z", "2027-10-31", "2027-10-30T14:00:00Z").await;
        closes_at(&lunch, "2027-10-31T10:00:00Z", "2027-11-01", "2027-10-31T15:00:00Z").await;
    }

    async fn a_day_of_23_hours_ends_at_midnight_of_the_canteen(db: TestDb) {
        let lunch = Lunch::in_zone(db, three_yuan_a_day(), "America/New_York").await;
        day_ends_at(&lunch, "2027-03-14T12:00:00Z", "2027-03-14", "2027-03-15T04:00:00Z").await;
    }

    async fn a_day_of_25_hours_ends_at_midnight_of_the_canteen(db: TestDb) {
        let lunch = Lunch::in_zone(db, three_yuan_a_day(), "America/New_York").await;
        day_ends_at(&lunch, "2027-11-07T12:00:00Z", "2027-11-07", "2027-11-08T05:00:00Z").await;
    }

    async fn a_menu_closes_two_hours_after_its_window_on_a_day_when_clocks_change(db: TestDb) {
        let lunch = Lunch::in_zone(db, three_yuan_a_day(), "America/New_York").await;
        lunch.app.set_clock("2027-11-06T12:00:00Z");
        let menu = lunch.menu("2027-11-07", "lunch").await;
        // Lunch is over at 13:00, by then five hours behind UTC: closed at 15:00.
        for (instant, status) in [("2027-11-07T19:59:59Z", "published"), ("2027-11-07T20:00:01Z", "closed")] {
            lunch.app.set_clock(instant);
            lunch.app.write(leling::attendance::close_what_is_over).await;
            let path = format!("/menus/{}", id_of(&menu));
            assert_eq!(lunch.get("staff", &path).await["status"], status, "{instant}");
        }
    }

    async fn a_birthday_on_29_february_is_kept_on_28_february_where_the_policy_says_so(db: TestDb) {
        let paid = paid_to_a_leap_child(db, "feb_28", ["2027-02-27", "2027-02-28", "2027-03-01"]).await;
        assert_eq!(paid, [0, 300, 300]);
    }

    async fn a_birthday_on_29_february_is_kept_on_1_march_where_the_policy_says_so(db: TestDb) {
        let paid = paid_to_a_leap_child(db, "mar_1", ["2027-02-27", "2027-02-28", "2027-03-01"]).await;
        assert_eq!(paid, [0, 0, 300]);
    }

    async fn a_clock_that_was_a_day_ahead_and_is_set_right_writes_nothing_until_then_and_reads_go_on(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu("2026-11-27", "lunch").await;
        let staff = lunch.tokens("staff").await;
        lunch.app.set_clock("2026-11-23T04:00:00Z");
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        lunch.app.set_clock("2026-11-22T04:10:00Z");
        let lines = json!([{ "item_id": menu["items"][0]["id"], "portions": 1 }]);
        let body = json!({ "resident_id": lunch.neighbour, "menu_id": menu["id"], "lines": lines });
        lunch.app.post("/reservations", body).by(&staff).send().await.refused(503, "clock_behind");
        lunch.app.get(&format!("/menus/{}", id_of(&menu))).send().await.expect(200);
        lunch.app.set_clock("2026-11-23T03:56:00Z");
        lunch.reserve("staff", &lunch.neighbour, &menu, 1).await.expect(201);
    }

    async fn what_is_done_after_a_clock_was_set_back_a_little_counts_as_done_after_what_was_done_before(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu("2026-11-27", "lunch").await;
        lunch.app.set_clock("2026-11-23T04:00:00Z");
        let placed = lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        lunch.app.set_clock("2026-11-23T03:58:00Z");
        let path = format!("/reservations/{}/cancel", id_of(&placed));
        let cancelled = lunch.post("staff", &path, json!(null)).await.expect(200);
        assert_eq!(cancelled["cancelled_at"], "2026-11-23T04:00:00Z");
        lunch.app.set_clock("2026-11-23T04:01:00Z");
        for (as_of, expected) in [("2026-11-23T03:59:00Z", 0), ("2026-11-23T04:00:30Z", 0)] {
            assert_eq!(lunch.headcount("2026-11-27", Some(as_of)).await["confirmed"]["people"], expected, "{as_of}");
        }
    }
}

// On PostgreSQL whoever writes would wait as well.
on_sqlite! {
    async fn a_headcount_that_waited_for_its_turn_names_an_instant_after_all_that_it_shows(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu("2026-11-27", "lunch").await;
        let staff = lunch.tokens("staff").await;
        let lines = json!([{ "item_id": menu["items"][0]["id"], "portions": 1 }]);
        let order = json!({ "resident_id": lunch.father, "menu_id": menu["id"], "lines": lines });
        let (db, gate) = (lunch.app.db(), Arc::new(Barrier::new(5)));
        let readers = join_all((0..4).map(|_| {
            let gate = gate.clone();
            db.read(move |_| -> Result<(), Fail> { gate.wait(); Ok(()) })
        }));
        let asking = async {
            while db.connections().0 < 4 {
                sleep(Duration::from_millis(1)).await;
            }
            let path = format!("/canteens/{}/headcounts?on=2026-11-27", lunch.canteen);
            join(lunch.app.get(&path).by(&staff).send(), async {
                lunch.app.pass(TimeDelta::seconds(10));
                lunch.app.post("/reservations", order).by(&staff).send().await.expect(201);
                gate.wait();
            })
            .await
        };
        let (_, (told, ())) = join(readers, asking).await;
        let told = told.expect(200);
        assert_eq!(told["menus"][0]["confirmed"]["people"], 1);
        assert_eq!(told["as_of"], "2026-11-22T04:00:10Z");
        let then = lunch.headcount("2026-11-27", told["as_of"].as_str()).await;
        assert_eq!(then["confirmed"]["people"], 1);
    }
}
