//! Files over the second channel of a connection: read and sent as fast as the other side takes them, and written as they
//! come.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::AccountId;
use api::room::{FilePiece, FileRef};
use bytes::BytesMut;
use phone::chat::{Attachment, Incoming, NotTaken, PeerNews};
use tokio::sync::{OwnedMutexGuard, mpsc};
use tokio::task::JoinHandle;
use webrtc::data_channel::{DataChannel, DataChannelEvent};

use crate::engine::courier::disk::{Growing, read};
use crate::engine::courier::modified_millis;
use crate::engine::courier::source::Source;
use crate::engine::received::Received;

/// How often it is told how far a file is.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// So much is written at once.
const BLOCK: usize = 256 * 1024;
/// So much may be unwritten by the disk; at the end the rest takes no time then.
const UNSYNCED: u64 = 64 * 1024 * 1024;

/// What is to be done with files over a connection.
pub(super) enum FileOrder {
    Send {
        transfer: u32,
        source: Source,
        offset: u64,
    },
    Take {
        transfer: u32,
        from: AccountId,
        file: Box<FileRef>,
    },
    StopSending(u32),
    StopTaking(u32),
}

/// Sends and takes files over a channel until nobody orders anything any more.
pub(super) async fn run(
    link: u64,
    channel: Arc<dyn DataChannel>,
    received: Option<Received>,
    mut orders: mpsc::Receiver<FileOrder>,
    news: mpsc::Sender<PeerNews>,
) {
    let mut sending: Option<(u32, JoinHandle<()>)> = None;
    let mut taking: Option<Taking> = None;
    loop {
        let told = tokio::select! {
            order = orders.recv() => match order {
                Some(FileOrder::Send { transfer, source, offset }) => {
                    stop(sending.take());
                    let pump = pump(link, transfer, source, offset, channel.clone(), news.clone());
                    sending = Some((transfer, tokio::spawn(pump)));
                    None
                }
                Some(FileOrder::Take { transfer, from, file }) => {
                    if let Some(before) = taking.take() {
                        before.leave().await;
                    }
                    match &received {
                        Some(received) => {
                            let begun = Taking::begin(link, transfer, received, from, *file).await;
                            let (now, told) = begun;
                            taking = now;
                            Some(told)
                        }
                        None => Some(PeerNews::FileNotTaken { link, transfer, why: NotTaken::NoRoom }),
                    }
                }
                Some(FileOrder::StopSending(transfer)) => {
                    stop(sending.take_if(|(known, _)| *known == transfer));
                    None
                }
                Some(FileOrder::StopTaking(transfer)) => {
                    if let Some(before) = taking.take_if(|one| one.transfer == transfer) {
                        before.leave().await;
                    }
                    None
                }
                None => break,
            },
            event = channel.poll() => match event {
                Some(DataChannelEvent::OnMessage(message)) => match taking.take() {
                    Some(one) => {
                        let (now, told) = one.take(&message.data).await;
                        taking = now;
                        told
                    }
                    // Of a transfer that was given up.
                    None => None,
                },
                Some(DataChannelEvent::OnClosing | DataChannelEvent::OnClose) | None => break,
                Some(_) => None,
            },
        };
        if let Some(told) = told {
            let _ = news.send(told).await;
        }
    }
    stop(sending);
    if let Some(before) = taking {
        before.leave().await;
    }
}

fn stop(sending: Option<(u32, JoinHandle<()>)>) {
    if let Some((_, task)) = sending {
        task.abort();
    }
}

/// Sends a file from a place on.
async fn pump(
    link: u64,
    transfer: u32,
    source: Source,
    offset: u64,
    channel: Arc<dyn DataChannel>,
    news: mpsc::Sender<PeerNews>,
) {
    let told = match send(link, transfer, &source, offset, &channel, &news).await {
        Ok(()) => PeerNews::FileSent {
            link,
            transfer,
            bytes: source.bytes,
        },
        Err(Some(sentence)) => PeerNews::FileNotSent {
            link,
            transfer,
            sentence,
        },
        Err(None) => PeerNews::Lost { link },
    };
    let _ = news.send(told).await;
}

/// An error is a sentence about the file; without one it is the channel's.
async fn send(
    link: u64,
    transfer: u32,
    source: &Source,
    mut offset: u64,
    channel: &Arc<dyn DataChannel>,
    news: &mpsc::Sender<PeerNews>,
) -> Result<(), Option<String>> {
    let mut file = source.open(offset).await?;
    let mut told = Instant::now();
    while offset < source.bytes {
        let block;
        (file, block) = read(file)
            .await
            .map_err(|error| source.unreadable(&error))?;
        if block.is_empty() || offset + block.len() as u64 > source.bytes {
            return Err(Some(source.changed()));
        }
        for bytes in block.chunks(FilePiece::MOST) {
            let piece = FilePiece {
                transfer,
                offset,
                bytes,
            };
            let message = BytesMut::from(&piece.to_message()[..]);
            // Waits while the other side has not acknowledged as much as may be on its way.
            channel.send(message).await.map_err(|_| None)?;
            offset += bytes.len() as u64;
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                let _ = news.try_send(PeerNews::FileSent {
                    link,
                    transfer,
                    bytes: offset,
                });
            }
        }
    }
    Ok(())
}

/// A file that comes.
struct Taking {
    link: u64,
    transfer: u32,
    incoming: Incoming,
    growing: Growing,
    /// What has come and is not written.
    waiting: Vec<u8>,
    unsynced: u64,
    part: PathBuf,
    place: PathBuf,
    file: FileRef,
    received: Received,
    told: Instant,
    _turn: OwnedMutexGuard<()>,
}

type Step = (Option<Taking>, Option<PeerNews>);

impl Taking {
    /// Looks what is here of a file.
    async fn begin(
        link: u64,
        transfer: u32,
        received: &Received,
        from: AccountId,
        file: FileRef,
    ) -> (Option<Self>, PeerNews) {
        let not_taken = |why| PeerNews::FileNotTaken {
            link,
            transfer,
            why,
        };
        let place = received.place(from, &file.sha256);
        if let Ok(facts) = tokio::fs::metadata(&place).await
            && facts.len() == file.bytes
        {
            // It was checked when it came.
            return (None, taken(link, transfer, &place, &facts));
        }
        let part = match received.part(from, &file.sha256, file.bytes).await {
            Ok(part) => part,
            Err(error) => {
                tracing::warn!(%error, "a file of another device cannot be kept");
                None
            }
        };
        let Some((part, turn)) = part else {
            return (None, not_taken(NotTaken::NoRoom));
        };
        let growing = match Growing::open(part.clone(), file.bytes).await {
            Ok(growing) => growing,
            Err(error) => {
                tracing::warn!(%error, "a file of another device cannot be kept");
                return (None, not_taken(NotTaken::NoRoom));
            }
        };
        let offset = growing.length;
        let taking = Self {
            link,
            transfer,
            incoming: Incoming::new(transfer, offset, file.bytes),
            growing,
            waiting: Vec::new(),
            unsynced: 0,
            part,
            place,
            file,
            received: received.clone(),
            told: Instant::now(),
            _turn: turn,
        };
        if taking.incoming.is_complete() {
            return (None, taking.finish().await);
        }
        let ready = PeerNews::FileReady {
            link,
            transfer,
            offset,
        };
        (Some(taking), ready)
    }

    /// Takes what the next message brings.
    async fn take(mut self, message: &[u8]) -> Step {
        let (link, transfer) = (self.link, self.transfer);
        let Ok(bytes) = self.incoming.take(message) else {
            tracing::debug!("another device sends what is no part of its file");
            self.leave().await;
            return (None, Some(PeerNews::Lost { link }));
        };
        self.waiting.extend_from_slice(bytes);
        let is_complete = self.incoming.is_complete();
        if is_complete || self.waiting.len() >= BLOCK {
            self = match self.write().await {
                Ok(written) => written,
                Err(error) => {
                    tracing::warn!(%error, "a file of another device cannot be written");
                    let why = NotTaken::NoRoom;
                    let news = PeerNews::FileNotTaken {
                        link,
                        transfer,
                        why,
                    };
                    return (None, Some(news));
                }
            };
        }
        if is_complete {
            return (None, Some(self.finish().await));
        }
        let came = (self.told.elapsed() >= TELL_EVERY).then(|| {
            self.told = Instant::now();
            PeerNews::FileCame {
                link,
                transfer,
                bytes: self.incoming.received(),
            }
        });
        (Some(self), came)
    }

    async fn write(mut self) -> std::io::Result<Self> {
        let waiting = std::mem::take(&mut self.waiting);
        self.unsynced += waiting.len() as u64;
        self.growing = self.growing.add(waiting).await?;
        if self.unsynced >= UNSYNCED {
            self.unsynced = 0;
            self.growing = self.growing.sync().await?;
        }
        Ok(self)
    }

    /// All of it has come: it is what was announced, or goes.
    async fn finish(self) -> PeerNews {
        let (link, transfer) = (self.link, self.transfer);
        let not_taken = |why| PeerNews::FileNotTaken {
            link,
            transfer,
            why,
        };
        let finished = async {
            if self.growing.finish().await? != self.file.sha256 {
                tokio::fs::remove_file(&self.part).await?;
                return Ok(not_taken(NotTaken::Damaged));
            }
            let facts = self.received.finish(self.part, self.place.clone()).await?;
            Ok::<_, std::io::Error>(taken(link, transfer, &self.place, &facts))
        };
        finished.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a file of another device cannot be kept");
            not_taken(NotTaken::NoRoom)
        })
    }

    /// What has come stays for the next time.
    async fn leave(self) {
        if let Err(error) = self.write().await {
            tracing::debug!(%error, "the end of what has come of a file is lost");
        }
    }
}

fn taken(link: u64, transfer: u32, place: &std::path::Path, facts: &std::fs::Metadata) -> PeerNews {
    PeerNews::FileTaken {
        link,
        transfer,
        attachment: Box::new(Attachment {
            path: place.to_string_lossy().into_owned(),
            modified_millis: modified_millis(facts),
            is_ours: false,
            upload: None,
        }),
    }
}
