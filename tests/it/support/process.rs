//! The service as it is in use: a process of its own on a real port, for races, crashes and guards that are off.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use ureq::http;

use super::Reply;

/// How long a process may take to be ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// The service in a process. It is killed with the value, if it was not before.
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts it over a database, with keys that other processes may share, and waits until it is ready.
    ///
    /// `guards_off` names guards to be switched off, with commas; it may be empty.
    pub fn start(database_url: &str, keys: &str, guards_off: &str) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leling"));
        command.env_clear().env("LELING_KEYS", keys).stdin(Stdio::null()).stderr(Stdio::piped());
        if !guards_off.is_empty() {
            command.env("LELING_GUARDS_OFF", guards_off);
        }
        command.args(["--database-url", database_url, "--bind", "127.0.0.1:0", "--log-format", "json"]);
        let mut child = command.spawn().unwrap();
        let address = listening(&mut child);
        let server = Server { child, address };
        let (client, asked) = (server.client(""), Instant::now());
        while client.ask("GET", "/readyz", None, None).is_none_or(|reply| reply.status != 200) {
            assert!(asked.elapsed() < PATIENCE, "it is never ready");
        }
        server
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody with this access token; with none when it is empty.
    pub fn client(&self, token: &str) -> Client {
        Client { agent: agent(), base: format!("http://{}", self.address), token: token.to_owned() }
    }

    /// Ends it at once, whatever it is doing.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// How much memory it has at the moment, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, or been killed before.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads the log until it says where the server listens; what comes later is read and forgotten.
fn listening(child: &mut Child) -> SocketAddr {
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    while let Some(line) = log.next() {
        let line = line.unwrap();
        if let Some((_, rest)) = line.split_once("listening on http://") {
            let end = rest.find('"').unwrap_or(rest.len());
            let address = rest[..end].parse().unwrap();
            std::thread::spawn(move || log.for_each(drop));
            return address;
        }
        said.push(line);
    }
    panic!("it did not start: {said:#?}")
}

/// A connection that lay unused for so long is not used again: the server closes it after 5 s, perhaps at this moment.
const IDLE: Duration = Duration::from_secs(1);

/// What keeps connections open for a client and its clones.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_idle_age(IDLE)
        .build()
        .into()
}

/// Somebody who sends requests, signed in or not.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: String,
}

impl Client {
    /// The same one, signed in.
    pub fn with(&self, token: &Value) -> Client {
        Client { token: token["access_token"].as_str().unwrap().to_owned(), ..self.clone() }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// The same one, who asks another process.
    pub fn at(&self, server: &Server) -> Client {
        Client { agent: agent(), base: format!("http://{}", server.address), token: self.token.clone() }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.decided("GET", path, None, None)
    }

    /// Under a key of its own.
    pub fn post(&self, path: &str, body: Value) -> Reply {
        let key = hex::encode(leling::id::random_bytes::<16>());
        self.post_keyed(path, body, &key)
    }

    pub fn post_keyed(&self, path: &str, body: Value, key: &str) -> Reply {
        self.decided("POST", path, Some(&body), Some(("Idempotency-Key", key)))
    }

    /// Having seen this version.
    pub fn put(&self, path: &str, body: Value, version: &str) -> Reply {
        self.decided("PUT", path, Some(&body), Some(("If-Match", version)))
    }

    /// One try under a key; nothing when no answer came.
    pub fn try_post(&self, path: &str, body: &Value, key: &str) -> Option<Reply> {
        self.ask("POST", &api(path), Some(body), Some(("Idempotency-Key", key)))
    }

    /// One request as it is, its path from the root, and everything of what is answered.
    pub fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Raw {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self.agent.run(request.body(()).unwrap()).unwrap();
        let text = answer.body_mut().read_to_vec().unwrap();
        let body = String::from_utf8_lossy(&text).into_owned();
        Raw { status: answer.status().as_u16(), headers: answer.headers().clone(), body }
    }

    /// The answer once it is one: what may be tried again as it is, is, and so is what got no answer. The key, or the
    /// tap, keeps it from being done twice.
    fn decided(&self, method: &str, path: &str, body: Option<&Value>, header: Option<(&str, &str)>) -> Reply {
        let asked = Instant::now();
        loop {
            let reply = self.ask(method, &api(path), body, header);
            match reply {
                Some(reply) if reply.body["retryable"] != true => return reply,
                Some(_) | None => {}
            }
            assert!(asked.elapsed() < PATIENCE, "it goes on saying {reply:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        header: Option<(&str, &str)>,
    ) -> Option<Reply> {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.token));
        }
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let answer = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body.to_string()).unwrap())
            }
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.ok()?;
        let header = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let (etag, replayed) = (header("etag"), header("idempotency-replayed").is_some());
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().ok()?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).ok()? };
        Some(Reply { status, body, etag, replayed })
    }
}

/// An answer with its headers.
#[derive(Debug)]
pub struct Raw {
    pub status: u16,
    headers: http::HeaderMap,
    pub body: String,
}

impl Raw {
    pub fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().ok()?.to_owned())
    }
}

fn api(path: &str) -> String {
    format!("/api/v1{path}")
}
