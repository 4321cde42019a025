//! Leling: meal ordering for senior canteens.

pub mod access;
pub mod accounts;
pub mod api;
pub mod app;
pub mod calendar;
pub mod canteens;
pub mod clock;
pub mod db;
pub mod families;
pub mod guards;
pub mod id;
pub mod idempotency;
pub mod ids;
pub mod installation;
pub mod keys;
pub mod money;
pub mod page;
pub mod pricing;
pub mod problem;
pub mod residents;
pub mod settings;
pub mod sign_in;
pub mod start_error;
pub mod text;
pub mod words;
