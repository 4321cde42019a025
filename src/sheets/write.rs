//! Writing: tables with a header row, as CSV and as XLSX.

use chrono::{NaiveDate, NaiveDateTime};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::money::Fen;

/// What a spreadsheet takes for the beginning of a formula, in whichever width it is typed.
const FORMULA_MARKS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Empty,
    /// From people: it never becomes a formula.
    Text(String),
    Number(i64),
    /// Shown in yuan.
    Money(Fen),
    Date(NaiveDate),
    /// On the canteen's clock, to the minute.
    Time(NaiveDateTime),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    pub title: &'static str,
    /// In characters of a digit's width.
    pub width: u8,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// The sheet's name, at most 31 characters.
    pub name: &'static str,
    pub columns: Vec<Column>,
    /// Each as long as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

/// The table as CSV (RFC 4180): UTF-8 with the mark that lets Excel know it, lines ending in CR LF.
pub fn to_csv(table: &Table) -> Vec<u8> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::from("\u{feff}"));
    let titles = table.columns.iter().map(|column| column.title.to_owned()).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(in_text).collect());
    for record in std::iter::once::<Vec<String>>(titles).chain(rows) {
        writer.write_record(record).expect("a table's rows are as long as its header, and memory takes them");
    }
    writer.into_inner().expect("memory takes what is written")
}

fn in_text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        // The apostrophe is how a spreadsheet itself marks a text that looks like a formula.
        Cell::Text(text) if text.starts_with(FORMULA_MARKS) => format!("'{text}"),
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Money(fen) => fen.to_string(),
        Cell::Date(on) => on.to_string(),
        Cell::Time(at) => at.format("%Y-%m-%d %H:%M").to_string(),
    }
}

/// The tables as one XLSX file, a sheet for each.
///
/// Fails only when a table has more than the 1,048,576 rows of a sheet. The same tables make the same bytes.
pub fn to_xlsx(tables: &[Table]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // Else it would say when it was made.
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 1)?));
    let formats = Formats::new();
    for table in tables {
        fill(book.add_worksheet(), table, &formats)?;
    }
    book.save_to_buffer()
}

struct Formats {
    title: Format,
    money: Format,
    date: Format,
    time: Format,
}

impl Formats {
    fn new() -> Formats {
        let shown = |as_text: &str| Format::new().set_num_format(as_text);
        Formats {
            title: Format::new().set_bold(),
            money: shown("0.00"),
            date: shown("yyyy-mm-dd"),
            time: shown("yyyy-mm-dd hh:mm"),
        }
    }
}

fn fill(sheet: &mut Worksheet, table: &Table, formats: &Formats) -> Result<(), XlsxError> {
    sheet.set_name(table.name)?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, about) in (0..).zip(&table.columns) {
        sheet.set_column_width(column, about.width)?;
        sheet.write_string_with_format(0, column, about.title, &formats.title)?;
    }
    for (row, cells) in (1..).zip(&table.rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Empty => continue,
                Cell::Text(text) => sheet.write_string(row, column, text)?,
                Cell::Number(number) => sheet.write_number(row, column, *number as f64)?,
                Cell::Money(fen) => {
                    sheet.write_number_with_format(row, column, yuan(*fen), &formats.money)?
                }
                Cell::Date(on) => sheet.write_datetime_with_format(row, column, on, &formats.date)?,
                Cell::Time(at) => sheet.write_datetime_with_format(row, column, at, &formats.time)?,
            };
        }
    }
    Ok(())
}

/// A spreadsheet has no other numbers; none is ever read back.
fn yuan(amount: Fen) -> f64 {
    amount.0 as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use calamine::{Data, DataType as _, Reader as _, Xlsx};

    use super::*;

    fn table() -> Table {
        let columns = ["日期", "姓名", "人数", "应付（元）"];
        let row = |name: &str| {
            vec![
                Cell::Date("2026-11-22".parse().unwrap()),
                Cell::from(name),
                Cell::Number(-3),
                Cell::Money(Fen(742)),
            ]
        };
        Table {
            name: "就餐人数",
            columns: columns.iter().map(|title| Column { title, width: 12 }).collect(),
            rows: vec![row("王秀英"), row("=1+1"), row("a\"b,c")],
        }
    }

    #[test]
    fn csv_is_marked_quoted_and_holds_no_formula() {
        let said = String::from_utf8(to_csv(&table())).unwrap();
        assert_eq!(
            said,
            "\u{feff}日期,姓名,人数,应付（元）\r\n2026-11-22,王秀英,-3,7.42\r\n2026-11-22,'=1+1,-3,7.42\r\n\
             2026-11-22,\"a\"\"b,c\",-3,7.42\r\n"
        );
    }

    #[test]
    fn xlsx_has_dates_numbers_and_texts_and_is_the_same_each_time() {
        let bytes = to_xlsx(&[table()]).unwrap();
        assert_eq!(bytes, to_xlsx(&[table()]).unwrap());
        let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
        let cells = book.worksheet_range("就餐人数").unwrap();
        assert_eq!(cells.get((2, 0)).unwrap().as_date(), "2026-11-22".parse().ok());
        assert_eq!(cells.get((2, 1)), Some(&Data::String("=1+1".into())));
        assert_eq!(cells.get((2, 2)), Some(&Data::Float(-3.0)));
        assert_eq!(cells.get((2, 3)), Some(&Data::Float(7.42)));
        assert!(book.worksheet_formula("就餐人数").unwrap().is_empty());
    }
}
