//! Attendances against the reservations that they redeem, the quotes that they post, and their own history.

use super::{
    Audit, By, Place, devices,
    meals::{Attended, Meal, Quoted, edition_key},
    reservations,
};
use crate::{clock::At, ids::AttendanceId, money::Fen};

const TABLE: &str = "attendances";

/// Verifies every attendance of a meal.
pub(super) fn verify(audit: &mut Audit<'_>, meal: &Meal) {
    for attended in &meal.attendances {
        audit.checked.attendances += 1;
        audit.made_at(TABLE, "recorded_at", attended.row.id, attended.row.recorded_at);
        history(audit, attended);
        devices::tapped(audit, meal, attended);
        redeemed(audit, meal, attended);
        priced(audit, meal, attended);
        posted(audit, meal, attended);
    }
}

fn place<'a>(fact: &'static str, id: &'a AttendanceId, column: &'static str) -> Place<'a> {
    Place { fact, table: TABLE, row: id, column }
}

/// What became of an attendance stands in its status and in the instants, reasons and persons beside it.
fn history(audit: &mut Audit<'_>, attended: &Attended) {
    let row = &attended.row;
    let place = |column| place("history", &row.id, column);
    let voided = row.status == "voided";
    audit.same(place("voided_at"), &row.voided_at.is_some(), &voided);
    audit.same(place("void_reason"), &row.void_reason.is_some(), &voided);
    let resolved = row.resolution.is_some();
    audit.same(place("resolved_at"), &row.resolved_at.is_some(), &resolved);
    audit.same(place("settled_by_kind"), &row.settled_by_kind.is_some(), &(voided || resolved));
    let settled_by_somebody = row.settled_by_kind.as_deref().is_some_and(|kind| kind != "system");
    audit.same(place("settled_by_id"), &row.settled_by_id.is_some(), &settled_by_somebody);
    let reviewed = row.status == "review" || resolved;
    if !voided {
        audit.same(place("review_word"), &row.review_word.is_some(), &reviewed);
    }
    audit.same(
        place("status"),
        &(row.status == "review"),
        &(row.review_word.is_some() && !resolved && !voided),
    );
    audit.same(place("said"), &row.said.is_some(), &row.review_word.is_some());
    // Whoever waited for review had eaten already and took nobody's place.
    let seated = row.reservation_id.is_none() && row.review_word.is_none();
    audit.same(place("seated"), &row.seated, &seated);
    if let Some(resolution) = row.resolution.as_deref() {
        let class = match (resolution, row.resident_id) {
            ("second_meal", Some(_)) => "second",
            ("serve", Some(_)) => "meal",
            (_, _) => "guest",
        };
        audit.same(place("class"), &row.class.as_str(), &class);
    }
    if row.known_by == "nobody" {
        audit.same(place("resident_id"), &row.resident_id, &None);
    }
}

/// A meal that was reserved is served to whom, how and as it was reserved; what was promised is told beside what is due.
fn redeemed(audit: &mut Audit<'_>, meal: &Meal, attended: &Attended) {
    let row = &attended.row;
    audit.same(
        place("promise", &row.id, "promised_fen"),
        &row.promised_fen.is_some(),
        &row.reservation_id.is_some(),
    );
    let Some(id) = row.reservation_id else { return };
    let by = ("reservations", &id as &dyn std::fmt::Display);
    let Some(reserved) = meal.reserved(id) else {
        return audit.holds(
            place("reservation", &row.id, "reservation_id"),
            false,
            &id,
            "one of the same meal",
        );
    };
    let place = |column| place("reservation", &row.id, column);
    audit.same_as(place("resident_id"), &row.resident_id, &Some(reserved.row.resident_id), by);
    audit.same_as(place("class"), &row.class.as_str(), &"meal", by);
    audit.same_as(place("diet_tags"), &row.diet_tags, &reserved.row.diet_tags, by);
    // Once it is voided, the reservation may have been changed.
    if row.status == "served" {
        audit.same_as(place("mode"), &row.mode, &reserved.row.mode, by);
        if let Some(lines) = &attended.lines {
            audit.same_as(place("lines"), lines, &reserved.lines, by);
        }
        if let Some(promise) = meal.quotes.get(&reserved.row.quote_id) {
            let by = ("quotes", &promise.row.id as &dyn std::fmt::Display);
            audit.same_as(place("promised_fen"), &row.promised_fen, &Some(promise.row.resident_fen), by);
        }
    }
}

/// The charge of a meal is what was taken at the prices of the menu then; without a quote all of it is due (BR-33).
fn priced(audit: &mut Audit<'_>, meal: &Meal, attended: &Attended) {
    let row = &attended.row;
    let place = |column| place("charge", &row.id, column);
    if !attended.was_served() {
        audit.same(place("charge_fen"), &row.charge_fen, &Fen::ZERO);
        audit.same(place("due_fen"), &row.due_fen, &Fen::ZERO);
        return;
    }
    if let Some(lines) = &attended.lines {
        let editions = meal.editions_at(attended.counted_at());
        let orders = editions.iter().filter_map(|edition| meal.order(edition, lines, &row.mode, &row.class));
        let charges: Vec<Fen> = orders.map(|order| order.charge()).collect();
        let expected = format!("{charges:?}");
        let keys: Vec<String> = editions.iter().map(|edition| edition_key(&meal.menu, edition)).collect();
        let by: Vec<By<'_>> =
            keys.iter().map(|key| ("menu_editions", key as &dyn std::fmt::Display)).collect();
        audit.holds_by(
            place("charge_fen"),
            charges.contains(&row.charge_fen),
            &row.charge_fen,
            &expected,
            &by,
        );
    }
    audit.same(place("quote_id"), &row.quote_id.is_some(), &(row.class == "meal"));
    match row.quote_id.and_then(|id| meal.quotes.get(&id)) {
        None => audit.same(place("due_fen"), &row.due_fen, &row.charge_fen),
        Some(quote) => {
            let by = ("quotes", &quote.row.id as &dyn std::fmt::Display);
            audit.same_as(place("charge_fen"), &row.charge_fen, &quote.row.charge_fen, by);
            audit.same_as(place("due_fen"), &row.due_fen, &quote.row.resident_fen, by);
        }
    }
}

/// The quote of an attendance is of the same person and meal, made when it was served; posted until it is voided.
fn posted(audit: &mut Audit<'_>, meal: &Meal, attended: &Attended) {
    let row = &attended.row;
    let Some(quote) = row.quote_id.and_then(|id| meal.quotes.get(&id)) else { return };
    let by = (TABLE, &row.id as &dyn std::fmt::Display);
    let column = |column| Place { fact: "posting", table: "quotes", row: &quote.row.id, column };
    audit.same_as(column("resident_id"), &Some(quote.row.resident_id), &row.resident_id, by);
    audit.same_as(column("menu_id"), &quote.row.menu_id, &meal.menu.id, by);
    audit.same_as(column("class"), &quote.row.class, &row.class, by);
    audit.same_as(column("created_at"), &quote.row.created_at, &attended.counted_at(), by);
    let stage = if row.status == "served" { "posted" } else { "released" };
    audit.same_as(column("status"), &quote.row.status.as_str(), &stage, by);
    reservations::settled(audit, quote, &row.voided_at.into_iter().collect::<Vec<At>>(), &[by]);
    order_posted(audit, meal, attended, quote);
}

fn order_posted(audit: &mut Audit<'_>, meal: &Meal, attended: &Attended, quote: &Quoted) {
    let row = &attended.row;
    let (Some(arguments), Some(lines)) = (&quote.arguments, &attended.lines) else { return };
    let editions = meal.editions_at(attended.counted_at());
    let mut orders = editions.iter().filter_map(|edition| meal.order(edition, lines, &row.mode, &row.class));
    let holds = orders.any(|order| order == arguments.order);
    let place = Place { fact: "posting", table: "quotes", row: &quote.row.id, column: "arguments" };
    audit.holds_by(place, holds, &arguments.order, "what was taken, at the menu's prices", &[attended.by()]);
}
