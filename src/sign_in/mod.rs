//! Sign-in: with user name and password, or with card number and PIN; and the sessions that it starts, a device's too.
//!
//! A session has a chain of refresh tokens. Each is used once and leaves its successor; they are kept as hashes only. A
//! token that is used a second time means that two hold it, so the session is ended. One grace: within 60 seconds of its
//! use, while its successor was not used, the reply may have been lost; the successor is then retired for another one.
//!
//! A browser has no refresh tokens: one cookie carries its session until the session is over.
//!
//! Ten wrong PINs in a civil day of the resident's canteen close card number with PIN until the next. The tenth is
//! guarded: of many that were looked at together no more than ten are told, and when they are told, a right one is asked
//! again whether it came too late.

pub mod http;
mod store;

use chrono::{NaiveDate, TimeDelta};
use diesel::QueryResult;

use crate::{
    access::{
        self, Principal,
        tokens::{Ticket, hash_of},
    },
    clock::At,
    db::Conn,
    id::{Id, random_bytes},
    ids::{ResidentId, SessionId},
    problem::{Code, Fail},
};

/// How long an account's refresh token is good for.
const ACCOUNT_LIFE: TimeDelta = TimeDelta::days(30);

/// How long a resident's and a device's is: who signs in with help should not need it every month.
const HELPED_LIFE: TimeDelta = TimeDelta::days(180);

/// How long a browser stays signed in: on a phone of one's own nobody should need to sign in every month.
const BROWSER_LIFE: TimeDelta = TimeDelta::days(180);

/// How long it is for whoever works here: a long day, as others may use the same machine.
const WORK_LIFE: TimeDelta = TimeDelta::hours(14);

/// How long after its use a token may be used again because the reply was lost.
const GRACE: TimeDelta = TimeDelta::seconds(60);

/// How many wrong PINs a day bears.
const PIN_TRIES_A_DAY: i32 = 10;

/// A session that stands, and the token that goes on with it.
#[derive(Debug)]
pub struct Issued {
    pub ticket: Ticket,
    /// 256 random bits in hexadecimal; kept nowhere.
    pub refresh_token: String,
}

/// A session that stands in a browser, and what its cookie holds.
#[derive(Debug)]
pub struct InBrowser {
    pub ticket: Ticket,
    /// 256 random bits in hexadecimal; kept nowhere.
    pub token: String,
    /// How long the cookie is good for.
    pub life: TimeDelta,
}

/// What came of a refresh. Ending a session is an effect that must be committed, so it is no error here.
#[derive(Debug)]
pub enum Refreshed {
    GoesOn(Issued),
    /// The token is unknown or over.
    Ended,
    /// It was used again, and the session of this one ended for it.
    Reused(Principal),
}

/// Starts a session for whoever proved who they are.
///
/// `origin` is where it was started from, hashed under a key of the installation.
pub fn start(conn: &mut Conn, principal: Principal, origin: Option<&str>, now: At) -> QueryResult<Issued> {
    let ticket = Ticket { principal, session: Id::new(now) };
    store::insert_session(conn, ticket, origin, now)?;
    issue(conn, ticket, now)
}

/// Starts a session in a browser for whoever proved who they are: 180 days, or 14 hours for those who hold a role.
///
/// `origin` is as for [`start`].
pub fn start_in_browser(
    conn: &mut Conn,
    principal: Principal,
    origin: Option<&str>,
    now: At,
) -> QueryResult<InBrowser> {
    let ticket = Ticket { principal, session: Id::new(now) };
    store::insert_session(conn, ticket, origin, now)?;
    let works_here = match principal {
        Principal::Account(account) => !access::grants_of(conn, account)?.is_empty(),
        Principal::Resident(_) | Principal::Device(_) => false,
    };
    let life = if works_here { WORK_LIFE } else { BROWSER_LIFE };
    let token = hex::encode(random_bytes::<32>());
    store::insert_cookie(conn, &hash_of(&token), ticket.session, now + life)?;
    Ok(InBrowser { ticket, token, life })
}

/// Uses a refresh token: a new one instead of it, or the end of its session.
pub fn refresh(conn: &mut Conn, refresh_token: &str, now: At) -> QueryResult<Refreshed> {
    let hash = hash_of(refresh_token);
    // The session's row is taken first: of two that refresh at once the second sees what the first has done.
    let Some(session) = store::session_of(conn, &hash)? else { return Ok(Refreshed::Ended) };
    if !store::hold_session(conn, session)? {
        return Ok(Refreshed::Ended);
    }
    let Some(token) = store::find_token(conn, &hash)? else { return Ok(Refreshed::Ended) };
    let ticket = Ticket { principal: store::principal_of(conn, session)?, session };
    if !access::session_stands(conn, ticket, now)? {
        return Ok(Refreshed::Ended);
    }
    match judge(&token, now) {
        Verdict::First => {}
        Verdict::LostReply { unused } => store::retire(conn, &unused, now)?,
        Verdict::Over => return Ok(Refreshed::Ended),
        Verdict::UsedAgain => {
            store::end(conn, session, now)?;
            return Ok(Refreshed::Reused(ticket.principal));
        }
    }
    let issued = issue(conn, ticket, now)?;
    store::succeed(conn, &hash, &hash_of(&issued.refresh_token), token.used_at.unwrap_or(now))?;
    Ok(Refreshed::GoesOn(issued))
}

/// Ends one session; one that has ended stays as it is.
pub fn end(conn: &mut Conn, session: SessionId, now: At) -> QueryResult<()> {
    store::end(conn, session, now)
}

/// Ends every session of somebody.
pub fn end_all(conn: &mut Conn, principal: Principal, now: At) -> QueryResult<()> {
    store::end_all_but(conn, principal, None, now)
}

/// Ends every session of somebody but this one.
pub fn end_others(conn: &mut Conn, principal: Principal, but: SessionId, now: At) -> QueryResult<()> {
    store::end_all_but(conn, principal, Some(but), now)
}

/// Whether a resident's PIN is still taken on this day of their canteen. Fails with `pin_closed` after ten wrong ones.
pub fn check_pin_open(conn: &mut Conn, resident: ResidentId, on: NaiveDate) -> Result<(), Fail> {
    if store::wrong_pins(conn, resident, on)? < PIN_TRIES_A_DAY {
        Ok(())
    } else {
        Err(Code::PinClosed.into())
    }
}

/// Counts a wrong PIN on this day of the resident's canteen. Fails with `pin_closed` when there were ten already: then
/// nobody may be told that it was wrong.
pub fn count_wrong_pin(conn: &mut Conn, resident: ResidentId, on: NaiveDate) -> Result<(), Fail> {
    if store::count_wrong_pin(conn, resident, on, PIN_TRIES_A_DAY)? {
        Ok(())
    } else {
        Err(Code::PinClosed.into())
    }
}

/// Forgets refresh tokens and cookies that are over and wrong PINs of past days; gives how many rows went.
pub fn forget_old(conn: &mut Conn, now: At) -> QueryResult<usize> {
    store::forget_old(conn, now)
}

fn issue(conn: &mut Conn, ticket: Ticket, now: At) -> QueryResult<Issued> {
    let refresh_token = hex::encode(random_bytes::<32>());
    let expires_at = now + life(ticket.principal);
    store::insert_token(conn, &hash_of(&refresh_token), ticket.session, now, expires_at)?;
    Ok(Issued { ticket, refresh_token })
}

fn life(principal: Principal) -> TimeDelta {
    match principal {
        Principal::Account(_) => ACCOUNT_LIFE,
        Principal::Resident(_) | Principal::Device(_) => HELPED_LIFE,
    }
}

/// A refresh token as it is kept.
#[derive(Clone, Debug)]
struct Token {
    expires_at: At,
    used_at: Option<At>,
    /// The token that was given for it; none for one that was retired.
    successor: Option<Successor>,
}

#[derive(Clone, Debug)]
struct Successor {
    hash: String,
    used: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    First,
    /// The reply may have been lost; this successor was given and never used.
    LostReply {
        unused: String,
    },
    Over,
    UsedAgain,
}

fn judge(token: &Token, now: At) -> Verdict {
    match (token.used_at, &token.successor) {
        (None, _) if now < token.expires_at => Verdict::First,
        (None, _) => Verdict::Over,
        (Some(used_at), Some(successor)) if !successor.used && now - used_at <= GRACE => {
            Verdict::LostReply { unused: successor.hash.clone() }
        }
        (Some(_), _) => Verdict::UsedAgain,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn start() -> At {
        At::new(DateTime::UNIX_EPOCH)
    }

    fn used(successor_used: bool) -> Token {
        let successor = Some(Successor { hash: "next".into(), used: successor_used });
        Token { expires_at: start() + ACCOUNT_LIFE, used_at: Some(start()), successor }
    }

    #[test]
    fn a_token_is_good_once_until_it_expires() {
        let fresh = Token { expires_at: start() + ACCOUNT_LIFE, used_at: None, successor: None };
        assert_eq!(judge(&fresh, start() + ACCOUNT_LIFE - TimeDelta::microseconds(1)), Verdict::First);
        assert_eq!(judge(&fresh, start() + ACCOUNT_LIFE), Verdict::Over);
    }

    #[test]
    fn a_lost_reply_is_forgiven_for_a_minute() {
        let lost = Verdict::LostReply { unused: "next".into() };
        assert_eq!(judge(&used(false), start() + GRACE), lost);
        assert_eq!(judge(&used(false), start() + GRACE + TimeDelta::microseconds(1)), Verdict::UsedAgain);
    }

    #[test]
    fn a_token_whose_successor_was_used_is_held_by_two() {
        assert_eq!(judge(&used(true), start()), Verdict::UsedAgain);
    }

    #[test]
    fn a_retired_token_is_held_by_two() {
        let retired = Token { successor: None, ..used(false) };
        assert_eq!(judge(&retired, start()), Verdict::UsedAgain);
    }
}
