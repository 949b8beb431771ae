//! Carries calls over to another process, or over a restart.

use std::os::fd::{OwnedFd, RawFd};
use std::time::Instant;

use super::counters::Shared;
use super::packet::Carries;
use super::ports::Taken;
use super::{MediaId, OpenError, Relay, RelaySnapshot, Side, SideSnapshot};

impl Relay {
    /// Opens exactly the ports that a call had, in this process or an earlier one, and believes the same sources.
    ///
    /// # Errors
    /// If somebody else has one of them.
    pub fn reopen(&mut self, media: MediaId, snapshot: &RelaySnapshot) -> Result<(), OpenError> {
        let [caller, callee] = [&snapshot.caller, &snapshot.callee]
            .map(|side| self.ports.take_exactly(side.bind, side.port));
        self.resume(media, snapshot, [caller?, callee?])
    }

    /// Goes on with sockets that an earlier process had bound, in the order of [`sockets`](Self::sockets).
    ///
    /// # Errors
    /// If they are not those of the snapshot.
    pub fn adopt(
        &mut self,
        media: MediaId,
        snapshot: &RelaySnapshot,
        sockets: [OwnedFd; 4],
    ) -> Result<(), OpenError> {
        let [a, b, c, d] = sockets;
        let (caller, callee) = (&snapshot.caller, &snapshot.callee);
        let caller = self.ports.adopt(caller.bind, caller.port, [a, b])?;
        let callee = self.ports.adopt(callee.bind, callee.port, [c, d])?;
        self.resume(media, snapshot, [caller, callee])
    }

    fn resume(
        &mut self,
        media: MediaId,
        snapshot: &RelaySnapshot,
        pairs: [Taken; 2],
    ) -> Result<(), OpenError> {
        let now = Instant::now();
        let shared = Shared::new(now, snapshot.statistics);
        let sides = [
            (Side::Caller, &snapshot.caller),
            (Side::Callee, &snapshot.callee),
        ];
        for (side, known) in sides {
            shared.side(side).set_dynamic_clock_rate(known.clock_rate);
        }
        let worker = self.least_busy();
        self.begin(media, worker, pairs, shared, |port| {
            let known = sides[port.side as usize].1;
            let heard = match port.carries {
                Carries::Rtp => known.rtp_source,
                Carries::Rtcp => known.rtcp_source,
            };
            if let Some(signalled) = known.signalled {
                port.resume(now, signalled, heard);
            }
        })?;
        if let Some(call) = self.calls.get_mut(&media) {
            call.signalled = [snapshot.caller.signalled, snapshot.callee.signalled];
        }
        // What its phones send is waiting already.
        self.workers[worker].ring()
    }

    /// What must be known to go on with a call in another process.
    pub fn snapshot(&self, media: MediaId) -> Option<RelaySnapshot> {
        let call = self.calls.get(&media)?;
        let side = |side: Side| {
            let counters = call.shared.side(side);
            let [rtp_source, rtcp_source] = counters.sources();
            let pair = &call.pairs[side as usize];
            SideSnapshot {
                port: pair.port(),
                bind: pair.listen,
                signalled: call.signalled[side as usize],
                rtp_source,
                rtcp_source,
                clock_rate: counters.dynamic_clock_rate(),
            }
        };
        Some(RelaySnapshot {
            caller: side(Side::Caller),
            callee: side(Side::Callee),
            statistics: call.shared.read(),
        })
    }

    /// The descriptors of a call's sockets, for a process that takes over: caller RTP, caller RTCP, callee RTP, callee
    /// RTCP. They are the relay's, or whose it has lent them to, and are closed with the call.
    pub fn sockets(&self, media: MediaId) -> Option<[RawFd; 4]> {
        let call = self.calls.get(&media)?;
        let [[a, b], [c, d]] = call.pairs.each_ref().map(|pair| pair.descriptors());
        Some([a, b, c, d])
    }

    /// The same sockets once more, in the same order.
    ///
    /// # Errors
    /// If the process may not have so many descriptors.
    pub fn duplicates(&self, media: MediaId) -> std::io::Result<Option<[OwnedFd; 4]>> {
        let Some(call) = self.calls.get(&media) else {
            return Ok(None);
        };
        let [caller, callee] = &call.pairs;
        let ([a, b], [c, d]) = (caller.duplicates()?, callee.duplicates()?);
        Ok(Some([a, b, c, d]))
    }
}
