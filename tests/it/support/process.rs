//! The service as it is in use: a process of its own on a real port, for races, crashes and guards that are off.

use std::{
    fs,
    io::{BufRead, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::Value;
use ureq::http;

use super::Reply;

/// How long a process may take to be ready.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The service in a process. It is killed with the value, if it was not before.
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: Log,
    reading: Option<JoinHandle<()>>,
    start: Start,
}

/// How a process is started.
#[derive(Clone)]
struct Start {
    database_url: String,
    keys: String,
    settings: Vec<(String, String)>,
}

/// What a process has logged so far.
type Log = Arc<Mutex<Vec<String>>>;

impl Server {
    /// Starts it over a database, with keys that other processes may share, and waits until it is ready.
    ///
    /// `guards_off` names guards to be switched off, with commas; it may be empty.
    pub fn start(database_url: &str, keys: &str, guards_off: &str) -> Server {
        let guards_off = ("LELING_GUARDS_OFF", guards_off);
        let settings = [guards_off].into_iter().filter(|(_, value)| !value.is_empty());
        Server::start_with(database_url, keys, &settings.collect::<Vec<_>>())
    }

    /// The same, with these variables in its environment.
    pub fn start_with(database_url: &str, keys: &str, settings: &[(&str, &str)]) -> Server {
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Start { database_url: database_url.to_owned(), keys: keys.to_owned(), settings }.at("127.0.0.1:0")
    }

    /// Kills it, and starts it again at the address that it had.
    pub fn restart(&mut self) {
        self.kill();
        let address = self.address.to_string();
        *self = self.start.clone().at(&address);
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody with this access token; with none when it is empty.
    pub fn client(&self, token: &str) -> Client {
        Client { agent: agent(), base: format!("http://{}", self.address), token: token.to_owned() }
    }

    /// What it has logged so far, a line each.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Leaves its log in the pipe from now on, until the value is gone.
    pub fn stop_reading_the_log(&mut self) {
        std::mem::forget(self.log.lock().unwrap());
        self.reading = None;
    }

    /// Tells it to stop, as a service manager does.
    pub fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits until it has ended, and its log was read to the end; whether it ended well.
    pub fn ended_well(&mut self) -> bool {
        let ended_well = self.child.wait().unwrap().success();
        if let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
        ended_well
    }

    /// Ends it at once, whatever it is doing.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// How much memory it has at the moment, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.memory_kib("VmRSS:")
    }

    /// How much of it is its own, and no part of the program's file: that is large only where it can be debugged.
    pub fn own_kib(&self) -> u64 {
        self.memory_kib("RssAnon:")
    }

    fn memory_kib(&self, kind: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(kind)).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

impl Start {
    fn at(self, address: &str) -> Server {
        let Start { database_url, keys, settings } = &self;
        let mut command = Command::new(env!("CARGO_BIN_EXE_leling"));
        command.env_clear().env("LELING_KEYS", keys).stdin(Stdio::null()).stderr(Stdio::piped());
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        command.args(["--database-url", database_url, "--bind", address, "--log-format", "json"]);
        let mut child = command.spawn().unwrap();
        let log = Log::default();
        let (address, reading) = listening(&mut child, &log);
        let server = Server { child, address, log, reading: Some(reading), start: self };
        let (client, asked) = (server.client(""), Instant::now());
        while client.ask("GET", "/readyz", None, None).is_none_or(|reply| reply.status != 200) {
            assert!(asked.elapsed() < PATIENCE, "it is never ready");
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, or been killed before.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads the log until it says where the server listens; a thread reads on.
fn listening(child: &mut Child, log: &Log) -> (SocketAddr, JoinHandle<()>) {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while let Some(line) = lines.next() {
        let line = line.unwrap();
        log.lock().unwrap().push(line.clone());
        if let Some((_, rest)) = line.split_once("listening on http://") {
            let end = rest.find('"').unwrap_or(rest.len());
            let address = rest[..end].parse().unwrap();
            let log = log.clone();
            let read_on = move || lines.for_each(|line| log.lock().unwrap().push(line.unwrap()));
            return (address, thread::spawn(read_on));
        }
    }
    panic!("it did not start: {:#?}", log.lock().unwrap())
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

    /// What is at an address outside the API: its status and text.
    pub fn text(&self, path: &str, header: Option<(&str, &str)>) -> (u16, String) {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let mut answer = request.call().unwrap();
        let bytes = answer.body_mut().read_to_vec().unwrap();
        (answer.status().as_u16(), String::from_utf8_lossy(&bytes).into_owned())
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

    /// One try; nothing when no answer came.
    pub fn try_get(&self, path: &str) -> Option<Reply> {
        self.ask("GET", &api(path), None, None)
    }

    /// One try, having seen this version; nothing when no answer came.
    pub fn try_put(&self, path: &str, body: &Value, version: &str) -> Option<Reply> {
        self.ask("PUT", &api(path), Some(body), Some(("If-Match", version)))
    }

    /// A file as the whole body, in one try; nothing when no answer came.
    pub fn try_upload(&self, path: &str, media: &str, file: &str, key: &str) -> Option<Reply> {
        let request = http::Request::post(format!("{}{}", self.base, api(path)));
        let request = request.header("Authorization", format!("Bearer {}", self.token));
        let request = request.header("Content-Type", media).header("Idempotency-Key", key);
        Client::heard(self.agent.run(request.body(file).unwrap()))
    }

    /// A stream, open to be read.
    pub fn stream(&self, path: &str) -> impl std::io::Read + use<> {
        let request = http::Request::get(format!("{}{}", self.base, api(path)));
        let request = request.header("Authorization", format!("Bearer {}", self.token));
        let answer = self.agent.run(request.body(()).unwrap()).unwrap();
        assert_eq!(answer.status(), 200);
        answer.into_body().into_reader()
    }

    /// Posts this under a key, and hangs up before an answer can come.
    pub fn hang_up_on(&self, path: &str, body: &Value, key: &str) {
        let (address, body) = (self.base.strip_prefix("http://").unwrap(), body.to_string());
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            api(path),
            self.token,
            body.len()
        );
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&[head.into_bytes(), body.into_bytes()].concat()).unwrap();
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
        let body = answer.body_mut().read_to_vec().unwrap();
        Raw { status: answer.status().as_u16(), headers: answer.headers().clone(), body }
    }

    /// The answer once it is one: what may be tried again as it is, is, and so is what got no answer. The key, or the
    /// tap, keeps it from being done twice.
    fn decided(&self, method: &str, path: &str, body: Option<&Value>, header: Option<(&str, &str)>) -> Reply {
        let asked = Instant::now();
        loop {
            let reply = self.ask(method, &api(path), body, header);
            match reply {
                // On a machine with too much to do the server may give up waiting for the request (408).
                Some(reply) if reply.body["retryable"] != true && reply.status != 408 => return reply,
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
        Client::heard(answer)
    }

    fn heard(answer: Result<http::Response<ureq::Body>, ureq::Error>) -> Option<Reply> {
        let mut answer = answer.ok()?;
        let header = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let (etag, replayed) = (header("etag"), header("idempotency-replayed").is_some());
        let headers = answer.headers().clone();
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().ok()?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).ok()? };
        Some(Reply { status, body, etag, replayed, bytes: Vec::new(), headers })
    }
}

/// An answer with its headers.
#[derive(Debug)]
pub struct Raw {
    pub status: u16,
    headers: http::HeaderMap,
    pub body: Vec<u8>,
}

impl Raw {
    pub fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().ok()?.to_owned())
    }

    /// Every header of this name, in their order.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// What is in a body that came in gzip.
    pub fn unzipped(&self) -> String {
        std::io::read_to_string(flate2::read::GzDecoder::new(self.body.as_slice())).unwrap()
    }
}

fn api(path: &str) -> String {
    format!("/api/v1{path}")
}
