//! Tables to be kept: headcounts and attendance of some days, as CSV and XLSX.

use actix_web::web::Path;
use chrono::{Datelike, NaiveDate};
use maud::html;

use super::{home, on_duty, span, staff_page};
use crate::{
    access::act,
    api::{Csv, DaysQuery, File, Query, Xlsx},
    attendance::http::export as served_out,
    headcounts::export as counts_out,
    ids::CanteenId,
    pages::{
        forms::{Asked, Errors, Fields, Kind, Line, address, day},
        texts::staff as texts,
        visit::{Shown, Visit},
    },
    problem::Problem,
    subsidies::http::check_span,
    words::Lang,
};

/// `GET /staff/{id}/files?from=2026-11-01&to=2026-11-22`
pub async fn show(visit: Visit<act::ReadAttendance>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, *id)?;
            let today = canteen.today(caller.now);
            let asked = read(&query, today, lang);
            let here = format!("{}/files", home(canteen.id));
            let (days, errors) = match asked {
                Ok(days) => (Some(days), Errors::none()),
                Err(errors) => (None, errors),
            };
            let known = |name: &str, on: Option<NaiveDate>| match query.get(name) {
                "" => on.map(|on| on.to_string()).unwrap_or_default(),
                typed => typed.to_owned(),
            };
            let line = |name, text: crate::pages::texts::Text, hint| Line {
                name,
                label: text.of(lang),
                hint,
                kind: Kind::Text,
                autocomplete: "off",
            };
            let content = html! {
                p .lead { (texts::FILES_LEAD.of(lang)) }
                @if let Some(days) = days {
                    h2 { (span(lang, days.from, days.to, today)) }
                    ul .cards { @for (name, text) in FILES { li { a .card href=(file(&here, name, days)) {
                        span .strong { (text.of(lang)) }
                    } } } }
                }
                form method="get" action=(here) {
                    h2 { (texts::FILES_OTHER_DAYS.of(lang)) }
                    div .fields {
                        (line("from", texts::FROM_DAY, Some(texts::DAY_HINT.of(lang)))
                            .field(&known("from", days.map(|days| days.from)), &errors))
                        (line("to", texts::TO_DAY, Some(texts::FILES_MOST.of(lang)))
                            .field(&known("to", days.map(|days| days.to)), &errors))
                    }
                    button .button type="submit" { (texts::FILES_BUTTON.of(lang)) }
                }
            };
            Ok(staff_page(lang, texts::FILES_TITLE, &canteen, content).errors(errors))
        })
        .await
}

const FILES: [(&str, crate::pages::texts::Text); 4] = [
    ("headcounts.xlsx", texts::FILE_COUNTS_XLSX),
    ("headcounts.csv", texts::FILE_COUNTS_CSV),
    ("attendance.xlsx", texts::FILE_SERVED_XLSX),
    ("attendance.csv", texts::FILE_SERVED_CSV),
];

fn file(here: &str, name: &str, days: DaysQuery) -> String {
    address(&format!("{here}/{name}"), [("from", days.from.to_string()), ("to", days.to.to_string())])
}

/// The days that are asked for; this month so far without.
fn read(query: &Fields, today: NaiveDate, lang: Lang) -> Result<DaysQuery, Errors> {
    let mut errors = Errors::none();
    let wrong = || texts::DAY_WRONG.of(lang).to_owned();
    let mut read = |name: &str, usual: NaiveDate| match query.get(name) {
        "" => Some(usual),
        typed => errors.keep(name, day(typed).ok_or_else(wrong)),
    };
    let from = read("from", today.with_day(1).unwrap_or(today));
    let to = read("to", today);
    match (from, to) {
        (Some(from), Some(to)) if check_span(from, to).is_ok() => Ok(DaysQuery { from, to }),
        (Some(_), Some(_)) => Err(Errors::at("to", texts::TO_BEFORE_FROM.of(lang))),
        (_, _) => Err(errors),
    }
}

/// `GET /staff/{id}/files/headcounts.csv`
pub async fn headcounts_csv(
    visit: Visit<act::ReadAttendance>,
    id: Path<CanteenId>,
    days: Query<DaysQuery>,
) -> Result<File<Csv>, Problem> {
    counts_out::csv(visit.api(), id, days).await
}

/// `GET /staff/{id}/files/headcounts.xlsx`
pub async fn headcounts_xlsx(
    visit: Visit<act::ReadAttendance>,
    id: Path<CanteenId>,
    days: Query<DaysQuery>,
) -> Result<File<Xlsx>, Problem> {
    counts_out::xlsx(visit.api(), id, days).await
}

/// `GET /staff/{id}/files/attendance.csv`
pub async fn attendance_csv(
    visit: Visit<act::ReadAttendance>,
    id: Path<CanteenId>,
    days: Query<DaysQuery>,
) -> Result<File<Csv>, Problem> {
    served_out::csv(visit.api(), id, days).await
}

/// `GET /staff/{id}/files/attendance.xlsx`
pub async fn attendance_xlsx(
    visit: Visit<act::ReadAttendance>,
    id: Path<CanteenId>,
    days: Query<DaysQuery>,
) -> Result<File<Xlsx>, Problem> {
    served_out::xlsx(visit.api(), id, days).await
}
