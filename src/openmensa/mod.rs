//! Public menus as OpenMensa v2 tells them (docs.openmensa.org), for programs that were made for it.
//!
//! Its ids are whole numbers: a canteen has one of its own, and a meal's is made of its id here. A canteen's day is open
//! where a menu is public, closed where a closure or the week says so, and not told where nothing is known yet. Prices
//! are list prices, in yuan, for everybody alike (`others`): what is paid follows from who one is, and is nobody's
//! business here.

mod feed;
pub mod http;

use chrono::{Datelike, Days, NaiveDate};
use sha2::{Digest, Sha256};

use crate::{
    canteens::{self, Canteen, Closure},
    db::Conn,
    menus::{self, Item, Menu},
    money::Fen,
    problem::Fail,
    words::Lang,
};

/// How many days are looked at from a day on.
const DAYS_AHEAD: u64 = 31;

/// What can be eaten on a day.
#[derive(Clone, Debug)]
pub struct Day {
    pub on: NaiveDate,
    /// Whether nothing is served.
    pub closed: bool,
    /// In the order of the day and of the menus; none where it is closed.
    pub meals: Vec<Meal>,
}

/// Something that can be ordered.
#[derive(Clone, Debug)]
pub struct Meal {
    pub number: i64,
    pub name: String,
    /// The meal of the day.
    pub category: String,
    pub price: Fen,
    pub notes: Vec<String>,
}

/// The days from this one on of which something is known, in their order.
pub fn days_from(conn: &mut Conn, canteen: &Canteen, from: NaiveDate, lang: Lang) -> Result<Vec<Day>, Fail> {
    let to = from.checked_add_days(Days::new(DAYS_AHEAD)).unwrap_or(from);
    let menus: Vec<Menu> =
        menus::between(conn, canteen.id, from, to)?.into_iter().filter(Menu::is_public).collect();
    let closures = canteens::closures_between(conn, canteen.id, from, to)?;
    let days = from.iter_days().take_while(|on| *on <= to);
    Ok(days.filter_map(|on| day(canteen, on, &menus, &closures, lang)).collect())
}

/// One day, if anything is known of it.
pub fn day_on(conn: &mut Conn, canteen: &Canteen, on: NaiveDate, lang: Lang) -> Result<Option<Day>, Fail> {
    let menus: Vec<Menu> =
        menus::between(conn, canteen.id, on, on)?.into_iter().filter(Menu::is_public).collect();
    let closures = canteens::closures_between(conn, canteen.id, on, on)?;
    Ok(day(canteen, on, &menus, &closures, lang))
}

fn day(canteen: &Canteen, on: NaiveDate, menus: &[Menu], closures: &[Closure], lang: Lang) -> Option<Day> {
    let meals: Vec<Meal> = menus
        .iter()
        .filter(|menu| menu.served_on == on)
        .flat_map(|menu| menu.offered().map(move |item| Meal::of(menu, item, lang)))
        .collect();
    if !meals.is_empty() {
        return Some(Day { on, closed: false, meals });
    }
    is_closed(canteen, on, closures).then_some(Day { on, closed: true, meals })
}

/// Whether no meal of the canteen is served on this day: by the week, or because of closures.
fn is_closed(canteen: &Canteen, on: NaiveDate, closures: &[Closure]) -> bool {
    let weekday = on.weekday().into();
    canteen.periods.iter().all(|meal| {
        !meal.weekdays.contains(&weekday) || closures.iter().any(|closure| closure.covers(on, meal.period))
    })
}

impl Meal {
    fn of(menu: &Menu, item: &Item, lang: Lang) -> Meal {
        let (contains, modes) = match lang {
            Lang::Zh => ("含 ", "、"),
            Lang::En => ("contains ", ", "),
        };
        let allergens = item.allergens.iter().map(|allergen| format!("{contains}{allergen}"));
        let ways: Vec<String> = menu.modes.iter().map(|mode| mode.said().get(lang).to_owned()).collect();
        let own = (!menu.note.is_empty()).then(|| menu.note.clone());
        Meal {
            number: number_of(item),
            name: item.name.clone(),
            category: menu.period.said().get(lang).to_owned(),
            price: item.price_fen,
            notes: allergens.chain(item.diet_tags.clone()).chain([ways.join(modes)]).chain(own).collect(),
        }
    }
}

/// A whole number for an item: always the same for it, and small enough for every program (2^53).
fn number_of(item: &Item) -> i64 {
    let hash = Sha256::digest(item.id.uuid().as_bytes());
    let bytes: [u8; 8] = std::array::from_fn(|at| hash[at]);
    (u64::from_be_bytes(bytes) >> 11).max(1) as i64
}
