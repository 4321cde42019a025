//! Guards that a test may switch off, one by one, to prove that it would notice.
//!
//! Only a debug build with the feature `unguarded` looks at `LELING_GUARDS_OFF`. No release is one: there every
//! guard is on, this is a constant, and the variable is refused as unknown.

/// Whether the guard of this name is switched off.
#[cfg(not(all(feature = "unguarded", debug_assertions)))]
#[inline]
pub fn is_off(_guard: &str) -> bool {
    false
}

/// Whether the guard of this name is switched off by `LELING_GUARDS_OFF`, a list of names with commas.
#[cfg(all(feature = "unguarded", debug_assertions))]
pub fn is_off(guard: &str) -> bool {
    use std::sync::OnceLock;
    static OFF: OnceLock<Vec<String>> = OnceLock::new();
    OFF.get_or_init(|| {
        std::env::var("LELING_GUARDS_OFF").unwrap_or_default().split(',').map(str::to_owned).collect()
    })
    .iter()
    .any(|off| off == guard)
}
