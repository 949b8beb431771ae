//! Event: what a subscription is about (RFC 6665 8.2.1).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `presence`, `dialog;id=7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHeader {
    /// The event package with its templates: `presence.winfo`.
    pub package: Text,
    /// `id` and others.
    pub params: Params,
}

impl EventHeader {
    /// A package without parameters.
    pub fn new(package: impl Into<Text>) -> EventHeader {
        EventHeader {
            package: package.into(),
            params: Params::new(),
        }
    }

    /// Tells subscriptions of one dialog apart.
    pub fn id(&self) -> Option<&str> {
        self.params.value("id")
    }

    /// Whether a NOTIFY with `other` belongs to a subscription with this one: package and `id` are compared, with
    /// case (RFC 6665 8.2.1).
    pub fn matches(&self, other: &EventHeader) -> bool {
        self.package == other.package && self.id() == other.id()
    }
}

impl TypedHeader for EventHeader {
    const NAME: HeaderName = HeaderName::Event;

    fn parse(value: &Text) -> Result<EventHeader, HeaderError> {
        let end = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
        let package = syntax::trim(&value[..end]);
        if !syntax::is_token(package) {
            return Err(EventHeader::malformed(
                "does not begin with an event package",
            ));
        }
        Ok(EventHeader {
            package: value.share(package),
            params: Params::parse_header(value, &value[end..])
                .ok_or_else(|| EventHeader::malformed("has a malformed parameter"))?,
        })
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.package);
        out.push_str(self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> EventHeader {
        EventHeader::parse(&Text::from(text)).unwrap()
    }

    #[test]
    fn package_and_id_are_read_and_printed() {
        let refer = event("refer ; id=93809824");
        assert_eq!(
            (refer.package.as_str(), refer.id()),
            ("refer", Some("93809824"))
        );
        assert_eq!(refer.to_text(), "refer;id=93809824");
        assert_eq!(EventHeader::new("presence.winfo"), event("presence.winfo"));
    }

    #[test]
    fn other_parameters_do_not_matter_for_a_match() {
        assert!(event("dialog;id=1").matches(&event("dialog;sla;id=1")));
        assert!(!event("dialog;id=1").matches(&event("dialog")));
        assert!(!event("dialog").matches(&event("Dialog")));
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in ["", ";id=1", "a b", "dialog;id=", "a, b"] {
            assert!(EventHeader::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
