//! Answered calls outlive the process: each change is left for the journal, and a start takes up what is there.

use std::time::{Instant, SystemTime};

use switch::{CallId, Input, StoredCall};

use super::Desk;
use crate::edge::revival::KeptCall;
use crate::relay::MediaId;

impl Desk {
    pub(super) fn keep_call(&mut self, call: CallId, stored: Option<Box<StoredCall>>) {
        let kept = stored.and_then(|stored| {
            Some(KeptCall {
                stored,
                relay: self.relay.snapshot(MediaId(call.0))?,
                history: self.calls.get_mut(call)?.kept(),
            })
        });
        self.checkpoint.keep(call.0, kept);
    }

    /// Takes up the calls of the process before. To be called after [`Desk::restore`], before the first message is read.
    pub(in crate::edge) fn restore_calls(
        &mut self,
        now: Instant,
        calls: Vec<KeptCall>,
        without_ports: Vec<CallId>,
        are_doubtful: bool,
    ) {
        if calls.is_empty() {
            return;
        }
        tracing::info!(calls = calls.len(), "calls from before go on");
        self.silence.listen(now);
        let at = SystemTime::now();
        let mut stored = Vec::with_capacity(calls.len());
        for kept in calls {
            self.calls
                .restore((now, at), kept.stored.call, kept.history);
            stored.push(*kept.stored);
        }
        let restore = Input::RestoreCalls {
            calls: stored,
            are_doubtful,
        };
        self.handle(now, restore);
        for call in without_ports {
            self.handle(now, Input::HangUpCall { call });
        }
    }
}
