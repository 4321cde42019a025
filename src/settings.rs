//! Settings: the command line wins over the environment, that over the file, that over the defaults below.
//!
//! Every setting is one line of the table `SETTINGS`. What is in no line of it is refused by name, so that a slip of
//! the pen is told at once and not found out years later.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;

use crate::{
    keys::{KeySource, Keys},
    origin::{Proxies, ProxyHeader},
    start_error::StartError,
};

/// Where the service listens. Only this machine may reach it until somebody decides otherwise.
const DEFAULT_BIND: &str = "127.0.0.1:8080";

/// A file in the working directory, which needs no server and no administrator.
const DEFAULT_DATABASE_URL: &str = "sqlite:leling.db";

/// The name of the key file, beside an SQLite database, else in the working directory.
const DEFAULT_KEY_FILE: &str = "leling.keys";

/// The file of settings that is read when none is named and it exists.
const DEFAULT_CONFIG: &str = "leling.toml";

/// Lines that people read; machines ask for `json`.
const DEFAULT_LOG_FORMAT: &str = "text";

/// More threads than this make requests no faster, as the database does the work, and cost memory while idle.
const MOST_DEFAULT_WORKERS: usize = 4;

/// The settings on the command line, as they were typed.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// Address and port to listen on [env LELING_BIND; default 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub bind: Option<String>,
    /// sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE [env DATABASE_URL; default sqlite:leling.db]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Certificate chain for HTTPS, a PEM file [env LELING_TLS_CERT]
    #[arg(long, global = true, value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// Private key of that certificate, a PEM file [env LELING_TLS_KEY]
    #[arg(long, global = true, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// File with the keys of this installation, made when there is none [env LELING_KEY_FILE; default: leling.keys
    /// beside the database]
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<String>,
    /// File of settings, TOML [env LELING_CONFIG; default: leling.toml where it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<String>,
    /// How the log is written: text or json [env LELING_LOG_FORMAT; default text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Threads that answer requests, 1 to 256 [env LELING_WORKERS; default: one for each core, at most 4]
    #[arg(long, global = true, value_name = "COUNT")]
    pub workers: Option<String>,
    /// Reverse proxies that are believed when they tell for whom they ask: addresses and networks with commas, such as
    /// 127.0.0.1,10.0.0.0/8 [env LELING_TRUSTED_PROXIES; default none]
    #[arg(long, global = true, value_name = "NETWORKS")]
    pub trusted_proxies: Option<String>,
    /// The header in which they tell it: x-forwarded-for or forwarded [env LELING_PROXY_HEADER; default x-forwarded-for]
    #[arg(long, global = true, value_name = "HEADER")]
    pub proxy_header: Option<String>,
    /// Address and port for /metrics alone, which is then not served elsewhere [env LELING_METRICS_BIND; default: on the
    /// main address, for this machine only]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub metrics_bind: Option<String>,
    /// Seconds to go on serving after SIGTERM while /readyz says no, 0 to 300, so that a load balancer turns away first
    /// [env LELING_DRAIN_S; default 0]
    #[arg(long, global = true, value_name = "SECONDS")]
    pub drain_s: Option<String>,
}

/// One setting: its name in the file, its environment variable, its flag.
struct Setting {
    name: &'static str,
    variable: &'static str,
    flag: fn(&Flags) -> &Option<String>,
}

#[rustfmt::skip]
const SETTINGS: &[Setting] = &[
    Setting { name: "bind",         variable: "LELING_BIND",       flag: |flags| &flags.bind },
    Setting { name: "database_url", variable: "DATABASE_URL",      flag: |flags| &flags.database_url },
    Setting { name: "tls_cert",     variable: "LELING_TLS_CERT",   flag: |flags| &flags.tls_cert },
    Setting { name: "tls_key",      variable: "LELING_TLS_KEY",    flag: |flags| &flags.tls_key },
    Setting { name: "key_file",     variable: "LELING_KEY_FILE",   flag: |flags| &flags.key_file },
    Setting { name: "log_format",   variable: "LELING_LOG_FORMAT", flag: |flags| &flags.log_format },
    Setting { name: "workers",      variable: "LELING_WORKERS",    flag: |flags| &flags.workers },
    Setting { name: "trusted_proxies", variable: "LELING_TRUSTED_PROXIES", flag: |flags| &flags.trusted_proxies },
    Setting { name: "proxy_header", variable: "LELING_PROXY_HEADER", flag: |flags| &flags.proxy_header },
    Setting { name: "metrics_bind", variable: "LELING_METRICS_BIND", flag: |flags| &flags.metrics_bind },
    Setting { name: "drain_s",      variable: "LELING_DRAIN_S",    flag: |flags| &flags.drain_s },
];

/// Which file holds the settings; the file itself cannot say.
const CONFIG_VARIABLE: &str = "LELING_CONFIG";

/// The keys themselves instead of a file of them: in the environment only, as command lines and files of settings are
/// read by others.
const KEYS_VARIABLE: &str = "LELING_KEYS";

/// Every variable that begins so is ours.
const PREFIX: &str = "LELING_";

/// A test may switch guards off and hold the clock, and a benchmark switch group commit off, in builds that no release is.
const FOR_TESTS: &[&str] = &[
    #[cfg(all(feature = "unguarded", debug_assertions))]
    "LELING_GUARDS_OFF",
    #[cfg(feature = "unguarded")]
    "LELING_ONE_ACT_A_COMMIT",
    #[cfg(feature = "held_clock")]
    crate::clock::FILE_VARIABLE,
];

/// What the program is to do, decided and checked. It cannot be printed: it holds a password and perhaps keys.
#[derive(Clone)]
pub struct Settings {
    pub bind: SocketAddr,
    /// As [`Db::open`](crate::db::Db::open) takes it.
    pub database_url: String,
    /// Both files, or no HTTPS.
    pub tls: Option<TlsFiles>,
    pub keys: KeySource,
    pub log_format: LogFormat,
    /// Threads that answer requests.
    pub workers: usize,
    pub proxies: Proxies,
    /// Where `/metrics` is served alone; else on the main address, for this machine only.
    pub metrics_bind: Option<SocketAddr>,
    /// How long to go on after being told to stop, while `/readyz` says no.
    pub drain: Duration,
}

/// The two PEM files that HTTPS needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// The settings of this process.
    ///
    /// Fails with `unknown_setting`, `bad_setting` or `settings_file_unreadable`.
    pub fn of_process(flags: &Flags) -> Result<Settings, StartError> {
        Settings::resolve(flags, std::env::vars_os())
    }

    /// The settings of this process where it has another database unless somebody says which.
    ///
    /// Fails like [`Settings::of_process`].
    pub fn of_process_with(default_database_url: &str, flags: &Flags) -> Result<Settings, StartError> {
        Settings::resolve_with(default_database_url, flags, std::env::vars_os())
    }

    /// The settings that these flags and this environment give, with the file that they name.
    ///
    /// Fails like [`Settings::of_process`].
    pub fn resolve(
        flags: &Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Settings, StartError> {
        Settings::resolve_with(DEFAULT_DATABASE_URL, flags, environment)
    }

    fn resolve_with(
        default_database_url: &str,
        flags: &Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Settings, StartError> {
        let environment = ours(environment)?;
        let file = match flags.config.as_ref().or(environment.get(CONFIG_VARIABLE)) {
            Some(path) => Some(read(Path::new(path))?),
            None if Path::new(DEFAULT_CONFIG).exists() => Some(read(Path::new(DEFAULT_CONFIG))?),
            None => None,
        };
        let said = Said { flags, environment, file };
        let database_url = said.value_or("database_url", default_database_url).text;
        Ok(Settings {
            bind: bind(&said.value_or("bind", DEFAULT_BIND))?,
            tls: tls(said.value("tls_cert"), said.value("tls_key"))?,
            keys: keys(&said, &database_url)?,
            log_format: log_format(&said.value_or("log_format", DEFAULT_LOG_FORMAT))?,
            workers: said.value("workers").map_or_else(|| Ok(default_workers()), |value| workers(&value))?,
            proxies: Proxies {
                trusted: said
                    .value("trusted_proxies")
                    .map_or_else(|| Ok(Vec::new()), |value| networks(&value))?,
                header: said
                    .value("proxy_header")
                    .map_or(Ok(ProxyHeader::XForwardedFor), |value| proxy_header(&value))?,
            },
            metrics_bind: said.value("metrics_bind").map(|value| bind(&value)).transpose()?,
            drain: said.value("drain_s").map_or_else(|| Ok(Duration::ZERO), |value| drain(&value))?,
            database_url,
        })
    }
}

/// What each source says.
struct Said<'a> {
    flags: &'a Flags,
    environment: BTreeMap<String, String>,
    file: Option<SettingsFile>,
}

struct SettingsFile {
    path: PathBuf,
    values: BTreeMap<String, String>,
}

/// A value, and where somebody set it, in the words to be shown when it is not right.
struct Value {
    text: String,
    from: String,
}

impl Said<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        let setting = SETTINGS.iter().find(|setting| setting.name == name)?;
        let flag = || {
            let text = (setting.flag)(self.flags).clone()?;
            Some(Value { text, from: format!("--{}", name.replace('_', "-")) })
        };
        let variable = || {
            let text = self.environment.get(setting.variable)?.clone();
            Some(Value { text, from: format!("{name} (environment variable {})", setting.variable) })
        };
        let line = || {
            let file = self.file.as_ref()?;
            let text = file.values.get(name)?.clone();
            Some(Value { text, from: format!("{name} (file {})", file.path.display()) })
        };
        flag().or_else(variable).or_else(line)
    }

    fn value_or(&self, name: &str, default: &str) -> Value {
        self.value(name).unwrap_or_else(|| Value { text: default.to_owned(), from: name.to_owned() })
    }
}

/// The variables of the environment that are meant for us.
///
/// Fails with `unknown_setting` for one that begins like ours and is none.
fn ours(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, StartError> {
    let known: Vec<&str> = SETTINGS
        .iter()
        .map(|setting| setting.variable)
        .chain([CONFIG_VARIABLE, KEYS_VARIABLE])
        .chain(FOR_TESTS.iter().copied())
        .collect();
    let mut ours = BTreeMap::new();
    for (name, value) in environment {
        let Some(name) = name.to_str() else { continue };
        if known.contains(&name) {
            let text = value.into_string().map_err(|_| StartError::bad_setting(name, "it is not UTF-8"))?;
            ours.insert(name.to_owned(), text);
        } else if name.starts_with(PREFIX) {
            return Err(unknown("environment variable", name, &known));
        }
    }
    Ok(ours)
}

/// The settings in a TOML file: a flat table of texts and numbers.
fn read(path: &Path) -> Result<SettingsFile, StartError> {
    let unreadable = |said: String| {
        StartError::new(
            "settings_file_unreadable",
            format!(
                "The file of settings {} cannot be read. Mend it or name another. It said: {said}",
                path.display()
            ),
        )
    };
    let text = fs::read_to_string(path).map_err(|error: io::Error| unreadable(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The message alone: the whole error quotes the line, which may hold a password.
        let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
        unreadable(format!("line {line}: {}", error.message()))
    })?;
    let known: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    let mut values = BTreeMap::new();
    for (name, value) in table {
        if !known.contains(&name.as_str()) {
            return Err(unknown(&format!("setting of this name in {}:", path.display()), &name, &known));
        }
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => {
                return Err(StartError::bad_setting(
                    &format!("{name} (file {})", path.display()),
                    "a text in quotes or a whole number is expected",
                ));
            }
        };
        values.insert(name, text);
    }
    Ok(SettingsFile { path: path.to_owned(), values })
}

fn unknown(kind: &str, name: &str, known: &[&str]) -> StartError {
    StartError::new(
        "unknown_setting",
        format!("There is no {kind} {name}. Take it away or correct it; there are: {}.", known.join(", ")),
    )
}

fn bind(value: &Value) -> Result<SocketAddr, StartError> {
    value.text.parse().map_err(|_| {
        StartError::bad_setting(
            &value.from,
            "an address and a port are expected, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080",
        )
    })
}

fn tls(cert: Option<Value>, key: Option<Value>) -> Result<Option<TlsFiles>, StartError> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert: cert.text.into(), key: key.text.into() })),
        (None, None) => Ok(None),
        (Some(cert), None) => Err(StartError::bad_setting(
            &cert.from,
            "HTTPS needs tls_key with it, the certificate's private key",
        )),
        (None, Some(key)) => {
            Err(StartError::bad_setting(&key.from, "HTTPS needs tls_cert with it, the key's certificate"))
        }
    }
}

/// The keys themselves from the environment, or where their file is.
fn keys(said: &Said<'_>, database_url: &str) -> Result<KeySource, StartError> {
    if let Some(given) = said.environment.get(KEYS_VARIABLE) {
        let keys = Keys::parse(given).ok_or_else(|| {
            StartError::bad_setting(
                KEYS_VARIABLE,
                "two keys of 64 hexadecimal digits each are expected with a colon between, <token key>:<identity key>",
            )
        })?;
        return Ok(KeySource::Given(keys));
    }
    Ok(KeySource::File(match said.value("key_file") {
        Some(value) => value.text.into(),
        None => default_key_file(database_url),
    }))
}

fn default_key_file(database_url: &str) -> PathBuf {
    match database_url.strip_prefix("sqlite:") {
        Some(path) => Path::new(path.strip_prefix("//").unwrap_or(path)).with_file_name(DEFAULT_KEY_FILE),
        None => DEFAULT_KEY_FILE.into(),
    }
}

fn log_format(value: &Value) -> Result<LogFormat, StartError> {
    match value.text.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(StartError::bad_setting(&value.from, "text or json is expected")),
    }
}

fn workers(value: &Value) -> Result<usize, StartError> {
    value
        .text
        .parse()
        .ok()
        .filter(|count| (1..=256).contains(count))
        .ok_or_else(|| StartError::bad_setting(&value.from, "a whole number from 1 to 256 is expected"))
}

fn networks(value: &Value) -> Result<Vec<IpNet>, StartError> {
    let network = |word: &str| word.parse().ok().or_else(|| Some(word.parse::<IpAddr>().ok()?.into()));
    value
        .text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(network)
        .collect::<Option<_>>()
        .ok_or_else(|| {
            StartError::bad_setting(
                &value.from,
                "addresses and networks with commas are expected, such as 127.0.0.1,10.0.0.0/8,fd00::/8",
            )
        })
}

fn proxy_header(value: &Value) -> Result<ProxyHeader, StartError> {
    ProxyHeader::from_word(&value.text.to_ascii_lowercase())
        .ok_or_else(|| StartError::bad_setting(&value.from, "x-forwarded-for or forwarded is expected"))
}

fn drain(value: &Value) -> Result<Duration, StartError> {
    let seconds = value.text.parse().ok().filter(|seconds| *seconds <= 300);
    seconds.map(Duration::from_secs).ok_or_else(|| {
        StartError::bad_setting(&value.from, "a whole number of seconds from 0 to 300 is expected")
    })
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST_DEFAULT_WORKERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(flags: Flags, environment: &[(&str, &str)]) -> Result<Settings, StartError> {
        Settings::resolve(&flags, environment.iter().map(|(name, value)| (name.into(), value.into())))
    }

    fn refusal(flags: Flags, environment: &[(&str, &str)]) -> StartError {
        resolve(flags, environment).err().unwrap()
    }

    fn file(text: &str) -> (tempfile::TempDir, Flags) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.toml");
        fs::write(&path, text).unwrap();
        (dir, Flags { config: Some(path.display().to_string()), ..Flags::default() })
    }

    #[test]
    fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
        let (_dir, mut flags) = file("bind = '127.0.0.1:1'\nworkers = 7\nlog_format = 'json'");
        flags.workers = Some("9".into());
        let settings = resolve(flags, &[("LELING_BIND", "127.0.0.1:2"), ("LELING_WORKERS", "8")]).unwrap();
        assert_eq!(settings.bind.port(), 2);
        assert_eq!(settings.workers, 9);
        assert_eq!(settings.log_format, LogFormat::Json);
    }

    #[test]
    fn the_key_file_lies_beside_the_database() {
        let at = |url| {
            resolve(Flags { database_url: Some(String::from(url)), ..Flags::default() }, &[]).unwrap().keys
        };
        assert!(
            matches!(at("sqlite:data/x.db"), KeySource::File(path) if path == Path::new("data/leling.keys"))
        );
        assert!(
            matches!(at("sqlite:///srv/x.db"), KeySource::File(path) if path == Path::new("/srv/leling.keys"))
        );
        assert!(matches!(at("postgres://a/b"), KeySource::File(path) if path == Path::new("leling.keys")));
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name_with_those_there_are() {
        let error = refusal(Flags::default(), &[("LELING_BINDE", "x")]);
        assert_eq!(error.code, "unknown_setting");
        assert!(error.sentence.contains("LELING_BINDE") && error.sentence.contains("LELING_BIND,"));

        let (_dir, flags) = file("databse_url = 'x'");
        let error = refusal(flags, &[]);
        assert_eq!(error.code, "unknown_setting");
        assert!(error.sentence.contains("databse_url") && error.sentence.contains("database_url,"));
    }

    #[test]
    fn a_bad_value_is_refused_with_the_place_where_it_was_set() {
        let error = refusal(Flags::default(), &[("LELING_WORKERS", "0")]);
        assert_eq!(error.code, "bad_setting");
        assert!(error.sentence.contains("LELING_WORKERS"));

        assert_eq!(
            refusal(Flags::default(), &[("LELING_TRUSTED_PROXIES", "10.0.0.0/40")]).code,
            "bad_setting"
        );
        let (_dir, flags) = file("bind = true");
        assert!(refusal(flags, &[]).sentence.contains("some.toml"));
        assert_eq!(refusal(Flags::default(), &[("LELING_TLS_CERT", "x.pem")]).code, "bad_setting");
        assert_eq!(refusal(Flags::default(), &[("LELING_KEYS", "abc")]).code, "bad_setting");
    }

    #[test]
    fn a_file_that_cannot_be_read_says_the_line_but_not_what_stands_in_it() {
        let (_dir, flags) = file("workers = 1\ndatabase_url = 'postgres://u:secret@h/d");
        let error = refusal(flags, &[]);
        assert_eq!(error.code, "settings_file_unreadable");
        assert!(error.sentence.contains("line 2") && !error.sentence.contains("secret"), "{error}");
    }
}
