pub mod money;
pub mod words;
