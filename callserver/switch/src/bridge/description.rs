//! Session descriptions on their way from one phone to the other, over the relay.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use sdp::SessionDescription;
use sip::StatusCode;

use crate::desk::Desk;
use crate::{CallId, Event, Side};

/// What one phone was told. To each phone the session is ours: our id, our versions, the relay's address. So nothing of the
/// other phone's network is given away, and the other side may be exchanged without this phone noticing.
#[derive(Clone, Debug)]
pub(super) struct Told {
    session_id: u64,
    version: u64,
    last: Bytes,
}

impl Told {
    pub(super) fn new(session_id: u64) -> Self {
        Told {
            session_id,
            version: 1,
            last: Bytes::new(),
        }
    }

    /// The body for this phone: `description` with the relay's address. The version rises when something has changed
    /// (RFC 3264 section 8), and only then.
    pub(super) fn tell(&mut self, mut description: SessionDescription, relay: SocketAddr) -> Bytes {
        sdp::redirect(&mut description, relay);
        description.origin.user = "-".to_owned();
        description.origin.session_id = self.session_id.to_string();
        description.origin.version = self.version.to_string();
        let mut body = description.to_string();
        if !self.last.is_empty() && self.last != body.as_bytes() {
            self.version += 1;
            description.origin.version = self.version.to_string();
            body = description.to_string();
        }
        if self.last != body.as_bytes() {
            self.last = Bytes::from(body);
        }
        self.last.clone()
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
    signalled_from: IpAddr,
) {
    let address = description.audio_address();
    // A stream on hold by address receives nowhere; what the relay knew still holds.
    if let Some(remote) = address.filter(|address| !address.ip().is_unspecified()) {
        desk.emit(Event::MediaExpected {
            call,
            side,
            remote,
            signalled_from,
        });
    }
}
