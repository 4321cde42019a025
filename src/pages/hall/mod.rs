//! The board in the hall: today's meal, who is expected and how many were served, to be read from three metres.
//!
//! The numbers come over a stream of events; without a script the page asks for itself again.

use actix_web::web::Path;
use maud::{Markup, html};

use crate::{
    access::act,
    api::{EventStream, LastEventId, Query},
    canteens::{self, Canteen},
    clock::At,
    headcounts::http::{Headcount, Headcounts, StreamQuery, day_now, stream},
    ids::CanteenId,
    menus::{self, Menu},
    pages::{
        assets::HALL,
        everyone::canteens::is_sold_out,
        say,
        shell::Page,
        texts::door as texts,
        visit::{Shown, Visit},
    },
    problem::Problem,
    words::Lang,
};

/// How often the board asks for itself again where there is no script, in seconds.
const AGAIN_S: u32 = 30;

/// `GET /hall/{id}`
pub async fn show(visit: Visit<act::ReadHeadcounts>, id: Path<CanteenId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let canteen = canteens::find(conn, *id)?;
            let duty = caller.on_duty(&canteen.site())?;
            let counts = day_now(conn, &duty, canteen.today(caller.now), caller.now)?;
            let mut menus = menus::between(conn, canteen.id, counts.on, counts.on)?;
            menus.retain(Menu::is_public);
            let now = caller.now;
            let present = menus.iter().find(|menu| menu.serves_to_at > now).or(menus.last());
            let content = html! {
                div #board .board data-live={ "/hall/" (canteen.id) "/live" }
                    data-again=[present.filter(|menu| menu.serves_to_at > now).map(|menu| (menu.serves_to_at - now).num_seconds() + 1)] {
                    p #live .live role="status" data-on=(texts::BOARD_LIVE.of(lang)) data-off=(texts::BOARD_OFF.of(lang)) {
                        (say::sentence(&say::date(lang, counts.on, 0)))
                    }
                    @match present {
                        Some(menu) => (meal(lang, &canteen, menu, count_of(&counts, menu), now)),
                        None => p .lead { (texts::BOARD_NONE.of(lang)) },
                    }
                    @let others: Vec<&Menu> =
                        menus.iter().filter(|menu| present.is_some_and(|present| present.id != menu.id)).collect();
                    @if !others.is_empty() {
                        ul .others { @for menu in others { li { (line(lang, &canteen, menu, count_of(&counts, menu))) } } }
                    }
                }
            };
            let title = texts::BOARD.with(lang, &[("canteen", &canteen.name)]);
            let heading = texts::BOARD.marked(lang, &[("canteen", say::recorded(lang, &canteen.name))]);
            Ok(Page::new(title, content).heading(heading).help_from(&canteen).with_script(&HALL).again_after(AGAIN_S))
        })
        .await
}

/// `GET /hall/{id}/live`: the day's headcounts whenever they change.
pub async fn live(
    visit: Visit<act::ReadHeadcounts>,
    id: Path<CanteenId>,
    heard: LastEventId,
) -> Result<EventStream<Headcounts>, Problem> {
    stream(visit.api(), id, Query(StreamQuery { on: None }), heard).await
}

fn count_of<'a>(counts: &'a Headcounts, menu: &Menu) -> Option<&'a Headcount> {
    counts.menus.iter().find(|count| count.menu_id == menu.id)
}

/// A number that the script keeps live.
fn figure(menu: &Menu, name: &str, count: i64) -> Markup {
    html! { span .figure data-of=(menu.id) data-count=(name) { (count) } }
}

fn times(lang: Lang, canteen: &Canteen, menu: &Menu) -> String {
    let (from, to) =
        (say::clock(canteen.zone, menu.serves_from_at), say::clock(canteen.zone, menu.serves_to_at));
    texts::BOARD_FROM_TO.with(lang, &[("from", &from), ("to", &to)])
}

fn numbers(lang: Lang, menu: &Menu, count: Option<&Headcount>) -> Markup {
    let people = |of: fn(&Headcount) -> i64| count.map_or(0, of);
    html! {
        ul .numbers {
            li { (figure(menu, "confirmed", people(|count| count.counts.confirmed.people)))
                " " (texts::BOARD_EXPECTED.of(lang)) }
            li { (figure(menu, "served", people(|count| count.counts.served.people)))
                " " (texts::BOARD_SERVED.of(lang)) }
        }
    }
}

/// The meal that is served now, or next.
fn meal(lang: Lang, canteen: &Canteen, menu: &Menu, count: Option<&Headcount>, now: At) -> Markup {
    let open = (menu.serves_from_at..menu.serves_to_at).contains(&now);
    html! {
        section .now {
            h2 {
                (say::sentence(say::period(menu.period).of(lang))) " "
                span .number { (times(lang, canteen, menu)) }
                @if open { " · " (texts::BOARD_NOW.of(lang)) }
                @if menu.serves_to_at <= now { " · " (texts::BOARD_OVER.of(lang)) }
            }
            div .split {
                (numbers(lang, menu, count))
                ul .dishes {
                    @for item in menu.offered() {
                        li { (say::recorded(lang, &item.name))
                            @if is_sold_out(item) { " · " (texts::BOARD_SOLD_OUT.of(lang)) } }
                    }
                }
            }
        }
    }
}

/// Another meal of the day, in one line.
fn line(lang: Lang, canteen: &Canteen, menu: &Menu, count: Option<&Headcount>) -> Markup {
    let people = |of: fn(&Headcount) -> i64| count.map_or(0, of);
    html! {
        span .strong { (say::sentence(say::period(menu.period).of(lang))) } " "
        span .number { (times(lang, canteen, menu)) } " · "
        (texts::BOARD_EXPECTED.of(lang)) " "
        (figure(menu, "confirmed", people(|count| count.counts.confirmed.people))) " · "
        (texts::BOARD_SERVED.of(lang)) " "
        (figure(menu, "served", people(|count| count.counts.served.people)))
    }
}
