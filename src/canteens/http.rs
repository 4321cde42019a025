//! Canteens over HTTP: read by everybody, edited by officers, closed by whoever is on duty.

use actix_web::web::Path;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Canteen, Closure, Details, MealPeriod, NewClosure, Zone};
use crate::{
    access::{Allowed, act},
    api::{Answer, Body, Created, Done, IfMatch, Keyed, Query},
    audit::{self, Deed, Entry, Subject, SubjectKind},
    canteens,
    clock::At,
    ids::{CanteenId, ClosureId},
    money::Fen,
    page::{Limit, Page, Window},
    problem::{Code, Problem},
    reservations::{self, ToCall},
    text::ZoneName,
    text::{Cursor, Line, Phone},
    words::{Area, Bilingual, Period},
};

/// What an officer enters about a canteen.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenDetailsBody {
    pub name: Line<60>,
    /// Where it lies.
    pub area: Area,
    pub address: Line<200>,
    /// The desk's telephone.
    pub phone: Phone,
    /// By its name in the IANA database. It decides which day it is at the canteen.
    pub time_zone: ZoneName,
    /// What a delivery costs on top of the food.
    pub delivery_fee_fen: Fen,
    /// The meals of the day, one entry for each that is served.
    #[schemars(length(max = 3))]
    pub periods: Vec<MealPeriod>,
}

impl CanteenDetailsBody {
    /// Fails with `bad_canteen` when there is no such time zone.
    fn details(&self) -> Result<Details, Problem> {
        let zone = Zone::named(&self.time_zone).ok_or_else(|| {
            let said = Bilingual::new("没有这个时区", "there is no such time zone");
            Problem::new(Code::BadCanteen).with("reason", &said).field("/time_zone", "unknown_zone", said)
        })?;
        Ok(Details {
            name: self.name.as_str().to_owned(),
            area: self.area.clone(),
            address: self.address.as_str().to_owned(),
            phone: self.phone.as_str().to_owned(),
            zone,
            delivery_fee_fen: self.delivery_fee_fen,
            periods: self.periods.clone(),
        })
    }
}

/// A place that serves meals.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct CanteenBody {
    pub id: CanteenId,
    pub name: String,
    pub area: Area,
    pub address: String,
    /// The desk's telephone.
    pub phone: String,
    pub time_zone: Zone,
    /// What a delivery costs on top of the food.
    pub delivery_fee_fen: Fen,
    /// The meals of the day that are served, in their order.
    pub periods: Vec<MealPeriod>,
    /// Counts every edit.
    pub version: i32,
}

impl From<Canteen> for CanteenBody {
    fn from(canteen: Canteen) -> CanteenBody {
        let Canteen { id, name, area, address, phone, zone, delivery_fee_fen, number: _, periods, version } =
            canteen;
        CanteenBody { id, name, area, address, phone, time_zone: zone, delivery_fee_fen, periods, version }
    }
}

fn versioned<const STATUS: u16>(canteen: Canteen) -> Answer<STATUS, CanteenBody> {
    let version = canteen.version;
    Answer::new(canteen.into()).version(version)
}

/// Which canteens to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteensQuery {
    /// Only those in this city.
    pub city: Option<Line<60>>,
    /// How many items at most; 50 where nothing is said.
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<Cursor>,
}

/// `GET /canteens`
pub async fn list(
    allowed: Allowed<act::ReadCanteens>,
    Query(query): Query<CanteensQuery>,
) -> Result<Done<Page<CanteenBody>>, Problem> {
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    // A name with a slash in it is no city's.
    let city = query.city.map(|city| Area::new([city.as_str()])).transpose();
    allowed
        .read(move |conn, _| {
            let found = match &city {
                Ok(city) => canteens::list(conn, city.as_ref(), window.after(), window.rows())?,
                Err(_) => Vec::new(),
            };
            Ok(Answer::new(window.page(found, |canteen| canteen.id).map(CanteenBody::from)))
        })
        .await
}

/// `POST /canteens`
pub async fn create(
    allowed: Allowed<act::EditCanteens>,
    request: Keyed<CanteenDetailsBody>,
) -> Result<Created<CanteenBody>, Problem> {
    allowed
        .once(request, |conn, caller, body| {
            let officer = caller.officer(&body.area)?;
            Ok(versioned(canteens::create(conn, &officer, body.details()?, caller.now)?))
        })
        .await
}

/// `GET /canteens/{id}`
pub async fn read(
    allowed: Allowed<act::ReadCanteens>,
    id: Path<CanteenId>,
) -> Result<Done<CanteenBody>, Problem> {
    allowed.read(move |conn, _| Ok(versioned(canteens::find(conn, *id)?))).await
}

/// `PUT /canteens/{id}`
pub async fn edit(
    allowed: Allowed<act::EditCanteens>,
    id: Path<CanteenId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<CanteenDetailsBody>,
) -> Result<Done<CanteenBody>, Problem> {
    allowed
        .write(move |conn, caller| {
            // Nobody takes a canteen from an area that is not theirs, or moves one there.
            caller.officer(&canteens::site(conn, *id)?.area)?;
            let officer = caller.officer(&body.area)?;
            Ok(versioned(canteens::edit(conn, &officer, *id, seen, body.details()?)?))
        })
        .await
}

/// Days on which a canteen does not serve.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct ClosureBody {
    pub id: ClosureId,
    pub canteen_id: CanteenId,
    pub from_on: NaiveDate,
    /// The last day.
    pub to_on: NaiveDate,
    /// Which meal; null for the whole day.
    pub period: Option<Period>,
    pub reason: String,
    /// When it was recorded.
    pub created_at: At,
}

impl From<Closure> for ClosureBody {
    fn from(closure: Closure) -> ClosureBody {
        let Closure { id, canteen_id, from_on, to_on, period, reason, created_at, by: _ } = closure;
        ClosureBody { id, canteen_id, from_on, to_on, period, reason, created_at }
    }
}

/// Which closures to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosuresQuery {
    /// Only those that end on this day or later; today where nothing is said.
    pub from: Option<NaiveDate>,
    /// How many items at most; 50 where nothing is said.
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<Cursor>,
}

/// `GET /canteens/{id}/closures`
pub async fn closures(
    allowed: Allowed<act::ReadCanteens>,
    id: Path<CanteenId>,
    Query(query): Query<ClosuresQuery>,
) -> Result<Done<Page<ClosureBody>>, Problem> {
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    allowed
        .read(move |conn, caller| {
            let today = canteens::find(conn, *id)?.today(caller.now);
            let from_on = query.from.unwrap_or(today);
            let found = canteens::closures_from(conn, *id, from_on, window.after(), window.rows())?;
            Ok(Answer::new(window.page(found, |closure| closure.id).map(ClosureBody::from)))
        })
        .await
}

/// Days on which the canteen will not serve.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClosureBody {
    pub from_on: NaiveDate,
    /// The last day.
    pub to_on: NaiveDate,
    /// Which meal; without one, the whole day.
    pub period: Option<Period>,
    /// What is told to those who reserved.
    pub reason: Line<200>,
}

impl NewClosureBody {
    fn closure(&self) -> NewClosure {
        NewClosure {
            from_on: self.from_on,
            to_on: self.to_on,
            period: self.period,
            reason: self.reason.as_str().to_owned(),
        }
    }
}

/// A closure that was recorded, and whom to call.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct ClosedBody {
    pub closure: ClosureBody,
    /// Those whose reservations it cancelled.
    pub to_call: Vec<ToCall>,
}

/// `POST /canteens/{id}/closures`
pub async fn close(
    allowed: Allowed<act::CloseCanteen>,
    id: Path<CanteenId>,
    request: Keyed<NewClosureBody>,
) -> Result<Created<ClosedBody>, Problem> {
    allowed
        .once(request, move |conn, caller, body| {
            let site = canteens::site(conn, *id)?;
            let duty = caller.on_duty(&site)?;
            let closure = canteens::close(conn, &duty, body.closure(), caller.now)?;
            let entry = Entry::of(Deed::CanteenClosed, Subject::of(SubjectKind::Canteen, site.id)).at(&site);
            audit::record(conn, caller, entry.saying("from_on", closure.from_on.to_string()))?;
            let to_call = reservations::cancel_for_closure(conn, &duty, &closure, caller.now)?;
            Ok(Answer::new(ClosedBody { closure: closure.into(), to_call }))
        })
        .await
}
