//! What the other side's devices signal through the server, and what is told of the connections.

use std::time::Instant;

use api::room::{PeerSignal, RoomId, SignalTold, is_peer_key};

use super::session::{End, Stage};
use super::{PeerNews, PeerOrder, SESSION_PATIENCE};
use crate::chat::core::Chat;

/// No signal is longer, so neither is what is in one.
const LONGEST_SDP: usize = 3_500;
/// The longest name of a session that somebody may give one.
const LONGEST_NAME: usize = 64;

impl Chat {
    /// Another device signals something.
    pub(in crate::chat) fn signalled(&mut self, now: Instant, told: SignalTold) {
        let is_peer = self.peer_of(&told.room) == Some(told.from);
        let (true, Some(signal)) = (is_peer, PeerSignal::from_value(&told.signal)) else {
            return;
        };
        let room = told.room.clone();
        match signal {
            PeerSignal::Offer { session, sdp } => self.offered(now, &told, session, sdp),
            PeerSignal::Answer { session, sdp } => self.answered(now, &told, &session, sdp),
            PeerSignal::Candidate { session, candidate } => {
                let known = self.peers.sessions.get(&room);
                let known = known.filter(|one| one.name == session);
                let known = known.filter(|one| one.device.as_ref() == Some(&told.session_id));
                if let Some(link) = known.map(|one| one.link) {
                    self.order(PeerOrder::Candidate { link, candidate });
                }
            }
            PeerSignal::Bye { session } => {
                let known = self.peers.sessions.get(&room);
                let known = known.filter(|one| one.name == session);
                let is_its = |device| device == Some(&told.session_id);
                if known.is_some_and(|one| is_its(one.device.as_ref())) {
                    self.end_session(now, &room, End::Over);
                }
            }
        }
    }

    fn offered(&mut self, now: Instant, told: &SignalTold, name: String, sdp: String) {
        let room = &told.room;
        // Who says nothing of a key cannot be believed later.
        let key = told.peer_key.clone().filter(|key| is_peer_key(key));
        let Some(key) = key.filter(|_| name.len() <= LONGEST_NAME && sdp.len() <= LONGEST_SDP)
        else {
            return;
        };
        if let Some(session) = self.peers.sessions.get(room) {
            let is_same_device = session.device.as_ref() == Some(&told.session_id);
            let gives_way = match session.stage {
                // Both have offered: the smaller account's counts.
                Stage::Offered { .. } => told.from < self.config.me,
                // It has begun anew; with another one of its devices there is a session already.
                Stage::Connecting { .. } | Stage::Direct { .. } => is_same_device,
            };
            if !gives_way {
                if !matches!(session.stage, Stage::Offered { .. }) {
                    let bye = PeerSignal::Bye { session: name };
                    self.signal(room, told.from, Some(&told.session_id), &bye);
                }
                return;
            }
            self.end_session(now, room, End::Over);
        }
        let offered = Some((name, told.session_id.clone(), key));
        let link = self.begin_session(now, room, told.from, offered);
        self.order(PeerOrder::Take { link, sdp });
    }

    fn answered(&mut self, now: Instant, told: &SignalTold, name: &str, sdp: String) {
        let known = self.peers.sessions.get_mut(&told.room);
        let Some(session) = known.filter(|one| one.name == name) else {
            return;
        };
        let key = told.peer_key.clone().filter(|key| is_peer_key(key));
        match (session.stage, key) {
            (Stage::Offered { .. }, Some(key)) if sdp.len() <= LONGEST_SDP => {
                session.device = Some(told.session_id.clone());
                session.key = Some(key);
                let until = now + SESSION_PATIENCE;
                session.stage = Stage::Connecting { until };
                let link = session.link;
                self.order(PeerOrder::Accept { link, sdp });
            }
            // Another device was quicker.
            _ if session.device.as_ref() != Some(&told.session_id) => {
                let bye = PeerSignal::Bye {
                    session: name.to_owned(),
                };
                self.signal(&told.room, told.from, Some(&told.session_id), &bye);
            }
            _ => {}
        }
    }

    /// Something is told of a connection.
    pub(in crate::chat) fn peer_news(&mut self, now: Instant, news: PeerNews) {
        let link = match &news {
            PeerNews::Described { link, .. }
            | PeerNews::Candidate { link, .. }
            | PeerNews::Open { link }
            | PeerNews::Heard { link, .. }
            | PeerNews::FileSent { link, .. }
            | PeerNews::FileNotSent { link, .. }
            | PeerNews::FileReady { link, .. }
            | PeerNews::FileCame { link, .. }
            | PeerNews::FileTaken { link, .. }
            | PeerNews::FileNotTaken { link, .. }
            | PeerNews::Lost { link } => *link,
        };
        // Of one that was given up nothing matters any more.
        let Some(room) = self.peers.room_of(link) else {
            return;
        };
        match news {
            PeerNews::Described { sdp, .. } => self.described(&room, sdp),
            PeerNews::Candidate { candidate, .. } => {
                if let Some(session) = self.peers.sessions.get(&room) {
                    let (with, device) = (session.with, session.device.clone());
                    let session = session.name.clone();
                    let signal = PeerSignal::Candidate { session, candidate };
                    self.signal(&room, with, device.as_ref(), &signal);
                }
            }
            PeerNews::Open { .. } => self.session_opened(now, &room),
            PeerNews::Heard { frame, .. } => self.frame(now, &room, *frame),
            PeerNews::Lost { .. } => self.end_session(now, &room, End::Failed),
            of_file => self.file_news(now, &room, of_file),
        }
    }

    fn described(&mut self, room: &RoomId, sdp: String) {
        let Some(one) = self.peers.sessions.get(room) else {
            return;
        };
        let (with, device, session) = (one.with, one.device.clone(), one.name.clone());
        let signal = match one.stage {
            Stage::Offered { .. } => PeerSignal::Offer { session, sdp },
            _ => PeerSignal::Answer { session, sdp },
        };
        self.signal(room, with, device.as_ref(), &signal);
    }
}
