//! The meals that somebody has reserved: to be changed, and cancelled.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{Client, Desk, Room, client::Booked, home_of, order};
use crate::{
    access::act,
    api::Answer,
    canteens,
    clock::At,
    db::Conn,
    ids::{CanteenId, ReservationId},
    menus::Menu,
    pages::{
        forms::{Sent, address, form},
        resident::{dishes, meal_name, wish::Wish},
        say,
        texts::{desk as texts, resident},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    reservations::{self, Reservation, ReservationStatus},
    subsidies,
};

/// Where a meal is cancelled.
pub fn cancel_page(desk: &Desk, reservation: ReservationId) -> String {
    format!("{}/meals/{reservation}/cancel", desk.home())
}

/// What somebody has reserved, each meal with what is due and what can be done.
pub fn list(
    conn: &mut Conn,
    look: &Look,
    desk: &Desk,
    client: &Client,
    coming: &[(Reservation, Menu)],
    now: At,
) -> Result<Markup, Fail> {
    let lang = look.lang;
    let mut rows = Vec::new();
    for (reservation, menu) in coming {
        let canteen = canteens::find(conn, menu.canteen_id)?;
        let is_here = canteen.id == desk.canteen.id;
        let due = subsidies::find(conn, reservation.quote_id)?.quote.resident_fen;
        let open = !reservation.served && (is_here || menu.cutoff_at >= now);
        let meal = say::sentence(&meal_name(lang, menu, &canteen, now));
        rows.push(html! {
            li {
                p .strong { (meal) }
                p {
                    (dishes(lang, menu, &reservation.lines)) (say::between(lang))
                    (say::mode(reservation.mode).of(lang)) (say::between(lang))
                    (texts::DUE.with(lang, &[("money", &say::money(lang, due))]))
                    @if !is_here { (say::between(lang)) (say::recorded(lang, &canteen.name)) }
                }
                @if reservation.edition < menu.edition { p .warning { (texts::MENU_CHANGED.of(lang)) } }
                @if open {
                    div .acts {
                        @if is_here && menu.serves_to_at > now {
                            a .quiet href=(order::address(desk, client, menu, &Wish::reserved(reservation))) {
                                (texts::CHANGE.of(lang)) span .hidden { ": " (meal) }
                            }
                        }
                        a .quiet href=(cancel_page(desk, reservation.id)) {
                            (texts::CANCEL.of(lang)) span .hidden { ": " (meal) }
                        }
                    }
                }
            }
        });
    }
    Ok(html! {
        h2 { (texts::RESERVED_TITLE.of(lang)) }
        @if rows.is_empty() { p { (texts::RESERVED_NONE.of(lang)) } }
        ul .items { @for row in rows { (row) } }
    })
}

/// `GET /desk/{id}/meals/{reservation}/cancel`
pub async fn cancel_form(visit: Visit<act::Reserve>, path: Path<(CanteenId, ReservationId)>) -> Shown {
    let (desk, id) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let desk = Desk::of(conn, caller, desk)?;
            let booked = Booked::of(conn, caller, &desk, id)?;
            if booked.reservation.status == ReservationStatus::Cancelled {
                return Err(Code::ReservationCancelled.into());
            }
            let meal = say::sentence(&booked.name(lang, caller.now));
            let late = booked.sitting.menu.cutoff_at < caller.now;
            let content = html! {
                p .lead { (meal) }
                p { (dishes(lang, &booked.sitting.menu, &booked.reservation.lines)) }
                @if booked.is_open(&desk, caller.now) {
                    @if late { p .warning { (texts::CANCEL_LATE.of(lang)) } }
                    @else { p { (resident::CANCEL_FREE.of(lang)) } }
                    (form(look, html! {
                        div .acts {
                            button .button type="submit" autofocus { (resident::CANCEL_BUTTON.of(lang)) }
                            a .quiet href=(booked.client.address(&booked.client.page(&desk), &[])) {
                                (resident::KEEP_MEAL.of(lang))
                            }
                        }
                    }))
                } @else {
                    p .notice { (texts::CANNOT_CANCEL.of(lang)) }
                }
            };
            let title = texts::CANCEL_TITLE.with(lang, &[("name", &booked.client.resident.full_name)]);
            Ok(desk
                .page(lang, Room::Desk, title, content)
                .heading(texts::CANCEL_TITLE.marked(lang, &[("name", booked.client.name(lang))]))
                .back(booked.client.address(&booked.client.page(&desk), &[])))
        })
        .await
}

/// `POST /desk/{id}/meals/{reservation}/cancel`
pub async fn cancel(visit: Visit<act::Reserve>, path: Path<(CanteenId, ReservationId)>, sent: Sent) -> Shown {
    let (desk, id) = path.into_inner();
    let done = reservations::http::cancel(visit.api(), Path::from(id), sent.keyed(())).await;
    done.and_then(Answer::into_body)?;
    Ok(go(&address(&home_of(desk), [("done", id.to_string())])))
}
