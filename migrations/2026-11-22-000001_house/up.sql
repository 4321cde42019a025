-- One schema for both databases. Instants are UTC; civil days are dates; money is whole fen; words are text with a check.
-- An actor is written as (actor_kind, actor_id): an account, a resident, a device, or the system itself (no id).

CREATE TABLE installation (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE idempotency_keys (
    principal TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    -- No status while the request that brought the key is still under way.
    status INTEGER,
    body TEXT,
    etag TEXT,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- What changes seldom and shows in many answers: an answer's tag is made from these numbers without reading it.
CREATE TABLE counters (
    name TEXT PRIMARY KEY NOT NULL CHECK (name IN ('names', 'policies', 'canteens')),
    changes BIGINT NOT NULL
);

-- Slowing down ------------------------------------------------------------------------------------------------------

-- Wrong guesses, by whom they were made or whom they were about: a keyed hash, so that no name or address stands here.
CREATE TABLE wrong_guesses (
    subject TEXT PRIMARY KEY NOT NULL,
    guesses INTEGER NOT NULL CHECK (guesses >= 0),
    latest_at TIMESTAMP NOT NULL,
    -- No further guess is judged before.
    free_at TIMESTAMP NOT NULL
);
CREATE INDEX wrong_guesses_by_age ON wrong_guesses (latest_at);

-- Audit ---------------------------------------------------------------------------------------------------------------

-- Who did what that somebody may have to answer for. Nothing here is ever changed.
CREATE TABLE audit_entries (
    id UUID PRIMARY KEY NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    deed TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID,
    -- Where it belongs: who may read of it follows from this.
    canteen_id UUID,
    area TEXT,
    detail TEXT NOT NULL,
    request_id TEXT,
    -- The network that a sign-in came from, never the whole address.
    network TEXT
);
CREATE INDEX audit_entries_by_actor ON audit_entries (actor_id, id);
CREATE INDEX audit_entries_by_subject ON audit_entries (subject_id, id);
CREATE INDEX audit_entries_by_deed ON audit_entries (deed, id);
CREATE INDEX audit_entries_by_area ON audit_entries (area, id);

-- Calendar ---------------------------------------------------------------------------------------------------------

CREATE TABLE calendars (
    year INTEGER PRIMARY KEY NOT NULL CHECK (year BETWEEN 1990 AND 2200),
    days TEXT NOT NULL,
    version INTEGER NOT NULL
);

-- Canteens ---------------------------------------------------------------------------------------------------------

CREATE TABLE canteens (
    id UUID PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    area TEXT NOT NULL,
    address TEXT NOT NULL,
    phone TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    delivery_fee_fen BIGINT NOT NULL CHECK (delivery_fee_fen >= 0),
    -- Under which programs elsewhere know it that take whole numbers only.
    number INTEGER NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (area, name)
);

CREATE TABLE canteen_periods (
    canteen_id UUID NOT NULL REFERENCES canteens (id),
    period TEXT NOT NULL CHECK (period IN ('breakfast', 'lunch', 'dinner')),
    serves_from TIME NOT NULL,
    serves_to TIME NOT NULL,
    cutoff_days INTEGER NOT NULL CHECK (cutoff_days BETWEEN 0 AND 14),
    cutoff_time TIME NOT NULL,
    default_capacity INTEGER NOT NULL CHECK (default_capacity > 0),
    modes TEXT NOT NULL,
    weekdays TEXT NOT NULL,
    PRIMARY KEY (canteen_id, period)
);

CREATE TABLE closures (
    id UUID PRIMARY KEY NOT NULL,
    canteen_id UUID NOT NULL REFERENCES canteens (id),
    from_on DATE NOT NULL,
    to_on DATE NOT NULL,
    -- No period: the whole day.
    period TEXT CHECK (period IN ('breakfast', 'lunch', 'dinner')),
    reason TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    CHECK (from_on <= to_on)
);
CREATE INDEX closures_by_day ON closures (canteen_id, to_on);

-- Accounts and rights ----------------------------------------------------------------------------------------------

CREATE TABLE accounts (
    id UUID PRIMARY KEY NOT NULL,
    user_name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    phone TEXT,
    password_hash TEXT NOT NULL,
    -- Until when a one-time password is good; none once its owner has chosen another.
    password_expires_at TIMESTAMP,
    suspended_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL
);

CREATE TABLE grants (
    id UUID PRIMARY KEY NOT NULL,
    account_id UUID NOT NULL REFERENCES accounts (id),
    role TEXT NOT NULL CHECK (role IN ('volunteer', 'staff', 'district', 'auditor', 'admin')),
    canteen_id UUID REFERENCES canteens (id),
    area TEXT,
    starts_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    CHECK ((role IN ('volunteer', 'staff')) = (canteen_id IS NOT NULL)),
    CHECK ((role IN ('district', 'auditor')) = (area IS NOT NULL))
);
CREATE INDEX grants_by_account ON grants (account_id);
CREATE INDEX grants_by_canteen ON grants (canteen_id);

CREATE TABLE devices (
    id UUID PRIMARY KEY NOT NULL,
    canteen_id UUID NOT NULL REFERENCES canteens (id),
    name TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('door', 'round', 'kitchen', 'hall')),
    -- The code that enrols it, hashed; gone once it was used.
    code_hash TEXT UNIQUE,
    code_expires_at TIMESTAMP NOT NULL,
    enrolled_at TIMESTAMP,
    revoked_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    -- Counts what staff change; that the device enrols itself is none of it.
    version INTEGER NOT NULL
);
CREATE INDEX devices_by_canteen ON devices (canteen_id, id);

-- Residents --------------------------------------------------------------------------------------------------------

CREATE TABLE residents (
    id UUID PRIMARY KEY NOT NULL,
    -- The canteen that registered this resident; a resident may eat anywhere.
    canteen_id UUID NOT NULL REFERENCES canteens (id),
    full_name TEXT NOT NULL,
    born_on DATE NOT NULL,
    phone TEXT,
    id_number_hash TEXT,
    id_number_last4 TEXT,
    registered_in TEXT,
    lives_in TEXT,
    card_number TEXT NOT NULL UNIQUE,
    pin_hash TEXT,
    allergens TEXT NOT NULL,
    diet_tags TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'left', 'deceased')),
    created_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL
);
-- BR-06
CREATE UNIQUE INDEX residents_one_active_per_identity ON residents (id_number_hash) WHERE status = 'active';
CREATE INDEX residents_by_identity ON residents (id_number_hash);
CREATE INDEX residents_by_canteen ON residents (canteen_id, id);

-- By what a resident is found: each key is looked up by its beginning, within a canteen.
CREATE TABLE resident_keys (
    canteen_id UUID NOT NULL REFERENCES canteens (id),
    key TEXT NOT NULL,
    resident_id UUID NOT NULL REFERENCES residents (id),
    PRIMARY KEY (canteen_id, key, resident_id)
);
CREATE INDEX resident_keys_by_resident ON resident_keys (resident_id);

-- The codes on residents' cards. A code is made of its nonce and the installation's key; only its hash is looked up.
CREATE TABLE cards (
    code_hash TEXT PRIMARY KEY NOT NULL,
    resident_id UUID NOT NULL REFERENCES residents (id),
    nonce TEXT NOT NULL,
    issued_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP,
    actor_kind TEXT NOT NULL,
    actor_id UUID
);
CREATE UNIQUE INDEX cards_one_in_force ON cards (resident_id) WHERE revoked_at IS NULL;

CREATE TABLE fact_kinds (
    code TEXT PRIMARY KEY NOT NULL,
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    -- BR-03: while it holds, nothing is subsidised.
    suspends BOOLEAN NOT NULL
);

CREATE TABLE facts (
    id UUID PRIMARY KEY NOT NULL,
    resident_id UUID NOT NULL REFERENCES residents (id),
    kind TEXT NOT NULL REFERENCES fact_kinds (code),
    value TEXT,
    source TEXT NOT NULL,
    evidence TEXT NOT NULL,
    from_on DATE NOT NULL,
    -- The last day on which it holds.
    to_on DATE,
    entered_at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    verified_at TIMESTAMP,
    verified_by UUID REFERENCES accounts (id),
    version INTEGER NOT NULL,
    CHECK (to_on IS NULL OR from_on <= to_on),
    CHECK ((verified_at IS NULL) = (verified_by IS NULL))
);
CREATE INDEX facts_by_resident ON facts (resident_id);

-- Sign-in ----------------------------------------------------------------------------------------------------------

CREATE TABLE sessions (
    id UUID PRIMARY KEY NOT NULL,
    account_id UUID REFERENCES accounts (id),
    resident_id UUID REFERENCES residents (id),
    device_id UUID REFERENCES devices (id),
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    -- From where it was started, as a keyed hash: who comes from there again is not slowed by strangers' wrong guesses.
    origin TEXT,
    -- Exactly one of them.
    CHECK (CASE WHEN account_id IS NULL THEN 0 ELSE 1 END + CASE WHEN resident_id IS NULL THEN 0 ELSE 1 END
        + CASE WHEN device_id IS NULL THEN 0 ELSE 1 END = 1)
);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_resident ON sessions (resident_id);
CREATE INDEX sessions_by_device ON sessions (device_id);

CREATE TABLE refresh_tokens (
    token_hash TEXT PRIMARY KEY NOT NULL,
    session_id UUID NOT NULL REFERENCES sessions (id),
    issued_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    successor_hash TEXT
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- Sessions of browsers: each is carried by one cookie.
CREATE TABLE cookies (
    token_hash TEXT PRIMARY KEY NOT NULL,
    session_id UUID NOT NULL REFERENCES sessions (id),
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX cookies_by_session ON cookies (session_id);

CREATE TABLE pin_failures (
    resident_id UUID NOT NULL REFERENCES residents (id),
    failed_on DATE NOT NULL,
    failures INTEGER NOT NULL,
    PRIMARY KEY (resident_id, failed_on)
);

CREATE TABLE family_links (
    id UUID PRIMARY KEY NOT NULL,
    holder_kind TEXT NOT NULL CHECK (holder_kind IN ('account', 'resident')),
    holder_id UUID NOT NULL,
    resident_id UUID NOT NULL REFERENCES residents (id),
    relation TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('asked', 'active', 'refused', 'ended')),
    -- How the resident agreed; set when the link is approved.
    consent TEXT,
    -- Whether the consent covers reasons that name a hardship (BR-80).
    covers_reasons BOOLEAN NOT NULL,
    asked_at TIMESTAMP NOT NULL,
    decided_at TIMESTAMP,
    actor_kind TEXT,
    actor_id UUID,
    ended_at TIMESTAMP,
    CHECK (status <> 'active' OR consent IS NOT NULL)
);
CREATE UNIQUE INDEX family_links_one_standing ON family_links (holder_id, resident_id) WHERE status IN ('asked', 'active');
CREATE INDEX family_links_by_holder ON family_links (holder_id, id);
CREATE INDEX family_links_by_resident ON family_links (resident_id);

-- Menus ------------------------------------------------------------------------------------------------------------

CREATE TABLE menus (
    id UUID PRIMARY KEY NOT NULL,
    canteen_id UUID NOT NULL REFERENCES canteens (id),
    served_on DATE NOT NULL,
    period TEXT NOT NULL CHECK (period IN ('breakfast', 'lunch', 'dinner')),
    status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'withdrawn', 'closed')),
    capacity INTEGER NOT NULL CHECK (capacity > 0),
    taken INTEGER NOT NULL CHECK (taken >= 0),
    modes TEXT NOT NULL,
    delivery_fee_fen BIGINT NOT NULL CHECK (delivery_fee_fen >= 0),
    note TEXT NOT NULL,
    cutoff_at TIMESTAMP NOT NULL,
    serves_from_at TIMESTAMP NOT NULL,
    serves_to_at TIMESTAMP NOT NULL,
    published_at TIMESTAMP,
    closed_at TIMESTAMP,
    -- Counts what people may order from; `version` counts every edit.
    edition INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- Counts every change of the menu, of who reserved and of who came: the last write of each act on it.
    changes BIGINT NOT NULL,
    -- How many wait for a place now, and how many ever did: the next one's number in line. While anybody waits, nobody
    -- else takes a place; this row settles who came first.
    waiting INTEGER NOT NULL CHECK (waiting >= 0),
    queued INTEGER NOT NULL CHECK (queued >= waiting)
);
-- BR-10
CREATE UNIQUE INDEX menus_one_per_meal ON menus (canteen_id, served_on, period) WHERE status <> 'withdrawn';
-- Withdrawn ones too.
CREATE INDEX menus_by_day ON menus (canteen_id, served_on);
CREATE INDEX menus_by_status ON menus (status, serves_to_at);
CREATE INDEX menus_by_line ON menus (waiting, cutoff_at);

CREATE TABLE menu_items (
    id UUID PRIMARY KEY NOT NULL,
    menu_id UUID NOT NULL REFERENCES menus (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('set', 'dish')),
    price_fen BIGINT NOT NULL CHECK (price_fen >= 0),
    -- No portions: unlimited.
    portions INTEGER CHECK (portions >= 0),
    taken INTEGER NOT NULL CHECK (taken >= 0),
    allergens TEXT NOT NULL,
    diet_tags TEXT NOT NULL,
    -- Struck from the menu after somebody had ordered it.
    removed BOOLEAN NOT NULL
);
CREATE INDEX menu_items_by_menu ON menu_items (menu_id, position);

CREATE TABLE menu_editions (
    menu_id UUID NOT NULL REFERENCES menus (id),
    edition INTEGER NOT NULL,
    document TEXT NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    PRIMARY KEY (menu_id, edition)
);

-- Pricing and subsidies --------------------------------------------------------------------------------------------

CREATE TABLE policies (
    id UUID PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    area TEXT NOT NULL,
    document TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'active')),
    in_force_from DATE,
    in_force_to DATE,
    created_at TIMESTAMP NOT NULL,
    activated_at TIMESTAMP,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    CHECK ((status = 'active') = (in_force_from IS NOT NULL)),
    CHECK (in_force_to IS NULL OR in_force_from <= in_force_to),
    UNIQUE (code, version)
);
CREATE INDEX policies_by_area ON policies (area, in_force_from);

-- A quote that a meal relies on, with the arguments it was computed from. Its draws are pending while the meal is
-- reserved, posted when it is served, released when it is cancelled, voided or never served.
CREATE TABLE quotes (
    id UUID PRIMARY KEY NOT NULL,
    resident_id UUID NOT NULL REFERENCES residents (id),
    menu_id UUID NOT NULL REFERENCES menus (id),
    canteen_id UUID NOT NULL REFERENCES canteens (id),
    served_on DATE NOT NULL,
    period TEXT NOT NULL CHECK (period IN ('breakfast', 'lunch', 'dinner')),
    class TEXT NOT NULL CHECK (class IN ('meal', 'second', 'guest', 'staff', 'volunteer')),
    status TEXT NOT NULL CHECK (status IN ('pending', 'posted', 'released')),
    charge_fen BIGINT NOT NULL CHECK (charge_fen >= 0),
    resident_fen BIGINT NOT NULL CHECK (resident_fen >= 0),
    arguments TEXT NOT NULL,
    result TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    settled_at TIMESTAMP
);
CREATE INDEX quotes_by_resident ON quotes (resident_id, served_on);
-- With all that a sum of draws asks of a quote, so that what prices relied on is not read for it.
CREATE INDEX quotes_by_canteen ON quotes (canteen_id, served_on, status, id);

CREATE TABLE draws (
    quote_id UUID NOT NULL REFERENCES quotes (id),
    position INTEGER NOT NULL,
    policy_code TEXT NOT NULL,
    policy_version INTEGER NOT NULL,
    layer TEXT NOT NULL,
    tier TEXT NOT NULL,
    payer TEXT NOT NULL,
    -- To the canteen for serving the meal, outside the sum of the charge; else to the resident's charge.
    to_canteen BOOLEAN NOT NULL,
    fen BIGINT NOT NULL CHECK (fen > 0),
    PRIMARY KEY (quote_id, position)
);

-- What a quote uses of a limit's window: given back when the quote is released.
CREATE TABLE window_uses (
    quote_id UUID NOT NULL REFERENCES quotes (id),
    limit_key TEXT NOT NULL,
    window_key TEXT NOT NULL,
    uses INTEGER NOT NULL,
    fen BIGINT NOT NULL,
    PRIMARY KEY (quote_id, limit_key, window_key)
);

-- How much of a limit a resident has used in one window, over all canteens (BR-31, BR-43).
CREATE TABLE usage_windows (
    resident_id UUID NOT NULL REFERENCES residents (id),
    limit_key TEXT NOT NULL,
    window_key TEXT NOT NULL,
    used INTEGER NOT NULL CHECK (used >= 0),
    used_fen BIGINT NOT NULL CHECK (used_fen >= 0),
    PRIMARY KEY (resident_id, limit_key, window_key)
);

-- Reservations -----------------------------------------------------------------------------------------------------

-- Reservations that repeat weekly until they are paused.
CREATE TABLE standing_orders (
    id UUID PRIMARY KEY NOT NULL,
    resident_id UUID NOT NULL REFERENCES residents (id),
    canteen_id UUID NOT NULL REFERENCES canteens (id),
    status TEXT NOT NULL CHECK (status IN ('active', 'ended')),
    from_on DATE NOT NULL,
    -- No last day: until it is ended.
    to_on DATE,
    -- Which meals on which days of the week, and how they reach the resident.
    meals TEXT NOT NULL,
    item_rule TEXT NOT NULL CHECK (item_rule IN ('set_meal', 'cheapest', 'by_diet')),
    pauses TEXT NOT NULL,
    skips TEXT NOT NULL,
    -- By which right it was made (BR-24).
    right_kind TEXT NOT NULL,
    right_id UUID,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    created_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    ended_as TEXT,
    version INTEGER NOT NULL,
    CHECK (to_on IS NULL OR from_on <= to_on),
    CHECK ((status = 'ended') = (ended_at IS NOT NULL)),
    CHECK ((status = 'ended') = (ended_as IS NOT NULL))
);
CREATE INDEX standing_orders_by_canteen ON standing_orders (canteen_id, status, created_at, id);
CREATE INDEX standing_orders_by_resident ON standing_orders (resident_id, id);

-- One row a canteen: whoever publishes there and whoever makes or changes a standing order there take turns by it, so
-- that no order misses a menu and no menu an order.
CREATE TABLE standing_order_turns (
    canteen_id UUID PRIMARY KEY NOT NULL REFERENCES canteens (id),
    turn BIGINT NOT NULL
);

CREATE TABLE reservations (
    id UUID PRIMARY KEY NOT NULL,
    menu_id UUID NOT NULL REFERENCES menus (id),
    resident_id UUID NOT NULL REFERENCES residents (id),
    status TEXT NOT NULL CHECK (status IN ('active', 'cancelled')),
    mode TEXT NOT NULL CHECK (mode IN ('dine_in', 'takeaway', 'delivery')),
    edition INTEGER NOT NULL,
    late BOOLEAN NOT NULL,
    -- Whether an attendance stands for it: set and unset together with it, so that no cancelling can come between.
    served BOOLEAN NOT NULL,
    channel TEXT NOT NULL,
    -- By which right: self, or a family link, or a grant (BR-24).
    right_kind TEXT NOT NULL,
    right_id UUID,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    quote_id UUID NOT NULL REFERENCES quotes (id),
    -- Allergens that were confirmed by name for this meal (BR-13).
    confirmed_allergens TEXT NOT NULL,
    -- The resident's diet tags as they were counted, so that the same are taken back.
    diet_tags TEXT NOT NULL,
    -- The order that made it, when one did.
    standing_order_id UUID REFERENCES standing_orders (id),
    placed_at TIMESTAMP NOT NULL,
    cancelled_at TIMESTAMP,
    cancelled_as TEXT,
    version INTEGER NOT NULL,
    CHECK (status = 'active' OR NOT served)
);
-- BR-20
CREATE UNIQUE INDEX reservations_one_active ON reservations (menu_id, resident_id) WHERE status = 'active';
CREATE INDEX reservations_by_resident ON reservations (resident_id, id);
CREATE INDEX reservations_by_menu ON reservations (menu_id, id);
CREATE INDEX reservations_by_standing_order ON reservations (standing_order_id) WHERE standing_order_id IS NOT NULL;

CREATE TABLE reservation_lines (
    reservation_id UUID NOT NULL REFERENCES reservations (id),
    position INTEGER NOT NULL,
    item_id UUID NOT NULL REFERENCES menu_items (id),
    portions INTEGER NOT NULL CHECK (portions > 0),
    PRIMARY KEY (reservation_id, position)
);
CREATE INDEX reservation_lines_by_item ON reservation_lines (item_id);

CREATE TABLE reservation_events (
    reservation_id UUID NOT NULL REFERENCES reservations (id),
    -- The reservation's version that it made: instants are taken before rows are, and say less about the order.
    version INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('placed', 'changed', 'cancelled')),
    recorded_at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    channel TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('dine_in', 'takeaway', 'delivery')),
    detail TEXT NOT NULL,
    PRIMARY KEY (reservation_id, version)
);

-- Who waits for a place of a full menu, and what became of everybody who did.
CREATE TABLE waiting_entries (
    id UUID PRIMARY KEY NOT NULL,
    menu_id UUID NOT NULL REFERENCES menus (id),
    resident_id UUID NOT NULL REFERENCES residents (id),
    -- The number in line, drawn from the menu's row.
    position INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'reserved', 'skipped', 'left', 'ended')),
    mode TEXT NOT NULL CHECK (mode IN ('dine_in', 'takeaway', 'delivery')),
    lines TEXT NOT NULL,
    -- How the lines are chosen anew when it is their turn; without one they are wished for as they stand.
    item_rule TEXT CHECK (item_rule IN ('set_meal', 'cheapest', 'by_diet')),
    confirmed_allergens TEXT NOT NULL,
    channel TEXT NOT NULL,
    standing_order_id UUID REFERENCES standing_orders (id),
    right_kind TEXT NOT NULL,
    right_id UUID,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    joined_at TIMESTAMP NOT NULL,
    settled_at TIMESTAMP,
    reservation_id UUID REFERENCES reservations (id),
    -- Why it came to nothing: a word, and what was said in both languages.
    reason TEXT,
    said TEXT,
    UNIQUE (menu_id, position),
    CHECK ((status = 'waiting') = (settled_at IS NULL)),
    CHECK ((status = 'reserved') = (reservation_id IS NOT NULL)),
    CHECK (status NOT IN ('skipped', 'ended') OR reason IS NOT NULL),
    CHECK (status NOT IN ('waiting', 'reserved') OR reason IS NULL),
    CHECK ((reason IS NULL) = (said IS NULL))
);
CREATE UNIQUE INDEX waiting_entries_one_active ON waiting_entries (menu_id, resident_id) WHERE status = 'waiting';
CREATE INDEX waiting_entries_by_resident ON waiting_entries (resident_id, id);
CREATE INDEX waiting_entries_by_standing_order ON waiting_entries (standing_order_id) WHERE standing_order_id IS NOT NULL;

-- What a standing order came to at a menu: at most once each, so that what was cancelled is never made again.
CREATE TABLE standing_order_outcomes (
    id UUID PRIMARY KEY NOT NULL,
    standing_order_id UUID NOT NULL REFERENCES standing_orders (id),
    menu_id UUID NOT NULL REFERENCES menus (id),
    status TEXT NOT NULL CHECK (status IN ('reserved', 'waiting', 'not_reserved')),
    reservation_id UUID REFERENCES reservations (id),
    -- Its place in the waiting list, if it came to that; what comes of it is written here too.
    waiting_id UUID UNIQUE REFERENCES waiting_entries (id),
    -- Why nothing came of it; none when the line was left on purpose.
    reason TEXT,
    said TEXT,
    recorded_at TIMESTAMP NOT NULL,
    UNIQUE (standing_order_id, menu_id),
    CHECK ((status = 'reserved') = (reservation_id IS NOT NULL)),
    CHECK (status <> 'waiting' OR waiting_id IS NOT NULL),
    CHECK (status = 'not_reserved' OR reason IS NULL),
    CHECK ((reason IS NULL) = (said IS NULL))
);
CREATE INDEX standing_order_outcomes_by_menu ON standing_order_outcomes (menu_id, id);

-- Attendance -------------------------------------------------------------------------------------------------------

CREATE TABLE attendances (
    id UUID PRIMARY KEY NOT NULL,
    tap_id UUID NOT NULL UNIQUE,
    request_hash TEXT NOT NULL,
    menu_id UUID NOT NULL REFERENCES menus (id),
    resident_id UUID REFERENCES residents (id),
    reservation_id UUID REFERENCES reservations (id),
    class TEXT NOT NULL CHECK (class IN ('meal', 'second', 'guest', 'staff', 'volunteer')),
    mode TEXT NOT NULL CHECK (mode IN ('dine_in', 'takeaway', 'delivery')),
    status TEXT NOT NULL CHECK (status IN ('served', 'review', 'voided')),
    -- How the person was known: by reservation, card or resident; a guest by none.
    known_by TEXT NOT NULL,
    lines TEXT NOT NULL,
    -- The diet tags as they were counted, so that the same are taken back.
    diet_tags TEXT NOT NULL,
    -- Whether it took a place of its own, having no reservation.
    seated BOOLEAN NOT NULL,
    served_at TIMESTAMP NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    -- The shared device on which the actor tapped.
    device_id UUID REFERENCES devices (id),
    quote_id UUID REFERENCES quotes (id),
    charge_fen BIGINT NOT NULL CHECK (charge_fen >= 0),
    due_fen BIGINT NOT NULL CHECK (due_fen >= 0),
    promised_fen BIGINT,
    -- Why a rule would not have let it through, and what the tap said.
    review_word TEXT,
    said TEXT,
    resolution TEXT,
    resolved_at TIMESTAMP,
    voided_at TIMESTAMP,
    void_reason TEXT,
    settled_by_kind TEXT,
    settled_by_id UUID,
    CHECK (resident_id IS NULL OR class IN ('meal', 'second')),
    CHECK (resident_id IS NOT NULL OR class IN ('guest', 'staff', 'volunteer') OR status <> 'served'),
    CHECK ((status = 'voided') = (voided_at IS NOT NULL))
);
-- BR-31: one meal of one resident is served once.
CREATE UNIQUE INDEX attendances_one_meal ON attendances (menu_id, resident_id) WHERE class = 'meal' AND status = 'served';
CREATE INDEX attendances_by_menu ON attendances (menu_id, id);
CREATE INDEX attendances_by_resident ON attendances (resident_id, id);
CREATE INDEX attendances_to_review ON attendances (menu_id) WHERE status = 'review';

-- What was sent, who sent it, and the word with which it was refused. The same again is kept once.
CREATE TABLE attendance_refusals (
    said_hash TEXT NOT NULL,
    word TEXT NOT NULL,
    said TEXT NOT NULL,
    -- None of what could not be read, or is not known.
    tap_id UUID,
    menu_id UUID REFERENCES menus (id),
    resident_id UUID REFERENCES residents (id),
    tapped_at TIMESTAMP,
    recorded_at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    device_id UUID REFERENCES devices (id),
    PRIMARY KEY (said_hash, word)
);
CREATE INDEX attendance_refusals_by_menu ON attendance_refusals (menu_id);

-- Headcounts -------------------------------------------------------------------------------------------------------

-- Signed entries: the count of a menu as of any instant is one sum over them. Nothing here is ever changed.
CREATE TABLE count_entries (
    id UUID PRIMARY KEY NOT NULL,
    menu_id UUID NOT NULL REFERENCES menus (id),
    recorded_at TIMESTAMP NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reserved', 'cancelled', 'served', 'walk_in', 'second', 'guest', 'staff', 'volunteer')),
    persons INTEGER NOT NULL,
    portions INTEGER NOT NULL,
    -- No item: the entry of the person; else of one item's portions.
    item_id UUID REFERENCES menu_items (id),
    mode TEXT NOT NULL CHECK (mode IN ('dine_in', 'takeaway', 'delivery')),
    diet_tags TEXT NOT NULL,
    channel TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID
);
CREATE INDEX count_entries_by_menu ON count_entries (menu_id, recorded_at);

INSERT INTO counters (name, changes) VALUES ('names', 0), ('policies', 0), ('canteens', 0);

INSERT INTO fact_kinds (code, zh, en, suspends) VALUES
    ('minimum_living', '低保', 'minimum living allowance', FALSE),
    ('low_income', '低保边缘 · 低收入', 'low income', FALSE),
    ('destitute', '特困', 'destitute', FALSE),
    ('special_care', '优抚', 'special care', FALSE),
    ('lost_only_child', '计生特殊家庭 · 失独', 'lost an only child', FALSE),
    ('disabled', '残疾', 'disabled', FALSE),
    ('care_level', '照护等级', 'care level', FALSE),
    ('veteran_family', '烈军属', 'family of a veteran', FALSE),
    ('lives_alone', '独居', 'lives alone', FALSE),
    ('in_institution', '入住养老机构', 'lives in an institution', TRUE),
    ('away', '长期外出', 'away for long', TRUE),
    ('deceased', '去世', 'deceased', TRUE);
