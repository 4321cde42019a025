//! A mark of everything that was committed, cheap to read: while it stays the same, whatever was read before is still so.
//!
//! It covers what other processes commit. SQLite counts for a connection what others commit to the file; the connection
//! here never writes. On PostgreSQL a snapshot is named by the transactions that it sees, and two of one name see the
//! same; as asking costs a trip, one question answers everybody who came before it was asked.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
    mpsc::{Receiver, Sender, channel},
};

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl as _, sql_query,
    sql_types::{BigInt, Text},
};
use tokio::sync::oneshot;

use super::{
    Kept,
    conn::{Address, Conn},
};

/// All that had been committed when this was asked for. Equal ones have nothing committed between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Marks of two connections are never compared.
    connection: u64,
    mark: Mark,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    /// Of an SQLite file.
    Version(i64),
    /// Of a PostgreSQL server.
    Snapshot(String),
}

/// Whoever tells of moments.
pub(super) enum Lookout {
    /// Asked on the spot: it takes as long as a look into memory.
    File(Mutex<Eye>),
    /// A thread that asks the server.
    Server(Sender<oneshot::Sender<Option<Moment>>>),
}

impl Lookout {
    pub(super) fn start(address: Address) -> Lookout {
        let eye = Eye { address, open: None };
        match eye.address {
            Address::Sqlite(_) => Lookout::File(Mutex::new(eye)),
            Address::Postgres(_) => {
                let (sender, asked) = channel();
                // Without the thread there is nobody to answer, and what is read is read from the database.
                let thread = std::thread::Builder::new().name("lookout".into());
                if let Err(error) = thread.spawn(move || eye.answer_together(&asked)) {
                    tracing::error!(%error, "nothing can be answered from memory");
                }
                Lookout::Server(sender)
            }
        }
    }

    /// The present moment; none when the database does not tell.
    pub(super) async fn moment(&self) -> Option<Moment> {
        match self {
            Lookout::File(eye) => eye.lock().unwrap_or_else(PoisonError::into_inner).moment(),
            Lookout::Server(asking) => {
                let (sender, receiver) = oneshot::channel();
                asking.send(sender).ok()?;
                receiver.await.ok()?
            }
        }
    }
}

/// A connection that looks at nothing but the mark, opened when it is first asked for and after it failed.
pub(super) struct Eye {
    address: Address,
    open: Option<(u64, Conn)>,
}

impl Eye {
    fn answer_together(mut self, asked: &Receiver<oneshot::Sender<Option<Moment>>>) {
        while let Ok(first) = asked.recv() {
            // Only who asked before the question is put may have its answer.
            let together: Vec<_> = std::iter::once(first).chain(asked.try_iter()).collect();
            let moment = self.moment();
            for asking in together {
                // Whoever asked may have gone.
                drop(asking.send(moment.clone()));
            }
        }
    }

    fn moment(&mut self) -> Option<Moment> {
        static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
        if self.open.is_none() {
            let conn = self
                .address
                .connect_to_look()
                .inspect_err(|error| tracing::warn!(%error, "the lookout"))
                .ok()?;
            self.open = Some((CONNECTIONS.fetch_add(1, Ordering::Relaxed), conn));
        }
        let (connection, conn) = self.open.as_mut()?;
        match mark(conn) {
            Ok(mark) => Some(Moment { connection: *connection, mark }),
            Err(error) => {
                tracing::warn!(%error, "the lookout");
                self.open = None;
                None
            }
        }
    }
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

#[derive(QueryableByName)]
struct Snapshot {
    #[diesel(sql_type = Text)]
    snapshot: String,
}

fn mark(conn: &mut Conn) -> QueryResult<Mark> {
    match conn {
        Conn::Sqlite(conn) => {
            let version: Version = Kept(sql_query("PRAGMA data_version")).get_result(conn)?;
            Ok(Mark::Version(version.data_version))
        }
        Conn::Pg(conn) => {
            let now = sql_query("SELECT CAST(pg_current_snapshot() AS TEXT) AS snapshot");
            let now: Snapshot = Kept(now).get_result(conn)?;
            Ok(Mark::Snapshot(now.snapshot))
        }
    }
}
