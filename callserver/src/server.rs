//! Starting the server in the right order, telling that it is ready, and stopping it in peace.

mod identity;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::DialPlan;
use rand::{Rng, RngExt};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde::Serialize;
use sip::Text;
use sip_tokio::Inherited;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

pub use identity::settle_domain;

use crate::certificate::{Certificate, CertificateError};
use crate::config::{Config, DigestAlgorithm};
use crate::control::{ControlServer, Operator, ServerFacts};
use crate::edge::{self, Dialling, Revival, Running, Setup};
use crate::files::{Files, FilesError};
use crate::http::{HttpServer, Interface, Parts};
use crate::live_rooms::{LiveRooms, LiveRoomsError};
use crate::logging;
use crate::neighbours::{Here, Neighbours, Watch};
use crate::office::{Office, OfficeError};
use crate::rooms::Rooms;
use crate::store::{Store, StoreError};
use crate::upgrade::{Belongings, Upgrades};
use crate::{DataFolder, DataFolderError, backup, control, handover, housekeeping, http, others};

/// Why the server did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The data folder.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another domain than before.
    #[error(
        "The domain was {stored:?} when {devices} devices got their credentials, and those are good for no other; leave --domain out, or remove the devices first."
    )]
    DomainChanged {
        /// What it was.
        stored: String,
        /// How many devices depend on it.
        devices: i64,
    },
    /// The exchange.
    #[error(transparent)]
    Edge(#[from] edge::StartError),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The certificate, as SIP over TLS takes it.
    #[error("The certificate cannot be used for SIP over TLS: {0}.")]
    Identity(#[from] sip_tokio::IdentityError),
    /// What others shall reach it by cannot be looked up.
    #[error(
        "The address {text:?} in [cluster] sip cannot be looked up; name one that this machine knows too."
    )]
    NoSuchHost {
        /// What was written.
        text: String,
    },
    /// The other servers on the same database.
    #[error("Other servers on the database cannot be told of this one: {0}")]
    Neighbours(OfficeError),
    /// The HTTP port.
    #[error(transparent)]
    Http(#[from] http::BindError),
    /// The live rooms.
    #[error(transparent)]
    LiveRooms(#[from] LiveRoomsError),
    /// The store of files.
    #[error(
        "Files cannot be kept ({0}); check the permissions of the data folder and the space on its disk, or [files] s3 in the configuration."
    )]
    Files(FilesError),
    /// The control socket.
    #[error(transparent)]
    Control(#[from] control::ListenError),
    /// No signals, no runtime.
    #[error("The server cannot start ({0}); the system is out of resources.")]
    System(std::io::Error),
    /// The exchange ended without being asked to.
    #[error("The exchange stopped by a fault; the log says more. Start the server again.")]
    ExchangeDied,
}

impl ServerError {
    /// 2 for what the operator wrote, 1 for what the machine said.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::DomainChanged { .. } => 2,
            _ => 1,
        }
    }
}

/// The one line on stdout.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    ready: bool,
    sip: Option<SocketAddr>,
    sips: Option<SocketAddr>,
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
    rtp: String,
    live_rooms: Option<SocketAddr>,
    data: &'a Path,
}

const HOUR: Duration = Duration::from_secs(3600);

/// Calls get this long to hear that the server stops.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Runs the server until it is told to stop. `file` is where the configuration was read from, if from a file.
///
/// # Errors
/// One sentence that says what is in the way.
pub fn run(config: Config, file: Option<PathBuf>) -> Result<(), ServerError> {
    logging::start(&config.log);
    // Everything that the server writes is for its owner alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    raise_file_limit();
    let mut passed_on = handover::receive().unwrap_or_else(|error| {
        tracing::error!(%error, "what the server before has passed on cannot be understood; its ports are opened anew");
        handover::Sockets::default()
    });
    let folder = DataFolder::open_with(&config.data, passed_on.lock.take())?;
    // HTTP and lookups need little; calls have a thread of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.map_err(ServerError::System)?;
    let result = runtime.block_on(serve(&config, file, &folder, passed_on));
    // A password that is being hashed is not waited for.
    runtime.shutdown_background();
    result
}

async fn serve(
    config: &Config,
    file: Option<PathBuf>,
    folder: &DataFolder,
    passed_on: handover::Sockets,
) -> Result<(), ServerError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServerError::System)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServerError::System)?;
    let mut upgrades = Upgrades::new(file).map_err(ServerError::System)?;
    // The first thing of all: people are talking.
    let (ports, relay) = (config.rtp_ports, &config.relay);
    let revival = Revival::begin(folder.path(), ports, relay, passed_on.media)?;
    let node = folder.node()?;
    let store = Store::open_place(&config.database).await?.of_node(&node);
    let store = store.with_most_voicemails(config.voicemail.most_messages);
    // From before the first question to the database: what others change after its answer is heard.
    let notices = store.listen().await?;
    backup::remove_old_copies(folder.path());
    let domain = settle_domain(&store, config.domain.as_deref()).await?;
    let certificate = identity::certificate(config, folder, &domain)?;
    let mut http = HttpServer::new(config.http_limits.max_connections);
    http.inherit(passed_on.http);
    let http_address = http.bind_plain(config.http)?;
    let https_address = match &certificate {
        Some(certificate) => http.bind_encrypted(&config.https, certificate)?,
        None => None,
    };
    let live_rooms = match &config.live_rooms {
        Some((address, limits)) => Some(LiveRooms::bind(*address, limits.clone()).await?),
        None => None,
    };
    let files = Files::open(
        folder.path(),
        store.clone(),
        config.files,
        config.bucket.as_ref(),
    );
    let files = files.map_err(ServerError::Files)?;
    let control = ControlServer::listen(&DataFolder::control_socket(folder.path()))?;
    let (mut watch, neighbours, nodes) = Watch::new();
    let cluster = cluster(config, &store, &node, neighbours).await?;
    let running = edge::start(Setup {
        switch: switch_config(config, &domain),
        sip: config.sip.clone(),
        sips: config.sips.clone(),
        inherited: Inherited::from(passed_on.sip),
        identity: certificate
            .as_ref()
            .map(Certificate::for_sips)
            .transpose()?,
        revival,
        media_address: config.media_address,
        dialling: Dialling {
            plan: DialPlan {
                international_prefix: config.numbers.international_prefix.clone(),
            },
            guest_calls: config.guest_calls.clone(),
            guests_see_everyone: config.guests.may_see_directory,
        },
        guest_grace: HOUR * config.guests.lease_hours,
        cluster,
        trace_bytes: config.calls.trace_kilobytes.saturating_mul(1024),
        longest_silence: config.calls.longest_silence(),
        store: store.clone(),
        data: folder.path().to_owned(),
    })
    .await?;
    let Running {
        exchange,
        announcements,
        udp,
        tcp,
        tls,
        among_others,
        web_sockets,
        presence_news,
        mut stopped,
        mail,
        history,
        letters,
    } = running;

    let sip = udp.or(tcp);
    let fingerprint = certificate.map(|certificate| certificate.sha256().to_owned());
    let office =
        Office::new(store.clone(), &domain, Some(announcements)).with_plan(config.numbers.clone());
    let sip_service = api::SipService {
        domain: domain.clone(),
        udp,
        tcp,
        tls,
        certificate_sha256: fingerprint.clone(),
    };
    let cleaned = housekeeping::Cleaned::default();
    let (rooms, mut room_tasks) = Rooms::start(office.clone(), folder.path(), cleaned.clone());
    // Not with the tasks of the rooms: calls end when everything stops, too.
    tokio::spawn(history.serve(rooms.clone()));
    tokio::spawn(letters.serve(rooms.clone()));
    tokio::spawn(mail.serve(rooms.clone(), folder.path().to_owned()));
    let interface = Interface::new(Parts {
        office: office.clone(),
        rooms,
        exchange: exchange.clone(),
        web_sockets,
        sip: sip_service.clone(),
        guests: config.guests.clone(),
        sign_up: config.accounts.sign_up,
        sign_ups_per_hour: config.accounts.per_address_per_hour,
        limits: &config.http_limits,
        metrics_readers: config.metrics_readers.clone(),
        live_rooms: live_rooms.as_ref().map(LiveRooms::gauge),
        cleaned: cleaned.clone(),
        files: files.clone(),
    });
    let facts = ServerFacts {
        exchange: exchange.clone(),
        sip,
        sips: tls,
        http: http_address,
        https: https_address,
        sip_service,
        certificate_sha256: fingerprint,
        ready_since: Instant::now(),
        instance: format!("{:016x}", rand::rng().random::<u64>()),
        upgrades: upgrades.wishes(),
        cleaned: cleaned.clone(),
    };
    let here = among_others.map(|address| Here {
        transport: sip::Transport::Tcp,
        sip: config
            .cluster
            .sip
            .clone()
            .unwrap_or_else(|| address.to_string()),
    });
    let beating = match &here {
        Some(here) => {
            watch
                .begin(&office, here)
                .await
                .map_err(ServerError::Neighbours)?;
            Some(tokio::spawn(watch.run(office.clone(), here.clone())))
        }
        None if store.may_be_shared() => {
            tracing::info!(
                "other servers on this database do not reach the phones of this one; name its address as sip in [cluster]"
            );
            None
        }
        None => None,
    };
    let hearing = others::listen(office.clone(), exchange.clone(), notices, nodes);
    let listening = tokio::spawn(hearing);
    let telling = tokio::spawn(interface.teller(presence_news).run());
    let doors = http.duplicates().map_err(ServerError::System)?;
    let serving_http = tokio::spawn(http.run(interface.router()));
    let keeping_house = tokio::spawn(housekeeping::keep_house(
        office.clone(),
        files,
        config.voicemail.keep_days,
        cleaned,
    ));
    let serving_control = tokio::spawn(control.run(Operator::new(office.clone(), Some(facts))));

    tell_ready(&Ready {
        ready: true,
        sip,
        sips: tls,
        http: Some(http_address),
        https: https_address,
        rtp: config.rtp_ports.to_string(),
        live_rooms: live_rooms.as_ref().map(LiveRooms::address),
        data: folder.path(),
    });
    let chatting = live_rooms.map(|rooms| tokio::spawn(rooms.run()));
    tracing::info!(domain, sip = sip.map(tracing::field::display), sips = tls.map(tracing::field::display), http = %http_address, https = https_address.map(tracing::field::display), data = %folder.path().display(), "ready");

    loop {
        let wish = tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = &mut stopped => return Err(ServerError::ExchangeDied),
            wish = upgrades.next() => wish,
        };
        let belongings = Belongings::of(&doors, folder);
        upgrades.follow(wish, &exchange, belongings).await;
    }
    tracing::info!("stopping; a second signal stops at once");
    serving_http.abort();
    serving_control.abort();
    chatting.inspect(tokio::task::JoinHandle::abort);
    listening.abort();
    keeping_house.abort();
    if let Some(beating) = beating {
        beating.abort();
        if let Err(error) = office.leave().await {
            tracing::warn!(%error, "other servers notice by themselves that this one has stopped");
        }
    }
    telling.abort();
    room_tasks.abort_all();
    tokio::select! {
        drained = tokio::time::timeout(DRAIN_LIMIT, exchange.drain()) => {
            if drained.is_err() {
                tracing::warn!("some phones did not confirm the end of their calls in time");
            }
        }
        _ = terminate.recv() => tracing::warn!("stopped at once"),
        _ = interrupt.recv() => tracing::warn!("stopped at once"),
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// This server among those that share the database, if it may be shared.
async fn cluster(
    config: &Config,
    store: &Store,
    node: &str,
    neighbours: watch::Receiver<Arc<Neighbours>>,
) -> Result<Option<edge::Cluster>, ServerError> {
    if !store.may_be_shared() {
        return Ok(None);
    }
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    let mut tx = store.begin().await?;
    let key = tx.settle_flow_key(secret).await?;
    tx.commit().await?;
    let address = match &config.cluster.sip {
        None => None,
        Some(text) => {
            let found = tokio::net::lookup_host(text).await;
            let unknown = || ServerError::NoSuchHost { text: text.clone() };
            Some(
                found
                    .ok()
                    .and_then(|mut all| all.next())
                    .ok_or_else(unknown)?,
            )
        }
    };
    Ok(Some(edge::Cluster {
        node: node.to_owned(),
        key,
        address,
        neighbours,
    }))
}

fn switch_config(config: &Config, domain: &str) -> switch::Config {
    let mut switch = switch::Config::new(Text::from(domain));
    switch.server_name = concat!("Carillon/", env!("CARGO_PKG_VERSION")).into();
    let algorithm = |named: &DigestAlgorithm| match named {
        DigestAlgorithm::Sha512Trunc256 => sip::Algorithm::Sha512Trunc256,
        DigestAlgorithm::Sha256 => sip::Algorithm::Sha256,
        DigestAlgorithm::Md5 => sip::Algorithm::Md5,
    };
    switch.digest = config.digest.algorithms.iter().map(algorithm).collect();
    switch.registration.min_expires = config.registration.min_expires_seconds;
    switch.registration.max_expires = config.registration.max_expires_seconds;
    switch.registration.default_expires = config.registration.max_expires_seconds;
    switch.ring_timeout = Duration::from_secs(config.calls.ring_timeout_seconds);
    switch.max_calls = config.calls.max_calls;
    switch.completion.life = Duration::from_secs(config.calls.call_back_minutes.saturating_mul(60));
    switch.service_codes = config.service_codes.clone();
    switch.park = config.park.clone();
    switch.pick_up = config.pick_up;
    switch.recordings = config.voicemail.limits();
    switch.sounds_digits = true;
    switch.emergency = config.emergency.clone();
    switch.guard = config.guard.clone();
    switch
}

/// Each call has four sockets: the usual limit of 1,024 files would end at 250 calls.
fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it is forbidden the server works with less, and says so when a call finds no socket.
    let _ = setrlimit(Resource::Nofile, limit);
}

fn tell_ready(ready: &Ready<'_>) {
    let Ok(line) = serde_json::to_string(ready) else {
        return;
    };
    let mut stdout = std::io::stdout().lock();
    // Nobody may be listening; the server serves all the same.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
