//! One server, the connections to it, and whom they believe.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sip_tokio::{CertificateRefused, Fingerprint, Trust};

use super::error::refusal;
use super::{ServerAddress, WebError};

/// A server that does not take the connection in this time will not take it later either.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Checking a password is slow on purpose; ten times that on a busy server is still shorter than this.
const ANSWER_PATIENCE: Duration = Duration::from_secs(15);
/// No answer of the interface is larger: a page has at most 200 items, a recording some minutes. What sends more is
/// something else.
const ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// One server and the connections to it.
#[derive(Clone, Debug)]
pub struct Connection {
    client: reqwest::Client,
    address: ServerAddress,
    /// The one certificate that is believed; without it, what the machine's authorities vouch for.
    trusted: Option<Fingerprint>,
}

impl Connection {
    /// A server that is not connected to yet. Over HTTPS it must show the certificate `trusted`, or without one a
    /// certificate that this machine's authorities vouch for.
    ///
    /// # Errors
    /// When this machine can open no encrypted connection at all.
    pub fn new(address: ServerAddress, trusted: Option<Fingerprint>) -> Result<Self, WebError> {
        // No proxy and no redirect: a password goes to the server that was named and nowhere else.
        let mut client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_PATIENCE);
        if address.is_https() {
            let trust = match trusted {
                Some(fingerprint) => Trust::Pinned(vec![fingerprint]),
                None => Trust::SystemRoots,
            };
            let tls = trust.client_config().map_err(WebError::NoAuthorities)?;
            client = client.tls_backend_preconfigured((*tls).clone());
        } else {
            // It opens none, but a client wants to know how it would; the machine's authorities may be missing.
            let tls = Trust::Pinned(Vec::new()).client_config();
            client =
                client.tls_backend_preconfigured((*tls.map_err(WebError::NoAuthorities)?).clone());
        }
        let client = client.build().map_err(|error| WebError::Unreachable {
            server: address.origin(),
            cause: innermost(&error),
        })?;
        Ok(Self {
            client,
            address,
            trusted,
        })
    }

    /// Where the server is.
    #[must_use]
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// The one certificate that is believed.
    #[must_use]
    pub fn trusted(&self) -> Option<Fingerprint> {
        self.trusted
    }

    /// Asks once and reads the answer. `token` goes with it as a bearer token; `key` makes a repetition harmless.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        question: &Question,
        token: Option<&str>,
    ) -> Result<T, WebError> {
        let body = self.fetch(question, token).await?;
        // An answer without content is as good as `null`.
        let text: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(text).map_err(|error| {
            tracing::debug!(%error, path = question.path, "the answer cannot be read");
            WebError::NotCarillon(self.address.origin())
        })
    }

    /// Asks once for something that is no JSON.
    pub(super) async fn fetch(
        &self,
        question: &Question,
        token: Option<&str>,
    ) -> Result<Bytes, WebError> {
        let send = || async {
            let request = self.request(question, token)?.timeout(ANSWER_PATIENCE);
            Ok::<_, WebError>(request.send().await)
        };
        let response = match send().await? {
            // The server closed a connection that had rested, or was lost in the middle.
            Err(error) if question.may_be_repeated() && is_lost_on_the_way(&error) => {
                send().await?
            }
            other => other,
        };
        let response = response.map_err(|error| self.lost(&error))?;
        let status = response.status();
        let body = self.read(response).await?;
        if status.is_success() {
            Ok(body)
        } else {
            Err(refusal(status, &body, &self.address.origin()))
        }
    }

    /// Begins to listen to a stream of events.
    pub(super) async fn listen(&self, path: &str, token: &str) -> Result<Response, WebError> {
        let question = Question::get(path);
        let request = self
            .request(&question, Some(token))?
            .header(reqwest::header::ACCEPT, EVENT_STREAM);
        // A stream has no end to wait for, but its head comes like any other answer.
        let response = tokio::time::timeout(ANSWER_PATIENCE, request.send())
            .await
            .map_err(|_| WebError::Silent(self.address.origin()))?
            .map_err(|error| self.lost(&error))?;
        let status = response.status();
        let is_stream = response
            .headers()
            .get(reqwest::header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with(EVENT_STREAM));
        match status {
            StatusCode::OK if is_stream => Ok(response),
            StatusCode::OK => Err(WebError::NotOffered(self.address.origin())),
            _ => {
                let body = self.read(response).await?;
                Err(refusal(status, &body, &self.address.origin()))
            }
        }
    }

    /// Asks to go on with WebSocket on the connection.
    pub(super) async fn upgrade(&self, path: &str, key: &str) -> Result<Response, WebError> {
        let request = self
            .client
            .get(self.address.join(path)?)
            .header(reqwest::header::CONNECTION, "Upgrade")
            .header(reqwest::header::UPGRADE, "websocket")
            .header(reqwest::header::SEC_WEBSOCKET_VERSION, "13")
            .header(reqwest::header::SEC_WEBSOCKET_KEY, key);
        tokio::time::timeout(ANSWER_PATIENCE, request.send())
            .await
            .map_err(|_| WebError::Silent(self.address.origin()))?
            .map_err(|error| self.lost(&error))
    }

    fn request(
        &self,
        question: &Question,
        token: Option<&str>,
    ) -> Result<RequestBuilder, WebError> {
        let url = self.address.join(&question.path)?;
        let mut request = self.client.request(question.method.clone(), url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = &question.key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = &question.body {
            request = request
                .header(reqwest::header::CONTENT_TYPE, question.content_type)
                .body(body.clone());
        }
        Ok(request)
    }

    /// A request that its owner goes on with.
    pub(super) fn begin(
        &self,
        method: Method,
        path: &str,
        token: &str,
    ) -> Result<RequestBuilder, WebError> {
        let url = self.address.join(path)?;
        Ok(self.client.request(method, url).bearer_auth(token))
    }

    pub(super) async fn read(&self, mut response: Response) -> Result<Bytes, WebError> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if body.len() + piece.len() > ANSWER_BYTES {
                return Err(WebError::NotCarillon(self.address.origin()));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.into())
    }

    pub(super) fn lost(&self, error: &reqwest::Error) -> WebError {
        let server = self.address.origin();
        if let Some(refused) = CertificateRefused::behind(error) {
            let shown = refused.shown();
            return match self.trusted {
                Some(trusted) => WebError::ChangedCertificate {
                    server,
                    shown,
                    trusted,
                },
                None => WebError::UnknownCertificate { server, shown },
            };
        }
        if error.is_timeout() && !error.is_connect() {
            WebError::Silent(server)
        } else {
            let cause = innermost(error);
            WebError::Unreachable { server, cause }
        }
    }
}

/// Whether a connection was there and broke, so that a second try may fare better.
fn is_lost_on_the_way(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}

const EVENT_STREAM: &str = "text/event-stream";

/// What is asked of the server.
#[derive(Clone)]
pub(super) struct Question {
    method: Method,
    path: String,
    /// May hold a password, so it is in no debug output.
    body: Option<Bytes>,
    content_type: &'static str,
    /// Made once for each thing that a person wants done, and the same in each repetition.
    key: Option<String>,
}

impl Question {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// A `POST` that a repetition does no harm to, or that cannot be repeated.
    pub(super) fn once(path: impl Into<String>, body: &impl Serialize) -> Self {
        Self::new(Method::POST, path).with(body)
    }

    /// A `POST` without a body.
    pub(super) fn post_nothing(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// The same with this key: asked twice, it is done once.
    pub(super) fn keyed(mut self, key: String) -> Self {
        self.key = Some(key);
        self
    }

    /// Whether it does no harm when it arrives twice.
    fn may_be_repeated(&self) -> bool {
        self.key.is_some() || self.method != Method::POST
    }

    /// A `POST` that makes something: with a key, so that a repetition makes nothing twice.
    pub(super) fn post(path: impl Into<String>, body: &impl Serialize) -> Self {
        let key: [u64; 2] = rand::random();
        Self {
            key: Some(format!("{:016x}{:016x}", key[0], key[1])),
            ..Self::new(Method::POST, path).with(body)
        }
    }

    pub(super) fn put(path: impl Into<String>, body: &impl Serialize) -> Self {
        Self::new(Method::PUT, path).with(body)
    }

    pub(super) fn patch(path: impl Into<String>, body: &impl Serialize) -> Self {
        Self::new(Method::PATCH, path).with(body)
    }

    /// Puts something there that is no JSON.
    pub(super) fn put_raw(
        path: impl Into<String>,
        content_type: &'static str,
        body: Bytes,
    ) -> Self {
        Self {
            body: Some(body),
            content_type,
            ..Self::new(Method::PUT, path)
        }
    }

    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            content_type: "application/json",
            key: None,
        }
    }

    /// The same with something in it.
    pub(super) fn with(mut self, body: &impl Serialize) -> Self {
        // Our own wire types have nothing that JSON cannot say.
        self.body = serde_json::to_vec(body).ok().map(Bytes::from);
        self
    }
}

/// The last cause in an error's chain, which says what really happened.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string().trim_end_matches('.').to_owned()
}
