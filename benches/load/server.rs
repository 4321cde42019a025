//! The service under load, a process of its own, and what it costs; the sync that is made slower; the bare server.

use std::{
    fs,
    io::{BufRead, BufReader, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use actix_web::{App, HttpResponse, HttpServer, rt, web};

use crate::client::{self, Call};

/// Keys that every process shares, so that a token of one is good at all.
const KEYS: &str = "0707070707070707070707070707070707070707070707070707070707070707:0808080808080808080808080808080808080808080808080808080808080808";

/// Ticks of `/proc/<pid>/stat`, which Linux fixes for programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// How a server is started.
#[derive(Clone, Copy, Default)]
pub struct Way<'a> {
    /// Each act is committed by itself.
    pub one_act_a_commit: bool,
    /// A library that makes each sync slower.
    pub slow_sync: Option<&'a Path>,
}

/// A process that answers requests; it ends with the value.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

/// The command of the service over this database.
fn service(database_url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leling"));
    command.env_clear().env("LELING_KEYS", KEYS).env("RUST_LOG", "info,actix_server=warn");
    command.args(["--database-url", database_url]);
    command
}

/// Makes the first administrator.
pub fn create_admin(database_url: &str, user_name: &str, password: &str) {
    let mut command = service(database_url);
    command.args(["account", "create-admin", "--user-name", user_name, "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program runs");
    let mut stdin = child.stdin.take().expect("it was asked for");
    writeln!(stdin, "{password}").expect("it reads its password");
    drop(stdin);
    assert!(child.wait().expect("it ends").success(), "no administrator was made");
}

impl Server {
    /// The service over this database. Its log goes where a service manager's would, into a file.
    pub fn start(database_url: &str, way: Way<'_>, log: &Path) -> Server {
        let mut command = service(database_url);
        command.args(["--bind", "127.0.0.1:0"]);
        if way.one_act_a_commit {
            command.env("LELING_ONE_ACT_A_COMMIT", "1");
        }
        if let Some(library) = way.slow_sync {
            command.env("LD_PRELOAD", library);
        }
        Server::listening(command, log)
    }

    /// A bare actix-web that answers every GET with these bytes.
    pub fn start_bare(body: &Path, log: &Path) -> Server {
        let mut command = Command::new(std::env::current_exe().expect("a program knows itself"));
        command.arg("--bare").arg(body);
        Server::listening(command, log)
    }

    /// Waits until it says in its log where it listens.
    fn listening(mut command: Command, log: &Path) -> Server {
        let file = fs::File::create(log).expect("a log can be written");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        let mut child = child.expect("the program runs");
        for _ in 0..1500 {
            let lines =
                BufReader::new(fs::File::open(log).expect("the log is there")).lines().map_while(Result::ok);
            let address = lines.filter_map(|line| line.split_once("http://")?.1.trim().parse().ok()).next();
            if let Some(address) = address {
                return Server { child, address };
            }
            if child.try_wait().expect("a child can be asked").is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("it did not start: {}", fs::read_to_string(log).unwrap_or_default());
    }

    /// Processor time that it has used, in seconds.
    pub fn processor_s(&self) -> f64 {
        processor_s(self.child.id())
    }

    /// Memory that it has at the moment, in MiB.
    pub fn memory_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN) / 1024.0
    }

    /// Ends it as a service manager does, and waits.
    pub fn stop(mut self) {
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()), "it could not be told to stop");
        self.child.wait().expect("it ends");
    }

    pub fn one(&self, call: Call) -> serde_json::Value {
        client::one(self.address, call)
    }

    pub fn all(&self, calls: Vec<Call>) -> Vec<serde_json::Value> {
        client::all(self.address, calls)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Processor time of a process, in user and system, in seconds; of its ended children too.
pub fn processor_s(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = after_name.split(' ').skip(11).take(4).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

/// The children of a process.
pub fn children(id: u32) -> Vec<u32> {
    let path = format!("/proc/{id}/task/{id}/children");
    fs::read_to_string(path).unwrap_or_default().split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// Serves the bytes in a file until it is killed, with as many threads as the service has.
pub fn serve_bare(file: &Path) {
    let body = web::Bytes::from(fs::read(file).expect("the bytes are there"));
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(4);
    let served = rt::System::new().block_on(async {
        let server = HttpServer::new(move || {
            let body = body.clone();
            let answer = move || {
                let body = body.clone();
                async move { HttpResponse::Ok().content_type("application/json").body(body) }
            };
            App::new().default_service(web::get().to(answer))
        });
        let server = server.workers(workers).bind("127.0.0.1:0").expect("a port is free");
        for address in server.addrs() {
            eprintln!("listening on http://{address}");
        }
        server.run().await
    });
    served.expect("it serves until it is killed");
}

/// Compiles a library that makes each sync of a file so much slower: what a plain disk takes longer.
pub fn slow_sync(directory: &Path, more_us: u32) -> PathBuf {
    let (source, library) = (directory.join("slow_sync.c"), directory.join("slow_sync.so"));
    let code = format!(
        "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <unistd.h>\n\
         #define SLOW(name) int name(int file) {{ static int (*real)(int); \
         if (!real) real = (int (*)(int)) dlsym(RTLD_NEXT, #name); usleep({more_us}); return real(file); }}\n\
         SLOW(fsync)\nSLOW(fdatasync)\n"
    );
    fs::write(&source, code).expect("a file can be written");
    let cc = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl")
        .status();
    assert!(cc.is_ok_and(|status| status.success()), "a C compiler (cc) is needed for slower syncs");
    library
}
