//! Waiting lists against their menus, and against what came of everybody in them.

use std::collections::BTreeSet;

use super::{
    Audit, Place,
    meals::{CONCURRENT, InLine, Meal, Reserved},
    rights::{self, Rights},
};
use crate::{
    clock::At,
    ids::{MenuItemId, WaitingEntryId},
    menus::MenuStatus,
    problem::Code,
    reservations::waiting::WaitingStatus,
};

const TABLE: &str = "waiting_entries";

/// Verifies the line of a meal.
pub(super) fn verify(audit: &mut Audit<'_>, meal: &Meal, rights: &Rights) {
    numbers(audit, meal);
    free_place(audit, meal);
    overtaken(audit, meal);
    let mut named = BTreeSet::new();
    for entry in &meal.line {
        audit.checked.waiting_entries += 1;
        audit.made_at(TABLE, "joined_at", entry.row.id, entry.row.joined_at);
        demand(audit, entry);
        history(audit, meal, entry);
        rights.verify(audit, entry.acted());
        rights::channel(audit, entry.acted(), &entry.row.channel, entry.row.standing_order_id.is_some());
        served(audit, meal, entry);
        if let Some(reservation) = entry.row.reservation_id {
            let once = named.insert(reservation);
            audit.holds(
                place(&entry.row.id, "reservation_id"),
                once,
                &reservation,
                "named by one entry only",
            );
        }
    }
}

fn place<'a>(id: &'a WaitingEntryId, column: &'static str) -> Place<'a> {
    Place { fact: "waiting list", table: TABLE, row: id, column }
}

/// The menu counts who waits and who ever did; the numbers in line are drawn from it without a gap.
fn numbers(audit: &mut Audit<'_>, meal: &Meal) {
    let menu = &meal.menu;
    let place = |column| Place { fact: "waiting list", table: "menus", row: &menu.id, column };
    let waiting = meal.line.iter().filter(|entry| entry.waits()).count();
    audit.same(place("waiting"), &i64::from(menu.waiting), &(waiting as i64));
    let last = meal.line.iter().map(|entry| entry.row.position).max();
    audit.same(place("queued"), &menu.queued, &last.unwrap_or(0));
    for (number, entry) in (1..).zip(&meal.line) {
        let place = Place { fact: "number in line", table: TABLE, row: &entry.row.id, column: "position" };
        audit.same(place, &entry.row.position, &number);
    }
}

/// While somebody waits nothing is free, as what becomes free until the cut-off is passed on in the same act (BR-25).
/// What becomes free after it is the desk's, whether or not the end of the line was written down.
fn free_place(audit: &mut Audit<'_>, meal: &Meal) {
    let menu = &meal.menu;
    let waiting: Vec<&InLine> = meal.line.iter().filter(|entry| entry.waits()).collect();
    if waiting.is_empty() || freed_after_cutoff(meal) {
        return;
    }
    let offered = meal.items.iter().filter(|item| !item.removed);
    let left: Vec<MenuItemId> = offered
        .filter(|item| item.portions.is_none_or(|portions| item.taken < portions))
        .map(|item| item.id)
        .collect();
    let full = menu.taken >= menu.capacity || left.is_empty();
    let place =
        Place { fact: "nothing free while somebody waits", table: "menus", row: &menu.id, column: "taken" };
    let by: Vec<_> = waiting.iter().map(|entry| entry.by()).collect();
    audit.holds_by(place, full, &menu.taken, "no place or nothing to eat left, as some wait", &by);
}

fn freed_after_cutoff(meal: &Meal) -> bool {
    let late = |at: At| at > meal.menu.cutoff_at;
    let mut events = meal.reservations.iter().flat_map(|reserved| &reserved.events);
    events.any(|event| late(event.row.recorded_at))
        || meal.attendances.iter().any(|attended| attended.row.voided_at.is_some_and(late))
        || meal.editions.iter().any(|edition| late(edition.row.changed_at))
}

/// Until the cut-off whoever takes a place while somebody waits came from the line (BR-25).
fn overtaken(audit: &mut Audit<'_>, meal: &Meal) {
    let promoted: BTreeSet<_> = meal.line.iter().filter_map(|entry| entry.row.reservation_id).collect();
    // Beyond doubt: an instant is taken when an act begins, and acts may overlap.
    let waited = |entry: &InLine, at: At| {
        let settled = entry.row.settled_at.unwrap_or(meal.menu.cutoff_at);
        entry.row.joined_at + CONCURRENT < at && at + CONCURRENT < settled && at <= meal.menu.cutoff_at
    };
    let mut check = |table: &'static str, row: &dyn std::fmt::Display, column: &'static str, at: At| {
        let first = meal.line.iter().find(|entry| waited(entry, at));
        let by: Vec<_> = first.iter().map(|entry| entry.by()).collect();
        let place = Place { fact: "whose turn it was", table, row, column };
        audit.holds_by(place, first.is_none(), &at, "not while others waited", &by);
    };
    for reserved in meal.reservations.iter().filter(|reserved| !promoted.contains(&reserved.row.id)) {
        check("reservations", &reserved.row.id, "placed_at", reserved.row.placed_at);
    }
    for attended in meal.attendances.iter().filter(|attended| attended.row.seated) {
        check("attendances", &attended.row.id, "recorded_at", attended.row.recorded_at);
    }
}

/// Who waits for certain lines says which; who leaves it to a rule says none.
fn demand(audit: &mut Audit<'_>, entry: &InLine) {
    let row = &entry.row;
    if let Some(lines) = &entry.lines {
        audit.same(place(&row.id, "item_rule"), &row.item_rule.is_some(), &lines.is_empty());
    }
}

/// What became of an entry stands in its status, in the instant and reason beside it, and in what happened to the menu.
fn history(audit: &mut Audit<'_>, meal: &Meal, entry: &InLine) {
    let row = &entry.row;
    let menu = &meal.menu;
    let place = |column| place(&row.id, column);
    let status = WaitingStatus::from_word(&row.status);
    audit.holds(place("status"), status.is_some(), &row.status, "a state of entries");
    let Some(status) = status else { return };
    let settled_in_order = row.settled_at.is_none_or(|at| at + CONCURRENT >= row.joined_at);
    audit.holds(place("settled_at"), settled_in_order, &row.settled_at, "not before joining");
    let past_cutoff = row.settled_at.is_some_and(|at| at > menu.cutoff_at);
    let ended = [MenuStatus::Withdrawn, MenuStatus::Closed].iter().any(|ended| ended.as_str() == menu.status);
    let by = [("menus", &menu.id as &dyn std::fmt::Display)];
    let reason = row.reason.as_deref();
    let is = |code: Code| reason == Some(code.as_str());
    match status {
        WaitingStatus::Waiting => {
            audit.holds_by(place("status"), !ended, &row.status, "ended with the menu", &by);
        }
        WaitingStatus::Reserved | WaitingStatus::Skipped => {
            audit.holds_by(place("settled_at"), !past_cutoff, &row.settled_at, "not after the cut-off", &by);
        }
        WaitingStatus::Left => {
            let own_will = reason.is_none();
            let paused = is(Code::StandingOrderPaused) && row.standing_order_id.is_some();
            audit.holds(place("reason"), own_will || paused, &row.reason, "none, or the pause of an order");
        }
        WaitingStatus::Ended => {
            let told = (is(Code::CutoffPassed) && past_cutoff)
                || ((is(Code::MenuNotOpen) || is(Code::CanteenClosed)) && ended)
                || is(Code::ResidentInactive);
            audit.holds_by(place("reason"), told, &row.reason, "why the line ended", &by);
        }
    }
    let of_the_end = [Code::CutoffPassed, Code::MenuNotOpen, Code::CanteenClosed, Code::StandingOrderPaused];
    let of_the_end = of_the_end.into_iter().any(is);
    let fits = status != WaitingStatus::Skipped || !of_the_end;
    audit.holds(place("reason"), fits, &row.reason, "why it could not be served");
}

/// Whoever got a place has the reservation that was made at that instant for the same person, as they wished and as if
/// they asked themselves.
fn served(audit: &mut Audit<'_>, meal: &Meal, entry: &InLine) {
    let row = &entry.row;
    let Some(id) = row.reservation_id else { return };
    let Some(reserved) = meal.reserved(id) else {
        return audit.holds(place(&row.id, "reservation_id"), false, &id, "one of the same menu");
    };
    let by = ("reservations", &id as &dyn std::fmt::Display);
    let column = |column| place(&row.id, column);
    audit.same_as(column("settled_at"), &row.settled_at, &Some(reserved.row.placed_at), by);
    audit.same_as(column("resident_id"), &row.resident_id, &reserved.row.resident_id, by);
    audit.same_as(column("channel"), &row.channel, &reserved.row.channel, by);
    audit.same_as(column("standing_order_id"), &row.standing_order_id, &reserved.row.standing_order_id, by);
    audit.same_as(column("right_kind"), &row.right_kind, &reserved.row.right_kind, by);
    audit.same_as(column("right_id"), &row.right_id, &reserved.row.right_id, by);
    audit.same_as(column("actor_kind"), &row.actor_kind, &reserved.row.actor_kind, by);
    audit.same_as(column("actor_id"), &row.actor_id, &reserved.row.actor_id, by);
    wished(audit, entry, reserved);
}

/// What was wished for is what was placed first; a change of the reservation leaves the entry as it was.
fn wished(audit: &mut Audit<'_>, entry: &InLine, reserved: &Reserved) {
    let row = &entry.row;
    let Some(first) = reserved.events.first() else { return };
    let by = ("reservation_events", &first.key as &dyn std::fmt::Display);
    audit.same_as(place(&row.id, "mode"), &row.mode, &first.row.mode, by);
    if let (Some(wished), Some(placed), None) = (&entry.lines, &first.lines, &row.item_rule) {
        audit.same_as(place(&row.id, "lines"), wished, placed, by);
    }
    if !reserved.events.iter().any(|event| event.row.kind == "changed") {
        let by = ("reservations", &reserved.row.id as &dyn std::fmt::Display);
        let column = place(&row.id, "confirmed_allergens");
        audit.same_as(column, &row.confirmed_allergens, &reserved.row.confirmed_allergens, by);
    }
}
