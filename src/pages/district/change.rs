//! A new version of a policy, written as its document; and putting a version into force.

use actix_web::web::Path;
use chrono::NaiveDate;
use maud::{Markup, html};
use serde_json::Value;

use super::policies::{LIST, in_reach, page_of, pretty};
use crate::{
    access::act,
    api::Answer,
    ids::PolicyId,
    pages::{
        forms::{Asked, Errors, Fields, Kind, Line, Sent, button, form},
        say,
        shell::Page,
        texts::district as texts,
        visit::{Look, Shown, Visit, go},
    },
    policies::{
        self, PolicyVersion,
        http::{Activation, PolicyDocument, activate as put_into_force, post},
    },
    problem::{Code, Problem},
    words::Lang,
};

/// What a document holds at least, for whoever begins with nothing.
const BLANK: &str = r#"{
  "code": "my-policy-2027",
  "area": { "city": "", "district": "" },
  "name": { "zh": "", "en": "" },
  "layers": [
    {
      "payer": "district",
      "rank": 10,
      "pick": "first",
      "tiers": [
        { "code": "60-and-over", "when": { "age": { "from": 60 } }, "pay": { "fixed_fen": 300 } }
      ]
    }
  ]
}"#;

/// `GET /district/policies/new?from={id}`
pub async fn write(visit: Visit<act::EditPolicies>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| match query.get("from").parse::<PolicyId>() {
            Ok(id) => {
                let version = in_reach(conn, caller, id)?;
                let text = pretty(&policies::document(conn, id)?);
                Ok(write_page(look, &text, Errors::none()).about(version.code))
            }
            Err(_) => Ok(write_page(look, BLANK, Errors::none())),
        })
        .await
}

fn write_page(look: &Look, text: &str, errors: Errors) -> Page {
    let lang = look.lang;
    let rows = text.lines().count().clamp(20, 60);
    let faults: Vec<Markup> = errors.all().map(|what| html! { p .error { (what) } }).collect();
    let content = html! {
        p .lead { (texts::EDIT_LEAD.of(lang)) }
        (form(look, html! {
            div .field .wrong[!faults.is_empty()] {
                label for="document" { (texts::EDIT_LABEL.of(lang)) }
                @if !faults.is_empty() { div #document-error { @for fault in &faults { (fault) } } }
                textarea .document id="document" name="document" rows=(rows) spellcheck="false"
                    lang=[say::foreign(lang, text)]
                    aria-describedby=[(!faults.is_empty()).then_some("document-error")]
                    aria-invalid=[(!faults.is_empty()).then_some("true")] { (text) }
            }
            (button(texts::EDIT_BUTTON.of(lang)))
        }))
    };
    Page::new(texts::EDIT_TITLE.of(lang), content).back(LIST).errors(errors).wide()
}

/// `POST /district/policies/new`: saves a draft.
pub async fn save(visit: Visit<act::EditPolicies>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let text = sent.fields.get("document").to_owned();
    let errors = match serde_json::from_str::<Value>(&text) {
        Err(error) => Errors::at(
            "document",
            texts::NOT_JSON.with(lang, &[("line", &error.line()), ("column", &error.column())]),
        ),
        Ok(document) => {
            let posted = post(visit.api(), sent.keyed(PolicyDocument(document))).await;
            match posted.and_then(Answer::into_body) {
                Ok(version) => return Ok(go(&page_of(version.id))),
                Err(problem) if problem.code == Code::BadPolicy => faults(&problem, lang),
                Err(problem) if matches!(problem.code, Code::PolicyCodeTaken | Code::NotHere) => {
                    Errors::of("document", &problem, lang)
                }
                Err(problem) => return Err(problem),
            }
        }
    };
    visit.show(move |_, _, look| Ok(write_page(look, &text, errors))).await
}

/// Every fault of a document at its place.
fn faults(problem: &Problem, lang: Lang) -> Errors {
    let mut errors = Errors::none();
    for fault in problem.fields() {
        let place = match fault.pointer.as_str() {
            "" => texts::THE_WHOLE.of(lang),
            pointer => pointer,
        };
        errors.add(
            "document",
            texts::FAULT_AT.with(lang, &[("place", &place), ("what", &fault.detail.get(lang))]),
        );
    }
    errors
}

/// `GET /district/policies/{id}/activate`
pub async fn activate_form(visit: Visit<act::EditPolicies>, id: Path<PolicyId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let version = in_reach(conn, caller, *id)?;
            Ok(activate_page(look, &version, &Fields::default(), Errors::none()))
        })
        .await
}

fn activate_page(look: &Look, version: &PolicyVersion, fields: &Fields, errors: Errors) -> Page {
    let lang = look.lang;
    let day = |name, label: crate::pages::texts::Text| Line {
        name,
        label: label.of(lang),
        hint: None,
        kind: Kind::Day,
        autocomplete: "off",
    };
    let content = html! {
        p .lead { (texts::ACTIVATE_LEAD.of(lang)) }
        p { (texts::ACTIVATE_FIRST.of(lang)) }
        p { a .quiet href={ (page_of(version.id)) "/compare" } { (texts::TO_COMPARE.of(lang)) } }
        (form(look, html! {
            (day("from", texts::ACTIVATE_FROM).field(fields.get("from"), &errors))
            (day("to", texts::ACTIVATE_TO).field(fields.get("to"), &errors))
            (button(texts::ACTIVATE_BUTTON.of(lang)))
        }))
    };
    Page::new(texts::ACTIVATE_TITLE.with(lang, &[("version", &version.version)]), content)
        .about(version.code.as_str())
        .back(page_of(version.id))
        .errors(errors)
        .wide()
}

/// From when to when, as it was typed.
fn activation(fields: &Fields, lang: Lang) -> Result<Activation, Errors> {
    let mut errors = Errors::none();
    let wrong = || texts::TRY_DAY_WRONG.with(lang, &[("day", &"2027-01-01")]);
    let from: Option<NaiveDate> = errors.keep("from", fields.get("from").parse().map_err(|_| wrong()));
    let to = match fields.get("to") {
        "" => Some(None),
        to => errors.keep("to", to.parse().map_err(|_| wrong())).map(Some),
    };
    match (from, to) {
        (Some(from_on), Some(to_on)) => Ok(Activation { from_on, to_on }),
        (_, _) => Err(errors),
    }
}

/// `POST /district/policies/{id}/activate`
pub async fn activate(visit: Visit<act::EditPolicies>, id: Path<PolicyId>, sent: Sent) -> Shown {
    let (id, lang) = (*id, visit.lang());
    let errors = match activation(&sent.fields, lang) {
        Err(errors) => errors,
        Ok(activation) => {
            let active = put_into_force(visit.api(), Path::from(id), sent.keyed(activation)).await;
            match active.and_then(Answer::into_body) {
                Ok(_) => return Ok(go(&page_of(id))),
                Err(problem) if matches!(problem.code, Code::BadSpan | Code::RankClash) => {
                    Errors::of("from", &problem, lang)
                }
                Err(problem) => return Err(problem),
            }
        }
    };
    visit
        .show(move |conn, caller, look| {
            let version = in_reach(conn, caller, id)?;
            Ok(activate_page(look, &version, &sent.fields, errors))
        })
        .await
}
