//! Leading media over a relay: the description of one phone, as the other shall see it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::{Attribute, Connection, Media, SessionDescription};

/// Attributes that speak of the phone's own addresses and ports. Whoever saw them would send past the relay; so would a
/// BUNDLE group that names streams which are refused here (RFC 8839, RFC 3605, RFC 9143).
const OF_THE_PHONE_ONLY: [&str; 10] = [
    "candidate",
    "end-of-candidates",
    "remote-candidates",
    "ice-ufrag",
    "ice-pwd",
    "ice-options",
    "ice-lite",
    "ice-mismatch",
    "rtcp",
    "group",
];

/// Makes the audio stream of `description` go to `relay`, drops what speaks of the phone's own addresses, and refuses all
/// other streams. A refused stream stays refused, and an unspecified address (hold, RFC 3264 section 8.4) stays unspecified.
pub fn redirect(description: &mut SessionDescription, relay: SocketAddr) {
    let audio = description.audio_index();
    let of_relay = Connection::new(relay.ip());
    description.origin.family = of_relay.family;
    description.origin.address.clone_from(&of_relay.address);
    drop_attributes(&mut description.attributes);

    let is_on_hold = description
        .audio()
        .and_then(|media| description.connection_of(media))
        .is_some_and(Connection::is_unspecified);
    description.connection = Some(match (is_on_hold, relay) {
        (false, _) => of_relay,
        (true, SocketAddr::V4(_)) => Connection::new(Ipv4Addr::UNSPECIFIED.into()),
        (true, SocketAddr::V6(_)) => Connection::new(Ipv6Addr::UNSPECIFIED.into()),
    });
    for (index, media) in description.media.iter_mut().enumerate() {
        if Some(index) == audio {
            redirect_stream(media, relay);
        } else {
            *media = media.refused();
        }
    }
}

fn redirect_stream(media: &mut Media, relay: SocketAddr) {
    if media.port != 0 {
        media.port = relay.port();
    }
    media.port_count = None;
    media.connection = None;
    // Further `c=` lines would name the phone's own addresses too.
    media.other.retain(|line| line.kind != 'c');
    drop_attributes(&mut media.attributes);
}

fn drop_attributes(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !OF_THE_PHONE_ONLY.contains(&attribute.name.as_str()));
}
