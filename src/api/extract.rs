//! What comes in: JSON bodies without unknown fields, files, query strings, idempotency keys.

use std::{borrow::Cow, marker::PhantomData};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header, web};
use futures_util::{StreamExt as _, future::LocalBoxFuture};
use hmac::{Hmac, KeyInit, Mac};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;
use sha2::Sha256;

use super::{
    json,
    openapi::{Describe, OperationDoc},
    shape::{self, Fault, JUDGED_BY},
};
use crate::{
    app::State,
    problem::{Code, Problem},
    words::Bilingual,
};

/// The largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 512 * 1024;

/// A JSON body, parsed. Fails with the place in the body that is not right.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read_body(request, payload);
        let json = is_json(request);
        Box::pin(async move { parse(&bytes.await?, json).map(Body) })
    }
}

impl<T: JsonSchema> Describe for Body<T> {
    fn describe(doc: &mut OperationDoc<'_>) {
        let schema = doc.schema::<T>();
        doc.takes(schema);
    }
}

/// A body together with the `Idempotency-Key` under which its effect happens once.
///
/// A body type of `()` stands for a request without a body.
#[derive(Debug)]
pub struct Keyed<T> {
    pub body: T,
    /// The client's key, 1 to 200 visible characters.
    pub key: String,
    /// What the key is bound to besides the caller: method, path and body, hashed under a key of the installation, so
    /// that a password or PIN in a body cannot be guessed from the database.
    pub request_hash: String,
}

impl<T: DeserializeOwned + JsonSchema + 'static> FromRequest for Keyed<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = idempotency_key(request);
        let mut hash = installation_hash(request);
        hash.update(format!("{} {}\n", request.method(), request.path()).as_bytes());
        let json = is_json(request);
        let bytes = read_body(request, payload);
        Box::pin(async move {
            let key = key?.ok_or(Code::KeyRequired)?;
            let bytes = bytes.await?;
            hash.update(&bytes);
            let body = if std::mem::size_of::<T>() == 0 && bytes.is_empty() {
                parse(b"null", true)?
            } else {
                parse(&bytes, json)?
            };
            Ok(Keyed { body, key, request_hash: hex::encode(hash.finalize().into_bytes()) })
        })
    }
}

impl<T: JsonSchema> Describe for Keyed<T> {
    fn describe(doc: &mut OperationDoc<'_>) {
        if std::mem::size_of::<T>() > 0 {
            let schema = doc.schema::<T>();
            doc.takes(schema);
        }
        let said =
            "A key of your own, unique for this operation (a UUID, say). Send the same key with every retry.";
        doc.header("Idempotency-Key", said, key_schema());
        doc.answer_header("Idempotency-Replayed");
        doc.refuses([Code::KeyRequired, Code::KeyReused, Code::InProgress]);
    }
}

fn key_schema() -> serde_json::Value {
    serde_json::json!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" })
}

/// What kinds of files an operation takes.
pub trait Takes: 'static {
    /// Their content types.
    const MEDIA: &'static [&'static str];
    /// The largest one, in bytes.
    const LARGEST: usize;
    /// What is refused of another type.
    const REFUSAL: Code;
}

/// A file as the whole body, and perhaps an `Idempotency-Key`. Nothing of it is read before [`Upload::read`]: whoever has
/// no right to it costs nothing.
pub struct Upload<K> {
    payload: web::Payload,
    key: Option<String>,
    hash: Hmac<Sha256>,
    kind: PhantomData<fn() -> K>,
}

/// A file that was read.
pub struct UploadedFile {
    pub bytes: web::Bytes,
    key: Option<String>,
    request_hash: String,
}

impl UploadedFile {
    /// What was made of the file, under the key that came with it. Fails with `idempotency_key_required` without.
    pub fn keyed<T>(self, body: T) -> Result<Keyed<T>, Problem> {
        let key = self.key.ok_or(Code::KeyRequired)?;
        Ok(Keyed { body, key, request_hash: self.request_hash })
    }
}

impl<K: Takes> Upload<K> {
    /// Reads the file. Fails with `body_too_large`, or when the connection breaks.
    pub async fn read(mut self) -> Result<UploadedFile, Problem> {
        let mut bytes = web::BytesMut::new();
        while let Some(part) = self.payload.next().await {
            let part = part.map_err(|_| Problem::new(Code::BrokenUpload))?;
            if bytes.len() + part.len() > K::LARGEST {
                return Err(Problem::new(Code::BodyTooLarge).with("limit", K::LARGEST));
            }
            bytes.extend_from_slice(&part);
        }
        self.hash.update(&bytes);
        let request_hash = hex::encode(self.hash.finalize().into_bytes());
        Ok(UploadedFile { bytes: bytes.freeze(), key: self.key, request_hash })
    }
}

impl<K: Takes> FromRequest for Upload<K> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let named = request.content_type().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let length =
            request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let refused = if !K::MEDIA.contains(&named.as_str()) {
            Some(Problem::new(K::REFUSAL))
        } else if length.is_some_and(|length: usize| length > K::LARGEST) {
            Some(Problem::new(Code::BodyTooLarge).with("limit", K::LARGEST))
        } else {
            None
        };
        let (key, mut hash) = (idempotency_key(request), installation_hash(request));
        hash.update(
            format!("{} {}?{}\n", request.method(), request.path(), request.query_string()).as_bytes(),
        );
        let payload = web::Payload::from_request(request, payload);
        Box::pin(async move {
            if let Some(problem) = refused {
                return Err(problem);
            }
            let (key, payload) = (key?, payload.await.map_err(|_| Code::BrokenUpload)?);
            Ok(Upload { payload, key, hash, kind: PhantomData })
        })
    }
}

impl<K: Takes> Describe for Upload<K> {
    fn describe(doc: &mut OperationDoc<'_>) {
        doc.takes_file(K::MEDIA, K::LARGEST);
        let said = "A key of your own, unique for this operation (a UUID, say). Send the same key with every retry. \
                    Needed unless nothing is written.";
        doc.may_send("Idempotency-Key", said, key_schema());
        doc.answer_header("Idempotency-Replayed");
        doc.refuses([Code::KeyRequired, Code::KeyReused, Code::InProgress]);
        doc.refuses([K::REFUSAL, Code::BrokenUpload]);
    }
}

fn installation_hash(request: &HttpRequest) -> Hmac<Sha256> {
    let state = request.app_data::<web::Data<State>>().expect("the state is part of the app");
    Hmac::new_from_slice(state.identity_key.bytes()).expect("any length is a key")
}

/// The key, if there is one; `bad_header` when it is none that could be kept.
fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("Idempotency-Key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > 200 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::new(Code::BadHeader).with("header", "Idempotency-Key"));
    }
    Ok(Some(key.to_owned()))
}

/// An item of a list that is read by itself, so that a fault in it spoils no other.
#[derive(Clone, Debug)]
pub struct Each<T> {
    /// What was sent.
    pub sent: Value,
    /// What it is, or where it is not right: a pointer into the item.
    pub read: Result<T, Problem>,
}

impl<'de, T: DeserializeOwned + JsonSchema + 'static> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sent = Value::deserialize(deserializer)?;
        let faults = shape::of_body::<T>().faults(&sent);
        let read = if faults.is_empty() {
            serde_path_to_error::deserialize(&sent)
                .map_err(|error| beyond_shape(json::pointer(error.path()), &error.inner().to_string()))
        } else {
            Err(at_fault(Code::BadField, faults))
        };
        Ok(Each { sent, read })
    }
}

/// The schema of the item; the list that holds it is not held against it.
impl<T: JsonSchema> JsonSchema for Each<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        json_schema!({ "allOf": [item], JUDGED_BY: "each item by itself" })
    }
}

/// A query string, parsed; unknown parameters are refused where the type says so.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(parse_query(request.query_string()).map(Query))
    }
}

impl<T: JsonSchema> Describe for Query<T> {
    fn describe(doc: &mut OperationDoc<'_>) {
        doc.query::<T>();
        doc.refuses([Code::BadQuery]);
    }
}

fn is_json(request: &HttpRequest) -> bool {
    request.content_type().split(';').next().is_some_and(|kind| {
        let kind = kind.trim().to_ascii_lowercase();
        kind == "application/json" || kind.ends_with("+json")
    })
}

fn read_body(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<web::Bytes, Problem>> + use<> {
    let bytes = web::Bytes::from_request(request, payload);
    async move { bytes.await.map_err(|_| Problem::new(Code::BodyTooLarge).with("limit", BODY_LIMIT)) }
}

fn parse_query<T: DeserializeOwned + JsonSchema + 'static>(text: &str) -> Result<T, Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(text).map_err(|_| bad_query(Vec::new()))?;
    let faults = shape::of_query::<T>().faults_in_query(pairs.into_inner());
    if !faults.is_empty() {
        return Err(bad_query(faults));
    }
    web::Query::<T>::from_query(text).map(web::Query::into_inner).map_err(|error| {
        let said = error.to_string();
        let said = said.strip_prefix("Query deserialize error: ").unwrap_or(&said);
        bad_query(vec![Fault { pointer: String::new(), word: "bad_value", said: both(said) }])
    })
}

fn bad_query(faults: Vec<Fault>) -> Problem {
    at_fault(Code::BadQuery, faults)
}

fn at_fault(code: Code, faults: Vec<Fault>) -> Problem {
    faults
        .into_iter()
        .fold(Problem::new(code), |problem, fault| problem.field(fault.pointer, fault.word, fault.said))
}

/// Reads a body: JSON first, then its shape, then what is made of it.
fn parse<T: DeserializeOwned + JsonSchema + 'static>(bytes: &[u8], json: bool) -> Result<T, Problem> {
    if !json {
        return Err(Problem::new(Code::NotJson));
    }
    let value = json::read(bytes).map_err(|(error, place)| {
        if error.is_data() { beyond_shape(place, &error.to_string()) } else { malformed(&error) }
    })?;
    let faults = shape::of_body::<T>().faults(&value);
    if !faults.is_empty() {
        return Err(at_fault(Code::BadField, faults));
    }
    serde_path_to_error::deserialize(value)
        .map_err(|error| beyond_shape(json::pointer(error.path()), &error.inner().to_string()))
}

/// What no schema can say of a field was broken.
fn beyond_shape(pointer: String, said: &str) -> Problem {
    let said = said.split(" at line ").next().unwrap_or_default();
    Problem::new(Code::BadField).field(pointer, "bad_value", both(said))
}

fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let where_it_is = Bilingual::new(
        format!("第 {line} 行第 {column} 列不是有效的 JSON"),
        format!("no JSON at line {line}, column {column}: {said}"),
    );
    Problem::new(Code::MalformedJson).field("", "syntax", where_it_is)
}

fn both(said: &str) -> Bilingual {
    Bilingual::new("此项不符合要求，请按接口说明修改", said)
}
