//! One session: from the offer to the direct connection and to its end.

use std::collections::VecDeque;
use std::time::Instant;

use api::AccountId;
use api::room::{MessageId, PeerMessage, PeerSignal, RoomId, RoomKind, Said, Signal};

use super::arriving::Receiving;
use super::{
    ACK_PATIENCE, FILE_PATIENCE, FIRST_PAUSE, LONGEST_PAUSE, PeerOrder, SESSION_PATIENCE,
    SESSION_RESTS, Way,
};
use crate::chat::ChatEvent;
use crate::chat::core::{Chat, Link};

/// A session with one device of the other side.
#[derive(Debug)]
pub(in crate::chat) struct PeerSession {
    pub(super) link: u64,
    /// What both sides know it by.
    pub(super) name: String,
    pub(super) with: AccountId,
    /// Which device, once one has answered.
    pub(super) device: Option<MessageId>,
    /// What that device signs with.
    pub(super) key: Option<String>,
    pub(super) stage: Stage,
    /// What was said and is not on the other's disk, the oldest first.
    pub(super) unacked: VecDeque<Unacked>,
    /// The file that comes from there.
    pub(super) receiving: Option<Receiving>,
    /// The number of the last file that came from there.
    pub(super) last_transfer: u32,
    /// The last message that the other side knows to be read here.
    pub(super) told_read: Option<MessageId>,
}

/// What was said and is not on the other's disk.
#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) message: PeerMessage,
    /// When something moved last.
    pub(super) since: Instant,
    /// Whether a file goes with it.
    pub(super) is_file: bool,
    /// The number under which the other side wants the file.
    pub(super) transfer: Option<u32>,
    /// Whether anything of the file has gone out.
    pub(super) has_moved: bool,
}

impl Unacked {
    fn due(&self) -> Instant {
        self.since
            + if self.is_file {
                FILE_PATIENCE
            } else {
                ACK_PATIENCE
            }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// This side has offered it; nobody has answered.
    Offered { until: Instant },
    /// Both ends are known.
    Connecting { until: Instant },
    /// Frames go; the last one went then.
    Direct { used: Instant },
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It does not work here and now.
    Failed,
    /// Nobody needs it, or another one takes its place.
    Over,
}

impl PeerSession {
    pub(super) fn is_direct(&self) -> bool {
        matches!(self.stage, Stage::Direct { .. })
    }

    pub(super) fn due(&self) -> Instant {
        let stage = match self.stage {
            Stage::Offered { until } | Stage::Connecting { until } => until,
            Stage::Direct { used } => used + SESSION_RESTS,
        };
        let takes = self.receiving.as_ref().map(Receiving::due);
        let waits = self.unacked.iter().map(Unacked::due).chain(takes).min();
        waits.map_or(stage, |waits| waits.min(stage))
    }

    pub(super) fn holds(&self, id: &MessageId) -> bool {
        self.unacked.iter().any(|one| one.message.id == *id)
    }

    /// Takes out the first of what waits for an acknowledgement and is meant.
    pub(super) fn take_unacked(
        &mut self,
        is_meant: impl FnMut(&Unacked) -> bool,
    ) -> Option<Unacked> {
        let at = self.unacked.iter().position(is_meant)?;
        self.unacked.remove(at)
    }

    fn is_idle(&self) -> bool {
        self.is_direct() && self.unacked.is_empty() && self.receiving.is_none()
    }
}

impl Chat {
    /// Which way goes what is written in a room.
    #[must_use]
    pub fn way(&self, room: &RoomId) -> Way {
        match self.peers.sessions.get(room) {
            Some(session) if session.is_direct() => Way::Direct,
            _ => Way::Server,
        }
    }

    /// The other one in a conversation of two.
    pub(super) fn other_of_two(&self, room: &RoomId) -> Option<AccountId> {
        let room = &self.archive.conversations.get(room)?.room;
        let mut others = room.participants.iter().map(|one| one.account);
        let other = others.find(|account| *account != self.config.me)?;
        (room.kind == RoomKind::Direct).then_some(other)
    }

    /// Whom a session may be had with in a room.
    pub(super) fn peer_of(&self, room: &RoomId) -> Option<AccountId> {
        let other = self.other_of_two(room)?;
        let is_on = self.peers.is_on && self.peers.key.is_some();
        let is_wanted = is_on && !self.peers.blocked.contains(&other);
        is_wanted.then_some(other)
    }

    /// Offers a session, unless there is one or it was in vain a short time ago.
    pub(in crate::chat) fn seek_peer(&mut self, now: Instant, room: &RoomId) {
        let Some(with) = self.peer_of(room) else {
            return;
        };
        let rests = { &self.peers.resting }
            .get(room)
            .is_some_and(|(until, _)| *until > now);
        let is_there = self.peers.sessions.contains_key(room);
        if rests || is_there || self.link != Link::Online {
            return;
        }
        let link = self.begin_session(now, room, with, None);
        self.order(PeerOrder::Call { link });
    }

    /// A new session; with the name and the device of an offer if it was the other side's.
    pub(super) fn begin_session(
        &mut self,
        now: Instant,
        room: &RoomId,
        with: AccountId,
        offered: Option<(String, MessageId, String)>,
    ) -> u64 {
        let link = self.peers.next_link();
        let until = now + SESSION_PATIENCE;
        let (name, device, key, stage) = match offered {
            Some((name, device, key)) => {
                (name, Some(device), Some(key), Stage::Connecting { until })
            }
            None => (self.peers.next_name(), None, None, Stage::Offered { until }),
        };
        let session = PeerSession {
            link,
            name,
            with,
            device,
            key,
            stage,
            unacked: VecDeque::new(),
            receiving: None,
            last_transfer: 0,
            told_read: None,
        };
        self.peers.sessions.insert(room.clone(), session);
        link
    }

    /// Frames may go over a session.
    pub(super) fn session_opened(&mut self, now: Instant, room: &RoomId) {
        if let Some(session) = self.peers.sessions.get_mut(room) {
            session.stage = Stage::Direct { used: now };
            self.peers.resting.remove(room);
            self.peers.pass_until.remove(room);
            self.tell_way(room, Way::Direct);
            self.pass_next(now, room);
            self.tell_read(room);
        }
    }

    /// Ends a session; what was said and not acknowledged goes through the server.
    pub(super) fn end_session(&mut self, now: Instant, room: &RoomId, end: End) {
        let Some(session) = self.peers.sessions.remove(room) else {
            return;
        };
        let bye = PeerSignal::Bye {
            session: session.name.clone(),
        };
        self.signal(room, session.with, session.device.as_ref(), &bye);
        self.order(PeerOrder::Drop { link: session.link });
        if end == End::Failed {
            let failures = { &self.peers.resting }
                .get(room)
                .map_or(0, |(_, count)| *count);
            let pause = FIRST_PAUSE * 2u32.saturating_pow(failures.min(10));
            let until = now + pause.min(LONGEST_PAUSE);
            { &mut self.peers.resting }.insert(room.clone(), (until, failures + 1));
        }
        if session.is_direct() {
            self.tell_way(room, Way::Server);
        }
        self.break_off(now, room, &session, end);
        if !session.unacked.is_empty() {
            self.send_room(room);
        }
    }

    /// Ends what has lasted too long.
    pub(in crate::chat) fn run_peer_timers(&mut self, now: Instant) {
        let due = { self.peers.sessions.iter() }
            .filter(|(_, session)| session.due() <= now)
            .map(|(room, session)| {
                let is_idle = session.is_idle();
                (room.clone(), if is_idle { End::Over } else { End::Failed })
            });
        for (room, end) in due.collect::<Vec<_>>() {
            self.end_session(now, &room, end);
        }
        let known = &self.archive.conversations;
        let wanted = self
            .peers
            .wanted
            .iter()
            .filter(|room| known.contains_key(*room));
        for room in wanted.cloned().collect::<Vec<_>>() {
            self.peers.wanted.remove(&room);
            self.seek_peer(now, &room);
        }
        self.run_passing_timers(now);
        self.run_flush_timers(now);
    }

    /// Whether this device talks to others from now on.
    pub(in crate::chat) fn talk_directly(&mut self, now: Instant, is_on: bool) {
        self.peers.is_on = is_on;
        self.peers.resting.clear();
        if !is_on {
            for room in self.peers.sessions.keys().cloned().collect::<Vec<_>>() {
                self.end_session(now, &room, End::Over);
            }
            self.flush_all();
        }
    }

    /// With these nothing is talked about from now on.
    pub(in crate::chat) fn block_peers(
        &mut self,
        now: Instant,
        blocked: std::collections::BTreeSet<AccountId>,
    ) {
        self.peers.blocked = blocked;
        let sessions = self.peers.sessions.iter();
        let over = sessions.filter(|(_, one)| self.peers.blocked.contains(&one.with));
        for room in over.map(|(room, _)| room.clone()).collect::<Vec<_>>() {
            self.end_session(now, &room, End::Over);
        }
    }

    pub(super) fn signal(
        &mut self,
        room: &RoomId,
        to: AccountId,
        device: Option<&MessageId>,
        signal: &PeerSignal,
    ) {
        if self.link != Link::Online {
            return;
        }
        let signal = Signal {
            room: room.clone(),
            to,
            session_id: device.cloned(),
            signal: signal.to_value(),
        };
        self.say(Said::Signal(signal), None);
    }

    pub(super) fn order(&mut self, order: PeerOrder) {
        self.tell(ChatEvent::Peer(order));
    }

    fn tell_way(&mut self, room: &RoomId, way: Way) {
        let room = room.clone();
        self.tell_and_take(ChatEvent::Way { room, way });
    }
}
