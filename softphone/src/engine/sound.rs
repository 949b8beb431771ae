//! What moves between microphone, network and speaker in one call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use media::srtp::{Keys, Suite};
use media::{HoldMusic, Input, Session, Statistics, Transmit};
use phone::Digit;
use sdp::CryptoSuite;
use tokio::net::UdpSocket;
use tokio::sync::Notify;

use super::audio::{AudioConfig, Report};
use super::mouth_and_ear::MouthAndEar;
use super::problem;

pub(super) struct Sound {
    session: Session,
    /// Figures of the sessions before the last change of codec.
    earlier: Statistics,
    seed: [u8; 32],
    negotiated: sdp::Negotiated,
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    ends: MouthAndEar,
    spoken_dbfs: f32,
    is_muted: bool,
    /// What the other side hears instead of us while it is on hold.
    music: Option<HoldMusic>,
    pub(super) wake: Arc<Notify>,
}

/// What a level meter shows before anything was measured.
const SILENT_DBFS: f32 = -96.0;

impl Sound {
    pub(super) fn open(config: AudioConfig) -> Result<Self, String> {
        let wake = Arc::new(Notify::new());
        let open_socket = |socket| {
            UdpSocket::from_std(socket).map_err(|error| {
                format!("The sound's socket cannot be used ({error}); call again.")
            })
        };
        let session = new_session(&config.negotiated, config.seed)?;
        let ends = MouthAndEar::open(config.audio_in, config.audio_out, wake.clone())?;
        Ok(Self {
            session,
            earlier: Statistics::default(),
            seed: config.seed,
            negotiated: config.negotiated,
            rtp: open_socket(config.ports.rtp)?,
            rtcp: open_socket(config.ports.rtcp)?,
            ends,
            spoken_dbfs: SILENT_DBFS,
            is_muted: false,
            music: None,
            wake,
        })
    }

    /// When [`Sound::timer_is_due`] is to be called.
    pub(super) fn due(&self) -> Option<Instant> {
        self.session.poll_timeout()
    }

    pub(super) fn timer_is_due(&mut self) {
        self.session.handle(Instant::now(), Input::Timeout);
    }

    pub(super) fn mute(&mut self, on: bool) {
        self.is_muted = on;
        self.hush();
    }

    /// On hold the other side hears music instead of us; the person's own choice to be muted stays. The server could not
    /// play to a phone whose keys it does not have.
    pub(super) fn hold(&mut self, on: bool) {
        self.music = on.then(|| self.music.take().unwrap_or_default());
        self.hush();
    }

    fn hush(&mut self) {
        let hushed = Input::Mute(self.is_muted && self.music.is_none());
        self.session.handle(Instant::now(), hushed);
    }

    pub(super) fn press(&mut self, digit: Digit) {
        if let Some(digit) = media::Digit::new(digit.sign()) {
            self.session.handle(Instant::now(), Input::Digit(digit));
        }
    }

    /// Moves everything that can be moved now.
    pub(super) fn pump(&mut self, tell: impl Fn(Report)) -> Result<(), String> {
        self.ends.settle(&tell)?;
        let now = Instant::now();
        while let Some(spoken) = self.ends.microphone.read() {
            let frame = self.music.as_mut().map_or(spoken, HoldMusic::frame);
            self.session.handle(now, Input::Capture(&frame));
        }
        while self.ends.speaker.wants_frame() {
            let frame = self.session.playout(now);
            self.ends.speaker.write(&frame);
        }
        self.send_all();
        while let Some(event) = self.session.poll_event() {
            self.on_session_event(event, &tell);
        }
        Ok(())
    }

    /// Says goodbye to the other side.
    pub(super) fn close(&mut self) {
        self.session.handle(Instant::now(), Input::Close);
        self.send_all();
    }

    fn send_all(&mut self) {
        while let Some(transmit) = self.session.poll_transmit() {
            self.send(transmit);
        }
    }

    fn send(&self, transmit: Transmit) {
        let remote = self.negotiated.remote;
        // No address, or nobody who listens: a call on hold (RFC 3264 section 8.4).
        if remote.ip().is_unspecified() || remote.port() == 0 {
            return;
        }
        let outcome = match transmit {
            Transmit::Packet(_) if !self.negotiated.direction.sends() => return,
            Transmit::Packet(packet) => self.rtp.try_send_to(&packet, remote),
            Transmit::Control(packet) => {
                let port = remote.port().saturating_add(1);
                self.rtcp
                    .try_send_to(&packet, SocketAddr::new(remote.ip(), port))
            }
        };
        // A packet that cannot leave now is a lost packet; the other side conceals it.
        if let Err(error) = outcome {
            tracing::debug!(%error, "a sound packet could not be sent");
        }
    }

    pub(super) fn receive(&mut self, datagram: &[u8], from: SocketAddr, on_rtcp_port: bool) {
        // Sound comes from where ours goes to; strangers must not talk into a call.
        if from.ip() != self.negotiated.remote.ip() {
            return;
        }
        let input = if on_rtcp_port || media::is_control(datagram) {
            Input::Control(Bytes::copy_from_slice(datagram))
        } else {
            Input::Packet(with_our_number(datagram, &self.negotiated))
        };
        self.session.handle(Instant::now(), input);
    }

    fn on_session_event(&mut self, event: media::Event, tell: impl Fn(Report)) {
        match event {
            // Music is not spoken.
            media::Event::SpokenLevel { dbfs } => {
                self.spoken_dbfs = if self.music.is_none() {
                    dbfs
                } else {
                    SILENT_DBFS
                };
            }
            media::Event::HeardLevel { dbfs } => {
                tell(Report::Level {
                    spoken_dbfs: self.spoken_dbfs,
                    heard_dbfs: dbfs,
                });
            }
            media::Event::Flowing => tell(Report::Flows),
            media::Event::Digit(digit) => {
                if let Some(digit) = Digit::new(digit.sign()) {
                    tell(Report::Digit(digit));
                }
            }
            media::Event::Stalled { .. } => tell(Report::Stalled),
            // Signalling decides about the end of a call, and nobody reads digits here.
            media::Event::Goodbye => {}
        }
    }

    pub(super) fn change(&mut self, negotiated: sdp::Negotiated) -> Result<(), String> {
        let before = std::mem::replace(&mut self.negotiated, negotiated);
        let same = before.codec == negotiated.codec
            && before.payload_type == negotiated.payload_type
            && before.receive_payload_type == negotiated.receive_payload_type
            && before.telephone_event == negotiated.telephone_event
            && before.crypto == negotiated.crypto;
        if !same {
            self.earlier = self.statistics();
            self.seed[0] = self.seed[0].wrapping_add(1);
            self.session = new_session(&negotiated, self.seed)?;
            self.hush();
        }
        Ok(())
    }

    /// Of the whole call, all its codecs together.
    pub(super) fn statistics(&self) -> Statistics {
        let now = self.session.statistics();
        Statistics {
            sent: now.sent + self.earlier.sent,
            received: now.received + self.earlier.received,
            lost: now.lost + self.earlier.lost,
            ..now
        }
    }
}

/// The packet with the payload type that the session knows: each side chooses its own number for what it receives, so
/// theirs may differ from ours (RFC 3264 section 5.1).
fn with_our_number(datagram: &[u8], negotiated: &sdp::Negotiated) -> Bytes {
    let (theirs, ours) = (negotiated.receive_payload_type, negotiated.payload_type);
    let mut packet = BytesMut::from(datagram);
    // What is sealed must not be touched: its number is sealed with it.
    if negotiated.crypto.is_none()
        && theirs != ours
        && let Some(byte) = packet.get_mut(1)
        && *byte & 0x7f == theirs
    {
        *byte = (*byte & 0x80) | ours;
    }
    packet.freeze()
}

fn new_session(negotiated: &sdp::Negotiated, seed: [u8; 32]) -> Result<Session, String> {
    let codec = match negotiated.codec {
        sdp::Codec::Opus => media::Codec::Opus,
        sdp::Codec::Pcmu => media::Codec::Pcmu,
        sdp::Codec::Pcma => media::Codec::Pcma,
        sdp::Codec::G722 => media::Codec::G722,
    };
    let config = media::Config {
        payload_type: negotiated.payload_type,
        telephone_event: negotiated.telephone_event,
        srtp: negotiated.crypto.map(|pair| keys(&pair)).transpose()?,
        ..media::Config::new(codec)
    };
    Session::new(config, seed).map_err(|error| problem::sentence(&error))
}

/// What was agreed on, in the words of the media session.
fn keys(pair: &sdp::CryptoPair) -> Result<Keys, String> {
    let suite = match pair.ours.suite {
        CryptoSuite::AesCm128HmacSha1_80 => Suite::AesCm128HmacSha1_80,
        CryptoSuite::AesCm128HmacSha1_32 => Suite::AesCm128HmacSha1_32,
        CryptoSuite::AeadAes128Gcm => Suite::AeadAes128Gcm,
        CryptoSuite::AeadAes256Gcm => Suite::AeadAes256Gcm,
    };
    let (ours, theirs) = (&pair.ours.key, &pair.theirs.key);
    Keys::new(suite, ours.key_and_salt(), theirs.key_and_salt())
        .map_err(|error| problem::sentence(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_type_that_differs_each_way_is_translated_and_the_marker_kept() {
        let negotiated = sdp::Negotiated {
            remote: ([127, 0, 0, 1], 4000).into(),
            codec: sdp::Codec::Opus,
            payload_type: 96,
            receive_payload_type: 111,
            telephone_event: None,
            ptime_millis: 20,
            direction: sdp::Direction::SendRecv,
            crypto: None,
        };
        assert_eq!(
            with_our_number(&[0x80, 111, 0, 1], &negotiated)[..],
            [0x80, 96, 0, 1]
        );
        assert_eq!(
            with_our_number(&[0x80, 0x80 | 111], &negotiated)[..],
            [0x80, 0x80 | 96]
        );
        assert_eq!(with_our_number(&[0x80, 0], &negotiated)[..], [0x80, 0]);
        assert_eq!(with_our_number(&[0x80], &negotiated)[..], [0x80]);
    }
}
