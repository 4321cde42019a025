//! Answers that are the same for everybody, kept as they were sent.
//!
//! An answer is kept with the [`Moment`] before it was made. While the present moment is that one, nothing has been
//! committed by anybody, in whatever process, and it is what making it again would give. What changes with time alone is
//! kept only until then. Whoever asks in the same words without saying who they are gets it before their request is
//! routed or taken apart, plain or compressed, which is done once for all.

use std::{
    collections::HashMap,
    io::Write as _,
    sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard},
};

use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, Responder as _,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, AcceptEncoding, ContentEncoding, Encoding, Header as _, HeaderValue},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use flate2::{Compression, write::GzEncoder};

use super::{
    Done,
    openapi::{Describe, OperationDoc, Operations},
    tag::ETag,
};
use crate::{app::State, clock::At, db::Moment, guards, problem::Problem};

/// So many bytes of answers are kept; with one more all are forgotten, and what is asked for is soon there again.
const MOST_BYTES: usize = 32 << 20;

/// What is asked for: the path with its query, as it came, and the operation that it is for.
pub struct Asked {
    question: String,
    pub(super) operation: &'static str,
    /// What was seen when memory was asked for it, but for nothing that is still so.
    pub(crate) moment: Option<Moment>,
}

impl FromRequest for Asked {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let operation = request.app_data::<Operations>().and_then(|known| known.asked_by(request.method()));
        std::future::ready(Ok(Asked {
            question: question(request).to_owned(),
            operation: operation.unwrap_or("none"),
            moment: request.extensions_mut().remove::<Moment>(),
        }))
    }
}

fn question(request: &HttpRequest) -> &str {
    request.uri().path_and_query().map_or("", |path| path.as_str())
}

/// The operation whose answer was recalled, in the extensions of a request that was not routed.
pub(super) struct Recalled(pub(super) &'static str);

/// Answers what was answered to somebody before and is still so.
pub async fn recall_answers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some((answer, coding)) = recalled(request.request()).await {
        request.extensions_mut().insert(Recalled(answer.operation));
        let response = answer.sent(request.request(), coding);
        return Ok(request.into_response(response));
    }
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

/// What is kept for this request and still right, and how it is to be sent.
async fn recalled(request: &HttpRequest) -> Option<(Remembered, Coding)> {
    if *request.method() != Method::GET || request.headers().contains_key(header::AUTHORIZATION) {
        return None;
    }
    let state: &Data<State> = request.app_data()?;
    if !state.memory.knows(question(request)) {
        return None;
    }
    let coding = Coding::wanted(request)?;
    let moment = state.db.moment().await?;
    let answer = state.memory.recall(question(request), &moment, state.clock.now());
    if answer.is_none() {
        request.extensions_mut().insert(moment);
    }
    answer.map(|answer| (answer, coding))
}

/// How what is kept can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Plain,
    Gzip,
}

impl Coding {
    /// What the client prefers; none when that is something else, or when it takes nothing that there is.
    fn wanted(request: &HttpRequest) -> Option<Coding> {
        if !request.headers().contains_key(header::ACCEPT_ENCODING) {
            return Some(Coding::Plain);
        }
        let known = [Encoding::identity(), Encoding::gzip(), Encoding::deflate()];
        match AcceptEncoding::parse(request).ok()?.negotiate(known.iter())? {
            Encoding::Known(ContentEncoding::Identity) => Some(Coding::Plain),
            Encoding::Known(ContentEncoding::Gzip) => Some(Coding::Gzip),
            Encoding::Known(_) | Encoding::Unknown(_) => None,
        }
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
    /// The same in gzip, since somebody took it so.
    pub in_gzip: Arc<OnceLock<Bytes>>,
    pub tag: ETag,
    pub operation: &'static str,
}

impl Remembered {
    fn sent(self, request: &HttpRequest, coding: Coding) -> HttpResponse {
        let coded = match coding {
            Coding::Plain => None,
            Coding::Gzip => Some(self.in_gzip.get_or_init(|| in_gzip(&self.body)).clone()),
        };
        let response = Done::<()>::remembered(self).respond_to(request);
        let Some(coded) = coded.filter(|_| response.status() == StatusCode::OK) else { return response };
        let mut response = response.set_body(BoxBody::new(coded));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
        response
    }
}

fn in_gzip(body: &[u8]) -> Bytes {
    let mut coder = GzEncoder::new(Vec::new(), Compression::default());
    let coded = coder.write_all(body).and_then(|()| coder.finish());
    coded.expect("memory takes whatever is written to it").into()
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
    /// Whether anything is kept for this question.
    fn knows(&self, question: &str) -> bool {
        self.answers().by_question.values().any(|known| known.contains_key(question))
    }

    /// What was answered, if it is still right at this moment and instant.
    fn recall(&self, question: &str, moment: &Moment, now: At) -> Option<Remembered> {
        let answers = self.answers();
        let answer = answers.by_question.get(&moment.connection())?.get(question)?;
        let same_moment = answer.moment == *moment || guards::is_off("moment");
        let in_time = answer.within.is_none_or(|(from, until)| from <= now && now < until);
        (same_moment && in_time).then(|| answer.clone())
    }

    fn answers(&self) -> RwLockReadGuard<'_, Answers> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, asked: Asked, answer: Remembered) {
        let mut answers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let question = asked.question.len();
        let bytes = question + answer.body.len();
        if answers.bytes + bytes > MOST_BYTES {
            *answers = Answers::default();
        }
        answers.bytes += bytes;
        let of_connection = answers.by_question.entry(answer.moment.connection()).or_default();
        if let Some(old) = of_connection.insert(asked.question, answer) {
            answers.bytes -= question + old.body.len();
        }
    }
}
