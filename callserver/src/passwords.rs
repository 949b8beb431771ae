//! Passwords as argon2id hashes, made and checked on threads of their own.

use std::sync::{Arc, OnceLock};

use api::Password;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// Makes and checks password hashes, a few at a time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    places: Arc<Semaphore>,
    // What is checked when there is nothing to check, so that an unknown name takes as long as a wrong password.
    dummy: Arc<OnceLock<String>>,
}

/// The hash could not be made.
#[derive(Debug, thiserror::Error)]
#[error("The password could not be hashed ({0}); this is a fault of the server.")]
pub struct HashError(String);

impl Default for Passwords {
    fn default() -> Self {
        // Each hash takes one core and 19 MiB: more at a time would only take memory and starve calls.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            places: Arc::new(Semaphore::new(cores.div_ceil(2))),
            dummy: Arc::default(),
        }
    }
}

impl Passwords {
    /// Hashes a new password; the result is a PHC string that carries its salt and costs.
    ///
    /// # Errors
    /// If the system has no randomness or no memory for it.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        self.on_a_thread(move || hash(password.reveal())).await
    }

    /// Whether `password` is the one that `stored` was made of. Takes the same time when there is no stored hash.
    ///
    /// # Errors
    /// If the system has no memory for it.
    pub async fn is_right(
        &self,
        stored: Option<String>,
        password: String,
    ) -> Result<bool, HashError> {
        let dummy = self.dummy.clone();
        self.on_a_thread(move || {
            let (hash, is_real) = match stored {
                Some(stored) => (stored, true),
                None => match dummy.get() {
                    Some(dummy) => (dummy.clone(), false),
                    None => {
                        let made = hash("nobody has this password")?;
                        (dummy.get_or_init(|| made).clone(), false)
                    }
                },
            };
            let parsed = PasswordHash::new(&hash).map_err(|error| HashError(error.to_string()))?;
            let is_equal = Argon2::default()
                .verify_password(password.as_bytes(), &parsed)
                .is_ok();
            Ok(is_equal && is_real)
        })
        .await
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = self
            .places
            .clone()
            .acquire_owned()
            .await
            .map_err(|error| HashError(error.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            // Kept by the thread: a client that goes away does not make room for another one.
            let _place = place;
            work()
        })
        .await;
        done.map_err(|error| HashError(error.to_string()))?
    }
}

fn hash(password: &str) -> Result<String, HashError> {
    // argon2id with 19 MiB and two passes, the first recommendation of the OWASP password storage guide.
    let made = Argon2::default().hash_password(password.as_bytes());
    made.map(|hash| hash.to_string())
        .map_err(|error| HashError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Username;

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let passwords = Passwords::default();
        let password =
            Password::parse("correct horse", &Username::parse("alice").unwrap()).unwrap();
        let stored = passwords.hash(password).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(
            passwords
                .is_right(Some(stored.clone()), "correct horse".into())
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .is_right(Some(stored), "wrong horse".into())
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .is_right(None, "nobody has this password".into())
                .await
                .unwrap()
        );
    }
}
