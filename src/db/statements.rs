//! Statements that diesel does not know how to say on both databases, and those that stay prepared on a connection.
//!
//! A statement of one text is [`kept!`](crate::kept), an update [`changed!`](crate::changed), one with a list in it
//! [`Kept`]. What is asked seldom needs none of them.

use std::{
    any::TypeId,
    collections::BTreeMap,
    marker::PhantomData,
    sync::{Mutex, PoisonError},
};

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    pg::Pg,
    query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId},
    sql_types::{BigInt, Nullable, Text},
    sqlite::Sqlite,
};

use super::conn::{Conn, MultiBackend};

/// A statement that both databases understand but the derive of [`Conn`] leaves out: anything with `on_conflict`. When
/// rows are to come back, it says `.returning(…)`.
pub struct Both<T>(
    /// The statement.
    pub T,
);

impl<T: QueryFragment<Pg> + QueryFragment<Sqlite>> QueryFragment<MultiBackend> for Both<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(&self.0, pass)
    }
}

impl<T> QueryId for Both<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T: Query> Query for Both<T> {
    type SqlType = T::SqlType;
}

impl<T> RunQueryDsl<Conn> for Both<T> {}

/// A statement that is kept prepared on each connection and found again by its text, where diesel would prepare it every time:
/// one with a list. There must be few texts of it. What has one text is [`kept!`](crate::kept).
///
/// Only what answers rows is kept so, as diesel asks of what does not whether it may be kept before it comes here: updates are
/// [`changed!`](crate::changed).
pub struct Kept<T>(
    /// The statement.
    pub T,
);

impl<DB: Backend, T: QueryFragment<DB>> QueryFragment<DB> for Kept<T> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

// Without an id of its type it is found again by its text.
impl<T> QueryId for Kept<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T: Query> Query for Kept<T> {
    type SqlType = T::SqlType;
}

impl<T, C> RunQueryDsl<C> for Kept<T> {}

/// A statement that is kept prepared and found again by its place in the program, without being written out. Only
/// [`kept!`](crate::kept) makes it, with a place of its own.
pub struct KeptAt<Place, T> {
    place: PhantomData<fn() -> Place>,
    statement: T,
}

impl<Place: 'static, T> KeptAt<Place, T> {
    /// The statement at this place, whose text is always the same.
    pub fn new(statement: T) -> KeptAt<Place, T> {
        KeptAt { place: PhantomData, statement }
    }
}

impl<Place: 'static, T, DB> QueryFragment<DB> for KeptAt<Place, T>
where
    DB: Backend<QueryBuilder: Default> + 'static,
    T: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(pass)
    }

    /// Panics, in builds with debug assertions, when the place had another text before: that would be run instead.
    fn is_safe_to_cache_prepared(&self, backend: &DB) -> QueryResult<bool> {
        if cfg!(debug_assertions) {
            static TEXTS: Mutex<BTreeMap<(TypeId, TypeId), String>> = Mutex::new(BTreeMap::new());
            let mut text = DB::QueryBuilder::default();
            self.statement.to_sql(&mut text, backend)?;
            let text = text.finish();
            let place = (TypeId::of::<Place>(), TypeId::of::<DB>());
            let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
            let first = texts.entry(place).or_insert_with(|| text.clone()).clone();
            drop(texts);
            assert_eq!(first, text, "one place, two statements");
        }
        Ok(true)
    }
}

impl<Place: 'static, T> QueryId for KeptAt<Place, T> {
    type QueryId = Place;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Place, T: Query> Query for KeptAt<Place, T> {
    type SqlType = T::SqlType;
}

impl<Place, T, C> RunQueryDsl<C> for KeptAt<Place, T> {}

/// Runs `$statement` with `$c` bound to the connection of the database in use: for what is asked often, as diesel's
/// `MultiConnection` writes each statement out two or three times before it runs; and for what not even
/// [`Both`](crate::db::Both) can carry, the insertion of several rows at once.
///
/// The rows' struct says `#[diesel(treat_none_as_default_value = false)]`. A statement has at most 32 766 values (rows
/// times columns).
#[macro_export]
macro_rules! each {
    ($conn:expr, $c:ident => $statement:expr) => {
        match $conn {
            $crate::db::Conn::Pg($c) => $statement,
            $crate::db::Conn::Sqlite($c) => $statement,
        }
    };
}

/// Runs a statement of one text (`load`, `get_result`, or `execute` for an insertion), which is prepared once on each connection
/// and then found again without being written out. Nothing in it may come and go: no lists, no parts that are there only
/// sometimes.
#[macro_export]
macro_rules! kept {
    ($conn:expr, $how:ident, $statement:expr) => {
        match $conn {
            $crate::db::Conn::Pg(c) => {
                enum Here {}
                diesel::RunQueryDsl::$how($crate::db::KeptAt::<Here, _>::new($statement), c)
            }
            $crate::db::Conn::Sqlite(c) => {
                enum Here {}
                diesel::RunQueryDsl::$how($crate::db::KeptAt::<Here, _>::new($statement), c)
            }
        }
    };
}

/// How many rows a statement of one text changed: an update, or an insertion that updates. It is kept as [`kept!`](crate::kept)
/// does, for which it has to answer a row for each.
#[macro_export]
macro_rules! changed {
    ($conn:expr, $statement:expr) => {
        $crate::kept!(
            $conn,
            load,
            $statement.returning(diesel::IntoSql::into_sql::<diesel::sql_types::Integer>(1))
        )
        .map(|rows: Vec<i32>| rows.len())
    };
}

/// As [`changed!`](crate::changed), for an insertion of a few rows: in one statement where each costs a trip, else of one row
/// after the other by the one that is prepared already. In `$statement`, `$values` are what is inserted and `$rows` a slice
/// of the same.
#[macro_export]
macro_rules! changed_few {
    ($conn:expr, $all:expr, |$values:ident, $rows:ident| $statement:expr) => {{
        let all = $all;
        match $conn {
            _ if all.is_empty() => Ok(0),
            $crate::db::Conn::Pg(c) => {
                let ($values, $rows) = (&all, &all[..]);
                let answering =
                    $statement.returning(diesel::IntoSql::into_sql::<diesel::sql_types::Integer>(1));
                $crate::db::Kept(answering).load(c).map(|changed: Vec<i32>| changed.len())
            }
            $crate::db::Conn::Sqlite(c) => all.iter().try_fold(0, |sum, row| {
                enum Here {}
                let ($values, $rows) = (row, std::slice::from_ref(row));
                let answering =
                    $statement.returning(diesel::IntoSql::into_sql::<diesel::sql_types::Integer>(1));
                let kept = $crate::db::KeptAt::<Here, _>::new(answering);
                kept.load(c).map(|changed: Vec<i32>| sum + changed.len())
            }),
        }
    }};
}

/// Inserts a few rows of what `#[diesel(treat_none_as_default_value = false)]` says: in one statement where each costs a
/// trip, else one after the other by the one that is prepared already.
#[macro_export]
macro_rules! insert_few {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let rows = $rows;
        match $conn {
            _ if rows.is_empty() => Ok(()),
            $crate::db::Conn::Pg(c) => {
                // Answering rows, it is prepared once for each number of them.
                let inserted = diesel::insert_into($table)
                    .values(&rows)
                    .returning(diesel::IntoSql::into_sql::<diesel::sql_types::Integer>(1));
                $crate::db::Kept(inserted).load(c).map(|_: Vec<i32>| ())
            }
            $crate::db::Conn::Sqlite(c) => rows.iter().try_for_each(|row| {
                enum Here {}
                let insertion = diesel::insert_into($table).values(row);
                $crate::db::KeptAt::<Here, _>::new(insertion).execute(c).map(|_| ())
            }),
        }
    }};
}

/// One of our own words as a part of the statement instead of one of its values. Where an index covers only the rows with
/// that word, it is used for nothing else; and SQLite would prepare the statement anew for every value that it is told.
pub fn written(word: &'static str) -> Written {
    Written(word)
}

/// What [`written`] makes.
#[derive(Clone, Copy, Debug)]
pub struct Written(&'static str);

impl Expression for Written {
    type SqlType = Text;
}

impl<DB: Backend> QueryFragment<DB> for Written {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("'");
        pass.push_sql(self.0);
        pass.push_sql("'");
        Ok(())
    }
}

impl QueryId for Written {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Source> SelectableExpression<Source> for Written {}

impl<Source> AppearsOnTable<Source> for Written {}

impl<Grouping> ValidGrouping<Grouping> for Written {
    type IsAggregate = is_aggregate::Never;
}

/// The sum of a `BIGINT` expression over the rows, as a `BIGINT`; `NULL` when there are none.
///
/// Diesel's own `sum` answers a decimal number on PostgreSQL.
pub fn total<E: Expression>(amount: E) -> Total<E> {
    Total(amount)
}

/// What [`total`] makes.
#[derive(Clone, Copy, Debug, QueryId)]
pub struct Total<E>(E);

impl<E: Expression> Expression for Total<E> {
    type SqlType = Nullable<BigInt>;
}

impl<E: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for Total<E> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        pass.push_sql("CAST(SUM(");
        self.0.walk_ast(pass.reborrow())?;
        pass.push_sql(") AS BIGINT)");
        Ok(())
    }
}

impl<E, Source> SelectableExpression<Source> for Total<E>
where
    E: SelectableExpression<Source>,
    Total<E>: AppearsOnTable<Source>,
{
}

impl<E: AppearsOnTable<Source>, Source> AppearsOnTable<Source> for Total<E> where Total<E>: Expression {}

impl<E, Grouping> ValidGrouping<Grouping> for Total<E> {
    type IsAggregate = is_aggregate::Yes;
}

#[cfg(test)]
mod tests {
    use diesel::{
        Connection as _, ExpressionMethods as _, QueryDsl as _, SqliteConnection,
        connection::SimpleConnection as _,
    };

    use super::*;

    diesel::table! {
        things (id) { id -> Integer, }
    }

    fn those(conn: &mut Conn, wanted: &[i32]) -> QueryResult<Vec<i32>> {
        kept!(conn, load, things::table.select(things::id).filter(things::id.eq_any(wanted)))
    }

    fn things() -> Conn {
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        conn.batch_execute(
            "CREATE TABLE things (id INTEGER PRIMARY KEY); INSERT INTO things VALUES (1), (2)",
        )
        .unwrap();
        Conn::Sqlite(conn)
    }

    #[test]
    fn a_place_says_its_statement_again_with_other_values() {
        let mut conn = things();
        assert_eq!(those(&mut conn, &[1]).unwrap(), [1]);
        assert_eq!(those(&mut conn, &[2]).unwrap(), [2]);
    }

    #[test]
    #[should_panic(expected = "one place, two statements")]
    fn a_place_that_says_two_statements_is_found_by_the_tests() {
        let mut conn = things();
        those(&mut conn, &[1]).unwrap();
        drop(those(&mut conn, &[1, 2]));
    }
}
