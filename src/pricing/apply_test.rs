//! Which tier pays, why, and what a meal draws, where the known schemes leave it open.

use serde_json::{Value, json};

use super::{
    corpus::{arguments, earlier_meal},
    schemes_test::{example, had, invented, tier, with},
    *,
};
use crate::{money::Fen, words::MealClass};

fn layer(payer: &str, rank: i32, tiers: Value) -> Value {
    json!({ "payer": payer, "rank": rank, "pick": "first", "tiers": tiers })
}

fn priced(policy: &PolicyInForce, case: &Value) -> Quote {
    let policies = std::slice::from_ref(policy);
    quote(policies, &arguments(case, policies))
}

fn codes(reasons: &[Reason]) -> Vec<String> {
    let code = |reason: &Reason| serde_json::to_value(reason).unwrap()["code"].as_str().unwrap().to_owned();
    reasons.iter().map(code).collect()
}

#[test]
fn a_payer_who_gives_nothing_says_why() {
    for (pay, why) in [
        (json!({ "resident_price_fen": 900 }), "not_above_price"),
        (json!({ "percent_bp": 1, "of": "gross" }), "rounded_to_nothing"),
    ] {
        let policy = invented(json!([layer("city", 1, tier(pay))]), json!({}));
        assert_eq!(codes(&priced(&policy, &example(900, json!({}))).lines[0].reasons), ["granted", why]);
    }
    for late in [json!({ "resident_price_fen": 900 }), json!({ "fixed_fen": 300 })] {
        let free = tier(json!({ "resident_price_fen": 0 }));
        let policy = invented(json!([layer("city", 1, free), layer("town", 2, tier(late))]), json!({}));
        let lines = priced(&policy, &example(900, json!({}))).lines;
        assert_eq!(codes(&lines[1].reasons), ["granted", "nothing_left"]);
    }
}

#[test]
fn of_a_meal_that_is_brought_a_payer_of_the_food_alone_says_that_no_more_of_the_food_was_left() {
    let food = tier(json!({ "fixed_fen": 500, "without_delivery_fee": true }));
    let delivered = |charge: i64| {
        with(
            example(charge, json!({})),
            [("/order/mode", json!("delivery")), ("/order/delivery_fee", json!(200))],
        )
    };
    let told = |policy: &PolicyInForce, charge: i64| {
        let line = priced(policy, &delivered(charge)).lines.pop().unwrap();
        (line.fen, codes(&line.reasons))
    };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let alone = invented(json!([layer("city", 1, food.clone())]), json!({}));
    assert_eq!(told(&alone, 700), (Fen(500), words(&["granted"])));
    assert_eq!(told(&alone, 600), (Fen(400), words(&["granted", "rest_of_charge"])));

    let all_food = tier(json!({ "resident_price_fen": 0, "without_delivery_fee": true }));
    let second = invented(json!([layer("city", 1, all_food), layer("town", 2, food)]), json!({}));
    assert_eq!(told(&second, 600), (Fen::ZERO, words(&["granted", "nothing_left"])));

    // A share of the food does not reach for the fee either, once others have paid for the food.
    let mut food_share = tier(json!({ "percent_bp": 10_000, "of": "gross", "without_delivery_fee": true }));
    let third = |pay| {
        invented(
            json!([layer("city", 1, tier(json!({ "fixed_fen": 300 }))), layer("town", 2, pay)]),
            json!({}),
        )
    };
    assert_eq!(told(&third(food_share.clone()), 1200), (Fen(700), words(&["granted", "rest_of_charge"])));
    food_share[0]["pay"]["percent_bp"] = json!(7000);
    assert_eq!(told(&third(food_share), 1200), (Fen(700), words(&["granted"])));
}

#[test]
fn the_best_tier_tells_of_a_used_up_one_only_when_that_would_have_paid_more() {
    let tiers = |used_up: i64| {
        json!([
            { "code": "once", "limits": ["once"], "pay": { "fixed_fen": used_up } },
            { "code": "usual", "pay": { "fixed_fen": 300 } },
        ])
    };
    let before = json!([had("2025-03-03", "lunch", json!({ "city": 200 }))]);
    let told = |used_up| {
        let mut city = layer("city", 1, tiers(used_up));
        city["pick"] = json!("best");
        let policy =
            invented(json!([city]), json!({ "limits": { "once": { "window": "month", "count": 1 } } }));
        let served = with(example(1500, json!({})), [("/already_served", before.clone())]);
        codes(&priced(&policy, &served).lines[0].reasons)
    };
    assert_eq!(told(299), ["granted"]);
    assert_eq!(told(500), ["used_up", "granted"]);
}

#[test]
fn a_payer_tells_of_a_limit_only_when_it_pays_less_for_it() {
    let mut city = layer("city", 1, tier(json!({ "fixed_fen": 500 })));
    city["limits"] = json!(["balance"]);
    let limits = json!({ "limits": { "balance": { "window": "month", "fen": 1200 } } });
    let policy = invented(json!([city]), limits);
    for (spent, pays, why) in [
        (700, 500, vec!["granted"]),
        (701, 499, vec!["granted", "rest_of_limit"]),
        (1200, 0, vec!["used_up"]),
    ] {
        let before = json!([had("2025-03-01", "lunch", json!({ "city": spent }))]);
        let quote = priced(&policy, &with(example(1500, json!({})), [("/already_served", before)]));
        assert_eq!(
            (quote.lines[0].fen, codes(&quote.lines[0].reasons)),
            (Fen(pays), why.into_iter().map(str::to_owned).collect())
        );
    }
}

#[test]
fn a_limit_that_uses_up_two_tiers_is_told_once() {
    let tiers = json!([
        { "code": "set", "when": { "item_kind": ["set"] }, "pay": { "fixed_fen": 500 } },
        { "code": "usual", "pay": { "fixed_fen": 300 } },
    ]);
    let mut city = layer("city", 1, tiers);
    city["limits"] = json!(["day"]);
    let policy = invented(json!([city]), json!({ "limits": { "day": { "window": "day", "count": 1 } } }));
    let breakfast = json!([had("2025-03-04", "breakfast", json!({ "city": 500 }))]);
    let lunch = with(example(1500, json!({})), [("/already_served", breakfast)]);
    assert_eq!(codes(&priced(&policy, &lunch).lines[0].reasons), ["used_up"]);
}

#[test]
fn of_two_tiers_that_pay_the_same_the_first_is_taken() {
    let tiers = json!([
        { "code": "one", "pay": { "fixed_fen": 300 } },
        { "code": "other", "pay": { "percent_bp": 3000, "of": "gross" } },
    ]);
    let mut city = layer("city", 1, tiers);
    city["pick"] = json!("best");
    let policy = invented(json!([city]), json!({}));
    let taken = |charge| priced(&policy, &example(charge, json!({}))).lines[0].tier.clone();
    assert_eq!(taken(1000).as_deref(), Some("one"));
    assert_eq!(taken(1010).as_deref(), Some("other"));
}

#[test]
fn somebody_whom_no_tier_is_for_hears_what_each_of_them_asks_for() {
    let tiers = json!([
        { "code": "80", "when": { "age": { "from": 80 } }, "pay": { "fixed_fen": 500 } },
        { "code": "destitute", "when": { "fact": { "kind": "destitute" } }, "pay": { "fixed_fen": 300 } },
    ]);
    let policy = invented(json!([layer("city", 1, tiers)]), json!({}));
    let line = &priced(&policy, &example(1500, json!({}))).lines[0];
    assert_eq!(
        line.words(&FactNames::default()).en,
        "city 0.00, because under 80 and not recorded as destitute"
    );
    assert!(line.sensitive);
}

#[test]
fn a_part_for_which_a_hardship_may_count_is_sensitive_even_if_it_was_granted_for_the_age() {
    let of_age_or_destitute =
        json!({ "any": [{ "age": { "from": 70 } }, { "fact": { "kind": "destitute" } }] });
    let of_age = json!({ "age": { "from": 70 } });
    for (of_layer, of_tier, sensitive) in [
        (&of_age_or_destitute, &of_age, true),
        (&of_age, &of_age_or_destitute, true),
        (&of_age, &of_age, false),
    ] {
        let tiers = json!([{ "code": "a", "when": of_tier, "pay": { "fixed_fen": 300 } }]);
        let mut city = layer("city", 1, tiers);
        city["when"] = of_layer.clone();
        let line = &priced(&invented(json!([city]), json!({})), &example(1500, json!({}))).lines[0];
        assert_eq!(line.words(&FactNames::default()).en, "city 3.00, because 70 or older");
        assert_eq!(line.sensitive, sensitive, "{of_layer} {of_tier}");
    }
}

#[test]
fn the_canteen_is_paid_only_for_the_meals_that_a_payment_is_for() {
    let payment = json!([{ "payer": "district", "code": "lunches", "fixed_fen": 150, "when": { "period": ["lunch"] } }]);
    let policy = [invented(
        json!([layer("city", 1, tier(json!({ "fixed_fen": 100 })))]),
        json!({ "to_canteen": payment }),
    )];
    for (period, class, gets) in [
        ("lunch", MealClass::Meal, Some(Fen(150))),
        ("dinner", MealClass::Meal, None),
        ("lunch", MealClass::Guest, None),
        ("dinner", MealClass::Guest, None),
    ] {
        let case = with(example(1500, json!({})), [("/order/period", json!(period))]);
        let mut args = arguments(&case, &policy);
        args.order.class = class;
        let paid = quote(&policy, &args).to_canteen;
        assert_eq!(paid.first().map(|paid| paid.fen), gets, "{period} {class}");
    }
}

#[test]
fn second_helpings_are_told_of_a_residents_own_meal_only() {
    let policy = [invented(json!([layer("city", 1, tier(json!({ "fixed_fen": 100 })))]), json!({}))];
    let mut args = arguments(&example(1200, json!({})), &policy);
    assert_eq!(quote(&policy, &args).reasons, []);
    args.order.lines.push(OrderLine { second_helping: true, ..args.order.lines[0].clone() });
    assert_eq!(quote(&policy, &args).reasons, [Reason::SecondHelpings { fen: Fen(1200) }]);
    args.order.class = MealClass::Guest;
    assert_eq!(quote(&policy, &args).reasons, [Reason::OtherClass { class: MealClass::Guest }]);
}

#[test]
fn what_was_paid_before_is_drawn_on_the_limits_of_the_tier_it_was_for() {
    let tiers = json!([
        { "code": "80", "when": { "age": { "from": 80 } }, "pay": { "fixed_fen": 500 }, "limits": ["old"] },
        { "code": "usual", "pay": { "fixed_fen": 300 }, "limits": ["usual"] },
    ]);
    let limits =
        json!({ "old": { "window": "month", "count": 9 }, "usual": { "window": "month", "fen": 600 } });
    let policy = [invented(json!([layer("city", 1, tiers)]), json!({ "limits": limits }))];
    let meals = ["2025-03-01", "2025-03-02", "2025-03-03"]
        .map(|on| earlier_meal(&had(on, "lunch", json!({ "city": 300 }))));
    let args = arguments(&example(1500, json!({})), &policy);
    let usage = usage_after(&policy, &args, &meals);
    let drawn: Vec<_> = usage.windows.iter().map(|(limit, used)| (limit.0.as_str(), *used)).collect();
    assert_eq!(drawn, [("invented/usual", Used { count: 3, fen: Fen(900) })]);
}

#[test]
fn nothing_may_be_subsidised_of_a_guests_meal_or_of_second_helpings_alone() {
    let policy = [invented(json!([layer("city", 1, tier(json!({ "resident_price_fen": 0 })))]), json!({}))];
    let delivered = with(example(1500, json!({})), [("/order/delivery_fee", json!(300))]);
    let args = arguments(&delivered, &policy);
    let subsidised = |args: &Arguments| quote(&policy, args).subsidised_charge_fen;
    assert_eq!(subsidised(&args), Fen(1500));
    let mut guest = args.clone();
    guest.order.class = MealClass::Guest;
    assert_eq!(subsidised(&guest), Fen::ZERO);
    let mut helpings = args;
    helpings.order.lines[0].second_helping = true;
    assert_eq!(subsidised(&helpings), Fen::ZERO);
    assert_eq!(quote(&policy, &helpings).resident_fen, Fen(1500));
}

#[test]
fn what_suspends_a_person_is_withheld_from_those_who_may_not_see_it_and_nothing_else_is() {
    let policy = [invented(json!([layer("city", 1, tier(json!({ "fixed_fen": 100 })))]), json!({}))];
    let mut args = arguments(&example(1500, json!({})), &policy);
    args.calendar_known = false;
    let open = quote(&policy, &args);
    assert_eq!(open.clone().without_sensitive_reasons(), open);
    args.person.suspended = Some("institution".to_owned());
    let hidden = quote(&policy, &args).without_sensitive_reasons();
    assert_eq!(hidden.reasons, [Reason::Withheld, Reason::CalendarUnknown { year: 2025 }]);
    assert_eq!(hidden.lines[0].reasons, [Reason::Withheld]);
}
