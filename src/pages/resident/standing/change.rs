//! Pausing a standing order, skipping days of it, taking that back, ending it: each checked before it is done, with what
//! is reserved already and becomes of it.

use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use super::{OfOrder, Standing, about_day, about_span, day_line, near_day, order_page, short};
use crate::{
    access::act,
    clock::At,
    db::Conn,
    pages::{
        forms::{
            self, Asked, Choice, Errors, Fields, Legend, Sent, address, any_of, button, form, hidden, one_of,
        },
        resident::{Person, choose::about, home},
        say,
        shell::Page,
        texts::{Text, shell, standing as texts},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    reservations::standing::{
        self, Span, Terms,
        http::{StandingOrderChange, change_order, end_order},
    },
    words::{Lang, Period},
};

/// How far ahead single days can be skipped.
const SKIP_DAYS: u64 = 28;

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Pause,
    Skip,
    Resume,
    End,
}

impl Deed {
    fn of(word: &str) -> Option<Deed> {
        [Deed::Pause, Deed::Skip, Deed::Resume, Deed::End].into_iter().find(|deed| deed.as_str() == word)
    }

    fn as_str(self) -> &'static str {
        match self {
            Deed::Pause => "pause",
            Deed::Skip => "skip",
            Deed::Resume => "resume",
            Deed::End => "end",
        }
    }

    /// The question before it is done, and the button that does it.
    fn words(self) -> (Text, Text) {
        match self {
            Deed::Pause => (texts::SURE_PAUSE, texts::PAUSE_BUTTON),
            Deed::Skip => (texts::SURE_SKIP, texts::SKIP_BUTTON),
            Deed::Resume => (texts::SURE_RESUME, texts::RESUME_BUTTON),
            Deed::End => (texts::SURE_END, texts::END_BUTTON),
        }
    }
}

/// A change of a standing order, as it travels in the address.
#[derive(Clone, Debug)]
struct Edit {
    deed: Deed,
    pauses: Vec<Span>,
    days: Vec<NaiveDate>,
}

impl Edit {
    /// Reads the change, or says what is missing.
    fn of(
        fields: &Fields,
        deed: Deed,
        standing: &Standing,
        lang: Lang,
        today: NaiveDate,
    ) -> Result<Edit, Errors> {
        let days: Vec<NaiveDate> = fields.all("day").filter_map(|day| day.parse().ok()).collect();
        let terms = &standing.order.terms;
        match deed {
            Deed::End => Ok(Edit { deed, pauses: Vec::new(), days: Vec::new() }),
            Deed::Pause => {
                let pause = pause_of(fields, lang, today)?;
                Ok(Edit { deed, pauses: vec![pause], days: Vec::new() })
            }
            Deed::Skip if days.is_empty() => Err(Errors::at("day", texts::CHOOSE_SOME.of(lang))),
            Deed::Skip => Ok(Edit { deed, pauses: Vec::new(), days }),
            Deed::Resume => {
                let named: Vec<&str> = fields.all("pause").collect();
                let pauses: Vec<Span> = terms
                    .pauses
                    .iter()
                    .filter(|pause| named.contains(&&*span_word(pause)))
                    .copied()
                    .collect();
                if pauses.is_empty() && days.is_empty() {
                    let field = if terms.pauses.is_empty() { "day" } else { "pause" };
                    return Err(Errors::at(field, texts::CHOOSE_SOME.of(lang)));
                }
                Ok(Edit { deed, pauses, days })
            }
        }
    }

    /// What the order says after the change; nothing when it ends.
    fn terms(&self, present: &Terms) -> Option<Terms> {
        let mut terms = present.clone();
        match self.deed {
            Deed::Pause => terms.pauses.extend(&self.pauses),
            Deed::Skip => {
                terms.skips.extend(&self.days);
                terms.skips.sort_unstable();
                terms.skips.dedup();
            }
            Deed::Resume => {
                terms.pauses.retain(|pause| !self.pauses.contains(pause));
                terms.skips.retain(|on| !self.days.contains(on));
            }
            Deed::End => return None,
        }
        Some(terms)
    }

    /// What it does, a sentence each.
    fn sentences(&self, lang: Lang, today: NaiveDate) -> Vec<String> {
        let (of_pause, of_day) = match self.deed {
            Deed::Pause | Deed::Skip => (texts::DOES_PAUSE, texts::DOES_SKIP),
            Deed::Resume => (texts::DOES_RESUME_PAUSE, texts::DOES_RESUME_DAY),
            Deed::End => return vec![texts::DOES_END.of(lang).to_owned()],
        };
        let pauses = self.pauses.iter().map(|pause| about_span(lang, of_pause, pause, today));
        pauses.chain(self.days.iter().map(|on| about_day(lang, of_day, *on, today))).collect()
    }

    fn hidden(&self) -> Markup {
        html! {
            (hidden("do", self.deed.as_str()))
            @for pause in &self.pauses {
                @match self.deed {
                    Deed::Resume => (hidden("pause", &span_word(pause))),
                    Deed::Pause | Deed::Skip | Deed::End => {
                        (hidden("from", &pause.from_on.to_string()))
                        (hidden("to", &pause.to_on.to_string()))
                    }
                }
            }
            @for on in &self.days { (hidden("day", &on.to_string())) }
        }
    }
}

/// A pause as the answer of a form.
fn span_word(span: &Span) -> String {
    format!("{}_{}", span.from_on, span.to_on)
}

fn pause_of(fields: &Fields, lang: Lang, today: NaiveDate) -> Result<Span, Errors> {
    let mut errors = Errors::none();
    let from = errors.keep("from", near_day(lang, fields.get("from"), today));
    let to = near_day(lang, fields.get("to"), today).and_then(|to| match from {
        Some(from) if to < from => Err(texts::DAY_ORDER.of(lang).to_owned()),
        Some(_) | None => Ok(to),
    });
    match (from, errors.keep("to", to)) {
        (Some(from_on), Some(to_on)) => Ok(Span { from_on, to_on }),
        (_, _) => Err(errors),
    }
}

// What is asked -------------------------------------------------------------------------------------------------------

/// `GET /people/{id}/standing/{order}/pause`: from when to when.
pub async fn pause(visit: Visit<act::ReadReservations>, path: OfOrder) -> Shown {
    ask(visit, path, Deed::Pause).await
}

/// `GET /people/{id}/standing/{order}/skip`: which days.
pub async fn skip(visit: Visit<act::ReadReservations>, path: OfOrder) -> Shown {
    ask(visit, path, Deed::Skip).await
}

/// `GET /people/{id}/standing/{order}/resume`: which pauses and days are taken back.
pub async fn resume(visit: Visit<act::ReadReservations>, path: OfOrder) -> Shown {
    ask(visit, path, Deed::Resume).await
}

async fn ask(visit: Visit<act::ReadReservations>, path: OfOrder, deed: Deed) -> Shown {
    let (id, order) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let standing = Standing::active(conn, &person, order)?;
            Ok(question(look, &person, &standing, deed, &Fields::default(), caller.now, Errors::none()))
        })
        .await
}

fn question(
    look: &Look,
    person: &Person,
    standing: &Standing,
    deed: Deed,
    fields: &Fields,
    now: At,
    errors: Errors,
) -> Page {
    let lang = look.lang;
    let today = standing.canteen.today(now);
    let (title, asked) = match deed {
        Deed::Pause => (texts::PAUSE_TITLE, Some(pause_fields(lang, fields, &errors))),
        Deed::Skip => (texts::SKIP_TITLE, skip_fields(lang, standing, today, &errors)),
        Deed::Resume | Deed::End => (texts::RESUME_TITLE, resume_fields(lang, standing, today, &errors)),
    };
    let own = order_page(person.resident.id, standing.order.id);
    let none = if deed == Deed::Skip { texts::SKIP_NONE } else { texts::RESUME_NONE };
    let content = html! {
        @match asked {
            Some(asked) => {
                form method="get" action={ (own) "/check" } {
                    (hidden("do", deed.as_str()))
                    (asked)
                    button .button type="submit" { (shell::NEXT.of(lang)) }
                }
            }
            None => p { (none.of(lang)) }
        }
    };
    about(look, person, title.of(lang), content).back(own).help_from(&standing.canteen).errors(errors)
}

fn pause_fields(lang: Lang, fields: &Fields, errors: &Errors) -> Markup {
    html! {
        (day_line("from", texts::PAUSE_FROM, None, lang).field(fields.get("from"), errors))
        (day_line("to", texts::PAUSE_TO, None, lang).field(fields.get("to"), errors))
    }
}

/// The days of the next weeks on which the order holds.
fn skip_fields(lang: Lang, standing: &Standing, today: NaiveDate, errors: &Errors) -> Option<Markup> {
    let holds = |on: &NaiveDate| {
        Period::ALL.iter().any(|period| standing.order.terms.mode_for(*on, *period).is_some())
    };
    let days = today.iter_days().take_while(|on| *on <= today + Days::new(SKIP_DAYS)).filter(holds);
    let choices: Vec<Choice> = days
        .map(|on| Choice::new(on.to_string(), html! { (say::sentence(&say::day(lang, on, today))) }))
        .collect();
    let legend = Legend::Heard(texts::SKIP_TITLE.of(lang));
    (!choices.is_empty()).then(|| any_of("day", legend, &choices, &|_| false, errors))
}

/// The pauses and skipped days that are not over.
fn resume_fields(lang: Lang, standing: &Standing, today: NaiveDate, errors: &Errors) -> Option<Markup> {
    let terms = &standing.order.terms;
    let pauses: Vec<Choice> = terms
        .pauses
        .iter()
        .filter(|pause| pause.to_on >= today)
        .map(|pause| {
            Choice::new(span_word(pause), html! { (about_span(lang, texts::SAYS_PAUSE, pause, today)) })
        })
        .collect();
    let days: Vec<Choice> = terms
        .skips
        .iter()
        .filter(|on| **on >= today)
        .map(|on| Choice::new(on.to_string(), html! { (about_day(lang, texts::SAYS_SKIP, *on, today)) }))
        .collect();
    if pauses.is_empty() && days.is_empty() {
        return None;
    }
    let legend = Legend::Heard(texts::RESUME_TITLE.of(lang));
    Some(html! {
        @if !pauses.is_empty() { (any_of("pause", legend, &pauses, &|_| pauses.len() == 1, errors)) }
        @if !days.is_empty() { (any_of("day", legend, &days, &|_| false, errors)) }
    })
}

// Checked and done ----------------------------------------------------------------------------------------------------

/// `GET /people/{id}/standing/{order}/check?do=pause&from=…&to=…`
pub async fn check(visit: Visit<act::ReadReservations>, path: OfOrder, Asked(query): Asked) -> Shown {
    let (id, order) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let standing = Standing::active(conn, &person, order)?;
            let today = standing.canteen.today(caller.now);
            let deed = Deed::of(query.get("do")).unwrap_or(Deed::End);
            match Edit::of(&query, deed, &standing, look.lang, today) {
                Ok(edit) => check_page(conn, look, &person, &standing, &edit, caller.now),
                Err(errors) => Ok(question(look, &person, &standing, deed, &query, caller.now, errors)),
            }
        })
        .await
}

fn check_page(
    conn: &mut Conn,
    look: &Look,
    person: &Person,
    standing: &Standing,
    edit: &Edit,
    now: At,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let order = &standing.order;
    let (title, act) = edit.deed.words();
    let uncovered: Vec<home::Coming> = standing::uncovered(conn, order, edit.terms(&order.terms).as_ref())?
        .into_iter()
        .map(|(menu, reservation)| (reservation, menu))
        .collect();
    let choices = [("yes", texts::CANCEL_YES), ("no", texts::CANCEL_NO)]
        .map(|(value, words)| Choice::new(value, html! { (words.of(lang)) }));
    let content = html! {
        p .lead { @for sentence in edit.sentences(lang, standing.canteen.today(now)) { (sentence) " " } }
        @if !uncovered.is_empty() {
            h2 { (texts::AFFECTED.of(lang)) }
            (home::list(conn, look, person, &uncovered, now)?)
        }
        (form(look, html! {
            (edit.hidden())
            (forms::version(order.version))
            @if !uncovered.is_empty() {
                (one_of("cancel", Legend::Shown(texts::CANCEL_QUESTION.of(lang)), &choices, "yes", &Errors::none()))
                p .hint { (texts::CANCEL_LATE.of(lang)) }
            }
            (button(act.of(lang)))
        }))
    };
    Ok(about(look, person, title.of(lang), content)
        .about(short(lang, order))
        .back(order_page(person.resident.id, order.id))
        .help_from(&standing.canteen)
        .read_aloud())
}

/// `POST /people/{id}/standing/{order}/check`
pub async fn change(visit: Visit<act::Reserve>, path: OfOrder, sent: Sent) -> Shown {
    let (id, order) = path.into_inner();
    let version = sent.fields.version()?;
    let lang = visit.lang();
    let deed = visit.once(&sent, move |conn, caller, fields| {
        let person = Person::of(conn, caller, id)?;
        let standing = Standing::active(conn, &person, order)?;
        let deed = Deed::of(fields.get("do")).unwrap_or(Deed::End);
        let today = standing.canteen.today(caller.now);
        let edit = Edit::of(fields, deed, &standing, lang, today).map_err(|_| Code::Stale)?;
        let cancel_reserved = fields.get("cancel") == "yes";
        match edit.terms(&standing.order.terms) {
            None => end_order(conn, caller, order, version, cancel_reserved)?,
            Some(terms) => {
                let change = StandingOrderChange::of(terms, cancel_reserved);
                change_order(conn, caller, order, version, &change)?
            }
        };
        Ok(deed.as_str().to_owned())
    });
    let deed = deed.await?;
    Ok(go(&address(&order_page(id, order), [("done", deed)])))
}
