//! The policy document: a subsidy scheme as a district officer writes it, in JSON.
//!
//! What is here is only the shape. Whether a document makes sense is for [`super::check()`] to say, and what it pays
//! for [`super::quote()`].

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

use crate::{
    money::Fen,
    pricing::condition::Condition,
    text::SEEN,
    words,
    words::{Area, Bilingual},
};

/// A subsidy scheme (补贴政策): who pays how much of whose meal.
///
/// Every policy in force whose area contains a canteen applies there; the layers of all of them are merged by rank.
/// Layers add up and never pay more than the charge: the later one gives way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PolicyDocument")]
pub struct Document {
    /// What the policy is called in links and keys; the same in all its versions.
    #[schemars(length(min = 1, max = 60), regex(pattern = r"^[a-z0-9][a-z0-9-]{0,59}$"))]
    pub code: String,
    /// The policy applies at every canteen in this area.
    pub area: Area,
    /// What people call it.
    pub name: Bilingual,
    /// When somebody born on 29 February has a birthday in other years.
    #[serde(default, skip_serializing_if = "LeapBirthday::is_default")]
    pub leap_birthday: LeapBirthday,
    /// How often, or up to what amount, something is paid to one person; layers and tiers name them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, Limit>,
    /// The payers' parts. At least one.
    #[schemars(length(min = 1, max = 50))]
    pub layers: Vec<Layer>,
    /// What the canteen gets besides for a meal that was served; no part of the resident's price.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub to_canteen: Vec<CanteenPayment>,
}

words! {
    /// The birthday, in other years, of a person born on 29 February (BR-02).
    #[derive(Default)]
    pub enum LeapBirthday {
        Feb28 = "feb_28",
        #[default]
        Mar1 = "mar_1",
    }
}

impl LeapBirthday {
    fn is_default(&self) -> bool {
        *self == LeapBirthday::default()
    }
}

words! {
    /// The stretch of time that a limit or an ordinal counts in.
    pub enum Window {
        /// One meal period of one day.
        Period = "period",
        Day = "day",
        /// Monday to Sunday.
        Week = "week",
        Month = "month",
        Year = "year",
    }
}

/// So many meals, so much money or both, for one person in one window, over all canteens (BR-31).
///
/// A meal counts once, however many layers that share the limit pay for it; their amounts add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub window: Window,
    /// So many meals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub count: Option<i64>,
    /// So much money; the last meal gets what is left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub fen: Option<Fen>,
}

/// One payer's part of a policy (补贴层级).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Who pays: any name, such as `city`, `district`, `town`, `community`, `canteen`, `donor`, `voucher`. A tier may
    /// name another.
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub payer: String,
    /// What the layer is called in the document; the payer's name if not given. Unique in the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub code: Option<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Bilingual>,
    /// Layers apply from the lowest rank to the highest. Unique among all policies in force at a canteen.
    pub rank: i32,
    /// Which of the tiers that fit is taken: the first in the list, or the one that pays most.
    pub pick: Pick,
    /// A condition for all tiers of the layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Limits for all tiers of the layer together. If neither layer nor tier declares any: once per meal period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// How what the layer pays is rounded. What is left over falls to the resident (BR-44).
    #[serde(default, skip_serializing_if = "Rounding::is_default")]
    pub rounding: Rounding,
    /// Who gets how much. At least one.
    #[schemars(length(min = 1, max = 50))]
    pub tiers: Vec<Tier>,
}

impl Layer {
    /// The layer's own code, or else its payer.
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or(&self.payer)
    }

    /// Who pays what this tier of the layer grants.
    pub fn payer_of<'a>(&'a self, tier: &'a Tier) -> &'a str {
        tier.payer.as_deref().unwrap_or(&self.payer)
    }
}

words! {
    /// Which of several tiers that fit is taken.
    pub enum Pick {
        /// The first in the list.
        First = "first",
        /// The one that pays most; of equals the first.
        Best = "best",
    }
}

/// How an amount becomes whole fen or whole jiao.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rounding {
    #[serde(default = "Rounding::floor")]
    pub mode: RoundingMode,
    #[serde(default = "Rounding::fen")]
    pub to: RoundingUnit,
}

impl Default for Rounding {
    fn default() -> Rounding {
        Rounding { mode: Rounding::floor(), to: Rounding::fen() }
    }
}

impl Rounding {
    fn floor() -> RoundingMode {
        RoundingMode::Floor
    }

    fn fen() -> RoundingUnit {
        RoundingUnit::Fen
    }

    fn is_default(&self) -> bool {
        *self == Rounding::default()
    }

    /// Rounds `numerator / denominator` fen, both of them not negative.
    pub fn apply(self, numerator: i64, denominator: i64) -> Fen {
        let unit = match self.to {
            RoundingUnit::Fen => 1,
            RoundingUnit::Jiao => 10,
        };
        let (numerator, denominator) = (i128::from(numerator), i128::from(denominator) * unit);
        let units = match self.mode {
            RoundingMode::Floor => numerator / denominator,
            RoundingMode::Ceil => (numerator + denominator - 1) / denominator,
            RoundingMode::HalfUp => (2 * numerator + denominator) / (2 * denominator),
        };
        Fen(i64::try_from(units * unit).unwrap_or(i64::MAX))
    }
}

words! {
    /// Which way an amount is rounded.
    pub enum RoundingMode {
        Floor = "floor",
        Ceil = "ceil",
        HalfUp = "half_up",
    }
}

words! {
    /// To what an amount is rounded; a jiao is 10 fen.
    pub enum RoundingUnit {
        Fen = "fen",
        Jiao = "jiao",
    }
}

/// One row of a layer (补贴档次): who gets how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// What the tier is called in the document. Unique in its layer.
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub code: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Bilingual>,
    /// Whom and which meals it is for; everybody and all if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Who pays it, where it is not the layer's payer: the better of two payers' offers is one layer that picks the best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub payer: Option<String>,
    /// What it pays.
    pub pay: Pay,
    /// Limits of this tier, besides those of its layer. A tier that is used up does not fit, and the next is tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// What a tier pays. No tier ever pays more than what is left of the charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Pay {
    /// A fixed amount, or all that is left of the charge if that is less.
    Fixed {
        #[schemars(range(min = 1))]
        fixed_fen: Fen,
        /// Whether the delivery fee is left out of what it may pay for.
        #[serde(default, skip_serializing_if = "is_false")]
        without_delivery_fee: bool,
    },
    /// A share of the charge.
    Percent {
        /// The share in basis points: 1000 are 10 percent.
        #[schemars(range(min = 1, max = 10_000))]
        percent_bp: i64,
        /// Of the whole charge, or of what the earlier layers left of it.
        of: ChargeBase,
        /// Whether the delivery fee is left out.
        #[serde(default, skip_serializing_if = "is_false")]
        without_delivery_fee: bool,
        /// Never more than this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1))]
        cap_fen: Option<Fen>,
    },
    /// A fixed price to the resident: pays what is left of the charge above it. 0 is a free meal.
    ResidentPrice {
        resident_price_fen: Fen,
        /// Whether the delivery fee comes on top of the price.
        #[serde(default, skip_serializing_if = "is_false")]
        without_delivery_fee: bool,
    },
}

impl Pay {
    /// Whether the delivery fee is left to others.
    pub fn leaves_out_delivery_fee(&self) -> bool {
        match *self {
            Pay::Fixed { without_delivery_fee, .. }
            | Pay::Percent { without_delivery_fee, .. }
            | Pay::ResidentPrice { without_delivery_fee, .. } => without_delivery_fee,
        }
    }
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

words! {
    /// What a share is taken of.
    pub enum ChargeBase {
        /// The whole charge with the delivery fee, before anybody pays.
        Gross = "gross",
        /// What the earlier layers left of it.
        Net = "net",
    }
}

/// The fields of [`Pay`] as they come in. Read flat, because an untagged enum could not say what is wrong and where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayFields {
    fixed_fen: Option<Fen>,
    percent_bp: Option<i64>,
    of: Option<ChargeBase>,
    without_delivery_fee: Option<bool>,
    cap_fen: Option<Fen>,
    resident_price_fen: Option<Fen>,
}

impl<'de> Deserialize<'de> for Pay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pay, D::Error> {
        let fields = PayFields::deserialize(deserializer)?;
        let without_delivery_fee = fields.without_delivery_fee.unwrap_or(false);
        let of_a_percentage = fields.of.is_some() || fields.cap_fen.is_some();
        match (fields.fixed_fen, fields.percent_bp, fields.resident_price_fen) {
            (None, Some(percent_bp), None) => {
                let of = fields.of.ok_or_else(|| de::Error::missing_field("of"))?;
                Ok(Pay::Percent { percent_bp, of, without_delivery_fee, cap_fen: fields.cap_fen })
            }
            (Some(_), None, None) | (None, None, Some(_)) if of_a_percentage => {
                Err(de::Error::custom("`of` and `cap_fen` go with `percent_bp` only"))
            }
            (Some(fixed_fen), None, None) => Ok(Pay::Fixed { fixed_fen, without_delivery_fee }),
            (None, None, Some(resident_price_fen)) => {
                Ok(Pay::ResidentPrice { resident_price_fen, without_delivery_fee })
            }
            (..) => {
                Err(de::Error::custom("give exactly one of `fixed_fen`, `percent_bp`, `resident_price_fen`"))
            }
        }
    }
}

/// Which limits hold: the word `unlimited`, or names from the document's `limits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limits {
    Unlimited,
    Named(Vec<String>),
}

impl Limits {
    /// The names; none for `unlimited`.
    pub fn names(&self) -> &[String] {
        match self {
            Limits::Unlimited => &[],
            Limits::Named(names) => names,
        }
    }
}

impl Serialize for Limits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Limits::Unlimited => serializer.serialize_str("unlimited"),
            Limits::Named(names) => names.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
        struct LimitsVisitor;
        impl<'de> Visitor<'de> for LimitsVisitor {
            type Value = Limits;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"unlimited\" or a list of names of limits")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Limits, E> {
                match word {
                    "unlimited" => Ok(Limits::Unlimited),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Limits, A::Error> {
                let mut named = Vec::new();
                while let Some(name) = names.next_element()? {
                    named.push(name);
                }
                Ok(Limits::Named(named))
            }
        }
        deserializer.deserialize_any(LimitsVisitor)
    }
}

impl JsonSchema for Limits {
    fn schema_name() -> Cow<'static, str> {
        "Limits".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Which limits hold: the word `unlimited`, or names from the document's `limits`.",
            "oneOf": [
                { "type": "string", "enum": ["unlimited"] },
                { "type": "array", "items": { "type": "string", "minLength": 1, "maxLength": 60, "pattern": SEEN }, "minItems": 1, "maxItems": 50 },
            ],
        })
    }
}

/// So much to the canteen for a meal that was served to a resident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenPayment {
    /// Who pays: any name.
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub payer: String,
    /// What the payment is called in the document. Unique among its payments to the canteen.
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub code: String,
    /// For which meals; all if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// The amount for one meal.
    #[schemars(range(min = 1))]
    pub fixed_fen: Fen,
    /// Limits for one resident. If none are declared: once per meal period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::pricing::{
        check::tests::{document, faults, tier},
        parse,
    };

    #[test]
    fn a_document_is_written_as_it_was_read_without_what_goes_without_saying() {
        let short = document(json!([tier("a", Value::Null)]));
        let mut long = short.clone();
        long["leap_birthday"] = json!("feb_28");
        long["limits"] =
            json!({ "day": { "window": "day", "count": 1 }, "month": { "window": "month", "fen": 1 } });
        long["layers"][0]["rounding"] = json!({ "mode": "ceil", "to": "jiao" });
        long["layers"][0]["tiers"] = json!([
            { "code": "a", "when": { "age": { "from": 80 } }, "limits": ["day", "month"],
                "pay": { "fixed_fen": 100, "without_delivery_fee": true } },
            { "code": "b", "limits": "unlimited", "when": { "money": { "of": "net", "without_delivery_fee": true, "gt": 1 } },
                "pay": { "percent_bp": 100, "of": "net", "without_delivery_fee": true, "cap_fen": 1 } },
        ]);
        long["to_canteen"] = json!([{ "payer": "town", "code": "meal", "fixed_fen": 1 }]);
        for document in [short, long] {
            assert_eq!(serde_json::to_value(parse(&document).unwrap().document()).unwrap(), document);
        }
    }

    #[test]
    fn an_amount_is_rounded_to_the_nearest_unit_in_the_direction_asked_for() {
        use RoundingMode::{Ceil, Floor, HalfUp};
        use RoundingUnit::{Fen as ToFen, Jiao};
        for (mode, to, ten_thousandths, fen) in [
            (Floor, ToFen, 19_999, 1),
            (Floor, ToFen, 20_000, 2),
            (Ceil, ToFen, 20_000, 2),
            (Ceil, ToFen, 20_001, 3),
            (HalfUp, ToFen, 24_999, 2),
            (HalfUp, ToFen, 25_000, 3),
            (Floor, Jiao, 199_999, 10),
            (Floor, Jiao, 200_000, 20),
            (Ceil, Jiao, 200_000, 20),
            (Ceil, Jiao, 200_001, 30),
            (HalfUp, Jiao, 249_999, 20),
            (HalfUp, Jiao, 250_000, 30),
        ] {
            let rounded = Rounding { mode, to }.apply(ten_thousandths, 10_000);
            assert_eq!(rounded, Fen(fen), "{mode} {to} {ten_thousandths}");
        }
    }

    #[test]
    fn a_tier_pays_in_one_way_with_the_fields_of_that_way() {
        for pay in [
            json!({}),
            json!({ "fixed_fen": 100, "resident_price_fen": 100 }),
            json!({ "fixed_fen": 100, "of": "gross" }),
            json!({ "fixed_fen": 100, "cap_fen": 100 }),
            json!({ "resident_price_fen": 100, "of": "gross" }),
            json!({ "resident_price_fen": 100, "cap_fen": 100 }),
            json!({ "percent_bp": 1000 }),
        ] {
            let mut document = document(json!([tier("a", Value::Null)]));
            document["layers"][0]["tiers"][0]["pay"] = pay.clone();
            assert_eq!(faults(&document), [("/layers/0/tiers/0/pay".to_owned(), "malformed")], "{pay}");
        }
    }

    #[test]
    fn limits_are_a_word_or_a_list_and_fault_and_schema_say_so() {
        let mut document = document(json!([tier("a", Value::Null)]));
        document["layers"][0]["limits"] = json!("none");
        let told = &parse(&document).unwrap_err()[0].detail.en;
        assert!(told.contains("expected \"unlimited\" or a list of names of limits"), "{told}");
        let schema = schemars::schema_for!(CanteenPayment).to_value();
        assert!(schema.pointer("/$defs/Limits").is_some());
        let valid = |limits: Value| {
            let payment = json!({ "payer": "town", "code": "meal", "fixed_fen": 1, "limits": limits });
            jsonschema::is_valid(&schema, &payment)
        };
        assert!(valid(json!("unlimited")) && valid(json!(["day"])));
        assert!(!valid(json!("none")) && !valid(json!([])));
    }
}
