//! Accounts: people who sign in with a user name, and the roles they are granted.
//!
//! Anyone may sign up and has no rights until somebody grants a role or a resident approves a link. A district officer
//! sees the accounts that hold or held a role inside their area, and manages those whose present roles all lie in it:
//! so nobody reaches for an administrator, or for another district, by granting them something first. What an officer
//! may grant lies inside their area too; an administrator is made by administrators only.

pub mod http;
pub mod passwords;
mod store;

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use diesel::QueryResult;

use crate::{
    access::{self, Actor, Caller, Grant, GrantScope, NewGrant, Officer, Scope},
    audit::Place,
    canteens,
    clock::At,
    counters::{self, Counter},
    db::Conn,
    ids::{AccountId, CanteenId, GrantId},
    page::{Page, Window},
    problem::{Code, Fail},
    text::{Line, Phone, UserName},
};

/// How long a one-time password is good for: its owner chooses another until then, or asks for a new one.
pub const ONE_TIME_LIFE: TimeDelta = TimeDelta::days(7);

/// A person who signs in with a user name.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: AccountId,
    pub user_name: String,
    pub display_name: String,
    pub phone: Option<String>,
    /// Until when a one-time password is good; none once its owner has chosen another.
    pub password_expires_at: Option<At>,
    pub suspended_at: Option<At>,
    pub created_at: At,
    /// Counts changes of the account and of its grants.
    pub version: i32,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub user_name: UserName,
    pub display_name: Line<40>,
    pub phone: Option<Phone>,
    pub password_hash: String,
    /// Until when a one-time password is good.
    pub password_expires_at: Option<At>,
}

/// What is changed of an account; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub display_name: Option<Line<40>>,
    pub phone: Option<Option<Phone>>,
    pub suspended: Option<bool>,
    /// The hash of a one-time password.
    pub password_hash: Option<String>,
}

/// A role to be granted, and from when to when.
#[derive(Clone, Debug)]
pub struct Role {
    pub scope: GrantScope,
    /// At once where nothing is said.
    pub starts_at: Option<At>,
    pub ends_at: Option<At>,
}

/// What a sign-in is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub account: AccountId,
    pub password_hash: String,
    pub password_expires_at: Option<At>,
    pub suspended: bool,
    /// Where an entry about a sign-in belongs: by a role that stands, if there is one.
    pub place: Place,
}

/// An account as a caller may see it, with those of its grants that the caller's rights reach.
#[derive(Clone, Debug)]
pub struct Seen {
    pub account: Account,
    pub grants: Vec<Grant>,
}

/// Proof that the caller may suspend, rename and reset this account.
#[derive(Clone, Debug)]
pub struct Managed(AccountId);

impl Managed {
    pub fn account(&self) -> AccountId {
        self.0
    }
}

// Who signs up, signs in, and is named --------------------------------------------------------------------------------

/// Makes an account without rights. Fails with `user_name_taken`.
pub fn sign_up(conn: &mut Conn, new: &NewAccount, now: At) -> Result<Account, Fail> {
    store::insert(conn, new, now)?.ok_or_else(|| Code::UserNameTaken.into())
}

/// Makes an administrator, for the command line: the first one has nobody to grant it. Fails with `user_name_taken`.
pub fn create_first_admin(
    conn: &mut Conn,
    user_name: UserName,
    display_name: Line<40>,
    password_hash: String,
    now: At,
) -> Result<AccountId, Fail> {
    let new = NewAccount { user_name, display_name, phone: None, password_hash, password_expires_at: None };
    let account = sign_up(conn, &new, now)?.id;
    let scope = GrantScope::Admin;
    access::grant(conn, &NewGrant { account, scope, starts_at: now, ends_at: None, by: Actor::SYSTEM }, now)?;
    Ok(account)
}

/// The account with this id, for its owner; `account_not_found` without.
pub fn find(conn: &mut Conn, id: AccountId) -> Result<Account, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::AccountNotFound.into())
}

/// What a sign-in under this user name is checked against, if there is such an account.
pub fn credentials(conn: &mut Conn, user_name: &str, now: At) -> Result<Option<Credentials>, Fail> {
    let Some(mut credentials) = store::credentials(conn, user_name)? else { return Ok(None) };
    credentials.place = place_of(conn, credentials.account, now)?;
    Ok(Some(credentials))
}

/// Where an entry about an account belongs: where its first standing role does, and nowhere without one.
pub fn place_of(conn: &mut Conn, account: AccountId, now: At) -> Result<Place, Fail> {
    let grants = access::grants_of(conn, account)?;
    let standing = grants.iter().find(|grant| grant.starts_at <= now && !is_over(grant, now));
    standing.map_or_else(|| Ok(Place::default()), |grant| place_of_grant(conn, grant))
}

/// Where an entry about a role belongs: where it holds.
pub fn place_of_grant(conn: &mut Conn, grant: &Grant) -> Result<Place, Fail> {
    match (grant.canteen_id, &grant.area) {
        (Some(canteen), _) => Ok(Place::from(&canteens::site(conn, canteen)?)),
        (None, area) => Ok(Place { canteen: None, area: area.clone() }),
    }
}

/// The hash of the present password; `account_not_found` without the account.
pub fn password_hash(conn: &mut Conn, id: AccountId) -> Result<String, Fail> {
    store::password_hash(conn, id)?.ok_or_else(|| Code::AccountNotFound.into())
}

/// Replaces the password whose hash was `present`; `wrong_password` when it was replaced meanwhile.
pub fn change_password(conn: &mut Conn, id: AccountId, present: &str, new: &str) -> Result<(), Fail> {
    if store::replace_password(conn, id, present, new)? { Ok(()) } else { Err(Code::WrongPassword.into()) }
}

/// What people call whoever did something; nothing for the service itself.
pub fn name_of(conn: &mut Conn, actor: Actor) -> QueryResult<Option<String>> {
    Ok(names_of(conn, &[actor])?.remove(&actor))
}

/// What people call each of these; without those that have no name.
pub fn names_of(conn: &mut Conn, actors: &[Actor]) -> QueryResult<HashMap<Actor, String>> {
    store::names(conn, actors)
}

// Officers ------------------------------------------------------------------------------------------------------------

/// The accounts that the caller may see, by id.
pub fn list(
    conn: &mut Conn,
    caller: &Caller,
    window: &Window<crate::ids::Account>,
) -> Result<Page<Seen>, Fail> {
    let reach = Reachable::of(conn, caller)?;
    let accounts = if reach.everywhere {
        store::list(conn, window.after(), window.rows())?
    } else {
        let canteens: Vec<CanteenId> = reach.canteens.iter().copied().collect();
        let ids = access::holders_within(conn, &canteens, &reach.areas(), window.after(), window.rows())?;
        store::of_ids(conn, &ids)?
    };
    let page = window.page(accounts, |account| account.id);
    seen(conn, &reach, page)
}

/// The account of exactly this user name, wherever its roles lie, so that an officer can grant it one.
///
/// Of an account outside the caller's reach no more is told than its names.
pub fn look_up(conn: &mut Conn, caller: &Caller, user_name: &str) -> Result<Option<Seen>, Fail> {
    let reach = Reachable::of(conn, caller)?;
    let Some(account) = store::find_by_name(conn, user_name)? else { return Ok(None) };
    let mut seen = reach.see(conn, account)?;
    if !reach.everywhere && seen.grants.is_empty() {
        seen.account.phone = None;
    }
    Ok(Some(seen))
}

/// The account with this id as the caller may see it; `account_not_found` when it is out of reach.
pub fn look_at(conn: &mut Conn, caller: &Caller, id: AccountId) -> Result<Seen, Fail> {
    let reach = Reachable::of(conn, caller)?;
    let account = find(conn, id)?;
    let seen = reach.see(conn, account)?;
    if reach.everywhere || !seen.grants.is_empty() { Ok(seen) } else { Err(Code::AccountNotFound.into()) }
}

/// Proof that the caller may manage this account: all of its present and coming roles are in reach.
///
/// Fails with `account_not_found`, or `not_allowed_here` when only some are.
pub fn manage(conn: &mut Conn, caller: &Caller, id: AccountId) -> Result<Managed, Fail> {
    look_at(conn, caller, id)?;
    let reach = Reachable::of(conn, caller)?;
    let grants = access::grants_of(conn, id)?;
    let all = grants.iter().filter(|grant| !is_over(grant, caller.now)).all(|grant| reach.covers(grant));
    if all { Ok(Managed(id)) } else { Err(Code::NotHere.into()) }
}

/// Changes the account that was read as version `seen`; `stale` when somebody changed it meanwhile.
pub fn edit(
    conn: &mut Conn,
    managed: &Managed,
    changes: &Changes,
    seen: i32,
    now: At,
) -> Result<Account, Fail> {
    if !store::update(conn, managed.0, changes, seen, now)? {
        return Err(Code::Stale.into());
    }
    if changes.display_name.is_some() {
        counters::count(conn, Counter::Names)?;
    }
    find(conn, managed.0)
}

/// Makes an account with its first role. Fails with `user_name_taken` or `grant_span`.
pub fn create(
    conn: &mut Conn,
    officer: &Officer,
    new: &NewAccount,
    role: &Role,
    now: At,
) -> Result<Account, Fail> {
    let account = sign_up(conn, new, now)?;
    grant(conn, officer, account.id, role, now)?;
    find(conn, account.id)
}

/// Proof that the caller may grant roles of this scope; `not_allowed_here` or `canteen_not_found` without.
pub fn office_over(conn: &mut Conn, caller: &Caller, scope: &GrantScope) -> Result<Officer, Fail> {
    match scope {
        GrantScope::Volunteer(canteen) | GrantScope::Staff(canteen) => {
            caller.officer(&canteens::site(conn, *canteen)?.area)
        }
        GrantScope::District(area) | GrantScope::Auditor(area) => caller.officer(area),
        GrantScope::Admin => caller.officer_everywhere(),
    }
}

/// Grants a role. Fails with `account_not_found`, or `grant_span` when it would end before it starts.
pub fn grant(
    conn: &mut Conn,
    officer: &Officer,
    account: AccountId,
    role: &Role,
    now: At,
) -> Result<Grant, Fail> {
    let starts_at = role.starts_at.unwrap_or(now);
    if role.ends_at.is_some_and(|ends_at| ends_at <= starts_at) {
        return Err(Code::GrantSpan.into());
    }
    if !store::touch(conn, account)? {
        return Err(Code::AccountNotFound.into());
    }
    let scope = role.scope.clone();
    let new = NewGrant { account, scope, starts_at, ends_at: role.ends_at, by: officer.actor() };
    let id = access::grant(conn, &new, now)?;
    access::find_grant(conn, id)?.ok_or_else(|| Code::GrantNotFound.into())
}

/// Ends a role now, and gives it; one that has ended stays as it is. `grant_not_found` when it is out of the caller's reach.
pub fn end_role(conn: &mut Conn, caller: &Caller, id: GrantId) -> Result<Grant, Fail> {
    let reach = Reachable::of(conn, caller)?;
    let grant =
        access::find_grant(conn, id)?.filter(|grant| reach.covers(grant)).ok_or(Code::GrantNotFound)?;
    if access::end_grant(conn, id, caller.now)? {
        store::touch(conn, grant.account_id)?;
    }
    Ok(grant)
}

fn seen(conn: &mut Conn, reach: &Reachable, page: Page<Account>) -> Result<Page<Seen>, Fail> {
    let ids: Vec<AccountId> = page.items.iter().map(|account| account.id).collect();
    let grants = access::holders_of(conn, &ids)?;
    Ok(page.map(|account| {
        let own = grants.iter().filter(|grant| grant.account_id == account.id && reach.covers(grant));
        Seen { grants: own.cloned().collect(), account }
    }))
}

fn is_over(grant: &Grant, now: At) -> bool {
    grant.ends_at.is_some_and(|ends_at| ends_at <= now)
}

/// What a caller's rights reach for the act at hand.
struct Reachable {
    everywhere: bool,
    scopes: Vec<Scope>,
    canteens: BTreeSet<CanteenId>,
}

impl Reachable {
    fn of(conn: &mut Conn, caller: &Caller) -> Result<Reachable, Fail> {
        let scopes = caller.scopes();
        let everywhere = scopes.contains(&Scope::Everywhere);
        let sites = if everywhere { Vec::new() } else { canteens::sites_in(conn, &scopes)? };
        Ok(Reachable { everywhere, scopes, canteens: sites.into_iter().map(|site| site.id).collect() })
    }

    fn areas(&self) -> Vec<crate::words::Area> {
        let area = |scope: &Scope| match scope {
            Scope::Area(area) => Some(area.clone()),
            Scope::Canteen(_) | Scope::Everywhere => None,
        };
        self.scopes.iter().filter_map(area).collect()
    }

    /// Whether a grant lies in it. An administrator's lies nowhere: only who reaches everywhere reaches it.
    fn covers(&self, grant: &Grant) -> bool {
        let at_canteen = grant.canteen_id.is_some_and(|canteen| self.canteens.contains(&canteen));
        let in_area = |granted| self.areas().iter().any(|own| own.contains(granted));
        self.everywhere || at_canteen || grant.area.as_ref().is_some_and(in_area)
    }

    fn see(&self, conn: &mut Conn, account: Account) -> Result<Seen, Fail> {
        let mut grants = access::grants_of(conn, account.id)?;
        grants.retain(|grant| self.covers(grant));
        Ok(Seen { account, grants })
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{access, id::Id, words::Area};

    fn area(path: &str) -> Area {
        Area::new(path.split('/')).unwrap()
    }

    fn grant(role: access::Role, canteen_id: Option<CanteenId>, area: Option<Area>) -> Grant {
        let at = At::new(DateTime::UNIX_EPOCH);
        Grant {
            id: Id::new(at),
            account_id: Id::new(at),
            role,
            canteen_id,
            area,
            starts_at: at,
            ends_at: None,
        }
    }

    #[test]
    fn an_officer_reaches_what_lies_in_the_area_and_no_administrator() {
        let own = Id::new(At::new(DateTime::UNIX_EPOCH));
        let reach = Reachable {
            everywhere: false,
            scopes: vec![Scope::Area(area("贵阳市/南明区"))],
            canteens: BTreeSet::from([own]),
        };
        let foreign = Id::new(At::new(DateTime::UNIX_EPOCH));
        assert!(reach.covers(&grant(access::Role::Staff, Some(own), None)));
        assert!(!reach.covers(&grant(access::Role::Staff, Some(foreign), None)));
        assert!(reach.covers(&grant(access::Role::Auditor, None, Some(area("贵阳市/南明区/花果园")))));
        assert!(!reach.covers(&grant(access::Role::District, None, Some(area("贵阳市")))));
        assert!(!reach.covers(&grant(access::Role::Admin, None, None)));
    }

    #[test]
    fn a_role_is_over_from_its_last_instant_on() {
        let mut role = grant(access::Role::Admin, None, None);
        let end = role.starts_at + chrono::TimeDelta::hours(1);
        assert!(!is_over(&role, end));
        role.ends_at = Some(end);
        assert!(is_over(&role, end));
        assert!(!is_over(&role, end - chrono::TimeDelta::microseconds(1)));
    }
}
