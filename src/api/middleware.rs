//! Around every request: a request id, one line of log, panics caught, and problems put into the reader's language.

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method, StatusCode,
        header::{self, AcceptLanguage, Header as _, Quality},
    },
    middleware::Next,
};
use futures_util::FutureExt;
use tracing::Instrument as _;

use super::{
    memory::Recalled,
    openapi::{Describe, OperationDoc, Operations},
    tag::ETag,
};
use crate::{
    id::random_bytes,
    metrics,
    problem::{Code, Problem},
    words::Lang,
};

/// The id under which a request stands in the log and in a problem's `instance`.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl FromRequest for RequestId {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.extensions().get::<RequestId>().cloned();
        std::future::ready(id.ok_or_else(|| Code::Internal.into()))
    }
}

impl Describe for RequestId {
    fn describe(_: &mut OperationDoc<'_>) {}
}

/// The language that the reader prefers by `Accept-Language`; Chinese where nothing is said, unless just that is refused.
pub fn lang_of(request: &HttpRequest) -> Lang {
    let AcceptLanguage(said) = AcceptLanguage::parse(request).unwrap_or_else(|_| AcceptLanguage(Vec::new()));
    let known = said.iter().filter_map(|said| {
        let tag = said.item.item()?.primary_language().to_ascii_lowercase();
        Some((Lang::from_word(&tag)?, said.quality))
    });
    let (refused, wanted): (Vec<_>, Vec<_>) = known.partition(|(_, quality)| *quality == Quality::ZERO);
    let best = wanted.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
    let only_chinese_refused = !refused.is_empty() && refused.iter().all(|(lang, _)| *lang == Lang::Zh);
    match best {
        Some((lang, _)) => lang,
        None if only_chinese_refused => Lang::En,
        None => Lang::Zh,
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).expect("a status in the table is a status")
    }

    /// The body is written by the middleware, which knows the reader's language.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// Gives the request an id, runs it, turns a panic into an answer, and writes problems out.
pub async fn guard_panics_and_name_requests(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let id = hex::encode(random_bytes::<8>());
    request.extensions_mut().insert(RequestId(id.clone()));
    let (lang, method) = (lang_of(request.request()), request.method().clone());
    // Every line that is logged for it, on whatever thread, has its id.
    let span = tracing::info_span!("request", request_id = %id);
    let under_way = metrics::request_under_way();

    // The request itself must not be kept here: while there is another one of it, it cannot be routed.
    let outcome = match AssertUnwindSafe(next.call(request)).catch_unwind().instrument(span.clone()).await {
        Ok(outcome) => outcome.map_err(|error| error.error_response()),
        Err(_) => Err(Problem::new(Code::Internal).error_response()),
    };
    // The operation, never the path or query: those may hold names and numbers.
    let (operation, response) = match outcome {
        Ok(response) => {
            let (request, response) = response.into_parts();
            let operation = operation_of(&request, &method);
            (operation, Ok((request, finished(response.map_into_boxed_body(), lang, &id))))
        }
        Err(response) => ("none", Err(finished(response, lang, &id))),
    };
    let status = match &response {
        Ok((_, response)) | Err(response) => response.status().as_u16(),
    };
    drop(under_way);
    let took = started.elapsed();
    metrics::request(operation, known(&method), status, took);
    let _entered = span.enter();
    tracing::info!(
        operation,
        method = known(&method),
        status,
        elapsed_us = took.as_micros() as u64,
        "answered"
    );
    match response {
        Ok((request, response)) => Ok(ServiceResponse::new(request, response)),
        Err(response) => Err(InternalError::from_response("refused", response).into()),
    }
}

/// The id of the operation of the API that was asked for, or a word for what is none.
fn operation_of(request: &HttpRequest, method: &Method) -> &'static str {
    if let Some(Recalled(operation)) = request.extensions().get() {
        return operation;
    }
    if let Some(operations) = request.app_data::<Operations>() {
        return operations.asked_by(method).unwrap_or("none");
    }
    match request.path() {
        "/healthz" => "healthz",
        "/readyz" => "readyz",
        "/metrics" => "metrics",
        "/api/v1/openapi.json" => "openapi",
        path if path == "/docs" || path.starts_with("/docs/") => "docs",
        _ => "none",
    }
}

/// A method by its name, or `other`: anybody may invent one.
fn known(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

/// The response with its problem written out, if it has one, and with the headers that all have.
fn finished(response: HttpResponse<BoxBody>, lang: Lang, id: &str) -> HttpResponse<BoxBody> {
    let problem = response.extensions().get::<Problem>().cloned();
    let mut response = match problem.or_else(|| unspoken(&response)) {
        Some(problem) => {
            metrics::problem(problem.code.as_str());
            written(&problem, response.headers().get(header::ALLOW), lang, id)
        }
        None => response,
    };
    let headers = response.headers_mut();
    name_coding_in_tag(headers);
    headers
        .insert(header::HeaderName::from_static("x-request-id"), id.parse().expect("hex is a header value"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}

/// A body that was compressed is another one than the body that was not: its tag says so.
fn name_coding_in_tag(headers: &mut header::HeaderMap) {
    let word = |name| headers.get(name)?.to_str().ok();
    let coded = word(header::CONTENT_ENCODING)
        .zip(word(header::ETAG))
        .and_then(|(coding, tag)| ETag::coded(tag, coding)?.parse().ok());
    if let Some(tag) = coded {
        headers.insert(header::ETAG, tag);
    }
}

/// The problem for a refusal that the framework made by itself; a page has said its own already.
pub fn unspoken(response: &HttpResponse<BoxBody>) -> Option<Problem> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        return None;
    }
    match response.status().as_u16() {
        404 => Some(Problem::new(Code::NotFound)),
        405 => Some(Problem::new(Code::MethodNotAllowed)),
        // The only thing that the framework itself negotiates.
        406 => Some(Problem::new(Code::BadHeader).with("header", "Accept-Encoding")),
        413 => Some(Problem::new(Code::BodyTooLarge).with("limit", super::extract::BODY_LIMIT)),
        415 => Some(Problem::new(Code::NotJson)),
        400..=499 => Some(Problem::new(Code::BadField)),
        500..=599 => Some(Problem::new(Code::Internal)),
        _ => None,
    }
}

fn written(
    problem: &Problem,
    allow: Option<&header::HeaderValue>,
    lang: Lang,
    id: &str,
) -> HttpResponse<BoxBody> {
    let mut response = HttpResponse::build(problem.status_code());
    response.insert_header((header::CONTENT_LANGUAGE, lang.as_str()));
    response.insert_header((header::VARY, "accept-language"));
    if let Some(methods) = allow {
        response.insert_header((header::ALLOW, methods));
    }
    if let Some(seconds) = problem.retry_after_s() {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if let Some(limit) = problem.limit() {
        let (name, quota, window_s) = (limit.policy, limit.quota, limit.window_s);
        let (left, reset_s) = (limit.left, limit.wait_s.unwrap_or(window_s));
        response.insert_header(("RateLimit-Policy", format!("\"{name}\";q={quota};w={window_s}")));
        response.insert_header(("RateLimit", format!("\"{name}\";r={left};t={reset_s}")));
    }
    if problem.code.status() == 401 {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.content_type("application/problem+json").body(problem.body(lang, id).to_string())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_reader_hears_the_language_that_they_prefer_and_none_that_they_refuse() {
        for (said, heard) in [
            ("", Lang::Zh),
            ("en", Lang::En),
            ("EN-gb", Lang::En),
            ("de", Lang::Zh),
            ("*", Lang::Zh),
            ("de, en;q=0.5, zh;q=0.4", Lang::En),
            ("en; q=0.3 , zh-CN; q=0.8", Lang::Zh),
            ("zh, en", Lang::Zh),
            ("en;q=0", Lang::Zh),
            ("en;q=0, *;q=1", Lang::Zh),
            ("zh;q=0, *", Lang::En),
            ("zh;q=0, en;q=0", Lang::Zh),
            ("en;q=high", Lang::Zh),
        ] {
            let request =
                TestRequest::default().insert_header((header::ACCEPT_LANGUAGE, said)).to_http_request();
            assert_eq!(lang_of(&request), heard, "{said}");
        }
    }
}
