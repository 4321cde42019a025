//! Backups of a process at work, brought back and verified; and what is refused.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::{Command, Output},
    sync::{Condvar, Mutex},
    thread,
};

use diesel::prelude::*;
use leling::{
    db::{Db, schema::reservations},
    ids::ReservationId,
    problem::{Fail, Problem},
};

use crate::support::{Meal, Plan, TestDb, Town, directory};

/// How many residents reserve and cancel while backups are made.
const RESIDENTS: usize = 12;

/// How many backups are made; a longer run is asked for with `BACKUP_ROUNDS`.
fn rounds() -> usize {
    std::env::var("BACKUP_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3)
}

fn leling(url: &str, keys: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leling"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    if !keys.is_empty() {
        command.env("LELING_KEYS", keys);
    }
    command.args(arguments).args(["--database-url", url]).output().unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    said.into_owned()
}

#[track_caller]
fn refused(output: &Output, code: &str) {
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && complained.contains(&format!("leling: {code}: ")), "{complained}");
}

/// Whether everybody reserves and cancels, waits, or goes home.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Work,
    Wait,
    Home,
}

/// What those who make the load share.
struct Load<'a> {
    town: &'a Town,
    meals: Vec<Meal>,
    turn: Mutex<Turn>,
    turned: Condvar,
    /// The reservations that were acknowledged.
    acknowledged: Mutex<Vec<ReservationId>>,
}

impl Load<'_> {
    fn turn(&self, turn: Turn) {
        *self.turn.lock().unwrap() = turn;
        self.turned.notify_all();
    }

    /// Whether to go on, once it is one's turn.
    fn goes_on(&self) -> bool {
        let waiting = self.turn.lock().unwrap();
        *self.turned.wait_while(waiting, |turn| *turn == Turn::Wait).unwrap() == Turn::Work
    }

    /// One resident reserves and cancels, meal after meal.
    fn work(&self, number: usize) {
        let resident = &self.town.residents[number];
        for turn in number.. {
            if !self.goes_on() {
                return;
            }
            let meal = &self.meals[turn % self.meals.len()];
            let placed = resident.client.post("/reservations", meal.order(resident)).expect(201);
            self.acknowledged.lock().unwrap().push(serde_json::from_value(placed["id"].clone()).unwrap());
            let cancel = format!("/reservations/{}/cancel", placed["id"].as_str().unwrap());
            resident.client.post(&cancel, serde_json::Value::Null).expect(200);
        }
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Lets everybody work, and waits until they do.
    fn begin(&self) {
        let so_far = self.acknowledged();
        self.turn(Turn::Work);
        while self.acknowledged() < so_far + RESIDENTS {
            thread::yield_now();
        }
    }
}

/// One backup, while everybody works: brought back, verified, and compared with what had been acknowledged before it
/// began. Gives how many those were, and how many more were acknowledged while it was made.
fn round(load: &Load<'_>, file: &Path, number: usize) -> (usize, usize) {
    let town = load.town;
    let path = file.to_str().unwrap();
    load.begin();
    let before = load.acknowledged.lock().unwrap().clone();
    done(&leling(town.db.url(), &town.keys, &["backup", path]));
    let meanwhile = load.acknowledged() - before.len();
    // The auditor finds the living database true as well, at work.
    if number % 10 == 1 {
        done(&leling(town.db.url(), &town.keys, &["verify"]));
    }
    load.turn(Turn::Wait);
    let back = TestDb::nothing(town.db.kind);
    done(&leling(back.url(), &town.keys, &["restore", path]));
    done(&leling(back.url(), &town.keys, &["verify"]));
    let db = Db::open(back.url()).unwrap();
    let there = db.read_blocking(|conn| -> Result<Vec<ReservationId>, Fail> {
        Ok(reservations::table.select(reservations::id).load(conn)?)
    });
    let mut there = there.unwrap_or_else(|problem: Problem| panic!("{problem}"));
    db.close();
    there.sort_unstable();
    let lost = before.iter().filter(|id| there.binary_search(id).is_err()).count();
    assert_eq!(lost, 0, "of {} acknowledged before the backup began", before.len());
    fs::remove_file(file).unwrap();
    (before.len(), meanwhile)
}

on_both! {
    async fn backups_made_at_work_are_whole_and_hold_what_was_acknowledged_before_they_began(db: TestDb) {
        let town = Town::open(db, Plan { residents: RESIDENTS, ..Plan::USUAL });
        town.pay_once_a_day();
        let load = Load {
            meals: (0..30).map(|number| town.meal(0, number, 64, None)).collect(),
            town: &town,
            turn: Mutex::new(Turn::Wait),
            turned: Condvar::new(),
            acknowledged: Mutex::default(),
        };
        let here = directory();
        let file = here.path().join("backup");
        thread::scope(|scope| {
            let load = &load;
            for number in 0..RESIDENTS {
                scope.spawn(move || load.work(number));
            }
            let rounds = catch_unwind(AssertUnwindSafe(|| {
                for number in 1..=rounds() {
                    let (before, meanwhile) = round(load, &file, number);
                    eprintln!("backup {number}: {before} reservations acknowledged before it, {meanwhile} meanwhile");
                }
            }));
            load.turn(Turn::Home);
            rounds.unwrap();
        });
    }

    async fn nothing_is_written_over_and_keys_are_told_of(db: TestDb) {
        let here = directory();
        let file = here.path().join("backup");
        let (path, keys) = (file.to_str().unwrap(), here.path().join("some.keys"));
        let key_file = ["--key-file", keys.to_str().unwrap()];
        // The first start makes the keys.
        let settled = ["account", "create-admin", "--user-name", "x", "--password-stdin"];
        drop(leling(db.url(), "", &settled));
        leling::keys::Keys::of_installation(&db.open(), &leling::keys::KeySource::File(keys.clone())).unwrap();

        let said = done(&leling(db.url(), "", &[&["backup", path], &key_file[..]].concat()));
        assert!(said.contains("NOT in it") && said.contains("some.keys"), "{said}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        refused(&leling(db.url(), "", &[&["backup", path], &key_file[..]].concat()), "file_exists");
        refused(&leling(db.url(), "", &[&["restore", path], &key_file[..]].concat()), "database_exists");

        let back = TestDb::nothing(db.kind);
        let absent = here.path().join("no.keys");
        let without = ["restore", path, "--key-file", absent.to_str().unwrap()];
        refused(&leling(back.url(), "", &without), "key_file_missing");
        refused(&leling(back.url(), &format!("{0}:{0}", "ab".repeat(32)), &["restore", path]), "wrong_identity_key");
        let archive = fs::read(&file).unwrap();
        let torn = here.path().join("torn");
        fs::write(&torn, &archive[..archive.len() / 2]).unwrap();
        let torn = leling(back.url(), "", &[&["restore", torn.to_str().unwrap()], &key_file[..]].concat());
        assert!(!torn.status.success(), "{torn:?}");
        done(&leling(back.url(), "", &[&["restore", path], &key_file[..]].concat()));

        let second = here.path().join("second");
        let second = second.to_str().unwrap();
        let with_keys = [&["backup", second, "--with-keys"], &key_file[..]].concat();
        assert!(done(&leling(db.url(), "", &with_keys)).contains("second.keys"));
        let brought = ["restore", second, "--with-keys", "--key-file", absent.to_str().unwrap()];
        let again = TestDb::nothing(db.kind);
        done(&leling(again.url(), "", &brought));
        assert_eq!(fs::read(&absent).unwrap(), fs::read(&keys).unwrap());
    }
}
