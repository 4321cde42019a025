//! Counters of what changes seldom and shows in many answers: whether an answer that somebody holds is still right, is
//! told from them without making it again.
//!
//! An act that changes such a thing counts it within its own transaction. The row is held until the commit, so two acts
//! never leave the same number behind, and whoever sees a number sees everything that was counted until it.

use diesel::prelude::*;

use crate::{
    db::{Conn, schema::counters},
    kept, words,
};

words! {
    /// What is counted.
    pub enum Counter {
        /// The names by which people are called.
        Names = "names",
        /// Which policies are in force, and what the kinds of facts are called.
        Policies = "policies",
        /// How many canteens there ever were: each is numbered by it.
        Canteens = "canteens",
    }
}

/// Counts a change; to be done last, as every such act takes this row.
pub fn count(conn: &mut Conn, counter: Counter) -> QueryResult<()> {
    diesel::update(counters::table.find(counter))
        .set(counters::changes.eq(counters::changes + 1))
        .execute(conn)
        .map(|_| ())
}

/// How many changes were counted.
pub fn of(conn: &mut Conn, counter: Counter) -> QueryResult<i64> {
    kept!(conn, get_result, counters::table.find(counter).select(counters::changes))
}
