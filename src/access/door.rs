//! The door: no act named, no database.

use std::{marker::PhantomData, sync::Arc};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use serde::Serialize;

use crate::{
    access::{
        Caller, Reach, Role,
        acts::{NamedAct, reach},
        tokens::Ticket,
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
    ticket: Option<Ticket>,
    lang: Lang,
    act: PhantomData<fn() -> A>,
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
    let ticket = bearer(request)?.map(|token| state.tokens.verify(token, state.clock.now())).transpose()?;
    if ticket.is_none() && reach(Role::Public, A::ACT) == Reach::No {
        return Err(Code::SignInRequired.into());
    }
    Ok(Allowed { state, ticket, lang: lang_of(request), act: PhantomData })
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
        let (ticket, now, lang) = (self.ticket, self.state.clock.now(), self.lang);
        self.state
            .db
            .read(move |conn| {
                let caller = Caller::load(conn, ticket, A::ACT, now, lang)?;
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
        let (ticket, lang, state) = (self.ticket, self.lang, self.state.clone());
        self.state
            .db
            .write(move |conn| {
                let now = state.now_for_writing()?;
                let caller = Caller::load(conn, ticket, A::ACT, now, lang)?;
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
        let owner = self.ticket.map_or_else(|| "public".to_owned(), |ticket| ticket.principal.to_string());
        self.write(move |conn, caller| {
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
    }
}
