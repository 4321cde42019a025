//! Who may act for a resident, as the resident sees it: those who ask are answered, those who may can be ended.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{Person, choose::about, home_of};
use crate::{
    access::{
        Caller, act,
        links::{self, LinkStatus, Whose},
    },
    api::Answer,
    db::Conn,
    families::http::{ConsentBody, FamilyLinkBody, approve, end as end_link, refuse, told},
    ids::{FamilyLinkId, ResidentId},
    page::Window,
    pages::{
        forms::{Choice, Errors, Legend, Sent, button, form, one_of},
        say,
        shell::Page,
        texts::{Text, resident as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    text::{Line, Whole},
    words::Lang,
};

type OfLink = Path<(ResidentId, FamilyLinkId)>;

fn page_of(resident: ResidentId) -> String {
    format!("{}/family", home_of(resident))
}

/// The links that are asked for or stand; for the resident alone.
fn of_oneself(conn: &mut Conn, caller: &Caller, person: &Person) -> Result<Vec<FamilyLinkBody>, Fail> {
    if !person.is_oneself() {
        return Err(Code::ResidentNotFound.into());
    }
    let window = Window::new(Whole::new(200).ok(), None)?;
    let mut found = links::list(conn, Whose::Resident(person.resident.id), None, &window)?;
    found.retain(|link| matches!(link.status, LinkStatus::Asked | LinkStatus::Active));
    told(conn, caller.principal()?, found)
}

/// One of them; `family_link_not_found` for any other.
fn one_of_oneself(
    conn: &mut Conn,
    caller: &Caller,
    person: &Person,
    id: FamilyLinkId,
) -> Result<FamilyLinkBody, Fail> {
    let links = of_oneself(conn, caller, person)?;
    links.into_iter().find(|link| link.id == id).ok_or_else(|| Code::LinkNotFound.into())
}

/// A text about the one who asks: their name, and what they are to the resident.
pub fn about_holder(lang: Lang, text: Text, link: &FamilyLinkBody) -> Markup {
    let name = say::recorded(lang, link.holder.name.as_deref().unwrap_or_default());
    let relation = html! { (say::relation(link.relation).of(lang)) };
    text.marked(lang, &[("name", name), ("relation", relation)])
}

/// `GET /people/{id}/family`
pub async fn list(visit: Visit<act::ReadFamilyLinks>, id: Path<ResidentId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, *id)?;
            let links = of_oneself(conn, caller, &person)?;
            let page = page_of(*id);
            let content = html! {
                @if links.is_empty() { p { (texts::FAMILY_NONE.of(lang)) } }
                @for link in &links {
                    section .meal {
                        @if link.status == LinkStatus::Asked {
                            h2 { (about_holder(lang, texts::FAMILY_ASKS, link)) }
                            p { a .button href={ (page) "/" (link.id) } { (texts::FAMILY_DECIDE.of(lang)) } }
                        } @else {
                            h2 { (about_holder(lang, texts::FAMILY_STANDS, link)) }
                            p { (if link.covers_reasons { texts::FAMILY_SEES } else { texts::FAMILY_SEES_NOT }.of(lang)) }
                            p { a .quiet href={ (page) "/" (link.id) "/end" } { (texts::FAMILY_END.of(lang)) } }
                        }
                    }
                }
                p .hint { (texts::FAMILY_HOW.of(lang)) }
            };
            Ok(about(look, &person, texts::FAMILY_TITLE.of(lang), content).back(person.home()))
        })
        .await
}

/// `GET /people/{id}/family/{link}`: may they?
pub async fn question(visit: Visit<act::ReadFamilyLinks>, path: OfLink) -> Shown {
    let (id, link) = path.into_inner();
    visit.show(move |conn, caller, look| question_page(conn, caller, look, id, link, Errors::none())).await
}

fn question_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    id: ResidentId,
    link: FamilyLinkId,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let person = Person::of(conn, caller, id)?;
    let link = one_of_oneself(conn, caller, &person, link)?;
    if link.status != LinkStatus::Asked {
        return Err(Code::LinkDecided.into());
    }
    let choices =
        [("yes", texts::DECIDE_YES), ("reasons", texts::DECIDE_YES_REASONS), ("no", texts::DECIDE_NO)]
            .map(|(value, text)| Choice::new(value, html! { (text.of(lang)) }));
    let content = html! {
        p { (about_holder(lang, texts::FAMILY_ASKS, &link)) }
        p { (texts::DECIDE_WHAT.of(lang)) }
        (form(look, html! {
            (one_of("answer", Legend::Shown(texts::DECIDE_QUESTION.of(lang)), &choices, "", &errors))
            (button(texts::DECIDE_BUTTON.of(lang)))
        }))
    };
    Ok(titled(lang, texts::DECIDE_TITLE, &link, content).back(page_of(id)).errors(errors).read_aloud())
}

/// A page whose title names the one who asks.
pub fn titled(lang: Lang, title: Text, link: &FamilyLinkBody, content: Markup) -> Page {
    let name = link.holder.name.clone().unwrap_or_default();
    Page::new(title.with(lang, &[("name", &name)]), content).heading(about_holder(lang, title, link))
}

/// `POST /people/{id}/family/{link}`
pub async fn decide(visit: Visit<act::DecideFamilyLink>, path: OfLink, sent: Sent) -> Shown {
    let (id, link) = path.into_inner();
    let lang = visit.lang();
    let covers_reasons = match sent.fields.get("answer") {
        "yes" => Some(false),
        "reasons" => Some(true),
        "no" => None,
        _ => {
            let errors = Errors::at("answer", shell::CHOOSE_ONE.of(lang));
            return visit
                .show(move |conn, caller, look| question_page(conn, caller, look, id, link, errors))
                .await;
        }
    };
    match covers_reasons {
        Some(covers_reasons) => {
            let consent = Line::parse(texts::CONSENT_OWN.of(lang)).map_err(|_| Code::Internal)?;
            let body = ConsentBody { consent, covers_reasons, pin: None };
            approve(visit.api(), Path::from(link), sent.keyed(body)).await.and_then(Answer::into_body)?;
        }
        None => {
            refuse(visit.api(), Path::from(link), sent.keyed(())).await.and_then(Answer::into_body)?;
        }
    }
    Ok(go(&page_of(id)))
}

/// `GET /people/{id}/family/{link}/end`
pub async fn end_form(visit: Visit<act::ReadFamilyLinks>, path: OfLink) -> Shown {
    let (id, link) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, id)?;
            let link = one_of_oneself(conn, caller, &person, link)?;
            let content = html! {
                p { (texts::END_WHAT.of(lang)) }
                (form(look, button(texts::END_BUTTON.of(lang))))
            };
            Ok(titled(lang, texts::END_TITLE, &link, content).back(page_of(id)))
        })
        .await
}

/// `POST /people/{id}/family/{link}/end`
pub async fn end(visit: Visit<act::EndFamilyLink>, path: OfLink, sent: Sent) -> Shown {
    let (id, link) = path.into_inner();
    end_link(visit.api(), Path::from(link), sent.keyed(())).await.and_then(Answer::into_body)?;
    Ok(go(&page_of(id)))
}
