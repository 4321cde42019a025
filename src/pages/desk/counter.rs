//! One person at the desk: the meal that they probably want, with its price and the button that reserves it; other meals;
//! what they have reserved already.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    Client, Desk, Offer, Room,
    client::{next_meal, open_menus, upcoming, who},
    home_of, meals, order, waiting,
};
use crate::{
    access::{Caller, act},
    api::Answer,
    clock::At,
    db::Conn,
    ids::{CanteenId, MenuId, ReservationId, ResidentId},
    menus::Menu,
    pages::{
        forms::{self, Asked, Choice, Errors, Fields, Legend, Sent, address, any_of, form_to, hidden},
        resident::{dishes, meal_name, wish::Wish},
        say,
        shell::Page,
        texts::{desk as texts, resident},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
    reservations::http::{DeskChannel, NewReservation, ReservationChange, change_reservation, place},
    text::Slug,
    words::Lang,
};

/// A person's page at a desk.
pub type AtDesk = Path<(CanteenId, ResidentId)>;

/// `GET /desk/{id}/people/{resident}?menu=…`
pub async fn show(visit: Visit<act::Reserve>, path: AtDesk, Asked(query): Asked) -> Shown {
    let (desk, id) = path.into_inner();
    visit.show(move |conn, caller, look| page(conn, caller, look, (desk, id), &query, Errors::none())).await
}

/// Whoever chose nothing to eat is asked again.
fn page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    (desk, id): (CanteenId, ResidentId),
    fields: &Fields,
    errors: Errors,
) -> Result<Page, Fail> {
    let now = caller.now;
    let desk = Desk::of(conn, caller, desk)?;
    let client = Client::of(conn, caller, &desk, id, fields)?;
    let menus = open_menus(conn, &desk, now)?;
    let coming = upcoming(conn, &client, now)?;
    let reserved: Vec<MenuId> = coming.iter().map(|(_, menu)| menu.id).collect();
    let asked = Some(fields.get("menu")).filter(|menu| !menu.is_empty());
    let chosen = match asked {
        Some(menu) => Some(menu.parse().map_err(|_| Code::MenuNotFound)?),
        None => next_meal(&menus, &reserved, now).map(|menu| menu.id),
    };
    if let Some(menu) = chosen.filter(|_| order::says_nothing(fields)) {
        let sitting = super::client::sitting(conn, &desk, &client, menu)?;
        return Ok(order::unanswered(look, &desk, &client, &sitting, fields, now));
    }
    let offer = match chosen.filter(|_| client.resident.is_active()) {
        Some(menu) => Offer::of(conn, &desk, &client, menu, fields)?,
        None => None,
    };
    let lang = look.lang;
    let content = html! {
        p .lead { (who(lang, &client.resident)) }
        @if client.card.is_some() { p .notice { (texts::FROM_ELSEWHERE.of(lang)) } }
        @if !client.resident.is_active() { p .warning { (texts::CANNOT_RESERVE.of(lang)) } }
        div .columns {
            section {
                @match &offer {
                    Some(offer) => (offered(look, &desk, &client, offer, &errors, now)),
                    None => p .notice { (texts::NOTHING_TO_OFFER.of(lang)) },
                }
                (others(lang, &desk, &client, &menus, &reserved, offer.as_ref(), now))
            }
            section {
                (meals::list(conn, look, &desk, &client, &coming, now)?)
                (waiting::list(conn, look, &desk, &client, now)?)
                (ways(lang, &desk, &client))
            }
        }
    };
    Ok(desk
        .page(
            lang,
            Room::Desk,
            texts::PERSON_TITLE.with(lang, &[("name", &client.resident.full_name)]),
            content,
        )
        .heading(texts::PERSON_TITLE.marked(lang, &[("name", client.name(lang))]))
        .back(desk.home())
        .errors(errors))
}

/// The meal, what is due for it, and the button, which has the focus.
fn offered(look: &Look, desk: &Desk, client: &Client, offer: &Offer, errors: &Errors, now: At) -> Markup {
    let lang = look.lang;
    let Offer { sitting, wish, quote } = offer;
    let menu = &sitting.menu;
    let late = menu.cutoff_at < now;
    let until = say::moment(lang, sitting.canteen.zone, menu.cutoff_at, now);
    html! {
        div .meal .offer {
            h2 { (offer.name(lang, now)) }
            p .lead { (dishes(lang, menu, &wish.picks)) }
            p {
                @if let Some(mode) = wish.mode { (say::mode(mode).of(lang)) (say::between(lang)) }
                (texts::LISTED.with(lang, &[("money", &say::money(lang, quote.charge_fen))]))
            }
            p .due { (texts::DUE.with(lang, &[("money", &say::money(lang, quote.due_fen))])) }
            @if late { p .warning { (texts::LATE.with(lang, &[("until", &until)])) } }
            @if offer.is_full() {
                (waiting::offered(look, desk, client, offer, errors))
            } @else {
                (reserve_form(look, desk, client, offer, errors))
            }
            p { a .quiet href=(order::address(desk, client, menu, wish)) { (texts::OTHER_DISH.of(lang)) } }
        }
    }
}

fn reserve_form(look: &Look, desk: &Desk, client: &Client, offer: &Offer, errors: &Errors) -> Markup {
    let lang = look.lang;
    let Offer { sitting, wish, .. } = offer;
    let menu = &sitting.menu;
    let (act, by_phone) = match sitting.reserved {
        Some(_) => (texts::CHANGE_BUTTON, None),
        None => (texts::RESERVE_BUTTON, Some(texts::RESERVE_BY_PHONE)),
    };
    form_to(
        look,
        &client.page(desk),
        html! {
            (hidden("menu", &menu.id.to_string()))
            (client.hidden())
            (wish.hidden(menu, &["sure"]))
            @if let Some(reserved) = &sitting.reserved { (forms::version(reserved.version)) }
            (sure(lang, client, menu, wish, errors))
            div .acts {
                button .button type="submit" name="channel" value="desk" autofocus[errors.is_empty()] { (act.of(lang)) }
                @if let Some(by_phone) = by_phone {
                    button .quiet type="submit" name="channel" value="phone" { (by_phone.of(lang)) }
                }
            }
        },
    )
}

/// What the record says to avoid is accepted by name, or another dish is chosen (BR-13).
pub fn sure(lang: Lang, client: &Client, menu: &Menu, wish: &Wish, errors: &Errors) -> Markup {
    let unasked = Wish { confirmed: Vec::new(), ..wish.clone() };
    let conflicts = unasked.conflicts(menu, &client.resident);
    let mut allergens: Vec<&String> = conflicts.iter().flat_map(|(_, allergens)| allergens).collect();
    allergens.sort();
    allergens.dedup();
    let choice = |word: &&String| {
        let said = texts::SURE_ONE.with(lang, &[("allergen", &say::allergen(lang, word))]);
        Choice::new(word.as_str(), html! { (said) })
    };
    let choices: Vec<Choice> = allergens.iter().map(choice).collect();
    html! {
        @if !choices.is_empty() {
            @for (item, allergens) in &conflicts {
                p .warning { (resident::SURE_LEAD.marked(lang, &[
                    ("item", say::recorded(lang, &item.name)),
                    ("allergens", html! { (say::allergens(lang, allergens)) }),
                ])) }
            }
            (any_of("sure", Legend::Shown(texts::SURE.of(lang)), &choices,
                &|value| wish.confirmed.iter().any(|word| word == value), errors))
        }
    }
}

/// The other meals that can be reserved here.
fn others(
    lang: Lang,
    desk: &Desk,
    client: &Client,
    menus: &[Menu],
    reserved: &[MenuId],
    offer: Option<&Offer>,
    now: At,
) -> Markup {
    let shown = offer.map(|offer| offer.sitting.menu.id);
    let state = |menu: &Menu| {
        if reserved.contains(&menu.id) {
            texts::STATE_RESERVED.of(lang).to_owned()
        } else if menu.places_left() == 0 || menu.is_full() {
            texts::STATE_FULL.with(lang, &[("waiting", &menu.waiting)])
        } else if menu.cutoff_at < now {
            texts::STATE_LATE.of(lang).to_owned()
        } else {
            texts::STATE_LEFT.with(lang, &[("count", &menu.places_left())])
        }
    };
    let page = client.page(desk);
    html! {
        @if client.resident.is_active() && menus.iter().any(|menu| Some(menu.id) != shown) {
            h2 { (texts::OTHER_MEALS.of(lang)) }
            ul .ways {
                @for menu in menus.iter().filter(|menu| Some(menu.id) != shown) {
                    @let to = client.address(&page, &[("menu", &menu.id.to_string())]);
                    li { a href=(to) {
                        span { (say::sentence(&meal_name(lang, menu, &desk.canteen, now))) }
                        span .hint { (state(menu)) }
                    } }
                }
            }
        }
    }
}

/// What else can be done for them.
fn ways(lang: Lang, desk: &Desk, client: &Client) -> Markup {
    let record = format!("{}/residents/{}", desk.home(), client.resident.id);
    html! {
        @if client.card.is_none() {
            ul .ways { li { a href=(record) { (texts::TO_RECORD.of(lang)) } } }
        }
    }
}

/// `POST /desk/{id}/people/{resident}`: reserves, or changes what is reserved.
pub async fn reserve(visit: Visit<act::Reserve>, path: AtDesk, sent: Sent) -> Shown {
    let at = path.into_inner();
    match reserved(&visit, at, &sent).await {
        Ok(reservation) => Ok(go(&address(&home_of(at.0), [("done", reservation.to_string())]))),
        Err(problem) if problem.code == Code::DietConflict => {
            let errors = Errors::at("sure", resident::SURE_EACH.of(visit.lang()));
            visit.show(move |conn, caller, look| page(conn, caller, look, at, &sent.fields, errors)).await
        }
        // Somebody else was quicker: the page says so and offers to wait.
        Err(problem) if problem.code == Code::MenuFull => {
            visit
                .show(move |conn, caller, look| page(conn, caller, look, at, &sent.fields, Errors::none()))
                .await
        }
        Err(problem) => Err(problem),
    }
}

/// The version is that of the reservation which was looked at: without one a new meal is reserved.
async fn reserved(
    visit: &Visit<act::Reserve>,
    (desk, id): (CanteenId, ResidentId),
    sent: &Sent,
) -> Result<ReservationId, Problem> {
    let fields = sent.fields.clone();
    let (client, menu, wish, kept) = visit
        .allowed()
        .read(move |conn, caller| {
            let desk = Desk::of(conn, caller, desk)?;
            let client = Client::of(conn, caller, &desk, id, &fields)?;
            let menu: MenuId = fields.get("menu").parse().map_err(|_| Code::MenuNotFound)?;
            let sitting = super::client::sitting(conn, &desk, &client, menu)?;
            let wish = Wish::of(&fields, &sitting.menu);
            Ok((client, menu, wish, sitting.reserved.map(|reservation| reservation.id)))
        })
        .await?;
    let mode = wish.mode.ok_or(Code::ModeNotOffered)?;
    let confirmed_allergens = wish.confirmed.iter().filter_map(|word| Slug::parse(word).ok()).collect();
    match (sent.fields.version(), kept) {
        (Ok(version), Some(reservation)) => {
            let change = ReservationChange { mode, lines: wish.picks, confirmed_allergens };
            visit
                .once(sent, move |conn, caller, _| {
                    Ok(change_reservation(conn, caller, reservation, version, &change)?.id)
                })
                .await
        }
        (Ok(_), None) => Err(Code::Stale.into()),
        (Err(_), _) => {
            let new = NewReservation {
                menu_id: menu,
                resident_id: client.card.is_none().then_some(id),
                card_number: client.card,
                mode,
                lines: wish.picks,
                confirmed_allergens,
                channel: DeskChannel::from_word(sent.fields.get("channel")),
            };
            Ok(place(visit.api(), sent.keyed(new)).await.and_then(Answer::into_body)?.id)
        }
    }
}
