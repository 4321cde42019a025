//! The statements on `standing_orders`, `standing_order_turns` and `standing_order_outcomes`.

use std::collections::HashSet;

use chrono::NaiveDate;
use diesel::{prelude::*, query_dsl::methods, upsert::excluded};

use super::{
    Listing, OrderStatus, Outcome, OutcomeStatus, OutcomesOf, Span, StandingOrder, Terms, WeeklyMeal,
};
use crate::{
    access::{Actor, ActorKind, Right, RightKind},
    clock::At,
    db::{
        Both, Conn, Json, MultiBackend,
        schema::{standing_order_outcomes as outcomes, standing_order_turns as turns, standing_orders},
    },
    guards,
    ids::{
        AnyoneId, CanteenId, MenuId, ReservationId, ResidentId, StandingOrderId, StandingOrderOutcomeId,
        WaitingEntryId,
    },
    page::Window,
    problem::Told,
    reservations::{CancelledAs, ItemRule},
    words::Bilingual,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = standing_orders)]
struct Row {
    id: StandingOrderId,
    resident_id: ResidentId,
    canteen_id: CanteenId,
    status: OrderStatus,
    from_on: NaiveDate,
    to_on: Option<NaiveDate>,
    meals: Json<Vec<WeeklyMeal>>,
    item_rule: ItemRule,
    pauses: Json<Vec<Span>>,
    skips: Json<Vec<NaiveDate>>,
    right_kind: RightKind,
    right_id: Option<AnyoneId>,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
    created_at: At,
    ended_at: Option<At>,
    ended_as: Option<CancelledAs>,
    version: i32,
}

impl From<Row> for StandingOrder {
    fn from(row: Row) -> StandingOrder {
        StandingOrder {
            id: row.id,
            resident_id: row.resident_id,
            canteen_id: row.canteen_id,
            status: row.status,
            terms: Terms {
                from_on: row.from_on,
                to_on: row.to_on,
                meals: row.meals.0,
                item_rule: row.item_rule,
                pauses: row.pauses.0,
                skips: row.skips.0,
            },
            right: Right { kind: row.right_kind, id: row.right_id },
            actor: Actor::from_columns(row.actor_kind, row.actor_id),
            created_at: row.created_at,
            ended_at: row.ended_at,
            ended_as: row.ended_as,
            version: row.version,
        }
    }
}

/// Waits until nobody else publishes at this canteen or makes, changes or ends a standing order there, and keeps others
/// waiting until the end of this act.
pub(super) fn take_turn(conn: &mut Conn, canteen: CanteenId) -> QueryResult<()> {
    if guards::is_off("turns") {
        return Ok(());
    }
    Both(
        diesel::insert_into(turns::table)
            .values((turns::canteen_id.eq(canteen), turns::turn.eq(1)))
            .on_conflict(turns::canteen_id)
            .do_update()
            .set(turns::turn.eq(turns::turn + 1)),
    )
    .execute(conn)
    .map(|_| ())
}

pub(super) fn insert(conn: &mut Conn, order: &StandingOrder) -> QueryResult<()> {
    let terms = &order.terms;
    let row = Row {
        id: order.id,
        resident_id: order.resident_id,
        canteen_id: order.canteen_id,
        status: order.status,
        from_on: terms.from_on,
        to_on: terms.to_on,
        meals: Json(terms.meals.clone()),
        item_rule: terms.item_rule,
        pauses: Json(terms.pauses.clone()),
        skips: Json(terms.skips.clone()),
        right_kind: order.right.kind,
        right_id: order.right.id,
        actor_kind: order.actor.kind(),
        actor_id: order.actor.id(),
        created_at: order.created_at,
        ended_at: order.ended_at,
        ended_as: order.ended_as,
        version: order.version,
    };
    diesel::insert_into(standing_orders::table).values(row).execute(conn).map(|_| ())
}

/// False when the version is another, or the order was ended.
pub(super) fn update(conn: &mut Conn, id: StandingOrderId, version: i32, terms: &Terms) -> QueryResult<bool> {
    let seen = standing_orders::table
        .find(id)
        .filter(standing_orders::status.eq(OrderStatus::Active))
        .filter(standing_orders::version.eq(version));
    let updated = diesel::update(seen)
        .set((
            standing_orders::from_on.eq(terms.from_on),
            standing_orders::to_on.eq(terms.to_on),
            standing_orders::meals.eq(Json(terms.meals.clone())),
            standing_orders::item_rule.eq(terms.item_rule),
            standing_orders::pauses.eq(Json(terms.pauses.clone())),
            standing_orders::skips.eq(Json(terms.skips.clone())),
            standing_orders::version.eq(version + 1),
        ))
        .execute(conn)?;
    Ok(updated == 1)
}

/// False when the version is another, or it was ended before.
pub(super) fn end(
    conn: &mut Conn,
    id: StandingOrderId,
    version: i32,
    ended_as: CancelledAs,
    now: At,
) -> QueryResult<bool> {
    let seen = standing_orders::table
        .find(id)
        .filter(standing_orders::status.eq(OrderStatus::Active))
        .filter(standing_orders::version.eq(version));
    let ended = diesel::update(seen)
        .set((
            standing_orders::status.eq(OrderStatus::Ended),
            standing_orders::ended_at.eq(now),
            standing_orders::ended_as.eq(ended_as),
            standing_orders::version.eq(version + 1),
        ))
        .execute(conn)?;
    Ok(ended == 1)
}

pub(super) fn end_all(
    conn: &mut Conn,
    resident: ResidentId,
    ended_as: CancelledAs,
    now: At,
) -> QueryResult<()> {
    let active = standing_orders::table
        .filter(standing_orders::resident_id.eq(resident))
        .filter(standing_orders::status.eq(OrderStatus::Active));
    diesel::update(active)
        .set((
            standing_orders::status.eq(OrderStatus::Ended),
            standing_orders::ended_at.eq(now),
            standing_orders::ended_as.eq(ended_as),
            standing_orders::version.eq(standing_orders::version + 1),
        ))
        .execute(conn)
        .map(|_| ())
}

pub(super) fn find(conn: &mut Conn, id: StandingOrderId) -> QueryResult<Option<StandingOrder>> {
    let row: Option<Row> = standing_orders::table.find(id).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(StandingOrder::from))
}

pub(super) fn by_ids(conn: &mut Conn, ids: &[StandingOrderId]) -> QueryResult<Vec<StandingOrder>> {
    let rows: Vec<Row> = standing_orders::table
        .filter(standing_orders::id.eq_any(ids.iter().copied()))
        .order(standing_orders::id)
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(StandingOrder::from).collect())
}

/// The orders that stand at a canteen and whose days include this one, the oldest first.
pub(super) fn active_at(
    conn: &mut Conn,
    canteen: CanteenId,
    on: NaiveDate,
) -> QueryResult<Vec<StandingOrder>> {
    let rows: Vec<Row> = standing_orders::table
        .filter(standing_orders::canteen_id.eq(canteen))
        .filter(standing_orders::status.eq(OrderStatus::Active))
        .filter(standing_orders::from_on.le(on))
        .filter(standing_orders::to_on.is_null().or(standing_orders::to_on.ge(on)))
        .order((standing_orders::created_at, standing_orders::id))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(StandingOrder::from).collect())
}

pub(super) fn active_of_resident(conn: &mut Conn, resident: ResidentId) -> QueryResult<Vec<StandingOrder>> {
    let rows: Vec<Row> = standing_orders::table
        .filter(standing_orders::resident_id.eq(resident))
        .filter(standing_orders::status.eq(OrderStatus::Active))
        .order(standing_orders::id)
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(StandingOrder::from).collect())
}

pub(super) fn list(conn: &mut Conn, listing: &Listing) -> QueryResult<Vec<StandingOrder>> {
    let mut query = standing_orders::table
        .order(standing_orders::id.desc())
        .limit(listing.window.rows())
        .select(Row::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(residents) = &listing.residents {
        query = query.filter(standing_orders::resident_id.eq_any(residents.clone()));
    }
    if let Some(canteen) = listing.canteen {
        query = query.filter(standing_orders::canteen_id.eq(canteen));
    }
    if let Some(status) = listing.status {
        query = query.filter(standing_orders::status.eq(status));
    }
    if let Some(before) = listing.window.after() {
        query = query.filter(standing_orders::id.lt(before));
    }
    let rows: Vec<Row> = query.load(conn)?;
    Ok(rows.into_iter().map(StandingOrder::from).collect())
}

// Outcomes ------------------------------------------------------------------------------------------------------------

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = outcomes)]
struct OutcomeRow {
    id: StandingOrderOutcomeId,
    standing_order_id: StandingOrderId,
    menu_id: MenuId,
    status: OutcomeStatus,
    reservation_id: Option<ReservationId>,
    waiting_id: Option<WaitingEntryId>,
    reason: Option<String>,
    said: Option<Json<Bilingual>>,
    recorded_at: At,
}

impl From<OutcomeRow> for Outcome {
    fn from(row: OutcomeRow) -> Outcome {
        Outcome {
            id: row.id,
            order_id: row.standing_order_id,
            menu_id: row.menu_id,
            status: row.status,
            reservation_id: row.reservation_id,
            waiting_id: row.waiting_id,
            why: row.reason.zip(row.said).map(|(reason, said)| Told { reason, said: said.0 }),
            recorded_at: row.recorded_at,
        }
    }
}

/// Writes what an order came to at a menu, in place of an attempt that came to nothing; false when there was another.
pub(super) fn record(conn: &mut Conn, outcome: &Outcome) -> QueryResult<bool> {
    let row = OutcomeRow {
        id: outcome.id,
        standing_order_id: outcome.order_id,
        menu_id: outcome.menu_id,
        status: outcome.status,
        reservation_id: outcome.reservation_id,
        waiting_id: outcome.waiting_id,
        reason: outcome.why.as_ref().map(|why| why.reason.clone()),
        said: outcome.why.as_ref().map(|why| Json(why.said.clone())),
        recorded_at: outcome.recorded_at,
    };
    let anew: &[OutcomeStatus] =
        if guards::is_off("once_each") { OutcomeStatus::ALL } else { &[OutcomeStatus::NotReserved] };
    let written = Both(methods::FilterDsl::filter(
        diesel::insert_into(outcomes::table)
            .values(row)
            .on_conflict((outcomes::standing_order_id, outcomes::menu_id))
            .do_update()
            .set((
                outcomes::status.eq(excluded(outcomes::status)),
                outcomes::reservation_id.eq(excluded(outcomes::reservation_id)),
                outcomes::waiting_id.eq(excluded(outcomes::waiting_id)),
                outcomes::reason.eq(excluded(outcomes::reason)),
                outcomes::said.eq(excluded(outcomes::said)),
                outcomes::recorded_at.eq(excluded(outcomes::recorded_at)),
            )),
        outcomes::status.eq_any(anew.to_vec()),
    ))
    .execute(conn)?;
    Ok(written == 1)
}

/// The menus at which an order is not tried again: it has or had a reservation there, waits, or its place in the line was
/// given up on purpose.
pub(super) fn done_menus(conn: &mut Conn, order: StandingOrderId) -> QueryResult<HashSet<MenuId>> {
    if guards::is_off("once_each") {
        return Ok(HashSet::new());
    }
    let done: Vec<MenuId> = outcomes::table
        .filter(outcomes::standing_order_id.eq(order))
        .filter(outcomes::status.ne(OutcomeStatus::NotReserved).or(outcomes::reason.is_null()))
        .select(outcomes::menu_id)
        .load(conn)?;
    Ok(done.into_iter().collect())
}

/// Writes what came of an order's place in a line.
pub(super) fn settle_waiting(
    conn: &mut Conn,
    waiting: WaitingEntryId,
    reservation: Option<ReservationId>,
    why: Option<&Told>,
) -> QueryResult<()> {
    let status = reservation.map_or(OutcomeStatus::NotReserved, |_| OutcomeStatus::Reserved);
    diesel::update(outcomes::table.filter(outcomes::waiting_id.eq(waiting)))
        .set((
            outcomes::status.eq(status),
            outcomes::reservation_id.eq(reservation),
            outcomes::reason.eq(why.map(|why| why.reason.clone())),
            outcomes::said.eq(why.map(|why| Json(why.said.clone()))),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Writes that nothing came of any order that waits for a menu.
pub(super) fn end_waiting(conn: &mut Conn, menu: MenuId, why: &Told) -> QueryResult<()> {
    let waiting = outcomes::table
        .filter(outcomes::menu_id.eq(menu))
        .filter(outcomes::status.eq(OutcomeStatus::Waiting));
    diesel::update(waiting)
        .set((
            outcomes::status.eq(OutcomeStatus::NotReserved),
            outcomes::reason.eq(&why.reason),
            outcomes::said.eq(Json(why.said.clone())),
        ))
        .execute(conn)
        .map(|_| ())
}

pub(super) fn outcomes(
    conn: &mut Conn,
    of: &OutcomesOf,
    status: Option<OutcomeStatus>,
    window: &Window<crate::ids::StandingOrderOutcome>,
) -> QueryResult<Vec<Outcome>> {
    let mut query = outcomes::table
        .order(outcomes::id.desc())
        .limit(window.rows())
        .select(OutcomeRow::as_select())
        .into_boxed::<MultiBackend>();
    query = match of {
        OutcomesOf::Order(order) => query.filter(outcomes::standing_order_id.eq(*order)),
        OutcomesOf::Menus(menus) => query.filter(outcomes::menu_id.eq_any(menus.clone())),
    };
    if let Some(status) = status {
        query = query.filter(outcomes::status.eq(status));
    }
    if let Some(before) = window.after() {
        query = query.filter(outcomes::id.lt(before));
    }
    let rows: Vec<OutcomeRow> = query.load(conn)?;
    Ok(rows.into_iter().map(Outcome::from).collect())
}
