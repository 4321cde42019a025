//! Rosters over HTTP: a file, judged in a dry run, or imported whole.

use std::sync::Arc;

use actix_web::web;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{Fault, Field, Plan, Roster, faults};
use crate::{
    access::{Allowed, act},
    api::{Answer, Done, Keyed, Query, Takes, Upload},
    attendance,
    audit::{self, Deed, Entry, Subject, SubjectKind},
    canteens,
    ids::{CanteenId, ResidentId},
    problem::{Code, Problem},
    sheets::{self, letters},
    words::Bilingual,
};

/// So many files are unpacked at one time; others wait.
static READING: Semaphore = Semaphore::const_new(2);

/// A spreadsheet, as CSV or XLSX.
pub struct Spreadsheet;

impl Takes for Spreadsheet {
    const MEDIA: &'static [&'static str] = &[sheets::CSV, sheets::XLSX];
    const LARGEST: usize = sheets::LARGEST_FILE;
    const REFUSAL: Code = Code::NotASheet;
}

/// Where to import, and whether only to judge.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// The canteen that registers them.
    pub canteen_id: CanteenId,
    /// Whether only to tell what an import would do, with every fault: then nothing is written.
    pub dry_run: Option<bool>,
}

/// A column of the file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RosterColumn {
    /// The letters over it.
    pub column: String,
    /// What is written in the header row.
    pub title: String,
    /// What it tells; null for one that is ignored.
    pub field: Option<Field>,
}

/// Something wrong, or not understood, at its place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RosterFault {
    /// As a spreadsheet shows it, from 1.
    pub row: u32,
    /// The letters over the column; null where it is the row's.
    pub column: Option<String>,
    /// What is written over the column.
    pub title: Option<String>,
    /// A stable word.
    pub code: super::FaultWord,
    /// What is wrong and what to do.
    pub detail: Bilingual,
}

/// What a roster says otherwise than the record, which stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RosterDifference {
    pub row: u32,
    /// The letters over the column.
    pub column: Option<String>,
    pub field: Field,
    pub resident_id: ResidentId,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ImportReport {
    /// Whether nothing was written because only this was asked.
    pub dry_run: bool,
    /// The sheet's name; null for CSV.
    pub sheet: Option<String>,
    /// The header row's number.
    pub header_row: u32,
    pub columns: Vec<RosterColumn>,
    /// How many rows have somebody in them.
    pub people: usize,
    /// How many were not known.
    pub created: usize,
    /// How many records had something missing that the roster tells, and have it now.
    pub filled: usize,
    /// How many records had nothing missing.
    pub unchanged: usize,
    /// What was left as it is, for somebody to look at.
    pub differs: Vec<RosterDifference>,
    /// What was left out of a record because it was not understood; it is no fault.
    pub notes: Vec<RosterFault>,
    /// Only in a dry run: an import with a fault is refused.
    pub faults: Vec<RosterFault>,
    /// How many faults there are; the first 2,000 are listed.
    pub fault_count: usize,
}

impl ImportReport {
    fn of(roster: &Roster, plan: &Plan, dry_run: bool) -> ImportReport {
        let header = &roster.header;
        let told = |fault: &Fault| RosterFault {
            row: fault.row,
            column: fault.column.map(letters),
            title: fault.column.and_then(|column| header.titles.get(&column).cloned()),
            code: fault.flaw.word,
            detail: fault.flaw.said.clone(),
        };
        let column = |(column, title): (&u32, &String)| RosterColumn {
            column: letters(*column),
            title: title.clone(),
            field: header.fields.get(column).copied(),
        };
        ImportReport {
            dry_run,
            sheet: roster.sheet.clone(),
            header_row: header.row,
            columns: header.titles.iter().map(column).collect(),
            people: roster.people,
            created: plan.created(),
            filled: plan.filled().len(),
            unchanged: plan.unchanged,
            differs: plan
                .differs
                .iter()
                .map(|differing| RosterDifference {
                    row: differing.row,
                    column: header.column(differing.field).map(letters),
                    field: differing.field,
                    resident_id: differing.resident,
                })
                .collect(),
            notes: faults::listed(&roster.notes).iter().map(told).collect(),
            faults: faults::listed(&plan.faults).iter().map(told).collect(),
            fault_count: plan.faults.len(),
        }
    }
}

/// `POST /residents/imports`
pub async fn import(
    allowed: Allowed<act::EditResidents>,
    Query(query): Query<ImportQuery>,
    upload: Upload<Spreadsheet>,
) -> Result<Done<ImportReport>, Problem> {
    let id = query.canteen_id;
    // Nobody without the right makes us read a file.
    today(&allowed, id).await?;
    let file = upload.read().await?;
    let bytes = file.bytes.clone();
    if query.dry_run.unwrap_or(false) {
        return judge_roster(&allowed, id, bytes).await;
    }
    import_roster(&allowed, id, file.keyed(bytes)?).await
}

/// The day that it is at a canteen where the caller is on duty.
async fn today(allowed: &Allowed<act::EditResidents>, id: CanteenId) -> Result<NaiveDate, Problem> {
    let look = allowed.read(move |conn, caller| {
        caller.on_duty(&canteens::site(conn, id)?)?;
        Ok(canteens::find(conn, id)?.today(caller.now))
    });
    look.await
}

/// Reads a file for whoever may import it.
async fn read(
    allowed: &Allowed<act::EditResidents>,
    id: CanteenId,
    bytes: web::Bytes,
) -> Result<Roster, Problem> {
    let today = today(allowed, id).await?;
    let key = allowed.state().identity_key.clone();
    let turn = READING.acquire().await.map_err(|_| Problem::new(Code::Busy))?;
    let read = tokio::task::spawn_blocking(move || Roster::read(&bytes, key.bytes(), today));
    let roster = read.await.map_err(|error| {
        tracing::error!(%error, "a roster was not read to its end");
        Problem::new(Code::Internal)
    })??;
    drop(turn);
    Ok(roster)
}

/// Tells what importing a file at a canteen would do, with every fault. Nothing is written.
pub(crate) async fn judge_roster(
    allowed: &Allowed<act::EditResidents>,
    id: CanteenId,
    bytes: web::Bytes,
) -> Result<Done<ImportReport>, Problem> {
    let roster = Arc::new(read(allowed, id, bytes).await?);
    allowed
        .read(move |conn, caller| {
            let duty = caller.on_duty(&canteens::site(conn, id)?)?;
            let plan = super::plan(conn, &duty, &roster)?;
            Ok(Answer::new(ImportReport::of(&roster, &plan, true)))
        })
        .await
}

/// Imports a file at a canteen, all of it or none.
pub(crate) async fn import_roster(
    allowed: &Allowed<act::EditResidents>,
    id: CanteenId,
    file: Keyed<web::Bytes>,
) -> Result<Done<ImportReport>, Problem> {
    let Keyed { body, key, request_hash } = file;
    let roster = read(allowed, id, body).await?;
    allowed
        .once(Keyed { body: roster, key, request_hash }, move |conn, caller, roster| {
            let site = canteens::site(conn, id)?;
            let duty = caller.on_duty(&site)?;
            let plan = super::import(conn, &duty, roster, caller.now)?;
            let subject = Subject::of(SubjectKind::Canteen, id);
            let created = plan.created().to_string();
            let entry = Entry::of(Deed::RosterImported, subject).at(&site).saying("created", created);
            audit::record(conn, caller, entry)?;
            // What somebody must not eat shows at the doors where they are expected.
            for resident in plan.filled() {
                attendance::resident_changed(conn, resident)?;
            }
            Ok(Answer::new(ImportReport::of(roster, &plan, false)))
        })
        .await
}
