//! A phone or a screen becomes a device of a canteen, by the code that the staff read out.

use maud::html;

use crate::{
    access::act,
    devices::http::enrol_browser,
    pages::{
        assets::ONCE,
        everyone::sign_in::begin,
        forms::{Errors, Kind, Line, Sent, button, form},
        shell::Page,
        texts::door as texts,
        visit::{Look, Shown, Visit},
    },
    problem::Code,
};

/// What is typed.
const CODE: &str = "code";

/// `GET /enrol`
pub async fn show(visit: Visit<act::EnrolDevice>) -> Shown {
    visit.show(|_, _, look| Ok(page(look, "", Errors::none()))).await
}

fn page(look: &Look, typed: &str, errors: Errors) -> Page {
    let lang = look.lang;
    let line = Line {
        name: CODE,
        label: texts::ENROL_CODE.of(lang),
        hint: Some(texts::ENROL_HINT.of(lang)),
        kind: Kind::Text,
        autocomplete: "off",
    };
    let content = form(
        look,
        html! {
            (line.field(typed, &errors))
            (button(texts::ENROL_BUTTON.of(lang)))
        },
    );
    Page::new(texts::ENROL.of(lang), content).back("/sign-in").errors(errors).with_script(&ONCE)
}

/// `POST /enrol`
pub async fn enrol(visit: Visit<act::EnrolDevice>, sent: Sent) -> Shown {
    let typed = sent.fields.get(CODE).to_owned();
    match enrol_browser(visit.allowed(), &typed).await {
        Ok(session) => Ok(begin(&visit, "", &session)),
        Err(problem) if problem.code == Code::WrongEnrolmentCode => {
            visit
                .show(move |_, _, look| {
                    Ok(page(look, &typed, Errors::at(CODE, texts::ENROL_WRONG.of(look.lang))))
                })
                .await
        }
        Err(problem) => Err(problem),
    }
}
