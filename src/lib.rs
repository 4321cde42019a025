pub mod money;
pub mod pricing;
pub mod words;
