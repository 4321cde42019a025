//! The audit log: who did what that somebody may have to answer for.
//!
//! An entry is written in the transaction of the act, so there is no act without its entry and no entry without its act.
//! A read of sensitive facts is such an act: it is answered only once its entry is durable (BR-83). Nothing that was
//! written is changed or deleted. An entry says of what kind something was, not what it said: no name, no PIN, no
//! password, no card number, and of an address only the network, at sign-ins, where an unusual one is worth a question.
//!
//! Every entry belongs somewhere: an officer or auditor of an area reads those of canteens and people in it, an
//! administrator all of them.

pub mod http;
mod store;

use serde_json::{Map, Value};

use crate::{
    access::{Actor, ActorKind, Caller, Scope, Site},
    clock::At,
    db::Conn,
    id::Id,
    ids::{AnyoneId, AuditEntryId, CanteenId},
    page::Window,
    problem::Fail,
    words,
    words::Area,
};

words! {
    /// What was done.
    pub enum Deed {
        SignedIn = "signed_in",
        SignInFailed = "sign_in_failed",
        /// From this failure on, whoever tries has to wait.
        SignInSlowed = "sign_in_slowed",
        /// A secret was told wrong elsewhere than at a sign-in.
        SecretWrong = "secret_wrong",
        SignedOutEverywhere = "signed_out_everywhere",
        /// A refresh token came a second time, and ended its session.
        TokenReused = "token_reused",
        PasswordChanged = "password_changed",
        AccountMade = "account_made",
        AccountSuspended = "account_suspended",
        AccountRestored = "account_restored",
        PasswordReset = "password_reset",
        RoleGranted = "role_granted",
        RoleEnded = "role_ended",
        PinIssued = "pin_issued",
        /// A resident's record, with diet and allergies.
        RecordRead = "record_read",
        FactsRead = "facts_read",
        FactEntered = "fact_entered",
        FactVerified = "fact_verified",
        FactEdited = "fact_edited",
        /// Prices with their reasons, which name hardships.
        QuotesRead = "quotes_read",
        DrawsRead = "draws_read",
        LinkApproved = "link_approved",
        LinkRefused = "link_refused",
        LinkEnded = "link_ended",
        PolicyPosted = "policy_posted",
        PolicyActivated = "policy_activated",
        CanteenClosed = "canteen_closed",
        MenuWithdrawn = "menu_withdrawn",
        AttendanceVoided = "attendance_voided",
        ReviewDecided = "review_decided",
    }
}

impl Deed {
    /// Whether the network that it came from is kept.
    fn keeps_network(self) -> bool {
        matches!(self, Deed::SignedIn | Deed::SignInFailed | Deed::SignInSlowed | Deed::TokenReused)
    }
}

words! {
    /// What kind of thing a deed was about.
    pub enum SubjectKind {
        /// Nobody and nothing that is known here.
        Nothing = "nothing",
        Account = "account",
        Device = "device",
        Resident = "resident",
        Canteen = "canteen",
        Menu = "menu",
        Attendance = "attendance",
        FamilyLink = "family_link",
        Policy = "policy",
        Quote = "quote",
    }
}

/// What a deed was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pub kind: SubjectKind,
    pub id: Option<AnyoneId>,
}

impl Subject {
    pub const NOTHING: Subject = Subject { kind: SubjectKind::Nothing, id: None };

    /// The thing of this kind with this id.
    pub fn of<T>(kind: SubjectKind, id: Id<T>) -> Subject {
        Subject { kind, id: Some(Id::from_uuid(id.uuid())) }
    }
}

/// Whoever acts is what a sign-in is about.
impl From<crate::access::Principal> for Subject {
    fn from(principal: crate::access::Principal) -> Subject {
        match principal {
            crate::access::Principal::Account(id) => Subject::of(SubjectKind::Account, id),
            crate::access::Principal::Resident(id) => Subject::of(SubjectKind::Resident, id),
            crate::access::Principal::Device(id) => Subject::of(SubjectKind::Device, id),
        }
    }
}

/// Where an entry belongs; nowhere: only administrators read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub canteen: Option<CanteenId>,
    pub area: Option<Area>,
}

impl From<&Site> for Place {
    fn from(site: &Site) -> Place {
        Place { canteen: Some(site.id), area: Some(site.area.clone()) }
    }
}

impl From<&Area> for Place {
    fn from(area: &Area) -> Place {
        Place { canteen: None, area: Some(area.clone()) }
    }
}

/// Something to be written down.
#[derive(Clone, Debug)]
pub struct Entry {
    deed: Deed,
    subject: Subject,
    place: Place,
    detail: Map<String, Value>,
    by: Option<Actor>,
}

impl Entry {
    pub fn of(deed: Deed, subject: Subject) -> Entry {
        Entry { deed, subject, place: Place::default(), detail: Map::new(), by: None }
    }

    /// Where it belongs.
    pub fn at(mut self, place: impl Into<Place>) -> Entry {
        self.place = place.into();
        self
    }

    /// With something that tells more, and is not sensitive.
    pub fn saying(mut self, name: &str, value: impl Into<Value>) -> Entry {
        self.detail.insert(name.to_owned(), value.into());
        self
    }

    /// By somebody else than the caller: whoever has just proved who they are.
    pub fn by(mut self, actor: impl Into<Actor>) -> Entry {
        self.by = Some(actor.into());
        self
    }
}

/// Writes an entry, in the transaction of the deed and at its instant.
pub fn record(conn: &mut Conn, caller: &Caller, entry: Entry) -> Result<(), Fail> {
    let by = entry.by.unwrap_or_else(|| caller.actor());
    let trace = caller.trace();
    let kept = Kept {
        id: Id::new(caller.now),
        recorded_at: caller.now,
        actor: by,
        deed: entry.deed,
        subject: entry.subject,
        place: entry.place,
        detail: entry.detail,
        request_id: trace.map(|trace| trace.request_id.clone()),
        network: trace.filter(|_| entry.deed.keeps_network()).and_then(|trace| trace.origin.network()),
    };
    Ok(store::insert(conn, &kept)?)
}

/// An entry as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: AuditEntryId,
    pub recorded_at: At,
    pub actor: Actor,
    pub deed: Deed,
    pub subject: Subject,
    pub place: Place,
    pub detail: Map<String, Value>,
    pub request_id: Option<String>,
    pub network: Option<String>,
}

/// Which entries to list, newest first.
#[derive(Clone, Debug)]
pub struct Listing {
    pub actor_kind: Option<ActorKind>,
    pub actor_id: Option<AnyoneId>,
    pub deed: Option<Deed>,
    pub subject_kind: Option<SubjectKind>,
    pub subject_id: Option<AnyoneId>,
    pub from_at: Option<At>,
    /// The first instant that no longer counts.
    pub to_at: Option<At>,
    pub window: Window<crate::ids::AuditEntry>,
}

/// The rows of a page of what the caller may read, and one more where there is a next page.
pub fn list(conn: &mut Conn, caller: &Caller, listing: &Listing) -> Result<Vec<Kept>, Fail> {
    let scopes = caller.scopes();
    let areas = if scopes.contains(&Scope::Everywhere) {
        None
    } else {
        let area = |scope: Scope| match scope {
            Scope::Area(area) => Some(area),
            Scope::Canteen(_) | Scope::Everywhere => None,
        };
        Some(scopes.into_iter().filter_map(area).collect::<Vec<Area>>())
    };
    Ok(store::list(conn, areas.as_deref(), listing)?)
}
