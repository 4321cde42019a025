//! Headcounts over HTTP: for the kitchen, the canteen, and the district.

use std::collections::BTreeMap;

use actix_web::web;
use chrono::{NaiveDate, TimeDelta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Channel, Count, CountKind, Counts, Tally, live, live::Watched};
use crate::{
    access::{Allowed, OnDuty, Role, act},
    accounts,
    api::{Answer, Done, ETag, EventStream, Held, LastEventId, Query, Streamed},
    attendance,
    canteens::{self, Canteen},
    clock::At,
    counters::{self, Counter},
    db::Conn,
    ids::{CanteenId, MenuId, MenuItemId},
    menus::{self, Menu, MenuStatus},
    money::Fen,
    problem::{Fail, Problem},
    subsidies,
    words::{Mode, Period},
};

/// Which day, and as it was known when.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadcountQuery {
    /// The day.
    pub on: NaiveDate,
    /// The instant of recording until which everything counts; now without, and for the future.
    #[serde(default)]
    pub as_of: Option<At>,
}

/// The counts of one way of serving.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModeCounts {
    pub mode: Mode,
    #[serde(flatten)]
    pub counts: Counts,
}

/// Portions of one item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ItemCounts {
    pub item_id: MenuItemId,
    pub name: String,
    /// Portions reserved and not cancelled: what to cook.
    pub confirmed: i64,
    /// Portions served, in whatever class.
    pub served: i64,
}

/// People with one diet tag.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DietCounts {
    pub diet_tag: String,
    pub confirmed: i64,
    pub served: i64,
}

/// What changed after the cut-off, and who did it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangeSince {
    pub recorded_at: At,
    pub kind: CountKind,
    #[serde(flatten)]
    pub count: Count,
    pub channel: Channel,
    /// The name of who recorded it; a resident who did it alone is not named, and nobody on a screen in the kitchen.
    pub by: Option<String>,
}

/// The headcount of a menu.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Headcount {
    pub menu_id: MenuId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub status: MenuStatus,
    pub capacity: i32,
    /// Whether the meal was over at `as_of`.
    pub over: bool,
    #[serde(flatten)]
    pub counts: Counts,
    pub by_mode: Vec<ModeCounts>,
    pub by_item: Vec<ItemCounts>,
    /// Not told to a board in the hall.
    pub by_diet: Vec<DietCounts>,
    pub cutoff_at: At,
    /// What was confirmed at the cut-off: the sheet that the kitchen cooks from. Nothing before it.
    pub confirmed_at_cutoff: Option<Count>,
    /// What changed since then, and who did it; not told to a board in the hall.
    pub since_cutoff: Vec<ChangeSince>,
}

/// The headcounts of a canteen's day.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Headcounts {
    pub canteen_id: CanteenId,
    pub on: NaiveDate,
    pub as_of: At,
    /// Whether the answer may still change, because writes that began before `as_of` may not have ended.
    pub provisional: bool,
    pub menus: Vec<Headcount>,
}

impl Streamed for Headcounts {
    const EVENT: &'static str = "headcounts";
}

/// `GET /canteens/{id}/headcounts`
pub async fn of_canteen(
    allowed: Allowed<act::ReadHeadcounts>,
    canteen: web::Path<CanteenId>,
    Query(query): Query<HeadcountQuery>,
    held: Held,
) -> Result<Done<Headcounts>, Problem> {
    let state = allowed.shared_state().clone();
    allowed
        .read(move |conn, caller| {
            let site = canteens::site(conn, *canteen)?;
            let duty = caller.on_duty(&site)?;
            subsidies::http::check_span(query.on, query.on)?;
            let day = Day::now(site.id, duty.role(), query.on, caller.now);
            let Some(asked) = query.as_of else {
                let tag = day.tag(conn)?;
                return held.or_make(tag.clone(), || {
                    let menus = state.headcounts.or_make(day.question(), &tag, || day.menus(conn))?;
                    Ok(day.counted(menus.to_vec()))
                });
            };
            let day = day.as_of(asked.min(caller.now), state.db.longest_write());
            held.or_make(day.tag(conn)?, || day.headcounts(conn))
        })
        .await
}

/// A canteen's day as it is known now, as far as whoever is on duty there sees it.
pub(crate) fn day_now(conn: &mut Conn, duty: &OnDuty, on: NaiveDate, now: At) -> Result<Headcounts, Fail> {
    subsidies::http::check_span(on, on)?;
    Day::now(duty.canteen(), duty.role(), on, now).headcounts(conn)
}

/// A canteen's day as it is known now, or was known at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    canteen: CanteenId,
    /// Who looks.
    eyes: Role,
    on: NaiveDate,
    as_of: At,
    /// What was recorded until then counts: for what is known now everything, whatever clock it was recorded by.
    recorded_until: At,
    /// Whether writes that began before `as_of` may not have ended.
    provisional: bool,
}

impl Day {
    /// As it is known now, whatever that will be.
    pub fn now(canteen: CanteenId, eyes: Role, on: NaiveDate, now: At) -> Day {
        Day { canteen, eyes, on, as_of: now, recorded_until: At::LAST, provisional: true }
    }

    /// The same day as it was known at `as_of`; a write takes `longest_write` at most.
    fn as_of(self, as_of: At, longest_write: TimeDelta) -> Day {
        let provisional = as_of > self.as_of - longest_write;
        Day { as_of, recorded_until: as_of, provisional, ..self }
    }

    /// What is asked with it, when it is about now.
    fn question(&self) -> DayQuestion {
        (self.canteen, self.on, self.eyes)
    }

    /// What its headcounts follow from, but for the instant itself: read from the menus of the day and one number,
    /// however many have reserved. Weak, as the body says when it was asked for.
    pub fn tag(&self, conn: &mut Conn) -> Result<ETag, Fail> {
        let marks = menus::marks(conn, self.canteen, self.on, self.on)?;
        let names = counters::of(conn, Counter::Names)?;
        let menus: Vec<_> = marks
            .iter()
            .filter(|mark| mark.published_at.is_some())
            .map(|mark| (mark.id, mark.changes, mark.cutoff_at <= self.as_of, mark.closes_at() <= self.as_of))
            .collect();
        Ok(ETag::weakly_of((menus, names, self.provisional, self.eyes)))
    }

    pub fn headcounts(&self, conn: &mut Conn) -> Result<Headcounts, Fail> {
        Ok(self.counted(self.menus(conn)?))
    }

    fn menus(&self, conn: &mut Conn) -> Result<Vec<Headcount>, Fail> {
        let mut menus = Vec::new();
        for menu in counted(menus::between(conn, self.canteen, self.on, self.on)?) {
            menus.push(for_eyes_of(self.eyes, headcount(conn, &menu, self.as_of, self.recorded_until)?));
        }
        Ok(menus)
    }

    fn counted(&self, menus: Vec<Headcount>) -> Headcounts {
        let Day { canteen: canteen_id, on, as_of, provisional, .. } = *self;
        Headcounts { canteen_id, on, as_of, provisional, menus }
    }
}

/// A canteen's day, and whose eyes look at it.
pub type DayQuestion = (CanteenId, NaiveDate, Role);

/// What a role sees of a headcount: the kitchen no names, the hall nothing that tells of single people (BR-81, BR-82).
fn for_eyes_of(role: Role, mut headcount: Headcount) -> Headcount {
    match role {
        Role::KitchenDevice => headcount.since_cutoff.iter_mut().for_each(|change| change.by = None),
        Role::HallDevice => {
            headcount.by_diet.clear();
            headcount.since_cutoff.clear();
        }
        Role::Public
        | Role::SignedIn
        | Role::Resident
        | Role::Family
        | Role::Volunteer
        | Role::Staff
        | Role::District
        | Role::Auditor
        | Role::Admin
        | Role::DoorDevice
        | Role::RoundDevice => {}
    }
    headcount
}

/// Which day to listen to.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamQuery {
    /// The day; without, whatever day it is at the canteen.
    #[serde(default)]
    pub on: Option<NaiveDate>,
}

/// `GET /canteens/{id}/headcounts/stream`
pub async fn stream(
    allowed: Allowed<act::ReadHeadcounts>,
    canteen: web::Path<CanteenId>,
    Query(query): Query<StreamQuery>,
    LastEventId(heard): LastEventId,
) -> Result<EventStream<Headcounts>, Problem> {
    let canteen = *canteen;
    let watched = allowed
        .read(move |conn, caller| {
            let eyes = caller.on_duty(&canteens::site(conn, canteen)?)?.role();
            if let Some(on) = query.on {
                subsidies::http::check_span(on, on)?;
            }
            Ok(Watched { canteen, on: query.on, eyes })
        })
        .await?;
    let events = live::listen(allowed.shared_state(), watched, allowed.standing(), heard)?;
    Ok(EventStream::new(events))
}

pub(super) fn counted(menus: Vec<Menu>) -> impl Iterator<Item = Menu> {
    menus.into_iter().filter(|menu| menu.published_at.is_some())
}

fn headcount(conn: &mut Conn, menu: &Menu, as_of: At, recorded_until: At) -> Result<Headcount, Fail> {
    let tally = super::tally(conn, &[menu.id], recorded_until)?.remove(&menu.id).unwrap_or_default();
    let over = menu.closes_at() <= as_of;
    let (at_cutoff, since) = if menu.cutoff_at <= as_of {
        let then = super::tally(conn, &[menu.id], menu.cutoff_at)?.remove(&menu.id).unwrap_or_default();
        (Some(then.counts(false).confirmed), super::since_cutoff(conn, menu, recorded_until)?)
    } else {
        (None, Vec::new())
    };
    let actors: Vec<_> = since.iter().map(|change| change.by).collect();
    let names = accounts::names_of(conn, &actors)?;
    Ok(Headcount {
        menu_id: menu.id,
        served_on: menu.served_on,
        period: menu.period,
        status: menu.status,
        capacity: menu.capacity,
        over,
        counts: tally.counts(over),
        by_mode: by_mode(&tally, over),
        by_item: by_item(&tally, menu),
        by_diet: by_diet(&tally),
        cutoff_at: menu.cutoff_at,
        confirmed_at_cutoff: at_cutoff,
        since_cutoff: since
            .into_iter()
            .map(|change| ChangeSince {
                recorded_at: change.recorded_at,
                kind: change.kind,
                count: change.count,
                channel: change.channel,
                by: names.get(&change.by).cloned(),
            })
            .collect(),
    })
}

pub(super) fn by_mode(tally: &Tally, over: bool) -> Vec<ModeCounts> {
    tally.by_mode(over).into_iter().map(|(mode, counts)| ModeCounts { mode, counts }).collect()
}

pub(super) fn by_item(tally: &Tally, menu: &Menu) -> Vec<ItemCounts> {
    let portions = tally.by_item();
    menu.items
        .iter()
        .map(|item| (item, portions.get(&item.id).copied().unwrap_or_default()))
        .filter(|(item, counts)| !item.removed || *counts != (0, 0))
        .map(|(item, (confirmed, served))| ItemCounts {
            item_id: item.id,
            name: item.name.clone(),
            confirmed,
            served,
        })
        .collect()
}

pub(super) fn by_diet(tally: &Tally) -> Vec<DietCounts> {
    tally
        .by_diet()
        .into_iter()
        .map(|(tag, (confirmed, served))| DietCounts { diet_tag: tag.to_owned(), confirmed, served })
        .collect()
}

/// A canteen's day in one row.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CanteenDay {
    pub canteen_id: CanteenId,
    pub name: String,
    pub menus: i32,
    #[serde(flatten)]
    pub counts: Counts,
}

/// A day of every canteen in reach.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Overview {
    pub on: NaiveDate,
    pub as_of: At,
    pub canteens: Vec<CanteenDay>,
}

/// `GET /headcounts`
pub async fn overview(
    allowed: Allowed<act::ReadOverview>,
    Query(query): Query<HeadcountQuery>,
) -> Result<Done<Overview>, Problem> {
    allowed
        .read(move |conn, caller| {
            subsidies::http::check_span(query.on, query.on)?;
            let as_of = query.as_of.map_or(caller.now, |at| at.min(caller.now));
            let canteens = canteens::all_in(conn, &caller.scopes())?;
            let overview = overview_of(conn, &canteens, query.on, as_of)?;
            // Without the instant: the same counts are the same answer.
            let tag = ETag::weakly_of((query.on, &overview.canteens));
            Ok(Answer::new(overview).tagged(tag))
        })
        .await
}

/// A day of these canteens as it was known at an instant.
pub(crate) fn overview_of(
    conn: &mut Conn,
    canteens: &[Canteen],
    on: NaiveDate,
    as_of: At,
) -> Result<Overview, Fail> {
    let mut rows = Vec::new();
    for canteen in canteens {
        let menus: Vec<Menu> = counted(menus::between(conn, canteen.id, on, on)?).collect();
        rows.push(CanteenDay {
            canteen_id: canteen.id,
            name: canteen.name.clone(),
            menus: i32::try_from(menus.len()).unwrap_or(i32::MAX),
            counts: day_counts(conn, &menus, as_of)?,
        });
    }
    Ok(Overview { on, as_of, canteens: rows })
}

fn day_counts(conn: &mut Conn, menus: &[Menu], as_of: At) -> Result<Counts, Fail> {
    let ids: Vec<MenuId> = menus.iter().map(|menu| menu.id).collect();
    let tallies = super::tally(conn, &ids, as_of)?;
    let of_menu = |menu: &Menu| {
        tallies.get(&menu.id).map(|tally| tally.counts(menu.closes_at() <= as_of)).unwrap_or_default()
    };
    Ok(menus.iter().map(of_menu).fold(Counts::default(), |sum, counts| sum + counts))
}

/// Which canteen's takings, and of which days.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakingsQuery {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, at most 31 days later.
    pub to: NaiveDate,
    /// All canteens in reach without.
    #[serde(default)]
    pub canteen_id: Option<CanteenId>,
}

/// What a canteen charged, and who pays it: two sources that have to agree.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CanteenTakings {
    pub canteen_id: CanteenId,
    pub name: String,
    /// Everything that was served and not voided, of every class.
    pub meals: i64,
    /// Charged for it, from the attendances.
    pub charge_fen: Fen,
    /// Due from those who ate, from the attendances.
    pub due_fen: Fen,
    /// Paid by each payer, from the posted draws.
    pub paid_by: BTreeMap<String, Fen>,
    /// What payers give the canteen for serving, outside the charge.
    pub to_canteen: BTreeMap<String, Fen>,
    /// Whether what is due and what is paid add up to what was charged.
    pub adds_up: bool,
}

/// What canteens charged on some days, and who pays it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TakingsBody {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub canteens: Vec<CanteenTakings>,
}

/// `GET /takings`
pub async fn takings(
    allowed: Allowed<act::ReadDraws>,
    Query(query): Query<TakingsQuery>,
) -> Result<Done<TakingsBody>, Problem> {
    allowed
        .read(move |conn, caller| {
            subsidies::http::check_span(query.from, query.to)?;
            if (query.to - query.from).num_days() > 31 {
                return Err(crate::problem::Code::BadSpan.into());
            }
            let reach = subsidies::http::canteens_in_reach(conn, caller, query.canteen_id)?;
            let mut canteens = Vec::new();
            for canteen in reach {
                canteens.push(canteen_takings(conn, canteen, query.from, query.to)?);
            }
            Ok(Answer::new(TakingsBody { from: query.from, to: query.to, canteens }))
        })
        .await
}

/// What a canteen charged on some days, and who pays it.
pub(crate) fn canteen_takings(
    conn: &mut Conn,
    canteen: CanteenId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<CanteenTakings, Fail> {
    let name = canteens::find(conn, canteen)?.name;
    let menus: Vec<MenuId> = menus::between(conn, canteen, from, to)?.iter().map(|menu| menu.id).collect();
    let taken = attendance::takings(conn, &menus)?;
    let mut paid_by: BTreeMap<String, Fen> = BTreeMap::new();
    let mut to_canteen: BTreeMap<String, Fen> = BTreeMap::new();
    for total in subsidies::posted_totals(conn, &[canteen], from, to)? {
        let side = if total.to_canteen { &mut to_canteen } else { &mut paid_by };
        *side.entry(total.payer).or_default() += total.fen;
    }
    let paid: Fen = paid_by.values().copied().sum();
    Ok(CanteenTakings {
        canteen_id: canteen,
        name,
        meals: taken.meals,
        charge_fen: taken.charge_fen,
        due_fen: taken.due_fen,
        adds_up: paid + taken.due_fen == taken.charge_fen,
        paid_by,
        to_canteen,
    })
}
