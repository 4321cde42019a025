//! Access tokens: a JWT of 15 minutes, HS256 fixed by the server. It says who, never what they may do.

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    access::Principal,
    clock::At,
    id::Id,
    ids::SessionId,
    problem::{Code, Problem},
};

const ISSUER: &str = "leling";
const AUDIENCE: &str = "leling-api";

/// How long an access token is good for.
pub const ACCESS_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(15);

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: SessionId,
    jti: String,
    iat: i64,
    exp: i64,
}

/// The hash under which a token of 256 random bits is kept. Plain SHA-256 will do: nobody guesses such a token.
pub fn hash_of(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// What a token proves: a session, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    pub principal: Principal,
    pub session: SessionId,
}

/// Signs and verifies access tokens.
pub struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

impl Tokens {
    pub fn new(key: &[u8; 32]) -> Tokens {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The clock is ours, not the library's: expiry is judged below.
        validation.validate_exp = false;
        Tokens {
            signing: EncodingKey::from_secret(key),
            verifying: DecodingKey::from_secret(key),
            validation,
        }
    }

    /// A token for this session, good until 15 minutes after `now`.
    pub fn sign(&self, ticket: Ticket, now: At) -> String {
        let issued = now.utc().timestamp();
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: ticket.principal.to_string(),
            sid: ticket.session,
            jti: Id::<Ticket>::new(now).to_string(),
            iat: issued,
            exp: issued + ACCESS_TOKEN_LIFE.num_seconds(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("our own claims can be signed")
    }

    /// Who brings this token, and until when it is good, to the second. Fails with `token_expired`, or `sign_in_required` for anything that is not ours.
    pub fn verify(&self, token: &str, now: At) -> Result<(Ticket, At), Problem> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.validation)
            .map_err(|_| Problem::new(Code::SignInRequired))?
            .claims;
        if claims.exp <= now.utc().timestamp() {
            return Err(Code::TokenExpired.into());
        }
        let principal = Principal::parse(&claims.sub).ok_or(Code::SignInRequired)?;
        let until = now + TimeDelta::seconds(claims.exp - now.utc().timestamp());
        Ok((Ticket { principal, session: claims.sid }, until))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_token_says_until_when_it_is_good_whenever_it_is_shown() {
        let tokens = Tokens::new(&[7; 32]);
        let signed_at = At::new("2026-11-22T04:00:00Z".parse().unwrap());
        let ticket = Ticket {
            principal: Principal::Account(Id::from_uuid(Uuid::nil())),
            session: Id::from_uuid(Uuid::nil()),
        };
        let token = tokens.sign(ticket, signed_at);
        let end = signed_at + ACCESS_TOKEN_LIFE;
        for shown_at in [signed_at, signed_at + TimeDelta::minutes(7), end - TimeDelta::seconds(1)] {
            assert_eq!(tokens.verify(&token, shown_at).unwrap().1, end);
        }
        assert_eq!(tokens.verify(&token, end).unwrap_err().code, Code::TokenExpired);
    }
}
