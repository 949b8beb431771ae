//! The search in one room: newest first, block by block, so that what is found often is found soon, and what is rare or
//! not there costs one short look for each block.

use std::collections::BTreeMap;

use super::learning::text_in;
use super::{Rooms, words};
use crate::store::{MessageRow, Places, StoreError, WORD_BLOCK};

/// So many messages are read at once where the words are not learnt yet.
const PART: i64 = 256;

/// So many blocks are looked at in one go at most; the first go looks at one, each further one at twice as many.
const MOST_BLOCKS: i64 = 256;

/// Where is looked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Only in entries before this one.
    pub(super) before: i64,
    /// Not in entries before this one.
    pub(super) from: i64,
}

impl Rooms {
    /// The entries of a room that have all words, of the last one its beginning; the newest first.
    pub(super) async fn find(
        &self,
        room: i64,
        asked: &[String],
        part: Part,
        most: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let store = self.office.store();
        let upto = store.words_upto(room).await?;
        let mut seqs = Vec::new();
        let mut before = part.before;
        let unlearned_from = part.from.max(upto + 1);
        while seqs.len() < most {
            let bodies = store
                .bodies_before(room, before, unlearned_from, PART)
                .await?;
            let Some((oldest, _)) = bodies.last() else {
                break;
            };
            before = *oldest;
            let found = bodies.iter();
            let found = found.filter(|(_, body)| words::has(&text_in(body), asked));
            seqs.extend(found.map(|(seq, _)| *seq));
        }
        seqs.truncate(most);
        let mut rows = store.messages_at(room, &seqs).await?;
        let mut last = (part.before.min(upto + 1) - 1).div_euclid(WORD_BLOCK);
        let first = part.from.max(0).div_euclid(WORD_BLOCK);
        let mut blocks = 1;
        while rows.len() < most && last >= first {
            let go = (first.max(last - blocks + 1), last);
            let places = self.places(room, asked, go).await?;
            let seqs = places
                .iter()
                .rev()
                .flat_map(|(block, places)| places.seqs(*block))
                .filter(|seq| (part.from..part.before).contains(seq));
            let seqs: Vec<i64> = seqs.take(most - rows.len()).collect();
            rows.extend(store.messages_at(room, &seqs).await?);
            last = go.0 - 1;
            blocks = MOST_BLOCKS.min(blocks * 2);
        }
        Ok(rows)
    }

    /// Where in some blocks all words stand, in the order of the blocks.
    async fn places(
        &self,
        room: i64,
        asked: &[String],
        blocks: (i64, i64),
    ) -> Result<BTreeMap<i64, Places>, StoreError> {
        let store = self.office.store();
        let mut common: Option<BTreeMap<i64, Places>> = None;
        for (index, word) in asked.iter().enumerate() {
            let is_last = index + 1 == asked.len();
            // Where the words before have left something, and no wider.
            let within = match &common {
                None => blocks,
                Some(common) => match (common.keys().next(), common.keys().next_back()) {
                    (Some(first), Some(last)) => (*first, *last),
                    _ => break,
                },
            };
            let mut found = BTreeMap::new();
            for (block, places) in store.word_places(room, within, word, is_last).await? {
                let entry = found.entry(block).or_insert(Places::NONE);
                entry.unite(&places);
            }
            common = Some(match common {
                None => found,
                Some(before) => {
                    let both = before.into_iter().filter_map(|(block, mut places)| {
                        places.intersect(found.get(&block)?);
                        (!places.is_empty()).then_some((block, places))
                    });
                    both.collect()
                }
            });
        }
        Ok(common.unwrap_or_default())
    }
}
