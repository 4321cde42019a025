//! Every text that a page shows, Chinese and English side by side, a room of the house at a time.
//!
//! Plain words, short sentences: first what is so, then what to do. `{name}` stands for a value.

pub mod desk;
pub mod district;
pub mod door;
pub mod everyone;
pub mod first_run;
pub mod resident;
pub mod shell;
pub mod staff;
pub mod standing;
pub mod waiting;
pub mod words;

use std::fmt::Display;

use maud::{Markup, PreEscaped};

use crate::words::Lang;

/// A text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    zh: &'static str,
    en: &'static str,
}

impl Text {
    pub const fn new(zh: &'static str, en: &'static str) -> Text {
        Text { zh, en }
    }

    /// The text in this language.
    pub fn of(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }

    /// The text in this language with each `{name}` replaced by its value.
    pub fn with(self, lang: Lang, values: &[(&str, &dyn Display)]) -> String {
        values.iter().fold(self.of(lang).to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), &value.to_string())
        })
    }
}

impl Text {
    /// The text in this language with each `{name}` replaced by markup: by a recorded name with its language, say.
    pub fn marked(self, lang: Lang, values: &[(&str, Markup)]) -> Markup {
        let text = maud::html! { (self.of(lang)) }.into_string();
        PreEscaped(
            values.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), &value.0)),
        )
    }
}

/// Makes a table of texts: a name, Chinese, English.
macro_rules! texts {
    ($($name:ident $zh:literal $en:literal;)+) => {
        use super::Text;

        $(#[doc = $en] pub const $name: Text = Text::new($zh, $en);)+

        /// Every text of this table.
        #[cfg(test)]
        pub const ALL: &[(&str, Text)] = &[$((stringify!($name), $name)),+];
    };
}
use texts;

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in braces, in order.
    fn places(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_text_says_the_same_things_in_both_languages() {
        let people = [everyone::ALL, resident::ALL, standing::ALL, waiting::ALL].concat();
        let canteens = [desk::ALL, staff::ALL, door::ALL, district::ALL, first_run::ALL].concat();
        for (name, text) in [shell::ALL, words::ALL, &people, &canteens].concat() {
            let (zh, en) = (text.of(Lang::Zh), text.of(Lang::En));
            assert!(!zh.is_empty() && !en.is_empty(), "{name}");
            assert_eq!(places(zh), places(en), "{name}");
            // A language is called by its own name wherever it can be chosen.
            let is_plain = !en.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(is_plain || zh == en || name == "OTHER_LANGUAGE", "{name}");
        }
    }

    #[test]
    fn values_take_their_places() {
        let text = Text::new("{n} 份", "{n} portions");
        assert_eq!(text.with(Lang::En, &[("n", &3)]), "3 portions");
    }

    #[test]
    fn what_is_recorded_cannot_be_markup() {
        let text = Text::new("{name}，您好", "Hello <{name}>");
        let name = maud::html! { ("<b>") };
        assert_eq!(text.marked(Lang::En, &[("name", name)]).into_string(), "Hello &lt;&lt;b&gt;&gt;");
    }
}
