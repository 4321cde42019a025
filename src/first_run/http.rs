//! Making the first administrator for a request: throttled, hashed, on record.

use super::FirstAdministrator;
use crate::{
    access::{Allowed, act},
    api::{Answer, Keyed},
    audit::{self, Deed, Entry, Subject, SubjectKind},
    demo,
    devices::EnrolmentCode,
    ids::AccountId,
    problem::{Code, Problem},
    text::{Line, Password, UserName},
    throttle::{Guessable, http::Try},
};

/// Who is to administer the installation, with the code that the program printed.
pub struct NewAdministrator {
    pub code: EnrolmentCode,
    pub user_name: UserName,
    pub display_name: Line<40>,
    pub password: Password,
}

/// Makes the first administrator, once for each key.
///
/// Fails with `wrong_first_run_code`, `first_run_over`, `user_name_taken`, `slow_down` or `busy`.
pub(crate) async fn make(
    allowed: &Allowed<act::MakeFirstAdministrator>,
    request: Keyed<NewAdministrator>,
) -> Result<AccountId, Problem> {
    let tried = Try::new(&allowed.state().identity_key, allowed.origin(), Guessable::FirstRun, "");
    let judged = tried.clone();
    // Before anything is hashed.
    allowed.read(move |conn, caller| judged.judge(conn, caller)).await?;
    let password_hash = allowed.state().hasher.hash(request.body.password.as_str()).await?;
    let judged = tried.clone();
    let made = allowed
        .once(request, move |conn, caller, body: &NewAdministrator| {
            let new = FirstAdministrator {
                user_name: body.user_name.clone(),
                display_name: body.display_name.clone(),
                password_hash: password_hash.clone(),
            };
            let account = super::make_administrator(conn, &body.code, &new, caller.now)?;
            judged.was_right(conn, caller)?;
            let own = Subject::of(SubjectKind::Account, account);
            audit::record(conn, caller, Entry::of(Deed::AccountMade, own).saying("role", "admin"))?;
            Ok(Answer::<201, AccountId>::new(account))
        })
        .await;
    match made {
        Err(problem) if problem.code == Code::WrongFirstRunCode => {
            Err(tried.was_wrong(allowed, Code::WrongFirstRunCode, |_, _| Ok(())).await)
        }
        made => made?.into_body(),
    }
}

/// Begins to load the demonstration for a browser of which `loader` is known. It is no request that could be repeated: the
/// code is good once, and nothing is recorded that would be newer than what the demonstration lives through.
///
/// Fails with `wrong_first_run_code`, `first_run_over`, `slow_down` or `busy`.
pub(crate) async fn load_demo(
    allowed: &Allowed<act::MakeFirstAdministrator>,
    code: EnrolmentCode,
    loader: String,
) -> Result<(), Problem> {
    let tried = Try::new(&allowed.state().identity_key, allowed.origin(), Guessable::FirstRun, "");
    let judged = tried.clone();
    allowed.read(move |conn, caller| judged.judge(conn, caller)).await?;
    let right = tried.clone();
    let given = allowed
        .write(move |conn, caller| {
            super::give_to_demo(conn, &code, caller.now)?;
            right.was_right(conn, caller)
        })
        .await;
    match given {
        Err(problem) if problem.code == Code::WrongFirstRunCode => {
            Err(tried.was_wrong(allowed, Code::WrongFirstRunCode, |_, _| Ok(())).await)
        }
        Err(problem) => Err(problem),
        Ok(_) => {
            demo::load(allowed.state(), loader);
            Ok(())
        }
    }
}
