//! The API's document, made from the handlers that answer it. `openapi.yaml` is this, committed and compared in a test.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{
    FromRequest, Handler, Responder, Route,
    http::Method,
    web::{self, ServiceConfig},
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::yaml::to_yaml;
use crate::problem::{Code, Problem};

/// Where every operation lives.
pub const BASE: &str = "/api/v1";

/// What bodies and answers are, where nothing else is said.
const JSON: &str = "application/json";

/// Worked examples of every group: one request and one answer for an operation id.
const EXAMPLES: &[&str] = &[
    include_str!("examples/auth.json"),
    include_str!("examples/accounts.json"),
    include_str!("examples/calendar.json"),
    include_str!("examples/canteens.json"),
    include_str!("examples/residents.json"),
    include_str!("examples/families.json"),
    include_str!("examples/policies.json"),
    include_str!("examples/menus.json"),
    include_str!("examples/reservations.json"),
    include_str!("examples/attendance.json"),
    include_str!("examples/headcounts.json"),
    include_str!("examples/openmensa.json"),
];

/// The examples by operation id.
fn examples() -> Map<String, Value> {
    EXAMPLES
        .iter()
        .flat_map(|group| serde_json::from_str::<Map<String, Value>>(group).expect("the examples are JSON"))
        .collect()
}

/// Says what an extractor or an answer means for the contract.
pub trait Describe {
    fn describe(doc: &mut OperationDoc<'_>);
}

/// What is known so far of one operation's contract.
pub struct OperationDoc<'g> {
    generator: &'g mut SchemaGenerator,
    parameters: Vec<Value>,
    path_schema: Option<Value>,
    /// The content types of the body, and its schema.
    request: Option<(&'static [&'static str], Value)>,
    answer: Option<(u16, Option<(&'static str, Value)>)>,
    security: Value,
    codes: BTreeSet<Code>,
}

impl OperationDoc<'_> {
    /// The schema of a type, by reference where it has a name.
    pub fn schema<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// The body that it takes.
    pub fn takes(&mut self, schema: Value) {
        self.request = Some((&[JSON], schema));
        self.refuses([Code::MalformedJson, Code::BadField, Code::BodyTooLarge, Code::NotJson]);
    }

    /// A file of one of these content types as the body that it takes.
    pub fn takes_file(&mut self, media: &'static [&'static str]) {
        self.request = Some((media, json!({ "type": "string", "format": "binary" })));
        self.refuses([Code::BodyTooLarge]);
    }

    /// The status and body that it answers when all is well.
    pub fn answers(&mut self, status: u16, schema: Option<Value>) {
        self.answer = Some((status, schema.map(|schema| (JSON, schema))));
    }

    /// The file that it answers when all is well.
    pub fn answers_file(&mut self, media: &'static str, schema: Value) {
        self.answer = Some((200, Some((media, schema))));
    }

    /// A header that it needs.
    pub fn header(&mut self, name: &str, description: &str, schema: Value) {
        self.parameters.push(json!({
            "name": name, "in": "header", "required": true, "description": description, "schema": schema
        }));
    }

    /// A header that it needs for some requests only.
    pub fn optional_header(&mut self, name: &str, description: &str, schema: Value) {
        self.parameters.push(json!({
            "name": name, "in": "header", "required": false, "description": description, "schema": schema
        }));
    }

    /// The parameters of its query string: the fields of `T`.
    pub fn query<T: JsonSchema>(&mut self) {
        let mut generator = generator();
        let schema = T::json_schema(&mut generator).to_value();
        let definitions = generator.take_definitions(false);
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let mut field = inlined(field.clone(), &definitions);
            let description = field.as_object_mut().and_then(|field| field.remove("description"));
            let mut parameter = json!({
                "name": name, "in": "query", "required": required.contains(&name.as_str()),
                "schema": without_null(field)
            });
            if let Some(description) = description {
                parameter["description"] = description;
            }
            self.parameters.push(parameter);
        }
    }

    /// The codes that it may refuse with.
    pub fn refuses(&mut self, codes: impl IntoIterator<Item = Code>) {
        self.codes.extend(codes);
    }

    /// Who may call it: everyone, or whoever brings a token.
    pub fn needs_sign_in(&mut self, needed: bool) {
        self.security = if needed { json!([{"bearer": []}]) } else { json!([{}, {"bearer": []}]) };
        self.refuses([Code::SignInRequired, Code::TokenExpired, Code::SessionEnded]);
        if needed {
            self.refuses([Code::NotAllowed]);
        }
    }
}

impl<T: JsonSchema> Describe for web::Path<T> {
    fn describe(doc: &mut OperationDoc<'_>) {
        doc.path_schema = Some(doc.schema::<T>());
        doc.refuses([Code::NotFound]);
    }
}

impl<T: Describe> Describe for Result<T, Problem> {
    fn describe(doc: &mut OperationDoc<'_>) {
        T::describe(doc);
    }
}

macro_rules! describe_tuples {
    ($(($($part:ident),*))+) => { $(
        impl<$($part: Describe),*> Describe for ($($part,)*) {
            fn describe(_doc: &mut OperationDoc<'_>) { $($part::describe(_doc);)* }
        }
    )+ };
}
describe_tuples! { () (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) }

/// One operation: where it is, what it is called, who answers it.
pub struct Operation {
    pub method: Method,
    /// Below [`BASE`].
    pub path: &'static str,
    pub id: &'static str,
    pub summary: &'static str,
    codes: Vec<Code>,
    mount: Box<dyn Fn() -> Route>,
    describe: fn(&mut OperationDoc<'_>),
}

impl Operation {
    pub fn new<F, Args>(
        method: Method,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: F,
    ) -> Operation
    where
        F: Handler<Args>,
        Args: FromRequest + Describe + 'static,
        F::Output: Responder + Describe + 'static,
    {
        let verb = method.clone();
        Operation {
            method,
            path,
            id,
            summary,
            codes: Vec::new(),
            mount: Box::new(move || web::method(verb.clone()).to(handler.clone())),
            describe: |doc| {
                Args::describe(doc);
                F::Output::describe(doc);
            },
        }
    }

    /// The refusals of the act behind it, beside those that its signature tells.
    pub fn refuses(mut self, codes: impl IntoIterator<Item = Code>) -> Operation {
        self.codes.extend(codes);
        self
    }

    fn document(&self, group: &str, generator: &mut SchemaGenerator, example: &Value) -> Value {
        let mut doc = OperationDoc {
            generator,
            parameters: path_parameters(self.path),
            path_schema: None,
            request: None,
            answer: None,
            security: json!([{}]),
            codes: BTreeSet::from([Code::Internal, Code::Busy, Code::DatabaseUnavailable]),
        };
        (self.describe)(&mut doc);
        doc.refuses(self.codes.iter().copied());
        if self.method != Method::GET {
            doc.refuses([Code::DiskFull, Code::ClockBehind, Code::Conflict]);
        }
        if let Some(schema) = &doc.path_schema {
            for parameter in doc.parameters.iter_mut().filter(|parameter| parameter["in"] == "path") {
                parameter["schema"] = schema.clone();
            }
        }
        let mut operation = json!({
            "operationId": self.id, "summary": self.summary, "tags": [group], "security": doc.security,
        });
        if !doc.parameters.is_empty() {
            operation["parameters"] = json!(doc.parameters);
        }
        if let Some((media, schema)) = doc.request {
            let body = json!({ "schema": schema, "example": example["request"] });
            let content: Map<String, Value> =
                media.iter().map(|media| ((*media).to_owned(), body.clone())).collect();
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        operation["responses"] = responses(doc.answer, &doc.codes, &example["response"]);
        if self.method == Method::GET {
            let unchanged =
                "Unchanged since the answer whose `ETag` was sent in `If-None-Match`; where there is one.";
            operation["responses"]["304"] = json!({ "description": unchanged });
        }
        operation
    }
}

fn path_parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect()
}

fn responses(
    answer: Option<(u16, Option<(&'static str, Value)>)>,
    codes: &BTreeSet<Code>,
    example: &Value,
) -> Value {
    let mut responses = BTreeMap::new();
    if let Some((status, schema)) = answer {
        let mut response = json!({ "description": if schema.is_some() { "Done." } else { "Done; there is nothing to tell." } });
        if let Some((media, schema)) = schema {
            response["content"] = json!({ media: { "schema": schema, "example": example } });
        }
        responses.insert(status.to_string(), response);
    }
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status()).or_default().push(*code);
    }
    for (status, codes) in by_status {
        let told: Vec<String> = codes
            .iter()
            .map(|code| format!("`{}`: {}", code.as_str(), code.text(crate::words::Lang::En)))
            .collect();
        let example = Problem::new(codes[0]).body(crate::words::Lang::En, "6f1c2b9a0d3e4f58");
        responses.insert(
            status.to_string(),
            json!({
                "description": told.join("\n\n"),
                "content": { "application/problem+json": { "schema": problem_of(&codes), "example": example } }
            }),
        );
    }
    json!(responses)
}

/// The whole API: groups of operations in the order in which a day happens.
pub struct Api {
    groups: Vec<(&'static str, &'static str, Vec<Operation>)>,
}

impl Api {
    pub fn new() -> Api {
        Api { groups: Vec::new() }
    }

    /// Adds a group: its name, what it is about, its operations.
    pub fn group(mut self, name: &'static str, about: &'static str, operations: Vec<Operation>) -> Api {
        self.groups.push((name, about, operations));
        self
    }

    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.groups.iter().flat_map(|(_, _, operations)| operations)
    }

    /// Mounts every operation.
    pub fn mount(&self, config: &mut ServiceConfig) {
        let mut by_path: Vec<(&'static str, Vec<&Operation>)> = Vec::new();
        for operation in self.operations() {
            match by_path.iter_mut().find(|(path, _)| *path == operation.path) {
                Some((_, operations)) => operations.push(operation),
                None => by_path.push((operation.path, vec![operation])),
            }
        }
        for (path, operations) in by_path {
            let mut resource = web::resource(format!("{BASE}{path}"));
            for operation in operations {
                resource = resource.route((operation.mount)());
            }
            config.service(resource);
        }
    }

    /// The OpenAPI 3.1 document.
    pub fn document(&self) -> Value {
        let examples = examples();
        let mut generator = generator();
        let mut paths: Map<String, Value> = Map::new();
        for (group, _, operations) in &self.groups {
            for operation in operations {
                let path = paths.entry(format!("{BASE}{}", operation.path)).or_insert_with(|| json!({}));
                let method = operation.method.as_str().to_ascii_lowercase();
                path[method] = operation.document(
                    group,
                    &mut generator,
                    examples.get(operation.id).unwrap_or(&Value::Null),
                );
            }
        }
        let mut schemas: Map<String, Value> = generator.take_definitions(true);
        schemas.insert("Problem".into(), problem_schema());
        let tags: Vec<Value> = self
            .groups
            .iter()
            .map(|(name, about, _)| json!({ "name": name, "description": about }))
            .collect();
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Leling",
                "version": env!("CARGO_PKG_VERSION"),
                "summary": "Meal ordering for senior canteens",
                "description": ABOUT,
                "contact": { "name": "The people who run this installation" },
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "servers": [{ "url": "/", "description": "This installation" }],
            "tags": tags,
            "paths": paths,
            "components": {
                "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
                "schemas": schemas,
            },
        })
    }

    /// The document as it is committed.
    pub fn yaml(&self) -> String {
        to_yaml(&self.document())
    }
}

impl Default for Api {
    fn default() -> Api {
        Api::new()
    }
}

const ABOUT: &str = "\
Money is whole fen (CNY) in fields that end in `_fen`. Days are civil days in the canteen's time zone in fields that \
end in `_on`; instants are RFC 3339 in fields that end in `_at`; local times are `HH:MM`. Unknown fields are refused. \
Every refusal is `application/problem+json` with a stable `code`; its words follow `Accept-Language` (zh, en). Every \
POST that creates or moves something takes an `Idempotency-Key`: the same key with the same request has one effect and \
one answer. What can be edited has an `ETag`, to be sent back in `If-Match`.";

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator()
}

fn inlined(field: Value, definitions: &Map<String, Value>) -> Value {
    match field["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        Some(name) => definitions[name].clone(),
        None => match field["anyOf"].as_array() {
            Some(choices) => choices.first().cloned().map_or(field, |first| inlined(first, definitions)),
            None => field,
        },
    }
}

/// The schema of a parameter: one that is left out is not there at all, and never null.
fn without_null(mut schema: Value) -> Value {
    if schema["default"].is_null()
        && let Some(fields) = schema.as_object_mut()
    {
        fields.remove("default");
    }
    if let Some(kinds) = schema["type"].as_array() {
        let kind = kinds.iter().find(|kind| *kind != "null").cloned();
        schema["type"] = kind.unwrap_or_default();
    }
    schema
}

/// A problem with one of these codes.
fn problem_of(codes: &[Code]) -> Value {
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    json!({ "allOf": [
        { "$ref": "#/components/schemas/Problem" },
        { "type": "object", "properties": { "code": { "enum": codes } } },
    ] })
}

fn problem_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "description": "A refusal (RFC 9457).",
        "required": ["type", "title", "status", "detail", "instance", "code", "retryable", "params", "errors"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": text, "detail": text,
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "instance": { "type": "string", "description": "The id of the request, as in the log." },
            "code": { "type": "string", "enum": Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>() },
            "retryable": { "type": "boolean", "description": "Whether the same request may succeed later." },
            "params": { "type": "object", "description": "What the text is about, for programs." },
            "errors": { "type": "array", "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": { "type": "string", "description": "A JSON pointer into the body." },
                    "code": text, "detail": text,
                },
            } },
        },
    })
}
