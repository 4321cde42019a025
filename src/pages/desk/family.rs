//! Requests of family members: approved with how the resident consented, refused, and ended.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{Desk, Room, home_of};
use crate::{
    access::{
        Caller, act,
        links::{self, LinkStatus, Whose},
    },
    api::Answer,
    canteens::Canteen,
    db::Conn,
    families::{
        self,
        http::{
            ConsentBody, FamilyLinkBody, approve as approve_link, end as end_link, refuse as refuse_link,
            told,
        },
    },
    ids::{CanteenId, FamilyLinkId},
    page::Window,
    pages::{
        forms::{
            Asked, Choice, Errors, Fields, Kind, Legend, Line, Sent, address, button, form, one_of, yes_or_no,
        },
        say,
        shell::Page,
        texts::{Text, desk as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    residents::{self, Resident},
    text,
    words::Lang,
};

type OfLink = Path<(CanteenId, FamilyLinkId)>;

/// How a resident may have consented; the last is told in the staff's own words.
const WAYS: &[(&str, Text)] = &[
    ("in_person", texts::CONSENT_IN_PERSON),
    ("by_phone", texts::CONSENT_BY_PHONE),
    ("in_writing", texts::CONSENT_IN_WRITING),
    (OWN_WORDS, texts::CONSENT_OTHER),
];

const OWN_WORDS: &str = "other";

fn page_of(canteen: CanteenId) -> String {
    format!("{}/family", home_of(canteen))
}

/// `GET /desk/{id}/family`
pub async fn list(visit: Visit<act::ReadFamilyLinks>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let desk = Desk::of(conn, caller, *id)?;
            let asked = of_canteen(conn, caller, &desk, LinkStatus::Asked, "")?.0;
            let (standing, next) = of_canteen(conn, caller, &desk, LinkStatus::Active, query.get("cursor"))?;
            let page = page_of(*id);
            let content = html! {
                h2 { (texts::LINKS_ASKED.of(lang)) }
                @if asked.is_empty() { p { (texts::LINKS_ASKED_NONE.of(lang)) } }
                ul .found {
                    @for link in &asked {
                        li { a .card href={ (page) "/" (link.id) } {
                            span .strong { (line(lang, texts::LINK_ASKS, link)) }
                            span .hint { (say::moment(lang, desk.canteen.zone, link.asked_at, caller.now)) }
                        } }
                    }
                }
                h2 { (texts::LINKS_STANDING.of(lang)) }
                @if standing.is_empty() { p { (texts::LINKS_STANDING_NONE.of(lang)) } }
                ul .items {
                    @for link in &standing {
                        li {
                            p { (line(lang, texts::LINK_STANDS, link)) }
                            @if let Some(consent) = &link.consent { p .hint { (say::recorded(lang, consent)) } }
                            div .acts { a .quiet href={ (page) "/" (link.id) "/end" } {
                                (texts::LINK_END.of(lang))
                                span .hidden { ": " (say::recorded(lang, link.holder.name.as_deref().unwrap_or_default())) }
                            } }
                        }
                    }
                }
                @if let Some(next) = &next {
                    p { a .quiet href=(address(&page, [("cursor", next)])) { (texts::MORE.of(lang)) } }
                }
            };
            Ok(desk.page(lang, Room::Family, texts::LINKS_TITLE.of(lang), content).back(desk.home()))
        })
        .await
}

/// The links of one status, and where the list goes on.
fn of_canteen(
    conn: &mut Conn,
    caller: &Caller,
    desk: &Desk,
    status: LinkStatus,
    cursor: &str,
) -> Result<(Vec<FamilyLinkBody>, Option<String>), Fail> {
    let window = Window::new(None, Some(cursor).filter(|cursor| !cursor.is_empty()))?;
    let found = links::list(conn, Whose::Canteen(desk.duty.canteen()), Some(status), &window)?;
    let page = window.page(found, |link| link.id);
    Ok((told(conn, caller.principal()?, page.items)?, page.next))
}

/// A text about a link: who asks, what they are to whom.
fn line(lang: Lang, text: Text, link: &FamilyLinkBody) -> Markup {
    let name = |name: &Option<String>| say::recorded(lang, name.as_deref().unwrap_or_default());
    text.marked(
        lang,
        &[
            ("holder", name(&link.holder.name)),
            ("relation", html! { (say::relation(link.relation).of(lang)) }),
            ("name", name(&link.resident_name)),
        ],
    )
}

/// A link of this desk, and whom it is about.
struct Request {
    desk: Desk,
    link: FamilyLinkBody,
    resident: Resident,
}

impl Request {
    /// Fails with `family_link_not_found` for a link of another canteen's resident.
    fn of(conn: &mut Conn, caller: &Caller, (desk, id): (CanteenId, FamilyLinkId)) -> Result<Request, Fail> {
        let desk = Desk::of(conn, caller, desk)?;
        let link = families::find(conn, caller, id)?;
        let resident = residents::find(conn, link.resident_id)?;
        if resident.canteen_id != desk.canteen.id {
            return Err(Code::LinkNotFound.into());
        }
        let told = told(conn, caller.principal()?, vec![link])?;
        let link = told.into_iter().next().ok_or(Code::LinkNotFound)?;
        Ok(Request { desk, link, resident })
    }

    fn page(&self, lang: Lang, title: Text, content: Markup) -> Page {
        let holder = self.link.holder.name.clone().unwrap_or_default();
        self.desk
            .page(lang, Room::Family, title.with(lang, &[("holder", &holder)]), content)
            .heading(title.marked(lang, &[("holder", say::recorded(lang, &holder))]))
            .back(page_of(self.desk.canteen.id))
    }

    /// Whom it is about and who asks: what has to be compared with the papers on the desk.
    fn facts(&self, lang: Lang) -> Markup {
        let canteen: &Canteen = &self.desk.canteen;
        let row =
            |question: Text, answer: Markup| html! { div { dt { (question.of(lang)) } dd { (answer) } } };
        let holder = say::recorded(lang, self.link.holder.name.as_deref().unwrap_or_default());
        let relation = say::sentence(say::relation(self.link.relation).of(lang));
        html! {
            dl .answers {
                (row(texts::LINK_RESIDENT, html! {
                    a href={ (home_of(canteen.id)) "/residents/" (self.resident.id) } {
                        (say::recorded(lang, &self.resident.full_name))
                    }
                    br; span .hint { (super::client::who(lang, &self.resident)) }
                }))
                (row(texts::LINK_HOLDER, holder))
                (row(texts::LINK_RELATION, html! { (relation) }))
            }
        }
    }
}

/// `GET /desk/{id}/family/{link}`
pub async fn question(visit: Visit<act::ReadFamilyLinks>, path: OfLink) -> Shown {
    let of = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            question_page(conn, caller, look, of, &Fields::default(), Errors::none())
        })
        .await
}

fn question_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    of: (CanteenId, FamilyLinkId),
    fields: &Fields,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let request = Request::of(conn, caller, of)?;
    if request.link.status != LinkStatus::Asked {
        return Err(Code::LinkDecided.into());
    }
    let ways: Vec<Choice> =
        WAYS.iter().map(|(value, text)| Choice::new(*value, html! { (text.of(lang)) })).collect();
    let words = Line {
        name: "words",
        label: texts::CONSENT_WORDS.of(lang),
        hint: Some(texts::CONSENT_WORDS_HINT.of(lang)),
        kind: Kind::Text,
        autocomplete: "off",
    };
    let reasons = Legend::Shown(texts::CONSENT_REASONS.of(lang));
    let content = html! {
        (request.facts(lang))
        p { (texts::APPROVE_WHAT.of(lang)) }
        (form(look, html! {
            (one_of("consent", Legend::Shown(texts::CONSENT.of(lang)), &ways, fields.get("consent"), &errors))
            (words.field(fields.get("words"), &errors))
            (one_of("reasons", reasons, &yes_or_no(lang), fields.get("reasons"), &errors))
            (button(texts::APPROVE_BUTTON.of(lang)))
        }))
        p { a .quiet href={ (page_of(of.0)) "/" (of.1) "/refuse" } { (texts::REFUSE_LINK.of(lang)) } }
    };
    Ok(request.page(lang, texts::APPROVE_TITLE, content).errors(errors))
}

/// The consent as it is recorded.
fn consent(fields: &Fields, lang: Lang) -> Result<ConsentBody, Errors> {
    let mut errors = Errors::none();
    let way = WAYS.iter().find(|(value, _)| *value == fields.get("consent"));
    let way = errors.keep("consent", way.ok_or_else(|| shell::CHOOSE_ONE.of(lang).to_owned()));
    let words = fields.get("words");
    let said = match way {
        Some((OWN_WORDS, _)) => words.to_owned(),
        Some((_, text)) if words.is_empty() => text.of(lang).to_owned(),
        Some((_, text)) => say::row(lang, [text.of(lang), words]),
        None => words.to_owned(),
    };
    let missing = way.is_some().then_some(texts::CONSENT_WRONG.of(lang));
    let consent = match (text::Line::parse(&said), missing) {
        (Err(_), Some(missing)) => errors.keep("words", Err(missing.to_owned())),
        (consent, _) => consent.ok(),
    };
    let covers = match fields.get("reasons") {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(shell::SURE_CHOICE.of(lang).to_owned()),
    };
    match (consent, errors.keep("reasons", covers)) {
        (Some(consent), Some(covers_reasons)) if errors.is_empty() => {
            Ok(ConsentBody { consent, covers_reasons, pin: None })
        }
        (_, _) => Err(errors),
    }
}

/// `POST /desk/{id}/family/{link}`
pub async fn approve(visit: Visit<act::DecideFamilyLink>, path: OfLink, sent: Sent) -> Shown {
    let of = path.into_inner();
    match consent(&sent.fields, visit.lang()) {
        Ok(body) => {
            approve_link(visit.api(), Path::from(of.1), sent.keyed(body))
                .await
                .and_then(Answer::into_body)?;
            Ok(go(&page_of(of.0)))
        }
        Err(errors) => {
            visit
                .show(move |conn, caller, look| question_page(conn, caller, look, of, &sent.fields, errors))
                .await
        }
    }
}

/// `GET /desk/{id}/family/{link}/refuse`
pub async fn refuse_form(visit: Visit<act::ReadFamilyLinks>, path: OfLink) -> Shown {
    sure(visit, path, LinkStatus::Asked, texts::REFUSE_TITLE, texts::REFUSE_WHAT, texts::REFUSE_BUTTON).await
}

/// `POST /desk/{id}/family/{link}/refuse`
pub async fn refuse(visit: Visit<act::DecideFamilyLink>, path: OfLink, sent: Sent) -> Shown {
    let (desk, link) = path.into_inner();
    refuse_link(visit.api(), Path::from(link), sent.keyed(())).await.and_then(Answer::into_body)?;
    Ok(go(&page_of(desk)))
}

/// `GET /desk/{id}/family/{link}/end`
pub async fn end_form(visit: Visit<act::ReadFamilyLinks>, path: OfLink) -> Shown {
    sure(visit, path, LinkStatus::Active, texts::END_TITLE, texts::END_WHAT, texts::END_BUTTON).await
}

/// `POST /desk/{id}/family/{link}/end`
pub async fn end(visit: Visit<act::EndFamilyLink>, path: OfLink, sent: Sent) -> Shown {
    let (desk, link) = path.into_inner();
    end_link(visit.api(), Path::from(link), sent.keyed(())).await.and_then(Answer::into_body)?;
    Ok(go(&page_of(desk)))
}

/// Whether that is meant: the link, what follows, and the button. Fails with `family_link_decided` in another status.
async fn sure(
    visit: Visit<act::ReadFamilyLinks>,
    path: OfLink,
    status: LinkStatus,
    title: Text,
    what: Text,
    act: Text,
) -> Shown {
    let of = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let request = Request::of(conn, caller, of)?;
            if request.link.status != status {
                return Err(Code::LinkDecided.into());
            }
            let content = html! {
                (request.facts(lang))
                p { (what.of(lang)) }
                (form(look, button(act.of(lang))))
            };
            Ok(request.page(lang, title, content))
        })
        .await
}
