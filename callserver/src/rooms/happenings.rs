//! What the server tells in the conversation of two people: that one has called the other, or has left a voicemail.
//!
//! Only people whose accounts are there for good have that told: a guest's conversation would outlive the guest, a group
//! that rings has none. Who hides from whom they call is told nothing either, nor is that person: an entry that says
//! nothing would say it by its time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::SystemTime;

use api::AccountId;
use api::room::{Body, MessageId, MessageKind, RoomId};
use rand::RngExt;

use super::posting::{Batch, Post};
use super::{RoomNews, Rooms, RoomsError, members, rules, writer};
use crate::office::{Change, OfficeError};
use crate::store::{CallRecord, NewVoicemail, StoreError, Transaction, unix_millis};

/// Something that one person has done and another one is told of.
#[derive(Clone, Debug)]
struct Happening {
    by: AccountId,
    to: AccountId,
    /// What the one who did it was called then.
    name: String,
    /// It follows from what happened: told again it is the same entry.
    id: String,
    body: Body,
    /// Whether the other one has refused to hear of it.
    is_blocked: bool,
}

/// What has become of happenings, on its way into the database.
struct Told {
    batch: Batch,
    newcomers: BTreeSet<AccountId>,
}

impl Rooms {
    /// Writes calls into the history, and tells of each in the conversation of its two people: one without the other is
    /// not possible.
    ///
    /// # Errors
    /// If the database fails; then nothing is written.
    pub(crate) async fn keep_calls(&self, records: &[CallRecord]) -> Result<(), StoreError> {
        let mut tx = self.store().begin().await?;
        let ids = tx.add_call_records(records).await?;
        let calls = records.iter().zip(ids);
        let happenings: Vec<Happening> =
            calls.filter_map(|(record, id)| call(record, id)).collect();
        self.tell_happenings(tx, &happenings).await
    }

    /// Tells of a voicemail in the conversation of who has left it and who it is for. Told again it is told once.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn tell_of_voicemail(
        &self,
        new: &NewVoicemail,
        voicemail: i64,
    ) -> Result<(), OfficeError> {
        let Some(by) = new.caller.account else {
            return Ok(());
        };
        let happening = Happening {
            by,
            to: new.account,
            name: new.caller.name.clone(),
            id: format!("voicemail-{}", new.recording),
            body: Body::Voicemail {
                voicemail,
                seconds: seconds(new.millis),
            },
            is_blocked: false,
        };
        let tx = self.store().begin().await?;
        Ok(self.tell_happenings(tx, &[happening]).await?)
    }

    /// Writes and commits it, and tells those who are connected.
    async fn tell_happenings(
        &self,
        mut tx: Transaction,
        happenings: &[Happening],
    ) -> Result<(), StoreError> {
        let now = unix_millis(SystemTime::now());
        let Told {
            mut batch,
            newcomers,
        } = post(&mut tx, happenings, now).await?;
        writer::write(&mut tx, &mut batch).await?;
        let touched: BTreeSet<i64> = batch.entries.iter().map(|entry| entry.room).collect();
        let moved = newcomers.iter().map(|account| RoomNews::Members(*account));
        let entries = touched.into_iter().map(RoomNews::Entries);
        let change = Change {
            rooms: moved.chain(entries).collect(),
            ..Change::default()
        };
        self.office.notify_of_rooms(&mut tx, &change).await?;
        tx.commit().await?;
        let ids = batch.rooms.values().map(|room| (room.key, room.id.clone()));
        let ids: HashMap<i64, RoomId> = ids.collect();
        self.tell_entries(&batch.entries, &ids, newcomers).await;
        Ok(())
    }
}

/// What is told of a call, if anything is.
fn call(record: &CallRecord, id: i64) -> Option<Happening> {
    let (caller, callee) = (&record.caller, &record.callee);
    let are_people = caller.account.0 > 0 && callee.account.0 > 0;
    // What was sent on is told where it came to; a call to oneself is one to the own voicemail.
    if !are_people
        || caller.account == callee.account
        || record.is_anonymous
        || record.cause == CallRecord::FORWARDED
    {
        return None;
    }
    let answered_for = record.answered_at.map(|at| record.ended_at - at);
    Some(Happening {
        by: caller.account,
        to: callee.account,
        name: caller.name.clone(),
        id: format!("call-{id}"),
        body: Body::Call {
            call: id,
            is_answered: answered_for.is_some(),
            seconds: answered_for.map(seconds).unwrap_or_default(),
        },
        is_blocked: record.cause == CallRecord::BLOCKED,
    })
}

fn seconds(millis: i64) -> u32 {
    u32::try_from(millis.max(0).saturating_add(500) / 1000).unwrap_or(u32::MAX)
}

/// Reads what must be known, a few questions for all of them, and puts them into their rooms; makes those that are missing.
async fn post(
    tx: &mut Transaction,
    happenings: &[Happening],
    now: i64,
) -> Result<Told, StoreError> {
    let mut batch = Batch {
        now,
        ..Batch::default()
    };
    let mut newcomers = BTreeSet::new();
    let accounts: BTreeSet<AccountId> =
        happenings.iter().flat_map(|one| [one.by, one.to]).collect();
    let accounts: Vec<AccountId> = accounts.into_iter().collect();
    let people = tx.lasting_people(&accounts).await?;
    let people: HashSet<AccountId> = people.into_iter().collect();
    let told: Vec<&Happening> = happenings
        .iter()
        .filter(|one| people.contains(&one.by) && people.contains(&one.to))
        .collect();
    if told.is_empty() {
        return Ok(Told { batch, newcomers });
    }
    let senders: BTreeSet<AccountId> = told.iter().map(|one| one.by).collect();
    let senders: Vec<AccountId> = senders.into_iter().collect();
    batch.blocked = tx.blockers_of(&senders).await?.into_iter().collect();
    let pairs: BTreeSet<(AccountId, AccountId)> = told.iter().map(|one| pair(one)).collect();
    let pairs: Vec<(AccountId, AccountId)> = pairs.into_iter().collect();
    let mut rooms: HashMap<(AccountId, AccountId), i64> = HashMap::new();
    for room in tx.direct_rooms(&pairs).await? {
        if let Some(pair) = room.pair {
            rooms.insert(pair, room.key);
        }
        batch.rooms.insert(room.key, room);
    }
    for one in &told {
        let is_blocked = batch.blocked.contains(&(one.to, one.by));
        if is_withdrawn(one, is_blocked) || rooms.contains_key(&pair(one)) {
            continue;
        }
        let (room, _) = members::direct_room(tx, one.by, one.to, is_blocked, now).await?;
        newcomers.extend([one.by, one.to]);
        rooms.insert(pair(one), room.key);
        batch.rooms.insert(room.key, room);
    }
    let keys: Vec<i64> = batch.rooms.keys().copied().collect();
    for (room, account, role) in tx.roles_in(&keys).await? {
        batch.roles.insert((room, account), role);
    }
    let ids: BTreeSet<(i64, MessageId)> = told
        .iter()
        .filter_map(|one| Some((*rooms.get(&pair(one))?, id(one)?)))
        .collect();
    let ids: Vec<(i64, MessageId)> = ids.into_iter().collect();
    for row in tx.messages_by_id(&ids).await? {
        batch.known.insert((row.room, row.id.clone()), row);
    }
    for one in told {
        let is_blocked = batch.blocked.contains(&(one.to, one.by));
        let (Some(room), Some(id)) = (rooms.get(&pair(one)), id(one)) else {
            continue;
        };
        if is_withdrawn(one, is_blocked) {
            continue;
        }
        put(&mut batch, *room, one, id);
    }
    Ok(Told { batch, newcomers })
}

/// Puts one into its room.
fn put(batch: &mut Batch, room: i64, one: &Happening, id: MessageId) {
    let mut post = Post {
        sender: Some(one.by),
        sender_name: one.name.clone(),
        id,
        kind: MessageKind::Notification,
        body: one.body.clone(),
        written: None,
    };
    let mut posted = batch.post(room, &post);
    if matches!(posted, Err(RoomsError::IdTaken))
        && let Ok(other) = rules::new_message_id(rand::rng().random())
    {
        // Somebody has guessed the id, and shall not be able to keep this from being told.
        post.id = other;
        posted = batch.post(room, &post);
    }
    if let Err(error) = posted {
        tracing::debug!(%error, "nothing is told of a call or a voicemail");
    }
}

/// Whether the callee has let go of the block in between: then neither is told of a call that never came.
fn is_withdrawn(one: &Happening, is_blocked: bool) -> bool {
    one.is_blocked && !is_blocked
}

fn pair(one: &Happening) -> (AccountId, AccountId) {
    (one.by.min(one.to), one.by.max(one.to))
}

fn id(one: &Happening) -> Option<MessageId> {
    MessageId::parse(&one.id).ok()
}
