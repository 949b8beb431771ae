//! Files that go to another device: offered with their messages, one after the other, and gone on with over the next
//! session when one breaks.

use std::time::Instant;

use api::room::{Body, FileRef, LARGEST_PEER_FILE, MessageId, PeerFrame, RoomId};

use super::frames::{LONGEST_CAPTION, is_good};
use super::session::{End, PeerSession, Unacked};
use super::{FRUITLESS_SESSIONS, PeerOrder, RESUME_PATIENCE, Way};
use crate::chat::core::{Chat, Link};
use crate::chat::{ChatEvent, Keep, Outgoing, OutgoingState, Whom};

impl Chat {
    /// The server takes files of so many bytes, if it says so.
    pub(in crate::chat) fn files_up_to(&mut self, largest: Option<u64>) {
        self.peers.largest_file = largest.unwrap_or(LARGEST_PEER_FILE);
    }

    /// Which way the file of a message goes first.
    pub(in crate::chat) fn file_goes(&self, whom: &Whom, body: &Body) -> OutgoingState {
        let is_short = match body {
            Body::File { caption, .. } => caption.len() <= LONGEST_CAPTION,
            _ => true,
        };
        let is_small = body
            .file()
            .is_some_and(|file| file.bytes <= self.peers.largest_file);
        match whom {
            Whom::Room(room)
                if is_short
                    && is_small
                    && self.way(room) == Way::Direct
                    && self.has_journal_room(room) =>
            {
                OutgoingState::Passing
            }
            _ => OutgoingState::Uploading,
        }
    }

    /// Offers the next file that is to pass in a room, unless one is under way.
    pub(in crate::chat) fn pass_next(&mut self, now: Instant, room: &RoomId) {
        let Some(session) = self.peers.sessions.get(room) else {
            return;
        };
        if !session.is_direct() || session.unacked.iter().any(|one| one.is_file) {
            return;
        }
        let Some(outgoing) = self.passing_in(room).first().cloned() else {
            return;
        };
        let mut body = outgoing.body.clone();
        let Some(file) = body.file_mut() else {
            return;
        };
        if file.sha256.is_empty() {
            return self.tell(ChatEvent::Measure(Box::new(outgoing)));
        }
        file.file = FileRef::id_by_contents(&file.sha256);
        match is_good(&body) {
            true => self.say_directly(now, room, &outgoing, &body),
            false => self.upload_instead(&outgoing.id),
        }
    }

    fn passing_in(&self, room: &RoomId) -> Vec<Outgoing> {
        let whom = Whom::Room(room.clone());
        let passing = self.outbox.to_pass().filter(|one| one.whom == whom);
        passing.cloned().collect()
    }

    /// A file goes through the server after all.
    fn upload_instead(&mut self, id: &MessageId) {
        self.peers.fruitless.remove(id);
        let upload = |one: &mut Outgoing| one.state = OutgoingState::Uploading;
        if let Some(outgoing) = self.outbox.change(id, upload) {
            self.stands(outgoing.clone());
            self.tell(ChatEvent::Upload(Box::new(outgoing)));
        }
    }

    fn upload_all_instead(&mut self, room: &RoomId) {
        self.peers.pass_until.remove(room);
        for outgoing in self.passing_in(room) {
            self.upload_instead(&outgoing.id);
        }
    }

    /// After a start: files whose conversations are not direct any more, for this device does not talk to others.
    pub(in crate::chat) fn upload_what_cannot_pass(&mut self) {
        let passing: Vec<Outgoing> = self.outbox.to_pass().cloned().collect();
        for outgoing in passing {
            match &outgoing.whom {
                Whom::Room(room) if self.peer_of(room).is_some() => {}
                _ => self.upload_instead(&outgoing.id),
            }
        }
    }

    /// After a start, once the server is there: files that were on their way to another device look for it.
    pub(in crate::chat) fn go_on_passing(&mut self, now: Instant) {
        let rooms = self.outbox.to_pass().filter_map(|one| match &one.whom {
            Whom::Room(room) => Some(room.clone()),
            Whom::Person(_) => None,
        });
        for room in rooms.collect::<std::collections::BTreeSet<_>>() {
            if self.way(&room) == Way::Server {
                self.wait_for_session(now, &room);
            }
        }
    }

    /// Files wait for the next session of a room, for a while.
    fn wait_for_session(&mut self, now: Instant, room: &RoomId) {
        if self.passing_in(room).is_empty() {
            return;
        }
        match self.peer_of(room) {
            Some(_) => {
                let until = now + RESUME_PATIENCE;
                { &mut self.peers.pass_until }
                    .entry(room.clone())
                    .or_insert(until);
            }
            None => self.upload_all_instead(room),
        }
    }

    /// When a session is to be sought for a file, or is not waited for any more.
    pub(in crate::chat) fn passing_due(&self) -> Option<Instant> {
        let waiting = self.peers.pass_until.iter().map(|(room, until)| {
            let is_sought = self.link == Link::Online && !self.peers.sessions.contains_key(room);
            match self.peers.resting.get(room) {
                Some((rested, _)) if is_sought => (*rested).min(*until),
                _ => *until,
            }
        });
        waiting.min()
    }

    pub(super) fn run_passing_timers(&mut self, now: Instant) {
        let waiting: Vec<_> = self.peers.pass_until.clone().into_iter().collect();
        for (room, until) in waiting {
            match until <= now || self.peer_of(&room).is_none() {
                true => self.upload_all_instead(&room),
                false => self.seek_peer(now, &room),
            }
        }
    }

    /// A session has ended: its files wait for the next one, unless nothing moves of them.
    pub(super) fn break_off(
        &mut self,
        now: Instant,
        room: &RoomId,
        session: &PeerSession,
        end: End,
    ) {
        if let Some(receiving) = &session.receiving {
            self.arriving_is(room, receiving.message.id.clone(), None);
        }
        let stuck = { session.unacked.iter() }
            .filter(|one| one.is_file && !one.has_moved && end == End::Failed)
            .map(|one| one.message.id.clone());
        for id in stuck.collect::<Vec<_>>() {
            let count = self.peers.fruitless.entry(id.clone()).or_default();
            *count += 1;
            if *count >= FRUITLESS_SESSIONS {
                self.upload_instead(&id);
            }
        }
        self.wait_for_session(now, room);
    }

    /// A person gives up what was to be sent.
    pub(in crate::chat) fn stop_passing(&mut self, now: Instant, outgoing: &Outgoing) {
        let Whom::Room(room) = &outgoing.whom else {
            return;
        };
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        let is_stopped = |one: &Unacked| one.is_file && one.message.id == outgoing.id;
        let Some(stopped) = session.take_unacked(is_stopped) else {
            return;
        };
        let link = session.link;
        self.stop_own_file(link, &stopped);
        self.decline(room, outgoing.id.clone());
        self.pass_next(now, room);
    }

    /// Sends no more of a file that goes out, if the other side has wanted it.
    fn stop_own_file(&mut self, link: u64, unacked: &Unacked) {
        if let Some(transfer) = unacked.transfer {
            self.order(PeerOrder::StopFile {
                link,
                transfer,
                is_ours: true,
            });
        }
    }

    /// Says that something does not go this way.
    pub(super) fn decline(&mut self, room: &RoomId, id: MessageId) {
        if let Some(session) = self.peers.sessions.get(room) {
            let (link, frame) = (session.link, Box::new(PeerFrame::Decline { id }));
            self.order(PeerOrder::Send { link, frame });
        }
    }

    /// The other side says that something does not go this way.
    pub(super) fn declined(&mut self, now: Instant, room: &RoomId, id: &MessageId) {
        if self.stop_arriving(room, id) {
            return;
        }
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        let link = session.link;
        let Some(declined) = session.take_unacked(|one| one.message.id == *id) else {
            return;
        };
        if !declined.is_file {
            if let Some(outgoing) = self.outbox.get(id).cloned() {
                self.send_in_order(&outgoing);
            }
            return;
        }
        self.stop_own_file(link, &declined);
        self.upload_instead(id);
        self.pass_next(now, room);
    }

    /// The other side wants a file that was offered, from some byte on.
    pub(super) fn file_wanted(
        &mut self,
        now: Instant,
        room: &RoomId,
        id: &MessageId,
        transfer: u32,
        offset: u64,
    ) {
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        let link = session.link;
        let mut unacked = session.unacked.iter_mut();
        let unacked = unacked.find(|one| one.is_file && one.message.id == *id);
        let outgoing = self.outbox.get(id);
        let attachment = outgoing.and_then(|one| one.attachment.clone());
        let bytes = outgoing.and_then(|one| Some(one.body.file()?.bytes));
        let (Some(unacked), Some(attachment), Some(bytes)) = (unacked, attachment, bytes) else {
            // It was given up meanwhile, or never offered.
            return self.decline(room, id.clone());
        };
        if offset > bytes {
            return self.end_session(now, room, End::Failed);
        }
        (unacked.since, unacked.transfer) = (now, Some(transfer));
        self.order(PeerOrder::SendFile {
            link,
            transfer,
            attachment: Box::new(attachment),
            bytes,
            offset,
        });
    }

    pub(super) fn file_sent(&mut self, now: Instant, room: &RoomId, transfer: u32, sent: u64) {
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        let mut unacked = session.unacked.iter_mut();
        if let Some(unacked) = unacked.find(|one| one.transfer == Some(transfer)) {
            (unacked.since, unacked.has_moved) = (now, true);
            let id = unacked.message.id.clone();
            let outgoing = self.outbox.get(&id);
            if let Some(bytes) = outgoing.and_then(|one| Some(one.body.file()?.bytes)) {
                self.tell(ChatEvent::Passing { id, sent, bytes });
            }
        }
    }

    pub(super) fn file_not_sent(
        &mut self,
        now: Instant,
        room: &RoomId,
        transfer: u32,
        sentence: String,
    ) {
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        let Some(unsent) = session.take_unacked(|one| one.transfer == Some(transfer)) else {
            return;
        };
        let id = unsent.message.id;
        let refused = OutgoingState::Refused(sentence);
        if let Some(outgoing) = self.outbox.settle(&id, refused) {
            self.keep(Keep::Outgoing(Box::new(outgoing.clone())));
            self.tell_and_take(ChatEvent::Outgoing(Box::new(outgoing)));
        }
        self.decline(room, id);
        self.pass_next(now, room);
    }
}
