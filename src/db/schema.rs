//! The tables, as the migrations make them. Derived; `BLESS=1 cargo test schema` writes it anew.

diesel::table! {
    accounts (id) {
        id -> crate::db::types::DbUuid,
        user_name -> Text,
        display_name -> Text,
        phone -> Nullable<Text>,
        password_hash -> Text,
        password_expires_at -> Nullable<Timestamp>,
        suspended_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    attendance_refusals (said_hash, word) {
        said_hash -> Text,
        word -> Text,
        said -> Text,
        tap_id -> Nullable<crate::db::types::DbUuid>,
        menu_id -> Nullable<crate::db::types::DbUuid>,
        resident_id -> Nullable<crate::db::types::DbUuid>,
        tapped_at -> Nullable<Timestamp>,
        recorded_at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        device_id -> Nullable<crate::db::types::DbUuid>,
    }
}

diesel::table! {
    attendances (id) {
        id -> crate::db::types::DbUuid,
        tap_id -> crate::db::types::DbUuid,
        request_hash -> Text,
        menu_id -> crate::db::types::DbUuid,
        resident_id -> Nullable<crate::db::types::DbUuid>,
        reservation_id -> Nullable<crate::db::types::DbUuid>,
        class -> Text,
        mode -> Text,
        status -> Text,
        known_by -> Text,
        lines -> Text,
        diet_tags -> Text,
        seated -> Bool,
        served_at -> Timestamp,
        recorded_at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        device_id -> Nullable<crate::db::types::DbUuid>,
        quote_id -> Nullable<crate::db::types::DbUuid>,
        charge_fen -> BigInt,
        due_fen -> BigInt,
        promised_fen -> Nullable<BigInt>,
        review_word -> Nullable<Text>,
        said -> Nullable<Text>,
        resolution -> Nullable<Text>,
        resolved_at -> Nullable<Timestamp>,
        voided_at -> Nullable<Timestamp>,
        void_reason -> Nullable<Text>,
        settled_by_kind -> Nullable<Text>,
        settled_by_id -> Nullable<crate::db::types::DbUuid>,
    }
}

diesel::table! {
    audit_entries (id) {
        id -> crate::db::types::DbUuid,
        recorded_at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        deed -> Text,
        subject_kind -> Text,
        subject_id -> Nullable<crate::db::types::DbUuid>,
        canteen_id -> Nullable<crate::db::types::DbUuid>,
        area -> Nullable<Text>,
        detail -> Text,
        request_id -> Nullable<Text>,
        network -> Nullable<Text>,
    }
}

diesel::table! {
    calendars (year) {
        year -> Integer,
        days -> Text,
        version -> Integer,
    }
}

diesel::table! {
    canteen_periods (canteen_id, period) {
        canteen_id -> crate::db::types::DbUuid,
        period -> Text,
        serves_from -> Time,
        serves_to -> Time,
        cutoff_days -> Integer,
        cutoff_time -> Time,
        default_capacity -> Integer,
        modes -> Text,
        weekdays -> Text,
    }
}

diesel::table! {
    canteens (id) {
        id -> crate::db::types::DbUuid,
        name -> Text,
        area -> Text,
        address -> Text,
        phone -> Text,
        time_zone -> Text,
        delivery_fee_fen -> BigInt,
        number -> Integer,
        created_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    cards (code_hash) {
        code_hash -> Text,
        resident_id -> crate::db::types::DbUuid,
        nonce -> Text,
        issued_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
    }
}

diesel::table! {
    closures (id) {
        id -> crate::db::types::DbUuid,
        canteen_id -> crate::db::types::DbUuid,
        from_on -> Date,
        to_on -> Date,
        period -> Nullable<Text>,
        reason -> Text,
        created_at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
    }
}

diesel::table! {
    cookies (token_hash) {
        token_hash -> Text,
        session_id -> crate::db::types::DbUuid,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    count_entries (id) {
        id -> crate::db::types::DbUuid,
        menu_id -> crate::db::types::DbUuid,
        recorded_at -> Timestamp,
        kind -> Text,
        persons -> Integer,
        portions -> Integer,
        item_id -> Nullable<crate::db::types::DbUuid>,
        mode -> Text,
        diet_tags -> Text,
        channel -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
    }
}

diesel::table! {
    counters (name) {
        name -> Text,
        changes -> BigInt,
    }
}

diesel::table! {
    devices (id) {
        id -> crate::db::types::DbUuid,
        canteen_id -> crate::db::types::DbUuid,
        name -> Text,
        purpose -> Text,
        code_hash -> Nullable<Text>,
        code_expires_at -> Timestamp,
        enrolled_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        version -> Integer,
    }
}

diesel::table! {
    draws (quote_id, position) {
        quote_id -> crate::db::types::DbUuid,
        position -> Integer,
        policy_code -> Text,
        policy_version -> Integer,
        layer -> Text,
        tier -> Text,
        payer -> Text,
        to_canteen -> Bool,
        fen -> BigInt,
    }
}

diesel::table! {
    fact_kinds (code) {
        code -> Text,
        zh -> Text,
        en -> Text,
        suspends -> Bool,
    }
}

diesel::table! {
    facts (id) {
        id -> crate::db::types::DbUuid,
        resident_id -> crate::db::types::DbUuid,
        kind -> Text,
        value -> Nullable<Text>,
        source -> Text,
        evidence -> Text,
        from_on -> Date,
        to_on -> Nullable<Date>,
        entered_at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        verified_at -> Nullable<Timestamp>,
        verified_by -> Nullable<crate::db::types::DbUuid>,
        version -> Integer,
    }
}

diesel::table! {
    family_links (id) {
        id -> crate::db::types::DbUuid,
        holder_kind -> Text,
        holder_id -> crate::db::types::DbUuid,
        resident_id -> crate::db::types::DbUuid,
        relation -> Text,
        status -> Text,
        consent -> Nullable<Text>,
        covers_reasons -> Bool,
        asked_at -> Timestamp,
        decided_at -> Nullable<Timestamp>,
        actor_kind -> Nullable<Text>,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    grants (id) {
        id -> crate::db::types::DbUuid,
        account_id -> crate::db::types::DbUuid,
        role -> Text,
        canteen_id -> Nullable<crate::db::types::DbUuid>,
        area -> Nullable<Text>,
        starts_at -> Timestamp,
        ends_at -> Nullable<Timestamp>,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
    }
}

diesel::table! {
    idempotency_keys (principal, key) {
        principal -> Text,
        key -> Text,
        request_hash -> Text,
        status -> Nullable<Integer>,
        body -> Nullable<Text>,
        etag -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    installation (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    menu_editions (menu_id, edition) {
        menu_id -> crate::db::types::DbUuid,
        edition -> Integer,
        document -> Text,
        changed_at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
    }
}

diesel::table! {
    menu_items (id) {
        id -> crate::db::types::DbUuid,
        menu_id -> crate::db::types::DbUuid,
        position -> Integer,
        name -> Text,
        kind -> Text,
        price_fen -> BigInt,
        portions -> Nullable<Integer>,
        taken -> Integer,
        allergens -> Text,
        diet_tags -> Text,
        removed -> Bool,
    }
}

diesel::table! {
    menus (id) {
        id -> crate::db::types::DbUuid,
        canteen_id -> crate::db::types::DbUuid,
        served_on -> Date,
        period -> Text,
        status -> Text,
        capacity -> Integer,
        taken -> Integer,
        modes -> Text,
        delivery_fee_fen -> BigInt,
        note -> Text,
        cutoff_at -> Timestamp,
        serves_from_at -> Timestamp,
        serves_to_at -> Timestamp,
        published_at -> Nullable<Timestamp>,
        closed_at -> Nullable<Timestamp>,
        edition -> Integer,
        version -> Integer,
        changes -> BigInt,
        waiting -> Integer,
        queued -> Integer,
    }
}

diesel::table! {
    pin_failures (resident_id, failed_on) {
        resident_id -> crate::db::types::DbUuid,
        failed_on -> Date,
        failures -> Integer,
    }
}

diesel::table! {
    policies (id) {
        id -> crate::db::types::DbUuid,
        code -> Text,
        version -> Integer,
        area -> Text,
        document -> Text,
        status -> Text,
        in_force_from -> Nullable<Date>,
        in_force_to -> Nullable<Date>,
        created_at -> Timestamp,
        activated_at -> Nullable<Timestamp>,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
    }
}

diesel::table! {
    quotes (id) {
        id -> crate::db::types::DbUuid,
        resident_id -> crate::db::types::DbUuid,
        menu_id -> crate::db::types::DbUuid,
        canteen_id -> crate::db::types::DbUuid,
        served_on -> Date,
        period -> Text,
        class -> Text,
        status -> Text,
        charge_fen -> BigInt,
        resident_fen -> BigInt,
        arguments -> Text,
        result -> Text,
        created_at -> Timestamp,
        settled_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    refresh_tokens (token_hash) {
        token_hash -> Text,
        session_id -> crate::db::types::DbUuid,
        issued_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        successor_hash -> Nullable<Text>,
    }
}

diesel::table! {
    reservation_events (reservation_id, version) {
        reservation_id -> crate::db::types::DbUuid,
        version -> Integer,
        kind -> Text,
        recorded_at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        channel -> Text,
        mode -> Text,
        detail -> Text,
    }
}

diesel::table! {
    reservation_lines (reservation_id, position) {
        reservation_id -> crate::db::types::DbUuid,
        position -> Integer,
        item_id -> crate::db::types::DbUuid,
        portions -> Integer,
    }
}

diesel::table! {
    reservations (id) {
        id -> crate::db::types::DbUuid,
        menu_id -> crate::db::types::DbUuid,
        resident_id -> crate::db::types::DbUuid,
        status -> Text,
        mode -> Text,
        edition -> Integer,
        late -> Bool,
        served -> Bool,
        channel -> Text,
        right_kind -> Text,
        right_id -> Nullable<crate::db::types::DbUuid>,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        quote_id -> crate::db::types::DbUuid,
        confirmed_allergens -> Text,
        diet_tags -> Text,
        standing_order_id -> Nullable<crate::db::types::DbUuid>,
        placed_at -> Timestamp,
        cancelled_at -> Nullable<Timestamp>,
        cancelled_as -> Nullable<Text>,
        version -> Integer,
    }
}

diesel::table! {
    resident_keys (canteen_id, key, resident_id) {
        canteen_id -> crate::db::types::DbUuid,
        key -> Text,
        resident_id -> crate::db::types::DbUuid,
    }
}

diesel::table! {
    residents (id) {
        id -> crate::db::types::DbUuid,
        canteen_id -> crate::db::types::DbUuid,
        full_name -> Text,
        born_on -> Date,
        phone -> Nullable<Text>,
        id_number_hash -> Nullable<Text>,
        id_number_last4 -> Nullable<Text>,
        registered_in -> Nullable<Text>,
        lives_in -> Nullable<Text>,
        card_number -> Text,
        pin_hash -> Nullable<Text>,
        allergens -> Text,
        diet_tags -> Text,
        status -> Text,
        created_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    sessions (id) {
        id -> crate::db::types::DbUuid,
        account_id -> Nullable<crate::db::types::DbUuid>,
        resident_id -> Nullable<crate::db::types::DbUuid>,
        device_id -> Nullable<crate::db::types::DbUuid>,
        started_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        origin -> Nullable<Text>,
    }
}

diesel::table! {
    standing_order_outcomes (id) {
        id -> crate::db::types::DbUuid,
        standing_order_id -> crate::db::types::DbUuid,
        menu_id -> crate::db::types::DbUuid,
        status -> Text,
        reservation_id -> Nullable<crate::db::types::DbUuid>,
        waiting_id -> Nullable<crate::db::types::DbUuid>,
        reason -> Nullable<Text>,
        said -> Nullable<Text>,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    standing_order_turns (canteen_id) {
        canteen_id -> crate::db::types::DbUuid,
        turn -> BigInt,
    }
}

diesel::table! {
    standing_orders (id) {
        id -> crate::db::types::DbUuid,
        resident_id -> crate::db::types::DbUuid,
        canteen_id -> crate::db::types::DbUuid,
        status -> Text,
        from_on -> Date,
        to_on -> Nullable<Date>,
        meals -> Text,
        item_rule -> Text,
        pauses -> Text,
        skips -> Text,
        right_kind -> Text,
        right_id -> Nullable<crate::db::types::DbUuid>,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        created_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        ended_as -> Nullable<Text>,
        version -> Integer,
    }
}

diesel::table! {
    usage_windows (resident_id, limit_key, window_key) {
        resident_id -> crate::db::types::DbUuid,
        limit_key -> Text,
        window_key -> Text,
        used -> Integer,
        used_fen -> BigInt,
    }
}

diesel::table! {
    waiting_entries (id) {
        id -> crate::db::types::DbUuid,
        menu_id -> crate::db::types::DbUuid,
        resident_id -> crate::db::types::DbUuid,
        position -> Integer,
        status -> Text,
        mode -> Text,
        lines -> Text,
        item_rule -> Nullable<Text>,
        confirmed_allergens -> Text,
        channel -> Text,
        standing_order_id -> Nullable<crate::db::types::DbUuid>,
        right_kind -> Text,
        right_id -> Nullable<crate::db::types::DbUuid>,
        actor_kind -> Text,
        actor_id -> Nullable<crate::db::types::DbUuid>,
        joined_at -> Timestamp,
        settled_at -> Nullable<Timestamp>,
        reservation_id -> Nullable<crate::db::types::DbUuid>,
        reason -> Nullable<Text>,
        said -> Nullable<Text>,
    }
}

diesel::table! {
    window_uses (quote_id, limit_key, window_key) {
        quote_id -> crate::db::types::DbUuid,
        limit_key -> Text,
        window_key -> Text,
        uses -> Integer,
        fen -> BigInt,
    }
}

diesel::table! {
    wrong_guesses (subject) {
        subject -> Text,
        guesses -> Integer,
        latest_at -> Timestamp,
        free_at -> Timestamp,
    }
}

diesel::joinable!(attendance_refusals -> devices (device_id));
diesel::joinable!(attendance_refusals -> menus (menu_id));
diesel::joinable!(attendance_refusals -> residents (resident_id));
diesel::joinable!(attendances -> devices (device_id));
diesel::joinable!(attendances -> menus (menu_id));
diesel::joinable!(attendances -> quotes (quote_id));
diesel::joinable!(attendances -> reservations (reservation_id));
diesel::joinable!(attendances -> residents (resident_id));
diesel::joinable!(canteen_periods -> canteens (canteen_id));
diesel::joinable!(cards -> residents (resident_id));
diesel::joinable!(closures -> canteens (canteen_id));
diesel::joinable!(cookies -> sessions (session_id));
diesel::joinable!(count_entries -> menu_items (item_id));
diesel::joinable!(count_entries -> menus (menu_id));
diesel::joinable!(devices -> canteens (canteen_id));
diesel::joinable!(draws -> quotes (quote_id));
diesel::joinable!(facts -> accounts (verified_by));
diesel::joinable!(facts -> fact_kinds (kind));
diesel::joinable!(facts -> residents (resident_id));
diesel::joinable!(family_links -> residents (resident_id));
diesel::joinable!(grants -> accounts (account_id));
diesel::joinable!(grants -> canteens (canteen_id));
diesel::joinable!(menu_editions -> menus (menu_id));
diesel::joinable!(menu_items -> menus (menu_id));
diesel::joinable!(menus -> canteens (canteen_id));
diesel::joinable!(pin_failures -> residents (resident_id));
diesel::joinable!(quotes -> canteens (canteen_id));
diesel::joinable!(quotes -> menus (menu_id));
diesel::joinable!(quotes -> residents (resident_id));
diesel::joinable!(refresh_tokens -> sessions (session_id));
diesel::joinable!(reservation_events -> reservations (reservation_id));
diesel::joinable!(reservation_lines -> menu_items (item_id));
diesel::joinable!(reservation_lines -> reservations (reservation_id));
diesel::joinable!(reservations -> menus (menu_id));
diesel::joinable!(reservations -> quotes (quote_id));
diesel::joinable!(reservations -> residents (resident_id));
diesel::joinable!(reservations -> standing_orders (standing_order_id));
diesel::joinable!(resident_keys -> canteens (canteen_id));
diesel::joinable!(resident_keys -> residents (resident_id));
diesel::joinable!(residents -> canteens (canteen_id));
diesel::joinable!(sessions -> accounts (account_id));
diesel::joinable!(sessions -> devices (device_id));
diesel::joinable!(sessions -> residents (resident_id));
diesel::joinable!(standing_order_outcomes -> menus (menu_id));
diesel::joinable!(standing_order_outcomes -> reservations (reservation_id));
diesel::joinable!(standing_order_outcomes -> standing_orders (standing_order_id));
diesel::joinable!(standing_order_outcomes -> waiting_entries (waiting_id));
diesel::joinable!(standing_order_turns -> canteens (canteen_id));
diesel::joinable!(standing_orders -> canteens (canteen_id));
diesel::joinable!(standing_orders -> residents (resident_id));
diesel::joinable!(usage_windows -> residents (resident_id));
diesel::joinable!(waiting_entries -> menus (menu_id));
diesel::joinable!(waiting_entries -> reservations (reservation_id));
diesel::joinable!(waiting_entries -> residents (resident_id));
diesel::joinable!(waiting_entries -> standing_orders (standing_order_id));
diesel::joinable!(window_uses -> quotes (quote_id));

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    attendance_refusals,
    attendances,
    audit_entries,
    calendars,
    canteen_periods,
    canteens,
    cards,
    closures,
    cookies,
    count_entries,
    counters,
    devices,
    draws,
    fact_kinds,
    facts,
    family_links,
    grants,
    idempotency_keys,
    installation,
    menu_editions,
    menu_items,
    menus,
    pin_failures,
    policies,
    quotes,
    refresh_tokens,
    reservation_events,
    reservation_lines,
    reservations,
    resident_keys,
    residents,
    sessions,
    standing_order_outcomes,
    standing_order_turns,
    standing_orders,
    usage_windows,
    waiting_entries,
    window_uses,
    wrong_guesses,
);
