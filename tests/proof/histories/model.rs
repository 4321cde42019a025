//! The rules of one menu as a sequential machine: what may be answered to whom, one operation after the other.
//!
//! A history is right when its operations can be put in an order that keeps to real time and that this machine accepts.
//! An operation without an answer happens whenever it likes, or after everything else, where nobody sees it.

use std::collections::{BTreeMap, BTreeSet};

use todc_utils::Specification;

/// How many places a menu has at first.
pub const PLACES: usize = 2;
/// How many portions of the dish there are.
pub const DISHES: usize = 3;

/// One of the residents.
pub type Person = usize;
/// A number of a history's own for what carries a key or a tap id: equal numbers, equal keys.
pub type Number = usize;

/// What was asked, and what came of it.
#[derive(Clone, Debug)]
pub struct Op {
    pub what: What,
    pub came: Came,
}

/// What is asked of a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Reserve a set meal and so many dishes. The reservation is known by the key that made it.
    Place {
        key: Number,
        person: Person,
        dishes: usize,
    },
    /// Take so many dishes instead, having seen a version.
    Change {
        of: Number,
        seen: i64,
        dishes: usize,
    },
    Cancel {
        key: Number,
        of: Number,
    },
    /// Check in whoever reserved.
    CheckIn {
        tap: Number,
        of: Number,
    },
    WalkIn {
        tap: Number,
        person: Person,
    },
    /// Strike out what a tap recorded.
    Void {
        key: Number,
        tap: Number,
    },
    /// Another number of places, having seen so many changes before.
    Resize {
        seen: i64,
        to: usize,
    },
    /// Read a reservation.
    Look {
        of: Number,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It was done, or had been before under the same key.
    Done { replayed: bool, version: Option<i64> },
    /// What a reservation is.
    Seen { stands: Stands, dishes: usize, version: i64 },
    /// Refused with this code.
    Refused(String),
    /// No answer came.
    Unknown,
}

/// What has become of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stands {
    Open,
    Cancelled,
    Served,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Meal {
    person: Person,
    /// As it was asked for under the key.
    asked: usize,
    dishes: usize,
    version: i64,
    stands: Stands,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Tap {
    person: Person,
    of: Option<Number>,
    voided: bool,
}

/// All that the rules need to know of a menu.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Menu {
    places: usize,
    version: i64,
    meals: BTreeMap<Number, Meal>,
    taps: BTreeMap<Number, Tap>,
    /// Keys of cancellings and voids that were done.
    done: BTreeSet<Number>,
}

/// What the rules say to an operation: the state after it, or the codes with which it may be refused.
type Verdict = Result<Menu, Vec<&'static str>>;

impl Menu {
    fn taken(&self) -> usize {
        let reserved = self.meals.values().filter(|meal| meal.stands != Stands::Cancelled).count();
        reserved + self.taps.values().filter(|tap| tap.of.is_none() && !tap.voided).count()
    }

    fn dishes_left(&self) -> usize {
        let standing = self.meals.values().filter(|meal| meal.stands != Stands::Cancelled);
        DISHES.saturating_sub(standing.map(|meal| meal.dishes).sum())
    }

    fn reserved_by(&self, person: Person) -> bool {
        self.meals.values().any(|meal| meal.person == person && meal.stands != Stands::Cancelled)
    }

    fn served_to(&self, person: Person) -> bool {
        self.taps.values().any(|tap| tap.person == person && !tap.voided)
    }

    /// Whether somebody's key or tap with this number was heard before and did its work.
    fn repeats(&self, what: What) -> Option<Verdict> {
        match what {
            What::Place { key, person, dishes } => self.meals.get(&key).map(|meal| {
                if (meal.person, meal.asked) == (person, dishes) {
                    Ok(self.clone())
                } else {
                    Err(vec!["idempotency_key_reused"])
                }
            }),
            What::Cancel { key, .. } | What::Void { key, .. } => {
                self.done.contains(&key).then(|| Ok(self.clone()))
            }
            What::CheckIn { tap, of } => {
                self.tapped(tap, self.meals.get(&of).map(|meal| meal.person), Some(of))
            }
            What::WalkIn { tap, person } => self.tapped(tap, Some(person), None),
            What::Change { .. } | What::Resize { .. } | What::Look { .. } => None,
        }
    }

    fn tapped(&self, tap: Number, person: Option<Person>, of: Option<Number>) -> Option<Verdict> {
        self.taps.get(&tap).map(|known| {
            if Some(known.person) != person || known.of != of {
                Err(vec!["tap_reused"])
            } else if known.voided {
                Err(vec!["voided"])
            } else {
                Ok(self.clone())
            }
        })
    }

    /// What happens when it is asked for the first time.
    fn judged(&self, what: What) -> Verdict {
        let mut next = self.clone();
        match what {
            What::Place { key, person, dishes } => {
                refuse_if(&[
                    (self.reserved_by(person), "already_reserved"),
                    (self.taken() >= self.places, "menu_full"),
                    (self.dishes_left() < dishes, "item_sold_out"),
                ])?;
                let meal = Meal { person, asked: dishes, dishes, version: 1, stands: Stands::Open };
                next.meals.insert(key, meal);
            }
            What::Change { of, seen, dishes } => {
                let meal = next.meals.get_mut(&of).ok_or_else(Vec::new)?;
                let more = dishes.saturating_sub(meal.dishes);
                refuse_if(&[
                    (meal.version != seen, "stale"),
                    (meal.stands == Stands::Cancelled, "reservation_cancelled"),
                    (meal.stands == Stands::Served, "reservation_served"),
                    (self.dishes_left() < more, "item_sold_out"),
                ])?;
                (meal.dishes, meal.version) = (dishes, seen + 1);
            }
            What::Cancel { key, of } => {
                let meal = next.meals.get_mut(&of).ok_or_else(Vec::new)?;
                refuse_if(&[
                    (meal.stands == Stands::Cancelled, "reservation_cancelled"),
                    (meal.stands == Stands::Served, "reservation_served"),
                ])?;
                (meal.stands, meal.version) = (Stands::Cancelled, meal.version + 1);
                next.done.insert(key);
            }
            What::CheckIn { tap, of } => {
                let meal = next.meals.get_mut(&of).ok_or_else(Vec::new)?;
                refuse_if(&[
                    (self.served_to(meal.person), "already_served"),
                    (meal.stands == Stands::Cancelled, "cancelled"),
                ])?;
                (meal.stands, meal.version) = (Stands::Served, meal.version + 1);
                next.taps.insert(tap, Tap { person: meal.person, of: Some(of), voided: false });
            }
            What::WalkIn { tap, person } => {
                refuse_if(&[
                    (self.served_to(person), "already_served"),
                    (self.reserved_by(person), "already_reserved"),
                    (self.taken() >= self.places, "menu_full"),
                ])?;
                next.taps.insert(tap, Tap { person, of: None, voided: false });
            }
            What::Void { key, tap } => {
                let tap = next.taps.get_mut(&tap).ok_or_else(Vec::new)?;
                refuse_if(&[(tap.voided, "voided")])?;
                tap.voided = true;
                if let Some(meal) = tap.of.and_then(|of| next.meals.get_mut(&of)) {
                    (meal.stands, meal.version) = (Stands::Open, meal.version + 1);
                }
                next.done.insert(key);
            }
            What::Resize { seen, to } => {
                refuse_if(&[(self.version != seen, "stale"), (to < self.taken(), "capacity_below_taken")])?;
                (next.places, next.version) = (to, seen + 1);
            }
            What::Look { .. } => {}
        }
        Ok(next)
    }

    /// Whether this is what the reservation is.
    fn is(&self, of: Number, stands: Stands, dishes: usize, version: i64) -> bool {
        let seen = self.meals.get(&of).map(|meal| (meal.stands, meal.dishes, meal.version));
        seen == Some((stands, dishes, version))
    }

    fn version_of(&self, what: What) -> Option<i64> {
        match what {
            What::Place { key: of, .. } | What::Change { of, .. } | What::Cancel { of, .. } => {
                self.meals.get(&of).map(|meal| meal.version)
            }
            What::CheckIn { .. } | What::WalkIn { .. } | What::Void { .. } | What::Look { .. } => None,
            What::Resize { .. } => Some(self.version),
        }
    }
}

fn refuse_if(reasons: &[(bool, &'static str)]) -> Result<(), Vec<&'static str>> {
    let codes: Vec<_> = reasons.iter().filter(|(holds, _)| *holds).map(|(_, code)| *code).collect();
    if codes.is_empty() { Ok(()) } else { Err(codes) }
}

/// The rules of a menu, for the checker.
pub struct Rules;

impl Specification for Rules {
    type State = Menu;
    type Operation = Op;

    fn init() -> Menu {
        Menu {
            places: PLACES,
            version: 1,
            meals: BTreeMap::new(),
            taps: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    fn apply(Op { what, came }: &Op, state: &Menu) -> (bool, Menu) {
        let repeated = state.repeats(*what);
        let again = repeated.is_some();
        let verdict = repeated.unwrap_or_else(|| state.judged(*what));
        let keyed = matches!(what, What::Place { .. } | What::Cancel { .. } | What::Void { .. });
        match (came, verdict) {
            (Came::Unknown, verdict) => (true, verdict.unwrap_or_else(|_| state.clone())),
            (Came::Done { replayed, version }, Ok(next)) => {
                let told = again || version.is_none() || next.version_of(*what) == *version;
                (told && (!keyed || *replayed == again), next)
            }
            (Came::Seen { stands, dishes, version }, Ok(next)) => match what {
                What::Look { of } => (state.is(*of, *stands, *dishes, *version), next),
                What::Place { .. }
                | What::Change { .. }
                | What::Cancel { .. }
                | What::CheckIn { .. }
                | What::WalkIn { .. }
                | What::Void { .. }
                | What::Resize { .. } => (false, next),
            },
            (Came::Refused(code), Err(codes)) => (codes.contains(&code.as_str()), state.clone()),
            (Came::Refused(_), Ok(_)) | (Came::Done { .. } | Came::Seen { .. }, Err(_)) => {
                (false, state.clone())
            }
        }
    }
}
