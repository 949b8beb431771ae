//! `message/sipfrag`: a piece of a SIP message as a body (RFC 3420).

use bytes::Bytes;

use crate::{HeaderName, Headers, Message, ParseError, Response, StatusCode, Text};

/// What the notifications of a REFER carry: how the request that it asked for is going (RFC 3515
/// section 2.4.5). A status line, perhaps with some headers.
///
/// ```
/// use sip::{Sipfrag, StatusCode};
///
/// let ringing = Sipfrag::new(StatusCode::RINGING);
/// assert_eq!(ringing.to_bytes(), "SIP/2.0 180 Ringing\r\n");
/// assert_eq!(Sipfrag::parse(&ringing.to_bytes()).unwrap().status, StatusCode::RINGING);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sipfrag {
    /// Provisional while it goes on, final when it is over.
    pub status: StatusCode,
    /// The words behind the status.
    pub reason: Text,
    /// Headers of the answer, if the sender tells any.
    pub headers: Headers,
}

impl Sipfrag {
    /// The Content-Type to send it with.
    pub const CONTENT_TYPE: &'static str = "message/sipfrag;version=2.0";

    /// The status line alone, which is all that the other side may need to know (RFC 3515
    /// section 5.3: headers may tell more than they should).
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            reason: Text::from_static(status.reason()),
            headers: Headers::new(),
        }
    }

    /// Whether `content_type`, the value of a Content-Type header, names this kind of body.
    pub fn is_named_by(content_type: &str) -> bool {
        let kind = content_type.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("message/sipfrag")
    }

    /// Reads a body. Its lines may end in CRLF or, as some phones write, in a bare LF; the last line
    /// need not end at all.
    ///
    /// # Errors
    /// [`ParseError`] when there is no status line, or a header that cannot be read.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        // What a fragment lacks to be a message is put behind it, and taken away again.
        const FILLER: &str = "Via: SIP/2.0/UDP x\r\nFrom: <sip:x>;tag=x\r\nTo: <sip:x>\r\nCall-ID: x\r\n\
                              CSeq: 1 REFER\r\nContent-Length: 0\r\n\r\n";
        const OWN: [HeaderName; 6] = [
            HeaderName::Via,
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
            HeaderName::CSeq,
            HeaderName::ContentLength,
        ];
        let text = String::from_utf8_lossy(body);
        let mut whole = String::with_capacity(text.len() + FILLER.len() + 2);
        for line in text.lines() {
            if line.trim().is_empty() {
                break;
            }
            let name = line.split(':').next().unwrap_or_default();
            let is_own = !whole.is_empty()
                && HeaderName::parse(name.trim()).is_some_and(|name| OWN.contains(&name));
            if !is_own {
                whole.push_str(line);
                whole.push_str("\r\n");
            }
        }
        whole.push_str(FILLER);
        match Message::parse(Bytes::from(whole))? {
            Message::Response(response) => {
                let Response {
                    status,
                    reason,
                    mut headers,
                    ..
                } = response;
                for name in &OWN {
                    headers.remove(name);
                }
                Ok(Self {
                    status,
                    reason,
                    headers,
                })
            }
            Message::Request(request) => Err(ParseError::in_request(
                &request,
                crate::HeaderError::new(
                    HeaderName::ContentType,
                    "names a fragment without a status",
                ),
            )),
        }
    }

    /// The body as it is sent.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = format!("SIP/2.0 {} {}\r\n", self.status.code(), self.reason);
        for header in &self.headers {
            out.push_str(header.name.as_str());
            out.push_str(": ");
            out.push_str(&header.value);
            out.push_str("\r\n");
        }
        Bytes::from(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_phones_send_is_read() {
        for (body, code, headers) in [
            ("SIP/2.0 100 Trying", 100, 0),
            ("SIP/2.0 200 OK\n", 200, 0),
            ("SIP/2.0 603 Decline\r\n\r\n", 603, 0),
            (
                "SIP/2.0 486 Busy Here\r\nReason: Q.850;cause=17\r\nX-One: 1\r\n",
                486,
                2,
            ),
            (
                "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nTo: <sip:a@b>;tag=1\r\nX: y\r\n\r\nbody",
                180,
                1,
            ),
        ] {
            let fragment = Sipfrag::parse(body.as_bytes()).unwrap();
            assert_eq!(
                (fragment.status.code(), fragment.headers.len()),
                (code, headers),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for body in [
            "",
            "INVITE sip:a@b SIP/2.0\r\n",
            "hello",
            "SIP/2.0 9",
            "\u{0}",
        ] {
            assert!(Sipfrag::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn it_reads_what_it_prints() {
        let mut fragment = Sipfrag::new(StatusCode::BUSY_HERE);
        fragment.headers.push(HeaderName::Reason, "Q.850;cause=17");
        assert_eq!(Sipfrag::parse(&fragment.to_bytes()).unwrap(), fragment);
        assert!(Sipfrag::is_named_by("Message/SipFrag ; version=2.0"));
        assert!(!Sipfrag::is_named_by("message/sip"));
    }
}
