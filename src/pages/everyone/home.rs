//! Where somebody who is signed in begins: with the one resident whom they act for, or with a choice.

use maud::html;

use super::password;
use crate::{
    access::{Role, act, links::LinkStatus},
    accounts::http::{MeBody, who},
    canteens,
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
    let (me, places) = visit
        .allowed()
        .read(move |conn, caller| {
            let me = who(conn, caller)?;
            let places = places(conn, &me, caller.lang)?;
            Ok((me, places))
        })
        .await?;
    if me.password_expires_at.is_some() {
        return Ok(go(password::PAGE));
    }
    match places.as_slice() {
        [only] if query.get("all").is_empty() => Ok(go(&only.to)),
        _ => visit.show(move |_, _, look| Ok(choice(look, &me, &places))).await,
    }
}

/// Somewhere to begin.
struct Place {
    to: String,
    name: String,
}

/// Where somebody can begin: with themself as a resident, with each resident whom they act for, at each canteen that
/// they run, with their district, with the installation.
fn places(conn: &mut Conn, me: &MeBody, lang: Lang) -> Result<Vec<Place>, Fail> {
    let oneself = me
        .resident
        .iter()
        .map(|resident| Place { to: format!("/people/{}", resident.id), name: me.display_name.clone() });
    let linked = me.links.iter().filter(|link| link.status == LinkStatus::Active).map(|link| Place {
        to: format!("/people/{}", link.resident_id),
        name: link.resident_name.clone().unwrap_or_default(),
    });
    let mut places: Vec<Place> = oneself.chain(linked).collect();
    for grant in &me.grants {
        let (to, name) = match (grant.role, grant.canteen_id) {
            (Role::Staff, Some(canteen)) => {
                (format!("/staff/{canteen}"), canteens::find(conn, canteen)?.name)
            }
            (Role::District | Role::Auditor, _) => {
                (HOME.to_owned(), district::TO_DISTRICT.of(lang).to_owned())
            }
            (Role::Admin, _) => (NEXT.to_owned(), first_run::TO_SETUP.of(lang).to_owned()),
            (_, _) => continue,
        };
        places.push(Place { to, name });
    }
    places.dedup_by(|one, other| one.to == other.to);
    Ok(places)
}

fn choice(look: &Look, me: &MeBody, places: &[Place]) -> Page {
    let lang = look.lang;
    let asked = me.links.iter().any(|link| link.status == LinkStatus::Asked);
    let content = html! {
        ul .cards {
            @for place in places {
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
    match places.is_empty() {
        true => Page::new(texts::HOME_NOTHING_TITLE.with(lang, &[("name", &me.display_name)]), content)
            .heading(
                texts::HOME_NOTHING_TITLE.marked(lang, &[("name", say::recorded(lang, &me.display_name))]),
            ),
        false if places.iter().all(|place| place.to.starts_with("/people/")) => {
            Page::new(texts::HOME_FOR_WHOM.of(lang), content)
        }
        false => Page::new(texts::HOME_WHERE.of(lang), content),
    }
}
