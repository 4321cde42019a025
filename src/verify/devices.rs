//! Devices, their sessions, and the taps that were refused.

use super::{
    Audit, By, Place,
    meals::{Attended, CONCURRENT, Meal},
    store::{self, DeviceRow},
};
use crate::{
    access::devices::Purpose, attendance::said_hash, clock::At, db::Conn, devices::CODE_LIFE, ids::DeviceId,
    problem::Fail,
};

const TABLE: &str = "devices";

/// Goes through devices and their sessions, and through the taps that were refused.
pub(super) fn verify(conn: &mut Conn, audit: &mut Audit<'_>) -> Result<(), Fail> {
    let mut after = None;
    loop {
        let batch = store::devices_after(conn, after)?;
        let Some(last) = batch.last() else { break };
        after = Some(last.id);
        for device in &batch {
            audit.made_at(TABLE, "created_at", device.id, device.created_at);
            enrolment(audit, device);
            sessions(conn, audit, device)?;
        }
    }
    refusals(conn, audit)
}

fn place<'a>(id: &'a DeviceId, column: &'static str) -> Place<'a> {
    Place { fact: "state of a device", table: TABLE, row: id, column }
}

/// How far a device has come: its code is gone once it was used or revoked, was good for a quarter of an hour, and only
/// revoking counts as a change.
fn enrolment(audit: &mut Audit<'_>, device: &DeviceRow) {
    let place = |column| place(&device.id, column);
    let waits = device.enrolled_at.is_none() && device.revoked_at.is_none();
    audit.same(place("code_hash"), &device.code_hash.is_some(), &waits);
    audit.same(place("code_expires_at"), &device.code_expires_at, &(device.created_at + CODE_LIFE));
    let in_time = device.enrolled_at.is_none_or(|at| at < device.code_expires_at);
    audit.holds(place("enrolled_at"), in_time, &device.enrolled_at, "while the code was good");
    audit.same(place("version"), &device.version, &(1 + i32::from(device.revoked_at.is_some())));
}

/// A device has the one session that its code began; once it is revoked, that has ended.
fn sessions(conn: &mut Conn, audit: &mut Audit<'_>, device: &DeviceRow) -> Result<(), Fail> {
    let sessions = store::sessions_of_device(conn, device.id)?;
    let begun: Vec<At> = sessions.iter().map(|session| session.started_at).collect();
    let by: Vec<By<'_>> =
        sessions.iter().map(|session| ("sessions", &session.id as &dyn std::fmt::Display)).collect();
    let enrolled: Vec<At> = device.enrolled_at.into_iter().collect();
    audit.same_as_all(place(&device.id, "enrolled_at"), &enrolled, &begun, &by);
    let Some(revoked_at) = device.revoked_at else { return Ok(()) };
    for session in &sessions {
        let place = Place { fact: "revoked", table: "sessions", row: &session.id, column: "ended_at" };
        let ended = session.ended_at.is_some_and(|at| at <= revoked_at + CONCURRENT);
        let by = [(TABLE, &device.id as &dyn std::fmt::Display)];
        audit.holds_by(place, ended, &session.ended_at, "ended when its device was revoked", &by);
    }
    Ok(())
}

/// Whoever tapped on a shared device is named as a person; the device was enrolled at the meal's canteen to check in, and
/// not revoked by then.
pub(super) fn tapped(audit: &mut Audit<'_>, meal: &Meal, attended: &Attended) {
    let row = &attended.row;
    let Some(device) = row.device_id.and_then(|id| meal.devices.get(&id)) else { return };
    let by = (TABLE, &device.id as &dyn std::fmt::Display);
    let place = |column| Place { fact: "on which device", table: "attendances", row: &row.id, column };
    audit.same_as(place("actor_kind"), &row.actor_kind.as_str(), &"account", by);
    audit.same_as(place("device_id"), &meal.menu.canteen_id, &device.canteen_id, by);
    let checks_in = matches!(Purpose::from_word(&device.purpose), Some(Purpose::Door | Purpose::Round));
    audit.holds_by(place("device_id"), checks_in, &device.purpose, "a device that checks in", &[by]);
    let enrolled = device.enrolled_at.is_some_and(|at| at <= row.recorded_at + CONCURRENT);
    let revoked = device.revoked_at.is_some_and(|at| at + CONCURRENT < row.recorded_at);
    audit.holds_by(
        place("recorded_at"),
        enrolled && !revoked,
        &row.recorded_at,
        "while the device was enrolled",
        &[by],
    );
}

/// A refused tap is kept under a hash of what was sent and of who sent it.
fn refusals(conn: &mut Conn, audit: &mut Audit<'_>) -> Result<(), Fail> {
    let mut after = None;
    loop {
        let batch = store::refusals_after(conn, after)?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some((last.said_hash.clone(), last.word.clone()));
        for row in &batch {
            let key = format!("{} {}", row.said_hash, row.word);
            let place =
                Place { fact: "what was refused", table: "attendance_refusals", row: &key, column: "said" };
            // Of what was too long only the beginning is kept.
            if let Some(hash) = said_hash(row.tap_id, row.actor_id, row.device_id, &row.said) {
                audit.same(place, &row.said_hash, &hash);
            }
        }
    }
}
