//! Other servers on the same database: each says every few seconds that it lives and where it is reached, and each knows
//! which others do.
//!
//! Whether another one lives is told by a number that changes, not by anybody's clock. With SQLite there are no others and
//! nothing of this runs.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sip::Transport;
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;

use crate::office::{Office, OfficeError};
use crate::store::NodeRow;

/// The servers that live, and how SIP reaches them.
pub(crate) type Neighbours = HashMap<String, (Transport, SocketAddr)>;

/// The one who says what the others know.
#[derive(Debug)]
pub(crate) struct Watch {
    known: watch::Sender<Arc<Neighbours>>,
    heard: HashMap<String, Pulse>,
    look: Arc<Notify>,
}

/// What was last heard of a server.
#[derive(Clone, Copy, Debug)]
struct Pulse {
    beat: i64,
    /// When that was news.
    since: Instant,
}

/// How often each says that it lives.
const BEAT: Duration = Duration::from_secs(4);
/// Who was not heard for so long is not tried: three beats, and one for a slow database.
const PATIENCE: Duration = Duration::from_secs(16);

/// How the others reach this server.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    pub(crate) transport: Transport,
    /// `HOST:PORT`.
    pub(crate) sip: String,
}

impl Watch {
    /// Nobody is known yet. What is known comes out of the receiver; whoever wakes the other part has it look again.
    pub(crate) fn new() -> (Self, watch::Receiver<Arc<Neighbours>>, Arc<Notify>) {
        let (known, watching) = watch::channel(Arc::default());
        let look = Arc::new(Notify::new());
        let watch = Self {
            known,
            heard: HashMap::new(),
            look: Arc::clone(&look),
        };
        (watch, watching, look)
    }

    /// Says that this server lives, and looks who else does. The first time is over before anybody is served.
    pub(crate) async fn begin(&mut self, office: &Office, here: &Here) -> Result<(), OfficeError> {
        office.beat(here.transport, &here.sip).await?;
        self.look(office).await
    }

    /// The same for as long as the server runs.
    pub(crate) async fn run(mut self, office: Office, here: Here) {
        let mut beats = tokio::time::interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let look = Arc::clone(&self.look);
        loop {
            let done = tokio::select! {
                _ = beats.tick() => self.begin(&office, &here).await,
                () = look.notified() => self.look(&office).await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, "other servers on this database are not known at the moment");
                // While the database is away nothing says that they are.
                self.publish(Vec::new(), Instant::now()).await;
            }
        }
    }

    async fn look(&mut self, office: &Office) -> Result<(), OfficeError> {
        let nodes = office.store().other_nodes().await?;
        self.publish(nodes, Instant::now()).await;
        Ok(())
    }

    async fn publish(&mut self, nodes: Vec<NodeRow>, now: Instant) {
        let mut living = Neighbours::new();
        for node in self.living(nodes, now) {
            match tokio::net::lookup_host(&node.sip)
                .await
                .map(|mut found| found.next())
            {
                Ok(Some(address)) => {
                    living.insert(node.node, (node.transport, address));
                }
                Ok(None) | Err(_) => {
                    tracing::warn!(
                        node = node.node,
                        sip = node.sip,
                        "the address of another server cannot be looked up"
                    );
                }
            }
        }
        self.known.send_if_modified(|known| {
            let is_news = **known != living;
            if is_news {
                tracing::info!(servers = living.len(), "other servers on this database");
                *known = Arc::new(living);
            }
            is_news
        });
    }

    /// Those whose number has changed within [`PATIENCE`], and those that are seen for the first time.
    fn living(&mut self, nodes: Vec<NodeRow>, now: Instant) -> Vec<NodeRow> {
        let old = std::mem::take(&mut self.heard);
        let mut living = Vec::new();
        for node in nodes {
            let since = match old.get(&node.node) {
                Some(pulse) if pulse.beat == node.beat => pulse.since,
                _ => now,
            };
            let beat = node.beat;
            self.heard.insert(node.node.clone(), Pulse { beat, since });
            if now.saturating_duration_since(since) < PATIENCE {
                living.push(node);
            }
        }
        living
    }
}

impl Office {
    /// Says to other servers that this one lives and where it is reached; tells them at once if that is news.
    async fn beat(&self, transport: Transport, sip: &str) -> Result<(), OfficeError> {
        let mut tx = self.store().begin().await?;
        let is_news = tx.beat(transport, sip, SystemTime::now()).await?;
        self.tell_of_nodes(tx, is_news).await
    }

    /// Says to other servers that this one stops.
    pub(crate) async fn leave(&self) -> Result<(), OfficeError> {
        let mut tx = self.store().begin().await?;
        tx.leave_nodes().await?;
        self.tell_of_nodes(tx, true).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, beat: i64) -> NodeRow {
        NodeRow {
            node: name.to_owned(),
            transport: Transport::Tcp,
            sip: "127.0.0.1:5060".to_owned(),
            beat,
        }
    }

    #[test]
    fn a_server_lives_while_its_number_changes() {
        let (mut watch, ..) = Watch::new();
        let start = Instant::now();
        let mut living = |beats: &[(&str, i64)], seconds: u64| {
            let nodes = beats.iter().map(|(name, beat)| node(name, *beat)).collect();
            let living = watch.living(nodes, start + Duration::from_secs(seconds));
            living.into_iter().map(|node| node.node).collect::<Vec<_>>()
        };
        assert_eq!(living(&[("a", 7), ("b", 1)], 0), ["a", "b"]);
        assert_eq!(living(&[("a", 8), ("b", 1)], 15), ["a", "b"]);
        assert_eq!(living(&[("a", 9), ("b", 1)], 16), ["a"]);
        assert_eq!(living(&[("a", 9), ("b", 2)], 30), ["a", "b"]);
        assert_eq!(living(&[("b", 2)], 31), ["b"]);
        // Its row was gone: it is as new.
        assert_eq!(living(&[("a", 9), ("b", 2)], 60), ["a"]);
    }
}
