//! Wrong guesses are slowed down, and nobody is ever locked out.
//!
//! A guess is judged before anything is hashed. What counts is written only after a wrong one, in three rows: of whoever
//! guesses about whom (a pair), of whom it is about, and of where it comes from. A pair may be wrong five times; from
//! then on it waits after each wrong guess, longer every time, up to half a minute. What others do never makes that wait
//! longer, so a person gets through in bounded time.
//!
//! When very many guesses were wrong about one account, or from one place, strangers have turns: each pair has five
//! seconds of every half a minute, and nobody can take them away. So many guessers from many places do not add up, and
//! whoever guesses about many is slowed too. Whoever has signed in from a place before is no stranger there.
//!
//! Many guesses at once are no more than few: each is judged again with its record, so of those that were begun together
//! only as many are answered as would have been one after the other. Nothing lives in a process's memory.
//!
//! After a quarter of an hour without a wrong guess everything is forgotten.

pub mod http;
mod store;

use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    clock::At,
    db::Conn,
    keys::IdentityKey,
    origin::Origin,
    problem::{Code, Fail, Problem},
    words,
};

/// How many wrong guesses of a pair cost no waiting.
const FREE: i32 = 5;

/// How long a pair waits after its wrong guesses from the fifth on.
const WAITS_S: &[i64] = &[1, 2, 4, 8, 16, LONGEST_WAIT_S];
const LONGEST_WAIT_S: i64 = 30;

/// So many wrong guesses about one account make whoever is a stranger to it wait for a turn.
const MANY_ABOUT_ONE: i32 = 20;

/// So many wrong guesses from one place do.
const MANY_FROM_ONE: i32 = 50;

/// A stranger's turn comes once in this time,
const ROUND_S: i64 = 30;
/// lasts so long,
const TURN_S: i64 = 5;
/// and a wrong guess in it costs the rest of the round, so that the next turn is not missed.
const AFTER_TURN_S: i64 = 20;

/// How many accounts may be made from one place without waiting, and how long the next waits then.
const FREE_SIGN_UPS: i32 = 60;
const SIGN_UP_WAIT_S: i64 = 2;

/// After this time without a wrong guess everything is forgotten.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::minutes(15);

words! {
    /// What can be guessed.
    pub enum Guessable {
        Password = "password",
        Pin = "pin",
        /// A card number with a birth date.
        BirthDate = "birth_date",
        /// The code with which a device is enrolled.
        Enrolment = "enrolment",
        /// The code with which the first administrator is made.
        FirstRun = "first_run",
    }
}

/// Somebody who tries a secret: which, whose, and from where. It is told from the words that were sent, so one about an
/// account that does not exist is the same.
#[derive(Clone, Debug)]
pub struct Guess {
    pair: String,
    about: String,
    from: String,
}

impl Guess {
    /// A guess at this secret of `whose` (a user name, a card number), from there.
    pub fn new(key: &IdentityKey, secret: Guessable, whose: &str, origin: Origin) -> Guess {
        let from = origin.hashed(key);
        Guess {
            pair: subject(key, &["pair", secret.as_str(), whose, &from]),
            about: subject(key, &["about", secret.as_str(), whose]),
            from: subject(key, &["from", &from]),
        }
    }
}

/// Names and addresses go into a table as hashes under a key of the installation only.
fn subject(key: &IdentityKey, parts: &[&str]) -> String {
    let mut hash = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("any length is a key");
    for part in parts {
        hash.update(&part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize().into_bytes()[..16])
}

/// What is kept of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable)]
struct Tally {
    guesses: i32,
    latest_at: At,
    free_at: At,
}

/// How many wrong guesses are left until one has to wait, for the headers of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub policy: &'static str,
    /// How many there are without waiting,
    pub quota: i32,
    /// in so many seconds.
    pub window_s: i64,
    pub left: i32,
    /// How long to wait; nothing while some are left.
    pub wait_s: Option<i64>,
}

/// What became of a wrong guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many are left.
    pub limit: Limit,
    /// Whether it was the one from which on waiting is due.
    pub begins_to_wait: bool,
}

/// Lets a guess through, or fails with `slow_down` and how long to wait. To be asked before anything is hashed, and again
/// before anything is told.
///
/// `is_known` says whether whoever it is about has signed in from there before; it is asked only when it matters.
pub fn judge(
    conn: &mut Conn,
    guess: &Guess,
    now: At,
    is_known: impl FnOnce(&mut Conn) -> Result<bool, Fail>,
) -> Result<(), Fail> {
    let [pair, about, from] = tallies(conn, guess, now)?;
    let crowded = is_crowded(about, from) && !is_known(conn)?;
    match wait(&guess.pair, pair, crowded, now) {
        None => Ok(()),
        Some(wait) => Err(slow_down(pair, wait).into()),
    }
}

/// Counts a wrong guess. Fails with `slow_down` when, by what others have recorded meanwhile, it should not have been
/// made: then nobody may be told that it was wrong.
pub fn wrong(
    conn: &mut Conn,
    guess: &Guess,
    now: At,
    is_known: impl FnOnce(&mut Conn) -> Result<bool, Fail>,
) -> Result<Counted, Fail> {
    let [_, about, from] = tallies(conn, guess, now)?;
    let crowded = is_crowded(about, from) && !is_known(conn)?;
    let after = |guesses: i32| now + TimeDelta::seconds(wait_after(guesses, crowded));
    let Some(pair) = store::count_if_free(conn, &guess.pair, now, after)? else {
        let pair = store::find(conn, &guess.pair)?;
        let free_at = pair.map_or(now, |pair| pair.free_at);
        return Err(slow_down(pair, free_at - now).into());
    };
    store::count(conn, &guess.about, now)?;
    // The busiest row of an attack is the last.
    store::count(conn, &guess.from, now)?;
    let begins_to_wait = pair.guesses == FREE;
    Ok(Counted { limit: limit(Some(pair), (pair.free_at > now).then(|| pair.free_at - now)), begins_to_wait })
}

/// Forgets the wrong guesses of a pair that was right in the end; writes nothing where there were none.
pub fn right(conn: &mut Conn, guess: &Guess) -> Result<(), Fail> {
    if store::find(conn, &guess.pair)?.is_some() {
        store::forget(conn, &guess.pair)?;
    }
    Ok(())
}

/// Lets an account be made from there and counts it, or fails with `slow_down`: to be asked with `count` false before
/// anything is hashed.
pub fn sign_up(conn: &mut Conn, key: &IdentityKey, origin: Origin, now: At, count: bool) -> Result<(), Fail> {
    let from = subject(key, &["sign-up", &origin.hashed(key)]);
    let after = |made: i32| {
        now + if made < FREE_SIGN_UPS { TimeDelta::zero() } else { TimeDelta::seconds(SIGN_UP_WAIT_S) }
    };
    let known = fresh(store::find(conn, &from)?, now);
    let may = known.is_none_or(|known| known.free_at <= now);
    if may && (!count || store::count_if_free(conn, &from, now, after)?.is_some()) {
        return Ok(());
    }
    let limit = Limit {
        policy: "sign-up",
        quota: FREE_SIGN_UPS,
        window_s: FORGOTTEN_AFTER.num_seconds(),
        left: 0,
        wait_s: Some(SIGN_UP_WAIT_S),
    };
    Err(Problem::new(Code::SlowDown).with("seconds", SIGN_UP_WAIT_S).limited(limit).into())
}

/// Forgets wrong guesses that no longer matter; gives how many rows went.
pub fn forget_old(conn: &mut Conn, now: At) -> Result<usize, Fail> {
    Ok(store::forget_before(conn, now - FORGOTTEN_AFTER)?)
}

fn tallies(conn: &mut Conn, guess: &Guess, now: At) -> Result<[Option<Tally>; 3], Fail> {
    let mut of = |subject: &str| store::find(conn, subject).map(|tally| fresh(tally, now));
    Ok([of(&guess.pair)?, of(&guess.about)?, of(&guess.from)?])
}

fn fresh(tally: Option<Tally>, now: At) -> Option<Tally> {
    tally.filter(|tally| now - tally.latest_at < FORGOTTEN_AFTER)
}

fn is_crowded(about: Option<Tally>, from: Option<Tally>) -> bool {
    let guesses = |tally: Option<Tally>| tally.map_or(0, |tally| tally.guesses);
    guesses(about) >= MANY_ABOUT_ONE || guesses(from) >= MANY_FROM_ONE
}

/// How long a pair waits after so many wrong guesses, in seconds.
fn wait_after(guesses: i32, crowded: bool) -> i64 {
    let own = match usize::try_from(guesses - FREE) {
        Err(_) => 0,
        Ok(step) => WAITS_S.get(step).copied().unwrap_or(LONGEST_WAIT_S),
    };
    if crowded { own.max(AFTER_TURN_S) } else { own }
}

/// How long this pair has to wait now, if it has to.
fn wait(pair_subject: &str, pair: Option<Tally>, crowded: bool, now: At) -> Option<TimeDelta> {
    let free_at = pair.map_or(now, |pair| pair.free_at.max(now));
    let turn = if crowded { until_turn(pair_subject, free_at) } else { TimeDelta::zero() };
    let wait = (free_at - now) + turn;
    (wait > TimeDelta::zero()).then_some(wait)
}

/// How long until the pair's next turn begins; nothing while it lasts.
fn until_turn(pair_subject: &str, at: At) -> TimeDelta {
    let round_ms = ROUND_S * 1000;
    let turns = ROUND_S / TURN_S;
    let own = pair_subject.bytes().map(i64::from).sum::<i64>() % turns;
    let begins_ms = own * TURN_S * 1000;
    let in_round_ms = at.utc().timestamp_millis().rem_euclid(round_ms);
    if (begins_ms..begins_ms + TURN_S * 1000).contains(&in_round_ms) {
        TimeDelta::zero()
    } else {
        TimeDelta::milliseconds((begins_ms - in_round_ms).rem_euclid(round_ms))
    }
}

fn slow_down(pair: Option<Tally>, wait: TimeDelta) -> Problem {
    let limit = limit(pair, Some(wait));
    Problem::new(Code::SlowDown).with("seconds", limit.wait_s).limited(limit)
}

fn limit(pair: Option<Tally>, wait: Option<TimeDelta>) -> Limit {
    // Whoever comes back after whole seconds comes late enough.
    let seconds = |wait: TimeDelta| (wait.num_milliseconds() + 999) / 1000;
    let left = if wait.is_some() { 0 } else { FREE - pair.map_or(0, |pair| pair.guesses) };
    Limit {
        policy: "guesses",
        quota: FREE,
        window_s: FORGOTTEN_AFTER.num_seconds(),
        left: left.max(0),
        wait_s: wait.map(|wait| seconds(wait).max(1)),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn at(ms: i64) -> At {
        At::new(DateTime::from_timestamp_millis(1_800_000_000_000 + ms).unwrap())
    }

    #[test]
    fn waiting_grows_up_to_half_a_minute_and_no_further() {
        let waits: Vec<i64> =
            [1, 4, 5, 6, 7, 8, 9, 10, 11, 1000].map(|count| wait_after(count, false)).into();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait_after(1, true), AFTER_TURN_S);
    }

    #[test]
    fn in_a_crowd_everybody_has_a_turn_within_half_a_minute() {
        for pair in ["00", "a7", "b93c", "ffffffff"] {
            for ms in (0..90_000).step_by(700) {
                let wait = until_turn(pair, at(ms));
                assert!(wait <= TimeDelta::seconds(ROUND_S - TURN_S), "{wait}");
                assert_eq!(until_turn(pair, at(ms) + wait), TimeDelta::zero());
            }
            let turns = (0..30).filter(|second| until_turn(pair, at(second * 1000)).is_zero()).count();
            assert_eq!(turns as i64, TURN_S);
        }
    }

    #[test]
    fn a_wrong_guess_in_ones_turn_does_not_cost_the_next() {
        for ms in (0..30_000).step_by(500) {
            let turn = at(ms) + until_turn("a7", at(ms));
            let pair =
                Tally { guesses: 1, latest_at: turn, free_at: turn + TimeDelta::seconds(AFTER_TURN_S) };
            let wait = wait("a7", Some(pair), true, turn).unwrap();
            assert!(wait <= TimeDelta::seconds(ROUND_S), "{wait}");
        }
    }
}
