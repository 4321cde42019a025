//! Menus (菜单): what a canteen offers for one date and one meal period.
//!
//! A menu is drafted, published, and then closed or withdrawn. There is at most one for a canteen, date and period
//! (BR-10). A published menu that changes keeps its editions, and those who reserved can see that it changed. Its cut-off
//! and serving window are instants, worked out from the canteen's rules when it is made (BR-21). Places and portions are
//! taken by guarded updates and never exceeded (BR-25).

pub mod http;
mod store;

use chrono::{NaiveDate, TimeDelta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    access::{Actor, OnDuty},
    canteens::{self, Canteen},
    clock::At,
    db::{self, Conn},
    guards,
    ids::{CanteenId, MenuId, MenuItemId},
    money::Fen,
    pricing::{Order, OrderLine},
    problem::{Code, Fail, Problem},
    text::{Line, Slug, Whole},
    words,
    words::{Bilingual, ItemKind, MealClass, Mode, Period},
};

pub use store::{end_line, hold, queue, release_portions, release_seat, take_portions, take_seat, unqueue};

/// How long after its serving window a menu closes by itself (BR-37).
pub const CLOSES_AFTER: TimeDelta = TimeDelta::hours(2);

/// How far ahead a menu is made.
pub const MOST_AHEAD: TimeDelta = TimeDelta::days(366);

/// The most items on one menu.
const MOST_ITEMS: usize = 60;

words! {
    /// How far a menu has come.
    pub enum MenuStatus {
        Draft = "draft",
        Published = "published",
        Withdrawn = "withdrawn",
        Closed = "closed",
    }
}

impl MenuStatus {
    /// What people call it.
    pub fn said(self) -> Bilingual {
        match self {
            MenuStatus::Draft => Bilingual::new("草稿", "Draft"),
            MenuStatus::Published => Bilingual::new("已发布", "Published"),
            MenuStatus::Withdrawn => Bilingual::new("已撤回", "Withdrawn"),
            MenuStatus::Closed => Bilingual::new("已结束", "Closed"),
        }
    }
}

/// Whose turn it is to take a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Whoever comes, while nobody waits.
    Anybody,
    /// The first in line; after the cut-off, when the line has ended, the desk.
    PastTheLine,
}

/// A menu with its items.
#[derive(Clone, Debug)]
pub struct Menu {
    pub id: MenuId,
    pub canteen_id: CanteenId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub status: MenuStatus,
    /// How many persons it is made for.
    pub capacity: i32,
    /// How many places are taken.
    pub taken: i32,
    pub modes: Vec<Mode>,
    pub delivery_fee_fen: Fen,
    pub note: String,
    pub cutoff_at: At,
    pub serves_from_at: At,
    pub serves_to_at: At,
    pub published_at: Option<At>,
    pub closed_at: Option<At>,
    pub edition: i32,
    pub version: i32,
    /// How many wait for a place.
    pub waiting: i32,
    /// Counts every change of what the menu, its door list and its headcount show.
    pub changes: i64,
    /// In the order of the menu; struck items included.
    pub items: Vec<Item>,
}

/// As much of a menu as tells whether what somebody holds of it is still right.
#[derive(Clone, Copy, Debug, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = crate::db::schema::menus)]
pub struct Mark {
    pub id: MenuId,
    pub canteen_id: CanteenId,
    pub status: MenuStatus,
    pub cutoff_at: At,
    pub serves_to_at: At,
    pub published_at: Option<At>,
    pub closed_at: Option<At>,
    pub version: i32,
    /// Counts every change of what the menu, its door list and its headcount show.
    pub changes: i64,
}

/// Something one can order.
#[derive(Clone, Debug)]
pub struct Item {
    pub id: MenuItemId,
    pub name: String,
    pub kind: ItemKind,
    pub price_fen: Fen,
    /// How many there are; unlimited without.
    pub portions: Option<i32>,
    pub taken: i32,
    pub allergens: Vec<String>,
    pub diet_tags: Vec<String>,
    /// Struck from the menu after it was published.
    pub removed: bool,
}

/// So many portions of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ItemPortions")]
pub struct Pick {
    pub item_id: MenuItemId,
    #[schemars(range(min = 1, max = 20))]
    pub portions: i32,
}

/// What a menu is to be: for drafting and for changing one.
#[derive(Clone, Debug)]
pub struct MenuPlan {
    /// The canteen's usual number without.
    pub capacity: Option<i32>,
    /// The canteen's usual ways without.
    pub modes: Option<Vec<Mode>>,
    pub note: String,
    pub items: Vec<ItemPlan>,
}

/// What an item is to be.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemPlan {
    /// The item that this changes; a new one without.
    #[serde(default)]
    pub id: Option<MenuItemId>,
    pub name: Line<60>,
    pub kind: ItemKind,
    /// The list price of one portion.
    pub price_fen: Fen,
    /// How many portions there are; unlimited without.
    #[serde(default)]
    pub portions: Option<Whole<0, 100000>>,
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub allergens: Vec<Slug>,
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub diet_tags: Vec<Slug>,
}

impl Item {
    /// Whether a portion is left.
    pub fn is_left(&self) -> bool {
        self.portions.is_none_or(|portions| self.taken < portions)
    }
}

impl Menu {
    /// How many places are free for whoever comes: none while somebody waits.
    pub fn places_left(&self) -> i32 {
        if self.waiting > 0 { 0 } else { (self.capacity - self.taken).max(0) }
    }

    /// Whether staff may still change it.
    fn is_open_for_changes(&self) -> bool {
        matches!(self.status, MenuStatus::Draft | MenuStatus::Published)
    }

    /// Whether nobody more can be served: no place is left, or nothing to eat.
    pub fn is_full(&self) -> bool {
        self.taken >= self.capacity || !self.offered().any(Item::is_left)
    }

    /// Counts a place and portions that were taken since the menu was read.
    pub fn note_taken(&mut self, picks: &[Pick]) {
        self.taken += 1;
        for item in &mut self.items {
            let picked = picks.iter().filter(|pick| pick.item_id == item.id);
            item.taken += picked.map(|pick| pick.portions).sum::<i32>();
        }
    }

    /// The first instant at which the meal is over: when it was closed, or two hours after its window (BR-37).
    pub fn closes_at(&self) -> At {
        closes_at(self.serves_to_at, self.closed_at)
    }

    /// Whether people may see it.
    pub fn is_public(&self) -> bool {
        self.status.is_public()
    }

    /// The items that can be ordered.
    pub fn offered(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.removed)
    }

    pub fn item(&self, id: MenuItemId) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// Checks picks against the menu: known and offered items, each once, 1 to 20 portions; `bad_order` otherwise.
    pub fn check_picks(&self, picks: &[Pick]) -> Result<(), Problem> {
        let bad = |reason: &str| Err(Problem::new(Code::BadOrder).with("reason", reason));
        if picks.is_empty() {
            return bad("nothing is ordered");
        }
        for (position, pick) in picks.iter().enumerate() {
            if !self.offered().any(|item| item.id == pick.item_id) {
                return bad("an item is not on this menu");
            }
            if picks[..position].iter().any(|earlier| earlier.item_id == pick.item_id) {
                return bad("an item is named twice; say how many portions instead");
            }
            if !(1..=20).contains(&pick.portions) {
                return bad("portions are from 1 to 20");
            }
        }
        Ok(())
    }

    /// What the picks are as an order that can be priced.
    ///
    /// The first portion of each dish and of one set are the meal; every further portion is a second helping on a line
    /// of its own, at full price (BR-20).
    pub fn order(&self, picks: &[Pick], mode: Mode, class: MealClass) -> Order {
        let mut lines = Vec::new();
        let mut had_set = false;
        for pick in picks {
            let Some(item) = self.item(pick.item_id) else { continue };
            let first = if item.kind == ItemKind::Set && had_set { 0 } else { 1 };
            had_set |= item.kind == ItemKind::Set;
            for (quantity, second_helping) in [(first, false), (pick.portions - first, true)] {
                if quantity > 0 {
                    lines.push(OrderLine {
                        item_kind: item.kind,
                        price_fen: item.price_fen,
                        quantity,
                        second_helping,
                    });
                }
            }
        }
        let delivery_fee_fen = if mode == Mode::Delivery { self.delivery_fee_fen } else { Fen::ZERO };
        Order { period: self.period, mode, class, lines, delivery_fee_fen }
    }

    /// What is served to somebody who ordered nothing: one portion of the first set that is left, or the first dish.
    pub fn usual_pick(&self) -> Option<Pick> {
        let left = || self.offered().filter(|item| item.is_left());
        left()
            .find(|item| item.kind == ItemKind::Set)
            .or_else(|| left().next())
            .map(|item| Pick { item_id: item.id, portions: 1 })
    }
}

impl MenuStatus {
    /// Whether people may see a menu in this state.
    fn is_public(self) -> bool {
        matches!(self, MenuStatus::Published | MenuStatus::Closed)
    }
}

impl Mark {
    /// As [`Menu::closes_at`].
    pub fn closes_at(&self) -> At {
        closes_at(self.serves_to_at, self.closed_at)
    }

    /// Whether people may see the menu.
    pub fn is_public(&self) -> bool {
        self.status.is_public()
    }
}

fn closes_at(serves_to_at: At, closed_at: Option<At>) -> At {
    let by_itself = serves_to_at + CLOSES_AFTER;
    closed_at.map_or(by_itself, |closed_at| closed_at.min(by_itself))
}

/// The mark of the menu with this id; `menu_not_found` without.
pub fn mark(conn: &mut Conn, id: MenuId) -> Result<Mark, Fail> {
    store::mark(conn, id)?.ok_or_else(|| Code::MenuNotFound.into())
}

/// The marks of a canteen's menus between two days, both included, by id.
pub fn marks(
    conn: &mut Conn,
    canteen: CanteenId,
    from_on: NaiveDate,
    to_on: NaiveDate,
) -> Result<Vec<Mark>, Fail> {
    Ok(store::marks(conn, canteen, from_on, to_on)?)
}

/// Counts a change on these menus: of whatever a menu, its door list or its headcount shows.
///
/// Every act that changes such a thing ends with it, or with taking or giving back a place, which counts too. The row is
/// held until the commit, so two acts never leave the same number behind, and whoever sees a number sees all that was
/// counted until it. It is the busiest row, hence the last.
pub fn count_changes(conn: &mut Conn, ids: &[MenuId]) -> Result<(), Fail> {
    if ids.is_empty() {
        return Ok(());
    }
    Ok(store::count_changes(conn, ids)?)
}

/// The same for an act that relied on the state of this menu as it was read; `menu_not_open` when somebody ended it
/// meanwhile, and released what the act promised anew.
pub fn count_change_while(conn: &mut Conn, menu: &Menu) -> Result<(), Fail> {
    if guards::is_off("ended") {
        return count_changes(conn, &[menu.id]);
    }
    if store::count_change_in(conn, menu.id, menu.status)? {
        return Ok(());
    }
    let status = find(conn, menu.id)?.status;
    Err(Problem::new(Code::MenuNotOpen).with("status", status).into())
}

/// The menu with this id, for those who may see it as it is; `menu_not_found` without.
pub fn find(conn: &mut Conn, id: MenuId) -> Result<Menu, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::MenuNotFound.into())
}

/// A canteen's menus between two days, both included, in the order of the days and meals.
pub fn between(
    conn: &mut Conn,
    canteen: CanteenId,
    from_on: NaiveDate,
    to_on: NaiveDate,
) -> Result<Vec<Menu>, Fail> {
    Ok(store::between(conn, canteen, from_on, to_on)?)
}

/// Menus by their ids.
pub fn by_ids(conn: &mut Conn, ids: &[MenuId]) -> Result<Vec<Menu>, Fail> {
    Ok(store::by_ids(conn, ids)?)
}

/// Some of the menus whose cut-off has passed while somebody still waits: no more than others may wait for.
pub fn past_cutoff_with_a_line(conn: &mut Conn, now: At) -> Result<Vec<MenuId>, Fail> {
    Ok(store::past_cutoff_with_a_line(conn, now)?)
}

/// Some of the published menus whose meal is over at this instant: no more than others may wait for.
pub fn to_close(conn: &mut Conn, now: At) -> Result<Vec<MenuId>, Fail> {
    Ok(store::to_close(conn, now - CLOSES_AFTER)?)
}

/// Drafts a menu.
///
/// Fails with `period_not_served`, `canteen_closed`, `menu_in_past`, `menu_exists` (BR-10), `bad_menu`.
pub fn draft(
    conn: &mut Conn,
    duty: &OnDuty,
    canteen: &Canteen,
    served_on: NaiveDate,
    period: Period,
    plan: &MenuPlan,
    now: At,
) -> Result<Menu, Fail> {
    assert_eq!(duty.canteen(), canteen.id, "a proof for one canteen is no proof for another");
    let closures = canteens::closures_around(conn, canteen.id, served_on)?;
    let times = canteen.meal_times(period, served_on, &closures)?;
    if times.serves_to_at <= now {
        return Err(Code::MenuInPast.into());
    }
    if served_on > canteen.today(now) + MOST_AHEAD {
        return Err(bad("菜单最多提前一年做", "a menu is made at most a year ahead").into());
    }
    let usual = canteen.period(period)?;
    let plan = check(plan)?;
    let menu = Menu {
        id: crate::id::Id::new(now),
        canteen_id: canteen.id,
        served_on,
        period,
        status: MenuStatus::Draft,
        capacity: plan.capacity.unwrap_or(usual.default_capacity),
        taken: 0,
        modes: plan.modes.clone().unwrap_or_else(|| usual.modes.clone()),
        delivery_fee_fen: canteen.delivery_fee_fen,
        note: plan.note.clone(),
        cutoff_at: times.cutoff_at,
        serves_from_at: times.serves_from_at,
        serves_to_at: times.serves_to_at,
        published_at: None,
        closed_at: None,
        edition: 0,
        version: 1,
        waiting: 0,
        changes: 1,
        items: plan.items.iter().map(|item| new_item(item, now)).collect(),
    };
    if !store::insert(conn, &menu)? {
        return Err(Code::MenuExists.into());
    }
    Ok(menu)
}

/// Publishes a draft: from now on it can be reserved from.
///
/// Fails with `menu_not_draft`, `menu_in_past`, `canteen_closed`, `bad_menu` when it offers nothing.
pub fn publish(conn: &mut Conn, duty: &OnDuty, id: MenuId, now: At) -> Result<Menu, Fail> {
    let menu = own(conn, duty, id)?;
    if menu.status != MenuStatus::Draft {
        return Err(Code::MenuNotDraft.into());
    }
    if menu.serves_to_at <= now {
        return Err(Code::MenuInPast.into());
    }
    if menu.offered().next().is_none() {
        return Err(
            bad("要发布的菜单至少要有一道菜", "a menu to be published offers at least one item").into()
        );
    }
    if let Some(closure) = canteens::closure_for(conn, menu.canteen_id, menu.served_on, menu.period)? {
        return Err(Problem::new(Code::CanteenClosed).with("reason", closure.reason).into());
    }
    if !store::publish(conn, id, now)? {
        return Err(Code::MenuNotDraft.into());
    }
    let menu = find(conn, id)?;
    keep_edition(conn, &menu, duty.actor(), now)?;
    Ok(menu)
}

/// Changes a draft or a published menu that the caller has seen as `version`.
///
/// Items that are named keep their id, others are new, and those left out are struck. Fails with `stale`,
/// `menu_not_open` once it is withdrawn or closed, `capacity_below_taken` (BR-28), `bad_menu`.
pub fn change(
    conn: &mut Conn,
    duty: &OnDuty,
    id: MenuId,
    plan: &MenuPlan,
    version: i32,
    now: At,
) -> Result<Menu, Fail> {
    let menu = own(conn, duty, id)?;
    if !menu.is_open_for_changes() {
        return Err(Problem::new(Code::MenuNotOpen).with("status", menu.status).into());
    }
    let plan = check(plan)?;
    if menu.status == MenuStatus::Published && plan.items.is_empty() {
        return Err(bad("已发布的菜单至少要有一道菜", "a published menu offers at least one item").into());
    }
    let edition = menu.edition + i32::from(menu.status == MenuStatus::Published);
    let header = store::Header {
        capacity: plan.capacity.unwrap_or(menu.capacity),
        modes: plan.modes.clone().unwrap_or_else(|| menu.modes.clone()),
        note: plan.note.clone(),
        edition,
    };
    if !store::update_header(conn, id, version, &header)? {
        return Err(stale_or_below(conn, id, version, header.capacity)?);
    }
    change_items(conn, &menu, &plan.items, now)?;
    let changed = find(conn, id)?;
    if changed.status == MenuStatus::Published {
        keep_edition(conn, &changed, duty.actor(), now)?;
    }
    Ok(changed)
}

fn stale_or_below(conn: &mut Conn, id: MenuId, version: i32, capacity: i32) -> Result<Fail, Fail> {
    let present = find(conn, id)?;
    Ok(if present.version != version {
        Code::Stale.into()
    } else if !present.is_open_for_changes() {
        Problem::new(Code::MenuNotOpen).with("status", present.status).into()
    } else if present.taken > capacity {
        Problem::new(Code::CapacityBelowTaken).with("taken", present.taken).into()
    } else {
        // A place was freed in between.
        db::overtaken().into()
    })
}

fn change_items(conn: &mut Conn, menu: &Menu, plans: &[ItemPlan], now: At) -> Result<(), Fail> {
    for (position, plan) in plans.iter().enumerate() {
        let position = i32::try_from(position).unwrap_or(i32::MAX);
        match plan.id {
            None => store::insert_item(conn, menu.id, position, &new_item(plan, now))?,
            Some(id) => {
                if menu.item(id).is_none() {
                    return Err(bad(
                        "要改的菜品不在这份菜单上",
                        "an item that is to be changed is not on this menu",
                    )
                    .into());
                }
                let item = Item { id, ..new_item(plan, now) };
                if !store::update_item(conn, position, &item)? {
                    let taken = find(conn, menu.id)?.item(id).map_or(0, |item| item.taken);
                    return Err(Problem::new(Code::CapacityBelowTaken).with("taken", taken).into());
                }
            }
        }
    }
    let kept: Vec<MenuItemId> = plans.iter().filter_map(|plan| plan.id).collect();
    for item in menu.items.iter().filter(|item| !kept.contains(&item.id)) {
        store::strike_item(conn, item.id)?;
    }
    Ok(())
}

/// Withdraws a draft or a published menu. What was reserved is cancelled by `reservations`.
pub fn withdraw(conn: &mut Conn, duty: &OnDuty, id: MenuId) -> Result<Menu, Fail> {
    own(conn, duty, id)?;
    take_back(conn, id)
}

/// Withdraws a menu that a closure covers.
pub fn withdraw_for_closure(conn: &mut Conn, menu: &Menu) -> Result<Menu, Fail> {
    take_back(conn, menu.id)
}

fn take_back(conn: &mut Conn, id: MenuId) -> Result<Menu, Fail> {
    if !store::set_status(conn, id, &[MenuStatus::Draft, MenuStatus::Published], MenuStatus::Withdrawn, None)?
    {
        let status = find(conn, id)?.status;
        return Err(Problem::new(Code::MenuNotOpen).with("status", status).into());
    }
    find(conn, id)
}

/// Closes a published menu at this instant; `menu_not_open` when it is not published. Draws are released by `attendance`.
pub fn close(conn: &mut Conn, id: MenuId, closed_at: At) -> Result<Menu, Fail> {
    if !store::set_status(conn, id, &[MenuStatus::Published], MenuStatus::Closed, Some(closed_at))? {
        let status = find(conn, id)?.status;
        return Err(Problem::new(Code::MenuNotOpen).with("status", status).into());
    }
    find(conn, id)
}

/// A menu that was copied, or why it was not.
#[derive(Clone, Debug)]
pub enum Copied {
    Made(Menu),
    Skipped { served_on: NaiveDate, period: Period, why: Problem },
}

/// Copies the menus of `days` days from `from_on` on to the days from `to_on` on (BR-12), as drafts.
///
/// Days that are closed, past or have a menu already are skipped and told. Fails with `nothing_to_copy`.
pub fn copy(
    conn: &mut Conn,
    duty: &OnDuty,
    canteen: &Canteen,
    from_on: NaiveDate,
    to_on: NaiveDate,
    days: i32,
    now: At,
) -> Result<Vec<Copied>, Fail> {
    let near = |on: NaiveDate| (on - canteen.today(now)).num_days().abs() <= MOST_AHEAD.num_days();
    if !near(from_on) || !near(to_on) {
        return Err(Code::NothingToCopy.into());
    }
    let last_on = from_on + TimeDelta::days(i64::from(days) - 1);
    let sources = between(conn, canteen.id, from_on, last_on)?;
    let mut copied = Vec::new();
    for source in sources.iter().filter(|menu| menu.status != MenuStatus::Withdrawn) {
        let served_on = to_on + (source.served_on - from_on);
        let plan = plan_of(source)?;
        match draft(conn, duty, canteen, served_on, source.period, &plan, now) {
            Ok(menu) => copied.push(Copied::Made(menu)),
            Err(Fail::Refused(why)) => copied.push(Copied::Skipped { served_on, period: source.period, why }),
            Err(fail) => return Err(fail),
        }
    }
    if copied.is_empty() {
        return Err(Code::NothingToCopy.into());
    }
    Ok(copied)
}

fn plan_of(menu: &Menu) -> Result<MenuPlan, Fail> {
    let unfit = |reason: String| bad("原来的菜单里有不能照抄的内容", &reason);
    let words = |words: &[String]| words.iter().map(|word| Slug::parse(word)).collect::<Result<_, _>>();
    let mut items = Vec::new();
    for item in menu.offered() {
        items.push(ItemPlan {
            id: None,
            name: Line::parse(&item.name).map_err(unfit)?,
            kind: item.kind,
            price_fen: item.price_fen,
            portions: item.portions.map(Whole::new).transpose().map_err(unfit)?,
            allergens: words(&item.allergens).map_err(unfit)?,
            diet_tags: words(&item.diet_tags).map_err(unfit)?,
        });
    }
    Ok(MenuPlan {
        capacity: Some(menu.capacity),
        modes: Some(menu.modes.clone()),
        note: menu.note.clone(),
        items,
    })
}

fn own(conn: &mut Conn, duty: &OnDuty, id: MenuId) -> Result<Menu, Fail> {
    let menu = find(conn, id)?;
    assert_eq!(duty.canteen(), menu.canteen_id, "a proof for one canteen is no proof for another");
    Ok(menu)
}

fn new_item(plan: &ItemPlan, now: At) -> Item {
    let words = |words: &[Slug]| words.iter().map(|word| word.as_str().to_owned()).collect();
    Item {
        id: crate::id::Id::new(now),
        name: plan.name.as_str().to_owned(),
        kind: plan.kind,
        price_fen: plan.price_fen,
        portions: plan.portions.map(Whole::get),
        taken: 0,
        allergens: words(&plan.allergens),
        diet_tags: words(&plan.diet_tags),
        removed: false,
    }
}

fn check(plan: &MenuPlan) -> Result<&MenuPlan, Problem> {
    if plan.items.len() > MOST_ITEMS {
        return Err(bad("一份菜单最多 60 道菜", "a menu has at most 60 items"));
    }
    if plan.modes.as_ref().is_some_and(Vec::is_empty) {
        return Err(bad("至少要有一种取餐方式", "a menu is served in at least one way"));
    }
    for (position, item) in plan.items.iter().enumerate() {
        let twice = plan.items[..position]
            .iter()
            .any(|earlier| earlier.name == item.name || (item.id.is_some() && earlier.id == item.id));
        if twice {
            return Err(bad("有两道菜的名称或编号相同", "two items have the same name or id").field(
                format!("/items/{position}"),
                "duplicate",
                Bilingual::new("重复的菜品", "named twice"),
            ));
        }
    }
    Ok(plan)
}

fn bad(zh: &str, en: &str) -> Problem {
    Problem::new(Code::BadMenu).with("reason", Bilingual::new(zh, en))
}

fn keep_edition(conn: &mut Conn, menu: &Menu, by: Actor, now: At) -> Result<(), Fail> {
    let document = http::MenuBody::from(menu.clone());
    let document = serde_json::to_string(&document)
        .map_err(|error| Fail::Database(diesel::result::Error::SerializationError(Box::new(error))))?;
    Ok(store::insert_edition(conn, menu.id, menu.edition, &document, by, now)?)
}
