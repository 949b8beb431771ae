//! A publication of ours.

use std::time::Duration;

use bytes::Bytes;

use crate::endpoint::{DigestClient, PublicationFailure, Random};
use crate::{
    CSeq, EventHeader, Expires, Flow, HeaderName, Headers, Method, MinExpires, NameAddr, Request,
    Response, RetryAfter, SipEtag, SipIfMatch, StatusCode, Text, Uri,
};

/// A server that finds something to correct each time would be asked for ever.
const MOST_ADJUSTMENTS: u8 = 3;

/// What is to be published.
#[derive(Debug)]
pub(crate) struct Publishing {
    pub(crate) flow: Flow,
    pub(crate) uri: Uri,
    pub(crate) from: NameAddr,
    pub(crate) event: EventHeader,
    pub(crate) expires_seconds: u32,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    pub(crate) digest: Option<DigestClient>,
}

/// One state that is kept published.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) flow: Flow,
    uri: Uri,
    from: Text,
    to: Text,
    call_id: Text,
    sequence: u32,
    event: EventHeader,
    wanted_seconds: u32,
    headers: Headers,
    body: Bytes,
    digest: Option<DigestClient>,
    /// The server's name for what it has.
    tag: Option<Text>,
    /// Whether the server does not have `body` yet.
    is_changed: bool,
    /// Whether the request under way carried a body.
    carried_body: bool,
    adjustments: u8,
    /// The number of the present plan: what belongs to an older one no longer counts.
    pub(crate) plan: u32,
    /// Whether a PUBLISH is under way.
    pub(crate) is_asking: bool,
    /// Whether it shall end.
    pub(crate) is_leaving: bool,
    /// Failures since the last success.
    pub(crate) failures: u32,
}

/// What an answer means.
#[derive(Debug)]
pub(crate) enum PublicationVerdict {
    /// Ask again at once: with credentials, for longer, as new, or with what has changed meanwhile.
    AskAgain,
    /// The server has it.
    Published { expires_seconds: u32 },
    /// The server no longer has it, as we wished.
    Removed,
    /// Refused. `is_final` when the same request would be refused again.
    Failed {
        failure: PublicationFailure,
        is_final: bool,
        retry_after: Option<Duration>,
    },
}

impl Publication {
    pub(crate) fn new(wish: Publishing, random: &mut Random) -> Self {
        let mut identity = wish.from;
        identity.params.remove("tag");
        Self {
            flow: wish.flow,
            to: Text::from(format!("<{}>", wish.uri)),
            uri: wish.uri,
            from: Text::from(identity.with_tag(&random.tag()).to_string()),
            call_id: random.call_id(),
            sequence: 0,
            event: wish.event,
            wanted_seconds: wish.expires_seconds,
            headers: wish.headers,
            body: wish.body,
            digest: wish.digest,
            tag: None,
            is_changed: true,
            carried_body: false,
            adjustments: 0,
            plan: 0,
            is_asking: false,
            is_leaving: false,
            failures: 0,
        }
    }

    /// The state has changed: what the server has is modified.
    pub(crate) fn change(&mut self, wish: Publishing) {
        self.flow = wish.flow;
        self.headers = wish.headers;
        self.body = wish.body;
        self.wanted_seconds = wish.expires_seconds;
        if wish.digest.is_some() && self.digest.is_none() {
            self.digest = wish.digest;
        }
        self.is_changed = true;
    }

    /// Whether the server may have something of ours.
    pub(crate) fn is_known(&self) -> bool {
        self.tag.is_some()
    }

    /// The next PUBLISH, without Via: initial, refresh, modify or remove (section 4.1, table 1).
    pub(crate) fn request(&mut self, random: &mut Random) -> Request {
        self.sequence = self.sequence.wrapping_add(1);
        let mut request = Request::new(Method::Publish, self.uri.clone());
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, Text::from_static("70"));
        headers.push(HeaderName::From, &self.from);
        headers.push(HeaderName::To, &self.to);
        headers.push(HeaderName::CallId, &self.call_id);
        headers.push_typed(&CSeq {
            number: self.sequence,
            method: Method::Publish,
        });
        headers.push_typed(&self.event);
        headers.push_typed(&Expires(if self.is_leaving {
            0
        } else {
            self.wanted_seconds
        }));
        if let Some(tag) = &self.tag {
            headers.push_typed(&SipIfMatch(tag.clone()));
        }
        self.carried_body = !self.is_leaving && (self.is_changed || self.tag.is_none());
        for header in &self.headers {
            if self.carried_body || header.name != HeaderName::ContentType {
                headers.push(header.name.clone(), &header.value);
            }
        }
        if self.carried_body {
            self.is_changed = false;
            request.body = self.body.clone();
        }
        if let Some(digest) = &mut self.digest {
            digest.authorize(&mut request, random);
        }
        request
    }

    /// The PUBLISH under way got no answer that says whether the server has its body.
    pub(crate) fn unanswered(&mut self) {
        self.is_changed |= self.carried_body;
    }

    /// Reads the final answer to the last PUBLISH.
    pub(crate) fn answered(&mut self, response: &Response) -> PublicationVerdict {
        let status = response.status;
        if status.is_success() {
            if let Some(digest) = &mut self.digest {
                digest.accepted(response);
            }
            return self.accepted(&response.headers);
        }
        self.unanswered();
        if DigestClient::is_challenge(status)
            && let Some(digest) = &mut self.digest
            && digest.learn(response)
        {
            return PublicationVerdict::AskAgain;
        }
        if self.adjusts(response) {
            self.adjustments += 1;
            return PublicationVerdict::AskAgain;
        }
        if self.is_leaving && status == StatusCode::CONDITIONAL_REQUEST_FAILED {
            return PublicationVerdict::Removed;
        }
        let retry_after = match response.headers.typed::<RetryAfter>() {
            Ok(Some(RetryAfter { seconds, .. })) => Some(Duration::from_secs(u64::from(seconds))),
            _ => None,
        };
        let is_passing = matches!(status.code(), 408 | 412 | 423 | 429 | 480 | 500..=599 | 600);
        PublicationVerdict::Failed {
            failure: PublicationFailure::Refused(status),
            is_final: !is_passing,
            retry_after,
        }
    }

    /// Whether the refusal says what to do better.
    fn adjusts(&mut self, response: &Response) -> bool {
        if self.is_leaving || self.adjustments >= MOST_ADJUSTMENTS {
            return false;
        }
        match response.status {
            // The server has lost it, or has let it expire: publish as new (section 4.1).
            StatusCode::CONDITIONAL_REQUEST_FAILED => self.tag.take().is_some(),
            StatusCode::INTERVAL_TOO_BRIEF => match response.headers.typed() {
                Ok(Some(MinExpires(least))) if least > self.wanted_seconds => {
                    self.wanted_seconds = least;
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn accepted(&mut self, headers: &Headers) -> PublicationVerdict {
        if self.is_leaving && !self.carried_body {
            return PublicationVerdict::Removed;
        }
        let Ok(Some(SipEtag(tag))) = headers.typed() else {
            self.unanswered();
            return PublicationVerdict::Failed {
                failure: PublicationFailure::Malformed,
                is_final: true,
                retry_after: None,
            };
        };
        self.tag = Some(tag);
        self.failures = 0;
        self.adjustments = 0;
        if self.is_changed || self.is_leaving {
            return PublicationVerdict::AskAgain;
        }
        let expires_seconds = match headers.typed() {
            Ok(Some(Expires(seconds))) => seconds,
            _ => self.wanted_seconds,
        };
        PublicationVerdict::Published { expires_seconds }
    }
}
