//! Devices over HTTP: what staff do with them, how one is enrolled, and what it is told of itself.

use actix_web::web::Path;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EnrolmentCode, Start};
use crate::{
    access::{
        self, Actor, Allowed, Caller, OnDuty, Principal, act,
        devices::{Device, Purpose},
    },
    accounts,
    api::{Answer, Body, Created, Done, IfMatch, Keyed, Nothing, Query},
    canteens,
    clock::At,
    db::Conn,
    devices,
    ids::{AccountId, CanteenId, DeviceId},
    page::{Limit, Page, Window},
    problem::{Code, Fail, Problem},
    sign_in::{self, InBrowser, http::TokensBody},
    subsidies,
    text::{Cursor, Line},
    throttle::{Guessable, http::Try},
};

/// A device to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeviceBody {
    pub canteen_id: CanteenId,
    /// What people call it: the phone at the door, say.
    pub name: Line<40>,
    pub purpose: Purpose,
}

/// A device.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeviceBody {
    pub id: DeviceId,
    pub canteen_id: CanteenId,
    pub name: String,
    pub purpose: Purpose,
    /// Until when its code can or could be typed.
    pub code_expires_at: At,
    /// When its code was used; it waits for that without.
    pub enrolled_at: Option<At>,
    pub revoked_at: Option<At>,
    pub created_at: At,
}

impl From<Device> for DeviceBody {
    fn from(device: Device) -> DeviceBody {
        let Device {
            id,
            canteen_id,
            name,
            purpose,
            code_expires_at,
            enrolled_at,
            revoked_at,
            created_at,
            version: _,
        } = device;
        DeviceBody { id, canteen_id, name, purpose, code_expires_at, enrolled_at, revoked_at, created_at }
    }
}

/// A device that was added, and the code that enrols it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AddedDeviceBody {
    pub device: DeviceBody,
    /// To be typed on the phone within a quarter of an hour; shown this once. Null in a replayed answer.
    pub enrolment_code: Option<String>,
}

/// Whose devices to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicesQuery {
    /// All canteens in reach without.
    pub canteen_id: Option<CanteenId>,
    /// How many items at most; 50 where nothing is said.
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<Cursor>,
}

/// A code, as it was typed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolBody {
    /// Small letters, spaces and hyphens are forgiven.
    pub code: Line<40>,
}

/// What a device is from now on, and its tokens.
#[derive(Serialize, JsonSchema)]
pub struct EnrolledBody {
    pub device: DeviceBody,
    #[serde(flatten)]
    pub tokens: TokensBody,
}

/// Somebody who may be named on a device.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PersonOnDutyBody {
    pub account_id: AccountId,
    pub display_name: String,
}

/// A device, to itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MyDeviceBody {
    pub id: DeviceId,
    pub canteen_id: CanteenId,
    pub canteen_name: String,
    pub purpose: Purpose,
    /// Who may tap on it: the canteen's volunteers and staff, by name. Nobody where nothing is tapped.
    pub people: Vec<PersonOnDutyBody>,
}

/// `POST /devices`
pub async fn add(
    allowed: Allowed<act::EditDevices>,
    request: Keyed<NewDeviceBody>,
) -> Result<Created<AddedDeviceBody>, Problem> {
    let code = EnrolmentCode::random();
    let add = move |conn: &mut Conn, caller: &Caller, new: &NewDeviceBody| {
        let duty = caller.on_duty(&canteens::site(conn, new.canteen_id)?)?;
        let device = devices::add(conn, &duty, &new.name, new.purpose, &code, caller.now)?;
        let version = device.version;
        let added = AddedDeviceBody { device: device.into(), enrolment_code: Some(code.to_string()) };
        Ok(Answer::new(added).version(version))
    };
    allowed.once_keeping(request, add, Some(without_code)).await
}

fn without_code(added: &AddedDeviceBody) -> AddedDeviceBody {
    AddedDeviceBody { enrolment_code: None, ..added.clone() }
}

/// `GET /devices`
pub async fn list(
    allowed: Allowed<act::ReadDevices>,
    Query(query): Query<DevicesQuery>,
) -> Result<Done<Page<DeviceBody>>, Problem> {
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    allowed
        .read(move |conn, caller| {
            let canteens = subsidies::http::canteens_in_reach(conn, caller, query.canteen_id)?;
            let rows = access::devices::list(conn, &canteens, &window)?;
            Ok(Answer::new(window.page(rows, |device| device.id).map(DeviceBody::from)))
        })
        .await
}

/// `GET /devices/{id}`
pub async fn read(
    allowed: Allowed<act::ReadDevices>,
    id: Path<DeviceId>,
) -> Result<Done<DeviceBody>, Problem> {
    allowed
        .read(move |conn, caller| {
            let (device, _) = own(conn, caller, *id)?;
            let version = device.version;
            Ok(Answer::new(DeviceBody::from(device)).version(version))
        })
        .await
}

/// `DELETE /devices/{id}`
pub async fn revoke(
    allowed: Allowed<act::EditDevices>,
    id: Path<DeviceId>,
    IfMatch(seen): IfMatch,
) -> Result<Nothing, Problem> {
    allowed
        .write(move |conn, caller| {
            revoke_device(conn, caller, *id, seen)?;
            Ok(Nothing)
        })
        .await
}

/// Revokes a device of a canteen in reach that was read as version `seen`.
pub(crate) fn revoke_device(conn: &mut Conn, caller: &Caller, id: DeviceId, seen: i32) -> Result<(), Fail> {
    let (device, duty) = own(conn, caller, id)?;
    devices::revoke(conn, &duty, &device, seen, caller.now)
}

/// `POST /devices/enrol`
pub async fn enrol(
    allowed: Allowed<act::EnrolDevice>,
    Body(body): Body<EnrolBody>,
) -> Result<Done<EnrolledBody>, Problem> {
    let (device, issued, now) = enrolled(&allowed, body.code.as_str(), sign_in::start).await?;
    let tokens = TokensBody::of(allowed.state(), issued, now);
    Ok(Answer::new(EnrolledBody { device: device.into(), tokens }))
}

/// Makes a browser a device, by a code as it was typed. Fails as [`enrol`] does.
pub(crate) async fn enrol_browser(
    allowed: &Allowed<act::EnrolDevice>,
    typed: &str,
) -> Result<InBrowser, Problem> {
    Ok(enrolled(allowed, typed, sign_in::start_in_browser).await?.1)
}

async fn enrolled<T: Send + 'static>(
    allowed: &Allowed<act::EnrolDevice>,
    typed: &str,
    start: Start<T>,
) -> Result<(Device, T, At), Problem> {
    let code = EnrolmentCode::read(typed).ok_or(Code::WrongEnrolmentCode)?;
    let tried = Try::new(&allowed.state().identity_key, allowed.origin(), Guessable::Enrolment, "");
    let judged = tried.clone();
    let enrolled = allowed
        .write(move |conn, caller| {
            judged.judge(conn, caller)?;
            let (device, session) = devices::enrol(conn, &code, start, caller.now)?;
            judged.was_right(conn, caller)?;
            Ok((device, session, caller.now))
        })
        .await;
    match enrolled {
        Err(problem) if problem.code == Code::WrongEnrolmentCode => {
            Err(tried.was_wrong(allowed, Code::WrongEnrolmentCode, |_, _| Ok(())).await)
        }
        enrolled => enrolled,
    }
}

/// A device of a canteen in reach; `device_not_found` for any other.
pub(crate) fn own(conn: &mut Conn, caller: &Caller, id: DeviceId) -> Result<(Device, OnDuty), Fail> {
    let device = devices::find(conn, id)?;
    let site = canteens::site(conn, device.canteen_id)?;
    let duty = caller.on_duty(&site).map_err(|_| Code::DeviceNotFound)?;
    Ok((device, duty))
}

/// What a device is told of itself.
pub(crate) fn myself(conn: &mut Conn, device: &Device, now: At) -> Result<MyDeviceBody, Fail> {
    Ok(MyDeviceBody {
        id: device.id,
        canteen_id: device.canteen_id,
        canteen_name: canteens::find(conn, device.canteen_id)?.name,
        purpose: device.purpose,
        people: match device.purpose {
            Purpose::Door | Purpose::Round => people(conn, device.canteen_id, now)?,
            Purpose::Kitchen | Purpose::Hall => Vec::new(),
        },
    })
}

/// Who serves at a canteen now, by name.
fn people(conn: &mut Conn, canteen: CanteenId, now: At) -> Result<Vec<PersonOnDutyBody>, Fail> {
    let serving = access::serving(conn, canteen, now)?;
    let actors: Vec<Actor> = serving.into_iter().map(|id| Principal::Account(id).into()).collect();
    let names = accounts::names_of(conn, &actors)?;
    let named = names.into_iter().filter_map(|(actor, display_name)| {
        Some(PersonOnDutyBody { account_id: actor.account()?, display_name })
    });
    let mut people: Vec<PersonOnDutyBody> = named.collect();
    people.sort_by(|a, b| (&a.display_name, a.account_id).cmp(&(&b.display_name, b.account_id)));
    Ok(people)
}
