//! Why the program does not start: a word for scripts and a sentence for whoever stands before the machine.

use std::fmt;

use crate::{db::OpenError, problem::Problem, words::Lang};

/// Something that has to be put right before the program can do what was asked of it.
///
/// It is shown as `<code>: <sentence>`. The sentence says what happened and what to do, and holds no secret.
#[derive(Debug)]
pub struct StartError {
    /// A word for programs; it never changes.
    pub code: &'static str,
    /// What happened, then what to do.
    pub sentence: String,
}

impl StartError {
    pub fn new(code: &'static str, sentence: impl Into<String>) -> StartError {
        let sentence: String = sentence.into();
        // What libraries say may have several lines; a log has one for each event.
        let lines: Vec<&str> = sentence.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        StartError { code, sentence: lines.join(" ") }
    }

    /// A setting whose value cannot be used: which one, where it was set, and what is expected.
    pub fn bad_setting(setting: &str, expected: impl fmt::Display) -> StartError {
        StartError::new("bad_setting", format!("The setting {setting} is not right: {expected}."))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.sentence)
    }
}

impl std::error::Error for StartError {}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> StartError {
        StartError::new(error.code(), error.to_string())
    }
}

/// A refusal on the command line.
impl From<Problem> for StartError {
    fn from(problem: Problem) -> StartError {
        let sentence = problem.detail(Lang::En);
        StartError::new(problem.code.as_str(), sentence)
    }
}
