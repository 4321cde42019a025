//! Histories that are wrong, one in each way: the checker has to reject them, and to accept what differs in that alone.

use leling::clock::{At, Clock};

use super::{
    model::{Came, Op, Stands, What},
    record::{Counts, Entry, Read, Record, Told},
};

/// Builds histories in which everything happens one after the other, unless it is said otherwise.
struct Script {
    record: Record,
    clock: u64,
    began: At,
}

const DONE: fn() -> Came = || Came::Done { replayed: false, version: None };
const AGAIN: fn() -> Came = || Came::Done { replayed: true, version: None };

fn refused(code: &str) -> Came {
    Came::Refused(code.into())
}

impl Script {
    fn new() -> Script {
        Script { record: Record::default(), clock: 0, began: Clock::system().now() }
    }

    fn at(&self, tick: u64) -> At {
        self.began + chrono::TimeDelta::seconds(tick as i64)
    }

    /// Something that takes from one tick to another.
    fn during(mut self, (called, answered): (u64, u64), what: What, came: Came, told: Told) -> Script {
        let entry = Entry {
            menu: 0,
            op: Op { what, came },
            called,
            answered,
            called_at: self.at(called),
            answered_at: self.at(answered),
            told,
        };
        self.clock = self.clock.max(answered);
        self.record.entries.push(entry);
        self
    }

    fn then(self, what: What, came: Came) -> Script {
        let (next, at) = (self.clock + 1, self.at(self.clock + 1));
        let paid = match (what, &came) {
            (What::Place { key, .. }, Came::Done { .. }) => Some(key == 1),
            _ => None,
        };
        let told = if matches!(came, Came::Done { .. }) {
            Told { id: None, at: Some(at), paid }
        } else {
            Told::default()
        };
        self.during((next, next + 1), what, came, told)
    }

    fn told(self, what: What, came: Came, told: Told) -> Script {
        let next = self.clock + 1;
        self.during((next, next + 1), what, came, told)
    }

    fn reads(mut self, as_of: u64, counts: Counts) -> Script {
        let (called, as_of) = (self.clock + 1, self.at(as_of));
        self.record.reads.push(Read { menu: 0, as_of, called, answered: called + 1, counts });
        self.clock += 2;
        self
    }

    #[track_caller]
    fn right(&self) {
        assert_eq!(self.record.faults(), [""; 0]);
    }

    #[track_caller]
    fn wrong(&self) {
        assert!(!self.record.faults().is_empty(), "{:#?} was let through", self.record);
    }
}

/// Person 0 reserves under key 1 and so on; each draws on a subsidy of their own.
fn place(number: usize) -> What {
    What::Place { key: number, person: number - 1, dishes: 0 }
}

fn paid(paid: bool) -> Told {
    Told { id: None, at: None, paid: Some(paid) }
}

fn two_placed() -> Script {
    Script::new().told(place(1), DONE(), paid(true)).told(place(2), DONE(), paid(true))
}

plain! {
    async fn a_place_too_many_is_rejected() {
        two_placed().told(place(3), refused("menu_full"), Told::default()).right();
        two_placed().told(place(3), DONE(), paid(true)).wrong();
    }

    async fn a_false_word_of_a_full_menu_is_rejected() {
        let one = || Script::new().told(place(1), DONE(), paid(true));
        one().told(place(2), refused("menu_full"), Told::default()).wrong();
        // While another reserves, it may have been full.
        one()
            .during((5, 9), place(2), DONE(), paid(true))
            .during((6, 8), place(3), refused("menu_full"), Told::default())
            .right();
    }

    async fn two_reservations_of_one_person_are_rejected() {
        let twin = What::Place { key: 2, person: 0, dishes: 0 };
        let one = || Script::new().told(place(1), DONE(), paid(true));
        one().told(twin, refused("already_reserved"), Told::default()).right();
        one().told(twin, DONE(), paid(false)).wrong();
    }

    async fn a_portion_too_many_is_rejected() {
        let first = What::Place { key: 1, person: 0, dishes: 2 };
        let second = What::Place { key: 2, person: 1, dishes: 2 };
        let one = || Script::new().told(first, DONE(), paid(true));
        one().told(second, refused("item_sold_out"), Told::default()).right();
        one().told(second, DONE(), paid(true)).wrong();
    }

    async fn a_key_that_works_twice_is_rejected() {
        let one = || Script::new().told(place(1), DONE(), paid(true));
        one().told(place(1), AGAIN(), paid(true)).right();
        one().told(place(1), DONE(), paid(true)).wrong();
        let other = What::Place { key: 1, person: 0, dishes: 1 };
        one().told(other, refused("idempotency_key_reused"), Told::default()).right();
        one().told(other, AGAIN(), paid(true)).wrong();
    }

    async fn another_answer_to_the_same_key_is_rejected() {
        let id = |id: &str| Told { id: Some(id.into()), ..paid(true) };
        Script::new().told(place(1), DONE(), id("a")).told(place(1), AGAIN(), id("a")).right();
        Script::new().told(place(1), DONE(), id("a")).told(place(1), AGAIN(), id("b")).wrong();
    }

    async fn a_change_over_another_is_rejected() {
        let change = |seen| What::Change { of: 1, seen, dishes: 1 };
        let changed = || Script::new().told(place(1), DONE(), paid(true)).told(change(1), DONE(), paid(true));
        changed().told(change(1), refused("stale"), Told::default()).right();
        changed().told(change(1), DONE(), paid(true)).wrong();
    }

    async fn an_acknowledged_reservation_that_is_gone_is_rejected() {
        let look = What::Look { of: 1 };
        let seen = |stands| Came::Seen { stands, dishes: 0, version: 1 };
        let one = || Script::new().told(place(1), DONE(), paid(true));
        one().told(look, seen(Stands::Open), Told::default()).right();
        one().told(look, seen(Stands::Cancelled), Told::default()).wrong();
        Script::new().told(look, seen(Stands::Open), Told::default()).wrong();
    }

    async fn a_meal_that_is_served_twice_is_rejected() {
        let check_in = |tap| What::CheckIn { tap, of: 1 };
        let served = || Script::new().told(place(1), DONE(), paid(true)).told(check_in(2), DONE(), paid(true));
        served().told(check_in(3), refused("already_served"), Told::default()).right();
        served().told(check_in(3), DONE(), paid(false)).wrong();
        served().told(What::Cancel { key: 4, of: 1 }, DONE(), Told::default()).wrong();
    }

    async fn a_void_that_is_done_twice_is_rejected() {
        let void = |key| What::Void { key, tap: 2 };
        let walk_in = What::WalkIn { tap: 2, person: 0 };
        let voided = || Script::new().told(walk_in, DONE(), paid(true)).then(void(3), DONE());
        voided().told(void(4), refused("voided"), Told::default()).right();
        voided().told(void(4), DONE(), Told::default()).wrong();
    }

    async fn fewer_places_than_are_taken_are_rejected() {
        let resize = What::Resize { seen: 1, to: 1 };
        two_placed().told(resize, refused("capacity_below_taken"), Told::default()).right();
        two_placed().told(resize, DONE(), Told::default()).wrong();
    }

    async fn a_limit_that_is_overdrawn_is_rejected() {
        let cancelled = || Script::new().told(place(1), DONE(), paid(true)).then(What::Cancel { key: 2, of: 1 }, DONE());
        let again = What::Place { key: 3, person: 0, dishes: 0 };
        cancelled().told(again, DONE(), paid(true)).right();
        let walk_in = What::WalkIn { tap: 4, person: 0 };
        let served = || Script::new().told(walk_in, DONE(), paid(true));
        served().told(again, DONE(), paid(false)).right();
        served().told(again, DONE(), paid(true)).wrong();
    }

    async fn a_subsidy_that_is_kept_from_somebody_is_rejected() {
        Script::new().told(place(1), DONE(), paid(false)).wrong();
    }

    async fn a_headcount_without_what_was_acknowledged_is_rejected() {
        let counts = |reserved, cancelled| Counts { reserved, cancelled, ..Counts::default() };
        // Reserved at 1, cancelled at 3.
        let both = || Script::new().then(place(1), DONE()).then(What::Cancel { key: 2, of: 1 }, DONE());
        both().reads(2, counts(1, 0)).reads(9, counts(1, 1)).right();
        both().reads(9, counts(0, 0)).wrong();
        both().reads(9, counts(1, 0)).wrong();
        both().reads(2, counts(1, 1)).wrong();
        both().reads(0, counts(1, 0)).wrong();
        // What got no answer may be counted or not, but not twice, and not before it was asked for.
        let unknown = |script: Script| script.told(place(2), Came::Unknown, Told::default());
        let one = || unknown(Script::new().then(place(1), DONE()));
        one().reads(9, counts(1, 0)).right();
        one().reads(9, counts(2, 0)).right();
        one().reads(9, counts(3, 0)).wrong();
        one().reads(2, counts(2, 0)).wrong();
        unknown(one()).reads(9, counts(3, 0)).wrong();
        unknown(one().told(place(2), DONE(), Told::default())).reads(9, counts(1, 0)).wrong();
    }

    async fn what_got_no_answer_may_have_happened_at_any_time_or_never() {
        let unknown = |script: Script| script.told(place(2), Came::Unknown, Told::default());
        let one = || unknown(Script::new().told(place(1), DONE(), paid(true)));
        one().told(place(3), refused("menu_full"), Told::default()).right();
        one().told(place(3), DONE(), paid(true)).right();
        // Not twice, though.
        one()
            .told(place(3), refused("menu_full"), Told::default())
            .told(What::Look { of: 2 }, Came::Seen { stands: Stands::Cancelled, dishes: 0, version: 2 }, Told::default())
            .wrong();
    }

    async fn an_order_against_real_time_is_rejected() {
        let cancel = What::Cancel { key: 4, of: 1 };
        // Full, and free only afterwards: whoever was placed before the cancelling got a place that was not there.
        two_placed().told(place(3), DONE(), paid(true)).then(cancel, DONE()).wrong();
        two_placed().then(cancel, DONE()).told(place(3), DONE(), paid(true)).right();
    }
}
