//! Streams of events (Server-Sent Events): what clients hold open to hear what is new.

use std::time::Duration;

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::{Method, header},
};
use actix_web_lab::sse::{Data, Event, Sse};
use futures_util::{Stream, StreamExt, stream::LocalBoxStream};
use schemars::JsonSchema;
use serde_json::json;

use super::openapi::{Describe, OperationDoc};
use crate::problem::Problem;

/// A comment goes out so often, so that what lies between knows that the line is open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// When a client is to come back whose stream has ended.
const COME_BACK: Duration = Duration::from_secs(3);

/// The most characters of the `data` of an event, as the document tells it.
const LONGEST_DATA: usize = 10_000_000;

const EVENT_STREAM: &str = "text/event-stream";

/// The `id` of the last event that a client has had, from `Last-Event-ID`.
#[derive(Clone, Debug)]
pub struct LastEventId(pub Option<String>);

impl FromRequest for LastEventId {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.headers().get("Last-Event-ID").and_then(|value| value.to_str().ok());
        std::future::ready(Ok(LastEventId(id.map(str::to_owned))))
    }
}

impl Describe for LastEventId {
    fn describe(doc: &mut OperationDoc<'_>) {
        doc.may_send(
            "Last-Event-ID",
            "The `id` of the last event that you had: it is not sent again while it is the newest.",
            json!({ "type": "string", "maxLength": 200, "pattern": "^[ -~]*$" }),
        );
    }
}

/// What a stream tells.
pub trait Streamed: JsonSchema {
    /// What its events are called.
    const EVENT: &'static str;
}

/// Events with an `id` each, every one a whole `T` in JSON.
pub struct EventStream<T> {
    events: LocalBoxStream<'static, Event>,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T: Streamed> EventStream<T> {
    /// Events: each its id and its JSON.
    pub fn new(events: impl Stream<Item = (String, String)> + 'static) -> EventStream<T> {
        let event = |(id, json)| Data::new(json).id(id).event(T::EVENT).into();
        EventStream { events: events.map(event).boxed_local(), of: std::marker::PhantomData }
    }
}

impl<T> Responder for EventStream<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = if request.method() == Method::HEAD {
            HttpResponse::Ok().content_type(EVENT_STREAM).finish()
        } else {
            Sse::from_infallible_stream(self.events)
                .with_keep_alive(KEEP_ALIVE)
                .with_retry_duration(COME_BACK)
                .respond_to(request)
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache, private"));
        headers.insert(header::VARY, header::HeaderValue::from_static("authorization"));
        // A proxy that collects before it passes on would make the stream a standstill.
        let buffering = header::HeaderName::from_static("x-accel-buffering");
        headers.insert(buffering, header::HeaderValue::from_static("no"));
        response
    }
}

impl<T: Streamed> Describe for EventStream<T> {
    /// The schema is that of one event: a stream has no end, and so no schema as a whole.
    fn describe(doc: &mut OperationDoc<'_>) {
        let data = doc.schema::<T>();
        let about = "One event of the stream. What is not new is not told; comments come in between.";
        let event = json!({
            "type": "object",
            "description": about,
            "required": ["id", "event", "data"],
            "properties": {
                "id": { "type": "string", "maxLength": 200, "description": "To be sent in `Last-Event-ID` on coming back." },
                "event": { "type": "string", "enum": [T::EVENT] },
                "data": {
                    "type": "string", "maxLength": LONGEST_DATA, "description": "The whole of it, as JSON.",
                    "contentMediaType": "application/json", "contentSchema": data,
                },
            },
        });
        doc.answers_file(EVENT_STREAM, event);
    }
}
