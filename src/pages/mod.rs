//! Pages for people: everything that the API can do for residents, families, staff and volunteers, in a browser.
//!
//! HTML first: every task works without JavaScript. A page is one handler that calls the same acts as the API through the
//! same proofs, by way of a `visit::Visit`; a form has its own idempotency key (`forms`), so that a double tap has one
//! effect. `shell` is what stands around each page and turns refusals into pages, `texts` is every word that is shown,
//! `say` how days and money are said. Below them each audience has its room.
//!
//! A page's address is also the address that its form is sent to: whoever opens it with a GET sees the form again.

mod assets;
mod district;
mod everyone;
mod first_run;
mod forms;
mod resident;
mod say;
mod shell;
mod texts;
mod visit;

use actix_web::{
    FromRequest, Handler, Resource, Responder,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

/// One address: the page that it shows, and the form that is sent to it.
struct Address(Resource);

impl Address {
    fn at(path: &str) -> Address {
        Address(web::resource(path))
    }

    /// What a GET shows. It changes nothing.
    fn shows<H, Args>(self, handler: H) -> Address
    where
        H: Handler<Args>,
        Args: FromRequest + 'static,
        H::Output: Responder + 'static,
    {
        Address(self.0.route(web::get().to(handler.clone())).route(web::head().to(handler)))
    }

    /// What the page's form does.
    fn does<H, Args>(self, handler: H) -> Address
    where
        H: Handler<Args>,
        Args: FromRequest + 'static,
        H::Output: Responder + 'static,
    {
        Address(self.0.route(web::post().to(handler)))
    }
}

/// Every page, in the order in which a person meets it.
fn pages() -> Vec<Address> {
    use everyone::{account, canteens, help, home, look, sign_in};
    use resident::{check, choose, family, links, meals, past, standing, waiting};
    vec![
        // Everyone
        Address::at("/").shows(canteens::list),
        Address::at("/canteens/{id}").shows(canteens::today),
        Address::at("/canteens/{id}/week").shows(canteens::week),
        Address::at("/canteens/{id}/prices").shows(canteens::prices),
        Address::at("/canteens/{id}/days").shows(canteens::days),
        Address::at("/help").shows(help::show),
        Address::at("/look").shows(look::choose),
        Address::at("/assets/{name}").shows(assets::serve),
        Address::at("/sign-in").shows(sign_in::ways),
        Address::at("/sign-in/card").shows(sign_in::card).does(sign_in::by_card),
        Address::at("/sign-in/name").shows(sign_in::name).does(sign_in::by_name),
        Address::at("/sign-up").shows(account::sign_up_form).does(account::sign_up),
        // Whoever is signed in
        Address::at("/home").shows(home::show),
        Address::at("/me").shows(account::me),
        Address::at("/sign-out").shows(account::sign_out_form).does(account::sign_out),
        // The district
        Address::at("/district").shows(district::show),
        Address::at("/district/report").shows(district::report::show),
        Address::at("/district/canteens/{id}/headcounts.csv").shows(district::report::headcounts_csv),
        Address::at("/district/canteens/{id}/headcounts.xlsx").shows(district::report::headcounts_xlsx),
        Address::at("/district/canteens/{id}/attendance.csv").shows(district::report::attendance_csv),
        Address::at("/district/canteens/{id}/attendance.xlsx").shows(district::report::attendance_xlsx),
        Address::at("/district/policies").shows(district::policies::list),
        Address::at("/district/policies/new").shows(district::change::write).does(district::change::save),
        Address::at("/district/policies/{id}").shows(district::policies::one),
        Address::at("/district/policies/{id}/try").shows(district::trial::show),
        Address::at("/district/policies/{id}/compare").shows(district::compare::show),
        Address::at("/district/policies/{id}/activate")
            .shows(district::change::activate_form)
            .does(district::change::activate),
        // An installation that begins
        Address::at("/first-run").shows(first_run::show).does(first_run::make),
        Address::at("/first-run/next").shows(first_run::next),
        Address::at("/first-run/canteen").shows(first_run::canteen::show).does(first_run::canteen::make),
        Address::at("/first-run/people").shows(first_run::people::show).does(first_run::people::make),
        // A resident, or family for one
        Address::at("/people/{id}").shows(resident::home::show),
        Address::at("/people/{id}/reserve").shows(choose::which),
        Address::at("/people/{id}/reserve/elsewhere").shows(choose::elsewhere),
        Address::at("/people/{id}/reserve/{menu}").shows(choose::what),
        Address::at("/people/{id}/reserve/{menu}/how").shows(choose::how),
        Address::at("/people/{id}/reserve/{menu}/portions").shows(choose::portions),
        Address::at("/people/{id}/reserve/{menu}/sure").shows(choose::sure),
        Address::at("/people/{id}/reserve/{menu}/check").shows(check::show).does(check::reserve),
        Address::at("/people/{id}/meals").shows(meals::list),
        Address::at("/people/{id}/meals/{reservation}").shows(meals::one),
        Address::at("/people/{id}/meals/{reservation}/cancel").shows(meals::cancel_form).does(meals::cancel),
        Address::at("/people/{id}/wait/{menu}").shows(waiting::join::what),
        Address::at("/people/{id}/wait/{menu}/how").shows(waiting::join::how),
        Address::at("/people/{id}/wait/{menu}/check").shows(waiting::join::check).does(waiting::join::join),
        Address::at("/people/{id}/waiting/{entry}").shows(waiting::one),
        Address::at("/people/{id}/waiting/{entry}/leave").shows(waiting::leave_form).does(waiting::leave),
        Address::at("/people/{id}/standing").shows(standing::list),
        Address::at("/people/{id}/standing/new").shows(standing::make::ask),
        Address::at("/people/{id}/standing/new/check")
            .shows(standing::make::check)
            .does(standing::make::make),
        Address::at("/people/{id}/standing/{order}").shows(standing::one),
        Address::at("/people/{id}/standing/{order}/pause").shows(standing::change::pause),
        Address::at("/people/{id}/standing/{order}/skip").shows(standing::change::skip),
        Address::at("/people/{id}/standing/{order}/resume").shows(standing::change::resume),
        Address::at("/people/{id}/standing/{order}/check")
            .shows(standing::change::check)
            .does(standing::change::change),
        Address::at("/people/{id}/past").shows(past::show),
        Address::at("/people/{id}/family").shows(family::list),
        Address::at("/people/{id}/family/{link}").shows(family::question).does(family::decide),
        Address::at("/people/{id}/family/{link}/end").shows(family::end_form).does(family::end),
        Address::at("/family").shows(links::list),
        Address::at("/family/ask").shows(links::ask_form).does(links::ask),
        Address::at("/family/{link}/pin").shows(links::pin_form).does(links::pin),
        Address::at("/family/{link}/end").shows(links::end_form).does(links::end),
    ]
}

/// Adds every page. What is at none of these addresses is said to be nowhere, so this comes last.
pub fn mount(config: &mut ServiceConfig) {
    let scope = pages().into_iter().fold(web::scope(""), |scope, Address(resource)| scope.service(resource));
    config.service(scope.default_service(web::to(shell::nothing_there)).wrap(from_fn(shell::in_html)));
}
