//! The one-time code that makes a phone a device: read off the staff's screen and typed on the phone.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::id::random_bytes;

/// Digits and letters without those that look like another: no I, L, O, U (Crockford's base 32).
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// So many symbols: 50 bits, more than anybody guesses in a quarter of an hour.
const LENGTH: usize = 10;

/// A code, as it is compared: capitals, nothing between them.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode(String);

impl EnrolmentCode {
    /// One that nobody can guess.
    pub fn random() -> EnrolmentCode {
        let symbol = |byte: u8| char::from(SYMBOLS[usize::from(byte % 32)]);
        EnrolmentCode(random_bytes::<LENGTH>().map(symbol).iter().collect())
    }

    /// Reads what somebody typed: small letters, spaces and hyphens are forgiven, and O for 0, I and L for 1.
    ///
    /// Nothing when it cannot be a code.
    pub fn read(typed: &str) -> Option<EnrolmentCode> {
        let code: Option<String> = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| match c.to_ascii_uppercase() {
                'O' => Some('0'),
                'I' | 'L' => Some('1'),
                c => u8::try_from(c).ok().filter(|byte| SYMBOLS.contains(byte)).map(char::from),
            })
            .collect();
        code.filter(|code| code.len() == LENGTH).map(EnrolmentCode)
    }

    /// What is kept of it.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }
}

/// In two halves, as it is read out.
impl fmt::Display for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at(LENGTH / 2);
        write!(f, "{first}-{second}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_however_it_is_typed() {
        let code = EnrolmentCode::random();
        let shown = code.to_string();
        assert_eq!(shown.len(), LENGTH + 1);
        for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), format!(" {shown} ")] {
            assert!(EnrolmentCode::read(&typed) == Some(code.clone()), "{typed}");
        }
    }

    #[test]
    fn letters_that_look_like_digits_are_taken_for_them() {
        assert!(EnrolmentCode::read("o0oi1-LlABC") == EnrolmentCode::read("00011-11ABC"));
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        for typed in ["", "ABCDE", "ABCDE-FGHJKM", "ABCDE-FGHJU", "ABCDE-FGHJ中", "ABCDE-FGHJ!"] {
            assert!(EnrolmentCode::read(typed).is_none(), "{typed}");
        }
    }
}
