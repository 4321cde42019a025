//! A canteen's time zone, and what its wall clock means in instants.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::Text,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{clock::At, text::ZoneName};

/// The longest gap in any zone's clock: Samoa left out the whole of 30 December 2011.
const LONGEST_GAP_MINUTES: i64 = 24 * 60;

/// A time zone by its name in the IANA database, such as `Asia/Shanghai`; the same text on the wire and in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
pub struct Zone(pub Tz);

impl Zone {
    /// The zone of this name, if the database has one.
    pub fn named(name: &ZoneName) -> Option<Zone> {
        name.as_str().parse().ok().map(Zone)
    }

    /// The civil day that it is here at this instant.
    pub fn day_of(self, at: At) -> NaiveDate {
        at.in_zone(self.0).date_naive()
    }

    /// An instant as people here read it: `2026-11-22 09:30`.
    pub fn words(self, at: At) -> String {
        at.in_zone(self.0).format("%Y-%m-%d %H:%M").to_string()
    }

    /// The instant at which the clock here shows this time on this day.
    ///
    /// When clocks are put back and show it twice: the first time. When they are put forward and never show it: the
    /// first instant after the gap.
    pub fn instant(self, on: NaiveDate, time: NaiveTime) -> At {
        let local = on.and_time(time);
        (0..=LONGEST_GAP_MINUTES)
            .find_map(|minutes| self.0.from_local_datetime(&(local + TimeDelta::minutes(minutes))).earliest())
            .map_or_else(|| At::new(local.and_utc()), At::from)
    }
}

impl<DB: Backend> ToSql<Text, DB> for Zone
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <str as ToSql<Text, DB>>::to_sql(self.0.name(), out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for Zone
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Zone> {
        Ok(Zone(String::from_sql(bytes)?.parse::<Tz>()?))
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> Cow<'static, str> {
        "TimeZone".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        ZoneName::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YORK: Zone = Zone(Tz::America__New_York);

    fn instant(zone: Zone, on: &str, time: &str) -> String {
        zone.instant(on.parse().unwrap(), time.parse().unwrap()).to_string()
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_the_first_instant_after_the_gap() {
        assert_eq!(instant(NEW_YORK, "2026-03-08", "02:30:00"), "2026-03-08T07:00:00Z");
        assert_eq!(instant(Zone(Tz::Pacific__Apia), "2011-12-30", "12:00:00"), "2011-12-30T10:00:00Z");
    }

    #[test]
    fn a_time_that_the_clocks_show_twice_is_the_earlier() {
        assert_eq!(instant(NEW_YORK, "2026-11-01", "01:30:00"), "2026-11-01T05:30:00Z");
    }

    #[test]
    fn a_day_begins_where_the_canteen_is() {
        let at: At = serde_json::from_value("2026-11-22T16:30:00Z".into()).unwrap();
        assert_eq!(Zone(Tz::Asia__Shanghai).day_of(at).to_string(), "2026-11-23");
        assert_eq!(NEW_YORK.day_of(at).to_string(), "2026-11-22");
    }
}
