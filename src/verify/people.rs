//! People, places and what hangs on them: spellings, and the instants that ids begin with.

use super::{
    Audit, Place,
    store::{self, LinkRow, ResidentRow},
};
use crate::{access::links::LinkStatus, clock::At, db::Conn, problem::Fail, residents};

/// Goes through accounts, audit entries, canteens, closures, facts, family links and sessions.
pub(super) fn verify(conn: &mut Conn, audit: &mut Audit<'_>) -> Result<(), Fail> {
    /// Compares the instant on every row of a table with the one in its id.
    macro_rules! made_at {
        ($($rows:ident: $table:literal $column:literal;)+) => { $(
            let mut after = None;
            loop {
                let batch = store::$rows(conn, after)?;
                let Some((last, _)) = batch.last() else { break };
                after = Some(*last);
                batch.iter().for_each(|(id, at): &(_, At)| audit.made_at($table, $column, *id, *at));
            }
        )+ };
    }
    made_at! {
        accounts_after: "accounts" "created_at";
        audit_entries_after: "audit_entries" "recorded_at";
        canteens_after: "canteens" "created_at";
        closures_after: "closures" "created_at";
        facts_after: "facts" "entered_at";
        sessions_after: "sessions" "started_at";
    }
    let mut after = None;
    loop {
        let batch = store::links_after(conn, after)?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some(last.id);
        batch.iter().for_each(|link| standing(audit, link));
    }
}

/// A resident is found by keys that follow from name, card and telephone; an identity number is kept as a hash and four
/// digits, or not at all.
pub(super) fn record(audit: &mut Audit<'_>, resident: &ResidentRow, keys: &[String]) {
    audit.made_at("residents", "created_at", resident.id, resident.created_at);
    let expected =
        residents::search_keys(&resident.full_name, &resident.card_number, resident.phone.as_deref());
    let found_by =
        Place { fact: "search keys", table: "residents", row: &resident.id, column: "resident_keys" };
    audit.same(found_by, &keys, &expected.as_slice());
    let place = |fact, column| Place { fact, table: "residents", row: &resident.id, column };
    let (hash, digits) = (&resident.id_number_hash, &resident.id_number_last4);
    audit.same(place("identity number", "id_number_last4"), &digits.is_some(), &hash.is_some());
}

/// How far a family link has come stands in its status and in the instants beside it.
fn standing(audit: &mut Audit<'_>, link: &LinkRow) {
    audit.made_at("family_links", "asked_at", link.id, link.asked_at);
    let place = |column| Place { fact: "family link", table: "family_links", row: &link.id, column };
    let status = LinkStatus::from_word(&link.status);
    audit.holds(place("status"), status.is_some(), &link.status, "a state of family links");
    let Some(status) = status else { return };
    let decided = match status {
        LinkStatus::Asked => false,
        LinkStatus::Active | LinkStatus::Refused => true,
        // What was only asked for can be taken back.
        LinkStatus::Ended => link.consent.is_some(),
    };
    audit.same(place("decided_at"), &link.decided_at.is_some(), &decided);
    audit.same(place("actor_kind"), &link.actor_kind.is_some(), &decided);
    audit.same(place("ended_at"), &link.ended_at.is_some(), &(status == LinkStatus::Ended));
    let consented = matches!(status, LinkStatus::Active) || (status == LinkStatus::Ended && decided);
    audit.same(place("consent"), &link.consent.is_some(), &consented);
}
