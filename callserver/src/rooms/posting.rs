//! What becomes of a batch of messages: who may say what, which sequence number each gets, and what it does to earlier
//! ones. No clock, no database: what was read comes in, what is to be written comes out.

use std::collections::{HashMap, HashSet};

use api::AccountId;
use api::room::{Body, MessageId, MessageKind, RoomKind, RoomRole};

use super::RoomsError;
use super::words::words;
use crate::store::{MessageRow, RoomRow};

/// Something to be said in a room.
#[derive(Clone, Debug)]
pub(super) struct Post {
    /// Who says it; `None` for the server.
    pub(super) sender: Option<AccountId>,
    /// What the sender is called.
    pub(super) sender_name: String,
    /// What the sender calls it.
    pub(super) id: MessageId,
    /// Who speaks.
    pub(super) kind: MessageKind,
    /// What is said.
    pub(super) body: Body,
    /// When it was said, in Unix milliseconds, if that was before it came here: to another device.
    pub(super) written: Option<i64>,
}

/// Where a message came to stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stands {
    pub(super) room: i64,
    pub(super) seq: i64,
    pub(super) sent_at: i64,
}

/// What is to be done to what is there already, in this order, after the new entries are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// An entry says something else.
    Rewrite {
        room: i64,
        seq: i64,
        body: String,
        old_words: Vec<String>,
        new_words: Vec<String>,
    },
    /// An entry says nothing more, nor what was done to it before `deleted_by`.
    Blank {
        room: i64,
        seq: i64,
        deleted_by: i64,
        old_words: Vec<String>,
    },
    /// An emoji comes or goes.
    React {
        room: i64,
        seq: i64,
        emoji: String,
        account: AccountId,
        is_removed: bool,
    },
}

/// A batch. Its public fields are filled with what was read before the first [`Batch::post`].
#[derive(Default, Debug)]
pub(super) struct Batch {
    /// In Unix milliseconds.
    pub(super) now: i64,
    /// The rooms, by their keys.
    pub(super) rooms: HashMap<i64, RoomRow>,
    /// What whoever is in a room may do there.
    pub(super) roles: HashMap<(i64, AccountId), RoomRole>,
    /// Entries that have one of the ids of this batch.
    pub(super) known: HashMap<(i64, MessageId), MessageRow>,
    /// Who has blocked whom.
    pub(super) blocked: HashSet<(AccountId, AccountId)>,
    /// New entries; their stamps count from 1 on.
    pub(super) entries: Vec<MessageRow>,
    /// What is done to entries.
    pub(super) deeds: Vec<Deed>,
    /// Which entries have sent which files: room, sequence number, file.
    pub(super) files: Vec<(i64, i64, String)>,
    /// How many of the new entries had been said to another device before.
    pub(super) flushed: u64,
    /// How many entries that count as unread each sender has sent.
    pub(super) own: HashMap<(i64, AccountId), i64>,
}

impl Batch {
    /// Puts something into a room.
    ///
    /// # Errors
    /// If the sender may not, or what it is to be done to is not there. Then nothing has changed.
    pub(super) fn post(&mut self, room: i64, post: &Post) -> Result<Stands, RoomsError> {
        let row = self.rooms.get(&room).ok_or(RoomsError::NoSuchRoom)?;
        let role = match post.sender {
            Some(sender) => Some(
                *self
                    .roles
                    .get(&(room, sender))
                    .ok_or(RoomsError::Stranger)?,
            ),
            None => None,
        };
        if let Some(known) = self.known.get(&(room, post.id.clone())) {
            if known.sender != post.sender {
                return Err(RoomsError::IdTaken);
            }
            return Ok(Stands {
                room,
                seq: known.seq,
                sent_at: known.sent_at,
            });
        }
        let is_hidden = self.is_hidden(row, post.sender)?;
        let target = match post.body.target() {
            Some(target) => Some(self.target(room, target, post, role)?),
            None => None,
        };
        let is_to_read = post.body.is_to_read() && !is_hidden;
        let row = self.rooms.get_mut(&room).ok_or(RoomsError::NoSuchRoom)?;
        row.last_seq += 1;
        row.reads += i64::from(is_to_read);
        let entry = MessageRow {
            room,
            seq: row.last_seq,
            stamp: i64::try_from(self.entries.len()).unwrap_or(i64::MAX) + 1,
            id: post.id.clone(),
            kind: post.kind,
            sender: post.sender,
            sender_name: post.sender_name.clone(),
            visible_to: post.sender.filter(|_| is_hidden),
            sent_at: post.written.unwrap_or(self.now),
            edited_at: None,
            is_to_read,
            reads: row.reads,
            target_seq: target.as_ref().map(|target| target.seq),
            body: written(&post.body),
        };
        if let (true, Some(sender)) = (is_to_read, post.sender) {
            *self.own.entry((room, sender)).or_default() += 1;
        }
        match target {
            // What somebody who is blocked does to what they said before is seen by nobody.
            Some(target) if !is_hidden || target.visible_to == post.sender => {
                self.act(&target, &entry, &post.body);
            }
            Some(_) | None => {}
        }
        if let (Some(file), false) = (post.body.file(), is_hidden) {
            self.files.push((room, entry.seq, file.file.clone()));
        }
        let stands = Stands {
            room,
            seq: entry.seq,
            sent_at: entry.sent_at,
        };
        self.flushed += u64::from(post.written.is_some());
        self.known.insert((room, entry.id.clone()), entry.clone());
        self.entries.push(entry);
        Ok(stands)
    }

    /// Whether only the sender gets to see what they say: the other one has blocked them, which they do not learn.
    fn is_hidden(&self, room: &RoomRow, sender: Option<AccountId>) -> Result<bool, RoomsError> {
        let (Some((one, other)), Some(sender)) = (room.pair, sender) else {
            return Ok(false);
        };
        let other = if one == sender { other } else { one };
        if !self.roles.contains_key(&(room.key, other)) {
            // The account is no more.
            return Err(RoomsError::Nobody {
                who: "this account".to_owned(),
            });
        }
        Ok(self.blocked.contains(&(other, sender)))
    }

    /// The entry that something is to be done to, if the sender may do it.
    fn target(
        &self,
        room: i64,
        target: &MessageId,
        post: &Post,
        role: Option<RoomRole>,
    ) -> Result<MessageRow, RoomsError> {
        let found = self.known.get(&(room, target.clone()));
        let is_there = |row: &&MessageRow| {
            row.target_seq.is_none()
                && row.kind != MessageKind::System
                && (row.visible_to.is_none() || row.visible_to == post.sender)
        };
        let found = found.filter(is_there).ok_or(RoomsError::NoSuchMessage)?;
        let body: Body = serde_json::from_str(&found.body).unwrap_or(Body::Unknown);
        let is_own = found.sender == post.sender;
        match post.body {
            Body::Edit { .. } if !is_own => {
                return Err(RoomsError::Role("its sender, and no other member"));
            }
            Body::Edit { .. } if !matches!(body, Body::Text { .. }) => {
                return Err(RoomsError::NoSuchMessage);
            }
            Body::Delete { .. } if found.kind == MessageKind::Notification => {
                return Err(RoomsError::Invalid(
                    "What the server has told is not deleted for others; delete your copy of the conversation instead.",
                ));
            }
            Body::Delete { .. } if !is_own && role < Some(RoomRole::Moderator) => {
                return Err(RoomsError::Role("its sender, a moderator or owner"));
            }
            Body::Delete { .. } if !is_own && self.rooms.get(&room).is_some_and(is_direct) => {
                return Err(RoomsError::Role("its sender"));
            }
            Body::Reaction { .. } if !body.is_to_read() => return Err(RoomsError::NoSuchMessage),
            _ => {}
        }
        Ok(found.clone())
    }

    /// Does to an entry what the new entry says.
    fn act(&mut self, target: &MessageRow, entry: &MessageRow, body: &Body) {
        let (room, seq) = (target.room, target.seq);
        let before: Body = serde_json::from_str(&target.body).unwrap_or(Body::Unknown);
        let old_words = words(&text_of(&before));
        let mut after = target.clone();
        match body {
            Body::Edit { text: new, .. } => {
                let Body::Text {
                    reply_to, mentions, ..
                } = before
                else {
                    return;
                };
                let rewritten = Body::Text {
                    text: new.clone(),
                    reply_to,
                    mentions,
                };
                after.body = written(&rewritten);
                self.deeds.push(Deed::Rewrite {
                    room,
                    seq,
                    body: after.body.clone(),
                    old_words,
                    new_words: words(new),
                });
            }
            Body::Delete { .. } => {
                after.body = written(&Body::Deleted);
                self.files
                    .retain(|(in_room, at, _)| *in_room != room || *at != seq);
                self.deeds.push(Deed::Blank {
                    room,
                    seq,
                    deleted_by: entry.seq,
                    old_words,
                });
            }
            Body::Reaction {
                emoji, is_removed, ..
            } => {
                if let Some(account) = entry.sender {
                    self.deeds.push(Deed::React {
                        room,
                        seq,
                        emoji: emoji.clone(),
                        account,
                        is_removed: *is_removed,
                    });
                }
            }
            _ => {}
        }
        self.known.insert((room, after.id.clone()), after);
    }
}

fn is_direct(room: &RoomRow) -> bool {
    room.kind == RoomKind::Direct
}

/// What of a message can be looked for.
pub(super) fn text_of(body: &Body) -> String {
    match body {
        Body::Text { text, .. } => text.clone(),
        Body::File { file, caption, .. } => format!("{caption} {}", file.name),
        _ => String::new(),
    }
}

/// As the database keeps it.
pub(super) fn written(body: &Body) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::room::{RoomId, RoomSettings};

    const ALICE: AccountId = AccountId(1);
    const BOB: AccountId = AccountId(2);
    const CAROL: AccountId = AccountId(3);

    fn batch(kind: RoomKind) -> Batch {
        let is_direct = kind == RoomKind::Direct;
        let room = RoomRow {
            key: 5,
            id: RoomId::parse("r").unwrap(),
            kind,
            pair: is_direct.then_some((ALICE, BOB)),
            name: None,
            description: String::new(),
            picture: None,
            settings: RoomSettings::default(),
            opened_at: 0,
            first_seq: 1,
            last_seq: 10,
            reads: 7,
            last_stamp: 0,
        };
        Batch {
            now: 1000,
            rooms: [(5, room)].into(),
            roles: [((5, ALICE), RoomRole::Owner), ((5, BOB), RoomRole::Member)].into(),
            ..Batch::default()
        }
    }

    fn post(sender: AccountId, id: &str, body: Body) -> Post {
        Post {
            sender: Some(sender),
            sender_name: String::new(),
            id: MessageId::parse(id).unwrap(),
            kind: MessageKind::User,
            body,
            written: None,
        }
    }

    fn text(sender: AccountId, id: &str, text: &str) -> Post {
        let body = Body::Text {
            text: text.into(),
            reply_to: None,
            mentions: Vec::new(),
        };
        post(sender, id, body)
    }

    fn id(text: &str) -> MessageId {
        MessageId::parse(text).unwrap()
    }

    #[test]
    fn messages_get_numbers_without_a_gap_and_a_repeated_one_gets_its_own_again() {
        let mut batch = batch(RoomKind::Group);
        assert_eq!(batch.post(5, &text(ALICE, "a", "one")).unwrap().seq, 11);
        assert_eq!(batch.post(5, &text(BOB, "b", "two")).unwrap().seq, 12);
        assert_eq!(batch.post(5, &text(ALICE, "a", "one")).unwrap().seq, 11);
        let taken = batch.post(5, &text(BOB, "a", "mine"));
        assert!(matches!(taken, Err(RoomsError::IdTaken)));
        let stranger = batch.post(5, &text(CAROL, "c", "hello"));
        assert!(matches!(stranger, Err(RoomsError::Stranger)));
        let nowhere = batch.post(6, &text(ALICE, "d", "hello"));
        assert!(matches!(nowhere, Err(RoomsError::NoSuchRoom)));
        assert_eq!(batch.post(5, &text(BOB, "e", "three")).unwrap().seq, 13);
        assert_eq!((batch.entries.len(), batch.rooms[&5].reads), (3, 10));
        assert_eq!(batch.own, [((5, ALICE), 1), ((5, BOB), 2)].into());
    }

    #[test]
    fn only_the_sender_edits_and_moderators_delete_too() {
        let mut batch = batch(RoomKind::Group);
        batch.post(5, &text(BOB, "b", "two words")).unwrap();
        let edit = |by, id: &str| {
            let body = Body::Edit {
                target: MessageId::parse("b").unwrap(),
                text: "three words now".into(),
            };
            post(by, id, body)
        };
        assert!(matches!(
            batch.post(5, &edit(ALICE, "e1")),
            Err(RoomsError::Role(_))
        ));
        batch.post(5, &edit(BOB, "e2")).unwrap();
        let Deed::Rewrite {
            old_words,
            new_words,
            ..
        } = &batch.deeds[0]
        else {
            panic!("nothing is rewritten");
        };
        assert_eq!(old_words[..], ["two", "words"]);
        assert_eq!(new_words[..], ["now", "three", "words"]);
        let delete = |by, id: &str| {
            post(
                by,
                id,
                Body::Delete {
                    target: self::id("b"),
                },
            )
        };
        batch.post(5, &delete(ALICE, "d1")).unwrap();
        assert!(matches!(
            batch.post(5, &edit(BOB, "e3")),
            Err(RoomsError::NoSuchMessage)
        ));
        assert!(matches!(
            batch.deeds[..],
            [
                Deed::Rewrite { seq: 11, .. },
                Deed::Blank {
                    seq: 11,
                    deleted_by: 13,
                    ..
                }
            ]
        ));
        let missing = Body::Delete {
            target: id("nothing"),
        };
        let missing = batch.post(5, &post(BOB, "d2", missing));
        assert!(matches!(missing, Err(RoomsError::NoSuchMessage)));
    }

    #[test]
    fn what_somebody_says_who_is_blocked_is_stored_like_any_other_and_seen_by_them_alone() {
        let mut batch = batch(RoomKind::Direct);
        batch.post(5, &text(ALICE, "a", "before")).unwrap();
        batch.blocked.insert((BOB, ALICE));
        let stands = batch.post(5, &text(ALICE, "b", "hello")).unwrap();
        assert_eq!((stands.seq, batch.entries[1].visible_to), (12, Some(ALICE)));
        assert!(!batch.entries[1].is_to_read);
        let edit = Body::Edit {
            target: id("a"),
            text: "rude".into(),
        };
        batch.post(5, &post(ALICE, "c", edit)).unwrap();
        assert!(batch.deeds.is_empty());
        assert_eq!(batch.post(5, &text(BOB, "d", "x")).unwrap().seq, 14);
        let react = Body::Reaction {
            target: id("b"),
            emoji: "👍".into(),
            is_removed: false,
        };
        let hidden = batch.post(5, &post(BOB, "e", react));
        assert!(matches!(hidden, Err(RoomsError::NoSuchMessage)));
    }

    #[test]
    fn nobody_writes_to_an_account_that_is_no_more_nor_deletes_what_the_other_of_two_said() {
        let mut batch = batch(RoomKind::Direct);
        batch.post(5, &text(BOB, "b", "hello")).unwrap();
        let delete = post(ALICE, "d", Body::Delete { target: id("b") });
        assert!(matches!(batch.post(5, &delete), Err(RoomsError::Role(_))));
        batch.roles.remove(&(5, BOB));
        let gone = batch.post(5, &text(ALICE, "a", "hello"));
        assert!(matches!(gone, Err(RoomsError::Nobody { .. })));
    }
}
