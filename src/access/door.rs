//! The door: no act named, no database.

use std::{marker::PhantomData, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use serde::Serialize;

use crate::{
    access::{
        Caller, Pass, Reach, Role,
        acts::{Act, NamedAct, reach},
        tokens::hash_of,
    },
    api::{Answer, Describe, Keyed, OperationDoc, lang_of},
    app::State,
    db::Conn,
    idempotency::{self, Begun},
    problem::{Code, Fail, Problem},
    words::Lang,
};

/// The right to ask for the act `A`, and with it the way to the database.
///
/// Its `read`, `write` and `once` open a transaction, read the caller's rights in it, and refuse before anything else
/// is done when none of them covers the act. A right taken away is so gone at the next request.
pub struct Allowed<A> {
    state: web::Data<State>,
    pass: Pass,
    lang: Lang,
    act: PhantomData<fn() -> A>,
}

// A derive would demand of the act what only its name needs.
impl<A> Clone for Allowed<A> {
    fn clone(&self) -> Allowed<A> {
        Allowed { state: self.state.clone(), pass: self.pass.clone(), lang: self.lang, act: PhantomData }
    }
}

impl<A: NamedAct> FromRequest for Allowed<A> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(open(request))
    }
}

fn open<A: NamedAct>(request: &HttpRequest) -> Result<Allowed<A>, Problem> {
    let state = request.app_data::<web::Data<State>>().expect("the state is part of the app").clone();
    let pass = match bearer(request)? {
        Some(token) => Pass::Ticket(state.tokens.verify(token, state.clock.now())?),
        None => Pass::None,
    };
    Allowed::by(state, pass, lang_of(request))
}

fn bearer(request: &HttpRequest) -> Result<Option<&str>, Problem> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let value = value.to_str().map_err(|_| Problem::new(Code::SignInRequired))?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(Code::SignInRequired.into()),
    }
}

impl<A: NamedAct> Allowed<A> {
    /// Fails with `sign_in_required` for an act that is not everybody's when nothing is brought.
    fn by(state: web::Data<State>, pass: Pass, lang: Lang) -> Result<Allowed<A>, Problem> {
        if matches!(pass, Pass::None) && reach(Role::Public, A::ACT) == Reach::No {
            return Err(Code::SignInRequired.into());
        }
        Ok(Allowed { state, pass, lang, act: PhantomData })
    }

    /// For pages: by the token in the cookie that a browser brings, if it brings one.
    pub(crate) fn by_cookie(
        state: web::Data<State>,
        token: Option<&str>,
        lang: Lang,
    ) -> Result<Allowed<A>, Problem> {
        let pass = token.map_or(Pass::None, |token| Pass::Cookie { token_hash: hash_of(token) });
        Allowed::by(state, pass, lang)
    }

    /// The language that the caller reads.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// What is not in the database: the clock, the keys, the hasher.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Looks, and changes nothing.
    pub async fn read<T, F>(&self, look: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn, &Caller) -> Result<T, Fail> + Send + 'static,
    {
        let (pass, now, lang) = (self.pass.clone(), self.state.clock.now(), self.lang);
        self.state
            .db
            .read(move |conn| {
                let caller = Caller::load(conn, &pass, A::ACT, now, lang)?;
                look(conn, &caller)
            })
            .await
    }

    /// Does all of it or none. May run again after a serialization failure.
    pub async fn write<T, F>(&self, act: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, &Caller) -> Result<T, Fail> + Send + 'static,
    {
        let (pass, lang, state) = (self.pass.clone(), self.lang, self.state.clone());
        self.state
            .db
            .write(move |conn| {
                let now = state.now_for_writing()?;
                let caller = Caller::load(conn, &pass, A::ACT, now, lang)?;
                act(conn, &caller)
            })
            .await
    }

    /// Does it once for this idempotency key: effect, key and answer in one transaction (BR-26).
    pub async fn once<B, T, F, const STATUS: u16>(
        &self,
        request: Keyed<B>,
        act: F,
    ) -> Result<Answer<STATUS, T>, Problem>
    where
        B: Send + Sync + 'static,
        T: Serialize + Send + 'static,
        F: Fn(&mut Conn, &Caller, &B) -> Result<Answer<STATUS, T>, Fail> + Send + 'static,
    {
        self.once_keeping(request, act, None).await
    }

    /// Like [`Allowed::once`], for answers that hold a secret: a repeat gets what `without_secret` leaves of them.
    pub async fn once_keeping<B, T, F, const STATUS: u16>(
        &self,
        request: Keyed<B>,
        act: F,
        without_secret: Option<fn(&T) -> T>,
    ) -> Result<Answer<STATUS, T>, Problem>
    where
        B: Send + Sync + 'static,
        T: Serialize + Send + 'static,
        F: Fn(&mut Conn, &Caller, &B) -> Result<Answer<STATUS, T>, Fail> + Send + 'static,
    {
        let request = Arc::new(request);
        self.write(move |conn, caller| {
            let owner = caller.key_owner();
            let claim = idempotency::Claim {
                principal: &owner,
                key: &request.key,
                request_hash: &request.request_hash,
            };
            match idempotency::begin(conn, &claim, caller.now)? {
                Begun::Replay { body, etag } => Ok(Answer::saved(body, etag)),
                Begun::First => {
                    let answer = act(conn, caller, &request.body)?;
                    let (body, etag) = match (without_secret, answer.fresh_body()) {
                        (Some(strip), Some(body)) => Answer::<STATUS, T>::new(strip(body)).to_save(),
                        (_, _) => answer.to_save(),
                    };
                    idempotency::finish(conn, &claim, STATUS, &body, etag.as_deref())?;
                    Ok(answer)
                }
            }
        })
        .await
    }
}

impl<A: NamedAct> Describe for Allowed<A> {
    fn describe(doc: &mut OperationDoc<'_>) {
        doc.needs_sign_in(reach(Role::Public, A::ACT) == Reach::No);
        doc.says(whom(A::ACT));
    }
}

/// Who may do an act and how far, as a sentence of the API's document.
fn whom(act: Act) -> String {
    if reach(Role::Public, act) != Reach::No {
        return "For everybody.".into();
    }
    let roles = Role::ALL.iter().filter_map(|role| {
        let far = match reach(*role, act) {
            Reach::No => return None,
            Reach::Own => "what is their own",
            Reach::Linked => "linked residents",
            Reach::Canteen => "own canteens",
            Reach::Area => "own area",
            Reach::Everywhere => "everywhere",
        };
        Some(format!("`{role}` ({far})"))
    });
    format!("For {}.", roles.collect::<Vec<_>>().join(", "))
}
