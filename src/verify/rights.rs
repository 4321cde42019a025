//! By which right somebody acted for a resident, as reservations, places in a line and standing orders record it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use super::{
    Audit, Place,
    store::{self, LinkRow},
};
use crate::{
    db::Conn,
    headcounts::Channel,
    ids::{AccountId, AnyoneId, ResidentId},
    problem::Fail,
};

/// Who acted for whom, and by which right, as the columns of a row say it.
#[derive(Clone, Copy)]
pub(super) struct Acted<'a> {
    pub table: &'static str,
    pub row: &'a dyn Display,
    pub resident_id: ResidentId,
    pub right_kind: &'a str,
    pub right_id: Option<AnyoneId>,
    pub actor_kind: &'a str,
    pub actor_id: Option<AnyoneId>,
}

/// The links and grants that some rows name.
#[derive(Default)]
pub(super) struct Rights {
    links: BTreeMap<AnyoneId, LinkRow>,
    grants: BTreeMap<AnyoneId, (AccountId, String)>,
}

impl Rights {
    /// Those that these name.
    pub fn named<'a>(conn: &mut Conn, all: impl Iterator<Item = Acted<'a>> + Clone) -> Result<Rights, Fail> {
        let named = |kinds: &[&str]| -> BTreeSet<AnyoneId> {
            all.clone()
                .filter(|acted| kinds.contains(&acted.right_kind))
                .filter_map(|acted| acted.right_id)
                .collect()
        };
        let links = store::links_by_ids(conn, &named(&["family"]))?;
        let grants = store::grants_by_ids(conn, &named(&["staff", "volunteer", "officer"]))?;
        Ok(Rights {
            links: links.into_iter().map(|link| (anyone(link.id.uuid()), link)).collect(),
            grants: grants
                .into_iter()
                .map(|(id, account, role)| (anyone(id.uuid()), (account, role)))
                .collect(),
        })
    }

    /// Right and actor say twice who acted (BR-24): the link is of the resident and its holder, the grant of the account,
    /// in its role.
    pub fn verify(&self, audit: &mut Audit<'_>, acted: Acted<'_>) {
        let Acted { table, row, .. } = acted;
        let place = |column| Place { fact: "by which right", table, row, column };
        match acted.right_kind {
            "self" => {
                let resident = Some(anyone(acted.resident_id.uuid()));
                audit.same(place("actor_kind"), &acted.actor_kind, &"resident");
                audit.same(place("actor_id"), &acted.actor_id, &resident);
                audit.same(place("right_id"), &acted.right_id, &None);
            }
            "family" => {
                let link = acted.right_id.and_then(|id| self.links.get(&id));
                audit.holds(place("right_id"), link.is_some(), &acted.right_id, "a family link");
                if let Some(link) = link {
                    let by = ("family_links", &link.id as &dyn Display);
                    audit.same_as(place("resident_id"), &acted.resident_id, &link.resident_id, by);
                    audit.same_as(place("actor_kind"), &acted.actor_kind, &link.holder_kind.as_str(), by);
                    audit.same_as(place("actor_id"), &acted.actor_id, &Some(link.holder_id), by);
                }
            }
            "staff" | "volunteer" | "officer" => {
                let grant = acted.right_id.and_then(|id| self.grants.get(&id));
                audit.holds(place("right_id"), grant.is_some(), &acted.right_id, "a grant");
                if let Some((account, role)) = grant {
                    let own = matches!(role.as_str(), "staff" | "volunteer");
                    let role = if own { role.as_str() } else { "officer" };
                    audit.same(place("right_kind"), &acted.right_kind, &role);
                    audit.same(place("actor_kind"), &acted.actor_kind, &"account");
                    audit.same(place("actor_id"), &acted.actor_id, &Some(anyone(account.uuid())));
                }
            }
            _ => audit.holds(place("right_kind"), false, &acted.right_kind, "a kind of right"),
        }
    }
}

/// The channel follows from the right, or from the standing order that asked (BR-24).
pub(super) fn channel(audit: &mut Audit<'_>, acted: Acted<'_>, channel: &str, by_order: bool) {
    let Acted { table, row, .. } = acted;
    let place = Place { fact: "by which right", table, row, column: "channel" };
    let expected: &[Channel] = match (by_order, acted.right_kind) {
        (true, _) => &[Channel::StandingOrder],
        (false, "self") => &[Channel::OneSelf],
        (false, "family") => &[Channel::Family],
        (false, _) => &[Channel::Desk, Channel::Phone],
    };
    let words: Vec<&str> = expected.iter().map(|channel| channel.as_str()).collect();
    audit.holds(place, words.contains(&channel), &channel, &words.join(" or "));
}

pub(super) fn anyone(uuid: uuid::Uuid) -> AnyoneId {
    AnyoneId::from_uuid(uuid)
}
