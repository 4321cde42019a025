//! Which tiers and payments of a policy can never apply: a document that holds one is not what its authors meant (BR-02).

use crate::pricing::{
    check::{Check, FaultCode, MAX_CONDITIONS},
    condition::Condition,
    document::{Pay, Pick},
    policy::Policy,
    satisfy::{Budget, Canteen, can_hold},
};

impl Check {
    /// Adds the tiers and payments that can never apply, where nothing else is wrong with them (BR-02).
    pub(super) fn applicability(&mut self, policy: &Policy) {
        if self.conditions > MAX_CONDITIONS {
            return;
        }
        let mut budget = Budget::for_document();
        let document = policy.document();
        let canteen = Canteen::Within(&document.area);
        for (index, layer) in document.layers.iter().enumerate() {
            let at = format!("/layers/{index}");
            if self.is_faulty(&at) {
                continue;
            }
            for tier in 0..layer.tiers.len() {
                let required: Vec<&Condition> = layer.when.iter().chain(&layer.tiers[tier].when).collect();
                if !can_hold(canteen, &required, &[], &mut budget) {
                    self.never_applies(
                        format!("{at}/tiers/{tier}"),
                        "它的条件不可能成立",
                        "its condition can never hold",
                    );
                } else if !can_hold(canteen, &required, &hiding(policy, index, tier), &mut budget) {
                    self.never_applies(
                        format!("{at}/tiers/{tier}"),
                        "前面的档次总是先适用：请调整顺序或条件",
                        "the tiers before it always come first: change the order or the conditions",
                    );
                }
            }
        }
        for (index, payment) in document.to_canteen.iter().enumerate() {
            let at = format!("/to_canteen/{index}");
            let required: Vec<&Condition> = payment.when.iter().collect();
            if !self.is_faulty(&at) && !can_hold(canteen, &required, &[], &mut budget) {
                let en = "this payment never applies: its condition can never hold";
                self.fault(
                    at,
                    FaultCode::PaymentNeverApplies,
                    "这项补助永远不会适用：它的条件不可能成立",
                    en,
                );
            }
        }
    }

    fn never_applies(&mut self, at: String, zh: &str, en: &str) {
        let (zh, en) = (format!("这个档次永远不会适用：{zh}"), format!("this tier never applies: {en}"));
        self.fault(at, FaultCode::TierNeverApplies, zh, en);
    }

    fn is_faulty(&self, at: &str) -> bool {
        let inside = |pointer: &str| {
            pointer.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.faults.iter().any(|fault| inside(&fault.pointer))
    }
}

/// The conditions of the earlier tiers that leave nothing to a tier wherever they hold.
///
/// An earlier tier with a limit that the later does not have may be used up while the later still fits (BR-31).
fn hiding(policy: &Policy, layer_index: usize, tier: usize) -> Vec<Vec<&Condition>> {
    let layer = &policy.document().layers[layer_index];
    let hides = |earlier: &usize| {
        let comes_first = match layer.pick {
            Pick::First => true,
            Pick::Best => never_pays_less(&layer.tiers[*earlier].pay, &layer.tiers[tier].pay),
        };
        comes_first && policy.used_up_together(layer_index, *earlier, tier)
    };
    (0..tier).filter(hides).map(|earlier| layer.tiers[earlier].when.iter().collect()).collect()
}

/// Whether one amount is at least the other for every charge, as far as that is plain to see.
fn never_pays_less(one: &Pay, other: &Pay) -> bool {
    match (one, other) {
        (
            Pay::Fixed { fixed_fen: more, without_delivery_fee: one_without },
            Pay::Fixed { fixed_fen: less, without_delivery_fee: other_without },
        )
        | (
            Pay::ResidentPrice { resident_price_fen: less, without_delivery_fee: one_without },
            Pay::ResidentPrice { resident_price_fen: more, without_delivery_fee: other_without },
        ) => more >= less && one_without == other_without,
        (Pay::Fixed { .. } | Pay::Percent { .. } | Pay::ResidentPrice { .. }, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::pricing::check::tests::{assert_may, document, faults, tier};

    fn assert_never(when: Value) {
        let expected = [("/layers/0/tiers/0".to_owned(), "tier_never_applies")];
        assert_eq!(faults(&document(json!([tier("a", when.clone())]))), expected, "{when}");
    }

    #[test]
    fn what_can_never_hold_is_refused() {
        let town = |town: &str| json!({ "city": "Jiangcheng", "district": "East", "town": town });
        assert_never(json!({ "all": [{ "age": { "from": 70 } }, { "age": { "to": 70 } }] }));
        assert_never(json!({ "canteen_in": { "city": "Elsewhere" } }));
        assert_never(
            json!({ "all": [{ "registered_in": town("A") }, { "not": { "registered_in": { "city": "Jiangcheng" } } }] }),
        );
        assert_never(json!({ "all": [
            { "registered_in": { "same_as_canteen": "town" } },
            { "not": { "registered_in": { "same_as_canteen": "district" } } },
        ] }));
        assert_never(json!({ "all": [
            { "registered_in": town("A") }, { "registered_in": { "same_as_canteen": "town" } }, { "canteen_in": town("B") },
        ] }));
        assert_never(json!({ "all": [{ "day_kind": ["rest_day"] }, { "weekday": ["mon"] }] }));
        assert_never(json!({ "all": [
            { "season": { "from": "06-01", "to": "09-30" } }, { "season": { "from": "11-15", "to": "03-15" } },
        ] }));
        assert_never(
            json!({ "all": [{ "fact": { "kind": "disabled", "value": "1" } }, { "not": { "fact": { "kind": "disabled" } } }] }),
        );
        assert_never(json!({ "all": [
            { "money": { "of": "gross", "lt": 1000 } }, { "money": { "of": "net", "ge": 1000 } },
        ] }));
        assert_never(json!({ "all": [
            { "nth_meal": { "window": "week", "from": 1, "to": 1 } }, { "nth_meal": { "window": "day", "from": 2 } },
        ] }));
    }

    #[test]
    fn what_may_hold_is_let_through() {
        let town = |town: &str| json!({ "city": "Jiangcheng", "district": "East", "town": town });
        assert_may(
            json!({ "all": [{ "registered_in": town("A") }, { "lives_in": town("B") }, { "canteen_in": town("A") }] }),
        );
        assert_may(
            json!({ "all": [{ "not": { "registered_in": { "same_as_canteen": "town" } } }, { "registered_in": { "same_as_canteen": "district" } }] }),
        );
        assert_may(json!({ "all": [{ "day_kind": ["makeup_workday"] }, { "weekday": ["sun"] }] }));
        assert_may(
            json!({ "all": [{ "fact": { "kind": "disabled" } }, { "not": { "fact": { "kind": "disabled", "value": "1" } } }] }),
        );
        assert_may(json!({ "all": [
            { "money": { "of": "gross", "ge": 1000 } },
            { "money": { "of": "gross", "without_delivery_fee": true, "lt": 1000 } },
            { "money": { "of": "net", "gt": 999 } },
        ] }));
        assert_may(json!({ "not": { "registered_in": { "city": "Jiangcheng" } } }));
        assert_may(json!({ "all": [
            { "season": { "from": "06-01", "to": "09-30" } }, { "not": { "season": { "from": "06-02", "to": "09-30" } } },
        ] }));
    }

    #[test]
    fn a_tier_behind_one_that_always_comes_first_is_refused() {
        let hidden = document(json!([
            tier("60", json!({ "age": { "from": 60 } })),
            tier("80", json!({ "age": { "from": 80 } })),
        ]));
        assert_eq!(faults(&hidden), [("/layers/0/tiers/1".to_owned(), "tier_never_applies")]);
        let mut best = hidden.clone();
        best["layers"][0]["pick"] = json!("best");
        best["layers"][0]["tiers"][1]["pay"]["fixed_fen"] = json!(500);
        assert_eq!(faults(&best), []);
        let split = document(json!([
            tier("young", json!({ "age": { "to": 70 } })),
            tier("old", json!({ "age": { "from": 70 } })),
            tier("rest", Value::Null),
        ]));
        assert_eq!(faults(&split), [("/layers/0/tiers/2".to_owned(), "tier_never_applies")]);
    }

    #[test]
    fn a_tier_behind_one_that_may_be_used_up_before_it_is_let_through() {
        let mut document = document(json!([tier("daily", Value::Null), tier("further", Value::Null)]));
        document["limits"] =
            json!({ "day": { "window": "day", "count": 1 }, "week": { "window": "week", "count": 5 } });
        document["layers"][0]["tiers"][0]["limits"] = json!(["day"]);
        document["layers"][0]["tiers"][1]["limits"] = json!(["week"]);
        assert_eq!(faults(&document), []);
        document["layers"][0]["tiers"][1]["limits"] = json!(["week", "day"]);
        assert_eq!(faults(&document), [("/layers/0/tiers/1".to_owned(), "tier_never_applies")]);
    }

    #[test]
    fn a_document_made_to_be_hard_does_not_hold_the_server_up() {
        let fact = |index: usize| json!({ "fact": { "kind": format!("kind {index}") } });
        let pairs =
            (0..28).map(|index| json!({ "any": [fact(index), { "not": fact((index * 5 + 3) % 28) }] }));
        let one_of: Vec<Value> = (0..28).map(fact).collect();
        let mut all: Vec<Value> = pairs.collect();
        all.push(json!({ "any": one_of }));
        assert_may(json!({ "all": all }));
    }
}
