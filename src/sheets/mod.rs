//! Spreadsheets: read whoever made them, and written so that Excel and LibreOffice open them cleanly.
//!
//! What comes in is CSV (UTF-8, UTF-16 or GB18030, with commas, tabs or semicolons) or XLSX; it may be made to harm, so
//! memory and time are bounded before anything is unpacked. What goes out holds no formula, whatever people are called.

mod read;
mod write;

pub use read::{LARGEST_FILE, MOST_ROWS, Merged, Row, Sheet, Unreadable, Value, read};
pub use write::{Cell, Column, Table, to_csv, to_xlsx};

/// The content type of CSV.
pub const CSV: &str = "text/csv";

/// The content type of XLSX.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The letters over a column, as every spreadsheet shows them: 0 is `A`, 26 is `AA`.
pub fn letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        let digit = (rest - 1) % 26;
        letters.insert(0, char::from(b'A' + digit as u8));
        rest = (rest - 1) / 26;
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_lettered_as_in_every_spreadsheet() {
        for (column, shown) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (702, "AAA")] {
            assert_eq!(letters(column), shown);
        }
    }
}
