//! Policies: which there are, and each in plain words with its versions.

use std::collections::BTreeMap;

use actix_web::web::Path;
use chrono::{Datelike, NaiveDate};
use maud::{Markup, html};

use super::HOME;
use crate::{
    access::{Caller, Role, act},
    clock::At,
    db::Conn,
    ids::PolicyId,
    pages::{
        say,
        shell::Page,
        texts::district as texts,
        visit::{Shown, Visit},
    },
    policies::{self, PolicyStatus, PolicyVersion, http::concerns},
    pricing,
    problem::{Code, Fail},
    residents,
    words::{Area, Lang},
};

/// Where policies are listed.
pub(super) const LIST: &str = "/district/policies";

pub(super) fn page_of(id: PolicyId) -> String {
    format!("{LIST}/{id}")
}

/// A version in the caller's reach; `policy_not_found` for any other.
pub(super) fn in_reach(conn: &mut Conn, caller: &Caller, id: PolicyId) -> Result<PolicyVersion, Fail> {
    let version = policies::find(conn, id)?;
    if concerns(caller, &version.area) { Ok(version) } else { Err(Code::PolicyNotFound.into()) }
}

/// Whether the caller posts and activates policies of this area.
fn edits(caller: &Caller, area: &Area) -> bool {
    caller.grants().any(|grant| {
        grant.role == Role::District && grant.area.as_ref().is_some_and(|own| own.contains(area))
    })
}

/// Whether a version holds, and from when to when.
fn state(lang: Lang, version: &PolicyVersion, now: At) -> String {
    let day = |on: NaiveDate| say::date(lang, on, now.utc().year());
    match (version.status, version.in_force_from, version.in_force_to) {
        (PolicyStatus::Draft, _, _) | (PolicyStatus::Active, None, _) => texts::DRAFT.of(lang).to_owned(),
        (PolicyStatus::Active, Some(from), None) => texts::IN_FORCE_FROM.with(lang, &[("from", &day(from))]),
        (PolicyStatus::Active, Some(from), Some(to)) => {
            texts::IN_FORCE.with(lang, &[("from", &day(from)), ("to", &day(to))])
        }
    }
}

fn area(lang: Lang, area: &Area) -> Markup {
    say::recorded(lang, &area.names().collect::<Vec<_>>().join(" · "))
}

/// `GET /district/policies`
pub async fn list(visit: Visit<act::ReadPolicies>) -> Shown {
    visit
        .show(|conn, caller, look| {
            let lang = look.lang;
            let mut by_code: BTreeMap<String, Vec<PolicyVersion>> = BTreeMap::new();
            for version in policies::list(conn, None)? {
                if concerns(caller, &version.area) {
                    by_code.entry(version.code.clone()).or_default().push(version);
                }
            }
            let writes = caller.roles().any(|role| role == Role::District);
            let mut sections = Vec::new();
            for versions in by_code.values() {
                sections.push(section(conn, lang, versions, caller.now)?);
            }
            let content = html! {
                @if sections.is_empty() { p { (texts::POLICIES_NONE.of(lang)) } }
                @for section in sections { (section) }
                @if writes { p { a .button href={ (LIST) "/new" } { (texts::POLICY_NEW.of(lang)) } } }
            };
            Ok(Page::new(texts::POLICIES_TITLE.of(lang), content).back(HOME).wide())
        })
        .await
}

/// The versions of one policy, by the name that the last of them has.
fn section(conn: &mut Conn, lang: Lang, versions: &[PolicyVersion], now: At) -> Result<Markup, Fail> {
    let Some(last) = versions.last() else { return Ok(html! {}) };
    let name = policies::priced_by(conn, last)?.policy.document().name.clone();
    Ok(html! {
        section {
            h2 { (say::recorded(lang, name.get(lang))) }
            p .hint { (area(lang, &last.area)) }
            (rows(lang, versions, None, now))
        }
    })
}

fn rows(lang: Lang, versions: &[PolicyVersion], present: Option<PolicyId>, now: At) -> Markup {
    html! {
        ul .ways {
            @for version in versions.iter().rev() {
                li {
                    a href=(page_of(version.id)) aria-current=[(present == Some(version.id)).then_some("page")] {
                        (texts::VERSION.with(lang, &[("version", &version.version)]))
                        ": " (state(lang, version, now))
                        @if present == Some(version.id) { " (" (texts::THIS_ONE.of(lang)) ")" }
                    }
                }
            }
        }
    }
}

/// `GET /district/policies/{id}`
pub async fn one(visit: Visit<act::ReadPolicies>, id: Path<PolicyId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let version = in_reach(conn, caller, *id)?;
            let document = policies::document(conn, *id)?;
            let policy = policies::check(&document)?;
            let says = pricing::describe(&policy, &residents::fact_names(conn)?);
            let versions = policies::list(conn, Some(&version.code))?;
            let own = page_of(*id);
            let edits = edits(caller, &version.area);
            let content = html! {
                dl .answers {
                    div { dt { (texts::POLICY_STATE.of(lang)) } dd { (state(lang, &version, caller.now)) } }
                    div { dt { (texts::AREA.of(lang)) } dd { (area(lang, &version.area)) } }
                }
                h2 { (texts::SAYS.of(lang)) }
                ul .sentences {
                    @for words in says { li { (say::recorded(lang, words.get(lang))) } }
                }
                ul .ways {
                    li { a href={ (own) "/try" } { (texts::TO_TRY.of(lang)) } }
                    li { a href={ (own) "/compare" } { (texts::TO_COMPARE.of(lang)) } }
                    @if edits {
                        li { a href={ (LIST) "/new?from=" (id) } { (texts::TO_EDIT.of(lang)) } }
                        @if version.status == PolicyStatus::Draft {
                            li { a href={ (own) "/activate" } { (texts::TO_ACTIVATE.of(lang)) } }
                        }
                    }
                }
                h2 { (texts::VERSIONS.of(lang)) }
                (rows(lang, &versions, Some(*id), caller.now))
                details {
                    summary { (texts::DOCUMENT.of(lang)) }
                    pre .document tabindex="0" { (say::recorded(lang, &pretty(&document))) }
                }
            };
            Ok(titled(lang, &policy, &version, content).back(LIST).wide())
        })
        .await
}

/// A page whose title is the name of the policy.
fn titled(lang: Lang, policy: &pricing::Policy, version: &PolicyVersion, content: Markup) -> Page {
    let name = policy.document().name.get(lang).to_owned();
    let which = texts::VERSION.with(lang, &[("version", &version.version)]);
    Page::new(name.clone(), content).heading(say::recorded(lang, &name)).about(which)
}

/// A document as it is read and edited.
pub(super) fn pretty(document: &serde_json::Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}
