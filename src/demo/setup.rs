//! The places, and everybody in them: made by the acts that an installation is set up with.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use super::{
    broken,
    dice::Dice,
    loading::Part,
    people::{self, Invented},
    places::{PLACES, POLICIES, Place, cities},
    progress::Progress,
    written,
};
use crate::{
    access::{
        Act, Caller, GrantScope, Pass, Principal, Registered,
        links::{Decision, Relation},
        tokens::Ticket,
    },
    accounts::{
        self, NewAccount,
        passwords::{Hasher, one_time_password},
    },
    app::State,
    calendar::{self, SpecialDay, SpecialKind},
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    families,
    id::random_digits,
    ids::AccountId,
    policies,
    problem::{Code, Fail, Problem},
    residents::{self, NewCard, Resident},
    sign_in,
    start_error::StartError,
    text::{CardNumber, Line, UserName},
    words::{Area, Bilingual, Lang},
};

/// So many residents are registered in one transaction.
const AT_ONCE: usize = 150;

/// Everything that was set up.
pub struct House {
    pub admin: Member,
    pub offices: Vec<Office>,
    pub kitchens: Vec<Arc<Kitchen>>,
}

/// Who oversees the canteens of a city.
#[derive(Clone)]
pub struct Office {
    pub city: &'static str,
    pub district: Member,
    pub auditor: Member,
}

/// A canteen and its people.
pub struct Kitchen {
    pub place: &'static Place,
    pub canteen: Canteen,
    pub staff: Member,
    pub volunteers: Vec<Member>,
    /// Those with a PIN first, then those with a family member.
    pub diners: Vec<Diner>,
}

/// Somebody who signs in with a user name.
#[derive(Clone)]
pub struct Member {
    account: AccountId,
    pub user_name: String,
    pub password: String,
    /// What the history acts with.
    pub ticket: Ticket,
}

/// A resident.
#[derive(Clone)]
pub struct Diner {
    pub resident: Resident,
    pub registered: Registered,
    pub pin: Option<String>,
    /// What the history acts with, of somebody with a PIN.
    pub ticket: Option<Ticket>,
    pub family: Option<Member>,
    pub migrant: bool,
}

/// A secret and its hash.
#[derive(Clone)]
struct Secret {
    plain: String,
    hash: String,
}

/// The caller who brings this ticket, for an act at this instant.
pub fn caller(conn: &mut Conn, ticket: Ticket, act: Act, now: At) -> Result<Caller, Fail> {
    Caller::load(conn, &Pass::Ticket(ticket), act, now, Lang::Zh)
}

/// Sets everything up, as of `now`, a morning before the first meal of the history.
///
/// Fails with `demo_failed` or what the database says.
pub fn furnish(
    state: &State,
    now: At,
    today: NaiveDate,
    progress: &mut Progress,
) -> Result<House, StartError> {
    progress.begin(Part::Places, PLACES.len() as u64 + 1);
    let mut secrets = secrets(&state.hasher, account_count(), one_time_password).into_iter();
    let pins: usize = PLACES.iter().map(|place| place.pins).sum();
    let mut pins = secrets_of_digits(&state.hasher, pins).into_iter();

    let for_offices: Vec<Secret> = secrets.by_ref().take(1 + 2 * cities().len()).collect();
    let years = calendars(today)?;
    let (admin, offices) = written(state, move |conn| open_offices(conn, &for_offices, &years, today, now))?;
    progress.step();

    let mut kitchens = Vec::new();
    for (number, place) in PLACES.iter().enumerate() {
        let office =
            offices.iter().find(|office| office.city == place.city()).ok_or_else(|| broken("no office"))?;
        let own: Vec<Secret> = secrets.by_ref().take(accounts_of(place)).collect();
        let pins: Vec<Secret> = pins.by_ref().take(place.pins).collect();
        let invented = people::residents(place, number, today).map_err(broken)?;
        kitchens.push(Arc::new(open_kitchen(state, place, office, own, &pins, invented, now)?));
        progress.step();
    }
    progress.end();
    Ok(House { admin, offices, kitchens })
}

fn accounts_of(place: &Place) -> usize {
    place.volunteers + place.families + usize::from(!place.by_volunteers)
}

fn account_count() -> usize {
    1 + 2 * cities().len() + PLACES.iter().map(accounts_of).sum::<usize>()
}

fn secrets_of_digits(hasher: &Hasher, count: usize) -> Vec<Secret> {
    secrets(hasher, count, || random_digits(6))
}

/// New secrets with their hashes, made on every core.
fn secrets(hasher: &Hasher, count: usize, make: fn() -> String) -> Vec<Secret> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut secrets: Vec<Secret> =
        (0..count).map(|_| Secret { plain: make(), hash: String::new() }).collect();
    std::thread::scope(|scope| {
        for part in secrets.chunks_mut(count.div_ceil(cores).max(1)) {
            scope.spawn(move || {
                part.iter_mut().for_each(|secret| secret.hash = hasher.hash_blocking(&secret.plain))
            });
        }
    });
    secrets
}

// Offices -------------------------------------------------------------------------------------------------------------

fn open_offices(
    conn: &mut Conn,
    secrets: &[Secret],
    years: &[(i32, Vec<SpecialDay>)],
    today: NaiveDate,
    now: At,
) -> Result<(Member, Vec<Office>), Fail> {
    let new = new_account("admin", "示例管理员", &secrets[0])?;
    let id = accounts::create_first_admin(conn, new.user_name, new.display_name, new.password_hash, now)?;
    let admin = member(conn, id, "admin", &secrets[0], now)?;
    let mut offices = Vec::new();
    for (city, pair) in cities().into_iter().zip(secrets[1..].chunks(2)) {
        let area = Area::new([city]).map_err(mistake)?;
        let name = city.to_lowercase();
        let mut open = |word: &str, called: &str, scope: GrantScope, secret: &Secret| {
            hire(conn, admin.ticket, &format!("{name}.{word}"), called, scope, secret, now)
        };
        let district = open("district", "示例民政干部", GrantScope::District(area.clone()), &pair[0])?;
        let auditor = open("auditor", "示例审计员", GrantScope::Auditor(area), &pair[1])?;
        offices.push(Office { city, district, auditor });
    }
    let officer = caller(conn, admin.ticket, Act::EditCalendar, now)?.officer_everywhere()?;
    for (year, days) in years {
        calendar::import(conn, &officer, *year, days.clone(), 0)?;
    }
    for document in POLICIES {
        put_into_force(conn, &offices, document, today, now)?;
    }
    Ok((admin, offices))
}

/// Posts a policy by the officer of its city, and activates it from New Year's Day of the year that its code ends with.
fn put_into_force(
    conn: &mut Conn,
    offices: &[Office],
    document: &str,
    today: NaiveDate,
    now: At,
) -> Result<(), Fail> {
    let document: Value = serde_json::from_str(document).map_err(|error| mistake(error.to_string()))?;
    let policy = policies::check(&document)?;
    let area = policy.document().area.clone();
    let office = offices
        .iter()
        .find(|office| area.names().next() == Some(office.city))
        .ok_or_else(|| mistake(format!("no officer for {}", policy.code())))?;
    let officer = caller(conn, office.district.ticket, Act::EditPolicies, now)?.officer(&area)?;
    let year = policy.code().rsplit('-').next().and_then(|year| year.parse().ok());
    let from_on = year.and_then(|year| NaiveDate::from_yo_opt(year, 1)).unwrap_or(today);
    let posted = policies::post(conn, &officer, &policy, &document, now)?;
    policies::activate(conn, &officer, posted.id, from_on, None, now)?;
    Ok(())
}

/// A run of holidays, and the weekend days that make up for it.
#[derive(Deserialize)]
struct Holidays {
    zh: String,
    en: String,
    from: NaiveDate,
    to: NaiveDate,
    makeup: Vec<NaiveDate>,
}

/// The years whose calendar is known.
fn calendars(today: NaiveDate) -> Result<Vec<(i32, Vec<SpecialDay>)>, StartError> {
    let known: BTreeMap<i32, Vec<Holidays>> =
        serde_json::from_str(include_str!("calendar.json")).map_err(broken)?;
    let latest = chrono::Datelike::year(&today) + 1;
    Ok(known
        .into_iter()
        .filter(|(year, _)| *year <= latest)
        .map(|(year, holidays)| (year, holidays.iter().flat_map(days_of).collect()))
        .collect())
}

fn days_of(holidays: &Holidays) -> Vec<SpecialDay> {
    let day = |on, kind| SpecialDay { on, kind, name: Bilingual::new(&*holidays.zh, &*holidays.en) };
    let free = holidays.from.iter_days().take_while(|on| *on <= holidays.to);
    let worked = holidays.makeup.iter().map(|on| day(*on, SpecialKind::MakeupWorkday));
    free.map(|on| day(on, SpecialKind::Holiday)).chain(worked).collect()
}

// Canteens ------------------------------------------------------------------------------------------------------------

fn open_kitchen(
    state: &State,
    place: &'static Place,
    office: &Office,
    secrets: Vec<Secret>,
    pins: &[Secret],
    invented: Vec<Invented>,
    now: At,
) -> Result<Kitchen, StartError> {
    let (for_crew, for_families) = secrets.split_at(accounts_of(place) - place.families);
    let (for_crew, officer) = (for_crew.to_vec(), office.district.ticket);
    let (canteen, staff, volunteers) =
        written(state, move |conn| open_canteen(conn, place, officer, &for_crew, now))?;
    let newcomers: Vec<Newcomer> = invented
        .into_iter()
        .enumerate()
        .map(|(index, invented)| Newcomer {
            invented,
            card: NewCard::new(state.identity_key.bytes()),
            pin: pins.get(index).cloned(),
            family: index.checked_sub(place.pins).and_then(|nth| Some((nth, for_families.get(nth)?.clone()))),
        })
        .collect();
    let mut diners = Vec::new();
    for part in newcomers.chunks(AT_ONCE) {
        let (part, canteen, staff) = (part.to_vec(), canteen.clone(), staff.ticket);
        diners.extend(written(state, move |conn| {
            let desk = Registry { place, canteen: &canteen, staff, officer, now };
            part.iter().map(|newcomer| desk.admit(conn, newcomer)).collect::<Result<Vec<_>, Fail>>()
        })?);
    }
    Ok(Kitchen { place, canteen, staff, volunteers, diners })
}

fn open_canteen(
    conn: &mut Conn,
    place: &'static Place,
    officer: Ticket,
    secrets: &[Secret],
    now: At,
) -> Result<(Canteen, Member, Vec<Member>), Fail> {
    let details = place.details().map_err(mistake)?;
    let proof = caller(conn, officer, Act::EditCanteens, now)?.officer(&details.area)?;
    let canteen = canteens::create(conn, &proof, details, now)?;
    let mut secrets = secrets.iter();
    let mut next = || secrets.next().ok_or_else(|| mistake("no secret left"));
    let staff_scope = GrantScope::Staff(canteen.id);
    let mut hired = None;
    if !place.by_volunteers {
        let name = format!("{}.staff", place.key);
        hired = Some(hire(conn, officer, &name, "示例食堂员工", staff_scope.clone(), next()?, now)?);
    }
    let mut volunteers = Vec::new();
    for number in 1..=place.volunteers {
        let name = format!("{}.volunteer{number}", place.key);
        let scope = GrantScope::Volunteer(canteen.id);
        volunteers.push(hire(conn, officer, &name, &format!("示例志愿者{number}"), scope, next()?, now)?);
    }
    let staff = match (hired, volunteers.first()) {
        (Some(staff), _) => staff,
        (None, Some(volunteer)) => {
            let proof = granting(conn, officer, &staff_scope, now)?;
            let role = accounts::Role { scope: staff_scope, starts_at: None, ends_at: None };
            accounts::grant(conn, &proof, volunteer.account, &role, now)?;
            volunteer.clone()
        }
        (None, None) => return Err(mistake("nobody runs the canteen")),
    };
    Ok((canteen, staff, volunteers))
}

/// Somebody to be registered, with what they get.
#[derive(Clone)]
struct Newcomer {
    invented: Invented,
    card: NewCard,
    pin: Option<Secret>,
    /// Which family member of the place's, and their password.
    family: Option<(usize, Secret)>,
}

/// The desk at which residents are registered.
struct Registry<'a> {
    place: &'static Place,
    canteen: &'a Canteen,
    staff: Ticket,
    officer: Ticket,
    now: At,
}

impl Registry<'_> {
    fn admit(&self, conn: &mut Conn, newcomer: &Newcomer) -> Result<Diner, Fail> {
        let (now, site) = (self.now, self.canteen.site());
        let clerk = caller(conn, self.staff, Act::EditResidents, now)?;
        let Invented { profile, card_number, .. } = &newcomer.invented;
        let duty = clerk.on_duty(&site)?;
        let resident = residents::register(conn, &duty, profile, Some(card_number), &newcomer.card, now)?;
        let registered = Registered { id: resident.id, site };
        let mut ticket = None;
        if let Some(pin) = &newcomer.pin {
            let acting = clerk.acting_for(conn, &registered)?;
            residents::set_pin_hash(conn, &acting, &pin.hash)?;
            ticket = Some(sign_in::start(conn, Principal::Resident(resident.id), None, now)?.ticket);
        }
        for fact in &newcomer.invented.facts {
            let clerk = caller(conn, self.staff, Act::EnterFacts, now)?;
            let acting = clerk.acting_for(conn, &registered)?;
            let entered = residents::enter_fact(conn, &acting, None, fact, now)?;
            let officer = caller(conn, self.officer, Act::VerifyFacts, now)?.officer(&self.canteen.area)?;
            residents::verify_fact(conn, &officer, &entered, now)?;
        }
        let family = match &newcomer.family {
            Some((nth, secret)) => Some(self.link(conn, &resident, *nth, secret)?),
            None => None,
        };
        let pin = newcomer.pin.as_ref().map(|pin| pin.plain.clone());
        Ok(Diner { resident, registered, pin, ticket, family, migrant: newcomer.invented.migrant })
    }

    /// A family member who signs up, asks, and is approved at the desk with the resident's consent.
    fn link(
        &self,
        conn: &mut Conn,
        resident: &Resident,
        nth: usize,
        secret: &Secret,
    ) -> Result<Member, Fail> {
        let now = self.now;
        let user_name = format!("{}.family{}", self.place.key, nth + 1);
        let called = people::name(&mut Dice::new(nth as u64 + resident.card_number.len() as u64));
        let id = accounts::sign_up(conn, &new_account(&user_name, &called, secret)?, now)?.id;
        let member = member(conn, id, &user_name, secret, now)?;
        let card = CardNumber::parse(&resident.card_number).map_err(mistake)?;
        let asker = caller(conn, member.ticket, Act::AskFamilyLink, now)?;
        let relation = if nth % 3 == 2 { Relation::Neighbour } else { Relation::Child };
        let link = families::ask(conn, &asker, &card, resident.born_on, relation)?;
        let decision = Decision::Approve {
            consent: "本人到窗口当面同意".into(),
            // Not everybody wants the family to know of a hardship.
            covers_reasons: nth.is_multiple_of(2),
        };
        let clerk = caller(conn, self.staff, Act::DecideFamilyLink, now)?;
        families::decide(conn, &clerk, link.id, &decision, None)?;
        Ok(member)
    }
}

// Accounts ------------------------------------------------------------------------------------------------------------

fn granting(
    conn: &mut Conn,
    by: Ticket,
    scope: &GrantScope,
    now: At,
) -> Result<crate::access::Officer, Fail> {
    let by = caller(conn, by, Act::GrantRoles, now)?;
    accounts::office_over(conn, &by, scope)
}

/// Makes an account with a role.
fn hire(
    conn: &mut Conn,
    by: Ticket,
    user_name: &str,
    called: &str,
    scope: GrantScope,
    secret: &Secret,
    now: At,
) -> Result<Member, Fail> {
    let officer = granting(conn, by, &scope, now)?;
    let role = accounts::Role { scope, starts_at: None, ends_at: None };
    let new = new_account(user_name, called, secret)?;
    let account = accounts::create(conn, &officer, &new, &role, now)?;
    member(conn, account.id, user_name, secret, now)
}

fn member(
    conn: &mut Conn,
    account: AccountId,
    user_name: &str,
    secret: &Secret,
    now: At,
) -> Result<Member, Fail> {
    let ticket = sign_in::start(conn, Principal::Account(account), None, now)?.ticket;
    Ok(Member { account, user_name: user_name.into(), password: secret.plain.clone(), ticket })
}

fn new_account(user_name: &str, called: &str, secret: &Secret) -> Result<NewAccount, Fail> {
    Ok(NewAccount {
        user_name: UserName::parse(user_name).map_err(mistake)?,
        display_name: Line::parse(called).map_err(mistake)?,
        phone: None,
        password_hash: secret.hash.clone(),
        password_expires_at: None,
    })
}

/// What only a mistake in the demonstration's own data can bring about.
pub fn mistake(said: impl Into<String>) -> Fail {
    let said = said.into();
    tracing::error!(said, "the demonstration's data are not right");
    Problem::new(Code::Internal).into()
}
