//! What is due at the desk on a day: from whoever was served, and from whoever is still to come.

use std::collections::HashMap;

use actix_web::web::Path;
use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use super::{Desk, Room, home_of};
use crate::{
    access::act,
    attendance::{self, Attendance, AttendanceStatus},
    clock::At,
    db::Conn,
    ids::{CanteenId, QuoteId, ResidentId},
    menus::{self, Menu},
    money::Fen,
    pages::{
        forms::{Asked, address, day},
        say,
        texts::{desk as texts, shell},
        visit::{Shown, Visit},
    },
    problem::Fail,
    reservations::{self, Reservation},
    residents::{self, Resident},
    subsidies,
    words::Lang,
};

/// `GET /desk/{id}/due?on=2026-11-22`: today where no day is named.
pub async fn show(visit: Visit<act::ReadAttendance>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let desk = Desk::of(conn, caller, *id)?;
            let today = desk.canteen.today(caller.now);
            let on = day(query.get("on")).unwrap_or(today);
            let meals = menus::between(conn, desk.duty.canteen(), on, on)?;
            let mut parts = Vec::new();
            let mut sum = Fen::ZERO;
            for menu in meals.iter().filter(|menu| menu.is_public()) {
                let meal = Owed::of(conn, menu, caller.now)?;
                sum += meal.served();
                parts.push(meal.shown(lang, menu));
            }
            let page = format!("{}/due", home_of(*id));
            let said = say::day(lang, on, today);
            let content = html! {
                p .lead { (texts::DUE_SUM.with(lang, &[("day", &say::sentence(&said)), ("money", &say::money(lang, sum))])) }
                p { (texts::DUE_WHAT.of(lang)) }
                @if parts.is_empty() { p { (texts::DUE_NO_MEALS.of(lang)) } }
                @for part in &parts { (part) }
                ul .ways {
                    @for (other, text) in [(on - Days::new(1), texts::DAY_BEFORE), (on + Days::new(1), texts::DAY_AFTER)] {
                        li { a href=(address(&page, [("on", other.to_string())])) { (text.of(lang)) } }
                    }
                }
                p .hint .screen { (shell::PRINT_HINT.of(lang)) }
            };
            Ok(desk.page(lang, Room::Due, titled(lang, on, today), content).back(desk.home()))
        })
        .await
}

fn titled(lang: Lang, on: NaiveDate, today: NaiveDate) -> String {
    texts::DUE_TITLE.with(lang, &[("day", &say::day(lang, on, today))])
}

/// What is owed for one meal.
struct Owed {
    served: Vec<Attendance>,
    /// Who is still expected, and what was promised to be due.
    expected: Vec<(Reservation, Fen)>,
    residents: HashMap<ResidentId, Resident>,
}

impl Owed {
    fn of(conn: &mut Conn, menu: &Menu, now: At) -> Result<Owed, Fail> {
        let served: Vec<Attendance> = attendance::of_menu(conn, menu.id)?
            .into_iter()
            .filter(|one| one.status == AttendanceStatus::Served)
            .collect();
        let open =
            if menu.closes_at() > now { reservations::active_of_menu(conn, menu.id)? } else { Vec::new() };
        let open: Vec<Reservation> = open.into_iter().filter(|reservation| !reservation.served).collect();
        let quotes: Vec<QuoteId> = open.iter().map(|reservation| reservation.quote_id).collect();
        let quotes = subsidies::by_ids(conn, &quotes)?;
        let due: HashMap<QuoteId, Fen> =
            quotes.into_iter().map(|kept| (kept.id, kept.quote.resident_fen)).collect();
        let expected: Vec<(Reservation, Fen)> = open
            .into_iter()
            .map(|reservation| {
                let fen = due.get(&reservation.quote_id).copied().unwrap_or(Fen::ZERO);
                (reservation, fen)
            })
            .collect();
        let mut ids: Vec<ResidentId> = served.iter().filter_map(|one| one.resident_id).collect();
        ids.extend(expected.iter().map(|(reservation, _)| reservation.resident_id));
        ids.sort_unstable();
        ids.dedup();
        let residents = residents::by_ids(conn, &ids)?.into_iter().map(|one| (one.id, one)).collect();
        Ok(Owed { served, expected, residents })
    }

    fn served(&self) -> Fen {
        self.served.iter().map(|one| one.due_fen).sum()
    }

    fn shown(&self, lang: Lang, menu: &Menu) -> Markup {
        let expected: Fen = self.expected.iter().map(|(_, fen)| *fen).sum();
        let row = |who: Markup, fen: Fen| {
            html! {
                li { span .item { span { (who) } span .price { (say::money(lang, fen)) } } }
            }
        };
        let total = |count: usize, fen: Fen| {
            texts::DUE_TOTAL.with(lang, &[("count", &count), ("money", &say::money(lang, fen))])
        };
        html! {
            h2 { (say::sentence(say::period(menu.period).of(lang))) }
            div .columns {
                section {
                    h3 { (texts::DUE_SERVED.of(lang)) }
                    p .strong { (total(self.served.len(), self.served())) }
                    ul .items { @for one in &self.served { (row(self.eater(lang, one), one.due_fen)) } }
                }
                section {
                    h3 { (texts::DUE_EXPECTED.of(lang)) }
                    p .strong { (total(self.expected.len(), expected)) }
                    ul .items {
                        @for (reservation, fen) in &self.expected { (row(self.name(lang, reservation.resident_id), *fen)) }
                    }
                }
            }
        }
    }

    /// Whoever ate: a resident, or a guest.
    fn eater(&self, lang: Lang, one: &Attendance) -> Markup {
        let class = one.class.said();
        match one.resident_id {
            Some(id) => html! {
                (self.name(lang, id))
                @if one.class != crate::words::MealClass::Meal { " (" (class.get(lang)) ")" }
            },
            None => html! { (class.get(lang)) },
        }
    }

    fn name(&self, lang: Lang, id: ResidentId) -> Markup {
        let Some(resident) = self.residents.get(&id) else { return html! {} };
        html! {
            (say::recorded(lang, &resident.full_name))
            " " span .hint { (texts::CARD.with(lang, &[("number", &resident.card_number)])) }
        }
    }
}
