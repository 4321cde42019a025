//! What the door's script needs to go on without a network: the list as a phone keeps it, check-ins one at a time and many
//! at once, the service worker that keeps the page, and the words that the script says.
//!
//! What comes in is recorded by the API's own handlers. The list has no telephone number, no tier and no amount, and no
//! identity number (BR-80); a card is known by the hash of its code.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    dev::Payload,
    http::header::{self, HeaderValue},
    web::Path,
};
use maud::{Markup, html};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    answer::{Said, care, is_answer},
    list::Door,
    record,
    who::Who,
};
use crate::{
    access::act,
    api::{Body, ETag, Held, RequestId},
    attendance::http::{Batch, CheckIn, Expected, ItemAnswer, ItemOutcome, record_batch},
    clock::At,
    ids::{AttendanceId, CanteenId, MenuId, ReservationId, TapId},
    menus::{self, MenuStatus},
    pages::{
        assets::{DOOR, ICON, STYLE, WORKER_SCRIPT},
        forms::SentByScript,
        say,
        texts::{Text, door as texts},
        visit::{Look, Shown, Visit},
    },
    problem::Problem,
    residents::names,
    words::{Lang, Mode},
};

/// Whether the page is asked for to be kept on a phone: without anybody on it.
#[derive(Clone, Copy, Debug)]
pub struct Keeping(pub bool);

impl FromRequest for Keeping {
    type Error = Problem;
    type Future = Ready<Result<Keeping, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Keeping(request.headers().contains_key("Leling-Keep"))))
    }
}

/// Somebody on the list, as a phone keeps them.
#[derive(Debug, Serialize)]
struct Row {
    reservation_id: ReservationId,
    full_name: String,
    /// How the name is typed in Latin letters.
    letters: Vec<String>,
    items: Vec<(String, i32)>,
    /// How it is served, in words; nothing for at a table.
    mode: Option<&'static str>,
    /// Allergies and diet, in words.
    care: Vec<String>,
    card_hash: Option<String>,
    /// When they came, on the canteen's clock.
    came: Option<String>,
    attendance_id: Option<AttendanceId>,
}

/// The list as a phone keeps it, for one canteen and one meal.
#[derive(Debug, Serialize)]
pub struct PhoneList {
    canteen_id: CanteenId,
    menu_id: MenuId,
    /// Who is signed in: whose taps this phone may send.
    account: String,
    /// What this session's scripts send along.
    form_token: String,
    as_of: At,
    /// The phone forgets the list then.
    closes_at: At,
    /// Whether the meal is over: then there is nobody on it.
    over: bool,
    expected: Vec<Row>,
    besides: usize,
}

impl Row {
    fn of(lang: Lang, door: &Door, expected: &Expected) -> Row {
        Row {
            reservation_id: expected.reservation_id,
            full_name: expected.full_name.clone(),
            letters: names::spelt(&expected.full_name),
            items: expected.items.iter().map(|item| (item.name.clone(), item.portions)).collect(),
            mode: (expected.mode != Mode::DineIn).then(|| say::mode(expected.mode).of(lang)),
            care: care(lang, &expected.allergens, &expected.diet_tags),
            card_hash: expected.card_hash.clone(),
            came: expected.served_at.map(|at| door.clock(at)),
            attendance_id: expected.attendance_id,
        }
    }
}

/// `GET /door/{id}/{menu}/list`
pub async fn list(
    request: HttpRequest,
    visit: Visit<act::ReadDoorList>,
    path: Path<(CanteenId, MenuId)>,
    held: Held,
) -> Shown {
    let (canteen, menu) = path.into_inner();
    let (lang, form_token) = (visit.lang(), visit.look().form_token());
    let list = visit.allowed().read(move |conn, caller| {
        let mark = menus::mark(conn, menu)?;
        let now = caller.now;
        let over = mark.status == MenuStatus::Closed || mark.closes_at() <= now;
        let account = caller.key_owner();
        let tag = ETag::of((menu, mark.changes, over, lang.as_str(), &form_token));
        held.or_make(tag, || {
            let door = Door::open(conn, caller, canteen, menu)?;
            let door = if over { door.without_people() } else { door };
            Ok(PhoneList {
                canteen_id: canteen,
                menu_id: menu,
                account,
                form_token,
                as_of: now,
                closes_at: door.menu.closes_at(),
                over,
                expected: door.list.expected.iter().map(|expected| Row::of(lang, &door, expected)).collect(),
                besides: door.list.besides.len(),
            })
        })
    });
    let mut answer = list.await?.respond_to(&request);
    // It is on the phone only where the script puts it, so that the script can take it away.
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("Cookie"));
    Ok(answer)
}

/// What became of a tap: whether it is a meal, and what to say.
#[derive(Debug, Serialize)]
struct Tapped {
    recorded: bool,
    said: Said,
}

/// `POST /door/{id}/{menu}/tap`: one check-in, made with a network.
pub async fn tap(
    visit: Visit<act::CheckIn>,
    door: Visit<act::ReadDoorList>,
    _: SentByScript,
    path: Path<(CanteenId, MenuId)>,
    Body(tap): Body<CheckIn>,
) -> Shown {
    let (canteen, menu) = path.into_inner();
    let lang = visit.lang();
    let who = tap.reservation_id.map_or(Who::Nobody, Who::Reservation);
    let hash = tap.card_hash.as_ref().map(|hash| hash.as_str().to_owned());
    match record(&visit, menu, tap).await {
        Ok(answer) => Ok(visit.look().json(&Tapped { recorded: true, said: Said::of(lang, &answer) })),
        Err(problem) if is_answer(problem.code) => {
            let said = door.allowed().read(move |conn, caller| {
                let door = Door::open(conn, caller, canteen, menu)?;
                let is = |one: &&Expected| who.is(one) || (hash.is_some() && one.card_hash == hash);
                let name = door.list.expected.iter().find(is).map(|expected| expected.full_name.as_str());
                Ok(Said::refused(lang, &door.canteen, &problem, name))
            });
            Ok(visit.look().json(&Tapped { recorded: false, said: said.await? }))
        }
        Err(problem) => Err(problem),
    }
}

/// What became of a tap that was made without a network.
#[derive(Debug, Serialize)]
struct Caught {
    tap_id: Option<TapId>,
    outcome: ItemOutcome,
    /// What was recorded.
    attendance_id: Option<AttendanceId>,
    /// Why it waits for the staff, or was refused.
    words: Option<String>,
}

/// `POST /door/taps`: check-ins that were made without a network, as in a batch of the API's.
pub async fn taps(
    visit: Visit<act::CheckIn>,
    _: SentByScript,
    request: RequestId,
    Body(batch): Body<Batch>,
) -> Shown {
    let lang = visit.lang();
    let answer = record_batch(visit.api(), request, Body(batch)).await?;
    let caught: Vec<Caught> = answer
        .fresh_body()
        .map(|answer| answer.items.iter().map(|item| Caught::of(lang, item)).collect())
        .unwrap_or_default();
    Ok(visit.look().json(&caught))
}

impl Caught {
    fn of(lang: Lang, item: &ItemAnswer) -> Caught {
        let attendance = item.attendance.as_ref();
        let review = attendance.and_then(|attendance| attendance.review_word.as_deref());
        let words = match (review, &item.problem) {
            (Some(word), _) => Some(super::answer::title_of(lang, word)),
            (None, Some(problem)) => problem.title().map(str::to_owned),
            (None, None) => None,
        };
        Caught {
            tap_id: item.tap_id,
            outcome: item.outcome,
            attendance_id: attendance.map(|attendance| attendance.attendance_id),
            words,
        }
    }
}

/// `GET /door/worker.js`: the service worker. It is another one whenever anything changes that it keeps.
pub async fn worker() -> HttpResponse {
    let shell: Vec<&str> = [&*STYLE, &*ICON, &*DOOR].into_iter().map(|asset| asset.path()).collect();
    let shell = serde_json::to_string(&shell).expect("paths are JSON");
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; connect-src 'self'"))
        .body(format!("const SHELL = {shell};\n{WORKER_SCRIPT}"))
}

/// What the script is told: where it is, and its words in the reader's language.
pub fn config(look: &Look, door: &Door) -> Markup {
    let lang = look.lang;
    let words: Map<String, Value> =
        WORDS.iter().map(|(name, text)| ((*name).to_owned(), text.of(lang).into())).collect();
    let words = Value::Object(words).to_string();
    html! { div #door hidden data-canteen=(door.canteen.id) data-menu=(door.menu.id)
    data-by=[door.by] data-zone=(door.canteen.zone.0.name()) data-words=(words) {} }
}

/// What does not work here; the script fills it in.
pub fn warnings(lang: Lang) -> Markup {
    html! {
        noscript { p .notice { (texts::NO_SCRIPT.of(lang)) } }
        div #warning .warning hidden {}
    }
}

/// The camera, where the browser can scan with it.
pub fn camera(lang: Lang) -> Markup {
    html! {
        div #camera hidden {
            button .quiet type="button" aria-pressed="false" { (texts::CAMERA.of(lang)) }
            video playsinline muted hidden aria-label=(texts::CAMERA_VIEW.of(lang)) {}
        }
    }
}

/// What the page says of the connection and of what was sent; the script fills it in.
pub fn state(lang: Lang) -> Markup {
    html! {
        div #state .state hidden {
            p #line role="status" {}
            p #others hidden {}
            button #send .quiet type="button" hidden { (texts::SEND_NOW.of(lang)) }
        }
        div #told hidden {}
    }
}

/// What somebody who signs out is told of check-ins that are still on this phone; the script fills it in.
pub fn leaving(lang: Lang) -> Markup {
    html! {
        div #leaving .warning hidden data-unsent=(texts::SIGN_OUT_UNSENT.of(lang)) {
            p .strong {}
            p { (texts::SIGN_OUT_UNSENT_WHAT.of(lang)) }
            p { a .button href="/home" { (texts::SIGN_OUT_TO_DOOR.of(lang)) } }
        }
    }
}

/// The words that the script says.
const WORDS: &[(&str, Text)] = &[
    ("eat", texts::EAT_WHO),
    ("eat_class", texts::EAT_CLASS),
    ("guest", texts::CLASS_GUEST),
    ("staff", texts::CLASS_STAFF),
    ("volunteer", texts::CLASS_VOLUNTEER),
    ("second", texts::CLASS_SECOND),
    ("walk_in", texts::CLASS_WALK_IN),
    ("already", texts::ALREADY_WHO),
    ("already_at", texts::ALREADY_AT),
    ("kept_on_phone", texts::KEPT_ON_PHONE),
    ("number_offline", texts::NUMBER_OFFLINE),
    ("number_offline_what", texts::NUMBER_OFFLINE_WHAT),
    ("number_keep", texts::NUMBER_KEEP),
    ("not_on_list", texts::NOT_ON_LIST),
    ("not_on_list_what", texts::NOT_ON_LIST_WHAT),
    ("find_title", texts::FIND_TITLE),
    ("find_nobody", texts::FIND_NOBODY),
    ("find_nobody_what", texts::FIND_NOBODY_WHAT),
    ("offer_walk_in", texts::OFFER_WALK_IN),
    ("offer_second", texts::OFFER_SECOND),
    ("offer_reserved", texts::OFFER_RESERVED),
    ("offer_guest", texts::OFFER_GUEST),
    ("undo", texts::UNDO),
    ("undo_here", texts::UNDO_HERE),
    ("undone", texts::UNDONE),
    ("undone_what", texts::UNDONE_WHAT),
    ("came_at", texts::CAME_AT),
    ("list_empty", texts::LIST_EMPTY),
    ("missing_none", texts::MISSING_NONE),
    ("insecure", texts::INSECURE),
    ("insecure_what", texts::INSECURE_WHAT),
    ("old_browser", texts::OLD_BROWSER),
    ("old_browser_what", texts::OLD_BROWSER_WHAT),
    ("online", texts::ONLINE),
    ("offline", texts::OFFLINE),
    ("unsent_none", texts::UNSENT_NONE),
    ("unsent", texts::UNSENT),
    ("unsent_other", texts::UNSENT_OTHER),
    ("send_now", texts::SEND_NOW),
    ("sending", texts::SENDING),
    ("kept", texts::KEPT),
    ("list_wiped", texts::LIST_WIPED),
    ("no_list", texts::NO_LIST),
    ("signed_out", texts::SIGNED_OUT),
    ("sign_in", texts::SIGN_IN_TO_SEND),
    ("to_look_at", texts::TO_LOOK_AT),
    ("told_review", texts::TOLD_REVIEW),
    ("told_refused", texts::TOLD_REFUSED),
    ("somebody", texts::SOMEBODY),
    ("camera", texts::CAMERA),
    ("camera_stop", texts::CAMERA_STOP),
    ("camera_no", texts::CAMERA_NO),
];
