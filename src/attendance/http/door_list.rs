//! The door list over HTTP: who is expected, who came, and who came besides.

use std::collections::HashMap;

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ServedItem, items};
use crate::{
    access::{Allowed, act},
    api::{Done, ETag, Held},
    attendance::{self, Attendance, AttendanceStatus},
    canteens,
    clock::At,
    db::Conn,
    ids::{AttendanceId, CanteenId, MenuId, ReservationId, ResidentId},
    menus::{self, Menu, MenuStatus},
    problem::{Fail, Problem},
    reservations,
    residents::{self, Resident, cards},
    words::{MealClass, Mode, Period},
};

/// Somebody on the door list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Expected {
    pub reservation_id: ReservationId,
    pub resident_id: ResidentId,
    pub full_name: String,
    pub mode: Mode,
    pub items: Vec<ServedItem>,
    pub allergens: Vec<String>,
    pub diet_tags: Vec<String>,
    /// The SHA-256 of their card's code, in hexadecimal digits: so a device knows the card without a connection. Null
    /// for whoever has no card in force.
    pub card_hash: Option<String>,
    /// When they were served; still missing without.
    pub served_at: Option<At>,
    /// The attendance that stands for it, to be voided if it was a mistake.
    pub attendance_id: Option<AttendanceId>,
}

/// Somebody who was served without a reservation, or in another class.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Unexpected {
    pub attendance_id: AttendanceId,
    pub class: MealClass,
    pub status: AttendanceStatus,
    pub full_name: Option<String>,
    pub items: Vec<ServedItem>,
    pub served_at: At,
}

/// Who is expected at a menu, who came, and who came besides.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DoorList {
    pub menu_id: MenuId,
    pub canteen_id: CanteenId,
    pub served_on: chrono::NaiveDate,
    pub period: Period,
    pub status: MenuStatus,
    pub expected: Vec<Expected>,
    pub besides: Vec<Unexpected>,
}

/// `GET /menus/{id}/door-list`
pub async fn door_list(
    allowed: Allowed<act::ReadDoorList>,
    menu: web::Path<MenuId>,
    held: Held,
) -> Result<Done<DoorList>, Problem> {
    let state = allowed.shared_state().clone();
    allowed
        .read(move |conn, caller| {
            let mark = menus::mark(conn, *menu)?;
            caller.on_duty(&canteens::site(conn, mark.canteen_id)?)?;
            held.or_latest(&state.door_lists, mark.id, ETag::of(mark.changes), || {
                let menu = menus::find(conn, mark.id)?;
                list(conn, &menu)
            })
        })
        .await
}

/// The door list of a menu, for whoever has proved their duty there.
pub(crate) fn list(conn: &mut Conn, menu: &Menu) -> Result<DoorList, Fail> {
    let active = reservations::active_of_menu(conn, menu.id)?;
    let attended = attendance::of_menu(conn, menu.id)?;
    let ids: Vec<ResidentId> = active
        .iter()
        .map(|reservation| reservation.resident_id)
        .chain(attended.iter().filter_map(|attendance| attendance.resident_id))
        .collect();
    let residents: HashMap<ResidentId, Resident> =
        residents::by_ids(conn, &ids)?.into_iter().map(|resident| (resident.id, resident)).collect();
    let served: HashMap<ReservationId, &Attendance> = attended
        .iter()
        .filter(|attendance| attendance.status == AttendanceStatus::Served)
        .filter_map(|attendance| Some((attendance.reservation_id?, attendance)))
        .collect();
    let card_hashes = cards::hashes(conn, &ids)?;
    let mut expected: Vec<Expected> = active
        .iter()
        .filter_map(|reservation| {
            let resident = residents.get(&reservation.resident_id)?;
            let served = served.get(&reservation.id);
            Some(Expected {
                reservation_id: reservation.id,
                resident_id: resident.id,
                full_name: resident.full_name.clone(),
                mode: reservation.mode,
                items: items(menu, &reservation.lines),
                allergens: resident.allergens.0.clone(),
                diet_tags: resident.diet_tags.0.clone(),
                card_hash: card_hashes.get(&resident.id).cloned(),
                served_at: served.map(|attendance| attendance.served_at),
                attendance_id: served.map(|attendance| attendance.id),
            })
        })
        .collect();
    expected.sort_by(|a, b| (&a.full_name, a.reservation_id).cmp(&(&b.full_name, b.reservation_id)));
    let besides = attended
        .iter()
        .filter(|attendance| attendance.reservation_id.is_none())
        .map(|attendance| Unexpected {
            attendance_id: attendance.id,
            class: attendance.class,
            status: attendance.status,
            full_name: attendance
                .resident_id
                .and_then(|id| residents.get(&id))
                .map(|resident| resident.full_name.clone()),
            items: items(menu, &attendance.lines),
            served_at: attendance.served_at,
        })
        .collect();
    Ok(DoorList {
        menu_id: menu.id,
        canteen_id: menu.canteen_id,
        served_on: menu.served_on,
        period: menu.period,
        status: menu.status,
        expected,
        besides,
    })
}
