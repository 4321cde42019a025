//! The caller of an act, inside its transaction, and the proofs that only this module can make.

use diesel::QueryResult;

use crate::{
    access::{
        Act, Actor, Grant, Pass, Principal, Reach, Role,
        acts::reach,
        devices::{self, Device},
        links, store,
        tokens::Ticket,
    },
    clock::At,
    db::Conn,
    id::Id,
    ids::{AnyoneId, CanteenId, ResidentId, SessionId},
    origin::Origin,
    problem::{Code, Fail},
    words,
    words::{Area, Lang},
};

/// A canteen as rights see it: which one, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub id: CanteenId,
    pub area: Area,
}

/// A resident as rights see it: who, and the canteen that registered them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub id: ResidentId,
    pub site: Site,
}

/// A part of the world that a grant reaches, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Canteen(CanteenId),
    Area(Area),
    Everywhere,
}

/// The request behind an act, for the audit log.
#[derive(Clone, Debug)]
pub struct Trace {
    /// As in the log and in `X-Request-Id`.
    pub request_id: String,
    pub origin: Origin,
}

/// Who is calling, by rights read within the act's own transaction.
#[derive(Clone, Debug)]
pub struct Caller {
    act: Act,
    ticket: Option<Ticket>,
    standings: Vec<Standing>,
    /// None for what the program does without being asked.
    trace: Option<Trace>,
    /// The instant of the act.
    pub now: At,
    /// The language that the caller reads.
    pub lang: Lang,
}

/// What gives somebody a role: a grant, or being a device.
#[derive(Clone, Debug)]
enum Standing {
    Grant(Grant),
    Device(Device),
}

impl Standing {
    fn role(&self) -> Role {
        match self {
            Standing::Grant(grant) => grant.role,
            Standing::Device(device) => device.purpose.role(),
        }
    }

    fn canteen(&self) -> Option<CanteenId> {
        match self {
            Standing::Grant(grant) => grant.canteen_id,
            Standing::Device(device) => Some(device.canteen_id),
        }
    }

    fn area(&self) -> Option<&Area> {
        match self {
            Standing::Grant(grant) => grant.area.as_ref(),
            Standing::Device(_) => None,
        }
    }

    fn right(&self) -> Right {
        match self {
            Standing::Grant(grant) => right_of(grant),
            Standing::Device(device) => {
                Right { kind: RightKind::Volunteer, id: Some(Id::from_uuid(device.id.uuid())) }
            }
        }
    }
}

words! {
    /// By which right somebody acts for a resident (BR-24).
    pub enum RightKind {
        /// It is the resident.
        OneSelf = "self",
        /// A family link.
        Family = "family",
        /// A grant as staff.
        Staff = "staff",
        /// A grant as volunteer, or a device on which volunteers are named.
        Volunteer = "volunteer",
        /// A grant as officer or auditor.
        Officer = "officer",
    }
}

/// By which right, and the link, grant or device that gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    pub kind: RightKind,
    pub id: Option<AnyoneId>,
}

/// Proof that the actor may do this act for this resident.
#[derive(Clone, Debug)]
pub struct ActingFor {
    actor: Actor,
    resident: ResidentId,
    right: Right,
    hears_reasons: bool,
}

impl ActingFor {
    /// The proof that was given when somebody asked for what is done only now: by a standing order, or from a waiting
    /// list. What was asked for is the resident's own by then: it outlives the link or grant by which it was asked.
    pub(crate) fn as_recorded(actor: Actor, resident: ResidentId, right: Right) -> ActingFor {
        ActingFor { actor, resident, right, hears_reasons: false }
    }

    pub fn actor(&self) -> Actor {
        self.actor
    }
    pub fn resident(&self) -> ResidentId {
        self.resident
    }
    pub fn right(&self) -> Right {
        self.right
    }
    /// Whether reasons that name a hardship may be told to this actor (BR-80).
    pub fn hears_reasons(&self) -> bool {
        self.hears_reasons
    }
}

/// Proof that the actor may do this act at this canteen.
#[derive(Clone, Debug)]
pub struct OnDuty {
    actor: Actor,
    canteen: CanteenId,
    right: Right,
    role: Role,
}

impl OnDuty {
    pub fn actor(&self) -> Actor {
        self.actor
    }
    pub fn canteen(&self) -> CanteenId {
        self.canteen
    }
    pub fn right(&self) -> Right {
        self.right
    }
    pub fn role(&self) -> Role {
        self.role
    }
}

/// Proof that the actor may do this act in this area, or in all of them.
#[derive(Clone, Debug)]
pub struct Officer {
    actor: Actor,
}

impl Officer {
    pub fn actor(&self) -> Actor {
        self.actor
    }
}

impl Caller {
    /// Reads who brings this pass and admits them to the act.
    ///
    /// Fails with `session_ended`; with `sign_in_required` or `not_allowed` when none of their roles covers the act.
    pub(crate) fn load(conn: &mut Conn, pass: &Pass, act: Act, now: At, lang: Lang) -> Result<Caller, Fail> {
        let (ticket, standings) = match brought(conn, pass, now)? {
            Some((ticket, standings)) => (Some(ticket), standings),
            None => (None, Vec::new()),
        };
        let caller = Caller { act, ticket, standings, trace: None, now, lang };
        if caller.roles().any(|role| reach(role, act) != Reach::No) {
            Ok(caller)
        } else if ticket.is_some() {
            Err(Code::NotAllowed.into())
        } else {
            Err(Code::SignInRequired.into())
        }
    }

    /// The same one, with the request that this is for.
    pub(crate) fn traced(mut self, trace: &Trace) -> Caller {
        self.trace = Some(trace.clone());
        self
    }

    /// The request behind the act, if there is one.
    pub fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    /// Every role that this caller holds somewhere; `family` for whoever could hold a link. A device is nobody but what it
    /// is for.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        let is_device = |ticket: &Ticket| matches!(ticket.principal, Principal::Device(_));
        let person = self.ticket.filter(|ticket| !is_device(ticket));
        let signed_in = person.map(|_| [Role::SignedIn, Role::Family]);
        let resident = self.ticket.filter(|ticket| matches!(ticket.principal, Principal::Resident(_)));
        std::iter::once(Role::Public)
            .chain(signed_in.into_iter().flatten())
            .chain(resident.map(|_| Role::Resident))
            .chain(self.standings.iter().map(Standing::role))
    }

    pub fn actor(&self) -> Actor {
        self.ticket.map_or(Actor::SYSTEM, |ticket| ticket.principal.into())
    }

    /// Whoever signed in; `sign_in_required` when nobody did.
    pub fn principal(&self) -> Result<Principal, Fail> {
        self.ticket.map(|ticket| ticket.principal).ok_or_else(|| Code::SignInRequired.into())
    }

    /// Whose idempotency keys the caller's are: each principal has their own, and all who did not sign in share theirs.
    pub fn key_owner(&self) -> String {
        self.ticket.map_or_else(|| "public".to_owned(), |ticket| ticket.principal.to_string())
    }

    pub fn session(&self) -> Result<SessionId, Fail> {
        self.ticket.map(|ticket| ticket.session).ok_or_else(|| Code::SignInRequired.into())
    }

    /// The grants of an account that stand.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.standings.iter().filter_map(|standing| match standing {
            Standing::Grant(grant) => Some(grant),
            Standing::Device(_) => None,
        })
    }

    /// The device that is calling, if it is one.
    pub fn device(&self) -> Option<&Device> {
        self.standings.iter().find_map(|standing| match standing {
            Standing::Grant(_) => None,
            Standing::Device(device) => Some(device),
        })
    }

    /// The roles of this caller that cover the act at this canteen.
    pub fn roles_at<'a>(&'a self, site: &'a Site) -> impl Iterator<Item = Role> + 'a {
        self.standings_at(site).map(Standing::role)
    }

    fn standings_at<'a>(&'a self, site: &'a Site) -> impl Iterator<Item = &'a Standing> {
        self.standings_for(self.act, site)
    }

    fn standings_for<'a>(&'a self, act: Act, site: &'a Site) -> impl Iterator<Item = &'a Standing> {
        self.standings.iter().filter(move |standing| match reach(standing.role(), act) {
            Reach::Canteen => standing.canteen() == Some(site.id),
            Reach::Area => standing.area().is_some_and(|area| area.contains(&site.area)),
            Reach::Everywhere => true,
            Reach::No | Reach::Own | Reach::Linked => false,
        })
    }

    /// Proof of duty at a canteen, by the first of the caller's roles that covers it; `not_allowed_here` without.
    pub fn on_duty(&self, site: &Site) -> Result<OnDuty, Fail> {
        let standing = self.standings_at(site).next().ok_or(Code::NotHere)?;
        Ok(self.duty(site, standing))
    }

    /// Proof of duty at a canteen in this very role; `not_allowed_here` without.
    pub fn on_duty_as(&self, role: Role, site: &Site) -> Result<OnDuty, Fail> {
        let standing =
            self.standings_at(site).find(|standing| standing.role() == role).ok_or(Code::NotHere)?;
        Ok(self.duty(site, standing))
    }

    fn duty(&self, site: &Site, standing: &Standing) -> OnDuty {
        OnDuty { actor: self.actor(), canteen: site.id, right: standing.right(), role: standing.role() }
    }

    /// Proof of acting for a resident: as oneself, by a standing link, or by a grant where they are registered.
    ///
    /// Fails with `not_allowed` for whoever may read of the residents there, and else with `resident_not_found`: they may
    /// not know of this one.
    pub fn acting_for(&self, conn: &mut Conn, resident: &Registered) -> Result<ActingFor, Fail> {
        if let Some(ticket) = self.ticket {
            if ticket.principal == Principal::Resident(resident.id)
                && reach(Role::Resident, self.act) == Reach::Own
            {
                let right = Right { kind: RightKind::OneSelf, id: None };
                return Ok(self.acting(resident, right, true));
            }
            if reach(Role::Family, self.act) == Reach::Linked
                && let Some(link) = links::standing(conn, ticket.principal, resident.id)?
            {
                let right = Right { kind: RightKind::Family, id: Some(Id::from_uuid(link.id.uuid())) };
                return Ok(self.acting(resident, right, link.covers_reasons));
            }
        }
        let Some(standing) = self.standings_at(&resident.site).next() else {
            let knows = self.standings_for(Act::ReadResidents, &resident.site).next().is_some();
            return Err(if knows { Code::NotAllowed } else { Code::ResidentNotFound }.into());
        };
        Ok(self.acting(
            resident,
            standing.right(),
            standing.role() == Role::District || standing.role() == Role::Auditor,
        ))
    }

    /// Proof of acting for a resident, from whatever canteen, who presents their card where the caller is on duty.
    pub fn acting_for_card(&self, duty: &OnDuty, resident: &Registered) -> ActingFor {
        self.acting(resident, duty.right, matches!(duty.role, Role::District | Role::Auditor))
    }

    fn acting(&self, resident: &Registered, right: Right, hears_reasons: bool) -> ActingFor {
        ActingFor { actor: self.actor(), resident: resident.id, right, hears_reasons }
    }

    /// Proof of office over an area; `not_allowed_here` without.
    pub fn officer(&self, area: &Area) -> Result<Officer, Fail> {
        let covered = self.scopes().iter().any(|scope| match scope {
            Scope::Canteen(_) => false,
            Scope::Area(own) => own.contains(area),
            Scope::Everywhere => true,
        });
        if covered { Ok(Officer { actor: self.actor() }) } else { Err(Code::NotHere.into()) }
    }

    /// Proof of office everywhere; `not_allowed_here` without.
    pub fn officer_everywhere(&self) -> Result<Officer, Fail> {
        if self.scopes().contains(&Scope::Everywhere) {
            Ok(Officer { actor: self.actor() })
        } else {
            Err(Code::NotHere.into())
        }
    }

    /// Every part of the world that the caller's roles reach for this act.
    pub fn scopes(&self) -> Vec<Scope> {
        self.standings
            .iter()
            .filter_map(|standing| match reach(standing.role(), self.act) {
                Reach::Canteen => standing.canteen().map(Scope::Canteen),
                Reach::Area => standing.area().cloned().map(Scope::Area),
                Reach::Everywhere => Some(Scope::Everywhere),
                Reach::No | Reach::Own | Reach::Linked => None,
            })
            .collect()
    }
}

/// What a pass proves now, and what that gives. A cookie that is over is as good as none; a token says that its session ended.
fn brought(conn: &mut Conn, pass: &Pass, now: At) -> Result<Option<(Ticket, Vec<Standing>)>, Fail> {
    let ticket = match pass {
        Pass::None => None,
        Pass::Ticket(ticket) => Some(*ticket),
        Pass::Cookie { token_hash } => store::ticket_of_cookie(conn, token_hash, now)?,
    };
    let Some(ticket) = ticket else { return Ok(None) };
    match (standings(conn, ticket, now)?, pass) {
        (None, Pass::Ticket(_)) => Err(Code::SessionEnded.into()),
        (standings, _) => Ok(standings.map(|standings| (ticket, standings))),
    }
}

/// What gives the owner of a session roles; nothing when the session does not stand.
fn standings(conn: &mut Conn, ticket: Ticket, now: At) -> QueryResult<Option<Vec<Standing>>> {
    Ok(match ticket.principal {
        Principal::Account(id) => store::grants_in_session(conn, ticket.session, id, now)?
            .map(|grants| grants.into_iter().map(Standing::Grant).collect()),
        Principal::Device(id) => {
            devices::in_session(conn, ticket.session, id)?.map(|device| vec![Standing::Device(device)])
        }
        Principal::Resident(_) => store::session_stands(conn, ticket, now)?.then(Vec::new),
    })
}

fn right_of(grant: &Grant) -> Right {
    let kind = match grant.role {
        Role::Volunteer | Role::DoorDevice | Role::RoundDevice | Role::KitchenDevice | Role::HallDevice => {
            RightKind::Volunteer
        }
        Role::Staff => RightKind::Staff,
        Role::District | Role::Auditor | Role::Admin => RightKind::Officer,
        Role::Public | Role::SignedIn | Role::Resident | Role::Family => RightKind::OneSelf,
    };
    Right { kind, id: Some(Id::from_uuid(grant.id.uuid())) }
}
