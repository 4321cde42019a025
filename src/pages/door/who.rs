//! Who stands at the door, as it is scanned, typed or tapped.

use maud::{Markup, html};

use super::{RESERVATION, TYPED};
use crate::{
    attendance::{TapKind, http::Expected},
    ids::ReservationId,
    pages::forms::{Fields, hidden},
    residents::{cards, names},
    text::{CardCode, CardNumber},
};

/// Who stands at the door.
#[derive(Clone, Debug)]
pub enum Who {
    Reservation(ReservationId),
    Code(CardCode),
    Number(CardNumber),
    /// Part of a name: it has to be chosen whose.
    Letters(String),
    /// Nothing was typed.
    Nobody,
}

impl Who {
    /// Reads a form: the name that was tapped, or what was typed or scanned.
    pub fn of(fields: &Fields) -> Who {
        match fields.get(RESERVATION).parse() {
            Ok(id) => Who::Reservation(id),
            Err(_) => Who::typed(fields.get(TYPED)),
        }
    }

    /// Reads what was typed. Scanners and phones write small letters and wide ones, and people write digits in groups.
    fn typed(typed: &str) -> Who {
        let plain: String = typed
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .map(|letter| match letter {
                '！'..='～' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
                _ => letter,
            })
            .collect();
        if plain.is_empty() {
            return Who::Nobody;
        }
        if let Ok(code) = CardCode::parse(&plain.to_ascii_uppercase()) {
            return Who::Code(code);
        }
        CardNumber::parse(&plain).map_or_else(|_| Who::Letters(typed.to_owned()), Who::Number)
    }

    /// What a tap on the same person is known by, in any form.
    pub fn about(&self, kind: TapKind) -> String {
        let who = match self {
            Who::Reservation(id) => id.to_string(),
            Who::Code(code) => cards::hash_of(code),
            Who::Number(number) => number.as_str().to_owned(),
            Who::Letters(_) | Who::Nobody => String::new(),
        };
        format!("{kind} {who}")
    }

    /// Whether it is this one, who is expected.
    pub fn is(&self, expected: &Expected) -> bool {
        match self {
            Who::Reservation(id) => expected.reservation_id == *id,
            Who::Code(code) => expected.card_hash.as_deref() == Some(&cards::hash_of(code)),
            Who::Number(_) | Who::Letters(_) | Who::Nobody => false,
        }
    }

    /// The same in a form that asks about them again.
    pub fn again(&self) -> Markup {
        match self {
            Who::Reservation(id) => hidden(RESERVATION, &id.to_string()),
            Who::Code(code) => hidden(TYPED, code.as_str()),
            Who::Number(number) => hidden(TYPED, number.as_str()),
            Who::Letters(_) | Who::Nobody => html! {},
        }
    }
}

/// Whether somebody of this name is found by what was typed.
pub fn is_found(expected: &Expected, typed: &str) -> bool {
    names::is_found(&expected.full_name, typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scanners_and_people_write_is_read() {
        let code = "LL1-00112233445566778899AABBCCDDEEFF";
        assert!(matches!(Who::typed(&code.to_lowercase()), Who::Code(read) if read.as_str() == code));
        assert!(matches!(Who::typed("3141 5926"), Who::Number(read) if read.as_str() == "31415926"));
        assert!(matches!(Who::typed("３１４１５９２６"), Who::Number(read) if read.as_str() == "31415926"));
        assert!(matches!(Who::typed("wxh"), Who::Letters(read) if read == "wxh"));
        assert!(matches!(Who::typed(" "), Who::Nobody));
    }
}
