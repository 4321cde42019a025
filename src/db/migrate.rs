//! Brings the database to the shape that this program knows, before anything else touches it.
//!
//! Several processes may start at once on one database, also on an empty one: one of them migrates, the others wait and
//! find it done. An existing file is copied first.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use diesel::{
    QueryableByName, RunQueryDsl,
    connection::SimpleConnection,
    migration::{self, MigrationConnection, MigrationSource},
    sql_query,
    sql_types::Text,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    OpenError,
    conn::{Address, Conn, MultiBackend, Purpose, Trouble},
    copy,
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

type Migration = Box<dyn migration::Migration<MultiBackend>>;

type Known = dyn MigrationSource<MultiBackend>;

/// Any number that other programs on the same PostgreSQL database are unlikely to lock.
const LOCK: i64 = 0x6C65_6C69_6E67;

/// Migrates the database at `address`.
///
/// Fails when it cannot be reached or written, is no database of ours, or is newer than this program.
pub(super) fn migrate(address: &Address) -> Result<(), OpenError> {
    migrate_with(address, &MIGRATIONS)
}

fn migrate_with(address: &Address, known: &Known) -> Result<(), OpenError> {
    let mut conn = address.connect().map_err(|error| unreachable(address, &error))?;
    let applied = applied(&mut conn)?;
    if pending(known, &applied)?.is_empty() {
        return Ok(());
    }
    if let (Address::Sqlite(path), Some(newest)) = (address, applied.last()) {
        back_up(&mut conn, path, newest, &applied)?;
    }
    apply(&mut conn, known)
}

/// Why a connection could not be made, in our words.
pub(super) fn unreachable(address: &Address, error: &diesel::ConnectionError) -> OpenError {
    match address {
        Address::Postgres(_) => OpenError::Unreachable(error.to_string()),
        Address::Sqlite(_) => match error {
            diesel::ConnectionError::CouldntSetupConfiguration(error)
                if Trouble::of(error) == Trouble::NotADatabase =>
            {
                OpenError::NotADatabase
            }
            // No directory, no right, a directory of that name, a medium that is read-only.
            error => OpenError::Unwritable(error.to_string()),
        },
    }
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// The versions that were applied, in order; none when the database is empty.
///
/// It looks without writing, so that the usual start of the program needs no lock.
fn applied(conn: &mut Conn) -> Result<BTreeSet<String>, OpenError> {
    let catalogue = catalogue(conn);
    let tables = words(conn, catalogue)?;
    if tables.contains("__diesel_schema_migrations") {
        return words(conn, "SELECT version AS word FROM __diesel_schema_migrations");
    }
    match conn {
        // A server's database may well be shared; a file with other tables belongs to another program.
        Conn::Sqlite(_) if !tables.is_empty() => Err(OpenError::Foreign),
        Conn::Pg(_) | Conn::Sqlite(_) => Ok(BTreeSet::new()),
    }
}

/// The question for the names of all tables.
fn catalogue(conn: &Conn) -> &'static str {
    match conn {
        Conn::Pg(_) => "SELECT tablename::text AS word FROM pg_tables WHERE schemaname = current_schema()",
        Conn::Sqlite(_) => "SELECT name AS word FROM sqlite_master WHERE type = 'table'",
    }
}

fn words(conn: &mut Conn, query: &str) -> Result<BTreeSet<String>, OpenError> {
    let rows: Vec<Word> = sql_query(query).load(conn).map_err(failed)?;
    Ok(rows.into_iter().map(|row| row.word).collect())
}

/// How a database stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Ours,
    Older,
    /// Nothing was ever applied.
    Empty,
}

/// How the database behind a connection stands to this program; fails when it is newer, or another program's.
pub(super) fn shape(conn: &mut Conn) -> Result<Shape, OpenError> {
    shape_of(&applied(conn)?)
}

/// The same, from the versions that were applied.
pub(super) fn shape_of(applied: &BTreeSet<String>) -> Result<Shape, OpenError> {
    if applied.is_empty() {
        return Ok(Shape::Empty);
    }
    Ok(if pending(&MIGRATIONS, applied)?.is_empty() { Shape::Ours } else { Shape::Older })
}

/// Whether no table at all is in the database.
pub(super) fn is_empty(conn: &mut Conn) -> Result<bool, OpenError> {
    let catalogue = catalogue(conn);
    Ok(words(conn, catalogue)?.is_empty())
}

/// The migrations that are still to be applied, in order.
///
/// Fails when some were applied that this program does not know.
fn pending(known: &Known, applied: &BTreeSet<String>) -> Result<Vec<Migration>, OpenError> {
    let mut migrations = known.migrations().map_err(not_migrated)?;
    let versions: BTreeSet<String> = migrations.iter().map(version).collect();
    if let Some(unknown) = applied.difference(&versions).last() {
        return Err(OpenError::Newer(unknown.clone()));
    }
    migrations.retain(|migration| !applied.contains(&version(migration)));
    migrations.sort_by_key(version);
    Ok(migrations)
}

fn version(migration: &Migration) -> String {
    migration.name().version().to_string()
}

/// Copies the file to `<file>.before-<newest applied>`, beside it.
fn back_up(conn: &mut Conn, path: &Path, newest: &str, before: &BTreeSet<String>) -> Result<(), OpenError> {
    let copy = beside(path, &format!(".before-{newest}"));
    let unfinished = beside(path, &format!(".before-{newest}.{}", std::process::id()));
    copy::vacuum_into(conn, &unfinished).map_err(failed)?;
    // When another process has migrated meanwhile, this copy may be of the new shape and its copy of the old.
    let kept =
        if applied(conn)? == *before { fs::rename(&unfinished, &copy) } else { fs::remove_file(&unfinished) };
    kept.map_err(|error| OpenError::Unwritable(format!("{}: {error}", copy.display())))
}

pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Applies what is pending, all of it or none.
fn apply(conn: &mut Conn, known: &Known) -> Result<(), OpenError> {
    if let Conn::Sqlite(_) = conn {
        // Whoever migrates at this moment may take a while.
        conn.batch_execute("PRAGMA busy_timeout = 60000").map_err(failed)?;
    }
    conn.begin(Purpose::Migrate).map_err(failed)?;
    if let Conn::Pg(_) = conn {
        conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})")).map_err(failed)?;
    }
    // Another process may have been quicker.
    for migration in pending(known, &applied(conn)?)? {
        tracing::info!(version = version(&migration), "migrating the database");
        conn.setup().map_err(failed)?;
        conn.run_migration(&migration).map_err(not_migrated)?;
    }
    conn.commit().map_err(failed)
}

fn failed(error: diesel::result::Error) -> OpenError {
    match Trouble::of(&error) {
        Trouble::NotADatabase => OpenError::NotADatabase,
        Trouble::DiskFull => OpenError::Unwritable(error.to_string()),
        Trouble::Constraint
        | Trouble::OurFault
        | Trouble::TryAgain
        | Trouble::LockTimeout
        | Trouble::Locked
        | Trouble::Gone
        | Trouble::Unknown => OpenError::Migration(error.to_string()),
    }
}

fn not_migrated(error: Box<dyn std::error::Error + Send + Sync>) -> OpenError {
    OpenError::Migration(error.to_string())
}

#[cfg(test)]
mod tests {
    use diesel_migrations::FileBasedMigrations;

    use super::*;

    /// A source with one migration for each of these statements.
    fn source(directory: &Path, statements: &[&str]) -> FileBasedMigrations {
        for (number, statement) in statements.iter().enumerate() {
            let migration = directory.join(format!("migrations/000{number}_m"));
            fs::create_dir_all(&migration).unwrap();
            fs::write(migration.join("up.sql"), statement).unwrap();
            fs::write(migration.join("down.sql"), "SELECT 1;").unwrap();
        }
        FileBasedMigrations::from_path(directory.join("migrations")).unwrap()
    }

    #[test]
    fn a_file_is_copied_before_it_is_migrated() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("it's.db");
        let address = Address::Sqlite(path.clone());
        let first = "CREATE TABLE plates (id BIGINT PRIMARY KEY NOT NULL);";
        migrate_with(&address, &source(directory.path(), &[first])).unwrap();
        assert!(!beside(&path, ".before-0000").exists());

        let second = source(directory.path(), &[first, "ALTER TABLE plates ADD COLUMN colour TEXT;"]);
        migrate_with(&address, &second).unwrap();
        let copy = Address::Sqlite(beside(&path, ".before-0000"));
        assert_eq!(applied(&mut copy.connect().unwrap()).unwrap().len(), 1);
        assert_eq!(applied(&mut address.connect().unwrap()).unwrap().len(), 2);
    }

    #[test]
    fn a_migration_that_fails_takes_those_before_it_back() {
        let directory = tempfile::tempdir().unwrap();
        let address = Address::Sqlite(directory.path().join("house.db"));
        let broken =
            source(directory.path(), &["CREATE TABLE plates (id BIGINT PRIMARY KEY);", "CREATE GIBBERISH;"]);
        assert_eq!(migrate_with(&address, &broken).unwrap_err().code(), "migration_failed");
        assert_eq!(applied(&mut address.connect().unwrap()).unwrap().len(), 0);
    }
}
