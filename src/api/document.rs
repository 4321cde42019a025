//! The OpenAPI 3.1 document as a whole. What operations share is told once, under `components`.
//!
//! `openapi.yaml` is this, committed and compared in a test.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    bounds,
    openapi::{Api, BASE, examples, generator},
    refusals,
};

/// The document of all operations.
pub fn of(api: &Api) -> Value {
    let examples = examples();
    let mut generator = generator();
    let mut paths: Map<String, Value> = Map::new();
    for (group, _, operations) in api.groups() {
        for operation in operations {
            let path = paths.entry(format!("{BASE}{}", operation.path)).or_insert_with(|| json!({}));
            let method = operation.method.as_str().to_ascii_lowercase();
            let example = examples.get(operation.id).unwrap_or(&Value::Null);
            path[method] = operation.document(group, &mut generator, example);
        }
    }
    let mut schemas: Map<String, Value> = generator.take_definitions(true);
    schemas.insert("Problem".into(), refusals::schema());
    bounds::bound_answers(&mut paths, &mut schemas);
    let parameters = share_parameters(&mut paths);
    let links = link_what_is_made(&mut paths, &schemas);
    let tags: Vec<Value> =
        api.groups().map(|(name, about, _)| json!({ "name": name, "description": about })).collect();
    let refusals = used_by(&paths, "responses", refusals::responses());
    let headers = used_by(&(&paths, &refusals), "headers", headers());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Leling",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Meal ordering for senior canteens",
            "description": ABOUT,
            "contact": { "name": "The people who run this installation" },
            "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        "servers": [{
            "url": "/", "description": "This installation, be it local, staging or production", "x-internal": false,
        }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": BEARER,
            } },
            "parameters": parameters,
            "headers": headers,
            "responses": refusals,
            "links": links,
            "schemas": schemas,
        },
    })
}

const ABOUT: &str = "\
Money is whole fen (CNY) in fields that end in `_fen`. Days are civil days in the canteen's time zone in fields that \
end in `_on`; instants are RFC 3339 in fields that end in `_at`; local times are `HH:MM`. Unknown fields are refused. \
Every refusal is `application/problem+json` with a stable `code`; its words follow `Accept-Language` (zh, en). Every \
POST that creates or moves something takes an `Idempotency-Key`: the same key with the same request has one effect and \
one answer. What can be edited has an `ETag`, to be sent back in `If-Match`; `*` is not enough, as it says that nothing \
was read. What has an `ETag` answers 304 to whoever sends it in `If-None-Match`. Whatever takes GET takes HEAD. Fields \
may be added to answers; clients pass over those that they do not know.";

const BEARER: &str = "\
The access token that signing in answers, good for 15 minutes. It is made and checked after RFC8725: the algorithm is \
the server's choice alone, and issuer, audience, subject, expiry and id are checked each time.";

/// The headers that answers have, told once.
fn headers() -> Map<String, Value> {
    let headers = json!({
        "X-Request-Id": {
            "description": "The id of the request, as in the log.", "required": true,
            "schema": { "type": "string", "minLength": 16, "maxLength": 16, "pattern": "^[0-9a-f]+$" },
        },
        "ETag": {
            "description": "Changes with what is answered; for `If-None-Match`, and for `If-Match` before an edit.",
            "schema": { "type": "string", "maxLength": 60, "pattern": "^(W/)?\"[0-9a-z.-]+\"$" },
        },
        "Idempotency-Replayed": {
            "description": "Present where the key was used before: this is the answer of that time.",
            "schema": { "type": "string", "enum": ["true"] },
        },
        "Content-Language": {
            "description": "The language of `title` and `detail`.", "required": true,
            "schema": { "type": "string", "enum": ["zh", "en"] },
        },
        "WWW-Authenticate": {
            "description": "How to say who one is.", "required": true,
            "schema": { "type": "string", "enum": ["Bearer"] },
        },
        "Retry-After": {
            "description": "Seconds after which to try again, where that makes sense.",
            "schema": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 86400 },
        },
        "RateLimit": {
            "description": "How many more tries there are, and in how many seconds there are more.",
            "schema": { "type": "string", "maxLength": 200, "pattern": "^[ -~]*$" },
        },
        "RateLimit-Policy": {
            "description": "How many tries there are in how many seconds.",
            "schema": { "type": "string", "maxLength": 200, "pattern": "^[ -~]*$" },
        },
    });
    headers.as_object().cloned().unwrap_or_default()
}

/// The headers with these names, by reference.
pub(super) fn header_references(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect::<Map<String, Value>>()
        .into()
}

/// The components of a kind that something refers to.
fn used_by(what: &impl Serialize, kind: &str, mut components: Map<String, Value>) -> Map<String, Value> {
    let told = json!(what).to_string();
    components.retain(|name, _| told.contains(&format!("\"#/components/{kind}/{name}\"")));
    components
}

/// Every operation of these paths.
fn operations(paths: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    paths.values_mut().filter_map(Value::as_object_mut).flat_map(|path| path.values_mut())
}

/// Moves parameters that several operations take in the same form into the answer, and leaves references to them.
fn share_parameters(paths: &mut Map<String, Value>) -> Map<String, Value> {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    let all = |operation: &Value| operation["parameters"].as_array().cloned().unwrap_or_default();
    for parameter in operations(paths).flat_map(|operation| all(operation)) {
        *uses.entry(parameter.to_string()).or_default() += 1;
    }
    let mut shared: Map<String, Value> = Map::new();
    for operation in operations(paths) {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let taken = shared.get(&name).is_some_and(|other| other != parameter);
            if uses[&parameter.to_string()] > 1 && parameter["in"] != "path" && !taken {
                let reference = json!({ "$ref": format!("#/components/parameters/{name}") });
                shared.insert(name, std::mem::replace(parameter, reference));
            }
        }
    }
    shared
}

/// Links the answer of each operation that makes a thing with an `id` to the operations on that thing.
fn link_what_is_made(paths: &mut Map<String, Value>, schemas: &Map<String, Value>) -> Map<String, Value> {
    let things: Vec<(String, Vec<String>)> = paths
        .keys()
        .filter(|path| !path.contains('}'))
        .map(|collection| (collection.clone(), operations_on_one_of(collection, paths)))
        .filter(|(_, ids)| !ids.is_empty())
        .collect();
    let mut links: Map<String, Value> = Map::new();
    // A thing is made below its collection (`/menus`), or below what it belongs to (`/canteens/{id}/menus`).
    for (path, item) in paths.iter_mut() {
        let Some((_, ids)) = things.iter().find(|(collection, _)| last_part(collection) == last_part(path))
        else {
            continue;
        };
        let Some(made) = item.pointer_mut("/post/responses/201").filter(|made| makes_a_thing(made, schemas))
        else {
            continue;
        };
        for id in ids {
            made["links"][id] = json!({ "$ref": format!("#/components/links/{id}") });
            links.insert(
                id.clone(),
                json!({ "operationId": id, "parameters": { "id": "$response.body#/id" } }),
            );
        }
    }
    links
}

/// The ids of the operations on one thing of a collection, from reading it to its acts.
fn operations_on_one_of(collection: &str, paths: &Map<String, Value>) -> Vec<String> {
    let one = format!("{collection}/{{id}}");
    let acts = paths.iter().filter(|(path, _)| **path == one || path.starts_with(&format!("{one}/")));
    acts.flat_map(|(_, item)| item.as_object().into_iter().flatten())
        .filter_map(|(_, operation)| operation["operationId"].as_str().map(str::to_owned))
        .collect()
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn makes_a_thing(answer: &Value, schemas: &Map<String, Value>) -> bool {
    let schema = &answer["content"]["application/json"]["schema"];
    let named = schema["$ref"].as_str().and_then(|reference| schemas.get(last_part(reference)));
    !named.unwrap_or(schema)["properties"]["id"].is_null()
}
