//! Meals of the past, written into the database behind the service's back: as many as no API could take in an hour.
//!
//! Of each meal there are the rows that the measured questions read, with what such rows hold: the reservation with its
//! line, the attendance, its entries in the count; where takings are asked for, the quote with its draws. There are no
//! events, no windows of limits and no idempotency keys, and no quote where none is asked for: foreign keys are off.

use std::ops::Range;

use chrono::{Days, NaiveDate};
use diesel::{
    Connection as _, PgConnection, QueryResult, SqliteConnection, connection::SimpleConnection as _,
};

use crate::world::World;

/// How many menus are written in one transaction.
const AT_ONCE: usize = 100;

/// A quote keeps about so many bytes of arguments and of reasons.
const QUOTE_BYTES: usize = 2200;

/// Whose past it is.
pub struct Past<'a> {
    pub world: &'a World,
    /// How many residents of a canteen ate each meal.
    pub diners: usize,
    /// With quotes and draws.
    pub priced: bool,
}

/// A connection that nothing checks and nothing waits for.
pub enum Pen {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Pen {
    pub fn of(url: &str) -> Pen {
        let (mut pen, careless) = match url.strip_prefix("sqlite:") {
            Some(file) => (
                Pen::Sqlite(SqliteConnection::establish(file).expect("the file is there")),
                "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -500000",
            ),
            None => (
                Pen::Postgres(PgConnection::establish(url).expect("the server is there")),
                "SET session_replication_role = replica; SET synchronous_commit = off",
            ),
        };
        pen.write(careless);
        pen
    }

    pub fn write(&mut self, sql: &str) {
        let written: QueryResult<()> = match self {
            Pen::Sqlite(conn) => conn.batch_execute(sql),
            Pen::Postgres(conn) => conn.batch_execute(sql),
        };
        written.unwrap_or_else(|error| panic!("{error}: {}", &sql[..sql.len().min(400)]));
    }

    /// An id of this kind with this number, older than any of today.
    fn id(&self, kind: u8, number: &str) -> String {
        let prefix = format!("01900000{kind:04}");
        match self {
            Pen::Sqlite(_) => format!("unhex('{prefix}' || printf('%020x', {number}))"),
            Pen::Postgres(_) => format!("CAST('{prefix}' || lpad(to_hex({number}), 20, '0') AS UUID)"),
        }
    }

    /// An id that the API told.
    fn told(&self, id: &str) -> String {
        match self {
            Pen::Sqlite(_) => format!("x'{}'", id.replace('-', "")),
            Pen::Postgres(_) => format!("CAST('{id}' AS UUID)"),
        }
    }
}

impl Past<'_> {
    /// How many menus so many meals are.
    pub fn menus(&self, meals: usize) -> usize {
        meals.div_ceil(self.diners)
    }

    /// Tells the database who ate.
    pub fn begin(&self, pen: &mut Pen) {
        pen.write("CREATE TABLE past_residents (canteen BIGINT, n BIGINT, id UUID)");
        for (number, canteen) in self.world.canteens.iter().enumerate() {
            let rows = canteen.residents.iter().take(self.diners).enumerate();
            let rows: Vec<String> =
                rows.map(|(n, id)| format!("({number}, {n}, {})", pen.told(id))).collect();
            pen.write(&format!("INSERT INTO past_residents VALUES {}", rows.join(", ")));
        }
        pen.write(
            "CREATE TABLE past_menus (n BIGINT, canteen BIGINT, at TIMESTAMP, served_on DATE, period TEXT)",
        );
    }

    /// Forgets who ate.
    pub fn end(&self, pen: &mut Pen) {
        pen.write("DROP TABLE past_residents; DROP TABLE past_menus");
        if let Pen::Postgres(_) = pen {
            pen.write("VACUUM ANALYZE");
        }
    }

    /// Writes these menus, counted from yesterday backwards, with their meals.
    pub fn write(&self, pen: &mut Pen, menus: Range<usize>) {
        let (mut from, end) = (menus.start, menus.end);
        while from < end {
            let to = (from + AT_ONCE).min(end);
            pen.write("BEGIN");
            self.write_menus(pen, from..to);
            self.write_meals(pen);
            pen.write("COMMIT");
            from = to;
        }
    }

    /// Which canteen, which day, which period.
    fn place(&self, menu: usize) -> (usize, NaiveDate, &'static str) {
        let canteens = self.world.canteens.len();
        let period = ["breakfast", "lunch", "dinner"][menu / canteens % 3];
        (menu % canteens, self.world.today - Days::new(1 + (menu / canteens / 3) as u64), period)
    }

    fn write_menus(&self, pen: &mut Pen, menus: Range<usize>) {
        let (mut rows, mut items, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for menu in menus {
            let (canteen, on, period) = self.place(menu);
            let (id, item) = (pen.id(1, &menu.to_string()), pen.id(2, &menu.to_string()));
            let place = pen.told(&self.world.canteens[canteen].id);
            let at = format!("'{on} 04:00:00'");
            rows.push(format!(
                "({id}, {place}, '{on}', '{period}', 'closed', 5000, {taken}, '[\"dine_in\"]', 0, '', {at}, {at}, {at}, \
                 {at}, {at}, 1, 3, {taken}, 0, 0)",
                taken = self.diners
            ));
            items.push(format!(
                "({item}, {id}, 0, 'Set meal', 'set', 1500, NULL, {}, '[]', '[\"soft\"]', FALSE)",
                self.diners
            ));
            notes.push(format!("({menu}, {canteen}, {at}, '{on}', '{period}')"));
        }
        pen.write(&format!(
            "INSERT INTO menus (id, canteen_id, served_on, period, status, capacity, taken, modes, delivery_fee_fen, note, \
             cutoff_at, serves_from_at, serves_to_at, published_at, closed_at, edition, version, changes, waiting, queued) \
             VALUES {}",
            rows.join(", ")
        ));
        pen.write(&format!(
            "INSERT INTO menu_items (id, menu_id, position, name, kind, price_fen, portions, taken, allergens, diet_tags, \
             removed) VALUES {}",
            items.join(", ")
        ));
        pen.write(&format!("DELETE FROM past_menus; INSERT INTO past_menus VALUES {}", notes.join(", ")));
    }

    fn write_meals(&self, pen: &mut Pen) {
        let number = "m.n * 5000 + r.n";
        let (menu, item) = (pen.id(1, "m.n"), pen.id(2, "m.n"));
        let [reservation, attendance, tap, quote] =
            [3, 4, 5, 6].map(|kind| pen.id(kind, &format!("({number})")));
        let entry = |pen: &Pen, which: usize| pen.id(7, &format!("(({number}) * 4 + {which})"));
        let meals = "FROM past_menus m JOIN past_residents r ON r.canteen = m.canteen ORDER BY m.n, r.n";
        let count = |id: String, persons: u8, item: &str| {
            format!(
                "INSERT INTO count_entries (id, menu_id, recorded_at, kind, persons, portions, item_id, mode, diet_tags, \
                 channel, actor_kind) SELECT {id}, {menu}, m.at, 'served', {persons}, {}, {item}, 'dine_in', '[\"soft\"]', \
                 'walk_in', 'account' {meals};",
                1 - persons
            )
        };
        let mut sql = format!(
            "INSERT INTO reservations (id, menu_id, resident_id, status, mode, edition, late, served, channel, right_kind, \
             actor_kind, quote_id, confirmed_allergens, diet_tags, placed_at, version) SELECT {reservation}, {menu}, r.id, \
             'active', 'dine_in', 1, FALSE, TRUE, 'desk', 'staff', 'account', {quote}, '[]', '[\"soft\"]', m.at, 2 {meals};
             INSERT INTO reservation_lines (reservation_id, position, item_id, portions) SELECT {reservation}, 0, {item}, 1 \
             {meals};
             INSERT INTO attendances (id, tap_id, request_hash, menu_id, resident_id, reservation_id, class, mode, status, \
             known_by, lines, diet_tags, seated, served_at, recorded_at, actor_kind, quote_id, charge_fen, due_fen, \
             promised_fen) SELECT {attendance}, {tap}, '{hash:064}', {menu}, r.id, {reservation}, 'meal', 'dine_in', \
             'served', 'card', '[{{\"item_id\":\"01900000-0002-0000-0000-000000000000\",\"portions\":1}}]', '[\"soft\"]', \
             FALSE, m.at, m.at, 'account', {quote}, 1500, 900, 900 {meals};",
            hash = 0
        );
        sql += &count(entry(pen, 0), 1, "NULL");
        sql += &count(entry(pen, 1), 0, &item);
        if self.priced {
            let text = match pen {
                Pen::Sqlite(_) => format!("hex(zeroblob({}))", QUOTE_BYTES / 4),
                Pen::Postgres(_) => format!("repeat('0', {})", QUOTE_BYTES / 2),
            };
            let canteens: Vec<String> = self
                .world
                .canteens
                .iter()
                .enumerate()
                .map(|(number, canteen)| format!("WHEN {number} THEN {}", pen.told(&canteen.id)))
                .collect();
            sql += &format!(
                "INSERT INTO quotes (id, resident_id, menu_id, canteen_id, served_on, period, class, status, charge_fen, \
                 resident_fen, arguments, result, created_at, settled_at) SELECT {quote}, r.id, {menu}, CASE m.canteen {} \
                 END, m.served_on, m.period, 'meal', 'posted', 1500, 900, {text}, {text}, m.at, m.at {meals};",
                canteens.join(" ")
            );
            for (position, payer, fen) in [(0, "canteen", 150), (1, "city", 350), (2, "district", 100)] {
                sql += &format!(
                    "INSERT INTO draws (quote_id, position, policy_code, policy_version, layer, tier, payer, to_canteen, \
                     fen) SELECT {quote}, {position}, 'all-rules', 1, '{payer}', '60-and-over', '{payer}', FALSE, {fen} \
                     {meals};"
                );
            }
        }
        pen.write(&sql);
    }
}
