//! What a REGISTER wishes, read and checked before anything is changed (RFC 3261 10.3 step 6).

use sip::{
    CSeq, Contact, Expires, HeaderName, Headers, MinExpires, NameAddr, READS_ROOMS, Request,
    Scheme, StatusCode, Text,
};

use super::outbound::{self, Way};
use crate::RegistrationLimits;

/// The wishes of one REGISTER.
#[derive(Debug)]
pub(super) struct Wishes {
    pub(super) call_id: Text,
    pub(super) cseq: u32,
    pub(super) wish: Wish,
    pub(super) way: Way,
    /// Whether the one contact is a flow that is kept beside others of its phone.
    pub(super) is_flow: bool,
}

#[derive(Debug)]
pub(super) enum Wish {
    /// Tell me what you have.
    Query,
    /// `Contact: *`
    RemoveAll,
    /// Add, refresh or remove these; a life of 0 s removes.
    Change(Vec<Wanted>),
}

/// One contact with the life that it gets, in seconds.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) address: NameAddr,
    pub(super) expires_seconds: u32,
    pub(super) q: u16,
    pub(super) reg_id: Option<u32>,
}

impl Wanted {
    /// Whether the phone says that it reads conversations by itself. Without a value a feature tag means `TRUE` (RFC 3840
    /// section 9).
    pub(super) fn reads_rooms(&self) -> bool {
        let params = &self.address.params;
        let value = params.unquoted(READS_ROOMS);
        params.has(READS_ROOMS) && value.is_none_or(|value| value.eq_ignore_ascii_case("TRUE"))
    }
}

/// A REGISTER that changes nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) headers: Headers,
}

impl From<StatusCode> for Refusal {
    fn from(status: StatusCode) -> Self {
        Refusal {
            status,
            headers: Headers::new(),
        }
    }
}

/// More contacts in one REGISTER are refused.
const MAX_CONTACTS: usize = 20;

pub(super) fn read(message: &Request, limits: &RegistrationLimits) -> Result<Wishes, Refusal> {
    let headers = &message.headers;
    let bad = |_| Refusal::from(StatusCode::BAD_REQUEST);
    let cseq = headers.required::<CSeq>().map_err(bad)?.number;
    let call_id = headers
        .get(&HeaderName::CallId)
        .ok_or(StatusCode::BAD_REQUEST)?;
    // A malformed Expires counts as absent (RFC 3261 10.2.1.1).
    let of_all = headers
        .typed::<Expires>()
        .ok()
        .flatten()
        .map(|expires| expires.0);
    let contacts = headers.typed_list::<Contact>().map_err(bad)?;
    if contacts.len() > MAX_CONTACTS {
        return Err(StatusCode::BAD_REQUEST.into());
    }
    let way = outbound::way(message)?;
    let mut is_flow = false;
    let wish = if contacts.is_empty() {
        Wish::Query
    } else if contacts.contains(&Contact::Star) {
        // RFC 3261 10.2.2: a star stands alone, and with `Expires: 0`.
        if contacts.len() > 1 || of_all != Some(0) {
            return Err(StatusCode::BAD_REQUEST.into());
        }
        Wish::RemoveAll
    } else {
        let wanted = contacts
            .into_iter()
            .map(|contact| wanted(contact, of_all, limits, &way));
        let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
        is_flow = outbound::check(message, &way, &wanted)?;
        Wish::Change(wanted)
    };
    Ok(Wishes {
        // Copied, because a binding would keep the memory of the whole message otherwise.
        call_id: Text::from(call_id.as_str().to_owned()),
        cseq,
        wish,
        way,
        is_flow,
    })
}

fn wanted(
    contact: Contact,
    of_all: Option<u32>,
    limits: &RegistrationLimits,
    way: &Way,
) -> Result<Wanted, Refusal> {
    let wished = contact
        .expires()
        .or(of_all)
        .unwrap_or(limits.default_expires);
    let q = contact.q();
    let Contact::Address(address) = contact else {
        return Err(StatusCode::BAD_REQUEST.into());
    };
    if !matches!(address.uri.scheme, Scheme::Sip | Scheme::Sips) {
        return Err(StatusCode::UNSUPPORTED_URI_SCHEME.into());
    }
    // A registrar may refuse what is shorter than its minimum, but never what is an hour or more (RFC 3261 10.3 step 7).
    if wished > 0 && wished < limits.min_expires && wished < 3600 {
        let mut headers = Headers::new();
        headers.push_typed(&MinExpires(limits.min_expires));
        return Err(Refusal {
            status: StatusCode::INTERVAL_TOO_BRIEF,
            headers,
        });
    }
    Ok(Wanted {
        reg_id: outbound::reg_id(&address, way),
        address,
        expires_seconds: wished.min(limits.max_expires),
        q,
    })
}
