//! Headcounts (就餐人数): how many to cook for, how many came, as of any instant.
//!
//! Everything that changes a count adds signed entries, and nothing that was counted is ever changed. So a headcount is a
//! question asked of the past: one sum over the entries that were recorded until then. At any instant
//! `confirmed = reserved − cancelled`; after the meal `confirmed = served with reservation + no-show`;
//! `served = served with reservation + walk-ins` (BR-36). People and portions are both counted.

pub mod http;
pub mod live;
mod store;

use std::collections::BTreeMap;

use crate::{
    access::Actor,
    clock::At,
    db::Conn,
    ids::{MenuId, MenuItemId},
    menus::{Menu, Pick},
    problem::Fail,
    words,
    words::Mode,
};

words! {
    /// What a signed entry counts.
    pub enum CountKind {
        Reserved = "reserved",
        Cancelled = "cancelled",
        /// Served with a reservation.
        Served = "served",
        WalkIn = "walk_in",
        Second = "second",
        Guest = "guest",
        Staff = "staff",
        Volunteer = "volunteer",
    }
}

words! {
    /// Through which channel somebody reserved or was served (BR-24): every one is equal.
    pub enum Channel {
        OneSelf = "self",
        Family = "family",
        Desk = "desk",
        Phone = "phone",
        Volunteer = "volunteer",
        StandingOrder = "standing_order",
        WalkIn = "walk_in",
    }
}

/// What changes a count: so many persons and portions more, or fewer.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    pub menu: MenuId,
    pub kind: CountKind,
    /// +1, 0 or −1.
    pub persons: i32,
    /// The portions that come or go, each with its sign.
    pub portions: &'a [Pick],
    pub mode: Mode,
    pub diet_tags: &'a [String],
    pub channel: Channel,
    pub by: Actor,
}

/// Records a change of a menu's count.
pub fn record(conn: &mut Conn, change: &Change<'_>, now: At) -> Result<(), Fail> {
    Ok(store::insert(conn, change, now)?)
}

/// Picks with the opposite sign, for what is taken back.
pub fn negated(picks: &[Pick]) -> Vec<Pick> {
    picks.iter().map(|pick| Pick { portions: -pick.portions, ..*pick }).collect()
}

/// One count of persons and of portions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Count {
    pub people: i64,
    pub portions: i64,
}

impl std::ops::Sub for Count {
    type Output = Count;
    fn sub(self, other: Count) -> Count {
        Count { people: self.people - other.people, portions: self.portions - other.portions }
    }
}

impl std::ops::Add for Count {
    type Output = Count;
    fn add(self, other: Count) -> Count {
        Count { people: self.people + other.people, portions: self.portions + other.portions }
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        *self = *self + other;
    }
}

/// The sums of a menu's entries.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    by_kind: BTreeMap<CountKind, Count>,
    by_mode: BTreeMap<Mode, BTreeMap<CountKind, Count>>,
    by_item: BTreeMap<MenuItemId, BTreeMap<CountKind, i64>>,
    by_diet: BTreeMap<String, BTreeMap<CountKind, i64>>,
}

/// The one set of counts that everything else reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Counts {
    pub reserved: Count,
    pub cancelled: Count,
    /// reserved − cancelled
    pub confirmed: Count,
    pub served_with_reservation: Count,
    pub walk_ins: Count,
    /// served with reservation + walk-ins
    pub served: Count,
    /// confirmed − served with reservation, once the meal is closed; nothing before.
    pub no_shows: Count,
    /// Second meals of residents, counted apart (BR-33).
    pub second_meals: Count,
    /// Guests, counted apart.
    pub guests: Count,
    /// Meals of staff, counted apart.
    pub staff_meals: Count,
    /// Meals of volunteers, counted apart.
    pub volunteer_meals: Count,
}

impl std::ops::Add for Counts {
    type Output = Counts;
    fn add(self, other: Counts) -> Counts {
        Counts {
            reserved: self.reserved + other.reserved,
            cancelled: self.cancelled + other.cancelled,
            confirmed: self.confirmed + other.confirmed,
            served_with_reservation: self.served_with_reservation + other.served_with_reservation,
            walk_ins: self.walk_ins + other.walk_ins,
            served: self.served + other.served,
            no_shows: self.no_shows + other.no_shows,
            second_meals: self.second_meals + other.second_meals,
            guests: self.guests + other.guests,
            staff_meals: self.staff_meals + other.staff_meals,
            volunteer_meals: self.volunteer_meals + other.volunteer_meals,
        }
    }
}

impl Tally {
    /// The counts; `closed` says whether the meal was over at the instant asked about.
    pub fn counts(&self, closed: bool) -> Counts {
        counts_of(&self.by_kind, closed)
    }

    /// The counts of each way of serving that occurs.
    pub fn by_mode(&self, closed: bool) -> Vec<(Mode, Counts)> {
        self.by_mode.iter().map(|(mode, kinds)| (*mode, counts_of(kinds, closed))).collect()
    }

    /// Portions of each item: confirmed, and served in whatever class.
    pub fn by_item(&self) -> BTreeMap<MenuItemId, (i64, i64)> {
        self.by_item.iter().map(|(item, kinds)| (*item, confirmed_and_served(kinds))).collect()
    }

    /// People with each diet tag: confirmed, and served.
    pub fn by_diet(&self) -> BTreeMap<&str, (i64, i64)> {
        self.by_diet.iter().map(|(tag, kinds)| (tag.as_str(), confirmed_and_served(kinds))).collect()
    }
}

fn counts_of(kinds: &BTreeMap<CountKind, Count>, closed: bool) -> Counts {
    let of = |kind| kinds.get(&kind).copied().unwrap_or_default();
    let confirmed = of(CountKind::Reserved) - of(CountKind::Cancelled);
    let with_reservation = of(CountKind::Served);
    Counts {
        reserved: of(CountKind::Reserved),
        cancelled: of(CountKind::Cancelled),
        confirmed,
        served_with_reservation: with_reservation,
        walk_ins: of(CountKind::WalkIn),
        served: with_reservation + of(CountKind::WalkIn),
        no_shows: if closed { confirmed - with_reservation } else { Count::default() },
        second_meals: of(CountKind::Second),
        guests: of(CountKind::Guest),
        staff_meals: of(CountKind::Staff),
        volunteer_meals: of(CountKind::Volunteer),
    }
}

fn confirmed_and_served(kinds: &BTreeMap<CountKind, i64>) -> (i64, i64) {
    let of = |kind| kinds.get(&kind).copied().unwrap_or_default();
    let confirmed = of(CountKind::Reserved) - of(CountKind::Cancelled);
    let served = [
        CountKind::Served,
        CountKind::WalkIn,
        CountKind::Second,
        CountKind::Guest,
        CountKind::Staff,
        CountKind::Volunteer,
    ];
    (confirmed, served.into_iter().map(of).sum())
}

/// The sums of these menus' entries that were recorded until `as_of`, that instant included.
pub fn tally(conn: &mut Conn, menus: &[MenuId], as_of: At) -> Result<BTreeMap<MenuId, Tally>, Fail> {
    Ok(store::tally(conn, menus, as_of)?)
}

/// A change of a menu's count after its cut-off, and who made it.
#[derive(Clone, Debug)]
pub struct LateChange {
    pub recorded_at: At,
    pub kind: CountKind,
    pub count: Count,
    pub channel: Channel,
    pub by: Actor,
}

/// What was reserved or cancelled after the cut-off until `as_of`, in the order of recording.
pub fn since_cutoff(conn: &mut Conn, menu: &Menu, as_of: At) -> Result<Vec<LateChange>, Fail> {
    Ok(store::reserved_between(conn, menu.id, menu.cutoff_at, as_of)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(counts: &[(CountKind, i64)]) -> BTreeMap<CountKind, Count> {
        counts.iter().map(|(kind, people)| (*kind, Count { people: *people, portions: *people })).collect()
    }

    #[test]
    fn before_the_meal_is_closed_nobody_is_a_no_show() {
        let kinds = kinds(&[(CountKind::Reserved, 10), (CountKind::Cancelled, 2), (CountKind::Served, 3)]);
        let counts = counts_of(&kinds, false);
        assert_eq!(counts.confirmed.people, 8);
        assert_eq!(counts.no_shows.people, 0);
    }

    #[test]
    fn after_the_meal_confirmed_is_served_with_reservation_and_no_shows() {
        let kinds = kinds(&[(CountKind::Reserved, 10), (CountKind::Served, 7), (CountKind::WalkIn, 2)]);
        let counts = counts_of(&kinds, true);
        assert_eq!(counts.no_shows.people, 3);
        assert_eq!(counts.served.people, 9);
    }
}
