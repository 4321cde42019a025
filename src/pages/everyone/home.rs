//! Where somebody who is signed in begins: with the one resident whom they act for, or with a choice.

use maud::html;

use crate::{
    access::{Role, act, links::LinkStatus},
    accounts::http::{MeBody, who},
    db::Conn,
    pages::{
        district::HOME,
        first_run::NEXT,
        forms::Asked,
        say,
        shell::Page,
        texts::{district, everyone as texts, first_run},
        visit::{Look, Shown, Visit, go},
    },
    problem::Fail,
    words::Lang,
};

/// `GET /home`
pub async fn show(visit: Visit<act::ReadMe>, Asked(query): Asked) -> Shown {
    let me = visit.allowed().read(who).await?;
    match places(&me, visit.lang()).as_slice() {
        [only] if query.get("all").is_empty() => Ok(go(&only.to)),
        _ => visit.show(move |conn, _, look| choice(conn, look, &me)).await,
    }
}

/// Somewhere to begin.
struct Place {
    to: String,
    name: String,
}

/// Where somebody can begin: with themself as a resident, with each resident whom they act for.
fn places(me: &MeBody, lang: Lang) -> Vec<Place> {
    let oneself = me
        .resident
        .iter()
        .map(|resident| Place { to: format!("/people/{}", resident.id), name: me.display_name.clone() });
    let linked = me.links.iter().filter(|link| link.status == LinkStatus::Active).map(|link| Place {
        to: format!("/people/{}", link.resident_id),
        name: link.resident_name.clone().unwrap_or_default(),
    });
    let administers = me.grants.iter().any(|grant| grant.role == Role::Admin);
    let set_up =
        administers.then(|| Place { to: NEXT.to_owned(), name: first_run::TO_SETUP.of(lang).to_owned() });
    let oversees = me.grants.iter().any(|grant| matches!(grant.role, Role::District | Role::Auditor));
    let district =
        oversees.then(|| Place { to: HOME.to_owned(), name: district::TO_DISTRICT.of(lang).to_owned() });
    oneself.chain(linked).chain(district).chain(set_up).collect()
}

fn choice(_: &mut Conn, look: &Look, me: &MeBody) -> Result<Page, Fail> {
    let lang = look.lang;
    let places = places(me, lang);
    let asked = me.links.iter().any(|link| link.status == LinkStatus::Asked);
    let content = html! {
        ul .cards {
            @for place in &places {
                li { a .card href=(place.to) { span .strong { (say::recorded(lang, &place.name)) } } }
            }
        }
        @if places.is_empty() && !asked { p .lead { (texts::HOME_NOTHING.of(lang)) } }
        @if asked { p .notice { (texts::HOME_ASKED.of(lang)) } }
        @if me.resident.is_none() {
            p { a .button href="/family/ask" { (texts::HOME_ASK.of(lang)) } }
            p { a .quiet href="/family" { (texts::HOME_FAMILY.of(lang)) } }
        }
    };
    Ok(match places.is_empty() {
        true => Page::new(texts::HOME_NOTHING_TITLE.with(lang, &[("name", &me.display_name)]), content)
            .heading(
                texts::HOME_NOTHING_TITLE.marked(lang, &[("name", say::recorded(lang, &me.display_name))]),
            ),
        false => Page::new(texts::HOME_FOR_WHOM.of(lang), content),
    })
}
