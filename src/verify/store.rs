//! The auditor's statements. They read, across all tables, in batches by key; words and documents come as text.

mod door;
mod lines;

pub(super) use door::{DeviceRow, devices_by_ids, refusals_after, sessions_of_device};
pub(super) use lines::{EntryInLine, OrderRow, OutcomeRow, line, orders_at, orders_by_ids, outcomes};

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    canteens::Zone,
    clock::At,
    db::{
        Conn,
        schema::{
            accounts, attendances, audit_entries, canteens, closures, count_entries, devices, draws, facts,
            family_links, grants, menu_editions, menu_items, menus, policies, quotes, reservation_events,
            reservation_lines, reservations, resident_keys, residents, sessions, standing_orders,
            usage_windows, window_uses,
        },
    },
    ids::{
        AccountId, AnyoneId, AttendanceId, AuditEntryId, CanteenId, ClosureId, CountEntryId, DeviceId,
        FactId, FamilyLinkId, GrantId, MenuId, MenuItemId, PolicyId, QuoteId, ReservationId, ResidentId,
        SessionId, StandingOrderId,
    },
    money::Fen,
};

/// So many rows come at once.
pub(super) const BATCH: i64 = 500;

#[derive(Queryable, Selectable)]
#[diesel(table_name = menus)]
pub(super) struct MenuRow {
    pub id: MenuId,
    pub canteen_id: CanteenId,
    pub served_on: NaiveDate,
    pub period: String,
    pub status: String,
    pub capacity: i32,
    pub taken: i32,
    pub modes: String,
    pub delivery_fee_fen: Fen,
    pub note: String,
    pub cutoff_at: At,
    pub serves_from_at: At,
    pub serves_to_at: At,
    pub published_at: Option<At>,
    pub closed_at: Option<At>,
    pub edition: i32,
    pub waiting: i32,
    pub queued: i32,
}

/// Menus after this one, with the zones of their canteens, by id.
pub(super) fn menus_after(conn: &mut Conn, after: Option<MenuId>) -> QueryResult<Vec<(MenuRow, Zone)>> {
    let mut query = menus::table
        .inner_join(canteens::table)
        .order(menus::id)
        .limit(BATCH)
        .select((MenuRow::as_select(), canteens::time_zone))
        .into_boxed::<crate::db::MultiBackend>();
    if let Some(after) = after {
        query = query.filter(menus::id.gt(after));
    }
    query.load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = menu_items)]
pub(super) struct ItemRow {
    pub id: MenuItemId,
    pub position: i32,
    pub name: String,
    pub kind: String,
    pub price_fen: Fen,
    pub portions: Option<i32>,
    pub taken: i32,
    pub allergens: String,
    pub diet_tags: String,
    pub removed: bool,
}

pub(super) fn items(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<ItemRow>> {
    menu_items::table
        .filter(menu_items::menu_id.eq(menu))
        .order((menu_items::position, menu_items::id))
        .select(ItemRow::as_select())
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = menu_editions)]
pub(super) struct EditionRow {
    pub edition: i32,
    pub document: String,
    pub changed_at: At,
}

pub(super) fn editions(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<EditionRow>> {
    menu_editions::table
        .filter(menu_editions::menu_id.eq(menu))
        .order(menu_editions::edition)
        .select(EditionRow::as_select())
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = reservations)]
pub(super) struct ReservationRow {
    pub id: ReservationId,
    pub resident_id: ResidentId,
    pub status: String,
    pub mode: String,
    pub edition: i32,
    pub late: bool,
    pub served: bool,
    pub channel: String,
    pub right_kind: String,
    pub right_id: Option<AnyoneId>,
    pub actor_kind: String,
    pub actor_id: Option<AnyoneId>,
    pub quote_id: QuoteId,
    pub confirmed_allergens: String,
    pub diet_tags: String,
    pub standing_order_id: Option<StandingOrderId>,
    pub placed_at: At,
    pub cancelled_at: Option<At>,
    pub cancelled_as: Option<String>,
    pub version: i32,
}

pub(super) fn reservations(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<ReservationRow>> {
    reservations::table
        .filter(reservations::menu_id.eq(menu))
        .order(reservations::id)
        .select(ReservationRow::as_select())
        .load(conn)
}

/// Lines of a menu's reservations: whose, at which position, of what, how many.
pub(super) fn lines(
    conn: &mut Conn,
    menu: MenuId,
) -> QueryResult<Vec<(ReservationId, i32, MenuItemId, i32)>> {
    reservation_lines::table
        .inner_join(reservations::table)
        .filter(reservations::menu_id.eq(menu))
        .order((reservation_lines::reservation_id, reservation_lines::position))
        .select((
            reservation_lines::reservation_id,
            reservation_lines::position,
            reservation_lines::item_id,
            reservation_lines::portions,
        ))
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = reservation_events)]
pub(super) struct EventRow {
    pub reservation_id: ReservationId,
    pub version: i32,
    pub kind: String,
    pub recorded_at: At,
    pub actor_kind: String,
    pub actor_id: Option<AnyoneId>,
    pub channel: String,
    pub mode: String,
    pub detail: String,
}

/// The events of a menu's reservations, each reservation's in their order.
pub(super) fn events(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<EventRow>> {
    reservation_events::table
        .inner_join(reservations::table)
        .filter(reservations::menu_id.eq(menu))
        .order((reservation_events::reservation_id, reservation_events::version))
        .select(EventRow::as_select())
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = attendances)]
pub(super) struct AttendanceRow {
    pub id: AttendanceId,
    pub resident_id: Option<ResidentId>,
    pub reservation_id: Option<ReservationId>,
    pub class: String,
    pub mode: String,
    pub status: String,
    pub known_by: String,
    pub lines: String,
    pub diet_tags: String,
    pub seated: bool,
    pub recorded_at: At,
    pub actor_kind: String,
    pub actor_id: Option<AnyoneId>,
    pub device_id: Option<DeviceId>,
    pub quote_id: Option<QuoteId>,
    pub charge_fen: Fen,
    pub due_fen: Fen,
    pub promised_fen: Option<Fen>,
    pub review_word: Option<String>,
    pub said: Option<String>,
    pub resolution: Option<String>,
    pub resolved_at: Option<At>,
    pub voided_at: Option<At>,
    pub void_reason: Option<String>,
    pub settled_by_kind: Option<String>,
    pub settled_by_id: Option<AnyoneId>,
}

pub(super) fn attendances(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<AttendanceRow>> {
    attendances::table
        .filter(attendances::menu_id.eq(menu))
        .order(attendances::id)
        .select(AttendanceRow::as_select())
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = count_entries)]
pub(super) struct EntryRow {
    pub id: CountEntryId,
    pub recorded_at: At,
    pub kind: String,
    pub persons: i32,
    pub portions: i32,
    pub item_id: Option<MenuItemId>,
    pub mode: String,
    pub diet_tags: String,
    pub channel: String,
    pub actor_kind: String,
    pub actor_id: Option<AnyoneId>,
}

pub(super) fn entries(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<EntryRow>> {
    count_entries::table
        .filter(count_entries::menu_id.eq(menu))
        .order(count_entries::id)
        .select(EntryRow::as_select())
        .load(conn)
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = quotes)]
pub(super) struct QuoteRow {
    pub id: QuoteId,
    pub resident_id: ResidentId,
    pub menu_id: MenuId,
    pub canteen_id: CanteenId,
    pub served_on: NaiveDate,
    pub period: String,
    pub class: String,
    pub status: String,
    pub charge_fen: Fen,
    pub resident_fen: Fen,
    pub arguments: String,
    pub result: String,
    pub created_at: At,
    pub settled_at: Option<At>,
}

/// The quotes of a meal, by the index on canteen and day.
pub(super) fn quotes_of_meal(conn: &mut Conn, menu: &MenuRow) -> QueryResult<Vec<QuoteRow>> {
    quotes::table
        .filter(quotes::canteen_id.eq(menu.canteen_id))
        .filter(quotes::served_on.eq(menu.served_on))
        .filter(quotes::menu_id.eq(menu.id))
        .select(QuoteRow::as_select())
        .load(conn)
}

pub(super) fn quotes_by_ids(conn: &mut Conn, ids: &BTreeSet<QuoteId>) -> QueryResult<Vec<QuoteRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    quotes::table.filter(quotes::id.eq_any(ids.iter().copied())).select(QuoteRow::as_select()).load(conn)
}

/// What the quote's menu says: its canteen, day and period.
pub(super) type MealOf = (CanteenId, NaiveDate, String);

pub(super) fn quotes_of_resident(
    conn: &mut Conn,
    resident: ResidentId,
) -> QueryResult<Vec<(QuoteRow, MealOf)>> {
    quotes::table
        .inner_join(menus::table)
        .filter(quotes::resident_id.eq(resident))
        .order(quotes::id)
        .select((QuoteRow::as_select(), (menus::canteen_id, menus::served_on, menus::period)))
        .load(conn)
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Queryable, Selectable)]
#[diesel(table_name = draws)]
pub(super) struct DrawRow {
    #[serde(skip)]
    pub quote_id: QuoteId,
    pub position: i32,
    pub policy_code: String,
    pub policy_version: i32,
    pub layer: String,
    pub tier: String,
    pub payer: String,
    pub to_canteen: bool,
    pub fen: Fen,
}

pub(super) fn draws_of_resident(conn: &mut Conn, resident: ResidentId) -> QueryResult<Vec<DrawRow>> {
    draws::table
        .inner_join(quotes::table)
        .filter(quotes::resident_id.eq(resident))
        .order((draws::quote_id, draws::position))
        .select(DrawRow::as_select())
        .load(conn)
}

/// What quotes use of limits: quote, limit, window, meals, money.
pub(super) type UseRow = (QuoteId, String, String, i32, Fen);

pub(super) fn uses_of_resident(conn: &mut Conn, resident: ResidentId) -> QueryResult<Vec<UseRow>> {
    window_uses::table
        .inner_join(quotes::table)
        .filter(quotes::resident_id.eq(resident))
        .order((window_uses::quote_id, window_uses::limit_key, window_uses::window_key))
        .select((
            window_uses::quote_id,
            window_uses::limit_key,
            window_uses::window_key,
            window_uses::uses,
            window_uses::fen,
        ))
        .load(conn)
}

/// What is recorded as used: limit, window, meals, money.
pub(super) fn windows_of_resident(
    conn: &mut Conn,
    resident: ResidentId,
) -> QueryResult<Vec<(String, String, i32, Fen)>> {
    usage_windows::table
        .filter(usage_windows::resident_id.eq(resident))
        .select((
            usage_windows::limit_key,
            usage_windows::window_key,
            usage_windows::used,
            usage_windows::used_fen,
        ))
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = residents)]
pub(super) struct ResidentRow {
    pub id: ResidentId,
    pub full_name: String,
    pub canteen_id: CanteenId,
    pub card_number: String,
    pub phone: Option<String>,
    pub id_number_hash: Option<String>,
    pub id_number_last4: Option<String>,
    pub created_at: At,
}

/// The keys by which these residents are found at their canteens, in order.
pub(super) fn keys_of(
    conn: &mut Conn,
    residents: &[ResidentRow],
) -> QueryResult<HashMap<ResidentId, Vec<String>>> {
    let of: HashMap<ResidentId, CanteenId> =
        residents.iter().map(|resident| (resident.id, resident.canteen_id)).collect();
    let rows: Vec<(ResidentId, CanteenId, String)> = resident_keys::table
        .filter(resident_keys::resident_id.eq_any(of.keys().copied()))
        .order(resident_keys::key)
        .select((resident_keys::resident_id, resident_keys::canteen_id, resident_keys::key))
        .load(conn)?;
    let mut keys: HashMap<ResidentId, Vec<String>> = HashMap::new();
    for (resident, canteen, key) in rows {
        // One that lies at another canteen is none by which anybody finds them.
        let key = if of.get(&resident) == Some(&canteen) { key } else { format!("{key} at {canteen}") };
        keys.entry(resident).or_default().push(key);
    }
    Ok(keys)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = family_links)]
pub(super) struct LinkRow {
    pub id: FamilyLinkId,
    pub holder_kind: String,
    pub holder_id: AnyoneId,
    pub resident_id: ResidentId,
    pub status: String,
    pub consent: Option<String>,
    pub asked_at: At,
    pub decided_at: Option<At>,
    pub actor_kind: Option<String>,
    pub ended_at: Option<At>,
}

pub(super) fn links_by_ids(conn: &mut Conn, ids: &BTreeSet<AnyoneId>) -> QueryResult<Vec<LinkRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| FamilyLinkId::from_uuid(id.uuid()));
    family_links::table.filter(family_links::id.eq_any(ids)).select(LinkRow::as_select()).load(conn)
}

/// Grants by their ids: whose, and as what.
pub(super) fn grants_by_ids(
    conn: &mut Conn,
    ids: &BTreeSet<AnyoneId>,
) -> QueryResult<Vec<(GrantId, AccountId, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| GrantId::from_uuid(id.uuid()));
    grants::table
        .filter(grants::id.eq_any(ids))
        .select((grants::id, grants::account_id, grants::role))
        .load(conn)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = policies)]
pub(super) struct PolicyRow {
    pub id: PolicyId,
    pub code: String,
    pub version: i32,
    pub area: String,
    pub document: String,
    pub status: String,
    pub created_at: At,
    pub activated_at: Option<At>,
}

/// Every version of every policy, by code and version: there are few.
pub(super) fn policies(conn: &mut Conn) -> QueryResult<Vec<PolicyRow>> {
    policies::table.order((policies::code, policies::version)).select(PolicyRow::as_select()).load(conn)
}

/// The next rows of a table after a key, by key.
macro_rules! after {
    ($($name:ident: $table:ident, $id:ty => $row:ty, $columns:expr;)+) => { $(
        pub(super) fn $name(conn: &mut Conn, after: Option<$id>) -> QueryResult<Vec<$row>> {
            let mut query = $table::table
                .order($table::id)
                .limit(BATCH)
                .select($columns)
                .into_boxed::<crate::db::MultiBackend>();
            if let Some(after) = after {
                query = query.filter($table::id.gt(after));
            }
            query.load(conn)
        }
    )+ };
}

after! {
    residents_after: residents, ResidentId => ResidentRow, ResidentRow::as_select();
    links_after: family_links, FamilyLinkId => LinkRow, LinkRow::as_select();
    accounts_after: accounts, AccountId => (AccountId, At), (accounts::id, accounts::created_at);
    canteens_after: canteens, CanteenId => (CanteenId, At), (canteens::id, canteens::created_at);
    closures_after: closures, ClosureId => (ClosureId, At), (closures::id, closures::created_at);
    audit_entries_after: audit_entries, AuditEntryId => (AuditEntryId, At),
        (audit_entries::id, audit_entries::recorded_at);
    devices_after: devices, DeviceId => DeviceRow, DeviceRow::as_select();
    orders_after: standing_orders, StandingOrderId => OrderRow, OrderRow::as_select();
    facts_after: facts, FactId => (FactId, At), (facts::id, facts::entered_at);
    sessions_after: sessions, SessionId => (SessionId, At), (sessions::id, sessions::started_at);
}
