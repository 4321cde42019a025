//! Trying a policy out: what earlier meals of a person leave behind for the next one.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::Fen,
    pricing::{
        apply::{quote, tier_meant},
        document::Window,
        policy::{LimitKey, PolicyLimit},
        quote::{Arguments, OrderLine, PolicyInForce, Quote},
        usage::{Usage, Used},
    },
    words::{DayKind, ItemKind, MealClass, Period},
};

/// A meal that the person has had before the one to be priced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlierMeal {
    pub served_on: NaiveDate,
    pub day_kind: DayKind,
    pub period: Period,
    pub charge_fen: Fen,
    /// What each payer paid; a payer that is not listed paid nothing. Computed by the same policies if not given.
    #[serde(default)]
    pub paid: Option<BTreeMap<String, Fen>>,
}

/// The usage with which to price `meal` after these earlier meals, under these policies.
///
/// Person, canteen and service mode of the earlier meals are taken to be those of `meal`; its own usage is ignored.
pub fn usage_after(policies: &[PolicyInForce], meal: &Arguments, earlier: &[EarlierMeal]) -> Usage {
    let mut earlier: Vec<&EarlierMeal> = earlier.iter().collect();
    earlier.sort_by_key(|meal| (meal.served_on, meal.period));
    let mut trial = Trial { policies, drawn: BTreeMap::new() };
    for (index, before) in earlier.iter().enumerate() {
        let usage = trial.usage(before.served_on, before.period, &earlier[..index]);
        trial.draw(before, &arguments_of(before, meal, usage));
    }
    trial.usage(meal.served_on, meal.order.period, &earlier)
}

/// The arguments of an earlier meal: a set meal at its charge.
fn arguments_of(before: &EarlierMeal, meal: &Arguments, usage: Usage) -> Arguments {
    let mut args =
        Arguments { served_on: before.served_on, day_kind: before.day_kind, usage, ..meal.clone() };
    args.order.period = before.period;
    args.order.class = MealClass::Meal;
    args.order.delivery_fee_fen = Fen::ZERO;
    args.order.lines = vec![OrderLine {
        item_kind: ItemKind::Set,
        price_fen: before.charge_fen,
        quantity: 1,
        second_helping: false,
    }];
    args
}

/// The draws of the earlier meals so far.
struct Trial<'a> {
    policies: &'a [PolicyInForce],
    drawn: BTreeMap<(LimitKey, String), Used>,
}

impl Trial<'_> {
    fn usage(&self, served_on: NaiveDate, period: Period, before: &[&EarlierMeal]) -> Usage {
        let limits = self.policies.iter().flat_map(|policy| policy.policy.limits());
        let used = |limit: &PolicyLimit| {
            let window = (limit.key.clone(), limit.window.key(served_on, period));
            self.drawn.get(&window).map(|used| (limit.key.clone(), *used))
        };
        let ordinal = |window: Window| {
            let key = window.key(served_on, period);
            let same = before.iter().filter(|meal| window.key(meal.served_on, meal.period) == key).count();
            i32::try_from(same + 1).unwrap_or(i32::MAX)
        };
        Usage {
            windows: limits.filter_map(used).collect(),
            ordinals: Window::ALL.iter().map(|&window| (window, ordinal(window))).collect(),
        }
    }

    fn draw(&mut self, meal: &EarlierMeal, args: &Arguments) {
        let quote = quote(self.policies, args);
        let mut draws: BTreeMap<LimitKey, (Window, Fen)> = BTreeMap::new();
        match &meal.paid {
            None => {
                draws.extend(quote.claims.into_iter().map(|claim| (claim.limit, (claim.window, claim.fen))))
            }
            Some(paid) => {
                for (payer, &fen) in paid.iter().filter(|(_, fen)| **fen > Fen::ZERO) {
                    self.attribute(payer, fen, &quote, args, &mut draws);
                }
            }
        }
        for (limit, (window, fen)) in draws {
            let used = self.drawn.entry((limit, window.key(meal.served_on, meal.period))).or_default();
            used.count += 1;
            used.fen += fen;
        }
    }

    /// Draws what a payer paid on the limits of its layers: as the policies would have split it, the rest on the last.
    fn attribute(
        &self,
        payer: &str,
        paid: Fen,
        quote: &Quote,
        args: &Arguments,
        draws: &mut BTreeMap<LimitKey, (Window, Fen)>,
    ) {
        let lines: Vec<_> = quote.lines.iter().filter(|line| line.payer == payer).collect();
        let paying: Vec<_> = lines.iter().filter(|line| line.fen > Fen::ZERO).collect();
        let lines: Vec<_> = if paying.is_empty() { lines.iter().take(1).collect() } else { paying };
        let mut rest = paid;
        for (index, line) in lines.iter().enumerate() {
            let fen = if index + 1 == lines.len() { rest } else { line.fen.min(rest) };
            if fen.is_zero() {
                continue;
            }
            rest -= fen;
            let Some(in_force) = self.policies.iter().find(|policy| policy.code() == line.policy) else {
                continue;
            };
            let layers = &in_force.policy.document().layers;
            let Some(layer) = layers.iter().position(|layer| layer.code() == line.layer) else { continue };
            let tier = tier_meant(in_force, layer, line.tier.as_deref(), args);
            for limit in in_force.policy.tier_limits(layer, tier) {
                draws.entry(limit.key.clone()).or_insert((limit.window, Fen::ZERO)).1 += fen;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::pricing::{
        corpus::{arguments, earlier_meal},
        schemes_test::{example, had, invented},
    };

    fn layer(code: &str, rank: i32, fen: i64, when: Value) -> Value {
        json!({ "payer": "city", "code": code, "rank": rank, "pick": "first", "when": when, "limits": [code],
            "tiers": [{ "code": "all", "pay": { "fixed_fen": fen } }] })
    }

    /// What these meals have drawn on the limits of these layers, each for a month: name, meals, fen.
    fn drawn(layers: Value, earlier: &[EarlierMeal]) -> Vec<(String, i64, i64)> {
        let of_month = |layer: &Value| {
            (
                layer["code"].as_str().unwrap().to_owned(),
                json!({ "window": "month", "count": 99, "fen": 99_900 }),
            )
        };
        let limits: Value = Value::Object(layers.as_array().unwrap().iter().map(of_month).collect());
        let policy = [invented(layers, json!({ "limits": limits }))];
        let usage = usage_after(&policy, &arguments(&example(1500, json!({})), &policy), earlier);
        let used = |(limit, used): (LimitKey, Used)| {
            (limit.0.trim_start_matches("invented/").to_owned(), used.count, used.fen.0)
        };
        usage.windows.into_iter().map(used).collect()
    }

    fn computed(date: &str, period: &str) -> EarlierMeal {
        EarlierMeal { paid: None, ..earlier_meal(&json!({ "date": date, "period": period, "charge": 1500 })) }
    }

    #[test]
    fn an_earlier_meal_is_priced_as_it_was_on_its_own_day() {
        let meals = [
            computed("2025-03-01", "lunch"),
            computed("2025-03-03", "lunch"),
            computed("2025-03-03", "dinner"),
        ];
        let layers = json!([
            layer("saturday", 1, 100, json!({ "weekday": ["sat"] })),
            layer("rest-day", 2, 100, json!({ "day_kind": ["rest_day"] })),
            layer("dinner", 3, 100, json!({ "period": ["dinner"] })),
            layer("second", 4, 100, json!({ "nth_meal": { "window": "day", "from": 2 } })),
            layer("third", 5, 100, json!({ "nth_meal": { "window": "month", "from": 3, "to": 3 } })),
        ]);
        let once =
            ["dinner", "rest-day", "saturday", "second", "third"].map(|name| (name.to_owned(), 1, 100));
        assert_eq!(drawn(layers, &meals), once);
    }

    #[test]
    fn what_a_payer_paid_is_drawn_as_its_layers_would_have_split_it_and_the_rest_on_the_last() {
        let layers = json!([
            layer("none", 1, 100, json!({ "age": { "from": 90 } })),
            layer("first", 2, 300, json!({ "age": { "from": 60 } })),
            layer("last", 3, 200, json!({ "age": { "from": 60 } })),
        ]);
        let paid = |fen: i64| {
            drawn(layers.clone(), &[earlier_meal(&had("2025-03-01", "lunch", json!({ "city": fen })))])
        };
        let split = |first: i64, last: i64| [("first".to_owned(), 1, first), ("last".to_owned(), 1, last)];
        assert_eq!(paid(500), split(300, 200));
        assert_eq!(paid(450), split(300, 150));
        assert_eq!(paid(600), split(300, 300));
        assert_eq!(paid(200), [("first".to_owned(), 1, 200)]);
        assert_eq!(paid(0), []);
    }

    #[test]
    fn what_a_payer_paid_beyond_its_layers_is_drawn_on_the_first_of_them() {
        let layers = json!([
            layer("first", 1, 100, json!({ "age": { "from": 90 } })),
            layer("last", 2, 200, json!({ "age": { "from": 95 } })),
        ]);
        let meals = ["2025-03-01", "2025-03-02"]
            .map(|on| earlier_meal(&had(on, "lunch", json!({ "city": 70, "town": 50 }))));
        assert_eq!(drawn(layers, &meals), [("first".to_owned(), 2, 140)]);
    }
}
