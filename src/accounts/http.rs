//! Accounts over HTTP: sign up, who am I, and what officers do with accounts and roles.

use actix_web::web::Path;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Account, Changes, NewAccount, Role, Seen, passwords::one_time_password};
use crate::{
    access::{Allowed, Caller, Grant, GrantScope, Principal, act},
    accounts,
    api::{Answer, Body, Created, Done, IfMatch, Keyed, Nothing, Query},
    audit::{self, Deed, Entry, Subject, SubjectKind},
    clock::At,
    db::Conn,
    devices,
    devices::http::MyDeviceBody,
    families::http::{FamilyLinkBody, mine},
    ids::{AccountId, CanteenId, GrantId, ResidentId},
    page::{Limit, Page, Window},
    problem::{Code, Fail, Problem},
    residents, sign_in,
    sign_in::http::PrincipalBody,
    text::{Cursor, Line, Password, Phone, Secret, UserName},
    throttle::{self, Guessable, http::Try},
    words,
    words::Area,
};

words! {
    /// A role that can be granted.
    pub enum GrantedRole {
        /// Serves at a canteen's door and on its rounds.
        Volunteer = "volunteer",
        /// Runs a canteen.
        Staff = "staff",
        /// An officer of an area.
        District = "district",
        /// Reads everything of an area, changes nothing.
        Auditor = "auditor",
        /// Accounts and settings of the whole installation.
        Admin = "admin",
    }
}

/// Whoever signs up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpBody {
    pub user_name: UserName,
    pub display_name: Line<40>,
    pub phone: Option<Phone>,
    pub password: Password,
}

/// An account to be made, with its first role.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountBody {
    pub user_name: UserName,
    pub display_name: Line<40>,
    pub phone: Option<Phone>,
    pub grant: NewGrantBody,
}

/// A role to be granted. Volunteers and staff get a canteen, district officers and auditors an area, administrators
/// neither.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrantBody {
    pub role: GrantedRole,
    pub canteen_id: Option<CanteenId>,
    pub area: Option<Area>,
    /// From when on; at once where nothing is said.
    pub starts_at: Option<At>,
    /// The first instant at which it no longer stands; until it is ended where nothing is said.
    pub ends_at: Option<At>,
}

impl NewGrantBody {
    fn role(&self) -> Result<Role, Problem> {
        let scope = match (self.role, self.canteen_id, &self.area) {
            (GrantedRole::Volunteer, Some(canteen), None) => GrantScope::Volunteer(canteen),
            (GrantedRole::Staff, Some(canteen), None) => GrantScope::Staff(canteen),
            (GrantedRole::District, None, Some(area)) => GrantScope::District(area.clone()),
            (GrantedRole::Auditor, None, Some(area)) => GrantScope::Auditor(area.clone()),
            (GrantedRole::Admin, None, None) => GrantScope::Admin,
            (
                GrantedRole::Volunteer
                | GrantedRole::Staff
                | GrantedRole::District
                | GrantedRole::Auditor
                | GrantedRole::Admin,
                _,
                _,
            ) => return Err(Code::GrantScope.into()),
        };
        Ok(Role { scope, starts_at: self.starts_at, ends_at: self.ends_at })
    }
}

/// What is changed of an account; what is absent stays.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChangesBody {
    pub display_name: Option<Line<40>>,
    /// Null takes it off the record.
    #[serde(default, deserialize_with = "present")]
    pub phone: Option<Option<Phone>>,
    /// Suspending ends every session at once.
    pub suspended: Option<bool>,
    /// True issues a new one-time password, shown in this answer only and good for seven days, and ends every session.
    #[serde(default)]
    pub reset_password: bool,
}

/// A field that is there, though it may be null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Phone>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// One's own new password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChangeBody {
    pub present_password: Secret,
    pub new_password: Password,
}

/// A role that an account holds or held.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GrantBody {
    pub id: GrantId,
    pub role: crate::access::Role,
    pub canteen_id: Option<CanteenId>,
    pub area: Option<Area>,
    pub starts_at: At,
    /// The first instant at which it no longer stands.
    pub ends_at: Option<At>,
}

impl From<Grant> for GrantBody {
    fn from(grant: Grant) -> GrantBody {
        let Grant { id, account_id: _, role, canteen_id, area, starts_at, ends_at } = grant;
        GrantBody { id, role, canteen_id, area, starts_at, ends_at }
    }
}

/// An account, with those of its grants, standing or over, that lie within the reader's reach.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AccountBody {
    pub id: AccountId,
    pub user_name: String,
    pub display_name: String,
    pub phone: Option<String>,
    pub suspended_at: Option<At>,
    pub created_at: At,
    pub grants: Vec<GrantBody>,
}

impl From<Seen> for AccountBody {
    fn from(Seen { account, grants }: Seen) -> AccountBody {
        let Account { id, user_name, display_name, phone, suspended_at, created_at, .. } = account;
        let grants = grants.into_iter().map(GrantBody::from).collect();
        AccountBody { id, user_name, display_name, phone, suspended_at, created_at, grants }
    }
}

/// An account, and the password that was issued for it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IssuedAccountBody {
    pub account: AccountBody,
    /// For the next sign-in; shown this once, and good for seven days: until then its owner has to choose another.
    /// Null when none was issued, and in a replayed answer.
    pub one_time_password: Option<String>,
}

/// Which accounts to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsQuery {
    /// Exactly this user name, wherever its roles lie: for granting it one.
    pub user_name: Option<UserName>,
    /// How many items at most; 50 where nothing is said.
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<Cursor>,
}

/// Who one is, and what one may do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MeBody {
    pub principal: PrincipalBody,
    pub display_name: String,
    /// An account's; null for everybody else.
    pub user_name: Option<String>,
    /// Until when one has to choose a password of one's own: one signed in with a one-time password, which ends then,
    /// and with it what was begun with it. Null for everybody else.
    pub password_expires_at: Option<At>,
    /// The roles that stand now.
    pub grants: Vec<GrantBody>,
    /// The family links that one asked for or holds.
    pub links: Vec<FamilyLinkBody>,
    /// Who signed in with card and PIN; null for everybody else.
    pub resident: Option<MyResidentBody>,
    /// What a device is for; null for a person.
    pub device: Option<MyDeviceBody>,
}

/// A resident, to themself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MyResidentBody {
    pub id: ResidentId,
    /// The canteen that registered them.
    pub canteen_id: CanteenId,
}

/// Makes an account without rights.
pub async fn sign_up(
    allowed: Allowed<act::SignUp>,
    request: Keyed<SignUpBody>,
) -> Result<Created<AccountBody>, Problem> {
    let (key, origin) = (allowed.state().identity_key.clone(), allowed.origin());
    let looked = key.clone();
    allowed.read(move |conn, caller| throttle::sign_up(conn, &looked, origin, caller.now, false)).await?;
    let password_hash = allowed.state().hasher.hash(request.body.password.as_str()).await?;
    allowed
        .once(request, move |conn, caller, body| {
            throttle::sign_up(conn, &key, origin, caller.now, true)?;
            let new = NewAccount {
                user_name: body.user_name.clone(),
                display_name: body.display_name.clone(),
                phone: body.phone.clone(),
                password_hash: password_hash.clone(),
                password_expires_at: None,
            };
            let account = accounts::sign_up(conn, &new, caller.now)?;
            let own = Subject::of(SubjectKind::Account, account.id);
            audit::record(conn, caller, Entry::of(Deed::AccountMade, own).saying("by_sign_up", true))?;
            Ok(answer(Seen { account, grants: Vec::new() }))
        })
        .await
}

/// Who am I?
pub async fn me(allowed: Allowed<act::ReadMe>) -> Result<Done<MeBody>, Problem> {
    allowed.read(|conn, caller| Ok(Answer::new(who(conn, caller)?))).await
}

/// Changes one's own password, and ends one's other sessions.
pub async fn change_password(
    allowed: Allowed<act::ChangePassword>,
    Body(body): Body<PasswordChangeBody>,
) -> Result<Nothing, Problem> {
    let (key, origin) = (allowed.state().identity_key.clone(), allowed.origin());
    let (present, tried) = allowed
        .read(move |conn, caller| {
            let own = own_account(caller)?;
            let name = accounts::find(conn, own)?.user_name;
            let place = accounts::place_of(conn, own, caller.now)?;
            let tried = Try::new(&key, origin, Guessable::Password, &name).of(caller.principal()?, place);
            tried.judge(conn, caller)?;
            Ok((accounts::password_hash(conn, own)?, tried))
        })
        .await?;
    let hasher = &allowed.state().hasher;
    if !hasher.is_right(body.present_password.as_str(), Some(present.clone())).await? {
        return Err(tried.was_wrong(&allowed, Code::WrongPassword, |_, _| Ok(())).await);
    }
    let new = hasher.hash(body.new_password.as_str()).await?;
    allowed
        .write(move |conn, caller| {
            tried.was_right(conn, caller)?;
            let own = own_account(caller)?;
            accounts::change_password(conn, own, &present, &new)?;
            let place = accounts::place_of(conn, own, caller.now)?;
            let entry = Entry::of(Deed::PasswordChanged, Subject::of(SubjectKind::Account, own));
            audit::record(conn, caller, entry.at(place))?;
            sign_in::end_others(conn, caller.principal()?, caller.session()?, caller.now)?;
            Ok(Nothing)
        })
        .await
}

/// Lists the accounts that one may see.
pub async fn list(
    allowed: Allowed<act::ReadAccounts>,
    Query(query): Query<AccountsQuery>,
) -> Result<Done<Page<AccountBody>>, Problem> {
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    allowed
        .read(move |conn, caller| {
            let page = match query.user_name {
                Some(user_name) => {
                    let found = accounts::look_up(conn, caller, user_name.as_str())?;
                    Page { items: found.into_iter().collect(), next: None }
                }
                None => accounts::list(conn, caller, &window)?,
            };
            Ok(Answer::new(page.map(AccountBody::from)))
        })
        .await
}

/// Makes an account with its first role, and a one-time password for its first sign-in.
pub async fn create(
    allowed: Allowed<act::EditAccounts>,
    request: Keyed<NewAccountBody>,
) -> Result<Created<IssuedAccountBody>, Problem> {
    let role = request.body.grant.role()?;
    let password = one_time_password();
    let password_hash = allowed.state().hasher.hash(&password).await?;
    let create = move |conn: &mut Conn, caller: &Caller, body: &NewAccountBody| {
        let officer = accounts::office_over(conn, caller, &role.scope)?;
        let new = NewAccount {
            user_name: body.user_name.clone(),
            display_name: body.display_name.clone(),
            phone: body.phone.clone(),
            password_hash: password_hash.clone(),
            password_expires_at: Some(caller.now + accounts::ONE_TIME_LIFE),
        };
        let account = accounts::create(conn, &officer, &new, &role, caller.now)?;
        let place = accounts::place_of(conn, account.id, caller.now)?;
        let own = Subject::of(SubjectKind::Account, account.id);
        let entry = Entry::of(Deed::AccountMade, own).at(place).saying("role", role.scope.role().as_str());
        audit::record(conn, caller, entry)?;
        issued(conn, caller, account.id, Some(password.clone()))
    };
    allowed.once_keeping(request, create, Some(without_password)).await
}

/// Reads an account.
pub async fn read(
    allowed: Allowed<act::ReadAccounts>,
    id: Path<AccountId>,
) -> Result<Done<AccountBody>, Problem> {
    allowed.read(move |conn, caller| Ok(answer(accounts::look_at(conn, caller, *id)?))).await
}

/// Renames, suspends or resets an account.
pub async fn edit(
    allowed: Allowed<act::EditAccounts>,
    id: Path<AccountId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<AccountChangesBody>,
) -> Result<Done<IssuedAccountBody>, Problem> {
    let password = body.reset_password.then(one_time_password);
    let password_hash = match &password {
        Some(password) => Some(allowed.state().hasher.hash(password).await?),
        None => None,
    };
    let AccountChangesBody { display_name, phone, suspended, reset_password: _ } = body;
    let changes = Changes { display_name, phone, suspended, password_hash };
    allowed
        .write(move |conn, caller| {
            let managed = accounts::manage(conn, caller, *id)?;
            accounts::edit(conn, &managed, &changes, seen, caller.now)?;
            record_changes(conn, caller, *id, &changes)?;
            if changes.suspended == Some(true) || changes.password_hash.is_some() {
                sign_in::end_all(conn, Principal::Account(managed.account()), caller.now)?;
            }
            issued(conn, caller, *id, password.clone())
        })
        .await
}

/// Grants an account a role.
pub async fn grant(
    allowed: Allowed<act::GrantRoles>,
    id: Path<AccountId>,
    request: Keyed<NewGrantBody>,
) -> Result<Created<GrantBody>, Problem> {
    allowed
        .once(request, move |conn, caller, body| {
            let role = body.role()?;
            let officer = accounts::office_over(conn, caller, &role.scope)?;
            let grant = accounts::grant(conn, &officer, *id, &role, caller.now)?;
            record_role(conn, caller, Deed::RoleGranted, &grant)?;
            Ok(Answer::new(grant.into()))
        })
        .await
}

/// Ends a role now.
pub async fn end_grant(allowed: Allowed<act::GrantRoles>, id: Path<GrantId>) -> Result<Nothing, Problem> {
    allowed
        .write(move |conn, caller| {
            let grant = accounts::end_role(conn, caller, *id)?;
            record_role(conn, caller, Deed::RoleEnded, &grant)?;
            Ok(Nothing)
        })
        .await
}

/// Writes down what has consequences of what was changed of an account.
fn record_changes(conn: &mut Conn, caller: &Caller, id: AccountId, changes: &Changes) -> Result<(), Fail> {
    let place = accounts::place_of(conn, id, caller.now)?;
    let suspended = changes
        .suspended
        .map(|suspended| if suspended { Deed::AccountSuspended } else { Deed::AccountRestored });
    let reset = changes.password_hash.as_ref().map(|_| Deed::PasswordReset);
    for deed in suspended.into_iter().chain(reset) {
        let entry = Entry::of(deed, Subject::of(SubjectKind::Account, id)).at(place.clone());
        audit::record(conn, caller, entry)?;
    }
    Ok(())
}

fn record_role(conn: &mut Conn, caller: &Caller, deed: Deed, grant: &Grant) -> Result<(), Fail> {
    let place = accounts::place_of_grant(conn, grant)?;
    let holder = Subject::of(SubjectKind::Account, grant.account_id);
    let entry = Entry::of(deed, holder).at(place).saying("role", grant.role.as_str());
    audit::record(conn, caller, entry.saying("grant_id", grant.id.to_string()))
}

fn answer<const STATUS: u16>(seen: Seen) -> Answer<STATUS, AccountBody> {
    let version = seen.account.version;
    Answer::new(AccountBody::from(seen)).version(version)
}

fn issued<const STATUS: u16>(
    conn: &mut Conn,
    caller: &Caller,
    id: AccountId,
    one_time_password: Option<String>,
) -> Result<Answer<STATUS, IssuedAccountBody>, Fail> {
    let seen = accounts::look_at(conn, caller, id)?;
    let version = seen.account.version;
    Ok(Answer::new(IssuedAccountBody { account: seen.into(), one_time_password }).version(version))
}

fn without_password(issued: &IssuedAccountBody) -> IssuedAccountBody {
    IssuedAccountBody { one_time_password: None, ..issued.clone() }
}

/// The account that is calling; a resident who signed in with a card has no password, nor has a device.
fn own_account(caller: &Caller) -> Result<AccountId, Fail> {
    match caller.principal()? {
        Principal::Account(id) => Ok(id),
        Principal::Resident(_) | Principal::Device(_) => Err(Code::NotAllowed.into()),
    }
}

/// Who is calling, and what they may do.
pub(crate) fn who(conn: &mut Conn, caller: &Caller) -> Result<MeBody, Fail> {
    let principal = caller.principal()?;
    let (account, resident) = match principal {
        Principal::Account(id) => (Some(accounts::find(conn, id)?), None),
        Principal::Resident(id) => {
            let site = residents::registered(conn, id)?.site;
            (None, Some(MyResidentBody { id, canteen_id: site.id }))
        }
        Principal::Device(_) => (None, None),
    };
    let display_name = match caller.device() {
        Some(device) => device.name.clone(),
        None => accounts::name_of(conn, principal.into())?.unwrap_or_default(),
    };
    Ok(MeBody {
        principal: principal.into(),
        display_name,
        password_expires_at: account.as_ref().and_then(|account| account.password_expires_at),
        user_name: account.map(|account| account.user_name),
        grants: caller.grants().cloned().map(GrantBody::from).collect(),
        links: mine(conn, principal)?,
        resident,
        device: caller.device().map(|device| devices::http::myself(conn, device, caller.now)).transpose()?,
    })
}
