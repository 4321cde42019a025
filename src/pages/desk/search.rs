//! The desk itself: the search field, ready for the next person; above it, what was just done for the last.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    Desk, Room,
    client::{Booked, page_of, who},
};
use crate::{
    access::{Caller, act},
    clock::At,
    db::Conn,
    ids::{CanteenId, ReservationId, WaitingEntryId},
    menus,
    pages::{
        forms::{Asked, Fields, address, form_to},
        resident::{dishes, meal_name},
        say,
        shell::Page,
        texts::desk as texts,
        visit::{Look, Shown, Visit, go},
    },
    problem::Fail,
    reservations::{
        ReservationStatus,
        waiting::{self, WaitingStatus},
    },
    residents::{self, Resident, Search},
    text::CardNumber,
    words::Lang,
};

/// How many people are listed at most: whoever is not among them is found with one letter more.
const MOST_FOUND: usize = 20;

/// `GET /desk/{id}?q=lfe`: whoever is found alone is opened at once.
pub async fn show(visit: Visit<act::ReadResidents>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    let id = *id;
    let asked = query.get("q").to_owned();
    let found = visit.allowed().read(move |conn, caller| found(conn, caller, id, &asked)).await?;
    match found {
        Found::One(page) => Ok(go(&page)),
        Found::Some(residents, more) => {
            visit
                .show(move |conn, caller, look| {
                    let desk = Desk::of(conn, caller, id)?;
                    page(conn, caller, look, &desk, &query, &residents, more)
                })
                .await
        }
    }
}

/// Who is meant by what was typed.
enum Found {
    /// The page of the only one.
    One(String),
    /// All that fit, and whether there are more.
    Some(Vec<Resident>, bool),
}

fn found(conn: &mut Conn, caller: &Caller, id: CanteenId, asked: &str) -> Result<Found, Fail> {
    let desk = Desk::of(conn, caller, id)?;
    if asked.is_empty() {
        return Ok(Found::Some(Vec::new(), false));
    }
    let wanted = Search {
        canteens: vec![desk.canteen.id],
        text: Some(asked.chars().take(60).collect()),
        after: None,
        limit: MOST_FOUND as i64 + 1,
    };
    let mut residents = residents::search(conn, &wanted)?;
    let more = residents.len() > MOST_FOUND;
    residents.truncate(MOST_FOUND);
    // Whoever can have a meal comes first.
    residents.sort_by_key(|resident| !resident.is_active());
    Ok(match residents.as_slice() {
        [only] => Found::One(page_of(&desk, only.id)),
        [] => match visitor(conn, &desk, asked)? {
            Some(page) => Found::One(page),
            None => Found::Some(residents, false),
        },
        _ => Found::Some(residents, more),
    })
}

/// The page of a resident from elsewhere who presents this card here.
fn visitor(conn: &mut Conn, desk: &Desk, asked: &str) -> Result<Option<String>, Fail> {
    let Ok(card) = CardNumber::parse(asked) else { return Ok(None) };
    let holder = residents::by_card(conn, card.as_str())?.filter(Resident::is_active);
    Ok(holder.map(|resident| address(&page_of(desk, resident.id), [("card", card.as_str())])))
}

fn page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    desk: &Desk,
    query: &Fields,
    found: &[Resident],
    more: bool,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let asked = query.get("q");
    let content = html! {
        (done(conn, caller, look, desk, query)?)
        (field(lang, desk, asked, found.is_empty()))
        @if !asked.is_empty() && found.is_empty() {
            p .warning role="status" { (texts::NOBODY_FOUND.with(lang, &[("text", &asked)])) }
            p { a .quiet href={ (desk.home()) "/residents/new" } { (texts::REGISTER.of(lang)) } }
        }
        @if !found.is_empty() {
            h2 #found { (texts::FOUND.with(lang, &[("count", &found.len())])) }
            ul .found aria-labelledby="found" {
                @for (position, resident) in found.iter().enumerate() {
                    li { a .card href=(page_of(desk, resident.id)) autofocus[position == 0] {
                        span .strong { (say::recorded(lang, &resident.full_name)) }
                        span .hint {
                            (who(lang, resident))
                            @if !resident.is_active() { (say::between(lang)) (texts::NOT_ACTIVE.of(lang)) }
                        }
                    } }
                }
            }
            @if more { p .hint { (texts::MORE_FOUND.of(lang)) } }
        }
    };
    let just_done = !query.get("done").is_empty() || !query.get("waits").is_empty();
    let title = match (asked.is_empty(), found.is_empty()) {
        (true, _) if just_done => texts::DESK_DONE_TITLE,
        (true, _) => texts::DESK_TITLE,
        (false, true) => texts::DESK_NOBODY_TITLE,
        (false, false) => texts::DESK_FOUND_TITLE,
    };
    Ok(desk.page(lang, Room::Desk, title.of(lang), content).back(format!("/staff/{}", desk.canteen.id)))
}

/// The field in which somebody is looked for. It has the focus unless somebody was found.
fn field(lang: Lang, desk: &Desk, asked: &str, focus: bool) -> Markup {
    html! {
        form .search method="get" action=(desk.home()) role="search" {
            label for="q" { (texts::SEARCH.of(lang)) }
            p .hint #q-hint { (texts::SEARCH_HINT.of(lang)) }
            div .row {
                input .line #q name="q" type="search" value=(asked) autocomplete="off" autocapitalize="none"
                    spellcheck="false" maxlength="60" aria-describedby="q-hint" autofocus[focus];
                button .button type="submit" { (texts::SEARCH_BUTTON.of(lang)) }
            }
        }
    }
}

/// What was just done, with the way to undo it.
fn done(conn: &mut Conn, caller: &Caller, look: &Look, desk: &Desk, query: &Fields) -> Result<Markup, Fail> {
    if let Ok(id) = query.get("done").parse::<ReservationId>() {
        let booked = Booked::of(conn, caller, desk, id)?;
        return Ok(done_meal(look, desk, &booked, caller.now));
    }
    if let Ok(id) = query.get("waits").parse::<WaitingEntryId>() {
        return done_waiting(conn, look, desk, id, caller.now);
    }
    Ok(html! {})
}

fn done_meal(look: &Look, desk: &Desk, booked: &Booked, now: At) -> Markup {
    let lang = look.lang;
    let (reservation, menu) = (&booked.reservation, &booked.sitting.menu);
    let stands = reservation.status == ReservationStatus::Active;
    let meal = html! { (booked.name(lang, now)) };
    let name = booked.client.name(lang);
    let said = if stands { texts::DONE_MEAL } else { texts::DONE_CANCELLED };
    html! {
        div .notice .done role="status" {
            p .strong { (said.marked(lang, &[("name", name), ("meal", meal)])) }
            @if stands {
                p {
                    (dishes(lang, menu, &reservation.lines)) (say::between(lang))
                    (say::mode(reservation.mode).of(lang)) (say::between(lang))
                    (texts::DUE.with(lang, &[("money", &say::money(lang, booked.due_fen))]))
                }
                div .acts {
                    (form_to(look, &super::meals::cancel_page(desk, reservation.id), html! {
                        button .quiet type="submit" { (texts::UNDO.of(lang)) }
                    }))
                    a .quiet href=(booked.client.address(&booked.client.page(desk), &[])) {
                        (texts::MORE_FOR.marked(lang, &[("name", booked.client.name(lang))]))
                    }
                }
            } @else {
                @let again = [("menu", menu.id.to_string())];
                @let again = again.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
                p { a .quiet href=(booked.client.address(&booked.client.page(desk), &again)) {
                    (texts::AGAIN.of(lang))
                } }
            }
        }
    }
}

fn done_waiting(
    conn: &mut Conn,
    look: &Look,
    desk: &Desk,
    id: WaitingEntryId,
    now: At,
) -> Result<Markup, Fail> {
    let lang = look.lang;
    let entry = waiting::find(conn, id)?;
    let menu = menus::find(conn, entry.menu_id)?;
    if menu.canteen_id != desk.canteen.id {
        return Ok(html! {});
    }
    let resident = residents::find(conn, entry.resident_id)?;
    let line = waiting::line(conn, &menu, now)?;
    let name = say::recorded(lang, &resident.full_name);
    let meal = html! { (meal_name(lang, &menu, &desk.canteen, now)) };
    Ok(html! {
        div .notice .done role="status" {
            @if entry.status == WaitingStatus::Waiting {
                @let rank = html! { (line.rank(&entry).unwrap_or(line.count())) };
                p .strong { (texts::DONE_WAITS.marked(lang, &[("name", name), ("meal", meal), ("rank", rank)])) }
                div .acts {
                    (form_to(look, &super::waiting::leave_page(desk, id), html! {
                        button .quiet type="submit" { (texts::UNDO.of(lang)) }
                    }))
                }
            } @else {
                p .strong { (texts::DONE_WAITS_NOT.marked(lang, &[("name", name), ("meal", meal)])) }
            }
        }
    })
}
