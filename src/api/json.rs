//! JSON as it comes in: no name stands twice in an object, for nobody may guess which of two amounts was meant; and names
//! are such as can be told in an answer.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use serde_path_to_error::{Path, Segment, Track};

/// The largest number up to which floating point counts every whole one (2^53).
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// The most characters of a name in an object.
const LONGEST_NAME: usize = 200;

/// The names that objects may have, as a schema.
pub fn names() -> Value {
    json!({ "maxLength": LONGEST_NAME, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" })
}

/// Reads a JSON text. Fails with the error and a JSON pointer to where it was found.
pub fn read(bytes: &[u8]) -> Result<Value, (serde_json::Error, String)> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let mut track = Track::new();
    let value = EachNameOnce
        .deserialize(serde_path_to_error::Deserializer::new(&mut deserializer, &mut track))
        .map_err(|error| (error, pointer(&track.path())))?;
    deserializer.end().map_err(|error| (error, String::new()))?;
    Ok(value)
}

/// A JSON pointer (RFC 6901) to where something went wrong.
pub fn pointer(path: &Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Reads any JSON in which no object has a name twice.
struct EachNameOnce;

impl<'de> DeserializeSeed<'de> for EachNameOnce {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EachNameOnce {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // A JSON schema takes 1.0 for a whole number, so we do.
        let whole = value.fract() == 0.0 && value.abs() <= LARGEST_WHOLE;
        Ok(if whole { (value as i64).into() } else { value.into() })
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(EachNameOnce)? {
            array.push(item);
        }
        Ok(array.into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = serde_json::Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if name.chars().any(char::is_control) || name.chars().count() > LONGEST_NAME {
                return Err(A::Error::custom("a name that is too long or holds control characters"));
            }
            let value = fields.next_value_seed(EachNameOnce)?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_refused_with_its_place() {
        let (error, place) = read(br#"{"a": [{"b": 1, "b": 2}]}"#).unwrap_err();
        assert!(error.is_data(), "{error}");
        assert!(place.starts_with("/a/0"), "{place}");
    }

    #[test]
    fn a_name_that_cannot_be_told_in_an_answer_is_refused_with_its_place() {
        for name in ["\\u001a".to_owned(), "x".repeat(LONGEST_NAME + 1)] {
            let (error, place) =
                read(format!(r#"{{"a": [{{"b": 1, "{name}": 2}}]}}"#).as_bytes()).unwrap_err();
            assert!(error.is_data(), "{error}");
            assert_eq!(place, "/a/0");
        }
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        assert_eq!(read(b"[1.0, 1.5, -2e1]").unwrap(), json!([1, 1.5, -20]));
    }

    #[test]
    fn what_follows_a_value_is_no_json() {
        assert!(read(b"{} {}").unwrap_err().0.is_syntax());
    }
}
