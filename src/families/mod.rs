//! Family links (家属) as people ask for them, decide about them and end them; what stands is kept by
//! [`crate::access::links`].
//!
//! Whoever asks shows the card number and the birth date: the answer is the same whether the card, the date or both are
//! wrong. The resident decides, signed in with card and PIN, or by telling their PIN to whoever asks; or the desk of the
//! canteen that registered them does, for others but never for itself. How consent was given is recorded either way.

pub mod http;

use chrono::NaiveDate;

use crate::{
    access::{
        Actor, Caller, Principal,
        links::{self, Decision, Link, Relation},
    },
    db::Conn,
    ids::{FamilyLinkId, ResidentId},
    problem::{Code, Fail},
    residents,
    text::CardNumber,
};

/// Proof that the resident's PIN was told with a request.
#[derive(Clone, Copy, Debug)]
pub struct PinTold(ResidentId);

/// How a caller stands to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Whoever asked for it or holds it.
    Holder,
    /// The resident whom it is about.
    Resident,
    /// The desk where the resident is registered.
    Desk,
}

/// Asks for a link to the resident with this card and birth date.
///
/// Fails with `card_not_matched`, or with `family_link_exists` while one is asked for or stands.
pub fn ask(
    conn: &mut Conn,
    caller: &Caller,
    card_number: &CardNumber,
    born_on: NaiveDate,
    relation: Relation,
) -> Result<Link, Fail> {
    let resident = residents::by_card(conn, card_number.as_str())?
        .filter(|resident| resident.born_on == born_on)
        .ok_or(Code::CardNotMatched)?;
    let holder = caller.principal()?;
    if holder == Principal::Resident(resident.id) {
        return Err(Code::LinkExists.into());
    }
    links::ask(conn, holder, resident.id, relation, caller.now)
}

/// The link with this id, for its holder, its resident and their desk; `family_link_not_found` for others.
pub fn find(conn: &mut Conn, caller: &Caller, id: FamilyLinkId) -> Result<Link, Fail> {
    let link = links::find(conn, id)?;
    side(conn, caller, &link)?;
    Ok(link)
}

/// Decides about a link that was asked for.
///
/// Fails with `family_link_not_found`; with `not_allowed` for whoever asked and was not told the PIN; with
/// `family_link_decided`.
pub fn decide(
    conn: &mut Conn,
    caller: &Caller,
    id: FamilyLinkId,
    decision: &Decision,
    pin: Option<PinTold>,
) -> Result<Link, Fail> {
    let link = links::find(conn, id)?;
    let actor = decider(side(conn, caller, &link)?, &link, pin, caller.actor())?;
    links::decide(conn, id, decision, actor, caller.now)
}

/// Ends a link, or takes back what was asked for.
///
/// Fails with `family_link_not_found`, or with `family_link_decided` when there is nothing to end.
pub fn end(conn: &mut Conn, caller: &Caller, id: FamilyLinkId) -> Result<Link, Fail> {
    find(conn, caller, id)?;
    links::end(conn, id, caller.now)
}

fn side(conn: &mut Conn, caller: &Caller, link: &Link) -> Result<Side, Fail> {
    let principal = caller.principal()?;
    if link.is_held_by(principal) {
        return Ok(Side::Holder);
    }
    if principal == Principal::Resident(link.resident_id) {
        return Ok(Side::Resident);
    }
    let registered = residents::registered(conn, link.resident_id)?;
    match caller.roles_at(&registered.site).next() {
        Some(_) => Ok(Side::Desk),
        None => Err(Code::LinkNotFound.into()),
    }
}

/// Who decides, if this side may. The desk's own staff who ask for themselves need the PIN like anybody.
fn decider(side: Side, link: &Link, pin: Option<PinTold>, actor: Actor) -> Result<Actor, Fail> {
    match side {
        Side::Resident | Side::Desk => Ok(actor),
        Side::Holder if pin.is_some_and(|PinTold(resident)| resident == link.resident_id) => Ok(actor),
        Side::Holder => Err(Code::NotAllowed.into()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{
        access::{ActorKind, links::LinkStatus},
        clock::At,
        id::Id,
    };

    fn link() -> Link {
        let at = At::new(DateTime::UNIX_EPOCH);
        Link {
            id: Id::new(at),
            holder_kind: ActorKind::Account,
            holder_id: Id::new(at),
            resident_id: Id::new(at),
            relation: Relation::Child,
            status: LinkStatus::Asked,
            consent: None,
            covers_reasons: false,
            asked_at: at,
            decided_at: None,
            ended_at: None,
        }
    }

    #[test]
    fn whoever_asked_decides_only_with_the_pin_of_this_very_resident() {
        let (link, other) = (link(), link());
        assert!(decider(Side::Holder, &link, None, Actor::SYSTEM).is_err());
        assert!(decider(Side::Holder, &link, Some(PinTold(other.resident_id)), Actor::SYSTEM).is_err());
        assert!(decider(Side::Holder, &link, Some(PinTold(link.resident_id)), Actor::SYSTEM).is_ok());
    }

    #[test]
    fn the_resident_and_the_desk_decide_without_a_pin() {
        for side in [Side::Resident, Side::Desk] {
            assert!(decider(side, &link(), None, Actor::SYSTEM).is_ok());
        }
    }
}
