//! What a database says about the installation that it belongs to: its keys, its shape, its newest record, and whether
//! somebody can administer it.

use diesel::prelude::*;

use crate::{
    access::Role,
    clock::At,
    db::{
        Both, Conn,
        schema::{accounts, canteens, count_entries, grants, idempotency_keys, installation, sessions},
    },
    ids::{CountEntryId, SessionId},
};

/// The key of the row that remembers which identity key was used.
pub const IDENTITY_FINGERPRINT: &str = "identity_key_fingerprint";

diesel::table! {
    /// The migrations that were applied; diesel's own table.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// The fingerprint of the identity key that this database was used with, if it was used.
pub fn identity_fingerprint(conn: &mut Conn) -> QueryResult<Option<String>> {
    installation::table.find(IDENTITY_FINGERPRINT).select(installation::value).first(conn).optional()
}

/// Remembers the fingerprint unless there is one already; answers the one that counts.
pub fn bind_identity_fingerprint(conn: &mut Conn, fingerprint: &str) -> QueryResult<String> {
    let row = (installation::key.eq(IDENTITY_FINGERPRINT), installation::value.eq(fingerprint));
    Both(diesel::insert_into(installation::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    installation::table.find(IDENTITY_FINGERPRINT).select(installation::value).first(conn)
}

/// The key of the row that keeps the code of the first run, while there is one.
const FIRST_RUN: &str = "first_run";

/// Keeps what there is of the first run's code, instead of what was kept before.
pub fn keep_first_run(conn: &mut Conn, text: &str) -> QueryResult<()> {
    diesel::delete(installation::table.find(FIRST_RUN)).execute(conn)?;
    let row = (installation::key.eq(FIRST_RUN), installation::value.eq(text));
    diesel::insert_into(installation::table).values(row).execute(conn).map(|_| ())
}

/// What is kept of the first run's code.
pub fn first_run(conn: &mut Conn) -> QueryResult<Option<String>> {
    installation::table.find(FIRST_RUN).select(installation::value).first(conn).optional()
}

/// Forgets the first run's code; false when it is not this one any more.
pub fn use_up_first_run(conn: &mut Conn, text: &str) -> QueryResult<bool> {
    let kept = installation::table.find(FIRST_RUN).filter(installation::value.eq(text));
    Ok(diesel::delete(kept).execute(conn)? == 1)
}

/// The newest migration that was applied.
pub fn shape(conn: &mut Conn) -> QueryResult<Option<String>> {
    __diesel_schema_migrations::table
        .select(diesel::dsl::max(__diesel_schema_migrations::version))
        .first(conn)
}

/// The instant of the newest thing that was recorded: a request with a key, a sign-in, an entry of a headcount.
pub fn newest_record(conn: &mut Conn) -> QueryResult<Option<At>> {
    let request: Option<At> =
        idempotency_keys::table.select(diesel::dsl::max(idempotency_keys::created_at)).first(conn)?;
    // Ids begin with the instant of their making, so the last of an index is the newest.
    let session: Option<SessionId> =
        sessions::table.select(sessions::id).order(sessions::id.desc()).first(conn).optional()?;
    let entry: Option<CountEntryId> = count_entries::table
        .select(count_entries::id)
        .order(count_entries::id.desc())
        .first(conn)
        .optional()?;
    Ok(request.max(session.and_then(|id| made_at(id.uuid()))).max(entry.and_then(|id| made_at(id.uuid()))))
}

fn made_at(id: uuid::Uuid) -> Option<At> {
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    chrono::DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds).map(At::new)
}

/// Whether an account that is not suspended holds a standing grant as administrator.
pub fn has_administrator(conn: &mut Conn, now: At) -> QueryResult<bool> {
    let standing = grants::table
        .inner_join(accounts::table)
        .filter(grants::role.eq(Role::Admin))
        .filter(grants::starts_at.le(now))
        .filter(grants::ends_at.is_null().or(grants::ends_at.gt(now)))
        .filter(accounts::suspended_at.is_null());
    diesel::select(diesel::dsl::exists(standing)).get_result(conn)
}

/// Whether nobody has set anything up in this database yet: it holds no account and no canteen.
pub fn is_unused(conn: &mut Conn) -> QueryResult<bool> {
    let account: Option<crate::ids::AccountId> =
        accounts::table.select(accounts::id).first(conn).optional()?;
    let canteen: Option<crate::ids::CanteenId> =
        canteens::table.select(canteens::id).first(conn).optional()?;
    Ok(account.is_none() && canteen.is_none())
}
