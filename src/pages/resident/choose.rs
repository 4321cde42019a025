//! Choosing a meal: which one, what to eat, how it is served; and, where the record says so, what one is sure about.
//!
//! Nothing is written here: the answers travel in the address to the page on which they are checked.

use actix_web::web::Path;
use chrono::Days;
use maud::{Markup, html};

use super::{
    Person, Sitting,
    home::DAYS_AHEAD,
    is_open, meal_name, meal_page, reserve_page, takes_reservations,
    waiting::wait_page,
    wish::{Portions, Wish, on_record},
};
use crate::{
    access::act,
    canteens::{self, Canteen},
    ids::{CanteenId, MenuId, ResidentId},
    menus::{Item, Menu},
    money::Fen,
    page::Window,
    pages::{
        everyone::canteens::{contents, is_sold_out, public_menus, until},
        forms::{Asked, Choice, Errors, Fields, Legend, any_of, one_of},
        say,
        shell::Page,
        texts::{everyone, resident as texts, shell, waiting},
        visit::{Look, Shown, Visit, go},
    },
    problem::Code,
    reservations,
    words::{ItemKind, Mode},
};

type OfMenu = Path<(ResidentId, MenuId)>;

/// `GET /people/{id}/reserve`: which meal.
pub async fn which(visit: Visit<act::ReadReservations>, id: Path<ResidentId>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, *id)?;
            let elsewhere = query.get("canteen").parse::<CanteenId>().ok();
            let canteen = match elsewhere {
                Some(id) => canteens::find(conn, id)?,
                None => person.canteen.clone(),
            };
            let today = canteen.today(caller.now);
            let menus = public_menus(conn, &canteen, today..=today + Days::new(DAYS_AHEAD))?;
            let open: Vec<&Menu> =
                menus.iter().filter(|menu| menu.cutoff_at >= caller.now && menu.closed_at.is_none()).collect();
            let mut rows = Vec::new();
            for menu in &open {
                let reserved = reservations::active_of(conn, menu.id, person.resident.id)?;
                let room = takes_reservations(menu, caller.now);
                let waits = !room && is_open(menu, caller.now);
                let to = match &reserved {
                    Some(reservation) => meal_page(person.resident.id, reservation.id),
                    None if waits => wait_page(person.resident.id, menu.id),
                    None => reserve_page(person.resident.id, menu.id),
                };
                let hint = match reserved {
                    Some(_) => texts::RESERVED_ALREADY.of(lang).to_owned(),
                    None if room => {
                        let until = say::moment(lang, canteen.zone, menu.cutoff_at, caller.now);
                        texts::UNTIL.with(lang, &[("until", &until)])
                    }
                    None if waits => waiting::FULL_WAIT.of(lang).to_owned(),
                    None => until(lang, &canteen, menu, caller.now),
                };
                let name = say::sentence(&meal_name(lang, menu, &canteen, caller.now));
                rows.push(html! { li { a .card href=(to) {
                    span .strong { (name) }
                    span { (names(look, menu)) }
                    span .hint { (hint) }
                } } });
            }
            let content = html! {
                @if elsewhere.is_some() {
                    p .notice { (texts::WHICH_MEAL_AT.marked(lang, &[("canteen", say::recorded(lang, &canteen.name))])) }
                }
                @if rows.is_empty() { p { (texts::RESERVE_NONE_OPEN.of(lang)) } }
                ul .cards { @for row in rows { (row) } }
                p { a .quiet href={ (person.home()) "/reserve/elsewhere" } { (texts::OTHER_CANTEEN.of(lang)) } }
            };
            Ok(about(look, &person, texts::WHICH_MEAL.of(lang), content).back(person.home()).help_from(&canteen))
        })
        .await
}

/// The set meals of a menu, or else its dishes, by name.
fn names(look: &Look, menu: &Menu) -> Markup {
    let sets: Vec<&Item> = menu.offered().filter(|item| item.kind == ItemKind::Set).collect();
    let shown = if sets.is_empty() { menu.offered().collect() } else { sets };
    html! {
        @for (position, item) in shown.iter().enumerate() {
            @if position > 0 { (say::between(look.lang)) }
            (say::recorded(look.lang, &item.name))
        }
    }
}

/// `GET /people/{id}/reserve/elsewhere`: at which other canteen.
pub async fn elsewhere(
    visit: Visit<act::ReadReservations>,
    id: Path<ResidentId>,
    Asked(query): Asked,
) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, *id)?;
            let cursor = Some(query.get("cursor")).filter(|cursor| !cursor.is_empty());
            let window = Window::new(None, cursor)?;
            let found = canteens::list(conn, None, window.after(), window.rows())?;
            let page = window.page(found, |canteen| canteen.id);
            let reserve = format!("{}/reserve", person.home());
            let others: Vec<&Canteen> =
                page.items.iter().filter(|canteen| canteen.id != person.canteen.id).collect();
            let content = html! {
                ul .cards {
                    @for canteen in others {
                        li { a .card href={ (reserve) "?canteen=" (canteen.id) } {
                            span .strong { (say::recorded(lang, &canteen.name)) }
                            span .hint { (say::recorded(lang, &canteen.address)) }
                        } }
                    }
                }
                @if let Some(next) = &page.next {
                    p { a .quiet href={ (reserve) "/elsewhere?cursor=" (next) } { (everyone::MORE_CANTEENS.of(lang)) } }
                }
            };
            Ok(about(look, &person, texts::WHICH_CANTEEN.of(lang), content).back(reserve))
        })
        .await
}

/// A page about a resident: the window's title says whom where a family member looks.
pub fn about(_: &Look, person: &Person, title: impl Into<String>, content: Markup) -> Page {
    let page = Page::new(title, content).help_from(&person.canteen);
    if person.is_oneself() { page } else { page.about(&person.resident.full_name) }
}

/// `GET /people/{id}/reserve/{menu}`: what to eat.
pub async fn what(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    let (id, menu) = path.into_inner();
    let shown = visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let sitting = Sitting::open(conn, &person, menu, caller.now)?;
            let mut wish = Wish::of(&query, &sitting.menu);
            if let (Some(reserved), true) = (&sitting.reserved, wish.picks.is_empty()) {
                wish = Wish::reserved(reserved);
            }
            Ok(what_page(look, &person, &sitting, &wish, caller.now, Errors::none()))
        })
        .await;
    or_wait(shown, id, menu)
}

/// When a meal turns out to be full, one is asked whether to wait for a place.
pub fn or_wait(shown: Shown, resident: ResidentId, menu: MenuId) -> Shown {
    match shown {
        Err(problem) if problem.code == Code::MenuFull => Ok(go(&wait_page(resident, menu))),
        shown => shown,
    }
}

fn what_page(
    look: &Look,
    person: &Person,
    sitting: &Sitting,
    wish: &Wish,
    now: crate::clock::At,
    errors: Errors,
) -> Page {
    let lang = look.lang;
    let (menu, resident) = (&sitting.menu, &person.resident);
    let choices = |kind: ItemKind| -> Vec<Choice> {
        let offered = menu.offered().filter(move |item| item.kind == kind && !is_sold_out(item));
        offered.map(|item| item_choice(look, person, item)).collect()
    };
    let (mut sets, dishes) = (choices(ItemKind::Set), choices(ItemKind::Dish));
    if !sets.is_empty() && !dishes.is_empty() {
        sets.push(Choice::new("", html! { (texts::NO_SET.of(lang)) }));
    }
    let picked = |kind: ItemKind| {
        let of_kind = move |id| menu.item(id).is_some_and(|item: &Item| item.kind == kind);
        wish.picks.iter().map(|pick| pick.item_id).filter(move |id| of_kind(*id))
    };
    let set = picked(ItemKind::Set).next().map(|id| id.to_string());
    // Where single dishes were chosen alone, no set is an answer too.
    let none = if wish.picks.is_empty() { "none yet" } else { "" };
    let chosen: Vec<String> = picked(ItemKind::Dish).map(|id| id.to_string()).collect();
    let page = reserve_page(resident.id, menu.id);
    let content = html! {
        form method="get" action={ (page) "/how" } {
            (wish.hidden(menu, &["set", "dish", "n-", "sure"]))
            @if !sets.is_empty() {
                (one_of("set", Legend::Shown(texts::WHICH_SET.of(lang)), &sets, set.as_deref().unwrap_or(none), &errors))
            }
            @if !dishes.is_empty() {
                (any_of("dish", Legend::Shown(texts::WHICH_DISHES.of(lang)), &dishes,
                    &|value| chosen.iter().any(|id| id == value), &errors))
            }
            button .button type="submit" { (shell::NEXT.of(lang)) }
        }
    };
    let title = texts::WHAT.with(lang, &[("meal", &sitting.name(lang, now))]);
    about(look, person, title, content)
        .back(format!("{}/reserve", person.home()))
        .help_from(&sitting.canteen)
        .errors(errors)
        .read_aloud()
}

fn item_choice(look: &Look, person: &Person, item: &Item) -> Choice {
    let lang = look.lang;
    let avoided = on_record(item, &person.resident);
    let label = html! {
        span { (say::recorded(lang, &item.name)) " " span .price { (say::money(lang, item.price_fen)) } }
    };
    let hint = html! {
        (contents(lang, item))
        @if !avoided.is_empty() {
            br; strong { (texts::NOT_FOR_YOU.with(lang, &[("allergens", &say::allergens(lang, &avoided))])) }
        }
    };
    Choice::new(item.id.to_string(), label).hint(hint)
}

/// `GET /people/{id}/reserve/{menu}/how`: how it is served; where there is but one way, that is no question.
pub async fn how(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    let (id, menu) = path.into_inner();
    let asked = query.clone();
    let (only, next) = visit
        .allowed()
        .read(move |conn, caller| {
            let person = Person::of(conn, caller, id)?;
            let sitting = Sitting::open(conn, &person, menu, caller.now)?;
            let mut wish = Wish::of(&asked, &sitting.menu);
            if let [only] = sitting.menu.modes.as_slice() {
                wish.mode = Some(*only);
            }
            let next = wish.address(&format!("{}/check", reserve_page(id, menu)), &sitting.menu);
            Ok((sitting.menu.modes.len() == 1 && !wish.picks.is_empty(), next))
        })
        .await?;
    if only {
        return Ok(go(&next));
    }
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let sitting = Sitting::open(conn, &person, menu, caller.now)?;
            let wish = Wish::of(&query, &sitting.menu);
            if wish.picks.is_empty() {
                let sets = sitting.menu.offered().any(|item| item.kind == ItemKind::Set);
                let field = if sets { "set" } else { "dish" };
                let errors = Errors::at(field, texts::CHOOSE_SOMETHING.of(look.lang));
                return Ok(what_page(look, &person, &sitting, &wish, caller.now, errors));
            }
            Ok(how_page(look, &person, &sitting, &wish, caller.now))
        })
        .await
}

fn how_page(look: &Look, person: &Person, sitting: &Sitting, wish: &Wish, now: crate::clock::At) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let choices: Vec<Choice> = menu.modes.iter().map(|mode| mode_choice(look, menu, *mode)).collect();
    let chosen = wish.mode.or(menu.modes.first().copied()).map_or("", Mode::as_str);
    let title = texts::HOW.with(lang, &[("meal", &sitting.name(lang, now))]);
    let page = reserve_page(person.resident.id, menu.id);
    let content = html! {
        form method="get" action={ (page) "/check" } {
            (wish.hidden(menu, &["mode"]))
            (one_of("mode", Legend::Heard(&title), &choices, chosen, &Errors::none()))
            button .button type="submit" { (shell::NEXT.of(lang)) }
        }
    };
    about(look, person, title, content).back(wish.address(&page, menu)).help_from(&sitting.canteen)
}

/// A way of serving as an answer, with what a delivery costs.
pub fn mode_choice(look: &Look, menu: &Menu, mode: Mode) -> Choice {
    let choice = Choice::new(mode.as_str(), html! { (say::mode_long(mode).of(look.lang)) });
    if mode == Mode::Delivery && menu.delivery_fee_fen > Fen::ZERO {
        let fee = say::money(look.lang, menu.delivery_fee_fen);
        choice.hint(html! { (texts::DELIVERY_COSTS.with(look.lang, &[("fee", &fee)])) })
    } else {
        choice
    }
}

/// `GET /people/{id}/reserve/{menu}/portions`: how many of each.
pub async fn portions(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    let (id, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, id)?;
            let sitting = Sitting::open(conn, &person, menu, caller.now)?;
            let wish = Wish::of(&query, &sitting.menu);
            let page = format!("{}/check", reserve_page(id, menu));
            let content = html! {
                p { (texts::HOW_MANY_HINT.of(lang)) }
                form method="get" action=(page) {
                    (wish.hidden(&sitting.menu, &["n-"]))
                    @for pick in &wish.picks {
                        @let name = format!("n-{}", pick.item_id);
                        @let item = sitting.menu.item(pick.item_id);
                        div .field {
                            label for=(name) { @if let Some(item) = item { (say::recorded(lang, &item.name)) } }
                            select id=(name) name=(name) {
                                @for count in (1..=9).filter_map(|count| Portions::new(count).ok()).map(Portions::get) {
                                    option value=(count) selected[count == pick.portions] {
                                        (say::portions(lang, count))
                                    }
                                }
                            }
                        }
                    }
                    button .button type="submit" { (shell::NEXT.of(lang)) }
                }
            };
            Ok(about(look, &person, texts::HOW_MANY.of(lang), content)
                .back(wish.address(&page, &sitting.menu))
                .help_from(&sitting.canteen))
        })
        .await
}

/// `GET /people/{id}/reserve/{menu}/sure`: what the record says to avoid is confirmed by name (BR-13), or changed.
pub async fn sure(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    let (id, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let sitting = Sitting::open(conn, &person, menu, caller.now)?;
            Ok(sure_page(look, &person, &sitting, &query))
        })
        .await
}

fn sure_page(look: &Look, person: &Person, sitting: &Sitting, query: &Fields) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let wish = Wish::of(query, menu);
    let unasked = Wish { confirmed: Vec::new(), ..wish.clone() };
    let conflicts = unasked.conflicts(menu, &person.resident);
    let mut allergens: Vec<&String> = conflicts.iter().flat_map(|(_, allergens)| allergens).collect();
    allergens.sort();
    allergens.dedup();
    let choices: Vec<Choice> = allergens
        .iter()
        .map(|word| {
            let words = texts::SURE_ONE.with(lang, &[("allergen", &say::allergen(lang, word))]);
            Choice::new(word.as_str(), html! { (words) })
        })
        .collect();
    let open = !wish.conflicts(menu, &person.resident).is_empty();
    // Asked again only of whoever went on without confirming each.
    let errors = match query.get("asked").is_empty() || !open {
        true => Errors::none(),
        false => Errors::at("sure", texts::SURE_EACH.of(lang)),
    };
    let page = reserve_page(person.resident.id, menu.id);
    let content = html! {
        @for (item, allergens) in &conflicts {
            p .warning { (texts::SURE_LEAD.marked(lang, &[
                ("item", say::recorded(lang, &item.name)),
                ("allergens", html! { (say::allergens(lang, allergens)) }),
            ])) }
        }
        p { a .button href=(unasked.address(&page, menu)) { (texts::SURE_OTHER.of(lang)) } }
        form method="get" action={ (page) "/check" } {
            (unasked.hidden(menu, &[]))
            (crate::pages::forms::hidden("asked", "1"))
            (any_of("sure", Legend::Shown(texts::SURE_QUESTION.of(lang)), &choices,
                &|value| wish.confirmed.iter().any(|word| word == value), &errors))
            button .quiet type="submit" { (texts::SURE_GO.of(lang)) }
        }
    };
    about(look, person, texts::SURE_TITLE.of(lang), content)
        .back(unasked.address(&page, menu))
        .help_from(&sitting.canteen)
        .errors(errors)
        .read_aloud()
}
