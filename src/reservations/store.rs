//! The statements on `reservations`, `reservation_lines` and `reservation_events`.

use std::collections::HashMap;

use diesel::{
    dsl::{exists, select},
    prelude::*,
};

use super::{CancelledAs, EventKind, Listing, Reservation, ReservationStatus};
use crate::{
    access::{Actor, ActorKind, Right, RightKind},
    changed,
    clock::At,
    db::{
        Conn, Json, MultiBackend,
        schema::{menus, reservation_events, reservation_lines, reservations},
        written,
    },
    each,
    headcounts::Channel,
    ids::{AnyoneId, MenuId, MenuItemId, QuoteId, ReservationId, ResidentId, StandingOrderId},
    insert_few, kept,
    menus::Pick,
    words::Mode,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = reservations, treat_none_as_default_value = false)]
struct Row {
    id: ReservationId,
    menu_id: MenuId,
    resident_id: ResidentId,
    status: ReservationStatus,
    mode: Mode,
    edition: i32,
    late: bool,
    served: bool,
    channel: Channel,
    right_kind: RightKind,
    right_id: Option<AnyoneId>,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
    quote_id: QuoteId,
    confirmed_allergens: Json<Vec<String>>,
    diet_tags: Json<Vec<String>>,
    standing_order_id: Option<StandingOrderId>,
    placed_at: At,
    cancelled_at: Option<At>,
    cancelled_as: Option<CancelledAs>,
    version: i32,
}

#[derive(Insertable)]
#[diesel(table_name = reservation_lines, treat_none_as_default_value = false)]
struct NewLine {
    reservation_id: ReservationId,
    position: i32,
    item_id: MenuItemId,
    portions: i32,
}

/// What one reservation has.
fn lines_of(conn: &mut Conn, id: ReservationId) -> QueryResult<Vec<Pick>> {
    let lines: Vec<(MenuItemId, i32)> = kept!(
        conn,
        load,
        reservation_lines::table
            .filter(reservation_lines::reservation_id.eq(id))
            .order(reservation_lines::position)
            .select((reservation_lines::item_id, reservation_lines::portions))
    )?;
    Ok(lines.into_iter().map(|(item_id, portions)| Pick { item_id, portions }).collect())
}

fn one(conn: &mut Conn, row: Option<Row>) -> QueryResult<Option<Reservation>> {
    row.map(|row| Ok(reservation(lines_of(conn, row.id)?, row))).transpose()
}

type Line = (ReservationId, MenuItemId, i32);

fn with_lines(conn: &mut Conn, rows: Vec<Row>) -> QueryResult<Vec<Reservation>> {
    let lines: Vec<Line> = each!(conn, c => reservation_lines::table
        .filter(reservation_lines::reservation_id.eq_any(rows.iter().map(|row| row.id)))
        .order((reservation_lines::reservation_id, reservation_lines::position))
        .select((reservation_lines::reservation_id, reservation_lines::item_id, reservation_lines::portions))
        .load(c))?;
    Ok(with(rows, lines))
}

/// Each with its own of these lines.
fn with(rows: Vec<Row>, lines: Vec<Line>) -> Vec<Reservation> {
    let mut by_reservation: HashMap<ReservationId, Vec<Pick>> = HashMap::new();
    for (reservation, item_id, portions) in lines {
        by_reservation.entry(reservation).or_default().push(Pick { item_id, portions });
    }
    rows.into_iter().map(|row| reservation(by_reservation.remove(&row.id).unwrap_or_default(), row)).collect()
}

fn reservation(lines: Vec<Pick>, row: Row) -> Reservation {
    Reservation {
        lines,
        id: row.id,
        menu_id: row.menu_id,
        resident_id: row.resident_id,
        status: row.status,
        mode: row.mode,
        edition: row.edition,
        late: row.late,
        served: row.served,
        channel: row.channel,
        right: Right { kind: row.right_kind, id: row.right_id },
        actor: Actor::from_columns(row.actor_kind, row.actor_id),
        quote_id: row.quote_id,
        confirmed_allergens: row.confirmed_allergens.0,
        diet_tags: row.diet_tags.0,
        standing_order: row.standing_order_id,
        placed_at: row.placed_at,
        cancelled_at: row.cancelled_at,
        cancelled_as: row.cancelled_as,
        version: row.version,
    }
}

/// False when the resident has a standing reservation for this menu (BR-20).
pub(super) fn insert(conn: &mut Conn, reservation: &Reservation) -> QueryResult<bool> {
    let row = Row {
        id: reservation.id,
        menu_id: reservation.menu_id,
        resident_id: reservation.resident_id,
        status: reservation.status,
        mode: reservation.mode,
        edition: reservation.edition,
        late: reservation.late,
        served: reservation.served,
        channel: reservation.channel,
        right_kind: reservation.right.kind,
        right_id: reservation.right.id,
        actor_kind: reservation.actor.kind(),
        actor_id: reservation.actor.id(),
        quote_id: reservation.quote_id,
        confirmed_allergens: Json(reservation.confirmed_allergens.clone()),
        diet_tags: Json(reservation.diet_tags.clone()),
        standing_order_id: reservation.standing_order,
        placed_at: reservation.placed_at,
        cancelled_at: reservation.cancelled_at,
        cancelled_as: reservation.cancelled_as,
        version: reservation.version,
    };
    let inserted =
        kept!(conn, execute, diesel::insert_into(reservations::table).values(&row).on_conflict_do_nothing())?;
    if inserted == 0 {
        return Ok(false);
    }
    insert_lines(conn, reservation)?;
    Ok(true)
}

fn insert_lines(conn: &mut Conn, reservation: &Reservation) -> QueryResult<()> {
    let lines: Vec<NewLine> = (0..)
        .zip(&reservation.lines)
        .map(|(position, pick)| NewLine {
            reservation_id: reservation.id,
            position,
            item_id: pick.item_id,
            portions: pick.portions,
        })
        .collect();
    insert_few!(conn, reservation_lines::table, lines)
}

/// Takes the row for a change; false when the version is another, or it was cancelled or served meanwhile.
pub(super) fn claim(conn: &mut Conn, id: ReservationId, version: i32) -> QueryResult<bool> {
    let open = reservations::table
        .find(id)
        .filter(reservations::status.eq(written(ReservationStatus::Active.as_str())))
        .filter(reservations::served.eq(false));
    let next = reservations::version.eq(version + 1);
    let claimed = diesel::update(open.filter(reservations::version.eq(version))).set(next);
    Ok(changed!(conn, claimed)? == 1)
}

/// Writes what was changed of a reservation that was claimed.
pub(super) fn update(conn: &mut Conn, changed: &Reservation) -> QueryResult<()> {
    diesel::update(reservations::table.find(changed.id))
        .set((
            reservations::mode.eq(changed.mode),
            reservations::edition.eq(changed.edition),
            reservations::late.eq(changed.late),
            reservations::quote_id.eq(changed.quote_id),
            reservations::confirmed_allergens.eq(Json(changed.confirmed_allergens.clone())),
        ))
        .execute(conn)?;
    diesel::delete(reservation_lines::table.filter(reservation_lines::reservation_id.eq(changed.id)))
        .execute(conn)?;
    insert_lines(conn, changed)
}

/// False when it was cancelled or served meanwhile.
pub(super) fn cancel(
    conn: &mut Conn,
    id: ReservationId,
    cancelled_as: CancelledAs,
    late: bool,
    now: At,
) -> QueryResult<bool> {
    let open = reservations::table
        .find(id)
        .filter(reservations::status.eq(written(ReservationStatus::Active.as_str())))
        .filter(reservations::served.eq(false));
    let cancelled = diesel::update(open).set((
        reservations::status.eq(ReservationStatus::Cancelled),
        reservations::cancelled_at.eq(now),
        reservations::cancelled_as.eq(cancelled_as),
        reservations::late.eq(late),
        reservations::version.eq(reservations::version + 1),
    ));
    let cancelled = changed!(conn, cancelled)?;
    Ok(cancelled == 1)
}

/// False when it was cancelled, or is marked so already.
pub(super) fn set_served(conn: &mut Conn, id: ReservationId, served: bool) -> QueryResult<bool> {
    let standing = reservations::table
        .find(id)
        .filter(reservations::status.eq(written(ReservationStatus::Active.as_str())))
        .filter(reservations::served.eq(!served));
    let marked = diesel::update(standing)
        .set((reservations::served.eq(served), reservations::version.eq(reservations::version + 1)));
    let marked = changed!(conn, marked)?;
    Ok(marked == 1)
}

#[derive(Insertable)]
#[diesel(table_name = reservation_events, treat_none_as_default_value = false)]
struct NewEvent {
    reservation_id: ReservationId,
    version: i32,
    kind: EventKind,
    recorded_at: At,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
    channel: Channel,
    mode: Mode,
    detail: Json<Vec<Pick>>,
}

/// Keeps what was done to a reservation, as it is since.
pub(super) fn insert_event(
    conn: &mut Conn,
    reservation: &Reservation,
    kind: EventKind,
    by: Actor,
    now: At,
) -> QueryResult<()> {
    let event = NewEvent {
        reservation_id: reservation.id,
        version: reservation.version,
        kind,
        recorded_at: now,
        actor_kind: by.kind(),
        actor_id: by.id(),
        channel: reservation.channel,
        mode: reservation.mode,
        detail: Json(reservation.lines.clone()),
    };
    kept!(conn, execute, diesel::insert_into(reservation_events::table).values(&event)).map(|_| ())
}

pub(super) fn find(conn: &mut Conn, id: ReservationId) -> QueryResult<Option<Reservation>> {
    let row = kept!(conn, get_result, reservations::table.find(id).select(Row::as_select())).optional()?;
    one(conn, row)
}

pub(super) fn active_of(
    conn: &mut Conn,
    menu: MenuId,
    resident: ResidentId,
) -> QueryResult<Option<Reservation>> {
    let row = kept!(
        conn,
        get_result,
        reservations::table
            .filter(reservations::menu_id.eq(menu))
            .filter(reservations::resident_id.eq(resident))
            .filter(reservations::status.eq(written(ReservationStatus::Active.as_str())))
            .select(Row::as_select())
    )
    .optional()?;
    one(conn, row)
}

pub(super) fn has_active(conn: &mut Conn, menu: MenuId, resident: ResidentId) -> QueryResult<bool> {
    let active = reservations::table
        .filter(reservations::menu_id.eq(menu))
        .filter(reservations::resident_id.eq(resident))
        .filter(reservations::status.eq(written(ReservationStatus::Active.as_str())));
    kept!(conn, get_result, select(exists(active)))
}

pub(super) fn latest_of(
    conn: &mut Conn,
    menu: MenuId,
    resident: ResidentId,
) -> QueryResult<Option<Reservation>> {
    let rows = reservations::table
        .filter(reservations::menu_id.eq(menu))
        .filter(reservations::resident_id.eq(resident))
        .order(reservations::id.desc())
        .limit(1)
        .select(Row::as_select())
        .load(conn)?;
    Ok(with_lines(conn, rows)?.pop())
}

pub(super) fn active_of_menu(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<Reservation>> {
    let rows = kept!(
        conn,
        load,
        reservations::table
            .filter(reservations::menu_id.eq(menu))
            .filter(reservations::status.eq(ReservationStatus::Active))
            .order(reservations::id)
            .select(Row::as_select())
    )?;
    let lines = kept!(
        conn,
        load,
        reservation_lines::table
            .inner_join(reservations::table)
            .filter(reservations::menu_id.eq(menu))
            .filter(reservations::status.eq(ReservationStatus::Active))
            .order((reservation_lines::reservation_id, reservation_lines::position))
            .select((
                reservation_lines::reservation_id,
                reservation_lines::item_id,
                reservation_lines::portions
            ))
    )?;
    Ok(with(rows, lines))
}

pub(super) fn cancelled_by_canteen(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<Reservation>> {
    let rows = reservations::table
        .filter(reservations::menu_id.eq(menu))
        .filter(reservations::cancelled_as.eq(CancelledAs::ByCanteen))
        .order(reservations::id)
        .select(Row::as_select())
        .load(conn)?;
    with_lines(conn, rows)
}

/// Standing and not served, of menus that are not over: cost does not grow with the resident's history.
pub(super) fn open_of_resident(conn: &mut Conn, resident: ResidentId) -> QueryResult<Vec<Reservation>> {
    let rows = reservations::table
        .inner_join(menus::table)
        .filter(reservations::resident_id.eq(resident))
        .filter(reservations::status.eq(ReservationStatus::Active))
        .filter(reservations::served.eq(false))
        .filter(menus::status.eq("published"))
        .order(reservations::id)
        .select(Row::as_select())
        .load(conn)?;
    with_lines(conn, rows)
}

/// As [`open_of_resident`], of what one standing order made.
pub(super) fn open_of_standing_order(
    conn: &mut Conn,
    order: StandingOrderId,
) -> QueryResult<Vec<Reservation>> {
    let rows = reservations::table
        .inner_join(menus::table)
        .filter(reservations::standing_order_id.eq(order))
        .filter(reservations::status.eq(ReservationStatus::Active))
        .filter(reservations::served.eq(false))
        .filter(menus::status.eq("published"))
        .order(reservations::id)
        .select(Row::as_select())
        .load(conn)?;
    with_lines(conn, rows)
}

/// Every menu that the resident has a standing reservation for, over or not.
pub(super) fn menus_of(conn: &mut Conn, resident: ResidentId) -> QueryResult<Vec<MenuId>> {
    reservations::table
        .filter(reservations::resident_id.eq(resident))
        .filter(reservations::status.eq(ReservationStatus::Active))
        .select(reservations::menu_id)
        .load(conn)
}

pub(super) fn list(conn: &mut Conn, listing: &Listing) -> QueryResult<Vec<Reservation>> {
    let mut query = reservations::table
        .order(reservations::id.desc())
        .limit(listing.window.rows())
        .select(Row::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(residents) = &listing.residents {
        query = query.filter(reservations::resident_id.eq_any(residents.clone()));
    }
    if let Some(menu) = listing.menu {
        query = query.filter(reservations::menu_id.eq(menu));
    }
    if let Some(status) = listing.status {
        query = query.filter(reservations::status.eq(status));
    }
    if let Some(before) = listing.window.after() {
        query = query.filter(reservations::id.lt(before));
    }
    let rows = query.load(conn)?;
    with_lines(conn, rows)
}
