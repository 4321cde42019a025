//! What the two doors of the database promise.

use std::{
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use diesel::{Connection, PgConnection, connection::SimpleConnection, dsl::insert_into, prelude::*};
use futures_util::{
    FutureExt as _,
    future::{join, join_all, join3},
};
use leling::db::{Conn, Db, Fail, Fault, Kind, overtaken};

use crate::support::TestDb;

diesel::table! {
    seats (number) {
        number -> BigInt,
        taken -> BigInt,
    }
}

#[derive(Debug, PartialEq)]
enum Problem {
    Full,
    Database(Fault),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        Problem::Database(fault)
    }
}

impl From<Problem> for Fail<Problem> {
    fn from(problem: Problem) -> Fail<Problem> {
        Fail::Refused(problem)
    }
}

type Outcome<T = ()> = Result<T, Fail<Problem>>;

/// The database with an empty table of seats.
fn with_seats(db: &TestDb) -> Db {
    let db = db.open();
    db.write_blocking(|conn| -> Outcome {
        conn.batch_execute("CREATE TABLE seats (number BIGINT PRIMARY KEY NOT NULL, taken BIGINT NOT NULL)")?;
        Ok(())
    })
    .unwrap();
    db
}

/// An act that adds a seat and hears this the first time runs twice, and adds one.
async fn begins_anew_after(db: &TestDb, first: impl Fn(&mut Conn) -> QueryResult<()> + Send + 'static) {
    let db = with_seats(db);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let answer = db
        .write(move |conn| -> Outcome {
            add(conn, 1)?;
            if counted.fetch_add(1, Ordering::Relaxed) == 0 { Ok(first(conn)?) } else { Ok(()) }
        })
        .await;
    assert_eq!((answer, runs.load(Ordering::Relaxed), seats(&db)), (Ok(()), 2, 1));
}

fn add(conn: &mut Conn, number: i64) -> Outcome {
    insert_into(seats::table).values((seats::number.eq(number), seats::taken.eq(0))).execute(conn)?;
    Ok(())
}

fn count(conn: &mut Conn) -> Outcome<i64> {
    Ok(seats::table.count().get_result(conn)?)
}

fn seats(db: &Db) -> i64 {
    db.read_blocking(count).unwrap()
}

/// An act on a thread of its own that is under way, and stays so until it is told to end.
struct Held {
    end: mpsc::Sender<()>,
    thread: JoinHandle<Result<(), Problem>>,
}

impl Held {
    fn begin(db: &Db, act: impl Fn(&mut Conn) -> Outcome + Send + 'static) -> Held {
        let (end, ended) = mpsc::channel();
        let (begun, has_begun) = mpsc::channel();
        let ended = Mutex::new(ended);
        let db = db.clone();
        let thread = std::thread::spawn(move || {
            db.write_blocking(move |conn| {
                act(conn)?;
                begun.send(()).unwrap();
                ended.lock().unwrap().recv().unwrap();
                Ok(())
            })
        });
        has_begun.recv().unwrap();
        Held { end, thread }
    }

    fn end(self) -> Result<(), Problem> {
        self.end.send(()).unwrap();
        self.thread.join().unwrap()
    }
}

on_both! {
    async fn what_is_written_is_read(db: TestDb) {
        let db = with_seats(&db);
        db.write(|conn| add(conn, 1)).await.unwrap();
        assert_eq!(db.read(count).await, Ok(1));
    }

    async fn a_read_cannot_write(db: TestDb) {
        let db = with_seats(&db);
        assert_eq!(db.read(|conn| add(conn, 1)).await, Err(Problem::Database(Fault::Broken)));
        assert_eq!(seats(&db), 0);
    }

    async fn a_read_sees_one_moment(db: TestDb) {
        let db = with_seats(&db);
        let (twin, before_after) = (db.clone(), Arc::new(Mutex::new((0, 0))));
        let seen = before_after.clone();
        db.read(move |conn| -> Outcome {
            let before = count(conn)?;
            twin.write_blocking(|conn| add(conn, 1)).unwrap();
            *seen.lock().unwrap() = (before, count(conn)?);
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!((*before_after.lock().unwrap(), seats(&db)), ((0, 0), 1));
    }

    async fn what_is_left_for_after_the_commit_is_done_once_and_only_if_it_stands(db: TestDb) {
        let db = with_seats(&db);
        let done = Arc::new(AtomicUsize::new(0));
        let later = |done: &Arc<AtomicUsize>, weight: usize| {
            let done = done.clone();
            move || {
                done.fetch_add(weight, Ordering::Relaxed);
            }
        };
        let counted = done.clone();
        let stood = db.write(move |conn| -> Outcome {
            conn.after_commit(later(&counted, 1));
            let undone = conn.in_savepoint(|conn| -> Outcome {
                conn.after_commit(later(&counted, 10));
                Err(Problem::Full.into())
            });
            assert!(undone.is_err());
            assert_eq!(counted.load(Ordering::Relaxed), 0, "nothing is done before the commit");
            add(conn, 1)
        });
        stood.await.unwrap();
        assert_eq!(done.load(Ordering::Relaxed), 1);
        let counted = done.clone();
        let refused = db.write(move |conn| -> Outcome {
            conn.after_commit(later(&counted, 100));
            Err(Problem::Full.into())
        });
        assert_eq!(refused.await, Err(Problem::Full));
        // Its connection or thread is used again.
        db.write(|conn| add(conn, 2)).await.unwrap();
        assert_eq!(done.load(Ordering::Relaxed), 1);
    }

    async fn a_refused_write_leaves_nothing(db: TestDb) {
        let db = with_seats(&db);
        let answer = db.write(|conn| -> Outcome { add(conn, 1)?; Err(Problem::Full)? }).await;
        assert_eq!(answer, Err(Problem::Full));
        assert_eq!(seats(&db), 0);
    }

    async fn a_constraint_hits_only_the_act_that_broke_it(db: TestDb) {
        let db = with_seats(&db);
        let numbers = [1, 2, 2, 3];
        let answers = join_all(numbers.map(|number| {
            db.write(move |conn| {
                add(conn, 10 * number)?;
                add(conn, number)
            })
        }));
        // All but the first of the acts on a number hit its constraint, with what they did before it.
        let answers = answers.await;
        let conflicts = answers.iter().filter(|answer| **answer == Err(Problem::Database(Fault::Conflict))).count();
        assert_eq!((conflicts, seats(&db)), (1, 6), "{answers:?}");
    }

    async fn an_act_that_panics_leaves_nothing_and_the_next_works(db: TestDb) {
        let db = with_seats(&db);
        let answer = db.write(|conn| -> Outcome { add(conn, 1)?; panic!("on purpose") }).await;
        assert_eq!(answer, Err(Problem::Database(Fault::Broken)));
        db.write(|conn| add(conn, 2)).await.unwrap();
        let answer = db.read(|_| -> Outcome { panic!("on purpose") }).await;
        assert_eq!(answer, Err(Problem::Database(Fault::Broken)));
        assert_eq!(seats(&db), 1);
    }

    async fn a_row_that_is_not_there_is_our_fault_alone(db: TestDb) {
        let db = with_seats(&db);
        let answer = db.write(|conn| -> Outcome<i64> { Ok(seats::table.select(seats::taken).first(conn)?) }).await;
        assert_eq!(answer, Err(Problem::Database(Fault::Broken)));
    }

    async fn many_at_once_take_each_seat_once(db: TestDb) {
        let db = with_seats(&db);
        db.write(|conn| add(conn, 0)).await.unwrap();
        let take = |conn: &mut Conn| -> Outcome {
            let free = seats::table.find(0).filter(seats::taken.lt(3));
            match diesel::update(free).set(seats::taken.eq(seats::taken + 1)).execute(conn)? {
                0 => Err(Problem::Full.into()),
                _ => Ok(()),
            }
        };
        let answers = join_all((0..20).map(|_| db.write(take))).await;
        let (taken, full): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(taken.len(), 3);
        assert!(full.iter().all(|answer| *answer == Err(Problem::Full)));
    }

    async fn an_act_may_nest_and_undo_a_part(db: TestDb) {
        let db = with_seats(&db);
        db.write(|conn| {
            add(conn, 1)?;
            let part = conn.in_savepoint(|conn| {
                add(conn, 2)?;
                add(conn, 1)
            });
            assert!(part.is_err());
            add(conn, 3)
        })
        .await
        .unwrap();
        assert_eq!(seats(&db), 2);
    }
}

on_sqlite! {
    async fn acts_that_wait_share_a_commit(db: TestDb) {
        let db = with_seats(&db);
        let held = Held::begin(&db, |conn| add(conn, 1));
        let (twin, seen) = (db.clone(), Arc::new(AtomicUsize::new(9)));
        let outside = seen.clone();
        let waiting = db.write(move |conn| {
            // What the act before did is there, and nobody else can see it.
            outside.store(seats(&twin) as usize, Ordering::Relaxed);
            count(conn)
        });
        let (inside, ended) = join(waiting, async { held.end() }).await;
        assert_eq!((inside, ended), (Ok(1), Ok(())));
        assert_eq!(seen.load(Ordering::Relaxed), 0);
    }

    async fn a_panic_takes_nothing_with_it_but_itself(db: TestDb) {
        let db = with_seats(&db);
        let held = Held::begin(&db, |conn| add(conn, 1));
        let panics = db.write(|conn| -> Outcome {
            add(conn, 2)?;
            panic!("on purpose")
        });
        let panics_in_a_part = db.write(|conn| -> Outcome {
            add(conn, 3)?;
            conn.in_savepoint(|conn| -> Outcome {
                add(conn, 4)?;
                panic!("on purpose")
            })
        });
        let after = db.write(|conn| conn.in_savepoint(|conn| add(conn, 5)));
        let (answers, neighbour) =
            join(join3(panics, panics_in_a_part, after), async { held.end() }).await;
        let broken = Err(Problem::Database(Fault::Broken));
        assert_eq!((answers, neighbour), ((broken, Err(Problem::Database(Fault::Broken)), Ok(())), Ok(())));
        let numbers: Vec<i64> =
            db.read_blocking(|conn| -> Outcome<_> { Ok(seats::table.select(seats::number).load(conn)?) }).unwrap();
        assert_eq!(numbers, [1, 5]);
    }

    async fn a_full_queue_says_so_at_once(db: TestDb) {
        let db = with_seats(&db);
        let held = Held::begin(&db, |_| Ok(()));
        for number in 0..2048 {
            // Asked for, and not waited for: the act stands in the queue.
            assert_eq!(db.write(move |conn| add(conn, number)).now_or_never(), None);
        }
        let answer = db.write(|conn| add(conn, -1)).now_or_never();
        assert_eq!(answer, Some(Err(Problem::Database(Fault::Busy))));
        held.end().unwrap();
        db.clone().close();
        assert_eq!(seats(&db), 2048);
    }

    async fn a_full_disk_ends_the_batch_and_heals(db: TestDb) {
        let db = with_seats(&db);
        let held = Held::begin(&db, |conn| {
            add(conn, 1)?;
            // The limit is the connection's: the next one is without.
            conn.batch_execute("PRAGMA max_page_count = 1")?;
            Ok(())
        });
        let fills = db.write(|conn| -> Outcome {
            conn.batch_execute("CREATE TABLE large (bytes BLOB); INSERT INTO large VALUES (zeroblob(1000000))")?;
            Ok(())
        });
        let (answer, neighbour) = join(fills, async { held.end() }).await;
        assert_eq!(answer, Err(Problem::Database(Fault::DiskFull)));
        assert_eq!(neighbour, Err(Problem::Database(Fault::DiskFull)));
        assert_eq!(seats(&db), 0);
        db.write(|conn| add(conn, 2)).await.unwrap();
        assert_eq!(seats(&db), 1);
    }

    async fn an_act_that_hides_a_full_disk_writes_nothing(db: TestDb) {
        let db = with_seats(&db);
        let hides = |conn: &mut Conn| -> Outcome {
            conn.batch_execute("PRAGMA max_page_count = 1; SAVEPOINT inner_part")?;
            let hidden = conn.in_savepoint(|conn| -> Outcome { Ok(conn.batch_execute("ROLLBACK; SELECT broken")?) });
            assert!(hidden.is_err());
            Err(Problem::Full)?
        };
        let later = |conn: &mut Conn| add(conn, 1);
        let held = Held::begin(&db, |_| Ok(()));
        let (hidden, later, ended) = join3(db.write(hides), db.write(later), async { held.end() }).await;
        // Its transaction was lost under it, so the batch ended; the later act has one of its own.
        assert_eq!((hidden, ended), (
            Err(Problem::Database(Fault::Unavailable)),
            Err(Problem::Database(Fault::Unavailable)),
        ));
        assert_eq!((later, seats(&db)), (Ok(()), 1));
    }

    async fn a_file_that_is_gone_is_not_made_anew(db: TestDb) {
        let path = db.url().strip_prefix("sqlite:").unwrap().to_owned();
        let away = format!("{path}.away");
        let db = with_seats(&db);
        std::fs::rename(&path, &away).unwrap();
        // Makes the writer want a new connection.
        let lost = db.write(|conn| -> Outcome { Ok(conn.batch_execute("ROLLBACK")?) }).await;
        assert_eq!(lost, Err(Problem::Database(Fault::Unavailable)));
        let answer = db.write(|conn| add(conn, 1)).await;
        assert_eq!(answer, Err(Problem::Database(Fault::Unavailable)));
        assert!(!std::fs::exists(&path).unwrap());
        std::fs::rename(&away, &path).unwrap();
        db.write(|conn| add(conn, 1)).await.unwrap();
    }

    async fn a_closed_database_has_done_what_was_asked_and_takes_no_more(db: TestDb) {
        let db = with_seats(&db);
        assert_eq!(db.write(|conn| add(conn, 1)).now_or_never(), None);
        db.clone().close();
        assert_eq!(seats(&db), 1);
        let answer = db.write(|conn| add(conn, 2)).await;
        assert_eq!(answer, Err(Problem::Database(Fault::Unavailable)));
    }
}

on_postgres! {
    async fn two_acts_in_each_others_way_both_succeed(db: TestDb) {
        let db = with_seats(&db);
        db.write(|conn| { add(conn, 1)?; add(conn, 2) }).await.unwrap();
        let (both_hold_one, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
        let (done, others) = mpsc::channel();
        let others = Arc::new(Mutex::new(others));
        let cross = |first: i64, second: i64| {
            let (barrier, runs, met) = (both_hold_one.clone(), runs.clone(), AtomicBool::new(false));
            let (db, done, others) = (db.clone(), done.clone(), others.clone());
            async move {
                let answer = db
                    .write(move |conn| -> Outcome {
                        runs.fetch_add(1, Ordering::Relaxed);
                        let take = |number| diesel::update(seats::table.find(number)).set(seats::taken.eq(seats::taken + 1));
                        let again = met.swap(true, Ordering::Relaxed);
                        // Who begins anew could take from a machine that is slow what the other waits for.
                        if again {
                            others.lock().unwrap().recv_timeout(std::time::Duration::from_secs(5)).unwrap();
                        }
                        take(first).execute(conn)?;
                        if !again {
                            barrier.wait();
                        }
                        take(second).execute(conn)?;
                        Ok(())
                    })
                    .await;
                done.send(()).unwrap();
                answer
            }
        };
        let answers = join(cross(1, 2), cross(2, 1)).await;
        assert_eq!(answers, (Ok(()), Ok(())));
        assert_eq!(runs.load(Ordering::Relaxed), 3);
        let taken = db.read(|conn| -> Outcome<Vec<i64>> { Ok(seats::table.select(seats::taken).load(conn)?) }).await;
        assert_eq!(taken, Ok(vec![2, 2]));
    }

    async fn who_finds_that_somebody_was_quicker_begins_anew_and_leaves_nothing_of_the_first_try(db: TestDb) {
        begins_anew_after(&db, |_| Err(overtaken())).await;
    }

    async fn who_takes_a_row_while_another_lets_go_of_it_never_hears_of_the_servers_slip(db: TestDb) {
        // In the server's words; it slips too seldom to be waited for.
        let slip = "DO $$ BEGIN RAISE internal_error USING MESSAGE = \
                    'new multixact has more than one updating member: 0 2[2547 (nokeyupd), 2552 (nokeyupd)]'; END $$";
        begins_anew_after(&db, |conn| conn.batch_execute(slip)).await;
    }

    async fn a_row_that_is_held_too_long_is_told_apart(db: TestDb) {
        let db = with_seats(&db);
        let held = Held::begin(&db, |conn| add(conn, 1));
        assert_eq!(db.write(|conn| add(conn, 1)).await, Err(Problem::Database(Fault::LockTimeout)));
        held.end().unwrap();
    }

    async fn connections_that_were_lost_are_replaced(db: TestDb) {
        let mut other = PgConnection::establish(db.url()).unwrap();
        let mut lose_all = || {
            other
                .batch_execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid()",
                )
                .unwrap();
        };
        let db = with_seats(&db);
        join_all((0..4).map(|_| db.read(count))).await;
        lose_all();
        db.write(|conn| add(conn, 1)).await.unwrap();
        lose_all();
        assert_eq!(db.read(count).await, Ok(1));
    }

    async fn an_error_that_an_act_ignores_is_no_success(db: TestDb) {
        let db = with_seats(&db);
        let answer = db
            .write(|conn| {
                add(conn, 1)?;
                let _ = add(conn, 1);
                Ok::<(), Fail<Problem>>(())
            })
            .await;
        assert_eq!(answer, Err(Problem::Database(Fault::Broken)));
        assert_eq!(seats(&db), 0);
    }

    async fn a_server_that_is_away_is_unavailable(db: TestDb) {
        assert_eq!(db.kind, Kind::Postgres);
        let error = Db::open("postgres://postgres@127.0.0.1:1/nothing").unwrap_err();
        assert_eq!(error.code(), "database_unreachable");
    }
}
