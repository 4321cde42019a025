//! What is committed for people and programs to read is what the code says; `BLESS=1` writes it anew.

use std::{collections::BTreeSet, fs, path::Path};

use leling::{
    access::acts,
    problem::{self, Code},
    routes,
    words::Lang,
};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    contract::{DOCUMENT, operations},
};

/// Compares a committed file with what it is made from.
fn assert_committed(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "{name} is not what the code says; look at the change and run with BLESS=1");
}

/// The words in braces of a text.
fn parameters(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

/// The whole document as a JSON schema whose root is the schema at this place of it.
fn validator(schema: &Value) -> jsonschema::Validator {
    let mut root = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema] });
    root["components"] = DOCUMENT["components"].clone();
    jsonschema::options().should_validate_formats(true).build(&root).unwrap()
}

/// What a reference in the document stands for.
fn resolved(value: &'static Value) -> &'static Value {
    value["$ref"].as_str().map_or(value, |reference| DOCUMENT.pointer(&reference[1..]).unwrap())
}

fn assert_example(whose: &str, content: &Value) {
    let example = &content["example"];
    assert!(!example.is_null(), "{whose} has no example");
    let validator = validator(&content["schema"]);
    let faults: Vec<String> =
        validator.iter_errors(example).map(|fault| format!("{}: {fault}", fault.instance_path)).collect();
    assert!(faults.is_empty(), "the example of {whose}: {faults:#?}");
}

on_sqlite! {
    async fn the_example_of_a_policy_reads_as_the_example_says(db: TestDb) {
        let app = TestApp::start(db);
        let admin = app.admin().await;
        let declared = operations().find(|declared| declared.id() == "validate_policy").unwrap();
        let request = &declared.operation["requestBody"]["content"]["application/json"]["example"];
        let said = app.post("/policies/validate", request.clone()).by(&admin).send().await.expect(200);
        assert_eq!(said, declared.operation["responses"]["200"]["content"]["application/json"]["example"]);
    }
}

plain! {
    async fn the_committed_contract_is_what_the_code_says() {
        assert_committed("openapi.yaml", &routes::api().yaml());
    }

    async fn the_committed_tables_are_what_the_code_says() {
        let problems = format!("# Problem codes\n\nEvery refusal carries one of these.\n\n{}", problem::table());
        assert_committed("docs/problem-codes.md", &problems);
        let access = format!("# Who may do what\n\nHow far each role reaches for each act.\n\n{}", acts::table());
        assert_committed("docs/access.md", &access);
    }

    async fn every_operation_is_told_with_an_id_a_summary_and_its_refusals() {
        let mut ids = BTreeSet::new();
        for declared in operations() {
            let id = declared.id();
            assert!(ids.insert(id), "two operations are called {id}");
            assert!(!declared.operation["summary"].as_str().unwrap().is_empty(), "{id}");
            let responses = declared.operation["responses"].as_object().unwrap();
            assert_eq!(responses.keys().filter(|status| status.starts_with('2')).count(), 1, "{id}");
            assert!(declared.codes(500).contains(&"internal_error"), "{id}");
        }
        assert_eq!(ids.len(), routes::api().operations().count());
    }

    async fn every_example_is_what_its_schema_says() {
        for declared in operations() {
            let id = declared.id();
            if let Some(body) = declared.operation.get("requestBody") {
                for content in body["content"].as_object().unwrap().values() {
                    assert_example(&format!("{id}'s request"), content);
                }
            }
            for (status, response) in declared.operation["responses"].as_object().unwrap() {
                let content = &resolved(response)["content"];
                for content in content.as_object().into_iter().flat_map(|content| content.values()) {
                    assert_example(&format!("{id}'s {status}"), content);
                }
            }
        }
    }

    async fn every_example_belongs_to_an_operation() {
        let ids: BTreeSet<&str> = operations().map(|declared| declared.id()).collect();
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/examples");
        for file in fs::read_dir(directory).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let examples: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
            assert!(!examples.is_empty());
            for id in examples.keys() {
                assert!(ids.contains(id.as_str()), "there is no operation {id}");
            }
        }
    }

    async fn every_code_has_one_meaning_in_two_languages_and_is_used() {
        let mut words = BTreeSet::new();
        for code in Code::ALL {
            let (zh, en) = (code.text(Lang::Zh), code.text(Lang::En));
            assert!(words.insert(code.as_str()), "two codes are called {}", code.as_str());
            assert!(!zh.is_empty() && !en.is_empty(), "{}", code.as_str());
            assert!(parameters(zh).is_subset(&parameters(en)), "{} says more in Chinese", code.as_str());
        }
        let declared: BTreeSet<&str> = operations()
            .flat_map(|declared| {
                let statuses = declared.operation["responses"].as_object().unwrap().keys();
                statuses.flat_map(move |status| declared.codes(status.parse().unwrap())).collect::<Vec<_>>()
            })
            .collect();
        // A method that an address does not take is no operation's, readiness lies outside the API, forms and the first run are of pages,
        // and the others are told in what an order came to.
        let elsewhere = [
            "method_not_allowed",
            "not_ready",
            "form_foreign",
            "form_old",
            "wrong_first_run_code",
            "first_run_over",
            "resident_away",
            "standing_order_paused",
        ];
        let unused: Vec<&&str> =
            words.iter().filter(|word| !declared.contains(**word) && !elsewhere.contains(*word)).collect();
        assert!(unused.is_empty(), "no operation refuses with {unused:?}");
    }
}
