//! Answers that are the same for everybody, kept as they were sent.
//!
//! An answer is kept with the [`Moment`] before it was made. While the present moment is that one, nothing has been
//! committed by anybody, in whatever process, and it is what making it again would give. What changes with time alone is
//! kept only until then.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Bytes};

use super::{
    openapi::{Describe, OperationDoc},
    tag::ETag,
};
use crate::{clock::At, db::Moment, guards, problem::Problem};

/// So many bytes of answers are kept; with one more all are forgotten, and what is asked for is soon there again.
const MOST_BYTES: usize = 32 << 20;

/// What is asked for: the path with its query, as it came.
pub struct Asked(pub(crate) String);

impl FromRequest for Asked {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = request.uri().path_and_query().map_or("", |path| path.as_str());
        std::future::ready(Ok(Asked(asked.to_owned())))
    }
}

impl Describe for Asked {
    fn describe(_: &mut OperationDoc<'_>) {}
}

/// An answer as it was sent.
#[derive(Clone)]
pub(crate) struct Remembered {
    pub moment: Moment,
    /// From when to when it is right by itself; always, without.
    pub within: Option<(At, At)>,
    pub body: Bytes,
    pub tag: ETag,
}

/// The answers that are kept.
#[derive(Default)]
pub struct Memory(RwLock<Answers>);

#[derive(Default)]
struct Answers {
    /// By the connection that told the moment, and the question.
    by_question: HashMap<u64, HashMap<String, Remembered>>,
    bytes: usize,
}

impl Memory {
    /// What was answered, if it is still right at this moment and instant.
    pub(crate) fn recall(&self, asked: &Asked, moment: &Moment, now: At) -> Option<Remembered> {
        let answers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.by_question.get(&moment.connection())?.get(&asked.0)?;
        let same_moment = answer.moment == *moment || guards::is_off("moment");
        let in_time = answer.within.is_none_or(|(from, until)| from <= now && now < until);
        (same_moment && in_time).then(|| answer.clone())
    }

    pub(crate) fn keep(&self, asked: Asked, answer: Remembered) {
        let mut answers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let question = asked.0.len();
        let bytes = question + answer.body.len();
        if answers.bytes + bytes > MOST_BYTES {
            *answers = Answers::default();
        }
        answers.bytes += bytes;
        let of_connection = answers.by_question.entry(answer.moment.connection()).or_default();
        if let Some(old) = of_connection.insert(asked.0, answer) {
            answers.bytes -= question + old.body.len();
        }
    }
}
