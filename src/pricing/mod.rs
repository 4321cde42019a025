//! Prices (价格试算): policy documents, and the pure function that turns facts into an itemised split by payer.

mod apply;
pub mod check;
pub mod condition;
pub mod document;
mod policy;
mod quote;
mod satisfy;
#[cfg(test)]
mod schemes_test;
mod trial;
mod usage;

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
pub use usage::{Needs, Usage, Used, needs};
