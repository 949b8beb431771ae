//! Refer-Sub: whether the sender of a REFER wants to hear how it went (RFC 4488).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `false`: no subscription, please; in a 2xx: there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferSub {
    /// Whether there is a subscription, which is so where this header is missing.
    pub is_wanted: bool,
    /// Parameters of extensions.
    pub params: Params,
}

impl ReferSub {
    /// With or without a subscription.
    pub const fn new(is_wanted: bool) -> ReferSub {
        ReferSub {
            is_wanted,
            params: Params::new(),
        }
    }
}

impl TypedHeader for ReferSub {
    const NAME: HeaderName = HeaderName::ReferSub;

    fn parse(value: &Text) -> Result<ReferSub, HeaderError> {
        let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
        let word = syntax::trim(&value[..end]);
        let is_wanted = word.eq_ignore_ascii_case("true");
        if !is_wanted && !word.eq_ignore_ascii_case("false") {
            return Err(ReferSub::malformed("is neither true nor false"));
        }
        Ok(ReferSub {
            is_wanted,
            params: Params::parse_header(value, &value[end..])
                .ok_or_else(|| ReferSub::malformed("has a malformed parameter"))?,
        })
    }

    fn print(&self, out: &mut String) {
        out.push_str(if self.is_wanted { "true" } else { "false" });
        out.push_str(self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn only_true_and_false_are_understood() {
        assert_eq!(comes_back::<ReferSub>("false"), ReferSub::new(false));
        assert!(comes_back::<ReferSub>("true;x=1").is_wanted);
        are_refused::<ReferSub>(&["", "no", "false;=1"]);
    }
}
