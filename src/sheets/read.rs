//! Reading: which cells a file has, bounded in memory and time, with the row numbers that its makers see.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _},
};

use calamine::{DataRef, Reader as _, Xlsx};
use chrono::NaiveDate;
use encoding_rs::{Encoding, GB18030, UTF_8};
use zip::ZipArchive;

use crate::words::Bilingual;

/// The largest file that is taken, in bytes: many times what 3,000 people need.
pub const LARGEST_FILE: usize = 4 * 1024 * 1024;

/// The most rows with something in them that one sheet may have.
pub const MOST_ROWS: usize = 10_000;

/// What an XLSX file may hold when it is unpacked, in bytes, and in how many parts.
const LARGEST_UNPACKED: u64 = 32 * 1024 * 1024;
const MOST_PARTS: usize = 1_000;

/// Columns from this one on are not looked at.
const MOST_COLUMNS: u32 = 200;

/// What separates the cells of a CSV file, by how usual it is.
const SEPARATORS: &[u8] = b",\t;";

/// How an XLSX file begins, and how an older or locked one does.
const ZIP_MARK: &[u8] = b"PK\x03\x04";
const OLE_MARK: &[u8] = b"\xD0\xCF\x11\xE0";

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Never empty, and without blanks at its ends.
    Text(String),
    Number(f64),
    Date(NaiveDate),
    /// What a formula says that went wrong, such as `#REF!`.
    Error,
}

/// A row with something in it.
#[derive(Clone, Debug)]
pub struct Row {
    /// As a spreadsheet shows it, from 1.
    pub number: u32,
    /// What stands in which column, from 0; empty cells are not there.
    pub cells: BTreeMap<u32, Value>,
}

/// Cells that are one, by rows from 1 and columns from 0, the last ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    pub rows: (u32, u32),
    pub columns: (u32, u32),
}

/// A sheet of a file.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// None for CSV.
    pub name: Option<String>,
    pub rows: Vec<Row>,
    pub merged: Vec<Merged>,
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Nothing is in it.
    Empty,
    /// An Excel file of before 2007, or one that is locked with a password.
    OldOrLocked,
    /// It is damaged, or nothing of the kind.
    Broken,
    /// It would be too large when it is unpacked.
    TooLarge,
    /// It has more than [`MOST_ROWS`] rows.
    TooManyRows,
    /// It is text in no encoding that we know.
    Encoding,
}

impl Unreadable {
    /// A stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Unreadable::Empty => "empty_file",
            Unreadable::OldOrLocked => "old_or_locked",
            Unreadable::Broken => "broken_file",
            Unreadable::TooLarge => "too_large_unpacked",
            Unreadable::TooManyRows => "too_many_rows",
            Unreadable::Encoding => "unknown_encoding",
        }
    }

    /// What is wrong, for people.
    pub fn said(self) -> Bilingual {
        match self {
            Unreadable::Empty => Bilingual::new("文件是空的", "the file is empty"),
            Unreadable::OldOrLocked => Bilingual::new(
                "这是旧版 Excel（.xls）或加了密码的文件，请另存为不加密的 .xlsx",
                "this is an old Excel file (.xls) or a locked one; save it as .xlsx without a password",
            ),
            Unreadable::Broken => {
                Bilingual::new("文件已损坏或不是表格", "the file is damaged or no spreadsheet")
            }
            Unreadable::TooLarge => Bilingual::new(
                "解压后的内容过大，请删去多余的工作表和图片",
                "what it unpacks to is too large; take out other sheets and pictures",
            ),
            Unreadable::TooManyRows => Bilingual::new(
                format!("一次最多 {MOST_ROWS} 行，请分成几份"),
                format!("at most {MOST_ROWS} rows at once; split it"),
            ),
            Unreadable::Encoding => Bilingual::new(
                "文字编码认不出来，请另存为 UTF-8 或 GBK",
                "its text encoding is unknown; save it as UTF-8 or GBK",
            ),
        }
    }
}

/// Reads the first sheet of a file that `is_wanted`; the first one that has anything in it when none is.
///
/// A CSV file has one sheet, read with whichever separator makes it wanted.
pub fn read(bytes: &[u8], is_wanted: impl Fn(&Sheet) -> bool) -> Result<Sheet, Unreadable> {
    if bytes.starts_with(ZIP_MARK) {
        return xlsx(bytes, is_wanted);
    }
    if bytes.starts_with(OLE_MARK) {
        return Err(Unreadable::OldOrLocked);
    }
    csv(bytes, is_wanted)
}

// XLSX ----------------------------------------------------------------------------------------------------------------

fn xlsx(bytes: &[u8], is_wanted: impl Fn(&Sheet) -> bool) -> Result<Sheet, Unreadable> {
    measure(bytes)?;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|_| Unreadable::Broken)?;
    let mut first = None;
    for name in book.sheet_names() {
        let Some(rows) = rows(&mut book, &name)? else { continue };
        let merged = book.merge_cells_by_sheet_name(&name).unwrap_or_default();
        let merged = merged
            .into_iter()
            .map(|area| Merged {
                rows: (area.start.0 + 1, area.end.0 + 1),
                columns: (area.start.1, area.end.1),
            })
            .collect();
        let sheet = Sheet { name: Some(name), rows, merged };
        if is_wanted(&sheet) {
            return Ok(sheet);
        }
        first = first.or(Some(sheet).filter(|sheet| !sheet.rows.is_empty()));
    }
    first.ok_or(Unreadable::Empty)
}

/// What a sheet holds; nothing for a sheet of charts, which has no cells.
fn rows(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Option<Vec<Row>>, Unreadable> {
    let Ok(mut cells) = book.worksheet_cells_reader(name) else { return Ok(None) };
    let mut rows = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(|_| Unreadable::Broken)? {
        let (row, column) = cell.get_position();
        if let Some(value) = value(cell.get_value()).filter(|_| column < MOST_COLUMNS) {
            put(&mut rows, row + 1, column, value)?;
        }
    }
    Ok(Some(rows))
}

/// Unpacks everything into nothing, so that a small file that is a giant inside is refused before it is kept in memory.
fn measure(bytes: &[u8]) -> Result<(), Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::Broken)?;
    if archive.len() > MOST_PARTS {
        return Err(Unreadable::TooLarge);
    }
    let mut left = LARGEST_UNPACKED;
    for part in 0..archive.len() {
        let part = archive.by_index(part).map_err(|_| Unreadable::Broken)?;
        let unpacked = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        left = left.checked_sub(unpacked.map_err(|_| Unreadable::Broken)?).ok_or(Unreadable::TooLarge)?;
    }
    Ok(())
}

/// Cells come in the order of their rows; one that does not belongs to no row that can be shown.
fn put(rows: &mut Vec<Row>, number: u32, column: u32, value: Value) -> Result<(), Unreadable> {
    let count = rows.len();
    match rows.last_mut() {
        Some(row) if row.number == number => {
            row.cells.insert(column, value);
            Ok(())
        }
        Some(row) if row.number > number => Err(Unreadable::Broken),
        Some(_) if count == MOST_ROWS => Err(Unreadable::TooManyRows),
        Some(_) | None => {
            rows.push(Row { number, cells: BTreeMap::from([(column, value)]) });
            Ok(())
        }
    }
}

fn value(data: &DataRef<'_>) -> Option<Value> {
    match data {
        DataRef::Empty => None,
        DataRef::String(said) => text(said),
        DataRef::SharedString(said) => text(said),
        DataRef::DateTimeIso(said) | DataRef::DurationIso(said) => text(said),
        DataRef::Int(number) => Some(Value::Number(*number as f64)),
        DataRef::Float(number) => Some(Value::Number(*number)),
        DataRef::Bool(said) => text(if *said { "TRUE" } else { "FALSE" }),
        DataRef::Error(_) => Some(Value::Error),
        DataRef::DateTime(instant) if instant.is_duration() => Some(Value::Number(instant.as_f64())),
        DataRef::DateTime(instant) => Some(
            instant
                .as_datetime()
                .map_or(Value::Number(instant.as_f64()), |instant| Value::Date(instant.date())),
        ),
    }
}

/// Blanks, also the wide and the invisible ones, say nothing at the ends of a cell.
fn text(said: &str) -> Option<Value> {
    let said =
        said.trim_matches(|c: char| c.is_whitespace() || c.is_control() || "\u{200b}\u{feff}".contains(c));
    if said.is_empty() { None } else { Some(Value::Text(said.to_owned())) }
}

// CSV -----------------------------------------------------------------------------------------------------------------

fn csv(bytes: &[u8], is_wanted: impl Fn(&Sheet) -> bool) -> Result<Sheet, Unreadable> {
    let said = decoded(bytes)?;
    let mut first = None;
    for separator in SEPARATORS {
        let sheet = separated(&said, *separator)?;
        if is_wanted(&sheet) {
            return Ok(sheet);
        }
        first = first.or(Some(sheet));
    }
    first.filter(|sheet| !sheet.rows.is_empty()).ok_or(Unreadable::Empty)
}

/// The text of a file: by its mark, or UTF-8 where it is that, or GB18030.
fn decoded(bytes: &[u8]) -> Result<String, Unreadable> {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        None => GB18030,
    };
    let (said, _, had_errors) = encoding.decode(bytes);
    if had_errors || said.contains('\0') { Err(Unreadable::Encoding) } else { Ok(said.into_owned()) }
}

fn separated(said: &str, separator: u8) -> Result<Sheet, Unreadable> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(said.as_bytes());
    let (mut rows, mut number) = (Vec::new(), 0);
    for record in reader.records() {
        let record = record.map_err(|_| Unreadable::Broken)?;
        // A spreadsheet shows a row for every line that is empty; the reader jumps over them.
        let start = record.position().map_or(0, |position| position.byte() as usize);
        number += 1 + empty_lines(said.as_bytes(), start);
        for (column, cell) in (0..MOST_COLUMNS).zip(record.iter()) {
            if let Some(value) = text(cell) {
                put(&mut rows, number, column, value)?;
            }
        }
    }
    Ok(Sheet { name: None, rows, merged: Vec::new() })
}

/// How many empty lines there are from here on; the end of a line that was read may still be left over.
fn empty_lines(bytes: &[u8], start: usize) -> u32 {
    let mut rest = &bytes[start.min(bytes.len())..];
    let left_over = start > 0 && bytes[start - 1] == b'\r' && rest.first() == Some(&b'\n');
    if left_over {
        rest = &rest[1..];
    }
    let mut lines = 0;
    loop {
        rest = match rest {
            [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => rest,
            _ => return lines,
        };
        lines += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        let said = |value: &Value| match value {
            Value::Text(said) => said.clone(),
            other => format!("{other:?}"),
        };
        let sheet = read(bytes, |sheet| sheet.rows[0].cells.len() > 1).unwrap();
        sheet.rows.iter().map(|row| (row.number, row.cells.values().map(said).collect())).collect()
    }

    fn told(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_shows_them() {
        let numbered = [(2, told(&["a", "b"])), (5, told(&["c\nd", "e"])), (6, told(&["f"]))];
        for end in ["\n", "\r\n", "\r"] {
            let lines = ["", "a,b", "", ",,", "\"c\nd\",e", "f"].join(end);
            assert_eq!(rows(lines.as_bytes()), numbered, "{end:?}");
            assert_eq!(rows(format!("{lines}{end}{end}").as_bytes()), numbered, "{end:?}");
        }
    }

    #[test]
    fn text_is_read_in_the_encodings_of_the_country() {
        let lines = "姓名,住址\n𬱖某,贵阳\u{3000}\n";
        let expected = [(1, told(&["姓名", "住址"])), (2, told(&["𬱖某", "贵阳"]))];
        assert_eq!(rows(lines.as_bytes()), expected);
        assert_eq!(rows(format!("\u{feff}{lines}").as_bytes()), expected);
        assert_eq!(rows(&GB18030.encode(lines).0), expected);
        let tabs = lines.replace(',', "\t");
        let utf_16: Vec<u8> = format!("\u{feff}{tabs}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(rows(&utf_16), expected);
    }

    #[test]
    fn what_is_no_spreadsheet_is_told_apart() {
        let wanted = |_: &Sheet| false;
        for (bytes, why) in [
            (&b""[..], Unreadable::Empty),
            (b"\n\n", Unreadable::Empty),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Unreadable::OldOrLocked),
            (b"PK\x03\x04rest", Unreadable::Broken),
            (b"a,\xFF\xFF\xFF", Unreadable::Encoding),
            (b"a\0b", Unreadable::Encoding),
        ] {
            assert_eq!(read(bytes, wanted).unwrap_err(), why);
        }
        let many = "a,b\n".repeat(MOST_ROWS + 1);
        assert_eq!(read(many.as_bytes(), wanted).unwrap_err(), Unreadable::TooManyRows);
    }
}
