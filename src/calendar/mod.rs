//! Workdays, statutory holidays and make-up workdays, imported a year at a time.
//!
//! A weekday is a workday and a weekend day a rest day, unless the year's calendar says otherwise: a holiday may lie on
//! any day, a make-up workday (调休) only on a Saturday or Sunday. A year without a calendar counts Monday to Friday, and
//! whoever relies on it is told so.

pub mod http;
mod store;

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};
use diesel::QueryResult;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    access::Officer,
    db::Conn,
    problem::{Code, Fail, Problem},
    text::Whole,
    words,
    words::{Bilingual, DayKind},
};

/// A year of the calendar.
pub type Year = Whole<1990, 2200>;

words! {
    /// How a day differs from what its weekday says.
    pub enum SpecialKind {
        /// A statutory holiday, whatever its weekday.
        Holiday = "holiday",
        /// A Saturday or Sunday on which people work (调休).
        MakeupWorkday = "makeup_workday",
    }
}

/// A day that is not what its weekday says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecialDay {
    pub on: NaiveDate,
    pub kind: SpecialKind,
    /// What people call it: 春节, Spring Festival.
    pub name: Bilingual,
}

/// The calendar of a year, in the order of its days.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub year: i32,
    pub days: Vec<SpecialDay>,
    pub version: i32,
}

/// What kind of day a date is, and whether its year was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOf {
    pub kind: DayKind,
    /// False where the year has no calendar and only the weekday decided.
    pub known: bool,
}

/// The calendar of a year; `calendar_not_found` when it was not imported.
pub fn find(conn: &mut Conn, year: i32) -> Result<Calendar, Fail> {
    store::find(conn, year)?.ok_or_else(|| Problem::new(Code::CalendarNotFound).with("year", year).into())
}

/// Writes a year's calendar in place of version `seen`; a year that was not imported yet has the version 0.
///
/// Fails with `bad_calendar`, or `stale` when somebody else wrote it meanwhile.
pub fn import(
    conn: &mut Conn,
    _by: &Officer,
    year: i32,
    days: Vec<SpecialDay>,
    seen: i32,
) -> Result<Calendar, Fail> {
    let days = checked(year, days)?;
    let calendar = Calendar { year, days, version: seen + 1 };
    if store::replace(conn, &calendar, seen)? { Ok(calendar) } else { Err(Code::Stale.into()) }
}

/// What kind of day it is: one query for one row.
pub fn day_kind(conn: &mut Conn, on: NaiveDate) -> QueryResult<DayOf> {
    let calendar = store::find(conn, on.year())?;
    Ok(kind_of(calendar.as_ref().map(|calendar| calendar.days.as_slice()), on))
}

/// What kind of day it is by these special days of its year, or by its weekday alone.
fn kind_of(days: Option<&[SpecialDay]>, on: NaiveDate) -> DayOf {
    let special = days.unwrap_or_default().iter().find(|day| day.on == on);
    let kind = match special.map(|day| day.kind) {
        Some(SpecialKind::Holiday) => DayKind::Holiday,
        Some(SpecialKind::MakeupWorkday) => DayKind::MakeupWorkday,
        None if is_weekend(on) => DayKind::RestDay,
        None => DayKind::Workday,
    };
    DayOf { kind, known: days.is_some() }
}

fn is_weekend(on: NaiveDate) -> bool {
    matches!(on.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The days of a year in their order.
///
/// Fails with `bad_calendar`, which names every day at fault: one of another year, one that is there twice, a make-up
/// workday from Monday to Friday, a name that is empty or too long.
fn checked(year: i32, mut days: Vec<SpecialDay>) -> Result<Vec<SpecialDay>, Problem> {
    let mut seen = BTreeSet::new();
    let faults: Vec<(usize, Fault)> = days
        .iter()
        .enumerate()
        .filter_map(|(index, day)| Some((index, fault(year, day, !seen.insert(day.on))?)))
        .collect();
    if let Some((_, first)) = faults.first() {
        let problem = Problem::new(Code::BadCalendar).with("reason", first.said());
        return Err(faults.iter().fold(problem, |problem, (index, fault)| {
            problem.field(format!("/days/{index}"), fault.word(), fault.said())
        }));
    }
    days.sort_by_key(|day| day.on);
    Ok(days)
}

/// What can be wrong with a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    OtherYear,
    Twice,
    MakeupOnWeekday,
    Unnamed,
}

impl Fault {
    fn word(self) -> &'static str {
        match self {
            Fault::OtherYear => "other_year",
            Fault::Twice => "day_twice",
            Fault::MakeupOnWeekday => "makeup_on_weekday",
            Fault::Unnamed => "bad_name",
        }
    }

    fn said(self) -> Bilingual {
        match self {
            Fault::OtherYear => Bilingual::new("有一天不在这一年", "a day lies in another year"),
            Fault::Twice => Bilingual::new("有一天出现了两次", "a day is there twice"),
            Fault::MakeupOnWeekday => {
                Bilingual::new("调休上班日只能是周六或周日", "a make-up workday lies on a Saturday or Sunday")
            }
            Fault::Unnamed => {
                Bilingual::new("名称要有 1 到 60 个字", "a name has 1 to 60 characters in each language")
            }
        }
    }
}

fn fault(year: i32, day: &SpecialDay, twice: bool) -> Option<Fault> {
    let well_named = |name: &str| !name.trim().is_empty() && name.chars().count() <= 60;
    if day.on.year() != year {
        Some(Fault::OtherYear)
    } else if twice {
        Some(Fault::Twice)
    } else if day.kind == SpecialKind::MakeupWorkday && !is_weekend(day.on) {
        Some(Fault::MakeupOnWeekday)
    } else if !well_named(&day.name.zh) || !well_named(&day.name.en) {
        Some(Fault::Unnamed)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn day(text: &str, kind: SpecialKind) -> SpecialDay {
        SpecialDay { on: on(text), kind, name: Bilingual::new("春节", "Spring Festival") }
    }

    fn festival() -> Vec<SpecialDay> {
        vec![day("2026-02-17", SpecialKind::Holiday), day("2026-02-14", SpecialKind::MakeupWorkday)]
    }

    fn kind(text: &str) -> DayKind {
        kind_of(Some(&festival()), on(text)).kind
    }

    #[test]
    fn the_calendar_has_the_last_word_and_the_weekday_the_first() {
        assert_eq!(kind("2026-02-17"), DayKind::Holiday);
        assert_eq!(kind("2026-02-14"), DayKind::MakeupWorkday);
        assert_eq!(kind("2026-02-15"), DayKind::RestDay);
        assert_eq!(kind("2026-02-13"), DayKind::Workday);
    }

    #[test]
    fn a_year_without_a_calendar_counts_monday_to_friday_and_says_so() {
        let saturday = kind_of(None, on("2026-02-14"));
        assert_eq!(saturday, DayOf { kind: DayKind::RestDay, known: false });
        assert_eq!(kind_of(None, on("2026-02-17")), DayOf { kind: DayKind::Workday, known: false });
    }

    #[test]
    fn days_come_in_order() {
        assert!(checked(2026, festival()).unwrap().is_sorted_by_key(|day| day.on));
    }

    #[test]
    fn every_day_at_fault_is_named() {
        let mut days = festival();
        days.push(day("2027-01-01", SpecialKind::Holiday));
        days.push(day("2026-02-17", SpecialKind::Holiday));
        days.push(day("2026-02-16", SpecialKind::MakeupWorkday));
        let problem = checked(2026, days).unwrap_err();
        let words: Vec<&str> = problem.fields().iter().map(|field| field.code.as_str()).collect();
        assert_eq!(words, ["other_year", "day_twice", "makeup_on_weekday"]);
        assert_eq!(problem.fields()[0].pointer, "/days/2");
    }
}
