//! A call server of a few lines: it knows one account, and whoever is called speaks back what is said.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use api::{
    Account, AccountId, DeviceCredential, LoginAnswer, LoginRequest, Number, ProblemKind,
    SipService,
};
use bytes::Bytes;
use sdp::{Codec, Direction, OfferConfig, SessionDescription};
use sip::{Endpoint, Event, HeaderName, Headers, Input, Method, StatusCode};
use sip_tokio::{BindConfig, Received, Sockets};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, oneshot};

pub(crate) const PASSWORD: &str = "seven green bottles";

/// What the tests may ask afterwards.
#[derive(Default)]
struct Seen {
    replaced: Mutex<Vec<Option<String>>>,
    unregistered: AtomicBool,
}

/// Runs on a thread of its own until it is dropped.
pub(crate) struct Server {
    http: SocketAddr,
    seen: Arc<Seen>,
    stop: Option<oneshot::Sender<()>>,
    cuts: mpsc::UnboundedSender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let (cuts, to_cut) = mpsc::unbounded_channel();
        let seen = Arc::<Seen>::default();
        let shared = seen.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                ready.send(http.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = serve(http, shared, to_cut) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            http: is_ready.recv().unwrap(),
            seen,
            stop: Some(stop),
            cuts,
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// What each login said that it replaces.
    pub(crate) fn replaced(&self) -> Vec<Option<String>> {
        self.seen.replaced.lock().unwrap().clone()
    }

    pub(crate) fn has_unregistered(&self) -> bool {
        self.seen.unregistered.load(Ordering::Acquire)
    }

    /// Closes the connection that the last message came over.
    pub(crate) fn cut(&self) {
        self.cuts.send(()).unwrap();
    }

    /// Closes all its sockets.
    pub(crate) fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(http: TcpListener, seen: Arc<Seen>, mut cuts: mpsc::UnboundedReceiver<()>) {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut sockets = Sockets::bind(BindConfig::udp_and_tcp(anywhere))
        .await
        .unwrap();
    let echo = UdpSocket::bind(anywhere).await.unwrap();
    let mut exchange = Exchange {
        endpoint: Endpoint::new(
            sip::Config {
                flow_recovery: super::PATIENCE,
                ..sip::Config::default()
            },
            [1; 32],
        ),
        echo: echo.local_addr().unwrap(),
        seen: seen.clone(),
    };
    let sip = SipService {
        domain: "house.example".into(),
        udp: sockets.local_udp().first().copied(),
        tcp: sockets.local_tcp().first().copied(),
        tls: None,
        certificate_sha256: None,
    };
    let mut sound = [0; 2048];
    let mut last_flow = None;
    loop {
        let due = exchange
            .endpoint
            .poll_timeout()
            .unwrap_or_else(|| Instant::now() + super::PATIENCE);
        let input = tokio::select! {
            Ok((connection, _)) = http.accept() => {
                log_in(connection, &sip, &seen.replaced).await;
                continue;
            }
            Ok((length, from)) = echo.recv_from(&mut sound) => {
                let _ = echo.try_send_to(&sound[..length], from);
                continue;
            }
            Some(()) = cuts.recv() => match last_flow.take() {
                Some(flow) => {
                    sockets.abandon(flow);
                    Input::FlowFailed { flow }
                }
                None => continue,
            },
            received = sockets.receive() => match received {
                Received::Message { flow, payload } => {
                    last_flow = Some(flow);
                    Input::Receive { flow, payload }
                }
                Received::FlowFailed { flow, .. } => Input::FlowFailed { flow },
            },
            () = tokio::time::sleep_until(due.into()) => Input::Timeout,
        };
        exchange.endpoint.handle(Instant::now(), input);
        while let Some(event) = exchange.endpoint.poll_event() {
            exchange.answer(event);
        }
        while let Some(transmit) = exchange.endpoint.poll_transmit() {
            sockets.send(transmit.flow, transmit.payload);
        }
    }
}

struct Exchange {
    endpoint: Endpoint,
    echo: SocketAddr,
    seen: Arc<Seen>,
}

impl Exchange {
    fn answer(&mut self, event: Event) {
        let now = Instant::now();
        match event {
            Event::Request {
                request, message, ..
            } => {
                let mut headers = Headers::default();
                if message.method == Method::Register {
                    let is_last = message
                        .headers
                        .get(&HeaderName::Expires)
                        .is_some_and(|value| value == "0")
                        || message
                            .headers
                            .get(&HeaderName::Contact)
                            .is_some_and(|value| value.ends_with("expires=0"));
                    self.seen.unregistered.fetch_or(is_last, Ordering::AcqRel);
                    for header in message.headers.iter() {
                        if matches!(header.name, HeaderName::Contact | HeaderName::Expires) {
                            headers.push(header.name.clone(), &header.value);
                        }
                    }
                }
                let (status, body) = (StatusCode::OK, Bytes::new());
                self.endpoint.handle(
                    now,
                    Input::Respond {
                        request,
                        status,
                        headers,
                        body,
                    },
                );
            }
            Event::Incoming { leg, invite, .. } => {
                let offer = SessionDescription::parse(&invite.body).unwrap();
                let config = OfferConfig {
                    address: self.echo,
                    codecs: &Codec::ALL,
                    session_id: 1,
                    version: 1,
                    direction: Direction::SendRecv,
                    ptime_millis: 20,
                    crypto: &[],
                };
                let (answer, _) = sdp::answer(&offer, &config).unwrap();
                let mut headers = Headers::default();
                headers.push(HeaderName::ContentType, "application/sdp");
                let body = Bytes::from(answer.to_string());
                self.endpoint
                    .handle(now, Input::Accept { leg, headers, body });
            }
            _ => {}
        }
    }
}

/// Answers one HTTP request, whose body comes with its head or right after it.
async fn log_in(
    mut connection: TcpStream,
    sip: &SipService,
    replaced: &Mutex<Vec<Option<String>>>,
) {
    let mut request = Vec::new();
    let body = loop {
        if connection.read_buf(&mut request).await.unwrap() == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse()
                .ok()
        });
        if body.len() >= length.unwrap_or(0) {
            break serde_json::from_str::<LoginRequest>(body).unwrap();
        }
    };
    let (status, answer) = if body.password == PASSWORD {
        let mut replaced = replaced.lock().unwrap();
        replaced.push(body.replaces);
        let answer = LoginAnswer {
            account: Account {
                id: AccountId(1),
                name: body.name,
                display_name: "Amina".into(),
                number: Some(Number::parse("200").unwrap()),
            },
            device: DeviceCredential {
                login: format!("device-{}", replaced.len()),
                secret: "secret".into(),
                label: body.device_label,
            },
            sip: sip.clone(),
            tokens: None,
        };
        ("200 OK", serde_json::to_string(&answer).unwrap())
    } else {
        let problem = api::Problem::new(ProblemKind::WrongPassword, "Try again.");
        ("401 Unauthorized", serde_json::to_string(&problem).unwrap())
    };
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    );
    connection.write_all(response.as_bytes()).await.unwrap();
}
