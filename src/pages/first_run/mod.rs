//! The first run: whoever reads what the program printed makes the first administrator, who makes the first canteen and
//! the accounts of those who do the work.

pub mod canteen;
pub mod demo;
pub mod people;

use actix_web::HttpRequest;
use maud::html;

use crate::{
    access::act,
    canteens,
    devices::EnrolmentCode,
    first_run::{
        self,
        http::{NewAdministrator, make as make_administrator},
    },
    page::Window,
    pages::{
        everyone::sign_in::begin,
        forms::{Errors, Fields, Kind, Line, Sent, button, form},
        say,
        shell::Page,
        texts::{Text, everyone, first_run as texts},
        visit::{Look, Shown, Visit},
    },
    problem::Code,
    sign_in::http::browse_by_password,
    text::{self, Password, Secret, UserName},
    words::Lang,
};

/// Where the first run goes on, and an administrator begins.
pub const NEXT: &str = "/first-run/next";

/// A line to be typed with nothing but its question.
fn line(name: &'static str, label: Text, hint: Option<Text>, kind: Kind, lang: Lang) -> Line<'static> {
    Line { name, label: label.of(lang), hint: hint.map(|hint| hint.of(lang)), kind, autocomplete: "off" }
}

/// The code that the program printed.
fn code_line(lang: Lang) -> Line<'static> {
    line("code", texts::CODE, Some(texts::CODE_HINT), Kind::Text, lang)
}

fn read_code(fields: &Fields, lang: Lang) -> Result<EnrolmentCode, String> {
    EnrolmentCode::read(fields.get("code")).ok_or_else(|| texts::CODE_WRONG.of(lang).to_owned())
}

/// `GET /first-run`
pub async fn show(visit: Visit<act::MakeFirstAdministrator>) -> Shown {
    visit
        .show(|conn, caller, look| {
            if first_run::is_open(conn, caller.now)? {
                return Ok(first_page(look, &Fields::default(), Errors::none()));
            }
            Ok(over_page(look.lang))
        })
        .await
}

fn over_page(lang: Lang) -> Page {
    let content = html! {
        p .lead { (texts::OVER.of(lang)) }
        p { a .button href="/sign-in" { (texts::SIGN_IN.of(lang)) } }
    };
    Page::new(texts::OVER_TITLE.of(lang), content).back("/")
}

fn first_page(look: &Look, fields: &Fields, errors: Errors) -> Page {
    let lang = look.lang;
    let code = code_line(lang);
    let your_name = line("display_name", everyone::YOUR_NAME, None, Kind::Text, lang);
    let user_name =
        line("user_name", everyone::USER_NAME, Some(everyone::NEW_USER_NAME_HINT), Kind::Text, lang);
    let password =
        line("password", everyone::PASSWORD, Some(everyone::NEW_PASSWORD_HINT), Kind::Password, lang);
    let content = html! {
        p .lead { (texts::LEAD.of(lang)) }
        (form(look, html! {
            (code.field(fields.get("code"), &errors))
            (Line { autocomplete: "name", ..your_name }.field(fields.get("display_name"), &errors))
            (Line { autocomplete: "username", ..user_name }.field(fields.get("user_name"), &errors))
            (Line { autocomplete: "new-password", ..password }.field("", &errors))
            (button(texts::MAKE.of(lang)))
        }))
        section {
            h2 { (texts::LOOK_TITLE.of(lang)) }
            p { (texts::LOOK_LEAD.of(lang)) }
            p { a .quiet href=(demo::PAGE) { (texts::LOOK_BUTTON.of(lang)) } }
        }
    };
    Page::new(texts::TITLE.of(lang), content).errors(errors)
}

fn new_administrator(fields: &Fields, lang: Lang) -> Result<NewAdministrator, Errors> {
    let mut errors = Errors::none();
    let code = errors.keep("code", read_code(fields, lang));
    let display_name = errors.keep(
        "display_name",
        text::Line::parse(fields.get("display_name")).map_err(|_| everyone::NAME_WRONG.of(lang).to_owned()),
    );
    let user_name = errors.keep(
        "user_name",
        UserName::parse(&fields.get("user_name").to_lowercase())
            .map_err(|_| everyone::USER_NAME_WRONG.of(lang).to_owned()),
    );
    let password = errors.keep(
        "password",
        Password::parse(fields.get("password")).map_err(|_| everyone::PASSWORD_WRONG.of(lang).to_owned()),
    );
    match (code, display_name, user_name, password) {
        (Some(code), Some(display_name), Some(user_name), Some(password)) => {
            Ok(NewAdministrator { code, user_name, display_name, password })
        }
        (_, _, _, _) => Err(errors),
    }
}

/// `POST /first-run`: makes the first administrator, and signs them in.
pub async fn make(request: HttpRequest, visit: Visit<act::MakeFirstAdministrator>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let again = |errors: Errors| {
        let fields = sent.fields.clone();
        visit.show(move |_, _, look| Ok(first_page(look, &fields, errors)))
    };
    let new = match new_administrator(&sent.fields, lang) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let by_name = Secret::parse(new.user_name.as_str()).map_err(|_| Code::BadField)?;
    let by_password = Secret::parse(new.password.as_str()).map_err(|_| Code::BadField)?;
    match make_administrator(visit.allowed(), sent.keyed(new)).await {
        Ok(_) => {
            let door = Visit::<act::SignIn>::of(&request)?;
            let session = browse_by_password(door.allowed(), by_name, by_password).await?;
            Ok(begin(&visit, "/first-run/canteen", &session))
        }
        Err(problem) if problem.code == Code::WrongFirstRunCode => {
            again(Errors::at("code", texts::CODE_WRONG.of(lang))).await
        }
        Err(problem) if problem.code == Code::UserNameTaken => {
            again(Errors::of("user_name", &problem, lang)).await
        }
        Err(problem) => Err(problem),
    }
}

/// `GET /first-run/next`: what there is, and what to do next; where an administrator begins.
pub async fn next(visit: Visit<act::EditCanteens>) -> Shown {
    visit
        .show(|conn, _, look| {
            let lang = look.lang;
            let window = Window::new(None, None)?;
            let canteens = canteens::list(conn, None, window.after(), window.rows())?;
            let content = html! {
                h2 { (texts::NEXT_CANTEENS.of(lang)) }
                @if canteens.is_empty() { p { (texts::NEXT_NO_CANTEEN.of(lang)) } }
                ul .ways {
                    @for canteen in &canteens {
                        li { a href={ "/canteens/" (canteen.id) } { (say::recorded(lang, &canteen.name)) } }
                    }
                }
                p { a .quiet href="/first-run/canteen" { (texts::NEXT_ONE_MORE.of(lang)) } }
                h2 { (texts::NEXT_PEOPLE.of(lang)) }
                p { (texts::NEXT_PEOPLE_LEAD.of(lang)) }
                p { a .button href="/first-run/people" { (texts::NEXT_PEOPLE_BUTTON.of(lang)) } }
                h2 { (texts::NEXT_ORDER.of(lang)) }
                ol .sentences {
                    @for step in [texts::NEXT_STAFF, texts::NEXT_OFFICER, texts::NEXT_RESIDENT, texts::NEXT_BACKUP] {
                        li { (step.of(lang)) }
                    }
                }
            };
            Ok(Page::new(texts::NEXT_TITLE.of(lang), content))
        })
        .await
}
