//! Scanners that say who they are, found before the message is parsed.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use sip::Text;

/// Only the head of a message is looked at; a body begins behind any header that counts here.
const HEAD: usize = 4096;

/// Every message is searched for these, and making a searcher costs as much as a search in a short one.
static USER_AGENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\nUser-Agent:"));
static FROM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\nFrom:"));
/// `Authorization:` and `Proxy-Authorization:`
static AUTHORIZATION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("uthorization:"));

/// The signature that a message's User-Agent begins with, in any case; or the display name that those scanners write into
/// From whatever they call themselves.
pub(super) fn find<'a>(payload: &[u8], signatures: &'a [Text]) -> Option<&'a Text> {
    let head = &payload[..payload.len().min(HEAD)];
    let agent = header(head, &USER_AGENT).unwrap_or_default();
    let from = header(head, &FROM).unwrap_or_default();
    let from = from.strip_prefix(b"\"").unwrap_or_default();
    let begins = |value: &[u8], signature: &Text| {
        let signature = signature.as_bytes();
        !signature.is_empty()
            && value.len() >= signature.len()
            && value[..signature.len()].eq_ignore_ascii_case(signature)
    };
    signatures
        .iter()
        .find(|signature| begins(agent, signature) || begins(from, signature))
}

/// Whether a request tries to prove who it is.
pub(super) fn has_credentials(payload: &[u8]) -> bool {
    AUTHORIZATION.find(payload).is_some()
}

fn header<'a>(head: &'a [u8], name: &Finder<'_>) -> Option<&'a [u8]> {
    let at = name.find(head)?;
    Some(head[at + name.needle().len()..].trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &str) -> Option<String> {
        let signatures = ["friendly-scanner", "sipvicious"].map(Text::from_static);
        let message = format!("OPTIONS sip:100@192.0.2.1 SIP/2.0\r\n{lines}\r\n");
        find(message.as_bytes(), &signatures).map(|signature| signature.to_string())
    }

    #[test]
    fn a_scanner_is_known_by_its_user_agent_or_by_its_sender() {
        assert_eq!(
            found("User-Agent: friendly-scanner\r\n").unwrap(),
            "friendly-scanner"
        );
        assert_eq!(
            found("User-Agent:Friendly-Scanner/2\r\n").unwrap(),
            "friendly-scanner"
        );
        let from = "From: \"sipvicious\"<sip:100@1.1.1.1>;tag=1\r\nUser-Agent: Desk/1\r\n";
        assert_eq!(found(from).unwrap(), "sipvicious");
    }

    #[test]
    fn a_phone_that_speaks_of_a_scanner_is_none() {
        assert_eq!(
            found("User-Agent: Desk/1\r\nSubject: friendly-scanner\r\n"),
            None
        );
        assert_eq!(
            found("From: \"Ann\" <sip:sipvicious@example.com>;tag=1\r\n"),
            None
        );
        assert_eq!(found(""), None);
    }
}
