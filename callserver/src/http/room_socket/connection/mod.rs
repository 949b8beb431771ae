//! One connection of the room protocol: who is there, what they want, and what they are told.
//!
//! For each room the connection keeps the last sequence number that it has sent. A new entry that follows it is sent; at
//! any other one the connection reads from the database what is missing. So nothing is left out and nothing comes twice,
//! whatever happens to messages on the way between tasks and servers.

mod admission;
mod wishes;

use std::collections::{BTreeSet, HashMap};
use std::future::pending;
use std::time::{Duration, SystemTime};

use api::room::{
    Connect, Connected, Notification, NotificationKind, Request, RoomErrorCode, Said, Stored, Told,
};
use api::{AccountId, Event};
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message as Frame, Utf8Bytes};

use super::answer;
use crate::http::Interface;
use crate::office::Session;
use crate::presence::Mail as PresenceMail;
use crate::rooms::{Letters, Mail, RoomsError, Speaker, envelope, new_message};
use crate::store::unix_millis;
use admission::admit;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// So long somebody may take to say who they are.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whoever takes nothing for so long is cut.
const SLOWEST: Duration = Duration::from_secs(20);

/// Shorter than the patience of routers and proxies with a silent connection. Who has said nothing since the one before
/// the last, no answer to it either, is gone.
const HEARTBEAT: Duration = Duration::from_secs(25);

/// So many messages of one connection may wait to become durable; it is not read from until there are fewer.
const IN_FLIGHT: usize = 64;

/// So much of a room is read at once.
const SLICE: i64 = 100;

/// So much of a room that is new to somebody is sent without their asking.
const NEW_ROOM: i64 = 50;

/// Each device holds one stream of events or one of these.
const STREAMS_OF_ACCOUNT: usize = 40;

/// The connection is over.
struct Over;

type Step<T = ()> = Result<T, Over>;

/// A message that becomes durable, with the id of its request.
type Answer = (Option<String>, Result<Stored, RoomsError>);

struct Connection {
    interface: Interface,
    socket: Socket,
    session: Session,
    speaker: Speaker,
    known_as: api::room::MessageId,
    /// The key that this device signs with.
    peer_key: Option<String>,
    letters: Letters,
    presence: Option<PresenceMail>,
    /// The last sequence number that was sent of each room.
    sent: HashMap<i64, i64>,
    /// Rooms of which something is to be read.
    behind: BTreeSet<i64>,
    /// Whether anything came since the last heartbeat.
    is_alive: bool,
}

/// Speaks with somebody until either side ends it.
pub(super) async fn serve(interface: Interface, mut socket: Socket) {
    let first = timeout(PATIENCE, first(&mut socket)).await;
    let connected = match first {
        // Boxed, as other steps below: what is not needed while a connection is idle is not part of it.
        Ok(Some(text)) => Box::pin(begin(interface, socket, &text)).await,
        _ => {
            let sentence = "Say who you are with USER_CONNECT first.";
            let text = answer::error(RoomErrorCode::ConnectionError, 408, sentence, None);
            close(&mut socket, text).await;
            return;
        }
    };
    if let Some(mut connection) = connected {
        let _ = connection.run().await;
        let _ = timeout(PATIENCE, connection.socket.close(None)).await;
    }
}

/// The first text.
async fn first(socket: &mut Socket) -> Option<Utf8Bytes> {
    loop {
        match socket.next().await?.ok()? {
            Frame::Text(text) => return Some(text),
            Frame::Ping(_) | Frame::Pong(_) => {}
            _ => return None,
        }
    }
}

/// Says why it ends, and ends it.
async fn close(socket: &mut Socket, text: String) {
    let closing = async {
        let _ = socket.send(Frame::text(text)).await;
        let _ = socket.close(None).await;
    };
    let _ = timeout(PATIENCE, closing).await;
}

/// Lets somebody in whose first message says who they are; else says why not.
async fn begin(interface: Interface, mut socket: Socket, text: &str) -> Option<Connection> {
    let request = match serde_json::from_str::<Request>(text) {
        Ok(request) => request,
        Err(error) => {
            close(&mut socket, answer::misunderstood(text, &error)).await;
            return None;
        }
    };
    let id = request.id.filter(|id| answer::is_id(id));
    let Said::Connect(wish) = request.said else {
        let sentence = "Say who you are with USER_CONNECT first.";
        let text = answer::error(RoomErrorCode::ConnectionError, 401, sentence, id);
        close(&mut socket, text).await;
        return None;
    };
    match admit(&interface, &wish).await {
        Ok((session, speaker, number)) => {
            let known_as = wish.session_id.clone().or_else(|| {
                let random: u64 = rand::random();
                api::room::MessageId::parse(&format!("c-{random:016x}")).ok()
            })?;
            let connected = Told::Connected(Connected {
                account: session.account,
                number,
                display_name: speaker.display_name.clone(),
                session_id: known_as.clone(),
                largest_file: Some(interface.files.limits().largest),
            });
            let letters = interface
                .rooms
                .connect(session.account, known_as.as_str())
                .await;
            let letters = match letters {
                Ok(Some(letters)) => letters,
                Ok(None) => {
                    let sentence = "Too many devices of this account are connected; close one.";
                    let text = answer::error(RoomErrorCode::ConnectionError, 429, sentence, id);
                    close(&mut socket, text).await;
                    return None;
                }
                Err(error) => {
                    close(&mut socket, answer::refusal(&error, id)).await;
                    return None;
                }
            };
            let presence = { &interface.listeners }.listen(session.account, STREAMS_OF_ACCOUNT);
            let mut connection = Connection {
                interface,
                socket,
                session,
                speaker,
                known_as,
                peer_key: wish.peer_key.clone(),
                letters,
                presence,
                sent: HashMap::new(),
                behind: BTreeSet::new(),
                is_alive: true,
            };
            let started = connection.start(connected, id, wish).await;
            started.ok().map(|()| connection)
        }
        Err(refused) => {
            let (code, status, sentence) = refused;
            close(&mut socket, answer::error(code, status, sentence, id)).await;
            None
        }
    }
}

impl Connection {
    fn account(&self) -> AccountId {
        self.session.account
    }

    /// Tells who they are, which rooms they have, and from where on they hear of each.
    async fn start(&mut self, connected: Told, id: Option<String>, wish: Connect) -> Step {
        self.send(answer::text(connected, 200, id)).await?;
        let rooms = &self.interface.rooms;
        let begun = async {
            let list = rooms.list(self.session.account, None, None).await?;
            let sent: HashMap<i64, i64> = rooms
                .memberships(self.session.account)
                .await?
                .into_iter()
                .collect();
            let mut wanted = Vec::new();
            for (room, cursor) in wish.cursors {
                if let Some(key) = rooms.key_of(self.session.account, &room).await? {
                    wanted.push((key, cursor.max(0)));
                }
            }
            Ok::<_, RoomsError>((list, sent, wanted))
        };
        match begun.await {
            Ok((list, sent, wanted)) => {
                self.sent = sent;
                for (key, cursor) in wanted {
                    // One that says to have more than there is has it from somewhere else.
                    let last = self.sent.entry(key).or_insert(cursor);
                    if cursor < *last {
                        *last = cursor;
                        self.behind.insert(key);
                    }
                }
                self.send(answer::text(Told::RoomsList(list), 200, None))
                    .await
            }
            Err(error) => {
                self.send(answer::refusal(&error, None)).await?;
                Err(Over)
            }
        }
    }

    async fn run(&mut self) -> Step {
        let mut changes = self.interface.office.changes();
        let first = tokio::time::Instant::now() + HEARTBEAT;
        let mut heartbeat = interval_at(first, HEARTBEAT);
        let mut in_flight: FuturesUnordered<_> = FuturesUnordered::new();
        loop {
            let is_behind = !self.behind.is_empty();
            tokio::select! {
                frame = self.socket.next(), if in_flight.len() < IN_FLIGHT => {
                    self.is_alive = true;
                    let text = match frame {
                        Some(Ok(Frame::Text(text))) => text,
                        Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => continue,
                        Some(Ok(Frame::Binary(_))) => {
                            let sentence = "Messages are text, each one JSON object.";
                            let text = answer::error(RoomErrorCode::InvalidMessage, 400, sentence, None);
                            self.send(text).await?;
                            continue;
                        }
                        _ => return Err(Over),
                    };
                    if let Some((id, answered)) = Box::pin(self.hear(&text)).await? {
                        in_flight.push(async move {
                            let stored = answered.await.unwrap_or(Err(RoomsError::Busy));
                            (id, stored)
                        });
                    }
                }
                Some(answer) = in_flight.next(), if !in_flight.is_empty() => {
                    self.tell_stored(answer).await?;
                }
                mail = self.letters.next() => self.take(mail).await?,
                event = presence(&mut self.presence) => {
                    if let Event::Presence(view) = event {
                        self.tell(Told::Presence(view)).await?;
                    }
                }
                change = changes.recv() => {
                    let is_about_me = match &change {
                        Ok(change) => { change.people.iter() }
                            .any(|person| person.account == self.session.account),
                        Err(RecvError::Lagged(_)) => true,
                        // The server stops.
                        Err(RecvError::Closed) => return Err(Over),
                    };
                    if is_about_me {
                        Box::pin(self.look_after_session()).await?;
                    }
                }
                _ = heartbeat.tick() => {
                    if !std::mem::take(&mut self.is_alive) {
                        return Err(Over);
                    }
                    self.send_frame(Frame::Ping(Default::default())).await?;
                }
                () = std::future::ready(()), if is_behind => Box::pin(self.catch_up()).await?,
            }
        }
    }

    /// Says something that goes out with what is said next, or with [`Self::flush`].
    async fn feed(&mut self, frame: Frame) -> Step {
        match timeout(SLOWEST, self.socket.feed(frame)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }

    async fn flush(&mut self) -> Step {
        match timeout(SLOWEST, self.socket.flush()).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }

    async fn send_frame(&mut self, frame: Frame) -> Step {
        match timeout(SLOWEST, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }

    async fn send(&mut self, text: String) -> Step {
        self.send_frame(Frame::text(text)).await
    }

    async fn tell(&mut self, told: Told) -> Step {
        self.send(envelope(told, unix_millis(SystemTime::now())))
            .await
    }

    async fn tell_stored(&mut self, (id, stored): Answer) -> Step {
        let text = match stored {
            Ok(stored) => answer::text(Told::Stored(stored), 200, id),
            Err(error) => answer::refusal(&error, id),
        };
        self.send(text).await
    }

    /// Ends the connection when its session is over.
    async fn look_after_session(&mut self) -> Step {
        let store = self.interface.office.store();
        match store.has_session(self.session.session_id).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let sentence = "The session is over; sign in again.";
                let text = answer::error(RoomErrorCode::ConnectionError, 401, sentence, None);
                self.send(text).await?;
                Err(Over)
            }
            Err(error) => {
                tracing::error!(%error, "it is not known whether a session still is");
                Ok(())
            }
        }
    }

    /// What is new, or that this connection's place is gone.
    async fn take(&mut self, mail: Option<Mail>) -> Step {
        match mail {
            Some(Mail::Entries(room, entries)) => {
                for entry in entries.iter() {
                    let Some(sent) = self.sent.get_mut(&room) else {
                        break;
                    };
                    if self.behind.contains(&room) || entry.seq <= *sent {
                        continue;
                    }
                    if entry.seq > *sent + 1 {
                        self.behind.insert(room);
                        break;
                    }
                    *sent = entry.seq;
                    let is_hidden = entry
                        .visible_to
                        .is_some_and(|account| account != self.session.account);
                    let text = match is_hidden {
                        true => entry.hidden.clone(),
                        false => entry.text.clone(),
                    };
                    self.feed(Frame::Text(text)).await?;
                }
                self.flush().await
            }
            Some(Mail::Wake(Some(room))) => {
                if self.sent.contains_key(&room) {
                    self.behind.insert(room);
                }
                Ok(())
            }
            Some(Mail::Wake(None)) => {
                self.behind.extend(self.sent.keys());
                Ok(())
            }
            Some(Mail::Told(text)) => self.send_frame(Frame::Text(text)).await,
            Some(Mail::Members) => Box::pin(self.look_after_rooms()).await,
            Some(Mail::Replaced) => {
                let sentence = "Another connection with this session id has begun.";
                let text = answer::error(RoomErrorCode::ConnectionError, 409, sentence, None);
                self.send(text).await?;
                Err(Over)
            }
            None => {
                let sentence = "You do not read fast enough; connect again and go on with cursors.";
                let text = answer::error(RoomErrorCode::ConnectionError, 408, sentence, None);
                self.send(text).await?;
                Err(Over)
            }
        }
    }

    /// They are in other rooms than before.
    async fn look_after_rooms(&mut self) -> Step {
        let me = self.account();
        let rooms = self.interface.rooms.clone();
        let Ok(now) = rooms.memberships(me).await else {
            // They connect again and read everything anew.
            return Err(Over);
        };
        let now: HashMap<i64, i64> = now.into_iter().collect();
        let gone: Vec<i64> = { self.sent.keys() }
            .filter(|key| !now.contains_key(key))
            .copied()
            .collect();
        for key in gone {
            self.sent.remove(&key);
            self.behind.remove(&key);
            if let Ok(Some(room)) = rooms.id_of(key).await {
                self.tell(Told::Notification(Notification {
                    about: NotificationKind::RoomGone,
                    room: Some(room),
                    sequence: None,
                }))
                .await?;
            }
        }
        for (key, last) in now {
            if self.sent.contains_key(&key) {
                continue;
            }
            let Ok(Some(room)) = rooms.id_of(key).await else {
                continue;
            };
            // One that they do not see is told of with the first thing that they do see in it.
            if let Ok(room) = rooms.room(me, &room).await {
                let from = (last - NEW_ROOM).max(0);
                self.sent.insert(key, from);
                self.behind.insert(key);
                if !rooms.is_hidden(me, key).await.unwrap_or(true) {
                    self.tell(Told::NewRoom(room)).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends a piece of what is missing in one room.
    async fn catch_up(&mut self) -> Step {
        let Some(room) = self.behind.pop_first() else {
            return Ok(());
        };
        let Some(after) = self.sent.get(&room).copied() else {
            return Ok(());
        };
        let rooms = self.interface.rooms.clone();
        match rooms.slice(self.account(), room, after, SLICE).await {
            Ok(Some(slice)) => {
                if slice.is_more {
                    self.behind.insert(room);
                }
                self.sent.insert(room, slice.upto);
                for message in slice.messages {
                    let text = envelope(new_message(message), unix_millis(SystemTime::now()));
                    self.feed(Frame::text(text)).await?;
                }
                self.flush().await
            }
            Ok(None) => {
                self.sent.remove(&room);
                Ok(())
            }
            Err(error) => {
                self.send(answer::refusal(&error, None)).await?;
                Err(Over)
            }
        }
    }
}

/// What somebody among the contacts is.
async fn presence(mail: &mut Option<PresenceMail>) -> Event {
    match mail {
        Some(mail) => mail.next().await,
        None => pending().await,
    }
}
