//! Days without meals: which are planned, and closing the canteen for some more after a look at what that cancels.

use actix_web::web::Path;
use chrono::{Days, NaiveDate};
use maud::html;

use super::{home, meal_title, on_duty, span, staff_page};
use crate::{
    access::act,
    api::Answer,
    canteens::{
        self, Canteen, Closure,
        http::{NewClosureBody, close},
    },
    db::Conn,
    ids::{CanteenId, ClosureId},
    menus::{self, MenuStatus},
    pages::{
        forms::{Asked, Choice, Errors, Fields, Kind, Legend, Line, Sent, day, form, hidden, one_of},
        say,
        shell::Page,
        texts::{shell, staff as texts},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    subsidies::http::check_span,
    text,
    words::{Lang, Period},
};

/// How many days back closures are shown.
const DAYS_BACK: u64 = 60;

/// So many are shown at most.
const MOST: i64 = 200;

/// `GET /staff/{id}/closures`
pub async fn list(visit: Visit<act::ReadReviews>, id: Path<CanteenId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, *id)?;
            let today = canteen.today(caller.now);
            let mut closures = recent(conn, &canteen, today)?;
            closures.sort_by_key(|closure| (closure.from_on, closure.id));
            let content = html! {
                p { a .button href={ (home(*id)) "/closures/new" } { (texts::CLOSE_CANTEEN.of(lang)) } }
                @if closures.is_empty() { p { (texts::CLOSURES_NONE.of(lang)) } }
                ul .cards { @for closure in &closures { li { div .card {
                    span .strong { (span(lang, closure.from_on, closure.to_on, today))
                        @if let Some(period) = closure.period { " · " (say::period(period).of(lang)) } }
                    span { (say::recorded(lang, &closure.reason)) }
                    p { a .quiet href={ (home(*id)) "/closures/" (closure.id) "/calls" } { (texts::CALLS_TITLE.of(lang))
                        span .hidden { ": " (span(lang, closure.from_on, closure.to_on, today)) } } }
                } } } }
            };
            Ok(staff_page(lang, texts::CLOSURES_TITLE, &canteen, content))
        })
        .await
}

fn recent(conn: &mut Conn, canteen: &Canteen, today: NaiveDate) -> Result<Vec<Closure>, Fail> {
    let from_on = today.checked_sub_days(Days::new(DAYS_BACK)).unwrap_or(today);
    canteens::closures_from(conn, canteen.id, from_on, None, MOST)
}

/// A closure of the canteen of the page; `not_found` for another.
pub fn closure_of(conn: &mut Conn, canteen: &Canteen, id: ClosureId) -> Result<Closure, Fail> {
    let mut all =
        canteens::closures_from(conn, canteen.id, NaiveDate::default(), None, i64::MAX)?.into_iter();
    all.find(|closure| closure.id == id).ok_or_else(|| Code::NotFound.into())
}

/// `GET /staff/{id}/closures/new`
pub async fn new_form(visit: Visit<act::CloseCanteen>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    form_page(&visit, *id, query, Errors::none()).await
}

async fn form_page(visit: &Visit<act::CloseCanteen>, id: CanteenId, typed: Fields, errors: Errors) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let (canteen, _) = on_duty(conn, caller, id)?;
            Ok(closure_form(look, &canteen, &typed, errors))
        })
        .await
}

fn closure_form(look: &Look, canteen: &Canteen, typed: &Fields, errors: Errors) -> Page {
    let lang = look.lang;
    let line = |name, text: crate::pages::texts::Text, hint: Option<&'static str>| {
        Line { name, label: text.of(lang), hint, kind: Kind::Text, autocomplete: "off" }
            .field(typed.get(name), &errors)
    };
    let whole_day = Choice::new("", html! { (texts::WHOLE_DAY.of(lang)) });
    let periods = canteen.periods.iter().map(|meal| {
        Choice::new(meal.period.as_str(), html! { (say::sentence(say::period(meal.period).of(lang))) })
    });
    let choices: Vec<Choice> = std::iter::once(whole_day).chain(periods).collect();
    let content = html! {
        p .lead { (texts::CLOSE_LEAD.of(lang)) }
        form method="get" action={ (home(canteen.id)) "/closures/check" } {
            div .fields {
                (line("from", texts::FROM_DAY, Some(texts::DAY_HINT.of(lang))))
                (line("to", texts::TO_DAY, Some(texts::TO_DAY_HINT.of(lang))))
            }
            (one_of("period", Legend::Shown(texts::WHICH_MEALS.of(lang)), &choices, typed.get("period"), &errors))
            (line("reason", texts::REASON, Some(texts::CLOSE_REASON_HINT.of(lang))))
            button .button type="submit" { (shell::NEXT.of(lang)) }
        }
    };
    staff_page(lang, texts::CLOSE_CANTEEN, canteen, content)
        .back(format!("{}/closures", home(canteen.id)))
        .errors(errors)
}

/// What was typed; or what of it has to be put right.
fn read(typed: &Fields, lang: Lang) -> Result<NewClosureBody, Errors> {
    let mut errors = Errors::none();
    let near = |on: Option<NaiveDate>| on.filter(|on| check_span(*on, *on).is_ok());
    let wrong = || texts::DAY_WRONG.of(lang).to_owned();
    let from_on = errors.keep("from", near(day(typed.get("from"))).ok_or_else(wrong));
    let to_on = match typed.get("to") {
        "" => from_on,
        to => errors.keep("to", near(day(to)).ok_or_else(wrong)),
    };
    let reason = text::Line::parse(typed.get("reason")).map_err(|_| texts::REASON_WRONG.of(lang).to_owned());
    let reason = errors.keep("reason", reason);
    if let (Some(from_on), Some(to_on)) = (from_on, to_on)
        && to_on < from_on
    {
        errors.add("to", texts::TO_BEFORE_FROM.of(lang));
    }
    let period = Period::from_word(typed.get("period"));
    match (from_on, to_on, reason) {
        (Some(from_on), Some(to_on), Some(reason)) if errors.is_empty() => {
            Ok(NewClosureBody { from_on, to_on, period, reason })
        }
        (_, _, _) => Err(errors),
    }
}

/// `GET /staff/{id}/closures/check?from=…&to=…&period=…&reason=…`: what it would cancel.
pub async fn check(visit: Visit<act::CloseCanteen>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    match read(&query, visit.lang()) {
        Ok(new) => check_page(&visit, *id, query, new).await,
        Err(errors) => form_page(&visit, *id, query, errors).await,
    }
}

async fn check_page(
    visit: &Visit<act::CloseCanteen>,
    id: CanteenId,
    typed: Fields,
    new: NewClosureBody,
) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let today = canteen.today(caller.now);
            if new.from_on < today {
                let errors = Errors::at("from", texts::DAY_PAST.of(lang));
                return Ok(closure_form(look, &canteen, &typed, errors));
            }
            let mut menus = menus::between(conn, canteen.id, new.from_on, new.to_on)?;
            menus.retain(|menu| {
                matches!(menu.status, MenuStatus::Draft | MenuStatus::Published)
                    && menu.serves_to_at > caller.now
                    && new.period.is_none_or(|period| period == menu.period)
            });
            let reserved: i32 = menus.iter().map(|menu| menu.taken).sum();
            let content = html! {
                dl .answers {
                    div { dt { (texts::CLOSED_DAYS.of(lang)) }
                        dd { (span(lang, new.from_on, new.to_on, today)) } }
                    div { dt { (texts::WHICH_MEALS.of(lang)) } dd { @match new.period {
                        Some(period) => (say::sentence(say::period(period).of(lang))),
                        None => (texts::WHOLE_DAY.of(lang)),
                    } } }
                    div { dt { (texts::REASON.of(lang)) } dd { (say::recorded(lang, new.reason.as_str())) } }
                }
                @if menus.is_empty() { p { (texts::CLOSE_NO_MENUS.of(lang)) } }
                @else {
                    p .warning { (texts::CLOSE_CANCELS.with(lang, &[("menus", &menus.len()), ("people", &reserved)])) }
                    ul .sentences { @for menu in &menus { li {
                        (meal_title(lang, menu, &canteen, caller.now)) ": "
                        (texts::PLACES.with(lang, &[("taken", &menu.taken), ("capacity", &menu.capacity)]))
                    } } }
                }
                (form(look, html! {
                    @for name in ["from", "to", "period", "reason"] { (hidden(name, typed.get(name))) }
                    button .button .danger type="submit" { (texts::CLOSE_CANTEEN_BUTTON.of(lang)) }
                }))
            };
            Ok(staff_page(lang, texts::CLOSE_CHECK_TITLE, &canteen, content)
                .back(format!("{}/closures/new", home(canteen.id))))
        })
        .await
}

/// `POST /staff/{id}/closures/check`: closes the canteen; next comes whom to call.
pub async fn close_canteen(visit: Visit<act::CloseCanteen>, id: Path<CanteenId>, sent: Sent) -> Shown {
    let new = match read(&sent.fields, visit.lang()) {
        Ok(new) => new,
        Err(errors) => return form_page(&visit, *id, sent.fields.clone(), errors).await,
    };
    match close(visit.api(), Path::from(*id), sent.keyed(new)).await.and_then(Answer::into_body) {
        Ok(closed) => Ok(go(&format!("{}/closures/{}/calls", home(*id), closed.closure.id))),
        Err(problem) if problem.code == Code::BadClosure => {
            let errors = Errors::of("from", &problem, visit.lang());
            form_page(&visit, *id, sent.fields.clone(), errors).await
        }
        Err(problem) => Err(problem),
    }
}
