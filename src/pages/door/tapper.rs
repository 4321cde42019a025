//! Who taps on a shared phone: it has to be somebody who serves at the canteen, and says who they are.

use maud::html;

use super::list::Door;
use crate::{
    access::Caller,
    db::Conn,
    devices::http::{PersonOnDutyBody, myself},
    ids::AccountId,
    pages::{
        forms::{Fields, address},
        say,
        shell::Page,
        texts::door as texts,
        visit::Look,
    },
    problem::Fail,
};

/// The answer that names who taps.
pub const BY: &str = "by";

/// Who was named, if anybody.
pub fn named(fields: &Fields) -> Option<AccountId> {
    fields.get(BY).parse().ok()
}

/// Those who can be named, where somebody has to be and was not.
pub fn to_name(
    conn: &mut Conn,
    caller: &Caller,
    named: Option<AccountId>,
) -> Result<Option<Vec<PersonOnDutyBody>>, Fail> {
    let Some(device) = caller.device() else { return Ok(None) };
    let people = myself(conn, device, caller.now)?.people;
    let known = named.is_some_and(|named| people.iter().any(|person| person.account_id == named));
    Ok((!known).then_some(people))
}

/// The page that asks who taps.
pub fn question(look: &Look, door: &Door, people: &[PersonOnDutyBody]) -> Page {
    let lang = look.lang;
    let content = html! {
        p .lead { (texts::TAPPER_WHAT.of(lang)) }
        ul .cards {
            @for person in people {
                li { a .card href=(address(&door.home(), [(BY, person.account_id.to_string())])) {
                    span .strong { (say::recorded(lang, &person.display_name)) }
                } }
            }
        }
    };
    Page::new(texts::TAPPER_TITLE.of(lang), content).help_from(&door.canteen)
}
