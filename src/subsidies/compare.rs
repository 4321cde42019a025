//! What a version of a policy would cost: meals that were served are priced again as they came, once by the policies of
//! their day as they are, and once with the version in the place of its predecessor.
//!
//! Both sides are computed in the same way, so what differs is what the version changes. Limits are used up meal by meal
//! on each side; what was used of them before the first day is taken from what the posted price relied on. Who would come
//! more or less often is not guessed. It is done in pieces, so that nobody waits for it, and for so many meals at most.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::NaiveDate;

use super::{KeptQuote, store};
use crate::{
    db::Conn,
    ids::{CanteenId, QuoteId, ResidentId},
    money::Fen,
    policies,
    pricing::{self, Arguments, LimitKey, Needs, PolicyInForce, Quote, Usage, Used, Window},
    problem::Fail,
    words::Area,
};

/// So many meals are priced in one transaction.
const PIECE: i64 = 500;

/// So many meals are compared at most.
pub const MOST_MEALS: usize = 20_000;

/// An amount as it is, and as it would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub before: Fen,
    pub after: Fen,
}

impl Change {
    fn add(&mut self, before: Fen, after: Fen) {
        self.before += before;
        self.after += after;
    }

    /// How much more it would be; less where it is negative.
    pub fn more(self) -> Fen {
        self.after - self.before
    }
}

/// What a comparison has come to so far.
#[derive(Debug)]
pub struct Comparison {
    version: PolicyInForce,
    canteens: Vec<CanteenId>,
    from_on: NaiveDate,
    to_on: NaiveDate,
    in_force: HashMap<(Area, NaiveDate), Arc<Sides>>,
    before: Replay,
    after: Replay,
    next: Option<QuoteId>,
    ended: bool,
    /// How many meals were compared.
    pub meals: usize,
    /// What each payer paid and would pay, payments to the canteen included.
    pub by_payer: BTreeMap<String, Change>,
    /// What each resident paid and would pay.
    pub by_resident: BTreeMap<ResidentId, Change>,
}

/// The policies of a day at a place, as they are and with the version.
#[derive(Debug)]
struct Sides {
    before: Side,
    after: Side,
}

/// Policies, and what they ask for of earlier meals.
#[derive(Debug)]
struct Side {
    policies: Vec<PolicyInForce>,
    needs: Needs,
}

impl Side {
    fn of(policies: Vec<PolicyInForce>) -> Side {
        Side { needs: pricing::needs(&policies), policies }
    }
}

impl Comparison {
    /// A comparison that is still to be made of the meals that were served at these canteens from one day to another.
    pub fn new(
        version: PolicyInForce,
        canteens: Vec<CanteenId>,
        (from_on, to_on): (NaiveDate, NaiveDate),
    ) -> Comparison {
        Comparison {
            version,
            canteens,
            from_on,
            to_on,
            in_force: HashMap::new(),
            before: Replay::default(),
            after: Replay::default(),
            next: None,
            ended: false,
            meals: 0,
            by_payer: BTreeMap::new(),
            by_resident: BTreeMap::new(),
        }
    }

    /// Whether meals are left to be compared.
    pub fn goes_on(&self) -> bool {
        !self.ended && self.meals < MOST_MEALS
    }

    /// Whether every meal was compared.
    pub fn is_whole(&self) -> bool {
        self.ended
    }

    /// Compares some meals more.
    ///
    /// Fails with what the database says.
    pub fn go_on(&mut self, conn: &mut Conn) -> Result<(), Fail> {
        let days = (self.from_on, self.to_on);
        let piece = store::posted_meals(conn, &self.canteens, days, self.next, PIECE)?;
        let Some(last) = piece.last() else {
            self.ended = true;
            return Ok(());
        };
        self.next = Some(last.id);
        for kept in &piece {
            let sides = self.sides(conn, kept)?;
            let before = self.before.price(&sides.before, kept, self.from_on);
            let after = self.after.price(&sides.after, kept, self.from_on);
            self.count(kept, &before, &after);
        }
        Ok(())
    }

    fn sides(&mut self, conn: &mut Conn, kept: &KeptQuote) -> Result<Arc<Sides>, Fail> {
        let place = (kept.arguments.canteen.area.clone(), kept.served_on);
        if let Some(sides) = self.in_force.get(&place) {
            return Ok(sides.clone());
        }
        let before = policies::in_force(conn, &place.0, place.1)?;
        let mut after = before.clone();
        match after.iter_mut().find(|policy| policy.code() == self.version.code()) {
            Some(present) => *present = self.version.clone(),
            None => after.push(self.version.clone()),
        }
        let sides = Arc::new(Sides { before: Side::of(before), after: Side::of(after) });
        self.in_force.insert(place, sides.clone());
        Ok(sides)
    }

    fn count(&mut self, kept: &KeptQuote, before: &Quote, after: &Quote) {
        self.meals += 1;
        self.by_resident.entry(kept.resident_id).or_default().add(before.resident_fen, after.resident_fen);
        for (payer, fen) in paid(before) {
            self.by_payer.entry(payer).or_default().add(fen, Fen::ZERO);
        }
        for (payer, fen) in paid(after) {
            self.by_payer.entry(payer).or_default().add(Fen::ZERO, fen);
        }
    }
}

/// Each part of a quote by who pays it.
fn paid(quote: &Quote) -> impl Iterator<Item = (String, Fen)> {
    let parts = quote.lines.iter().map(|line| (line.payer.clone(), line.fen));
    parts.chain(quote.to_canteen.iter().map(|gift| (gift.payer.clone(), gift.fen)))
}

/// One side of a comparison: what its prices have drawn on limits so far, and how many meals everybody has had.
#[derive(Debug, Default)]
struct Replay {
    drawn: HashMap<(ResidentId, LimitKey, String), Used>,
    meals: HashMap<(ResidentId, Window, String), i32>,
}

impl Replay {
    fn price(&mut self, side: &Side, kept: &KeptQuote, from_on: NaiveDate) -> Quote {
        let arguments = Arguments { usage: self.usage(&side.needs, kept, from_on), ..kept.arguments.clone() };
        let quote = pricing::quote(&side.policies, &arguments);
        for claim in &quote.claims {
            let key = (kept.resident_id, claim.limit.clone(), claim.window_key.clone());
            let used = self.drawn.entry(key).or_default();
            used.count += claim.count;
            used.fen += claim.fen;
        }
        for window in Window::ALL {
            *self.meals.entry(meal_key(kept, *window)).or_default() += 1;
        }
        quote
    }

    fn usage(&mut self, needs: &Needs, kept: &KeptQuote, from_on: NaiveDate) -> Usage {
        let relied_on = &kept.arguments.usage;
        let mut usage = Usage::default();
        for (limit, window) in &needs.limits {
            let key = (kept.resident_id, limit.clone(), window.key(kept.served_on, kept.period));
            // A window that began before the first day was used before it.
            let earlier = window.days(kept.served_on).0 < from_on;
            let first = || if earlier { relied_on.used(limit) } else { Used::default() };
            let used = *self.drawn.entry(key).or_insert_with(first);
            usage.windows.insert(limit.clone(), used);
        }
        for &window in &needs.ordinals {
            let counted = self.meals.get(&meal_key(kept, window)).copied().unwrap_or_default() + 1;
            usage.ordinals.insert(window, relied_on.ordinals.get(&window).copied().unwrap_or(counted));
        }
        usage
    }
}

fn meal_key(kept: &KeptQuote, window: Window) -> (ResidentId, Window, String) {
    (kept.resident_id, window, window.key(kept.served_on, kept.period))
}
