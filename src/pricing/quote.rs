//! What a price depends on, and the quote that comes of it.
//!
//! [`Arguments`] are stored with a quote, so that the same quote can be made again years later.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::Fen,
    pricing::{
        condition::Finding,
        document::Window,
        policy::{LimitKey, Policy},
        usage::Usage,
    },
    text::SEEN,
    words::{Area, Bilingual, DayKind, ItemKind, MealClass, Mode, Period},
};

/// A policy that is in force on the day of the meal, in the version that is.
#[derive(Clone, Debug)]
pub struct PolicyInForce {
    pub version: i32,
    pub policy: Arc<Policy>,
}

impl PolicyInForce {
    /// The policy's code.
    pub fn code(&self) -> &str {
        self.policy.code()
    }
}

/// Everything that a price depends on besides the policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    pub person: Person,
    pub canteen: CanteenPlace,
    pub order: Order,
    /// The day of the meal, in the canteen's time zone.
    pub served_on: NaiveDate,
    pub day_kind: DayKind,
    /// Whether the calendar of the year is published; if not, Monday to Friday count as workdays.
    pub calendar_known: bool,
    pub usage: Usage,
}

/// A person as they are on the day of the meal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub born_on: NaiveDate,
    /// Where the household is registered (户籍).
    #[serde(default)]
    pub registered_in: Option<Area>,
    #[serde(default)]
    pub lives_in: Option<Area>,
    /// Only what was verified and is valid on the day (BR-01).
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub facts: Vec<Fact>,
    /// The kind of what suspends every subsidy on the day, such as `deceased`, `in_institution`, `away` (BR-03).
    #[serde(default)]
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub suspended: Option<String>,
}

/// An eligibility fact (资格认定).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Such as `minimum_living` or `disabled`.
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub kind: String,
    /// Such as the grade of a disability.
    #[serde(default)]
    #[schemars(length(min = 1, max = 60), regex(pattern = SEEN))]
    pub value: Option<String>,
}

/// Where the canteen lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenPlace {
    pub area: Area,
}

/// What is taken, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub period: Period,
    pub mode: Mode,
    pub class: MealClass,
    pub lines: Vec<OrderLine>,
    #[serde(default)]
    pub delivery_fee_fen: Fen,
}

/// So many of one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderLine {
    pub item_kind: ItemKind,
    /// The price of one.
    pub price_fen: Fen,
    #[schemars(range(min = 1))]
    pub quantity: i32,
    /// Whether it is a second helping, which is at full price (BR-20).
    #[serde(default)]
    pub second_helping: bool,
}

impl OrderLine {
    pub(super) fn total(&self) -> Fen {
        self.price_fen.times(i64::from(self.quantity))
    }
}

impl Order {
    /// The lines that a subsidy may pay for.
    pub fn first_helpings(&self) -> impl Iterator<Item = &OrderLine> {
        self.lines.iter().filter(|line| !line.second_helping)
    }

    /// The whole charge: all lines and the delivery fee.
    pub fn charge(&self) -> Fen {
        self.lines.iter().map(OrderLine::total).sum::<Fen>() + self.delivery_fee_fen
    }

    /// What subsidies may pay for: nothing for second meals, guests and those who serve (BR-33), and no second
    /// helpings (BR-20).
    pub fn subsidised_charge(&self) -> Fen {
        if self.class != MealClass::Meal || self.first_helpings().next().is_none() {
            return Fen::ZERO;
        }
        self.first_helpings().map(OrderLine::total).sum::<Fen>() + self.delivery_fee_fen
    }

    pub(super) fn dearest_set(&self) -> Fen {
        let sets = self.first_helpings().filter(|line| line.item_kind == ItemKind::Set);
        sets.map(|line| line.price_fen).max().unwrap_or(Fen::ZERO)
    }
}

/// What a meal costs, who pays how much of it, and why.
///
/// The amounts of the lines and `resident_fen` add up to `charge_fen`, always (BR-40).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// The whole charge, before anybody pays.
    pub charge_fen: Fen,
    /// The part of it that subsidies may pay for: without second helpings.
    pub subsidised_charge_fen: Fen,
    /// One for each layer, in the order in which they apply.
    pub lines: Vec<QuoteLine>,
    /// What the resident pays.
    pub resident_fen: Fen,
    /// What the meal draws on limits: one for each limit, payments to the canteen included.
    pub claims: Vec<Claim>,
    /// What the canteen gets besides, outside the sum.
    pub to_canteen: Vec<ToCanteen>,
    /// Reasons that concern the whole quote.
    pub reasons: Vec<Reason>,
}

/// What one layer pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteLine {
    /// The policy's code.
    pub policy: String,
    /// The policy's version.
    pub version: i32,
    /// The layer's code.
    pub layer: String,
    pub layer_name: Option<Bilingual>,
    pub payer: String,
    /// The tier that fits; none if none does, or it is withheld.
    pub tier: Option<String>,
    pub tier_name: Option<Bilingual>,
    pub fen: Fen,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Whether tier or reasons tell of a hardship or another sensitive fact (BR-80, BR-83).
    pub sensitive: bool,
}

/// What a meal draws on a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    pub limit: LimitKey,
    pub window: Window,
    /// Which window: see [`Window::key`].
    pub window_key: String,
    /// Meals, always 1.
    pub count: i64,
    /// Money.
    pub fen: Fen,
    pub max_count: Option<i64>,
    pub max_fen: Option<Fen>,
}

/// What the canteen gets for the meal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToCanteen {
    /// The policy's code.
    pub policy: String,
    /// The policy's version.
    pub version: i32,
    pub payer: String,
    /// The payment's code.
    pub code: String,
    pub fen: Fen,
}

/// Why an amount is what it is, as data; [`Reason::words`] puts it into words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// The tier fits, because of these.
    Granted { because: Vec<Finding> },
    /// No tier fits, because of these.
    NotMet { unmet: Vec<Finding> },
    /// A limit is used up, so that a tier does not fit.
    UsedUp { limit: LimitKey, window: Window, max_count: Option<i64>, max_fen: Option<Fen> },
    /// The tier pays only what was left of a limit.
    RestOfLimit { limit: LimitKey, window: Window, max_fen: Fen },
    /// The tier pays only what was left of the charge.
    RestOfCharge,
    /// Nothing is left of what it may pay for.
    NothingLeft,
    /// No more is left of the charge than the fixed price to the resident.
    NotAbovePrice { price_fen: Fen },
    /// The amount is too small to be paid.
    RoundedToNothing,
    /// Something suspends every subsidy of the person (BR-03).
    Suspended { kind: String },
    /// Meals of this class draw nothing (BR-33).
    OtherClass { class: MealClass },
    /// This much of the charge is for second helpings, at full price (BR-20).
    SecondHelpings { fen: Fen },
    /// The year has no calendar yet; Monday to Friday were counted as workdays.
    CalendarUnknown { year: i32 },
    /// The reason is not for the reader's eyes (BR-80).
    Withheld,
}

impl Reason {
    pub(super) fn is_sensitive(&self) -> bool {
        match self {
            Reason::Granted { because: findings } | Reason::NotMet { unmet: findings } => {
                findings.iter().any(|finding| finding.condition.asks_for_facts())
            }
            Reason::Suspended { .. } => true,
            Reason::UsedUp { .. }
            | Reason::RestOfLimit { .. }
            | Reason::RestOfCharge
            | Reason::NothingLeft
            | Reason::NotAbovePrice { .. }
            | Reason::RoundedToNothing
            | Reason::OtherClass { .. }
            | Reason::SecondHelpings { .. }
            | Reason::CalendarUnknown { .. }
            | Reason::Withheld => false,
        }
    }
}

impl Quote {
    /// The quote for eyes that may see amounts but no hardship: sensitive lines lose tier and reasons.
    pub fn without_sensitive_reasons(mut self) -> Quote {
        for line in self.lines.iter_mut().filter(|line| line.sensitive) {
            line.tier = None;
            line.tier_name = None;
            line.reasons = vec![Reason::Withheld];
        }
        for reason in self.reasons.iter_mut().filter(|reason| reason.is_sensitive()) {
            *reason = Reason::Withheld;
        }
        self
    }
}

/// Two layers, of one policy or two, that have the same rank; such policies cannot be in force together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RankClash {
    pub rank: i32,
    /// Policy and layer, by their codes.
    pub layers: Vec<(String, String)>,
}

/// The ranks that more than one layer of these policies has.
pub fn rank_clashes(policies: &[&Policy]) -> Vec<RankClash> {
    let mut by_rank: BTreeMap<i32, Vec<(String, String)>> = BTreeMap::new();
    for policy in policies {
        for layer in &policy.document().layers {
            let names = (policy.code().to_owned(), layer.code().to_owned());
            by_rank.entry(layer.rank).or_default().push(names);
        }
    }
    let clashes = by_rank.into_iter().filter(|(_, layers)| layers.len() > 1);
    clashes.map(|(rank, layers)| RankClash { rank, layers }).collect()
}
