//! Signing in: a resident by card number and PIN, everybody else by user name and password. No test of skill, ever.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::{look::local, password};
use crate::{
    access::{act, acts::NamedAct},
    pages::{
        forms::{self, Asked, Errors, Fields, Kind, Line, Sent, address, button, form},
        shell::Page,
        texts::{Text, everyone as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Problem},
    sign_in::{
        InBrowser,
        http::{browse_by_password, browse_by_pin},
    },
    text::Secret,
    words::Lang,
};

/// The answer that says where to go once one is signed in.
const THEN: &str = "then";

/// `GET /sign-in`: how one signs in, which is all that is asked.
pub async fn ways(visit: Visit<act::SignIn>, Asked(query): Asked) -> Shown {
    visit
        .show(move |_, _, look| {
            let lang = look.lang;
            let then = query.get(THEN);
            let ways = [
                ("/sign-in/card", texts::SIGN_IN_CARD, texts::SIGN_IN_CARD_HINT),
                ("/sign-in/name", texts::SIGN_IN_NAME, texts::SIGN_IN_NAME_HINT),
            ];
            let content = html! {
                ul .cards {
                    @for (to, way, hint) in ways {
                        li { a .card href=(with_then(to, then)) {
                            span .strong { (way.of(lang)) }
                            span .hint { (hint.of(lang)) }
                        } }
                    }
                }
                p { (texts::SIGN_IN_NO_PIN.of(lang)) }
                p { a .quiet href="/sign-up" { (texts::SIGN_IN_NEW.of(lang)) } }
            };
            Ok(Page::new(texts::SIGN_IN_TITLE.of(lang), content).back("/"))
        })
        .await
}

fn with_then(path: &str, then: &str) -> String {
    address(path, Some((THEN, then)).filter(|_| !then.is_empty()))
}

/// `GET /sign-in/card`
pub async fn card(visit: Visit<act::SignIn>, Asked(query): Asked) -> Shown {
    visit.show(move |_, _, look| Ok(card_page(look, &query, Errors::none()))).await
}

fn card_page(look: &Look, fields: &Fields, errors: Errors) -> Page {
    let lang = look.lang;
    let number = Line {
        name: "card_number",
        label: texts::CARD_NUMBER.of(lang),
        hint: Some(texts::CARD_NUMBER_HINT.of(lang)),
        kind: Kind::Digits,
        autocomplete: "username",
    };
    let pin = Line {
        name: "pin",
        label: texts::PIN.of(lang),
        hint: Some(texts::PIN_HINT.of(lang)),
        kind: Kind::SecretDigits,
        autocomplete: "current-password",
    };
    let asked = html! {
        (number.field(fields.get("card_number"), &errors))
        (pin.field("", &errors))
    };
    Page::new(texts::CARD_TITLE.of(lang), signing_in(look, fields, asked))
        .back(with_then("/sign-in", fields.get(THEN)))
        .errors(errors)
}

/// `GET /sign-in/name`
pub async fn name(visit: Visit<act::SignIn>, Asked(query): Asked) -> Shown {
    visit.show(move |_, _, look| Ok(name_page(look, &query, Errors::none()))).await
}

fn name_page(look: &Look, fields: &Fields, errors: Errors) -> Page {
    let lang = look.lang;
    let name = Line {
        name: "user_name",
        label: texts::USER_NAME.of(lang),
        hint: None,
        kind: Kind::Text,
        autocomplete: "username",
    };
    let password = Line {
        name: "password",
        label: texts::PASSWORD.of(lang),
        hint: None,
        kind: Kind::Password,
        autocomplete: "current-password",
    };
    let asked = html! {
        (name.field(fields.get("user_name"), &errors))
        (password.field("", &errors))
    };
    Page::new(texts::NAME_TITLE.of(lang), signing_in(look, fields, asked))
        .back(with_then("/sign-in", fields.get(THEN)))
        .errors(errors)
}

fn signing_in(look: &Look, fields: &Fields, asked: Markup) -> Markup {
    let lang = look.lang;
    html! {
        (form(look, html! {
            (forms::hidden(THEN, fields.get(THEN)))
            (asked)
            (button(texts::SIGN_IN_BUTTON.of(lang)))
        }))
        p .hint { (texts::STAY_SIGNED_IN.of(lang)) }
    }
}

/// `POST /sign-in/card`
pub async fn by_card(visit: Visit<act::SignIn>, sent: Sent) -> Shown {
    let lang = visit.lang();
    // Digits as they are printed: in groups.
    let number: String = sent.fields.get("card_number").split_whitespace().collect();
    let mut errors = Errors::none();
    let number = filled(&mut errors, "card_number", &number, texts::CARD_NUMBER, lang);
    let pin = filled(&mut errors, "pin", sent.fields.get("pin"), texts::PIN, lang);
    if let (Some(number), Some(pin)) = (number, pin) {
        match browse_by_pin(visit.allowed(), number, pin).await {
            Ok(session) => return Ok(begin(&visit, sent.fields.get(THEN), &session)),
            Err(problem) => errors = wrong(problem, "card_number", texts::WRONG_CARD_OR_PIN.of(lang))?,
        }
    }
    visit.show(move |_, _, look| Ok(card_page(look, &sent.fields, errors))).await
}

/// `POST /sign-in/name`
pub async fn by_name(visit: Visit<act::SignIn>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let mut errors = Errors::none();
    let name = sent.fields.get("user_name").to_lowercase();
    let name = filled(&mut errors, "user_name", &name, texts::USER_NAME, lang);
    let password = filled(&mut errors, "password", sent.fields.get("password"), texts::PASSWORD, lang);
    if let (Some(name), Some(password)) = (name, password) {
        match browse_by_password(visit.allowed(), name, password).await {
            Ok(session) => {
                let whose = session.ticket.principal;
                let then = password::before(&visit, whose, sent.fields.get(THEN)).await?;
                return Ok(begin(&visit, &then, &session));
            }
            // It can be put right by nobody here, but it is said here.
            Err(problem) if problem.code == Code::PasswordExpired => {
                errors = Errors::of("user_name", &problem, lang);
            }
            Err(problem) => errors = wrong(problem, "user_name", texts::WRONG_NAME_OR_PASSWORD.of(lang))?,
        }
    }
    visit.show(move |_, _, look| Ok(name_page(look, &sent.fields, errors))).await
}

/// What was typed into a field that has to be filled in.
fn filled(errors: &mut Errors, field: &str, value: &str, what: Text, lang: Lang) -> Option<Secret> {
    let missing = |_| shell::FILL_IN.with(lang, &[("what", &what.of(lang))]);
    errors.keep(field, Secret::parse(value).map_err(missing))
}

/// Wrong credentials can be put right; what else refuses a sign-in is a page of its own.
fn wrong(problem: Problem, field: &str, what: &str) -> Result<Errors, Problem> {
    if problem.code == Code::WrongCredentials { Ok(Errors::at(field, what)) } else { Err(problem) }
}

/// Takes the cookie of the session that was started, and goes on to where the visitor was going.
pub fn begin<A: NamedAct>(visit: &Visit<A>, then: &str, session: &InBrowser) -> HttpResponse {
    let mut answer = go(&if then.is_empty() { "/home".to_owned() } else { local(then) });
    // A cookie of ours can be written.
    drop(answer.add_cookie(&visit.look().session_crumb(session)));
    answer
}
