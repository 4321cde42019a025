diesel::table! {
    installation (key) {
        key -> Text,
        value -> Text,
    }
}
