//! The meals that are reserved: each with its price and why, until when it can be changed, and cancelling it.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    Person, Sitting,
    check::{paid, reasons, row},
    choose::about,
    dishes, home, meal_page, reserve_page, waiting,
    wish::Wish,
};
use crate::{
    access::act,
    api::Answer,
    clock::At,
    db::Conn,
    ids::{ReservationId, ResidentId},
    pages::{
        forms::{Asked, Sent, address, button, form},
        say,
        shell::Page,
        texts::resident as texts,
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    reservations::{self, CancelledAs, Reservation, ReservationStatus},
    subsidies::{self, http::QuoteBody},
    words::Lang,
};

/// `GET /people/{id}/meals`
pub async fn list(visit: Visit<act::ReadReservations>, id: Path<ResidentId>) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, *id)?;
            let next = home::upcoming(conn, &person, caller.now)?;
            let content = html! {
                (home::list(conn, look, &person, &next, caller.now)?)
                (waiting::list(conn, look, &person, caller.now)?)
                p { a .button href={ (person.home()) "/reserve" } { (texts::RESERVE_OTHER.of(lang)) } }
                ul .ways { li { a href={ (person.home()) "/past" } { (texts::TO_PAST.of(lang)) } } }
            };
            Ok(about(look, &person, texts::MEALS_TITLE.of(lang), content).back(person.home()))
        })
        .await
}

/// A reservation of the resident whom the page is about, with its meal and what was promised.
struct Booked {
    reservation: Reservation,
    sitting: Sitting,
    quote: QuoteBody,
}

impl Booked {
    /// Fails with `reservation_not_found` for another resident's.
    fn of(conn: &mut Conn, person: &Person, id: ReservationId) -> Result<Booked, Fail> {
        let reservation = reservations::find(conn, id)?;
        if reservation.resident_id != person.resident.id {
            return Err(Code::ReservationNotFound.into());
        }
        let menu = crate::menus::find(conn, reservation.menu_id)?;
        let canteen = crate::canteens::find(conn, menu.canteen_id)?;
        let quote = subsidies::find(conn, reservation.quote_id)?.quote;
        let quote = QuoteBody::heard(conn, &quote, person.acting.hears_reasons(), None)?;
        Ok(Booked { reservation, sitting: Sitting { menu, canteen, reserved: None }, quote })
    }

    fn stands(&self) -> bool {
        self.reservation.status == ReservationStatus::Active
    }

    /// Whether it can be changed and cancelled without staff.
    fn is_free(&self, now: At) -> bool {
        self.stands() && !self.reservation.served && self.sitting.menu.cutoff_at >= now
    }

    fn until(&self, lang: Lang, now: At) -> String {
        say::moment(lang, self.sitting.canteen.zone, self.sitting.menu.cutoff_at, now)
    }
}

/// `GET /people/{id}/meals/{reservation}`: one meal; right after something was done, that comes first.
pub async fn one(
    visit: Visit<act::ReadReservations>,
    path: Path<(ResidentId, ReservationId)>,
    Asked(query): Asked,
) -> Shown {
    let (id, reservation) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let booked = Booked::of(conn, &person, reservation)?;
            Ok(one_page(look, &person, &booked, query.get("done"), caller.now))
        })
        .await
}

fn one_page(look: &Look, person: &Person, booked: &Booked, done: &str, now: At) -> Page {
    let lang = look.lang;
    let meal = say::sentence(&booked.sitting.name(lang, now));
    let title = match (booked.stands(), done) {
        (false, _) => texts::CANCELLED_TITLE.of(lang).to_owned(),
        (true, "placed") => texts::DONE_TITLE.of(lang).to_owned(),
        (true, "changed") => texts::CHANGED_TITLE.of(lang).to_owned(),
        (true, _) => meal.clone(),
    };
    let by_canteen = booked.reservation.cancelled_as == Some(CancelledAs::ByCanteen);
    let content = html! {
        @if by_canteen { p .warning { (texts::CANCELLED_BY_CANTEEN.of(lang)) } }
        @if booked.stands() && booked.reservation.edition < booked.sitting.menu.edition {
            p .warning { (texts::MENU_CHANGED.of(lang)) }
        }
        (facts(lang, person, booked, &meal))
        (what_next(look, person, booked, now))
        (reasons(lang, person, &booked.quote))
    };
    let page = about(look, person, title.clone(), content)
        .back(format!("{}/meals", person.home()))
        .help_from(&booked.sitting.canteen)
        .read_aloud();
    // The window's title says which meal.
    match (title == meal, person.is_oneself()) {
        (true, _) => page,
        (false, true) => page.about(meal),
        (false, false) => page.about(format!("{} · {meal}", person.resident.full_name)),
    }
}

fn facts(lang: Lang, person: &Person, booked: &Booked, meal: &str) -> Markup {
    let Booked { reservation, sitting, quote } = booked;
    let (from, to) = (sitting.menu.serves_from_at, sitting.menu.serves_to_at);
    let zone = sitting.canteen.zone;
    html! {
        dl .answers {
            @if !person.is_oneself() {
                (row(lang, texts::FOR_WHOM, say::recorded(lang, &person.resident.full_name), None))
            }
            (row(lang, texts::MEAL, html! { (meal) }, None))
            (row(lang, texts::TIME, html! { (say::clock(zone, from)) "–" (say::clock(zone, to)) }, None))
            (row(lang, texts::WHERE, html! {
                (say::recorded(lang, &sitting.canteen.name)) br; (say::recorded(lang, &sitting.canteen.address))
            }, None))
            (row(lang, texts::EATEN, dishes(lang, &sitting.menu, &reservation.lines), None))
            (row(lang, texts::SERVED, html! { (say::mode(reservation.mode).of(lang)) }, None))
            (row(lang, texts::LISTED, html! { (say::money(lang, quote.charge_fen)) }, None))
            (paid(lang, person, quote.resident_fen))
        }
    }
}

/// Changing, cancelling, or having it back; or why no more.
fn what_next(look: &Look, person: &Person, booked: &Booked, now: At) -> Markup {
    let lang = look.lang;
    let Booked { reservation, sitting, .. } = booked;
    let reserve = reserve_page(person.resident.id, sitting.menu.id);
    let until = booked.until(lang, now);
    let open = super::takes_reservations(&sitting.menu, now);
    html! {
        @if booked.is_free(now) {
            p .notice { (texts::CAN_UNDO_UNTIL.with(lang, &[("until", &until)])) }
            p { a .quiet href=(Wish::reserved(reservation).address(&reserve, &sitting.menu)) {
                (texts::CHANGE_MEAL.of(lang))
            } }
            p { a .quiet href={ (meal_page(person.resident.id, reservation.id)) "/cancel" } {
                (texts::CANCEL_MEAL.of(lang))
            } }
        } @else if booked.stands() && reservation.served {
            p .notice { (texts::SERVED_ALREADY.of(lang)) }
        } @else if booked.stands() {
            p .notice { (texts::TOO_LATE.with(lang, &[("until", &until)])) }
        } @else if open {
            p { a .button href=(Wish::reserved(reservation).address(&format!("{reserve}/check"), &sitting.menu)) {
                (texts::RESERVE_AGAIN.of(lang))
            } }
        }
        p { a .quiet href=(person.home()) { (crate::pages::texts::shell::TO_HOME.of(lang)) } }
    }
}

/// `GET /people/{id}/meals/{reservation}/cancel`
pub async fn cancel_form(
    visit: Visit<act::ReadReservations>,
    path: Path<(ResidentId, ReservationId)>,
) -> Shown {
    let (id, reservation) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let person = Person::of(conn, caller, id)?;
            let booked = Booked::of(conn, &person, reservation)?;
            if !booked.is_free(caller.now) {
                let about = format!("{} · {}", person.resident.full_name, texts::CANCEL_TITLE.of(lang));
                return Ok(one_page(look, &person, &booked, "", caller.now).about(about));
            }
            let meal = say::sentence(&booked.sitting.name(lang, caller.now));
            let content = html! {
                (facts(lang, &person, &booked, &meal))
                p { (texts::CANCEL_FREE.of(lang)) }
                (form(look, html! { (button(texts::CANCEL_BUTTON.of(lang))) }))
                p { a .quiet href=(meal_page(id, reservation)) { (texts::KEEP_MEAL.of(lang)) } }
            };
            Ok(Page::new(texts::CANCEL_TITLE.of(lang), content)
                .about(format!("{} · {meal}", person.resident.full_name))
                .back(meal_page(id, reservation))
                .help_from(&booked.sitting.canteen)
                .read_aloud())
        })
        .await
}

/// `POST /people/{id}/meals/{reservation}/cancel`
pub async fn cancel(
    visit: Visit<act::Reserve>,
    path: Path<(ResidentId, ReservationId)>,
    sent: Sent,
) -> Shown {
    let (id, reservation) = path.into_inner();
    reservations::http::cancel(visit.api(), Path::from(reservation), sent.keyed(()))
        .await
        .and_then(Answer::into_body)?;
    Ok(go(&address(&meal_page(id, reservation), [("done", "cancelled")])))
}
