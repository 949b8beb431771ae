//! The switch as a node of the network, with a directory and a relay that answer its questions.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use simnet::{Node, Packet};
use sip::{Flow, Transport};
use switch::{
    Answer, AskId, CallEnd, CallId, Config, Event, Input, MediaPorts, Question, Side, Switch,
};

use crate::directory::Directory;

pub(crate) const DOMAIN: &str = "carillon.test";

pub(crate) struct Server {
    pub(crate) switch: Switch,
    pub(crate) address: SocketAddr,
    pub(crate) directory: Directory,
    pub(crate) events: Vec<Event>,
    /// Ports that the relay has given and not got back.
    pub(crate) open_ports: BTreeSet<CallId>,
    pub(crate) media: BTreeMap<(CallId, bool), SocketAddr>,
    pub(crate) relay_is_full: bool,
    /// Phones behind a translator: their own address, and the one that they are seen at.
    pub(crate) translated: BTreeMap<SocketAddr, SocketAddr>,
    /// Phones that come over connections, and the number of each.
    pub(crate) connections: BTreeMap<SocketAddr, u64>,
    /// Those of them whose connections are encrypted.
    pub(crate) secure: BTreeSet<SocketAddr>,
    /// Every message that came, while it is wanted.
    pub(crate) inbox: Option<Vec<(Flow, Bytes)>>,
    /// Questions are kept here while this is on.
    pub(crate) holds_answers: bool,
    pub(crate) held: Vec<(AskId, Question)>,
}

impl Server {
    pub(crate) fn new(config: Config, seed: u8) -> Self {
        Server {
            switch: Switch::new(config, [seed; 32]),
            address: "192.0.2.1:5060".parse().unwrap(),
            directory: Directory::default(),
            events: Vec::new(),
            open_ports: BTreeSet::new(),
            media: BTreeMap::new(),
            relay_is_full: false,
            translated: BTreeMap::new(),
            connections: BTreeMap::new(),
            secure: BTreeSet::new(),
            inbox: None,
            holds_answers: false,
            held: Vec::new(),
        }
    }

    pub(crate) fn add_people(&mut self) {
        self.directory.add_people();
    }

    pub(crate) fn handle(&mut self, now: Instant, input: Input) {
        self.switch.handle(now, input);
        self.drain_events(now);
    }

    /// The flow that a phone at this address comes over.
    pub(crate) fn flow_from(&self, phone: SocketAddr) -> Flow {
        let connection = self.connections.get(&phone).copied();
        Flow {
            transport: match connection {
                Some(_) if self.secure.contains(&phone) => Transport::Tls,
                Some(_) => Transport::Tcp,
                None => Transport::Udp,
            },
            local: self.address,
            remote: *self.translated.get(&phone).unwrap_or(&phone),
            connection: connection.unwrap_or_default(),
        }
    }

    fn drain_events(&mut self, now: Instant) {
        while let Some(event) = self.switch.poll_event() {
            match &event {
                Event::Ask { ask, question } if self.holds_answers => {
                    self.held.push((*ask, question.clone()))
                }
                Event::Ask { ask, question } => {
                    let answer = self.answer(question);
                    self.switch.handle(now, Input::Answer { ask: *ask, answer });
                }
                Event::MediaClosed { call } => assert!(
                    self.open_ports.remove(call),
                    "{call} gives back what it had not"
                ),
                Event::MediaExpected {
                    call, side, remote, ..
                } => {
                    assert!(
                        self.open_ports.contains(call),
                        "media of {call} without ports"
                    );
                    self.media.insert((*call, *side == Side::Caller), *remote);
                }
                _ => {}
            }
            if !matches!(event, Event::Ask { .. }) {
                self.events.push(event);
            }
        }
    }

    /// Answers what was held back.
    pub(crate) fn release(&mut self, now: Instant) {
        self.holds_answers = false;
        for (ask, question) in std::mem::take(&mut self.held) {
            self.answer_one(now, ask, &question);
        }
    }

    pub(crate) fn answer_one(&mut self, now: Instant, ask: AskId, question: &Question) {
        let answer = self.answer(question);
        self.handle(now, Input::Answer { ask, answer });
    }

    fn answer(&mut self, question: &Question) -> Answer {
        match question {
            Question::Credential { login } => Answer::Credential(self.directory.credential(login)),
            Question::Destination {
                dialled,
                caller,
                on_behalf_of,
            } => Answer::Destination(self.directory.reached(dialled, caller, *on_behalf_of)),
            Question::Watched { dialled, watcher } => {
                Answer::Watched(self.directory.watched(dialled, watcher).map(Box::new))
            }
            Question::Viewers { account, watchers } => {
                Answer::Viewers(self.directory.viewers(*account, watchers).map(Box::new))
            }
            Question::MessagesToHear { account } => {
                Answer::MessagesToHear(self.directory.to_hear(*account))
            }
            Question::Letter { to, letter, .. } => {
                Answer::Letter(self.directory.letter(*to, letter))
            }
            Question::Messages { account } => Answer::Messages(self.directory.messages(*account)),
            Question::MediaPorts { call, .. } => {
                Answer::MediaPorts((!self.relay_is_full).then(|| {
                    assert!(
                        self.open_ports.insert(*call),
                        "ports of {call} asked for twice"
                    );
                    ports_of(*call)
                }))
            }
        }
    }

    /// How the calls ended, in order.
    pub(crate) fn ends(&self) -> Vec<(CallEnd, Option<Side>)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::CallEnded {
                    cause, hung_up_by, ..
                } => Some((*cause, *hung_up_by)),
                _ => None,
            })
            .collect()
    }

    /// The events in words, without their details, for snapshots.
    pub(crate) fn story(&self) -> Vec<String> {
        let words = |event: &Event| {
            Some(match event {
                Event::DeviceRegistered {
                    binding,
                    is_refresh: false,
                    ..
                } => format!("{} registered", binding.login),
                Event::DeviceRegistered { binding, .. } => format!("{} refreshed", binding.login),
                Event::DeviceUnregistered { login, why, .. } => {
                    format!("{login} unregistered: {why:?}")
                }
                Event::MediaExpected {
                    call, side, remote, ..
                } => format!("call {call}: {side:?} at {remote}"),
                Event::MediaClosed { call } => format!("call {call}: ports are free"),
                Event::CallStarted {
                    call,
                    caller,
                    callee,
                    dialled,
                    ..
                } => {
                    let what = match &callee.number {
                        Some(number) if number != dialled => format!(" under {dialled}"),
                        _ => String::new(),
                    };
                    format!(
                        "call {call}: {} calls {}{what}",
                        caller.display_name, callee.display_name
                    )
                }
                Event::CallRinging { call } => format!("call {call}: rings"),
                Event::CallAnswered { call } => format!("call {call}: answered"),
                Event::CallHosted { call, house } => format!("call {call}: answered by {house:?}"),
                Event::EmergencyCall {
                    call,
                    caller,
                    dialled,
                } => format!(
                    "call {call}: {} dials {dialled} for help",
                    caller.display_name
                ),
                Event::CallForwarded { call, to } => {
                    format!("call {call}: goes on to {}", to.display_name)
                }
                Event::CallTaken { call, by } => {
                    format!("call {call}: {} takes it", by.display_name)
                }
                Event::CallTransferred { call, side, to } => {
                    format!("call {call}: {side:?} is now {}", to.display_name)
                }
                Event::CallEnded {
                    call,
                    cause,
                    hung_up_by,
                } => {
                    format!("call {call}: ended, {cause:?} by {hung_up_by:?}")
                }
                Event::AuthenticationFailed { login, why, .. } => {
                    format!("{login} not let in: {why:?}")
                }
                Event::SourceBanned {
                    source,
                    for_seconds,
                    why,
                } => format!("{source} banned for {for_seconds} s: {why:?}"),
                Event::SourceReleased { source } => format!("{source} released"),
                Event::ScannerIgnored { signature, .. } => format!("ignored: {signature}"),
                Event::BadMessage { why, .. } => format!("bad message: {why}"),
                Event::Drained => "drained".to_owned(),
                _ => return None,
            })
        };
        self.events.iter().filter_map(words).collect()
    }
}

pub(crate) fn secret_of(login: &str) -> String {
    format!("secret of {login}")
}

/// What the relay gives to a call.
pub(crate) fn ports_of(call: CallId) -> MediaPorts {
    let port = 40_000 + 4 * u16::try_from(call.0 % 6000).unwrap();
    MediaPorts {
        caller: SocketAddr::from(([192, 0, 2, 2], port)).into(),
        callee: SocketAddr::from(([192, 0, 2, 2], port + 2)).into(),
    }
}

impl Node<SocketAddr, Bytes> for Server {
    fn owns(&self, address: &SocketAddr) -> bool {
        *address == self.address
    }

    fn receive(&mut self, now: Instant, packet: Packet<SocketAddr, Bytes>) {
        let flow = self.flow_from(packet.from);
        let payload = packet.payload;
        if let Some(inbox) = &mut self.inbox {
            inbox.push((flow, payload.clone()));
        }
        self.handle(now, Input::Receive { flow, payload });
    }

    fn timeout(&mut self, now: Instant) {
        self.handle(now, Input::Timeout);
    }

    fn poll_transmit(&mut self) -> Option<Packet<SocketAddr, Bytes>> {
        let transmit = self.switch.poll_transmit()?;
        let remote = transmit.flow.remote;
        let own = self.translated.iter().find(|(_, seen)| **seen == remote);
        Some(Packet {
            from: transmit.flow.local,
            to: own.map_or(remote, |(own, _)| *own),
            payload: transmit.payload,
        })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.switch.poll_timeout()
    }
}
