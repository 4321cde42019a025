//! The tables, as the migrations make them. Derived; `BLESS=1 cargo test schema` writes it anew.

diesel::table! {
    installation (key) {
        key -> Text,
        value -> Text,
    }
}
