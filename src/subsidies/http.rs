//! Quotes, draws, and what was posted that would be another today.

use actix_web::web;
use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Comparison, Difference, DrawRow, KeptQuote, Meal, Stage};
use crate::{
    access::{ActingFor, Allowed, Caller, RightKind, Scope, Site, act},
    api::{Answer, Body, Done, Query},
    audit::{Deed, Entry, Place, Subject, SubjectKind, http::read_on_record},
    canteens,
    db::Conn,
    ids::{CanteenId, MenuId, PolicyId, QuoteId, ResidentId},
    menus::{self, Pick},
    money::Fen,
    page::{Limit, Page, Window},
    policies,
    pricing::{Arguments, FactNames, Quote},
    problem::{Code, Fail, Problem},
    reservations, residents,
    text::Cursor,
    words::{Bilingual, MealClass, Mode, Period},
};

/// What a meal costs, who pays how much of it, and why.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Quote")]
pub struct QuoteBody {
    /// The list price of everything, before anybody pays.
    pub charge_fen: Fen,
    /// One for each layer, in the order in which they apply. Their amounts and `resident_fen` add up to the charge.
    pub lines: Vec<QuoteLineBody>,
    /// What the resident pays.
    pub resident_fen: Fen,
    /// Reasons that concern the whole quote.
    pub reasons: Vec<Bilingual>,
    /// What the price relies on; withheld from those whom the resident's consent does not let hear reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relied_on: Option<Arguments>,
}

/// What one layer pays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "QuoteLine")]
pub struct QuoteLineBody {
    /// The policy's code.
    pub policy: String,
    /// The policy's version.
    pub version: i32,
    pub layer: String,
    pub payer: String,
    /// The tier that fits; none if none does, or if it is withheld.
    pub tier: Option<String>,
    pub tier_name: Option<Bilingual>,
    pub fen: Fen,
    /// The part and why, in words.
    pub why: Bilingual,
}

impl QuoteBody {
    /// The quote with all its reasons.
    pub fn whole(conn: &mut Conn, quote: &Quote, relied_on: Option<Arguments>) -> Result<QuoteBody, Fail> {
        let names = if quote.needs_names() { residents::fact_names(conn)? } else { FactNames::default() };
        let lines = quote
            .lines
            .iter()
            .map(|line| QuoteLineBody {
                policy: line.policy.clone(),
                version: line.version,
                layer: line.layer.clone(),
                payer: line.payer.clone(),
                tier: line.tier.clone(),
                tier_name: line.tier_name.clone(),
                fen: line.fen,
                why: line.words(&names),
            })
            .collect();
        Ok(QuoteBody {
            charge_fen: quote.charge_fen,
            lines,
            resident_fen: quote.resident_fen,
            reasons: quote.reasons.iter().map(|reason| reason.words(&names)).collect(),
            relied_on,
        })
    }

    /// The quote for somebody who may see amounts, and reasons that name a hardship only if `hears_reasons` (BR-80).
    pub fn heard(
        conn: &mut Conn,
        quote: &Quote,
        hears_reasons: bool,
        relied_on: Option<Arguments>,
    ) -> Result<QuoteBody, Fail> {
        if hears_reasons {
            QuoteBody::whole(conn, quote, relied_on)
        } else {
            QuoteBody::whole(conn, &quote.clone().without_sensitive_reasons(), None)
        }
    }
}

/// What the desk hears: what is due, never why (BR-45).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeskQuote {
    pub charge_fen: Fen,
    pub due_fen: Fen,
}

/// A price as the one who asked may hear it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum QuoteAnswer {
    /// For the resident, the family, officers and auditors.
    Whole(Box<QuoteBody>),
    /// For the desk.
    Desk(DeskQuote),
}

impl QuoteAnswer {
    /// For whoever acts by this right.
    pub fn of(
        conn: &mut Conn,
        quote: &Quote,
        acting: &ActingFor,
        relied_on: Option<Arguments>,
    ) -> Result<QuoteAnswer, Fail> {
        Ok(match acting.right().kind {
            RightKind::Staff | RightKind::Volunteer => {
                QuoteAnswer::Desk(DeskQuote { charge_fen: quote.charge_fen, due_fen: quote.resident_fen })
            }
            RightKind::OneSelf | RightKind::Family | RightKind::Officer => {
                let heard = QuoteBody::heard(conn, quote, acting.hears_reasons(), relied_on)?;
                QuoteAnswer::Whole(Box::new(heard))
            }
        })
    }
}

/// The entry that an officer leaves who hears for which reasons somebody's meal is paid (BR-83).
pub(crate) fn reasons_read(acting: &ActingFor, site: &Site) -> Option<Entry> {
    match acting.right().kind {
        RightKind::OneSelf | RightKind::Family | RightKind::Staff | RightKind::Volunteer => None,
        RightKind::Officer => {
            Some(Entry::of(Deed::QuotesRead, Subject::of(SubjectKind::Resident, acting.resident())).at(site))
        }
    }
}

/// The meal to be priced.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    pub resident_id: ResidentId,
    pub menu_id: MenuId,
    #[serde(default = "dine_in")]
    pub mode: Mode,
    #[schemars(length(min = 1, max = 30))]
    pub lines: Vec<Pick>,
}

fn dine_in() -> Mode {
    Mode::DineIn
}

/// `POST /quotes`: nothing is kept and nothing is drawn.
pub async fn ask(
    allowed: Allowed<act::AskQuote>,
    Body(wish): Body<QuoteRequest>,
) -> Result<Done<QuoteAnswer>, Problem> {
    read_on_record(&allowed, move |conn, caller| {
        let registered = residents::registered(conn, wish.resident_id)?;
        let acting = caller.acting_for(conn, &registered)?;
        let resident = residents::find(conn, registered.id)?;
        let menu = menus::find(conn, wish.menu_id)?;
        if !menu.is_public() {
            return Err(Code::MenuNotFound.into());
        }
        if !menu.modes.contains(&wish.mode) {
            return Err(Code::ModeNotOffered.into());
        }
        menu.check_picks(&wish.lines)?;
        let site = canteens::site(conn, menu.canteen_id)?;
        let order = menu.order(&wish.lines, wish.mode, MealClass::Meal);
        let meal = Meal { resident: &resident, menu: &menu, area: &site.area, order };
        let present = reservations::active_of(conn, menu.id, resident.id)?;
        let present =
            present.filter(|reservation| !reservation.served).map(|reservation| reservation.quote_id);
        let (arguments, quote) = super::preview(conn, &meal, present)?;
        let entry = reasons_read(&acting, &registered.site);
        Ok((Answer::new(QuoteAnswer::of(conn, &quote, &acting, Some(arguments))?), entry))
    })
    .await
}

/// A quote that a meal relies on, as it was kept and as it computes today from the same arguments.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeptQuoteBody {
    pub id: QuoteId,
    pub resident_id: ResidentId,
    pub menu_id: MenuId,
    pub canteen_id: CanteenId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub status: Stage,
    pub quote: QuoteBody,
    /// Whether computing it again from what it relied on gives the same.
    pub recomputes: bool,
}

/// `GET /quotes/{id}`, for auditors.
pub async fn read(
    allowed: Allowed<act::ReadDraws>,
    id: web::Path<QuoteId>,
) -> Result<Done<KeptQuoteBody>, Problem> {
    let id = *id;
    read_on_record(&allowed, move |conn, caller| {
        let kept = super::find(conn, id)?;
        let site = canteens::site(conn, kept.canteen_id)?;
        caller.on_duty(&site).map_err(|_| Code::NotFound)?;
        let entry = Entry::of(Deed::QuotesRead, Subject::of(SubjectKind::Quote, kept.id)).at(&site);
        let recomputes = super::recompute(conn, &kept)? == kept.quote;
        let KeptQuote { quote, arguments, .. } = kept;
        let body = KeptQuoteBody {
            id: kept.id,
            resident_id: kept.resident_id,
            menu_id: kept.menu_id,
            canteen_id: kept.canteen_id,
            served_on: kept.served_on,
            period: kept.period,
            status: kept.stage,
            quote: QuoteBody::whole(conn, &quote, Some(arguments))?,
            recomputes,
        };
        Ok((Answer::new(body), Some(entry)))
    })
    .await
}

/// One draw on a payer's money.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DrawBody {
    pub quote_id: QuoteId,
    pub canteen_id: CanteenId,
    pub resident_id: ResidentId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub status: Stage,
    /// The policy's code.
    pub policy: String,
    /// The policy's version.
    pub version: i32,
    pub layer: String,
    pub tier: String,
    pub payer: String,
    /// Whether it goes to the canteen for serving, outside the charge.
    pub to_canteen: bool,
    pub fen: Fen,
}

impl From<DrawRow> for DrawBody {
    fn from(row: DrawRow) -> DrawBody {
        DrawBody {
            quote_id: row.quote_id,
            canteen_id: row.canteen_id,
            resident_id: row.resident_id,
            served_on: row.served_on,
            period: row.period,
            status: row.status,
            policy: row.policy_code,
            version: row.policy_version,
            layer: row.layer,
            tier: row.tier,
            payer: row.payer,
            to_canteen: row.to_canteen,
            fen: row.fen,
        }
    }
}

/// Which draws to list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawsQuery {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, at most 366 days later.
    pub to: NaiveDate,
    /// All canteens in reach without.
    #[serde(default)]
    pub canteen_id: Option<CanteenId>,
    /// `posted` without.
    #[serde(default)]
    pub status: Option<Stage>,
    /// How many items at most; 50 where nothing is said.
    #[serde(default)]
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// The canteens in the caller's reach, or the one that is named: `not_allowed_here` when it is not.
pub(crate) fn canteens_in_reach(
    conn: &mut Conn,
    caller: &Caller,
    canteen: Option<CanteenId>,
) -> Result<Vec<CanteenId>, Fail> {
    match canteen {
        Some(id) => {
            caller.on_duty(&canteens::site(conn, id)?)?;
            Ok(vec![id])
        }
        None => Ok(canteens::sites_in(conn, &caller.scopes())?.into_iter().map(|site| site.id).collect()),
    }
}

/// Refuses a span of days that ends before it starts, is longer than a leap year, or lies outside 1900 to 2200.
pub(crate) fn check_span(from: NaiveDate, to: NaiveDate) -> Result<(), Problem> {
    let near = [from, to].iter().all(|on| (1900..=2200).contains(&on.year()));
    if near && (0..=366).contains(&(to - from).num_days()) { Ok(()) } else { Err(Code::BadSpan.into()) }
}

/// `GET /draws`
pub async fn draws(
    allowed: Allowed<act::ReadDraws>,
    Query(query): Query<DrawsQuery>,
) -> Result<Done<Page<DrawBody>>, Problem> {
    read_on_record(&allowed, move |conn, caller| {
        check_span(query.from, query.to)?;
        let canteens = canteens_in_reach(conn, caller, query.canteen_id)?;
        let window = Window::new(query.limit, query.cursor.as_deref())?;
        let stage = query.status.unwrap_or(Stage::Posted);
        let page = super::draws(conn, &canteens, query.from, query.to, stage, &window)?;
        let entry = draws_read(conn, caller, &query)?;
        Ok((Answer::new(page.map(DrawBody::from)), Some(entry)))
    })
    .await
}

/// The entry of whoever lists draws: their tiers name hardships (BR-83).
fn draws_read(conn: &mut Conn, caller: &Caller, query: &DrawsQuery) -> Result<Entry, Fail> {
    let (subject, place) = match query.canteen_id {
        Some(canteen) => {
            (Subject::of(SubjectKind::Canteen, canteen), Place::from(&canteens::site(conn, canteen)?))
        }
        None => {
            let area = |scope: Scope| match scope {
                Scope::Area(area) => Some(area),
                Scope::Canteen(_) | Scope::Everywhere => None,
            };
            let area = caller.scopes().into_iter().find_map(area);
            (Subject::NOTHING, Place { canteen: None, area })
        }
    };
    let entry = Entry::of(Deed::DrawsRead, subject).at(place);
    Ok(entry.saying("from", query.from.to_string()).saying("to", query.to.to_string()))
}

/// A posted price that would be another by what is known now. Nothing that was posted is altered.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Difference")]
pub struct DifferenceBody {
    pub quote_id: QuoteId,
    pub resident_id: ResidentId,
    pub canteen_id: CanteenId,
    pub served_on: NaiveDate,
    pub period: Period,
    /// What the resident was charged.
    pub posted_resident_fen: Fen,
    /// What it would be now.
    pub now_resident_fen: Fen,
    pub posted_subsidy_fen: Fen,
    pub now_subsidy_fen: Fen,
}

impl From<Difference> for DifferenceBody {
    fn from(difference: Difference) -> DifferenceBody {
        let subsidy = |quote: &Quote| quote.lines.iter().map(|line| line.fen).sum();
        DifferenceBody {
            quote_id: difference.quote.id,
            resident_id: difference.quote.resident_id,
            canteen_id: difference.quote.canteen_id,
            served_on: difference.quote.served_on,
            period: difference.quote.period,
            posted_resident_fen: difference.quote.quote.resident_fen,
            now_resident_fen: difference.now.resident_fen,
            posted_subsidy_fen: subsidy(&difference.quote.quote),
            now_subsidy_fen: subsidy(&difference.now),
        }
    }
}

/// A page to list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DifferencesQuery {
    /// How many items at most; 50 where nothing is said.
    #[serde(default)]
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// Compares a version of a policy with what holds, on the meals that were served in some days at the canteens in the
/// caller's reach to which it applies. On record: it tells what residents paid.
///
/// Fails with `policy_not_found` or `bad_span`.
pub(crate) async fn compare(
    allowed: &Allowed<act::ReadDraws>,
    id: PolicyId,
    days: (NaiveDate, NaiveDate),
) -> Result<Comparison, Problem> {
    check_span(days.0, days.1)?;
    let begin = move |conn: &mut Conn, caller: &Caller| {
        let version = policies::find(conn, id)?;
        if !policies::http::concerns(caller, &version.area) {
            return Err(Code::PolicyNotFound.into());
        }
        let mut sites = canteens::sites_in(conn, &caller.scopes())?;
        sites.retain(|site| version.area.contains(&site.area));
        let canteens = sites.into_iter().map(|site| site.id).collect();
        let entry = Entry::of(Deed::DrawsRead, Subject::of(SubjectKind::Policy, id)).at(&version.area);
        let entry = entry.saying("from", days.0.to_string()).saying("to", days.1.to_string());
        let comparison = Comparison::new(policies::priced_by(conn, &version)?, canteens, days);
        Ok((comparison, Some(entry)))
    };
    let mut comparison = read_on_record(allowed, begin).await?;
    while comparison.goes_on() {
        comparison = allowed
            .read(move |conn, _| {
                comparison.go_on(conn)?;
                Ok(comparison)
            })
            .await?;
    }
    Ok(comparison)
}

/// `GET /policies/{id}/differences`: what was posted since the policy's first day and would be another by it.
pub async fn policy_differences(
    allowed: Allowed<act::ReadDraws>,
    id: web::Path<PolicyId>,
    Query(query): Query<DifferencesQuery>,
) -> Result<Done<Page<DifferenceBody>>, Problem> {
    allowed
        .read(move |conn, caller| {
            let policy = policies::find(conn, *id)?;
            if !policies::http::concerns(caller, &policy.area) {
                return Err(Code::PolicyNotFound.into());
            }
            let window = Window::new(query.limit, query.cursor.as_deref())?;
            let sites = canteens::sites_in(conn, &caller.scopes())?;
            let touched: Vec<CanteenId> = sites
                .into_iter()
                .filter(|site| policy.area.contains(&site.area))
                .map(|site| site.id)
                .collect();
            let page = match policy.in_force_from {
                Some(from_on) => super::differences_for_canteens(conn, &touched, from_on, &window)?,
                None => Page { items: Vec::new(), next: None },
            };
            Ok(Answer::new(page.map(DifferenceBody::from)))
        })
        .await
}
