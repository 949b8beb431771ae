//! Rows of the database as clients are told of them.

use api::AccountId;
use api::room::{Body, Message, MessageKind, NewMessage, Reaction, Response, RoomId, Told};

use super::hub::EntryTold;
use crate::store::MessageRow;
use crate::times::rfc_3339;

/// So many characters of a message stand in a notification.
const PREVIEW: usize = 100;

/// The day as `YYYYMMDD`, from Unix milliseconds.
pub(super) fn day(unix_millis: i64) -> String {
    rfc_3339(unix_millis)
        .chars()
        .filter(char::is_ascii_digit)
        .take(8)
        .collect()
}

/// An entry as somebody may see it; `None` for somebody who is nobody in particular.
pub(super) fn message(room: &RoomId, row: &MessageRow, reader: Option<AccountId>) -> Message {
    let is_hidden = row.visible_to.is_some() && row.visible_to != reader;
    let body = match is_hidden {
        true => Body::Hidden,
        false => serde_json::from_str(&row.body).unwrap_or(Body::Unknown),
    };
    Message {
        room: room.clone(),
        sequence: row.seq,
        id: row.id.clone(),
        kind: match is_hidden {
            true => MessageKind::System,
            false => row.kind,
        },
        sender: row.sender.filter(|_| !is_hidden),
        sender_name: match is_hidden {
            true => String::new(),
            false => row.sender_name.clone(),
        },
        sent: rfc_3339(row.sent_at),
        body,
        edited: row.edited_at.filter(|_| !is_hidden).map(rfc_3339),
        reactions: Vec::new(),
    }
}

/// Puts what people have added to the messages that it was added to; it comes in the order of the sequence numbers.
pub(super) fn add_reactions(messages: &mut [Message], reactions: Vec<(i64, String, AccountId)>) {
    for (seq, emoji, account) in reactions {
        let found = messages.iter_mut().find(|one| one.sequence == seq);
        let Some(message) = found.filter(|one| one.body != Body::Hidden) else {
            continue;
        };
        match message.reactions.last_mut() {
            Some(last) if last.emoji == emoji => last.accounts.push(account),
            _ => message.reactions.push(Reaction {
                emoji,
                accounts: vec![account],
            }),
        }
    }
}

/// `SYS_NEW_MESSAGE`.
pub(crate) fn new_message(message: Message) -> Told {
    Told::NewMessage(Box::new(NewMessage {
        room: message.room.clone(),
        sender: message.sender,
        preview: message.body.preview(PREVIEW),
        time: message.sent.clone(),
        message,
    }))
}

/// What the server says by itself, as it is sent.
pub(crate) fn envelope(told: Told, now_millis: i64) -> String {
    let response = Response {
        told,
        status: 200,
        timestamp: rfc_3339(now_millis),
        id: None,
    };
    serde_json::to_string(&response).unwrap_or_default()
}

/// A new entry, as it is sent to those who are connected.
pub(super) fn entry(room: &RoomId, row: &MessageRow) -> EntryTold {
    let text = |reader| {
        let told = new_message(message(room, row, reader));
        envelope(told, row.sent_at).into()
    };
    let seen = text(row.visible_to);
    EntryTold {
        seq: row.seq,
        visible_to: row.visible_to,
        hidden: match row.visible_to {
            None => tokio_tungstenite::tungstenite::Utf8Bytes::clone(&seen),
            Some(_) => text(None),
        },
        text: seen,
    }
}
