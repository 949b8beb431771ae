//! What two devices told each other without the server, when one of them brings it: whose it is, and when it was said.
//!
//! Either side may bring what both have, so a message counts for its sender by the signature of the sender's device and
//! not by who brings it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Instant, SystemTime};

use api::AccountId;
use api::SessionId;
use api::room::{
    Body, FLUSH_MESSAGES, FileRef, Flush, Flushed, FlushedMessage, MessageKind, PeerMessage,
    RoomError, RoomId, RoomKind, Stored, is_peer_key,
};
use ring::signature::{ED25519, UnparsedPublicKey};
use tokio::sync::oneshot;

use super::posting::Post;
use super::writer::{Job, Place, Waiting};
use super::{Rooms, RoomsError, Speaker, rules};
use crate::store::{PeerKeyRow, StoreError, unix_millis};
use crate::times::read_rfc_3339;

/// Keys of one account that are known: more devices than anybody has, over years.
const MOST_KEYS: i64 = 64;

/// A key that is seen more often is not written down each time.
const KEY_SEEN_AGAIN: i64 = 60 * 60 * 1000;

/// So long a device may talk without reaching the server. What was written later, by a key that was not seen since, is of a
/// device that was taken away.
const KEY_RESTS: i64 = 30 * 24 * 60 * 60 * 1000;

/// A clock that is further behind is wrong: such a message is as old as it may be.
const OLDEST: i64 = KEY_RESTS;

impl Rooms {
    /// Notes with which key a device signs.
    ///
    /// # Errors
    /// If it is none, or somebody else's.
    pub(crate) async fn know_key(
        &self,
        account: AccountId,
        session: SessionId,
        key: &str,
    ) -> Result<(), RoomsError> {
        if !is_peer_key(key) {
            return Err(RoomsError::Invalid(
                "A peer_key is an Ed25519 public key of 64 hexadecimal digits, in lower case.",
            ));
        }
        let (store, now) = (self.office.store(), unix_millis(SystemTime::now()));
        let known = store.peer_keys(&[key]).await?;
        let is_fresh =
            |row: &PeerKeyRow| row.account == account && now - row.seen_at < KEY_SEEN_AGAIN;
        if known.first().is_some_and(|(_, row)| is_fresh(row)) {
            return Ok(());
        }
        let mut tx = store.begin().await?;
        let is_theirs = tx.tell_peer_key(key, session, now, MOST_KEYS).await?;
        tx.commit().await?;
        match is_theirs {
            true => Ok(()),
            false => Err(RoomsError::KeyTaken),
        }
    }

    /// Stores what two devices told each other, in this order and all at once. What was stored before stands where it
    /// stood. Answers for each message; what is refused leaves the others alone.
    ///
    /// # Errors
    /// If whoever brings it is not in the room, the room is none of two, or the database fails: then all of it may be
    /// brought again.
    pub async fn flush(
        &self,
        bringer: &Speaker,
        id: &RoomId,
        flush: Flush,
    ) -> Result<Flushed, RoomsError> {
        let (room, _) = self.access(bringer.account, id).await?;
        let Some(pair) = room.pair.filter(|_| room.kind == RoomKind::Direct) else {
            return Err(RoomsError::Invalid(
                "Only in a conversation of two do devices talk without the server.",
            ));
        };
        if flush.messages.len() > FLUSH_MESSAGES {
            return Err(RoomsError::Invalid(
                "A flush has 200 messages at most; bring the rest in the next one.",
            ));
        }
        for _ in &flush.messages {
            self.charge(bringer.account, Instant::now())?;
        }
        let keys = self.keys_of(&flush).await?;
        let now = unix_millis(SystemTime::now());
        let mut names = HashMap::new();
        let mut asked = Vec::with_capacity(flush.messages.len());
        let mut waiting = Vec::new();
        for message in flush.messages {
            let message_id = message.id.clone();
            let read = read(message, id, pair, &keys, now);
            let post = match read {
                Ok(post) => self.named(post, bringer, &mut names).await,
                Err(error) => Err(error),
            };
            let answer = match post {
                Ok(post) => {
                    let (answer, answered) = oneshot::channel();
                    let place = Place::Room(id.clone());
                    waiting.push(Waiting {
                        place,
                        post,
                        answer,
                    });
                    Ok(answered)
                }
                Err(RoomsError::Store(error)) => return Err(error.into()),
                Err(error) => Err(error),
            };
            asked.push((message_id, answer));
        }
        if !waiting.is_empty() && self.jobs.send(Job::Flush(waiting)).await.is_err() {
            return Err(RoomsError::Busy);
        }
        let mut messages = Vec::with_capacity(asked.len());
        for (id, answer) in asked {
            let outcome = match answer {
                Ok(answered) => answered.await.unwrap_or(Err(RoomsError::Busy)),
                Err(error) => Err(error),
            };
            messages.push(told(id, outcome));
        }
        Ok(Flushed { messages })
    }

    async fn keys_of(&self, flush: &Flush) -> Result<HashMap<String, PeerKeyRow>, RoomsError> {
        let mut keys: Vec<&str> = flush.messages.iter().map(|one| one.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| is_peer_key(key));
        Ok(self
            .office
            .store()
            .peer_keys(&keys)
            .await?
            .into_iter()
            .collect())
    }

    /// Puts the sender's name to it, and looks after what it sends.
    async fn named(
        &self,
        mut post: Post,
        bringer: &Speaker,
        names: &mut HashMap<AccountId, Speaker>,
    ) -> Result<Post, RoomsError> {
        let Some(sender) = post.sender else {
            return Err(RoomsError::Forged);
        };
        let speaker = match names.entry(sender) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.sender_of(sender, bringer).await?),
        };
        post.sender_name.clone_from(&speaker.display_name);
        match post.body.file_mut() {
            Some(file) if file.is_named_by_contents() => {
                let owners = [sender, bringer.account];
                file.file = self.brought(owners, file).await?;
            }
            Some(file) => self.check_sent(speaker, file).await?,
            None => {}
        }
        Ok(post)
    }

    /// What a file is known by here that went from device to device: either of the two may have brought its contents.
    async fn brought(&self, owners: [AccountId; 2], file: &FileRef) -> Result<String, RoomsError> {
        let store = self.office.store();
        let found = store.file_by_contents(owners, &file.sha256, file.bytes);
        found.await?.ok_or(RoomsError::FileToCome)
    }

    async fn sender_of(&self, sender: AccountId, bringer: &Speaker) -> Result<Speaker, StoreError> {
        if sender == bringer.account {
            return Ok(bringer.clone());
        }
        let row = self.office.store().account_by_id(sender).await?;
        Ok(Speaker {
            account: sender,
            display_name: row.map(|row| row.display_name).unwrap_or_default(),
            is_guest: false,
        })
    }
}

/// A message as it is to be stored, if its sender's device has signed it.
fn read(
    message: PeerMessage,
    room: &RoomId,
    (one, other): (AccountId, AccountId),
    keys: &HashMap<String, PeerKeyRow>,
    now: i64,
) -> Result<Post, RoomsError> {
    if message.sender != one && message.sender != other {
        return Err(RoomsError::Forged);
    }
    let key = keys.get(&message.key).ok_or(RoomsError::Forged)?;
    let written = read_rfc_3339(&message.written);
    let written = written.ok_or(RoomsError::Invalid("It is not said when it was written."))?;
    // By its own clock alone nobody is judged: that may be wrong.
    let is_over = written.min(now) > key.seen_at + KEY_RESTS;
    if key.account != message.sender || is_over || !is_signed(&message, room) {
        return Err(RoomsError::Forged);
    }
    let body = message.said().unwrap_or(Body::Unknown);
    rules::check_said(&body)?;
    Ok(Post {
        sender: Some(message.sender),
        sender_name: String::new(),
        id: message.id,
        kind: MessageKind::User,
        body,
        written: Some(written.clamp(now - OLDEST, now)),
    })
}

fn is_signed(message: &PeerMessage, room: &RoomId) -> bool {
    let Some((key, signature)) = message.proof() else {
        return false;
    };
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&message.signed(room), &signature)
        .is_ok()
}

fn told(id: api::room::MessageId, outcome: Result<Stored, RoomsError>) -> FlushedMessage {
    let (sequence, sent, error) = match outcome {
        Ok(stored) => (Some(stored.sequence), Some(stored.sent), None),
        Err(error) => {
            let (code, sentence) = (error.code(), error.sentence());
            (None, None, Some(RoomError { code, sentence }))
        }
    };
    FlushedMessage {
        id,
        sequence,
        sent,
        error,
    }
}
