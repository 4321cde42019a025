//! What a roster asks of `residents`, and how it fills in what is missing there.

use diesel::prelude::*;

use crate::{
    db::{Conn, Json, schema::residents},
    ids::{CanteenId, ResidentId},
    residents::{Resident, store::replace_keys},
};

/// So many values are asked for in one statement.
const AT_ONCE: usize = 5_000;

/// A resident as a roster compares them.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = residents)]
pub(super) struct Known {
    #[diesel(embed)]
    pub resident: Resident,
    pub id_number_hash: Option<String>,
}

/// Everybody whom this canteen registered, by id.
pub(super) fn registered_at(conn: &mut Conn, canteen: CanteenId) -> QueryResult<Vec<Known>> {
    residents::table
        .filter(residents::canteen_id.eq(canteen))
        .order(residents::id)
        .select(Known::as_select())
        .load(conn)
}

/// Everybody with an identity number that has one of these hashes.
pub(super) fn with_hashes(conn: &mut Conn, hashes: &[&str]) -> QueryResult<Vec<Known>> {
    let mut found = Vec::new();
    for part in hashes.chunks(AT_ONCE) {
        let asked = residents::table.filter(residents::id_number_hash.eq_any(part.to_vec()));
        found.extend(asked.select(Known::as_select()).load(conn)?);
    }
    Ok(found)
}

/// Everybody with one of these cards.
pub(super) fn with_cards(conn: &mut Conn, numbers: &[String]) -> QueryResult<Vec<Known>> {
    let mut found = Vec::new();
    for part in numbers.chunks(AT_ONCE) {
        let asked = residents::table.filter(residents::card_number.eq_any(part.to_vec()));
        found.extend(asked.select(Known::as_select()).load(conn)?);
    }
    Ok(found)
}

/// Fills in what was missing in a record; false when somebody edited it meanwhile.
pub(super) fn fill(conn: &mut Conn, before: &Resident, after: &Known) -> QueryResult<bool> {
    let Known { resident, id_number_hash } = after;
    let id: ResidentId = before.id;
    let read = residents::table.find(id).filter(residents::version.eq(before.version));
    let filled = diesel::update(read)
        .set((
            residents::phone.eq(&resident.phone),
            residents::id_number_hash.eq(id_number_hash),
            residents::id_number_last4.eq(&resident.id_number_last4),
            residents::registered_in.eq(&resident.registered_in),
            residents::lives_in.eq(&resident.lives_in),
            residents::allergens.eq(Json(resident.allergens.0.clone())),
            residents::diet_tags.eq(Json(resident.diet_tags.0.clone())),
            residents::version.eq(residents::version + 1),
        ))
        .execute(conn)?;
    replace_keys(conn, before, resident)?;
    Ok(filled == 1)
}
