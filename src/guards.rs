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

/// Whether acts that wait share a commit, as they always do in a program that is used.
#[cfg(not(feature = "unguarded"))]
#[inline]
pub fn acts_share_commits() -> bool {
    true
}

/// Whether acts that wait share a commit: not with `LELING_ONE_ACT_A_COMMIT`, so that a benchmark can tell what sharing is
/// worth. It makes nothing wrong, so a release build with the feature `unguarded` looks at it too.
#[cfg(feature = "unguarded")]
pub fn acts_share_commits() -> bool {
    use std::sync::LazyLock;
    static SHARE: LazyLock<bool> = LazyLock::new(|| std::env::var_os("LELING_ONE_ACT_A_COMMIT").is_none());
    *SHARE
}
