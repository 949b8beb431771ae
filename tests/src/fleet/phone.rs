//! One phone: a socket for SIP, one for audio, and the thread that works on both.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use sip::{
    ClientCredential, Config, EndCause, Endpoint, Event, Flow, HeaderName, Headers, Input, LegId,
    NameAddr, Secret, StatusCode, Uri,
};

use super::{CallsItself, Report};
use crate::Device;
use crate::scripted::{description, media_address};

/// What a phone is told to do.
#[derive(Debug)]
pub(super) enum Command {
    /// Call this number, and tell of it under this index.
    Call(String, usize),
    HangUp(usize),
    Stop,
}

/// How long it listens before it looks at its timers, its orders and its audio.
const MOMENT: Duration = Duration::from_millis(20);

/// How often a packet of audio goes out: often enough to see that a call lives, and seldom enough for hundreds of them.
const PACKET_EVERY: Duration = Duration::from_millis(200);

pub(super) struct Phone {
    endpoint: Endpoint,
    socket: UdpSocket,
    audio: UdpSocket,
    flow: Flow,
    device: Device,
    /// The user part of its address.
    itself: String,
    credential: ClientCredential,
    report: Arc<Mutex<Report>>,
    legs: HashMap<LegId, Leg>,
    next_packet: Instant,
    sequence: u16,
}

struct Leg {
    index: usize,
    /// Where the other side listens.
    audio: Option<SocketAddr>,
}

impl Phone {
    pub(super) fn new(
        server: SocketAddr,
        device: &Device,
        itself: CallsItself,
        report: Arc<Mutex<Report>>,
    ) -> Result<Phone> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(MOMENT))?;
        let audio = UdpSocket::bind("127.0.0.1:0")?;
        audio.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        let mut seed = [0x5a; 32];
        for (place, byte) in seed.iter_mut().zip(device.login.bytes()) {
            *place ^= byte;
        }
        Ok(Phone {
            endpoint: Endpoint::new(Config::default(), seed),
            flow: Flow {
                transport: sip::Transport::Udp,
                local,
                remote: server,
                connection: 0,
            },
            socket,
            audio,
            itself: match itself {
                CallsItself::Login => device.login.clone(),
                CallsItself::Number => device.number.clone(),
            },
            credential: ClientCredential {
                login: device.login.as_str().into(),
                secret: Secret::new(device.secret.as_str()),
            },
            device: device.clone(),
            report,
            legs: HashMap::new(),
            next_packet: Instant::now(),
            sequence: 0,
        })
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self, seconds: u32, inbox: &Receiver<Command>) {
        let Ok(registrar) = self.device.registrar().parse() else {
            return;
        };
        let Ok(address) = self.uri(&self.itself.clone()) else {
            return;
        };
        let registration = self.endpoint.next_registration();
        self.handle(Input::Register {
            registration,
            flow: self.flow,
            registrar,
            address_of_record: NameAddr::new(address),
            credential: Some(self.credential.clone()),
            expires_seconds: seconds,
            instance: None,
            reg_id: None,
            features: Vec::new(),
        });
        let mut buffer = vec![0; 16_384];
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(length) => {
                    let payload = Bytes::copy_from_slice(&buffer[..length]);
                    let flow = self.flow;
                    self.handle(Input::Receive { flow, payload });
                }
                Err(_) => self.handle(Input::Timeout),
            }
            loop {
                match inbox.try_recv() {
                    Ok(Command::Call(number, index)) => self.call(&number, index),
                    Ok(Command::HangUp(index)) => self.hang_up(index),
                    Err(TryRecvError::Empty) => break,
                    Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return,
                }
            }
            self.speak();
            self.listen(&mut buffer);
        }
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn uri(&self, user: &str) -> Result<Uri> {
        let text = format!("sip:{user}@{}", self.device.domain);
        text.parse().context("an address")
    }

    fn session(&self) -> Bytes {
        let local = self.audio.local_addr().unwrap_or(self.flow.local);
        Bytes::from(description(local))
    }

    fn call(&mut self, number: &str, index: usize) {
        let (Ok(from), Ok(to)) = (self.uri(&self.itself), self.uri(number)) else {
            return;
        };
        let leg = self.endpoint.next_leg();
        self.legs.insert(leg, Leg { index, audio: None });
        let body = self.session();
        self.handle(Input::Invite {
            leg,
            flow: self.flow,
            uri: to.clone(),
            from: NameAddr::new(from),
            to: NameAddr::new(to),
            headers: Headers::new(),
            body,
            credential: Some(self.credential.clone()),
        });
    }

    fn hang_up(&mut self, index: usize) {
        let mut legs = self.legs.iter();
        if let Some((leg, _)) = legs.find(|(_, leg)| leg.index == index) {
            let leg = *leg;
            self.handle(Input::Hangup { leg, reason: None });
        }
    }

    fn handle(&mut self, input: Input) {
        self.endpoint.handle(Instant::now(), input);
        while let Some(event) = self.endpoint.poll_event() {
            self.react(event);
        }
        while let Some(transmit) = self.endpoint.poll_transmit() {
            // What the system does not take is sent again.
            let _ = self.socket.send(&transmit.payload);
        }
    }

    fn react(&mut self, event: Event) {
        match event {
            Event::Registered { .. } => self.report().registered += 1,
            Event::RegistrationFailed { failure, .. } => {
                self.report().not_registered.push(format!("{failure:?}"));
            }
            Event::Incoming { leg, invite, .. } => {
                let text = |name| invite.headers.get(&name).map(ToString::to_string);
                let (from, history) = (text(HeaderName::From), text(HeaderName::HistoryInfo));
                let index = self.report().incoming(from, history);
                let audio = media_address(&invite.body).ok();
                self.legs.insert(leg, Leg { index, audio });
                let body = Bytes::new();
                let status = StatusCode::RINGING;
                self.endpoint
                    .handle(Instant::now(), Input::Progress { leg, status, body });
                let (headers, body) = (Headers::new(), self.session());
                self.endpoint
                    .handle(Instant::now(), Input::Accept { leg, headers, body });
            }
            Event::Acknowledged { leg, .. } => {
                if let Some(leg) = self.legs.get(&leg) {
                    let index = leg.index;
                    self.report().calls[index].is_answered = true;
                }
            }
            Event::Progress { leg, status, .. } => {
                if let Some(leg) = self.legs.get(&leg) {
                    let index = leg.index;
                    self.report().calls[index].progress.push(status.code());
                }
            }
            Event::Answered { leg, body, .. } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.audio = media_address(&body).ok();
                    let index = leg.index;
                    self.report().calls[index].is_answered = true;
                }
            }
            Event::Ended { leg, cause } => {
                if let Some(leg) = self.legs.remove(&leg) {
                    self.report().calls[leg.index].end = Some(in_words(cause));
                }
            }
            _ => {}
        }
    }

    /// A packet of silence on each call.
    fn speak(&mut self) {
        if Instant::now() < self.next_packet {
            return;
        }
        self.next_packet += PACKET_EVERY;
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0xff; 172];
        packet[..12].fill(0);
        packet[0] = 0x80;
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        let samples = u32::from(self.sequence) * 160;
        packet[4..8].copy_from_slice(&samples.to_be_bytes());
        packet[8..12].copy_from_slice(&u32::from(self.flow.local.port()).to_be_bytes());
        for audio in self.legs.values().filter_map(|leg| leg.audio) {
            // The other side may be gone at this moment.
            let _ = self.audio.send_to(&packet, audio);
        }
    }

    fn listen(&mut self, buffer: &mut [u8]) {
        loop {
            let source = match self.audio.recv_from(buffer) {
                Ok((_, source)) => source,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => continue,
            };
            let mut legs = self.legs.values();
            if let Some(leg) = legs.find(|leg| leg.audio == Some(source)) {
                let index = leg.index;
                let call = &mut self.report().calls[index];
                call.heard += 1;
                call.last_heard = Some(Instant::now());
            }
        }
    }
}

fn in_words(cause: EndCause) -> String {
    match cause {
        EndCause::LocalHangup => "we hung up".to_owned(),
        EndCause::RemoteHangup { .. } => "they hung up".to_owned(),
        EndCause::Refused { status, headers } => match headers.get(&HeaderName::Contact) {
            Some(contact) => format!("{} {contact}", status.code()),
            None => status.code().to_string(),
        },
        other => format!("{other:?}"),
    }
}
