//! Hears the statements that reach the databases of tests, as diesel tells of them.

use std::{
    cell::Cell,
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// Every statement that read a database which somebody watches: its URL, its text.
static SEEN: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());
static WATCHED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Every statement that diesel wrote for SQLite in this run, but for those of tests themselves.
static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

thread_local! {
    static UNHEARD: Cell<bool> = const { Cell::new(false) };
}

/// The statements of one database.
pub struct Queries(String);

/// One connection's ear.
#[derive(Default)]
struct Ear(String);

impl Instrumentation for Ear {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => self.0 = url.to_owned(),
            InstrumentationEvent::StartQuery { query, .. } => {
                let watched = lock(&WATCHED).iter().find(|url| url.ends_with(&self.0)).cloned();
                let text = query.to_string();
                let said = text.split(" -- binds").next().unwrap_or_default();
                // PostgreSQL's names are in other marks, and tests write their statements without any.
                if said.contains('`') && !UNHEARD.get() {
                    lock(&SAID).insert(said.to_owned());
                }
                if let Some(url) = watched.filter(|_| text.starts_with("SELECT")) {
                    lock(&SEEN).push((url, text));
                }
            }
            _ => {}
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on every new connection is listened to.
pub fn listen() {
    set_default_instrumentation(|| Some(Box::new(Ear::default()))).unwrap();
}

/// What was said to SQLite in this run.
pub fn said_to_sqlite() -> BTreeSet<String> {
    lock(&SAID).clone()
}

/// A test looks itself.
pub fn unheard<T>(look: impl FnOnce() -> T) -> T {
    UNHEARD.set(true);
    let seen = look();
    UNHEARD.set(false);
    seen
}

impl Queries {
    pub fn of(database_url: &str) -> Queries {
        lock(&WATCHED).push(database_url.to_owned());
        Queries(database_url.to_owned())
    }

    /// What was read since this was asked for the last time.
    pub fn take(&self) -> Vec<String> {
        let mut seen = lock(&SEEN);
        let (own, others) = seen.drain(..).partition(|(url, _)| *url == self.0);
        *seen = others;
        own.into_iter().map(|(_, text): (String, String)| text).collect()
    }
}
