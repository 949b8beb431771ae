//! Phones that register over another flow than before, so that their calls can follow them.
//!
//! A phone is known again by its device's login, and by the name that it has given itself if it has one (RFC 5626 section
//! 4.1). What moves is what was reached over the flow that the registration had; a call that the phone holds over another
//! flow of its own stays there.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use sip::{Flow, Text};

use super::{Binding, Registrar};
use crate::desk::Desk;
use crate::timetable::Timer;
use crate::{AccountId, BindingId, Config, DeviceId, StoredBinding};

/// A phone has registered over another flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub(crate) device: DeviceId,
    pub(crate) from: Flow,
    pub(crate) to: Flow,
}

/// A way to a phone that broke while the phone was in a call.
#[derive(Debug)]
pub(super) struct BrokenWay {
    flow: Flow,
    instance: Option<Text>,
    /// Until when the phone is expected back.
    until: Instant,
}

/// So many of them are remembered of one device: more broken at once than a phone has interfaces.
const MOST_BROKEN: usize = 4;

/// How long a call waits for a phone whose connection broke: 64*T1, as long as SIP believes in a peer that is silent, and
/// long enough for a phone that keeps to RFC 5626 section 4.5 and tries again half a minute after its last flow failed.
pub(crate) fn flow_recovery(config: &Config) -> Duration {
    config.timers.transaction_life()
}

impl Registrar {
    /// Keeps in mind whose way broke, for when the phone comes back.
    pub(super) fn remember(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        account: AccountId,
        id: BindingId,
    ) {
        let bindings = self.accounts.get(&account).map_or(&[][..], Vec::as_slice);
        let Some(binding) = bindings.iter().find(|binding| binding.id == id) else {
            return;
        };
        let way = BrokenWay {
            flow: binding.flow,
            instance: binding.instance.clone(),
            until: now + flow_recovery(&desk.config),
        };
        self.expect(desk, binding.device, way);
    }

    /// The way to a phone that was registered before a restart is gone: it may have been in a call.
    pub(super) fn expect_back(&mut self, now: Instant, desk: &mut Desk, stored: &StoredBinding) {
        let way = BrokenWay {
            flow: stored.flow,
            instance: stored.instance.clone(),
            until: now + flow_recovery(&desk.config),
        };
        self.expect(desk, stored.device, way);
    }

    fn expect(&mut self, desk: &mut Desk, device: DeviceId, way: BrokenWay) {
        let until = way.until;
        let ways = self.broken.entry(device).or_default();
        if ways.len() >= MOST_BROKEN {
            ways.remove(0);
        }
        ways.push(way);
        desk.timetable.set(until, Timer::WayForgotten(device));
    }

    /// The calls that waited for the phone are over.
    pub(crate) fn forget_way(&mut self, now: Instant, device: DeviceId) {
        if let Some(ways) = self.broken.get_mut(&device) {
            ways.retain(|way| way.until > now);
            if ways.is_empty() {
                self.broken.remove(&device);
            }
        }
    }

    /// A registration that had `old` as its flow is now on that of `binding`.
    pub(super) fn came_from(&mut self, old: Flow, binding: &Binding) {
        if old != binding.flow {
            self.moves.push(Move {
                device: binding.device,
                from: old,
                to: binding.flow,
            });
        }
    }

    /// A phone has registered: perhaps it is one whose connection broke.
    pub(super) fn came_back(&mut self, binding: &Binding) {
        let Some(ways) = self.broken.remove(&binding.device) else {
            return;
        };
        let (own, others): (Vec<_>, Vec<_>) = ways
            .into_iter()
            .partition(|way| way.instance == binding.instance);
        for way in own {
            self.came_from(way.flow, binding);
        }
        if !others.is_empty() {
            self.broken.insert(binding.device, others);
        }
    }

    /// What has moved since this was asked last.
    pub(crate) fn take_moves(&mut self) -> Vec<Move> {
        std::mem::take(&mut self.moves)
    }

    /// Another flow of the phone whose flow broke a moment ago, the newest (RFC 5626 section 5.3).
    pub(crate) fn other_way(
        &self,
        account: AccountId,
        device: DeviceId,
        broken: Flow,
    ) -> Option<Flow> {
        let ways = self.broken.get(&device)?;
        let instance = &ways.iter().find(|way| way.flow == broken)?.instance;
        let bindings = self.bindings(account).iter();
        let same = bindings.filter(|binding| {
            binding.device == device && binding.flow != broken && binding.instance == *instance
        });
        let newest = same.min_by_key(|binding| Reverse(binding.registered_at))?;
        Some(newest.flow)
    }
}
