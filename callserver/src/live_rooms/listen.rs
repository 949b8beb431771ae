//! The sockets of the live rooms: TCP to enter and leave, UDP to speak, on one port.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::{
    LIVE_DATAGRAM, LIVE_HEADER, LIVE_REQUEST, LIVE_TOKEN, LiveEntry, LiveFrame, LiveHeader,
    LiveLeave, LiveOperation, LiveState, LiveStatus, LiveVerdict,
};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Notify, Semaphore};

use super::hall::{Figures, Granted, Hall, HallConfig};
use super::seats::Token;

/// The live rooms cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "Live rooms cannot listen on {address} ({source}); name another address as listen in [live_rooms], or leave it out."
)]
pub struct LiveRoomsError {
    address: SocketAddr,
    source: io::Error,
}

/// The live rooms, listening.
#[derive(Debug)]
pub struct LiveRooms {
    tcp: TcpListener,
    udp: UdpSocket,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What the connections and the datagrams' loop share.
#[derive(Debug)]
struct Shared {
    // Held for moments only, never across a wait.
    hall: Mutex<Hall>,
    // There is something to send, or another time to wake up at.
    changed: Notify,
}

/// Reads the figures of live rooms that are served elsewhere.
#[derive(Clone, Debug)]
pub struct LiveGauge(Arc<Shared>);

impl LiveGauge {
    /// The figures now.
    pub fn read(&self) -> Figures {
        self.0.with(|hall| hall.figures())
    }
}

/// Connections at once: each is one question, or a few.
const CONNECTIONS: usize = 512;

/// A connection that says nothing for so long is closed. Nobody needs it to stay in a room.
const SILENCE: Duration = Duration::from_secs(30);

/// Where the system chooses the port, TCP's may be taken for UDP.
const TRIES: usize = 20;

impl LiveRooms {
    /// Listens over TCP and UDP.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn bind(address: SocketAddr, config: HallConfig) -> Result<Self, LiveRoomsError> {
        let refused = |source| LiveRoomsError { address, source };
        let (tcp, udp) = bind_both(address).await.map_err(refused)?;
        let address = tcp.local_addr().map_err(refused)?;
        Ok(Self {
            tcp,
            udp,
            address,
            shared: Arc::new(Shared {
                hall: Mutex::new(Hall::new(config)),
                changed: Notify::new(),
            }),
        })
    }

    /// Where they listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Through which others read their figures.
    pub fn gauge(&self) -> LiveGauge {
        LiveGauge(Arc::clone(&self.shared))
    }

    /// Serves until dropped.
    pub async fn run(self) {
        let Self {
            tcp, udp, shared, ..
        } = self;
        tokio::join!(serve_tcp(tcp, &shared), serve_udp(udp, &shared));
    }
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut Hall) -> T) -> T {
        // A panic in the hall has spoilt at most one room: the others are not to suffer.
        let mut hall = self.hall.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut hall)
    }
}

async fn bind_both(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut tries = if address.port() == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        let tcp = TcpListener::bind(address).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(_) if tries > 0 => {}
            Err(error) => return Err(error),
        }
    }
}

async fn serve_tcp(listener: TcpListener, shared: &Arc<Shared>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, from)) => {
                let shared = Arc::clone(shared);
                tokio::spawn(async move {
                    let _place = place;
                    // A connection that breaks has nobody to be told of it.
                    let _ = converse(stream, from.ip(), &shared).await;
                });
            }
            // No file left, or a connection that was gone at once.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Answers one client until it closes or says nothing more.
async fn converse(mut stream: TcpStream, from: IpAddr, shared: &Shared) -> io::Result<()> {
    loop {
        let asked = match tokio::time::timeout(SILENCE, read_frame(&mut stream)).await {
            Ok(frame) => frame?,
            Err(_) => return Ok(()),
        };
        let frame = match asked {
            Ok(frame) => frame,
            Err(verdict) => {
                // What follows cannot be told apart from what should have been skipped.
                let frame = LiveFrame::new(LiveOperation::List, LiveState::Verdict, "", &verdict);
                return write(&mut stream, &[frame]).await;
            }
        };
        let answer = answer(&frame, from, shared);
        shared.changed.notify_one();
        write(&mut stream, &answer).await?;
    }
}

async fn write(stream: &mut TcpStream, frames: &[LiveFrame]) -> io::Result<()> {
    let bytes: Vec<u8> = frames.iter().flat_map(LiveFrame::encode).collect();
    match tokio::time::timeout(SILENCE, stream.write_all(&bytes)).await {
        Ok(written) => written,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn read_frame(stream: &mut TcpStream) -> io::Result<Result<LiveFrame, LiveVerdict>> {
    let mut header = [0; LIVE_HEADER];
    stream.read_exact(&mut header).await?;
    let header = match LiveHeader::decode(&header, LIVE_REQUEST) {
        Ok(header) => header,
        Err(error) => return Ok(Err(malformed(&error))),
    };
    let mut body = vec![0; header.room_bytes + header.payload_bytes];
    stream.read_exact(&mut body).await?;
    Ok(header.frame(&body).map_err(|error| malformed(&error)))
}

fn answer(frame: &LiveFrame, from: IpAddr, shared: &Shared) -> Vec<LiveFrame> {
    let now = Instant::now();
    let room = frame.room.as_str();
    if frame.state != LiveState::Request {
        return refusal(frame, malformed(&"A client sends frames of state 0."));
    }
    let entry = || Ok((payload::<LiveEntry>(frame)?.name, new_token()?));
    match frame.operation {
        LiveOperation::List => told(frame, shared.with(|hall| hall.list(now, from))),
        LiveOperation::Create => {
            let seat = entry().and_then(|(name, token)| {
                shared.with(|hall| hall.create(now, from, room, &name, token))
            });
            told(frame, seat)
        }
        LiveOperation::Join => {
            let seat = entry().and_then(|(name, token)| {
                shared.with(|hall| hall.join(now, from, room, &name, token))
            });
            told(frame, seat)
        }
        LiveOperation::Leave => {
            let left = payload::<LiveLeave>(frame)
                .and_then(|leave| shared.with(|hall| hall.leave(now, from, room, &leave.token)));
            match left {
                Ok(()) => vec![verdict(frame, &granted())],
                Err(why) => refusal(frame, why),
            }
        }
    }
}

/// A verdict, and behind one that grants it what was asked for.
fn told(frame: &LiveFrame, result: Granted<impl Serialize>) -> Vec<LiveFrame> {
    match result {
        Ok(done) => {
            let done = LiveFrame::new(frame.operation, LiveState::Done, &frame.room, &done);
            vec![verdict(frame, &granted()), done]
        }
        Err(why) => refusal(frame, why),
    }
}

fn refusal(frame: &LiveFrame, why: LiveVerdict) -> Vec<LiveFrame> {
    vec![verdict(frame, &why)]
}

fn verdict(frame: &LiveFrame, verdict: &LiveVerdict) -> LiveFrame {
    LiveFrame::new(frame.operation, LiveState::Verdict, &frame.room, verdict)
}

fn granted() -> LiveVerdict {
    LiveVerdict {
        status: LiveStatus::Ok,
        sentence: String::new(),
    }
}

fn malformed(why: &impl ToString) -> LiveVerdict {
    LiveVerdict {
        status: LiveStatus::Malformed,
        sentence: why.to_string(),
    }
}

fn payload<T: DeserializeOwned>(frame: &LiveFrame) -> Granted<T> {
    // serde's sentence may quote what was sent, and that may be a token.
    serde_json::from_slice(&frame.payload).map_err(|_| {
        malformed(&"The payload is JSON: {\"name\": …} to create or join a room, {\"token\": …} to leave it.")
    })
}

/// 256 bits of the operating system.
fn new_token() -> Granted<Token> {
    let mut random = [0; LIVE_TOKEN / 2];
    match SysRng.try_fill_bytes(&mut random) {
        Ok(()) => Ok(Token::new(random)),
        Err(error) => {
            tracing::error!(%error, "the system gives no random numbers");
            Err(LiveVerdict {
                status: LiveStatus::ServerFull,
                sentence: "The server cannot make a token now; try again later.".into(),
            })
        }
    }
}

async fn serve_udp(socket: UdpSocket, shared: &Shared) {
    let mut buffer = vec![0; LIVE_DATAGRAM + 1];
    loop {
        let due = shared.with(|hall| hall.poll_timeout());
        tokio::select! {
            received = socket.recv_from(&mut buffer) => {
                // Errors of earlier datagrams come up here; they say nothing about the next one.
                if let Ok((length, from)) = received {
                    let now = Instant::now();
                    shared.with(|hall| hall.heard(now, from, &buffer[..length]));
                }
            }
            () = sleep_until(due) => {
                let now = Instant::now();
                shared.with(|hall| hall.time(now));
            }
            () = shared.changed.notified() => {}
        }
        while let Some((to, bytes)) = shared.with(Hall::poll_transmit) {
            // Datagrams may be lost; who is not reached is not waited for.
            let _ = socket.send_to(&bytes, to).await;
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
