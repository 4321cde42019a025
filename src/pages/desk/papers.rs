//! What a resident is handed at the desk: a PIN, a card, their account on paper.

use actix_web::web::Path;
use maud::html;

use super::{
    Desk,
    counter::AtDesk,
    record::{named, registered_here},
    residents::record_page,
};
use crate::{
    access::act,
    api::{Answer, File, Svg},
    pages::{
        assets::ONCE,
        forms::{Asked, Sent, button, form},
        resident::past::book,
        texts::{desk as texts, shell},
        visit::{Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
    residents::{
        self,
        cards::{self, http as cards_http},
        http::issue_pin,
    },
};

/// `GET /desk/{id}/residents/{resident}/pin`
pub async fn pin_form(visit: Visit<act::EditResidents>, path: AtDesk) -> Shown {
    let (desk, id) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let desk = Desk::of(conn, caller, desk)?;
            let resident = registered_here(conn, &desk, id)?;
            let content = html! {
                p { (texts::PIN_WHAT.of(lang)) }
                (form(look, button(texts::PIN_BUTTON.of(lang))))
            };
            Ok(named(lang, &desk, &resident.full_name, texts::PIN_TITLE, content)
                .back(record_page(desk.canteen.id, id))
                .with_script(&ONCE))
        })
        .await
}

/// `POST /desk/{id}/residents/{resident}/pin`: the PIN stands in this answer alone, and is kept nowhere.
pub async fn pin(visit: Visit<act::EditResidents>, path: AtDesk, sent: Sent) -> Shown {
    let (desk, id) = path.into_inner();
    let issued = issue_pin(visit.api(), Path::from(id), sent.keyed(())).await.and_then(Answer::into_body)?;
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let desk = Desk::of(conn, caller, desk)?;
            let resident = registered_here(conn, &desk, id)?;
            let page = record_page(desk.canteen.id, id);
            let content = html! {
                @match &issued.pin {
                    Some(pin) => {
                        p { (texts::PIN_IS.of(lang)) }
                        p .secret { (pin) }
                        p .warning { (texts::PIN_ONCE.of(lang)) }
                    }
                    None => {
                        p .warning { (texts::PIN_SHOWN.of(lang)) }
                        p { a .button href={ (page) "/pin" } { (texts::PIN_AGAIN.of(lang)) } }
                    }
                }
                p .screen { a .quiet href=(page) { (texts::BACK_TO_RECORD.of(lang)) } }
            };
            Ok(named(lang, &desk, &resident.full_name, texts::PIN_DONE_TITLE, content))
        })
        .await
}

/// `GET /desk/{id}/residents/{resident}/card`: the card as it is printed, and a new one for one that was lost.
pub async fn card(visit: Visit<act::EditResidents>, path: AtDesk) -> Shown {
    let (desk, id) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let desk = Desk::of(conn, caller, desk)?;
            let resident = registered_here(conn, &desk, id)?;
            let card = match cards::in_force(conn, id) {
                Ok(card) => Some(card),
                Err(Fail::Refused(problem)) if problem.code == Code::CardNotFound => None,
                Err(fail) => return Err(fail),
            };
            let page = record_page(desk.canteen.id, id);
            let alt = texts::CARD_ALT.with(lang, &[("name", &resident.full_name)]);
            let content = html! {
                @if let Some(card) = &card {
                    // A new code is another picture.
                    @let picture = format!("{page}/card.svg?{}", card.issued_at.in_zone(desk.canteen.zone.0).timestamp());
                    p { img .paper-card src=(picture) alt=(alt); }
                    p .hint .screen { (shell::PRINT_HINT.of(lang)) }
                } @else {
                    p .screen { (texts::CARD_NONE.of(lang)) }
                }
                section .screen {
                    h2 { (texts::CARD_NEW.of(lang)) }
                    p { (texts::CARD_NEW_WHAT.of(lang)) }
                    (form(look, html! { button .quiet type="submit" { (texts::CARD_BUTTON.of(lang)) } }))
                }
            };
            Ok(named(lang, &desk, &resident.full_name, texts::CARD_TITLE, content).back(page))
        })
        .await
}

/// `POST /desk/{id}/residents/{resident}/card`: the code before is worth nothing from now on.
pub async fn issue(visit: Visit<act::EditResidents>, path: AtDesk, sent: Sent) -> Shown {
    let (desk, id) = path.into_inner();
    cards_http::issue(visit.api(), Path::from(id), sent.keyed(())).await?;
    Ok(go(&format!("{}/card", record_page(desk, id))))
}

/// `GET /desk/{id}/residents/{resident}/card.svg`: every look is on record.
pub async fn picture(visit: Visit<act::ReadCard>, path: AtDesk) -> Result<File<Svg>, Problem> {
    cards_http::read(visit.api(), Path::from(path.1)).await
}

/// `GET /desk/{id}/residents/{resident}/past?month=2026-11`: the account on paper, for who has no phone.
pub async fn past(visit: Visit<act::ReadReservations>, path: AtDesk, Asked(query): Asked) -> Shown {
    let (desk, id) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let desk = Desk::of(conn, caller, desk)?;
            let resident = registered_here(conn, &desk, id)?;
            let registered = residents::registered(conn, id)?;
            let acting = caller.acting_for(conn, &registered)?;
            let record = record_page(desk.canteen.id, id);
            let page = format!("{record}/past");
            let about = (&resident, &acting, &desk.canteen);
            let content = book(conn, lang, about, &page, query.get("month"), caller.now)?;
            Ok(named(lang, &desk, &resident.full_name, texts::PAST_TITLE, content).back(record))
        })
        .await
}
