//! The demonstration: a database of its own with the places this service is built for, thirty days that have passed, and
//! one whole day through the public API, which has to add up. Then it serves.
//!
//! The places, the people and what they do are the same in every run; passwords and PINs are new in every run. What
//! passed is made by the acts of real use, with the instants that it had. The day is lived over HTTP on the port that is
//! served, by people who sign in, on a clock that is held until the day is over.
//!
//! Whoever begins an installation in a browser can have it loaded there instead ([`load`]): the day is lived on a port of
//! its own then, which nobody else reaches.

mod client;
mod day;
mod dice;
mod history;
mod kitchen;
mod loading;
mod people;
mod places;
mod progress;
mod setup;
mod sign_ins;
mod table;

pub use self::{
    loading::{Loading, Part, Stage},
    sign_ins::SignIn,
};

use std::{
    fmt,
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Instant,
};

use chrono::{Days, NaiveDate, NaiveTime};

use self::{client::Server, places::ZONE, progress::Progress, setup::House};
use crate::{
    accounts::passwords::{Hasher, Params},
    app::{self, Running, State},
    clock::{At, Clock, Hand},
    db::Conn,
    installation,
    problem::Fail,
    settings::Settings,
    start_error::StartError,
};

/// How many days of history there are before the day that is lived over HTTP.
const DAYS: u64 = 30;

/// How often a part of it is begun again on a machine that is busy.
const TRIES: usize = 10;

/// Where the demonstration's database is unless somebody says otherwise.
pub const DATABASE_URL: &str = "sqlite:leling-demo.db";

/// Fills the database, lives through yesterday, prints what came of it and how to sign in, and serves until stopped.
///
/// Fails with `demo_database_exists` where there is anything already, `demo_does_not_add_up`, `demo_failed`, and as
/// serving does.
pub fn run(settings: &Settings, sign_ins: Option<&Path>) -> Result<(), StartError> {
    if settings.tls.is_some() {
        return Err(StartError::bad_setting(
            "tls_cert",
            "the demonstration speaks plain HTTP to itself; leave it out",
        ));
    }
    refuse_existing_file(&settings.database_url)?;
    let began = Instant::now();
    let (past, state) = live_past(settings, Progress::new(Arc::default()))?;
    actix_web::rt::System::new().block_on(async {
        let running = app::start(settings, state)?;
        let sign_ins = sign_ins.map(Path::to_owned);
        let lived = live_day(&running, past)
            .await
            .and_then(|all| sign_ins.map_or(Ok(()), |file| sign_ins::write(&file, &all)));
        if let Err(error) = lived {
            running.stop().await;
            return Err(error);
        }
        eprintln!(
            "leling: the demonstration was ready after {:.1} s and serves on http://{} until it is stopped",
            began.elapsed().as_secs_f64(),
            reachable(&running)?
        );
        running.until_told().await
    })
}

/// Begins to fill the installation of `state`, in which there has to be nothing, and which goes on serving. Its
/// [`Loading`] tells how far that is; `loader` is what is known of the browser that asked.
pub fn load(state: &State, loader: String) {
    let loading = state.demo.clone();
    loading.ask(loader);
    let settings = Settings {
        bind: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
        tls: None,
        metrics_bind: None,
        ..state.settings.clone()
    };
    std::thread::spawn(move || {
        let told = loading.clone();
        let filled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fill(&settings, told)));
        let filled = filled.unwrap_or_else(|_| Err(broken("a panic")));
        if let Err(error) = &filled {
            tracing::error!(%error, "the demonstration was not loaded to its end");
        }
        loading.end(filled.map_err(|error| error.to_string()));
    });
}

/// Fills the database beside the service that runs.
fn fill(settings: &Settings, loading: Arc<Loading>) -> Result<Vec<SignIn>, StartError> {
    let (past, state) = live_past(settings, Progress::new(loading))?;
    actix_web::rt::System::new().block_on(async {
        let running = app::start(settings, state)?;
        let lived = live_day(&running, past).await;
        running.stop().await;
        lived
    })
}

/// What was set up and lived through, up to the day that is lived over HTTP.
struct Past {
    clock: Clock,
    hand: Hand,
    house: House,
    yesterday: NaiveDate,
    progress: Progress,
}

/// Opens the database, in which there has to be nothing, and makes everything up to the day before yesterday.
fn live_past(settings: &Settings, mut progress: Progress) -> Result<(Past, State), StartError> {
    let today = ZONE.day_of(Clock::system().now());
    let yesterday = today - Days::new(1);
    let first_morning = instant(yesterday - Days::new(DAYS + 2), 9, 0);
    let (clock, hand) = Clock::held(first_morning);
    let state = State::open(settings, clock.clone(), Hasher::new(Params::DEFAULT))?;
    let unused =
        state.db.read_blocking(|conn| -> Result<bool, Fail> { Ok(installation::is_unused(conn)?) })?;
    if !unused {
        return Err(exists("The database that is named"));
    }
    let house =
        setup::furnish(&state, first_morning, first_morning.in_zone(ZONE.0).date_naive(), &mut progress)?;
    history::live(&state, &house.kitchens, yesterday, &mut progress)?;
    hand.set(instant(yesterday - Days::new(1), 9, 0));
    Ok((Past { clock, hand, house, yesterday, progress }, state))
}

/// Lives through yesterday where the service runs, tells what came of it and how to sign in, and lets the clock go.
async fn live_day(running: &Running, past: Past) -> Result<Vec<SignIn>, StartError> {
    let base = reachable(running)?;
    let lived = tokio::task::spawn_blocking(move || {
        let Past { clock, hand, house, yesterday, progress } = past;
        live(&Server::new(base, clock), &house, &hand, yesterday, progress)?;
        let sign_ins = sign_ins::all(&house);
        print(&sign_ins::print(&sign_ins))?;
        hand.release();
        Ok(sign_ins)
    });
    lived.await.unwrap_or_else(|panic| Err(broken(panic)))
}

/// Lives through the day, prints its table, and checks that it adds up.
fn live(
    server: &Server,
    house: &House,
    hand: &Hand,
    yesterday: NaiveDate,
    mut progress: Progress,
) -> Result<(), StartError> {
    let done = day::live(server, house, hand, yesterday, &mut progress)?;
    let rows = table::read(server, house, yesterday, &done)?;
    print(&table::print(yesterday, &rows))?;
    table::check(&rows)
}

fn refuse_existing_file(database_url: &str) -> Result<(), StartError> {
    let Some(path) = database_url.strip_prefix("sqlite:") else { return Ok(()) };
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    if path.exists() { Err(exists(&format!("The file {}", path.display()))) } else { Ok(()) }
}

fn exists(what: &str) -> StartError {
    StartError::new(
        "demo_database_exists",
        format!(
            "{what} is in use already, and the demonstration overwrites nothing. Name a new one with --database-url, \
             or delete it if it is an old demonstration; to go on with an old one, serve it with --database-url."
        ),
    )
}

/// Where this process reaches what it serves.
fn reachable(running: &Running) -> Result<SocketAddr, StartError> {
    let mut address = *running.addresses().first().ok_or_else(|| broken("it listens nowhere"))?;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(address)
}

/// The instant at which the clocks of every place show this.
fn instant(on: NaiveDate, hour: u32, minute: u32) -> At {
    ZONE.instant(on, NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or(NaiveTime::MIN))
}

/// What only a mistake in this program brings about.
fn broken(said: impl fmt::Display) -> StartError {
    StartError::new(
        "demo_failed",
        format!("The demonstration could not be finished; tell its makers. It said: {said}"),
    )
}

/// Writes a part of the demonstration. A machine that is busy is waited for: nothing remains of what it cut off, and it is
/// begun again.
fn written<T: Send + 'static>(
    state: &State,
    part: impl Fn(&mut Conn) -> Result<T, Fail> + Clone + Send + 'static,
) -> Result<T, StartError> {
    for _ in 1..TRIES {
        match state.db.write_blocking(part.clone()) {
            Err(problem) if problem.code.retryable() => {}
            written => return Ok(written?),
        }
    }
    Ok(state.db.write_blocking(part)?)
}

/// Writes to standard output, whose reader may have gone.
fn print(text: &str) -> Result<(), StartError> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(StartError::new("cannot_write", format!("The output cannot be written. It said: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
