//! The statements on `menus`, `menu_items` and `menu_editions`.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{Item, Mark, Menu, MenuStatus, Turn};
use crate::{
    access::Actor,
    changed,
    clock::At,
    db::{
        Both, Conn, Json, Kept,
        schema::{menu_editions, menu_items, menus},
    },
    each, guards,
    ids::{CanteenId, MenuId, MenuItemId},
    kept,
    money::Fen,
    words::{ItemKind, Mode, Period},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = menus)]
struct MenuRow {
    id: MenuId,
    canteen_id: CanteenId,
    served_on: NaiveDate,
    period: Period,
    status: MenuStatus,
    capacity: i32,
    taken: i32,
    modes: Json<Vec<Mode>>,
    delivery_fee_fen: Fen,
    note: String,
    cutoff_at: At,
    serves_from_at: At,
    serves_to_at: At,
    published_at: Option<At>,
    closed_at: Option<At>,
    edition: i32,
    version: i32,
    waiting: i32,
    queued: i32,
    changes: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = menu_items, treat_none_as_default_value = false)]
struct ItemRow {
    id: MenuItemId,
    menu_id: MenuId,
    position: i32,
    name: String,
    kind: ItemKind,
    price_fen: Fen,
    portions: Option<i32>,
    taken: i32,
    allergens: Json<Vec<String>>,
    diet_tags: Json<Vec<String>>,
    removed: bool,
}

impl ItemRow {
    fn of(menu_id: MenuId, position: i32, item: &Item) -> ItemRow {
        ItemRow {
            id: item.id,
            menu_id,
            position,
            name: item.name.clone(),
            kind: item.kind,
            price_fen: item.price_fen,
            portions: item.portions,
            taken: item.taken,
            allergens: Json(item.allergens.clone()),
            diet_tags: Json(item.diet_tags.clone()),
            removed: item.removed,
        }
    }
}

impl From<ItemRow> for Item {
    fn from(row: ItemRow) -> Item {
        Item {
            id: row.id,
            name: row.name,
            kind: row.kind,
            price_fen: row.price_fen,
            portions: row.portions,
            taken: row.taken,
            allergens: row.allergens.0,
            diet_tags: row.diet_tags.0,
            removed: row.removed,
        }
    }
}

fn with_items(conn: &mut Conn, rows: Vec<MenuRow>) -> QueryResult<Vec<Menu>> {
    let items: Vec<ItemRow> = each!(conn, c => menu_items::table
        .filter(menu_items::menu_id.eq_any(rows.iter().map(|row| row.id)))
        .order((menu_items::menu_id, menu_items::position, menu_items::id))
        .select(ItemRow::as_select())
        .load(c))?;
    let mut by_menu: HashMap<MenuId, Vec<Item>> = HashMap::new();
    for row in items {
        by_menu.entry(row.menu_id).or_default().push(row.into());
    }
    Ok(rows.into_iter().map(|row| menu(by_menu.remove(&row.id).unwrap_or_default(), row)).collect())
}

fn menu(items: Vec<Item>, row: MenuRow) -> Menu {
    Menu {
        items,
        id: row.id,
        canteen_id: row.canteen_id,
        served_on: row.served_on,
        period: row.period,
        status: row.status,
        capacity: row.capacity,
        taken: row.taken,
        modes: row.modes.0,
        delivery_fee_fen: row.delivery_fee_fen,
        note: row.note,
        cutoff_at: row.cutoff_at,
        serves_from_at: row.serves_from_at,
        serves_to_at: row.serves_to_at,
        published_at: row.published_at,
        closed_at: row.closed_at,
        edition: row.edition,
        version: row.version,
        waiting: row.waiting,
        changes: row.changes,
    }
}

pub(super) fn find(conn: &mut Conn, id: MenuId) -> QueryResult<Option<Menu>> {
    let row: Option<MenuRow> =
        kept!(conn, get_result, menus::table.find(id).select(MenuRow::as_select())).optional()?;
    let Some(row) = row else { return Ok(None) };
    let items: Vec<ItemRow> = kept!(
        conn,
        load,
        menu_items::table
            .filter(menu_items::menu_id.eq(id))
            .order((menu_items::position, menu_items::id))
            .select(ItemRow::as_select())
    )?;
    Ok(Some(menu(items.into_iter().map(Item::from).collect(), row)))
}

pub(super) fn mark(conn: &mut Conn, id: MenuId) -> QueryResult<Option<Mark>> {
    kept!(conn, get_result, menus::table.find(id).select(Mark::as_select())).optional()
}

pub(super) fn marks(
    conn: &mut Conn,
    canteen: CanteenId,
    from_on: NaiveDate,
    to_on: NaiveDate,
) -> QueryResult<Vec<Mark>> {
    kept!(
        conn,
        load,
        menus::table
            .filter(menus::canteen_id.eq(canteen))
            .filter(menus::served_on.between(from_on, to_on))
            .order(menus::id)
            .select(Mark::as_select())
    )
}

pub(super) fn by_ids(conn: &mut Conn, ids: &[MenuId]) -> QueryResult<Vec<Menu>> {
    let rows = menus::table
        .filter(menus::id.eq_any(ids.iter().copied()))
        .order(menus::id)
        .select(MenuRow::as_select())
        .load(conn)?;
    with_items(conn, rows)
}

pub(super) fn between(
    conn: &mut Conn,
    canteen: CanteenId,
    from_on: NaiveDate,
    to_on: NaiveDate,
) -> QueryResult<Vec<Menu>> {
    let mut rows: Vec<MenuRow> = kept!(
        conn,
        load,
        menus::table
            .filter(menus::canteen_id.eq(canteen))
            .filter(menus::served_on.between(from_on, to_on))
            .order(menus::served_on)
            .select(MenuRow::as_select())
    )?;
    rows.sort_by_key(|row| (row.served_on, row.period, row.id));
    with_items(conn, rows)
}

/// How many menus, or their lines, are closed in one transaction, while everybody who writes waits.
const CLOSED_AT_ONCE: i64 = 20;

pub(super) fn to_close(conn: &mut Conn, served_before: At) -> QueryResult<Vec<MenuId>> {
    menus::table
        .filter(menus::status.eq(MenuStatus::Published))
        .filter(menus::serves_to_at.le(served_before))
        .order((menus::serves_to_at.desc(), menus::id))
        .limit(CLOSED_AT_ONCE)
        .select(menus::id)
        .load(conn)
}

/// False when the canteen has a menu for this meal (BR-10).
pub(super) fn insert(conn: &mut Conn, menu: &Menu) -> QueryResult<bool> {
    let row = MenuRow {
        id: menu.id,
        canteen_id: menu.canteen_id,
        served_on: menu.served_on,
        period: menu.period,
        status: menu.status,
        capacity: menu.capacity,
        taken: menu.taken,
        modes: Json(menu.modes.clone()),
        delivery_fee_fen: menu.delivery_fee_fen,
        note: menu.note.clone(),
        cutoff_at: menu.cutoff_at,
        serves_from_at: menu.serves_from_at,
        serves_to_at: menu.serves_to_at,
        published_at: menu.published_at,
        closed_at: menu.closed_at,
        edition: menu.edition,
        version: menu.version,
        waiting: menu.waiting,
        queued: menu.waiting,
        changes: menu.changes,
    };
    let inserted =
        Both(diesel::insert_into(menus::table).values(row).on_conflict_do_nothing()).execute(conn)?;
    if inserted == 0 {
        return Ok(false);
    }
    for (position, item) in (0..).zip(&menu.items) {
        insert_item(conn, menu.id, position, item)?;
    }
    Ok(true)
}

pub(super) fn insert_item(conn: &mut Conn, menu: MenuId, position: i32, item: &Item) -> QueryResult<()> {
    diesel::insert_into(menu_items::table).values(ItemRow::of(menu, position, item)).execute(conn).map(|_| ())
}

/// False when more portions are taken than there would be.
pub(super) fn update_item(conn: &mut Conn, position: i32, item: &Item) -> QueryResult<bool> {
    let enough = menu_items::taken.le(item.portions.unwrap_or(i32::MAX));
    let updated = diesel::update(menu_items::table.find(item.id).filter(enough))
        .set((
            menu_items::position.eq(position),
            menu_items::name.eq(&item.name),
            menu_items::kind.eq(item.kind),
            menu_items::price_fen.eq(item.price_fen),
            menu_items::portions.eq(item.portions),
            menu_items::allergens.eq(Json(item.allergens.clone())),
            menu_items::diet_tags.eq(Json(item.diet_tags.clone())),
            menu_items::removed.eq(false),
        ))
        .execute(conn)?;
    Ok(updated == 1)
}

pub(super) fn strike_item(conn: &mut Conn, id: MenuItemId) -> QueryResult<()> {
    diesel::update(menu_items::table.find(id)).set(menu_items::removed.eq(true)).execute(conn).map(|_| ())
}

/// What of a menu can be edited, besides its items.
pub(super) struct Header {
    pub capacity: i32,
    pub modes: Vec<Mode>,
    pub note: String,
    pub edition: i32,
}

/// False when the version is another, the menu is not open for changes, or more places are taken than there would be.
pub(super) fn update_header(conn: &mut Conn, id: MenuId, version: i32, header: &Header) -> QueryResult<bool> {
    let open = menus::table
        .find(id)
        .filter(menus::version.eq(version))
        .filter(menus::status.eq_any([MenuStatus::Draft, MenuStatus::Published]))
        .filter(menus::taken.le(header.capacity));
    let updated = diesel::update(open)
        .set((
            menus::capacity.eq(header.capacity),
            menus::modes.eq(Json(header.modes.clone())),
            menus::note.eq(&header.note),
            menus::edition.eq(header.edition),
            menus::version.eq(version + 1),
            menus::changes.eq(menus::changes + 1),
        ))
        .execute(conn)?;
    Ok(updated == 1)
}

/// False when it is no draft.
pub(super) fn publish(conn: &mut Conn, id: MenuId, now: At) -> QueryResult<bool> {
    let draft = menus::table.find(id).filter(menus::status.eq(MenuStatus::Draft));
    let published = diesel::update(draft)
        .set((
            menus::status.eq(MenuStatus::Published),
            menus::published_at.eq(now),
            menus::edition.eq(1),
            menus::version.eq(menus::version + 1),
            menus::changes.eq(menus::changes + 1),
        ))
        .execute(conn)?;
    Ok(published == 1)
}

/// False when the status is none of `from`.
pub(super) fn set_status(
    conn: &mut Conn,
    id: MenuId,
    from: &[MenuStatus],
    to: MenuStatus,
    closed_at: Option<At>,
) -> QueryResult<bool> {
    let changed = diesel::update(menus::table.find(id).filter(menus::status.eq_any(from.iter().copied())))
        .set((
            menus::status.eq(to),
            menus::closed_at.eq(closed_at),
            menus::version.eq(menus::version + 1),
            menus::changes.eq(menus::changes + 1),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

pub(super) fn insert_edition(
    conn: &mut Conn,
    menu: MenuId,
    edition: i32,
    document: &str,
    by: Actor,
    now: At,
) -> QueryResult<()> {
    diesel::insert_into(menu_editions::table)
        .values((
            menu_editions::menu_id.eq(menu),
            menu_editions::edition.eq(edition),
            menu_editions::document.eq(document),
            menu_editions::changed_at.eq(now),
            menu_editions::actor_kind.eq(by.kind()),
            menu_editions::actor_id.eq(by.id()),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Takes a place; false when the menu is full (BR-25), when others wait for it, or in none of these states any more.
pub fn take_seat(conn: &mut Conn, id: MenuId, while_in: &[MenuStatus], turn: Turn) -> QueryResult<bool> {
    let most_waiting = match turn {
        Turn::Anybody if !guards::is_off("line") => 0,
        Turn::Anybody | Turn::PastTheLine => i32::MAX,
    };
    let open = menus::table
        .find(id)
        .filter(menus::status.eq_any(while_in.to_vec()))
        .filter(menus::waiting.le(most_waiting));
    let one_more = (menus::taken.eq(menus::taken + 1), menus::changes.eq(menus::changes + 1));
    let taken = if guards::is_off("capacity") {
        diesel::update(open).set(one_more).execute(conn)?
    } else {
        let free = menus::taken.lt(menus::capacity);
        // The states that it may be in are a list.
        let taken = diesel::update(open.filter(free)).set(one_more).returning(menus::id);
        each!(conn, c => Kept(taken).load(c)).map(|taken: Vec<MenuId>| taken.len())?
    };
    Ok(taken == 1)
}

/// Gives a place back.
pub fn release_seat(conn: &mut Conn, id: MenuId) -> QueryResult<()> {
    let one_less = (menus::taken.eq(menus::taken - 1), menus::changes.eq(menus::changes + 1));
    changed!(conn, diesel::update(menus::table.find(id)).set(one_less)).map(|_| ())
}

/// Counts a change on each of these menus.
pub(super) fn count_changes(conn: &mut Conn, ids: &[MenuId]) -> QueryResult<()> {
    for id in ids {
        let changed = diesel::update(menus::table.find(id)).set(menus::changes.eq(menus::changes + 1));
        changed!(conn, changed)?;
    }
    Ok(())
}

/// Counts a change on a menu that is in this state; false when it is in another by now.
pub(super) fn count_change_in(conn: &mut Conn, id: MenuId, status: MenuStatus) -> QueryResult<bool> {
    let same = menus::table.find(id).filter(menus::status.eq(status));
    let counted = diesel::update(same).set(menus::changes.eq(menus::changes + 1));
    let counted = changed!(conn, counted)?;
    Ok(counted == 1)
}

/// Takes the menu's row until the end of the act, so that its line stands still, and says how many wait.
pub fn hold(conn: &mut Conn, id: MenuId) -> QueryResult<i32> {
    let held = diesel::update(menus::table.find(id)).set(menus::waiting.eq(menus::waiting));
    changed!(conn, held)?;
    kept!(conn, get_result, menus::table.find(id).select(menus::waiting))
}

/// One more waits: their number in line. None when the menu is not published, or its cut-off has passed.
pub fn queue(conn: &mut Conn, id: MenuId, now: At) -> QueryResult<Option<i32>> {
    let open = menus::table
        .find(id)
        .filter(menus::status.eq(MenuStatus::Published))
        .filter(menus::cutoff_at.ge(now));
    let queued = diesel::update(open)
        .set((
            menus::waiting.eq(menus::waiting + 1),
            menus::queued.eq(menus::queued + 1),
            menus::changes.eq(menus::changes + 1),
        ))
        .execute(conn)?;
    if queued == 0 {
        return Ok(None);
    }
    menus::table.find(id).select(menus::queued).first(conn).map(Some)
}

/// One fewer waits.
pub fn unqueue(conn: &mut Conn, id: MenuId) -> QueryResult<()> {
    diesel::update(menus::table.find(id))
        .set((menus::waiting.eq(menus::waiting - 1), menus::changes.eq(menus::changes + 1)))
        .execute(conn)
        .map(|_| ())
}

/// Nobody waits any more.
pub fn end_line(conn: &mut Conn, id: MenuId) -> QueryResult<()> {
    diesel::update(menus::table.find(id))
        .set((menus::waiting.eq(0), menus::changes.eq(menus::changes + 1)))
        .execute(conn)
        .map(|_| ())
}

/// Some of the menus whose cut-off lies before this instant while somebody still waits, the earliest first.
pub(super) fn past_cutoff_with_a_line(conn: &mut Conn, now: At) -> QueryResult<Vec<MenuId>> {
    menus::table
        .filter(menus::waiting.gt(0))
        .filter(menus::cutoff_at.lt(now))
        .order((menus::cutoff_at, menus::id))
        .limit(CLOSED_AT_ONCE)
        .select(menus::id)
        .load(conn)
}

/// Takes portions of an item; false when so many are not left (BR-25).
pub fn take_portions(conn: &mut Conn, id: MenuItemId, portions: i32) -> QueryResult<bool> {
    let item = menu_items::table.find(id);
    let taken = if guards::is_off("portions") {
        diesel::update(item).set(menu_items::taken.eq(menu_items::taken + portions)).execute(conn)?
    } else {
        let left = menu_items::portions
            .is_null()
            .or((menu_items::taken + portions).nullable().le(menu_items::portions));
        let taken = menu_items::taken.eq(menu_items::taken + portions);
        let taken = diesel::update(item.filter(left.assume_not_null())).set(taken);
        changed!(conn, taken)?
    };
    Ok(taken == 1)
}

/// Gives portions of an item back.
pub fn release_portions(conn: &mut Conn, id: MenuItemId, portions: i32) -> QueryResult<()> {
    let taken = menu_items::taken.eq(menu_items::taken - portions);
    changed!(conn, diesel::update(menu_items::table.find(id)).set(taken)).map(|_| ())
}
