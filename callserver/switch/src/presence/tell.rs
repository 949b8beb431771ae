//! Telling those who watch: at once, but not more often than once a second.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{HeaderName, Headers, SubscriptionId};

use super::bodies::{self, Watcher};
use super::notice::What;
use super::{Package, Presence};
use crate::AccountId;
use crate::desk::{Desk, with_header};
use crate::presence::Seen;
use crate::registrar::Registrar;
use crate::timetable::Timer;

/// A person does not see more changes than that, and a phone that is called and called again must not make thousands of
/// others busy.
const PAUSE: Duration = Duration::from_secs(1);

impl Presence {
    /// Something about an account has changed: those whom it concerns are told, or will be.
    pub(super) fn touch(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        account: AccountId,
        what: What,
    ) {
        let Some(watched) = self.watched.get(&account) else {
            return;
        };
        let concerned = watched.watches.iter().filter(|id| {
            let watch = self.watches.get(id);
            watch.is_some_and(|watch| what.concerns(watch.package) && !watch.is_planned)
        });
        let concerned: Vec<SubscriptionId> = concerned.copied().collect();
        for subscription in concerned {
            let Some(watch) = self.watches.get_mut(&subscription) else {
                continue;
            };
            match watch.not_before {
                Some(later) if later > now => {
                    watch.is_planned = true;
                    let timer = Timer::NotificationDue(subscription);
                    desk.timetable.set(later, timer);
                }
                _ => self.tell(now, desk, registrar, subscription),
            }
        }
    }

    /// The pause after the last notification is over, and there is something new.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        subscription: SubscriptionId,
    ) {
        if let Some(watch) = self.watches.get_mut(&subscription) {
            watch.is_planned = false;
            self.tell(now, desk, registrar, subscription);
        }
    }

    /// Tells one watcher the present state, unless it knows it.
    pub(super) fn tell(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        subscription: SubscriptionId,
    ) {
        let Some(watch) = self.watches.get(&subscription) else {
            return;
        };
        let body = match watch.package {
            Package::Presence => self.presence_of(registrar, subscription),
            Package::Dialog => self.dialogs_of(desk, subscription),
            Package::Watchers => self.watchers_of(subscription),
            Package::Messages => self.messages_of(subscription),
        };
        let Some(body) = body else { return };
        let Some(watch) = self.watches.get_mut(&subscription) else {
            return;
        };
        watch.not_before = Some(now + PAUSE);
        let kind = watch.package.content_type();
        let headers: Headers = with_header(HeaderName::ContentType, kind);
        let notify = sip::Input::Notify {
            subscription,
            headers,
            body,
        };
        desk.endpoint.handle(now, notify);
    }

    fn presence_of(
        &mut self,
        registrar: &Registrar,
        subscription: SubscriptionId,
    ) -> Option<Bytes> {
        let watch = self.watches.get(&subscription)?;
        let seen = match watch.may_see {
            true => {
                let facts = self.facts(registrar, watch.account);
                Seen::of(&facts, &self.watched.get(&watch.account)?.told)
            }
            false => Seen::default(),
        };
        let watch = self.watches.get_mut(&subscription)?;
        if watch.told.as_ref() == Some(&seen) {
            return None;
        }
        let body = bodies::pidf(&watch.entity, &seen);
        watch.told = Some(seen);
        Some(body)
    }

    fn dialogs_of(&mut self, desk: &Desk, subscription: SubscriptionId) -> Option<Bytes> {
        let watch = self.watches.get_mut(&subscription)?;
        let (account, may_see) = (watch.account, watch.may_see);
        let is_new = watch.told.replace(Seen::default()).is_none();
        let calls = || self.calls.of(account).filter(|_| may_see);
        let now_there: smallvec::SmallVec<_> = calls().map(|(id, _)| id).collect();
        let before = std::mem::replace(&mut watch.calls, now_there);
        if !is_new && before.is_empty() && watch.calls.is_empty() {
            return None;
        }
        let ended = before.iter().filter(|id| !watch.calls.contains(id));
        let ended: Vec<_> = ended.copied().collect();
        let version = watch.version;
        watch.version = version.wrapping_add(1);
        let with_remote = watch.watcher == account;
        let about = (account, with_remote, &desk.config.domain);
        let document = (&*watch.entity, version);
        Some(bodies::dialog_info(document, about, calls(), &ended))
    }

    fn watchers_of(&mut self, subscription: SubscriptionId) -> Option<Bytes> {
        let watch = self.watches.get_mut(&subscription)?;
        let version = watch.version;
        watch.version = version.wrapping_add(1);
        let watch = self.watches.get(&subscription)?;
        let watched = self.watched.get(&watch.account)?;
        let watchers = (1..).zip(&watched.watches).filter_map(|(number, id)| {
            let other = self.watches.get(id)?;
            (other.package == Package::Presence).then(|| Watcher {
                id: number,
                address: other.address.clone(),
                may_see: other.may_see,
            })
        });
        Some(bodies::watcher_info((&watch.entity, version), watchers))
    }

    fn messages_of(&self, subscription: SubscriptionId) -> Option<Bytes> {
        let watch = self.watches.get(&subscription)?;
        let count = self.watched.get(&watch.account)?.messages;
        Some(bodies::message_summary(&watch.entity, count))
    }
}
