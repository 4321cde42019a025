//! What the door hears of a check-in, in words: the same on a page and for the script of a page.
//!
//! There is no field for a tier, an amount or a hardship (BR-80).

use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;

use crate::{
    attendance::{AttendanceStatus, TapKind, http::DoorAnswer},
    canteens::Canteen,
    clock::At,
    ids::AttendanceId,
    pages::{
        say,
        texts::{Text, door as texts},
    },
    problem::{Code, Problem},
    words::{Lang, MealClass},
};

/// How an answer looks, besides what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Green: the meal is served.
    Eat,
    /// Amber: look, and decide.
    Look,
}

impl Tone {
    pub fn as_str(self) -> &'static str {
        match self {
            Tone::Eat => "eat",
            Tone::Look => "look",
        }
    }

    /// What stands for it where colours are not seen.
    fn sign(self) -> &'static str {
        match self {
            Tone::Eat => "✓",
            Tone::Look => "!",
        }
    }
}

/// A line of an answer: words of ours around a recorded name.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Words {
    pub before: String,
    pub recorded: String,
    pub after: String,
    /// Whether it has to be heeded: an allergy, a diet.
    pub heed: bool,
}

impl Words {
    fn ours(text: impl Into<String>) -> Words {
        Words { before: text.into(), ..Words::default() }
    }

    fn heed(text: impl Into<String>) -> Words {
        Words { heed: true, ..Words::ours(text) }
    }

    /// A text with one `{place}`, which is taken by a recorded name.
    fn around(text: &str, place: &str, recorded: &str) -> Words {
        let (before, after) = text.split_once(place).unwrap_or((text, ""));
        Words { before: before.into(), recorded: recorded.into(), after: after.into(), heed: false }
    }

    pub fn markup(&self, lang: Lang) -> Markup {
        html! { (self.before) (say::recorded(lang, &self.recorded)) (self.after) }
    }

    /// The line without marks of language, as a window's title has it.
    pub fn plain(&self) -> String {
        format!("{}{}{}", self.before, self.recorded, self.after)
    }
}

/// An answer in words.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    pub tone: Tone,
    pub title: Words,
    pub lines: Vec<Words>,
    /// What can be recorded instead.
    pub offer: Option<TapKind>,
    /// The attendance, while it can be taken back.
    pub attendance_id: Option<AttendanceId>,
}

impl Said {
    /// What was recorded, or is kept for review, or was struck out.
    pub fn of(lang: Lang, answer: &DoorAnswer) -> Said {
        let name = answer.full_name.as_deref();
        let named = |with: Text, without: Text| match name {
            Some(name) => Words::around(with.of(lang), "{name}", name),
            None => Words::ours(without.of(lang)),
        };
        let (tone, title) = match answer.status {
            AttendanceStatus::Served => (Tone::Eat, served(lang, answer)),
            AttendanceStatus::Review => (Tone::Look, named(texts::REVIEW_WHO, texts::REVIEW)),
            AttendanceStatus::Voided => (Tone::Look, named(texts::UNDONE_WHO, texts::UNDONE)),
        };
        let struck = answer.status == AttendanceStatus::Voided;
        Said {
            tone,
            title,
            lines: if struck { vec![Words::ours(texts::UNDONE_WHAT.of(lang))] } else { meal(lang, answer) },
            offer: None,
            attendance_id: (!struck).then_some(answer.attendance_id),
        }
    }

    /// Why nothing was recorded, and what can be done; `name` is theirs where it may be told.
    pub fn refused(lang: Lang, canteen: &Canteen, problem: &Problem, name: Option<&str>) -> Said {
        let words = |title: Text, what: Text| (Words::ours(title.of(lang)), Words::ours(what.of(lang)));
        let (title, line) = match problem.code {
            Code::AlreadyServed => {
                let when = problem.param("served_at").and_then(at).map(|at| say::clock(canteen.zone, at));
                let what = texts::ALREADY_AT.with(lang, &[("when", &when.unwrap_or_default())]);
                let title = match name {
                    Some(name) => Words::around(texts::ALREADY_WHO.of(lang), "{name}", name),
                    None => Words::ours(texts::ALREADY.of(lang)),
                };
                (title, Words::ours(what))
            }
            Code::OtherCanteen => {
                let at = problem.param("canteen").and_then(Value::as_str).unwrap_or_default();
                let line = Words { recorded: at.into(), ..Words::ours(texts::ELSEWHERE_AT.of(lang)) };
                (Words::ours(texts::ELSEWHERE.of(lang)), line)
            }
            code => match REFUSALS.iter().find(|(known, _, _)| *known == code) {
                Some((_, title, what)) => words(*title, *what),
                None => words(texts::NOT_DONE, texts::NOT_DONE_WHAT),
            },
        };
        Said { tone: Tone::Look, title, lines: vec![line], offer: offer(problem), attendance_id: None }
    }

    /// Nothing that is typed finds anybody on the list.
    pub fn nobody(lang: Lang, typed: &str) -> Said {
        Said {
            tone: Tone::Look,
            title: Words::around(texts::FIND_NOBODY.of(lang), "{typed}", typed),
            lines: vec![Words::ours(texts::FIND_NOBODY_WHAT.of(lang))],
            offer: None,
            attendance_id: None,
        }
    }

    /// The answer as it stands on a page, without its title, which is the page's.
    pub fn lines(&self, lang: Lang) -> Markup {
        html! { @for line in &self.lines { p .heed[line.heed] { (line.markup(lang)) } } }
    }

    /// The title with the sign of the tone.
    pub fn heading(&self, lang: Lang) -> Markup {
        html! {
            span .answer data-tone=(self.tone.as_str()) {
                span .sign aria-hidden="true" { (self.tone.sign()) } span { (self.title.markup(lang)) }
            }
        }
    }
}

/// What the door says instead of the words that programs read: title, and what to do.
const REFUSALS: &[(Code, Text, Text)] = &[
    (Code::NotReserved, texts::NO_RESERVATION, texts::NO_RESERVATION_WHAT),
    (Code::Cancelled, texts::CANCELLED, texts::NO_RESERVATION_WHAT),
    (Code::OtherDay, texts::OTHER_MEAL, texts::OTHER_MEAL_WHAT),
    (Code::UnknownCard, texts::NO_CARD, texts::NO_CARD_WHAT),
    (Code::CardRevoked, texts::OLD_CARD, texts::OLD_CARD_WHAT),
    (Code::MenuNotOpen, texts::MEAL_OVER, texts::MEAL_OVER_WHAT),
    (Code::ResidentSuspended, texts::NOT_ACTIVE, texts::NOT_ACTIVE_WHAT),
    (Code::MenuFull, texts::NO_FOOD, texts::NO_FOOD_WHAT),
    (Code::ItemSoldOut, texts::NO_FOOD, texts::NO_FOOD_WHAT),
    (Code::AlreadyReserved, texts::ALREADY_RESERVED, texts::ALREADY_RESERVED_WHAT),
    (Code::Voided, texts::STRUCK, texts::STRUCK_WHAT),
];

/// Whether a problem is an answer to the tap, and not to the visit.
pub fn is_answer(code: Code) -> bool {
    let told = [Code::AlreadyServed, Code::OtherCanteen, Code::ReservationNotFound, Code::ResidentNotFound];
    told.contains(&code) || REFUSALS.iter().any(|(known, _, _)| *known == code)
}

/// A word of refusal in words: why a tap waits for the staff.
pub fn title_of(lang: Lang, word: &str) -> String {
    let own = [(Code::AlreadyServed, texts::ALREADY), (Code::OtherCanteen, texts::ELSEWHERE)];
    let refusals = REFUSALS.iter().map(|(code, title, _)| (*code, *title));
    let found = own.into_iter().chain(refusals).find(|(code, _)| code.as_str() == word);
    found.map_or(texts::REVIEW, |(_, title)| title).of(lang).to_owned()
}

/// What the refusal says can be recorded instead.
fn offer(problem: &Problem) -> Option<TapKind> {
    let instead = problem.param("instead").and_then(Value::as_str).and_then(TapKind::from_word);
    instead.or(match problem.code {
        Code::Cancelled => Some(TapKind::WalkIn),
        Code::UnknownCard => Some(TapKind::Guest),
        Code::AlreadyReserved => Some(TapKind::Reserved),
        _ => None,
    })
}

fn at(value: &Value) -> Option<At> {
    serde_json::from_value(value.clone()).ok()
}

fn served(lang: Lang, answer: &DoorAnswer) -> Words {
    match (&answer.full_name, answer.class) {
        (Some(name), MealClass::Meal) => Words::around(texts::EAT_WHO.of(lang), "{name}", name),
        (Some(name), class) => Words {
            after: format!(" · {}", class_of(class).of(lang)),
            ..Words::around(texts::EAT_WHO.of(lang), "{name}", name)
        },
        (None, class) => Words::ours(texts::EAT_CLASS.with(lang, &[("class", &class_of(class).of(lang))])),
    }
}

/// What people call a meal that is not a resident's own with a reservation.
pub fn class_of(class: MealClass) -> Text {
    match class {
        MealClass::Meal => texts::CLASS_WALK_IN,
        MealClass::Second => texts::CLASS_SECOND,
        MealClass::Guest => texts::CLASS_GUEST,
        MealClass::Staff => texts::CLASS_STAFF,
        MealClass::Volunteer => texts::CLASS_VOLUNTEER,
    }
}

fn meal(lang: Lang, answer: &DoorAnswer) -> Vec<Words> {
    let mut lines: Vec<Words> =
        answer.items.iter().map(|item| dish(lang, &item.name, item.portions)).collect();
    let unreserved = !answer.reserved && answer.class == MealClass::Meal;
    lines.push(Words::ours(say::sentence(say::mode(answer.mode).of(lang))));
    lines.extend(unreserved.then(|| Words::ours(texts::NOT_RESERVED_MEAL.of(lang))));
    lines.extend(care(lang, &answer.allergens, &answer.diet_tags).into_iter().map(Words::heed));
    lines
}

/// A dish and how many of it.
pub fn dish(lang: Lang, name: &str, portions: i32) -> Words {
    Words {
        recorded: name.into(),
        after: format!(" · {}", say::portions(lang, portions)),
        ..Words::default()
    }
}

/// What has to be heeded of somebody's food: allergies and diet, in words.
pub fn care(lang: Lang, allergens: &[String], diet_tags: &[String]) -> Vec<String> {
    let avoid = say::allergens(lang, allergens);
    let diet = say::row(lang, diet_tags.iter().map(|tag| say::diet_tag(lang, tag)));
    [(texts::AVOID, "allergens", avoid), (texts::DIET, "diet", diet)]
        .into_iter()
        .filter(|(_, _, words)| !words.is_empty())
        .map(|(text, place, words)| text.with(lang, &[(place, &words)]))
        .collect()
}
