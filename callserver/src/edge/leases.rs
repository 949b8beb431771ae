//! Guests keep their numbers while their phones are registered, and for some hours after: the lease is written on now and
//! then instead of at each registration.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use api::AccountId;
use switch::StoredBinding;

use crate::store::{Store, StoreError, binding_expires_at};

/// Collects what is to be written.
#[derive(Debug)]
pub(super) struct Leases {
    /// How long a guest keeps its number after its last registration has ended.
    grace: Duration,
    ends: HashMap<AccountId, SystemTime>,
    since: Instant,
}

/// Far less than the shortest grace, so that no lease ends under a registered phone; and one write for many of them.
const WRITE_EVERY: Duration = Duration::from_secs(30);

impl Leases {
    pub(super) fn new(now: Instant, grace: Duration) -> Self {
        Self {
            grace,
            ends: HashMap::new(),
            since: now,
        }
    }

    /// A guest's phone is registered until its binding ends.
    pub(super) fn note(&mut self, at: SystemTime, binding: &StoredBinding) {
        let ends = binding_expires_at(at, binding) + self.grace;
        let known = self
            .ends
            .entry(AccountId(binding.account.0))
            .or_insert(ends);
        *known = ends.max(*known);
    }

    /// What has collected, if it is time to write.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<HashMap<AccountId, SystemTime>> {
        let is_due =
            !self.ends.is_empty() && now.saturating_duration_since(self.since) >= WRITE_EVERY;
        is_due.then(|| {
            self.since = now;
            self.take()
        })
    }

    /// What has collected.
    pub(super) fn take(&mut self) -> HashMap<AccountId, SystemTime> {
        std::mem::take(&mut self.ends)
    }
}

/// Writes in one transaction.
pub(super) async fn write(store: Store, ends: HashMap<AccountId, SystemTime>) {
    let written: Result<(), StoreError> = async {
        if ends.is_empty() {
            return Ok(());
        }
        let mut tx = store.begin().await?;
        for (guest, ends_at) in ends {
            // One who has become a person meanwhile has no lease any more.
            tx.renew_lease(guest, ends_at).await?;
        }
        tx.commit().await
    }
    .await;
    if let Err(error) = written {
        tracing::warn!(%error, "the leases of guests could not be renewed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::{Flow, Transport};
    use switch::{BindingId, DeviceId};

    fn binding(account: i64, expires_seconds: u32) -> StoredBinding {
        StoredBinding {
            id: BindingId(1),
            account: switch::AccountId(account),
            device: DeviceId(1),
            login: "d-x".into(),
            contact: "sip:x@192.0.2.1".into(),
            q: 1000,
            path: Vec::new(),
            flow: Flow {
                transport: Transport::Udp,
                local: "192.0.2.9:5060".parse().unwrap(),
                remote: "192.0.2.1:5060".parse().unwrap(),
                connection: 0,
            },
            token: None,
            instance: None,
            reg_id: None,
            call_id: "c".into(),
            cseq: 1,
            expires_seconds,
            user_agent: None,
            reads_rooms: false,
        }
    }

    #[test]
    fn a_lease_ends_some_hours_after_the_last_registration_of_all_phones() {
        let (start, at) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let mut leases = Leases::new(start, hours(24));
        leases.note(at, &binding(1, 3600));
        leases.note(at, &binding(1, 60));
        leases.note(at, &binding(2, 60));
        assert!(leases.take_due(start).is_none());
        let due = leases.take_due(start + WRITE_EVERY).unwrap();
        assert_eq!(due[&AccountId(1)], at + hours(25));
        assert_eq!(due[&AccountId(2)], at + Duration::from_secs(60) + hours(24));
        assert!(leases.take_due(start + 2 * WRITE_EVERY).is_none());
    }
}
