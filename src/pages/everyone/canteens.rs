//! Canteens as anybody sees them: today's menu, the week, who may eat here and what it costs, opening days.

use std::ops::RangeInclusive;

use actix_web::{cookie::Cookie, web::Path};
use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use crate::{
    access::act,
    canteens::{self, Canteen, Closure, MealPeriod},
    clock::At,
    db::Conn,
    first_run,
    ids::CanteenId,
    menus::{self, Item, Menu, MenuStatus},
    page::Window,
    pages::{
        forms::{Asked, address},
        say,
        shell::Page,
        texts::{Text, everyone as texts},
        visit::{Crumb, Look, Shown, Visit, go},
    },
    policies,
    problem::Fail,
    words::{ItemKind, Lang, Weekday},
};

/// How many days a week's page shows, from today on.
const DAYS_SHOWN: u64 = 7;

/// How far ahead closures are announced, in days.
const CLOSURES_AHEAD: u64 = 60;

/// `GET /`
pub async fn list(visit: Visit<act::ReadCanteens>, Asked(query): Asked) -> Shown {
    let begins = visit.allowed().read(|conn, caller| {
        Ok(canteens::list(conn, None, None, 1)?.is_empty() && first_run::is_open(conn, caller.now)?)
    });
    // An installation in which there is nothing yet.
    if begins.await? {
        return Ok(go("/first-run"));
    }
    visit
        .show(move |conn, _, look| {
            let lang = look.lang;
            let cursor = Some(query.get("cursor")).filter(|cursor| !cursor.is_empty());
            let window = Window::new(None, cursor)?;
            let found = canteens::list(conn, None, window.after(), window.rows())?;
            let page = window.page(found, |canteen| canteen.id);
            let content = html! {
                p .lead { (texts::CANTEENS_LEAD.of(lang)) }
                @if page.items.is_empty() { p { (texts::CANTEENS_NONE.of(lang)) } }
                ul .cards {
                    @for canteen in &page.items {
                        li { a .card href={ "/canteens/" (canteen.id) } {
                            span .strong { (say::recorded(lang, &canteen.name)) }
                            span .hint { (say::recorded(lang, &canteen.address)) }
                        } }
                    }
                }
                @if let Some(next) = &page.next {
                    p { a .quiet href=(address("/", [("cursor", next)])) { (texts::MORE_CANTEENS.of(lang)) } }
                }
            };
            Ok(Page::new(texts::CANTEENS_TITLE.of(lang), content))
        })
        .await
}

/// `GET /canteens/{id}`: today's menu first, for whoever stands before the door.
pub async fn today(visit: Visit<act::ReadCanteens>, id: Path<CanteenId>) -> Shown {
    let remembered = remember(visit.look(), *id);
    let mut answer = visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let canteen = canteens::find(conn, *id)?;
            let today = canteen.today(caller.now);
            let menus = public_menus(conn, &canteen, today..=today)?;
            let closures = canteens::closures_between(conn, canteen.id, today, today)?;
            let content = html! {
                @for closure in &closures {
                    p .notice {
                        (texts::CLOSED_TODAY.marked(lang, &[("reason", say::recorded(lang, &closure.reason))]))
                    }
                }
                @if menus.is_empty() { p { (texts::NO_MENU_TODAY.of(lang)) } }
                @for menu in &menus { (of_meal(look, &canteen, menu, caller.now, 2)) }
                p { a .button href="/home" { (texts::RESERVE_HERE.of(lang)) } }
                (ways(lang, &canteen, Some(Way::Today)))
                p { (texts::ADDRESS.marked(lang, &[("address", say::recorded(lang, &canteen.address))])) }
            };
            Ok(titled(lang, texts::TODAY_TITLE, &canteen, content).back("/").read_aloud())
        })
        .await?;
    // The answer is ours and a cookie of ours can be written.
    drop(answer.add_cookie(&remembered));
    Ok(answer)
}

/// The canteen that is looked at, so that its telephone number stands on the pages to come.
fn remember(look: &Look, id: CanteenId) -> Cookie<'static> {
    look.choice(Crumb::Canteen, id.to_string())
}

/// `GET /canteens/{id}/week`
pub async fn week(visit: Visit<act::ReadCanteens>, id: Path<CanteenId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let canteen = canteens::find(conn, *id)?;
            let today = canteen.today(caller.now);
            let days: Vec<NaiveDate> = today.iter_days().take(DAYS_SHOWN as usize).collect();
            let menus = public_menus(conn, &canteen, today..=today + Days::new(DAYS_SHOWN - 1))?;
            let content = html! {
                @if menus.is_empty() { p { (texts::NO_MENU_YET.of(lang)) } }
                @for on in days {
                    @let of_day: Vec<&Menu> = menus.iter().filter(|menu| menu.served_on == on).collect();
                    @if !of_day.is_empty() {
                        section {
                            h2 { (say::sentence(&say::day(lang, on, today))) }
                            @for menu in of_day { (of_meal(look, &canteen, menu, caller.now, 3)) }
                        }
                    }
                }
                p { a .button href="/home" { (texts::RESERVE_HERE.of(lang)) } }
                (ways(lang, &canteen, Some(Way::Week)))
            };
            Ok(titled(lang, texts::WEEK_TITLE, &canteen, content).back(home_of(&canteen)).read_aloud())
        })
        .await
}

/// `GET /canteens/{id}/prices`
pub async fn prices(visit: Visit<act::ReadCanteens>, id: Path<CanteenId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let canteen = canteens::find(conn, *id)?;
            let terms = policies::http::terms_on(conn, &canteen, canteen.today(caller.now))?;
            let content = html! {
                ul .sentences { @for sentence in &terms.sentences { li { (sentence.get(lang)) } } }
                p { (texts::PRICES_ON.with(lang, &[("on", &say::date(lang, terms.on, 0))])) }
                p { (texts::PRICES_OWN.of(lang)) }
                (ways(lang, &canteen, Some(Way::Prices)))
            };
            Ok(titled(lang, texts::PRICES_TITLE, &canteen, content).back(home_of(&canteen)).read_aloud())
        })
        .await
}

/// `GET /canteens/{id}/days`
pub async fn days(visit: Visit<act::ReadCanteens>, id: Path<CanteenId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let canteen = canteens::find(conn, *id)?;
            let today = canteen.today(caller.now);
            let ahead = today + Days::new(CLOSURES_AHEAD);
            let closures = canteens::closures_between(conn, canteen.id, today, ahead)?;
            let content = html! {
                @for meal in &canteen.periods { (times(lang, meal)) }
                p { (texts::DAYS_NO_RESERVATION.of(lang)) }
                h2 { (texts::CLOSURES.of(lang)) }
                @if closures.is_empty() { p { (texts::CLOSURES_NONE.of(lang)) } }
                ul .sentences { @for closure in &closures { li { (closed(lang, closure, today)) } } }
                (ways(lang, &canteen, Some(Way::Days)))
                p { (texts::ADDRESS.marked(lang, &[("address", say::recorded(lang, &canteen.address))])) }
            };
            Ok(titled(lang, texts::DAYS_TITLE, &canteen, content).back(home_of(&canteen)).read_aloud())
        })
        .await
}

/// The menus of these days that people may see, in the order of days and meals.
pub fn public_menus(
    conn: &mut Conn,
    canteen: &Canteen,
    days: RangeInclusive<NaiveDate>,
) -> Result<Vec<Menu>, Fail> {
    let mut menus = menus::between(conn, canteen.id, *days.start(), *days.end())?;
    menus.retain(Menu::is_public);
    Ok(menus)
}

fn titled(lang: Lang, title: Text, canteen: &Canteen, content: Markup) -> Page {
    Page::new(title.with(lang, &[("canteen", &canteen.name)]), content)
        .heading(title.marked(lang, &[("canteen", say::recorded(lang, &canteen.name))]))
        .help_from(canteen)
}

fn home_of(canteen: &Canteen) -> String {
    format!("/canteens/{}", canteen.id)
}

/// What one can read about a canteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Today,
    Week,
    Prices,
    Days,
}

/// The links to what else there is to read about a canteen.
fn ways(lang: Lang, canteen: &Canteen, but: Option<Way>) -> Markup {
    let home = home_of(canteen);
    let all = [
        (Way::Today, home.clone(), texts::LINK_TODAY),
        (Way::Week, format!("{home}/week"), texts::LINK_WEEK),
        (Way::Prices, format!("{home}/prices"), texts::LINK_PRICES),
        (Way::Days, format!("{home}/days"), texts::LINK_DAYS),
    ];
    html! {
        ul .ways {
            @for (_, to, text) in all.iter().filter(|(way, _, _)| Some(*way) != but) {
                li { a href=(to) { (text.of(lang)) } }
            }
        }
    }
}

/// One meal with its times and items; its heading is an `h2` or an `h3`.
fn of_meal(look: &Look, canteen: &Canteen, menu: &Menu, now: At, level: u8) -> Markup {
    let lang = look.lang;
    let name = say::sentence(say::period(menu.period).of(lang));
    let (from, to) =
        (say::clock(canteen.zone, menu.serves_from_at), say::clock(canteen.zone, menu.serves_to_at));
    html! {
        section .meal {
            @if level == 2 { h2 { (name) } } @else { h3 { (name) } }
            p { (texts::SERVED_FROM_TO.with(lang, &[("from", &from), ("to", &to)])) }
            p { (until(lang, canteen, menu, now)) }
            (items(lang, menu))
            @if !menu.note.is_empty() { p .hint { (say::recorded(lang, &menu.note)) } }
        }
    }
}

/// Until when one can reserve from a menu, or why no more.
pub fn until(lang: Lang, canteen: &Canteen, menu: &Menu, now: At) -> String {
    let until = say::moment(lang, canteen.zone, menu.cutoff_at, now);
    if menu.status != MenuStatus::Published || menu.cutoff_at < now {
        texts::ORDER_OVER.with(lang, &[("until", &until)])
    } else if menu.taken >= menu.capacity {
        texts::FULL.of(lang).to_owned()
    } else {
        texts::ORDER_UNTIL.with(lang, &[("until", &until)])
    }
}

/// The items of a menu with price and allergens, sets before dishes.
pub fn items(lang: Lang, menu: &Menu) -> Markup {
    let of_kind = |kind: ItemKind| menu.offered().filter(move |item| item.kind == kind);
    let both = of_kind(ItemKind::Set).next().is_some() && of_kind(ItemKind::Dish).next().is_some();
    html! {
        @for (kind, title) in [(ItemKind::Set, texts::SET_MEALS), (ItemKind::Dish, texts::DISHES)] {
            @if of_kind(kind).next().is_some() {
                @if both { p .strong { (title.of(lang)) } }
                ul .items { @for item in of_kind(kind) { li { (item_line(lang, item)) } } }
            }
        }
    }
}

fn item_line(lang: Lang, item: &Item) -> Markup {
    html! {
        span .item {
            span .strong { (say::recorded(lang, &item.name)) }
            " " span .price { (say::money(lang, item.price_fen)) }
        }
        span .hint { (contents(lang, item)) }
    }
}

/// What is to be known of an item: allergens and diet in words, and whether it is sold out.
pub fn contents(lang: Lang, item: &Item) -> String {
    let allergens = match item.allergens.is_empty() {
        true => say::contains_none(lang),
        false => say::contains(lang, &item.allergens),
    };
    let sold_out = is_sold_out(item).then(|| texts::SOLD_OUT.of(lang).to_owned());
    let tags = item.diet_tags.iter().map(|tag| say::diet_tag(lang, tag));
    say::sentence(&say::row(lang, sold_out.into_iter().chain(tags).chain([allergens])))
}

/// Whether there is no portion left.
pub fn is_sold_out(item: &Item) -> bool {
    item.portions.is_some_and(|portions| item.taken >= portions)
}

fn times(lang: Lang, meal: &MealPeriod) -> Markup {
    let time = |time: crate::text::ClockTime| time.0.format("%H:%M").to_string();
    let (from, to, at) = (time(meal.serves_from), time(meal.serves_to), time(meal.cutoff.at));
    let days = match meal.weekdays.len() == Weekday::ALL.len() {
        true => texts::DAYS_EVERY.of(lang).to_owned(),
        false => say::row(lang, meal.weekdays.iter().map(|day| say::weekday(*day).of(lang))),
    };
    let modes = say::row(lang, meal.modes.iter().map(|mode| say::mode(*mode).of(lang)));
    let cutoff = match meal.cutoff.service_days_before {
        0 => texts::DAYS_CUTOFF_SAME_DAY.with(lang, &[("at", &at)]),
        1 => texts::DAYS_CUTOFF_DAY_BEFORE.with(lang, &[("at", &at)]),
        count => texts::DAYS_CUTOFF_DAYS_BEFORE.with(lang, &[("at", &at), ("count", &count)]),
    };
    html! {
        section .meal {
            h2 { (say::sentence(say::period(meal.period).of(lang))) }
            p .strong { (texts::DAYS_MEAL_TIME.with(lang, &[("from", &from), ("to", &to)])) }
            p { (texts::DAYS_WEEKDAYS.with(lang, &[("days", &days)])) }
            p { (texts::DAYS_MODES.with(lang, &[("modes", &modes)])) }
            p { (cutoff) }
        }
    }
}

fn closed(lang: Lang, closure: &Closure, today: NaiveDate) -> Markup {
    let day = |on| html! { (say::day(lang, on, today)) };
    let reason = say::recorded(lang, &closure.reason);
    let when = if closure.from_on == closure.to_on {
        texts::CLOSURE_DAY.marked(lang, &[("on", day(closure.from_on)), ("reason", reason)])
    } else {
        let (from, to) = (day(closure.from_on), day(closure.to_on));
        texts::CLOSURE_SPAN.marked(lang, &[("from", from), ("to", to), ("reason", reason)])
    };
    match closure.period {
        Some(period) => {
            let meal = html! { (say::period(period).of(lang)) };
            texts::CLOSURE_MEAL.marked(lang, &[("when", when), ("meal", meal)])
        }
        None => when,
    }
}
