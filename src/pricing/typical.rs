//! What typical persons pay: everybody whom the policies tell apart by age, by facts and by where they come from.
//!
//! It is for those who set prices, before anybody pays them: one row for each way in which people are told apart, for
//! whom the prices are others. Nobody of them has had a meal before in any window.

use chrono::{Months, NaiveDate};

use super::{
    Arguments, CanteenPlace, Condition, Fact, Order, Person, PolicyInForce,
    apply::quote,
    condition::{AgeBand, FactTest, Shape},
    usage::Usage,
    wording::{FactNames, clause, joined},
};
use crate::{
    money::Fen,
    words::{Area, Bilingual, DayKind},
};

/// A meal as typical persons have it, and the policies by which it is priced.
#[derive(Clone, Debug)]
pub struct TypicalMeal {
    pub policies: Vec<PolicyInForce>,
    pub order: Order,
    pub served_on: NaiveDate,
    pub day_kind: DayKind,
    /// Whether the calendar of the year is published.
    pub calendar_known: bool,
}

/// What somebody like this pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypicalPrice {
    pub who: Bilingual,
    /// One for each meal, in their order.
    pub pays: Vec<Fen>,
}

/// What each kind of person pays for these meals at a canteen that lies here, the youngest first; those whom a fact or
/// another place makes no difference to are not told apart.
pub fn typical_prices(canteen: &Area, meals: &[TypicalMeal], names: &FactNames) -> Vec<TypicalPrice> {
    let conditions: Vec<&Condition> = conditions(meals);
    let bands = bands(&conditions);
    let price = |kind: &Kind, band: &AgeBand| -> Vec<Fen> {
        meals.iter().map(|meal| kind.pays(canteen, band, meal)).collect()
    };
    let usual: Vec<Vec<Fen>> = bands.iter().map(|band| price(&Kind::USUAL, band)).collect();
    let mut rows = merged(&Kind::USUAL, bands.iter().cloned().zip(usual.iter().cloned()), names);
    for kind in kinds(&conditions) {
        let others = bands.iter().zip(&usual).filter_map(|(band, usual)| {
            let pays = price(&kind, band);
            (pays != *usual).then(|| (band.clone(), pays))
        });
        rows.extend(merged(&kind, others, names));
    }
    rows
}

/// What sets somebody apart besides their age.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kind {
    facts: Vec<FactTest>,
    registered_here: bool,
    lives_here: bool,
}

impl Kind {
    /// Nothing does.
    const USUAL: Kind = Kind { facts: Vec::new(), registered_here: true, lives_here: true };

    fn pays(&self, canteen: &Area, band: &AgeBand, meal: &TypicalMeal) -> Fen {
        let here = |is_here: bool| is_here.then(|| canteen.clone());
        let fact = |test: &FactTest| Fact { kind: test.kind.clone(), value: test.wanted().first().cloned() };
        let person = Person {
            born_on: born_on(band, meal.served_on),
            registered_in: here(self.registered_here),
            lives_in: here(self.lives_here),
            facts: self.facts.iter().map(fact).collect(),
            suspended: None,
        };
        let arguments = Arguments {
            person,
            canteen: CanteenPlace { area: canteen.clone() },
            order: meal.order.clone(),
            served_on: meal.served_on,
            day_kind: meal.day_kind,
            calendar_known: meal.calendar_known,
            usage: Usage::default(),
        };
        quote(&meal.policies, &arguments).resident_fen
    }

    fn words(&self, band: &AgeBand, names: &FactNames) -> Bilingual {
        let mut parts = Vec::new();
        if *band != EVERY_AGE {
            parts.push(clause(&Condition::Age(band.clone()), true, names));
        }
        parts.extend(self.facts.iter().map(|test| clause(&Condition::Fact(test.clone()), true, names)));
        if !self.registered_here {
            parts.push(Bilingual::new("户籍不在本地", "registered elsewhere"));
        }
        if !self.lives_here {
            parts.push(Bilingual::new("不住在本地", "living elsewhere"));
        }
        if parts.is_empty() {
            parts.push(Bilingual::new("人人", "everybody"));
        }
        joined(parts.into_iter(), "，", ", ")
    }
}

const EVERY_AGE: AgeBand = AgeBand { from: None, to: None };

/// The birthday of somebody who has the lowest age of the band on that day; the highest of a band that begins at birth.
fn born_on(band: &AgeBand, on: NaiveDate) -> NaiveDate {
    let age = band.from.or(band.to.map(|to| to - 1)).unwrap_or_default();
    let months = u32::try_from(age).unwrap_or_default() * 12;
    on.checked_sub_months(Months::new(months)).unwrap_or(on)
}

fn conditions(meals: &[TypicalMeal]) -> Vec<&Condition> {
    let mut all: Vec<&Condition> = Vec::new();
    for condition in meals.iter().flat_map(|meal| &meal.policies).flat_map(|one| one.policy.conditions()) {
        if !all.contains(&condition) {
            all.push(condition);
        }
    }
    all
}

/// The bands of ages that the conditions tell apart, from birth on.
fn bands(conditions: &[&Condition]) -> Vec<AgeBand> {
    let mut cuts: Vec<i32> = Vec::new();
    each_single(conditions, &mut |single| {
        if let Condition::Age(band) = single {
            cuts.extend(band.from.into_iter().chain(band.to));
        }
    });
    cuts.sort_unstable();
    cuts.dedup();
    let ends = cuts.iter().copied().map(Some).chain([None]);
    let starts = [None].into_iter().chain(cuts.iter().copied().map(Some));
    starts.zip(ends).map(|(from, to)| AgeBand { from, to }).collect()
}

/// Everybody whom the conditions tell apart by something else than age: by one fact, by facts that are asked for
/// together, by where they come from.
fn kinds(conditions: &[&Condition]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut add = |kind: Kind| {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    };
    each_single(conditions, &mut |single| match single {
        Condition::Fact(test) => add(Kind { facts: vec![test.clone()], ..Kind::USUAL }),
        Condition::RegisteredIn(_) => add(Kind { registered_here: false, ..Kind::USUAL }),
        Condition::LivesIn(_) => add(Kind { lives_here: false, ..Kind::USUAL }),
        Condition::All(_)
        | Condition::Any(_)
        | Condition::Not(_)
        | Condition::Age(_)
        | Condition::CanteenIn(_)
        | Condition::Period(_)
        | Condition::Mode(_)
        | Condition::Weekday(_)
        | Condition::Season(_)
        | Condition::DayKind(_)
        | Condition::ItemKind(_)
        | Condition::NthMeal(_)
        | Condition::Money(_) => {}
    });
    for facts in conditions.iter().filter_map(|condition| together(condition)) {
        add(Kind { facts, ..Kind::USUAL });
    }
    kinds.sort_by_key(|kind| (kind.facts.is_empty(), !kind.registered_here));
    kinds
}

/// The facts that a condition asks for together.
fn together(condition: &Condition) -> Option<Vec<FactTest>> {
    let Shape::All(parts) = condition.shape() else { return None };
    let mut facts = Vec::new();
    for part in parts {
        if let Condition::Fact(test) = part {
            facts.push(test.clone());
        }
    }
    (!facts.is_empty()).then_some(facts)
}

fn each_single<'a>(conditions: &[&'a Condition], look: &mut dyn FnMut(&'a Condition)) {
    conditions.iter().for_each(|condition| condition.each_single(look));
}

/// A row for each stretch of bands that follow on each other and pay the same.
fn merged(
    kind: &Kind,
    bands: impl Iterator<Item = (AgeBand, Vec<Fen>)>,
    names: &FactNames,
) -> Vec<TypicalPrice> {
    let mut stretches: Vec<(AgeBand, Vec<Fen>)> = Vec::new();
    for (band, pays) in bands {
        match stretches.last_mut() {
            Some((stretch, same)) if *same == pays && stretch.to == band.from => {
                stretch.to = band.to;
            }
            Some(_) | None => stretches.push((band, pays)),
        }
    }
    stretches.into_iter().map(|(band, pays)| TypicalPrice { who: kind.words(&band, names), pays }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        pricing::{OrderLine, parse},
        words::{ItemKind, Lang, MealClass, Mode, Period},
    };

    fn lunch(price_fen: i64, layers: serde_json::Value) -> TypicalMeal {
        let document = serde_json::json!({
            "code": "test", "area": { "city": "Guiyang" }, "name": { "zh": "试", "en": "Test" }, "layers": layers,
        });
        let policy = Arc::new(parse(&document).unwrap());
        let line = OrderLine {
            item_kind: ItemKind::Set,
            price_fen: Fen(price_fen),
            quantity: 1,
            second_helping: false,
        };
        TypicalMeal {
            policies: vec![PolicyInForce { version: 1, policy }],
            order: Order {
                period: Period::Lunch,
                mode: Mode::DineIn,
                class: MealClass::Meal,
                lines: vec![line],
                delivery_fee_fen: Fen::ZERO,
            },
            served_on: "2026-11-23".parse().unwrap(),
            day_kind: DayKind::Workday,
            calendar_known: true,
        }
    }

    fn told(meal: TypicalMeal) -> Vec<(String, i64)> {
        let canteen = Area::new(["Guiyang", "Guanshanhu"]).unwrap();
        let rows = typical_prices(&canteen, &[meal], &FactNames::default());
        rows.into_iter().map(|row| (row.who.get(Lang::En).to_owned(), row.pays[0].0)).collect()
    }

    #[test]
    fn everybody_who_pays_another_price_has_a_row() {
        let layers = serde_json::json!([
            { "payer": "city", "rank": 1, "pick": "first", "tiers": [
                { "code": "free", "when": { "fact": { "kind": "destitute" } }, "pay": { "resident_price_fen": 0 } },
                { "code": "80", "when": { "age": { "from": 80 } }, "pay": { "fixed_fen": 500 } },
                { "code": "60", "when": { "all": [
                    { "age": { "from": 60 } }, { "registered_in": { "city": "Guiyang" } },
                ] }, "pay": { "fixed_fen": 300 } },
            ] },
        ]);
        let expected = [
            ("under 60", 1200),
            ("60 to 79", 900),
            ("80 or older", 700),
            ("recorded as destitute", 0),
            ("60 to 79, registered elsewhere", 1200),
        ];
        assert_eq!(told(lunch(1200, layers)), expected.map(|(who, pays)| (who.to_owned(), pays)));
    }

    #[test]
    fn without_a_difference_everybody_is_one_row() {
        let layers = serde_json::json!([
            { "payer": "city", "rank": 1, "pick": "first", "tiers": [{ "code": "all", "pay": { "fixed_fen": 300 } }] },
        ]);
        assert_eq!(told(lunch(1200, layers)), [("everybody".to_owned(), 900)]);
    }

    #[test]
    fn ages_that_pay_the_same_share_a_row_only_where_they_follow_on_each_other() {
        let aged = |from: i32, to: i32| serde_json::json!({ "age": { "from": from, "to": to } });
        let free = serde_json::json!({ "all": [
            { "fact": { "kind": "destitute" } }, { "any": [aged(60, 70), aged(80, 90), { "age": { "from": 90 } }] },
        ] });
        let layers = serde_json::json!([
            { "payer": "city", "rank": 1, "pick": "first", "tiers": [
                { "code": "free", "when": free, "pay": { "resident_price_fen": 0 } },
                { "code": "young", "when": aged(0, 60), "pay": { "fixed_fen": 100 } },
                { "code": "usual", "pay": { "fixed_fen": 300 } },
            ] },
        ]);
        let expected = [
            ("under 60", 1100),
            ("60 or older", 900),
            ("60 to 69, recorded as destitute", 0),
            ("80 or older, recorded as destitute", 0),
        ];
        assert_eq!(told(lunch(1200, layers)), expected.map(|(who, pays)| (who.to_owned(), pays)));
    }

    #[test]
    fn those_with_facts_that_count_together_and_those_who_live_elsewhere_have_rows() {
        let fact = |kind: &str| serde_json::json!({ "fact": { "kind": kind } });
        let here = |place: &str| serde_json::json!({ place: { "city": "Guiyang" } });
        let layers = serde_json::json!([
            { "payer": "city", "rank": 1, "pick": "first", "when": here("registered_in"), "tiers": [
                { "code": "both", "when": { "all": [fact("lives_alone"), fact("low_income")] }, "pay": { "fixed_fen": 400 } },
                { "code": "usual", "pay": { "fixed_fen": 300 } },
            ] },
            { "payer": "town", "rank": 2, "pick": "first", "when": here("lives_in"), "tiers": [
                { "code": "all", "pay": { "fixed_fen": 200 } },
            ] },
        ]);
        let expected = [
            ("everybody", 700),
            ("recorded as living alone, recorded as low income", 600),
            ("living elsewhere", 900),
            ("registered elsewhere", 1000),
        ];
        assert_eq!(told(lunch(1200, layers)), expected.map(|(who, pays)| (who.to_owned(), pays)));
    }
}
