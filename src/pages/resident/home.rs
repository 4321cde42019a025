//! A resident's home: the next meals, and one large button for the next meal that can be reserved.

use actix_web::web::Path;
use chrono::Days;
use maud::{Markup, html};

use super::{Person, dishes, meal_name, meal_page, reserve_page, takes_reservations, waiting, wish};
use crate::{
    access::act,
    canteens,
    clock::At,
    db::Conn,
    ids::ResidentId,
    menus::{self, Menu},
    pages::{
        everyone::canteens::public_menus,
        say,
        shell::Page,
        texts::{resident as texts, standing},
        visit::{Look, Shown, Visit},
    },
    problem::Fail,
    reservations::{self, Reservation},
    words::Period,
};

/// How many days ahead a meal is looked for.
pub const DAYS_AHEAD: u64 = 14;

/// `GET /people/{id}`
pub async fn show(visit: Visit<act::ReadReservations>, id: Path<ResidentId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, *id)?;
            let next = upcoming(conn, &person, caller.now)?;
            let content = html! {
                (button_for_next(conn, look, &person, &next, caller.now)?)
                h2 { (texts::NEXT_MEALS.of(lang)) }
                (list(conn, look, &person, &next, caller.now)?)
                (waiting::list(conn, look, &person, caller.now)?)
                (ways(look, &person))
            };
            let name = say::recorded(lang, &person.resident.full_name);
            let title = if person.is_oneself() { texts::HELLO } else { texts::MEALS_OF };
            Ok(Page::new(title.with(lang, &[("name", &person.resident.full_name)]), content)
                .heading(title.marked(lang, &[("name", name)]))
                .help_from(&person.canteen))
        })
        .await
}

/// A reservation that stands for a meal that is not over, and its menu.
pub type Coming = (Reservation, Menu);

/// What the resident has reserved and not eaten yet, the next first.
pub fn upcoming(conn: &mut Conn, person: &Person, now: At) -> Result<Vec<Coming>, Fail> {
    let open = reservations::open_of_resident(conn, person.resident.id)?;
    let ids: Vec<_> = open.iter().map(|reservation| reservation.menu_id).collect();
    let menus = menus::by_ids(conn, &ids)?;
    let mut coming: Vec<Coming> = open
        .into_iter()
        .filter_map(|reservation| {
            let menu = menus.iter().find(|menu| menu.id == reservation.menu_id)?.clone();
            (menu.closes_at() > now).then_some((reservation, menu))
        })
        .collect();
    coming.sort_by_key(|(_, menu)| menu.serves_from_at);
    Ok(coming)
}

/// The next meals as links, or that there are none.
pub fn list(conn: &mut Conn, look: &Look, person: &Person, next: &[Coming], now: At) -> Result<Markup, Fail> {
    let lang = look.lang;
    let mut rows = Vec::new();
    for (reservation, menu) in next {
        let canteen = canteens::find(conn, menu.canteen_id)?;
        let elsewhere = (canteen.id != person.canteen.id).then(|| say::recorded(lang, &canteen.name));
        rows.push(html! {
            li { a .card href=(meal_page(person.resident.id, reservation.id)) {
                span .strong { (say::sentence(&meal_name(lang, menu, &canteen, now))) }
                span { (dishes(lang, menu, &reservation.lines)) }
                span .hint {
                    (say::mode(reservation.mode).of(lang))
                    @if let Some(elsewhere) = elsewhere { (say::between(lang)) (elsewhere) }
                }
            } }
        });
    }
    Ok(html! {
        @if rows.is_empty() { p { (texts::NO_NEXT_MEALS.of(lang)) } }
        ul .cards { @for row in rows { (row) } }
    })
}

/// The large button: to the check page with what the resident usually eats, or to the question what to eat.
fn button_for_next(
    conn: &mut Conn,
    look: &Look,
    person: &Person,
    next: &[Coming],
    now: At,
) -> Result<Markup, Fail> {
    let lang = look.lang;
    let today = person.canteen.today(now);
    let menus = public_menus(conn, &person.canteen, today..=today + Days::new(DAYS_AHEAD))?;
    let free: Vec<&Menu> = menus
        .iter()
        .filter(|menu| takes_reservations(menu, now))
        .filter(|menu| !next.iter().any(|(_, reserved)| reserved.id == menu.id))
        .collect();
    // Lunch is the meal that nearly everybody comes for; without one, whatever is next.
    let wanted = free.iter().find(|menu| menu.period == Period::Lunch).or(free.first());
    let Some(menu) = wanted else { return Ok(html! { p .notice { (texts::RESERVE_NONE_OPEN.of(lang)) } }) };
    let page = reserve_page(person.resident.id, menu.id);
    let to = match wish::usual(conn, menu, &person.resident)? {
        Some(usual) => usual.address(&format!("{page}/check"), menu),
        None => page,
    };
    let meal = meal_name(lang, menu, &person.canteen, now);
    Ok(html! {
        p { a .button href=(to) { (texts::RESERVE_NEXT.with(lang, &[("meal", &meal)])) } }
        p { a .quiet href={ (person.home()) "/reserve" } { (texts::RESERVE_OTHER.of(lang)) } }
    })
}

fn ways(look: &Look, person: &Person) -> Markup {
    let lang = look.lang;
    let home = person.home();
    html! {
        ul .ways {
            li { a href={ (home) "/meals" } { (texts::TO_MEALS.of(lang)) } }
            li { a href={ (home) "/standing" } { (standing::TO_STANDING.of(lang)) } }
            li { a href={ (home) "/past" } { (texts::TO_PAST.of(lang)) } }
            @if person.is_oneself() { li { a href={ (home) "/family" } { (texts::TO_FAMILY.of(lang)) } } }
            @else { li { a href="/home?all=1" { (texts::TO_OTHERS.of(lang)) } } }
            li { a href={ "/canteens/" (person.canteen.id) "/prices" } { (texts::TO_PRICES.of(lang)) } }
        }
    }
}
