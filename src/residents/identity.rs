//! Identity numbers (居民身份证号): checked when they come in, kept only as a keyed hash with their last four (BR-06).

use chrono::NaiveDate;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    problem::{Code, Problem},
    text::IdNumber,
    words::Bilingual,
};

/// The weights of the first 17 digits (GB 11643, after ISO 7064 MOD 11-2).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// The check digit for each remainder of the weighted sum.
const CHECK_DIGITS: &[u8; 11] = b"10X98765432";

/// What is kept of an identity number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptIdentity {
    /// HMAC-SHA256 under the identity key, in hexadecimal digits.
    pub hash: String,
    pub last4: String,
}

impl KeptIdentity {
    /// What is kept of this number of a person born on this day.
    ///
    /// Fails with `bad_id_number` when its check digit is wrong or it holds another birth date.
    pub fn of(number: &IdNumber, born_on: NaiveDate, key: &[u8; 32]) -> Result<KeptIdentity, Problem> {
        let text = number.as_str();
        if !check_digit_fits(text) {
            return Err(refusal("check_digit", "校验位不对", "the check digit does not fit"));
        }
        if text[6..14] != born_on.format("%Y%m%d").to_string() {
            return Err(refusal("other_birth_date", "与出生日期不符", "it does not fit the birth date"));
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        mac.update(text.as_bytes());
        Ok(KeptIdentity { hash: hex::encode(mac.finalize().into_bytes()), last4: text[14..].to_owned() })
    }
}

/// Whether the last character of an [`IdNumber`]'s text fits the others.
fn check_digit_fits(text: &str) -> bool {
    let digits = text.bytes().map(|digit| u32::from(digit - b'0'));
    let sum: u32 = WEIGHTS.iter().zip(digits).map(|(weight, digit)| weight * digit).sum();
    text.bytes().next_back() == Some(CHECK_DIGITS[(sum % 11) as usize])
}

fn refusal(word: &str, zh: &str, en: &str) -> Problem {
    Problem::new(Code::BadIdNumber).field("/id_number", word, Bilingual::new(zh, en))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(number: &str, born_on: &str) -> Result<KeptIdentity, Problem> {
        KeptIdentity::of(&IdNumber::parse(number).unwrap(), born_on.parse().unwrap(), &[7; 32])
    }

    #[test]
    fn an_identity_number_has_its_check_digit_and_its_birth_date() {
        assert_eq!(kept("11010519491231002X", "1949-12-31").unwrap().last4, "002X");
        for (number, born_on) in [
            ("110105194912310021", "1949-12-31"),
            ("11010519491231012X", "1949-12-31"),
            ("11010519491231002X", "1949-12-30"),
        ] {
            assert_eq!(kept(number, born_on).unwrap_err().code, Code::BadIdNumber, "{number} {born_on}");
        }
    }

    #[test]
    fn the_hash_of_a_number_is_the_same_under_one_key_and_another_under_another() {
        let number = IdNumber::parse("11010519491231002X").unwrap();
        let born_on = "1949-12-31".parse().unwrap();
        let hash = |key: u8| KeptIdentity::of(&number, born_on, &[key; 32]).unwrap().hash;
        assert_eq!(hash(7), hash(7));
        assert_eq!(hash(7).len(), 64);
        assert_ne!(hash(7), hash(8));
    }
}
