//! Files on their way from device to device and to the server, a few bytes at a time.

use std::collections::{BTreeMap, VecDeque};

use api::AccountId;
use api::room::{Body, FilePiece, FileRef, MessageId, PeerMessage};
use phone::chat::{
    Attachment, ChatInput, Incoming, NotTaken, Outgoing, PeerNews, PeerOrder, UploadNews, Whom,
    Wish,
};
use ring::digest::{SHA256, digest};

use crate::server::{SENT, room_id};
use crate::world::World;

/// Bytes of a file that travel at once.
const PIECE: usize = 7;

/// What a device has of files.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    /// Its own, and those that came whole, by their paths.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Those of which not all has come, by their hashes.
    pub(crate) parts: BTreeMap<String, Vec<u8>>,
}

/// Files on their way over a connection.
#[derive(Default)]
pub(crate) struct Carried {
    /// What is sent: the number, the contents, and how much has gone.
    sending: Option<(u32, Vec<u8>, usize)>,
    /// What is taken: the number, its pieces, and which.
    taking: Option<(u32, Incoming, FileRef)>,
    /// Pieces on their way here.
    pub(crate) pieces: VecDeque<Vec<u8>>,
}

pub(crate) fn hash(contents: &[u8]) -> String {
    api::hex(digest(&SHA256, contents).as_ref())
}

fn received(sha256: &str) -> String {
    format!("/received/{sha256}")
}

impl World {
    /// Sends a file of these contents.
    pub(crate) fn send_file(&mut self, who: usize, name: &str, contents: &[u8]) -> MessageId {
        let path = format!("/{who}/{name}");
        let id = MessageId::parse(&format!("f-{who}-{name}")).unwrap();
        let shelf = &mut self.devices[who].shelf;
        shelf.files.insert(path.clone(), contents.to_vec());
        let wish = Wish::SendFile {
            whom: Whom::Room(room_id("pair")),
            id: id.clone(),
            body: Body::File {
                file: FileRef {
                    file: String::new(),
                    sha256: String::new(),
                    name: name.to_owned(),
                    media_type: "text/plain".to_owned(),
                    bytes: contents.len() as u64,
                },
                caption: String::new(),
                reply_to: None,
            },
            written: SENT.to_owned(),
            attachment: Attachment {
                path,
                modified_millis: 0,
                is_ours: false,
                upload: None,
            },
        };
        self.tell(who, ChatInput::Do(Box::new(wish)));
        id
    }

    fn news(&mut self, who: usize, news: PeerNews) {
        self.tell(who, ChatInput::Peer(news));
    }

    pub(crate) fn measure(&mut self, who: usize, outgoing: &Outgoing) {
        let path = &outgoing.attachment.as_ref().unwrap().path;
        let news = match self.devices[who].shelf.files.get(path) {
            Some(contents) => UploadNews::Measured {
                sha256: hash(contents),
            },
            None => UploadNews::Failed {
                sentence: "It is gone.".to_owned(),
            },
        };
        let id = outgoing.id.clone();
        self.tell(who, ChatInput::Upload { id, news });
    }

    /// Brings one file to the server.
    pub(crate) fn upload(&mut self, who: usize) -> bool {
        if !self.devices[who].is_connected {
            return false;
        }
        let Some(outgoing) = self.devices[who].uploads.pop_front() else {
            return false;
        };
        let owner = self.devices[who].account;
        let id = outgoing.id.clone();
        let path = &outgoing.attachment.as_ref().unwrap().path;
        let Some(contents) = self.devices[who].shelf.files.get(path) else {
            let sentence = "It is gone.".to_owned();
            let news = UploadNews::Failed { sentence };
            self.tell(who, ChatInput::Upload { id, news });
            return true;
        };
        let (sha256, number) = (hash(contents), self.server.files.len());
        let upload = format!("u-{number}");
        self.server
            .files
            .insert(upload.clone(), (owner, sha256.clone()));
        for news in [
            UploadNews::Measured { sha256 },
            UploadNews::Begun { upload },
            UploadNews::Done,
        ] {
            let id = id.clone();
            self.tell(who, ChatInput::Upload { id, news });
        }
        true
    }

    /// What a message says that somebody brings, once its file is there.
    pub(crate) fn brought(&self, bringer: AccountId, message: &PeerMessage) -> Option<Body> {
        let mut body = message.said().unwrap();
        if let Some(file) = body.file_mut() {
            assert!(file.is_named_by_contents());
            let mut files = self.server.files.iter();
            let is_it = |(owner, hash): &(AccountId, String)| {
                (*owner == bringer || *owner == message.sender) && *hash == file.sha256
            };
            let (id, _) = files.find(|(_, one)| is_it(one))?;
            file.file.clone_from(id);
        }
        Some(body)
    }

    /// Carries out an order about files.
    pub(crate) fn carry(&mut self, who: usize, order: PeerOrder) {
        let device = &mut self.devices[who];
        match order {
            PeerOrder::SendFile {
                link,
                transfer,
                attachment,
                bytes,
                offset,
            } if device.open == Some(link) => {
                let contents = device.shelf.files.get(&attachment.path).cloned();
                match contents.filter(|contents| contents.len() as u64 == bytes) {
                    Some(contents) => {
                        let offset = usize::try_from(offset).unwrap();
                        device.carried.sending = Some((transfer, contents, offset));
                    }
                    None => {
                        let sentence = "It was changed.".to_owned();
                        let news = PeerNews::FileNotSent {
                            link,
                            transfer,
                            sentence,
                        };
                        self.news(who, news);
                    }
                }
            }
            PeerOrder::TakeFile {
                link,
                transfer,
                file,
                ..
            } if device.open == Some(link) => {
                let shelf = &mut device.shelf;
                if shelf.files.contains_key(&received(&file.sha256)) {
                    return self.taken(who, transfer, &file);
                }
                let part = shelf.parts.entry(file.sha256.clone()).or_default();
                let offset = part.len() as u64;
                let incoming = Incoming::new(transfer, offset, file.bytes);
                device.carried.taking = Some((transfer, incoming, (*file).clone()));
                match incoming.is_complete() {
                    true => self.finish_taking(who),
                    false => self.news(
                        who,
                        PeerNews::FileReady {
                            link,
                            transfer,
                            offset,
                        },
                    ),
                }
            }
            PeerOrder::StopFile {
                transfer, is_ours, ..
            } => {
                let carried = &mut device.carried;
                match is_ours {
                    true => drop(carried.sending.take_if(|one| one.0 == transfer)),
                    false => drop(carried.taking.take_if(|one| one.0 == transfer)),
                }
            }
            _ => {}
        }
    }

    /// A piece goes out.
    pub(crate) fn send_piece(&mut self, who: usize) -> bool {
        let device = &mut self.devices[who];
        let Some(link) = device.open else {
            return false;
        };
        let Some((transfer, contents, offset)) = &mut device.carried.sending else {
            return false;
        };
        let transfer = *transfer;
        let end = contents.len().min(*offset + PIECE);
        let piece = FilePiece {
            transfer,
            offset: *offset as u64,
            bytes: &contents[*offset..end],
        };
        let message = piece.to_message();
        *offset = end;
        if end == contents.len() {
            device.carried.sending = None;
        }
        self.devices[1 - who].carried.pieces.push_back(message);
        let bytes = end as u64;
        let news = PeerNews::FileSent {
            link,
            transfer,
            bytes,
        };
        self.news(who, news);
        true
    }

    /// A piece comes in.
    pub(crate) fn hear_piece(&mut self, who: usize) -> bool {
        let device = &mut self.devices[who];
        let Some(link) = device.open else {
            return false;
        };
        let Some(message) = device.carried.pieces.pop_front() else {
            return false;
        };
        let Some((transfer, incoming, file)) = &mut device.carried.taking else {
            return true;
        };
        let transfer = *transfer;
        let Ok(bytes) = incoming.take(&message) else {
            self.lose(who);
            return true;
        };
        let part = device.shelf.parts.entry(file.sha256.clone()).or_default();
        part.extend_from_slice(bytes);
        if incoming.is_complete() {
            self.finish_taking(who);
        } else {
            let bytes = incoming.received();
            let news = PeerNews::FileCame {
                link,
                transfer,
                bytes,
            };
            self.news(who, news);
        }
        true
    }

    fn finish_taking(&mut self, who: usize) {
        let device = &mut self.devices[who];
        let (Some((transfer, _, file)), Some(link)) = (device.carried.taking.take(), device.open)
        else {
            return;
        };
        let contents = device.shelf.parts.remove(&file.sha256).unwrap_or_default();
        if hash(&contents) != file.sha256 {
            let why = NotTaken::Damaged;
            let news = PeerNews::FileNotTaken {
                link,
                transfer,
                why,
            };
            return self.news(who, news);
        }
        let path = received(&file.sha256);
        device.shelf.files.insert(path, contents);
        self.taken(who, transfer, &file);
    }

    fn taken(&mut self, who: usize, transfer: u32, file: &FileRef) {
        let Some(link) = self.devices[who].open else {
            return;
        };
        let attachment = Box::new(Attachment {
            path: received(&file.sha256),
            modified_millis: 0,
            is_ours: false,
            upload: None,
        });
        let news = PeerNews::FileTaken {
            link,
            transfer,
            attachment,
        };
        self.news(who, news);
    }
}
