//! A password of one's own: instead of the one-time password that one was given, or of an old one.

use maud::html;

use super::look::local;
use crate::{
    access::{Principal, act},
    accounts::{
        self,
        http::{PasswordChangeBody, change_password},
    },
    api::Body,
    db::Conn,
    pages::{
        forms::{Asked, Errors, Fields, Kind, Line, Sent, address, button, form, hidden},
        shell::Page,
        texts::{everyone as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
    text::{Password, Secret},
    words::Lang,
};

/// Where a password is changed.
pub const PAGE: &str = "/me/password";

/// Whether somebody signed in with a one-time password, which ends soon.
pub fn is_one_time(conn: &mut Conn, whose: Principal) -> Result<bool, Fail> {
    match whose {
        Principal::Account(id) => Ok(accounts::find(conn, id)?.password_expires_at.is_some()),
        Principal::Resident(_) | Principal::Device(_) => Ok(false),
    }
}

/// `GET /me/password`
pub async fn show(visit: Visit<act::ChangePassword>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let one_time = is_one_time(conn, caller.principal()?)?;
            Ok(page(look, &query, one_time, Errors::none()))
        })
        .await
}

fn page(look: &Look, fields: &Fields, one_time: bool, errors: Errors) -> Page {
    let lang = look.lang;
    let line =
        |name, label, hint, autocomplete| Line { name, label, hint, kind: Kind::Password, autocomplete };
    let present = if one_time { texts::ONE_TIME_PASSWORD } else { texts::PRESENT_PASSWORD };
    let present = line("present_password", present.of(lang), None, "current-password");
    let hint = Some(texts::NEW_PASSWORD_HINT.of(lang));
    let new = line("new_password", texts::NEW_PASSWORD.of(lang), hint, "new-password");
    let content = html! {
        @if one_time { p .notice { (texts::ONE_TIME_WHAT.of(lang)) } }
        p { (texts::PASSWORD_WHAT.of(lang)) }
        (form(look, html! {
            (hidden("then", fields.get("then")))
            (present.field("", &errors))
            (new.field("", &errors))
            (button(texts::PASSWORD_BUTTON.of(lang)))
        }))
    };
    Page::new(texts::PASSWORD_TITLE.of(lang), content).back("/me").errors(errors)
}

/// What was typed.
fn entered(fields: &Fields, lang: Lang) -> Result<PasswordChangeBody, Errors> {
    let mut errors = Errors::none();
    let missing = shell::FILL_IN.with(lang, &[("what", &texts::PRESENT_PASSWORD.of(lang))]);
    let present =
        errors.keep("present_password", Secret::parse(fields.get("present_password")).map_err(|_| missing));
    let wrong = |_| texts::PASSWORD_WRONG.of(lang).to_owned();
    let new = errors.keep("new_password", Password::parse(fields.get("new_password")).map_err(wrong));
    match (present, new) {
        (Some(present_password), Some(new_password)) => {
            Ok(PasswordChangeBody { present_password, new_password })
        }
        (_, _) => Err(errors),
    }
}

/// `POST /me/password`: whoever else is signed in with the old one is signed in no more.
pub async fn change(visit: Visit<act::ChangePassword>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let then = match sent.fields.get("then") {
        "" => address("/me", [("done", "password")]),
        then => local(then),
    };
    let errors = match entered(&sent.fields, lang) {
        Ok(body) => match change_password(visit.api(), Body(body)).await {
            Ok(_) => {
                visit.once(&sent, |_, _, _| Ok(())).await?;
                return Ok(go(&then));
            }
            // A second tap finds the password changed by the first one.
            Err(problem) if problem.code == Code::WrongPassword => {
                match visit.once(&sent, |_, _, _| Err::<(), _>(Code::WrongPassword.into())).await {
                    Ok(()) => return Ok(go(&then)),
                    Err(_) => Errors::of("present_password", &problem, lang),
                }
            }
            Err(problem) => return Err(problem),
        },
        Err(errors) => errors,
    };
    visit
        .show(move |conn, caller, look| {
            let one_time = is_one_time(conn, caller.principal()?)?;
            Ok(page(look, &sent.fields, one_time, errors))
        })
        .await
}

/// Where whoever just signed in goes on: to choose a password of their own first, if theirs is a one-time password.
pub async fn before(visit: &Visit<act::SignIn>, whose: Principal, then: &str) -> Result<String, Problem> {
    let one_time = visit.allowed().read(move |conn, _| is_one_time(conn, whose)).await?;
    Ok(if one_time {
        address(PAGE, Some(("then", then)).filter(|_| !then.is_empty()))
    } else {
        then.to_owned()
    })
}
