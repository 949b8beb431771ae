//! The audio of calls: which ports it gets, from whom it is expected, and who passes it, relay or studio.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use sip::Flow;
use switch::{CallId, Input, MediaPlan, MediaPorts, RelayAddress};

use super::Desk;
use crate::relay::{MediaId, Side, Statistics, Told};

impl Desk {
    pub(super) fn open_media(
        &mut self,
        call: CallId,
        caller: Flow,
        callees: &[Flow],
    ) -> Option<MediaPorts> {
        let addresses = &self.media_addresses;
        let (Some(for_caller), Some(for_callee)) =
            (addresses.listen(&[caller]), addresses.listen(callees))
        else {
            tracing::error!(
                call = call.0,
                "a call was refused: there is no way to its phones; name an address of this machine as address in [media]"
            );
            return None;
        };
        match self.relay.open(MediaId(call.0), for_caller, for_callee) {
            Ok(listening) => Some(MediaPorts {
                caller: relay_address(listening.caller)?,
                callee: relay_address(listening.callee)?,
            }),
            Err(error) => {
                tracing::error!(%error, call = call.0, "a call was refused");
                None
            }
        }
    }

    pub(super) fn expect_media(
        &mut self,
        call: CallId,
        side: switch::Side,
        remote: SocketAddr,
        signalled_from: IpAddr,
    ) {
        let (media, side) = (MediaId(call.0), relay_side(side));
        self.relay.expect(media, side, remote, signalled_from);
        self.studio.expect(media, side, remote, signalled_from);
    }

    /// Gives a call's audio to whoever can do what is planned: the relay where packets only pass, else the studio.
    pub(super) fn follow_plan(&mut self, call: CallId, plan: &MediaPlan) {
        let media = MediaId(call.0);
        for (side, leg) in [(Side::Caller, plan.caller), (Side::Callee, plan.callee)] {
            self.relay
                .set_clock_rate(media, side, leg.codec.clock_rate());
        }
        match (plan.is_passed_through(), self.studio.has(media)) {
            (true, false) => {}
            (true, true) => {
                if let Some(lent) = self.studio.release(media) {
                    self.relay.take_back(media, lent);
                }
                tracing::debug!(call = call.0, "audio is passed as it is");
            }
            (false, true) => self.studio.change(media, *plan),
            (false, false) => {
                if let Some(lent) = self.relay.lend(media) {
                    self.studio.take(media, lent, *plan);
                    tracing::debug!(call = call.0, "audio is translated");
                }
            }
        }
    }

    /// Tells the switch of phones from which nothing comes, when it is time to look.
    pub(super) fn look_for_silence(&mut self, now: Instant) {
        let Some(patience) = self.silence.take_due(now, self.calls.len()) else {
            return;
        };
        let passed = |call: CallId| self.relay.statistics(MediaId(call.0));
        for (call, silent) in self.calls.silent(now, patience, passed) {
            tracing::debug!(call = call.0, ?silent, "no audio comes");
            let side = silent.side();
            self.handle(now, Input::MediaSilent { call, side });
        }
    }

    /// Returns what has passed.
    pub(super) fn close_media(&mut self, call: CallId) -> Option<Statistics> {
        self.studio.close(MediaId(call.0));
        self.relay.close(MediaId(call.0))
    }
}

fn relay_address(told: Told) -> Option<RelayAddress> {
    Some(RelayAddress {
        address: told.v4.or(told.v6)?,
        other: told.v4.and(told.v6),
    })
}

pub(super) fn relay_side(side: switch::Side) -> Side {
    match side {
        switch::Side::Caller => Side::Caller,
        switch::Side::Callee => Side::Callee,
    }
}
