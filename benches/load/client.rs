//! A client that costs little: keep-alive connections on one thread, requests written as bytes, answers read as far as
//! their length and status.

use std::{
    cell::{Cell, RefCell},
    io::ErrorKind,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::net::TcpStream;

/// A request as it is sent, and the status that is expected.
pub struct Call {
    pub bytes: Vec<u8>,
    pub status: u16,
}

impl Call {
    /// By somebody with this access token; by nobody when it is empty.
    pub fn get(path: &str, token: &str) -> Call {
        Call { bytes: head("GET", path, token, "\r\n"), status: 200 }
    }

    /// With a key of its own.
    pub fn post(path: &str, token: &str, body: &Value, status: u16) -> Call {
        Call::with_body("POST", path, token, body, status, "")
    }

    pub fn put(path: &str, token: &str, body: &Value, version: i32) -> Call {
        Call::with_body("PUT", path, token, body, 200, &format!("If-Match: \"v{version}\"\r\n"))
    }

    fn with_body(method: &str, path: &str, token: &str, body: &Value, status: u16, more: &str) -> Call {
        let (body, key) = (body.to_string(), fastrand::u128(..));
        let rest = format!(
            "{more}Idempotency-Key: {key:032x}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Call { bytes: head(method, path, token, &rest), status }
    }
}

fn head(method: &str, path: &str, token: &str, rest: &str) -> Vec<u8> {
    let by = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    format!("{method} /api/v1{path} HTTP/1.1\r\nHost: leling\r\nAccept-Language: en\r\n{by}{rest}")
        .into_bytes()
}

/// One keep-alive connection.
struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket can be told not to wait");
        Connection { stream, read: Vec::with_capacity(64 << 10) }
    }

    /// Sends a request; its status, and where its body is in what was read.
    async fn send(&mut self, bytes: &[u8]) -> (u16, usize) {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.try_write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stream.writable().await.expect("the server is there");
                }
                Err(error) => panic!("the connection broke: {error}"),
            }
        }
        self.read.clear();
        loop {
            self.stream.readable().await.expect("the server is there");
            match self.stream.try_read_buf(&mut self.read) {
                Ok(0) => panic!("the server closed the connection"),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => panic!("the connection broke: {error}"),
            }
            if let Some((status, body, length)) = answer(&self.read)
                && self.read.len() >= body + length
            {
                return (status, body);
            }
        }
    }
}

/// The status of an answer, where its body begins, and how long that is; none while its head is not whole.
fn answer(read: &[u8]) -> Option<(u16, usize, usize)> {
    let end = read.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&read[..end]).expect("a head is text");
    let status = head[9..12].parse().expect("a status is a number");
    let length = head
        .split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.parse().expect("a length is a number"));
    Some((status, end + 4, length))
}

/// What came of asking for a while.
#[derive(Default)]
pub struct Answers {
    /// How long each request took that was answered as expected, in microseconds.
    pub took_us: Vec<u32>,
    /// How many were told to come back, because there was too much to do.
    pub busy: usize,
    /// How many were answered otherwise.
    pub others: usize,
    /// How long it all took.
    pub elapsed: Duration,
}

impl Answers {
    pub fn per_second(&self) -> f64 {
        self.took_us.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The time within which this part of the requests were answered, in milliseconds.
    pub fn within_ms(&mut self, part: f64) -> f64 {
        self.took_us.sort_unstable();
        let place = (self.took_us.len() as f64 * part) as usize;
        self.took_us.get(place).or(self.took_us.last()).map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
    }
}

/// Asks over so many connections, each its next question as soon as it has its answer, for `long` or until there are no
/// more questions.
pub fn ask(
    address: SocketAddr,
    clients: usize,
    long: Duration,
    next: &mut dyn FnMut() -> Option<Call>,
) -> Answers {
    let next = RefCell::new(next);
    let (answers, first_other) = (RefCell::new(Answers::default()), Cell::new(false));
    block_on(async {
        let connections = join_all((0..clients).map(|_| Connection::open(address))).await;
        let began = Instant::now();
        let each = connections.into_iter().map(|mut connection| {
            let (next, answers, first_other) = (&next, &answers, &first_other);
            async move {
                while began.elapsed() < long {
                    let Some(call) = (next.borrow_mut())() else { break };
                    let asked = Instant::now();
                    let (status, body) = connection.send(&call.bytes).await;
                    let took = asked.elapsed();
                    let mut answers = answers.borrow_mut();
                    if status == call.status {
                        answers.took_us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
                    } else if status == BUSY {
                        answers.busy += 1;
                    } else {
                        answers.others += 1;
                        if !first_other.replace(true) {
                            eprintln!("{status}: {}", String::from_utf8_lossy(&connection.read[body..]));
                        }
                    }
                }
            }
        });
        join_all(each).await;
        answers.borrow_mut().elapsed = began.elapsed();
    });
    answers.into_inner()
}

/// What a server says that has too much to do.
const BUSY: u16 = 503;

/// Whether a refusal says that the same may be sent again as it is.
fn says_try_again(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|problem| problem["retryable"] == true)
}

/// The bodies of the answers to these, in their order; each has to be answered as expected.
pub fn all(address: SocketAddr, calls: Vec<Call>) -> Vec<Value> {
    const AT_ONCE: usize = 48;
    let bodies = RefCell::new(vec![Value::Null; calls.len()]);
    let next = Cell::new(0);
    block_on(join_all((0..AT_ONCE.min(calls.len())).map(|_| async {
        let mut connection = Connection::open(address).await;
        while let Some(call) = calls.get(next.get()) {
            let place = next.replace(next.get() + 1);
            let (mut status, mut body) = connection.send(&call.bytes).await;
            while status != call.status && says_try_again(&connection.read[body..]) {
                (status, body) = connection.send(&call.bytes).await;
            }
            let body = &connection.read[body..];
            assert_eq!(
                status,
                call.status,
                "{}\n{}",
                String::from_utf8_lossy(&call.bytes),
                String::from_utf8_lossy(body)
            );
            bodies.borrow_mut()[place] = serde_json::from_slice(body).unwrap_or(Value::Null);
        }
    })));
    bodies.into_inner()
}

/// The body of the answer to one.
pub fn one(address: SocketAddr, call: Call) -> Value {
    all(address, vec![call]).remove(0)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    runtime.expect("a thread can wait for sockets").block_on(work)
}
