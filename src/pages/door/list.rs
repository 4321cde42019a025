//! Who is expected at the door of a meal, who came, and who is still missing.

use maud::{Markup, html};

use super::{
    RESERVATION,
    answer::{class_of, dish},
    home,
    tapper::BY,
    undo,
    who::is_found,
};
use crate::{
    access::Caller,
    attendance::{
        AttendanceStatus,
        http::{DoorList, Expected, list_of},
    },
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    ids::{AccountId, CanteenId, MenuId},
    menus::{self, Menu},
    pages::{
        forms::{form_to, hidden},
        say,
        texts::door as texts,
        visit::Look,
    },
    problem::{Code, Fail},
    words::{Lang, Mode},
};

/// The door of a meal: where, which, and who is expected.
pub struct Door {
    pub canteen: Canteen,
    pub menu: Menu,
    pub list: DoorList,
    /// Who taps, where the phone is shared.
    pub by: Option<AccountId>,
}

impl Door {
    /// Reads it for whoever is on duty there. Fails with `not_allowed_here`, or `menu_not_found`.
    pub fn open(conn: &mut Conn, caller: &Caller, canteen: CanteenId, menu: MenuId) -> Result<Door, Fail> {
        let canteen = canteens::find(conn, canteen)?;
        caller.on_duty(&canteen.site())?;
        let menu = menus::find(conn, menu)?;
        if menu.canteen_id != canteen.id || !menu.is_public() {
            return Err(Code::MenuNotFound.into());
        }
        let list = list_of(conn, &menu)?;
        Ok(Door { canteen, menu, list, by: None })
    }

    /// The same on a shared phone, for whoever is named there.
    pub fn tapped_by(mut self, by: Option<AccountId>) -> Door {
        self.by = by;
        self
    }

    /// A form that checks somebody in.
    pub fn form(&self, look: &Look, content: Markup) -> Markup {
        form_to(
            look,
            &self.home(),
            html! {
                @if let Some(by) = self.by { (hidden(BY, &by.to_string())) }
                (content)
            },
        )
    }

    /// The same with nobody on the list, as a phone keeps the page.
    pub fn without_people(mut self) -> Door {
        self.list.expected.clear();
        self.list.besides.clear();
        self
    }

    pub fn home(&self) -> String {
        home(self.canteen.id, self.menu.id)
    }

    /// The meal and its day, `午餐`.
    pub fn meal(&self, lang: Lang) -> String {
        say::sentence(say::period(self.menu.period).of(lang))
    }

    /// A time on the canteen's clock.
    pub fn clock(&self, at: At) -> String {
        say::clock(self.canteen.zone, at)
    }

    fn missing(&self) -> impl Iterator<Item = &Expected> {
        self.list.expected.iter().filter(|expected| expected.served_at.is_none())
    }

    fn came(&self) -> impl Iterator<Item = &Expected> {
        self.list.expected.iter().filter(|expected| expected.served_at.is_some())
    }

    /// Everybody expected who is found by what was typed.
    pub fn found(&self, typed: &str) -> impl Iterator<Item = &Expected> {
        self.list.expected.iter().filter(move |expected| is_found(expected, typed))
    }

    /// How many are expected, came, and are missing: always in sight.
    pub fn tally(&self, lang: Lang) -> Markup {
        let numbers = [
            (texts::TALLY_EXPECTED, "expected", self.list.expected.len()),
            (texts::TALLY_CAME, "came", self.came().count()),
            (texts::TALLY_MISSING, "missing", self.missing().count()),
        ];
        html! {
            section .counted aria-label=(texts::TALLY.of(lang)) {
                ul {
                    @for (text, name, count) in numbers {
                        li { (text.of(lang)) " " span .figure data-count=(name) { (count) } }
                    }
                }
                p #unsent hidden {}
            }
        }
    }

    /// Those found, to be tapped; the first has the focus, so that Enter checks it in.
    pub fn found_list(&self, look: &Look, typed: &str) -> Markup {
        let lang = look.lang;
        html! {
            section #found {
                h2 { (texts::FIND_TITLE.of(lang)) }
                (self.form(look, html! {
                    ul .people {
                        @for (position, expected) in self.found(typed).enumerate() {
                            li { (self.person(lang, expected, position == 0)) }
                        }
                    }
                }))
            }
        }
    }

    /// Everybody who is still missing, to be tapped.
    pub fn missing_list(&self, look: &Look) -> Markup {
        let lang = look.lang;
        html! {
            section {
                h2 { (texts::MISSING_TITLE.of(lang)) }
                @if self.list.expected.is_empty() {
                    p .none { (texts::LIST_EMPTY.of(lang)) }
                } @else if self.missing().next().is_none() {
                    p .none { (texts::MISSING_NONE.of(lang)) }
                }
                (self.form(look, html! {
                    ul #missing .people { @for expected in self.missing() { li { (self.person(lang, expected, false)) } } }
                }))
            }
        }
    }

    fn person(&self, lang: Lang, expected: &Expected, first: bool) -> Markup {
        html! {
            button .person type="submit" name=(RESERVATION) value=(expected.reservation_id) autofocus[first] {
                span .strong { (say::recorded(lang, &expected.full_name)) }
                " " span .hint {
                    @match expected.served_at {
                        Some(at) => (texts::CAME_AT.with(lang, &[("when", &self.clock(at))])),
                        None => (self.what(lang, expected)),
                    }
                }
            }
        }
    }

    /// What was reserved, and how it is served where that is not at a table.
    fn what(&self, lang: Lang, expected: &Expected) -> Markup {
        html! {
            @for (position, item) in expected.items.iter().enumerate() {
                @if position > 0 { (say::between(lang)) }
                (say::recorded(lang, &item.name))
                @if item.portions > 1 { " × " (item.portions) }
            }
            @if expected.mode != Mode::DineIn { " · " (say::mode(expected.mode).of(lang)) }
        }
    }

    /// Who came, with the way to take a mistake back; and what was served besides.
    pub fn came_lists(&self, lang: Lang) -> Markup {
        let mut came: Vec<&Expected> = self.came().collect();
        came.sort_by_key(|expected| std::cmp::Reverse(expected.served_at));
        html! {
            details #came .besides {
                summary {
                    @let (before, after) = count(texts::CAME_TITLE.of(lang));
                    (before) span data-count="came" { (came.len()) } (after)
                }
                ul .lines {
                    @for expected in came {
                        li {
                            span { span .strong { (say::recorded(lang, &expected.full_name)) } " "
                                @if let Some(at) = expected.served_at { span .number { (self.clock(at)) } } }
                            @if let Some(id) = expected.attendance_id { (undo::link(lang, self, id)) }
                        }
                    }
                }
            }
            @if !self.list.besides.is_empty() {
                details .besides {
                    summary { (texts::BESIDES_TITLE.with(lang, &[("count", &self.list.besides.len())])) }
                    ul .lines {
                        @for one in &self.list.besides {
                            li {
                                span {
                                    @if let Some(name) = &one.full_name { span .strong { (say::recorded(lang, name)) } " · " }
                                    (class_of(one.class).of(lang)) " "
                                    span .number { (self.clock(one.served_at)) }
                                    @if one.status == AttendanceStatus::Review { " · " (texts::TOLD_REVIEW.of(lang)) }
                                    @for item in &one.items { " · " (dish(lang, &item.name, item.portions).markup(lang)) }
                                }
                                (undo::link(lang, self, one.attendance_id))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A text before and after its `{count}`.
fn count(text: &'static str) -> (&'static str, &'static str) {
    text.split_once("{count}").unwrap_or((text, ""))
}
