//! A PostgreSQL server of this run's own, durable as it is by default.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use diesel::{
    Connection as _, PgConnection, RunQueryDsl as _, connection::SimpleConnection as _, sql_query,
    sql_types::Text,
};

use crate::server::{children, processor_s};

#[derive(diesel::QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// A running server; it stops and its files go with the value.
pub struct Cluster {
    child: Child,
    data: PathBuf,
    port: u16,
}

impl Cluster {
    /// None when the server's programs are not on this machine.
    pub fn start(directory: &Path) -> Option<Cluster> {
        let programs = programs()?;
        let data = directory.join("postgres");
        fs::create_dir(&data).expect("a directory can be made");
        let owner = owner();
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(&data, Some(user), Some(group)).expect("root can give files away");
        }
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(programs.join(program));
            command.args(arguments).arg("-D").arg(&data).current_dir(&data).stdin(Stdio::null());
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        let initdb = ["-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "--encoding=UTF8"];
        let made = run("initdb", &initdb).stdout(Stdio::null()).status();
        assert!(made.is_ok_and(|status| status.success()), "initdb failed");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|bound| bound.local_addr())
            .expect("a port is free")
            .port();
        let socket = data.display().to_string();
        let options = [
            "-k",
            &socket,
            "-p",
            &port.to_string(),
            "-h",
            "127.0.0.1",
            "-c",
            "shared_buffers=512MB",
            "-c",
            "max_wal_size=4GB",
        ];
        let log = fs::File::create(directory.join("postgres.log")).expect("a log can be written");
        let mut server = run("postgres", &options);
        let child = server.stdout(Stdio::null()).stderr(log).spawn().expect("the server runs");
        let cluster = Cluster { child, data: data.clone(), port };
        for _ in 0..500 {
            if PgConnection::establish(&cluster.url("postgres")).is_ok() {
                return Some(cluster);
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("PostgreSQL did not start: see {}", directory.join("postgres.log").display());
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database, as a copy of another.
    pub fn create(&self, database: &str, like: &str) {
        self.sql("postgres", &format!("CREATE DATABASE {database} TEMPLATE {like}"));
    }

    pub fn sql(&self, database: &str, statement: &str) {
        let mut conn = PgConnection::establish(&self.url(database)).expect("the server is there");
        conn.batch_execute(statement).expect("the statement is good");
    }

    /// Cleans up and counts what has rows, as the server would by itself. A table that it knows to be empty is searched from its
    /// beginning by whoever asked it first, for as long as they are connected.
    pub fn vacuum(&self, database: &str) {
        let mut conn = PgConnection::establish(&self.url(database)).expect("the server is there");
        let tables: Vec<Table> =
            sql_query("SELECT relname::text AS name FROM pg_stat_user_tables WHERE n_live_tup > 0")
                .load(&mut conn)
                .expect("the server knows its tables");
        let names: Vec<String> = tables.into_iter().map(|table| table.name).collect();
        conn.batch_execute(&format!("VACUUM ANALYZE {}", names.join(", ")))
            .expect("there are tables with rows");
    }

    /// Processor time that the whole server has used, in seconds.
    pub fn processor_s(&self) -> f64 {
        let id = self.child.id();
        processor_s(id) + children(id).into_iter().map(processor_s).sum::<f64>()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A fast shutdown.
        drop(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.data));
    }
}

/// The directory of the newest server's programs: in the path, or where Debian keeps them.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    versions
        .into_iter()
        .rev()
        .chain(env::split_paths(&path))
        .find(|directory| directory.join("postgres").is_file())
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
    ["postgres", "nobody"].iter().find_map(|user| Some((id(&["-u", user])?, id(&["-g", user])?)))
}

/// Lets others look into a directory of ours, among them whoever the server runs as.
pub fn open_to_others(directory: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("one's own can be opened");
}
