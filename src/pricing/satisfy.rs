//! Whether conditions can hold together at all: for some person, canteen, order and day (BR-02).
//!
//! What conditions look at falls into a few dimensions (age, places, day …). For each of them every combination of
//! outcomes that the world allows is written down as a row; a search then looks for one row of each that fits. It
//! errs on one side only: where something is too large to decide, it says that the conditions can hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    money::MAX_FEN,
    pricing::{
        condition::{Condition, FactTest, MoneyOf, MoneyTest, MonthDay, NthMeal, PersonPlace, Shape},
        document::Window,
    },
    words::{Area, DayKind, ItemKind, Level, Mode, Period, Weekday},
};

/// How much work may be spent, so that no document can keep the server busy.
pub(super) struct Budget(u32);

impl Budget {
    /// Enough for a whole document; about half a second at the worst.
    pub fn for_document() -> Budget {
        Budget(300_000)
    }

    fn spend(&mut self, work: usize) -> Option<()> {
        self.0 = self.0.checked_sub(u32::try_from(work).ok()?)?;
        Some(())
    }
}

/// What is known of the canteen.
#[derive(Clone, Copy)]
pub(super) enum Canteen<'a> {
    /// It lies somewhere in this area.
    Within(&'a Area),
    /// This is all of its area.
    At(&'a Area),
}

/// Whether all of `required` and none of `excluded` can hold together. `true` also when the budget runs out.
pub(super) fn can_hold(
    canteen: Canteen<'_>,
    required: &[&Condition],
    excluded: &[Vec<&Condition>],
    budget: &mut Budget,
) -> bool {
    let mut singles: BTreeMap<Dimension, Vec<&Condition>> = BTreeMap::new();
    for condition in required.iter().copied().chain(excluded.iter().flatten().copied()) {
        condition.each_single(&mut |single| {
            let alike = singles.entry(Dimension::of(single)).or_default();
            if !alike.contains(&single) {
                alike.push(single);
            }
        });
    }
    let mut tables = Vec::new();
    for (dimension, singles) in &singles {
        match dimension.rows(canteen, singles, budget) {
            Some(rows) => tables.push(rows.into_iter().collect()),
            None => return true,
        }
    }
    let all = |conditions: &[&Condition]| {
        Formula::All(conditions.iter().map(|condition| Formula::of(condition, &singles)).collect())
    };
    let mut parts = vec![all(required)];
    parts.extend(excluded.iter().map(|conditions| Formula::Not(Box::new(all(conditions)))));
    search(&Formula::All(parts), &tables, &mut vec![None; tables.len()], budget)
}

/// One outcome for each single condition of a dimension.
type Row = Vec<bool>;

/// A condition whose single parts stand for a column of a table.
enum Formula {
    All(Vec<Formula>),
    Any(Vec<Formula>),
    Not(Box<Formula>),
    Single { table: usize, column: usize },
}

/// What is known of a formula when some tables have a row chosen.
enum Outcome {
    Known(bool),
    /// It depends on this table.
    Open(usize),
}

impl Formula {
    fn of(condition: &Condition, singles: &BTreeMap<Dimension, Vec<&Condition>>) -> Formula {
        let all = |parts: &[Condition]| parts.iter().map(|part| Formula::of(part, singles)).collect();
        match condition.shape() {
            Shape::All(parts) => Formula::All(all(parts)),
            Shape::Any(parts) => Formula::Any(all(parts)),
            Shape::Not(part) => Formula::Not(Box::new(Formula::of(part, singles))),
            Shape::Single => {
                let dimension = Dimension::of(condition);
                let table = singles.keys().position(|known| *known == dimension).unwrap_or_default();
                let column =
                    singles[&dimension].iter().position(|known| *known == condition).unwrap_or_default();
                Formula::Single { table, column }
            }
        }
    }

    fn outcome(&self, tables: &[Vec<Row>], chosen: &[Option<usize>]) -> Outcome {
        let any_is = |parts: &[Formula], decisive: bool| {
            let mut open = None;
            for part in parts {
                match part.outcome(tables, chosen) {
                    Outcome::Known(known) if known == decisive => return Outcome::Known(decisive),
                    Outcome::Known(_) => {}
                    Outcome::Open(table) => open = open.or(Some(table)),
                }
            }
            open.map_or(Outcome::Known(!decisive), Outcome::Open)
        };
        match self {
            Formula::All(parts) => any_is(parts, false),
            Formula::Any(parts) => any_is(parts, true),
            Formula::Not(part) => match part.outcome(tables, chosen) {
                Outcome::Known(known) => Outcome::Known(!known),
                Outcome::Open(table) => Outcome::Open(table),
            },
            Formula::Single { table, column } => match chosen[*table] {
                Some(row) => Outcome::Known(tables[*table][row][*column]),
                None => Outcome::Open(*table),
            },
        }
    }
}

/// Whether some choice of rows makes the formula true; also when the budget runs out.
fn search(
    formula: &Formula,
    tables: &[Vec<Row>],
    chosen: &mut Vec<Option<usize>>,
    budget: &mut Budget,
) -> bool {
    if budget.spend(1).is_none() {
        return true;
    }
    match formula.outcome(tables, chosen) {
        Outcome::Known(known) => known,
        Outcome::Open(table) => {
            for row in 0..tables[table].len() {
                chosen[table] = Some(row);
                if search(formula, tables, chosen, budget) {
                    return true;
                }
            }
            chosen[table] = None;
            false
        }
    }
}

/// What conditions look at, in groups that do not depend on each other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Dimension {
    Age,
    /// The facts of one kind.
    Facts(String),
    Places,
    Period,
    Mode,
    Day,
    Season,
    Items,
    NthMeal,
    Money,
}

impl Dimension {
    fn of(single: &Condition) -> Dimension {
        match single {
            Condition::Age(_) => Dimension::Age,
            Condition::Fact(test) => Dimension::Facts(test.kind.clone()),
            Condition::RegisteredIn(_) | Condition::LivesIn(_) | Condition::CanteenIn(_) => Dimension::Places,
            Condition::Period(_) => Dimension::Period,
            Condition::Mode(_) => Dimension::Mode,
            Condition::Weekday(_) | Condition::DayKind(_) => Dimension::Day,
            Condition::Season(_) => Dimension::Season,
            Condition::ItemKind(_) => Dimension::Items,
            Condition::NthMeal(_) => Dimension::NthMeal,
            Condition::Money(_) => Dimension::Money,
            Condition::All(_) | Condition::Any(_) | Condition::Not(_) => {
                unreachable!("only single conditions have a dimension")
            }
        }
    }

    /// Every combination of outcomes that can be; `None` if there are too many to tell.
    fn rows(
        &self,
        canteen: Canteen<'_>,
        singles: &[&Condition],
        budget: &mut Budget,
    ) -> Option<BTreeSet<Row>> {
        let rows = |outcome: &mut dyn FnMut(&Condition) -> bool| -> Row {
            singles.iter().map(|single| outcome(single)).collect()
        };
        Some(match self {
            Dimension::Age => ages(singles)
                .into_iter()
                .map(|age| rows(&mut |single| matches!(single, Condition::Age(band) if band.contains(age))))
                .collect(),
            Dimension::Facts(_) => fact_rows(singles, budget)?,
            Dimension::Places => place_rows(canteen, singles, budget)?,
            Dimension::Period => (Period::ALL.iter())
                .map(|period| rows(&mut |single| matches!(single, Condition::Period(of) if of.contains(period))))
                .collect(),
            Dimension::Mode => (Mode::ALL.iter())
                .map(|mode| rows(&mut |single| matches!(single, Condition::Mode(of) if of.contains(mode))))
                .collect(),
            Dimension::Day => days()
                .map(|(weekday, kind)| {
                    rows(&mut |single| {
                        matches!(single, Condition::Weekday(days) if days.contains(&weekday))
                            || matches!(single, Condition::DayKind(kinds) if kinds.contains(&kind))
                    })
                })
                .collect(),
            Dimension::Season => MonthDay::all()
                .map(|day| rows(&mut |single| matches!(single, Condition::Season(of) if of.contains(day))))
                .collect(),
            Dimension::Items => [&[ItemKind::Set][..], &[ItemKind::Dish], ItemKind::ALL]
                .into_iter()
                .map(|items| {
                    rows(&mut |single| {
                        matches!(single, Condition::ItemKind(of) if of.iter().any(|kind| items.contains(kind)))
                    })
                })
                .collect(),
            Dimension::NthMeal => nth_rows(singles, budget)?,
            Dimension::Money => money_rows(singles, budget)?,
        })
    }
}

/// One age of every stretch between two bounds.
fn ages(singles: &[&Condition]) -> BTreeSet<i32> {
    let bounds = singles
        .iter()
        .flat_map(|single| if let Condition::Age(band) = single { [band.from, band.to] } else { [None; 2] });
    bounds.flatten().chain([0]).collect()
}

/// Every weekday with every kind that it can be of.
fn days() -> impl Iterator<Item = (Weekday, DayKind)> {
    let pairs = Weekday::ALL.iter().flat_map(|&day| DayKind::ALL.iter().map(move |&kind| (day, kind)));
    pairs.filter(|(day, kind)| {
        let weekend = matches!(day, Weekday::Sat | Weekday::Sun);
        match kind {
            DayKind::Workday => !weekend,
            DayKind::RestDay | DayKind::MakeupWorkday => weekend,
            DayKind::Holiday => true,
        }
    })
}

/// A person may have no fact of a kind, one without a value, or any number of values.
fn fact_rows(singles: &[&Condition], budget: &mut Budget) -> Option<BTreeSet<Row>> {
    const MOST_VALUES: usize = 10;
    let tests: Vec<&FactTest> = singles
        .iter()
        .filter_map(|single| if let Condition::Fact(test) = single { Some(test) } else { None })
        .collect();
    let values: BTreeSet<&String> = tests.iter().flat_map(|test| test.wanted()).collect();
    if values.len() > MOST_VALUES {
        return None;
    }
    budget.spend(1 << values.len())?;
    let subsets = (0..1_u32 << values.len()).map(|subset| {
        let has =
            |value| values.iter().position(|known| *known == value).is_some_and(|bit| subset >> bit & 1 == 1);
        tests.iter().map(|test| test.wanted().is_empty() || test.wanted().iter().any(has)).collect()
    });
    Some(subsets.chain([vec![false; tests.len()]]).collect())
}

/// Canteens and homes in, beside and below every area that is named, and homes near the canteen at every level.
fn place_rows(canteen: Canteen<'_>, singles: &[&Condition], budget: &mut Budget) -> Option<BTreeSet<Row>> {
    let (Canteen::Within(bounds) | Canteen::At(bounds)) = canteen;
    let named = singles.iter().filter_map(|single| {
        let home = registered_in(single).or(lives_in(single));
        match (single, home) {
            (Condition::CanteenIn(area), _) | (_, Some(PersonPlace::In(area))) => Some(area),
            (_, Some(PersonPlace::SameAsCanteen { .. }) | None) => None,
        }
    });
    let stems: BTreeSet<Vec<&str>> = named.chain([bounds]).flat_map(stems).collect();
    let canteens: Vec<Area> = match canteen {
        Canteen::At(area) => vec![area.clone()],
        Canteen::Within(area) => {
            stems.iter().filter_map(|stem| filled(stem, "\u{2217}1")).filter(|at| area.contains(at)).collect()
        }
    };
    let mut rows = BTreeSet::new();
    for canteen in canteens {
        let homes: Vec<Area> = stems
            .iter()
            .cloned()
            .chain(self::stems(&canteen))
            .filter_map(|stem| filled(&stem, "\u{2217}2"))
            .collect();
        budget.spend(homes.len() * singles.len() / 10 + 1)?;
        let outcomes = |of: fn(&Condition) -> Option<&PersonPlace>| -> BTreeSet<Row> {
            let test = |home: &Area, single: &Condition| {
                of(single).is_some_and(|place| matches(place, home, &canteen))
            };
            homes.iter().map(|home| singles.iter().map(|single| test(home, single)).collect()).collect()
        };
        let own: Row = singles
            .iter()
            .map(|single| matches!(single, Condition::CanteenIn(area) if area.contains(&canteen)))
            .collect();
        let (registered, lives) = (outcomes(registered_in), outcomes(lives_in));
        budget.spend(registered.len() * lives.len())?;
        for registered in &registered {
            for lives in &lives {
                rows.insert(
                    (0..own.len()).map(|column| own[column] || registered[column] || lives[column]).collect(),
                );
            }
        }
    }
    Some(rows)
}

fn registered_in(single: &Condition) -> Option<&PersonPlace> {
    if let Condition::RegisteredIn(place) = single { Some(place) } else { None }
}

fn lives_in(single: &Condition) -> Option<&PersonPlace> {
    if let Condition::LivesIn(place) = single { Some(place) } else { None }
}

fn matches(place: &PersonPlace, home: &Area, canteen: &Area) -> bool {
    match place {
        PersonPlace::In(area) => area.contains(home),
        PersonPlace::SameAsCanteen { same_as_canteen } => home.same(canteen, *same_as_canteen),
    }
}

/// The path of an area cut off at every level, from nothing at all to the whole.
fn stems(area: &Area) -> Vec<Vec<&str>> {
    let names: Vec<&str> = area.names().collect();
    (0..=names.len()).map(|known| names[..known].to_vec()).collect()
}

/// The path made as deep as can be with names that nobody else uses.
fn filled(stem: &[&str], fresh: &str) -> Option<Area> {
    let depth = Level::ALL.len();
    Area::new(stem.iter().copied().chain(std::iter::repeat(fresh)).take(depth)).ok()
}

/// A stretch of whole numbers, both ends included, on which no test of its dimension changes.
type Stretch = (i64, i64);

/// The stretches between these cuts, from `least` to `most`; a cut is the first number of a stretch.
fn stretches(cuts: impl Iterator<Item = i64>, least: i64, most: i64) -> Vec<Stretch> {
    let starts: BTreeSet<i64> = cuts.filter(|cut| (least..=most).contains(cut)).chain([least]).collect();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([most]);
    starts.iter().copied().zip(ends).collect()
}

/// Every choice of one stretch from each list.
fn choices(lists: &[Vec<Stretch>], budget: &mut Budget) -> Option<Vec<Vec<Stretch>>> {
    budget.spend(lists.iter().map(Vec::len).product())?;
    let mut choices = vec![Vec::new()];
    for list in lists {
        choices = choices
            .iter()
            .flat_map(|choice: &Vec<Stretch>| list.iter().map(|&next| [choice.as_slice(), &[next]].concat()))
            .collect();
    }
    Some(choices)
}

/// The nth meal of a window is at least the nth of every window inside it.
fn nth_rows(singles: &[&Condition], budget: &mut Budget) -> Option<BTreeSet<Row>> {
    const INSIDE: [(Window, Window); 8] = [
        (Window::Period, Window::Day),
        (Window::Period, Window::Week),
        (Window::Period, Window::Month),
        (Window::Period, Window::Year),
        (Window::Day, Window::Week),
        (Window::Day, Window::Month),
        (Window::Day, Window::Year),
        (Window::Month, Window::Year),
    ];
    let tests: Vec<&NthMeal> = singles
        .iter()
        .filter_map(|single| if let Condition::NthMeal(nth) = single { Some(nth) } else { None })
        .collect();
    let of_window = |window: &Window| {
        let of_window = tests.iter().filter(move |nth| nth.window == *window);
        let cuts = of_window.flat_map(|nth| [Some(nth.from), nth.to.map(|to| to + 1)]).flatten();
        stretches(cuts.map(i64::from), 1, i64::from(i32::MAX))
    };
    let lists: Vec<Vec<Stretch>> = Window::ALL.iter().map(of_window).collect();
    let at = |choice: &[Stretch], window: Window| choice[window as usize];
    let possible = |choice: &Vec<Stretch>| {
        INSIDE.iter().all(|&(inner, outer)| at(choice, inner).0 <= at(choice, outer).1)
    };
    let row = |choice: Vec<Stretch>| {
        tests
            .iter()
            .map(|nth| nth.contains(i32::try_from(at(&choice, nth.window).0).unwrap_or(i32::MAX)))
            .collect()
    };
    Some(choices(&lists, budget)?.into_iter().filter(possible).map(row).collect())
}

/// The amounts that conditions look at: the whole, the rest, both without the delivery fee, and the dearest set.
fn money_rows(singles: &[&Condition], budget: &mut Budget) -> Option<BTreeSet<Row>> {
    const AMOUNTS: usize = 5;
    let amount = |test: &MoneyTest| match (test.of, test.without_delivery_fee) {
        (MoneyOf::Gross, false) => 0,
        (MoneyOf::Gross, true) => 1,
        (MoneyOf::Net, false) => 2,
        (MoneyOf::Net, true) => 3,
        (MoneyOf::Set, _) => 4,
    };
    let tests: Vec<&MoneyTest> = singles
        .iter()
        .filter_map(|single| if let Condition::Money(test) = single { Some(test) } else { None })
        .collect();
    let lists: Vec<Vec<Stretch>> = (0..AMOUNTS)
        .map(|index| {
            let of_amount = tests.iter().filter(|test| amount(test) == index);
            let cuts = of_amount.flat_map(|test| [Some(test.least()), test.most().map(|most| most + 1)]);
            stretches(cuts.flatten(), 0, 2 * MAX_FEN)
        })
        .collect();
    let possible = |choice: &Vec<Stretch>| {
        let &[gross, food, net, net_food, set] = choice.as_slice() else { return false };
        // The smaller of each pair may not begin where the larger has ended.
        let ordered =
            [(food, gross), (net, gross), (net_food, net), (net_food, food), (set, food), (set, gross)];
        ordered.iter().all(|(small, large)| small.0 <= large.1)
            && net_food.0 <= gross.1
            // net_food >= net - (gross - food)
            && net.0 + food.0 - gross.1 <= net_food.1
    };
    let row = |choice: Vec<Stretch>| {
        tests.iter().map(|test| test.contains(crate::money::Fen(choice[amount(test)].0))).collect()
    };
    Some(choices(&lists, budget)?.into_iter().filter(possible).map(row).collect())
}
