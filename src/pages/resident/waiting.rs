//! Waiting for a place of a meal that is full: what one would take, where one stands in the line, leaving it again.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    Person, Sitting,
    check::row,
    choose::{about, mode_choice},
    dishes, meal_page, reserve_page, takes_reservations,
    wish::on_record,
};
use crate::{
    access::act,
    api::Answer,
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    ids::{MenuId, MenuItemId, ResidentId, WaitingEntryId},
    menus::{self, Item, Menu, Pick},
    page::Window,
    pages::{
        forms::{Asked, Choice, Errors, Fields, Legend, Sent, address, button, form, hidden, one_of},
        say,
        shell::Page,
        texts::{Text, resident as texts, shell, waiting as words},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
    reservations::{
        self, ItemRule,
        waiting::{
            self, Demand, Entry, WaitingStatus,
            http::{NewWaiting, join as join_line, leave_waiting},
        },
    },
    residents::Resident,
    text::Whole,
    words::{ItemKind, Lang, Mode},
};

type OfMenu = Path<(ResidentId, MenuId)>;
type OfEntry = Path<(ResidentId, WaitingEntryId)>;

/// Where one joins the waiting list of a menu.
pub fn wait_page(resident: ResidentId, menu: MenuId) -> String {
    format!("/people/{resident}/wait/{menu}")
}

fn entry_page(resident: ResidentId, entry: WaitingEntryId) -> String {
    format!("/people/{resident}/waiting/{entry}")
}

/// What somebody waits for, as it travels from page to page in the address.
struct Want {
    demand: Option<Demand>,
    mode: Option<Mode>,
}

impl Want {
    /// Reads the answers; where there is but one way of serving, it is the answer.
    fn of(fields: &Fields, menu: &Menu) -> Want {
        let want = fields.get("want");
        let rule = ItemRule::from_word(want).map(Demand::Rule);
        let item = || {
            let id: MenuItemId = want.parse().ok()?;
            let known = menu.offered().any(|item| item.id == id);
            known.then(|| Demand::Lines(vec![Pick { item_id: id, portions: 1 }]))
        };
        let only = if let [only] = menu.modes.as_slice() { Some(*only) } else { None };
        let mode = Mode::from_word(fields.get("mode")).filter(|mode| menu.modes.contains(mode)).or(only);
        Want { demand: rule.or_else(item), mode }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let want = self.demand.as_ref().and_then(|demand| match demand {
            Demand::Rule(rule) => Some(rule.to_string()),
            Demand::Lines(lines) => lines.first().map(|pick| pick.item_id.to_string()),
        });
        let want = want.map(|want| ("want", want));
        want.into_iter().chain(self.mode.map(|mode| ("mode", mode.to_string()))).collect()
    }

    fn hidden(&self) -> Markup {
        html! { @for (name, value) in self.pairs() { (hidden(name, &value)) } }
    }

    fn address(&self, path: &str) -> String {
        address(path, self.pairs())
    }
}

/// A full meal for which one can wait, or the page where one goes instead.
fn full(conn: &mut Conn, person: &Person, menu: MenuId, now: At) -> Result<Result<Sitting, String>, Fail> {
    let sitting = Sitting::of(conn, person, menu)?;
    let resident = person.resident.id;
    if let Some(reserved) = &sitting.reserved {
        return Ok(Err(meal_page(resident, reserved.id)));
    }
    let waits = entries(conn, person, now)?.into_iter().find(|queued| queued.menu.id == menu);
    if let Some(queued) = waits.filter(|queued| queued.entry.status == WaitingStatus::Waiting) {
        return Ok(Err(entry_page(resident, queued.entry.id)));
    }
    if takes_reservations(&sitting.menu, now) {
        return Ok(Err(reserve_page(resident, menu)));
    }
    sitting.refuse_over(now)?;
    Ok(Ok(sitting))
}

/// Shows a page about a full meal, or leads to where one goes instead.
async fn show_full<F>(visit: Visit<act::ReadReservations>, path: OfMenu, page: F) -> Shown
where
    F: FnOnce(&Look, &Person, &Sitting, At) -> Page + Send + 'static,
{
    let (id, menu) = path.into_inner();
    let elsewhere = visit.allowed().read(move |conn, caller| {
        let person = Person::of(conn, caller, id)?;
        Ok(full(conn, &person, menu, caller.now)?.err())
    });
    if let Some(to) = elsewhere.await? {
        return Ok(go(&to));
    }
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let sitting = Sitting::of(conn, &person, menu)?;
            Ok(page(look, &person, &sitting, caller.now))
        })
        .await
}

/// `GET /people/{id}/wait/{menu}`: what one would take.
pub async fn what(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    show_full(visit, path, move |look, person, sitting, now| {
        what_page(look, person, sitting, &Want::of(&query, &sitting.menu), now, Errors::none())
    })
    .await
}

fn what_page(
    look: &Look,
    person: &Person,
    sitting: &Sitting,
    want: &Want,
    now: At,
    errors: Errors,
) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let own = wait_page(person.resident.id, menu.id);
    let until = say::moment(lang, sitting.canteen.zone, menu.cutoff_at, now);
    let line = match menu.waiting {
        0 => words::ASK_NONE.of(lang).to_owned(),
        count => words::ASK_LINE.with(lang, &[("count", &count)]),
    };
    let choices = choices(lang, menu, &person.resident);
    let chosen = want.pairs().into_iter().find(|(name, _)| *name == "want").map(|(_, value)| value);
    let content = html! {
        p .lead { (words::ASK_LEAD.with(lang, &[("until", &until)])) }
        p { (line) }
        form method="get" action={ (own) "/how" } {
            @if let Some(mode) = want.mode { (hidden("mode", mode.as_str())) }
            (one_of("want", Legend::Shown(words::WANT.of(lang)), &choices, chosen.as_deref().unwrap_or_default(), &errors))
            button .button type="submit" { (shell::NEXT.of(lang)) }
        }
    };
    about(look, person, words::ASK_TITLE.with(lang, &[("meal", &say::sentence(&sitting.name(lang, now)))]), content)
        .back(format!("{}/reserve", person.home()))
        .help_from(&sitting.canteen)
        .errors(errors)
        .read_aloud()
}

/// What one can wait for: by a rule, or one set meal that the record does not speak against.
fn choices(lang: Lang, menu: &Menu, resident: &Resident) -> Vec<Choice> {
    let plain = |rule: ItemRule| Choice::new(rule.as_str(), html! { (rule_words(rule).of(lang)) });
    let sets = || menu.offered().filter(|item| item.kind == ItemKind::Set);
    let has_sets = sets().next().is_some();
    let safe = sets().filter(|item| on_record(item, resident).is_empty());
    let one = |item: &Item| {
        let label = words::ONLY.marked(lang, &[("item", say::recorded(lang, &item.name))]);
        Choice::new(item.id.to_string(), label).hint(html! { (say::money(lang, item.price_fen)) })
    };
    has_sets
        .then(|| plain(ItemRule::SetMeal))
        .into_iter()
        .chain([plain(ItemRule::Cheapest)])
        .chain((!resident.diet_tags.0.is_empty()).then(|| plain(ItemRule::ByDiet)))
        .chain(safe.map(one))
        .collect()
}

/// A rule by which a meal is chosen, as an answer.
pub fn rule_words(rule: ItemRule) -> Text {
    match rule {
        ItemRule::SetMeal => words::RULE_SET,
        ItemRule::Cheapest => words::RULE_CHEAPEST,
        ItemRule::ByDiet => words::RULE_DIET,
    }
}

/// `GET /people/{id}/wait/{menu}/how`: how it would be served; where there is but one way, that is no question.
pub async fn how(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    let (id, menu) = *path;
    let asked = query.clone();
    let next = visit.allowed().read(move |conn, _| {
        let menu = menus::find(conn, menu)?;
        let want = Want::of(&asked, &menu);
        let answered = want.demand.is_some() && menu.modes.len() == 1;
        Ok(answered.then(|| want.address(&format!("{}/check", wait_page(id, menu.id)))))
    });
    if let Some(next) = next.await? {
        return Ok(go(&next));
    }
    show_full(visit, path, move |look, person, sitting, now| {
        let want = Want::of(&query, &sitting.menu);
        if want.demand.is_none() {
            let errors = Errors::at("want", shell::CHOOSE_ONE.of(look.lang));
            return what_page(look, person, sitting, &want, now, errors);
        }
        how_page(look, person, sitting, &want)
    })
    .await
}

fn how_page(look: &Look, person: &Person, sitting: &Sitting, want: &Want) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let own = wait_page(person.resident.id, menu.id);
    let choices: Vec<Choice> = menu.modes.iter().map(|mode| mode_choice(look, menu, *mode)).collect();
    let chosen = want.mode.or(menu.modes.first().copied()).map_or("", Mode::as_str);
    let unasked = Want { demand: want.demand.clone(), mode: None };
    let content = html! {
        form method="get" action={ (own) "/check" } {
            (unasked.hidden())
            (one_of("mode", Legend::Heard(words::HOW.of(lang)), &choices, chosen, &Errors::none()))
            button .button type="submit" { (shell::NEXT.of(lang)) }
        }
    };
    about(look, person, words::HOW.of(lang), content).back(want.address(&own)).help_from(&sitting.canteen)
}

/// `GET /people/{id}/wait/{menu}/check`
pub async fn check(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    show_full(visit, path, move |look, person, sitting, now| {
        let want = Want::of(&query, &sitting.menu);
        match (&want.demand, want.mode) {
            (Some(demand), Some(mode)) => check_page(look, person, sitting, &want, (demand, mode), now),
            (None, _) => what_page(look, person, sitting, &want, now, Errors::none()),
            (Some(_), None) => how_page(look, person, sitting, &want),
        }
    })
    .await
}

fn check_page(
    look: &Look,
    person: &Person,
    sitting: &Sitting,
    want: &Want,
    (demand, mode): (&Demand, Mode),
    now: At,
) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let own = wait_page(person.resident.id, menu.id);
    let until = say::moment(lang, sitting.canteen.zone, menu.cutoff_at, now);
    let how = (menu.modes.len() > 1).then(|| want.address(&format!("{own}/how")));
    let content = html! {
        dl .answers {
            @if !person.is_oneself() {
                (row(lang, texts::FOR_WHOM, say::recorded(lang, &person.resident.full_name), None))
            }
            (row(lang, texts::MEAL, html! { (say::sentence(&sitting.name(lang, now))) }, None))
            (row(lang, texts::WHERE, say::recorded(lang, &sitting.canteen.name), None))
            (row(lang, words::WISH, wanted(lang, menu, demand), Some(want.address(&own))))
            (row(lang, texts::SERVED, html! { (say::mode(mode).of(lang)) }, how))
            (row(lang, words::UNTIL, html! { (until) }, None))
        }
        p { (words::PRICE_THEN.of(lang)) }
        (form(look, html! { (want.hidden()) (button(words::JOIN_BUTTON.of(lang))) }))
    };
    about(look, person, words::CHECK_TITLE.of(lang), content)
        .back(want.address(&own))
        .help_from(&sitting.canteen)
        .read_aloud()
}

fn wanted(lang: Lang, menu: &Menu, demand: &Demand) -> Markup {
    match demand {
        Demand::Rule(rule) => html! { (rule_words(*rule).of(lang)) },
        Demand::Lines(lines) => dishes(lang, menu, lines),
    }
}

/// `POST /people/{id}/wait/{menu}/check`: joins the line.
pub async fn join(visit: Visit<act::Reserve>, path: OfMenu, sent: Sent) -> Shown {
    let (id, menu) = path.into_inner();
    let fields = sent.fields.clone();
    let want = visit
        .allowed()
        .read(move |conn, caller| {
            let person = Person::of(conn, caller, id)?;
            Ok(Want::of(&fields, &Sitting::of(conn, &person, menu)?.menu))
        })
        .await?;
    let (Some(demand), Some(mode)) = (want.demand, want.mode) else {
        return Ok(go(&wait_page(id, menu)));
    };
    let (lines, item_rule) = match demand {
        Demand::Lines(lines) => (Some(lines), None),
        Demand::Rule(rule) => (None, Some(rule)),
    };
    let new = NewWaiting {
        resident_id: Some(id),
        card_number: None,
        mode,
        lines,
        item_rule,
        confirmed_allergens: Vec::new(),
        channel: None,
    };
    match join_line(visit.api(), Path::from(menu), sent.keyed(new)).await.and_then(Answer::into_body) {
        Ok(entry) => Ok(go(&address(&entry_page(id, entry.id), [("done", "joined")]))),
        // Somebody cancelled meanwhile: there is a place.
        Err(problem) if problem.code == Code::MenuNotFull => Ok(go(&reserve_page(id, menu))),
        Err(problem) => Err(problem),
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
