//! Time comes in from here and nowhere else: rules and acts are handed an instant, they never look at a clock themselves.
//!
//! An [`At`] is an instant in UTC, cut to microseconds, so that it is the same value after a trip through either
//! database.

use std::{
    fmt,
    ops::{Add, Sub},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::Timestamp,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An instant, in UTC, cut to microseconds.
///
/// On the wire it is RFC 3339; it is read with any offset and written in UTC. In the database it is a `TIMESTAMP`
/// without a zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Timestamp)]
pub struct At(NaiveDateTime);

impl At {
    /// Later than anything that happens, and earlier than what a database cannot write.
    pub const LAST: At = At(NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date").and_time(NaiveTime::MIN));

    /// That instant, without what is finer than a microsecond.
    pub fn new(instant: DateTime<Utc>) -> At {
        At(instant.naive_utc().trunc_subsecs(6))
    }

    /// The instant with its zone, UTC.
    pub fn utc(self) -> DateTime<Utc> {
        self.0.and_utc()
    }

    /// Microseconds since 1970.
    pub fn us(self) -> i64 {
        self.utc().timestamp_micros()
    }

    /// The instant so many microseconds after 1970; none where no calendar reaches.
    pub fn from_us(us: i64) -> Option<At> {
        DateTime::from_timestamp_micros(us).map(At::new)
    }

    /// The date and time in UTC, without a zone.
    pub fn naive(self) -> NaiveDateTime {
        self.0
    }

    /// What the clocks on the walls of that zone show.
    pub fn in_zone(self, zone: Tz) -> DateTime<Tz> {
        self.utc().with_timezone(&zone)
    }
}

impl<Zone: chrono::TimeZone> From<DateTime<Zone>> for At {
    fn from(instant: DateTime<Zone>) -> At {
        At::new(instant.with_timezone(&Utc))
    }
}

impl Add<TimeDelta> for At {
    type Output = At;
    fn add(self, span: TimeDelta) -> At {
        At::new(self.utc() + span)
    }
}

impl Sub<TimeDelta> for At {
    type Output = At;
    fn sub(self, span: TimeDelta) -> At {
        At::new(self.utc() - span)
    }
}

/// The time from the second instant to the first.
impl Sub for At {
    type Output = TimeDelta;
    fn sub(self, earlier: At) -> TimeDelta {
        self.0 - earlier.0
    }
}

/// RFC 3339 in UTC: `2026-11-22T03:00:00Z`.
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.0.format("%Y-%m-%dT%H:%M:%S%.f"))
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The most characters of an instant that comes in.
pub const LONGEST_INSTANT: usize = 40;

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<At, D::Error> {
        let text = String::deserialize(deserializer)?;
        // As RFC 3339 has it: chrono takes more forms than that.
        let instant = Some(text.as_str())
            .filter(|text| text.len() <= LONGEST_INSTANT && text.as_bytes().get(10) == Some(&b'T'))
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .ok_or_else(|| D::Error::custom("an instant like 2026-11-22T03:00:00Z is expected"))?
            .to_utc();
        // Beyond these years neither database orders instants as the calendar does.
        if (1900..=2200).contains(&instant.year()) {
            Ok(At::new(instant))
        } else {
            Err(D::Error::custom("an instant of the years 1900 to 2200 is expected"))
        }
    }
}

impl JsonSchema for At {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "At".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "pattern": "^(19[0-9]{2}|2[01][0-9]{2}|2200)-" })
    }
}

impl<DB: Backend> ToSql<Timestamp, DB> for At
where
    NaiveDateTime: ToSql<Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<Timestamp, DB> for At
where
    NaiveDateTime: FromSql<Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<At> {
        NaiveDateTime::from_sql(bytes).map(|instant| At(instant.trunc_subsecs(6)))
    }
}

/// A clock to be passed around; its clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// The instant it is held at, or nothing once it was let go.
    Held(Arc<Mutex<Option<At>>>),
    /// The instant that is written in a file, where several processes read it.
    #[cfg(feature = "held_clock")]
    File(Arc<std::path::Path>),
}

/// The variable that names the file from which a process takes its time, in a build that no release is.
#[cfg(feature = "held_clock")]
pub const FILE_VARIABLE: &str = "LELING_CLOCK_FILE";

impl Clock {
    /// The clock of this machine.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// The clock of this process: that of this machine.
    ///
    /// Only a build with the feature `held_clock` takes its time from the file that `LELING_CLOCK_FILE` names; no release
    /// is one, and to all others the variable is unknown.
    pub fn of_process() -> Clock {
        #[cfg(feature = "held_clock")]
        if let Some(path) = std::env::var_os(FILE_VARIABLE) {
            return Clock(Source::File(std::path::PathBuf::from(path).into()));
        }
        Clock::system()
    }

    /// A clock that shows `at`, and the hand that moves it: for the demonstration and for tests.
    pub fn held(at: At) -> (Clock, Hand) {
        let shown = Arc::new(Mutex::new(Some(at)));
        (Clock(Source::Held(shown.clone())), Hand(shown))
    }

    /// The instant that it is now.
    pub fn now(&self) -> At {
        match &self.0 {
            Source::System => system_now(),
            Source::Held(shown) => {
                let held = *shown.lock().unwrap_or_else(PoisonError::into_inner);
                held.unwrap_or_else(system_now)
            }
            #[cfg(feature = "held_clock")]
            Source::File(path) => written(path),
        }
    }
}

/// What holds a clock that was made by [`Clock::held`].
#[derive(Debug)]
pub struct Hand(Arc<Mutex<Option<At>>>);

impl Hand {
    /// Makes the clock show `at`, earlier or later than before.
    pub fn set(&self, at: At) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// Lets the clock go: from now on it shows the time of this machine.
    pub fn release(self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The instant in a file. Whoever holds the clock puts a whole file in the place of another.
#[cfg(feature = "held_clock")]
fn written(path: &std::path::Path) -> At {
    let text = std::fs::read_to_string(path).expect("the file that holds the clock can be read");
    At::new(text.trim().parse().expect("an instant stands in it"))
}

#[expect(clippy::disallowed_methods, reason = "the one place that looks at the clock of the machine")]
fn system_now() -> At {
    At::new(Utc::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> At {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn an_instant_is_read_with_any_offset_and_written_in_utc() {
        assert_eq!(at("2026-11-22T11:00:00+08:00").to_string(), "2026-11-22T03:00:00Z");
        assert_eq!(at("2026-11-22T03:00:00.5Z").to_string(), "2026-11-22T03:00:00.500Z");
    }

    #[test]
    fn an_instant_is_cut_to_microseconds() {
        assert_eq!(at("2026-11-22T03:00:00.123456789Z"), at("2026-11-22T03:00:00.123456Z"));
    }

    #[test]
    fn a_held_clock_shows_what_its_hand_says_until_it_is_let_go() {
        let (clock, hand) = Clock::held(at("2026-11-22T03:00:00Z"));
        let twin = clock.clone();
        hand.set(at("2026-11-22T04:00:00Z"));
        assert_eq!(twin.now() - at("2026-11-22T03:00:00Z"), TimeDelta::hours(1));
        hand.release();
        assert!((clock.now() - Clock::system().now()).abs() < TimeDelta::minutes(1));
    }
}
