//! Several flows of one phone (RFC 5626 section 6), and the proxies before it (RFC 3327).

use sip::{HeaderName, NameAddr, Path, Request, StatusCode, Supported, Text};

use super::contacts::{Refusal, Wanted};

/// What a REGISTER says about the way that it came.
#[derive(Debug)]
pub(super) struct Way {
    /// The proxies that want to be on the way back, the nearest to us first.
    pub(super) path: Vec<Text>,
    /// Whether the phone wants to hear about them.
    pub(super) tells_path: bool,
    /// Whether the phone knows of flows.
    pub(super) is_outbound: bool,
}

/// More proxies before a phone are no way but a loop, and each is kept.
const MOST_HOPS: usize = 16;

pub(super) fn way(message: &Request) -> Result<Way, Refusal> {
    let headers = &message.headers;
    let supported = if headers.has(&HeaderName::Supported) {
        headers.typed_list::<Supported>().unwrap_or_default()
    } else {
        Vec::new()
    };
    let knows = |tag: &str| {
        let mut tags = supported.iter();
        tags.any(|Supported(own)| own.eq_ignore_ascii_case(tag))
    };
    let path = if headers.has(&HeaderName::Path) {
        let hops = headers.typed_list::<Path>();
        let hops = hops.map_err(|_| Refusal::from(StatusCode::BAD_REQUEST))?;
        if hops.len() > MOST_HOPS {
            return Err(StatusCode::BAD_REQUEST.into());
        }
        let texts = hops.iter().map(|Path(hop)| Text::from(hop.to_string()));
        texts.collect()
    } else {
        Vec::new()
    };
    Ok(Way {
        path,
        tells_path: knows("path"),
        is_outbound: knows("outbound"),
    })
}

/// The number of a flow; `None` unless the phone has a name that does not change (RFC 5626 section 6).
pub(super) fn reg_id(address: &NameAddr, way: &Way) -> Option<u32> {
    if !way.is_outbound || !address.params.has("+sip.instance") {
        return None;
    }
    let number: u32 = address.params.value("reg-id")?.parse().ok()?;
    (1..=i32::MAX.cast_unsigned())
        .contains(&number)
        .then_some(number)
}

/// Refuses flows that could not be kept apart, or that the first proxy would not keep. Tells whether there are flows.
pub(super) fn check(message: &Request, way: &Way, wanted: &[Wanted]) -> Result<bool, Refusal> {
    let flows = wanted
        .iter()
        .filter(|wanted| wanted.reg_id.is_some() && wanted.expires_seconds > 0)
        .count();
    if flows > 1 {
        return Err(StatusCode::BAD_REQUEST.into());
    }
    let hops: usize = message
        .headers
        .all(&HeaderName::Via)
        .map(|via| via.split(',').count())
        .sum();
    // The phone's own Via stands alone when nobody is between. Else the nearest proxy to it says that it keeps flows.
    let keeps_flows = |hop: &Text| {
        let hop: Result<NameAddr, _> = hop.parse();
        hop.is_ok_and(|hop| hop.uri.params.has("ob"))
    };
    if flows == 1 && hops > 1 && !way.path.last().is_some_and(keeps_flows) {
        return Err(StatusCode::FIRST_HOP_LACKS_OUTBOUND_SUPPORT.into());
    }
    Ok(flows == 1)
}
