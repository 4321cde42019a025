//! Standing orders, and what they came to at each menu: against reservations, places in a line, and their own terms.

use std::fmt::Display;

use super::{
    Audit, By, Place,
    meals::{CONCURRENT, Meal},
    rights::{Acted, Rights},
    store::{self, OrderRow, OutcomeRow},
};
use crate::{
    db::Conn,
    ids::{AnyoneId, ResidentId, StandingOrderId, StandingOrderOutcomeId},
    menus::MenuStatus,
    problem::Fail,
    reservations::{
        ItemRule,
        standing::{OrderStatus, OutcomeStatus, Terms},
        waiting::WaitingStatus,
    },
    words::{Mode, Period},
};

const ORDERS: &str = "standing_orders";
const OUTCOMES: &str = "standing_order_outcomes";

/// Verifies every standing order by itself.
pub(super) fn verify(conn: &mut Conn, audit: &mut Audit<'_>) -> Result<(), Fail> {
    let mut after = None;
    loop {
        let batch = store::orders_after(conn, after)?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some(last.id);
        let rights = Rights::named(conn, batch.iter().map(OrderRow::acted))?;
        for order in &batch {
            audit.checked.standing_orders += 1;
            audit.made_at(ORDERS, "created_at", order.id, order.created_at);
            rights.verify(audit, order.acted());
            documents(audit, order);
            history(audit, order);
        }
    }
}

/// Verifies what standing orders came to at a meal.
pub(super) fn at_meal(audit: &mut Audit<'_>, meal: &Meal) {
    for outcome in &meal.outcomes {
        recorded(audit, meal, outcome);
        waited(audit, meal, outcome);
        reserved(audit, meal, outcome);
        why(audit, outcome);
    }
    made(audit, meal);
    meal.orders.values().for_each(|order| as_ordered(audit, meal, order));
}

fn place<'a>(id: &'a StandingOrderOutcomeId, column: &'static str) -> Place<'a> {
    Place { fact: "what an order came to", table: OUTCOMES, row: id, column }
}

impl OrderRow {
    pub(super) fn acted(&self) -> Acted<'_> {
        Acted {
            table: ORDERS,
            row: &self.id,
            resident_id: self.resident_id,
            right_kind: &self.right_kind,
            right_id: self.right_id,
            actor_kind: &self.actor_kind,
            actor_id: self.actor_id,
        }
    }

    fn by(&self) -> By<'_> {
        (ORDERS, &self.id)
    }

    /// What the order says, if it says it still as it was made; ending it is the one change that leaves this as it is.
    fn first_terms(&self) -> Option<Terms> {
        let ending = i32::from(self.ended_at.is_some());
        if self.version != 1 + ending {
            return None;
        }
        Some(Terms {
            from_on: self.from_on,
            to_on: self.to_on,
            meals: serde_json::from_str(&self.meals).ok()?,
            item_rule: ItemRule::from_word(&self.item_rule)?,
            pauses: serde_json::from_str(&self.pauses).ok()?,
            skips: serde_json::from_str(&self.skips).ok()?,
        })
    }
}

/// Which meals, pauses and days left out can be read.
fn documents(audit: &mut Audit<'_>, order: &OrderRow) {
    use crate::reservations::standing::{Span, WeeklyMeal};
    let place = |column| Place { fact: "terms of an order", table: ORDERS, row: &order.id, column };
    audit.read::<Vec<WeeklyMeal>>(place("meals"), &order.meals);
    audit.read::<Vec<Span>>(place("pauses"), &order.pauses);
    audit.read::<Vec<chrono::NaiveDate>>(place("skips"), &order.skips);
}

/// Whether an order stands is told by its status and by the instant of its end, and ending is counted as a change.
fn history(audit: &mut Audit<'_>, order: &OrderRow) {
    let place = |column| Place { fact: "state of an order", table: ORDERS, row: &order.id, column };
    let ended = order.status == OrderStatus::Ended.as_str();
    audit.same(place("ended_at"), &order.ended_at.is_some(), &ended);
    audit.holds(place("version"), order.version > i32::from(ended), &order.version, "one more once ended");
    let in_order = order.ended_at.is_none_or(|at| at + CONCURRENT >= order.created_at);
    audit.holds(place("ended_at"), in_order, &order.ended_at, "not before it was made");
}

/// An outcome is of an order at the menu's canteen, and was recorded when it was made; when the order was changed later
/// it may have been tried again, with the same id.
fn recorded(audit: &mut Audit<'_>, meal: &Meal, outcome: &OutcomeRow) {
    let Some(order) = meal.orders.get(&outcome.standing_order_id) else { return };
    let canteen = place(&outcome.id, "standing_order_id");
    audit.same_as(canteen, &meal.menu.canteen_id, &order.canteen_id, order.by());
    if order.first_terms().is_some() {
        audit.made_at(OUTCOMES, "recorded_at", outcome.id, outcome.recorded_at);
    }
}

/// What came of the place in a line that an order took stands with that place too: the state, the reservation, and why
/// nothing came of it.
fn waited(audit: &mut Audit<'_>, meal: &Meal, outcome: &OutcomeRow) {
    let place = |column| place(&outcome.id, column);
    let Some(id) = outcome.waiting_id else {
        let waits = outcome.status == OutcomeStatus::Waiting.as_str();
        return audit.holds(place("waiting_id"), !waits, &outcome.waiting_id, "a place in the line");
    };
    let Some(entry) = meal.line.iter().find(|entry| entry.row.id == id) else {
        return audit.holds(place("waiting_id"), false, &id, "one of the same menu");
    };
    let by = entry.by();
    let order = Some(outcome.standing_order_id);
    audit.same_as(place("standing_order_id"), &order, &entry.row.standing_order_id, by);
    audit.same_as(place("recorded_at"), &outcome.recorded_at, &entry.row.joined_at, by);
    audit.same_as(place("reservation_id"), &outcome.reservation_id, &entry.row.reservation_id, by);
    audit.same_as(place("reason"), &outcome.reason, &entry.row.reason, by);
    audit.same_as(place("said"), &outcome.said, &entry.row.said, by);
    if let Some(status) = WaitingStatus::from_word(&entry.row.status) {
        let expected = match status {
            WaitingStatus::Waiting => OutcomeStatus::Waiting,
            WaitingStatus::Reserved => OutcomeStatus::Reserved,
            WaitingStatus::Skipped | WaitingStatus::Left | WaitingStatus::Ended => OutcomeStatus::NotReserved,
        };
        audit.same_as(place("status"), &outcome.status.as_str(), &expected.as_str(), by);
    }
}

/// What an order reserved names the order again, and was placed when that was recorded, or when its turn came.
fn reserved(audit: &mut Audit<'_>, meal: &Meal, outcome: &OutcomeRow) {
    let place = |column| place(&outcome.id, column);
    let is_reserved = outcome.status == OutcomeStatus::Reserved.as_str();
    audit.same(place("reservation_id"), &outcome.reservation_id.is_some(), &is_reserved);
    let Some(id) = outcome.reservation_id else { return };
    let Some(reserved) = meal.reserved(id) else {
        return audit.holds(place("reservation_id"), false, &id, "one of the same menu");
    };
    let by = ("reservations", &id as &dyn Display);
    let order = Some(outcome.standing_order_id);
    audit.same_as(place("standing_order_id"), &order, &reserved.row.standing_order_id, by);
    if outcome.waiting_id.is_none() {
        audit.same_as(place("recorded_at"), &outcome.recorded_at, &reserved.row.placed_at, by);
    }
}

/// Nothing comes to nothing without a reason, but what left the line on purpose.
fn why(audit: &mut Audit<'_>, outcome: &OutcomeRow) {
    let tried = outcome.status == OutcomeStatus::NotReserved.as_str() && outcome.waiting_id.is_none();
    let told = !tried || outcome.reason.is_some();
    audit.holds(place(&outcome.id, "reason"), told, &outcome.reason, "why nothing was reserved");
}

/// Every reservation and every place in a line that an order asked for is of its resident, by the right by which it was
/// made, and stands in its outcome; what came to nothing may have been tried again since.
fn made(audit: &mut Audit<'_>, meal: &Meal) {
    for reserved in &meal.reservations {
        let Some(order) = reserved.row.standing_order_id else { continue };
        of_order(audit, meal, order, reserved.acted());
        let outcome = meal.outcome_of(order);
        let named = outcome.is_some_and(|outcome| outcome.reservation_id == Some(reserved.row.id));
        told(audit, reserved.acted(), order, outcome, named);
    }
    for entry in &meal.line {
        let Some(order) = entry.row.standing_order_id else { continue };
        of_order(audit, meal, order, entry.acted());
        let outcome = meal.outcome_of(order);
        let stands = entry.waits() || entry.row.reservation_id.is_some();
        let changed = meal.orders.get(&order).is_some_and(|order| order.first_terms().is_none());
        let named = |outcome: &OutcomeRow| outcome.waiting_id == Some(entry.row.id) || (changed && !stands);
        let named = outcome.is_some_and(named);
        told(audit, entry.acted(), order, outcome, named);
    }
}

fn of_order(audit: &mut Audit<'_>, meal: &Meal, order: StandingOrderId, acted: Acted<'_>) {
    let Some(order) = meal.orders.get(&order) else { return };
    let Acted { table, row, .. } = acted;
    let place = |column| Place { fact: "asked for by an order", table, row, column };
    let own: (ResidentId, &str, Option<AnyoneId>) = (order.resident_id, &order.right_kind, order.right_id);
    audit.same_as(place("resident_id"), &acted.resident_id, &own.0, order.by());
    audit.same_as(place("right_kind"), &acted.right_kind, &own.1, order.by());
    audit.same_as(place("right_id"), &acted.right_id, &own.2, order.by());
    audit.same_as(place("actor_kind"), &acted.actor_kind, &order.actor_kind.as_str(), order.by());
    audit.same_as(place("actor_id"), &acted.actor_id, &order.actor_id, order.by());
}

fn told(
    audit: &mut Audit<'_>,
    acted: Acted<'_>,
    order: StandingOrderId,
    outcome: Option<&OutcomeRow>,
    named: bool,
) {
    let place = Place {
        fact: "asked for by an order",
        table: acted.table,
        row: acted.row,
        column: "standing_order_id",
    };
    let mut by: Vec<By<'_>> = vec![(ORDERS, &order)];
    by.extend(outcome.map(|outcome| (OUTCOMES, &outcome.id as &dyn Display)));
    audit.holds_by(place, named, &order, "told in the outcome of the order", &by);
}

/// An order that was never changed was tried at every menu of its canteen on which it holds and that was published while
/// it stood, or was open when it was made, and at no other; mode and rule are as it says.
fn as_ordered(audit: &mut Audit<'_>, meal: &Meal, order: &OrderRow) {
    let (Some(terms), Some(period)) = (order.first_terms(), Period::from_word(&meal.menu.period)) else {
        return;
    };
    let outcome = meal.outcome_of(order.id);
    let mode = terms.mode_for(meal.menu.served_on, period);
    match (mode, outcome) {
        (Some(mode), Some(outcome)) => chosen(audit, meal, order, mode, outcome),
        (None, Some(outcome)) => {
            let place = place(&outcome.id, "menu_id");
            audit.holds_by(place, false, &meal.menu.id, "a menu for which the order holds", &[order.by()]);
        }
        (Some(_), None) => {
            let place = Place { fact: "no menu missed", table: ORDERS, row: &order.id, column: "*" };
            let menu = [("menus", &meal.menu.id as &dyn Display)];
            audit.holds_by(place, !tried(meal, order), &None::<()>, "an outcome at the menu", &menu);
        }
        (None, None) => {}
    }
}

/// Whether an order was tried at a menu beyond doubt: acts that overlap may have been in either order.
fn tried(meal: &Meal, order: &OrderRow) -> bool {
    let menu = &meal.menu;
    let Some(published_at) = menu.published_at.filter(|_| order.canteen_id == menu.canteen_id) else {
        return false;
    };
    let withdrawn = menu.status == MenuStatus::Withdrawn.as_str();
    if order.created_at <= published_at {
        let stood = order.ended_at.is_none_or(|ended| published_at + CONCURRENT < ended);
        return stood && published_at <= menu.cutoff_at;
    }
    order.created_at <= menu.cutoff_at && !withdrawn
}

fn chosen(audit: &mut Audit<'_>, meal: &Meal, order: &OrderRow, mode: Mode, outcome: &OutcomeRow) {
    if let Some(entry) = meal.line.iter().find(|entry| Some(entry.row.id) == outcome.waiting_id) {
        let place =
            |column| Place { fact: "as ordered", table: "waiting_entries", row: &entry.row.id, column };
        audit.same_as(place("mode"), &entry.row.mode.as_str(), &mode.as_str(), order.by());
        audit.same_as(place("item_rule"), &entry.row.item_rule, &Some(order.item_rule.clone()), order.by());
    }
    if let Some(reserved) = outcome.reservation_id.and_then(|id| meal.reserved(id)) {
        let Some(placed) = reserved.events.first() else { return };
        let place =
            Place { fact: "as ordered", table: "reservation_events", row: &placed.key, column: "mode" };
        audit.same_as(place, &placed.row.mode.as_str(), &mode.as_str(), order.by());
    }
}
