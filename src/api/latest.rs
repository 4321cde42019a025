//! What was made last for a question, kept with the tag of what it follows from.
//!
//! The tag is read anew for every question, in the same transaction: while it is the same, so is what was made. A client
//! that holds it hears 304 by the same comparison.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use super::tag::ETag;
use crate::guards;

/// So many are kept; with one more all are forgotten, and what is asked for is soon there again.
const MOST: usize = 256;

/// What was made last, by question.
#[derive(Debug)]
pub struct Latest<Q, T>(Mutex<HashMap<Q, (ETag, Arc<T>)>>);

impl<Q, T> Default for Latest<Q, T> {
    fn default() -> Latest<Q, T> {
        Latest(Mutex::default())
    }
}

impl<Q: Eq + Hash, T> Latest<Q, T> {
    /// What was made for this question under this tag, by somebody before or by `make` now. Fails as `make` does.
    pub fn or_make<E>(
        &self,
        question: Q,
        tag: &ETag,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let known = self.lock().get(&question).cloned();
        if let Some((known, made)) = known
            && (known == *tag || guards::is_off("latest"))
        {
            return Ok(made);
        }
        // Meanwhile others may look, and make the same.
        let made = Arc::new(make()?);
        let mut kept = self.lock();
        if kept.len() >= MOST && !kept.contains_key(&question) {
            kept.clear();
        }
        kept.insert(question, (tag.clone(), made.clone()));
        Ok(made)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Q, (ETag, Arc<T>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
