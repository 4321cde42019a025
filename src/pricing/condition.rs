//! Conditions: what must be true of a person, a place, an order and a day for a layer or tier to apply.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    money::Fen,
    pricing::{
        document::{LeapBirthday, Window},
        quote::Arguments,
    },
    text::SEEN,
    words,
    words::{Area, DayKind, ItemKind, Level, Mode, Period, Weekday},
};

/// A condition: an object with exactly one of these keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Every one of these holds.
    All(#[schemars(length(min = 1, max = 50))] Vec<Condition>),
    /// At least one of these holds.
    Any(#[schemars(length(min = 1, max = 50))] Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// The person's age in whole years on the day of the meal, from `from`, below `to`.
    Age(AgeBand),
    /// Something that was verified of the person and is valid on the day of the meal.
    Fact(FactTest),
    /// Where the person's household is registered (户籍).
    RegisteredIn(PersonPlace),
    /// Where the person lives.
    LivesIn(PersonPlace),
    /// Where the canteen lies.
    CanteenIn(Area),
    /// The meal period is one of these.
    Period(#[schemars(length(min = 1, max = 50))] Vec<Period>),
    /// The meal is had in one of these ways.
    Mode(#[schemars(length(min = 1, max = 50))] Vec<Mode>),
    /// The day of the meal is one of these.
    Weekday(#[schemars(length(min = 1, max = 50))] Vec<Weekday>),
    /// The day of the meal lies in a stretch of every year: the heat of summer, the heating season, the weeks of a feast.
    Season(Season),
    /// The calendar makes one of these of the day of the meal.
    DayKind(#[schemars(length(min = 1, max = 50))] Vec<DayKind>),
    /// The order contains an item of one of these kinds.
    ItemKind(#[schemars(length(min = 1, max = 50))] Vec<ItemKind>),
    /// Which of the person's meals in a window this is.
    NthMeal(NthMeal),
    /// What the meal costs.
    Money(MoneyTest),
}

/// A half-open band of ages in whole years: `from <= age < to`. At least one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgeBand {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 150))]
    pub from: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 150))]
    pub to: Option<i32>,
}

impl AgeBand {
    /// Whether an age lies in the band.
    pub fn contains(&self, age: i32) -> bool {
        self.from.is_none_or(|from| age >= from) && self.to.is_none_or(|to| age < to)
    }
}

/// A stretch of every year, both ends included; over New Year when `to` comes before `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Season {
    pub from: MonthDay,
    pub to: MonthDay,
}

impl Season {
    /// Whether a day of the year lies in it.
    pub fn contains(&self, day: MonthDay) -> bool {
        if self.from <= self.to {
            self.from <= day && day <= self.to
        } else {
            self.from <= day || day <= self.to
        }
    }
}

/// A day of any year, written `MM-DD`. In a year without it, 29 February is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthDay {
    month: u32,
    day: u32,
}

impl MonthDay {
    /// The days of a leap year, so all that there are.
    pub(super) fn all() -> impl Iterator<Item = MonthDay> {
        let leap_year = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day").iter_days().take(366);
        leap_year.map(MonthDay::from)
    }

    pub fn month(self) -> u32 {
        self.month
    }

    pub fn day(self) -> u32 {
        self.day
    }
}

impl From<NaiveDate> for MonthDay {
    fn from(day: NaiveDate) -> MonthDay {
        MonthDay { month: day.month(), day: day.day() }
    }
}

impl TryFrom<String> for MonthDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<MonthDay, &'static str> {
        let in_leap_year = (text.len() == 5).then(|| format!("2000-{text}"));
        let day = in_leap_year.and_then(|text| text.parse::<NaiveDate>().ok());
        day.map(MonthDay::from).ok_or("a day of the year is written MM-DD, such as 06-01")
    }
}

impl From<MonthDay> for String {
    fn from(day: MonthDay) -> String {
        format!("{:02}-{:02}", day.month, day.day)
    }
}

impl JsonSchema for MonthDay {
    fn schema_name() -> Cow<'static, str> {
        "MonthDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "maxLength": 5,
            "description": "A day of any year, MM-DD.",
            "pattern": "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        })
    }
}

/// A fact of some kind, with any value, with this value or with one of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactTest {
    /// The kind, such as `minimum_living`, `destitute`, `disabled`; any word that the district uses.
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 60), regex(pattern = SEEN)))]
    pub values: Option<Vec<String>>,
}

impl FactTest {
    /// The values asked for; none when any will do.
    pub fn wanted(&self) -> &[String] {
        self.values.as_deref().or(self.value.as_ref().map(std::slice::from_ref)).unwrap_or_default()
    }
}

/// A place of a person's: an area that it lies in, or the same as the canteen's down to a level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum PersonPlace {
    /// In this area.
    In(Area),
    /// The canteen's and the person's paths are both known down to this level, and the same.
    SameAsCanteen { same_as_canteen: Level },
}

/// The fields of [`PersonPlace`] as they come in. Read flat, so that a mistake is told with its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonPlaceFields {
    same_as_canteen: Option<Level>,
    city: Option<String>,
    district: Option<String>,
    town: Option<String>,
    community: Option<String>,
}

impl<'de> Deserialize<'de> for PersonPlace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PersonPlace, D::Error> {
        let fields = PersonPlaceFields::deserialize(deserializer)?;
        let names = [fields.city, fields.district, fields.town, fields.community];
        match (fields.same_as_canteen, names.iter().position(Option::is_none).unwrap_or(names.len())) {
            (Some(same_as_canteen), 0) if names.iter().all(Option::is_none) => {
                Ok(PersonPlace::SameAsCanteen { same_as_canteen })
            }
            (Some(_), _) => Err(de::Error::custom("give an area or `same_as_canteen`, not both")),
            (None, 0) => Err(de::Error::custom("give an area with at least a `city`, or `same_as_canteen`")),
            (None, known) if names.iter().skip(known).any(Option::is_some) => {
                Err(de::Error::custom("an area has no gaps: a town needs its district, a community its town"))
            }
            (None, _) => {
                Area::new(names.into_iter().flatten()).map(PersonPlace::In).map_err(de::Error::custom)
            }
        }
    }
}

/// The person's meal number `from` to `to` of a window, both included; meals of every canteen count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NthMeal {
    pub window: Window,
    #[schemars(range(min = 1, max = 1000))]
    pub from: i32,
    /// No end if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub to: Option<i32>,
}

impl NthMeal {
    /// Whether the meal with this number is meant.
    pub fn contains(&self, nth: i32) -> bool {
        nth >= self.from && self.to.is_none_or(|to| nth <= to)
    }
}

/// An amount compared with one bound or two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoneyTest {
    /// Which amount.
    pub of: MoneyOf,
    /// Whether the delivery fee is left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_delivery_fee: bool,
    /// At least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ge: Option<Fen>,
    /// More than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gt: Option<Fen>,
    /// At most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub le: Option<Fen>,
    /// Less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lt: Option<Fen>,
}

impl MoneyTest {
    /// The smallest amount in whole fen that passes.
    pub fn least(&self) -> i64 {
        self.ge.map_or(0, |ge| ge.0).max(self.gt.map_or(0, |gt| gt.0 + 1))
    }

    /// The largest amount in whole fen that passes, if there is one.
    pub fn most(&self) -> Option<i64> {
        let (le, lt) = (self.le.map(|le| le.0), self.lt.map(|lt| lt.0 - 1));
        le.into_iter().chain(lt).min()
    }

    /// Whether an amount passes.
    pub fn contains(&self, amount: Fen) -> bool {
        amount.0 >= self.least() && self.most().is_none_or(|most| amount.0 <= most)
    }
}

words! {
    /// Which amount a condition looks at. Second helpings are in none of them.
    pub enum MoneyOf {
        /// The whole charge with the delivery fee, before anybody pays.
        Gross = "gross",
        /// What the earlier layers left of it.
        Net = "net",
        /// The price of the dearest set meal in the order, 0 without one: "a standard set or dearer".
        Set = "set",
    }
}

/// The age in whole years on a day, from the full birth date (BR-02); 0 before the birth.
pub fn age_on(day: NaiveDate, born_on: NaiveDate, leap: LeapBirthday) -> i32 {
    let is_leap_child = (born_on.month(), born_on.day()) == (2, 29);
    let in_leap_year = NaiveDate::from_ymd_opt(day.year(), 2, 29).is_some();
    let birthday = match leap {
        LeapBirthday::Feb28 if is_leap_child && !in_leap_year => (2, 28),
        // In a year without 29 February, the first day that is not before it is 1 March.
        LeapBirthday::Feb28 | LeapBirthday::Mar1 => (born_on.month(), born_on.day()),
    };
    let not_yet = (day.month(), day.day()) < birthday;
    (day.year() - born_on.year() - i32::from(not_yet)).max(0)
}

/// What a condition can look at: the arguments of a quote and what follows from them.
pub(super) struct Facts<'a> {
    pub args: &'a Arguments,
    pub age: i32,
    /// The charge without second helpings, with the delivery fee.
    pub gross: Fen,
    /// What the earlier layers left of it.
    pub net: Fen,
    /// The dearest set meal.
    pub set: Fen,
}

impl Facts<'_> {
    fn money(&self, test: &MoneyTest) -> Fen {
        let amount = match test.of {
            MoneyOf::Gross => self.gross,
            MoneyOf::Net => self.net,
            MoneyOf::Set => return self.set,
        };
        if test.without_delivery_fee {
            (amount - self.args.order.delivery_fee_fen).max(Fen::ZERO)
        } else {
            amount
        }
    }

    fn place(&self, own: Option<&Area>, place: &PersonPlace) -> bool {
        own.is_some_and(|own| match place {
            PersonPlace::In(area) => area.contains(own),
            PersonPlace::SameAsCanteen { same_as_canteen } => {
                own.same(&self.args.canteen.area, *same_as_canteen)
            }
        })
    }

    fn fact(&self, test: &FactTest) -> bool {
        let wanted = test.wanted();
        self.args.person.facts.iter().any(|fact| {
            fact.kind == test.kind
                && (wanted.is_empty() || fact.value.as_ref().is_some_and(|value| wanted.contains(value)))
        })
    }
}

impl Condition {
    /// Whether the condition holds.
    pub(super) fn holds(&self, facts: &Facts<'_>) -> bool {
        let args = facts.args;
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(facts)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(facts)),
            Condition::Not(part) => !part.holds(facts),
            Condition::Age(band) => band.contains(facts.age),
            Condition::Fact(test) => facts.fact(test),
            Condition::RegisteredIn(place) => facts.place(args.person.registered_in.as_ref(), place),
            Condition::LivesIn(place) => facts.place(args.person.lives_in.as_ref(), place),
            Condition::CanteenIn(area) => area.contains(&args.canteen.area),
            Condition::Period(periods) => periods.contains(&args.order.period),
            Condition::Mode(modes) => modes.contains(&args.order.mode),
            Condition::Weekday(days) => days.contains(&args.served_on.weekday().into()),
            Condition::Season(season) => season.contains(args.served_on.into()),
            Condition::DayKind(kinds) => kinds.contains(&args.day_kind),
            Condition::ItemKind(kinds) => {
                args.order.first_helpings().any(|line| kinds.contains(&line.item_kind))
            }
            Condition::NthMeal(nth) => nth.contains(args.usage.ordinal(nth.window)),
            Condition::Money(test) => test.contains(facts.money(test)),
        }
    }

    /// Adds the single conditions that make this one come out as `holds`, which it must do.
    ///
    /// Of several that would each do, one (a fact about the person only if there is no other); of several that are
    /// needed, all.
    pub(super) fn explain(&self, holds: bool, facts: &Facts<'_>, into: &mut Vec<Finding>) {
        let (parts, all_needed) = match self.shape() {
            Shape::All(parts) => (parts, holds),
            Shape::Any(parts) => (parts, !holds),
            Shape::Not(part) => return part.explain(!holds, facts, into),
            Shape::Single => {
                let finding = Finding { condition: self.clone(), holds };
                if !into.contains(&finding) {
                    into.push(finding);
                }
                return;
            }
        };
        if all_needed {
            return parts.iter().for_each(|part| part.explain(holds, facts, into));
        }
        let deciding = || parts.iter().filter(|part| part.holds(facts) == holds);
        if let Some(part) = deciding().find(|part| !part.asks_for_facts()).or_else(|| deciding().next()) {
            part.explain(holds, facts, into);
        }
    }

    /// Whether it asks for a fact of the person anywhere: hardship, disability and the like (BR-83).
    pub fn asks_for_facts(&self) -> bool {
        match self.shape() {
            Shape::All(parts) | Shape::Any(parts) => parts.iter().any(Condition::asks_for_facts),
            Shape::Not(part) => part.asks_for_facts(),
            Shape::Single => matches!(self, Condition::Fact(_)),
        }
    }

    /// Calls `look` with every single condition in this one.
    pub(super) fn each_single<'a>(&'a self, look: &mut dyn FnMut(&'a Condition)) {
        match self.shape() {
            Shape::All(parts) | Shape::Any(parts) => parts.iter().for_each(|part| part.each_single(look)),
            Shape::Not(part) => part.each_single(look),
            Shape::Single => look(self),
        }
    }

    /// Of how many values that it lists any will do.
    pub(super) fn alternatives(&self) -> usize {
        match self {
            Condition::Period(list) => list.len(),
            Condition::Mode(list) => list.len(),
            Condition::Weekday(list) => list.len(),
            Condition::DayKind(list) => list.len(),
            Condition::ItemKind(list) => list.len(),
            Condition::Age(_)
            | Condition::Fact(_)
            | Condition::RegisteredIn(_)
            | Condition::LivesIn(_)
            | Condition::CanteenIn(_)
            | Condition::Season(_)
            | Condition::NthMeal(_)
            | Condition::Money(_)
            | Condition::All(_)
            | Condition::Any(_)
            | Condition::Not(_) => 1,
        }
    }

    /// How it is put together.
    pub(super) fn shape(&self) -> Shape<'_> {
        match self {
            Condition::All(parts) => Shape::All(parts),
            Condition::Any(parts) => Shape::Any(parts),
            Condition::Not(part) => Shape::Not(part),
            Condition::Age(_)
            | Condition::Fact(_)
            | Condition::RegisteredIn(_)
            | Condition::LivesIn(_)
            | Condition::CanteenIn(_)
            | Condition::Period(_)
            | Condition::Mode(_)
            | Condition::Weekday(_)
            | Condition::Season(_)
            | Condition::DayKind(_)
            | Condition::ItemKind(_)
            | Condition::NthMeal(_)
            | Condition::Money(_) => Shape::Single,
        }
    }
}

/// How a condition is put together.
pub(super) enum Shape<'a> {
    All(&'a [Condition]),
    Any(&'a [Condition]),
    Not(&'a Condition),
    /// It looks at one thing itself.
    Single,
}

/// A single condition and how it came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub condition: Condition,
    pub holds: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::pricing::{
        FactNames,
        corpus::arguments,
        quote,
        schemes_test::{example, invented, with},
    };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_person_grows_a_year_older_on_their_birthday() {
        use LeapBirthday::{Feb28, Mar1};
        for (born_on, leap, on, age) in [
            ("1960-06-15", Feb28, "2025-06-14", 64),
            ("1960-06-15", Feb28, "2025-06-15", 65),
            ("1960-06-15", Mar1, "2025-06-14", 64),
            ("1960-06-15", Mar1, "2025-06-15", 65),
            ("1960-06-15", Mar1, "1959-01-01", 0),
            ("1960-02-29", Feb28, "2025-02-27", 64),
            ("1960-02-29", Feb28, "2025-02-28", 65),
            ("1960-02-29", Feb28, "2024-02-28", 63),
            ("1960-02-29", Feb28, "2024-02-29", 64),
            ("1960-02-29", Mar1, "2025-02-28", 64),
            ("1960-02-29", Mar1, "2025-03-01", 65),
            ("1960-02-29", Mar1, "2024-02-28", 63),
            ("1960-02-29", Mar1, "2024-02-29", 64),
        ] {
            assert_eq!(age_on(day(on), day(born_on), leap), age, "{born_on} {leap} {on}");
        }
    }

    #[test]
    fn a_day_of_the_year_is_read_and_written_as_month_and_day() {
        for text in ["01-01", "02-29", "10-05"] {
            let day: MonthDay = serde_json::from_value(json!(text)).unwrap();
            assert_eq!(serde_json::to_value(day).unwrap(), json!(text));
        }
        for bad in ["02-30", "13-01", "6-1", "06-1", "2025-06-01", ""] {
            assert!(serde_json::from_value::<MonthDay>(json!(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_schema_tells_a_client_how_a_day_of_the_year_is_written() {
        let schema = schemars::schema_for!(Season).to_value();
        assert_eq!(schema.pointer("/$defs/MonthDay/type"), Some(&json!("string")));
        let valid = |from: &str| jsonschema::is_valid(&schema, &json!({ "from": from, "to": "12-31" }));
        assert!(valid("06-01"));
        assert!(!valid("6-1") && !valid("13-01"));
    }

    #[test]
    fn a_place_is_an_area_without_gaps_or_the_same_as_the_canteens() {
        let read = |place: Value| serde_json::from_value::<PersonPlace>(place);
        assert_eq!(
            read(json!({ "same_as_canteen": "town" })).unwrap(),
            PersonPlace::SameAsCanteen { same_as_canteen: Level::Town }
        );
        let east = Area::new(["Jiangcheng", "East"]).unwrap();
        assert_eq!(read(json!({ "city": "Jiangcheng", "district": "East" })).unwrap(), PersonPlace::In(east));
        for bad in [
            json!({}),
            json!({ "district": "East" }),
            json!({ "city": "Jiangcheng", "town": "Hongqi" }),
            json!({ "same_as_canteen": "town", "city": "Jiangcheng" }),
            json!({ "same_as_canteen": "town", "district": "East" }),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_reader_is_told_what_decided_and_of_a_hardship_only_when_nothing_else_did() {
        let (seventy, eighty) = (json!({ "age": { "from": 70 } }), json!({ "age": { "from": 80 } }));
        let (lunch, dinner) = (json!({ "period": ["lunch"] }), json!({ "period": ["dinner"] }));
        let destitute = json!({ "fact": { "kind": "destitute" } });
        for (when, pays, why) in [
            (json!({ "any": [destitute, seventy] }), "1.00", "70 or older"),
            (json!({ "any": [destitute, eighty] }), "1.00", "recorded as destitute"),
            (json!({ "any": [dinner, eighty] }), "0.00", "not at dinner and under 80"),
            (json!({ "all": [destitute, seventy] }), "1.00", "recorded as destitute and 70 or older"),
            (json!({ "all": [{ "not": destitute }, eighty] }), "0.00", "under 80"),
            (json!({ "not": { "any": [dinner, eighty] } }), "1.00", "not at dinner and under 80"),
            (json!({ "not": { "all": [lunch, seventy] } }), "0.00", "at lunch and 70 or older"),
        ] {
            let layers = json!([{ "payer": "city", "rank": 1, "pick": "first", "tiers":
                [{ "code": "a", "when": when, "pay": { "fixed_fen": 100 } }] }]);
            let policy = [invented(layers, json!({}))];
            let case = with(example(1500, json!({})), [("/resident/classes", json!(["destitute"]))]);
            let line = &quote(&policy, &arguments(&case, &policy)).lines[0];
            assert_eq!(line.words(&FactNames::default()).en, format!("city {pays}, because {why}"), "{when}");
        }
    }
}
