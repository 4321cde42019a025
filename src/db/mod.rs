//! The database: two doors, and behind them either SQLite (a file beside the program) or PostgreSQL.
//!
//! - [`Db::read`] looks, as of one moment, and can change nothing.
//! - [`Db::write`] does all of it or none, and answers only when it is durable.
//!
//! Below the doors everything is a plain function on a [`Conn`]. Nobody else opens a connection or a transaction, and
//! nothing slow (hashing, network, files) is done inside `write`. An act that writes takes its instant from the clock
//! inside its closure, so that a second try has a later one.
//!
//! What goes wrong comes back as the caller's own error: a refusal of the rules as it was given, everything else as a
//! [`Fault`], whose cause is in the log and nowhere else.

mod after;
mod checkpoints;
mod conn;
mod copy;
mod look;
mod lookout;
mod migrate;
pub mod schema;
mod statements;
pub mod types;
mod writer;

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use diesel::r2d2::{NopErrorHandler, Pool, PooledConnection};
use futures_util::future::join_all;
use tokio::sync::oneshot;

pub use conn::{Conn, MultiBackend, overtaken};
pub use copy::{Backup, CopyError, back_up, restore};
pub use look::Look;
pub use lookout::Moment;
pub use statements::{Both, Kept, KeptAt, Total, Written, total, written};
pub use types::{DbUuid, Json};

use crate::metrics;

use conn::{Address, Manager, POSTGRES_LONGEST, Purpose, Trouble};
use lookout::Lookout;
use writer::{Waits, Writer};

/// Which database is behind the doors. Nothing but messages and tests should need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The embedded one.
    Sqlite,
    /// The one on a server.
    Postgres,
}

/// How an act ends that does not succeed: either way nothing of it remains.
#[derive(Debug)]
pub enum Fail<E> {
    /// A rule says no.
    Refused(E),
    /// The database says no.
    Database(diesel::result::Error),
}

impl<E> From<diesel::result::Error> for Fail<E> {
    fn from(error: diesel::result::Error) -> Fail<E> {
        Fail::Database(error)
    }
}

/// What a caller can be told when the database could not do an act. The cause is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Too much to do: come back in a moment.
    Busy,
    /// Somebody else held a row for too long, perhaps a twin of this very request: come back in a moment.
    LockTimeout,
    /// No room left where the database is: somebody must make some.
    DiskFull,
    /// The database is not there just now.
    Unavailable,
    /// It went away while it committed: nobody can say whether the act stands. Whoever repeats it has to know it again.
    Uncertain,
    /// The act is at odds with something that somebody else recorded meanwhile.
    Conflict,
    /// A mistake in this program.
    Broken,
}

impl Fault {
    /// The word for it in the metrics.
    fn as_str(self) -> &'static str {
        match self {
            Fault::Busy => "busy",
            Fault::LockTimeout => "lock_timeout",
            Fault::DiskFull => "disk_full",
            Fault::Unavailable => "unavailable",
            Fault::Uncertain => "uncertain",
            Fault::Conflict => "conflict",
            Fault::Broken => "broken",
        }
    }

    /// What to tell about a database error, which goes into the log. `alive` says that the connection still answered
    /// after it.
    fn of(error: &diesel::result::Error, alive: bool) -> Fault {
        Fault::meant_by(error, alive).noted(error)
    }

    /// The same of an error with which a commit ended: where the database went away, it may have been done before.
    fn of_commit(error: &diesel::result::Error, alive: bool) -> Fault {
        let fault = match Fault::meant_by(error, alive) {
            Fault::Unavailable => Fault::Uncertain,
            known => known,
        };
        fault.noted(error)
    }

    fn meant_by(error: &diesel::result::Error, alive: bool) -> Fault {
        match Trouble::of(error) {
            Trouble::Constraint => Fault::Conflict,
            Trouble::OurFault => Fault::Broken,
            Trouble::TryAgain | Trouble::Locked => Fault::Busy,
            Trouble::LockTimeout => Fault::LockTimeout,
            Trouble::DiskFull => Fault::DiskFull,
            Trouble::Unknown if alive => Fault::Broken,
            Trouble::NotADatabase | Trouble::Gone | Trouble::Unknown => Fault::Unavailable,
        }
    }

    /// Counts it, and writes its cause into the log.
    fn noted(self, error: &diesel::result::Error) -> Fault {
        let fault = self;
        metrics::fault(fault.as_str());
        match fault {
            Fault::Busy | Fault::LockTimeout | Fault::Conflict => tracing::warn!(%error, ?fault, "database"),
            Fault::DiskFull | Fault::Unavailable | Fault::Uncertain | Fault::Broken => {
                tracing::error!(%error, ?fault, "database")
            }
        }
        fault
    }

    /// What to tell when there is no connection to be had.
    fn of_connecting(error: &diesel::ConnectionError) -> Fault {
        if let diesel::ConnectionError::CouldntSetupConfiguration(error) = error {
            return Fault::of(error, false);
        }
        tracing::error!(%error, "connecting to the database");
        metrics::fault(Fault::Unavailable.as_str());
        Fault::Unavailable
    }
}

/// Why the database could not be opened. What it displays says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL has none of the forms that we know.
    #[error("The database URL must be sqlite:<path of a file> or postgres://user:password@host/database.")]
    BadUrl,
    /// The file is something else.
    #[error(
        "The file that the database URL names is not an SQLite database. Name another file, or restore a backup."
    )]
    NotADatabase,
    /// The file is a database of another program.
    #[error("The file that the database URL names is the database of another program. Name another file.")]
    Foreign,
    /// It has a migration that this program does not know.
    #[error(
        "The database was last used by a newer version of this program (it has migration {0}). Start that version, or \
         restore the backup that it made before migrating."
    )]
    Newer(String),
    /// It lacks a migration that this program knows.
    #[error("The database is older than this program. Bring it up to date with: leling migrate")]
    Older,
    /// There is no file, or nothing in the database.
    #[error("There is no database of this program there. Check the database URL.")]
    Missing,
    /// The server does not answer.
    #[error(
        "The PostgreSQL server cannot be reached. Check the database URL and that the server runs. It said: {0}"
    )]
    Unreachable(String),
    /// The file cannot be made or written.
    #[error(
        "The database file cannot be opened for writing. Check that its directory exists, that this user may write in \
         it, and that the disk has room. It said: {0}"
    )]
    Unwritable(String),
    /// A migration failed; the database is as it was.
    #[error("The database could not be brought up to date and was left as it was. It said: {0}")]
    Migration(String),
}

impl OpenError {
    /// A word for programs; it never changes.
    pub fn code(&self) -> &'static str {
        match self {
            OpenError::BadUrl => "bad_database_url",
            OpenError::NotADatabase | OpenError::Foreign => "not_a_database",
            OpenError::Newer(_) => "newer_database",
            OpenError::Older => "older_database",
            OpenError::Missing => "no_database",
            OpenError::Unreachable(_) => "database_unreachable",
            OpenError::Unwritable(_) => "database_unwritable",
            OpenError::Migration(_) => "migration_failed",
        }
    }
}

/// The database. Clones are the same one.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    kind: Kind,
    /// Where the file is, on SQLite.
    file: Option<PathBuf>,
    pool: Pool<Manager>,
    /// Whether the pool's latest attempt to connect failed.
    unreachable: Arc<AtomicBool>,
    /// On SQLite only: PostgreSQL writes through the pool.
    writer: Option<Writer>,
    lookout: Lookout,
}

/// How long to wait for a connection.
const POOL_WAIT: Duration = Duration::from_secs(2);

/// How often an act is tried that PostgreSQL says to begin again.
const TRIES: u32 = 5;

impl Db {
    /// Opens the database at `url` (`sqlite:path` or `postgres://…`), and brings it up to date first: an existing file
    /// is copied to `<file>.before-<its newest migration>`, then migrated.
    pub fn open(url: &str) -> Result<Db, OpenError> {
        let address = Address::parse(url)?;
        migrate::migrate(&address)?;
        let (kind, file) = (address.kind(), address.file());
        let (writer, size) = match kind {
            Kind::Sqlite => {
                let writer =
                    Writer::start(address.clone()).map_err(|e| OpenError::Unwritable(e.to_string()))?;
                (Some(writer), 4)
            }
            // More than twice the cores do no more, and only queue up inside the server, on the busiest rows.
            Kind::Postgres => (None, 2 * std::thread::available_parallelism().map_or(2, usize::from) as u32),
        };
        let unreachable = Arc::new(AtomicBool::new(false));
        let lookout = Lookout::start(address.clone());
        let pool = Pool::builder()
            .max_size(size.max(4))
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(POOL_WAIT)
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(Manager { address, unreachable: unreachable.clone() });
        Ok(Db(Arc::new(Inner { kind, file, pool, unreachable, writer, lookout })))
    }

    /// Looks at the database as of one moment. Whatever `act` tries to write is refused by the database.
    ///
    /// Fails with what `act` refused, or with a [`Fault`].
    pub async fn read<T, E, F>(&self, act: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, Fail<E>> + Send + 'static,
        E: From<Fault> + Send + 'static,
        T: Send + 'static,
    {
        let db = self.clone();
        aside(move || db.read_blocking(act)).await
    }

    /// A mark of all that was committed before it was asked for; none when the database does not tell.
    pub async fn moment(&self) -> Option<Moment> {
        self.0.lookout.moment().await
    }

    /// Does all of `act` or nothing, and answers when it is durable.
    ///
    /// `act` may run more than once; only its last run counts. It fails with what `act` refused, or with a [`Fault`];
    /// a constraint of the schema that `act` let pass is [`Fault::Conflict`].
    pub async fn write<T, E, F>(&self, act: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, Fail<E>> + Send + 'static,
        E: From<Fault> + Send + 'static,
        T: Send + 'static,
    {
        let Some(writer) = &self.0.writer else {
            let db = self.clone();
            return aside(move || db.write_pooled(&act)).await;
        };
        let (sender, receiver) = oneshot::channel();
        // Whoever asked may have gone; the act stands all the same.
        writer.submit(act, move |answer| drop(sender.send(answer)), Waits::Briefly);
        receiver.await.unwrap_or_else(|_| Err(Fault::Unavailable.into()))
    }

    /// Does each of these acts as [`write`](Db::write) would, in their order, and gives their answers in it.
    ///
    /// Where there is one writer they wait in its queue together, so that they share few commits while others come in
    /// between; hundreds should be brought a few at a time. Where the database keeps writers apart, each is a transaction:
    /// several in one would hold the busiest rows while they wait for others.
    pub async fn write_each<T, E, F>(&self, acts: Vec<F>) -> Vec<Result<T, E>>
    where
        F: Fn(&mut Conn) -> Result<T, Fail<E>> + Send + 'static,
        E: From<Fault> + Send + 'static,
        T: Send + 'static,
    {
        if self.0.writer.is_some() {
            return join_all(acts.into_iter().map(|act| self.write(act))).await;
        }
        let mut answers = Vec::with_capacity(acts.len());
        for act in acts {
            answers.push(self.write(act).await);
        }
        answers
    }

    /// [`read`](Db::read) on this thread: for the command line.
    pub fn read_blocking<T, E, F>(&self, act: F) -> Result<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, Fail<E>>,
        E: From<Fault>,
    {
        let mut conn = self.begin(Purpose::Read)?;
        let outcome = act(&mut conn);
        let alive = conn.rollback().is_ok();
        outcome.map_err(|fail| match fail {
            Fail::Refused(refused) => refused,
            Fail::Database(error) => Fault::of(&error, alive).into(),
        })
    }

    /// [`write`](Db::write) on this thread: for the command line.
    pub fn write_blocking<T, E, F>(&self, act: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, Fail<E>> + Send + 'static,
        E: From<Fault> + Send + 'static,
        T: Send + 'static,
    {
        let Some(writer) = &self.0.writer else {
            return self.write_pooled(&act);
        };
        let (sender, receiver) = mpsc::sync_channel(1);
        writer.submit(act, move |answer| drop(sender.send(answer)), Waits::Patiently);
        receiver.recv().unwrap_or_else(|_| Err(Fault::Unavailable.into()))
    }

    /// Which database it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// How many connections of the pool are in use, and how many wait to be.
    pub fn connections(&self) -> (u32, u32) {
        let state = self.0.pool.state();
        (state.connections - state.idle_connections, state.idle_connections)
    }

    /// How many bytes are free on the disk that holds the database; nothing where that is a server's business.
    pub fn free_bytes(&self) -> std::io::Result<Option<u64>> {
        let Some(file) = &self.0.file else { return Ok(None) };
        let disk = rustix::fs::statvfs(file)?;
        Ok(Some(disk.f_bavail.saturating_mul(disk.f_frsize)))
    }

    /// How long a write may take from its beginning to its commit. Whatever is asked "as of" an instant may still
    /// change until that instant is so long ago.
    pub fn longest_write(&self) -> TimeDelta {
        let longest = match self.0.kind {
            Kind::Sqlite => writer::LONGEST_WAIT,
            Kind::Postgres => POSTGRES_LONGEST,
        };
        TimeDelta::from_std(longest).expect("a few seconds are a span")
    }

    /// Finishes the writes that were asked for; a queue that was closed takes no more, from any clone. Dropping the last
    /// clone does the same. PostgreSQL has no queue: there each write is finished by the thread that does it.
    pub fn close(self) {
        if let Some(writer) = &self.0.writer {
            writer.close();
        }
    }

    /// A connection from the pool with a transaction begun.
    fn begin(&self, purpose: Purpose) -> Result<PooledConnection<Manager>, Fault> {
        let mut fault = Fault::Unavailable;
        // After the server was away every connection in the pool may be dead. Those that are leave the pool here.
        for _ in 0..=self.0.pool.max_size() {
            let mut conn = self.0.pool.get().map_err(|_| self.no_connection())?;
            match conn.begin(purpose) {
                Ok(()) => return Ok(conn),
                Err(error) => fault = Fault::of(&error, false),
            }
        }
        Err(fault)
    }

    fn no_connection(&self) -> Fault {
        if self.0.unreachable.load(Ordering::Relaxed) { Fault::Unavailable } else { Fault::Busy }
    }

    /// [`write`](Db::write) where the database itself keeps writers apart.
    fn write_pooled<T, E: From<Fault>>(
        &self,
        act: &impl Fn(&mut Conn) -> Result<T, Fail<E>>,
    ) -> Result<T, E> {
        let asked = Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            let mut conn = self.begin(Purpose::Write)?;
            after::forget_since(0);
            let mut of: fn(&diesel::result::Error, bool) -> Fault = Fault::of;
            let fail = match act(&mut conn) {
                Ok(_) if asked.elapsed() > POSTGRES_LONGEST => Fail::Refused(Fault::Busy.into()),
                Ok(value) => {
                    let began = Instant::now();
                    match conn.commit() {
                        Ok(()) => {
                            metrics::commit(1, began.elapsed());
                            after::take().into_iter().for_each(|deed| deed());
                            return Ok(value);
                        }
                        Err(error) => {
                            of = Fault::of_commit;
                            Fail::Database(error)
                        }
                    }
                }
                Err(fail) => fail,
            };
            let alive = conn.rollback().is_ok();
            match fail {
                Fail::Refused(refused) => return Err(refused),
                Fail::Database(error) if tries < TRIES && Trouble::of(&error) == Trouble::TryAgain => {
                    drop(conn);
                    metrics::retry();
                    std::thread::sleep(Duration::from_millis(5) * tries);
                }
                Fail::Database(error) => return Err(of(&error, alive).into()),
            }
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Db").field(&self.0.kind).finish()
    }
}

/// Runs what blocks beside the threads that answer requests.
async fn aside<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Fault> + Send + 'static,
{
    // What is logged there belongs to the request that asked.
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.unwrap_or_else(|error| {
        tracing::error!(%error, "an act on the database did not end");
        Err(Fault::Broken.into())
    })
}
