//! The room of the district: its canteens at a glance, reports of a month, and policies.
//!
//! For officers and auditors of an area: each page shows what lies within the reader's rights, by the same proofs as the
//! API. Administrators may read policies here.

pub mod change;
pub mod compare;
pub mod policies;
pub mod report;
pub mod trial;

use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use crate::{
    access::act,
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    headcounts::{
        Counts,
        http::{CanteenDay, overview_of},
    },
    menus,
    pages::{
        forms::{Asked, address},
        say,
        shell::Page,
        texts::district as texts,
        visit::{Shown, Visit},
    },
    problem::Fail,
    subsidies::http::check_span,
    words::Lang,
};

/// Where an officer begins.
pub const HOME: &str = "/district";

/// The civil day that it is at these canteens; in universal time where there are none.
fn today(canteens: &[Canteen], now: At) -> NaiveDate {
    canteens.first().map_or(now.utc().date_naive(), |canteen| canteen.today(now))
}

/// A table that may be wider than the screen, which then moves within its frame.
fn wide_table(label: &str, table: Markup) -> Markup {
    html! { div .scroll role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// `GET /district?on=2026-11-22`: a day of every canteen in reach.
pub async fn show(visit: Visit<act::ReadOverview>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let canteens = canteens::all_in(conn, &caller.scopes())?;
            let today = today(&canteens, caller.now);
            let on = query.get("on").parse().unwrap_or(today);
            check_span(on, on)?;
            let overview = overview_of(conn, &canteens, on, caller.now)?;
            let mut rows = Vec::new();
            for (canteen, row) in canteens.iter().zip(&overview.canteens) {
                rows.push((row, state(conn, lang, canteen, on, caller.now)?));
            }
            let day = say::day(lang, on, today);
            let other = |days: NaiveDate| address(HOME, [("on", days.to_string())]);
            let content = html! {
                @if rows.is_empty() { p { (texts::NONE.of(lang)) } } @else { (table(lang, &rows)) }
                ul .ways {
                    li { a href=(other(on - Days::new(1))) { (texts::DAY_BEFORE.of(lang)) } }
                    li { a href=(other(on + Days::new(1))) { (texts::DAY_AFTER.of(lang)) } }
                    li { a href="/district/report" { (texts::TO_REPORT.of(lang)) } }
                    li { a href="/district/policies" { (texts::TO_POLICIES.of(lang)) } }
                }
            };
            Ok(Page::new(texts::TITLE.with(lang, &[("day", &day)]), content).wide())
        })
        .await
}

/// Whether a canteen's day is over: every meal closed, some, none; or that it does not serve.
fn state(conn: &mut Conn, lang: Lang, canteen: &Canteen, on: NaiveDate, now: At) -> Result<Markup, Fail> {
    let closures = canteens::closures_between(conn, canteen.id, on, on)?;
    if let Some(closure) = closures.iter().find(|closure| closure.period.is_none()) {
        return Ok(texts::STATE_SHUT.marked(lang, &[("reason", say::recorded(lang, &closure.reason))]));
    }
    let mut menus = menus::between(conn, canteen.id, on, on)?;
    menus.retain(|menu| menu.is_public());
    let closed = menus.iter().filter(|menu| menu.closes_at() <= now).count();
    let said = match (closed, menus.len()) {
        (_, 0) => texts::STATE_NONE.of(lang).to_owned(),
        (0, _) => texts::STATE_OPEN.of(lang).to_owned(),
        (closed, all) if closed == all => texts::STATE_CLOSED.of(lang).to_owned(),
        (closed, all) => texts::STATE_PARTLY.with(lang, &[("closed", &closed), ("all", &all)]),
    };
    Ok(html! { (said) })
}

fn table(lang: Lang, rows: &[(&CanteenDay, Markup)]) -> Markup {
    let sum = rows.iter().map(|(row, _)| row.counts).fold(Counts::default(), |sum, counts| sum + counts);
    let caption = texts::CAPTION.of(lang);
    let columns = [texts::RESERVED, texts::CANCELLED, texts::CONFIRMED, texts::SERVED, texts::NO_SHOWS];
    let figures = |counts: &Counts| {
        let people = [counts.reserved, counts.cancelled, counts.confirmed, counts.served, counts.no_shows]
            .map(|count| count.people);
        html! { @for people in people { td .amount { (people) } } }
    };
    wide_table(
        caption,
        html! { table {
            caption { (caption) }
            thead { tr {
                th scope="col" { (texts::CANTEEN.of(lang)) }
                @for column in columns { th .amount scope="col" { (column.of(lang)) } }
                th scope="col" { (texts::STATE.of(lang)) }
            } }
            tbody {
                @for (row, state) in rows {
                    tr {
                        th scope="row" { a href={ "/desk/" (row.canteen_id) "/residents" } { (say::recorded(lang, &row.name)) } }
                        (figures(&row.counts))
                        td { (state) }
                    }
                }
            }
            tfoot { tr { th scope="row" { (texts::SUM.of(lang)) } (figures(&sum)) td {} } }
        } },
    )
}
