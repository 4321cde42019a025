//! How a meal is chosen by itself, once its menu is known.

use super::rules::own_allergens;
use crate::{
    menus::{Item, Menu, Pick},
    problem::{Code, Problem},
    residents::Resident,
    words,
    words::ItemKind,
};

words! {
    /// By which rule a meal is chosen. What holds an allergen on the resident's record is never chosen.
    pub enum ItemRule {
        /// The first set meal of the menu.
        SetMeal = "set_meal",
        /// The cheapest item, be it a set meal or a dish.
        Cheapest = "cheapest",
        /// The first item with every diet tag of the resident, set meals before dishes.
        ByDiet = "by_diet",
    }
}

/// One portion of what the rule chooses of what is left.
///
/// Fails with `no_item_fits`; with `diet_conflict` when everything that fits holds an allergen on the resident's record;
/// with `item_sold_out` when none of it is left.
pub(super) fn choose(menu: &Menu, resident: &Resident, rule: ItemRule) -> Result<Vec<Pick>, Problem> {
    let fitting: Vec<&Item> = menu.offered().filter(|item| fits(item, resident, rule)).collect();
    let first = *fitting.first().ok_or(Code::NoItemFits)?;
    let agrees = |item: &&Item| own_allergens(item, resident).next().is_none();
    let Some(agreeable) = fitting.iter().copied().find(agrees) else {
        let allergens: Vec<&String> = own_allergens(first, resident).collect();
        return Err(Problem::new(Code::DietConflict).with("item", &first.name).with("allergens", allergens));
    };
    let mut left = fitting.into_iter().filter(agrees).filter(|item| item.is_left());
    let chosen = match rule {
        ItemRule::SetMeal => left.next(),
        ItemRule::Cheapest => left.min_by_key(|item| item.price_fen),
        ItemRule::ByDiet => left.min_by_key(|item| item.kind != ItemKind::Set),
    };
    match chosen {
        Some(item) => Ok(vec![Pick { item_id: item.id, portions: 1 }]),
        None => Err(Problem::new(Code::ItemSoldOut).with("item", &agreeable.name)),
    }
}

fn fits(item: &Item, resident: &Resident, rule: ItemRule) -> bool {
    match rule {
        ItemRule::SetMeal => item.kind == ItemKind::Set,
        ItemRule::Cheapest => true,
        ItemRule::ByDiet => resident.diet_tags.0.iter().all(|tag| item.diet_tags.contains(tag)),
    }
}
