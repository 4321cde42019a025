//! What can be wrong with a roster: each fault at its row and column, with a word for programs and a sentence for people.

use super::columns::Header;
use crate::{
    problem::{Code, Problem},
    sheets::letters,
    words,
    words::Bilingual,
};

/// So many faults are listed; all are counted.
const MOST_LISTED: usize = 2_000;

words! {
    /// What is wrong with a cell or a row.
    pub enum FaultWord {
        MissingColumn = "missing_column",
        ColumnTwice = "column_twice",
        Missing = "missing",
        ErrorCell = "error_cell",
        MergedCells = "merged_cells",
        BadName = "bad_name",
        BadDate = "bad_date",
        BadBirthDate = "bad_birth_date",
        LostDigits = "lost_digits",
        BadIdNumber = "bad_id_number",
        OtherBirthDate = "other_birth_date",
        BadPhone = "bad_phone",
        BadCardNumber = "bad_card_number",
        BadArea = "bad_area",
        UnknownWord = "unknown_word",
        TooManyWords = "too_many_words",
        TwiceInFile = "twice_in_file",
        IdNumberTaken = "id_number_taken",
        CardNumberTaken = "card_number_taken",
        OtherName = "other_name",
        LeftOrDeceased = "left_or_deceased",
        SeveralMatch = "several_match",
    }
}

/// What is wrong with something, wherever it stands.
#[derive(Clone, Debug)]
pub struct Flaw {
    pub word: FaultWord,
    pub said: Bilingual,
}

impl Flaw {
    pub fn new(word: FaultWord, zh: impl Into<String>, en: impl Into<String>) -> Flaw {
        Flaw { word, said: Bilingual::new(zh, en) }
    }
}

/// A flaw at its place.
#[derive(Clone, Debug)]
pub struct Fault {
    /// As a spreadsheet shows it, from 1.
    pub row: u32,
    /// From 0; none where it is the row's.
    pub column: Option<u32>,
    pub flaw: Flaw,
}

impl Fault {
    pub fn new(row: u32, column: Option<u32>, flaw: Flaw) -> Fault {
        Fault { row, column, flaw }
    }
}

/// The refusal that lists the faults of a roster, in the order of rows and columns.
pub fn refusal(faults: &[Fault], header: &Header) -> Problem {
    let problem = Problem::new(Code::BadRoster).with("count", faults.len());
    faults.iter().take(MOST_LISTED).fold(problem, |problem, fault| {
        let place = fault.column.map_or_else(String::new, letters);
        let title = fault.column.and_then(|column| header.titles.get(&column)).map_or("", String::as_str);
        let Bilingual { zh, en } = &fault.flaw.said;
        let said = Bilingual::new(
            format!("第 {} 行 {place} 列（{title}）：{zh}", fault.row),
            format!("row {}, column {place} ({title}): {en}", fault.row),
        );
        let pointer =
            if place.is_empty() { format!("/{}", fault.row) } else { format!("/{}/{place}", fault.row) };
        problem.field(pointer, fault.flaw.word.as_str(), said)
    })
}

/// The faults that are listed, the first ones of all.
pub fn listed(faults: &[Fault]) -> &[Fault] {
    &faults[..faults.len().min(MOST_LISTED)]
}
