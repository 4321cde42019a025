//! A month by canteen and payer, from what is posted; and tables to take away.

use std::collections::BTreeSet;

use actix_web::web::Path;
use chrono::{Datelike, Months, NaiveDate};
use maud::{Markup, html};

use super::{HOME, today, wide_table};
use crate::{
    access::act,
    api::{Csv, DaysQuery, File, Query, Xlsx},
    attendance::http::export as served,
    canteens::{self, Canteen},
    headcounts::{
        export as counts,
        http::{CanteenTakings, canteen_takings},
    },
    ids::CanteenId,
    money::Fen,
    pages::{
        forms::{Asked, address},
        say,
        shell::Page,
        texts::district as texts,
        visit::{Shown, Visit},
    },
    pricing::payer_words,
    problem::Problem,
    words::Lang,
};

/// The first and the last day of a month that is written like `2026-11`, from 1900 to 2200.
pub(super) fn month_of(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let first: NaiveDate = format!("{text}-01").parse().ok()?;
    (1900..=2200).contains(&first.year()).then(|| month_from(first))
}

/// The first and the last day of the month of a day.
pub(super) fn month_from(day: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = day.with_day(1).unwrap_or(day);
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    (first, next.pred_opt().unwrap_or(first))
}

/// A month in words.
pub(super) fn month_words(lang: Lang, first: NaiveDate) -> String {
    texts::MONTH.with(lang, &[("year", &first.year()), ("month", &first.month())])
}

/// Links to the months around one.
pub(super) fn other_months(lang: Lang, page: &str, first: NaiveDate, today: NaiveDate) -> Markup {
    let month = |day: NaiveDate| address(page, [("month", day.format("%Y-%m").to_string())]);
    html! {
        ul .ways {
            @if let Some(before) = first.checked_sub_months(Months::new(1)) {
                li { a href=(month(before)) { (texts::MONTH_BEFORE.of(lang)) } }
            }
            @if let Some(after) = first.checked_add_months(Months::new(1)).filter(|after| *after <= today) {
                li { a href=(month(after)) { (texts::MONTH_AFTER.of(lang)) } }
            }
        }
    }
}

/// `GET /district/report?month=2026-11`
pub async fn show(visit: Visit<act::ReadDraws>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let canteens = canteens::all_in(conn, &caller.scopes())?;
            let today = today(&canteens, caller.now);
            let (from, to) = month_of(query.get("month")).unwrap_or_else(|| month_from(today));
            let mut rows = Vec::new();
            for canteen in &canteens {
                rows.push(canteen_takings(conn, canteen.id, from, to)?);
            }
            let content = html! {
                @if rows.is_empty() { p { (texts::NONE.of(lang)) } } @else { (table(lang, &rows)) }
                (other_months(lang, "/district/report", from, today))
                @if !canteens.is_empty() {
                    h2 { (texts::EXPORTS.of(lang)) }
                    p .hint { (texts::EXPORTS_HINT.of(lang)) }
                    @for canteen in &canteens { (exports(lang, canteen, from, to.min(today).max(from))) }
                }
            };
            let month = month_words(lang, from);
            Ok(Page::new(texts::REPORT_TITLE.with(lang, &[("month", &month)]), content).back(HOME).wide())
        })
        .await
}

fn table(lang: Lang, rows: &[CanteenTakings]) -> Markup {
    let payers: BTreeSet<&String> = rows.iter().flat_map(|row| row.paid_by.keys()).collect();
    let sum = |amount: &dyn Fn(&CanteenTakings) -> Fen| -> Fen { rows.iter().map(amount).sum() };
    let by = |payer: &String| {
        let payer = payer.clone();
        move |row: &CanteenTakings| row.paid_by.get(&payer).copied().unwrap_or_default()
    };
    let given = |row: &CanteenTakings| -> Fen { row.to_canteen.values().copied().sum() };
    let money = |fen: Fen| html! { td .amount { (say::money(lang, fen)) } };
    let caption = texts::REPORT_CAPTION.of(lang);
    wide_table(
        caption,
        html! { table {
            caption { (caption) }
            thead { tr {
                th scope="col" { (texts::CANTEEN.of(lang)) }
                th .amount scope="col" { (texts::MEALS.of(lang)) }
                th .amount scope="col" { (texts::CHARGED.of(lang)) }
                @for payer in &payers {
                    th .amount scope="col" {
                        (texts::PAID_BY.marked(lang, &[("payer", say::recorded(lang, payer_words(payer).get(lang)))]))
                    }
                }
                th .amount scope="col" { (texts::DUE.of(lang)) }
                th .amount scope="col" { (texts::TO_CANTEEN.of(lang)) }
                th scope="col" { (texts::ADDS_UP.of(lang)) }
            } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { (say::recorded(lang, &row.name)) }
                        td .amount { (row.meals) }
                        (money(row.charge_fen))
                        @for payer in &payers { (money(by(payer)(row))) }
                        (money(row.due_fen))
                        (money(given(row)))
                        td { (if row.adds_up { texts::DOES_ADD_UP } else { texts::DOES_NOT_ADD_UP }.of(lang)) }
                    }
                }
            }
            tfoot { tr {
                th scope="row" { (texts::SUM.of(lang)) }
                td .amount { (rows.iter().map(|row| row.meals).sum::<i64>()) }
                (money(sum(&|row| row.charge_fen)))
                @for payer in &payers { (money(sum(&by(payer)))) }
                (money(sum(&|row| row.due_fen)))
                (money(sum(&given)))
                td {}
            } }
        } },
    )
}

fn exports(lang: Lang, canteen: &Canteen, from: NaiveDate, to: NaiveDate) -> Markup {
    let to_file = |file: &str| {
        let page = format!("/district/canteens/{}/{file}", canteen.id);
        address(&page, [("from", from.to_string()), ("to", to.to_string())])
    };
    let files = [
        ("headcounts.xlsx", texts::COUNTS_XLSX),
        ("headcounts.csv", texts::COUNTS_CSV),
        ("attendance.xlsx", texts::ATTENDANCE_XLSX),
        ("attendance.csv", texts::ATTENDANCE_CSV),
    ];
    html! {
        section {
            h3 { (say::recorded(lang, &canteen.name)) }
            ul .files {
                @for (file, words) in files {
                    li { a href=(to_file(file)) {
                        (words.of(lang))
                        span .hidden { (texts::OF_CANTEEN.marked(lang, &[("canteen", say::recorded(lang, &canteen.name))])) }
                    } }
                }
            }
        }
    }
}

/// `GET /district/canteens/{id}/headcounts.csv`, as the API has it.
pub async fn headcounts_csv(
    visit: Visit<act::ReadAttendance>,
    id: Path<CanteenId>,
    days: Query<DaysQuery>,
) -> Result<File<Csv>, Problem> {
    counts::csv(visit.api(), id, days).await
}

/// `GET /district/canteens/{id}/headcounts.xlsx`, as the API has it.
pub async fn headcounts_xlsx(
    visit: Visit<act::ReadAttendance>,
    id: Path<CanteenId>,
    days: Query<DaysQuery>,
) -> Result<File<Xlsx>, Problem> {
    counts::xlsx(visit.api(), id, days).await
}

/// `GET /district/canteens/{id}/attendance.csv`, as the API has it.
pub async fn attendance_csv(
    visit: Visit<act::ReadAttendance>,
    id: Path<CanteenId>,
    days: Query<DaysQuery>,
) -> Result<File<Csv>, Problem> {
    served::csv(visit.api(), id, days).await
}

/// `GET /district/canteens/{id}/attendance.xlsx`, as the API has it.
pub async fn attendance_xlsx(
    visit: Visit<act::ReadAttendance>,
    id: Path<CanteenId>,
    days: Query<DaysQuery>,
) -> Result<File<Xlsx>, Problem> {
    served::xlsx(visit.api(), id, days).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_own_first_and_last_day() {
        let days = |text| month_of(text).map(|(first, last)| (first.to_string(), last.to_string()));
        assert_eq!(days("2024-02"), Some(("2024-02-01".into(), "2024-02-29".into())));
        assert_eq!(days("2026-12"), Some(("2026-12-01".into(), "2026-12-31".into())));
        assert_eq!(days("2026-13"), None);
        assert_eq!(days(""), None);
    }
}
