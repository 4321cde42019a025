//! Family links over HTTP.

use std::collections::HashMap;

use actix_web::web::Path;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PinTold;
use crate::{
    access::{
        Actor, ActorKind, Allowed, Caller, Principal, act,
        links::{self, Decision, Link, LinkStatus, Relation, Whose},
    },
    accounts,
    api::{Answer, Created, Done, Keyed, Query},
    audit::{self, Deed, Entry, Subject, SubjectKind},
    canteens,
    clock::At,
    db::Conn,
    families,
    ids::{AnyoneId, CanteenId, FamilyLinkId, ResidentId},
    page::{Limit, Page, Window},
    problem::{Code, Fail, Problem},
    residents,
    sign_in::http::told_pin,
    text::{CardNumber, Cursor, Line, Pin},
    throttle::{Guessable, http::Try},
};

/// Whom one wants to act for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskBody {
    /// The number printed on the resident's card.
    pub card_number: CardNumber,
    /// The resident's birth date.
    pub born_on: NaiveDate,
    /// What one is to the resident.
    pub relation: Relation,
}

/// The resident's consent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentBody {
    /// How the resident agreed: "in person at the desk", say.
    pub consent: Line<200>,
    /// Whether it covers reasons that name a hardship.
    pub covers_reasons: bool,
    /// The resident's PIN, from whoever asked; the resident and the desk need none.
    pub pin: Option<Pin>,
}

/// Which links to list; without a resident or canteen, one's own: those that one asked for or holds, and those that are
/// about oneself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FamilyLinksQuery {
    /// Those about this resident: for the resident and their desk.
    pub resident_id: Option<ResidentId>,
    /// Those about residents registered at this canteen: for its staff.
    pub canteen_id: Option<CanteenId>,
    pub status: Option<LinkStatus>,
    /// How many items at most; 50 where nothing is said.
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<Cursor>,
}

/// A family link.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FamilyLinkBody {
    pub id: FamilyLinkId,
    pub status: LinkStatus,
    pub relation: Relation,
    pub holder: HolderBody,
    pub resident_id: ResidentId,
    /// Null for whoever asked, until it is approved.
    pub resident_name: Option<String>,
    /// How the resident agreed, as it was recorded at the approval.
    pub consent: Option<String>,
    /// Whether the consent covers reasons that name a hardship.
    pub covers_reasons: bool,
    pub asked_at: At,
    pub decided_at: Option<At>,
    pub ended_at: Option<At>,
}

/// Whoever asked for a link.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HolderBody {
    pub kind: ActorKind,
    pub id: AnyoneId,
    pub name: Option<String>,
}

/// Lists family links, by id.
pub async fn list(
    allowed: Allowed<act::ReadFamilyLinks>,
    Query(query): Query<FamilyLinksQuery>,
) -> Result<Done<Page<FamilyLinkBody>>, Problem> {
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    allowed
        .read(move |conn, caller| {
            let whose = whose(conn, caller, &query)?;
            let found = links::list(conn, whose, query.status, &window)?;
            let page = window.page(found, |link| link.id);
            let items = told(conn, caller.principal()?, page.items)?;
            Ok(Answer::new(Page { items, next: page.next }))
        })
        .await
}

/// Asks to act for a resident.
pub async fn ask(
    allowed: Allowed<act::AskFamilyLink>,
    request: Keyed<AskBody>,
) -> Result<Created<FamilyLinkBody>, Problem> {
    let key = &allowed.state().identity_key;
    let tried = Try::new(key, allowed.origin(), Guessable::BirthDate, request.body.card_number.as_str());
    let judged = tried.clone();
    allowed.read(move |conn, caller| judged.judge(conn, caller)).await?;
    let matched = tried.clone();
    let asked = allowed
        .once(request, move |conn, caller, body| {
            let link = families::ask(conn, caller, &body.card_number, body.born_on, body.relation)?;
            matched.was_right(conn, caller)?;
            answer(conn, caller, link)
        })
        .await;
    match asked {
        Err(problem) if problem.code == Code::CardNotMatched => {
            Err(tried.was_wrong(&allowed, Code::CardNotMatched, |_, _| Ok(())).await)
        }
        asked => asked,
    }
}

/// Approves a link that was asked for: the resident does, or their desk, or whoever asked with the resident's PIN.
pub async fn approve(
    allowed: Allowed<act::DecideFamilyLink>,
    id: Path<FamilyLinkId>,
    request: Keyed<ConsentBody>,
) -> Result<Done<FamilyLinkBody>, Problem> {
    let pin = match &request.body.pin {
        Some(pin) => Some(pin_of(&allowed, *id, pin).await?),
        None => None,
    };
    allowed
        .once(request, move |conn, caller, body| {
            let consent = body.consent.as_str().to_owned();
            let decision = Decision::Approve { consent, covers_reasons: body.covers_reasons };
            let link = families::decide(conn, caller, *id, &decision, pin)?;
            record(conn, caller, Deed::LinkApproved, &link)?;
            answer(conn, caller, link)
        })
        .await
}

/// Refuses a link that was asked for: the resident does, or their desk.
pub async fn refuse(
    allowed: Allowed<act::DecideFamilyLink>,
    id: Path<FamilyLinkId>,
    request: Keyed<()>,
) -> Result<Done<FamilyLinkBody>, Problem> {
    allowed
        .once(request, move |conn, caller, ()| {
            let link = families::decide(conn, caller, *id, &Decision::Refuse, None)?;
            record(conn, caller, Deed::LinkRefused, &link)?;
            answer(conn, caller, link)
        })
        .await
}

/// Ends a link, or takes back what was asked for: its holder does, the resident, or their desk.
pub async fn end(
    allowed: Allowed<act::EndFamilyLink>,
    id: Path<FamilyLinkId>,
    request: Keyed<()>,
) -> Result<Done<FamilyLinkBody>, Problem> {
    allowed
        .once(request, move |conn, caller, ()| {
            let link = families::end(conn, caller, *id)?;
            record(conn, caller, Deed::LinkEnded, &link)?;
            answer(conn, caller, link)
        })
        .await
}

/// The links that somebody asked for and those that they hold, newest first.
pub fn mine(conn: &mut Conn, principal: Principal) -> Result<Vec<FamilyLinkBody>, Fail> {
    let mut held = links::held_by(conn, principal)?;
    held.retain(|link| matches!(link.status, LinkStatus::Asked | LinkStatus::Active));
    told(conn, principal, held)
}

/// Proof that this is the PIN of the link's resident. A wrong one counts as at a sign-in.
///
/// Fails with `family_link_not_found`, `wrong_credentials`, `pin_closed`, `slow_down` or `busy`.
async fn pin_of(
    allowed: &Allowed<act::DecideFamilyLink>,
    id: FamilyLinkId,
    pin: &Pin,
) -> Result<PinTold, Problem> {
    let card_number = allowed
        .read(move |conn, caller| {
            let link = families::find(conn, caller, id)?;
            Ok(residents::find(conn, link.resident_id)?.card_number)
        })
        .await?;
    let (holder, tried) = told_pin(allowed, card_number, pin.as_str()).await?;
    allowed.write(move |conn, caller| tried.was_right(conn, caller)).await?;
    Ok(PinTold(holder.registered.id))
}

/// Writes down what became of a link.
fn record(conn: &mut Conn, caller: &Caller, deed: Deed, link: &Link) -> Result<(), Fail> {
    let site = residents::registered(conn, link.resident_id)?.site;
    let entry = Entry::of(deed, Subject::of(SubjectKind::FamilyLink, link.id)).at(&site);
    let entry = entry.saying("resident_id", link.resident_id.to_string());
    audit::record(conn, caller, entry.saying("covers_reasons", link.covers_reasons))
}

/// Whose links are asked for, if the caller may see them.
fn whose(conn: &mut Conn, caller: &Caller, query: &FamilyLinksQuery) -> Result<Whose, Fail> {
    match (query.resident_id, query.canteen_id) {
        (None, None) => Ok(Whose::Own(caller.principal()?)),
        (Some(resident), None) => {
            let registered = residents::registered(conn, resident)?;
            caller.acting_for(conn, &registered)?;
            Ok(Whose::Resident(resident))
        }
        (None, Some(canteen)) => {
            caller.on_duty(&canteens::site(conn, canteen)?)?;
            Ok(Whose::Canteen(canteen))
        }
        (Some(_), Some(_)) => Err(Code::LinksOfOne.into()),
    }
}

fn answer<const STATUS: u16>(
    conn: &mut Conn,
    caller: &Caller,
    link: Link,
) -> Result<Answer<STATUS, FamilyLinkBody>, Fail> {
    let told = told(conn, caller.principal()?, vec![link])?;
    Ok(Answer::new(told.into_iter().next().expect("one link goes in and comes out")))
}

/// These links as `reader` may see them, with the names of those whom they bind.
pub(crate) fn told(
    conn: &mut Conn,
    reader: Principal,
    links: Vec<Link>,
) -> Result<Vec<FamilyLinkBody>, Fail> {
    let everyone: Vec<Actor> = links.iter().flat_map(|link| [holder_of(link), resident_of(link)]).collect();
    let names = accounts::names_of(conn, &everyone)?;
    Ok(links.into_iter().map(|link| body(link, reader, &names)).collect())
}

fn body(link: Link, reader: Principal, names: &HashMap<Actor, String>) -> FamilyLinkBody {
    let knows_resident = link.status == LinkStatus::Active || !link.is_held_by(reader);
    let resident_name = names.get(&resident_of(&link)).filter(|_| knows_resident).cloned();
    let name = names.get(&holder_of(&link)).cloned();
    FamilyLinkBody {
        id: link.id,
        status: link.status,
        relation: link.relation,
        holder: HolderBody { kind: link.holder_kind, id: link.holder_id, name },
        resident_id: link.resident_id,
        resident_name,
        consent: link.consent,
        covers_reasons: link.covers_reasons,
        asked_at: link.asked_at,
        decided_at: link.decided_at,
        ended_at: link.ended_at,
    }
}

fn holder_of(link: &Link) -> Actor {
    Actor::from_columns(link.holder_kind, Some(link.holder_id))
}

fn resident_of(link: &Link) -> Actor {
    Principal::Resident(link.resident_id).into()
}
