//! A server of rooms in memory, as the room protocol describes it: sequence numbers without a gap, acknowledged only
//! what is kept, the same message once.

use std::collections::BTreeMap;

use api::AccountId;
use api::room::{
    Body, Connected, HistoryPage, JoinRule, Message, MessageId, MessageKind, NewMessage,
    Notification, NotificationKind, Participant, Reaction, Receipt, ReceiptTold, Request, Response,
    Room, RoomError, RoomErrorCode, RoomId, RoomKind, RoomRole, RoomSettings, RoomsList, Said,
    Stored, Told,
};

/// What everybody reads in messages for a time.
pub(crate) const SENT: &str = "2026-11-21T14:05:09.000Z";

/// Rooms and what was said in them.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) rooms: BTreeMap<RoomId, Vec<Message>>,
    people: BTreeMap<RoomId, Vec<AccountId>>,
    read: BTreeMap<(RoomId, AccountId), (i64, i64)>,
    /// Files by their ids: whose, and the hash of the contents.
    pub(crate) files: BTreeMap<String, (AccountId, String)>,
    /// Answers to messages that are held back, as a server does that has no time.
    pub(crate) is_busy: bool,
}

pub(crate) fn room_id(text: &str) -> RoomId {
    RoomId::parse(text).unwrap()
}

pub(crate) fn text(text: &str) -> Body {
    Body::Text {
        text: text.to_owned(),
        reply_to: None,
        mentions: Vec::new(),
    }
}

impl Server {
    pub(crate) fn open(&mut self, room: &str, people: &[i64]) -> RoomId {
        let room = room_id(room);
        self.rooms.insert(room.clone(), Vec::new());
        let people = people.iter().copied().map(AccountId).collect();
        self.people.insert(room.clone(), people);
        room
    }

    pub(crate) fn say(&mut self, room: &RoomId, sender: i64, id: &str, body: Body) -> Message {
        let messages = self.rooms.get_mut(room).unwrap();
        let message = Message {
            room: room.clone(),
            sequence: messages.len() as i64 + 1,
            id: MessageId::parse(id).unwrap(),
            kind: MessageKind::User,
            sender: Some(AccountId(sender)),
            sender_name: format!("person {sender}"),
            sent: SENT.to_owned(),
            body,
            edited: None,
            reactions: Vec::new(),
        };
        let target = message.body.target();
        if let Some(target) = messages.iter_mut().find(|one| Some(&one.id) == target) {
            act(target, &message);
        }
        messages.push(message.clone());
        message
    }

    pub(crate) fn room(&self, id: &RoomId, reader: AccountId) -> Room {
        let messages = &self.rooms[id];
        let people = &self.people[id];
        let (_, read) = self.progress(id, reader);
        let unread = messages
            .iter()
            .filter(|one| one.sequence > read && one.sender != Some(reader))
            .filter(|one| one.body.is_to_read())
            .count();
        Room {
            id: id.clone(),
            kind: if people.len() == 2 {
                RoomKind::Direct
            } else {
                RoomKind::Group
            },
            name: id.to_string(),
            is_named: false,
            description: String::new(),
            picture: None,
            opened: SENT.to_owned(),
            settings: RoomSettings {
                join: JoinRule::Added,
                ..RoomSettings::default()
            },
            role: RoomRole::Member,
            participants: people
                .iter()
                .map(|account| {
                    let (delivered, read) = self.progress(id, *account);
                    Participant {
                        account: *account,
                        number: None,
                        name: format!("person-{}", account.0),
                        display_name: format!("Person {}", account.0),
                        role: RoomRole::Member,
                        since: SENT.to_owned(),
                        delivered,
                        read,
                    }
                })
                .collect(),
            participant_count: people.len() as i64,
            first_sequence: 1,
            last_sequence: messages.len() as i64,
            unread: unread as i64,
            last_message: messages.last().cloned().map(Box::new),
        }
    }

    pub(crate) fn progress(&self, room: &RoomId, account: AccountId) -> (i64, i64) {
        let key = (room.clone(), account);
        self.read.get(&key).copied().unwrap_or_default()
    }

    /// What is answered to somebody.
    pub(crate) fn hear(&mut self, me: AccountId, request: Request) -> Vec<Response> {
        let id = request.id;
        let mut told = Vec::new();
        match request.said {
            Said::Connect(connect) => {
                told.push(Told::Connected(Connected {
                    account: me,
                    number: None,
                    display_name: "Me".into(),
                    session_id: MessageId::parse("session").unwrap(),
                    largest_file: Some(1_000),
                }));
                told.push(Told::RoomsList(self.list(me)));
                for (room, cursor) in connect.cursors {
                    let messages = self.rooms.get(&room).into_iter().flatten();
                    let missed = messages.filter(|one| one.sequence > cursor).cloned();
                    told.extend(missed.map(new_message));
                }
            }
            Said::GetRooms(_) => told.push(Told::RoomsList(self.list(me))),
            Said::Message(_) if self.is_busy => told.push(Told::Error(RoomError {
                code: RoomErrorCode::ConnectionError,
                sentence: "The server is busy.".into(),
            })),
            Said::Message(send) => {
                let room = match (send.room, send.to) {
                    (Some(room), _) => room,
                    (None, Some(to)) => {
                        let other = to.account.map_or(2, |account| account.0);
                        let name = format!("direct-{other}");
                        match self.rooms.contains_key(&room_id(&name)) {
                            true => room_id(&name),
                            false => {
                                let room = self.open(&name, &[me.0, other]);
                                told.push(Told::NewRoom(self.room(&room, me)));
                                room
                            }
                        }
                    }
                    (None, None) => panic!("neither room nor person"),
                };
                if text_of(&send.body) == "forbidden" {
                    told.push(Told::Error(RoomError {
                        code: RoomErrorCode::AccessRefused,
                        sentence: "You may not say that here.".into(),
                    }));
                } else {
                    let known = self.rooms[&room].iter().find(|one| one.id == send.id);
                    let message = match known.cloned() {
                        Some(message) => message,
                        None => self.say(&room, me.0, send.id.as_str(), send.body),
                    };
                    told.push(Told::Stored(Stored {
                        room,
                        id: message.id,
                        sequence: message.sequence,
                        sent: message.sent,
                    }));
                }
            }
            Said::GetHistory(wanted) => {
                let all = &self.rooms[&wanted.room];
                let limit = usize::from(wanted.limit.unwrap_or(50));
                let messages: Vec<Message> = match (wanted.after, wanted.before) {
                    (Some(after), _) => {
                        let later = all.iter().filter(|one| one.sequence > after);
                        later.take(limit).cloned().collect()
                    }
                    (None, before) => {
                        let before = before.unwrap_or(i64::MAX);
                        let earlier: Vec<_> =
                            all.iter().filter(|one| one.sequence < before).collect();
                        let skip = earlier.len().saturating_sub(limit);
                        earlier.into_iter().skip(skip).cloned().collect()
                    }
                };
                told.push(Told::History(HistoryPage {
                    last_sequence: all.len() as i64,
                    room: wanted.room,
                    messages,
                    first_sequence: 1,
                }));
            }
            Said::Receipt(entry) => {
                let room = entry.room.unwrap();
                let mark = self.read.entry((room.clone(), me)).or_default();
                mark.0 = mark.0.max(entry.sequence);
                if entry.receipt == Receipt::Read {
                    mark.1 = mark.1.max(entry.sequence);
                }
                told.push(Told::Receipt(ReceiptTold {
                    unread: Some(self.room(&room, me).unread),
                    room,
                    account: me,
                    receipt: entry.receipt,
                    sequence: entry.sequence,
                }));
            }
            Said::Typing(_) => {}
            _ => told.push(Told::Notification(Notification {
                about: NotificationKind::Done,
                room: None,
                sequence: None,
            })),
        }
        told.into_iter()
            .map(|told| Response {
                status: match &told {
                    Told::Error(error) if error.code == RoomErrorCode::ConnectionError => 503,
                    Told::Error(_) => 403,
                    _ => 200,
                },
                told,
                timestamp: SENT.to_owned(),
                id: id.clone(),
            })
            .collect()
    }

    fn list(&self, me: AccountId) -> RoomsList {
        let mine = self
            .people
            .iter()
            .filter(|(_, people)| people.contains(&me));
        RoomsList {
            rooms: mine.map(|(room, _)| self.room(room, me)).collect(),
            next: None,
        }
    }
}

/// What has become of a message is told to whoever asks for it later.
fn act(target: &mut Message, entry: &Message) {
    match (&entry.body, entry.sender) {
        (Body::Edit { text: now, .. }, _) => {
            target.body = text(now);
            target.edited = Some(entry.sent.clone());
        }
        (Body::Delete { .. }, _) => {
            target.body = Body::Deleted;
            target.reactions.clear();
        }
        (
            Body::Reaction {
                emoji, is_removed, ..
            },
            Some(sender),
        ) => {
            target.reactions.retain_mut(|one| {
                one.accounts
                    .retain(|account| one.emoji != *emoji || *account != sender);
                !one.accounts.is_empty()
            });
            if !is_removed {
                let same = |one: &&mut Reaction| one.emoji == *emoji;
                match target.reactions.iter_mut().find(same) {
                    Some(one) => one.accounts.push(sender),
                    None => target.reactions.push(Reaction {
                        emoji: emoji.clone(),
                        accounts: vec![sender],
                    }),
                }
            }
        }
        _ => {}
    }
    for reaction in &mut target.reactions {
        reaction.accounts.sort_unstable();
    }
}

pub(crate) fn text_of(body: &Body) -> &str {
    match body {
        Body::Text { text, .. } => text,
        Body::File { file, .. } => &file.name,
        _ => "",
    }
}

pub(crate) fn new_message(message: Message) -> Told {
    Told::NewMessage(Box::new(NewMessage {
        room: message.room.clone(),
        sender: message.sender,
        preview: message.body.preview(100),
        time: message.sent.clone(),
        message,
    }))
}
