//! What is cooked and who eats it: the plan of one meal, from which both the history and the day are played.

use chrono::NaiveDate;

use super::{
    dice::Dice,
    people::is_summer,
    places::Place,
    setup::{Diner, Kitchen},
};
use crate::{
    headcounts::Channel,
    menus::ItemPlan,
    money::Fen,
    text::{Line, Slug},
    words::{ItemKind, Mode, Period},
};

/// A dish: its name, its price as one ordered by itself, its allergens.
type Dish = (&'static str, i64, &'static [&'static str]);

const MEAT: &[Dish] = &[
    ("红烧肉", 800, &["soy"]),
    ("清蒸鲈鱼", 900, &["fish"]),
    ("宫保鸡丁", 700, &["peanut"]),
    ("土豆炖牛腩", 900, &[]),
    ("虾仁滑蛋", 800, &["shrimp", "egg"]),
    ("香菇蒸鸡", 700, &[]),
    ("肉末豆腐", 600, &["soy"]),
];
const VEGETABLES: &[Dish] = &[
    ("清炒时蔬", 300, &[]),
    ("西红柿炒蛋", 400, &["egg"]),
    ("蒜蓉西兰花", 400, &[]),
    ("醋溜白菜", 300, &[]),
    ("麻婆豆腐", 300, &["soy"]),
    ("蒸南瓜", 300, &[]),
];

/// One meal of one canteen.
#[derive(Clone, Debug)]
pub struct MealPlan {
    pub on: NaiveDate,
    pub period: Period,
    pub items: Vec<ItemPlan>,
    pub orders: Vec<Ordered>,
    /// Who comes without a reservation, by their place among the diners.
    pub walk_ins: Vec<usize>,
    pub guests: usize,
    /// Whether the first who comes eats twice.
    pub second_meal: bool,
    /// Whether the second check-in is a mistake that is voided and made again.
    pub mistake: bool,
}

/// Somebody's reservation, and what becomes of it.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// Their place among the diners.
    pub diner: usize,
    pub channel: Channel,
    pub mode: Mode,
    /// Places of the items on the menu.
    pub picks: Vec<usize>,
    pub confirmed_allergens: Vec<Slug>,
    /// Whether it is made after the cut-off, at the desk.
    pub late: bool,
    pub fate: Fate,
}

/// How a reservation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Cancelled,
    NoShow,
    /// Checked in by a volunteer at the door.
    AtDoor,
    /// Checked in by staff at the desk.
    AtDesk,
}

/// What is cooked that day.
pub fn items(place: &Place, on: NaiveDate, period: Period) -> Result<Vec<ItemPlan>, String> {
    let mut dice = dice(place, on, period, 1);
    let (meat, vegetables) = (some(&mut dice, MEAT), some(&mut dice, VEGETABLES));
    let mut items = vec![
        item(&format!("{}套餐", meat[0].0), ItemKind::Set, place.set_fen, meat[0].2, &[])?,
        item(
            &format!("{}软食套餐", vegetables[0].0),
            ItemKind::Set,
            place.set_fen,
            vegetables[0].2,
            &["soft"],
        )?,
    ];
    if place.dishes {
        for (name, price_fen, allergens) in meat.iter().chain(&vegetables) {
            items.push(item(name, ItemKind::Dish, *price_fen, allergens, &[])?);
        }
        items.push(item("米饭", ItemKind::Dish, 100, &[], &[])?);
    }
    Ok(items)
}

/// Three that follow one another, from a place that chance names.
fn some(dice: &mut Dice, dishes: &[Dish]) -> Vec<Dish> {
    let first = dice.below(dishes.len());
    dishes.iter().cycle().skip(first).take(3).copied().collect()
}

fn item(
    name: &str,
    kind: ItemKind,
    price_fen: i64,
    allergens: &[&str],
    diet_tags: &[&str],
) -> Result<ItemPlan, String> {
    let slugs = |words: &[&str]| words.iter().map(|word| Slug::parse(word)).collect::<Result<_, _>>();
    Ok(ItemPlan {
        id: None,
        name: Line::parse(name)?,
        kind,
        price_fen: Fen(price_fen),
        portions: None,
        allergens: slugs(allergens)?,
        diet_tags: slugs(diet_tags)?,
    })
}

/// Who eats what that day, and how it goes.
pub fn plan(kitchen: &Kitchen, on: NaiveDate, period: Period) -> Result<MealPlan, String> {
    let place = kitchen.place;
    let items = items(place, on, period)?;
    let mut dice = dice(place, on, period, 2);
    let wanted = place.diners(period);
    let coming: Vec<usize> = (0..kitchen.diners.len())
        .filter(|index| is_summer(on) || !kitchen.diners[*index].migrant)
        // A quarter more than come are regulars; from day to day others of them stay at home.
        .take(wanted + wanted / 4)
        .filter(|_| dice.percent(80))
        .collect();
    let mut plan = MealPlan {
        on,
        period,
        items,
        orders: Vec::new(),
        walk_ins: Vec::new(),
        guests: usize::from(dice.percent(60)),
        second_meal: dice.percent(40),
        mistake: dice.percent(20),
    };
    for diner in coming {
        // Who can order from home does.
        let from_home =
            matches!(way_in(&kitchen.diners[diner], &mut dice), Channel::OneSelf | Channel::Family);
        if !from_home && dice.percent(10) {
            plan.walk_ins.push(diner);
        } else {
            let ordered = order(&mut dice, &kitchen.diners[diner], place, &plan.items, diner);
            plan.orders.push(ordered);
        }
    }
    Ok(plan)
}

fn order(dice: &mut Dice, diner: &Diner, place: &Place, items: &[ItemPlan], index: usize) -> Ordered {
    let picks = picks(dice, diner, place, items);
    let confirmed_allergens = picks
        .iter()
        .flat_map(|pick| &items[*pick].allergens)
        .filter(|allergen| diner.resident.allergens.0.iter().any(|own| own == allergen.as_str()))
        .cloned()
        .collect();
    let late = dice.percent(3);
    Ordered {
        diner: index,
        channel: if late { Channel::Desk } else { way_in(diner, dice) },
        mode: match dice.below(20) {
            0 => Mode::Takeaway,
            1 | 2 => Mode::Delivery,
            _ => Mode::DineIn,
        },
        picks,
        confirmed_allergens,
        late,
        fate: match dice.below(100) {
            0..=2 if !late => Fate::Cancelled,
            3..=7 => Fate::NoShow,
            8..=60 => Fate::AtDoor,
            _ => Fate::AtDesk,
        },
    }
}

/// Through which channel somebody orders.
fn way_in(diner: &Diner, dice: &mut Dice) -> Channel {
    if diner.pin.is_some() {
        Channel::OneSelf
    } else if diner.family.is_some() {
        Channel::Family
    } else if dice.percent(40) {
        Channel::Phone
    } else {
        Channel::Desk
    }
}

/// A set meal, or at a place with dishes now and then one of meat, two of vegetables and rice.
fn picks(dice: &mut Dice, diner: &Diner, place: &Place, items: &[ItemPlan]) -> Vec<usize> {
    if place.dishes && dice.percent(50) {
        let meat = 2 + dice.below(3);
        return vec![meat, 5, 6, items.len() - 1];
    }
    let agrees = |item: &ItemPlan| {
        !item
            .allergens
            .iter()
            .any(|allergen| diner.resident.allergens.0.iter().any(|own| own == allergen.as_str()))
    };
    let soft = diner.resident.diet_tags.0.iter().any(|tag| tag == "soft");
    let wished = usize::from(soft || dice.percent(30));
    vec![if agrees(&items[wished]) { wished } else { 1 - wished }]
}

/// Chance of its own for every place, day, meal and purpose.
fn dice(place: &Place, on: NaiveDate, period: Period, purpose: u64) -> Dice {
    let place: u64 = place.key.bytes().fold(7, |seed, byte| seed.wrapping_mul(131) ^ u64::from(byte));
    let day = chrono::Datelike::num_days_from_ce(&on) as u64;
    Dice::new(place.wrapping_mul(1_000_003) ^ (day << 8) ^ ((period as u64) << 4) ^ purpose)
}
