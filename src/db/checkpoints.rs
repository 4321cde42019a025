//! Moves what SQLite's log has gathered into its file, beside the writing thread.
//!
//! A commit is done once it stands in the log, and sooner or later the log is moved. Whoever commits when it is long enough
//! would do that by itself, and everybody behind it would wait while some thousand pages are written. So a thread of its own
//! moves them while commits go on. What comes meanwhile is left over, so the log would never end: once it is long, the
//! writing thread is asked to move that rest between two batches, and begins it anew.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use diesel::{
    ConnectionError, QueryResult, QueryableByName, RunQueryDsl as _, sql_query, sql_types::Integer,
};

use super::{
    Kept,
    conn::{Address, Conn},
};

/// So many pages (8 MiB) are worth moving: those that are written often are moved once for many times.
const WORTH_MOVING: i32 = 2048;

/// A log of so many pages (32 MiB) is begun anew.
const LONG: i32 = 8192;

/// How often the log is looked at while something is written.
const PACE: Duration = Duration::from_millis(100);

/// The log beside an SQLite file, in pages.
#[derive(Clone, Copy, Debug, QueryableByName)]
struct Log {
    #[diesel(sql_type = Integer, column_name = "log")]
    pages: i32,
    /// How many of them stand in the file.
    #[diesel(sql_type = Integer, column_name = "checkpointed")]
    moved: i32,
}

/// The thread that moves the log, as the writing thread sees it.
pub(super) struct Checkpoints {
    written: Option<SyncSender<()>>,
    /// Whether the writing thread should move what is left.
    finish: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(super) fn start(address: &Address) -> Result<Checkpoints, ConnectionError> {
        let conn = address.connect_existing()?;
        let (written, told) = sync_channel(1);
        let finish = Arc::new(AtomicBool::new(false));
        let mover = Mover { conn, told, finish: finish.clone() };
        let thread = std::thread::Builder::new()
            .name("checkpoints".into())
            .spawn(move || mover.work())
            .map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
        Ok(Checkpoints { written: Some(written), finish, thread: Some(thread) })
    }

    /// After a commit, with the connection that made it.
    pub(super) fn after_commit(&self, conn: &mut Conn) {
        if let Some(written) = &self.written {
            // It was told already when there is no room.
            let _ = written.try_send(());
        }
        if self.finish.swap(false, Ordering::Relaxed)
            && let Err(error) = log(conn, Wanted::Move)
        {
            tracing::warn!(%error, "the log could not be begun anew");
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.written = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that moves the log ended in a panic");
        }
    }
}

/// What the thread has.
struct Mover {
    conn: Conn,
    told: Receiver<()>,
    finish: Arc<AtomicBool>,
}

impl Mover {
    /// Works until the writing thread has gone.
    fn work(mut self) {
        while self.told.recv().is_ok() {
            let until = Instant::now() + PACE;
            let more = loop {
                match self.told.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(()) => {}
                    Err(RecvTimeoutError::Timeout) => break true,
                    Err(RecvTimeoutError::Disconnected) => break false,
                }
            };
            // Whoever closes a database last moves its log.
            if !more {
                return;
            }
            if let Err(error) = self.look() {
                // Tried again after the next commit; and what became much too long is moved by whoever commits.
                tracing::warn!(%error, "the log could not be moved");
            }
        }
    }

    fn look(&mut self) -> QueryResult<()> {
        let found = log(&mut self.conn, Wanted::Look)?;
        if found.pages - found.moved >= WORTH_MOVING {
            let left = log(&mut self.conn, Wanted::Move)?;
            self.finish.store(left.pages >= LONG, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    /// To know how long the log is.
    Look,
    /// To move as much of it as nobody else is in the way of.
    Move,
}

fn log(conn: &mut Conn, wanted: Wanted) -> QueryResult<Log> {
    let words = match wanted {
        Wanted::Look => "PRAGMA wal_checkpoint(NOOP)",
        Wanted::Move => "PRAGMA wal_checkpoint(PASSIVE)",
    };
    Kept(sql_query(words)).get_result(conn)
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection as _;

    use super::*;

    fn write(conn: &mut Conn, pages: i32) {
        conn.batch_execute(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {pages}) \
             INSERT INTO plates SELECT randomblob(4000) FROM n"
        ))
        .unwrap();
    }

    #[test]
    fn a_long_log_is_moved_beside_the_writer_who_begins_it_anew() {
        let directory = tempfile::tempdir().unwrap();
        let address = Address::Sqlite(directory.path().join("canteen.db"));
        let mut writing = address.connect().unwrap();
        writing.batch_execute("CREATE TABLE plates (food BLOB)").unwrap();
        let (written, told) = sync_channel(1);
        let finish = Arc::new(AtomicBool::new(false));
        let mut mover = Mover { conn: address.connect().unwrap(), told, finish: finish.clone() };
        let checkpoints = Checkpoints { written: Some(written), finish, thread: None };

        write(&mut writing, WORTH_MOVING / 2);
        mover.look().unwrap();
        assert_eq!(log(&mut writing, Wanted::Look).unwrap().moved, 0);

        // What comes while a log is moved is left over, as is what somebody who reads has not seen.
        let mut reading = address.connect().unwrap();
        write(&mut writing, LONG);
        reading.batch_execute("BEGIN; SELECT * FROM plates LIMIT 1").unwrap();
        write(&mut writing, 1);
        mover.look().unwrap();
        reading.batch_execute("COMMIT").unwrap();
        let left = log(&mut writing, Wanted::Look).unwrap();
        assert!(left.moved >= LONG && left.moved < left.pages, "{left:?}");
        write(&mut writing, 1);
        assert!(log(&mut writing, Wanted::Look).unwrap().pages > left.pages);

        checkpoints.after_commit(&mut writing);
        write(&mut writing, 1);
        assert!(log(&mut writing, Wanted::Look).unwrap().pages < 100);
    }
}
