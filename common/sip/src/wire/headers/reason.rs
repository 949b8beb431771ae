//! Reason: why a request was sent, mostly why a call ended (RFC 3326).

use std::borrow::Cow;

use crate::wire::header_list::{HeaderError, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `SIP;cause=200;text="Call completed elsewhere"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Whose codes these are: `SIP`, `Q.850`.
    pub protocol: Text,
    /// `cause`, `text` and others.
    pub params: Params,
}

impl Reason {
    /// A reason of the SIP protocol: a status code and words for people.
    pub fn sip(cause: u16, text: &str) -> Reason {
        let mut quoted = String::new();
        syntax::write_quoted(text, &mut quoted);
        Reason {
            protocol: Text::from_static("SIP"),
            params: Params::new()
                .with("cause", Some(&cause.to_string()))
                .with("text", Some(&quoted)),
        }
    }

    /// The code.
    pub fn cause(&self) -> Option<u16> {
        self.params.value("cause").and_then(syntax::parse_number)
    }

    /// The words for people.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        self.params.unquoted("text")
    }
}

impl TypedHeader for Reason {
    const NAME: HeaderName = HeaderName::Reason;
    const OCCURS: Occurs = Occurs::List;

    fn parse(value: &Text) -> Result<Reason, HeaderError> {
        let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
        let protocol = syntax::trim(&value[..end]);
        if !syntax::is_token(protocol) {
            return Err(Reason::malformed("does not begin with a protocol"));
        }
        Ok(Reason {
            protocol: value.share(protocol),
            params: Params::parse_header(value, &value[end..])
                .ok_or_else(|| Reason::malformed("has a malformed parameter"))?,
        })
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.protocol);
        out.push_str(self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_and_text_are_read_and_printed() {
        let text = "SIP;cause=600;text=\"Busy Everywhere\"";
        let reason = Reason::parse(&Text::from(text)).unwrap();
        assert_eq!(reason.cause(), Some(600));
        assert_eq!(reason.text().unwrap(), "Busy Everywhere");
        assert_eq!(reason.to_text(), text);
        assert_eq!(Reason::sip(600, "Busy Everywhere"), reason);
        let spaced = Reason::parse(&Text::from("Q.850 ; cause = 16 ;text=\"Terminated\"")).unwrap();
        assert_eq!(spaced.to_text(), "Q.850;cause=16;text=\"Terminated\"");
    }

    #[test]
    fn malformed_reasons_are_refused() {
        for text in ["", ";cause=1", "SIP;cause=", "SI P"] {
            assert!(Reason::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
