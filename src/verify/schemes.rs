//! Versions of policies: code and area stand in the document too, and versions are counted without a gap.

use serde_json::Value;

use super::{Audit, Place, store};
use crate::{db::Conn, policies, problem::Fail};

/// Goes through every version of every policy.
pub(super) fn verify(conn: &mut Conn, audit: &mut Audit<'_>) -> Result<(), Fail> {
    let rows = store::policies(conn)?;
    let mut number = 0;
    let mut code = "";
    for row in &rows {
        number = if row.code == code { number + 1 } else { 1 };
        code = &row.code;
        audit.made_at("policies", "created_at", row.id, row.created_at);
        let place = |column| Place { fact: "version of a policy", table: "policies", row: &row.id, column };
        audit.same(place("version"), &row.version, &number);
        audit.same(place("activated_at"), &row.activated_at.is_some(), &(row.status == "active"));
        let Some(document) = audit.read::<Value>(place("document"), &row.document) else { continue };
        let parsed = policies::check(&document).ok();
        audit.holds(place("document"), parsed.is_some(), &"", "a policy without faults");
        if let Some(policy) = parsed {
            audit.same(place("code"), &row.code.as_str(), &policy.code());
            audit.same(place("area"), &row.area, &policy.document().area.to_string());
        }
    }
    Ok(())
}
