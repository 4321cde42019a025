//! The statements on `calendars`.

use diesel::prelude::*;

use super::{Calendar, SpecialDay};
use crate::{
    db::{Both, Conn, Json, schema::calendars},
    kept,
};

/// A year's calendar, if it was imported.
pub(super) fn find(conn: &mut Conn, year: i32) -> QueryResult<Option<Calendar>> {
    let found: Option<(Json<Vec<SpecialDay>>, i32)> =
        kept!(conn, get_result, calendars::table.find(year).select((calendars::days, calendars::version)))
            .optional()?;
    Ok(found.map(|(Json(days), version)| Calendar { year, days, version }))
}

/// Writes a calendar in place of the version `seen`, or as the first when that is 0. False when it is no longer that.
pub(super) fn replace(conn: &mut Conn, calendar: &Calendar, seen: i32) -> QueryResult<bool> {
    let row = (calendars::days.eq(Json(calendar.days.clone())), calendars::version.eq(calendar.version));
    let written = if seen == 0 {
        let insert = diesel::insert_into(calendars::table).values((calendars::year.eq(calendar.year), row));
        Both(insert.on_conflict_do_nothing()).execute(conn)?
    } else {
        let unchanged =
            calendars::table.filter(calendars::year.eq(calendar.year)).filter(calendars::version.eq(seen));
        diesel::update(unchanged).set(row).execute(conn)?
    };
    Ok(written == 1)
}
