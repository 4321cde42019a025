//! Names: how they are found by pinyin, and how they are masked where the public can read them.

use pinyin::ToPinyin;

/// Characters that are read differently when they are a surname.
const SURNAMES: &[(char, &str)] = &[
    ('单', "shan"),
    ('解', "xie"),
    ('仇', "qiu"),
    ('曾', "zeng"),
    ('查', "zha"),
    ('盖', "ge"),
    ('朴', "piao"),
    ('区', "ou"),
    ('乐', "yue"),
    ('任', "ren"),
    ('翟', "zhai"),
    ('缪', "miao"),
    ('尉', "yu"),
    ('折', "she"),
    ('覃', "qin"),
    ('黑', "he"),
];

/// By what a name is found when it is typed in Latin letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// `lifengen`: plain, lower case, without tones and spaces; ü is v, as it is typed.
    pub pinyin: String,
    /// `lfe`.
    pub initials: String,
}

impl Spelling {
    /// How this name is spelt. What is no Chinese character stands for itself, if it is a letter or a digit.
    pub fn of(name: &str) -> Spelling {
        let syllables: Vec<String> = name
            .chars()
            .enumerate()
            .map(|(at, letter)| syllable(letter, at == 0))
            .filter(|syllable| !syllable.is_empty())
            .collect();
        let initials = syllables.iter().filter_map(|syllable| syllable.chars().next()).collect();
        Spelling { pinyin: syllables.concat(), initials }
    }
}

fn syllable(letter: char, is_surname: bool) -> String {
    let surname = SURNAMES.iter().find(|(surname, _)| is_surname && *surname == letter);
    if let Some((_, reading)) = surname {
        return (*reading).to_owned();
    }
    letter.to_pinyin().map_or_else(|| typed(&letter.to_string()), |reading| typed(reading.plain()))
}

/// What somebody typed, as a [`Spelling`] has it: letters and digits in lower case.
pub fn typed(text: &str) -> String {
    text.to_lowercase().replace('ü', "v").chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// A name as the public may read it: `王*芳`, `王*`.
pub fn mask(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    match letters.as_slice() {
        [] => String::new(),
        [first] | [first, _] => format!("{first}*"),
        [first, hidden @ .., last] => format!("{first}{}{last}", "*".repeat(hidden.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(name: &str) -> (String, String) {
        let Spelling { pinyin, initials } = Spelling::of(name);
        (pinyin, initials)
    }

    #[test]
    fn a_name_is_spelt_without_tones_and_by_its_initials() {
        assert_eq!(spelt("李凤恩"), ("lifengen".into(), "lfe".into()));
        assert_eq!(spelt("吕秀英"), ("lvxiuying".into(), "lxy".into()));
        assert_eq!(spelt("Maria 王"), ("mariawang".into(), "mariaw".into()));
    }

    #[test]
    fn a_surname_is_read_as_a_surname() {
        assert_eq!(spelt("单国强").0, "shanguoqiang");
        assert_eq!(spelt("曾淑兰").0, "zengshulan");
        assert_eq!(spelt("简单").0, "jiandan");
    }

    #[test]
    fn a_name_is_masked_but_for_its_ends() {
        assert_eq!(mask("王小芳"), "王*芳");
        assert_eq!(mask("王芳"), "王*");
        assert_eq!(mask("欧阳小芳"), "欧**芳");
    }
}
