//! What there are ids of. An id of one thing cannot be passed where an id of another is asked for.

use crate::id::Id;

macro_rules! ids {
    ($($(#[$meta:meta])* $thing:ident $alias:ident;)+) => { $(
        $(#[$meta])*
        #[derive(Debug)]
        pub enum $thing {}
        #[doc = concat!("The id of a thing: ", stringify!($thing), ".")]
        pub type $alias = Id<$thing>;
    )+ };
}

ids! {
    /// A person who signs in with a user name.
    Account AccountId;
    /// A role that an account holds.
    Grant GrantId;
    /// A phone or screen that staff enrolled.
    Device DeviceId;
    /// A sign-in, from its start to its end, on one device.
    Session SessionId;
    /// A resident's consent that somebody acts for them.
    FamilyLink FamilyLinkId;
    /// A place that serves meals.
    Canteen CanteenId;
    /// Days on which a canteen does not serve.
    Closure ClosureId;
    /// The person a meal is for.
    Resident ResidentId;
    /// Something true of a resident.
    Fact FactId;
    /// What a canteen offers for one date and meal period.
    Menu MenuId;
    /// What one can order.
    MenuItem MenuItemId;
    /// One version of a subsidy scheme.
    Policy PolicyId;
    /// A price that a meal relies on.
    Quote QuoteId;
    /// The intention to eat at a menu.
    Reservation ReservationId;
    /// Reservations that repeat weekly.
    StandingOrder StandingOrderId;
    /// What a standing order came to at a menu.
    StandingOrderOutcome StandingOrderOutcomeId;
    /// A place in the waiting list of a menu.
    WaitingEntry WaitingEntryId;
    /// What happened to a reservation.
    /// A meal that was served.
    Attendance AttendanceId;
    /// A check-in as the device made it.
    Tap TapId;
    /// A signed entry of a headcount.
    CountEntry CountEntryId;
    /// Something that somebody may have to answer for.
    AuditEntry AuditEntryId;
    /// Whoever did something: an account, a resident or a device.
    Anyone AnyoneId;
}
