//! Session-Expires: how long a call lives without being refreshed, and who refreshes it (RFC 4028 4).

use std::fmt::Write;

use super::seconds;
use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::text::Text;

/// Who refreshes a call, counted from the request that carries the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answers it.
    Uas,
}

impl Refresher {
    /// The value of the `refresher` parameter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Refresher::Uac => "uac",
            Refresher::Uas => "uas",
        }
    }
}

/// `1800;refresher=uac`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// The session interval in seconds; half of it later it is refreshed.
    pub seconds: u32,
    /// `refresher` and others.
    pub params: Params,
}

impl SessionExpires {
    /// An interval in seconds, and who refreshes.
    pub fn new(seconds: u32, refresher: Option<Refresher>) -> SessionExpires {
        let mut params = Params::new();
        if let Some(refresher) = refresher {
            params.set("refresher", Some(refresher.as_str()));
        }
        SessionExpires { seconds, params }
    }

    /// Who refreshes; `None` when it is left open or is neither side.
    pub fn refresher(&self) -> Option<Refresher> {
        let value = self.params.value("refresher")?;
        [Refresher::Uac, Refresher::Uas]
            .into_iter()
            .find(|refresher| refresher.as_str().eq_ignore_ascii_case(value))
    }
}

impl TypedHeader for SessionExpires {
    const NAME: HeaderName = HeaderName::SessionExpires;

    fn parse(value: &Text) -> Result<SessionExpires, HeaderError> {
        let (seconds, params) = seconds::parse_with_params(value).map_err(Self::malformed)?;
        Ok(SessionExpires { seconds, params })
    }

    fn print(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}{}", self.seconds, self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_and_refresher_are_read_and_printed() {
        let value = SessionExpires::parse(&Text::from("1800 ;Refresher=UAS;x")).unwrap();
        assert_eq!(
            (value.seconds, value.refresher()),
            (1800, Some(Refresher::Uas))
        );
        assert_eq!(value.to_text(), "1800;Refresher=UAS;x");
        let ours = SessionExpires::new(90, Some(Refresher::Uac));
        assert_eq!(ours.to_text(), "90;refresher=uac");
        assert_eq!(SessionExpires::parse(&ours.to_text()), Ok(ours));
        assert_eq!(SessionExpires::new(90, None).refresher(), None);
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in ["", ";refresher=uac", "-1", "90;refresher=", "90 s"] {
            assert!(SessionExpires::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
