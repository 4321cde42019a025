//! Every kind of value comes back as it went in, and the idioms of statements that differ between databases work.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use diesel::{connection::SimpleConnection, dsl::insert_into, prelude::*, upsert::excluded};
use leling::{
    clock::{At, Clock},
    db::{Both, Conn, Db, Fail, Fault, Json, total},
    each,
    id::{Id, random_bytes},
    money::Fen,
};
use serde::{Deserialize, Serialize};

diesel::table! {
    things (id) {
        id -> leling::db::DbUuid,
        parent_id -> Nullable<leling::db::DbUuid>,
        name -> Text,
        fen -> BigInt,
        made_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        day_on -> Date,
        opens -> Time,
        open -> Bool,
        hash -> Nullable<Binary>,
        facts -> Text,
    }
}

pub const THINGS: &str = "CREATE TABLE things (
    id UUID PRIMARY KEY NOT NULL,
    parent_id UUID REFERENCES things,
    name TEXT NOT NULL UNIQUE,
    fen BIGINT NOT NULL CHECK (fen >= 0),
    made_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    day_on DATE NOT NULL,
    opens TIME NOT NULL,
    open BOOLEAN NOT NULL,
    hash BYTEA,
    facts TEXT NOT NULL
)";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Facts {
    diets: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = things, treat_none_as_default_value = false)]
struct Thing {
    id: Id<Thing>,
    parent_id: Option<Id<Thing>>,
    name: String,
    fen: Fen,
    made_at: At,
    ended_at: Option<At>,
    day_on: NaiveDate,
    opens: NaiveTime,
    open: bool,
    hash: Option<Vec<u8>>,
    facts: Json<Facts>,
}

fn thing(name: &str) -> Thing {
    let now = Clock::system().now();
    Thing {
        id: Id::new(now),
        parent_id: None,
        name: name.into(),
        fen: Fen(450),
        made_at: now,
        ended_at: Some(now + TimeDelta::microseconds(1)),
        day_on: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
        opens: NaiveTime::from_hms_opt(10, 30, 0).unwrap(),
        open: true,
        hash: Some(random_bytes::<32>().to_vec()),
        facts: Json(Facts { diets: vec!["清淡".into()] }),
    }
}

/// The database with the table `things`.
async fn with_things(db: &TestDb) -> Db {
    let db = db.open();
    write(&db, |conn| Ok(conn.batch_execute(THINGS)?)).await;
    db
}

async fn write<T: Send + 'static>(
    db: &Db,
    act: impl Fn(&mut Conn) -> Result<T, Fail<Fault>> + Send + 'static,
) -> T {
    db.write(act).await.unwrap()
}

use crate::support::TestDb;

on_both! {
    async fn a_row_comes_back_as_it_went_in(db: TestDb) {
        let db = with_things(&db).await;
        write(&db, |conn| {
            let one = thing("one");
            let mut two = Thing { parent_id: Some(one.id), ended_at: None, hash: None, ..thing("two") };
            insert_into(things::table).values(&one).execute(conn)?;
            insert_into(things::table).values(&two).execute(conn)?;
            let all: Vec<Thing> = things::table.order(things::id).select(Thing::as_select()).load(conn)?;
            assert_eq!(all, [one, two.clone()]);

            two.fen = Fen(0);
            diesel::update(things::table.find(two.id)).set(&two).execute(conn)?;
            assert_eq!(things::table.find(two.id).first::<Thing>(conn)?, two);
            Ok(())
        })
        .await;
    }

    async fn ids_and_instants_filter(db: TestDb) {
        let db = with_things(&db).await;
        write(&db, |conn| {
            let (one, two) = (thing("one"), thing("two"));
            let rows = [one.clone(), Thing { parent_id: Some(one.id), ended_at: None, ..two.clone() }];
            each!(conn, c => insert_into(things::table).values(&rows).execute(c))?;
            let names = |rows: Vec<Thing>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
            let either = things::table.filter(things::id.eq_any([one.id, two.id]));
            assert_eq!(either.count().get_result::<i64>(conn)?, 2);
            let none: Vec<Id<Thing>> = Vec::new();
            assert_eq!(things::table.filter(things::id.eq_any(none)).count().get_result::<i64>(conn)?, 0);
            let child = things::table.filter(things::parent_id.eq(one.id)).load(conn)?;
            assert_eq!(names(child), ["two"]);
            let child = things::table.filter(things::parent_id.eq(Some(one.id))).load(conn)?;
            assert_eq!(names(child), ["two"]);
            let ended = things::table.filter(things::ended_at.gt(one.made_at)).load(conn)?;
            assert_eq!(names(ended), ["one"]);
            let parents = things::table.filter(things::parent_id.is_null().and(things::made_at.le(one.made_at)));
            assert_eq!(names(parents.load(conn)?), ["one"]);
            Ok(())
        })
        .await;
    }

    async fn rows_go_in_together_and_are_summed(db: TestDb) {
        let db = with_things(&db).await;
        write(&db, |conn| {
            let sum = things::table.select(total(things::fen)).first::<Option<Fen>>(conn)?;
            assert_eq!(sum, None);
            let rows: Vec<Thing> = ["one", "two", "three"].map(thing).into();
            assert_eq!(each!(conn, c => insert_into(things::table).values(&rows).execute(c))?, 3);
            let sums: Vec<(bool, Option<Fen>)> =
                things::table.group_by(things::open).select((things::open, total(things::fen))).load(conn)?;
            assert_eq!(sums, [(true, Some(Fen(1350)))]);
            Ok(())
        })
        .await;
    }

    async fn a_row_that_is_there_is_left_or_replaced_as_the_statement_says(db: TestDb) {
        let db = with_things(&db).await;
        write(&db, |conn| {
            let (first, second) = (thing("one"), Thing { fen: Fen(7), ..thing("one") });
            insert_into(things::table).values(&first).execute(conn)?;
            let left = Both(insert_into(things::table).values(&second).on_conflict(things::name).do_nothing());
            assert_eq!(left.execute(conn)?, 0);
            let replaced: Thing = Both(
                insert_into(things::table)
                    .values(&second)
                    .on_conflict(things::name)
                    .do_update()
                    .set(things::fen.eq(excluded(things::fen)))
                    .returning(things::all_columns),
            )
            .get_result(conn)?;
            assert_eq!((replaced.id, replaced.fen), (first.id, Fen(7)));
            let rows = vec![second, thing("two")];
            let new = each!(conn, c => insert_into(things::table).values(&rows).on_conflict_do_nothing().execute(c))?;
            assert_eq!(new, 1);
            Ok(())
        })
        .await;
    }

    async fn a_guarded_update_tells_by_its_count(db: TestDb) {
        let db = with_things(&db).await;
        write(&db, |conn| {
            let one = thing("one");
            insert_into(things::table).values(&one).execute(conn)?;
            let take = |fen: i64| {
                diesel::update(things::table.find(one.id).filter(things::fen.ge(fen)))
                    .set(things::fen.eq(things::fen - fen))
            };
            assert_eq!(take(400).execute(conn)?, 1);
            assert_eq!(take(400).execute(conn)?, 0);
            let left: Fen = take(50).returning(things::fen).get_result(conn)?;
            assert_eq!(left, Fen(0));
            Ok(())
        })
        .await;
    }
}
