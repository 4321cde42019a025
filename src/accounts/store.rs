//! The statements on `accounts`.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Account, Changes, Credentials, NewAccount, ONE_TIME_LIFE};
use crate::{
    access::{Actor, Principal},
    audit::Place,
    clock::At,
    db::{
        Both, Conn,
        schema::{accounts, residents},
    },
    id::Id,
    ids::{AccountId, ResidentId},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
struct AccountRow {
    id: AccountId,
    user_name: String,
    display_name: String,
    phone: Option<String>,
    password_expires_at: Option<At>,
    suspended_at: Option<At>,
    created_at: At,
    version: i32,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Account {
        Account {
            id: row.id,
            user_name: row.user_name,
            display_name: row.display_name,
            phone: row.phone,
            password_expires_at: row.password_expires_at,
            suspended_at: row.suspended_at,
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// Writes an account; nothing when its user name is taken.
pub(super) fn insert(conn: &mut Conn, new: &NewAccount, now: At) -> QueryResult<Option<Account>> {
    let id = Id::new(now);
    let written = Both(
        diesel::insert_into(accounts::table)
            .values((
                accounts::id.eq(id),
                accounts::user_name.eq(new.user_name.as_str()),
                accounts::display_name.eq(new.display_name.as_str()),
                accounts::phone.eq(new.phone.as_ref().map(|phone| phone.as_str())),
                accounts::password_hash.eq(&new.password_hash),
                accounts::password_expires_at.eq(new.password_expires_at),
                accounts::created_at.eq(now),
                accounts::version.eq(1),
            ))
            .on_conflict(accounts::user_name)
            .do_nothing(),
    )
    .execute(conn)?;
    if written == 1 { find(conn, id) } else { Ok(None) }
}

/// The account with this id.
pub(super) fn find(conn: &mut Conn, id: AccountId) -> QueryResult<Option<Account>> {
    let row = accounts::table.find(id).select(AccountRow::as_select()).first(conn).optional()?;
    Ok(row.map(Account::from))
}

/// The account with this user name.
pub(super) fn find_by_name(conn: &mut Conn, user_name: &str) -> QueryResult<Option<Account>> {
    let named = accounts::table.filter(accounts::user_name.eq(user_name));
    let row = named.select(AccountRow::as_select()).first(conn).optional()?;
    Ok(row.map(Account::from))
}

/// At most `limit` accounts after the one with the id `after`, by id.
pub(super) fn list(conn: &mut Conn, after: Option<AccountId>, limit: i64) -> QueryResult<Vec<Account>> {
    let mut page =
        accounts::table.order(accounts::id).select(AccountRow::as_select()).limit(limit).into_boxed();
    if let Some(after) = after {
        page = page.filter(accounts::id.gt(after));
    }
    let rows: Vec<AccountRow> = page.load(conn)?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// The accounts with these ids, by id.
pub(super) fn of_ids(conn: &mut Conn, ids: &[AccountId]) -> QueryResult<Vec<Account>> {
    let rows: Vec<AccountRow> = accounts::table
        .filter(accounts::id.eq_any(ids.iter().copied()))
        .order(accounts::id)
        .select(AccountRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// What a sign-in under this user name is checked against.
pub(super) fn credentials(conn: &mut Conn, user_name: &str) -> QueryResult<Option<Credentials>> {
    let found: Option<(AccountId, String, Option<At>, Option<At>)> = accounts::table
        .filter(accounts::user_name.eq(user_name))
        .select((
            accounts::id,
            accounts::password_hash,
            accounts::password_expires_at,
            accounts::suspended_at,
        ))
        .first(conn)
        .optional()?;
    Ok(found.map(|(account, password_hash, password_expires_at, suspended_at)| Credentials {
        account,
        password_hash,
        password_expires_at,
        suspended: suspended_at.is_some(),
        place: Place::default(),
    }))
}

/// The hash of an account's password.
pub(super) fn password_hash(conn: &mut Conn, id: AccountId) -> QueryResult<Option<String>> {
    accounts::table.find(id).select(accounts::password_hash).first(conn).optional()
}

/// Replaces a password. False when its hash is no longer `present`.
pub(super) fn replace_password(
    conn: &mut Conn,
    id: AccountId,
    present: &str,
    new: &str,
) -> QueryResult<bool> {
    let unchanged = accounts::table.filter(accounts::id.eq(id)).filter(accounts::password_hash.eq(present));
    let never = None::<At>;
    let replaced = diesel::update(unchanged)
        .set((accounts::password_hash.eq(new), accounts::password_expires_at.eq(never)))
        .execute(conn)?;
    Ok(replaced == 1)
}

#[derive(AsChangeset)]
#[diesel(table_name = accounts)]
struct ChangedRow<'a> {
    display_name: Option<&'a str>,
    phone: Option<Option<&'a str>>,
    password_hash: Option<&'a str>,
    password_expires_at: Option<At>,
    suspended_at: Option<Option<At>>,
    version: i32,
}

/// Changes an account in place of the version `seen`. False when it has another one by now.
pub(super) fn update(
    conn: &mut Conn,
    id: AccountId,
    changes: &Changes,
    seen: i32,
    now: At,
) -> QueryResult<bool> {
    let row = ChangedRow {
        display_name: changes.display_name.as_ref().map(|name| name.as_str()),
        phone: changes.phone.as_ref().map(|phone| phone.as_ref().map(|phone| phone.as_str())),
        password_hash: changes.password_hash.as_deref(),
        password_expires_at: changes.password_hash.as_ref().map(|_| now + ONE_TIME_LIFE),
        suspended_at: changes.suspended.map(|suspended| suspended.then_some(now)),
        version: seen + 1,
    };
    let unchanged = accounts::table.filter(accounts::id.eq(id)).filter(accounts::version.eq(seen));
    Ok(diesel::update(unchanged).set(row).execute(conn)? == 1)
}

/// Counts a change of an account's grants. False when there is no such account.
pub(super) fn touch(conn: &mut Conn, id: AccountId) -> QueryResult<bool> {
    let touched = diesel::update(accounts::table.find(id))
        .set(accounts::version.eq(accounts::version + 1))
        .execute(conn)?;
    Ok(touched == 1)
}

/// The names of accounts and residents. The one statement here that reads residents: whoever asks by whom something was
/// done does not know which of the two it was.
pub(super) fn names(conn: &mut Conn, actors: &[Actor]) -> QueryResult<HashMap<Actor, String>> {
    let account_ids = actors.iter().filter_map(|actor| actor.account());
    let accounts: Vec<(AccountId, String)> = accounts::table
        .filter(accounts::id.eq_any(account_ids))
        .select((accounts::id, accounts::display_name))
        .load(conn)?;
    let resident_ids = actors.iter().filter_map(|actor| actor.resident());
    let residents: Vec<(ResidentId, String)> = residents::table
        .filter(residents::id.eq_any(resident_ids))
        .select((residents::id, residents::full_name))
        .load(conn)?;
    let accounts = accounts.into_iter().map(|(id, name)| (Principal::Account(id).into(), name));
    let residents = residents.into_iter().map(|(id, name)| (Principal::Resident(id).into(), name));
    Ok(accounts.chain(residents).collect())
}
