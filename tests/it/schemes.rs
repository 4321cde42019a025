//! Real subsidy schemes, and one that nobody has: posted, put into force and tried over HTTP, and eaten by.

use std::{collections::BTreeMap, fs, path::Path};

use leling::{
    db::Conn,
    money::Fen,
    policies,
    subsidies::{Change, Comparison},
};
use serde_json::{Map, Value, json};

use crate::support::{
    TestApp,
    world::{id_of, lines, resident_body, uuid},
};

fn file(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn document(scheme: &str) -> Value {
    file(&format!("src/demo/policies/{scheme}.json"))
}

fn schemes() -> Vec<Value> {
    file("tests/data/schemes.json")["schemes"].as_array().unwrap().clone()
}

fn case(scheme: &str, id: &str) -> Value {
    let schemes = schemes();
    let scheme = schemes.iter().find(|known| known["id"] == scheme).unwrap();
    scheme["cases"].as_array().unwrap().iter().find(|known| known["id"] == id).unwrap().clone()
}

/// The fields that are there.
fn without_nulls(value: Value) -> Value {
    let fields = value.as_object().unwrap().clone();
    Value::Object(fields.into_iter().filter(|(_, field)| !field.is_null()).collect())
}

/// A worked example as `POST /policies/try` takes it.
fn trial(case: &Value) -> Value {
    let (resident, order) = (&case["resident"], &case["order"]);
    let facts: Vec<Value> = resident["classes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|class| {
            let (kind, value) = class
                .as_str()
                .unwrap()
                .split_once('=')
                .map_or((class.as_str().unwrap(), None), |(kind, value)| (kind, Some(value)));
            without_nulls(json!({ "kind": kind, "value": value }))
        })
        .collect();
    let served: Vec<Value> = case["already_served"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|meal| {
            without_nulls(json!({
                "served_on": meal["date"], "period": meal["period"], "charge_fen": meal["charge"],
                "day_kind": meal["day_kind"], "paid": meal["paid"]
            }))
        })
        .collect();
    without_nulls(json!({
        "person": without_nulls(json!({
            "born_on": resident["born_on"], "registered_in": resident["registered_in"],
            "lives_in": resident["lives_in"], "facts": facts
        })),
        "order": without_nulls(json!({
            "served_on": order["date"], "period": order["period"], "mode": order["mode"],
            "charge_fen": order["charge"], "delivery_fee_fen": order["delivery_fee"], "item_kind": order["item_kind"]
        })),
        "canteen_in": order["canteen_in"], "day_kind": order["day_kind"], "already_served": served
    }))
}

/// What each payer pays: nothing by those who are not named.
fn by_payer(quote: &Value) -> Map<String, Value> {
    let mut paid: BTreeMap<String, i64> = BTreeMap::new();
    for line in quote["lines"].as_array().unwrap() {
        *paid.entry(line["payer"].as_str().unwrap().into()).or_default() += line["fen"].as_i64().unwrap();
    }
    paid.into_iter().filter(|(_, fen)| *fen != 0).map(|(payer, fen)| (payer, fen.into())).collect()
}

async fn officer(app: &TestApp, admin: &Value, area: &Value) -> Value {
    app.member(admin, "officer", json!({ "role": "district", "area": area })).await
}

/// Tries a worked example by whatever is in force.
async fn assert_tried(app: &TestApp, officer: &Value, case: &Value) {
    let quote = app.made(officer, "/policies/try", trial(case)).await;
    let paid = Value::Object(by_payer(&quote));
    assert_eq!(paid, case["expect"]["by_payer"], "{}: {quote}", case["id"]);
    assert_eq!(quote["resident_fen"], case["expect"]["resident_pays"], "{}", case["id"]);
}

/// A canteen of a scheme, on its day: its officer, its desk, and who comes.
struct Table {
    app: TestApp,
    officer: Value,
    staff: Value,
    canteen: String,
    cards: u32,
}

impl Table {
    /// A canteen that lies there, with the scheme in force from its first day.
    async fn set(app: TestApp, scheme: &str, area: &Value) -> Table {
        let admin = app.admin().await;
        let document = document(scheme);
        let officer = officer(&app, &admin, &document["area"]).await;
        let known = schemes().into_iter().find(|known| known["id"] == scheme).unwrap();
        app.policy_in_force(&officer, document, known["in_force_from"].as_str().unwrap()).await;
        let period = |period: &str, from: &str, to: &str| {
            json!({
                "period": period, "serves_from": from, "serves_to": to, "default_capacity": 100,
                "cutoff": { "service_days_before": 0, "at": "10:30" }, "modes": ["dine_in"],
                "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            })
        };
        let canteen = json!({
            "name": "示例食堂", "area": area, "address": "示例路 1 号", "phone": "0851-5550100",
            "time_zone": "Asia/Shanghai", "delivery_fee_fen": 0,
            "periods": [period("lunch", "11:00", "13:00"), period("dinner", "17:00", "19:00")]
        });
        let canteen = id_of(&app.made(&officer, "/canteens", canteen).await);
        let staff = app.member(&admin, "staff", json!({ "role": "staff", "canteen_id": canteen })).await;
        Table { app, officer, staff, canteen, cards: 0 }
    }

    /// Waits until this instant; everybody signs in anew.
    async fn until(&mut self, instant: &str) {
        self.app.set_clock(instant);
        for (user_name, tokens) in [("officer", &mut self.officer), ("staff", &mut self.staff)] {
            let password = tokens["password"].clone();
            *tokens = self.app.sign_in(user_name, password.as_str().unwrap()).await.expect(200);
            tokens["password"] = password;
        }
    }

    async fn menu(&self, on: &str, period: &str, price_fen: &Value) -> Value {
        let item = json!({ "name": "套餐", "kind": "set", "price_fen": price_fen });
        let body = json!({ "served_on": on, "period": period, "items": [item], "publish": true });
        self.app.made(&self.staff, &format!("/canteens/{}/menus", self.canteen), body).await
    }

    /// Registers the resident of a worked example, with what is true of them.
    async fn resident(&mut self, case: &Value) -> String {
        let told = &case["resident"];
        self.cards += 1;
        let mut body = resident_body(
            &self.canteen,
            "王秀英",
            &format!("{:08}", 90_000_000 + self.cards),
            &told["registered_in"],
        );
        body["born_on"] = told["born_on"].clone();
        body["lives_in"] = told["lives_in"].clone();
        let resident = id_of(&self.app.made(&self.staff, "/residents", body).await);
        for class in told["classes"].as_array().into_iter().flatten() {
            let fact = json!({ "kind": class, "source": "示例区民政局", "evidence": "示例-0001", "from_on": "2019-01-01" });
            self.app.made(&self.officer, &format!("/residents/{resident}/facts"), fact).await;
        }
        resident
    }

    async fn reserve(&self, resident: &str, menu: &Value) -> String {
        let wish = json!({ "menu_id": menu["id"], "resident_id": resident, "lines": lines(menu) });
        id_of(&self.app.made(&self.staff, "/reservations", wish).await)
    }

    /// Serves what was reserved; answers what is due.
    async fn check_in(&self, reservation: &str, menu: &Value) -> i64 {
        let tap = json!({ "tap_id": uuid(), "reservation_id": reservation, "point": "desk" });
        let served = self.app.made(&self.staff, &format!("/menus/{}/attendance", id_of(menu)), tap).await;
        served["due_fen"].as_i64().unwrap()
    }

    /// Reserves now, and eats an hour and more later; answers what is due.
    async fn eat(&mut self, resident: &str, on: &str, menu: &Value) -> i64 {
        let reservation = self.reserve(resident, menu).await;
        let hour = if menu["period"] == "lunch" { "03" } else { "09" };
        self.until(&format!("{on}T{hour}:30:00Z")).await;
        self.check_in(&reservation, menu).await
    }

    /// What each payer paid for this resident on a day, by the posted draws.
    async fn drawn(&self, resident: &str, on: &str, period: &str) -> Value {
        let path = format!("/draws?from={on}&to={on}");
        let draws = self.app.get(&path).by(&self.officer).send().await.expect(200);
        let own = draws["items"].as_array().unwrap().iter().filter(|draw| {
            draw["resident_id"] == resident && draw["period"] == period && draw["to_canteen"] == false
        });
        let mut paid: BTreeMap<String, i64> = BTreeMap::new();
        for draw in own {
            *paid.entry(draw["payer"].as_str().unwrap().into()).or_default() += draw["fen"].as_i64().unwrap();
        }
        json!(paid.into_iter().filter(|(_, fen)| *fen != 0).collect::<BTreeMap<_, _>>())
    }

    async fn takings(&self, from: &str, to: &str) -> Value {
        let path = format!("/takings?from={from}&to={to}");
        let takings = self.app.get(&path).by(&self.officer).send().await.expect(200);
        takings["canteens"][0].clone()
    }

    /// Serves a worked example, and compares what is due and what was drawn.
    async fn serve(&mut self, scheme: &str, id: &str) {
        let case = case(scheme, id);
        let order = &case["order"];
        let (on, period) = (order["date"].as_str().unwrap(), order["period"].as_str().unwrap());
        let menu = self.menu(on, period, &order["charge"]).await;
        let resident = self.resident(&case).await;
        let due = self.eat(&resident, on, &menu).await;
        assert_eq!(json!(due), case["expect"]["resident_pays"], "{id}");
        assert_eq!(self.drawn(&resident, on, period).await, case["expect"]["by_payer"], "{id}");
    }
}

/// Eats a lunch on each of these days, and tells what was paid for the resident each time.
async fn lunches(table: &mut Table, resident: &str, days: &[&str]) -> Vec<i64> {
    let mut paid = Vec::new();
    for on in days {
        table.until(&format!("{on}T00:30:00Z")).await;
        let menu = table.menu(on, "lunch", &json!(1500)).await;
        paid.push(1500 - table.eat(resident, on, &menu).await);
    }
    paid
}

/// What a comparison came to: how many meals, and what the city and the residents pay before and after, in fen.
type Compared = (usize, [i64; 2], [i64; 2]);

/// Posts a version, and compares it with what holds on the meals that were served between two days.
async fn compared(table: &Table, document: Value, from: &str, to: &str) -> Compared {
    let posted = id_of(&table.app.made(&table.officer, "/policies", document).await);
    let (version, canteen) = (posted.parse().unwrap(), table.canteen.parse().unwrap());
    let days = (from.parse().unwrap(), to.parse().unwrap());
    let compare = move |conn: &mut Conn, _| {
        let version = policies::find(conn, version)?;
        let mut comparison = Comparison::new(policies::priced_by(conn, &version)?, vec![canteen], days);
        assert!(!comparison.is_whole(), "nothing was compared yet");
        while comparison.goes_on() {
            comparison.go_on(conn)?;
        }
        assert!(comparison.is_whole());
        Ok(comparison)
    };
    let comparison = table.app.write(compare).await;
    let sum = |changes: Vec<&Change>| {
        let sum = |of: fn(&Change) -> Fen| changes.iter().map(|change| of(change).0).sum::<i64>();
        let (before, after) = (sum(|change| change.before), sum(|change| change.after));
        assert_eq!(sum(|change| change.more()), after - before);
        [before, after]
    };
    let city = comparison.by_payer.get("city").into_iter().collect();
    (comparison.meals, sum(city), sum(comparison.by_resident.values().collect()))
}

on_both! {
    async fn a_version_is_compared_on_the_meals_that_were_served_before_anybody_pays_by_it(db: TestDb) {
        let case = case("shenzhen-2019", "sz-12");
        let app = TestApp::start_at(db, "2025-04-20T00:00:00Z");
        let mut table = Table::set(app, "shenzhen-2019", &case["order"]["canteen_in"]).await;
        let resident = table.resident(&case).await;
        let days = ["2025-04-21", "2025-04-22", "2025-04-23", "2025-04-24", "2025-04-25", "2025-04-28"];
        assert_eq!(lunches(&mut table, &resident, &days).await, [500; 6]);
        let same = document("shenzhen-2019");
        let whole = compared(&table, same.clone(), "2025-04-01", "2025-04-30").await;
        assert_eq!(whole, (6, [3000, 3000], [6000, 6000]));
        let mut two_a_week = same.clone();
        two_a_week["limits"]["five-a-week"]["count"] = json!(2);
        let whole = compared(&table, two_a_week.clone(), "2025-04-01", "2025-04-30").await;
        assert_eq!(whole, (6, [3000, 1500], [6000, 7500]));
        let mut twelve_yuan_a_week = same.clone();
        twelve_yuan_a_week["limits"]["five-a-week"] = json!({ "window": "week", "fen": 1200 });
        let whole = compared(&table, twelve_yuan_a_week, "2025-04-01", "2025-04-30").await;
        assert_eq!(whole, (6, [3000, 1700], [6000, 7300]));
        let mut from_the_third = same.clone();
        let third = json!({ "nth_meal": { "window": "week", "from": 3 } });
        from_the_third["layers"][0]["when"]["all"].as_array_mut().unwrap().push(third);
        let whole = compared(&table, from_the_third, "2025-04-01", "2025-04-30").await;
        assert_eq!(whole, (6, [3000, 1500], [6000, 7500]));
        // What the week had used before the first day is not forgotten.
        let rest = compared(&table, two_a_week, "2025-04-24", "2025-04-30").await;
        assert_eq!(rest, (3, [1500, 500], [3000, 4000]));
        // Nothing was altered by it.
        let taken = table.takings("2025-04-01", "2025-04-30").await;
        assert_eq!(taken["paid_by"], json!({ "city": 3000 }));
    }

    async fn every_worked_example_of_every_known_scheme_comes_out_over_http(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let mut number = 0;
        for scheme in schemes() {
            number += 1;
            let document = document(scheme["id"].as_str().unwrap());
            let grant = json!({ "role": "district", "area": document["area"] });
            let officer = app.member(&admin, &format!("officer.{number}"), grant).await;
            let from_on = scheme["in_force_from"].as_str().unwrap();
            app.policy_in_force(&officer, document, from_on).await;
            for case in scheme["cases"].as_array().unwrap() {
                assert_tried(&app, &officer, case).await;
            }
        }
    }

    async fn a_scheme_that_nobody_has_comes_out_to_the_fen(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let area = json!({ "city": "Cloudport", "district": "Harbour" });
        let officer = officer(&app, &admin, &area).await;
        // A third of what is left, to the jiao, up to 4.37; but for the severely disabled a meal costs 1.20; and on the
        // second meal of a day the village pays 0.77, of 5.00 a month.
        let document = json!({
            "code": "cloudport-2031", "area": area, "name": { "zh": "云港助餐", "en": "Cloudport meals" },
            "limits": { "village-month": { "window": "month", "fen": 500 } },
            "layers": [
                { "payer": "voucher", "rank": 1, "pick": "first", "tiers": [{
                    "code": "takeaway", "when": { "mode": ["takeaway"] }, "pay": { "fixed_fen": 123 } }] },
                { "payer": "harbour", "rank": 2, "pick": "best", "rounding": { "mode": "ceil", "to": "jiao" }, "tiers": [
                    { "code": "severe", "when": { "fact": { "kind": "disabled", "values": ["1", "2"] } }, "pay": { "resident_price_fen": 120 } },
                    { "code": "third", "pay": { "percent_bp": 3333, "of": "net", "cap_fen": 437 } }] },
                { "payer": "village", "rank": 3, "pick": "first", "limits": ["village-month"], "tiers": [{
                    "code": "second", "when": { "nth_meal": { "window": "day", "from": 2, "to": 2 } }, "pay": { "fixed_fen": 77 } }] },
            ]
        });
        app.policy_in_force(&officer, document, "2026-01-01").await;
        let example = |mode: &str, charge: i64, classes: Value, served: Value, paid: Value| {
            let sum: i64 = paid.as_object().unwrap().values().map(|fen| fen.as_i64().unwrap()).sum();
            let order = json!({ "date": "2026-11-23", "period": "dinner", "mode": mode, "charge": charge, "canteen_in": area });
            json!({
                "id": format!("{mode} {charge}"), "order": order, "already_served": served,
                "resident": { "born_on": "1950-01-01", "registered_in": area, "lives_in": area, "classes": classes },
                "expect": { "by_payer": paid, "resident_pays": charge - sum }
            })
        };
        let lunch = |on: &str, village: i64| json!({ "date": on, "period": "lunch", "charge": 1000, "paid": { "village": village } });
        for case in [
            example("dine_in", 1000, json!([]), json!([]), json!({ "harbour": 340 })),
            example("dine_in", 5000, json!([]), json!([]), json!({ "harbour": 437 })),
            example("takeaway", 1000, json!([]), json!([]), json!({ "voucher": 123, "harbour": 300 })),
            example("dine_in", 1000, json!(["disabled=2"]), json!([]), json!({ "harbour": 880 })),
            example("dine_in", 1000, json!(["disabled=3"]), json!([]), json!({ "harbour": 340 })),
            example("dine_in", 1000, json!([]), json!([lunch("2026-11-23", 0)]), json!({ "harbour": 340, "village": 77 })),
            example("dine_in", 1000, json!([]), json!([lunch("2026-11-02", 460), lunch("2026-11-23", 0)]), json!({ "harbour": 340, "village": 40 })),
        ] {
            assert_tried(&app, &officer, &case).await;
        }
    }

    async fn meals_in_xining_draw_what_the_scheme_says(db: TestDb) {
        let area = case("xining-2019", "xn-1")["order"]["canteen_in"].clone();
        for id in ["xn-1", "xn-2", "xn-3", "xn-4", "xn-5"] {
            // One menu a canteen, day and meal: each example has a house of its own.
            let app = TestApp::start_at(crate::support::TestDb::fresh(db.kind), "2019-07-12T00:00:00Z");
            let mut table = Table::set(app, "xining-2019", &area).await;
            table.serve("xining-2019", id).await;
            let taken = table.takings("2019-07-12", "2019-07-12").await;
            assert_eq!((&taken["adds_up"], &taken["meals"]), (&json!(true), &json!(1)));
            assert_eq!(taken["charge_fen"], case("xining-2019", id)["order"]["charge"]);
        }
    }

    async fn three_payers_in_zengcheng_pay_for_whoever_belongs_where(db: TestDb) {
        let home = case("zengcheng-2020", "zc-1")["order"]["canteen_in"].clone();
        let app = TestApp::start_at(db, "2020-04-01T00:00:00Z");
        let mut table = Table::set(app, "zengcheng-2020", &home).await;
        let menu = table.menu("2020-04-01", "lunch", &json!(1200)).await;
        let mut guests = Vec::new();
        for id in ["zc-1", "zc-2", "zc-3"] {
            let resident = table.resident(&case("zengcheng-2020", id)).await;
            let reservation = table.reserve(&resident, &menu).await;
            guests.push((id, resident, reservation));
        }
        table.until("2020-04-01T03:30:00Z").await;
        let mut due = 0;
        for (id, resident, reservation) in guests {
            let case = case("zengcheng-2020", id);
            let own = table.check_in(&reservation, &menu).await;
            assert_eq!(json!(own), case["expect"]["resident_pays"], "{id}");
            assert_eq!(table.drawn(&resident, "2020-04-01", "lunch").await, case["expect"]["by_payer"], "{id}");
            due += own;
        }
        let taken = table.takings("2020-04-01", "2020-04-01").await;
        assert_eq!((&taken["charge_fen"], &taken["due_fen"]), (&json!(3600), &json!(due)));
        assert_eq!(taken["paid_by"], json!({ "city": 900, "district": 900, "town": 900 }));
        assert_eq!(taken["adds_up"], true);
    }

    async fn shenzhen_pays_five_lunches_a_week_and_a_make_up_workday_counts_as_one(db: TestDb) {
        let case = case("shenzhen-2019", "sz-12");
        let app = TestApp::start_at(db, "2025-04-20T00:00:00Z");
        let mut table = Table::set(app, "shenzhen-2019", &case["order"]["canteen_in"]).await;
        let name = json!({ "zh": "劳动节调休", "en": "for Labour Day" });
        let days = json!({ "days": [{ "on": "2025-04-27", "kind": "makeup_workday", "name": name }] });
        let import = table.app.put("/calendar/2025", days).by(&table.officer).header("If-Match", "\"v0\"");
        import.send().await.expect(200);
        let resident = table.resident(&case).await;
        let week = ["2025-04-21", "2025-04-22", "2025-04-23", "2025-04-24", "2025-04-25", "2025-04-26", "2025-04-27", "2025-04-28"];
        // Saturday is a rest day; the make-up Sunday is the sixth workday of the week; Monday begins another.
        assert_eq!(lunches(&mut table, &resident, &week).await, [500, 500, 500, 500, 500, 0, 0, 500]);
        let dinner = table.menu("2025-04-28", "dinner", &json!(1500)).await;
        assert_eq!(table.eat(&resident, "2025-04-28", &dinner).await, 1500);
        let other = table.resident(&case).await;
        assert_eq!(lunches(&mut table, &other, &["2025-04-29"]).await, [500]);
        let taken = table.takings("2025-04-21", "2025-04-29").await;
        assert_eq!((&taken["meals"], &taken["paid_by"]), (&json!(10), &json!({ "city": 3500 })));
        assert_eq!(taken["adds_up"], true);
    }
}
