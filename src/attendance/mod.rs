//! Attendance (就餐记录): a meal counts as served only by an event made at the point of service (BR-30).
//!
//! A check-in carries a `tap_id` of the device; the same tap is answered the same again. What the rules would not let
//! through is refused with a word, and the refusal is kept; a tap that was taken offline is a fact and goes to review
//! instead (BR-34). Nothing is overwritten: an attendance is voided with a reason and entered anew (BR-35). The price is
//! computed again from what is true at the meal, and the draws are posted with the attendance, in one transaction.

mod check_in;
pub mod http;
mod meal;
mod review;
mod store;
mod void;

pub use check_in::check_in;
pub use review::{Decision, resolve};
pub use void::void;

use crate::{
    access::{ActingFor, Actor, OnDuty},
    canteens::Canteen,
    clock::At,
    db::Conn,
    ids::{AttendanceId, MenuId, QuoteId, ReservationId, ResidentId, TapId},
    menus::{self, Menu, MenuStatus, Pick},
    money::Fen,
    problem::{Code, Fail, Problem},
    reservations, words,
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

/// The states of a menu in which meals are recorded: a late tap comes after it was closed (BR-37).
const SERVING: &[MenuStatus] = &[MenuStatus::Published, MenuStatus::Closed];

/// Where a tap is made: the menu, its canteen, and the proof of duty there.
pub struct Door<'a> {
    pub duty: &'a OnDuty,
    pub menu: &'a Menu,
    pub canteen: &'a Canteen,
}

/// The attendance with this id; `attendance_not_found` without.
pub fn find(conn: &mut Conn, id: AttendanceId) -> Result<Attendance, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::AttendanceNotFound.into())
}

/// Everything recorded at a menu and not voided, in the order of recording.
pub fn of_menu(conn: &mut Conn, menu: MenuId) -> Result<Vec<Attendance>, Fail> {
    Ok(store::of_menu(conn, menu)?)
}

/// What a resident was served between two instants, the second not included, in the order of serving.
pub fn of_resident(
    conn: &mut Conn,
    acting: &ActingFor,
    from_at: At,
    to_at: At,
) -> Result<Vec<Attendance>, Fail> {
    Ok(store::of_resident(conn, acting.resident(), from_at, to_at)?)
}

/// Every menu at which something waits for review.
pub fn menus_waiting(conn: &mut Conn) -> Result<Vec<MenuId>, Fail> {
    Ok(store::menus_waiting(conn)?)
}

/// What waits for review at a menu, in the order of recording.
pub fn waiting(conn: &mut Conn, menu: MenuId) -> Result<Vec<Attendance>, Fail> {
    Ok(store::waiting(conn, menu)?)
}

/// Counts a change on every menu whose door list shows this resident, after what it shows of them was edited.
pub fn resident_changed(conn: &mut Conn, resident: ResidentId) -> Result<(), Fail> {
    let mut menus = reservations::menus_of(conn, resident)?;
    menus.extend(store::menus_of(conn, resident)?);
    menus.sort_unstable();
    menus.dedup();
    menus::count_changes(conn, &menus)
}

/// Closes a menu: nobody who did not come draws anything (BR-37, BR-47). A late tap still turns a no-show into served.
pub fn close_menu(conn: &mut Conn, id: MenuId, closed_at: At) -> Result<Menu, Fail> {
    let menu = menus::close(conn, id, closed_at)?;
    reservations::release_unserved(conn, id, closed_at)?;
    Ok(menu)
}

/// Closes menus whose meal is over, as of two hours after their windows, and says how many. When it says none, none is
/// left that can be closed.
///
/// Whoever does it, and however often: a menu that is closed already is left alone. One that cannot be closed keeps no
/// other from it.
pub fn close_what_is_over(conn: &mut Conn, now: At) -> Result<usize, Fail> {
    let mut closed = 0;
    for id in menus::to_close(conn, now)? {
        let closes_at = menus::find(conn, id)?.closes_at();
        match conn.in_savepoint(|conn| close_menu(conn, id, closes_at)) {
            Ok(_) => closed += 1,
            // Another process was quicker.
            Err(Fail::Refused(problem)) if problem.code == Code::MenuNotOpen => {}
            Err(Fail::Refused(problem)) => tracing::error!(menu = %id, %problem, "a menu cannot be closed"),
            Err(Fail::Database(error)) => return Err(Fail::Database(error)),
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
