//! The demonstration, loaded into an installation in which there is nothing: asked for with the code, watched while it
//! comes, and left with how to sign in.

use maud::{Markup, html};

use super::{code_line, over_page, read_code};
use crate::{
    access::{Role, act},
    demo::{Part, SignIn, Stage},
    first_run::{self, http::load_demo},
    pages::{
        assets::AGAIN,
        forms::{Errors, Fields, Sent, button, form},
        say,
        shell::Page,
        texts::{Text, everyone, first_run as texts},
        visit::{Look, Shown, Visit, go},
    },
    problem::Code,
    words::Lang,
};

/// Where it is asked for and watched.
pub const PAGE: &str = "/first-run/demo";

/// How often the page is asked for again while it comes.
const AGAIN_S: u32 = 2;

/// `GET /first-run/demo`
pub async fn show(visit: Visit<act::MakeFirstAdministrator>) -> Shown {
    let demo = visit.allowed().state().demo.clone();
    visit
        .show(move |conn, _, look| {
            let lang = look.lang;
            Ok(match demo.stage() {
                Stage::Unasked if first_run::is_empty(conn)? => {
                    question(look, &Fields::default(), Errors::none())
                }
                Stage::Unasked => over_page(lang),
                Stage::UnderWay { part, done, steps } => under_way(lang, part, done, steps),
                Stage::Loaded => {
                    let (loader, sign_ins) = demo.told();
                    loaded(lang, look.is_form_token(&loader).then_some(&sign_ins))
                }
                Stage::Broken(said) => {
                    broken(lang, look.is_form_token(&demo.told().0).then_some(said.as_str()))
                }
            })
        })
        .await
}

fn question(look: &Look, fields: &Fields, errors: Errors) -> Page {
    let lang = look.lang;
    let content = html! {
        p .lead { (texts::DEMO_LEAD.of(lang)) }
        p .warning { (texts::DEMO_WARNING.of(lang)) }
        (form(look, html! {
            (code_line(lang).field(fields.get("code"), &errors))
            (button(texts::DEMO_BUTTON.of(lang)))
        }))
    };
    Page::new(texts::DEMO_TITLE.of(lang), content).back("/first-run").errors(errors)
}

/// `POST /first-run/demo`
pub async fn load(visit: Visit<act::MakeFirstAdministrator>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let wrong = match read_code(&sent.fields, lang) {
        Ok(code) => match load_demo(visit.allowed(), code, visit.look().form_token()).await {
            Ok(()) => return Ok(go(PAGE)),
            // Whoever presses twice has asked for it.
            Err(problem) if problem.code == Code::WrongFirstRunCode && is_coming(&visit) => {
                return Ok(go(PAGE));
            }
            Err(problem) if problem.code == Code::WrongFirstRunCode => texts::CODE_WRONG.of(lang).to_owned(),
            Err(problem) => return Err(problem),
        },
        Err(wrong) => wrong,
    };
    visit.show(move |_, _, look| Ok(question(look, &sent.fields, Errors::at("code", wrong)))).await
}

/// Whether it is on its way to this browser.
fn is_coming(visit: &Visit<act::MakeFirstAdministrator>) -> bool {
    let demo = &visit.allowed().state().demo;
    demo.is_under_way() && visit.look().is_form_token(&demo.told().0)
}

fn under_way(lang: Lang, part: Part, done: u64, steps: u64) -> Page {
    let what = match part {
        Part::Places => texts::DEMO_PLACES,
        Part::History => texts::DEMO_HISTORY,
        Part::Day => texts::DEMO_DAY,
    };
    let parts = [Part::Places, Part::History, Part::Day];
    let nth = parts.iter().position(|one| *one == part).map_or(1, |at| at + 1);
    let content = html! {
        div data-again=(AGAIN_S) {
            p .lead { label for="done" { (what.with(lang, &[("nth", &nth), ("parts", &parts.len())])) } }
            p { progress #done .progress value=(done) max=(steps) { (done) " / " (steps) } }
            p { (texts::DEMO_WAIT.of(lang)) }
        }
    };
    Page::new(texts::DEMO_COMES.of(lang), content).with_script(&AGAIN).again_after(AGAIN_S)
}

/// With how to sign in for the browser that asked for it; nobody else is told.
fn loaded(lang: Lang, sign_ins: Option<&Vec<SignIn>>) -> Page {
    let content = html! {
        @match sign_ins {
            Some(sign_ins) => {
                p .lead { (texts::DEMO_SIGN_INS.of(lang)) }
                @for (role, who) in PEOPLE {
                    @if let Some(sign_in) = sign_ins.iter().find(|sign_in| sign_in.role == *role) {
                        (card(lang, who.of(lang), sign_in))
                    }
                }
                p { (texts::DEMO_MORE.of(lang)) }
            }
            None => p .lead { (texts::DEMO_ELSEWHERE.of(lang)) },
        }
        p { a .button href="/sign-in" { (texts::SIGN_IN.of(lang)) } }
        p { a .quiet href="/" { (texts::DEMO_CANTEENS.of(lang)) } }
    };
    Page::new(texts::DEMO_THERE.of(lang), content)
}

/// One of each, in the order in which they are worth a look.
const PEOPLE: &[(Role, Text)] = &[
    (Role::Resident, texts::DEMO_RESIDENT),
    (Role::Family, texts::DEMO_FAMILY),
    (Role::Staff, texts::DEMO_STAFF),
    (Role::Volunteer, texts::DEMO_VOLUNTEER),
    (Role::District, texts::DEMO_OFFICER),
    (Role::Auditor, texts::DEMO_AUDITOR),
    (Role::Admin, texts::DEMO_ADMIN),
];

fn card(lang: Lang, who: &str, sign_in: &SignIn) -> Markup {
    let line = |label: Text, value: &Option<String>| {
        html! { @if let Some(value) = value { div { dt { (label.of(lang)) } dd { code { (value) } } } } }
    };
    html! {
        section .meal {
            h2 { (who) }
            @if let Some(canteen) = sign_in.canteen { p .hint { (say::recorded(lang, canteen)) } }
            dl .answers {
                (line(everyone::CARD_NUMBER, &sign_in.card_number))
                (line(everyone::PIN, &sign_in.pin))
                (line(everyone::USER_NAME, &sign_in.user_name))
                (line(everyone::PASSWORD, &sign_in.password))
            }
        }
    }
}

/// With the cause for the browser that asked for it; nobody else is told.
fn broken(lang: Lang, said: Option<&str>) -> Page {
    let content = html! {
        p .lead { (texts::DEMO_BROKEN_LEAD.of(lang)) }
        @if let Some(said) = said { p { code { (said) } } }
    };
    Page::new(texts::DEMO_BROKEN.of(lang), content)
}
