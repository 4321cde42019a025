//! What waits for review, and what staff decide about it.

use super::{
    Attendance, AttendanceStatus, Door, Tap,
    check_in::known,
    find,
    meal::{already_served, blank, counted, price, redeem},
    store,
    void::void_as,
};
use crate::{
    clock::At,
    db::Conn,
    headcounts::{self, Change},
    ids::AttendanceId,
    menus, metrics,
    problem::{Code, Fail, Problem},
    reservations::{self, Reservation},
    residents::{self, Resident},
    words,
    words::{MealClass, Mode},
};

/// Keeps an offline tap that the rules would not have let through: it counts nowhere and draws nothing (BR-34).
pub(super) fn keep(
    conn: &mut Conn,
    door: &Door<'_>,
    tap: &Tap,
    tapped_at: At,
    word: Code,
    now: At,
) -> Result<Attendance, Fail> {
    let resident = known(conn, door, tap)?;
    let lines = tap.lines.clone().filter(|lines| door.menu.check_picks(lines).is_ok());
    let kept = Attendance {
        resident_id: resident,
        class: if resident.is_some() { tap.kind.class() } else { MealClass::Guest },
        mode: tap.mode.filter(|mode| door.menu.modes.contains(mode)).unwrap_or(Mode::DineIn),
        status: AttendanceStatus::Review,
        lines: lines.unwrap_or_default(),
        review_word: Some(word.as_str().to_owned()),
        said: Some(tap.said()),
        ..blank(door, tap, tapped_at, now)
    };
    if !store::insert(conn, &kept)? {
        return Err(Code::Conflict.into());
    }
    menus::count_changes(conn, &[door.menu.id])?;
    Ok(kept)
}

words! {
    /// What staff decide about an attendance that waits for review.
    pub enum Decision {
        /// It was a second meal of the resident, at full price.
        SecondMeal = "second_meal",
        /// It was the resident's own meal, without a reservation.
        Serve = "serve",
        /// It was a guest's meal.
        GuestMeal = "guest_meal",
        /// It was nothing.
        Void = "void",
    }
}

/// Decides about an attendance that waits for review.
///
/// Fails with `not_in_review`; `already_served` when it is to be the resident's own meal but there is one.
pub fn resolve(
    conn: &mut Conn,
    door: &Door<'_>,
    id: AttendanceId,
    decision: Decision,
    reason: &str,
    now: At,
) -> Result<Attendance, Fail> {
    let waiting = find(conn, id)?;
    conn.after_commit(move || metrics::review(decision.as_str()));
    if waiting.status != AttendanceStatus::Review {
        return Err(Code::NotInReview.into());
    }
    let resident = waiting.resident_id.map(|id| residents::find(conn, id)).transpose()?;
    let class = match (decision, &resident) {
        (Decision::Void, _) => {
            return void_as(conn, door.duty.actor(), &waiting, reason, now);
        }
        (Decision::GuestMeal, _) | (_, None) => MealClass::Guest,
        (Decision::SecondMeal, Some(_)) => MealClass::Second,
        (Decision::Serve, Some(_)) => MealClass::Meal,
    };
    if let (MealClass::Meal, Some(resident)) = (class, &resident) {
        if let Some(served) = store::served_meal(conn, door.menu.id, resident.id)? {
            return Err(already_served(conn, door, &served)?);
        }
        if let Some(reservation) = reservations::active_of(conn, door.menu.id, resident.id)? {
            return resolve_reserved(conn, door, waiting, decision, resident, &reservation, now);
        }
    }
    let resident = resident.filter(|_| class != MealClass::Guest);
    let lines = match waiting.lines.is_empty() {
        false => waiting.lines.clone(),
        true => vec![door.menu.usual_pick().ok_or_else(|| Problem::new(Code::ItemSoldOut).with("item", ""))?],
    };
    let priced = price(conn, door, resident.as_ref(), class, &lines, waiting.mode, now)?;
    let resolved = Attendance {
        resident_id: resident.as_ref().map(|resident| resident.id),
        class,
        lines,
        diet_tags: resident.map(|resident| resident.diet_tags.0).unwrap_or_default(),
        status: AttendanceStatus::Served,
        quote_id: priced.quote_id,
        charge_fen: priced.charge_fen,
        due_fen: priced.due_fen,
        ..waiting
    };
    if !store::resolve(conn, &resolved, decision, door.duty.actor(), now)? {
        return Err(Code::NotInReview.into());
    }
    let change = counted(&resolved, door.duty.actor());
    // It was eaten: it is counted, but takes no place or portion from anybody now.
    headcounts::record(conn, &Change { persons: 1, portions: &resolved.lines, ..change }, now)?;
    menus::count_changes(conn, &[door.menu.id])?;
    Ok(resolved)
}

/// What waited for review was the meal that the resident had reserved.
fn resolve_reserved(
    conn: &mut Conn,
    door: &Door<'_>,
    waiting: Attendance,
    decision: Decision,
    resident: &Resident,
    reservation: &Reservation,
    now: At,
) -> Result<Attendance, Fail> {
    let served = Attendance { class: MealClass::Meal, status: AttendanceStatus::Served, ..waiting };
    let resolved = redeem(conn, door, resident, reservation, served, now)?;
    if !store::resolve(conn, &resolved, decision, door.duty.actor(), now)? {
        return Err(Code::NotInReview.into());
    }
    let change = counted(&resolved, door.duty.actor());
    headcounts::record(conn, &Change { persons: 1, portions: &resolved.lines, ..change }, now)?;
    menus::count_changes(conn, &[door.menu.id])?;
    Ok(resolved)
}
