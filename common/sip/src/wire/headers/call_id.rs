//! Call-ID: which call or registration a message belongs to (RFC 3261 20.8).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::text::Text;

/// The identity of a call or of a device's registrations. Compared with its case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallId(pub Text);

/// RFC 3261 25.1 allows fewer characters, but nobody gains by refusing the others: the value is only compared.
pub(super) fn is_call_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte > b' ' && byte != 0x7f)
}

impl TypedHeader for CallId {
    const NAME: HeaderName = HeaderName::CallId;

    fn parse(value: &Text) -> Result<CallId, HeaderError> {
        if is_call_id(value) {
            Ok(CallId(value.clone()))
        } else {
            Err(CallId::malformed("is empty or has white space"))
        }
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_word_is_a_call_id() {
        for text in [
            "a84b4c76e66710@pc33.atlanta.com",
            "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
        ] {
            assert_eq!(CallId::parse(&Text::from(text)).unwrap().to_text(), text);
        }
        assert!(CallId::parse(&Text::from("")).is_err());
        assert!(CallId::parse(&Text::from("a b")).is_err());
    }
}
