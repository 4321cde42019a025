//! A roster meets the database: who is new, who is known, what is missing there, and what differs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::{
    Entry, Fault, FaultWord, Field, Flaw, Roster, faults, sort,
    store::{self, Known},
};
use crate::{
    access::OnDuty,
    clock::At,
    db::Conn,
    guards,
    id::{Id, random_digits},
    ids::{CanteenId, ResidentId},
    problem::{Code, Fail},
    residents::{CARD_DIGITS, Newcomer, Resident, cards},
};

/// What a roster says otherwise than the record, which stays as it is.
#[derive(Clone, Debug)]
pub struct Differing {
    pub row: u32,
    pub field: Field,
    pub resident: ResidentId,
}

/// What an import would do, or has done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Entries of people who are not known, by their place among the entries.
    create: Vec<usize>,
    /// Records with something missing that the roster tells: before and after.
    fill: Vec<(Resident, Known)>,
    /// How many are known, with nothing to be filled in.
    pub unchanged: usize,
    pub differs: Vec<Differing>,
    /// The roster's own and those that only the database tells, in the order of rows and columns.
    pub faults: Vec<Fault>,
}

impl Plan {
    /// How many are new.
    pub fn created(&self) -> usize {
        self.create.len()
    }

    /// Whose records are filled in.
    pub fn filled(&self) -> impl ExactSizeIterator<Item = ResidentId> {
        self.fill.iter().map(|(resident, _)| resident.id)
    }
}

/// What importing the roster at the canteen of this duty would do. Nothing is written.
pub fn plan(conn: &mut Conn, duty: &OnDuty, roster: &Roster) -> Result<Plan, Fail> {
    let records = Records::around(conn, duty.canteen(), roster)?;
    let mut plan = Plan { faults: roster.faults.clone(), ..Plan::default() };
    let mut met: BTreeMap<ResidentId, u32> = BTreeMap::new();
    for (at, entry) in roster.entries.iter().enumerate() {
        let judged = records.find(entry).and_then(|known| match known {
            Some(known) => match met.insert(known.resident.id, entry.row) {
                Some(first) => Err(twice(first)),
                None => Ok(Some(known)),
            },
            None => Ok(None),
        });
        match judged {
            Err((field, flaw)) => {
                plan.faults.push(Fault::new(entry.row, roster.header.column(field), flaw));
            }
            Ok(None) => plan.create.push(at),
            Ok(Some(known)) => plan.compare(known, entry),
        }
    }
    sort(&mut plan.faults);
    Ok(plan)
}

/// Imports the roster at the canteen of this duty: all of it, or with a single fault nothing.
///
/// Fails with `bad_roster`, which lists the faults.
pub fn import(conn: &mut Conn, duty: &OnDuty, roster: &Roster, now: At) -> Result<Plan, Fail> {
    let plan = plan(conn, duty, roster)?;
    if !plan.faults.is_empty() && !guards::is_off("whole_roster") {
        return Err(faults::refusal(&plan.faults, &roster.header).into());
    }
    let new: Vec<&Entry> = plan.create.iter().map(|at| &roster.entries[*at]).collect();
    let numbers = card_numbers(conn, &new)?;
    let newcomers: Vec<Newcomer<'_>> = new
        .iter()
        .zip(&numbers)
        .map(|(entry, card_number)| Newcomer { id: Id::new(now), profile: &entry.profile, card_number })
        .collect();
    crate::residents::store::insert_all(conn, duty.canteen(), &newcomers, now)?;
    let issued: Vec<_> = newcomers.iter().zip(&new).map(|(one, entry)| (one.id, &entry.card)).collect();
    cards::issue_all(conn, &issued, duty.actor(), now)?;
    for (before, after) in &plan.fill {
        if !store::fill(conn, before, after)? {
            return Err(Code::Conflict.into());
        }
    }
    Ok(plan)
}

/// The card number of each: the roster's, or one that nobody has.
fn card_numbers(conn: &mut Conn, entries: &[&Entry]) -> Result<Vec<String>, Fail> {
    let mut used: BTreeSet<String> = entries.iter().filter_map(|entry| entry.card_number.clone()).collect();
    let needed = entries.iter().filter(|entry| entry.card_number.is_none()).count();
    let mut free: Vec<String> = Vec::new();
    while free.len() < needed {
        let mut made: Vec<String> = (free.len()..needed).map(|_| random_digits(CARD_DIGITS)).collect();
        made.retain(|number| used.insert(number.clone()));
        let taken: BTreeSet<String> =
            store::with_cards(conn, &made)?.into_iter().map(|known| known.resident.card_number).collect();
        free.extend(made.into_iter().filter(|number| !taken.contains(number)));
    }
    let mut free = free.into_iter();
    let number = |entry: &&Entry| entry.card_number.clone().or_else(|| free.next()).unwrap_or_default();
    Ok(entries.iter().map(number).collect())
}

/// The records that a roster may be about.
struct Records {
    canteen: CanteenId,
    known: Vec<Known>,
    by_hash: HashMap<String, Vec<usize>>,
    by_card: HashMap<String, usize>,
    by_name: HashMap<(String, NaiveDate), Vec<usize>>,
}

impl Records {
    fn around(conn: &mut Conn, canteen: CanteenId, roster: &Roster) -> Result<Records, Fail> {
        let identities = roster.entries.iter().filter_map(|entry| entry.profile.identity.as_ref());
        let hashes: Vec<&str> = identities.map(|identity| identity.hash.as_str()).collect();
        let cards: Vec<String> =
            roster.entries.iter().filter_map(|entry| entry.card_number.clone()).collect();
        let mut records = Records {
            canteen,
            known: Vec::new(),
            by_hash: HashMap::new(),
            by_card: HashMap::new(),
            by_name: HashMap::new(),
        };
        let mut seen = BTreeSet::new();
        for known in store::registered_at(conn, canteen)?
            .into_iter()
            .chain(store::with_hashes(conn, &hashes)?)
            .chain(store::with_cards(conn, &cards)?)
        {
            if seen.insert(known.resident.id) {
                records.keep(known);
            }
        }
        Ok(records)
    }

    fn keep(&mut self, known: Known) {
        let at = self.known.len();
        let resident = &known.resident;
        if let Some(hash) = &known.id_number_hash {
            self.by_hash.entry(hash.clone()).or_default().push(at);
        }
        self.by_card.insert(resident.card_number.clone(), at);
        if resident.canteen_id == self.canteen && !resident.is_gone() {
            self.by_name.entry((resident.full_name.clone(), resident.born_on)).or_default().push(at);
        }
        self.known.push(known);
    }

    /// The record of an entry: by identity number, else by card, else by name and birth date. Nothing for somebody new.
    ///
    /// Fails with the field at fault when it would be somebody else's, or cannot be told.
    fn find(&self, entry: &Entry) -> Result<Option<&Known>, (Field, Flaw)> {
        let holder =
            entry.card_number.as_ref().and_then(|number| self.by_card.get(number)).map(|at| &self.known[*at]);
        let found = match self.by_identity(entry)? {
            Some(known) => Some(known),
            None => match holder {
                Some(known) if same_person(known, entry) => Some(known),
                Some(_) => return Err(card_taken()),
                None => self.by_name(entry)?,
            },
        };
        let Some(known) = found else { return Ok(None) };
        if holder.is_some_and(|holder| holder.resident.id != known.resident.id) {
            return Err(card_taken());
        }
        if known.resident.canteen_id != self.canteen {
            return Err(taken_elsewhere(entry));
        }
        if known.resident.is_gone() {
            return Err((
                Field::FullName,
                Flaw::new(
                    FaultWord::LeftOrDeceased,
                    "档案已登记为迁出或去世，请先核对那份档案",
                    "the record says that they moved away or died; see to that record first",
                ),
            ));
        }
        Ok(Some(known))
    }

    fn by_identity(&self, entry: &Entry) -> Result<Option<&Known>, (Field, Flaw)> {
        let Some(identity) = &entry.profile.identity else { return Ok(None) };
        let Some(places) = self.by_hash.get(&identity.hash) else { return Ok(None) };
        let all = || places.iter().map(|at| &self.known[*at]);
        // Of those who left elsewhere nobody here needs to know.
        let here = |known: &&Known| known.resident.canteen_id == self.canteen;
        let found = all()
            .find(|known| !known.resident.is_gone())
            .or_else(|| all().filter(here).max_by_key(|known| known.resident.id));
        let Some(known) = found else { return Ok(None) };
        if here(&known) && known.resident.full_name != entry.profile.full_name {
            let said = (
                "这个身份证号在档案里是另一个姓名，请核对",
                "this identity number is on record with another name; check it",
            );
            return Err((Field::FullName, Flaw::new(FaultWord::OtherName, said.0, said.1)));
        }
        Ok(Some(known))
    }

    fn by_name(&self, entry: &Entry) -> Result<Option<&Known>, (Field, Flaw)> {
        let profile = &entry.profile;
        let Some(places) = self.by_name.get(&(profile.full_name.clone(), profile.born_on)) else {
            return Ok(None);
        };
        // Two different identity numbers are two people.
        let mut fitting = places
            .iter()
            .map(|at| &self.known[*at])
            .filter(|known| profile.identity.is_none() || known.id_number_hash.is_none());
        match (fitting.next(), fitting.next()) {
            (found, None) => Ok(found),
            (_, Some(_)) => {
                let said = (
                    "有几位同名同生日的老人，请填身份证号或卡号",
                    "there are several of this name and birth date; enter the identity or card number",
                );
                Err((Field::FullName, Flaw::new(FaultWord::SeveralMatch, said.0, said.1)))
            }
        }
    }
}

/// Whether the holder of a card is the one in the roster, as far as both are known.
fn same_person(known: &Known, entry: &Entry) -> bool {
    let (resident, profile) = (&known.resident, &entry.profile);
    let identities = known.id_number_hash.as_ref().zip(profile.identity.as_ref());
    resident.full_name == profile.full_name
        && resident.born_on == profile.born_on
        && identities.is_none_or(|(own, other)| *own == other.hash)
}

fn card_taken() -> (Field, Flaw) {
    let said = ("卡号已是别人的，请核对", "the card is somebody else's; check its number");
    (Field::CardNumber, Flaw::new(FaultWord::CardNumberTaken, said.0, said.1))
}

fn taken_elsewhere(entry: &Entry) -> (Field, Flaw) {
    let said = (
        "这位老人已在别的食堂登记，到这里就餐不必再登记",
        "this resident is registered at another canteen and may eat here all the same",
    );
    match &entry.profile.identity {
        Some(_) => (Field::IdNumber, Flaw::new(FaultWord::IdNumberTaken, said.0, said.1)),
        None => card_taken(),
    }
}

fn twice(first: u32) -> (Field, Flaw) {
    let said = (format!("与第 {first} 行是同一个人"), format!("it is the same person as in row {first}"));
    (Field::FullName, Flaw::new(FaultWord::TwiceInFile, said.0, said.1))
}

impl Plan {
    /// Compares a record with what the roster tells of it.
    fn compare(&mut self, known: &Known, entry: &Entry) {
        let mut after = known.clone();
        let (profile, row) = (&entry.profile, entry.row);
        let mut differs = Vec::new();
        let resident = &mut after.resident;
        if let Some(identity) = &profile.identity
            && after.id_number_hash.is_none()
        {
            after.id_number_hash = Some(identity.hash.clone());
            resident.id_number_last4 = Some(identity.last4.clone());
        }
        let written_otherwise = |own: &String, other: &String| digits(own) != digits(other);
        differs.extend(fill(&mut resident.phone, &profile.phone, written_otherwise).then_some(Field::Phone));
        let other = |own: &crate::words::Area, other: &crate::words::Area| own != other;
        differs.extend(
            fill(&mut resident.registered_in, &profile.registered_in, other).then_some(Field::RegisteredIn),
        );
        differs.extend(fill(&mut resident.lives_in, &profile.lives_in, other).then_some(Field::LivesIn));
        let lists = [
            (&mut resident.allergens.0, &profile.allergens, Field::Allergens),
            (&mut resident.diet_tags.0, &profile.diet_tags, Field::DietTags),
        ];
        for (own, told, field) in lists {
            if own.is_empty() {
                own.clone_from(told);
            } else if !told.is_empty() && sorted(own) != sorted(told) {
                differs.push(field);
            }
        }
        if entry.card_number.as_ref().is_some_and(|number| *number != resident.card_number) {
            differs.push(Field::CardNumber);
        }
        let id = resident.id;
        self.differs.extend(differs.into_iter().map(|field| Differing { row, field, resident: id }));
        if after.resident == known.resident && after.id_number_hash == known.id_number_hash {
            self.unchanged += 1;
        } else {
            self.fill.push((known.resident.clone(), after));
        }
    }
}

/// Takes what is told where nothing is known; says whether it is told otherwise than it is known.
fn fill<T: Clone>(own: &mut Option<T>, told: &Option<T>, other: impl Fn(&T, &T) -> bool) -> bool {
    match (&own, told) {
        (None, Some(_)) => {
            own.clone_from(told);
            false
        }
        (Some(own), Some(told)) => other(own, told),
        (None | Some(_), None) => false,
    }
}

fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

fn sorted(words: &[String]) -> Vec<&String> {
    let mut words: Vec<&String> = words.iter().collect();
    words.sort();
    words
}
