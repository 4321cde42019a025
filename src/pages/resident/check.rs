//! Check your answers: what is reserved, what it costs and why; and the button that does it.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    Person, Sitting,
    choose::{about, or_wait},
    dishes, meal_page, reserve_page,
    wish::Wish,
};
use crate::{
    access::{Caller, act},
    api::Answer,
    clock::At,
    db::Conn,
    ids::{MenuId, ReservationId, ResidentId},
    money::Fen,
    pages::{
        forms::{self, Asked, Sent, address, button, form},
        say,
        shell::Page,
        texts::{Text, resident as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
    reservations::http::{NewReservation, ReservationChange, change_reservation, place},
    subsidies::{self, Meal, http::QuoteBody},
    text::Slug,
    words::{Lang, MealClass},
};

/// `GET /people/{id}/reserve/{menu}/check`
pub async fn show(
    visit: Visit<act::AskQuote>,
    path: Path<(ResidentId, MenuId)>,
    Asked(query): Asked,
) -> Shown {
    let (id, menu) = path.into_inner();
    let asked = query.clone();
    let missing = visit.allowed().read(move |conn, caller| {
        let person = Person::of(conn, caller, id)?;
        let sitting = Sitting::open(conn, &person, menu, caller.now)?;
        let wish = Wish::of(&asked, &sitting.menu);
        Ok(question(&person, &sitting, &wish, !asked.get("asked").is_empty()))
    });
    match missing.await {
        Ok(None) => {}
        Ok(Some(page)) => return Ok(go(&page)),
        Err(problem) => return or_wait(Err(problem), id, menu),
    }
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let sitting = Sitting::open(conn, &person, menu, caller.now)?;
            let wish = Wish::of(&query, &sitting.menu);
            let quote = quote(conn, &person, &sitting, &wish)?;
            Ok(page(look, &person, &sitting, &wish, &quote, caller.now))
        })
        .await
}

/// The page with the question that is still to be answered, if there is one.
fn question(person: &Person, sitting: &Sitting, wish: &Wish, asked: bool) -> Option<String> {
    let menu = &sitting.menu;
    let page = reserve_page(person.resident.id, menu.id);
    if wish.picks.is_empty() {
        Some(wish.address(&page, menu))
    } else if wish.mode.is_none() {
        Some(wish.address(&format!("{page}/how"), menu))
    } else if !wish.conflicts(menu, &person.resident).is_empty() {
        let sure = wish.address(&format!("{page}/sure"), menu);
        Some(if asked { sure + "&asked=1" } else { sure })
    } else {
        None
    }
}

/// What the meal would cost now, as the one who looks may hear it.
fn quote(conn: &mut Conn, person: &Person, sitting: &Sitting, wish: &Wish) -> Result<QuoteBody, Fail> {
    let (menu, mode) = (&sitting.menu, wish.mode.ok_or(Code::ModeNotOffered)?);
    menu.check_picks(&wish.picks)?;
    let order = menu.order(&wish.picks, mode, MealClass::Meal);
    let meal = Meal { resident: &person.resident, menu, area: &sitting.canteen.area, order };
    let present = sitting.reserved.as_ref().map(|reservation| reservation.quote_id);
    let (_, quote) = subsidies::preview(conn, &meal, present)?;
    QuoteBody::heard(conn, &quote, person.acting.hears_reasons(), None)
}

fn page(look: &Look, person: &Person, sitting: &Sitting, wish: &Wish, quote: &QuoteBody, now: At) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let own = reserve_page(person.resident.id, menu.id);
    let (title, act) = match sitting.reserved {
        Some(_) => (texts::CHECK_CHANGE_TITLE, texts::CHANGE_BUTTON),
        None => (texts::CHECK_TITLE, texts::RESERVE_BUTTON),
    };
    let until = say::moment(lang, sitting.canteen.zone, menu.cutoff_at, now);
    let meal = say::sentence(&sitting.name(lang, now));
    let portions = wish.address(&format!("{own}/portions"), menu);
    let content = html! {
        dl .answers {
            @if !person.is_oneself() {
                (row(lang, texts::FOR_WHOM, say::recorded(lang, &person.resident.full_name), None))
            }
            (row(lang, texts::MEAL, html! { (meal) }, Some(format!("{}/reserve", person.home()))))
            (row(lang, texts::WHERE, say::recorded(lang, &sitting.canteen.name), None))
            (row(lang, texts::EATEN, dishes(lang, menu, &wish.picks), Some(wish.address(&own, menu))))
            @if let Some(mode) = wish.mode {
                @let more = (menu.modes.len() > 1).then(|| wish.address(&format!("{own}/how"), menu));
                (row(lang, texts::SERVED, html! { (say::mode(mode).of(lang)) }, more))
            }
            (row(lang, texts::LISTED, html! { (say::money(lang, quote.charge_fen)) }, None))
            (paid(lang, person, quote.resident_fen))
        }
        (form(look, html! {
            (wish.hidden(menu, &[]))
            @if let Some(reserved) = &sitting.reserved { (forms::version(reserved.version)) }
            (button(act.of(lang)))
        }))
        p { (texts::PAID_AT_DESK.of(lang)) " " (texts::CAN_UNDO_UNTIL.with(lang, &[("until", &until)])) }
        (reasons(lang, person, quote))
        p { a .quiet href=(portions) { (texts::HOW_MANY.of(lang)) } }
    };
    about(look, person, title.of(lang), content)
        .back(wish.address(&own, menu))
        .help_from(&sitting.canteen)
        .read_aloud()
}

/// An answer, with the way to change it.
pub fn row(lang: Lang, question: Text, answer: Markup, change: Option<String>) -> Markup {
    html! {
        div {
            dt { (question.of(lang)) }
            dd { (answer) }
            @if let Some(to) = change {
                dd .do { a href=(to) {
                    (shell::CHANGE.of(lang))
                    span .hidden { (shell::CHANGE_WHAT.with(lang, &[("what", &question.of(lang))])) }
                } }
            }
        }
    }
}

/// What is left to pay, in large figures.
pub fn paid(lang: Lang, person: &Person, fen: Fen) -> Markup {
    let question = match person.is_oneself() {
        true => html! { (texts::YOU_PAY.of(lang)) },
        false => texts::PAYS.marked(lang, &[("name", say::recorded(lang, &person.resident.full_name))]),
    };
    html! { div { dt { (question) } dd .price { (say::money(lang, fen)) } } }
}

/// Who pays how much, and why (BR-80: as far as the one who looks may hear it).
pub fn reasons(lang: Lang, person: &Person, quote: &QuoteBody) -> Markup {
    let withheld = !person.acting.hears_reasons();
    html! {
        section {
            h2 { (texts::WHY_TITLE.of(lang)) }
            @if quote.lines.iter().all(|line| line.fen.is_zero()) { p { (texts::NO_SUBSIDY.of(lang)) } }
            ul .sentences {
                @for line in &quote.lines { li { (say::sentence(line.why.get(lang))) } }
                @for reason in &quote.reasons { li { (say::sentence(reason.get(lang))) } }
            }
            @if withheld { p .hint { (texts::WHY_WITHHELD.of(lang)) } }
        }
    }
}

/// `POST /people/{id}/reserve/{menu}/check`: reserves, or changes what is reserved.
pub async fn reserve(visit: Visit<act::Reserve>, path: Path<(ResidentId, MenuId)>, sent: Sent) -> Shown {
    let (id, menu) = path.into_inner();
    let fields = sent.fields.clone();
    // By what was looked at: a change brings the version that it changes.
    let (wish, reserved) = visit
        .allowed()
        .read(move |conn, caller| {
            let person = Person::of(conn, caller, id)?;
            let sitting = Sitting::of(conn, &person, menu)?;
            Ok((Wish::of(&fields, &sitting.menu), sitting.reserved.map(|reservation| reservation.id)))
        })
        .await?;
    let done = match (sent.fields.version(), reserved) {
        (Ok(version), Some(reservation)) => {
            change(&visit, &sent, reservation, version, &wish).await.map(|id| (id, "changed"))
        }
        (Ok(_), None) => Err(Code::Stale.into()),
        (Err(_), _) => place_new(&visit, &sent, id, menu, &wish).await.map(|id| (id, "placed")),
    };
    match done {
        Ok((reservation, done)) => Ok(go(&address(&meal_page(id, reservation), [("done", done)]))),
        // The menu was changed since: the record's word comes first.
        Err(problem) if problem.code == Code::DietConflict => Ok(go(&visit.look().here)),
        Err(problem) => or_wait(Err(problem), id, menu),
    }
}

async fn place_new(
    visit: &Visit<act::Reserve>,
    sent: &Sent,
    resident: ResidentId,
    menu: MenuId,
    wish: &Wish,
) -> Result<ReservationId, Problem> {
    let new = NewReservation {
        menu_id: menu,
        resident_id: Some(resident),
        card_number: None,
        mode: wish.mode.ok_or(Code::ModeNotOffered)?,
        lines: wish.picks.clone(),
        confirmed_allergens: confirmed(wish),
        channel: None,
    };
    Ok(place(visit.api(), sent.keyed(new)).await.and_then(Answer::into_body)?.id)
}

async fn change(
    visit: &Visit<act::Reserve>,
    sent: &Sent,
    reservation: ReservationId,
    version: i32,
    wish: &Wish,
) -> Result<ReservationId, Problem> {
    let change = ReservationChange {
        mode: wish.mode.ok_or(Code::ModeNotOffered)?,
        lines: wish.picks.clone(),
        confirmed_allergens: confirmed(wish),
    };
    visit
        .once(sent, move |conn: &mut Conn, caller: &Caller, _| {
            Ok(change_reservation(conn, caller, reservation, version, &change)?.id)
        })
        .await
}

fn confirmed(wish: &Wish) -> Vec<Slug> {
    wish.confirmed.iter().filter_map(|word| Slug::parse(word).ok()).collect()
}
