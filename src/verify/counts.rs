//! The signed entries of headcounts: each follows from an event of a reservation or from an attendance, and from each of
//! these follow its entries (BR-36).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Audit, By, Place,
    meals::{Attended, Meal, Reserved},
    store::EntryRow,
};
use crate::{
    clock::At,
    headcounts::{Channel, CountKind, negated},
    ids::{AnyoneId, MenuItemId},
    menus::Pick,
};

/// Who recorded something, as two columns have it; nobody knows who resolved a review whose meal was voided later.
type Recorder<'a> = Option<(&'a str, Option<AnyoneId>)>;

/// What an entry says but who recorded it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry<'a> {
    recorded_at: At,
    kind: &'a str,
    persons: i32,
    portions: i32,
    item_id: Option<MenuItemId>,
    mode: &'a str,
    diet_tags: &'a str,
    channel: &'a str,
}

/// What changes a count, before it is cut into entries.
struct Change<'a> {
    at: At,
    kind: CountKind,
    persons: i32,
    picks: Vec<Pick>,
    mode: &'a str,
    diet_tags: &'a str,
    channel: &'a str,
    by: Recorder<'a>,
    /// The rows that it follows from.
    from: Vec<By<'a>>,
}

/// Compares the entries of a meal with those that follow.
pub(super) fn verify<'a>(audit: &mut Audit<'_>, meal: &'a Meal) {
    let mut recorded: BTreeMap<Entry<'a>, Vec<&'a EntryRow>> = BTreeMap::new();
    for row in &meal.entries {
        audit.checked.count_entries += 1;
        audit.made_at("count_entries", "recorded_at", row.id, row.recorded_at);
        recorded.entry(Entry::of(row)).or_default().push(row);
    }
    let mut missing: Vec<(Value, Vec<By<'a>>)> = Vec::new();
    let mut follow = |change: Change<'a>| {
        for entry in cut(&change) {
            let rows = recorded.get_mut(&entry);
            let matches =
                |row: &&EntryRow| change.by.is_none_or(|by| by == (row.actor_kind.as_str(), row.actor_id));
            let found = rows.and_then(|rows| rows.iter().position(matches).map(|at| rows.swap_remove(at)));
            if found.is_none() {
                missing.push((entry.json(change.by), change.from.clone()));
            }
        }
    };
    meal.reservations.iter().for_each(|reserved| of_reservation(reserved, &mut follow));
    meal.attendances.iter().for_each(|attended| of_attendance(attended, &mut follow));
    audit.checked.values += meal.entries.len() as u64;
    for row in recorded.into_values().flatten() {
        let place = Place { fact: "headcount", table: "count_entries", row: &row.id, column: "*" };
        let by = Some((row.actor_kind.as_str(), row.actor_id));
        // Of entries that say the same, any may be the one too many.
        let twins =
            meal.entries.iter().filter(|other| other.id != row.id && Entry::of(other) == Entry::of(row));
        let twins: Vec<By<'_>> =
            twins.map(|twin| ("count_entries", &twin.id as &dyn std::fmt::Display)).collect();
        audit.tell(place, Entry::of(row).json(by), Value::Null, &twins);
    }
    for (entry, from) in missing {
        let row = format!("(missing, of menu {})", meal.menu.id);
        let place = Place { fact: "headcount", table: "count_entries", row: &row, column: "*" };
        audit.tell(place, Value::Null, entry, &from);
    }
}

impl<'a> Entry<'a> {
    fn of(row: &'a EntryRow) -> Entry<'a> {
        Entry {
            recorded_at: row.recorded_at,
            kind: &row.kind,
            persons: row.persons,
            portions: row.portions,
            item_id: row.item_id,
            mode: &row.mode,
            diet_tags: &row.diet_tags,
            channel: &row.channel,
        }
    }

    fn json(&self, by: Recorder<'_>) -> Value {
        json!({
            "recorded_at": self.recorded_at, "kind": self.kind, "persons": self.persons, "portions": self.portions,
            "item_id": self.item_id, "mode": self.mode, "diet_tags": self.diet_tags, "channel": self.channel,
            "by": by.map(|(kind, id)| json!({ "kind": kind, "id": id })),
        })
    }
}

/// One entry for the person, and one for each item of which portions come or go.
fn cut<'a>(change: &Change<'a>) -> Vec<Entry<'a>> {
    let entry = |persons, portions, item_id| Entry {
        recorded_at: change.at,
        kind: change.kind.as_str(),
        persons,
        portions,
        item_id,
        mode: change.mode,
        diet_tags: change.diet_tags,
        channel: change.channel,
    };
    let person = (change.persons != 0).then(|| entry(change.persons, 0, None));
    let items = change.picks.iter().filter(|pick| pick.portions != 0);
    person.into_iter().chain(items.map(|pick| entry(0, pick.portions, Some(pick.item_id)))).collect()
}

/// A reservation is counted when it is placed, by the difference when it is changed, and again when it is cancelled.
fn of_reservation<'a>(reserved: &'a Reserved, follow: &mut impl FnMut(Change<'a>)) {
    let row = &reserved.row;
    let mut before: Option<(&'a str, &'a [Pick])> = None;
    for event in &reserved.events {
        let Some(lines) = event.lines.as_deref() else { return };
        let change = |kind, persons, picks, mode| Change {
            at: event.row.recorded_at,
            kind,
            persons,
            picks,
            mode,
            diet_tags: &row.diet_tags,
            channel: &row.channel,
            by: Some((&event.row.actor_kind, event.row.actor_id)),
            from: vec![("reservation_events", &event.key), ("reservations", &row.id)],
        };
        let mode = event.row.mode.as_str();
        match (event.row.kind.as_str(), before) {
            ("placed", None) => follow(change(CountKind::Reserved, 1, lines.to_vec(), mode)),
            ("changed", Some((old_mode, old))) if old_mode == mode => {
                follow(change(CountKind::Reserved, 0, difference(old, lines), mode));
            }
            ("changed", Some((old_mode, old))) => {
                follow(change(CountKind::Reserved, -1, negated(old), old_mode));
                follow(change(CountKind::Reserved, 1, lines.to_vec(), mode));
            }
            ("cancelled", Some((old_mode, _))) => {
                follow(change(CountKind::Cancelled, 1, lines.to_vec(), old_mode))
            }
            // That the events are in no order is told with the reservation.
            (_, _) => return,
        }
        before = Some((mode, lines));
    }
}

fn difference(old: &[Pick], new: &[Pick]) -> Vec<Pick> {
    let mut portions: BTreeMap<MenuItemId, i32> = BTreeMap::new();
    for pick in negated(old).iter().chain(new) {
        *portions.entry(pick.item_id).or_default() += pick.portions;
    }
    portions.into_iter().map(|(item_id, portions)| Pick { item_id, portions }).collect()
}

/// An attendance is counted when it is served, and counted out when it is voided.
fn of_attendance<'a>(attended: &'a Attended, follow: &mut impl FnMut(Change<'a>)) {
    let row = &attended.row;
    let Some(lines) = attended.lines.as_deref().filter(|_| attended.was_served()) else { return };
    let kind = match (row.class.as_str(), row.reservation_id) {
        ("meal", Some(_)) => CountKind::Served,
        ("meal", None) => CountKind::WalkIn,
        ("second", _) => CountKind::Second,
        ("guest", _) => CountKind::Guest,
        ("staff", _) => CountKind::Staff,
        (_, _) => CountKind::Volunteer,
    };
    let change = |at, persons, picks, by| Change {
        at,
        kind,
        persons,
        picks,
        mode: &row.mode,
        diet_tags: &row.diet_tags,
        channel: Channel::WalkIn.as_str(),
        by,
        from: vec![("attendances", &row.id)],
    };
    let settled_by = row.settled_by_kind.as_deref().map(|kind| (kind, row.settled_by_id));
    let by = match (row.resolved_at, row.voided_at) {
        (None, _) => Some((row.actor_kind.as_str(), row.actor_id)),
        (Some(_), None) => settled_by,
        (Some(_), Some(_)) => None,
    };
    follow(change(attended.counted_at(), 1, lines.to_vec(), by));
    if let Some(voided_at) = row.voided_at {
        follow(change(voided_at, -1, negated(lines), settled_by));
    }
}
