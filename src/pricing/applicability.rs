//! Which tiers and payments of a policy can never apply: a document that holds one is not what its authors meant (BR-02).

use crate::{
    money::Fen,
    pricing::{
        check::{Check, FaultCode, MAX_CONDITIONS},
        condition::Condition,
        document::{Pay, Pick},
        policy::Policy,
        satisfy::{Budget, Canteen, can_hold},
    },
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
                    let (zh, en) = match layer.pick {
                        Pick::First => (
                            "前面的档次总是先适用：请调整顺序或条件",
                            "the tiers before it always come first: change the order or the conditions",
                        ),
                        Pick::Best => (
                            "前面的档次总是补得不比它少：请调整金额或条件",
                            "the tiers before it never pay less: change the amounts or the conditions",
                        ),
                    };
                    self.never_applies(format!("{at}/tiers/{tier}"), zh, en);
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
    if one.leaves_out_delivery_fee() && !other.leaves_out_delivery_fee() {
        return false;
    }
    match (one, other) {
        (Pay::Fixed { fixed_fen: more, .. }, Pay::Fixed { fixed_fen: less, .. })
        | (
            Pay::ResidentPrice { resident_price_fen: less, .. },
            Pay::ResidentPrice { resident_price_fen: more, .. },
        ) => more >= less,
        (Pay::ResidentPrice { resident_price_fen: Fen::ZERO, .. }, _) => true,
        (
            Pay::Percent { percent_bp: more, of: one_base, cap_fen: one_cap, .. },
            Pay::Percent { percent_bp: less, of: other_base, cap_fen: other_cap, .. },
        ) => {
            let caps_no_lower = one_cap.is_none_or(|one| other_cap.is_some_and(|other| one >= other));
            more >= less && one_base == other_base && caps_no_lower
        }
        (Pay::Fixed { .. } | Pay::Percent { .. } | Pay::ResidentPrice { .. }, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        money::MAX_FEN,
        pricing::check::tests::{assert_may, document, faults, tier},
    };

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
    fn a_tier_is_refused_behind_one_that_pays_at_least_as_much_for_every_meal() {
        let faults_of = |earlier: Value, later: Value| {
            let mut best = document(json!([tier("earlier", Value::Null), tier("later", Value::Null)]));
            best["layers"][0]["pick"] = json!("best");
            best["layers"][0]["tiers"][0]["pay"] = earlier;
            best["layers"][0]["tiers"][1]["pay"] = later;
            faults(&best)
        };
        let fixed = |fen: i64| json!({ "fixed_fen": fen });
        let price = |fen: i64| json!({ "resident_price_fen": fen });
        let share = |bp: i64, of: &str, cap: Option<i64>| {
            let mut pay = json!({ "percent_bp": bp, "of": of });
            if let Some(cap) = cap {
                pay["cap_fen"] = json!(cap);
            }
            pay
        };
        let food = |mut pay: Value| {
            pay["without_delivery_fee"] = json!(true);
            pay
        };
        let refused = [("/layers/0/tiers/1".to_owned(), "tier_never_applies")];
        assert_eq!(faults_of(fixed(500), fixed(500)), refused);
        assert_eq!(faults_of(price(500), price(501)), refused);
        assert_eq!(faults_of(food(price(500)), food(price(501))), refused);
        assert_eq!(faults_of(fixed(500), food(fixed(500))), refused);
        assert_eq!(faults_of(price(0), fixed(500)), refused);
        assert_eq!(faults_of(food(price(0)), food(share(10_000, "gross", None))), refused);
        assert_eq!(faults_of(food(price(0)), fixed(500)), []);
        assert_eq!(faults_of(price(1), fixed(500)), []);
        assert_eq!(faults_of(share(3000, "gross", None), share(2000, "gross", None)), refused);
        assert_eq!(faults_of(share(3000, "gross", Some(500)), share(3000, "gross", Some(500))), refused);
        assert_eq!(faults_of(share(3000, "gross", None), food(share(2000, "gross", Some(500)))), refused);
        assert_eq!(faults_of(share(3000, "gross", Some(500)), share(2000, "gross", None)), []);
        assert_eq!(faults_of(share(3000, "gross", Some(500)), share(2000, "gross", Some(501))), []);
        assert_eq!(faults_of(share(3000, "gross", None), share(2000, "net", None)), []);
        assert_eq!(faults_of(share(3000, "gross", None), share(3001, "gross", None)), []);
        assert_eq!(faults_of(food(share(3000, "gross", None)), share(2000, "gross", None)), []);
        assert_eq!(faults_of(fixed(500), fixed(501)), []);
        assert_eq!(faults_of(price(501), price(500)), []);
        assert_eq!(faults_of(food(fixed(500)), fixed(400)), []);
        assert_eq!(faults_of(fixed(500), price(500)), []);
    }

    #[test]
    fn a_payment_to_the_canteen_that_can_never_be_made_is_refused() {
        let faults_of = |payer: &str, when: Value| {
            let mut document = document(json!([tier("a", Value::Null)]));
            let payment = json!({ "payer": payer, "code": "meal", "fixed_fen": 100, "when": when });
            document["to_canteen"] = json!([payment]);
            faults(&document)
        };
        let elsewhere = json!({ "canteen_in": { "city": "Elsewhere" } });
        let at = |pointer: &str| pointer.to_owned();
        assert_eq!(faults_of("city", elsewhere.clone()), [(at("/to_canteen/0"), "payment_never_applies")]);
        assert_eq!(faults_of("", elsewhere), [(at("/to_canteen/0/payer"), "bad_text")]);
        assert_eq!(faults_of("city", json!({ "canteen_in": { "city": "Jiangcheng" } })), []);
    }

    #[test]
    fn the_largest_document_is_looked_through_and_a_larger_one_is_not() {
        let fifty = json!({ "all": vec![json!({ "age": { "from": 60 } }); 49] });
        let tiers: Vec<Value> = (0..4).map(|nth: i32| tier(&nth.to_string(), fifty.clone())).collect();
        let mut document = document(json!(tiers));
        let hidden = |nth: i32| (format!("/layers/0/tiers/{nth}"), "tier_never_applies");
        assert_eq!(faults(&document), [1, 2, 3].map(hidden));
        document["layers"][0]["when"] = json!({ "period": ["lunch"] });
        assert_eq!(faults(&document), [(String::new(), "too_many")]);
    }

    #[test]
    fn a_person_may_have_any_of_the_values_of_a_fact_together() {
        let graded = |value: usize| json!({ "fact": { "kind": "disabled", "value": value.to_string() } });
        for held in 0..8_usize {
            let of = |value: usize| {
                if held >> value & 1 == 1 { graded(value) } else { json!({ "not": graded(value) }) }
            };
            assert_may(json!({ "all": [of(0), of(1), of(2)] }));
            assert_may(json!({ "all": [of(0), of(1), of(2), { "fact": { "kind": "disabled" } }] }));
        }
        let either = json!({ "fact": { "kind": "disabled", "values": ["0", "1"] } });
        assert_never(json!({ "all": [either, { "not": graded(0) }, { "not": graded(1) }] }));
    }

    #[test]
    fn a_fact_with_more_than_ten_values_is_too_much_to_decide() {
        let neither = |count: usize| {
            let values: Vec<String> = (0..count).map(|value| value.to_string()).collect();
            let any_value = json!({ "not": { "fact": { "kind": "disabled" } } });
            json!({ "all": [{ "fact": { "kind": "disabled", "values": values } }, any_value] })
        };
        assert_never(neither(10));
        assert_may(neither(11));
    }

    #[test]
    fn the_amounts_of_a_meal_bound_each_other() {
        let money = |of: &str, bound: &str, fen: i64| json!({ "money": { "of": of, bound: fen } });
        let food = |of: &str, bound: &str, fen: i64| json!({ "money": { "of": of, "without_delivery_fee": true, bound: fen } });
        assert_never(json!({ "all": [money("gross", "lt", 1000), food("net", "ge", 1000)] }));
        assert_never(json!({ "all": [money("gross", "lt", 1000), food("gross", "ge", 1000)] }));
        assert_never(json!({ "all": [money("gross", "lt", 1000), money("set", "ge", 1000)] }));
        assert_never(json!({ "all": [food("gross", "lt", 1000), money("set", "ge", 1000)] }));
        assert_never(json!({ "all": [money("net", "lt", 1000), food("net", "ge", 1000)] }));
        assert_never(json!({ "all": [food("gross", "lt", 1000), food("net", "ge", 1000)] }));
        assert_may(json!({ "all": [money("net", "ge", 1000), food("net", "lt", 1000)] }));
        assert_may(json!({ "all": [money("gross", "le", 1000), money("set", "ge", 1000)] }));
        // The fee is at most 200, so that it leaves at least 800 of the rest.
        let small_fee = json!({ "all": [money("gross", "le", 1200), food("gross", "ge", 1000), money("net", "ge", 1000)] });
        assert_never(json!({ "all": [small_fee, food("net", "lt", 800)] }));
        assert_may(json!({ "all": [small_fee, food("net", "le", 800)] }));
        let fortune = |of: &str| money(of, "gt", MAX_FEN);
        assert_may(
            json!({ "all": [fortune("gross"), fortune("net"), food("gross", "gt", MAX_FEN), food("net", "lt", 5)] }),
        );
    }

    #[test]
    fn the_number_of_a_meal_is_no_lower_in_a_longer_window() {
        let nth = |window: &str, from: i32, to: i32| json!({ "nth_meal": { "window": window, "from": from, "to": to } });
        assert_never(json!({ "all": [nth("month", 3, 5), nth("year", 1, 2)] }));
        assert_never(json!({ "all": [nth("day", 2, 3), { "not": nth("day", 2, 3) }] }));
        assert_may(json!({ "all": [nth("month", 3, 5), nth("year", 1, 3)] }));
        assert_may(json!({ "all": [nth("day", 2, 3), { "not": nth("day", 3, 3) }] }));
        assert_may(json!({ "all": [nth("week", 5, 5), nth("month", 1, 1)] }));
    }

    #[test]
    fn a_home_may_lie_in_beside_and_below_every_area_that_is_named() {
        let area = |path: &str| {
            let names = ["city", "district", "town", "community"].into_iter().zip(path.split('/'));
            Value::Object(names.map(|(level, name)| (level.to_owned(), json!(name))).collect())
        };
        let registered = |path: &str| json!({ "registered_in": area(path) });
        let lives = |path: &str| json!({ "lives_in": area(path) });
        let not = |condition: Value| json!({ "not": condition });
        assert_may(
            json!({ "all": [registered("Elsewhere/North"), not(registered("Elsewhere/North/Hill"))] }),
        );
        assert_may(json!({ "all": [registered("Elsewhere"), lives("Jiangcheng/East/Hongqi/One")] }));
        assert_may(json!({ "all": [not(registered("Jiangcheng")), not(lives("Jiangcheng"))] }));
        assert_may(
            json!({ "all": [lives("Jiangcheng/East"), { "lives_in": { "same_as_canteen": "community" } }] }),
        );
        assert_may(
            json!({ "all": [{ "canteen_in": area("Jiangcheng/East") }, not(lives("Jiangcheng/East"))] }),
        );
        assert_never(json!({ "all": [lives("Jiangcheng/East"), lives("Jiangcheng/West")] }));
        assert_never(json!({ "all": [lives("Jiangcheng/East/Hongqi"), not(lives("Jiangcheng/East"))] }));
        assert_never(json!({ "all": [{ "lives_in": { "same_as_canteen": "city" } }, lives("Elsewhere")] }));
        assert_never(
            json!({ "all": [{ "canteen_in": area("Jiangcheng/East") }, { "canteen_in": area("Jiangcheng/West") }] }),
        );
    }

    #[test]
    fn one_meal_is_at_one_time_in_one_way() {
        assert_never(json!({ "all": [{ "period": ["lunch"] }, { "period": ["dinner"] }] }));
        assert_never(json!({ "all": [{ "mode": ["dine_in"] }, { "mode": ["delivery", "takeaway"] }] }));
        assert_never(
            json!({ "all": [{ "not": { "item_kind": ["set"] } }, { "not": { "item_kind": ["dish"] } }] }),
        );
        assert_never(json!({ "all": [{ "day_kind": ["workday"] }, { "weekday": ["sat", "sun"] }] }));
        assert_never(json!({ "any": [
            { "all": [{ "period": ["lunch"] }, { "not": { "period": ["lunch", "dinner"] } }] },
            { "not": { "any": [{ "age": { "from": 70 } }, { "age": { "to": 70 } }] } },
        ] }));
        assert_may(json!({ "all": [{ "item_kind": ["set"] }, { "item_kind": ["dish"] }] }));
        assert_may(json!({ "all": [{ "day_kind": ["holiday"] }, { "weekday": ["mon"] }] }));
        assert_may(json!({ "all": [{ "day_kind": ["workday"] }, { "weekday": ["mon"] }] }));
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

    #[test]
    fn what_can_never_hold_is_let_through_where_it_would_take_too_long_to_tell() {
        let never_of = |facts: usize| {
            let fact = |index: usize| json!({ "fact": { "kind": format!("kind {index}") } });
            let open = (0..facts).map(|index| json!({ "any": [fact(index), { "not": fact(index) }] }));
            let never = [json!({ "age": { "from": 70 } }), json!({ "age": { "to": 70 } })];
            json!({ "all": open.chain(never).collect::<Vec<_>>() })
        };
        assert_never(never_of(5));
        assert_may(never_of(17));
    }
}
