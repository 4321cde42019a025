//! Attendance (就餐记录): a meal counts as served only by an event made at the point of service (BR-30).
//!
//! A check-in carries a `tap_id` of the device; the same tap is answered the same again. What the rules would not let
//! through is refused with a word, and the refusal is kept; a tap that was taken offline is a fact and goes to review
//! instead (BR-34). Nothing is overwritten: an attendance is voided with a reason and entered anew (BR-35). The price is
//! computed again from what is true at the meal, and the draws are posted with the attendance, in one transaction.
//!
//! Every tap names a person, on a shared device too. Of two devices that tap the same meal offline, the one that is
//! recorded first serves it.

mod check_in;
pub mod http;
mod meal;
mod refusals;
mod review;
mod store;
mod void;

pub use check_in::check_in;
pub(crate) use refusals::said_hash;
pub use refusals::{Refusal, keep as keep_refusal};
pub use review::{Decision, resolve};
pub use void::void;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    access::{self, ActingFor, Actor, Caller, OnDuty, Principal},
    canteens::Canteen,
    clock::At,
    db::Conn,
    ids::{AccountId, AttendanceId, CanteenId, DeviceId, MenuId, QuoteId, ReservationId, ResidentId, TapId},
    menus::{self, Menu, MenuStatus, Pick},
    money::Fen,
    problem::{Code, Fail, Problem},
    reservations::{self, waiting},
    words,
    words::{Bilingual, MealClass, Mode},
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

impl AttendanceStatus {
    /// What people call it.
    pub fn said(self) -> Bilingual {
        match self {
            AttendanceStatus::Served => Bilingual::new("已用餐", "Served"),
            AttendanceStatus::Review => Bilingual::new("待核", "In review"),
            AttendanceStatus::Voided => Bilingual::new("作废", "Voided"),
        }
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

impl KnownBy {
    /// What people call it.
    pub fn said(self) -> Bilingual {
        match self {
            KnownBy::Reservation => Bilingual::new("预订", "Reservation"),
            KnownBy::Card => Bilingual::new("刷卡", "Card"),
            KnownBy::Resident => Bilingual::new("姓名", "Name"),
            KnownBy::Nobody => Bilingual::new("无", "None"),
        }
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
#[derive(Clone, Debug, Serialize)]
pub enum Person {
    Reservation(ReservationId),
    Card(String),
    /// Whoever shows a card whose code has this hash.
    CardCode(String),
    Resident(ResidentId),
    /// Nobody registered: a guest, a member of staff, a volunteer.
    Nobody,
}

/// A check-in as it comes from the door.
#[derive(Clone, Debug)]
pub struct Tap {
    pub id: TapId,
    pub by: Tapper,
    pub kind: TapKind,
    pub person: Person,
    /// What was taken, where it is not what was reserved.
    pub lines: Option<Vec<Pick>>,
    pub mode: Option<Mode>,
    /// The time on the device, of a tap that was taken offline.
    pub tapped_at: Option<At>,
}

impl Tap {
    /// What the tap says, hashed: another content under the same id is no repetition.
    ///
    /// When it was tapped is none of it: a tap that got no answer may be sent again as one that was taken offline.
    fn request_hash(&self, menu: MenuId) -> String {
        let said = (menu, self.kind, &self.person, &self.lines, self.mode, self.by.actor.id());
        hex::encode(Sha256::digest(serde_json::to_vec(&said).expect("our own types are JSON")))
    }

    /// What the tap says, to be kept.
    fn said(&self) -> Said {
        let (mut reservation_id, mut card_number, mut card_hash, mut resident_id) = (None, None, None, None);
        match &self.person {
            Person::Reservation(id) => reservation_id = Some(*id),
            Person::Card(number) => card_number = Some(number.clone()),
            Person::CardCode(hash) => card_hash = Some(hash.clone()),
            Person::Resident(id) => resident_id = Some(*id),
            Person::Nobody => {}
        }
        Said {
            kind: self.kind,
            reservation_id,
            card_number,
            card_hash,
            resident_id,
            lines: self.lines.clone(),
            mode: self.mode,
            tapped_at: self.tapped_at,
            by: self.by.actor.account(),
        }
    }
}

/// Who taps: somebody who signed in, or who is named on a shared device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tapper {
    actor: Actor,
    device: Option<DeviceId>,
}

impl Tapper {
    /// Who taps with this duty. A device has to name somebody; whoever signed in is named by that.
    ///
    /// Fails with `bad_tap`.
    pub fn of(duty: &OnDuty, named: Option<AccountId>) -> Result<Tapper, Problem> {
        match (duty.actor().device(), named) {
            (Some(device), Some(named)) => {
                Ok(Tapper { actor: Principal::Account(named).into(), device: Some(device) })
            }
            (Some(_), None) => Err(bad_tap("say in by who taps: a device is shared")),
            (None, Some(named)) if duty.actor().account() != Some(named) => {
                Err(bad_tap("by is yourself, or left out; only on a shared device it is somebody else"))
            }
            (None, _) => Ok(Tapper { actor: duty.actor(), device: None }),
        }
    }

    /// Whoever calls, where nobody could be named.
    pub fn unnamed(caller: &Caller) -> Tapper {
        Tapper { actor: caller.actor(), device: caller.device().map(|device| device.id) }
    }

    /// Whether whoever is named on a device served at the canteen when they tapped; `not_on_duty` otherwise.
    ///
    /// Who serves there now will do: a device's clock may be slow, and a role may be entered late. Whoever signed in has
    /// proved it.
    fn check(&self, conn: &mut Conn, canteen: CanteenId, tapped_at: At, now: At) -> Result<(), Fail> {
        let (Some(_), Some(named)) = (self.device, self.actor.account()) else { return Ok(()) };
        for at in [tapped_at, now] {
            if access::serving(conn, canteen, at)?.contains(&named) {
                return Ok(());
            }
        }
        Err(Code::NotOnDuty.into())
    }
}

/// What a tap said, word for word.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    pub kind: TapKind,
    pub reservation_id: Option<ReservationId>,
    pub card_number: Option<String>,
    /// The hash of a card's code: the code itself is not kept.
    pub card_hash: Option<String>,
    pub resident_id: Option<ResidentId>,
    pub lines: Option<Vec<Pick>>,
    pub mode: Option<Mode>,
    /// The time on the device.
    pub tapped_at: Option<At>,
    /// Who tapped.
    pub by: Option<AccountId>,
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
    /// Who tapped.
    pub actor: Actor,
    /// The shared device on which they did.
    pub device_id: Option<DeviceId>,
    pub quote_id: Option<QuoteId>,
    pub charge_fen: Fen,
    /// What the resident or guest owes for it.
    pub due_fen: Fen,
    /// What the reservation had promised.
    pub promised_fen: Option<Fen>,
    /// The word with which it went to review.
    pub review_word: Option<String>,
    /// What the tap said, of one that went to review.
    pub said: Option<Said>,
    pub void_reason: Option<String>,
}

/// How a tap ended. Both are recorded.
#[derive(Clone, Debug)]
pub enum Outcome {
    Recorded(Box<Attendance>),
    /// The same tap was recorded before; this is what became of it.
    Repeated(Box<Attendance>),
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

/// Everything ever recorded at these menus, voided or not, in the order of recording.
pub fn all_of_menus(conn: &mut Conn, menus: &[MenuId]) -> Result<Vec<Attendance>, Fail> {
    Ok(store::all_of_menus(conn, menus)?)
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
    let why = Problem::new(Code::MenuNotOpen).with("status", menu.status);
    waiting::end_line(conn, id, &why.as_told(), closed_at)?;
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
