//! Session descriptions on their way from one phone to the other, over the relay.

use std::net::SocketAddr;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{Flow, StatusCode, Uri};

use super::call::Phone;
use crate::desk::Desk;
use crate::stored_call::StoredTold;
use crate::{CallId, Event, Side};

/// What one phone was told. To each phone the session is ours: our id, our versions, the relay's address. So nothing of the
/// other phone's network is given away, and the other side may be exchanged without this phone noticing.
#[derive(Clone, Debug)]
pub(super) struct Told {
    session_id: u64,
    /// The highest version that was given.
    version: u64,
    last: Said,
    /// What held before the last one, for when that is refused.
    before: Said,
}

#[derive(Clone, Debug, Default)]
struct Said {
    version: u64,
    body: Bytes,
}

impl Told {
    pub(super) fn new(session_id: u64) -> Self {
        Told {
            session_id,
            version: 0,
            last: Said::default(),
            before: Said::default(),
        }
    }

    /// What both sides agreed on last: what came before it, as long as the phone has not answered the last one.
    pub(super) fn stored(&self, is_open: bool) -> StoredTold {
        let said = if is_open { &self.before } else { &self.last };
        StoredTold {
            session_id: self.session_id,
            version: self.version,
            body_version: said.version,
            body: String::from_utf8_lossy(&said.body).into_owned(),
        }
    }

    /// As another process has left it.
    pub(super) fn resume(stored: StoredTold) -> Self {
        let last = Said {
            version: stored.body_version,
            body: Bytes::from(stored.body),
        };
        Told {
            session_id: stored.session_id,
            version: stored.version,
            before: last.clone(),
            last,
        }
    }

    /// What it was told last as a new version, for a phone of which nobody knows whether it has taken a later one.
    pub(super) fn say_again(&mut self) -> Option<Bytes> {
        let mut description = read(&self.last.body).ok()?;
        self.version += 1;
        description.origin.version = self.version.to_string();
        self.last = Said {
            version: self.version,
            body: Bytes::from(description.to_string()),
        };
        Some(self.last())
    }

    /// What it was told last.
    pub(super) fn last(&self) -> Bytes {
        self.last.body.clone()
    }

    /// The body for this phone: `description` with the relay's address. The version rises when something has changed
    /// (RFC 3264 section 8), and only then.
    pub(super) fn tell(&mut self, mut description: SessionDescription, relay: SocketAddr) -> Bytes {
        sdp::redirect(&mut description, relay);
        description.origin.user = "-".to_owned();
        description.origin.session_id = self.session_id.to_string();
        description.origin.version = self.last.version.to_string();
        self.before = self.last.clone();
        if self.last.body != description.to_string().as_bytes() {
            self.version += 1;
            description.origin.version = self.version.to_string();
            self.last = Said {
                version: self.version,
                body: Bytes::from(description.to_string()),
            };
        }
        self.last()
    }

    /// It has refused what it was told last: what was told before holds again, and only the version does not go back.
    pub(super) fn take_back(&mut self) {
        self.last = self.before.clone();
    }
}

/// What `body` says, if it has an audio stream at all, refused or not.
pub(super) fn read(body: &Bytes) -> Result<SessionDescription, Unusable> {
    let description = SessionDescription::parse(body).map_err(|_| Unusable::Malformed)?;
    match description.audio() {
        Some(_) => Ok(description),
        None => Err(Unusable::NoAudio),
    }
}

/// What a call begins with: an audio stream that is not refused.
pub(super) fn read_first_offer(body: &Bytes) -> Result<SessionDescription, Unusable> {
    let description = read(body)?;
    match description.audio() {
        Some(audio) if audio.port != 0 => Ok(description),
        _ => Err(Unusable::NoAudio),
    }
}

/// A description that no call can be made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unusable {
    /// It cannot be read.
    Malformed,
    /// No audio stream.
    NoAudio,
}

impl Unusable {
    /// What whoever offered it hears.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Unusable::Malformed => StatusCode::BAD_REQUEST,
            Unusable::NoAudio => StatusCode::NOT_ACCEPTABLE_HERE,
        }
    }
}

/// Tells the relay where the phone on `side` receives, if its description names an address.
pub(super) fn expect_media(
    desk: &mut Desk,
    call: CallId,
    side: Side,
    description: &SessionDescription,
    phone: &mut Phone,
) {
    let address = description.audio_address();
    // A stream on hold by address receives nowhere; what the relay knew still holds.
    if let Some(remote) = address.filter(|address| !address.ip().is_unspecified()) {
        phone.receives_at = Some(remote);
        desk.emit(Event::MediaExpected {
            call,
            side,
            remote,
            signalled_from: phone.flow.remote.ip(),
            is_behind_nat: phone.is_behind_nat,
        });
    }
}

/// Whether a phone that calls itself `contact` is seen under another address by us. A name says nothing, as those that
/// browsers make up; then it may be.
pub(super) fn is_behind_nat(contact: Option<&Uri>, flow: Flow) -> bool {
    let seen = flow.remote.ip().to_canonical();
    contact
        .and_then(|contact| contact.host.ip())
        .is_none_or(|own| own.to_canonical() != seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: &str = "v=0\r\no=alice 9 4 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\nm=audio 7000 RTP/AVP 0\r\n";

    fn said(text: &str) -> SessionDescription {
        read(&Bytes::from(text.to_owned())).unwrap()
    }

    #[test]
    fn a_phone_sees_one_session_of_ours_whose_version_rises_with_each_change() {
        let relay = "203.0.113.1:40000".parse().unwrap();
        let mut told = Told::new(77);
        let first = told.tell(said(PHONE), relay);
        assert_eq!(
            String::from_utf8_lossy(&first),
            "v=0\r\no=- 77 1 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
        );
        // The phone counts its own versions; only what this side sees matters.
        let same = told.tell(said(&PHONE.replace("9 4 IN", "9 5 IN")), relay);
        assert_eq!(same, first);
        let held = told.tell(said(&format!("{PHONE}a=sendonly\r\n")), relay);
        assert!(held.starts_with(b"v=0\r\no=- 77 2 IN"));
        let again = told.tell(said(PHONE), relay);
        assert!(again.starts_with(b"v=0\r\no=- 77 3 IN"));
    }

    #[test]
    fn after_a_refusal_the_session_before_it_holds_and_no_version_is_given_twice() {
        let relay = "203.0.113.1:40000".parse().unwrap();
        let mut told = Told::new(77);
        let first = told.tell(said(PHONE), relay);
        told.tell(said(&format!("{PHONE}a=sendonly\r\n")), relay);
        told.take_back();
        assert_eq!(told.tell(said(PHONE), relay), first);
        let other = told.tell(said(&format!("{PHONE}a=inactive\r\n")), relay);
        assert!(other.starts_with(b"v=0\r\no=- 77 3 IN"));
    }

    #[test]
    fn what_is_no_session_is_told_apart() {
        let status = |text: &str| {
            read(&Bytes::from(text.to_owned()))
                .unwrap_err()
                .status()
                .code()
        };
        assert_eq!(status("nonsense"), 400);
        assert_eq!(
            status("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nm=video 1 RTP/AVP 31\r\n"),
            488
        );
    }
}
