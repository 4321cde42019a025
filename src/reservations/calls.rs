//! Whom the canteen has to call: reservations that came to nothing, or that a change of the menu touches.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reservation, rules::diet_conflict, store};
use crate::{
    db::Conn,
    ids::{MenuId, ReservationId, ResidentId},
    menus::Menu,
    problem::{Code, Fail},
    residents::{self, Resident},
    words::Period,
};

/// Somebody whom the canteen has to call: a reservation that came to nothing, and a telephone number.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ToCall {
    pub reservation_id: ReservationId,
    pub menu_id: MenuId,
    pub resident_id: ResidentId,
    pub full_name: String,
    pub phone: Option<String>,
    pub served_on: NaiveDate,
    pub period: Period,
}

/// Who reserved and did not come, of a menu that is closed.
pub fn no_shows(conn: &mut Conn, menu: &Menu) -> Result<Vec<ToCall>, Fail> {
    let mut missing = store::active_of_menu(conn, menu.id)?;
    missing.retain(|reservation| !reservation.served);
    calls(conn, &missing, menu)
}

/// Whose reservation the canteen cancelled, of a menu that was withdrawn.
pub fn cancelled_by_canteen(conn: &mut Conn, menu: &Menu) -> Result<Vec<ToCall>, Fail> {
    let cancelled = store::cancelled_by_canteen(conn, menu.id)?;
    calls(conn, &cancelled, menu)
}

/// Whose reservation of this menu holds an item with an allergen on their record that they did not confirm (BR-13).
pub fn with_diet_conflicts(conn: &mut Conn, menu: &Menu) -> Result<Vec<ToCall>, Fail> {
    let active = store::active_of_menu(conn, menu.id)?;
    let residents = residents_of(conn, &active)?;
    let mut touched = Vec::new();
    for reservation in &active {
        let resident = resident_in(&residents, reservation)?;
        if diet_conflict(menu, resident, &reservation.lines, &reservation.confirmed_allergens).is_some() {
            touched.push(call(reservation, resident, menu));
        }
    }
    Ok(touched)
}

fn calls(conn: &mut Conn, reservations: &[Reservation], menu: &Menu) -> Result<Vec<ToCall>, Fail> {
    let residents = residents_of(conn, reservations)?;
    reservations
        .iter()
        .map(|reservation| Ok(call(reservation, resident_in(&residents, reservation)?, menu)))
        .collect()
}

pub(super) fn call(reservation: &Reservation, resident: &Resident, menu: &Menu) -> ToCall {
    ToCall {
        reservation_id: reservation.id,
        menu_id: menu.id,
        resident_id: resident.id,
        full_name: resident.full_name.clone(),
        phone: resident.phone.clone(),
        served_on: menu.served_on,
        period: menu.period,
    }
}

pub(super) fn residents_of(conn: &mut Conn, reservations: &[Reservation]) -> Result<Vec<Resident>, Fail> {
    let ids: Vec<ResidentId> = reservations.iter().map(|reservation| reservation.resident_id).collect();
    Ok(residents::by_ids(conn, &ids)?)
}

/// One of residents that are in the order of their ids.
pub(super) fn resident_in<'a>(
    residents: &'a [Resident],
    reservation: &Reservation,
) -> Result<&'a Resident, Fail> {
    let at = residents.binary_search_by_key(&reservation.resident_id, |resident| resident.id);
    at.ok().and_then(|at| residents.get(at)).ok_or_else(|| Code::ResidentNotFound.into())
}
