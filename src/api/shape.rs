//! Bodies and queries are held against the very schema that the document tells, before anything is made of them.
//!
//! So a client that keeps to the document is understood, and one that does not is told every fault with its place. What
//! a schema cannot say (that two days are in order, say) the concepts check afterwards.

use std::{
    any::TypeId,
    collections::HashMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use jsonschema::{
    ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::openapi::{QueryField, generator, query_fields};
use crate::words::Bilingual;

/// A schema says with this that faults in what it describes are told by a code of their own.
pub const JUDGED_BY: &str = "x-judged-by";

/// The most faults that are told of one request.
const MOST_FAULTS: usize = 50;

/// What something that comes in has to look like.
pub struct Shape {
    schema: Value,
    validator: Option<Validator>,
}

/// What is wrong with what came in: where, in a word, and in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer (RFC 6901).
    pub pointer: String,
    pub word: &'static str,
    pub said: Bilingual,
}

/// The shapes that were made so far: of bodies (false) and of queries (true), by type.
static SHAPES: LazyLock<RwLock<HashMap<Key, Arc<Shape>>>> = LazyLock::new(RwLock::default);

type Key = (TypeId, bool);

fn kept(key: Key, make: impl FnOnce() -> Shape) -> Arc<Shape> {
    if let Some(shape) = SHAPES.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return shape.clone();
    }
    let shape = Arc::new(make());
    SHAPES.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(shape).clone()
}

/// The shape of a body.
pub fn of_body<T: JsonSchema + 'static>() -> Arc<Shape> {
    kept((TypeId::of::<T>(), false), || {
        let mut generator = generator();
        let schema = generator.subschema_for::<T>().to_value();
        let schemas = generator.take_definitions(true);
        Shape::new(json!({ "allOf": [schema], "components": { "schemas": schemas } }))
    })
}

/// The shape of a query string, as an object of its parameters.
pub fn of_query<T: JsonSchema + 'static>() -> Arc<Shape> {
    kept((TypeId::of::<T>(), true), || {
        let mut required = Vec::new();
        let mut properties = Map::new();
        for QueryField { name, required: needed, schema } in query_fields::<T>() {
            if needed {
                required.push(name.clone());
            }
            properties.insert(name, schema);
        }
        Shape::new(json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        }))
    })
}

impl Shape {
    fn new(schema: Value) -> Shape {
        let own_judge = schema.to_string().contains(JUDGED_BY);
        let validator = (!own_judge).then(|| {
            let options = jsonschema::options().should_validate_formats(true);
            let strict = options.build(&schema);
            strict.expect("the schemas of our own types are schemas")
        });
        Shape { schema, validator }
    }

    /// What is wrong with this value; nothing where it fits, or where somebody else judges it.
    pub fn faults(&self, value: &Value) -> Vec<Fault> {
        let Some(validator) = self.validator.as_ref().filter(|validator| !validator.is_valid(value)) else {
            return Vec::new();
        };
        let mut faults: Vec<Fault> = validator.iter_errors(value).flat_map(|error| told(&error)).collect();
        faults.truncate(MOST_FAULTS);
        faults
    }

    /// What is wrong with the parameters of a query string.
    pub fn faults_in_query(&self, pairs: Vec<(String, String)>) -> Vec<Fault> {
        let mut query = Map::new();
        for (name, text) in pairs {
            let value = typed(&self.schema["properties"][&name], text);
            if query.insert(name.clone(), value).is_some() {
                let said = Bilingual::new("这个参数出现了两次", "this parameter is there twice");
                return vec![Fault { pointer: format!("/{name}"), word: "twice", said }];
            }
        }
        self.faults(&Value::Object(query))
    }
}

/// What the text of a parameter stands for: a number or a truth value where one is asked for and this is one, else text.
fn typed(schema: &Value, text: String) -> Value {
    let wanted = match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    // In the form in which we would write it: `007` and `+7` are no numbers.
    let as_we_write = |value: &Value| {
        let written = value.to_string();
        written == text
    };
    wanted.filter(as_we_write).unwrap_or(Value::String(text))
}

/// The faults that an error of the validator tells of.
fn told(error: &ValidationError<'_>) -> Vec<Fault> {
    let place = error.instance_path.as_str();
    let fault = |pointer: String, word, zh: String, en: String| {
        vec![Fault { pointer, word, said: Bilingual::new(zh, en) }]
    };
    let here = |word, zh: String, en: String| fault(place.to_owned(), word, zh, en);
    match &error.kind {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            fault(below(place, name), "missing_field", "缺少这一项".into(), "this field is missing".into())
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .flat_map(|name| {
                let said = "there is no such field".to_owned();
                fault(below(place, name), "unknown_field", "没有这一项".into(), said)
            })
            .collect(),
        ValidationErrorKind::Type { kind } => {
            let kinds = kinds(kind);
            here(
                "wrong_type",
                format!("类型不对，应为 {kinds}"),
                format!("its type is wrong; expected: {kinds}"),
            )
        }
        ValidationErrorKind::Enum { options } => {
            let words = words(options);
            here("unknown_word", format!("应为其中之一：{words}"), format!("expected one of: {words}"))
        }
        ValidationErrorKind::Constant { expected_value } => {
            here("unknown_word", format!("应为 {expected_value}"), format!("expected {expected_value}"))
        }
        ValidationErrorKind::MinLength { limit } => here(
            "too_short",
            format!("至少 {limit} 个字"),
            format!("at least {limit} characters are expected"),
        ),
        ValidationErrorKind::MaxLength { limit } => {
            here("too_long", format!("最多 {limit} 个字"), format!("at most {limit} characters are expected"))
        }
        ValidationErrorKind::MinItems { limit } => {
            here("too_few", format!("至少 {limit} 项"), format!("at least {limit} items are expected"))
        }
        ValidationErrorKind::MaxItems { limit } => {
            here("too_many", format!("最多 {limit} 项"), format!("at most {limit} items are expected"))
        }
        ValidationErrorKind::MinProperties { limit } => here(
            "too_few",
            format!("至少 {limit} 项"),
            format!("at least {limit} of its fields are expected"),
        ),
        ValidationErrorKind::MaxProperties { limit } => here(
            "too_many",
            format!("最多 {limit} 项"),
            format!("at most {limit} of its fields are expected"),
        ),
        ValidationErrorKind::Minimum { limit } => {
            here("too_small", format!("不能小于 {limit}"), format!("{limit} is the least"))
        }
        ValidationErrorKind::Maximum { limit } => {
            here("too_big", format!("不能大于 {limit}"), format!("{limit} is the most"))
        }
        ValidationErrorKind::UniqueItems => {
            here("twice", "有重复的项".into(), "an item is there twice".into())
        }
        ValidationErrorKind::Format { format } => {
            here("bad_format", format!("格式应为 {format}"), format!("its form is not that of a {format}"))
        }
        ValidationErrorKind::Pattern { .. } => here(
            "bad_format",
            "格式不对，或含有看不见的字符".into(),
            "its form is wrong, or it holds characters that cannot be seen".into(),
        ),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            match meant(context, place) {
                Some(errors) => errors.iter().flat_map(told).collect(),
                None => here(
                    "bad_value",
                    "不是所列的任何一种形式".into(),
                    "it has none of the forms described".into(),
                ),
            }
        }
        _ => {
            here("bad_value", "内容不符合接口说明".into(), "it is not what the API document describes".into())
        }
    }
}

/// Of several forms, the one that was meant: that whose type fits, with the fewest faults.
fn meant<'e>(
    context: &'e [Vec<ValidationError<'static>>],
    place: &str,
) -> Option<&'e Vec<ValidationError<'static>>> {
    let of_its_type = |errors: &&Vec<ValidationError<'static>>| {
        errors.iter().all(|error| {
            error.instance_path.as_str() != place || !matches!(error.kind, ValidationErrorKind::Type { .. })
        })
    };
    context.iter().filter(of_its_type).min_by_key(|errors| errors.len())
}

fn below(place: &str, name: &str) -> String {
    format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn kinds(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>().join(", "),
    }
}

fn words(options: &Value) -> String {
    let words = options.as_array().into_iter().flatten().filter_map(Value::as_str);
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{
        text::{Line, Whole},
        words::{Area, Mode},
    };

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Wish {
        name: Line<4>,
        mode: Option<Mode>,
        area: Option<Area>,
        #[schemars(length(min = 1, max = 2))]
        counts: Vec<Whole<1, 9>>,
    }

    fn faults(value: Value) -> Vec<(String, &'static str)> {
        of_body::<Wish>().faults(&value).into_iter().map(|fault| (fault.pointer, fault.word)).collect()
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        assert_eq!(faults(json!({ "name": "王芳", "counts": [1], "area": { "city": "A" } })), []);
        let mut told =
            faults(json!({ "name": "one two", "mode": "flying", "counts": [0, "2", 3], "colour": 1 }));
        told.sort();
        let expected = [
            ("/colour", "unknown_field"),
            ("/counts", "too_many"),
            ("/counts/0", "too_small"),
            ("/counts/1", "wrong_type"),
            ("/mode", "unknown_word"),
            ("/name", "too_long"),
        ];
        assert_eq!(told, expected.map(|(pointer, word)| (pointer.to_owned(), word)));
    }

    #[test]
    fn what_may_be_left_out_is_told_by_its_own_faults() {
        let wrong = json!({ "name": "王芳", "counts": [1], "area": { "city": "A", "street": "B" } });
        assert_eq!(faults(wrong), [("/area/street".to_owned(), "unknown_field")]);
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema matters")]
    enum Rule {
        Age(Whole<0, 150>),
        Not(Box<Rule>),
    }

    #[test]
    fn an_object_with_one_of_several_keys_is_told_which_key_is_wrong() {
        let faults = |value: Value| {
            let told = of_body::<Rule>().faults(&value).into_iter();
            told.map(|fault| (fault.pointer, fault.word)).collect::<Vec<_>>()
        };
        assert_eq!(faults(json!({ "not": { "not": { "age": 60 } } })), []);
        assert_eq!(faults(json!({ "age": 60, "not": { "age": 70 } })), [(String::new(), "too_many")]);
        assert_eq!(faults(json!({ "not": {} })), [("/not".to_owned(), "too_few")]);
        assert_eq!(faults(json!({ "not": { "age": 151 } })), [("/not/age".to_owned(), "too_big")]);
        assert_eq!(faults(json!({ "height": 2 })), [("/height".to_owned(), "unknown_field")]);
    }

    #[test]
    fn a_parameter_is_read_as_what_is_asked_for() {
        let number = json!({ "type": "integer" });
        assert_eq!(typed(&number, "-7".into()), json!(-7));
        assert_eq!(typed(&number, "007".into()), json!("007"));
        assert_eq!(typed(&json!({ "type": "string" }), "7".into()), json!("7"));
    }
}
