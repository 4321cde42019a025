//! What waits for review: check-ins that came from a phone without a connection and that the rules let nobody count.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{home, on_duty, staff_page};
use crate::{
    access::act,
    api::Answer,
    attendance::{
        Decision,
        http::{Resolve, Review, resolve, waiting_in},
    },
    canteens::Canteen,
    clock::At,
    ids::{AttendanceId, CanteenId},
    money::Fen,
    pages::{
        forms::{Asked, Choice, Errors, Fields, Kind, Legend, Line, Sent, address, button, form, one_of},
        say,
        texts::{Text, shell, staff as texts},
        visit::{Shown, Visit, go},
    },
    problem::{Code, Problem},
    text,
    words::Lang,
};

/// `GET /staff/{id}/reviews`
pub async fn list(visit: Visit<act::ReadReviews>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, *id)?;
            let reviews = waiting_in(conn, &[canteen.id])?;
            let due = query.get("due").parse().ok().map(Fen);
            let content = html! {
                @if let Some(due) = due {
                    p .notice role="status" { (texts::REVIEW_DONE.of(lang)) " "
                        @if !due.is_zero() { (texts::REVIEW_DUE.with(lang, &[("due", &say::money(lang, due))])) } }
                }
                @if reviews.is_empty() { p .lead { (texts::REVIEWS_NONE.of(lang)) } }
                @else { p { (texts::REVIEWS_LEAD.of(lang)) } }
                ul .cards { @for review in &reviews { li {
                    a .card href={ (home(canteen.id)) "/reviews/" (review.tap.attendance_id) } {
                        span .strong { (who(lang, review)) }
                        span { (when(lang, &canteen, review, caller.now)) }
                        span .hint { (why(lang, review)) }
                    }
                } } }
            };
            Ok(staff_page(lang, texts::REVIEWS_TITLE, &canteen, content))
        })
        .await
}

fn who(lang: Lang, review: &Review) -> Markup {
    html! {
        @match &review.tap.full_name {
            Some(name) => (say::recorded(lang, name)),
            None => (texts::SOMEBODY.of(lang)),
        }
    }
}

fn when(lang: Lang, canteen: &Canteen, review: &Review, now: At) -> String {
    let meal = say::period(review.period).of(lang);
    let at = say::moment(lang, canteen.zone, review.tap.served_at, now);
    say::sentence(&texts::TAPPED.with(lang, &[("meal", &meal), ("at", &at)]))
}

/// Why it was not counted, in the words of the refusal where these stand for themselves.
fn why(lang: Lang, review: &Review) -> String {
    let code = Code::ALL.iter().find(|code| review.tap.review_word.as_deref() == Some(code.as_str()));
    if code == Some(&Code::AlreadyServed) {
        return texts::REVIEW_SERVED.of(lang).to_owned();
    }
    let said = code.map(|code| Problem::new(*code).told(lang).0);
    said.filter(|said| !said.contains('{')).unwrap_or_else(|| texts::REVIEW_WHY.of(lang).to_owned())
}

fn decision(decision: Decision) -> (Text, Text) {
    match decision {
        Decision::SecondMeal => (texts::DECIDE_SECOND, texts::DECIDE_SECOND_HINT),
        Decision::Serve => (texts::DECIDE_SERVE, texts::DECIDE_SERVE_HINT),
        Decision::GuestMeal => (texts::DECIDE_GUEST, texts::DECIDE_GUEST_HINT),
        Decision::Void => (texts::DECIDE_VOID, texts::DECIDE_VOID_HINT),
    }
}

/// `GET /staff/{id}/reviews/{attendance}`
pub async fn one(visit: Visit<act::ReadReviews>, path: Path<(CanteenId, AttendanceId)>) -> Shown {
    let (id, attendance) = path.into_inner();
    question(&visit, id, attendance, Fields::default(), Errors::none()).await
}

async fn question<A: crate::access::acts::NamedAct>(
    visit: &Visit<A>,
    id: CanteenId,
    attendance: AttendanceId,
    typed: Fields,
    errors: Errors,
) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let reviews = waiting_in(conn, &[canteen.id])?;
            let review = reviews.iter().find(|review| review.tap.attendance_id == attendance);
            let review = review.ok_or(Code::NotInReview)?;
            let known = review.tap.resident_id.is_some();
            let fits = |one: &&Decision| known || matches!(one, Decision::GuestMeal | Decision::Void);
            let choices: Vec<Choice> = Decision::ALL
                .iter()
                .filter(fits)
                .map(|one| {
                    let (label, hint) = decision(*one);
                    Choice::new(one.as_str(), html! { (label.of(lang)) }).hint(html! { (hint.of(lang)) })
                })
                .collect();
            let reason = Line {
                name: "reason",
                label: texts::REASON.of(lang),
                hint: Some(texts::DECIDE_REASON_HINT.of(lang)),
                kind: Kind::Text,
                autocomplete: "off",
            };
            let content = html! {
                (what_happened(lang, &canteen, review, caller.now))
                (form(look, html! {
                    (one_of("decision", Legend::Shown(texts::DECIDE_QUESTION.of(lang)), &choices,
                        typed.get("decision"), &errors))
                    (reason.field(typed.get("reason"), &errors))
                    (button(texts::DECIDE_BUTTON.of(lang)))
                }))
            };
            let about = review.tap.full_name.clone().unwrap_or_default();
            Ok(staff_page(lang, texts::REVIEW_TITLE, &canteen, content)
                .about(format!("{about} · {}", canteen.name))
                .back(format!("{}/reviews", home(canteen.id)))
                .errors(errors))
        })
        .await
}

fn what_happened(lang: Lang, canteen: &Canteen, review: &Review, now: At) -> Markup {
    let tap = &review.tap;
    let card = review.said.as_ref().and_then(|said| said.card_number.clone());
    html! {
        dl .answers {
            div { dt { (texts::NAME.of(lang)) } dd { (who(lang, review)) } }
            @if let Some(card) = card { div { dt { (texts::CARD.of(lang)) } dd { (card) } } }
            div { dt { (texts::MEAL.of(lang)) } dd { (when(lang, canteen, review, now)) } }
            div { dt { (texts::WHY_REVIEW.of(lang)) } dd { (why(lang, review)) } }
            @if !tap.items.is_empty() {
                div { dt { (texts::HAD.of(lang)) } dd {
                    @for (at, item) in tap.items.iter().enumerate() {
                        @if at > 0 { (say::between(lang)) }
                        (say::recorded(lang, &item.name))
                        @if item.portions > 1 { " × " (item.portions) }
                    }
                } }
            }
            @if let Some(by) = &review.by {
                div { dt { (texts::TAPPED_BY.of(lang)) } dd { (say::recorded(lang, by))
                    @if let Some(device) = &review.device { " (" (say::recorded(lang, device)) ")" } } }
            }
            div { dt { (texts::ARRIVED_AT.of(lang)) }
                dd { (say::sentence(&say::moment(lang, canteen.zone, review.recorded_at, now))) } }
        }
    }
}

/// `POST /staff/{id}/reviews/{attendance}`
pub async fn decide(
    visit: Visit<act::ResolveReviews>,
    path: Path<(CanteenId, AttendanceId)>,
    sent: Sent,
) -> Shown {
    let (id, attendance) = path.into_inner();
    let lang = visit.lang();
    let mut errors = Errors::none();
    let decision = Decision::from_word(sent.fields.get("decision"));
    let decision = errors.keep("decision", decision.ok_or_else(|| shell::CHOOSE_ONE.of(lang).to_owned()));
    let reason =
        text::Line::parse(sent.fields.get("reason")).map_err(|_| texts::REASON_WRONG.of(lang).to_owned());
    let reason = errors.keep("reason", reason);
    let (Some(decision), Some(reason)) = (decision, reason) else {
        return question(&visit, id, attendance, sent.fields.clone(), errors).await;
    };
    let decided =
        resolve(visit.api(), Path::from(attendance), sent.keyed(Resolve { decision, reason })).await;
    match decided.and_then(Answer::into_body) {
        Ok(decided) => {
            let list = format!("{}/reviews", home(id));
            Ok(go(&address(&list, [("due", decided.due_fen.0.to_string())])))
        }
        Err(problem)
            if matches!(problem.code, Code::AlreadyServed | Code::AlreadyReserved | Code::ItemSoldOut) =>
        {
            let errors = Errors::of("decision", &problem, lang);
            question(&visit, id, attendance, sent.fields.clone(), errors).await
        }
        Err(problem) => Err(problem),
    }
}
