//! `/docs`: the API's document to read and to try out, by Swagger UI. All of it is in the binary, and the browser is
//! told to load nothing from elsewhere.

use std::sync::Arc;

use actix_web::{HttpResponse, http::header, web};
use utoipa_swagger_ui::Config;

use crate::problem::{Code, Problem};

/// Where the document is.
const DOCUMENT: &str = "/api/v1/openapi.json";

/// Nothing but what the binary itself serves; Swagger UI sets styles on elements, and draws its icons from `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Mounts the pages.
pub fn mount(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/docs").route(web::get().to(front)).route(web::head().to(front)))
        .service(web::resource("/docs/{file:.*}").route(web::get().to(page)).route(web::head().to(page)));
}

/// The pages name each other relatively, so the address has to end in a slash.
async fn front() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

async fn page(file: web::Path<String>) -> Result<HttpResponse, Problem> {
    // Neither is a validator elsewhere asked, nor is a token kept in the browser.
    let config = Config::from(DOCUMENT).validator_url("none").persist_authorization(false);
    let found = utoipa_swagger_ui::serve(&file, Arc::new(config)).map_err(|error| {
        tracing::error!(%error, "a page of the documentation cannot be made");
        Problem::new(Code::Internal)
    })?;
    let found = found.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(HttpResponse::Ok()
        .content_type(found.content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(found.bytes.into_owned()))
}
