//! Answers of a scripted phone.

use sip::{HeaderName, Headers, Request};

/// An answer to `request`: `status` such as `200 OK`, `contact` the URI for later requests, `body` a session description.
#[must_use]
pub fn answer(request: &Request, status: &str, contact: &str, body: &str) -> Vec<u8> {
    let headers = &request.headers;
    let mut answer = format!("SIP/2.0 {status}\r\n");
    for via in headers.all(&HeaderName::Via) {
        answer.push_str(&format!("Via: {}\r\n", via.as_str()));
    }
    for route in headers.all(&HeaderName::RecordRoute) {
        answer.push_str(&format!("Record-Route: {}\r\n", route.as_str()));
    }
    let call_id = header(headers, &HeaderName::CallId);
    let to = header(headers, &HeaderName::To);
    // The same tag for the same call, also when the request comes again.
    let tag = if to.contains(";tag=") {
        String::new()
    } else {
        format!(";tag=to{call_id}")
    };
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    answer.push_str(&format!(
        "From: {from}\r\nTo: {to}{tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\nContact: <{contact}>\r\n\
         {kind}Content-Length: {length}\r\n\r\n{body}",
        from = header(headers, &HeaderName::From),
        cseq = header(headers, &HeaderName::CSeq),
        length = body.len(),
    ));
    answer.into_bytes()
}

/// The text of a header; empty if it is not there.
#[must_use]
pub fn header(headers: &Headers, name: &HeaderName) -> String {
    headers
        .get(name)
        .map_or(String::new(), |value| value.as_str().to_owned())
}
