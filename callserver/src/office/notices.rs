//! Changes on their way between servers that share a database: into notices that PostgreSQL takes, and back.

use serde::{Deserialize, Serialize};

use super::{Change, Office};
use crate::store::{Engine, LONGEST_NOTICE, StoreError, Transaction};

/// What one server tells the others.
#[derive(Serialize, Deserialize)]
struct Notice {
    /// Which opening of the database tells it.
    from: u64,
    change: Change,
}

/// What another server, or this one, has told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Something changed there.
    Change(Change),
    /// What this server has told itself: it knows.
    Own,
    /// Something that this version does not understand: anything may have changed.
    Unknown,
}

/// What stands in a notice beside the items of its lists.
const FRAME: usize = 200;

/// What it takes to say that there is something new about servers.
const NODES: usize = 16;

/// Whoever hears of more than this forgets everything instead: that is quicker than forgetting it one by one.
const MOST_NOTICES: usize = 32;

impl Change {
    /// Everything may be remembered wrongly.
    pub fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// This change in as many parts as it takes for each to fit into a notice.
    fn parts(&self) -> Vec<Self> {
        let mut parts = Parts::default();
        for login in &self.logins {
            let is_revoked = self.revoked.contains(login);
            let part = parts.with_room_for(2 * json_length(login));
            part.logins.push(login.clone());
            part.revoked.extend(is_revoked.then(|| login.clone()));
        }
        for dialled in &self.dialled {
            let part = parts.with_room_for(json_length(dialled));
            part.dialled.push(dialled.clone());
        }
        for person in &self.people {
            let part = parts.with_room_for(json_length(person));
            part.people.push(person.clone());
        }
        for news in &self.rooms {
            let part = parts.with_room_for(json_length(news));
            part.rooms.push(news.clone());
        }
        if self.nodes {
            parts.with_room_for(NODES).nodes = true;
        }
        if self.everything || parts.done.len() > MOST_NOTICES {
            return vec![Self::everything()];
        }
        parts.done
    }
}

#[derive(Default)]
struct Parts {
    done: Vec<Change>,
    room: usize,
}

impl Parts {
    fn with_room_for(&mut self, bytes: usize) -> &mut Change {
        if self.room < bytes {
            self.done.push(Change::default());
            self.room = LONGEST_NOTICE - FRAME;
        }
        self.room = self.room.saturating_sub(bytes);
        let last = self.done.len().saturating_sub(1);
        &mut self.done[last]
    }
}

fn json_length(value: &impl Serialize) -> usize {
    // With the comma after it.
    serde_json::to_vec(value).map_or(0, |bytes| bytes.len() + 1)
}

impl Office {
    /// The notices that tell other servers of a change.
    pub(super) fn notices(&self, change: &Change) -> Vec<String> {
        let from = self.store.opening();
        let notice = |change| serde_json::to_string(&Notice { from, change }).ok();
        change.parts().into_iter().filter_map(notice).collect()
    }

    /// Tells other servers on the database what happened in rooms, when the write is durable. Here those who are
    /// connected are told by whoever wrote.
    pub(crate) async fn notify_of_rooms(
        &self,
        tx: &mut Transaction,
        change: &Change,
    ) -> Result<(), StoreError> {
        if self.store.engine() == Engine::Postgres {
            for notice in self.notices(change) {
                tx.notify(&notice).await?;
            }
        }
        Ok(())
    }

    /// Tells other servers on the database of what is stored nowhere.
    pub(crate) async fn tell_of_rooms(&self, change: &Change) -> Result<(), StoreError> {
        if self.store.engine() == Engine::Postgres {
            for notice in self.notices(change) {
                self.store.notify(&notice).await?;
            }
        }
        Ok(())
    }

    /// Reads a notice.
    pub fn read_notice(&self, text: &str) -> Heard {
        match serde_json::from_str::<Notice>(text) {
            Ok(notice) if notice.from == self.store.opening() => Heard::Own,
            Ok(notice) => Heard::Change(notice.change),
            Err(_) => Heard::Unknown,
        }
    }

    /// Passes on what another server changed: returns when nobody here remembers what was before.
    pub async fn heard(&self, change: Change) {
        self.announce(change).await;
    }
}

#[cfg(test)]
mod tests {
    use api::{AccountId, Number};

    use super::*;
    use crate::office::{PersonChanged, WhatChanged};

    #[test]
    fn a_change_fits_into_notices_and_comes_out_whole() {
        let names = |count: usize, prefix: &str| -> Vec<String> {
            (0..count)
                .map(|index| format!("{prefix}{index:060}"))
                .collect()
        };
        let logins = names(100, "d-");
        let change = Change {
            revoked: logins[..7].to_vec(),
            logins,
            dialled: names(300, "n"),
            people: (0..300)
                .map(|account| PersonChanged {
                    account: AccountId(account),
                    what: WhatChanged::Number {
                        old: Number::parse("1000").ok(),
                        new: None,
                    },
                })
                .collect(),
            ..Change::default()
        };
        let mut whole = Change::default();
        for part in change.parts() {
            let text = serde_json::to_string(&Notice {
                from: u64::MAX,
                change: part,
            });
            let text = text.unwrap();
            assert!(text.len() <= LONGEST_NOTICE, "{}", text.len());
            let part = serde_json::from_str::<Notice>(&text).unwrap().change;
            whole.logins.extend(part.logins);
            whole.revoked.extend(part.revoked);
            whole.dialled.extend(part.dialled);
            whole.people.extend(part.people);
        }
        assert_eq!(whole, change);
    }

    #[test]
    fn a_change_of_very_many_is_a_change_of_everything() {
        let change = Change {
            dialled: (0..100_000).map(|number| number.to_string()).collect(),
            ..Change::default()
        };
        assert_eq!(change.parts(), [Change::everything()]);
        assert!(Change::default().parts().is_empty());
    }
}
