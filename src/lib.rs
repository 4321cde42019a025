//! Meal ordering for senior canteens: the story of one lunch, and the map of the house.
//!
//! # One lunch
//!
//! It begins with a place. An officer makes a canteen ([`canteens`]): where it lies, when it serves, until when one may
//! order. What kind of day a date is, the [`calendar`] knows. The officer writes down who pays how much of whose meal, as
//! a document; [`pricing`] says what is wrong with it, and [`policies`] keeps it in versions, each in force from a day.
//!
//! An old lady comes to the desk. She gets a record, a card and a PIN ([`residents`]); that she lives on the minimum
//! allowance is a fact that an officer verifies. Her daughter makes an account ([`accounts`]), signs in ([`sign_in`]), and
//! asks to act for her mother ([`families`]). From the mother's consent on, [`access`] has a link to make a proof from.
//!
//! The desk posts tomorrow's menu ([`menus`]). The daughter reserves ([`reservations`]): [`subsidies`] gathers what is
//! true of the mother, [`pricing::quote()`] splits the charge among the payers and says why, and the draws are pending. A
//! signed entry goes into the ledger of [`headcounts`], and the kitchen's number is one higher.
//!
//! At noon the mother holds out her card. [`attendance`] admits her or says a word; the meal is priced again, the draws
//! are posted, the entry says *served*. The same tap again is the same meal, also from a phone at the door ([`devices`])
//! that had no signal and sends it later. In the evening the takings add up, from two sources.
//!
//! # The map
//!
//! Each request goes one way: request, right, rule, record, answer.
//!
//! - **The page of routes**: [`routes`] lists the whole API. [`app`] starts and stops it; [`settings`] and [`keys`] are
//!   what it is told, [`installation`] what it finds.
//! - **The way in**: [`api`] reads bodies and headers, writes answers, and makes the API's document from the handlers.
//!   [`access::Allowed`] is the only way from a handler to the database. [`idempotency`] makes a repeated request
//!   harmless, [`page`] cuts lists. [`origin`] says where a request comes from, [`throttle`] slows wrong guesses,
//!   [`counters`] tell whether an answer that somebody holds is still right.
//! - **The concepts**, in the order in which they may call each other: [`access`], [`audit`], [`calendar`], [`canteens`],
//!   [`accounts`], [`residents`], [`sign_in`], [`devices`], [`families`], [`pricing`], [`policies`], [`menus`], [`subsidies`],
//!   [`headcounts`], [`reservations`], [`attendance`]. In each, `mod.rs` holds the rules, `store` the SQL, `http` the wire.
//! - **For programs elsewhere**: [`openmensa`] tells public menus as OpenMensa does.
//! - **The ground**: [`db`] has two doors to two databases; [`clock`] and [`id`] are the only sources of time and chance;
//!   [`money`], [`mod@words`], [`text`] and [`ids`] are what everything is made of; [`problem`] has every code in words;
//!   [`sheets`] reads and writes spreadsheets.
//! - **Pages**: [`pages`] is the same house for people in a browser, with a door of its own by cookie.
//! - **Beside it**: [`demo`] lets a month pass and a day happen, by the acts of real use. [`verify`] computes every recorded
//!   value again, [`backup`] copies the database and brings it back, [`mod@metrics`] counts, [`docs`] shows the API.

pub mod access;
pub mod accounts;
pub mod api;
pub mod app;
pub mod attendance;
pub mod audit;
pub mod backup;
pub mod calendar;
pub mod canteens;
pub mod clock;
pub mod counters;
pub mod db;
pub mod demo;
pub mod devices;
pub mod docs;
pub mod families;
pub mod first_run;
pub mod guards;
pub mod headcounts;
pub mod id;
pub mod idempotency;
pub mod ids;
pub mod installation;
pub mod keys;
pub mod menus;
pub mod metrics;
pub mod money;
pub mod openmensa;
pub mod origin;
pub mod page;
pub mod pages;
pub mod policies;
pub mod pricing;
pub mod problem;
pub mod reservations;
pub mod residents;
pub mod routes;
pub mod settings;
pub mod sheets;
pub mod sign_in;
pub mod start_error;
pub mod subsidies;
pub mod text;
pub mod throttle;
pub mod verify;
pub mod words;
