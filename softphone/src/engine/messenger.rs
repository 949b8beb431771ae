//! Conversations at the edge: the connection to the rooms, the file that they are kept in, and time, around
//! [`phone::chat::Chat`].

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::AccountId;
use api::room::{FileRef, MessageId, RoomId};
use phone::chat::{Chat, ChatConfig, ChatEvent, ChatInput, Keep, LinkState, Way, Wish};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::arriving::Arriving;
use super::audio::sleep_until;
use super::courier::{Courier, CourierNews, attached};
use super::direct::{Direct, PeerToPeer};
use super::filing::Filing;
use super::notes::Notes;
use super::received::Received;
use super::{Notice, OutgoingFile, OutgoingNote};
use crate::web::{FromRooms, PING_PAUSE, RoomsConnection, SILENCE, Session, WebError};

/// Wishes and events that may wait; who reads them is a loop that does nothing else.
const WAITING: usize = 1024;
/// Earlier messages that are shown at a time.
const PAGE: usize = 100;
/// How long the end may take that brings the last messages to the server; the other side has them too.
const CLOSING_PATIENCE: Duration = Duration::from_millis(1200);

/// What a messenger is told.
#[derive(Debug)]
pub(crate) enum MessengerOrder {
    /// A person wants something.
    Wish(Box<Wish>),
    /// A file of this computer is to be sent.
    SendFile(Box<OutgoingFile>),
    /// Something spoken is to be sent.
    SendNote(Box<OutgoingNote>),
    /// A file is wanted at once, for whoever listens to it while it comes.
    Listen {
        file: Box<FileRef>,
        arriving: Arriving,
    },
    /// A file is to be fetched into a folder.
    Fetch { file: Box<FileRef>, folder: PathBuf },
    /// A picture is to be shown, made small.
    Picture { file: String },
    /// It is not wanted any more.
    StopFetching { file: String },
    /// Messages that say these words are wanted, out of what is kept here.
    Search {
        /// Comes back with the answer.
        tag: u64,
        words: String,
        room: Option<RoomId>,
    },
    /// Nobody else is blocked.
    Blocked(BTreeSet<AccountId>),
    /// Whether this device talks to others.
    TalkDirectly(bool),
    /// It will be dropped: what can still be brought to the server shall be. Answered by `Closed`.
    Close,
}

/// Whose messenger it is.
pub(crate) struct MessengerConfig {
    pub(crate) me: AccountId,
    /// A name for this device that stays the same.
    pub(crate) session_id: Option<MessageId>,
    /// Where conversations are kept; nowhere without it.
    pub(crate) path: Option<PathBuf>,
    /// Whether they are sealed with a key out of the key ring, where there is one.
    pub(crate) uses_key_ring: bool,
    /// How it talks to other devices.
    pub(crate) peer_to_peer: PeerToPeer,
    /// Our address on the way to the server.
    pub(crate) home: IpAddr,
}

/// The engine's hold on the messenger. Dropping it ends it.
pub(crate) struct Messenger {
    orders: mpsc::Sender<MessengerOrder>,
    task: JoinHandle<()>,
}

impl Drop for Messenger {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the messenger tells.
#[derive(Debug)]
pub(crate) enum MessengerNews {
    /// Something about conversations.
    Chat(ChatEvent),
    /// What was found.
    Found {
        tag: u64,
        messages: Vec<api::room::Message>,
    },
    /// Something that others have to know as it is.
    Other(Box<Notice>),
    /// Something does not work.
    Trouble(String),
    /// It may be dropped.
    Closed,
}

impl Messenger {
    pub(crate) fn start(
        config: MessengerConfig,
        session: Arc<Session>,
        news: mpsc::Sender<MessengerNews>,
    ) -> Self {
        let (orders, order_queue) = mpsc::channel(WAITING);
        let task = tokio::spawn(run(config, session, order_queue, news));
        Self { orders, task }
    }

    /// `false` when it does not keep up.
    pub(crate) fn order(&self, order: MessengerOrder) -> bool {
        self.orders.try_send(order).is_ok()
    }
}

async fn run(
    config: MessengerConfig,
    session: Arc<Session>,
    mut orders: mpsc::Receiver<MessengerOrder>,
    news: mpsc::Sender<MessengerNews>,
) {
    let notes = Notes::beside(config.path.as_deref());
    let received = config.path.as_deref().and_then(Received::beside);
    let (filing, kept, trouble) = Filing::open(config.path, config.me, config.uses_key_ring).await;
    if let Some(trouble) = trouble {
        let _ = news.send(MessengerNews::Trouble(trouble)).await;
    }
    for event in beginning(&kept) {
        let _ = news.send(MessengerNews::Chat(event)).await;
    }
    notes.sweep(&kept.outgoing, &kept.journal).await;
    if let Some(received) = &received {
        received.sweep(&kept.journal).await;
    }
    let chat = ChatConfig {
        me: config.me,
        session_id: config.session_id,
        peer: config.peer_to_peer.config(&kept),
        rooms: kept.rooms,
        outgoing: kept.outgoing,
        journal: kept.journal,
    };
    let (courier, mut couriers) = Courier::new(session.clone());
    let mut work = Work {
        notes,
        courier,
        chat: Chat::new(chat, rand::random()),
        session,
        filing,
        news,
        rooms: None,
        opening: None,
        token: String::new(),
        heard_at: Instant::now(),
        ping_at: None,
        direct: Direct::new(config.home, received.clone()),
        received,
        closing: None,
    };
    work.tell(ChatInput::Start).await;
    while work.step(&mut orders, &mut couriers).await {}
    if let Some(rooms) = work.rooms.take() {
        rooms.close().await;
    }
}

/// What was kept, as events for whoever shows conversations.
fn beginning(kept: &crate::keep::letters::Kept) -> Vec<ChatEvent> {
    let mut events = Vec::new();
    for (room, messages) in &kept.rooms {
        events.push(ChatEvent::Room(Box::new(room.clone())));
        events.extend(messages.iter().cloned().map(|message| ChatEvent::Message {
            message: Box::new(message),
            is_news: false,
        }));
    }
    let journal = kept.journal.iter().cloned().map(Box::new);
    events.extend(journal.map(|entry| ChatEvent::Journal {
        entry,
        is_news: false,
    }));
    let outgoing = kept.outgoing.iter().cloned().map(Box::new);
    events.extend(outgoing.map(ChatEvent::Outgoing));
    events
}

type Opening = JoinHandle<Result<(RoomsConnection, String), WebError>>;

struct Work {
    notes: Notes,
    courier: Courier,
    chat: Chat,
    session: Arc<Session>,
    filing: Filing,
    news: mpsc::Sender<MessengerNews>,
    rooms: Option<RoomsConnection>,
    opening: Option<Opening>,
    /// What the connection was opened with.
    token: String,
    heard_at: Instant,
    ping_at: Option<Instant>,
    direct: Direct,
    /// Where files of other devices are.
    received: Option<Received>,
    /// It ends then at the latest.
    closing: Option<Instant>,
}

impl Work {
    /// Waits for one thing and sees to it; `false` when nobody holds the messenger any more.
    async fn step(
        &mut self,
        orders: &mut mpsc::Receiver<MessengerOrder>,
        couriers: &mut mpsc::Receiver<CourierNews>,
    ) -> bool {
        if let Some(closing) = self.closing
            && (!self.is_bringing() || closing <= Instant::now())
        {
            let _ = self.news.send(MessengerNews::Closed).await;
            return false;
        }
        let due = [self.chat.poll_timeout(), self.ping_at, self.closing];
        let due = due.into_iter().flatten().min();
        let (rooms, opening, direct) = (&mut self.rooms, &mut self.opening, &mut self.direct);
        let from_rooms = async {
            match rooms {
                Some(rooms) => rooms.next().await,
                None => std::future::pending().await,
            }
        };
        let opened = async {
            match opening {
                Some(task) => task.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => self.obey(order).await,
                None => return false,
            },
            Some(news) = couriers.recv() => match news {
                CourierNews::Upload { id, news } => self.tell(ChatInput::Upload { id, news }).await,
                CourierNews::Other(notice) => self.notice(*notice).await,
            },
            from = from_rooms => match from {
                Some(from) => {
                    self.heard_at = Instant::now();
                    if let FromRooms::Response(response) = from {
                        self.tell(ChatInput::Heard(response)).await;
                    }
                }
                None => self.lost().await,
            },
            input = direct.next() => self.tell(input).await,
            outcome = opened => {
                self.opening = None;
                self.opened(outcome.unwrap_or(Err(WebError::Interrupted))).await;
            }
            () = sleep_until(due) => {
                self.ping().await;
                self.tell(ChatInput::Timeout).await;
            }
        }
        true
    }

    async fn obey(&mut self, order: MessengerOrder) {
        match order {
            MessengerOrder::Wish(wish) => self.wanted(*wish).await,
            MessengerOrder::SendFile(file) => match attached(*file).await {
                Ok(wish) => self.wish(wish).await,
                Err(problem) => self.notice(Notice::Error(problem)).await,
            },
            MessengerOrder::SendNote(note) => match self.notes.attached(*note).await {
                Ok(wish) => self.wish(wish).await,
                Err(problem) => self.notice(Notice::Error(problem)).await,
            },
            MessengerOrder::Listen { file, arriving } => {
                let local = self.local(&file);
                self.courier.listen(*file, arriving, local);
            }
            MessengerOrder::Fetch { file, folder } => {
                let local = self.local(&file);
                self.courier.fetch(*file, folder, local);
            }
            MessengerOrder::Picture { file } => {
                let local = self.chat.archive().local_file(&file).map(PathBuf::from);
                self.courier.picture(file, local);
            }
            MessengerOrder::StopFetching { file } => self.courier.stop_fetching(&file),
            MessengerOrder::Search { tag, words, room } => {
                let messages = self.filing.search(words, room).await;
                let _ = self.news.send(MessengerNews::Found { tag, messages }).await;
            }
            MessengerOrder::Blocked(accounts) => self.tell(ChatInput::Blocked(accounts)).await,
            MessengerOrder::TalkDirectly(on) => self.tell(ChatInput::TalkDirectly(on)).await,
            MessengerOrder::Close => {
                self.closing = Some(Instant::now() + CLOSING_PATIENCE);
                self.tell(ChatInput::Closing).await;
            }
        }
    }

    /// Whether something is on its way to the server that only devices have.
    fn is_bringing(&self) -> bool {
        self.direct.is_flushing() || self.chat.is_bringing_files()
    }

    /// Where a file is on this computer, if it went from device to device.
    fn local(&self, file: &FileRef) -> Option<PathBuf> {
        let journalled = self.chat.archive().local_file(&file.file);
        let received = self.received.as_ref();
        journalled
            .map(PathBuf::from)
            .or_else(|| received?.find(&file.sha256))
    }

    async fn notice(&mut self, notice: Notice) {
        let _ = self.news.send(MessengerNews::Other(Box::new(notice))).await;
    }

    async fn wanted(&mut self, wish: Wish) {
        match wish {
            // What is on this disk needs no server.
            Wish::Earlier(room) => {
                let known = self.chat.archive().conversations.get(&room);
                let low = known.and_then(phone::chat::Conversation::low);
                let kept = match low {
                    Some(low) => self.filing.before(room.clone(), low, PAGE).await,
                    None => Vec::new(),
                };
                match kept.is_empty() {
                    true => self.wish(Wish::Earlier(room)).await,
                    false => {
                        self.tell(ChatInput::Kept {
                            room,
                            messages: kept,
                        })
                        .await
                    }
                }
            }
            wish => self.wish(wish).await,
        }
    }

    async fn wish(&mut self, wish: Wish) {
        self.tell(ChatInput::Do(Box::new(wish))).await;
    }

    async fn opened(&mut self, outcome: Result<(RoomsConnection, String), WebError>) {
        match outcome {
            Ok((rooms, token)) => {
                let now = Instant::now();
                (self.rooms, self.token) = (Some(rooms), token.clone());
                (self.heard_at, self.ping_at) = (now, Some(now + PING_PAUSE));
                self.tell(ChatInput::Opened { token }).await;
            }
            Err(error) => {
                tracing::debug!(%error, "there is no connection to the rooms");
                self.tell(ChatInput::Closed).await;
            }
        }
    }

    async fn lost(&mut self) {
        (self.rooms, self.ping_at) = (None, None);
        self.tell(ChatInput::Closed).await;
    }

    async fn ping(&mut self) {
        let now = Instant::now();
        if self.ping_at.is_none_or(|at| at > now) {
            return;
        }
        self.ping_at = Some(now + PING_PAUSE);
        let is_silent = now.duration_since(self.heard_at) > SILENCE;
        let is_alive = match &mut self.rooms {
            Some(rooms) if !is_silent => rooms.ping().await,
            _ => false,
        };
        if !is_alive {
            self.lost().await;
        }
    }

    /// Tells the chat something, and carries out what comes of it.
    async fn tell(&mut self, input: ChatInput) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.chat.handle(Instant::now(), input);
            let mut keep: Vec<Keep> = Vec::new();
            let (mut tells, mut uploads) = (Vec::new(), Vec::new());
            while let Some(event) = self.chat.poll_event() {
                match event {
                    ChatEvent::Keep(change) => keep.push(change),
                    ChatEvent::Connect => {
                        let session = self.session.clone();
                        self.opening = Some(tokio::spawn(async move { session.rooms().await }));
                    }
                    ChatEvent::Disconnect => {
                        (self.rooms, self.ping_at) = (None, None);
                        // A token that the server does not want any more is not shown again.
                        let (session, token) = (self.session.clone(), self.token.clone());
                        tokio::spawn(async move { session.spoil(&token).await });
                        inputs.push(ChatInput::Closed);
                    }
                    ChatEvent::Upload(outgoing) => uploads.push(outgoing),
                    ChatEvent::Measure(outgoing) => self.courier.measure(&outgoing),
                    ChatEvent::Release {
                        id,
                        attachment,
                        is_sent,
                    } => self.courier.release(&id, *attachment, is_sent),
                    event => {
                        if event == ChatEvent::Link(LinkState::Online) {
                            self.courier.hurry();
                        }
                        tells.push(event);
                    }
                }
            }
            // On the disk before anybody is told, and before it goes out.
            self.filing.keep(keep).await;
            for outgoing in uploads {
                self.courier.upload(&outgoing);
            }
            for event in tells {
                match event {
                    ChatEvent::Peer(order) => inputs.extend(self.direct.order(order)),
                    ChatEvent::Passing { id, sent, bytes } => {
                        let way = Way::Direct;
                        self.notice(Notice::Sending {
                            id,
                            sent,
                            bytes,
                            way,
                        })
                        .await;
                    }
                    ChatEvent::Flush { room, messages } => {
                        self.direct.flush(&self.session, room, messages);
                    }
                    event => {
                        let _ = self.news.send(MessengerNews::Chat(event)).await;
                    }
                }
            }
            while let Some(request) = self.chat.poll_transmit() {
                let is_said = match &mut self.rooms {
                    Some(rooms) => rooms.say(&request).await,
                    None => true,
                };
                if !is_said {
                    (self.rooms, self.ping_at) = (None, None);
                    inputs.push(ChatInput::Closed);
                    break;
                }
            }
        }
    }
}
