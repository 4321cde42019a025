//! PostgreSQL gone and back, slow, its connections cut: nothing acknowledged is lost, nothing is done twice, and the
//! service goes on by itself.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use diesel::connection::SimpleConnection;
use fastrand::Rng;

use crate::{
    load::{self, Load, REQUESTS},
    size,
    support::Cluster,
};

/// The line between the service and PostgreSQL, in our hands.
#[derive(Default)]
struct Line {
    /// Both ends of every connection.
    open: Mutex<Vec<(TcpStream, TcpStream)>>,
    gone: AtomicBool,
    /// How long every piece of an answer is held back.
    delay_ms: AtomicU64,
}

impl Line {
    /// A line to this port, and the port at which it begins.
    fn to(port: u16) -> (Arc<Line>, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let begins = listener.local_addr().unwrap().port();
        let line = Arc::new(Line::default());
        let held = line.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if held.gone.load(Ordering::Relaxed) {
                    continue;
                }
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)) {
                    held.join(client, server);
                }
            }
        });
        (line, begins)
    }

    fn join(self: &Arc<Line>, client: TcpStream, server: TcpStream) {
        let copy = |stream: &TcpStream| stream.try_clone().unwrap();
        self.open.lock().unwrap().push((copy(&client), copy(&server)));
        let (asks, answers) = ((copy(&client), copy(&server)), (server, client));
        thread::spawn(move || carry(asks, || Duration::ZERO));
        let line = self.clone();
        thread::spawn(move || {
            carry(answers, || Duration::from_millis(line.delay_ms.load(Ordering::Relaxed)))
        });
    }

    /// Every connection ends at this moment, whatever is on its way.
    fn cut(&self) {
        for (client, server) in self.open.lock().unwrap().drain(..) {
            drop((client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both)));
        }
    }
}

fn carry((mut from, mut to): (TcpStream, TcpStream), delay: impl Fn() -> Duration) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let delay = delay();
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
}

/// What happens to PostgreSQL, one after the other.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Cut,
    Gone,
    Slow,
    Terminated,
}

const TROUBLES: [Trouble; 4] = [Trouble::Cut, Trouble::Gone, Trouble::Slow, Trouble::Terminated];

on_postgres! {
    async fn postgresql_that_fails_costs_nothing_that_was_acknowledged(db: TestDb) {
        drop(db);
        let (seed, rounds) = (size::seeds(1, 1)[0], size::rounds(12, 400));
        let mut dice = Rng::with_seed(seed);
        let cluster = Arc::new(Cluster::durable());
        let (line, port) = Line::to(cluster.port());
        let open = || Load::open(cluster.database(Some(port)), 2);
        let mut admin = cluster.connect();
        let told = load::rounds(rounds, open, |load, round| {
            let trouble = TROUBLES[round as usize % TROUBLES.len()];
            let (after, lasts) = (dice.usize(..REQUESTS), Duration::from_millis(dice.u64(20..300)));
            load.round(|_, progress| {
                progress.wait_for(after);
                match trouble {
                    Trouble::Cut => line.cut(),
                    Trouble::Gone => {
                        line.gone.store(true, Ordering::Relaxed);
                        line.cut();
                        thread::sleep(lasts);
                        line.gone.store(false, Ordering::Relaxed);
                    }
                    Trouble::Slow => {
                        line.delay_ms.store(30, Ordering::Relaxed);
                        thread::sleep(lasts);
                        line.delay_ms.store(0, Ordering::Relaxed);
                    }
                    Trouble::Terminated => admin
                        .batch_execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                                        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
                        .unwrap(),
                }
            }, |_| {});
        });
        assert!(told.acknowledged < told.requests, "no fault came while it was at work");
        size::figure(&format!("PostgreSQL's faults: {rounds} (SEED={seed}), {told}"));
    }
}
