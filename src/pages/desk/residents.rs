//! The people who are registered here: finding them, and registering somebody new.

use actix_web::web::Path;
use maud::html;

use super::{
    Desk, Room,
    client::who,
    home_of,
    profile::{Entered, entered, mend, questions},
};
use crate::{
    access::{Caller, act},
    api::Answer,
    db::Conn,
    ids::{CanteenId, ResidentId},
    page::Window,
    pages::{
        forms::{Asked, Errors, Fields, Sent, address, button, form},
        say,
        shell::Page,
        texts::desk as texts,
        visit::{Look, Shown, Visit, go},
    },
    problem::{Fail, Problem},
    residents::{
        self, Search,
        http::{NewResidentBody, register as register_resident},
    },
};

fn page_of(canteen: CanteenId) -> String {
    format!("{}/residents", home_of(canteen))
}

/// The record of somebody.
pub fn record_page(canteen: CanteenId, resident: ResidentId) -> String {
    format!("{}/{resident}", page_of(canteen))
}

/// `GET /desk/{id}/residents?q=…`
pub async fn list(visit: Visit<act::ReadResidents>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let desk = Desk::of(conn, caller, *id)?;
            list_page(conn, look, &desk, &query)
        })
        .await
}

fn list_page(conn: &mut Conn, look: &Look, desk: &Desk, query: &Fields) -> Result<Page, Fail> {
    let lang = look.lang;
    let asked = query.get("q");
    let window = Window::new(None, Some(query.get("cursor")).filter(|cursor| !cursor.is_empty()))?;
    let wanted = Search {
        canteens: vec![desk.duty.canteen()],
        text: (!asked.is_empty()).then(|| asked.chars().take(60).collect()),
        after: window.after(),
        limit: window.rows(),
    };
    let found = window.page(residents::search(conn, &wanted)?, |resident| resident.id);
    let page = page_of(desk.canteen.id);
    let count = |name: &str| query.get(name).parse::<usize>().unwrap_or(0);
    let content = html! {
        @if !query.get("created").is_empty() {
            p .notice role="status" { (texts::IMPORTED.with(lang, &[
                ("created", &count("created")), ("filled", &count("filled")), ("unchanged", &count("unchanged")),
            ])) }
        }
        p { a .button href={ (page) "/new" } { (texts::REGISTER.of(lang)) } }
        form .search method="get" action=(page) role="search" {
            label for="q" { (texts::SEARCH.of(lang)) }
            p .hint #q-hint { (texts::SEARCH_HINT.of(lang)) }
            div .row {
                input .line #q name="q" type="search" value=(asked) autocomplete="off" autocapitalize="none"
                    spellcheck="false" maxlength="60" aria-describedby="q-hint";
                button .quiet type="submit" { (texts::SEARCH_BUTTON.of(lang)) }
            }
        }
        @if found.items.is_empty() {
            @if asked.is_empty() { p { (texts::RESIDENTS_NONE.of(lang)) } }
            @else { p .warning role="status" { (texts::NOBODY_FOUND.with(lang, &[("text", &asked)])) } }
        }
        ul .found {
            @for resident in &found.items {
                li { a .card href=(record_page(desk.canteen.id, resident.id)) {
                    span .strong { (say::recorded(lang, &resident.full_name)) }
                    span .hint {
                        (who(lang, resident))
                        @if !resident.is_active() { (say::between(lang)) (super::record::status(resident.status).of(lang)) }
                    }
                } }
            }
        }
        @if let Some(next) = &found.next {
            p { a .quiet href=(address(&page, [("q", asked), ("cursor", next)])) { (texts::MORE.of(lang)) } }
        }
    };
    Ok(desk.page(lang, Room::Residents, texts::RESIDENTS_TITLE.of(lang), content).back(desk.home()))
}

/// `GET /desk/{id}/residents/new`
pub async fn new_form(visit: Visit<act::EditResidents>, id: Path<CanteenId>) -> Shown {
    visit
        .show(move |conn, caller, look| new_page(conn, caller, look, *id, &Fields::default(), Errors::none()))
        .await
}

fn new_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    id: CanteenId,
    fields: &Fields,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let desk = Desk::of(conn, caller, id)?;
    let content = form(
        look,
        html! {
            (questions(lang, fields, &errors, None))
            (button(texts::REGISTER_BUTTON.of(lang)))
        },
    );
    Ok(desk.page(lang, Room::Residents, texts::REGISTER.of(lang), content).back(page_of(id)).errors(errors))
}

/// `POST /desk/{id}/residents/new`
pub async fn register(visit: Visit<act::EditResidents>, id: Path<CanteenId>, sent: Sent) -> Shown {
    let (id, lang) = (*id, visit.lang());
    let errors = match entered(&sent.fields, lang) {
        Ok(entered) => match registered(&visit, &sent, id, entered).await {
            Ok(resident) => return Ok(go(&address(&record_page(id, resident), [("done", "registered")]))),
            Err(problem) => mend(problem, lang)?,
        },
        Err(errors) => errors,
    };
    visit.show(move |conn, caller, look| new_page(conn, caller, look, id, &sent.fields, errors)).await
}

async fn registered(
    visit: &Visit<act::EditResidents>,
    sent: &Sent,
    canteen_id: CanteenId,
    entered: Entered,
) -> Result<ResidentId, Problem> {
    let Entered { full_name, born_on, phone, id_number, registered_in, lives_in, .. } = entered;
    let Entered { card_number, allergens, diet_tags, .. } = entered;
    let new = NewResidentBody {
        canteen_id,
        full_name,
        born_on,
        phone,
        id_number,
        registered_in,
        lives_in,
        card_number,
        allergens,
        diet_tags,
    };
    Ok(register_resident(visit.api(), sent.keyed(new)).await.and_then(Answer::into_body)?.id)
}
