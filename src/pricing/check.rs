//! Whether a policy document makes sense: every fault is listed, with the place where it is.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    pricing::{document::Document, policy::Policy},
    words,
    words::Bilingual,
};

words! {
    /// What is wrong at a place in a policy document.
    pub enum FaultCode {
        /// Not the shape of a policy document: an unknown field, a missing one, a value of another kind.
        Malformed = "malformed",
    }
}

/// Something wrong in a policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DocumentFault {
    /// Where: a JSON pointer into the document.
    pub pointer: String,
    pub code: FaultCode,
    /// What is wrong and what to do.
    pub detail: Bilingual,
}

/// Reads a policy document from JSON and checks it.
pub fn parse(document: &serde_json::Value) -> Result<Policy, Vec<DocumentFault>> {
    let document: Document = serde_path_to_error::deserialize(document).map_err(|error| {
        vec![DocumentFault {
            pointer: error.path().to_string(),
            code: FaultCode::Malformed,
            detail: Bilingual::new(error.inner().to_string(), error.inner().to_string()),
        }]
    })?;
    check(document)
}

/// Checks a policy document.
pub fn check(document: Document) -> Result<Policy, Vec<DocumentFault>> {
    Ok(Policy::resolve(document))
}
