//! The demonstration on its way into an installation in which there was nothing, while the service runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::sign_ins::SignIn;

/// What is made one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Places,
    History,
    Day,
}

impl Part {
    pub fn as_str(self) -> &'static str {
        match self {
            Part::Places => "places and people",
            Part::History => "thirty days of history",
            Part::Day => "yesterday over HTTP",
        }
    }
}

/// How far it has come.
#[derive(Clone, Debug, Default)]
pub enum Stage {
    /// Nobody has asked for it since the program started.
    #[default]
    Unasked,
    /// So many steps of a part are done.
    UnderWay { part: Part, done: u64, steps: u64 },
    /// It is there.
    Loaded,
    /// It is there in part, and does not go on: what it said.
    Broken(String),
}

/// Where it is, who asked for it, and how to sign in: kept in memory alone, as nothing keeps a password in plain.
#[derive(Debug, Default)]
pub struct Loading(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stage: Stage,
    loader: String,
    sign_ins: Vec<SignIn>,
}

impl Loading {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn stage(&self) -> Stage {
        self.inner().stage.clone()
    }

    /// Whether time is not what the clock shows, as what passed is being made.
    pub fn is_under_way(&self) -> bool {
        matches!(self.inner().stage, Stage::UnderWay { .. })
    }

    /// What is known of the browser that asked for it, and how to sign in, once it is there.
    pub fn told(&self) -> (String, Vec<SignIn>) {
        let inner = self.inner();
        (inner.loader.clone(), inner.sign_ins.clone())
    }

    /// It was asked for, by a browser of which this is known.
    pub(super) fn ask(&self, loader: String) {
        let stage = Stage::UnderWay { part: Part::Places, done: 0, steps: 1 };
        *self.inner() = Inner { stage, loader, sign_ins: Vec::new() };
    }

    pub(super) fn begin(&self, part: Part, steps: u64) {
        self.inner().stage = Stage::UnderWay { part, done: 0, steps };
    }

    pub(super) fn step(&self) {
        if let Stage::UnderWay { done, .. } = &mut self.inner().stage {
            *done += 1;
        }
    }

    pub(super) fn end(&self, lived: Result<Vec<SignIn>, String>) {
        let mut inner = self.inner();
        match lived {
            Ok(sign_ins) => (inner.stage, inner.sign_ins) = (Stage::Loaded, sign_ins),
            Err(said) => inner.stage = Stage::Broken(said),
        }
    }
}
