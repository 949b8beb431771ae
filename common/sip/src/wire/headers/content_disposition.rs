//! Content-Disposition: what the body is for (RFC 3261 20.11, RFC 3459).

use super::parameterized::parameterized_header;

parameterized_header! {
    /// What the body is for. Where there is none, `application/sdp` is a `session` and everything else to `render`.
    ContentDisposition, Once,
    /// `session`, `render`, `icon`, `alert`, `early-session` and others. Compared without case.
    kind, "does not begin with a disposition"
}

impl ContentDisposition {
    /// Whether this is of the given kind, compared without case.
    pub fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// Whether who cannot deal with the body may pass it over; else it answers 415. The default is that it may not.
    pub fn is_optional(&self) -> bool {
        let handling = self.params.value("handling");
        handling.is_some_and(|handling| handling.eq_ignore_ascii_case("optional"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn what_is_not_called_optional_is_required() {
        let session = comes_back::<ContentDisposition>("session");
        assert!(session.is("Session") && !session.is_optional());
        assert!(comes_back::<ContentDisposition>("icon;handling=optional").is_optional());
        assert!(!comes_back::<ContentDisposition>("icon;handling=required").is_optional());
        are_refused::<ContentDisposition>(&["", "a b", ";handling=optional"]);
    }
}
