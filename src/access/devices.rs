//! Devices (设备): phones and screens that staff enrolled for one canteen and one purpose.
//!
//! A device is waiting until somebody types its one-time code on it, and may do what its purpose says from then on until
//! staff revoke it. Revoked, it is nobody at the next request.

use diesel::prelude::*;

use crate::{
    access::{Actor, Role},
    clock::At,
    db::{
        Conn,
        schema::{devices, sessions},
    },
    id::Id,
    ids::{CanteenId, Device as DeviceTag, DeviceId, SessionId},
    kept,
    page::Window,
    words,
};

words! {
    /// What a device is for.
    pub enum Purpose {
        /// Checks in who comes to the canteen.
        Door = "door",
        /// Checks in along a delivery round.
        Round = "round",
        /// Shows the kitchen what to cook.
        Kitchen = "kitchen",
        /// Shows the hall how many are expected and served.
        Hall = "hall",
    }
}

impl Purpose {
    /// The role that a device of this purpose has at its canteen.
    pub fn role(self) -> Role {
        match self {
            Purpose::Door => Role::DoorDevice,
            Purpose::Round => Role::RoundDevice,
            Purpose::Kitchen => Role::KitchenDevice,
            Purpose::Hall => Role::HallDevice,
        }
    }
}

/// A device as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = devices)]
pub struct Device {
    pub id: DeviceId,
    pub canteen_id: CanteenId,
    pub name: String,
    pub purpose: Purpose,
    /// Until when its one-time code was or is good.
    pub code_expires_at: At,
    pub enrolled_at: Option<At>,
    pub revoked_at: Option<At>,
    pub created_at: At,
    pub version: i32,
}

/// A device to be added.
#[derive(Clone, Debug)]
pub struct NewDevice<'a> {
    pub canteen: CanteenId,
    pub name: &'a str,
    pub purpose: Purpose,
    /// The hash of the code that enrols it.
    pub code_hash: &'a str,
    pub code_expires_at: At,
    pub by: Actor,
}

/// Adds a device that waits for its code.
pub fn add(conn: &mut Conn, new: &NewDevice<'_>, now: At) -> QueryResult<DeviceId> {
    let id = Id::new(now);
    diesel::insert_into(devices::table)
        .values((
            devices::id.eq(id),
            devices::canteen_id.eq(new.canteen),
            devices::name.eq(new.name),
            devices::purpose.eq(new.purpose),
            devices::code_hash.eq(new.code_hash),
            devices::code_expires_at.eq(new.code_expires_at),
            devices::created_at.eq(now),
            devices::actor_kind.eq(new.by.kind()),
            devices::actor_id.eq(new.by.id()),
            devices::version.eq(1),
        ))
        .execute(conn)?;
    Ok(id)
}

/// The device with this id, waiting, enrolled or revoked.
pub fn find(conn: &mut Conn, id: DeviceId) -> QueryResult<Option<Device>> {
    kept!(conn, get_result, devices::table.find(id).select(Device::as_select())).optional()
}

/// The device whose session this is; nothing when the session was ended or the device revoked.
pub(super) fn in_session(conn: &mut Conn, session: SessionId, id: DeviceId) -> QueryResult<Option<Device>> {
    kept!(
        conn,
        get_result,
        sessions::table
            .inner_join(devices::table)
            .filter(sessions::id.eq(session))
            .filter(sessions::ended_at.is_null())
            .filter(devices::id.eq(id))
            .filter(devices::revoked_at.is_null())
            .select(Device::as_select())
    )
    .optional()
}

/// A page of the devices of these canteens by id, and one more if there are more.
pub fn list(conn: &mut Conn, canteens: &[CanteenId], window: &Window<DeviceTag>) -> QueryResult<Vec<Device>> {
    let mut page = devices::table
        .filter(devices::canteen_id.eq_any(canteens.iter().copied()))
        .order(devices::id)
        .limit(window.rows())
        .select(Device::as_select())
        .into_boxed();
    if let Some(after) = window.after() {
        page = page.filter(devices::id.gt(after));
    }
    page.load(conn)
}

/// Uses a code up. Nothing when there is no such code, or it was used, is over, or its device was revoked.
pub fn enrol(conn: &mut Conn, code_hash: &str, now: At) -> QueryResult<Option<DeviceId>> {
    let waiting: Option<DeviceId> = devices::table
        .filter(devices::code_hash.eq(code_hash))
        .filter(devices::code_expires_at.gt(now))
        .filter(devices::revoked_at.is_null())
        .select(devices::id)
        .first(conn)
        .optional()?;
    let Some(id) = waiting else { return Ok(None) };
    // Of two who bring the code at once, the second finds it gone.
    let unused = devices::table.filter(devices::id.eq(id)).filter(devices::code_hash.eq(code_hash));
    let enrolled = diesel::update(unused)
        .set((devices::code_hash.eq(None::<String>), devices::enrolled_at.eq(now)))
        .execute(conn)?;
    Ok((enrolled == 1).then_some(id))
}

/// Revokes a device in place of the version `seen`. False when it has another one by now.
pub fn revoke(conn: &mut Conn, id: DeviceId, seen: i32, now: At) -> QueryResult<bool> {
    let unchanged = devices::table.filter(devices::id.eq(id)).filter(devices::version.eq(seen));
    let revoked = diesel::update(unchanged)
        .set((
            devices::revoked_at.eq(now),
            devices::code_hash.eq(None::<String>),
            devices::version.eq(seen + 1),
        ))
        .execute(conn)?;
    Ok(revoked == 1)
}
