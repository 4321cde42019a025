//! A resident's record: read on record, and edited as long as nobody else did meanwhile.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    Desk, Room,
    client::page_of as counter_page,
    counter::AtDesk,
    profile::{Entered, entered, known, mend, questions},
    residents::record_page,
};
use crate::{
    access::{Caller, Role, act},
    api::Answer,
    db::Conn,
    ids::{CanteenId, ResidentId},
    pages::{
        forms::{self, Asked, Choice, Errors, Fields, Legend, Sent, address, button, form, one_of},
        say,
        shell::Page,
        texts::{Text, desk as texts, everyone, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    residents::{
        self, Status,
        http::{ResidentBody, ResidentEditBody, edit_resident, read},
    },
    words::{Area, Lang},
};

/// What a status of a record is called.
pub fn status(status: Status) -> Text {
    match status {
        Status::Active => texts::STATUS_ACTIVE,
        Status::Suspended => texts::STATUS_SUSPENDED,
        Status::Left => texts::STATUS_LEFT,
        Status::Deceased => texts::STATUS_DECEASED,
    }
}

/// Fails with `resident_not_found` for somebody who is registered elsewhere: their record has its page there.
pub fn registered_here(conn: &mut Conn, desk: &Desk, id: ResidentId) -> Result<residents::Resident, Fail> {
    let resident = residents::find(conn, id)?;
    if resident.canteen_id == desk.canteen.id { Ok(resident) } else { Err(Code::ResidentNotFound.into()) }
}

/// `GET /desk/{id}/residents/{resident}`: every look is on record (BR-83).
pub async fn show(visit: Visit<act::ReadResidents>, path: AtDesk, Asked(query): Asked) -> Shown {
    let (desk, id) = path.into_inner();
    let resident = read(visit.api(), Path::from(id)).await.and_then(Answer::into_fresh)?;
    visit
        .show(move |conn, caller, look| {
            let desk = Desk::of(conn, caller, desk)?;
            registered_here(conn, &desk, id)?;
            Ok(record(look, &desk, &resident, query.get("done")))
        })
        .await
}

fn record(look: &Look, desk: &Desk, resident: &ResidentBody, done: &str) -> Page {
    let lang = look.lang;
    let done = match done {
        "registered" => Some(texts::REGISTERED),
        "edited" => Some(texts::EDITED),
        _ => None,
    };
    let page = record_page(desk.canteen.id, resident.id);
    let staff = desk.duty.role() == Role::Staff;
    let content = html! {
        @if let Some(done) = done { p .notice role="status" { (done.of(lang)) } }
        div .columns {
            div { (facts(lang, resident)) }
            div {
                ul .ways {
                    @if staff && resident.status == Status::Active {
                        li { a href=(counter_page(desk, resident.id)) { (texts::TO_COUNTER.of(lang)) } }
                    }
                    @for (path, text) in [
                        ("/edit", texts::TO_EDIT), ("/facts", texts::TO_FACTS), ("/pin", texts::TO_PIN),
                        ("/card", texts::TO_CARD), ("/past", texts::TO_PAST), ("/standing", texts::TO_STANDING),
                    ] { li { a href={ (page) (path) } { (text.of(lang)) } } }
                }
            }
        }
    };
    let list = format!("{}/residents", desk.home());
    named(lang, desk, &resident.full_name, texts::RECORD_TITLE, content).back(list)
}

/// A page whose title names somebody.
pub fn named(lang: Lang, desk: &Desk, name: &str, title: Text, content: Markup) -> Page {
    desk.page(lang, Room::Residents, title.with(lang, &[("name", &name)]), content)
        .heading(title.marked(lang, &[("name", say::recorded(lang, name))]))
}

fn facts(lang: Lang, resident: &ResidentBody) -> Markup {
    let row = |question: Text, answer: Markup| html! { div { dt { (question.of(lang)) } dd { (answer) } } };
    let none = || html! { (texts::NONE.of(lang)) };
    let area = |area: &Option<Area>| area.as_ref().map_or_else(none, |area| say::recorded(lang, area.path()));
    let words = |words: &[String], said: fn(Lang, &str) -> String| match words.is_empty() {
        true => none(),
        false => html! { (say::sentence(&say::row(lang, words.iter().map(|word| said(lang, word))))) },
    };
    let born = say::date(lang, resident.born_on, 0);
    html! {
        dl .answers {
            (row(texts::BORN_ON, html! { (born) }))
            (row(texts::PHONE, resident.phone.as_ref().map_or_else(none, |phone| html! { (phone) })))
            (row(everyone::CARD_NUMBER, html! { (resident.card_number) }))
            (row(texts::ID_NUMBER, resident.id_number_last4.as_ref().map_or_else(none, |last4| html! {
                (texts::ID_NUMBER_ENDS.with(lang, &[("last4", last4)]))
            })))
            (row(texts::REGISTERED_IN, area(&resident.registered_in)))
            (row(texts::LIVES_IN, area(&resident.lives_in)))
            (row(texts::ALLERGENS, words(&resident.allergens, say::allergen)))
            (row(texts::DIET_TAGS, words(&resident.diet_tags, say::diet_tag)))
            (row(texts::STATUS, html! { (say::sentence(status(resident.status).of(lang))) }))
        }
    }
}

/// `GET /desk/{id}/residents/{resident}/edit`
pub async fn edit_form(visit: Visit<act::ReadResidents>, path: AtDesk) -> Shown {
    let at = path.into_inner();
    let resident = read(visit.api(), Path::from(at.1)).await.and_then(Answer::into_fresh)?;
    let fields = known(&resident);
    visit.show(move |conn, caller, look| edit_page(conn, caller, look, at, &fields, Errors::none())).await
}

fn edit_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    (desk, id): (CanteenId, ResidentId),
    fields: &Fields,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let desk = Desk::of(conn, caller, desk)?;
    let resident = registered_here(conn, &desk, id)?;
    // What was typed belongs to the version that was looked at.
    let version = fields.version()?;
    let statuses: Vec<Choice> = Status::ALL
        .iter()
        .filter(|one| **one != Status::Deceased || resident.status == Status::Deceased)
        .map(|one| Choice::new(one.as_str(), html! { (say::sentence(status(*one).of(lang))) }))
        .collect();
    let content = form(
        look,
        html! {
            (forms::version(version))
            (questions(lang, fields, &errors, resident.id_number_last4.as_deref()))
            (one_of("status", Legend::Shown(texts::STATUS.of(lang)), &statuses, fields.get("status"), &errors))
            (button(texts::SAVE_RECORD.of(lang)))
        },
    );
    Ok(named(lang, &desk, &resident.full_name, texts::EDIT_TITLE, content)
        .back(record_page(desk.canteen.id, id))
        .errors(errors))
}

/// What the record is to say.
fn edited(desk: CanteenId, fields: &Fields, lang: Lang) -> Result<ResidentEditBody, Errors> {
    let entered = entered(fields, lang);
    let mut errors = Errors::none();
    let status = Status::from_word(fields.get("status")).ok_or_else(|| shell::CHOOSE_ONE.of(lang).to_owned());
    let status = errors.keep("status", status);
    let Entered {
        full_name,
        born_on,
        phone,
        id_number,
        registered_in,
        lives_in,
        card_number,
        allergens,
        diet_tags,
    } = entered?;
    let missing = || shell::FILL_IN.with(lang, &[("what", &everyone::CARD_NUMBER.of(lang))]);
    let card_number = errors.keep("card_number", card_number.ok_or_else(missing));
    match (status, card_number) {
        (Some(status), Some(card_number)) => Ok(ResidentEditBody {
            canteen_id: desk,
            full_name,
            born_on,
            phone,
            id_number,
            registered_in,
            lives_in,
            card_number,
            allergens,
            diet_tags,
            status,
        }),
        (_, _) => Err(errors),
    }
}

/// `POST /desk/{id}/residents/{resident}/edit`
pub async fn edit(visit: Visit<act::EditResidents>, path: AtDesk, sent: Sent) -> Shown {
    let (at, lang) = (path.into_inner(), visit.lang());
    let (desk, id) = at;
    let seen = sent.fields.version()?;
    let errors = match edited(desk, &sent.fields, lang) {
        Ok(body) => {
            let key = visit.allowed().state().identity_key.clone();
            let done = visit
                .once(&sent, move |conn, caller, _| {
                    edit_resident(conn, caller, key.bytes(), id, seen, &body)?;
                    Ok(())
                })
                .await;
            match done {
                Ok(()) => return Ok(go(&address(&record_page(desk, id), [("done", "edited")]))),
                Err(problem) => mend(problem, lang)?,
            }
        }
        Err(errors) => errors,
    };
    visit.show(move |conn, caller, look| edit_page(conn, caller, look, at, &sent.fields, errors)).await
}
