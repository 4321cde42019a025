//! Batches of check-ins that were taken offline, over HTTP.
//!
//! Items are recorded in their order, each by itself: all of it or nothing, and whatever is wrong with one harms no other.
//! A few at a time they wait for the database together, so that they share its commits where it has one writer and yet
//! never keep others waiting long. What a crash or an overload cuts off is told, and is recorded when it is sent again:
//! a `tap_id` is recorded once.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckIn, DoorAnswer, Point, door_answer, reserved};
use crate::{
    access::{Allowed, Caller, act},
    api::{Answer, Body, Done, Each, RequestId, Told},
    attendance::{self, Attendance, AttendanceStatus, Door, Outcome, Refusal, TapKind, Tapper},
    canteens,
    clock::At,
    db::Conn,
    ids::{AccountId, MenuId, ReservationId, ResidentId, TapId},
    menus::{self, Menu, Pick},
    problem::{Code, Fail, Problem},
    text::{CardCode, CardHash, CardNumber},
    words,
    words::{Bilingual, Mode},
};

/// How many items a batch has at most.
const MOST: usize = 500;

/// How many items wait for the database together.
const FEW: usize = 25;

/// How often an item is tried for which somebody was quicker: what they recorded is seen the next time.
const TRIES: usize = 3;

/// A check-in that was taken offline.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfflineCheckIn {
    pub menu_id: MenuId,
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
    /// The time on the device.
    pub tapped_at: At,
    /// Who tapped, on a shared device: the account of a volunteer or staff of this canteen. Yourself otherwise.
    #[serde(default)]
    pub by: Option<AccountId>,
}

impl OfflineCheckIn {
    /// The menu, and the same tap as it would be sent alone.
    fn alone(self) -> (MenuId, CheckIn) {
        let OfflineCheckIn {
            menu_id,
            tap_id,
            kind,
            reservation_id,
            card_number,
            card_code,
            card_hash,
            resident_id,
            lines,
            mode,
            tapped_at,
            by,
        } = self;
        let check_in = CheckIn {
            tap_id,
            kind,
            reservation_id,
            card_number,
            card_code,
            card_hash,
            resident_id,
            lines,
            mode,
            tapped_at: Some(tapped_at),
            by,
            point: Some(Point::Door),
        };
        (menu_id, check_in)
    }
}

/// Check-ins that were taken offline, in the order in which they were tapped.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Each is answered by itself; a fault in one spoils no other.
    #[schemars(length(max = 500))]
    pub items: Vec<Each<OfflineCheckIn>>,
}

words! {
    /// What became of an item.
    pub enum ItemOutcome {
        /// It is a meal that was served.
        Recorded = "recorded",
        /// It is kept until staff decide.
        Review = "review",
        /// It is no meal; what was sent is kept with the problem's code. Sending it again changes nothing.
        Refused = "refused",
        /// Nothing was kept, as the service was too busy or is going down: send it again.
        TryAgain = "try_again",
    }
}

/// The answer to one item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ItemAnswer {
    /// Null where none could be read.
    pub tap_id: Option<TapId>,
    pub outcome: ItemOutcome,
    /// Whether the same tap had been recorded before this batch.
    pub repeated: bool,
    /// What was recorded, or is kept for review.
    pub attendance: Option<DoorAnswer>,
    /// Why it was refused, or has to be sent again.
    pub problem: Option<Told>,
}

/// The answers to the items, in their order.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BatchAnswer {
    pub items: Vec<ItemAnswer>,
}

/// An item on its way.
struct Item {
    tap_id: Option<TapId>,
    each: Each<OfflineCheckIn>,
}

impl Item {
    fn new(each: Each<OfflineCheckIn>) -> Item {
        let tap_id = each.sent["tap_id"].as_str().and_then(|id| id.parse().ok());
        Item { tap_id, each }
    }

    fn menu(&self) -> Option<MenuId> {
        self.each.read.as_ref().ok().map(|check_in| check_in.menu_id)
    }
}

/// What became of an item, before it is put into words.
enum Became {
    Recorded { answer: Box<DoorAnswer>, repeated: bool },
    Refused(Problem),
    TryAgain(Problem),
}

/// `POST /attendance/batches`: kept apart by the `tap_id` of each item.
pub async fn record(
    allowed: Allowed<act::CheckIn>,
    request: RequestId,
    Body(batch): Body<Batch>,
) -> Result<Done<BatchAnswer>, Problem> {
    if batch.items.len() > MOST {
        return Err(too_many());
    }
    // Whoever may not is told so, even about nothing.
    allowed.read(|_, _| Ok(())).await?;
    let items: Vec<Arc<Item>> = batch.items.into_iter().map(|each| Arc::new(Item::new(each))).collect();
    let mut answers = Vec::with_capacity(items.len());
    let mut cut_off = None;
    for few in items.chunks(FEW) {
        let became = match &cut_off {
            None => record_few(&allowed, few).await?,
            Some(problem) => few.iter().map(|_| Became::TryAgain(Problem::clone(problem))).collect(),
        };
        cut_off = cut_off.or(cut_off_by(&became));
        answers.extend(few.iter().zip(became).map(|(item, became)| told(&allowed, &request, item, became)));
    }
    Ok(Answer::new(BatchAnswer { items: answers }))
}

/// What keeps the rest from being tried: that not one of these could be recorded now.
fn cut_off_by(became: &[Became]) -> Option<Problem> {
    let problems = became.iter().map(|became| match became {
        Became::TryAgain(problem) => Some(problem.clone()),
        Became::Recorded { .. } | Became::Refused(_) => None,
    });
    problems.collect::<Option<Vec<Problem>>>()?.pop()
}

fn too_many() -> Problem {
    let words = Bilingual::new(
        "一批最多 500 条，请分几批发送",
        "a batch has at most 500 items; send several batches",
    );
    Problem::new(Code::BadField).field("/items", "too_many", words)
}

fn told(allowed: &Allowed<act::CheckIn>, request: &RequestId, item: &Item, became: Became) -> ItemAnswer {
    let told = |problem| Some(Told::new(&problem, allowed.lang(), &request.0));
    let (outcome, repeated, attendance, problem) = match became {
        Became::Recorded { answer, repeated } => (outcome_of(answer.status), repeated, Some(*answer), None),
        Became::Refused(problem) => (ItemOutcome::Refused, false, None, told(problem)),
        Became::TryAgain(problem) => (ItemOutcome::TryAgain, false, None, told(problem)),
    };
    ItemAnswer { tap_id: item.tap_id, outcome, repeated, attendance, problem }
}

fn outcome_of(status: AttendanceStatus) -> ItemOutcome {
    match status {
        AttendanceStatus::Served => ItemOutcome::Recorded,
        AttendanceStatus::Review => ItemOutcome::Review,
        AttendanceStatus::Voided => ItemOutcome::Refused,
    }
}

/// Records a few items. Fails when the caller may not do so any more.
async fn record_few(allowed: &Allowed<act::CheckIn>, few: &[Arc<Item>]) -> Result<Vec<Became>, Problem> {
    let recorded = allowed.write_each(few, record_patiently).await;
    recorded
        .into_iter()
        .map(|recorded| match recorded {
            Err(problem) if problem.code.retryable() => Ok(Became::TryAgain(problem)),
            Err(problem) if problem.code == Code::Internal => Ok(Became::Refused(problem)),
            recorded => recorded,
        })
        .collect()
}

fn record_patiently(conn: &mut Conn, caller: &Caller, item: &Item) -> Result<Became, Fail> {
    let mut tries = 1;
    loop {
        match record_one(conn, caller, item) {
            Err(Fail::Refused(problem)) if problem.code == Code::Conflict && tries < TRIES => tries += 1,
            recorded => return recorded,
        }
    }
}

/// Records an item, or keeps it with the word with which it is refused. Fails only with what may be tried again.
fn record_one(conn: &mut Conn, caller: &Caller, item: &Item) -> Result<Became, Fail> {
    let refused = match tap(conn, caller, item) {
        Ok(became) => return Ok(became),
        Err(Fail::Refused(problem)) if !problem.code.retryable() => problem,
        Err(fail) => return Err(fail),
    };
    let menu = item.menu().map(|id| menus::by_ids(conn, &[id])).transpose()?.unwrap_or_default();
    let refusal = Refusal {
        said: item.each.sent.to_string(),
        tap_id: item.tap_id,
        menu_id: menu.first().map(|menu| menu.id),
        resident_id: None,
        tapped_at: item.each.read.as_ref().ok().map(|check_in| check_in.tapped_at),
        by: Tapper::unnamed(caller),
    };
    attendance::keep_refusal(conn, &refusal, refused.code, caller.now)?;
    Ok(Became::Refused(refused))
}

fn tap(conn: &mut Conn, caller: &Caller, item: &Item) -> Result<Became, Fail> {
    let (menu, check_in) = item.each.read.clone()?.alone();
    let menu = menus::find(conn, menu)?;
    let canteen = canteens::find(conn, menu.canteen_id)?;
    let duty = caller.on_duty(&canteen.site())?;
    let tap = check_in.tap(&duty)?;
    let door = Door { duty: &duty, menu: &menu, canteen: &canteen };
    match attendance::check_in(conn, &door, &tap, caller.now)? {
        Outcome::Recorded(attendance) => became(conn, &menu, &attendance, false),
        Outcome::Repeated(attendance) => became(conn, &menu, &attendance, true),
        Outcome::Refused(problem) => Ok(Became::Refused(problem)),
    }
}

fn became(conn: &mut Conn, menu: &Menu, attendance: &Attendance, repeated: bool) -> Result<Became, Fail> {
    let answer = Box::new(door_answer(conn, menu, attendance)?);
    Ok(Became::Recorded { answer, repeated })
}
