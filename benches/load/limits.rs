//! How fast the same disk commits, without the service: single bare rows, one by one, through diesel.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _, prelude::*};

diesel::table! {
    bare (id) {
        id -> BigInt,
        text -> Text,
    }
}

/// Commits a second, each of one row with one key, set up as the service sets up its files.
pub fn commits_per_second(file: &Path, long: Duration) -> f64 {
    let mut conn = SqliteConnection::establish(&file.display().to_string()).expect("a file can be made");
    conn.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS bare (id BIGINT PRIMARY KEY NOT NULL, text TEXT NOT NULL)",
    )
    .expect("a table can be made");
    let first: i64 = bare::table.count().get_result(&mut conn).expect("it can be counted");
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < long {
        let row = (bare::id.eq(first + count), bare::text.eq("a bare row, as short as rows are"));
        diesel::insert_into(bare::table).values(row).execute(&mut conn).expect("a row can be written");
        count += 1;
    }
    count as f64 / began.elapsed().as_secs_f64()
}

/// The same in a process of its own, whose every sync a library makes slower.
pub fn commits_per_second_slowed(file: &Path, long: Duration, slow_sync: &Path) -> f64 {
    let mut command = Command::new(std::env::current_exe().expect("a program knows itself"));
    command.arg("--bare-rows").arg(file).arg("--seconds").arg(long.as_secs_f64().to_string());
    let output = command.env("LD_PRELOAD", slow_sync).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}
