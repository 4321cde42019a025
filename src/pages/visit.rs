//! A visit to a page: who comes, in which language and type size they read, and the door to the database.
//!
//! A [`Visit`] is to pages what [`Allowed`] is to the API: it names an act, reads the caller's rights in the act's own
//! transaction, and hands out the same proofs. Whoever signed in on a page is known by one cookie; language, type size
//! and the canteen that was looked at last are kept in cookies too.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

use super::{
    forms::{Fields, Sent},
    shell::{self, Around, Page},
};
use crate::{
    access::{Allowed, Caller, acts::NamedAct},
    api::{Answer, lang_of},
    app::State,
    db::Conn,
    id::random_bytes,
    ids::CanteenId,
    problem::{Fail, Problem},
    sign_in::InBrowser,
    words::Lang,
};

/// What a handler of a page answers: the page, or where to go on; or a problem, which becomes a page of its own.
pub type Shown = Result<HttpResponse, Problem>;

/// How long a choice of language or type size is remembered.
const CHOICE_LIFE: Duration = Duration::days(365);

/// How large the type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeSize {
    Normal,
    Large,
    Largest,
}

impl TypeSize {
    pub const ALL: [TypeSize; 3] = [TypeSize::Normal, TypeSize::Large, TypeSize::Largest];

    /// The word for it in cookies, addresses and the style sheet.
    pub fn as_str(self) -> &'static str {
        match self {
            TypeSize::Normal => "1",
            TypeSize::Large => "2",
            TypeSize::Largest => "3",
        }
    }

    pub fn from_word(word: &str) -> Option<TypeSize> {
        TypeSize::ALL.into_iter().find(|size| size.as_str() == word)
    }
}

/// The cookies of a visit. Over HTTPS their names begin with `__Host-`, and they are sent over HTTPS only.
#[derive(Clone, Copy, Debug)]
pub enum Crumb {
    /// The token of a session.
    Session,
    /// Something random that binds the forms of a visitor who is not signed in to their browser.
    Visitor,
    Lang,
    Size,
    /// The canteen that was looked at last.
    Canteen,
}

impl Crumb {
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Crumb::Session, true) => "__Host-leling-session",
            (Crumb::Session, false) => "leling-session",
            (Crumb::Visitor, true) => "__Host-leling-visitor",
            (Crumb::Visitor, false) => "leling-visitor",
            (Crumb::Lang, true) => "__Host-leling-lang",
            (Crumb::Lang, false) => "leling-lang",
            (Crumb::Size, true) => "__Host-leling-size",
            (Crumb::Size, false) => "leling-size",
            (Crumb::Canteen, true) => "__Host-leling-canteen",
            (Crumb::Canteen, false) => "leling-canteen",
        }
    }
}

/// How somebody looks at pages.
#[derive(Debug)]
pub struct Look {
    pub lang: Lang,
    pub size: TypeSize,
    /// The address of this page, path and query, as a link on it leads back to it.
    pub here: String,
    /// The canteen that was looked at last.
    pub canteen: Option<CanteenId>,
    /// Whether the browser came over HTTPS.
    pub secure: bool,
    session: Option<String>,
    visitor: String,
    visitor_is_new: bool,
    /// What forms on this page carry, as a code that is ready to be written out or compared.
    form_code: Hmac<Sha256>,
    has_form: AtomicBool,
}

impl Look {
    pub fn of(request: &HttpRequest) -> Look {
        let secure = request.connection_info().scheme() == "https";
        let crumb = |crumb: Crumb| request.cookie(crumb.name(secure)).map(|cookie| cookie.value().to_owned());
        let session = crumb(Crumb::Session);
        let known = crumb(Crumb::Visitor);
        let visitor_is_new = known.is_none();
        let visitor = known.unwrap_or_else(|| hex::encode(random_bytes::<16>()));
        let form_code = form_code(request, session.as_ref().unwrap_or(&visitor));
        Look {
            lang: crumb(Crumb::Lang)
                .and_then(|word| Lang::from_word(&word))
                .unwrap_or_else(|| lang_of(request)),
            size: crumb(Crumb::Size).and_then(|word| TypeSize::from_word(&word)).unwrap_or(TypeSize::Normal),
            here: request.uri().path_and_query().map_or("/", |here| here.as_str()).to_owned(),
            canteen: crumb(Crumb::Canteen).and_then(|id| id.parse().ok()),
            secure,
            session,
            visitor,
            visitor_is_new,
            form_code,
            has_form: AtomicBool::new(false),
        }
    }

    /// What a form on this page carries, so that no other site's form is taken for it.
    pub fn form_token(&self) -> String {
        self.has_form.store(true, Ordering::Relaxed);
        hex::encode(self.form_code.clone().finalize().into_bytes())
    }

    /// Whether this is what our own form carries for this browser.
    pub(super) fn is_form_token(&self, token: &str) -> bool {
        hex::decode(token).is_ok_and(|token| self.form_code.clone().verify_slice(&token).is_ok())
    }

    /// A cookie to keep something for so long.
    pub fn crumb(&self, crumb: Crumb, value: impl Into<String>, life: Option<Duration>) -> Cookie<'static> {
        let mut cookie = Cookie::build(crumb.name(self.secure), value.into())
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .finish();
        cookie.set_max_age(life);
        cookie
    }

    /// A cookie to keep a choice of how pages look.
    pub fn choice(&self, crumb: Crumb, value: impl Into<String>) -> Cookie<'static> {
        self.crumb(crumb, value, Some(CHOICE_LIFE))
    }

    /// The cookie of a session that was just started.
    pub fn session_crumb(&self, session: &InBrowser) -> Cookie<'static> {
        self.crumb(Crumb::Session, &session.token, Some(Duration::seconds(session.life.num_seconds())))
    }

    /// Takes the cookie of a session that is over off the browser.
    pub fn no_session_crumb(&self) -> Cookie<'static> {
        self.crumb(Crumb::Session, "", Some(Duration::ZERO))
    }

    /// Whether the browser brings the cookie of a session, which may be over.
    pub fn brings_session(&self) -> bool {
        self.session.is_some()
    }

    /// What a script of ours reads: it stays on no machine but as far as the script keeps it.
    pub fn json(&self, body: &impl Serialize) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::VARY, "Cookie, Accept-Language"))
            .json(body)
    }

    /// A page as an answer.
    pub(super) fn answer(&self, status: StatusCode, html: String) -> HttpResponse {
        let mut answer = HttpResponse::build(status);
        answer
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_LANGUAGE, shell::language_tag(self.lang)))
            .insert_header((header::CONTENT_SECURITY_POLICY, shell::POLICY))
            .insert_header((header::REFERRER_POLICY, "same-origin"))
            .insert_header(("Permissions-Policy", "camera=(self), microphone=(), geolocation=()"))
            .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
            .insert_header((header::VARY, "Cookie, Accept-Language"));
        // What concerns a person stays on no shared machine; what is public may be asked for again.
        let keeping = if self.session.is_some() { "no-store" } else { "no-cache, private" };
        answer.insert_header((header::CACHE_CONTROL, keeping));
        if self.session.is_none() && self.visitor_is_new && self.has_form.load(Ordering::Relaxed) {
            answer.cookie(self.crumb(Crumb::Visitor, &self.visitor, None));
        }
        answer.body(html)
    }
}

/// Bound to the session, or to the browser of whoever is not signed in.
fn form_code(request: &HttpRequest, binding: &str) -> Hmac<Sha256> {
    let state = request.app_data::<web::Data<State>>().expect("the state is part of the app");
    let mut code = Hmac::<Sha256>::new_from_slice(state.identity_key.bytes()).expect("any length is a key");
    code.update(b"form of a page\n");
    code.update(binding.as_bytes());
    code
}

/// Goes on to another page with a GET, whatever the method was.
pub fn go(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// The right to ask for the act `A` from a page, and with it the way to the database.
pub struct Visit<A> {
    allowed: Allowed<A>,
    look: Arc<Look>,
}

impl<A: NamedAct> FromRequest for Visit<A> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Visit::of(request))
    }
}

impl<A: NamedAct> Visit<A> {
    /// Fails with `sign_in_required` when the act is not everybody's and the browser brings no session.
    pub fn of(request: &HttpRequest) -> Result<Visit<A>, Problem> {
        let look = Look::of(request);
        let allowed = Allowed::by_cookie(request, look.session.as_deref(), look.lang)?;
        Ok(Visit { allowed, look: Arc::new(look) })
    }

    pub fn look(&self) -> &Look {
        &self.look
    }

    pub fn lang(&self) -> Lang {
        self.look.lang
    }

    /// The door itself, for what the API's handlers do with it.
    pub fn allowed(&self) -> &Allowed<A> {
        &self.allowed
    }

    /// The door to go through with a handler of the API: what it does is done here by the same lines.
    pub fn api(&self) -> Allowed<A> {
        self.allowed.clone()
    }

    /// Shows the page that `page` makes. It is made, with what stands around it, in one transaction that only reads.
    pub async fn show<F>(&self, page: F) -> Shown
    where
        F: FnOnce(&mut Conn, &Caller, &Look) -> Result<Page, Fail> + Send + 'static,
    {
        let look = self.look.clone();
        let (status, html) = self
            .allowed
            .read(move |conn, caller| {
                let page = page(conn, caller, &look)?;
                let around = Around::of(conn, caller, &look, &page)?;
                Ok((page.status(), shell::html(&look, &around, page)))
            })
            .await?;
        Ok(self.look.answer(status, html))
    }

    /// Does what a form asks for, once for its key however often it is sent: a double tap, a reload, a lost answer.
    ///
    /// What it gives is kept with the key, so that a repeat gets the same.
    pub async fn once<T, F>(&self, sent: &Sent, act: F) -> Result<T, Problem>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: Fn(&mut Conn, &Caller, &Fields) -> Result<T, Fail> + Send + 'static,
    {
        let done = self
            .allowed
            .once(sent.keyed(sent.fields.clone()), move |conn, caller, fields| {
                Ok(Answer::<200, T>::new(act(conn, caller, fields)?))
            })
            .await?;
        done.into_body()
    }
}
