//! Guards that a test may switch off, one by one, to prove that it would notice.
//!
//! Only a build with the feature `unguarded` looks at `LELING_GUARDS_OFF`; no release carries it, and without it every
//! guard is on and this is a constant.

/// Whether the guard of this name is switched off.
#[cfg(not(feature = "unguarded"))]
#[inline]
pub fn is_off(_guard: &str) -> bool {
    false
}

/// Whether the guard of this name is switched off by `LELING_GUARDS_OFF`, a list of names with commas.
#[cfg(feature = "unguarded")]
pub fn is_off(guard: &str) -> bool {
    use std::sync::OnceLock;
    static OFF: OnceLock<Vec<String>> = OnceLock::new();
    OFF.get_or_init(|| {
        std::env::var("LELING_GUARDS_OFF").unwrap_or_default().split(',').map(str::to_owned).collect()
    })
    .iter()
    .any(|off| off == guard)
}
