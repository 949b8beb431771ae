//! The table `message_words`: which words the entries of a room have, by blocks of sequence numbers.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Engine, Store, StoreError, Transaction, parts, rows_of, with_list};

/// So many sequence numbers share a block: what is not in the table yet is fewer, and is read in a few milliseconds.
pub const WORD_BLOCK: i64 = 1_024;

/// What is more in a block has a bit for each place, which is shorter then.
const MOST_LISTED: usize = 64;

/// The last character that there is: what begins with a text is not after the text followed by it.
const LAST: char = '\u{10FFFF}';

/// Places in a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places([u64; (WORD_BLOCK / 64) as usize]);

impl Places {
    /// None.
    pub const NONE: Self = Self([0; (WORD_BLOCK / 64) as usize]);

    /// The bit of a sequence number, whatever block it is in.
    fn bit(seq: i64) -> (usize, u64) {
        let place = usize::try_from(seq.rem_euclid(WORD_BLOCK)).unwrap_or_default();
        (place / 64, 1 << (place % 64))
    }

    /// Adds a sequence number of the block.
    pub fn insert(&mut self, seq: i64) {
        let (word, bit) = Self::bit(seq);
        self.0[word] |= bit;
    }

    /// Takes a sequence number of the block out.
    pub fn remove(&mut self, seq: i64) {
        let (word, bit) = Self::bit(seq);
        self.0[word] &= !bit;
    }

    /// Adds those of another one.
    pub fn unite(&mut self, other: &Self) {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(one, other)| *one |= other);
    }

    /// Keeps those that are in another one, too.
    pub fn intersect(&mut self, other: &Self) {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(one, other)| *one &= other);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// The sequence numbers in a block, the last first.
    pub fn seqs(&self, block: i64) -> impl Iterator<Item = i64> + '_ {
        let first = block * WORD_BLOCK;
        let places = (0..WORD_BLOCK).rev().filter(|place| {
            let (word, bit) = Self::bit(*place);
            self.0[word] & bit != 0
        });
        places.map(move |place| first + place)
    }

    fn written(&self) -> Vec<u8> {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        if usize::try_from(count).unwrap_or(usize::MAX) < MOST_LISTED {
            let mut places: Vec<i64> = self.seqs(0).collect();
            places.reverse();
            let places = places
                .into_iter()
                .filter_map(|place| u16::try_from(place).ok());
            return places.flat_map(u16::to_le_bytes).collect();
        }
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn read(bytes: &[u8]) -> Self {
        let mut places = Self::NONE;
        if bytes.len() == places.0.len() * 8 {
            for (word, bytes) in places.0.iter_mut().zip(bytes.chunks_exact(8)) {
                *word = bytes
                    .iter()
                    .rev()
                    .fold(0, |word, byte| word << 8 | u64::from(*byte));
            }
            return places;
        }
        for two in bytes.as_chunks().0 {
            places.insert(u16::from_le_bytes(*two).into());
        }
        places
    }
}

impl Store {
    /// Up to which sequence number the words of a room are in the table.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn words_upto(&self, room: i64) -> Result<i64, StoreError> {
        let select = sqlx::query_scalar("SELECT words_upto FROM rooms WHERE room_key = $1");
        let upto: Option<i64> = select.bind(room).fetch_optional(&self.readers).await?;
        Ok(upto.unwrap_or_default())
    }

    /// Rooms that have at least one full block whose words are not in the table.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rooms_without_words(&self) -> Result<Vec<i64>, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT room_key FROM rooms WHERE last_seq - words_upto >= $1 ORDER BY room_key",
        );
        Ok(select.bind(WORD_BLOCK).fetch_all(&self.readers).await?)
    }

    /// Has PostgreSQL look how large the table has become, which it does by itself a minute later: one that takes it for
    /// empty looks for a word in all blocks instead of those it is asked for.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn words_have_come(&self) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            let analyze = sqlx::query("ANALYZE message_words");
            analyze.execute(&self.readers).await?;
        }
        Ok(())
    }

    /// Where in the blocks from `first` to `last` of a room a word stands, or all words that begin so: the blocks that have
    /// any, each once or more. The table is in the order of blocks: each costs one look.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn word_places(
        &self,
        room: i64,
        (first, last): (i64, i64),
        word: &str,
        is_beginning: bool,
    ) -> Result<Vec<(i64, Places)>, StoreError> {
        let end = match is_beginning {
            true => format!("{word}{LAST}"),
            false => word.to_owned(),
        };
        let blocks: Vec<i64> = (first..=last).collect();
        let mut found = Vec::new();
        for part in parts(&blocks, 1) {
            let sql = with_list(
                "SELECT block, places FROM message_words
                 WHERE room_key = $1 AND word >= $2 AND word <= $3 AND block IN ({})",
                4,
                part.len(),
            );
            let mut select = sqlx::query(sql).bind(room);
            select = select.bind(word.to_owned()).bind(end.clone());
            for block in part {
                select = select.bind(*block);
            }
            for row in select.fetch_all(&self.readers).await? {
                let places: Vec<u8> = row.try_get("places")?;
                found.push((row.try_get("block")?, Places::read(&places)));
            }
        }
        Ok(found)
    }

    /// What entries of a room say, as JSON, with their sequence numbers: those before one and not before another one, the
    /// newest of them, the newest first. Not each of them is for everybody.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn bodies_before(
        &self,
        room: i64,
        before: i64,
        from: i64,
        most: i64,
    ) -> Result<Vec<(i64, String)>, StoreError> {
        let select = sqlx::query(
            "SELECT seq, body FROM messages WHERE room_key = $1 AND seq < $2 AND seq >= $3 ORDER BY seq DESC LIMIT $4",
        );
        let select = select.bind(room).bind(before).bind(from).bind(most);
        let rows = select.fetch_all(&self.readers).await?;
        let read = |row: &AnyRow| Ok((row.try_get("seq")?, row.try_get("body")?));
        rows.iter().map(read).collect()
    }
}

impl Transaction {
    /// Up to which sequence number the words of a room are in the table; `None` if there is no such room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn words_upto(&mut self, room: i64) -> Result<Option<i64>, StoreError> {
        let select = sqlx::query_scalar("SELECT words_upto FROM rooms WHERE room_key = $1");
        Ok(select.bind(room).fetch_optional(&mut *self.inner).await?)
    }

    /// Whether something was done after the entry `after` to one of the entries from `first` to `last`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn was_changed_after(
        &mut self,
        room: i64,
        (first, last): (i64, i64),
        after: i64,
    ) -> Result<bool, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT count(*) FROM messages WHERE room_key = $1 AND target_seq >= $2 AND target_seq <= $3 AND seq > $4",
        );
        let select = select.bind(room).bind(first).bind(last).bind(after);
        let count: i64 = select.fetch_one(&mut *self.inner).await?;
        Ok(count > 0)
    }

    /// Adds the words of a block; from now on those up to its end are in the table.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_word_block(
        &mut self,
        room: i64,
        block: i64,
        words: &[(String, Places)],
    ) -> Result<(), StoreError> {
        for part in parts(words, 4) {
            let sql = format!(
                "INSERT INTO message_words (room_key, block, word, places) VALUES {}",
                rows_of(4, part.len())
            );
            let mut insert = sqlx::query(sqlx::AssertSqlSafe(sql));
            for (word, places) in part {
                insert = insert.bind(room).bind(block);
                insert = insert.bind(word.clone()).bind(places.written());
            }
            insert.execute(&mut *self.inner).await?;
        }
        self.set_words_upto(room, (block + 1) * WORD_BLOCK - 1)
            .await
    }

    /// The words up to a sequence number are in the table, or nobody needs them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_words_upto(&mut self, room: i64, upto: i64) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE rooms SET words_upto = $2 WHERE room_key = $1");
        update
            .bind(room)
            .bind(upto)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// An entry has other words from now on: if its block is in the table, they are changed there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn change_words(
        &mut self,
        room: i64,
        seq: i64,
        old: &[String],
        new: &[String],
    ) -> Result<(), StoreError> {
        if self.words_upto(room).await?.is_none_or(|upto| seq > upto) {
            return Ok(());
        }
        for word in old.iter().filter(|word| !new.contains(word)) {
            self.change_word(room, seq, word, Places::remove).await?;
        }
        for word in new.iter().filter(|word| !old.contains(word)) {
            self.change_word(room, seq, word, Places::insert).await?;
        }
        Ok(())
    }

    async fn change_word(
        &mut self,
        room: i64,
        seq: i64,
        word: &str,
        change: fn(&mut Places, i64),
    ) -> Result<(), StoreError> {
        let block = seq.div_euclid(WORD_BLOCK);
        let select = sqlx::query_scalar(
            "SELECT places FROM message_words WHERE room_key = $1 AND block = $2 AND word = $3",
        );
        let select = select.bind(room).bind(block).bind(word.to_owned());
        let before: Option<Vec<u8>> = select.fetch_optional(&mut *self.inner).await?;
        let mut places = before.as_deref().map_or(Places::NONE, Places::read);
        change(&mut places, seq);
        let query = match places.is_empty() {
            true => sqlx::query(
                "DELETE FROM message_words WHERE room_key = $1 AND block = $2 AND word = $3",
            ),
            false => sqlx::query(
                "INSERT INTO message_words (room_key, block, word, places) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (room_key, block, word) DO UPDATE SET places = excluded.places",
            ),
        };
        let mut query = query.bind(room).bind(block).bind(word.to_owned());
        if !places.is_empty() {
            query = query.bind(places.written());
        }
        query.execute(&mut *self.inner).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_were_written_however_many_there_are() {
        for step in [1, 3, 20, 700] {
            let mut places = Places::NONE;
            (0..WORD_BLOCK)
                .step_by(step)
                .for_each(|seq| places.insert(seq));
            assert_eq!(Places::read(&places.written()), places);
            assert!(places.written().len() <= 128);
            let seqs: Vec<i64> = places.seqs(3).collect();
            assert_eq!(seqs.last(), Some(&(3 * WORD_BLOCK)));
            assert!(seqs.is_sorted_by(|one, other| one > other));
            (0..WORD_BLOCK).for_each(|seq| places.remove(WORD_BLOCK + seq));
            assert!(places.is_empty() && places.written().is_empty());
        }
    }

    #[test]
    fn the_same_places_are_found_in_both() {
        let (mut one, mut other) = (Places::NONE, Places::NONE);
        one.insert(5);
        one.insert(1_000);
        other.insert(5);
        other.insert(6);
        let mut both = one.clone();
        both.intersect(&other);
        assert_eq!(both.seqs(0).collect::<Vec<_>>(), [5]);
        both.unite(&one);
        assert_eq!(both, one);
    }
}
