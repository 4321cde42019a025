//! An account of one's own: signing up, what is known of oneself, signing out.

use actix_web::HttpRequest;
use maud::html;

use super::{password, sign_in::begin};

use crate::{
    access::act,
    accounts::{
        self,
        http::{SignUpBody, who},
    },
    api::{Answer, Body},
    pages::{
        assets::DOOR,
        door::phone,
        forms::{Asked, Choice, Errors, Fields, Kind, Legend, Line, Sent, button, form, one_of},
        say,
        shell::Page,
        texts::{everyone as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::Code,
    sign_in::{
        self,
        http::{SignOutBody, browse_by_password},
    },
    text::{self, Password, Secret, UserName},
    words::Lang,
};

/// `GET /sign-up`
pub async fn sign_up_form(visit: Visit<act::SignUp>) -> Shown {
    visit.show(|_, _, look| Ok(sign_up_page(look, &Fields::default(), Errors::none()))).await
}

fn sign_up_page(look: &Look, fields: &Fields, errors: Errors) -> Page {
    let lang = look.lang;
    let line = |name, label, hint, kind, autocomplete| Line { name, label, hint, kind, autocomplete };
    let your_name = line("display_name", texts::YOUR_NAME.of(lang), None, Kind::Text, "name");
    let user_hint = Some(texts::NEW_USER_NAME_HINT.of(lang));
    let user_name = line("user_name", texts::USER_NAME.of(lang), user_hint, Kind::Text, "username");
    let secret_hint = Some(texts::NEW_PASSWORD_HINT.of(lang));
    let password = line("password", texts::PASSWORD.of(lang), secret_hint, Kind::Password, "new-password");
    let content = html! {
        p .lead { (texts::SIGN_UP_LEAD.of(lang)) }
        (form(look, html! {
            (your_name.field(fields.get("display_name"), &errors))
            (user_name.field(fields.get("user_name"), &errors))
            (password.field("", &errors))
            (button(texts::SIGN_UP_BUTTON.of(lang)))
        }))
    };
    Page::new(texts::SIGN_UP_TITLE.of(lang), content).back("/sign-in").errors(errors)
}

/// What somebody signs up with.
fn new_account(fields: &Fields, lang: Lang) -> Result<SignUpBody, Errors> {
    let mut errors = Errors::none();
    let display_name = errors.keep(
        "display_name",
        text::Line::parse(fields.get("display_name")).map_err(|_| texts::NAME_WRONG.of(lang).to_owned()),
    );
    let user_name = errors.keep(
        "user_name",
        UserName::parse(&fields.get("user_name").to_lowercase())
            .map_err(|_| texts::USER_NAME_WRONG.of(lang).to_owned()),
    );
    let password = errors.keep(
        "password",
        Password::parse(fields.get("password")).map_err(|_| texts::PASSWORD_WRONG.of(lang).to_owned()),
    );
    match (display_name, user_name, password) {
        (Some(display_name), Some(user_name), Some(password)) => {
            Ok(SignUpBody { user_name, display_name, phone: None, password })
        }
        (_, _, _) => Err(errors),
    }
}

/// `POST /sign-up`: makes the account, and signs in.
pub async fn sign_up(request: HttpRequest, visit: Visit<act::SignUp>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let new = match new_account(&sent.fields, lang) {
        Ok(new) => new,
        Err(errors) => {
            return visit.show(move |_, _, look| Ok(sign_up_page(look, &sent.fields, errors))).await;
        }
    };
    let by_name = Secret::parse(new.user_name.as_str()).map_err(|_| Code::BadField)?;
    let by_password = Secret::parse(new.password.as_str()).map_err(|_| Code::BadField)?;
    match accounts::http::sign_up(visit.api(), sent.keyed(new)).await.and_then(Answer::into_body) {
        Ok(_) => {
            let door = Visit::<act::SignIn>::of(&request)?;
            let session = browse_by_password(door.allowed(), by_name, by_password).await?;
            Ok(begin(&visit, "", &session))
        }
        Err(problem) if problem.code == Code::UserNameTaken => {
            let errors = Errors::of("user_name", &problem, lang);
            visit.show(move |_, _, look| Ok(sign_up_page(look, &sent.fields, errors))).await
        }
        Err(problem) => Err(problem),
    }
}

/// `GET /me`
pub async fn me(visit: Visit<act::ReadMe>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let me = who(conn, caller)?;
            let content = html! {
                @if query.get("done") == "password" { p .notice role="status" { (texts::PASSWORD_CHANGED.of(lang)) } }
                p { (texts::ME_NAME.marked(lang, &[("name", say::recorded(lang, &me.display_name))])) }
                @if let Some(name) = &me.user_name {
                    p { (texts::ME_USER_NAME.with(lang, &[("name", name)])) }
                }
                p { (texts::ME_SIZE.of(lang)) }
                @if me.user_name.is_some() {
                    p { a .quiet href=(password::PAGE) { (texts::PASSWORD_TITLE.of(lang)) } }
                }
                p { a .button href="/sign-out" { (texts::SIGN_OUT_TITLE.of(lang)) } }
            };
            Ok(Page::new(texts::ME_TITLE.of(lang), content).back("/home"))
        })
        .await
}

/// `GET /sign-out`
pub async fn sign_out_form(visit: Visit<act::SignOut>) -> Shown {
    visit.show(|_, _, look| Ok(sign_out_page(look, Errors::none()))).await
}

fn sign_out_page(look: &Look, errors: Errors) -> Page {
    let lang = look.lang;
    let choices = [
        Choice::new("here", html! { (texts::SIGN_OUT_HERE.of(lang)) }),
        Choice::new("everywhere", html! { (texts::SIGN_OUT_EVERYWHERE.of(lang)) })
            .hint(html! { (texts::SIGN_OUT_EVERYWHERE_HINT.of(lang)) }),
    ];
    let legend = Legend::Shown(texts::SIGN_OUT_WHERE.of(lang));
    let sent = form(
        look,
        html! {
            (one_of("where", legend, &choices, "here", &errors))
            (button(texts::SIGN_OUT_BUTTON.of(lang)))
        },
    );
    let content = html! { (phone::leaving(lang)) (sent) };
    Page::new(texts::SIGN_OUT_TITLE.of(lang), content).back("/me").errors(errors).with_script(&DOOR)
}

/// `POST /sign-out`
pub async fn sign_out(visit: Visit<act::SignOut>, sent: Sent) -> Shown {
    let everywhere = match sent.fields.get("where") {
        "here" => false,
        "everywhere" => true,
        _ => {
            let errors = Errors::at("where", shell::CHOOSE_ONE.of(visit.lang()));
            return visit.show(|_, _, look| Ok(sign_out_page(look, errors))).await;
        }
    };
    sign_in::http::sign_out(visit.api(), Body(SignOutBody { everywhere })).await?;
    let mut answer = go("/");
    // A cookie of ours can be written.
    drop(answer.add_cookie(&visit.look().no_session_crumb()));
    Ok(answer)
}
