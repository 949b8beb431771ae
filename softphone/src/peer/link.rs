//! One direct connection: a task that holds it, carries out what is ordered and tells what happens.

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use api::room::{PeerCandidate, PeerFrame};
use phone::chat::PeerNews;
use rtc::ice::mdns::MulticastDnsMode;
use tokio::sync::mpsc;
use webrtc::data_channel::{DataChannel, DataChannelEvent, RTCDataChannelInit};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceCandidateInit,
    RTCPeerConnectionIceEvent, RTCPeerConnectionState, RTCSessionDescription, SettingEngineBuilder,
};
use webrtc::runtime::default_runtime;

use super::files::{self, FileOrder};
use super::near::{address_of, is_near, without_addresses};
use crate::engine::received::Received;

/// Who is silent for so long may be gone; it is asked whether it is there every two seconds.
const SILENCE: Duration = Duration::from_secs(5);
const GONE: Duration = Duration::from_secs(8);
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// Bytes of one channel that the other side has not acknowledged: then messages count as not keeping up, and files wait. A
/// message stands behind so many bytes of a file, which is half a second at a megabyte a second.
const SEND_BUFFER: usize = 512 * 1024;
/// Orders about files that may wait.
const FILE_ORDERS: usize = 16;
/// Addresses that either side may name: a machine has some networks, not hundreds.
const CANDIDATES: usize = 24;
/// What the library tells that may wait.
const HAPPENINGS: usize = 64;
/// Both sides open these channels by themselves, so nobody has to announce one: what is said, and files.
const CHANNELS: [&str; 2] = ["carillon", "carillon files"];

/// How a connection begins.
pub(super) enum Beginning {
    /// With our description.
    Call,
    /// With the other side's.
    Take(String),
}

/// What a connection is told to do.
pub(super) enum LinkOrder {
    Accept(String),
    Candidate(PeerCandidate),
    Send(Box<PeerFrame>),
    File(FileOrder),
}

/// What the library tells.
enum Happening {
    Candidate(RTCIceCandidateInit),
    State(RTCPeerConnectionState),
}

/// Takes what the library tells; it must never wait, for the library waits for it.
struct Witness(mpsc::Sender<Happening>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Witness {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        if let Ok(candidate) = event.candidate.to_json() {
            let _ = self.0.try_send(Happening::Candidate(candidate));
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let _ = self.0.try_send(Happening::State(state));
    }
}

/// Holds a connection until it is lost, or nobody orders it anything any more.
pub(super) async fn run(
    link: u64,
    beginning: Beginning,
    (home, received): (IpAddr, Option<Received>),
    orders: mpsc::Receiver<LinkOrder>,
    news: mpsc::Sender<PeerNews>,
) {
    if let Err(error) = hold(link, beginning, (home, received), orders, &news).await {
        tracing::debug!(%error, "a direct connection has failed");
    }
    let _ = news.send(PeerNews::Lost { link }).await;
}

/// Where a connection waits for the other side: on all networks of this machine, and on the machine itself only if the
/// server is there too.
fn places(home: IpAddr) -> Vec<SocketAddr> {
    let mut places = vec![
        (Ipv4Addr::UNSPECIFIED, 0).into(),
        (Ipv6Addr::UNSPECIFIED, 0).into(),
    ];
    if home.is_loopback() {
        places.push((home, 0).into());
    }
    places
}

async fn hold(
    link: u64,
    beginning: Beginning,
    (home, received): (IpAddr, Option<Received>),
    mut orders: mpsc::Receiver<LinkOrder>,
    news: &mpsc::Sender<PeerNews>,
) -> webrtc::error::Result<()> {
    let Some(runtime) = default_runtime() else {
        return Ok(());
    };
    let (witness, mut happenings) = mpsc::channel(HAPPENINGS);
    let settings = SettingEngineBuilder::new()
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_include_loopback_candidate(home.is_loopback())
        .with_ice_timeouts(Some(SILENCE), Some(GONE), Some(KEEP_ALIVE))
        .build();
    let connection = PeerConnectionBuilder::new()
        .with_runtime(runtime)
        .with_setting_engine(settings)
        .with_handler(Arc::new(Witness(witness)))
        .with_udp_addrs(places(home))
        .with_data_channel_send_buffer_limit(SEND_BUFFER)
        .build()
        .await?;
    let [channel, for_files] = [0, 1].map(|number| RTCDataChannelInit {
        negotiated: Some(number),
        ..RTCDataChannelInit::default()
    });
    let [said, files] = CHANNELS;
    let channel = connection.create_data_channel(said, Some(channel)).await?;
    let for_files = connection
        .create_data_channel(files, Some(for_files))
        .await?;
    let description = match beginning {
        Beginning::Call => connection.create_offer(None).await?,
        Beginning::Take(sdp) => {
            let offer = RTCSessionDescription::offer(without_addresses(&sdp))?;
            connection.set_remote_description(offer).await?;
            connection.create_answer(None).await?
        }
    };
    let sdp = without_addresses(&description.sdp);
    connection.set_local_description(description).await?;
    let _ = news.send(PeerNews::Described { link, sdp }).await;
    let mut addresses = Addresses {
        own: vec![home],
        ..Addresses::default()
    };
    let (file_orders, file_queue) = mpsc::channel(FILE_ORDERS);
    // It ends when nobody can order it anything, after it has written what has come.
    tokio::spawn(files::run(
        link,
        for_files,
        received,
        file_queue,
        news.clone(),
    ));
    let outcome = loop {
        let done = tokio::select! {
            order = orders.recv() => match order {
                Some(LinkOrder::File(order)) => match file_orders.try_send(order) {
                    Ok(()) => Ok(()),
                    // It takes nothing.
                    Err(_) => break Ok(()),
                },
                Some(order) => obey(&connection, channel.as_ref(), &mut addresses, order).await,
                None => break Ok(()),
            },
            happening = next(&mut happenings) => match happening {
                Happening::Candidate(candidate) => {
                    if let Some(candidate) = addresses.ours(candidate) {
                        let _ = news.send(PeerNews::Candidate { link, candidate }).await;
                    }
                    add_near(&connection, &mut addresses).await
                }
                Happening::State(state) => match state {
                    RTCPeerConnectionState::Disconnected
                    | RTCPeerConnectionState::Failed
                    | RTCPeerConnectionState::Closed => break Ok(()),
                    _ => Ok(()),
                },
            },
            event = channel.poll() => match event {
                Some(DataChannelEvent::OnOpen) => {
                    let _ = news.send(PeerNews::Open { link }).await;
                    Ok(())
                }
                Some(DataChannelEvent::OnMessage(message)) => {
                    match serde_json::from_slice::<PeerFrame>(&message.data) {
                        // Whoever does not read what is told holds the other side up.
                        Ok(frame) => {
                            let frame = Box::new(frame);
                            let _ = news.send(PeerNews::Heard { link, frame }).await;
                        }
                        // A newer program says more than this one knows of.
                        Err(_) => tracing::debug!("a direct message cannot be understood"),
                    }
                    Ok(())
                }
                Some(DataChannelEvent::OnClosing | DataChannelEvent::OnClose) | None => break Ok(()),
                Some(_) => Ok(()),
            },
        };
        if let Err(error) = done {
            break Err(error);
        }
    };
    connection.close().await?;
    outcome
}

async fn next(happenings: &mut mpsc::Receiver<Happening>) -> Happening {
    match happenings.recv().await {
        Some(happening) => happening,
        None => pending().await,
    }
}

async fn obey(
    connection: &impl PeerConnection,
    channel: &dyn DataChannel,
    addresses: &mut Addresses,
    order: LinkOrder,
) -> webrtc::error::Result<()> {
    match order {
        LinkOrder::Accept(sdp) => {
            let answer = RTCSessionDescription::answer(without_addresses(&sdp))?;
            connection.set_remote_description(answer).await?;
            addresses.is_answered = true;
        }
        LinkOrder::Candidate(candidate) => {
            addresses.is_answered = true;
            addresses.theirs(candidate);
        }
        LinkOrder::Send(frame) => {
            // Our own wire types have nothing that JSON cannot say.
            let text = serde_json::to_string(&frame).unwrap_or_default();
            return channel.try_send_text(&text).await;
        }
        LinkOrder::File(_) => return Ok(()),
    }
    add_near(connection, addresses).await
}

/// Tries those of the other side's addresses that turned out to be near.
async fn add_near(
    connection: &impl PeerConnection,
    addresses: &mut Addresses,
) -> webrtc::error::Result<()> {
    if !addresses.is_answered {
        return Ok(());
    }
    for candidate in addresses.take_near() {
        let candidate = RTCIceCandidateInit {
            candidate: candidate.candidate,
            sdp_mid: candidate.mid,
            sdp_mline_index: candidate.line,
            ..RTCIceCandidateInit::default()
        };
        connection.add_ice_candidate(candidate).await?;
    }
    Ok(())
}

/// The addresses of both sides.
#[derive(Default)]
struct Addresses {
    own: Vec<IpAddr>,
    /// What the other side has named, and is not near by what we know of ourselves.
    waiting: Vec<(IpAddr, PeerCandidate)>,
    named: usize,
    /// Whether the other side's description is there, to which its addresses belong.
    is_answered: bool,
}

impl Addresses {
    /// One of ours, for the other side.
    fn ours(&mut self, candidate: RTCIceCandidateInit) -> Option<PeerCandidate> {
        let address = address_of(&candidate.candidate)?;
        if self.own.len() > CANDIDATES {
            return None;
        }
        self.own.push(address);
        Some(PeerCandidate {
            candidate: candidate.candidate,
            mid: candidate.sdp_mid,
            line: candidate.sdp_mline_index,
        })
    }

    /// One of theirs.
    fn theirs(&mut self, candidate: PeerCandidate) {
        if let Some(address) = address_of(&candidate.candidate)
            && self.named < CANDIDATES
        {
            self.named += 1;
            self.waiting.push((address, candidate));
        }
    }

    fn take_near(&mut self) -> Vec<PeerCandidate> {
        let waiting = std::mem::take(&mut self.waiting);
        let (near, far) = waiting
            .into_iter()
            .partition(|(address, _)| is_near(*address, &self.own));
        self.waiting = far;
        let near: Vec<(IpAddr, PeerCandidate)> = near;
        near.into_iter().map(|(_, candidate)| candidate).collect()
    }
}
