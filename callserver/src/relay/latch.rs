//! Whose packets are taken on one port, and where packets for that phone go: pure decisions.

use std::net::{IpAddr, SocketAddr};

/// What one port knows about the phone at its other end.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Latch {
    signalled: Option<SocketAddr>,
    sip_source: Option<IpAddr>,
    // Where accepted packets came from.
    heard: Option<SocketAddr>,
}

impl Latch {
    /// Says what was signalled. A changed address forgets what was heard before.
    pub(super) fn expect(&mut self, signalled: SocketAddr, sip_source: IpAddr) {
        // An unspecified address or port 0 means "send nothing" (RFC 3264 section 8.4, the old way to hold a call).
        let usable = !signalled.ip().is_unspecified() && signalled.port() != 0;
        let signalled = usable.then(|| canonical(signalled));
        let sip_source = Some(sip_source.to_canonical());
        if (self.signalled, self.sip_source) != (signalled, sip_source) {
            *self = Self {
                signalled,
                sip_source,
                heard: None,
            };
        }
    }

    /// Whether a packet from `source` is this phone's. Remembers the source if so.
    pub(super) fn accepts(&mut self, source: SocketAddr) -> bool {
        if self.heard == Some(source) {
            return true;
        }
        let source = canonical(source);
        // The signalled address is always right and takes over from whoever was there before. Another port at the
        // address that SIP comes from is the phone behind a translator, or a neighbour there: the first one is
        // believed until the signalled address itself is heard.
        let is_signalled = self.signalled == Some(source);
        let is_translated = self.heard.is_none() && self.sip_source == Some(source.ip());
        if is_signalled || is_translated || self.heard == Some(source) {
            self.heard = Some(source);
            return true;
        }
        false
    }

    /// Where packets for this phone go.
    pub(super) fn target(&self) -> Option<SocketAddr> {
        // On hold by a zero address the phone still sends, but wants nothing.
        self.signalled
            .map(|signalled| self.heard.unwrap_or(signalled))
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn expecting(signalled: &str, sip_source: &str) -> Latch {
        let mut latch = Latch::default();
        latch.expect(at(signalled), sip_source.parse().unwrap());
        latch
    }

    #[test]
    fn before_anything_is_signalled_nothing_is_taken_or_sent() {
        let mut latch = Latch::default();
        assert!(!latch.accepts(at("192.0.2.1:4000")));
        assert_eq!(latch.target(), None);
    }

    #[test]
    fn the_signalled_address_is_sent_to_and_heard() {
        let mut latch = expecting("192.0.2.1:4000", "192.0.2.1");
        assert_eq!(latch.target(), Some(at("192.0.2.1:4000")));
        assert!(latch.accepts(at("192.0.2.1:4000")));
        assert!(latch.accepts(at("[::ffff:192.0.2.1]:4000")));
    }

    #[test]
    fn a_phone_behind_a_translator_is_heard_and_answered_where_it_really_is() {
        let mut latch = expecting("10.0.0.5:4000", "198.51.100.7");
        assert!(latch.accepts(at("198.51.100.7:61000")));
        assert_eq!(latch.target(), Some(at("198.51.100.7:61000")));
        assert!(
            !latch.accepts(at("198.51.100.7:61002")),
            "a neighbour came later"
        );
        assert!(latch.accepts(at("198.51.100.7:61000")));
    }

    #[test]
    fn strangers_are_refused_at_any_time() {
        let mut latch = expecting("192.0.2.1:4000", "192.0.2.1");
        assert!(!latch.accepts(at("203.0.113.9:4000")));
        assert!(latch.accepts(at("192.0.2.1:4000")));
        assert!(!latch.accepts(at("203.0.113.9:4000")));
        assert!(
            !latch.accepts(at("192.0.2.1:4002")),
            "the signalled address has been heard"
        );
        assert_eq!(latch.target(), Some(at("192.0.2.1:4000")));
    }

    #[test]
    fn the_signalled_address_takes_over_from_a_neighbour_that_was_quicker() {
        let mut latch = expecting("192.0.2.1:4000", "192.0.2.1");
        assert!(latch.accepts(at("192.0.2.1:7777")));
        assert!(latch.accepts(at("192.0.2.1:4000")));
        assert!(!latch.accepts(at("192.0.2.1:7777")));
        assert_eq!(latch.target(), Some(at("192.0.2.1:4000")));
    }

    #[test]
    fn a_new_signalled_address_starts_afresh_and_the_same_one_does_not() {
        let mut latch = expecting("10.0.0.5:4000", "198.51.100.7");
        assert!(latch.accepts(at("198.51.100.7:61000")));
        latch.expect(at("10.0.0.5:4000"), "198.51.100.7".parse().unwrap());
        assert_eq!(latch.target(), Some(at("198.51.100.7:61000")));
        latch.expect(at("10.0.0.5:5000"), "198.51.100.7".parse().unwrap());
        assert_eq!(latch.target(), Some(at("10.0.0.5:5000")));
        assert!(latch.accepts(at("198.51.100.7:61004")));
    }

    #[test]
    fn on_hold_by_a_zero_address_nothing_is_sent() {
        let latch = expecting("0.0.0.0:4000", "192.0.2.1");
        assert_eq!(latch.target(), None);
        let latch = expecting("192.0.2.1:0", "192.0.2.1");
        assert_eq!(latch.target(), None);
    }
}
