//! The room of residents and their families: meals to come, reserving one, what it costs and why, meals that were.
//!
//! A page is about one resident, who is named in its address. It is for the resident and for those who hold a standing
//! link; to anybody else there is no such resident, not even at the desk, which has pages of its own: here amounts and
//! reasons are shown. Answers of one page travel to the next in the address, so that nothing is kept until the last.

pub mod check;
pub mod choose;
pub mod family;
pub mod home;
pub mod links;
pub mod meals;
pub mod past;
pub mod standing;
pub mod waiting;
pub mod wish;

use maud::{Markup, html};

use crate::{
    access::{ActingFor, Caller, RightKind},
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    ids::{MenuId, ReservationId, ResidentId},
    menus::{self, Menu, MenuStatus},
    pages::{say, texts::resident as texts},
    problem::{Code, Fail, Problem},
    reservations::{self, Reservation},
    residents::{self, Resident},
    words::Lang,
};

/// Whom a page is about, with the proof that the caller acts for them, and the canteen that registered them.
pub struct Person {
    pub resident: Resident,
    pub acting: ActingFor,
    pub canteen: Canteen,
}

impl Person {
    /// Fails with `resident_not_found` for everybody but the resident and those who hold a link.
    pub fn of(conn: &mut Conn, caller: &Caller, id: ResidentId) -> Result<Person, Fail> {
        let registered = residents::registered(conn, id)?;
        let acting = caller.acting_for(conn, &registered)?;
        match acting.right().kind {
            RightKind::OneSelf | RightKind::Family => {}
            RightKind::Staff | RightKind::Volunteer | RightKind::Officer => {
                return Err(Code::ResidentNotFound.into());
            }
        }
        let resident = residents::find(conn, id)?;
        let canteen = canteens::find(conn, registered.site.id)?;
        Ok(Person { resident, acting, canteen })
    }

    /// Whether the resident themself is looking.
    pub fn is_oneself(&self) -> bool {
        self.acting.right().kind == RightKind::OneSelf
    }

    pub fn home(&self) -> String {
        home_of(self.resident.id)
    }
}

pub fn home_of(resident: ResidentId) -> String {
    format!("/people/{resident}")
}

pub fn meal_page(resident: ResidentId, reservation: ReservationId) -> String {
    format!("/people/{resident}/meals/{reservation}")
}

pub fn reserve_page(resident: ResidentId, menu: MenuId) -> String {
    format!("/people/{resident}/reserve/{menu}")
}

/// A meal that is looked at: its menu, where it is served, and what the resident has reserved of it.
pub struct Sitting {
    pub menu: Menu,
    pub canteen: Canteen,
    /// The reservation that stands.
    pub reserved: Option<Reservation>,
}

impl Sitting {
    /// Fails with `menu_not_found` for a menu that is not public.
    pub fn of(conn: &mut Conn, person: &Person, menu: MenuId) -> Result<Sitting, Fail> {
        let menu = menus::find(conn, menu)?;
        if !menu.is_public() {
            return Err(Code::MenuNotFound.into());
        }
        let canteen = canteens::find(conn, menu.canteen_id)?;
        let reserved = reservations::active_of(conn, menu.id, person.resident.id)?;
        Ok(Sitting { menu, canteen, reserved })
    }

    /// The same, of a meal that can be reserved or changed without staff at this instant.
    ///
    /// Fails with `menu_not_open`, `cutoff_passed` or `menu_full`, so that nobody fills in what will be refused; the act
    /// itself judges again.
    pub fn open(conn: &mut Conn, person: &Person, menu: MenuId, now: At) -> Result<Sitting, Fail> {
        let sitting = Sitting::of(conn, person, menu)?;
        sitting.refuse_over(now)?;
        if sitting.reserved.is_none() && !has_room(&sitting.menu) {
            return Err(Code::MenuFull.into());
        }
        Ok(sitting)
    }

    /// Fails with `menu_not_open` or `cutoff_passed` once nothing can be reserved or waited for without staff.
    fn refuse_over(&self, now: At) -> Result<(), Problem> {
        let menu = &self.menu;
        if menu.status != MenuStatus::Published || menu.serves_to_at <= now {
            return Err(Problem::new(Code::MenuNotOpen).with("status", menu.status));
        }
        if menu.cutoff_at < now {
            let cutoff = self.canteen.zone.words(menu.cutoff_at);
            return Err(Problem::new(Code::CutoffPassed).with("cutoff", cutoff));
        }
        Ok(())
    }

    /// The meal in words: `明天 11月23日 星期一 午餐`.
    pub fn name(&self, lang: Lang, now: At) -> String {
        meal_name(lang, &self.menu, &self.canteen, now)
    }
}

/// A meal in words: `明天 11月23日 星期一 午餐`, `lunch tomorrow, Monday 23 November`.
pub fn meal_name(lang: Lang, menu: &Menu, canteen: &Canteen, now: At) -> String {
    let day = say::day(lang, menu.served_on, canteen.today(now));
    texts::MEAL_ON.with(lang, &[("day", &day), ("meal", &say::period(menu.period).of(lang))])
}

/// Whether a menu takes a reservation without staff at this instant.
pub fn takes_reservations(menu: &Menu, now: At) -> bool {
    is_open(menu, now) && has_room(menu)
}

/// Whether a menu takes reservations without staff, or a place in its waiting list, at this instant.
pub fn is_open(menu: &Menu, now: At) -> bool {
    menu.status == MenuStatus::Published && menu.cutoff_at >= now
}

/// Whether a place is free, and nobody waits for it.
fn has_room(menu: &Menu) -> bool {
    !menu.is_full() && menu.waiting == 0
}

/// What is eaten, in a row, with how many portions where it is more than one.
pub fn dishes(lang: Lang, menu: &Menu, lines: &[menus::Pick]) -> Markup {
    html! {
        @for (position, pick) in lines.iter().enumerate() {
            @if position > 0 { (say::between(lang)) }
            @if let Some(item) = menu.item(pick.item_id) { (say::recorded(lang, &item.name)) }
            @if pick.portions > 1 { " × " (pick.portions) }
        }
    }
}
