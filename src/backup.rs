//! Backups for the command line: the database to a file and back, and the keys with them, by name and never by accident.
//!
//! A backup is a copy of the database ([`back_up`](crate::db::back_up)) and holds no key, so that whoever keeps it cannot sign in as
//! anybody nor compute whose identity number is whose. Without the identity key a restored database recognises nobody's
//! identity number, so the keys have to be kept as well, elsewhere or, when asked for, beside the backup.

use std::path::{Path, PathBuf};

use crate::{
    db::{self, Backup, CopyError},
    keys::{self, KeySource, Keys},
    settings::Settings,
    start_error::StartError,
};

impl From<CopyError> for StartError {
    fn from(error: CopyError) -> StartError {
        StartError::new(error.code(), error.to_string())
    }
}

/// Where the keys of a backup lie when they lie beside it.
fn keys_beside(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".keys");
    name.into()
}

/// Copies the database to a new file and, if asked, its keys to another beside it. Says what was done and what not.
///
/// It may be in use meanwhile. Nothing is written over. Fails with the codes of [`CopyError`] and those of key files.
pub fn back_up(settings: &Settings, to: &Path, with_keys: bool) -> Result<String, StartError> {
    let beside = keys_beside(to);
    if with_keys && beside.exists() {
        return Err(CopyError::Exists(beside).into());
    }
    let size = db::back_up(&settings.database_url, to)?;
    let mut said =
        format!("The database was copied to {} ({size} bytes), and the copy is sound.\n", to.display());
    if with_keys {
        let keys = Keys::known(&settings.keys)?.ok_or_else(|| keys::missing_at(&settings.keys))?;
        keys::write(&beside, &keys)
            .map_err(|error| StartError::from(CopyError::Unwritable(beside.clone(), error.to_string())))?;
        said += &format!(
            "The keys were copied to {}: whoever reads them can sign in as anybody. Keep the two apart.\n",
            beside.display()
        );
    } else {
        let lie = match &settings.keys {
            KeySource::Given(_) => "they are in LELING_KEYS".to_owned(),
            KeySource::File(path) => format!("they lie in {}", path.display()),
        };
        said += &format!(
            "The keys are NOT in it; {lie}. Keep a copy of them elsewhere (or use --with-keys): without them nobody's \
             identity number is recognised after restoring.\n"
        );
    }
    Ok(said)
}

/// Brings a backup back as the database of the settings, where nothing may be. Says what to do next.
///
/// With `with_keys` the keys beside the backup become the key file, which must not exist. Fails with the codes of
/// [`CopyError`], and when the keys are not those that the database was used with, before anything is written.
pub fn restore(settings: &Settings, from: &Path, with_keys: bool) -> Result<String, StartError> {
    let backup = Backup::read(from)?;
    let brought = if with_keys { Some(keys_brought(settings, from)?) } else { None };
    if let Some(fingerprint) = backup.identity_fingerprint() {
        let keys = match &brought {
            Some((_, keys)) => Some(keys.clone()),
            None => Keys::known(&settings.keys)?,
        };
        let keys = keys.ok_or_else(|| keys::missing_at(&settings.keys))?;
        keys.check(&settings.keys, fingerprint)?;
    }
    db::restore(&backup, &settings.database_url)?;
    if let Some((path, keys)) = brought {
        keys::write(&path, &keys)
            .map_err(|error| StartError::from(CopyError::Unwritable(path.clone(), error.to_string())))?;
    }
    Ok(format!(
        "{} was brought back, and fits the keys. Now let every value be computed again: leling verify\n",
        from.display()
    ))
}

/// The keys beside a backup, and the key file that they are to become.
fn keys_brought(settings: &Settings, from: &Path) -> Result<(PathBuf, Keys), StartError> {
    let beside = keys_beside(from);
    let keys = Keys::known(&KeySource::File(beside.clone()))?
        .ok_or_else(|| keys::missing_at(&KeySource::File(beside)))?;
    match &settings.keys {
        KeySource::File(path) if !path.exists() => Ok((path.clone(), keys)),
        KeySource::File(path) => Err(CopyError::Exists(path.clone()).into()),
        KeySource::Given(_) => Err(StartError::bad_setting(
            "--with-keys",
            "the keys are told in LELING_KEYS already; leave one of them out",
        )),
    }
}
