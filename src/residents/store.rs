//! The statements on `residents`, `resident_keys`, `facts` and `fact_kinds`.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::{
    dsl::{exists, select},
    prelude::*,
};

use crate::{
    access::Actor,
    clock::At,
    db::{
        Both, Conn, Json,
        schema::{fact_kinds, facts, resident_keys, residents},
    },
    each,
    id::Id,
    ids::{AccountId, CanteenId, FactId, ResidentId},
    kept, pricing,
    residents::{Edit, Fact, FactEdit, FactKind, NewFact, Newcomer, Profile, Resident, Status, names},
    words::Area,
};

// Residents -----------------------------------------------------------------------------------------------------------

#[derive(Insertable)]
#[diesel(table_name = residents, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: ResidentId,
    canteen_id: CanteenId,
    full_name: &'a str,
    born_on: NaiveDate,
    phone: Option<&'a str>,
    id_number_hash: Option<&'a str>,
    id_number_last4: Option<&'a str>,
    registered_in: Option<&'a Area>,
    lives_in: Option<&'a Area>,
    card_number: &'a str,
    allergens: Json<Vec<String>>,
    diet_tags: Json<Vec<String>>,
    status: Status,
    created_at: At,
    version: i32,
}

impl<'a> NewRow<'a> {
    fn of(canteen_id: CanteenId, new: &Newcomer<'a>, created_at: At) -> NewRow<'a> {
        let Profile { full_name, born_on, phone, identity, registered_in, lives_in, allergens, diet_tags } =
            new.profile;
        NewRow {
            id: new.id,
            canteen_id,
            full_name,
            born_on: *born_on,
            phone: phone.as_deref(),
            id_number_hash: identity.as_ref().map(|identity| identity.hash.as_str()),
            id_number_last4: identity.as_ref().map(|identity| identity.last4.as_str()),
            registered_in: registered_in.as_ref(),
            lives_in: lives_in.as_ref(),
            card_number: new.card_number,
            allergens: Json(allergens.clone()),
            diet_tags: Json(diet_tags.clone()),
            status: Status::Active,
            created_at,
            version: 1,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = resident_keys, treat_none_as_default_value = false)]
struct KeyRow {
    canteen_id: CanteenId,
    key: String,
    resident_id: ResidentId,
}

/// So many residents, and so many keys, go into one statement.
const RESIDENTS_AT_ONCE: usize = 1_000;
const KEYS_AT_ONCE: usize = 5_000;

/// Writes active residents, and by what each is found.
pub(super) fn insert_all(
    conn: &mut Conn,
    canteen: CanteenId,
    newcomers: &[Newcomer<'_>],
    now: At,
) -> QueryResult<()> {
    for part in newcomers.chunks(RESIDENTS_AT_ONCE) {
        let rows: Vec<NewRow<'_>> = part.iter().map(|new| NewRow::of(canteen, new, now)).collect();
        each!(conn, c => diesel::insert_into(residents::table).values(&rows).execute(c))?;
    }
    let keys = newcomers.iter().flat_map(|new| {
        let Profile { full_name, phone, .. } = new.profile;
        keys_of(canteen, new.id, names::keys(full_name, new.card_number, phone.as_deref()))
    });
    insert_keys(conn, keys.collect())
}
fn keys_of(
    canteen_id: CanteenId,
    resident_id: ResidentId,
    keys: Vec<String>,
) -> impl Iterator<Item = KeyRow> {
    keys.into_iter().map(move |key| KeyRow { canteen_id, key, resident_id })
}

/// In the order of the index, in which many are written fastest.
fn insert_keys(conn: &mut Conn, mut rows: Vec<KeyRow>) -> QueryResult<()> {
    rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    for part in rows.chunks(KEYS_AT_ONCE) {
        each!(conn, c => diesel::insert_into(resident_keys::table).values(part).execute(c))?;
    }
    Ok(())
}

/// Replaces by what a resident was found as they were read before.
pub(super) fn replace_keys(conn: &mut Conn, before: &Resident, after: &Resident) -> QueryResult<()> {
    let keys = |resident: &Resident| {
        names::keys(&resident.full_name, &resident.card_number, resident.phone.as_deref())
    };
    let old = resident_keys::table
        .filter(resident_keys::canteen_id.eq(before.canteen_id))
        .filter(resident_keys::resident_id.eq(before.id))
        .filter(resident_keys::key.eq_any(keys(before)));
    diesel::delete(old).execute(conn)?;
    insert_keys(conn, keys_of(after.canteen_id, after.id, keys(after)).collect())
}

/// Replaces what is recorded of a resident who was read at version `seen`; nothing when it has another version by now.
pub(super) fn update(
    conn: &mut Conn,
    before: &Resident,
    canteen: CanteenId,
    seen: i32,
    edit: &Edit,
) -> QueryResult<Option<Resident>> {
    let (id, profile) = (before.id, &edit.profile);
    let updated =
        diesel::update(residents::table.filter(residents::id.eq(id)).filter(residents::version.eq(seen)))
            .set((
                residents::canteen_id.eq(canteen),
                residents::full_name.eq(&profile.full_name),
                residents::born_on.eq(profile.born_on),
                residents::phone.eq(&profile.phone),
                residents::registered_in.eq(&profile.registered_in),
                residents::lives_in.eq(&profile.lives_in),
                residents::card_number.eq(&edit.card_number),
                residents::allergens.eq(Json(profile.allergens.clone())),
                residents::diet_tags.eq(Json(profile.diet_tags.clone())),
                residents::status.eq(edit.status),
                residents::version.eq(residents::version + 1),
            ))
            .execute(conn)?;
    if updated == 0 {
        return Ok(None);
    }
    if let Some(identity) = &profile.identity {
        diesel::update(residents::table.find(id))
            .set((
                residents::id_number_hash.eq(&identity.hash),
                residents::id_number_last4.eq(&identity.last4),
            ))
            .execute(conn)?;
    }
    let after: Resident = residents::table.find(id).select(Resident::as_select()).first(conn)?;
    replace_keys(conn, before, &after)?;
    Ok(Some(after))
}

/// Sets how a resident's record stands.
pub(super) fn set_status(conn: &mut Conn, id: ResidentId, status: Status) -> QueryResult<()> {
    diesel::update(residents::table.find(id))
        .set((residents::status.eq(status), residents::version.eq(residents::version + 1)))
        .execute(conn)
        .map(|_| ())
}

/// Keeps the hash of a PIN.
pub(super) fn set_pin_hash(conn: &mut Conn, id: ResidentId, hash: &str) -> QueryResult<()> {
    diesel::update(residents::table.find(id)).set(residents::pin_hash.eq(hash)).execute(conn).map(|_| ())
}

/// The resident with this id.
pub(super) fn find(conn: &mut Conn, id: ResidentId) -> QueryResult<Option<Resident>> {
    kept!(conn, get_result, residents::table.find(id).select(Resident::as_select())).optional()
}

/// The canteen that registered this resident.
pub(super) fn canteen_of(conn: &mut Conn, id: ResidentId) -> QueryResult<Option<CanteenId>> {
    kept!(conn, get_result, residents::table.find(id).select(residents::canteen_id)).optional()
}

/// The resident with this card, whatever the status.
pub fn by_card(conn: &mut Conn, card_number: &str) -> QueryResult<Option<Resident>> {
    kept!(
        conn,
        get_result,
        residents::table.filter(residents::card_number.eq(card_number)).select(Resident::as_select())
    )
    .optional()
}

/// The residents with these ids, by id; those that do not exist are left out.
pub fn by_ids(conn: &mut Conn, ids: &[ResidentId]) -> QueryResult<Vec<Resident>> {
    each!(conn, c => residents::table
        .filter(residents::id.eq_any(ids.iter().copied()))
        .order(residents::id)
        .select(Resident::as_select())
        .load(c))
}

/// The active resident with this card, the hash of their PIN, and the canteen that registered them.
pub(super) fn credentials(
    conn: &mut Conn,
    card_number: &str,
) -> QueryResult<Option<(ResidentId, Option<String>, CanteenId)>> {
    residents::table
        .filter(residents::card_number.eq(card_number))
        .filter(residents::status.eq(Status::Active))
        .select((residents::id, residents::pin_hash, residents::canteen_id))
        .first(conn)
        .optional()
}

/// Whether another resident than `own` has this card.
pub(super) fn is_card_taken(
    conn: &mut Conn,
    card_number: &str,
    own: Option<ResidentId>,
) -> QueryResult<bool> {
    let holder: Option<ResidentId> = residents::table
        .filter(residents::card_number.eq(card_number))
        .select(residents::id)
        .first(conn)
        .optional()?;
    Ok(holder.is_some_and(|holder| Some(holder) != own))
}

/// Whether another active resident than `own` has the identity number with this hash.
pub(super) fn has_active_twin(conn: &mut Conn, hash: &str, own: Option<ResidentId>) -> QueryResult<bool> {
    let holder: Option<ResidentId> = residents::table
        .filter(residents::id_number_hash.eq(hash))
        .filter(residents::status.eq(Status::Active))
        .select(residents::id)
        .first(conn)
        .optional()?;
    Ok(holder.is_some_and(|holder| Some(holder) != own))
}

/// The hash of a resident's identity number, when it is known.
pub(super) fn identity_hash(conn: &mut Conn, id: ResidentId) -> QueryResult<Option<String>> {
    residents::table.find(id).select(residents::id_number_hash).first(conn)
}

/// Whom to look for.
#[derive(Clone, Debug)]
pub struct Search {
    /// The canteens that registered them.
    pub canteens: Vec<CanteenId>,
    /// What somebody typed: from any character or syllable on, a name, its pinyin or its initials; the beginning of a card
    /// number; or at least four digits with which a telephone number ends.
    pub text: Option<String>,
    /// Only those after this one.
    pub after: Option<ResidentId>,
    pub limit: i64,
}

/// The residents that are looked for, by id.
pub fn search(conn: &mut Conn, wanted: &Search) -> QueryResult<Vec<Resident>> {
    let Some(text) = &wanted.text else { return listed(conn, wanted) };
    // One look for each way to understand what was typed: the first of all are among the first of each.
    let mut found = BTreeSet::new();
    for beginning in names::beginnings(text) {
        found.extend(with_keys(conn, wanted, &beginning)?);
    }
    let limit = usize::try_from(wanted.limit).unwrap_or(0);
    let first: Vec<ResidentId> = found.into_iter().take(limit).collect();
    by_ids(conn, &first)
}

fn listed(conn: &mut Conn, wanted: &Search) -> QueryResult<Vec<Resident>> {
    let mut found = residents::table
        .filter(residents::canteen_id.eq_any(wanted.canteens.iter().copied()))
        .order(residents::id)
        .limit(wanted.limit)
        .select(Resident::as_select())
        .into_boxed();
    if let Some(after) = wanted.after {
        found = found.filter(residents::id.gt(after));
    }
    found.load(conn)
}

/// The first residents with a key that begins so, by id.
fn with_keys(conn: &mut Conn, wanted: &Search, beginning: &str) -> QueryResult<Vec<ResidentId>> {
    let mut found = resident_keys::table
        .filter(resident_keys::canteen_id.eq_any(wanted.canteens.iter().copied()))
        .filter(resident_keys::key.ge(beginning.to_owned()))
        .order(resident_keys::resident_id)
        .limit(wanted.limit)
        .select(resident_keys::resident_id)
        .distinct()
        .into_boxed();
    if let Some(behind) = names::behind(beginning) {
        found = found.filter(resident_keys::key.lt(behind));
    }
    if let Some(after) = wanted.after {
        found = found.filter(resident_keys::resident_id.gt(after));
    }
    found.load(conn)
}

// Facts ---------------------------------------------------------------------------------------------------------------

/// Writes a fact that nobody has verified.
pub(super) fn insert_fact(
    conn: &mut Conn,
    resident: ResidentId,
    new: &NewFact,
    by: Actor,
    now: At,
) -> QueryResult<Fact> {
    let id: FactId = Id::new(now);
    diesel::insert_into(facts::table)
        .values((
            facts::id.eq(id),
            facts::resident_id.eq(resident),
            facts::kind.eq(&new.kind),
            facts::value.eq(&new.value),
            facts::source.eq(&new.source),
            facts::evidence.eq(&new.evidence),
            facts::from_on.eq(new.from_on),
            facts::to_on.eq(new.to_on),
            facts::entered_at.eq(now),
            facts::actor_kind.eq(by.kind()),
            facts::actor_id.eq(by.id()),
            facts::version.eq(1),
        ))
        .execute(conn)?;
    facts::table.find(id).select(Fact::as_select()).first(conn)
}

/// Verifies a fact; nothing when it is verified already.
pub(super) fn verify_fact(conn: &mut Conn, id: FactId, by: AccountId, now: At) -> QueryResult<Option<Fact>> {
    let verified = diesel::update(facts::table.filter(facts::id.eq(id)).filter(facts::verified_at.is_null()))
        .set((facts::verified_at.eq(now), facts::verified_by.eq(by), facts::version.eq(facts::version + 1)))
        .execute(conn)?;
    if verified == 0 { Ok(None) } else { fact(conn, id) }
}

/// Corrects a fact that was read at version `seen`; nothing when it has another version by now.
pub(super) fn update_fact(
    conn: &mut Conn,
    id: FactId,
    seen: i32,
    edit: &FactEdit,
) -> QueryResult<Option<Fact>> {
    let updated = diesel::update(facts::table.filter(facts::id.eq(id)).filter(facts::version.eq(seen)))
        .set((
            facts::to_on.eq(edit.to_on),
            facts::evidence.eq(&edit.evidence),
            facts::version.eq(facts::version + 1),
        ))
        .execute(conn)?;
    if updated == 0 { Ok(None) } else { fact(conn, id) }
}

/// The fact with this id.
pub(super) fn fact(conn: &mut Conn, id: FactId) -> QueryResult<Option<Fact>> {
    facts::table.find(id).select(Fact::as_select()).first(conn).optional()
}

/// At most `limit` facts of a resident after the one with the id `after`, by id.
pub(super) fn facts_of(
    conn: &mut Conn,
    resident: ResidentId,
    after: Option<FactId>,
    limit: i64,
) -> QueryResult<Vec<Fact>> {
    let mut found = facts::table
        .filter(facts::resident_id.eq(resident))
        .order(facts::id)
        .limit(limit)
        .select(Fact::as_select())
        .into_boxed();
    if let Some(after) = after {
        found = found.filter(facts::id.gt(after));
    }
    found.load(conn)
}

/// The verified facts that hold for a resident on a day, each with whether its kind suspends every subsidy, in the order
/// in which they were entered.
pub(super) fn verified_on(
    conn: &mut Conn,
    resident: ResidentId,
    on: NaiveDate,
) -> QueryResult<Vec<(pricing::Fact, bool)>> {
    let rows: Vec<(String, Option<String>, bool)> = kept!(
        conn,
        load,
        facts::table
            .inner_join(fact_kinds::table)
            .filter(facts::resident_id.eq(resident))
            .filter(facts::verified_at.is_not_null())
            .filter(facts::from_on.le(on))
            .filter(facts::to_on.is_null().or(facts::to_on.ge(on)))
            .order(facts::id)
            .select((facts::kind, facts::value, fact_kinds::suspends))
    )?;
    Ok(rows.into_iter().map(|(kind, value, suspends)| (pricing::Fact { kind, value }, suspends)).collect())
}

/// Whether a verified fact of this kind stands for a resident, without a last day.
pub(super) fn has_standing_fact(conn: &mut Conn, resident: ResidentId, kind: &str) -> QueryResult<bool> {
    let standing = facts::table
        .filter(facts::resident_id.eq(resident))
        .filter(facts::kind.eq(kind))
        .filter(facts::verified_at.is_not_null())
        .filter(facts::to_on.is_null());
    select(exists(standing)).get_result(conn)
}

/// Whether there is this kind of fact.
pub(super) fn has_kind(conn: &mut Conn, code: &str) -> QueryResult<bool> {
    select(exists(fact_kinds::table.find(code))).get_result(conn)
}

/// Writes a kind of fact; false when its code is taken.
pub(super) fn insert_kind(conn: &mut Conn, kind: &FactKind) -> QueryResult<bool> {
    let written = Both(
        diesel::insert_into(fact_kinds::table)
            .values((
                fact_kinds::code.eq(&kind.code),
                fact_kinds::zh.eq(&kind.zh),
                fact_kinds::en.eq(&kind.en),
                fact_kinds::suspends.eq(kind.suspends),
            ))
            .on_conflict_do_nothing(),
    )
    .execute(conn)?;
    Ok(written == 1)
}

/// Every kind of fact, by code.
pub(super) fn kinds(conn: &mut Conn) -> QueryResult<Vec<FactKind>> {
    fact_kinds::table.order(fact_kinds::code).select(FactKind::as_select()).load(conn)
}
