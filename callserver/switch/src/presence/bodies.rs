//! What is told, as the bodies of notifications.

use bytes::Bytes;
use sip::{Host, Text, Uri};

use super::calls::{Call, Phase};
use super::seen::{Seen, Shown};
use super::xml::Xml;
use crate::{AccountId, CallId, MessageCount};

/// One who watches, for the one who is watched.
#[derive(Clone, Debug)]
pub(super) struct Watcher {
    pub(super) id: u64,
    pub(super) address: Text,
    /// Whether it sees anything.
    pub(super) may_see: bool,
}

/// More are not listed: a notification has to fit into a datagram of a few kilobytes.
pub(super) const MOST_LISTED: usize = 100;

/// PIDF (RFC 3863) with the activities of RPID (RFC 4480 section 3.2).
pub(super) fn pidf(entity: &str, seen: &Seen) -> Bytes {
    let mut xml = Xml::new();
    let root = [
        ("xmlns", "urn:ietf:params:xml:ns:pidf"),
        ("xmlns:dm", "urn:ietf:params:xml:ns:pidf:data-model"),
        ("xmlns:rpid", "urn:ietf:params:xml:ns:pidf:rpid"),
        ("entity", entity),
    ];
    let is_there = seen.shown != Shown::Offline;
    xml.open("presence", &root);
    xml.open("tuple", &[("id", "t")]).open("status", &[]);
    xml.element("basic", &[], if is_there { "open" } else { "closed" });
    xml.close("status");
    if is_there {
        xml.element("contact", &[], entity);
    }
    let note = match (seen.note.as_str(), seen.shown) {
        // RPID has no word for it.
        ("", Shown::DoNotDisturb) => "Do not disturb",
        (note, _) => note,
    };
    if !note.is_empty() {
        xml.element("note", &[], note);
    }
    if let Some(at) = seen.last_seen {
        xml.element("timestamp", &[], &rfc3339(at));
    }
    xml.close("tuple");
    let activity = match seen.shown {
        Shown::Online | Shown::Offline => None,
        Shown::Away => Some("rpid:away"),
        Shown::Busy | Shown::DoNotDisturb => Some("rpid:busy"),
        Shown::InACall => Some("rpid:on-the-phone"),
    };
    if let Some(activity) = activity {
        xml.open("dm:person", &[("id", "p")]);
        xml.open("rpid:activities", &[]).empty(activity, &[]);
        xml.close("rpid:activities").close("dm:person");
    }
    xml.close("presence");
    xml.finish()
}

/// Dialog information (RFC 4235): all calls of an account, and those that have ended since the last notification. Whom
/// it has called is told to the account itself alone: `with_remote`.
pub(super) fn dialog_info<'a>(
    (entity, version): (&str, u32),
    (account, with_remote, domain): (AccountId, bool, &Text),
    calls: impl Iterator<Item = (CallId, &'a Call)>,
    ended: &[CallId],
) -> Bytes {
    let mut xml = Xml::new();
    let version = version.to_string();
    let root = [
        ("xmlns", "urn:ietf:params:xml:ns:dialog-info"),
        ("version", &version),
        ("state", "full"),
        ("entity", entity),
    ];
    xml.open("dialog-info", &root);
    for (id, call) in calls {
        let dialled = call.dialled_by(account);
        let id = format!("c{id}");
        let direction = match dialled {
            Some(_) => "initiator",
            None => "recipient",
        };
        xml.open("dialog", &[("id", &id), ("direction", direction)]);
        let state = match call.phase() {
            Phase::Trying => "trying",
            Phase::Early => "early",
            Phase::Confirmed => "confirmed",
        };
        xml.element("state", &[], state);
        if let Some(dialled) = dialled.filter(|_| with_remote) {
            let uri = Uri::sip(Host::Name(domain.clone()), None).with_user(dialled);
            let uri = uri.to_string();
            xml.open("remote", &[]).element("identity", &[], &uri);
            xml.empty("target", &[("uri", &uri)]).close("remote");
        }
        xml.close("dialog");
    }
    for id in ended {
        xml.open("dialog", &[("id", &format!("c{id}"))]);
        xml.element("state", &[], "terminated").close("dialog");
    }
    xml.close("dialog-info");
    xml.finish()
}

/// A watcher list (RFC 3858). Whoever sees nothing stands there as one who waits to be let in, which they do not hear.
pub(super) fn watcher_info(
    (entity, version): (&str, u32),
    watchers: impl Iterator<Item = Watcher>,
) -> Bytes {
    let mut xml = Xml::new();
    let version = version.to_string();
    let root = [
        ("xmlns", "urn:ietf:params:xml:ns:watcherinfo"),
        ("version", version.as_str()),
        ("state", "full"),
    ];
    xml.open("watcherinfo", &root);
    xml.open(
        "watcher-list",
        &[("resource", entity), ("package", "presence")],
    );
    for watcher in watchers.take(MOST_LISTED) {
        let id = format!("w{}", watcher.id);
        let status = if watcher.may_see { "active" } else { "pending" };
        let attributes = [("id", &*id), ("event", "subscribe"), ("status", status)];
        xml.element("watcher", &attributes, &watcher.address);
    }
    xml.close("watcher-list").close("watcherinfo");
    xml.finish()
}

/// A message summary (RFC 3842 section 5.2).
pub(super) fn message_summary(account: &str, count: MessageCount) -> Bytes {
    let waiting = if count.new > 0 { "yes" } else { "no" };
    Bytes::from(format!(
        "Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\nVoice-Message: {}/{} (0/0)\r\n",
        count.new, count.old
    ))
}

/// `2010-11-13T23:29:00Z`
fn rfc3339(unix_seconds: u64) -> String {
    let ((year, month, day), second) = crate::wall_clock::civil_date(unix_seconds);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: Bytes) -> String {
        String::from_utf8(body.to_vec()).expect("text")
    }

    #[test]
    fn a_presence_document_says_what_somebody_is() {
        let seen = Seen {
            shown: Shown::InACall,
            note: "a <call> & more".into(),
            last_seen: None,
        };
        let body = text(pidf("sip:1001@carillon.test", &seen));
        for part in [
            "entity=\"sip:1001@carillon.test\"",
            "<basic>open</basic>",
            "<note>a &lt;call&gt; &amp; more</note>",
            "<rpid:on-the-phone/>",
        ] {
            assert!(body.contains(part), "{part} in {body}");
        }
        let gone = Seen {
            last_seen: Some(1_289_690_940),
            ..Seen::default()
        };
        let body = text(pidf("sip:1001@carillon.test", &gone));
        assert!(body.contains("<basic>closed</basic>"), "{body}");
        let at = "<timestamp>2010-11-13T23:29:00Z</timestamp>";
        assert!(body.contains(at), "{body}");
        assert!(!body.contains("person"), "{body}");
        let nothing = text(pidf("sip:1001@carillon.test", &Seen::default()));
        assert!(!nothing.contains("timestamp") && !nothing.contains("note"));
    }

    #[test]
    fn a_watcher_list_is_bounded_and_a_message_summary_counts() {
        let watcher = |id| Watcher {
            id,
            address: "sip:1002@carillon.test".into(),
            may_see: id != 2,
        };
        let body = text(watcher_info(("sip:1001@x", 3), (0..1000).map(watcher)));
        assert_eq!(body.matches("<watcher ").count(), MOST_LISTED);
        assert_eq!(body.matches("status=\"pending\"").count(), 1);
        let count = MessageCount { new: 2, old: 8 };
        assert_eq!(
            text(message_summary("sip:1001@x", count)),
            "Messages-Waiting: yes\r\nMessage-Account: sip:1001@x\r\nVoice-Message: 2/8 (0/0)\r\n"
        );
    }
}
