//! Cards over HTTP: issued at the desk, and drawn to be printed or shown.

use actix_web::web::Path;
use schemars::JsonSchema;
use serde::Serialize;

use super::{NewCard, code, svg};
use crate::{
    access::{Allowed, act},
    api::{Answer, Created, File, Keyed, Svg},
    attendance,
    audit::{self, Deed, http::read_on_record},
    canteens,
    clock::At,
    ids::ResidentId,
    problem::{Code, Problem},
    residents::{
        self,
        http::{about, sensitive},
    },
};

/// A card that was issued. Its code is in the picture alone.
#[derive(Serialize, JsonSchema)]
pub struct CardBody {
    pub resident_id: ResidentId,
    /// Whatever was issued before is worth nothing from now on.
    pub issued_at: At,
}

/// `POST /residents/{id}/card`
pub async fn issue(
    allowed: Allowed<act::EditResidents>,
    id: Path<ResidentId>,
    request: Keyed<()>,
) -> Result<Created<CardBody>, Problem> {
    let key = allowed.state().identity_key.clone();
    allowed
        .once(request, move |conn, caller, ()| {
            let registered = residents::registered(conn, *id)?;
            let acting = caller.acting_for(conn, &registered)?;
            let issued_at = super::issue(conn, &acting, &NewCard::new(key.bytes()), caller.now)?;
            audit::record(conn, caller, about(Deed::CardIssued, &registered))?;
            // The doors where they are expected know the card by its hash.
            attendance::resident_changed(conn, *id)?;
            Ok(Answer::new(CardBody { resident_id: *id, issued_at }))
        })
        .await
}

/// `GET /residents/{id}/card.svg`
pub async fn read(allowed: Allowed<act::ReadCard>, id: Path<ResidentId>) -> Result<File<Svg>, Problem> {
    let key = allowed.state().identity_key.clone();
    let id = *id;
    let look = read_on_record(&allowed, move |conn, caller| {
        let registered = residents::registered(conn, id)?;
        let acting = caller.acting_for(conn, &registered)?;
        let resident = residents::find(conn, acting.resident())?;
        let canteen = canteens::find(conn, resident.canteen_id)?;
        let card = super::in_force(conn, resident.id)?;
        Ok(((resident, canteen, card), sensitive(&acting, &registered, Deed::CardRead)))
    });
    let (resident, canteen, card) = look.await?;
    let face = svg::Face {
        code: &code(key.bytes(), &card.nonce),
        full_name: &resident.full_name,
        card_number: &resident.card_number,
        canteen: &canteen.name,
        phone: &canteen.phone,
    };
    let picture = svg::draw(&face).map_err(|error| {
        tracing::error!(error, "a card cannot be drawn");
        Problem::new(Code::Internal)
    })?;
    Ok(File::new(picture))
}
