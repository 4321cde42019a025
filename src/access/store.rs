//! The statements on `grants`, and the question whether a session still stands.

use diesel::{
    dsl::{exists, select},
    prelude::*,
    sql_types::{Integer, Nullable, Text},
};

use crate::{
    access::{Actor, ActorKind, Principal, Role, devices, tokens::Ticket},
    clock::At,
    db::{
        Conn,
        schema::{accounts, cookies, grants, residents, sessions},
        written,
    },
    id::Id,
    ids::{AccountId, AnyoneId, CanteenId, DeviceId, GrantId, ResidentId, SessionId},
    kept,
    words::Area,
};

/// A role that an account holds, where, and from when to when.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = grants)]
pub struct Grant {
    pub id: GrantId,
    pub account_id: AccountId,
    pub role: Role,
    pub canteen_id: Option<CanteenId>,
    pub area: Option<Area>,
    pub starts_at: At,
    /// The first instant at which it no longer stands.
    pub ends_at: Option<At>,
}

/// Where a granted role holds. One kind of scope for each kind of role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantScope {
    Volunteer(CanteenId),
    Staff(CanteenId),
    District(Area),
    Auditor(Area),
    Admin,
}

impl GrantScope {
    /// The role that it is of.
    pub fn role(&self) -> Role {
        match self {
            GrantScope::Volunteer(_) => Role::Volunteer,
            GrantScope::Staff(_) => Role::Staff,
            GrantScope::District(_) => Role::District,
            GrantScope::Auditor(_) => Role::Auditor,
            GrantScope::Admin => Role::Admin,
        }
    }
}

/// A grant to be made.
#[derive(Clone, Debug)]
pub struct NewGrant {
    pub account: AccountId,
    pub scope: GrantScope,
    pub starts_at: At,
    pub ends_at: Option<At>,
    pub by: Actor,
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// The part of a text from a character on, counted from 1, so many characters long.
    fn substr(text: Nullable<Text>, from: Integer, count: Integer) -> Nullable<Text>;
}

#[derive(Insertable)]
#[diesel(table_name = grants)]
struct GrantRow<'a> {
    id: GrantId,
    account_id: AccountId,
    role: Role,
    canteen_id: Option<CanteenId>,
    area: Option<&'a Area>,
    starts_at: At,
    ends_at: Option<At>,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
}

/// Writes a grant.
pub fn grant(conn: &mut Conn, new: &NewGrant, now: At) -> QueryResult<GrantId> {
    let (role, canteen_id, area) = match &new.scope {
        GrantScope::Volunteer(canteen) => (Role::Volunteer, Some(*canteen), None),
        GrantScope::Staff(canteen) => (Role::Staff, Some(*canteen), None),
        GrantScope::District(area) => (Role::District, None, Some(area)),
        GrantScope::Auditor(area) => (Role::Auditor, None, Some(area)),
        GrantScope::Admin => (Role::Admin, None, None),
    };
    let id = Id::new(now);
    diesel::insert_into(grants::table)
        .values(GrantRow {
            id,
            account_id: new.account,
            role,
            canteen_id,
            area,
            starts_at: new.starts_at,
            ends_at: new.ends_at,
            actor_kind: new.by.kind(),
            actor_id: new.by.id(),
        })
        .execute(conn)?;
    Ok(id)
}

/// The grant with this id.
pub fn find_grant(conn: &mut Conn, id: GrantId) -> QueryResult<Option<Grant>> {
    grants::table.find(id).select(Grant::as_select()).first(conn).optional()
}

/// Ends a grant now. False when it had ended already.
pub fn end_grant(conn: &mut Conn, id: GrantId, now: At) -> QueryResult<bool> {
    let standing = grants::ends_at.is_null().or(grants::ends_at.gt(now));
    let ended = diesel::update(grants::table.filter(grants::id.eq(id)).filter(standing))
        .set(grants::ends_at.eq(now))
        .execute(conn)?;
    Ok(ended == 1)
}

/// Every grant that an account holds or held, oldest first.
pub fn grants_of(conn: &mut Conn, account: AccountId) -> QueryResult<Vec<Grant>> {
    grants::table
        .filter(grants::account_id.eq(account))
        .order(grants::id)
        .select(Grant::as_select())
        .load(conn)
}

/// Every grant, standing or not, of these accounts.
pub fn holders_of(conn: &mut Conn, accounts: &[AccountId]) -> QueryResult<Vec<Grant>> {
    grants::table
        .filter(grants::account_id.eq_any(accounts.iter().copied()))
        .order(grants::id)
        .select(Grant::as_select())
        .load(conn)
}

/// The accounts after `after`, by id and at most `limit`, that hold or held a role at one of these canteens, or over an
/// area that lies in one of these.
pub fn holders_within(
    conn: &mut Conn,
    canteens: &[CanteenId],
    areas: &[Area],
    after: Option<AccountId>,
    limit: i64,
) -> QueryResult<Vec<AccountId>> {
    let mut within = grants::table
        .filter(grants::canteen_id.eq_any(canteens.iter().copied().map(Some)))
        .select(grants::account_id)
        .distinct()
        .order(grants::account_id)
        .limit(limit)
        .into_boxed();
    for area in areas {
        // Not LIKE: it takes `a` for `A` on SQLite, and rights hang on this.
        let inside = format!("{}/", area.path());
        let length = i32::try_from(inside.chars().count()).unwrap_or(i32::MAX);
        within = within
            .or_filter(grants::area.eq(area.clone()))
            .or_filter(substr(grants::area, 1, length).eq(inside));
    }
    if let Some(after) = after {
        within = within.filter(grants::account_id.gt(after));
    }
    within.load(conn)
}

/// The grants of an account that stand at this instant, for whom one of its sessions stands; nothing where that does not:
/// it was ended, or the account suspended, or it was started with a one-time password that has run out.
pub(super) fn grants_in_session(
    conn: &mut Conn,
    session: SessionId,
    account: AccountId,
    now: At,
) -> QueryResult<Option<Vec<Grant>>> {
    let stands = grants::ends_at.is_null().or(grants::ends_at.gt(now));
    let grants: Vec<Option<Grant>> = kept!(
        conn,
        load,
        sessions::table
            .inner_join(accounts::table)
            .left_join(
                grants::table
                    .on(grants::account_id.eq(accounts::id).and(grants::starts_at.le(now)).and(stands))
            )
            .filter(sessions::id.eq(session))
            .filter(sessions::ended_at.is_null())
            .filter(accounts::id.eq(account))
            .filter(accounts::suspended_at.is_null())
            .filter(accounts::password_expires_at.is_null().or(accounts::password_expires_at.gt(now)))
            .order(grants::id)
            .select(Option::<Grant>::as_select())
    )?;
    // A session that stands is there even without a grant.
    Ok((!grants.is_empty()).then(|| grants.into_iter().flatten().collect()))
}

/// The session that a browser's cookie carries, until the cookie is over.
pub(super) fn ticket_of_cookie(conn: &mut Conn, token_hash: &str, now: At) -> QueryResult<Option<Ticket>> {
    type Owner = (Option<AccountId>, Option<ResidentId>, Option<DeviceId>);
    let found: Option<(SessionId, Owner)> = cookies::table
        .inner_join(sessions::table)
        .filter(cookies::token_hash.eq(token_hash))
        .filter(cookies::expires_at.gt(now))
        .select((sessions::id, (sessions::account_id, sessions::resident_id, sessions::device_id)))
        .first(conn)
        .optional()?;
    Ok(found.and_then(|(session, (account, resident, device))| {
        let account = account.map(Principal::Account);
        let principal = account.or(resident.map(Principal::Resident)).or(device.map(Principal::Device))?;
        Some(Ticket { principal, session })
    }))
}

/// The accounts that hold a role as volunteer or staff of a canteen at this instant, and are not suspended at it.
pub fn serving(conn: &mut Conn, canteen: CanteenId, at: At) -> QueryResult<Vec<AccountId>> {
    grants::table
        .inner_join(accounts::table)
        .filter(grants::canteen_id.eq(canteen))
        .filter(grants::role.eq_any([Role::Volunteer, Role::Staff]))
        .filter(grants::starts_at.le(at))
        .filter(grants::ends_at.is_null().or(grants::ends_at.gt(at)))
        .filter(accounts::suspended_at.is_null().or(accounts::suspended_at.gt(at)))
        .select(grants::account_id)
        .distinct()
        .load(conn)
}

/// Whether the session was neither ended nor its owner suspended or revoked, nor started with a one-time password that has
/// run out.
pub fn session_stands(conn: &mut Conn, ticket: Ticket, now: At) -> QueryResult<bool> {
    match ticket.principal {
        Principal::Account(id) => Ok(grants_in_session(conn, ticket.session, id, now)?.is_some()),
        Principal::Device(id) => Ok(devices::in_session(conn, ticket.session, id)?.is_some()),
        Principal::Resident(id) => {
            let session = sessions::table
                .inner_join(residents::table)
                .filter(sessions::id.eq(ticket.session))
                .filter(sessions::ended_at.is_null())
                .filter(residents::id.eq(id))
                .filter(residents::status.eq(written("active")));
            kept!(conn, get_result, select(exists(session)))
        }
    }
}

/// For how long somebody is remembered where they signed in.
const REMEMBERED: chrono::TimeDelta = chrono::TimeDelta::days(90);

/// Whether somebody has signed in from there lately; `origin` as it is kept with sessions.
pub fn signed_in_from(conn: &mut Conn, principal: Principal, origin: &str, now: At) -> QueryResult<bool> {
    let from_there =
        sessions::table.filter(sessions::origin.eq(origin)).filter(sessions::started_at.gt(now - REMEMBERED));
    match principal {
        Principal::Account(id) => {
            select(exists(from_there.filter(sessions::account_id.eq(id)))).get_result(conn)
        }
        Principal::Resident(id) => {
            select(exists(from_there.filter(sessions::resident_id.eq(id)))).get_result(conn)
        }
        // It is enrolled once, and never signs in.
        Principal::Device(_) => Ok(false),
    }
}
