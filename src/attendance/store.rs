//! The statements on `attendances` and `attendance_refusals`.

use diesel::prelude::*;

use super::{Attendance, AttendanceStatus, Decision, KnownBy, Refusal, Said};
use crate::{
    access::{Actor, ActorKind},
    clock::At,
    db::{
        Both, Conn, Json,
        schema::{attendance_refusals, attendances},
        total, written,
    },
    guards,
    ids::{AnyoneId, AttendanceId, DeviceId, MenuId, QuoteId, ReservationId, ResidentId, TapId},
    kept,
    menus::Pick,
    money::Fen,
    words::{MealClass, Mode},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = attendances, treat_none_as_default_value = false)]
struct Row {
    id: AttendanceId,
    tap_id: TapId,
    request_hash: String,
    menu_id: MenuId,
    resident_id: Option<ResidentId>,
    reservation_id: Option<ReservationId>,
    class: MealClass,
    mode: Mode,
    status: AttendanceStatus,
    known_by: KnownBy,
    lines: Json<Vec<Pick>>,
    diet_tags: Json<Vec<String>>,
    seated: bool,
    served_at: At,
    recorded_at: At,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
    device_id: Option<DeviceId>,
    quote_id: Option<QuoteId>,
    charge_fen: Fen,
    due_fen: Fen,
    promised_fen: Option<Fen>,
    review_word: Option<String>,
    said: Option<Json<Said>>,
    void_reason: Option<String>,
}

impl From<Row> for Attendance {
    fn from(row: Row) -> Attendance {
        Attendance {
            id: row.id,
            tap_id: row.tap_id,
            request_hash: row.request_hash,
            menu_id: row.menu_id,
            resident_id: row.resident_id,
            reservation_id: row.reservation_id,
            class: row.class,
            mode: row.mode,
            status: row.status,
            known_by: row.known_by,
            lines: row.lines.0,
            diet_tags: row.diet_tags.0,
            seated: row.seated,
            served_at: row.served_at,
            recorded_at: row.recorded_at,
            actor: Actor::from_columns(row.actor_kind, row.actor_id),
            device_id: row.device_id,
            quote_id: row.quote_id,
            charge_fen: row.charge_fen,
            due_fen: row.due_fen,
            promised_fen: row.promised_fen,
            review_word: row.review_word,
            said: row.said.map(|said| said.0),
            void_reason: row.void_reason,
        }
    }
}

fn attendances_of(rows: Vec<Row>) -> Vec<Attendance> {
    rows.into_iter().map(Attendance::from).collect()
}

/// False when this tap, or this resident's meal, was recorded meanwhile.
pub(super) fn insert(conn: &mut Conn, attendance: &Attendance) -> QueryResult<bool> {
    let row = Row {
        id: attendance.id,
        tap_id: attendance.tap_id,
        request_hash: attendance.request_hash.clone(),
        menu_id: attendance.menu_id,
        resident_id: attendance.resident_id,
        reservation_id: attendance.reservation_id,
        class: attendance.class,
        mode: attendance.mode,
        status: attendance.status,
        known_by: attendance.known_by,
        lines: Json(attendance.lines.clone()),
        diet_tags: Json(attendance.diet_tags.clone()),
        seated: attendance.seated,
        served_at: attendance.served_at,
        recorded_at: attendance.recorded_at,
        actor_kind: attendance.actor.kind(),
        actor_id: attendance.actor.id(),
        device_id: attendance.device_id,
        quote_id: attendance.quote_id,
        charge_fen: attendance.charge_fen,
        due_fen: attendance.due_fen,
        promised_fen: attendance.promised_fen,
        review_word: attendance.review_word.clone(),
        said: attendance.said.clone().map(Json),
        void_reason: attendance.void_reason.clone(),
    };
    let inserted =
        kept!(conn, execute, diesel::insert_into(attendances::table).values(&row).on_conflict_do_nothing())?;
    Ok(inserted == 1)
}

pub(super) fn by_tap(conn: &mut Conn, tap: TapId) -> QueryResult<Option<Attendance>> {
    if guards::is_off("tap_id") {
        return Ok(None);
    }
    let row: Option<Row> = kept!(
        conn,
        get_result,
        attendances::table.filter(attendances::tap_id.eq(tap)).select(Row::as_select())
    )
    .optional()?;
    Ok(row.map(Attendance::from))
}

pub(super) fn find(conn: &mut Conn, id: AttendanceId) -> QueryResult<Option<Attendance>> {
    let row: Option<Row> = attendances::table.find(id).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(Attendance::from))
}

/// What was served to a resident between two instants.
pub(super) fn of_resident(
    conn: &mut Conn,
    resident: ResidentId,
    from_at: At,
    to_at: At,
) -> QueryResult<Vec<Attendance>> {
    let rows = attendances::table
        .filter(attendances::resident_id.eq(resident))
        .filter(attendances::status.eq(AttendanceStatus::Served))
        .filter(attendances::served_at.ge(from_at))
        .filter(attendances::served_at.lt(to_at))
        .order((attendances::served_at, attendances::id))
        .select(Row::as_select())
        .load(conn)?;
    Ok(attendances_of(rows))
}

/// The resident's own meal at this menu, if it was served.
pub(super) fn served_meal(
    conn: &mut Conn,
    menu: MenuId,
    resident: ResidentId,
) -> QueryResult<Option<Attendance>> {
    let row: Option<Row> = kept!(
        conn,
        get_result,
        attendances::table
            .filter(attendances::menu_id.eq(menu))
            .filter(attendances::resident_id.eq(resident))
            .filter(attendances::class.eq(written(MealClass::Meal.as_str())))
            .filter(attendances::status.eq(written(AttendanceStatus::Served.as_str())))
            .select(Row::as_select())
    )
    .optional()?;
    Ok(row.map(Attendance::from))
}

pub(super) fn of_menu(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<Attendance>> {
    kept!(
        conn,
        load,
        attendances::table
            .filter(attendances::menu_id.eq(menu))
            .filter(attendances::status.ne(AttendanceStatus::Voided))
            .order(attendances::id)
            .select(Row::as_select())
    )
    .map(attendances_of)
}

pub(super) fn all_of_menus(conn: &mut Conn, menus: &[MenuId]) -> QueryResult<Vec<Attendance>> {
    attendances::table
        .filter(attendances::menu_id.eq_any(menus.iter().copied()))
        .order(attendances::id)
        .select(Row::as_select())
        .load(conn)
        .map(attendances_of)
}

pub(super) fn waiting(conn: &mut Conn, menu: MenuId) -> QueryResult<Vec<Attendance>> {
    attendances::table
        .filter(attendances::menu_id.eq(menu))
        .filter(attendances::status.eq(written(AttendanceStatus::Review.as_str())))
        .order(attendances::id)
        .select(Row::as_select())
        .load(conn)
        .map(attendances_of)
}

/// Every menu at which the resident was served, or waits for review.
pub(super) fn menus_of(conn: &mut Conn, resident: ResidentId) -> QueryResult<Vec<MenuId>> {
    attendances::table
        .filter(attendances::resident_id.eq(resident))
        .filter(attendances::status.ne(AttendanceStatus::Voided))
        .select(attendances::menu_id)
        .load(conn)
}

/// Every menu at which something waits for review.
pub(super) fn menus_waiting(conn: &mut Conn) -> QueryResult<Vec<MenuId>> {
    attendances::table
        .filter(attendances::status.eq(written(AttendanceStatus::Review.as_str())))
        .select(attendances::menu_id)
        .distinct()
        .load(conn)
}

/// False when it does not wait for review any more.
pub(super) fn resolve(
    conn: &mut Conn,
    resolved: &Attendance,
    decision: Decision,
    by: Actor,
    now: At,
) -> QueryResult<bool> {
    let waiting =
        attendances::table.find(resolved.id).filter(attendances::status.eq(AttendanceStatus::Review));
    let updated = diesel::update(waiting)
        .set((
            attendances::status.eq(resolved.status),
            attendances::resident_id.eq(resolved.resident_id),
            attendances::reservation_id.eq(resolved.reservation_id),
            attendances::class.eq(resolved.class),
            attendances::mode.eq(resolved.mode),
            attendances::promised_fen.eq(resolved.promised_fen),
            attendances::lines.eq(Json(resolved.lines.clone())),
            attendances::diet_tags.eq(Json(resolved.diet_tags.clone())),
            attendances::quote_id.eq(resolved.quote_id),
            attendances::charge_fen.eq(resolved.charge_fen),
            attendances::due_fen.eq(resolved.due_fen),
            attendances::resolution.eq(decision.as_str()),
            attendances::resolved_at.eq(now),
            attendances::settled_by_kind.eq(by.kind().as_str()),
            attendances::settled_by_id.eq(by.id()),
        ))
        .execute(conn)?;
    Ok(updated == 1)
}

/// False when it was voided before.
pub(super) fn void(conn: &mut Conn, id: AttendanceId, reason: &str, by: Actor, now: At) -> QueryResult<bool> {
    let standing = attendances::table.find(id).filter(attendances::status.ne(AttendanceStatus::Voided));
    let voided = diesel::update(standing)
        .set((
            attendances::status.eq(AttendanceStatus::Voided),
            attendances::voided_at.eq(now),
            attendances::void_reason.eq(reason),
            attendances::settled_by_kind.eq(by.kind().as_str()),
            attendances::settled_by_id.eq(by.id()),
        ))
        .execute(conn)?;
    Ok(voided == 1)
}

pub(super) fn insert_refusal(conn: &mut Conn, refusal: &Refusal, word: &str, now: At) -> QueryResult<()> {
    Both(
        diesel::insert_into(attendance_refusals::table)
            .values((
                attendance_refusals::said_hash.eq(refusal.said_hash()),
                attendance_refusals::word.eq(word),
                attendance_refusals::said.eq(refusal.said()),
                attendance_refusals::tap_id.eq(refusal.tap_id),
                attendance_refusals::menu_id.eq(refusal.menu_id),
                attendance_refusals::resident_id.eq(refusal.resident_id),
                attendance_refusals::tapped_at.eq(refusal.tapped_at),
                attendance_refusals::recorded_at.eq(now),
                attendance_refusals::actor_kind.eq(refusal.by.actor.kind()),
                attendance_refusals::actor_id.eq(refusal.by.actor.id()),
                attendance_refusals::device_id.eq(refusal.by.device),
            ))
            .on_conflict_do_nothing(),
    )
    .execute(conn)
    .map(|_| ())
}

pub(super) fn takings(conn: &mut Conn, menus: &[MenuId]) -> QueryResult<(i64, Option<Fen>, Option<Fen>)> {
    attendances::table
        .filter(attendances::menu_id.eq_any(menus.to_vec()))
        .filter(attendances::status.eq(AttendanceStatus::Served))
        .select((diesel::dsl::count_star(), total(attendances::charge_fen), total(attendances::due_fen)))
        .first(conn)
}
