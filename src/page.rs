//! Lists, a page at a time: `?limit=` and an opaque `?cursor=`, ordered by id.
//!
//! A page starts behind the row that the page before it ended with, so that rows which come or go meanwhile neither
//! repeat nor hide others. A list's query type has `limit: Option<Limit>` and `cursor: Option<Cursor>` beside its
//! filters and makes a [`Window`] of them; a list without filters takes [`PageQuery`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    id::Id,
    problem::{Code, Problem},
    text::{Cursor, Whole},
};

/// How many items a page has at most.
pub type Limit = Whole<1, 200>;

const DEFAULT_LIMIT: i32 = 50;

/// The query of a list without filters.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// How many items at most; 50 where nothing is said.
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<Cursor>,
}

impl PageQuery {
    /// Fails with `bad_cursor`.
    pub fn window<T>(&self) -> Result<Window<T>, Problem> {
        Window::new(self.limit, self.cursor.as_deref())
    }
}

/// The part of a list that a page shows.
#[derive(Debug)]
pub struct Window<T> {
    after: Option<Id<T>>,
    limit: usize,
}

// Derives would demand of `T` what only its id needs.
impl<T> Clone for Window<T> {
    fn clone(&self) -> Window<T> {
        *self
    }
}
impl<T> Copy for Window<T> {}

impl<T> Window<T> {
    /// The page that `cursor` leads to, or the first one.
    ///
    /// Fails with `bad_cursor` when the cursor is not one of ours.
    pub fn new(limit: Option<Limit>, cursor: Option<&str>) -> Result<Window<T>, Problem> {
        let after = cursor.map(parse_cursor).transpose()?;
        Ok(Window { after, limit: limit.map_or(DEFAULT_LIMIT, Limit::get) as usize })
    }

    /// The id that the page before ended with: rows have to come behind it.
    pub fn after(&self) -> Option<Id<T>> {
        self.after
    }

    /// How many rows to ask the database for: one more than the page shows, to know whether there is a next one.
    pub fn rows(&self) -> i64 {
        self.limit as i64 + 1
    }

    /// The page made of the rows that were found, in their order.
    pub fn page<R>(&self, mut rows: Vec<R>, id: impl Fn(&R) -> Id<T>) -> Page<R> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next = rows.last().filter(|_| more).map(|last| hex::encode(id(last).uuid().as_bytes()));
        Page { items: rows, next }
    }
}

fn parse_cursor<T>(cursor: &str) -> Result<Id<T>, Problem> {
    let bytes = hex::decode(cursor).map_err(|_| Problem::new(Code::BadCursor))?;
    Uuid::from_slice(&bytes).map(Id::from_uuid).map_err(|_| Problem::new(Code::BadCursor))
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of something made from each item.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(make).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::At, ids::Menu};

    fn ids(count: usize) -> Vec<Id<Menu>> {
        (0..count).map(|_| Id::new(At::new(chrono::DateTime::UNIX_EPOCH))).collect()
    }

    fn window(limit: i32, cursor: Option<&str>) -> Window<Menu> {
        Window::new(serde_json::from_value(limit.into()).unwrap(), cursor).unwrap()
    }

    #[test]
    fn a_page_leads_to_the_row_behind_its_last() {
        let rows = ids(3);
        let page = window(2, None).page(rows.clone(), |id| *id);
        assert_eq!(page.items, rows[..2]);
        assert_eq!(window(2, page.next.as_deref()).after(), Some(rows[1]));
    }

    #[test]
    fn the_last_page_leads_nowhere() {
        assert_eq!(window(2, None).page(ids(2), |id| *id).next, None);
    }

    #[test]
    fn a_cursor_that_is_not_ours_is_refused() {
        for bad in ["", "zz", "00", "next"] {
            assert_eq!(Window::<Menu>::new(None, Some(bad)).unwrap_err().code, Code::BadCursor);
        }
    }
}
