//! The audit log over HTTP, and reads that leave an entry in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Deed, Entry, Kept, Listing, SubjectKind};
use crate::{
    access::{ActorKind, Allowed, Caller, act, acts::NamedAct},
    accounts,
    api::{Answer, Done, Query},
    audit,
    clock::At,
    db::Conn,
    ids::{AnyoneId, AuditEntryId, CanteenId},
    page::{Limit, Page, Window},
    problem::{Fail, Problem},
    text::Cursor,
    words::Area,
};

/// Which entries to list, newest first.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// What kind of actor did it.
    #[serde(default)]
    pub actor_kind: Option<ActorKind>,
    /// Who did it.
    #[serde(default)]
    pub actor_id: Option<AnyoneId>,
    /// What was done.
    #[serde(default)]
    pub deed: Option<Deed>,
    /// What kind of thing it was about.
    #[serde(default)]
    pub subject_kind: Option<SubjectKind>,
    /// What it was about.
    #[serde(default)]
    pub subject_id: Option<AnyoneId>,
    /// The first instant.
    #[serde(default)]
    pub from: Option<At>,
    /// The first instant that no longer counts.
    #[serde(default)]
    pub to: Option<At>,
    /// How many items at most; 50 where nothing is said.
    #[serde(default)]
    pub limit: Option<Limit>,
    /// Where to go on: the `next` of the page before.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// Who did something.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AuditActor {
    pub kind: ActorKind,
    /// None for the service itself, and for whoever has not said who they are.
    pub id: Option<AnyoneId>,
    pub name: Option<String>,
}

/// What it was about.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AuditSubject {
    pub kind: SubjectKind,
    pub id: Option<AnyoneId>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AuditEntryBody {
    pub id: AuditEntryId,
    pub recorded_at: At,
    pub actor: AuditActor,
    pub deed: Deed,
    pub subject: AuditSubject,
    /// The canteen that it belongs to, if to one.
    pub canteen_id: Option<CanteenId>,
    /// The area that it belongs to; null for what administrators alone read.
    pub area: Option<Area>,
    /// What tells more of it, depending on the deed.
    pub detail: Map<String, Value>,
    /// The id of the request, as in the log and in `X-Request-Id`.
    pub request_id: Option<String>,
    /// The network that a sign-in came from.
    pub network: Option<String>,
}

/// `GET /audit`
pub async fn list(
    allowed: Allowed<act::ReadAudit>,
    Query(query): Query<AuditQuery>,
) -> Result<Done<Page<AuditEntryBody>>, Problem> {
    let listing = Listing {
        actor_kind: query.actor_kind,
        actor_id: query.actor_id,
        deed: query.deed,
        subject_kind: query.subject_kind,
        subject_id: query.subject_id,
        from_at: query.from,
        to_at: query.to,
        window: Window::new(query.limit, query.cursor.as_deref())?,
    };
    allowed
        .read(move |conn, caller| {
            let page = listing.window.page(audit::list(conn, caller, &listing)?, |kept| kept.id);
            let actors: Vec<_> = page.items.iter().map(|kept| kept.actor).collect();
            let names = accounts::names_of(conn, &actors)?;
            Ok(Answer::new(page.map(|kept| body(names.get(&kept.actor).cloned(), kept))))
        })
        .await
}

fn body(name: Option<String>, kept: Kept) -> AuditEntryBody {
    AuditEntryBody {
        id: kept.id,
        recorded_at: kept.recorded_at,
        actor: AuditActor { kind: kept.actor.kind(), id: kept.actor.id(), name },
        deed: kept.deed,
        subject: AuditSubject { kind: kept.subject.kind, id: kept.subject.id },
        canteen_id: kept.place.canteen,
        area: kept.place.area,
        detail: kept.detail,
        request_id: kept.request_id,
        network: kept.network,
    }
}

/// Reads something that may be sensitive: `look` gives it, and the entry that a reader like this one leaves. With an
/// entry it is read again in the transaction that writes it, and told once that is durable (BR-83).
pub async fn read_on_record<A, T, F>(allowed: &Allowed<A>, look: F) -> Result<T, Problem>
where
    A: NamedAct,
    T: Send + 'static,
    F: Fn(&mut Conn, &Caller) -> Result<(T, Option<Entry>), Fail> + Clone + Send + 'static,
{
    let again = look.clone();
    if let (seen, None) = allowed.read(look).await? {
        return Ok(seen);
    }
    allowed
        .write(move |conn, caller| {
            let (seen, entry) = again(conn, caller)?;
            if let Some(entry) = entry {
                audit::record(conn, caller, entry)?;
            }
            Ok(seen)
        })
        .await
}
