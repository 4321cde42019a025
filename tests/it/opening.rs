//! How a database is opened, and when it is not.

use std::{fs, thread};

use diesel::connection::SimpleConnection;
use leling::db::{Db, Fail, Fault};

use crate::support::directory;

/// The code with which a file with this content is refused.
fn refusal(content: &[u8]) -> &'static str {
    let directory = directory();
    let path = directory.path().join("file.db");
    fs::write(&path, content).unwrap();
    Db::open(&format!("sqlite:{}", path.display())).unwrap_err().code()
}

plain! {
    async fn a_url_that_says_nothing_known_is_refused() {
        for url in ["", "leling.db", "mysql://host/db", "sqlite:", "sqlite::memory:", "host=127.0.0.1", "sqlite:file:x"] {
            assert_eq!(Db::open(url).unwrap_err().code(), "bad_database_url", "{url}");
        }
    }

    async fn a_file_that_is_no_database_is_refused() {
        assert_eq!(refusal(b"name,price\n\xe7\xb1\xb3\xe9\xa5\xad,300\n".repeat(100).as_slice()), "not_a_database");
    }

    async fn a_file_in_no_directory_is_refused() {
        let error = Db::open("sqlite:/no/such/directory/leling.db").unwrap_err();
        assert_eq!(error.code(), "database_unwritable");
    }

    async fn a_file_of_another_program_is_refused() {
        let directory = directory();
        let path = directory.path().join("other.db");
        let mut conn = <diesel::SqliteConnection as diesel::Connection>::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("CREATE TABLE songs (title TEXT)").unwrap();
        let error = Db::open(&format!("sqlite:{}", path.display())).unwrap_err();
        assert_eq!(error.code(), "not_a_database");
    }

    async fn several_processes_may_begin_a_file_at_once() {
        let directory = directory();
        let url = format!("sqlite://{}", directory.path().join("new.db").display());
        open_at_once(&url);
    }
}

on_both! {
    async fn a_database_of_a_newer_program_is_refused(db: TestDb) {
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";
        let opened = db.open();
        opened.write(move |conn| -> Result<(), Fail<Fault>> { Ok(conn.batch_execute(newer)?) }).await.unwrap();
        assert_eq!(Db::open(db.url()).unwrap_err().code(), "newer_database");
    }
}

on_postgres! {
    async fn several_processes_may_begin_a_database_at_once(db: TestDb) {
        let opened = db.open();
        let empty = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
        opened.write(move |conn| -> Result<(), Fail<Fault>> { Ok(conn.batch_execute(empty)?) }).await.unwrap();
        drop(opened);
        open_at_once(db.url());
    }
}

fn open_at_once(url: &str) {
    thread::scope(|scope| {
        let openers: Vec<_> = (0..6).map(|_| scope.spawn(|| Db::open(url).map(drop))).collect();
        for opener in openers {
            opener.join().unwrap().unwrap();
        }
    });
}
