//! What conversations need besides the connection to the server: direct connections to other devices, and bringing what
//! was said there to the server.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use api::room::{PeerMessage, RoomId};
use phone::chat::{ChatInput, DeviceKey, FlushOutcome, PeerConfig, PeerNews, PeerOrder};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::received::Received;
use crate::keep::letters::Kept;
use crate::peer::PeerLinks;
use crate::web::Session;

/// How this device talks to others without the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerToPeer {
    /// Whether it does at all.
    pub is_on: bool,
    /// How often what was said is brought to the server.
    pub flush_every: Duration,
}

impl Default for PeerToPeer {
    fn default() -> Self {
        Self {
            is_on: true,
            flush_every: phone::chat::FLUSH_EVERY,
        }
    }
}

impl PeerToPeer {
    /// What conversations are told of it. A device without a file to write a journal into does not take part: what it
    /// acknowledged would be gone with the program.
    pub(super) fn config(self, kept: &Kept) -> Option<PeerConfig> {
        let key = kept.secret.as_ref().and_then(DeviceKey::new)?;
        Some(PeerConfig {
            key,
            is_on: self.is_on,
            flush_every: self.flush_every,
        })
    }
}

/// Direct connections, and what is on its way to the server.
pub(super) struct Direct {
    links: PeerLinks,
    news: mpsc::Receiver<PeerNews>,
    flushes: JoinSet<(RoomId, FlushOutcome)>,
}

impl Direct {
    pub(super) fn new(home: IpAddr, received: Option<Received>) -> Self {
        let (links, news) = PeerLinks::new(home, received);
        Self {
            links,
            news,
            flushes: JoinSet::new(),
        }
    }

    /// Carries out an order. What it gives is to be told at once.
    pub(super) fn order(&mut self, order: PeerOrder) -> Option<ChatInput> {
        self.links.order(order).map(ChatInput::Peer)
    }

    /// Brings messages to the server.
    pub(super) fn flush(
        &mut self,
        session: &Arc<Session>,
        room: RoomId,
        messages: Vec<PeerMessage>,
    ) {
        let session = session.clone();
        self.flushes.spawn(async move {
            let outcome = session.flush(&room, messages).await;
            (room, outcome)
        });
    }

    pub(super) fn is_flushing(&self) -> bool {
        !self.flushes.is_empty()
    }

    /// The next thing that happened.
    pub(super) async fn next(&mut self) -> ChatInput {
        loop {
            tokio::select! {
                Some(news) = self.news.recv() => return ChatInput::Peer(news),
                Some(flushed) = self.flushes.join_next() => {
                    if let Ok((room, outcome)) = flushed {
                        return ChatInput::Flushed { room, outcome };
                    }
                }
                else => std::future::pending().await,
            }
        }
    }
}
