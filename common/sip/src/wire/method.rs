//! Request methods.

use std::fmt;

use super::syntax;
use super::text::Text;

/// A request method. Methods are compared with their case (RFC 3261 7.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// INVITE (RFC 3261).
    Invite,
    /// ACK (RFC 3261).
    Ack,
    /// BYE (RFC 3261).
    Bye,
    /// CANCEL (RFC 3261).
    Cancel,
    /// REGISTER (RFC 3261).
    Register,
    /// OPTIONS (RFC 3261).
    Options,
    /// MESSAGE (RFC 3428).
    Message,
    /// SUBSCRIBE (RFC 6665).
    Subscribe,
    /// NOTIFY (RFC 6665).
    Notify,
    /// PUBLISH (RFC 3903).
    Publish,
    /// REFER (RFC 3515).
    Refer,
    /// INFO (RFC 6086).
    Info,
    /// UPDATE (RFC 3311).
    Update,
    /// PRACK (RFC 3262).
    Prack,
    /// Any other token.
    Other(Text),
}

impl Method {
    /// The method as it stands in a message.
    pub fn as_str(&self) -> &str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Register => "REGISTER",
            Method::Options => "OPTIONS",
            Method::Message => "MESSAGE",
            Method::Subscribe => "SUBSCRIBE",
            Method::Notify => "NOTIFY",
            Method::Publish => "PUBLISH",
            Method::Refer => "REFER",
            Method::Info => "INFO",
            Method::Update => "UPDATE",
            Method::Prack => "PRACK",
            Method::Other(name) => name,
        }
    }

    /// Reads a method; `None` when `name` is not a token (RFC 3261 25.1).
    pub fn parse(name: &str) -> Option<Method> {
        match Method::known(name) {
            Some(method) => Some(method),
            None if syntax::is_token(name) => Some(Method::Other(Text::from(name))),
            None => None,
        }
    }

    /// As [`Method::parse`], sharing the memory of `whole`, from which `name` was cut.
    pub(crate) fn parse_in(whole: &Text, name: &str) -> Option<Method> {
        match Method::known(name) {
            Some(method) => Some(method),
            None if syntax::is_token(name) => Some(Method::Other(whole.share(name))),
            None => None,
        }
    }

    fn known(name: &str) -> Option<Method> {
        Some(match name {
            "INVITE" => Method::Invite,
            "ACK" => Method::Ack,
            "BYE" => Method::Bye,
            "CANCEL" => Method::Cancel,
            "REGISTER" => Method::Register,
            "OPTIONS" => Method::Options,
            "MESSAGE" => Method::Message,
            "SUBSCRIBE" => Method::Subscribe,
            "NOTIFY" => Method::Notify,
            "PUBLISH" => Method::Publish,
            "REFER" => Method::Refer,
            "INFO" => Method::Info,
            "UPDATE" => Method::Update,
            "PRACK" => Method::Prack,
            _ => return None,
        })
    }
}

/// Reads a method; characters that a token may not hold become `-`, so that nothing can be smuggled into a request line.
impl From<&str> for Method {
    fn from(name: &str) -> Method {
        Method::parse(name).unwrap_or_else(|| Method::Other(Text::from(syntax::to_token(name))))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_methods_print_as_they_were_read() {
        for name in [
            "INVITE",
            "ACK",
            "BYE",
            "CANCEL",
            "REGISTER",
            "OPTIONS",
            "MESSAGE",
            "SUBSCRIBE",
            "NOTIFY",
            "PUBLISH",
            "REFER",
            "INFO",
            "UPDATE",
            "PRACK",
        ] {
            let method = Method::parse(name).unwrap();
            assert!(!matches!(method, Method::Other(_)), "{name}");
            assert_eq!(method.as_str(), name);
        }
    }

    #[test]
    fn case_matters() {
        assert_eq!(
            Method::parse("invite"),
            Some(Method::Other("invite".into()))
        );
    }

    #[test]
    fn what_is_no_token_is_no_method() {
        assert_eq!(Method::parse("IN VITE"), None);
        assert_eq!(Method::parse(""), None);
        assert_eq!(Method::from("X Y\r\n").as_str(), "X-Y--");
    }
}
