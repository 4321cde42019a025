//! What is true of a resident, with its evidence: entered by the desk, verified and ended by officers (BR-01).

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    Desk,
    counter::AtDesk,
    record::{named, registered_here},
    residents::record_page,
};
use crate::{
    access::{Caller, Role, act},
    api::{Answer, Query},
    db::Conn,
    ids::{CanteenId, FactId, ResidentId},
    page::{Page as Listed, PageQuery},
    pages::{
        forms::{
            self, Asked, Choice, Errors, Fields, Kind, Legend, Line, Sent, address, button, day, form, one_of,
        },
        say,
        shell::Page,
        texts::{Text, desk as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
    residents::{
        self, Fact, FactKind,
        http::{FactBody, FactEditBody, NewFactBody, correct_fact, enter_fact, facts, verify_fact},
    },
    text::{self, Cursor, Slug},
    words::Lang,
};

type OfFact = Path<(CanteenId, FactId)>;

fn page_of(canteen: CanteenId, resident: ResidentId) -> String {
    format!("{}/facts", record_page(canteen, resident))
}

/// `GET /desk/{id}/residents/{resident}/facts`: every look is on record (BR-83).
pub async fn list(visit: Visit<act::ReadFacts>, path: AtDesk, Asked(query): Asked) -> Shown {
    let (desk, id) = path.into_inner();
    let cursor = Cursor::parse(query.get("cursor")).ok();
    let wanted = Query(PageQuery { limit: None, cursor });
    let known = facts(visit.api(), Path::from(id), wanted).await.and_then(Answer::into_fresh)?;
    visit.show(move |conn, caller, look| list_page(conn, caller, look, (desk, id), &known)).await
}

fn list_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    (desk, id): (CanteenId, ResidentId),
    known: &Listed<FactBody>,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let desk = Desk::of(conn, caller, desk)?;
    let resident = registered_here(conn, &desk, id)?;
    let kinds = residents::kinds(conn)?;
    let officer = verifies(caller);
    let page = page_of(desk.canteen.id, id);
    let content = html! {
        p { (texts::FACTS_WHAT.of(lang)) }
        p { a .button href={ (page) "/new" } { (texts::FACT_NEW.of(lang)) } }
        @if known.items.is_empty() { p { (texts::FACTS_NONE.of(lang)) } }
        @for fact in &known.items {
            @let to = format!("{}/facts/{}", desk.home(), fact.id);
            section .meal {
                h2 { (kind(lang, &kinds, &fact.kind, fact.value.as_deref())) }
                (details(lang, fact))
                @if officer {
                    div .acts {
                        @if fact.verified_at.is_none() {
                            a .button href={ (to) "/verify" } { (texts::FACT_VERIFY.of(lang)) }
                        }
                        a .quiet href=(to) { (texts::FACT_EDIT.of(lang)) }
                    }
                }
            }
        }
        @if let Some(next) = &known.next {
            p { a .quiet href=(address(&page, [("cursor", next)])) { (texts::MORE.of(lang)) } }
        }
    };
    Ok(named(lang, &desk, &resident.full_name, texts::FACTS_TITLE, content)
        .back(record_page(desk.canteen.id, id)))
}

/// Whether this is an officer, who verifies what others enter.
fn verifies(caller: &Caller) -> bool {
    caller.grants().any(|grant| grant.role == Role::District)
}

/// A kind of fact in words, with its value.
fn kind(lang: Lang, kinds: &[FactKind], code: &str, value: Option<&str>) -> Markup {
    let name = kinds.iter().find(|kind| kind.code == code).map_or(code, |kind| name_of(lang, kind));
    html! {
        (say::recorded(lang, &say::sentence(name)))
        @if let Some(value) = value { " (" (say::recorded(lang, value)) ")" }
    }
}

fn name_of(lang: Lang, kind: &FactKind) -> &str {
    match lang {
        Lang::Zh => &kind.zh,
        Lang::En => &kind.en,
    }
}

fn details(lang: Lang, fact: &FactBody) -> Markup {
    let row = |question: Text, answer: Markup| html! { div { dt { (question.of(lang)) } dd { (answer) } } };
    let from = say::date(lang, fact.from_on, 0);
    let span = match fact.to_on {
        Some(to_on) => texts::FACT_SPAN.with(lang, &[("from", &from), ("to", &say::date(lang, to_on, 0))]),
        None => texts::FACT_FROM_NOW_ON.with(lang, &[("from", &from)]),
    };
    let stands = if fact.verified_at.is_some() { texts::FACT_VERIFIED } else { texts::FACT_UNVERIFIED };
    html! {
        dl .answers {
            (row(texts::FACT_WHEN, html! { (span) }))
            (row(texts::FACT_SOURCE, say::recorded(lang, &fact.source)))
            (row(texts::FACT_EVIDENCE, say::recorded(lang, &fact.evidence)))
            (row(texts::FACT_STANDS, html! { (stands.of(lang)) }))
        }
    }
}

fn line(
    lang: Lang,
    name: &'static str,
    label: Text,
    hint: Option<Text>,
    fields: &Fields,
    errors: &Errors,
) -> Markup {
    let hint = hint.map(|hint| hint.of(lang));
    Line { name, label: label.of(lang), hint, kind: Kind::Text, autocomplete: "off" }
        .field(fields.get(name), errors)
}

/// `GET /desk/{id}/residents/{resident}/facts/new`
pub async fn new_form(visit: Visit<act::EnterFacts>, path: AtDesk) -> Shown {
    let at = path.into_inner();
    visit
        .show(move |conn, caller, look| new_page(conn, caller, look, at, &Fields::default(), Errors::none()))
        .await
}

fn new_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    (desk, id): (CanteenId, ResidentId),
    fields: &Fields,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let desk = Desk::of(conn, caller, desk)?;
    let resident = registered_here(conn, &desk, id)?;
    let kinds: Vec<Choice> = residents::kinds(conn)?
        .iter()
        .map(|kind| {
            let choice = Choice::new(&kind.code, say::recorded(lang, &say::sentence(name_of(lang, kind))));
            if kind.suspends { choice.hint(html! { (texts::FACT_SUSPENDS.of(lang)) }) } else { choice }
        })
        .collect();
    let lasts = if verifies(caller) { texts::FACT_AT_ONCE } else { texts::FACT_TO_BE_VERIFIED };
    let content = html! {
        p .notice { (lasts.of(lang)) }
        (form(look, html! {
            div .columns {
                div .tight { (one_of("kind", Legend::Shown(texts::FACT_KIND.of(lang)), &kinds, fields.get("kind"), &errors)) }
                div {
                    (line(lang, "value", texts::FACT_VALUE, Some(texts::FACT_VALUE_HINT), fields, &errors))
                    (line(lang, "source", texts::FACT_SOURCE, Some(texts::FACT_SOURCE_HINT), fields, &errors))
                    (line(lang, "evidence", texts::FACT_EVIDENCE, Some(texts::FACT_EVIDENCE_HINT), fields, &errors))
                    (line(lang, "from_on", texts::FACT_FROM, Some(texts::DAY_HINT), fields, &errors))
                    (line(lang, "to_on", texts::FACT_TO, Some(texts::FACT_TO_HINT), fields, &errors))
                }
            }
            (button(texts::FACT_ENTER.of(lang)))
        }))
    };
    Ok(named(lang, &desk, &resident.full_name, texts::FACT_NEW_TITLE, content)
        .back(page_of(desk.canteen.id, id))
        .errors(errors))
}

/// What was entered.
fn entered(fields: &Fields, lang: Lang) -> Result<NewFactBody, Errors> {
    let mut errors = Errors::none();
    let missing = |what: Text| shell::FILL_IN.with(lang, &[("what", &what.of(lang))]);
    let kind = Slug::parse(fields.get("kind")).map_err(|_| shell::CHOOSE_ONE.of(lang).to_owned());
    let kind = errors.keep("kind", kind);
    let value = match fields.get("value") {
        "" => None,
        typed => errors.keep("value", text::Line::parse(typed).map_err(|_| missing(texts::FACT_VALUE))),
    };
    let source = text::Line::parse(fields.get("source")).map_err(|_| missing(texts::FACT_SOURCE));
    let source = errors.keep("source", source);
    let evidence = text::Line::parse(fields.get("evidence")).map_err(|_| missing(texts::FACT_EVIDENCE));
    let evidence = errors.keep("evidence", evidence);
    let from_on = day(fields.get("from_on")).ok_or_else(|| texts::DAY_WRONG.of(lang).to_owned());
    let from_on = errors.keep("from_on", from_on);
    let to_on = last_day(fields, &mut errors, lang);
    match (kind, source, evidence, from_on) {
        (Some(kind), Some(source), Some(evidence), Some(from_on)) if errors.is_empty() => {
            Ok(NewFactBody { kind, value, source, evidence, from_on, to_on })
        }
        (_, _, _, _) => Err(errors),
    }
}

/// The last day, which may be left open.
fn last_day(fields: &Fields, errors: &mut Errors, lang: Lang) -> Option<chrono::NaiveDate> {
    match fields.get("to_on") {
        "" => None,
        typed => errors.keep("to_on", day(typed).ok_or_else(|| texts::DAY_WRONG.of(lang).to_owned())),
    }
}

/// A refusal that can be put right in the form.
fn mend(problem: Problem, lang: Lang) -> Result<Errors, Problem> {
    match problem.code {
        Code::BadFact => {
            let field =
                problem.fields().first().map_or("from_on", |fault| fault.pointer.trim_start_matches('/'));
            Ok(Errors::of(field, &problem, lang))
        }
        Code::UnknownFactKind => Ok(Errors::of("kind", &problem, lang)),
        _ => Err(problem),
    }
}

/// `POST /desk/{id}/residents/{resident}/facts/new`
pub async fn enter(visit: Visit<act::EnterFacts>, path: AtDesk, sent: Sent) -> Shown {
    let (at, lang) = (path.into_inner(), visit.lang());
    let errors = match entered(&sent.fields, lang) {
        Ok(new) => match enter_fact(visit.api(), Path::from(at.1), sent.keyed(new)).await {
            Ok(_) => return Ok(go(&page_of(at.0, at.1))),
            Err(problem) => mend(problem, lang)?,
        },
        Err(errors) => errors,
    };
    visit.show(move |conn, caller, look| new_page(conn, caller, look, at, &sent.fields, errors)).await
}

/// A fact of somebody who is registered at this desk.
struct Entry {
    desk: Desk,
    fact: Fact,
    resident: residents::Resident,
    kinds: Vec<FactKind>,
}

impl Entry {
    /// Fails with `fact_not_found` for a fact of somebody else.
    fn of(conn: &mut Conn, caller: &Caller, (desk, id): (CanteenId, FactId)) -> Result<Entry, Fail> {
        let desk = Desk::of(conn, caller, desk)?;
        let fact = residents::fact(conn, id)?;
        let resident = registered_here(conn, &desk, fact.resident_id).map_err(|_| Code::FactNotFound)?;
        let kinds = residents::kinds(conn)?;
        Ok(Entry { desk, fact, resident, kinds })
    }

    fn page(&self, lang: Lang, title: Text, content: Markup) -> Page {
        let content = html! {
            h2 { (kind(lang, &self.kinds, &self.fact.kind, self.fact.value.as_deref())) }
            (details(lang, &self.fact.clone().into()))
            (content)
        };
        named(lang, &self.desk, &self.resident.full_name, title, content)
            .back(page_of(self.desk.canteen.id, self.resident.id))
    }
}

/// `GET /desk/{id}/facts/{fact}/verify`
pub async fn verify_form(visit: Visit<act::VerifyFacts>, path: OfFact) -> Shown {
    let of = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let shown = Entry::of(conn, caller, of)?;
            let content = html! {
                p { (texts::FACT_VERIFY_WHAT.of(lang)) }
                (form(look, button(texts::FACT_VERIFY_BUTTON.of(lang))))
            };
            Ok(shown.page(lang, texts::FACT_VERIFY_TITLE, content))
        })
        .await
}

/// `POST /desk/{id}/facts/{fact}/verify`
pub async fn verify(visit: Visit<act::VerifyFacts>, path: OfFact, sent: Sent) -> Shown {
    let of = path.into_inner();
    verify_fact(visit.api(), Path::from(of.1), sent.keyed(())).await?;
    back_to_list(&visit, of).await
}

async fn back_to_list(visit: &Visit<act::VerifyFacts>, (desk, fact): (CanteenId, FactId)) -> Shown {
    let resident = visit.allowed().read(move |conn, _| Ok(residents::fact(conn, fact)?.resident_id)).await?;
    Ok(go(&page_of(desk, resident)))
}

/// `GET /desk/{id}/facts/{fact}`: its last day, and its evidence.
pub async fn edit_form(visit: Visit<act::VerifyFacts>, path: OfFact) -> Shown {
    let of = path.into_inner();
    visit.show(move |conn, caller, look| edit_page(conn, caller, look, of, None, Errors::none())).await
}

fn edit_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    of: (CanteenId, FactId),
    typed: Option<&Fields>,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let shown = Entry::of(conn, caller, of)?;
    let fact = &shown.fact;
    let kept = Fields::known([
        ("to_on", fact.to_on.map(|to_on| to_on.to_string()).unwrap_or_default()),
        ("evidence", fact.evidence.clone()),
        ("version", fact.version.to_string()),
    ]);
    let fields = typed.unwrap_or(&kept);
    let content = form(
        look,
        html! {
            (forms::version(fields.version()?))
            (line(lang, "to_on", texts::FACT_TO, Some(texts::FACT_TO_HINT), fields, &errors))
            (line(lang, "evidence", texts::FACT_EVIDENCE, Some(texts::FACT_EVIDENCE_HINT), fields, &errors))
            (button(texts::FACT_SAVE.of(lang)))
        },
    );
    Ok(shown.page(lang, texts::FACT_EDIT_TITLE, content).errors(errors))
}

/// `POST /desk/{id}/facts/{fact}`
pub async fn edit(visit: Visit<act::VerifyFacts>, path: OfFact, sent: Sent) -> Shown {
    let (of, lang) = (path.into_inner(), visit.lang());
    let seen = sent.fields.version()?;
    let mut errors = Errors::none();
    let to_on = last_day(&sent.fields, &mut errors, lang);
    let missing = shell::FILL_IN.with(lang, &[("what", &texts::FACT_EVIDENCE.of(lang))]);
    let evidence = text::Line::parse(sent.fields.get("evidence")).map_err(|_| missing);
    let evidence = errors.keep("evidence", evidence);
    if let (Some(evidence), true) = (evidence, errors.is_empty()) {
        let body = FactEditBody { to_on, evidence };
        let done = visit
            .once(&sent, move |conn, caller, _| {
                correct_fact(conn, caller, of.1, seen, &body)?;
                Ok(())
            })
            .await;
        match done {
            Ok(()) => return back_to_list(&visit, of).await,
            Err(problem) => errors = mend(problem, lang)?,
        }
    }
    visit.show(move |conn, caller, look| edit_page(conn, caller, look, of, Some(&sent.fields), errors)).await
}
