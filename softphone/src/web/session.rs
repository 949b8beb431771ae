//! One sign-in: its tokens, which are renewed in time, and whatever is asked under them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{RefreshRequest, Tokens};
use bytes::Bytes;
use reqwest::Response;
use serde::de::DeserializeOwned;
use sip_tokio::Fingerprint;
use tokio::sync::Mutex;

use super::connection::Question;
use super::{Connection, LOGOUT_PATH, REFRESH_PATH, WebError};

/// Takes every new pair of tokens before the first of them is used: a refresh token is good for one time.
pub type Keeper = Arc<dyn Fn(&Tokens) + Send + Sync>;

/// One sign-in at one server.
pub struct Session {
    connection: Connection,
    held: Mutex<Held>,
    keeper: Keeper,
}

struct Held {
    tokens: Tokens,
    renew_at: Instant,
}

impl Held {
    fn new(tokens: Tokens, now: Instant) -> Self {
        // A fifth of the life is left for clocks that differ and for slow networks.
        let life = Duration::from_secs(tokens.access_seconds).mul_f64(0.8);
        let renew_at = now.checked_add(life).unwrap_or(now);
        Self { tokens, renew_at }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Session")
            .field("server", &self.connection.address().origin())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A sign-in that has just succeeded.
    #[must_use]
    pub fn new(connection: Connection, tokens: Tokens, keeper: Keeper) -> Self {
        keeper(&tokens);
        Self {
            connection,
            held: Mutex::new(Held::new(tokens, Instant::now())),
            keeper,
        }
    }

    /// Asks under this sign-in; new tokens are fetched when the old ones have run out.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        question: &Question,
    ) -> Result<T, WebError> {
        let token = self.access_token(None).await?;
        match self.connection.ask(question, Some(&token)).await {
            Err(WebError::SessionEnded) => {
                let token = self.access_token(Some(&token)).await?;
                self.connection.ask(question, Some(&token)).await
            }
            outcome => outcome,
        }
    }

    /// As [`Session::ask`], for an answer that is no JSON.
    pub(super) async fn fetch(&self, question: &Question) -> Result<Bytes, WebError> {
        let token = self.access_token(None).await?;
        match self.connection.fetch(question, Some(&token)).await {
            Err(WebError::SessionEnded) => {
                let token = self.access_token(Some(&token)).await?;
                self.connection.fetch(question, Some(&token)).await
            }
            outcome => outcome,
        }
    }

    /// Listens to a stream of events under this sign-in.
    pub(super) async fn listen(&self, path: &str) -> Result<Response, WebError> {
        let token = self.access_token(None).await?;
        match self.connection.listen(path, &token).await {
            Err(WebError::SessionEnded) => {
                let token = self.access_token(Some(&token)).await?;
                self.connection.listen(path, &token).await
            }
            outcome => outcome,
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Ends this sign-in at the server, which revokes the device too.
    ///
    /// # Errors
    /// When the server did not hear of it.
    pub async fn end(&self) -> Result<(), WebError> {
        let question = Question::post_nothing(LOGOUT_PATH);
        self.ask::<serde::de::IgnoredAny>(&question).await.map(drop)
    }

    /// A token that is good now, and not the `spoilt` one. Only one task at a time fetches a new one: the refresh token
    /// of the others would be taken for a stolen one.
    pub(super) async fn access_token(&self, spoilt: Option<&str>) -> Result<String, WebError> {
        let mut held = self.held.lock().await;
        let is_spoilt = spoilt == Some(held.tokens.access_token.as_str());
        if is_spoilt || Instant::now() >= held.renew_at {
            let tokens = renewed(&self.connection, &held.tokens.refresh_token).await?;
            (self.keeper)(&tokens);
            *held = Held::new(tokens, Instant::now());
        }
        Ok(held.tokens.access_token.clone())
    }
}

/// New tokens for a refresh token. A lost answer can be had again, also by the next run of the program: the key follows from
/// the token.
pub(super) async fn renewed(
    connection: &Connection,
    refresh_token: &str,
) -> Result<Tokens, WebError> {
    let request = RefreshRequest {
        refresh_token: refresh_token.to_owned(),
    };
    let mut key = Fingerprint::of(refresh_token.as_bytes()).to_string();
    key.truncate(32);
    let question = Question::once(REFRESH_PATH, &request).keyed(key);
    connection.ask(&question, None).await
}
