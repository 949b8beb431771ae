//! Files that come from another device: one at a time, from the byte on that is not here yet.

use std::time::Instant;

use api::room::{FileRef, MessageId, PeerFrame, PeerMessage, RoomId};

use super::session::Stage;
use super::{ArrivingFile, FILE_PATIENCE, NotTaken, PeerNews, PeerOrder};
use crate::chat::ChatEvent;
use crate::chat::core::Chat;

/// A file that comes.
#[derive(Debug)]
pub(super) struct Receiving {
    transfer: u32,
    /// What sends it.
    pub(super) message: PeerMessage,
    file: FileRef,
    /// When something moved last.
    since: Instant,
    /// Whether it was damaged once already.
    is_spoilt: bool,
}

impl Receiving {
    /// Whoever sends it gives up before.
    pub(super) fn due(&self) -> Instant {
        self.since + FILE_PATIENCE * 2
    }
}

impl Chat {
    /// The other side offers a file.
    pub(super) fn file_offered(
        &mut self,
        now: Instant,
        room: &RoomId,
        message: PeerMessage,
        file: &FileRef,
    ) {
        let is_small = file.bytes <= self.peers.largest_file;
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        let before = session.receiving.as_ref();
        let is_other = before.is_some_and(|one| one.message.id != message.id);
        if !is_small || is_other {
            // One after the other.
            return self.decline(room, message.id);
        }
        session.receiving = Some(Receiving {
            transfer: session.last_transfer,
            message,
            file: file.clone(),
            since: now,
            is_spoilt: false,
        });
        self.take_file(now, room);
    }

    /// Looks what is here of the file that comes, and takes the rest.
    fn take_file(&mut self, now: Instant, room: &RoomId) {
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        let Some(receiving) = &mut session.receiving else {
            return;
        };
        session.last_transfer = session.last_transfer.wrapping_add(1);
        (receiving.transfer, receiving.since) = (session.last_transfer, now);
        let order = PeerOrder::TakeFile {
            link: session.link,
            transfer: receiving.transfer,
            from: session.with,
            file: Box::new(receiving.file.clone()),
        };
        self.order(order);
    }

    /// Something is told of a file that comes or goes over the connection of a room.
    pub(super) fn file_news(&mut self, now: Instant, room: &RoomId, news: PeerNews) {
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return;
        };
        if session.is_direct() {
            session.stage = Stage::Direct { used: now };
        }
        match news {
            PeerNews::FileSent {
                transfer, bytes, ..
            } => self.file_sent(now, room, transfer, bytes),
            PeerNews::FileNotSent {
                transfer, sentence, ..
            } => self.file_not_sent(now, room, transfer, sentence),
            PeerNews::FileReady {
                transfer, offset, ..
            } => {
                if let Some(id) = self.file_moved(now, room, transfer, offset)
                    && let Some(session) = self.peers.sessions.get(room)
                {
                    let want = PeerFrame::Want {
                        id,
                        transfer,
                        offset,
                    };
                    let (link, frame) = (session.link, Box::new(want));
                    self.order(PeerOrder::Send { link, frame });
                }
            }
            PeerNews::FileCame {
                transfer, bytes, ..
            } => drop(self.file_moved(now, room, transfer, bytes)),
            PeerNews::FileTaken {
                transfer,
                attachment,
                ..
            } => {
                let is_it = |one: &mut Receiving| one.transfer == transfer;
                if let Some(taken) = session.receiving.take_if(is_it) {
                    let id = taken.message.id.clone();
                    self.arriving_is(room, id, None);
                    self.take_message(now, room, taken.message, Some(*attachment));
                }
            }
            PeerNews::FileNotTaken { transfer, why, .. } => {
                let Some(receiving) = &mut session.receiving else {
                    return;
                };
                if receiving.transfer != transfer {
                    return;
                }
                if why == NotTaken::Damaged && !receiving.is_spoilt {
                    // Perhaps what an earlier session has left here was damaged; all of it is tried once.
                    receiving.is_spoilt = true;
                    return self.take_file(now, room);
                }
                let id = receiving.message.id.clone();
                session.receiving = None;
                self.arriving_is(room, id.clone(), None);
                self.decline(room, id);
            }
            _ => {}
        }
    }

    /// So much of the file that comes is here; gives its message.
    fn file_moved(
        &mut self,
        now: Instant,
        room: &RoomId,
        transfer: u32,
        received: u64,
    ) -> Option<MessageId> {
        let session = self.peers.sessions.get_mut(room)?;
        let sender = session.with;
        let receiving = session.receiving.as_mut();
        let receiving = receiving.filter(|one| one.transfer == transfer)?;
        receiving.since = now;
        let (id, file) = (receiving.message.id.clone(), receiving.file.clone());
        let arriving = ArrivingFile {
            sender,
            file,
            received,
        };
        self.arriving_is(room, id.clone(), Some(arriving));
        Some(id)
    }

    pub(super) fn arriving_is(&mut self, room: &RoomId, id: MessageId, file: Option<ArrivingFile>) {
        self.tell_and_take(ChatEvent::Arriving {
            room: room.clone(),
            id,
            file: file.map(Box::new),
        });
    }

    /// Its sender does not send it any more. `false` if no such file comes.
    pub(super) fn stop_arriving(&mut self, room: &RoomId, id: &MessageId) -> bool {
        let Some(session) = self.peers.sessions.get_mut(room) else {
            return false;
        };
        let link = session.link;
        let is_it = |one: &mut Receiving| one.message.id == *id;
        let Some(receiving) = session.receiving.take_if(is_it) else {
            return false;
        };
        let (transfer, is_ours) = (receiving.transfer, false);
        self.order(PeerOrder::StopFile {
            link,
            transfer,
            is_ours,
        });
        self.arriving_is(room, id.clone(), None);
        true
    }
}
