//! The known schemes with their worked examples, for tests and benchmarks.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{Datelike, NaiveDate};
use serde_json::Value;

use crate::{
    money::Fen,
    pricing::{
        Arguments, CanteenPlace, EarlierMeal, Fact, Order, OrderLine, Person, PolicyInForce, Usage, parse,
        usage_after,
    },
    words::{Area, DayKind, ItemKind, MealClass, Mode, Period},
};

pub const SCHEMES: &str = include_str!("../../tests/data/schemes.json");
pub const POLICIES: [&str; 8] = [
    include_str!("../demo/policies/zengcheng-2020.json"),
    include_str!("../demo/policies/shenzhen-2019.json"),
    include_str!("../demo/policies/putuo-2025.json"),
    include_str!("../demo/policies/zhuhai-2024.json"),
    include_str!("../demo/policies/qingdao-2023.json"),
    include_str!("../demo/policies/changsha-yuhua-2022.json"),
    include_str!("../demo/policies/xining-2019.json"),
    include_str!("../demo/policies/changchun-leling-2021.json"),
];

pub fn in_force(document: &Value) -> PolicyInForce {
    let policy = parse(document).unwrap_or_else(|faults| panic!("{faults:#?}"));
    PolicyInForce { version: 1, policy: Arc::new(policy) }
}

pub fn known_policies() -> BTreeMap<String, PolicyInForce> {
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

pub fn day(value: &Value) -> NaiveDate {
    value.as_str().unwrap().parse().unwrap()
}

fn period(value: &Value) -> Period {
    value.as_str().and_then(Period::from_word).unwrap_or(Period::Lunch)
}

/// The arguments of a worked example, its earlier meals included.
pub fn arguments(case: &Value, policies: &[PolicyInForce]) -> Arguments {
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

pub fn earlier_meal(meal: &Value) -> EarlierMeal {
    let served_on = day(&meal["date"]);
    EarlierMeal {
        served_on,
        day_kind: day_kind(served_on, &meal["day_kind"]),
        period: period(&meal["period"]),
        charge_fen: Fen(meal["charge"].as_i64().unwrap()),
        paid: serde_json::from_value(meal["paid"].clone()).unwrap_or_default(),
    }
}
