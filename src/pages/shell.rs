//! What stands around every page: title, language and type size, the way back, help, the way on; and problems as pages.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{StatusCode, header},
    middleware::Next,
};
use futures_util::FutureExt;
use maud::{DOCTYPE, Markup, html};

use super::{
    assets::{ALOUD, Asset, ICON, STYLE},
    forms::{Errors, address},
    say,
    texts::{Text, resident, shell as texts},
    visit::{Look, Shown, TypeSize, Visit, go},
};
use crate::{
    access::{Caller, Principal, act},
    accounts,
    api::{RequestId, unspoken},
    canteens::{self, Canteen},
    db::Conn,
    problem::{Code, Fail, Problem},
    residents,
    words::Lang,
};

/// What a page may load and where its forms may go: nothing and nowhere but here; no script or style of its own.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                          media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
                          form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The language of a page as HTML names it.
pub fn language_tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh-CN",
        Lang::En => "en",
    }
}

/// A page: one `h1`, and what stands below it.
#[derive(Debug)]
pub struct Page {
    title: String,
    /// What the window's title says besides, so that no two pages have the same.
    about: Option<String>,
    heading: Option<Markup>,
    content: Markup,
    back: Option<String>,
    contact: Option<Contact>,
    errors: Errors,
    status: StatusCode,
    aloud: bool,
    wide: bool,
    kept: bool,
    again_s: Option<u32>,
    scripts: Vec<&'static Asset>,
}

impl Page {
    /// A page whose `h1` and window title are `title`.
    pub fn new(title: impl Into<String>, content: Markup) -> Page {
        Page {
            title: title.into(),
            about: None,
            heading: None,
            content,
            back: None,
            contact: None,
            errors: Errors::none(),
            status: StatusCode::OK,
            aloud: false,
            wide: false,
            kept: false,
            again_s: None,
            scripts: Vec::new(),
        }
    }

    /// What the window's title says besides the `h1`: whom or what it is about.
    pub fn about(mut self, about: impl Into<String>) -> Page {
        self.about = Some(about.into());
        self
    }

    /// The `h1` where it holds more than text, a name in another language, say.
    pub fn heading(mut self, heading: Markup) -> Page {
        self.heading = Some(heading);
        self
    }

    /// Where the link back leads.
    pub fn back(mut self, to: impl Into<String>) -> Page {
        self.back = Some(to.into());
        self
    }

    /// Whose telephone number helps here, where it is another canteen than the reader's own.
    pub fn help_from(mut self, canteen: &Canteen) -> Page {
        self.contact = Some(Contact::of(canteen));
        self
    }

    /// What has to be put right in the form on this page. The title says so, and the summary comes first.
    pub fn errors(mut self, errors: Errors) -> Page {
        if !errors.is_empty() {
            self.status = StatusCode::UNPROCESSABLE_ENTITY;
        }
        self.errors = errors;
        self
    }

    pub fn with_status(mut self, status: StatusCode) -> Page {
        self.status = status;
        self
    }

    /// With a button that reads the page aloud, where the browser can.
    pub fn read_aloud(mut self) -> Page {
        self.aloud = true;
        self.with_script(&ALOUD)
    }

    /// A script of our own that only adds to what the page does without it.
    pub fn with_script(mut self, script: &'static Asset) -> Page {
        self.scripts.push(script);
        self
    }

    /// As wide as the window, for tables of staff.
    pub fn wide(mut self) -> Page {
        self.wide = true;
        self
    }

    /// Asked for again after so many seconds where there is no script that keeps it up to date.
    pub fn again_after(mut self, seconds: u32) -> Page {
        self.again_s = Some(seconds);
        self
    }

    /// As a phone keeps it for when there is no connection: nobody's name and telephone number stand around it.
    pub fn kept(mut self) -> Page {
        self.kept = true;
        self
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}

/// Whom to call: a canteen and its telephone number.
#[derive(Clone, Debug)]
pub struct Contact {
    name: String,
    phone: String,
}

impl Contact {
    fn of(canteen: &Canteen) -> Contact {
        Contact { name: canteen.name.clone(), phone: canteen.phone.clone() }
    }
}

/// What stands around a page and is about its reader.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Whoever is signed in.
    name: Option<String>,
    contact: Option<Contact>,
}

impl Around {
    /// Reads who is signed in, and whom they can call: the page's canteen, their own, the one that they looked at last,
    /// or the only one.
    pub fn of(conn: &mut Conn, caller: &Caller, look: &Look, page: &Page) -> Result<Around, Fail> {
        if page.kept {
            return Ok(Around::default());
        }
        let name = accounts::name_of(conn, caller.actor())?;
        let contact = match &page.contact {
            Some(contact) => Some(contact.clone()),
            None => nearest(conn, caller, look)?.as_ref().map(Contact::of),
        };
        Ok(Around { name, contact })
    }
}

fn nearest(conn: &mut Conn, caller: &Caller, look: &Look) -> Result<Option<Canteen>, Fail> {
    let own = match caller.principal() {
        Ok(Principal::Resident(id)) => Some(residents::registered(conn, id)?.site.id),
        Ok(Principal::Account(_)) => caller.grants().find_map(|grant| grant.canteen_id),
        Ok(Principal::Device(_)) => caller.device().map(|device| device.canteen_id),
        Err(_) => None,
    };
    if let Some(id) = own.or(look.canteen) {
        match canteens::find(conn, id) {
            Ok(canteen) => return Ok(Some(canteen)),
            // A cookie may name a canteen of another installation.
            Err(Fail::Refused(_)) => {}
            Err(fail) => return Err(fail),
        }
    }
    let mut some = canteens::list(conn, None, None, 2)?;
    Ok(if some.len() == 1 { some.pop() } else { None })
}

/// The whole page.
pub fn html(look: &Look, around: &Around, page: Page) -> String {
    let lang = look.lang;
    let class = format!("size-{}", look.size.as_str());
    let markup = html! {
        (DOCTYPE)
        html lang=(language_tag(lang)) class=(class) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (window_title(lang, &page)) }
                link rel="stylesheet" href=(STYLE.path());
                link rel="icon" type="image/svg+xml" href=(ICON.path());
                meta name="theme-color" content="#0b5345";
                meta name="format-detection" content="telephone=no";
                @if let Some(seconds) = page.again_s {
                    noscript { meta http-equiv="refresh" content=(seconds); }
                }
                @for script in &page.scripts { script defer src=(script.path()) {} }
            }
            body .wide[page.wide] {
                a .skip href="#main" { (texts::SKIP.of(lang)) }
                (head(look, around))
                main #main tabindex="-1" {
                    @if let Some(back) = &page.back {
                        p .back { a href=(back) { (arrow()) (texts::BACK.of(lang)) } }
                    }
                    (page.errors.summary(lang))
                    h1 { @if let Some(heading) = &page.heading { (heading) } @else { (page.title) } }
                    @if page.aloud { (aloud_button(lang)) }
                    (page.content)
                }
                (foot(look, around))
            }
        }
    };
    markup.into_string()
}

fn window_title(lang: Lang, page: &Page) -> String {
    let title = match &page.about {
        Some(about) => format!("{} · {about}", page.title),
        None => page.title.clone(),
    };
    let title = format!("{title} · {}", texts::BRAND_SHORT.of(lang));
    if page.errors.is_empty() { title } else { texts::ERROR_TITLE.with(lang, &[("title", &title)]) }
}

fn arrow() -> Markup {
    html! { span aria-hidden="true" { "‹ " } }
}

fn aloud_button(lang: Lang) -> Markup {
    html! {
        button #aloud .quiet type="button" hidden aria-pressed="false"
            data-start=(texts::READ_ALOUD.of(lang)) data-stop=(texts::STOP_READING.of(lang)) {
            (texts::READ_ALOUD.of(lang))
        }
    }
}

fn head(look: &Look, around: &Around) -> Markup {
    let lang = look.lang;
    let home = if around.name.is_some() { "/home" } else { "/" };
    html! {
        header {
            a .brand href=(home) { (texts::BRAND.of(lang)) }
            nav .look aria-label=(texts::LOOK.of(lang)) {
                ul {
                    @for size in TypeSize::ALL {
                        @let chosen = size == look.size;
                        li { a class={ "letter-" (size.as_str()) } href=(choose(look, "size", size.as_str()))
                            aria-current=[chosen.then_some("true")] rel="nofollow" {
                            (texts::LETTER.of(lang)) span .hidden { " " (size_name(size).of(lang)) }
                        } }
                    }
                    @let other = match lang { Lang::Zh => Lang::En, Lang::En => Lang::Zh };
                    li { a .language href=(choose(look, "lang", other.as_str())) lang=(language_tag(other))
                        hreflang=(language_tag(other)) rel="nofollow" { (texts::OTHER_LANGUAGE.of(lang)) } }
                }
            }
        }
    }
}

fn size_name(size: TypeSize) -> Text {
    match size {
        TypeSize::Normal => texts::SIZE_NORMAL,
        TypeSize::Large => texts::SIZE_LARGE,
        TypeSize::Largest => texts::SIZE_LARGEST,
    }
}

/// A link that keeps a choice and leads back to this page.
fn choose(look: &Look, what: &'static str, value: &str) -> String {
    address("/look", [(what, value), ("back", &look.here)])
}

fn foot(look: &Look, around: &Around) -> Markup {
    let lang = look.lang;
    html! {
        footer {
            section .help aria-label=(texts::HELP_WITH_PHONE.of(lang)) {
                @match &around.contact {
                    Some(Contact { name, phone }) => {
                        p { (texts::HELP_WITH_PHONE.of(lang)) }
                        p { a .phone href={ "tel:" (phone.replace(' ', "")) } {
                            (say::recorded(lang, name)) " " span .number { (phone) }
                        } }
                    }
                    None => p { a .phone href="/help" { (texts::HELP_WITHOUT_PHONE.of(lang)) } }
                }
            }
            nav aria-label=(texts::FOOT.of(lang)) {
                ul {
                    @match &around.name {
                        Some(name) => {
                            li { a href="/home" { (texts::TO_HOME.of(lang)) } }
                            li { a href="/me" { (texts::TO_ME.of(lang)) " (" (say::recorded(lang, name)) ")" } }
                        }
                        None => li { a href="/sign-in" { (texts::TO_SIGN_IN.of(lang)) } }
                    }
                    li { a href="/" { (texts::TO_CANTEENS.of(lang)) } }
                    li { a href="/help" { (texts::TO_HELP.of(lang)) } }
                }
            }
        }
    }
}

// Problems ------------------------------------------------------------------------------------------------------------

/// Runs a page. What it refuses, and what breaks in it, becomes a page in the reader's language; whoever has to sign in
/// first is led there.
pub async fn in_html(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // Kept for the worst, as the request itself cannot be: while there is another one of it, it cannot be routed.
    let (look, id) = (Look::of(request.request()), request_id(request.request()));
    let response = match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(response) => response?.map_into_boxed_body(),
        Err(_) => {
            let broken = bare(&look, &Problem::new(Code::Internal), &id);
            return Err(InternalError::from_response("a page broke", broken).into());
        }
    };
    let (request, response) = response.into_parts();
    let problem = response.extensions().get::<Problem>().cloned();
    let response = match problem.or_else(|| unspoken(&response)) {
        Some(problem) if wants_html(&request, &problem) => told(&request, problem).await,
        Some(_) | None => response,
    };
    Ok(ServiceResponse::new(request, response))
}

/// Whether a person asks: programs that ask for what is no page are answered like by the API.
fn wants_html(request: &HttpRequest, problem: &Problem) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok());
    let takes = |kind: &str| accepted.is_some_and(|kinds| kinds.contains(kind));
    // A script of ours says that it reads JSON.
    if takes("application/json") && !takes("text/html") {
        return false;
    }
    takes("text/html") || !matches!(problem.code, Code::NotFound | Code::MethodNotAllowed)
}

/// A problem as a page of its own, or the way to sign in.
async fn told(request: &HttpRequest, problem: Problem) -> HttpResponse {
    if problem.code.status() == 401 {
        let look = Look::of(request);
        let mut answer = go(&address("/sign-in", [("then", &look.here)]));
        if look.brings_session() {
            // It is over: or else it would not have come to this.
            drop(answer.add_cookie(&look.no_session_crumb()));
        }
        return answer;
    }
    match problem_page(request, &problem).await {
        Ok(page) => page,
        // The database says nothing.
        Err(_) => bare(&Look::of(request), &problem, &request_id(request)),
    }
}

/// A problem as a page with nobody's name and number on it.
fn bare(look: &Look, problem: &Problem, id: &str) -> HttpResponse {
    let page = page_of(look.lang, &look.here, problem, id);
    let status = page.status();
    look.answer(status, html(look, &Around::default(), page))
}

async fn problem_page(request: &HttpRequest, problem: &Problem) -> Shown {
    let visit = Visit::<act::ReadCanteens>::of(request)?;
    let (problem, id) = (problem.clone(), request_id(request));
    visit.show(move |_, _, look| Ok(page_of(look.lang, &look.here, &problem, &id))).await
}

fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

/// What happened as the title, what to do below it, and the ways on.
fn page_of(lang: Lang, here: &str, problem: &Problem, id: &str) -> Page {
    let (title, what) = words_of(lang, problem);
    let again =
        matches!(problem.code, Code::Stale | Code::FormOld | Code::KeyReused) || problem.code.retryable();
    let broken = problem.code.status() >= 500;
    let content = html! {
        p .lead { (what) }
        @if broken { p { (texts::REQUEST_NUMBER.with(lang, &[("id", &id)])) } }
        @if again { p { a .button href=(here) { (texts::GO_BACK_AND_OPEN_AGAIN.of(lang)) } } }
        p { a .quiet href="/home" { (texts::GO_HOME.of(lang)) } }
    };
    Page::new(title, content).with_status(problem.status_code())
}

/// A problem in words for whoever looks at a page; the table of codes speaks to programs where these differ.
fn words_of(lang: Lang, problem: &Problem) -> (String, String) {
    match OWN_WORDS.iter().find(|(codes, _, _)| codes.contains(&problem.code)) {
        Some((_, title, what)) => (title.of(lang).to_owned(), what.of(lang).to_owned()),
        None => problem.told(lang),
    }
}

/// What pages say instead of the words that programs read: title, and what to do.
const OWN_WORDS: &[(&[Code], Text, Text)] = &[
    (&[Code::FormForeign], texts::FORM_FOREIGN_TITLE, texts::FORM_FOREIGN),
    (&[Code::FormOld], texts::FORM_OLD_TITLE, texts::FORM_OLD),
    (&[Code::KeyReused], texts::FORM_USED_TITLE, texts::FORM_USED),
    (&[Code::Stale], texts::STALE_TITLE, texts::STALE),
    (&[Code::MenuNotOpen], resident::MEAL_OVER_TITLE, resident::MEAL_OVER),
    (&[Code::NotFound, Code::MethodNotAllowed], texts::NOT_FOUND_TITLE, texts::NOT_FOUND),
    (
        &[Code::BadField, Code::BadQuery, Code::BadHeader, Code::BadCursor, Code::NotJson],
        texts::BAD_REQUEST_TITLE,
        texts::BAD_REQUEST,
    ),
];

/// What is no page.
pub async fn nothing_there() -> Shown {
    Err(Code::NotFound.into())
}
