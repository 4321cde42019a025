//! Every act that can be done through the API, and who may do it: the net.

use crate::words;

words! {
    /// A role (角色). `public`, `signed_in`, `resident` and `family` follow from who one is, a device's from
    /// what it was enrolled for; the others are granted.
    pub enum Role {
        Public = "public",
        SignedIn = "signed_in",
        Resident = "resident",
        Family = "family",
        Volunteer = "volunteer",
        Staff = "staff",
        District = "district",
        Auditor = "auditor",
        Admin = "admin",
        /// A device (设备) at the door.
        DoorDevice = "door_device",
        /// A device that goes along on delivery rounds.
        RoundDevice = "round_device",
        /// A screen in the kitchen.
        KitchenDevice = "kitchen_device",
        /// A board in the hall.
        HallDevice = "hall_device",
    }
}

/// How far a role's right to an act reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    No,
    /// What is one's own: oneself, one's session, one's account.
    Own,
    /// Residents with a standing link.
    Linked,
    /// The canteens of the grant, and the residents registered there.
    Canteen,
    /// The area of the grant, and everything that lies in it.
    Area,
    Everywhere,
}

impl Reach {
    /// The word in the printed table.
    pub fn as_str(self) -> &'static str {
        match self {
            Reach::No => "-",
            Reach::Own => "own",
            Reach::Linked => "linked",
            Reach::Canteen => "canteen",
            Reach::Area => "area",
            Reach::Everywhere => "all",
        }
    }
}

macro_rules! acts {
    ($($(#[$meta:meta])* $act:ident)+) => {
        /// An act.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Act { $($(#[$meta])* $act,)+ }

        impl Act {
            pub const ALL: &'static [Act] = &[$(Act::$act),+];

            pub fn name(self) -> &'static str {
                match self { $(Act::$act => stringify!($act),)+ }
            }
        }

        /// The acts as types, so that a handler's signature names the act that it may do.
        pub mod act {
            use super::{Act, NamedAct};
            $(
                $(#[$meta])*
                #[derive(Debug)]
                pub struct $act;
                impl NamedAct for $act { const ACT: Act = Act::$act; }
            )+
        }
    };
}

/// An act that is known when the program is compiled.
pub trait NamedAct: 'static {
    const ACT: Act;
}

acts! {
    /// Make the first administrator, with the code that the program printed at its start.
    MakeFirstAdministrator
    /// Make an account without rights.
    SignUp
    /// Sign in, and refresh a sign-in.
    SignIn
    /// End this sign-in, or all of one's own.
    SignOut
    /// Read who one is and what one may do.
    ReadMe
    /// Change one's own password.
    ChangePassword
    /// Read accounts and their grants.
    ReadAccounts
    /// Make, suspend and reset accounts.
    EditAccounts
    /// Grant and end roles.
    GrantRoles
    /// Read who did what.
    ReadAudit
    /// Read workdays and holidays.
    ReadCalendar
    /// Import a year's holidays and make-up workdays.
    EditCalendar
    /// Read canteens, opening days, menus that are published, and the terms.
    ReadCanteens
    /// Make and edit canteens.
    EditCanteens
    /// Close a canteen for some days.
    CloseCanteen
    /// Find and read residents.
    ReadResidents
    /// Register and edit residents, and issue PINs.
    EditResidents
    /// Read a resident's card, to print or to show it: whoever has it opens the door.
    ReadCard
    /// Read a resident's eligibility facts (sensitive).
    ReadFacts
    /// Enter an eligibility fact; it grants nothing until it is verified.
    EnterFacts
    /// Verify, correct and end eligibility facts; add kinds of facts.
    VerifyFacts
    /// Ask to act for a resident.
    AskFamilyLink
    /// Read family links.
    ReadFamilyLinks
    /// Approve or refuse a family link.
    DecideFamilyLink
    /// End a family link.
    EndFamilyLink
    /// Read menus that are not published yet.
    ReadDrafts
    /// Draft, change, publish, withdraw, close and copy menus.
    EditMenus
    /// Read policy documents.
    ReadPolicies
    /// Post and activate policies.
    EditPolicies
    /// Try policies on an invented person.
    TryPolicies
    /// Ask what a meal costs a resident, and why.
    AskQuote
    /// Read reservations, standing orders and waiting lists.
    ReadReservations
    /// Place, change and cancel reservations and standing orders; join and leave waiting lists.
    Reserve
    /// Read which devices a canteen has.
    ReadDevices
    /// Add and revoke devices.
    EditDevices
    /// Enrol a device with a code from the staff.
    EnrolDevice
    /// Read who is expected at the door.
    ReadDoorList
    /// Record attendances at the door.
    CheckIn
    /// Read who was served on some days, and how many, as tables.
    ReadAttendance
    /// Strike an attendance out.
    VoidAttendance
    /// Read whom to call, and what waits for review.
    ReadReviews
    /// Decide about attendances that wait for review.
    ResolveReviews
    /// Read headcounts of a canteen.
    ReadHeadcounts
    /// Read headcounts of a whole district.
    ReadOverview
    /// Read draws of subsidies and what each payer paid.
    ReadDraws
}

/// Which role may do which act, and how far: one pure match, printed as a table and compared in a test.
pub fn reach(role: Role, act: Act) -> Reach {
    use Reach::{Area, Canteen, Everywhere, Linked, Own};
    use Role::{Admin, Auditor, District, Family, Resident, SignedIn, Staff, Volunteer};
    use Role::{DoorDevice, HallDevice, KitchenDevice, RoundDevice};
    let rights: &[(Role, Reach)] = match act {
        Act::MakeFirstAdministrator
        | Act::SignUp
        | Act::SignIn
        | Act::EnrolDevice
        | Act::ReadCalendar
        | Act::ReadCanteens => return Everywhere,
        Act::SignOut | Act::ReadMe => {
            &[(SignedIn, Own), (DoorDevice, Own), (RoundDevice, Own), (KitchenDevice, Own), (HallDevice, Own)]
        }
        Act::ChangePassword | Act::AskFamilyLink => &[(SignedIn, Own)],
        Act::ReadAccounts => &[(District, Area), (Auditor, Area), (Admin, Everywhere)],
        Act::ReadAudit => &[(District, Area), (Auditor, Area), (Admin, Everywhere)],
        Act::EditAccounts | Act::GrantRoles => &[(District, Area), (Admin, Everywhere)],
        Act::EditCalendar => &[(District, Everywhere), (Admin, Everywhere)],
        Act::EditCanteens => &[(District, Area), (Admin, Everywhere)],
        Act::CloseCanteen => &[(Staff, Canteen), (District, Area)],
        Act::ReadResidents | Act::ReadFacts => {
            &[(Resident, Own), (Family, Linked), (Staff, Canteen), (District, Area), (Auditor, Area)]
        }
        Act::ReadCard => &[(Resident, Own), (Family, Linked), (Staff, Canteen), (District, Area)],
        Act::EditResidents | Act::EnterFacts => &[(Staff, Canteen), (District, Area)],
        Act::VerifyFacts => &[(District, Area)],
        Act::ReadFamilyLinks => {
            &[(SignedIn, Own), (Resident, Own), (Staff, Canteen), (District, Area), (Auditor, Area)]
        }
        // Whoever asked may decide with the resident's PIN.
        Act::DecideFamilyLink => &[(SignedIn, Own), (Resident, Own), (Staff, Canteen)],
        Act::EndFamilyLink => &[(SignedIn, Own), (Resident, Own), (Staff, Canteen)],
        Act::ReadDrafts => &[(Staff, Canteen), (District, Area), (Auditor, Area)],
        Act::EditMenus | Act::EditDevices | Act::ResolveReviews => &[(Staff, Canteen)],
        Act::ReadPolicies | Act::TryPolicies => &[(District, Area), (Auditor, Area), (Admin, Everywhere)],
        Act::EditPolicies => &[(District, Area)],
        Act::AskQuote => {
            &[(Resident, Own), (Family, Linked), (Staff, Canteen), (District, Area), (Auditor, Area)]
        }
        Act::ReadReservations => {
            &[(Resident, Own), (Family, Linked), (Staff, Canteen), (District, Area), (Auditor, Area)]
        }
        Act::Reserve => &[(Resident, Own), (Family, Linked), (Staff, Canteen)],
        Act::ReadDoorList | Act::CheckIn | Act::VoidAttendance => {
            &[(Volunteer, Canteen), (Staff, Canteen), (DoorDevice, Canteen), (RoundDevice, Canteen)]
        }
        Act::ReadHeadcounts => &[
            (Staff, Canteen),
            (District, Area),
            (Auditor, Area),
            (KitchenDevice, Canteen),
            (HallDevice, Canteen),
        ],
        Act::ReadReviews | Act::ReadAttendance | Act::ReadDevices => {
            &[(Staff, Canteen), (District, Area), (Auditor, Area)]
        }
        Act::ReadOverview | Act::ReadDraws => &[(District, Area), (Auditor, Area)],
    };
    rights.iter().find(|(holder, _)| *holder == role).map_or(Reach::No, |(_, reach)| *reach)
}

/// The table of roles and acts, for people who do not program.
pub fn table() -> String {
    let mut text = String::from("| act |");
    for role in Role::ALL {
        text += &format!(" {role} |");
    }
    text += "\n| --- |";
    text += &" --- |".repeat(Role::ALL.len());
    for act in Act::ALL {
        text += &format!("\n| {} |", act.name());
        for role in Role::ALL {
            text += &format!(" {} |", reach(*role, *act).as_str());
        }
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_table_says_of_every_act_how_far_every_role_reaches() {
        let table = table();
        let rows: Vec<Vec<&str>> =
            table.lines().map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect();
        assert_eq!(rows.len(), 2 + Act::ALL.len());
        assert!(rows.iter().all(|row| row.len() == 1 + Role::ALL.len()));
        let said = |act: &str, role: &str| {
            let column = rows[0].iter().position(|title| *title == role).unwrap();
            rows.iter().find(|row| row[0] == act).unwrap()[column]
        };
        assert_eq!(said("AskQuote", "resident"), "own");
        assert_eq!(said("AskQuote", "family"), "linked");
        assert_eq!(said("AskQuote", "staff"), "canteen");
        assert_eq!(said("AskQuote", "district"), "area");
        assert_eq!(said("AskQuote", "volunteer"), "-");
        assert_eq!(said("ReadPolicies", "admin"), "all");
    }
}
