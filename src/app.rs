//! Puts the parts together; starts, stops gracefully.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use actix_web::{
    App, FromRequest, Handler, HttpRequest, HttpResponse, HttpServer, Resource, Responder,
    dev::{Server, ServerHandle},
    http::header,
    middleware::{Compress, from_fn},
    rt,
    web::{self, Bytes, Data},
};
use chrono::TimeDelta;
use serde_json::json;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{
    access::tokens::Tokens,
    accounts::passwords::Hasher,
    api::{
        BODY_LIMIT, guard_panics_and_name_requests,
        latest::Latest,
        memory::{Memory, recall_answers},
    },
    attendance,
    clock::{At, Clock},
    db::{Conn, Db},
    demo::Loading,
    devices::EnrolmentCode,
    docs, first_run,
    headcounts::{
        http::{DayQuestion, Headcount},
        live::Live,
    },
    idempotency,
    ids::MenuId,
    installation,
    keys::{IdentityKey, Keys},
    metrics, pages,
    problem::{Code, Fail, Problem},
    reservations::waiting,
    routes,
    settings::{Settings, TlsFiles},
    sign_in,
    start_error::StartError,
    throttle,
};

/// How far the clock may be behind the newest record before writing stops.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// How long requests that are under way may take to end when the service stops.
const STOP_WAIT_S: u64 = 10;

/// How long the database may take to say that it is there.
const READY_WAIT: Duration = Duration::from_secs(1);

/// How little room on the database's disk is too little: a busy canteen writes less in a week.
const LEAST_FREE_BYTES: u64 = 64 << 20;

/// How often the service looks for something to do by itself.
const ROUND: Duration = Duration::from_secs(20);

/// What every request may need: the database's doors, the clock, the keys.
pub struct State {
    pub db: Db,
    pub clock: Clock,
    pub tokens: Tokens,
    pub identity_key: IdentityKey,
    pub hasher: Hasher,
    /// The demonstration, where somebody loads it into an installation that begins.
    pub demo: Arc<Loading>,
    /// What it was opened with.
    pub settings: Settings,
    /// What is the same for everybody.
    pub memory: Memory,
    /// The door lists as they were sent last.
    pub door_lists: Latest<MenuId, Bytes>,
    /// The headcounts of now as they were made last.
    pub headcounts: Latest<DayQuestion, Vec<Headcount>>,
    /// Who listens to live headcounts.
    pub live: Arc<Live>,
    /// The newest instant at which anything was written, in microseconds.
    newest_us: AtomicI64,
    /// The newest migration when this program opened the database, which fits it.
    shape: Option<String>,
    /// Whether it was told to stop.
    stopping: AtomicBool,
}

/// An instant in microseconds; before all others when there is none.
fn in_us(at: Option<At>) -> i64 {
    at.map_or(i64::MIN, At::us)
}

fn is_behind(now_us: i64, newest_us: i64) -> bool {
    newest_us.saturating_sub(now_us) > CLOCK_TOLERANCE.num_microseconds().unwrap_or(i64::MAX)
}

impl State {
    /// Opens the database, migrates it, and settles the keys. Blocks.
    ///
    /// Fails with what is wrong with the database or the keys.
    pub fn open(settings: &Settings, clock: Clock, hasher: Hasher) -> Result<State, StartError> {
        let db = Db::open(&settings.database_url)?;
        let keys = Keys::of_installation(&db, &settings.keys)?;
        let (newest, shape) = db.read_blocking(|conn| -> Result<_, Fail> {
            Ok((installation::newest_record(conn)?, installation::shape(conn)?))
        })?;
        Ok(State {
            db,
            clock,
            tokens: Tokens::new(keys.token.bytes()),
            identity_key: keys.identity,
            hasher,
            demo: Arc::default(),
            settings: settings.clone(),
            memory: Memory::default(),
            door_lists: Latest::default(),
            headcounts: Latest::default(),
            live: Arc::default(),
            newest_us: AtomicI64::new(in_us(newest)),
            shape,
            stopping: AtomicBool::new(false),
        })
    }

    /// The instant of a write: never before that of an earlier write of this process, should the clock be set back a little.
    ///
    /// Fails with `clock_behind` when the clock is more than five minutes behind the newest record.
    pub fn now_for_writing(&self, conn: &mut Conn) -> Result<At, Fail> {
        let now = self.clock.now();
        let now_us = now.us();
        let newest_us = self.newest_us.fetch_max(now_us, Ordering::Relaxed);
        if !is_behind(now_us, newest_us) {
            return Ok(now.max(At::from_us(newest_us).unwrap_or(now)));
        }
        // This process saw a later instant, but perhaps on the clock alone: what counts is what was recorded.
        let recorded = installation::newest_record(conn)?;
        self.newest_us.store(in_us(recorded).max(now_us), Ordering::Relaxed);
        if is_behind(now_us, in_us(recorded)) {
            return Err(Code::ClockBehind.into());
        }
        Ok(recorded.map_or(now, |recorded| now.max(recorded)))
    }

    /// Whether somebody can administer this installation. Blocks.
    pub fn has_administrator(&self) -> Result<bool, Problem> {
        let now = self.clock.now();
        self.db.read_blocking(|conn| -> Result<_, Fail> { Ok(installation::has_administrator(conn, now)?) })
    }

    /// Makes the code with which the first administrator is made in a browser; none when somebody can administer this
    /// installation. Blocks.
    pub fn offer_first_run(&self) -> Result<Option<EnrolmentCode>, Problem> {
        let (code, now) = (EnrolmentCode::random(), self.clock.now());
        let kept = code.clone();
        let offered =
            self.db.write_blocking(move |conn| -> Result<_, Fail> { first_run::offer(conn, &kept, now) })?;
        Ok(offered.then_some(code))
    }

    /// Whether requests can be answered: nobody said to stop, the database answers in time, has the shape that this
    /// program knows, and room on its disk. `not_ready` names the first of these that is not so.
    async fn is_ready(&self) -> Result<(), Problem> {
        let missing = |check: &str| Problem::new(Code::NotReady).with("check", check);
        if self.stopping.load(Ordering::Relaxed) {
            return Err(missing("stopping"));
        }
        let db = self.db.clone();
        let look = self
            .db
            .read(move |conn| -> Result<_, Fail> { Ok((installation::shape(conn)?, db.free_bytes())) });
        let answer: Result<_, Problem> =
            timeout(READY_WAIT, look).await.unwrap_or_else(|_| Err(Problem::new(Code::Busy)));
        let (shape, free) = answer.map_err(|_| missing("database"))?;
        if shape == self.shape {
            return if has_room(free) { Ok(()) } else { Err(missing("disk")) };
        }
        tracing::error!(
            now = shape,
            opened = self.shape,
            "the database was migrated by another program: restart"
        );
        Err(missing("migrations"))
    }
}

/// Whether so many free bytes are enough; where nobody can tell, they are.
fn has_room(free: io::Result<Option<u64>>) -> bool {
    match free {
        Ok(free) => free.is_none_or(|free| free >= LEAST_FREE_BYTES),
        Err(error) => {
            tracing::warn!(%error, "how much room the disk has cannot be told");
            true
        }
    }
}

/// Something that the service does by itself, in one transaction. It is safe to do twice and in any process.
struct Chore {
    name: &'static str,
    /// It is done in every so manyth round.
    rounds: u64,
    /// Answers how many things it has done; it is done again until there is nothing left to do.
    act: fn(&mut Conn, At) -> Result<usize, Fail>,
}

const CHORES: &[Chore] = &[
    Chore { name: "close menus", rounds: 1, act: attendance::close_what_is_over },
    Chore { name: "end waiting lists at the cut-off", rounds: 1, act: waiting::end_past_cutoff },
    Chore {
        name: "forget idempotency keys",
        rounds: 3600 / ROUND.as_secs(),
        act: |conn, now| Ok(idempotency::forget_old(conn, now)?),
    },
    Chore {
        name: "forget refresh tokens and wrong PINs",
        rounds: 3600 / ROUND.as_secs(),
        act: |conn, now| Ok(sign_in::forget_old(conn, now)?),
    },
    Chore { name: "forget wrong guesses", rounds: 300 / ROUND.as_secs(), act: throttle::forget_old },
];

/// The service while it runs. It stops when told, not when dropped.
pub struct Running {
    addresses: Vec<SocketAddr>,
    server: ServerHandle,
    metrics: Option<ServerHandle>,
    drain: Duration,
    state: Data<State>,
    serving: JoinHandle<io::Result<()>>,
    chores: JoinHandle<()>,
}

/// Listens and answers from now on. It has to be called inside an actix system.
///
/// Fails with `port_in_use`, `cannot_listen`, `bad_tls_certificate` or `bad_tls_key`.
pub fn start(settings: &Settings, state: State) -> Result<Running, StartError> {
    let state = Data::new(state);
    let served = state.clone();
    let server = HttpServer::new(move || {
        let state = served.clone();
        App::new()
            .configure(move |config| routes(config, state))
            .wrap(Compress::default())
            .wrap(from_fn(recall_answers))
            .wrap(from_fn(guard_panics_and_name_requests))
    })
    .workers(settings.workers)
    .shutdown_timeout(STOP_WAIT_S)
    // A body that is compressed comes behind its head: it must not wait until the client has confirmed that.
    .tcp_nodelay(true)
    .disable_signals();
    let server = match &settings.tls {
        Some(files) => server.bind_rustls_0_23(settings.bind, tls(files)?),
        None => server.bind(settings.bind),
    }
    .map_err(|error| not_listening(settings.bind, &error))?;

    let metrics = settings.metrics_bind.map(|address| metrics_at(address, state.clone())).transpose()?;
    let addresses = server.addrs();
    for address in &addresses {
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        tracing::info!("listening on {scheme}://{address}");
    }
    let server = server.run();
    let metrics = metrics.map(|server| {
        let handle = server.handle();
        rt::spawn(server);
        handle
    });
    Ok(Running {
        addresses,
        server: server.handle(),
        serving: rt::spawn(server),
        metrics,
        drain: settings.drain,
        chores: rt::spawn(do_chores(state.clone().into_inner())),
        state,
    })
}

/// A server of its own for `/metrics`, and for nothing else.
fn metrics_at(address: SocketAddr, state: Data<State>) -> Result<Server, StartError> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .service(read_at("/metrics", metrics_alone))
            .default_service(web::to(nothing_there))
            .wrap(from_fn(guard_panics_and_name_requests))
    });
    let server = server.workers(1).shutdown_timeout(1).disable_signals();
    let server = server.bind(address).map_err(|error| not_listening(address, &error))?;
    for address in server.addrs() {
        tracing::info!("metrics on http://{address}/metrics");
    }
    Ok(server.run())
}

impl Running {
    /// Where it listens; with the port that the system chose when the settings named port 0.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Runs until somebody stops the process with SIGTERM or SIGINT, then stops.
    ///
    /// Fails with `internal_error` when the system does not tell of signals, or the server ended by itself.
    pub async fn until_told(mut self) -> Result<(), StartError> {
        let broken = |said: &dyn std::fmt::Display| {
            StartError::new("internal_error", format!("The service cannot go on. It said: {said}"))
        };
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| broken(&error))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| broken(&error))?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = &mut self.serving => return Err(broken(&"the server ended")),
        }
        self.state.stopping.store(true, Ordering::Relaxed);
        if !self.drain.is_zero() {
            tracing::info!(seconds = self.drain.as_secs(), "stopping soon: /readyz says no from now on");
            tokio::select! {
                () = tokio::time::sleep(self.drain) => {}
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        tracing::info!("stopping: no new requests, those under way may end");
        self.stop().await;
        tracing::info!("stopped");
        Ok(())
    }

    /// Takes no more requests, lets those under way end within ten seconds, and makes durable what they wrote.
    pub async fn stop(self) {
        self.state.stopping.store(true, Ordering::Relaxed);
        // They would go on for ever.
        self.state.live.close();
        self.server.stop(true).await;
        if let Some(metrics) = &self.metrics {
            metrics.stop(false).await;
        }
        self.chores.abort();
        self.state.db.clone().close();
    }
}

/// Everything that is answered.
fn routes(config: &mut web::ServiceConfig, state: Data<State>) {
    config
        .app_data(state)
        .app_data(web::PayloadConfig::new(BODY_LIMIT))
        .app_data(web::PathConfig::default().error_handler(|_, _| Problem::new(Code::NotFound).into()))
        .service(read_at("/healthz", healthz))
        .service(read_at("/readyz", readyz))
        .service(read_at("/metrics", metrics_here))
        .service(read_at("/api/v1/openapi.json", openapi));
    docs::mount(config);
    routes::api().mount(config);
    // Last: it takes every address that is left.
    pages::mount(config);
}

/// What is read at an address: whatever takes GET takes HEAD.
fn read_at<F, Args>(path: &str, answer: F) -> Resource
where
    F: Handler<Args> + Copy,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::get().to(answer)).route(web::head().to(answer))
}

/// Says that the process is alive; touches nothing.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// Says whether requests can be answered now; 503 with what is missing when not.
async fn readyz(state: Data<State>) -> Result<HttpResponse, Problem> {
    let ready = state.is_ready().await;
    metrics::ready(ready.is_ok());
    ready?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}

/// The metrics on the main address: for programs on this machine alone, and for nobody whom a proxy speaks for.
async fn metrics_here(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let local = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let forwarded =
        [header::FORWARDED, header::X_FORWARDED_FOR].iter().any(|name| request.headers().contains_key(name));
    if state.settings.metrics_bind.is_some() || !local || forwarded {
        return Err(Code::NotFound.into());
    }
    Ok(metrics_alone(state).await)
}

/// The metrics, for whoever reaches them.
async fn metrics_alone(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().content_type(metrics::TEXT_FORMAT).body(metrics::text(&state.db))
}

/// The API's document. It is made when somebody asks for it first.
async fn openapi() -> HttpResponse {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| routes::api().document().to_string().into());
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.clone())
}

async fn nothing_there() -> Result<HttpResponse, Problem> {
    Err(Code::NotFound.into())
}

/// Does what the service does by itself, as long as it runs. What fails is tried again when its round comes.
async fn do_chores(state: Arc<State>) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0_u64.. {
        rounds.tick().await;
        // What is still being lived through is not over, whatever this clock shows.
        if state.demo.is_under_way() {
            continue;
        }
        for chore in CHORES.iter().filter(|chore| round % chore.rounds == 0) {
            do_chore(&state, chore).await;
        }
    }
}

async fn do_chore(state: &Arc<State>, chore: &Chore) {
    loop {
        let (act, doing) = (chore.act, state.clone());
        let done = state
            .db
            .write(move |conn| {
                let now = doing.now_for_writing(conn)?;
                act(conn, now)
            })
            .await;
        metrics::chore(chore.name, done.as_ref().ok().copied());
        match done {
            Ok(0) => return,
            Ok(count) => tracing::info!(chore = chore.name, count, "done"),
            Err::<_, Problem>(problem) => {
                tracing::warn!(chore = chore.name, %problem, "not done this time");
                return;
            }
        }
    }
}

fn not_listening(address: SocketAddr, error: &io::Error) -> StartError {
    if error.kind() == io::ErrorKind::AddrInUse {
        return StartError::new(
            "port_in_use",
            format!(
                "Another program listens on {address}, perhaps this one, started before. Stop that program, or choose \
                 another port, such as --bind {}:{}.",
                address.ip(),
                address.port().wrapping_add(1).max(1024)
            ),
        );
    }
    StartError::new(
        "cannot_listen",
        format!(
            "Listening on {address} is not possible. Check that this machine has the address, and that this user may \
             use the port (below 1024 usually not). It said: {error}"
        ),
    )
}

fn tls(files: &TlsFiles) -> Result<rustls::ServerConfig, StartError> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

    let bad_cert = |said: String| {
        let file = files.cert.display();
        StartError::new(
            "bad_tls_certificate",
            format!(
                "The certificate {file} cannot be used. Name a PEM file with the whole chain. It said: {said}"
            ),
        )
    };
    let bad_key = |said: String| {
        let file = files.key.display();
        StartError::new(
            "bad_tls_key",
            format!(
                "The private key {file} cannot be used. Name the PEM file with the key of the certificate {}, not \
                 locked with a password. It said: {said}",
                files.cert.display()
            ),
        )
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect)
        .map_err(|error| bad_cert(error.to_string()))?;
    if chain.is_empty() {
        return Err(bad_cert("there is no certificate in it".into()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| bad_key(error.to_string()))?;
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the protocol versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InvalidCertificate(_) => bad_cert(error.to_string()),
            _ => bad_key(error.to_string()),
        })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use diesel::prelude::*;

    use super::*;
    use crate::{
        accounts::passwords::Params, db::schema::idempotency_keys::dsl::*, keys::KeySource,
        settings::LogFormat,
    };

    #[test]
    fn a_disk_without_room_is_not_ready_and_one_that_nobody_knows_is() {
        assert!(!has_room(Ok(Some(LEAST_FREE_BYTES - 1))));
        assert!(has_room(Ok(Some(LEAST_FREE_BYTES))));
        assert!(has_room(Ok(None)) && has_room(Err(io::Error::other("nobody knows"))));
    }

    #[test]
    fn whoever_starts_with_a_clock_behind_the_newest_record_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings {
            bind: "127.0.0.1:0".parse().unwrap(),
            database_url: format!("sqlite:{}", dir.path().join("a.db").display()),
            tls: None,
            keys: KeySource::File(dir.path().join("keys")),
            log_format: LogFormat::Text,
            workers: 1,
            proxies: crate::origin::Proxies {
                trusted: Vec::new(),
                header: crate::origin::ProxyHeader::XForwardedFor,
            },
            metrics_bind: None,
            drain: Duration::ZERO,
        };
        let noon = At::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let (clock, hand) = Clock::held(noon);
        let hasher = Hasher::new(Params::new(Params::MIN_M_COST, 1, 1, None).unwrap());
        let state = State::open(&settings, clock.clone(), hasher.clone()).unwrap();
        let row = (principal.eq("a"), key.eq("k"), request_hash.eq("h"), created_at.eq(noon));
        let kept = state.db.write_blocking(move |conn| -> Result<_, Fail> {
            Ok(diesel::insert_into(idempotency_keys).values(row).execute(conn)?)
        });
        assert_eq!(kept.unwrap(), 1);
        drop(state);

        let state = Arc::new(State::open(&settings, clock, hasher).unwrap());
        let written_at = |at: At| {
            hand.set(at);
            let (state, db) = (state.clone(), state.db.clone());
            db.write_blocking(move |conn| state.now_for_writing(conn))
                .map_err(|problem: Problem| problem.code)
        };
        // Behind by no more than that it writes, and at no instant before what was written.
        let limit = noon - CLOCK_TOLERANCE;
        assert_eq!(written_at(limit), Ok(noon));
        assert_eq!(written_at(limit - TimeDelta::seconds(1)), Err(Code::ClockBehind));
        // A clock that is ahead while nothing is recorded leaves nothing behind.
        assert_eq!(written_at(noon + TimeDelta::days(1)), Ok(noon + TimeDelta::days(1)));
        assert_eq!(written_at(limit), Ok(noon));
    }
}
