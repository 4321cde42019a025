//! The two secrets of an installation, and that they belong to its database.
//!
//! The token key signs access tokens: with another one everybody signs in again, and nothing is lost. The identity key
//! turns identity numbers into what the database keeps of them (BR-06): with another one nobody would be recognised any
//! more. So the database remembers a fingerprint of the identity key and is not opened with another.

use std::{
    fmt, fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{db::Db, id::random_bytes, installation, problem::Fail, start_error::StartError};

/// Signs access tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Hashes identity numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityKey([u8; 32]);

impl IdentityKey {
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 16 hexadecimal digits that tell keys apart and tell nothing of the key.
    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"leling identity key");
        hash.update(self.0);
        hex::encode(hash.finalize())[..16].to_owned()
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(hidden)")
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey(hidden)")
    }
}

/// The keys of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub token: TokenKey,
    pub identity: IdentityKey,
}

/// Where the keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// They were told.
    Given(Keys),
    /// They are in this file, or will be once the program has started for the first time.
    File(PathBuf),
}

/// The key file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    token_key: String,
    identity_key: String,
}

impl Keys {
    /// Keys that nobody has had before.
    pub fn random() -> Keys {
        Keys { token: TokenKey(random_bytes()), identity: IdentityKey(random_bytes()) }
    }

    /// Reads `<token key>:<identity key>`, each of 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Keys> {
        let (token, identity) = text.trim().split_once(':')?;
        Keys::of_words(token, identity)
    }

    fn of_words(token: &str, identity: &str) -> Option<Keys> {
        let key = |word: &str| <[u8; 32]>::try_from(hex::decode(word).ok()?).ok();
        Some(Keys { token: TokenKey(key(token)?), identity: IdentityKey(key(identity)?) })
    }

    /// The keys that are there, without making any: nothing when there is no key file.
    ///
    /// Fails with what is wrong with the file.
    pub fn known(source: &KeySource) -> Result<Option<Keys>, StartError> {
        match source {
            KeySource::Given(keys) => Ok(Some(keys.clone())),
            KeySource::File(path) => read(path),
        }
    }

    /// That these are the keys that a database with this fingerprint was used with; `wrong_identity_key` if not.
    pub fn check(&self, source: &KeySource, known: &str) -> Result<(), StartError> {
        let fingerprint = self.identity.fingerprint();
        if known == fingerprint { Ok(()) } else { Err(wrong_key(source, &fingerprint, known)) }
    }

    /// The keys of the installation whose database this is; a new installation gets new ones.
    ///
    /// Fails with `wrong_identity_key` when the database was used with another identity key, with `key_file_missing`
    /// when it was used and there is no key file, and with what is wrong with the file: `key_file_unreadable`,
    /// `key_file_unwritable`, `key_file_open_to_others`.
    pub fn of_installation(db: &Db, source: &KeySource) -> Result<Keys, StartError> {
        let known =
            db.read_blocking(|conn| -> Result<_, Fail> { Ok(installation::identity_fingerprint(conn)?) })?;
        let keys = match source {
            KeySource::Given(keys) => keys.clone(),
            KeySource::File(path) => match read(path)? {
                Some(keys) => keys,
                None if known.is_some() => return Err(missing(path)),
                None => make(path)?,
            },
        };
        let bound = keys.identity.fingerprint();
        let known = db.write_blocking(move |conn| -> Result<_, Fail> {
            Ok(installation::bind_identity_fingerprint(conn, &bound)?)
        })?;
        keys.check(source, &known)?;
        Ok(keys)
    }
}

/// The keys in the file, if there is one.
fn read(path: &Path) -> Result<Option<Keys>, StartError> {
    let unreadable = |said: &dyn fmt::Display| {
        let path = path.display();
        StartError::new(
            "key_file_unreadable",
            format!(
                "The key file {path} cannot be read. Mend it, or restore it from the backup. It said: {said}"
            ),
        )
    };
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    if mode & 0o077 != 0 {
        return Err(StartError::new(
            "key_file_open_to_others",
            format!(
                "The key file {0} can be read or written by others (mode {1:03o}). Close it with: chmod 600 {0}",
                path.display(),
                mode & 0o777
            ),
        ));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    // The message alone: the whole error quotes the line, which holds a key.
    let file: KeyFile = toml::from_str(&text).map_err(|error| unreadable(&error.message()))?;
    Keys::of_words(&file.token_key, &file.identity_key)
        .map(Some)
        .ok_or_else(|| unreadable(&"each key has to be 64 hexadecimal digits"))
}

/// Makes new keys and the file for them. Where another process was quicker, its keys are ours.
///
/// The file gets its name only when it is whole, so nobody ever reads half of it.
fn make(path: &Path) -> Result<Keys, StartError> {
    let keys = Keys::random();
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", hex::encode(random_bytes::<8>())));
    let draft = PathBuf::from(draft);
    let linked = write(&draft, &keys).and_then(|()| fs::hard_link(&draft, path));
    // Nothing but clutter if it stays.
    drop(fs::remove_file(&draft));
    match linked {
        Ok(()) => {
            tracing::warn!(file = %path.display(), "new keys were made: keep a copy of this file with every backup")
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(StartError::new(
                "key_file_unwritable",
                format!(
                    "The key file {} cannot be made. Check that its directory exists and that this user may write in \
                     it, or name another place with --key-file. It said: {error}",
                    path.display()
                ),
            ));
        }
    }
    read(path)?.ok_or_else(|| missing(path))
}

/// Writes keys to a new file that only its owner reads.
pub(crate) fn write(path: &Path, keys: &Keys) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    write!(
        file,
        "# The keys of one installation of Leling. Keep them secret, and keep a copy with every backup:\n\
         # without identity_key nobody's identity number is recognised any more.\n\
         token_key = \"{}\"\nidentity_key = \"{}\"\n",
        hex::encode(keys.token.0),
        hex::encode(keys.identity.0)
    )?;
    file.sync_all()
}

/// That the keys of this source are not there.
pub(crate) fn missing_at(source: &KeySource) -> StartError {
    match source {
        KeySource::Given(_) => StartError::bad_setting("LELING_KEYS", "keys are expected"),
        KeySource::File(path) => missing(path),
    }
}

fn missing(path: &Path) -> StartError {
    StartError::new(
        "key_file_missing",
        format!(
            "The database was used with keys, but the key file {} is not there. Restore it from the backup, or say \
             where it is with --key-file.",
            path.display()
        ),
    )
}

fn wrong_key(source: &KeySource, given: &str, known: &str) -> StartError {
    let from = match source {
        KeySource::Given(_) => "LELING_KEYS".to_owned(),
        KeySource::File(path) => format!("the key file {}", path.display()),
    };
    StartError::new(
        "wrong_identity_key",
        format!(
            "The identity key in {from} (fingerprint {given}) is not the one that this database was used with \
             ({known}), so nobody's identity number would be recognised. Restore the key file that belongs to the \
             database, or name the right database."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(dir: &Path, name: &str) -> Db {
        Db::open(&format!("sqlite:{}", dir.join(name).display())).unwrap()
    }

    #[test]
    fn the_first_start_makes_a_key_file_that_only_its_owner_reads_and_the_second_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let db = opened(dir.path(), "a.db");
        let path = dir.path().join("k");
        let source = KeySource::File(path.clone());
        let first = Keys::of_installation(&db, &source).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Keys::of_installation(&db, &source).unwrap(), first);
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().filter(|e| e.as_ref().unwrap().file_name() == "k").count(),
            1
        );
    }

    #[test]
    fn processes_that_start_at_once_agree_on_the_keys() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        let made: Vec<Keys> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| make(&path).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(made.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_database_is_not_opened_with_another_identity_key_nor_without_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let db = opened(dir.path(), "a.db");
        let refused = |source: &KeySource| Keys::of_installation(&db, source).unwrap_err().code;
        Keys::of_installation(&db, &KeySource::Given(Keys::random())).unwrap();
        assert_eq!(refused(&KeySource::Given(Keys::random())), "wrong_identity_key");
        assert_eq!(refused(&KeySource::File(dir.path().join("none"))), "key_file_missing");
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(read(&path).unwrap_err().code, "key_file_open_to_others");
    }

    #[test]
    fn what_is_wrong_with_a_key_file_is_told_without_the_keys() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        writeln!(file, "token_key = 'abcdef").unwrap();
        let error = read(&path).unwrap_err();
        assert_eq!(error.code, "key_file_unreadable");
        assert!(!error.sentence.contains("abcdef"));
        assert_eq!(format!("{:?}", Keys::random().token), "TokenKey(hidden)");
    }
}
