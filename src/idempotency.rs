//! The same request sent again has one effect and one answer (BR-26).
//!
//! A key is bound to the caller and to method, path and body; effect, key and answer are written in one transaction, so
//! no crash can part them. Only successes are kept: a refusal rolls the key back and is judged anew. A twin that is
//! under way is waited for by the database itself, on the key's row. Keys are kept seven days.

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::{
    changed,
    clock::At,
    db::{Conn, schema::idempotency_keys},
    guards, kept,
    problem::{Code, Fail},
};

/// How long a key is remembered.
const KEPT: TimeDelta = TimeDelta::days(7);

/// What a request brings: whose key, the key, and what it is bound to.
pub struct Claim<'a> {
    pub principal: &'a str,
    pub key: &'a str,
    pub request_hash: &'a str,
}

/// Whether the request is the first with its key.
pub enum Begun {
    First,
    /// It was answered with this before.
    Replay {
        body: String,
        etag: Option<String>,
    },
}

/// Takes the key, or finds the answer that it has already.
///
/// Fails with `idempotency_key_reused` when the key was used for another request.
pub fn begin(conn: &mut Conn, claim: &Claim<'_>, now: At) -> Result<Begun, Fail> {
    if guards::is_off("idempotency") {
        return Ok(Begun::First);
    }
    let taken = kept!(
        conn,
        execute,
        diesel::insert_into(idempotency_keys::table)
            .values((
                idempotency_keys::principal.eq(claim.principal),
                idempotency_keys::key.eq(claim.key),
                idempotency_keys::request_hash.eq(claim.request_hash),
                idempotency_keys::created_at.eq(now),
            ))
            .on_conflict_do_nothing()
    )?;
    if taken == 1 {
        return Ok(Begun::First);
    }
    let (request_hash, body, etag): (String, Option<String>, Option<String>) = idempotency_keys::table
        .find((claim.principal, claim.key))
        .select((idempotency_keys::request_hash, idempotency_keys::body, idempotency_keys::etag))
        .first(conn)?;
    match body {
        _ if request_hash != claim.request_hash => Err(Code::KeyReused.into()),
        Some(body) => Ok(Begun::Replay { body, etag }),
        None => Err(Code::InProgress.into()),
    }
}

/// Keeps the answer with its key.
pub fn finish(
    conn: &mut Conn,
    claim: &Claim<'_>,
    status: u16,
    body: &str,
    etag: Option<&str>,
) -> QueryResult<()> {
    let kept = diesel::update(idempotency_keys::table.find((claim.principal, claim.key))).set((
        idempotency_keys::status.eq(i32::from(status)),
        idempotency_keys::body.eq(body),
        idempotency_keys::etag.eq(etag),
    ));
    changed!(conn, kept).map(|_| ())
}

/// Forgets keys older than seven days.
pub fn forget_old(conn: &mut Conn, now: At) -> QueryResult<usize> {
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(now - KEPT))).execute(conn)
}
