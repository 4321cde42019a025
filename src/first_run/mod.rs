//! The first administrator of an installation, made in a browser by whoever reads what the program prints at its start.
//!
//! While nobody can administer the installation, every start makes a one-time code, good for an hour, and keeps its hash.
//! Whoever brings it makes the first administrator, and uses it up; from then on there is nothing to be made here.

pub mod http;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{
    accounts,
    clock::At,
    db::Conn,
    devices::EnrolmentCode,
    ids::AccountId,
    installation,
    problem::{Code, Fail},
    text::{Line, UserName},
};

/// How long a code is good for.
pub const CODE_LIFE: TimeDelta = TimeDelta::hours(1);

/// What is kept of the code.
#[derive(Debug, Serialize, Deserialize)]
struct Offer {
    code_hash: String,
    good_until: At,
}

/// Keeps a new code, which takes the place of the one before it; none when somebody can administer the installation.
///
/// Fails with what the database says.
pub fn offer(conn: &mut Conn, code: &EnrolmentCode, now: At) -> Result<bool, Fail> {
    if !is_open(conn, now)? {
        return Ok(false);
    }
    let offer = Offer { code_hash: code.hash(), good_until: now + CODE_LIFE };
    installation::keep_first_run(conn, &serde_json::json!(offer).to_string())?;
    Ok(true)
}

/// Whether the first administrator is still to be made.
pub fn is_open(conn: &mut Conn, now: At) -> Result<bool, Fail> {
    Ok(!installation::has_administrator(conn, now)?)
}

/// The first administrator.
#[derive(Clone, Debug)]
pub struct FirstAdministrator {
    pub user_name: UserName,
    pub display_name: Line<40>,
    pub password_hash: String,
}

/// Makes the first administrator, and uses the code up.
///
/// Fails with `first_run_over` once somebody can administer the installation, with `wrong_first_run_code` for every code
/// that is not good now, whatever the reason, and with `user_name_taken`.
pub fn make_administrator(
    conn: &mut Conn,
    code: &EnrolmentCode,
    new: &FirstAdministrator,
    now: At,
) -> Result<AccountId, Fail> {
    use_up(conn, code, now)?;
    let FirstAdministrator { user_name, display_name, password_hash } = new.clone();
    accounts::create_first_admin(conn, user_name, display_name, password_hash, now)
}

/// Whether the demonstration can be loaded: nobody has set anything up here.
pub fn is_empty(conn: &mut Conn) -> Result<bool, Fail> {
    Ok(installation::is_unused(conn)?)
}

/// Gives the installation to the demonstration, and uses the code up.
///
/// Fails with `first_run_over` where there is anything already, and with `wrong_first_run_code`.
pub fn give_to_demo(conn: &mut Conn, code: &EnrolmentCode, now: At) -> Result<(), Fail> {
    if !is_empty(conn)? {
        return Err(Code::FirstRunOver.into());
    }
    use_up(conn, code, now)
}

fn use_up(conn: &mut Conn, code: &EnrolmentCode, now: At) -> Result<(), Fail> {
    if !is_open(conn, now)? {
        return Err(Code::FirstRunOver.into());
    }
    let kept = installation::first_run(conn)?.ok_or(Code::WrongFirstRunCode)?;
    let offer: Offer = serde_json::from_str(&kept).map_err(|_| Code::WrongFirstRunCode)?;
    if offer.code_hash != code.hash() || offer.good_until <= now {
        return Err(Code::WrongFirstRunCode.into());
    }
    // Of two who bring it at once, one uses it up.
    if installation::use_up_first_run(conn, &kept)? { Ok(()) } else { Err(Code::WrongFirstRunCode.into()) }
}
