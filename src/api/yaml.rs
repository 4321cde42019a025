//! Writes JSON as YAML that every reader takes for the same.
//!
//! YAML 1.1 readers take `on` and `no` for booleans, `11:30` for a number and `2026-11-22` for a date. So a text stands
//! without quotes only where it begins with a letter and is none of those words.

use serde_json::Value;

/// Words that some reader takes for something else than a text.
const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// How long a list on one line is at most.
const LONGEST_LINE: usize = 400;

/// The value as a YAML document.
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, field) in fields {
                *text += &format!("{indent}{}:", scalar(name));
                write_field(field, depth, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut lines = String::new();
                write(item, depth + 1, &mut lines);
                *text += &format!("{indent}- {}", lines.trim_start_matches(' '));
            }
        }
        Value::String(line) => *text += &format!("{indent}{}\n", scalar(line)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::Array(_) => {
            *text += &format!("{indent}{value}\n");
        }
    }
}

/// What stands behind a name: on the same line, or in a block below it.
fn write_field(field: &Value, depth: usize, text: &mut String) {
    match field {
        Value::Object(fields) if !fields.is_empty() => {
            *text += "\n";
            write(field, depth + 1, text);
        }
        Value::Array(items) if !items.is_empty() => match short(items) {
            Some(line) => *text += &format!(" {line}\n"),
            None => {
                *text += "\n";
                write(field, depth + 1, text);
            }
        },
        Value::String(lines) if lines.contains('\n') => *text += &block(lines, depth + 1),
        Value::String(line) => *text += &format!(" {}\n", scalar(line)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::Array(_) => {
            *text += &format!(" {field}\n");
        }
    }
}

/// Words and numbers on one line, where they are few: `[one, 2]`.
fn short(items: &[Value]) -> Option<String> {
    let words = items.iter().map(|item| match item {
        // In brackets a comma or a bracket would end a word.
        Value::String(word) if word.contains([',', '[', ']', '{', '}', '\n']) => {
            Some(Value::from(word.as_str()).to_string())
        }
        Value::String(word) => Some(scalar(word)),
        Value::Number(_) | Value::Bool(_) | Value::Null => Some(item.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    });
    let line = words.collect::<Option<Vec<String>>>()?.join(", ");
    (line.len() <= LONGEST_LINE).then(|| format!("[{line}]"))
}

/// A text of several lines.
fn block(lines: &str, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let lines: Vec<String> = lines
        .lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") })
        .collect();
    format!(" |-\n{}\n", lines.join("\n"))
}

/// A text of one line, in quotes where it needs them.
fn scalar(text: &str) -> String {
    let begins = |first: char| first.is_ascii_alphabetic() || "/_".contains(first);
    let plain = text.starts_with(begins)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(char::is_control);
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::to_yaml;

    #[test]
    fn what_a_reader_could_take_for_something_else_stands_in_quotes() {
        let value = json!({ "on": ["no", "11:30", "2026-11-22", "a: b", "plain words", ""], "true": true });
        assert_eq!(
            to_yaml(&value),
            "\"on\": [\"no\", \"11:30\", \"2026-11-22\", \"a: b\", plain words, \"\"]\n\"true\": true\n"
        );
    }

    #[test]
    fn containers_stand_below_their_name_and_empty_ones_beside_it() {
        let value = json!({ "a": { "b": [], "c": [{ "d": 1, "e": null }, [2]] }, "lines": "one\n\ntwo" });
        assert_eq!(
            to_yaml(&value),
            "a:\n  b: []\n  c:\n    - d: 1\n      e: null\n    - - 2\nlines: |-\n  one\n\n  two\n"
        );
    }
}
