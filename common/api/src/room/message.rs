//! One entry of a room: a message, what became of one, or something that happened to the room.

use serde::{Deserialize, Serialize};

use super::{MessageId, RoomId, RoomRole};
use crate::AccountId;

/// The longest text of a message, in bytes of UTF-8: more is a file.
pub const LONGEST_TEXT: usize = 16_000;

/// The longest reaction, in bytes of UTF-8: a family of emoji with skin tones has 41.
pub const SIMPLE_EMOJI_LENGTH: usize = 64;

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Somebody.
    User,
    /// The server, about the room: somebody came, the name changed.
    System,
    /// The server, about something else: a call was missed, a voicemail was left.
    Notification,
    /// What a newer server tells.
    #[serde(other)]
    Unknown,
}

/// Where the contents of a file are. They do not travel in messages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileRef {
    /// The id in the store of files.
    #[cfg_attr(feature = "openapi", schema(max_length = 128))]
    pub file: String,
    /// SHA-256 of the contents, in hexadecimal digits.
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub sha256: String,
    /// What the sender calls it, without any folder.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub name: String,
    /// The media type that the contents have.
    #[cfg_attr(feature = "openapi", schema(max_length = 100))]
    pub media_type: String,
    /// Length in bytes.
    pub bytes: u64,
}

/// What the id of a file begins with that only its contents name.
const BY_CONTENTS: &str = "sha256-";

impl FileRef {
    /// The id of a file that went from device to device, until the server has it: its contents name it.
    pub fn id_by_contents(sha256: &str) -> String {
        format!("{BY_CONTENTS}{sha256}")
    }

    /// Whether it went from device to device, and the server has not said yet what it is known by there.
    pub fn is_named_by_contents(&self) -> bool {
        self.file.strip_prefix(BY_CONTENTS) == Some(self.sha256.as_str())
    }
}

/// What happened to a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RoomEvent {
    /// It was opened.
    Opened,
    /// Somebody came in by themselves.
    Joined {
        /// Who.
        account: AccountId,
    },
    /// Somebody was added.
    Added {
        /// Who.
        account: AccountId,
        /// By whom.
        by: AccountId,
    },
    /// Somebody left.
    Left {
        /// Who.
        account: AccountId,
    },
    /// Somebody was removed.
    Removed {
        /// Who.
        account: AccountId,
        /// By whom.
        by: AccountId,
    },
    /// Somebody may do something else from now on.
    RoleChanged {
        /// Who.
        account: AccountId,
        /// What.
        role: RoomRole,
        /// By whom.
        by: AccountId,
    },
    /// Name, description, picture or settings are others now.
    Changed {
        /// By whom.
        by: AccountId,
    },
    /// What a newer server tells.
    #[serde(other)]
    Unknown,
}

/// What a message says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    /// A text.
    Text {
        /// Unicode; links stand in it as they are.
        #[cfg_attr(feature = "openapi", schema(max_length = 16000))]
        text: String,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<MessageId>,
        /// The participants whom it mentions, 50 at most.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "openapi", schema(max_items = 50))]
        mentions: Vec<AccountId>,
    },
    /// A file.
    File {
        /// Which.
        file: FileRef,
        /// What is said about it; empty for nothing.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        caption: String,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<MessageId>,
    },
    /// Something spoken.
    VoiceNote {
        /// The recording, Ogg Opus.
        file: FileRef,
        /// Its length in milliseconds.
        millis: u32,
        /// Its loudness from 0 to 255, up to 200 steps of equal length.
        #[cfg_attr(feature = "openapi", schema(max_items = 200))]
        waveform: Vec<u8>,
    },
    /// An earlier message of the same sender says something else now.
    Edit {
        /// Which.
        target: MessageId,
        /// What it says now.
        #[cfg_attr(feature = "openapi", schema(max_length = 16000))]
        text: String,
    },
    /// An earlier message is deleted: its contents are nowhere any more.
    Delete {
        /// Which.
        target: MessageId,
    },
    /// Somebody adds one emoji to an earlier message, or takes it back.
    Reaction {
        /// Which.
        target: MessageId,
        /// The emoji.
        #[cfg_attr(feature = "openapi", schema(max_length = 64))]
        emoji: String,
        /// Whether it is taken back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_removed: bool,
    },
    /// A call between participants, told by the server; the sender of the entry is who called.
    Call {
        /// The id of the call in the history of calls.
        call: i64,
        /// Whether somebody answered.
        is_answered: bool,
        /// How long people spoke.
        seconds: u32,
    },
    /// Somebody, the sender of the entry, has left a voicemail; told by the server. Who it is for can play it as one of
    /// their voicemails, as long as it is there; to who left it only this is told.
    Voicemail {
        /// Its id among the voicemails of who it is for.
        voicemail: i64,
        /// How long it is.
        seconds: u32,
    },
    /// Something happened to the room, told by the server.
    Room(RoomEvent),
    /// The message was deleted.
    Deleted,
    /// An entry that whoever reads it does not get to see. It holds its place in the sequence.
    Hidden,
    /// What a newer program says.
    #[serde(other)]
    Unknown,
}

/// An emoji that some have added to a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who has added it, in the order of their ids.
    pub accounts: Vec<AccountId>,
}

/// One entry of a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Where it was said.
    pub room: RoomId,
    /// Its place in the room: 1, 2, 3 … without a gap.
    pub sequence: i64,
    /// The id that its sender gave it.
    pub id: MessageId,
    /// Who speaks.
    pub kind: MessageKind,
    /// Who sent it, of a call who called; `null` if the server did.
    pub sender: Option<AccountId>,
    /// What the sender was called then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sender_name: String,
    /// When the server stored it (RFC 3339, UTC, milliseconds).
    pub sent: String,
    /// What it says; of an edited message the text of today.
    pub body: Body,
    /// When it was edited last (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<String>,
    /// What others have added to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
}

impl Body {
    /// The message that this entry does something to, if it is of that kind.
    pub fn target(&self) -> Option<&MessageId> {
        match self {
            Self::Edit { target, .. } | Self::Delete { target } | Self::Reaction { target, .. } => {
                Some(target)
            }
            _ => None,
        }
    }

    /// The file that it sends, if it sends one.
    pub fn file(&self) -> Option<&FileRef> {
        match self {
            Self::File { file, .. } | Self::VoiceNote { file, .. } => Some(file),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn file_mut(&mut self) -> Option<&mut FileRef> {
        match self {
            Self::File { file, .. } | Self::VoiceNote { file, .. } => Some(file),
            _ => None,
        }
    }

    /// Whether it is something to read, and not only something that becomes of another entry, or a call that was
    /// answered: only these count as unread.
    pub fn is_to_read(&self) -> bool {
        matches!(
            self,
            Self::Text { .. }
                | Self::File { .. }
                | Self::VoiceNote { .. }
                | Self::Call {
                    is_answered: false,
                    ..
                }
                | Self::Voicemail { .. }
                | Self::Unknown
        )
    }

    /// The beginning of it in at most `most` characters, for a notification.
    pub fn preview(&self, most: usize) -> String {
        let text = match self {
            Self::Text { text, .. } | Self::Edit { text, .. } => text.as_str(),
            Self::File { file, caption, .. } => match caption.is_empty() {
                true => file.name.as_str(),
                false => caption.as_str(),
            },
            Self::VoiceNote { .. } => "🎤",
            Self::Reaction { emoji, .. } => emoji.as_str(),
            Self::Call { .. } => "📞",
            Self::Voicemail { .. } => "📼",
            Self::Delete { .. } | Self::Deleted | Self::Hidden | Self::Room(_) | Self::Unknown => {
                ""
            }
        };
        match text.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_read_as_they_are_documented() {
        let examples: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("examples/bodies.json")).unwrap();
        for example in examples {
            let body: Body = serde_json::from_value(example.clone()).unwrap();
            assert_ne!(body, Body::Unknown, "{example}");
            assert_eq!(serde_json::to_value(&body).unwrap(), example);
        }
        let newer: Body = serde_json::from_str(r#"{"type":"hologram","x":1}"#).unwrap();
        assert_eq!(newer, Body::Unknown);
    }

    #[test]
    fn a_preview_ends_between_two_characters() {
        let text = |text: &str| Body::Text {
            text: text.into(),
            reply_to: None,
            mentions: Vec::new(),
        };
        assert_eq!(text("äöü").preview(3), "äöü");
        assert_eq!(text("äöüß").preview(3), "äöü…");
    }
}
