//! Passwords and PINs: kept as argon2id hashes (PHC strings), hashed beside the threads that answer requests.
//!
//! A hash costs a core some tens of milliseconds and 19 MiB on purpose. So only a few are made at once, on half of the
//! cores, in memory that is kept for it: when everybody signs in at the same time, what else is asked for is answered,
//! and memory stays where it is. A line of them waits; whoever would stand at its end is told at once to come back.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
    time::Duration,
};

pub use argon2::Params;
use argon2::{
    Algorithm, Argon2, Block, Version,
    password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt},
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::{
    id::random_bytes,
    problem::{Code, Problem},
};

/// So many may wait for a turn,
const MOST_WAITING: usize = 128;
/// and so long.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// When to come back, by then most of those who wait have had their turn.
const COME_BACK_S: u32 = 2;

/// So many hashes are made at once at most, whatever the number of cores: each has its own memory.
const MOST_AT_ONCE: usize = 3;

/// The only kind of hash that is made or known.
const ARGON2ID: Ident = Ident::new_unwrap("argon2id");

/// Letters and digits that nobody takes for one another, 32 of them: each stands for five random bits.
const LEGIBLE: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";

/// Makes and checks hashes. Clones share their turns.
#[derive(Clone)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    /// Those who have a turn or wait for one.
    inside: AtomicUsize,
    most_inside: usize,
    /// What is not in use at the moment of the memory that hashes are made in.
    memory: Mutex<Vec<Vec<Block>>>,
    /// The hash of a secret that nobody knows, to be checked where there is none.
    nobodys: String,
}

impl Hasher {
    /// A hasher of this cost: [`Params::DEFAULT`] (19 MiB, two passes) where secrets are real.
    pub fn new(cost: Params) -> Hasher {
        let cores = available_parallelism().map_or(2, usize::from);
        let at_once = (cores / 2).clamp(1, MOST_AT_ONCE);
        let mut inner = Inner {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, cost),
            turns: Arc::new(Semaphore::new(at_once)),
            inside: AtomicUsize::new(0),
            most_inside: at_once + MOST_WAITING,
            memory: Mutex::default(),
            nobodys: String::new(),
        };
        inner.nobodys = inner.hash(&one_time_password());
        // Nobody may ever sign in here: the memory is asked for again when somebody does.
        inner.memory = Mutex::default();
        Hasher(Arc::new(inner))
    }

    /// The hash of a secret, with a salt of its own, as a PHC string.
    ///
    /// Fails with `busy`.
    pub async fn hash(&self, secret: &str) -> Result<String, Problem> {
        let secret = secret.to_owned();
        self.in_turn(move |inner| inner.hash(&secret)).await
    }

    /// [`hash`](Hasher::hash) on this thread: for the command line.
    pub fn hash_blocking(&self, secret: &str) -> String {
        self.0.hash(secret)
    }

    /// Whether the secret has this hash. Where there is none it takes as long, and is never right: how long an answer
    /// takes does not tell which names and cards exist.
    ///
    /// Fails with `busy`.
    pub async fn is_right(&self, secret: &str, phc: Option<String>) -> Result<bool, Problem> {
        let secret = secret.to_owned();
        self.in_turn(move |inner| {
            let right = inner.verify(&secret, phc.as_deref().unwrap_or(&inner.nobodys));
            right && phc.is_some()
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::new(Code::Busy).retry_after(COME_BACK_S);
        let place = Place::take(&self.0).ok_or_else(busy)?;
        let turn = timeout(LONGEST_WAIT, self.0.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        // Both go with the work: whoever asked may have gone, the core is busy all the same.
        let done = spawn_blocking(move || {
            let result = work(&place.0);
            drop((turn, place));
            result
        });
        done.await.map_err(|_| Code::Internal.into())
    }
}

/// A place in the line, or at work.
struct Place(Arc<Inner>);

impl Place {
    fn take(inner: &Arc<Inner>) -> Option<Place> {
        let place = Place(inner.clone());
        (inner.inside.fetch_add(1, Ordering::Relaxed) < inner.most_inside).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Inner {
    /// The hash of a secret under a new salt.
    fn hash(&self, secret: &str) -> String {
        let salt = random_bytes::<16>();
        let output = self.output(&self.argon2, secret, &salt, Params::DEFAULT_OUTPUT_LEN);
        let params = ParamsString::try_from(self.argon2.params());
        PasswordHash {
            algorithm: ARGON2ID,
            version: Some(Version::V0x13.into()),
            params: params.expect("parameters can be written"),
            salt: Some(Salt::new(&salt).expect("16 bytes are a salt")),
            hash: Some(output.expect("a secret of any length can be hashed")),
        }
        .to_string()
    }

    /// Whether a secret has this hash, whatever it cost.
    fn verify(&self, secret: &str, phc: &str) -> bool {
        let Ok(phc) = PasswordHash::new(phc) else { return false };
        let (Some(salt), Some(expected), Ok(params)) = (&phc.salt, &phc.hash, Params::try_from(&phc)) else {
            return false;
        };
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let output = self.output(&argon2, secret, salt.as_ref(), expected.len());
        // Compared in a time that does not tell where they differ.
        phc.algorithm == ARGON2ID && output.is_some_and(|output| output == *expected)
    }

    /// Hashes in memory that is kept from one hash to the next: what is asked of the system and given back for each
    /// would stay behind in pieces.
    fn output(&self, argon2: &Argon2<'_>, secret: &str, salt: &[u8], length: usize) -> Option<Output> {
        let kept = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut blocks = kept().pop().unwrap_or_default();
        blocks.resize(argon2.params().block_count(), Block::new());
        let mut output = vec![0; length];
        let done =
            argon2.hash_password_into_with_memory(secret.as_bytes(), salt, &mut output, &mut blocks[..]);
        kept().push(blocks);
        done.ok().and_then(|()| Output::new(&output).ok())
    }
}

/// A password for somebody's first sign-in: 60 random bits in twelve legible letters and digits, like `k7mp-3qxz-wd8n`.
pub fn one_time_password() -> String {
    let letters = random_bytes::<12>().map(|byte| char::from(LEGIBLE[usize::from(byte % 32)]));
    let quarters: Vec<String> = letters.chunks(4).map(|four| four.iter().collect()).collect();
    quarters.join("-")
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
    fn whoever_would_stand_at_the_end_of_a_long_line_is_told_at_once_and_the_others_have_their_turn() {
        run(async {
            let hasher = hasher();
            let asked = (0..500).map(|_| hasher.hash("correct-horse-battery"));
            let answers = futures_util::future::join_all(asked).await;
            let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
            let refused: Vec<_> = refused.map(|problem| (problem.code, problem.retry_after_s())).collect();
            let at_once = hasher.0.most_inside - MOST_WAITING;
            assert!(refused.len() >= 500 - MOST_WAITING - 2 * at_once, "{}", refused.len());
            assert!(refused.iter().all(|refusal| *refusal == (Code::Busy, Some(COME_BACK_S))));
            // They have left: there is room again, and memory for as many hashes as are made at once.
            assert_eq!(hasher.0.inside.load(Ordering::Relaxed), 0);
            assert!(hasher.0.memory.lock().unwrap().len() <= at_once);
            hasher.hash("correct-horse-battery").await.unwrap();
        });
    }

    #[test]
    fn a_hash_that_the_library_made_by_itself_is_known() {
        use argon2::password_hash::PasswordHasher as _;
        let cost = Params::new(2 * Params::MIN_M_COST, 2, 1, None).unwrap();
        let library = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost);
        let phc = library.hash_password(b"correct-horse-battery").unwrap().to_string();
        run(async move {
            assert!(hasher().is_right("correct-horse-battery", Some(phc.clone())).await.unwrap());
            assert!(!hasher().is_right("correct-horse-batterz", Some(phc)).await.unwrap());
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
