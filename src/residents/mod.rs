//! Residents (老年人): who they are, how they are found, what they may not eat, and what is true of them.
//!
//! Registered in, living in, and where the canteen lies are three different facts (BR-04). An identity number is kept
//! only as a keyed hash with its last four, and two active residents never share one (BR-06). What is sensitive is told
//! to few, in the least of fields, and a read by staff is logged (BR-83).

pub mod cards;
mod facts;
pub mod http;
mod identity;
pub mod names;

pub mod roster;
mod store;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use diesel::QueryResult;

use crate::{
    access::{ActingFor, OnDuty, Registered, RightKind},
    canteens,
    clock::At,
    db::{Conn, Json},
    id::{Id, random_digits},
    ids::{CanteenId, ResidentId},
    problem::{Code, Fail, Problem},
    words,
    words::{Area, Bilingual},
};

pub use cards::NewCard;
pub use facts::{
    DECEASED, Fact, FactEdit, FactKind, NewFact, edit_fact, enter_fact, fact, fact_names, facts_of, kinds,
    new_kind, person_on, verify_fact,
};
pub use identity::KeptIdentity;
pub use names::{keys as search_keys, mask};
pub use store::{Search, by_card, by_ids, search};

/// The age that nobody exceeds, in years.
const OLDEST_YEARS: i32 = 130;

/// How many digits a card number has that we make.
const CARD_DIGITS: usize = 8;

words! {
    /// How a resident's record stands.
    pub enum Status {
        Active = "active",
        /// For a while nothing can be reserved.
        Suspended = "suspended",
        /// Moved away.
        Left = "left",
        /// Recorded by a verified fact, never by an edit.
        Deceased = "deceased",
    }
}

/// A resident as they are recorded, without what nobody reads: the identity number and the PIN.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = crate::db::schema::residents)]
pub struct Resident {
    pub id: ResidentId,
    /// The canteen that registered them; they may eat anywhere.
    pub canteen_id: CanteenId,
    pub full_name: String,
    pub born_on: NaiveDate,
    pub phone: Option<String>,
    /// The last four of the identity number, when it is known.
    pub id_number_last4: Option<String>,
    /// Where the household is registered (户籍).
    pub registered_in: Option<Area>,
    pub lives_in: Option<Area>,
    pub card_number: String,
    pub allergens: Json<Vec<String>>,
    pub diet_tags: Json<Vec<String>>,
    pub status: Status,
    pub version: i32,
}

/// What staff enter about a resident.
#[derive(Clone, Debug)]
pub struct Profile {
    pub full_name: String,
    pub born_on: NaiveDate,
    pub phone: Option<String>,
    /// None leaves what is known.
    pub identity: Option<KeptIdentity>,
    pub registered_in: Option<Area>,
    pub lives_in: Option<Area>,
    pub allergens: Vec<String>,
    pub diet_tags: Vec<String>,
}

// Acts ----------------------------------------------------------------------------------------------------------------

/// Somebody to be registered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newcomer<'a> {
    pub id: ResidentId,
    pub profile: &'a Profile,
    pub card_number: &'a str,
}

/// Registers a resident at the canteen of this duty, and issues their card; without a card number they get a new one.
///
/// Fails with `bad_birth_date`, `id_number_taken` or `card_number_taken`.
pub fn register(
    conn: &mut Conn,
    duty: &OnDuty,
    profile: &Profile,
    card_number: Option<&str>,
    card: &NewCard,
    now: At,
) -> Result<Resident, Fail> {
    check_birth_date(profile.born_on, canteens::find(conn, duty.canteen())?.today(now))?;
    if let Some(identity) = &profile.identity {
        refuse_twin(conn, &identity.hash, None)?;
    }
    let card_number = match card_number {
        Some(number) if store::is_card_taken(conn, number, None)? => return Err(Code::CardTaken.into()),
        Some(number) => number.to_owned(),
        None => free_card_number(conn)?,
    };
    let new = Newcomer { id: Id::new(now), profile, card_number: &card_number };
    store::insert_all(conn, duty.canteen(), &[new], now)?;
    cards::issue_all(conn, &[(new.id, card)], duty.actor(), now)?;
    find(conn, new.id)
}

/// What an edit makes of a resident's record.
#[derive(Clone, Debug)]
pub struct Edit {
    pub profile: Profile,
    pub card_number: String,
    pub status: Status,
}

/// Replaces what is recorded of the resident, who was read at version `seen`. `duty` is at the canteen that they are
/// registered with from now on, the same one or another.
///
/// Fails like [`register`]; with `bad_id_number` when the birth date changes and the identity number is not entered
/// again; with `status_by_fact` when the edit would record or undo a death; with `stale`.
pub fn edit(
    conn: &mut Conn,
    acting: &ActingFor,
    duty: &OnDuty,
    seen: i32,
    edit: &Edit,
    now: At,
) -> Result<Resident, Fail> {
    let id = acting.resident();
    let before = find(conn, id)?;
    check_birth_date(edit.profile.born_on, canteens::find(conn, duty.canteen())?.today(now))?;
    check_identity_still_fits(&before, &edit.profile)?;
    check_status(before.status, edit.status, facts::is_dead(conn, id)?)?;
    if edit.status == Status::Active {
        let kept = store::identity_hash(conn, id)?;
        if let Some(hash) = edit.profile.identity.as_ref().map(|identity| &identity.hash).or(kept.as_ref()) {
            refuse_twin(conn, hash, Some(id))?;
        }
    }
    if store::is_card_taken(conn, &edit.card_number, Some(id))? {
        return Err(Code::CardTaken.into());
    }
    store::update(conn, &before, duty.canteen(), seen, edit)?.ok_or_else(|| Code::Stale.into())
}

/// Reads a resident's record for whoever may.
pub fn read(conn: &mut Conn, acting: &ActingFor) -> Result<Resident, Fail> {
    find(conn, acting.resident())
}

/// Keeps the hash of a new PIN.
pub fn set_pin_hash(conn: &mut Conn, acting: &ActingFor, hash: &str) -> Result<(), Fail> {
    Ok(store::set_pin_hash(conn, acting.resident(), hash)?)
}

/// Revokes the card of a resident who died (BR-28).
pub fn end_card(conn: &mut Conn, id: ResidentId, now: At) -> Result<(), Fail> {
    Ok(cards::revoke(conn, id, now)?)
}

/// The resident with this id; `resident_not_found` without.
pub fn find(conn: &mut Conn, id: ResidentId) -> Result<Resident, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::ResidentNotFound.into())
}

/// The resident with this id as rights see them; `resident_not_found` without.
pub fn registered(conn: &mut Conn, id: ResidentId) -> Result<Registered, Fail> {
    let canteen = store::canteen_of(conn, id)?.ok_or(Code::ResidentNotFound)?;
    Ok(Registered { id, site: canteens::site(conn, canteen)? })
}

/// What a sign-in with a card is checked against.
#[derive(Clone, Debug)]
pub struct CardHolder {
    pub registered: Registered,
    /// None for whoever has no PIN.
    pub pin_hash: Option<String>,
    zone: Tz,
}

impl CardHolder {
    /// The day that it is at the canteen that registered them.
    pub fn today(&self, now: At) -> NaiveDate {
        now.in_zone(self.zone).date_naive()
    }
}

/// The active resident with this card.
pub fn card_holder(conn: &mut Conn, card_number: &str) -> Result<Option<CardHolder>, Fail> {
    let Some((id, pin_hash, canteen)) = store::credentials(conn, card_number)? else { return Ok(None) };
    let (site, zone) = (canteens::site(conn, canteen)?, canteens::zone(conn, canteen)?.0);
    Ok(Some(CardHolder { registered: Registered { id, site }, pin_hash, zone }))
}

/// Whether a reader by this right leaves an entry in the audit log (BR-83). Whoever reads of themselves or of their
/// family does not.
pub fn leaves_entry(acting: &ActingFor) -> bool {
    match acting.right().kind {
        RightKind::OneSelf | RightKind::Family => false,
        RightKind::Staff | RightKind::Volunteer | RightKind::Officer => true,
    }
}

fn refuse_twin(conn: &mut Conn, hash: &str, own: Option<ResidentId>) -> Result<(), Fail> {
    if store::has_active_twin(conn, hash, own)? { Err(Code::IdNumberTaken.into()) } else { Ok(()) }
}

fn free_card_number(conn: &mut Conn) -> QueryResult<String> {
    loop {
        let number = random_digits(CARD_DIGITS);
        if !store::is_card_taken(conn, &number, None)? {
            return Ok(number);
        }
    }
}

// Rules ---------------------------------------------------------------------------------------------------------------

impl Resident {
    /// Whether they died or moved away.
    fn is_gone(&self) -> bool {
        matches!(self.status, Status::Left | Status::Deceased)
    }

    /// Whether meals can be reserved and served for them.
    pub fn is_active(&self) -> bool {
        self.status == Status::Active
    }
}

/// Whether somebody alive today can be born on this day. Fails with `bad_birth_date`.
fn check_birth_date(born_on: NaiveDate, today: NaiveDate) -> Result<(), Problem> {
    let before_birthday = (today.month(), today.day()) < (born_on.month(), born_on.day());
    let age_years = today.year() - born_on.year() - i32::from(before_birthday);
    if (0..=OLDEST_YEARS).contains(&age_years) { Ok(()) } else { Err(Code::BadBirthDate.into()) }
}

/// A birth date that changes no longer fits the number that was checked with it.
fn check_identity_still_fits(before: &Resident, profile: &Profile) -> Result<(), Problem> {
    let unchecked = before.id_number_last4.is_some() && profile.identity.is_none();
    if unchecked && before.born_on != profile.born_on {
        let said = Bilingual::new(
            "修改出生日期时请重新填写身份证号",
            "enter the identity number again with the new birth date",
        );
        return Err(Problem::new(Code::BadIdNumber).field("/id_number", "needed", said));
    }
    Ok(())
}

/// Whether an edit may turn this status into that. A death is recorded and undone by its fact alone.
fn check_status(before: Status, after: Status, is_dead: bool) -> Result<(), Problem> {
    let (was, becomes) = (before == Status::Deceased, after == Status::Deceased);
    let undone = was && !becomes && !is_dead;
    if was == becomes || undone { Ok(()) } else { Err(Code::StatusByFact.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn nobody_is_born_tomorrow_or_131_years_ago() {
        let today = day("2026-11-22");
        for born_on in ["2026-11-22", "1896-11-22", "1895-11-23"] {
            assert!(check_birth_date(day(born_on), today).is_ok(), "{born_on}");
        }
        for born_on in ["2026-11-23", "1895-11-22", "1066-10-14"] {
            assert_eq!(
                check_birth_date(day(born_on), today).unwrap_err().code,
                Code::BadBirthDate,
                "{born_on}"
            );
        }
    }

    #[test]
    fn a_death_is_recorded_and_undone_by_its_fact_alone() {
        use Status::{Active, Deceased, Left};
        assert!(check_status(Active, Left, false).is_ok());
        assert!(check_status(Deceased, Deceased, true).is_ok());
        assert!(check_status(Deceased, Active, false).is_ok());
        assert_eq!(check_status(Deceased, Active, true).unwrap_err().code, Code::StatusByFact);
        assert_eq!(check_status(Active, Deceased, false).unwrap_err().code, Code::StatusByFact);
    }
}
