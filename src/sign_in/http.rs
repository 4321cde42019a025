//! Signing in, going on and signing out over HTTP.

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Issued, Refreshed};
use crate::{
    access::{ActorKind, Allowed, Caller, Principal, act, acts::NamedAct, tokens::ACCESS_TOKEN_LIFE},
    accounts,
    api::{Answer, Body, Done, Nothing},
    app::State,
    clock::At,
    db::Conn,
    ids::{AnyoneId, ResidentId},
    problem::{Code, Problem},
    residents, sign_in,
    text::Secret,
    words::Bilingual,
};

/// User name and password, or card number and PIN: exactly one of the pairs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "required": ["user_name", "password"], "properties": { "card_number": { "type": "null" }, "pin": { "type": "null" } } },
    { "required": ["card_number", "pin"], "properties": { "user_name": { "type": "null" }, "password": { "type": "null" } } },
]))]
pub struct SignInBody {
    pub user_name: Option<Secret>,
    pub password: Option<Secret>,
    /// The number printed on a resident's card.
    pub card_number: Option<Secret>,
    pub pin: Option<Secret>,
}

/// What a sign-in is checked by.
enum Pair {
    Password { user_name: Secret, password: Secret },
    Pin { card_number: Secret, pin: Secret },
}

impl SignInBody {
    fn pair(self) -> Result<Pair, Problem> {
        match (self.user_name, self.password, self.card_number, self.pin) {
            (Some(user_name), Some(password), None, None) => Ok(Pair::Password { user_name, password }),
            (None, None, Some(card_number), Some(pin)) => Ok(Pair::Pin { card_number, pin }),
            (_, _, _, _) => Err(Problem::new(Code::BadField).field(
                "",
                "one_pair",
                Bilingual::new(
                    "请填用户名和密码，或卡号和 PIN，二者选一",
                    "give user name and password, or card number and PIN: one pair of them",
                ),
            )),
        }
    }
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

/// Whoever signs in: an account, or a resident.
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
    fn of(state: &State, issued: Issued, now: At) -> TokensBody {
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
    let principal = match body.pair()? {
        Pair::Password { user_name, password } => by_password(&allowed, user_name, password).await?,
        Pair::Pin { card_number, pin } => by_pin(&allowed, card_number, pin).await?,
    };
    let started = move |conn: &mut Conn, caller: &Caller| {
        Ok((sign_in::start(conn, principal, caller.now)?, caller.now))
    };
    let (issued, now) = allowed.write(started).await?;
    Ok(Answer::new(TokensBody::of(allowed.state(), issued, now)))
}

/// Goes on with a session: new tokens for a refresh token.
pub async fn refresh(
    allowed: Allowed<act::SignIn>,
    Body(body): Body<RefreshBody>,
) -> Result<Done<TokensBody>, Problem> {
    let used = move |conn: &mut Conn, caller: &Caller| {
        Ok((sign_in::refresh(conn, body.refresh_token.as_str(), caller.now)?, caller.now))
    };
    match allowed.write(used).await? {
        (Refreshed::GoesOn(issued), now) => Ok(Answer::new(TokensBody::of(allowed.state(), issued, now))),
        (Refreshed::Ended, _) => Err(Code::SessionEnded.into()),
    }
}

/// Ends this session, or all of one's own.
pub async fn sign_out(
    allowed: Allowed<act::SignOut>,
    Body(body): Body<SignOutBody>,
) -> Result<Nothing, Problem> {
    allowed
        .write(move |conn, caller| {
            if body.everywhere {
                sign_in::end_all(conn, caller.principal()?, caller.now)?;
            } else {
                sign_in::end(conn, caller.session()?, caller.now)?;
            }
            Ok(Nothing)
        })
        .await
}

/// Whoever has this user name and password.
///
/// Fails with `wrong_credentials` or `busy`.
pub(crate) async fn by_password(
    allowed: &Allowed<act::SignIn>,
    user_name: Secret,
    password: Secret,
) -> Result<Principal, Problem> {
    let known = allowed.read(move |conn, _| Ok(accounts::credentials(conn, user_name.as_str())?)).await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let right = allowed.state().hasher.is_right(password.as_str(), hash).await?;
    match known {
        Some(known) if right && !known.suspended => Ok(Principal::Account(known.account)),
        Some(_) | None => Err(Code::WrongCredentials.into()),
    }
}

/// The resident with this card number and PIN.
///
/// Fails with `wrong_credentials`, `pin_closed` or `busy`.
pub(crate) async fn by_pin(
    allowed: &Allowed<act::SignIn>,
    card_number: Secret,
    pin: Secret,
) -> Result<Principal, Problem> {
    let known =
        allowed.read(move |conn, _| Ok(residents::credentials_by_card(conn, card_number.as_str())?)).await?;
    let Some((resident, pin_hash, zone)) = known else {
        allowed.state().hasher.is_right(pin.as_str(), None).await?;
        return Err(Code::WrongCredentials.into());
    };
    if pin_is_right(allowed, resident, pin_hash, zone, pin.as_str()).await? {
        Ok(Principal::Resident(resident))
    } else {
        Err(Code::WrongCredentials.into())
    }
}

/// Whether this is the resident's PIN; a wrong one is counted on this day in the zone of their canteen, and stays so
/// whatever becomes of the request.
///
/// Fails with `pin_closed` or `busy`.
pub async fn pin_is_right<A: NamedAct>(
    allowed: &Allowed<A>,
    resident: ResidentId,
    pin_hash: Option<String>,
    zone: Tz,
    pin: &str,
) -> Result<bool, Problem> {
    let tried = allowed
        .write(move |conn, caller| {
            sign_in::take_pin_try(conn, resident, caller.now.in_zone(zone).date_naive())
        })
        .await?;
    let right = allowed.state().hasher.is_right(pin, pin_hash).await;
    // A PIN that nobody had time to look at was not wrong.
    if !matches!(right, Ok(false)) {
        allowed.write(move |conn, _| Ok(sign_in::give_back(conn, tried)?)).await?;
    }
    right
}
