//! The words of messages, for the search: a block of a room is learnt when it is full, after its messages were
//! acknowledged, so nobody waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use api::room::Body;
use tokio::sync::Notify;

use super::posting::text_of;
use super::words::words;
use super::{Rooms, RoomsError};
use crate::store::{MessageRow, Places, StoreError, WORD_BLOCK};

/// So many messages are read at once.
const PART: i64 = 128;

/// After a block nothing is learnt for so many times as long as that took: the rest of a processor and of the database's
/// time for writing is for others, and what is not learnt yet is found all the same.
const REST: u32 = 3;

/// So many blocks that come at once make the table another one.
const MANY: u32 = 64;

/// The rooms that have full blocks whose words are not known yet.
#[derive(Default, Debug)]
pub(super) struct Unlearned {
    rooms: Mutex<BTreeSet<i64>>,
    more: Notify,
}

impl Unlearned {
    /// Looks at new entries.
    pub(super) fn see(&self, entries: &[MessageRow]) {
        let full = entries.iter();
        let full = full.filter(|entry| (entry.seq + 1).rem_euclid(WORD_BLOCK) == 0);
        self.add(full.map(|entry| entry.room));
    }

    fn add(&self, rooms: impl Iterator<Item = i64>) {
        let mut rooms = rooms.peekable();
        if rooms.peek().is_some() {
            // A set of numbers is whole after each step.
            let mut known = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
            known.extend(rooms);
            self.more.notify_one();
        }
    }

    async fn next(&self) -> i64 {
        loop {
            let first = {
                let mut known = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
                known.pop_first()
            };
            match first {
                Some(room) => return room,
                None => self.more.notified().await,
            }
        }
    }
}

/// What a text of an entry can be found by.
pub(super) fn text_in(body: &str) -> String {
    let body: Body = serde_json::from_str(body).unwrap_or(Body::Unknown);
    text_of(&body)
}

impl Rooms {
    /// Learns words for as long as the server runs.
    pub(crate) async fn learn_words(self) {
        match self.office.store().rooms_without_words().await {
            Ok(rooms) => self.unlearned.add(rooms.into_iter()),
            Err(error) => tracing::warn!(%error, "it is not known which rooms have new words"),
        }
        loop {
            let room = self.unlearned.next().await;
            // The search reads what is not learnt; the next full block tries again.
            if let Err(error) = self.learn_room(room).await {
                tracing::warn!(error = %error.sentence(), "the words of a room could not be learnt");
            }
        }
    }

    /// Learns all full blocks of a room.
    pub(super) async fn learn_room(&self, room: i64) -> Result<(), RoomsError> {
        let store = self.office.store();
        for learnt in 0_u32.. {
            // After 64 blocks, 128, and so on: a long conversation that comes at once, as from an older version, is searched
            // soon after, and until the database looks by itself it takes the table for a short one.
            if learnt >= MANY && learnt.is_power_of_two() {
                store.words_have_come().await?;
            }
            let Some(row) = store.room_by_key(room).await? else {
                return Ok(());
            };
            let upto = store.words_upto(room).await?;
            // What is in the archive is not searched.
            let first = (upto + 1).max(row.first_seq);
            let block = first.div_euclid(WORD_BLOCK);
            let end = (block + 1) * WORD_BLOCK - 1;
            if row.last_seq < end {
                return Ok(());
            }
            let begin = Instant::now();
            self.learn_block(room, upto, block, row.last_seq).await?;
            // Where many rooms fill their blocks in the same second, whoever writes would wait behind all of them.
            tokio::time::sleep(REST * begin.elapsed()).await;
        }
        Ok(())
    }

    /// Learns a block; `last` is what the room's last sequence number was before. If something is done to the block in the
    /// meantime, nothing is learnt: then it is tried again.
    async fn learn_block(
        &self,
        room: i64,
        upto: i64,
        block: i64,
        last: i64,
    ) -> Result<(), StoreError> {
        let store = self.office.store();
        let (first, mut before) = (block * WORD_BLOCK, (block + 1) * WORD_BLOCK);
        let end = before - 1;
        let mut found: BTreeMap<String, Places> = BTreeMap::new();
        loop {
            let bodies = store.bodies_before(room, before, first, PART).await?;
            let Some((oldest, _)) = bodies.last() else {
                break;
            };
            before = *oldest;
            for (seq, body) in bodies {
                for word in words(&text_in(&body)) {
                    found.entry(word).or_insert(Places::NONE).insert(seq);
                }
            }
            // Who writes and calls comes first.
            tokio::task::yield_now().await;
        }
        let found: Vec<(String, Places)> = found.into_iter().collect();
        let mut tx = store.begin().await?;
        // Another server may have learnt it.
        let is_next = tx.words_upto(room).await? == Some(upto);
        if !is_next || tx.was_changed_after(room, (first, end), last).await? {
            return tx.roll_back().await;
        }
        tx.add_word_block(room, block, &found).await?;
        tx.commit().await
    }
}
