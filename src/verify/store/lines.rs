//! Waiting lists and standing orders.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    clock::At,
    db::{
        Conn,
        schema::{standing_order_outcomes as outcomes, standing_orders, waiting_entries},
    },
    ids::{
        AnyoneId, CanteenId, MenuId, ReservationId, ResidentId, StandingOrderId, StandingOrderOutcomeId,
        WaitingEntryId,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = waiting_entries)]
pub(in crate::verify) struct EntryInLine {
    pub id: WaitingEntryId,
    pub resident_id: ResidentId,
    pub position: i32,
    pub status: String,
    pub mode: String,
    pub lines: String,
    pub item_rule: Option<String>,
    pub confirmed_allergens: String,
    pub channel: String,
    pub standing_order_id: Option<StandingOrderId>,
    pub right_kind: String,
    pub right_id: Option<AnyoneId>,
    pub actor_kind: String,
    pub actor_id: Option<AnyoneId>,
    pub joined_at: At,
    pub settled_at: Option<At>,
    pub reservation_id: Option<ReservationId>,
    pub reason: Option<String>,
    pub said: Option<String>,
}

/// Everybody who ever waited for a menu, in the order of the line.
pub(in crate::verify) fn line(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<EntryInLine>> {
    waiting_entries::table
        .filter(waiting_entries::menu_id.eq(menu))
        .order(waiting_entries::position)
        .select(EntryInLine::as_select())
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = standing_orders)]
pub(in crate::verify) struct OrderRow {
    pub id: StandingOrderId,
    pub resident_id: ResidentId,
    pub canteen_id: CanteenId,
    pub status: String,
    pub from_on: NaiveDate,
    pub to_on: Option<NaiveDate>,
    pub meals: String,
    pub item_rule: String,
    pub pauses: String,
    pub skips: String,
    pub right_kind: String,
    pub right_id: Option<AnyoneId>,
    pub actor_kind: String,
    pub actor_id: Option<AnyoneId>,
    pub created_at: At,
    pub ended_at: Option<At>,
    pub version: i32,
}

/// The orders at a canteen whose days include this one, whether they stand or not.
pub(in crate::verify) fn orders_at(
    conn: &mut Conn,
    canteen: CanteenId,
    on: NaiveDate,
) -> QueryResult<Vec<OrderRow>> {
    standing_orders::table
        .filter(standing_orders::canteen_id.eq(canteen))
        .filter(standing_orders::from_on.le(on))
        .filter(standing_orders::to_on.is_null().or(standing_orders::to_on.ge(on)))
        .select(OrderRow::as_select())
        .load(conn)
}

pub(in crate::verify) fn orders_by_ids(
    conn: &mut Conn,
    ids: &BTreeSet<StandingOrderId>,
) -> QueryResult<Vec<OrderRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    standing_orders::table
        .filter(standing_orders::id.eq_any(ids.iter().copied()))
        .select(OrderRow::as_select())
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = outcomes)]
pub(in crate::verify) struct OutcomeRow {
    pub id: StandingOrderOutcomeId,
    pub standing_order_id: StandingOrderId,
    pub status: String,
    pub reservation_id: Option<ReservationId>,
    pub waiting_id: Option<WaitingEntryId>,
    pub reason: Option<String>,
    pub said: Option<String>,
    pub recorded_at: At,
}

/// What standing orders came to at a menu.
pub(in crate::verify) fn outcomes(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<OutcomeRow>> {
    outcomes::table
        .filter(outcomes::menu_id.eq(menu))
        .order(outcomes::id)
        .select(OutcomeRow::as_select())
        .load(conn)
}
