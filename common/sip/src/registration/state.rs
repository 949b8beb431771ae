//! The state of one registration.

use std::time::Duration;

use crate::endpoint::{DigestClient, Random, RegistrationFailure};
use crate::{
    CSeq, Contact, Expires, Flow, HeaderName, Headers, Method, MinExpires, NameAddr, Request,
    Response, RetryAfter, StatusCode, Text, Uri,
};

/// One registration that is kept alive.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) flow: Flow,
    registrar: Uri,
    /// The value of From, with our tag.
    from: Text,
    /// The value of To.
    to: Text,
    /// One for the life of the registration, so that the registrar can order our requests.
    call_id: Text,
    sequence: u32,
    contact: Uri,
    wanted_seconds: u32,
    /// What the last REGISTER asked for; 0 to remove us.
    asked_seconds: u32,
    digest: Option<DigestClient>,
    /// The number of the present plan: what belongs to an older one no longer counts.
    pub(crate) plan: u32,
    /// Whether a REGISTER is under way.
    pub(crate) is_asking: bool,
    /// Whether the registrar may have us.
    pub(crate) is_bound: bool,
    /// Whether it shall end.
    pub(crate) is_leaving: bool,
    /// Failures since the last success.
    pub(crate) failures: u32,
}

/// What an answer means.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Ask again at once: with credentials, or for longer.
    AskAgain,
    /// Registered.
    Granted {
        expires_seconds: u32,
        contacts: Vec<Contact>,
    },
    /// No longer registered, as we wished.
    Removed,
    /// Refused. `is_final` when the same request would be refused again.
    Failed {
        failure: RegistrationFailure,
        is_final: bool,
        retry_after: Option<Duration>,
    },
}

impl Registration {
    pub(crate) fn new(
        flow: Flow,
        registrar: Uri,
        address_of_record: &NameAddr,
        contact: Uri,
        digest: Option<DigestClient>,
        wanted_seconds: u32,
        random: &mut Random,
    ) -> Self {
        let mut identity = address_of_record.clone();
        identity.params.remove("tag");
        Self {
            flow,
            registrar,
            to: Text::from(identity.to_string()),
            from: Text::from(identity.with_tag(&random.tag()).to_string()),
            call_id: random.call_id(),
            sequence: 0,
            contact,
            wanted_seconds,
            asked_seconds: wanted_seconds,
            digest,
            plan: 0,
            is_asking: false,
            is_bound: false,
            is_leaving: false,
            failures: 0,
        }
    }

    /// The next REGISTER, without Via.
    pub(crate) fn request(&mut self, random: &mut Random) -> Request {
        self.sequence = self.sequence.wrapping_add(1);
        let mut request = Request::new(Method::Register, self.registrar.clone());
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, Text::from_static("70"));
        headers.push(HeaderName::From, &self.from);
        headers.push(HeaderName::To, &self.to);
        headers.push(HeaderName::CallId, &self.call_id);
        headers.push_typed(&CSeq {
            number: self.sequence,
            method: Method::Register,
        });
        headers.push_typed(&Contact::Address(NameAddr::new(self.contact.clone())));
        self.asked_seconds = if self.is_leaving {
            0
        } else {
            self.wanted_seconds
        };
        headers.push_typed(&Expires(self.asked_seconds));
        if let Some(digest) = &mut self.digest {
            digest.authorize(&mut request, random);
        }
        request
    }

    /// Reads the final answer to the last REGISTER.
    pub(crate) fn answered(&mut self, response: &Response) -> Verdict {
        let status = response.status;
        if status.is_success() {
            if let Some(digest) = &mut self.digest {
                digest.accepted(response);
            }
            return match self.asked_seconds {
                0 => Verdict::Removed,
                _ => self.granted(&response.headers),
            };
        }
        if DigestClient::is_challenge(status)
            && let Some(digest) = &mut self.digest
            && digest.learn(response)
        {
            return Verdict::AskAgain;
        }
        if status == StatusCode::INTERVAL_TOO_BRIEF
            && let Ok(Some(MinExpires(least))) = response.headers.typed()
            && least > self.wanted_seconds
            && !self.is_leaving
        {
            self.wanted_seconds = least;
            return Verdict::AskAgain;
        }
        let retry_after = match response.headers.typed::<RetryAfter>() {
            Ok(Some(RetryAfter { seconds, .. })) => Some(Duration::from_secs(u64::from(seconds))),
            _ => None,
        };
        Verdict::Failed {
            failure: RegistrationFailure::Refused(status),
            is_final: !is_passing(status),
            retry_after,
        }
    }

    fn granted(&mut self, headers: &Headers) -> Verdict {
        let malformed = Verdict::Failed {
            failure: RegistrationFailure::Malformed,
            is_final: false,
            retry_after: None,
        };
        let Ok(contacts) = headers.typed_list::<Contact>() else {
            return malformed;
        };
        let of_contact = contacts
            .iter()
            .find(|contact| {
                contact
                    .address()
                    .is_some_and(|address| address.uri.equivalent(&self.contact))
            })
            .and_then(Contact::expires);
        let of_header = match headers.typed::<Expires>() {
            Ok(Some(Expires(seconds))) => Some(seconds),
            _ => None,
        };
        // A registrar that does not say what it has granted has granted what was asked for.
        let expires_seconds = of_contact.or(of_header).unwrap_or(self.wanted_seconds);
        if expires_seconds == 0 {
            return malformed;
        }
        self.failures = 0;
        self.is_bound = true;
        Verdict::Granted {
            expires_seconds,
            contacts,
        }
    }
}

/// Whether a refusal may be over a while later: the server's own troubles and overload. All others
/// say that the request is wrong, and would be as wrong the next time.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.code(), 408 | 423 | 429 | 480 | 500..=599 | 600)
}
