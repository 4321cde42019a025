//! Tags of answers (RFC 9110, 8.8.3): what they are made of, and how those that clients send back are read.
//!
//! Whoever holds an answer sends its tag in `If-None-Match`, and hears 304 when it is still right; whoever edits sends
//! the tag of what they read in `If-Match`. Both are judged by what is cheap to read, never by making the answer first.
//! A body that was compressed on its way is another one, so its tag has the name of the coding behind it.

use std::hash::Hash;

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap, HeaderName},
    web::Bytes,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    answer::{Answer, Done},
    latest::Latest,
    openapi::{Describe, OperationDoc},
};
use crate::problem::{Code, Fail, Problem};

/// The codings in which an answer may be sent.
const CODINGS: &[&str] = &["gzip", "deflate"];

/// The tag of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// The tag of an edited thing at this version.
    pub fn of_version(version: i32) -> ETag {
        ETag(format!("\"v{version}\""))
    }

    /// The tag of an edited thing whose answer also tells what no edit changes; `rest` is about that, in letters, digits
    /// and dashes.
    pub fn of_version_and(version: i32, rest: impl std::fmt::Display) -> ETag {
        ETag(format!("\"v{version}.{rest}\""))
    }

    /// The tag of an answer that follows from these parts alone, byte for byte.
    pub fn of(parts: impl Serialize) -> ETag {
        ETag(format!("\"{}\"", hash(parts)))
    }

    /// The same for an answer that besides says only when it was made.
    pub fn weakly_of(parts: impl Serialize) -> ETag {
        ETag(format!("W/\"{}\"", hash(parts)))
    }

    /// What it says, without its quotes and its strength.
    pub fn about(&self) -> &str {
        about(&self.0)
    }

    /// A tag that was kept.
    pub(super) fn kept(tag: String) -> ETag {
        ETag(tag)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag of the same answer in this coding.
    pub(super) fn coded(tag: &str, coding: &str) -> Option<String> {
        Some(format!("\"{}-{coding}\"", tag.strip_prefix('"')?.strip_suffix('"')?))
    }
}

fn hash(parts: impl Serialize) -> String {
    let text = serde_json::to_string(&parts).expect("our own types are JSON");
    hash_of(text)
}

pub(super) fn hash_of(content: impl AsRef<[u8]>) -> String {
    hex::encode(&Sha256::digest(content)[..16])
}

/// What a tag says, without marks of strength and coding: `"abc-gzip"` and `W/"abc"` are about `abc`.
fn about(tag: &str) -> &str {
    let tag = tag.trim_start_matches("W/").trim_matches('"');
    CODINGS.iter().find_map(|coding| tag.strip_suffix(coding)?.strip_suffix('-')).unwrap_or(tag)
}

/// The tags in every header of this name, in their order. Ours hold no comma.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .map(|tag| tag.trim().to_owned())
        .collect()
}

/// The answers that a client holds, from `If-None-Match`.
#[derive(Clone, Debug, Default)]
pub struct Held(Vec<String>);

impl Held {
    /// From the headers of a request.
    pub fn of(headers: &HeaderMap) -> Held {
        Held(tags(headers, &header::IF_NONE_MATCH))
    }

    /// The tag under which the client holds what `tag` stands for; compared weakly, as for reading is right.
    pub(super) fn same_as(&self, tag: &ETag) -> Option<String> {
        let held = self.0.iter().find(|held| *held == "*" || about(held) == about(tag.as_str()))?;
        Some(if held == "*" { tag.as_str().to_owned() } else { held.clone() })
    }

    /// The answer with this tag as it was made last for the same question, by somebody before or by `make` now; nothing of it for
    /// a client that holds it already.
    pub fn or_latest<Q: Eq + Hash, T: Serialize>(
        &self,
        latest: &Latest<Q, Bytes>,
        question: Q,
        tag: ETag,
        make: impl FnOnce() -> Result<T, Fail>,
    ) -> Result<Done<T>, Fail> {
        if let Some(held) = self.same_as(&tag) {
            return Ok(Answer::unchanged(ETag(held)));
        }
        let written = latest.or_make(question, &tag, || -> Result<Bytes, Fail> {
            Ok(serde_json::to_vec(&make()?).expect("our own types are JSON").into())
        })?;
        Ok(Answer::written(Bytes::clone(&written), tag))
    }

    /// The answer with this tag, made only for a client that does not hold it already.
    pub fn or_make<T>(&self, tag: ETag, make: impl FnOnce() -> Result<T, Fail>) -> Result<Done<T>, Fail> {
        match self.same_as(&tag) {
            Some(held) => Ok(Answer::unchanged(ETag(held))),
            None => Ok(Answer::new(make()?).tagged(tag)),
        }
    }
}

impl FromRequest for Held {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Held::of(request.headers())))
    }
}

impl Describe for Held {
    fn describe(_: &mut OperationDoc<'_>) {}
}

/// The version that the caller has seen, from `If-Match`.
///
/// Of several tags the newest counts: a version is never seen before it is there. `*` says that nothing was read, and a
/// weak tag is none to edit by.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub i32);

impl IfMatch {
    fn of(headers: &HeaderMap) -> Result<IfMatch, Problem> {
        let tags = tags(headers, &header::IF_MATCH);
        if tags.iter().all(|tag| tag == "*") {
            return Err(Code::IfMatchRequired.into());
        }
        // A tag that is none of ours cannot be the present version.
        tags.iter().filter_map(|tag| version_in(tag)).max().map(IfMatch).ok_or_else(|| Code::Stale.into())
    }
}

/// The version in the tag of an edited thing; what follows the dot is about the rest of the body.
fn version_in(tag: &str) -> Option<i32> {
    let tag = about(tag.strip_prefix('"').and_then(|_| tag.strip_suffix('"'))?);
    tag.strip_prefix('v')?.split('.').next()?.parse().ok()
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(IfMatch::of(request.headers()))
    }
}

impl Describe for IfMatch {
    fn describe(doc: &mut OperationDoc<'_>) {
        doc.header(
            "If-Match",
            "The ETag that you read, so that nobody's change is lost.",
            serde_json::json!({
                "type": "string", "maxLength": 60, "pattern": "^\"v[0-9]{1,9}([.-][0-9a-z.-]{1,40})?\"$", "examples": ["\"v1\""]
            }),
        );
        doc.refuses([Code::IfMatchRequired, Code::Stale]);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    fn holds(values: &[&'static str], tag: &ETag) -> bool {
        Held::of(&headers(header::IF_NONE_MATCH, values)).same_as(tag).is_some()
    }

    #[test]
    fn an_answer_is_held_under_any_of_several_tags_weak_strong_or_coded() {
        let tag = ETag::of_version_and(3, 17);
        assert!(holds(&["\"v3.17\""], &tag));
        assert!(holds(&["W/\"v3.17\""], &tag));
        assert!(holds(&["\"v3.17-gzip\""], &tag));
        assert!(holds(&["\"other\", \"v3.17\""], &tag));
        assert!(holds(&["\"other\"", "\"v3.17\""], &tag));
        assert!(holds(&["*"], &tag));
        assert!(!holds(&["\"v3.18\""], &tag));
        assert!(!holds(&[], &tag));
    }

    #[test]
    fn who_holds_a_coded_answer_hears_its_own_tag_again() {
        let held = Held::of(&headers(header::IF_NONE_MATCH, &["\"v3.17-gzip\""]));
        assert_eq!(held.same_as(&ETag::of_version_and(3, 17)).as_deref(), Some("\"v3.17-gzip\""));
        assert_eq!(ETag::coded("\"v3.17\"", "gzip").as_deref(), Some("\"v3.17-gzip\""));
        assert_eq!(ETag::coded("W/\"v3.17\"", "gzip"), None);
    }

    #[test]
    fn whoever_edits_says_which_version_they_read() {
        let seen = |values: &[&'static str]| {
            IfMatch::of(&headers(header::IF_MATCH, values)).map(|IfMatch(seen)| seen)
        };
        for tag in ["\"v3\"", "\"v3.17\"", "\"v3.17-gzip\"", "\"v3-deflate\""] {
            assert_eq!(seen(&[tag]).unwrap(), 3, "{tag}");
        }
        assert_eq!(seen(&["\"v2\", \"v3\""]).unwrap(), 3);
        assert_eq!(seen(&[]).unwrap_err().code, Code::IfMatchRequired);
        assert_eq!(seen(&["*"]).unwrap_err().code, Code::IfMatchRequired);
        assert_eq!(seen(&["W/\"v3\""]).unwrap_err().code, Code::Stale);
        assert_eq!(seen(&["\"abc\""]).unwrap_err().code, Code::Stale);
    }
}
