//! The sound of one call, on a thread of its own: microphone to network, network to speaker.
//!
//! The thread sleeps until something happens: a packet comes, a device has or wants a frame, the session's own timer is
//! due, or the engine says something. Nothing else runs on it, so signalling and drawing never make sound late.

use std::time::{Duration, Instant, SystemTime};

use media::Statistics;
use phone::{CallNumber, Digit};
use tokio::sync::mpsc;

use super::Problem;
use super::ports::MediaPorts;
use super::sound::Sound;

/// The largest datagram: RTP stays below an Ethernet frame, and what does not fit is no RTP of ours.
const DATAGRAM_BYTES: usize = 2048;

/// How long devices may take to close before the call ends without its figures.
pub(crate) const FAREWELL_PATIENCE: Duration = Duration::from_secs(3);

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
    Hold(bool),
    Press(Digit),
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
    /// The other side has pressed a key.
    Digit(Digit),
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

    /// Music is heard instead of us on hold.
    pub(crate) fn hold(&self, on: bool) {
        self.order(Order::Hold(on));
    }

    pub(crate) fn press(&self, digit: Digit) {
        self.order(Order::Press(digit));
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
        sound.pump(|report| farewell.tell(report))?;
        let timer = sound.due();
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Mute(on)) => sound.mute(on),
                Some(Order::Hold(on)) => sound.hold(on),
                Some(Order::Press(digit)) => sound.press(digit),
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
            () = sleep_until(timer) => sound.timer_is_due(),
        }
    }
    sound.close();
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
