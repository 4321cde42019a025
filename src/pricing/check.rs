//! Whether a policy document makes sense: every fault is listed, with the place where it is.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_path_to_error::Segment;

use crate::{
    money::Fen,
    pricing::{
        condition::{Condition, FactTest, MoneyOf, MoneyTest, Shape},
        document::{Document, Layer, Limits, Pay, Tier},
        policy::Policy,
    },
    text::is_unseen,
    words,
    words::Bilingual,
};

/// How deep conditions may be nested.
pub const MAX_DEPTH: usize = 8;
/// How many conditions a document may hold, single and combined.
pub const MAX_CONDITIONS: usize = 200;
const MAX_ENTRIES: usize = 50;
const MAX_TEXT: usize = 60;
const MAX_NAME: usize = 200;
const MAX_AGE: i32 = 150;
const MAX_COUNT: i64 = 1000;

words! {
    /// What is wrong at a place in a policy document.
    pub enum FaultCode {
        /// Not the shape of a policy document: an unknown field, a missing one, a value of another kind.
        Malformed = "malformed",
        /// A code or name that holds what it may not.
        BadCode = "bad_code",
        /// A text that is empty or too long.
        BadText = "bad_text",
        /// A list without an entry.
        EmptyList = "empty_list",
        /// A list with too many entries, or a document with too many conditions.
        TooMany = "too_many",
        /// Conditions nested too deep.
        TooDeep = "too_deep",
        /// A code, a rank or a name that is there twice.
        Duplicate = "duplicate",
        /// A limit that is named but not declared.
        UnknownLimit = "unknown_limit",
        /// A limit that is declared but named nowhere.
        UnusedLimit = "unused_limit",
        /// A limit that limits neither meals nor money.
        BoundlessLimit = "boundless_limit",
        /// A tier that says `unlimited` in a layer that has limits.
        UnlimitedInLimitedLayer = "unlimited_in_limited_layer",
        /// An amount, share or number outside what is allowed.
        OutOfRange = "out_of_range",
        /// A band or range that nothing lies in, or that has no bound.
        EmptyRange = "empty_range",
        /// Two ways of saying the same thing, of which only one may be used.
        Contradiction = "contradiction",
        /// A tier that can never apply (BR-02).
        TierNeverApplies = "tier_never_applies",
        /// A payment to the canteen that can never apply.
        PaymentNeverApplies = "payment_never_applies",
    }
}

/// Something wrong in a policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DocumentFault {
    /// Where: a JSON pointer into the document.
    pub pointer: String,
    pub code: FaultCode,
    /// What is wrong and what to do.
    pub detail: Bilingual,
}

/// Reads a policy document from JSON and checks it. Fails with every fault found.
///
/// A document of the wrong shape is told with the first place where it is wrong.
pub fn parse(document: &serde_json::Value) -> Result<Policy, Vec<DocumentFault>> {
    let document: Document = serde_path_to_error::deserialize(document).map_err(|error| {
        let pointer = error.path().iter().filter_map(pointer_segment).collect();
        let cause = error.into_inner().to_string();
        let detail = Bilingual::new(format!("这里的写法不符合政策文件的格式：{cause}"), cause);
        vec![DocumentFault { pointer, code: FaultCode::Malformed, detail }]
    })?;
    check(document)
}

fn pointer_segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", escaped(key))),
        Segment::Enum { variant } => Some(format!("/{}", escaped(variant))),
        Segment::Unknown => None,
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Checks a policy document. Fails with every fault found, in the order of the document.
pub fn check(document: Document) -> Result<Policy, Vec<DocumentFault>> {
    let mut check = Check::default();
    check.document(&document);
    let policy = Policy::resolve(document);
    check.applicability(&policy);
    if check.faults.is_empty() { Ok(policy) } else { Err(check.faults) }
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Check {
    pub(super) faults: Vec<DocumentFault>,
    pub(super) conditions: usize,
    limits_named: BTreeSet<String>,
}

impl Check {
    pub(super) fn fault(
        &mut self,
        pointer: impl Into<String>,
        code: FaultCode,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.faults.push(DocumentFault { pointer: pointer.into(), code, detail: Bilingual::new(zh, en) });
    }

    fn document(&mut self, document: &Document) {
        if !is_policy_code(&document.code) {
            self.fault(
                "/code",
                FaultCode::BadCode,
                "代码由1至60个小写字母、数字和连字符组成，以字母或数字开头",
                "a code has 1 to 60 lower-case letters, digits and hyphens, and starts with a letter or digit",
            );
        }
        self.name("/name", Some(&document.name));
        self.limits(document);
        self.list("/layers", document.layers.len(), 1);
        self.list("/to_canteen", document.to_canteen.len(), 0);
        for (index, layer) in document.layers.iter().enumerate() {
            self.layer(&format!("/layers/{index}"), layer, document);
        }
        for (index, payment) in document.to_canteen.iter().enumerate() {
            let at = format!("/to_canteen/{index}");
            self.text(&format!("{at}/payer"), &payment.payer);
            self.code(&format!("{at}/code"), &payment.code);
            self.condition(&format!("{at}/when"), payment.when.as_ref());
            self.amount(&format!("{at}/fixed_fen"), payment.fixed_fen);
            self.named_limits(&format!("{at}/limits"), payment.limits.as_ref(), document);
        }
        self.unique("/layers", "code", document.layers.iter().map(|layer| layer.code().to_owned()));
        self.unique("/layers", "rank", document.layers.iter().map(|layer| layer.rank.to_string()));
        self.unique("/to_canteen", "code", document.to_canteen.iter().map(|payment| payment.code.clone()));
        for name in document
            .limits
            .keys()
            .filter(|name| !self.limits_named.contains(*name))
            .cloned()
            .collect::<Vec<_>>()
        {
            let pointer = format!("/limits/{}", escaped(&name));
            let en = "no layer and no tier names this limit: name it where it holds, or take it out";
            self.fault(
                pointer,
                FaultCode::UnusedLimit,
                "没有任何层级或档次引用这个限额：请引用它，或将它删除",
                en,
            );
        }
        if self.conditions > MAX_CONDITIONS {
            let zh = format!("整份文件最多{MAX_CONDITIONS}个条件");
            self.fault(
                "",
                FaultCode::TooMany,
                zh,
                format!("a document holds at most {MAX_CONDITIONS} conditions"),
            );
        }
    }

    fn limits(&mut self, document: &Document) {
        for (name, limit) in &document.limits {
            let at = format!("/limits/{}", escaped(name));
            self.code(&at, name);
            if limit.count.is_none() && limit.fen.is_none() {
                let en = "a limit needs `count` (meals) or `fen` (money)";
                self.fault(&at, FaultCode::BoundlessLimit, "限额需要写明 count（次数）或 fen（金额）", en);
            }
            if limit.count.is_some_and(|count| !(1..=MAX_COUNT).contains(&count)) {
                self.out_of_range(&format!("{at}/count"), 1, MAX_COUNT);
            }
            if let Some(fen) = limit.fen {
                self.amount(&format!("{at}/fen"), fen);
            }
        }
    }

    fn layer(&mut self, at: &str, layer: &Layer, document: &Document) {
        self.text(&format!("{at}/payer"), &layer.payer);
        let code_at = if layer.code.is_some() { "code" } else { "payer" };
        self.code(&format!("{at}/{code_at}"), layer.code());
        self.name(&format!("{at}/name"), layer.name.as_ref());
        self.condition(&format!("{at}/when"), layer.when.as_ref());
        self.named_limits(&format!("{at}/limits"), layer.limits.as_ref(), document);
        self.list(&format!("{at}/tiers"), layer.tiers.len(), 1);
        for (index, tier) in layer.tiers.iter().enumerate() {
            let tier_at = format!("{at}/tiers/{index}");
            self.tier(&tier_at, tier, document);
            if matches!((&layer.limits, &tier.limits), (Some(Limits::Named(_)), Some(Limits::Unlimited))) {
                self.fault(
                    format!("{tier_at}/limits"),
                    FaultCode::UnlimitedInLimitedLayer,
                    "所在层级已有限额，档次不能写 unlimited：请把限额移到各档次",
                    "the layer has limits, so no tier of it is unlimited: move the limits to the tiers",
                );
            }
        }
        self.unique(&format!("{at}/tiers"), "code", layer.tiers.iter().map(|tier| tier.code.clone()));
    }

    fn tier(&mut self, at: &str, tier: &Tier, document: &Document) {
        self.code(&format!("{at}/code"), &tier.code);
        self.name(&format!("{at}/name"), tier.name.as_ref());
        if let Some(payer) = &tier.payer {
            self.text(&format!("{at}/payer"), payer);
        }
        self.condition(&format!("{at}/when"), tier.when.as_ref());
        self.named_limits(&format!("{at}/limits"), tier.limits.as_ref(), document);
        match tier.pay {
            Pay::Fixed { fixed_fen, .. } => self.amount(&format!("{at}/pay/fixed_fen"), fixed_fen),
            Pay::Percent { percent_bp, cap_fen, .. } => {
                if !(1..=10_000).contains(&percent_bp) {
                    self.out_of_range(&format!("{at}/pay/percent_bp"), 1, 10_000);
                }
                if let Some(cap_fen) = cap_fen {
                    self.amount(&format!("{at}/pay/cap_fen"), cap_fen);
                }
            }
            Pay::ResidentPrice { .. } => {}
        }
    }

    fn named_limits(&mut self, at: &str, limits: Option<&Limits>, document: &Document) {
        let Some(Limits::Named(names)) = limits else { return };
        self.list(at, names.len(), 1);
        self.unique(at, "", names.iter().cloned());
        for (index, name) in names.iter().enumerate() {
            self.limits_named.insert(name.clone());
            if !document.limits.contains_key(name) {
                let zh = format!("文件的 limits 中没有名为“{name}”的限额");
                let en = format!("the document's `limits` declare no \"{name}\"");
                self.fault(format!("{at}/{index}"), FaultCode::UnknownLimit, zh, en);
            }
        }
    }

    fn condition(&mut self, at: &str, condition: Option<&Condition>) {
        if let Some(condition) = condition {
            self.condition_at(at, condition, 1);
        }
    }

    fn condition_at(&mut self, at: &str, condition: &Condition, depth: usize) {
        self.conditions += 1;
        if depth > MAX_DEPTH {
            let zh = format!("条件最多嵌套{MAX_DEPTH}层");
            return self.fault(
                at,
                FaultCode::TooDeep,
                zh,
                format!("conditions nest at most {MAX_DEPTH} deep"),
            );
        }
        match condition.shape() {
            Shape::All(parts) => self.conditions_in(&format!("{at}/all"), parts, depth),
            Shape::Any(parts) => self.conditions_in(&format!("{at}/any"), parts, depth),
            Shape::Not(part) => self.condition_at(&format!("{at}/not"), part, depth + 1),
            Shape::Single => self.single(at, condition),
        }
    }

    fn conditions_in(&mut self, at: &str, parts: &[Condition], depth: usize) {
        self.list(at, parts.len(), 1);
        for (index, part) in parts.iter().enumerate() {
            self.condition_at(&format!("{at}/{index}"), part, depth + 1);
        }
    }

    fn single(&mut self, at: &str, condition: &Condition) {
        match condition {
            Condition::Age(band) => {
                let at = format!("{at}/age");
                for (key, bound) in [("from", band.from), ("to", band.to)] {
                    if bound.is_some_and(|bound| !(0..=MAX_AGE).contains(&bound)) {
                        self.out_of_range(&format!("{at}/{key}"), 0, i64::from(MAX_AGE));
                    }
                }
                let bounded = band.from.is_some() || band.to.is_some();
                self.range(&at, bounded && band.from.unwrap_or(0) < band.to.unwrap_or(i32::MAX));
            }
            Condition::Fact(test) => self.fact(&format!("{at}/fact"), test),
            Condition::Period(list) => self.list(&format!("{at}/period"), list.len(), 1),
            Condition::Mode(list) => self.list(&format!("{at}/mode"), list.len(), 1),
            Condition::Weekday(list) => self.list(&format!("{at}/weekday"), list.len(), 1),
            Condition::DayKind(list) => self.list(&format!("{at}/day_kind"), list.len(), 1),
            Condition::ItemKind(list) => self.list(&format!("{at}/item_kind"), list.len(), 1),
            Condition::NthMeal(nth) => {
                let at = format!("{at}/nth_meal");
                for (key, bound) in [("from", Some(nth.from)), ("to", nth.to)] {
                    if bound.is_some_and(|bound| !(1..=MAX_COUNT).contains(&i64::from(bound))) {
                        self.out_of_range(&format!("{at}/{key}"), 1, MAX_COUNT);
                    }
                }
                self.range(&at, nth.to.is_none_or(|to| nth.from <= to));
            }
            Condition::Money(test) => self.money(&format!("{at}/money"), test),
            Condition::RegisteredIn(_)
            | Condition::LivesIn(_)
            | Condition::CanteenIn(_)
            | Condition::Season(_)
            | Condition::All(_)
            | Condition::Any(_)
            | Condition::Not(_) => {}
        }
    }

    fn fact(&mut self, at: &str, test: &FactTest) {
        self.text(&format!("{at}/kind"), &test.kind);
        if test.value.is_some() && test.values.is_some() {
            let en = "give `value` or `values`, not both";
            self.fault(at, FaultCode::Contradiction, "value 和 values 只能写一个", en);
        }
        if let Some(values) = &test.values {
            self.list(&format!("{at}/values"), values.len(), 1);
        }
        for value in test.wanted() {
            self.text(at, value);
        }
    }

    fn money(&mut self, at: &str, test: &MoneyTest) {
        let twice = (test.ge.is_some() && test.gt.is_some()) || (test.le.is_some() && test.lt.is_some());
        if twice {
            let en = "give one lower bound (`ge` or `gt`) and one upper bound (`le` or `lt`) at most";
            self.fault(at, FaultCode::Contradiction, "下限（ge、gt）和上限（le、lt）各只能写一个", en);
        }
        if test.of == MoneyOf::Set && test.without_delivery_fee {
            let en = "the price of a set meal holds no delivery fee: take `without_delivery_fee` out";
            self.fault(at, FaultCode::Contradiction, "套餐价格不含送餐费：请删去 without_delivery_fee", en);
        }
        let bounded = test.ge.or(test.gt).or(test.le).or(test.lt).is_some();
        self.range(at, bounded && test.most().is_none_or(|most| test.least() <= most));
    }

    fn range(&mut self, at: &str, holds_something: bool) {
        if !holds_something {
            let en = "give at least one bound, and a range that something can lie in";
            self.fault(at, FaultCode::EmptyRange, "请至少写一个界限，且范围不能为空", en);
        }
    }

    fn out_of_range(&mut self, at: &str, least: i64, most: i64) {
        let zh = format!("应为{least}至{most}之间的整数");
        self.fault(at, FaultCode::OutOfRange, zh, format!("a whole number from {least} to {most} is wanted"));
    }

    fn amount(&mut self, at: &str, amount: Fen) {
        if amount <= Fen::ZERO {
            self.fault(at, FaultCode::OutOfRange, "金额至少为1分", "an amount of at least 1 fen is wanted");
        }
    }

    fn list(&mut self, at: &str, entries: usize, least: usize) {
        if entries < least {
            self.fault(at, FaultCode::EmptyList, "至少需要一项", "at least one entry is wanted");
        }
        if entries > MAX_ENTRIES {
            let zh = format!("最多{MAX_ENTRIES}项");
            self.fault(at, FaultCode::TooMany, zh, format!("at most {MAX_ENTRIES} entries are allowed"));
        }
    }

    fn text(&mut self, at: &str, text: &str) {
        if !is_text(text, MAX_TEXT) {
            let zh = format!("应为1至{MAX_TEXT}个字符，首尾不能有空格");
            let en = format!("1 to {MAX_TEXT} characters are wanted, without space at the ends");
            self.fault(at, FaultCode::BadText, zh, en);
        }
    }

    fn name(&mut self, at: &str, name: Option<&Bilingual>) {
        for (lang, text) in name.into_iter().flat_map(|name| [("zh", &name.zh), ("en", &name.en)]) {
            if !is_text(text, MAX_NAME) {
                let zh = format!("应为1至{MAX_NAME}个字符，首尾不能有空格");
                let en = format!("1 to {MAX_NAME} characters are wanted, without space at the ends");
                self.fault(format!("{at}/{lang}"), FaultCode::BadText, zh, en);
            }
        }
    }

    fn code(&mut self, at: &str, code: &str) {
        if !is_text(code, MAX_TEXT) || code.contains(['/', ':']) {
            let zh = format!("代码应为1至{MAX_TEXT}个字符，不含“/”和“:”，首尾不能有空格");
            let en = format!("a code has 1 to {MAX_TEXT} characters, no '/' or ':' and no space at the ends");
            self.fault(at, FaultCode::BadCode, zh, en);
        }
    }

    /// Every entry after the first that says the same. `key` is the field of the entries, if they have fields.
    fn unique(&mut self, at: &str, key: &str, values: impl Iterator<Item = String>) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (index, value) in values.enumerate() {
            if let Some(first) = seen.get(&value) {
                let zh = format!("“{value}”已在第{}项使用，不能重复", first + 1);
                let en =
                    format!("\"{value}\" is taken by entry {} of this list; each is used once", first + 1);
                let key = if key.is_empty() { String::new() } else { format!("/{key}") };
                self.fault(format!("{at}/{index}{key}"), FaultCode::Duplicate, zh, en);
            } else {
                seen.insert(value, index);
            }
        }
    }
}

fn is_policy_code(code: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    (1..=60).contains(&code.len()) && code.chars().all(allowed) && !code.starts_with('-')
}

fn is_text(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.trim() == text && text.chars().count() <= longest && !text.chars().any(is_unseen)
}

#[cfg(test)]
pub(super) mod tests;
