//! One connection type over two databases. No other file but those beside it knows which of the two is in use.
//!
//! The URL's scheme decides, and nothing is guessed: `sqlite:` names a file, `postgres:` a server.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{
    Connection, PgConnection, QueryResult, RunQueryDsl, SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    r2d2::R2D2Connection,
    result::{ConnectionError, DatabaseErrorKind, Error},
    sql_query,
    sql_types::BigInt,
};
use uuid::Uuid;

use super::{Kept, Kind, OpenError, after};
use crate::each;

/// A connection to the database, whichever it is.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// To a PostgreSQL server.
    Pg(PgConnection),
    /// To an SQLite file.
    Sqlite(SqliteConnection),
}

/// The longest that a statement on PostgreSQL may run, and a whole write with it.
pub(super) const POSTGRES_LONGEST: Duration = Duration::from_secs(10);

/// Where the database is.
#[derive(Clone, Debug)]
pub(super) enum Address {
    Postgres(String),
    Sqlite(PathBuf),
}

impl Address {
    /// Reads `postgres://…`, `postgresql://…`, `sqlite:path` or `sqlite://path`.
    pub(super) fn parse(url: &str) -> Result<Address, OpenError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Address::Postgres(url.to_owned()));
        }
        let path = url.strip_prefix("sqlite:").ok_or(OpenError::BadUrl)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        // SQLite would take these for a URL of its own or for a database in memory.
        if path.is_empty() || path.starts_with("file:") || path.starts_with(':') {
            return Err(OpenError::BadUrl);
        }
        Ok(Address::Sqlite(path.into()))
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Address::Postgres(_) => Kind::Postgres,
            Address::Sqlite(_) => Kind::Sqlite,
        }
    }

    /// The file, on SQLite.
    pub(super) fn file(&self) -> Option<PathBuf> {
        match self {
            Address::Postgres(_) => None,
            Address::Sqlite(path) => Some(path.clone()),
        }
    }

    /// A connection that may write.
    pub(super) fn connect(&self) -> Result<Conn, ConnectionError> {
        match self {
            Address::Postgres(url) => postgres(url),
            Address::Sqlite(path) => sqlite(path),
        }
    }

    /// A connection for the pool: the one for reading on SQLite, the one for everything on PostgreSQL.
    fn connect_pooled(&self) -> Result<Conn, ConnectionError> {
        let mut conn = self.connect_existing()?;
        if let Conn::Sqlite(sqlite) = &mut conn {
            sqlite
                .batch_execute("PRAGMA query_only = ON")
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
        }
        Ok(conn)
    }

    /// As [`connect`](Address::connect), but never makes a new, empty file where the database has gone.
    pub(super) fn connect_existing(&self) -> Result<Conn, ConnectionError> {
        if let Address::Sqlite(path) = self
            && !path.exists()
        {
            return Err(ConnectionError::BadConnection(format!("{} is gone", path.display())));
        }
        self.connect()
    }
}

impl Address {
    /// A connection that only looks, for as long as it takes, and leaves the file as it is.
    pub(super) fn connect_to_look(&self) -> Result<Conn, ConnectionError> {
        match self {
            Address::Postgres(url) => {
                let mut conn = postgres(url)?;
                conn.batch_execute(
                    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
                     SET default_transaction_read_only = on",
                )
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(conn)
            }
            Address::Sqlite(path) => {
                let mut conn = bare_sqlite(path)?;
                conn.batch_execute("PRAGMA query_only = ON")
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Conn::Sqlite(conn))
            }
        }
    }
}

fn postgres(url: &str) -> Result<Conn, ConnectionError> {
    let mut conn = PgConnection::establish(url)?;
    // Errors that carry no code through diesel are told apart by their words, best by the English ones. Only a superuser
    // may ask for these; for others the words are those that the server is configured with.
    let limits = format!(
        "SELECT set_config('lc_messages', 'C', false) FROM pg_roles WHERE rolname = current_user AND rolsuper;
         SET statement_timeout = {ms}; SET idle_in_transaction_session_timeout = {ms}; SET lock_timeout = 2000",
        ms = POSTGRES_LONGEST.as_millis()
    );
    conn.batch_execute(&limits).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(Conn::Pg(conn))
}

/// A connection to a file as it is.
pub(super) fn bare_sqlite(path: &Path) -> Result<SqliteConnection, ConnectionError> {
    let text = path.to_str().ok_or_else(|| ConnectionError::InvalidConnectionUrl("not UTF-8".into()))?;
    let mut conn = SqliteConnection::establish(text)?;
    conn.batch_execute("PRAGMA busy_timeout = 5000").map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// What an act's savepoint would need to undo it stays in memory (as other temporary things do) instead of going through a
/// file; the pages that acts share (indexes, the day's menus) stay there too, 16 MiB for each connection; and nobody who
/// commits moves the log into the file, as [`checkpoints`](super::checkpoints) does, unless it has grown to 64 MiB.
const FOR_SPEED: &str =
    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 16384";

fn sqlite(path: &Path) -> Result<Conn, ConnectionError> {
    let mut conn = bare_sqlite(path)?;
    // The switch to WAL waits for nobody by itself: another process that opens the same new file may hold it a moment.
    let mut tries = 0;
    while let Err(error) = conn.batch_execute("PRAGMA journal_mode = WAL") {
        tries += 1;
        if tries > 50 || !is_locked(&error) {
            return Err(ConnectionError::CouldntSetupConfiguration(error));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    conn.batch_execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
        .and_then(|()| conn.batch_execute(FOR_SPEED))
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(Conn::Sqlite(conn))
}

fn is_locked(error: &Error) -> bool {
    Trouble::of(error) == Trouble::Locked
}

impl Conn {
    /// Begins a transaction in which `what` the caller wants to do is safe.
    pub(super) fn begin(&mut self, what: Purpose) -> QueryResult<()> {
        match self {
            Conn::Pg(conn) => {
                let sql = match what {
                    Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                    Purpose::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
                    Purpose::Migrate => {
                        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"
                    }
                };
                AnsiTransactionManager::begin_transaction_sql(conn, sql)
            }
            Conn::Sqlite(conn) => {
                let sql = match what {
                    Purpose::Read => "BEGIN",
                    Purpose::Write => "BEGIN IMMEDIATE",
                    Purpose::Migrate => "BEGIN EXCLUSIVE",
                };
                AnsiTransactionManager::begin_transaction_sql(conn, sql)
            }
        }
    }

    /// Runs `act` in a savepoint: of an act that fails nothing remains, and the transaction goes on.
    pub fn in_savepoint<T, E>(
        &mut self,
        act: impl FnOnce(&mut Conn) -> Result<T, super::Fail<E>>,
    ) -> Result<T, super::Fail<E>> {
        let mark = after::mark();
        self.say("SAVEPOINT part")?;
        match act(self) {
            Ok(value) => {
                self.say("RELEASE part")?;
                Ok(value)
            }
            Err(fail) => {
                after::forget_since(mark);
                let undone = self.batch_execute("ROLLBACK TO part; RELEASE part");
                match (fail, undone) {
                    (super::Fail::Refused(_), Err(error)) => Err(error.into()),
                    (fail, _) => Err(fail),
                }
            }
        }
    }

    /// Says what has no values.
    pub(super) fn say(&mut self, words: &'static str) -> QueryResult<()> {
        each!(self, c => Kept(sql_query(words)).execute(c)).map(|_| ())
    }

    /// Lets transactions that name the same `id` come one after the other: waits until those that came first have ended, and
    /// sees what they did.
    pub fn take_turns(&mut self, id: Uuid) -> QueryResult<()> {
        match self {
            Conn::Pg(conn) => {
                let (high, low) = id.as_u64_pair();
                let lock = sql_query("SELECT pg_advisory_xact_lock($1)");
                Kept(lock.bind::<BigInt, _>((high ^ low).cast_signed())).execute(conn).map(|_| ())
            }
            // Whoever writes is alone.
            Conn::Sqlite(_) => Ok(()),
        }
    }

    /// Has something done once the transaction that is under way is committed; never when it is not. It must be quick and
    /// cannot fail.
    pub fn after_commit(&mut self, deed: impl FnOnce() + Send + 'static) {
        after::push(Box::new(deed));
    }

    /// Runs `act` in a savepoint that is rolled back unless it answers true. Gives what it answered.
    pub fn transaction_or_nothing(
        &mut self,
        act: impl FnOnce(&mut Conn) -> QueryResult<bool>,
    ) -> QueryResult<bool> {
        match self.in_savepoint(|conn| if act(conn)? { Ok(()) } else { Err(super::Fail::Refused(())) }) {
            Ok(()) => Ok(true),
            Err(super::Fail::Refused(())) => Ok(false),
            Err(super::Fail::Database(error)) => Err(error),
        }
    }

    /// Undoes what was done since the savepoint `act`, in whatever savepoints within.
    ///
    /// Fails when there is no such savepoint any more.
    pub(super) fn undo_act(&mut self) -> QueryResult<()> {
        self.batch_execute("ROLLBACK TO act; RELEASE act")
    }

    /// Commits, and fails when there is nothing left to commit.
    pub(super) fn commit(&mut self) -> QueryResult<()> {
        if let Conn::Pg(conn) = self {
            // PostgreSQL answers COMMIT with success, and rolls back, when a statement failed and nobody minded. The
            // statement before it fails then, and costs no trip of its own.
            conn.batch_execute("SELECT 1; COMMIT")?;
            return Ok(());
        }
        <Conn as Connection>::TransactionManager::commit_transaction(self)
    }

    /// Rolls back. A connection that cannot is noticed by its pool, or replaced by the writer.
    pub(super) fn rollback(&mut self) -> QueryResult<()> {
        <Conn as Connection>::TransactionManager::rollback_transaction(self)
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Everything is seen as of one moment; nothing can be changed.
    Read,
    /// All or nothing.
    Write,
    /// Nobody else reads or writes meanwhile on SQLite; no statement is too long.
    Migrate,
}

/// What a database error means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A constraint of the schema was hit: the statement did nothing, the rest stands.
    Constraint,
    /// The statement could not be built or its answer not be read: the fault is in this program.
    OurFault,
    /// Two transactions were in each other's way, and one has to begin again.
    TryAgain,
    /// A lock was not given in time (PostgreSQL).
    LockTimeout,
    /// The database file is locked by another process (SQLite), or a statement took too long (PostgreSQL).
    Locked,
    /// No room left.
    DiskFull,
    /// The file is no database.
    NotADatabase,
    /// The connection or the file is lost.
    Gone,
    /// Anything else.
    Unknown,
}

impl Trouble {
    pub(super) fn of(error: &Error) -> Trouble {
        match error {
            Error::DatabaseError(kind, information) => Trouble::told(*kind, information.message()),
            Error::RollbackErrorOnCommit { commit_error, .. } => Trouble::of(commit_error),
            Error::NotFound
            | Error::InvalidCString(_)
            | Error::QueryBuilderError(_)
            | Error::DeserializationError(_)
            | Error::SerializationError(_)
            | Error::IntegerConversion(_) => Trouble::OurFault,
            // What is left says that the transaction is not in the state that we thought.
            _ => Trouble::Unknown,
        }
    }

    fn told(kind: DatabaseErrorKind, message: &str) -> Trouble {
        match kind {
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::RestrictViolation
            | DatabaseErrorKind::ExclusionViolation => Trouble::Constraint,
            DatabaseErrorKind::SerializationFailure => Trouble::TryAgain,
            DatabaseErrorKind::ReadOnlyTransaction => Trouble::OurFault,
            DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => Trouble::Gone,
            // Neither database gives a code for these.
            _ => WORDS
                .iter()
                .find(|(words, _)| message.contains(words))
                .map_or(Trouble::Unknown, |(_, is)| *is),
        }
    }
}

/// Words in the messages of SQLite, and of PostgreSQL in English and in Chinese.
const WORDS: &[(&str, Trouble)] = &[
    ("检测到死锁", Trouble::TryAgain),
    ("锁超时", Trouble::LockTimeout),
    ("语句执行超时", Trouble::Locked),
    ("设备上没有空间", Trouble::DiskFull),
    ("deadlock detected", Trouble::TryAgain),
    // A slip of PostgreSQL's own (15.18): whoever takes a row at the moment at which somebody undoes their change of it, while
    // others refer to it, may hear so.
    ("new multixact has more than one updating member", Trouble::TryAgain),
    ("due to lock timeout", Trouble::LockTimeout),
    ("due to statement timeout", Trouble::Locked),
    ("is locked", Trouble::Locked),
    ("database or disk is full", Trouble::DiskFull),
    ("No space left on device", Trouble::DiskFull),
    ("file is not a database", Trouble::NotADatabase),
    ("disk I/O error", Trouble::Gone),
    ("unable to open database file", Trouble::Gone),
    ("disk image is malformed", Trouble::Gone),
];

/// Says what PostgreSQL says of two transactions that were in each other's way, for those that it lets through: what this act
/// relied on is no longer so, and it has to begin anew. Nobody comes between where there is one writer.
pub fn overtaken() -> Error {
    Error::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new("somebody was quicker".to_owned()))
}

/// Makes and judges the connections of a pool.
#[derive(Debug)]
pub(super) struct Manager {
    pub(super) address: Address,
    /// Whether the latest attempt to connect failed.
    pub(super) unreachable: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl diesel::r2d2::ManageConnection for Manager {
    type Connection = Conn;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Conn, ConnectionError> {
        let conn = self.address.connect_pooled();
        self.unreachable.store(conn.is_err(), std::sync::atomic::Ordering::Relaxed);
        conn.inspect_err(|error| tracing::error!(%error, "connecting to the database"))
    }

    /// Not asked: a connection that was lost shows itself when a transaction begins.
    fn is_valid(&self, _: &mut Conn) -> Result<(), ConnectionError> {
        Ok(())
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}
