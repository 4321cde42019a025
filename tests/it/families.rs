//! Who may act for a resident, and who says so.

use serde_json::{Value, json};

use crate::support::{PIN, Reply, TestApp};

const HERE: &str = "贵阳市/南明区";
const CARD: &str = "31415926";

async fn ask(app: &TestApp, tokens: &Value, card_number: &str, born_on: &str) -> Reply {
    let body = json!({ "card_number": card_number, "born_on": born_on, "relation": "child" });
    app.post("/family-links", body).by(tokens).send().await
}

async fn asked(app: &TestApp, tokens: &Value) -> String {
    let link = ask(app, tokens, CARD, "1944-05-01").await.expect(201);
    assert_eq!(link["resident_name"], Value::Null);
    link["id"].as_str().unwrap().to_owned()
}

async fn approve(app: &TestApp, tokens: &Value, link: &str, pin: Option<&str>) -> Reply {
    let body = json!({ "consent": "said so at the desk", "covers_reasons": true, "pin": pin });
    app.post(&format!("/family-links/{link}/approve"), body).by(tokens).send().await
}

on_both! {
    async fn card_and_birth_date_have_to_belong_together(db: TestDb) {
        let app = TestApp::start(db);
        let canteen = app.canteen(HERE).await;
        app.resident(canteen, CARD).await;
        let daughter = app.someone("daughter").await;
        ask(&app, &daughter, CARD, "1944-05-02").await.refused(404, "card_not_matched");
        ask(&app, &daughter, "99999999", "1944-05-01").await.refused(404, "card_not_matched");
        asked(&app, &daughter).await;
        ask(&app, &daughter, CARD, "1944-05-01").await.refused(409, "family_link_exists");
    }

    async fn the_resident_approves_and_ends(db: TestDb) {
        let app = TestApp::start(db);
        let canteen = app.canteen(HERE).await;
        app.resident(canteen, CARD).await;
        let daughter = app.someone("daughter").await;
        let link = asked(&app, &daughter).await;
        let father = app.sign_in_with_card(CARD, PIN).await.expect(200);
        let mine = app.get("/family-links?status=asked").by(&father).send().await.expect(200);
        assert_eq!(mine["items"][0]["holder"]["name"], "daughter");
        approve(&app, &daughter, &link, None).await.refused(403, "not_allowed");
        approve(&app, &father, &link, None).await.expect(200);
        approve(&app, &father, &link, None).await.refused(409, "family_link_decided");
        let me = app.get("/me").by(&daughter).send().await.expect(200);
        assert_eq!(me["links"][0]["status"], "active");
        assert_eq!(me["links"][0]["resident_name"], "王秀英");
        let end = || app.post(&format!("/family-links/{link}/end"), Value::Null).by(&father);
        end().send().await.expect(200);
        end().send().await.refused(409, "family_link_decided");
        let me = app.get("/me").by(&daughter).send().await.expect(200);
        assert_eq!(me["links"], json!([]));
    }

    async fn whoever_asked_approves_with_the_residents_pin_and_wrong_ones_count(db: TestDb) {
        let app = TestApp::start(db);
        let canteen = app.canteen(HERE).await;
        app.resident(canteen, CARD).await;
        let (daughter, stranger) = (app.someone("daughter").await, app.someone("stranger").await);
        let link = asked(&app, &daughter).await;
        approve(&app, &stranger, &link, Some(PIN)).await.refused(404, "family_link_not_found");
        approve(&app, &daughter, &link, Some("000000")).await.refused(401, "wrong_credentials");
        let approved = approve(&app, &daughter, &link, Some(PIN)).await.expect(200);
        assert_eq!(approved["status"], "active");
        let second = asked(&app, &stranger).await;
        for _ in 0..9 {
            approve(&app, &stranger, &second, Some("000000")).await.refused(401, "wrong_credentials");
            app.pass(chrono::TimeDelta::seconds(30));
        }
        approve(&app, &stranger, &second, Some(PIN)).await.refused(403, "pin_closed");
        app.sign_in_with_card(CARD, PIN).await.refused(403, "pin_closed");
    }

    async fn the_desk_decides_for_its_own_residents_and_never_for_itself(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let (here, there) = (app.canteen(HERE).await, app.canteen("贵阳市/云岩区").await);
        let resident = app.resident(here, CARD).await;
        let staff = app.with_role(&admin, "staff.one", json!({ "role": "staff", "canteen_id": here })).await;
        let other = app.with_role(&admin, "staff.two", json!({ "role": "staff", "canteen_id": there })).await;
        let daughter = app.someone("daughter").await;
        let link = asked(&app, &daughter).await;
        approve(&app, &other, &link, None).await.refused(404, "family_link_not_found");
        let waiting = |path: String| app.get(&format!("/family-links?{path}")).by(&staff);
        let page = waiting(format!("canteen_id={here}&status=asked")).send().await.expect(200);
        assert_eq!(page["items"][0]["resident_name"], "王秀英");
        waiting(format!("canteen_id={there}")).send().await.refused(403, "not_allowed_here");
        waiting(format!("resident_id={resident}")).send().await.expect(200);
        let foreign = app.get(&format!("/family-links?resident_id={resident}")).by(&other);
        foreign.send().await.refused(404, "resident_not_found");
        approve(&app, &staff, &link, None).await.expect(200);
        let own = asked(&app, &staff).await;
        approve(&app, &staff, &own, None).await.refused(403, "not_allowed");
    }

    async fn a_refused_link_can_be_asked_for_again(db: TestDb) {
        let app = TestApp::start(db);
        let canteen = app.canteen(HERE).await;
        app.resident(canteen, CARD).await;
        let daughter = app.someone("daughter").await;
        let link = asked(&app, &daughter).await;
        let father = app.sign_in_with_card(CARD, PIN).await.expect(200);
        let refuse = app.post(&format!("/family-links/{link}/refuse"), Value::Null).by(&father);
        assert_eq!(refuse.send().await.expect(200)["status"], "refused");
        asked(&app, &daughter).await;
    }
}
