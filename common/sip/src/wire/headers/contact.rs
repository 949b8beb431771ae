//! Contact: where somebody can be reached directly (RFC 3261 20.10).

use super::name_addr::NameAddr;
use super::q_value;
use crate::wire::header_list::{HeaderError, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// One contact, or the `*` that removes all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a star is rare, and nobody keeps many of them"
)]
pub enum Contact {
    /// `*`: all bindings (RFC 3261 10.2.2).
    Star,
    /// An address.
    Address(NameAddr),
}

impl Contact {
    /// The address; `None` for `*`.
    pub fn address(&self) -> Option<&NameAddr> {
        match self {
            Contact::Star => None,
            Contact::Address(address) => Some(address),
        }
    }

    /// The `expires` parameter in seconds; `None` when it is missing or malformed, and too large a number is the
    /// largest (RFC 3261 10.3).
    pub fn expires(&self) -> Option<u32> {
        let value = self.address()?.params.value("expires")?;
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| value.parse().unwrap_or(u32::MAX))
    }

    /// The `q` parameter in thousandths, 0 to 1000: the preference among contacts. 1000 when there is none.
    pub fn q(&self) -> u16 {
        self.address()
            .map_or(1000, |address| q_value::of(&address.params))
    }
}

impl TypedHeader for Contact {
    const NAME: HeaderName = HeaderName::Contact;
    const OCCURS: Occurs = Occurs::List;

    fn parse(value: &Text) -> Result<Contact, HeaderError> {
        if syntax::trim(value) == "*" {
            return Ok(Contact::Star);
        }
        NameAddr::parse_in(value)
            .map(Contact::Address)
            .map_err(Contact::malformed)
    }

    fn print(&self, out: &mut String) {
        match self {
            Contact::Star => out.push('*'),
            Contact::Address(address) => address.print(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(text: &str) -> Contact {
        Contact::parse(&Text::from(text)).unwrap()
    }

    #[test]
    fn the_star_is_no_address() {
        assert_eq!(contact("*"), Contact::Star);
        assert_eq!(contact("*").to_text(), "*");
        assert_eq!(contact("*").expires(), None);
    }

    #[test]
    fn expires_and_q_are_read() {
        let one = contact("\"Mr. Watson\" <sip:watson@worcester.example.com>;q=0.7;expires=3600");
        assert_eq!(one.expires(), Some(3600));
        assert_eq!(one.q(), 700);
        assert_eq!(
            contact("sip:a@b;expires=99999999999").expires(),
            Some(u32::MAX)
        );
        assert_eq!(contact("sip:a@b;expires=soon").expires(), None);
        assert_eq!(contact("sip:a@b").q(), 1000);
    }
}
