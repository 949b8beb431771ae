//! One port of a call: whose packets are taken there, and what is noted of them. No socket; whoever has that asks here.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use super::counters::Shared;
use super::latch::{Latch, Source};
use super::limit::Limit;
use super::packet::{Carries, Packet, RtpHeader, clock_rate, read};
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
    /// Audio that came since anything about its way changed, and once too much of it came, [`RESTLESS`].
    steady: u32,
}

/// What becomes of a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Takes {
    /// It is refused.
    Not,
    /// It is passed on.
    Yes,
    /// It is passed on, and came from elsewhere than those before.
    Moved,
    /// It is passed on, and nothing about its way has changed for a second of audio.
    Steady,
}

/// Packets after which a phone is taken to stay where it is: a second of audio.
const STEADY: u32 = 50;
/// Of a port that is never taken to be steady.
const RESTLESS: u32 = u32::MAX;

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
            steady: 0,
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
    pub(super) fn takes(&mut self, now: Instant, datagram: &[u8], source: SocketAddr) -> Takes {
        let counters = self.shared.side(self.side);
        let Some(packet) = read(self.carries, datagram) else {
            counters.not_rtp.add(1);
            return Takes::Not;
        };
        let mut has_moved = false;
        match self.latch.source(now, source) {
            Source::Known => {}
            Source::New => {
                counters.heard(self.carries, Some(source));
                has_moved = true;
            }
            Source::Stranger => {
                counters.from_strangers.add(1);
                return Takes::Not;
            }
        }
        // After the question whose it is: a stranger cannot use up what the phone may send.
        if !self
            .limit
            .allows(now, datagram.len(), self.bytes_per_second)
        {
            counters.over_limit.add(1);
            self.steady = RESTLESS;
            return Takes::Not;
        }
        counters.packets.add(1);
        counters.bytes.add(datagram.len() as u64);
        match packet {
            Packet::Rtp(header) => self.count(now, header),
            Packet::Rtcp => self.shared.reports_passed(now, self.side, datagram),
        }
        if has_moved {
            self.begin_anew();
            return Takes::Moved;
        }
        if self.steady < STEADY {
            self.steady += 1;
            if self.steady == STEADY {
                return Takes::Steady;
            }
        }
        Takes::Yes
    }

    /// RTP of `length` bytes was passed by the kernel, which knows whose it is. Returns whether that was no more than may be.
    pub(super) fn passed(&mut self, at: Instant, header: &[u8; 12], length: usize) -> bool {
        let Some(Packet::Rtp(header)) = read(self.carries, header) else {
            return true;
        };
        self.latch.heard_again(at);
        let counters = self.shared.side(self.side);
        counters.packets.add(1);
        counters.by_kernel.add(1);
        counters.bytes.add(length as u64);
        self.count(at, header);
        let is_within = self.limit.allows(at, length, self.bytes_per_second);
        if !is_within {
            self.steady = RESTLESS;
        }
        is_within
    }

    fn count(&mut self, at: Instant, header: RtpHeader) {
        let counters = self.shared.side(self.side);
        let rate = clock_rate(header.payload_type, counters.dynamic_clock_rate());
        let figures = self.stream.packet(header, self.shared.micros(at), rate);
        counters.rtp_passed(figures);
    }

    /// Whether it is steady must show anew.
    pub(super) fn begin_anew(&mut self) {
        if self.steady != RESTLESS {
            self.steady = 0;
        }
    }

    /// Where its phone's packets come from, if any did.
    pub(super) fn source(&self) -> Option<SocketAddr> {
        self.latch.source_heard()
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
