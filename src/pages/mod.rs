//! Pages for people: everything that the API can do for residents, families, staff and volunteers, in a browser.
//!
//! HTML first: every task works without JavaScript. A page is one handler that calls the same acts as the API through the
//! same proofs, by way of a [`visit::Visit`]; a form has its own idempotency key ([`forms`]), so that a double tap has one
//! effect. [`shell`] is what stands around each page and turns refusals into pages, [`texts`] is every word that is shown,
//! [`say`] how days and money are said. Below them each audience has its room.
//!
//! A page's address is also the address that its form is sent to: whoever opens it with a GET sees the form again.

mod assets;
mod everyone;
mod forms;
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
    ]
}

/// Adds every page. What is at none of these addresses is said to be nowhere, so this comes last.
pub fn mount(config: &mut ServiceConfig) {
    let scope = pages().into_iter().fold(web::scope(""), |scope, Address(resource)| scope.service(resource));
    config.service(scope.default_service(web::to(shell::nothing_there)).wrap(from_fn(shell::in_html)));
}
