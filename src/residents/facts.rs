//! Eligibility facts (资格认定): what is true of a resident from a day to a day, with its evidence (BR-01).
//!
//! Staff may enter one, and it grants nothing; a district officer's are verified at once, and they verify the others.
//! A fact that lapsed stops granting by itself, for it is asked which hold *on the day of the meal*. A kind of fact may
//! suspend every subsidy while it holds (BR-03).

use chrono::{Days, NaiveDate};
use diesel::{Queryable, Selectable};

use crate::{
    access::{ActingFor, ActorKind, Officer, RightKind},
    canteens,
    clock::At,
    counters::{self, Counter},
    db::{Conn, schema},
    ids::{AccountId, AnyoneId, FactId, ResidentId},
    pricing,
    problem::{Code, Fail, Problem},
    residents::{Resident, Status, find, store},
    words::Bilingual,
};

/// The kind of fact that records a death.
pub const DECEASED: &str = "deceased";

/// How far ahead a fact may begin, in days.
const FARTHEST_DAYS: u64 = 366;

/// A fact as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = schema::facts)]
pub struct Fact {
    pub id: FactId,
    pub resident_id: ResidentId,
    /// The code of a [`FactKind`].
    pub kind: String,
    /// Such as the grade of a disability.
    pub value: Option<String>,
    /// Who says so: an office, a register.
    pub source: String,
    /// Where the proof is: the number of a certificate, a file.
    pub evidence: String,
    pub from_on: NaiveDate,
    /// The last day on which it holds.
    pub to_on: Option<NaiveDate>,
    pub entered_at: At,
    pub actor_kind: ActorKind,
    pub actor_id: Option<AnyoneId>,
    pub verified_at: Option<At>,
    pub verified_by: Option<AccountId>,
    pub version: i32,
}

/// A kind of fact; a district may add more.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = schema::fact_kinds)]
pub struct FactKind {
    pub code: String,
    pub zh: String,
    pub en: String,
    /// Whether nothing is subsidised while it holds (BR-03).
    pub suspends: bool,
}

/// A fact to be recorded.
#[derive(Clone, Debug)]
pub struct NewFact {
    pub kind: String,
    pub value: Option<String>,
    pub source: String,
    pub evidence: String,
    pub from_on: NaiveDate,
    pub to_on: Option<NaiveDate>,
}

/// What can be corrected of a fact: what it says of whom stays.
#[derive(Clone, Debug)]
pub struct FactEdit {
    pub to_on: Option<NaiveDate>,
    pub evidence: String,
}

impl Fact {
    /// Whether it is verified that the resident died.
    pub fn records_death(&self) -> bool {
        self.kind == DECEASED && self.verified_at.is_some()
    }
}

// Acts ----------------------------------------------------------------------------------------------------------------

/// Records a fact; with an officer's proof it is verified at once, and a death takes effect.
///
/// What follows of a death (meals, sessions) is composed by the caller, in the same transaction. Fails with
/// `unknown_fact_kind` or `bad_fact`.
pub fn enter_fact(
    conn: &mut Conn,
    acting: &ActingFor,
    officer: Option<&Officer>,
    new: &NewFact,
    now: At,
) -> Result<Fact, Fail> {
    let resident = find(conn, acting.resident())?;
    let today = canteens::find(conn, resident.canteen_id)?.today(now);
    check(new, resident.born_on, today)?;
    if !store::has_kind(conn, &new.kind)? {
        return Err(Code::UnknownFactKind.into());
    }
    let entered = store::insert_fact(conn, resident.id, new, acting.actor(), now)?;
    officer.map_or(Ok(entered.clone()), |officer| verify_fact(conn, officer, &entered, now))
}

/// Verifies a fact: from now on it counts for the days on which it holds, and a death takes effect.
///
/// Fails with `fact_verified` when that was done before.
pub fn verify_fact(conn: &mut Conn, officer: &Officer, fact: &Fact, now: At) -> Result<Fact, Fail> {
    let by = officer.actor().account().ok_or(Code::NotAllowed)?;
    let verified = store::verify_fact(conn, fact.id, by, now)?.ok_or(Code::FactVerified)?;
    if verified.records_death() {
        store::set_status(conn, verified.resident_id, Status::Deceased)?;
    }
    Ok(verified)
}

/// Corrects the last day or the evidence of a fact that was read at version `seen`.
///
/// Ending a death does not bring a record back by itself: somebody sets its status, once the fact no longer stands in
/// the way. Fails with `bad_fact` or `stale`.
pub fn edit_fact(
    conn: &mut Conn,
    _officer: &Officer,
    fact: &Fact,
    seen: i32,
    edit: &FactEdit,
) -> Result<Fact, Fail> {
    check_span(fact.from_on, edit.to_on)?;
    store::update_fact(conn, fact.id, seen, edit)?.ok_or_else(|| Code::Stale.into())
}

/// The fact with this id; `fact_not_found` without.
pub fn fact(conn: &mut Conn, id: FactId) -> Result<Fact, Fail> {
    store::fact(conn, id)?.ok_or_else(|| Code::FactNotFound.into())
}

/// At most `limit` facts of a resident after the one with the id `after`, by id; a read by staff is logged (BR-83).
///
/// Fails with `not_allowed` for family members whose consent does not cover reasons (BR-80).
pub fn facts_of(
    conn: &mut Conn,
    acting: &ActingFor,
    after: Option<FactId>,
    limit: i64,
) -> Result<Vec<Fact>, Fail> {
    if !hears_facts(acting) {
        return Err(Code::NotAllowed.into());
    }
    Ok(store::facts_of(conn, acting.resident(), after, limit)?)
}

/// Adds a kind of fact; `fact_kind_exists` when its code is taken.
pub fn new_kind(conn: &mut Conn, kind: &FactKind) -> Result<(), Fail> {
    if !store::insert_kind(conn, kind)? {
        return Err(Code::FactKindExists.into());
    }
    // A policy may have spoken of it before it had a name.
    Ok(counters::count(conn, Counter::Policies)?)
}

/// Every kind of fact, by code.
pub fn kinds(conn: &mut Conn) -> Result<Vec<FactKind>, Fail> {
    Ok(store::kinds(conn)?)
}

/// What the kinds of facts are called in the words of prices and policies.
pub fn fact_names(conn: &mut Conn) -> Result<pricing::FactNames, Fail> {
    let names = kinds(conn)?.into_iter().map(|kind| (kind.code, Bilingual::new(kind.zh, kind.en)));
    Ok(pricing::FactNames::new(names))
}

/// A resident as a price sees them on a day: with the verified facts that hold then (BR-01), and with the kind of what
/// suspends every subsidy, if something does (BR-03).
pub fn person_on(conn: &mut Conn, resident: &Resident, on: NaiveDate) -> Result<pricing::Person, Fail> {
    let holding = store::verified_on(conn, resident.id, on)?;
    let suspended = holding.iter().find(|(_, suspends)| *suspends).map(|(fact, _)| fact.kind.clone());
    Ok(pricing::Person {
        born_on: resident.born_on,
        registered_in: resident.registered_in.clone(),
        lives_in: resident.lives_in.clone(),
        facts: holding.into_iter().map(|(fact, _)| fact).collect(),
        suspended,
    })
}

/// Whether a verified death stands on the resident's record.
pub(super) fn is_dead(conn: &mut Conn, id: ResidentId) -> Result<bool, Fail> {
    Ok(store::has_standing_fact(conn, id, DECEASED)?)
}

// Rules ---------------------------------------------------------------------------------------------------------------

/// Whether this actor may read facts, which may name a hardship: the resident, family whose consent covers it, and those
/// who keep the record (BR-80).
fn hears_facts(acting: &ActingFor) -> bool {
    match acting.right().kind {
        RightKind::OneSelf | RightKind::Staff | RightKind::Officer => true,
        RightKind::Family => acting.hears_reasons(),
        RightKind::Volunteer => false,
    }
}

/// Whether this can be true of somebody born on this day. Fails with `bad_fact`.
fn check(new: &NewFact, born_on: NaiveDate, today: NaiveDate) -> Result<(), Problem> {
    check_span(new.from_on, new.to_on)?;
    let farthest = today.checked_add_days(Days::new(FARTHEST_DAYS)).unwrap_or(today);
    if new.from_on < born_on || new.from_on > farthest {
        return Err(bad_fact(
            "/from_on",
            "out_of_range",
            "起始日期要在出生以后、一年以内",
            "it begins after the birth and within a year from now",
        ));
    }
    if new.kind == DECEASED && (new.from_on > today || new.to_on.is_some()) {
        return Err(bad_fact(
            "/from_on",
            "death_ahead",
            "去世日期不能晚于今天，也没有结束日期",
            "a death is not after today and has no last day",
        ));
    }
    Ok(())
}

fn check_span(from_on: NaiveDate, to_on: Option<NaiveDate>) -> Result<(), Problem> {
    let latest = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX);
    if to_on.is_none_or(|to_on| (from_on..=latest).contains(&to_on)) {
        return Ok(());
    }
    Err(bad_fact("/to_on", "ends_before_start", "结束日期早于开始日期", "its last day is before its first"))
}

fn bad_fact(pointer: &str, word: &str, zh: &str, en: &str) -> Problem {
    let said = Bilingual::new(zh, en);
    Problem::new(Code::BadFact).with("reason", &said).field(pointer, word, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(kind: &str, from_on: &str, to_on: Option<&str>) -> NewFact {
        NewFact {
            kind: kind.into(),
            value: None,
            source: "civil affairs".into(),
            evidence: "2026-17".into(),
            from_on: from_on.parse().unwrap(),
            to_on: to_on.map(|day| day.parse().unwrap()),
        }
    }

    fn judged(new: &NewFact) -> Result<(), Code> {
        let (born_on, today) = ("1950-01-01".parse().unwrap(), "2026-11-22".parse().unwrap());
        check(new, born_on, today).map_err(|problem| problem.code)
    }

    #[test]
    fn a_fact_begins_after_the_birth_and_ends_after_it_begins() {
        assert_eq!(judged(&new("disabled", "2027-01-01", Some("2027-01-01"))), Ok(()));
        for bad in [
            new("disabled", "1949-12-31", None),
            new("disabled", "2028-01-01", None),
            new("disabled", "2026-01-02", Some("2026-01-01")),
        ] {
            assert_eq!(judged(&bad), Err(Code::BadFact), "{bad:?}");
        }
    }

    #[test]
    fn a_death_lies_in_the_past_and_has_no_end() {
        assert_eq!(judged(&new(DECEASED, "2026-11-22", None)), Ok(()));
        assert_eq!(judged(&new(DECEASED, "2026-11-23", None)), Err(Code::BadFact));
        assert_eq!(judged(&new(DECEASED, "2026-11-22", Some("2026-11-30"))), Err(Code::BadFact));
    }
}
