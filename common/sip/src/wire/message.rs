//! Requests and responses.

use bytes::Bytes;

use super::header_list::{HeaderError, Headers, Occurs, TypedHeader};
use super::header_name::HeaderName;
use super::headers::{self, CSeq};
use super::method::Method;
use super::status::StatusCode;
use super::text::Text;
use super::uri::Uri;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// Of whom.
    pub uri: Uri,
    /// The header fields.
    pub headers: Headers,
    /// The body; its length is written when the request is printed.
    pub body: Bytes,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// The words after the code. They mean nothing to machines.
    pub reason: Text,
    /// The header fields.
    pub headers: Headers,
    /// The body; its length is written when the response is printed.
    pub body: Bytes,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl Message {
    /// The header fields.
    pub fn headers(&self) -> &Headers {
        match self {
            Message::Request(request) => &request.headers,
            Message::Response(response) => &response.headers,
        }
    }

    /// The header fields, to be changed.
    pub fn headers_mut(&mut self) -> &mut Headers {
        match self {
            Message::Request(request) => &mut request.headers,
            Message::Response(response) => &mut response.headers,
        }
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        match self {
            Message::Request(request) => &request.body,
            Message::Response(response) => &response.body,
        }
    }
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, uri: Uri) -> Request {
        Request {
            method,
            uri,
            headers: Headers::new(),
            body: Bytes::new(),
        }
    }

    /// Reads the headers that somebody on the way must understand, which parsing the message does not do. Malformed
    /// ones among the others are to be ignored (RFC 3261 8.2).
    ///
    /// A server that gets an error answers 400 (RFC 3261 8.2).
    ///
    /// # Errors
    /// [`HeaderError`] for the first header that is malformed, or repeated where it may not be, and for a CSeq
    /// whose method is not the request's.
    pub fn check(&self) -> Result<(), HeaderError> {
        check_headers(&self.headers)?;
        let cseq: CSeq = self.headers.required()?;
        if cseq.method != self.method {
            return Err(CSeq::malformed("names another method than the request"));
        }
        Ok(())
    }
}

impl Response {
    /// The response to `request`: with its Via, From, To, Call-ID and CSeq (RFC 3261 8.2.6.2), and its Timestamp
    /// for a 100 (8.2.6.1).
    ///
    /// A To tag is not added: it belongs to the dialog or transaction.
    pub fn to(request: &Request, status: StatusCode) -> Response {
        let mut headers = Headers::with_capacity(12);
        for header in &request.headers {
            let is_copied = match header.name {
                HeaderName::Via
                | HeaderName::From
                | HeaderName::To
                | HeaderName::CallId
                | HeaderName::CSeq => true,
                HeaderName::Timestamp => status == StatusCode::TRYING,
                _ => false,
            };
            if is_copied {
                headers.push_parsed(header.name.clone(), header.value.clone());
            }
        }
        Response {
            status,
            reason: Text::from_static(status.reason()),
            headers,
            body: Bytes::new(),
        }
    }

    /// Reads the headers that somebody on the way must understand, which parsing the message does not do. Malformed
    /// ones among the others are to be ignored (RFC 3261 8.2).
    ///
    /// # Errors
    /// [`HeaderError`] for the first header that is malformed, or repeated where it may not be.
    pub fn check(&self) -> Result<(), HeaderError> {
        check_headers(&self.headers)
    }
}

/// Reads every header that this crate understands, in one walk: nearly every message has few of them.
fn check_headers(headers: &Headers) -> Result<(), HeaderError> {
    use headers::*;

    let mut seen = Seen::default();
    for header in headers {
        let value = &header.value;
        match header.name {
            HeaderName::Via => seen.check::<Via>(value),
            HeaderName::From => seen.check::<FromHeader>(value),
            HeaderName::To => seen.check::<ToHeader>(value),
            HeaderName::CallId => seen.check::<CallId>(value),
            HeaderName::CSeq => seen.check::<CSeq>(value),
            HeaderName::MaxForwards => seen.check::<MaxForwards>(value),
            HeaderName::Contact => seen.check::<Contact>(value),
            HeaderName::Expires => seen.check::<Expires>(value),
            HeaderName::MinExpires => seen.check::<MinExpires>(value),
            HeaderName::Route => seen.check::<Route>(value),
            HeaderName::RecordRoute => seen.check::<RecordRoute>(value),
            HeaderName::Path => seen.check::<Path>(value),
            HeaderName::ContentType => seen.check::<ContentType>(value),
            HeaderName::Allow => seen.check::<Allow>(value),
            HeaderName::Supported => seen.check::<Supported>(value),
            HeaderName::Require => seen.check::<Require>(value),
            HeaderName::ProxyRequire => seen.check::<ProxyRequire>(value),
            HeaderName::Unsupported => seen.check::<Unsupported>(value),
            HeaderName::Reason => seen.check::<Reason>(value),
            HeaderName::RetryAfter => seen.check::<RetryAfter>(value),
            // Authorizations of another scheme are nobody's mistake, so they are not among these.
            _ => Ok(()),
        }?;
    }
    Ok(())
}

/// The headers that may stand once and were there, by their place in the list of all names.
#[derive(Default)]
struct Seen(u128);

impl Seen {
    fn check<T: TypedHeader>(&mut self, value: &Text) -> Result<(), HeaderError> {
        if T::OCCURS == Occurs::Once {
            let place = T::NAME.index().unwrap_or_default();
            let bit = 1u128.checked_shl(place as u32).unwrap_or_default();
            if self.0 & bit != 0 {
                return Err(T::malformed("stands more than once"));
            }
            self.0 |= bit;
        }
        Headers::check_value::<T>(value)
    }
}
