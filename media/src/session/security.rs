//! Secure RTP around a session, when it was agreed upon.

use bytes::{Bytes, BytesMut};

use crate::srtp::{Keys, Opener, Sealer, SrtpError};

/// Both directions; in the open without keys.
pub(super) struct Security(Option<(Sealer, Opener)>);

impl Security {
    pub(super) fn new(keys: Option<&Keys>) -> Self {
        Security(keys.map(|keys| (keys.sealer(), keys.opener())))
    }

    pub(super) fn seal_packet(&mut self, packet: Bytes) -> Option<Bytes> {
        match &mut self.0 {
            Some((sealer, _)) => changed(packet, |buffer| sealer.seal_packet(buffer)),
            None => Some(packet),
        }
    }

    pub(super) fn seal_control(&mut self, report: Bytes) -> Option<Bytes> {
        match &mut self.0 {
            Some((sealer, _)) => changed(report, |buffer| sealer.seal_control(buffer)),
            None => Some(report),
        }
    }

    /// None when it is not from who has the key, or came before.
    pub(super) fn open_packet(&mut self, packet: Bytes) -> Option<Bytes> {
        match &mut self.0 {
            Some((_, opener)) => changed(packet, |buffer| opener.open_packet(buffer)),
            None => Some(packet),
        }
    }

    /// As for packets.
    pub(super) fn open_control(&mut self, report: Bytes) -> Option<Bytes> {
        match &mut self.0 {
            Some((_, opener)) => changed(report, |buffer| opener.open_control(buffer)),
            None => Some(report),
        }
    }
}

fn changed(
    datagram: Bytes,
    change: impl FnOnce(&mut BytesMut) -> Result<(), SrtpError>,
) -> Option<Bytes> {
    let mut buffer = BytesMut::from(datagram);
    change(&mut buffer).ok()?;
    Some(buffer.freeze())
}
