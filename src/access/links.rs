//! Family links (家属): a resident's recorded consent that somebody acts for them.
//!
//! Anyone signed in may ask, with the resident's card number and birth date. It stands once the resident or the desk
//! approves it and says how consent was given; while it stands, its holder may do for the resident what the resident
//! may do. Ended at any time by the resident, the holder or the desk, it is gone at the next request.

use diesel::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    access::{Actor, ActorKind, Principal},
    clock::At,
    db::{
        Conn,
        schema::{family_links, residents},
        written,
    },
    id::Id,
    ids::{AnyoneId, CanteenId, FamilyLink, FamilyLinkId, ResidentId},
    kept,
    page::Window,
    problem::{Code, Fail},
    words,
};

words! {
    /// How a family member stands to the resident.
    pub enum Relation {
        Child = "child",
        Spouse = "spouse",
        Relative = "relative",
        Neighbour = "neighbour",
        CommunityWorker = "community_worker",
        Other = "other",
    }
}

words! {
    /// How far a family link has come.
    pub enum LinkStatus {
        Asked = "asked",
        Active = "active",
        Refused = "refused",
        Ended = "ended",
    }
}

/// A family link as it is kept.
#[derive(Clone, Debug, Queryable, Selectable, Serialize, JsonSchema)]
#[diesel(table_name = family_links)]
pub struct Link {
    pub id: FamilyLinkId,
    pub holder_kind: ActorKind,
    pub holder_id: AnyoneId,
    pub resident_id: ResidentId,
    pub relation: Relation,
    pub status: LinkStatus,
    /// How the resident agreed, as it was recorded at the approval.
    pub consent: Option<String>,
    /// Whether the consent covers reasons that name a hardship (BR-80).
    pub covers_reasons: bool,
    pub asked_at: At,
    pub decided_at: Option<At>,
    pub ended_at: Option<At>,
}

impl Link {
    pub fn is_held_by(&self, principal: Principal) -> bool {
        self.holder_kind == principal.kind() && self.holder_id == principal.id()
    }
}

#[derive(Insertable)]
#[diesel(table_name = family_links)]
struct LinkRow {
    id: FamilyLinkId,
    holder_kind: ActorKind,
    holder_id: AnyoneId,
    resident_id: ResidentId,
    relation: Relation,
    status: LinkStatus,
    covers_reasons: bool,
    asked_at: At,
}

/// Asks for a link. Fails with `family_link_exists` while one is asked for or stands.
pub fn ask(
    conn: &mut Conn,
    holder: Principal,
    resident: ResidentId,
    relation: Relation,
    now: At,
) -> Result<Link, Fail> {
    let id = Id::new(now);
    let row = LinkRow {
        id,
        holder_kind: holder.kind(),
        holder_id: holder.id(),
        resident_id: resident,
        relation,
        status: LinkStatus::Asked,
        covers_reasons: false,
        asked_at: now,
    };
    let standing = standing_or_asked(conn, holder, resident)?;
    if standing {
        return Err(Code::LinkExists.into());
    }
    diesel::insert_into(family_links::table).values(row).execute(conn)?;
    find(conn, id)
}

fn standing_or_asked(conn: &mut Conn, holder: Principal, resident: ResidentId) -> QueryResult<bool> {
    let count: i64 = family_links::table
        .filter(family_links::holder_kind.eq(holder.kind()))
        .filter(family_links::holder_id.eq(holder.id()))
        .filter(family_links::resident_id.eq(resident))
        .filter(family_links::status.eq_any([LinkStatus::Asked, LinkStatus::Active]))
        .count()
        .get_result(conn)?;
    Ok(count > 0)
}

/// The link with this id; `family_link_not_found` without.
pub fn find(conn: &mut Conn, id: FamilyLinkId) -> Result<Link, Fail> {
    family_links::table
        .find(id)
        .select(Link::as_select())
        .first(conn)
        .optional()?
        .ok_or_else(|| Code::LinkNotFound.into())
}

/// What was decided about a link that was asked for.
#[derive(Clone, Debug)]
pub enum Decision {
    /// The resident agreed, in this way; and whether that covers reasons that name a hardship.
    Approve {
        consent: String,
        covers_reasons: bool,
    },
    Refuse,
}

/// Decides about a link, once: `family_link_decided` when that was done before.
pub fn decide(
    conn: &mut Conn,
    id: FamilyLinkId,
    decision: &Decision,
    by: Actor,
    now: At,
) -> Result<Link, Fail> {
    let (status, consent, covers) = match decision {
        Decision::Approve { consent, covers_reasons } => {
            (LinkStatus::Active, Some(consent.as_str()), *covers_reasons)
        }
        Decision::Refuse => (LinkStatus::Refused, None, false),
    };
    let asked = family_links::table
        .filter(family_links::id.eq(id))
        .filter(family_links::status.eq(LinkStatus::Asked));
    let decided = diesel::update(asked)
        .set((
            family_links::status.eq(status),
            family_links::consent.eq(consent),
            family_links::covers_reasons.eq(covers),
            family_links::decided_at.eq(now),
            family_links::actor_kind.eq(by.kind()),
            family_links::actor_id.eq(by.id()),
        ))
        .execute(conn)?;
    if decided == 0 {
        return Err(Code::LinkDecided.into());
    }
    find(conn, id)
}

/// Ends a link that stands or was asked for: `family_link_decided` when there is nothing to end.
pub fn end(conn: &mut Conn, id: FamilyLinkId, now: At) -> Result<Link, Fail> {
    let standing = family_links::table
        .filter(family_links::id.eq(id))
        .filter(family_links::status.eq_any([LinkStatus::Asked, LinkStatus::Active]));
    let ended = diesel::update(standing)
        .set((family_links::status.eq(LinkStatus::Ended), family_links::ended_at.eq(now)))
        .execute(conn)?;
    if ended == 0 {
        return Err(Code::LinkDecided.into());
    }
    find(conn, id)
}

/// The link by which `holder` may act for this resident now, if one stands.
pub fn standing(conn: &mut Conn, holder: Principal, resident: ResidentId) -> QueryResult<Option<Link>> {
    kept!(
        conn,
        get_result,
        family_links::table
            .filter(family_links::holder_kind.eq(holder.kind()))
            .filter(family_links::holder_id.eq(holder.id()))
            .filter(family_links::resident_id.eq(resident))
            .filter(family_links::status.eq(written(LinkStatus::Active.as_str())))
            .select(Link::as_select())
    )
    .optional()
}

/// The links that somebody holds, newest first.
pub fn held_by(conn: &mut Conn, holder: Principal) -> QueryResult<Vec<Link>> {
    family_links::table
        .filter(family_links::holder_kind.eq(holder.kind()))
        .filter(family_links::holder_id.eq(holder.id()))
        .order(family_links::id.desc())
        .select(Link::as_select())
        .load(conn)
}

/// Whose links a list is of.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// Those that somebody holds, and those that are about them.
    Own(Principal),
    /// Those about a resident.
    Resident(ResidentId),
    /// Those about the residents whom a canteen registered.
    Canteen(CanteenId),
}

/// A page of links by id, and one more if there are more.
pub fn list(
    conn: &mut Conn,
    whose: Whose,
    status: Option<LinkStatus>,
    window: &Window<FamilyLink>,
) -> QueryResult<Vec<Link>> {
    let mut found = family_links::table
        .inner_join(residents::table)
        .order(family_links::id)
        .limit(window.rows())
        .select(Link::as_select())
        .into_boxed();
    found = match whose {
        Whose::Own(principal) => {
            let held = family_links::holder_kind
                .eq(principal.kind())
                .and(family_links::holder_id.eq(principal.id()));
            match principal {
                Principal::Account(_) | Principal::Device(_) => found.filter(held),
                Principal::Resident(id) => found.filter(held.or(family_links::resident_id.eq(id))),
            }
        }
        Whose::Resident(id) => found.filter(family_links::resident_id.eq(id)),
        Whose::Canteen(id) => found.filter(residents::canteen_id.eq(id)),
    };
    if let Some(status) = status {
        found = found.filter(family_links::status.eq(status));
    }
    if let Some(after) = window.after() {
        found = found.filter(family_links::id.gt(after));
    }
    found.load(conn)
}
