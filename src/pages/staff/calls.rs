//! Whom to call: about a menu that was withdrawn or is over, or about a closure; with what they had, to be ticked off.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    closures::closure_of, home, meal_page, meal_title, menu_of, menu_page, on_duty, span, staff_page,
};
use crate::{
    access::act,
    canteens::Canteen,
    clock::At,
    db::Conn,
    ids::{CanteenId, ClosureId, MenuId},
    menus::{self, Menu},
    pages::{
        forms::Asked,
        resident::dishes,
        say,
        texts::{Text, shell, staff as texts},
        visit::{Shown, Visit},
    },
    problem::Fail,
    reservations::{self, ToCall, http::calls_of},
    words::Lang,
};

/// Where it stands whom to call about a menu.
pub fn page_of(canteen: CanteenId, menu: MenuId) -> String {
    format!("{}/calls", menu_page(canteen, menu))
}

/// `GET /staff/{id}/menus/{menu}/calls`
pub async fn of_menu(
    visit: Visit<act::ReadReviews>,
    path: Path<(CanteenId, MenuId)>,
    Asked(query): Asked,
) -> Shown {
    let (id, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let menu = menu_of(conn, &canteen, menu)?;
            let calls = calls_of(conn, &menu, caller.now)?;
            let nobody = calls.no_shows.is_empty()
                && calls.cancelled_by_canteen.is_empty()
                && calls.diet_conflicts.is_empty();
            let parts = [
                (texts::CALLS_CANCELLED, calls.cancelled_by_canteen),
                (texts::CALLS_DIET, calls.diet_conflicts),
                (texts::CALLS_MISSING, calls.no_shows),
            ];
            let mut lists = Vec::new();
            for (title, calls) in parts {
                lists.push(list(conn, lang, title, &[(&menu, calls)], &canteen, caller.now)?);
            }
            let done = [
                ("withdrawn", texts::WITHDRAWN_DONE),
                ("closed", texts::CLOSED_DONE),
                ("changed", texts::CHANGED_TOUCHES),
            ];
            let done = done.iter().find(|(word, _)| *word == query.get("done"));
            let content = html! {
                @if let Some((_, text)) = done { p .notice role="status" { (text.of(lang)) } }
                @if nobody { p .lead { (texts::CALLS_NOBODY.of(lang)) } }
                @for list in lists { (list) }
                @if !nobody { p .hint .screen { (shell::PRINT_HINT.of(lang)) } }
            };
            let meal = meal_title(lang, &menu, &canteen, caller.now);
            Ok(meal_page(lang, texts::CALLS_TITLE, &meal, &canteen, content).back(menu_page(id, menu.id)))
        })
        .await
}

/// `GET /staff/{id}/closures/{closure}/calls`
pub async fn of_closure(visit: Visit<act::ReadReviews>, path: Path<(CanteenId, ClosureId)>) -> Shown {
    let (id, closure) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let closure = closure_of(conn, &canteen, closure)?;
            let mut menus = menus::between(conn, canteen.id, closure.from_on, closure.to_on)?;
            menus.retain(|menu| closure.covers(menu.served_on, menu.period));
            let mut calls = Vec::new();
            for menu in &menus {
                calls.push((menu, reservations::cancelled_by_canteen(conn, menu)?));
            }
            let count: usize = calls.iter().map(|(_, calls)| calls.len()).sum();
            let days = span(lang, closure.from_on, closure.to_on, canteen.today(caller.now));
            let list = list(conn, lang, texts::CALLS_CANCELLED, &calls, &canteen, caller.now)?;
            let content = html! {
                p { (days) ": " (say::recorded(lang, &closure.reason)) }
                @if count == 0 { p .lead { (texts::CALLS_NOBODY.of(lang)) } }
                (list)
                @if count > 0 { p .hint .screen { (shell::PRINT_HINT.of(lang)) } }
            };
            Ok(staff_page(lang, texts::CALLS_CLOSURE_TITLE, &canteen, content)
                .about(format!("{days} · {}", canteen.name))
                .back(format!("{}/closures", home(id))))
        })
        .await
}

/// A list of calls about some menus, the telephone number first; nothing where nobody is to be called.
fn list(
    conn: &mut Conn,
    lang: Lang,
    title: Text,
    calls: &[(&Menu, Vec<ToCall>)],
    canteen: &Canteen,
    now: At,
) -> Result<Markup, Fail> {
    let mut rows = Vec::new();
    for (menu, calls) in calls {
        for call in calls {
            let had = reservations::find(conn, call.reservation_id)?;
            rows.push(html! { tr {
                td .box aria-hidden="true" { "☐" }
                th scope="row" { (say::recorded(lang, &call.full_name)) }
                td { (telephone(lang, call.phone.as_deref())) }
                td { (meal_title(lang, menu, canteen, now)) }
                td { (dishes(lang, menu, &had.lines)) " (" (say::mode(had.mode).of(lang)) ")" }
            } });
        }
    }
    Ok(html! {
        @if !rows.is_empty() {
            div .scroll tabindex="0" role="region" aria-label=(title.of(lang)) { table .calls {
                caption { (title.of(lang)) " (" (rows.len()) ")" }
                thead { tr {
                    td {}
                    th scope="col" { (texts::NAME.of(lang)) }
                    th scope="col" { (texts::PHONE.of(lang)) }
                    th scope="col" { (texts::MEAL.of(lang)) }
                    th scope="col" { (texts::HAD.of(lang)) }
                } }
                tbody { @for row in rows { (row) } }
            } }
        }
    })
}

/// A telephone number to be pressed.
fn telephone(lang: Lang, phone: Option<&str>) -> Markup {
    html! {
        @match phone {
            Some(phone) => a .phone href={ "tel:" (phone.replace(' ', "")) } { (phone) },
            None => (texts::NO_PHONE.of(lang)),
        }
    }
}
