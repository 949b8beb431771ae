//! One half of a choir: the SIP core of the softphone with many registrations and many calls on one socket.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use sip::{
    ClientCredential, Config, EndCause, Endpoint, Event, Flow, Headers, Input, LegId, NameAddr,
    Secret, Uri,
};

use super::audio::Audio;
use crate::Device;
use crate::scripted::{description, media_address};

/// What a section is told to do.
#[derive(Debug)]
pub(super) enum Command {
    /// One of its people calls a number.
    Call {
        from: usize,
        number: String,
    },
    /// All offer their sessions anew.
    Reinvite,
    /// So many of its calls are hung up.
    HangUp(usize),
    Stop,
}

/// How long it listens before it looks at its timers and its orders.
const MOMENT: Duration = Duration::from_millis(5);

/// How long a registration lives: none has to be made again while a test runs.
const LIFE_SECONDS: u32 = 3600;

/// What it has to tell.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) registered: usize,
    pub(super) answered: usize,
    /// Offers within calls that were accepted.
    pub(super) agreed_anew: usize,
    pub(super) ends: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Section {
    devices: Vec<Device>,
    commands: Sender<Command>,
    report: Arc<Mutex<Report>>,
    audio: Arc<Audio>,
    thread: Option<JoinHandle<()>>,
}

impl Section {
    pub(super) fn start(server: SocketAddr, devices: &[Device]) -> Result<Section> {
        let (commands, inbox) = channel();
        let report = Arc::new(Mutex::new(Report::default()));
        let audio = Arc::new(Audio::start()?);
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(MOMENT))?;
        let local = socket.local_addr()?;
        let mut seed = [0x5a; 32];
        seed[..2].copy_from_slice(&local.port().to_be_bytes());
        let mut work = Work {
            endpoint: Endpoint::new(Config::default(), seed),
            flow: Flow {
                transport: sip::Transport::Udp,
                local,
                remote: server,
                connection: 0,
            },
            socket,
            devices: devices.to_vec(),
            audio: Arc::clone(&audio),
            report: Arc::clone(&report),
            legs: HashMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("choir".into())
            .spawn(move || work.run(&inbox))?;
        Ok(Section {
            devices: devices.to_vec(),
            commands,
            report,
            audio,
            thread: Some(thread),
        })
    }

    pub(super) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn audio(&self) -> &Audio {
        &self.audio
    }

    /// The number of one of its people.
    pub(super) fn number(&self, index: usize) -> &str {
        &self.devices[index % self.devices.len()].number
    }

    pub(super) fn command(&self, command: Command) -> Result<()> {
        let sent = self.commands.send(command);
        sent.ok().context("a section of the choir has stopped")
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Work {
    endpoint: Endpoint,
    socket: UdpSocket,
    flow: Flow,
    devices: Vec<Device>,
    audio: Arc<Audio>,
    report: Arc<Mutex<Report>>,
    /// The calls, and where each is heard from, once that is known.
    legs: HashMap<LegId, Option<SocketAddr>>,
}

impl Work {
    fn run(&mut self, inbox: &Receiver<Command>) {
        for device in self.devices.clone() {
            let (Ok(registrar), Ok(address)) =
                (device.registrar().parse(), uri(&device, &device.login))
            else {
                return;
            };
            let registration = self.endpoint.next_registration();
            self.handle(Input::Register {
                registration,
                flow: self.flow,
                registrar,
                address_of_record: NameAddr::new(address),
                credential: Some(credential(&device)),
                expires_seconds: LIFE_SECONDS,
                instance: None,
                reg_id: None,
                features: Vec::new(),
            });
        }
        let mut buffer = vec![0; 65_536];
        loop {
            if let Ok(length) = self.socket.recv(&mut buffer) {
                let payload = Bytes::copy_from_slice(&buffer[..length]);
                let flow = self.flow;
                self.handle(Input::Receive { flow, payload });
            }
            let is_due = |due: Instant| due <= Instant::now();
            if self.endpoint.poll_timeout().is_some_and(is_due) {
                self.handle(Input::Timeout);
            }
            match inbox.try_recv() {
                Ok(Command::Call { from, number }) => self.call(from, &number),
                Ok(Command::Reinvite) => {
                    let legs: Vec<LegId> = self.legs.keys().copied().collect();
                    for leg in legs {
                        let body = self.session();
                        self.handle(Input::Reinvite { leg, body });
                    }
                }
                Ok(Command::HangUp(calls)) => {
                    let legs: Vec<LegId> = self.legs.keys().copied().take(calls).collect();
                    for leg in legs {
                        self.handle(Input::Hangup { leg, reason: None });
                    }
                }
                Err(TryRecvError::Empty) => {}
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self) -> Bytes {
        Bytes::from(description(self.audio.local()))
    }

    fn call(&mut self, from: usize, number: &str) {
        let device = self.devices[from % self.devices.len()].clone();
        let (Ok(from), Ok(to)) = (uri(&device, &device.login), uri(&device, number)) else {
            return;
        };
        let leg = self.endpoint.next_leg();
        self.legs.insert(leg, None);
        let body = self.session();
        self.handle(Input::Invite {
            leg,
            flow: self.flow,
            uri: to.clone(),
            from: NameAddr::new(from),
            to: NameAddr::new(to),
            headers: Headers::new(),
            body,
            credential: Some(credential(&device)),
        });
    }

    fn handle(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            self.endpoint.handle(Instant::now(), input);
            while let Some(event) = self.endpoint.poll_event() {
                // One answer at most to one input.
                next = self.react(event).or(next);
            }
            while let Some(transmit) = self.endpoint.poll_transmit() {
                // What the system does not take is sent again.
                let _ = self.socket.send(&transmit.payload);
            }
        }
    }

    fn react(&mut self, event: Event) -> Option<Input> {
        match event {
            Event::Registered { .. } => self.report().registered += 1,
            Event::Incoming { leg, invite, .. } => {
                let relay = media_address(&invite.body).ok();
                self.legs.insert(leg, relay);
                if let Some(relay) = relay {
                    self.audio.begin(relay);
                }
                return Some(self.accept(leg));
            }
            Event::Reoffer { leg, .. } => return Some(self.accept(leg)),
            Event::Acknowledged { leg, .. } if self.legs.contains_key(&leg) => {
                self.report().answered += 1;
            }
            Event::Answered { leg, body, .. } => match self.legs.get_mut(&leg) {
                Some(Some(_)) => self.report().agreed_anew += 1,
                Some(known) => {
                    *known = media_address(&body).ok();
                    if let Some(relay) = known {
                        self.audio.begin(*relay);
                    }
                    self.report().answered += 1;
                }
                None => {}
            },
            Event::Ended { leg, cause } => {
                if let Some(Some(relay)) = self.legs.remove(&leg) {
                    self.audio.end(relay);
                }
                self.report().ends.push(in_words(cause));
            }
            _ => {}
        }
        None
    }

    fn accept(&self, leg: LegId) -> Input {
        Input::Accept {
            leg,
            headers: Headers::new(),
            body: self.session(),
        }
    }
}

fn uri(device: &Device, user: &str) -> Result<Uri> {
    let text = format!("sip:{user}@{}", device.domain);
    text.parse().context("an address")
}

fn credential(device: &Device) -> ClientCredential {
    ClientCredential {
        login: device.login.as_str().into(),
        secret: Secret::new(device.secret.as_str()),
    }
}

fn in_words(cause: EndCause) -> String {
    match cause {
        EndCause::LocalHangup => "we hung up".to_owned(),
        EndCause::RemoteHangup { .. } => "they hung up".to_owned(),
        EndCause::Refused { status, .. } => status.code().to_string(),
        other => format!("{other:?}"),
    }
}
