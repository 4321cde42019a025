//! Prices and policies in plain words, for people: why an amount is what it is, who may eat here and what it costs.

use std::collections::BTreeMap;

use chrono::Month;

use crate::{
    money::Fen,
    pricing::{
        condition::{
            Condition, FactTest, Finding, MoneyOf, MoneyTest, MonthDay, NthMeal, PersonPlace, Season, Shape,
        },
        document::{
            CanteenPayment, ChargeBase, Layer, Pay, Pick, Rounding, RoundingMode, RoundingUnit, Tier, Window,
        },
        policy::{Policy, PolicyLimit},
        quote::{Quote, QuoteLine, Reason},
        satisfy::{Budget, Canteen, can_hold},
    },
    words::{Area, Bilingual, DayKind, ItemKind, Level, MealClass, Mode, Period, Weekday},
};

/// What kinds of facts are called, beside those that are known everywhere.
#[derive(Debug, Default)]
pub struct FactNames(BTreeMap<String, Bilingual>);

impl FactNames {
    /// From the kinds' codes with their names.
    pub fn new(names: impl IntoIterator<Item = (String, Bilingual)>) -> FactNames {
        FactNames(names.into_iter().collect())
    }

    /// A kind that nobody named stands for itself.
    fn of(&self, kind: &str) -> Bilingual {
        known_everywhere(kind)
            .or_else(|| self.0.get(kind).cloned())
            .unwrap_or_else(|| Bilingual::new(kind, kind))
    }
}

/// The policies in force at a canteen, in words: who may eat there and what it costs. Tiers that can never apply at
/// this canteen are left out.
pub fn terms(policies: &[&Policy], canteen: &Area, names: &FactNames) -> Vec<Bilingual> {
    let mut terms: Vec<(i32, Vec<Bilingual>)> = Vec::new();
    let mut payments = Vec::new();
    for policy in policies {
        let mut budget = Budget::for_document();
        let mut can = |required: &[&Condition]| can_hold(Canteen::At(canteen), required, &[], &mut budget);
        for (index, layer) in policy.document().layers.iter().enumerate() {
            let fits = |tier: &usize| {
                let required: Vec<&Condition> = layer.when.iter().chain(&layer.tiers[*tier].when).collect();
                can(&required)
            };
            let tiers: Vec<usize> = (0..layer.tiers.len()).filter(fits).collect();
            terms.push((layer.rank, layer_terms(policy, index, &tiers, names)));
        }
        payments.extend(payments_terms(policy, names));
    }
    terms.sort_by_key(|(rank, _)| *rank);
    let mut terms: Vec<Bilingual> = terms.into_iter().flat_map(|(_, terms)| terms).collect();
    if terms.is_empty() {
        terms.push(Bilingual::new(
            "本食堂没有补贴，人人按标价付费。",
            "No subsidy is paid here; everybody pays the list price.",
        ));
    } else {
        terms.push(Bilingual::new("其余由就餐者自付。", "The person pays the rest."));
    }
    terms.extend(payments);
    terms
}

/// A whole policy in words, for those who are about to put it in force.
pub fn describe(policy: &Policy, names: &FactNames) -> Vec<Bilingual> {
    let document = policy.document();
    let place = area(&document.area);
    let mut words = vec![Bilingual::new(
        format!("{}：适用于{}的所有食堂。", document.name.zh, place.zh),
        format!("{}: applies at every canteen in {}.", document.name.en, place.en),
    )];
    let mut layers: Vec<(i32, usize)> =
        document.layers.iter().enumerate().map(|(at, layer)| (layer.rank, at)).collect();
    layers.sort_unstable();
    for (_, index) in layers {
        let tiers: Vec<usize> = (0..document.layers[index].tiers.len()).collect();
        words.extend(layer_terms(policy, index, &tiers, names));
    }
    words.extend(payments_terms(policy, names));
    words
}

impl Quote {
    /// The quote line by line in words, what the resident pays last.
    pub fn words(&self, names: &FactNames) -> Vec<Bilingual> {
        let rest = Bilingual::new(
            format!("餐费{}元，自付{}元", self.charge_fen, self.resident_fen),
            format!("charge {}, to pay {}", self.charge_fen, self.resident_fen),
        );
        let lines = self.lines.iter().map(|line| line.words(names));
        let reasons = self.reasons.iter().map(|reason| reason.words(names));
        lines.chain(reasons).chain([rest]).collect()
    }

    /// Whether its words need names of kinds of facts that are not known everywhere.
    pub fn needs_names(&self) -> bool {
        self.lines.iter().flat_map(|line| &line.reasons).chain(&self.reasons).any(Reason::needs_names)
    }
}

impl QuoteLine {
    /// The payer's part and why: "city 3.00, because 60 or older and registered in Guangzhou".
    pub fn words(&self, names: &FactNames) -> Bilingual {
        let payer = self.layer_name.clone().unwrap_or_else(|| payer(&self.payer));
        let why = joined(self.reasons.iter().map(|reason| reason.words(names)), "；", "; ");
        if why.en.is_empty() {
            return Bilingual::new(
                format!("{}{}元", payer.zh, self.fen),
                format!("{} {}", payer.en, self.fen),
            );
        }
        Bilingual::new(
            format!("{}{}元：{}", payer.zh, self.fen, why.zh),
            format!("{} {}, {}", payer.en, self.fen, why.en),
        )
    }
}

impl Reason {
    /// The reason in words, as the rest of a sentence.
    pub fn words(&self, names: &FactNames) -> Bilingual {
        match self {
            Reason::Granted { because } if because.is_empty() => Bilingual::new("人人适用", "for everybody"),
            Reason::Granted { because } => {
                let why = findings(because, names);
                Bilingual::new(format!("因为{}", why.zh), format!("because {}", why.en))
            }
            Reason::NotMet { unmet } => {
                let why = findings(unmet, names);
                Bilingual::new(format!("因为{}", why.zh), format!("because {}", why.en))
            }
            Reason::UsedUp { window, max_count, max_fen, .. } => {
                let limit = limit(*window, *max_count, *max_fen);
                Bilingual::new(
                    format!("因为{}的额度已用完", limit.zh),
                    format!("because the limit of {} is used up", limit.en),
                )
            }
            Reason::RestOfLimit { window, max_fen, .. } => {
                let limit = limit(*window, None, Some(*max_fen));
                Bilingual::new(
                    format!("{}只剩这么多", limit.zh),
                    format!("which is what was left of {}", limit.en),
                )
            }
            Reason::RestOfCharge => {
                Bilingual::new("可补的餐费只剩这么多", "which is all that was left for it to pay")
            }
            Reason::NothingLeft => {
                Bilingual::new("因为没有余下可补的餐费", "because nothing was left for it to pay")
            }
            Reason::NotAbovePrice { price_fen } => Bilingual::new(
                format!("因为余下可补的餐费不高于优惠价{price_fen}元"),
                format!("because no more than the fixed price of {price_fen} was left for it to pay"),
            ),
            Reason::RoundedToNothing => Bilingual::new("因为金额太小", "because the amount is too small"),
            Reason::Suspended { kind } => {
                let kind = names.of(kind);
                Bilingual::new(
                    format!("补贴已暂停（{}）", kind.zh),
                    format!("because subsidies are suspended ({})", kind.en),
                )
            }
            Reason::OtherClass { class } => {
                let class = meal_class(*class);
                Bilingual::new(
                    format!("{}不享受补贴", class.zh),
                    format!("because {} draws no subsidy", class.en),
                )
            }
            Reason::SecondHelpings { fen } => Bilingual::new(
                format!("其中加餐{fen}元按标价"),
                format!("of which {fen} for second helpings at full price"),
            ),
            Reason::CalendarUnknown { year } => Bilingual::new(
                format!("{year}年的节假日安排尚未公布，周一至周五按工作日计算"),
                format!("the calendar of {year} is not published; Monday to Friday counted as workdays"),
            ),
            Reason::Withheld => Bilingual::new("原因不公开", "for a reason that is not shown"),
        }
    }

    fn needs_names(&self) -> bool {
        match self {
            Reason::Granted { because: findings } | Reason::NotMet { unmet: findings } => {
                findings.iter().any(|finding| needs_names(&finding.condition))
            }
            Reason::Suspended { kind } => known_everywhere(kind).is_none(),
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

fn needs_names(condition: &Condition) -> bool {
    let mut needs = false;
    condition.each_single(&mut |single| {
        if let Condition::Fact(test) = single {
            needs |= known_everywhere(&test.kind).is_none();
        }
    });
    needs
}

/// Findings joined to a sentence. Of several ages only the one that says most.
fn findings(list: &[Finding], names: &FactNames) -> Bilingual {
    let says_enough = |one: &&Finding| !list.iter().any(|other| says_more(other, one));
    let said: Vec<&Finding> = list.iter().filter(says_enough).collect();
    let parts = said.iter().map(|finding| {
        let words = clause(&finding.condition, finding.holds, names);
        if finding.holds && said.len() > 1 && finding.condition.alternatives() > 1 {
            bracketed(&words)
        } else {
            words
        }
    });
    joined(parts, "，", " and ")
}

/// Whether one finding on the age makes the other, a lower bound, needless to say.
fn says_more(finding: &Finding, other: &Finding) -> bool {
    let (Condition::Age(band), Condition::Age(bound)) = (&finding.condition, &other.condition) else {
        return false;
    };
    let (Some(from), Some(bound_from), None) = (band.from, bound.from, bound.to) else { return false };
    match (finding.holds, other.holds) {
        (true, true) => from > bound_from || (from == bound_from && band.to.is_some()),
        (false, false) => from < bound_from && band.to.is_none(),
        (true, false) | (false, true) => false,
    }
}

/// A layer's tiers, one sentence each.
fn layer_terms(policy: &Policy, index: usize, tiers: &[usize], names: &FactNames) -> Vec<Bilingual> {
    let layer = &policy.document().layers[index];
    let sentence = |(nth, &index_of_tier): (usize, &usize)| {
        let tier = &layer.tiers[index_of_tier];
        let conditions: Vec<&Condition> = layer.when.iter().chain(&tier.when).collect();
        let who = match conditions.is_empty() {
            true => Bilingual::new("人人适用", "everybody"),
            false => all_of(&conditions, names),
        };
        let limits = limits(policy.tier_limits(index, index_of_tier));
        tier_terms(layer, tier, nth > 0, &who, &limits)
    };
    tiers.iter().enumerate().map(sentence).collect()
}

fn tier_terms(layer: &Layer, tier: &Tier, follows: bool, who: &Bilingual, limits: &Bilingual) -> Bilingual {
    let pay = pay(&tier.pay);
    let rounding = rounding(layer.rounding);
    let payer = match (&tier.payer, &layer.name) {
        (None, Some(name)) => name.clone(),
        (_, _) => payer(layer.payer_of(tier)),
    };
    let before = match (layer.pick, follows) {
        (Pick::First, true) => Bilingual::new("否则", "otherwise "),
        (Pick::Best, true) => Bilingual::new("或（取最高的一项）", "or, if it is more, "),
        (Pick::First | Pick::Best, false) => Bilingual::new("", ""),
    };
    let name = tier.name.as_ref();
    Bilingual::new(
        format!(
            "{}{}{}{}{}：{}。{}。",
            before.zh,
            payer.zh,
            pay.zh,
            rounding.zh,
            name.map(|name| format!("（{}）", name.zh)).unwrap_or_default(),
            who.zh,
            limits.zh
        ),
        format!(
            "{}. {}.",
            capital(&format!(
                "{}{} {}{}{}: {}",
                before.en,
                payer.en,
                pay.en,
                rounding.en,
                name.map(|name| format!(" ({})", name.en)).unwrap_or_default(),
                who.en
            )),
            capital(&limits.en)
        ),
    )
}

fn payments_terms(policy: &Policy, names: &FactNames) -> Vec<Bilingual> {
    let sentence = |(index, payment): (usize, &CanteenPayment)| {
        let who = payment.when.as_ref().map_or(Bilingual::new("每一餐", "for every meal"), |when| {
            let when = self::sentence(when, names);
            Bilingual::new(when.zh, format!("for a meal {}", when.en))
        });
        let (payer, limits) = (payer(&payment.payer), limits(policy.payment_limits(index)));
        Bilingual::new(
            format!("{}另给食堂每餐{}元：{}。{}。", payer.zh, payment.fixed_fen, who.zh, limits.zh),
            format!(
                "{} gives the canteen {} yuan {}. {} for each person.",
                capital(&payer.en),
                payment.fixed_fen,
                who.en,
                capital(&limits.en)
            ),
        )
    };
    policy.document().to_canteen.iter().enumerate().map(sentence).collect()
}

fn limits<'a>(limits: impl Iterator<Item = &'a PolicyLimit>) -> Bilingual {
    let words: Vec<Bilingual> = limits.map(|of| limit(of.window, of.max_count, of.max_fen)).collect();
    if words.is_empty() {
        return Bilingual::new("不限次数", "without limit");
    }
    joined(words.into_iter(), "，", ", ")
}

/// A limit: "5 times a week", "100.00 yuan a month".
fn limit(window: Window, count: Option<i64>, fen: Option<Fen>) -> Bilingual {
    let per = match window {
        Window::Period => Bilingual::new("每餐", "per meal"),
        Window::Day => Bilingual::new("每天", "a day"),
        Window::Week => Bilingual::new("每周", "a week"),
        Window::Month => Bilingual::new("每月", "a month"),
        Window::Year => Bilingual::new("每年", "a year"),
    };
    let count = count.map(|count| {
        let times = match count {
            1 => "once".to_owned(),
            2 => "twice".to_owned(),
            _ => format!("{count} times"),
        };
        Bilingual::new(format!("{}{count}次", per.zh), format!("{times} {}", per.en))
    });
    let fen = fen.map(|fen| Bilingual::new(format!("{}{fen}元", per.zh), format!("{fen} yuan {}", per.en)));
    joined(count.into_iter().chain(fen), "、", " and ")
}

fn pay(pay: &Pay) -> Bilingual {
    let without_fee = |without: bool| {
        if without {
            Bilingual::new("（不含送餐费）", " (delivery fee left out)")
        } else {
            Bilingual::new("", "")
        }
    };
    match *pay {
        Pay::Fixed { fixed_fen, without_delivery_fee } => {
            let fee = without_fee(without_delivery_fee);
            Bilingual::new(format!("补{fixed_fen}元{}", fee.zh), format!("pays {fixed_fen} yuan{}", fee.en))
        }
        Pay::Percent { percent_bp, of, without_delivery_fee, cap_fen } => {
            let fee = without_fee(without_delivery_fee);
            let of = match of {
                ChargeBase::Gross => Bilingual::new("餐费", "the charge"),
                ChargeBase::Net => Bilingual::new("余下餐费", "what is left of the charge"),
            };
            let percent = percent(percent_bp);
            let cap = cap_fen.map_or(Bilingual::new("", ""), |cap| {
                Bilingual::new(format!("，最多{cap}元"), format!(", at most {cap} yuan"))
            });
            Bilingual::new(
                format!("补{}的{percent}%{}{}", of.zh, fee.zh, cap.zh),
                format!("pays {percent}% of {}{}{}", of.en, fee.en, cap.en),
            )
        }
        Pay::ResidentPrice { resident_price_fen, without_delivery_fee } => {
            let fee = without_fee(without_delivery_fee);
            if resident_price_fen.is_zero() {
                return Bilingual::new(format!("全额补贴{}", fee.zh), format!("pays all of it{}", fee.en));
            }
            Bilingual::new(
                format!("补足{resident_price_fen}元以上的部分{}", fee.zh),
                format!("pays what it costs above {resident_price_fen} yuan{}", fee.en),
            )
        }
    }
}

/// Basis points as percent, without needless zeros.
fn percent(basis_points: i64) -> String {
    let text = Fen(basis_points).to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Rounding, where it is not the usual one.
fn rounding(rounding: Rounding) -> Bilingual {
    if rounding == Rounding::default() {
        return Bilingual::new("", "");
    }
    let mode = match rounding.mode {
        RoundingMode::Floor => Bilingual::new("向下取整", "rounded down"),
        RoundingMode::Ceil => Bilingual::new("向上取整", "rounded up"),
        RoundingMode::HalfUp => Bilingual::new("四舍五入", "rounded half up"),
    };
    let to = match rounding.to {
        RoundingUnit::Fen => Bilingual::new("分", "the fen"),
        RoundingUnit::Jiao => Bilingual::new("角", "the jiao"),
    };
    Bilingual::new(format!("（{}到{}）", mode.zh, to.zh), format!(" ({} to {})", mode.en, to.en))
}

/// A condition in words, as the rest of "for a person …".
fn sentence(condition: &Condition, names: &FactNames) -> Bilingual {
    match condition.shape() {
        Shape::All(parts) => all_of(&parts.iter().collect::<Vec<_>>(), names),
        Shape::Any(parts) => joined(parts.iter().map(|part| inner(part, parts.len(), names)), "或", " or "),
        Shape::Not(part) => match part.shape() {
            Shape::Single => clause(part, false, names),
            Shape::All(_) | Shape::Any(_) | Shape::Not(_) => {
                let words = sentence(part, names);
                Bilingual::new(format!("不是（{}）", words.zh), format!("not ({})", words.en))
            }
        },
        Shape::Single => clause(condition, true, names),
    }
}

/// Conditions that must all hold, those that are themselves such a list told as one.
fn all_of(conditions: &[&Condition], names: &FactNames) -> Bilingual {
    let mut flat = Vec::new();
    for condition in conditions {
        match condition.shape() {
            Shape::All(parts) => flat.extend(parts),
            Shape::Any(_) | Shape::Not(_) | Shape::Single => flat.push(*condition),
        }
    }
    joined(flat.iter().map(|part| inner(part, flat.len(), names)), "，且", " and ")
}

/// A part of a list of so many, in brackets where it would run into its neighbours.
fn inner(part: &Condition, of_how_many: usize, names: &FactNames) -> Bilingual {
    let words = sentence(part, names);
    match part.shape() {
        Shape::All(parts) | Shape::Any(parts) if parts.len() > 1 && of_how_many > 1 => bracketed(&words),
        Shape::Single if part.alternatives() > 1 && of_how_many > 1 => bracketed(&words),
        Shape::All(_) | Shape::Any(_) | Shape::Not(_) | Shape::Single => words,
    }
}

fn bracketed(words: &Bilingual) -> Bilingual {
    Bilingual::new(format!("（{}）", words.zh), format!("({})", words.en))
}

/// A single condition in words, or its contrary.
pub(super) fn clause(condition: &Condition, holds: bool, names: &FactNames) -> Bilingual {
    let or_not = |words: Bilingual| {
        if holds {
            return words;
        }
        let words = if condition.alternatives() > 1 { bracketed(&words) } else { words };
        Bilingual::new(format!("非{}", words.zh), format!("not {}", words.en))
    };
    match condition {
        Condition::Age(band) => age(band.from, band.to, holds),
        Condition::Fact(test) => fact(test, holds, names),
        Condition::RegisteredIn(at) => place(at, holds, ("户籍", "registered")),
        Condition::LivesIn(at) => place(at, holds, ("居住地", "living")),
        Condition::CanteenIn(at) => {
            let (at, not) = (area(at), if holds { ("", "") } else { ("不", "not ") });
            Bilingual::new(format!("食堂{}在{}", not.0, at.zh), format!("at a canteen {}in {}", not.1, at.en))
        }
        Condition::Period(list) => or_not(any_of(list, period)),
        Condition::Mode(list) => or_not(any_of(list, mode)),
        Condition::Weekday(list) => or_not(any_of(list, weekday)),
        Condition::Season(of) => or_not(season(of)),
        Condition::DayKind(list) => or_not(any_of(list, day_kind)),
        Condition::ItemKind(list) => {
            let (kinds, with) =
                (any_of(list, item_kind), if holds { ("含", "with") } else { ("不含", "without") });
            Bilingual::new(format!("{}{}", with.0, kinds.zh), format!("{} {}", with.1, kinds.en))
        }
        Condition::NthMeal(nth) => or_not(nth_meal(nth)),
        Condition::Money(test) => money(test, holds),
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) => or_not(sentence(condition, names)),
    }
}

fn season(season: &Season) -> Bilingual {
    let zh = |day: MonthDay| format!("{}月{}日", day.month(), day.day());
    let en = |day: MonthDay| {
        let month = u8::try_from(day.month()).ok().and_then(|month| Month::try_from(month).ok());
        format!("{} {}", day.day(), month.map_or("", |month| month.name()))
    };
    if season.from == season.to {
        return Bilingual::new(zh(season.from), format!("on {}", en(season.from)));
    }
    Bilingual::new(
        format!("{}至{}", zh(season.from), zh(season.to)),
        format!("from {} to {}", en(season.from), en(season.to)),
    )
}

fn age(from: Option<i32>, to: Option<i32>, holds: bool) -> Bilingual {
    match (from.filter(|from| *from > 0), to, holds) {
        (Some(from), None, true) => Bilingual::new(format!("{from}周岁及以上"), format!("{from} or older")),
        (Some(from), None, false) => Bilingual::new(format!("未满{from}周岁"), format!("under {from}")),
        (None, Some(to), true) => Bilingual::new(format!("未满{to}周岁"), format!("under {to}")),
        (None, Some(to), false) => Bilingual::new(format!("已满{to}周岁"), format!("{to} or older")),
        (Some(from), Some(to), _) => {
            let (last, not) = (to - 1, if holds { ("", "") } else { ("不在", "not ") });
            Bilingual::new(format!("{}{from}至{last}周岁", not.0), format!("{}{from} to {last}", not.1))
        }
        (None, None, _) => Bilingual::new("任何年龄", "of any age"),
    }
}

fn fact(test: &FactTest, holds: bool, names: &FactNames) -> Bilingual {
    let kind = names.of(&test.kind);
    let values = test.wanted();
    let of = match values.is_empty() {
        true => Bilingual::new("", ""),
        false => Bilingual::new(format!("（{}）", values.join("、")), format!(" ({})", values.join(", "))),
    };
    let not = if holds { ("", "") } else { ("不", "not ") };
    Bilingual::new(
        format!("{}属于{}{}", not.0, kind.zh, of.zh),
        format!("{}recorded as {}{}", not.1, kind.en, of.en),
    )
}

/// The name of a kind of fact that is known everywhere, as it stands in a sentence.
fn known_everywhere(kind: &str) -> Option<Bilingual> {
    let (zh, en) = match kind {
        "minimum_living" => ("低保", "on minimum living allowance"),
        "low_income" => ("低保边缘或低收入", "low income"),
        "destitute" => ("特困", "destitute"),
        "special_care" => ("优抚", "special care"),
        "lost_only_child" => ("计生特殊家庭（失独）", "having lost an only child"),
        "disabled" => ("残疾", "disabled"),
        "lives_alone" => ("独居", "living alone"),
        "care_level" => ("照护等级", "in need of care"),
        "veteran_family" => ("烈军属", "family of a veteran"),
        "in_institution" => ("入住养老机构", "living in an institution"),
        "away" => ("长期外出", "away for long"),
        "deceased" => ("去世", "deceased"),
        _ => return None,
    };
    Some(Bilingual::new(zh, en))
}

fn place(place: &PersonPlace, holds: bool, (zh, en): (&str, &str)) -> Bilingual {
    match place {
        PersonPlace::In(at) => {
            let (at, not) = (area(at), if holds { ("", "") } else { ("不", "not ") });
            Bilingual::new(format!("{zh}{}在{}", not.0, at.zh), format!("{}{en} in {}", not.1, at.en))
        }
        PersonPlace::SameAsCanteen { same_as_canteen } => {
            let level = level(*same_as_canteen);
            if holds {
                let en = format!("{en} in the same {} as the canteen", level.en);
                Bilingual::new(format!("{zh}与食堂在同一{}", level.zh), en)
            } else {
                let en = format!("{en} in another {} than the canteen", level.en);
                Bilingual::new(format!("{zh}与食堂不在同一{}", level.zh), en)
            }
        }
    }
}

fn level(level: Level) -> Bilingual {
    match level {
        Level::City => Bilingual::new("城市", "city"),
        Level::District => Bilingual::new("区县", "district"),
        Level::Town => Bilingual::new("镇街", "town"),
        Level::Community => Bilingual::new("社区", "community"),
    }
}

/// An area: in Chinese from the city down, in English from the community up.
fn area(area: &Area) -> Bilingual {
    let names: Vec<&str> = area.names().collect();
    let gap = if names.iter().any(|name| name.is_ascii()) { " " } else { "" };
    let upwards: Vec<&str> = names.iter().rev().copied().collect();
    Bilingual::new(names.join(gap), upwards.join(", "))
}

fn nth_meal(nth: &NthMeal) -> Bilingual {
    let window = match nth.window {
        Window::Period => Bilingual::new("同一餐段", "the meal period"),
        Window::Day => Bilingual::new("当天", "the day"),
        Window::Week => Bilingual::new("本周", "the week"),
        Window::Month => Bilingual::new("本月", "the month"),
        Window::Year => Bilingual::new("本年", "the year"),
    };
    let from = nth.from;
    match nth.to {
        Some(to) if to == from => {
            Bilingual::new(format!("{}第{from}餐", window.zh), format!("meal {from} of {}", window.en))
        }
        Some(to) => {
            let en = format!("meals {from} to {to} of {}", window.en);
            Bilingual::new(format!("{}第{from}至{to}餐", window.zh), en)
        }
        None => Bilingual::new(
            format!("{}第{from}餐起", window.zh),
            format!("from meal {from} of {} on", window.en),
        ),
    }
}

fn money(test: &MoneyTest, holds: bool) -> Bilingual {
    let of = match test.of {
        MoneyOf::Gross => Bilingual::new("餐费", "a charge"),
        MoneyOf::Net => Bilingual::new("余下餐费", "a remaining charge"),
        MoneyOf::Set => Bilingual::new("套餐价", "a set meal"),
    };
    let fee = if test.without_delivery_fee {
        ("（不含送餐费）", " (without delivery fee)")
    } else {
        ("", "")
    };
    let bounds = [
        (test.ge, ("不低于", "of at least"), ("低于", "of less than")),
        (test.gt, ("高于", "of more than"), ("不高于", "of at most")),
        (test.le, ("不高于", "of at most"), ("高于", "of more than")),
        (test.lt, ("低于", "of less than"), ("不低于", "of at least")),
    ];
    let bounds = bounds.into_iter().filter_map(|(bound, is, is_not)| {
        let (zh, en) = if holds { is } else { is_not };
        bound.map(|fen| Bilingual::new(format!("{zh}{fen}元"), format!("{en} {fen}")))
    });
    let (zh, en) = if holds { ("且", " and ") } else { ("或", " or ") };
    let bounds = joined(bounds, zh, en);
    Bilingual::new(format!("{}{}{}", of.zh, fee.0, bounds.zh), format!("{} {}{}", of.en, bounds.en, fee.1))
}

/// The payers that are known everywhere, in words; any other stands for itself.
pub fn payer(payer: &str) -> Bilingual {
    let (zh, en) = match payer {
        "city" => ("市级", "city"),
        "district" => ("区级", "district"),
        "town" => ("镇街", "town"),
        "community" => ("社区", "community"),
        "village" => ("村", "village"),
        "canteen" => ("食堂", "canteen"),
        "donor" => ("捐赠", "donor"),
        "voucher" => ("消费券", "voucher"),
        other => (other, other),
    };
    Bilingual::new(zh, en)
}

fn meal_class(class: MealClass) -> Bilingual {
    match class {
        MealClass::Meal => Bilingual::new("本人用餐", "a resident's own meal"),
        MealClass::Second => Bilingual::new("加餐", "a second meal"),
        MealClass::Guest => Bilingual::new("其他用餐", "a guest meal"),
        MealClass::Staff => Bilingual::new("工作人员用餐", "a staff meal"),
        MealClass::Volunteer => Bilingual::new("志愿者用餐", "a volunteer's meal"),
    }
}

fn period(period: Period) -> Bilingual {
    match period {
        Period::Breakfast => Bilingual::new("早餐", "at breakfast"),
        Period::Lunch => Bilingual::new("午餐", "at lunch"),
        Period::Dinner => Bilingual::new("晚餐", "at dinner"),
    }
}

fn mode(mode: Mode) -> Bilingual {
    match mode {
        Mode::DineIn => Bilingual::new("堂食", "dine-in"),
        Mode::Takeaway => Bilingual::new("自取", "takeaway"),
        Mode::Delivery => Bilingual::new("送餐", "delivery"),
    }
}

fn weekday(day: Weekday) -> Bilingual {
    match day {
        Weekday::Mon => Bilingual::new("周一", "on Monday"),
        Weekday::Tue => Bilingual::new("周二", "on Tuesday"),
        Weekday::Wed => Bilingual::new("周三", "on Wednesday"),
        Weekday::Thu => Bilingual::new("周四", "on Thursday"),
        Weekday::Fri => Bilingual::new("周五", "on Friday"),
        Weekday::Sat => Bilingual::new("周六", "on Saturday"),
        Weekday::Sun => Bilingual::new("周日", "on Sunday"),
    }
}

fn day_kind(kind: DayKind) -> Bilingual {
    match kind {
        DayKind::Workday => Bilingual::new("工作日", "on a workday"),
        DayKind::RestDay => Bilingual::new("休息日", "on a rest day"),
        DayKind::Holiday => Bilingual::new("法定节假日", "on a statutory holiday"),
        DayKind::MakeupWorkday => Bilingual::new("调休工作日", "on a make-up workday"),
    }
}

fn item_kind(kind: ItemKind) -> Bilingual {
    match kind {
        ItemKind::Set => Bilingual::new("套餐", "a set meal"),
        ItemKind::Dish => Bilingual::new("菜品", "a dish"),
    }
}

fn any_of<T: Copy>(list: &[T], words: fn(T) -> Bilingual) -> Bilingual {
    joined(list.iter().map(|one| words(*one)), "或", " or ")
}

pub(super) fn joined(parts: impl Iterator<Item = Bilingual>, zh: &str, en: &str) -> Bilingual {
    let (parts_zh, parts_en): (Vec<String>, Vec<String>) = parts.map(|part| (part.zh, part.en)).unzip();
    Bilingual::new(parts_zh.join(zh), parts_en.join(en))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
