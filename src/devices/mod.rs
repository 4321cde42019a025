//! Devices (设备): staff add a phone or screen and read out its code; whoever types it has a device of that canteen.
//!
//! A code is good once and for a quarter of an hour, is shown once, and is kept as a hash. A device belongs to one
//! canteen and one purpose, and stays signed in for half a year; who taps on it says who they are with each tap. Staff
//! revoke a device at once: its sessions end with it.

mod code;
pub mod http;

use chrono::TimeDelta;
use diesel::QueryResult;

pub use code::EnrolmentCode;

use crate::{
    access::{
        self, OnDuty, Principal,
        devices::{Device, NewDevice, Purpose},
    },
    clock::At,
    db::Conn,
    ids::DeviceId,
    problem::{Code, Fail},
    sign_in,
    text::Line,
};

/// How long a code may be typed.
pub(crate) const CODE_LIFE: TimeDelta = TimeDelta::minutes(15);

/// Adds a device of the canteen where the duty is, to be enrolled with this code.
pub fn add(
    conn: &mut Conn,
    duty: &OnDuty,
    name: &Line<40>,
    purpose: Purpose,
    code: &EnrolmentCode,
    now: At,
) -> Result<Device, Fail> {
    let new = NewDevice {
        canteen: duty.canteen(),
        name: name.as_str(),
        purpose,
        code_hash: &code.hash(),
        code_expires_at: now + CODE_LIFE,
        by: duty.actor(),
    };
    let id = access::devices::add(conn, &new, now)?;
    find(conn, id)
}

/// How a session is started: one that goes on with tokens, or one in a browser.
pub type Start<T> = fn(&mut Conn, Principal, Option<&str>, At) -> QueryResult<T>;

/// Makes whoever brings a code the device that it was made for, uses the code up, and starts a session of some kind.
///
/// Fails with `wrong_enrolment_code` for every code that is not good now, whatever the reason.
pub fn enrol<T>(
    conn: &mut Conn,
    code: &EnrolmentCode,
    start: Start<T>,
    now: At,
) -> Result<(Device, T), Fail> {
    let id = access::devices::enrol(conn, &code.hash(), now)?.ok_or(Code::WrongEnrolmentCode)?;
    let session = start(conn, Principal::Device(id), None, now)?;
    Ok((find(conn, id)?, session))
}

/// Revokes a device that was read as version `seen`, and ends its sessions. One that is revoked stays so.
///
/// Fails with `stale`.
pub fn revoke(conn: &mut Conn, duty: &OnDuty, device: &Device, seen: i32, now: At) -> Result<(), Fail> {
    assert_eq!(duty.canteen(), device.canteen_id, "a proof for one canteen is no proof for another");
    if device.version != seen {
        return Err(Code::Stale.into());
    }
    if device.revoked_at.is_some() {
        return Ok(());
    }
    if !access::devices::revoke(conn, device.id, seen, now)? {
        return Err(Code::Stale.into());
    }
    Ok(sign_in::end_all(conn, Principal::Device(device.id), now)?)
}

/// The device with this id; `device_not_found` without.
pub fn find(conn: &mut Conn, id: DeviceId) -> Result<Device, Fail> {
    access::devices::find(conn, id)?.ok_or_else(|| Code::DeviceNotFound.into())
}
