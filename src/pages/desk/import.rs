//! A roster from a spreadsheet: looked at first, with every fault at its row and column, and then taken as it was looked
//! at, all of it or none.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{Desk, Room, home_of};
use crate::{
    access::{Caller, act},
    api::Answer,
    db::Conn,
    ids::CanteenId,
    pages::{
        files::{SentBack, SentFile, carried, file_form, file_line},
        forms::{Errors, address, button, form_to},
        say,
        shell::Page,
        texts::{Text, desk as texts, everyone},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    residents::roster::{
        Field,
        http::{ImportReport, RosterFault, import_roster, judge_roster},
    },
    words::Lang,
};

/// The kinds of files that are offered to be chosen.
const KINDS: &str = ".csv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// How many of each kind of remark a page tells; all are counted.
const MOST_TOLD: usize = 200;

fn page_of(canteen: CanteenId) -> String {
    format!("{}/import", home_of(canteen))
}

/// What the carried file is sealed for: this canteen's roster.
fn purpose(canteen: CanteenId) -> String {
    format!("roster of {canteen}")
}

/// `GET /desk/{id}/import`
pub async fn show(visit: Visit<act::EditResidents>, id: Path<CanteenId>) -> Shown {
    visit.show(move |conn, caller, look| ask_page(conn, caller, look, *id, Errors::none())).await
}

fn ask_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    id: CanteenId,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let desk = Desk::of(conn, caller, id)?;
    let content = html! {
        p { (texts::IMPORT_WHAT.of(lang)) }
        p { (texts::IMPORT_COLUMNS.of(lang)) }
        (file_form(look, html! {
            (file_line(texts::IMPORT_FILE.of(lang), texts::IMPORT_FILE_HINT.of(lang), KINDS, &errors))
            (button(texts::IMPORT_LOOK.of(lang)))
        }))
    };
    Ok(desk.page(lang, Room::Import, texts::IMPORT_TITLE.of(lang), content).back(desk.home()).errors(errors))
}

/// `POST /desk/{id}/import`: what would be done; nothing is.
pub async fn look(visit: Visit<act::EditResidents>, id: Path<CanteenId>, sent: SentFile) -> Shown {
    let (id, lang) = (*id, visit.lang());
    if sent.bytes.is_empty() {
        let errors = Errors::at("file", texts::IMPORT_NO_FILE.of(lang));
        return visit.show(move |conn, caller, look| ask_page(conn, caller, look, id, errors)).await;
    }
    match judge_roster(visit.allowed(), id, sent.bytes.clone()).await.and_then(Answer::into_fresh) {
        Ok(report) => {
            let carried = carried(&sent.bytes, visit.allowed().state().identity_key.bytes(), &purpose(id));
            visit.show(move |conn, caller, look| report_page(conn, caller, look, id, &report, carried)).await
        }
        Err(problem) if problem.code == Code::UnreadableSheet => {
            let errors = Errors::of("file", &problem, lang);
            visit.show(move |conn, caller, look| ask_page(conn, caller, look, id, errors)).await
        }
        Err(problem) => Err(problem),
    }
}

fn report_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    id: CanteenId,
    report: &ImportReport,
    carried: Markup,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let desk = Desk::of(conn, caller, id)?;
    let is_good = report.fault_count == 0;
    let nothing = report.created == 0 && report.filled == 0;
    let title = if is_good { texts::IMPORT_GOOD_TITLE } else { texts::IMPORT_BAD_TITLE };
    let confirm = format!("{}/confirm", page_of(id));
    let content = html! {
        @if is_good {
            (counted(lang, report))
            @if nothing { p .notice { (texts::IMPORT_NOTHING.of(lang)) } }
            @else { (form_to(look, &confirm, html! { (carried) (button(texts::IMPORT_BUTTON.of(lang))) })) }
        } @else {
            p .warning { (texts::IMPORT_BAD.with(lang, &[("count", &report.fault_count)])) }
            (remarks(lang, &report.faults, report.fault_count))
        }
        p { a .quiet href=(page_of(id)) { (texts::IMPORT_ANOTHER.of(lang)) } }
        (differences(lang, &desk, report))
        @if !report.notes.is_empty() {
            h2 { (texts::IMPORT_NOTES.of(lang)) }
            (remarks(lang, &report.notes, report.notes.len()))
        }
        (columns(lang, report))
    };
    Ok(desk.page(lang, Room::Import, title.of(lang), content).back(page_of(id)))
}

/// How many people the file names, and what becomes of them.
fn counted(lang: Lang, report: &ImportReport) -> Markup {
    let row = |question: Text, count: usize| html! { div { dt { (question.of(lang)) } dd { (count) } } };
    html! {
        dl .answers {
            (row(texts::IMPORT_PEOPLE, report.people))
            (row(texts::IMPORT_CREATED, report.created))
            (row(texts::IMPORT_FILLED, report.filled))
            (row(texts::IMPORT_UNCHANGED, report.unchanged))
        }
    }
}

/// Remarks, each at its place in the file.
fn remarks(lang: Lang, remarks: &[RosterFault], count: usize) -> Markup {
    html! {
        ul .items .faults {
            @for remark in remarks.iter().take(MOST_TOLD) {
                li {
                    span .strong { (place(lang, remark.row, remark.column.as_deref())) }
                    @if let Some(title) = &remark.title { " (" (say::recorded(lang, title)) ")" }
                    ": " (say::sentence(remark.detail.get(lang)))
                }
            }
        }
        @if count > MOST_TOLD { p { (texts::IMPORT_MORE.with(lang, &[("count", &(count - MOST_TOLD))])) } }
    }
}

fn place(lang: Lang, row: u32, column: Option<&str>) -> String {
    match column {
        Some(column) => texts::IMPORT_CELL.with(lang, &[("row", &row), ("column", &column)]),
        None => texts::IMPORT_ROW.with(lang, &[("row", &row)]),
    }
}

/// What the file says otherwise than the record, which stays as it is.
fn differences(lang: Lang, desk: &Desk, report: &ImportReport) -> Markup {
    html! {
        @if !report.differs.is_empty() {
            h2 { (texts::IMPORT_DIFFERS.of(lang)) }
            p { (texts::IMPORT_DIFFERS_WHAT.of(lang)) }
            ul .ways {
                @for one in report.differs.iter().take(MOST_TOLD) {
                    li { a href={ (desk.home()) "/residents/" (one.resident_id) } {
                        span { (place(lang, one.row, one.column.as_deref())) }
                        span { (field(one.field).of(lang)) }
                    } }
                }
            }
        }
    }
}

/// How each column was understood.
fn columns(lang: Lang, report: &ImportReport) -> Markup {
    html! {
        h2 { (texts::IMPORT_UNDERSTOOD.of(lang)) }
        @if let Some(sheet) = &report.sheet {
            p { (texts::IMPORT_SHEET.marked(lang, &[("sheet", say::recorded(lang, sheet))])) }
        }
        ul .sentences {
            @for column in &report.columns {
                li {
                    (column.column) " (" (say::recorded(lang, &column.title)) "): "
                    (column.field.map_or(texts::IMPORT_IGNORED, field).of(lang))
                }
            }
        }
    }
}

fn field(field: Field) -> Text {
    match field {
        Field::FullName => texts::FULL_NAME,
        Field::BornOn => texts::BORN_ON,
        Field::IdNumber => texts::ID_NUMBER,
        Field::Phone => texts::PHONE,
        Field::CardNumber => everyone::CARD_NUMBER,
        Field::RegisteredIn => texts::REGISTERED_IN,
        Field::LivesIn => texts::LIVES_IN,
        Field::Allergens => texts::ALLERGENS,
        Field::DietTags => texts::DIET_TAGS,
    }
}

/// `GET /desk/{id}/import/confirm`: a file is chosen first.
pub async fn from_the_beginning(_: Visit<act::EditResidents>, id: Path<CanteenId>) -> Shown {
    Ok(go(&page_of(*id)))
}

/// `POST /desk/{id}/import/confirm`: the file that was looked at, byte by byte.
///
/// A fault that the file did not have when it was looked at (somebody registered one of them meanwhile) is told like those.
pub async fn confirm(visit: Visit<act::EditResidents>, id: Path<CanteenId>, sent: SentBack) -> Shown {
    let id = *id;
    let key = visit.allowed().state().identity_key.clone();
    let bytes = sent.file(key.bytes(), &purpose(id))?;
    let imported = import_roster(visit.allowed(), id, sent.0.keyed(bytes.clone())).await;
    match imported.and_then(Answer::into_body) {
        Ok(report) => {
            let counts =
                [("created", report.created), ("filled", report.filled), ("unchanged", report.unchanged)];
            let counts = counts.map(|(name, count)| (name, count.to_string()));
            Ok(go(&address(&format!("{}/residents", home_of(id)), counts)))
        }
        Err(problem) if problem.code == Code::BadRoster => {
            let report = judge_roster(visit.allowed(), id, bytes).await.and_then(Answer::into_fresh)?;
            visit.show(move |conn, caller, look| report_page(conn, caller, look, id, &report, html! {})).await
        }
        Err(problem) => Err(problem),
    }
}
