//! The statements on `waiting_entries`.

use diesel::prelude::*;

use super::{Demand, Entry, Listing, Settled, WaitingStatus, Wanted};
use crate::{
    access::{Actor, ActorKind, Right, RightKind},
    clock::At,
    db::{Both, Conn, Json, MultiBackend, schema::waiting_entries},
    headcounts::Channel,
    ids::{AnyoneId, MenuId, ReservationId, ResidentId, StandingOrderId, WaitingEntryId},
    menus::Pick,
    page::Window,
    problem::Told,
    reservations::ItemRule,
    words::{Bilingual, Mode},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = waiting_entries)]
struct Row {
    id: WaitingEntryId,
    menu_id: MenuId,
    resident_id: ResidentId,
    position: i32,
    status: WaitingStatus,
    mode: Mode,
    lines: Json<Vec<Pick>>,
    item_rule: Option<ItemRule>,
    confirmed_allergens: Json<Vec<String>>,
    channel: Channel,
    standing_order_id: Option<StandingOrderId>,
    right_kind: RightKind,
    right_id: Option<AnyoneId>,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
    joined_at: At,
    settled_at: Option<At>,
    reservation_id: Option<ReservationId>,
    reason: Option<String>,
    said: Option<Json<Bilingual>>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Entry {
        Entry {
            id: row.id,
            menu_id: row.menu_id,
            resident_id: row.resident_id,
            position: row.position,
            status: row.status,
            wanted: Wanted {
                mode: row.mode,
                demand: row.item_rule.map_or(Demand::Lines(row.lines.0), Demand::Rule),
                confirmed_allergens: row.confirmed_allergens.0,
            },
            channel: row.channel,
            standing_order: row.standing_order_id,
            right: Right { kind: row.right_kind, id: row.right_id },
            actor: Actor::from_columns(row.actor_kind, row.actor_id),
            joined_at: row.joined_at,
            settled_at: row.settled_at,
            reservation_id: row.reservation_id,
            why: row.reason.zip(row.said).map(|(reason, said)| Told { reason, said: said.0 }),
        }
    }
}

/// False when the resident waits for this menu already.
pub(super) fn insert(conn: &mut Conn, entry: &Entry) -> QueryResult<bool> {
    let (lines, item_rule) = match &entry.wanted.demand {
        Demand::Lines(lines) => (lines.clone(), None),
        Demand::Rule(rule) => (Vec::new(), Some(*rule)),
    };
    let row = Row {
        id: entry.id,
        menu_id: entry.menu_id,
        resident_id: entry.resident_id,
        position: entry.position,
        status: entry.status,
        mode: entry.wanted.mode,
        lines: Json(lines),
        item_rule,
        confirmed_allergens: Json(entry.wanted.confirmed_allergens.clone()),
        channel: entry.channel,
        standing_order_id: entry.standing_order,
        right_kind: entry.right.kind,
        right_id: entry.right.id,
        actor_kind: entry.actor.kind(),
        actor_id: entry.actor.id(),
        joined_at: entry.joined_at,
        settled_at: None,
        reservation_id: None,
        reason: None,
        said: None,
    };
    let inserted = Both(diesel::insert_into(waiting_entries::table).values(row).on_conflict_do_nothing())
        .execute(conn)?;
    Ok(inserted == 1)
}

/// Writes what became of an entry that waits; false when it waits no more.
pub(super) fn settle(conn: &mut Conn, id: WaitingEntryId, settled: &Settled, now: At) -> QueryResult<bool> {
    let why = settled.why();
    let waiting = waiting_entries::table.find(id).filter(waiting_entries::status.eq(WaitingStatus::Waiting));
    let written = diesel::update(waiting)
        .set((
            waiting_entries::status.eq(settled.status()),
            waiting_entries::settled_at.eq(now),
            waiting_entries::reservation_id.eq(settled.reservation()),
            waiting_entries::reason.eq(why.map(|why| why.reason.clone())),
            waiting_entries::said.eq(why.map(|why| Json(why.said.clone()))),
        ))
        .execute(conn)?;
    Ok(written == 1)
}

/// Ends everybody who waits for a menu.
pub(super) fn end_all(conn: &mut Conn, menu: MenuId, why: &Told, now: At) -> QueryResult<()> {
    let waiting = waiting_entries::table
        .filter(waiting_entries::menu_id.eq(menu))
        .filter(waiting_entries::status.eq(WaitingStatus::Waiting));
    diesel::update(waiting)
        .set((
            waiting_entries::status.eq(WaitingStatus::Ended),
            waiting_entries::settled_at.eq(now),
            waiting_entries::reason.eq(&why.reason),
            waiting_entries::said.eq(Json(why.said.clone())),
        ))
        .execute(conn)
        .map(|_| ())
}

/// The first in line.
pub(super) fn first(conn: &mut Conn, menu: MenuId) -> QueryResult<Option<Entry>> {
    let row: Option<Row> = waiting_entries::table
        .filter(waiting_entries::menu_id.eq(menu))
        .filter(waiting_entries::status.eq(WaitingStatus::Waiting))
        .order(waiting_entries::position)
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(Entry::from))
}

/// The numbers in line of those who wait, in order.
pub(super) fn positions(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<i32>> {
    waiting_entries::table
        .filter(waiting_entries::menu_id.eq(menu))
        .filter(waiting_entries::status.eq(WaitingStatus::Waiting))
        .order(waiting_entries::position)
        .select(waiting_entries::position)
        .load(conn)
}

pub(super) fn waiting_of_resident(conn: &mut Conn, resident: ResidentId) -> QueryResult<Vec<Entry>> {
    entries(
        conn,
        waiting_entries::table
            .filter(waiting_entries::resident_id.eq(resident))
            .filter(waiting_entries::status.eq(WaitingStatus::Waiting))
            .into_boxed(),
    )
}

pub(super) fn waiting_of_order(conn: &mut Conn, order: StandingOrderId) -> QueryResult<Vec<Entry>> {
    entries(
        conn,
        waiting_entries::table
            .filter(waiting_entries::standing_order_id.eq(order))
            .filter(waiting_entries::status.eq(WaitingStatus::Waiting))
            .into_boxed(),
    )
}

pub(super) fn find(conn: &mut Conn, id: WaitingEntryId) -> QueryResult<Option<Entry>> {
    Ok(entries(conn, waiting_entries::table.filter(waiting_entries::id.eq(id)).into_boxed())?.pop())
}

/// In the order of the menus and of their lines.
fn entries(conn: &mut Conn, found: waiting_entries::BoxedQuery<'_, MultiBackend>) -> QueryResult<Vec<Entry>> {
    let rows: Vec<Row> = found
        .order((waiting_entries::menu_id, waiting_entries::position))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

pub(super) fn of_residents(
    conn: &mut Conn,
    residents: &[ResidentId],
    status: Option<WaitingStatus>,
    window: &Window<crate::ids::WaitingEntry>,
) -> QueryResult<Vec<Entry>> {
    let mut query = waiting_entries::table
        .filter(waiting_entries::resident_id.eq_any(residents.to_vec()))
        .order(waiting_entries::id.desc())
        .limit(window.rows())
        .select(Row::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(status) = status {
        query = query.filter(waiting_entries::status.eq(status));
    }
    if let Some(before) = window.after() {
        query = query.filter(waiting_entries::id.lt(before));
    }
    let rows: Vec<Row> = query.load(conn)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

pub(super) fn list(conn: &mut Conn, listing: &Listing) -> QueryResult<Vec<Entry>> {
    let mut query = waiting_entries::table
        .filter(waiting_entries::menu_id.eq(listing.menu))
        .limit(listing.window.rows())
        .into_boxed::<MultiBackend>();
    if let Some(residents) = &listing.residents {
        query = query.filter(waiting_entries::resident_id.eq_any(residents.clone()));
    }
    if let Some(status) = listing.status {
        query = query.filter(waiting_entries::status.eq(status));
    }
    if let Some(after) = listing.window.after() {
        // Ids of one instant or of two processes are not in the order of the line.
        let position: Option<i32> =
            waiting_entries::table.find(after).select(waiting_entries::position).first(conn).optional()?;
        query = query.filter(waiting_entries::position.gt(position.unwrap_or(i32::MAX)));
    }
    entries(conn, query)
}
