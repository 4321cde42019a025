//! Many who want the same thing at one moment, in one process and in two: nothing is given twice.
//!
//! Each proof has a twin with its guard switched off, which fails as it should: so the proof would notice.

use std::thread;

use diesel::{connection::SimpleConnection as _, dsl::sql, prelude::*, sql_types::BigInt};
use leling::{
    clock::Clock,
    db::schema::{attendances, canteens, draws, quotes},
    id::Id,
    ids::TapId,
};
use serde_json::json;

use crate::support::{Canteen, Client, Counted, Meal, Plan, Reply, Resident, TestDb, Town, race};

/// Everybody reserves this meal at one moment.
fn rush(residents: &[Resident], meal: &Meal) -> Vec<Reply> {
    race(residents.iter().map(|resident| || resident.client.post("/reservations", meal.order(resident))))
}

/// How many were placed; the others were all refused with this code.
#[track_caller]
fn placed(answers: Vec<Reply>, code: &str) -> usize {
    let (placed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    refused.into_iter().for_each(|answer| answer.refused(409, code));
    placed.len()
}

fn the_last_ten_places(db: TestDb, servers: usize) {
    let town = Town::open(db, Plan { servers, residents: 64, ..Plan::USUAL });
    for round in 0..50 {
        let meal = town.meal(0, round, 10, None);
        assert_eq!(placed(rush(&town.residents, &meal), "menu_full"), 10, "in round {round}");
        assert_eq!(
            town.counted(&meal),
            Counted { places: 10, reservations: 10, portions: 10 },
            "in round {round}"
        );
    }
}

fn canteens_opened_at_once(db: TestDb, servers: usize) {
    let town = Town::open(db, Plan { servers, ..Plan::USUAL });
    let officers: Vec<Client> =
        (0..12).map(|number| town.officer.at(&town.servers[number % servers])).collect();
    let opened = race(
        (1..)
            .zip(&officers)
            .map(|(number, officer)| move || officer.post("/canteens", Canteen::details(number))),
    );
    opened.into_iter().for_each(|answer| drop(answer.expect(201)));
    let mut numbers: Vec<i32> = town.look(|conn| canteens::table.select(canteens::number).load(conn));
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=13).collect::<Vec<i32>>());
}

fn the_last_ten_portions(db: TestDb, servers: usize) {
    let town = Town::open(db, Plan { servers, residents: 64, ..Plan::USUAL });
    for round in 0..6 {
        let meal = town.meal(0, round, 64, Some(10));
        assert_eq!(placed(rush(&town.residents, &meal), "item_sold_out"), 10, "in round {round}");
        assert_eq!(
            town.counted(&meal),
            Counted { places: 10, reservations: 10, portions: 10 },
            "in round {round}"
        );
    }
}

/// How often the city pays for one resident who reserves the same meal in two canteens at one moment, round by round.
fn twice_at_once(town: &Town, rounds: usize) -> impl Iterator<Item = i64> {
    let who = &town.residents[0];
    let there = who.client.at(town.servers.last().unwrap());
    // Each round has a day of its own.
    (0..rounds).map(move |round| {
        let [here_meal, there_meal] = [0, 1].map(|canteen| town.meal(canteen, 3 * round, 10, None));
        let answers = race(
            [(&who.client, &here_meal), (&there, &there_meal)]
                .map(|(client, meal)| move || client.post("/reservations", meal.order(who))),
        );
        assert_eq!(placed(answers, ""), 2, "whoever pays for it, both meals are reserved");
        let on = town.day(3 * round);
        town.look(|conn| {
            draws::table
                .inner_join(quotes::table)
                .filter(quotes::served_on.eq(on))
                .filter(quotes::status.ne("released"))
                .count()
                .get_result(conn)
        })
    })
}

fn one_subsidy(db: TestDb, servers: usize) {
    let town = Town::open(db, Plan { servers, canteens: 2, ..Plan::USUAL });
    town.pay_once_a_day();
    assert!(twice_at_once(&town, 20).all(|draws| draws == 1));
}

/// A menu of today, and a reservation of it for every resident.
fn reserved_today(town: &Town, canteen: usize, number: usize) -> (Meal, Vec<String>) {
    let meal = town.meal_today(canteen, number, town.residents.len());
    let answers = rush(&town.residents, &meal);
    let ids = answers.into_iter().map(|answer| answer.expect(201)["id"].as_str().unwrap().to_owned());
    (meal, ids.collect())
}

fn tap_id() -> TapId {
    Id::new(Clock::system().now())
}

fn served(town: &Town, meal: &Meal) -> i64 {
    let menu = meal.menu_id();
    town.look(|conn| {
        attendances::table
            .filter(attendances::menu_id.eq(menu))
            .filter(attendances::status.eq("served"))
            .count()
            .get_result(conn)
    })
}

fn two_taps_for_one_reservation(db: TestDb, servers: usize) {
    let town = Town::open(db, Plan { servers, residents: 20, ..Plan::USUAL });
    let (meal, reservations) = reserved_today(&town, 0, 0);
    let path = format!("/menus/{}/attendance", meal.id);
    let desks = [town.canteens[0].desk.clone(), town.canteens[0].desk.at(town.servers.last().unwrap())];
    for reservation in &reservations {
        let answers =
            race(desks.iter().map(|desk| {
                || desk.post(&path, json!({ "tap_id": tap_id(), "reservation_id": reservation }))
            }));
        assert_eq!(placed(answers, "already_served"), 1);
    }
    assert_eq!(served(&town, &meal), 20);
}

/// A phone that heard nothing sends its tap again while the first is under way.
fn one_tap_twice_at_once(db: TestDb, servers: usize) {
    let town = Town::open(db, Plan { servers, residents: 40, ..Plan::USUAL });
    let meal = town.meal_today(0, 0, town.residents.len());
    let path = format!("/menus/{}/attendance", meal.id);
    let desks = [town.canteens[0].desk.clone(), town.canteens[0].desk.at(town.servers.last().unwrap())];
    for resident in &town.residents {
        let tap = json!({ "tap_id": tap_id(), "kind": "walk_in", "card_number": resident.card });
        let answers = race(desks.iter().map(|desk| || desk.post(&path, tap.clone()).expect(201)));
        assert_eq!(answers[0], answers[1]);
    }
    assert_eq!(served(&town, &meal), 40);
}

/// How many transactions wait for a lock.
fn waiting(conn: &mut PgConnection) -> i64 {
    let waiting =
        "NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    diesel::select(sql::<BigInt>(&format!("(SELECT count(*) FROM pg_locks WHERE {waiting})")))
        .get_result(conn)
        .unwrap()
}

/// What two processes answer to one tap: a walk-in's, whose resident reserves while it is under way at the first, before it
/// is sent to the second.
fn reserved_between_a_tap_and_its_copy(town: &Town) -> [Reply; 2] {
    let meal = town.meal_today(0, 0, town.residents.len());
    let path = format!("/menus/{}/attendance", meal.id);
    let here = &town.canteens[0].desk;
    let there = here.at(town.servers.last().unwrap());
    // A machine with much to do may be told to come again, which proves nothing. The next resident tries then.
    let tries = town.residents.iter().map(|resident| {
        let tap = json!({ "tap_id": tap_id(), "kind": "walk_in", "card_number": resident.card });
        let mut holder = PgConnection::establish(town.db.url()).unwrap();
        holder.batch_execute("BEGIN; LOCK TABLE attendances IN SHARE MODE").unwrap();
        thread::scope(|scope| {
            let first = scope.spawn(|| here.try_post(&path, &tap, "none"));
            while waiting(&mut holder) == 0 && !first.is_finished() {}
            resident.client.post("/reservations", meal.order(resident)).expect(201);
            let copy = scope.spawn(|| there.try_post(&path, &tap, "none"));
            while waiting(&mut holder) < 2 && !copy.is_finished() {}
            holder.batch_execute("COMMIT").unwrap();
            [first, copy].map(|sent| sent.join().unwrap().unwrap())
        })
    });
    let mut decided = tries.filter(|answers| answers.iter().all(|answer| answer.body["retryable"] != true));
    decided.next().expect("they are always told to come again")
}

/// Somebody takes another portion at the moment at which their reservation ends, by a cancelling or at the door.
fn a_change_and_an_end(db: TestDb, servers: usize, ends_at_the_door: bool) {
    let town = Town::open(db, Plan { servers, residents: 40, ..Plan::USUAL });
    town.pay_once_a_day();
    let (meal, reservations) = reserved_today(&town, 0, 0);
    let desk = town.canteens[0].desk.at(town.servers.last().unwrap());
    for (resident, reservation) in town.residents.iter().zip(&reservations) {
        let path = format!("/reservations/{reservation}");
        let lines = json!([{ "item_id": meal.item, "portions": 2 }]);
        let change = || resident.client.put(&path, json!({ "mode": "dine_in", "lines": lines }), "\"v1\"");
        let end = || {
            if ends_at_the_door {
                let tap = json!({ "tap_id": tap_id(), "reservation_id": reservation });
                desk.post(&format!("/menus/{}/attendance", meal.id), tap).expect(201)
            } else {
                desk.post(&format!("{path}/cancel"), json!(null)).expect(200)
            }
        };
        let racers: [Box<dyn FnOnce() + Send>; 2] = [Box::new(|| drop(change())), Box::new(|| drop(end()))];
        race(racers);
    }
    let counted = town.counted(&meal);
    let left: i64 = town.look(|conn| {
        use leling::db::schema::reservation_lines as lines;
        let standing = leling::db::schema::reservations::table
            .filter(leling::db::schema::reservations::status.eq("active"))
            .select(leling::db::schema::reservations::id);
        let portions: Vec<i32> =
            lines::table.filter(lines::reservation_id.eq_any(standing)).select(lines::portions).load(conn)?;
        Ok(portions.into_iter().map(i64::from).sum())
    });
    assert_eq!(counted.portions, left);
    assert_eq!(counted.reservations, if ends_at_the_door { 40 } else { 0 });
    let pending: i64 =
        town.look(|conn| quotes::table.filter(quotes::status.eq("pending")).count().get_result(conn));
    assert_eq!(pending, 0, "a promise outlived its reservation");
    let found = town.look(|conn| {
        let mut found = Vec::new();
        let checked = leling::verify::verify(conn, &mut |difference| found.push(difference.to_string()));
        Ok(checked.map(|_| found))
    });
    assert_eq!(found.unwrap(), Vec::<String>::new());
}

/// How many promises of subsidies outlive a meal that the desk closes while everybody changes what they reserved: of one
/// of twelve meals.
fn promises_after_a_close(town: &Town, round: usize) -> i64 {
    let canteen = round / 3;
    let (meal, reservations) = reserved_today(town, canteen, round % 3);
    let desk = town.canteens[canteen].desk.at(town.servers.last().unwrap());
    let changes = town.residents.iter().zip(&reservations).map(|(resident, reservation)| {
        let lines = json!([{ "item_id": meal.item, "portions": 2 }]);
        let path = format!("/reservations/{reservation}");
        let change =
            move || drop(resident.client.put(&path, json!({ "mode": "dine_in", "lines": lines }), "\"v1\""));
        Box::new(change) as Box<dyn FnOnce() + Send>
    });
    let path = format!("/menus/{}/close", meal.id);
    let close = Box::new(move || {
        // In the middle of them.
        thread::sleep(std::time::Duration::from_millis(50));
        desk.post(&path, json!(null)).expect(200);
    });
    race(changes.chain([close as Box<dyn FnOnce() + Send>]));
    town.look(|conn| quotes::table.filter(quotes::status.eq("pending")).count().get_result(conn))
}

fn a_check_in_and_a_cancelling(db: TestDb, servers: usize) {
    let town = Town::open(db, Plan { servers, residents: 20, ..Plan::USUAL });
    town.pay_once_a_day();
    let (meal, reservations) = reserved_today(&town, 0, 0);
    let path = format!("/menus/{}/attendance", meal.id);
    let desk = town.canteens[0].desk.at(town.servers.last().unwrap());
    let mut came = 0;
    for (resident, reservation) in town.residents.iter().zip(&reservations) {
        let check_in = || desk.post(&path, json!({ "tap_id": tap_id(), "reservation_id": reservation }));
        let cancel = || resident.client.post(&format!("/reservations/{reservation}/cancel"), json!(null));
        let racers: [Box<dyn FnOnce() -> Reply + Send>; 2] = [Box::new(check_in), Box::new(cancel)];
        let [checked_in, cancelled] = race(racers).try_into().unwrap();
        match (checked_in.status, cancelled.status) {
            (201, _) => cancelled.refused(409, "reservation_served"),
            (_, 200) => checked_in.refused(409, "cancelled"),
            _ => panic!("nobody won: {checked_in:?} {cancelled:?}"),
        }
        came = served(&town, &meal);
    }
    assert_eq!(town.counted(&meal), Counted { places: came, reservations: came, portions: came });
}

on_both! {
    async fn of_64_who_rush_for_the_last_ten_places_ten_get_one_in_each_of_50_rounds(db: TestDb) {
        the_last_ten_places(db, 1);
    }

    async fn without_the_guard_of_places_the_rush_oversells(db: TestDb) {
        let town = Town::open(db, Plan { residents: 64, guards_off: "capacity", ..Plan::USUAL });
        let meal = town.meal(0, 0, 10, None);
        assert!(placed(rush(&town.residents, &meal), "menu_full") > 10);
    }

    async fn of_64_who_rush_for_the_last_ten_portions_ten_get_one(db: TestDb) {
        the_last_ten_portions(db, 1);
    }

    async fn without_the_guard_of_portions_the_rush_oversells(db: TestDb) {
        let town = Town::open(db, Plan { residents: 64, guards_off: "portions", ..Plan::USUAL });
        let meal = town.meal(0, 0, 64, Some(10));
        assert!(placed(rush(&town.residents, &meal), "item_sold_out") > 10);
    }

    async fn canteens_that_are_opened_at_one_moment_get_a_number_each(db: TestDb) {
        canteens_opened_at_once(db, 1);
    }

    async fn one_resident_in_two_canteens_at_one_moment_is_paid_for_once(db: TestDb) {
        one_subsidy(db, 1);
    }

    async fn of_two_taps_at_once_for_one_reservation_one_is_served(db: TestDb) {
        two_taps_for_one_reservation(db, 1);
    }

    async fn one_tap_sent_twice_at_once_is_served_once_and_answered_the_same(db: TestDb) {
        one_tap_twice_at_once(db, 1);
    }

    async fn of_a_check_in_and_a_cancelling_at_once_one_wins(db: TestDb) {
        a_check_in_and_a_cancelling(db, 1);
    }
}

on_postgres! {
    async fn two_processes_give_64_who_rush_for_the_last_ten_places_ten_in_each_of_50_rounds(db: TestDb) {
        the_last_ten_places(db, 2);
    }

    async fn two_processes_without_the_guard_of_places_oversell(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, residents: 64, guards_off: "capacity", ..Plan::USUAL });
        let meal = town.meal(0, 0, 10, None);
        assert!(placed(rush(&town.residents, &meal), "menu_full") > 10);
    }

    async fn two_processes_give_64_who_rush_for_the_last_ten_portions_ten(db: TestDb) {
        the_last_ten_portions(db, 2);
    }

    async fn two_processes_that_open_canteens_at_one_moment_number_each_of_them(db: TestDb) {
        canteens_opened_at_once(db, 2);
    }

    async fn two_processes_pay_once_for_one_resident_in_two_canteens_at_one_moment(db: TestDb) {
        one_subsidy(db, 2);
    }

    // SQLite's one writer sees what the act before it used, guard or not: there is nothing to be quicker than.
    async fn without_the_guard_of_limits_one_resident_is_paid_for_twice(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, canteens: 2, guards_off: "limits", ..Plan::USUAL });
        town.pay_once_a_day();
        assert!(twice_at_once(&town, 50).any(|draws| draws == 2));
    }

    async fn two_processes_serve_one_of_two_taps_at_once_for_one_reservation(db: TestDb) {
        two_taps_for_one_reservation(db, 2);
    }

    async fn two_processes_answer_one_tap_that_is_sent_twice_at_once_the_same(db: TestDb) {
        one_tap_twice_at_once(db, 2);
    }

    async fn two_processes_answer_a_tap_under_way_and_its_copy_the_same_though_the_resident_reserves_in_between(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, residents: 5, ..Plan::USUAL });
        let [first, copy] = reserved_between_a_tap_and_its_copy(&town);
        assert_eq!(first.expect(201), copy.expect(201));
    }

    // SQLite's one writer ends with a tap before it looks at its copy.
    async fn without_the_guard_of_a_taps_turns_the_copy_is_refused_for_the_reservation(db: TestDb) {
        let plan = Plan { servers: 2, residents: 5, guards_off: "tap_turns", ..Plan::USUAL };
        let [first, copy] = reserved_between_a_tap_and_its_copy(&Town::open(db, plan));
        first.expect(201);
        copy.refused(409, "already_reserved");
    }

    async fn staff_take_a_place_away_that_is_freed_at_the_moment_at_which_they_would_hear_that_it_is_taken(db: TestDb) {
        let town = Town::open(db, Plan::USUAL);
        let meal = town.meal(0, 0, 2, None);
        let taken = "UPDATE menus SET taken = 2";
        // Whoever changes a menu, or wants to, waits at the end of the statement.
        let slow = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
                    CREATE TRIGGER slow AFTER UPDATE ON menus EXECUTE FUNCTION wait()";
        let mut other = PgConnection::establish(town.db.url()).unwrap();
        other.batch_execute(&format!("{taken}; SELECT pg_advisory_lock(1); {slow}")).unwrap();
        let items = json!([{ "id": meal.item, "name": "套餐", "kind": "set", "price_fen": 1500 }]);
        let desk = &town.canteens[0].desk;
        let changed = thread::scope(|scope| {
            let change =
                scope.spawn(|| desk.put(&format!("/menus/{}", meal.id), json!({ "capacity": 1, "items": items }), "\"v2\""));
            while waiting(&mut other) == 0 && !change.is_finished() {}
            other.batch_execute("UPDATE menus SET taken = 1; SELECT pg_advisory_unlock(1)").unwrap();
            change.join().unwrap()
        });
        changed.expect(200);
    }

    async fn two_processes_give_back_what_was_changed_at_the_moment_of_a_cancelling(db: TestDb) {
        a_change_and_an_end(db, 2, false);
    }

    async fn two_processes_serve_what_was_changed_at_the_moment_of_a_check_in(db: TestDb) {
        a_change_and_an_end(db, 2, true);
    }

    async fn two_processes_leave_no_promise_behind_when_a_meal_is_closed_amid_changes(db: TestDb) {
        let town = Town::open(db, Plan { servers: 2, residents: 40, ..Plan::USUAL });
        town.pay_once_a_day();
        (0..3).for_each(|round| assert_eq!(promises_after_a_close(&town, round), 0));
    }

    // SQLite's one writer closes before a change or after it.
    async fn without_the_guard_of_ended_meals_a_promise_is_left_behind(db: TestDb) {
        let plan = Plan { servers: 2, canteens: 4, residents: 40, guards_off: "ended" };
        let town = Town::open(db, plan);
        town.pay_once_a_day();
        assert!((0..12).any(|round| promises_after_a_close(&town, round) > 0));
    }

    async fn two_processes_let_one_of_a_check_in_and_a_cancelling_win(db: TestDb) {
        a_check_in_and_a_cancelling(db, 2);
    }
}
