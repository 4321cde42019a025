//! Cards: a code in a QR that opens the door for a resident and says nothing about them.
//!
//! A code is 128 bits that are as good as thrown: the keyed hash of a nonce. The database keeps the nonce and the code's
//! plain hash, so that neither a stolen database nor a phone with a door list can make a card; the card is drawn when it
//! is asked for, with the installation's key. At most one code is in force for a resident: a new one revokes the old, and
//! a death the last (BR-28).

pub mod http;
mod store;
mod svg;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{
    access::ActingFor,
    clock::At,
    db::Conn,
    id::random_bytes,
    ids::ResidentId,
    problem::{Code, Fail},
    text::CardCode,
};

use super::{Resident, find};

pub use store::hashes;
pub(super) use store::{issue_all, revoke};

/// What a code begins with: whose it is, and of which kind.
const MARK: &str = "LL1-";

/// A code that nobody has had before, not yet anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCard {
    nonce: String,
    code_hash: String,
}

impl NewCard {
    /// One made of new dice and the installation's key.
    pub fn new(key: &[u8; 32]) -> NewCard {
        let nonce = hex::encode(random_bytes::<16>());
        NewCard { code_hash: hash(&code(key, &nonce)), nonce }
    }
}

/// A code in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    nonce: String,
    pub issued_at: At,
}

/// Issues a code to the resident and revokes the one before it. Fails with `resident_inactive` for somebody who died or
/// moved away.
pub fn issue(conn: &mut Conn, acting: &ActingFor, card: &NewCard, now: At) -> Result<At, Fail> {
    let resident = find(conn, acting.resident())?;
    if resident.is_gone() {
        return Err(Code::ResidentInactive.into());
    }
    revoke(conn, resident.id, now)?;
    store::issue_all(conn, &[(resident.id, card)], acting.actor(), now)?;
    Ok(now)
}

/// The code in force of a resident; `card_not_found` without.
pub fn in_force(conn: &mut Conn, resident: ResidentId) -> Result<Card, Fail> {
    store::in_force(conn, resident)?.ok_or_else(|| Code::CardNotFound.into())
}

/// Whoever shows this code at the door. Fails with `unknown_card`, or with `card_revoked`.
pub fn holder(conn: &mut Conn, code_hash: &str) -> Result<Resident, Fail> {
    match store::holder(conn, code_hash)? {
        None => Err(Code::UnknownCard.into()),
        Some((_, Some(_))) => Err(Code::CardRevoked.into()),
        Some((resident, None)) => find(conn, resident),
    }
}

/// By what a code is looked up: its SHA-256, in hexadecimal digits. A device keeps this, and never the code.
pub fn hash_of(code: &CardCode) -> String {
    hash(code.as_str())
}

/// The code of this nonce: the mark and 32 digits that a QR holds in little room.
fn code(key: &[u8; 32], nonce: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"leling card ");
    mac.update(nonce.as_bytes());
    format!("{MARK}{}", hex::encode_upper(&mac.finalize().into_bytes()[..16]))
}

fn hash(code: &str) -> String {
    hex::encode(Sha256::digest(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_of_its_nonce_and_key_and_of_the_form_that_the_door_takes() {
        let made = code(&[7; 32], "00");
        assert_eq!(made, code(&[7; 32], "00"));
        assert_ne!(made, code(&[7; 32], "01"));
        assert_ne!(made, code(&[8; 32], "00"));
        assert_eq!(hash_of(&CardCode::parse(&made).unwrap()), hash(&made));
        assert_ne!(NewCard::new(&[7; 32]), NewCard::new(&[7; 32]));
    }
}
