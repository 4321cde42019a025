//! Standing orders as a resident sees them: which there are, what each says, what it has reserved and what it could not.

pub mod change;
pub mod make;

use actix_web::web::Path;
use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use super::{Person, choose::about, home, meal_name};
use crate::{
    access::act,
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    ids::{ResidentId, StandingOrderId},
    menus,
    page::Window,
    pages::{
        forms::{self, Asked, Kind, Line},
        say,
        texts::{Text, resident, standing as texts},
        visit::{Look, Shown, Visit},
    },
    problem::{Code, Fail},
    reservations::{
        CancelledAs, ItemRule,
        standing::{
            self, Listing, OrderStatus, OutcomeStatus, OutcomesOf, Span, StandingOrder, Terms, WeeklyMeal,
        },
    },
    text::Whole,
    words::{Lang, Weekday},
};

type OfOrder = Path<(ResidentId, StandingOrderId)>;

/// How many days back one is told what could not be reserved.
const LOOK_BACK_DAYS: u64 = 14;

fn page_of(person: &Person) -> String {
    format!("{}/standing", person.home())
}

fn order_page(resident: ResidentId, order: StandingOrderId) -> String {
    format!("{}/standing/{order}", super::home_of(resident))
}

/// A standing order of the resident whom the page is about, and where its meals are.
struct Standing {
    order: StandingOrder,
    canteen: Canteen,
}

impl Standing {
    /// Fails with `standing_order_not_found` for another resident's.
    fn of(conn: &mut Conn, person: &Person, id: StandingOrderId) -> Result<Standing, Fail> {
        let order = standing::find(conn, id)?;
        if order.resident_id != person.resident.id {
            return Err(Code::StandingOrderNotFound.into());
        }
        let canteen = canteens::find(conn, order.canteen_id)?;
        Ok(Standing { order, canteen })
    }

    /// The same, of one that has not ended.
    ///
    /// Fails with `standing_order_ended` besides.
    fn active(conn: &mut Conn, person: &Person, id: StandingOrderId) -> Result<Standing, Fail> {
        let standing = Standing::of(conn, person, id)?;
        match standing.order.status {
            OrderStatus::Active => Ok(standing),
            OrderStatus::Ended => Err(Code::StandingOrderEnded.into()),
        }
    }
}

// In words ------------------------------------------------------------------------------------------------------------

/// Days of the week in words: every day, or which.
fn weekdays(lang: Lang, days: &[Weekday]) -> String {
    if days.len() == Weekday::ALL.len() {
        return texts::EVERY_DAY.of(lang).to_owned();
    }
    let named = Weekday::ALL.iter().filter(|day| days.contains(day)).map(|day| say::weekday(*day).of(lang));
    texts::ON_DAYS.with(lang, &[("days", &say::row(lang, named))])
}

/// A weekly meal in words: 每星期一、星期三的午餐，堂食.
fn weekly_meal(lang: Lang, meal: &WeeklyMeal) -> String {
    let said = texts::SAYS_MEAL.with(
        lang,
        &[
            ("days", &weekdays(lang, &meal.weekdays)),
            ("meal", &say::period(meal.period).of(lang)),
            ("mode", &say::mode(meal.mode).of(lang)),
        ],
    );
    say::sentence(&said)
}

fn rule(rule: ItemRule) -> Text {
    match rule {
        ItemRule::SetMeal => texts::SAYS_SET,
        ItemRule::Cheapest => texts::SAYS_CHEAPEST,
        ItemRule::ByDiet => texts::SAYS_DIET,
    }
}

fn span(lang: Lang, from: NaiveDate, to: Option<NaiveDate>, today: NaiveDate) -> String {
    let from = say::day(lang, from, today);
    match to {
        None => texts::SAYS_FROM.with(lang, &[("from", &from)]),
        Some(to) => texts::SAYS_FROM_TO.with(lang, &[("from", &from), ("to", &say::day(lang, to, today))]),
    }
}

/// A text about a span of days.
fn about_span(lang: Lang, text: Text, span: &Span, today: NaiveDate) -> String {
    let (from, to) = (say::day(lang, span.from_on, today), say::day(lang, span.to_on, today));
    say::sentence(&text.with(lang, &[("from", &from), ("to", &to)]))
}

fn about_day(lang: Lang, text: Text, on: NaiveDate, today: NaiveDate) -> String {
    say::sentence(&text.with(lang, &[("day", &say::day(lang, on, today))]))
}

/// What an order says, a sentence each; pauses and skipped days that are over are left out.
fn sentences(lang: Lang, terms: &Terms, today: NaiveDate) -> Markup {
    html! {
        ul .sentences {
            @for meal in &terms.meals { li { (weekly_meal(lang, meal)) } }
            li { (rule(terms.item_rule).of(lang)) }
            li { (span(lang, terms.from_on, terms.to_on, today)) }
            @for pause in terms.pauses.iter().filter(|pause| pause.to_on >= today) {
                li { strong { (about_span(lang, texts::SAYS_PAUSE, pause, today)) } }
            }
            @for on in terms.skips.iter().filter(|on| **on >= today) {
                li { strong { (about_day(lang, texts::SAYS_SKIP, *on, today)) } }
            }
        }
    }
}

/// An order by its first meal, for titles.
fn short(lang: Lang, order: &StandingOrder) -> String {
    order.terms.meals.first().map(|meal| weekly_meal(lang, meal)).unwrap_or_default()
}

// Pages ---------------------------------------------------------------------------------------------------------------

/// `GET /people/{id}/standing`
pub async fn list(visit: Visit<act::ReadReservations>, id: Path<ResidentId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, *id)?;
            let window = Window::new(Whole::new(50).ok(), None)?;
            let listing = Listing { residents: Some(vec![*id]), canteen: None, status: None, window };
            let orders = standing::list(conn, &listing)?;
            let (active, ended): (Vec<_>, Vec<_>) =
                orders.iter().partition(|order| order.status == OrderStatus::Active);
            let today = person.canteen.today(caller.now);
            let content = html! {
                p .lead { (texts::LIST_LEAD.of(lang)) }
                @if active.is_empty() { p { (texts::LIST_NONE.of(lang)) } }
                (cards(lang, &active, today))
                p { a .button href={ (page_of(&person)) "/new" } { (texts::NEW.of(lang)) } }
                @if !ended.is_empty() {
                    h2 { (texts::LIST_ENDED.of(lang)) }
                    (cards(lang, &ended, today))
                }
            };
            Ok(about(look, &person, texts::LIST_TITLE.of(lang), content).back(person.home()).read_aloud())
        })
        .await
}

fn cards(lang: Lang, orders: &[&StandingOrder], today: NaiveDate) -> Markup {
    html! {
        ul .cards {
            @for order in orders {
                li { a .card href=(order_page(order.resident_id, order.id)) {
                    @for meal in &order.terms.meals { span .strong { (weekly_meal(lang, meal)) } }
                    span .hint { (span(lang, order.terms.from_on, order.terms.to_on, today)) }
                } }
            }
        }
    }
}

/// `GET /people/{id}/standing/{order}`: one of them; right after something was done, that comes first.
pub async fn one(visit: Visit<act::ReadReservations>, path: OfOrder, Asked(query): Asked) -> Shown {
    let (id, order) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, id)?;
            let standing = Standing::of(conn, &person, order)?;
            let today = standing.canteen.today(caller.now);
            let content = html! {
                (state(lang, &standing.order))
                (sentences(lang, &standing.order.terms, today))
                (came_to(conn, look, &person, &standing, caller.now)?)
                @if standing.order.status == OrderStatus::Active { (ways(lang, &person, &standing.order, today)) }
            };
            let short = short(lang, &standing.order);
            let page = match done(query.get("done")) {
                Some(title) => about(look, &person, title.of(lang), content).about(short),
                None => about(look, &person, texts::ONE_TITLE.with(lang, &[("what", &short)]), content),
            };
            Ok(page.back(page_of(&person)).help_from(&standing.canteen).read_aloud())
        })
        .await
}

/// What was just done, as a title.
fn done(word: &str) -> Option<Text> {
    match word {
        "made" => Some(texts::MADE_TITLE),
        "change" => Some(texts::CHANGED_TITLE),
        "pause" => Some(texts::PAUSED_TITLE),
        "skip" => Some(texts::SKIPPED_TITLE),
        "resume" => Some(texts::RESUMED_TITLE),
        "end" => Some(texts::ENDED_TITLE),
        _ => None,
    }
}

fn state(lang: Lang, order: &StandingOrder) -> Markup {
    html! {
        @if order.status == OrderStatus::Ended {
            p .notice { @match order.ended_as {
                Some(CancelledAs::Deceased) => (texts::ENDED_DECEASED.of(lang)),
                Some(_) | None => (texts::IS_ENDED.of(lang)),
            } }
        }
    }
}

/// What the order has reserved and is still to be eaten, and what it could not reserve.
fn came_to(
    conn: &mut Conn,
    look: &Look,
    person: &Person,
    standing: &Standing,
    now: At,
) -> Result<Markup, Fail> {
    let lang = look.lang;
    let mut next = home::upcoming(conn, person, now)?;
    next.retain(|(reservation, _)| reservation.standing_order == Some(standing.order.id));
    let missed = missed(conn, lang, standing, now)?;
    Ok(html! {
        h2 { (texts::RESERVED.of(lang)) }
        @if next.is_empty() { p { (texts::RESERVED_NONE.of(lang)) } }
        @else { (home::list(conn, look, person, &next, now)?) }
        @if !missed.is_empty() {
            h2 { (texts::NOT_RESERVED.of(lang)) }
            ul .sentences { @for sentence in &missed { li { (sentence) } } }
        }
    })
}

/// Each meal of the last days or to come that the order could not reserve, with the reason.
fn missed(conn: &mut Conn, lang: Lang, standing: &Standing, now: At) -> Result<Vec<String>, Fail> {
    let window = Window::new(Whole::new(50).ok(), None)?;
    let outcomes = standing::outcomes(conn, &OutcomesOf::Order(standing.order.id), None, &window)?;
    let ids: Vec<_> = outcomes.iter().map(|outcome| outcome.menu_id).collect();
    let menus = menus::by_ids(conn, &ids)?;
    let earliest = standing.canteen.today(now) - Days::new(LOOK_BACK_DAYS);
    let mut missed = Vec::new();
    for outcome in &outcomes {
        let Some(menu) = menus.iter().find(|menu| menu.id == outcome.menu_id) else { continue };
        let meal = say::sentence(&meal_name(lang, menu, &standing.canteen, now));
        let why = outcome.why.as_ref().map_or(texts::LEFT_LINE.of(lang), |why| why.said.get(lang));
        let said = match outcome.status {
            OutcomeStatus::Reserved => continue,
            OutcomeStatus::Waiting => texts::WAITING_ROW.with(lang, &[("meal", &meal)]),
            OutcomeStatus::NotReserved => texts::NOT_ROW.with(lang, &[("meal", &meal), ("why", &why)]),
        };
        if menu.served_on >= earliest {
            missed.push((menu.served_on, menu.period, said));
        }
    }
    missed.sort_by_key(|(on, period, _)| (*on, *period));
    Ok(missed.into_iter().map(|(_, _, said)| said).collect())
}

fn ways(lang: Lang, person: &Person, order: &StandingOrder, today: NaiveDate) -> Markup {
    let own = order_page(order.resident_id, order.id);
    let resumable = order.terms.pauses.iter().any(|pause| pause.to_on >= today)
        || order.terms.skips.iter().any(|on| *on >= today);
    html! {
        @if let Some(to) = make::change_page(person, order, today) { p { a .quiet href=(to) { (texts::CHANGE.of(lang)) } } }
        p { a .quiet href={ (own) "/skip" } { (texts::SKIP.of(lang)) } }
        p { a .quiet href={ (own) "/pause" } { (texts::PAUSE.of(lang)) } }
        @if resumable { p { a .quiet href={ (own) "/resume" } { (texts::RESUME.of(lang)) } } }
        p { a .quiet href={ (own) "/check?do=end" } { (texts::END.of(lang)) } }
        p { a .quiet href=(super::home_of(order.resident_id)) { (crate::pages::texts::shell::TO_HOME.of(lang)) } }
    }
}

/// A line for a day.
fn day_line(name: &'static str, label: Text, hint: Option<Text>, lang: Lang) -> Line<'static> {
    Line {
        name,
        label: label.of(lang),
        hint: hint.map(|hint| hint.of(lang)),
        kind: Kind::Day,
        autocomplete: "off",
    }
}

/// A day that lies between today and two years ahead, or what is wrong with it.
fn near_day(lang: Lang, text: &str, today: NaiveDate) -> Result<NaiveDate, String> {
    let wrong = || texts::DAY_WRONG.with(lang, &[("day", &today)]);
    let on = forms::day(text).ok_or_else(wrong)?;
    if on < today {
        Err(texts::DAY_PAST.of(lang).to_owned())
    } else if on > today + Days::new(2 * 365) {
        Err(texts::DAY_FAR.of(lang).to_owned())
    } else {
        Ok(on)
    }
}

/// The name of the resident whom it is for, where family looks.
fn for_whom(lang: Lang, person: &Person) -> Markup {
    html! {
        @if !person.is_oneself() {
            (super::check::row(lang, resident::FOR_WHOM, say::recorded(lang, &person.resident.full_name), None))
        }
    }
}
