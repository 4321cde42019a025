//! What somebody wants to eat and how, as it travels from page to page in the address.

use maud::{Markup, html};

use crate::{
    db::Conn,
    ids::MenuItemId,
    menus::{self, Item, Menu, Pick},
    page::Window,
    pages::{
        everyone::canteens::is_sold_out,
        forms::{Fields, address, hidden},
    },
    problem::Fail,
    reservations::{self, Listing, Reservation},
    residents::Resident,
    text::{Slug, Whole},
    words::{ItemKind, Mode},
};

/// How many reservations back one looks for what somebody usually eats.
const LOOK_BACK: i32 = 5;

/// Portions that are chosen of one item.
pub type Portions = Whole<1, 9>;

/// Answers so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub picks: Vec<Pick>,
    pub mode: Option<Mode>,
    /// Allergens that are accepted by name.
    pub confirmed: Vec<String>,
}

impl Wish {
    /// Reads the answers; what is not on the menu is none.
    pub fn of(fields: &Fields, menu: &Menu) -> Wish {
        let chosen = fields.all("set").chain(fields.all("dish"));
        let mut picks: Vec<Pick> = Vec::new();
        for item_id in chosen.filter_map(|id| id.parse::<MenuItemId>().ok()) {
            let known = menu.offered().any(|item| item.id == item_id);
            if known && !picks.iter().any(|pick| pick.item_id == item_id) {
                picks.push(Pick { item_id, portions: portions(fields, item_id) });
            }
        }
        Wish {
            picks,
            mode: Mode::from_word(fields.get("mode")).filter(|mode| menu.modes.contains(mode)),
            confirmed: fields
                .all("sure")
                .filter(|word| Slug::parse(word).is_ok())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// What a reservation says.
    pub fn reserved(reservation: &Reservation) -> Wish {
        Wish {
            picks: reservation.lines.clone(),
            mode: Some(reservation.mode),
            confirmed: reservation.confirmed_allergens.clone(),
        }
    }

    /// The answers as the fields that [`Wish::of`] reads.
    pub fn pairs(&self, menu: &Menu) -> Vec<(String, String)> {
        let picks = self.picks.iter().flat_map(|pick| {
            let set = menu.item(pick.item_id).is_some_and(|item| item.kind == ItemKind::Set);
            let chosen = (if set { "set" } else { "dish" }.to_owned(), pick.item_id.to_string());
            let more =
                (pick.portions > 1).then(|| (format!("n-{}", pick.item_id), pick.portions.to_string()));
            std::iter::once(chosen).chain(more)
        });
        let mode = self.mode.map(|mode| ("mode".to_owned(), mode.to_string()));
        let sure = self.confirmed.iter().map(|word| ("sure".to_owned(), word.clone()));
        picks.chain(mode).chain(sure).collect()
    }

    /// An address that carries the answers.
    pub fn address(&self, path: &str, menu: &Menu) -> String {
        address(path, self.pairs(menu))
    }

    /// The answers as they go along unseen in a form, without those that the form asks for.
    pub fn hidden(&self, menu: &Menu, but: &[&str]) -> Markup {
        let asked = |name: &str| but.iter().any(|asked| name.starts_with(asked));
        html! {
            @for (name, value) in self.pairs(menu).iter().filter(|(name, _)| !asked(name)) {
                (hidden(name, value))
            }
        }
    }

    /// The items with allergens that are on the resident's record and were not accepted by name, and these (BR-13).
    pub fn conflicts<'m>(&self, menu: &'m Menu, resident: &Resident) -> Vec<(&'m Item, Vec<String>)> {
        let items = self.picks.iter().filter_map(|pick| menu.item(pick.item_id));
        items
            .map(|item| {
                let mut unsafe_ones = on_record(item, resident);
                unsafe_ones.retain(|allergen| !self.confirmed.contains(allergen));
                (item, unsafe_ones)
            })
            .filter(|(_, allergens)| !allergens.is_empty())
            .collect()
    }
}

fn portions(fields: &Fields, item: MenuItemId) -> i32 {
    let item = item.to_string();
    let told = fields.named("n-").find(|(id, _)| *id == item).and_then(|(_, count)| count.parse().ok());
    told.and_then(|count| Portions::new(count).ok()).map_or(1, Portions::get)
}

/// The allergens of an item that are on the resident's record.
pub fn on_record(item: &Item, resident: &Resident) -> Vec<String> {
    item.allergens.iter().filter(|allergen| resident.allergens.0.contains(allergen)).cloned().collect()
}

/// What the resident usually eats, as far as this menu has it: the dishes and the way of the last meals; else the first
/// set that is left and that they may eat. None for whoever never reserved: they are asked.
pub fn usual(conn: &mut Conn, menu: &Menu, resident: &Resident) -> Result<Option<Wish>, Fail> {
    let window = Window::new(Whole::new(LOOK_BACK).ok(), None)?;
    let listing = Listing { residents: Some(vec![resident.id]), menu: None, status: None, window };
    let earlier = reservations::list(conn, &listing)?;
    let Some(last) = earlier.first() else { return Ok(None) };
    let safe = |item: &&Item| on_record(item, resident).is_empty() && !is_sold_out(item);
    let mut picks = Vec::new();
    let last_menu = menus::find(conn, last.menu_id)?;
    for name in last.lines.iter().filter_map(|pick| last_menu.item(pick.item_id)).map(|item| &item.name) {
        let same = menu.offered().filter(safe).find(|item| item.name == *name);
        picks.extend(same.map(|item| Pick { item_id: item.id, portions: 1 }));
    }
    if picks.len() < last.lines.len() {
        let set = menu.offered().filter(safe).find(|item| item.kind == ItemKind::Set);
        picks = set.map(|item| Pick { item_id: item.id, portions: 1 }).into_iter().collect();
    }
    let mode = menu.modes.iter().copied().find(|mode| *mode == last.mode).or(menu.modes.first().copied());
    Ok((!picks.is_empty()).then_some(Wish { picks, mode, confirmed: Vec::new() }))
}
