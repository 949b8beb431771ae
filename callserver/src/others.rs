//! What other servers on the same PostgreSQL database change is forgotten here too, and told to whoever listens.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::edge::Exchange;
use crate::office::{Change, Heard, Office};
use crate::store::{Notices, StoreError};

/// After so long without a notice the connection is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(15);
/// So long it may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// So long is waited before the next attempt to connect.
const AGAIN: Duration = Duration::from_secs(1);

/// Listens for as long as the server runs; `notices` have been open since before anything was remembered. With SQLite
/// there are no others.
pub(crate) async fn listen(
    office: Office,
    exchange: Exchange,
    notices: Option<Notices>,
    nodes: Arc<Notify>,
) {
    let Some(mut notices) = notices else {
        return;
    };
    loop {
        while let Some(text) = next(&mut notices).await {
            match office.read_notice(&text) {
                Heard::Own => {}
                Heard::Change(change) if !change.everything => {
                    if change.nodes {
                        nodes.notify_one();
                    }
                    office.heard(change).await;
                }
                Heard::Change(_) | Heard::Unknown => start_over(&office, &exchange).await,
            }
        }
        tracing::warn!("the connection to PostgreSQL that tells of other servers' changes is lost");
        notices = loop {
            match office.store().listen().await {
                Ok(Some(notices)) => break notices,
                Ok(None) => return,
                Err(error) => tracing::debug!(%error, "no connection for notices yet"),
            }
            tokio::time::sleep(AGAIN).await;
        };
        // What was said meanwhile, nobody heard.
        nodes.notify_one();
        start_over(&office, &exchange).await;
        tracing::info!("other servers' changes are heard again");
    }
}

/// The next notice; `None` when the connection is lost, also when it has died in silence.
async fn next(notices: &mut Notices) -> Option<String> {
    loop {
        if let Ok(notice) = tokio::time::timeout(QUIET, notices.next()).await {
            return notice;
        }
        match tokio::time::timeout(ANSWER, notices.check()).await {
            Ok(Ok(())) => {}
            _ => return None,
        }
    }
}

/// Forgets everything that is remembered, and ends the registrations of logins that are not good any more.
async fn start_over(office: &Office, exchange: &Exchange) {
    let gone: Result<Vec<String>, StoreError> = async {
        let registered = exchange.logins().await;
        let good = office.store().good_logins(&registered).await?;
        let good: HashSet<String> = good.into_iter().collect();
        let gone = registered.into_iter().filter(|login| !good.contains(login));
        Ok(gone.collect())
    }
    .await;
    let revoked = gone.unwrap_or_else(|error| {
        // They end with their time, when their phones register again in vain.
        tracing::warn!(%error, "it is not known which registrations are not good any more");
        Vec::new()
    });
    office
        .heard(Change {
            logins: revoked.clone(),
            revoked,
            ..Change::everything()
        })
        .await;
}
