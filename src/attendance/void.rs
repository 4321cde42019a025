//! Striking out: nothing is overwritten, an attendance is voided with a reason and entered anew (BR-35).

use super::{Attendance, AttendanceStatus, Tapper, find, meal::counted, store};
use crate::{
    access::{Actor, OnDuty, Role},
    canteens::Canteen,
    clock::At,
    db::Conn,
    headcounts::{self, Change},
    ids::{AttendanceId, ReservationId},
    menus::{self, MenuStatus},
    metrics,
    problem::{Code, Fail},
    reservations::{self, waiting},
    subsidies,
};

/// Strikes an attendance out, with a reason; draws are released and the count taken back (BR-35).
///
/// Volunteers void only their own mistake, the same day (`not_your_mistake`), on a shared device as whoever is named
/// there (`not_on_duty`). Fails with `voided` when it was done.
pub fn void(
    conn: &mut Conn,
    duty: &OnDuty,
    canteen: &Canteen,
    id: AttendanceId,
    by: Tapper,
    reason: &str,
    now: At,
) -> Result<Attendance, Fail> {
    let attendance = find(conn, id)?;
    by.check(conn, duty.canteen(), now, now)?;
    if matches!(duty.role(), Role::Volunteer | Role::DoorDevice | Role::RoundDevice) {
        let own = attendance.actor == by.actor;
        let today = canteen.today(attendance.recorded_at) == canteen.today(now);
        if !own || !today {
            return Err(Code::NotYourMistake.into());
        }
    }
    void_as(conn, by.actor, &attendance, reason, now)
}

pub(super) fn void_as(
    conn: &mut Conn,
    by: Actor,
    attendance: &Attendance,
    reason: &str,
    now: At,
) -> Result<Attendance, Fail> {
    if !store::void(conn, attendance.id, reason, by, now)? {
        return Err(Code::Voided.into());
    }
    conn.after_commit(metrics::void);
    if attendance.status == AttendanceStatus::Served {
        take_back(conn, by, attendance, now)?;
    }
    menus::count_changes(conn, &[attendance.menu_id])?;
    find(conn, attendance.id)
}

fn take_back(conn: &mut Conn, by: Actor, attendance: &Attendance, now: At) -> Result<(), Fail> {
    if attendance.seated {
        let menu = menus::find(conn, attendance.menu_id)?;
        reservations::hold_line(conn, &menu)?;
    }
    if let Some(quote) = attendance.quote_id {
        subsidies::release(conn, quote, now)?;
    }
    let gone = headcounts::negated(&attendance.lines);
    let change = counted(attendance, by);
    headcounts::record(conn, &Change { persons: -1, portions: &gone, ..change }, now)?;
    if let Some(id) = attendance.reservation_id {
        reopen(conn, id, now)?;
    }
    if attendance.seated {
        for pick in &attendance.lines {
            menus::release_portions(conn, pick.item_id, pick.portions)?;
        }
        menus::release_seat(conn, attendance.menu_id)?;
        waiting::pass_on(conn, attendance.menu_id, now)?;
    }
    Ok(())
}

/// The reservation stands unserved again; while its meal is not over, its draws are pending again as promised.
fn reopen(conn: &mut Conn, id: ReservationId, now: At) -> Result<(), Fail> {
    reservations::unredeem(conn, id)?;
    let reservation = reservations::find(conn, id)?;
    let menu = menus::find(conn, reservation.menu_id)?;
    if menu.status == MenuStatus::Published && menu.closes_at() > now {
        subsidies::revive(conn, reservation.quote_id)?;
    }
    Ok(())
}
