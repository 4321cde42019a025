//! Policies (补贴政策) as they are kept: documents in versions, in force from a day for an area.
//!
//! A code belongs to one area for good. Each posting of it is a new version, a draft until an officer of the area
//! activates it from a day. On any day the version with the latest start is in force, if it has not ended: so a past
//! day is priced with that day's rules. Every policy in force whose area contains the canteen applies; their layers are
//! merged by rank, and a tie of ranks is refused at activation.

pub mod http;
mod store;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, OnceLock, RwLock},
};

use chrono::{Datelike, NaiveDate};
use serde_json::Value;

use crate::{
    access::Officer,
    calendar,
    clock::At,
    counters::{self, Counter},
    db::Conn,
    ids::PolicyId,
    pricing::{self, Order, Policy, PolicyInForce, TypicalMeal, TypicalPrice},
    problem::{Code, Fail, Problem},
    residents, words,
    words::Area,
};

words! {
    /// How far a version of a policy has come.
    pub enum PolicyStatus {
        Draft = "draft",
        Active = "active",
    }
}

/// One version of a policy.
#[derive(Clone, Debug)]
pub struct PolicyVersion {
    pub id: PolicyId,
    pub code: String,
    pub version: i32,
    pub area: Area,
    pub status: PolicyStatus,
    pub in_force_from: Option<NaiveDate>,
    /// The last day; open without.
    pub in_force_to: Option<NaiveDate>,
    pub created_at: At,
    pub activated_at: Option<At>,
}

impl PolicyVersion {
    /// Whether it could apply on this day, were there no later version.
    fn has_begun(&self, on: NaiveDate) -> bool {
        self.in_force_from.is_some_and(|from| from <= on)
    }

    fn has_ended(&self, on: NaiveDate) -> bool {
        self.in_force_to.is_some_and(|to| to < on)
    }
}

/// Reads a document and checks it: `bad_policy` with every fault at its place.
pub fn check(document: &Value) -> Result<Policy, Problem> {
    pricing::parse(document).map_err(|faults| {
        let problem = Problem::new(Code::BadPolicy).with("count", faults.len());
        faults
            .into_iter()
            .fold(problem, |problem, fault| problem.field(fault.pointer, fault.code.as_str(), fault.detail))
    })
}

/// Saves a document as the next version of its code, a draft.
///
/// Fails with `policy_code_taken` when the code belongs to another area.
pub fn post(
    conn: &mut Conn,
    officer: &Officer,
    policy: &Policy,
    document: &Value,
    now: At,
) -> Result<PolicyVersion, Fail> {
    let document_area = &policy.document().area;
    let earlier = store::versions_of(conn, policy.code())?;
    if earlier.iter().any(|version| version.area != *document_area) {
        return Err(Code::PolicyCodeTaken.into());
    }
    let version = PolicyVersion {
        id: crate::id::Id::new(now),
        code: policy.code().to_owned(),
        version: earlier.iter().map(|version| version.version).max().unwrap_or(0) + 1,
        area: document_area.clone(),
        status: PolicyStatus::Draft,
        in_force_from: None,
        in_force_to: None,
        created_at: now,
        activated_at: None,
    };
    store::insert(conn, &version, &document.to_string(), officer.actor())?;
    Ok(version)
}

/// The version with this id; `policy_not_found` without.
pub fn find(conn: &mut Conn, id: PolicyId) -> Result<PolicyVersion, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::PolicyNotFound.into())
}

/// The document of a version, as it was posted.
pub fn document(conn: &mut Conn, id: PolicyId) -> Result<Value, Fail> {
    Ok(store::document(conn, id)?)
}

/// Puts a version into force from a day, to a day or for good.
///
/// Fails with `policy_active`, `bad_span`, or `rank_clash` when on some day a layer would have the rank of another
/// policy's in force for the same canteens.
pub fn activate(
    conn: &mut Conn,
    _officer: &Officer,
    id: PolicyId,
    from_on: NaiveDate,
    to_on: Option<NaiveDate>,
    now: At,
) -> Result<PolicyVersion, Fail> {
    let draft = find(conn, id)?;
    let sensible = |on: NaiveDate| (1990..=2200).contains(&on.year());
    if !sensible(from_on) || to_on.is_some_and(|to| to < from_on || !sensible(to)) {
        return Err(Code::BadSpan.into());
    }
    if !store::activate(conn, id, from_on, to_on, now)? {
        return Err(Code::PolicyActive.into());
    }
    // Two who activate at once are judged one after the other.
    counters::count(conn, Counter::Policies)?;
    let active = store::active(conn)?;
    let related: Vec<&PolicyVersion> = active
        .iter()
        .filter(|other| other.area.contains(&draft.area) || draft.area.contains(&other.area))
        .collect();
    let starts: BTreeSet<NaiveDate> = related
        .iter()
        .filter_map(|other| other.in_force_from)
        .filter(|from| *from > from_on)
        .chain([from_on])
        .collect();
    for day in starts {
        refuse_rank_clash(conn, &draft, &related, day)?;
    }
    find(conn, id)
}

fn refuse_rank_clash(
    conn: &mut Conn,
    draft: &PolicyVersion,
    related: &[&PolicyVersion],
    day: NaiveDate,
) -> Result<(), Fail> {
    let standing = standing_on(related.iter().copied(), day);
    let Some(own) = standing.iter().find(|version| version.id == draft.id) else { return Ok(()) };
    let own = parsed(conn, own.id)?;
    for other in standing.iter().filter(|version| version.id != draft.id) {
        let other_policy = parsed(conn, other.id)?;
        if let Some(clash) = pricing::rank_clashes(&[&own, &other_policy]).first() {
            return Err(Problem::new(Code::RankClash)
                .with("policy", &other.code)
                .with("rank", clash.rank)
                .with("from_on", day)
                .into());
        }
    }
    Ok(())
}

/// Of these versions, the one of each code that is in force on this day.
fn standing_on<'a>(
    versions: impl Iterator<Item = &'a PolicyVersion>,
    on: NaiveDate,
) -> Vec<&'a PolicyVersion> {
    let mut latest: BTreeMap<&str, &PolicyVersion> = BTreeMap::new();
    for version in versions.filter(|version| version.has_begun(on)) {
        let standing = latest.entry(&version.code).or_insert(version);
        if (version.in_force_from, version.version) > (standing.in_force_from, standing.version) {
            *standing = version;
        }
    }
    latest.into_values().filter(|version| !version.has_ended(on)).collect()
}

/// The policies in force for a canteen that lies in `area`, on this day.
pub fn in_force(conn: &mut Conn, area: &Area, on: NaiveDate) -> Result<Vec<PolicyInForce>, Fail> {
    let begun = store::begun(conn, &area.containing(), on)?;
    standing_on(begun.iter(), on).into_iter().map(|version| priced_by(conn, version)).collect()
}

/// What typical persons would pay at a canteen that lies in `area` for these orders, each on its day, by the policies
/// that will be in force then as far as is known now.
pub fn typical_prices(
    conn: &mut Conn,
    area: &Area,
    orders: Vec<(NaiveDate, Order)>,
) -> Result<Vec<TypicalPrice>, Fail> {
    let mut meals = Vec::new();
    for (served_on, order) in orders {
        let policies = in_force(conn, area, served_on)?;
        let day = calendar::day_kind(conn, served_on)?;
        let (day_kind, calendar_known) = (day.kind, day.known);
        meals.push(TypicalMeal { policies, order, served_on, day_kind, calendar_known });
    }
    Ok(pricing::typical_prices(area, &meals, &residents::fact_names(conn)?))
}

/// These very versions, by code and number: for a price that is computed again. Unknown ones are left out.
pub fn versions(conn: &mut Conn, wanted: &BTreeSet<(String, i32)>) -> Result<Vec<PolicyInForce>, Fail> {
    let mut found = Vec::new();
    for (code, number) in wanted {
        let versions = store::versions_of(conn, code)?;
        if let Some(version) = versions.iter().find(|version| version.version == *number) {
            found.push(priced_by(conn, version)?);
        }
    }
    Ok(found)
}

/// This version as pricing takes it, in force or not.
pub fn priced_by(conn: &mut Conn, version: &PolicyVersion) -> Result<PolicyInForce, Fail> {
    Ok(PolicyInForce { version: version.version, policy: parsed(conn, version.id)? })
}

/// Documents never change, so each is parsed once in the life of the process.
fn parsed(conn: &mut Conn, id: PolicyId) -> Result<Arc<Policy>, Fail> {
    static PARSED: OnceLock<RwLock<HashMap<PolicyId, Arc<Policy>>>> = OnceLock::new();
    let parsed = PARSED.get_or_init(RwLock::default);
    if let Some(policy) = parsed.read().ok().and_then(|policies| policies.get(&id).cloned()) {
        return Ok(policy);
    }
    let policy = Arc::new(check(&document(conn, id)?)?);
    if let Ok(mut policies) = parsed.write() {
        policies.insert(id, policy.clone());
    }
    Ok(policy)
}

/// Versions for the list: of a code if one is named, oldest first.
pub fn list(conn: &mut Conn, code: Option<&str>) -> Result<Vec<PolicyVersion>, Fail> {
    Ok(store::list(conn, code)?)
}
