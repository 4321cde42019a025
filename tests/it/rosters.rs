//! Residents from spreadsheets: understood as canteens write them, judged to the last cell, imported whole or not at all.

use encoding_rs::GB18030;
use leling::{problem::Fail, sheets::XLSX};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use serde_json::{Value, json};

use crate::support::{
    Plan, Reply, TestDb, Town,
    world::{World, resident_body},
};

/// A desk with rosters to import.
struct Desk {
    world: World,
}

impl Desk {
    async fn open(db: TestDb) -> Desk {
        Desk { world: World::build(db).await }
    }

    fn path(&self, dry_run: bool) -> String {
        format!("/residents/imports?canteen_id={}&dry_run={dry_run}", self.world.here.id("canteen"))
    }

    async fn sends(&self, dry_run: bool, media: &str, file: impl Into<Vec<u8>>) -> Reply {
        let call = self.world.app.upload(&self.path(dry_run), media, file.into());
        call.by(&self.world.here.staff).send().await
    }

    async fn judges(&self, csv: &str) -> Value {
        self.sends(true, "text/csv", csv).await.expect(200)
    }

    async fn imports(&self, csv: &str) -> Value {
        self.sends(false, "text/csv", csv).await.expect(200)
    }

    /// The first whom the desk finds.
    async fn found(&self, q: &str) -> Value {
        let q: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let call = self.world.app.get(&format!("/residents?q={q}")).by(&self.world.here.staff);
        call.send().await.expect(200)["items"][0].clone()
    }

    async fn record(&self, q: &str) -> Value {
        let id = self.found(q).await["id"].as_str().unwrap().to_owned();
        let call = self.world.app.get(&format!("/residents/{id}")).by(&self.world.here.staff);
        call.send().await.expect(200)
    }

    async fn people(&self) -> i64 {
        use diesel::prelude::*;
        use leling::db::schema::{cards, resident_keys, residents};
        let count = |conn: &mut leling::db::Conn, _| -> Result<i64, Fail> {
            let people: i64 = residents::table.count().get_result(conn)?;
            let keys: i64 = resident_keys::table.count().get_result(conn)?;
            let cards: i64 = cards::table.count().get_result(conn)?;
            assert_eq!(people, cards, "everybody has a card");
            assert!(keys > people);
            Ok(people)
        };
        self.world.app.write(count).await
    }
}

/// An identity number of a person born on this day, with its check digit.
fn id_number(born_on: &str, serial: usize) -> String {
    let body = format!("110105{}{serial:03}", born_on.replace('-', ""));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", &"10X98765432"[sum as usize % 11..=sum as usize % 11])
}

/// What a report says is wrong: row, column, code.
fn faults(report: &Value) -> Vec<(i64, String, String)> {
    let faults = report["faults"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    faults
        .map(|fault| (fault["row"].as_i64().unwrap(), text(&fault["column"]), text(&fault["code"])))
        .collect()
}

fn counts(report: &Value) -> [i64; 4] {
    ["people", "created", "filled", "unchanged"].map(|of| report[of].as_i64().unwrap())
}

fn roster() -> String {
    let numbers = [("1949-12-31", 2), ("1948-03-05", 17)].map(|(born_on, serial)| id_number(born_on, serial));
    format!(
        "长者食堂就餐人员名册,,,,,\r\n姓名*,身份证号码（18位）,联系电话,户籍地,忌口/过敏,备注\r\n\
         李凤恩,{},0851-5550134,贵阳市/南明区,花生、虾,左腿不便\r\n曾 兰,{},13800000001,,无,\r\n\r\n",
        numbers[0], numbers[1]
    )
}

on_both! {
    async fn a_roster_is_imported_whole_and_the_same_roster_again_changes_nothing(db: TestDb) {
        let desk = Desk::open(db).await;
        let before = desk.people().await;
        let judged = desk.judges(&roster()).await;
        assert_eq!((counts(&judged), judged["fault_count"].as_i64()), ([2, 2, 0, 0], Some(0)), "{judged}");
        assert_eq!(judged["header_row"], 2);
        assert_eq!(judged["columns"][5], json!({ "column": "F", "title": "备注", "field": null }));
        assert_eq!(desk.people().await, before);
        let gbk = GB18030.encode(&roster()).0.into_owned();
        let imported = desk.sends(false, "text/csv", gbk).await.expect(200);
        assert_eq!(counts(&imported), [2, 2, 0, 0]);
        assert_eq!(desk.people().await, before + 2);
        let li = desk.record("lfe").await;
        assert_eq!((&li["born_on"], &li["phone"]), (&json!("1949-12-31"), &json!("0851-5550134")));
        assert_eq!((&li["allergens"], li["card_number"].as_str().unwrap().len()), (&json!(["peanut", "shrimp"]), 8));
        assert_eq!(desk.found("zenglan").await["full_name"], "曾兰");
        assert_eq!(counts(&desk.imports(&roster()).await), [2, 0, 0, 2]);
        assert_eq!(desk.people().await, before + 2);
        assert_eq!(desk.record("lfe").await["version"], 1);
    }

    async fn a_request_that_is_sent_again_is_answered_as_the_first_time(db: TestDb) {
        let desk = Desk::open(db).await;
        let send = |file: String, dry_run| {
            let call = desk.world.app.upload(&desk.path(dry_run), "text/csv", file);
            call.by(&desk.world.here.staff).header("Idempotency-Key", "roster")
        };
        // A dry run uses up no key.
        send(roster(), true).send().await.expect(200);
        let first = send(roster(), false).send().await.expect(200);
        let again = send(roster(), false).send().await;
        assert!(again.replayed);
        assert_eq!(again.expect(200), first);
        send("姓名,生日\n某人,1950-01-01\n".into(), false).send().await.refused(422, "idempotency_key_reused");
        // One that could not be kept is told before anything is written by it.
        send(roster(), true).header("Idempotency-Key", "two words").send().await.refused(400, "bad_header");
    }

    async fn a_roster_with_forty_faults_reports_these_forty_and_nothing_is_written(db: TestDb) {
        let desk = Desk::open(db).await;
        let mut rows = vec!["姓名,身份证号,出生日期,电话,卡号,户籍地,忌口".to_owned()];
        let mut expected = Vec::new();
        for number in 0..200_usize {
            let born_on = format!("19{}-0{}-1{}", 30 + number % 29, 1 + number % 9, number % 10);
            let id = id_number(&born_on, number);
            let mut cells =
                ["某某".to_owned(), id.clone(), born_on, format!("138{number:08}"), format!("9{number:07}"), "贵阳市".into(), "无".into()];
            cells[0] = format!("某{}", char::from_u32(0x4E00 + number as u32).unwrap());
            let row = number as i64 + 2;
            if number % 5 == 4 {
                let (column, wrong, code) = match number / 5 % 10 {
                    0 => (0, "", "missing"),
                    1 => (1, "110105194912310021", "bad_id_number"),
                    2 => (1, "1.10105E+17", "lost_digits"),
                    3 => (2, "1901-02-30", "bad_date"),
                    4 => (2, "1950-06-30", "other_birth_date"),
                    5 => (3, "没有电话", "bad_phone"),
                    6 => (4, "12", "bad_card_number"),
                    7 => (4, "90000000", "twice_in_file"),
                    8 => (5, "外地", "bad_area"),
                    _ => (6, "石头", "unknown_word"),
                };
                cells[column] = wrong.to_owned();
                expected.push((row, char::from(b'A' + column as u8).to_string(), code.to_owned()));
            }
            rows.push(cells.join(","));
        }
        assert_eq!(expected.len(), 40);
        let before = desk.people().await;
        let file = rows.join("\r\n");
        let report = desk.judges(&file).await;
        assert_eq!(faults(&report), expected);
        let refused = desk.sends(false, "text/csv", file).await;
        assert_eq!((refused.status, &refused.body["code"], &refused.body["params"]["count"]), (400, &json!("bad_roster"), &json!(40)));
        let errors = refused.body["errors"].as_array().unwrap();
        let told: Vec<(String, String)> = errors
            .iter()
            .map(|error| (error["pointer"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned()))
            .collect();
        let pointers: Vec<(String, String)> =
            expected.iter().map(|(row, column, code)| (format!("/{row}/{column}"), code.clone())).collect();
        assert_eq!(told, pointers);
        assert!(errors[0]["detail"].as_str().unwrap().starts_with("第 6 行 A 列（姓名）"), "{}", errors[0]);
        assert_eq!(desk.people().await, before);
    }

    async fn without_the_guard_of_rosters_a_faulty_one_would_be_written_in_part(db: TestDb) {
        let faulty = "姓名,出生日期\n李凤恩,1949-12-31\n曾兰,1901-02-30\n";
        let town = Town::open(db, Plan { guards_off: "whole_roster", ..Plan::USUAL });
        let home = &town.canteens[0];
        let path = format!("/residents/imports?canteen_id={}&dry_run=false", home.id);
        home.desk.try_upload(&path, "text/csv", faulty, "k").expect("an answer").expect(200);
        let found = home.desk.get("/residents?q=lfe").expect(200);
        assert_eq!(found["items"][0]["full_name"], "李凤恩");
    }

    async fn what_is_missing_is_filled_in_and_what_differs_is_told_and_left(db: TestDb) {
        let desk = Desk::open(db).await;
        // 王秀英 and 单国强 are registered without identity numbers, both born on 1 May 1944.
        let id = id_number("1944-05-01", 7);
        let file = format!("姓名,身份证号,手机号,过敏\n王秀英,{id},13811112222,鸡蛋\n单国强,,,\n");
        let missing = desk.judges(&file).await;
        assert_eq!(faults(&missing), [(3, "B".to_owned(), "missing".to_owned())]);
        let file = format!("姓名,身份证号,出生年月,手机号,过敏\n王秀英,{id},1944年5月,13811112222,鸡蛋\n单国强,,1944/5/1,,\n");
        let report = desk.imports(&file).await;
        assert_eq!(counts(&report), [2, 0, 1, 1]);
        assert_eq!(report["differs"][0]["field"], "phone");
        assert_eq!((&report["differs"][0]["row"], &report["differs"][0]["column"]), (&json!(2), &json!("D")));
        let wang = desk.record("王秀英").await;
        assert_eq!((&wang["phone"], &wang["allergens"]), (&json!("13800000000"), &json!(["egg"])));
        assert_eq!(wang["id_number_last4"].as_str().unwrap(), &id[14..]);
        assert_eq!(counts(&desk.imports(&file).await), [2, 0, 0, 2]);
        // The door list tells the new allergy under another tag: the menu's counter has moved.
        let list = format!("/menus/{}/door-list", desk.world.here.id("menu"));
        let list = desk.world.app.get(&list).by(&desk.world.here.volunteer).send().await.expect(200);
        assert_eq!(list["expected"][0]["allergens"], json!(["egg"]));
    }

    async fn somebody_elses_card_or_identity_is_a_fault(db: TestDb) {
        let desk = Desk::open(db).await;
        let World { app, here, near, .. } = &desk.world;
        let mut elsewhere = resident_body(near.id("canteen"), "邻居甲", "70020099", &near.area);
        let id = id_number("1944-05-01", 8);
        elsewhere["id_number"] = json!(id);
        app.made(&near.staff, "/residents", elsewhere).await;
        let file = format!(
            "姓名,身份证号,出生日期,卡号\n邻居甲,{id},,\n新来的,,1950-01-01,{}\n另一位,,1950-01-01,70020099\n",
            here.id("card")
        );
        let expected = [(2, "B", "id_number_taken"), (3, "D", "card_number_taken"), (4, "D", "card_number_taken")];
        assert_eq!(faults(&desk.judges(&file).await), expected.map(|(row, column, code)| (row, column.into(), code.into())));
        // Under another name, the number of somebody here is a mistake to be looked at.
        desk.imports(&roster()).await;
        let renamed = roster().replace("李凤恩", "李凤英");
        assert_eq!(faults(&desk.judges(&renamed).await), [(3, "A".to_owned(), "other_name".to_owned())]);
    }

    async fn nobody_imports_where_they_are_not_on_duty(db: TestDb) {
        let desk = Desk::open(db).await;
        let World { app, here, near, tokens, .. } = &desk.world;
        let path = desk.path(false);
        app.upload(&path, "text/csv", roster()).by(&near.staff).send().await.refused(403, "not_allowed_here");
        app.upload(&path, "text/csv", roster()).by(&here.volunteer).send().await.refused(403, "not_allowed");
        app.upload(&path, "text/csv", roster()).by(&tokens["auditor"]).send().await.refused(403, "not_allowed");
        app.upload(&path, "text/csv", roster()).send().await.refused(401, "sign_in_required");
    }
}

/// A workbook as people keep it: a cover sheet first, a title that is merged, dates as dates, numbers as numbers.
fn workbook(merged_below: bool) -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().write_string(0, 0, "填表说明").unwrap();
    let sheet = book.add_worksheet();
    sheet.set_name("名册").unwrap();
    sheet.merge_range(0, 0, 0, 4, "老年人名册", &Format::new()).unwrap();
    for (column, title) in ["序号", "姓名", "出生日期", "手机号", "身份证号"].iter().enumerate()
    {
        sheet.write_string(1, column as u16, *title).unwrap();
    }
    let date = Format::new().set_num_format("yyyy/m/d");
    sheet.write_number(2, 0, 1).unwrap();
    sheet.write_string(2, 1, "李凤恩").unwrap();
    sheet.write_datetime_with_format(2, 2, ExcelDateTime::from_ymd(1949, 12, 31).unwrap(), &date).unwrap();
    sheet.write_number(2, 3, 13_800_000_001_f64).unwrap();
    sheet.write_number(2, 4, 110_105_194_912_310_020_f64).unwrap();
    sheet.write_formula(4, 1, Formula::new("=\"王\"&\"芳\"").set_result("王芳")).unwrap();
    sheet.write_number(4, 2, 19_480_305).unwrap();
    if merged_below {
        sheet.merge_range(5, 3, 6, 3, "13800000002", &Format::new()).unwrap();
    }
    book.save_to_buffer().unwrap()
}

/// A small file that is a giant inside.
fn bomb() -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
    let part = vec![b' '; 1 << 20];
    for _ in 0..64 {
        zip.write_all(&part).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

on_sqlite! {
    async fn a_workbook_is_read_as_excel_keeps_it(db: TestDb) {
        let desk = Desk::open(db).await;
        let report = desk.sends(true, XLSX, workbook(false)).await.expect(200);
        assert_eq!((&report["sheet"], &report["header_row"]), (&json!("名册"), &json!(2)), "{report}");
        assert_eq!(faults(&report), [(3, "E".to_owned(), "lost_digits".to_owned())]);
        assert_eq!(counts(&report), [2, 1, 0, 0]);
        let report = desk.sends(true, XLSX, workbook(true)).await.expect(200);
        let faults = faults(&report);
        assert!(faults.contains(&(6, "D".into(), "merged_cells".into())), "{faults:?}");
    }

    async fn a_file_that_cannot_be_read_is_refused_with_a_code(db: TestDb) {
        let desk = Desk::open(db).await;
        let word = async |media: &str, file: Vec<u8>| {
            let reply = desk.sends(true, media, file).await;
            assert_eq!((reply.status, &reply.body["code"]), (400, &json!("unreadable_sheet")), "{}", reply.body);
            reply.body["errors"][0]["code"].as_str().unwrap().to_owned()
        };
        assert_eq!(word("text/csv", Vec::new()).await, "empty_file");
        assert_eq!(word("text/csv", b"a,b\n1,2\n".to_vec()).await, "no_header");
        assert_eq!(word("text/csv", b"\xFF\xFF,\xFF\n".to_vec()).await, "unknown_encoding");
        assert_eq!(word(XLSX, b"PK\x03\x04rest".to_vec()).await, "broken_file");
        assert_eq!(word(XLSX, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec()).await, "old_or_locked");
        assert_eq!(word(XLSX, bomb()).await, "too_large_unpacked");
        let many = format!("姓名,生日\n{}", "某人,1950-01-01\n".repeat(10_000));
        assert_eq!(word("text/csv", many.into_bytes()).await, "too_many_rows");
        desk.sends(true, "application/pdf", "x").await.refused(415, "not_a_spreadsheet");
        desk.sends(true, "text/csv", vec![b'a'; 5 * 1024 * 1024]).await.refused(413, "body_too_large");
        let no_key = "姓名\n某人\n".to_owned();
        assert_eq!(word("text/csv", no_key.into_bytes()).await, "no_header");
    }
}
