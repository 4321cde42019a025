//! Reservations against their events, their quotes, the menu that they were made from, and who was served.

use std::collections::BTreeSet;

use super::{
    Audit, By, Place,
    meals::{Attended, Event, Meal, Quoted, Reserved, edition_key},
    rights::{self, Rights, anyone},
};
use crate::{clock::At, ids::ReservationId};

const TABLE: &str = "reservations";

/// Verifies every reservation of a meal, and the quotes of the meal that no reservation and no attendance names any more.
pub(super) fn verify(audit: &mut Audit<'_>, meal: &Meal, rights: &Rights) {
    for reserved in &meal.reservations {
        audit.checked.reservations += 1;
        audit.made_at(TABLE, "placed_at", reserved.row.id, reserved.row.placed_at);
        events(audit, reserved);
        outcome(audit, meal, reserved);
        rights.verify(audit, reserved.acted());
        let by_order = reserved.row.standing_order_id.is_some();
        rights::channel(audit, reserved.acted(), &reserved.row.channel, by_order);
        lateness(audit, meal, reserved);
        promise(audit, meal, reserved);
    }
    superseded(audit, meal);
}

fn place<'a>(fact: &'static str, id: &'a ReservationId, column: &'static str) -> Place<'a> {
    Place { fact, table: TABLE, row: id, column }
}

/// A reservation's events tell it again: placed first, cancelled last, in between changed; what was ordered last stands
/// on its lines.
fn events(audit: &mut Audit<'_>, reserved: &Reserved) {
    let row = &reserved.row;
    let last = reserved.events.len().saturating_sub(1);
    for (number, event) in reserved.events.iter().enumerate() {
        let place = |column| Place { fact: "events", table: "reservation_events", row: &event.key, column };
        let cancelled = row.status == "cancelled" && number == last;
        let expected = if number == 0 {
            "placed"
        } else if cancelled {
            "cancelled"
        } else {
            "changed"
        };
        audit.same_as(place("kind"), &event.row.kind.as_str(), &expected, (TABLE, &row.id));
        if number == 0 {
            audit.same(place("version"), &event.row.version, &1);
        } else if cancelled {
            audit.same_as(place("version"), &event.row.version, &row.version, (TABLE, &row.id));
        }
        audit.same_as(place("channel"), &event.row.channel, &row.channel, (TABLE, &row.id));
    }
    let event_ids = reserved.events.iter();
    let Some(first) = event_ids.clone().next() else {
        return audit.holds(place("events", &row.id, "id"), false, &"no event", "an event of its placing");
    };
    let by = ("reservation_events", &first.key as &dyn std::fmt::Display);
    audit.same_as(place("events", &row.id, "placed_at"), &row.placed_at, &first.row.recorded_at, by);
    audit.same_as(place("events", &row.id, "actor_kind"), &row.actor_kind, &first.row.actor_kind, by);
    audit.same_as(place("events", &row.id, "actor_id"), &row.actor_id, &first.row.actor_id, by);
    let is_cancelled = reserved.events.last().is_some_and(|event| event.row.kind == "cancelled");
    audit.same(place("events", &row.id, "status"), &(row.status == "cancelled"), &is_cancelled);
    for event in reserved.events.iter().rev().take(1 + usize::from(row.status == "cancelled")) {
        lines(audit, reserved, event);
    }
    let cancelled = reserved.events.last().filter(|_| row.status == "cancelled" && last > 0);
    let cancelled_at = cancelled.map(|event| event.row.recorded_at);
    audit.same(place("events", &row.id, "cancelled_at"), &row.cancelled_at, &cancelled_at);
    audit.same(place("events", &row.id, "cancelled_as"), &row.cancelled_as.is_some(), &cancelled.is_some());
    if let Some(event) = cancelled {
        let oneself =
            event.row.actor_kind == "resident" && event.row.actor_id == Some(anyone(row.resident_id.uuid()));
        let told = row.cancelled_as.as_deref() == Some("by_resident");
        audit.same(place("who cancelled", &row.id, "cancelled_as"), &told, &oneself);
    }
}

/// What is eaten and how is what the newest event says, and a cancellation says it once more.
fn lines(audit: &mut Audit<'_>, reserved: &Reserved, event: &Event) {
    let by = ("reservation_events", &event.key as &dyn std::fmt::Display);
    audit.same_as(place("events", &reserved.row.id, "mode"), &reserved.row.mode, &event.row.mode, by);
    let Some(told) = &event.lines else { return };
    for position in 0..reserved.lines.len().max(told.len()) {
        let key = format!("{} {position}", reserved.row.id);
        let place = Place { fact: "lines", table: "reservation_lines", row: &key, column: "*" };
        audit.same_as(place, &reserved.lines.get(position), &told.get(position), by);
    }
}

/// A reservation is served when an attendance stands for it, and its version counts what was done to it. Only a menu
/// that was withdrawn cancels by itself.
fn outcome(audit: &mut Audit<'_>, meal: &Meal, reserved: &Reserved) {
    let row = &reserved.row;
    let own: Vec<&Attended> = attended(meal, reserved).collect();
    let served = own.iter().any(|attended| attended.row.status == "served");
    audit.same(place("served", &row.id, "served"), &row.served, &served);
    let voided = own.iter().filter(|attended| attended.row.status == "voided").count();
    let steps = reserved.events.len() + own.len() + voided;
    audit.same(place("version", &row.id, "version"), &i64::from(row.version), &(steps as i64));
    if row.cancelled_as.as_deref() == Some("by_canteen") {
        let place = place("who cancelled", &row.id, "cancelled_as");
        let withdrawn = meal.menu.status == "withdrawn";
        let by = [("menus", &meal.menu.id as &dyn std::fmt::Display)];
        audit.holds_by(place, withdrawn, &row.cancelled_as, "another, as the menu stands", &by);
    }
    let withdrawn = meal.menu.status == "withdrawn" && row.status == "active" && !row.served;
    let by = [("menus", &meal.menu.id as &dyn std::fmt::Display)];
    audit.holds_by(
        place("state of a menu", &row.id, "status"),
        !withdrawn,
        &row.status,
        "cancelled with it",
        &by,
    );
}

fn attended<'a>(meal: &'a Meal, reserved: &'a Reserved) -> impl Iterator<Item = &'a Attended> {
    meal.attendances.iter().filter(|attended| attended.row.reservation_id == Some(reserved.row.id))
}

/// A reservation is late when something was done to it after the cut-off by somebody, and not by the menu or a death
/// (BR-21).
fn lateness(audit: &mut Audit<'_>, meal: &Meal, reserved: &Reserved) {
    let row = &reserved.row;
    let by_itself = matches!(row.cancelled_as.as_deref(), Some("by_canteen" | "deceased"));
    let late = reserved.events.iter().any(|event| {
        event.row.recorded_at > meal.menu.cutoff_at && !(by_itself && event.row.kind == "cancelled")
    });
    audit.same(place("late", &row.id, "late"), &row.late, &late);
}

/// The quote that a reservation keeps is of the same person, meal, mode and lines, at the prices of the edition that it
/// was made from; its stage follows from the reservation, and so does the instant at which it was settled.
fn promise(audit: &mut Audit<'_>, meal: &Meal, reserved: &Reserved) {
    let row = &reserved.row;
    let Some(quote) = meal.quotes.get(&row.quote_id) else { return };
    let by = (TABLE, &row.id as &dyn std::fmt::Display);
    let column = |column| Place { fact: "promise", table: "quotes", row: &quote.row.id, column };
    audit.same_as(column("resident_id"), &quote.row.resident_id, &row.resident_id, by);
    audit.same_as(column("menu_id"), &quote.row.menu_id, &meal.menu.id, by);
    audit.same_as(column("class"), &quote.row.class.as_str(), &"meal", by);
    let made = reserved.events.iter().rev().find(|event| event.row.kind != "cancelled");
    if let Some(made) = made {
        audit.same_as(column("created_at"), &quote.row.created_at, &made.row.recorded_at, by);
        let editions = meal.editions_at(made.row.recorded_at);
        let known = editions.iter().any(|edition| edition.row.edition == row.edition);
        audit.holds(place("edition", &row.id, "edition"), known, &row.edition, "the edition of that instant");
    }
    if let Some(arguments) = &quote.arguments {
        audit.same(place("promise", &row.id, "mode"), &row.mode.as_str(), &arguments.order.mode.as_str());
        let edition = meal.editions.iter().find(|edition| edition.row.edition == row.edition);
        let order = edition.and_then(|edition| meal.order(edition, &reserved.lines, &row.mode, "meal"));
        if let (Some(edition), Some(order)) = (edition, order) {
            let key = edition_key(&meal.menu, edition);
            audit.same_as_all(column("arguments"), &arguments.order, &order, &[by, ("menu_editions", &key)]);
        }
    }
    stage(audit, meal, reserved, quote);
}

fn stage(audit: &mut Audit<'_>, meal: &Meal, reserved: &Reserved, quote: &Quoted) {
    let row = &reserved.row;
    let pending = row.status == "active" && !row.served && meal.menu.status != "closed";
    // After a void the limits may have been used by another meal, or the meal may have been over: it stays released.
    let voided = attended(meal, reserved).any(|attended| attended.row.status == "voided");
    let expected = match (pending, voided) {
        (true, true) if quote.row.status == "released" => "released",
        (true, _) => "pending",
        (false, _) => "released",
    };
    let place = |column| Place { fact: "stage", table: "quotes", row: &quote.row.id, column };
    let menu: By<'_> = ("menus", &meal.menu.id);
    audit.same_as_all(place("status"), &quote.row.status.as_str(), &expected, &[(TABLE, &row.id), menu]);
    let taps = attended(meal, reserved).map(Attended::counted_at);
    let instants: Vec<At> = row.cancelled_at.into_iter().chain(meal.menu.closed_at).chain(taps).collect();
    let by: Vec<By<'_>> = [(TABLE, &row.id as &dyn std::fmt::Display), menu]
        .into_iter()
        .chain(attended(meal, reserved).map(Attended::by))
        .collect();
    settled(audit, quote, &instants, &by);
}

/// A quote is settled when it is released, and at the instant of what released it.
pub(super) fn settled(audit: &mut Audit<'_>, quote: &Quoted, instants: &[At], by: &[By<'_>]) {
    let place = Place { fact: "stage", table: "quotes", row: &quote.row.id, column: "settled_at" };
    match (quote.row.status.as_str(), quote.row.settled_at) {
        ("released", Some(at)) => {
            let expected = format!("one of {instants:?}");
            audit.holds_by(place, instants.contains(&at), &at, &expected, by);
        }
        ("released", None) => audit.holds(place, false, &None::<At>, "an instant, as it is released"),
        (_, at) => audit.same(place, &at, &None),
    }
}

/// A quote that nothing names any more was replaced by another of the same person and meal, and released then.
fn superseded(audit: &mut Audit<'_>, meal: &Meal) {
    let promised = meal.reservations.iter().map(|reserved| reserved.row.quote_id);
    let named: BTreeSet<_> =
        promised.chain(meal.attendances.iter().filter_map(|attended| attended.row.quote_id)).collect();
    for quote in meal.quotes.values().filter(|quote| !named.contains(&quote.row.id)) {
        let place = Place { fact: "stage", table: "quotes", row: &quote.row.id, column: "status" };
        audit.same(place, &quote.row.status.as_str(), &"released");
        let others = meal.quotes.values().filter(|other| other.row.resident_id == quote.row.resident_id);
        let later = others.filter(|other| other.row.id != quote.row.id).map(|other| other.row.created_at);
        settled(audit, quote, &later.collect::<Vec<At>>(), &[]);
    }
}
