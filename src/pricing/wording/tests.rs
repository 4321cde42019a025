use serde_json::{Value, json};

use super::*;
use crate::pricing::{
    LimitKey,
    check::tests::tier,
    condition::AgeBand,
    corpus::arguments,
    quote,
    schemes_test::{example, invented},
};

/// Whom the only tier of a policy is for, in English and Chinese.
fn who(when: Value) -> (String, String) {
    let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "limits": "unlimited", "tiers":
        [{ "code": "a", "when": when, "pay": { "fixed_fen": 100 } }] }]);
    let words = describe(&invented(layers, json!({})).policy, &FactNames::default()).remove(1);
    let en =
        words.en.strip_prefix("City pays 1.00 yuan: ").and_then(|en| en.strip_suffix(". Without limit."));
    let zh = words.zh.strip_prefix("市级补1.00元：").and_then(|zh| zh.strip_suffix("。不限次数。"));
    (en.unwrap_or(&words.en).to_owned(), zh.unwrap_or(&words.zh).to_owned())
}

fn assert_who<const N: usize>(cases: [(Value, &str, &str); N]) {
    for (when, en, zh) in cases {
        assert_eq!(who(when), (en.to_owned(), zh.to_owned()));
    }
}

#[test]
fn a_person_is_described_by_age_facts_and_places() {
    let east = json!({ "city": "Jiangcheng", "district": "East" });
    let same = json!({ "same_as_canteen": "town" });
    assert_who([
        (json!({ "age": { "from": 60 } }), "60 or older", "60周岁及以上"),
        (json!({ "not": { "age": { "from": 60 } } }), "under 60", "未满60周岁"),
        (json!({ "age": { "to": 60 } }), "under 60", "未满60周岁"),
        (json!({ "age": { "from": 0, "to": 60 } }), "under 60", "未满60周岁"),
        (json!({ "not": { "age": { "to": 60 } } }), "60 or older", "已满60周岁"),
        (json!({ "age": { "from": 60, "to": 70 } }), "60 to 69", "60至69周岁"),
        (json!({ "age": { "from": 1, "to": 70 } }), "1 to 69", "1至69周岁"),
        (json!({ "not": { "age": { "from": 60, "to": 70 } } }), "not 60 to 69", "不在60至69周岁"),
        (json!({ "fact": { "kind": "destitute" } }), "recorded as destitute", "属于特困"),
        (json!({ "fact": { "kind": "veteran" } }), "recorded as veteran", "属于veteran"),
        (
            json!({ "fact": { "kind": "disabled", "values": ["1", "2"] } }),
            "recorded as disabled (1, 2)",
            "属于残疾（1、2）",
        ),
        (json!({ "not": { "fact": { "kind": "disabled" } } }), "not recorded as disabled", "不属于残疾"),
        (json!({ "registered_in": east }), "registered in East, Jiangcheng", "户籍在Jiangcheng East"),
        (
            json!({ "lives_in": { "city": "江城", "district": "东区" } }),
            "living in 东区, 江城",
            "居住地在江城东区",
        ),
        (
            json!({ "not": { "lives_in": east } }),
            "not living in East, Jiangcheng",
            "居住地不在Jiangcheng East",
        ),
        (json!({ "lives_in": same }), "living in the same town as the canteen", "居住地与食堂在同一镇街"),
        (
            json!({ "not": { "registered_in": same } }),
            "registered in another town than the canteen",
            "户籍与食堂不在同一镇街",
        ),
    ]);
    for (level, zh) in [("city", "城市"), ("district", "区县"), ("community", "社区")] {
        let same = who(json!({ "lives_in": { "same_as_canteen": level } }));
        let en = format!("living in the same {level} as the canteen");
        assert_eq!(same, (en, format!("居住地与食堂在同一{zh}")));
    }
}

#[test]
fn a_meal_is_described_by_place_time_way_and_content() {
    assert_who([
        (json!({ "canteen_in": { "city": "Jiangcheng" } }), "at a canteen in Jiangcheng", "食堂在Jiangcheng"),
        (
            json!({ "not": { "canteen_in": { "city": "Elsewhere" } } }),
            "at a canteen not in Elsewhere",
            "食堂不在Elsewhere",
        ),
        (
            json!({ "period": ["breakfast", "lunch", "dinner"] }),
            "at breakfast or at lunch or at dinner",
            "早餐或午餐或晚餐",
        ),
        (json!({ "not": { "period": ["lunch"] } }), "not at lunch", "非午餐"),
        (
            json!({ "mode": ["dine_in", "takeaway", "delivery"] }),
            "dine-in or takeaway or delivery",
            "堂食或自取或送餐",
        ),
        (json!({ "weekday": ["sat", "sun"] }), "on Saturday or on Sunday", "周六或周日"),
        (
            json!({ "season": { "from": "06-01", "to": "09-30" } }),
            "from 1 June to 30 September",
            "6月1日至9月30日",
        ),
        (json!({ "season": { "from": "10-05", "to": "10-05" } }), "on 5 October", "10月5日"),
        (
            json!({ "day_kind": ["workday", "makeup_workday", "rest_day", "holiday"] }),
            "on a workday or on a make-up workday or on a rest day or on a statutory holiday",
            "工作日或调休工作日或休息日或法定节假日",
        ),
        (json!({ "item_kind": ["set", "dish"] }), "with a set meal or a dish", "含套餐或菜品"),
        (json!({ "not": { "item_kind": ["dish"] } }), "without a dish", "不含菜品"),
    ]);
}

#[test]
fn a_meal_is_described_by_its_number_and_by_what_it_costs() {
    let nth = |window: &str, from: i32, to: Option<i32>| json!({ "nth_meal": { "window": window, "from": from, "to": to } });
    let bounds = json!({ "money": { "of": "gross", "ge": 1000, "lt": 2000 } });
    assert_who([
        (nth("period", 1, Some(1)), "meal 1 of the meal period", "同一餐段第1餐"),
        (nth("day", 2, Some(2)), "meal 2 of the day", "当天第2餐"),
        (nth("week", 2, Some(3)), "meals 2 to 3 of the week", "本周第2至3餐"),
        (nth("month", 2, None), "from meal 2 of the month on", "本月第2餐起"),
        (nth("year", 2, None), "from meal 2 of the year on", "本年第2餐起"),
        (
            bounds.clone(),
            "a charge of at least 10.00 and of less than 20.00",
            "餐费不低于10.00元且低于20.00元",
        ),
        (
            json!({ "not": bounds }),
            "a charge of less than 10.00 or of at least 20.00",
            "餐费低于10.00元或不低于20.00元",
        ),
        (
            json!({ "money": { "of": "net", "without_delivery_fee": true, "gt": 1000, "le": 2000 } }),
            "a remaining charge of more than 10.00 and of at most 20.00 (without delivery fee)",
            "余下餐费（不含送餐费）高于10.00元且不高于20.00元",
        ),
        (
            json!({ "money": { "of": "set", "ge": 1500 } }),
            "a set meal of at least 15.00",
            "套餐价不低于15.00元",
        ),
    ]);
}

#[test]
fn conditions_that_would_run_into_each_other_stand_in_brackets() {
    let old = json!({ "age": { "from": 60 } });
    let lunch = json!({ "period": ["lunch"] });
    let set = json!({ "item_kind": ["set"] });
    let either = json!({ "any": [old, lunch] });
    let both = json!({ "all": [old, lunch] });
    let meals = json!({ "period": ["lunch", "dinner"] });
    assert_who([
        (both.clone(), "60 or older and at lunch", "60周岁及以上，且午餐"),
        (meals.clone(), "at lunch or at dinner", "午餐或晚餐"),
        (
            json!({ "all": [old, meals] }),
            "60 or older and (at lunch or at dinner)",
            "60周岁及以上，且（午餐或晚餐）",
        ),
        (json!({ "not": meals }), "not (at lunch or at dinner)", "非（午餐或晚餐）"),
        (either.clone(), "60 or older or at lunch", "60周岁及以上或午餐"),
        (
            json!({ "all": [either, set] }),
            "(60 or older or at lunch) and with a set meal",
            "（60周岁及以上或午餐），且含套餐",
        ),
        (
            json!({ "any": [both, set] }),
            "(60 or older and at lunch) or with a set meal",
            "（60周岁及以上，且午餐）或含套餐",
        ),
        (json!({ "any": [both] }), "60 or older and at lunch", "60周岁及以上，且午餐"),
        (
            json!({ "all": [{ "any": [old] }, set] }),
            "60 or older and with a set meal",
            "60周岁及以上，且含套餐",
        ),
        (json!({ "not": either }), "not (60 or older or at lunch)", "不是（60周岁及以上或午餐）"),
    ]);
}

#[test]
fn a_tier_says_what_it_pays_and_how_it_is_rounded() {
    let usual = json!({ "mode": "floor", "to": "fen" });
    for (pay, rounding, en, zh) in [
        (json!({ "fixed_fen": 350 }), &usual, "pays 3.50 yuan", "补3.50元"),
        (
            json!({ "fixed_fen": 350, "without_delivery_fee": true }),
            &json!({ "mode": "floor", "to": "jiao" }),
            "pays 3.50 yuan (delivery fee left out) (rounded down to the jiao)",
            "补3.50元（不含送餐费）（向下取整到角）",
        ),
        (
            json!({ "percent_bp": 3000, "of": "gross", "cap_fen": 400 }),
            &json!({ "mode": "ceil", "to": "fen" }),
            "pays 30% of the charge, at most 4.00 yuan (rounded up to the fen)",
            "补餐费的30%，最多4.00元（向上取整到分）",
        ),
        (
            json!({ "percent_bp": 1250, "of": "net" }),
            &json!({ "mode": "half_up", "to": "jiao" }),
            "pays 12.5% of what is left of the charge (rounded half up to the jiao)",
            "补余下餐费的12.5%（四舍五入到角）",
        ),
        (json!({ "percent_bp": 10_000, "of": "gross" }), &usual, "pays 100% of the charge", "补餐费的100%"),
        (json!({ "resident_price_fen": 0 }), &usual, "pays all of it", "全额补贴"),
        (
            json!({ "resident_price_fen": 600 }),
            &usual,
            "pays what it costs above 6.00 yuan",
            "补足6.00元以上的部分",
        ),
    ] {
        let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "rounding": rounding,
            "tiers": [{ "code": "a", "pay": pay }] }]);
        let words = describe(&invented(layers, json!({})).policy, &FactNames::default()).remove(1);
        let zh = format!("市级{zh}：人人适用。每餐1次。");
        assert_eq!(words, Bilingual::new(zh, format!("City {en}: everybody. Once per meal.")));
    }
}

#[test]
fn a_layer_says_in_which_order_its_tiers_come_and_how_often_they_pay() {
    let limits = json!({ "limits": {
        "day": { "window": "day", "count": 1 }, "week": { "window": "week", "count": 5 },
        "month": { "window": "month", "count": 2, "fen": 10_000 }, "year": { "window": "year", "fen": 99_900 },
    } });
    let tiers = json!([
        { "code": "a", "when": { "period": ["lunch"] }, "pay": { "fixed_fen": 300 }, "limits": ["day", "week"] },
        { "code": "b", "payer": "donor", "name": { "zh": "爱心", "en": "gift" }, "pay": { "fixed_fen": 400 },
            "limits": ["year", "month"] },
    ]);
    for (pick, en, zh) in
        [("first", "Otherwise", "否则"), ("best", "Or, if it is more,", "或（取最高的一项）")]
    {
        let layer = json!({ "payer": "city", "name": { "zh": "长者餐", "en": "meal for elders" }, "rank": 1,
            "pick": pick, "tiers": tiers });
        let words = describe(&invented(json!([layer]), limits.clone()).policy, &FactNames::default());
        assert_eq!(words[0].en, "invented policy: applies at every canteen in Jiangcheng.");
        assert_eq!(words[1].en, "Meal for elders pays 3.00 yuan: at lunch. Once a day, 5 times a week.");
        assert_eq!(words[1].zh, "长者餐补3.00元：午餐。每天1次，每周5次。");
        let of_second = "Twice a month and 100.00 yuan a month, 999.00 yuan a year";
        assert_eq!(words[2].en, format!("{en} donor pays 4.00 yuan (gift): everybody. {of_second}."));
        let of_second = "每月2次、每月100.00元，每年999.00元";
        assert_eq!(words[2].zh, format!("{zh}捐赠补4.00元（爱心）：人人适用。{of_second}。"));
    }
}

#[test]
fn terms_come_by_rank_with_the_rest_and_the_canteens_part_last() {
    let layer = |payer: &str, rank: i32| json!({ "payer": payer, "rank": rank, "pick": "first", "tiers": [tier("a", Value::Null)] });
    let payments = json!([
        { "payer": "town", "code": "all", "fixed_fen": 150 },
        { "payer": "village", "code": "lunches", "fixed_fen": 50, "when": { "period": ["lunch"] } },
    ]);
    let layers = json!([layer("community", 3), layer("voucher", 1)]);
    let policy = invented(layers, json!({ "to_canteen": payments }));
    let other = invented(json!([layer("canteen", 2)]), json!({ "code": "other" }));
    let canteen = Area::new(["Jiangcheng", "East"]).unwrap();
    let all = terms(&[&policy.policy, &other.policy], &canteen, &FactNames::default());
    assert_eq!(
        all.iter().map(|line| line.en.as_str()).collect::<Vec<_>>(),
        [
            "Voucher pays 1.00 yuan: everybody. Once per meal.",
            "Canteen pays 1.00 yuan: everybody. Once per meal.",
            "Community pays 1.00 yuan: everybody. Once per meal.",
            "The person pays the rest.",
            "Town gives the canteen 1.50 yuan for every meal. Once per meal for each person.",
            "Village gives the canteen 0.50 yuan for a meal at lunch. Once per meal for each person.",
        ]
    );
    let described = describe(&policy.policy, &FactNames::default());
    assert_eq!(described[1].en, "Voucher pays 1.00 yuan: everybody. Once per meal.");
    assert_eq!(described[3].zh, "镇街另给食堂每餐1.50元：每一餐。每餐1次。");
    assert_eq!(
        terms(&[], &canteen, &FactNames::default())[0].en,
        "No subsidy is paid here; everybody pays the list price."
    );
}

#[test]
fn a_kind_of_fact_goes_by_the_name_that_it_was_given_and_without_one_by_its_code() {
    let named = [("model_worker", "劳动模范", "model worker"), ("destitute", "贫", "poor")];
    let names = FactNames::new(named.map(|(kind, zh, en)| (kind.to_owned(), Bilingual::new(zh, en))));
    let test = |kind: &str| serde_json::from_value(json!({ "fact": { "kind": kind } })).unwrap();
    for (kind, zh, en) in [
        ("model_worker", "属于劳动模范", "recorded as model worker"),
        ("destitute", "属于特困", "recorded as destitute"),
        ("centenarian", "属于centenarian", "recorded as centenarian"),
    ] {
        let because = vec![Finding { condition: test(kind), holds: true }];
        let granted = Reason::Granted { because };
        let because = Bilingual::new(format!("因为{zh}"), format!("because {en}"));
        assert_eq!(granted.words(&names), because);
        assert_eq!(granted.needs_names(), kind != "destitute");
    }
    let suspended = Reason::Suspended { kind: "model_worker".into() };
    assert_eq!(suspended.words(&names).zh, "补贴已暂停（劳动模范）");
    assert!(suspended.needs_names());
}

#[test]
fn of_several_ages_only_the_one_that_says_most_is_told() {
    let finding = |holds: bool, from: i32, to: Option<i32>| {
        let condition = Condition::Age(AgeBand { from: Some(from), to });
        Finding { condition, holds }
    };
    let is = |from: i32, to: Option<i32>| finding(true, from, to);
    let is_not = |from: i32, to: Option<i32>| finding(false, from, to);
    for (because, words) in [
        (vec![is(60, None), is(80, None)], "80 or older"),
        (vec![is(60, None), is(60, Some(70))], "60 to 69"),
        (vec![is(60, Some(70)), is(65, None)], "60 to 69 and 65 or older"),
        (vec![is_not(60, None), is_not(80, None)], "under 60"),
        (vec![is_not(60, Some(70)), is_not(80, None)], "not 60 to 69 and under 80"),
        (vec![is(60, None), is_not(80, None)], "60 or older and under 80"),
    ] {
        assert_eq!(Reason::Granted { because }.words(&FactNames::default()).en, format!("because {words}"));
    }
}

#[test]
fn every_reason_has_words() {
    let limit = LimitKey("invented/week".to_owned());
    let (window, price_fen) = (Window::Week, Fen(600));
    let used_up =
        Reason::UsedUp { limit: limit.clone(), window, max_count: Some(5), max_fen: Some(Fen(5000)) };
    for (reason, en, zh) in [
        (Reason::Granted { because: vec![] }, "for everybody", "人人适用"),
        (
            used_up,
            "because the limit of 5 times a week and 50.00 yuan a week is used up",
            "因为每周5次、每周50.00元的额度已用完",
        ),
        (
            Reason::RestOfLimit { limit, window, max_fen: Fen(5000) },
            "which is what was left of 50.00 yuan a week",
            "每周50.00元只剩这么多",
        ),
        (Reason::RestOfCharge, "which is all that was left for it to pay", "可补的餐费只剩这么多"),
        (Reason::NothingLeft, "because nothing was left for it to pay", "因为没有余下可补的餐费"),
        (
            Reason::NotAbovePrice { price_fen },
            "because no more than the fixed price of 6.00 was left for it to pay",
            "因为余下可补的餐费不高于优惠价6.00元",
        ),
        (Reason::RoundedToNothing, "because the amount is too small", "因为金额太小"),
        (
            Reason::Suspended { kind: "away".to_owned() },
            "because subsidies are suspended (away for long)",
            "补贴已暂停（长期外出）",
        ),
        (
            Reason::OtherClass { class: MealClass::Guest },
            "because a guest meal draws no subsidy",
            "其他用餐不享受补贴",
        ),
        (
            Reason::SecondHelpings { fen: Fen(300) },
            "of which 3.00 for second helpings at full price",
            "其中加餐3.00元按标价",
        ),
        (
            Reason::CalendarUnknown { year: 2027 },
            "the calendar of 2027 is not published; Monday to Friday counted as workdays",
            "2027年的节假日安排尚未公布，周一至周五按工作日计算",
        ),
        (Reason::Withheld, "for a reason that is not shown", "原因不公开"),
    ] {
        assert_eq!(reason.words(&FactNames::default()), Bilingual::new(zh, en));
    }
}

#[test]
fn a_quote_names_a_layer_as_people_do_and_a_payer_it_does_not_know_as_it_stands() {
    let name = json!({ "zh": "长者餐", "en": "meal for elders" });
    let layers = json!([
        { "payer": "city", "name": name, "rank": 1, "pick": "first", "tiers": [tier("a", Value::Null)] },
        { "payer": "temple", "rank": 2, "pick": "first", "tiers": [tier("a", Value::Null)] },
    ]);
    let policy = [invented(layers, json!({}))];
    let words = quote(&policy, &arguments(&example(1500, json!({})), &policy)).words(&FactNames::default());
    assert_eq!(
        words.iter().map(|line| line.en.as_str()).collect::<Vec<_>>(),
        ["meal for elders 1.00, for everybody", "temple 1.00, for everybody", "charge 15.00, to pay 13.00"]
    );
}
