//! A phone as a node of the network: the same SIP core as a user agent, with a plan for what to do when.

mod perform;
mod ring;
mod session;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sdp::{Codec, Crypto, Direction, Negotiated, SessionDescription};
use simnet::{Node, Packet};
use sip::{
    ClientCredential, EndCause, Endpoint, Event, Flow, HeaderName, Headers, Host, Input, LegId,
    Method, NameAddr, RegistrationFailure, Replaces, Secret, StatusCode, Text, Transport, Uri,
};

use crate::server::{DOMAIN, secret_of};
use perform::plain_text;

/// What a phone does when it is called.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Manner {
    /// Rings, and is picked up after so long.
    Answer(Duration),
    /// Lets the caller hear something first (183 with a session), then is picked up.
    EarlyMedia(Duration),
    /// Rings until somebody gives up.
    Ring,
    /// Refuses at once.
    Refuse(StatusCode),
    /// Rings, and is declined after so long.
    RefuseAfter(Duration, StatusCode),
    /// Answers with a body that is no session.
    AnswerNonsense,
    /// Sends the caller to this URI.
    Redirect(&'static str),
}

/// What a phone was told to do later.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Call(String),
    /// Calls, and asks that nobody learns who it is.
    CallHidden(String),
    /// Calls without an offer of its own.
    CallWithoutOffer(String),
    Accept(LegId),
    Reject(LegId, StatusCode),
    Hangup,
    /// Ends the first of two calls.
    HangupFirst,
    Offer(Direction),
    /// A re-INVITE without an offer.
    AskForOffer,
    /// A request within the call, with a text.
    Send(Method, &'static str),
    /// An INFO of this kind, with this body.
    Inform(&'static str, &'static str),
    /// Calls a number with whatever body.
    CallText(String, String),
    /// A re-INVITE with whatever body.
    OfferText(String),
    /// Hands the call over to a number.
    Refer(&'static str),
    /// Hands the first call over to whom the second one is with.
    ReferToSecond,
    /// Hands the call over to a call that this names.
    ReferReplacing(Replaces),
    /// Goes on here with a call of another phone.
    TakeOver(Replaces),
    /// The phone that rings sends its caller to this URI.
    SendOn(&'static str),
    /// A message outside calls, to a number.
    Message(&'static str, &'static str),
}

pub(crate) struct Phone {
    pub(crate) login: String,
    pub(crate) address: SocketAddr,
    pub(crate) server: SocketAddr,
    /// The number of its connection to the server; `None` for datagrams.
    pub(crate) connection: Option<u64>,
    /// Its name and the number of its flow, if it knows of flows.
    pub(crate) outbound: Option<(&'static str, u32)>,
    /// What it says that it is capable of.
    pub(crate) features: Vec<Text>,
    pub(crate) endpoint: Endpoint,
    config: sip::Config,
    pub(crate) manner: Manner,
    /// How a re-INVITE is answered: `None` accepts.
    pub(crate) refuses_reoffers: Option<StatusCode>,
    /// Whether it leaves a re-INVITE without an answer.
    pub(crate) ignores_reoffers: bool,
    pub(crate) codecs: Vec<Codec>,
    /// Its keys: with any, it offers SRTP.
    pub(crate) crypto: Vec<Crypto>,
    /// Whether it takes nothing but SRTP.
    pub(crate) refuses_plain: bool,
    /// Whether it answers offers as one that holds.
    pub(crate) holds: bool,
    /// Whether it takes offers without a stream.
    pub(crate) gives_streams_up: bool,
    /// Offers that it could not answer.
    pub(crate) offers_refused: u32,
    /// Whether its connection to the server is encrypted.
    pub(crate) is_secure: bool,
    plan: Vec<(Instant, Action)>,
    pub(crate) leg: Option<LegId>,
    /// The first call, while there is a second one.
    pub(crate) held: Option<LegId>,
    /// How others name the last call that this phone began and that was answered.
    pub(crate) name: Option<Replaces>,
    /// The same of the last call that rang.
    pub(crate) progress_name: Option<Replaces>,
    /// The last description that this phone sent, and what was agreed.
    local: Option<SessionDescription>,
    version: u64,
    pub(crate) media: Option<Negotiated>,
    offer: Option<SessionDescription>,
    asked_for_offer: bool,
    /// The body of the INVITE that rings, or what was answered to it with early media.
    pending: Option<Bytes>,
    /// Whether offer and answer were exchanged before the call that this phone began was answered.
    is_settled_early: bool,
    had_own_early_media: bool,
    pub(crate) progress: Vec<u16>,
    pub(crate) had_early_media: bool,
    pub(crate) answered: u32,
    pub(crate) reoffers_refused: Vec<u16>,
    pub(crate) ends: Vec<String>,
    pub(crate) caller: Option<String>,
    /// What the last request that came said of its way here.
    pub(crate) history: Vec<String>,
    /// How requests other than INVITE are answered.
    pub(crate) answer: StatusCode,
    /// Requests other than INVITE that came, and the answers to own ones.
    pub(crate) heard: Vec<String>,
    pub(crate) registered: Option<u32>,
    pub(crate) registration_failure: Option<RegistrationFailure>,
}

impl Phone {
    /// A phone that registers with `login`; its address ends with `host`.
    pub(crate) fn new(login: &str, host: u8, seed: u8) -> Self {
        let mut config = sip::Config::default();
        config.methods.push(Method::from("SING"));
        let endpoint = Endpoint::new(config.clone(), [seed ^ host; 32]);
        Phone {
            login: login.to_owned(),
            address: SocketAddr::from(([198, 51, 100, host], 5060)),
            server: "192.0.2.1:5060".parse().unwrap(),
            connection: None,
            outbound: None,
            features: Vec::new(),
            endpoint,
            config,
            manner: Manner::Answer(Duration::from_secs(2)),
            refuses_reoffers: None,
            ignores_reoffers: false,
            codecs: Codec::ALL.to_vec(),
            crypto: Vec::new(),
            refuses_plain: false,
            holds: false,
            gives_streams_up: false,
            offers_refused: 0,
            is_secure: false,
            plan: Vec::new(),
            leg: None,
            held: None,
            name: None,
            progress_name: None,
            local: None,
            version: 0,
            media: None,
            offer: None,
            asked_for_offer: false,
            pending: None,
            is_settled_early: false,
            had_own_early_media: false,
            progress: Vec::new(),
            had_early_media: false,
            answered: 0,
            reoffers_refused: Vec::new(),
            ends: Vec::new(),
            caller: None,
            history: Vec::new(),
            answer: StatusCode::OK,
            heard: Vec::new(),
            registered: None,
            registration_failure: None,
        }
    }

    /// An older phone, which knows nothing of RFC 3262. To be said before it does anything.
    pub(crate) fn without_reliable_progress(&mut self) {
        self.config.reliable_provisionals = sip::ReliableProvisionals::Never;
        self.endpoint = Endpoint::new(self.config.clone(), [self.address.port() as u8; 32]);
    }

    /// Does nothing of what it was told to do later.
    pub(crate) fn forget_plans(&mut self) {
        self.plan.clear();
    }

    pub(crate) fn flow(&self) -> Flow {
        Flow {
            transport: match self.connection {
                Some(_) if self.is_secure => Transport::Tls,
                Some(_) => Transport::Tcp,
                None => Transport::Udp,
            },
            local: self.address,
            remote: self.server,
            connection: self.connection.unwrap_or_default(),
        }
    }

    fn credential(&self) -> ClientCredential {
        ClientCredential {
            login: Text::from(&self.login),
            secret: Secret::new(secret_of(&self.login)),
        }
    }

    pub(crate) fn uri(user: &str) -> Uri {
        Uri::sip(Host::Name(Text::from(DOMAIN)), None).with_user(user)
    }

    pub(crate) fn register(&mut self, now: Instant) {
        let registration = self.endpoint.next_registration();
        let input = Input::Register {
            registration,
            flow: self.flow(),
            registrar: Uri::sip(Host::Name(Text::from(DOMAIN)), None),
            address_of_record: NameAddr::new(Phone::uri(&self.login)),
            credential: Some(self.credential()),
            expires_seconds: 3600,
            instance: self.outbound.map(|(name, _)| Text::from(name)),
            reg_id: self.outbound.map(|(_, flow)| flow),
            features: self.features.clone(),
        };
        self.handle(now, input);
    }

    pub(crate) fn plan(&mut self, at: Instant, action: Action) {
        self.plan.push((at, action));
        self.plan.sort_by_key(|(at, _)| *at);
    }

    pub(crate) fn handle(&mut self, now: Instant, input: Input) {
        self.endpoint.handle(now, input);
        while let Some(event) = self.endpoint.poll_event() {
            self.react(now, event);
        }
    }

    fn react(&mut self, now: Instant, event: Event) {
        match event {
            Event::Registered {
                expires_seconds, ..
            } => self.registered = Some(expires_seconds),
            Event::RegistrationFailed { failure, .. } => self.registration_failure = Some(failure),
            Event::Incoming { leg, invite, .. } => self.incoming(now, leg, invite),
            Event::Progress {
                leg,
                status,
                headers,
                body,
            } => {
                self.progress_name = Some(name_of(&headers));
                self.progress.push(status.code());
                let is_reliable = headers.has(&HeaderName::RSeq);
                if body.is_empty() {
                    return;
                }
                if is_reliable && self.asked_for_offer {
                    self.asked_for_offer = false;
                    self.is_settled_early = true;
                    let body = self.make_answer(&body);
                    self.handle(now, Input::Acknowledge { leg, body });
                } else if let Some(offer) = &self.offer {
                    self.had_early_media = true;
                    let answer = SessionDescription::parse(&body).unwrap();
                    self.media = session::agreed(offer, &answer);
                    if is_reliable {
                        self.local = self.offer.take();
                        self.is_settled_early = true;
                    }
                }
            }
            Event::Notified { body, .. } => {
                let report = sip::Sipfrag::parse(&body).unwrap();
                self.heard.push(format!("it is {}", report.status.code()));
            }
            Event::SubscriptionEnded { .. } => self.heard.push("no more reports".to_owned()),
            Event::Answered { leg, headers, body } => {
                self.name = Some(name_of(&headers));
                if self.asked_for_offer {
                    self.asked_for_offer = false;
                    let body = self.make_answer(&body);
                    self.handle(now, Input::Acknowledge { leg, body });
                } else if !std::mem::take(&mut self.is_settled_early) {
                    self.take_answer(&body);
                }
                self.answered += 1;
            }
            Event::Acknowledged { body, .. }
            | Event::ProgressAcknowledged { body, .. }
            | Event::ReofferAccepted { body, .. }
                if !body.is_empty() =>
            {
                self.take_answer(&body);
                self.agree_early();
            }
            Event::Reoffer { .. } if self.ignores_reoffers => {}
            Event::Reoffer { leg, invite } => {
                let unusable =
                    (!self.can_answer(&invite.body)).then_some(StatusCode::NOT_ACCEPTABLE_HERE);
                if let Some(status) = self.refuses_reoffers.or(unusable) {
                    let headers = Headers::new();
                    self.handle(
                        now,
                        Input::Reject {
                            leg,
                            status,
                            headers,
                        },
                    );
                } else {
                    let body = if invite.body.is_empty() {
                        self.make_offer(Direction::SendRecv)
                    } else {
                        self.make_answer(&invite.body)
                    };
                    self.agree_early();
                    let headers = Headers::new();
                    self.handle(now, Input::Accept { leg, headers, body });
                }
            }
            Event::Request {
                request, message, ..
            } => {
                let text = String::from_utf8_lossy(&message.body).into_owned();
                self.heard.push(format!("{} {text}", message.method));
                if message.method == Method::Message {
                    let from = message.headers.get(&HeaderName::From);
                    self.caller = from.map(|from| without_tag(from));
                    self.history = history_of(&message.headers);
                }
                let respond = Input::Respond {
                    request,
                    status: self.answer,
                    headers: plain_text(),
                    body: Bytes::from_static(b"heard"),
                };
                self.handle(now, respond);
            }
            Event::Response { response, .. } => {
                let place = response.headers.get(&HeaderName::Contact);
                let text = match place {
                    Some(place) => place.to_string(),
                    None => String::from_utf8_lossy(&response.body).into_owned(),
                };
                self.heard
                    .push(format!("{} {text}", response.status.code()));
            }
            Event::RequestFailed { cause, .. } => self.heard.push(format!("{cause:?}")),
            Event::ReofferRefused { status, .. } => {
                self.offer = None;
                self.asked_for_offer = false;
                self.reoffers_refused.push(status.code());
            }
            Event::Ended { leg, cause } => {
                self.ends.push(in_words(cause));
                if self.held == Some(leg) {
                    self.held = None;
                }
                if self.leg == Some(leg) {
                    self.leg = None;
                    self.offer = None;
                    self.asked_for_offer = false;
                }
            }
            _ => {}
        }
    }

    /// How the last call ended, for this phone.
    pub(crate) fn end(&self) -> &str {
        self.ends.last().map_or("goes on", String::as_str)
    }
}

/// What a Replaces header has to say of the call that was answered with these headers.
fn name_of(headers: &Headers) -> Replaces {
    let (from, to): (sip::FromHeader, sip::ToHeader) =
        (headers.required().unwrap(), headers.required().unwrap());
    let call_id = headers.get(&HeaderName::CallId).unwrap();
    Replaces::new(call_id, to.tag().unwrap(), from.tag().unwrap())
}

fn history_of(headers: &Headers) -> Vec<String> {
    let is_history =
        |name: &HeaderName| matches!(name, HeaderName::HistoryInfo | HeaderName::Diversion);
    headers
        .iter()
        .filter(|header| is_history(&header.name))
        .map(|header| format!("{}: {}", header.name, header.value))
        .collect()
}

fn without_tag(from: &str) -> String {
    from[..from.find(";tag").unwrap_or(from.len())].to_owned()
}

fn in_words(cause: EndCause) -> String {
    match cause {
        EndCause::RemoteHangup { .. } => "they hung up".to_owned(),
        EndCause::LocalHangup => "we hung up".to_owned(),
        EndCause::Cancelled {
            reason: Some(reason),
        } => format!("cancelled: {reason}"),
        EndCause::Cancelled { reason: None } => "cancelled".to_owned(),
        EndCause::Refused { status, headers } => {
            let telling = [HeaderName::Reason, HeaderName::Contact, HeaderName::Warning];
            match telling.iter().find_map(|name| headers.get(name)) {
                Some(word) => format!("{status}, {word}"),
                None => status.to_string(),
            }
        }
        EndCause::Timeout => "time-out".to_owned(),
        EndCause::NoAcknowledgement => "no acknowledgement".to_owned(),
        EndCause::FlowFailed => "connection lost".to_owned(),
        EndCause::SessionExpired => "session expired".to_owned(),
        EndCause::Protocol(what) => format!("protocol: {what}"),
    }
}

impl Node<SocketAddr, Bytes> for Phone {
    fn owns(&self, address: &SocketAddr) -> bool {
        *address == self.address
    }

    fn receive(&mut self, now: Instant, packet: Packet<SocketAddr, Bytes>) {
        let flow = self.flow();
        let payload = packet.payload;
        self.handle(now, Input::Receive { flow, payload });
    }

    fn timeout(&mut self, now: Instant) {
        self.handle(now, Input::Timeout);
        while self.plan.first().is_some_and(|(at, _)| *at <= now) {
            let (_, action) = self.plan.remove(0);
            self.perform(now, action);
        }
    }

    fn poll_transmit(&mut self) -> Option<Packet<SocketAddr, Bytes>> {
        let transmit = self.endpoint.poll_transmit()?;
        Some(Packet {
            from: transmit.flow.local,
            to: transmit.flow.remote,
            payload: transmit.payload,
        })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let planned = self.plan.first().map(|(at, _)| *at);
        self.endpoint
            .poll_timeout()
            .into_iter()
            .chain(planned)
            .min()
    }
}
