//! Priority: how urgent a call is (RFC 3261 20.26).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// How urgent a call is to the caller, for people and for filters; it gives no right to anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Priority(pub Text);

impl Priority {
    /// Somebody is in danger.
    pub const EMERGENCY: Priority = Priority(Text::from_static("emergency"));
    /// It cannot wait.
    pub const URGENT: Priority = Priority(Text::from_static("urgent"));
    /// What holds where there is no such header.
    pub const NORMAL: Priority = Priority(Text::from_static("normal"));
    /// It can wait.
    pub const NON_URGENT: Priority = Priority(Text::from_static("non-urgent"));

    /// Whether both are the same, compared without case.
    pub fn is(&self, other: &Priority) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl TypedHeader for Priority {
    const NAME: HeaderName = HeaderName::Priority;

    fn parse(value: &Text) -> Result<Priority, HeaderError> {
        if syntax::is_token(value) {
            Ok(Priority(value.clone()))
        } else {
            Err(Priority::malformed("is no token"))
        }
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn priorities_are_compared_without_case() {
        assert!(comes_back::<Priority>("Emergency").is(&Priority::EMERGENCY));
        assert!(!comes_back::<Priority>("other").is(&Priority::NORMAL));
        are_refused::<Priority>(&["", "very urgent"]);
    }
}
