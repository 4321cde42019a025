//! Kinds of files, and tables of some days as files.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{File, FileKind};
use crate::{
    problem::{Code, Problem},
    sheets::{self, Table},
};

macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident $media:expr;)+) => { $(
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $kind;
        impl FileKind for $kind { const MEDIA: &'static str = $media; }
    )+ };
}

kinds! {
    /// A table as text.
    Csv sheets::CSV;
    /// Tables as Excel has them.
    Xlsx sheets::XLSX;
    /// A picture.
    Svg "image/svg+xml";
    /// A document of elements.
    Xml "application/xml";
}

/// Some days.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DaysQuery {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

impl DaysQuery {
    /// What a file about these days is called.
    fn name(self, what: &str, kind: &str) -> String {
        format!("{what}-{}-{}.{kind}", self.from, self.to)
    }
}

/// The table as a CSV file to be kept.
pub fn csv_file(what: &str, days: DaysQuery, table: &Table) -> File<Csv> {
    File::new(sheets::to_csv(table)).named(days.name(what, "csv"))
}

/// The tables as an XLSX file to be kept. Fails with `internal_error` when one is longer than a sheet.
pub fn xlsx_file(what: &str, days: DaysQuery, tables: &[Table]) -> Result<File<Xlsx>, Problem> {
    let bytes = sheets::to_xlsx(tables).map_err(|error| {
        tracing::error!(%error, "a spreadsheet cannot be written");
        Problem::new(Code::Internal)
    })?;
    Ok(File::new(bytes).named(days.name(what, "xlsx")))
}
