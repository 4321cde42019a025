//! Residents over HTTP. What is sensitive has types of its own, so that a list cannot tell it by mistake (BR-83).

use actix_web::web::Path;
use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Edit, Fact, FactEdit, FactKind, KeptIdentity, NewCard, NewFact, Profile, Resident, Search, Status,
};
use crate::{
    access::{ActingFor, Allowed, Caller, Officer, Principal, Registered, RightKind, act},
    api::{Answer, Body, Created, Done, ETag, IfMatch, Keyed, Query},
    attendance,
    audit::{self, Deed, Entry, Subject, SubjectKind, http::read_on_record},
    canteens,
    clock::At,
    counters::{self, Counter},
    db::Conn,
    id::random_digits,
    ids::{AccountId, CanteenId, FactId, ResidentId},
    page::{Limit, Page, PageQuery, Window},
    problem::{Code, Fail, Problem},
    reservations, residents, sign_in,
    subsidies::{self, http::DifferenceBody},
    text::{CardNumber, Cursor, IdNumber, Line, Phone, Slug},
    words::{Area, Bilingual},
};

/// How many digits a PIN has.
const PIN_DIGITS: usize = 6;

/// The most allergens, and the most diet tags, of one resident.
const MOST_WORDS: usize = 30;

// Finding -------------------------------------------------------------------------------------------------------------

/// Whom to look for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResidentsQuery {
    /// From any character or syllable on: a name, its pinyin or its initials (`lfe` finds 李凤恩). Or the beginning of a
    /// card number, or the last four or more digits of a telephone number.
    pub q: Option<Line<60>>,
    /// Only those registered at this canteen.
    pub canteen_id: Option<CanteenId>,
    /// How many items at most; 50 where nothing is said.
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    pub cursor: Option<Cursor>,
}

/// As much of a resident as tells two of one name apart.
#[derive(Serialize, JsonSchema)]
pub struct ResidentLine {
    pub id: ResidentId,
    pub canteen_id: CanteenId,
    pub full_name: String,
    /// The year of birth.
    pub born_in: i32,
    pub card_number: String,
    /// The last four digits of the telephone number.
    pub phone_last4: Option<String>,
    pub status: Status,
}

impl From<Resident> for ResidentLine {
    fn from(resident: Resident) -> ResidentLine {
        ResidentLine {
            id: resident.id,
            canteen_id: resident.canteen_id,
            born_in: resident.born_on.year(),
            phone_last4: resident.phone.as_deref().map(last_four_digits),
            full_name: resident.full_name,
            card_number: resident.card_number,
            status: resident.status,
        }
    }
}

fn last_four_digits(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(4)..].iter().collect()
}

/// `GET /residents`
pub async fn list(
    allowed: Allowed<act::ReadResidents>,
    Query(query): Query<ResidentsQuery>,
) -> Result<Done<Page<ResidentLine>>, Problem> {
    let window = Window::new(query.limit, query.cursor.as_deref())?;
    allowed
        .read(move |conn, caller| {
            let wanted = Search {
                canteens: canteens_of(conn, caller, query.canteen_id)?,
                text: query.q.as_ref().map(|text| text.as_str().to_owned()),
                after: window.after(),
                limit: window.rows(),
            };
            let found = residents::search(conn, &wanted)?;
            Ok(Answer::new(window.page(found, |resident| resident.id).map(ResidentLine::from)))
        })
        .await
}

/// The canteens whose residents the caller may list, or the one that was named if it is among them.
///
/// Fails with `not_allowed` for those who read only their own or their family's records, and with `not_allowed_here`.
fn canteens_of(conn: &mut Conn, caller: &Caller, named: Option<CanteenId>) -> Result<Vec<CanteenId>, Fail> {
    let scopes = caller.scopes();
    if scopes.is_empty() {
        return Err(Code::NotAllowed.into());
    }
    if let Some(id) = named {
        return Ok(vec![caller.on_duty(&canteens::site(conn, id)?)?.canteen()]);
    }
    Ok(canteens::sites_in(conn, &scopes)?.into_iter().map(|site| site.id).collect())
}

// The record ----------------------------------------------------------------------------------------------------------

/// A resident to be registered.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResidentBody {
    /// The canteen that registers them; they may eat anywhere.
    pub canteen_id: CanteenId,
    pub full_name: Line<60>,
    pub born_on: NaiveDate,
    pub phone: Option<Phone>,
    /// Kept only as a keyed hash with its last four.
    pub id_number: Option<IdNumber>,
    /// Where the household is registered (户籍).
    pub registered_in: Option<Area>,
    pub lives_in: Option<Area>,
    /// Without one, a new number is made.
    pub card_number: Option<CardNumber>,
    /// What they must not eat, by the words of the menus: `peanut`, `shrimp`.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub allergens: Vec<Slug>,
    /// How they eat: `soft`, `low_salt`, `low_sugar`, `vegetarian`, `halal`.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub diet_tags: Vec<Slug>,
}

impl NewResidentBody {
    /// Fails with `bad_id_number`, or with `bad_field` for too many words.
    fn profile(&self, identity_key: &[u8; 32]) -> Result<Profile, Problem> {
        let identity = self
            .id_number
            .as_ref()
            .map(|number| KeptIdentity::of(number, self.born_on, identity_key))
            .transpose()?;
        Ok(Profile {
            full_name: self.full_name.as_str().to_owned(),
            born_on: self.born_on,
            phone: self.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            identity,
            registered_in: self.registered_in.clone(),
            lives_in: self.lives_in.clone(),
            allergens: words("/allergens", &self.allergens)?,
            diet_tags: words("/diet_tags", &self.diet_tags)?,
        })
    }
}

/// The words, none twice. Fails with `bad_field` when there are too many.
fn words(pointer: &str, slugs: &[Slug]) -> Result<Vec<String>, Problem> {
    if slugs.len() > MOST_WORDS {
        let said = Bilingual::new("最多 30 项", "at most 30 words");
        return Err(Problem::new(Code::BadField).field(pointer, "too_many", said));
    }
    let mut words: Vec<String> = Vec::new();
    for slug in slugs.iter().map(Slug::as_str) {
        if words.iter().all(|word| word != slug) {
            words.push(slug.to_owned());
        }
    }
    Ok(words)
}

/// A resident's record as it is to be.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResidentEditBody {
    /// The canteen that they are registered with from now on.
    pub canteen_id: CanteenId,
    pub full_name: Line<60>,
    pub born_on: NaiveDate,
    pub phone: Option<Phone>,
    /// Without one, the number that is known stays; with a new birth date it has to be entered again.
    pub id_number: Option<IdNumber>,
    /// Where the household is registered (户籍).
    pub registered_in: Option<Area>,
    pub lives_in: Option<Area>,
    pub card_number: CardNumber,
    /// What they must not eat, by the words of the menus: `peanut`, `shrimp`.
    #[schemars(length(max = 30))]
    pub allergens: Vec<Slug>,
    /// How they eat: `soft`, `low_salt`, `low_sugar`, `vegetarian`, `halal`.
    #[schemars(length(max = 30))]
    pub diet_tags: Vec<Slug>,
    /// `deceased` only where it stands already: a death is recorded as a fact.
    pub status: Status,
}

impl ResidentEditBody {
    fn edit(self, identity_key: &[u8; 32]) -> Result<Edit, Problem> {
        let (card_number, status) = (self.card_number.as_str().to_owned(), self.status);
        let profile = NewResidentBody {
            canteen_id: self.canteen_id,
            full_name: self.full_name,
            born_on: self.born_on,
            phone: self.phone,
            id_number: self.id_number,
            registered_in: self.registered_in,
            lives_in: self.lives_in,
            card_number: Some(self.card_number),
            allergens: self.allergens,
            diet_tags: self.diet_tags,
        }
        .profile(identity_key)?;
        Ok(Edit { profile, card_number, status })
    }
}

/// A resident.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct ResidentBody {
    pub id: ResidentId,
    /// The canteen that registered them.
    pub canteen_id: CanteenId,
    pub full_name: String,
    pub born_on: NaiveDate,
    pub phone: Option<String>,
    /// The last four of the identity number, for staff and officers.
    pub id_number_last4: Option<String>,
    /// Where the household is registered (户籍).
    pub registered_in: Option<Area>,
    pub lives_in: Option<Area>,
    pub card_number: String,
    pub allergens: Vec<String>,
    pub diet_tags: Vec<String>,
    pub status: Status,
    /// Counts every edit.
    pub version: i32,
}

impl ResidentBody {
    fn told_to(kind: RightKind, resident: Resident) -> ResidentBody {
        let last4 = match kind {
            RightKind::Staff | RightKind::Officer => resident.id_number_last4,
            RightKind::OneSelf | RightKind::Family | RightKind::Volunteer => None,
        };
        ResidentBody {
            id: resident.id,
            canteen_id: resident.canteen_id,
            full_name: resident.full_name,
            born_on: resident.born_on,
            phone: resident.phone,
            id_number_last4: last4,
            registered_in: resident.registered_in,
            lives_in: resident.lives_in,
            card_number: resident.card_number,
            allergens: resident.allergens.0,
            diet_tags: resident.diet_tags.0,
            status: resident.status,
            version: resident.version,
        }
    }
}

fn versioned<const STATUS: u16>(kind: RightKind, resident: Resident) -> Answer<STATUS, ResidentBody> {
    // Whoever may see more of the record has another answer.
    let tag = ETag::of_version_and(resident.version, kind);
    Answer::new(ResidentBody::told_to(kind, resident)).tagged(tag)
}

/// `POST /residents`
pub async fn register(
    allowed: Allowed<act::EditResidents>,
    request: Keyed<NewResidentBody>,
) -> Result<Created<ResidentBody>, Problem> {
    let key = allowed.state().identity_key.clone();
    allowed
        .once(request, move |conn, caller, body| {
            let duty = caller.on_duty(&canteens::site(conn, body.canteen_id)?)?;
            let profile = body.profile(key.bytes())?;
            let card_number = body.card_number.as_ref().map(CardNumber::as_str);
            let card = NewCard::new(key.bytes());
            let resident = residents::register(conn, &duty, &profile, card_number, &card, caller.now)?;
            Ok(versioned(duty.right().kind, resident))
        })
        .await
}

/// `GET /residents/{id}`
pub async fn read(
    allowed: Allowed<act::ReadResidents>,
    id: Path<ResidentId>,
) -> Result<Done<ResidentBody>, Problem> {
    let id = *id;
    read_on_record(&allowed, move |conn, caller| {
        let registered = residents::registered(conn, id)?;
        let acting = caller.acting_for(conn, &registered)?;
        let answer = versioned(acting.right().kind, residents::read(conn, &acting)?);
        Ok((answer, sensitive(&acting, &registered, Deed::RecordRead)))
    })
    .await
}

/// The entry that somebody on duty leaves who reads of a resident (BR-83).
pub(super) fn sensitive(acting: &ActingFor, registered: &Registered, deed: Deed) -> Option<Entry> {
    residents::leaves_entry(acting).then(|| about(deed, registered))
}

/// An entry about a resident, where they are registered.
pub(super) fn about(deed: Deed, registered: &Registered) -> Entry {
    Entry::of(deed, Subject::of(SubjectKind::Resident, registered.id)).at(&registered.site)
}

/// `PUT /residents/{id}`
pub async fn edit(
    allowed: Allowed<act::EditResidents>,
    id: Path<ResidentId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<ResidentEditBody>,
) -> Result<Done<ResidentBody>, Problem> {
    let key = allowed.state().identity_key.clone();
    allowed
        .write(move |conn, caller| {
            let (kind, resident) = edit_resident(conn, caller, key.bytes(), *id, seen, &body)?;
            Ok(versioned(kind, resident))
        })
        .await
}

/// Edits a resident who was read at version `seen`; gives by which right, and the record as it is now.
pub(crate) fn edit_resident(
    conn: &mut Conn,
    caller: &Caller,
    identity_key: &[u8; 32],
    id: ResidentId,
    seen: i32,
    body: &ResidentEditBody,
) -> Result<(RightKind, Resident), Fail> {
    let acting = acting_for(conn, caller, id)?;
    let duty = caller.on_duty(&canteens::site(conn, body.canteen_id)?)?;
    let edit = body.clone().edit(identity_key)?;
    let before = residents::find(conn, id)?;
    let resident = residents::edit(conn, &acting, &duty, seen, &edit, caller.now)?;
    count_what_shows(conn, &before, &resident)?;
    Ok((acting.right().kind, resident))
}

/// Counts the change where others see of it: at the doors where the resident is expected, and in headcounts by name.
fn count_what_shows(conn: &mut Conn, before: &Resident, after: &Resident) -> Result<(), Fail> {
    let shown = |resident: &Resident| {
        (resident.full_name.clone(), resident.allergens.0.clone(), resident.diet_tags.0.clone())
    };
    if shown(before) != shown(after) {
        attendance::resident_changed(conn, after.id)?;
    }
    if before.full_name != after.full_name {
        counters::count(conn, Counter::Names)?;
    }
    Ok(())
}

fn acting_for(conn: &mut Conn, caller: &Caller, id: ResidentId) -> Result<ActingFor, Fail> {
    let registered = residents::registered(conn, id)?;
    caller.acting_for(conn, &registered)
}

/// A new PIN, told once.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct PinBody {
    /// Null when the request is repeated: a PIN is not kept. Issue another one then.
    pub pin: Option<String>,
}

/// `POST /residents/{id}/pin`
pub async fn issue_pin(
    allowed: Allowed<act::EditResidents>,
    id: Path<ResidentId>,
    request: Keyed<()>,
) -> Result<Created<PinBody>, Problem> {
    // Nobody without the right makes us hash, and nothing slow is done inside a write.
    let id = *id;
    allowed.read(move |conn, caller| acting_for(conn, caller, id)).await?;
    let pin = random_digits(PIN_DIGITS);
    let hash = allowed.state().hasher.hash(&pin).await?;
    let issue = move |conn: &mut Conn, caller: &Caller, (): &()| {
        let registered = residents::registered(conn, id)?;
        let acting = caller.acting_for(conn, &registered)?;
        residents::set_pin_hash(conn, &acting, &hash)?;
        audit::record(conn, caller, about(Deed::PinIssued, &registered))?;
        // Whoever knew the old PIN may be signed in with it.
        sign_in::end_all(conn, Principal::Resident(id), caller.now)?;
        Ok(Answer::new(PinBody { pin: Some(pin.clone()) }))
    };
    allowed.once_keeping(request, issue, Some(|_| PinBody { pin: None })).await
}

// Facts ---------------------------------------------------------------------------------------------------------------

/// Something to be recorded of a resident.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFactBody {
    /// The code of a kind of fact.
    pub kind: Slug,
    /// Such as the grade of a disability.
    pub value: Option<Line<60>>,
    /// Who says so: an office, a register.
    pub source: Line<120>,
    /// Where the proof is: the number of a certificate, a file.
    pub evidence: Line<300>,
    pub from_on: NaiveDate,
    /// The last day on which it holds; without one, until it is ended.
    pub to_on: Option<NaiveDate>,
}

impl NewFactBody {
    fn fact(&self) -> NewFact {
        NewFact {
            kind: self.kind.as_str().to_owned(),
            value: self.value.as_ref().map(|value| value.as_str().to_owned()),
            source: self.source.as_str().to_owned(),
            evidence: self.evidence.as_str().to_owned(),
            from_on: self.from_on,
            to_on: self.to_on,
        }
    }
}

/// What is corrected of a fact.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactEditBody {
    /// The last day on which it holds; null where none is known.
    pub to_on: Option<NaiveDate>,
    pub evidence: Line<300>,
}

/// Something true of a resident.
#[derive(Serialize, JsonSchema)]
pub struct FactBody {
    pub id: FactId,
    pub resident_id: ResidentId,
    pub kind: String,
    pub value: Option<String>,
    pub source: String,
    pub evidence: String,
    pub from_on: NaiveDate,
    /// The last day on which it holds.
    pub to_on: Option<NaiveDate>,
    pub entered_at: At,
    /// Null while it grants nothing.
    pub verified_at: Option<At>,
    /// The officer who verified it.
    pub verified_by: Option<AccountId>,
    /// Counts every edit.
    pub version: i32,
}

impl From<Fact> for FactBody {
    fn from(fact: Fact) -> FactBody {
        FactBody {
            id: fact.id,
            resident_id: fact.resident_id,
            kind: fact.kind,
            value: fact.value,
            source: fact.source,
            evidence: fact.evidence,
            from_on: fact.from_on,
            to_on: fact.to_on,
            entered_at: fact.entered_at,
            verified_at: fact.verified_at,
            verified_by: fact.verified_by,
            version: fact.version,
        }
    }
}

/// A fact after it was entered, verified or corrected.
#[derive(Serialize, JsonSchema)]
pub struct RecordedFact {
    #[serde(flatten)]
    pub fact: FactBody,
    /// For officers: posted meals whose price would be another by what is known now; nothing that was posted is
    /// altered. Whoever is no officer hears no amounts (BR-45).
    pub differences: Vec<DifferenceBody>,
}

fn recorded<const STATUS: u16>(
    conn: &mut Conn,
    fact: Fact,
    officer: Option<&Officer>,
) -> Result<Answer<STATUS, RecordedFact>, Fail> {
    let version = fact.version;
    let resident = residents::find(conn, fact.resident_id)?;
    let differences = match officer {
        Some(_) => subsidies::differences_for_resident(conn, &resident, fact.from_on)?,
        None => Vec::new(),
    };
    let differences = differences.into_iter().map(DifferenceBody::from).collect();
    Ok(Answer::new(RecordedFact { fact: fact.into(), differences }).version(version))
}

/// `GET /residents/{id}/facts`
pub async fn facts(
    allowed: Allowed<act::ReadFacts>,
    id: Path<ResidentId>,
    Query(query): Query<PageQuery>,
) -> Result<Done<Page<FactBody>>, Problem> {
    let window: Window<crate::ids::Fact> = query.window()?;
    let id = *id;
    read_on_record(&allowed, move |conn, caller| {
        let registered = residents::registered(conn, id)?;
        let acting = caller.acting_for(conn, &registered)?;
        let found = residents::facts_of(conn, &acting, window.after(), window.rows())?;
        let answer = Answer::new(window.page(found, |fact| fact.id).map(FactBody::from));
        Ok((answer, sensitive(&acting, &registered, Deed::FactsRead)))
    })
    .await
}

/// `POST /residents/{id}/facts`
pub async fn enter_fact(
    allowed: Allowed<act::EnterFacts>,
    id: Path<ResidentId>,
    request: Keyed<NewFactBody>,
) -> Result<Created<RecordedFact>, Problem> {
    allowed
        .once(request, move |conn, caller, body| {
            let registered = residents::registered(conn, *id)?;
            let acting = caller.acting_for(conn, &registered)?;
            let officer = caller.officer(&registered.site.area).ok();
            let fact = residents::enter_fact(conn, &acting, officer.as_ref(), &body.fact(), caller.now)?;
            record_fact(conn, caller, Deed::FactEntered, &fact)?;
            end_what_a_death_ends(conn, caller, &fact)?;
            recorded(conn, fact, officer.as_ref())
        })
        .await
}

/// `POST /facts/{id}/verify`
pub async fn verify_fact(
    allowed: Allowed<act::VerifyFacts>,
    id: Path<FactId>,
    request: Keyed<()>,
) -> Result<Done<RecordedFact>, Problem> {
    allowed
        .once(request, move |conn, caller, ()| {
            let (fact, officer) = fact_in_office(conn, caller, *id)?;
            let fact = residents::verify_fact(conn, &officer, &fact, caller.now)?;
            record_fact(conn, caller, Deed::FactVerified, &fact)?;
            end_what_a_death_ends(conn, caller, &fact)?;
            recorded(conn, fact, Some(&officer))
        })
        .await
}

/// Writes down which fact it was, and not what it says.
fn record_fact(conn: &mut Conn, caller: &Caller, deed: Deed, fact: &Fact) -> Result<(), Fail> {
    let registered = residents::registered(conn, fact.resident_id)?;
    audit::record(conn, caller, about(deed, &registered).saying("fact_id", fact.id.to_string()))
}

/// With a verified death the meals from that day on are cancelled, the card is worth nothing, and nobody is signed in
/// with it (BR-28).
fn end_what_a_death_ends(conn: &mut Conn, caller: &Caller, fact: &Fact) -> Result<(), Fail> {
    if fact.records_death() {
        let resident = residents::find(conn, fact.resident_id)?;
        reservations::cancel_for_death(conn, &resident, fact.from_on, caller.actor(), caller.now)?;
        residents::end_card(conn, resident.id, caller.now)?;
        attendance::resident_changed(conn, resident.id)?;
        sign_in::end_all(conn, Principal::Resident(resident.id), caller.now)?;
    }
    Ok(())
}

/// `PUT /facts/{id}`
pub async fn edit_fact(
    allowed: Allowed<act::VerifyFacts>,
    id: Path<FactId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<FactEditBody>,
) -> Result<Done<RecordedFact>, Problem> {
    allowed
        .write(move |conn, caller| {
            let (fact, officer) = correct_fact(conn, caller, *id, seen, &body)?;
            recorded(conn, fact, Some(&officer))
        })
        .await
}

/// Corrects or ends a fact that was read at version `seen`; gives it as it is now, and the proof of office.
pub(crate) fn correct_fact(
    conn: &mut Conn,
    caller: &Caller,
    id: FactId,
    seen: i32,
    body: &FactEditBody,
) -> Result<(Fact, Officer), Fail> {
    let (fact, officer) = fact_in_office(conn, caller, id)?;
    let edit = FactEdit { to_on: body.to_on, evidence: body.evidence.as_str().to_owned() };
    let fact = residents::edit_fact(conn, &officer, &fact, seen, &edit)?;
    record_fact(conn, caller, Deed::FactEdited, &fact)?;
    Ok((fact, officer))
}

/// A fact, and the proof of office over where its resident is registered.
///
/// Fails with `fact_not_found` also when the caller's office does not reach there.
fn fact_in_office(conn: &mut Conn, caller: &Caller, id: FactId) -> Result<(Fact, Officer), Fail> {
    let fact = residents::fact(conn, id)?;
    let site = residents::registered(conn, fact.resident_id)?.site;
    let officer = caller.officer(&site.area).map_err(|_| Code::FactNotFound)?;
    Ok((fact, officer))
}

/// A kind of fact to be added.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFactKindBody {
    pub code: Slug,
    /// What people read in Chinese.
    pub zh: Line<60>,
    /// What people read in English.
    pub en: Line<60>,
    /// Whether nothing is subsidised while it holds.
    pub suspends: bool,
}

impl NewFactKindBody {
    fn kind(&self) -> FactKind {
        FactKind {
            code: self.code.as_str().to_owned(),
            zh: self.zh.as_str().to_owned(),
            en: self.en.as_str().to_owned(),
            suspends: self.suspends,
        }
    }
}

/// A kind of fact.
#[derive(Serialize, JsonSchema)]
pub struct FactKindBody {
    pub code: String,
    /// What people read in Chinese.
    pub zh: String,
    /// What people read in English.
    pub en: String,
    /// Whether nothing is subsidised while it holds.
    pub suspends: bool,
}

impl From<FactKind> for FactKindBody {
    fn from(kind: FactKind) -> FactKindBody {
        let FactKind { code, zh, en, suspends } = kind;
        FactKindBody { code, zh, en, suspends }
    }
}

/// `GET /fact-kinds`
pub async fn fact_kinds(allowed: Allowed<act::ReadFacts>) -> Result<Done<Page<FactKindBody>>, Problem> {
    allowed
        .read(|conn, _| {
            let items = residents::kinds(conn)?.into_iter().map(FactKindBody::from).collect();
            Ok(Answer::new(Page { items, next: None }))
        })
        .await
}

/// `POST /fact-kinds`
pub async fn add_fact_kind(
    allowed: Allowed<act::VerifyFacts>,
    request: Keyed<NewFactKindBody>,
) -> Result<Created<FactKindBody>, Problem> {
    allowed
        .once(request, |conn, _, body| {
            let kind = body.kind();
            residents::new_kind(conn, &kind)?;
            Ok(Answer::new(kind.into()))
        })
        .await
}
