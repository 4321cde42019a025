//! The canteen's phones and screens: adding one, whose code is shown once, and cutting one off.

use actix_web::web::Path;
use maud::html;

use super::{home, on_duty, staff_page};
use crate::{
    access::{
        self, act,
        devices::{Device, Purpose},
    },
    api::Answer,
    clock::At,
    devices::http::{NewDeviceBody, add, own, revoke_device},
    ids::{CanteenId, DeviceId},
    page::Window,
    pages::{
        assets::ONCE,
        forms::{
            self, Asked, Choice, Errors, Fields, Kind, Legend, Line, Sent, address, button, form, one_of,
        },
        say,
        texts::{Text, shell, staff as texts},
        visit::{Shown, Visit, go},
    },
    problem::Code,
    text,
};

fn purpose(purpose: Purpose) -> (Text, Text) {
    match purpose {
        Purpose::Door => (texts::PURPOSE_DOOR, texts::PURPOSE_DOOR_HINT),
        Purpose::Round => (texts::PURPOSE_ROUND, texts::PURPOSE_ROUND_HINT),
        Purpose::Kitchen => (texts::PURPOSE_KITCHEN, texts::PURPOSE_KITCHEN_HINT),
        Purpose::Hall => (texts::PURPOSE_HALL, texts::PURPOSE_HALL_HINT),
    }
}

/// How far a device has come.
fn state(device: &Device, now: At) -> Text {
    match (device.revoked_at, device.enrolled_at) {
        (Some(_), _) => texts::DEVICE_REVOKED,
        (None, Some(_)) => texts::DEVICE_ENROLLED,
        (None, None) if device.code_expires_at > now => texts::DEVICE_WAITING,
        (None, None) => texts::DEVICE_TOO_LATE,
    }
}

/// `GET /staff/{id}/devices`
pub async fn list(visit: Visit<act::ReadDevices>, id: Path<CanteenId>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, *id)?;
            let cursor = Some(query.get("cursor")).filter(|cursor| !cursor.is_empty());
            let window = Window::new(None, cursor)?;
            let found = access::devices::list(conn, &[canteen.id], &window)?;
            let page = window.page(found, |device| device.id);
            let here = format!("{}/devices", home(canteen.id));
            let content = html! {
                p { a .button href={ (here) "/new" } { (texts::DEVICE_ADD.of(lang)) } }
                @if !query.get("revoked").is_empty() {
                    p .notice role="status" { (texts::DEVICE_REVOKED_DONE.of(lang)) }
                }
                @if page.items.is_empty() { p { (texts::DEVICES_NONE.of(lang)) } }
                ul .cards { @for device in &page.items { li { div .card {
                    span .strong { (say::recorded(lang, &device.name)) }
                    span { (purpose(device.purpose).0.of(lang)) " · " (state(device, caller.now).of(lang)) }
                    @if device.revoked_at.is_none() {
                        p { a .quiet href={ (here) "/" (device.id) "/revoke" } {
                            (texts::DEVICE_REVOKE.of(lang))
                            span .hidden { ": " (say::recorded(lang, &device.name)) }
                        } }
                    }
                } } } }
                @if let Some(next) = &page.next {
                    p { a .quiet href=(address(&here, [("cursor", next)])) { (texts::MORE.of(lang)) } }
                }
            };
            Ok(staff_page(lang, texts::DEVICES_TITLE, &canteen, content))
        })
        .await
}

/// `GET /staff/{id}/devices/new`
pub async fn new_form(visit: Visit<act::EditDevices>, id: Path<CanteenId>) -> Shown {
    form_page(&visit, *id, Fields::default(), Errors::none()).await
}

async fn form_page(visit: &Visit<act::EditDevices>, id: CanteenId, typed: Fields, errors: Errors) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let choices: Vec<Choice> = Purpose::ALL
                .iter()
                .map(|one| {
                    let (label, hint) = purpose(*one);
                    Choice::new(one.as_str(), html! { (label.of(lang)) }).hint(html! { (hint.of(lang)) })
                })
                .collect();
            let name = Line {
                name: "name",
                label: texts::DEVICE_NAME.of(lang),
                hint: Some(texts::DEVICE_NAME_HINT.of(lang)),
                kind: Kind::Text,
                autocomplete: "off",
            };
            let legend = Legend::Shown(texts::DEVICE_PURPOSE.of(lang));
            let content = form(
                look,
                html! {
                    (name.field(typed.get("name"), &errors))
                    (one_of("purpose", legend, &choices, typed.get("purpose"), &errors))
                    (button(texts::DEVICE_ADD_BUTTON.of(lang)))
                },
            );
            Ok(staff_page(lang, texts::DEVICE_ADD, &canteen, content)
                .back(format!("{}/devices", home(canteen.id)))
                .errors(errors)
                .with_script(&ONCE))
        })
        .await
}

/// `POST /staff/{id}/devices/new`: the answer shows the code, this once.
pub async fn enrol(visit: Visit<act::EditDevices>, id: Path<CanteenId>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let mut errors = Errors::none();
    let name =
        text::Line::parse(sent.fields.get("name")).map_err(|_| texts::DEVICE_NAME_WRONG.of(lang).to_owned());
    let name = errors.keep("name", name);
    let purpose = Purpose::from_word(sent.fields.get("purpose"));
    let purpose = errors.keep("purpose", purpose.ok_or_else(|| shell::CHOOSE_ONE.of(lang).to_owned()));
    let (Some(name), Some(purpose)) = (name, purpose) else {
        return form_page(&visit, *id, sent.fields.clone(), errors).await;
    };
    let new = NewDeviceBody { canteen_id: *id, name, purpose };
    let added = add(visit.api(), sent.keyed(new)).await.and_then(Answer::into_body)?;
    visit
        .show(move |conn, caller, look| {
            let (canteen, _) = on_duty(conn, caller, *id)?;
            let until = say::moment(lang, canteen.zone, added.device.code_expires_at, caller.now);
            let revoke = format!("{}/devices/{}/revoke", home(canteen.id), added.device.id);
            let content = html! {
                p { (texts::DEVICE_FOR.marked(lang, &[("name", say::recorded(lang, &added.device.name))])) }
                @match &added.enrolment_code {
                    Some(code) => {
                        p #code .code { (code) }
                        p .lead { (texts::CODE_HOW.of(lang)) }
                        p .warning { (texts::CODE_UNTIL.with(lang, &[("until", &until)])) }
                    }
                    None => {
                        p .warning { (texts::CODE_SHOWN_ALREADY.of(lang)) }
                        p { a .quiet href=(revoke) { (texts::DEVICE_REVOKE.of(lang)) } }
                    }
                }
                p { a .quiet href={ (home(canteen.id)) "/devices" } { (texts::DEVICES_TITLE.of(lang)) } }
            };
            Ok(staff_page(look.lang, texts::CODE_TITLE, &canteen, content)
                .about(format!("{} · {}", added.device.name, canteen.name))
                .back(format!("{}/devices", home(canteen.id))))
        })
        .await
}

/// `GET /staff/{id}/devices/{device}/revoke`
pub async fn revoke_form(visit: Visit<act::EditDevices>, path: Path<(CanteenId, DeviceId)>) -> Shown {
    let (id, device) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let (device, _) = own(conn, caller, device)?;
            if device.canteen_id != canteen.id {
                return Err(Code::DeviceNotFound.into());
            }
            let content = html! {
                p .lead { (texts::DEVICE_FOR.marked(lang, &[("name", say::recorded(lang, &device.name))])) " "
                    (purpose(device.purpose).0.of(lang)) " · " (state(&device, caller.now).of(lang)) }
                p { (texts::REVOKE_MEANS.of(lang)) }
                (form(look, html! {
                    (forms::version(device.version))
                    button .button .danger type="submit" { (texts::REVOKE_BUTTON.of(lang)) }
                }))
            };
            Ok(staff_page(lang, texts::DEVICE_REVOKE, &canteen, content)
                .about(format!("{} · {}", device.name, canteen.name))
                .back(format!("{}/devices", home(canteen.id))))
        })
        .await
}

/// `POST /staff/{id}/devices/{device}/revoke`
pub async fn revoke(visit: Visit<act::EditDevices>, path: Path<(CanteenId, DeviceId)>, sent: Sent) -> Shown {
    let (id, device) = path.into_inner();
    let version = sent.fields.version()?;
    visit.once(&sent, move |conn, caller, _| revoke_device(conn, caller, device, version)).await?;
    Ok(go(&address(&format!("{}/devices", home(id)), [("revoked", "yes")])))
}
