//! The loop: what comes in goes to the switch, what the switch wants is done.

use std::pin::pin;
use std::time::{Duration, Instant, SystemTime};

use sip_tokio::{Received, Sockets};
use switch::{Answer, CallId, Event, Input, MediaPorts, Question, Switch};
use tokio::sync::{mpsc, oneshot};

use super::directory::{Directory, Found};
use super::exchange::{Counts, Request};
use super::journal::Journal;
use super::last_seen::{self, LastSeen};
use super::live_calls::{LiveCalls, name};
use crate::office::Announcement;
use crate::relay::{MediaId, Relay, Side};
use crate::store::Store;

/// Everything that the exchange's thread owns.
pub(super) struct Desk {
    switch: Switch,
    sockets: Sockets,
    relay: Relay,
    directory: Directory,
    calls: LiveCalls,
    registrations: std::collections::HashSet<switch::BindingId>,
    last_seen: LastSeen,
    journal: Journal,
    store: Store,
    main_runtime: tokio::runtime::Handle,
    // Whoever waits for the calls to end.
    draining: Vec<oneshot::Sender<()>>,
    is_drained: bool,
}

/// So many messages are taken in before timers and other threads have their turn.
const BATCH: usize = 64;

/// A timer may come this much late, so that one wake-up serves all timers of that time: SIP's shortest is 500 ms
/// (RFC 3261 section 17.1.1.1), and each message leaves several behind.
const SLACK: Duration = Duration::from_millis(10);

enum Turn {
    Received(Received),
    Asked(Option<Request>),
    Changed(Announcement),
    Found(Found),
    Time,
}

impl Desk {
    pub(super) fn new(
        now: Instant,
        switch: Switch,
        sockets: Sockets,
        relay: Relay,
        directory: Directory,
        store: Store,
        main_runtime: tokio::runtime::Handle,
    ) -> Self {
        Self {
            switch,
            sockets,
            relay,
            directory,
            calls: LiveCalls::default(),
            registrations: Default::default(),
            last_seen: LastSeen::new(now),
            journal: Journal::new(now),
            store,
            main_runtime,
            draining: Vec::new(),
            is_drained: false,
        }
    }

    /// Works until drained, or until nobody is left who could ask for it.
    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        mut changes: mpsc::Receiver<Announcement>,
        mut found: mpsc::UnboundedReceiver<Found>,
    ) {
        let mut alarm = pin!(tokio::time::sleep_until(Instant::now().into()));
        let mut is_armed = false;
        while !self.is_drained {
            // Only ever set earlier: a timer that was given up costs one needless wake-up instead of a new place
            // in the runtime's wheel for each message.
            if let Some(due) = self.switch.poll_timeout()
                && (!is_armed || alarm.deadline() > (due + SLACK).into())
            {
                alarm.as_mut().reset((due + SLACK).into());
                is_armed = true;
            }
            let turn = tokio::select! {
                biased;
                request = requests.recv() => Turn::Asked(request),
                Some(change) = changes.recv() => Turn::Changed(change),
                Some(answer) = found.recv() => Turn::Found(answer),
                received = self.sockets.receive() => Turn::Received(received),
                () = alarm.as_mut(), if is_armed => Turn::Time,
            };
            let now = Instant::now();
            match turn {
                Turn::Received(received) => self.take_in(now, received),
                Turn::Asked(Some(request)) => self.answer(now, request),
                // The server's other end is gone: so is the reason to go on.
                Turn::Asked(None) => break,
                Turn::Changed(change) => self.change(now, change),
                Turn::Found(answer) => {
                    if let Some((ask, answer)) = self.directory.found(answer) {
                        self.handle(now, Input::Answer { ask, answer });
                    }
                }
                Turn::Time => is_armed = false,
            }
            if self.switch.poll_timeout().is_some_and(|due| due <= now) {
                self.handle(now, Input::Timeout);
            }
            if let Some(seen) = self.last_seen.take_due(now) {
                self.main_runtime
                    .spawn(last_seen::write(self.store.clone(), seen));
            }
        }
        let seen = self.last_seen.take();
        let written = self
            .main_runtime
            .spawn(last_seen::write(self.store.clone(), seen));
        self.sockets.shutdown().await;
        let _ = written.await;
        for waiting in self.draining {
            let _ = waiting.send(());
        }
    }

    /// Takes in one message and those that are there already.
    fn take_in(&mut self, now: Instant, first: Received) {
        let mut next = Some(first);
        let mut left = BATCH;
        while let Some(received) = next {
            match received {
                Received::Message { flow, payload } => {
                    self.handle(now, Input::Receive { flow, payload })
                }
                Received::FlowFailed { flow, .. } => self.handle(now, Input::FlowFailed { flow }),
            }
            left -= 1;
            next = if left > 0 {
                self.sockets.receive_now()
            } else {
                None
            };
        }
    }

    /// Gives the switch one input and does what it wants.
    fn handle(&mut self, now: Instant, input: Input) {
        self.switch.handle(now, input);
        loop {
            // Events first: the relay is to expect a phone's audio before the phone is told to speak. An event may
            // lead to an answer, and that to more to send.
            while let Some(event) = self.switch.poll_event() {
                self.happened(now, event);
            }
            let Some(transmit) = self.switch.poll_transmit() else {
                return;
            };
            self.sockets.send(transmit.flow, transmit.payload);
        }
    }

    fn happened(&mut self, now: Instant, event: Event) {
        match event {
            Event::Ask { ask, question } => {
                let answer = match question {
                    Question::Credential { login } => self.directory.credential(ask, &login),
                    Question::Destination { dialled } => self.directory.destination(ask, &dialled),
                    Question::MediaPorts { call } => {
                        Some(Answer::MediaPorts(self.open_media(call)))
                    }
                };
                if let Some(answer) = answer {
                    self.switch.handle(now, Input::Answer { ask, answer });
                }
            }
            Event::DeviceRegistered {
                binding,
                is_refresh,
            } => {
                self.last_seen.note(binding.device, SystemTime::now());
                if !is_refresh {
                    let user_agent = binding.user_agent.as_deref().unwrap_or("");
                    let (login, from) = (binding.login.as_str(), binding.flow.remote);
                    tracing::info!(login, %from, user_agent, "device registered");
                    self.registrations.insert(binding.id);
                }
            }
            Event::DeviceUnregistered {
                binding,
                login,
                why,
                ..
            } => {
                tracing::info!(login = login.as_str(), ?why, "device unregistered");
                self.registrations.remove(&binding);
            }
            Event::MediaExpected {
                call,
                side,
                remote,
                signalled_from,
            } => {
                self.relay
                    .expect(MediaId(call.0), relay_side(side), remote, signalled_from);
            }
            Event::MediaClosed { call } => {
                let statistics = self.relay.close(MediaId(call.0));
                if let Some(live) = self.calls.get_mut(call) {
                    live.statistics = statistics;
                }
            }
            Event::CallStarted {
                call,
                caller,
                callee,
            } => {
                tracing::debug!(
                    call = call.0,
                    caller = name(&caller),
                    callee = name(&callee),
                    "call started"
                );
                self.calls.start(now, call, caller, callee);
            }
            Event::CallRinging { call } => {
                if let Some(live) = self.calls.get_mut(call) {
                    live.is_ringing = true;
                }
            }
            Event::CallAnswered { call } => {
                if let Some(live) = self.calls.get_mut(call) {
                    live.answered = Some(now);
                    tracing::info!(
                        call = call.0,
                        caller = name(&live.caller),
                        callee = name(&live.callee),
                        "call answered"
                    );
                }
            }
            Event::CallEnded {
                call,
                cause,
                hung_up_by,
            } => {
                if let Some(live) = self.calls.end(call) {
                    let passed = live
                        .statistics
                        .or_else(|| self.relay.statistics(MediaId(call.0)));
                    self.journal.call_ended(
                        now,
                        call,
                        &live,
                        cause,
                        hung_up_by,
                        passed.unwrap_or_default(),
                    );
                }
            }
            Event::AuthenticationFailed { flow, login, why } => {
                self.journal.authentication_failed(now, &flow, &login, why);
            }
            Event::SourceBanned {
                source,
                for_seconds,
                why,
            } => tracing::warn!(%source, for_seconds, ?why, "source banned"),
            Event::SourceReleased { source } => tracing::info!(%source, "ban is over"),
            Event::ScannerIgnored { flow, signature } => {
                self.journal.scanner_ignored(now, &flow, &signature);
            }
            Event::BadMessage { flow, why } => self.journal.bad_message(now, &flow, &why),
            Event::Drained => self.is_drained = true,
        }
    }

    fn open_media(&mut self, call: CallId) -> Option<MediaPorts> {
        match self.relay.open(MediaId(call.0)) {
            Ok(listening) => Some(MediaPorts {
                caller: listening.caller,
                callee: listening.callee,
            }),
            Err(error) => {
                tracing::error!(%error, call = call.0, "a call was refused");
                None
            }
        }
    }

    fn answer(&mut self, now: Instant, request: Request) {
        // Whoever asked may have gone away meanwhile: an answer that nobody takes is dropped.
        match request {
            Request::Calls(answer) => {
                let _ = answer.send(
                    self.calls
                        .views(now, |call| self.relay.statistics(MediaId(call.0))),
                );
            }
            Request::Counts(answer) => {
                let registrations = self.registrations.len() as u64;
                let _ = answer.send(Counts {
                    registrations,
                    calls: self.calls.len() as u64,
                });
            }
            Request::HangUp(call, answer) => {
                let is_there = self.calls.get_mut(call).is_some();
                if is_there {
                    self.handle(now, Input::HangUpCall { call });
                }
                let _ = answer.send(is_there);
            }
            Request::Drain(answer) => {
                self.draining.push(answer);
                self.handle(now, Input::Drain);
            }
        }
    }

    fn change(&mut self, now: Instant, announcement: Announcement) {
        self.directory.forget(&announcement.change);
        for login in announcement.change.revoked {
            self.handle(
                now,
                Input::ForgetLogin {
                    login: login.into(),
                },
            );
        }
        let _ = announcement.done.send(());
    }
}

fn relay_side(side: switch::Side) -> Side {
    match side {
        switch::Side::Caller => Side::Caller,
        switch::Side::Callee => Side::Callee,
    }
}
