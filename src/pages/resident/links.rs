//! Family links as those who hold them see them: asking for one, agreeing with the resident's PIN, ending it.

use actix_web::web::Path;
use chrono::NaiveDate;
use maud::html;

use crate::{
    access::{
        Caller, act,
        links::{LinkStatus, Relation},
    },
    api::Answer,
    db::Conn,
    families::http::{AskBody, ConsentBody, FamilyLinkBody, approve, ask as ask_link, end as end_link, mine},
    ids::FamilyLinkId,
    pages::{
        forms::{Choice, Errors, Fields, Kind, Legend, Line, Sent, button, form, one_of, yes_or_no},
        say,
        shell::Page,
        texts::{everyone, resident as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    text::{self, CardNumber, Pin},
    words::Lang,
};

/// `GET /family`
pub async fn list(visit: Visit<act::ReadFamilyLinks>) -> Shown {
    visit
        .show(|conn, caller, look| {
            let lang = look.lang;
            let links = mine(conn, caller.principal()?)?;
            let content = html! {
                @if links.is_empty() { p { (texts::LINKS_NONE.of(lang)) } }
                @for link in &links {
                    @let relation = html! { (say::relation(link.relation).of(lang)) };
                    @let end = format!("/family/{}/end", link.id);
                    section .meal {
                        @if link.status == LinkStatus::Active {
                            @let name = say::recorded(lang, link.resident_name.as_deref().unwrap_or_default());
                            h2 { (texts::LINK_ACTIVE.marked(lang, &[("name", name), ("relation", relation)])) }
                            p { a .quiet href=(end) { (texts::LINK_END.of(lang)) } }
                        } @else {
                            h2 { (texts::LINK_ASKED.marked(lang, &[("relation", relation)])) }
                            p { a .button href={ "/family/" (link.id) "/pin" } { (texts::LINK_WITH_PIN.of(lang)) } }
                            p { a .quiet href=(end) { (texts::LINK_TAKE_BACK.of(lang)) } }
                        }
                    }
                }
                p { a .button href="/family/ask" { (everyone::HOME_ASK.of(lang)) } }
            };
            Ok(Page::new(texts::LINKS_TITLE.of(lang), content).back("/home"))
        })
        .await
}

/// `GET /family/ask`
pub async fn ask_form(visit: Visit<act::AskFamilyLink>) -> Shown {
    visit.show(|_, _, look| Ok(ask_page(look, &Fields::default(), Errors::none()))).await
}

fn ask_page(look: &Look, fields: &Fields, errors: Errors) -> Page {
    let lang = look.lang;
    let card = Line {
        name: "card_number",
        label: everyone::CARD_NUMBER.of(lang),
        hint: Some(everyone::CARD_NUMBER_HINT.of(lang)),
        kind: Kind::Digits,
        autocomplete: "off",
    };
    let born = Line {
        name: "born_on",
        label: texts::ASK_BORN.of(lang),
        hint: Some(texts::ASK_BORN_HINT.of(lang)),
        kind: Kind::Text,
        autocomplete: "off",
    };
    let relations: Vec<Choice> = Relation::ALL
        .iter()
        .map(|relation| {
            let words = say::sentence(say::relation(*relation).of(lang));
            Choice::new(relation.as_str(), html! { (words) })
        })
        .collect();
    let legend = Legend::Shown(texts::ASK_RELATION.of(lang));
    let content = html! {
        p .lead { (texts::ASK_LEAD.of(lang)) }
        (form(look, html! {
            (card.field(fields.get("card_number"), &errors))
            (born.field(fields.get("born_on"), &errors))
            (one_of("relation", legend, &relations, fields.get("relation"), &errors))
            (button(texts::ASK_BUTTON.of(lang)))
        }))
    };
    Page::new(texts::ASK_TITLE.of(lang), content).back("/family").errors(errors)
}

fn asked(fields: &Fields, lang: Lang) -> Result<AskBody, Errors> {
    let mut errors = Errors::none();
    let number: String = fields.get("card_number").split_whitespace().collect();
    let card = CardNumber::parse(&number).map_err(|_| texts::ASK_CARD_WRONG.of(lang).to_owned());
    let card = errors.keep("card_number", card);
    let born = day(fields.get("born_on")).ok_or_else(|| texts::ASK_BORN_WRONG.of(lang).to_owned());
    let born = errors.keep("born_on", born);
    let relation = Relation::from_word(fields.get("relation"));
    let relation = errors.keep("relation", relation.ok_or_else(|| shell::CHOOSE_ONE.of(lang).to_owned()));
    match (card, born, relation) {
        (Some(card_number), Some(born_on), Some(relation)) => Ok(AskBody { card_number, born_on, relation }),
        (_, _, _) => Err(errors),
    }
}

/// A day as people write it: `1945-03-21`, `1945.3.21`, `1945年3月21日`, `19450321`.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let parts: Vec<u32> =
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [year, month, day] => NaiveDate::from_ymd_opt(i32::try_from(*year).ok()?, *month, *day),
        [all] if (18_500_101..=22_001_231).contains(all) => {
            NaiveDate::from_ymd_opt(i32::try_from(all / 10_000).ok()?, all / 100 % 100, all % 100)
        }
        _ => None,
    }
}

/// `POST /family/ask`
pub async fn ask(visit: Visit<act::AskFamilyLink>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let body = match asked(&sent.fields, lang) {
        Ok(body) => body,
        Err(errors) => return visit.show(move |_, _, look| Ok(ask_page(look, &sent.fields, errors))).await,
    };
    match ask_link(visit.api(), sent.keyed(body)).await.and_then(Answer::into_body) {
        Ok(_) => Ok(go("/family")),
        Err(problem) if problem.code == Code::CardNotMatched => {
            let errors = Errors::of("card_number", &problem, lang);
            visit.show(move |_, _, look| Ok(ask_page(look, &sent.fields, errors))).await
        }
        Err(problem) => Err(problem),
    }
}

/// A link of the caller's own that is asked for or stands; `family_link_not_found` for any other.
fn own(conn: &mut Conn, caller: &Caller, id: FamilyLinkId) -> Result<FamilyLinkBody, Fail> {
    let links = mine(conn, caller.principal()?)?;
    links.into_iter().find(|link| link.id == id).ok_or_else(|| Code::LinkNotFound.into())
}

/// `GET /family/{link}/pin`: the resident is here, and agrees at once.
pub async fn pin_form(visit: Visit<act::ReadFamilyLinks>, id: Path<FamilyLinkId>) -> Shown {
    visit
        .show(move |conn, caller, look| pin_page(conn, caller, look, *id, &Fields::default(), Errors::none()))
        .await
}

fn pin_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    id: FamilyLinkId,
    fields: &Fields,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    if own(conn, caller, id)?.status != LinkStatus::Asked {
        return Err(Code::LinkDecided.into());
    }
    let pin = Line {
        name: "pin",
        label: everyone::PIN.of(lang),
        hint: Some(everyone::PIN_HINT.of(lang)),
        kind: Kind::SecretDigits,
        autocomplete: "off",
    };
    let legend = Legend::Shown(texts::PIN_REASONS.of(lang));
    let content = html! {
        p .lead { (texts::PIN_LEAD.of(lang)) }
        (form(look, html! {
            (one_of("reasons", legend, &yes_or_no(lang), fields.get("reasons"), &errors))
            (pin.field("", &errors))
            (button(texts::PIN_BUTTON.of(lang)))
        }))
    };
    Ok(Page::new(texts::PIN_TITLE.of(lang), content).back("/family").errors(errors))
}

/// `POST /family/{link}/pin`
pub async fn pin(visit: Visit<act::DecideFamilyLink>, id: Path<FamilyLinkId>, sent: Sent) -> Shown {
    let (id, lang) = (*id, visit.lang());
    let problem = match consent(&sent.fields, lang) {
        Err(errors) => errors,
        Ok(body) => {
            match approve(visit.api(), Path::from(id), sent.keyed(body)).await.and_then(Answer::into_body) {
                Ok(link) => return Ok(go(&super::home_of(link.resident_id))),
                Err(problem) if problem.code == Code::WrongCredentials => {
                    Errors::at("pin", texts::PIN_WRONG.of(lang))
                }
                Err(problem) => return Err(problem),
            }
        }
    };
    visit.show(move |conn, caller, look| pin_page(conn, caller, look, id, &sent.fields, problem)).await
}

fn consent(fields: &Fields, lang: Lang) -> Result<ConsentBody, Errors> {
    let mut errors = Errors::none();
    let reasons = match fields.get("reasons") {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(shell::SURE_CHOICE.of(lang).to_owned()),
    };
    let reasons = errors.keep("reasons", reasons);
    let pin = Pin::parse(fields.get("pin")).map_err(|_| texts::PIN_WRONG.of(lang).to_owned());
    let pin = errors.keep("pin", pin);
    let consent = text::Line::parse(texts::CONSENT_PIN.of(lang)).ok();
    match (reasons, pin, consent) {
        (Some(covers_reasons), Some(pin), Some(consent)) => {
            Ok(ConsentBody { consent, covers_reasons, pin: Some(pin) })
        }
        (_, _, _) => Err(errors),
    }
}

/// `GET /family/{link}/end`
pub async fn end_form(visit: Visit<act::ReadFamilyLinks>, id: Path<FamilyLinkId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let link = own(conn, caller, *id)?;
            let content = html! {
                p { (texts::END_WHAT.of(lang)) }
                (form(look, button(texts::END_BUTTON.of(lang))))
            };
            let page = match &link.resident_name {
                Some(name) => Page::new(texts::END_OWN_TITLE.with(lang, &[("name", name)]), content)
                    .heading(texts::END_OWN_TITLE.marked(lang, &[("name", say::recorded(lang, name))])),
                None => Page::new(texts::END_ASKED_TITLE.of(lang), content),
            };
            Ok(page.back("/family"))
        })
        .await
}

/// `POST /family/{link}/end`
pub async fn end(visit: Visit<act::EndFamilyLink>, id: Path<FamilyLinkId>, sent: Sent) -> Shown {
    end_link(visit.api(), id, sent.keyed(())).await.and_then(Answer::into_body)?;
    Ok(go("/family"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthday_is_read_as_people_write_it() {
        let expected = NaiveDate::from_ymd_opt(1945, 3, 21);
        for text in ["1945-03-21", "1945.3.21", "1945年3月21日", "19450321", "1945/03/21"] {
            assert_eq!(day(text), expected, "{text}");
        }
        for text in ["", "1945", "1945-13-01", "21 March 1945", "3/21"] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
