//! The loop: what comes in goes to the switch, what the switch wants is done.

mod events;
mod handing_over;
mod house;
mod keeping;
mod letters;
mod media;
mod requests;

use std::collections::HashMap;
use std::pin::pin;
use std::time::{Duration, Instant, SystemTime};

use sip::Flow;
use sip_tokio::{FlowFailure, Received, Sockets};
use switch::{Input, StoredBinding, Switch};
use tokio::sync::{mpsc, oneshot};

use super::bans::Bans;
use super::bindings::{self, Bindings};
use super::directory::{Directory, Found};
use super::exchange::{Decided, Request};
use super::journal::Journal;
use super::last_seen::{self, LastSeen};
use super::leases::{self, Leases};
use super::live_calls::LiveCalls;
use super::media_address::MediaAddresses;
use super::presence_news::PresenceNews;
use super::records::{HistoryDesk, Records};
use super::revival::KeptCall;
use super::silence::Silence;
use super::tally::Tally;
use super::traces::{self, Traced, Traces};
use super::watching;
use crate::checkpoint::Checkpoint;
use crate::letters::{Errand, LettersDesk};
use crate::office::Announcement;
use crate::relay::Relay;
use crate::store::Store;
use crate::studio::{News, Studio};
use crate::voicemail::{Back, MailDesk};

/// Everything that the exchange's thread owns.
pub(super) struct Desk {
    switch: Switch,
    sockets: Sockets,
    relay: Relay,
    studio: Studio,
    media_addresses: MediaAddresses,
    directory: Directory,
    calls: LiveCalls,
    bindings: Bindings,
    bans: Bans,
    tally: Tally,
    last_seen: LastSeen,
    records: Records,
    history: HistoryDesk,
    letters: LettersDesk,
    leases: Leases,
    journal: Journal,
    presence_news: PresenceNews,
    checkpoint: Checkpoint<KeptCall>,
    traces: Traces,
    silence: Silence,
    // Those who have asked to be called back and wait to hear whether they will, by ticket.
    completions: HashMap<u64, oneshot::Sender<Decided>>,
    last_ticket: u64,
    mail: MailDesk,
    store: Store,
    main_runtime: tokio::runtime::Handle,
    // Whoever waits for the calls to end.
    draining: Vec<oneshot::Sender<()>>,
    is_drained: bool,
}

/// So many messages are taken in before timers and other threads have their turn.
const BATCH: usize = 64;

/// After so many the answers go out: then the phones work on while we do.
const GATHERED: usize = 16;

/// A timer may come this much late, so that one wake-up serves all timers of that time: SIP's shortest is 500 ms
/// (RFC 3261 section 17.1.1.1), and each message leaves several behind.
const SLACK: Duration = Duration::from_millis(10);

/// What a desk is made of, each started already.
pub(super) struct Parts {
    pub(super) switch: Switch,
    pub(super) sockets: Sockets,
    pub(super) relay: Relay,
    pub(super) studio: Studio,
    pub(super) media_addresses: MediaAddresses,
    pub(super) directory: Directory,
    pub(super) checkpoint: Checkpoint<KeptCall>,
    pub(super) presence_news: PresenceNews,
    pub(super) store: Store,
    /// How long a guest keeps its number after its phone has gone.
    pub(super) guest_grace: Duration,
    /// What the SIP messages that are kept for `callctl calls trace` may take in all.
    pub(super) trace_bytes: usize,
    /// How long the phones of a call may be silent, if not for ever.
    pub(super) longest_silence: Option<Duration>,
    pub(super) mail: MailDesk,
    pub(super) history: HistoryDesk,
    pub(super) letters: LettersDesk,
    /// Where what is written is written.
    pub(super) main_runtime: tokio::runtime::Handle,
}

/// What comes from the studio, from the voicemail, and from whoever carries letters.
pub(super) type Heard = (
    mpsc::Receiver<News>,
    mpsc::UnboundedReceiver<Back>,
    mpsc::UnboundedReceiver<Errand>,
);

enum Turn {
    Received(Received),
    Asked(Option<Request>),
    Changed(Announcement),
    Found(Found),
    Studio(News),
    Mail(Back),
    Letters(Errand),
    Time,
}

impl Desk {
    pub(super) fn new(now: Instant, parts: Parts) -> Self {
        let Parts {
            switch,
            sockets,
            relay,
            studio,
            media_addresses,
            directory,
            checkpoint,
            presence_news,
            store,
            guest_grace,
            trace_bytes,
            longest_silence,
            mail,
            history,
            letters,
            main_runtime,
        } = parts;
        Self {
            switch,
            sockets,
            relay,
            studio,
            media_addresses,
            directory,
            calls: LiveCalls::default(),
            bindings: Bindings::default(),
            bans: Bans::default(),
            tally: Tally::default(),
            last_seen: LastSeen::new(now),
            records: Records::default(),
            history,
            letters,
            leases: Leases::new(now, guest_grace),
            journal: Journal::new(now),
            presence_news,
            checkpoint,
            traces: Traces::new(trace_bytes),
            silence: Silence::new(longest_silence),
            completions: HashMap::new(),
            last_ticket: 0,
            mail,
            store,
            main_runtime,
            draining: Vec::new(),
            is_drained: false,
        }
    }

    /// Takes back the registrations from before the start. To be called before the first message is read: a phone that
    /// calls at once finds the others.
    pub(super) fn restore(&mut self, now: Instant, bindings: Vec<StoredBinding>) {
        self.bindings.restored(SystemTime::now(), &bindings);
        for binding in &bindings {
            self.phone_came(binding);
        }
        self.handle(now, Input::Restore { bindings });
    }

    /// Works until drained, or until nobody is left who could ask for it.
    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        mut changes: mpsc::Receiver<Announcement>,
        mut found: mpsc::UnboundedReceiver<Found>,
        mut heard: Heard,
    ) {
        let mut alarm = pin!(tokio::time::sleep_until(Instant::now().into()));
        let mut is_armed = false;
        while !self.is_drained {
            self.sockets.flush();
            // Only ever set earlier: a timer that was given up costs one needless wake-up instead of a new place
            // in the runtime's wheel for each message.
            let due = [
                self.switch.poll_timeout(),
                self.bindings.next_due(),
                self.records.next_due(),
                self.silence.next_due(),
            ];
            if let Some(due) = due.into_iter().flatten().min()
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
                Some(news) = heard.0.recv() => Turn::Studio(news),
                Some(back) = heard.1.recv() => Turn::Mail(back),
                Some(errand) = heard.2.recv() => Turn::Letters(errand),
                received = self.sockets.receive() => Turn::Received(received),
                () = alarm.as_mut(), if is_armed => Turn::Time,
            };
            let now = Instant::now();
            match turn {
                Turn::Received(received) => self.take_in(now, received),
                Turn::Asked(Some(Request::HandOver(plan, answer))) => {
                    let _ = answer.send(self.hand_over(now, *plan).await);
                }
                Turn::Asked(Some(request)) => self.answer(now, request),
                // The server's other end is gone: so is the reason to go on.
                Turn::Asked(None) => break,
                Turn::Changed(change) => self.change(now, change),
                Turn::Found(answer) => {
                    if let Some((ask, answer)) = self.directory.found(answer) {
                        self.handle(now, Input::Answer { ask, answer });
                    }
                }
                Turn::Studio(news) => self.heard_from_studio(now, news),
                Turn::Mail(back) => self.heard_from_mail(now, back),
                Turn::Letters(errand) => self.run_errand(now, errand),
                Turn::Time => is_armed = false,
            }
            if self.switch.poll_timeout().is_some_and(|due| due <= now) {
                self.handle(now, Input::Timeout);
            }
            self.look_for_silence(now);
            if let Some(seen) = self.last_seen.take_due(now) {
                self.main_runtime
                    .spawn(last_seen::write(self.store.clone(), seen));
            }
            if let Some(ends) = self.leases.take_due(now) {
                self.main_runtime
                    .spawn(leases::write(self.store.clone(), ends));
            }
            if let Some(batch) = self.bindings.take_due(now) {
                self.main_runtime
                    .spawn(bindings::write(self.store.clone(), batch));
            }
            if let Some(batch) = self.records.take_due(now) {
                let _written = self.history.write(batch);
            }
        }
        let written = self.write_all();
        self.sockets.shutdown().await;
        written.await;
        for waiting in self.draining {
            let _ = waiting.send(());
        }
    }

    /// Everything that waits to be written, on another thread.
    fn write_all(&mut self) -> impl Future<Output = ()> + use<> {
        let (runtime, store) = (&self.main_runtime, &self.store);
        let batch = self.bindings.take_all();
        let kept = runtime.spawn(bindings::write(store.clone(), batch));
        let calls = self.history.write(self.records.take_all());
        let leases = runtime.spawn(leases::write(store.clone(), self.leases.take()));
        let seen = runtime.spawn(last_seen::write(store.clone(), self.last_seen.take()));
        async move {
            let _ = (seen.await, kept.await, calls.await, leases.await);
        }
    }

    /// Takes in one message and those that are there already.
    fn take_in(&mut self, now: Instant, first: Received) {
        let mut next = Some(first);
        let mut left = BATCH;
        while let Some(received) = next {
            match received {
                Received::Message { flow, payload } => {
                    self.tally.received(flow.transport, &payload);
                    self.trace(now, &flow, &payload, false);
                    self.handle(now, Input::Receive { flow, payload })
                }
                Received::FlowFailed { flow, why } => {
                    if let FlowFailure::NotSip(why) = &why {
                        self.tally.bad_message("stream");
                        self.journal.bad_message(now, &flow, why);
                    }
                    self.handle(now, Input::FlowFailed { flow });
                }
            }
            left -= 1;
            if left.is_multiple_of(GATHERED) {
                self.sockets.flush();
            }
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
            self.tally.sent(transmit.flow.transport, &transmit.payload);
            self.trace(now, &transmit.flow, &transmit.payload, true);
            self.sockets.gather(transmit.flow, transmit.payload);
        }
    }

    /// Keeps a message that belongs to a call, or may come to.
    fn trace(&mut self, now: Instant, flow: &Flow, payload: &[u8], is_sent: bool) {
        if !self.traces.is_on() {
            return;
        }
        let Some(call_id) = traces::call_id(payload) else {
            return;
        };
        let is_invite = traces::is_invite(payload);
        if !self.traces.knows(call_id) {
            if !is_invite {
                return;
            }
            // Our own INVITE belongs to a call already; whose that of a phone is will be found out.
            let call = is_sent.then(|| {
                let tag = traces::from_tag(payload)?;
                self.switch.call_of(call_id, tag)
            });
            if let Some(call) = call.flatten() {
                self.traces.name(call, call_id, SystemTime::now());
            }
        }
        let message = Traced::new(now, flow, is_sent);
        self.traces.pass(call_id, message, payload);
    }

    fn change(&mut self, now: Instant, announcement: Announcement) {
        self.directory.forget(&announcement.change);
        for login in &announcement.change.revoked {
            let login = login.as_str().into();
            self.handle(now, Input::ForgetLogin { login });
        }
        for input in watching::inputs(&announcement.change) {
            self.handle(now, input);
        }
        let _ = announcement.done.send(());
    }
}
