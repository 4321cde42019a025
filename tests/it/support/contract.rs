//! The committed contract as the tests use it: every answer that any test gets has to be declared in it.

use std::sync::LazyLock;

use actix_web::http::Method;
use leling::{problem::Code, routes};
use serde_json::Value;

/// The document that the routes make.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| routes::api().document());

/// An operation of the document.
#[derive(Clone, Copy)]
pub struct Declared {
    pub method: &'static str,
    pub path: &'static str,
    pub operation: &'static Value,
}

impl Declared {
    pub fn id(&self) -> &'static str {
        self.operation["operationId"].as_str().unwrap()
    }

    /// The codes that are declared for a status of refusal.
    pub fn codes(&self, status: u16) -> Vec<&'static str> {
        let declared = self.operation["x-codes"].as_array().unwrap();
        let of_status =
            |code: &&str| Code::ALL.iter().any(|one| one.as_str() == *code && one.status() == status);
        declared.iter().filter_map(Value::as_str).filter(of_status).collect()
    }
}

/// Every operation, in the document's order.
pub fn operations() -> impl Iterator<Item = Declared> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(|(method, operation)| Declared { method, path, operation })
    })
}

/// The operation that answers this method and path; names go before parameters.
fn operation(method: &Method, path: &str) -> Option<Declared> {
    let method = method.as_str().to_ascii_lowercase();
    operations()
        .filter(|declared| declared.method == method && fits(declared.path, path))
        .min_by_key(|declared| declared.path.matches('{').count())
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
}

/// Panics when an answer is not declared for the operation that gave it.
pub fn check(method: &Method, path: &str, status: u16, body: &Value) {
    let Some(declared) = operation(method, path) else { return };
    let declared_status = declared.operation["responses"].get(status.to_string()).is_some();
    if let Some(code) = body["code"].as_str().filter(|_| status >= 400) {
        assert!(
            declared.codes(status).contains(&code),
            "{} answers {status} {code}, which the contract does not declare for it",
            declared.id()
        );
    } else {
        assert!(declared_status, "{} answers {status}, which the contract does not declare", declared.id());
    }
}
