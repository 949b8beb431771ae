//! Datagrams: what is said in a room.

use super::{LIVE_TEXT, LiveRefused, length, short, text};

/// What a client says over UDP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LiveSpeech<'a> {
    /// The room.
    pub room: &'a str,
    /// The speaker's secret.
    pub token: &'a str,
    /// What the others shall read; empty just to be there.
    pub text: &'a str,
}

impl<'a> LiveSpeech<'a> {
    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let (room, token) = (short(self.room), short(self.token));
        let mut bytes = vec![length(room), length(token)];
        for part in [room, token, self.text] {
            bytes.extend(part.as_bytes());
        }
        bytes
    }

    /// Reads a datagram.
    ///
    /// # Errors
    /// If its lengths lead beyond its end, its text is too long, or something in it is no text.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, LiveRefused> {
        let [room, token, rest @ ..] = bytes else {
            return Err(LiveRefused::CutShort);
        };
        let (room, rest) =
            { rest.split_at_checked((*room).into()) }.ok_or(LiveRefused::CutShort)?;
        let (token, said) =
            { rest.split_at_checked((*token).into()) }.ok_or(LiveRefused::CutShort)?;
        if said.len() > LIVE_TEXT {
            return Err(LiveRefused::TooLong { limit: LIVE_TEXT });
        }
        let read = |part: &'a [u8]| std::str::from_utf8(part).map_err(|_| LiveRefused::NotText);
        Ok(Self {
            room: read(room)?,
            token: read(token)?,
            text: read(said)?,
        })
    }
}

/// What a client hears over UDP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveHeard {
    /// What it is.
    pub kind: LiveKind,
    /// Who speaks, or whom it is about; empty where it is about the room.
    pub name: String,
    /// The text, or what happened in a sentence.
    pub text: String,
}

/// What a client hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveKind {
    /// What somebody says: 0.
    Message,
    /// That something happened in the room: 1.
    Notice,
    /// That the one who reads this is not in the room any more: 2.
    Ended,
}

impl LiveHeard {
    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let name = short(&self.name);
        let kind = match self.kind {
            LiveKind::Message => 0,
            LiveKind::Notice => 1,
            LiveKind::Ended => 2,
        };
        let mut bytes = vec![kind, length(name)];
        bytes.extend(name.as_bytes());
        bytes.extend(self.text.as_bytes());
        bytes
    }

    /// Reads a datagram.
    ///
    /// # Errors
    /// If it is none that a server sends.
    pub fn decode(bytes: &[u8]) -> Result<Self, LiveRefused> {
        let [kind, name, rest @ ..] = bytes else {
            return Err(LiveRefused::CutShort);
        };
        let kind = match kind {
            0 => LiveKind::Message,
            1 => LiveKind::Notice,
            2 => LiveKind::Ended,
            other => return Err(LiveRefused::State(*other)),
        };
        let (name, said) =
            { rest.split_at_checked((*name).into()) }.ok_or(LiveRefused::CutShort)?;
        Ok(Self {
            kind,
            name: text(name)?,
            text: text(said)?,
        })
    }
}
