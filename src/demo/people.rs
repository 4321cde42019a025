//! Invented residents: plainly fictional, and always the same ones.

use chrono::{Datelike, Days, NaiveDate};

use super::{dice::Dice, places::Place};
use crate::{
    residents::{NewFact, Profile},
    words::Area,
};

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗",
];
const FIRST: &[&str] = &["秀", "桂", "玉", "淑", "国", "建", "志", "德", "文", "福", "春", "凤", "金", "明"];
const SECOND: &[&str] = &["英", "兰", "珍", "芳", "梅", "华", "强", "军", "祥", "林", "荣", "生", "清", "云"];

/// What may be true of somebody old, with the value that it has.
const FACTS: &[(&str, Option<&str>)] = &[
    ("minimum_living", None),
    ("special_care", None),
    ("low_income", None),
    ("disabled", Some("2")),
    ("destitute", None),
    ("lives_alone", None),
    ("lost_only_child", None),
];

/// Somebody who is to be registered.
#[derive(Clone, Debug)]
pub struct Invented {
    pub profile: Profile,
    pub card_number: String,
    pub facts: Vec<NewFact>,
    /// Whether they live here from May to October only.
    pub migrant: bool,
}

/// The name of somebody.
pub fn name(dice: &mut Dice) -> String {
    format!("{}{}{}", dice.one_of(SURNAMES), dice.one_of(FIRST), dice.one_of(SECOND))
}

/// A telephone number that nobody has.
pub fn phone(dice: &mut Dice) -> String {
    format!("1390000{:04}", dice.below(10_000))
}

/// Everybody who is registered at the place with this number, on this day.
pub fn residents(place: &Place, number: usize, today: NaiveDate) -> Result<Vec<Invented>, String> {
    let mut dice = Dice::new(1000 + number as u64);
    // Those with a PIN or a family member come first, and the couple after them.
    let couple = place.pins + place.families;
    (0..place.residents)
        .map(|index| {
            let migrant = place.migrants && (couple..couple + 2).contains(&index);
            invent(&mut dice, place, number, index, migrant, today)
        })
        .collect()
}

fn invent(
    dice: &mut Dice,
    place: &Place,
    number: usize,
    index: usize,
    migrant: bool,
    today: NaiveDate,
) -> Result<Invented, String> {
    let area = place.area()?;
    let born_on = birth_date(dice, today);
    let hardship = if dice.percent(15) { Some(*dice.one_of(FACTS)) } else { None };
    let facts = match (migrant, hardship) {
        (true, _) => winters(today).map(|(from, to)| away(from, to)).collect(),
        (false, Some((kind, value))) => vec![standing(kind, value, number, index, today)],
        (false, None) => Vec::new(),
    };
    Ok(Invented {
        profile: Profile {
            full_name: name(dice),
            born_on,
            phone: Some(phone(dice)),
            identity: None,
            registered_in: Some(registered_in(dice, place)?),
            lives_in: Some(area),
            allergens: words(dice, 4, &["peanut", "shrimp", "egg", "fish"]),
            diet_tags: words(dice, 25, &["soft", "low_salt", "low_sugar"]),
        },
        card_number: format!("58{:02}{index:04}", number + 1),
        facts,
        migrant,
    })
}

/// Between 60 and 100 years old, most of them between 65 and 85.
fn birth_date(dice: &mut Dice, today: NaiveDate) -> NaiveDate {
    let age = 61 + dice.below(20) + dice.below(19);
    let days = age * 365 + age / 4 + dice.below(360);
    today.checked_sub_days(Days::new(days as u64)).unwrap_or(today)
}

/// Most are registered where they live; some elsewhere in the city, some in another.
fn registered_in(dice: &mut Dice, place: &Place) -> Result<Area, String> {
    match dice.below(10) {
        0 => Area::new([place.area[0], "Other district", "Other town"]),
        1 => Area::new(["Hometown", "Old district", "Old town"]),
        2 => Area::new([place.area[0], place.area[1], "Other town"]),
        _ => place.area(),
    }
}

fn words(dice: &mut Dice, chance: usize, choices: &[&str]) -> Vec<String> {
    if dice.percent(chance) { vec![(*dice.one_of(choices)).to_owned()] } else { Vec::new() }
}

fn standing(kind: &str, value: Option<&str>, number: usize, index: usize, today: NaiveDate) -> NewFact {
    NewFact {
        kind: kind.into(),
        value: value.map(str::to_owned),
        source: "民政部门示例登记册".into(),
        evidence: format!("SL-{}-{number:02}{index:04}", today.year() - 1),
        from_on: today.with_ordinal(1).unwrap_or(today),
        to_on: None,
    }
}

fn away(from_on: NaiveDate, to_on: NaiveDate) -> NewFact {
    NewFact {
        kind: "away".into(),
        value: None,
        source: "本人告知".into(),
        evidence: "候鸟老人，五月至十月在此居住".into(),
        from_on,
        to_on: Some(to_on),
    }
}

/// The last winter and the next, from November to April.
fn winters(today: NaiveDate) -> impl Iterator<Item = (NaiveDate, NaiveDate)> {
    [today.year() - 1, today.year()].into_iter().filter_map(|year| {
        Some((NaiveDate::from_ymd_opt(year, 11, 1)?, NaiveDate::from_ymd_opt(year + 1, 4, 30)?))
    })
}

/// Whether the couple is here.
pub fn is_summer(on: NaiveDate) -> bool {
    (5..=10).contains(&on.month())
}
