//! Bounds of what is answered: no text, list or number in an answer is larger than the document says.
//!
//! What comes in is bounded by its types, one by one. What goes out is made of that, so its bounds follow; where a type
//! has none of its own, the document tells these.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::json;

/// The most characters of a text in an answer.
const LONGEST_TEXT: usize = 20_000;

/// Texts in answers have no control characters but line ends.
const PLAIN_TEXT: &str = "^[^\\u0000-\\u0009\\u000b-\\u001f\\u007f]*$";

/// The most items of a list in an answer.
const LONGEST_LIST: usize = 100_000;

/// The largest number that every JSON reader takes for itself (RFC 8259).
const LARGEST_NUMBER: i64 = (1 << 53) - 1;

/// Gives every schema that is only answered the bounds that it lacks, and every format its length.
pub fn bound_answers(paths: &mut Map<String, Value>, schemas: &mut Map<String, Value>) {
    let taken = taken_in(paths, schemas);
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(|path| path.values_mut()) {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            tell_lengths(&mut parameter["schema"]);
        }
        let answers =
            operation["responses"].as_object_mut().into_iter().flat_map(|answers| answers.values_mut());
        let contents = answers.filter_map(|answer| answer.get_mut("content")?.as_object_mut());
        for schema in contents.flat_map(|kinds| kinds.values_mut()).filter_map(|kind| kind.get_mut("schema"))
        {
            bound(schema);
        }
    }
    for (name, schema) in schemas.iter_mut() {
        if taken.contains(name) {
            tell_lengths(schema);
        } else {
            bound(schema);
        }
    }
}

/// The names of the schemas that request bodies are made of.
fn taken_in(paths: &Map<String, Value>, schemas: &Map<String, Value>) -> BTreeSet<String> {
    let operations = paths.values().filter_map(Value::as_object).flat_map(|path| path.values());
    let bodies = operations.filter_map(|operation| operation.get("requestBody"));
    let mut names = BTreeSet::new();
    let mut open: Vec<String> = bodies.flat_map(references).collect();
    while let Some(name) = open.pop() {
        if let Some(schema) = schemas.get(&name)
            && names.insert(name)
        {
            open.extend(references(schema));
        }
    }
    names
}

/// The names of the schemas that a value refers to.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
            own.map(str::to_owned).into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Visits a schema and all that it is made of; examples and defaults are no schemas.
fn each_schema(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    let Some(fields) = schema.as_object_mut() else { return };
    visit(fields);
    for (keyword, inner) in fields.iter_mut() {
        match (keyword.as_str(), inner) {
            ("properties" | "$defs", Value::Object(named)) => {
                named.values_mut().for_each(|inner| each_schema(inner, visit));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(several)) => {
                several.iter_mut().for_each(|inner| each_schema(inner, visit));
            }
            ("items" | "additionalProperties", inner) => each_schema(inner, visit),
            (_, _) => {}
        }
    }
}

fn is_a(schema: &Map<String, Value>, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(own)) => own == kind,
        Some(Value::Array(kinds)) => kinds.iter().any(|own| own == kind),
        _ => false,
    }
}

fn one_of_few(schema: &Map<String, Value>) -> bool {
    schema.contains_key("enum") || schema.contains_key("const")
}

/// Tells how long a text with a format is, the bounds of whole numbers that their format has anyway, and which names may be
/// chosen where a sender chooses them.
fn tell_lengths(schema: &mut Value) {
    each_schema(schema, &mut |schema| {
        if schema.get("additionalProperties").is_some_and(Value::is_object) {
            schema.entry("propertyNames").or_insert_with(json::names);
        }
        if one_of_few(schema) {
            return;
        }
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        let longest = match format {
            "date" => 10,
            "uuid" => 36,
            "date-time" => crate::clock::LONGEST_INSTANT,
            _ => 0,
        };
        if longest > 0 && is_a(schema, "string") {
            schema.entry("maxLength").or_insert(json!(longest));
        }
        if is_a(schema, "integer") {
            let (least, most) = match schema.get("format").and_then(Value::as_str) {
                Some("int64") => (-LARGEST_NUMBER, LARGEST_NUMBER),
                _ => (i32::MIN.into(), i32::MAX.into()),
            };
            schema.entry("format").or_insert(json!("int32"));
            schema.entry("minimum").or_insert(json!(least));
            schema.entry("maximum").or_insert(json!(most));
        }
    });
}

fn bound(schema: &mut Value) {
    tell_lengths(schema);
    each_schema(schema, &mut |schema| {
        if is_a(schema, "string") && !one_of_few(schema) {
            schema.entry("maxLength").or_insert(json!(LONGEST_TEXT));
            if !schema.contains_key("format") {
                schema.entry("pattern").or_insert(json!(PLAIN_TEXT));
            }
        }
        if is_a(schema, "array") {
            schema.entry("maxItems").or_insert(json!(LONGEST_LIST));
        }
    });
}
