//! The studio: ends the audio of those calls in the server that a relay cannot just pass.
//!
//! The sockets of a call are lent by the [relay](crate::relay) ([`Relay::lend`](crate::relay::Relay::lend)) together with
//! what it knows of the phones, so sources are judged and packets counted by the same rules in both. A call is here when
//! its two phones have no codec in common, when one speaks secure RTP with the server itself and the other does not, when
//! they number things differently, or when one of them hears the server: hold music or an announcement.
//!
//! What is done with a call is decided in `booth`, which has neither sockets nor a clock; threads of their own do the
//! waiting and sending (`worker`), so that no coding ever holds up SIP or the relay.

mod booth;
mod guard;
mod numbers;
mod sounds;
mod tape;
mod worker;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::thread::JoinHandle;

use media::Digit;
use switch::MediaPlan;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::oneshot;

pub use self::sounds::Source;
pub use self::tape::{Recorded, Sink, TapeLimits};
use self::worker::{Bell, Order, Worker};
use crate::precedence;
use crate::relay::{Lent, MediaId, Side};

/// All calls that end in the server. Dropping it ends its threads and gives up their calls' sockets.
#[derive(Debug)]
pub struct Studio {
    workers: Vec<Hand>,
    /// At which worker each call is.
    calls: HashMap<MediaId, usize>,
}

/// One worker, from outside.
#[derive(Debug)]
struct Hand {
    orders: mpsc::Sender<Order>,
    bell: Bell,
    calls: usize,
    thread: Option<JoinHandle<()>>,
}

/// Something has happened in a call with the server itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct News {
    /// The call.
    pub media: MediaId,
    /// What.
    pub told: Told,
}

/// What has happened there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// What was ordered under this number is over.
    Played(u32),
    /// The phone has pressed this key.
    Pressed(char),
}

/// So many news wait at most; whoever presses keys faster than they are read presses in vain.
const MOST_NEWS: usize = 4_096;

/// The studio cannot be started.
#[derive(Debug, thiserror::Error)]
#[error("The studio's threads cannot be started ({0}); the system is out of resources.")]
pub struct StudioError(#[from] io::Error);

impl Studio {
    /// Starts so many threads, at least one. What comes back tells what happens in calls with the server itself.
    ///
    /// # Errors
    /// If the system has none for it.
    pub fn start(workers: usize) -> Result<(Self, Receiver<News>), StudioError> {
        let (news, told) = channel(MOST_NEWS);
        let mut studio = Studio {
            workers: Vec::new(),
            calls: HashMap::new(),
        };
        for number in 0..workers.max(1) {
            let (orders, inbox) = mpsc::channel();
            let bell = Bell::new()?;
            let worker = Worker::new(inbox, bell.clone(), news.clone())?;
            let thread = std::thread::Builder::new()
                .name(format!("studio-{number}"))
                .spawn(move || {
                    precedence::take();
                    worker.run();
                })?;
            studio.workers.push(Hand {
                orders,
                bell,
                calls: 0,
                thread: Some(thread),
            });
        }
        Ok((studio, told))
    }

    /// Takes a call over from the relay and does as planned.
    pub fn take(&mut self, media: MediaId, lent: Lent, plan: MediaPlan) {
        let least = self.workers.iter().enumerate();
        let Some((number, _)) = least.min_by_key(|(_, hand)| hand.calls) else {
            return;
        };
        if let Some(before) = self.calls.insert(media, number) {
            self.workers[before].order(Order::Close { media });
            self.workers[before].calls -= 1;
        }
        let hand = &mut self.workers[number];
        hand.calls += 1;
        hand.order(Order::Take {
            media,
            lent: Box::new(lent),
            plan: Box::new(plan),
            seed: rand::random(),
        });
    }

    /// Whether a call is here.
    pub fn has(&self, media: MediaId) -> bool {
        self.calls.contains_key(&media)
    }

    /// Calls that are here.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Does as planned from now on.
    pub fn change(&self, media: MediaId, plan: MediaPlan) {
        self.order(media, || Order::Change {
            media,
            plan: Box::new(plan),
        });
    }

    /// Says from where one side's audio is to be expected, as [`Relay::expect`](crate::relay::Relay::expect) does.
    pub fn expect(&self, media: MediaId, side: Side, signalled: SocketAddr, sip_source: IpAddr) {
        self.order(media, || Order::Expect {
            media,
            side,
            signalled,
            sip_source,
        });
    }

    /// Plays something to one side of a call that is here, in place of what is played there; [`Told::Played`] says with this
    /// number when it is over.
    pub fn play(&self, media: MediaId, side: Side, number: u32, source: Source) {
        self.order(media, || Order::Play {
            media,
            side,
            number,
            source,
        });
    }

    /// Lets one side of a call that is here hear a dialled digit, as a telephone event (RFC 4733).
    pub fn sound_digit(&self, media: MediaId, side: Side, digit: Digit) {
        self.order(media, || Order::Digit { media, side, digit });
    }

    /// Records what comes from one side of a call that is here, as Opus in an Ogg file, until the limits end it, until it
    /// is stopped or until the call leaves. What is returned then tells how long it became, or what was wrong with the sink.
    pub fn record(
        &self,
        media: MediaId,
        side: Side,
        sink: Sink,
        limits: TapeLimits,
    ) -> oneshot::Receiver<io::Result<Recorded>> {
        let (answer, ended) = oneshot::channel();
        self.order(media, || Order::Record {
            media,
            side,
            sink,
            limits,
            answer,
        });
        ended
    }

    /// Ends a call's recording.
    pub fn stop_recording(&self, media: MediaId) {
        self.order(media, || Order::StopRecording { media });
    }

    /// Gives a call's sockets back for the relay. Waits for its worker, which looks at its orders between any two calls.
    pub fn release(&mut self, media: MediaId) -> Option<Lent> {
        let number = self.calls.remove(&media)?;
        let (answer, lent) = mpsc::sync_channel(1);
        let hand = &mut self.workers[number];
        hand.calls -= 1;
        hand.order(Order::Release { media, answer });
        lent.recv().ok().map(|lent| *lent)
    }

    /// A call is over: its sockets are closed.
    pub fn close(&mut self, media: MediaId) {
        if let Some(number) = self.calls.remove(&media) {
            let hand = &mut self.workers[number];
            hand.calls -= 1;
            hand.order(Order::Close { media });
        }
    }

    fn order(&self, media: MediaId, order: impl FnOnce() -> Order) {
        if let Some(&number) = self.calls.get(&media) {
            self.workers[number].order(order());
        }
    }
}

impl Hand {
    fn order(&self, order: Order) {
        // Both only fail when the thread is gone, and then its calls are, too.
        let _ = self.orders.send(order);
        let _ = self.bell.ring();
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        for hand in &self.workers {
            hand.order(Order::Stop);
        }
        for hand in &mut self.workers {
            if let Some(thread) = hand.thread.take() {
                // A panic there has been printed already.
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests;
