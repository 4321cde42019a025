//! The standing orders of a resident, as the desk makes, pauses and ends them for whoever comes or calls.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    Desk,
    counter::AtDesk,
    record::{named, registered_here},
    residents::record_page,
};
use crate::{
    access::{Caller, act},
    canteens::MealPeriod,
    db::Conn,
    ids::{CanteenId, ResidentId, StandingOrderId},
    page::Window,
    pages::{
        forms::{self, Choice, Errors, Fields, Kind, Legend, Line, Sent, any_of, button, day, form, one_of},
        say,
        shell::Page,
        texts::{Text, desk as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
    reservations::{
        ItemRule,
        standing::{
            self, Listing, OrderStatus, Span, StandingOrder, WeeklyMeal,
            http::{NewStandingOrder, StandingOrderChange, change_order, create, end_order},
        },
    },
    residents::{self, Resident},
    words::{Lang, Mode, Weekday},
};

type OfOrder = Path<(CanteenId, StandingOrderId)>;

fn page_of(canteen: CanteenId, resident: ResidentId) -> String {
    format!("{}/standing", record_page(canteen, resident))
}

fn rule(rule: ItemRule) -> Text {
    match rule {
        ItemRule::SetMeal => texts::RULE_SET,
        ItemRule::Cheapest => texts::RULE_CHEAPEST,
        ItemRule::ByDiet => texts::RULE_DIET,
    }
}

/// `GET /desk/{id}/residents/{resident}/standing`
pub async fn list(visit: Visit<act::ReadReservations>, path: AtDesk) -> Shown {
    let (desk, id) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let desk = Desk::of(conn, caller, desk)?;
            let resident = registered_here(conn, &desk, id)?;
            let listing = Listing {
                residents: Some(vec![id]),
                canteen: Some(desk.duty.canteen()),
                status: Some(OrderStatus::Active),
                window: Window::new(None, None)?,
            };
            let orders = standing::list(conn, &listing)?;
            let content = html! {
                p { (texts::STANDING_WHAT.of(lang)) }
                p { a .button href={ (page_of(desk.canteen.id, id)) "/new" } { (texts::STANDING_NEW.of(lang)) } }
                @if orders.is_empty() { p { (texts::STANDING_NONE.of(lang)) } }
                @for order in &orders {
                    div .meal {
                        (says(lang, order))
                        p { a .quiet href={ (desk.home()) "/standing/" (order.id) } { (texts::STANDING_CHANGE.of(lang)) } }
                    }
                }
            };
            Ok(named(lang, &desk, &resident.full_name, texts::STANDING_TITLE, content)
                .back(record_page(desk.canteen.id, id)))
        })
        .await
}

/// What an order says, a line for each thing.
fn says(lang: Lang, order: &StandingOrder) -> Markup {
    let day = |on| say::date(lang, on, 0);
    let terms = &order.terms;
    let span = match terms.to_on {
        Some(to_on) => texts::FACT_SPAN.with(lang, &[("from", &day(terms.from_on)), ("to", &day(to_on))]),
        None => texts::FACT_FROM_NOW_ON.with(lang, &[("from", &day(terms.from_on))]),
    };
    html! {
        ul .sentences {
            @for meal in &terms.meals {
                @let days = say::row(lang, meal.weekdays.iter().map(|day| say::weekday(*day).of(lang)));
                li { (texts::STANDING_MEAL.with(lang, &[
                    ("meal", &say::sentence(say::period(meal.period).of(lang))),
                    ("days", &days), ("mode", &say::mode(meal.mode).of(lang)),
                ])) }
            }
            li { (say::sentence(rule(terms.item_rule).of(lang))) }
            li { (say::sentence(&span)) }
            @for pause in &terms.pauses {
                li { (texts::STANDING_PAUSED.with(lang, &[("from", &day(pause.from_on)), ("to", &day(pause.to_on))])) }
            }
        }
    }
}

/// `GET /desk/{id}/residents/{resident}/standing/new`
pub async fn new_form(visit: Visit<act::Reserve>, path: AtDesk) -> Shown {
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
    let choice = |one: &ItemRule| Choice::new(one.as_str(), html! { (say::sentence(rule(*one).of(lang))) });
    let rules: Vec<Choice> = ItemRule::ALL.iter().map(choice).collect();
    let chosen =
        Some(fields.get("rule")).filter(|rule| !rule.is_empty()).unwrap_or(ItemRule::SetMeal.as_str());
    let from = match fields.get("from_on") {
        "" => desk.canteen.today(caller.now).to_string(),
        typed => typed.to_owned(),
    };
    let content = form(
        look,
        html! {
            div .columns {
                div { @for meal in &desk.canteen.periods { (weekly(lang, meal, fields, &errors)) } }
                div {
                    (one_of("rule", Legend::Shown(texts::STANDING_RULE.of(lang)), &rules, chosen, &errors))
                    (line(lang, "from_on", texts::FACT_FROM, texts::DAY_HINT, &from, &errors))
                    (line(lang, "to_on", texts::FACT_TO, texts::FACT_TO_HINT, fields.get("to_on"), &errors))
                }
            }
            (button(texts::STANDING_BUTTON.of(lang)))
        },
    );
    Ok(named(lang, &desk, &resident.full_name, texts::STANDING_NEW_TITLE, content)
        .back(page_of(desk.canteen.id, id))
        .errors(errors))
}

fn line(lang: Lang, name: &'static str, label: Text, hint: Text, value: &str, errors: &Errors) -> Markup {
    let hint = Some(hint.of(lang));
    Line { name, label: label.of(lang), hint, kind: Kind::Text, autocomplete: "off" }.field(value, errors)
}

/// On which days of the week one meal is wanted, and how.
fn weekly(lang: Lang, meal: &MealPeriod, fields: &Fields, errors: &Errors) -> Markup {
    let (days, mode) = (format!("days-{}", meal.period), format!("mode-{}", meal.period));
    let name = say::sentence(say::period(meal.period).of(lang));
    let day = |day: &Weekday| Choice::new(day.as_str(), html! { (say::weekday(*day).of(lang)) });
    let weekdays: Vec<Choice> = meal.weekdays.iter().map(day).collect();
    let way = |mode: &Mode| Choice::new(mode.as_str(), html! { (say::sentence(say::mode(*mode).of(lang))) });
    let modes: Vec<Choice> = meal.modes.iter().map(way).collect();
    let known = Some(fields.get(&mode)).filter(|mode| !mode.is_empty());
    let chosen = known.or(meal.modes.first().map(|mode| mode.as_str())).unwrap_or_default();
    let asked = |text: Text| text.with(lang, &[("meal", &name)]);
    let is_chosen = |value: &str| fields.all(&days).any(|day| day == value);
    html! {
        div .tight {
            (any_of(&days, Legend::Shown(&asked(texts::STANDING_DAYS)), &weekdays, &is_chosen, errors))
            @if modes.len() > 1 {
                (one_of(&mode, Legend::Shown(&asked(texts::STANDING_MODE)), &modes, chosen, errors))
            } @else {
                (forms::hidden(&mode, chosen))
            }
        }
    }
}

/// What was asked for.
fn entered(
    fields: &Fields,
    canteen_id: CanteenId,
    id: ResidentId,
    periods: &[MealPeriod],
    lang: Lang,
) -> Result<NewStandingOrder, Errors> {
    let mut errors = Errors::none();
    let meal = |period: &MealPeriod| {
        let weekdays: Vec<Weekday> =
            fields.all(&format!("days-{}", period.period)).filter_map(Weekday::from_word).collect();
        let mode = Mode::from_word(fields.get(&format!("mode-{}", period.period)))?;
        (!weekdays.is_empty()).then_some(WeeklyMeal { period: period.period, mode, weekdays })
    };
    let meals: Vec<WeeklyMeal> = periods.iter().filter_map(meal).collect();
    if let (true, Some(first)) = (meals.is_empty(), periods.first()) {
        errors.add(format!("days-{}", first.period), texts::STANDING_NO_DAY.of(lang));
    }
    let rule = ItemRule::from_word(fields.get("rule")).ok_or_else(|| shell::CHOOSE_ONE.of(lang).to_owned());
    let rule = errors.keep("rule", rule);
    let wrong = || texts::DAY_WRONG.of(lang).to_owned();
    let from_on = errors.keep("from_on", day(fields.get("from_on")).ok_or_else(wrong));
    let to_on = match fields.get("to_on") {
        "" => None,
        typed => errors.keep("to_on", day(typed).ok_or_else(wrong)),
    };
    match (rule, from_on) {
        (Some(item_rule), Some(from_on)) if errors.is_empty() => Ok(NewStandingOrder {
            canteen_id,
            resident_id: Some(id),
            card_number: None,
            from_on,
            to_on,
            meals,
            item_rule,
            pauses: Vec::new(),
            skips: Vec::new(),
        }),
        (_, _) => Err(errors),
    }
}

/// A refusal that can be put right in the form.
fn mend(problem: Problem, lang: Lang) -> Result<Errors, Problem> {
    match problem.code {
        Code::BadStandingOrder => Ok(Errors::of("from_on", &problem, lang)),
        _ => Err(problem),
    }
}

/// `POST /desk/{id}/residents/{resident}/standing/new`
pub async fn make(visit: Visit<act::Reserve>, path: AtDesk, sent: Sent) -> Shown {
    let (at, lang) = (path.into_inner(), visit.lang());
    let (desk, id) = at;
    let look = visit.allowed().read(move |conn, caller| Ok(Desk::of(conn, caller, desk)?.canteen.periods));
    let errors = match entered(&sent.fields, desk, id, &look.await?, lang) {
        Ok(new) => match create(visit.api(), sent.keyed(new)).await {
            Ok(_) => return Ok(go(&page_of(desk, id))),
            Err(problem) => mend(problem, lang)?,
        },
        Err(errors) => errors,
    };
    visit.show(move |conn, caller, look| new_page(conn, caller, look, at, &sent.fields, errors)).await
}

/// An order at this desk.
struct Ordered {
    desk: Desk,
    order: StandingOrder,
    resident: Resident,
}

impl Ordered {
    /// Fails with `standing_order_not_found` for another canteen's.
    fn of(
        conn: &mut Conn,
        caller: &Caller,
        (desk, id): (CanteenId, StandingOrderId),
    ) -> Result<Ordered, Fail> {
        let desk = Desk::of(conn, caller, desk)?;
        let order = standing::find(conn, id)?;
        if order.canteen_id != desk.canteen.id {
            return Err(Code::StandingOrderNotFound.into());
        }
        let resident = residents::find(conn, order.resident_id)?;
        Ok(Ordered { desk, order, resident })
    }

    fn page(&self, lang: Lang, title: Text, content: Markup) -> Page {
        let content = html! { (says(lang, &self.order)) (content) };
        named(lang, &self.desk, &self.resident.full_name, title, content)
            .back(page_of(self.desk.canteen.id, self.resident.id))
    }
}

/// `GET /desk/{id}/standing/{order}`: pausing and going on.
pub async fn pause_form(visit: Visit<act::Reserve>, path: OfOrder) -> Shown {
    let of = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            pause_page(conn, caller, look, of, &Fields::default(), Errors::none())
        })
        .await
}

/// Whether what is reserved already is cancelled too.
fn reserved_too(lang: Lang, fields: &Fields, errors: &Errors) -> Markup {
    let choices = [("yes", texts::STANDING_CANCEL_TOO), ("no", texts::STANDING_KEEP)]
        .map(|(value, text)| Choice::new(value, html! { (text.of(lang)) }));
    let chosen = Some(fields.get("reserved")).filter(|said| !said.is_empty()).unwrap_or("yes");
    one_of("reserved", Legend::Shown(texts::STANDING_RESERVED.of(lang)), &choices, chosen, errors)
}

fn pause_page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    of: (CanteenId, StandingOrderId),
    fields: &Fields,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let ordered = Ordered::of(conn, caller, of)?;
    if ordered.order.status == OrderStatus::Ended {
        return Err(Code::StandingOrderEnded.into());
    }
    let version = fields.version().unwrap_or(ordered.order.version);
    let end = format!("{}/standing/{}/end", ordered.desk.home(), of.1);
    let content = html! {
        h2 { (texts::STANDING_PAUSE.of(lang)) }
        (form(look, html! {
            (forms::version(version))
            (line(lang, "from_on", texts::PAUSE_FROM, texts::DAY_HINT, fields.get("from_on"), &errors))
            (line(lang, "to_on", texts::PAUSE_TO, texts::DAY_HINT, fields.get("to_on"), &errors))
            (reserved_too(lang, fields, &errors))
            (button(texts::PAUSE_BUTTON.of(lang)))
        }))
        @if !ordered.order.terms.pauses.is_empty() {
            (form(look, html! {
                (forms::version(version))
                button .quiet type="submit" name="resume" value="all" { (texts::RESUME_BUTTON.of(lang)) }
            }))
        }
        p { a .quiet href=(end) { (texts::STANDING_END.of(lang)) } }
    };
    Ok(ordered.page(lang, texts::STANDING_CHANGE_TITLE, content).errors(errors))
}

/// The days of a pause.
fn pause(fields: &Fields, lang: Lang) -> Result<Span, Errors> {
    let mut errors = Errors::none();
    let mut read =
        |name| errors.keep(name, day(fields.get(name)).ok_or_else(|| texts::DAY_WRONG.of(lang).to_owned()));
    match (read("from_on"), read("to_on")) {
        (Some(from_on), Some(to_on)) => Ok(Span { from_on, to_on }),
        (_, _) => Err(errors),
    }
}

/// `POST /desk/{id}/standing/{order}`
pub async fn change(visit: Visit<act::Reserve>, path: OfOrder, sent: Sent) -> Shown {
    let (of, lang) = (path.into_inner(), visit.lang());
    let seen = sent.fields.version()?;
    let resumes = !sent.fields.get("resume").is_empty();
    let cancels = sent.fields.get("reserved") == "yes" && !resumes;
    let span = if resumes { Ok(None) } else { pause(&sent.fields, lang).map(Some) };
    let errors = match span {
        Ok(span) => {
            let done = visit
                .once(&sent, move |conn, caller, _| {
                    let mut terms = Ordered::of(conn, caller, of)?.order.terms;
                    match span {
                        Some(span) => terms.pauses.push(span),
                        None => terms.pauses.clear(),
                    }
                    let change = StandingOrderChange::of(terms, cancels);
                    Ok(change_order(conn, caller, of.1, seen, &change)?.order.resident_id)
                })
                .await;
            match done {
                Ok(resident) => return Ok(go(&page_of(of.0, resident))),
                Err(problem) => mend(problem, lang)?,
            }
        }
        Err(errors) => errors,
    };
    visit.show(move |conn, caller, look| pause_page(conn, caller, look, of, &sent.fields, errors)).await
}

/// `GET /desk/{id}/standing/{order}/end`
pub async fn end_form(visit: Visit<act::Reserve>, path: OfOrder) -> Shown {
    let of = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let ordered = Ordered::of(conn, caller, of)?;
            if ordered.order.status == OrderStatus::Ended {
                return Err(Code::StandingOrderEnded.into());
            }
            let content = form(
                look,
                html! {
                    (forms::version(ordered.order.version))
                    (reserved_too(lang, &Fields::default(), &Errors::none()))
                    (button(texts::STANDING_END.of(lang)))
                },
            );
            Ok(ordered.page(lang, texts::STANDING_END_TITLE, content))
        })
        .await
}

/// `POST /desk/{id}/standing/{order}/end`
pub async fn end(visit: Visit<act::Reserve>, path: OfOrder, sent: Sent) -> Shown {
    let of = path.into_inner();
    let seen = sent.fields.version()?;
    let cancels = sent.fields.get("reserved") == "yes";
    let resident = visit
        .once(&sent, move |conn, caller, _| {
            Ordered::of(conn, caller, of)?;
            Ok(end_order(conn, caller, of.1, seen, cancels)?.order.resident_id)
        })
        .await?;
    Ok(go(&page_of(of.0, resident)))
}
