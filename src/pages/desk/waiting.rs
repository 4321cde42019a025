//! The waiting list of a full menu: joined for somebody, and left.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{Client, Desk, Offer, Room, client::sitting, counter::sure, home_of};
use crate::{
    access::act,
    api::Answer,
    clock::At,
    db::Conn,
    ids::{CanteenId, MenuId, ResidentId, WaitingEntryId},
    menus,
    page::Window,
    pages::{
        forms::{Asked, Errors, Sent, address, button, form, form_to},
        resident::{meal_name, wish::Wish},
        say,
        texts::desk as texts,
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    reservations::{
        http::DeskChannel,
        waiting::{
            self, WaitingStatus,
            http::{NewWaiting, join as join_line, leave_waiting},
        },
    },
    residents,
    text::Slug,
};

/// Where a place in a line is given up.
pub fn leave_page(desk: &Desk, entry: WaitingEntryId) -> String {
    format!("{}/waiting/{entry}/leave", desk.home())
}

/// That a meal is full, and the button that joins its line.
pub fn offered(look: &Look, desk: &Desk, client: &Client, offer: &Offer, errors: &Errors) -> Markup {
    let lang = look.lang;
    let menu = &offer.sitting.menu;
    let to = client.address(&format!("{}/wait/{}", client.page(desk), menu.id), &[]);
    html! {
        p .warning { (texts::FULL.with(lang, &[("waiting", &menu.waiting)])) }
        (form_to(look, &to, html! {
            (offer.wish.hidden(menu, &["sure"]))
            (sure(lang, client, menu, &offer.wish, errors))
            div .acts {
                button .button type="submit" name="channel" value="desk" autofocus[errors.is_empty()] { (texts::JOIN.of(lang)) }
                button .quiet type="submit" name="channel" value="phone" { (texts::JOIN_BY_PHONE.of(lang)) }
            }
        }))
    }
}

/// For what somebody waits.
pub fn list(conn: &mut Conn, look: &Look, desk: &Desk, client: &Client, now: At) -> Result<Markup, Fail> {
    let lang = look.lang;
    let window = Window::new(None, None)?;
    let entries = waiting::of_residents(conn, &[client.resident.id], Some(WaitingStatus::Waiting), &window)?;
    let mut rows = Vec::new();
    for entry in entries {
        let menu = menus::find(conn, entry.menu_id)?;
        if menu.canteen_id == desk.canteen.id && menu.cutoff_at >= now {
            let line = waiting::line(conn, &menu, now)?;
            let meal = say::sentence(&meal_name(lang, &menu, &desk.canteen, now));
            let rank = line.rank(&entry).unwrap_or(line.count());
            rows.push(html! {
                li {
                    p { span .strong { (meal) } " " (texts::RANK.with(lang, &[("rank", &rank)])) }
                    div .acts { a .quiet href=(leave_page(desk, entry.id)) {
                        (texts::LEAVE.of(lang)) span .hidden { ": " (meal) }
                    } }
                }
            });
        }
    }
    Ok(html! {
        @if !rows.is_empty() {
            h2 { (texts::WAITS_TITLE.of(lang)) }
            ul .items { @for row in rows { (row) } }
        }
    })
}

/// `GET /desk/{id}/people/{resident}/wait/{menu}`: the same as the person's page, which says whether it is full.
pub async fn join_form(
    visit: Visit<act::Reserve>,
    path: Path<(CanteenId, ResidentId, MenuId)>,
    Asked(query): Asked,
) -> Shown {
    let (desk, id, menu) = path.into_inner();
    let page = visit.allowed().read(move |conn, caller| {
        let desk = Desk::of(conn, caller, desk)?;
        let client = Client::of(conn, caller, &desk, id, &query)?;
        Ok(client.address(&client.page(&desk), &[("menu", &menu.to_string())]))
    });
    Ok(go(&page.await?))
}

/// `POST /desk/{id}/people/{resident}/wait/{menu}`
pub async fn join(
    visit: Visit<act::Reserve>,
    path: Path<(CanteenId, ResidentId, MenuId)>,
    Asked(query): Asked,
    sent: Sent,
) -> Shown {
    let (desk, id, menu) = path.into_inner();
    let fields = sent.fields.clone();
    let (client, wish, asked_again) = visit
        .allowed()
        .read(move |conn, caller| {
            let desk = Desk::of(conn, caller, desk)?;
            let client = Client::of(conn, caller, &desk, id, &query)?;
            let sitting = sitting(conn, &desk, &client, menu)?;
            let wish = Wish::of(&fields, &sitting.menu);
            let page = client.address(&client.page(&desk), &[("menu", &menu.to_string())]);
            Ok((client, wish, page))
        })
        .await?;
    let new = NewWaiting {
        resident_id: client.card.is_none().then_some(id),
        card_number: client.card,
        mode: wish.mode.ok_or(Code::ModeNotOffered)?,
        lines: Some(wish.picks),
        item_rule: None,
        confirmed_allergens: wish.confirmed.iter().filter_map(|word| Slug::parse(word).ok()).collect(),
        channel: DeskChannel::from_word(sent.fields.get("channel")),
    };
    match join_line(visit.api(), Path::from(menu), sent.keyed(new)).await.and_then(Answer::into_body) {
        Ok(joined) => Ok(go(&address(&home_of(desk), [("waits", joined.id.to_string())]))),
        // What the record says to avoid is asked about where the meal is offered.
        Err(problem) if problem.code == Code::DietConflict => Ok(go(&asked_again)),
        Err(problem) => Err(problem),
    }
}

/// `GET /desk/{id}/waiting/{entry}/leave`
pub async fn leave_form(visit: Visit<act::Reserve>, path: Path<(CanteenId, WaitingEntryId)>) -> Shown {
    let (desk, id) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let desk = Desk::of(conn, caller, desk)?;
            let entry = waiting::find(conn, id)?;
            let menu = menus::find(conn, entry.menu_id)?;
            if menu.canteen_id != desk.canteen.id {
                return Err(Code::WaitingNotFound.into());
            }
            let resident = residents::find(conn, entry.resident_id)?;
            let meal = say::sentence(&meal_name(lang, &menu, &desk.canteen, caller.now));
            let content = html! {
                p .lead { (meal) }
                @if entry.status == WaitingStatus::Waiting { (form(look, button(texts::LEAVE.of(lang)))) }
                @else { p .notice { (texts::WAITS_NO_MORE.of(lang)) } }
            };
            Ok(desk
                .page(
                    lang,
                    Room::Desk,
                    texts::LEAVE_TITLE.with(lang, &[("name", &resident.full_name)]),
                    content,
                )
                .heading(
                    texts::LEAVE_TITLE.marked(lang, &[("name", say::recorded(lang, &resident.full_name))]),
                )
                .back(desk.home()))
        })
        .await
}

/// `POST /desk/{id}/waiting/{entry}/leave`
pub async fn leave(visit: Visit<act::Reserve>, path: Path<(CanteenId, WaitingEntryId)>, sent: Sent) -> Shown {
    let (desk, id) = path.into_inner();
    visit
        .once(&sent, move |conn, caller, _| {
            leave_waiting(conn, caller, id)?;
            Ok(())
        })
        .await?;
    Ok(go(&address(&home_of(desk), [("waits", id.to_string())])))
}
