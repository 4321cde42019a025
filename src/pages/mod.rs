//! Pages for people: everything that the API can do for residents, families, staff and volunteers, in a browser.
//!
//! HTML first: every task works without JavaScript. A page is one handler that calls the same acts as the API through the
//! same proofs, by way of a `visit::Visit`; a form has its own idempotency key (`forms`), so that a double tap has one
//! effect. `shell` is what stands around each page and turns refusals into pages, `texts` is every word that is shown,
//! `say` how days and money are said. Below them each audience has its room.
//!
//! A page's address is also the address that its form is sent to: whoever opens it with a GET sees the form again.

mod assets;
mod door;
mod everyone;
mod forms;
mod hall;
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
    use resident::{check, choose, family, links, meals, past};
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
        Address::at("/people/{id}/past").shows(past::show),
        Address::at("/people/{id}/family").shows(family::list),
        Address::at("/people/{id}/family/{link}").shows(family::question).does(family::decide),
        Address::at("/people/{id}/family/{link}/end").shows(family::end_form).does(family::end),
        Address::at("/family").shows(links::list),
        Address::at("/family/ask").shows(links::ask_form).does(links::ask),
        Address::at("/family/{link}/pin").shows(links::pin_form).does(links::pin),
        Address::at("/family/{link}/end").shows(links::end_form).does(links::end),
        // Volunteers at the door, and the board in the hall
        Address::at("/enrol").shows(door::enrol::show).does(door::enrol::enrol),
        Address::at("/door/worker.js").shows(door::phone::worker),
        Address::at("/door/taps").does(door::phone::taps),
        Address::at("/door/{id}").shows(door::meals),
        Address::at("/door/{id}/{menu}").shows(door::show).does(door::act),
        Address::at("/door/{id}/{menu}/list").shows(door::phone::list),
        Address::at("/door/{id}/{menu}/tap").does(door::phone::tap),
        Address::at("/door/{id}/{menu}/undo/{attendance}").shows(door::undo::show).does(door::undo::undo),
        Address::at("/hall/{id}").shows(hall::show),
        Address::at("/hall/{id}/live").shows(hall::live),
    ]
}

/// Adds every page. What is at none of these addresses is said to be nowhere, so this comes last.
pub fn mount(config: &mut ServiceConfig) {
    let scope = pages().into_iter().fold(web::scope(""), |scope, Address(resource)| scope.service(resource));
    config.service(scope.default_service(web::to(shell::nothing_there)).wrap(from_fn(shell::in_html)));
}
