//! Where somebody who is signed in begins: with the one resident whom they act for, or with a choice.

use maud::{Markup, html};

use crate::{
    access::{Role, act, devices::Purpose, links::LinkStatus},
    accounts::http::{MeBody, who},
    canteens,
    db::Conn,
    ids::CanteenId,
    pages::{
        forms::Asked,
        say,
        shell::Page,
        texts::{Text, door, everyone as texts},
        visit::{Look, Shown, Visit, go},
    },
    problem::Fail,
    words::Lang,
};

/// `GET /home`
pub async fn show(visit: Visit<act::ReadMe>, Asked(query): Asked) -> Shown {
    let me = visit.allowed().read(who).await?;
    match places(&me).as_slice() {
        [only] if query.get("all").is_empty() => Ok(go(&only.to)),
        _ => visit.show(move |conn, _, look| choice(conn, look, &me)).await,
    }
}

/// Somewhere to begin.
struct Place {
    to: String,
    name: Name,
}

/// What a place is called.
enum Name {
    /// By whom it is about.
    Person(String),
    /// By what is done there, and the canteen.
    At(Text, CanteenId),
}

impl Name {
    fn markup(&self, conn: &mut Conn, lang: Lang) -> Result<Markup, Fail> {
        Ok(match self {
            Name::Person(name) => say::recorded(lang, name),
            Name::At(what, canteen) => {
                let canteen = canteens::find(conn, *canteen)?.name;
                html! { (what.of(lang)) (say::recorded(lang, &canteen)) }
            }
        })
    }
}

/// Where somebody can begin: with themself as a resident, with each resident whom they act for, and where they serve.
fn places(me: &MeBody) -> Vec<Place> {
    let oneself = me.resident.iter().map(|resident| Place {
        to: format!("/people/{}", resident.id),
        name: Name::Person(me.display_name.clone()),
    });
    let linked = me.links.iter().filter(|link| link.status == LinkStatus::Active).map(|link| Place {
        to: format!("/people/{}", link.resident_id),
        name: Name::Person(link.resident_name.clone().unwrap_or_default()),
    });
    oneself.chain(linked).chain(doors(me)).chain(device(me)).collect()
}

/// What a device is for.
fn device(me: &MeBody) -> Option<Place> {
    let device = me.device.as_ref()?;
    let canteen = device.canteen_id;
    match device.purpose {
        Purpose::Door | Purpose::Round => {
            Some(Place { to: format!("/door/{canteen}"), name: Name::At(door::PLACE_DOOR, canteen) })
        }
        Purpose::Hall => {
            Some(Place { to: format!("/hall/{canteen}"), name: Name::At(door::PLACE_HALL, canteen) })
        }
        Purpose::Kitchen => None,
    }
}

/// The doors at which somebody checks in, as a volunteer.
fn doors(me: &MeBody) -> impl Iterator<Item = Place> {
    let volunteer = me.grants.iter().filter(|grant| grant.role == Role::Volunteer);
    volunteer
        .filter_map(|grant| grant.canteen_id)
        .map(|canteen| Place { to: format!("/door/{canteen}"), name: Name::At(door::PLACE_DOOR, canteen) })
}

fn choice(conn: &mut Conn, look: &Look, me: &MeBody) -> Result<Page, Fail> {
    let lang = look.lang;
    let places = places(me)
        .iter()
        .map(|place| Ok((place.to.clone(), place.name.markup(conn, lang)?)))
        .collect::<Result<Vec<_>, Fail>>()?;
    let asked = me.links.iter().any(|link| link.status == LinkStatus::Asked);
    let content = html! {
        ul .cards {
            @for (to, name) in &places { li { a .card href=(to) { span .strong { (name) } } } }
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
