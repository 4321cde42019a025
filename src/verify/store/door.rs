//! Devices, their sessions, and what was refused at the door.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::{
    clock::At,
    db::{
        Conn,
        schema::{attendance_refusals as refusals, devices, sessions},
    },
    ids::{AnyoneId, CanteenId, DeviceId, SessionId, TapId},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = devices)]
pub(in crate::verify) struct DeviceRow {
    pub id: DeviceId,
    pub canteen_id: CanteenId,
    pub purpose: String,
    pub code_hash: Option<String>,
    pub code_expires_at: At,
    pub enrolled_at: Option<At>,
    pub revoked_at: Option<At>,
    pub created_at: At,
    pub version: i32,
}

pub(in crate::verify) fn devices_by_ids(
    conn: &mut Conn,
    ids: &BTreeSet<DeviceId>,
) -> QueryResult<Vec<DeviceRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    devices::table.filter(devices::id.eq_any(ids.iter().copied())).select(DeviceRow::as_select()).load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(in crate::verify) struct DeviceSession {
    pub id: SessionId,
    pub started_at: At,
    pub ended_at: Option<At>,
}

pub(in crate::verify) fn sessions_of_device(
    conn: &mut Conn,
    device: DeviceId,
) -> QueryResult<Vec<DeviceSession>> {
    sessions::table
        .filter(sessions::device_id.eq(device))
        .order(sessions::id)
        .select(DeviceSession::as_select())
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = refusals)]
pub(in crate::verify) struct RefusalRow {
    pub said_hash: String,
    pub word: String,
    pub said: String,
    pub tap_id: Option<TapId>,
    pub actor_id: Option<AnyoneId>,
    pub device_id: Option<DeviceId>,
}

/// Refusals after this one, by hash and word.
pub(in crate::verify) fn refusals_after(
    conn: &mut Conn,
    after: Option<(String, String)>,
) -> QueryResult<Vec<RefusalRow>> {
    let mut query = refusals::table
        .order((refusals::said_hash, refusals::word))
        .limit(super::BATCH)
        .select(RefusalRow::as_select())
        .into_boxed::<crate::db::MultiBackend>();
    if let Some((hash, word)) = after {
        let same_hash = refusals::said_hash.eq(hash.clone()).and(refusals::word.gt(word));
        // Said twice, as SQLite would begin at the first row again with the second condition alone.
        query = query
            .filter(refusals::said_hash.ge(hash.clone()))
            .filter(refusals::said_hash.gt(hash).or(same_hash));
    }
    query.load(conn)
}
