//! What is said to the database, after years as on the first day. The runner judges every statement of the whole run.

use crate::support::plans::walks;

plain! {
    async fn a_statement_that_walks_through_all_history_would_be_noticed() {
        let said = [
            "SELECT `menus`.`id` FROM `menus` WHERE (`menus`.`note` = ?)",
            "SELECT `menus`.`id` FROM `menus` WHERE (`menus`.`note` = ?) ORDER BY `menus`.`id` LIMIT ?",
            "SELECT `menus`.`id` FROM `menus` WHERE (`menus`.`canteen_id` = ?)",
            "UPDATE `residents` SET `phone` = ? WHERE (`residents`.`phone` = ?)",
        ]
        .map(str::to_owned);
        assert_eq!(walks(&said), [&said[0], &said[1], &said[3]]);
    }
}
