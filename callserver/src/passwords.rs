//! Passwords as argon2id hashes, made and checked on threads of their own, a few at a time.

mod costs;
mod hasher;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use api::Password;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use tokio::sync::Semaphore;

pub(crate) use costs::Costs;
use hasher::Hasher;

/// Makes and checks password hashes, a few at a time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    current: Arc<Mutex<Current>>,
}

#[derive(Debug, Default)]
struct Current {
    costs: Costs,
    // What is checked when there is nothing to check, so that an unknown name takes as long as a wrong password. It is
    // made at these costs.
    dummy: Option<String>,
}

/// Whether a password was right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is the one, and its hash costs what hashes cost here.
    Right,
    /// It is the one; its hash was made at other costs and should be made again.
    RightAtOtherCosts,
    /// It is not the one, or there is none.
    Wrong,
}

/// The hash could not be made or checked.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The system refused.
    #[error("The password could not be hashed ({0}); this is a fault of the server.")]
    Failed(String),
    /// So many are waiting that another one would wait for long.
    #[error("The server checks as many passwords as it can; try again in a few seconds.")]
    Busy,
}

/// At 100 ms each the last of these waits a few seconds; a client would not wait for longer.
const MAX_WAITING: usize = 64;

impl Default for Passwords {
    fn default() -> Self {
        // Each hash takes one core and tens of MiB: more at a time would only take memory and starve calls.
        Self {
            places: Arc::new(Semaphore::new(places())),
            waiting: Arc::default(),
            current: Arc::default(),
        }
    }
}

fn places() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .div_ceil(2)
}

impl Passwords {
    /// What hashes cost from now on.
    pub fn costs(&self) -> Costs {
        self.current().costs
    }

    /// Sets what hashes cost from now on; those that were made stay good.
    pub fn set_costs(&self, costs: Costs) {
        *self.current() = Current { costs, dummy: None };
    }

    /// Finds the costs at which one hash takes about 100 ms of this machine, on a thread of its own. Takes about three
    /// times that.
    ///
    /// # Errors
    /// If the system has no memory for it.
    pub async fn find_costs(&self) -> Result<Costs, HashError> {
        self.on_a_thread(|_| costs::tune(places())).await
    }

    /// Hashes a new password; the result is a PHC string that carries its salt and costs.
    ///
    /// # Errors
    /// If the system has no randomness or no memory for it, or too many are waiting.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        self.hash_again(password.reveal().to_owned()).await
    }

    /// Hashes a password that is in use already, and may be older than today's rule.
    ///
    /// # Errors
    /// If the system has no randomness or no memory for it, or too many are waiting.
    pub async fn hash_again(&self, password: String) -> Result<String, HashError> {
        self.on_a_thread(move |current| {
            let costs = lock(current).costs;
            hash(&password, costs)
        })
        .await
    }

    /// Whether `password` is the one that `stored` was made of. Takes the same time when there is no stored hash.
    ///
    /// # Errors
    /// If the system has no memory for it, or too many are waiting.
    pub async fn check(
        &self,
        stored: Option<String>,
        password: String,
    ) -> Result<Verdict, HashError> {
        self.on_a_thread(move |current| {
            let (costs, dummy) = {
                let current = lock(current);
                (current.costs, current.dummy.clone())
            };
            let (hash, is_real) = match (stored, dummy) {
                (Some(stored), _) => (stored, true),
                (None, Some(dummy)) => (dummy, false),
                (None, None) => {
                    let made = hash("nobody has this password", costs)?;
                    let mut current = lock(current);
                    if current.costs == costs {
                        current.dummy = Some(made.clone());
                    }
                    (made, false)
                }
            };
            let parsed =
                PasswordHash::new(&hash).map_err(|error| HashError::Failed(error.to_string()))?;
            // The costs are those in the hash.
            let is_equal = Hasher.verify_password(password.as_bytes(), &parsed).is_ok();
            Ok(match is_equal && is_real {
                false => Verdict::Wrong,
                true if Costs::of(&parsed) == Some(costs) => Verdict::Right,
                true => Verdict::RightAtOtherCosts,
            })
        })
        .await
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        lock(&self.current)
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Mutex<Current>) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let waiting = Waiting::enter(&self.waiting)?;
        let failed = |error: &dyn std::fmt::Display| HashError::Failed(error.to_string());
        let place = self.places.clone().acquire_owned().await;
        let place = place.map_err(|error| failed(&error))?;
        drop(waiting);
        let current = self.current.clone();
        let done = tokio::task::spawn_blocking(move || {
            // Kept by the thread: a client that goes away does not make room for another one.
            let _place = place;
            work(&current)
        })
        .await;
        done.map_err(|error| failed(&error))?
    }
}

/// One that waits for its turn, until it is dropped.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn enter(count: &Arc<AtomicUsize>) -> Result<Self, HashError> {
        let waiting = Self(count.clone());
        match count.fetch_add(1, Ordering::Relaxed) < MAX_WAITING {
            true => Ok(waiting),
            false => Err(HashError::Busy),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock(current: &Mutex<Current>) -> std::sync::MutexGuard<'_, Current> {
    // It is set in one go: good even if a thread died with it.
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hash(password: &str, costs: Costs) -> Result<String, HashError> {
    let made = Hasher.hash(password.as_bytes(), costs.params()?);
    made.map(|hash| hash.to_string())
        .map_err(|error| HashError::Failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Username;

    fn password(text: &str) -> Password {
        let name = Username::parse("alice").expect("a name");
        Password::parse(text, &name).expect("a password")
    }

    async fn verdict(passwords: &Passwords, stored: Option<&String>, text: &str) -> Verdict {
        let checked = passwords.check(stored.cloned(), text.into()).await;
        checked.expect("it can be checked")
    }

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let passwords = Passwords::default();
        let stored = passwords.hash(password("correct horse")).await;
        let stored = stored.expect("it can be hashed");
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        let stored = Some(&stored);
        for (stored, text, expected) in [
            (stored, "correct horse", Verdict::Right),
            (stored, "wrong horse", Verdict::Wrong),
            (None, "nobody has this password", Verdict::Wrong),
        ] {
            assert_eq!(verdict(&passwords, stored, text).await, expected, "{text}");
        }
    }

    #[tokio::test]
    async fn a_hash_from_other_costs_is_good_and_known_as_old() {
        let passwords = Passwords::default();
        let old = passwords.hash(password("correct horse")).await;
        let old = old.expect("it can be hashed");
        passwords.set_costs("m=20480,t=2,p=1".parse().expect("costs"));
        let right = verdict(&passwords, Some(&old), "correct horse").await;
        assert_eq!(right, Verdict::RightAtOtherCosts);
        assert_eq!(
            verdict(&passwords, Some(&old), "wrong").await,
            Verdict::Wrong
        );
        let new = passwords.hash_again("correct horse".into()).await;
        let new = new.expect("it can be hashed");
        assert!(new.starts_with("$argon2id$v=19$m=20480,t=2,p=1$"), "{new}");
        let right = verdict(&passwords, Some(&new), "correct horse").await;
        assert_eq!(right, Verdict::Right);
    }

    #[test]
    fn only_so_many_wait() {
        let count = Arc::default();
        let waiting: Vec<_> = (0..MAX_WAITING).map(|_| Waiting::enter(&count)).collect();
        assert!(waiting.iter().all(Result::is_ok));
        assert!(matches!(Waiting::enter(&count), Err(HashError::Busy)));
        drop(waiting);
        assert!(Waiting::enter(&count).is_ok());
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}
