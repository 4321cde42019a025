//! Who you are, and what you may do.
//!
//! Two proofs and a net. **The door**: a handler reaches the database only through [`Allowed`], which names its act and
//! reads the rights inside the same transaction. **The object**: acts demand a value that only this module can make,
//! inside that transaction, for this person: [`ActingFor`], [`OnDuty`], [`Officer`]. **The net**: one pure match,
//! [`acts::reach`], says which role may do which act.

pub mod acts;
mod caller;
pub mod devices;
mod door;
pub mod links;
mod store;
pub mod tokens;

pub use acts::{Act, Reach, Role, act};
pub use caller::{ActingFor, Caller, Officer, OnDuty, Registered, Right, RightKind, Scope, Site, Trace};
pub use door::{Allowed, Standing};
pub use store::{
    Grant, GrantScope, NewGrant, end_grant, find_grant, grant, grants_of, holders_of, holders_within,
    serving, session_stands, signed_in_from, substr,
};

use std::fmt;

use crate::{
    id::Id,
    ids::{AccountId, AnyoneId, DeviceId, ResidentId},
    words,
};

/// What a caller brings to be known by.
#[derive(Clone, Debug)]
pub(crate) enum Pass {
    None,
    /// What an access token proved.
    Ticket(tokens::Ticket),
    /// The hash of the token in a browser's cookie.
    Cookie {
        token_hash: String,
    },
}

/// Who brings a token: an account, a resident who signed in with card and PIN, or a device that staff enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    Account(AccountId),
    Resident(ResidentId),
    Device(DeviceId),
}

impl Principal {
    pub fn kind(self) -> ActorKind {
        match self {
            Principal::Account(_) => ActorKind::Account,
            Principal::Resident(_) => ActorKind::Resident,
            Principal::Device(_) => ActorKind::Device,
        }
    }

    pub fn id(self) -> AnyoneId {
        match self {
            Principal::Account(id) => Id::from_uuid(id.uuid()),
            Principal::Resident(id) => Id::from_uuid(id.uuid()),
            Principal::Device(id) => Id::from_uuid(id.uuid()),
        }
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Principal> {
        let (kind, id) = text.split_once(':')?;
        match ActorKind::from_word(kind)? {
            ActorKind::Account => Some(Principal::Account(id.parse().ok()?)),
            ActorKind::Resident => Some(Principal::Resident(id.parse().ok()?)),
            ActorKind::Device => Some(Principal::Device(id.parse().ok()?)),
            ActorKind::System => None,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.id())
    }
}

words! {
    /// What kind of actor did something.
    pub enum ActorKind {
        Account = "account",
        Resident = "resident",
        Device = "device",
        /// The service by itself: a menu that closes, a death that cancels.
        System = "system",
    }
}

/// Who did something (BR-24): a principal, or the service by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Actor(Option<Principal>);

impl Actor {
    pub const SYSTEM: Actor = Actor(None);

    /// The first of the two columns in which an actor is written.
    pub fn kind(self) -> ActorKind {
        self.0.map_or(ActorKind::System, Principal::kind)
    }

    /// The second of them.
    pub fn id(self) -> Option<AnyoneId> {
        self.0.map(Principal::id)
    }

    /// From the two columns.
    pub fn from_columns(kind: ActorKind, id: Option<AnyoneId>) -> Actor {
        Actor(id.and_then(|id| match kind {
            ActorKind::Account => Some(Principal::Account(Id::from_uuid(id.uuid()))),
            ActorKind::Resident => Some(Principal::Resident(Id::from_uuid(id.uuid()))),
            ActorKind::Device => Some(Principal::Device(Id::from_uuid(id.uuid()))),
            ActorKind::System => None,
        }))
    }

    pub fn account(self) -> Option<AccountId> {
        match self.0 {
            Some(Principal::Account(id)) => Some(id),
            Some(Principal::Resident(_) | Principal::Device(_)) | None => None,
        }
    }

    pub fn resident(self) -> Option<ResidentId> {
        match self.0 {
            Some(Principal::Resident(id)) => Some(id),
            Some(Principal::Account(_) | Principal::Device(_)) | None => None,
        }
    }

    pub fn device(self) -> Option<DeviceId> {
        match self.0 {
            Some(Principal::Device(id)) => Some(id),
            Some(Principal::Account(_) | Principal::Resident(_)) | None => None,
        }
    }
}

impl From<Principal> for Actor {
    fn from(principal: Principal) -> Actor {
        Actor(Some(principal))
    }
}
