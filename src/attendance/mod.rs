//! Attendance (就餐记录): a meal counts as served only by an event made at the point of service (BR-30).
//!
//! A check-in carries a `tap_id` of the device; the same tap is answered the same again. What the rules would not let
//! through is refused with a word, and the refusal is kept; a tap that was taken offline is a fact and goes to review
//! instead (BR-34). Nothing is overwritten: an attendance is voided with a reason and entered anew (BR-35). The price is
//! computed again from what is true at the meal, and the draws are posted with the attendance, in one transaction.

pub mod http;
mod store;

use chrono::TimeDelta;

use crate::{
    access::{Actor, OnDuty, Role},
    canteens::Canteen,
    clock::At,
    db::Conn,
    headcounts::{self, Change, Channel, CountKind},
    ids::{AttendanceId, MenuId, QuoteId, ReservationId, ResidentId, TapId},
    menus::{self, Menu, MenuStatus, Pick, Turn},
    money::Fen,
    problem::{Code, Fail, Problem},
    reservations::{self, Reservation, ReservationStatus, waiting},
    residents::{self, Resident},
    subsidies::{self, Meal},
    words,
    words::{MealClass, Mode},
};

words! {
    /// Whether an attendance counts.
    pub enum AttendanceStatus {
        Served = "served",
        /// Kept until staff decide; counts nowhere and draws nothing.
        Review = "review",
        Voided = "voided",
    }
}

words! {
    /// How the person at the door was known.
    pub enum KnownBy {
        Reservation = "reservation",
        Card = "card",
        Resident = "resident",
        Nobody = "nobody",
    }
}

words! {
    /// What a check-in records.
    pub enum TapKind {
        /// A meal that was reserved.
        Reserved = "reserved",
        /// A resident's meal without a reservation (BR-27).
        WalkIn = "walk_in",
        /// A second meal of a resident, at full price (BR-33).
        Second = "second",
        /// A meal of somebody who is no registered resident.
        Guest = "guest",
        /// A meal of a member of staff.
        Staff = "staff",
        /// A meal of a volunteer.
        Volunteer = "volunteer",
    }
}

impl TapKind {
    fn class(self) -> MealClass {
        match self {
            TapKind::Reserved | TapKind::WalkIn => MealClass::Meal,
            TapKind::Second => MealClass::Second,
            TapKind::Guest => MealClass::Guest,
            TapKind::Staff => MealClass::Staff,
            TapKind::Volunteer => MealClass::Volunteer,
        }
    }
}

/// Who stands at the door.
#[derive(Clone, Debug)]
pub enum Person {
    Reservation(ReservationId),
    Card(String),
    Resident(ResidentId),
    /// Nobody registered: a guest, a member of staff, a volunteer.
    Nobody,
}

/// A check-in as it comes from the door.
#[derive(Clone, Debug)]
pub struct Tap {
    pub id: TapId,
    /// What the tap says, hashed: another content under the same id is no repetition.
    pub request_hash: String,
    pub kind: TapKind,
    pub person: Person,
    /// What was taken, where it is not what was reserved.
    pub lines: Option<Vec<Pick>>,
    pub mode: Option<Mode>,
    /// The time on the device, of a tap that was taken offline.
    pub tapped_at: Option<At>,
}

/// A meal that was served, or waits for review, or was voided.
#[derive(Clone, Debug)]
pub struct Attendance {
    pub id: AttendanceId,
    pub tap_id: TapId,
    pub request_hash: String,
    pub menu_id: MenuId,
    pub resident_id: Option<ResidentId>,
    pub reservation_id: Option<ReservationId>,
    pub class: MealClass,
    pub mode: Mode,
    pub status: AttendanceStatus,
    pub known_by: KnownBy,
    pub lines: Vec<Pick>,
    /// The diet tags as they were counted.
    pub diet_tags: Vec<String>,
    /// Whether it took a place of its own, having no reservation.
    pub seated: bool,
    pub served_at: At,
    pub recorded_at: At,
    pub actor: Actor,
    pub quote_id: Option<QuoteId>,
    pub charge_fen: Fen,
    /// What the resident or guest owes for it.
    pub due_fen: Fen,
    /// What the reservation had promised.
    pub promised_fen: Option<Fen>,
    pub review_word: Option<String>,
    pub void_reason: Option<String>,
}

/// How a tap ended. Both are recorded.
#[derive(Clone, Debug)]
pub enum Outcome {
    Recorded(Box<Attendance>),
    Refused(Problem),
}

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
    Code::Voided,
    Code::MenuFull,
    Code::ItemSoldOut,
];

/// The states of a menu in which meals are recorded: a late tap comes after it was closed (BR-37).
const SERVING: &[MenuStatus] = &[MenuStatus::Published, MenuStatus::Closed];

/// How far a device's clock may be ahead of ours.
const DEVICE_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Where a tap is made: the menu, its canteen, and the proof of duty there.
pub struct Door<'a> {
    pub duty: &'a OnDuty,
    pub menu: &'a Menu,
    pub canteen: &'a Canteen,
}

/// Records a tap.
///
/// Fails with `tap_reused`, `bad_tap`, `bad_order`, `mode_not_offered`; refuses with a word of the door.
pub fn check_in(conn: &mut Conn, door: &Door<'_>, tap: &Tap, now: At) -> Result<Outcome, Fail> {
    assert_eq!(door.duty.canteen(), door.menu.canteen_id, "a proof for one canteen is no proof for another");
    if let Some(earlier) = store::by_tap(conn, tap.id)? {
        return repeated(earlier, tap);
    }
    if tap.tapped_at.is_some_and(|tapped_at| tapped_at > now + DEVICE_AHEAD) {
        return Err(bad_tap("tapped_at lies in the future; set the device's clock right").into());
    }
    // In a savepoint, so that a refusal leaves nothing behind but itself.
    let served = conn.in_savepoint(|conn| serve(conn, door, tap, now));
    match served {
        Ok(attendance) => Ok(Outcome::Recorded(Box::new(attendance))),
        Err(Fail::Refused(word)) if DOOR_WORDS.contains(&word.code) => match tap.tapped_at {
            Some(tapped_at) => {
                let kept = keep_for_review(conn, door, tap, tapped_at, word.code, now)?;
                Ok(Outcome::Recorded(Box::new(kept)))
            }
            None => {
                let resident =
                    person(conn, door, tap).ok().and_then(|known| known.map(|(resident, _)| resident.id));
                store::insert_refusal(
                    conn,
                    tap.id,
                    word.code.as_str(),
                    door.menu.id,
                    resident,
                    door.duty.actor(),
                    now,
                )?;
                Ok(Outcome::Refused(word))
            }
        },
        Err(fail) => Err(fail),
    }
}

/// The same tap gets the same answer; a tap whose attendance was voided since is told so.
fn repeated(earlier: Attendance, tap: &Tap) -> Result<Outcome, Fail> {
    if earlier.request_hash != tap.request_hash {
        return Err(Code::TapReused.into());
    }
    if earlier.status == AttendanceStatus::Voided {
        return Ok(Outcome::Refused(Code::Voided.into()));
    }
    Ok(Outcome::Recorded(Box::new(earlier)))
}

fn serve(conn: &mut Conn, door: &Door<'_>, tap: &Tap, now: At) -> Result<Attendance, Fail> {
    let served_at = tap.tapped_at.unwrap_or(now);
    let known = person(conn, door, tap)?;
    admit(door, known.as_ref().map(|(resident, _)| resident), served_at, now)?;
    match (tap.kind, known) {
        (TapKind::Reserved, Some((resident, _))) => {
            let reservation = reservation(conn, door, tap, &resident)?;
            serve_reserved(conn, door, tap, &resident, &reservation, served_at, now)
        }
        (TapKind::WalkIn | TapKind::Second, Some((resident, known_by))) => {
            serve_unreserved(conn, door, tap, Some((&resident, known_by)), served_at, now)
        }
        (TapKind::Guest | TapKind::Staff | TapKind::Volunteer, None) => {
            serve_unreserved(conn, door, tap, None, served_at, now)
        }
        (TapKind::Guest | TapKind::Staff | TapKind::Volunteer, Some(_)) => {
            Err(bad_tap("a guest's, staff or volunteer's meal names no resident").into())
        }
        (TapKind::Reserved | TapKind::WalkIn | TapKind::Second, None) => {
            Err(bad_tap("say who it is: reservation_id, card_number or resident_id").into())
        }
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
        Person::Card(_) | Person::Resident(_) | Person::Nobody => {
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

fn already_served(conn: &mut Conn, door: &Door<'_>, served: &Attendance) -> Result<Fail, Fail> {
    let by = crate::accounts::name_of(conn, served.actor)?.unwrap_or_default();
    Ok(Problem::new(Code::AlreadyServed)
        .with("served_at", served.served_at)
        .with("when", door.canteen.zone.words(served.served_at))
        .with("canteen", &door.canteen.name)
        .with("by", by)
        .with("instead", TapKind::Second)
        .into())
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
    record(conn, door, &attendance, now)?;
    Ok(attendance)
}

/// Redeems a reservation for `attendance`: what was reserved, at the price that is true now, its draws posted.
fn redeem(
    conn: &mut Conn,
    door: &Door<'_>,
    resident: &Resident,
    reservation: &Reservation,
    attendance: Attendance,
    now: At,
) -> Result<Attendance, Fail> {
    // Refused by the row itself when it was cancelled or served meanwhile. Everybody who touches a reservation takes its
    // row first and what it draws on after, so that two never wait for each other.
    if !reservations::redeem(conn, reservation.id)? {
        return Err(Code::Conflict.into());
    }
    let promised = subsidies::find(conn, reservation.quote_id)?.quote.resident_fen;
    let order = door.menu.order(&reservation.lines, reservation.mode, MealClass::Meal);
    let meal = Meal { resident, menu: door.menu, area: &door.canteen.area, order };
    let kept = subsidies::post(conn, &meal, Some(reservation.quote_id), now)?;
    Ok(Attendance {
        resident_id: Some(resident.id),
        reservation_id: Some(reservation.id),
        mode: reservation.mode,
        lines: reservation.lines.clone(),
        diet_tags: reservation.diet_tags.clone(),
        quote_id: Some(kept.id),
        charge_fen: kept.quote.charge_fen,
        due_fen: kept.quote.resident_fen,
        promised_fen: Some(promised),
        ..attendance
    })
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
    record(conn, door, &attendance, now)?;
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

struct Priced {
    quote_id: Option<QuoteId>,
    charge_fen: Fen,
    due_fen: Fen,
}

/// A resident's own meal is priced by the policies and posted; every other class is at full price (BR-33).
fn price(
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
fn blank(door: &Door<'_>, tap: &Tap, served_at: At, now: At) -> Attendance {
    Attendance {
        id: crate::id::Id::new(now),
        tap_id: tap.id,
        request_hash: tap.request_hash.clone(),
        menu_id: door.menu.id,
        resident_id: None,
        reservation_id: None,
        class: tap.kind.class(),
        mode: tap.mode.unwrap_or(Mode::DineIn),
        status: AttendanceStatus::Served,
        known_by: match &tap.person {
            Person::Reservation(_) => KnownBy::Reservation,
            Person::Card(_) => KnownBy::Card,
            Person::Resident(_) => KnownBy::Resident,
            Person::Nobody => KnownBy::Nobody,
        },
        lines: tap.lines.clone().unwrap_or_default(),
        diet_tags: Vec::new(),
        seated: false,
        served_at,
        recorded_at: now,
        actor: door.duty.actor(),
        quote_id: None,
        charge_fen: Fen::ZERO,
        due_fen: Fen::ZERO,
        promised_fen: None,
        review_word: None,
        void_reason: None,
    }
}

fn record(conn: &mut Conn, door: &Door<'_>, attendance: &Attendance, now: At) -> Result<(), Fail> {
    // The unique index on a resident's meal says no to whoever is second.
    if !store::insert(conn, attendance)? {
        return Err(Code::Conflict.into());
    }
    let change = counted(attendance, door.duty.actor());
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

fn counted(attendance: &Attendance, by: Actor) -> Change<'_> {
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

/// Keeps an offline tap that the rules would not have let through: it counts nowhere and draws nothing (BR-34).
fn keep_for_review(
    conn: &mut Conn,
    door: &Door<'_>,
    tap: &Tap,
    tapped_at: At,
    word: Code,
    now: At,
) -> Result<Attendance, Fail> {
    let resident = match person(conn, door, tap) {
        Ok(known) => known.map(|(resident, _)| resident.id),
        Err(Fail::Refused(_)) => None,
        Err(fail) => return Err(fail),
    };
    let kept = Attendance {
        resident_id: resident,
        class: if resident.is_some() { tap.kind.class() } else { MealClass::Guest },
        status: AttendanceStatus::Review,
        review_word: Some(word.as_str().to_owned()),
        ..blank(door, tap, tapped_at, now)
    };
    if !store::insert(conn, &kept)? {
        return Err(Code::Conflict.into());
    }
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
    if waiting.status != AttendanceStatus::Review {
        return Err(Code::NotInReview.into());
    }
    let resident = waiting.resident_id.map(|id| residents::find(conn, id)).transpose()?;
    let class = match (decision, &resident) {
        (Decision::Void, _) => {
            return void_as(conn, door.duty, &waiting, reason, now);
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
    Ok(resolved)
}

/// Strikes an attendance out, with a reason; draws are released and the count taken back (BR-35).
///
/// A volunteer voids only their own mistake, the same day (`not_your_mistake`). Fails with `voided` when it was done.
pub fn void(
    conn: &mut Conn,
    duty: &OnDuty,
    canteen: &Canteen,
    id: AttendanceId,
    reason: &str,
    now: At,
) -> Result<Attendance, Fail> {
    let attendance = find(conn, id)?;
    if duty.role() == Role::Volunteer {
        let own = attendance.actor == duty.actor();
        let today = canteen.today(attendance.recorded_at) == canteen.today(now);
        if !own || !today {
            return Err(Code::NotYourMistake.into());
        }
    }
    void_as(conn, duty, &attendance, reason, now)
}

fn void_as(
    conn: &mut Conn,
    duty: &OnDuty,
    attendance: &Attendance,
    reason: &str,
    now: At,
) -> Result<Attendance, Fail> {
    if !store::void(conn, attendance.id, reason, duty.actor(), now)? {
        return Err(Code::Voided.into());
    }
    if attendance.status == AttendanceStatus::Served {
        take_back(conn, duty, attendance, now)?;
    }
    find(conn, attendance.id)
}

fn take_back(conn: &mut Conn, duty: &OnDuty, attendance: &Attendance, now: At) -> Result<(), Fail> {
    if attendance.seated {
        let menu = menus::find(conn, attendance.menu_id)?;
        reservations::hold_line(conn, &menu)?;
    }
    if let Some(quote) = attendance.quote_id {
        subsidies::release(conn, quote, now)?;
    }
    let gone = headcounts::negated(&attendance.lines);
    let change = counted(attendance, duty.actor());
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

/// The attendance with this id; `attendance_not_found` without.
pub fn find(conn: &mut Conn, id: AttendanceId) -> Result<Attendance, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::AttendanceNotFound.into())
}

/// Everything recorded at a menu and not voided, in the order of recording.
pub fn of_menu(conn: &mut Conn, menu: MenuId) -> Result<Vec<Attendance>, Fail> {
    Ok(store::of_menu(conn, menu)?)
}

/// Every menu at which something waits for review.
pub fn menus_waiting(conn: &mut Conn) -> Result<Vec<MenuId>, Fail> {
    Ok(store::menus_waiting(conn)?)
}

/// What waits for review at a menu, in the order of recording.
pub fn waiting(conn: &mut Conn, menu: MenuId) -> Result<Vec<Attendance>, Fail> {
    Ok(store::waiting(conn, menu)?)
}

/// Closes a menu: nobody who did not come draws anything (BR-37, BR-47). A late tap still turns a no-show into served.
pub fn close_menu(conn: &mut Conn, id: MenuId, closed_at: At) -> Result<Menu, Fail> {
    let menu = menus::close(conn, id, closed_at)?;
    let why = Problem::new(Code::MenuNotOpen).with("status", menu.status);
    waiting::end_line(conn, id, &why.told(), closed_at)?;
    reservations::release_unserved(conn, id, closed_at)?;
    Ok(menu)
}

/// Closes every menu whose meal is over, as of two hours after its window, and says how many.
///
/// Whoever does it, and however often: a menu that is closed already is left alone.
pub fn close_what_is_over(conn: &mut Conn, now: At) -> Result<usize, Fail> {
    let mut closed = 0;
    for id in menus::to_close(conn, now)? {
        let closes_at = menus::find(conn, id)?.closes_at();
        match close_menu(conn, id, closes_at) {
            Ok(_) => closed += 1,
            // Another process was quicker.
            Err(Fail::Refused(problem)) if problem.code == Code::MenuNotOpen => {}
            Err(fail) => return Err(fail),
        }
    }
    Ok(closed)
}

fn bad_tap(reason: &str) -> Problem {
    Problem::new(Code::BadTap).with("reason", reason)
}

/// What was taken in at a canteen on some days: charged, and owed by those who ate. The payers' parts are in the draws.
#[derive(Clone, Copy, Debug, Default)]
pub struct Takings {
    pub meals: i64,
    pub charge_fen: Fen,
    pub due_fen: Fen,
}

/// The takings of some menus, of everything that was served and not voided.
pub fn takings(conn: &mut Conn, menus: &[MenuId]) -> Result<Takings, Fail> {
    let (meals, charge_fen, due_fen) = store::takings(conn, menus)?;
    Ok(Takings { meals, charge_fen: charge_fen.unwrap_or_default(), due_fen: due_fen.unwrap_or_default() })
}
