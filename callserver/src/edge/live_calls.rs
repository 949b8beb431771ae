//! The calls at present, as the switch's events tell of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use api::{AccountId, CallParty, CallQuality};
use sdp::Codec;
use serde::{Deserialize, Serialize};
use sip::Text;
use switch::{CallId, MediaPlan, Party, Side};

use super::quality::Quality;
use super::silence::{LastHeard, Silent};
use crate::control::CallView;
use crate::relay::Statistics;
use crate::store::unix_millis;
use crate::times::rfc_3339_seconds;

/// The calls that ring or are answered.
#[derive(Default, Debug)]
pub(super) struct LiveCalls(BTreeMap<CallId, LiveCall>);

/// One of them.
#[derive(Debug)]
pub(super) struct LiveCall {
    pub(super) caller: Party,
    pub(super) callee: Party,
    /// What the caller dialled.
    pub(super) dialled: Text,
    pub(super) started: Instant,
    /// The same by the wall clock.
    pub(super) started_at: SystemTime,
    /// Whether another server has passed it on, which has it in the history.
    pub(super) is_visit: bool,
    pub(super) is_ringing: bool,
    pub(super) answered: Option<Instant>,
    /// Whether it is the voicemail that has answered.
    pub(super) is_in_voicemail: bool,
    /// When somebody was handed over last, who now takes part in it.
    pub(super) part_began: Option<Instant>,
    /// Whether the callee is not to learn who calls.
    pub(super) is_anonymous: bool,
    /// The codec, once there is one.
    pub(super) codec: Option<Codec>,
    /// Whether the audio of both sides is encrypted.
    pub(super) is_encrypted: Option<bool>,
    /// What is to be done with its audio, once that is known.
    pub(super) plan: Option<MediaPlan>,
    /// The number of what was ordered last to be played.
    pub(super) play: u32,
    /// What the audio had come to when the present part of the call began.
    pub(super) before: Quality,
    /// When its phones were heard last.
    pub(super) heard: LastHeard,
    /// What passed the relay, once its ports are closed.
    pub(super) statistics: Option<Statistics>,
}

/// What of it the history wants to know, as it is kept for another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptHistory {
    caller: Party,
    callee: Party,
    dialled: Text,
    /// Milliseconds since 1970.
    started_at: i64,
    answered_after: Option<Duration>,
    part_began_after: Option<Duration>,
    #[serde(default)]
    is_visit: bool,
    #[serde(default)]
    is_anonymous: bool,
    /// The codec's name.
    #[serde(default)]
    codec: Option<String>,
    #[serde(default)]
    is_encrypted: Option<bool>,
    #[serde(default)]
    is_in_voicemail: bool,
}

impl LiveCalls {
    /// An answered call goes on that another process has begun; `now` by both clocks.
    pub(super) fn restore(
        &mut self,
        (now, at): (Instant, SystemTime),
        call: CallId,
        kept: KeptHistory,
    ) {
        let millis = u64::try_from(kept.started_at).unwrap_or_default();
        let started_at = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let ago = at.duration_since(started_at).unwrap_or_default();
        // A machine that is up for less than that has no instant for it.
        let started = now.checked_sub(ago).unwrap_or(now);
        let live = LiveCall {
            caller: kept.caller,
            callee: kept.callee,
            dialled: kept.dialled,
            started,
            started_at,
            is_visit: kept.is_visit,
            is_anonymous: kept.is_anonymous,
            is_ringing: false,
            answered: kept.answered_after.map(|after| started + after),
            part_began: kept.part_began_after.map(|after| started + after),
            codec: kept.codec.and_then(|name| {
                let mut all = Codec::ALL.into_iter();
                all.find(|codec| codec.name() == name)
            }),
            is_encrypted: kept.is_encrypted,
            is_in_voicemail: kept.is_in_voicemail,
            plan: None,
            play: 0,
            before: Quality::default(),
            heard: LastHeard::new(now),
            statistics: None,
        };
        self.0.insert(call, live);
    }

    /// A call begins; `now` by both clocks.
    pub(super) fn start(
        &mut self,
        (now, at): (Instant, SystemTime),
        call: CallId,
        (caller, callee): (Party, Party),
        dialled: Text,
    ) {
        let live = LiveCall {
            caller,
            callee,
            dialled,
            started: now,
            started_at: at,
            is_visit: false,
            is_ringing: false,
            answered: None,
            part_began: None,
            is_anonymous: false,
            codec: None,
            is_encrypted: None,
            is_in_voicemail: false,
            plan: None,
            play: 0,
            before: Quality::default(),
            heard: LastHeard::new(now),
            statistics: None,
        };
        self.0.insert(call, live);
    }

    pub(super) fn get_mut(&mut self, call: CallId) -> Option<&mut LiveCall> {
        self.0.get_mut(&call)
    }

    pub(super) fn end(&mut self, call: CallId) -> Option<LiveCall> {
        self.0.remove(&call)
    }

    /// The answered ones from whose phones nothing has come for so long.
    pub(super) fn silent(
        &mut self,
        now: Instant,
        patience: Duration,
        statistics: impl Fn(CallId) -> Option<Statistics>,
    ) -> Vec<(CallId, Silent)> {
        let answered = self
            .0
            .iter_mut()
            .filter(|(_, live)| live.answered.is_some());
        let silent = answered.filter_map(|(call, live)| {
            let silent = live.heard.look(now, &statistics(*call)?, patience)?;
            Some((*call, silent))
        });
        silent.collect()
    }

    pub(super) fn ids(&self) -> Vec<CallId> {
        self.0.keys().copied().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn views(
        &self,
        now: Instant,
        statistics: impl Fn(CallId) -> Option<Statistics>,
    ) -> Vec<CallView> {
        let calls = self.0.iter();
        calls
            .map(|(call, live)| live.view(now, *call, statistics(*call)))
            .collect()
    }

    /// One of them, with what has passed the relay.
    pub(super) fn view(
        &self,
        now: Instant,
        call: CallId,
        passed: Option<Statistics>,
    ) -> Option<CallView> {
        Some(self.0.get(&call)?.view(now, call, passed))
    }
}

impl LiveCall {
    /// What another process needs for the history.
    pub(super) fn kept(&self) -> KeptHistory {
        let after = |instant: Instant| instant.saturating_duration_since(self.started);
        KeptHistory {
            caller: self.caller.clone(),
            callee: self.callee.clone(),
            dialled: self.dialled.clone(),
            started_at: unix_millis(self.started_at),
            answered_after: self.answered.map(after),
            part_began_after: self.part_began.map(after),
            is_visit: self.is_visit,
            is_anonymous: self.is_anonymous,
            codec: self.codec.map(|codec| codec.name().to_owned()),
            is_encrypted: self.is_encrypted,
            is_in_voicemail: self.is_in_voicemail,
        }
    }

    /// Somebody else takes one side of an answered call.
    pub(super) fn begin_part(
        &mut self,
        now: Instant,
        side: Side,
        to: Party,
        passed: Option<Statistics>,
    ) {
        if let Some(passed) = passed {
            self.before = Quality::of(&passed, self.codec);
        }
        match side {
            Side::Caller => {
                self.caller = to;
                self.is_anonymous = false;
            }
            Side::Callee => self.callee = to,
        }
        self.part_began = Some(now);
    }

    /// What the audio was like since this part of the call began, if there was any.
    pub(super) fn quality(&self, passed: Option<Statistics>) -> Option<Quality> {
        let passed = passed.filter(|_| self.answered.is_some())?;
        Some(Quality::of(&passed, self.codec).since(&self.before))
    }

    fn view(&self, now: Instant, call: CallId, passed: Option<Statistics>) -> CallView {
        let quality = self.quality(passed);
        let passed = passed.unwrap_or_default();
        let seconds = |since: Instant| now.saturating_duration_since(since).as_secs();
        let details = api::LiveCall {
            id: call.0,
            caller: party(&self.caller, quality.map(|quality| quality.caller)),
            callee: party(&self.callee, quality.map(|quality| quality.callee)),
            dialled: self.dialled.to_string(),
            state: self.state().into(),
            started_at: rfc_3339_seconds(unix_millis(self.started_at)),
            seconds: seconds(self.started),
            answered_seconds: self.answered.map(seconds),
            codec: self.codec.map(|codec| codec.name().to_owned()),
            encrypted: self.is_encrypted,
            passed_on: self.is_visit,
        };
        CallView {
            call: call.0,
            caller: name(&self.caller).to_owned(),
            callee: name(&self.callee).to_owned(),
            state: self.state().into(),
            seconds: seconds(self.started),
            packets_from_caller: passed.caller.packets,
            packets_from_callee: passed.callee.packets,
            details,
        }
    }

    fn state(&self) -> &'static str {
        match (self.answered, self.is_ringing) {
            (Some(_), _) if self.is_in_voicemail => "voicemail",
            (Some(_), _) => "answered",
            (None, true) => "ringing",
            (None, false) => "calling",
        }
    }
}

fn party(party: &Party, quality: Option<CallQuality>) -> CallParty {
    CallParty {
        // A slot of parked calls is nobody's account, and negative.
        account: (party.account.0 > 0).then_some(AccountId(party.account.0)),
        number: party.number.as_ref().map(ToString::to_string),
        name: party.display_name.to_string(),
        quality,
    }
}

/// The number if there is one, else the name.
pub(super) fn name(party: &Party) -> &str {
    party.number.as_deref().unwrap_or(&party.display_name)
}
