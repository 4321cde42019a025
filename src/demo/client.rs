//! The public API as a client uses it: signing in, going on with a session, and asking.

use std::{net::SocketAddr, time::Duration};

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::Agent;

use super::{broken, setup::Member};
use crate::{
    access::tokens::ACCESS_TOKEN_LIFE,
    clock::{At, Clock},
    id::random_bytes,
    start_error::StartError,
};

/// How long before its end a session is gone on with.
const MARGIN: TimeDelta = TimeDelta::minutes(1);

/// The service, as seen from outside.
pub struct Server {
    base: String,
    agent: Agent,
    clock: Clock,
}

impl Server {
    pub fn new(address: SocketAddr, clock: Clock) -> Server {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Server { base: format!("http://{address}/api/v1"), agent: config.into(), clock }
    }

    pub fn now(&self) -> At {
        self.clock.now()
    }

    fn get(&self, token: &str, path: &str) -> Result<Value, StartError> {
        let request = self.agent.get(format!("{}{path}", self.base)).header("Accept-Language", "en");
        answer(path, request.header("Authorization", format!("Bearer {token}")).call())
    }

    fn post(&self, token: Option<&str>, path: &str, body: &Value) -> Result<Value, StartError> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Accept-Language", "en")
            .header("Idempotency-Key", hex::encode(random_bytes::<16>()));
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        answer(path, request.send_json(body))
    }
}

/// The body of what was answered; `demo_failed` with the refusal when it is one.
fn answer(
    path: &str,
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Value, StartError> {
    let mut response = response.map_err(|error| broken(format!("{path}: {error}")))?;
    let body: Value = response.body_mut().read_json().map_err(|error| broken(format!("{path}: {error}")))?;
    if response.status().is_success() { Ok(body) } else { Err(broken(format!("{path}: {body}"))) }
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
}

/// Somebody who is signed in.
pub struct Session<'a> {
    server: &'a Server,
    tokens: Tokens,
    good_until: At,
}

impl<'a> Session<'a> {
    /// Signs in with user name and password.
    pub fn of_member(server: &'a Server, member: &Member) -> Result<Session<'a>, StartError> {
        Session::start(server, &json!({ "user_name": member.user_name, "password": member.password }))
    }

    /// Signs in with card number and PIN.
    pub fn of_card(server: &'a Server, card_number: &str, pin: &str) -> Result<Session<'a>, StartError> {
        Session::start(server, &json!({ "card_number": card_number, "pin": pin }))
    }

    fn start(server: &'a Server, secret: &Value) -> Result<Session<'a>, StartError> {
        let good_until = server.now() + ACCESS_TOKEN_LIFE;
        let tokens = tokens(server.post(None, "/auth/sign-in", secret)?)?;
        Ok(Session { server, tokens, good_until })
    }

    pub fn get(&mut self, path: &str) -> Result<Value, StartError> {
        self.go_on()?;
        self.server.get(&self.tokens.access_token, path)
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Result<Value, StartError> {
        self.go_on()?;
        self.server.post(Some(&self.tokens.access_token), path, body)
    }

    fn go_on(&mut self) -> Result<(), StartError> {
        let now = self.server.now();
        if now + MARGIN > self.good_until {
            let body = json!({ "refresh_token": self.tokens.refresh_token });
            self.tokens = tokens(self.server.post(None, "/auth/refresh", &body)?)?;
            self.good_until = now + ACCESS_TOKEN_LIFE;
        }
        Ok(())
    }
}

fn tokens(body: Value) -> Result<Tokens, StartError> {
    serde_json::from_value(body).map_err(broken)
}

/// A text in an answer, by its JSON pointer.
pub fn text(answer: &Value, pointer: &str) -> Result<String, StartError> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| broken(format!("no {pointer} in {answer}")))
}

/// A number in an answer, by its JSON pointer.
pub fn number(answer: &Value, pointer: &str) -> Result<i64, StartError> {
    let found = answer.pointer(pointer).and_then(Value::as_i64);
    found.ok_or_else(|| broken(format!("no {pointer} in {answer}")))
}

/// The entries of a list in an answer, by its JSON pointer.
pub fn list<'a>(answer: &'a Value, pointer: &str) -> Result<&'a [Value], StartError> {
    let found = answer.pointer(pointer).and_then(Value::as_array);
    found.map(Vec::as_slice).ok_or_else(|| broken(format!("no {pointer} in {answer}")))
}
