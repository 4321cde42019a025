//! The room for everyone: canteens and their menus, what it costs, signing in, help.

pub mod account;
pub mod canteens;
pub mod help;
pub mod home;
pub mod look;
pub mod password;
pub mod sign_in;
