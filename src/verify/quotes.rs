//! Quotes, person by person: each is computed again from the arguments that it relied on, and its draws from it.

use std::collections::HashMap;

use serde_json::json;

use super::{
    Audit, Place,
    store::{self, DrawRow, MealOf, QuoteRow, UseRow},
    windows,
};
use crate::{
    db::Conn,
    ids::{QuoteId, ResidentId},
    money::Fen,
    pricing::{Arguments, Quote},
    problem::Fail,
    subsidies::{self, KeptQuote, Stage},
    words::{MealClass, Period},
};

/// A quote as far as it can be read.
pub(super) struct Read {
    pub row: QuoteRow,
    pub arguments: Option<Arguments>,
    pub result: Option<Quote>,
}

/// Goes through the quotes of every resident, and through what they use of limits.
pub(super) fn verify(conn: &mut Conn, audit: &mut Audit<'_>) -> Result<(), Fail> {
    let mut after = None;
    loop {
        let batch = store::residents_after(conn, after)?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some(last.id);
        for resident in &batch {
            audit.checked.residents += 1;
            super::people::spelling(audit, resident);
            let quotes = of_resident(conn, audit, resident.id)?;
            windows::verify(conn, audit, resident.id, &quotes)?;
        }
    }
}

fn of_resident(conn: &mut Conn, audit: &mut Audit<'_>, resident: ResidentId) -> Result<Vec<Read>, Fail> {
    let rows = store::quotes_of_resident(conn, resident)?;
    let (mut draws, mut uses): (HashMap<QuoteId, Vec<DrawRow>>, HashMap<QuoteId, Vec<UseRow>>) =
        Default::default();
    if !rows.is_empty() {
        for draw in store::draws_of_resident(conn, resident)? {
            draws.entry(draw.quote_id).or_default().push(draw);
        }
        for used in store::uses_of_resident(conn, resident)? {
            uses.entry(used.0).or_default().push(used);
        }
    }
    let mut quotes = Vec::new();
    for (row, meal) in rows {
        audit.checked.quotes += 1;
        audit.made_at("quotes", "created_at", row.id, row.created_at);
        let place = |column| Place { fact: "quote", table: "quotes", row: &row.id, column };
        let arguments: Option<Arguments> = audit.read(place("arguments"), &row.arguments);
        let result: Option<Quote> = audit.read(place("result"), &row.result);
        same_meal(audit, &row, &meal, arguments.as_ref());
        if let (Some(arguments), Some(result)) = (&arguments, &result) {
            amounts(audit, &row, arguments, result);
            recomputed(conn, audit, &row, arguments, result)?;
            drawn(audit, &row, result, &draws.remove(&row.id).unwrap_or_default());
            used(audit, &row, result, &uses.remove(&row.id).unwrap_or_default());
        }
        quotes.push(Read { row, arguments, result });
    }
    Ok(quotes)
}

/// Canteen, day and period stand on the quote, on its menu and in its arguments.
fn same_meal(audit: &mut Audit<'_>, row: &QuoteRow, meal: &MealOf, arguments: Option<&Arguments>) {
    let place = |column| Place { fact: "meal of a quote", table: "quotes", row: &row.id, column };
    let (canteen, served_on, period) = meal;
    let by = ("menus", &row.menu_id as &dyn std::fmt::Display);
    audit.same_as(place("canteen_id"), &row.canteen_id, canteen, by);
    audit.same_as(place("served_on"), &row.served_on, served_on, by);
    audit.same_as(place("period"), &row.period, period, by);
    if let Some(arguments) = arguments {
        audit.same(place("served_on"), &row.served_on, &arguments.served_on);
        audit.same(place("period"), &row.period.as_str(), &arguments.order.period.as_str());
        audit.same(place("class"), &row.class.as_str(), &arguments.order.class.as_str());
    }
}

/// Charge and resident's part stand beside the result that holds them, and the parts add up (BR-40).
fn amounts(audit: &mut Audit<'_>, row: &QuoteRow, arguments: &Arguments, result: &Quote) {
    let place = |column| Place { fact: "amounts", table: "quotes", row: &row.id, column };
    audit.same(place("charge_fen"), &row.charge_fen, &result.charge_fen);
    audit.same(place("resident_fen"), &row.resident_fen, &result.resident_fen);
    audit.same(place("charge_fen"), &row.charge_fen, &arguments.order.charge());
    let parts: Fen = result.lines.iter().map(|line| line.fen).sum();
    audit.same(place("result"), &(parts + result.resident_fen), &result.charge_fen);
}

/// The result is what the same arguments and the same versions of the policies give today.
fn recomputed(
    conn: &mut Conn,
    audit: &mut Audit<'_>,
    row: &QuoteRow,
    arguments: &Arguments,
    result: &Quote,
) -> Result<(), Fail> {
    let place = Place { fact: "quote", table: "quotes", row: &row.id, column: "result" };
    let words =
        (Period::from_word(&row.period), MealClass::from_word(&row.class), Stage::from_word(&row.status));
    let (Some(period), Some(class), Some(stage)) = words else { return Ok(()) };
    let kept = KeptQuote {
        id: row.id,
        resident_id: row.resident_id,
        menu_id: row.menu_id,
        canteen_id: row.canteen_id,
        served_on: row.served_on,
        period,
        class,
        stage,
        arguments: arguments.clone(),
        quote: result.clone(),
    };
    match subsidies::recompute(conn, &kept) {
        Ok(again) => audit.same(place, result, &again),
        // A policy that cannot be read any more is told of with the policy, too.
        Err(Fail::Refused(problem)) => {
            audit.holds(place, false, &problem.code.as_str(), "policies that can be read")
        }
        Err(fail) => return Err(fail),
    }
    Ok(())
}

/// The draws of a quote are the parts of its payers, in its order: those of the charge, then those to the canteen.
fn drawn(audit: &mut Audit<'_>, row: &QuoteRow, result: &Quote, recorded: &[DrawRow]) {
    let lines = result.lines.iter().map(|line| DrawRow {
        quote_id: row.id,
        position: 0,
        policy_code: line.policy.clone(),
        policy_version: line.version,
        layer: line.layer.clone(),
        tier: line.tier.clone().unwrap_or_default(),
        payer: line.payer.clone(),
        to_canteen: false,
        fen: line.fen,
    });
    let gifts = result.to_canteen.iter().map(|gift| DrawRow {
        quote_id: row.id,
        position: 0,
        policy_code: gift.policy.clone(),
        policy_version: gift.version,
        layer: gift.code.clone(),
        tier: gift.code.clone(),
        payer: gift.payer.clone(),
        to_canteen: true,
        fen: gift.fen,
    });
    let drawn = lines.chain(gifts).filter(|draw| !draw.fen.is_zero());
    let expected: Vec<DrawRow> =
        (0..).zip(drawn).map(|(position, draw)| DrawRow { position, ..draw }).collect();
    for number in 0..expected.len().max(recorded.len()) {
        let (recorded, expected) = (recorded.get(number), expected.get(number));
        let position = recorded.or(expected).map_or(0, |draw| draw.position);
        let key = format!("{} {position}", row.id);
        audit.same(Place { fact: "draw", table: "draws", row: &key, column: "*" }, &recorded, &expected);
    }
}

/// What a quote uses of limits is what its claims say.
fn used(audit: &mut Audit<'_>, row: &QuoteRow, result: &Quote, recorded: &[UseRow]) {
    let mut claims: Vec<(&str, &str, i64, Fen)> = result
        .claims
        .iter()
        .map(|claim| (claim.limit.0.as_str(), claim.window_key.as_str(), claim.count, claim.fen))
        .collect();
    for (_, limit, window, uses, fen) in recorded {
        let key = format!("{} {limit} {window}", row.id);
        let place = |column| Place { fact: "use of a limit", table: "window_uses", row: &key, column };
        let claim = claims.iter().position(|claim| (claim.0, claim.1) == (limit.as_str(), window.as_str()));
        match claim.map(|claim| claims.swap_remove(claim)) {
            Some((_, _, count, claimed)) => {
                audit.same(place("uses"), &i64::from(*uses), &count);
                audit.same(place("fen"), fen, &claimed);
            }
            None => audit.same(place("*"), &Some(json!({ "uses": uses, "fen": fen })), &None),
        }
    }
    for (limit, window, count, fen) in claims {
        let key = format!("{} {limit} {window}", row.id);
        let place = Place { fact: "use of a limit", table: "window_uses", row: &key, column: "*" };
        audit.same(place, &None, &Some(json!({ "uses": count, "fen": fen })));
    }
}
