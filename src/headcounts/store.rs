//! The statements on `count_entries`. There is no update and no delete.

use std::collections::BTreeMap;

use diesel::{dsl::sum, prelude::*};

use super::{Change, Channel, Count, CountKind, LateChange, Tally};
use crate::{
    access::{Actor, ActorKind},
    clock::At,
    db::{Conn, Json, schema::count_entries},
    each,
    id::Id,
    ids::{AnyoneId, CountEntryId, MenuId, MenuItemId},
    insert_few,
    words::Mode,
};

#[derive(Insertable)]
#[diesel(table_name = count_entries, treat_none_as_default_value = false)]
struct NewEntry {
    id: CountEntryId,
    menu_id: MenuId,
    recorded_at: At,
    kind: CountKind,
    persons: i32,
    portions: i32,
    item_id: Option<MenuItemId>,
    mode: Mode,
    diet_tags: Json<Vec<String>>,
    channel: Channel,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
}

pub(super) fn insert(conn: &mut Conn, change: &Change<'_>, now: At) -> QueryResult<()> {
    let entry = |persons, portions, item_id| NewEntry {
        id: Id::new(now),
        menu_id: change.menu,
        recorded_at: now,
        kind: change.kind,
        persons,
        portions,
        item_id,
        mode: change.mode,
        diet_tags: Json(change.diet_tags.to_vec()),
        channel: change.channel,
        actor_kind: change.by.kind(),
        actor_id: change.by.id(),
    };
    let person = (change.persons != 0).then(|| entry(change.persons, 0, None));
    let items = change.portions.iter().filter(|pick| pick.portions != 0);
    let entries: Vec<NewEntry> =
        person.into_iter().chain(items.map(|pick| entry(0, pick.portions, Some(pick.item_id)))).collect();
    insert_few!(conn, count_entries::table, entries)
}

type Sums = (MenuId, CountKind, Option<MenuItemId>, Mode, Json<Vec<String>>, Option<i64>, Option<i64>);

pub(super) fn tally(conn: &mut Conn, menus: &[MenuId], as_of: At) -> QueryResult<BTreeMap<MenuId, Tally>> {
    let rows: Vec<Sums> = each!(conn, c => count_entries::table
        .filter(count_entries::menu_id.eq_any(menus.to_vec()))
        .filter(count_entries::recorded_at.le(as_of))
        .group_by((
            count_entries::menu_id,
            count_entries::kind,
            count_entries::item_id,
            count_entries::mode,
            count_entries::diet_tags,
        ))
        .select((
            count_entries::menu_id,
            count_entries::kind,
            count_entries::item_id,
            count_entries::mode,
            count_entries::diet_tags,
            sum(count_entries::persons),
            sum(count_entries::portions),
        ))
        .load(c))?;
    let mut tallies: BTreeMap<MenuId, Tally> = BTreeMap::new();
    for (menu, kind, item, mode, tags, people, portions) in rows {
        let count = Count { people: people.unwrap_or(0), portions: portions.unwrap_or(0) };
        let tally = tallies.entry(menu).or_default();
        *tally.by_kind.entry(kind).or_default() += count;
        *tally.by_mode.entry(mode).or_default().entry(kind).or_default() += count;
        match item {
            Some(item) => *tally.by_item.entry(item).or_default().entry(kind).or_default() += count.portions,
            None => {
                for tag in tags.0 {
                    *tally.by_diet.entry(tag).or_default().entry(kind).or_default() += count.people;
                }
            }
        }
    }
    Ok(tallies)
}

type LateRow = (At, CountKind, i32, i32, Channel, ActorKind, Option<AnyoneId>);

pub(super) fn reserved_between(
    conn: &mut Conn,
    menu: MenuId,
    after: At,
    until: At,
) -> QueryResult<Vec<LateChange>> {
    let rows: Vec<LateRow> = count_entries::table
        .filter(count_entries::menu_id.eq(menu))
        .filter(count_entries::recorded_at.gt(after))
        .filter(count_entries::recorded_at.le(until))
        .filter(count_entries::kind.eq_any([CountKind::Reserved, CountKind::Cancelled]))
        .order(count_entries::id)
        .select((
            count_entries::recorded_at,
            count_entries::kind,
            count_entries::persons,
            count_entries::portions,
            count_entries::channel,
            count_entries::actor_kind,
            count_entries::actor_id,
        ))
        .load(conn)?;
    let mut changes: Vec<LateChange> = Vec::new();
    for (recorded_at, kind, persons, portions, channel, actor_kind, actor_id) in rows {
        let by = Actor::from_columns(actor_kind, actor_id);
        let count = Count { people: i64::from(persons), portions: i64::from(portions) };
        // The entries of one act were recorded at one instant, the person before the portions.
        match changes.last_mut() {
            Some(last)
                if persons == 0 && last.recorded_at == recorded_at && last.kind == kind && last.by == by =>
            {
                last.count += count;
            }
            _ => changes.push(LateChange { recorded_at, kind, count, channel, by }),
        }
    }
    Ok(changes)
}
