//! The state of one registration.

use std::time::Duration;

use crate::endpoint::{DigestClient, Random, RegistrationFailure};
use crate::{
    CSeq, Contact, Expires, Flow, HeaderName, Headers, Method, MinExpires, NameAddr, Request,
    Require, Response, RetryAfter, Route, StatusCode, Text, Uri,
};

/// A registrar that wishes for a longer life each time would be asked for ever.
const MOST_ADJUSTMENTS: u8 = 3;

/// More routes than this are no service, but an attempt to fill memory.
const MOST_SERVICE_ROUTES: usize = 16;

/// What is to be registered.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) flow: Flow,
    pub(crate) registrar: Uri,
    pub(crate) address_of_record: NameAddr,
    pub(crate) contact: Uri,
    pub(crate) digest: Option<DigestClient>,
    pub(crate) expires_seconds: u32,
    pub(crate) instance: Option<Text>,
    pub(crate) reg_id: Option<u32>,
    pub(crate) features: Vec<Text>,
}

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
    address_of_record: Uri,
    contact: NameAddr,
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
    /// Failures before the last success: they count again when it does not last.
    pub(crate) failures_before: u32,
    /// Since when the registrar has us over this connection, as time since the endpoint's first
    /// input.
    pub(crate) served_since: Option<Duration>,
    /// Whether the registrar treats the flow as RFC 5626 asks.
    pub(crate) is_outbound: bool,
    /// Where our later requests have to pass (RFC 3608).
    service_route: Vec<Text>,
    /// Lives that were too short in a row.
    adjustments: u8,
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
    pub(crate) fn new(wanted: Wanted, random: &mut Random) -> Self {
        let mut identity = wanted.address_of_record;
        identity.params.remove("tag");
        let mut contact = NameAddr::new(wanted.contact);
        if let Some(instance) = &wanted.instance {
            let urn = instance.trim_matches(['<', '>']);
            contact
                .params
                .set("+sip.instance", Some(&format!("\"<{urn}>\"")));
            if let Some(number) = wanted.reg_id {
                contact.params.set("reg-id", Some(&number.to_string()));
            }
        }
        for feature in &wanted.features {
            contact.params.set(feature, None);
        }
        Self {
            flow: wanted.flow,
            registrar: wanted.registrar,
            address_of_record: identity.uri.clone(),
            to: Text::from(identity.to_string()),
            from: Text::from(identity.with_tag(&random.tag()).to_string()),
            call_id: random.call_id(),
            sequence: 0,
            contact,
            wanted_seconds: wanted.expires_seconds,
            asked_seconds: wanted.expires_seconds,
            digest: wanted.digest,
            plan: 0,
            is_asking: false,
            is_bound: false,
            is_leaving: false,
            failures: 0,
            failures_before: 0,
            served_since: None,
            is_outbound: false,
            service_route: Vec::new(),
            adjustments: 0,
        }
    }

    /// Whether a request over `flow` from `from` is one of this registration's device.
    pub(crate) fn speaks_for(&self, flow: Flow, from: &Uri) -> bool {
        self.is_bound && self.is_over(flow) && self.address_of_record.equivalent(from)
    }

    /// Whether this registration goes over `flow`.
    pub(crate) fn is_over(&self, flow: Flow) -> bool {
        self.flow.transport == flow.transport
            && self.flow.local == flow.local
            && self.flow.remote == flow.remote
    }

    /// Whether the two registrations are for the same address.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        self.address_of_record.equivalent(&other.address_of_record)
    }

    /// Whether the device can be reached through this registration now.
    pub(crate) fn works(&self) -> bool {
        self.is_bound && self.failures == 0
    }

    /// Where requests of this device have to pass: values of Route.
    pub(crate) fn service_route(&self) -> &[Text] {
        &self.service_route
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
        headers.push_typed(&Contact::Address(self.contact.clone()));
        // RFC 5626 section 4.2.1, RFC 3327 section 5.1.
        headers.push(HeaderName::Supported, Text::from_static("path, outbound"));
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
            && self.adjustments < MOST_ADJUSTMENTS
        {
            self.adjustments += 1;
            self.wanted_seconds = least;
            return Verdict::AskAgain;
        }
        // A proxy between us and the registrar cannot keep flows apart: then without (RFC 5626
        // section 4.2.1).
        if status == StatusCode::FIRST_HOP_LACKS_OUTBOUND_SUPPORT
            && self.contact.params.remove("reg-id")
        {
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

    /// Whether a contact in the registrar's list is this registration: by its address, or by
    /// instance and number when the registrar writes the address as it sees it.
    fn is_ours(&self, listed: &NameAddr) -> bool {
        let ours = &self.contact;
        let same = |name| {
            let value = ours.params.unquoted(name);
            value.is_some() && value == listed.params.unquoted(name)
        };
        listed.uri.equivalent(&ours.uri) || (same("+sip.instance") && same("reg-id"))
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
                    .is_some_and(|address| self.is_ours(address))
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
        self.failures_before = self.failures_before.max(self.failures);
        self.failures = 0;
        self.adjustments = 0;
        self.is_bound = true;
        self.is_outbound = self.contact.params.has("reg-id")
            && headers.typed_list::<Require>().is_ok_and(|tags| {
                tags.iter()
                    .any(|tag| tag.0.eq_ignore_ascii_case("outbound"))
            });
        self.service_route = service_route(headers);
        Verdict::Granted {
            expires_seconds,
            contacts,
        }
    }
}

/// The values of Service-Route; none when one of them cannot be used as a Route.
fn service_route(headers: &Headers) -> Vec<Text> {
    let routes: Vec<Text> = headers
        .all(&HeaderName::ServiceRoute)
        .take(MOST_SERVICE_ROUTES)
        .cloned()
        .collect();
    let mut as_routes = Headers::new();
    for route in &routes {
        as_routes.push(HeaderName::Route, route);
    }
    match as_routes.typed_list::<Route>() {
        Ok(list) if list.len() <= MOST_SERVICE_ROUTES => routes,
        _ => Vec::new(),
    }
}

/// Whether a refusal may be over a while later: the server's own troubles and overload. All others
/// say that the request is wrong, and would be as wrong the next time.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.code(), 408 | 423 | 429 | 480 | 500..=599 | 600)
}
