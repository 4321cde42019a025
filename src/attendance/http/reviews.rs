//! What waits for review, and what staff decide about it, over HTTP.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DeskAnswer, DoorAnswer, about, door_answer};
use crate::{
    access::{Allowed, Role, act, devices},
    accounts,
    api::{Answer, Done, Keyed, Query},
    attendance::{self, Decision, Door, KnownBy, Said},
    audit::{self, Deed},
    canteens,
    clock::At,
    db::Conn,
    ids::{AttendanceId, CanteenId, DeviceId},
    menus,
    problem::{Fail, Problem},
    subsidies,
    text::Line,
    words::Period,
};

/// An attendance that waits for review.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Review {
    pub canteen_id: CanteenId,
    pub served_on: chrono::NaiveDate,
    pub period: Period,
    pub known_by: KnownBy,
    /// Who tapped.
    pub by: Option<String>,
    /// On which shared device, by its name.
    pub device: Option<String>,
    /// What the tap said, word for word.
    pub said: Option<Said>,
    pub recorded_at: At,
    #[serde(flatten)]
    pub tap: DoorAnswer,
}

/// Attendances that wait for review.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Reviews {
    pub items: Vec<Review>,
}

/// Whose reviews to list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewsQuery {
    /// All canteens in reach without.
    #[serde(default)]
    pub canteen_id: Option<CanteenId>,
}

/// `GET /attendance/reviews`
pub async fn reviews(
    allowed: Allowed<act::ReadReviews>,
    Query(query): Query<ReviewsQuery>,
) -> Result<Done<Reviews>, Problem> {
    allowed
        .read(move |conn, caller| {
            let reach = subsidies::http::canteens_in_reach(conn, caller, query.canteen_id)?;
            Ok(Answer::new(Reviews { items: waiting_in(conn, &reach)? }))
        })
        .await
}

/// What waits for review at these canteens.
pub(crate) fn waiting_in(conn: &mut Conn, canteens: &[CanteenId]) -> Result<Vec<Review>, Fail> {
    let waiting_at = attendance::menus_waiting(conn)?;
    let mut items = Vec::new();
    for menu in menus::by_ids(conn, &waiting_at)? {
        if !canteens.contains(&menu.canteen_id) {
            continue;
        }
        for attendance in attendance::waiting(conn, menu.id)? {
            items.push(Review {
                canteen_id: menu.canteen_id,
                served_on: menu.served_on,
                period: menu.period,
                known_by: attendance.known_by,
                by: accounts::name_of(conn, attendance.actor)?,
                device: name_of_device(conn, attendance.device_id)?,
                said: attendance.said.clone(),
                recorded_at: attendance.recorded_at,
                tap: door_answer(conn, &menu, &attendance)?,
            });
        }
    }
    Ok(items)
}

fn name_of_device(conn: &mut Conn, id: Option<DeviceId>) -> Result<Option<String>, Fail> {
    let device = id.map(|id| devices::find(conn, id)).transpose()?.flatten();
    Ok(device.map(|device| device.name))
}

/// What is decided about an attendance, and why.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    pub decision: Decision,
    pub reason: Line<200>,
}

/// `POST /attendance/{id}/resolve`
pub async fn resolve(
    allowed: Allowed<act::ResolveReviews>,
    id: web::Path<AttendanceId>,
    request: Keyed<Resolve>,
) -> Result<Done<DeskAnswer>, Problem> {
    allowed
        .once(request, move |conn, caller, resolve| {
            let attendance = attendance::find(conn, *id)?;
            let menu = menus::find(conn, attendance.menu_id)?;
            let canteen = canteens::find(conn, menu.canteen_id)?;
            let duty = caller.on_duty_as(Role::Staff, &canteen.site())?;
            let door = Door { duty: &duty, menu: &menu, canteen: &canteen };
            let reason = resolve.reason.as_str();
            let resolved = attendance::resolve(conn, &door, *id, resolve.decision, reason, caller.now)?;
            let entry = about(Deed::ReviewDecided, &resolved, &canteen);
            audit::record(conn, caller, entry.saying("decision", resolve.decision.as_str()))?;
            let due_fen = resolved.due_fen;
            Ok(Answer::new(DeskAnswer {
                door: door_answer(conn, &menu, &resolved)?,
                due_fen,
                promised_fen: None,
            }))
        })
        .await
}
