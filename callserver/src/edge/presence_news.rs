//! Who has come, gone, begun or ceased to speak: from the exchange's thread to whoever tells it on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::AccountId;
use switch::Facts;
use tokio::sync::Notify;

/// What is new, each account once. Cheap to clone; one side puts, one takes.
#[derive(Clone, Default, Debug)]
pub struct PresenceNews(Arc<Inner>);

#[derive(Default, Debug)]
struct Inner {
    /// No more than there are accounts.
    news: Mutex<HashMap<AccountId, Facts>>,
    is_there: Notify,
}

impl PresenceNews {
    /// Puts what is known of an account now in the place of what was new before.
    pub(super) fn put(&self, account: switch::AccountId, facts: Facts) {
        // A map cannot be left half done.
        let mut news = self.0.news.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = news.is_empty();
        news.insert(AccountId(account.0), facts);
        drop(news);
        if is_first {
            self.0.is_there.notify_one();
        }
    }

    /// Returns when there is something new.
    pub async fn wait(&self) {
        self.0.is_there.notified().await;
    }

    /// Whether there is nothing new.
    pub fn is_empty(&self) -> bool {
        let news = self.0.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.is_empty()
    }

    /// Everything that is new.
    pub fn take(&self) -> HashMap<AccountId, Facts> {
        let mut news = self.0.news.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut news)
    }
}
