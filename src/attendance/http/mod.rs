//! The door over HTTP. What volunteers get has no field for tier, amount or hardship (BR-80).

mod batches;
mod door_list;
pub mod export;
mod reviews;

pub use batches::{Batch, ItemAnswer, ItemOutcome, record as record_batch};
pub(crate) use door_list::list as list_of;
pub use door_list::{DoorList, Expected, door_list};
pub(crate) use reviews::waiting_in;
pub use reviews::{Resolve, Review, resolve, reviews};

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attendance, AttendanceStatus, Door, Outcome, Person, Tap, TapKind, Tapper, bad_tap};
use crate::{
    access::{Allowed, Caller, OnDuty, Role, Site, act},
    api::{Answer, Body, Created, Done, Keyed},
    audit::{self, Deed, Entry, Subject, SubjectKind},
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    ids::{AccountId, AttendanceId, MenuId, ReservationId, ResidentId, TapId},
    menus::{self, Menu, Pick},
    money::Fen,
    problem::{Fail, Problem},
    residents::{self, cards},
    text::{CardCode, CardHash, CardNumber, Line},
    words,
    words::{MealClass, Mode},
};

words! {
    /// Where a check-in is made: at the door, or at the desk where money is taken.
    pub enum Point {
        Door = "door",
        Desk = "desk",
    }
}

/// A check-in, sent again as it is with every retry.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckIn {
    /// Made on the device, a UUID.
    pub tap_id: TapId,
    /// What it is; a reserved meal without.
    #[serde(default = "reserved")]
    pub kind: TapKind,
    /// Who it is: one of the five; none for a guest's, staff or volunteer's meal.
    #[serde(default)]
    pub reservation_id: Option<ReservationId>,
    #[serde(default)]
    pub card_number: Option<CardNumber>,
    /// What the QR of a card says.
    #[serde(default)]
    pub card_code: Option<CardCode>,
    /// The same as a device keeps it: the SHA-256 of the code, in hexadecimal digits.
    #[serde(default)]
    pub card_hash: Option<CardHash>,
    #[serde(default)]
    pub resident_id: Option<ResidentId>,
    /// What was taken, without a reservation; one usual set meal if not said.
    #[serde(default)]
    #[schemars(length(min = 1, max = 30))]
    pub lines: Option<Vec<Pick>>,
    #[serde(default)]
    pub mode: Option<Mode>,
    /// The time on the device, for a tap that was taken offline: it is a fact, and never refused.
    #[serde(default)]
    pub tapped_at: Option<At>,
    /// Who taps, on a shared device: the account of a volunteer or staff of this canteen. Yourself otherwise.
    #[serde(default)]
    pub by: Option<AccountId>,
    /// Where it is made; if not said, the desk for whoever is only staff here, else the door.
    #[serde(default)]
    pub point: Option<Point>,
}

fn reserved() -> TapKind {
    TapKind::Reserved
}

impl CheckIn {
    /// Fails with `bad_tap`.
    fn tap(&self, duty: &OnDuty) -> Result<Tap, Problem> {
        let said = [
            self.reservation_id.map(Person::Reservation),
            self.card_number.as_ref().map(|card| Person::Card(card.as_str().to_owned())),
            self.card_code.as_ref().map(|code| Person::CardCode(cards::hash_of(code))),
            self.card_hash.as_ref().map(|hash| Person::CardCode(hash.as_str().to_owned())),
            self.resident_id.map(Person::Resident),
        ];
        let mut said = said.into_iter().flatten();
        let person = said.next().unwrap_or(Person::Nobody);
        if said.next().is_some() {
            return Err(bad_tap(
                "name one of reservation_id, card_number, card_code, card_hash and resident_id",
            ));
        }
        Ok(Tap {
            id: self.tap_id,
            by: Tapper::of(duty, self.by)?,
            kind: self.kind,
            person,
            lines: self.lines.clone(),
            mode: self.mode,
            tapped_at: self.tapped_at,
        })
    }
}

/// So many of a dish.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServedItem {
    pub name: String,
    pub portions: i32,
}

/// What the door hears of a check-in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DoorAnswer {
    pub attendance_id: AttendanceId,
    pub menu_id: MenuId,
    pub status: AttendanceStatus,
    /// Why it waits for review, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_word: Option<String>,
    pub class: MealClass,
    pub resident_id: Option<ResidentId>,
    pub full_name: Option<String>,
    pub reserved: bool,
    pub mode: Mode,
    pub items: Vec<ServedItem>,
    pub allergens: Vec<String>,
    pub diet_tags: Vec<String>,
    pub served_at: At,
}

/// What the desk hears: the same, and what is due, never why (BR-45).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeskAnswer {
    #[serde(flatten)]
    pub door: DoorAnswer,
    pub due_fen: Fen,
    /// What the reservation had promised, where it is another amount: say both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promised_fen: Option<Fen>,
}

/// The answer to a check-in, by where it was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum CheckInAnswer {
    Desk(DeskAnswer),
    Door(DoorAnswer),
}

/// What the door hears of an attendance at this menu.
pub(crate) fn door_answer(conn: &mut Conn, menu: &Menu, attendance: &Attendance) -> Result<DoorAnswer, Fail> {
    let resident = attendance.resident_id.map(|id| residents::find(conn, id)).transpose()?;
    let (full_name, allergens, diet_tags) = match resident {
        Some(resident) => (Some(resident.full_name), resident.allergens.0, resident.diet_tags.0),
        None => (None, Vec::new(), Vec::new()),
    };
    Ok(DoorAnswer {
        attendance_id: attendance.id,
        menu_id: attendance.menu_id,
        status: attendance.status,
        review_word: attendance.review_word.clone(),
        class: attendance.class,
        resident_id: attendance.resident_id,
        full_name,
        reserved: attendance.reservation_id.is_some(),
        mode: attendance.mode,
        items: items(menu, &attendance.lines),
        allergens,
        diet_tags,
        served_at: attendance.served_at,
    })
}

fn items(menu: &Menu, lines: &[Pick]) -> Vec<ServedItem> {
    lines
        .iter()
        .filter_map(|pick| {
            let name = menu.item(pick.item_id)?.name.clone();
            Some(ServedItem { name, portions: pick.portions })
        })
        .collect()
}

fn answer_at(
    conn: &mut Conn,
    menu: &Menu,
    point: Point,
    attendance: &Attendance,
) -> Result<CheckInAnswer, Fail> {
    let door = door_answer(conn, menu, attendance)?;
    Ok(match point {
        Point::Door => CheckInAnswer::Door(door),
        Point::Desk => CheckInAnswer::Desk(DeskAnswer {
            door,
            due_fen: attendance.due_fen,
            promised_fen: attendance.promised_fen.filter(|promised| *promised != attendance.due_fen),
        }),
    })
}

/// `POST /menus/{id}/attendance`: kept apart by its `tap_id` alone.
pub async fn check_in(
    allowed: Allowed<act::CheckIn>,
    menu: web::Path<MenuId>,
    Body(check_in): Body<CheckIn>,
) -> Result<Created<CheckInAnswer>, Problem> {
    let outcome = allowed
        .write(move |conn, caller| {
            let menu = menus::find(conn, *menu)?;
            let canteen = canteens::find(conn, menu.canteen_id)?;
            let site = canteen.site();
            let duty = caller.on_duty(&site)?;
            let only_staff = caller.roles_at(&site).all(|role| role == Role::Staff);
            let point = check_in.point.unwrap_or(if only_staff { Point::Desk } else { Point::Door });
            let duty = if point == Point::Desk { caller.on_duty_as(Role::Staff, &site)? } else { duty };
            let tap = check_in.tap(&duty)?;
            let door = Door { duty: &duty, menu: &menu, canteen: &canteen };
            match super::check_in(conn, &door, &tap, caller.now)? {
                Outcome::Recorded(attendance) | Outcome::Repeated(attendance) => {
                    Ok(Ok(answer_at(conn, &menu, point, &attendance)?))
                }
                Outcome::Refused(word) => Ok(Err(word)),
            }
        })
        .await?;
    outcome.map(Answer::new)
}

/// Why an attendance is struck out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidAttendance {
    /// Who voids, on a shared device. Yourself otherwise.
    #[serde(default)]
    pub by: Option<AccountId>,
    pub reason: Line<200>,
}

/// `POST /attendance/{id}/void`
pub async fn void(
    allowed: Allowed<act::VoidAttendance>,
    id: web::Path<AttendanceId>,
    request: Keyed<VoidAttendance>,
) -> Result<Done<DoorAnswer>, Problem> {
    allowed
        .once(request, move |conn, caller, void| {
            let attendance = super::find(conn, *id)?;
            let menu = menus::find(conn, attendance.menu_id)?;
            let canteen = canteens::find(conn, menu.canteen_id)?;
            let duty = staff_or_volunteer(caller, &canteen.site())?;
            let by = Tapper::of(&duty, void.by)?;
            let voided = super::void(conn, &duty, &canteen, *id, by, void.reason.as_str(), caller.now)?;
            audit::record(conn, caller, about(Deed::AttendanceVoided, &voided, &canteen))?;
            Ok(Answer::new(door_answer(conn, &menu, &voided)?))
        })
        .await
}

/// An entry about an attendance, where it was recorded.
fn about(deed: Deed, attendance: &Attendance, canteen: &Canteen) -> Entry {
    let entry = Entry::of(deed, Subject::of(SubjectKind::Attendance, attendance.id)).at(&canteen.site());
    entry.saying("menu_id", attendance.menu_id.to_string())
}

/// A member of staff may do more than a volunteer; whoever is both acts as staff.
fn staff_or_volunteer(caller: &Caller, site: &Site) -> Result<OnDuty, Fail> {
    caller.on_duty_as(Role::Staff, site).or_else(|_| caller.on_duty(site))
}
