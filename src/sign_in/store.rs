//! The statements on `sessions`, `refresh_tokens`, `cookies` and `pin_failures`.

use chrono::{Days, NaiveDate};
use diesel::prelude::*;

use super::{Successor, Token};
use crate::{
    access::{Principal, tokens::Ticket},
    clock::At,
    db::{
        Both, Conn,
        schema::{cookies, pin_failures, refresh_tokens, sessions},
    },
    ids::{AccountId, DeviceId, ResidentId, SessionId},
};

/// Writes a session.
pub(super) fn insert_session(
    conn: &mut Conn,
    ticket: Ticket,
    origin: Option<&str>,
    now: At,
) -> QueryResult<()> {
    let (account, resident, device) = match ticket.principal {
        Principal::Account(id) => (Some(id), None, None),
        Principal::Resident(id) => (None, Some(id), None),
        Principal::Device(id) => (None, None, Some(id)),
    };
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(ticket.session),
            sessions::account_id.eq(account),
            sessions::resident_id.eq(resident),
            sessions::device_id.eq(device),
            sessions::started_at.eq(now),
            sessions::origin.eq(origin),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Holds a session's row until the transaction ends. False when the session has ended.
pub(super) fn hold_session(conn: &mut Conn, id: SessionId) -> QueryResult<bool> {
    let standing = sessions::table.filter(sessions::id.eq(id)).filter(sessions::ended_at.is_null());
    let held = diesel::update(standing).set(sessions::started_at.eq(sessions::started_at)).execute(conn)?;
    Ok(held == 1)
}

/// Whose session it is.
pub(super) fn principal_of(conn: &mut Conn, id: SessionId) -> QueryResult<Principal> {
    let (account, resident, device): (Option<AccountId>, Option<ResidentId>, Option<DeviceId>) =
        sessions::table
            .find(id)
            .select((sessions::account_id, sessions::resident_id, sessions::device_id))
            .first(conn)?;
    let account = account.map(Principal::Account);
    account
        .or(resident.map(Principal::Resident))
        .or(device.map(Principal::Device))
        .ok_or(diesel::result::Error::NotFound)
}

/// Ends a session that stands.
pub(super) fn end(conn: &mut Conn, id: SessionId, now: At) -> QueryResult<()> {
    let standing = sessions::table.filter(sessions::id.eq(id)).filter(sessions::ended_at.is_null());
    diesel::update(standing).set(sessions::ended_at.eq(now)).execute(conn).map(|_| ())
}

/// Ends the standing sessions of somebody, but one if that is named.
pub(super) fn end_all_but(
    conn: &mut Conn,
    principal: Principal,
    but: Option<SessionId>,
    now: At,
) -> QueryResult<()> {
    let mut standing = sessions::table.select(sessions::id).filter(sessions::ended_at.is_null()).into_boxed();
    standing = match principal {
        Principal::Account(id) => standing.filter(sessions::account_id.eq(id)),
        Principal::Resident(id) => standing.filter(sessions::resident_id.eq(id)),
        Principal::Device(id) => standing.filter(sessions::device_id.eq(id)),
    };
    let mut ids: Vec<SessionId> = standing.load(conn)?;
    ids.retain(|id| Some(*id) != but);
    let others = sessions::table.filter(sessions::id.eq_any(ids)).filter(sessions::ended_at.is_null());
    diesel::update(others).set(sessions::ended_at.eq(now)).execute(conn).map(|_| ())
}

/// Writes a refresh token.
pub(super) fn insert_token(
    conn: &mut Conn,
    hash: &str,
    session: SessionId,
    now: At,
    expires_at: At,
) -> QueryResult<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::token_hash.eq(hash),
            refresh_tokens::session_id.eq(session),
            refresh_tokens::issued_at.eq(now),
            refresh_tokens::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Writes the cookie that carries a session.
pub(super) fn insert_cookie(
    conn: &mut Conn,
    token_hash: &str,
    session: SessionId,
    expires_at: At,
) -> QueryResult<()> {
    let row = (
        cookies::token_hash.eq(token_hash),
        cookies::session_id.eq(session),
        cookies::expires_at.eq(expires_at),
    );
    diesel::insert_into(cookies::table).values(row).execute(conn).map(|_| ())
}

/// The session that a token belongs to.
pub(super) fn session_of(conn: &mut Conn, hash: &str) -> QueryResult<Option<SessionId>> {
    refresh_tokens::table.find(hash).select(refresh_tokens::session_id).first(conn).optional()
}

/// A token, and whether its successor was used.
pub(super) fn find_token(conn: &mut Conn, hash: &str) -> QueryResult<Option<Token>> {
    let found: Option<(At, Option<At>, Option<String>)> = refresh_tokens::table
        .find(hash)
        .select((refresh_tokens::expires_at, refresh_tokens::used_at, refresh_tokens::successor_hash))
        .first(conn)
        .optional()?;
    let Some((expires_at, used_at, successor_hash)) = found else { return Ok(None) };
    let successor = match successor_hash {
        Some(hash) => {
            let used: Option<Option<At>> =
                refresh_tokens::table.find(&hash).select(refresh_tokens::used_at).first(conn).optional()?;
            used.map(|used_at| Successor { hash, used: used_at.is_some() })
        }
        None => None,
    };
    Ok(Some(Token { expires_at, used_at, successor }))
}

/// Writes that a token was used at that instant, and what was given for it.
pub(super) fn succeed(conn: &mut Conn, hash: &str, successor: &str, used_at: At) -> QueryResult<()> {
    diesel::update(refresh_tokens::table.find(hash))
        .set((refresh_tokens::used_at.eq(used_at), refresh_tokens::successor_hash.eq(successor)))
        .execute(conn)
        .map(|_| ())
}

/// Makes a token that nobody used one that was used and has no successor.
pub(super) fn retire(conn: &mut Conn, hash: &str, now: At) -> QueryResult<()> {
    diesel::update(refresh_tokens::table.find(hash))
        .set(refresh_tokens::used_at.eq(now))
        .execute(conn)
        .map(|_| ())
}

/// How many wrong PINs there were on this day.
pub(super) fn wrong_pins(conn: &mut Conn, resident: ResidentId, on: NaiveDate) -> QueryResult<i32> {
    let found: Option<i32> =
        pin_failures::table.find((resident, on)).select(pin_failures::failures).first(conn).optional()?;
    Ok(found.unwrap_or(0))
}

/// Counts a wrong PIN on this day. False when there were `most` already.
pub(super) fn count_wrong_pin(
    conn: &mut Conn,
    resident: ResidentId,
    on: NaiveDate,
    most: i32,
) -> QueryResult<bool> {
    let row = (
        pin_failures::resident_id.eq(resident),
        pin_failures::failed_on.eq(on),
        pin_failures::failures.eq(0),
    );
    Both(diesel::insert_into(pin_failures::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    let open = pin_failures::table
        .filter(pin_failures::resident_id.eq(resident))
        .filter(pin_failures::failed_on.eq(on))
        .filter(pin_failures::failures.lt(most));
    let counted =
        diesel::update(open).set(pin_failures::failures.eq(pin_failures::failures + 1)).execute(conn)?;
    Ok(counted == 1)
}

/// Deletes refresh tokens and cookies that are over, and wrong PINs that are older than a week.
pub(super) fn forget_old(conn: &mut Conn, now: At) -> QueryResult<usize> {
    let tokens =
        diesel::delete(refresh_tokens::table.filter(refresh_tokens::expires_at.le(now))).execute(conn)?;
    let carried = diesel::delete(cookies::table.filter(cookies::expires_at.le(now))).execute(conn)?;
    // A day is over everywhere two days later; a week is on the safe side.
    let oldest = now.naive().date().checked_sub_days(Days::new(7)).unwrap_or(NaiveDate::MIN);
    let tries =
        diesel::delete(pin_failures::table.filter(pin_failures::failed_on.lt(oldest))).execute(conn)?;
    Ok(tokens + carried + tries)
}
