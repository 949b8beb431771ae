//! One call in the studio: what comes from either phone, and what each of them is sent. No socket, no clock.
//!
//! Two ways of work. Where both legs have the same codec and nothing is played, packets are **carried**: opened, given
//! the other leg's numbers, sealed; nobody decodes them, and reports go through, so the phones measure each other. Else
//! each leg has a [`media::Session`] of its own, with its own reports, and every 20 ms what one heard is said by the
//! other.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use media::srtp::SrtpError;
use media::{Digit, Event, Input, Session, Transmit};
use sdp::Direction;
use switch::{MediaPlan, MediaSide};

use super::Told;
use super::guard::Guard;
use super::numbers::{holds, number, renumber};
use super::sounds::{Player, Sounding, Source, Tune};
use super::tape::Tape;
use crate::relay::Side;

/// A phone that was heard so shortly ago speaks; hold music gives way to it.
const SPEAKS: Duration = Duration::from_millis(500);
/// Who is so late does not catch up frame by frame.
const TOO_LATE: Duration = Duration::from_millis(200);
/// Packets that nobody fetches; one datagram makes few.
const MOST_WAITING: usize = 64;

/// A packet for a phone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub(super) side: Side,
    /// To its RTCP port, not the one for RTP.
    pub(super) to_control_port: bool,
    pub(super) datagram: Bytes,
}

/// The plan cannot be followed.
#[derive(Debug, thiserror::Error)]
pub(super) enum BoothError {
    #[error("a codec cannot be started: {0}")]
    Codec(#[from] media::CodecError),
    #[error("the keys of the call cannot be used: {0}")]
    Keys(#[from] SrtpError),
}

enum Work {
    Carry,
    Mix(Box<Mix>),
}

struct Mix {
    legs: [Leg; 2],
    /// When the next 20 ms are due.
    next: Instant,
}

/// One leg that ends here.
struct Leg {
    session: Session,
    player: Option<Player>,
    heard: Option<Instant>,
}

pub(super) struct Booth {
    plan: MediaPlan,
    guards: [Guard; 2],
    work: Work,
    /// Makes the seeds of sessions; each is used once.
    seed: [u8; 32],
    sessions: u32,
    waiting: VecDeque<Outgoing>,
    /// Which phones send their reports from the port of their sound (RFC 5761), and want them there.
    shares_port: [bool; 2],
    /// Packets that could not be opened or sealed.
    refused: u64,
    tape: Option<Tape>,
    /// What each side hears once, with its number.
    sounding: [Option<(u32, Sounding)>; 2],
    /// Whether digits were put into the audio of a phone: they need numbers of our own, also from then on.
    has_own_digits: bool,
    told: VecDeque<Told>,
}

const SIDES: [Side; 2] = [Side::Caller, Side::Callee];

fn other(side: Side) -> Side {
    match side {
        Side::Caller => Side::Callee,
        Side::Callee => Side::Caller,
    }
}

fn leg_of(plan: &MediaPlan, side: Side) -> &MediaSide {
    match side {
        Side::Caller => &plan.caller,
        Side::Callee => &plan.callee,
    }
}

/// Whether this side is the server itself.
fn is_house(plan: &MediaPlan, side: Side) -> bool {
    plan.house
        == Some(match side {
            Side::Caller => switch::Side::Caller,
            Side::Callee => switch::Side::Callee,
        })
}

/// Whether the sound must be decoded.
fn is_mixed(plan: &MediaPlan) -> bool {
    plan.house.is_some()
        || plan.caller.codec != plan.callee.codec
        || plan.caller.plays.is_some()
        || plan.callee.plays.is_some()
}

/// Whether a phone in this state wants sound.
fn listens(direction: Direction) -> bool {
    matches!(direction, Direction::SendRecv | Direction::RecvOnly)
}

impl Booth {
    /// The seed is used for SSRCs and the like, and for no other booth.
    pub(super) fn new(now: Instant, plan: MediaPlan, seed: [u8; 32]) -> Result<Self, BoothError> {
        let mut booth = Booth {
            plan,
            guards: Default::default(),
            work: Work::Carry,
            seed,
            sessions: 0,
            waiting: VecDeque::new(),
            shares_port: [false; 2],
            refused: 0,
            tape: None,
            sounding: [None, None],
            has_own_digits: false,
            told: VecDeque::new(),
        };
        booth.change(now, plan)?;
        Ok(booth)
    }

    /// Follows another plan from now on. What stays the same goes on: keys with their counters, codecs with their state.
    pub(super) fn change(&mut self, now: Instant, plan: MediaPlan) -> Result<(), BoothError> {
        for side in SIDES {
            self.guards[side as usize].change(leg_of(&plan, side).crypto)?;
        }
        let before = std::mem::replace(&mut self.plan, plan);
        let is_sounding = self.sounding.iter().any(Option::is_some);
        if !(is_mixed(&plan) || self.tape.is_some() || is_sounding || self.has_own_digits) {
            self.work = Work::Carry;
            return Ok(());
        }
        let (mut kept, next) = match std::mem::replace(&mut self.work, Work::Carry) {
            Work::Carry => ([None, None], now),
            Work::Mix(mix) => (mix.legs.map(Some), mix.next),
        };
        let mut legs = Vec::with_capacity(2);
        for side in SIDES {
            let (was, is) = (leg_of(&before, side), leg_of(&plan, side));
            let speaks_alike = (was.codec, was.payload_type, was.telephone_event)
                == (is.codec, is.payload_type, is.telephone_event);
            let mut leg = match kept[side as usize].take().filter(|_| speaks_alike) {
                Some(leg) => leg,
                None => Leg {
                    session: self.session(is)?,
                    player: None,
                    heard: None,
                },
            };
            let plays = is.plays.map(Tune::from);
            if leg.player.as_ref().map(Player::tune) != plays {
                leg.player = plays.map(Player::new);
            }
            legs.push(leg);
        }
        let Ok(legs) = <[Leg; 2]>::try_from(legs) else {
            return Ok(());
        };
        self.work = Work::Mix(Box::new(Mix { legs, next }));
        Ok(())
    }

    fn session(&mut self, side: &MediaSide) -> Result<Session, media::CodecError> {
        self.sessions += 1;
        let mut seed = self.seed;
        for (byte, number) in seed.iter_mut().rev().zip(self.sessions.to_le_bytes()) {
            *byte ^= number;
        }
        // The SSRC is made of the first bytes; it must differ, too.
        for (byte, number) in seed.iter_mut().zip(self.sessions.to_le_bytes()) {
            *byte ^= number;
        }
        let config = media::Config {
            payload_type: side.payload_type,
            telephone_event: side.telephone_event,
            ..media::Config::new(codec(side.codec))
        };
        Session::new(config, seed)
    }

    /// Records what comes from one side, in place of an earlier recording.
    pub(super) fn record(&mut self, now: Instant, tape: Tape) -> Result<(), BoothError> {
        self.tape = Some(tape);
        self.change(now, self.plan)
    }

    /// Ends the recording, if there is one.
    pub(super) fn stop_recording(&mut self, now: Instant) -> Result<(), BoothError> {
        self.tape = None;
        self.change(now, self.plan)
    }

    /// Lets one side hear something, in place of what it hears.
    pub(super) fn play(
        &mut self,
        now: Instant,
        side: Side,
        number: u32,
        source: Source,
    ) -> Result<(), BoothError> {
        self.sounding[side as usize] = Some((number, Sounding::begin(source)));
        self.change(now, self.plan)
    }

    /// Lets one side's phone hear a digit.
    pub(super) fn sound_digit(
        &mut self,
        now: Instant,
        side: Side,
        digit: Digit,
    ) -> Result<(), BoothError> {
        self.has_own_digits = true;
        self.change(now, self.plan)?;
        if let Work::Mix(mix) = &mut self.work {
            mix.legs[side as usize]
                .session
                .handle(now, Input::Digit(digit));
        }
        self.drain(now, side);
        Ok(())
    }

    /// What has happened.
    pub(super) fn poll_told(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    /// Packets that were not sealed with the key agreed upon, or not to be sealed.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// A datagram came from a side's phone.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        side: Side,
        on_control_port: bool,
        datagram: &[u8],
    ) {
        let is_control = on_control_port || media::is_control(datagram);
        let mut packet = BytesMut::from(datagram);
        if self.guards[side as usize]
            .open(is_control, &mut packet)
            .is_err()
        {
            self.refused += 1;
            return;
        }
        if is_control {
            self.shares_port[side as usize] = !on_control_port;
        }
        let (own, opposite) = (*leg_of(&self.plan, side), *leg_of(&self.plan, other(side)));
        let held = packet
            .get(1)
            .filter(|_| !is_control)
            .and_then(|second| holds(second & 0x7f, &own, &opposite));
        match &mut self.work {
            Work::Carry => {
                if let Some(held) = held {
                    // A digit that the other phone does not take is not sent to it.
                    let Some(number) = number(held, &opposite) else {
                        return;
                    };
                    renumber(&mut packet, number);
                }
                if is_control || listens(opposite.direction) {
                    self.send(other(side), is_control, packet);
                }
            }
            Work::Mix(mix) => {
                let leg = &mut mix.legs[side as usize];
                if let Some(number) = held.and_then(|held| number(held, &own)) {
                    renumber(&mut packet, number);
                    leg.heard = Some(now);
                }
                let packet = packet.freeze();
                leg.session.handle(
                    now,
                    if is_control {
                        Input::Control(packet)
                    } else {
                        Input::Packet(packet)
                    },
                );
                self.drain(now, side);
            }
        }
    }

    /// When to call [`Booth::tick`] next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match &self.work {
            Work::Carry => None,
            Work::Mix(mix) => Some(mix.next),
        }
    }

    /// The next 20 ms are due.
    pub(super) fn tick(&mut self, now: Instant) {
        let Work::Mix(mix) = &mut self.work else {
            return;
        };
        mix.next += media::FRAME_DURATION;
        if now > mix.next + TOO_LATE {
            mix.next = now + media::FRAME_DURATION;
        }
        let heard = SIDES.map(|side| match is_house(&self.plan, side) {
            true => media::SILENCE,
            false => mix.legs[side as usize].session.playout(now),
        });
        for side in SIDES {
            if is_house(&self.plan, side) {
                continue;
            }
            let speaks = mix.legs[other(side) as usize]
                .heard
                .is_some_and(|heard| now.saturating_duration_since(heard) < SPEAKS);
            let leg = &mut mix.legs[side as usize];
            // Music goes on unheard while somebody speaks, as it does in a room with a door.
            let played = leg.player.as_mut().and_then(Player::next_frame);
            let gives_way = leg.player.as_ref().is_some_and(Player::gives_way);
            let sounding = &mut self.sounding[side as usize];
            let sound = sounding.as_mut().map(|(_, sounding)| sounding.next_frame());
            if sound == Some(None)
                && let Some((number, _)) = sounding.take()
            {
                self.told.push_back(Told::Played(number));
            }
            let frame = match (sound.flatten(), played) {
                (Some(frame), _) => frame,
                (None, Some(frame)) if !(speaks && gives_way) => frame,
                _ => heard[other(side) as usize],
            };
            let input = if listens(leg_of(&self.plan, side).direction) {
                Input::Capture(&frame)
            } else {
                Input::Timeout
            };
            leg.session.handle(now, input);
        }
        for side in SIDES {
            if !is_house(&self.plan, side) {
                self.drain(now, side);
            }
        }
        if let Some(tape) = &mut self.tape
            && !tape.take(&heard[tape.side() as usize])
        {
            // Without a recording less may have to be done; what was possible with it stays possible.
            let _ = self.stop_recording(now);
        }
    }

    /// The next packet to send.
    pub(super) fn poll_transmit(&mut self) -> Option<Outgoing> {
        self.waiting.pop_front()
    }

    /// Takes what a session wants.
    fn drain(&mut self, now: Instant, side: Side) {
        let Work::Mix(mix) = &mut self.work else {
            return;
        };
        let mut digits = Vec::new();
        let mut sent = Vec::new();
        let session = &mut mix.legs[side as usize].session;
        while let Some(event) = session.poll_event() {
            if let Event::Digit(digit) = event {
                digits.push(digit);
            }
        }
        while let Some(transmit) = session.poll_transmit() {
            sent.push(transmit);
        }
        let is_for_house = is_house(&self.plan, other(side));
        for digit in digits {
            if is_for_house {
                self.told.push_back(Told::Pressed(digit.sign()));
                continue;
            }
            let session = &mut mix.legs[other(side) as usize].session;
            session.handle(now, Input::Digit(digit));
        }
        for transmit in sent {
            match transmit {
                Transmit::Packet(packet) => self.send(side, false, packet.into()),
                Transmit::Control(packet) => self.send(side, true, packet.into()),
            }
        }
    }

    fn send(&mut self, side: Side, is_control: bool, mut packet: BytesMut) {
        // Nobody is there, and no key either.
        if is_house(&self.plan, side) {
            return;
        }
        if self.guards[side as usize]
            .seal(is_control, &mut packet)
            .is_err()
        {
            self.refused += 1;
            return;
        }
        if self.waiting.len() == MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Outgoing {
            side,
            to_control_port: is_control && !self.shares_port[side as usize],
            datagram: packet.freeze(),
        });
    }
}

fn codec(codec: sdp::Codec) -> media::Codec {
    match codec {
        sdp::Codec::Opus => media::Codec::Opus,
        sdp::Codec::Pcmu => media::Codec::Pcmu,
        sdp::Codec::Pcma => media::Codec::Pcma,
        sdp::Codec::G722 => media::Codec::G722,
    }
}

#[cfg(test)]
mod tests;
