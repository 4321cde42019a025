//! The course of a try: judged, hashed, judged again, recorded.

use super::{Guess, Guessable};
use crate::{
    access::{self, Act, Allowed, Caller, Principal, acts::NamedAct},
    audit::{self, Deed, Entry, Place, Subject},
    db::Conn,
    keys::IdentityKey,
    origin::Origin,
    problem::{Code, Fail, Problem},
    throttle,
};

/// A secret that somebody tries.
#[derive(Clone, Debug)]
pub struct Try {
    guess: Guess,
    secret: Guessable,
    /// Whose it is, where that is somebody.
    whose: Option<Principal>,
    /// Where the entry of a wrong one belongs.
    place: Place,
    origin: String,
}

impl Try {
    /// Somebody tries this secret of whoever goes by this name, from there.
    pub fn new(key: &IdentityKey, origin: Origin, secret: Guessable, name: &str) -> Try {
        Try {
            guess: Guess::new(key, secret, name, origin),
            secret,
            whose: None,
            place: Place::default(),
            origin: origin.hashed(key),
        }
    }

    /// Of this very account or resident, as it has turned out.
    pub fn of(mut self, whose: Principal, place: Place) -> Try {
        (self.whose, self.place) = (Some(whose), place);
        self
    }

    /// Lets it through, or fails with `slow_down`: before anything is hashed, and before anything is told.
    pub fn judge(&self, conn: &mut Conn, caller: &Caller) -> Result<(), Fail> {
        throttle::judge(conn, &self.guess, caller.now, |conn| self.is_known(conn, caller))
    }

    /// It was right: judged again, and what was wrong before is forgotten. Fails with `slow_down`.
    pub fn was_right(&self, conn: &mut Conn, caller: &Caller) -> Result<(), Fail> {
        self.judge(conn, caller)?;
        throttle::right(conn, &self.guess)
    }

    /// It was wrong: counts it, writes it down, and gives what to tell, `refusal` or `slow_down`. Of a write that is
    /// `besides` done with it nothing remains when it fails.
    pub async fn was_wrong<A: NamedAct>(
        self,
        allowed: &Allowed<A>,
        refusal: Code,
        besides: impl Fn(&mut Conn, &Caller) -> Result<(), Fail> + Send + 'static,
    ) -> Problem {
        let counted = allowed
            .write(move |conn, caller| {
                besides(conn, caller)?;
                let is_known = |conn: &mut Conn| self.is_known(conn, caller);
                let counted = throttle::wrong(conn, &self.guess, caller.now, is_known)?;
                let failed = if A::ACT == Act::SignIn { Deed::SignInFailed } else { Deed::SecretWrong };
                audit::record(conn, caller, self.entry(failed))?;
                if counted.begins_to_wait {
                    audit::record(conn, caller, self.entry(Deed::SignInSlowed))?;
                }
                Ok(counted)
            })
            .await;
        match counted {
            Ok(counted) => Problem::new(refusal).limited(counted.limit),
            Err(problem) => problem,
        }
    }

    /// From where, hashed, as it is kept with the session that begins.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// An entry of the audit log about it.
    pub fn entry(&self, deed: Deed) -> Entry {
        let subject = self.whose.map_or(Subject::NOTHING, Subject::from);
        Entry::of(deed, subject).at(self.place.clone()).saying("secret", self.secret.as_str())
    }

    /// Whether whoever it is about has signed in from there before.
    fn is_known(&self, conn: &mut Conn, caller: &Caller) -> Result<bool, Fail> {
        match self.whose {
            Some(whose) => Ok(access::signed_in_from(conn, whose, &self.origin, caller.now)?),
            None => Ok(false),
        }
    }
}
