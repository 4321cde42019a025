//! The room of the desk: somebody comes or calls, is found by a few letters, and has a meal; and the records of the people
//! who come.
//!
//! It is for the staff of a canteen, whose id is in the address; a resident's record, facts and family links are also for
//! officers whose area the canteen lies in. What is due is shown here, and never why (BR-45). Whoever has finished with one
//! person stands at the search field again, ready for the next.

mod client;
pub mod counter;
pub mod due;
pub mod facts;
pub mod family;
pub mod import;
pub mod meals;
pub mod order;
pub mod papers;
mod profile;
pub mod record;
pub mod residents;
pub mod search;
pub mod standing;
pub mod waiting;

use maud::{Markup, html};

use super::{shell::Page, texts::desk as texts};
use crate::{
    access::{Caller, OnDuty, Role},
    canteens::{self, Canteen},
    db::Conn,
    ids::CanteenId,
    problem::Fail,
    words::Lang,
};

use client::{Client, Offer};

/// The desk of a canteen, and the proof of duty there.
pub struct Desk {
    canteen: Canteen,
    duty: OnDuty,
}

impl Desk {
    /// Fails with `canteen_not_found`, or with `not_allowed_here` for whoever has no duty there.
    fn of(conn: &mut Conn, caller: &Caller, id: CanteenId) -> Result<Desk, Fail> {
        let canteen = canteens::find(conn, id)?;
        let duty = caller.on_duty(&canteen.site())?;
        Ok(Desk { canteen, duty })
    }

    fn home(&self) -> String {
        home_of(self.canteen.id)
    }

    /// A page of this room, as wide as the window, with the links to its other pages.
    fn page(&self, lang: Lang, room: Room, title: impl Into<String>, content: Markup) -> Page {
        let content = html! { (self.rooms(lang, room)) (content) };
        Page::new(title, content).about(&self.canteen.name).help_from(&self.canteen).wide()
    }

    /// The links to what is done at a desk. Only its own staff reserve at it.
    fn rooms(&self, lang: Lang, here: Room) -> Markup {
        let all = [
            (Room::Desk, "", texts::ROOM_DESK),
            (Room::Residents, "/residents", texts::ROOM_RESIDENTS),
            (Room::Family, "/family", texts::ROOM_FAMILY),
            (Room::Import, "/import", texts::ROOM_IMPORT),
            (Room::Due, "/due", texts::ROOM_DUE),
        ];
        let staff = self.duty.role() == Role::Staff;
        html! {
            nav .rooms aria-label=(texts::ROOMS.of(lang)) {
                ul {
                    li { a href={ "/staff/" (self.canteen.id) } { (texts::ROOM_TODAY.of(lang)) } }
                    @for (room, path, text) in all.iter().filter(|(room, _, _)| staff || *room != Room::Desk) {
                        li { a href={ (self.home()) (path) } aria-current=[(*room == here).then_some("page")] {
                            (text.of(lang))
                        } }
                    }
                }
            }
        }
    }
}

fn home_of(canteen: CanteenId) -> String {
    format!("/desk/{canteen}")
}

/// What is done at a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Desk,
    Residents,
    Family,
    Import,
    Due,
}
