//! Bytes from outside, as somebody who means harm or a broken program would send them: every parser says yes or a clear
//! no, and never falls over.
//!
//! What is sent is made by changing what is right (policy documents, rosters, tokens, cursors, card codes, headers) in a
//! few random places. `HOSTILE_CASES` says how many of each, and `HOSTILE_SEED` which: the suite tries the same few each
//! time, and by hand one tries others. What was once found is kept in `tests/data/hostile`, and tried first.

use std::sync::Arc;

use leling::{
    money::Fen,
    pricing::{Arguments, FactNames, PolicyInForce, describe, parse, quote},
    residents::roster::Roster,
    sheets::XLSX,
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::support::{
    Reply, TestApp,
    world::{World, uuid},
};

const SCHEMES: &str = include_str!("../data/schemes.json");

/// The documents that the demonstration puts in force.
const POLICIES: [&str; 4] = [
    include_str!("../../src/demo/policies/zengcheng-2020.json"),
    include_str!("../../src/demo/policies/putuo-2025.json"),
    include_str!("../../src/demo/policies/qingdao-2023.json"),
    include_str!("../../src/demo/policies/changsha-yuhua-2022.json"),
];

/// How many of each kind are tried: few in the suite, as many as one likes by hand.
fn cases() -> u32 {
    std::env::var("HOSTILE_CASES").map_or(300, |cases| cases.parse().unwrap())
}

/// What draws the cases.
fn runner() -> TestRunner {
    let seed: u64 = std::env::var("HOSTILE_SEED").map_or(1, |seed| seed.parse().unwrap());
    let bytes: Vec<u8> = [seed; 4].iter().flat_map(|part| part.to_be_bytes()).collect();
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// One case after the other, for what has to be awaited.
fn drawn<T: std::fmt::Debug>(runner: &mut TestRunner, strategy: &impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).unwrap().current()
}

/// A change of JSON at the node of this number, counted from the root and around.
#[derive(Clone, Debug)]
enum Edit {
    Becomes(Value),
    Goes,
    Moves(usize),
    Is(usize),
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-2_i64..200).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof![Just("any"), Just("all"), Just("not"), Just("first"), Just("best"), Just("month")]
            .prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
    ]
}

fn edits() -> impl Strategy<Value = Vec<(usize, Edit)>> {
    let edit = prop_oneof![
        4 => scalar().prop_map(Edit::Becomes),
        2 => Just(Edit::Goes),
        1 => any::<usize>().prop_map(Edit::Moves),
        2 => any::<usize>().prop_map(Edit::Is),
    ];
    prop::collection::vec((any::<usize>(), edit), 1..5)
}

/// Every place in a document, as pointers.
fn places(value: &Value, at: String, found: &mut Vec<String>) {
    found.push(at.clone());
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                places(inner, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter().enumerate() {
                places(inner, format!("{at}/{number}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn edited(mut document: Value, edits: &[(usize, Edit)]) -> Value {
    for (place, edit) in edits {
        let mut found = Vec::new();
        places(&document, String::new(), &mut found);
        let at = |number: usize| found[number % found.len()].clone();
        let place = at(*place);
        match edit {
            Edit::Becomes(value) => *document.pointer_mut(&place).unwrap() = value.clone(),
            Edit::Is(other) => {
                let other = document.pointer(&at(*other)).unwrap().clone();
                *document.pointer_mut(&place).unwrap() = other;
            }
            Edit::Moves(other) => {
                let from = document.pointer_mut(&place).unwrap().take();
                if let Some(to) = document.pointer_mut(&at(*other)) {
                    *to = from;
                }
            }
            Edit::Goes => {
                let Some((parent, name)) = place.rsplit_once('/') else { continue };
                match document.pointer_mut(parent) {
                    Some(Value::Object(members)) => {
                        members.remove(&name.replace("~1", "/").replace("~0", "~"));
                    }
                    Some(Value::Array(items)) => {
                        items.remove(name.parse().unwrap());
                    }
                    Some(_) | None => {}
                }
            }
        }
    }
    document
}

/// A person of 81 who is everything that a scheme asks for, and one who is nothing.
fn diners(charge: i64) -> [Arguments; 2] {
    let area = json!({ "city": "广州市", "district": "增城区", "town": "荔城街道", "community": "西园社区" });
    let facts: Vec<Value> = serde_json::from_str::<Value>(SCHEMES).unwrap()["classes"]
        .as_object()
        .into_iter()
        .flat_map(|classes| classes.keys().map(|kind| json!({ "kind": kind })).collect::<Vec<_>>())
        .take(50)
        .collect();
    let line = json!({ "item_kind": "set", "price_fen": charge, "quantity": 1, "second_helping": false });
    let of = |born_on: &str, facts: Value, home: Value| {
        serde_json::from_value(json!({
            "person": { "born_on": born_on, "registered_in": home, "lives_in": home, "facts": facts },
            "canteen": { "area": area },
            "order": { "period": "lunch", "mode": "dine_in", "class": "meal", "lines": [line], "delivery_fee_fen": 0 },
            "served_on": "2026-11-23", "day_kind": "workday", "calendar_known": true, "usage": {}
        }))
        .unwrap()
    };
    [of("1945-02-28", json!(facts), area.clone()), of("1990-05-01", json!([]), Value::Null)]
}

/// What holds of any document, whoever wrote it: its faults say where and what, in both languages; or it prices meals
/// whose parts add up to the charge.
fn holds_of_document(document: &Value, charge: i64) -> Result<(), TestCaseError> {
    match parse(document) {
        Err(faults) => {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(fault.pointer.is_empty() || fault.pointer.starts_with('/'), "{fault:?}");
                let said = serde_json::to_value(&fault.detail).unwrap();
                prop_assert!(
                    ["zh", "en"].iter().all(|lang| said[lang].as_str().is_some_and(|said| !said.is_empty()))
                );
            }
        }
        Ok(policy) => {
            let in_force = [PolicyInForce { version: 1, policy: Arc::new(policy) }];
            for args in diners(charge) {
                let quote = quote(&in_force, &args);
                let paid: Fen = quote.lines.iter().map(|line| line.fen).sum();
                prop_assert!(quote.lines.iter().all(|line| line.fen >= Fen(0)), "{quote:?}");
                prop_assert!(quote.resident_fen >= Fen(0));
                prop_assert_eq!(paid + quote.resident_fen, quote.charge_fen);
                let words = describe(&in_force[0].policy, &FactNames::default());
                prop_assert!(!serde_json::to_string(&words).unwrap().is_empty());
            }
        }
    }
    Ok(())
}

/// What holds of any file: it is refused as a whole with a reason, or each row is somebody or has a fault.
fn holds_of_roster(file: &[u8]) -> Result<(), TestCaseError> {
    match Roster::read(file, &[7; 32], "2026-11-22".parse().unwrap()) {
        Err(problem) => prop_assert_eq!(problem.code.as_str(), "unreadable_sheet"),
        Ok(roster) => {
            prop_assert!(roster.entries.len() <= roster.people);
            prop_assert!(roster.entries.len() == roster.people || !roster.faults.is_empty());
            let rows: Vec<_> = roster.faults.iter().map(|fault| (fault.row, fault.column)).collect();
            prop_assert!(rows.is_sorted());
        }
    }
    Ok(())
}

const ROSTER: &str = "长者食堂就餐人员名册,,,,,\r\n姓名*,身份证号码（18位）,出生日期,联系电话,户籍地,忌口/过敏\r\n\
                      李凤恩,110105194912310021,1949-12-31,0851-5550134,贵阳市/南明区,花生、虾\r\n\
                      曾 兰,,1948.3.5,13800000001,,无\r\n\"王\"\"秀英\",,17654,1.38E+10,,\r\n";

/// The roster as canteens send it: UTF-8, GB18030, and a workbook.
fn files() -> Vec<Vec<u8>> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in ROSTER.lines().enumerate() {
        for (column, cell) in line.split(',').enumerate() {
            sheet.write(row as u32, column as u16, cell).unwrap();
        }
    }
    let gb = encoding_rs::GB18030.encode(ROSTER).0.into_owned();
    vec![ROSTER.into(), gb, book.save_to_buffer().unwrap()]
}

/// A change of bytes.
#[derive(Clone, Debug)]
enum Damage {
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize),
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let cell = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..20),
        "[,;\t\r\n\"=+@-]{1,6}".prop_map(String::into_bytes),
        "\\PC{1,8}".prop_map(String::into_bytes),
    ];
    let damage = prop_oneof![
        3 => (any::<usize>(), any::<u8>()).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        1 => any::<usize>().prop_map(Damage::Cut),
        3 => (any::<usize>(), cell).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (any::<usize>(), 0..400_usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ];
    prop::collection::vec(damage, 1..6)
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        let length = bytes.len().max(1);
        match damage {
            Damage::Flip(at, bits) => {
                if let Some(byte) = bytes.get_mut(at % length) {
                    *byte ^= bits;
                }
            }
            Damage::Cut(at) => bytes.truncate(at % length),
            Damage::Insert(at, more) => {
                let at = (at % length).min(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::Repeat(at, count) => {
                let at = (at % length).min(bytes.len());
                let part = bytes[at..(at + count).min(bytes.len())].to_vec();
                bytes.extend(part);
            }
        }
    }
    bytes
}

/// What was once found, by the ending of its name.
fn kept(ending: &str) -> Vec<Vec<u8>> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hostile");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Headers that the service reads.
const HEADERS: [&str; 12] = [
    "Authorization",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "Accept-Language",
    "Accept",
    "Content-Type",
    "Last-Event-ID",
    "X-Forwarded-For",
    "Cookie",
    "X-Request-Id",
    "Range",
];

fn header_value() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => 0x20..0x7F_u8, 1 => 0x80..=0xFF_u8];
    prop_oneof![
        prop::collection::vec(byte, 0..200),
        "(W/)?\"v[0-9]{0,30}(\\.[0-9]{0,30})?\"(, ?\"[a-z]{0,4}\")?".prop_map(String::into_bytes),
        "Bearer [A-Za-z0-9._=-]{0,300}".prop_map(String::into_bytes),
        "([a-z]{1,8}(-[A-Z]{0,8})?(;q=[0-9.]{0,6})?,? ?){0,6}".prop_map(String::into_bytes),
        "([0-9.]{1,18}|[0-9a-f:]{1,40})(, ?[0-9.:]{1,18}){0,4}".prop_map(String::into_bytes),
    ]
}

/// An answer is a success or a refusal with a code that is documented; never a failure of ours.
fn is_decided(reply: &Reply, sent: &dyn std::fmt::Debug) {
    assert!(reply.status < 500, "{sent:?}: {} {}", reply.status, reply.body);
    assert!(
        reply.status < 400 || reply.body["code"].is_string(),
        "{sent:?}: {} {}",
        reply.status,
        reply.body
    );
}

plain! {
    async fn whatever_is_done_to_a_policy_document_it_is_refused_with_its_faults_or_prices_meals_that_add_up() {
        for document in kept("json") {
            holds_of_document(&serde_json::from_slice(&document).unwrap(), 1500).unwrap();
        }
        let documents: Vec<Value> = POLICIES.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        let strategy = (0..documents.len(), edits(), 0..200_000_i64);
        runner()
            .run(&strategy, |(number, edits, charge)| holds_of_document(&edited(documents[number].clone(), &edits), charge))
            .unwrap();
    }

    async fn whatever_is_done_to_a_roster_it_is_refused_as_a_whole_or_read_with_its_faults() {
        kept("roster").iter().for_each(|file| holds_of_roster(file).unwrap());
        let files = files();
        runner()
            .run(&(0..files.len(), damages()), |(number, damages)| holds_of_roster(&damaged(files[number].clone(), &damages)))
            .unwrap();
    }
}

on_sqlite! {
    async fn whatever_headers_are_sent_the_answer_is_decided(db: TestDb) {
        let world = World::build(db).await;
        let paths = [
            format!("/canteens/{}/menus?from=2026-11-22&to=2026-11-29", world.here.id("canteen")),
            format!("/canteens/{}/headcounts?on=2026-11-23", world.here.id("canteen")),
            "/residents?q=lfe".into(), "/me".into(), "/reservations".into(), "/canteens".into(),
        ];
        let strategy = (0..paths.len(), prop::collection::vec((0..HEADERS.len(), header_value()), 1..4), any::<bool>());
        let mut runner = runner();
        for _ in 0..cases() {
            let (path, headers, signed_in) = drawn(&mut runner, &strategy);
            let call = world.app.get(&paths[path]);
            let call = if signed_in { call.by(&world.here.staff) } else { call };
            let call = headers.iter().fold(call, |call, (name, value)| call.header_bytes(HEADERS[*name], value));
            is_decided(&call.send().await, &(&paths[path], &headers));
            let (name, value) = &headers[0];
            let body = json!({ "canteen_id": world.here.id("canteen"), "full_name": "曾兰", "born_on": "1949-12-31" });
            let call = world.app.post("/residents", body).by(&world.here.staff).header_bytes(HEADERS[*name], value);
            is_decided(&call.send().await, &headers);
        }
    }

    async fn a_token_with_any_other_bit_is_nobodys(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let token = admin["access_token"].as_str().unwrap();
        let mut runner = runner();
        for _ in 0..cases() {
            let damages = drawn(&mut runner, &damages());
            let other = damaged(token.as_bytes().to_vec(), &damages);
            let value = [b"Bearer ".as_slice(), &other].concat();
            let sendable = value.iter().all(|byte| *byte >= 0x20 && *byte != 0x7F);
            if !sendable || value.trim_ascii_end() == format!("Bearer {token}").as_bytes() {
                continue;
            }
            let reply = app.get("/me").header_bytes("Authorization", &value).send().await;
            assert!([400, 401].contains(&reply.status), "{:?}: {}", String::from_utf8_lossy(&value), reply.body);
            is_decided(&reply, &value);
        }
    }

    async fn whatever_a_cursor_or_a_card_code_says_the_answer_is_decided(db: TestDb) {
        let world = World::build(db).await;
        let text = prop_oneof![
            ".{0,40}", "[0-9a-f]{0,70}", "LL?[0-9A-F]{0,40}", "[0-9A-Za-z+/=_-]{0,60}",
        ];
        let mut runner = runner();
        let menu = world.here.id("menu");
        for _ in 0..cases() {
            let sent = drawn(&mut runner, &text);
            let escaped = percent_encoding::utf8_percent_encode(&sent, percent_encoding::NON_ALPHANUMERIC).to_string();
            for path in ["/reservations?cursor=", "/residents?q=", "/canteens?cursor=", "/residents?q=lfe&cursor="] {
                is_decided(&world.app.get(&format!("{path}{escaped}")).by(&world.here.staff).send().await, &sent);
            }
            let tap = json!({ "tap_id": uuid(), "card_code": sent });
            is_decided(
                &world.app.post(&format!("/menus/{menu}/attendance"), tap).by(&world.here.staff).send().await,
                &sent,
            );
        }
    }

    async fn whatever_is_uploaded_as_a_roster_the_answer_is_decided(db: TestDb) {
        let world = World::build(db).await;
        let path = format!("/residents/imports?canteen_id={}&dry_run=false", world.here.id("canteen"));
        let (files, mut runner) = (files(), runner());
        for _ in 0..cases() / 4 {
            let (number, damages) = drawn(&mut runner, &(0..files.len(), damages()));
            let media = if number == 2 { XLSX } else { "text/csv" };
            let file = damaged(files[number].clone(), &damages);
            is_decided(&world.app.upload(&path, media, file).by(&world.here.staff).send().await, &damages);
        }
    }
}
