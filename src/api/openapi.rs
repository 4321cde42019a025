//! What a handler's signature says, as the API's document tells it: one operation here, the whole of them in `document`.

use std::collections::BTreeSet;

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, Route, Scope,
    http::Method,
    web::{self, ServiceConfig},
};
use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform,
};
use serde_json::{Map, Value, json};

use super::{document, refusals, yaml::to_yaml};
use crate::problem::{Code, Problem};

/// Where every operation lives.
pub const BASE: &str = "/api/v1";

/// Worked examples of every group: one request and one answer for an operation id.
const EXAMPLES: &[&str] = &[
    include_str!("examples/auth.json"),
    include_str!("examples/accounts.json"),
    include_str!("examples/audit.json"),
    include_str!("examples/calendar.json"),
    include_str!("examples/canteens.json"),
    include_str!("examples/residents.json"),
    include_str!("examples/families.json"),
    include_str!("examples/policies.json"),
    include_str!("examples/devices.json"),
    include_str!("examples/menus.json"),
    include_str!("examples/reservations.json"),
    include_str!("examples/standing_orders.json"),
    include_str!("examples/attendance.json"),
    include_str!("examples/headcounts.json"),
    include_str!("examples/openmensa.json"),
];

/// The examples by operation id.
pub(super) fn examples() -> Map<String, Value> {
    EXAMPLES
        .iter()
        .flat_map(|group| serde_json::from_str::<Map<String, Value>>(group).expect("the examples are JSON"))
        .collect()
}

/// What bodies and answers are, where nothing else is said.
const JSON: &str = "application/json";

/// Says what an extractor or an answer means for the contract.
pub trait Describe {
    fn describe(doc: &mut OperationDoc<'_>);
}

/// What is known so far of one operation's contract.
pub struct OperationDoc<'g> {
    generator: &'g mut SchemaGenerator,
    method: Method,
    about: Vec<String>,
    parameters: Vec<Value>,
    answer_headers: Vec<&'static str>,
    unchanged: bool,
    /// The schema of each parameter in the path, or of the one.
    path_schemas: Map<String, Value>,
    path_schema: Option<Value>,
    /// The content types of the body, and its schema.
    request: Option<(&'static [&'static str], Value)>,
    /// The status, and the content type and schema of the body.
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

    /// A file of one of these content types, of so many bytes at most, as the body that it takes.
    pub fn takes_file(&mut self, media: &'static [&'static str], largest: usize) {
        self.request = Some((media, json!({ "type": "string", "format": "binary", "maxLength": largest })));
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

    /// A header that it may be sent.
    pub fn may_send(&mut self, name: &str, description: &str, schema: Value) {
        self.parameters.push(json!({
            "name": name, "in": "header", "required": false, "description": description, "schema": schema
        }));
    }

    /// A sentence about it, for people.
    pub fn says(&mut self, sentence: impl Into<String>) {
        self.about.push(sentence.into());
    }

    /// A header that it needs.
    pub fn header(&mut self, name: &str, description: &str, schema: Value) {
        self.parameters.push(json!({
            "name": name, "in": "header", "required": true, "description": description, "schema": schema
        }));
    }

    /// A header of its answer, by its name in `components`.
    pub fn answer_header(&mut self, name: &'static str) {
        self.answer_headers.push(name);
    }

    /// Whether it only reads: then its answer has an `ETag`, and an unchanged one need not be sent again.
    pub fn may_be_unchanged(&mut self) {
        self.answer_header("ETag");
        if self.method == Method::GET {
            self.unchanged = true;
        }
    }

    /// The parameters of its query string: the fields of `T`.
    pub fn query<T: JsonSchema>(&mut self) {
        for QueryField { name, required, mut schema } in query_fields::<T>() {
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter =
                json!({ "name": name, "in": "query", "required": required, "schema": schema });
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
        let fields = query_fields::<T>();
        if fields.is_empty() {
            doc.path_schema = Some(doc.schema::<T>());
        }
        doc.path_schemas = fields.into_iter().map(|field| (field.name, field.schema)).collect();
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

/// The refusals of whatever writes.
const OF_WRITING: [Code; 4] = [Code::DiskFull, Code::OutcomeUnknown, Code::ClockBehind, Code::Conflict];

/// One operation: where it is, what it is called, who answers it.
pub struct Operation {
    pub method: Method,
    /// Below [`BASE`].
    pub path: &'static str,
    pub id: &'static str,
    pub summary: &'static str,
    codes: Vec<Code>,
    mount: Box<dyn Fn(Method) -> Route>,
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
        Operation {
            method,
            path,
            id,
            summary,
            codes: Vec::new(),
            mount: Box::new(move |method| web::method(method).to(handler.clone())),
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

    /// Says that whoever asks for it is written down, so that it may be refused as what writes is.
    pub fn is_recorded(self) -> Operation {
        self.refuses(OF_WRITING)
    }

    /// The operation as it stands in the document; its worked example has a `request` and a `response`.
    pub(super) fn document(&self, group: &str, generator: &mut SchemaGenerator, example: &Value) -> Value {
        let mut doc = OperationDoc {
            generator,
            method: self.method.clone(),
            about: vec![format!("{}.", self.summary)],
            parameters: path_parameters(self.path),
            answer_headers: vec!["X-Request-Id"],
            unchanged: false,
            path_schemas: Map::new(),
            path_schema: None,
            request: None,
            answer: None,
            security: json!([{}]),
            codes: BTreeSet::from([Code::BadHeader, Code::Internal, Code::Busy, Code::DatabaseUnavailable]),
        };
        (self.describe)(&mut doc);
        doc.refuses(self.codes.iter().copied());
        if self.method != Method::GET {
            doc.refuses(OF_WRITING);
        }
        for parameter in doc.parameters.iter_mut().filter(|parameter| parameter["in"] == "path") {
            let named = parameter["name"].as_str().and_then(|name| doc.path_schemas.get(name));
            if let Some(schema) = named.or(doc.path_schema.as_ref()) {
                parameter["schema"] = schema.clone();
            }
        }
        let told = [doc.about.join(" "), refusals::told(&self.codes)];
        let codes: Vec<&str> = doc.codes.iter().map(|code| code.as_str()).collect();
        let mut operation = json!({
            "operationId": self.id, "summary": self.summary, "description": told.join("\n\n").trim_end(),
            "tags": [group], "security": doc.security, "x-codes": codes,
        });
        if !doc.parameters.is_empty() {
            operation["parameters"] = json!(doc.parameters);
        }
        if let Some((media, schema)) = &doc.request {
            let body = json!({ "schema": schema, "example": example["request"] });
            let content: Map<String, Value> =
                media.iter().map(|media| ((*media).to_owned(), body.clone())).collect();
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        operation["responses"] = doc.responses(&example["response"]);
        operation
    }
}

impl OperationDoc<'_> {
    fn responses(&self, example: &Value) -> Value {
        let mut responses: Map<String, Value> = Map::new();
        if let Some((status, schema)) = &self.answer {
            let mut response = json!({
                "description": if schema.is_some() { "Done." } else { "Done; there is nothing to tell." },
                "headers": document::header_references(&self.answer_headers),
            });
            if let Some((media, schema)) = schema {
                response["content"] = json!({ *media: { "schema": schema, "example": example } });
            }
            responses.insert(status.to_string(), response);
        }
        if self.unchanged {
            responses.insert("304".into(), json!({ "$ref": "#/components/responses/NotModified" }));
        }
        let statuses: BTreeSet<u16> = self.codes.iter().map(|code| code.status()).collect();
        for status in statuses {
            let reference = format!("#/components/responses/{}", refusals::name_of(status));
            responses.insert(status.to_string(), json!({ "$ref": reference }));
        }
        Value::Object(responses)
    }
}

/// The parameters in a path, each told by what stands before it: `/menus/{id}` takes the id of a menu.
fn path_parameters(path: &str) -> Vec<Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let named = parts.iter().enumerate().filter_map(|(place, part)| {
        Some((parts.get(place.checked_sub(1)?)?, part.strip_prefix('{')?.strip_suffix('}')?))
    });
    named
        .map(|(before, name)| {
            let thing = singular(before);
            let description = match name {
                "id" => format!("The id of the {thing}."),
                other => format!("The {} of the {thing}.", other.replace('_', " ")),
            };
            json!({
                "name": name, "in": "path", "required": true, "description": description,
                "schema": { "type": "string" }
            })
        })
        .collect()
}

/// `family-links` are many of a `family link`.
fn singular(many: &str) -> String {
    let words = many.replace('-', " ");
    match (words.strip_suffix("ies"), words.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(one)) => one.to_owned(),
        (None, None) => words,
    }
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
        // A request is compared with every path until one fits: so first with the first words of them alone.
        let mut by_word: Vec<(&'static str, Scope)> = Vec::new();
        for (path, operations) in by_path {
            let (word, rest) = first_word(path);
            let place = by_word.iter().position(|(other, _)| *other == word).unwrap_or_else(|| {
                by_word.push((word, web::scope(&format!("{BASE}{word}"))));
                by_word.len() - 1
            });
            let scope = std::mem::replace(&mut by_word[place].1, web::scope(""));
            by_word[place].1 = scope.service(resource(rest, &operations));
        }
        for (_, scope) in by_word {
            config.service(scope.default_service(web::to(nothing_there)));
        }
    }

    /// The groups, in the order of the day: name, what it is about, its operations.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&'static str, &'static str, &[Operation])> {
        self.groups.iter().map(|(name, about, operations)| (*name, *about, operations.as_slice()))
    }

    /// The OpenAPI 3.1 document.
    pub fn document(&self) -> Value {
        document::of(self)
    }

    /// The document as it is committed.
    pub fn yaml(&self) -> String {
        to_yaml(&self.document())
    }
}

/// The first word of a path, and what follows it: `/menus` and `/{id}/waiting`.
fn first_word(path: &'static str) -> (&'static str, &'static str) {
    path.split_at(path[1..].find('/').map_or(path.len(), |slash| slash + 1))
}

/// The operations of one path. Each answer says by which operation it was made.
fn resource(path: &str, operations: &[&Operation]) -> Resource {
    let ids: Vec<(Method, &'static str)> =
        operations.iter().map(|operation| (operation.method.clone(), operation.id)).collect();
    let mut resource = web::resource(path).app_data(Operations(ids));
    for operation in operations {
        resource = resource.route((operation.mount)(operation.method.clone()));
        // The same answer; the server keeps its body to itself.
        if operation.method == Method::GET {
            resource = resource.route((operation.mount)(Method::HEAD));
        }
    }
    resource
}

async fn nothing_there() -> Result<HttpResponse, Problem> {
    Err(Code::NotFound.into())
}

/// The ids of the operations of one path, by their methods.
pub(super) struct Operations(Vec<(Method, &'static str)>);

impl Operations {
    /// The operation that this method asks for, if there is one; HEAD is answered as GET is.
    pub(super) fn asked_by(&self, method: &Method) -> Option<&'static str> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        self.0.iter().find(|(own, _)| own == method).map(|(_, id)| *id)
    }
}

impl Default for Api {
    fn default() -> Api {
        Api::new()
    }
}

/// Makes schemas as the document has them.
pub(super) fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.transforms.push(Box::new(RecursiveTransform(list_words)));
            settings.transforms.push(Box::new(RecursiveTransform(list_keys)));
        })
        .into_generator()
}

/// Words that are told one by one become one list of words, with what each means in the description: so clients get one
/// type for them, and whoever errs hears all of them.
fn list_words(schema: &mut Schema) {
    let choices = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut words: Vec<Value> = Vec::new();
    let mut told: Vec<String> = Vec::new();
    for choice in &choices {
        let own = choice.get("const").cloned().map(|word| vec![word]);
        let Some(own) = own.or_else(|| choice["enum"].as_array().cloned()) else { return };
        if let (Some(meaning), [Value::String(word)]) = (choice["description"].as_str(), own.as_slice()) {
            told.push(format!("- `{word}`: {meaning}"));
        }
        words.extend(own);
    }
    if words.is_empty() || !words.iter().all(Value::is_string) {
        return;
    }
    let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{about}\n\n{}", told.join("\n"));
    schema.remove("oneOf");
    schema.insert("type".into(), "string".into());
    schema.insert("enum".into(), words.into());
    schema.insert("description".into(), description.trim().into());
}

/// Objects of which each has one key of its own become one object with exactly one of these keys: so generated clients
/// need no union that contains itself, and whoever errs hears which key is wrong.
fn list_keys(schema: &mut Schema) {
    let choices = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut keys: Map<String, Value> = Map::new();
    for choice in &choices {
        let fields = choice["properties"].as_object().filter(|_| choice["additionalProperties"] == false);
        let only = fields.filter(|fields| fields.len() == 1 && choice["required"][0].is_string());
        let Some((key, inner)) = only.into_iter().flatten().next() else { return };
        let mut inner = inner.clone();
        if let (Some(about), Some(fields)) = (choice.get("description"), inner.as_object_mut()) {
            fields.insert("description".into(), about.clone());
        }
        keys.insert(key.clone(), inner);
    }
    if keys.is_empty() {
        return;
    }
    schema.remove("oneOf");
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), keys.into());
    schema.insert("minProperties".into(), 1.into());
    schema.insert("maxProperties".into(), 1.into());
    schema.insert("additionalProperties".into(), false.into());
}

/// A parameter of a query string.
pub(super) struct QueryField {
    pub name: String,
    pub required: bool,
    pub schema: Value,
}

/// The fields of a query's type.
pub(super) fn query_fields<T: JsonSchema>() -> Vec<QueryField> {
    let mut generator = generator();
    let schema = T::json_schema(&mut generator).to_value();
    let definitions = generator.take_definitions(true);
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields
        .map(|(name, field)| QueryField {
            name: name.clone(),
            required: required.contains(&name.as_str()),
            schema: without_null(with_own_words(field, &definitions)),
        })
        .collect()
}

/// The schema of a field, by value; what the field says of itself goes before what its type says.
fn with_own_words(field: &Value, definitions: &Map<String, Value>) -> Value {
    let mut schema = inlined(field.clone(), definitions);
    if let Some(description) = field.get("description") {
        schema["description"] = description.clone();
    }
    schema
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
