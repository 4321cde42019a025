//! Past meals like a passbook: a month on a page, what each cost, what others paid, what the resident paid; to be printed.

use actix_web::web::Path;
use chrono::{Datelike, Months, NaiveDate, NaiveTime};
use maud::{Markup, html};

use super::{Person, choose::about, dishes};
use crate::{
    access::{ActingFor, act},
    attendance::{self, Attendance},
    canteens::Canteen,
    clock::At,
    db::Conn,
    ids::ResidentId,
    menus::{self, Menu},
    money::Fen,
    pages::{
        forms::Asked,
        say,
        texts::{resident as texts, shell},
        visit::{Shown, Visit},
    },
    problem::Fail,
    residents::Resident,
    words::{Lang, MealClass},
};

/// `GET /people/{id}/past?month=2026-11`
pub async fn show(visit: Visit<act::ReadReservations>, id: Path<ResidentId>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, *id)?;
            let page = format!("{}/past", person.home());
            let Person { resident, acting, canteen } = &person;
            let content =
                book(conn, lang, (resident, acting, canteen), &page, query.get("month"), caller.now)?;
            Ok(about(look, &person, texts::PAST_TITLE.of(lang), content).back(person.home()))
        })
        .await
}

/// A month of a resident's passbook, the present one where none is asked for, with the ways to the months beside it.
///
/// `page` is the address that shows it, for whoever has the proof.
pub fn book(
    conn: &mut Conn,
    lang: Lang,
    (resident, acting, canteen): (&Resident, &ActingFor, &Canteen),
    page: &str,
    month: &str,
    now: At,
) -> Result<Markup, Fail> {
    let today = canteen.today(now);
    let first = month_of(month).unwrap_or(today).with_day(1).unwrap_or(today);
    let meals = meals_of(conn, acting, canteen, first)?;
    let month = texts::PAST_MONTH.with(lang, &[("year", &first.year()), ("month", &first.month())]);
    let name = say::recorded(lang, &resident.full_name);
    let caption = texts::PAST_CAPTION.marked(lang, &[("name", name), ("month", html! { (month) })]);
    Ok(html! {
        @if meals.is_empty() { p { (month) ". " (texts::PAST_NONE.of(lang)) } }
        @else { (passbook(lang, canteen, &meals, caption)) }
        ul .ways {
            @if let Some(earlier) = first.checked_sub_months(Months::new(1)) {
                li { a href={ (page) "?month=" (earlier.format("%Y-%m")) } { (texts::PAST_EARLIER.of(lang)) } }
            }
            @if let Some(later) = first.checked_add_months(Months::new(1)).filter(|later| *later <= today) {
                li { a href={ (page) "?month=" (later.format("%Y-%m")) } { (texts::PAST_LATER.of(lang)) } }
            }
        }
        p .hint .screen { (shell::PRINT_HINT.of(lang)) }
    })
}

/// The first day of a month that is written like `2026-11`, from 1900 to 2200.
fn month_of(text: &str) -> Option<NaiveDate> {
    let day: NaiveDate = format!("{text}-01").parse().ok()?;
    (1900..=2200).contains(&day.year()).then_some(day)
}

/// What was served in a month, with its menu; by the clock of the resident's canteen.
fn meals_of(
    conn: &mut Conn,
    acting: &ActingFor,
    canteen: &Canteen,
    first: NaiveDate,
) -> Result<Vec<(Attendance, Menu)>, Fail> {
    let after = first.checked_add_months(Months::new(1)).unwrap_or(first);
    let midnight = |on| -> At { canteen.zone.instant(on, NaiveTime::MIN) };
    let served = attendance::of_resident(conn, acting, midnight(first), midnight(after))?;
    let ids: Vec<_> = served.iter().map(|meal| meal.menu_id).collect();
    let menus = menus::by_ids(conn, &ids)?;
    let with_menu = |meal: Attendance| {
        let menu = menus.iter().find(|menu| menu.id == meal.menu_id)?.clone();
        Some((meal, menu))
    };
    Ok(served.into_iter().filter_map(with_menu).collect())
}

fn passbook(lang: Lang, canteen: &Canteen, meals: &[(Attendance, Menu)], caption: Markup) -> Markup {
    let sum = |amount: fn(&Attendance) -> Fen| -> Fen { meals.iter().map(|(meal, _)| amount(meal)).sum() };
    let by_others = |meal: &Attendance| meal.charge_fen - meal.due_fen;
    html! {
        div .book { table .passbook {
            caption { (caption) }
            thead { tr {
                th scope="col" { (texts::PAST_DAY.of(lang)) }
                th scope="col" { (texts::PAST_EATEN.of(lang)) }
                th .amount scope="col" { (texts::PAST_CHARGE.of(lang)) }
                th .amount scope="col" { (texts::PAST_PAID_BY_OTHERS.of(lang)) }
                th .amount scope="col" { (texts::PAST_PAID.of(lang)) }
            } }
            tbody {
                @for (meal, menu) in meals {
                    tr {
                        th scope="row" { (say::date(lang, menu.served_on, menu.served_on.year())) }
                        td {
                            (say::sentence(say::period(menu.period).of(lang)))
                            @if meal.class == MealClass::Second { " (" (texts::SECOND_MEAL.of(lang)) ")" }
                            @if !meal.lines.is_empty() { br; (dishes(lang, menu, &meal.lines)) }
                        }
                        (amount(lang, texts::PAST_CHARGE.of(lang), meal.charge_fen))
                        (amount(lang, texts::PAST_PAID_BY_OTHERS.of(lang), by_others(meal)))
                        (amount(lang, texts::PAST_PAID.of(lang), meal.due_fen))
                    }
                }
            }
            tfoot { tr {
                th scope="row" colspan="2" { (texts::PAST_SUM.with(lang, &[("count", &meals.len())])) }
                (amount(lang, texts::PAST_CHARGE.of(lang), sum(|meal| meal.charge_fen)))
                (amount(lang, texts::PAST_PAID_BY_OTHERS.of(lang), sum(|meal| meal.charge_fen - meal.due_fen)))
                (amount(lang, texts::PAST_PAID.of(lang), sum(|meal| meal.due_fen)))
            } }
        } }
        p .hint { (say::recorded(lang, &canteen.name)) }
    }
}

/// An amount; on a narrow screen, where a row is a block, it says what it is.
fn amount(lang: Lang, what: &str, fen: Fen) -> Markup {
    html! { td .amount data-what=(what) { (say::money(lang, fen)) } }
}
