//! The statements on `cards`.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Card, NewCard};
use crate::{
    access::{Actor, ActorKind},
    clock::At,
    db::{Conn, schema::cards},
    each,
    ids::{AnyoneId, ResidentId},
};

/// So many rows go into one statement.
const AT_ONCE: usize = 1_000;

#[derive(Insertable)]
#[diesel(table_name = cards, treat_none_as_default_value = false)]
struct Row<'a> {
    code_hash: &'a str,
    resident_id: ResidentId,
    nonce: &'a str,
    issued_at: At,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
}

/// Puts codes into force for residents who have none.
pub(in crate::residents) fn issue_all(
    conn: &mut Conn,
    issued: &[(ResidentId, &NewCard)],
    by: Actor,
    now: At,
) -> QueryResult<()> {
    for part in issued.chunks(AT_ONCE) {
        let rows: Vec<Row<'_>> = part
            .iter()
            .map(|(resident_id, card)| Row {
                code_hash: &card.code_hash,
                resident_id: *resident_id,
                nonce: &card.nonce,
                issued_at: now,
                actor_kind: by.kind(),
                actor_id: by.id(),
            })
            .collect();
        each!(conn, c => diesel::insert_into(cards::table).values(&rows).execute(c))?;
    }
    Ok(())
}

/// Revokes the code in force of a resident, if there is one.
pub(in crate::residents) fn revoke(conn: &mut Conn, resident: ResidentId, now: At) -> QueryResult<()> {
    diesel::update(cards::table.filter(cards::resident_id.eq(resident)).filter(cards::revoked_at.is_null()))
        .set(cards::revoked_at.eq(now))
        .execute(conn)
        .map(|_| ())
}

/// The code in force of a resident.
pub(super) fn in_force(conn: &mut Conn, resident: ResidentId) -> QueryResult<Option<Card>> {
    let row: Option<(String, At)> = cards::table
        .filter(cards::resident_id.eq(resident))
        .filter(cards::revoked_at.is_null())
        .select((cards::nonce, cards::issued_at))
        .first(conn)
        .optional()?;
    Ok(row.map(|(nonce, issued_at)| Card { nonce, issued_at }))
}

/// Whose code has this hash, and when it was revoked.
pub(super) fn holder(conn: &mut Conn, code_hash: &str) -> QueryResult<Option<(ResidentId, Option<At>)>> {
    cards::table.find(code_hash).select((cards::resident_id, cards::revoked_at)).first(conn).optional()
}

/// The hashes of the codes in force of these residents.
pub fn hashes(conn: &mut Conn, residents: &[ResidentId]) -> QueryResult<HashMap<ResidentId, String>> {
    let rows: Vec<(ResidentId, String)> = each!(conn, c => cards::table
        .filter(cards::resident_id.eq_any(residents.iter().copied()))
        .filter(cards::revoked_at.is_null())
        .select((cards::resident_id, cards::code_hash))
        .load(c))?;
    Ok(rows.into_iter().collect())
}
