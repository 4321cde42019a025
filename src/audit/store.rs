//! The statements on `audit_entries`. There is no update and no delete.

use diesel::{prelude::*, sql_types::Bool};
use serde_json::{Map, Value};

use super::{Deed, Kept, Listing, Place, Subject, SubjectKind};
use crate::{
    access::{Actor, ActorKind, substr},
    clock::At,
    db::{Conn, Json, MultiBackend, schema::audit_entries},
    ids::{AnyoneId, AuditEntryId, CanteenId},
    words::Area,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries)]
struct Row {
    id: AuditEntryId,
    recorded_at: At,
    actor_kind: ActorKind,
    actor_id: Option<AnyoneId>,
    deed: Deed,
    subject_kind: SubjectKind,
    subject_id: Option<AnyoneId>,
    canteen_id: Option<CanteenId>,
    area: Option<Area>,
    detail: Json<Map<String, Value>>,
    request_id: Option<String>,
    network: Option<String>,
}

impl From<Row> for Kept {
    fn from(row: Row) -> Kept {
        Kept {
            id: row.id,
            recorded_at: row.recorded_at,
            actor: Actor::from_columns(row.actor_kind, row.actor_id),
            deed: row.deed,
            subject: Subject { kind: row.subject_kind, id: row.subject_id },
            place: Place { canteen: row.canteen_id, area: row.area },
            detail: row.detail.0,
            request_id: row.request_id,
            network: row.network,
        }
    }
}

pub(super) fn insert(conn: &mut Conn, kept: &Kept) -> QueryResult<()> {
    let row = Row {
        id: kept.id,
        recorded_at: kept.recorded_at,
        actor_kind: kept.actor.kind(),
        actor_id: kept.actor.id(),
        deed: kept.deed,
        subject_kind: kept.subject.kind,
        subject_id: kept.subject.id,
        canteen_id: kept.place.canteen,
        area: kept.place.area.clone(),
        detail: Json(kept.detail.clone()),
        request_id: kept.request_id.clone(),
        network: kept.network.clone(),
    };
    diesel::insert_into(audit_entries::table).values(row).execute(conn).map(|_| ())
}

/// Those that lie in one of these areas; all of them without.
pub(super) fn list(conn: &mut Conn, areas: Option<&[Area]>, listing: &Listing) -> QueryResult<Vec<Kept>> {
    let mut query = audit_entries::table
        .order(audit_entries::id.desc())
        .limit(listing.window.rows())
        .select(Row::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(areas) = areas {
        query = query.filter(within(areas));
    }
    if let Some(kind) = listing.actor_kind {
        query = query.filter(audit_entries::actor_kind.eq(kind));
    }
    if let Some(id) = listing.actor_id {
        query = query.filter(audit_entries::actor_id.eq(id));
    }
    if let Some(deed) = listing.deed {
        query = query.filter(audit_entries::deed.eq(deed));
    }
    if let Some(kind) = listing.subject_kind {
        query = query.filter(audit_entries::subject_kind.eq(kind));
    }
    if let Some(id) = listing.subject_id {
        query = query.filter(audit_entries::subject_id.eq(id));
    }
    if let Some(from_at) = listing.from_at {
        query = query.filter(audit_entries::recorded_at.ge(from_at));
    }
    if let Some(to_at) = listing.to_at {
        query = query.filter(audit_entries::recorded_at.lt(to_at));
    }
    if let Some(before) = listing.window.after() {
        query = query.filter(audit_entries::id.lt(before));
    }
    let rows: Vec<Row> = query.load(conn)?;
    Ok(rows.into_iter().map(Kept::from).collect())
}

type Within = Box<dyn BoxableExpression<audit_entries::table, MultiBackend, SqlType = Bool>>;

/// Whether an entry's area is one of these or lies in one.
fn within(areas: &[Area]) -> Within {
    let none: Within = Box::new(diesel::dsl::sql::<Bool>("1 = 0"));
    areas.iter().fold(none, |within, area| {
        // Not LIKE: it takes `a` for `A` on SQLite, and rights hang on this.
        let inside = format!("{}/", area.path());
        let length = i32::try_from(inside.chars().count()).unwrap_or(i32::MAX);
        let same = audit_entries::area.assume_not_null().eq(area.clone());
        let inner = substr(audit_entries::area, 1, length).assume_not_null().eq(inside);
        Box::new(within.or(audit_entries::area.is_not_null().and(same.or(inner))))
    })
}
