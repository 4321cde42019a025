//! The command line.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::{
    CommandFactory as _, Parser,
    error::{ContextKind, ErrorKind},
};
use leling::{
    access::acts,
    accounts::passwords::{Hasher, Params},
    app::{self, State},
    clock::Clock,
    db::Db,
    problem,
    settings::{Flags, LogFormat, Settings},
    start_error::StartError,
};
use tracing_subscriber::EnvFilter;

/// What is logged unless RUST_LOG says otherwise: a line for each request, and what the server itself complains of.
const DEFAULT_LOG_FILTER: &str = "info,actix_server=warn";

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
    /// Print the API's document (OpenAPI 3.1, YAML)
    Openapi,
    /// Print which role may do what
    AccessTable,
    /// Print every code with which a request can be refused
    ProblemCodes,
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
        Command::Serve => serve(&settings(&flags)?),
        Command::Migrate => migrate(&settings(&flags)?),
        Command::Openapi => said(&app::api().yaml()),
        Command::AccessTable => said(&acts::table()),
        Command::ProblemCodes => said(&problem::table()),
    }
}

/// The settings; from here on the log is written as they say.
fn settings(flags: &Flags) -> Result<Settings, StartError> {
    let settings = Settings::of_process(flags)?;
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| DEFAULT_LOG_FILTER.into());
    let filter = EnvFilter::try_new(filter).map_err(|error| StartError::bad_setting("RUST_LOG", error))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match settings.log_format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(settings)
}

fn serve(settings: &Settings) -> Result<(), StartError> {
    let state = State::open(settings, Clock::system(), Hasher::new(Params::DEFAULT))?;
    let governed = state.has_administrator()?;
    actix_web::rt::System::new().block_on(async {
        let running = app::start(settings, state)?;
        if !governed {
            eprintln!("{}", how_to_begin(settings));
        }
        running.until_told().await
    })
}

/// Told at every start while nobody can administer the installation.
fn how_to_begin(settings: &Settings) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "leling".into());
    let mut command = format!("{program} account create-admin --user-name admin");
    let mut with = "it asks for a password";
    if settings.database_url.starts_with("sqlite:") {
        command += &format!(" --database-url '{}'", settings.database_url);
    } else {
        // The URL of a server may hold a password, which is not to stand on a screen.
        with = "with the database URL set as for this start; it asks for a password";
    }
    format!("leling: there is no administrator yet. Make the first one ({with}):\n  {command}")
}

fn migrate(settings: &Settings) -> Result<(), StartError> {
    Db::open(&settings.database_url)?.close();
    said("The database is up to date.\n")
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
