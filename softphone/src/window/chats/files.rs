//! Files and voice notes in conversations: how far they are, what is spoken and what is played.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use api::room::{FileRef, MessageId};
use egui::ColorImage;
use phone::chat::{ChatEvent, Whom};

use super::data::Chats;
use crate::engine::{Command, Notice, OutgoingFile, OutgoingNote, new_message_id};
use crate::menu::downloads;

/// What the window knows of files on their way.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Bytes that are there, and all, of one's own.
    sending: BTreeMap<MessageId, (u64, u64)>,
    /// Others' files, by their ids.
    fetched: BTreeMap<String, Fetched>,
    /// Small pictures, by their files' ids; none while one is asked for, and where there is none.
    pictures: BTreeMap<String, Option<Picture>>,
    /// The path that is being typed, of a file to send.
    pub(crate) attaching: Option<String>,
    /// What is spoken now.
    pub(crate) speaking: Option<Speaking>,
    playing: Option<Playing>,
    /// What was played so far.
    plays: i64,
}

/// How somebody else's file stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fetched {
    /// So many bytes of so many have come.
    Coming(u64, u64),
    /// It is here.
    Here(PathBuf),
    /// It did not come; one sentence says why.
    Failed(String),
}

/// A picture, ready to be drawn.
#[derive(Clone)]
pub(crate) struct Picture(pub(crate) Arc<ColorImage>);

impl std::fmt::Debug for Picture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Picture({:?})", self.0.size)
    }
}

/// A voice note that is spoken.
#[derive(Debug)]
pub(crate) struct Speaking {
    whom: Whom,
    pub(crate) seconds: f64,
    /// In dB relative to full scale.
    pub(crate) level_dbfs: f32,
    is_unwanted: bool,
    is_over: bool,
}

/// A voice note that is played.
#[derive(Debug)]
struct Playing {
    item: i64,
    file: String,
    seconds: f64,
}

/// What somebody did with files and voice notes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FileAction {
    /// Type the path of a file to send, or do not.
    WantAttach(bool),
    /// Send the file whose path was typed.
    Attach,
    /// Send this one.
    Send(PathBuf),
    /// Save somebody's file.
    Save(Box<FileRef>),
    /// Do not save it after all.
    StopSaving(String),
    /// Speak a voice note.
    Speak,
    /// Send what was spoken.
    Spoken,
    /// Throw away what was spoken.
    Unspoken,
    /// Listen to a voice note.
    Play(Box<FileRef>),
    /// Show a picture.
    Show(String),
    /// Listen no more.
    StopPlaying,
}

/// Numbers of what is played here begin far below those of messages that callers have left.
const FIRST_ITEM: i64 = i64::MIN;
/// Shorter ones are pressed by mistake.
const SHORTEST_SECONDS: f64 = 0.5;
/// The problems with which the microphone is closed.
const NO_MICROPHONE: [&str; 3] = ["cannot-record", "in-a-call", "no-thread"];
/// What is silence to the meter, in dB relative to full scale.
const SILENT: f32 = -127.0;

impl Files {
    /// How much of one's own file is there.
    pub(crate) fn sent(&self, id: &MessageId) -> Option<(u64, u64)> {
        self.sending.get(id).copied()
    }

    /// How somebody's file stands.
    pub(crate) fn fetched(&self, file: &str) -> Option<&Fetched> {
        self.fetched.get(file)
    }

    /// A picture, if it is there; `Err` if nobody has asked for it yet.
    pub(crate) fn picture(&self, file: &str) -> Result<Option<&Picture>, ()> {
        self.pictures.get(file).map(Option::as_ref).ok_or(())
    }

    /// How much of this voice note was played, in seconds, while it is played.
    pub(crate) fn played(&self, file: &str) -> Option<f64> {
        let playing = self.playing.as_ref().filter(|playing| playing.file == file);
        playing.map(|playing| playing.seconds)
    }

    pub(super) fn hear(&mut self, event: &ChatEvent) {
        if let ChatEvent::Stored { id, .. }
        | ChatEvent::Acknowledged { id, .. }
        | ChatEvent::Discarded(id) = event
        {
            self.sending.remove(id);
        }
    }
}

impl Chats {
    /// Takes in what the engine tells of files and voice notes; what it gives is for the engine. Nothing when the notice
    /// is about something else.
    pub(crate) fn hear_of_files(&mut self, notice: &Notice) -> Option<Vec<Command>> {
        let files = &mut self.files;
        match notice {
            Notice::Sending {
                id, sent, bytes, ..
            } => {
                files.sending.insert(id.clone(), (*sent, *bytes));
            }
            Notice::Fetching { file, fetched, .. } => {
                // What was stopped may still be told of once.
                if let Some(Fetched::Coming(known, _)) = files.fetched.get_mut(file) {
                    *known = *fetched;
                }
            }
            Notice::Picture { file, jpeg } => {
                let picture = super::picture::read(jpeg);
                files.pictures.insert(file.clone(), picture);
            }
            Notice::Fetched { file, path } => {
                let here = Fetched::Here(path.clone());
                files.fetched.insert(file.clone(), here);
            }
            Notice::NotFetched { file, problem } => {
                let failed = Fetched::Failed(problem.sentence.clone());
                files.fetched.insert(file.clone(), failed);
            }
            Notice::Playing { item, seconds } => {
                let ours = files
                    .playing
                    .as_mut()
                    .filter(|playing| playing.item == *item);
                ours?.seconds = *seconds;
            }
            Notice::Played { item } => {
                files.playing.take_if(|playing| playing.item == *item)?;
            }
            Notice::Recording {
                seconds,
                level_dbfs,
            } => {
                let speaking = files.speaking.as_mut()?;
                (speaking.seconds, speaking.level_dbfs) = (*seconds, *level_dbfs);
            }
            Notice::Recorded {
                recording,
                seconds,
                waveform,
            } => {
                let speaking = files.speaking.take()?;
                if speaking.is_unwanted || *seconds < SHORTEST_SECONDS {
                    return Some(Vec::new());
                }
                let note = OutgoingNote {
                    whom: speaking.whom,
                    id: new_message_id()?,
                    recording: recording.clone(),
                    seconds: *seconds,
                    waveform: waveform.clone(),
                };
                return Some(vec![Command::SendNote(Box::new(note))]);
            }
            Notice::Error(problem) => {
                if NO_MICROPHONE.contains(&problem.code) {
                    files.speaking = None;
                }
                return None;
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// The microphone is not left open behind somebody's back.
    pub(super) fn stop_speaking(&mut self) -> Vec<Command> {
        match &mut self.files.speaking {
            Some(speaking) if !speaking.is_over => {
                (speaking.is_unwanted, speaking.is_over) = (true, true);
                vec![Command::StopSound]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn act_on_files(&mut self, action: FileAction) -> Vec<Command> {
        let open = self.open.clone();
        let files = &mut self.files;
        match action {
            FileAction::WantAttach(wants) => files.attaching = wants.then(String::new),
            FileAction::Attach => {
                let path = files.attaching.take().unwrap_or_default();
                let path = path.trim().trim_start_matches("file://").to_owned();
                if !path.is_empty() {
                    return self.act_on_files(FileAction::Send(path.into()));
                }
            }
            FileAction::Send(path) => {
                if let (Some(whom), Some(id)) = (open, new_message_id()) {
                    let caption = std::mem::take(&mut self.draft).trim().to_owned();
                    let file = OutgoingFile {
                        whom,
                        id,
                        path,
                        caption,
                    };
                    return vec![Command::SendFile(Box::new(file))];
                }
            }
            FileAction::Save(file) => {
                let coming = Fetched::Coming(0, file.bytes);
                files.fetched.insert(file.file.clone(), coming);
                let folder = downloads();
                return vec![Command::Fetch { file, folder }];
            }
            FileAction::StopSaving(file) => {
                files.fetched.remove(&file);
                return vec![Command::StopFetching { file }];
            }
            FileAction::Speak => {
                if let (Some(whom), None) = (open, &files.speaking) {
                    (files.playing, files.attaching) = (None, None);
                    files.speaking = Some(Speaking {
                        whom,
                        seconds: 0.0,
                        level_dbfs: SILENT,
                        is_unwanted: false,
                        is_over: false,
                    });
                    return vec![Command::Record];
                }
            }
            FileAction::Spoken => {
                if let Some(speaking) = files.speaking.as_mut().filter(|one| !one.is_over) {
                    speaking.is_over = true;
                    return vec![Command::StopSound];
                }
            }
            FileAction::Unspoken => return self.stop_speaking(),
            FileAction::Play(file) => {
                let mut commands = self.stop_speaking();
                let item = FIRST_ITEM + self.files.plays;
                self.files.plays += 1;
                self.files.playing = Some(Playing {
                    item,
                    file: file.file.clone(),
                    seconds: 0.0,
                });
                commands.push(Command::PlayFile { item, file });
                return commands;
            }
            FileAction::Show(file) => {
                files.pictures.insert(file.clone(), None);
                return vec![Command::Picture { file }];
            }
            FileAction::StopPlaying => {
                files.playing = None;
                return vec![Command::StopSound];
            }
        }
        Vec::new()
    }
}
