//! The statements on `policies`.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde_json::Value;

use super::{PolicyStatus, PolicyVersion};
use crate::{
    access::Actor,
    clock::At,
    db::{Conn, Json, Kept, schema::policies},
    each,
    ids::PolicyId,
    words::Area,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = policies)]
struct Row {
    id: PolicyId,
    code: String,
    version: i32,
    area: Area,
    status: PolicyStatus,
    in_force_from: Option<NaiveDate>,
    in_force_to: Option<NaiveDate>,
    created_at: At,
    activated_at: Option<At>,
}

impl From<Row> for PolicyVersion {
    fn from(row: Row) -> PolicyVersion {
        PolicyVersion {
            id: row.id,
            code: row.code,
            version: row.version,
            area: row.area,
            status: row.status,
            in_force_from: row.in_force_from,
            in_force_to: row.in_force_to,
            created_at: row.created_at,
            activated_at: row.activated_at,
        }
    }
}

fn versions(rows: Vec<Row>) -> Vec<PolicyVersion> {
    rows.into_iter().map(PolicyVersion::from).collect()
}

pub(super) fn insert(conn: &mut Conn, version: &PolicyVersion, document: &str, by: Actor) -> QueryResult<()> {
    diesel::insert_into(policies::table)
        .values((
            policies::id.eq(version.id),
            policies::code.eq(&version.code),
            policies::version.eq(version.version),
            policies::area.eq(&version.area),
            policies::document.eq(document),
            policies::status.eq(version.status),
            policies::created_at.eq(version.created_at),
            policies::actor_kind.eq(by.kind()),
            policies::actor_id.eq(by.id()),
        ))
        .execute(conn)
        .map(|_| ())
}

pub(super) fn find(conn: &mut Conn, id: PolicyId) -> QueryResult<Option<PolicyVersion>> {
    let row: Option<Row> = policies::table.find(id).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(PolicyVersion::from))
}

pub(super) fn document(conn: &mut Conn, id: PolicyId) -> QueryResult<Value> {
    let document: Json<Value> = policies::table.find(id).select(policies::document).first(conn)?;
    Ok(document.0)
}

pub(super) fn versions_of(conn: &mut Conn, code: &str) -> QueryResult<Vec<PolicyVersion>> {
    policies::table
        .filter(policies::code.eq(code))
        .order(policies::version)
        .select(Row::as_select())
        .load(conn)
        .map(versions)
}

pub(super) fn list(conn: &mut Conn, code: Option<&str>) -> QueryResult<Vec<PolicyVersion>> {
    let mut query = policies::table
        .order((policies::code, policies::version))
        .select(Row::as_select())
        .into_boxed::<crate::db::MultiBackend>();
    if let Some(code) = code {
        query = query.filter(policies::code.eq(code.to_owned()));
    }
    query.load(conn).map(versions)
}

/// Every version that was activated.
pub(super) fn active(conn: &mut Conn) -> QueryResult<Vec<PolicyVersion>> {
    policies::table
        .filter(policies::status.eq(PolicyStatus::Active))
        .select(Row::as_select())
        .load(conn)
        .map(versions)
}

/// The versions of policies for one of these areas that came into force by this day.
pub(super) fn begun(conn: &mut Conn, areas: &[Area], on: NaiveDate) -> QueryResult<Vec<PolicyVersion>> {
    each!(conn, c => Kept(
        policies::table
            .filter(policies::area.eq_any(areas))
            .filter(policies::in_force_from.le(on))
            .select(Row::as_select())
    )
    .load(c))
    .map(versions)
}

/// False when it is active already.
pub(super) fn activate(
    conn: &mut Conn,
    id: PolicyId,
    from_on: NaiveDate,
    to_on: Option<NaiveDate>,
    now: At,
) -> QueryResult<bool> {
    let draft = policies::table.find(id).filter(policies::status.eq(PolicyStatus::Draft));
    let activated = diesel::update(draft)
        .set((
            policies::status.eq(PolicyStatus::Active),
            policies::in_force_from.eq(from_on),
            policies::in_force_to.eq(to_on),
            policies::activated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(activated == 1)
}
