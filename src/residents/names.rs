//! Names: how people are found by what somebody types, and how names are masked where the public can read them.
//!
//! Finding costs the same in a village and in a city: everything by which a resident is found is kept as a *key*, a short
//! text of lower-case letters and digits, and what is typed becomes the beginning of keys. A name read in two ways has
//! keys for both.

use pinyin::{ToPinyin, ToPinyinMulti};

/// How surnames are read where a dictionary does not say so of the characters by themselves.
const SURNAMES: &[(&str, &[&str])] = &[
    ("万俟", &["moqi"]),
    ("尉迟", &["yuchi"]),
    ("长孙", &["zhangsun"]),
    ("单于", &["chanyu"]),
    ("澹台", &["tantai"]),
    ("令狐", &["linghu"]),
    ("单", &["shan"]),
    ("解", &["xie"]),
    ("仇", &["qiu"]),
    ("曾", &["zeng"]),
    ("查", &["zha"]),
    ("盖", &["ge", "gai"]),
    ("朴", &["piao"]),
    ("区", &["ou"]),
    ("乐", &["yue", "le"]),
    ("任", &["ren"]),
    ("翟", &["zhai", "di"]),
    ("缪", &["miao"]),
    ("尉", &["wei", "yu"]),
    ("折", &["she"]),
    ("覃", &["qin", "tan"]),
    ("黑", &["he", "hei"]),
    ("洗", &["xian"]),
    ("员", &["yun"]),
    ("繁", &["po"]),
    ("秘", &["bi"]),
    ("召", &["shao"]),
    ("种", &["chong"]),
    ("能", &["nai"]),
    ("祭", &["zhai"]),
    ("隗", &["wei", "kui"]),
    ("谌", &["chen", "shen"]),
    ("句", &["gou"]),
];

/// So many ways to read one name are kept, the usual ones first.
const MOST_READINGS: usize = 24;

/// So many characters of a name can be where a search begins.
const MOST_BEGINNINGS: usize = 12;

/// What is typed is at least so long to be the end of a telephone number.
const LEAST_PHONE_DIGITS: usize = 4;

/// What a key is made from: its first letter.
#[derive(Clone, Copy)]
enum Made {
    /// From Latin letters: pinyin and its initials.
    Letters,
    /// From the characters of the name.
    Characters,
    CardNumber,
    /// From the telephone number, read backwards.
    Phone,
}

impl Made {
    fn key(self, rest: &str) -> String {
        let first = match self {
            Made::Letters => 'a',
            Made::Characters => 'h',
            Made::CardNumber => 'c',
            Made::Phone => 't',
        };
        format!("{first}{rest}")
    }
}

/// The keys by which a resident is found, none twice.
pub fn keys(full_name: &str, card_number: &str, phone: Option<&str>) -> Vec<String> {
    let name = plain(full_name);
    let letters: Vec<char> = name.chars().collect();
    let mut keys: Vec<String> = (0..letters.len().min(MOST_BEGINNINGS))
        .map(|from| Made::Characters.key(&characters(&letters[from..])))
        .collect();
    for reading in readings(&letters) {
        keys.extend(spellings(&reading).iter().map(|spelling| Made::Letters.key(spelling)));
    }
    keys.push(Made::CardNumber.key(card_number));
    keys.extend(phone.map(|phone| Made::Phone.key(&backwards(phone))));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// How a name is typed in Latin letters: in pinyin, and by its initials; none twice.
pub fn spelt(full_name: &str) -> Vec<String> {
    let letters: Vec<char> = plain(full_name).chars().collect();
    let mut spelt: Vec<String> = readings(&letters).iter().flat_map(|reading| spellings(reading)).collect();
    spelt.sort_unstable();
    spelt.dedup();
    spelt
}

/// Whether somebody of this name is found by what is typed.
pub fn is_found(full_name: &str, typed: &str) -> bool {
    let keys = keys(full_name, "", None);
    beginnings(typed).iter().any(|beginning| keys.iter().any(|key| key.starts_with(beginning)))
}

/// What keys have to begin with so that `typed` finds them; nothing when it says nothing.
pub fn beginnings(typed: &str) -> Vec<String> {
    let said = plain(typed);
    let mut beginnings = Vec::new();
    if !said.is_empty() {
        beginnings.push(Made::Characters.key(&characters(&said.chars().collect::<Vec<_>>())));
    }
    let letters: String = said.chars().filter(char::is_ascii_alphanumeric).collect();
    if letters.is_empty() || !said.is_ascii() {
        return beginnings;
    }
    beginnings.push(Made::Letters.key(&letters));
    if letters.bytes().all(|digit| digit.is_ascii_digit()) {
        beginnings.push(Made::CardNumber.key(&letters));
        if letters.len() >= LEAST_PHONE_DIGITS {
            beginnings.push(Made::Phone.key(&backwards(&letters)));
        }
    }
    beginnings
}

/// The first key that is behind every key that begins so; nothing when there is none.
///
/// Keys hold nothing but digits and small letters, which every database sorts alike: a letter after a digit.
pub fn behind(beginning: &str) -> Option<String> {
    let kept = beginning.trim_end_matches('z');
    let last = kept.chars().next_back()?;
    let next = if last == '9' { 'a' } else { char::from_u32(u32::from(last) + 1)? };
    Some(format!("{}{next}", &kept[..kept.len() - 1]))
}

/// Small letters without blanks and marks; wide ones made narrow, ü as it is typed.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            // The wide forms of ASCII lie in the same order, so far away.
            '！'..='～' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
            _ => letter,
        })
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == 'ü' { 'v' } else { letter })
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

fn characters(letters: &[char]) -> String {
    hex::encode(letters.iter().collect::<String>())
}

fn backwards(phone: &str) -> String {
    phone.chars().rev().filter(char::is_ascii_digit).collect()
}

/// The ways to read a name: in each, the syllables in their order.
fn readings(letters: &[char]) -> Vec<Vec<String>> {
    let name: String = letters.iter().collect();
    let surname = SURNAMES.iter().find(|(surname, _)| name.starts_with(surname) && name != *surname);
    let mut readings: Vec<Vec<String>> = vec![Vec::new()];
    let mut rest = letters;
    if let Some((surname, read)) = surname {
        let length = surname.chars().count();
        let mut ways: Vec<Vec<String>> = read.iter().map(|way| syllables_of(way, length)).collect();
        // Whoever does not know the surname reads it as the character is usually read.
        ways.extend((length == 1).then(|| letters[0]).into_iter().flat_map(syllables).map(|way| vec![way]));
        readings = ways;
        rest = &letters[length..];
    }
    for letter in rest {
        let ways = syllables(*letter);
        if ways.is_empty() {
            continue;
        }
        readings = ways
            .iter()
            .flat_map(|way| readings.iter().map(move |before| before.iter().chain([way]).cloned().collect()))
            .take(MOST_READINGS)
            .collect();
    }
    readings
}

/// The syllables of a surname of one or two characters.
fn syllables_of(read: &str, length: usize) -> Vec<String> {
    const TWO: &[(&str, usize)] =
        &[("moqi", 2), ("yuchi", 2), ("zhangsun", 5), ("chanyu", 4), ("tantai", 3), ("linghu", 4)];
    match TWO.iter().find(|(known, _)| length == 2 && *known == read) {
        Some((_, middle)) => vec![read[..*middle].to_owned(), read[*middle..].to_owned()],
        None => vec![read.to_owned()],
    }
}

/// How a character is read, the usual way first; a Latin letter or digit stands for itself.
fn syllables(letter: char) -> Vec<String> {
    if letter.is_ascii() {
        return vec![letter.to_string()];
    }
    let usual = letter.to_pinyin().into_iter();
    let others = letter.to_pinyin_multi().into_iter().flatten();
    let mut ways: Vec<String> = Vec::new();
    for way in usual.chain(others).map(|way| plain(way.plain())) {
        // ü is typed as v, or as u, and stands in passports as yu.
        for way in if way.contains('v') {
            vec![way.replace('v', "u"), way.replace('v', "yu"), way]
        } else {
            vec![way]
        } {
            if !way.is_empty() && way.is_ascii() && !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    ways
}

/// The spellings of a reading, by the beginnings of which it is found: from each syllable on, the initials from each
/// syllable on, and the first syllable or its initial before the others.
fn spellings(syllables: &[String]) -> Vec<String> {
    let initials: Vec<&str> = syllables.iter().map(|syllable| &syllable[..1]).collect();
    let mut spellings: Vec<String> = Vec::new();
    for from in 0..syllables.len().min(MOST_BEGINNINGS) {
        spellings.push(syllables[from..].concat());
        spellings.push(initials[from..].concat());
    }
    if let [first, others @ ..] = syllables {
        spellings.push(format!("{}{}", &first[..1], others.concat()));
        spellings.push(format!("{first}{}", initials[1..].concat()));
    }
    spellings
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

    fn finds(name: &str, typed: &str) -> bool {
        let keys = keys(name, "31415926", Some("0851-555 0134"));
        beginnings(typed).iter().any(|beginning| {
            let behind = behind(beginning);
            let found =
                keys.iter().any(|key| key >= beginning && behind.as_ref().is_none_or(|behind| key < behind));
            assert_eq!(found, keys.iter().any(|key| key.starts_with(beginning)), "{typed}");
            found
        })
    }

    #[test]
    fn a_name_is_found_by_characters_pinyin_and_initials() {
        for typed in [
            "李凤恩",
            "凤恩",
            "恩",
            "李 凤",
            "lifengen",
            "LiFengEn",
            "li feng en",
            "lifenge",
            "li feng",
            "fengen",
            "lfe",
            "LFE",
            "lf",
            "fe",
            "lfengen",
            "life",
            "ｌｆｅ",
        ] {
            assert!(finds("李凤恩", typed), "{typed}");
        }
        for typed in ["lef", "凤李", "feng li", "engen", "%", "", "_"] {
            assert!(!finds("李凤恩", typed), "{typed}");
        }
    }

    #[test]
    fn a_surname_is_read_as_a_surname() {
        for (name, typed) in [
            ("单国强", "shanguoqiang"),
            ("单国强", "sgq"),
            ("曾淑兰", "zengshulan"),
            ("仇英", "qiuying"),
            ("区少芳", "oushaofang"),
            ("解学明", "xiexueming"),
            ("查良镛", "zhaliangyong"),
            ("任国珍", "renguozhen"),
            ("盖玉兰", "geyulan"),
            ("盖玉兰", "gaiyulan"),
            ("朴正花", "piaozhenghua"),
            ("尉迟明", "yuchiming"),
            ("尉迟明", "ycm"),
            ("万俟兰", "moqilan"),
            ("万俟兰", "mql"),
            ("长孙红", "zhangsunhong"),
            ("翟秀英", "zhaixiuying"),
            ("覃海", "qinhai"),
            ("覃海", "tanhai"),
            ("乐嘉", "yuejia"),
            ("冼星海", "xianxinghai"),
            ("黑耀先", "heyaoxian"),
            ("缪荃孙", "miaoquansun"),
        ] {
            assert!(finds(name, typed), "{name} {typed}");
        }
    }

    #[test]
    fn a_character_with_two_readings_is_found_by_both() {
        for (name, typed) in [
            ("王乐", "wangle"),
            ("王乐", "wangyue"),
            ("王乐", "wl"),
            ("王乐", "wy"),
            ("李长发", "lichangfa"),
            ("李长发", "lizhangfa"),
            ("张行", "zhangxing"),
            ("张行", "zhanghang"),
            ("重阳", "chongyang"),
        ] {
            assert!(finds(name, typed), "{name} {typed}");
        }
    }

    #[test]
    fn u_with_two_dots_is_found_however_it_is_typed() {
        for typed in ["lvxiuying", "luxiuying", "lüxiuying", "LÜ XIU YING", "lyuxiuying", "lxy"] {
            assert!(finds("吕秀英", typed), "{typed}");
        }
    }

    #[test]
    fn names_of_all_kinds_are_found() {
        for (name, typed) in [
            ("Maria 王", "maria"),
            ("Maria 王", "王"),
            ("Maria 王", "mariawang"),
            ("阿依古丽·买买提", "买买提"),
            ("阿依古丽·买买提", "ayiguli"),
            ("阿依古丽·买买提", "古丽买"),
            ("李𬱖", "𬱖"),
            ("李𬱖", "li"),
            ("O'Neill", "oneill"),
            ("单", "dan"),
        ] {
            assert!(finds(name, typed), "{name} {typed}");
        }
        assert!(keys(&"乐".repeat(60), "1", None).len() < 600);
    }

    #[test]
    fn a_resident_is_found_by_the_beginning_of_the_card_and_the_end_of_the_phone() {
        for typed in ["3", "314159", "31415926", "0134", "550134", "555 0134", "0851-5550134"] {
            assert!(finds("李凤恩", typed), "{typed}");
        }
        for typed in ["134", "141", "0851", "5926"] {
            assert!(!finds("李凤恩", typed), "{typed}");
        }
    }

    #[test]
    fn what_is_behind_a_beginning_is_behind_all_that_begin_so() {
        for (beginning, expected) in
            [("alfe", Some("alff")), ("c1399", Some("c139a")), ("azz", Some("b")), ("zz", None)]
        {
            assert_eq!(behind(beginning).as_deref(), expected, "{beginning}");
        }
    }

    #[test]
    fn a_name_is_masked_but_for_its_ends() {
        assert_eq!(mask("王小芳"), "王*芳");
        assert_eq!(mask("王芳"), "王*");
        assert_eq!(mask("欧阳小芳"), "欧**芳");
    }
}
