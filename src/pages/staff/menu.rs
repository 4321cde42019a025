//! One menu: making it, changing it in place, and ending it.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    badge, calls, home, meal_page, meal_title, menu_form, menu_of, menu_page, on_duty, post::Prices,
    week_page,
};
use crate::{
    access::{Caller, act},
    api::Answer,
    canteens::Canteen,
    clock::At,
    db::Conn,
    headcounts,
    ids::{CanteenId, MenuId},
    menus::{
        Menu, MenuStatus,
        http::{MenuChange, NewMenu, change_menu, close, create, withdraw},
    },
    pages::{
        everyone::canteens,
        forms::{self, Asked, Errors, Fields, Sent, address, button, day, form},
        say,
        shell::Page,
        texts::{Text, staff as texts},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
    words::{Lang, Period},
};

type OfMenu = Path<(CanteenId, MenuId)>;

/// `GET /staff/{id}/menus/{menu}`
pub async fn show(visit: Visit<act::ReadDrafts>, path: OfMenu) -> Shown {
    let (id, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let (canteen, _) = on_duty(conn, caller, id)?;
            let menu = menu_of(conn, &canteen, menu)?;
            page(conn, look, &canteen, &menu, caller.now, &menu_form::of_menu(&menu), Errors::none())
        })
        .await
}

fn page(
    conn: &mut Conn,
    look: &Look,
    canteen: &Canteen,
    menu: &Menu,
    now: At,
    typed: &Fields,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let can_change = matches!(menu.status, MenuStatus::Draft | MenuStatus::Published);
    let prices = Prices::of(conn, canteen, std::slice::from_ref(menu))?;
    let content = html! {
        (facts(lang, canteen, menu, now))
        (acts(lang, canteen.id, menu, now))
        @if can_change {
            (form(look, html! {
                (forms::version(menu.version))
                (menu_form::shown(lang, typed, &errors))
                div .acts {
                (button(match menu.status {
                    MenuStatus::Published => texts::SAVE_PUBLISHED,
                    MenuStatus::Draft | MenuStatus::Withdrawn | MenuStatus::Closed => texts::SAVE_DRAFT,
                }.of(lang)))
                (menu_form::more(lang))
                }
            }))
        } @else { (canteens::items(lang, menu)) }
        (prices.shown(lang, canteen, now))
    };
    Ok(of_meal(lang, texts::MENU_TITLE, canteen, menu, now, content)
        .back(week_page(canteen.id, menu.served_on))
        .errors(errors))
}

fn of_meal(lang: Lang, title: Text, canteen: &Canteen, menu: &Menu, now: At, content: Markup) -> Page {
    meal_page(lang, title, &meal_title(lang, menu, canteen, now), canteen, content)
}

/// What follows from the canteen's rules and from what was reserved.
fn facts(lang: Lang, canteen: &Canteen, menu: &Menu, now: At) -> Markup {
    let (from, to) =
        (say::clock(canteen.zone, menu.serves_from_at), say::clock(canteen.zone, menu.serves_to_at));
    let cutoff = say::moment(lang, canteen.zone, menu.cutoff_at, now);
    html! {
        p { (badge(lang, menu.status)) " "
            (texts::PLACES.with(lang, &[("taken", &menu.taken), ("capacity", &menu.capacity)])) }
        p .hint {
            (texts::SERVED_FROM_TO.with(lang, &[("from", &from), ("to", &to)])) " "
            (texts::CUTOFF.with(lang, &[("until", &cutoff)])) " "
            (texts::TIMES_RULE.of(lang))
        }
    }
}

/// What can be done with the menu besides changing it.
fn acts(lang: Lang, canteen: CanteenId, menu: &Menu, now: At) -> Markup {
    let page = menu_page(canteen, menu.id);
    let link = |to: &str, text: Text| html! { " " a .quiet href={ (page) "/" (to) } { (text.of(lang)) } };
    html! {
        p .acts {
            @match menu.status {
                MenuStatus::Draft => {
                    a .button href={ (page) "/publish" } { (texts::PUBLISH.of(lang)) }
                    (link("withdraw", texts::DISCARD))
                }
                MenuStatus::Published => {
                    (link("kitchen", texts::KITCHEN_TITLE))
                    (link("door-list", texts::DOOR_TITLE))
                    (link("calls", texts::CALLS_TITLE))
                    (link("withdraw", texts::WITHDRAW))
                    @if menu.serves_from_at <= now { (link("close", texts::CLOSE)) }
                }
                MenuStatus::Closed | MenuStatus::Withdrawn => {
                    (link("kitchen", texts::KITCHEN_TITLE))
                    (link("door-list", texts::DOOR_TITLE))
                    (link("calls", texts::CALLS_TITLE))
                }
            }
        }
    }
}

/// `POST /staff/{id}/menus/{menu}`: changes the menu.
pub async fn change(visit: Visit<act::EditMenus>, path: OfMenu, sent: Sent) -> Shown {
    let (id, menu) = path.into_inner();
    let version = sent.fields.version()?;
    let planned = match asks_for_lines(&sent) {
        true => Err(Errors::none()),
        false => menu_form::read(&sent.fields, visit.lang()),
    };
    let planned = match planned {
        Ok(planned) => planned,
        Err(errors) => return again(&visit, id, menu, &sent, errors).await,
    };
    let change = MenuChange {
        capacity: Some(planned.capacity),
        modes: Some(planned.modes),
        note: Some(planned.note),
        items: planned.items,
    };
    let changed = visit
        .once(&sent, move |conn: &mut Conn, caller: &Caller, _: &Fields| {
            let (canteen, _) = on_duty(conn, caller, id)?;
            menu_of(conn, &canteen, menu)?;
            let (changed, _, _) = change_menu(conn, caller, menu, version, &change)?;
            Ok((changed.menu.served_on, !changed.touched.is_empty()))
        })
        .await;
    match changed {
        // Somebody ordered what they now have to be asked about.
        Ok((_, true)) => Ok(go(&address(&calls::page_of(id, menu), [("done", "changed")]))),
        Ok((on, false)) => {
            Ok(go(&format!("{}#menu-{menu}", address(&week_page(id, on), [("saved", "yes")]))))
        }
        Err(problem) => match field_of(&problem) {
            Some(field) => {
                let errors = Errors::of(field, &problem, visit.lang());
                again(&visit, id, menu, &sent, errors).await
            }
            None => Err(problem),
        },
    }
}

/// Whether the form was sent for more empty lines only.
fn asks_for_lines(sent: &Sent) -> bool {
    !sent.fields.get("more").is_empty()
}

/// Where a refusal can be mended.
fn field_of(problem: &Problem) -> Option<&'static str> {
    [(Code::BadMenu, "name-0"), (Code::CapacityBelowTaken, "capacity")]
        .into_iter()
        .find_map(|(code, field)| (problem.code == code).then_some(field))
}

async fn again(
    visit: &Visit<act::EditMenus>,
    id: CanteenId,
    menu: MenuId,
    sent: &Sent,
    errors: Errors,
) -> Shown {
    let typed = sent.fields.clone();
    visit
        .show(move |conn, caller, look| {
            let (canteen, _) = on_duty(conn, caller, id)?;
            let mut menu = menu_of(conn, &canteen, menu)?;
            // What was typed is about the menu as it was seen.
            menu.version = typed.version()?;
            page(conn, look, &canteen, &menu, caller.now, &typed, errors)
        })
        .await
}

/// Which meal a new menu is for.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    on: chrono::NaiveDate,
    period: Period,
}

impl Wanted {
    /// Fails with `bad_query`.
    fn of(query: &Fields) -> Result<Wanted, Problem> {
        match (day(query.get("on")), Period::from_word(query.get("period"))) {
            (Some(on), Some(period)) => Ok(Wanted { on, period }),
            (_, _) => Err(Code::BadQuery.into()),
        }
    }
}

/// `GET /staff/{id}/new-menu?on=2026-11-23&period=lunch`
pub async fn new_form(visit: Visit<act::EditMenus>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    let wanted = Wanted::of(&query)?;
    new_page(&visit, *id, wanted, None, Errors::none()).await
}

async fn new_page(
    visit: &Visit<act::EditMenus>,
    id: CanteenId,
    wanted: Wanted,
    typed: Option<Fields>,
    errors: Errors,
) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let usual = canteen.period(wanted.period)?;
            let typed = typed.unwrap_or_else(|| menu_form::of_usual(usual));
            let day = say::day(lang, wanted.on, canteen.today(caller.now));
            let meal = say::period(wanted.period).of(lang);
            let meal = say::sentence(&texts::MEAL_ON.with(lang, &[("day", &day), ("meal", &meal)]));
            let content = form(
                look,
                html! {
                    (menu_form::shown(lang, &typed, &errors))
                    div .acts { (button(texts::MAKE_BUTTON.of(lang))) (menu_form::more(lang)) }
                },
            );
            let page = meal_page(lang, texts::MAKE_MENU, &meal, &canteen, content);
            Ok(page.back(week_page(canteen.id, wanted.on)).errors(errors))
        })
        .await
}

/// `POST /staff/{id}/new-menu`: makes a draft.
pub async fn make(
    visit: Visit<act::EditMenus>,
    id: Path<CanteenId>,
    Asked(query): Asked,
    sent: Sent,
) -> Shown {
    let wanted = Wanted::of(&query)?;
    let planned = match asks_for_lines(&sent) {
        true => Err(Errors::none()),
        false => menu_form::read(&sent.fields, visit.lang()),
    };
    let planned = match planned {
        Ok(planned) => planned,
        Err(errors) => return new_page(&visit, *id, wanted, Some(sent.fields.clone()), errors).await,
    };
    let new = NewMenu {
        served_on: wanted.on,
        period: wanted.period,
        capacity: Some(planned.capacity),
        modes: Some(planned.modes),
        note: Some(planned.note),
        items: planned.items,
        publish: false,
    };
    match create(visit.api(), Path::from(*id), sent.keyed(new)).await.and_then(Answer::into_body) {
        Ok(made) => {
            let week = address(&week_page(*id, made.served_on), [("saved", "yes")]);
            Ok(go(&format!("{week}#menu-{}", made.id)))
        }
        Err(problem) => match field_of(&problem) {
            Some(field) => {
                let errors = Errors::of(field, &problem, visit.lang());
                new_page(&visit, *id, wanted, Some(sent.fields.clone()), errors).await
            }
            None => Err(problem),
        },
    }
}

/// `GET /staff/{id}/menus/{menu}/withdraw`
pub async fn withdraw_form(visit: Visit<act::EditMenus>, path: OfMenu) -> Shown {
    let (id, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let (canteen, _) = on_duty(conn, caller, id)?;
            let menu = menu_of(conn, &canteen, menu)?;
            let (title, button) = match menu.status {
                MenuStatus::Draft => (texts::DISCARD, texts::DISCARD_BUTTON),
                MenuStatus::Published | MenuStatus::Withdrawn | MenuStatus::Closed => {
                    (texts::WITHDRAW, texts::WITHDRAW_BUTTON)
                }
            };
            let means = match menu.taken {
                0 => texts::WITHDRAW_NOBODY.of(look.lang).to_owned(),
                taken => texts::WITHDRAW_MEANS.with(look.lang, &[("count", &taken)]),
            };
            Ok(ending(look, &canteen, &menu, caller.now, title, means, button))
        })
        .await
}

/// `POST /staff/{id}/menus/{menu}/withdraw`: what was reserved is cancelled; next comes whom to call.
pub async fn withdraw_menu(visit: Visit<act::EditMenus>, path: OfMenu, sent: Sent) -> Shown {
    let (id, menu) = path.into_inner();
    let ended = withdraw(visit.api(), Path::from(menu), sent.keyed(())).await.and_then(Answer::into_body)?;
    Ok(go(&match ended.to_call.is_empty() {
        true => week_page(id, ended.menu.served_on),
        false => address(&calls::page_of(id, menu), [("done", "withdrawn")]),
    }))
}

/// `GET /staff/{id}/menus/{menu}/close`
pub async fn close_form(visit: Visit<act::EditMenus>, path: OfMenu) -> Shown {
    let (id, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let (canteen, duty) = on_duty(conn, caller, id)?;
            let menu = menu_of(conn, &canteen, menu)?;
            let day = headcounts::http::day_now(conn, &duty, menu.served_on, caller.now)?;
            let counts = day.menus.iter().find(|count| count.menu_id == menu.id).map(|count| count.counts);
            let missing = counts.unwrap_or_default();
            let missing = missing.confirmed - missing.served_with_reservation;
            let means = texts::CLOSE_MEANS.with(look.lang, &[("count", &missing.people)]);
            Ok(ending(look, &canteen, &menu, caller.now, texts::CLOSE, means, texts::CLOSE_BUTTON))
        })
        .await
}

/// `POST /staff/{id}/menus/{menu}/close`: next comes who did not come.
pub async fn close_menu(visit: Visit<act::EditMenus>, path: OfMenu, sent: Sent) -> Shown {
    let (id, menu) = path.into_inner();
    close(visit.api(), Path::from(menu), sent.keyed(())).await.and_then(Answer::into_body)?;
    Ok(go(&address(&calls::page_of(id, menu), [("done", "closed")])))
}

/// The question whether a menu is to be ended, with what follows from it.
fn ending(
    look: &Look,
    canteen: &Canteen,
    menu: &Menu,
    now: At,
    title: Text,
    means: String,
    act: Text,
) -> Page {
    let lang = look.lang;
    let back = menu_page(canteen.id, menu.id);
    let can_end = matches!(menu.status, MenuStatus::Draft | MenuStatus::Published);
    let content = html! {
        @if can_end {
            p .lead { (means) }
            (form(look, html! {
                button .button .danger type="submit" { (act.of(lang)) }
            }))
            p { a .quiet href=(back) { (texts::KEEP_MENU.of(lang)) } }
        } @else {
            p .lead { (texts::ENDED_ALREADY.of(lang)) }
            p { a .quiet href=(home(canteen.id)) { (texts::TODAY_TITLE.of(lang)) } }
        }
    };
    of_meal(lang, title, canteen, menu, now, content).back(back)
}
