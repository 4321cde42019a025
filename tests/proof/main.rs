//! The experiments of `docs/proof.md`: concurrent histories, kills, faults of disk and database, days.
//!
//! Each is a case of this program in its short form. `.ci/proof` runs one of them, or its long form, and prints its figure
//! last.

#[macro_use]
#[path = "../it/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the suite, which uses all of it")]
mod support;

mod city;
mod disk;
mod histories;
mod kills;
mod load;
mod postgres_faults;
mod size;

fn main() -> std::process::ExitCode {
    support::run()
}
