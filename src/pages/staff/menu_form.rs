//! The form of a menu: places, ways of serving, a note, and its items line by line with price, portions, allergens, diet.

use maud::{Markup, html};

use super::{kind, sets_first};
use crate::{
    canteens::MealPeriod,
    ids::MenuItemId,
    menus::{ItemPlan, Menu},
    money::{Fen, MAX_FEN},
    pages::{
        forms::{Choice, Errors, Fields, Kind, Legend, Line, any_of, hidden},
        say,
        texts::{Text, staff as texts},
    },
    text::{self, Slug, Whole},
    words::{ItemKind, Lang, Mode},
};

/// The words for allergens and diets that can be ticked; another word that is on a record stays there.
const ALLERGENS: [&str; 10] =
    ["peanut", "nuts", "milk", "egg", "fish", "shrimp", "shellfish", "soy", "wheat", "sesame"];
const DIET_TAGS: [&str; 6] = ["soft", "low_salt", "low_sugar", "low_fat", "vegetarian", "halal"];

/// So many empty lines stand below the items.
const SPARE: usize = 2;

/// So many more when somebody asks for more.
const MORE: usize = 5;

/// What a menu is to be, as it was typed and found good.
#[derive(Clone, Debug)]
pub struct Planned {
    pub capacity: Whole<1, 5000>,
    pub modes: Vec<Mode>,
    pub note: text::Note<300>,
    pub items: Vec<ItemPlan>,
}

/// The form filled in as a menu is.
pub fn of_menu(menu: &Menu) -> Fields {
    let mut typed = header(menu.capacity, &menu.modes);
    typed.append_pair("note", &menu.note);
    for (at, item) in sets_first(menu).iter().enumerate() {
        let portions = item.portions.map(|portions| portions.to_string()).unwrap_or_default();
        for (name, value) in [
            ("id", item.id.to_string()),
            ("name", item.name.clone()),
            ("kind", item.kind.to_string()),
            ("price", item.price_fen.to_string()),
            ("portions", portions),
        ] {
            typed.append_pair(&format!("{name}-{at}"), &value);
        }
        for (name, words) in [("allergen", &item.allergens), ("diet", &item.diet_tags)] {
            words.iter().for_each(|word| {
                typed.append_pair(&format!("{name}-{at}"), word);
            });
        }
    }
    Fields::parse(typed.finish().as_bytes())
}

/// The form filled in as the canteen usually serves this meal.
pub fn of_usual(meal: &MealPeriod) -> Fields {
    Fields::parse(header(meal.default_capacity, &meal.modes).finish().as_bytes())
}

fn header(capacity: i32, modes: &[Mode]) -> form_urlencoded::Serializer<'static, String> {
    let mut typed = form_urlencoded::Serializer::new(String::new());
    typed.append_pair("capacity", &capacity.to_string());
    modes.iter().for_each(|mode| {
        typed.append_pair("mode", mode.as_str());
    });
    typed
}

/// The fields of the form. `version` of a menu that there is goes before them.
pub fn shown(lang: Lang, typed: &Fields, errors: &Errors) -> Markup {
    let line = |name, text: Text, hint: Option<Text>, kind| Line {
        name,
        label: text.of(lang),
        hint: hint.map(|hint| hint.of(lang)),
        kind,
        autocomplete: "off",
    };
    let modes: Vec<Choice> = Mode::ALL
        .iter()
        .map(|mode| Choice::new(mode.as_str(), html! { (say::mode(*mode).of(lang)) }))
        .collect();
    let chosen = |mode: &str| typed.all("mode").any(|chosen| chosen == mode);
    let lines = typed.named("name-").count();
    let spare = if typed.get("more").is_empty() { SPARE } else { MORE };
    // What is empty is not asked for twice.
    let empty =
        typed.named("name-").filter(|(at, name)| name.is_empty() && item_id(typed, at).is_none()).count();
    html! {
        h2 { (texts::ITEMS.of(lang)) }
        @for at in 0..lines + spare.saturating_sub(empty) { (item(lang, at, typed, errors)) }
        h2 { (texts::MEAL_ITSELF.of(lang)) }
        div .fields {
            (line("capacity", texts::CAPACITY, None, Kind::Digits).field(typed.get("capacity"), errors))
            (line("note", texts::NOTE, None, Kind::Text).field(typed.get("note"), errors))
        }
        (any_of("mode", Legend::Shown(texts::MODES.of(lang)), &modes, &chosen, errors))
    }
}

fn item(lang: Lang, at: usize, typed: &Fields, errors: &Errors) -> Markup {
    let name = |what: &str| format!("{what}-{at}");
    let value = |what: &str| typed.get(&name(what)).to_owned();
    let number = at + 1;
    let line = |what: &str, text: Text, kind| {
        let name = name(what);
        Line { name: &name, label: text.of(lang), hint: None, kind, autocomplete: "off" }
            .field(&value(what), errors)
    };
    let known = !value("id").is_empty();
    html! {
        fieldset .dish {
            legend { (texts::ITEM_NUMBER.with(lang, &[("number", &number)])) }
            @if known { (hidden(&name("id"), &value("id"))) }
            div .dish-line {
                (line("name", texts::ITEM_NAME, Kind::Text))
                div .field {
                    label for=(name("kind")) { (texts::ITEM_KIND.of(lang)) }
                    select id=(name("kind")) name=(name("kind")) {
                        @for one in ItemKind::ALL {
                            option value=(one.as_str()) selected[value("kind") == one.as_str()] { (kind(*one).of(lang)) }
                        }
                    }
                }
                (line("price", texts::ITEM_PRICE, Kind::Text))
                (line("portions", texts::ITEM_PORTIONS, Kind::Digits))
            }
            details {
                summary { (told(lang, at, typed)) }
                (ticks(lang, at, "allergen", texts::ALLERGENS, &ALLERGENS, say::allergen, typed))
                (ticks(lang, at, "diet", texts::DIETS, &DIET_TAGS, say::diet_tag, typed))
            }
            @if known {
                label .tick { input type="checkbox" name=(name("off")) value="yes" checked[!value("off").is_empty()];
                    (texts::TAKE_OFF.of(lang)) }
            }
        }
    }
}

/// What is ticked so far, as the summary under which it can be changed.
fn told(lang: Lang, at: usize, typed: &Fields) -> String {
    let words =
        |what: &str| -> Vec<String> { typed.all(&format!("{what}-{at}")).map(str::to_owned).collect() };
    let (allergens, diets) = (words("allergen"), words("diet"));
    let contains =
        if allergens.is_empty() { say::contains_none(lang) } else { say::contains(lang, &allergens) };
    let tags = diets.iter().map(|tag| say::diet_tag(lang, tag));
    texts::ALLERGENS_AND_DIETS.with(lang, &[("words", &say::row(lang, [contains].into_iter().chain(tags)))])
}

fn ticks(
    lang: Lang,
    at: usize,
    what: &str,
    legend: Text,
    words: &[&str],
    said: fn(Lang, &str) -> String,
    typed: &Fields,
) -> Markup {
    let name = format!("{what}-{at}");
    let chosen: Vec<&str> = typed.all(&name).collect();
    let others = chosen.iter().copied().filter(|word| !words.contains(word));
    html! {
        fieldset .ticks {
            legend { (legend.of(lang)) }
            @for word in words.iter().copied().chain(others) {
                label .tick {
                    input type="checkbox" name=(name) value=(word) checked[chosen.contains(&word)];
                    (say::recorded(lang, &said(lang, word)))
                }
            }
        }
    }
}

/// The button for more empty lines. It stands after the one that keeps what was typed, which Enter presses.
pub fn more(lang: Lang) -> Markup {
    html! { button .quiet type="submit" name="more" value="yes" { (texts::MORE_LINES.of(lang)) } }
}

/// What was typed; or what of it has to be put right.
pub fn read(typed: &Fields, lang: Lang) -> Result<Planned, Errors> {
    let mut errors = Errors::none();
    let mut items = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (at, name) in typed.named("name-") {
        let known = item_id(typed, at);
        let untouched = name.is_empty() && typed.get(&format!("price-{at}")).is_empty();
        if !typed.get(&format!("off-{at}")).is_empty() || (known.is_none() && untouched) {
            continue;
        }
        if names.contains(&name) {
            errors.add(format!("name-{at}"), texts::NAME_TWICE.of(lang));
        }
        names.push(name);
        items.extend(item_plan(typed, at, known, lang, &mut errors));
    }
    let whole = |text: &str| text.parse().ok().and_then(|number| Whole::new(number).ok());
    let capacity = whole(typed.get("capacity")).ok_or_else(|| texts::CAPACITY_WRONG.of(lang).to_owned());
    let capacity = errors.keep("capacity", capacity);
    let modes: Vec<Mode> = typed.all("mode").filter_map(Mode::from_word).collect();
    if modes.is_empty() {
        errors.add("mode", texts::MODES_WRONG.of(lang));
    }
    let note = text::Note::parse(typed.get("note")).map_err(|_| texts::NOTE_WRONG.of(lang).to_owned());
    let note = errors.keep("note", note);
    match (capacity, note) {
        (Some(capacity), Some(note)) if errors.is_empty() => Ok(Planned { capacity, modes, note, items }),
        (_, _) => Err(errors),
    }
}

fn item_id(typed: &Fields, at: &str) -> Option<MenuItemId> {
    typed.get(&format!("id-{at}")).parse().ok()
}

fn item_plan(
    typed: &Fields,
    at: &str,
    id: Option<MenuItemId>,
    lang: Lang,
    errors: &mut Errors,
) -> Option<ItemPlan> {
    let value = |what: &str| typed.get(&format!("{what}-{at}"));
    let name = text::Line::parse(value("name")).map_err(|_| texts::ITEM_NAME_WRONG.of(lang).to_owned());
    let name = errors.keep(&format!("name-{at}"), name);
    let price = yuan(value("price")).ok_or_else(|| texts::ITEM_PRICE_WRONG.of(lang).to_owned());
    let price_fen = errors.keep(&format!("price-{at}"), price);
    let portions = match value("portions") {
        "" => Ok(None),
        text => match text.parse().ok().and_then(|portions| Whole::new(portions).ok()) {
            Some(portions) => Ok(Some(portions)),
            None => Err(texts::ITEM_PORTIONS_WRONG.of(lang).to_owned()),
        },
    };
    let portions = errors.keep(&format!("portions-{at}"), portions);
    let words = |what: &str| -> Vec<Slug> {
        typed.all(&format!("{what}-{at}")).filter_map(|word| Slug::parse(word).ok()).collect()
    };
    Some(ItemPlan {
        id,
        name: name?,
        kind: ItemKind::from_word(value("kind")).unwrap_or(ItemKind::Set),
        price_fen: price_fen?,
        portions: portions?,
        allergens: words("allergen"),
        diet_tags: words("diet"),
    })
}

/// An amount as people write it: `12`, `12.5`, `12.50`, with or without 元 or ¥.
fn yuan(text: &str) -> Option<Fen> {
    let text = text.trim_start_matches(['¥', '￥']).trim_end_matches('元').trim();
    let (yuan, fen) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if yuan.is_empty() || yuan.len() > 7 || fen.len() > 2 || !digits(yuan) || !digits(fen) {
        return None;
    }
    let amount = yuan.parse::<i64>().ok()? * 100 + format!("{fen:0<2}").parse::<i64>().ok()?;
    (amount <= MAX_FEN).then_some(Fen(amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        for (text, fen) in
            [("12", 1200), ("12.5", 1250), ("12.50", 1250), ("¥3.05", 305), ("0", 0), ("8元", 800)]
        {
            assert_eq!(yuan(text), Some(Fen(fen)), "{text}");
        }
        for text in ["", ".", "12.505", "-3", "1e3", "12,5", "99999999", "٣"] {
            assert_eq!(yuan(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_shown_of_a_form_is_read_again() {
        let typed = "capacity=80&mode=dine_in&name-0=%E9%B1%BC&kind-0=dish&price-0=6.5&portions-0=&allergen-0=fish\
                     &name-1=&price-1=&note=";
        let planned = read(&Fields::parse(typed.as_bytes()), Lang::En).unwrap();
        assert_eq!((planned.capacity.get(), planned.items.len()), (80, 1));
        let fish = &planned.items[0];
        assert_eq!((fish.name.as_str(), fish.kind, fish.price_fen), ("鱼", ItemKind::Dish, Fen(650)));
        assert_eq!(fish.allergens[0].as_str(), "fish");
    }

    #[test]
    fn each_fault_is_told_at_its_field() {
        let typed = "capacity=&name-0=A&price-0=x&name-1=A&price-1=1";
        let errors = read(&Fields::parse(typed.as_bytes()), Lang::En).unwrap_err();
        let summary = errors.summary(Lang::En).into_string();
        for field in ["capacity", "mode", "price-0", "name-1"] {
            assert!(summary.contains(&format!("#{field}\"")), "{field}");
        }
    }
}
