//! Pages for residents and their families.

super::texts! {
    MY_MEALS "我的餐" "My meals";
}
