//! A policy document that was found good, with its limits resolved: what [`super::quote()`] works with.

use std::{borrow::Borrow, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::Fen,
    pricing::{
        condition::Condition,
        document::{Document, Limits, Window},
    },
};

/// The name of a limit over all policies and versions: `{policy code}/{limit name}`.
///
/// Where none is declared it is `{policy code}/layer:{layer code}` or `{policy code}/to_canteen:{payment code}`.
/// It holds no version, so that a limit survives a new version of its policy (BR-43).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LimitKey(pub String);

impl Borrow<str> for LimitKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A limit of a policy with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLimit {
    pub key: LimitKey,
    pub window: Window,
    /// So many meals.
    pub max_count: Option<i64>,
    /// So much money.
    pub max_fen: Option<Fen>,
}

/// A policy document that was checked; only [`super::check()`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    document: Document,
    limits: Vec<PolicyLimit>,
    /// For each layer and tier, the indices of the limits that hold.
    tier_limits: Vec<Vec<Vec<usize>>>,
    /// For each payment to the canteen, the indices of the limits that hold.
    payment_limits: Vec<Vec<usize>>,
}

impl Policy {
    /// Resolves the limits of a document whose names were checked.
    pub(super) fn resolve(document: Document) -> Policy {
        let limits = document
            .limits
            .iter()
            .map(|(name, limit)| PolicyLimit {
                key: LimitKey(format!("{}/{name}", document.code)),
                window: limit.window,
                max_count: limit.count,
                max_fen: limit.fen,
            })
            .collect();
        let mut policy = Policy { document, limits, tier_limits: Vec::new(), payment_limits: Vec::new() };
        policy.tier_limits =
            (0..policy.document.layers.len()).map(|layer| policy.limits_of_tiers(layer)).collect();
        policy.payment_limits =
            (0..policy.document.to_canteen.len()).map(|payment| policy.limits_of_payment(payment)).collect();
        policy
    }

    fn limits_of_tiers(&mut self, layer: usize) -> Vec<Vec<usize>> {
        let layer = self.document.layers[layer].clone();
        let default = format!("layer:{}", layer.code());
        let of_tier = |tier: &super::document::Tier| {
            let declared: Vec<&Limits> = layer.limits.iter().chain(&tier.limits).collect();
            self.indices(&declared, &default)
        };
        layer.tiers.iter().map(of_tier).collect()
    }

    fn limits_of_payment(&mut self, payment: usize) -> Vec<usize> {
        let payment = self.document.to_canteen[payment].clone();
        let declared: Vec<&Limits> = payment.limits.iter().collect();
        self.indices(&declared, &format!("to_canteen:{}", payment.code))
    }

    /// The indices of the declared limits; without any, of the default one: once per resident and period (BR-31).
    fn indices(&mut self, declared: &[&Limits], default: &str) -> Vec<usize> {
        if declared.is_empty() {
            let key = LimitKey(format!("{}/{default}", self.document.code));
            let known = self.limits.iter().position(|limit| limit.key == key);
            return vec![known.unwrap_or_else(|| {
                let limit = PolicyLimit { key, window: Window::Period, max_count: Some(1), max_fen: None };
                self.limits.push(limit);
                self.limits.len() - 1
            })];
        }
        let mut indices: Vec<usize> = declared
            .iter()
            .flat_map(|limits| limits.names())
            .filter_map(|name| self.document.limits.keys().position(|known| known == name))
            .collect();
        indices.sort_unstable();
        indices.dedup();
        indices
    }

    /// The document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The policy's code.
    pub fn code(&self) -> &str {
        &self.document.code
    }

    /// Every limit that may be drawn on, the declared ones and the defaults.
    pub fn limits(&self) -> &[PolicyLimit] {
        &self.limits
    }

    /// The limits that hold for a tier of a layer, both by index.
    pub(super) fn tier_limits(&self, layer: usize, tier: usize) -> impl Iterator<Item = &PolicyLimit> {
        self.tier_limits[layer][tier].iter().map(|&limit| &self.limits[limit])
    }

    /// The limits that hold for a payment to the canteen, by index.
    pub(super) fn payment_limits(&self, payment: usize) -> impl Iterator<Item = &PolicyLimit> {
        self.payment_limits[payment].iter().map(|&limit| &self.limits[limit])
    }

    /// Whether every limit of the earlier tier is one of the later, so that with it used up the later is, too.
    pub(super) fn used_up_together(&self, layer: usize, earlier: usize, later: usize) -> bool {
        let tiers = &self.tier_limits[layer];
        tiers[earlier].iter().all(|limit| tiers[later].contains(limit))
    }

    /// Every condition of the document, the outermost of each place.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let layers = self.document.layers.iter();
        layers
            .flat_map(|layer| {
                layer.when.iter().chain(layer.tiers.iter().filter_map(|tier| tier.when.as_ref()))
            })
            .chain(self.document.to_canteen.iter().filter_map(|payment| payment.when.as_ref()))
    }
}
