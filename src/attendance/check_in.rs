//! The check-in: from a tap to a meal that was served, to a review, or to a word of refusal.

use chrono::TimeDelta;

use super::{
    Attendance, AttendanceStatus, Door, KnownBy, Outcome, Person, SERVING, Tap, TapKind, bad_tap,
    meal::{self, already_served, blank, price, redeem},
    refusals::{self, Refusal},
    review, store,
};
use crate::{
    clock::At,
    db::Conn,
    guards,
    ids::{MenuId, ResidentId},
    menus::{self, Menu, Pick, Turn},
    metrics,
    problem::{Code, Fail, Problem},
    reservations::{self, Reservation, ReservationStatus},
    residents::{self, Resident, cards},
    words::Mode,
};

/// The words with which the door refuses: kept, or for an offline tap put to review.
const DOOR_WORDS: &[Code] = &[
    Code::AlreadyServed,
    Code::NotReserved,
    Code::Cancelled,
    Code::OtherCanteen,
    Code::OtherDay,
    Code::MenuNotOpen,
    Code::ResidentSuspended,
    Code::UnknownCard,
    Code::CardRevoked,
    Code::Voided,
    Code::MenuFull,
    Code::ItemSoldOut,
    Code::NotOnDuty,
];

/// What else an offline tap is put to review for: what it says was eaten was eaten, though nobody can be found by it or
/// the menu has changed since.
const OFFLINE_WORDS: &[Code] = &[
    Code::AlreadyReserved,
    Code::ReservationNotFound,
    Code::ResidentNotFound,
    Code::BadOrder,
    Code::ModeNotOffered,
];

/// How far a device's clock may be ahead of ours.
const DEVICE_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Records a tap.
///
/// Refuses with a word of the door, and an offline tap with `tap_reused` or `bad_tap` too; refusals are kept. Fails with
/// `tap_reused`, `bad_tap`, `bad_order`, `mode_not_offered`, `already_reserved`, or `conflict` when somebody was quicker.
pub fn check_in(conn: &mut Conn, door: &Door<'_>, tap: &Tap, now: At) -> Result<Outcome, Fail> {
    assert_eq!(door.duty.canteen(), door.menu.canteen_id, "a proof for one canteen is no proof for another");
    match settle(conn, door, tap, now) {
        Err(Fail::Refused(word)) if is_kept(tap, word.code) => {
            let refusal = refusal(conn, door, tap)?;
            refusals::keep(conn, &refusal, word.code, now)?;
            count(conn, tap, word.code.as_str());
            Ok(Outcome::Refused(word))
        }
        settled => settled,
    }
}

/// Counts how a tap ended, once that is committed.
fn count(conn: &mut Conn, tap: &Tap, outcome: &'static str) {
    let kind = tap.kind.as_str();
    conn.after_commit(move || metrics::check_in(kind, outcome));
}

fn is_kept(tap: &Tap, word: Code) -> bool {
    DOOR_WORDS.contains(&word) || (tap.tapped_at.is_some() && !word.retryable())
}

fn refusal(conn: &mut Conn, door: &Door<'_>, tap: &Tap) -> Result<Refusal, Fail> {
    Ok(Refusal {
        said: serde_json::to_string(&tap.said()).expect("our own types are JSON"),
        tap_id: Some(tap.id),
        menu_id: Some(door.menu.id),
        resident_id: known(conn, door, tap)?,
        tapped_at: tap.tapped_at,
        by: tap.by,
    })
}

/// Serves, or puts an offline tap to review; the same tap gets the same answer.
fn settle(conn: &mut Conn, door: &Door<'_>, tap: &Tap, now: At) -> Result<Outcome, Fail> {
    if !guards::is_off("tap_turns") {
        // A twin of it may be under way at another process.
        conn.take_turns(tap.id.uuid())?;
    }
    if let Some(earlier) = store::by_tap(conn, tap.id)? {
        return repeated(earlier, door, tap);
    }
    if tap.tapped_at.is_some_and(|tapped_at| tapped_at > now + DEVICE_AHEAD) {
        return Err(bad_tap("tapped_at lies in the future; set the device's clock right").into());
    }
    // In a savepoint, so that a refusal leaves nothing behind but itself.
    let served = conn.in_savepoint(|conn| serve(conn, door, tap, now));
    match (served, tap.tapped_at) {
        (Ok(attendance), _) => {
            count(conn, tap, AttendanceStatus::Served.as_str());
            Ok(Outcome::Recorded(Box::new(attendance)))
        }
        (Err(Fail::Refused(word)), Some(tapped_at))
            if DOOR_WORDS.contains(&word.code) || OFFLINE_WORDS.contains(&word.code) =>
        {
            let kept = review::keep(conn, door, tap, tapped_at, word.code, now)?;
            count(conn, tap, AttendanceStatus::Review.as_str());
            Ok(Outcome::Recorded(Box::new(kept)))
        }
        (Err(fail), _) => Err(fail),
    }
}

/// A tap whose attendance was voided since is told so.
fn repeated(earlier: Attendance, door: &Door<'_>, tap: &Tap) -> Result<Outcome, Fail> {
    if earlier.request_hash != tap.request_hash(door.menu.id) {
        return Err(Code::TapReused.into());
    }
    if earlier.status == AttendanceStatus::Voided {
        return Err(Code::Voided.into());
    }
    Ok(Outcome::Repeated(Box::new(earlier)))
}

fn serve(conn: &mut Conn, door: &Door<'_>, tap: &Tap, now: At) -> Result<Attendance, Fail> {
    let served_at = tap.tapped_at.unwrap_or(now);
    fits(tap)?;
    tap.by.check(conn, door.menu.canteen_id, served_at, now)?;
    let known = person(conn, door, tap)?;
    admit(door, known.as_ref().map(|(resident, _)| resident), served_at, now)?;
    match &known {
        Some((resident, _)) if tap.kind == TapKind::Reserved => {
            let reservation = reservation(conn, door, tap, resident)?;
            serve_reserved(conn, door, tap, resident, &reservation, served_at, now)
        }
        Some((resident, known_by)) => {
            serve_unreserved(conn, door, tap, Some((resident, *known_by)), served_at, now)
        }
        None => serve_unreserved(conn, door, tap, None, served_at, now),
    }
}

/// Whether a tap of this kind names somebody, or nobody, as it should.
fn fits(tap: &Tap) -> Result<(), Problem> {
    let nobody = matches!(tap.person, Person::Nobody);
    match tap.kind {
        TapKind::Reserved | TapKind::WalkIn | TapKind::Second if nobody => {
            Err(bad_tap("say who it is: reservation_id, card_number, card_code or resident_id"))
        }
        TapKind::Guest | TapKind::Staff | TapKind::Volunteer if !nobody => {
            Err(bad_tap("a guest's, staff or volunteer's meal names no resident"))
        }
        TapKind::Reserved
        | TapKind::WalkIn
        | TapKind::Second
        | TapKind::Guest
        | TapKind::Staff
        | TapKind::Volunteer => Ok(()),
    }
}

/// The resident that a tap names, if one is found by it.
pub(super) fn known(conn: &mut Conn, door: &Door<'_>, tap: &Tap) -> Result<Option<ResidentId>, Fail> {
    match person(conn, door, tap) {
        Ok(known) => Ok(known.map(|(resident, _)| resident.id)),
        Err(Fail::Refused(_)) => Ok(None),
        Err(fail) => Err(fail),
    }
}

/// Who stands at the door, if anybody who is registered.
fn person(conn: &mut Conn, door: &Door<'_>, tap: &Tap) -> Result<Option<(Resident, KnownBy)>, Fail> {
    match &tap.person {
        Person::Nobody => Ok(None),
        Person::Card(number) => {
            let resident = residents::by_card(conn, number)?.ok_or(Code::UnknownCard)?;
            Ok(Some((resident, KnownBy::Card)))
        }
        Person::CardCode(hash) => Ok(Some((cards::holder(conn, hash)?, KnownBy::Card))),
        Person::Reservation(id) => {
            let reservation = reservations::find(conn, *id)?;
            Ok(Some((residents::find(conn, reservation.resident_id)?, KnownBy::Reservation)))
        }
        Person::Resident(id) => {
            let resident = residents::find(conn, *id)?;
            // Without a card, only one's own residents and whoever is expected here.
            let own = resident.canteen_id == door.menu.canteen_id;
            if !own && reservations::latest_of(conn, door.menu.id, resident.id)?.is_none() {
                return Err(Code::ResidentNotFound.into());
            }
            Ok(Some((resident, KnownBy::Resident)))
        }
    }
}

/// Whether the menu serves this person at this instant: on its own day, while it is published or closed.
///
/// A tap that reaches us on a later day is a claim about the past, whatever the device's clock says: staff decide.
fn admit(door: &Door<'_>, resident: Option<&Resident>, served_at: At, now: At) -> Result<(), Problem> {
    let menu = door.menu;
    let on_its_day = [served_at, now].iter().all(|at| door.canteen.today(*at) == menu.served_on);
    if !SERVING.contains(&menu.status) || !on_its_day {
        return Err(Problem::new(Code::MenuNotOpen).with("status", menu.status));
    }
    if resident.is_some_and(|resident| !resident.is_active()) {
        return Err(Code::ResidentSuspended.into());
    }
    Ok(())
}

/// The standing, unserved reservation that the tap is for, or the word why there is none.
fn reservation(
    conn: &mut Conn,
    door: &Door<'_>,
    tap: &Tap,
    resident: &Resident,
) -> Result<Reservation, Fail> {
    let found = match &tap.person {
        Person::Reservation(id) => Some(reservations::find(conn, *id)?),
        Person::Card(_) | Person::CardCode(_) | Person::Resident(_) | Person::Nobody => {
            reservations::latest_of(conn, door.menu.id, resident.id)?
        }
    };
    if let Some(served) = store::served_meal(conn, door.menu.id, resident.id)? {
        return Err(already_served(conn, door, &served)?);
    }
    let Some(reservation) = found else { return Err(not_reserved(conn, door, resident)?) };
    if reservation.menu_id != door.menu.id {
        return Err(elsewhere(conn, door, &reservation)?);
    }
    if reservation.status == ReservationStatus::Cancelled {
        return Err(Code::Cancelled.into());
    }
    Ok(reservation)
}

/// No reservation here: perhaps one for the same meal elsewhere.
fn not_reserved(conn: &mut Conn, door: &Door<'_>, resident: &Resident) -> Result<Fail, Fail> {
    let open = reservations::open_of_resident(conn, resident.id)?;
    let ids: Vec<MenuId> = open.iter().map(|reservation| reservation.menu_id).collect();
    let same_meal = menus::by_ids(conn, &ids)?
        .into_iter()
        .find(|menu| menu.served_on == door.menu.served_on && menu.period == door.menu.period);
    match same_meal {
        Some(menu) => other_canteen(conn, &menu),
        None => Ok(Problem::new(Code::NotReserved).with("instead", TapKind::WalkIn).into()),
    }
}

fn elsewhere(conn: &mut Conn, door: &Door<'_>, reservation: &Reservation) -> Result<Fail, Fail> {
    let menu = menus::find(conn, reservation.menu_id)?;
    if menu.canteen_id != door.menu.canteen_id {
        return other_canteen(conn, &menu);
    }
    Ok(Problem::new(Code::OtherDay).with("served_on", menu.served_on).with("period", menu.period).into())
}

fn other_canteen(conn: &mut Conn, menu: &Menu) -> Result<Fail, Fail> {
    let canteen = crate::canteens::find(conn, menu.canteen_id)?.name;
    Ok(Problem::new(Code::OtherCanteen).with("canteen", canteen).with("instead", TapKind::WalkIn).into())
}

fn serve_reserved(
    conn: &mut Conn,
    door: &Door<'_>,
    tap: &Tap,
    resident: &Resident,
    reservation: &Reservation,
    served_at: At,
    now: At,
) -> Result<Attendance, Fail> {
    if tap.lines.is_some() || tap.mode.is_some_and(|mode| mode != reservation.mode) {
        return Err(bad_tap("what was reserved is served; change the reservation first").into());
    }
    let attendance = redeem(conn, door, resident, reservation, blank(door, tap, served_at, now), now)?;
    meal::record(conn, &attendance, now)?;
    menus::count_changes(conn, &[door.menu.id])?;
    Ok(attendance)
}

fn serve_unreserved(
    conn: &mut Conn,
    door: &Door<'_>,
    tap: &Tap,
    resident: Option<(&Resident, KnownBy)>,
    served_at: At,
    now: At,
) -> Result<Attendance, Fail> {
    let menu = door.menu;
    if let (TapKind::WalkIn, Some((resident, _))) = (tap.kind, resident) {
        refuse_if_expected(conn, door, resident)?;
    }
    // Until the cut-off a place belongs to whoever waits; what is left by then is for whoever comes (BR-27).
    let turn = if now > menu.cutoff_at { Turn::PastTheLine } else { Turn::Anybody };
    reservations::refuse_before_others(menu, turn)?;
    let lines = taken(menu, tap)?;
    let mode = tap.mode.unwrap_or(Mode::DineIn);
    if !menu.modes.contains(&mode) {
        return Err(Code::ModeNotOffered.into());
    }
    let priced =
        price(conn, door, resident.map(|(resident, _)| resident), tap.kind.class(), &lines, mode, now)?;
    let attendance = Attendance {
        resident_id: resident.map(|(resident, _)| resident.id),
        mode,
        known_by: resident.map_or(KnownBy::Nobody, |(_, known_by)| known_by),
        lines,
        diet_tags: resident.map(|(resident, _)| resident.diet_tags.0.clone()).unwrap_or_default(),
        seated: true,
        quote_id: priced.quote_id,
        charge_fen: priced.charge_fen,
        due_fen: priced.due_fen,
        ..blank(door, tap, served_at, now)
    };
    meal::record(conn, &attendance, now)?;
    reservations::take(conn, menu, &attendance.lines)?;
    reservations::take_seat(conn, menu, SERVING, turn)?;
    Ok(attendance)
}

/// A walk-in who was served already or has a standing reservation here is told so.
fn refuse_if_expected(conn: &mut Conn, door: &Door<'_>, resident: &Resident) -> Result<(), Fail> {
    if let Some(served) = store::served_meal(conn, door.menu.id, resident.id)? {
        return Err(already_served(conn, door, &served)?);
    }
    if reservations::active_of(conn, door.menu.id, resident.id)?.is_some() {
        return Err(Code::AlreadyReserved.into());
    }
    Ok(())
}

fn taken(menu: &Menu, tap: &Tap) -> Result<Vec<Pick>, Fail> {
    match &tap.lines {
        Some(lines) => {
            menu.check_picks(lines)?;
            Ok(lines.clone())
        }
        None => {
            let pick = menu.usual_pick().ok_or_else(|| Problem::new(Code::ItemSoldOut).with("item", ""))?;
            Ok(vec![pick])
        }
    }
}
