//! Policies over HTTP: for officers, who post, try and activate them, and for anybody who asks what a meal costs.

use std::borrow::Cow;

use actix_web::web;
use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PolicyStatus, PolicyVersion};
use crate::{
    access::{Allowed, Caller, act},
    api::{Answer, Body, Created, Done, ETag, Held, Keyed, Query, memory::Asked, shape::JUDGED_BY},
    audit::{self, Deed, Entry, Subject, SubjectKind},
    calendar,
    canteens::{self, Canteen},
    clock::At,
    counters::{self, Counter},
    db::Conn,
    ids::{CanteenId, PolicyId},
    money::Fen,
    pricing::{self, Arguments, CanteenPlace, EarlierMeal, Order, OrderLine, Person, Usage},
    problem::{Code, Fail, Problem},
    residents,
    subsidies::http::QuoteBody,
    text::Slug,
    words::{Area, Bilingual, DayKind, ItemKind, MealClass, Mode, Period},
};

/// A policy document as it was sent. Its faults are told with their places, so it is checked by `pricing`, not here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyDocument(pub Value);

impl JsonSchema for PolicyDocument {
    fn schema_name() -> Cow<'static, str> {
        "PolicyDocument".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = pricing::Document::json_schema(generator);
        schema.insert(JUDGED_BY.into(), Code::BadPolicy.as_str().into());
        schema
    }
}

/// A version of a policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Policy")]
pub struct PolicyBody {
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

impl From<PolicyVersion> for PolicyBody {
    fn from(version: PolicyVersion) -> PolicyBody {
        PolicyBody {
            id: version.id,
            code: version.code,
            version: version.version,
            area: version.area,
            status: version.status,
            in_force_from: version.in_force_from,
            in_force_to: version.in_force_to,
            created_at: version.created_at,
            activated_at: version.activated_at,
        }
    }
}

/// A version of a policy with its document, and what it says in words.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WholePolicy {
    #[serde(flatten)]
    pub policy: PolicyBody,
    pub document: PolicyDocument,
    pub words: Vec<Bilingual>,
}

/// Which versions to list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoliciesQuery {
    /// Only versions of the policy with this code.
    #[serde(default)]
    pub code: Option<Slug>,
}

/// Versions of policies.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Policies {
    pub items: Vec<PolicyBody>,
}

/// `GET /policies`
pub async fn list(
    allowed: Allowed<act::ReadPolicies>,
    Query(query): Query<PoliciesQuery>,
) -> Result<Done<Policies>, Problem> {
    allowed
        .read(move |conn, caller| {
            let versions = super::list(conn, query.code.as_ref().map(Slug::as_str))?;
            let items = versions
                .into_iter()
                .filter(|version| concerns(caller, &version.area))
                .map(PolicyBody::from)
                .collect();
            Ok(Answer::new(Policies { items }))
        })
        .await
}

/// Whether a policy of this area can matter where the caller's grants reach: inside, or around.
pub(crate) fn concerns(caller: &Caller, area: &Area) -> bool {
    caller.scopes().iter().any(|scope| match scope {
        crate::access::Scope::Area(own) => own.contains(area) || area.contains(own),
        crate::access::Scope::Everywhere => true,
        crate::access::Scope::Canteen(_) => false,
    })
}

/// `GET /policies/{id}`
pub async fn read(
    allowed: Allowed<act::ReadPolicies>,
    id: web::Path<PolicyId>,
) -> Result<Done<WholePolicy>, Problem> {
    allowed
        .read(move |conn, caller| {
            let version = super::find(conn, *id)?;
            if !concerns(caller, &version.area) {
                return Err(Code::PolicyNotFound.into());
            }
            let document = super::document(conn, *id)?;
            let words = pricing::describe(&super::check(&document)?, &residents::fact_names(conn)?);
            Ok(Answer::new(WholePolicy { policy: version.into(), document: PolicyDocument(document), words }))
        })
        .await
}

/// What a document says in words, when it has no fault.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedPolicy {
    pub code: String,
    pub words: Vec<Bilingual>,
}

/// `POST /policies/validate`: nothing is kept.
pub async fn validate(
    allowed: Allowed<act::TryPolicies>,
    Body(document): Body<PolicyDocument>,
) -> Result<Done<CheckedPolicy>, Problem> {
    allowed
        .read(move |conn, _| {
            let policy = super::check(&document.0)?;
            Ok(Answer::new(CheckedPolicy {
                code: policy.code().to_owned(),
                words: pricing::describe(&policy, &residents::fact_names(conn)?),
            }))
        })
        .await
}

/// `POST /policies`: the body is the document.
pub async fn post(
    allowed: Allowed<act::EditPolicies>,
    request: Keyed<PolicyDocument>,
) -> Result<Created<PolicyBody>, Problem> {
    allowed
        .once(request, |conn, caller, document| {
            let policy = super::check(&document.0)?;
            let officer = caller.officer(&policy.document().area)?;
            let posted = super::post(conn, &officer, &policy, &document.0, caller.now)?;
            audit::record(conn, caller, about(Deed::PolicyPosted, &posted))?;
            Ok(Answer::new(posted.into()))
        })
        .await
}

/// An entry about a version of a policy, where that applies.
fn about(deed: Deed, version: &PolicyVersion) -> Entry {
    let entry = Entry::of(deed, Subject::of(SubjectKind::Policy, version.id)).at(&version.area);
    entry.saying("code", version.code.as_str()).saying("version", version.version)
}

/// From when to when a version is in force.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    pub from_on: NaiveDate,
    /// The last day; until another version begins without.
    #[serde(default)]
    pub to_on: Option<NaiveDate>,
}

/// `POST /policies/{id}/activate`
pub async fn activate(
    allowed: Allowed<act::EditPolicies>,
    id: web::Path<PolicyId>,
    request: Keyed<Activation>,
) -> Result<Done<PolicyBody>, Problem> {
    allowed
        .once(request, move |conn, caller, activation| {
            let version = super::find(conn, *id)?;
            let officer = caller.officer(&version.area)?;
            let (from, to) = (activation.from_on, activation.to_on);
            let active = super::activate(conn, &officer, *id, from, to, caller.now)?;
            audit::record(
                conn,
                caller,
                about(Deed::PolicyActivated, &active).saying("from_on", from.to_string()),
            )?;
            Ok(Answer::new(active.into()))
        })
        .await
}

/// An invented person, meal and place to try policies on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// These versions, drafts too; those in force on the day at the place without.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub policy_ids: Option<Vec<PolicyId>>,
    pub person: Person,
    pub order: TrialOrder,
    /// Where the canteen lies.
    pub canteen_in: Area,
    /// What kind of day it is; by the calendar without.
    #[serde(default)]
    pub day_kind: Option<DayKind>,
    /// Meals of the same person before this one.
    #[serde(default)]
    #[schemars(length(max = 400))]
    pub already_served: Vec<TrialMeal>,
}

/// What the invented person takes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialOrder {
    pub served_on: NaiveDate,
    pub period: Period,
    pub mode: Mode,
    /// The whole charge, the delivery fee included.
    pub charge_fen: Fen,
    /// How much of the charge is for delivery.
    #[serde(default)]
    pub delivery_fee_fen: Fen,
    /// A set meal or a dish; a set meal without.
    #[serde(default)]
    pub item_kind: Option<ItemKind>,
}

/// An earlier meal of the invented person.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialMeal {
    pub served_on: NaiveDate,
    pub period: Period,
    pub charge_fen: Fen,
    /// What kind of day it was; by the calendar without.
    #[serde(default)]
    pub day_kind: Option<DayKind>,
    /// What each payer paid; computed by the same policies without.
    #[serde(default)]
    pub paid: Option<std::collections::BTreeMap<String, Fen>>,
}

/// `POST /policies/try`: nothing is kept.
pub async fn try_out(
    allowed: Allowed<act::TryPolicies>,
    Body(trial): Body<Trial>,
) -> Result<Done<QuoteBody>, Problem> {
    allowed
        .read(move |conn, caller| {
            if trial.order.delivery_fee_fen > trial.order.charge_fen {
                return Err(Problem::new(Code::BadOrder)
                    .with("reason", "the delivery fee is part of the charge")
                    .into());
            }
            let policies = match &trial.policy_ids {
                None => super::in_force(conn, &trial.canteen_in, trial.order.served_on)?,
                Some(ids) => {
                    let mut policies = Vec::new();
                    for id in ids {
                        let version = super::find(conn, *id)?;
                        if !concerns(caller, &version.area) {
                            return Err(Code::PolicyNotFound.into());
                        }
                        policies.push(super::priced_by(conn, &version)?);
                    }
                    policies
                }
            };
            let mut arguments = arguments(conn, &trial)?;
            let earlier = earlier_meals(conn, &trial.already_served)?;
            arguments.usage = pricing::usage_after(&policies, &arguments, &earlier);
            let quote = pricing::quote(&policies, &arguments);
            Ok(Answer::new(QuoteBody::whole(conn, &quote, Some(arguments))?))
        })
        .await
}

fn arguments(conn: &mut Conn, trial: &Trial) -> Result<Arguments, Fail> {
    let order = &trial.order;
    let calendar_day = calendar::day_kind(conn, order.served_on)?;
    Ok(Arguments {
        person: trial.person.clone(),
        canteen: CanteenPlace { area: trial.canteen_in.clone() },
        order: Order {
            period: order.period,
            mode: order.mode,
            class: MealClass::Meal,
            lines: vec![OrderLine {
                item_kind: order.item_kind.unwrap_or(ItemKind::Set),
                price_fen: order.charge_fen - order.delivery_fee_fen,
                quantity: 1,
                second_helping: false,
            }],
            delivery_fee_fen: order.delivery_fee_fen,
        },
        served_on: order.served_on,
        day_kind: trial.day_kind.unwrap_or(calendar_day.kind),
        calendar_known: trial.day_kind.is_some() || calendar_day.known,
        usage: Usage::default(),
    })
}

fn earlier_meals(conn: &mut Conn, meals: &[TrialMeal]) -> Result<Vec<EarlierMeal>, Fail> {
    meals
        .iter()
        .map(|meal| {
            let day_kind = match meal.day_kind {
                Some(kind) => kind,
                None => calendar::day_kind(conn, meal.served_on)?.kind,
            };
            Ok(EarlierMeal {
                served_on: meal.served_on,
                day_kind,
                period: meal.period,
                charge_fen: meal.charge_fen,
                paid: meal.paid.clone(),
            })
        })
        .collect()
}

/// Who may eat at a canteen and what it costs, in words.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Terms {
    pub canteen_id: CanteenId,
    /// The day for which this holds.
    pub on: NaiveDate,
    pub sentences: Vec<Bilingual>,
}

/// `GET /canteens/{id}/terms`
pub async fn terms(
    allowed: Allowed<act::ReadCanteens>,
    id: web::Path<CanteenId>,
    held: Held,
    asked: Asked,
) -> Result<Done<Terms>, Problem> {
    allowed
        .read_public(asked, move |conn, caller| {
            let canteen = canteens::find(conn, *id)?;
            let on = canteen.today(caller.now);
            let tag = ETag::of((canteen.version, on, counters::of(conn, Counter::Policies)?));
            let terms = held.or_make(tag, || terms_on(conn, &canteen, on))?;
            Ok(terms.until(canteen.tomorrow(caller.now)))
        })
        .await
}

/// The terms of a canteen on a day.
pub(crate) fn terms_on(conn: &mut Conn, canteen: &Canteen, on: NaiveDate) -> Result<Terms, Fail> {
    let in_force = super::in_force(conn, &canteen.area, on)?;
    let policies: Vec<&pricing::Policy> = in_force.iter().map(|policy| &*policy.policy).collect();
    let mut sentences = vec![Bilingual::new(
        "人人都可以来就餐；没有补贴的按标价付费。",
        "Everybody may eat here; without a subsidy the listed price is paid.",
    )];
    sentences.extend(pricing::terms(&policies, &canteen.area, &residents::fact_names(conn)?));
    Ok(Terms { canteen_id: canteen.id, on, sentences })
}
