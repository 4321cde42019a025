//! What this process counts of itself, for Prometheus to collect at `/metrics`.
//!
//! No label holds an id, a name or a path: their values are words of the domain, operation ids and codes, so that there
//! are as many series tomorrow as today. What happened in the domain is counted when it is committed and not before
//! ([`Conn::after_commit`](crate::db::Conn::after_commit)): what was rolled back or tried again counts once or never. The
//! numbers are of this process since it started; what has to be right to the last meal is read from the database.

use std::{sync::LazyLock, time::Duration};

use prometheus::{
    Encoder as _, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, PullingGauge, Registry, TextEncoder, core::Collector,
    process_collector::ProcessCollector,
};

use crate::db::{Db, Kind};

/// The media type of the text format.
pub use prometheus::TEXT_FORMAT;

/// Seconds; a request or a commit takes less than ten.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Acts that share a commit, at most 256.
const ACTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

struct Metrics {
    registry: Registry,
    build_info: GaugeVec,
    ready: Gauge,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    in_flight: IntGauge,
    problems: IntCounterVec,
    replays: IntCounter,
    reservations: IntCounterVec,
    check_ins: IntCounterVec,
    voids: IntCounter,
    reviews: IntCounterVec,
    sign_ins: IntCounterVec,
    chores: IntCounterVec,
    chore_things: IntCounterVec,
    commit_seconds: Histogram,
    commit_acts: Histogram,
    queue: IntGauge,
    retries: IntCounter,
    faults: IntCounterVec,
    connections: IntGaugeVec,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

impl Metrics {
    fn new() -> Metrics {
        let registry = Registry::new();
        let made = Made(&registry);
        let metrics = Metrics {
            build_info: made.known(GaugeVec::new(
                Opts::new("leling_build_info", "Always 1: the version of the program, and the kind of its database."),
                &["version", "database"],
            )),
            ready: made.known(Gauge::new("leling_ready", "1 while /readyz says yes, as of the last time it was asked.")),
            requests: made.counters(
                "leling_http_requests_total",
                "Requests that were answered, by operation of the API, method and class of status.",
                &["operation", "method", "status"],
            ),
            request_seconds: made.known(HistogramVec::new(
                HistogramOpts::new(
                    "leling_http_request_duration_seconds",
                    "From reading a request's head to its answer, by operation of the API.",
                )
                .buckets(SECONDS.to_vec()),
                &["operation"],
            )),
            in_flight: made.known(IntGauge::new(
                "leling_http_requests_in_flight",
                "Requests that are being answered.",
            )),
            problems: made.counters("leling_problems_total", "Requests that were refused, by code.", &["code"]),
            replays: made.known(IntCounter::new(
                "leling_idempotent_replays_total",
                "Requests that were sent again and got the answer that was kept with their key.",
            )),
            reservations: made.counters(
                "leling_reservations_total",
                "What happened to reservations: placed, changed, cancelled, by the channel that they were made through.",
                &["event", "channel"],
            ),
            check_ins: made.counters(
                "leling_check_ins_total",
                "Taps by kind, and how they ended: served, review, or the word of the refusal.",
                &["kind", "outcome"],
            ),
            voids: made.known(IntCounter::new("leling_voids_total", "Attendances that were struck out.")),
            reviews: made.counters(
                "leling_reviews_resolved_total",
                "Attendances that waited for review, by what was decided.",
                &["decision"],
            ),
            sign_ins: made.counters(
                "leling_sign_ins_total",
                "Sign-ins by what was shown (password or pin), and how they ended.",
                &["with", "outcome"],
            ),
            chores: made.counters(
                "leling_chores_total",
                "How often the service looked for something to do by itself, and how that ended.",
                &["chore", "outcome"],
            ),
            chore_things: made.counters(
                "leling_chore_things_total",
                "What it did by itself: menus closed, keys and tokens forgotten.",
                &["chore"],
            ),
            commit_seconds: made.known(Histogram::with_opts(
                HistogramOpts::new(
                    "leling_database_commit_duration_seconds",
                    "How long commits took until they were durable.",
                )
                .buckets(SECONDS.to_vec()),
            )),
            commit_acts: made.known(Histogram::with_opts(
                HistogramOpts::new("leling_database_commit_acts", "How many acts shared a commit.")
                    .buckets(ACTS.to_vec()),
            )),
            queue: made.known(IntGauge::new(
                "leling_database_queue_length",
                "Acts that wait for the writing thread; always 0 on PostgreSQL, which has none.",
            )),
            retries: made.known(IntCounter::new(
                "leling_database_retries_total",
                "Acts that were begun again because two were in each other's way.",
            )),
            faults: made.counters(
                "leling_database_faults_total",
                "What went wrong with the database, as callers were told.",
                &["fault"],
            ),
            connections: made.known(IntGaugeVec::new(
                Opts::new("leling_database_connections", "Connections in the pool."),
                &["state"],
            )),
            registry: registry.clone(),
        };
        let process = Box::new(ProcessCollector::for_self());
        registry.register(process).expect("each metric is made once");
        metrics
    }
}

/// Makes metrics that a registry knows.
struct Made<'a>(&'a Registry);

impl Made<'_> {
    fn known<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let made = made.expect("the names of metrics are right");
        self.0.register(Box::new(made.clone())).expect("each metric is made once");
        made
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.known(IntCounterVec::new(Opts::new(name, help), labels))
    }
}

/// The numbers as text, as of now.
pub fn text(db: &Db) -> String {
    let kind = match db.kind() {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgres",
    };
    METRICS.build_info.with_label_values(&[env!("CARGO_PKG_VERSION"), kind]).set(1.0);
    let (in_use, idle) = db.connections();
    METRICS.connections.with_label_values(&["in_use"]).set(i64::from(in_use));
    METRICS.connections.with_label_values(&["idle"]).set(i64::from(idle));
    let mut text = Vec::new();
    match TextEncoder::new().encode(&METRICS.registry.gather(), &mut text) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            String::new()
        }
    }
}

/// Lets the numbers tell how many lines of the log were lost, which `count` says; to be called once.
pub fn lost_log_lines(count: impl Fn() -> usize + Send + Sync + 'static) {
    Made(&METRICS.registry).known(PullingGauge::new(
        "leling_log_lines_lost",
        "Lines of the log that nobody took in time, since the start.",
        Box::new(move || count() as f64),
    ));
}

/// Whether the service was found to be ready.
pub fn ready(ready: bool) {
    METRICS.ready.set(f64::from(u8::from(ready)));
}

/// A request is being answered until the value is dropped.
pub fn request_under_way() -> impl Drop {
    struct UnderWay;
    impl Drop for UnderWay {
        fn drop(&mut self) {
            METRICS.in_flight.dec();
        }
    }
    METRICS.in_flight.inc();
    UnderWay
}

/// A request was answered. `method` is none of the usual ones when it is `other`.
pub fn request(operation: &str, method: &str, status: u16, took: Duration) {
    let class = match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    METRICS.requests.with_label_values(&[operation, method, class]).inc();
    METRICS.request_seconds.with_label_values(&[operation]).observe(took.as_secs_f64());
}

/// A request was refused with this code.
pub fn problem(code: &str) {
    METRICS.problems.with_label_values(&[code]).inc();
}

/// A request got the answer that was kept with its idempotency key.
pub fn replay() {
    METRICS.replays.inc();
}

/// Something happened to a reservation.
pub fn reservation(event: &str, channel: &str) {
    METRICS.reservations.with_label_values(&[event, channel]).inc();
}

/// A tap ended so: `served`, `review`, or a word of refusal.
pub fn check_in(kind: &str, outcome: &str) {
    METRICS.check_ins.with_label_values(&[kind, outcome]).inc();
}

/// An attendance was struck out.
pub fn void() {
    METRICS.voids.inc();
}

/// Something was decided about an attendance that waited for review.
pub fn review(decision: &str) {
    METRICS.reviews.with_label_values(&[decision]).inc();
}

/// Somebody signed in, or tried.
pub fn sign_in(with: &str, outcome: &str) {
    METRICS.sign_ins.with_label_values(&[with, outcome]).inc();
}

/// The service looked for something to do by itself, and did so many things; none when it could not.
pub fn chore(name: &str, done: Option<usize>) {
    METRICS.chores.with_label_values(&[name, if done.is_some() { "done" } else { "failed" }]).inc();
    METRICS.chore_things.with_label_values(&[name]).inc_by(done.unwrap_or(0) as u64);
}

/// So many acts were committed together.
pub fn commit(acts: usize, took: Duration) {
    METRICS.commit_seconds.observe(took.as_secs_f64());
    METRICS.commit_acts.observe(acts as f64);
}

/// An act joined the queue to the writing thread.
pub fn queued() {
    METRICS.queue.inc();
}

/// An act left the queue.
pub fn unqueued() {
    METRICS.queue.dec();
}

/// An act is begun again.
pub fn retry() {
    METRICS.retries.inc();
}

/// Something went wrong with the database.
pub fn fault(fault: &str) {
    METRICS.faults.with_label_values(&[fault]).inc();
}
