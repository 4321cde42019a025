//! What is recorded of a resident, as a form asks for it.

use chrono::NaiveDate;
use maud::{Markup, html};

use crate::{
    pages::{
        forms::{Choice, Errors, Fields, Kind, Legend, Line, any_of, day},
        say,
        texts::{Text, desk as texts, everyone, resident, shell},
    },
    problem::{Code, Problem},
    residents::http::ResidentBody,
    text::{self, CardNumber, IdNumber, Phone, Slug},
    words::{Area, Lang},
};

/// What menus usually name; what a record names besides is offered too.
const ALLERGENS: &[&str] =
    &["peanut", "nuts", "milk", "egg", "fish", "shrimp", "shellfish", "soy", "wheat", "sesame"];
const DIET_TAGS: &[&str] = &["soft", "low_salt", "low_sugar", "low_fat", "vegetarian", "halal"];

/// What was entered, every part of the right form.
pub struct Entered {
    pub full_name: text::Line<60>,
    pub born_on: NaiveDate,
    pub phone: Option<Phone>,
    pub id_number: Option<IdNumber>,
    pub registered_in: Option<Area>,
    pub lives_in: Option<Area>,
    pub card_number: Option<CardNumber>,
    pub allergens: Vec<Slug>,
    pub diet_tags: Vec<Slug>,
}

/// The record as the form that edits it.
pub fn known(resident: &ResidentBody) -> Fields {
    let area = |area: &Option<Area>| area.as_ref().map(|area| area.path().to_owned()).unwrap_or_default();
    let words = |name: &'static str, words: &[String]| {
        words.iter().map(|word| (name, word.clone())).collect::<Vec<_>>()
    };
    let lines = [
        ("full_name", resident.full_name.clone()),
        ("born_on", resident.born_on.to_string()),
        ("phone", resident.phone.clone().unwrap_or_default()),
        ("registered_in", area(&resident.registered_in)),
        ("lives_in", area(&resident.lives_in)),
        ("card_number", resident.card_number.clone()),
        ("status", resident.status.to_string()),
        ("version", resident.version.to_string()),
    ];
    let eaten =
        words("allergens", &resident.allergens).into_iter().chain(words("diet_tags", &resident.diet_tags));
    Fields::known(lines.into_iter().chain(eaten))
}

/// The questions. `last4` are the last digits of the identity number that is known.
pub fn questions(lang: Lang, fields: &Fields, errors: &Errors, last4: Option<&str>) -> Markup {
    let line = |name: &'static str, label: Text, hint: Option<&str>, kind: Kind| {
        let line = Line { name, label: label.of(lang), hint, kind, autocomplete: "off" };
        line.field(fields.get(name), errors)
    };
    let kept = last4.map(|last4| texts::ID_NUMBER_KEPT.with(lang, &[("last4", &last4)]));
    let id_hint = kept.as_deref().unwrap_or(texts::ID_NUMBER_HINT.of(lang));
    html! {
        div .columns {
            div {
                (line("full_name", texts::FULL_NAME, None, Kind::Text))
                (line("born_on", texts::BORN_ON, Some(resident::ASK_BORN_HINT.of(lang)), Kind::Text))
                (line("id_number", texts::ID_NUMBER, Some(id_hint), Kind::Text))
                (line("phone", texts::PHONE, None, Kind::Phone))
                (line("card_number", everyone::CARD_NUMBER, Some(texts::CARD_NUMBER_HINT.of(lang)), Kind::Digits))
                (line("registered_in", texts::REGISTERED_IN, Some(texts::AREA_HINT.of(lang)), Kind::Text))
                (line("lives_in", texts::LIVES_IN, Some(texts::AREA_HINT.of(lang)), Kind::Text))
            }
            div {
                (words(lang, "allergens", texts::ALLERGENS, (ALLERGENS, say::allergen), fields, errors))
                (words(lang, "diet_tags", texts::DIET_TAGS, (DIET_TAGS, say::diet_tag), fields, errors))
            }
        }
    }
}

type Words = (&'static [&'static str], fn(Lang, &str) -> String);

fn words(
    lang: Lang,
    name: &str,
    legend: Text,
    (usual, said): Words,
    fields: &Fields,
    errors: &Errors,
) -> Markup {
    let mut offered: Vec<&str> = usual.to_vec();
    offered.extend(fields.all(name).filter(|word| !usual.contains(word)));
    let choice = |word: &&str| Choice::new(*word, html! { (say::sentence(&said(lang, word))) });
    let choices: Vec<Choice> = offered.iter().map(choice).collect();
    let is_chosen = |word: &str| fields.all(name).any(|chosen| chosen == word);
    html! {
        div .tight { (any_of(name, Legend::Shown(legend.of(lang)), &choices, &is_chosen, errors)) }
    }
}

/// Reads what was entered.
pub fn entered(fields: &Fields, lang: Lang) -> Result<Entered, Errors> {
    let mut errors = Errors::none();
    let missing = |what: Text| shell::FILL_IN.with(lang, &[("what", &what.of(lang))]);
    let full_name = text::Line::parse(fields.get("full_name")).map_err(|_| missing(texts::FULL_NAME));
    let full_name = errors.keep("full_name", full_name);
    let born_on = day(fields.get("born_on")).ok_or_else(|| resident::ASK_BORN_WRONG.of(lang).to_owned());
    let born_on = errors.keep("born_on", born_on);
    let id_number = fields.get("id_number").to_uppercase();
    let id_number =
        optional(&mut errors, "id_number", &id_number, IdNumber::parse, texts::ID_NUMBER_WRONG, lang);
    let phone = optional(&mut errors, "phone", fields.get("phone"), Phone::parse, texts::PHONE_WRONG, lang);
    let card: String = fields.get("card_number").split_whitespace().collect();
    let card_number =
        optional(&mut errors, "card_number", &card, CardNumber::parse, resident::ASK_CARD_WRONG, lang);
    let mut place = |name| optional(&mut errors, name, fields.get(name), area, texts::AREA_WRONG, lang);
    let (registered_in, lives_in) = (place("registered_in"), place("lives_in"));
    let slugs = |name| fields.all(name).filter_map(|word| Slug::parse(word).ok()).collect();
    match (full_name, born_on) {
        (Some(full_name), Some(born_on)) if errors.is_empty() => Ok(Entered {
            full_name,
            born_on,
            phone,
            id_number,
            registered_in,
            lives_in,
            card_number,
            allergens: slugs("allergens"),
            diet_tags: slugs("diet_tags"),
        }),
        (_, _) => Err(errors),
    }
}

/// What may be left empty.
fn optional<T>(
    errors: &mut Errors,
    field: &str,
    typed: &str,
    parse: impl Fn(&str) -> Result<T, String>,
    wrong: Text,
    lang: Lang,
) -> Option<T> {
    if typed.is_empty() {
        return None;
    }
    errors.keep(field, parse(typed).map_err(|_| wrong.of(lang).to_owned()))
}

/// An area as people write it: `贵阳/南明/新华路`, with whatever stands between the names.
fn area(typed: &str) -> Result<Area, String> {
    let names = typed.split(['/', '／', '、', '，', ',']).map(str::trim).filter(|name| !name.is_empty());
    Area::new(names)
}

/// A refusal that can be put right in the form.
pub fn mend(problem: Problem, lang: Lang) -> Result<Errors, Problem> {
    let field = match problem.code {
        Code::BadBirthDate => "born_on",
        Code::BadIdNumber | Code::IdNumberTaken => "id_number",
        Code::CardTaken => "card_number",
        Code::StatusByFact => "status",
        _ => return Err(problem),
    };
    Ok(Errors::of(field, &problem, lang))
}
