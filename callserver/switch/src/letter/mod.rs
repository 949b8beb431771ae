//! What a message outside calls says, as far as conversations know it: a text, plain (RFC 3428) or wrapped in CPIM
//! (RFC 3862), or the report of what became of one (IMDN, RFC 5438). Everything else is not for conversations.

mod cpim;
mod imdn;

use bytes::Bytes;
use sip::{CSeq, CallId, ContentType, HeaderName, Request, Text};

use cpim::Cpim;
pub use imdn::Outcome;

/// Something that a phone has sent to a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Letter {
    /// A text.
    Text(TextLetter),
    /// What became of a text that this phone's owner has got.
    Report {
        /// The Message-ID of that text.
        of: Text,
        /// What became of it.
        outcome: Outcome,
    },
}

/// A text that a phone has sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextLetter {
    /// What is said; any characters.
    pub text: String,
    /// What the sending program calls the message (`imdn.Message-ID`), if it calls it anything.
    pub message_id: Option<Text>,
    /// Tells one request of a phone from any other one, however often it is sent: Call-ID and number of the CSeq.
    pub request: (Text, u32),
    /// Whether it came wrapped: a phone that wraps can unwrap.
    pub is_wrapped: bool,
    /// Whether the sender wants to hear that it was delivered.
    pub wants_delivered: bool,
    /// Whether the sender wants to hear that it was read.
    pub wants_displayed: bool,
}

/// A text on its way to a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// What the phone is told.
    pub content: Content,
    /// When it was said, as RFC 3261 writes dates (section 20.17).
    pub date: Option<Text>,
}

/// What a phone is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// A text as it is, which every phone understands.
    Plain(String),
    /// A text in CPIM, with the wish to hear when it is read.
    Wrapped {
        /// The text.
        text: String,
        /// Its Message-ID.
        message_id: Text,
        /// When it was said (RFC 3339).
        date_time: Text,
    },
    /// What became of a text of this phone.
    Report {
        /// The Message-ID of that text, as the phone has given it.
        of: Text,
        /// What became of it.
        outcome: Outcome,
        /// When (RFC 3339).
        date_time: Text,
    },
}

/// Why a message is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotRead {
    /// It is something else than a text or a report: phones may pass it among themselves.
    Other,
    /// It says that it is one, and is none.
    Broken,
}

/// What a MESSAGE says.
pub(crate) fn read(message: &Request) -> Result<Letter, NotRead> {
    let headers = &message.headers;
    if headers.has(&HeaderName::ContentEncoding) {
        return Err(NotRead::Other);
    }
    let kind = headers.typed::<ContentType>();
    let kind = kind.map_err(|_| NotRead::Broken)?.ok_or(NotRead::Other)?;
    let (text, wrapping) = if is_plain_text(&kind) {
        (message.body.clone(), None)
    } else if kind.is("message", "cpim") {
        let cpim = Cpim::read(&message.body).ok_or(NotRead::Broken)?;
        let inner = cpim.content_type.as_ref().ok_or(NotRead::Broken)?;
        if inner.is("message", "imdn+xml") {
            let (of, outcome) = imdn::read(&cpim.content).ok_or(NotRead::Broken)?;
            return Ok(Letter::Report { of, outcome });
        }
        if !is_plain_text(inner) {
            return Err(NotRead::Other);
        }
        (cpim.content.clone(), Some(cpim))
    } else {
        return Err(NotRead::Other);
    };
    let text = String::from_utf8(text.to_vec()).map_err(|_| NotRead::Broken)?;
    let call_id = headers.typed::<CallId>().ok().flatten();
    let cseq = headers.typed::<CSeq>().ok().flatten();
    let (Some(call_id), Some(cseq)) = (call_id, cseq) else {
        return Err(NotRead::Broken);
    };
    Ok(Letter::Text(TextLetter {
        text,
        request: (call_id.0, cseq.number),
        is_wrapped: wrapping.is_some(),
        wants_delivered: wrapping
            .as_ref()
            .is_some_and(|one| one.wants("positive-delivery")),
        wants_displayed: wrapping.as_ref().is_some_and(|one| one.wants("display")),
        message_id: wrapping.and_then(|one| one.message_id),
    }))
}

fn is_plain_text(kind: &ContentType) -> bool {
    let charset = kind.params.unquoted("charset");
    let is_utf_8 = charset.is_none_or(|charset| {
        charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii")
    });
    kind.is("text", "plain") && is_utf_8
}

impl Content {
    /// The type and the body, between two addresses.
    pub(crate) fn print(&self, from: &str, to: &str) -> (Text, Bytes) {
        match self {
            Content::Plain(text) => ("text/plain;charset=UTF-8".into(), text.clone().into()),
            Content::Wrapped {
                text,
                message_id,
                date_time,
            } => {
                let wish = "imdn.Disposition-Notification: positive-delivery, display\r\n";
                let more = format!(
                    "NS: imdn <{}>\r\nimdn.Message-ID: {message_id}\r\n{wish}",
                    cpim::IMDN
                );
                let body = cpim::print(
                    (from, to, date_time),
                    &more,
                    "text/plain;charset=UTF-8",
                    "",
                    text,
                );
                ("message/cpim".into(), body)
            }
            Content::Report {
                of,
                outcome,
                date_time,
            } => {
                // It needs no report itself, and so no name (RFC 5438 section 6.3 would allow one).
                let more = format!("NS: imdn <{}>\r\n", cpim::IMDN);
                let report = imdn::print(of, *outcome, date_time);
                let disposition = "Content-Disposition: notification\r\n";
                let parties = (from, to, date_time.as_str());
                let body = cpim::print(parties, &more, "message/imdn+xml", disposition, &report);
                ("message/cpim".into(), body)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::{Message, Method};

    fn message(lines: &str, body: &str) -> Request {
        let text = format!(
            "MESSAGE sip:1002@carillon.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n\
             From: <sip:1001@carillon.test>;tag=1\r\nTo: <sip:1002@carillon.test>\r\nCall-ID: abc\r\n\
             CSeq: 7 MESSAGE\r\nMax-Forwards: 70\r\n{lines}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        match Message::parse(text.into_bytes().into()).expect("a message") {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a request"),
        }
    }

    #[test]
    fn a_plain_text_is_known_by_its_request() {
        let letter = read(&message("Content-Type: text/plain\r\n", "lunch?"));
        let Ok(Letter::Text(letter)) = letter else {
            panic!("{letter:?}");
        };
        assert_eq!(letter.text, "lunch?");
        assert_eq!(letter.request, ("abc".into(), 7));
        assert!(!letter.is_wrapped && letter.message_id.is_none());
    }

    #[test]
    fn what_is_no_text_is_left_alone_and_what_only_says_so_is_broken() {
        for kind in [
            "application/im-iscomposing+xml",
            "text/html",
            "text/plain;charset=iso-8859-1",
        ] {
            let letter = read(&message(&format!("Content-Type: {kind}\r\n"), "x"));
            assert_eq!(letter, Err(NotRead::Other), "{kind}");
        }
        assert_eq!(read(&message("", "x")), Err(NotRead::Other));
        let broken = [
            "",
            "From: x",
            "\r\n\r\nno type",
            "From: <sip:a@b>\r\n\r\n\r\n\r\ntext",
            "From: <sip:a@b>\r\n\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn>",
        ];
        for body in broken {
            let letter = read(&message("Content-Type: message/cpim\r\n", body));
            assert_eq!(letter, Err(NotRead::Broken), "{body:?}");
        }
    }

    #[test]
    fn what_is_printed_reads_the_same() {
        let wrapped = Content::Wrapped {
            text: "två\r\n\r\nrader 👍".into(),
            message_id: "m-1".into(),
            date_time: "2026-03-07T10:00:00.000Z".into(),
        };
        let (kind, body) = wrapped.print("<sip:1001@carillon.test>", "<sip:1002@carillon.test>");
        let body = String::from_utf8(body.to_vec()).expect("text");
        let letter = read(&message(&format!("Content-Type: {kind}\r\n"), &body));
        let Ok(Letter::Text(letter)) = letter else {
            panic!("{letter:?}");
        };
        assert_eq!(letter.text, "två\r\n\r\nrader 👍");
        assert_eq!(letter.message_id.as_deref(), Some("m-1"));
        assert!(letter.is_wrapped && letter.wants_delivered && letter.wants_displayed);
        for outcome in [Outcome::Delivered, Outcome::Displayed] {
            let report = Content::Report {
                of: "m<1>&\"".into(),
                outcome,
                date_time: "2026-03-07T10:00:00.000Z".into(),
            };
            let (kind, body) = report.print("<sip:1@c>", "<sip:2@c>");
            let body = String::from_utf8(body.to_vec()).expect("text");
            let letter = read(&message(&format!("Content-Type: {kind}\r\n"), &body));
            let of = "m<1>&\"".into();
            assert_eq!(letter, Ok(Letter::Report { of, outcome }));
        }
        assert_eq!(message("", "").method, Method::Message);
    }
}
