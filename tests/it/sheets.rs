//! What goes out as spreadsheets: the numbers that the API tells, clean in every program, and to each what they may see.

use std::io::Cursor;

use calamine::{Data, DataType as _, Reader as _, Xlsx};
use serde_json::{Value, json};

use crate::support::{
    Reply,
    world::{TODAY, TOMORROW, World, resident_body, uuid},
};

async fn file(world: &World, by: &Value, what: &str, lang: &str) -> Reply {
    let path = format!("/canteens/{}/{what}?from={TODAY}&to={TOMORROW}", world.here.id("canteen"));
    world.app.get(&path).by(by).header("Accept-Language", lang).send().await
}

/// The cells of a CSV file.
fn cells(bytes: Vec<u8>) -> Vec<Vec<String>> {
    let text = String::from_utf8(bytes).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("the mark that lets Excel know UTF-8");
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains('\n'));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

on_both! {
    async fn headcounts_out_are_the_headcounts_that_are_told(db: TestDb) {
        let world = World::build(db).await;
        let staff = &world.here.staff;
        let table = cells(file(&world, staff, "headcounts.csv", "en").await.file());
        let told = format!("/canteens/{}/headcounts?on={TODAY}", world.here.id("canteen"));
        let told = world.app.get(&told).by(staff).send().await.expect(200);
        let column = |title: &str| table[0].iter().position(|cell| cell == title).unwrap_or_else(|| panic!("{title}"));
        let today = table.iter().find(|row| row[0] == TODAY).unwrap();
        for (title, count) in [
            ("Reserved", "reserved"),
            ("Cancelled", "cancelled"),
            ("Confirmed", "confirmed"),
            ("Served with reservation", "served_with_reservation"),
            ("Walk-ins", "walk_ins"),
            ("Served", "served"),
            ("No-shows", "no_shows"),
            ("Second meals", "second_meals"),
            ("Guests", "guests"),
        ] {
            assert_eq!(today[column(title)], told["menus"][0][count]["people"].to_string(), "{title}");
            assert_eq!(today[column(title) + 1], told["menus"][0][count]["portions"].to_string(), "{title}");
        }
        assert_eq!(table.len(), 3, "a header and a menu for each day");
        let book = file(&world, staff, "headcounts.xlsx", "zh").await.file();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book)).unwrap();
        assert_eq!(book.sheet_names(), ["就餐人数", "按取餐方式", "按菜品", "按饮食要求"]);
        let sheet = book.worksheet_range("就餐人数").unwrap();
        assert_eq!(sheet.get((1, 0)).unwrap().as_date(), TODAY.parse().ok());
        assert_eq!(sheet.get((1, 1)), Some(&Data::String("午餐".into())));
        assert_eq!(sheet.get((1, column("Confirmed"))).unwrap().as_i64(), told["menus"][0]["confirmed"]["people"].as_i64());
    }

    async fn attendance_out_tells_each_what_they_may_see_and_holds_no_formula(db: TestDb) {
        let world = World::build(db).await;
        let World { app, here, tokens, .. } = &world;
        let body = resident_body(here.id("canteen"), "=HYPERLINK(\"x\")", "88880001", &here.area);
        app.made(&here.staff, "/residents", body).await;
        let tap = json!({ "tap_id": uuid(), "kind": "walk_in", "card_number": "88880001" });
        app.made(&here.volunteer, &format!("/menus/{}/attendance", here.id("menu")), tap).await;
        let staff = cells(file(&world, &here.staff, "attendance.csv", "en").await.file());
        assert!(staff[0].contains(&"Due (CNY)".into()) && !staff[0].contains(&"Charge (CNY)".into()), "{staff:?}");
        let name = staff[0].iter().position(|title| title == "Name").unwrap();
        assert!(staff.iter().any(|row| row[name] == "'=HYPERLINK(\"x\")"), "{staff:?}");
        let officer = cells(file(&world, &tokens["district"], "attendance.csv", "en").await.file());
        let at = |title: &str| officer[0].iter().position(|cell| cell == title).unwrap();
        let own = officer.iter().find(|row| row[name] == "单国强" && row[at("Status")] == "Served").unwrap();
        assert_eq!((own[at("Charge (CNY)")].as_str(), own[at("Due (CNY)")].as_str()), ("14.73", "12.04"));
        assert_eq!(own[at("Served at")], format!("{TODAY} 12:00"));
        let text = format!("{staff:?}{officer:?}");
        for word in ["tier", "hardship", "minimum", "低保", "困难"] {
            assert!(!text.contains(word), "{word}");
        }
        let book = file(&world, &here.staff, "attendance.xlsx", "zh").await.file();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book)).unwrap();
        let sheet = book.worksheet_range("就餐记录").unwrap();
        assert!(sheet.used_cells().any(|(_, _, cell)| *cell == Data::String("=HYPERLINK(\"x\")".into())));
        assert!(book.worksheet_formula("就餐记录").unwrap().is_empty());
        file(&world, &here.volunteer, "attendance.csv", "zh").await.refused(403, "not_allowed");
        file(&world, &world.near.staff, "attendance.csv", "zh").await.refused(403, "not_allowed_here");
    }

    async fn a_file_that_has_not_changed_is_not_sent_again_and_one_of_too_many_days_is_refused(db: TestDb) {
        let world = World::build(db).await;
        let World { app, here, .. } = &world;
        let path = |what: &str, to: &str| format!("/canteens/{}/{what}?from={TODAY}&to={to}", here.id("canteen"));
        for what in ["headcounts.csv", "headcounts.xlsx", "attendance.csv", "attendance.xlsx"] {
            let first = app.get(&path(what, TODAY)).by(&here.staff).send().await;
            assert!(first.header("content-disposition").unwrap().contains("attachment"), "{what}");
            let etag = first.etag.clone().unwrap();
            let again = app.get(&path(what, TODAY)).by(&here.staff).header("If-None-Match", &etag).send().await;
            assert_eq!((again.status, again.bytes.len()), (304, 0), "{what}");
            app.get(&path(what, "2028-01-01")).by(&here.staff).send().await.refused(400, "bad_span");
            app.get(&path(what, "2026-11-21")).by(&here.staff).send().await.refused(400, "bad_span");
        }
        app.get(&path("attendance.csv", "2027-03-01")).by(&here.staff).send().await.refused(400, "bad_span");
    }
}
