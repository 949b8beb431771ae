//! One port of a call: whose packets are taken there, and what is noted of them. No socket; whoever has that asks here.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use super::counters::Shared;
use super::latch::{Latch, Source};
use super::limit::Limit;
use super::packet::{Carries, Packet, clock_rate, read};
use super::stream::Stream;
use super::{Side, Signalled};

/// One of a call's four ports.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) carries: Carries,
    pub(super) side: Side,
    latch: Latch,
    limit: Limit,
    stream: Stream,
    shared: Arc<Shared>,
    bytes_per_second: u32,
}

impl Port {
    pub(super) fn new(
        carries: Carries,
        side: Side,
        shared: Arc<Shared>,
        bytes_per_second: u32,
    ) -> Self {
        Self {
            carries,
            side,
            latch: Latch::default(),
            limit: Limit::default(),
            stream: Stream::default(),
            shared,
            bytes_per_second,
        }
    }

    /// What this side's phone signalled as its RTP address, and where its SIP comes from.
    pub(super) fn expect(&mut self, signalled: SocketAddr, sip_source: IpAddr) {
        let mut address = signalled;
        if self.carries == Carries::Rtcp {
            // Port 0 stays 0: nothing is wanted.
            address.set_port(match signalled.port() {
                0 => 0,
                port => port.wrapping_add(1),
            });
        }
        if self.latch.expect(address, sip_source) {
            self.shared.side(self.side).heard(self.carries, None);
        }
    }

    /// Goes on with what an earlier process knew.
    pub(super) fn resume(&mut self, now: Instant, signalled: Signalled, heard: Option<SocketAddr>) {
        self.expect(signalled.address, signalled.sip_source);
        if let Some(heard) = heard {
            self.latch.resume(now, heard);
            self.shared.side(self.side).heard(self.carries, Some(heard));
        }
    }

    /// Whether a datagram is to be passed on. All is counted.
    pub(super) fn takes(&mut self, now: Instant, datagram: &[u8], source: SocketAddr) -> bool {
        let counters = self.shared.side(self.side);
        let Some(packet) = read(self.carries, datagram) else {
            counters.not_rtp.add(1);
            return false;
        };
        match self.latch.source(now, source) {
            Source::Known => {}
            Source::New => counters.heard(self.carries, Some(source)),
            Source::Stranger => {
                counters.from_strangers.add(1);
                return false;
            }
        }
        // After the question whose it is: a stranger cannot use up what the phone may send.
        if !self
            .limit
            .allows(now, datagram.len(), self.bytes_per_second)
        {
            counters.over_limit.add(1);
            return false;
        }
        counters.packets.add(1);
        counters.bytes.add(datagram.len() as u64);
        match packet {
            Packet::Rtp(header) => {
                let rate = clock_rate(header.payload_type, counters.dynamic_clock_rate());
                let figures = self.stream.packet(header, self.shared.micros(now), rate);
                counters.rtp_passed(figures);
            }
            Packet::Rtcp => self.shared.reports_passed(now, self.side, datagram),
        }
        true
    }

    /// A datagram came that was longer than any audio packet.
    pub(super) fn refuse_cut(&self) {
        self.shared.side(self.side).not_rtp.add(1);
    }

    /// Where packets for this phone go.
    pub(super) fn target(&self) -> Option<SocketAddr> {
        self.latch.target()
    }
}
