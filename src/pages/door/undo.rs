//! Taking a check-in back: nothing is overwritten, it is voided with a reason (BR-35).

use actix_web::web::Path;
use maud::{Markup, html};

use super::{
    DONE,
    answer::Said,
    list::Door,
    on,
    tapper::{BY, named},
};
use crate::{
    access::act,
    attendance::{
        self,
        http::{VoidAttendance, door_answer},
    },
    ids::{AttendanceId, CanteenId, MenuId},
    pages::{
        forms::{Asked, Choice, Errors, Legend, Sent, address, button, form, one_of},
        shell::Page,
        texts::{Text, door as texts, shell},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Problem},
    text::Line,
    words::Lang,
};

/// Why a check-in is taken back: the word in the form, and what is kept.
const REASONS: &[(&str, Text)] = &[
    ("wrong_person", texts::UNDO_WRONG_PERSON),
    ("not_here", texts::UNDO_NOT_HERE),
    ("twice", texts::UNDO_TWICE),
];

/// Where a check-in is taken back.
fn at(door: &Door, id: AttendanceId) -> String {
    let by = door.by.map(|by| (BY, by.to_string()));
    address(&format!("{}/undo/{id}", door.home()), by)
}

/// The way to take a check-in back.
pub fn link(lang: Lang, door: &Door, id: AttendanceId) -> Markup {
    html! { a href=(at(door, id)) { (texts::UNDO.of(lang)) } }
}

/// `GET /door/{id}/{menu}/undo/{attendance}`
pub async fn show(visit: Visit<act::ReadDoorList>, path: Path<(CanteenId, MenuId, AttendanceId)>) -> Shown {
    page(visit, path.into_inner(), Errors::none()).await
}

async fn page(
    visit: Visit<act::ReadDoorList>,
    (canteen, menu, id): (CanteenId, MenuId, AttendanceId),
    errors: Errors,
) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let door = Door::open(conn, caller, canteen, menu)?;
            let attendance = attendance::find(conn, id)?;
            if attendance.menu_id != door.menu.id {
                return Err(Code::AttendanceNotFound.into());
            }
            let said = Said::of(lang, &door_answer(conn, &door.menu, &attendance)?);
            let content = html! {
                div .meal {
                    p .strong { (said.title.markup(lang)) }
                    (said.lines(lang))
                    p .number { (door.clock(attendance.served_at)) }
                }
                @if said.attendance_id.is_some() { (question(look, &errors)) }
                p .hint { (texts::UNDO_OWN.of(lang)) }
            };
            Ok(Page::new(texts::UNDO_TITLE.of(lang), content).back(door.home()).errors(errors))
        })
        .await
}

fn question(look: &Look, errors: &Errors) -> Markup {
    let lang = look.lang;
    let choices: Vec<Choice> =
        REASONS.iter().map(|(word, text)| Choice::new(*word, html! { (text.of(lang)) })).collect();
    form(
        look,
        html! {
            (one_of("reason", Legend::Shown(texts::UNDO_WHY.of(lang)), &choices, "", errors))
            (button(texts::UNDO_BUTTON.of(lang)))
        },
    )
}

/// `POST /door/{id}/{menu}/undo/{attendance}`
pub async fn undo(
    visit: Visit<act::VoidAttendance>,
    door: Visit<act::ReadDoorList>,
    path: Path<(CanteenId, MenuId, AttendanceId)>,
    Asked(query): Asked,
    sent: Sent,
) -> Shown {
    let (canteen, menu, id) = path.into_inner();
    let by = named(&query);
    let word = sent.fields.get("reason");
    let Some((_, reason)) = REASONS.iter().find(|(known, _)| *known == word) else {
        let errors = Errors::at("reason", shell::CHOOSE_ONE.of(visit.lang()));
        return page(door, (canteen, menu, id), errors).await;
    };
    let reason = Line::parse(reason.of(Lang::Zh)).map_err(|_| Problem::new(Code::BadField))?;
    attendance::http::void(visit.api(), Path::from(id), sent.keyed(VoidAttendance { by, reason })).await?;
    Ok(go(&on(canteen, menu, by, DONE, &id.to_string())))
}
