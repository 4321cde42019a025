//! What a person has used of limits: the sum of what their quotes claim that are not released (BR-31, BR-43).

use std::collections::BTreeMap;

use super::{Audit, Place, quotes::Read, store};
use crate::{db::Conn, ids::ResidentId, money::Fen, problem::Fail, subsidies, words::Period};

/// Compares what is recorded as used with the sum of the claims, and how often the order of meals was relied on with
/// the number of quotes that asked for it.
pub(super) fn verify(
    conn: &mut Conn,
    audit: &mut Audit<'_>,
    resident: ResidentId,
    quotes: &[Read],
) -> Result<(), Fail> {
    let mut used: BTreeMap<(String, String), (i64, Fen)> = BTreeMap::new();
    for quote in quotes {
        claimed(quote, &mut used);
        ordered(quote, &mut used);
    }
    for (limit, window, meals, fen) in store::windows_of_resident(conn, resident)? {
        let key = format!("{resident} {limit} {window}");
        let place = |column| Place { fact: "used of a limit", table: "usage_windows", row: &key, column };
        let (expected, expected_fen) = used.remove(&(limit, window)).unwrap_or_default();
        audit.same(place("used"), &i64::from(meals), &expected);
        audit.same(place("used_fen"), &fen, &expected_fen);
    }
    for ((limit, window), (meals, fen)) in used {
        let key = format!("{resident} {limit} {window}");
        let place = Place { fact: "used of a limit", table: "usage_windows", row: &key, column: "*" };
        audit.same(place, &None, &Some((meals, fen)));
    }
    Ok(())
}

fn claimed(quote: &Read, used: &mut BTreeMap<(String, String), (i64, Fen)>) {
    let Some(result) = quote.result.as_ref().filter(|_| quote.row.status != "released") else { return };
    for claim in &result.claims {
        let sum = used.entry((claim.limit.0.clone(), claim.window_key.clone())).or_default();
        sum.0 += claim.count;
        sum.1 += claim.fen;
    }
}

/// Every quote that asked which meal of a window it is has moved that window's order on, released or not.
fn ordered(quote: &Read, used: &mut BTreeMap<(String, String), (i64, Fen)>) {
    let Some(arguments) = &quote.arguments else { return };
    let Some(period) = Period::from_word(&quote.row.period) else { return };
    for window in arguments.usage.ordinals.keys() {
        let key = (subsidies::order_key(*window), window.key(quote.row.served_on, period));
        used.entry(key).or_default().0 += 1;
    }
}
