//! Cards: a code that says nothing about the person, opens the door while it is in force, and can be revoked.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    Reply,
    world::{World, fact_body, uuid},
};

/// What a scanner reads from the picture of a card.
fn scanned(svg: &[u8]) -> String {
    let svg = std::str::from_utf8(svg).unwrap();
    let path = svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
    let squares: Vec<(usize, usize)> = path
        .split('M')
        .filter(|square| !square.is_empty())
        .map(|square| {
            let (x, y) = square.strip_suffix("h1v1h-1z").unwrap().split_once(' ').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        })
        .collect();
    let size = squares.iter().map(|(x, _)| *x).max().unwrap() + 5;
    let pixel = |x: usize, y: usize| if squares.contains(&(x / 4, y / 4)) { 0 } else { 255 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(size * 4, size * 4, pixel);
    image.detect_grids()[0].decode().unwrap().1
}

async fn picture(world: &World, by: &Value) -> Reply {
    world.app.get(&format!("/residents/{}/card.svg", world.here.id("resident"))).by(by).send().await
}

async fn tap(world: &World, code: &str) -> Reply {
    let tap = json!({ "tap_id": uuid(), "card_code": code });
    let path = format!("/menus/{}/attendance", world.here.id("menu"));
    world.app.post(&path, tap).by(&world.here.volunteer).send().await
}

on_both! {
    async fn a_card_opens_the_door_until_another_is_issued(db: TestDb) {
        let world = World::build(db).await;
        let staff = &world.here.staff;
        let first = scanned(&picture(&world, staff).await.file());
        assert!(first.starts_with("LL1-") && first.len() == 36, "{first}");
        let list = format!("/menus/{}/door-list", world.here.id("menu"));
        let read = world.app.get(&list).by(&world.here.volunteer).send().await;
        let etag = read.etag.clone().unwrap();
        let hash = |code: &str| hex::encode(Sha256::digest(code));
        assert_eq!(read.expect(200)["expected"][0]["card_hash"], hash(&first));
        let issue = format!("/residents/{}/card", world.here.id("resident"));
        world.app.made(staff, &issue, Value::Null).await;
        let second = scanned(&picture(&world, staff).await.file());
        assert_ne!(first, second);
        tap(&world, &first).await.refused(409, "card_revoked");
        tap(&world, &format!("LL1-{}", "0".repeat(32))).await.refused(409, "unknown_card");
        let again = world.app.get(&list).by(&world.here.volunteer).header("If-None-Match", &etag).send().await;
        assert_eq!(again.expect(200)["expected"][0]["card_hash"], hash(&second));
        let served = tap(&world, &second).await.expect(201);
        assert_eq!((&served["full_name"], &served["reserved"]), (&json!("王秀英"), &json!(true)));
    }

    async fn a_device_says_a_card_by_the_hash_that_it_keeps(db: TestDb) {
        let world = World::build(db).await;
        let code = scanned(&picture(&world, &world.here.staff).await.file());
        let hash = hex::encode(Sha256::digest(&code));
        let path = format!("/menus/{}/attendance", world.here.id("menu"));
        let twice = json!({ "tap_id": uuid(), "card_code": code, "card_hash": hash });
        world.app.post(&path, twice).by(&world.here.volunteer).send().await.refused(400, "bad_tap");
        let tap = json!({ "tap_id": uuid(), "card_hash": hash });
        let served = world.app.post(&path, tap).by(&world.here.volunteer).send().await.expect(201);
        assert_eq!(served["full_name"], "王秀英");
    }

    async fn a_card_is_drawn_for_those_whom_it_concerns_and_says_nothing_but_a_name(db: TestDb) {
        let world = World::build(db).await;
        let first = picture(&world, &world.here.staff).await;
        assert_eq!(first.header("content-type").unwrap(), "image/svg+xml");
        let etag = first.etag.clone().unwrap();
        let svg = String::from_utf8(first.file()).unwrap();
        assert!(svg.contains("王秀英") && svg.contains("85.60mm"), "{svg}");
        for word in ["1944", "13800000000", "minimum", "LL1-"] {
            assert!(!svg.contains(word), "{word}");
        }
        let code = scanned(svg.as_bytes());
        let id = world.here.id("resident").replace('-', "").to_uppercase();
        assert!(!code.contains(&id[..12]) && !code.contains(&id[20..]));
        for role in ["resident", "family", "district"] {
            assert_eq!(scanned(&picture(&world, &world.tokens[role]).await.file()), code, "{role}");
        }
        for role in ["volunteer", "signed_in"] {
            picture(&world, &world.tokens[role]).await.refused(404, "resident_not_found");
        }
        picture(&world, &world.tokens["auditor"]).await.refused(403, "not_allowed");
        let path = format!("/residents/{}/card.svg", world.here.id("resident"));
        let again = world.app.get(&path).by(&world.here.staff).header("If-None-Match", &etag).send().await;
        assert_eq!(again.status, 304);
    }

    /// BR-28
    async fn a_death_ends_the_card(db: TestDb) {
        let world = World::build(db).await;
        let code = scanned(&picture(&world, &world.here.staff).await.file());
        let facts = format!("/residents/{}/facts", world.here.id("resident"));
        world.app.made(&world.tokens["district"], &facts, fact_body("deceased")).await;
        tap(&world, &code).await.refused(409, "card_revoked");
        picture(&world, &world.here.staff).await.refused(404, "card_not_found");
        let issue = format!("/residents/{}/card", world.here.id("resident"));
        world.app.post(&issue, Value::Null).by(&world.here.staff).send().await.refused(409, "resident_inactive");
    }
}
