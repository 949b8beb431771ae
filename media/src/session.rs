//! One audio stream in both directions: the façade of this crate.

mod interface;
mod security;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::codec::{Decoder, Encoder};
use crate::level::Level;
use crate::playout::{Playout, Waiting};
use crate::quality::{Conditions, mean_opinion_score};
use crate::reports::{Reports, Sent};
use crate::rtp::{Packet, Sequence, Ssrc, Timestamp};
use crate::source::{Heard, Source};
use crate::telephone_event::{Dialling, Listening};
use crate::{Codec, CodecError, FRAME_SAMPLES, Frame, SAMPLE_RATE, SILENCE, Statistics};
pub use interface::{Config, Event, Input, Transmit};
use security::Security;

/// No packet for so long is worth telling: the other side sends fifty a second, even in silence.
const STALLED_AFTER: Duration = Duration::from_secs(5);
/// Levels are told for this many samples at a time: 100 ms.
const LEVEL_SAMPLES: u64 = SAMPLE_RATE as u64 / 10;
/// Events that nobody fetches; the oldest go first.
const MOST_EVENTS: usize = 64;
/// Comfort noise (RFC 3389): we make our own silence of it.
const COMFORT_NOISE: u8 = 13;
/// Of the mouth-to-ear delay, what neither network nor buffer is: a frame and the devices, in milliseconds.
const DELAY_AT_THE_ENDS: f64 = 60.0;

/// What a session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// Nothing has happened at all.
    Untouched,
    /// Packets come; the last one at this time, or the session began then.
    Expected(Instant),
    /// They have stopped since this time.
    Stalled(Instant),
}

/// One audio stream in both directions.
pub struct Session {
    codec: Codec,
    payload_type: u8,
    telephone_event: Option<u8>,

    encoder: Encoder,
    ssrc: Ssrc,
    sequence: Sequence,
    timestamp: Timestamp,
    sent: Option<Sent>,
    is_muted: bool,
    is_closed: bool,
    spoken: Level,
    dialling: Dialling,

    source: Source,
    playout: Playout,
    listening: Listening,
    heard: Level,
    flow: Flow,
    has_flowed: bool,
    malformed: u64,
    buffer_micros: i64,

    reports: Reports,
    security: Security,
    /// Zero of the microseconds that the receiving side counts in.
    epoch: Option<Instant>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

impl Session {
    /// Sets up encoder, decoder and jitter buffer. The seed makes SSRC, starting numbers and the
    /// canonical name; it must not be used twice.
    ///
    /// # Errors
    /// The codec's library refuses to start.
    pub fn new(config: Config, seed: [u8; 32]) -> Result<Self, CodecError> {
        let Config {
            codec,
            payload_type,
            telephone_event,
            srtp,
            mut cname,
        } = config;
        let [s0, s1, s2, s3, n0, n1, t0, t1, t2, t3, rest @ ..] = seed;
        let ssrc = Ssrc(u32::from_be_bytes([s0, s1, s2, s3]));
        if cname.is_empty() {
            cname = rest[..12].iter().map(|b| format!("{b:02x}")).collect();
        }
        let random = rest[12..20]
            .iter()
            .fold(0, |number, &byte| number << 8 | u64::from(byte));
        Ok(Session {
            codec,
            payload_type,
            telephone_event,
            encoder: Encoder::new(codec)?,
            ssrc,
            // In the lower half, so that whoever misses the first packets of a secure stream cannot miss the
            // moment at which they wrap (RFC 3711 §3.3.1).
            sequence: Sequence(u16::from_be_bytes([n0, n1]) & 0x7fff),
            timestamp: Timestamp(u32::from_be_bytes([t0, t1, t2, t3])),
            sent: None,
            is_muted: false,
            is_closed: false,
            spoken: Level::default(),
            dialling: Dialling::default(),
            source: Source::new(codec.clock_rate()),
            playout: Playout::new(Decoder::new(codec)?),
            listening: Listening::default(),
            heard: Level::default(),
            flow: Flow::Untouched,
            has_flowed: false,
            malformed: 0,
            buffer_micros: 0,
            reports: Reports::new(ssrc, cname, random),
            security: Security::new(srtp.as_ref()),
            epoch: None,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        })
    }

    /// Tells the session what happened at `now`.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.begin(now);
        match input {
            Input::Packet(datagram) => match self.security.open_packet(datagram) {
                Some(datagram) => self.receive(now, &datagram),
                None => self.malformed += 1,
            },
            Input::Control(datagram) => match self.security.open_control(datagram) {
                Some(datagram) => self.receive_control(now, &datagram),
                None => self.malformed += 1,
            },
            Input::Capture(frame) => self.capture(now, frame),
            Input::Digit(digit) => {
                if self.telephone_event.is_some() {
                    self.dialling.press(digit);
                }
            }
            Input::Mute(is_muted) => self.is_muted = is_muted,
            Input::Close => self.close(now),
            Input::Timeout => {}
        }
        self.watch_timers(now);
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to give `Input::Timeout` next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.is_closed {
            return None;
        }
        let stalls = match self.flow {
            Flow::Expected(last) => Some(last + STALLED_AFTER),
            Flow::Untouched | Flow::Stalled(_) => None,
        };
        [self.reports.next(), stalls].into_iter().flatten().min()
    }

    /// The next 20 ms for the speaker; its pace is the pace of these calls.
    pub fn playout(&mut self, now: Instant) -> Frame {
        self.begin(now);
        let micros = self.micros(now);
        let frame = self.playout.pull(micros);
        self.buffer_micros = self.playout.delay(micros);
        self.heard.add(&frame);
        if self.heard.count() >= LEVEL_SAMPLES {
            let dbfs = std::mem::take(&mut self.heard).dbfs();
            self.tell(Event::HeardLevel { dbfs });
        }
        frame
    }

    /// Figures since the start.
    pub fn statistics(&self) -> Statistics {
        let totals = self.source.totals();
        let counts = self.playout.counts();
        let buffer_millis = self.buffer_micros as f64 / 1_000.0;
        let network_millis = self
            .reports
            .round_trip()
            .map_or(0.0, |round_trip| round_trip.as_secs_f64() * 500.0);
        let frames = counts.played + counts.recovered + counts.concealed;
        Statistics {
            sent: self.sent.map_or(0, |sent| sent.packets),
            received: totals.received,
            lost: totals.lost,
            late: counts.late,
            duplicates: totals.duplicates,
            reordered: totals.reordered,
            malformed: self.malformed + counts.broken,
            played: counts.played,
            recovered: counts.recovered,
            concealed: counts.concealed,
            jitter_millis: self.source.jitter_millis(),
            buffer_millis,
            round_trip: self.reports.round_trip(),
            remote_loss: self.reports.remote_loss(),
            mos: mean_opinion_score(Conditions {
                codec: self.codec,
                delay_millis: network_millis + buffer_millis + DELAY_AT_THE_ENDS,
                concealed: counts.concealed as f64 / frames.max(1) as f64,
            }),
        }
    }

    fn begin(&mut self, now: Instant) {
        self.epoch.get_or_insert(now);
        self.reports.start(now);
        if self.flow == Flow::Untouched {
            self.flow = Flow::Expected(now);
        }
    }

    fn micros(&self, now: Instant) -> i64 {
        self.epoch.map_or(0, |epoch| {
            now.saturating_duration_since(epoch).as_micros() as i64
        })
    }

    fn tell(&mut self, event: Event) {
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Sends RTP. What cannot be sealed is not sent at all.
    fn send_packet(&mut self, packet: Bytes) {
        if let Some(packet) = self.security.seal_packet(packet) {
            self.transmits.push_back(Transmit::Packet(packet));
        }
    }

    /// Sends RTCP.
    fn send_control(&mut self, report: Bytes) {
        if let Some(report) = self.security.seal_control(report) {
            self.transmits.push_back(Transmit::Control(report));
        }
    }

    fn capture(&mut self, now: Instant, frame: &Frame) {
        if self.is_closed {
            return;
        }
        let frame = if self.is_muted { &SILENCE } else { frame };
        self.spoken.add(frame);
        if self.spoken.count() >= LEVEL_SAMPLES {
            let dbfs = std::mem::take(&mut self.spoken).dbfs();
            self.tell(Event::SpokenLevel { dbfs });
        }
        let ticks = FRAME_SAMPLES as u32 * self.codec.clock_rate() / SAMPLE_RATE;
        let event = self.dialling.next(self.timestamp, ticks);
        let packet = match (event, self.telephone_event) {
            (Some(event), Some(payload_type)) => Some(Packet {
                marker: event.marker,
                payload_type,
                sequence: self.sequence,
                timestamp: event.timestamp,
                ssrc: self.ssrc,
                payload: Bytes::copy_from_slice(&event.payload),
            }),
            _ => self.encoder.encode(frame).map(|payload| Packet {
                marker: self.sent.is_none(),
                payload_type: self.payload_type,
                sequence: self.sequence,
                timestamp: self.timestamp,
                ssrc: self.ssrc,
                payload,
            }),
        };
        if let Some(packet) = packet {
            self.send(now, &packet);
        }
        self.timestamp = self.timestamp.plus(ticks);
    }

    fn send(&mut self, now: Instant, packet: &Packet) {
        let (packets, bytes) = self.sent.map_or((0, 0), |sent| (sent.packets, sent.bytes));
        self.sent = Some(Sent {
            packets: packets + 1,
            bytes: bytes + packet.payload.len() as u64,
            timestamp: self.timestamp,
            at: now,
            clock_rate: self.codec.clock_rate(),
        });
        self.sequence = self.sequence.next();
        self.send_packet(packet.to_bytes());
    }

    fn receive(&mut self, now: Instant, datagram: &Bytes) {
        let Ok(packet) = Packet::parse(datagram) else {
            self.malformed += 1;
            return;
        };
        let is_sound = packet.payload_type == self.payload_type;
        let is_known = is_sound
            || packet.payload_type == COMFORT_NOISE
            || Some(packet.payload_type) == self.telephone_event;
        if !is_known {
            self.malformed += 1;
            return;
        }
        let micros = self.micros(now);
        let (sequence, timestamp) = match self.source.receive(&packet, micros) {
            Heard::Stranger | Heard::Duplicate => return,
            Heard::First {
                sequence,
                timestamp,
            } => {
                self.playout.restart();
                self.listening.restart();
                (sequence, timestamp)
            }
            Heard::Next {
                sequence,
                timestamp,
            } => (sequence, timestamp),
        };
        if matches!(self.flow, Flow::Stalled(_)) || !self.has_flowed {
            self.has_flowed = true;
            self.tell(Event::Flowing);
        }
        self.flow = Flow::Expected(now);
        if is_sound {
            let samples = i64::from(SAMPLE_RATE / self.codec.clock_rate());
            let waiting = Waiting {
                sequence,
                payload: packet.payload,
            };
            self.playout.insert(micros, timestamp * samples, waiting);
            return;
        }
        self.playout.pass_over(sequence);
        if Some(packet.payload_type) == self.telephone_event
            && let Some(digit) = self.listening.hear(timestamp, &packet.payload)
        {
            self.tell(Event::Digit(digit));
        }
    }

    fn receive_control(&mut self, now: Instant, datagram: &[u8]) {
        let Ok(learnt) = self.reports.receive(now, datagram) else {
            self.malformed += 1;
            return;
        };
        if learnt.about_us {
            let loss = self.reports.remote_loss().unwrap_or(0.0);
            self.encoder.expect_loss(loss);
        }
        if learnt.goodbye {
            self.tell(Event::Goodbye);
        }
    }

    fn watch_timers(&mut self, now: Instant) {
        if self.is_closed {
            return;
        }
        if let Flow::Expected(last) = self.flow
            && now >= last + STALLED_AFTER
        {
            self.flow = Flow::Stalled(last);
            let since = now.saturating_duration_since(last);
            self.tell(Event::Stalled { since });
        }
        if let Some(report) = self.reports.due(now, self.sent, self.source.reception()) {
            self.send_control(report);
        }
    }

    fn close(&mut self, now: Instant) {
        if self.is_closed {
            return;
        }
        self.is_closed = true;
        let goodbye = self
            .reports
            .goodbye(now, self.sent, self.source.reception());
        self.send_control(goodbye);
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("codec", &self.codec)
            .field("ssrc", &self.ssrc)
            .field("flow", &self.flow)
            .field("statistics", &self.statistics())
            .finish_non_exhaustive()
    }
}
