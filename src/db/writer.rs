//! The one thread that writes to SQLite, and its group commit.
//!
//! A commit costs a write that must reach the disk, and SQLite has one writer. So the acts that wait while a commit runs
//! share the next one: each runs in a savepoint of its own, and none is answered before the commit that holds it is
//! durable. Nobody waits for a fuller batch; a lone act commits at once.
//!
//! **A batch is all or nothing.** When anything but a constraint fails, SQLite may have rolled back on its own, and what
//! later acts did would stand outside any transaction. So the batch ends there: everybody in it is told that nothing was
//! done, and the connection is opened anew.
//!
//! **A panic is its own act's affair.** Its savepoint is rolled back and the others go on; only where that cannot be done
//! the batch ends like any other.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError, RwLock,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use diesel::{ConnectionError, QueryResult};

use crate::{guards, metrics};

use super::{
    Fail, Fault,
    after::{self, Deed},
    checkpoints::Checkpoints,
    conn::{Address, Conn, Purpose, Trouble},
};

/// So many acts may wait; one more is told at once to come back.
const QUEUE: usize = 2048;

/// So many acts share a commit.
const MAX_BATCH: usize = 256;

/// An act that has waited longer is not begun: its caller has given up, and its instant is no longer now.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What a job tells its caller, given what became of its batch: `None` when it was committed.
type Answer = Box<dyn FnOnce(Option<Fault>) + Send>;

/// An act in the queue.
trait Job: Send {
    /// Does it, within the open transaction of its batch.
    fn run(self: Box<Self>, conn: &mut Conn) -> Ran;

    /// Tells the caller that it was not even begun.
    fn refuse(self: Box<Self>, fault: Fault);
}

/// A job that was done, or tried.
struct Ran {
    answer: Answer,
    /// What it left to be done once its batch is committed.
    deeds: Vec<Deed>,
    /// What the others in the batch are told, when nothing of it can stand.
    ended: Option<Fault>,
}

struct Work<F, R> {
    act: F,
    reply: R,
    /// When it was asked, by somebody who gives up.
    asked: Option<Instant>,
    /// The request that asked, for the log.
    span: tracing::Span,
}

impl<T, E, F, R> Job for Work<F, R>
where
    F: Fn(&mut Conn) -> Result<T, Fail<E>> + Send,
    R: FnOnce(Result<T, E>) + Send + 'static,
    E: From<Fault> + Send + 'static,
    T: Send + 'static,
{
    fn run(self: Box<Self>, conn: &mut Conn) -> Ran {
        let Work { act, reply, asked, span } = *self;
        let _entered = span.enter();
        if asked.is_some_and(|asked| asked.elapsed() > LONGEST_WAIT) {
            let answer = Box::new(move |_| reply(Err(Fault::Busy.into())));
            return Ran { answer, deeds: Vec::new(), ended: None };
        }
        after::forget_since(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| in_savepoint(conn, act))).unwrap_or_else(|_| {
            tracing::error!("an act panicked while it wrote; nothing of it remains");
            conn.undo_act().map(|()| Err(Fault::Broken.into()))
        });
        match outcome {
            Ok(outcome) => Ran {
                deeds: if outcome.is_ok() { after::take() } else { Vec::new() },
                answer: Box::new(move |batch| reply(batch.map_or(outcome, |fault| Err(fault.into())))),
                ended: None,
            },
            Err(error) => {
                let fault = Fault::of(&error, false);
                let answer = Box::new(move |_| reply(Err(fault.into())));
                Ran { answer, deeds: Vec::new(), ended: Some(fault) }
            }
        }
    }

    fn refuse(self: Box<Self>, fault: Fault) {
        (self.reply)(Err(fault.into()));
    }
}

/// Runs an act so that it leaves all of its traces or none; an error that remains ends the batch.
///
/// A rollback that fails is an error of its own: diesel's own savepoints forgive one that fails after another did, and that is
/// how one would come to write outside any transaction.
fn in_savepoint<T, E: From<Fault>>(
    conn: &mut Conn,
    act: impl Fn(&mut Conn) -> Result<T, Fail<E>>,
) -> QueryResult<Result<T, E>> {
    conn.say("SAVEPOINT act")?;
    let refused = match act(conn) {
        Ok(value) => {
            conn.say("RELEASE act")?;
            return Ok(Ok(value));
        }
        Err(Fail::Refused(refused)) => refused,
        Err(Fail::Database(error)) => match Trouble::of(&error) {
            Trouble::Constraint | Trouble::OurFault | Trouble::TryAgain => Fault::of(&error, false).into(),
            Trouble::LockTimeout
            | Trouble::Locked
            | Trouble::DiskFull
            | Trouble::NotADatabase
            | Trouble::Gone
            | Trouble::Unknown => return Err(error),
        },
    };
    conn.undo_act()?;
    Ok(Err(refused))
}

/// How long whoever asks waits for their act to begin.
#[derive(Clone, Copy)]
pub(super) enum Waits {
    /// As long as a client does.
    Briefly,
    /// As long as it takes: at a command line.
    Patiently,
}

impl Waits {
    fn since_now(self) -> Option<Instant> {
        match self {
            Waits::Briefly => Some(Instant::now()),
            Waits::Patiently => None,
        }
    }
}

/// The queue to the writing thread.
pub(super) struct Writer {
    queue: RwLock<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread on its own connection.
    pub(super) fn start(address: Address) -> Result<Writer, ConnectionError> {
        let conn = address.connect_existing()?;
        let checkpoints = Checkpoints::start(&address)?;
        let (sender, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || Thread { address, jobs, checkpoints }.work(conn))
            .map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
        Ok(Writer { queue: RwLock::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Puts an act into the queue; `reply` is called with its answer, from the writing thread or, when the act cannot
    /// be taken, from this one.
    pub(super) fn submit<T, E>(
        &self,
        act: impl Fn(&mut Conn) -> Result<T, Fail<E>> + Send + 'static,
        reply: impl FnOnce(Result<T, E>) + Send + 'static,
        waits: Waits,
    ) where
        E: From<Fault> + Send + 'static,
        T: Send + 'static,
    {
        use std::sync::mpsc::TrySendError::{Disconnected, Full};
        let job: Box<dyn Job> =
            Box::new(Work { act, reply, asked: waits.since_now(), span: tracing::Span::current() });
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        match &*queue {
            None => job.refuse(Fault::Unavailable),
            Some(sender) => match sender.try_send(job) {
                Ok(()) => metrics::queued(),
                Err(Full(job)) => job.refuse(Fault::Busy),
                Err(Disconnected(job)) => job.refuse(Fault::Unavailable),
            },
        }
    }

    /// Does what is in the queue, takes nothing more, and ends the thread.
    pub(super) fn close(&self) {
        self.queue.write().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writing thread ended in a panic");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the writing thread has.
struct Thread {
    address: Address,
    jobs: Receiver<Box<dyn Job>>,
    checkpoints: Checkpoints,
}

impl Thread {
    /// Does jobs until the queue is closed and empty. Without a connection it tries again with every job.
    fn work(self, conn: Conn) {
        let mut conn = Some(conn);
        while let Ok(first) = self.jobs.recv() {
            metrics::unqueued();
            let open = match conn.take() {
                Some(open) => Ok(open),
                None => self.address.connect_existing(),
            };
            match open {
                Ok(open) => conn = self.batch(open, first),
                Err(error) => first.refuse(Fault::of_connecting(&error)),
            }
        }
    }

    /// Does `first` and what has come since in one transaction. Gives the connection back when it is still good.
    fn batch(&self, mut conn: Conn, first: Box<dyn Job>) -> Option<Conn> {
        if let Err(error) = conn.begin(Purpose::Write) {
            first.refuse(Fault::of(&error, false));
            return None;
        }
        let most = if guards::acts_share_commits() { MAX_BATCH } else { 1 };
        let (mut answers, mut deeds) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        let mut ended = None;
        while let Some(job) = next.take() {
            let ran = job.run(&mut conn);
            answers.push(ran.answer);
            deeds.extend(ran.deeds);
            ended = ran.ended;
            if ended.is_none() && answers.len() < most {
                next = self.jobs.try_recv().ok().inspect(|_| metrics::unqueued());
            }
        }
        let began = Instant::now();
        let fault = ended.or_else(|| conn.commit().err().map(|error| Fault::of_commit(&error, false)));
        // Closing the connection rolls back: that must have happened before anybody is told.
        let mut conn = fault.is_none().then_some(conn);
        if fault.is_none() {
            metrics::commit(answers.len(), began.elapsed());
            deeds.into_iter().for_each(|deed| deed());
        }
        for answer in answers {
            answer(fault);
        }
        if let Some(conn) = &mut conn {
            self.checkpoints.after_commit(conn);
        }
        conn
    }
}
