//! Every known scheme, and some invented ones, against worked examples.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    corpus::{POLICIES, SCHEMES, arguments, earlier_meal, in_force, known_policies},
    *,
};
use crate::{
    money::Fen,
    words::{Area, MealClass},
};

fn assert_adds_up(quote: &Quote) {
    let paid: Fen = quote.lines.iter().map(|line| line.fen).sum();
    assert_eq!(paid + quote.resident_fen, quote.charge_fen);
    assert!(quote.lines.iter().all(|line| line.fen >= Fen::ZERO) && quote.resident_fen >= Fen::ZERO);
}

/// Prices a worked example and compares every payer's part.
fn assert_case(policies: &[PolicyInForce], case: &Value) {
    let quote = quote(policies, &arguments(case, policies));
    assert_adds_up(&quote);
    let mut by_payer: BTreeMap<String, i64> = BTreeMap::new();
    for line in quote.lines.iter().filter(|line| !line.fen.is_zero()) {
        *by_payer.entry(line.payer.clone()).or_default() += line.fen.0;
    }
    let expected: BTreeMap<String, i64> = serde_json::from_value(case["expect"]["by_payer"].clone()).unwrap();
    assert_eq!(by_payer, expected, "{}", case["id"]);
    assert_eq!(quote.resident_fen.0, case["expect"]["resident_pays"].as_i64().unwrap(), "{}", case["id"]);
}

#[test]
fn every_worked_example_of_every_known_scheme_comes_out_to_the_fen() {
    let schemes: Value = serde_json::from_str(SCHEMES).unwrap();
    let policies = known_policies();
    let schemes = schemes["schemes"].as_array().unwrap();
    assert_eq!(schemes.len(), policies.len());
    for scheme in schemes {
        let policy = policies[scheme["id"].as_str().unwrap()].clone();
        for case in scheme["cases"].as_array().unwrap() {
            assert_case(std::slice::from_ref(&policy), case);
        }
    }
}

#[test]
fn a_known_policy_comes_back_from_json_as_it_went_in() {
    for text in POLICIES {
        let value: Value = serde_json::from_str(text).unwrap();
        let document = parse(&value).unwrap().document().clone();
        assert_eq!(parse(&serde_json::to_value(&document).unwrap()).unwrap().document(), &document);
    }
}

/// A policy in Jiangcheng with these layers and, besides, these fields.
pub(super) fn invented(layers: Value, besides: Value) -> PolicyInForce {
    let mut document = json!({
        "code": "invented",
        "area": { "city": "Jiangcheng" },
        "name": { "zh": "虚构政策", "en": "invented policy" },
        "layers": layers,
    });
    for (key, value) in besides.as_object().unwrap() {
        document[key.as_str()] = value.clone();
    }
    in_force(&document)
}

/// A lunch on Tuesday 4 March 2025 of a resident of 75 who lives and is registered where the canteen is.
pub(super) fn example(charge: i64, by_payer: Value) -> Value {
    let home = json!({ "city": "Jiangcheng", "district": "East", "town": "Hongqi" });
    let paid: i64 = by_payer.as_object().unwrap().values().map(|fen| fen.as_i64().unwrap()).sum();
    json!({
        "resident": { "born_on": "1950-01-01", "registered_in": home, "lives_in": home, "classes": [] },
        "order": { "date": "2025-03-04", "period": "lunch", "mode": "dine_in", "charge": charge, "canteen_in": home },
        "expect": { "by_payer": by_payer, "resident_pays": charge - paid },
        "already_served": [],
    })
}

/// An example with values set, by JSON pointer.
pub(super) fn with<const N: usize>(mut case: Value, changes: [(&str, Value); N]) -> Value {
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        case.pointer_mut(parent).unwrap()[key] = value;
    }
    case
}

pub(super) fn tier(pay: Value) -> Value {
    json!([{ "code": "all", "pay": pay }])
}

pub(super) fn had(date: &str, period: &str, paid: Value) -> Value {
    json!({ "date": date, "period": period, "charge": 1500, "paid": paid })
}

#[test]
fn a_percentage_with_a_cap_and_rounding_to_the_jiao() {
    let pay = json!({ "percent_bp": 3000, "of": "gross", "cap_fen": 400 });
    for (mode, of_1115) in [("floor", 330), ("ceil", 340), ("half_up", 330)] {
        let rounding = json!({ "mode": mode, "to": "jiao" });
        let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "rounding": rounding, "tiers": tier(pay.clone()) }]);
        let policy = [invented(layers, json!({}))];
        assert_case(&policy, &example(1115, json!({ "city": of_1115 })));
        assert_case(&policy, &example(5000, json!({ "city": 400 })));
    }
}

#[test]
fn half_a_fen_rounds_up_and_what_is_left_over_falls_to_the_resident() {
    let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "rounding": { "mode": "half_up", "to": "fen" },
        "tiers": tier(json!({ "percent_bp": 5000, "of": "gross" })) }]);
    assert_case(&[invented(layers, json!({}))], &example(1111, json!({ "city": 556 })));
}

#[test]
fn discount_first_then_percent_of_the_rest_then_voucher_then_donor_until_nothing_is_left() {
    let layers = json!([
        { "payer": "donor", "rank": 40, "pick": "first", "tiers": tier(json!({ "resident_price_fen": 0 })) },
        { "payer": "voucher", "rank": 30, "pick": "first", "tiers": tier(json!({ "fixed_fen": 300 })) },
        { "payer": "canteen", "rank": 10, "pick": "first", "tiers": tier(json!({ "percent_bp": 1000, "of": "gross" })) },
        { "payer": "city", "rank": 20, "pick": "first", "tiers": tier(json!({ "percent_bp": 5000, "of": "net" })) },
    ]);
    let policy = [invented(layers, json!({}))];
    assert_case(
        &policy,
        &example(2000, json!({ "canteen": 200, "city": 900, "voucher": 300, "donor": 600 })),
    );
}

#[test]
fn strict_thresholds_stand_apart_from_the_others() {
    let money =
        |bound: Value| json!([{ "code": "t", "when": { "money": bound }, "pay": { "fixed_fen": 100 } }]);
    let layers = json!([
        { "payer": "gt", "rank": 1, "pick": "first", "tiers": money(json!({ "of": "gross", "gt": 1000 })) },
        { "payer": "ge", "rank": 2, "pick": "first", "tiers": money(json!({ "of": "gross", "ge": 1000 })) },
        { "payer": "lt", "rank": 3, "pick": "first", "tiers": money(json!({ "of": "gross", "lt": 1000 })) },
        { "payer": "le", "rank": 4, "pick": "first", "tiers": money(json!({ "of": "gross", "le": 1000 })) },
        { "payer": "net", "rank": 5, "pick": "first", "tiers": money(json!({ "of": "net", "gt": 800 })) },
    ]);
    let policy = [invented(layers, json!({}))];
    assert_case(&policy, &example(1000, json!({ "ge": 100, "le": 100 })));
    assert_case(&policy, &example(999, json!({ "lt": 100, "le": 100 })));
    assert_case(&policy, &example(1001, json!({ "gt": 100, "ge": 100, "net": 100 })));
}

#[test]
fn a_ladder_of_prices_by_age_in_half_open_bands() {
    let rung = |code: &str, from: i32, to: Option<i32>, price: i64| {
        let band = to.map_or(json!({ "from": from }), |to| json!({ "from": from, "to": to }));
        json!({ "code": code, "when": { "age": band }, "pay": { "resident_price_fen": price } })
    };
    let tiers =
        json!([rung("60", 60, Some(70), 900), rung("70", 70, Some(80), 700), rung("80", 80, None, 0)]);
    let layers = json!([{ "payer": "district", "rank": 1, "pick": "first", "tiers": tiers }]);
    let policy = [invented(layers, json!({}))];
    for (born_on, price) in
        [("1965-03-05", 1200), ("1965-03-04", 900), ("1955-03-04", 700), ("1945-03-04", 0)]
    {
        let paid = if price == 1200 { json!({}) } else { json!({ "district": 1200 - price }) };
        assert_case(&policy, &with(example(1200, paid), [("/resident/born_on", json!(born_on))]));
    }
}

#[test]
fn a_monthly_balance_pays_what_is_left_of_it_and_starts_anew() {
    let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "limits": ["balance"],
        "tiers": tier(json!({ "fixed_fen": 500 })) }]);
    let policy = [invented(layers, json!({ "limits": { "balance": { "window": "month", "fen": 1200 } } }))];
    let spent = json!([
        had("2025-03-01", "lunch", json!({ "city": 500 })),
        had("2025-03-02", "lunch", json!({ "city": 500 }))
    ]);
    assert_case(&policy, &with(example(1500, json!({ "city": 200 })), [("/already_served", spent.clone())]));
    let mut all = spent.clone();
    all.as_array_mut().unwrap().push(had("2025-03-03", "lunch", json!({ "city": 200 })));
    assert_case(&policy, &with(example(1500, json!({})), [("/already_served", all.clone())]));
    let april = [("/already_served", all), ("/order/date", json!("2025-04-01"))];
    assert_case(&policy, &with(example(1500, json!({ "city": 500 })), april));
}

#[test]
fn another_tier_is_tried_when_the_first_is_used_up() {
    let tiers = json!([
        { "code": "first-of-day", "pay": { "fixed_fen": 500 }, "limits": ["day"] },
        { "code": "further", "pay": { "fixed_fen": 200 }, "limits": "unlimited" },
    ]);
    let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "tiers": tiers }]);
    let policy = [invented(layers, json!({ "limits": { "day": { "window": "day", "count": 1 } } }))];
    let breakfast = json!([had("2025-03-04", "breakfast", json!({ "city": 500 }))]);
    assert_case(&policy, &example(1500, json!({ "city": 500 })));
    assert_case(&policy, &with(example(1500, json!({ "city": 200 })), [("/already_served", breakfast)]));
}

#[test]
fn only_the_second_meal_of_a_day_and_a_small_price_on_rest_days() {
    let tiers = json!([
        { "code": "second", "when": { "nth_meal": { "window": "day", "from": 2, "to": 2 } }, "pay": { "fixed_fen": 300 } },
        { "code": "weekend", "when": { "weekday": ["sat", "sun"] }, "pay": { "fixed_fen": 100 } },
    ]);
    let layers = json!([{ "payer": "town", "rank": 1, "pick": "best", "tiers": tiers }]);
    let policy = [invented(layers, json!({}))];
    let breakfast = had("2025-03-04", "breakfast", json!({}));
    assert_case(&policy, &example(1500, json!({})));
    assert_case(
        &policy,
        &with(example(1500, json!({ "town": 300 })), [("/already_served", json!([breakfast.clone()]))]),
    );
    let third = json!([breakfast.clone(), had("2025-03-04", "lunch", json!({ "town": 300 }))]);
    let dinner = [("/already_served", third), ("/order/period", json!("dinner"))];
    assert_case(&policy, &with(example(1500, json!({})), dinner));
    assert_case(
        &policy,
        &with(example(1500, json!({ "town": 100 })), [("/order/date", json!("2025-03-08"))]),
    );
}

#[test]
fn a_stretch_of_the_year_may_run_over_new_year() {
    let heating = json!({ "season": { "from": "11-15", "to": "02-29" } });
    let tiers = json!([{ "code": "warm", "when": heating, "pay": { "fixed_fen": 300 } }]);
    let policy =
        [invented(json!([{ "payer": "city", "rank": 1, "pick": "first", "tiers": tiers }]), json!({}))];
    for (on, fen) in [
        ("2025-11-14", None),
        ("2025-11-15", Some(300)),
        ("2025-12-31", Some(300)),
        ("2026-02-28", Some(300)),
        ("2026-03-01", None),
        ("2028-02-29", Some(300)),
        ("2028-03-01", None),
    ] {
        let paid = fen.map_or(json!({}), |fen| json!({ "city": fen }));
        assert_case(&policy, &with(example(1500, paid), [("/order/date", json!(on))]));
    }
}

#[test]
fn of_two_payers_the_one_who_gives_more_pays() {
    let tiers = json!([
        { "code": "city", "pay": { "fixed_fen": 300 } },
        { "code": "donor", "payer": "donor", "pay": { "percent_bp": 2500, "of": "gross" } },
    ]);
    let policy =
        [invented(json!([{ "payer": "city", "rank": 1, "pick": "best", "tiers": tiers }]), json!({}))];
    assert_case(&policy, &example(1000, json!({ "city": 300 })));
    assert_case(&policy, &example(1600, json!({ "donor": 400 })));
}

#[test]
fn the_grade_of_a_disability_counts_and_an_institution_suspends() {
    let not_in_institution = json!({ "not": { "fact": { "kind": "institution" } } });
    let severe = json!({ "fact": { "kind": "disabled", "values": ["1", "2"] } });
    let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "when": not_in_institution,
        "tiers": [{ "code": "severe", "when": severe, "pay": { "fixed_fen": 600 } }] }]);
    let policy = [invented(layers, json!({}))];
    let classes = |classes: Value| [("/resident/classes", classes)];
    assert_case(&policy, &with(example(1500, json!({ "city": 600 })), classes(json!(["disabled=2"]))));
    assert_case(&policy, &with(example(1500, json!({})), classes(json!(["disabled=3"]))));
    assert_case(&policy, &with(example(1500, json!({})), classes(json!(["disabled=2", "institution"]))));
    let away = [("/resident/classes", json!(["disabled=2"])), ("/resident/suspended", json!("away"))];
    assert_case(&policy, &with(example(1500, json!({})), away));
}

#[test]
fn a_free_meal_may_leave_the_delivery_fee_to_the_resident() {
    let pay = json!({ "resident_price_fen": 0, "without_delivery_fee": true });
    let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "tiers": tier(pay) }]);
    let delivered = [("/order/mode", json!("delivery")), ("/order/delivery_fee", json!(300))];
    assert_case(&[invented(layers, json!({}))], &with(example(1500, json!({ "city": 1200 })), delivered));
}

#[test]
fn a_standard_set_or_dearer_draws_and_dishes_do_not() {
    let set = json!([{ "code": "set", "when": { "money": { "of": "set", "ge": 1500 } }, "pay": { "fixed_fen": 400 } }]);
    let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "tiers": set }]);
    let policy = [invented(layers, json!({}))];
    assert_case(&policy, &example(1500, json!({ "city": 400 })));
    assert_case(&policy, &example(1499, json!({})));
    assert_case(&policy, &with(example(2000, json!({})), [("/order/item_kind", json!("dish"))]));
}

#[test]
fn the_canteen_gets_its_payment_once_for_every_person_and_day() {
    let layers =
        json!([{ "payer": "city", "rank": 1, "pick": "first", "tiers": tier(json!({ "fixed_fen": 100 })) }]);
    let payment =
        json!([{ "payer": "district", "code": "per-head", "fixed_fen": 150, "limits": ["head-and-day"] }]);
    let limits = json!({ "head-and-day": { "window": "day", "count": 1 } });
    let policy = [invented(layers, json!({ "to_canteen": payment, "limits": limits }))];
    let paid = |case: &Value| {
        quote(&policy, &arguments(case, &policy)).to_canteen.iter().map(|paid| paid.fen.0).sum::<i64>()
    };
    let lunch = example(1500, json!({ "city": 100 }));
    assert_eq!(paid(&lunch), 150);
    let breakfast = json!({ "date": "2025-03-04", "period": "breakfast", "charge": 1500 });
    let computed = EarlierMeal { paid: None, ..earlier_meal(&breakfast) };
    let mut args = arguments(&lunch, &policy);
    args.usage = usage_after(&policy, &args, &[computed]);
    assert!(quote(&policy, &args).to_canteen.is_empty());
    assert_case(&policy, &lunch);
}

#[test]
fn second_helpings_and_guests_are_at_full_price() {
    let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "tiers": tier(json!({ "resident_price_fen": 0 })) }]);
    let policy = [invented(layers, json!({}))];
    let mut args = arguments(&example(1200, json!({})), &policy);
    args.order.lines.push(OrderLine { second_helping: true, ..args.order.lines[0].clone() });
    let with_helping = quote(&policy, &args);
    assert_eq!((with_helping.charge_fen, with_helping.resident_fen), (Fen(2400), Fen(1200)));
    assert_eq!(with_helping.subsidised_charge_fen, Fen(1200));
    args.order.class = MealClass::Guest;
    let guest = quote(&policy, &args);
    assert_eq!((guest.resident_fen, guest.claims.len()), (Fen(2400), 0));
}

#[test]
fn a_limit_that_two_layers_share_counts_a_meal_once_and_adds_up_the_money() {
    let layer = |payer: &str, rank: i32| json!({ "payer": payer, "rank": rank, "pick": "first", "limits": ["shared"], "tiers": tier(json!({ "fixed_fen": 300 })) });
    let limits = json!({ "limits": { "shared": { "window": "day", "count": 1, "fen": 500 } } });
    let policy = [invented(json!([layer("city", 1), layer("town", 2)]), limits)];
    let case = example(1500, json!({ "city": 300, "town": 200 }));
    assert_case(&policy, &case);
    let claims = quote(&policy, &arguments(&case, &policy)).claims;
    assert_eq!(claims.iter().map(|claim| (claim.count, claim.fen)).collect::<Vec<_>>(), [(1, Fen(500))]);
    assert_eq!(claims[0].window_key, "2025-03-04");
}

#[test]
fn two_policies_are_merged_by_rank_and_equal_ranks_are_told() {
    let layer = |payer: &str, rank: i32| json!([{ "payer": payer, "rank": rank, "pick": "first", "tiers": tier(json!({ "fixed_fen": 800 })) }]);
    let one = invented(layer("late", 20), json!({}));
    let other = invented(layer("early", 10), json!({ "code": "other" }));
    assert_case(&[one.clone(), other.clone()], &example(1000, json!({ "early": 800, "late": 200 })));
    assert!(rank_clashes(&[&one.policy, &other.policy]).is_empty());
    assert_eq!(rank_clashes(&[&one.policy, &one.policy])[0].rank, 20);
}

#[test]
fn parts_and_resident_always_add_up_to_the_charge() {
    let mut state = 7_u64;
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    for _ in 0..2_000 {
        let layers: Vec<Value> = (0..=below(5))
            .map(|rank| {
                let pay = match below(3) {
                    0 => json!({ "fixed_fen": 1 + below(900) }),
                    1 => json!({ "percent_bp": 1 + below(10_000), "of": (["gross", "net"][below(2) as usize]) }),
                    _ => json!({ "resident_price_fen": below(1200), "without_delivery_fee": below(2) == 0 }),
                };
                let mode = ["floor", "ceil", "half_up"][below(3) as usize];
                let rounding = json!({ "mode": mode, "to": (["fen", "jiao"][below(2) as usize]) });
                json!({ "payer": format!("payer {rank}"), "rank": rank, "pick": "best", "rounding": rounding, "tiers": tier(pay) })
            })
            .collect();
        let policy = [invented(json!(layers), json!({}))];
        let mut args = arguments(&example(i64::try_from(below(4000)).unwrap(), json!({})), &policy);
        args.order.delivery_fee_fen = Fen(i64::try_from(below(500)).unwrap());
        let quote = quote(&policy, &args);
        assert_adds_up(&quote);
        let stored: Quote = serde_json::from_str(&serde_json::to_string(&quote).unwrap()).unwrap();
        let again: Arguments = serde_json::from_str(&serde_json::to_string(&args).unwrap()).unwrap();
        assert_eq!((stored, again), (quote, args));
    }
}

#[test]
fn a_birthday_on_29_february_is_when_the_policy_says() {
    for (leap_birthday, paid) in [("feb_28", json!({ "city": 100 })), ("mar_1", json!({}))] {
        let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "tiers":
            [{ "code": "65", "when": { "age": { "from": 65 } }, "pay": { "fixed_fen": 100 } }] }]);
        let policy = [invented(layers, json!({ "leap_birthday": leap_birthday }))];
        let changes = [("/resident/born_on", json!("1960-02-29")), ("/order/date", json!("2025-02-28"))];
        assert_case(&policy, &with(example(1000, paid), changes));
    }
}

/// The quote of a worked example of a known scheme.
fn known_quote(scheme: &str, case: &str) -> Quote {
    let schemes: Value = serde_json::from_str(SCHEMES).unwrap();
    let all =
        schemes["schemes"].as_array().unwrap().iter().flat_map(|scheme| scheme["cases"].as_array().unwrap());
    let case = all.into_iter().find(|known| known["id"] == case).unwrap();
    let policy = known_policies().remove(scheme).unwrap();
    let policies = [policy];
    quote(&policies, &arguments(case, &policies))
}

#[test]
fn a_price_comes_with_its_reasons() {
    let words: Vec<String> = known_quote("zengcheng-2020", "zc-5")
        .words(&FactNames::default())
        .into_iter()
        .map(|words| words.en)
        .collect();
    assert_eq!(
        words,
        [
            "city 3.00, because 60 or older and registered in Guangzhou",
            "district 0.00, because registered in another district than the canteen",
            "town 0.00, because registered in another town than the canteen",
            "charge 12.00, to pay 9.00",
        ]
    );
    let again = known_quote("shenzhen-2019", "sz-10").words(&FactNames::default());
    assert_eq!(again[0].en, "city 0.00, because the limit of once a day is used up");
    assert_eq!(again[0].zh, "市级0.00元：因为每天1次的额度已用完");
}

#[test]
fn a_hardship_is_named_to_nobody_who_may_not_see_it() {
    let open = known_quote("zengcheng-2020", "zc-1");
    let hidden = open.clone().without_sensitive_reasons();
    assert_eq!(hidden.lines.iter().map(|line| line.fen).collect::<Vec<_>>(), [Fen(300), Fen(300), Fen(500)]);
    let text = serde_json::to_string(&hidden).unwrap();
    assert!(!text.contains("hardship") && !text.contains("minimum_living"));
    assert!(serde_json::to_string(&open).unwrap().contains("minimum_living"));
}

#[test]
fn a_policy_says_in_words_who_may_eat_and_what_it_costs() {
    let policies = known_policies();
    let canteen = Area::new(["Changchun", "Kuancheng", "Tuanshan", "Changshan Huayuan"]).unwrap();
    let terms = terms(&[&policies["changchun-leling-2021"].policy], &canteen, &FactNames::default());
    assert_eq!(
        terms[0].en,
        "Community pays what it costs above 6.00 yuan: living in the same community as the canteen. Once per meal."
    );
    for policy in policies.values() {
        assert!(
            describe(&policy.policy, &FactNames::default()).len() > policy.policy.document().layers.len()
        );
    }
}

#[test]
fn terms_leave_out_what_can_never_apply_at_the_canteen() {
    let policies = known_policies();
    let elsewhere = Area::new(["Guangzhou", "Panyu", "Shiqiao"]).unwrap();
    let terms = terms(&[&policies["zengcheng-2020"].policy], &elsewhere, &FactNames::default());
    assert!(terms.iter().all(|line| !line.en.contains("Town pays") && !line.en.contains("District pays")));
}
