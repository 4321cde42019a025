//! The auditor: a true book is found true, and every single change made behind its back is found and named.

mod changes;
mod days;
mod rows;

use std::process::Command;

use diesel::connection::SimpleConnection;
use leling::{
    db::{Db, Fail, Fault},
    problem,
    verify::{self, Difference},
};
use serde_json::{Value, json};

use crate::support::{lunch::Lunch, world::TODAY};

use changes::RECORDED_TWICE;
use days::Days;
use rows::{key_of, key_text, keys, names};

/// What came of a look at the book, when what was done before it is undone again.
enum Outcome {
    Found(Vec<Difference>),
    Fault(Fault),
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Outcome {
        Outcome::Fault(fault)
    }
}

/// What the auditor finds after `change`, of which nothing remains. Nothing when the schema itself forbids it.
fn found_after(db: &Db, change: &str) -> Option<Vec<Difference>> {
    let change = change.to_owned();
    let undone = db.write_blocking(move |conn| -> Result<(), Fail<Outcome>> {
        conn.batch_execute(&change)?;
        let mut found = Vec::new();
        match verify::verify(conn, &mut |difference| found.push(difference)) {
            Ok(_) => Err(Fail::Refused(Outcome::Found(found))),
            Err(problem::Fail::Database(error)) => Err(Fail::Database(error)),
            Err(problem::Fail::Refused(problem)) => panic!("{problem}"),
        }
    });
    match undone {
        Err(Outcome::Found(found)) => Some(found),
        Err(Outcome::Fault(Fault::Conflict)) => None,
        Err(Outcome::Fault(fault)) => panic!("{fault:?}"),
        Ok(()) => unreachable!("it never succeeds"),
    }
}

on_both! {
    async fn a_day_on_which_everything_happens_is_found_true_and_each_change_behind_its_back_is_found_and_named(db: TestDb) {
        let kind = db.kind;
        let days = Days::lived_through(db).await;
        let db = days.lunch.app.db();
        assert_eq!(found_after(&db, "SELECT 1").map(|found| format!("{found:#?}")).as_deref(), Some("[]"));
        // Another seed changes other rows.
        let seed: usize = std::env::var("VERIFY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
        let (mut changed, mut unseen) = (0, Vec::new());
        for (number, (table, column, how, condition)) in RECORDED_TWICE.iter().enumerate() {
            let rows = db.read_blocking(|conn| -> Result<_, problem::Fail> { Ok(keys(conn, kind, table, condition)) });
            let rows = rows.unwrap_or_else(|problem: problem::Problem| panic!("{problem}"));
            let Some(key) = rows.get((seed + number) % rows.len().max(1)) else {
                panic!("no row for {table}.{column} where {condition}")
            };
            let this: Vec<String> = key_of(table).iter().map(|column| key_text(kind, column)).collect();
            let statement = format!(
                "UPDATE {table} SET {column} = {} WHERE {} = '{key}'", how.sql(column, kind), this.join(" || ' ' || ")
            );
            let Some(found) = found_after(&db, &statement) else { continue };
            changed += 1;
            if !found.iter().any(|difference| names(difference, table, key)) {
                unseen.push(format!("{statement}: {} others", found.len()));
            }
        }
        assert!(unseen.is_empty(), "seed {seed}, not found: {unseen:#?}");
        assert!(changed >= 100, "seed {seed}: only {changed} changes were possible");
    }
}

on_both! {
    async fn who_reserves_and_wants_it_to_take_away_in_one_moment_leaves_a_true_book(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        let placed = lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let wish = json!({ "mode": "takeaway", "lines": [{ "item_id": menu["items"][0]["id"], "portions": 2 }] });
        let path = format!("/reservations/{}", placed["id"].as_str().unwrap());
        let staff = lunch.tokens("staff").await;
        let change = lunch.app.put(&path, wish).by(&staff).header("If-Match", "\"v1\"");
        let changed = change.send().await.expect(200);
        assert_eq!(changed["mode"], "takeaway");
        let found = found_after(&lunch.app.db(), "SELECT 1").map(|found| format!("{found:#?}"));
        assert_eq!(found.as_deref(), Some("[]"));
    }
}

on_both! {
    async fn the_command_names_differences_and_ends_with_one_and_says_nothing_of_a_true_book(db: TestDb) {
        let lunch = Lunch::ready(db).await;
        let menu = lunch.menu(TODAY, "lunch").await;
        lunch.reserve("staff", &lunch.father, &menu, 1).await.expect(201);
        let verify = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_leling"));
            let output = command.env_clear().args(["verify", "--json", "--database-url", lunch.app.database_url()]).output();
            let output = output.unwrap();
            let lines = String::from_utf8(output.stdout).unwrap();
            let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            (output.status.code(), lines, String::from_utf8(output.stderr).unwrap())
        };
        let (status, lines, said) = verify();
        assert_eq!((status, lines.len()), (Some(0), 1), "{lines:?} {said}");
        assert_eq!(lines[0]["checked"]["reservations"], 1);

        // A price that was changed in a policy, and not in what relied on it.
        lunch.app.write(|conn, _| {
            Ok(conn.batch_execute("UPDATE policies SET document = replace(document, '300', '301')")?)
        }).await;
        let (status, lines, said) = verify();
        assert_eq!(status, Some(1));
        assert!(said.contains("differences_found"), "{said}");
        assert_eq!((&lines[0]["table"], &lines[0]["column"]), (&json!("quotes"), &json!("result")));
    }
}
