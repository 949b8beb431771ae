//! The sound of one call, on a thread of its own: microphone to network, network to speaker.
//!
//! The thread sleeps until something happens: a packet comes, a device has or wants a frame, the session's own timer is
//! due, or the engine says something. Nothing else runs on it, so signalling and drawing never make sound late.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use devices::{Microphone, Speaker};
use media::{Input, Session, Statistics, Transmit};
use phone::CallNumber;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, mpsc};

use super::ports::MediaPorts;
use super::{Problem, problem};

/// The largest datagram: RTP stays below an Ethernet frame, and what does not fit is no RTP of ours.
const DATAGRAM_BYTES: usize = 2048;

/// What the sound of a call starts with.
pub(crate) struct AudioConfig {
    pub(crate) call: CallNumber,
    pub(crate) ports: MediaPorts,
    pub(crate) negotiated: sdp::Negotiated,
    pub(crate) audio_in: String,
    pub(crate) audio_out: String,
    pub(crate) seed: [u8; 32],
}

/// What the engine says to the thread.
enum Order {
    Mute(bool),
    Change(sdp::Negotiated),
}

/// What the thread says to the engine.
#[derive(Debug)]
pub(crate) enum Report {
    /// The first sample was captured.
    Captured {
        device: String,
        at: SystemTime,
    },
    /// The first sample was played.
    Played {
        device: String,
        at: SystemTime,
    },
    Level {
        spoken_dbfs: f32,
        heard_dbfs: f32,
    },
    Flows,
    Stalled,
    /// Something works no longer, but the call goes on.
    Trouble(Problem),
    /// The call cannot go on.
    Failed(String),
    /// The devices are closed; the last report, always.
    Closed(Box<Statistics>),
}

/// The engine's hold on the thread. Dropping it ends the sound.
#[derive(Debug)]
pub(crate) struct Audio {
    orders: mpsc::Sender<Order>,
}

/// Orders that may wait; the thread takes them within milliseconds.
const ORDERS: usize = 16;

impl Audio {
    /// Starts the thread. Reports come through `reports`, the last one is `Closed`.
    pub(crate) fn start(
        config: AudioConfig,
        reports: mpsc::Sender<(CallNumber, Report)>,
    ) -> std::io::Result<Self> {
        let (orders, order_queue) = mpsc::channel(ORDERS);
        let mut farewell = Farewell {
            call: config.call,
            statistics: Box::default(),
            reports,
        };
        std::thread::Builder::new()
            .name(format!("audio {}", config.call))
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_io()
                    .enable_time()
                    .build();
                let outcome = match runtime {
                    Ok(runtime) => runtime.block_on(run(config, order_queue, &mut farewell)),
                    Err(error) => Err(format!("Sound cannot be started ({error}); call again.")),
                };
                if let Err(sentence) = outcome {
                    farewell.tell(Report::Failed(sentence));
                }
            })?;
        Ok(Self { orders })
    }

    pub(crate) fn mute(&self, on: bool) {
        self.order(Order::Mute(on));
    }

    pub(crate) fn change(&self, negotiated: sdp::Negotiated) {
        self.order(Order::Change(negotiated));
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::warn!("the audio thread does not take orders");
        }
    }
}

/// Says `Closed` when the thread ends, even if it ends in a panic: a call that nobody reports the end of would hang.
struct Farewell {
    call: CallNumber,
    statistics: Box<Statistics>,
    reports: mpsc::Sender<(CallNumber, Report)>,
}

impl Farewell {
    /// Never blocks, for sound must not wait for the engine.
    fn tell(&self, report: Report) {
        if self.reports.try_send((self.call, report)).is_err() {
            tracing::warn!("the engine does not take reports");
        }
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let statistics = std::mem::take(&mut self.statistics);
        // Here waiting is right: this report must arrive.
        let _ = self
            .reports
            .blocking_send((self.call, Report::Closed(statistics)));
    }
}

async fn run(
    config: AudioConfig,
    mut orders: mpsc::Receiver<Order>,
    farewell: &mut Farewell,
) -> Result<(), String> {
    let mut sound = Sound::open(config)?;
    let (mut rtp_buffer, mut rtcp_buffer) = ([0; DATAGRAM_BYTES], [0; DATAGRAM_BYTES]);
    loop {
        sound.pump(farewell);
        let timer = sound.session.poll_timeout();
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Mute(on)) => sound.session.handle(Instant::now(), Input::Mute(on)),
                Some(Order::Change(negotiated)) => sound.change(negotiated)?,
                None => break,
            },
            received = sound.rtp.recv_from(&mut rtp_buffer) => {
                if let Ok((length, from)) = received {
                    sound.receive(&rtp_buffer[..length], from, false);
                }
            }
            received = sound.rtcp.recv_from(&mut rtcp_buffer) => {
                if let Ok((length, from)) = received {
                    sound.receive(&rtcp_buffer[..length], from, true);
                }
            }
            () = sound.wake.notified() => {}
            () = sleep_until(timer) => sound.session.handle(Instant::now(), Input::Timeout),
        }
    }
    sound.session.handle(Instant::now(), Input::Close);
    sound.pump(farewell);
    *farewell.statistics = sound.statistics();
    Ok(())
}

/// Sleeps until an instant; for ever without one.
pub(crate) async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

struct Sound {
    session: Session,
    /// Figures of the sessions before the last change of codec.
    earlier: Statistics,
    seed: [u8; 32],
    negotiated: sdp::Negotiated,
    rtp: UdpSocket,
    rtcp: UdpSocket,
    microphone: Microphone,
    speaker: Speaker,
    told_captured: bool,
    told_played: bool,
    spoken_dbfs: f32,
    wake: Arc<Notify>,
}

/// What a level meter shows before anything was measured.
const SILENT_DBFS: f32 = -96.0;

impl Sound {
    fn open(config: AudioConfig) -> Result<Self, String> {
        let wake = Arc::new(Notify::new());
        let open_socket = |socket| {
            UdpSocket::from_std(socket).map_err(|error| {
                format!("The sound's socket cannot be used ({error}); call again.")
            })
        };
        let session = new_session(&config.negotiated, config.seed)?;
        let (here, there) = (wake.clone(), wake.clone());
        let microphone = devices::open_input(&config.audio_in, move || here.notify_one());
        let speaker = devices::open_output(&config.audio_out, move || there.notify_one());
        Ok(Self {
            session,
            earlier: Statistics::default(),
            seed: config.seed,
            negotiated: config.negotiated,
            rtp: open_socket(config.ports.rtp)?,
            rtcp: open_socket(config.ports.rtcp)?,
            microphone: microphone.map_err(|error| problem::sentence(&error))?,
            speaker: speaker.map_err(|error| problem::sentence(&error))?,
            told_captured: false,
            told_played: false,
            spoken_dbfs: SILENT_DBFS,
            wake,
        })
    }

    /// Moves everything that can be moved now.
    fn pump(&mut self, farewell: &Farewell) {
        let now = Instant::now();
        while let Some(frame) = self.microphone.read() {
            self.session.handle(now, Input::Capture(&frame));
        }
        while self.speaker.wants_frame() {
            let frame = self.session.playout(now);
            self.speaker.write(&frame);
        }
        while let Some(transmit) = self.session.poll_transmit() {
            self.send(transmit);
        }
        while let Some(event) = self.session.poll_event() {
            self.on_session_event(event, farewell);
        }
        self.watch_devices(farewell);
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

    fn receive(&mut self, datagram: &[u8], from: SocketAddr, on_rtcp_port: bool) {
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

    fn on_session_event(&mut self, event: media::Event, farewell: &Farewell) {
        match event {
            media::Event::SpokenLevel { dbfs } => self.spoken_dbfs = dbfs,
            media::Event::HeardLevel { dbfs } => {
                farewell.tell(Report::Level {
                    spoken_dbfs: self.spoken_dbfs,
                    heard_dbfs: dbfs,
                });
            }
            media::Event::Flowing => farewell.tell(Report::Flows),
            media::Event::Stalled { .. } => farewell.tell(Report::Stalled),
            // Signalling decides about the end of a call.
            media::Event::Goodbye => {}
        }
    }

    fn watch_devices(&mut self, farewell: &Farewell) {
        while let Some(event) = self.microphone.poll_event() {
            if let devices::Event::Lost { sentence } = event {
                farewell.tell(Report::Trouble(Problem {
                    code: "audio-in-lost",
                    sentence,
                }));
                self.replace_microphone();
            }
        }
        while let Some(event) = self.speaker.poll_event() {
            if let devices::Event::Lost { sentence } = event {
                farewell.tell(Report::Trouble(Problem {
                    code: "audio-out-lost",
                    sentence,
                }));
                self.replace_speaker();
            }
        }
        if !self.told_captured
            && let Some(started) = self.microphone.started()
        {
            self.told_captured = true;
            let device = self.microphone.name().to_owned();
            farewell.tell(Report::Captured {
                device,
                at: started.at,
            });
        }
        if !self.told_played
            && let Some(started) = self.speaker.started()
        {
            self.told_played = true;
            let device = self.speaker.name().to_owned();
            farewell.tell(Report::Played {
                device,
                at: started.at,
            });
        }
    }

    /// Without a microphone the call goes on in silence, so that the other side is still heard.
    fn replace_microphone(&mut self) {
        let wake = self.wake.clone();
        if let Ok(silence) = devices::open_input("silence", move || wake.notify_one()) {
            self.microphone = silence;
        }
    }

    fn replace_speaker(&mut self) {
        let wake = self.wake.clone();
        if let Ok(nowhere) = devices::open_output("null", move || wake.notify_one()) {
            self.speaker = nowhere;
        }
    }

    fn change(&mut self, negotiated: sdp::Negotiated) -> Result<(), String> {
        let before = std::mem::replace(&mut self.negotiated, negotiated);
        let same = before.codec == negotiated.codec
            && before.payload_type == negotiated.payload_type
            && before.receive_payload_type == negotiated.receive_payload_type;
        if !same {
            self.earlier = self.statistics();
            self.seed[0] = self.seed[0].wrapping_add(1);
            self.session = new_session(&negotiated, self.seed)?;
        }
        Ok(())
    }

    /// Of the whole call, all its codecs together.
    fn statistics(&self) -> Statistics {
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
    if theirs != ours
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
    };
    let config = media::Config {
        payload_type: negotiated.payload_type,
        telephone_event: negotiated.telephone_event,
        ..media::Config::new(codec)
    };
    Session::new(config, seed).map_err(|error| problem::sentence(&error))
}

/// How long devices may take to close before the call ends without its figures.
pub(crate) const FAREWELL_PATIENCE: Duration = Duration::from_secs(3);

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
