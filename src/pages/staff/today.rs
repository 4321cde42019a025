//! Today at a glance: what is reserved, who has come, who is still expected; and the way to everything else.

use actix_web::web::Path;
use chrono::NaiveDate;
use maud::{Markup, html};

use super::{badge, home, menu_page, on_duty, staff_page, week_page};
use crate::{
    access::{Role, act},
    api::{EventStream, LastEventId, Query},
    canteens::Canteen,
    clock::At,
    headcounts::{
        self, CountKind,
        http::{Headcount, Headcounts, ItemCounts, ModeCounts, StreamQuery},
    },
    ids::CanteenId,
    menus::{self, Menu, MenuStatus},
    pages::{
        assets::LIVE,
        say,
        texts::{Text, staff as texts},
        visit::{Shown, Visit},
    },
    problem::Problem,
    words::Lang,
};

/// `GET /staff/{id}`
pub async fn show(visit: Visit<act::ReadHeadcounts>, id: Path<CanteenId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, duty) = on_duty(conn, caller, *id)?;
            let today = canteen.today(caller.now);
            let tomorrow = today.succ_opt().unwrap_or(today);
            let menus = menus::between(conn, canteen.id, today, tomorrow)?;
            let mut days = Vec::new();
            for on in [today, tomorrow] {
                let day = headcounts::http::day_now(conn, &duty, on, caller.now)?;
                days.push(one_day(lang, &canteen, &day, &menus, caller.now));
            }
            let streams = [today, tomorrow].map(|on| format!("{}/live?on={on}", home(canteen.id))).join(" ");
            let content = html! {
                (tools(lang, canteen.id, today, duty.role()))
                p .screen { a .quiet href=(home(canteen.id)) { (texts::REFRESH.of(lang)) } " "
                    span #live-state .hint hidden data-off=(texts::LIVE_OFF.of(lang)) { (texts::LIVE_ON.of(lang)) } }
                div #live data-streams=(streams) {
                    p .hint { (texts::AS_OF.with(lang, &[("time", &say::clock(canteen.zone, caller.now))])) }
                    @for day in days { (day) }
                }
            };
            let page = staff_page(lang, texts::TODAY_TITLE, &canteen, content);
            let title = texts::TODAY_OF.marked(lang, &[("canteen", say::recorded(lang, &canteen.name))]);
            Ok(page.heading(title).back("/home").with_script(&LIVE))
        })
        .await
}

/// `GET /staff/{id}/live`: the same events as the API's.
pub async fn live(
    visit: Visit<act::ReadHeadcounts>,
    id: Path<CanteenId>,
    query: Query<StreamQuery>,
    heard: LastEventId,
) -> Result<EventStream<Headcounts>, Problem> {
    headcounts::http::stream(visit.api(), id, query, heard).await
}

/// The way to every other page of the canteen, as far as the role may go it.
fn tools(lang: Lang, canteen: CanteenId, today: NaiveDate, role: Role) -> Markup {
    let home = home(canteen);
    let acting = [(format!("/desk/{canteen}"), texts::TO_DESK), (format!("/door/{canteen}"), texts::TO_DOOR)];
    let all = [
        (week_page(canteen, today), texts::TO_WEEK),
        (format!("{home}/closures"), texts::TO_CLOSURES),
        (format!("{home}/reviews"), texts::TO_REVIEWS),
        (format!("{home}/devices"), texts::TO_DEVICES),
        (format!("{home}/wall/{today}"), texts::TO_WALL),
        (format!("{home}/files"), texts::TO_FILES),
        (format!("/canteens/{canteen}"), texts::TO_PUBLIC),
    ];
    let shown = acting.iter().filter(|_| role == Role::Staff).chain(&all);
    html! {
        nav .tools aria-label=(texts::TOOLS.of(lang)) {
            ul { @for (to, text) in shown { li { a .quiet href=(to) { (text.of(lang)) } } } }
        }
    }
}

fn one_day(lang: Lang, canteen: &Canteen, day: &Headcounts, menus: &[Menu], now: At) -> Markup {
    let drafts = menus.iter().filter(|menu| menu.served_on == day.on && menu.status == MenuStatus::Draft);
    let counted: Vec<(&Headcount, &Menu)> = day
        .menus
        .iter()
        .filter(|count| count.status != MenuStatus::Withdrawn)
        .filter_map(|count| Some((count, menus.iter().find(|menu| menu.id == count.menu_id)?)))
        .collect();
    html! {
        section {
            h2 { (say::sentence(&say::day(lang, day.on, canteen.today(now)))) }
            @if counted.is_empty() {
                p { (texts::NO_MEAL.of(lang)) " "
                    a .quiet href=(week_page(canteen.id, day.on)) { (texts::TO_WEEK.of(lang)) } }
            }
            @for (count, menu) in counted { (one_meal(lang, canteen, count, menu)) }
            @for draft in drafts {
                p .warning { (texts::STILL_DRAFT.with(lang, &[("meal", &say::period(draft.period).of(lang))])) " "
                    a .quiet href=(menu_page(canteen.id, draft.id)) { (texts::OPEN_MENU.of(lang)) } }
            }
        }
    }
}

fn one_meal(lang: Lang, canteen: &Canteen, count: &Headcount, menu: &Menu) -> Markup {
    let (from, to) =
        (say::clock(canteen.zone, menu.serves_from_at), say::clock(canteen.zone, menu.serves_to_at));
    let counts = &count.counts;
    let rest = if count.over {
        (texts::NO_SHOWS, counts.no_shows)
    } else {
        (texts::STILL_EXPECTED, counts.confirmed - counts.served_with_reservation)
    };
    let tiles: [(&str, Text, i64); 7] = [
        ("reserved", texts::RESERVED, counts.reserved.people),
        ("confirmed", texts::CONFIRMED, counts.confirmed.people),
        ("served", texts::ARRIVED, counts.served.people),
        ("rest", rest.0, rest.1.people),
        ("walk_ins", texts::WALK_INS, counts.walk_ins.people),
        ("waiting", texts::WAITING, menu.waiting.into()),
        ("places", texts::PLACES_LEFT, menu.places_left().into()),
    ];
    html! {
        section .meal {
            h3 { (say::sentence(say::period(menu.period).of(lang))) " " (from) "–" (to) " " (badge(lang, menu.status)) }
            dl .tally {
                @for (key, what, number) in tiles {
                    div { dt { (what.of(lang)) } dd data-live={ (menu.id) "-" (key) } { (number) } }
                }
            }
            div .three {
                (by_item(lang, menu, &count.by_item))
                (by_mode(lang, menu, &count.by_mode, count.over))
                (by_diet(lang, menu, count))
            }
            (since_cutoff(lang, canteen, count))
            (papers(lang, canteen.id, menu))
        }
    }
}

/// A number that is kept up to date while the page is open.
fn number(menu: &Menu, what: &str, row: &str, number: i64) -> Markup {
    html! { td .amount data-live={ (menu.id) "-" (what) "-" (row) } { (number) } }
}

fn by_item(lang: Lang, menu: &Menu, items: &[ItemCounts]) -> Markup {
    html! {
        div .scroll { table {
            caption { (texts::BY_ITEM.of(lang)) }
            thead { tr {
                th scope="col" { (texts::ITEM.of(lang)) }
                th .amount scope="col" { (texts::TO_COOK.of(lang)) }
                th .amount scope="col" { (texts::SERVED.of(lang)) }
            } }
            tbody { @for item in items { tr {
                th scope="row" { (say::recorded(lang, &item.name)) }
                (number(menu, "confirmed", &item.item_id.to_string(), item.confirmed))
                (number(menu, "served", &item.item_id.to_string(), item.served))
            } } }
        } }
    }
}

fn by_mode(lang: Lang, menu: &Menu, modes: &[ModeCounts], over: bool) -> Markup {
    html! {
        @if !modes.is_empty() {
            div .scroll { table {
                caption { (texts::BY_MODE.of(lang)) }
                thead { tr {
                    th scope="col" { (texts::MODE.of(lang)) }
                    th .amount scope="col" { (texts::CONFIRMED.of(lang)) }
                    th .amount scope="col" { (texts::ARRIVED.of(lang)) }
                    th .amount scope="col" {
                        (if over { texts::NO_SHOWS } else { texts::STILL_EXPECTED }.of(lang)) }
                } }
                tbody { @for row in modes {
                    @let counts = &row.counts;
                    @let rest = counts.confirmed - counts.served_with_reservation;
                    tr {
                        th scope="row" { (say::sentence(say::mode(row.mode).of(lang))) }
                        (number(menu, "confirmed", row.mode.as_str(), counts.confirmed.people))
                        (number(menu, "arrived", row.mode.as_str(), counts.served.people))
                        (number(menu, "expected", row.mode.as_str(), rest.people))
                    }
                } }
            } }
        }
    }
}

fn by_diet(lang: Lang, menu: &Menu, count: &Headcount) -> Markup {
    html! {
        @if !count.by_diet.is_empty() {
            div .scroll { table {
                caption { (texts::BY_DIET.of(lang)) }
                thead { tr {
                    th scope="col" { (texts::DIET.of(lang)) }
                    th .amount scope="col" { (texts::CONFIRMED.of(lang)) }
                    th .amount scope="col" { (texts::SERVED.of(lang)) }
                } }
                tbody { @for row in &count.by_diet { tr {
                    th scope="row" { (say::sentence(&say::diet_tag(lang, &row.diet_tag))) }
                    (number(menu, "confirmed", &row.diet_tag, row.confirmed))
                    (number(menu, "served", &row.diet_tag, row.served))
                } } }
            } }
        }
    }
}

/// What was confirmed at the cut-off, and what changed since and who did it.
fn since_cutoff(lang: Lang, canteen: &Canteen, count: &Headcount) -> Markup {
    let kind = |kind: CountKind| match kind {
        CountKind::Cancelled => texts::SINCE_CANCELLED,
        CountKind::Reserved
        | CountKind::Served
        | CountKind::WalkIn
        | CountKind::Second
        | CountKind::Guest
        | CountKind::Staff
        | CountKind::Volunteer => texts::SINCE_RESERVED,
    };
    html! {
        @if let Some(then) = count.confirmed_at_cutoff {
            p { (texts::AT_CUTOFF.with(lang, &[
                ("time", &say::clock(canteen.zone, count.cutoff_at)), ("people", &then.people),
            ])) }
            @if !count.since_cutoff.is_empty() {
                details {
                    summary { (texts::SINCE_CUTOFF.with(lang, &[("count", &count.since_cutoff.len())])) }
                    ul .sentences { @for change in &count.since_cutoff { li {
                        (say::clock(canteen.zone, change.recorded_at)) " "
                        (kind(change.kind).with(lang, &[("people", &change.count.people.abs())]))
                        @if let Some(by) = &change.by { " (" (say::recorded(lang, by)) ")" }
                    } } }
                }
            }
        } @else {
            p { (texts::CUTOFF_COMES.with(lang, &[("time", &say::clock(canteen.zone, count.cutoff_at))])) }
        }
    }
}

fn papers(lang: Lang, canteen: CanteenId, menu: &Menu) -> Markup {
    let page = menu_page(canteen, menu.id);
    let links = [
        (page.clone(), texts::OPEN_MENU),
        (format!("{page}/kitchen"), texts::KITCHEN_TITLE),
        (format!("{page}/door-list"), texts::DOOR_TITLE),
        (format!("{page}/calls"), texts::CALLS_TITLE),
    ];
    html! {
        ul .papers { @for (to, text) in links { li { a href=(to) { (text.of(lang)) } } } }
    }
}
