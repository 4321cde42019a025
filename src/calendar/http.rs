//! The calendar over HTTP: read a year, import a year.

use actix_web::web::Path;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Calendar, SpecialDay, Year};
use crate::{
    access::{Allowed, act},
    api::{Answer, Body, Done, IfMatch},
    calendar,
    problem::Problem,
};

/// The calendar of a year.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CalendarBody {
    pub year: i32,
    /// The days that are not what their weekday says, in their order.
    pub days: Vec<SpecialDay>,
}

impl From<Calendar> for CalendarBody {
    fn from(calendar: Calendar) -> CalendarBody {
        CalendarBody { year: calendar.year, days: calendar.days }
    }
}

/// A year's holidays and make-up workdays, all of them: what is not named is what its weekday says.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarImportBody {
    #[schemars(length(max = 366))]
    pub days: Vec<SpecialDay>,
}

/// Reads a year's calendar. A year that was not imported is `calendar_not_found`.
pub async fn read(
    allowed: Allowed<act::ReadCalendar>,
    year: Path<Year>,
) -> Result<Done<CalendarBody>, Problem> {
    let year = year.get();
    let calendar = allowed.read(move |conn, _| calendar::find(conn, year)).await?;
    let version = calendar.version;
    Ok(Answer::new(calendar.into()).version(version))
}

/// Imports a year's calendar in place of the one that was read; the first one of a year takes `If-Match: "v0"`.
pub async fn import(
    allowed: Allowed<act::EditCalendar>,
    year: Path<Year>,
    IfMatch(seen): IfMatch,
    Body(body): Body<CalendarImportBody>,
) -> Result<Done<CalendarBody>, Problem> {
    let year = year.get();
    let calendar = allowed
        .write(move |conn, caller| {
            let officer = caller.officer_everywhere()?;
            calendar::import(conn, &officer, year, body.days.clone(), seen)
        })
        .await?;
    let version = calendar.version;
    Ok(Answer::new(calendar.into()).version(version))
}
