//! What pages load besides themselves: style, scripts, an icon. Each is part of the program and served under a name that
//! holds its hash, so that it is loaded once and never stale.

use std::sync::LazyLock;

use actix_web::{HttpResponse, http::header, web};
use sha2::{Digest, Sha256};

use crate::problem::{Code, Problem};

/// Something that a page loads.
#[derive(Debug)]
pub struct Asset {
    kind: &'static str,
    body: &'static [u8],
    path: String,
}

impl Asset {
    fn new(name: &str, ending: &str, kind: &'static str, body: &'static [u8]) -> Asset {
        let hash = &hex::encode(Sha256::digest(body))[..12];
        Asset { kind, body, path: format!("/assets/{name}.{hash}.{ending}") }
    }

    /// Where it is served.
    pub fn path(&self) -> &str {
        &self.path
    }
}

macro_rules! assets {
    ($($(#[$meta:meta])* $name:ident $file:literal $ending:literal $kind:literal;)+) => {
        $(
            $(#[$meta])*
            pub static $name: LazyLock<Asset> = LazyLock::new(|| {
                Asset::new($file, $ending, $kind, include_bytes!(concat!($file, ".", $ending)))
            });
        )+

        fn all() -> [&'static Asset; [$($file),+].len()] {
            [$(&*$name),+]
        }
    };
}

assets! {
    /// How every page looks.
    STYLE "style" "css" "text/css; charset=utf-8";
    /// The icon of the browser's tab.
    ICON "icon" "svg" "image/svg+xml";
    /// Reads a page aloud where the browser can.
    ALOUD "aloud" "js" "text/javascript; charset=utf-8";
    /// Keeps the numbers of the staff's day up to date.
    LIVE "live" "js" "text/javascript; charset=utf-8";
    /// Checks in at the door without a network, and catches up.
    DOOR "door" "js" "text/javascript; charset=utf-8";
    /// Asks again for a page that waits for something.
    AGAIN "again" "js" "text/javascript; charset=utf-8";
    /// Sends a form once whose answer shows a secret this once.
    ONCE "once" "js" "text/javascript; charset=utf-8";
    /// Keeps the numbers of the board in the hall live.
    HALL "hall" "js" "text/javascript; charset=utf-8";
}

/// What the door's service worker does; what it keeps is written before it.
pub const WORKER_SCRIPT: &str = include_str!("door_worker.js");

/// `GET /assets/{name}`
pub async fn serve(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let asset = all().into_iter().find(|asset| asset.path.ends_with(&format!("/{name}")));
    let asset = asset.ok_or(Code::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .content_type(asset.kind)
        .body(asset.body))
}
