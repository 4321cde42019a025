//! How to sign in as everybody whom the demonstration made.

use std::{fmt::Write as _, fs, path::Path};

use serde::Serialize;

use super::setup::{House, Kitchen, Member};
use crate::{
    access::Role,
    ids::{CanteenId, ResidentId},
    start_error::StartError,
};

/// One way to sign in: user name and password, or card number and PIN.
#[derive(Clone, Debug, Serialize)]
pub struct SignIn {
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canteen: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canteen_id: Option<CanteenId>,
    /// Who it is, or whom a family member acts for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident_id: Option<ResidentId>,
}

/// Every way to sign in.
pub fn all(house: &House) -> Vec<SignIn> {
    let mut all = vec![by_name(Role::Admin, &house.admin)];
    for office in &house.offices {
        for (role, member) in [(Role::District, &office.district), (Role::Auditor, &office.auditor)] {
            all.push(SignIn { city: Some(office.city), ..by_name(role, member) });
        }
    }
    for kitchen in &house.kitchens {
        all.extend(of_kitchen(kitchen));
    }
    all
}

fn of_kitchen(kitchen: &Kitchen) -> Vec<SignIn> {
    let at = |sign_in: SignIn| SignIn {
        city: Some(kitchen.place.city()),
        canteen: Some(kitchen.place.name),
        canteen_id: Some(kitchen.canteen.id),
        ..sign_in
    };
    let mut all = vec![at(by_name(Role::Staff, &kitchen.staff))];
    all.extend(kitchen.volunteers.iter().map(|member| at(by_name(Role::Volunteer, member))));
    for diner in &kitchen.diners {
        let resident_id = Some(diner.resident.id);
        if let Some(family) = &diner.family {
            all.push(SignIn { resident_id, ..at(by_name(Role::Family, family)) });
        }
        if let Some(pin) = &diner.pin {
            all.push(at(SignIn {
                role: Role::Resident,
                user_name: None,
                password: None,
                card_number: Some(diner.resident.card_number.clone()),
                pin: Some(pin.clone()),
                city: None,
                canteen: None,
                canteen_id: None,
                resident_id,
            }));
        }
    }
    all
}

fn by_name(role: Role, member: &Member) -> SignIn {
    SignIn {
        role,
        user_name: Some(member.user_name.clone()),
        password: Some(member.password.clone()),
        card_number: None,
        pin: None,
        city: None,
        canteen: None,
        canteen_id: None,
        resident_id: None,
    }
}

/// Writes them as a JSON array. Fails with `cannot_write`.
pub fn write(file: &Path, sign_ins: &[SignIn]) -> Result<(), StartError> {
    let unwritable = |said: String| {
        let name = file.display();
        StartError::new(
            "cannot_write",
            format!("The file {name} cannot be written. Name another for --sign-ins. It said: {said}"),
        )
    };
    let text = serde_json::to_string_pretty(sign_ins).map_err(|error| unwritable(error.to_string()))?;
    fs::write(file, text + "\n").map_err(|error| unwritable(error.to_string()))
}

/// The first of each role at each canteen, who are enough to look around.
fn some(sign_ins: &[SignIn]) -> Vec<&SignIn> {
    let who = |sign_in: &SignIn| (sign_in.role, sign_in.canteen_id, sign_in.city);
    let mut some: Vec<&SignIn> = Vec::new();
    for sign_in in sign_ins {
        if some.iter().all(|known| who(known) != who(sign_in)) {
            some.push(sign_in);
        }
    }
    some
}

/// For people.
pub fn print(sign_ins: &[SignIn]) -> String {
    let mut text = String::from("How to sign in (made for this run only; nobody else knows these):\n");
    for sign_in in some(sign_ins) {
        let with = match (&sign_in.user_name, &sign_in.password, &sign_in.card_number, &sign_in.pin) {
            (Some(name), Some(password), _, _) => format!("user name {name:<22} password {password}"),
            (_, _, Some(card), Some(pin)) => format!("card      {card:<22} PIN      {pin}"),
            (_, _, _, _) => continue,
        };
        let place = sign_in.canteen.or(sign_in.city).unwrap_or("everywhere");
        // Writing into a text cannot fail.
        let _ = writeln!(text, "  {:<9}  {with:<58}  {place}", sign_in.role.as_str());
    }
    text
}
