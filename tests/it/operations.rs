//! The service as those see it who run it: readiness, metrics, logs, stopping, and the pages of the documentation.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{PIN, Plan, Server, TestDb, Town};

/// The value of a metric with these labels, 0 where it was never counted.
fn metric(text: &str, name: &str, labels: &[&str]) -> f64 {
    let lines = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    });
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

fn scrape(server: &Server) -> String {
    let (status, text) = server.client("").text("/metrics", None);
    assert_eq!(status, 200);
    text
}

/// What Prometheus's own checker complains of, where it is installed.
fn complaints(text: &str) -> String {
    let checker = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut checker) = checker else {
        assert!(std::env::var("CI").is_err(), "promtool is not installed");
        return String::new();
    };
    checker.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = checker.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if output.status.success() { said } else { format!("{}: {said}", output.status) }
}

fn keys() -> String {
    format!("{}:{}", "07".repeat(32), "08".repeat(32))
}

/// More lines of a log than wait, and fit into a pipe.
const UNREAD: u16 = 12_000;

/// A server whose log nobody reads, without these guards.
fn with_its_log_unread(db: &TestDb, guards_off: &str) -> Server {
    let mut server = Server::start(db.url(), &keys(), guards_off);
    server.stop_reading_the_log();
    server
}

/// Whether a question is answered at all.
fn is_answered(server: &Server) -> bool {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    stream.read(&mut [0]).is_ok_and(|read| read == 1)
}

on_both! {
    async fn metrics_count_what_was_committed_once_and_prometheus_finds_nothing_wrong_with_them(db: TestDb) {
        let town = Town::open(db, Plan { residents: 2, ..Plan::USUAL });
        let meal = town.meal_today(0, 1, 1);
        let [one, two] = [0, 1].map(|number| &town.residents[number]);
        let order = meal.order(one);
        let placed = one.client.post_keyed("/reservations", order.clone(), "key-1").expect(201);
        assert!(one.client.post_keyed("/reservations", order, "key-1").replayed);
        two.client.post("/reservations", meal.order(two)).refused(409, "menu_full");
        let desk = &town.canteens[0].desk;
        let tap = |tap_id: &str, card: &str| {
            let path = format!("/menus/{}/attendance", meal.id);
            desk.post(&path, json!({ "tap_id": tap_id, "card_number": card }))
        };
        tap("0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a", "31415926").expect(201);
        tap("0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b", "31415926").refused(409, "already_served");
        // The second is answered from memory, before it is routed.
        for _ in 0..2 {
            town.servers[0].client("").get(&format!("/menus/{}", meal.id)).expect(200);
        }
        let text = scrape(&town.servers[0]);
        let at = |name: &str, labels: &[&str]| metric(&text, name, labels);
        assert_eq!(at("leling_http_requests_total", &["operation=\"read_menu\"", "method=\"GET\"", "2xx"]), 2.0);
        assert_eq!(at("leling_reservations_total", &["event=\"placed\"", "channel=\"self\""]), 1.0, "{text}");
        assert_eq!(at("leling_idempotent_replays_total", &[]), 1.0);
        assert_eq!(at("leling_problems_total", &["menu_full"]), 1.0);
        assert_eq!(at("leling_check_ins_total", &["kind=\"reserved\"", "outcome=\"served\""]), 1.0);
        assert_eq!(at("leling_check_ins_total", &["outcome=\"already_served\""]), 1.0);
        let answered = ["operation=\"place_reservation\"", "method=\"POST\""];
        assert_eq!(at("leling_http_requests_total", &[answered[0], answered[1], "2xx"]), 2.0);
        assert_eq!(at("leling_http_requests_total", &[answered[0], answered[1], "4xx"]), 1.0);
        assert_eq!(at("leling_sign_ins_total", &["with=\"pin\"", "outcome=\"signed_in\""]), 2.0);
        assert!(at("leling_database_commit_duration_seconds_count", &[]) > 10.0);
        assert!(at("process_resident_memory_bytes", &[]) > 1e6);
        assert_eq!(complaints(&text), "");
        for personal in ["王", "31415926", &one.id, &meal.id, placed["id"].as_str().unwrap()] {
            assert!(!text.contains(personal), "{personal}");
        }
    }
}

plain! {
    async fn metrics_are_for_this_machine_or_on_an_address_of_their_own() {
        let db = TestDb::fresh(leling::db::Kind::Sqlite);
        let server = Server::start(db.url(), &keys(), "");
        assert_eq!(server.client("").text("/metrics", Some(("X-Forwarded-For", "203.0.113.9"))).0, 404);
        assert_eq!(server.client("").text("/metrics", None).0, 200);

        let apart = Server::start_with(db.url(), &keys(), &[("LELING_METRICS_BIND", "127.0.0.1:0")]);
        assert_eq!(apart.client("").text("/metrics", None).0, 404);
        let log = apart.log().join("\n");
        let (_, rest) = log.split_once("metrics on http://").unwrap();
        let address = rest.split('/').next().unwrap();
        let mut answer = ureq::get(format!("http://{address}/metrics")).call().unwrap();
        assert!(answer.body_mut().read_to_string().unwrap().contains("leling_build_info"));
        let elsewhere: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        assert_eq!(elsewhere.get(format!("http://{address}/api/v1/canteens")).call().unwrap().status(), 404);
    }

    async fn while_it_drains_it_answers_and_says_that_it_is_not_ready() {
        let db = TestDb::fresh(leling::db::Kind::Sqlite);
        let mut server = Server::start_with(db.url(), &keys(), &[("LELING_DRAIN_S", "300")]);
        server.terminate();
        let client = server.client("");
        let not_ready = loop {
            let (status, text) = client.text("/readyz", None);
            if status == 503 {
                break serde_json::from_str::<Value>(&text).unwrap();
            }
        };
        assert_eq!((&not_ready["code"], &not_ready["params"]["check"]), (&json!("not_ready"), &json!("stopping")));
        assert_eq!(client.text("/healthz", None).0, 200);
        client.get("/canteens").expect(200);
        server.terminate();
        assert!(server.ended_well());
    }

    async fn a_connection_that_is_kept_open_does_not_keep_it_from_stopping() {
        let db = TestDb::fresh(leling::db::Kind::Sqlite);
        let mut server = Server::start(db.url(), &keys(), "");
        let mut idle = TcpStream::connect(server.address()).unwrap();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut head = [0; 15];
        idle.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        server.terminate();
        assert!(server.ended_well());
    }

    async fn nobody_waits_for_whoever_should_read_the_log_and_lines_that_are_lost_are_counted() {
        let db = TestDb::fresh(leling::db::Kind::Sqlite);
        let mut server = with_its_log_unread(&db, "");
        assert!((0..UNREAD).all(|_| is_answered(&server)));
        let lost = metric(&scrape(&server), "leling_log_lines_lost", &[]);
        assert!((1.0..f64::from(UNREAD)).contains(&lost), "{lost}");
        server.terminate();
        assert!(server.ended_well());
    }

    async fn without_the_guard_of_the_log_everybody_waits_for_whoever_should_read_it() {
        let db = TestDb::fresh(leling::db::Kind::Sqlite);
        let server = with_its_log_unread(&db, "log");
        assert!(!(0..UNREAD).all(|_| is_answered(&server)));
    }

    async fn the_documentation_is_in_the_binary_and_loads_nothing_from_elsewhere() {
        let db = TestDb::fresh(leling::db::Kind::Sqlite);
        let server = Server::start(db.url(), &keys(), "");
        let mut answer = ureq::get(format!("http://{}/docs", server.address())).call().unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
        let page = answer.body_mut().read_to_string().unwrap();
        let names = page.split(['"', '\'']).filter(|part| part.starts_with("./") || part.contains("//"));
        let names: Vec<&str> = names.collect();
        assert!(names.iter().any(|name| name.ends_with("swagger-ui-bundle.js")), "{page}");
        for name in names {
            assert!(name.starts_with("./"), "{name} is elsewhere");
            let path = format!("/docs/{}", name.trim_start_matches("./"));
            assert_eq!(server.client("").text(&path, None).0, 200, "{path}");
        }
        let (_, initializer) = server.client("").text("/docs/swagger-initializer.js", None);
        assert!(initializer.contains("/api/v1/openapi.json") && !initializer.contains("http"), "{initializer}");
        assert_eq!(server.client("").text("/docs/nothing.js", None).0, 404);
    }
}

on_both! {
    async fn a_days_log_has_an_id_on_every_line_of_a_request_and_nothing_about_people(db: TestDb) {
        let mut town = Town::open(db, Plan { residents: 2, ..Plan::USUAL });
        let meal = town.meal_today(0, 1, 1);
        let [one, two] = [0, 1].map(|number| &town.residents[number]);
        one.client.post("/reservations", meal.order(one)).expect(201);
        two.client.post("/reservations", meal.order(two)).refused(409, "menu_full");
        let desk = &town.canteens[0].desk;
        let canteen = &town.canteens[0].id;
        let body = json!({
            "canteen_id": canteen, "full_name": "李凤恩", "born_on": "1944-05-01", "phone": "13900001234",
            "card_number": "27182818", "id_number": "110101194405010019"
        });
        desk.post("/residents", body);
        desk.get("/residents?q=%E6%9D%8E%E5%87%A4%E6%81%A9").expect(200);
        desk.get(&format!("/reservations?menu_id={}", meal.id)).expect(200);
        town.servers[0].client("").post("/auth/sign-in", json!({ "card_number": "31415926", "pin": "000000" }));
        town.servers[0].client("").text("/api/v1/residents/13900001234?q=13900001234", None);
        let path = format!("/menus/{}/attendance", meal.id);
        desk.post(&path, json!({ "tap_id": "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a", "card_number": "31415926" })).expect(201);

        // To its last line, as a service that is told to stop leaves it.
        town.servers[0].terminate();
        assert!(town.servers[0].ended_well());
        let log: Vec<Value> =
            town.servers[0].log().iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
        let answered: Vec<&Value> = log.iter().filter(|line| line["message"] == "answered").collect();
        assert!(answered.iter().any(|line| line["operation"] == "place_reservation" && line["status"] == 409));
        assert_eq!(answered.last().map(|line| &line["operation"]), Some(&json!("check_in")));
        for line in &answered {
            assert_eq!(line["span"]["request_id"].as_str().map(str::len), Some(16), "{line}");
        }
        // What is counted and drawn by lot may hold any digits.
        let told = log.iter().map(|line| {
            let mut line = line.clone();
            line["timestamp"].take();
            line["elapsed_us"].take();
            line["span"]["request_id"].take();
            line.to_string()
        });
        let told: Vec<String> = told.collect();
        let bearer = one.client.token();
        let secrets = ["李凤恩", "王秀英", "13900001234", "27182818", "31415926", "110101194405010019", "0019", PIN,
            crate::support::PASSWORD, bearer, "%E6%9D%8E", "?q=", &one.id, &two.id];
        for secret in secrets {
            let line = told.iter().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    }
}
