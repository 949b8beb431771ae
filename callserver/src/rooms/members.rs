//! Opening rooms, coming and going, roles, and what is set for a room.

use std::collections::{BTreeSet, HashMap};
use std::time::SystemTime;

use api::AccountId;
use api::room::{
    Addressee, Body, CreateRoom, JoinRule, MessageKind, Room, RoomChange, RoomEvent, RoomId,
    RoomKind, RoomRole, RoomSettings,
};
use rand::RngExt;

use super::posting::{Batch, Post};
use super::{RoomNews, Rooms, RoomsError, Speaker, nobody, rules, telling, writer};
use crate::office::Change;
use crate::store::{ParticipantRow, RoomRow, StoreError, Transaction, unix_millis};

/// So many people are added at once.
const MOST_AT_ONCE: usize = 100;

/// A change of a room on its way: what is said about it becomes entries, and is told when it is durable.
struct Work {
    tx: Transaction,
    batch: Batch,
    news: Vec<RoomNews>,
    /// Whose rooms are others now.
    moved: BTreeSet<AccountId>,
}

impl Work {
    fn say(&mut self, room: &RoomRow, event: RoomEvent) -> Result<(), RoomsError> {
        let batch = &mut self.batch;
        batch.rooms.entry(room.key).or_insert_with(|| room.clone());
        let post = Post {
            written: None,
            sender: None,
            sender_name: String::new(),
            id: rules::new_message_id(rand::rng().random())?,
            kind: MessageKind::System,
            body: Body::Room(event),
        };
        batch.post(room.key, &post)?;
        Ok(())
    }
}

/// The room of two people; made if it is missing. Whoever has blocked the other one does not see it.
pub(super) async fn direct_room(
    tx: &mut Transaction,
    by: AccountId,
    other: AccountId,
    is_blocked: bool,
    now: i64,
) -> Result<(RoomRow, bool), StoreError> {
    if let Some(room) = tx.direct_room(by, other).await? {
        return Ok((room, false));
    }
    let number = tx.number_of(by).await?;
    let id = new_id(by, number.as_deref(), now).map_err(|_| StoreError::Corrupt {
        what: "number",
        value: number.unwrap_or_default(),
    })?;
    let mut room = RoomRow {
        pair: Some((by.min(other), by.max(other))),
        ..new_room(id, RoomKind::Direct, now)
    };
    room.key = tx.add_room(&room, by).await?;
    for (account, is_hidden) in [(by, false), (other, is_blocked)] {
        tx.add_participant(&room, account, RoomRole::Member, 1, is_hidden, now)
            .await?;
    }
    Ok((room, true))
}

fn new_id(by: AccountId, number: Option<&str>, now: i64) -> Result<RoomId, RoomsError> {
    rules::new_room_id(by, number, rand::rng().random(), &telling::day(now))
}

fn new_room(id: RoomId, kind: RoomKind, now: i64) -> RoomRow {
    RoomRow {
        key: 0,
        id,
        kind,
        pair: None,
        name: None,
        description: String::new(),
        picture: None,
        settings: RoomSettings::default(),
        opened_at: now,
        first_seq: 1,
        last_seq: 0,
        reads: 0,
        last_stamp: 0,
    }
}

impl Rooms {
    async fn begin(&self) -> Result<Work, RoomsError> {
        Ok(Work {
            tx: self.office.store().begin().await?,
            batch: Batch {
                now: unix_millis(SystemTime::now()),
                ..Batch::default()
            },
            news: Vec::new(),
            moved: BTreeSet::new(),
        })
    }

    /// Makes a change durable and tells of it.
    async fn finish(&self, mut work: Work) -> Result<(), RoomsError> {
        writer::write(&mut work.tx, &mut work.batch).await?;
        let touched: BTreeSet<i64> = work.batch.entries.iter().map(|entry| entry.room).collect();
        let moved = work.moved.iter().copied().map(RoomNews::Members);
        let entries = touched.into_iter().map(RoomNews::Entries);
        let change = Change {
            rooms: moved.chain(entries).chain(work.news.clone()).collect(),
            ..Change::default()
        };
        self.office.notify_of_rooms(&mut work.tx, &change).await?;
        // Whoever asked may go away at any moment; but what is committed is told.
        let rooms = self.clone();
        let finishing = tokio::spawn(async move {
            work.tx.commit().await?;
            let batch = work.batch;
            let ids: HashMap<i64, RoomId> = { batch.rooms.values() }
                .map(|room| (room.key, room.id.clone()))
                .collect();
            rooms.tell_entries(&batch.entries, &ids, work.moved).await;
            for news in &work.news {
                rooms.hub.hear(rooms.office.store(), news).await?;
            }
            Ok::<_, StoreError>(())
        });
        match finishing.await {
            Ok(finished) => Ok(finished?),
            Err(_) => Err(RoomsError::Busy),
        }
    }

    /// Opens a room of several people.
    ///
    /// # Errors
    /// If a text breaks its rule, or somebody who is to be in it cannot be reached.
    pub async fn create(&self, by: &Speaker, wish: &CreateRoom) -> Result<Room, RoomsError> {
        let settings = wish.settings.clone().unwrap_or_default();
        rules::check_settings(&settings)?;
        let name = rules::checked_name(wish.name.as_deref().unwrap_or_default())?;
        let description = rules::checked_description(&wish.description)?;
        let picture = rules::checked_picture(wish.picture.as_deref().unwrap_or_default())?;
        let others = self.resolve_all(by, &wish.participants).await?;
        let mut work = self.begin().await?;
        let now = work.batch.now;
        let number = work.tx.number_of(by.account).await?;
        let mut room = RoomRow {
            name,
            description,
            picture,
            settings,
            ..new_room(
                new_id(by.account, number.as_deref(), now)?,
                RoomKind::Group,
                now,
            )
        };
        room.key = work.tx.add_room(&room, by.account).await?;
        let tx = &mut work.tx;
        tx.add_participant(&room, by.account, RoomRole::Owner, 1, false, now)
            .await?;
        for account in &others {
            tx.add_participant(&room, *account, RoomRole::Member, 1, false, now)
                .await?;
        }
        work.say(&room, RoomEvent::Opened)?;
        work.moved.extend(others);
        work.moved.insert(by.account);
        self.finish(work).await?;
        self.room(by.account, &room.id).await
    }

    /// Those who are meant, each once and none who asks; nobody who has blocked whoever asks.
    async fn resolve_all(
        &self,
        by: &Speaker,
        wanted: &[Addressee],
    ) -> Result<BTreeSet<AccountId>, RoomsError> {
        if wanted.len() > MOST_AT_ONCE {
            return Err(RoomsError::Invalid(
                "At most 100 people are added at once; add the others afterwards.",
            ));
        }
        let mut found = BTreeSet::new();
        for who in wanted {
            let account = self.resolve(by, who).await?;
            let store = self.office.store();
            if account != by.account && store.has_blocked(account, by.account).await? {
                return Err(nobody(who));
            }
            found.insert(account);
        }
        found.remove(&by.account);
        Ok(found)
    }

    /// A room of several people, and what whoever asks may do in it.
    async fn group(
        work: &mut Work,
        by: AccountId,
        id: &RoomId,
    ) -> Result<(RoomRow, ParticipantRow), RoomsError> {
        let room = work.tx.room(id).await?.ok_or(RoomsError::NoSuchRoom)?;
        let own = work.tx.participant(room.key, by).await?;
        let own = own.ok_or(RoomsError::Stranger)?;
        match room.kind {
            RoomKind::Direct => Err(RoomsError::IsDirect),
            RoomKind::Group | RoomKind::Unknown => Ok((room, own)),
        }
    }

    /// Adds people to a room.
    ///
    /// # Errors
    /// If whoever asks may not, somebody cannot be reached, or there would be too many.
    pub async fn add(
        &self,
        by: &Speaker,
        id: &RoomId,
        wanted: &[Addressee],
    ) -> Result<(), RoomsError> {
        let others = self.resolve_all(by, wanted).await?;
        let mut work = self.begin().await?;
        let (room, own) = Self::group(&mut work, by.account, id).await?;
        if !room.settings.members_may_add {
            rules::require(own.role, RoomRole::Moderator)?;
        }
        for account in others {
            let added = RoomEvent::Added {
                account,
                by: by.account,
            };
            Self::let_in(&mut work, &room, account, added).await?;
        }
        self.finish(work).await
    }

    /// Puts somebody into a room, if they are not in it.
    async fn let_in(
        work: &mut Work,
        room: &RoomRow,
        account: AccountId,
        event: RoomEvent,
    ) -> Result<(), RoomsError> {
        let count = work.tx.participants_in(room.key).await?;
        if count >= rules::MOST_PARTICIPANTS {
            return Err(RoomsError::TooMany {
                most: rules::MOST_PARTICIPANTS,
            });
        }
        // As it is in the middle of this write.
        let room = work.batch.rooms.get(&room.key).unwrap_or(room).clone();
        let visible_from = match room.settings.newcomers_see_history {
            true => 1,
            false => room.last_seq + 1,
        };
        let now = work.batch.now;
        let is_new = work
            .tx
            .add_participant(&room, account, RoomRole::Member, visible_from, false, now)
            .await?;
        if is_new {
            work.say(&room, event)?;
            work.moved.insert(account);
        }
        Ok(())
    }

    /// Goes into an open room. Whoever is in it already has nothing to do.
    ///
    /// # Errors
    /// If there is none, or it is not open.
    pub async fn join(&self, by: &Speaker, id: &RoomId) -> Result<Room, RoomsError> {
        let mut work = self.begin().await?;
        let room = work.tx.room(id).await?.ok_or(RoomsError::NoSuchRoom)?;
        let own = work.tx.participant(room.key, by.account).await?;
        if own.is_none() {
            if room.kind != RoomKind::Group || room.settings.join != JoinRule::Open {
                return Err(RoomsError::Stranger);
            }
            let event = RoomEvent::Joined {
                account: by.account,
            };
            Self::let_in(&mut work, &room, by.account, event).await?;
        }
        self.finish(work).await?;
        self.room(by.account, id).await
    }

    /// Leaves a room. The last owner is followed by whoever may do most and came first; with the last member the room
    /// goes.
    ///
    /// # Errors
    /// If whoever asks is not in it, or it is the conversation of two.
    pub async fn leave(&self, by: AccountId, id: &RoomId) -> Result<(), RoomsError> {
        let mut work = self.begin().await?;
        let (room, own) = Self::group(&mut work, by, id).await?;
        Self::take_out(&mut work, &room, &own, RoomEvent::Left { account: by }).await?;
        self.finish(work).await
    }

    async fn take_out(
        work: &mut Work,
        room: &RoomRow,
        gone: &ParticipantRow,
        event: RoomEvent,
    ) -> Result<(), RoomsError> {
        let heir = work.tx.heir(room.key, gone.account).await?;
        work.moved.insert(gone.account);
        let Some(heir) = heir else {
            work.tx.remove_room(room.key).await?;
            return Ok(());
        };
        work.tx.remove_participant(room.key, gone.account).await?;
        work.say(room, event)?;
        if gone.role == RoomRole::Owner && heir.role != RoomRole::Owner {
            let role = RoomRole::Owner;
            work.tx.set_room_role(room.key, heir.account, role).await?;
            let event = RoomEvent::RoleChanged {
                account: heir.account,
                role,
                by: gone.account,
            };
            work.say(room, event)?;
        }
        Ok(())
    }

    /// Gives somebody in a room another role, or removes them if there is none.
    ///
    /// # Errors
    /// If whoever asks may not, or the other one is not in it.
    pub async fn change_participant(
        &self,
        by: AccountId,
        id: &RoomId,
        account: AccountId,
        role: Option<RoomRole>,
    ) -> Result<(), RoomsError> {
        if by == account && role.is_none() {
            return self.leave(by, id).await;
        }
        let mut work = self.begin().await?;
        let (room, own) = Self::group(&mut work, by, id).await?;
        let other = work.tx.participant(room.key, account).await?;
        let other = other.ok_or_else(|| RoomsError::Nobody {
            who: account.to_string(),
        })?;
        rules::check_role_change(own.role, other.role, role)?;
        match role {
            None => {
                let event = RoomEvent::Removed { account, by };
                Self::take_out(&mut work, &room, &other, event).await?;
            }
            Some(role) if role == other.role => return Ok(()),
            Some(role) => {
                let heir = work.tx.heir(room.key, account).await?;
                let is_last = other.role == RoomRole::Owner
                    && heir.is_none_or(|heir| heir.role != RoomRole::Owner);
                if is_last {
                    return Err(RoomsError::Invalid(
                        "A room has an owner; name another one first.",
                    ));
                }
                work.tx.set_room_role(room.key, account, role).await?;
                work.say(&room, RoomEvent::RoleChanged { account, role, by })?;
            }
        }
        self.finish(work).await
    }

    /// Changes what is set for a room.
    ///
    /// # Errors
    /// If whoever asks may not, or a text breaks its rule.
    pub async fn change(
        &self,
        by: AccountId,
        id: &RoomId,
        wish: &RoomChange,
    ) -> Result<Room, RoomsError> {
        let name = wish.name.as_deref().map(rules::checked_name).transpose()?;
        let description = wish.description.as_deref();
        let description = description.map(rules::checked_description).transpose()?;
        let picture = wish.picture.as_deref();
        let picture = picture.map(rules::checked_picture).transpose()?;
        let mut work = self.begin().await?;
        let (room, own) = Self::group(&mut work, by, id).await?;
        rules::require(own.role, RoomRole::Moderator)?;
        if let Some(settings) = &wish.settings {
            rules::require(own.role, RoomRole::Owner)?;
            rules::check_settings(settings)?;
        }
        let after = RoomRow {
            name: name.unwrap_or_else(|| room.name.clone()),
            description: description.unwrap_or_else(|| room.description.clone()),
            picture: picture.unwrap_or_else(|| room.picture.clone()),
            settings: wish
                .settings
                .clone()
                .unwrap_or_else(|| room.settings.clone()),
            ..room.clone()
        };
        if after != room {
            work.tx.change_room(&after).await?;
            work.say(&after, RoomEvent::Changed { by })?;
            self.finish(work).await?;
        }
        self.room(by, id).await
    }
}
