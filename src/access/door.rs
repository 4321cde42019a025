//! The door: no act named, no database.

use std::{marker::PhantomData, sync::Arc};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header, web};
use serde::Serialize;

use crate::{
    access::{
        Caller, Pass, Reach, Role, Trace,
        acts::{Act, NamedAct, reach},
        tokens::hash_of,
    },
    api::{Answer, Describe, Done, Keyed, OperationDoc, RequestId, lang_of, memory::Asked},
    app::State,
    clock::At,
    db::Conn,
    idempotency::{self, Begun},
    metrics,
    origin::Origin,
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
    /// When the access token runs out, if one was brought.
    until: Option<At>,
    trace: Trace,
    lang: Lang,
    act: PhantomData<fn() -> A>,
}

// A derive would demand of the act what only its name needs.
impl<A> Clone for Allowed<A> {
    fn clone(&self) -> Allowed<A> {
        Allowed {
            state: self.state.clone(),
            pass: self.pass.clone(),
            until: self.until,
            trace: self.trace.clone(),
            lang: self.lang,
            act: PhantomData,
        }
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
    let state = state_of(request);
    let brought = if comes_before_sign_in(A::ACT) { None } else { bearer(request)? };
    let (pass, until) = match brought {
        Some(token) => {
            let (ticket, until) = state.tokens.verify(token, state.clock.now())?;
            (Pass::Ticket(ticket), Some(until))
        }
        None => (Pass::None, None),
    };
    Ok(Allowed { until, ..Allowed::by(request, pass, lang_of(request))? })
}

/// By what right somebody does something that goes on for long: it is read again whenever that matters.
#[derive(Clone, Debug)]
pub struct Standing {
    pass: Pass,
    until: Option<At>,
    act: Act,
    lang: Lang,
}

impl Standing {
    /// Who it is, by the rights of this instant.
    ///
    /// Fails with `token_expired`, and like every request of theirs would.
    pub fn caller(&self, conn: &mut Conn, now: At) -> Result<Caller, Fail> {
        if self.until.is_some_and(|until| until <= now) {
            return Err(Code::TokenExpired.into());
        }
        Caller::load(conn, &self.pass, self.act, now, self.lang)
    }
}

fn state_of(request: &HttpRequest) -> &web::Data<State> {
    request.app_data().expect("the state is part of the app")
}

/// Whether an act is for those who are not signed in, or no longer: what they bring is not looked at, so that a token
/// that has run out stops nobody from getting another.
fn comes_before_sign_in(act: Act) -> bool {
    matches!(act, Act::SignUp | Act::SignIn | Act::EnrolDevice)
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
    fn by(request: &HttpRequest, pass: Pass, lang: Lang) -> Result<Allowed<A>, Problem> {
        if matches!(pass, Pass::None) && reach(Role::Public, A::ACT) == Reach::No {
            return Err(Code::SignInRequired.into());
        }
        let state = state_of(request).clone();
        let request_id = request.extensions().get::<RequestId>().map(|RequestId(id)| id.clone());
        let origin =
            state.settings.proxies.origin(request.peer_addr().map(|peer| peer.ip()), request.headers());
        let trace = Trace { request_id: request_id.unwrap_or_default(), origin };
        Ok(Allowed { state, pass, until: None, trace, lang, act: PhantomData })
    }

    /// For pages: by the token in the cookie that a browser brings, if it brings one.
    pub(crate) fn by_cookie(
        request: &HttpRequest,
        token: Option<&str>,
        lang: Lang,
    ) -> Result<Allowed<A>, Problem> {
        let pass = token.map_or(Pass::None, |token| Pass::Cookie { token_hash: hash_of(token) });
        Allowed::by(request, pass, lang)
    }

    /// The language that the caller reads.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Where the request comes from.
    pub fn origin(&self) -> Origin {
        self.trace.origin
    }

    /// What is not in the database: the clock, the keys, the hasher.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The same, to be kept beyond the request.
    pub fn shared_state(&self) -> &web::Data<State> {
        &self.state
    }

    /// By what right the caller does something that goes on after the request.
    pub fn standing(&self) -> Standing {
        Standing { pass: self.pass.clone(), until: self.until, act: A::ACT, lang: self.lang }
    }

    /// Looks, and changes nothing.
    pub async fn read<T, F>(&self, look: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn, &Caller) -> Result<T, Fail> + Send + 'static,
    {
        let (pass, lang, state) = (self.pass.clone(), self.lang, self.state.clone());
        let trace = self.trace.clone();
        self.state
            .db
            .read(move |conn| {
                let mut caller = Caller::load(conn, &pass, A::ACT, state.clock.now(), lang)?.traced(&trace);
                // With who signed in something was read, so whatever this moment of the database shows was recorded before,
                // however long the request waited for its turn. What is shown to anybody names no instant.
                caller.now = state.clock.now();
                look(conn, &caller)
            })
            .await
    }

    /// Looks at what everybody may, and answers it from memory while it is the same for everybody: for who did not sign in
    /// as long as nothing was committed. Others hear what their role lets them.
    pub async fn read_public<T, F>(&self, mut asked: Asked, look: F) -> Result<Done<T>, Problem>
    where
        T: Serialize + Send + 'static,
        F: FnOnce(&mut Conn, &Caller) -> Result<Done<T>, Fail> + Send + 'static,
    {
        if !matches!(self.pass, Pass::None) {
            return self.read(look).await;
        }
        let seen = match asked.moment.take() {
            Some(moment) => Some(moment),
            None => self.state.db.moment().await,
        };
        let Some(moment) = seen else { return self.read(look).await };
        let now = self.state.clock.now();
        let (answer, made) = self.read(look).await?.into_remembered(&asked, moment, now);
        if let Some(made) = made {
            self.state.memory.keep(asked, made);
        }
        Ok(answer)
    }

    /// Does all of it or none. May run again after a serialization failure.
    pub async fn write<T, F>(&self, act: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, &Caller) -> Result<T, Fail> + Send + 'static,
    {
        self.state.db.write(self.admitted(act)).await
    }

    /// Does it for each of these by itself, in their order, and gives the answers in it; a few at a time.
    pub async fn write_each<I, T, F>(&self, items: &[Arc<I>], act: F) -> Vec<Result<T, Problem>>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: Fn(&mut Conn, &Caller, &I) -> Result<T, Fail> + Clone + Send + 'static,
    {
        let for_item = |item: &Arc<I>| {
            let (item, act) = (item.clone(), act.clone());
            self.admitted(move |conn: &mut Conn, caller: &Caller| act(conn, caller, &item))
        };
        self.state.db.write_each(items.iter().map(for_item).collect()).await
    }

    /// The act, done by whoever the caller is then.
    fn admitted<T, F>(&self, act: F) -> impl Fn(&mut Conn) -> Result<T, Fail> + Send + use<A, T, F>
    where
        F: Fn(&mut Conn, &Caller) -> Result<T, Fail> + Send + 'static,
    {
        let (pass, lang, state) = (self.pass.clone(), self.lang, self.state.clone());
        let trace = self.trace.clone();
        move |conn| {
            let now = state.now_for_writing(conn)?;
            let caller = Caller::load(conn, &pass, A::ACT, now, lang)?.traced(&trace);
            act(conn, &caller)
        }
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
                Begun::Replay { body, etag } => {
                    conn.after_commit(metrics::replay);
                    Ok(Answer::saved(body, etag))
                }
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
        if !comes_before_sign_in(A::ACT) {
            doc.needs_sign_in(reach(Role::Public, A::ACT) == Reach::No);
        }
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
