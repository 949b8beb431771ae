//! Keeps registrations in the database, so that a restart does not cut phones off until they register again.
//!
//! A phone's 200 does not wait for the disk: what is lost when the machine dies in the wrong tenth of a second is made
//! good by the phone's next REGISTER. So changes are collected and written in batches, on another thread, one at a time.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

use sip::{Flow, Text};
use switch::{BindingId, StoredBinding};

use super::turn::{OnItsWay, Turn};
use crate::store::{Store, StoreError, binding_expires_at};

/// What has changed since the last batch, and where each phone was when it was last written.
#[derive(Default, Debug)]
pub(super) struct Bindings {
    registered: HashMap<BindingId, Known>,
    changed: HashMap<BindingId, Option<(StoredBinding, SystemTime)>>,
    turn: Turn,
}

/// A new phone, or a new way to a known one, is written this soon.
const SOON: Duration = Duration::from_millis(100);

/// A refresh only prolongs what is known already. A server that dies before it is written believes the phone gone a
/// little earlier, at a time when it has long registered again.
const LATER: Duration = Duration::from_secs(2);

/// What was last given to be written of a binding.
#[derive(Debug)]
struct Known {
    login: Text,
    flow: Flow,
    contact: Text,
    path: Vec<Text>,
    q: u16,
    reads_rooms: bool,
    until: SystemTime,
}

impl Known {
    fn of(binding: &StoredBinding, until: SystemTime) -> Self {
        Self {
            login: binding.login.clone(),
            flow: binding.flow,
            contact: binding.contact.clone(),
            path: binding.path.clone(),
            q: binding.q,
            reads_rooms: binding.reads_rooms,
            until,
        }
    }

    fn is_same_way(&self, binding: &StoredBinding) -> bool {
        self.flow == binding.flow
            && self.contact == binding.contact
            && self.path == binding.path
            && self.q == binding.q
            && self.reads_rooms == binding.reads_rooms
    }

    /// Whether what was written lives for another half of what the phone is granted now. Then the phone comes back
    /// before it ends, as it does far more often than it would have to.
    fn lives_long(&self, at: SystemTime, binding: &StoredBinding) -> bool {
        let left = self.until.duration_since(at).unwrap_or_default();
        left > Duration::from_secs(binding.expires_seconds.into()) / 2
    }
}

/// What is written together. The order in which the two lists are written does not matter: a binding is in one of them.
#[derive(Debug)]
pub(super) struct Batch {
    kept: Vec<(StoredBinding, SystemTime)>,
    forgotten: Vec<BindingId>,
    _on_its_way: OnItsWay,
}

impl Bindings {
    /// What a restart brought back is registered, and written down already.
    pub(super) fn restored(&mut self, at: SystemTime, bindings: &[StoredBinding]) {
        let restored = bindings.iter().map(|binding| {
            let until = binding_expires_at(at, binding);
            (binding.id, Known::of(binding, until))
        });
        self.registered.extend(restored);
    }

    /// The logins of the phones that are registered, each once.
    pub(super) fn logins(&self) -> Vec<String> {
        let logins: HashSet<&str> = self
            .registered
            .values()
            .map(|known| &*known.login)
            .collect();
        logins.into_iter().map(str::to_owned).collect()
    }

    /// How many phones are registered.
    pub(super) fn len(&self) -> usize {
        self.registered.len()
    }

    /// Whether a phone that registers is news for whoever brings it what is said: it was not here, or has become another.
    pub(super) fn is_news(&self, binding: &StoredBinding) -> bool {
        let known = self.registered.get(&binding.id);
        known.is_none_or(|known| known.reads_rooms != binding.reads_rooms)
    }

    pub(super) fn registered(&mut self, now: Instant, at: SystemTime, binding: StoredBinding) {
        let known = self.registered.get(&binding.id);
        let is_known = known.is_some_and(|known| known.is_same_way(&binding));
        if is_known && known.is_some_and(|known| known.lives_long(at, &binding)) {
            return;
        }
        self.turn.plan(now + if is_known { LATER } else { SOON });
        let until = binding_expires_at(at, &binding);
        self.registered
            .insert(binding.id, Known::of(&binding, until));
        self.changed.insert(binding.id, Some((binding, until)));
    }

    pub(super) fn unregistered(&mut self, now: Instant, binding: BindingId) {
        self.registered.remove(&binding);
        self.changed.insert(binding, None);
        self.turn.plan(now + SOON);
    }

    /// When to ask for the next batch.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.turn.due()
    }

    /// What is to be written now, unless the last batch is still on its way: then a little later.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Batch> {
        let on_its_way = self.turn.begin(now, SOON)?;
        Some(Batch {
            _on_its_way: on_its_way,
            ..self.take_all()
        })
    }

    /// Everything that is not written yet.
    pub(super) fn take_all(&mut self) -> Batch {
        self.turn.end();
        let mut batch = Batch {
            kept: Vec::new(),
            forgotten: Vec::new(),
            _on_its_way: OnItsWay::default(),
        };
        for (id, change) in self.changed.drain() {
            match change {
                Some(kept) => batch.kept.push(kept),
                None => batch.forgotten.push(id),
            }
        }
        batch
    }
}

/// Writes a batch in one transaction.
pub(super) async fn write(store: Store, batch: Batch) {
    let written: Result<(), StoreError> = async {
        if batch.kept.is_empty() && batch.forgotten.is_empty() {
            return Ok(());
        }
        let mut tx = store.begin().await?;
        tx.keep_bindings(&batch.kept).await?;
        tx.forget_bindings(&batch.forgotten).await?;
        tx.commit().await
    }
    .await;
    if let Err(error) = written {
        tracing::warn!(%error, registrations = batch.kept.len(), "registrations could not be written; a restart will not know them");
    }
}

/// What a new start takes over.
///
/// # Errors
/// If the database fails.
pub(super) async fn load(store: &Store) -> Result<Vec<StoredBinding>, StoreError> {
    let now = SystemTime::now();
    let mut tx = store.begin().await?;
    tx.forget_ended_bindings(now).await?;
    tx.commit().await?;
    store.bindings(now).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::Transport;
    use switch::{AccountId, DeviceId};

    fn binding(id: u64, port: u16) -> StoredBinding {
        StoredBinding {
            id: BindingId(id),
            account: AccountId(1),
            device: DeviceId(1),
            login: "d-x".into(),
            contact: "sip:x@192.0.2.1".into(),
            q: 1000,
            path: Vec::new(),
            flow: Flow {
                transport: Transport::Udp,
                local: "192.0.2.9:5060".parse().unwrap(),
                remote: ([192, 0, 2, 1], port).into(),
                connection: 0,
            },
            token: None,
            instance: None,
            reg_id: None,
            call_id: "c".into(),
            cseq: 1,
            expires_seconds: 60,
            user_agent: None,
            reads_rooms: false,
        }
    }

    #[test]
    fn new_phones_and_new_ways_are_written_soon_and_refreshes_later_together() {
        let (start, at) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let mut bindings = Bindings::default();
        bindings.registered(start, at, binding(1, 5060));
        assert_eq!(bindings.next_due(), Some(start + SOON));
        assert!(bindings.take_due(start).is_none());
        let batch = bindings.take_due(start + SOON).unwrap();
        assert_eq!((batch.kept.len(), batch.forgotten.len()), (1, 0));
        bindings.registered(start, at + Duration::from_secs(29), binding(1, 5060));
        assert_eq!(bindings.next_due(), None, "it lives for half a minute more");
        bindings.registered(start, at + Duration::from_secs(30), binding(1, 5060));
        assert_eq!(bindings.next_due(), Some(start + LATER));
        bindings.registered(start, at, binding(1, 6060));
        assert_eq!(bindings.next_due(), Some(start + SOON));
        assert!(
            bindings.take_due(start + SOON).is_none(),
            "the first batch is not written yet"
        );
        assert_eq!(bindings.next_due(), Some(start + 2 * SOON));
        drop(batch);
        assert_eq!(bindings.take_due(start + 2 * SOON).unwrap().kept.len(), 1);
    }

    #[test]
    fn a_phone_that_came_and_went_is_only_forgotten() {
        let (start, at) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let mut bindings = Bindings::default();
        bindings.restored(at, &[binding(7, 5060)]);
        bindings.registered(start, at, binding(7, 6060));
        bindings.unregistered(start, BindingId(7));
        assert_eq!(bindings.len(), 0);
        let batch = bindings.take_all();
        assert!(batch.kept.is_empty());
        assert_eq!(batch.forgotten, [BindingId(7)]);
        assert_eq!(bindings.next_due(), None);
    }
}
