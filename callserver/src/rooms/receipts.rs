//! What somebody has and has read; that they write; what their devices tell another one's.

use std::time::SystemTime;

use api::AccountId;
use api::room::{
    MessageId, Receipt, ReceiptTold, RoomId, RoomKind, Signal, SignalTold, Told, TypingTold,
};

use tokio::sync::oneshot;

use super::writer::Job;
use super::{RoomNews, Rooms, RoomsError, telling};
use crate::office::Change;
use crate::store::{ParticipantRow, RoomRow, Transaction, unix_millis};

/// In a greater room nobody looks who has read what, and everybody telling everybody would be very much.
const RECEIPTS_UP_TO: i64 = 100;

/// The longest signal in bytes of JSON: an offer has a thousand, and a notice of PostgreSQL, in which it may need twice
/// its length, takes less than 8,000.
const LONGEST_SIGNAL: usize = 3_500;

impl Rooms {
    pub(super) fn to_account(account: AccountId, told: Told) -> RoomNews {
        RoomNews::ToAccount {
            account,
            session: None,
            text: telling::envelope(told, unix_millis(SystemTime::now())),
        }
    }

    /// Makes a write durable and tells of it.
    pub(super) async fn finish_and_tell(
        &self,
        mut tx: Transaction,
        news: RoomNews,
    ) -> Result<(), RoomsError> {
        let change = Change {
            rooms: vec![news.clone()],
            ..Change::default()
        };
        self.office.notify_of_rooms(&mut tx, &change).await?;
        tx.commit().await?;
        Ok(self.hub.hear(self.office.store(), &news).await?)
    }

    /// Tells what is stored nowhere.
    async fn tell(&self, news: RoomNews) -> Result<(), RoomsError> {
        let change = Change {
            rooms: vec![news.clone()],
            ..Change::default()
        };
        self.office.tell_of_rooms(&change).await?;
        Ok(self.hub.hear(self.office.store(), &news).await?)
    }

    /// Notes what somebody has or has read: everything up to a sequence number. What they had read before stays read.
    ///
    /// # Errors
    /// If they are not in the room.
    pub async fn receipt(
        &self,
        reader: AccountId,
        id: &RoomId,
        receipt: Receipt,
        sequence: i64,
    ) -> Result<(), RoomsError> {
        let (answer, answered) = oneshot::channel();
        let note = Note {
            reader,
            room: id.clone(),
            receipt,
            sequence,
            answer,
        };
        if self.jobs.send(Job::Note(note)).await.is_err() {
            return Err(RoomsError::Busy);
        }
        answered.await.unwrap_or(Err(RoomsError::Busy))
    }

    /// Whether what somebody does in a room of two may reach the other one.
    async fn may_reach_other(
        &self,
        from: AccountId,
        pair: Option<(AccountId, AccountId)>,
    ) -> Result<bool, RoomsError> {
        let Some((one, other)) = pair else {
            return Ok(true);
        };
        let other = if one == from { other } else { one };
        Ok(!self.office.store().has_blocked(other, from).await?)
    }

    /// Tells the others in a room that somebody writes, or has stopped to.
    ///
    /// # Errors
    /// If they are not in it.
    pub async fn typing(
        &self,
        from: AccountId,
        id: &RoomId,
        is_typing: bool,
    ) -> Result<(), RoomsError> {
        let (room, _) = self.access(from, id).await?;
        if !self.may_reach_other(from, room.pair).await? {
            return Ok(());
        }
        let told = Told::Typing(TypingTold {
            room: room.id,
            account: from,
            is_typing,
        });
        self.tell(RoomNews::Told {
            room: room.key,
            but: Some(from),
            text: telling::envelope(told, unix_millis(SystemTime::now())),
        })
        .await
    }

    /// Tells the devices of somebody in the same room what the server does not understand.
    ///
    /// # Errors
    /// If both are not in the room, or the signal is too long. Whether anybody hears it is not said.
    pub async fn signal(
        &self,
        from: AccountId,
        session: &MessageId,
        peer_key: Option<&str>,
        signal: Signal,
    ) -> Result<(), RoomsError> {
        let length = serde_json::to_string(&signal.signal).map_or(0, |text| text.len());
        if length > LONGEST_SIGNAL {
            return Err(RoomsError::Invalid(
                "A signal has 3,500 bytes of JSON at most.",
            ));
        }
        let (room, _) = self.access(from, &signal.room).await?;
        let store = self.office.store();
        if signal.to != from && !store.are_both_in(room.key, from, signal.to).await? {
            return Err(RoomsError::Nobody {
                who: signal.to.to_string(),
            });
        }
        if !self.may_reach_other(from, room.pair).await? {
            return Ok(());
        }
        self.tally.signalled();
        let told = Told::Signal(SignalTold {
            room: room.id,
            from,
            session_id: session.clone(),
            peer_key: peer_key.map(str::to_owned),
            signal: signal.signal,
        });
        self.tell(RoomNews::ToAccount {
            account: signal.to,
            session: signal.session_id.map(String::from),
            text: telling::envelope(told, unix_millis(SystemTime::now())),
        })
        .await
    }
}

/// What somebody has or has read, and who waits until it is written.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) reader: AccountId,
    pub(super) room: RoomId,
    pub(super) receipt: Receipt,
    pub(super) sequence: i64,
    pub(super) answer: oneshot::Sender<Result<(), RoomsError>>,
}

/// How many entries after a sequence number are somebody's own, who has read less until now. Of what was read and what was
/// not the shorter part is counted: neither who reads a million messages page by page nor who reads them all at once waits.
async fn own_after(
    tx: &mut Transaction,
    room: &RoomRow,
    before: &ParticipantRow,
    sequence: i64,
) -> Result<i64, RoomsError> {
    let (read, unread) = ((before.read_seq, sequence), (sequence, room.last_seq));
    // What was trimmed before it was read cannot be counted any more.
    let is_all_there = before.read_seq + 1 >= room.first_seq;
    let own = before.account;
    Ok(
        match is_all_there && read.1 - read.0 < unread.1 - unread.0 {
            true => before.own_after_read - tx.own_between(room.key, read, own).await?,
            false => tx.own_between(room.key, unread, own).await?,
        },
    )
}

/// Writes it; what others are to be told goes to `news`.
pub(super) async fn note(
    tx: &mut Transaction,
    note: &Note,
    news: &mut Vec<RoomNews>,
) -> Result<(), RoomsError> {
    let room = tx.room(&note.room).await?.ok_or(RoomsError::NoSuchRoom)?;
    let own = tx.participant(room.key, note.reader).await?;
    let before = own.ok_or(RoomsError::Stranger)?;
    if !(0..=room.last_seq).contains(&note.sequence) {
        return Err(RoomsError::Invalid(
            "Nothing in the room has this sequence number yet.",
        ));
    }
    let mut after = before.clone();
    after.delivered_seq = before.delivered_seq.max(note.sequence);
    if note.receipt == Receipt::Read && note.sequence > before.read_seq {
        after.read_seq = note.sequence;
        after.read_reads = tx.reads_up_to(room.key, note.sequence).await?;
        after.own_after_read = own_after(tx, &room, &before, note.sequence).await?;
    }
    if after == before {
        return Ok(());
    }
    tx.set_receipts(room.key, &after).await?;
    let is_small =
        room.kind == RoomKind::Direct || tx.participants_in(room.key).await? <= RECEIPTS_UP_TO;
    let told = |unread| {
        Told::Receipt(ReceiptTold {
            room: room.id.clone(),
            account: note.reader,
            receipt: note.receipt,
            sequence: note.sequence,
            unread,
        })
    };
    let unread = room.reads - after.read_reads - after.own_after_read;
    news.push(Rooms::to_account(note.reader, told(Some(unread.max(0)))));
    if is_small {
        news.push(RoomNews::Told {
            room: room.key,
            but: Some(note.reader),
            text: telling::envelope(told(None), unix_millis(SystemTime::now())),
        });
    }
    Ok(())
}
