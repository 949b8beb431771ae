//! Starting the exchange: its thread, its sockets, its relay and studio.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rand::Rng;
use sip::{FlowKey, Transport};
use sip_tokio::{BindConfig, BindError, Inherited, Sockets, TlsIdentity, WebSockets};
use switch::{Switch, WallClock};
use tokio::sync::{mpsc, oneshot, watch};

use super::bindings;
use super::desk::{Desk, Parts};
use super::dialling::Dialling;
use super::directory::Directory;
use super::exchange::Exchange;
use super::media_address::MediaAddresses;
use super::presence_news::PresenceNews;
use super::records::{History, HistoryDesk};
use super::revival::Revival;
use crate::checkpoint::JournalError;
use crate::config::Encrypted;
use crate::letters::Letters;
use crate::neighbours::Neighbours;
use crate::office::Announcement;
use crate::relay;
use crate::store::{Engine, Store, StoreError};
use crate::studio::{Studio, StudioError};
use crate::voicemail::Mail;

/// What the exchange is started with.
#[derive(Debug)]
pub struct Setup {
    /// The switch's own configuration.
    pub switch: switch::Config,
    /// Where SIP is spoken.
    pub sip: Vec<SocketAddr>,
    /// Where SIP over TLS is spoken.
    pub sips: Encrypted,
    /// Sockets of the process before for both.
    pub inherited: Inherited,
    /// The certificate for it.
    pub identity: Option<TlsIdentity>,
    /// The relay, and the calls of the process before.
    pub revival: Revival,
    /// The address that phones are told to send audio to, if the operator named one.
    pub media_address: Option<IpAddr>,
    /// How what people dial is read, and who may dial what.
    pub dialling: Dialling,
    /// How long a guest keeps its number after its last registration has ended.
    pub guest_grace: Duration,
    /// This server among those that share the database, if it may be shared.
    pub(crate) cluster: Option<Cluster>,
    /// How many bytes of the calls' SIP messages are kept for whoever wants to see them; 0: none.
    pub trace_bytes: usize,
    /// How long the phones of an answered call may be silent that should speak; `None`: for ever.
    pub longest_silence: Option<Duration>,
    /// The database.
    pub store: Store,
    /// The data folder, for recordings that are being made.
    pub data: PathBuf,
}

/// This server among those that share the database.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The name of this one.
    pub(crate) node: String,
    /// The secret that they share.
    pub(crate) key: FlowKey,
    /// Where the others reach it, if that is not what it listens on.
    pub(crate) address: Option<SocketAddr>,
    /// The others.
    pub(crate) neighbours: watch::Receiver<Arc<Neighbours>>,
}

/// A running exchange.
#[derive(Debug)]
pub struct Running {
    /// The way to ask it.
    pub exchange: Exchange,
    /// The way to tell it what changed.
    pub announcements: mpsc::Sender<Announcement>,
    /// Where it speaks SIP over UDP.
    pub udp: Option<SocketAddr>,
    /// Where it speaks SIP over TCP.
    pub tcp: Option<SocketAddr>,
    /// Where it speaks SIP over TLS.
    pub tls: Option<SocketAddr>,
    /// Where other servers on the same database reach it, over TCP; `None`: nowhere.
    pub among_others: Option<SocketAddr>,
    /// Takes SIP over WebSocket from the HTTP server.
    pub web_sockets: WebSockets,
    /// Who has come, gone, begun or ceased to speak.
    pub presence_news: PresenceNews,
    /// Comes when its thread has ended: asked to, or by a fault.
    pub stopped: oneshot::Receiver<()>,
    /// What it wants of the voicemail.
    pub mail: Mail,
    /// The calls that are over.
    pub history: History,
    /// What phones send to conversations, and get from there.
    pub letters: Letters,
}

/// The exchange cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The SIP port.
    #[error("SIP cannot listen: {0}.")]
    Sip(#[from] BindError),
    /// The registrations that were kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The relay.
    #[error(transparent)]
    Relay(#[from] relay::StartError),
    /// The calls that were kept.
    #[error(transparent)]
    Calls(#[from] JournalError),
    /// The studio.
    #[error(transparent)]
    Studio(#[from] StudioError),
    /// No thread.
    #[error("The exchange's thread cannot be started ({0}); the system is out of resources.")]
    Thread(std::io::Error),
    /// It died at once.
    #[error("The exchange stopped while it was starting; this is a fault of the server.")]
    Died,
}

/// Announcements wait for each other only while the exchange works through a batch of messages.
const ANNOUNCEMENTS: usize = 64;

/// Starts the exchange on a thread of its own and returns when its sockets are open. What it writes is written on the
/// caller's runtime.
///
/// # Errors
/// If a port is taken or an address is not ours.
pub async fn start(setup: Setup) -> Result<Running, StartError> {
    let main_runtime = tokio::runtime::Handle::current();
    // One processor stays for SIP and the relay.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let (studio, studio_news) = Studio::start(processors.saturating_sub(1))?;
    let (mail, mail_desk, mail_back) = Mail::new(&setup.data);
    let (history_desk, history) = HistoryDesk::new();
    let (letters, letters_desk, errands) = Letters::new();
    let restored = bindings::load(&setup.store).await?;
    if !restored.is_empty() {
        tracing::info!(registrations = restored.len(), "registrations from before");
    }
    let presence_news = PresenceNews::default();
    let news = presence_news.clone();
    let (exchange, requests) = Exchange::new();
    let (announcements, changes) = mpsc::channel(ANNOUNCEMENTS);
    let (send_bound, bound) = oneshot::channel();
    let (send_stopped, stopped) = oneshot::channel::<()>();

    let work = move || {
        // Dropped when the thread ends, however it ends.
        let _stopped = send_stopped;
        let runtime = match tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = send_bound.send(Err(StartError::Thread(error)));
                return;
            }
        };
        runtime.block_on(async move {
            let sockets = match bind(setup.sip, setup.sips, setup.identity, setup.inherited).await {
                Ok(sockets) => sockets,
                Err(error) => {
                    let _ = send_bound.send(Err(error.into()));
                    return;
                }
            };
            let addresses = (
                sockets.local_udp().first().copied(),
                sockets.local_tcp().first().copied(),
                sockets.local_tls().first().copied(),
                sockets.web_sockets(),
            );
            let among_others = setup
                .cluster
                .as_ref()
                .and_then(|cluster| cluster.address.or(reachable(&sockets.local_tcp())));
            let addresses = (addresses, among_others);
            let mut seed = [0; 32];
            rand::rng().fill_bytes(&mut seed);
            let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let config = switch::Config {
                wall_clock: since_1970.ok().map(|since| WallClock {
                    at: Instant::now(),
                    unix_seconds: since.as_secs(),
                }),
                keeps_calls: true,
                cluster: setup
                    .cluster
                    .as_ref()
                    .zip(among_others)
                    .map(|(cluster, address)| switch::Cluster {
                        node: cluster.node.as_str().into(),
                        key: cluster.key.clone(),
                        transport: Transport::Tcp,
                        address,
                    }),
                ..setup.switch
            };
            let switch = Switch::new(config, seed);
            let lookups = match setup.store.engine() {
                // SQLite has threads of its own; going through another runtime would only add two more changes of thread.
                Engine::Sqlite => tokio::runtime::Handle::current(),
                // A connection to PostgreSQL belongs to the runtime that it was opened on.
                Engine::Postgres => main_runtime.clone(),
            };
            let (directory, found) = Directory::new(setup.store.clone(), setup.dialling, lookups);
            let directory = match setup.cluster.filter(|_| among_others.is_some()) {
                Some(cluster) => directory.with_neighbours(cluster.neighbours),
                None => directory,
            };
            let now = Instant::now();
            setup.revival.relay.tell_engine();
            let mut desk = Desk::new(
                now,
                Parts {
                    switch,
                    sockets,
                    relay: setup.revival.relay,
                    studio,
                    media_addresses: MediaAddresses::new(setup.media_address),
                    directory,
                    checkpoint: setup.revival.checkpoint,
                    presence_news: news,
                    store: setup.store,
                    guest_grace: setup.guest_grace,
                    trace_bytes: setup.trace_bytes,
                    longest_silence: setup.longest_silence,
                    mail: mail_desk,
                    history: history_desk,
                    letters: letters_desk,
                    main_runtime,
                },
            );
            desk.restore(now, restored);
            let Revival {
                calls,
                without_ports,
                are_doubtful,
                ..
            } = setup.revival;
            desk.restore_calls(now, calls, without_ports, are_doubtful);
            if send_bound.send(Ok(addresses)).is_ok() {
                desk.run(requests, changes, found, (studio_news, mail_back, errands))
                    .await;
            }
        });
    };
    std::thread::Builder::new()
        .name("exchange".into())
        .spawn(work)
        .map_err(StartError::Thread)?;
    let ((udp, tcp, tls, web_sockets), among_others) =
        bound.await.map_err(|_| StartError::Died)??;
    Ok(Running {
        exchange,
        announcements,
        udp,
        tcp,
        tls,
        among_others,
        web_sockets,
        presence_news,
        stopped,
        mail,
        history,
        letters,
    })
}

/// An address that others can be told: not all of them at once.
fn reachable(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let mut named = addresses
        .iter()
        .filter(|address| !address.ip().is_unspecified());
    named.next().copied()
}

/// Opens all sockets. An encrypted port that nobody asked for is left out where it cannot be had.
async fn bind(
    sip: Vec<SocketAddr>,
    sips: Encrypted,
    identity: Option<TlsIdentity>,
    inherited: Inherited,
) -> Result<Sockets, BindError> {
    let mut wanted = BindConfig {
        udp: sip.clone(),
        tcp: sip,
        tls: sips.addresses,
        identity,
        inherited,
        ..BindConfig::default()
    };
    loop {
        let error = match Sockets::bind(wanted.clone()).await {
            Ok(sockets) => return Ok(sockets),
            Err(error) => error,
        };
        let unwanted = match &error {
            BindError::PortInUse { address, .. } if wanted.tls.contains(address) => {
                Some(Vec::new())
            }
            // A machine without IPv6, mostly.
            BindError::NoSuchAddress { address } | BindError::Failed { address, .. } => {
                let mut others = wanted.tls.clone();
                others.retain(|other| other != address);
                (others.len() < wanted.tls.len()).then_some(others)
            }
            _ => None,
        };
        match unwanted {
            Some(others) if !sips.is_asked_for => {
                if others.is_empty() {
                    tracing::warn!(%error, "SIP over TLS is off; free the port, name another one, or say --sips off");
                }
                wanted.tls = others;
            }
            _ => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{Certificate, Names};

    #[tokio::test]
    async fn a_taken_port_for_tls_is_left_to_its_owner_unless_the_operator_asked_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::of_data_folder(folder.path(), &Names::default()).unwrap();
        let owner = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = owner.local_addr().unwrap();
        let free: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let bound = async |tls: Vec<SocketAddr>, is_asked_for| {
            let wanted = Encrypted {
                addresses: tls,
                is_asked_for,
            };
            let identity = certificate.for_sips().unwrap();
            let sockets = bind(vec![free], wanted, Some(identity), Inherited::default()).await?;
            Ok::<_, BindError>((sockets.local_udp().len(), sockets.local_tls().len()))
        };
        assert_eq!(bound(vec![taken, free], false).await.unwrap(), (1, 0));
        assert!(bound(vec![taken], true).await.is_err());
        assert_eq!(bound(vec![free], true).await.unwrap(), (1, 1));
        let nowhere = "192.0.2.1:0".parse().unwrap();
        assert_eq!(bound(vec![nowhere, free], false).await.unwrap(), (1, 1));
        assert!(bound(vec![nowhere], true).await.is_err());
    }
}
