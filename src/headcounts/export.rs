//! Headcounts as spreadsheets: a row for each menu of some days, and what it counts by mode, item and diet.
//!
//! Every number is one that `GET /canteens/{id}/headcounts` tells of the same menu at the same instant.

use std::collections::BTreeMap;

use actix_web::web::Path;
use chrono::NaiveDate;

use super::{
    Count, Counts, Tally,
    http::{by_diet, by_item, by_mode, counted},
    tally,
};
use crate::{
    access::{Allowed, act},
    api::{Csv, DaysQuery, File, Query, Xlsx, csv_file, xlsx_file},
    canteens,
    ids::{CanteenId, MenuId},
    menus::{self, Menu},
    problem::Problem,
    sheets::{Cell, Column, Table},
    subsidies::http::check_span,
    words::{Bilingual, Lang},
};

/// A count: what is written over its people and over its portions, in both languages, and where it is.
struct Shown {
    zh: [&'static str; 2],
    en: [&'static str; 2],
    count: fn(&Counts) -> Count,
}

const fn shown(zh: [&'static str; 2], en: [&'static str; 2], count: fn(&Counts) -> Count) -> Shown {
    Shown { zh, en, count }
}

/// The counts of a menu, in the order of their columns.
const COUNTS: [Shown; 11] = [
    shown(["已预订", "已预订份数"], ["Reserved", "Reserved portions"], |counts| counts.reserved),
    shown(["已取消", "已取消份数"], ["Cancelled", "Cancelled portions"], |counts| counts.cancelled),
    shown(["确认就餐", "确认就餐份数"], ["Confirmed", "Confirmed portions"], |counts| {
        counts.confirmed
    }),
    shown(
        ["预订已用餐", "预订已用餐份数"],
        ["Served with reservation", "Portions served with reservation"],
        |counts| counts.served_with_reservation,
    ),
    shown(["未预约就餐", "未预约就餐份数"], ["Walk-ins", "Walk-in portions"], |counts| {
        counts.walk_ins
    }),
    shown(["实际用餐", "实际用餐份数"], ["Served", "Portions served"], |counts| counts.served),
    shown(["未到", "未到份数"], ["No-shows", "No-show portions"], |counts| counts.no_shows),
    shown(["加餐", "加餐份数"], ["Second meals", "Second meal portions"], |counts| counts.second_meals),
    shown(["其他用餐", "其他用餐份数"], ["Guests", "Guest portions"], |counts| counts.guests),
    shown(["工作人员用餐", "工作人员用餐份数"], ["Staff meals", "Staff portions"], |counts| {
        counts.staff_meals
    }),
    shown(["志愿者用餐", "志愿者用餐份数"], ["Volunteer meals", "Volunteer portions"], |counts| {
        counts.volunteer_meals
    }),
];

/// `GET /canteens/{id}/headcounts.csv`
pub async fn csv(
    allowed: Allowed<act::ReadAttendance>,
    canteen: Path<CanteenId>,
    Query(days): Query<DaysQuery>,
) -> Result<File<Csv>, Problem> {
    let lang = allowed.lang();
    let menus = menus_of(&allowed, *canteen, days).await?;
    Ok(csv_file("headcounts", days, &summary(&menus, lang)))
}

/// `GET /canteens/{id}/headcounts.xlsx`
pub async fn xlsx(
    allowed: Allowed<act::ReadAttendance>,
    canteen: Path<CanteenId>,
    Query(days): Query<DaysQuery>,
) -> Result<File<Xlsx>, Problem> {
    let lang = allowed.lang();
    let menus = menus_of(&allowed, *canteen, days).await?;
    let parts = [summary(&menus, lang), modes(&menus, lang), items(&menus, lang), diets(&menus, lang)];
    xlsx_file("headcounts", days, &parts)
}

/// A menu with what it counts, and whether its meal is over.
struct Counted {
    menu: Menu,
    tally: Tally,
    over: bool,
}

async fn menus_of(
    allowed: &Allowed<act::ReadAttendance>,
    canteen: CanteenId,
    days: DaysQuery,
) -> Result<Vec<Counted>, Problem> {
    allowed
        .read(move |conn, caller| {
            let site = canteens::site(conn, canteen)?;
            caller.on_duty(&site)?;
            check_span(days.from, days.to)?;
            let menus: Vec<Menu> = counted(menus::between(conn, site.id, days.from, days.to)?).collect();
            let ids: Vec<MenuId> = menus.iter().map(|menu| menu.id).collect();
            let mut tallies: BTreeMap<MenuId, Tally> = tally(conn, &ids, caller.now)?;
            let with = |menu: Menu| Counted {
                tally: tallies.remove(&menu.id).unwrap_or_default(),
                over: menu.closes_at() <= caller.now,
                menu,
            };
            Ok(menus.into_iter().map(with).collect())
        })
        .await
}

fn column(lang: Lang, zh: &'static str, en: &'static str, width: u8) -> Column {
    Column { title: in_lang(lang, zh, en), width }
}

fn in_lang(lang: Lang, zh: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

fn said(lang: Lang, text: &Bilingual) -> Cell {
    Cell::from(text.get(lang))
}

/// The columns that say which menu it is, and what stands in them.
fn which(lang: Lang) -> Vec<Column> {
    vec![column(lang, "日期", "Date", 12), column(lang, "餐段", "Meal", 10)]
}

fn named(menu: &Menu, lang: Lang) -> Vec<Cell> {
    let on: NaiveDate = menu.served_on;
    vec![Cell::Date(on), said(lang, &menu.period.said())]
}

/// People and portions of every count.
fn count_columns(lang: Lang) -> Vec<Column> {
    let of = |shown: &Shown| [0, 1].map(|part| column(lang, shown.zh[part], shown.en[part], 12));
    COUNTS.iter().flat_map(of).collect()
}

fn count_cells(counts: &Counts) -> Vec<Cell> {
    let of = |shown: &Shown| {
        let Count { people, portions } = (shown.count)(counts);
        [Cell::Number(people), Cell::Number(portions)]
    };
    COUNTS.iter().flat_map(of).collect()
}

fn table(
    lang: Lang,
    name: (&'static str, &'static str),
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
) -> Table {
    Table { name: in_lang(lang, name.0, name.1), columns, rows }
}

fn summary(menus: &[Counted], lang: Lang) -> Table {
    let mut columns = which(lang);
    columns.extend([column(lang, "状态", "Status", 10), column(lang, "名额", "Capacity", 8)]);
    columns.extend(count_columns(lang));
    let row = |Counted { menu, tally, over }: &Counted| {
        let mut cells = named(menu, lang);
        cells.extend([said(lang, &menu.status.said()), Cell::Number(menu.capacity.into())]);
        cells.extend(count_cells(&tally.counts(*over)));
        cells
    };
    table(lang, ("就餐人数", "Headcounts"), columns, menus.iter().map(row).collect())
}

fn modes(menus: &[Counted], lang: Lang) -> Table {
    let mut columns = which(lang);
    columns.push(column(lang, "取餐方式", "Mode", 10));
    columns.extend(count_columns(lang));
    let rows = menus.iter().flat_map(|Counted { menu, tally, over }| {
        by_mode(tally, *over).into_iter().map(move |of_mode| {
            let mut cells = named(menu, lang);
            cells.push(said(lang, &of_mode.mode.said()));
            cells.extend(count_cells(&of_mode.counts));
            cells
        })
    });
    table(lang, ("按取餐方式", "By mode"), columns, rows.collect())
}

fn items(menus: &[Counted], lang: Lang) -> Table {
    let mut columns = which(lang);
    columns.extend([
        column(lang, "菜品", "Item", 24),
        column(lang, "确认份数", "Confirmed portions", 12),
        column(lang, "实际份数", "Portions served", 12),
    ]);
    let rows = menus.iter().flat_map(|Counted { menu, tally, .. }| {
        by_item(tally, menu).into_iter().map(move |item| {
            let mut cells = named(menu, lang);
            cells.extend([Cell::Text(item.name), Cell::Number(item.confirmed), Cell::Number(item.served)]);
            cells
        })
    });
    table(lang, ("按菜品", "By item"), columns, rows.collect())
}

fn diets(menus: &[Counted], lang: Lang) -> Table {
    let mut columns = which(lang);
    columns.extend([
        column(lang, "饮食要求", "Diet", 16),
        column(lang, "确认人数", "Confirmed", 12),
        column(lang, "实际人数", "Served", 12),
    ]);
    let rows = menus.iter().flat_map(|Counted { menu, tally, .. }| {
        by_diet(tally).into_iter().map(move |diet| {
            let mut cells = named(menu, lang);
            cells.extend([
                Cell::Text(diet.diet_tag),
                Cell::Number(diet.confirmed),
                Cell::Number(diet.served),
            ]);
            cells
        })
    });
    table(lang, ("按饮食要求", "By diet"), columns, rows.collect())
}
