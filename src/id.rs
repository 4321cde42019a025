//! Identifiers, and randomness: the only place where the program throws dice.
//!
//! An [`Id`] is a UUID version 7: it begins with the instant of its making, so rows that are made together lie together
//! in an index. It says what it identifies in its type, so that a menu's id cannot stand where a resident's is meant.

use std::{
    any::type_name,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::{Builder, Uuid};

use crate::{clock::At, db::types::DbUuid};

/// The identifier of a `T`.
///
/// On the wire it is a UUID in text; in the database `uuid` on PostgreSQL and 16 bytes on SQLite.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = DbUuid)]
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// A new identifier, made at `now`; later ones of the same millisecond sort after it.
    pub fn new(now: At) -> Id<T> {
        Id::from_uuid(next_uuid(now))
    }

    /// The identifier with this value, read from somewhere.
    pub fn from_uuid(uuid: Uuid) -> Id<T> {
        Id(uuid, PhantomData)
    }

    /// Its value, to be written somewhere.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

/// The random bits of the last identifier; zero before the first.
static LAST: Mutex<u128> = Mutex::new(0);

const RANDOM_BITS: u32 = 74;

/// A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then bits that are random for the first of a process and grow
/// by a random step for each further one, so that those of one millisecond sort as they were made.
fn next_uuid(now: At) -> Uuid {
    let ms = u64::try_from(now.utc().timestamp_millis()).unwrap_or(0);
    let dice = u128::from_be_bytes(random_bytes());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    // The topmost bit starts at zero: room for 2^41 steps.
    let first = dice >> (128 - RANDOM_BITS + 1);
    let step = (dice & 0xFFFF_FFFF) + 1;
    let bits = if *last == 0 { first } else { *last + step };
    *last = bits;

    let mut bytes = [0; 10];
    // The builder overwrites 4 bits of version and 2 of variant: 12 bits go before them, 62 after.
    let high = (bits >> 62) as u16 & 0x0FFF;
    let low = bits as u64 & (u64::MAX >> 2);
    bytes[..2].copy_from_slice(&high.to_be_bytes());
    bytes[2..].copy_from_slice(&low.to_be_bytes());
    Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid()
}

/// Bytes that nobody can guess, for keys and tokens.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}

/// `count` decimal digits that nobody can guess, each as likely as any other, for codes that people type.
pub fn random_digits(count: usize) -> String {
    // Ten does not divide 256: bytes from 250 on would favour the low digits.
    std::iter::from_fn(|| Some(random_bytes::<1>()[0]))
        .filter(|byte| *byte < 250)
        .take(count)
        .map(|byte| char::from(b'0' + byte % 10))
        .collect()
}

// Derives would demand of `T` what only the value needs.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Id<T> {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Id<T>) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Id<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Id<T>) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `Resident:0193…`
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = type_name::<T>().rsplit("::").next().unwrap_or_default();
        write!(f, "{kind}:{}", self.0)
    }
}

impl<T> FromStr for Id<T> {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Id<T>, uuid::Error> {
        text.parse().map(Id::from_uuid)
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        // The one form that we write; the parser takes others as well.
        let uuid = Some(&text).filter(|text| text.len() == 36).and_then(|text| Uuid::parse_str(text).ok());
        uuid.map(Id::from_uuid)
            .ok_or_else(|| D::Error::custom("an id like 0199f3c2-7a10-7c3e-9b54-1f2e3d4c5b6a is expected"))
    }
}

impl<T> JsonSchema for Id<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid" })
    }
}

impl<T, DB: Backend> ToSql<DbUuid, DB> for Id<T>
where
    Uuid: ToSql<DbUuid, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<T, DB: Backend> FromSql<DbUuid, DB> for Id<T>
where
    Uuid: FromSql<DbUuid, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Id<T>> {
        Uuid::from_sql(bytes).map(Id::from_uuid)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    struct Meal;

    #[test]
    fn ids_of_one_millisecond_sort_in_the_order_of_their_making_whatever_is_made_between() {
        let now = At::new(DateTime::from_timestamp_millis(1_800_000_000_123).unwrap());
        let earlier = At::new(DateTime::from_timestamp_millis(1_700_000_000_000).unwrap());
        let pairs: Vec<[Id<Meal>; 2]> = (0..1000).map(|_| [now, earlier].map(Id::new)).collect();
        let ids: Vec<Id<Meal>> = pairs.iter().map(|[id, _]| *id).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
        assert_eq!(ids[0].uuid().get_version_num(), 7);
        assert_eq!(ids[0].uuid().get_timestamp().unwrap().to_unix().0, 1_800_000_000);
    }

    #[test]
    fn an_id_is_the_same_after_a_trip_through_text() {
        let id: Id<Meal> = Id::new(At::new(DateTime::UNIX_EPOCH));
        assert_eq!(id.to_string().parse::<Id<Meal>>().unwrap(), id);
        assert_eq!(format!("{id:?}"), format!("Meal:{id}"));
    }

    #[test]
    fn a_code_has_as_many_digits_as_asked_for() {
        let code = random_digits(6);
        assert_eq!(code.len(), 6);
        assert!(code.bytes().all(|digit| digit.is_ascii_digit()));
    }
}
