//! The statements on `wrong_guesses`.

use diesel::prelude::*;

use super::{FORGOTTEN_AFTER, Tally};
use crate::{
    clock::At,
    db::{Both, Conn, schema::wrong_guesses},
};

pub(super) fn find(conn: &mut Conn, subject: &str) -> QueryResult<Option<Tally>> {
    wrong_guesses::table
        .find(subject)
        .select((wrong_guesses::guesses, wrong_guesses::latest_at, wrong_guesses::free_at))
        .first(conn)
        .optional()
}

/// Counts one more, or the first after a long time, and sets from when on the next is judged. Nothing when the subject
/// has to wait.
pub(super) fn count_if_free(
    conn: &mut Conn,
    subject: &str,
    now: At,
    free_after: impl Fn(i32) -> At,
) -> QueryResult<Option<Tally>> {
    let row = (
        wrong_guesses::subject.eq(subject),
        wrong_guesses::guesses.eq(0),
        wrong_guesses::latest_at.eq(now),
        wrong_guesses::free_at.eq(now),
    );
    Both(diesel::insert_into(wrong_guesses::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    loop {
        let Some(known) = find(conn, subject)? else { return Ok(None) };
        if known.free_at > now {
            return Ok(None);
        }
        let guesses =
            if now - known.latest_at < FORGOTTEN_AFTER { known.guesses.saturating_add(1) } else { 1 };
        let next = Tally { guesses, latest_at: now, free_at: free_after(guesses) };
        // Whoever was quicker has left another number behind: it is judged anew from that.
        let unchanged = wrong_guesses::table
            .find(subject)
            .filter(wrong_guesses::guesses.eq(known.guesses))
            .filter(wrong_guesses::free_at.eq(known.free_at));
        let counted = diesel::update(unchanged)
            .set((
                wrong_guesses::guesses.eq(next.guesses),
                wrong_guesses::latest_at.eq(next.latest_at),
                wrong_guesses::free_at.eq(next.free_at),
            ))
            .execute(conn)?;
        if counted == 1 {
            return Ok(Some(next));
        }
    }
}

/// Counts one more, or the first after a long time, of a subject that never waits by itself.
pub(super) fn count(conn: &mut Conn, subject: &str, now: At) -> QueryResult<()> {
    let row = (
        wrong_guesses::subject.eq(subject),
        wrong_guesses::guesses.eq(0),
        wrong_guesses::latest_at.eq(now),
        wrong_guesses::free_at.eq(now),
    );
    Both(diesel::insert_into(wrong_guesses::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    let old = wrong_guesses::table.find(subject).filter(wrong_guesses::latest_at.le(now - FORGOTTEN_AFTER));
    diesel::update(old).set(wrong_guesses::guesses.eq(0)).execute(conn)?;
    diesel::update(wrong_guesses::table.find(subject))
        .set((wrong_guesses::guesses.eq(wrong_guesses::guesses + 1), wrong_guesses::latest_at.eq(now)))
        .execute(conn)
        .map(|_| ())
}

pub(super) fn forget(conn: &mut Conn, subject: &str) -> QueryResult<()> {
    diesel::delete(wrong_guesses::table.find(subject)).execute(conn).map(|_| ())
}

pub(super) fn forget_before(conn: &mut Conn, at: At) -> QueryResult<usize> {
    diesel::delete(wrong_guesses::table.filter(wrong_guesses::latest_at.le(at))).execute(conn)
}
