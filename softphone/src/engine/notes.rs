//! Voice notes that wait to be sent: files of our own beside the conversations, for their owner only, until the server
//! has them.

use std::path::{Path, PathBuf};

use api::hex;
use api::room::{Body, FileRef};
use phone::chat::{Attachment, JournalEntry, Outgoing, Wish};
use ring::digest::{SHA256, digest};

use super::courier::disk::blocking;
use super::courier::modified_millis;
use super::{OutgoingNote, Problem};
use crate::keep::file;
use crate::timestamp::now;

/// What recordings are called to others.
const NAME: &str = "voice-note.opus";
const MEDIA_TYPE: &str = "audio/ogg";

/// Where voice notes wait.
pub(super) struct Notes {
    folder: PathBuf,
    /// What those of this account begin with; others may use the folder, too.
    mark: String,
    /// Nothing outlives this run, so the folder does not either.
    is_passing: bool,
}

impl Notes {
    /// A place for those of the conversations in this file, or for this run alone.
    pub(super) fn beside(conversations: Option<&Path>) -> Self {
        let parts = conversations.and_then(|path| Some((path.parent()?, path.file_stem()?)));
        match parts {
            Some((folder, stem)) => Self {
                folder: folder.join("voice-notes"),
                mark: format!("{}-", stem.to_string_lossy()),
                is_passing: false,
            },
            None => Self {
                folder: std::env::temp_dir()
                    .join(format!("carillon-{:032x}", rand::random::<u128>())),
                mark: String::new(),
                is_passing: true,
            },
        }
    }

    /// The wish to send a recording, which is on the disk from now on.
    pub(super) async fn attached(&self, note: OutgoingNote) -> Result<Wish, Problem> {
        let path = self.folder.join(format!("{}{}.opus", self.mark, note.id));
        let content = note.recording.clone();
        let written = blocking(move || {
            file::write(&path, &content)?;
            let facts = std::fs::metadata(&path)?;
            Ok((path, modified_millis(&facts)))
        });
        let (path, modified_millis) = written.await.map_err(|error| Problem {
            code: "cannot-record",
            sentence: format!("The voice note cannot be kept on this computer ({error}); make room on the disk and speak it again."),
        })?;
        Ok(Wish::SendFile {
            whom: note.whom,
            id: note.id,
            body: Body::VoiceNote {
                file: FileRef {
                    file: String::new(),
                    sha256: hex(digest(&SHA256, &note.recording).as_ref()),
                    name: NAME.to_owned(),
                    media_type: MEDIA_TYPE.to_owned(),
                    bytes: note.recording.len() as u64,
                },
                // No recording is so long, and none has a negative length.
                millis: (note.seconds * 1000.0).round() as u32,
                waveform: note.waveform,
            },
            written: now(),
            attachment: Attachment {
                path: path.to_string_lossy().into_owned(),
                modified_millis,
                is_ours: true,
                upload: None,
            },
        })
    }

    /// Removes what no message waits with any more: a crash came in between.
    pub(super) async fn sweep(&self, outgoing: &[Outgoing], journal: &[JournalEntry]) {
        let waiting = outgoing.iter().map(|one| &one.attachment);
        let attached = waiting.chain(journal.iter().map(|one| &one.attachment));
        let waiting: Vec<PathBuf> = attached
            .flatten()
            .map(|one| PathBuf::from(&one.path))
            .collect();
        let (folder, mark) = (self.folder.clone(), self.mark.clone());
        let swept = blocking(move || {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.starts_with(&mark) && !waiting.contains(&path) {
                    std::fs::remove_file(&path)?;
                }
            }
            Ok(())
        });
        // Most have no such folder.
        let _ = swept.await;
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        if self.is_passing {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::new_message_id;
    use phone::chat::{OutgoingState, Whom};

    fn note() -> OutgoingNote {
        OutgoingNote {
            whom: Whom::Person(api::room::Addressee::name("bruno")),
            id: new_message_id().unwrap(),
            recording: bytes::Bytes::from_static(b"sound"),
            seconds: 1.25,
            waveform: vec![1, 2],
        }
    }

    #[tokio::test]
    async fn a_note_is_for_its_owner_only_and_goes_when_nothing_waits_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::beside(Some(&folder.path().join("conversations-7.sqlite")));
        let mut kept = Vec::new();
        for _ in 0..2 {
            let Ok(Wish::SendFile {
                whom,
                id,
                body,
                written,
                attachment,
            }) = notes.attached(note()).await
            else {
                panic!("not a file")
            };
            assert!(matches!(body, Body::VoiceNote { millis: 1250, .. }));
            kept.push(Outgoing {
                id,
                whom,
                body,
                written,
                state: OutgoingState::Uploading,
                attachment: Some(attachment),
            });
        }
        let path = |at: usize| PathBuf::from(&kept[at].attachment.as_ref().unwrap().path);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(path(0)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
        notes.sweep(&kept[..1], &[]).await;
        assert!(path(0).exists() && !path(1).exists());
        let passing = Notes::beside(None);
        passing.attached(note()).await.unwrap();
        let place = passing.folder.clone();
        assert!(place.exists());
        drop(passing);
        assert!(!place.exists());
    }
}
