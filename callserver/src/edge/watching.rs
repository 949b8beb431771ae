//! What the switch asks about those who watch each other, answered by the database.

use std::collections::HashSet;
use std::time::SystemTime;

use api::AccountId;
use switch::{Answer, AskId, Input, MessageCount, MessageId, Party, Reached, Viewers, Watchable};

use super::dialling::Wanted;
use super::directory::{Directory, FoundResult};
use crate::office::{Change, WhatChanged};
use crate::presence::told;
use crate::store::{Store, StoreError};

/// So many messages are played in one call at most; nobody hears that many.
const MOST_TO_HEAR: i64 = 1_000;

impl Directory {
    /// Looks up who is watched under a number, a name or the login of an own device.
    pub fn watched(&self, ask: AskId, dialled: &str, watcher: &Party) {
        let (store, dialling) = (self.store(), self.dialling());
        let (dialled, watcher) = (dialled.to_owned(), watcher.clone());
        self.look_up(ask, async move {
            let found: Result<_, StoreError> = async {
                let own = store.credential(&dialled).await?;
                let own = own.filter(|own| own.account.0 == watcher.account.0);
                let account = match own {
                    Some(own) => own.account,
                    None => {
                        let Some(wanted) = Wanted::read(&dialling.plan, &dialled) else {
                            return Ok(None);
                        };
                        let mut reached = wanted.look_up(&store).await?;
                        if watcher.is_guest {
                            let purpose = match wanted.number() {
                                Some(number) => store.purpose_of(number).await?,
                                None => None,
                            };
                            // Whom guests may not call they do not watch either.
                            reached = dialling.for_guest_in_pool(&wanted, purpose, reached);
                        }
                        match reached {
                            Reached::Account(to) | Reached::Forwarded { to, .. } => {
                                AccountId(to.account.0)
                            }
                            _ => return Ok(None),
                        }
                    }
                };
                let by = AccountId(watcher.account.0);
                let mut seen = store.seen_by(by, &[account]).await?;
                let Some(seen) = seen.remove(&account) else {
                    return Ok(None);
                };
                let is_elsewhere = is_elsewhere(&store, account).await?;
                Ok(Some(Box::new(Watchable {
                    account: switch::AccountId(account.0),
                    may_see: seen.may_see(!watcher.is_guest || dialling.guests_see_everyone),
                    told: told(&seen.presence, is_elsewhere),
                })))
            }
            .await;
            FoundResult::Presence(found.map(Answer::Watched))
        });
    }

    /// Looks up how many messages wait for somebody.
    pub fn messages(&self, ask: AskId, account: switch::AccountId) {
        let store = self.store();
        self.look_up(ask, async move {
            let count = store.voicemail_count(AccountId(account.0)).await;
            FoundResult::Presence(count.map(|count| {
                Answer::Messages(MessageCount {
                    new: count.new,
                    old: count.old,
                })
            }))
        });
    }

    /// Looks up which messages there are: the new ones first, and the oldest first of either.
    pub fn messages_to_hear(&self, ask: AskId, account: switch::AccountId) {
        let store = self.store();
        self.look_up(ask, async move {
            let rows = { &store }
                .voicemails(AccountId(account.0), None, MOST_TO_HEAR)
                .await;
            FoundResult::Presence(rows.map(|mut rows| {
                rows.sort_by_key(|row| (row.is_heard, row.id));
                let ids = rows.into_iter().map(|row| MessageId(row.id));
                Answer::MessagesToHear(Some(ids.collect()))
            }))
        });
    }

    /// Looks up what an account tells, and who of those may see it.
    pub fn viewers(
        &self,
        ask: AskId,
        account: switch::AccountId,
        watchers: Vec<switch::AccountId>,
    ) {
        let (store, dialling) = (self.store(), self.dialling());
        self.look_up(ask, async move {
            let found: Result<_, StoreError> = async {
                let account = AccountId(account.0);
                let is_there = store
                    .account_by_id(account)
                    .await?
                    .is_some_and(|row| row.kind != api::AccountKind::Erased && !row.is_disabled);
                if !is_there {
                    return Ok(None);
                }
                let watchers: Vec<_> = watchers.iter().map(|one| AccountId(one.0)).collect();
                let seen = store.seen_by_each(account, &watchers).await?;
                let may_see: HashSet<_> = seen
                    .iter()
                    .filter(|(_, seen)| {
                        seen.may_see(!seen.is_for_guest || dialling.guests_see_everyone)
                    })
                    .map(|(watcher, _)| switch::AccountId(watcher.0))
                    .collect();
                let presence = store.presence(account).await?;
                let told = told(&presence, is_elsewhere(&store, account).await?);
                Ok(Some(Box::new(Viewers { told, may_see })))
            }
            .await;
            FoundResult::Presence(found.map(Answer::Viewers))
        });
    }
}

async fn is_elsewhere(store: &Store, account: AccountId) -> Result<bool, StoreError> {
    let found = store
        .registered_elsewhere(&[account], SystemTime::now())
        .await?;
    Ok(!found.is_empty())
}

/// What of a change those who watch somebody may have to hear.
pub(super) fn inputs(change: &Change) -> Vec<Input> {
    if change.everything {
        return vec![Input::PresenceChanged { account: None }];
    }
    let concerns = |what: &WhatChanged| {
        matches!(
            what,
            WhatChanged::Presence
                | WhatChanged::CallSettings
                | WhatChanged::Contacts
                | WhatChanged::Removed
        )
    };
    let people = change.people.iter();
    let people = people.filter(|person| concerns(&person.what));
    let account = |account: AccountId| Some(switch::AccountId(account.0));
    let seen = people.map(|person| Input::PresenceChanged {
        account: account(person.account),
    });
    let messages = change.people.iter();
    let messages = messages.filter(|person| person.what == WhatChanged::Voicemail);
    let lamps = messages.map(|person| Input::MessagesChanged {
        account: switch::AccountId(person.account.0),
    });
    seen.chain(lamps).collect()
}
