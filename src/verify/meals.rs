//! Menus, their items and editions: what is taken of them, and that the newest edition says what the rows say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::Value;

use super::{
    Audit, By, Place, attendances, counts, reservations,
    rights::{Acted, Rights},
    standing,
    store::{
        self, AttendanceRow, DeviceRow, EditionRow, EntryInLine, EntryRow, EventRow, ItemRow, MenuRow,
        OrderRow, OutcomeRow, QuoteRow, ReservationRow,
    },
    waiting,
};
use crate::{
    canteens::Zone,
    clock::At,
    db::Conn,
    ids::{CanteenId, DeviceId, MenuId, MenuItemId, QuoteId, ReservationId, StandingOrderId},
    menus::{Item, Menu, MenuStatus, Pick},
    money::Fen,
    pricing::{Arguments, Order},
    problem::Fail,
    reservations::waiting::WaitingStatus,
    words::{ItemKind, MealClass, Mode, Period},
};

/// An instant is taken when an act begins: acts that overlap may have been done in either order. None takes as long as
/// this.
pub(super) const CONCURRENT: chrono::TimeDelta = chrono::TimeDelta::seconds(10);

/// A meal with everything that was recorded about it.
pub(super) struct Meal {
    pub menu: MenuRow,
    pub zone: Zone,
    pub items: Vec<ItemRow>,
    pub editions: Vec<Edition>,
    pub reservations: Vec<Reserved>,
    /// Everybody who ever waited, in the order of the line.
    pub line: Vec<InLine>,
    pub outcomes: Vec<OutcomeRow>,
    /// The standing orders whose days include the meal's, and those that are named.
    pub orders: BTreeMap<StandingOrderId, OrderRow>,
    pub attendances: Vec<Attended>,
    /// Those on which somebody tapped.
    pub devices: BTreeMap<DeviceId, DeviceRow>,
    pub entries: Vec<EntryRow>,
    /// Those of the meal, and those that its reservations and attendances name.
    pub quotes: BTreeMap<QuoteId, Quoted>,
}

/// An edition of the menu, with its document if that can be read.
pub(super) struct Edition {
    pub row: EditionRow,
    pub document: Option<EditionDocument>,
}

/// A reservation with its lines and events.
pub(super) struct Reserved {
    pub row: ReservationRow,
    pub lines: Vec<Pick>,
    pub events: Vec<Event>,
}

/// An event with what was ordered at it, if that can be read.
pub(super) struct Event {
    pub row: EventRow,
    /// Its reservation and the version that it made.
    pub key: String,
    pub lines: Option<Vec<Pick>>,
}

/// A place in the waiting list with what was wished for, if that can be read.
pub(super) struct InLine {
    pub row: EntryInLine,
    pub lines: Option<Vec<Pick>>,
}

/// An attendance with what was taken, if that can be read.
pub(super) struct Attended {
    pub row: AttendanceRow,
    pub lines: Option<Vec<Pick>>,
}

/// A quote with its arguments, if they can be read.
pub(super) struct Quoted {
    pub row: QuoteRow,
    pub arguments: Option<Arguments>,
}

/// What people could order from, as it was kept.
#[derive(Deserialize)]
pub(super) struct EditionDocument {
    id: MenuId,
    canteen_id: CanteenId,
    served_on: chrono::NaiveDate,
    period: String,
    status: String,
    capacity: i32,
    modes: Value,
    delivery_fee_fen: i64,
    note: String,
    cutoff_at: At,
    serves_from_at: At,
    serves_to_at: At,
    published_at: Option<At>,
    closed_at: Option<At>,
    edition: i32,
    items: Vec<EditionItem>,
}

#[derive(Deserialize)]
struct EditionItem {
    id: MenuItemId,
    name: String,
    kind: String,
    price_fen: i64,
    portions: Option<i32>,
    allergens: Value,
    diet_tags: Value,
}

/// Goes through every meal.
pub(super) fn verify(conn: &mut Conn, audit: &mut Audit<'_>) -> Result<(), Fail> {
    let mut after = None;
    loop {
        let batch = store::menus_after(conn, after)?;
        let Some((last, _)) = batch.last() else { return Ok(()) };
        after = Some(last.id);
        for (menu, zone) in batch {
            let meal = load(conn, audit, menu, zone)?;
            audit.checked.meals += 1;
            times(audit, &meal);
            state(audit, &meal);
            editions(audit, &meal);
            places_taken(audit, &meal);
            portions_taken(audit, &meal);
            let rights = rights(conn, &meal)?;
            reservations::verify(audit, &meal, &rights);
            waiting::verify(audit, &meal, &rights);
            standing::at_meal(audit, &meal);
            attendances::verify(audit, &meal);
            counts::verify(audit, &meal);
        }
    }
}

fn load(conn: &mut Conn, audit: &mut Audit<'_>, menu: MenuRow, zone: Zone) -> Result<Meal, Fail> {
    let items = store::items(conn, menu.id)?;
    let editions =
        store::editions(conn, menu.id)?.into_iter().map(|row| edition(audit, &menu, row)).collect();
    let reservations = load_reservations(conn, audit, menu.id)?;
    let attendances: Vec<Attended> = store::attendances(conn, menu.id)?
        .into_iter()
        .map(|row| Attended { lines: picks(audit, "attendances", "lines", &row.id, &row.lines), row })
        .collect();
    let line: Vec<InLine> = store::line(conn, menu.id)?
        .into_iter()
        .map(|row| InLine { lines: picks(audit, "waiting_entries", "lines", &row.id, &row.lines), row })
        .collect();
    let outcomes = store::outcomes(conn, menu.id)?;
    let orders = load_orders(conn, &menu, &reservations, &line, &outcomes)?;
    let tapped_on = attendances.iter().filter_map(|attended| attended.row.device_id).collect();
    let devices = store::devices_by_ids(conn, &tapped_on)?;
    let devices = devices.into_iter().map(|device| (device.id, device)).collect();
    let entries = store::entries(conn, menu.id)?;
    let mut rows = store::quotes_of_meal(conn, &menu)?;
    let known: BTreeSet<QuoteId> = rows.iter().map(|quote| quote.id).collect();
    let named = reservations.iter().map(|reserved| reserved.row.quote_id);
    let named = named.chain(attendances.iter().filter_map(|attended| attended.row.quote_id));
    let elsewhere = named.filter(|id| !known.contains(id)).collect();
    rows.extend(store::quotes_by_ids(conn, &elsewhere)?);
    // Whether the arguments can be read is told when the quote itself is verified.
    let quoted = |row: QuoteRow| Quoted { arguments: serde_json::from_str(&row.arguments).ok(), row };
    let quotes = rows.into_iter().map(|row| (row.id, quoted(row))).collect();
    Ok(Meal {
        menu,
        zone,
        items,
        editions,
        reservations,
        line,
        outcomes,
        orders,
        attendances,
        devices,
        entries,
        quotes,
    })
}

fn load_orders(
    conn: &mut Conn,
    menu: &MenuRow,
    reservations: &[Reserved],
    line: &[InLine],
    outcomes: &[OutcomeRow],
) -> Result<BTreeMap<StandingOrderId, OrderRow>, Fail> {
    let mut orders: BTreeMap<StandingOrderId, OrderRow> = BTreeMap::new();
    let covering = store::orders_at(conn, menu.canteen_id, menu.served_on)?;
    orders.extend(covering.into_iter().map(|order| (order.id, order)));
    let named = reservations.iter().filter_map(|reserved| reserved.row.standing_order_id);
    let named = named.chain(line.iter().filter_map(|entry| entry.row.standing_order_id));
    let named = named.chain(outcomes.iter().map(|outcome| outcome.standing_order_id));
    let missing = named.filter(|id| !orders.contains_key(id)).collect();
    orders.extend(store::orders_by_ids(conn, &missing)?.into_iter().map(|order| (order.id, order)));
    Ok(orders)
}

/// The links and grants by which people reserved and waited.
fn rights(conn: &mut Conn, meal: &Meal) -> Result<Rights, Fail> {
    let reserved = meal.reservations.iter().map(Reserved::acted);
    Rights::named(conn, reserved.chain(meal.line.iter().map(InLine::acted)))
}

fn edition(audit: &mut Audit<'_>, menu: &MenuRow, row: EditionRow) -> Edition {
    let key = format!("{} {}", menu.id, row.edition);
    let place = Place { fact: "edition", table: "menu_editions", row: &key, column: "document" };
    Edition { document: audit.read(place, &row.document), row }
}

fn load_reservations(conn: &mut Conn, audit: &mut Audit<'_>, menu: MenuId) -> Result<Vec<Reserved>, Fail> {
    let mut lines: HashMap<ReservationId, Vec<Pick>> = HashMap::new();
    for (reservation, position, item_id, portions) in store::lines(conn, menu)? {
        let known = lines.entry(reservation).or_default();
        let key = format!("{reservation} {position}");
        let place =
            Place { fact: "order of lines", table: "reservation_lines", row: &key, column: "position" };
        audit.same(place, &position, &i32::try_from(known.len()).unwrap_or(i32::MAX));
        known.push(Pick { item_id, portions });
    }
    let mut events: HashMap<ReservationId, Vec<Event>> = HashMap::new();
    for row in store::events(conn, menu)? {
        let key = format!("{} {}", row.reservation_id, row.version);
        let lines = picks(audit, "reservation_events", "detail", &key, &row.detail);
        events.entry(row.reservation_id).or_default().push(Event { row, key, lines });
    }
    let reserved = |row: ReservationRow| Reserved {
        lines: lines.remove(&row.id).unwrap_or_default(),
        events: events.remove(&row.id).unwrap_or_default(),
        row,
    };
    Ok(store::reservations(conn, menu)?.into_iter().map(reserved).collect())
}

fn picks(
    audit: &mut Audit<'_>,
    table: &'static str,
    column: &'static str,
    row: &dyn std::fmt::Display,
    text: &str,
) -> Option<Vec<Pick>> {
    audit.read(Place { fact: "what was ordered", table, row, column }, text)
}

/// The instants of a menu were worked out from the canteen's clock for its day: serving begins on that day there.
fn times(audit: &mut Audit<'_>, meal: &Meal) {
    let menu = &meal.menu;
    let place = |column| Place { fact: "times of a meal", table: "menus", row: &menu.id, column };
    audit.same(place("served_on"), &menu.served_on, &meal.zone.day_of(menu.serves_from_at));
    let in_order = menu.serves_from_at < menu.serves_to_at;
    audit.holds(place("serves_to_at"), in_order, &menu.serves_to_at, "after serving begins");
    let cutoff_first = menu.cutoff_at <= menu.serves_to_at;
    audit.holds(place("cutoff_at"), cutoff_first, &menu.cutoff_at, "not after serving ends");
}

/// A menu's status follows from what happened to it: published at an instant, closed at another.
fn state(audit: &mut Audit<'_>, meal: &Meal) {
    let menu = &meal.menu;
    let place = |column| Place { fact: "state of a menu", table: "menus", row: &menu.id, column };
    let status = MenuStatus::from_word(&menu.status);
    audit.holds(place("status"), status.is_some(), &menu.status, "a state of menus");
    let Some(status) = status else { return };
    let published = match status {
        MenuStatus::Draft => false,
        MenuStatus::Published | MenuStatus::Closed => true,
        // A draft may be withdrawn as well.
        MenuStatus::Withdrawn => menu.edition > 0,
    };
    audit.same(place("published_at"), &menu.published_at.is_some(), &published);
    audit.same(place("status"), &(menu.edition > 0), &published);
    audit.same(place("closed_at"), &menu.closed_at.is_some(), &(status == MenuStatus::Closed));
}

/// A menu's edition is the number of editions kept; the first was kept when it was published, and the newest says of
/// menu and items what their rows say.
fn editions(audit: &mut Audit<'_>, meal: &Meal) {
    let menu = &meal.menu;
    let place = |column| Place { fact: "edition", table: "menus", row: &menu.id, column };
    let kept = i32::try_from(meal.editions.len()).unwrap_or(i32::MAX);
    audit.same(place("edition"), &menu.edition, &kept);
    if let Some(first) = meal.editions.first() {
        let key = edition_key(menu, first);
        let by = ("menu_editions", &key as &dyn std::fmt::Display);
        audit.same_as(place("published_at"), &menu.published_at, &Some(first.row.changed_at), by);
    }
    for (number, edition) in (1..).zip(&meal.editions) {
        let key = edition_key(menu, edition);
        let column = |column| Place { fact: "edition", table: "menu_editions", row: &key, column };
        audit.same(column("edition"), &edition.row.edition, &number);
        let ordered =
            number == 1 || meal.editions[number as usize - 2].row.changed_at <= edition.row.changed_at;
        audit.holds(
            column("changed_at"),
            ordered,
            &edition.row.changed_at,
            "not before the edition before it",
        );
        if let Some(document) = &edition.document {
            unchanging(audit, menu, number, document, &key);
        }
    }
    if let Some(newest) = meal.editions.last()
        && let Some(document) = &newest.document
    {
        newest_edition(audit, meal, newest, document);
    }
}

/// What no change of a menu touches stands in every edition.
fn unchanging(audit: &mut Audit<'_>, menu: &MenuRow, number: i32, document: &EditionDocument, key: &str) {
    let by = ("menu_editions", &key as &dyn std::fmt::Display);
    let place = |column| Place { fact: "edition", table: "menus", row: &menu.id, column };
    audit.same_as(place("id"), &menu.id, &document.id, by);
    audit.same_as(place("canteen_id"), &menu.canteen_id, &document.canteen_id, by);
    audit.same_as(place("served_on"), &menu.served_on, &document.served_on, by);
    audit.same_as(place("period"), &menu.period, &document.period, by);
    audit.same_as(place("delivery_fee_fen"), &menu.delivery_fee_fen, &Fen(document.delivery_fee_fen), by);
    audit.same_as(place("cutoff_at"), &menu.cutoff_at, &document.cutoff_at, by);
    audit.same_as(place("serves_from_at"), &menu.serves_from_at, &document.serves_from_at, by);
    audit.same_as(place("serves_to_at"), &menu.serves_to_at, &document.serves_to_at, by);
    audit.same_as(place("published_at"), &menu.published_at, &document.published_at, by);
    let document_place = Place { fact: "edition", table: "menu_editions", row: &key, column: "document" };
    audit.same(document_place, &document.edition, &number);
    audit.same(document_place, &document.status.as_str(), &MenuStatus::Published.as_str());
    audit.same(document_place, &document.closed_at, &None);
}

fn newest_edition(audit: &mut Audit<'_>, meal: &Meal, newest: &Edition, document: &EditionDocument) {
    let menu = &meal.menu;
    let key = edition_key(menu, newest);
    let by = ("menu_editions", &key as &dyn std::fmt::Display);
    let place = |column| Place { fact: "edition", table: "menus", row: &menu.id, column };
    audit.same_as(place("capacity"), &menu.capacity, &document.capacity, by);
    audit.same_as(place("modes"), &json(&menu.modes), &document.modes, by);
    audit.same_as(place("note"), &menu.note, &document.note, by);
    let offered: Vec<MenuItemId> = document.items.iter().map(|item| item.id).collect();
    for item in &meal.items {
        let place = |column| Place { fact: "edition", table: "menu_items", row: &item.id, column };
        audit.same_as(place("removed"), &item.removed, &!offered.contains(&item.id), by);
    }
    for (position, kept) in (0..).zip(&document.items) {
        let Some(item) = meal.items.iter().find(|item| item.id == kept.id) else {
            audit.tell(place("edition"), Value::Null, Value::from(kept.id.to_string()), &[by]);
            continue;
        };
        let place = |column| Place { fact: "edition", table: "menu_items", row: &item.id, column };
        audit.same_as(place("position"), &item.position, &position, by);
        audit.same_as(place("name"), &item.name, &kept.name, by);
        audit.same_as(place("kind"), &item.kind, &kept.kind, by);
        audit.same_as(place("price_fen"), &item.price_fen, &Fen(kept.price_fen), by);
        audit.same_as(place("portions"), &item.portions, &kept.portions, by);
        audit.same_as(place("allergens"), &json(&item.allergens), &kept.allergens, by);
        audit.same_as(place("diet_tags"), &json(&item.diet_tags), &kept.diet_tags, by);
    }
}

/// An edition by its primary key.
pub(super) fn edition_key(menu: &MenuRow, edition: &Edition) -> String {
    format!("{} {}", menu.id, edition.row.edition)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// The places taken of a menu: its standing reservations, and who was served and took a place of their own.
fn places_taken(audit: &mut Audit<'_>, meal: &Meal) {
    let reserved = meal.reservations.iter().filter(|reserved| reserved.row.status == "active").count();
    let seated = meal.attendances.iter().filter(|attended| attended.has_seat()).count();
    let place = Place { fact: "places taken", table: "menus", row: &meal.menu.id, column: "taken" };
    audit.same(place, &i64::from(meal.menu.taken), &((reserved + seated) as i64));
}

/// The portions taken of an item: those on standing reservations, and on attendances that took their own.
fn portions_taken(audit: &mut Audit<'_>, meal: &Meal) {
    let mut taken: HashMap<MenuItemId, i64> = HashMap::new();
    let reserved = meal.reservations.iter().filter(|reserved| reserved.row.status == "active");
    let seated = meal.attendances.iter().filter(|attended| attended.has_seat());
    let lines = reserved.flat_map(|reserved| &reserved.lines);
    for pick in lines.chain(seated.filter_map(|attended| attended.lines.as_ref()).flatten()) {
        *taken.entry(pick.item_id).or_default() += i64::from(pick.portions);
    }
    for item in &meal.items {
        let place = Place { fact: "portions taken", table: "menu_items", row: &item.id, column: "taken" };
        audit.same(place, &i64::from(item.taken), &taken.remove(&item.id).unwrap_or(0));
    }
    for (item, portions) in taken {
        let place = Place { fact: "portions taken", table: "menus", row: &meal.menu.id, column: "items" };
        audit.tell(place, Value::Null, serde_json::json!({ "item_id": item, "portions": portions }), &[]);
    }
}

impl Reserved {
    pub fn acted(&self) -> Acted<'_> {
        Acted {
            table: "reservations",
            row: &self.row.id,
            resident_id: self.row.resident_id,
            right_kind: &self.row.right_kind,
            right_id: self.row.right_id,
            actor_kind: &self.row.actor_kind,
            actor_id: self.row.actor_id,
        }
    }
}

impl InLine {
    pub fn acted(&self) -> Acted<'_> {
        Acted {
            table: "waiting_entries",
            row: &self.row.id,
            resident_id: self.row.resident_id,
            right_kind: &self.row.right_kind,
            right_id: self.row.right_id,
            actor_kind: &self.row.actor_kind,
            actor_id: self.row.actor_id,
        }
    }

    /// The row, to be named.
    pub fn by(&self) -> By<'_> {
        ("waiting_entries", &self.row.id)
    }

    pub fn waits(&self) -> bool {
        self.row.status == WaitingStatus::Waiting.as_str()
    }
}

impl Attended {
    fn has_seat(&self) -> bool {
        self.row.seated && self.row.status == "served"
    }

    /// The row, to be named.
    pub fn by(&self) -> By<'_> {
        ("attendances", &self.row.id)
    }

    /// Whether it was served at some time, and not only kept for review.
    pub fn was_served(&self) -> bool {
        self.row.status != "review" && (self.row.review_word.is_none() || self.row.resolution.is_some())
    }

    /// When it was served: at once, or when somebody decided so.
    pub fn counted_at(&self) -> At {
        self.row.resolved_at.unwrap_or(self.row.recorded_at)
    }
}

impl Meal {
    /// What a standing order came to at this meal.
    pub fn outcome_of(&self, order: StandingOrderId) -> Option<&OutcomeRow> {
        self.outcomes.iter().find(|outcome| outcome.standing_order_id == order)
    }

    pub fn reserved(&self, id: ReservationId) -> Option<&Reserved> {
        self.reservations.iter().find(|reserved| reserved.row.id == id)
    }

    /// The editions that an act at this instant may have read: the newest before it, and those that were made at the
    /// same time, as an instant is taken when a transaction begins.
    pub fn editions_at(&self, at: At) -> Vec<&Edition> {
        let before = self.editions.iter().rev().find(|edition| edition.row.changed_at <= at - CONCURRENT);
        let around = self.editions.iter().filter(|edition| {
            edition.row.changed_at > at - CONCURRENT && edition.row.changed_at <= at + CONCURRENT
        });
        before.into_iter().chain(around).collect()
    }

    /// These picks as an order at the prices of an edition.
    pub fn order(&self, edition: &Edition, picks: &[Pick], mode: &str, class: &str) -> Option<Order> {
        let document = edition.document.as_ref()?;
        let kept = document.items.iter().map(|item| (item.id, item.kind.as_str(), Fen(item.price_fen)));
        // What was struck is served to those who had reserved it, at its last price.
        let struck = self.items.iter().filter(|item| !document.items.iter().any(|kept| kept.id == item.id));
        let struck = struck.map(|item| (item.id, item.kind.as_str(), item.price_fen));
        let items: Option<Vec<Item>> =
            kept.chain(struck).map(|(id, kind, price)| item(id, kind, price)).collect();
        let menu = &self.menu;
        let menu = Menu {
            id: menu.id,
            canteen_id: menu.canteen_id,
            served_on: menu.served_on,
            period: Period::from_word(&menu.period)?,
            status: MenuStatus::Published,
            capacity: menu.capacity,
            taken: menu.taken,
            modes: Vec::new(),
            delivery_fee_fen: menu.delivery_fee_fen,
            note: String::new(),
            cutoff_at: menu.cutoff_at,
            serves_from_at: menu.serves_from_at,
            serves_to_at: menu.serves_to_at,
            published_at: menu.published_at,
            closed_at: menu.closed_at,
            edition: edition.row.edition,
            version: 0,
            changes: 0,
            waiting: 0,
            items: items?,
        };
        Some(menu.order(picks, Mode::from_word(mode)?, MealClass::from_word(class)?))
    }
}

fn item(id: MenuItemId, kind: &str, price_fen: Fen) -> Option<Item> {
    Some(Item {
        id,
        name: String::new(),
        kind: ItemKind::from_word(kind)?,
        price_fen,
        portions: None,
        taken: 0,
        allergens: Vec::new(),
        diet_tags: Vec::new(),
        removed: false,
    })
}
