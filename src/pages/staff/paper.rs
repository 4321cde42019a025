//! What is printed: the kitchen's sheet, the door's list with boxes to tick, the menu for the wall.
//!
//! Neither the kitchen nor the door sees a tier or an amount (BR-80); the kitchen sees no names.

use actix_web::web::Path;
use chrono::NaiveDate;
use maud::{Markup, html};

use super::{home, meal_page, meal_title, menu_of, menu_page, on_duty, scrolled, span, staff_page, week_of};
use crate::{
    access::act,
    attendance::http::{Expected, list_of},
    canteens::{self, Canteen},
    clock::At,
    headcounts::{self, http::Headcount},
    ids::{CanteenId, MenuId},
    menus::Menu,
    pages::{
        everyone::canteens::{contents, public_menus},
        forms::{Asked, address},
        say,
        shell::Page,
        texts::{shell, staff as texts},
        visit::{Look, Shown, Visit},
    },
    words::{ItemKind, Lang},
};

/// A page that is a sheet of paper, with how to print it.
fn sheet(lang: Lang, format: &str, content: Markup) -> Markup {
    html! {
        p .hint .screen { (shell::PRINT_HINT.of(lang)) }
        div class={ "sheet " (format) } { (content) }
    }
}

/// `GET /staff/{id}/menus/{menu}/kitchen`
pub async fn kitchen(visit: Visit<act::ReadHeadcounts>, path: Path<(CanteenId, MenuId)>) -> Shown {
    let (id, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, duty) = on_duty(conn, caller, id)?;
            let menu = menu_of(conn, &canteen, menu)?;
            let day = headcounts::http::day_now(conn, &duty, menu.served_on, caller.now)?;
            let count = day.menus.iter().find(|count| count.menu_id == menu.id);
            let content = match count {
                Some(count) => sheet(lang, "a4", kitchen_sheet(lang, &canteen, &menu, count, caller.now)),
                None => html! { p .lead { (texts::NOT_PUBLISHED.of(lang)) } },
            };
            Ok(of_meal(look, texts::KITCHEN_TITLE, &canteen, &menu, caller.now, content))
        })
        .await
}

fn of_meal(
    look: &Look,
    title: crate::pages::texts::Text,
    canteen: &Canteen,
    menu: &Menu,
    now: At,
    content: Markup,
) -> Page {
    let meal = meal_title(look.lang, menu, canteen, now);
    meal_page(look.lang, title, &meal, canteen, content).back(menu_page(canteen.id, menu.id))
}

fn kitchen_sheet(lang: Lang, canteen: &Canteen, menu: &Menu, count: &Headcount, now: At) -> Markup {
    let (from, to) =
        (say::clock(canteen.zone, menu.serves_from_at), say::clock(canteen.zone, menu.serves_to_at));
    let confirmed = count.counts.confirmed;
    let note =
        |item: &str| menu.items.iter().find(|known| known.name == item).map(|item| contents(lang, item));
    html! {
        p { (say::recorded(lang, &canteen.name)) " · " (texts::SERVED_FROM_TO.with(lang, &[("from", &from), ("to", &to)])) }
        p .total {
            (texts::KITCHEN_TOTAL.with(lang, &[("people", &confirmed.people), ("portions", &confirmed.portions)])) }
        @match count.confirmed_at_cutoff {
            Some(then) => p { (texts::AT_CUTOFF.with(lang, &[
                ("time", &say::moment(lang, canteen.zone, count.cutoff_at, now)), ("people", &then.people),
            ])) },
            None => p .strong { (texts::KITCHEN_MAY_CHANGE.with(lang, &[
                ("time", &say::moment(lang, canteen.zone, count.cutoff_at, now)),
            ])) },
        }
        (scrolled(texts::BY_ITEM, lang, html! { table {
            caption { (texts::BY_ITEM.of(lang)) }
            thead { tr {
                th scope="col" { (texts::ITEM.of(lang)) }
                th scope="col" { (texts::CONTAINS.of(lang)) }
                th .amount scope="col" { (texts::TO_COOK.of(lang)) }
                th .amount scope="col" { (texts::COOKED.of(lang)) }
            } }
            tbody { @for item in &count.by_item { tr {
                th scope="row" { (say::recorded(lang, &item.name)) }
                td { (note(&item.name).unwrap_or_default()) }
                td .amount .large { (item.confirmed) }
                td .amount .write {}
            } } }
        } }))
        div .three { (scrolled(texts::BY_MODE, lang, html! { table {
            caption { (texts::BY_MODE.of(lang)) }
            thead { tr {
                th scope="col" { (texts::MODE.of(lang)) }
                th .amount scope="col" { (texts::PEOPLE.of(lang)) }
                th .amount scope="col" { (texts::PORTIONS.of(lang)) }
            } }
            tbody { @for row in &count.by_mode { tr {
                th scope="row" { (say::sentence(say::mode(row.mode).of(lang))) }
                td .amount { (row.counts.confirmed.people) }
                td .amount { (row.counts.confirmed.portions) }
            } } }
        } }))
        @if !count.by_diet.is_empty() {
            (scrolled(texts::BY_DIET, lang, html! { table {
                caption { (texts::BY_DIET.of(lang)) }
                thead { tr {
                    th scope="col" { (texts::DIET.of(lang)) }
                    th .amount scope="col" { (texts::PEOPLE.of(lang)) }
                } }
                tbody { @for row in &count.by_diet { tr {
                    th scope="row" { (say::sentence(&say::diet_tag(lang, &row.diet_tag))) }
                    td .amount { (row.confirmed) }
                } } }
            } }))
        } }
        @if !menu.note.is_empty() { p { (texts::NOTE.of(lang)) ": " (say::recorded(lang, &menu.note)) } }
        p .hint { (texts::AS_OF.with(lang, &[("time", &say::moment(lang, canteen.zone, now, now))])) }
    }
}

/// `GET /staff/{id}/menus/{menu}/door-list`
pub async fn door_list(visit: Visit<act::ReadDoorList>, path: Path<(CanteenId, MenuId)>) -> Shown {
    let (id, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let menu = menu_of(conn, &canteen, menu)?;
            let expected = list_of(conn, &menu)?.expected;
            let as_of = say::moment(lang, canteen.zone, caller.now, caller.now);
            let list = html! {
                p { (say::recorded(lang, &canteen.name)) " · "
                    (texts::EXPECTED.with(lang, &[("count", &expected.len())])) }
                @if expected.is_empty() { p .lead { (texts::EXPECTED_NOBODY.of(lang)) } }
                @else { (door_table(lang, &expected)) }
                h2 { (texts::BESIDES.of(lang)) }
                (scrolled(texts::BESIDES, lang, html! { table .blank { tbody { @for _ in 0..8 { tr { td .box aria-hidden="true" { "☐" } td {} td {} } } } } }))
                p .hint { (texts::AS_OF.with(lang, &[("time", &as_of)])) }
            };
            Ok(of_meal(look, texts::DOOR_TITLE, &canteen, &menu, caller.now, sheet(lang, "a4", list)))
        })
        .await
}

fn door_table(lang: Lang, expected: &[Expected]) -> Markup {
    html! {
        (scrolled(texts::DOOR_TITLE, lang, html! { table .door {
            thead { tr {
                th scope="col" { (texts::CAME.of(lang)) }
                th scope="col" { (texts::NAME.of(lang)) }
                th scope="col" { (texts::HAS.of(lang)) }
                th scope="col" { (texts::CAREFUL.of(lang)) }
            } }
            tbody { @for one in expected { tr {
                td .box { @if one.served_at.is_some() { span aria-label=(texts::CAME_ALREADY.of(lang)) role="img" { "☑" } }
                    @else { span aria-hidden="true" { "☐" } span .hidden { (texts::NOT_YET.of(lang)) } } }
                th scope="row" { (say::recorded(lang, &one.full_name)) }
                td {
                    @for (at, item) in one.items.iter().enumerate() {
                        @if at > 0 { (say::between(lang)) }
                        (say::recorded(lang, &item.name))
                        @if item.portions > 1 { " × " (item.portions) }
                    }
                    " (" (say::mode(one.mode).of(lang)) ")"
                }
                td { (careful(lang, one)) }
            } } }
        } }))
    }
}

/// What is to be kept in mind of somebody: allergies and diet.
fn careful(lang: Lang, one: &Expected) -> String {
    let not = (!one.allergens.is_empty())
        .then(|| texts::ALLERGIC.with(lang, &[("allergens", &say::allergens(lang, &one.allergens))]));
    let tags = one.diet_tags.iter().map(|tag| say::diet_tag(lang, tag));
    say::row(lang, not.into_iter().chain(tags))
}

/// `GET /staff/{id}/wall/{on}?days=1&size=a3`: the menus of a week, or of a day, for the wall.
pub async fn wall(
    visit: Visit<act::ReadHeadcounts>,
    path: Path<(CanteenId, NaiveDate)>,
    Asked(query): Asked,
) -> Shown {
    let (id, on) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let week = week_of(on)?;
            let one_day = query.get("days") == "1";
            let days = if one_day { vec![on] } else { week };
            let (first, last) = (days[0], days[days.len() - 1]);
            let menus = public_menus(conn, &canteen, first..=last)?;
            let closures = canteens::closures_between(conn, canteen.id, first, last)?;
            let large = query.get("size") == "a3";
            let today = canteen.today(caller.now);
            let served = |on: &NaiveDate| menus.iter().filter(|menu| menu.served_on == *on).collect::<Vec<_>>();
            let paper = html! {
                p .wall-title { (say::recorded(lang, &canteen.name)) }
                @for on in &days {
                    @let menus = served(on);
                    @let closed: Vec<_> = closures.iter().filter(|one| (one.from_on..=one.to_on).contains(on)).collect();
                    @if !menus.is_empty() || !closed.is_empty() {
                        section .wall-day {
                            h2 { (say::date(lang, *on, chrono::Datelike::year(&today))) }
                            @for closure in closed { p .strong {
                                (texts::CLOSED.marked(lang, &[("reason", say::recorded(lang, &closure.reason))]))
                            } }
                            div .wall-meals { @for menu in menus { (wall_meal(lang, &canteen, menu)) } }
                        }
                    }
                }
                @if menus.is_empty() { p .lead { (texts::WALL_NOTHING.of(lang)) } }
                p { (texts::WALL_FOOT.marked(lang, &[
                    ("phone", html! { span .number { (canteen.phone) } }),
                    ("address", say::recorded(lang, &canteen.address)),
                ])) }
            };
            let content = html! {
                (wall_ways(lang, id, on, one_day, large))
                (sheet(lang, if large { "a3" } else { "a4" }, paper))
            };
            let days = span(lang, first, last, today);
            let size = if large { "A3" } else { "A4" };
            Ok(staff_page(lang, texts::WALL_TITLE, &canteen, content)
                .heading(html! { span .screen { (texts::WALL_TITLE.of(lang)) ": " } (days) })
                .about(format!("{days} · {size} · {}", canteen.name)))
        })
        .await
}

/// To other sheets: of the week or of the day, on A4 or A3, of the week after.
fn wall_ways(lang: Lang, id: CanteenId, on: NaiveDate, one_day: bool, large: bool) -> Markup {
    let page = |on: NaiveDate, one_day: bool, large: bool| {
        let asked = [one_day.then_some(("days", "1")), large.then_some(("size", "a3"))];
        address(&format!("{}/wall/{on}", home(id)), asked.into_iter().flatten())
    };
    let later = on.checked_add_days(chrono::Days::new(if one_day { 1 } else { 7 })).unwrap_or(on);
    let links = [
        (page(on, one_day, !large), if large { texts::WALL_A4 } else { texts::WALL_A3 }),
        (page(on, !one_day, large), if one_day { texts::WALL_WEEK } else { texts::WALL_DAY }),
        (page(later, one_day, large), if one_day { texts::WALL_NEXT_DAY } else { texts::WEEK_LATER }),
    ];
    html! {
        nav .tools .screen aria-label=(texts::WALL_OTHER.of(lang)) {
            ul { @for (to, text) in links { li { a .quiet href=(to) { (text.of(lang)) } } } }
        }
    }
}

fn wall_meal(lang: Lang, canteen: &Canteen, menu: &Menu) -> Markup {
    let (from, to) =
        (say::clock(canteen.zone, menu.serves_from_at), say::clock(canteen.zone, menu.serves_to_at));
    let of_kind = |kind: ItemKind| menu.offered().filter(move |item| item.kind == kind);
    html! {
        section .wall-meal {
            h3 { (say::sentence(say::period(menu.period).of(lang))) " " span .number { (from) "–" (to) } }
            ul .items {
                @for kind in [ItemKind::Set, ItemKind::Dish] { @for item in of_kind(kind) { li {
                    span .item {
                        span { span .strong { (say::recorded(lang, &item.name)) }
                            @if !item.allergens.is_empty() {
                                " " span .contains { (say::contains(lang, &item.allergens)) }
                            }
                        }
                        " " span .price { (say::money(lang, item.price_fen)) }
                    }
                } } }
            }
            @if !menu.note.is_empty() { p { (say::recorded(lang, &menu.note)) } }
        }
    }
}
