//! Files in forms: one that is sent with a form, and one that a page carries until it is confirmed.
//!
//! A file that was looked at waits for its confirmation in the page itself, sealed with a key of the installation, and is
//! sent back with the form. So exactly the bytes that were judged are taken, nothing is kept here of what may never be
//! confirmed (a roster holds identity numbers), and it does not matter which process is asked, or that it was restarted.

use actix_multipart::{Field, Multipart};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{StreamExt as _, future::LocalBoxFuture};
use hmac::{Hmac, KeyInit, Mac};
use maud::{Markup, html};
use sha2::Sha256;

use super::{
    forms::{Errors, Fields, Sender, Sent, hidden, hidden_of_form},
    visit::Look,
};
use crate::{
    problem::{Code, Problem},
    sheets::LARGEST_FILE,
};

/// What the fields of a form beside its file may have, in bytes.
const FIELDS_LIMIT: usize = 16 * 1024;

/// What a form may have that brings a file back, in bytes: four letters for three bytes.
const CARRIED_LIMIT: usize = LARGEST_FILE / 3 * 4 + FIELDS_LIMIT;

/// The fields of a file that a page carries.
const FILE: &str = "file";
const SEAL: &str = "seal";

/// A form with a file, which is empty when none was chosen.
#[derive(Debug)]
pub struct SentFile {
    pub bytes: web::Bytes,
}

impl FromRequest for SentFile {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let sender = Sender::of(request);
        let parts = Multipart::from_request(request, payload);
        Box::pin(async move {
            let (sender, parts) = (sender?, parts.await.map_err(|_| Problem::new(Code::FormOld))?);
            read_file(&sender, parts).await
        })
    }
}

/// The token stands before the file: of a form that is not ours nothing is read.
async fn read_file(sender: &Sender, mut parts: Multipart) -> Result<SentFile, Problem> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut file = None;
    // To its end, or else the browser does not hear the answer.
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::new(Code::BrokenUpload))?;
        let name = part.name().unwrap_or_default().to_owned();
        if name == FILE {
            let fields = Fields::known(pairs.iter().map(|(name, value)| (name.as_str(), value.clone())));
            sender.check_token(&fields)?;
            file = Some(read_part(part, LARGEST_FILE).await?);
        } else {
            let value = read_part(part, FIELDS_LIMIT).await?;
            pairs.push((name, String::from_utf8_lossy(&value).into_owned()));
        }
    }
    file.map(|bytes| SentFile { bytes }).ok_or_else(|| Code::FormOld.into())
}

async fn read_part(mut part: Field, limit: usize) -> Result<web::Bytes, Problem> {
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::BrokenUpload))?;
        if bytes.len() + chunk.len() > limit {
            return Err(Problem::new(Code::BodyTooLarge).with("limit", limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// A form that brings back the file which its page carried.
#[derive(Debug)]
pub struct SentBack(pub Sent);

impl FromRequest for SentBack {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let sender = Sender::of(request);
        let payload = web::Payload::from_request(request, payload);
        Box::pin(async move {
            let mut sender = sender?;
            let mut payload = payload.await.map_err(|_| Problem::new(Code::BrokenUpload))?;
            let mut bytes = web::BytesMut::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_| Problem::new(Code::BrokenUpload))?;
                if bytes.len() + chunk.len() > CARRIED_LIMIT {
                    return Err(Problem::new(Code::BodyTooLarge).with("limit", CARRIED_LIMIT));
                }
                bytes.extend_from_slice(&chunk);
            }
            let fields = Fields::parse(&bytes);
            sender.check_token(&fields)?;
            sender.read(&bytes);
            sender.sent(fields).map(SentBack)
        })
    }
}

impl SentBack {
    /// The file as it was looked at for `purpose`; `form_old` for any other.
    pub fn file(&self, key: &[u8; 32], purpose: &str) -> Result<web::Bytes, Problem> {
        unsealed(&self.0.fields, key, purpose)
    }
}

fn unsealed(fields: &Fields, key: &[u8; 32], purpose: &str) -> Result<web::Bytes, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(fields.get(FILE)).map_err(|_| Code::FormOld)?;
    let seal = hex::decode(fields.get(SEAL)).map_err(|_| Code::FormOld)?;
    sealing(key, purpose, &bytes).verify_slice(&seal).map_err(|_| Code::FormOld)?;
    Ok(bytes.into())
}

/// A file that a form carries back, sealed for `purpose`.
pub fn carried(bytes: &[u8], key: &[u8; 32], purpose: &str) -> Markup {
    let seal = hex::encode(sealing(key, purpose, bytes).finalize().into_bytes());
    html! {
        (hidden(FILE, &URL_SAFE_NO_PAD.encode(bytes)))
        (hidden(SEAL, &seal))
    }
}

fn sealing(key: &[u8; 32], purpose: &str, bytes: &[u8]) -> Hmac<Sha256> {
    let mut seal = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    seal.update(b"file of a page\n");
    seal.update(purpose.as_bytes());
    seal.update(b"\n");
    seal.update(bytes);
    seal
}

/// A form with a file, sent to the address of the page that it stands on.
pub fn file_form(look: &Look, content: Markup) -> Markup {
    html! {
        form method="post" action=(look.here) enctype="multipart/form-data" novalidate {
            (hidden_of_form(look))
            (content)
        }
    }
}

/// The question for the file, of these kinds.
pub fn file_line(label: &str, hint: &str, accept: &str, errors: &Errors) -> Markup {
    let wrong = errors.has(FILE);
    let described = if wrong { "file-hint file-error" } else { "file-hint" };
    html! {
        div .field .wrong[wrong] {
            label for=(FILE) { (label) }
            p .hint #file-hint { (hint) }
            (errors.shown(FILE))
            input .line type="file" id=(FILE) name=(FILE) accept=(accept) aria-describedby=(described)
                aria-invalid=[wrong.then_some("true")];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_back_as_it_was_or_not_at_all() {
        let (key, other) = ([7; 32], [8; 32]);
        let carried = carried(b"a,b\n", &key, "one").into_string();
        let value = |name: &str| {
            let from = carried.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
            from.split('"').next().unwrap().to_owned()
        };
        let back = |file: String| Fields::known([(FILE, file), (SEAL, value(SEAL))]);
        assert_eq!(unsealed(&back(value(FILE)), &key, "one").unwrap(), &b"a,b\n"[..]);
        assert!(unsealed(&back(value(FILE)), &key, "another").is_err());
        assert!(unsealed(&back(value(FILE)), &other, "one").is_err());
        assert!(unsealed(&back(URL_SAFE_NO_PAD.encode(b"a,c\n")), &key, "one").is_err());
    }
}
