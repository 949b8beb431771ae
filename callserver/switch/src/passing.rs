//! What of a message is for the people and programs at its ends, and so goes through the switch unchanged.

use sip::{HeaderName, Headers};

/// The headers that belong to the content, and those that nobody here knows. Everything else tells of ways, dialogs and
/// abilities, which are the switch's own on each side.
pub(crate) fn passed_on(headers: &Headers) -> Headers {
    let mut passed = Headers::new();
    for header in headers.iter().filter(|header| is_content(&header.name)) {
        passed.push(header.name.clone(), header.value.clone());
    }
    passed
}

fn is_content(name: &HeaderName) -> bool {
    matches!(
        name,
        HeaderName::ContentType
            | HeaderName::ContentEncoding
            | HeaderName::ContentDisposition
            | HeaderName::ContentLanguage
            | HeaderName::MimeVersion
            | HeaderName::Accept
            | HeaderName::AcceptEncoding
            | HeaderName::AcceptLanguage
            | HeaderName::Date
            | HeaderName::Event
            | HeaderName::Expires
            | HeaderName::InfoPackage
            | HeaderName::RecvInfo
            | HeaderName::InReplyTo
            | HeaderName::Organization
            | HeaderName::Priority
            | HeaderName::Reason
            | HeaderName::RetryAfter
            | HeaderName::Subject
            | HeaderName::SubscriptionState
            | HeaderName::Warning
            | HeaderName::Other(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_and_the_unknown_pass_but_ways_and_secrets_do_not() {
        let mut headers = Headers::new();
        for (name, value) in [
            (HeaderName::Via, "SIP/2.0/UDP 10.0.0.1"),
            (HeaderName::ContentType, "text/plain"),
            (HeaderName::Authorization, "Digest x"),
            (HeaderName::Contact, "<sip:a@10.0.0.1>"),
            (HeaderName::Other("X-Colour".into()), "red"),
            (HeaderName::UserAgent, "Desk/1"),
        ] {
            headers.push(name, value);
        }
        let passed = passed_on(&headers);
        let names: Vec<_> = passed
            .iter()
            .map(|header| header.name.to_string())
            .collect();
        assert_eq!(names, ["Content-Type", "X-Colour"]);
    }
}
