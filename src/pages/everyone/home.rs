//! Where somebody who is signed in begins: with the one resident whom they act for, or with a choice.

use maud::{Markup, html};

use super::password;
use crate::{
    access::{Role, act, devices::Purpose, links::LinkStatus},
    accounts::http::{MeBody, who},
    canteens,
    db::Conn,
    ids::CanteenId,
    pages::{
        district::HOME,
        first_run::NEXT,
        forms::Asked,
        say,
        shell::Page,
        texts::{Text, district, door, everyone as texts, first_run},
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
    name: Markup,
}

impl Place {
    /// By what is done there.
    fn of(to: &str, what: Text, lang: Lang) -> Place {
        Place { to: to.to_owned(), name: html! { (what.of(lang)) } }
    }

    /// By what is done there, and the canteen.
    fn at(
        to: &str,
        what: Option<Text>,
        canteen: CanteenId,
        conn: &mut Conn,
        lang: Lang,
    ) -> Result<Place, Fail> {
        let name = canteens::find(conn, canteen)?.name;
        let name = html! { @if let Some(what) = what { (what.of(lang)) } (say::recorded(lang, &name)) };
        Ok(Place { to: format!("/{to}/{canteen}"), name })
    }
}

/// Where somebody can begin: with themself as a resident, with each resident whom they act for, where they serve, with
/// their district, with the installation; a device with what it is for.
fn places(conn: &mut Conn, me: &MeBody, lang: Lang) -> Result<Vec<Place>, Fail> {
    let oneself = me.resident.iter().map(|resident| Place {
        to: format!("/people/{}", resident.id),
        name: say::recorded(lang, &me.display_name),
    });
    let linked = me.links.iter().filter(|link| link.status == LinkStatus::Active).map(|link| Place {
        to: format!("/people/{}", link.resident_id),
        name: say::recorded(lang, link.resident_name.as_deref().unwrap_or_default()),
    });
    let mut places: Vec<Place> = oneself.chain(linked).collect();
    for grant in &me.grants {
        let place = match (grant.role, grant.canteen_id) {
            (Role::Staff, Some(canteen)) => Place::at("staff", None, canteen, conn, lang)?,
            (Role::Volunteer, Some(canteen)) => {
                Place::at("door", Some(door::PLACE_DOOR), canteen, conn, lang)?
            }
            (Role::District | Role::Auditor, _) => Place::of(HOME, district::TO_DISTRICT, lang),
            (Role::Admin, _) => Place::of(NEXT, first_run::TO_SETUP, lang),
            (_, _) => continue,
        };
        // Several roles may lead to one place.
        if places.iter().all(|known| known.to != place.to) {
            places.push(place);
        }
    }
    if let Some(device) = &me.device {
        let room = match device.purpose {
            Purpose::Door | Purpose::Round => Some(("door", door::PLACE_DOOR)),
            Purpose::Hall => Some(("hall", door::PLACE_HALL)),
            Purpose::Kitchen => None,
        };
        if let Some((to, what)) = room {
            places.push(Place::at(to, Some(what), device.canteen_id, conn, lang)?);
        }
    }
    Ok(places)
}

fn choice(look: &Look, me: &MeBody, places: &[Place]) -> Page {
    let lang = look.lang;
    let asked = me.links.iter().any(|link| link.status == LinkStatus::Asked);
    let content = html! {
        ul .cards {
            @for place in places { li { a .card href=(place.to) { span .strong { (place.name) } } } }
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
