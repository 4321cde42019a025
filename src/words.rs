//! The vocabulary: words of the domain that stand for one of a few things, the same in code, API and database.

use std::fmt;

use diesel::{
    backend::Backend,
    deserialize::FromSqlRow,
    deserialize::{self, FromSql},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::Text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::text::{AREA_NAME, SEEN, is_unseen};

/// Makes an enum whose values are words: one spelling for JSON, the database and `Display`.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        $vis enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// The value that a word stands for, if there is one.
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, DB>>::to_sql(self.as_str(), out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let word = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes)?;
                $name::from_word(&word)
                    .ok_or_else(|| format!("{word:?} is no {}", stringify!($name)).into())
            }
        }
    };
}

words! {
    /// A meal period (餐段), in the order of the day.
    pub enum Period {
        Breakfast = "breakfast",
        Lunch = "lunch",
        Dinner = "dinner",
    }
}

words! {
    /// How a meal reaches the resident: 堂食, 自取, 送餐.
    pub enum Mode {
        DineIn = "dine_in",
        Takeaway = "takeaway",
        Delivery = "delivery",
    }
}

impl Period {
    /// What people call it.
    pub fn said(self) -> Bilingual {
        match self {
            Period::Breakfast => Bilingual::new("早餐", "Breakfast"),
            Period::Lunch => Bilingual::new("午餐", "Lunch"),
            Period::Dinner => Bilingual::new("晚餐", "Dinner"),
        }
    }
}

impl Mode {
    /// What people call it.
    pub fn said(self) -> Bilingual {
        match self {
            Mode::DineIn => Bilingual::new("堂食", "Dine-in"),
            Mode::Takeaway => Bilingual::new("自取", "Takeaway"),
            Mode::Delivery => Bilingual::new("送餐", "Delivery"),
        }
    }
}

words! {
    /// What kind of thing a menu item is: a set meal (套餐) or a single dish (菜品).
    pub enum ItemKind {
        Set = "set",
        Dish = "dish",
    }
}

words! {
    /// What kind of day the calendar makes of a date.
    pub enum DayKind {
        Workday = "workday",
        /// A Saturday or Sunday that is neither a holiday nor a make-up workday.
        RestDay = "rest_day",
        /// A statutory holiday, whatever its weekday.
        Holiday = "holiday",
        /// A Saturday or Sunday on which people work to make up for a holiday (调休).
        MakeupWorkday = "makeup_workday",
    }
}

words! {
    /// Whom a meal that is served counts for (BR-33). Only `meal` can draw subsidies.
    pub enum MealClass {
        /// A registered resident's own meal.
        Meal = "meal",
        /// A second meal or helping of the same resident.
        Second = "second",
        /// Someone who is no registered resident.
        Guest = "guest",
        /// A member of staff.
        Staff = "staff",
        /// A volunteer.
        Volunteer = "volunteer",
    }
}

impl MealClass {
    /// What people call it.
    pub fn said(self) -> Bilingual {
        match self {
            MealClass::Meal => Bilingual::new("本人用餐", "Own meal"),
            MealClass::Second => Bilingual::new("加餐", "Second meal"),
            MealClass::Guest => Bilingual::new("其他用餐", "Guest"),
            MealClass::Staff => Bilingual::new("工作人员", "Staff"),
            MealClass::Volunteer => Bilingual::new("志愿者", "Volunteer"),
        }
    }
}

words! {
    /// A day of the week.
    pub enum Weekday {
        Mon = "mon",
        Tue = "tue",
        Wed = "wed",
        Thu = "thu",
        Fri = "fri",
        Sat = "sat",
        Sun = "sun",
    }
}

impl From<chrono::Weekday> for Weekday {
    fn from(day: chrono::Weekday) -> Weekday {
        Weekday::ALL[day.num_days_from_monday() as usize]
    }
}

words! {
    /// The two languages that people read.
    pub enum Lang {
        Zh = "zh",
        En = "en",
    }
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    #[schemars(length(min = 1, max = 4000), regex(pattern = SEEN))]
    pub zh: String,
    #[schemars(length(min = 1, max = 4000), regex(pattern = SEEN))]
    pub en: String,
}

impl Bilingual {
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Bilingual {
        Bilingual { zh: zh.into(), en: en.into() }
    }

    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// An area (区域): a path city / district / town / community, as deep as is known.
///
/// It is compared as a whole path: two towns of the same name in two districts are two towns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Area(String);

words! {
    /// How deep a place in an area's path is.
    pub enum Level {
        City = "city",
        District = "district",
        Town = "town",
        Community = "community",
    }
}

/// An area, by the names of its levels from the city down.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Area", inline, transform = without_gaps)]
struct AreaFields {
    #[schemars(length(min = 1, max = 60), regex(pattern = AREA_NAME))]
    city: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 60), regex(pattern = AREA_NAME))]
    district: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 60), regex(pattern = AREA_NAME))]
    town: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 60), regex(pattern = AREA_NAME))]
    community: Option<String>,
}

/// A path has no gaps: where a level is named, the one above it is.
fn without_gaps(schema: &mut schemars::Schema) {
    let named =
        |level: &str| json!({ "properties": { level: { "not": { "type": "null" } } }, "required": [level] });
    let rules: Vec<Value> = [("town", "district"), ("community", "town")]
        .map(|(lower, upper)| json!({ "if": named(lower), "then": named(upper) }))
        .into();
    schema.insert("allOf".into(), rules.into());
}

impl Area {
    /// The area with these names, from the city down.
    ///
    /// Fails with a sentence when there is none or more than four, or a name is empty, too long or holds a `/`.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Area, String> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.is_empty() || names.len() > Level::ALL.len() {
            return Err("an area is a path of one to four names: city, district, town, community".into());
        }
        for name in &names {
            if name.trim() != name || name.is_empty() || name.chars().count() > 60 {
                return Err("a name in an area has 1 to 60 characters and no space at its ends".into());
            }
            if name.contains('/') || name.chars().any(is_unseen) {
                return Err("a name in an area holds no '/' and nothing unseen".into());
            }
        }
        Ok(Area(names.join("/")))
    }

    /// The names, from the city down.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The name at a level, if the path is that deep.
    pub fn name(&self, level: Level) -> Option<&str> {
        self.names().nth(level as usize)
    }

    /// The areas that contain this one, from the city down to itself.
    pub fn containing(&self) -> Vec<Area> {
        let ends = self.0.match_indices('/').map(|(end, _)| end).chain([self.0.len()]);
        ends.map(|end| Area(self.0[..end].to_owned())).collect()
    }

    /// Whether `other` is this area or lies in it.
    pub fn contains(&self, other: &Area) -> bool {
        other.0.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether both paths reach `level` and are the same down to it.
    pub fn same(&self, other: &Area, level: Level) -> bool {
        let depth = level as usize + 1;
        let down_to = |area: &Area| area.names().take(depth).map(str::to_owned).collect::<Vec<_>>();
        let (own, others) = (down_to(self), down_to(other));
        own.len() == depth && own == others
    }

    /// The path as it is stored: `city/district/town/community`.
    pub fn path(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<AreaFields> for Area {
    type Error = String;
    fn try_from(fields: AreaFields) -> Result<Area, String> {
        let AreaFields { city, district, town, community } = fields;
        let deeper = [district, town, community];
        let known = deeper.iter().take_while(|name| name.is_some()).count();
        if deeper.iter().skip(known).any(Option::is_some) {
            return Err("an area has no gaps: a town needs its district, a community its town".into());
        }
        Area::new(std::iter::once(city).chain(deeper.into_iter().flatten()))
    }
}

impl<'de> Deserialize<'de> for Area {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Area, D::Error> {
        AreaFields::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Area {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = |level| self.name(level).map(str::to_owned);
        AreaFields {
            city: at(Level::City).unwrap_or_default(),
            district: at(Level::District),
            town: at(Level::Town),
            community: at(Level::Community),
        }
        .serialize(serializer)
    }
}

impl JsonSchema for Area {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Area".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        AreaFields::json_schema(generator)
    }
}

impl<DB: Backend> ToSql<Text, DB> for Area
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <str as ToSql<Text, DB>>::to_sql(&self.0, out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for Area
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Area> {
        let path = String::from_sql(bytes)?;
        Area::new(path.split('/')).map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(path: &str) -> Area {
        Area::new(path.split('/')).unwrap()
    }

    #[test]
    fn two_towns_of_one_name_in_two_districts_are_two_towns() {
        let (a, b) = (area("Jinan/East/Hongqi"), area("Jinan/West/Hongqi"));
        assert!(!a.same(&b, Level::Town));
        assert!(a.same(&b, Level::City));
    }

    #[test]
    fn an_area_contains_itself_and_what_lies_in_it_and_no_namesake() {
        assert!(area("A/B").contains(&area("A/B/C")));
        assert!(area("A/B").contains(&area("A/B")));
        assert!(!area("A/B").contains(&area("A/BC")));
        assert!(!area("A/B").contains(&area("A")));
    }

    #[test]
    fn an_area_lies_in_those_above_it_and_in_itself() {
        assert_eq!(area("A/B/C").containing(), [area("A"), area("A/B"), area("A/B/C")]);
    }

    #[test]
    fn a_path_that_is_not_deep_enough_is_in_no_town() {
        assert!(!area("A/B").same(&area("A/B"), Level::Town));
    }

    #[test]
    fn an_area_with_a_gap_is_refused() {
        assert!(serde_json::from_str::<Area>(r#"{"city":"A","town":"C"}"#).is_err());
        let whole: Area = serde_json::from_str(r#"{"city":"A","district":"B"}"#).unwrap();
        assert_eq!(serde_json::to_string(&whole).unwrap(), r#"{"city":"A","district":"B"}"#);
    }
}
