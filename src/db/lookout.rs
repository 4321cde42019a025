//! A mark of everything that was committed, cheap to read: while it stays the same, whatever was read before is still so.
//!
//! It covers what other processes commit. SQLite counts for a connection what others commit to the file; the connection
//! here never writes. On PostgreSQL a snapshot is named by the transactions that it sees, and two of one name see the
//! same. As asking costs a few system calls or a trip, one question answers everybody who came before it was asked.

use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::available_parallelism,
};

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl as _, sql_query,
    sql_types::{BigInt, Text},
};
use tokio::{sync::oneshot, task::yield_now};

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

impl Moment {
    /// Only moments of one connection can be the same.
    pub fn connection(&self) -> u64 {
        self.connection
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    /// Of an SQLite file.
    Version(i64),
    /// Of a PostgreSQL server.
    Snapshot(String),
}

thread_local! {
    /// Whose eye this thread looks through.
    static SEAT: usize = {
        static SEATS: AtomicUsize = AtomicUsize::new(0);
        SEATS.fetch_add(1, Ordering::Relaxed)
    };
}

/// Whoever tells of moments.
pub(super) enum Lookout {
    /// Asked on the spot. As many as there are cores, so that threads need not wait for each other.
    File(Vec<Mutex<Eye>>),
    /// A thread that asks the server.
    Server(Sender<oneshot::Sender<Option<Moment>>>),
}

impl Lookout {
    pub(super) fn start(address: Address) -> Lookout {
        let eye = || Eye { address: address.clone(), open: None, begun: 0, seen: None };
        match address {
            Address::Sqlite(_) => {
                let cores = available_parallelism().map_or(1, NonZero::get);
                Lookout::File((0..cores).map(|_| Mutex::new(eye())).collect())
            }
            Address::Postgres(_) => {
                let (eye, (sender, asked)) = (eye(), channel());
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
            Lookout::File(eyes) => {
                let eye = &eyes[SEAT.with(|seat| *seat) % eyes.len()];
                let looks = || eye.lock().unwrap_or_else(PoisonError::into_inner);
                let before = looks().begun;
                // Whose request has come to this thread asks too before it looks. Once is not enough, as the framework polls
                // a handler that waits a second time at once.
                yield_now().await;
                yield_now().await;
                looks().moment_after(before)
            }
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
    /// How often it was looked through, and what was seen last.
    begun: u64,
    seen: Option<Moment>,
}

impl Eye {
    /// What was seen by a look that began after so many, which may be that of somebody who asked at the same time.
    fn moment_after(&mut self, looks: u64) -> Option<Moment> {
        if self.begun == looks {
            self.begun += 1;
            self.seen = self.moment();
        }
        self.seen.clone()
    }

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

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection as _;

    use super::*;

    #[test]
    fn who_asks_after_a_look_began_does_not_get_what_it_saw() {
        let directory = tempfile::tempdir().unwrap();
        let address = Address::Sqlite(directory.path().join("looked-at.db"));
        let mut writing = address.connect().unwrap();
        writing.batch_execute("CREATE TABLE t (n INTEGER)").unwrap();
        let mut eye = Eye { address, open: None, begun: 0, seen: None };

        let (first, second) = (eye.begun, eye.begun);
        let seen = eye.moment_after(first).unwrap();
        writing.batch_execute("INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(eye.moment_after(second), Some(seen.clone()), "it asked before the look began");

        let third = eye.begun;
        assert_ne!(eye.moment_after(third), Some(seen), "it asked after something was committed");
    }
}
