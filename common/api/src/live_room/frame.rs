//! Frames over TCP: questions and answers about rooms.

use serde::Serialize;

use super::{LIVE_HEADER, LiveRefused, length, short, text};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveOperation {
    /// Opens a room, whose host one is: 1. The payload is a [`LiveEntry`].
    Create,
    /// Enters a room: 2. The payload is a [`LiveEntry`].
    Join,
    /// Which rooms are there? 3, without a room's name and payload.
    List,
    /// Leaves a room: 4. The payload is a [`LiveLeave`]. If it is the host who leaves, the room ends.
    Leave,
}

/// Who says it, and whether more follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveState {
    /// From the client: 0.
    Request,
    /// Whether it is granted: 1. The payload is a [`LiveVerdict`].
    Verdict,
    /// What was asked for, after a verdict that grants it: 2. The payload is a [`LiveSeat`] or a [`LiveList`].
    Done,
}

/// One frame over TCP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveFrame {
    /// What it is about.
    pub operation: LiveOperation,
    /// Whose turn it is.
    pub state: LiveState,
    /// The room's name; empty where none is meant.
    pub room: String,
    /// JSON.
    pub payload: Vec<u8>,
}

/// What a header says of the frame behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LiveHeader {
    /// What it is about.
    pub operation: LiveOperation,
    /// Whose turn it is.
    pub state: LiveState,
    /// The bytes of the room's name, which come first.
    pub room_bytes: usize,
    /// The bytes of the payload, which follow.
    pub payload_bytes: usize,
}

impl LiveHeader {
    /// Reads a header. Of a payload with more than `limit` bytes nothing needs to be read.
    ///
    /// # Errors
    /// If it announces what there is not.
    pub fn decode(bytes: &[u8; LIVE_HEADER], limit: usize) -> Result<Self, LiveRefused> {
        let operation = match bytes[1] {
            1 => LiveOperation::Create,
            2 => LiveOperation::Join,
            3 => LiveOperation::List,
            4 => LiveOperation::Leave,
            other => return Err(LiveRefused::Operation(other)),
        };
        let state = match bytes[2] {
            0 => LiveState::Request,
            1 => LiveState::Verdict,
            2 => LiveState::Done,
            other => return Err(LiveRefused::State(other)),
        };
        // 29 bytes count further than anything can be long.
        let too_long = LiveRefused::TooLong { limit };
        let (high, low) = bytes[3..].split_at(29 - 8);
        let low = low.try_into().map_or(u64::MAX, u64::from_be_bytes);
        let payload_bytes = usize::try_from(low).map_err(|_| too_long)?;
        if high.iter().any(|byte| *byte != 0) || payload_bytes > limit {
            return Err(too_long);
        }
        Ok(Self {
            operation,
            state,
            room_bytes: bytes[0].into(),
            payload_bytes,
        })
    }

    /// The frame, of what stands behind the header.
    ///
    /// # Errors
    /// If the room's name is no text, or the lengths are not those of the header.
    pub fn frame(&self, body: &[u8]) -> Result<LiveFrame, LiveRefused> {
        let (room, payload) = body
            .split_at_checked(self.room_bytes)
            .filter(|(_, payload)| payload.len() == self.payload_bytes)
            .ok_or(LiveRefused::CutShort)?;
        Ok(LiveFrame {
            operation: self.operation,
            state: self.state,
            room: text(room)?,
            payload: payload.to_owned(),
        })
    }
}

impl LiveFrame {
    /// A frame with this payload. What cannot be written as JSON becomes an empty payload, which nothing reads.
    pub fn new(
        operation: LiveOperation,
        state: LiveState,
        room: &str,
        payload: &impl Serialize,
    ) -> Self {
        Self {
            operation,
            state,
            room: room.to_owned(),
            payload: serde_json::to_vec(payload).unwrap_or_default(),
        }
    }

    /// The bytes on the wire. A room's name of more than 255 bytes is cut at a letter: no such room exists.
    pub fn encode(&self) -> Vec<u8> {
        let room = short(&self.room);
        let mut bytes = Vec::with_capacity(LIVE_HEADER + room.len() + self.payload.len());
        bytes.push(length(room));
        bytes.push(match self.operation {
            LiveOperation::Create => 1,
            LiveOperation::Join => 2,
            LiveOperation::List => 3,
            LiveOperation::Leave => 4,
        });
        bytes.push(match self.state {
            LiveState::Request => 0,
            LiveState::Verdict => 1,
            LiveState::Done => 2,
        });
        bytes.extend([0; 29 - 8]);
        bytes.extend((self.payload.len() as u64).to_be_bytes());
        bytes.extend(room.as_bytes());
        bytes.extend(&self.payload);
        bytes
    }
}
