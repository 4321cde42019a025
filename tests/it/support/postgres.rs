//! A PostgreSQL server of the suite's own: made, started, stopped and removed with each run.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use leling::db::{Db, Kind};
use tempfile::TempDir;

use super::database::{TestDb, directory};

/// Whether the server's programs are on this machine.
pub fn is_installed() -> bool {
    programs().is_some()
}

/// The directory that holds `initdb` and `postgres`: in the path, or where Debian keeps them.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    env::split_paths(&path)
        .chain(versions.into_iter().rev())
        .find(|directory| directory.join("initdb").is_file() && directory.join("postgres").is_file())
}

/// A running server of our own. Whenever it ends before we do, it is started again, as a service manager would.
pub struct Cluster {
    /// A shell that stops the server and removes its files when it can no longer read from us, however we end.
    keeper: Mutex<Option<Child>>,
    directory: PathBuf,
    port: u16,
}

/// The server of the suite.
struct Server {
    cluster: Cluster,
    admin: Mutex<PgConnection>,
}

static SERVER: OnceLock<Server> = OnceLock::new();

const KEEPER: &str = r#"
    trap "" INT
    postgres=$1 directory=$2 port=$3
    shift 3
    serve() {
        while [ ! -e "$directory/over" ]; do
            "$postgres" -D "$directory/data" -k "$directory" -p "$port" -h 127.0.0.1 -N 200 "$@" >>"$directory/log" 2>&1
            sleep 0.05
        done
    }
    serve "$@" &
    loop=$!
    read -r nothing
    touch "$directory/over"
    kill -INT "$(head -n 1 "$directory/data/postmaster.pid")"
    wait $loop
    rm -rf "$directory"
"#;

/// Nothing of the suite's outlives it, so nothing has to reach the disk.
const FORGETFUL: &[&str] = &["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"];

impl Cluster {
    /// A server as one is in use, which may be crashed.
    pub fn durable() -> Cluster {
        let cluster = Cluster::start(&[]);
        cluster.connect();
        cluster
    }

    fn start(settings: &[&str]) -> Cluster {
        let programs = programs().expect("the server's programs are there");
        let owner = owner();
        let directory = home(owner);
        make(&programs, &directory, owner);
        // Bound and let go: the server takes it a moment later.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let keeper = as_owner(Command::new("sh"), owner)
            .args(["-c", KEEPER, "keeper"])
            .arg(programs.join("postgres"))
            .arg(&directory)
            .arg(port.to_string())
            .args(settings)
            .current_dir(&directory)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Cluster { keeper: Mutex::new(Some(keeper)), directory, port }
    }

    fn url(&self, database: &str, port: Option<u16>) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", port.unwrap_or(self.port))
    }

    /// A new database of it with nothing in it, at its own port or at another that leads there.
    pub fn database(self: &Arc<Cluster>, port: Option<u16>) -> TestDb {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("proof_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.connect().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        TestDb::at(Kind::Postgres, self.url(&name, port), self.clone())
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection as its administrator, once there is one to be had.
    pub fn connect(&self) -> PgConnection {
        let started = Instant::now();
        loop {
            match PgConnection::establish(&self.url("postgres", None)) {
                Ok(conn) => return conn,
                Err(_) if started.elapsed() < Duration::from_secs(30) => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => {
                    let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                    panic!("{error}; its log: {log}")
                }
            }
        }
    }

    /// Sends its main process this signal: `KILL` for a crash, `QUIT` for an immediate stop. It comes back by itself.
    pub fn signal(&self, signal: &str) {
        let pid = fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap_or_default();
        // While it comes back from the last time there may be none.
        if let Some(pid) = pid.lines().next() {
            drop(Command::new("kill").args([&format!("-{signal}"), pid]).stderr(Stdio::null()).status());
        }
    }

    fn stop(&self) {
        if let Some(mut keeper) = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(keeper.stdin.take());
            keeper.wait().unwrap();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Server {
    fn start() -> Server {
        let cluster = Cluster::start(FORGETFUL);
        let admin = cluster.connect();
        let server = Server { cluster, admin: Mutex::new(admin) };
        server.sql("CREATE DATABASE template_leling");
        drop(Db::open(&server.url("template_leling")).unwrap());
        // A connection of the pool may linger for a moment; nobody may be in a template.
        server.sql("ALTER DATABASE template_leling ALLOW_CONNECTIONS false");
        server
            .sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'template_leling'");
        server
    }

    fn url(&self, database: &str) -> String {
        self.cluster.url(database, None)
    }

    fn sql(&self, statement: &str) {
        let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
        admin.batch_execute(statement).unwrap();
    }
}

/// Whom the server runs as: it refuses to run as root. `None` is the present user.
fn owner() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let owner = ["postgres", "nobody"].iter().find_map(|user| Some((id(&["-u", user])?, id(&["-g", user])?)));
    Some(owner.expect("a user postgres or nobody, because the server refuses to run as root"))
}

fn as_owner(mut command: Command, owner: Option<(u32, u32)>) -> Command {
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

/// A directory of the owner's; the keeper removes it.
fn home(owner: Option<(u32, u32)>) -> PathBuf {
    let directory = TempDir::keep(directory());
    if let Some((user, group)) = owner {
        std::os::unix::fs::chown(&directory, Some(user), Some(group)).unwrap();
    }
    directory
}

fn make(programs: &Path, directory: &Path, owner: Option<(u32, u32)>) {
    let made = as_owner(Command::new(programs.join("initdb")), owner)
        .args(["-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "--encoding=UTF8", "--no-sync", "-D"])
        .arg(directory.join("data"))
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
}

/// Stops the server, if one was started, and removes its files.
pub fn stop() {
    if let Some(server) = SERVER.get() {
        server.cluster.stop();
    }
}

/// A database on the server; dropped with the value.
pub struct Database(String);

/// A new one, made from the migrated template.
pub fn database() -> Database {
    made_from("template_leling")
}

/// A new one with nothing in it.
pub fn empty_database() -> Database {
    made_from("template0")
}

fn made_from(template: &str) -> Database {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let server = SERVER.get_or_init(Server::start);
    server.sql(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
    Database(name)
}

impl Database {
    pub fn url(&self) -> String {
        SERVER.get().expect("it was made on the server").url(&self.0)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(server) = SERVER.get() {
            server.sql(&format!("DROP DATABASE {} WITH (FORCE)", self.0));
        }
    }
}
