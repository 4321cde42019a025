//! The first administrator, made with the code that the program prints while there is none.

use chrono::TimeDelta;
use leling::{
    db::Conn,
    devices::EnrolmentCode,
    first_run::{self, CODE_LIFE, FirstAdministrator},
    problem::{Code, Fail},
    text::{Line, UserName},
};

use crate::support::TestApp;

fn new(user_name: &str) -> FirstAdministrator {
    FirstAdministrator {
        user_name: UserName::parse(user_name).unwrap(),
        display_name: Line::parse("陈主任").unwrap(),
        password_hash: "unused".into(),
    }
}

/// What came of bringing a code; none when it made an administrator.
async fn brought(app: &TestApp, code: &EnrolmentCode, user_name: &'static str) -> Option<Code> {
    let code = code.clone();
    let bring =
        move |conn: &mut Conn, now| match first_run::make_administrator(conn, &code, &new(user_name), now) {
            Ok(_) => Ok(None),
            Err(Fail::Refused(problem)) => Ok(Some(problem.code)),
            Err(fail) => Err(fail),
        };
    app.write(bring).await
}

async fn offered(app: &TestApp) -> (EnrolmentCode, bool) {
    let code = EnrolmentCode::random();
    let kept = code.clone();
    let offered = app.write(move |conn, now| first_run::offer(conn, &kept, now)).await;
    (code, offered)
}

on_both! {
    async fn a_code_makes_one_administrator_and_no_more(db: TestDb) {
        let app = TestApp::start(db);
        let (code, _) = offered(&app).await;
        assert_eq!(brought(&app, &EnrolmentCode::random(), "chen").await, Some(Code::WrongFirstRunCode));
        assert_eq!(brought(&app, &code, "chen").await, None);
        assert_eq!(brought(&app, &code, "wang").await, Some(Code::FirstRunOver));
        let (later, offered) = offered(&app).await;
        assert!(!offered);
        assert_eq!(brought(&app, &later, "wang").await, Some(Code::FirstRunOver));
    }

    async fn a_code_runs_out_and_a_new_one_takes_its_place(db: TestDb) {
        let app = TestApp::start(db);
        let (old, _) = offered(&app).await;
        app.pass(CODE_LIFE + TimeDelta::seconds(1));
        assert_eq!(brought(&app, &old, "chen").await, Some(Code::WrongFirstRunCode));
        let (first, _) = offered(&app).await;
        let (second, _) = offered(&app).await;
        assert_eq!(brought(&app, &first, "chen").await, Some(Code::WrongFirstRunCode));
        assert_eq!(brought(&app, &second, "chen").await, None);
    }
}
