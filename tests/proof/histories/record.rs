//! A history as it was recorded, and what the checker makes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use leling::clock::{At, Clock};
use todc_utils::{Action, History, Specification, WGLChecker};

use super::{
    model::{Came, Number, Op, Person, Rules, What},
    purse::{Deed, OnceADay},
};

/// One operation from its call to its answer.
#[derive(Clone, Debug)]
pub struct Entry {
    pub menu: usize,
    pub op: Op,
    /// The order of calls and answers among all clients.
    pub called: u64,
    pub answered: u64,
    /// What this machine's clock said then.
    pub called_at: At,
    pub answered_at: At,
    /// What the answer says of it.
    pub told: Told,
}

/// What an answer says besides that it was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The id of what was made.
    pub id: Option<String>,
    /// When it was recorded.
    pub at: Option<At>,
    /// Whether the city pays.
    pub paid: Option<bool>,
}

/// A headcount that was read: of a menu, as of an instant.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub menu: usize,
    pub as_of: At,
    pub called: u64,
    pub answered: u64,
    pub counts: Counts,
}

/// People, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub reserved: i64,
    pub cancelled: i64,
    pub served: i64,
    pub walk_ins: i64,
}

/// What clients write down while they work.
#[derive(Default)]
pub struct Recorder {
    clock: AtomicU64,
    entries: Mutex<Vec<Entry>>,
    reads: Mutex<Vec<Read>>,
}

/// When something was called.
#[derive(Clone, Copy)]
pub struct Call(pub u64, pub At);

impl Recorder {
    pub fn call(&self) -> Call {
        Call(self.clock.fetch_add(1, Ordering::SeqCst), Clock::system().now())
    }

    pub fn answer(&self, Call(called, called_at): Call, menu: usize, op: Op, told: Told) {
        let Call(answered, answered_at) = self.call();
        let entry = Entry { menu, op, called, answered, called_at, answered_at, told };
        self.entries.lock().unwrap().push(entry);
    }

    pub fn read(&self, Call(called, _): Call, menus: &[(usize, Counts)], as_of: At) {
        let Call(answered, _) = self.call();
        let reads =
            menus.iter().map(|(menu, counts)| Read { menu: *menu, as_of, called, answered, counts: *counts });
        self.reads.lock().unwrap().extend(reads);
    }

    pub fn finish(self) -> Record {
        Record { entries: self.entries.into_inner().unwrap(), reads: self.reads.into_inner().unwrap() }
    }
}

/// A whole history.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub entries: Vec<Entry>,
    pub reads: Vec<Read>,
}

/// What has an effect at most once however often it is asked for: its kind and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Once {
    Key(Number),
    Tap(Number),
}

fn once(what: What) -> Option<Once> {
    match what {
        What::Place { key, .. } | What::Cancel { key, .. } | What::Void { key, .. } => Some(Once::Key(key)),
        What::CheckIn { tap, .. } | What::WalkIn { tap, .. } => Some(Once::Tap(tap)),
        What::Change { .. } | What::Resize { .. } | What::Look { .. } => None,
    }
}

impl Record {
    /// Everything that is wrong with it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.unlike_answers();
        for menu in 0..self.menus() {
            if !self.menu_is_right(menu) {
                faults.push(format!("menu {menu} has no order that the rules accept:\n{}", self.told(menu)));
            }
        }
        for person in self.persons() {
            let deeds = self.deeds(person);
            if !fits::<OnceADay>(deeds.iter().map(|(from, to, deed)| (*from, *to, *deed))) {
                faults.push(format!(
                    "the subsidy of resident {person} has no order that the rule accepts: {deeds:?}"
                ));
            }
        }
        faults.extend(self.wrong_reads());
        faults
    }

    fn menus(&self) -> usize {
        self.entries.iter().map(|entry| entry.menu + 1).max().unwrap_or(0)
    }

    fn menu_is_right(&self, menu: usize) -> bool {
        let end = u64::MAX;
        let of_menu = self.entries.iter().filter(|entry| entry.menu == menu);
        fits::<Rules>(of_menu.map(|entry| {
            let answered = if entry.op.came == Came::Unknown { end } else { entry.answered };
            (entry.called, answered, entry.op.clone())
        }))
    }

    /// The operations on a menu, for whoever has to find out what went wrong.
    fn told(&self, menu: usize) -> String {
        let mut of_menu: Vec<_> = self.entries.iter().filter(|entry| entry.menu == menu).collect();
        of_menu.sort_by_key(|entry| entry.called);
        let line = |entry: &&Entry| {
            let (op, at) = (&entry.op, entry.told.at);
            format!("  {:4}..{:4} {:?} -> {:?} at {at:?}\n", entry.called, entry.answered, op.what, op.came)
        };
        of_menu.iter().map(line).collect()
    }

    /// The same key, the same answer; the same tap, the same attendance.
    fn unlike_answers(&self) -> Vec<String> {
        let mut first: BTreeMap<(usize, Once), &Entry> = BTreeMap::new();
        let mut faults = Vec::new();
        for entry in self.done() {
            let Some(once) = once(entry.op.what) else { continue };
            let known = first.entry((entry.menu, once)).or_insert(entry);
            if known.told != entry.told {
                faults.push(format!("{once:?} was answered {:?} and {:?}", known.told, entry.told));
            }
        }
        faults
    }

    fn done(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| matches!(entry.op.came, Came::Done { .. }))
    }

    /// Each effect once: from when it was first asked for until it was first acknowledged.
    fn effects(&self) -> Vec<Entry> {
        let mut effects: BTreeMap<(usize, Once), Entry> = BTreeMap::new();
        let mut others = Vec::new();
        for entry in self.done() {
            let Some(once) = once(entry.op.what) else {
                others.push(entry.clone());
                continue;
            };
            let known = effects.entry((entry.menu, once)).or_insert_with(|| entry.clone());
            known.answered = known.answered.min(entry.answered);
            known.answered_at = known.answered_at.min(entry.answered_at);
        }
        for entry in &self.entries {
            if let Some(effect) = once(entry.op.what).and_then(|once| effects.get_mut(&(entry.menu, once))) {
                effect.called = effect.called.min(entry.called);
                effect.called_at = effect.called_at.min(entry.called_at);
            }
        }
        others.extend(effects.into_values());
        others
    }

    /// What never got an answer, not even when it was sent again: it may have been done at any time since, or never.
    fn unanswered(&self) -> Vec<Entry> {
        let known: BTreeSet<_> =
            self.done().filter_map(|entry| Some((entry.menu, once(entry.op.what)?))).collect();
        let mut unanswered: BTreeMap<(usize, Once), Entry> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.op.came == Came::Unknown) {
            let Some(once) = once(entry.op.what).map(|once| (entry.menu, once)) else { continue };
            if !known.contains(&once) {
                let forever = Entry { answered: u64::MAX, answered_at: At::LAST, ..entry.clone() };
                unanswered.entry(once).or_insert(forever);
            }
        }
        unanswered.into_values().collect()
    }

    fn person_of(&self, of: Number) -> Option<Person> {
        self.entries.iter().find_map(|entry| match entry.op.what {
            What::Place { key, person, .. } if key == of => Some(person),
            _ => None,
        })
    }

    fn persons(&self) -> Vec<Person> {
        let mut persons: Vec<_> = self
            .entries
            .iter()
            .filter_map(|entry| match entry.op.what {
                What::Place { person, .. } | What::WalkIn { person, .. } => Some(person),
                _ => None,
            })
            .collect();
        persons.sort_unstable();
        persons.dedup();
        persons
    }

    /// Whoever a tap served, and for which reservation.
    fn tapped(&self, number: Number) -> Option<(Option<Person>, Option<Number>)> {
        self.done().find_map(|entry| match entry.op.what {
            What::CheckIn { tap, of } if tap == number => Some((self.person_of(of), Some(of))),
            What::WalkIn { tap, person } if tap == number => Some((Some(person), None)),
            _ => None,
        })
    }

    /// What touched somebody's subsidy.
    fn deeds(&self, whose: Person) -> Vec<(u64, u64, Deed)> {
        let mut deeds = Vec::new();
        for effect in self.effects() {
            let paid = effect.told.paid.unwrap_or_default();
            let (person, deed) = match effect.op.what {
                What::Place { key, person, .. } => (Some(person), Deed::Place { key, paid }),
                What::Change { of, .. } => (self.person_of(of), Deed::Change { of, paid }),
                What::Cancel { of, .. } => (self.person_of(of), Deed::Cancel { of }),
                What::CheckIn { tap, of } => (self.person_of(of), Deed::Serve { tap, of: Some(of), paid }),
                What::WalkIn { tap, person } => (Some(person), Deed::Serve { tap, of: None, paid }),
                What::Void { tap, .. } => {
                    (self.tapped(tap).and_then(|(person, _)| person), Deed::Void { tap })
                }
                What::Resize { .. } | What::Look { .. } => continue,
            };
            if person == Some(whose) {
                deeds.push((effect.called, effect.answered, deed));
            }
        }
        deeds.sort_by_key(|(called, ..)| *called);
        deeds
    }

    /// Headcounts that leave out what was acknowledged before they were asked for, or count what nobody had asked for yet.
    fn wrong_reads(&self) -> Vec<String> {
        let steps = self.steps();
        let wrong = self.reads.iter().filter_map(|read| {
            let sum = |of: PeopleOf, certain: &dyn Fn(&Step) -> bool, possible: &dyn Fn(&Step) -> bool| {
                let steps = steps.iter().filter(|step| step.menu == read.menu);
                steps.fold((0, 0), |(least, most), step| match of(step) {
                    more if more > 0 => (least + i64::from(certain(step)), most + i64::from(possible(step))),
                    less if less < 0 => (least - i64::from(possible(step)), most - i64::from(certain(step))),
                    _ => (least, most),
                })
            };
            let certain = |step: &Step| step.at.1 <= read.as_of && step.answered < read.called;
            let possible = |step: &Step| step.at.0 <= read.as_of && step.called < read.answered;
            let kinds: [(&str, i64, PeopleOf); 4] = [
                ("reserved", read.counts.reserved, |step| step.counts.reserved),
                ("cancelled", read.counts.cancelled, |step| step.counts.cancelled),
                ("served", read.counts.served, |step| step.counts.served),
                ("walk-ins", read.counts.walk_ins, |step| step.counts.walk_ins),
            ];
            kinds.iter().find_map(|(kind, told, of)| {
                let (least, most) = sum(*of, &certain, &possible);
                (!(least..=most).contains(told)).then(|| {
                    format!(
                        "of menu {} as of {}, {kind} is told as {told} and is {least} to {most}:\n{}",
                        read.menu,
                        read.as_of,
                        self.told(read.menu)
                    )
                })
            })
        });
        wrong.collect()
    }

    /// Every change of a count.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for effect in self.effects().into_iter().chain(self.unanswered()) {
            let mut counts = Counts::default();
            match effect.op.what {
                What::Place { .. } => counts.reserved = 1,
                What::Cancel { .. } => counts.cancelled = 1,
                What::CheckIn { .. } => counts.served = 1,
                What::WalkIn { .. } => counts.walk_ins = 1,
                What::Void { tap, .. } => match self.tapped(tap) {
                    Some((_, Some(_))) => counts.served = -1,
                    Some((_, None)) => counts.walk_ins = -1,
                    None => continue,
                },
                What::Change { .. } | What::Resize { .. } | What::Look { .. } => continue,
            }
            let at = effect.told.at.map_or((effect.called_at, effect.answered_at), |at| (at, at));
            steps.push(Step {
                menu: effect.menu,
                counts,
                at,
                called: effect.called,
                answered: effect.answered,
            });
        }
        steps
    }
}

/// What an effect changes in a menu's counts, and when: an instant, or from one to another.
#[derive(Clone, Debug)]
pub struct Step {
    pub menu: usize,
    pub counts: Counts,
    pub at: (At, At),
    called: u64,
    answered: u64,
}

/// How many people of one kind a step adds or takes away.
type PeopleOf = fn(&Step) -> i64;

/// Whether there is an order of these operations that keeps to real time and that the rules accept.
fn fits<S: Specification>(operations: impl Iterator<Item = (u64, u64, S::Operation)>) -> bool {
    let mut actions = Vec::new();
    for (process, (called, answered, operation)) in operations.enumerate() {
        // Whatever has no answer is answered after everything else, in any order.
        actions.push((called, process, Action::Call(operation.clone())));
        actions.push((answered, process, Action::Response(operation)));
    }
    if actions.is_empty() {
        return true;
    }
    actions.sort_by_key(|(when, ..)| *when);
    let actions = actions.into_iter().map(|(_, process, action)| (process, action)).collect();
    WGLChecker::<S>::is_linearizable(History::from_actions(actions))
}
