//! Passwords and PINs: kept as argon2id hashes (PHC strings), hashed beside the threads that answer requests.
//!
//! A hash costs a core some tens of milliseconds on purpose. As many are made at once as there are cores; who has waited
//! two seconds for a turn is told to come back.

use std::{sync::Arc, thread::available_parallelism, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::{
    id::random_bytes,
    problem::{Code, Problem},
};

const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Letters and digits that nobody takes for one another, 32 of them: each stands for five random bits.
const LEGIBLE: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";

/// Makes and checks hashes. Clones share their turns.
#[derive(Clone)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    /// The hash of a secret that nobody knows, to be checked where there is none.
    nobodys: String,
}

impl Hasher {
    /// A hasher of this cost: [`Params::DEFAULT`] (19 MiB, two passes) where secrets are real.
    pub fn new(cost: Params) -> Hasher {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost);
        let nobodys = hash(&argon2, &one_time_password());
        let turns = Arc::new(Semaphore::new(available_parallelism().map_or(2, usize::from)));
        Hasher(Arc::new(Inner { argon2, turns, nobodys }))
    }

    /// The hash of a secret, with a salt of its own, as a PHC string.
    ///
    /// Fails with `busy`.
    pub async fn hash(&self, secret: &str) -> Result<String, Problem> {
        let secret = secret.to_owned();
        self.in_turn(move |inner| hash(&inner.argon2, &secret)).await
    }

    /// [`hash`](Hasher::hash) on this thread: for the command line.
    pub fn hash_blocking(&self, secret: &str) -> String {
        hash(&self.0.argon2, secret)
    }

    /// Whether the secret has this hash. Where there is none it takes as long, and is never right: how long an answer
    /// takes does not tell which names and cards exist.
    ///
    /// Fails with `busy`.
    pub async fn is_right(&self, secret: &str, phc: Option<String>) -> Result<bool, Problem> {
        let secret = secret.to_owned();
        self.in_turn(move |inner| {
            let right = verify(&inner.argon2, &secret, phc.as_deref().unwrap_or(&inner.nobodys));
            right && phc.is_some()
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = timeout(LONGEST_WAIT, self.0.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Code::Busy)?.map_err(|_| Code::Busy)?;
        let inner = self.0.clone();
        // The turn goes with the work: whoever asked may have gone, the core is busy all the same.
        let done = spawn_blocking(move || {
            let result = work(&inner);
            drop(turn);
            result
        });
        done.await.map_err(|_| Code::Internal.into())
    }
}

/// A password for somebody's first sign-in: 60 random bits in twelve legible letters and digits, like `k7mp-3qxz-wd8n`.
pub fn one_time_password() -> String {
    let letters = random_bytes::<12>().map(|byte| char::from(LEGIBLE[usize::from(byte % 32)]));
    let quarters: Vec<String> = letters.chunks(4).map(|four| four.iter().collect()).collect();
    quarters.join("-")
}

fn hash(argon2: &Argon2<'_>, secret: &str) -> String {
    argon2.hash_password(secret.as_bytes()).expect("a secret of any length can be hashed").to_string()
}

fn verify(argon2: &Argon2<'_>, secret: &str, phc: &str) -> bool {
    PasswordHash::new(phc).is_ok_and(|phc| argon2.verify_password(secret.as_bytes(), &phc).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(Params::new(Params::MIN_M_COST, 1, 1, None).unwrap())
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        actix_web::rt::System::new().block_on(work)
    }

    #[test]
    fn a_secret_is_right_for_its_own_hash_only() {
        run(async {
            let hasher = hasher();
            let phc = hasher.hash("correct-horse-battery").await.unwrap();
            assert!(phc.starts_with("$argon2id$"));
            assert!(hasher.is_right("correct-horse-battery", Some(phc.clone())).await.unwrap());
            assert!(!hasher.is_right("correct-horse-batterz", Some(phc)).await.unwrap());
        });
    }

    #[test]
    fn no_secret_is_right_where_there_is_no_hash() {
        run(async { assert!(!hasher().is_right("anything", None).await.unwrap()) });
    }

    #[test]
    fn a_one_time_password_is_legible_and_never_the_same() {
        let (one, other) = (one_time_password(), one_time_password());
        assert_eq!(one.len(), 14);
        assert!(crate::text::Password::parse(&one).is_ok());
        assert_ne!(one, other);
    }
}
