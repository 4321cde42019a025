//! Signing in, going on and signing out over HTTP.

use diesel::QueryResult;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{InBrowser, Issued, Refreshed};
use crate::{
    access::{ActorKind, Allowed, Caller, Principal, act, acts::NamedAct, tokens::ACCESS_TOKEN_LIFE},
    accounts,
    api::{Answer, Body, Done, Nothing},
    app::State,
    audit::{self, Deed, Entry, Place, Subject},
    canteens,
    clock::At,
    db::Conn,
    devices,
    ids::AnyoneId,
    metrics,
    problem::{Code, Fail, Problem},
    residents::{self, CardHolder},
    sign_in,
    text::Secret,
    throttle::{Guessable, http::Try},
};

/// User name and password, or card number and PIN: one of the pairs.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SignInBody {
    Password(PasswordSignIn),
    Card(CardSignIn),
}

/// An account's user name and password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordSignIn {
    pub user_name: Secret,
    pub password: Secret,
}

/// A resident's card and PIN.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardSignIn {
    /// The number printed on the card.
    pub card_number: Secret,
    pub pin: Secret,
}

/// A refresh token, to go on with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshBody {
    pub refresh_token: Secret,
}

/// How much to sign out of.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignOutBody {
    /// On every device; else on this one only.
    pub everywhere: bool,
}

/// Whoever signs in: an account, a resident, or a device.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct PrincipalBody {
    pub kind: ActorKind,
    pub id: AnyoneId,
}

impl From<Principal> for PrincipalBody {
    fn from(principal: Principal) -> PrincipalBody {
        PrincipalBody { kind: principal.kind(), id: principal.id() }
    }
}

/// The tokens of a session.
#[derive(Serialize, JsonSchema)]
pub struct TokensBody {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// How long the access token is good for, in seconds.
    pub expires_in_s: i64,
    /// Good once: the answer to its use has the next. The same again, other than for a lost reply within a minute, ends
    /// the session.
    pub refresh_token: String,
    pub principal: PrincipalBody,
}

impl TokensBody {
    pub(crate) fn of(state: &State, issued: Issued, now: At) -> TokensBody {
        TokensBody {
            access_token: state.tokens.sign(issued.ticket, now),
            expires_in_s: ACCESS_TOKEN_LIFE.num_seconds(),
            refresh_token: issued.refresh_token,
            principal: issued.ticket.principal.into(),
        }
    }
}

/// Starts a session.
pub async fn sign_in(
    allowed: Allowed<act::SignIn>,
    Body(body): Body<SignInBody>,
) -> Result<Done<TokensBody>, Problem> {
    let (with, shown) = match body {
        SignInBody::Password(PasswordSignIn { user_name, password }) => {
            ("password", by_password(&allowed, user_name, password).await)
        }
        SignInBody::Card(CardSignIn { card_number, pin }) => {
            ("pin", by_pin(&allowed, card_number, pin).await)
        }
    };
    let (issued, now) = started(&allowed, with, shown, sign_in::start).await?;
    Ok(Answer::new(TokensBody::of(allowed.state(), issued, now)))
}

/// Starts a session of some kind for whoever was `shown` to be who they say, if they were; on record either way.
async fn started<T: Send + 'static>(
    allowed: &Allowed<act::SignIn>,
    with: &'static str,
    shown: Result<(Principal, Try), Problem>,
    start: fn(&mut Conn, Principal, Option<&str>, At) -> QueryResult<T>,
) -> Result<(T, At), Problem> {
    let (principal, tried) = shown.inspect_err(|problem| metrics::sign_in(with, problem.code.as_str()))?;
    let started = move |conn: &mut Conn, caller: &Caller| {
        tried.was_right(conn, caller)?;
        let session = start(conn, principal, Some(tried.origin()), caller.now)?;
        audit::record(conn, caller, tried.entry(Deed::SignedIn).by(principal))?;
        conn.after_commit(move || metrics::sign_in(with, "signed_in"));
        Ok((session, caller.now))
    };
    allowed.write(started).await
}

/// Starts a session in a browser, by user name and password. Fails as [`sign_in`] does.
pub(crate) async fn browse_by_password(
    allowed: &Allowed<act::SignIn>,
    user_name: Secret,
    password: Secret,
) -> Result<InBrowser, Problem> {
    let shown = by_password(allowed, user_name, password).await;
    Ok(started(allowed, "password", shown, sign_in::start_in_browser).await?.0)
}

/// Starts a session in a browser, by card number and PIN. Fails as [`sign_in`] does.
pub(crate) async fn browse_by_pin(
    allowed: &Allowed<act::SignIn>,
    card_number: Secret,
    pin: Secret,
) -> Result<InBrowser, Problem> {
    let shown = by_pin(allowed, card_number, pin).await;
    Ok(started(allowed, "pin", shown, sign_in::start_in_browser).await?.0)
}

/// Goes on with a session: new tokens for a refresh token.
pub async fn refresh(
    allowed: Allowed<act::SignIn>,
    Body(body): Body<RefreshBody>,
) -> Result<Done<TokensBody>, Problem> {
    let used = move |conn: &mut Conn, caller: &Caller| {
        let refreshed = sign_in::refresh(conn, body.refresh_token.as_str(), caller.now)?;
        if let Refreshed::Reused(whose) = &refreshed {
            let place = place_of(conn, *whose, caller.now)?;
            audit::record(conn, caller, Entry::of(Deed::TokenReused, Subject::from(*whose)).at(place))?;
        }
        Ok((refreshed, caller.now))
    };
    match allowed.write(used).await? {
        (Refreshed::GoesOn(issued), now) => Ok(Answer::new(TokensBody::of(allowed.state(), issued, now))),
        (Refreshed::Ended | Refreshed::Reused(_), _) => Err(Code::SessionEnded.into()),
    }
}

/// Ends this session, or all of one's own.
pub async fn sign_out(
    allowed: Allowed<act::SignOut>,
    Body(body): Body<SignOutBody>,
) -> Result<Nothing, Problem> {
    allowed
        .write(move |conn, caller| {
            let principal = caller.principal()?;
            if body.everywhere {
                sign_in::end_all(conn, principal, caller.now)?;
                let place = place_of(conn, principal, caller.now)?;
                let entry = Entry::of(Deed::SignedOutEverywhere, Subject::from(principal)).at(place);
                audit::record(conn, caller, entry)?;
            } else {
                sign_in::end(conn, caller.session()?, caller.now)?;
            }
            Ok(Nothing)
        })
        .await
}

/// Where an entry about somebody's sign-ins belongs.
fn place_of(conn: &mut Conn, whose: Principal, now: At) -> Result<Place, Fail> {
    match whose {
        Principal::Account(id) => accounts::place_of(conn, id, now),
        Principal::Resident(id) => Ok(Place::from(&residents::registered(conn, id)?.site)),
        Principal::Device(id) => {
            let canteen = devices::find(conn, id)?.canteen_id;
            Ok(Place::from(&canteens::site(conn, canteen)?))
        }
    }
}

/// Whoever has this user name and password, and the try, which is still to be settled with
/// [`was_right`](Try::was_right) in the transaction of what it is for.
///
/// Fails with `wrong_credentials`, `password_expired`, `slow_down` or `busy`.
async fn by_password(
    allowed: &Allowed<act::SignIn>,
    user_name: Secret,
    password: Secret,
) -> Result<(Principal, Try), Problem> {
    let tried =
        Try::new(&allowed.state().identity_key, allowed.origin(), Guessable::Password, user_name.as_str());
    let (known, tried) = allowed
        .read(move |conn, caller| {
            let known = accounts::credentials(conn, user_name.as_str(), caller.now)?;
            let tried = match &known {
                Some(known) => tried.of(Principal::Account(known.account), known.place.clone()),
                None => tried,
            };
            tried.judge(conn, caller)?;
            Ok((known, tried))
        })
        .await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let right = allowed.state().hasher.is_right(password.as_str(), hash).await?;
    match known {
        Some(known) if right && !known.suspended => {
            let now = allowed.state().clock.now();
            if known.password_expires_at.is_some_and(|expires_at| expires_at <= now) {
                return Err(Code::PasswordExpired.into());
            }
            Ok((Principal::Account(known.account), tried))
        }
        Some(_) | None => Err(tried.was_wrong(allowed, Code::WrongCredentials, |_, _| Ok(())).await),
    }
}

/// The resident with this card number and PIN, and the try, as of [`by_password`].
///
/// Fails with `wrong_credentials`, `pin_closed`, `slow_down` or `busy`.
async fn by_pin(
    allowed: &Allowed<act::SignIn>,
    card_number: Secret,
    pin: Secret,
) -> Result<(Principal, Try), Problem> {
    let (holder, tried) = told_pin(allowed, card_number.as_str().to_owned(), pin.as_str()).await?;
    Ok((Principal::Resident(holder.registered.id), tried))
}

/// Whose PIN was told with this card, and the try, which is still to be settled with
/// [`was_right`](Try::was_right) in the transaction of what it is for. A wrong one is counted whatever becomes of the
/// request, for whoever tries and for the resident's day.
///
/// Fails with `wrong_credentials`, `pin_closed`, `slow_down` or `busy`.
pub async fn told_pin<A: NamedAct>(
    allowed: &Allowed<A>,
    card_number: String,
    pin: &str,
) -> Result<(CardHolder, Try), Problem> {
    let tried = Try::new(&allowed.state().identity_key, allowed.origin(), Guessable::Pin, &card_number);
    let (holder, tried) = allowed
        .read(move |conn, caller| {
            let holder = residents::card_holder(conn, &card_number)?;
            let tried = match &holder {
                Some(holder) => {
                    let whose = &holder.registered;
                    tried.of(Principal::Resident(whose.id), Place::from(&whose.site))
                }
                None => tried,
            };
            tried.judge(conn, caller)?;
            if let Some(holder) = &holder {
                sign_in::check_pin_open(conn, holder.registered.id, holder.today(caller.now))?;
            }
            Ok((holder, tried))
        })
        .await?;
    let hash = holder.as_ref().and_then(|holder| holder.pin_hash.clone());
    let right = allowed.state().hasher.is_right(pin, hash).await?;
    match holder {
        Some(holder) if right => {
            let (id, today) = (holder.registered.id, holder.clone());
            allowed
                .read(move |conn, caller| sign_in::check_pin_open(conn, id, today.today(caller.now)))
                .await?;
            Ok((holder, tried))
        }
        holder => {
            let count = move |conn: &mut Conn, caller: &Caller| match &holder {
                Some(holder) => {
                    sign_in::count_wrong_pin(conn, holder.registered.id, holder.today(caller.now))
                }
                None => Ok(()),
            };
            Err(tried.was_wrong(allowed, Code::WrongCredentials, count).await)
        }
    }
}
