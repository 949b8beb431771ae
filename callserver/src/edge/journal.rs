//! What the exchange writes into the log: calls, registrations and refusals, never a secret, and never more lines than
//! a person could read when somebody floods the server.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use api::Mos;
use sip::Flow;
use switch::{AuthenticationFailure, BanReason, CallEnd, CallId, Side};

use super::live_calls::{LiveCall, name};
use super::quality::Quality;
use super::records::side_word;
use crate::relay::Statistics;

/// Writes the log, and holds back what comes too often.
#[derive(Debug)]
pub(super) struct Journal {
    bad_messages: Throttle,
    refusals: Throttle,
    bans: Throttle,
}

impl Journal {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            bad_messages: Throttle::new(now),
            refusals: Throttle::new(now),
            bans: Throttle::new(now),
        }
    }

    pub(super) fn bad_message(&mut self, now: Instant, flow: &Flow, why: &str) {
        if let Some(held_back) = self.bad_messages.pass(now) {
            tracing::info!(from = %flow.remote, transport = flow.transport.as_str(), why, held_back, "bad SIP message");
        }
    }

    pub(super) fn authentication_failed(
        &mut self,
        now: Instant,
        flow: &Flow,
        login: &str,
        why: AuthenticationFailure,
    ) {
        if let Some(held_back) = self.refusals.pass(now) {
            tracing::warn!(from = %flow.remote, login, ?why, held_back, "authentication failed");
        }
    }

    pub(super) fn source_banned(
        &mut self,
        now: Instant,
        source: IpAddr,
        for_seconds: u32,
        why: BanReason,
    ) {
        if let Some(held_back) = self.bans.pass(now) {
            tracing::warn!(%source, for_seconds, ?why, held_back, "source banned");
        }
    }

    pub(super) fn scanner_ignored(&mut self, now: Instant, flow: &Flow, signature: &str) {
        if let Some(held_back) = self.refusals.pass(now) {
            tracing::warn!(from = %flow.remote, signature, held_back, "scanner ignored");
        }
    }

    pub(super) fn call_ended(
        &self,
        now: Instant,
        call: CallId,
        live: &LiveCall,
        (cause, hung_up_by): (CallEnd, Option<Side>),
        (passed, quality): (Statistics, Quality),
    ) {
        let talked = live.answered.map_or(Duration::ZERO, |answered| {
            now.saturating_duration_since(answered)
        });
        let ended_by = side_word(hung_up_by);
        let score = |mos: Option<Mos>| mos.map(tracing::field::display);
        tracing::info!(
            call = call.0,
            caller = name(&live.caller),
            callee = name(&live.callee),
            ?cause,
            ended_by,
            seconds = talked.as_secs(),
            packets_from_caller = passed.caller.packets,
            packets_from_callee = passed.callee.packets,
            from_strangers = passed.caller.from_strangers + passed.callee.from_strangers,
            not_rtp = passed.caller.not_rtp + passed.callee.not_rtp,
            mos_of_caller = score(quality.caller.mos),
            mos_of_callee = score(quality.callee.mos),
            "call ended"
        );
    }
}

/// Lets a few lines pass each period.
#[derive(Debug)]
struct Throttle {
    since: Instant,
    passed: u32,
    held_back: u64,
}

const PERIOD: Duration = Duration::from_secs(10);
const LINES: u32 = 10;

impl Throttle {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            passed: 0,
            held_back: 0,
        }
    }

    /// Whether a line may be written, with how many were not since the last one.
    fn pass(&mut self, now: Instant) -> Option<u64> {
        if now.saturating_duration_since(self.since) >= PERIOD {
            self.since = now;
            self.passed = 0;
        }
        if self.passed >= LINES {
            self.held_back += 1;
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_held_back_and_counted() {
        let start = Instant::now();
        let mut throttle = Throttle::new(start);
        assert_eq!(
            (0..1000).filter(|_| throttle.pass(start).is_some()).count(),
            LINES as usize
        );
        assert_eq!(throttle.pass(start + PERIOD), Some(1000 - u64::from(LINES)));
        assert_eq!(throttle.pass(start + PERIOD), Some(0));
    }
}
