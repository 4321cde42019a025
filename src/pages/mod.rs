//! Pages for people: everything that the API can do for residents, families, staff and volunteers, in a browser.
//!
//! HTML first: every task works without JavaScript. A page is one handler that calls the same acts as the API through the
//! same proofs, by way of a `visit::Visit`; a form has its own idempotency key (`forms`), so that a double tap has one
//! effect. `shell` is what stands around each page and turns refusals into pages, `texts` is every word that is shown,
//! `say` how days and money are said. Below them each audience has its room.
//!
//! A page's address is also the address that its form is sent to: whoever opens it with a GET sees the form again.

mod assets;
mod desk;
mod district;
mod door;
mod everyone;
mod files;
mod first_run;
mod forms;
mod hall;
mod resident;
mod say;
mod shell;
mod staff;
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
    use desk::{
        counter, due, facts, family as requests, import, meals as desk_meals, order, papers, record,
        residents, search, standing as desk_orders, waiting as desk_line,
    };
    use everyone::{account, canteens, help, home, look, password, sign_in};
    use resident::{check, choose, family, links, meals, past, standing, waiting};
    use staff::{calls, closures, devices, files, menu, paper, post, reviews, today, week};
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
        Address::at("/me/password").shows(password::show).does(password::change),
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
        Address::at("/first-run/demo").shows(first_run::demo::show).does(first_run::demo::load),
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
        // The staff of a canteen
        Address::at("/staff/{id}").shows(today::show),
        Address::at("/staff/{id}/live").shows(today::live),
        Address::at("/staff/{id}/week").shows(week::this),
        Address::at("/staff/{id}/week/{monday}").shows(week::show),
        Address::at("/staff/{id}/week/{monday}/copy").shows(week::copy_form).does(week::copy_week),
        Address::at("/staff/{id}/week/{monday}/post").shows(post::week_form).does(post::week),
        Address::at("/staff/{id}/new-menu").shows(menu::new_form).does(menu::make),
        Address::at("/staff/{id}/menus/{menu}").shows(menu::show).does(menu::change),
        Address::at("/staff/{id}/menus/{menu}/publish").shows(post::one_form).does(post::one),
        Address::at("/staff/{id}/menus/{menu}/withdraw").shows(menu::withdraw_form).does(menu::withdraw_menu),
        Address::at("/staff/{id}/menus/{menu}/close").shows(menu::close_form).does(menu::close_menu),
        Address::at("/staff/{id}/menus/{menu}/calls").shows(calls::of_menu),
        Address::at("/staff/{id}/menus/{menu}/kitchen").shows(paper::kitchen),
        Address::at("/staff/{id}/menus/{menu}/door-list").shows(paper::door_list),
        Address::at("/staff/{id}/wall/{on}").shows(paper::wall),
        Address::at("/staff/{id}/closures").shows(closures::list),
        Address::at("/staff/{id}/closures/new").shows(closures::new_form),
        Address::at("/staff/{id}/closures/check").shows(closures::check).does(closures::close_canteen),
        Address::at("/staff/{id}/closures/{closure}/calls").shows(calls::of_closure),
        Address::at("/staff/{id}/reviews").shows(reviews::list),
        Address::at("/staff/{id}/reviews/{attendance}").shows(reviews::one).does(reviews::decide),
        Address::at("/staff/{id}/devices").shows(devices::list),
        Address::at("/staff/{id}/devices/new").shows(devices::new_form).does(devices::enrol),
        Address::at("/staff/{id}/devices/{device}/revoke").shows(devices::revoke_form).does(devices::revoke),
        Address::at("/staff/{id}/files").shows(files::show),
        Address::at("/staff/{id}/files/headcounts.csv").shows(files::headcounts_csv),
        Address::at("/staff/{id}/files/headcounts.xlsx").shows(files::headcounts_xlsx),
        Address::at("/staff/{id}/files/attendance.csv").shows(files::attendance_csv),
        Address::at("/staff/{id}/files/attendance.xlsx").shows(files::attendance_xlsx),
        // The desk of a canteen
        Address::at("/desk/{canteen}").shows(search::show),
        Address::at("/desk/{canteen}/people/{id}").shows(counter::show).does(counter::reserve),
        Address::at("/desk/{canteen}/people/{id}/order/{menu}").shows(order::show),
        Address::at("/desk/{canteen}/people/{id}/wait/{menu}")
            .shows(desk_line::join_form)
            .does(desk_line::join),
        Address::at("/desk/{canteen}/waiting/{entry}/leave")
            .shows(desk_line::leave_form)
            .does(desk_line::leave),
        Address::at("/desk/{canteen}/meals/{reservation}/cancel")
            .shows(desk_meals::cancel_form)
            .does(desk_meals::cancel),
        Address::at("/desk/{canteen}/residents").shows(residents::list),
        Address::at("/desk/{canteen}/residents/new").shows(residents::new_form).does(residents::register),
        Address::at("/desk/{canteen}/residents/{id}").shows(record::show),
        Address::at("/desk/{canteen}/residents/{id}/edit").shows(record::edit_form).does(record::edit),
        Address::at("/desk/{canteen}/residents/{id}/facts").shows(facts::list),
        Address::at("/desk/{canteen}/residents/{id}/facts/new").shows(facts::new_form).does(facts::enter),
        Address::at("/desk/{canteen}/facts/{fact}").shows(facts::edit_form).does(facts::edit),
        Address::at("/desk/{canteen}/facts/{fact}/verify").shows(facts::verify_form).does(facts::verify),
        Address::at("/desk/{canteen}/residents/{id}/pin").shows(papers::pin_form).does(papers::pin),
        Address::at("/desk/{canteen}/residents/{id}/card").shows(papers::card).does(papers::issue),
        Address::at("/desk/{canteen}/residents/{id}/card.svg").shows(papers::picture),
        Address::at("/desk/{canteen}/residents/{id}/past").shows(papers::past),
        Address::at("/desk/{canteen}/residents/{id}/standing").shows(desk_orders::list),
        Address::at("/desk/{canteen}/residents/{id}/standing/new")
            .shows(desk_orders::new_form)
            .does(desk_orders::make),
        Address::at("/desk/{canteen}/standing/{order}")
            .shows(desk_orders::pause_form)
            .does(desk_orders::change),
        Address::at("/desk/{canteen}/standing/{order}/end")
            .shows(desk_orders::end_form)
            .does(desk_orders::end),
        Address::at("/desk/{canteen}/family").shows(requests::list),
        Address::at("/desk/{canteen}/family/{link}").shows(requests::question).does(requests::approve),
        Address::at("/desk/{canteen}/family/{link}/refuse")
            .shows(requests::refuse_form)
            .does(requests::refuse),
        Address::at("/desk/{canteen}/family/{link}/end").shows(requests::end_form).does(requests::end),
        Address::at("/desk/{canteen}/import").shows(import::show).does(import::look),
        Address::at("/desk/{canteen}/import/confirm").shows(import::from_the_beginning).does(import::confirm),
        Address::at("/desk/{canteen}/due").shows(due::show),
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
