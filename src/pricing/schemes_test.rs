//! Every known scheme, and some invented ones, against worked examples.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use super::*;
use crate::{
    money::Fen,
    words::{Area, DayKind, ItemKind, MealClass, Mode, Period},
};

const SCHEMES: &str = include_str!("../../tests/data/schemes.json");
const POLICIES: [&str; 8] = [
    include_str!("../demo/policies/zengcheng-2020.json"),
    include_str!("../demo/policies/shenzhen-2019.json"),
    include_str!("../demo/policies/putuo-2025.json"),
    include_str!("../demo/policies/zhuhai-2024.json"),
    include_str!("../demo/policies/qingdao-2023.json"),
    include_str!("../demo/policies/changsha-yuhua-2022.json"),
    include_str!("../demo/policies/xining-2019.json"),
    include_str!("../demo/policies/changchun-leling-2021.json"),
];

fn in_force(document: &Value) -> PolicyInForce {
    let policy = parse(document).unwrap_or_else(|faults| panic!("{faults:#?}"));
    PolicyInForce { version: 1, policy: Arc::new(policy) }
}

fn known_policies() -> BTreeMap<String, PolicyInForce> {
    let policies = POLICIES.iter().map(|text| in_force(&serde_json::from_str(text).unwrap()));
    policies.map(|policy| (policy.code().to_owned(), policy)).collect()
}

fn area(value: &Value) -> Option<Area> {
    serde_json::from_value(value.clone()).ok()
}

fn day_kind(on: NaiveDate, told: &Value) -> DayKind {
    let weekend = on.weekday().number_from_monday() > 5;
    let usual = if weekend { DayKind::RestDay } else { DayKind::Workday };
    told.as_str().and_then(DayKind::from_word).unwrap_or(usual)
}

fn day(value: &Value) -> NaiveDate {
    value.as_str().unwrap().parse().unwrap()
}

fn period(value: &Value) -> Period {
    value.as_str().and_then(Period::from_word).unwrap_or(Period::Lunch)
}

/// The arguments of a worked example, its earlier meals included.
fn arguments(case: &Value, policies: &[PolicyInForce]) -> Arguments {
    let (resident, order) = (&case["resident"], &case["order"]);
    let served_on = day(&order["date"]);
    let fee = Fen(order["delivery_fee"].as_i64().unwrap_or(0));
    let classes = resident["classes"].as_array().cloned().unwrap_or_default();
    let fact = |class: &Value| {
        let mut words = class.as_str().unwrap().split('=');
        Fact { kind: words.next().unwrap().to_owned(), value: words.next().map(str::to_owned) }
    };
    let line = OrderLine {
        item_kind: order["item_kind"].as_str().and_then(ItemKind::from_word).unwrap_or(ItemKind::Set),
        price_fen: Fen(order["charge"].as_i64().unwrap()) - fee,
        quantity: 1,
        second_helping: false,
    };
    let mut args = Arguments {
        person: Person {
            born_on: day(&resident["born_on"]),
            registered_in: area(&resident["registered_in"]),
            lives_in: area(&resident["lives_in"]),
            facts: classes.iter().map(fact).collect(),
            suspended: resident["suspended"].as_str().map(str::to_owned),
        },
        canteen: CanteenPlace { area: area(&order["canteen_in"]).unwrap() },
        order: Order {
            period: period(&order["period"]),
            mode: order["mode"].as_str().and_then(Mode::from_word).unwrap_or(Mode::DineIn),
            class: MealClass::Meal,
            lines: vec![line],
            delivery_fee_fen: fee,
        },
        served_on,
        day_kind: day_kind(served_on, &order["day_kind"]),
        calendar_known: true,
        usage: Usage::default(),
    };
    let earlier: Vec<EarlierMeal> =
        case["already_served"].as_array().into_iter().flatten().map(earlier_meal).collect();
    args.usage = usage_after(policies, &args, &earlier);
    args
}

fn earlier_meal(meal: &Value) -> EarlierMeal {
    let served_on = day(&meal["date"]);
    EarlierMeal {
        served_on,
        day_kind: day_kind(served_on, &meal["day_kind"]),
        period: period(&meal["period"]),
        charge_fen: Fen(meal["charge"].as_i64().unwrap()),
        paid: serde_json::from_value(meal["paid"].clone()).unwrap_or_default(),
    }
}

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
