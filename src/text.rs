//! What comes in from outside as text or a number, parsed at the edge into types that cannot be wrong.

use std::{borrow::Cow, fmt, ops::Deref};

use chrono::NaiveTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Whether a character is for machines: a control character, or one that turns the direction of writing, by which a text
/// could show another than it is.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The characters that are unseen, as a pattern's class has them.
macro_rules! unseen {
    () => {
        r"\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    };
}

/// The pattern of a text in which something can be seen and nothing is unseen.
pub const SEEN: &str = concat!("^[^", unseen!(), "]*[^", unseen!(), r"\s][^", unseen!(), "]*$");

/// The pattern of a text in which nothing is unseen, and perhaps nothing at all.
const NOTHING_UNSEEN: &str = concat!("^[^", unseen!(), "]*$");

/// The pattern of a name in an area: besides, it holds no `/` and no space at its ends.
pub const AREA_NAME: &str = concat!("^[^/", unseen!(), r"\s]([^/", unseen!(), "]*[^/", unseen!(), r"\s])?$");

/// A line of text of 1 to `MAX` characters, without space at its ends and without characters that cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(String);

impl<const MAX: usize> Line<MAX> {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }

    /// Fails with a sentence when the text is empty, too long, or holds a character that cannot be seen.
    pub fn parse(text: &str) -> Result<Line<MAX>, String> {
        if text.trim().is_empty() || text.chars().count() > MAX {
            return Err(format!("a text of 1 to {MAX} characters is expected"));
        }
        if text.chars().any(is_unseen) {
            return Err(
                "a text holds no control characters and none that turn the direction of writing".into()
            );
        }
        Ok(Line(text.trim().to_owned()))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Line<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Line::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<const MAX: usize> JsonSchema for Line<MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Line{MAX}").into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX, "pattern": SEEN })
    }
}

/// A line of text of at most `MAX` characters, or nothing where there is nothing to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Note<const MAX: usize>(String);

impl<const MAX: usize> Note<MAX> {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Fails with a sentence when the text is too long, or holds a character that cannot be seen.
    pub fn parse(text: &str) -> Result<Note<MAX>, String> {
        if text.chars().all(|c| c.is_whitespace() && !is_unseen(c)) {
            return Ok(Note::default());
        }
        Line::<MAX>::parse(text).map(|line| Note(line.0))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Note<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Note::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<const MAX: usize> JsonSchema for Note<MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Note{MAX}").into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": MAX, "pattern": NOTHING_UNSEEN })
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Whole<const MIN: i32, const MAX: i32>(i32);

impl<const MIN: i32, const MAX: i32> Whole<MIN, MAX> {
    /// Fails with a sentence when the number is out of bounds.
    pub fn new(number: i32) -> Result<Self, String> {
        if (MIN..=MAX).contains(&number) {
            Ok(Whole(number))
        } else {
            Err(format!("a whole number from {MIN} to {MAX} is expected"))
        }
    }

    pub fn get(self) -> i32 {
        self.0
    }
}

impl<'de, const MIN: i32, const MAX: i32> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        // What does not fit an i32 is out of every such bounds.
        Whole::new(i32::try_from(number).unwrap_or(i32::MIN)).map_err(D::Error::custom)
    }
}

impl<const MIN: i32, const MAX: i32> JsonSchema for Whole<MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("Whole{MIN}To{MAX}").into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "format": "int32", "minimum": MIN, "maximum": MAX })
    }
}

/// Makes a text type with a pattern that is checked when it comes in and told in the API document.
macro_rules! pattern {
    ($(#[$meta:meta])* $name:ident, $min:literal, $max:literal, $pattern:literal, $example:literal, $fits:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Fails with a sentence when the text does not have the form.
            pub fn parse(text: &str) -> Result<$name, String> {
                let fits: fn(&str) -> bool = $fits;
                if ($min..=$max).contains(&text.chars().count()) && fits(text) {
                    Ok($name(text.to_owned()))
                } else {
                    Err(format!("a text like {} is expected ({})", $example, $pattern))
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $name::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string", "minLength": $min, "maxLength": $max, "pattern": $pattern, "examples": [$example]
                })
            }
        }
    };
}

pattern!(
    /// A user name: lower-case letters, digits, `.`, `_` and `-`.
    UserName, 3, 40, "^[a-z0-9][a-z0-9._-]*$", "wang.fang",
    |text| text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
);
pattern!(
    /// A telephone number as people write it.
    Phone, 5, 20, "^[0-9+][0-9 -]*$", "0851-5550100",
    |text| text.starts_with(|c: char| c.is_ascii_digit() || c == '+')
        && text.chars().skip(1).all(|c| c.is_ascii_digit() || c == ' ' || c == '-')
);
pattern!(
    /// The number printed on a resident's card.
    CardNumber, 6, 20, "^[0-9]+$", "31415926",
    |text| text.chars().all(|c| c.is_ascii_digit())
);
pattern!(
    /// The code in the QR of a resident's card.
    CardCode, 36, 36, "^LL1-[0-9A-F]{32}$", "LL1-00112233445566778899AABBCCDDEEFF",
    |text| text.strip_prefix("LL1-").is_some_and(|code| code.bytes().all(|c| matches!(c, b'0'..=b'9' | b'A'..=b'F')))
);
pattern!(
    /// The SHA-256 of a card's code, in hexadecimal digits: what a device keeps of it.
    CardHash, 64, 64, "^[0-9a-f]{64}$", "5b7c0a3e9d1f42886ac0b35d9e7f10243546c7d8e9fa0b1c2d3e4f5061728394",
    |text| text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
);
pattern!(
    /// A stable lower-case word.
    Slug, 1, 60, "^[a-z0-9][a-z0-9_-]*$", "minimum_living",
    |text| !text.starts_with(['_', '-'])
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
);
pattern!(
    /// A resident's PIN.
    Pin, 6, 6, "^[0-9]+$", "271828",
    |text| text.chars().all(|c| c.is_ascii_digit())
);
pattern!(
    /// A password: long enough that nobody guesses it, short enough to hash.
    Password, 10, 128, "^[^\\u0000-\\u001f\\u007f-\\u009f]*$", "correct-horse-battery",
    |text| !text.chars().any(char::is_control)
);
pattern!(
    /// A resident identity number of 18 characters; its check digit is verified by `residents`.
    IdNumber, 18, 18, "^[0-9]{17}[0-9X]$", "11010519491231002X",
    |text| text.chars().take(17).all(|c| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit() || c == 'X')
);

pattern!(
    /// Where a list goes on: what a page gave as its `next`. Whether it is one of ours shows when it is used.
    Cursor, 1, 200, "^[!-~]+$", "019353a02c407000800000000000002a",
    |text| text.bytes().all(|byte| byte.is_ascii_graphic())
);
pattern!(
    /// A secret as somebody types it to be checked: any text of some length, for only the right one will do.
    Secret, 1, 200, "^[^\\u0000]*$", "correct-horse-battery",
    |text| !text.contains('\0')
);

pattern!(
    /// What could be the name of a time zone in the IANA database.
    ZoneName, 1, 40, "^[A-Za-z][A-Za-z0-9_+/-]*$", "Asia/Shanghai",
    |text| text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+/-".contains(c))
);

impl Deref for Cursor {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

macro_rules! shown {
    ($($name:ident),+) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(&self.0, f) }
        }
    )+ };
}
macro_rules! hidden {
    ($($name:ident),+) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("(hidden)") }
        }
    )+ };
}
shown!(UserName, Phone, CardNumber, CardHash, Slug, Cursor, ZoneName);
hidden!(Pin, Password, IdNumber, Secret, CardCode);

/// A local clock time to the minute, `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockTime(pub NaiveTime);

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let two_by_two = text.len() == 5;
        NaiveTime::parse_from_str(&text, "%H:%M")
            .ok()
            .filter(|_| two_by_two)
            .map(ClockTime)
            .ok_or_else(|| D::Error::custom("a time of day like 09:30 is expected"))
    }
}

impl Serialize for ClockTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%H:%M"))
    }
}

impl JsonSchema for ClockTime {
    fn schema_name() -> Cow<'static, str> {
        "ClockTime".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": 5, "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["09:30"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_bounded() {
        assert_eq!(Line::<4>::parse(" 王芳 ").unwrap().as_str(), "王芳");
        assert!(Line::<4>::parse("   ").is_err());
        assert!(Line::<4>::parse("12345").is_err());
        assert!(Line::<4>::parse("a\nb").is_err());
    }

    #[test]
    fn a_time_of_day_has_hours_and_minutes() {
        for bad in ["24:00", "9:30", "09:30:00", "noon"] {
            assert!(serde_json::from_value::<ClockTime>(bad.into()).is_err(), "{bad}");
        }
        let time: ClockTime = serde_json::from_value("16:05".into()).unwrap();
        assert_eq!(serde_json::to_value(time).unwrap(), "16:05");
    }

    #[test]
    fn a_secret_never_shows_itself() {
        assert_eq!(format!("{:?}", Pin::parse("123456").unwrap()), "(hidden)");
    }
}
