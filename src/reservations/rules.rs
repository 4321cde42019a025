//! What can be reserved, and until when: the rules of placing, changing and cancelling.

use super::{Counter, Reservation, ReservationStatus, Wish};
use crate::{
    access::Role,
    canteens,
    clock::At,
    db::Conn,
    ids::MenuItemId,
    menus::{Item, Menu, MenuStatus, Pick},
    problem::{Code, Fail, Problem},
    residents::Resident,
};

/// Whether the menu takes this now; true when it is after the cut-off and staff do it.
pub(super) fn admit(place: &Counter<'_>, resident: &Resident, now: At) -> Result<bool, Problem> {
    let menu = place.menu;
    if menu.status != MenuStatus::Published {
        return Err(Problem::new(Code::MenuNotOpen).with("status", menu.status));
    }
    if menu.serves_to_at <= now {
        return Err(Problem::new(Code::MenuNotOpen).with("status", MenuStatus::Closed));
    }
    if !resident.is_active() {
        return Err(Code::ResidentInactive.into());
    }
    is_late(place, now)
}

/// Whether the cut-off has passed; `cutoff_passed` for whoever is not this canteen's staff (BR-21).
pub(super) fn is_late(place: &Counter<'_>, now: At) -> Result<bool, Problem> {
    let late = now > place.menu.cutoff_at;
    let staff =
        place.desk.is_some_and(|duty| duty.canteen() == place.menu.canteen_id && duty.role() == Role::Staff);
    if late && !staff {
        return Err(Problem::new(Code::CutoffPassed).with("cutoff_at", place.menu.cutoff_at));
    }
    Ok(late)
}

/// Adds to a refusal after the cut-off when that was, on the canteen's clock, for people to read.
pub(super) fn in_words<T>(
    conn: &mut Conn,
    place: &Counter<'_>,
    outcome: Result<T, Problem>,
) -> Result<T, Fail> {
    match outcome {
        Err(problem) if problem.code == Code::CutoffPassed => {
            let cutoff = canteens::zone(conn, place.menu.canteen_id)?.words(place.menu.cutoff_at);
            Err(problem.with("cutoff", cutoff).into())
        }
        outcome => Ok(outcome?),
    }
}

/// Checks what is wished for against the menu and the resident's diet (BR-13).
pub fn check_wish(menu: &Menu, resident: &Resident, wish: &Wish) -> Result<(), Problem> {
    if !menu.modes.contains(&wish.mode) {
        return Err(Code::ModeNotOffered.into());
    }
    menu.check_picks(&wish.picks)?;
    match diet_conflict(menu, resident, &wish.picks, &wish.confirmed_allergens) {
        None => Ok(()),
        Some((item, allergens)) => {
            Err(Problem::new(Code::DietConflict).with("item", item).with("allergens", allergens))
        }
    }
}

/// The first item with allergens on the resident's record that were not confirmed, and these.
pub(super) fn diet_conflict(
    menu: &Menu,
    resident: &Resident,
    picks: &[Pick],
    confirmed: &[String],
) -> Option<(String, Vec<String>)> {
    picks.iter().filter_map(|pick| menu.item(pick.item_id)).find_map(|item| {
        let unconfirmed: Vec<String> =
            own_allergens(item, resident).filter(|allergen| !confirmed.contains(allergen)).cloned().collect();
        (!unconfirmed.is_empty()).then(|| (item.name.clone(), unconfirmed))
    })
}

/// The item's allergens that are on the resident's record.
pub(super) fn own_allergens<'a>(item: &'a Item, resident: &'a Resident) -> impl Iterator<Item = &'a String> {
    item.allergens.iter().filter(|allergen| resident.allergens.0.contains(allergen))
}

pub(super) fn refuse_ended(reservation: &Reservation) -> Result<(), Problem> {
    if reservation.status == ReservationStatus::Cancelled {
        return Err(Code::ReservationCancelled.into());
    }
    if reservation.served {
        return Err(Code::ReservationServed.into());
    }
    Ok(())
}

/// What has to be taken more (or, negative, less) to go from the old lines to the new.
pub(super) fn difference(old: &[Pick], new: &[Pick]) -> Vec<Pick> {
    let portions = |lines: &[Pick], item: MenuItemId| {
        lines.iter().filter(|pick| pick.item_id == item).map(|pick| pick.portions).sum::<i32>()
    };
    let mut items: Vec<MenuItemId> = old.iter().chain(new).map(|pick| pick.item_id).collect();
    items.sort_unstable();
    items.dedup();
    items
        .into_iter()
        .map(|item_id| Pick { item_id, portions: portions(new, item_id) - portions(old, item_id) })
        .filter(|pick| pick.portions != 0)
        .collect()
}

/// In one order for all, so that two acts never wait for each other.
pub(super) fn in_order(picks: &[Pick]) -> Vec<Pick> {
    let mut picks = picks.to_vec();
    picks.sort_unstable_by_key(|pick| pick.item_id);
    picks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    fn pick(item: u128, portions: i32) -> Pick {
        Pick { item_id: Id::from_uuid(uuid::Uuid::from_u128(item)), portions }
    }

    #[test]
    fn a_change_takes_only_the_difference() {
        let old = [pick(1, 2), pick(2, 1)];
        let new = [pick(3, 1), pick(1, 3)];
        assert_eq!(difference(&old, &new), [pick(1, 1), pick(2, -1), pick(3, 1)]);
        assert!(difference(&old, &old).is_empty());
    }
}
