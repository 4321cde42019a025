//! Answers: a status that is part of the type, a body, and what caches and lost-update checks need.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{Method, StatusCode, header},
};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::openapi::{Describe, OperationDoc};
use crate::problem::{Code, Problem};

/// A JSON answer with the status `STATUS`.
#[derive(Debug)]
pub struct Answer<const STATUS: u16, T> {
    payload: Payload<T>,
    tag: Tag,
    replayed: bool,
}

/// Something was done or read.
pub type Done<T> = Answer<200, T>;
/// Something was created.
pub type Created<T> = Answer<201, T>;

#[derive(Debug)]
enum Payload<T> {
    Fresh(T),
    /// The very text that was answered the first time.
    Saved(String),
}

#[derive(Debug)]
enum Tag {
    None,
    Version(i32),
    /// The version, and a hash of the body when it is written out.
    LivingVersion(i32),
    /// Made from the body when it is written out.
    Content,
    Saved(String),
}

impl<const STATUS: u16, T> Answer<STATUS, T> {
    pub fn new(body: T) -> Self {
        Answer { payload: Payload::Fresh(body), tag: Tag::None, replayed: false }
    }

    /// With the ETag of an edited thing, to be sent back in `If-Match`.
    pub fn version(mut self, version: i32) -> Self {
        self.tag = Tag::Version(version);
        self
    }

    /// The same for a body that also tells what changes by itself (places left, say): a 304 for it is never stale.
    pub fn living_version(mut self, version: i32) -> Self {
        self.tag = Tag::LivingVersion(version);
        self
    }

    /// With an ETag made from `part` of the body alone: the rest says only when it was asked.
    pub fn cacheable_by<P: Serialize>(mut self, part: impl Fn(&T) -> P) -> Self {
        if let Payload::Fresh(body) = &self.payload {
            let text = serde_json::to_string(&part(body)).expect("our own types are JSON");
            self.tag = Tag::Saved(format!("\"{}\"", content_hash(&text)));
        }
        self
    }

    /// With an ETag made from the body, so that an unchanged answer is a 304.
    pub fn cacheable(mut self) -> Self {
        self.tag = Tag::Content;
        self
    }

    /// The answer that was saved with an idempotency key.
    pub fn saved(body: String, etag: Option<String>) -> Self {
        Answer { payload: Payload::Saved(body), tag: etag.map_or(Tag::None, Tag::Saved), replayed: true }
    }

    /// What has to be saved to give the same answer again: the body's text and its ETag.
    pub fn to_save(&self) -> (String, Option<String>)
    where
        T: Serialize,
    {
        let body = self.text();
        let etag = self.etag(&body);
        (body, etag)
    }

    /// The body, unless this answer was saved earlier.
    pub fn fresh_body(&self) -> Option<&T> {
        match &self.payload {
            Payload::Fresh(body) => Some(body),
            Payload::Saved(_) => None,
        }
    }

    /// The body, whether it was made now or earlier.
    ///
    /// Fails with `internal_error` when what was kept cannot be read any more.
    pub fn into_body(self) -> Result<T, Problem>
    where
        T: DeserializeOwned,
    {
        match self.payload {
            Payload::Fresh(body) => Ok(body),
            Payload::Saved(text) => serde_json::from_str(&text).map_err(|_| Problem::new(Code::Internal)),
        }
    }

    fn text(&self) -> String
    where
        T: Serialize,
    {
        match &self.payload {
            Payload::Fresh(body) => serde_json::to_string(body).expect("our own types are JSON"),
            Payload::Saved(text) => text.clone(),
        }
    }

    fn etag(&self, body: &str) -> Option<String> {
        match &self.tag {
            Tag::None => None,
            Tag::Version(version) => Some(format!("\"v{version}\"")),
            Tag::LivingVersion(version) => Some(format!("\"v{version}.{}\"", &content_hash(body)[..12])),
            Tag::Content => Some(format!("\"{}\"", content_hash(body))),
            Tag::Saved(etag) => Some(etag.clone()),
        }
    }
}

fn content_hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}

/// The version in an ETag of an edited thing; what follows the dot is about the rest of the body.
pub(super) fn version_in(etag: &str) -> Option<i32> {
    let tag = etag.trim().strip_prefix("\"v")?.strip_suffix('"')?;
    tag.split('.').next()?.parse().ok()
}

impl<const STATUS: u16, T: Serialize> Responder for Answer<STATUS, T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(STATUS).expect("a status in a type is a status");
        let body = self.text();
        let etag = self.etag(&body);
        let mut response = HttpResponse::build(status);
        if let Some(etag) = &etag {
            response.insert_header((header::ETAG, etag.as_str()));
            if request.method() == Method::GET && wants_no_repeat(request, etag) {
                return response.status(StatusCode::NOT_MODIFIED).finish();
            }
        }
        if self.replayed {
            response.insert_header(("Idempotency-Replayed", "true"));
        }
        response.insert_header((header::CACHE_CONTROL, "no-cache, private"));
        response.content_type("application/json").body(body)
    }
}

fn wants_no_repeat(request: &HttpRequest, etag: &str) -> bool {
    request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|tags| {
        tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
    })
}

impl<const STATUS: u16, T: JsonSchema> Describe for Answer<STATUS, T> {
    fn describe(doc: &mut OperationDoc<'_>) {
        let schema = doc.schema::<T>();
        doc.answers(STATUS, Some(schema));
    }
}

/// Done, and there is nothing to tell.
#[derive(Debug)]
pub struct Nothing;

impl Responder for Nothing {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

impl Describe for Nothing {
    fn describe(doc: &mut OperationDoc<'_>) {
        doc.answers(204, None);
    }
}
