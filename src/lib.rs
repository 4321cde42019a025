//! Leling: meal ordering for senior canteens.

pub mod access;
pub mod api;
pub mod app;
pub mod clock;
pub mod db;
pub mod guards;
pub mod id;
pub mod idempotency;
pub mod ids;
pub mod installation;
pub mod keys;
pub mod money;
pub mod pricing;
pub mod problem;
pub mod settings;
pub mod start_error;
pub mod text;
pub mod words;
