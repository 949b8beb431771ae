//! Files that have come from other devices: beside the conversations, for their owner only, until the server has them.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use api::AccountId;
use phone::chat::JournalEntry;
use tokio::sync::OwnedMutexGuard;

use super::courier::disk::blocking;

/// All files together that wait here for the server; whoever sends more sends it through the server. In bytes.
const MOST: u64 = 8_000_000_000;
/// A part of a file that nobody has gone on with for so long goes.
const PARTS_REST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// What the name of one ends with of which not all has come.
const PART: &str = ".part";

type Turns = HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>;

/// Where they are. Clones are the same place.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    folder: PathBuf,
    /// What those of this account begin with; others may use the folder, too.
    mark: String,
    turns: Arc<Mutex<Turns>>,
}

impl Received {
    /// The place for those of the conversations in this file.
    pub(crate) fn beside(conversations: &Path) -> Option<Self> {
        let (folder, stem) = (conversations.parent()?, conversations.file_stem()?);
        Some(Self {
            folder: folder.join("received"),
            mark: format!("{}-", stem.to_string_lossy()),
            turns: Arc::default(),
        })
    }

    /// Where a file comes to. What another person has sent is another file, even if it is the same: who has not sent the
    /// contents does not get them by naming their hash.
    pub(crate) fn place(&self, from: AccountId, sha256: &str) -> PathBuf {
        self.folder.join(format!("{}{from}-{sha256}", self.mark))
    }

    /// Where it is until all of it has come, as a file for its owner alone; nothing if there is no room for so many bytes.
    /// Nobody else has it while the turn is held.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub(crate) async fn part(
        &self,
        from: AccountId,
        sha256: &str,
        bytes: u64,
    ) -> io::Result<Option<(PathBuf, OwnedMutexGuard<()>)>> {
        let path = self
            .folder
            .join(format!("{}{from}-{sha256}{PART}", self.mark));
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(path.clone()).or_default().clone()
        };
        let turn = turn.lock_owned().await;
        let (here, part) = (self.clone(), path.clone());
        let has_room = blocking(move || {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&here.folder)?;
            let others = here.all()?.into_iter().filter(|(other, _)| *other != part);
            let held: u64 = others.map(|(_, facts)| facts.len()).sum();
            if held.saturating_add(bytes) > MOST {
                return Ok(false);
            }
            let mut options = File::options();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&part)?;
            Ok(true)
        });
        Ok(has_room.await?.then_some((path, turn)))
    }

    /// All of a part has come: it gets its place, for good.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub(crate) async fn finish(
        &self,
        part: PathBuf,
        place: PathBuf,
    ) -> io::Result<std::fs::Metadata> {
        let folder = self.folder.clone();
        blocking(move || {
            std::fs::rename(part, &place)?;
            // Its name is on the disk, too, before it is acknowledged.
            #[cfg(unix)]
            File::open(folder)?.sync_all()?;
            std::fs::metadata(place)
        })
        .await
    }

    /// A file with these contents, whoever has sent it.
    pub(crate) fn find(&self, sha256: &str) -> Option<PathBuf> {
        let all = self.all().ok()?.into_iter().map(|(path, _)| path);
        let is_it = |path: &PathBuf| path.to_string_lossy().ends_with(&format!("-{sha256}"));
        all.into_iter()
            .find(|path| !sha256.is_empty() && is_it(path))
    }

    /// Removes what the server has, and parts that nobody goes on with.
    pub(crate) async fn sweep(&self, journal: &[JournalEntry]) {
        let attached = journal.iter().filter_map(|entry| entry.attachment.as_ref());
        let needed: Vec<PathBuf> = attached.map(|one| PathBuf::from(&one.path)).collect();
        let here = self.clone();
        let swept = blocking(move || {
            let now = SystemTime::now();
            for (path, facts) in here.all()? {
                let is_part = path.to_string_lossy().ends_with(PART);
                let age = facts.modified().map(|at| now.duration_since(at));
                let is_old = matches!(age, Ok(Ok(age)) if age > PARTS_REST);
                if (is_part && is_old) || (!is_part && !needed.contains(&path)) {
                    std::fs::remove_file(&path)?;
                }
            }
            Ok(())
        });
        // Most have no such folder.
        let _ = swept.await;
    }

    /// Removes all of them.
    pub(crate) fn remove(&self) {
        for (path, _) in self.all().unwrap_or_default() {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "it cannot be forgotten; delete it by hand");
            }
        }
    }

    fn all(&self) -> io::Result<Vec<(PathBuf, std::fs::Metadata)>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&self.mark) {
                all.push((entry.path(), entry.metadata()?));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Received) {
        let folder = tempfile::tempdir().unwrap();
        let received = Received::beside(&folder.path().join("conversations-7.sqlite")).unwrap();
        (folder, received)
    }

    #[tokio::test]
    async fn parts_are_for_their_owner_one_at_a_time_and_go_when_nothing_needs_them() {
        let (_folder, received) = place();
        let hash = "ab".repeat(32);
        let (part, turn) = received
            .part(AccountId(2), &hash, 3)
            .await
            .unwrap()
            .unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode(&part) & 0o077, 0);
            assert_eq!(mode(part.parent().unwrap()) & 0o077, 0);
        }
        let (again, other) = (received.clone(), hash.clone());
        let waiting = tokio::spawn(async move { again.part(AccountId(2), &other, 3).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(turn);
        drop(waiting.await.unwrap().unwrap().unwrap());
        std::fs::write(&part, "abc").unwrap();
        assert_eq!(received.find(&hash), None);
        let whole = received.place(AccountId(2), &hash);
        assert_eq!(received.finish(part, whole.clone()).await.unwrap().len(), 3);
        assert_eq!(received.find(&hash), Some(whole.clone()));
        assert_ne!(received.place(AccountId(3), &hash), whole);
        received.sweep(&[]).await;
        assert!(!whole.exists());
    }

    #[tokio::test]
    async fn there_is_no_room_for_more_than_so_much() {
        let (_folder, received) = place();
        let part = received.part(AccountId(2), "ab", MOST + 1).await.unwrap();
        assert!(part.is_none());
        assert!(
            received
                .part(AccountId(2), "ab", u64::MAX)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            received
                .part(AccountId(2), "ab", MOST)
                .await
                .unwrap()
                .is_some()
        );
    }
}
