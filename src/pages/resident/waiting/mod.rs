//! Waiting for a place of a meal that is full: where one stands in the line, and leaving it again.

pub mod join;

use actix_web::web::Path;
use maud::{Markup, html};

use super::{Person, check::row, choose::about, dishes, meal_page};
use crate::{
    access::act,
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    ids::{MenuId, ResidentId, WaitingEntryId},
    menus::{self, Menu},
    page::Window,
    pages::{
        forms::{Asked, Sent, button, form},
        say,
        shell::Page,
        texts::{Text, resident as texts, shell, waiting as words},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
    reservations::{
        self, ItemRule,
        waiting::{self, Demand, Entry, WaitingStatus, http::leave_waiting},
    },
    text::Whole,
    words::Lang,
};

type OfEntry = Path<(ResidentId, WaitingEntryId)>;

/// Where one joins the waiting list of a menu.
pub fn wait_page(resident: ResidentId, menu: MenuId) -> String {
    format!("/people/{resident}/wait/{menu}")
}

fn entry_page(resident: ResidentId, entry: WaitingEntryId) -> String {
    format!("/people/{resident}/waiting/{entry}")
}

/// A rule by which a meal is chosen, as an answer.
pub fn rule_words(rule: ItemRule) -> Text {
    match rule {
        ItemRule::SetMeal => words::RULE_SET,
        ItemRule::Cheapest => words::RULE_CHEAPEST,
        ItemRule::ByDiet => words::RULE_DIET,
    }
}

fn wanted(lang: Lang, menu: &Menu, demand: &Demand) -> Markup {
    match demand {
        Demand::Rule(rule) => html! { (rule_words(*rule).of(lang)) },
        Demand::Lines(lines) => dishes(lang, menu, lines),
    }
}

/// A place in a waiting list, with its menu and where it stands.
pub struct Queued {
    pub entry: Entry,
    pub menu: Menu,
    canteen: Canteen,
    rank: Option<usize>,
    waiting: usize,
}

impl Queued {
    fn of(conn: &mut Conn, entry: Entry, now: At) -> Result<Queued, Fail> {
        let menu = menus::find(conn, entry.menu_id)?;
        let canteen = canteens::find(conn, menu.canteen_id)?;
        let line = waiting::line(conn, &menu, now)?;
        let entry = waiting::as_of(conn, entry, &menu, now)?;
        Ok(Queued { rank: line.rank(&entry), waiting: line.count(), entry, menu, canteen })
    }

    /// One of the resident whom the page is about; `waiting_not_found` for another's.
    fn find(conn: &mut Conn, person: &Person, id: WaitingEntryId, now: At) -> Result<Queued, Fail> {
        let entry = waiting::find(conn, id)?;
        if entry.resident_id != person.resident.id {
            return Err(Code::WaitingNotFound.into());
        }
        Queued::of(conn, entry, now)
    }

    fn name(&self, lang: Lang, now: At) -> String {
        super::meal_name(lang, &self.menu, &self.canteen, now)
    }

    fn stands(&self) -> bool {
        self.entry.status == WaitingStatus::Waiting
    }
}

/// The resident's places in the lines of meals that are not over, the next meal first.
fn entries(conn: &mut Conn, person: &Person, now: At) -> Result<Vec<Queued>, Fail> {
    let window = Window::new(Whole::new(50).ok(), None)?;
    let mut found = Vec::new();
    for entry in waiting::of_residents(conn, &[person.resident.id], None, &window)? {
        let queued = Queued::of(conn, entry, now)?;
        if queued.menu.closes_at() > now {
            found.push(queued);
        }
    }
    found.sort_by_key(|queued| queued.menu.serves_from_at);
    Ok(found)
}

/// For which meals the resident waits, or waited in vain; nothing where there are none.
pub fn list(conn: &mut Conn, look: &Look, person: &Person, now: At) -> Result<Markup, Fail> {
    let lang = look.lang;
    let mut shown = entries(conn, person, now)?;
    shown.retain(|queued| match queued.entry.status {
        WaitingStatus::Waiting | WaitingStatus::Skipped | WaitingStatus::Ended => true,
        WaitingStatus::Reserved | WaitingStatus::Left => false,
    });
    // What was reserved in another way since is among the meals.
    let mut open = Vec::new();
    for queued in shown {
        if reservations::active_of(conn, queued.menu.id, person.resident.id)?.is_none() {
            open.push(queued);
        }
    }
    Ok(html! {
        @if !open.is_empty() {
            h2 { (words::LIST_TITLE.of(lang)) }
            ul .cards {
                @for queued in &open {
                    li { a .card href=(entry_page(person.resident.id, queued.entry.id)) {
                        span .strong { (say::sentence(&queued.name(lang, now))) }
                        span .hint { (standing_in_line(lang, queued)) }
                    } }
                }
            }
        }
    })
}

fn standing_in_line(lang: Lang, queued: &Queued) -> String {
    match queued.rank {
        Some(rank) => words::ROW_RANK.with(lang, &[("rank", &rank), ("count", &queued.waiting)]),
        None => words::ROW_NOT.of(lang).to_owned(),
    }
}

/// `GET /people/{id}/waiting/{entry}`
pub async fn one(visit: Visit<act::ReadReservations>, path: OfEntry, Asked(query): Asked) -> Shown {
    let (id, entry) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let queued = Queued::find(conn, &person, entry, caller.now)?;
            Ok(one_page(look, &person, &queued, query.get("done"), caller.now))
        })
        .await
}

fn one_page(look: &Look, person: &Person, queued: &Queued, done: &str, now: At) -> Page {
    let lang = look.lang;
    let own = entry_page(person.resident.id, queued.entry.id);
    let meal = say::sentence(&queued.name(lang, now));
    let title = words::ENTRY_TITLE.with(lang, &[("meal", &meal)]);
    let joined = done == "joined" && queued.stands();
    let content = html! {
        (what_became(lang, person, queued))
        (facts(lang, person, queued, now))
        @if queued.stands() {
            p { (words::NO_CALL.of(lang)) }
            p { a .quiet href={ (own) "/leave" } { (words::LEAVE.of(lang)) } }
        }
        p { a .quiet href=(person.home()) { (shell::TO_HOME.of(lang)) } }
    };
    let page = if joined {
        about(look, person, words::JOINED_TITLE.of(lang), content).about(meal)
    } else {
        about(look, person, title, content)
    };
    page.back(format!("{}/meals", person.home())).help_from(&queued.canteen).read_aloud()
}

/// Where it stands in the line, or what has become of it.
fn what_became(lang: Lang, person: &Person, queued: &Queued) -> Markup {
    let why = queued.entry.why.as_ref().map(|why| why.said.get(lang).to_owned()).unwrap_or_default();
    html! {
        @match queued.entry.status {
            WaitingStatus::Waiting => {
                @if let Some(rank) = queued.rank {
                    p .notice .lead { (words::RANK.with(lang, &[("rank", &rank), ("count", &queued.waiting)])) }
                }
            }
            WaitingStatus::Reserved => {
                p .notice { (words::GOT.of(lang)) }
                @if let Some(reservation) = queued.entry.reservation_id {
                    p { a .button href=(meal_page(person.resident.id, reservation)) { (words::SEE_MEAL.of(lang)) } }
                }
            }
            WaitingStatus::Skipped => p .warning { (words::SKIPPED.with(lang, &[("why", &why)])) },
            WaitingStatus::Ended => p .warning { (words::ENDED.with(lang, &[("why", &why)])) },
            WaitingStatus::Left => p .notice { (words::LEFT.of(lang)) },
        }
    }
}

fn facts(lang: Lang, person: &Person, queued: &Queued, now: At) -> Markup {
    let Queued { entry, menu, canteen, .. } = queued;
    let until = say::moment(lang, canteen.zone, menu.cutoff_at, now);
    html! {
        dl .answers {
            @if !person.is_oneself() {
                (row(lang, texts::FOR_WHOM, say::recorded(lang, &person.resident.full_name), None))
            }
            (row(lang, texts::MEAL, html! { (say::sentence(&queued.name(lang, now))) }, None))
            (row(lang, texts::WHERE, say::recorded(lang, &canteen.name), None))
            (row(lang, words::WISH, wanted(lang, menu, &entry.wanted.demand), None))
            (row(lang, texts::SERVED, html! { (say::mode(entry.wanted.mode).of(lang)) }, None))
            @if queued.stands() { (row(lang, words::UNTIL, html! { (until) }, None)) }
        }
    }
}

/// `GET /people/{id}/waiting/{entry}/leave`
pub async fn leave_form(visit: Visit<act::ReadReservations>, path: OfEntry) -> Shown {
    let (id, entry) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, id)?;
            let queued = Queued::find(conn, &person, entry, caller.now)?;
            if !queued.stands() {
                return Ok(one_page(look, &person, &queued, "", caller.now));
            }
            let content = html! {
                (facts(lang, &person, &queued, caller.now))
                p { (words::LEAVE_WHAT.of(lang)) }
                (form(look, html! { (button(words::LEAVE_BUTTON.of(lang))) }))
                p { a .quiet href=(entry_page(id, entry)) { (words::STAY.of(lang)) } }
            };
            let meal = say::sentence(&queued.name(lang, caller.now));
            Ok(Page::new(words::LEAVE_TITLE.of(lang), content)
                .about(format!("{} · {meal}", person.resident.full_name))
                .back(entry_page(id, entry))
                .help_from(&queued.canteen))
        })
        .await
}

/// `POST /people/{id}/waiting/{entry}/leave`
pub async fn leave(visit: Visit<act::Reserve>, path: OfEntry, sent: Sent) -> Shown {
    let (id, entry) = path.into_inner();
    let left = visit.once(&sent, move |conn, caller, _| leave_waiting(conn, caller, entry).map(|_| ()));
    match left.await {
        Ok(()) => Ok(go(&entry_page(id, entry))),
        // It came to an end meanwhile: the page says how.
        Err(Problem { code: Code::NotWaiting, .. }) => Ok(go(&entry_page(id, entry))),
        Err(problem) => Err(problem),
    }
}
