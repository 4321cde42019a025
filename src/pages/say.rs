//! How days, times, money and words of the domain are said to people.
//!
//! A day is said in words, near days by their name: 明天 11月23日 星期一, tomorrow, Monday 23 November. Times are those of
//! the canteen's wall clock. A text that is recorded in Chinese carries its language on a page in English, so that it is
//! read aloud as what it is.

use chrono::{Datelike, NaiveDate};
use maud::{Markup, html};

use super::texts::{Text, words};
use crate::{
    access::links::Relation,
    canteens::Zone,
    clock::At,
    money::Fen,
    words::{Lang, Mode, Period, Weekday},
};

/// A civil day, by name if it is near: `明天 11月23日 星期一`. The year is said when it is another than today's.
pub fn day(lang: Lang, on: NaiveDate, today: NaiveDate) -> String {
    let date = date(lang, on, today.year());
    match (near(on, today), lang) {
        (Some(near), Lang::Zh) => format!("{} {date}", near.of(lang)),
        (Some(near), Lang::En) => format!("{}, {date}", near.of(lang)),
        (None, _) => date,
    }
}

fn near(on: NaiveDate, today: NaiveDate) -> Option<Text> {
    match (on - today).num_days() {
        -1 => Some(words::YESTERDAY),
        0 => Some(words::TODAY),
        1 => Some(words::TOMORROW),
        2 => Some(words::DAY_AFTER),
        _ => None,
    }
}

/// A civil day without its nearness: `11月23日 星期一`, `Monday 23 November`.
pub fn date(lang: Lang, on: NaiveDate, this_year: i32) -> String {
    let weekday = weekday(on.weekday().into()).of(lang);
    let other_year = on.year() != this_year;
    match lang {
        Lang::Zh => {
            let year = if other_year { format!("{}年", on.year()) } else { String::new() };
            format!("{year}{}月{}日 {weekday}", on.month(), on.day())
        }
        Lang::En => {
            let year = if other_year { format!(" {}", on.year()) } else { String::new() };
            format!("{weekday} {} {}{year}", on.day(), on.format("%B"))
        }
    }
}

/// A civil day in figures, where there is little room: `11-23`.
pub fn short_date(on: NaiveDate) -> String {
    on.format("%m-%d").to_string()
}

/// The time of day on the canteen's clock: `16:00`.
pub fn clock(zone: Zone, at: At) -> String {
    at.in_zone(zone.0).format("%H:%M").to_string()
}

/// An instant by day and time on the canteen's clock: `明天 11月23日 星期一 16:00`.
pub fn moment(lang: Lang, zone: Zone, at: At, now: At) -> String {
    let (on, today) = (zone.day_of(at), zone.day_of(now));
    let (day, clock) = (day(lang, on, today), clock(zone, at));
    match lang {
        Lang::Zh => format!("{day} {clock}"),
        Lang::En if near(on, today).is_some() => format!("{clock} {day}"),
        Lang::En => format!("{clock} on {day}"),
    }
}

/// An amount: `3.50元`, `¥3.50`.
pub fn money(lang: Lang, fen: Fen) -> String {
    words::MONEY.with(lang, &[("yuan", &fen)])
}

/// So many portions.
pub fn portions(lang: Lang, count: i32) -> String {
    if count == 1 {
        words::ONE_PORTION.of(lang).to_owned()
    } else {
        words::PORTIONS.with(lang, &[("count", &count)])
    }
}

pub fn period(period: Period) -> Text {
    match period {
        Period::Breakfast => words::BREAKFAST,
        Period::Lunch => words::LUNCH,
        Period::Dinner => words::DINNER,
    }
}

pub fn mode(mode: Mode) -> Text {
    match mode {
        Mode::DineIn => words::DINE_IN,
        Mode::Takeaway => words::TAKEAWAY,
        Mode::Delivery => words::DELIVERY,
    }
}

/// A way of serving as an answer to choose.
pub fn mode_long(mode: Mode) -> Text {
    match mode {
        Mode::DineIn => words::DINE_IN_LONG,
        Mode::Takeaway => words::TAKEAWAY_LONG,
        Mode::Delivery => words::DELIVERY_LONG,
    }
}

pub fn relation(relation: Relation) -> Text {
    match relation {
        Relation::Child => words::CHILD,
        Relation::Spouse => words::SPOUSE,
        Relation::Relative => words::RELATIVE,
        Relation::Neighbour => words::NEIGHBOUR,
        Relation::CommunityWorker => words::COMMUNITY_WORKER,
        Relation::Other => words::OTHER,
    }
}

pub fn weekday(day: Weekday) -> Text {
    match day {
        Weekday::Mon => words::MONDAY,
        Weekday::Tue => words::TUESDAY,
        Weekday::Wed => words::WEDNESDAY,
        Weekday::Thu => words::THURSDAY,
        Weekday::Fri => words::FRIDAY,
        Weekday::Sat => words::SATURDAY,
        Weekday::Sun => words::SUNDAY,
    }
}

/// Words in a row: `花生、鸡蛋`, `peanut, egg`.
pub fn row<S: AsRef<str>>(lang: Lang, items: impl IntoIterator<Item = S>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.as_ref().to_owned()).collect();
    items.join(words::BETWEEN_WORDS.of(lang))
}

/// What stands between words in a row.
pub fn between(lang: Lang) -> &'static str {
    words::BETWEEN_WORDS.of(lang)
}

/// Allergens in words, in a row.
pub fn allergens(lang: Lang, allergens: &[String]) -> String {
    row(lang, allergens.iter().map(|slug| allergen(lang, slug)))
}

/// That something contains these allergens.
pub fn contains(lang: Lang, slugs: &[String]) -> String {
    words::CONTAINS.with(lang, &[("allergens", &allergens(lang, slugs))])
}

/// That no allergens are recorded of something.
pub fn contains_none(lang: Lang) -> String {
    words::CONTAINS_NONE.of(lang).to_owned()
}

/// An allergen by the word it is recorded with; one that is not in our table as it was written.
pub fn allergen(lang: Lang, slug: &str) -> String {
    let text = match slug {
        "peanut" => words::ALLERGEN_PEANUT,
        "nuts" | "nut" | "tree_nuts" => words::ALLERGEN_NUTS,
        "milk" => words::ALLERGEN_MILK,
        "egg" => words::ALLERGEN_EGG,
        "fish" => words::ALLERGEN_FISH,
        "shrimp" => words::ALLERGEN_SHRIMP,
        "shellfish" | "crustaceans" => words::ALLERGEN_SHELLFISH,
        "soy" => words::ALLERGEN_SOY,
        "wheat" | "gluten" => words::ALLERGEN_WHEAT,
        "sesame" => words::ALLERGEN_SESAME,
        other => return other.to_owned(),
    };
    text.of(lang).to_owned()
}

/// A diet tag by the word it is recorded with; one that is not in our table as it was written.
pub fn diet_tag(lang: Lang, slug: &str) -> String {
    let text = match slug {
        "soft" => words::DIET_SOFT,
        "low_salt" => words::DIET_LOW_SALT,
        "low_sugar" => words::DIET_LOW_SUGAR,
        "low_fat" => words::DIET_LOW_FAT,
        "vegetarian" => words::DIET_VEGETARIAN,
        "halal" => words::DIET_HALAL,
        other => return other.to_owned(),
    };
    text.of(lang).to_owned()
}

/// A recorded text, such as a name: with its language where that is not the page's.
pub fn recorded(lang: Lang, text: &str) -> Markup {
    html! { @if let Some(foreign) = foreign(lang, text) { span lang=(foreign) { (text) } } @else { (text) } }
}

/// The language of a recorded text where that is not the page's, for elements that hold nothing but text.
pub fn foreign(lang: Lang, text: &str) -> Option<&'static str> {
    match lang {
        Lang::En => is_chinese(text).then_some("zh-CN"),
        Lang::Zh => None,
    }
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c))
}

/// A sentence begins with a capital letter in English.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_near_day_has_a_name() {
        let today = on("2026-11-22");
        assert_eq!(day(Lang::Zh, on("2026-11-23"), today), "明天 11月23日 星期一");
        assert_eq!(day(Lang::En, on("2026-11-23"), today), "tomorrow, Monday 23 November");
        assert_eq!(day(Lang::En, on("2026-11-30"), today), "Monday 30 November");
    }

    #[test]
    fn a_year_is_said_when_it_is_another() {
        let today = on("2026-12-31");
        assert_eq!(day(Lang::Zh, on("2027-01-01"), today), "明天 2027年1月1日 星期五");
        assert_eq!(day(Lang::En, on("2027-01-05"), today), "Tuesday 5 January 2027");
    }

    #[test]
    fn an_instant_is_said_by_the_canteens_clock() {
        let zone = Zone(chrono_tz::Asia::Shanghai);
        let at = |text: &str| -> At { serde_json::from_value(text.into()).unwrap() };
        let said = moment(Lang::En, zone, at("2026-11-22T16:30:00Z"), at("2026-11-22T08:00:00Z"));
        assert_eq!(said, "00:30 tomorrow, Monday 23 November");
    }

    #[test]
    fn a_chinese_name_keeps_its_language_on_an_english_page() {
        assert_eq!(recorded(Lang::En, "王芳").into_string(), "<span lang=\"zh-CN\">王芳</span>");
        assert_eq!(recorded(Lang::Zh, "王芳").into_string(), "王芳");
    }
}
