//! A cell: from what people and their programs write to what is kept, or a fault. Nothing is guessed.

use chrono::{Datelike, NaiveDate};

use super::faults::{FaultWord, Flaw};
use crate::{
    sheets::Value,
    text::{CardNumber, IdNumber, Line, Phone, Slug},
    words::Area,
};

/// From this number on, a spreadsheet has not kept every digit.
const INEXACT: f64 = 1e15;

/// What is eaten, or not: what people write, and the words of the menus.
const ALLERGENS: &[(&str, &str)] = &[
    ("花生", "peanut"),
    ("虾", "shrimp"),
    ("蟹", "crab"),
    ("螃蟹", "crab"),
    ("鱼", "fish"),
    ("海鲜", "seafood"),
    ("贝", "shellfish"),
    ("鸡蛋", "egg"),
    ("蛋", "egg"),
    ("牛奶", "milk"),
    ("奶", "milk"),
    ("乳制品", "milk"),
    ("奶制品", "milk"),
    ("大豆", "soy"),
    ("黄豆", "soy"),
    ("豆", "soy"),
    ("豆制品", "soy"),
    ("小麦", "wheat"),
    ("面筋", "gluten"),
    ("麸质", "gluten"),
    ("坚果", "nuts"),
    ("芝麻", "sesame"),
    ("芒果", "mango"),
    ("菠萝", "pineapple"),
    ("酒精", "alcohol"),
    ("猪肉", "pork"),
    ("牛肉", "beef"),
    ("羊肉", "mutton"),
    ("鸡肉", "chicken"),
    ("香菜", "coriander"),
    ("蒜", "garlic"),
    ("大蒜", "garlic"),
    ("葱", "onion"),
    ("洋葱", "onion"),
    ("蘑菇", "mushroom"),
];

const DIETS: &[(&str, &str)] = &[
    ("软", "soft"),
    ("软食", "soft"),
    ("软烂", "soft"),
    ("软饭", "soft"),
    ("低盐", "low_salt"),
    ("少盐", "low_salt"),
    ("清淡", "low_salt"),
    ("低糖", "low_sugar"),
    ("少糖", "low_sugar"),
    ("无糖", "low_sugar"),
    ("低脂", "low_fat"),
    ("少油", "low_fat"),
    ("素", "vegetarian"),
    ("素食", "vegetarian"),
    ("清真", "halal"),
    ("流食", "liquid"),
    ("半流食", "liquid"),
    ("辣", "mild"),
    ("辣椒", "mild"),
    ("不辣", "mild"),
];

/// How people write that there is nothing.
const NOTHING: &[&str] =
    &["无", "没有", "否", "暂无", "无忌口", "无过敏", "不详", "none", "no", "n/a", "-", "/", "—"];

/// What a birth date cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birth {
    Day(NaiveDate),
    /// The year and month alone.
    Month(i32, u32),
}

/// What a list of words says, by what kind of word each is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eating {
    pub allergens: Vec<String>,
    pub diet_tags: Vec<String>,
}

/// The text of a cell, with what was typed wide made narrow and every run of blanks made one.
fn text(value: &Value) -> Result<String, Flaw> {
    match value {
        Value::Text(text) => {
            let narrow: String = text.chars().map(narrow).collect();
            Ok(narrow.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        Value::Number(number) if number.fract() == 0.0 && number.abs() < INEXACT => {
            Ok(format!("{number:.0}"))
        }
        Value::Number(number) if number.abs() >= INEXACT => Err(lost_digits()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Date(on) => Ok(on.to_string()),
        Value::Error => {
            Err(Flaw::new(FaultWord::ErrorCell, "单元格里是公式错误", "a formula in this cell went wrong"))
        }
    }
}

/// The wide forms of digits, letters and signs lie in the same order as the narrow ones.
fn narrow(letter: char) -> char {
    match letter {
        '！'..='～' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
        _ => letter,
    }
}

fn lost_digits() -> Flaw {
    Flaw::new(
        FaultWord::LostDigits,
        "号码被存成了数字，末尾几位已丢失，请改成文本格式后重新填写",
        "it was kept as a number and its last digits are lost; make the cell a text and enter it again",
    )
}

/// A text of digits: without blanks and the apostrophe that marks a text. One in scientific notation has lost digits.
fn digits(value: &Value) -> Result<String, Flaw> {
    let text: String =
        text(value)?.chars().filter(|c| !c.is_whitespace() && *c != '\'' && *c != '`').collect();
    let mantissa = text.to_ascii_uppercase();
    match mantissa.split_once("E+") {
        Some((digits, power)) if digits.parse::<f64>().is_ok() && power.parse::<u8>().is_ok() => {
            Err(lost_digits())
        }
        Some(_) | None => Ok(text),
    }
}

/// A name. Fails with `bad_name`.
pub fn full_name(value: &Value) -> Result<String, Flaw> {
    let said = text(value)?;
    // Two characters are often written with a blank between them, to be as wide as three.
    let chinese = said.chars().all(|letter| letter == ' ' || !letter.is_ascii());
    let name = if chinese { said.replace(' ', "") } else { said };
    let has_letter = name.chars().any(char::is_alphabetic);
    let line = Line::<60>::parse(&name).ok().filter(|_| has_letter);
    line.map(Line::into_string).ok_or_else(|| {
        Flaw::new(
            FaultWord::BadName,
            "姓名应为 1 到 60 个字",
            "a name has 1 to 60 characters, with a letter among them",
        )
    })
}

/// An identity number of 18 characters; whether its check digit fits is judged with the birth date.
///
/// Fails with `lost_digits` or `bad_id_number`.
pub fn id_number(value: &Value) -> Result<IdNumber, Flaw> {
    let said = digits(value)?.to_ascii_uppercase();
    IdNumber::parse(&said).map_err(|_| match said.len() {
        15 => Flaw::new(
            FaultWord::BadIdNumber,
            "这是 15 位旧号码，请填 18 位身份证号",
            "this is an old number of 15 digits; enter the one of 18",
        ),
        _ => Flaw::new(
            FaultWord::BadIdNumber,
            "身份证号应为 18 位，最后一位可为 X",
            "an identity number has 18 characters, the last of which may be X",
        ),
    })
}

/// The birth date in an identity number, if there is such a day.
pub fn born_by(number: &IdNumber) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(&number.as_str()[6..14], "%Y%m%d").ok()
}

/// A birth date in one of the usual forms. Fails with `bad_date`.
pub fn birth(value: &Value) -> Result<Birth, Flaw> {
    let bad = || {
        Flaw::new(
            FaultWord::BadDate,
            "看不懂这个日期，请写成 1948-03-05",
            "this is no date that we know; write it like 1948-03-05",
        )
    };
    if let Value::Date(on) = value {
        return Ok(Birth::Day(*on));
    }
    let said = text(value)?;
    // A time of day after it says nothing.
    let said = said.split([' ', 'T']).next().unwrap_or_default().trim_matches('\'');
    let numbers: Vec<&str> =
        said.split(['-', '/', '.', '年', '月', '日', '号']).filter(|part| !part.is_empty()).collect();
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|c| c.is_ascii_digit()));
    let year =
        |text: &str| number(text).filter(|_| text.len() == 4).and_then(|year| i32::try_from(year).ok());
    let month = |text: &str| number(text).filter(|month| (1..=12).contains(month));
    match numbers.as_slice() {
        [y, m, d] => {
            let day = year(y).zip(month(m)).zip(number(d));
            day.and_then(|((y, m), d)| NaiveDate::from_ymd_opt(y, m, d)).map(Birth::Day).ok_or_else(bad)
        }
        [y, m] => year(y).zip(month(m)).map(|(y, m)| Birth::Month(y, m)).ok_or_else(bad),
        [whole] if whole.len() == 8 && whole.is_ascii() => {
            NaiveDate::parse_from_str(whole, "%Y%m%d").map(Birth::Day).map_err(|_| bad())
        }
        _ => Err(bad()),
    }
}

impl Birth {
    /// Whether this can be the day.
    pub fn fits(self, on: NaiveDate) -> bool {
        match self {
            Birth::Day(day) => day == on,
            Birth::Month(year, month) => (on.year(), on.month()) == (year, month),
        }
    }
}

/// A telephone number. Fails with `bad_phone` or `lost_digits`.
pub fn phone(value: &Value) -> Result<String, Flaw> {
    let said = digits(value)?.replace(['(', '（'], "").replace([')', '）', '—', '－'], "-");
    Phone::parse(&said).map(|phone| phone.as_str().to_owned()).map_err(|_| {
        Flaw::new(
            FaultWord::BadPhone,
            "电话应为一个号码，5 到 20 位数字",
            "a telephone number is one number of 5 to 20 digits",
        )
    })
}

/// A card number. Fails with `bad_card_number` or `lost_digits`.
pub fn card_number(value: &Value) -> Result<String, Flaw> {
    CardNumber::parse(&digits(value)?).map(|number| number.as_str().to_owned()).map_err(|_| {
        Flaw::new(FaultWord::BadCardNumber, "卡号应为 6 到 20 位数字", "a card number has 6 to 20 digits")
    })
}

/// The area that a text names: as a path with `/`, or as an address is written, from the city down. Of an address only
/// the area is kept.
///
/// Fails with `bad_area`.
pub fn area(value: &Value) -> Result<Area, Flaw> {
    let said = text(value)?;
    let whole = said.replace(' ', "");
    let names =
        if whole.contains('/') { whole.split('/').map(str::to_owned).collect() } else { area_names(&whole) };
    // A province says nothing that its city does not.
    let province = |name: &str| name.ends_with('省') || name.ends_with("自治区");
    let names: Vec<String> = names.into_iter().skip_while(|name| province(name)).collect();
    Area::new(names).map_err(|_| {
        Flaw::new(
            FaultWord::BadArea,
            "请从市写起，如 贵阳市/南明区/示例街道/示例社区",
            "write it from the city down, like City/District/Town/Community",
        )
    })
}

/// The names of city, district, town and community with which an address begins, as deep as it goes without a gap.
fn area_names(address: &str) -> Vec<String> {
    const ENDS: [&[&str]; 4] =
        [&["自治州", "地区", "市", "盟"], &["区", "县", "市", "旗"], &["街道", "镇", "乡"], &["社区", "村"]];
    let after = ["省", "自治区"].iter().find_map(|end| address.split_once(end).map(|(_, rest)| rest));
    let mut rest = after.unwrap_or(address);
    let mut names = Vec::new();
    for ends in ENDS {
        // The nearest end after at least one character; a community is no district.
        let end = ends
            .iter()
            .flat_map(|end| rest.match_indices(end).map(|(at, _)| at + end.len()))
            .filter(|end| rest[..*end].chars().count() > 1)
            .filter(|end| {
                names.len() != 1 || !["社区", "小区"].iter().any(|part| rest[..*end].ends_with(part))
            })
            .min();
        let Some(end) = end else { break };
        names.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    names
}

/// A list of what somebody does not eat, or how. Fails with `unknown_word`.
pub fn eating(value: &Value, as_diet: bool) -> Result<Eating, Flaw> {
    let said = text(value)?.to_lowercase();
    let mut eating = Eating::default();
    if NOTHING.contains(&said.as_str()) {
        return Ok(eating);
    }
    for word in said.split(['、', ',', '，', ';', '；', '/', ' ', '+', '和', '及', '。', '|']) {
        let word = word.trim();
        if word.is_empty() || NOTHING.contains(&word) {
            continue;
        }
        let list = match known(word) {
            Some((Kind::Allergen, slug)) => (&mut eating.allergens, slug.to_owned()),
            Some((Kind::Diet, slug)) => (&mut eating.diet_tags, slug.to_owned()),
            None => {
                let slug = Slug::parse(word).map_err(|_| unknown(word))?.as_str().to_owned();
                (if as_diet { &mut eating.diet_tags } else { &mut eating.allergens }, slug)
            }
        };
        let (list, slug) = list;
        if !list.contains(&slug) {
            list.push(slug);
        }
    }
    Ok(eating)
}

enum Kind {
    Allergen,
    Diet,
}

/// What kind of word this is, and the menus' word for it.
fn known(word: &str) -> Option<(Kind, &'static str)> {
    let bare =
        ["不吃", "不能吃", "忌", "对"].iter().find_map(|begin| word.strip_prefix(begin)).unwrap_or(word);
    let bare = ["类过敏", "过敏", "类", "餐"].iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare);
    let find = |list: &'static [(&str, &str)]| {
        list.iter().find(|(said, slug)| *said == bare || *slug == bare).map(|(_, slug)| *slug)
    };
    find(DIETS).map(|slug| (Kind::Diet, slug)).or_else(|| find(ALLERGENS).map(|slug| (Kind::Allergen, slug)))
}

fn unknown(word: &str) -> Flaw {
    Flaw::new(
        FaultWord::UnknownWord,
        format!("不认识“{word}”，请写成花生、虾、鸡蛋、低盐、软食等，没有请写“无”"),
        format!("“{word}” is not known; write peanut, shrimp, egg, low_salt, soft and the like, or none"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn word<T: std::fmt::Debug>(judged: Result<T, Flaw>) -> FaultWord {
        judged.unwrap_err().word
    }

    #[test]
    fn a_birth_date_is_read_in_the_usual_forms() {
        let day: NaiveDate = "1948-03-05".parse().unwrap();
        for text in [
            "1948-03-05",
            "1948/3/5",
            "1948年3月5日",
            "19480305",
            "1948.3.5",
            "１９４８-０３-０５",
            "1948-03-05 00:00:00",
        ] {
            assert_eq!(birth(&said(text)).unwrap(), Birth::Day(day), "{text}");
        }
        assert_eq!(birth(&Value::Date(day)).unwrap(), Birth::Day(day));
        assert_eq!(birth(&Value::Number(19_480_305.0)).unwrap(), Birth::Day(day));
        assert_eq!(birth(&said("1948年3月")).unwrap(), Birth::Month(1948, 3));
        for text in ["48-3-5", "3/5/1948", "1948-02-30", "1948", "很久以前", "17597", "1948-13"] {
            assert_eq!(word(birth(&said(text))), FaultWord::BadDate, "{text}");
        }
    }

    #[test]
    fn a_number_that_lost_digits_is_a_fault_and_not_a_guess() {
        assert_eq!(word(id_number(&Value::Number(1.101_051_949_123_1e17))), FaultWord::LostDigits);
        assert_eq!(word(id_number(&said("1.10105E+17"))), FaultWord::LostDigits);
        assert_eq!(word(phone(&said("1.38E+10"))), FaultWord::LostDigits);
        assert_eq!(phone(&Value::Number(13_800_000_000.0)).unwrap(), "13800000000");
        assert_eq!(id_number(&said("'1101051949 1231002x")).unwrap().as_str(), "11010519491231002X");
        assert_eq!(
            id_number(&said("１１０１０５１９４９１２３１００２Ｘ")).unwrap().as_str(),
            "11010519491231002X"
        );
        assert_eq!(word(id_number(&said("110105491231002"))), FaultWord::BadIdNumber);
    }

    #[test]
    fn names_phones_and_cards_are_cleaned_and_judged() {
        assert_eq!(full_name(&said("王　芳")).unwrap(), "王芳");
        assert_eq!(full_name(&said("Maria  Wang")).unwrap(), "Maria Wang");
        assert_eq!(word(full_name(&said("123"))), FaultWord::BadName);
        assert_eq!(word(full_name(&Value::Error)), FaultWord::ErrorCell);
        assert_eq!(phone(&said("(0851) 5550100")).unwrap(), "0851-5550100");
        assert_eq!(word(phone(&said("13800000000/13900000000"))), FaultWord::BadPhone);
        assert_eq!(card_number(&Value::Number(31_415_926.0)).unwrap(), "31415926");
        assert_eq!(word(card_number(&said("A1"))), FaultWord::BadCardNumber);
    }

    #[test]
    fn an_area_is_read_from_a_path_or_an_address() {
        for (text, path) in [
            ("贵阳市/南明区", "贵阳市/南明区"),
            ("贵州省/贵阳市/南明区", "贵阳市/南明区"),
            ("贵州省贵阳市南明区花果园街道金元社区3栋2单元", "贵阳市/南明区/花果园街道/金元社区"),
            ("北京市朝阳区", "北京市/朝阳区"),
            ("广州市越秀区北京街道", "广州市/越秀区/北京街道"),
            ("东莞市虎门镇", "东莞市"),
            ("恩施土家族苗族自治州利川市", "恩施土家族苗族自治州/利川市"),
        ] {
            assert_eq!(area(&said(text)).unwrap().path(), path, "{text}");
        }
        for text in ["金元社区3栋", "3栋2单元", "外地"] {
            assert_eq!(word(area(&said(text))), FaultWord::BadArea, "{text}");
        }
    }

    #[test]
    fn what_people_do_not_eat_becomes_the_words_of_the_menus() {
        let read = eating(&said("花生过敏、不吃虾，低盐"), false).unwrap();
        assert_eq!(
            (read.allergens.join(" "), read.diet_tags.join(" ")),
            ("peanut shrimp".into(), "low_salt".into())
        );
        assert_eq!(eating(&said("无"), false).unwrap(), Eating::default());
        assert_eq!(eating(&said("soft"), true).unwrap().diet_tags, ["soft"]);
        assert_eq!(eating(&said("kiwi"), false).unwrap().allergens, ["kiwi"]);
        assert_eq!(word(eating(&said("石头"), false)), FaultWord::UnknownWord);
    }
}
