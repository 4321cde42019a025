//! Who was served on some days, as a spreadsheet: for staff with what was due, for officers and auditors also with what
//! was charged; never with a tier or a reason (BR-45).

use std::collections::HashMap;

use actix_web::web::Path;

use super::items;
use crate::{
    access::{Actor, Allowed, Role, act},
    accounts,
    api::{Csv, DaysQuery, File, Query, Xlsx, csv_file, xlsx_file},
    attendance::{self, Attendance},
    audit::{Deed, Entry, Subject, SubjectKind, http::read_on_record},
    canteens::{self, Canteen},
    clock::At,
    db::Conn,
    ids::{CanteenId, MenuId, ResidentId},
    menus::{self, Menu},
    problem::{Code, Fail, Problem},
    residents::{self, Resident},
    sheets::{Cell, Column, Table},
    subsidies::http::check_span,
    words::Lang,
};

/// The most days of one file, after the first: a quarter of a busy canteen is some 80,000 meals.
const MOST_DAYS: i64 = 92;

/// So many residents are read in one statement.
const AT_ONCE: usize = 5_000;

/// `GET /canteens/{id}/attendance.csv`
pub async fn csv(
    allowed: Allowed<act::ReadAttendance>,
    canteen: Path<CanteenId>,
    Query(days): Query<DaysQuery>,
) -> Result<File<Csv>, Problem> {
    Ok(csv_file("attendance", days, &table(&allowed, *canteen, days).await?))
}

/// `GET /canteens/{id}/attendance.xlsx`
pub async fn xlsx(
    allowed: Allowed<act::ReadAttendance>,
    canteen: Path<CanteenId>,
    Query(days): Query<DaysQuery>,
) -> Result<File<Xlsx>, Problem> {
    xlsx_file("attendance", days, &[table(&allowed, *canteen, days).await?])
}

async fn table(
    allowed: &Allowed<act::ReadAttendance>,
    canteen: CanteenId,
    days: DaysQuery,
) -> Result<Table, Problem> {
    read_on_record(allowed, move |conn, caller| {
        let canteen = canteens::find(conn, canteen)?;
        let site = canteen.site();
        let duty = caller.on_duty(&site)?;
        check_span(days.from, days.to)?;
        if (days.to - days.from).num_days() > MOST_DAYS {
            return Err(Code::BadSpan.into());
        }
        let sheet = Sheet { lang: caller.lang, with_charge: duty.role() != Role::Staff };
        let entry = Entry::of(Deed::AttendanceExported, Subject::of(SubjectKind::Canteen, site.id)).at(&site);
        Ok((sheet.table(&Meals::of(conn, canteen, days)?), Some(entry)))
    })
    .await
}

/// Everything recorded on some days, and whom and what it names.
struct Meals {
    canteen: Canteen,
    menus: HashMap<MenuId, Menu>,
    residents: HashMap<ResidentId, Resident>,
    names: HashMap<Actor, String>,
    /// In the order of days and meals, then of recording.
    attendances: Vec<Attendance>,
}

impl Meals {
    fn of(conn: &mut Conn, canteen: Canteen, days: DaysQuery) -> Result<Meals, Fail> {
        let menus = menus::between(conn, canteen.id, days.from, days.to)?;
        let ids: Vec<MenuId> = menus.iter().map(|menu| menu.id).collect();
        let menus: HashMap<MenuId, Menu> = menus.into_iter().map(|menu| (menu.id, menu)).collect();
        let mut attendances = attendance::all_of_menus(conn, &ids)?;
        attendances.sort_by_key(|one| menus.get(&one.menu_id).map(|menu| (menu.served_on, menu.period)));
        let mut ids: Vec<ResidentId> = attendances.iter().filter_map(|one| one.resident_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut residents = HashMap::new();
        for part in ids.chunks(AT_ONCE) {
            residents.extend(residents::by_ids(conn, part)?.into_iter().map(|one| (one.id, one)));
        }
        let mut actors: Vec<Actor> = Vec::new();
        for one in &attendances {
            if !actors.contains(&one.actor) {
                actors.push(one.actor);
            }
        }
        let names = accounts::names_of(conn, &actors)?;
        Ok(Meals { canteen, menus, residents, names, attendances })
    }
}

/// How the table is written for whoever asked.
struct Sheet {
    lang: Lang,
    /// Whether what was charged is told beside what was due.
    with_charge: bool,
}

impl Sheet {
    fn table(&self, meals: &Meals) -> Table {
        let column = |zh, en, width| Column { title: self.said(zh, en), width };
        let mut columns = vec![
            column("日期", "Date", 12),
            column("餐段", "Meal", 10),
            column("用餐时间", "Served at", 17),
            column("姓名", "Name", 14),
            column("卡号", "Card number", 14),
            column("类别", "Class", 12),
            column("状态", "Status", 10),
            column("预订", "Reserved", 10),
            column("取餐方式", "Mode", 10),
            column("菜品", "Items", 30),
            column("份数", "Portions", 8),
            column("识别方式", "Known by", 10),
            column("登记人", "Recorded by", 14),
            column("登记时间", "Recorded at", 17),
            column("作废原因", "Why voided", 20),
            column("应付（元）", "Due (CNY)", 12),
        ];
        columns.extend(self.with_charge.then(|| column("餐费（元）", "Charge (CNY)", 12)));
        let rows = meals.attendances.iter().filter_map(|one| self.row(meals, one)).collect();
        Table { name: self.said("就餐记录", "Attendance"), columns, rows }
    }

    fn said(&self, zh: &'static str, en: &'static str) -> &'static str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    fn row(&self, meals: &Meals, one: &Attendance) -> Option<Vec<Cell>> {
        let menu = meals.menus.get(&one.menu_id)?;
        let resident = one.resident_id.and_then(|id| meals.residents.get(&id));
        let of_resident =
            |told: fn(&Resident) -> &str| resident.map_or(Cell::Empty, |one| Cell::from(told(one)));
        let time = |at: At| Cell::Time(at.in_zone(meals.canteen.zone.0).naive_local());
        let optional = |text: Option<&String>| text.map_or(Cell::Empty, |text| Cell::Text(text.clone()));
        let dishes: Vec<String> = items(menu, &one.lines)
            .into_iter()
            .map(|item| format!("{}×{}", item.name, item.portions))
            .collect();
        let portions: i64 = one.lines.iter().map(|pick| i64::from(pick.portions)).sum();
        let reserved =
            if one.reservation_id.is_some() { self.said("是", "yes") } else { self.said("否", "no") };
        let mut cells = vec![
            Cell::Date(menu.served_on),
            Cell::from(menu.period.said().get(self.lang)),
            time(one.served_at),
            of_resident(|resident| &resident.full_name),
            of_resident(|resident| &resident.card_number),
            Cell::from(one.class.said().get(self.lang)),
            Cell::from(one.status.said().get(self.lang)),
            Cell::from(reserved),
            Cell::from(one.mode.said().get(self.lang)),
            Cell::Text(dishes.join(self.said("、", ", "))),
            Cell::Number(portions),
            Cell::from(one.known_by.said().get(self.lang)),
            optional(meals.names.get(&one.actor)),
            time(one.recorded_at),
            optional(one.void_reason.as_ref()),
            Cell::Money(one.due_fen),
        ];
        cells.extend(self.with_charge.then_some(Cell::Money(one.charge_fen)));
        Some(cells)
    }
}
