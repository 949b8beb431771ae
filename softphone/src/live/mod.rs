//! A client of live rooms: rooms over plain TCP and UDP that last as long as their host stays ([`api::LiveFrame`]).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use api::{
    LIVE_ANSWER, LIVE_DATAGRAM, LIVE_HEADER, LIVE_TEXT, LiveEntry, LiveFrame, LiveHeader,
    LiveHeard, LiveLeave, LiveList, LiveOperation, LiveSeat, LiveSpeech, LiveState, LiveStatus,
    LiveVerdict,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;

/// Why a live room is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The address means nothing.
    #[error("The address {0:?} of the live rooms cannot be found; write it as HOST:PORT.")]
    NoSuchHost(String),
    /// Nobody answers there.
    #[error(
        "The live rooms at {address} do not answer ({source}); check the address, and whether the server has live rooms."
    )]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// What answers speaks something else.
    #[error("What answers at {0} has no live rooms.")]
    NotLiveRooms(SocketAddr),
    /// The server says no, and why.
    #[error("{}", .0.sentence)]
    Refused(LiveVerdict),
    /// More than may be said at once.
    #[error("The text is too long; {LIVE_TEXT} bytes is the most.")]
    TooLong,
    /// The network is gone.
    #[error("The live room cannot be reached any more ({0}); join it again.")]
    Lost(io::Error),
}

impl LiveError {
    /// For scripts, in one word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchHost(_) => "bad-address",
            Self::Unreachable { .. } | Self::Lost(_) => "unreachable",
            Self::NotLiveRooms(_) => "no-live-rooms",
            Self::TooLong => "too-long",
            Self::Refused(verdict) => match verdict.status {
                LiveStatus::BadName => "bad-name",
                LiveStatus::RoomTaken => "room-taken",
                LiveStatus::NoRoom => "no-room",
                LiveStatus::NameTaken => "name-taken",
                LiveStatus::RoomFull | LiveStatus::ServerFull => "full",
                LiveStatus::TooOften => "too-often",
                LiveStatus::NoToken => "no-token",
                LiveStatus::Ok | LiveStatus::Malformed => "refused",
            },
        }
    }
}

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where live rooms are.
#[derive(Clone, Copy, Debug)]
pub struct LiveServer {
    address: SocketAddr,
}

impl LiveServer {
    /// Looks `HOST:PORT` up.
    ///
    /// # Errors
    /// If there is no such host.
    pub async fn find(place: &str) -> Result<Self, LiveError> {
        let unknown = || LiveError::NoSuchHost(place.to_owned());
        let mut found = lookup_host(place).await.map_err(|_| unknown())?;
        let address = found.next().ok_or_else(unknown)?;
        Ok(Self { address })
    }

    /// All rooms, by name.
    ///
    /// # Errors
    /// If the server does not answer, or says no.
    pub async fn list(&self) -> Result<LiveList, LiveError> {
        self.ask(LiveOperation::List, "", &()).await
    }

    /// Opens a room as its host, or joins one, and is heard there from now on.
    ///
    /// # Errors
    /// If the server does not answer, or says no.
    pub async fn enter(
        &self,
        room: &str,
        name: &str,
        as_host: bool,
    ) -> Result<LiveSeatTaken, LiveError> {
        let operation = match as_host {
            true => LiveOperation::Create,
            false => LiveOperation::Join,
        };
        let name = name.to_owned();
        let seat: LiveSeat = self.ask(operation, room, &LiveEntry { name }).await?;
        let any: SocketAddr = match self.address {
            SocketAddr::V4(_) => ([0; 4], 0).into(),
            SocketAddr::V6(_) => ([0; 16], 0).into(),
        };
        let socket = UdpSocket::bind(any).await.map_err(LiveError::Lost)?;
        socket
            .connect(self.address)
            .await
            .map_err(LiveError::Lost)?;
        let taken = LiveSeatTaken {
            server: *self,
            room: room.to_owned(),
            seat,
            socket,
            buffer: vec![0; LIVE_DATAGRAM],
        };
        taken.stay().await?;
        Ok(taken)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        operation: LiveOperation,
        room: &str,
        payload: &impl Serialize,
    ) -> Result<T, LiveError> {
        let mut stream = self.asked(operation, room, payload).await?;
        let done = self.read(&mut stream).await?;
        let is_meant = done.state == LiveState::Done && done.operation == operation;
        let payload = serde_json::from_slice(&done.payload).ok();
        { payload.filter(|_| is_meant) }.ok_or(LiveError::NotLiveRooms(self.address))
    }

    /// Asks and hears the verdict; what was granted follows.
    async fn asked(
        &self,
        operation: LiveOperation,
        room: &str,
        payload: &impl Serialize,
    ) -> Result<TcpStream, LiveError> {
        let frame = LiveFrame::new(operation, LiveState::Request, room, payload);
        let asking = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(&frame.encode()).await?;
            Ok(stream)
        };
        let mut stream = self.in_time(asking).await?;
        let verdict = self.read(&mut stream).await?;
        let understood = serde_json::from_slice::<LiveVerdict>(&verdict.payload).ok();
        let understood = understood.filter(|_| verdict.state == LiveState::Verdict);
        match understood {
            Some(verdict) if verdict.status == LiveStatus::Ok => Ok(stream),
            Some(verdict) => Err(LiveError::Refused(verdict)),
            None => Err(LiveError::NotLiveRooms(self.address)),
        }
    }

    async fn read(&self, stream: &mut TcpStream) -> Result<LiveFrame, LiveError> {
        let reading = async {
            let mut header = [0; LIVE_HEADER];
            stream.read_exact(&mut header).await?;
            let Ok(header) = LiveHeader::decode(&header, LIVE_ANSWER) else {
                return Ok(None);
            };
            let mut body = vec![0; header.room_bytes + header.payload_bytes];
            stream.read_exact(&mut body).await?;
            Ok(header.frame(&body).ok())
        };
        let frame = self.in_time(reading).await?;
        frame.ok_or(LiveError::NotLiveRooms(self.address))
    }

    async fn in_time<T>(&self, work: impl Future<Output = io::Result<T>>) -> Result<T, LiveError> {
        let result = match timeout(PATIENCE, work).await {
            Ok(result) => result,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        result.map_err(|source| LiveError::Unreachable {
            address: self.address,
            source,
        })
    }
}

/// A place in a live room.
pub struct LiveSeatTaken {
    server: LiveServer,
    room: String,
    seat: LiveSeat,
    socket: UdpSocket,
    buffer: Vec<u8>,
}

impl LiveSeatTaken {
    /// Whoever is silent for so long is out. [`LiveSeatTaken::stay`] is to be called thrice as often.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.seat.timeout_seconds.max(1))
    }

    /// Says that one is still here.
    ///
    /// # Errors
    /// If the network is gone.
    pub async fn stay(&self) -> Result<(), LiveError> {
        self.say("").await
    }

    /// Says something to all others. UDP may lose it.
    ///
    /// # Errors
    /// If it is too long, or the network is gone.
    pub async fn say(&self, text: &str) -> Result<(), LiveError> {
        if text.len() > LIVE_TEXT {
            return Err(LiveError::TooLong);
        }
        let speech = LiveSpeech {
            room: &self.room,
            token: &self.seat.token,
            text,
        };
        let sent = self.socket.send(&speech.encode()).await;
        sent.map(|_| ()).map_err(LiveError::Lost)
    }

    /// The next thing that is heard. Datagrams that no server of live rooms sends are passed over.
    ///
    /// # Errors
    /// If the network is gone.
    pub async fn hear(&mut self) -> Result<LiveHeard, LiveError> {
        loop {
            let length = self.socket.recv(&mut self.buffer).await;
            let length = length.map_err(LiveError::Lost)?;
            if let Ok(heard) = LiveHeard::decode(&self.buffer[..length]) {
                return Ok(heard);
            }
        }
    }

    /// Leaves the room. If it is the host who leaves, it is closed.
    ///
    /// # Errors
    /// If the server does not answer, or has let one go already.
    pub async fn leave(self) -> Result<(), LiveError> {
        let Self {
            server, room, seat, ..
        } = self;
        let leave = LiveLeave { token: seat.token };
        server
            .asked(LiveOperation::Leave, &room, &leave)
            .await
            .map(|_| ())
    }
}
