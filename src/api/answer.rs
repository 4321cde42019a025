//! Answers: a status that is part of the type, a body, and what caches and lost-update checks need.

use std::{borrow::Cow, marker::PhantomData, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{Method, StatusCode, header},
    web::Bytes,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    memory::{Asked, Remembered},
    openapi::{Describe, OperationDoc},
    tag::{ETag, Held, hash_of},
};
use crate::{
    clock::At,
    db::Moment,
    problem::{Code, Problem},
    words::Lang,
};

/// The most bytes of a file that is answered, as the document tells it; the largest table of a canteen's days is far below.
const LARGEST_FILE: usize = 100_000_000;

/// A JSON answer with the status `STATUS`.
#[derive(Debug)]
pub struct Answer<const STATUS: u16, T> {
    payload: Payload<T>,
    tag: Tag,
    replayed: bool,
    /// Headers of this answer alone.
    headers: Vec<(&'static str, String)>,
    /// The first instant at which it may be another though nothing was committed.
    until: Option<At>,
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
    /// The very text that others were answered.
    Remembered(Bytes),
    /// The client holds it already.
    Unchanged,
}

#[derive(Debug)]
enum Tag {
    /// An answer to GET gets one made from its body, any other none.
    None,
    Given(ETag),
    /// The version, and a hash of the body when it is written out.
    LivingVersion(i32),
}

impl<const STATUS: u16, T> Answer<STATUS, T> {
    pub fn new(body: T) -> Self {
        Answer::of(Payload::Fresh(body), Tag::None)
    }

    fn of(payload: Payload<T>, tag: Tag) -> Self {
        Answer { payload, tag, replayed: false, headers: Vec::new(), until: None }
    }

    /// With this tag.
    pub fn tagged(mut self, tag: ETag) -> Self {
        self.tag = Tag::Given(tag);
        self
    }

    /// With this header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With the ETag of an edited thing, to be sent back in `If-Match`.
    pub fn version(self, version: i32) -> Self {
        self.tagged(ETag::of_version(version))
    }

    /// The same for a body that also tells what changes by itself (the menu that it is from, say): a 304 for it is never
    /// stale.
    pub fn living_version(mut self, version: i32) -> Self {
        self.tag = Tag::LivingVersion(version);
        self
    }

    /// Nothing that the client does not hold under this tag.
    pub(super) fn unchanged(tag: ETag) -> Self {
        Answer::of(Payload::Unchanged, Tag::Given(tag))
    }

    /// Right by itself only before this instant.
    pub fn until(mut self, until: At) -> Self {
        self.until = Some(until);
        self
    }

    /// What was made for somebody else, and is the same.
    pub(crate) fn remembered(answer: Remembered) -> Self {
        Answer::written(answer.body, answer.tag)
    }

    /// A body as it is sent, with this tag.
    pub(super) fn written(body: Bytes, tag: ETag) -> Self {
        Answer::of(Payload::Remembered(body), Tag::Given(tag))
    }

    /// The same answer with its text, to be remembered; nothing to remember of one that was not made now or has no tag.
    pub(crate) fn into_remembered(self, asked: &Asked, moment: Moment, now: At) -> (Self, Option<Remembered>)
    where
        T: Serialize,
    {
        let (Payload::Fresh(body), Tag::Given(tag), true) =
            (&self.payload, &self.tag, self.headers.is_empty())
        else {
            return (self, None);
        };
        let body = serde_json::to_vec(body).expect("our own types are JSON").into();
        let within = self.until.map(|until| (now, until));
        let kept = Remembered {
            moment,
            within,
            body,
            in_gzip: Arc::default(),
            tag: tag.clone(),
            operation: asked.operation,
        };
        (Answer::remembered(kept.clone()), Some(kept))
    }

    /// The answer that was saved with an idempotency key.
    pub fn saved(body: String, etag: Option<String>) -> Self {
        let tag = etag.map_or(Tag::None, |etag| Tag::Given(ETag::kept(etag)));
        Answer { replayed: true, ..Answer::of(Payload::Saved(body), tag) }
    }

    /// What has to be saved to give the same answer again: the body's text and its ETag.
    pub fn to_save(&self) -> (String, Option<String>)
    where
        T: Serialize,
    {
        let body = self.text();
        let etag = self.etag(&body).map(|etag| etag.as_str().to_owned());
        (String::from_utf8(body.into()).expect("JSON is text"), etag)
    }

    /// The body, unless this answer was saved earlier.
    pub fn fresh_body(&self) -> Option<&T> {
        match &self.payload {
            Payload::Fresh(body) => Some(body),
            Payload::Saved(_) | Payload::Remembered(_) | Payload::Unchanged => None,
        }
    }

    /// The body, whether it was made now or earlier.
    ///
    /// Fails with `internal_error` when what was kept cannot be read any more, or nothing was made.
    pub fn into_body(self) -> Result<T, Problem>
    where
        T: DeserializeOwned,
    {
        match self.payload {
            Payload::Fresh(body) => Ok(body),
            Payload::Saved(text) => serde_json::from_str(&text).map_err(|_| Problem::new(Code::Internal)),
            Payload::Remembered(_) | Payload::Unchanged => Err(Problem::new(Code::Internal)),
        }
    }

    /// The body that was made now, as that of everything which is read.
    ///
    /// Fails with `internal_error` when it was made earlier.
    pub fn into_fresh(self) -> Result<T, Problem> {
        match self.payload {
            Payload::Fresh(body) => Ok(body),
            Payload::Saved(_) | Payload::Remembered(_) | Payload::Unchanged => Err(Code::Internal.into()),
        }
    }

    fn text(&self) -> Bytes
    where
        T: Serialize,
    {
        match &self.payload {
            Payload::Fresh(body) => serde_json::to_vec(body).expect("our own types are JSON").into(),
            Payload::Saved(text) => Bytes::copy_from_slice(text.as_bytes()),
            Payload::Remembered(text) => text.clone(),
            Payload::Unchanged => Bytes::new(),
        }
    }

    fn etag(&self, body: &[u8]) -> Option<ETag> {
        match &self.tag {
            Tag::None => None,
            Tag::Given(etag) => Some(etag.clone()),
            Tag::LivingVersion(version) => Some(ETag::of_version_and(*version, &hash_of(body)[..12])),
        }
    }
}

impl<const STATUS: u16, T: Serialize> Responder for Answer<STATUS, T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(STATUS).expect("a status in a type is a status");
        let body = self.text();
        let mut response = HttpResponse::build(status);
        // What one may read hangs on who one is.
        response.insert_header((header::CACHE_CONTROL, "no-cache, private"));
        response.insert_header((header::VARY, "authorization"));
        let reads = request.method() == Method::GET || request.method() == Method::HEAD;
        let of_body = || reads.then(|| ETag::kept(format!("\"{}\"", hash_of(&body))));
        if let Some(etag) = self.etag(&body).or_else(of_body) {
            let held = match self.payload {
                Payload::Unchanged => Some(etag.as_str().to_owned()),
                Payload::Fresh(_) | Payload::Saved(_) | Payload::Remembered(_) if reads => {
                    Held::of(request.headers()).same_as(&etag)
                }
                Payload::Fresh(_) | Payload::Saved(_) | Payload::Remembered(_) => None,
            };
            if let Some(held) = held {
                response.insert_header((header::ETAG, held));
                return response.status(StatusCode::NOT_MODIFIED).finish();
            }
            response.insert_header((header::ETAG, etag.as_str()));
        }
        for header in self.headers {
            response.insert_header(header);
        }
        if self.replayed {
            response.insert_header(("Idempotency-Replayed", "true"));
        }
        response.content_type("application/json").body(body)
    }
}

impl<const STATUS: u16, T: JsonSchema> Describe for Answer<STATUS, T> {
    fn describe(doc: &mut OperationDoc<'_>) {
        let schema = doc.schema::<T>();
        doc.answers(STATUS, Some(schema));
        doc.may_be_unchanged();
    }
}

/// A refusal of a part of what was asked, as it stands in the answer to the rest.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Told(Value);

impl Told {
    /// The refusal in the reader's language, in the shape of every other one.
    pub fn new(problem: &Problem, lang: Lang, request_id: &str) -> Told {
        Told(problem.body(lang, request_id))
    }

    /// What happened.
    pub fn title(&self) -> Option<&str> {
        self.0["title"].as_str()
    }
}

impl JsonSchema for Told {
    fn schema_name() -> Cow<'static, str> {
        "Problem".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "$ref": "#/components/schemas/Problem" })
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

/// What kind of file something is.
pub trait FileKind: 'static {
    /// Its content type.
    const MEDIA: &'static str;
}

/// A file as the whole answer, with an ETag made from its bytes.
#[derive(Debug)]
pub struct File<K> {
    bytes: Vec<u8>,
    /// Under which name to keep it; shown where it is read without one.
    name: Option<String>,
    kind: PhantomData<fn() -> K>,
}

impl<K: FileKind> File<K> {
    /// To be shown.
    pub fn new(bytes: impl Into<Vec<u8>>) -> File<K> {
        File { bytes: bytes.into(), name: None, kind: PhantomData }
    }

    /// To be kept under this name, which is plain ASCII.
    pub fn named(mut self, name: String) -> File<K> {
        self.name = Some(name);
        self
    }
}

impl<K: FileKind> Responder for File<K> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let etag = ETag::kept(format!("\"{}\"", hash_of(&self.bytes)));
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CACHE_CONTROL, "no-cache, private"));
        response.insert_header((header::VARY, "authorization, accept-language"));
        if let Some(held) = Held::of(request.headers()).same_as(&etag) {
            response.insert_header((header::ETAG, held));
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
        response.insert_header((header::ETAG, etag.as_str()));
        if let Some(name) = self.name {
            response.insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
        }
        response.content_type(K::MEDIA).body(self.bytes)
    }
}

impl<K: FileKind> Describe for File<K> {
    fn describe(doc: &mut OperationDoc<'_>) {
        doc.answers_file(
            K::MEDIA,
            json!({ "type": "string", "format": "binary", "maxLength": LARGEST_FILE }),
        );
        doc.may_be_unchanged();
    }
}
