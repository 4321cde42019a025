//! Another dish, another way, more portions: the whole menu on one page, for whoever asks for something else than usual.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    Client, Desk, Room,
    client::{sitting, wish as known_wish},
};
use crate::{
    access::act,
    clock::At,
    ids::{CanteenId, MenuId, ResidentId},
    menus::{Item, Menu},
    money::Fen,
    pages::{
        everyone::canteens::{contents, is_sold_out},
        forms::{self, Asked, Choice, Errors, Fields, Legend, any_of, hidden, one_of},
        resident::{
            Sitting, meal_name,
            wish::{Portions, Wish, on_record},
        },
        say,
        shell::Page,
        texts::{desk as texts, resident},
        visit::{Look, Shown, Visit},
    },
    residents::Resident,
    words::{ItemKind, Lang, Mode},
};

/// What says that this page was answered.
const ANSWERED: &str = "order";

/// The page for this meal, with what was chosen so far.
pub fn address(desk: &Desk, client: &Client, menu: &Menu, wish: &Wish) -> String {
    carrying(wish, client, &format!("{}/order/{}", client.page(desk), menu.id), menu, &[])
}

/// An address that carries what was chosen, and more.
fn carrying(wish: &Wish, client: &Client, path: &str, menu: &Menu, more: &[(&str, &str)]) -> String {
    let chosen = wish.pairs(menu);
    let chosen = chosen.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    client.address(path, &more.iter().copied().chain(chosen).collect::<Vec<_>>())
}

/// Whether this page was answered without choosing anything to eat.
pub fn says_nothing(fields: &Fields) -> bool {
    let chosen = fields.all("set").chain(fields.all("dish")).any(|id| !id.is_empty());
    !fields.get(ANSWERED).is_empty() && !chosen
}

/// `GET /desk/{id}/people/{resident}/order/{menu}`
pub async fn show(
    visit: Visit<act::Reserve>,
    path: Path<(CanteenId, ResidentId, MenuId)>,
    Asked(query): Asked,
) -> Shown {
    let (desk, id, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let desk = Desk::of(conn, caller, desk)?;
            let client = Client::of(conn, caller, &desk, id, &query)?;
            let sitting = sitting(conn, &desk, &client, menu)?;
            let wish = known_wish(conn, &client, &sitting, &query)?.unwrap_or_default();
            Ok(page(look, &desk, &client, &sitting, &wish, Errors::none(), caller.now))
        })
        .await
}

/// The same page, for whoever chose nothing.
pub fn unanswered(
    look: &Look,
    desk: &Desk,
    client: &Client,
    sitting: &Sitting,
    fields: &Fields,
    now: At,
) -> Page {
    let sets = sitting.menu.offered().any(|item| item.kind == ItemKind::Set);
    let field = if sets { "set" } else { "dish" };
    let errors = Errors::at(field, resident::CHOOSE_SOMETHING.of(look.lang));
    page(look, desk, client, sitting, &Wish::of(fields, &sitting.menu), errors, now)
}

fn page(
    look: &Look,
    desk: &Desk,
    client: &Client,
    sitting: &Sitting,
    wish: &Wish,
    errors: Errors,
    now: At,
) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let meal = say::sentence(&meal_name(lang, menu, &sitting.canteen, now));
    let title = texts::ORDER_TITLE.with(lang, &[("name", &client.resident.full_name), ("meal", &meal)]);
    let content = html! {
        form method="get" action=(client.page(desk)) {
            (hidden("menu", &menu.id.to_string()))
            (hidden(ANSWERED, "1"))
            (client.hidden())
            div .columns {
                div { (sets(lang, &client.resident, menu, wish, &errors)) (modes(lang, menu, wish)) }
                div { (dishes(lang, &client.resident, menu, wish, &errors)) (portions(lang, menu, wish)) }
            }
            (forms::button(texts::ORDER_BUTTON.of(lang)))
        }
    };
    desk.page(lang, Room::Desk, title, content)
        .heading(texts::ORDER_TITLE.marked(lang, &[("name", client.name(lang)), ("meal", html! { (meal) })]))
        .back(carrying(wish, client, &client.page(desk), menu, &[("menu", &menu.id.to_string())]))
        .errors(errors)
}

fn offered(menu: &Menu, kind: ItemKind) -> impl Iterator<Item = &Item> {
    menu.offered().filter(move |item| item.kind == kind && !is_sold_out(item))
}

fn picked(menu: &Menu, wish: &Wish, kind: ItemKind) -> Vec<String> {
    let of_kind = |id| menu.item(id).is_some_and(|item| item.kind == kind);
    wish.picks.iter().filter(|pick| of_kind(pick.item_id)).map(|pick| pick.item_id.to_string()).collect()
}

fn sets(lang: Lang, resident: &Resident, menu: &Menu, wish: &Wish, errors: &Errors) -> Markup {
    let mut choices: Vec<Choice> =
        offered(menu, ItemKind::Set).map(|item| choice(lang, resident, item)).collect();
    if choices.is_empty() {
        return html! {};
    }
    if offered(menu, ItemKind::Dish).next().is_some() {
        choices.push(Choice::new("", html! { (resident::NO_SET.of(lang)) }));
    }
    let chosen = picked(menu, wish, ItemKind::Set);
    // Where single dishes were chosen alone, no set is an answer too.
    let none = if wish.picks.is_empty() { "none yet" } else { "" };
    let chosen = chosen.first().map_or(none, String::as_str);
    one_of("set", Legend::Shown(resident::WHICH_SET.of(lang)), &choices, chosen, errors)
}

fn dishes(lang: Lang, resident: &Resident, menu: &Menu, wish: &Wish, errors: &Errors) -> Markup {
    let choices: Vec<Choice> =
        offered(menu, ItemKind::Dish).map(|item| choice(lang, resident, item)).collect();
    if choices.is_empty() {
        return html! {};
    }
    let chosen = picked(menu, wish, ItemKind::Dish);
    let is_chosen = |value: &str| chosen.iter().any(|id| id == value);
    any_of("dish", Legend::Shown(resident::WHICH_DISHES.of(lang)), &choices, &is_chosen, errors)
}

fn choice(lang: Lang, resident: &Resident, item: &Item) -> Choice {
    let avoided = on_record(item, resident);
    let label = html! {
        span { (say::recorded(lang, &item.name)) " " span .price { (say::money(lang, item.price_fen)) } }
    };
    Choice::new(item.id.to_string(), label).hint(html! {
        (contents(lang, item))
        @if !avoided.is_empty() {
            br; strong { (resident::NOT_FOR_YOU.with(lang, &[("allergens", &say::allergens(lang, &avoided))])) }
        }
    })
}

fn modes(lang: Lang, menu: &Menu, wish: &Wish) -> Markup {
    let choice = |mode: &Mode| {
        let choice = Choice::new(mode.as_str(), html! { (say::sentence(say::mode(*mode).of(lang))) });
        let costs = *mode == Mode::Delivery && menu.delivery_fee_fen > Fen::ZERO;
        let fee = say::money(lang, menu.delivery_fee_fen);
        match costs {
            true => choice.hint(html! { (resident::DELIVERY_COSTS.with(lang, &[("fee", &fee)])) }),
            false => choice,
        }
    };
    let choices: Vec<Choice> = menu.modes.iter().map(choice).collect();
    let chosen = wish.mode.or(menu.modes.first().copied()).map_or("", Mode::as_str);
    one_of("mode", Legend::Shown(resident::SERVED.of(lang)), &choices, chosen, &Errors::none())
}

/// More than one portion, of whatever is chosen above.
fn portions(lang: Lang, menu: &Menu, wish: &Wish) -> Markup {
    let count =
        |item: &Item| wish.picks.iter().find(|pick| pick.item_id == item.id).map_or(1, |pick| pick.portions);
    let some = wish.picks.iter().any(|pick| pick.portions > 1);
    let numbers = || (1..=9).filter_map(|count| Portions::new(count).ok()).map(Portions::get);
    html! {
        details open[some] {
            summary { (resident::HOW_MANY.of(lang)) }
            p .hint { (resident::HOW_MANY_HINT.of(lang)) }
            @for item in menu.offered().filter(|item| !is_sold_out(item)) {
                @let name = format!("n-{}", item.id);
                div .field .beside {
                    label for=(name) { (say::recorded(lang, &item.name)) }
                    select id=(name) name=(name) {
                        @for number in numbers() {
                            option value=(number) selected[number == count(item)] { (say::portions(lang, number)) }
                        }
                    }
                }
            }
        }
    }
}
