//! The hall: all live rooms and who is in them. It decides, and has neither socket nor clock.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use api::{
    DisplayName, LIVE_NAME, LiveHeard, LiveKind, LiveList, LiveRoom, LiveSeat, LiveSpeech,
    LiveStatus, LiveVerdict,
};
use bytes::Bytes;

use super::seats::{Seat, Seats, Token};
use crate::rate::{Rate, one_source};

/// Limits of the live rooms.
#[derive(Clone, Debug)]
pub struct HallConfig {
    /// Whoever says nothing for so long has left.
    pub patience: Duration,
    /// Rooms at once.
    pub max_rooms: usize,
    /// People in one room.
    pub max_members: usize,
    /// People in all rooms.
    pub max_seats: usize,
    /// People who came from one address; an IPv6 network of a customer counts as one.
    pub max_seats_per_source: usize,
    /// Texts that one of them may say in ten seconds.
    pub texts_per_ten_seconds: u32,
    /// Requests over TCP that one address may make in a minute.
    pub requests_per_minute: u32,
}

/// The live rooms in figures.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Figures {
    /// Rooms now.
    pub rooms: usize,
    /// People in them now.
    pub members: usize,
    /// Texts that were passed on.
    pub texts: u64,
    /// Datagrams that were not: forged, too long, too many.
    pub dropped: u64,
    /// People who were silent for too long.
    pub timed_out: u64,
}

/// All rooms.
#[derive(Debug)]
pub(super) struct Hall {
    config: HallConfig,
    rooms: BTreeMap<String, Room>,
    seats: Seats,
    texts: Rate<Token>,
    requests: Rate<IpAddr>,
    // What strangers are told; no more than this, or the hall could be made to flood somebody.
    refusals: Rate<IpAddr>,
    out: VecDeque<(SocketAddr, Bytes)>,
    figures: Figures,
}

#[derive(Debug)]
struct Room {
    host: Token,
    // In the order in which they came.
    members: Vec<Token>,
}

/// What is told over TCP: granted, or why not.
pub(super) type Granted<T> = Result<T, LiveVerdict>;

const TEN_SECONDS: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

impl Hall {
    pub(super) fn new(config: HallConfig) -> Self {
        Self {
            texts: Rate::new(config.texts_per_ten_seconds, TEN_SECONDS),
            requests: Rate::new(config.requests_per_minute, MINUTE),
            refusals: Rate::new(10, TEN_SECONDS),
            config,
            rooms: BTreeMap::new(),
            seats: Seats::default(),
            out: VecDeque::new(),
            figures: Figures::default(),
        }
    }

    /// All rooms by name.
    pub(super) fn list(&mut self, now: Instant, from: IpAddr) -> Granted<LiveList> {
        self.asked(now, from)?;
        let rooms = self.rooms.iter().map(|(name, room)| LiveRoom {
            name: name.clone(),
            host: self.name_of(&room.host).to_owned(),
            members: room.members.len(),
        });
        Ok(LiveList {
            rooms: rooms.collect(),
        })
    }

    /// Opens a room for `name`, who is its host from now on and proves it with `token`.
    pub(super) fn create(
        &mut self,
        now: Instant,
        from: IpAddr,
        room: &str,
        name: &str,
        token: Token,
    ) -> Granted<LiveSeat> {
        self.asked(now, from)?;
        self.check_entry(from, room, name)?;
        if self.rooms.contains_key(room) {
            let sentence =
                format!("There is a room {room:?} already; join it, or take another name.");
            return refuse(LiveStatus::RoomTaken, sentence);
        }
        if self.rooms.len() >= self.config.max_rooms {
            return refuse(
                LiveStatus::ServerFull,
                "The server has no place for another room; join one, or try again later.",
            );
        }
        let members = Vec::new();
        let host = token;
        self.rooms.insert(room.to_owned(), Room { host, members });
        Ok(self.seat(now, from, room, name, token))
    }

    /// Lets `name` into a room, who proves it with `token` from now on.
    pub(super) fn join(
        &mut self,
        now: Instant,
        from: IpAddr,
        room: &str,
        name: &str,
        token: Token,
    ) -> Granted<LiveSeat> {
        self.asked(now, from)?;
        self.check_entry(from, room, name)?;
        let Some(found) = self.rooms.get(room) else {
            let sentence = format!("There is no room {room:?}; list the rooms, or create it.");
            return refuse(LiveStatus::NoRoom, sentence);
        };
        if found.members.len() >= self.config.max_members {
            return refuse(
                LiveStatus::RoomFull,
                format!("The room {room:?} is full; try again later."),
            );
        }
        let mut names = found.members.iter().map(|member| self.name_of(member));
        if names.any(|taken| taken == name) {
            let sentence =
                format!("Somebody in the room {room:?} is called {name:?}; take another name.");
            return refuse(LiveStatus::NameTaken, sentence);
        }
        let seat = self.seat(now, from, room, name, token);
        self.tell(
            room,
            Some(&token),
            &notice(name, format!("{name} has come in.")),
        );
        Ok(seat)
    }

    /// Somebody leaves. If it is the host, the room ends.
    pub(super) fn leave(
        &mut self,
        now: Instant,
        from: IpAddr,
        room: &str,
        token: &str,
    ) -> Granted<()> {
        self.asked(now, from)?;
        let token = Token::parse(token);
        let known = token.filter(|token| {
            let seat = self.seats.get(token);
            seat.is_some_and(|seat| seat.room == room && seat.source == one_source(from))
        });
        let Some(token) = known else {
            return refuse(
                LiveStatus::NoToken,
                "Nobody in this room has this token; whoever was silent for too long has left already.",
            );
        };
        self.remove(&token, "has left");
        Ok(())
    }

    /// A datagram has come.
    pub(super) fn heard(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        let source = one_source(from.ip());
        let Ok(speech) = LiveSpeech::decode(bytes) else {
            self.figures.dropped += 1;
            return;
        };
        let speaker = Token::parse(speech.token).and_then(|token| {
            let seat = self.seats.get_mut(&token)?;
            (seat.room == speech.room && seat.source == source).then_some((token, seat))
        });
        let Some((token, seat)) = speaker else {
            self.figures.dropped += 1;
            let ended = LiveHeard {
                kind: LiveKind::Ended,
                name: String::new(),
                text: "You are not in this room; join it again.".into(),
            };
            let answer = ended.encode();
            // Never more than came: whoever writes another's address on a datagram gains nothing.
            if answer.len() <= bytes.len() && self.refusals.take(now, source).is_ok() {
                self.out.push_back((from, answer.into()));
            }
            return;
        };
        seat.last_heard = now;
        seat.address = Some(from);
        if speech.text.is_empty() {
            return;
        }
        if self.texts.take(now, token).is_err() {
            self.figures.dropped += 1;
            // Once in a while: being told is not to cost more than speaking.
            if self.refusals.take(now, source).is_ok() {
                let slow = notice(
                    "",
                    "You write faster than this server passes on; the last text was dropped.",
                );
                self.out.push_back((from, slow.encode().into()));
            }
            return;
        }
        self.figures.texts += 1;
        let said = LiveHeard {
            kind: LiveKind::Message,
            name: seat.name.clone(),
            text: speech.text.to_owned(),
        };
        self.tell(speech.room, Some(&token), &said);
    }

    /// Time has passed: who has been silent for too long is out.
    pub(super) fn time(&mut self, now: Instant) {
        while let Some(token) = self.seats.silent(now, self.config.patience) {
            self.figures.timed_out += 1;
            let silent = format!(
                "You have been silent for {} seconds and are not in the room any more; join it again.",
                self.config.patience.as_secs()
            );
            self.end_for(&token, &silent);
            self.remove(&token, "was silent for too long and is out");
        }
    }

    /// When [`Hall::time`] is to be called at the latest.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.seats.next_look()
    }

    /// The next datagram to send.
    pub(super) fn poll_transmit(&mut self) -> Option<(SocketAddr, Bytes)> {
        self.out.pop_front()
    }

    pub(super) fn figures(&self) -> Figures {
        Figures {
            rooms: self.rooms.len(),
            members: self.seats.len(),
            ..self.figures
        }
    }

    fn asked(&mut self, now: Instant, from: IpAddr) -> Granted<()> {
        self.requests.take(now, one_source(from)).or_else(|wait| {
            let seconds = wait.as_secs() + 1;
            let sentence =
                format!("Too many requests came from your address; wait {seconds} seconds.");
            refuse(LiveStatus::TooOften, sentence)
        })
    }

    fn check_entry(&self, from: IpAddr, room: &str, name: &str) -> Granted<()> {
        for (what, text) in [("room", room), ("person", name)] {
            // What others read is to be what was sent: a name that the rule would trim is refused.
            let is_fine = text.len() <= LIVE_NAME
                && DisplayName::parse(text).is_ok_and(|name| name.as_str() == text);
            if !is_fine {
                let sentence = format!(
                    "The name of a {what} has 1 to 64 characters that can be seen, without spaces at its ends."
                );
                return refuse(LiveStatus::BadName, sentence);
            }
        }
        let source = one_source(from);
        if self.seats.len() >= self.config.max_seats {
            return refuse(
                LiveStatus::ServerFull,
                "The server has no place for anybody more; try again later.",
            );
        }
        if self.seats.from(source) >= self.config.max_seats_per_source {
            return refuse(
                LiveStatus::ServerFull,
                "Too many people from your address are in live rooms; leave one first.",
            );
        }
        Ok(())
    }

    fn seat(
        &mut self,
        now: Instant,
        from: IpAddr,
        room: &str,
        name: &str,
        token: Token,
    ) -> LiveSeat {
        if let Some(found) = self.rooms.get_mut(room) {
            found.members.push(token);
        }
        let seat = Seat {
            room: room.to_owned(),
            name: name.to_owned(),
            source: one_source(from),
            address: None,
            last_heard: now,
        };
        self.seats.take(token, seat, self.config.patience);
        LiveSeat {
            token: token.reveal(),
            timeout_seconds: self.config.patience.as_secs(),
        }
    }

    /// Takes somebody out and tells the others; all of them, if it was the host.
    fn remove(&mut self, token: &Token, how: &str) {
        let Some(seat) = self.seats.leave(token) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(&seat.room) else {
            return;
        };
        room.members.retain(|member| member != token);
        let Seat {
            room: place, name, ..
        } = seat;
        if room.host != *token {
            self.tell(&place, None, &notice(&name, format!("{name} {how}.")));
            return;
        }
        let Some(room) = self.rooms.remove(&place) else {
            return;
        };
        let why = format!("The host {name} {how}; the room is closed.");
        for member in room.members {
            self.end_for(&member, &why);
            self.seats.leave(&member);
        }
    }

    fn end_for(&mut self, token: &Token, why: &str) {
        if let Some(address) = self.seats.get(token).and_then(|seat| seat.address) {
            let ended = LiveHeard {
                kind: LiveKind::Ended,
                name: String::new(),
                text: why.to_owned(),
            };
            self.out.push_back((address, ended.encode().into()));
        }
    }

    /// Sends it to everybody in the room who can be reached, but for one.
    fn tell(&mut self, room: &str, but_for: Option<&Token>, heard: &LiveHeard) {
        let Some(room) = self.rooms.get(room) else {
            return;
        };
        let bytes = Bytes::from(heard.encode());
        let members = room.members.iter();
        let others = members.filter(|member| Some(*member) != but_for);
        let addresses = others.filter_map(|member| self.seats.get(member)?.address);
        self.out
            .extend(addresses.map(|address| (address, bytes.clone())));
    }

    fn name_of(&self, token: &Token) -> &str {
        self.seats.get(token).map_or("", |seat| &seat.name)
    }
}

fn refuse<T>(status: LiveStatus, sentence: impl Into<String>) -> Granted<T> {
    Err(LiveVerdict {
        status,
        sentence: sentence.into(),
    })
}

fn notice(name: &str, text: impl Into<String>) -> LiveHeard {
    LiveHeard {
        kind: LiveKind::Notice,
        name: name.to_owned(),
        text: text.into(),
    }
}

#[cfg(test)]
mod tests;
