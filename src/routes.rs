//! The whole API on one page, in the order in which a day happens.
//!
//! What an operation takes and answers is told by its handler's signature; what its act may refuse is told here.

use actix_web::http::Method;

use crate::{
    accounts::http as accounts,
    api::{Api, Operation},
    attendance::http::{self as attendance, export as served_out},
    audit::http as audit,
    calendar::http as calendar,
    canteens::http as canteens,
    devices::http as devices,
    families::http as families,
    headcounts::{export as counts_out, http as headcounts},
    menus::http as menus,
    openmensa::http as openmensa,
    policies::http as policies,
    problem::Code,
    reservations::{http as reservations, standing::http as standing, waiting::http as waiting},
    residents::{cards::http as cards, http as residents, roster::http as roster},
    sign_in::http as sign_in,
    subsidies::http as subsidies,
};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// Every operation of `/api/v1`.
#[rustfmt::skip]
pub fn api() -> Api {
    use Code::*;
    Api::new()
        .group("auth", "Signing in and out, and who one is", vec![
            Operation::new(POST, "/auth/sign-up", "sign_up", "Make an account of one's own, without any rights yet", accounts::sign_up).refuses([UserNameTaken, SlowDown]),
            Operation::new(POST, "/auth/sign-in", "sign_in", "Sign in with user name and password, or card number and PIN", sign_in::sign_in).refuses([WrongCredentials, PasswordExpired, PinClosed, SlowDown]),
            Operation::new(POST, "/auth/refresh", "refresh", "Get new tokens for a refresh token, which is used up by it", sign_in::refresh).refuses([SessionEnded]),
            Operation::new(POST, "/auth/sign-out", "sign_out", "Sign out here, or everywhere", sign_in::sign_out),
            Operation::new(GET, "/me", "read_me", "Who am I, and what may I do", accounts::me),
            Operation::new(PUT, "/me/password", "change_password", "Change one's own password", accounts::change_password).refuses([WrongPassword, SlowDown]),
        ])
        .group("accounts", "People who sign in, and the roles that they are granted", vec![
            Operation::new(GET, "/accounts", "list_accounts", "List accounts in reach", accounts::list).refuses([BadCursor]),
            Operation::new(POST, "/accounts", "create_account", "Make an account; its first password is shown once", accounts::create).refuses([UserNameTaken, GrantScope, GrantSpan, CanteenNotFound, NotHere]),
            Operation::new(GET, "/accounts/{id}", "read_account", "Read an account and its grants", accounts::read).refuses([AccountNotFound]),
            Operation::new(PATCH, "/accounts/{id}", "edit_account", "Edit, suspend or reset an account", accounts::edit).refuses([AccountNotFound, NotHere]),
            Operation::new(POST, "/accounts/{id}/grants", "grant_role", "Grant a role", accounts::grant).refuses([AccountNotFound, CanteenNotFound, GrantScope, GrantSpan, NotHere]),
            Operation::new(DELETE, "/grants/{id}", "end_role", "End a role, at once", accounts::end_grant).refuses([GrantNotFound, NotHere]),
        ])
        .group("audit", "Who did what", vec![
            Operation::new(GET, "/audit", "list_audit", "List who did what, newest first: sign-ins, roles, reads of sensitive facts, policies, voids", audit::list).refuses([BadCursor]),
        ])
        .group("calendar", "Workdays, statutory holidays, make-up workdays", vec![
            Operation::new(GET, "/calendar/{year}", "read_calendar", "Read a year's holidays and make-up workdays", calendar::read).refuses([CalendarNotFound]),
            Operation::new(PUT, "/calendar/{year}", "import_calendar", "Import a year's holidays and make-up workdays (If-Match \"v0\" for a new year)", calendar::import).refuses([BadCalendar, NotHere]),
        ])
        .group("canteens", "Places that serve meals, and when", vec![
            Operation::new(GET, "/canteens", "list_canteens", "List canteens", canteens::list).refuses([BadCursor]),
            Operation::new(POST, "/canteens", "create_canteen", "Make a canteen", canteens::create).refuses([NotHere, BadCanteen, CanteenExists]),
            Operation::new(GET, "/canteens/{id}", "read_canteen", "Read a canteen", canteens::read).refuses([CanteenNotFound]),
            Operation::new(PUT, "/canteens/{id}", "edit_canteen", "Edit a canteen", canteens::edit).refuses([CanteenNotFound, NotHere, BadCanteen, CanteenExists]),
            Operation::new(GET, "/canteens/{id}/closures", "list_closures", "List days on which a canteen does not serve", canteens::closures).refuses([CanteenNotFound, BadCursor]),
            Operation::new(POST, "/canteens/{id}/closures", "close_canteen", "Close a canteen for some days; what was reserved is cancelled", canteens::close).refuses([CanteenNotFound, NotHere, BadClosure]),
            Operation::new(GET, "/canteens/{id}/terms", "read_terms", "Who may eat here and what it costs, in words", policies::terms).refuses([CanteenNotFound]),
        ])
        .group("residents", "The people whom meals are for", vec![
            Operation::new(GET, "/residents", "find_residents", "Find residents by name, pinyin, card number or telephone", residents::list).refuses([BadCursor, NotHere, CanteenNotFound]),
            Operation::new(POST, "/residents", "register_resident", "Register a resident", residents::register).refuses([CanteenNotFound, NotHere, BadBirthDate, BadIdNumber, IdNumberTaken, CardTaken]),
            Operation::new(POST, "/residents/imports", "import_residents", "Import residents from a spreadsheet: all or none; or only judge it", roster::import).refuses([CanteenNotFound, NotHere, UnreadableSheet, BadRoster]),
            Operation::new(GET, "/residents/{id}", "read_resident", "Read a resident", residents::read).refuses([ResidentNotFound]).is_recorded(),
            Operation::new(PUT, "/residents/{id}", "edit_resident", "Edit a resident", residents::edit).refuses([ResidentNotFound, CanteenNotFound, NotHere, BadBirthDate, BadIdNumber, IdNumberTaken, CardTaken, StatusByFact]),
            Operation::new(POST, "/residents/{id}/pin", "issue_pin", "Issue a new PIN, shown once", residents::issue_pin).refuses([ResidentNotFound]),
            Operation::new(POST, "/residents/{id}/card", "issue_card", "Issue a card with a new code; the one before is worth nothing", cards::issue).refuses([ResidentNotFound, ResidentInactive]),
            Operation::new(GET, "/residents/{id}/card.svg", "read_card", "Draw a resident's card with its QR, to be printed or shown", cards::read).refuses([ResidentNotFound, CardNotFound]).is_recorded(),
            Operation::new(GET, "/residents/{id}/facts", "list_facts", "List a resident's eligibility facts", residents::facts).refuses([ResidentNotFound, BadCursor]).is_recorded(),
            Operation::new(POST, "/residents/{id}/facts", "enter_fact", "Enter an eligibility fact; an officer's is verified at once", residents::enter_fact).refuses([ResidentNotFound, UnknownFactKind, BadFact]),
            Operation::new(PUT, "/facts/{id}", "edit_fact", "Correct or end an eligibility fact", residents::edit_fact).refuses([FactNotFound, BadFact]),
            Operation::new(POST, "/facts/{id}/verify", "verify_fact", "Verify an eligibility fact; from now on it grants", residents::verify_fact).refuses([FactNotFound, FactVerified]),
            Operation::new(GET, "/fact-kinds", "list_fact_kinds", "List the kinds of facts", residents::fact_kinds),
            Operation::new(POST, "/fact-kinds", "add_fact_kind", "Add a kind of fact", residents::add_fact_kind).refuses([FactKindExists]),
        ])
        .group("family links", "Who acts for a resident, with recorded consent", vec![
            Operation::new(GET, "/family-links", "list_family_links", "List family links", families::list).refuses([BadCursor, LinksOfOne, ResidentNotFound, CanteenNotFound, NotHere]),
            Operation::new(POST, "/family-links", "ask_family_link", "Ask to act for a resident", families::ask).refuses([CardNotMatched, LinkExists, SlowDown]),
            Operation::new(POST, "/family-links/{id}/approve", "approve_family_link", "Approve a family link, with how consent was given", families::approve).refuses([LinkNotFound, LinkDecided, WrongCredentials, PinClosed, SlowDown]),
            Operation::new(POST, "/family-links/{id}/refuse", "refuse_family_link", "Refuse a family link", families::refuse).refuses([LinkNotFound, LinkDecided]),
            Operation::new(POST, "/family-links/{id}/end", "end_family_link", "End a family link", families::end).refuses([LinkNotFound, LinkDecided]),
        ])
        .group("policies", "Subsidy schemes as documents, in versions", vec![
            Operation::new(GET, "/policies", "list_policies", "List versions of policies", policies::list),
            Operation::new(POST, "/policies", "post_policy", "Save a policy document as the next version, a draft", policies::post).refuses([BadPolicy, PolicyCodeTaken, NotHere]),
            Operation::new(POST, "/policies/validate", "validate_policy", "Check a policy document and read it in words; nothing is kept", policies::validate).refuses([BadPolicy]),
            Operation::new(POST, "/policies/try", "try_policies", "Price a meal of an invented person; nothing is kept", policies::try_out).refuses([BadOrder, PolicyNotFound]),
            Operation::new(GET, "/policies/{id}", "read_policy", "Read a version, its document, and what it says in words", policies::read).refuses([PolicyNotFound]),
            Operation::new(POST, "/policies/{id}/activate", "activate_policy", "Put a version into force from a day", policies::activate).refuses([PolicyNotFound, PolicyActive, BadSpan, RankClash, NotHere]),
            Operation::new(GET, "/policies/{id}/differences", "list_policy_differences", "List posted prices that would be another by the policies now in force", subsidies::policy_differences).refuses([PolicyNotFound, BadCursor]),
        ])
        .group("devices", "Phones and screens that staff enrol for the door, the round, the kitchen and the hall", vec![
            Operation::new(GET, "/devices", "list_devices", "List devices", devices::list).refuses([BadCursor, CanteenNotFound, NotHere]),
            Operation::new(POST, "/devices", "add_device", "Add a device; the code that enrols it is shown once", devices::add).refuses([CanteenNotFound, NotHere]),
            Operation::new(POST, "/devices/enrol", "enrol_device", "Become a device, by a code from the staff that is good once", devices::enrol).refuses([SlowDown, WrongEnrolmentCode]),
            Operation::new(GET, "/devices/{id}", "read_device", "Read a device", devices::read).refuses([DeviceNotFound]),
            Operation::new(DELETE, "/devices/{id}", "revoke_device", "Revoke a device, at once", devices::revoke).refuses([DeviceNotFound]),
        ])
        .group("menus", "What a canteen offers for one date and meal", vec![
            Operation::new(GET, "/canteens/{id}/menus", "list_menus", "List a canteen's menus of some days", menus::list).refuses([CanteenNotFound, BadSpan]),
            Operation::new(POST, "/canteens/{id}/menus", "draft_menu", "Draft a menu, or post it at once", menus::create).refuses([CanteenNotFound, NotHere, BadMenu, MenuInPast, MenuExists, PeriodNotServed, CanteenClosed]),
            Operation::new(POST, "/canteens/{id}/menus/week", "post_week", "Post the menus of a week: all or none", menus::create_week).refuses([CanteenNotFound, NotHere, BadMenu, MenuInPast, MenuExists, PeriodNotServed, CanteenClosed]),
            Operation::new(POST, "/canteens/{id}/menus/publish", "publish_menus", "Publish drafts: all or none", menus::publish_drafts).refuses([CanteenNotFound, NotHere, MenuNotFound, Stale, MenuNotDraft, MenuInPast, CanteenClosed, BadMenu]),
            Operation::new(POST, "/canteens/{id}/menus/copy", "copy_menus", "Copy the menus of a day or a week", menus::copy).refuses([CanteenNotFound, NotHere, NothingToCopy]),
            Operation::new(GET, "/menus/{id}", "read_menu", "Read a menu", menus::read).refuses([MenuNotFound]),
            Operation::new(PUT, "/menus/{id}", "change_menu", "Change a menu; a published one gets a new edition", menus::change).refuses([MenuNotFound, NotHere, BadMenu, MenuNotOpen, CapacityBelowTaken]),
            Operation::new(POST, "/menus/{id}/publish", "publish_menu", "Publish a menu", menus::publish).refuses([MenuNotFound, NotHere, MenuNotDraft, MenuInPast, CanteenClosed, BadMenu]),
            Operation::new(POST, "/menus/{id}/withdraw", "withdraw_menu", "Withdraw a menu; what was reserved is cancelled", menus::withdraw).refuses([MenuNotFound, NotHere, MenuNotOpen]),
            Operation::new(POST, "/menus/{id}/close", "close_menu", "Close a menu after the meal", menus::close).refuses([MenuNotFound, NotHere, MenuNotOpen]),
        ])
        .group("reservations", "What a meal costs, and reserving it", vec![
            Operation::new(POST, "/quotes", "ask_quote", "What a meal costs a resident, and why; nothing is kept", subsidies::ask).refuses([ResidentNotFound, MenuNotFound, ModeNotOffered, BadOrder]),
            Operation::new(GET, "/reservations", "list_reservations", "List reservations, newest first", reservations::list).refuses([BadCursor, ResidentNotFound, MenuNotFound, NotHere]).is_recorded(),
            Operation::new(POST, "/reservations", "place_reservation", "Reserve a meal", reservations::place).refuses([MenuNotFound, ResidentNotFound, MenuNotOpen, CutoffPassed, ResidentInactive, ModeNotOffered, BadOrder, DietConflict, AlreadyReserved, ItemSoldOut, MenuFull]),
            Operation::new(GET, "/reservations/{id}", "read_reservation", "Read a reservation", reservations::read).refuses([ReservationNotFound]).is_recorded(),
            Operation::new(PUT, "/reservations/{id}", "change_reservation", "Change a reservation", reservations::change).refuses([ReservationNotFound, MenuNotOpen, CutoffPassed, ResidentInactive, ModeNotOffered, BadOrder, DietConflict, ReservationCancelled, ReservationServed, ItemSoldOut]),
            Operation::new(POST, "/reservations/{id}/cancel", "cancel_reservation", "Cancel a reservation", reservations::cancel).refuses([ReservationNotFound, MenuNotOpen, CutoffPassed, ReservationCancelled, ReservationServed]),
            Operation::new(GET, "/menus/{id}/waiting", "list_waiting", "Who waits for a place of a full menu; for others than staff, one's own place", waiting::list).refuses([BadCursor, MenuNotFound]),
            Operation::new(POST, "/menus/{id}/waiting", "join_waiting", "Join the waiting list of a full menu", waiting::join).refuses([MenuNotFound, ResidentNotFound, MenuNotOpen, CutoffPassed, ResidentInactive, ModeNotOffered, BadOrder, DietConflict, NoItemFits, AlreadyReserved, AlreadyWaiting, MenuNotFull]),
            Operation::new(GET, "/waiting", "list_own_waiting", "For which menus one waits or waited, and what came of it, newest first", waiting::list_own).refuses([BadCursor, ResidentNotFound]),
            Operation::new(DELETE, "/waiting/{id}", "leave_waiting", "Leave a waiting list", waiting::leave).refuses([WaitingNotFound, NotWaiting]),
        ])
        .group("standing orders", "Reservations that repeat weekly until they are paused", vec![
            Operation::new(GET, "/standing-orders", "list_standing_orders", "List standing orders, newest first", standing::list).refuses([BadCursor, ResidentNotFound, CanteenNotFound, NotHere]),
            Operation::new(POST, "/standing-orders", "make_standing_order", "Make a standing order; it is placed on menus that are published already", standing::create).refuses([CanteenNotFound, ResidentNotFound, ResidentInactive, BadOrder, BadStandingOrder, PeriodNotServed, ModeNotOffered]),
            Operation::new(GET, "/standing-orders/{id}", "read_standing_order", "Read a standing order", standing::read).refuses([StandingOrderNotFound]),
            Operation::new(PUT, "/standing-orders/{id}", "change_standing_order", "Change, pause or resume a standing order; offers to cancel what it has reserved", standing::change).refuses([StandingOrderNotFound, StandingOrderEnded, BadStandingOrder, PeriodNotServed, ModeNotOffered]),
            Operation::new(DELETE, "/standing-orders/{id}", "end_standing_order", "End a standing order; offers to cancel what it has reserved", standing::end).refuses([StandingOrderNotFound, StandingOrderEnded]),
            Operation::new(GET, "/standing-orders/{id}/outcomes", "list_outcomes", "What a standing order came to, menu by menu", standing::outcomes).refuses([BadCursor, StandingOrderNotFound]),
            Operation::new(GET, "/canteens/{id}/standing-order-outcomes", "list_day_outcomes", "What a canteen's standing orders came to on a day, and whom to call", standing::day_outcomes).refuses([BadCursor, BadSpan, CanteenNotFound, NotHere]),
        ])
        .group("attendance", "Who came: the door, and what staff decide afterwards", vec![
            Operation::new(GET, "/menus/{id}/door-list", "read_door_list", "Who is expected, and who came", attendance::door_list).refuses([MenuNotFound, NotHere]),
            Operation::new(POST, "/menus/{id}/attendance", "check_in", "Record a meal that is served", attendance::check_in).refuses([MenuNotFound, ReservationNotFound, ResidentNotFound, NotHere, AlreadyServed, NotReserved, Cancelled, OtherCanteen, OtherDay, MenuNotOpen, ResidentSuspended, UnknownCard, CardRevoked, Voided, AlreadyReserved, MenuFull, ItemSoldOut, BadTap, TapReused, BadOrder, ModeNotOffered, NotOnDuty]),
            Operation::new(POST, "/attendance/batches", "record_batch", "Record check-ins that were taken offline, each answered by itself", attendance::record_batch),
            Operation::new(POST, "/attendance/{id}/void", "void_attendance", "Strike an attendance out, with a reason", attendance::void).refuses([AttendanceNotFound, NotHere, NotYourMistake, NotOnDuty, BadTap, Voided]),
            Operation::new(GET, "/attendance/reviews", "list_reviews", "List attendances that wait for review", attendance::reviews).refuses([CanteenNotFound, NotHere]),
            Operation::new(POST, "/attendance/{id}/resolve", "resolve_review", "Decide about an attendance that waits for review", attendance::resolve).refuses([AttendanceNotFound, NotHere, NotInReview, AlreadyServed, AlreadyReserved, Voided]),
            Operation::new(GET, "/menus/{id}/call-list", "read_call_list", "Whom to call about a menu", reservations::call_list).refuses([MenuNotFound, NotHere]),
        ])
        .group("headcounts", "How many to cook for, how many came, who pays", vec![
            Operation::new(GET, "/canteens/{id}/headcounts", "read_headcounts", "A canteen's day as of any instant", headcounts::of_canteen).refuses([BadSpan, CanteenNotFound, NotHere]),
            Operation::new(GET, "/canteens/{id}/headcounts/stream", "stream_headcounts", "Hear a canteen's day whenever it changes (Server-Sent Events)", headcounts::stream).refuses([BadSpan, CanteenNotFound, NotHere]),
            Operation::new(GET, "/canteens/{id}/headcounts.csv", "export_headcounts_csv", "A canteen's headcounts of some days as CSV", counts_out::csv).refuses([BadSpan, CanteenNotFound, NotHere]),
            Operation::new(GET, "/canteens/{id}/headcounts.xlsx", "export_headcounts_xlsx", "A canteen's headcounts of some days as XLSX, with sheets by mode, item and diet", counts_out::xlsx).refuses([BadSpan, CanteenNotFound, NotHere]),
            Operation::new(GET, "/canteens/{id}/attendance.csv", "export_attendance_csv", "Who was served on some days, as CSV", served_out::csv).refuses([BadSpan, CanteenNotFound, NotHere]).is_recorded(),
            Operation::new(GET, "/canteens/{id}/attendance.xlsx", "export_attendance_xlsx", "Who was served on some days, as XLSX", served_out::xlsx).refuses([BadSpan, CanteenNotFound, NotHere]).is_recorded(),
            Operation::new(GET, "/headcounts", "read_overview", "A day of every canteen in reach", headcounts::overview).refuses([BadSpan]),
            Operation::new(GET, "/takings", "read_takings", "What was charged and who pays it, from two sources", headcounts::takings).refuses([CanteenNotFound, NotHere, BadSpan]),
            Operation::new(GET, "/draws", "list_draws", "List draws on payers' money", subsidies::draws).refuses([CanteenNotFound, NotHere, BadSpan, BadCursor]).is_recorded(),
            Operation::new(GET, "/quotes/{id}", "read_quote", "Read a kept quote, and compute it again", subsidies::read).is_recorded(),
        ])
        .group("openmensa", "Public menus as OpenMensa v2 tells them, for programs made for it", vec![
            Operation::new(GET, "/openmensa/canteens", "list_openmensa_canteens", "List canteens", openmensa::canteens),
            Operation::new(GET, "/openmensa/canteens/{number}", "read_openmensa_canteen", "Read a canteen", openmensa::canteen).refuses([CanteenNotFound]),
            Operation::new(GET, "/openmensa/canteens/{number}/days", "list_openmensa_days", "List days from a day on, open and closed", openmensa::days).refuses([CanteenNotFound]),
            Operation::new(GET, "/openmensa/canteens/{number}/days/{date}", "read_openmensa_day", "Read a day", openmensa::day).refuses([CanteenNotFound]),
            Operation::new(GET, "/openmensa/canteens/{number}/days/{date}/meals", "list_openmensa_meals", "List the meals of a day", openmensa::meals).refuses([CanteenNotFound]),
            Operation::new(GET, "/openmensa/canteens/{number}/days/{date}/meals/{meal}", "read_openmensa_meal", "Read a meal", openmensa::meal).refuses([CanteenNotFound]),
            Operation::new(GET, "/openmensa/canteens/{number}/meals", "list_openmensa_week", "List the days of a week with their meals", openmensa::week).refuses([CanteenNotFound]),
            Operation::new(GET, "/openmensa/canteens/{number}/feed.xml", "read_openmensa_feed", "A canteen and its menus as an OpenMensa feed v2.1", openmensa::feed).refuses([CanteenNotFound]),
        ])
}
