//! One resident's subsidy of a day as a sequential machine: it is drawn once, whoever asks where.
//!
//! It sees each effect once, from the first time that it was asked for until it was first acknowledged.

use std::collections::BTreeMap;

use todc_utils::Specification;

use super::model::Number;

/// What touches the subsidy, and whether it was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A reservation, by its key.
    Place {
        key: Number,
        paid: bool,
    },
    Change {
        of: Number,
        paid: bool,
    },
    Cancel {
        of: Number,
    },
    /// Served, with a reservation or without.
    Serve {
        tap: Number,
        of: Option<Number>,
        paid: bool,
    },
    Void {
        tap: Number,
    },
}

/// What holds the subsidy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Meal(Number),
    Tap(Number),
}

/// Who has drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Purse {
    holder: Option<Holder>,
    /// What each reservation was promised.
    promised: BTreeMap<Number, bool>,
    /// The reservation behind each tap.
    served: BTreeMap<Number, Option<Number>>,
}

impl Purse {
    fn release(&mut self, holder: Holder) {
        if self.holder == Some(holder) {
            self.holder = None;
        }
    }

    /// Paid when it is free and only then.
    fn draw(&mut self, holder: Holder, paid: bool) -> bool {
        let free = self.holder.is_none();
        if free {
            self.holder = Some(holder);
        }
        paid == free
    }
}

/// The rule of a limit of one meal a day.
pub struct OnceADay;

impl Specification for OnceADay {
    type State = Purse;
    type Operation = Deed;

    fn init() -> Purse {
        Purse::default()
    }

    fn apply(deed: &Deed, purse: &Purse) -> (bool, Purse) {
        let mut next = purse.clone();
        let fits = match *deed {
            Deed::Place { key, paid } => {
                next.promised.insert(key, paid);
                next.draw(Holder::Meal(key), paid)
            }
            Deed::Change { of, paid } => {
                next.release(Holder::Meal(of));
                next.promised.insert(of, paid);
                next.draw(Holder::Meal(of), paid)
            }
            Deed::Cancel { of } => {
                next.release(Holder::Meal(of));
                true
            }
            Deed::Serve { tap, of, paid } => {
                of.into_iter().for_each(|of| next.release(Holder::Meal(of)));
                next.served.insert(tap, of);
                next.draw(Holder::Tap(tap), paid)
            }
            Deed::Void { tap } => {
                next.release(Holder::Tap(tap));
                // The reservation stands again, with what it was promised as far as that is still free.
                if let Some(Some(of)) = next.served.get(&tap).copied()
                    && next.promised.get(&of) == Some(&true)
                    && next.holder.is_none()
                {
                    next.holder = Some(Holder::Meal(of));
                }
                true
            }
        };
        (fits, next)
    }
}
