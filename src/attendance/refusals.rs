//! Refusals are kept: what was sent, by whom, and the word with which it was refused.

use sha2::{Digest, Sha256};

use super::{Tapper, store};
use crate::{
    clock::At,
    db::Conn,
    ids::{AnyoneId, DeviceId, MenuId, ResidentId, TapId},
    problem::{Code, Fail},
};

/// So many characters are kept of what was sent.
const LONGEST: usize = 2000;

/// What was sent and refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// As it was sent.
    pub said: String,
    /// None of what could not be read.
    pub tap_id: Option<TapId>,
    /// None of what is not known.
    pub menu_id: Option<MenuId>,
    pub resident_id: Option<ResidentId>,
    pub tapped_at: Option<At>,
    pub by: Tapper,
}

impl Refusal {
    /// The same is kept once.
    pub(super) fn said_hash(&self) -> String {
        hash_of(self.tap_id, self.by.actor.id(), self.by.device, &self.said)
    }

    pub(super) fn said(&self) -> String {
        self.said.chars().take(LONGEST).collect()
    }
}

fn hash_of(tap: Option<TapId>, actor: Option<AnyoneId>, device: Option<DeviceId>, said: &str) -> String {
    let sent = serde_json::to_vec(&(tap, actor, device, said)).expect("our own types are JSON");
    hex::encode(Sha256::digest(sent))
}

/// The hash under which a refusal is kept; none when only the beginning of what was sent was kept.
pub(crate) fn said_hash(
    tap: Option<TapId>,
    actor: Option<AnyoneId>,
    device: Option<DeviceId>,
    kept: &str,
) -> Option<String> {
    (kept.chars().count() < LONGEST).then(|| hash_of(tap, actor, device, kept))
}

/// Keeps a refusal.
pub fn keep(conn: &mut Conn, refusal: &Refusal, word: Code, now: At) -> Result<(), Fail> {
    Ok(store::insert_refusal(conn, refusal, word.as_str(), now)?)
}
