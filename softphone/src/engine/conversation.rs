//! What the engine does for each call: sockets, sound, and the figures at its end.

use std::time::Instant;

use media::Statistics;
use phone::{CallNumber, EndReason, Event, Input, KeyMaterial, RegistrationState};
use rand::TryRng;
use rand::rngs::SysRng;

use super::audio::{Audio, AudioConfig, FAREWELL_PATIENCE, Report};
use super::core::Core;
use super::ports::MediaPorts;
use super::{CallStatistics, Notice, Problem, Registration, problem};

/// What belongs to one call.
#[derive(Default)]
pub(crate) struct Conversation {
    /// The other side, as dialled or as shown.
    who: String,
    ports: Option<MediaPorts>,
    audio: Option<Audio>,
    /// Whether the audio thread runs, or may still be closing its devices.
    is_sounding: bool,
    connected: Option<Instant>,
    is_muted: bool,
    is_held: bool,
    ended: Option<Ended>,
}

/// A call that is over, but whose figures have not come yet.
struct Ended {
    reason: EndReason,
    seconds: f64,
    figures_until: Instant,
}

impl Conversation {
    pub(crate) fn due(&self) -> Option<Instant> {
        self.ended.as_ref().map(|ended| ended.figures_until)
    }
}

impl Core {
    /// Hands an input to the phone and carries out what comes of it.
    pub(super) fn drive(&mut self, input: Input) {
        let Some(line) = &mut self.line else { return };
        line.phone.handle(Instant::now(), input);
        loop {
            let Some(line) = &mut self.line else { return };
            while let Some(transmit) = line.phone.poll_transmit() {
                if let Some(sockets) = &mut self.sockets {
                    sockets.send(transmit.flow, transmit.payload);
                }
            }
            match line.phone.poll_event() {
                Some(event) => self.on_phone_event(event),
                None => break,
            }
        }
    }

    pub(super) fn place_call(&mut self, target: String) {
        let call = match &mut self.line {
            Some(line) => line.phone.next_call(),
            None => CallNumber(self.last_call + 1),
        };
        self.begin(call, target.trim());
        self.outlet.tell(Notice::Calling {
            call,
            target: target.clone(),
        });
        if self.line.is_none() {
            return self.end(call, EndReason::NotRegistered);
        }
        self.drive(Input::Call { call, target });
    }

    fn begin(&mut self, call: CallNumber, who: &str) {
        self.last_call = self.last_call.max(call.0);
        // Calls go before recordings.
        self.booth = None;
        let conversation = Conversation {
            who: who.to_owned(),
            ..Conversation::default()
        };
        self.conversations.insert(call, conversation);
    }

    pub(super) fn mute(&mut self, call: CallNumber, on: bool) {
        if let Some(conversation) = self.conversations.get_mut(&call) {
            conversation.is_muted = on;
            if let Some(audio) = &conversation.audio {
                audio.mute(on);
            }
            self.outlet.tell(Notice::Muted { call, on });
        }
    }

    fn on_phone_event(&mut self, event: Event) {
        match event {
            Event::Registration(state) => self.on_registration(state),
            Event::NeedMedia { call } => self.open_ports(call),
            Event::Incoming { call, from } => {
                self.begin(call, from.display_name.as_deref().unwrap_or(&from.number));
                let (from, display_name) = (from.number, from.display_name);
                self.outlet.tell(Notice::Incoming {
                    call,
                    from,
                    display_name,
                });
            }
            Event::Ringing { call } => self.outlet.tell(Notice::Ringing { call }),
            Event::StartMedia { call, negotiated } => self.start_sound(call, negotiated),
            Event::Answered {
                call,
                codec,
                encryption,
            } => {
                if let Some(conversation) = self.conversations.get_mut(&call) {
                    conversation.connected = Some(Instant::now());
                }
                let codec = codec.name().to_owned();
                self.outlet.tell(Notice::Answered {
                    call,
                    codec,
                    encryption,
                });
            }
            Event::EncryptionChanged { call, encryption } => {
                self.outlet
                    .tell(Notice::EncryptionChanged { call, encryption });
            }
            Event::Held { call, hold } => {
                if let Some(conversation) = self.conversations.get_mut(&call) {
                    conversation.is_held = hold.by_us;
                    if let Some(audio) = &conversation.audio {
                        audio.hold(hold.by_us);
                    }
                }
                self.outlet.tell(Notice::Held { call, hold });
            }
            Event::PlayDigit { call, digit } => {
                let audio = self.conversations.get(&call);
                if let Some(audio) = audio.and_then(|one| one.audio.as_ref()) {
                    audio.press(digit);
                }
            }
            Event::Digit { call, digit } => self.outlet.tell(Notice::Digit { call, digit }),
            Event::Transfer { call, progress } => {
                self.outlet.tell(Notice::Transfer { call, progress });
            }
            Event::Told { from, text } => self.outlet.tell(Notice::Told { from, text }),
            Event::Redirected { call, to } => {
                let who = to.display_name.as_ref().unwrap_or(&to.number).clone();
                if let Some(conversation) = self.conversations.get_mut(&call) {
                    conversation.who = who;
                }
                self.outlet.tell(Notice::Redirected {
                    call,
                    to: to.number,
                });
            }
            Event::Reconnecting { call } => {
                self.outlet.tell(Notice::Reconnecting { call, on: true });
            }
            Event::Reconnected { call } => {
                self.outlet.tell(Notice::Reconnecting { call, on: false });
            }
            Event::AbandonConnection { flow } => {
                if let Some(sockets) = &mut self.sockets {
                    sockets.abandon(flow);
                }
            }
            Event::Ended { call, reason } => self.end(call, reason),
            Event::BadMessage { why } => tracing::debug!(why, "a SIP message was dropped"),
        }
    }

    fn on_registration(&mut self, state: RegistrationState) {
        let Some(account) = self.line.as_ref().map(|line| line.summary.clone()) else {
            return;
        };
        let refused = self
            .line
            .as_ref()
            .and_then(|line| line.refused_certificate.clone());
        let problem = |problem: phone::RegistrationProblem| match refused {
            // Why there is no connection is worth more than that there is none.
            Some(why) if problem == phone::RegistrationProblem::NoConnection => Problem {
                code: "certificate-refused",
                sentence: problem::sentence(&why),
            },
            _ => Problem {
                code: problem.code(),
                sentence: problem.to_string(),
            },
        };
        match state {
            RegistrationState::SignedOut => self.leave_account(),
            RegistrationState::Registering => {
                self.tell_registration(Registration::Registering(account));
            }
            RegistrationState::Registered => {
                self.tell_registration(Registration::Registered(account));
            }
            RegistrationState::Retrying {
                after,
                problem: why,
            } => {
                let problem = problem(why);
                self.tell_registration(Registration::Retrying {
                    account,
                    after,
                    problem,
                });
            }
            RegistrationState::SigningOut => self.tell_registration(Registration::SigningOut),
            RegistrationState::Failed { problem: why } => {
                self.line = None;
                self.sockets = None;
                self.conclude_orphans();
                self.tell_registration(Registration::Failed(problem(why)));
            }
        }
    }

    fn open_ports(&mut self, call: CallNumber) {
        let Some(line) = &self.line else { return };
        let opened = MediaPorts::open(line.home).and_then(|ports| Ok((ports.address()?, ports)));
        let input = match opened {
            Ok((rtp, ports)) => {
                if let Some(conversation) = self.conversations.get_mut(&call) {
                    conversation.ports = Some(ports);
                }
                match fresh_keys() {
                    Ok(keys) => Input::MediaReady { call, rtp, keys },
                    Err(sentence) => Input::MediaFailed { call, sentence },
                }
            }
            Err(error) => Input::MediaFailed {
                call,
                sentence: format!(
                    "No socket can be opened for sound ({error}); close other programs and call again."
                ),
            },
        };
        self.drive(input);
    }

    fn start_sound(&mut self, call: CallNumber, negotiated: sdp::Negotiated) {
        let sounding = self.conversations.values();
        let sounding = sounding.filter(|one| one.audio.is_some()).count();
        let Some(conversation) = self.conversations.get_mut(&call) else {
            return;
        };
        if let Some(audio) = &conversation.audio {
            return audio.change(negotiated);
        }
        let Some(ports) = conversation.ports.take() else {
            return;
        };
        let config = AudioConfig {
            call,
            ports,
            negotiated,
            audio_in: self.config.audio_in.clone(),
            audio_out: sink(&self.config.audio_out, sounding),
            seed: rand::random(),
        };
        match Audio::start(config, self.reports.clone()) {
            Ok(audio) => {
                audio.mute(conversation.is_muted);
                audio.hold(conversation.is_held);
                conversation.audio = Some(audio);
                conversation.is_sounding = true;
            }
            Err(error) => {
                let sentence = format!(
                    "Sound cannot be started ({error}); close other programs and call again."
                );
                self.drive(Input::MediaFailed { call, sentence });
            }
        }
    }

    pub(super) fn on_report(&mut self, call: CallNumber, report: Report) {
        match report {
            Report::Captured { device, at } => self.outlet.tell(Notice::AudioIn { device, at }),
            Report::Played { device, at } => self.outlet.tell(Notice::AudioOut { device, at }),
            Report::Level {
                spoken_dbfs,
                heard_dbfs,
            } => {
                self.outlet.tell(Notice::Level {
                    call,
                    spoken_dbfs,
                    heard_dbfs,
                });
            }
            Report::Digit(digit) => self.outlet.tell(Notice::Digit { call, digit }),
            Report::Flows => self.drive(Input::MediaFlows { call }),
            Report::Stalled => self.drive(Input::MediaStalled { call }),
            Report::Trouble(problem) => self.problem(problem),
            Report::Failed(sentence) => self.drive(Input::MediaFailed { call, sentence }),
            Report::Closed(statistics) => self.sound_is_closed(call, &statistics),
        }
    }

    fn sound_is_closed(&mut self, call: CallNumber, statistics: &Statistics) {
        let Some(conversation) = self.conversations.get_mut(&call) else {
            return;
        };
        conversation.is_sounding = false;
        conversation.audio = None;
        if conversation.ended.is_some() {
            return self.conclude(call, statistics);
        }
        // Nobody asked it to close.
        let sentence = "Sound stopped unexpectedly, so the call was ended; call again.".to_owned();
        self.drive(Input::MediaFailed { call, sentence });
    }

    /// The call is over; its figures come when the sound is closed.
    fn end(&mut self, call: CallNumber, reason: EndReason) {
        let now = Instant::now();
        let Some(conversation) = self.conversations.get_mut(&call) else {
            return;
        };
        let connected = conversation.connected;
        let seconds = connected.map_or(0.0, |since| (now - since).as_secs_f64());
        conversation.ended = Some(Ended {
            reason,
            seconds,
            figures_until: now + FAREWELL_PATIENCE,
        });
        conversation.audio = None;
        if !conversation.is_sounding {
            self.conclude(call, &Statistics::default());
        }
    }

    fn conclude(&mut self, call: CallNumber, statistics: &Statistics) {
        let Some(Conversation {
            who,
            ended: Some(ended),
            ..
        }) = self.conversations.remove(&call)
        else {
            return;
        };
        let statistics = CallStatistics {
            seconds: ended.seconds,
            sent: statistics.sent,
            received: statistics.received,
            lost: statistics.lost,
            jitter_millis: statistics.jitter_millis,
            mos: if statistics.received > 0 {
                statistics.mos
            } else {
                0.0
            },
        };
        let sentence = ended.reason.sentence(&who);
        self.outlet.tell(Notice::Ended {
            call,
            reason: ended.reason,
            sentence,
            statistics,
        });
        self.settle_sign_out();
    }

    /// Calls whose devices take too long to close end without figures.
    pub(super) fn conclude_overdue(&mut self, now: Instant) {
        let is_overdue =
            |conversation: &Conversation| conversation.due().is_some_and(|due| due <= now);
        let overdue: Vec<CallNumber> = self
            .conversations
            .iter()
            .filter(|(_, conversation)| is_overdue(conversation))
            .map(|(call, _)| *call)
            .collect();
        for call in overdue {
            tracing::warn!(%call, "the audio devices do not close");
            self.conclude(call, &Statistics::default());
        }
    }

    /// The phone is gone, and with it the calls that it did not end itself.
    pub(super) fn conclude_orphans(&mut self) {
        let calls: Vec<CallNumber> = self.conversations.keys().copied().collect();
        for call in calls {
            let is_open = |conversation: &Conversation| conversation.ended.is_none();
            if self.conversations.get(&call).is_some_and(is_open) {
                self.end(call, EndReason::ServerGone);
            }
        }
    }
}

/// Keys for one call, from the system's own random source.
fn fresh_keys() -> Result<KeyMaterial, String> {
    let mut bytes = [0; KeyMaterial::BYTES];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map(|()| KeyMaterial::new(bytes))
        .map_err(|error| {
            format!("This computer gives no random numbers for keys ({error}); start it again.")
        })
}

/// Where a call's sound goes that has so many others beside it: two calls cannot write into one recording.
fn sink(wanted: &str, others: usize) -> String {
    match wanted.strip_suffix(".wav") {
        Some(stem) if others > 0 => format!("{stem}-{}.wav", others + 1),
        _ => wanted.to_owned(),
    }
}
