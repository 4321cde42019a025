//! The statements on `canteens`, `canteen_periods` and `closures`.

use chrono::{NaiveDate, NaiveTime};
use diesel::{
    dsl::{exists, select},
    prelude::*,
    sql_types::{Bool, Integer, Text},
};

use crate::{
    access::{Actor, ActorKind, Scope, Site},
    canteens::{Canteen, Closure, Cutoff, Details, MealPeriod, NewClosure, Zone},
    clock::At,
    counters::{self, Counter},
    db::{
        Both, Conn, Json,
        schema::{canteen_periods, canteens, closures},
    },
    each,
    id::Id,
    ids::{AnyoneId, CanteenId, ClosureId},
    kept,
    money::Fen,
    text::ClockTime,
    words::{Area, Mode, Period, Weekday},
};

#[diesel::declare_sql_function]
extern "SQL" {
    /// The part of a text from a character on, counted from 1, so many characters long.
    fn substr(text: Text, from: Integer, count: Integer) -> Text;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = canteens)]
struct CanteenRow {
    id: CanteenId,
    name: String,
    area: Area,
    address: String,
    phone: String,
    time_zone: Zone,
    delivery_fee_fen: Fen,
    number: i32,
    version: i32,
}

impl CanteenRow {
    fn with(self, periods: Vec<MealPeriod>) -> Canteen {
        let CanteenRow { id, name, area, address, phone, time_zone, delivery_fee_fen, number, version } =
            self;
        Canteen {
            id,
            name,
            area,
            address,
            phone,
            zone: time_zone,
            delivery_fee_fen,
            number,
            periods,
            version,
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = canteen_periods)]
struct PeriodRow {
    canteen_id: CanteenId,
    period: Period,
    serves_from: NaiveTime,
    serves_to: NaiveTime,
    cutoff_days: i32,
    cutoff_time: NaiveTime,
    default_capacity: i32,
    modes: Json<Vec<Mode>>,
    weekdays: Json<Vec<Weekday>>,
}

impl PeriodRow {
    fn of(canteen_id: CanteenId, meal: &MealPeriod) -> PeriodRow {
        PeriodRow {
            canteen_id,
            period: meal.period,
            serves_from: meal.serves_from.0,
            serves_to: meal.serves_to.0,
            cutoff_days: meal.cutoff.service_days_before,
            cutoff_time: meal.cutoff.at.0,
            default_capacity: meal.default_capacity,
            modes: Json(meal.modes.clone()),
            weekdays: Json(meal.weekdays.clone()),
        }
    }

    fn meal(self) -> MealPeriod {
        MealPeriod {
            period: self.period,
            serves_from: ClockTime(self.serves_from),
            serves_to: ClockTime(self.serves_to),
            cutoff: Cutoff { service_days_before: self.cutoff_days, at: ClockTime(self.cutoff_time) },
            default_capacity: self.default_capacity,
            modes: self.modes.0,
            weekdays: self.weekdays.0,
        }
    }
}

/// Writes a canteen; nothing when its name is taken in its area.
pub(super) fn insert(conn: &mut Conn, details: &Details, now: At) -> QueryResult<Option<Canteen>> {
    let id = Id::new(now);
    counters::count(conn, Counter::Canteens)?;
    let number = i32::try_from(counters::of(conn, Counter::Canteens)?).unwrap_or(i32::MAX);
    let written = Both(
        diesel::insert_into(canteens::table)
            .values((
                canteens::id.eq(id),
                canteens::name.eq(&details.name),
                canteens::area.eq(&details.area),
                canteens::address.eq(&details.address),
                canteens::phone.eq(&details.phone),
                canteens::time_zone.eq(details.zone),
                canteens::delivery_fee_fen.eq(details.delivery_fee_fen),
                canteens::number.eq(number),
                canteens::created_at.eq(now),
                canteens::version.eq(1),
            ))
            .on_conflict((canteens::area, canteens::name))
            .do_nothing(),
    )
    .execute(conn)?;
    if written == 0 {
        return Ok(None);
    }
    insert_periods(conn, id, &details.periods)?;
    find(conn, id)
}

fn insert_periods(conn: &mut Conn, id: CanteenId, periods: &[MealPeriod]) -> QueryResult<()> {
    for meal in periods {
        diesel::insert_into(canteen_periods::table).values(PeriodRow::of(id, meal)).execute(conn)?;
    }
    Ok(())
}

/// Whether another canteen has this name in this area.
pub(super) fn has_namesake(conn: &mut Conn, id: CanteenId, details: &Details) -> QueryResult<bool> {
    let namesakes = canteens::table
        .filter(canteens::area.eq(&details.area))
        .filter(canteens::name.eq(&details.name))
        .filter(canteens::id.ne(id));
    select(exists(namesakes)).get_result(conn)
}

/// Replaces the details of a canteen that was read at version `seen`; nothing when it has another version by now.
pub(super) fn update(
    conn: &mut Conn,
    id: CanteenId,
    seen: i32,
    details: &Details,
) -> QueryResult<Option<Canteen>> {
    let updated =
        diesel::update(canteens::table.filter(canteens::id.eq(id)).filter(canteens::version.eq(seen)))
            .set((
                canteens::name.eq(&details.name),
                canteens::area.eq(&details.area),
                canteens::address.eq(&details.address),
                canteens::phone.eq(&details.phone),
                canteens::time_zone.eq(details.zone),
                canteens::delivery_fee_fen.eq(details.delivery_fee_fen),
                canteens::version.eq(canteens::version + 1),
            ))
            .execute(conn)?;
    if updated == 0 {
        return Ok(None);
    }
    diesel::delete(canteen_periods::table.filter(canteen_periods::canteen_id.eq(id))).execute(conn)?;
    insert_periods(conn, id, &details.periods)?;
    find(conn, id)
}

/// The canteen with this id, with its periods.
pub(super) fn find(conn: &mut Conn, id: CanteenId) -> QueryResult<Option<Canteen>> {
    let row = kept!(conn, get_result, canteens::table.find(id).select(CanteenRow::as_select())).optional()?;
    Ok(with_periods(conn, row.into_iter().collect())?.pop())
}

/// The canteen with this number, with its periods.
pub(super) fn by_number(conn: &mut Conn, number: i32) -> QueryResult<Option<Canteen>> {
    let row = canteens::table.filter(canteens::number.eq(number)).select(CanteenRow::as_select());
    let row = row.first(conn).optional()?;
    Ok(with_periods(conn, row.into_iter().collect())?.pop())
}

/// The canteens with these numbers, or all, without those on the pages before, by number; and how many there are.
pub(super) fn numbered(
    conn: &mut Conn,
    numbers: Option<&[i32]>,
    offset: i64,
    limit: i64,
) -> QueryResult<(Vec<Canteen>, i64)> {
    let (mut wanted, mut counted) = (canteens::table.into_boxed(), canteens::table.into_boxed());
    if let Some(numbers) = numbers {
        wanted = wanted.filter(canteens::number.eq_any(numbers.to_vec()));
        counted = counted.filter(canteens::number.eq_any(numbers.to_vec()));
    }
    let rows = wanted.order(canteens::number).offset(offset).limit(limit).select(CanteenRow::as_select());
    let rows = rows.load(conn)?;
    Ok((with_periods(conn, rows)?, counted.count().get_result(conn)?))
}

/// Where the canteen with this id lies.
pub(super) fn site(conn: &mut Conn, id: CanteenId) -> QueryResult<Option<Site>> {
    let area = kept!(conn, get_result, canteens::table.find(id).select(canteens::area)).optional()?;
    Ok(area.map(|area| Site { id, area }))
}

/// The time zone of the canteen with this id.
pub(super) fn zone(conn: &mut Conn, id: CanteenId) -> QueryResult<Zone> {
    canteens::table.find(id).select(canteens::time_zone).first(conn)
}

/// The canteens in these parts of the world, with their periods, by id.
pub(super) fn all_in(conn: &mut Conn, scopes: &[Scope]) -> QueryResult<Vec<Canteen>> {
    let rows = within(scopes).order(canteens::id).select(CanteenRow::as_select()).load(conn)?;
    with_periods(conn, rows)
}

/// Where the canteens in these parts of the world lie, by id.
pub(super) fn sites_in(conn: &mut Conn, scopes: &[Scope]) -> QueryResult<Vec<Site>> {
    let rows: Vec<(CanteenId, Area)> =
        within(scopes).order(canteens::id).select((canteens::id, canteens::area)).load(conn)?;
    Ok(rows.into_iter().map(|(id, area)| Site { id, area }).collect())
}

/// At most `limit` canteens after the one with the id `after`, in this area if one is given, by id.
pub(super) fn list(
    conn: &mut Conn,
    area: Option<&Area>,
    after: Option<CanteenId>,
    limit: i64,
) -> QueryResult<Vec<Canteen>> {
    let scope = area.map_or(Scope::Everywhere, |area| Scope::Area(area.clone()));
    let mut page = within(&[scope]).order(canteens::id).select(CanteenRow::as_select()).limit(limit);
    if let Some(after) = after {
        page = page.filter(canteens::id.gt(after));
    }
    let rows = page.load(conn)?;
    with_periods(conn, rows)
}

type Boxed = canteens::BoxedQuery<'static, crate::db::MultiBackend>;

/// The canteens in these parts of the world.
fn within(scopes: &[Scope]) -> Boxed {
    scopes.iter().fold(canteens::table.filter(false.into_sql::<Bool>()).into_boxed(), |found, scope| {
        match scope {
            Scope::Canteen(id) => found.or_filter(canteens::id.eq(*id)),
            Scope::Area(area) => {
                // Not LIKE: it takes `a` for `A` on SQLite, and rights hang on this.
                let inside = format!("{}/", area.path());
                let length = i32::try_from(inside.chars().count()).unwrap_or(i32::MAX);
                found
                    .or_filter(canteens::area.eq(area.clone()))
                    .or_filter(substr(canteens::area, 1, length).eq(inside))
            }
            Scope::Everywhere => found.or_filter(true.into_sql::<Bool>()),
        }
    })
}

/// Puts their periods, in the order of the day, to these canteens.
fn with_periods(conn: &mut Conn, rows: Vec<CanteenRow>) -> QueryResult<Vec<Canteen>> {
    let mut periods: Vec<PeriodRow> = each!(conn, c => canteen_periods::table
        .filter(canteen_periods::canteen_id.eq_any(rows.iter().map(|row| row.id)))
        .select(PeriodRow::as_select())
        .load(c))?;
    periods.sort_by_key(|row| (row.canteen_id, row.period));
    let mut periods = periods.into_iter().peekable();
    // Both are in the order of the ids.
    Ok(rows
        .into_iter()
        .map(|row| {
            let own = std::iter::from_fn(|| periods.next_if(|period| period.canteen_id == row.id));
            let own = own.map(PeriodRow::meal).collect();
            row.with(own)
        })
        .collect())
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = closures)]
struct ClosureRow {
    id: ClosureId,
    canteen_id: CanteenId,
    from_on: NaiveDate,
    to_on: NaiveDate,
    period: Option<Period>,
    reason: String,
    created_at: At,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
}

impl ClosureRow {
    fn closure(self) -> Closure {
        let ClosureRow { id, canteen_id, from_on, to_on, period, reason, created_at, actor_kind, actor_id } =
            self;
        let by = Actor::from_columns(actor_kind, actor_id);
        Closure { id, canteen_id, from_on, to_on, period, reason, created_at, by }
    }
}

/// Writes a closure.
pub(super) fn insert_closure(
    conn: &mut Conn,
    canteen_id: CanteenId,
    new: NewClosure,
    by: Actor,
    now: At,
) -> QueryResult<Closure> {
    let NewClosure { from_on, to_on, period, reason } = new;
    let closure =
        Closure { id: Id::new(now), canteen_id, from_on, to_on, period, reason, created_at: now, by };
    let row = ClosureRow {
        id: closure.id,
        canteen_id,
        from_on,
        to_on,
        period,
        reason: closure.reason.clone(),
        created_at: now,
        actor_kind: by.kind(),
        actor_id: by.id(),
    };
    diesel::insert_into(closures::table).values(row).execute(conn)?;
    Ok(closure)
}

/// The closures that touch these days, by their first day.
pub(super) fn closures_between(
    conn: &mut Conn,
    canteen: CanteenId,
    from_on: NaiveDate,
    to_on: NaiveDate,
) -> QueryResult<Vec<Closure>> {
    let rows: Vec<ClosureRow> = closures::table
        .filter(closures::canteen_id.eq(canteen))
        .filter(closures::to_on.ge(from_on))
        .filter(closures::from_on.le(to_on))
        .order((closures::from_on, closures::id))
        .select(ClosureRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(ClosureRow::closure).collect())
}

/// At most `limit` closures that end on this day or later, after the one with the id `after`, by id.
pub(super) fn closures_from(
    conn: &mut Conn,
    canteen: CanteenId,
    from_on: NaiveDate,
    after: Option<ClosureId>,
    limit: i64,
) -> QueryResult<Vec<Closure>> {
    let mut found = closures::table
        .filter(closures::canteen_id.eq(canteen))
        .filter(closures::to_on.ge(from_on))
        .order(closures::id)
        .limit(limit)
        .select(ClosureRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        found = found.filter(closures::id.gt(after));
    }
    Ok(found.load(conn)?.into_iter().map(ClosureRow::closure).collect())
}
