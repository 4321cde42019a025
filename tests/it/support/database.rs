//! A fresh, migrated database for every test, copied from a template that is migrated once a run.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use leling::db::{Db, Kind};
use tempfile::TempDir;

use super::postgres;

/// A database of one test's own; it goes with the value.
pub struct TestDb {
    pub kind: Kind,
    url: String,
    /// What is removed with the test: its directory, or its database on the server.
    _place: Box<dyn Send + Sync>,
}

impl TestDb {
    /// A new one, migrated and otherwise empty.
    pub fn fresh(kind: Kind) -> TestDb {
        match kind {
            Kind::Sqlite => {
                let directory = directory();
                let path = directory.path().join("test.db");
                fs::write(&path, sqlite_template()).unwrap();
                TestDb { kind, url: format!("sqlite:{}", path.display()), _place: Box::new(directory) }
            }
            Kind::Postgres => {
                let database = postgres::database();
                TestDb { kind, url: database.url(), _place: Box::new(database) }
            }
        }
    }

    /// A place where a database may be made: no file, or an empty database on the server.
    pub fn nothing(kind: Kind) -> TestDb {
        match kind {
            Kind::Sqlite => {
                let directory = directory();
                let path = directory.path().join("test.db");
                TestDb { kind, url: format!("sqlite:{}", path.display()), _place: Box::new(directory) }
            }
            Kind::Postgres => {
                let database = postgres::empty_database();
                TestDb { kind, url: database.url(), _place: Box::new(database) }
            }
        }
    }

    /// The database at this URL, which goes with `place`.
    pub fn at(kind: Kind, url: String, place: impl Send + Sync + 'static) -> TestDb {
        TestDb { kind, url, _place: Box::new(place) }
    }

    /// The URL for [`Db::open`].
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database, opened.
    pub fn open(&self) -> Db {
        Db::open(&self.url).unwrap()
    }
}

/// How a test's name begins.
pub fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgres",
    }
}

/// A new directory, removed with the value.
pub fn directory() -> TempDir {
    tempfile::Builder::new().prefix("leling-test-").tempdir().unwrap()
}

static TEMPLATE: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// The bytes of a migrated SQLite file.
fn sqlite_template() -> Vec<u8> {
    let mut template = TEMPLATE.lock().unwrap_or_else(PoisonError::into_inner);
    template.get_or_insert_with(|| migrated(&directory().path().join("template.db"))).clone()
}

fn migrated(path: &Path) -> Vec<u8> {
    drop(Db::open(&format!("sqlite:{}", path.display())).unwrap());
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    // Threads of what was just dropped may still be closing their connections.
    conn.batch_execute("PRAGMA busy_timeout = 60000; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    fs::read(path).unwrap()
}
