//! How HTTP is spoken here, once for all concepts: what comes in, what goes out, and the document that tells both.
//!
//! A handler's signature *is* its contract: the extractors and the answer in it describe themselves ([`Describe`]), and
//! `openapi.yaml` is made from them and from the one page of routes. No rule of the domain lives here.

mod answer;
mod bounds;
mod document;
mod extract;
mod files;
mod json;
pub mod latest;
pub mod memory;
mod middleware;
pub mod openapi;
mod refusals;
pub mod shape;
mod stream;
mod tag;
mod yaml;

pub use answer::{Answer, Created, Done, File, FileKind, Nothing, Told};
pub use extract::{BODY_LIMIT, Body, Each, Keyed, Query, Takes, Upload};
pub use files::{Csv, DaysQuery, Svg, Xlsx, Xml, csv_file, xlsx_file};
pub use middleware::{RequestId, guard_panics_and_name_requests, lang_of, unspoken};
pub use openapi::{Api, Describe, Operation, OperationDoc};
pub use stream::{EventStream, LastEventId, Streamed};
pub use tag::{ETag, Held, IfMatch};
