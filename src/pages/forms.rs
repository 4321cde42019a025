//! Forms: what comes in, what is wrong with it, and how fields look.
//!
//! A form carries a token that binds it to this browser and an idempotency key of its own. What comes in from another
//! site, or without the token, is refused before anything is read. What somebody typed is kept and shown again; each
//! fault stands in a summary on top, linked to its field, and in the same words at the field.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use maud::{Markup, html};
use sha2::{Digest, Sha256};

use super::{
    texts::{Text, shell as texts},
    visit::Look,
};
use crate::{
    api::{BODY_LIMIT, Keyed},
    app::State,
    id::{Id, random_bytes},
    money::Fen,
    problem::{Code, Problem},
    words::Lang,
};

/// The hidden fields of every form.
const TOKEN: &str = "form_token";
const KEY: &str = "form_key";
/// The hidden field of a form that changes what was read as this version.
const VERSION: &str = "version";

// What comes in --------------------------------------------------------------------------------------------------------

/// Names and values, as a form or a query string has them, in their order.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`, which has no wrong form.
    pub fn parse(text: &[u8]) -> Fields {
        Fields(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The fields of a form that is filled in with what is known.
    pub fn known<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Fields {
        Fields(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The value of this name without space at its ends; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// Every value of this name: the boxes that were ticked.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// Every name that begins so, without the beginning, and its value.
    pub fn named<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(beginning)?, value.trim())))
    }

    /// The version that the form was filled in for; `stale` when it has none.
    pub fn version(&self) -> Result<i32, Problem> {
        self.get(VERSION).parse().map_err(|_| Problem::new(Code::Stale))
    }
}

/// A day as people write it: `1945-03-21`, `1945.3.21`, `1945年3月21日`, `19450321`.
pub fn day(text: &str) -> Option<NaiveDate> {
    let parts: Vec<u32> =
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [year, month, day] => NaiveDate::from_ymd_opt(i32::try_from(*year).ok()?, *month, *day),
        [all] if (18_500_101..=22_001_231).contains(all) => {
            NaiveDate::from_ymd_opt(i32::try_from(all / 10_000).ok()?, all / 100 % 100, all % 100)
        }
        _ => None,
    }
}

/// The query string of a page: answers that were given on pages before it.
#[derive(Clone, Debug)]
pub struct Asked(pub Fields);

impl FromRequest for Asked {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Asked(Fields::parse(request.query_string().as_bytes()))))
    }
}

/// An address with a query string.
pub fn address<N: AsRef<str>, V: AsRef<str>>(path: &str, query: impl IntoIterator<Item = (N, V)>) -> String {
    let mut written = form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(query);
    let query = written.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A form that was sent from one of our own pages by this browser.
#[derive(Debug)]
pub struct Sent {
    pub fields: Fields,
    key: String,
    /// What the key is bound to besides the caller: the address and the fields, hashed under a key of the installation.
    request_hash: String,
}

impl Sent {
    /// An identifier that is the same whenever this form is sent again about the same, and no other form's.
    pub fn id<T>(&self, about: &str) -> Id<T> {
        let hash = Sha256::digest(format!("{}\n{about}", self.key));
        let bytes = hash[..16].try_into().expect("the hash is longer");
        Id::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// What the form asks for as a request of the API's, under the form's own idempotency key.
    pub fn keyed<T>(&self, body: T) -> Keyed<T> {
        Keyed { body, key: self.key.clone(), request_hash: self.request_hash.clone() }
    }
}

impl FromRequest for Sent {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let sender = Sender::of(request);
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let mut sender = sender?;
            let bytes =
                bytes.await.map_err(|_| Problem::new(Code::BodyTooLarge).with("limit", BODY_LIMIT))?;
            let fields = Fields::parse(&bytes);
            sender.check_token(&fields)?;
            sender.read(&bytes);
            sender.sent(fields)
        })
    }
}

/// The browser that sends a form, before the form is read.
pub struct Sender {
    look: Look,
    hash: Hmac<Sha256>,
}

impl Sender {
    /// Fails with `form_foreign` for a form of another site.
    pub fn of(request: &HttpRequest) -> Result<Sender, Problem> {
        if !is_from_here(request) {
            return Err(Code::FormForeign.into());
        }
        Ok(Sender { look: Look::of(request), hash: request_hash(request) })
    }

    /// Fails with `form_old` unless the form is one of ours for this browser.
    pub fn check_token(&self, fields: &Fields) -> Result<(), Problem> {
        if self.look.is_form_token(fields.get(TOKEN)) { Ok(()) } else { Err(Code::FormOld.into()) }
    }

    /// Binds the form's key to what came in.
    pub fn read(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// The form with its key; `form_old` without one.
    pub fn sent(self, fields: Fields) -> Result<Sent, Problem> {
        let key = fields.get(KEY).to_owned();
        if key.len() != 32 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Code::FormOld.into());
        }
        Ok(Sent { fields, key, request_hash: hex::encode(self.hash.finalize().into_bytes()) })
    }
}

/// Proof that a script on one of our own pages, in this browser, sends what comes with it: like [`Sent`], for JSON.
#[derive(Clone, Copy, Debug)]
pub struct SentByScript;

impl SentByScript {
    /// The header that carries what a form carries as its token.
    pub const HEADER: &str = "Leling-Form-Token";
}

impl FromRequest for SentByScript {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = request.headers().get(SentByScript::HEADER).and_then(|token| token.to_str().ok());
        std::future::ready(if !is_from_here(request) {
            Err(Code::FormForeign.into())
        } else if token.is_some_and(|token| Look::of(request).is_form_token(token)) {
            Ok(SentByScript)
        } else {
            Err(Code::FormOld.into())
        })
    }
}

fn request_hash(request: &HttpRequest) -> Hmac<Sha256> {
    let state = request.app_data::<web::Data<State>>().expect("the state is part of the app");
    let mut hash = Hmac::<Sha256>::new_from_slice(state.identity_key.bytes()).expect("any length is a key");
    hash.update(format!("{} {}\n", request.method(), request.path()).as_bytes());
    hash
}

/// Whether the browser says that one of our own pages sent this. One that says neither is judged by the token alone.
fn is_from_here(request: &HttpRequest) -> bool {
    let said = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    match (said("sec-fetch-site"), said(header::ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host == Some(request.connection_info().host())
        }
        (None, None) => true,
    }
}

/// An amount in yuan with at most two decimals; no more than a thousand.
pub fn yuan(text: &str) -> Option<Fen> {
    let (yuan, fen) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(yuan) || !digits(fen) || fen.len() > 2 || yuan.len() > 3 {
        return None;
    }
    let fen: i64 = format!("{fen:0<2}").parse().ok()?;
    Some(Fen(yuan.parse::<i64>().ok()? * 100 + fen))
}

// What is wrong --------------------------------------------------------------------------------------------------------

/// What has to be put right in a form before it can be done, each with the name of its field.
#[derive(Clone, Debug, Default)]
pub struct Errors(Vec<(String, String)>);

impl Errors {
    pub fn none() -> Errors {
        Errors::default()
    }

    /// One thing to put right.
    pub fn at(field: impl Into<String>, what: impl Into<String>) -> Errors {
        Errors(vec![(field.into(), what.into())])
    }

    /// A refusal as something to put right at a field.
    pub fn of(field: impl Into<String>, problem: &Problem, lang: Lang) -> Errors {
        Errors::at(field, problem.detail(lang))
    }

    pub fn add(&mut self, field: impl Into<String>, what: impl Into<String>) {
        self.0.push((field.into(), what.into()));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The answer, or what is wrong with it written down at its field; for answers that are read one after another.
    pub fn keep<T>(&mut self, field: &str, answer: Result<T, String>) -> Option<T> {
        answer.map_err(|what| self.add(field, what)).ok()
    }

    /// What is wrong, in its order.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, what)| what.as_str())
    }

    fn of_field(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, what)| what.as_str())
    }

    /// The summary on top of the page. It takes the focus.
    pub fn summary(&self, lang: Lang) -> Markup {
        let title = match self.0.len() {
            1 => texts::ONE_ERROR.of(lang).to_owned(),
            count => texts::SOME_ERRORS.with(lang, &[("count", &count)]),
        };
        html! {
            @if !self.is_empty() {
                div #errors .errors role="alert" tabindex="-1" autofocus {
                    h2 { (title) }
                    ul { @for (field, what) in &self.0 { li { a href={ "#" (field) } { (what) } } } }
                }
            }
        }
    }

    /// Whether there is something to put right at this field.
    pub fn has(&self, field: &str) -> bool {
        self.of_field(field).is_some()
    }

    /// What is wrong, as it stands at the field.
    pub fn shown(&self, field: &str) -> Markup {
        html! { @if let Some(what) = self.of_field(field) { p .error id={ (field) "-error" } { (what) } } }
    }
}

// How fields look ------------------------------------------------------------------------------------------------------

/// A form that is sent to the address of the page that it stands on, with its token and key.
pub fn form(look: &Look, content: Markup) -> Markup {
    form_to(look, &look.here, content)
}

/// A form that is sent to another address, which shows a page of its own when it is opened.
pub fn form_to(look: &Look, address: &str, content: Markup) -> Markup {
    html! {
        form method="post" action=(address) novalidate {
            (hidden_of_form(look))
            (content)
        }
    }
}

/// The token and the key of a form.
pub fn hidden_of_form(look: &Look) -> Markup {
    html! {
        (hidden(TOKEN, &look.form_token()))
        (hidden(KEY, &hex::encode(random_bytes::<16>())))
    }
}

/// An answer that goes along unseen.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// The version of what the form changes, so that nobody's change is lost.
pub fn version(version: i32) -> Markup {
    hidden(VERSION, &version.to_string())
}

/// The button that does what the form is for: it says the act.
pub fn button(words: &str) -> Markup {
    html! { button .button type="submit" { (words) } }
}

/// What is typed into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Digits only: the telephone's keypad of numbers opens.
    Digits,
    Phone,
    /// A day: the browser's calendar opens, where it has one.
    Day,
    Password,
    /// Digits that nobody should read over the shoulder.
    SecretDigits,
    /// What a scanner types or a person; with the focus, so that a scan goes there.
    Scanned {
        focus: bool,
    },
}

/// A line to be typed. What is asked stands above it, a hint below the question.
pub struct Line<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub hint: Option<&'a str>,
    pub kind: Kind,
    /// What the browser may fill in by itself: a word of `autocomplete`; `off` for nothing.
    pub autocomplete: &'a str,
}

impl Line<'_> {
    pub fn field(&self, value: &str, errors: &Errors) -> Markup {
        let Line { name, label, hint, kind, autocomplete } = *self;
        let secret = matches!(kind, Kind::Password | Kind::SecretDigits);
        // What is no day cannot be shown in a field for days.
        let is_day = value.parse::<chrono::NaiveDate>().is_ok();
        let shown = !secret && (kind != Kind::Day || is_day);
        let input = match kind {
            Kind::Text | Kind::Digits | Kind::Scanned { .. } => "text",
            Kind::Phone => "tel",
            Kind::Day => "date",
            Kind::Password | Kind::SecretDigits => "password",
        };
        let digits = matches!(kind, Kind::Digits | Kind::SecretDigits);
        let focus = matches!(kind, Kind::Scanned { focus: true });
        let wrong = errors.of_field(name).is_some();
        html! {
            div .field .wrong[wrong] {
                label for=(name) { (label) }
                @if let Some(hint) = hint { p .hint id={ (name) "-hint" } { (hint) } }
                (errors.shown(name))
                input .line id=(name) name=(name) type=(input) autocomplete=(autocomplete)
                    inputmode=[digits.then_some("numeric")]
                    value=[shown.then_some(value)]
                    aria-describedby=[described(name, hint.is_some(), wrong)]
                    aria-invalid=[wrong.then_some("true")]
                    autocapitalize="none" spellcheck="false" autofocus[focus];
            }
        }
    }
}

/// The ids of the hint and the error of a field.
fn described(name: &str, hint: bool, wrong: bool) -> Option<String> {
    match (hint, wrong) {
        (false, false) => None,
        (true, false) => Some(format!("{name}-hint")),
        (false, true) => Some(format!("{name}-error")),
        (true, true) => Some(format!("{name}-hint {name}-error")),
    }
}

/// An answer to choose.
pub struct Choice {
    pub value: String,
    pub label: Markup,
    /// In smaller words below it.
    pub hint: Option<Markup>,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: Markup) -> Choice {
        Choice { value: value.into(), label, hint: None }
    }

    pub fn hint(mut self, hint: Markup) -> Choice {
        self.hint = Some(hint);
        self
    }
}

/// One of several answers. The question is the legend; on a page that asks nothing else it can be the page's `h1`, and
/// then `legend` only repeats it for those who hear the page.
pub fn one_of(name: &str, legend: Legend<'_>, choices: &[Choice], chosen: &str, errors: &Errors) -> Markup {
    choices_of("radio", name, legend, choices, &|value| value == chosen, errors)
}

/// Any of several answers.
pub fn any_of(
    name: &str,
    legend: Legend<'_>,
    choices: &[Choice],
    chosen: &dyn Fn(&str) -> bool,
    errors: &Errors,
) -> Markup {
    choices_of("checkbox", name, legend, choices, chosen, errors)
}

/// Where the question of a group of answers stands.
#[derive(Clone, Copy, Debug)]
pub enum Legend<'a> {
    /// Above the answers.
    Shown(&'a str),
    /// It is the page's title; here it is only heard.
    Heard(&'a str),
}

fn choices_of(
    kind: &str,
    name: &str,
    legend: Legend<'_>,
    choices: &[Choice],
    chosen: &dyn Fn(&str) -> bool,
    errors: &Errors,
) -> Markup {
    let wrong = errors.of_field(name).is_some();
    html! {
        fieldset .field .wrong[wrong] aria-describedby=[described(name, false, wrong)] {
            @match legend {
                Legend::Shown(question) => legend { (question) },
                Legend::Heard(question) => legend .hidden { (question) },
            }
            (errors.shown(name))
            @for (position, choice) in choices.iter().enumerate() {
                // The first answer is where the summary's link leads.
                @let id = if position == 0 { name.to_owned() } else { format!("{name}-{position}") };
                div .choice {
                    input type=(kind) id=(id) name=(name) value=(choice.value) checked[chosen(&choice.value)]
                        aria-describedby=[choice.hint.as_ref().map(|_| format!("{id}-hint"))];
                    label for=(id) { (choice.label) }
                    @if let Some(hint) = &choice.hint { p .hint id={ (id) "-hint" } { (hint) } }
                }
            }
        }
    }
}

/// Yes or no.
pub fn yes_or_no(lang: Lang) -> [Choice; 2] {
    let choice = |value: &str, text: Text| Choice::new(value, html! { (text.of(lang)) });
    [choice("yes", texts::YES), choice("no", texts::NO)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthday_is_read_as_people_write_it() {
        let expected = NaiveDate::from_ymd_opt(1945, 3, 21);
        for text in ["1945-03-21", "1945.3.21", "1945年3月21日", "19450321", "1945/03/21"] {
            assert_eq!(day(text), expected, "{text}");
        }
        for text in ["", "1945", "1945-13-01", "21 March 1945", "3/21"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn fields_keep_every_value_of_a_name() {
        let fields = Fields::parse("a=1&b=%E7%8E%8B+&a=2&item-x=3".as_bytes());
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.get("b"), "王");
        assert_eq!(fields.get("none"), "");
        assert_eq!(fields.named("item-").collect::<Vec<_>>(), [("x", "3")]);
    }

    #[test]
    fn an_address_carries_what_was_answered() {
        assert_eq!(address("/a", [("pick", "x y"), ("mode", "dine_in")]), "/a?pick=x+y&mode=dine_in");
        assert_eq!(address("/a", Vec::<(&str, &str)>::new()), "/a");
    }

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        for (text, fen) in [("0", 0), ("1.5", 150), ("1.50", 150), ("12.05", 1205)] {
            assert_eq!(yuan(text), Some(Fen(fen)), "{text}");
        }
        for text in ["", ".5", "1.", "1.005", "-1", "1e3", "9999"] {
            assert_eq!(yuan(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_typed_is_shown_again_but_never_a_secret() {
        let line = |kind| Line { name: "pin", label: "PIN", hint: None, kind, autocomplete: "off" };
        let shown = |kind| line(kind).field("\"271828", &Errors::none()).into_string();
        assert!(shown(Kind::Digits).contains("value=\"&quot;271828\""));
        assert!(!shown(Kind::SecretDigits).contains("271828"));
    }

    #[test]
    fn a_fault_stands_on_top_and_at_its_field_in_the_same_words() {
        let errors = Errors::at("pin", "six digits");
        let line = Line { name: "pin", label: "PIN", hint: None, kind: Kind::Digits, autocomplete: "off" };
        assert!(errors.summary(Lang::En).into_string().contains("<a href=\"#pin\">six digits</a>"));
        let field = line.field("", &errors).into_string();
        assert!(field.contains("<p class=\"error\" id=\"pin-error\">six digits</p>"));
        assert!(field.contains("aria-describedby=\"pin-error\""));
    }
}
