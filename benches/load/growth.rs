//! Whether today's questions cost the same when years lie behind, and how long a month of a district takes to count.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    client::Call,
    measure::{Ask, On, SLOWER_US, Seeds, median},
    past::{Past, Pen},
    server::{Server, Way},
    world::{Progress, Size, World},
};

/// How often each is asked in a round. Before each question somebody comes to every canteen, so that it is made anew.
const QUESTIONS: usize = 20;

/// A month of a district: 115 canteens that serve 42,000 meals a day.
const LARGE_DISTRICT: Size = Size { canteens: 115, residents: 122, days: 1, reserved_today: 0 };
const MONTH_DAYS: usize = 30;

/// How often a question was answered a second, by the number of past meals.
pub type Rates = BTreeMap<(Ask, On, usize), f64>;

/// Asks for headcount and door list, at each number of past meals in their order.
pub fn measure(directory: &Path, on: &[On], district: Size, sizes: &[usize], rounds: usize) -> Rates {
    let mut rates = Rates::new();
    for on in on.iter().filter(|on| matches!(on, On::Sqlite | On::Postgres)) {
        for meals in sizes {
            // Anew for each, so that as many have come when it is asked.
            let Some((mut seeds, url)) = seeded(directory, *on, district) else { continue };
            let mut progress = Progress::default();
            let mut pen = Pen::of(&url);
            let past = past(&seeds, *on, false);
            let began = Instant::now();
            past.begin(&mut pen);
            past.write(&mut pen, 0..past.menus(*meals));
            past.end(&mut pen);
            eprintln!("{on:?}: {meals} meals of the past, written in {:.0} s", began.elapsed().as_secs_f64());
            let server = Server::start(&url, Way::default(), &directory.join("grown.log"));
            seeds.world_mut(*on).sign_in_again(&server);
            let world = seeds.world(*on);
            for what in [Ask::Headcount, Ask::DoorList] {
                let mut rate = || made_anew(&server, world, &mut progress, what);
                rate();
                let rate = median((0..rounds).map(|_| rate()));
                println!(
                    "{:<10} {:<10} {meals:>10} past meals {rate:>10.0} a second",
                    format!("{what:?}"),
                    format!("{on:?}")
                );
                rates.insert((what, *on, *meals), rate);
            }
            server.stop();
        }
    }
    rates
}

/// How often a second it is answered when it has to be made anew each time.
fn made_anew(server: &Server, world: &World, progress: &mut Progress, what: Ask) -> f64 {
    let mut took = Duration::ZERO;
    for _ in 0..QUESTIONS {
        let comes =
            (0..world.canteens.len()).map(|_| world.next_check_in(progress).expect("somebody is left"));
        server.all(comes.collect());
        let began = Instant::now();
        server.one(if what == Ask::Headcount { world.headcount() } else { world.door_list() });
        took += began.elapsed();
    }
    QUESTIONS as f64 / took.as_secs_f64()
}

/// Counts a month of a large district: seconds for its takings, and for the headcounts of all its days.
pub fn count_a_month(directory: &Path, on: &[On], rounds: usize) -> Vec<(On, f64, f64)> {
    let mut counted = Vec::new();
    for on in on.iter().filter(|on| matches!(on, On::Sqlite | On::Postgres)) {
        let Some((mut seeds, url)) = seeded(directory, *on, LARGE_DISTRICT) else { continue };
        let mut pen = Pen::of(&url);
        let past = past(&seeds, *on, true);
        let began = Instant::now();
        past.begin(&mut pen);
        past.write(&mut pen, 0..LARGE_DISTRICT.canteens * 3 * MONTH_DAYS);
        past.end(&mut pen);
        drop(pen);
        eprintln!("{on:?}: a month of a district, written in {:.0} s", began.elapsed().as_secs_f64());
        let server = Server::start(&url, Way::default(), &directory.join("grown.log"));
        seeds.world_mut(*on).sign_in_again(&server);
        let world = seeds.world(*on);
        let timed = |calls: &dyn Fn() -> Vec<Call>| {
            median((0..rounds).map(|_| {
                let began = Instant::now();
                calls().into_iter().for_each(|call| check(&server.one(call)));
                began.elapsed().as_secs_f64()
            }))
        };
        let takings = timed(&|| vec![world.takings(MONTH_DAYS)]);
        let headcounts = timed(&|| (1..=MONTH_DAYS).map(|ago| world.overview(ago)).collect());
        counted.push((*on, takings, headcounts));
        server.stop();
    }
    counted
}

/// Every canteen has what it was given.
fn check(answer: &Value) {
    let canteens = answer["canteens"].as_array().expect("a list");
    assert_eq!(canteens.len(), LARGE_DISTRICT.canteens);
    for canteen in canteens {
        let day = 3 * LARGE_DISTRICT.residents;
        let meals = canteen["meals"].as_u64().or(canteen["served"]["people"].as_u64());
        let expected = if canteen.get("meals").is_some() { day * MONTH_DAYS } else { day };
        assert_eq!(meals, Some(expected as u64), "{canteen}");
    }
}

/// A district of this size in a database of its own; none where there is no PostgreSQL.
fn seeded<'a>(directory: &'a Path, on: On, size: Size) -> Option<(Seeds<'a>, String)> {
    let seeds = Seeds::make(directory, &[on], size, SLOWER_US);
    let url = seeds.url(on)?;
    Some((seeds, url))
}

fn past<'a>(seeds: &'a Seeds<'_>, on: On, priced: bool) -> Past<'a> {
    let world: &World = seeds.world(on);
    Past { world, diners: world.diners(), priced }
}
