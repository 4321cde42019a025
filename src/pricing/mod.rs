//! Prices (价格试算): policy documents, and the pure function that turns facts into an itemised split by payer.
//!
//! - A [`Document`] is a scheme as data; [`parse`] reads and checks one, and a [`Policy`] is one that was found good.
//! - [`needs`] says what must be looked up of a person's earlier meals; [`quote()`] prices a meal with it: each layer
//!   in the order of its rank, each part at least 0, and parts and resident's share together exactly the charge (BR-40).
//! - A quote says what it draws on limits ([`Claim`]) and why every amount is what it is ([`Reason`]), as data that is
//!   put into words only where somebody reads it. [`terms`] and [`describe`] put whole policies into words.
//!
//! Nothing here knows a database, a clock or HTTP: the same policies and arguments always give the same quote.

mod applicability;
mod apply;
#[cfg(test)]
mod apply_test;
pub mod check;
pub mod condition;
#[cfg(test)]
mod corpus;
pub mod document;
mod policy;
mod quote;
mod satisfy;
#[cfg(test)]
mod schemes_test;
mod trial;
mod typical;
mod usage;
mod wording;

pub use apply::quote;
pub use check::{DocumentFault, FaultCode, check, parse};
pub use condition::{Condition, Finding, age_on};
pub use document::{Document, Window};
pub use policy::{LimitKey, Policy, PolicyLimit};
pub use quote::{
    Arguments, CanteenPlace, Claim, Fact, Order, OrderLine, Person, PolicyInForce, Quote, QuoteLine,
    RankClash, Reason, ToCanteen, rank_clashes,
};
pub use trial::{EarlierMeal, usage_after};
pub use typical::{TypicalMeal, TypicalPrice, typical_prices};
pub use usage::{Needs, Usage, Used, needs};
pub use wording::{FactNames, describe, payer as payer_words, terms};
