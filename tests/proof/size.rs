//! How large an experiment is, and what it found.

use std::{env, str::FromStr};

/// Whether this is the long form.
pub fn is_long() -> bool {
    env::var_os("PROOF_LONG").is_some()
}

/// A number that the environment says, or this one.
pub fn number<T: FromStr>(name: &str, or: T) -> T {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
}

/// This many in the short form, that many in the long form.
pub fn rounds(short: u64, long: u64) -> u64 {
    if is_long() { long } else { short }
}

/// The seeds of this run: `SEED=n` alone repeats one.
pub fn seeds(short: u64, long: u64) -> Vec<u64> {
    match env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => {
            let first = u64::from(u32::from_be_bytes(leling::id::random_bytes()));
            (first..first + rounds(short, long)).collect()
        }
    }
}

/// Prints what an experiment found; `.ci/proof` repeats these lines at its end.
pub fn figure(text: &str) {
    println!("figure: {text}");
}
