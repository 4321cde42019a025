//! How the layers of all policies apply to one meal, one after the other.

use crate::{
    money::Fen,
    pricing::{
        condition::{Condition, Facts, Finding, age_on},
        document::{CanteenPayment, ChargeBase, Layer, Pay, Pick, Tier},
        policy::PolicyLimit,
        quote::{Arguments, Claim, PolicyInForce, Quote, QuoteLine, Reason, ToCanteen},
    },
    words::MealClass,
};

/// Prices an order under the policies in force, which must be those of the canteen's area and the day of the meal.
///
/// Layers apply by rank; each pays at least 0 and together never more than the charge (BR-41). The same policies and
/// arguments always give the same quote.
pub fn quote(policies: &[PolicyInForce], args: &Arguments) -> Quote {
    let mut layers: Vec<(i32, &PolicyInForce, usize)> = policies
        .iter()
        .flat_map(|policy| {
            let layers = policy.policy.document().layers.iter().enumerate();
            layers.map(move |(index, layer)| (layer.rank, policy, index))
        })
        .collect();
    layers.sort_by_key(|&(rank, policy, index)| (rank, policy.code(), index));

    let mut pricing = Pricing::new(args);
    let lines = layers.into_iter().map(|(_, policy, layer)| pricing.line(policy, layer)).collect();
    let to_canteen = policies.iter().flat_map(|policy| pricing.payments(policy)).collect();
    pricing.finish(lines, to_canteen)
}

/// A quote in the making.
struct Pricing<'a> {
    /// What conditions look at; `net` shrinks with every layer.
    facts: Facts<'a>,
    /// Why nothing is paid at all, if that is so.
    barred: Option<Reason>,
    claims: Vec<Claim>,
}

/// A tier that fits, and what it pays.
struct Fit<'a> {
    tier: &'a Tier,
    index: usize,
    fen: Fen,
    /// What is left of the charge is less than the tier would have paid.
    rest_of_charge: bool,
    /// The limit that leaves less than the tier would have paid.
    rest_of: Option<&'a PolicyLimit>,
}

impl<'a> Pricing<'a> {
    fn new(args: &'a Arguments) -> Pricing<'a> {
        let gross = args.order.subsidised_charge();
        let facts = Facts { args, age: 0, gross, net: gross, set: args.order.dearest_set() };
        Pricing { facts, barred: barred(args), claims: Vec::new() }
    }

    /// What one layer pays.
    fn line(&mut self, in_force: &'a PolicyInForce, index: usize) -> QuoteLine {
        let document = in_force.policy.document();
        let layer = &document.layers[index];
        self.facts.age =
            age_on(self.facts.args.served_on, self.facts.args.person.born_on, document.leap_birthday);
        let mut reasons = Vec::new();
        let fit = match &self.barred {
            Some(barred) => {
                reasons.push(barred.clone());
                None
            }
            None => self.pick(in_force, index, &mut reasons),
        };
        let fen = fit.as_ref().map_or(Fen::ZERO, |fit| fit.fen);
        if let Some(fit) = &fit {
            self.draw(in_force.policy.tier_limits(index, fit.index), fit.fen);
        }
        self.facts.net -= fen;
        let tier = fit.map(|fit| fit.tier);
        let asks = |when: &Option<Condition>| when.as_ref().is_some_and(Condition::asks_for_facts);
        QuoteLine {
            policy: document.code.clone(),
            version: in_force.version,
            layer: layer.code().to_owned(),
            // The layer is named for its own payer.
            layer_name: layer.name.clone().filter(|_| tier.is_none_or(|tier| tier.payer.is_none())),
            payer: tier.map_or(layer.payer.as_str(), |tier| layer.payer_of(tier)).to_owned(),
            tier: tier.map(|tier| tier.code.clone()),
            tier_name: tier.and_then(|tier| tier.name.clone()),
            fen,
            sensitive: tier.is_some_and(|tier| asks(&tier.when) || asks(&layer.when))
                || reasons.iter().any(Reason::is_sensitive),
            reasons,
        }
    }

    /// The tier of a layer that pays, with the reasons; or the reasons why there is none.
    fn pick(&self, in_force: &'a PolicyInForce, index: usize, reasons: &mut Vec<Reason>) -> Option<Fit<'a>> {
        let layer = &in_force.policy.document().layers[index];
        if let Some(when) = layer.when.as_ref().filter(|when| !when.holds(&self.facts)) {
            let mut unmet = Vec::new();
            when.explain(false, &self.facts, &mut unmet);
            reasons.push(Reason::NotMet { unmet });
            return None;
        }
        let mut best: Option<Fit<'a>> = None;
        let mut used_up = Vec::new();
        for (tier_index, tier) in layer.tiers.iter().enumerate() {
            if tier.when.as_ref().is_some_and(|when| !when.holds(&self.facts)) {
                continue;
            }
            match self.fit(in_force, index, tier_index, tier) {
                Err(reason) => used_up.push((self.offer(in_force, index, tier).0, reason)),
                Ok(fit) if best.as_ref().is_none_or(|best| fit.fen > best.fen) => best = Some(fit),
                Ok(_) => {}
            }
            if layer.pick == Pick::First && best.is_some() {
                break;
            }
        }
        for (missed, reason) in used_up {
            // Of the best, what would have been no better made no difference.
            let mattered = layer.pick == Pick::First || best.as_ref().is_none_or(|best| missed > best.fen);
            if mattered && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        match &best {
            Some(fit) => self.reasons_for(layer, fit, reasons),
            None if reasons.is_empty() => reasons.push(Reason::NotMet { unmet: self.unmet(layer) }),
            None => {}
        }
        best
    }

    /// What a tier whose condition holds pays, unless one of its limits is used up.
    fn fit(
        &self,
        in_force: &'a PolicyInForce,
        layer: usize,
        index: usize,
        tier: &'a Tier,
    ) -> Result<Fit<'a>, Reason> {
        let (fen, rest_of_charge) = self.offer(in_force, layer, tier);
        let mut fit = Fit { tier, index, fen, rest_of_charge, rest_of: None };
        for limit in in_force.policy.tier_limits(layer, index) {
            let left = self.left(limit)?;
            if left < fit.fen {
                fit.fen = left;
                fit.rest_of = Some(limit);
            }
        }
        Ok(fit)
    }

    /// The money that a limit leaves; a refusal if it is used up.
    fn left(&self, limit: &PolicyLimit) -> Result<Fen, Reason> {
        let used = self.facts.args.usage.used(&limit.key);
        let drawn =
            self.claims.iter().find(|claim| claim.limit == limit.key).map_or(Fen::ZERO, |claim| claim.fen);
        let left = limit.max_fen.map_or(Fen(i64::MAX), |max| max - used.fen - drawn);
        if limit.max_count.is_some_and(|max| used.count >= max) || left <= Fen::ZERO {
            return Err(Reason::UsedUp {
                limit: limit.key.clone(),
                window: limit.window,
                max_count: limit.max_count,
                max_fen: limit.max_fen,
            });
        }
        Ok(left)
    }

    /// What a tier pays of what is left of the charge, limits aside, and whether it would pay more if more were left.
    fn offer(&self, in_force: &PolicyInForce, layer: usize, tier: &Tier) -> (Fen, bool) {
        const WHOLE_BP: i64 = 10_000;
        let rounding = in_force.policy.document().layers[layer].rounding;
        let left = self.left_for(&tier.pay);
        let (exact, per, most, more_if_left) = match tier.pay {
            Pay::Fixed { fixed_fen, .. } => (fixed_fen.min(left).0, 1, left, fixed_fen > left),
            Pay::ResidentPrice { resident_price_fen, .. } => {
                ((left - resident_price_fen).max(Fen::ZERO).0, 1, left, false)
            }
            Pay::Percent { percent_bp, of, without_delivery_fee, cap_fen } => {
                let base = match of {
                    ChargeBase::Gross => self.facts.gross,
                    ChargeBase::Net => self.facts.net,
                };
                let share = self.without_fee(base, without_delivery_fee).times(percent_bp);
                let wanted = cap_fen.map_or(share, |cap| share.min(cap.times(WHOLE_BP)));
                let exact_left = left.times(WHOLE_BP);
                let most = cap_fen.map_or(left, |cap| cap.min(left));
                (wanted.min(exact_left).0, WHOLE_BP, most, wanted > exact_left)
            }
        };
        (rounding.apply(exact, per).min(most), more_if_left)
    }

    /// What is left of the charge for such a payment. What others paid is taken as paid for the food first.
    fn left_for(&self, pay: &Pay) -> Fen {
        self.without_fee(self.facts.net, pay.leaves_out_delivery_fee())
    }

    fn without_fee(&self, amount: Fen, without_delivery_fee: bool) -> Fen {
        let fee = if without_delivery_fee { self.facts.args.order.delivery_fee_fen } else { Fen::ZERO };
        (amount - fee).max(Fen::ZERO)
    }

    /// Adds why the tier fits and why it pays no more than it does.
    fn reasons_for(&self, layer: &Layer, fit: &Fit<'_>, reasons: &mut Vec<Reason>) {
        let mut because = Vec::new();
        for when in fit.tier.when.iter().chain(&layer.when) {
            when.explain(true, &self.facts, &mut because);
        }
        reasons.push(Reason::Granted { because });
        if let Some(limit) = fit.rest_of {
            reasons.extend(limit.max_fen.map(|max_fen| Reason::RestOfLimit {
                limit: limit.key.clone(),
                window: limit.window,
                max_fen,
            }));
            return;
        }
        if fit.fen.is_zero() {
            reasons.push(match fit.tier.pay {
                _ if self.left_for(&fit.tier.pay).is_zero() => Reason::NothingLeft,
                Pay::ResidentPrice { resident_price_fen, .. } => {
                    Reason::NotAbovePrice { price_fen: resident_price_fen }
                }
                Pay::Fixed { .. } | Pay::Percent { .. } => Reason::RoundedToNothing,
            });
        } else if fit.rest_of_charge {
            reasons.push(Reason::RestOfCharge);
        }
    }

    /// What is missing for each tier of a layer, when none of their conditions holds.
    fn unmet(&self, layer: &Layer) -> Vec<Finding> {
        let mut unmet = Vec::new();
        for when in layer.tiers.iter().filter_map(|tier| tier.when.as_ref()) {
            when.explain(false, &self.facts, &mut unmet);
        }
        unmet
    }

    /// Draws a meal that is paid for on its limits; a meal counts once on each, whoever pays.
    fn draw<'l>(&mut self, limits: impl Iterator<Item = &'l PolicyLimit>, fen: Fen) {
        if fen.is_zero() {
            return;
        }
        for limit in limits {
            match self.claims.iter_mut().find(|claim| claim.limit == limit.key) {
                Some(claim) => claim.fen += fen,
                None => self.claims.push(Claim {
                    limit: limit.key.clone(),
                    window: limit.window,
                    window_key: limit.window.key(self.facts.args.served_on, self.facts.args.order.period),
                    count: 1,
                    fen,
                    max_count: limit.max_count,
                    max_fen: limit.max_fen,
                }),
            }
        }
    }

    /// What a policy gives the canteen for the meal.
    fn payments(&mut self, in_force: &'a PolicyInForce) -> Vec<ToCanteen> {
        let document = in_force.policy.document();
        self.facts.age =
            age_on(self.facts.args.served_on, self.facts.args.person.born_on, document.leap_birthday);
        let payments = document.to_canteen.iter().enumerate();
        payments.filter_map(|(index, payment)| self.payment(in_force, index, payment)).collect()
    }

    fn payment(
        &mut self,
        in_force: &'a PolicyInForce,
        index: usize,
        payment: &CanteenPayment,
    ) -> Option<ToCanteen> {
        if self.barred.is_some() || payment.when.as_ref().is_some_and(|when| !when.holds(&self.facts)) {
            return None;
        }
        let mut fen = payment.fixed_fen;
        for limit in in_force.policy.payment_limits(index) {
            fen = fen.min(self.left(limit).ok()?);
        }
        self.draw(in_force.policy.payment_limits(index), fen);
        Some(ToCanteen {
            policy: in_force.code().to_owned(),
            version: in_force.version,
            payer: payment.payer.clone(),
            code: payment.code.clone(),
            fen,
        })
    }

    fn finish(self, lines: Vec<QuoteLine>, to_canteen: Vec<ToCanteen>) -> Quote {
        let Facts { args, gross, net, .. } = self.facts;
        let charge = args.order.charge();
        let mut reasons: Vec<Reason> = self.barred.into_iter().collect();
        let second_helpings =
            args.order.lines.iter().filter(|line| line.second_helping).map(|line| line.total());
        let fen: Fen = second_helpings.sum();
        if args.order.class == MealClass::Meal && !fen.is_zero() {
            reasons.push(Reason::SecondHelpings { fen });
        }
        if !args.calendar_known {
            reasons.push(Reason::CalendarUnknown { year: chrono::Datelike::year(&args.served_on) });
        }
        let resident_fen = charge - (gross - net);
        Quote {
            charge_fen: charge,
            subsidised_charge_fen: gross,
            lines,
            resident_fen,
            claims: self.claims,
            to_canteen,
            reasons,
        }
    }
}

/// The tier that a payment by a layer was for: the one with this code, or else the first whose condition holds whatever
/// its limits, or else the first.
pub(super) fn tier_meant(
    in_force: &PolicyInForce,
    layer: usize,
    code: Option<&str>,
    args: &Arguments,
) -> usize {
    let document = in_force.policy.document();
    let tiers = &document.layers[layer].tiers;
    let mut facts = Pricing::new(args).facts;
    facts.age = age_on(args.served_on, args.person.born_on, document.leap_birthday);
    let named = code.and_then(|code| tiers.iter().position(|tier| tier.code == code));
    let holding = || tiers.iter().position(|tier| tier.when.as_ref().is_none_or(|when| when.holds(&facts)));
    named.or_else(holding).unwrap_or_default()
}

/// Why a meal draws nothing from anybody, if that is so.
fn barred(args: &Arguments) -> Option<Reason> {
    match (args.order.class, &args.person.suspended) {
        (MealClass::Meal, None) => None,
        (MealClass::Meal, Some(kind)) => Some(Reason::Suspended { kind: kind.clone() }),
        (class @ (MealClass::Second | MealClass::Guest | MealClass::Staff | MealClass::Volunteer), _) => {
            Some(Reason::OtherClass { class })
        }
    }
}
