//! The statements on `quotes`, `draws`, `window_uses` and `usage_windows`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::{dsl::exists, prelude::*, query_dsl::methods, sql_types::Bool, upsert::excluded};

use super::{Draw, KeptQuote, OrdersSeen, OtherMeal, Stage};
use crate::{
    changed, changed_few,
    clock::At,
    db::{
        Conn, Json, Kept,
        schema::{draws, quotes, usage_windows, window_uses},
        total,
    },
    each,
    ids::{CanteenId, MenuId, QuoteId, ResidentId},
    insert_few, kept,
    money::Fen,
    page::{self, Page},
    pricing::{Arguments, LimitKey, Needs, Quote, Used, Window},
    words::{MealClass, Period},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = quotes, treat_none_as_default_value = false)]
struct QuoteRow {
    id: QuoteId,
    resident_id: ResidentId,
    menu_id: MenuId,
    canteen_id: CanteenId,
    served_on: NaiveDate,
    period: Period,
    class: MealClass,
    status: Stage,
    charge_fen: Fen,
    resident_fen: Fen,
    arguments: Json<Arguments>,
    result: Json<Quote>,
    created_at: At,
}

impl From<QuoteRow> for KeptQuote {
    fn from(row: QuoteRow) -> KeptQuote {
        KeptQuote {
            id: row.id,
            resident_id: row.resident_id,
            menu_id: row.menu_id,
            canteen_id: row.canteen_id,
            served_on: row.served_on,
            period: row.period,
            class: row.class,
            stage: row.status,
            arguments: row.arguments.0,
            quote: row.result.0,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = draws, treat_none_as_default_value = false)]
struct NewDraw<'a> {
    quote_id: QuoteId,
    position: i32,
    policy_code: &'a str,
    policy_version: i32,
    layer: &'a str,
    tier: &'a str,
    payer: &'a str,
    to_canteen: bool,
    fen: Fen,
}

#[derive(Insertable)]
#[diesel(table_name = window_uses, treat_none_as_default_value = false)]
struct NewUse<'a> {
    quote_id: QuoteId,
    limit_key: &'a str,
    window_key: &'a str,
    uses: i32,
    fen: Fen,
}

/// Writes a quote with its draws and what it uses of limits.
pub(super) fn insert(conn: &mut Conn, kept: &KeptQuote, now: At) -> QueryResult<()> {
    let row = QuoteRow {
        id: kept.id,
        resident_id: kept.resident_id,
        menu_id: kept.menu_id,
        canteen_id: kept.canteen_id,
        served_on: kept.served_on,
        period: kept.period,
        class: kept.class,
        status: kept.stage,
        charge_fen: kept.quote.charge_fen,
        resident_fen: kept.quote.resident_fen,
        arguments: Json(kept.arguments.clone()),
        result: Json(kept.quote.clone()),
        created_at: now,
    };
    kept!(conn, execute, diesel::insert_into(quotes::table).values(&row))?;
    insert_few!(conn, draws::table, draw_rows(kept))?;
    let uses: Vec<NewUse<'_>> = kept
        .quote
        .claims
        .iter()
        .map(|claim| NewUse {
            quote_id: kept.id,
            limit_key: &claim.limit.0,
            window_key: &claim.window_key,
            uses: i32::try_from(claim.count).unwrap_or(i32::MAX),
            fen: claim.fen,
        })
        .collect();
    insert_few!(conn, window_uses::table, uses)
}

fn draw_rows(kept: &KeptQuote) -> Vec<NewDraw<'_>> {
    let lines = kept.quote.lines.iter().filter(|line| !line.fen.is_zero()).map(|line| NewDraw {
        quote_id: kept.id,
        position: 0,
        policy_code: &line.policy,
        policy_version: line.version,
        layer: &line.layer,
        tier: line.tier.as_deref().unwrap_or_default(),
        payer: &line.payer,
        to_canteen: false,
        fen: line.fen,
    });
    let gifts = kept.quote.to_canteen.iter().filter(|gift| !gift.fen.is_zero()).map(|gift| NewDraw {
        quote_id: kept.id,
        position: 0,
        policy_code: &gift.policy,
        policy_version: gift.version,
        layer: &gift.code,
        tier: &gift.code,
        payer: &gift.payer,
        to_canteen: true,
        fen: gift.fen,
    });
    (0..).zip(lines.chain(gifts)).map(|(position, draw)| NewDraw { position, ..draw }).collect()
}

pub(super) fn find(conn: &mut Conn, id: QuoteId) -> QueryResult<Option<KeptQuote>> {
    let row: Option<QuoteRow> =
        kept!(conn, get_result, quotes::table.find(id).select(QuoteRow::as_select())).optional()?;
    Ok(row.map(KeptQuote::from))
}

pub(super) fn by_ids(conn: &mut Conn, ids: &[QuoteId]) -> QueryResult<Vec<KeptQuote>> {
    let rows: Vec<QuoteRow> = quotes::table
        .filter(quotes::id.eq_any(ids.iter().copied()))
        .select(QuoteRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(KeptQuote::from).collect())
}

#[derive(Insertable)]
#[diesel(table_name = usage_windows, treat_none_as_default_value = false)]
struct DrawOn<'a> {
    resident_id: ResidentId,
    limit_key: &'a str,
    window_key: &'a str,
    used: i32,
    used_fen: Fen,
    #[diesel(skip_insertion)]
    draw: &'a Draw,
}

/// Takes each of these from the window of its own limit, in the order of their keys; false when one has not so much left, and
/// what was taken of others has to be undone.
pub(super) fn draw(conn: &mut Conn, resident: ResidentId, mut draws: Vec<Draw>) -> QueryResult<bool> {
    draws.sort_by(|a, b| (&a.limit_key, &a.window_key).cmp(&(&b.limit_key, &b.window_key)));
    let rows: Vec<DrawOn<'_>> = draws
        .iter()
        .map(|draw| DrawOn {
            resident_id: resident,
            limit_key: &draw.limit_key,
            window_key: &draw.window_key,
            used: draw.count,
            used_fen: draw.fen,
            draw,
        })
        .collect();
    let drawn = changed_few!(conn, rows, |values, few| {
        // Each row has enough left for the one of these that is of its limit.
        let enough_left = few.iter().map(|DrawOn { draw, .. }| -> Guard<'_, _> {
            Box::new(
                usage_windows::limit_key
                    .eq(draw.limit_key.as_str())
                    .and(usage_windows::used.le(draw.most - draw.count))
                    .and(usage_windows::used_fen.le(draw.most_fen - draw.fen)),
            )
        });
        let enough_left = enough_left.reduce(|one, other| Box::new(one.or(other))).expect("there are some");
        methods::FilterDsl::filter(
            diesel::insert_into(usage_windows::table)
                .values(values)
                .on_conflict((
                    usage_windows::resident_id,
                    usage_windows::limit_key,
                    usage_windows::window_key,
                ))
                .do_update()
                .set((
                    usage_windows::used.eq(usage_windows::used + excluded(usage_windows::used)),
                    usage_windows::used_fen.eq(usage_windows::used_fen + excluded(usage_windows::used_fen)),
                )),
            enough_left,
        )
    })?;
    Ok(drawn == draws.len())
}

type Guard<'a, DB> = Box<dyn BoxableExpression<usage_windows::table, DB, SqlType = Bool> + 'a>;

/// The key under which the order of a resident's meals in a window is guarded.
pub fn order_key(window: Window) -> String {
    format!("#order/{window}")
}

/// What is used of the limits that are asked for in the windows of a meal, less what `without` uses; and how often the order
/// of meals was relied on in each window that is asked for.
pub(super) fn used(
    conn: &mut Conn,
    resident: ResidentId,
    needs: &Needs,
    on: NaiveDate,
    period: Period,
    without: Option<QuoteId>,
) -> QueryResult<(BTreeMap<LimitKey, Used>, OrdersSeen)> {
    let mut orders: OrdersSeen = needs.ordinals.iter().map(|window| (*window, 0)).collect();
    if needs.limits.is_empty() && orders.is_empty() {
        return Ok(Default::default());
    }
    let keys: Vec<String> =
        needs.limits.keys().map(|key| key.0.clone()).chain(orders.keys().copied().map(order_key)).collect();
    let windows: BTreeSet<String> =
        needs.limits.values().chain(orders.keys()).map(|window| window.key(on, period)).collect();
    let rows: Vec<(String, String, i32, Fen)> = each!(conn, c => Kept(
        usage_windows::table
            .filter(usage_windows::resident_id.eq(resident))
            .filter(usage_windows::limit_key.eq_any(&keys))
            .filter(usage_windows::window_key.eq_any(&windows))
            .select((
                usage_windows::limit_key,
                usage_windows::window_key,
                usage_windows::used,
                usage_windows::used_fen,
            ))
    )
    .load(c))?;
    let own: Vec<(String, String, i32, Fen)> = match without {
        None => Vec::new(),
        Some(quote) => window_uses::table
            .inner_join(quotes::table)
            .filter(window_uses::quote_id.eq(quote))
            .filter(quotes::status.ne(Stage::Released))
            .select((window_uses::limit_key, window_uses::window_key, window_uses::uses, window_uses::fen))
            .load(conn)?,
    };
    let mut used = BTreeMap::new();
    for (key, window_key, mut uses, mut fen) in rows {
        // One key may have rows of several windows: a limit had another kind of window in an earlier version.
        let is_asked = |window: &Window| window.key(on, period) == window_key;
        if let Some((_, seen)) = orders.iter_mut().find(|(window, _)| order_key(**window) == key) {
            *seen = uses;
            continue;
        }
        let key = LimitKey(key);
        if !needs.limits.get(&key).is_some_and(is_asked) {
            continue;
        }
        for (_, _, own_uses, own_fen) in
            own.iter().filter(|(own_key, own_window, ..)| *own_key == key.0 && *own_window == window_key)
        {
            uses -= own_uses;
            fen -= *own_fen;
        }
        used.insert(key, Used { count: i64::from(uses), fen });
    }
    Ok((used, orders))
}

/// The resident's own meals between two days that are served or reserved, but for the meal of `without`.
pub(super) fn meals_between(
    conn: &mut Conn,
    resident: ResidentId,
    (first, last): (NaiveDate, NaiveDate),
    without: Option<QuoteId>,
) -> QueryResult<Vec<OtherMeal>> {
    let rows: Vec<(QuoteId, NaiveDate, Period, Stage)> = kept!(
        conn,
        load,
        quotes::table
            .filter(quotes::resident_id.eq(resident))
            .filter(quotes::served_on.between(first, last))
            .filter(quotes::class.eq(MealClass::Meal))
            .filter(quotes::status.ne(Stage::Released))
            .select((quotes::id, quotes::served_on, quotes::period, quotes::status))
    )?;
    Ok(rows
        .into_iter()
        .filter(|(id, ..)| Some(*id) != without)
        .map(|(_, served_on, period, stage)| OtherMeal { served_on, period, stage })
        .collect())
}

/// False when it was released before.
pub(super) fn set_released(conn: &mut Conn, id: QuoteId, now: At) -> QueryResult<bool> {
    let held = quotes::table.find(id).filter(quotes::status.ne(Stage::Released));
    let released = diesel::update(held).set((quotes::status.eq(Stage::Released), quotes::settled_at.eq(now)));
    let released = changed!(conn, released)?;
    Ok(released == 1)
}

pub(super) fn set_pending(conn: &mut Conn, id: QuoteId) -> QueryResult<()> {
    diesel::update(quotes::table.find(id))
        .set((quotes::status.eq(Stage::Pending), quotes::settled_at.eq(None::<At>)))
        .execute(conn)
        .map(|_| ())
}

/// Gives what a quote used back to its windows.
pub(super) fn give_back(conn: &mut Conn, id: QuoteId) -> QueryResult<()> {
    let resident: ResidentId = kept!(conn, get_result, quotes::table.find(id).select(quotes::resident_id))?;
    let uses: Vec<(String, String, i32, Fen)> = kept!(
        conn,
        load,
        window_uses::table
            .filter(window_uses::quote_id.eq(id))
            .order((window_uses::limit_key, window_uses::window_key))
            .select((window_uses::limit_key, window_uses::window_key, window_uses::uses, window_uses::fen))
    )?;
    for (limit_key, window_key, uses, fen) in uses {
        let given_back = diesel::update(usage_windows::table.find((resident, limit_key, window_key))).set((
            usage_windows::used.eq(usage_windows::used - uses),
            usage_windows::used_fen.eq(usage_windows::used_fen - fen),
        ));
        changed!(conn, given_back)?;
    }
    Ok(())
}

pub(super) fn posted_of_resident(
    conn: &mut Conn,
    resident: ResidentId,
    from_on: NaiveDate,
) -> QueryResult<Vec<KeptQuote>> {
    let rows: Vec<QuoteRow> = quotes::table
        .filter(quotes::resident_id.eq(resident))
        .filter(quotes::served_on.ge(from_on))
        .filter(quotes::status.eq(Stage::Posted))
        .order(quotes::id)
        .select(QuoteRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(KeptQuote::from).collect())
}

pub(super) fn posted_at(
    conn: &mut Conn,
    canteens: &[CanteenId],
    from_on: NaiveDate,
    window: &page::Window<crate::ids::Quote>,
) -> QueryResult<Vec<KeptQuote>> {
    let mut query = quotes::table
        .filter(quotes::canteen_id.eq_any(canteens.to_vec()))
        .filter(quotes::served_on.ge(from_on))
        .filter(quotes::status.eq(Stage::Posted))
        .order(quotes::id)
        .limit(window.rows())
        .select(QuoteRow::as_select())
        .into_boxed::<crate::db::MultiBackend>();
    if let Some(after) = window.after() {
        query = query.filter(quotes::id.gt(after));
    }
    let rows: Vec<QuoteRow> = query.load(conn)?;
    Ok(rows.into_iter().map(KeptQuote::from).collect())
}

/// At most `limit` prices of residents' own meals that were posted for these days (both included), after one of them, in
/// the order in which they were posted.
pub(super) fn posted_meals(
    conn: &mut Conn,
    canteens: &[CanteenId],
    (from_on, to_on): (NaiveDate, NaiveDate),
    after: Option<QuoteId>,
    limit: i64,
) -> QueryResult<Vec<KeptQuote>> {
    let mut query = quotes::table
        .filter(quotes::canteen_id.eq_any(canteens.to_vec()))
        .filter(quotes::served_on.between(from_on, to_on))
        .filter(quotes::status.eq(Stage::Posted))
        .filter(quotes::class.eq(MealClass::Meal))
        .order(quotes::id)
        .limit(limit)
        .select(QuoteRow::as_select())
        .into_boxed::<crate::db::MultiBackend>();
    if let Some(after) = after {
        query = query.filter(quotes::id.gt(after));
    }
    let rows: Vec<QuoteRow> = query.load(conn)?;
    Ok(rows.into_iter().map(KeptQuote::from).collect())
}

/// One draw with the meal that it is for.
#[derive(Clone, Debug, Queryable)]
pub struct DrawRow {
    pub quote_id: QuoteId,
    pub canteen_id: CanteenId,
    pub resident_id: ResidentId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub status: Stage,
    pub position: i32,
    pub policy_code: String,
    pub policy_version: i32,
    pub layer: String,
    pub tier: String,
    pub payer: String,
    pub to_canteen: bool,
    pub fen: Fen,
}

pub(super) fn draws(
    conn: &mut Conn,
    canteens: &[CanteenId],
    from_on: NaiveDate,
    to_on: NaiveDate,
    stage: Stage,
    window: &page::Window<crate::ids::Quote>,
) -> QueryResult<Page<DrawRow>> {
    // Whole quotes to a page, so that a cursor is a quote; of those that nobody pays for there is nothing to show.
    let mut query = quotes::table
        .filter(quotes::canteen_id.eq_any(canteens.to_vec()))
        .filter(quotes::served_on.between(from_on, to_on))
        .filter(quotes::status.eq(stage))
        .filter(exists(draws::table.filter(draws::quote_id.eq(quotes::id))))
        .order(quotes::id)
        .limit(window.rows())
        .select(quotes::id)
        .into_boxed::<crate::db::MultiBackend>();
    if let Some(after) = window.after() {
        query = query.filter(quotes::id.gt(after));
    }
    let ids = window.page(query.load::<QuoteId>(conn)?, |id| *id);
    let rows = draws::table
        .inner_join(quotes::table)
        .filter(quotes::id.eq_any(ids.items))
        .order((quotes::id, draws::position))
        .select((
            quotes::id,
            quotes::canteen_id,
            quotes::resident_id,
            quotes::served_on,
            quotes::period,
            quotes::status,
            draws::position,
            draws::policy_code,
            draws::policy_version,
            draws::layer,
            draws::tier,
            draws::payer,
            draws::to_canteen,
            draws::fen,
        ))
        .load(conn)?;
    Ok(Page { items: rows, next: ids.next })
}

diesel::allow_columns_to_appear_in_same_group_by_clause!(quotes::canteen_id, draws::payer, draws::to_canteen);

/// What a payer paid at a canteen.
#[derive(Clone, Debug)]
pub struct DrawTotals {
    pub canteen_id: CanteenId,
    pub payer: String,
    /// Whether it went to the canteen for serving, outside the charge.
    pub to_canteen: bool,
    pub fen: Fen,
}

pub(super) fn posted_totals(
    conn: &mut Conn,
    canteens: &[CanteenId],
    from_on: NaiveDate,
    to_on: NaiveDate,
) -> QueryResult<Vec<DrawTotals>> {
    let rows: Vec<(CanteenId, String, bool, Option<Fen>)> = draws::table
        .inner_join(quotes::table)
        .filter(quotes::canteen_id.eq_any(canteens.to_vec()))
        .filter(quotes::served_on.between(from_on, to_on))
        .filter(quotes::status.eq(Stage::Posted))
        .group_by((quotes::canteen_id, draws::payer, draws::to_canteen))
        .order((quotes::canteen_id, draws::payer, draws::to_canteen))
        .select((quotes::canteen_id, draws::payer, draws::to_canteen, total(draws::fen)))
        .load(conn)?;
    let totals = rows.into_iter().map(|(canteen_id, payer, to_canteen, fen)| {
        let fen = fen.unwrap_or(Fen::ZERO);
        DrawTotals { canteen_id, payer, to_canteen, fen }
    });
    Ok(totals.collect())
}
