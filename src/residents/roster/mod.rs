//! Rosters: many residents at once, from a spreadsheet as a canteen keeps it.
//!
//! A file is read and judged before the database is asked; nothing slow is done inside the write. Every fault is told at
//! its row and column, and with a single one nothing is written. Whoever is known already is found by identity number,
//! else by card, else by name and birth date at the same canteen: what is missing in their record is filled in, and what
//! differs is told and left as it is. So the same roster again changes nothing. An import issues cards and no PINs, and
//! enters no facts: what a column says of hardship is ignored, and said to be.

mod cells;
mod columns;
mod faults;
pub mod http;
mod import;
mod store;

use std::collections::BTreeMap;

use chrono::NaiveDate;

pub use columns::{Field, Header};
pub use faults::{Fault, FaultWord, Flaw};
pub use import::{Differing, Plan, import, plan};

use super::{KeptIdentity, NewCard, Profile, check_birth_date};
use crate::{
    problem::{Code, Problem},
    sheets::{self, Merged, Row, Sheet, Unreadable, Value},
    words::Bilingual,
};
use cells::{Birth, Eating};

/// The most allergens, and the most diet tags, of one resident.
const MOST_WORDS: usize = 30;

/// Somebody in a roster without a fault of their own.
#[derive(Clone, Debug)]
pub struct Entry {
    pub row: u32,
    pub profile: Profile,
    /// None lets a new resident have a new number.
    pub card_number: Option<String>,
    /// The card that is issued to them if they are new.
    pub card: NewCard,
}

/// A roster that was read.
#[derive(Clone, Debug)]
pub struct Roster {
    /// None for CSV.
    pub sheet: Option<String>,
    pub header: Header,
    pub entries: Vec<Entry>,
    /// In the order of rows and columns.
    pub faults: Vec<Fault>,
    /// What was left out because it was not understood and nothing depends on it.
    pub notes: Vec<Fault>,
    /// How many rows have somebody in them, with faults or without.
    pub people: usize,
}

impl Roster {
    /// Reads a file. `today` is the canteen's. Slow: it hashes.
    ///
    /// Fails with `unreadable_sheet`.
    pub fn read(bytes: &[u8], identity_key: &[u8; 32], today: NaiveDate) -> Result<Roster, Problem> {
        let sheet = sheets::read(bytes, |sheet| Header::of(sheet).is_some()).map_err(unreadable)?;
        let header = Header::of(&sheet).ok_or_else(no_header)?;
        let mut reader =
            Reader { header: &header, identity_key, today, faults: Vec::new(), notes: Vec::new() };
        reader.judge_header(&sheet);
        let rows: Vec<&Row> = sheet.rows.iter().filter(|row| reader.has_somebody(row)).collect();
        let entries = rows.iter().filter_map(|row| reader.entry(row)).collect::<Vec<Entry>>();
        let Reader { mut faults, notes, .. } = reader;
        faults.extend(twice_in_file(&header, &entries));
        sort(&mut faults);
        let people = rows.len();
        Ok(Roster { sheet: sheet.name, entries, faults, notes, people, header })
    }
}

/// Faults in the order in which one goes through a sheet.
fn sort(faults: &mut [Fault]) {
    faults.sort_by_key(|fault| (fault.row, fault.column));
}

fn unreadable(why: Unreadable) -> Problem {
    let said = why.said();
    Problem::new(Code::UnreadableSheet).with("reason", &said).field("", why.word(), said)
}

fn no_header() -> Problem {
    let said = Bilingual::new(
        "前 20 行里找不到表头，至少要有“姓名”和另一列，如“身份证号”或“出生日期”",
        "there is no header in the first 20 rows: at least a column for the name and another one are needed",
    );
    Problem::new(Code::UnreadableSheet).with("reason", &said).field("", "no_header", said)
}

/// Reads one row after the other, and keeps what is wrong.
struct Reader<'a> {
    header: &'a Header,
    identity_key: &'a [u8; 32],
    today: NaiveDate,
    faults: Vec<Fault>,
    notes: Vec<Fault>,
}

impl Reader<'_> {
    fn judge_header(&mut self, sheet: &Sheet) {
        let row = self.header.row;
        for column in self.header.doubles() {
            let said = ("有两列说的是同一件事，请删去一列", "two columns say the same; take one out");
            self.faults.push(Fault::new(
                row,
                Some(column),
                Flaw::new(FaultWord::ColumnTwice, said.0, said.1),
            ));
        }
        if !self.header.has(Field::BornOn) && !self.header.has(Field::IdNumber) {
            let said = (
                "缺少“出生日期”或“身份证号”列",
                "a column for the birth date or the identity number is missing",
            );
            self.faults.push(Fault::new(row, None, Flaw::new(FaultWord::MissingColumn, said.0, said.1)));
        }
        let own = |area: &&Merged| {
            let mut columns = area.columns.0..=area.columns.1;
            area.rows.1 > row && columns.any(|column| self.header.fields.contains_key(&column))
        };
        for area in sheet.merged.iter().filter(own) {
            let said =
                ("单元格是合并的，请取消合并，每行各填各的", "cells are merged; split them and fill in each");
            let flaw = Flaw::new(FaultWord::MergedCells, said.0, said.1);
            self.faults.push(Fault::new(area.rows.0, Some(area.columns.0), flaw));
        }
    }

    /// Whether a row below the header says anything of a person; a number in the first column alone does not.
    fn has_somebody(&self, row: &Row) -> bool {
        row.number > self.header.row && row.cells.keys().any(|column| self.header.fields.contains_key(column))
    }

    /// The entry of a row; nothing when it has a fault.
    fn entry(&mut self, row: &Row) -> Option<Entry> {
        let before = self.faults.len();
        let full_name = self.needed(row, Field::FullName, cells::full_name);
        let number = self.cell(row, Field::IdNumber, cells::id_number);
        let birth = self.cell(row, Field::BornOn, cells::birth);
        let identified = self.identified(row, number, birth);
        let phone = self.cell(row, Field::Phone, cells::phone).flatten();
        let card_number = self.cell(row, Field::CardNumber, cells::card_number).flatten();
        let registered_in = self.cell(row, Field::RegisteredIn, cells::area).flatten();
        let lives_in = self.address(row);
        let Eating { allergens, diet_tags } = self.eating(row);
        let (full_name, (born_on, identity)) = full_name.zip(identified)?;
        let profile =
            Profile { full_name, born_on, phone, identity, registered_in, lives_in, allergens, diet_tags };
        let card = NewCard::new(self.identity_key);
        (self.faults.len() == before).then_some(Entry { row: row.number, profile, card_number, card })
    }

    /// What a field says: `None` with a fault, `Some(None)` when it says nothing.
    fn cell<T>(
        &mut self,
        row: &Row,
        field: Field,
        judge: impl Fn(&Value) -> Result<T, Flaw>,
    ) -> Option<Option<T>> {
        let Some(column) = self.header.column(field) else { return Some(None) };
        match row.cells.get(&column).map(judge) {
            None => Some(None),
            Some(Ok(said)) => Some(Some(said)),
            Some(Err(flaw)) => {
                self.faults.push(Fault::new(row.number, Some(column), flaw));
                None
            }
        }
    }

    fn needed<T>(&mut self, row: &Row, field: Field, judge: impl Fn(&Value) -> Result<T, Flaw>) -> Option<T> {
        let said = self.cell(row, field, judge)?;
        if said.is_none() {
            let flaw = Flaw::new(FaultWord::Missing, "没有填写", "nothing is entered");
            self.faults.push(Fault::new(row.number, self.header.column(field), flaw));
        }
        said
    }

    /// The birth date and what is kept of the identity number, which have to agree. At most one fault.
    fn identified(
        &mut self,
        row: &Row,
        number: Option<Option<crate::text::IdNumber>>,
        birth: Option<Option<Birth>>,
    ) -> Option<(NaiveDate, Option<KeptIdentity>)> {
        let (at_number, at_birth) = (self.header.column(Field::IdNumber), self.header.column(Field::BornOn));
        let judged = match (number?, birth?) {
            (None, None) => {
                let said = ("出生日期和身份证号至少填一项", "enter the birth date or the identity number");
                // Where neither column is there, the header's fault says it for all.
                let column = at_birth.or(at_number)?;
                Err((Some(column), Flaw::new(FaultWord::Missing, said.0, said.1)))
            }
            (None, Some(Birth::Day(born_on))) => Ok((born_on, None)),
            (None, Some(Birth::Month(..))) => {
                let said = (
                    "只有年月，请写明哪一天或填身份证号",
                    "the day is missing; enter it, or the identity number",
                );
                Err((at_birth, Flaw::new(FaultWord::BadDate, said.0, said.1)))
            }
            (Some(number), birth) => match cells::born_by(&number) {
                None => {
                    let said = (
                        "身份证号里的出生日期不存在",
                        "there is no such birth date as in the identity number",
                    );
                    Err((at_number, Flaw::new(FaultWord::BadIdNumber, said.0, said.1)))
                }
                Some(born_on) => match KeptIdentity::of(&number, born_on, self.identity_key) {
                    Err(_) => {
                        let said =
                            ("身份证号校验位不对", "the check digit of the identity number does not fit");
                        Err((at_number, Flaw::new(FaultWord::BadIdNumber, said.0, said.1)))
                    }
                    Ok(_) if birth.is_some_and(|birth| !birth.fits(born_on)) => {
                        let said =
                            ("与身份证号里的出生日期不符", "it is not the birth date in the identity number");
                        Err((at_birth, Flaw::new(FaultWord::OtherBirthDate, said.0, said.1)))
                    }
                    Ok(identity) => Ok((born_on, Some(identity))),
                },
            },
        };
        let judged = judged.and_then(|(born_on, identity)| match check_birth_date(born_on, self.today) {
            Ok(()) => Ok((born_on, identity)),
            Err(_) => {
                let said = (
                    "出生日期要在今天以前，且不早于 130 年前",
                    "a birth date is before today and not 130 years ago",
                );
                Err((at_birth.or(at_number), Flaw::new(FaultWord::BadBirthDate, said.0, said.1)))
            }
        });
        match judged {
            Ok(identified) => Some(identified),
            Err((column, flaw)) => {
                self.faults.push(Fault::new(row.number, column, flaw));
                None
            }
        }
    }

    /// Where somebody lives, as far as their address says it; one that says no area is left out with a note.
    fn address(&mut self, row: &Row) -> Option<crate::words::Area> {
        let column = self.header.column(Field::LivesIn)?;
        match cells::area(row.cells.get(&column)?) {
            Ok(area) => Some(area),
            Err(flaw) if flaw.word == FaultWord::BadArea => {
                self.notes.push(Fault::new(row.number, Some(column), flaw));
                None
            }
            Err(flaw) => {
                self.faults.push(Fault::new(row.number, Some(column), flaw));
                None
            }
        }
    }

    /// What all columns together say of eating.
    fn eating(&mut self, row: &Row) -> Eating {
        let mut all = Eating::default();
        for (column, field) in &self.header.fields {
            let as_diet = match field {
                Field::Allergens => false,
                Field::DietTags => true,
                Field::FullName
                | Field::BornOn
                | Field::IdNumber
                | Field::Phone
                | Field::CardNumber
                | Field::RegisteredIn
                | Field::LivesIn => continue,
            };
            let Some(value) = row.cells.get(column) else { continue };
            let flaw = match cells::eating(value, as_diet) {
                Ok(eating) => {
                    add(&mut all.allergens, eating.allergens);
                    add(&mut all.diet_tags, eating.diet_tags);
                    if all.allergens.len().max(all.diet_tags.len()) <= MOST_WORDS {
                        continue;
                    }
                    Flaw::new(FaultWord::TooManyWords, "最多 30 项", "at most 30 words")
                }
                Err(flaw) => flaw,
            };
            self.faults.push(Fault::new(row.number, Some(*column), flaw));
        }
        all
    }
}

fn add(list: &mut Vec<String>, words: Vec<String>) {
    for word in words {
        if !list.contains(&word) {
            list.push(word);
        }
    }
}

/// Rows that say of a second person what an earlier row says: one fault for each.
fn twice_in_file(header: &Header, entries: &[Entry]) -> Vec<Fault> {
    let (mut by_identity, mut by_card) = (BTreeMap::new(), BTreeMap::new());
    let mut by_name: BTreeMap<(&str, NaiveDate), (u32, bool)> = BTreeMap::new();
    let mut faults = Vec::new();
    for Entry { row, profile, card_number, .. } in entries {
        let identity = profile.identity.as_ref().map(|identity| identity.hash.as_str());
        let same_identity = identity.and_then(|hash| by_identity.get(hash).copied());
        let same_card = card_number.as_deref().and_then(|number| by_card.get(number).copied());
        let name = (profile.full_name.as_str(), profile.born_on);
        // Two of one name and birth date are told apart by their identity numbers alone.
        let same_name = by_name.get(&name).filter(|(_, numbered)| !numbered || identity.is_none());
        let twice = same_identity
            .map(|first| (Field::IdNumber, first))
            .or(same_card.map(|first| (Field::CardNumber, first)))
            .or(same_name.map(|(first, _)| (Field::FullName, *first)));
        match twice {
            Some((field, first)) => {
                let flaw = Flaw::new(
                    FaultWord::TwiceInFile,
                    format!("与第 {first} 行重复"),
                    format!("it is in row {first} already"),
                );
                faults.push(Fault::new(*row, header.column(field), flaw));
            }
            None => {
                identity.map(|hash| by_identity.insert(hash, *row));
                card_number.as_deref().map(|number| by_card.insert(number, *row));
                by_name.insert(name, (*row, identity.is_some()));
            }
        }
    }
    faults
}
