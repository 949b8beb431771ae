//! Why bytes are no message, and the response to that.

use bytes::Bytes;
use thiserror::Error;

use super::header_list::HeaderError;
use super::header_name::HeaderName;
use super::headers::{ToHeader, Via};
use super::message::{Request, Response};
use super::method::Method;
use super::status::StatusCode;
use super::text::Text;
use super::uri::UriError;

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Larger than the limit.
    #[error("the message is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// More header fields than the limit.
    #[error("the message has more than {limit} header fields")]
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// There is no blank line.
    #[error("no blank line ends the header fields")]
    NoBlankLine,
    /// The head is not UTF-8.
    #[error("the header fields are not UTF-8 text")]
    NotUtf8,
    /// Neither a request line nor a status line.
    #[error("the first line is neither a request line nor a status line")]
    StartLine,
    /// A version other than SIP/2.0.
    #[error("the version is not SIP/2.0")]
    Version,
    /// The Request-URI.
    #[error("the Request-URI is malformed: {0}")]
    RequestUri(UriError),
    /// A line without a name and a colon, or with a lone CR or LF.
    #[error("line {line} of the header fields is malformed")]
    Line {
        /// The number of the line; the first line of the message is 1, and folded lines count once.
        line: usize,
    },
    /// A header that is missing, repeated or malformed.
    #[error(transparent)]
    Header(HeaderError),
    /// Less body than announced.
    #[error("the Content-Length header announces {announced} bytes, and {present} came")]
    BodyTooShort {
        /// What Content-Length says, in bytes.
        announced: usize,
        /// What is there, in bytes.
        present: usize,
    },
}

impl Problem {
    /// A word for the kind, of a short list.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Problem::TooLarge { .. } => "too-large",
            Problem::TooManyHeaders { .. } => "too-many-headers",
            Problem::NoBlankLine => "no-blank-line",
            Problem::NotUtf8 => "not-utf8",
            Problem::StartLine => "start-line",
            Problem::Version => "version",
            Problem::RequestUri(_) => "request-uri",
            Problem::Line { .. } => "header-line",
            Problem::Header(_) => "header",
            Problem::BodyTooShort { .. } => "body-too-short",
        }
    }
}

/// Who stands where nobody is named; the domain can belong to nobody (RFC 3261 8.1.1.3, RFC 2606).
const NOBODY: &str = "<sip:anonymous@anonymous.invalid>";

/// Bytes that are no acceptable message.
#[derive(Clone, Debug, Error)]
#[error("{problem}")]
pub struct ParseError {
    problem: Problem,
    /// What could be read of a request that must be answered.
    readable: Option<Box<Request>>,
}

impl ParseError {
    pub(crate) fn new(problem: Problem, readable: Option<Request>) -> ParseError {
        ParseError {
            problem,
            readable: readable.map(Box::new),
        }
    }

    /// The error of a request that was read, but has a header that cannot be understood.
    pub fn in_request(request: &Request, error: HeaderError) -> ParseError {
        ParseError::new(Problem::Header(error), Some(request.clone()))
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The header that is wrong, if it is a certain one.
    pub fn header(&self) -> Option<&HeaderName> {
        match &self.problem {
            Problem::Header(error) => Some(&error.name),
            Problem::BodyTooShort { .. } => Some(&HeaderName::ContentLength),
            _ => None,
        }
    }

    /// The status code that tells the sender.
    pub fn status(&self) -> StatusCode {
        match self.problem {
            Problem::TooLarge { .. } => StatusCode::MESSAGE_TOO_LARGE,
            Problem::Version => StatusCode::VERSION_NOT_SUPPORTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The response to send, with the error as its reason phrase.
    ///
    /// `None` when silence is right: for responses and ACK, and for requests whose Via or CSeq cannot be read, so that no
    /// response would be recognised (RFC 3261 17.1.3, 17.2.3). Where From, To or Call-ID are missing the response has
    /// made-up ones: RFC 4475 3.3.1 wants a 400 all the same, and one that can be read.
    /// The caller still notes the source in the first Via.
    pub fn response(&self) -> Option<Response> {
        let request = self.readable.as_deref()?;
        if request.method == Method::Ack {
            return None;
        }
        let headers = &request.headers;
        headers.typed::<Via>().ok()??;
        headers
            .get(&HeaderName::CSeq)
            .filter(|value| !value.is_empty())?;
        let mut response = Response::to(request, self.status());
        response.reason = match self.problem {
            Problem::Version | Problem::TooLarge { .. } => response.reason,
            _ => Text::from(format!("Bad Request: {}", self.problem)),
        };
        // What stands twice would make the response as malformed as the request.
        for name in [
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
            HeaderName::CSeq,
        ] {
            if let Some(first) = headers.get(&name) {
                response.headers.set(name, first);
            }
        }
        for (name, stand_in) in [
            (HeaderName::From, NOBODY),
            (HeaderName::To, NOBODY),
            (HeaderName::CallId, "missing"),
        ] {
            if response
                .headers
                .get(&name)
                .is_none_or(|value| value.is_empty())
            {
                response.headers.set(name, stand_in);
            }
        }
        // A final response carries a To tag; the same request must get the same one (RFC 3261 8.2.6.2, 8.2.7).
        if let Ok(Some(ToHeader(to))) = response.headers.typed()
            && to.tag().is_none()
        {
            let tag = stateless_tag(request);
            response.headers.set_typed(&ToHeader(to.with_tag(&tag)));
        }
        Some(response)
    }

    /// As [`ParseError::response`], printed.
    pub fn response_bytes(&self) -> Option<Bytes> {
        self.response().map(|response| response.to_bytes())
    }
}

/// A tag that depends only on the request: FNV-1a over what tells requests apart. It guards nothing.
fn stateless_tag(request: &Request) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for name in [
        HeaderName::Via,
        HeaderName::CallId,
        HeaderName::From,
        HeaderName::CSeq,
    ] {
        for byte in request.headers.get(&name).map_or("", |value| value).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}
