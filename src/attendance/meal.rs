//! What a meal that is served does: its price and draws, its reservation, its entry in the count.

use super::{Attendance, AttendanceStatus, Door, KnownBy, Person, Tap, TapKind, store};
use crate::{
    access::Actor,
    clock::At,
    db::Conn,
    headcounts::{self, Change, Channel, CountKind},
    ids::QuoteId,
    menus::Pick,
    money::Fen,
    problem::{Code, Fail, Problem},
    reservations::{self, Reservation},
    residents::Resident,
    subsidies::{self, Meal},
    words::{MealClass, Mode},
};

/// Redeems a reservation for `attendance`: what was reserved, at the price that is true now, its draws posted.
pub(super) fn redeem(
    conn: &mut Conn,
    door: &Door<'_>,
    resident: &Resident,
    reservation: &Reservation,
    attendance: Attendance,
    now: At,
) -> Result<Attendance, Fail> {
    // Refused by the row itself when it was cancelled or served meanwhile. Everybody who touches a reservation takes its
    // row first and what it draws on after, so that two never wait for each other.
    let Some(reservation) = reservations::redeem(conn, reservation.id)? else {
        return Err(Code::Conflict.into());
    };
    let promised = subsidies::find(conn, reservation.quote_id)?.quote.resident_fen;
    let order = door.menu.order(&reservation.lines, reservation.mode, MealClass::Meal);
    let meal = Meal { resident, menu: door.menu, area: &door.canteen.area, order };
    let kept = subsidies::post(conn, &meal, Some(reservation.quote_id), now)?;
    Ok(Attendance {
        resident_id: Some(resident.id),
        reservation_id: Some(reservation.id),
        mode: reservation.mode,
        lines: reservation.lines,
        diet_tags: reservation.diet_tags,
        quote_id: Some(kept.id),
        charge_fen: kept.quote.charge_fen,
        due_fen: kept.quote.resident_fen,
        promised_fen: Some(promised),
        ..attendance
    })
}

pub(super) struct Priced {
    pub(super) quote_id: Option<QuoteId>,
    pub(super) charge_fen: Fen,
    pub(super) due_fen: Fen,
}

/// A resident's own meal is priced by the policies and posted; every other class is at full price (BR-33).
pub(super) fn price(
    conn: &mut Conn,
    door: &Door<'_>,
    resident: Option<&Resident>,
    class: MealClass,
    lines: &[Pick],
    mode: Mode,
    now: At,
) -> Result<Priced, Fail> {
    let order = door.menu.order(lines, mode, class);
    match (class, resident) {
        (MealClass::Meal, Some(resident)) => {
            let meal = Meal { resident, menu: door.menu, area: &door.canteen.area, order };
            let kept = subsidies::post(conn, &meal, None, now)?;
            Ok(Priced {
                quote_id: Some(kept.id),
                charge_fen: kept.quote.charge_fen,
                due_fen: kept.quote.resident_fen,
            })
        }
        (MealClass::Meal, None)
        | (MealClass::Second | MealClass::Guest | MealClass::Staff | MealClass::Volunteer, _) => {
            let charge_fen = order.charge();
            Ok(Priced { quote_id: None, charge_fen, due_fen: charge_fen })
        }
    }
}

/// An attendance of this tap with nothing known yet but where, when, how and by whom.
pub(super) fn blank(door: &Door<'_>, tap: &Tap, served_at: At, now: At) -> Attendance {
    Attendance {
        id: crate::id::Id::new(now),
        tap_id: tap.id,
        request_hash: tap.request_hash(door.menu.id),
        menu_id: door.menu.id,
        resident_id: None,
        reservation_id: None,
        class: tap.kind.class(),
        mode: tap.mode.unwrap_or(Mode::DineIn),
        status: AttendanceStatus::Served,
        known_by: match &tap.person {
            Person::Reservation(_) => KnownBy::Reservation,
            Person::Card(_) | Person::CardCode(_) => KnownBy::Card,
            Person::Resident(_) => KnownBy::Resident,
            Person::Nobody => KnownBy::Nobody,
        },
        lines: tap.lines.clone().unwrap_or_default(),
        diet_tags: Vec::new(),
        seated: false,
        served_at,
        recorded_at: now,
        actor: tap.by.actor,
        device_id: tap.by.device,
        quote_id: None,
        charge_fen: Fen::ZERO,
        due_fen: Fen::ZERO,
        promised_fen: None,
        review_word: None,
        said: None,
        void_reason: None,
    }
}

pub(super) fn record(conn: &mut Conn, attendance: &Attendance, now: At) -> Result<(), Fail> {
    // The unique index on a resident's meal says no to whoever is second.
    if !store::insert(conn, attendance)? {
        return Err(Code::Conflict.into());
    }
    let change = counted(attendance, attendance.actor);
    headcounts::record(conn, &Change { persons: 1, portions: &attendance.lines, ..change }, now)
}

fn kind_of(attendance: &Attendance) -> CountKind {
    match attendance.class {
        MealClass::Meal if attendance.reservation_id.is_some() => CountKind::Served,
        MealClass::Meal => CountKind::WalkIn,
        MealClass::Second => CountKind::Second,
        MealClass::Guest => CountKind::Guest,
        MealClass::Staff => CountKind::Staff,
        MealClass::Volunteer => CountKind::Volunteer,
    }
}

pub(super) fn counted(attendance: &Attendance, by: Actor) -> Change<'_> {
    Change {
        menu: attendance.menu_id,
        kind: kind_of(attendance),
        persons: 0,
        portions: &[],
        mode: attendance.mode,
        diet_tags: &attendance.diet_tags,
        channel: Channel::WalkIn,
        by,
    }
}

pub(super) fn already_served(conn: &mut Conn, door: &Door<'_>, served: &Attendance) -> Result<Fail, Fail> {
    let by = crate::accounts::name_of(conn, served.actor)?.unwrap_or_default();
    Ok(Problem::new(Code::AlreadyServed)
        .with("served_at", served.served_at)
        .with("when", door.canteen.zone.words(served.served_at))
        .with("canteen", &door.canteen.name)
        .with("by", by)
        .with("instead", TapKind::Second)
        .into())
}
