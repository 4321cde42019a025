//! Refusals in the API's document: one response for each status, with every code that it carries.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

use super::document::header_references;
use crate::{
    problem::{Code, Problem},
    words::Lang,
};

/// What the response with this status is called among the components.
pub fn name_of(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.unwrap_or("Refused").replace(' ', "")
}

/// What an operation's own codes say, as a list for people; empty where there are none.
pub fn told(codes: &[Code]) -> String {
    let lines: Vec<String> = codes.iter().map(|code| format!("- {}", line(*code))).collect();
    if lines.is_empty() { String::new() } else { format!("Refuses with:\n\n{}", lines.join("\n")) }
}

fn line(code: Code) -> String {
    format!("`{}` ({}): {}", code.as_str(), code.status(), code.text(Lang::En))
}

/// The responses of all refusals, and the one for what is unchanged.
pub fn responses() -> Map<String, Value> {
    let mut responses: Map<String, Value> = Map::new();
    let unchanged = json!({
        "description": "Unchanged since the answer whose `ETag` was sent in `If-None-Match`.",
        "headers": header_references(&["X-Request-Id", "ETag"]),
    });
    responses.insert("NotModified".into(), unchanged);
    let statuses: BTreeSet<u16> = Code::ALL.iter().map(|code| code.status()).collect();
    for status in statuses {
        responses.insert(name_of(status), response(status));
    }
    responses
}

fn response(status: u16) -> Value {
    let codes: Vec<Code> = Code::ALL.iter().copied().filter(|code| code.status() == status).collect();
    let told: Vec<String> = codes.iter().map(|code| format!("- {}", line(*code))).collect();
    let mut headers = vec!["X-Request-Id", "Content-Language"];
    match status {
        401 => headers.push("WWW-Authenticate"),
        429 => headers.extend(["Retry-After", "RateLimit", "RateLimit-Policy"]),
        _ if codes.iter().any(|code| code.retryable()) => headers.push("Retry-After"),
        _ => {}
    }
    json!({
        "description": format!("One of these; an operation's `x-codes` says which.\n\n{}", told.join("\n")),
        "headers": header_references(&headers),
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "example": Problem::new(codes[0]).body(Lang::En, "6f1c2b9a0d3e4f58"),
        } },
    })
}

/// The schema of a refusal's body.
pub fn schema() -> Value {
    json!({
        "type": "object",
        "description": "A refusal (RFC 9457).",
        "required": ["type", "title", "status", "detail", "instance", "code", "retryable", "params", "errors"],
        "properties": {
            "type": {
                "type": "string", "format": "uri", "maxLength": 100,
                "description": "The code as a URI, for programs that look there.",
            },
            "title": { "type": "string", "description": "What happened." },
            "detail": { "type": "string", "description": "What happened, and what to do." },
            "status": { "type": "integer", "format": "int32", "minimum": 400, "maximum": 599 },
            "instance": { "type": "string", "description": "The id of the request, as in the log." },
            "code": { "type": "string", "enum": Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>() },
            "retryable": { "type": "boolean", "description": "Whether the same request may succeed later." },
            "params": {
                "type": "object", "additionalProperties": true,
                "description": "What the text is about, for programs.",
            },
            "errors": { "type": "array", "description": "What is wrong, place by place.", "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": { "type": "string", "description": "A JSON pointer into the body, or to a parameter." },
                    "code": { "type": "string", "description": "A stable word for the fault." },
                    "detail": { "type": "string", "description": "What is wrong, in the reader's language." },
                },
            } },
        },
    })
}
