//! Copies of a database as of one moment, while it is in use, and the way back.
//!
//! A copy of SQLite is a database file itself (`VACUUM INTO`: one read transaction, so it holds every commit that was
//! made durable before it began, and waits for no writer). A copy of PostgreSQL is an archive of `pg_dump`, the tool that
//! is kept by those who keep the server. Either is written under another name, checked, made durable, and only then gets
//! its own; nothing that exists is ever written over. It is nobody's to read but its owner's.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use diesel::{RunQueryDsl, connection::SimpleConnection, sql_query};
use percent_encoding::percent_decode_str;
use tempfile::NamedTempFile;

use super::{
    Kind, OpenError,
    conn::{Address, Conn, bare_sqlite},
    migrate,
};

/// The first bytes of an SQLite file.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// The first bytes of an archive of `pg_dump`.
const ARCHIVE: &[u8] = b"PGDMP";

/// Why a copy was not made or not brought back. What it displays says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The database is not as it should be.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is something of that name.
    #[error("{0} exists already and is not written over. Choose another name.")]
    Exists(PathBuf),
    /// The copy cannot be written there.
    #[error(
        "{0} cannot be written. Check that the directory exists and that the disk has room. It said: {1}"
    )]
    Unwritable(PathBuf, String),
    /// The copy is not sound, or was not finished.
    #[error("The copy could not be made, and none was kept. It said: {0}")]
    Failed(String),
    /// A program of PostgreSQL is not there.
    #[error(
        "{0} is not installed here. Install the client programs of PostgreSQL (Debian: postgresql-client)."
    )]
    NoTool(&'static str),
    /// A program of PostgreSQL is older than the server.
    #[error(
        "{0} is older than the server and refuses it. Install the client programs of the server's version. It said: {1}"
    )]
    OldTool(&'static str, String),
    /// It is no copy that was made here.
    #[error("{0} is no sound backup: {1}. Take another one.")]
    Unsound(PathBuf, String),
    /// A copy of one kind of database for the other.
    #[error("{0} is a backup of another kind of database than the URL names. Name a database of its kind.")]
    OtherKind(PathBuf),
    /// It was copied by a newer program.
    #[error(
        "The backup was made by a newer version of this program (it has migration {0}). Restore it with that version."
    )]
    NewerCopy(String),
    /// There is something where it is to go.
    #[error(
        "There is a database already, and it is not written over. Name a file that does not exist, or an empty database."
    )]
    Occupied,
}

impl CopyError {
    /// A word for programs; it never changes.
    pub fn code(&self) -> &'static str {
        match self {
            CopyError::Open(error) => error.code(),
            CopyError::Exists(_) => "file_exists",
            CopyError::Unwritable(..) => "backup_unwritable",
            CopyError::Failed(_) => "backup_failed",
            CopyError::NoTool(_) => "postgresql_tools_missing",
            CopyError::OldTool(..) => "postgresql_tools_too_old",
            CopyError::Unsound(..) => "backup_unsound",
            CopyError::OtherKind(_) => "backup_of_other_kind",
            CopyError::NewerCopy(_) => "newer_database",
            CopyError::Occupied => "database_exists",
        }
    }
}

/// Copies the database to a new file and checks the copy. Gives its size in bytes.
pub fn back_up(url: &str, to: &Path) -> Result<u64, CopyError> {
    let address = Address::parse(url)?;
    if to.exists() {
        return Err(CopyError::Exists(to.to_owned()));
    }
    let draft = draft_beside(to)?;
    match &address {
        Address::Sqlite(path) if !path.exists() => return Err(OpenError::Missing.into()),
        Address::Sqlite(path) => {
            let mut conn = bare_sqlite(path).map_err(|error| migrate::unreachable(&address, &error))?;
            vacuum_into(&mut conn, draft.path()).map_err(|error| CopyError::Failed(error.to_string()))?;
        }
        Address::Postgres(url) => {
            let from = Server::of(url);
            from.run(
                "pg_dump",
                ["--format=custom", "--no-owner", "--no-privileges", "--file"],
                draft.path(),
            )?;
        }
    }
    // The copy itself is asked, not the program that made it.
    Backup::read(draft.path())?;
    keep(draft, to)
}

/// A new file for the copy until it is whole, in the same directory; its owner's alone, and gone if it is not kept.
fn draft_beside(to: &Path) -> Result<NamedTempFile, CopyError> {
    let directory = directory_of(to);
    tempfile::Builder::new()
        .prefix(".leling-")
        .tempfile_in(directory)
        .map_err(|error| CopyError::Unwritable(to.to_owned(), error.to_string()))
}

fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Makes a copy durable and gives it its name, which nobody else may have taken meanwhile.
fn keep(draft: NamedTempFile, to: &Path) -> Result<u64, CopyError> {
    let unwritable = |error: io::Error| CopyError::Unwritable(to.to_owned(), error.to_string());
    // It was written through its name, by another program or connection.
    let written = File::open(draft.path()).map_err(unwritable)?;
    written.sync_all().map_err(unwritable)?;
    let size = written.metadata().map_err(unwritable)?.len();
    draft.persist_noclobber(to).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => CopyError::Exists(to.to_owned()),
        _ => unwritable(error.error),
    })?;
    File::open(directory_of(to)).and_then(|directory| directory.sync_all()).map_err(unwritable)?;
    Ok(size)
}

/// Copies what a connection sees into a file that is empty or does not exist.
pub(super) fn vacuum_into(conn: &mut impl SimpleConnection, file: &Path) -> diesel::QueryResult<()> {
    let quoted = file.display().to_string().replace('\'', "''");
    conn.batch_execute(&format!("VACUUM INTO '{quoted}'"))
}

/// A copy as it lies there, looked through and found sound.
#[derive(Debug)]
pub struct Backup {
    file: PathBuf,
    kind: Kind,
    identity_fingerprint: Option<String>,
}

impl Backup {
    /// Looks through a copy: that it is whole, ours, and not of a newer program.
    pub fn read(file: &Path) -> Result<Backup, CopyError> {
        let unsound = |said: String| CopyError::Unsound(file.to_owned(), said);
        let mut head = Vec::new();
        let opened = File::open(file).map_err(|error| unsound(error.to_string()))?;
        io::Read::read_to_end(&mut io::Read::take(opened, 16), &mut head)
            .map_err(|error| unsound(error.to_string()))?;
        if head.starts_with(ARCHIVE) {
            Backup::read_archive(file)
        } else if head == SQLITE {
            Backup::read_file(file)
        } else {
            Err(unsound("it is neither an SQLite file nor an archive of pg_dump".into()))
        }
    }

    /// Which identity key the database was used with, if it was.
    pub fn identity_fingerprint(&self) -> Option<&str> {
        self.identity_fingerprint.as_deref()
    }

    fn read_file(file: &Path) -> Result<Backup, CopyError> {
        #[derive(diesel::QueryableByName)]
        struct Said {
            #[diesel(sql_type = diesel::sql_types::Text)]
            integrity_check: String,
        }
        let unsound = |said: &dyn std::fmt::Display| CopyError::Unsound(file.to_owned(), said.to_string());
        let mut conn = Address::Sqlite(file.to_owned()).connect_to_look().map_err(|error| unsound(&error))?;
        let said: Vec<Said> =
            sql_query("PRAGMA integrity_check").load(&mut conn).map_err(|error| unsound(&error))?;
        if let Some(first) = said.iter().find(|said| said.integrity_check != "ok") {
            return Err(unsound(&first.integrity_check));
        }
        fits(migrate::shape(&mut conn), file)?;
        let identity_fingerprint =
            crate::installation::identity_fingerprint(&mut conn).map_err(|error| unsound(&error))?;
        Ok(Backup { file: file.to_owned(), kind: Kind::Sqlite, identity_fingerprint })
    }

    fn read_archive(file: &Path) -> Result<Backup, CopyError> {
        let unsound = |said: String| CopyError::Unsound(file.to_owned(), said);
        // Every block of the archive is read, as restoring would.
        let rows = |table: &str| -> Result<Vec<String>, CopyError> {
            let table = format!("--table={table}");
            let script = said_by("pg_restore", ["--data-only", &table, "--file=-"], file)?;
            let copied = script.lines().skip_while(|line| !line.starts_with("COPY ")).skip(1);
            Ok(copied.take_while(|line| *line != "\\.").map(str::to_owned).collect())
        };
        said_by("pg_restore", ["--file=/dev/null"], file)?;
        let versions = rows("__diesel_schema_migrations")?;
        let applied = versions.iter().filter_map(|row| row.split('\t').next()).map(str::to_owned).collect();
        fits(migrate::shape_of(&applied), file)?;
        let bound = rows("installation")?;
        let mut bound = bound.iter().filter_map(|row| row.split_once('\t'));
        let known = bound.find(|(key, _)| *key == crate::installation::IDENTITY_FINGERPRINT);
        if versions.is_empty() {
            return Err(unsound("no migration is in it".into()));
        }
        let identity_fingerprint = known.map(|(_, value)| value.to_owned());
        Ok(Backup { file: file.to_owned(), kind: Kind::Postgres, identity_fingerprint })
    }
}

/// A copy may be older than this program, but not newer, nor empty.
fn fits(shape: Result<migrate::Shape, OpenError>, file: &Path) -> Result<(), CopyError> {
    match shape {
        Ok(migrate::Shape::Ours | migrate::Shape::Older) => Ok(()),
        Ok(migrate::Shape::Empty) => Err(CopyError::Unsound(file.to_owned(), "nothing is in it".into())),
        Err(OpenError::Newer(version)) => Err(CopyError::NewerCopy(version)),
        Err(error) => Err(CopyError::Unsound(file.to_owned(), error.to_string())),
    }
}

/// Brings a copy back as the database at `url`, where nothing may be, and brings it up to date.
pub fn restore(backup: &Backup, url: &str) -> Result<(), CopyError> {
    let address = Address::parse(url)?;
    if address.kind() != backup.kind {
        return Err(CopyError::OtherKind(backup.file.clone()));
    }
    match &address {
        Address::Sqlite(path) => {
            let beside = ["-wal", "-shm", "-journal"].map(|ending| migrate::beside(path, ending));
            if path.exists() || beside.iter().any(|file| file.exists()) {
                return Err(CopyError::Occupied);
            }
            let draft = draft_beside(path)?;
            fs::copy(&backup.file, draft.path())
                .map_err(|error| CopyError::Unwritable(path.clone(), error.to_string()))?;
            keep(draft, path).map_err(|error| match error {
                CopyError::Exists(_) => CopyError::Occupied,
                error => error,
            })?;
        }
        Address::Postgres(url) => {
            let mut conn = address.connect().map_err(|error| migrate::unreachable(&address, &error))?;
            if !migrate::is_empty(&mut conn)? {
                return Err(CopyError::Occupied);
            }
            drop::<Conn>(conn);
            let to = Server::of(url);
            let options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"];
            to.run("pg_restore", options, &backup.file)?;
        }
    }
    Ok(migrate::migrate(&address)?)
}

/// A server as the programs of PostgreSQL are told of it: the password is nobody's business who lists processes.
struct Server {
    url: String,
    password: Option<String>,
}

impl Server {
    fn of(url: &str) -> Server {
        let plain = || Server { url: url.to_owned(), password: None };
        let Some((scheme, rest)) = url.split_once("://") else { return plain() };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let Some((user, hosts)) = authority.rsplit_once('@') else { return plain() };
        let Some((name, password)) = user.split_once(':') else { return plain() };
        Server {
            url: format!("{scheme}://{name}@{hosts}{path}"),
            password: Some(percent_decode_str(password).decode_utf8_lossy().into_owned()),
        }
    }

    fn run<const N: usize>(
        &self,
        program: &'static str,
        options: [&str; N],
        file: &Path,
    ) -> Result<(), CopyError> {
        let mut command = Command::new(program);
        command.args(["--dbname", &self.url]).args(options).arg(file);
        if let Some(password) = &self.password {
            command.env("PGPASSWORD", password);
        }
        run(program, &mut command).map(|_| ())
    }
}

/// What a program of PostgreSQL says of a file.
fn said_by<const N: usize>(
    program: &'static str,
    options: [&str; N],
    file: &Path,
) -> Result<String, CopyError> {
    run(program, Command::new(program).args(options).arg::<&OsStr>(file.as_ref()))
}

fn run(program: &'static str, command: &mut Command) -> Result<String, CopyError> {
    let output =
        command.env("LC_ALL", "C").stdin(Stdio::null()).output().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CopyError::NoTool(program),
            _ => CopyError::Failed(format!("{program}: {error}")),
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if said.contains("server version mismatch") || said.contains("unsupported version") {
        return Err(CopyError::OldTool(program, said));
    }
    Err(CopyError::Failed(format!("{program}: {said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_on_the_command_line() {
        let server = Server::of("postgres://anna:p%40ss%3A1@db.example:5432/leling?sslmode=disable");
        assert_eq!(server.url, "postgres://anna@db.example:5432/leling?sslmode=disable");
        assert_eq!(server.password.as_deref(), Some("p@ss:1"));
        assert_eq!(Server::of("postgres://postgres@127.0.0.1/x").password, None);
        assert_eq!(Server::of("postgres:///x?host=/run").url, "postgres:///x?host=/run");
    }
}
