//! The staff of a canteen: today at a glance, the week's menus, closures and whom to call, reviews, devices, and what is
//! printed for the kitchen, the door and the wall.
//!
//! Each page is about one canteen and takes a proof of duty there, so that district officers and auditors see here what
//! they may see, and are told where only staff may act.

pub mod calls;
pub mod closures;
pub mod devices;
pub mod files;
pub mod menu;
mod menu_form;
pub mod paper;
pub mod post;
pub mod reviews;
pub mod today;
pub mod week;

use chrono::{Datelike, Days, NaiveDate};
use maud::{Markup, html};

use super::{
    say,
    shell::Page,
    texts::{Text, staff as texts},
};
use crate::{
    access::{Caller, OnDuty},
    canteens::{self, Canteen},
    db::Conn,
    ids::{CanteenId, MenuId},
    menus::{self, Item, Menu, MenuStatus},
    problem::{Code, Fail},
    subsidies::http::check_span,
    words::{ItemKind, Lang},
};

/// The canteen of a page, and the proof that whoever looks is on duty there.
///
/// Fails with `canteen_not_found` and `not_allowed_here`.
fn on_duty(conn: &mut Conn, caller: &Caller, id: CanteenId) -> Result<(Canteen, OnDuty), Fail> {
    let canteen = canteens::find(conn, id)?;
    let duty = caller.on_duty(&canteen.site())?;
    Ok((canteen, duty))
}

/// A menu of the canteen of the page; `menu_not_found` for another's.
fn menu_of(conn: &mut Conn, canteen: &Canteen, id: MenuId) -> Result<Menu, Fail> {
    let menu = menus::find(conn, id)?;
    if menu.canteen_id == canteen.id { Ok(menu) } else { Err(Code::MenuNotFound.into()) }
}

fn home(canteen: CanteenId) -> String {
    format!("/staff/{canteen}")
}

fn menu_page(canteen: CanteenId, menu: MenuId) -> String {
    format!("/staff/{canteen}/menus/{menu}")
}

fn week_page(canteen: CanteenId, on: NaiveDate) -> String {
    format!("/staff/{canteen}/week/{}", monday_of(on))
}

/// The Monday of a day's week.
fn monday_of(on: NaiveDate) -> NaiveDate {
    on.checked_sub_days(Days::new(on.weekday().num_days_from_monday().into())).unwrap_or(on)
}

/// The seven days of the week of a day from 1900 to 2200; `bad_span` for any other.
fn week_of(on: NaiveDate) -> Result<Vec<NaiveDate>, Fail> {
    check_span(on, on)?;
    Ok(monday_of(on).iter_days().take(7).collect())
}

/// A page of the staff: as wide as the window, with the canteen in the window's title.
fn staff_page(lang: Lang, title: Text, canteen: &Canteen, content: Markup) -> Page {
    Page::new(title.of(lang), content).about(&canteen.name).back(home(canteen.id)).help_from(canteen).wide()
}

/// A meal of a canteen in words, as a title: `午餐 11月23日 星期一`.
fn meal_title(lang: Lang, menu: &Menu, canteen: &Canteen, now: crate::clock::At) -> String {
    let day = say::day(lang, menu.served_on, canteen.today(now));
    let meal = say::period(menu.period).of(lang);
    say::sentence(&texts::MEAL_ON.with(lang, &[("day", &day), ("meal", &meal)]))
}

/// A page about one meal, whose title names what it is and which meal.
fn meal_page(lang: Lang, title: Text, meal: &str, canteen: &Canteen, content: Markup) -> Page {
    let title = texts::OF_MEAL.with(lang, &[("what", &title.of(lang)), ("meal", &meal)]);
    Page::new(title, content).about(&canteen.name).back(home(canteen.id)).help_from(canteen).wide()
}

/// How far a menu has come, as a badge of words.
fn badge(lang: Lang, status: MenuStatus) -> Markup {
    html! { span class={ "badge " (status.as_str()) } { (status.said().get(lang)) } }
}

/// The offered items, sets before dishes.
fn sets_first(menu: &Menu) -> Vec<&Item> {
    let of_kind = |kind: ItemKind| menu.offered().filter(move |item| item.kind == kind);
    of_kind(ItemKind::Set).chain(of_kind(ItemKind::Dish)).collect()
}

fn kind(kind: ItemKind) -> Text {
    match kind {
        ItemKind::Set => texts::KIND_SET,
        ItemKind::Dish => texts::KIND_DISH,
    }
}

/// A span of days in words.
fn span(lang: Lang, from: NaiveDate, to: NaiveDate, today: NaiveDate) -> String {
    let said = |on| say::date(lang, on, today.year());
    if from == to { said(from) } else { texts::SPAN.with(lang, &[("from", &said(from)), ("to", &said(to))]) }
}
