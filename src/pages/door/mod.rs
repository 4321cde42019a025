//! The door: volunteers and staff check in whoever comes to eat, by card, number or name.
//!
//! One page does it all, without a script: the answer to the last check-in stands on top, the field for the next one is
//! ready below it, then the numbers and everybody who is still missing. With a script the same page goes on without a
//! network (`phone`).

mod answer;
pub mod enrol;
mod list;
pub mod phone;
mod tapper;
pub mod undo;
mod who;

use actix_web::{ResponseError, web::Path};
use maud::{Markup, html};

use self::{answer::Said, list::Door, phone::Keeping, who::Who};
use crate::{
    access::act,
    api::Body,
    attendance::{
        self, TapKind,
        http::{CheckIn, CheckInAnswer, DoorAnswer, Point, door_answer},
    },
    canteens,
    db::Conn,
    ids::{AccountId, AttendanceId, CanteenId, MenuId, TapId},
    menus::{self, MenuStatus},
    pages::{
        assets::DOOR,
        forms::{Asked, Errors, Kind, Line, Sent, address, button, hidden},
        say,
        shell::Page,
        texts::{Text, door as texts},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail, Problem},
};

/// What is typed or scanned.
const TYPED: &str = "typed";
/// The reservation that was tapped.
const RESERVATION: &str = "reservation";
/// What is to be recorded.
const KIND: &str = "kind";
/// The attendance that was just recorded.
const DONE: &str = "done";
/// The letters by which somebody is looked for.
const FIND: &str = "find";

/// The address of the door of a meal.
fn home(canteen: CanteenId, menu: MenuId) -> String {
    format!("/door/{canteen}/{menu}")
}

/// `GET /door/{id}`: straight to today's meal, or which of them.
pub async fn meals(visit: Visit<act::ReadDoorList>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    let id = *id;
    let today = visit.allowed().read(move |conn, caller| {
        let canteen = canteens::find(conn, id)?;
        caller.on_duty(&canteen.site())?;
        let today = canteen.today(caller.now);
        let mut menus = menus::between(conn, id, today, today)?;
        menus.retain(|menu| menu.is_public());
        Ok((canteen, menus))
    });
    let (canteen, menus) = today.await?;
    if let ([only], true) = (menus.as_slice(), query.get("all").is_empty()) {
        return Ok(go(&home(id, only.id)));
    }
    visit
        .show(move |_, caller, look| {
            let lang = look.lang;
            let now = caller.now;
            let content = html! {
                @if menus.is_empty() { p .lead { (texts::DOOR_NO_MEAL_WHAT.of(lang)) } }
                ul .cards {
                    @for menu in &menus {
                        @let (from, to) = (say::clock(canteen.zone, menu.serves_from_at),
                            say::clock(canteen.zone, menu.serves_to_at));
                        li { a .card href=(home(canteen.id, menu.id)) {
                            span .strong { (say::sentence(say::period(menu.period).of(lang))) }
                            span .hint {
                                (texts::DOOR_SERVED.with(lang, &[("from", &from), ("to", &to)]))
                                @if menu.status == MenuStatus::Closed || menu.closes_at() <= now {
                                    " · " (texts::BOARD_OVER.of(lang))
                                }
                            }
                        } }
                    }
                }
            };
            let title = if menus.is_empty() { texts::DOOR_NO_MEAL } else { texts::DOOR_WHICH };
            Ok(Page::new(title.of(lang), content).help_from(&canteen).back("/home"))
        })
        .await
}

/// `GET /door/{id}/{menu}`
pub async fn show(
    visit: Visit<act::ReadDoorList>,
    path: Path<(CanteenId, MenuId)>,
    Asked(query): Asked,
    keeping: Keeping,
) -> Shown {
    let (canteen, menu) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let by = tapper::named(&query);
            let door = Door::open(conn, caller, canteen, menu)?.tapped_by(by);
            if keeping.0 {
                return Ok(page(look, &door.without_people(), Heard::nothing(), "").kept());
            }
            if let Some(people) = tapper::to_name(conn, caller, by)? {
                return Ok(tapper::question(look, &door, &people));
            }
            let find = query.get(FIND);
            let said = match query.get(DONE).parse() {
                Ok(id) => recorded(conn, look, &door, id)?,
                Err(_) if !find.is_empty() && door.found(find).next().is_none() => {
                    Some(Said::nobody(look.lang, find))
                }
                Err(_) => None,
            };
            Ok(page(look, &door, Heard { said, who: None }, find))
        })
        .await
}

/// What became of an attendance at this door.
fn recorded(conn: &mut Conn, look: &Look, door: &Door, id: AttendanceId) -> Result<Option<Said>, Fail> {
    let attendance = attendance::find(conn, id)?;
    if attendance.menu_id != door.menu.id {
        return Ok(None);
    }
    Ok(Some(Said::of(look.lang, &door_answer(conn, &door.menu, &attendance)?)))
}

/// `POST /door/{id}/{menu}`: checks somebody in, or finds out who it is.
pub async fn act(
    visit: Visit<act::CheckIn>,
    door: Visit<act::ReadDoorList>,
    path: Path<(CanteenId, MenuId)>,
    sent: Sent,
) -> Shown {
    let (canteen, menu) = path.into_inner();
    let kind = TapKind::from_word(sent.fields.get(KIND)).unwrap_or(TapKind::Reserved);
    let who = Who::of(&sent.fields);
    let by = tapper::named(&sent.fields);
    match &who {
        Who::Letters(typed) => return Ok(go(&on(canteen, menu, by, FIND, typed))),
        Who::Nobody if matches!(kind, TapKind::Reserved | TapKind::WalkIn | TapKind::Second) => {
            return show_errors(&door, canteen, menu, by).await;
        }
        Who::Nobody | Who::Reservation(_) | Who::Code(_) | Who::Number(_) => {}
    }
    let tap = CheckIn { by, ..check_in(sent.id(&who.about(kind)), kind, &who) };
    match record(&visit, menu, tap).await {
        Ok(answer) => Ok(go(&on(canteen, menu, by, DONE, &answer.attendance_id.to_string()))),
        Err(problem) if answer::is_answer(problem.code) => {
            refused(&door, (canteen, menu, by), who, problem).await
        }
        Err(problem) => Err(problem),
    }
}

/// The door with something to show on it.
fn on(canteen: CanteenId, menu: MenuId, by: Option<AccountId>, what: &str, value: &str) -> String {
    let by = by.map(|by| (tapper::BY, by.to_string()));
    address(&home(canteen, menu), by.into_iter().chain([(what, value.to_owned())]))
}

/// The tap that is recorded for this person.
fn check_in(id: TapId, kind: TapKind, who: &Who) -> CheckIn {
    let mut tap = CheckIn {
        tap_id: id,
        kind,
        reservation_id: None,
        card_number: None,
        card_code: None,
        card_hash: None,
        resident_id: None,
        lines: None,
        mode: None,
        tapped_at: None,
        by: None,
        point: Some(Point::Door),
    };
    match who {
        Who::Reservation(id) => tap.reservation_id = Some(*id),
        Who::Code(code) => tap.card_code = Some(code.clone()),
        Who::Number(number) => tap.card_number = Some(number.clone()),
        Who::Letters(_) | Who::Nobody => {}
    }
    tap
}

/// Records a tap as the API does. Fails with the word with which it is refused.
async fn record(visit: &Visit<act::CheckIn>, menu: MenuId, tap: CheckIn) -> Result<DoorAnswer, Problem> {
    let tap = CheckIn { point: Some(Point::Door), ..tap };
    let answer = attendance::http::check_in(visit.api(), Path::from(menu), Body(tap)).await?;
    match answer.fresh_body() {
        Some(CheckInAnswer::Door(door)) => Ok(door.clone()),
        Some(CheckInAnswer::Desk(desk)) => Ok(desk.door.clone()),
        None => Err(Code::Internal.into()),
    }
}

/// The page with the word of refusal on top, and what can be done instead.
async fn refused(
    visit: &Visit<act::ReadDoorList>,
    (canteen, menu, by): (CanteenId, MenuId, Option<AccountId>),
    who: Who,
    problem: Problem,
) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let door = Door::open(conn, caller, canteen, menu)?.tapped_by(by);
            let name = door.list.expected.iter().find(|expected| who.is(expected));
            let name = name.map(|expected| expected.full_name.as_str());
            let said = Some(Said::refused(look.lang, &door.canteen, &problem, name));
            let status = problem.status_code();
            Ok(page(look, &door, Heard { said, who: Some(who) }, "").with_status(status))
        })
        .await
}

async fn show_errors(
    visit: &Visit<act::ReadDoorList>,
    canteen: CanteenId,
    menu: MenuId,
    by: Option<AccountId>,
) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let door = Door::open(conn, caller, canteen, menu)?.tapped_by(by);
            let errors = Errors::at(TYPED, texts::FIELD_EMPTY.of(look.lang));
            Ok(page_with(look, &door, Heard::nothing(), "", errors))
        })
        .await
}

/// The answer to the last tap, if there was one, and who it was about.
struct Heard {
    said: Option<Said>,
    who: Option<Who>,
}

impl Heard {
    fn nothing() -> Heard {
        Heard { said: None, who: None }
    }
}

fn page(look: &Look, door: &Door, heard: Heard, find: &str) -> Page {
    page_with(look, door, heard, find, Errors::none())
}

fn page_with(look: &Look, door: &Door, heard: Heard, find: &str, errors: Errors) -> Page {
    let lang = look.lang;
    let finds = !find.is_empty() && door.found(find).next().is_some();
    let content = html! {
        (phone::config(look, door))
        div #said .said data-tone=[heard.said.as_ref().map(|said| said.tone.as_str())] {
            @if let Some(said) = &heard.said { (said_below(look, door, said, heard.who.as_ref())) }
        }
        @if finds { (door.found_list(look, find)) }
        (phone::warnings(lang))
        (field(look, door, !finds && errors.is_empty(), &errors))
        (phone::camera(lang))
        (door.tally(lang))
        (phone::state(lang))
        (door.missing_list(look))
        (door.came_lists(lang))
        (nobody(look, door))
        ul .ways {
            @if door.by.is_some() { li { a href=(door.home()) { (texts::TAPPER_OTHER.of(lang)) } } }
            li { a href={ "/door/" (door.canteen.id) "?all=1" } { (texts::DOOR_TO_MEALS.of(lang)) } }
        }
    };
    let title = texts::DOOR.with(lang, &[("meal", &door.meal(lang))]);
    let page = match &heard.said {
        Some(said) => Page::new(said.title.plain(), content).heading(said.heading(lang)).about(title),
        None if finds => Page::new(title, content).about(texts::FIND_TITLE.of(lang)),
        None => Page::new(title, content),
    };
    page.help_from(&door.canteen).with_script(&DOOR).errors(errors)
}

/// What stands below the answer's title: what is eaten and heeded, what can be recorded instead, and the way back.
fn said_below(look: &Look, door: &Door, said: &Said, who: Option<&Who>) -> Markup {
    let lang = look.lang;
    html! {
        (said.lines(lang))
        @if let (Some(kind), Some(who)) = (said.offer, who) {
            (door.form(look, html! {
                (hidden(KIND, kind.as_str()))
                @if kind != TapKind::Guest { (who.again()) }
                (button(offered(kind).of(lang)))
            }))
        }
        @if let Some(id) = said.attendance_id { p { (undo::link(lang, door, id)) } }
    }
}

/// The button that records this instead of what was refused.
fn offered(kind: TapKind) -> Text {
    match kind {
        TapKind::WalkIn => texts::OFFER_WALK_IN,
        TapKind::Second => texts::OFFER_SECOND,
        TapKind::Reserved => texts::OFFER_RESERVED,
        TapKind::Guest | TapKind::Staff | TapKind::Volunteer => texts::OFFER_GUEST,
    }
}

/// The field into which scanners type, with its button. It has the focus unless something else is to be pressed first.
fn field(look: &Look, door: &Door, focus: bool, errors: &Errors) -> Markup {
    let lang = look.lang;
    let line = Line {
        name: TYPED,
        label: texts::FIELD.of(lang),
        hint: None,
        kind: Kind::Scanned { focus },
        autocomplete: "off",
    };
    door.form(
        look,
        html! {
            div #scan .scan { (line.field("", errors)) (button(texts::FIELD_BUTTON.of(lang))) }
        },
    )
}

/// Meals of people who are no registered residents.
fn nobody(look: &Look, door: &Door) -> Markup {
    let lang = look.lang;
    let kinds = [
        (TapKind::Guest, texts::GUEST),
        (TapKind::Volunteer, texts::VOLUNTEER_MEAL),
        (TapKind::Staff, texts::STAFF_MEAL),
    ];
    html! {
        details #nobody .besides {
            summary { (texts::NOBODY_TITLE.of(lang)) }
            p { (texts::NOBODY_WHAT.of(lang)) }
            (door.form(look, html! {
                ul .people {
                    @for (kind, text) in kinds {
                        li { button .person type="submit" name=(KIND) value=(kind.as_str()) {
                            span .strong { (text.of(lang)) }
                        } }
                    }
                }
            }))
        }
    }
}
