//! Payload types: each leg has its own numbers for the same things.

use switch::MediaSide;

/// What a packet holds, as far as it must be renumbered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holds {
    Sound,
    Digit,
}

/// What a packet from `own`'s phone holds. A phone may use the numbers of the other leg for what both legs have: it may
/// have been told of them (RFC 3264 section 5.1).
pub(super) fn holds(payload_type: u8, own: &MediaSide, other: &MediaSide) -> Option<Holds> {
    let number = Some(payload_type);
    if payload_type == own.payload_type {
        Some(Holds::Sound)
    } else if number == own.telephone_event {
        Some(Holds::Digit)
    } else if own.codec == other.codec && payload_type == other.payload_type {
        Some(Holds::Sound)
    } else if number == other.telephone_event {
        Some(Holds::Digit)
    } else {
        None
    }
}

/// The number of such a packet on this leg; `None` if its phone does not take it.
pub(super) fn number(holds: Holds, side: &MediaSide) -> Option<u8> {
    match holds {
        Holds::Sound => Some(side.payload_type),
        Holds::Digit => side.telephone_event,
    }
}

/// Writes a payload type into an RTP packet and leaves the marker.
pub(super) fn renumber(packet: &mut [u8], number: u8) {
    if let Some(byte) = packet.get_mut(1) {
        *byte = *byte & 0x80 | number & 0x7f;
    }
}
