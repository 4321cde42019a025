//! Public menus as programs made for OpenMensa read them.

use quick_xml::{Reader, events::Event};
use serde_json::{Value, json};

use crate::support::world::{TODAY, TOMORROW, World, id_of, menu_body};

on_both! {
    async fn canteens_days_and_meals_are_told_to_everybody_as_openmensa_has_them(db: TestDb) {
        let world = World::build(db).await;
        let World { app, here, .. } = &world;
        let canteens = app.get("/openmensa/canteens?limit=2").send().await;
        assert_eq!(["X-Total-Pages", "X-Total-Count"].map(|name| canteens.header(name).unwrap()), ["2", "3"]);
        assert!(canteens.header("Link").unwrap().contains("page=2&limit=2>; rel=\"next\""), "{}", canteens.header("Link").unwrap());
        let canteens = canteens.expect(200);
        let expected = json!({ "id": 1, "name": "食堂 1", "city": "示例市", "address": "示例路 1 号", "coordinates": null });
        assert_eq!((canteens.as_array().unwrap().len(), &canteens[0]), (2, &expected));
        let second = app.get("/openmensa/canteens?limit=2&page=2").send().await.expect(200);
        assert_eq!(second[0]["id"], 3);
        let named = app.get("/openmensa/canteens?ids=3,2,99").send().await.expect(200);
        assert_eq!((&named[0]["id"], &named[1]["id"], named.as_array().unwrap().len()), (&json!(2), &json!(3), 2));
        assert_eq!(app.get("/openmensa/canteens/1").send().await.expect(200), expected);
        let closure = json!({ "from_on": "2026-11-26", "to_on": "2026-11-26", "reason": "停电" });
        app.made(&here.staff, &format!("/canteens/{}/closures", here.id("canteen")), closure).await;
        let days = app.get("/openmensa/canteens/1/days").send().await.expect(200);
        let day = |on: &str, closed: bool| json!({ "date": on, "closed": closed });
        // The draft of the 24th is nobody's business yet.
        let expected = [
            day(TODAY, false),
            day(TOMORROW, false),
            day("2026-11-25", false),
            day("2026-11-26", true),
            day("2026-11-27", false),
        ];
        assert_eq!(days, json!(expected));
        let later = app.get(&format!("/openmensa/canteens/1/days?start={TOMORROW}")).send().await.expect(200);
        assert_eq!(later, json!(expected[1..]));
        app.get("/openmensa/canteens/1/days/2026-11-24").send().await.refused(404, "not_found");
        app.get("/openmensa/canteens/99/days").send().await.refused(404, "canteen_not_found");
        let meals = app.get(&format!("/openmensa/canteens/1/days/{TODAY}/meals")).send().await.expect(200);
        let meal = &meals[0];
        assert_eq!((&meal["name"], &meal["category"]), (&json!("红烧肉套餐"), &json!("午餐")));
        assert_eq!(meal["prices"], json!({ "students": null, "employees": null, "pupils": null, "others": 14.73 }));
        assert_eq!(meal["notes"], json!(["含 soy", "soft", "堂食、自取"]));
        let one = app.get(&format!("/openmensa/canteens/1/days/{TODAY}/meals/{}", meal["id"])).send().await;
        assert_eq!(&one.expect(200), meal);
        assert!(meal["id"].as_i64().unwrap() < 1 << 53);
        app.get(&format!("/openmensa/canteens/1/days/{TODAY}/meals/1")).send().await.refused(404, "not_found");
        let week = app.get("/openmensa/canteens/1/meals").send().await.expect(200);
        assert_eq!((&week[0]["meals"], &week[3]["meals"]), (&meals, &json!([])));
    }

    async fn the_feed_is_well_formed_whatever_a_dish_is_called(db: TestDb) {
        let world = World::build(db).await;
        let World { app, here, .. } = &world;
        let mut menu = menu_body("2026-11-29", true);
        menu["items"][0]["name"] = json!("<辣> & \"香\"");
        id_of(&app.made(&here.staff, &format!("/canteens/{}/menus", here.id("canteen")), menu).await);
        let feed = app.get("/openmensa/canteens/1/feed.xml").send().await;
        let etag = feed.etag.clone().unwrap();
        assert_eq!(feed.header("content-type").unwrap(), "application/xml");
        let text = String::from_utf8(feed.file()).unwrap();
        let mut reader = Reader::from_str(&text);
        let mut elements = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(element) | Event::Empty(element) => {
                    elements.push(format!("{:?}", element.name()));
                }
                _ => {}
            }
        }
        assert!(elements.len() > 20);
        assert!(text.contains("<name>&lt;辣&gt; &amp; &quot;香&quot;</name>"), "{text}");
        assert!(text.contains("<price role=\"other\">14.73</price>"), "{text}");
        let again = app.get("/openmensa/canteens/1/feed.xml").header("If-None-Match", &etag).send().await;
        assert_eq!((again.status, again.body), (304, Value::Null));
    }
}
