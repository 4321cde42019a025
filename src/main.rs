//! The command line.

use std::{
    io::{self, BufWriter, IsTerminal as _, Write},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::{
    CommandFactory as _, Parser,
    error::{ContextKind, ErrorKind},
};
use leling::{
    access::acts,
    accounts::{
        self,
        passwords::{Hasher, Params},
    },
    app::{self, State},
    backup,
    clock::Clock,
    db::{Db, Look},
    demo,
    devices::EnrolmentCode,
    guards, metrics,
    problem::{self, Fail},
    routes,
    settings::{Flags, LogFormat, Settings},
    start_error::StartError,
    text::{Line, Password, UserName},
    verify,
};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// What is logged unless RUST_LOG says otherwise: a line for each request, and what the server itself complains of.
const DEFAULT_LOG_FILTER: &str = "info,actix_server=warn";

/// The same for the demonstration, which makes thousands of requests by itself.
const DEMO_LOG_FILTER: &str = "warn";

/// Meal ordering for senior canteens: menus, reservations, check-ins, subsidies, headcounts.
#[derive(Parser)]
#[command(name = "leling", version)]
struct CommandLine {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve requests until stopped; what happens when no command is named
    Serve,
    /// Bring the database up to date and end
    Migrate,
    /// What concerns accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Fill a database of its own with the places this is built for, live through a day, and serve it
    Demo {
        /// Write how to sign in as everybody to this file, JSON
        #[arg(long, value_name = "FILE")]
        sign_ins: Option<PathBuf>,
    },
    /// Copy the database to a new file, while the service goes on
    Backup {
        /// The file to be made; nothing is written over
        file: PathBuf,
        /// Copy the keys as well, to FILE.keys
        #[arg(long)]
        with_keys: bool,
    },
    /// Bring a backup back as a database that does not exist yet
    Restore {
        /// The backup
        file: PathBuf,
        /// Make FILE.keys the key file of this installation
        #[arg(long)]
        with_keys: bool,
    },
    /// Compute every value again that is recorded twice or follows from others, and name every difference
    ///
    /// It changes nothing, and the service may run or not. It ends with 1 when there is a difference.
    Verify {
        /// Write one JSON object a line: each difference, then what was gone through
        #[arg(long)]
        json: bool,
    },
    /// Print the API's document (OpenAPI 3.1, YAML)
    Openapi,
    /// Print which role may do what
    AccessTable,
    /// Print every code with which a request can be refused
    ProblemCodes,
}

#[derive(clap::Subcommand)]
enum AccountCommand {
    /// Make an account that administers the installation; asks for its password
    CreateAdmin(NewAdmin),
}

#[derive(clap::Args)]
struct NewAdmin {
    /// The name to sign in with, such as wang.fang
    #[arg(long)]
    user_name: String,
    /// What people call them [default: the user name]
    #[arg(long)]
    display_name: Option<String>,
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("leling: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), StartError> {
    let CommandLine { flags, command } = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(help) if matches!(help.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return said(&help.to_string());
        }
        Err(error) => return Err(mistyped(&error)),
    };
    match command.unwrap_or(Command::Serve) {
        Command::Serve => with_settings(&flags, serve),
        Command::Migrate => with_settings(&flags, migrate),
        Command::Account(AccountCommand::CreateAdmin(new)) => {
            with_settings(&flags, |settings| create_admin(settings, &new))
        }
        Command::Backup { file, with_keys } => {
            with_settings(&flags, |settings| said(&backup::back_up(settings, &file, with_keys)?))
        }
        Command::Restore { file, with_keys } => {
            with_settings(&flags, |settings| said(&backup::restore(settings, &file, with_keys)?))
        }
        Command::Verify { json } => with_settings(&flags, |settings| verify(settings, json)),
        Command::Demo { sign_ins } => {
            let settings = Settings::of_process_with(demo::DATABASE_URL, &flags)?;
            let _writing = log(&settings, DEMO_LOG_FILTER)?;
            demo::run(&settings, sign_ins.as_deref())
        }
        Command::Openapi => said(&routes::api().yaml()),
        Command::AccessTable => said(&acts::table()),
        Command::ProblemCodes => said(&problem::table()),
    }
}

/// Does it by the settings, and logs as they say meanwhile.
fn with_settings(
    flags: &Flags,
    act: impl FnOnce(&Settings) -> Result<(), StartError>,
) -> Result<(), StartError> {
    let settings = Settings::of_process(flags)?;
    let _writing = log(&settings, DEFAULT_LOG_FILTER)?;
    act(&settings)
}

/// So many lines of the log may wait to be written.
const WAITING_LINES: usize = 1 << 13;

/// So long lines of the log are gathered before they are written: at each writing the workers lose a core for a while.
const GATHERED: Duration = Duration::from_millis(2);

/// Where lines are written many at once.
struct Gathering<W>(W);

impl<W: Write> Write for Gathering<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    /// Is called when no more lines wait.
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        thread::sleep(GATHERED);
        Ok(())
    }
}

/// From here on the log is written as the settings and RUST_LOG say, or by this filter; the rest of it when the guard is dropped.
///
/// A thread writes it, so that nobody waits for whoever reads it: lines that it cannot get rid of are lost and counted.
fn log(settings: &Settings, default_filter: &str) -> Result<WorkerGuard, StartError> {
    // Nothing said is no wish for silence, in which errors would be lost.
    let said = std::env::var("RUST_LOG").ok().filter(|said| !said.trim().is_empty());
    let filter = said.unwrap_or_else(|| default_filter.into());
    let filter: Targets = filter.parse().map_err(|error| StartError::bad_setting("RUST_LOG", error))?;
    let (writer, writing) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .lossy(!guards::is_off("log"))
        .finish(Gathering(BufWriter::with_capacity(64 << 10, io::stderr())));
    let lost = writer.error_counter();
    metrics::lost_log_lines(move || lost.dropped_lines());
    let lines = fmt::layer().with_writer(writer);
    let log = tracing_subscriber::registry().with(filter);
    match settings.log_format {
        LogFormat::Text => log.with(lines.with_ansi(io::stderr().is_terminal())).init(),
        LogFormat::Json => log.with(lines.json().flatten_event(true).with_span_list(false)).init(),
    }
    Ok(writing)
}

fn serve(settings: &Settings) -> Result<(), StartError> {
    let state = State::open(settings, Clock::of_process(), Hasher::new(Params::DEFAULT))?;
    let code = if state.has_administrator()? { None } else { state.offer_first_run()? };
    actix_web::rt::System::new().block_on(async {
        let running = app::start(settings, state)?;
        if let Some(code) = code {
            let scheme = if settings.tls.is_some() { "https" } else { "http" };
            let port = running.addresses().first().map_or(0, |address| address.port());
            eprintln!("{}", how_to_begin(settings, &format!("{scheme}://localhost:{port}/first-run"), &code));
        }
        running.until_told().await
    })
}

/// Told at every start while nobody can administer the installation.
fn how_to_begin(settings: &Settings, page: &str, code: &EnrolmentCode) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "leling".into());
    let mut command = format!("{program} account create-admin --user-name admin");
    let mut with = "it asks for a password";
    if settings.database_url.starts_with("sqlite:") {
        command += &format!(" --database-url '{}'", settings.database_url);
    } else {
        // The URL of a server may hold a password, which is not to stand on a screen.
        with = "with the database URL set as for this start; it asks for a password";
    }
    format!(
        "leling: there is no administrator yet. Make the first one in a browser within an hour, with this code:\n  \
         {code}  at {page}\nleling: or here ({with}):\n  {command}"
    )
}

fn migrate(settings: &Settings) -> Result<(), StartError> {
    Db::open(&settings.database_url)?.close();
    said("The database is up to date.\n")
}

fn verify(settings: &Settings, json: bool) -> Result<(), StartError> {
    let mut unwritten = Ok(());
    let mut tell = |line: String| {
        if unwritten.is_ok() {
            unwritten = said(&(line + "\n"));
        }
    };
    let checked = Look::at(&settings.database_url)?.read(|conn| {
        verify::verify(conn, &mut |difference| {
            tell(if json { serde_json::json!(difference).to_string() } else { difference.to_string() });
        })
    })?;
    tell(if json { serde_json::json!({ "checked": checked }).to_string() } else { checked.to_string() });
    unwritten?;
    match checked.differences {
        0 => Ok(()),
        count => Err(StartError::new(
            "differences_found",
            format!(
                "{count} recorded values are not what the others say; each is named above. Compare with a backup, and \
                 find out who writes to the database besides this program."
            ),
        )),
    }
}

fn create_admin(settings: &Settings, new: &NewAdmin) -> Result<(), StartError> {
    let bad = |flag| move |said: String| StartError::bad_setting(flag, said);
    let user_name = UserName::parse(&new.user_name).map_err(bad("--user-name"))?;
    let display_name =
        Line::parse(new.display_name.as_deref().unwrap_or(&new.user_name)).map_err(bad("--display-name"))?;
    let db = Db::open(&settings.database_url)?;
    let password = Password::parse(&password(new.password_stdin)?)
        .map_err(|_| StartError::bad_setting("password", "10 to 128 characters are expected"))?;
    let password_hash = Hasher::new(Params::DEFAULT).hash_blocking(password.as_str());
    let signs_in_as = user_name.as_str().to_owned();
    db.write_blocking(move |conn| -> Result<_, Fail> {
        let now = Clock::system().now();
        accounts::create_first_admin(
            conn,
            user_name.clone(),
            display_name.clone(),
            password_hash.clone(),
            now,
        )
    })?;
    db.close();
    said(&format!("{signs_in_as} can sign in now, and administers this installation.\n"))
}

/// The password, typed twice without being shown, or the first line of standard input.
fn password(from_stdin: bool) -> Result<String, StartError> {
    let unread = |error: io::Error| {
        StartError::new(
            "no_password",
            format!("The password cannot be read here. Give it with --password-stdin. It said: {error}"),
        )
    };
    if from_stdin {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map_err(unread)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let first = rpassword::prompt_password("Password: ").map_err(unread)?;
    let second = rpassword::prompt_password("The same again: ").map_err(unread)?;
    if first == second {
        Ok(first)
    } else {
        Err(StartError::new(
            "passwords_differ",
            "The two passwords are not the same. Start the command again.",
        ))
    }
}

/// What clap says of a command line, with our codes.
fn mistyped(error: &clap::Error) -> StartError {
    let named = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let flags: Vec<String> = CommandLine::command()
                .get_arguments()
                .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
                .collect();
            StartError::new(
                "unknown_setting",
                format!(
                    "There is no {} here. Take it away or correct it; everywhere there are: {}; and see --help.",
                    named(ContextKind::InvalidArg),
                    flags.join(", ")
                ),
            )
        }
        ErrorKind::InvalidSubcommand => StartError::new(
            "unknown_command",
            format!("There is no command {}. See --help.", named(ContextKind::InvalidSubcommand)),
        ),
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            StartError::new("bad_setting", format!("{}. See --help.", first.trim_start_matches("error: ")))
        }
    }
}

/// Writes to standard output. Whoever reads it may stop early.
fn said(text: &str) -> Result<(), StartError> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(StartError::new("cannot_write", format!("The output cannot be written. It said: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
