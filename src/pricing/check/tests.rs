use serde_json::{Value, json};

use super::*;
use crate::pricing::schemes_test::with;

pub fn document(tiers: Value) -> Value {
    json!({
        "code": "test",
        "area": { "city": "Jiangcheng" },
        "name": { "zh": "试", "en": "test" },
        "layers": [{ "payer": "city", "rank": 1, "pick": "first", "tiers": tiers }],
    })
}

pub fn tier(code: &str, when: Value) -> Value {
    let mut tier = json!({ "code": code, "pay": { "fixed_fen": 100 } });
    if !when.is_null() {
        tier["when"] = when;
    }
    tier
}

/// Pointer and code of every fault.
pub fn faults(document: &Value) -> Vec<(String, &'static str)> {
    let faults = parse(document).err().unwrap_or_default();
    faults.into_iter().map(|fault| (fault.pointer, fault.code.as_str())).collect()
}

pub fn assert_may(when: Value) {
    assert_eq!(faults(&document(json!([tier("a", when.clone())]))), [], "{when}");
}

#[test]
fn a_document_of_the_wrong_shape_is_told_with_the_place() {
    let cases = [
        (json!({ "age": { "form": 60 } }), "/layers/0/tiers/0/when/age/form"),
        (json!({ "agee": { "from": 60 } }), "/layers/0/tiers/0/when"),
        (json!({ "all": [{ "period": ["supper"] }] }), "/layers/0/tiers/0/when/all/0/period/0"),
        (json!({ "registered_in": { "town": "Hongqi" } }), "/layers/0/tiers/0/when/registered_in"),
    ];
    for (when, pointer) in cases {
        let faults = parse(&document(json!([tier("a", when)]))).unwrap_err();
        assert_eq!(faults[0].code, FaultCode::Malformed, "{faults:?}");
        assert!(faults[0].pointer.starts_with(pointer), "{faults:?}");
    }
    let mut pays_two = document(json!([tier("a", Value::Null)]));
    pays_two["layers"][0]["tiers"][0]["pay"]["resident_price_fen"] = json!(1);
    assert_eq!(faults(&pays_two), [("/layers/0/tiers/0/pay".to_owned(), "malformed")]);
    let mut limits = document(json!([tier("a", Value::Null)]));
    limits["layers"][0]["limits"] = json!("none");
    assert_eq!(faults(&limits), [("/layers/0/limits".to_owned(), "malformed")]);
}

#[test]
fn every_fault_is_listed() {
    let mut document = document(json!([
        tier("a", json!({ "age": { "from": 70, "to": 60 } })),
        tier("a", json!({ "any": [] })),
    ]));
    document["code"] = json!("No Code");
    document["limits"] = json!({ "idle": { "window": "day", "count": 1 }, "open": { "window": "day" } });
    document["layers"][0]["limits"] = json!(["open", "missing"]);
    assert_eq!(
        faults(&document),
        [
            ("/code", "bad_code"),
            ("/limits/open", "boundless_limit"),
            ("/layers/0/limits/1", "unknown_limit"),
            ("/layers/0/tiers/0/when/age", "empty_range"),
            ("/layers/0/tiers/1/when/any", "empty_list"),
            ("/layers/0/tiers/1/code", "duplicate"),
            ("/limits/idle", "unused_limit"),
        ]
        .map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn conditions_nest_only_so_deep() {
    let all = |inner: Value| json!({ "all": [inner] });
    let not = |inner: Value| json!({ "not": inner });
    for around in [all, not] {
        let nested =
            |depth: usize| (1..depth).fold(json!({ "age": { "from": 60 } }), |inner, _| around(inner));
        assert_may(nested(MAX_DEPTH));
        let deep = faults(&document(json!([tier("a", nested(MAX_DEPTH + 1))])));
        assert_eq!(deep[0].1, "too_deep");
    }
}

#[test]
fn a_document_holds_only_so_many_conditions() {
    let fifty = |from: i32| json!({ "all": vec![json!({ "age": { "from": from, "to": from + 10 } }); 49] });
    let tiers: Vec<Value> = (6..10).map(|decade| tier(&decade.to_string(), fifty(decade * 10))).collect();
    let mut document = document(json!(tiers));
    assert_eq!(faults(&document), []);
    document["layers"][0]["when"] = json!({ "period": ["lunch"] });
    assert_eq!(faults(&document), [(String::new(), "too_many")]);
}

/// A document in which something is said wherever something can be.
fn full() -> Value {
    json!({
        "code": "full",
        "area": { "city": "Jiangcheng" },
        "name": { "zh": "全", "en": "full" },
        "limits": { "day": { "window": "day", "count": 1, "fen": 1 } },
        "layers": [{
            "payer": "city", "code": "main", "name": { "zh": "层", "en": "layer" }, "rank": 1, "pick": "first",
            "limits": ["day"],
            "tiers": [{
                "code": "all", "name": { "zh": "档", "en": "tier" }, "payer": "donor", "limits": ["day"],
                "pay": { "percent_bp": 10_000, "of": "gross", "cap_fen": 1 },
            }],
        }],
        "to_canteen": [{ "payer": "town", "code": "meal", "fixed_fen": 1, "limits": ["day"] }],
    })
}

/// The faults of the full document with one value changed.
fn faults_with(pointer: &str, value: Value) -> Vec<(String, &'static str)> {
    faults(&with(full(), [(pointer, value)]))
}

fn assert_fault(pointer: &str, value: Value, code: &str) {
    assert_eq!(faults_with(pointer, value.clone()), [(pointer.to_owned(), code)], "{pointer} {value}");
}

#[test]
fn wherever_a_text_or_code_is_written_a_wrong_one_is_refused() {
    assert_eq!(faults(&full()), []);
    for text in ["/layers/0/payer", "/layers/0/tiers/0/payer", "/to_canteen/0/payer"] {
        assert_fault(text, json!(""), "bad_text");
    }
    for name in ["/name", "/layers/0/name", "/layers/0/tiers/0/name"] {
        assert_fault(&format!("{name}/zh"), json!(""), "bad_text");
        assert_fault(&format!("{name}/en"), json!(""), "bad_text");
    }
    for code in ["/layers/0/code", "/layers/0/tiers/0/code", "/to_canteen/0/code"] {
        for bad in ["", "a/b", "a:b"] {
            assert_fault(code, json!(bad), "bad_code");
        }
    }
}

#[test]
fn a_text_is_short_and_shows_all_of_itself() {
    let payer = |payer: &str| faults_with("/layers/0/payer", json!(payer));
    let name = |name: &str| faults_with("/name/en", json!(name));
    let refused = |at: &str| [(at.to_owned(), "bad_text")];
    for bad in [" city", "city ", "ci\u{202e}ty", "ci\u{7}ty", &"区".repeat(61)] {
        assert_eq!(payer(bad), refused("/layers/0/payer"), "{bad:?}");
    }
    assert_eq!(payer(&"区".repeat(60)), []);
    assert_eq!(name(&"区".repeat(201)), refused("/name/en"));
    assert_eq!(name(&"区".repeat(200)), []);
}

#[test]
fn a_policy_code_has_small_letters_digits_and_hyphens_and_begins_with_no_hyphen() {
    for good in ["a", "2025", "a-1", &"a".repeat(60)] {
        assert_eq!(faults_with("/code", json!(good)), [], "{good}");
    }
    for bad in ["", "-a", "A", "a_b", "é", &"a".repeat(61)] {
        assert_fault("/code", json!(bad), "bad_code");
    }
}

#[test]
fn an_amount_a_share_and_a_number_of_meals_lie_within_bounds() {
    let pay = "/layers/0/tiers/0/pay";
    for (pointer, good, bad) in [
        ("/limits/day/count", [1, 1000], [0, 1001].as_slice()),
        ("/limits/day/fen", [1, 100], &[0]),
        ("/layers/0/tiers/0/pay/percent_bp", [1, 10_000], &[0, 10_001]),
        ("/layers/0/tiers/0/pay/cap_fen", [1, 100], &[0]),
        ("/to_canteen/0/fixed_fen", [1, 100], &[0]),
    ] {
        good.iter().for_each(|good| assert_eq!(faults_with(pointer, json!(good)), [], "{pointer} {good}"));
        bad.iter().for_each(|bad| assert_fault(pointer, json!(bad), "out_of_range"));
    }
    let fixed = faults_with(pay, json!({ "fixed_fen": 0 }));
    assert_eq!(fixed, [(format!("{pay}/fixed_fen"), "out_of_range")]);
    assert_eq!(faults_with(pay, json!({ "resident_price_fen": 0 })), []);
}

#[test]
fn a_condition_that_nothing_can_lie_in_or_that_says_a_thing_twice_is_refused() {
    for (when, at, code) in [
        (json!({ "age": {} }), "age", "empty_range"),
        (json!({ "age": { "from": 60, "to": 60 } }), "age", "empty_range"),
        (json!({ "age": { "from": 151 } }), "age/from", "out_of_range"),
        (json!({ "age": { "to": 151 } }), "age/to", "out_of_range"),
        (json!({ "fact": { "kind": "" } }), "fact/kind", "bad_text"),
        (json!({ "fact": { "kind": "disabled", "value": "" } }), "fact", "bad_text"),
        (json!({ "fact": { "kind": "disabled", "values": ["1", ""] } }), "fact", "bad_text"),
        (json!({ "fact": { "kind": "disabled", "value": "1", "values": ["1"] } }), "fact", "contradiction"),
        (json!({ "fact": { "kind": "disabled", "values": [] } }), "fact/values", "empty_list"),
        (json!({ "nth_meal": { "window": "day", "from": 0 } }), "nth_meal/from", "out_of_range"),
        (json!({ "nth_meal": { "window": "day", "from": 1, "to": 1001 } }), "nth_meal/to", "out_of_range"),
        (json!({ "nth_meal": { "window": "day", "from": 3, "to": 2 } }), "nth_meal", "empty_range"),
        (json!({ "money": { "of": "gross" } }), "money", "empty_range"),
        (json!({ "money": { "of": "gross", "ge": 500, "lt": 500 } }), "money", "empty_range"),
        (json!({ "money": { "of": "gross", "ge": 500, "gt": 500 } }), "money", "contradiction"),
        (json!({ "money": { "of": "gross", "le": 500, "lt": 500 } }), "money", "contradiction"),
        (
            json!({ "money": { "of": "set", "without_delivery_fee": true, "ge": 500 } }),
            "money",
            "contradiction",
        ),
    ] {
        let refused = [(format!("/layers/0/tiers/0/when/{at}"), code)];
        assert_eq!(faults(&document(json!([tier("a", when.clone())]))), refused, "{when}");
    }
}

#[test]
fn a_condition_that_just_one_thing_can_lie_in_is_let_through() {
    assert_may(json!({ "age": { "from": 60, "to": 61 } }));
    assert_may(json!({ "age": { "from": 150 } }));
    assert_may(json!({ "age": { "to": 150 } }));
    assert_may(json!({ "nth_meal": { "window": "day", "from": 2, "to": 2 } }));
    assert_may(json!({ "nth_meal": { "window": "year", "from": 1, "to": 1000 } }));
    for bounds in [("ge", "le", 500), ("gt", "lt", 502), ("ge", "lt", 501), ("gt", "le", 501)] {
        assert_may(json!({ "money": { "of": "gross", bounds.0: 500, bounds.1: bounds.2 } }));
    }
    assert_may(json!({ "money": { "of": "net", "without_delivery_fee": true, "ge": 500 } }));
    assert_may(json!({ "money": { "of": "set", "ge": 500 } }));
}

#[test]
fn a_list_has_an_entry_and_no_more_than_fifty() {
    for kind in ["period", "mode", "weekday", "day_kind", "item_kind", "all", "any"] {
        let empty = faults(&document(json!([tier("a", json!({ kind: [] }))])));
        assert_eq!(empty[0], (format!("/layers/0/tiers/0/when/{kind}"), "empty_list"));
    }
    for kind in ["all", "any"] {
        let ages: Vec<Value> = (60..=110).map(|age| json!({ "age": { "from": age } })).collect();
        let long = faults(&document(json!([tier("a", json!({ kind: ages }))])));
        assert_eq!(long[0], (format!("/layers/0/tiers/0/when/{kind}"), "too_many"));
    }
    assert_fault("/layers", json!([]), "empty_list");
    assert_fault("/layers/0/tiers", json!([]), "empty_list");
    assert_fault("/layers/0/limits", json!([]), "empty_list");
    assert_fault("/layers/0/tiers/0/limits", json!([]), "empty_list");
    assert_eq!(faults_with("/to_canteen", json!([])), []);
    let grades = |count: usize| {
        let values: Vec<String> = (0..count).map(|grade| grade.to_string()).collect();
        faults_with("/to_canteen/0/when", json!({ "fact": { "kind": "disabled", "values": values } }))
    };
    assert_eq!(grades(50), []);
    assert_eq!(grades(51), [("/to_canteen/0/when/fact/values".to_owned(), "too_many")]);
}

#[test]
fn a_name_is_used_once_and_a_limit_only_if_it_is_declared() {
    let entry = |at: &str, other: Value| with(full().pointer(at).unwrap().clone(), [("/code", other)]);
    let layers = json!([entry("/layers/0", json!("main")), entry("/layers/0", json!("other"))]);
    assert_eq!(faults_with("/layers", layers.clone()), [("/layers/1/rank".to_owned(), "duplicate")]);
    let mut ranked = layers;
    ranked[1]["rank"] = json!(2);
    assert_eq!(faults_with("/layers", ranked.clone()), []);
    ranked[1]["code"] = json!("main");
    assert_eq!(faults_with("/layers", ranked), [("/layers/1/code".to_owned(), "duplicate")]);
    let payments = json!(vec![entry("/to_canteen/0", json!("meal")); 2]);
    assert_eq!(faults_with("/to_canteen", payments), [("/to_canteen/1/code".to_owned(), "duplicate")]);
    for at in ["/layers/0/limits", "/layers/0/tiers/0/limits", "/to_canteen/0/limits"] {
        assert_eq!(faults_with(at, json!(["day", "day"])), [(format!("{at}/1"), "duplicate")]);
        assert_eq!(faults_with(at, json!(["day", "week"])), [(format!("{at}/1"), "unknown_limit")]);
    }
    assert_fault("/layers/0/tiers/0/limits", json!("unlimited"), "unlimited_in_limited_layer");
}
