//! The façade: a SIP user agent that calls, is called, registers and answers, without a socket or a
//! clock of its own.
//!
//! | file | what it decides |
//! |---|---|
//! | `receive` | what a message belongs to |
//! | `responses` | who learns an answer |
//! | `requests` | requests outside calls, ours and theirs |
//! | `calling` | our INVITE until it is answered |
//! | `early` | provisional answers to it, and our PRACKs |
//! | `ringing` | their INVITE until it is answered |
//! | `progress` | our provisional answers to it, and their PRACKs |
//! | `established` | ACK, BYE and other requests in a call |
//! | `reoffer` | new offers, re-INVITEs and their glare |
//! | `update` | offers in UPDATE and PRACK |
//! | `refreshing_calls` | session timers |
//! | `moving` | calls whose peer comes over another flow, or whose connection broke |
//! | `resuming` | calls that another process has begun |
//! | `registering` | registrations |
//! | `subscribing`, `refreshing`, `notified` | our subscriptions: how they begin and go on, and what they tell |
//! | `notifying`, `notifications` | subscriptions that others have with us, REFER among them, and our NOTIFYs |
//! | `borrowed_dialog` | subscriptions in the dialogs of calls |
//! | `content` | bodies and INFO packages that are understood |
//! | `replacing` | calls that take the place of others |
//! | `publishing` | publications |
//! | `expiry` | what happens when a timer runs out |
//! | `send` | Via, Contact, and the start of transactions |

mod authentication;
mod borrowed_dialog;
mod calling;
mod config;
mod contact;
mod content;
mod deadlines;
mod early;
mod established;
mod event;
mod expiry;
mod identity;
mod input;
mod moving;
mod notifications;
mod notified;
mod notifying;
mod outbox;
mod progress;
mod publishing;
mod purpose;
mod random;
mod receive;
mod refreshing;
mod refreshing_calls;
mod registering;
mod reoffer;
mod replacing;
mod requests;
mod responses;
mod resuming;
mod ringing;
mod send;
mod subscribing;
mod subscription_inputs;
mod timer;
mod timer_table;
mod update;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

pub(crate) use authentication::DigestClient;
pub use config::{
    Capacity, ClientCredential, Config, HostPort, ReliableProvisionals, RetryDelay, SessionTimer,
    Timers,
};
pub use event::{
    BadMessage, EndCause, Event, Failure, PublicationFailure, RegistrationFailure, Transmit,
};
pub use identity::{LegId, PublicationId, RegistrationId, RequestId, SubscriptionId};
pub use input::Input;
pub(crate) use outbox::Outbox;
use purpose::Purpose;
pub(crate) use random::Random;
use requests::PendingAnswer;
pub(crate) use timer::Timer;

use crate::dialog::Leg;
use crate::publication::Publication;
use crate::registration::Registration;
use crate::subscription::Subscriptions;
use crate::transaction::{
    ClientTransactions, FlowIndex, KeyMap, Keyer, ServerTransactions, TransactionKey,
};
use crate::{Flow, Method, Text};

/// A SIP user agent, client and server in one.
///
/// Give it what arrives and what you want with [`handle`](Self::handle); after each call send what
/// [`poll_transmit`](Self::poll_transmit) has, obey what [`poll_event`](Self::poll_event) tells, and
/// call again at [`poll_timeout`](Self::poll_timeout) at the latest.
///
/// ```
/// use std::time::Instant;
///
/// use sip::{Config, Endpoint, Event, Flow, Headers, Input, StatusCode, Transport};
///
/// let mut endpoint = Endpoint::new(Config::default(), [7; 32]);
/// let flow = Flow {
///     transport: Transport::Udp,
///     local: "192.0.2.1:5060".parse().unwrap(),
///     remote: "192.0.2.2:5060".parse().unwrap(),
///     connection: 0,
/// };
/// let datagram = "OPTIONS sip:192.0.2.1 SIP/2.0\r\n\
///     Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1\r\n\
///     From: <sip:bob@example.com>;tag=1\r\n\
///     To: <sip:192.0.2.1>\r\n\
///     Call-ID: 1\r\n\
///     CSeq: 1 OPTIONS\r\n\r\n";
/// endpoint.handle(Instant::now(), Input::Receive { flow, payload: datagram.into() });
///
/// let Some(Event::Request { request, .. }) = endpoint.poll_event() else {
///     panic!("somebody asks what we can do");
/// };
/// let (status, headers, body) = (StatusCode::OK, Headers::new(), "".into());
/// endpoint.handle(Instant::now(), Input::Respond { request, status, headers, body });
/// let answer = endpoint.poll_transmit().expect("the answer");
/// assert!(answer.payload.starts_with(b"SIP/2.0 200 OK"));
/// ```
#[derive(Debug)]
pub struct Endpoint {
    config: Config,
    /// Our Allow header's value.
    allow: Text,
    /// Our Supported header's value; empty when nothing is.
    supported: Text,
    random: Random,
    keyer: Keyer,
    /// The instant of the first input: all times inside count from it.
    start: Option<Instant>,
    out: Outbox,
    clients: ClientTransactions<Purpose>,
    servers: ServerTransactions<LegId>,
    /// Requests that the application has not answered, the oldest first.
    answers: BTreeMap<RequestId, PendingAnswer>,
    /// Whether a timer for the oldest of them is set.
    are_answers_watched: bool,
    legs: HashMap<LegId, Leg>,
    legs_by_flow: FlowIndex<LegId>,
    /// Calls by Call-ID and our tag.
    dialogs: KeyMap<LegId>,
    /// Calls whose BYE is under way: one that comes towards it is welcome.
    mortal: KeyMap<()>,
    registrations: BTreeMap<RegistrationId, Registration>,
    subscriptions: Subscriptions,
    publications: BTreeMap<PublicationId, Publication>,
    last_identity: u64,
    /// Calls whose snapshot is another one than before.
    changed: Vec<LegId>,
}

/// How much an endpoint holds in memory at the moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Population {
    /// Requests of ours that are under way or whose repeated answers are absorbed.
    pub client_transactions: usize,
    /// Requests of others that are being answered or whose repetitions are absorbed.
    pub server_transactions: usize,
    /// Calls, those included that only wait for an ACK to be hung up.
    pub legs: usize,
    /// Requests that the application has yet to answer.
    pub open_requests: usize,
    /// Registrations that are kept alive.
    pub registrations: usize,
    /// Subscriptions, ours and those that others have with us.
    pub subscriptions: usize,
    /// States that are kept published.
    pub publications: usize,
    /// Timers that are set, those included whose owner is gone.
    pub timers: usize,
}

impl Endpoint {
    /// A fresh endpoint. Everything random in it follows from the seed, which must be unguessable
    /// outside tests: tags and branches come from it.
    pub fn new(mut config: Config, seed: [u8; 32]) -> Self {
        // The core itself leaves the reports of a REFER away (RFC 4488).
        if config.methods.contains(&Method::Refer) {
            config.supported.push(Text::from_static("norefersub"));
        }
        config.complete();
        let mut random = Random::new(seed);
        let keyer = Keyer::new(random.seed());
        let allow: Vec<_> = config
            .methods
            .iter()
            .map(|method| method.as_str())
            .collect();
        let supported: Vec<_> = config.supported.iter().map(Text::as_str).collect();
        Self {
            allow: Text::from(allow.join(", ")),
            supported: Text::from(supported.join(", ")),
            config,
            random,
            clients: ClientTransactions::new(keyer.clone()),
            servers: ServerTransactions::new(keyer.clone()),
            start: None,
            out: Outbox::default(),
            answers: BTreeMap::new(),
            are_answers_watched: false,
            legs: HashMap::new(),
            legs_by_flow: FlowIndex::new(keyer.clone()),
            dialogs: KeyMap::default(),
            mortal: KeyMap::default(),
            keyer,
            registrations: BTreeMap::new(),
            subscriptions: Subscriptions::default(),
            publications: BTreeMap::new(),
            last_identity: 0,
            changed: Vec::new(),
        }
    }

    /// Takes one input, and then runs the timers that are due by `now`: an answer that has waited in
    /// a socket longer than its request had time still counts. Drain transmits and events after it.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let start = *self.start.get_or_insert(now);
        self.out.now = now.saturating_duration_since(start).max(self.out.now);
        match input {
            Input::Receive { flow, payload } => self.receive(flow, payload),
            Input::Timeout => {}
            Input::FlowFailed { flow } => self.flow_failed(flow),
            Input::Request {
                request,
                flow,
                message,
                credential,
            } => {
                self.send_request(request, flow, message, credential);
            }
            Input::Respond {
                request,
                status,
                headers,
                body,
            } => {
                self.respond(request, status, headers, body);
            }
            Input::Register {
                registration,
                flow,
                registrar,
                address_of_record,
                credential,
                expires_seconds,
                instance,
                reg_id,
                features,
            } => {
                let wish = registering::Wish {
                    flow,
                    registrar,
                    address_of_record,
                    credential,
                    expires_seconds,
                    instance,
                    reg_id,
                    features,
                };
                self.register(registration, wish);
            }
            Input::Unregister { registration } => self.unregister(registration),
            Input::Invite {
                leg,
                flow,
                uri,
                from,
                to,
                headers,
                body,
                credential,
            } => {
                let wish = calling::Wish {
                    flow,
                    uri,
                    from,
                    to,
                    headers,
                    body,
                    credential,
                };
                self.invite(leg, wish);
            }
            Input::Progress { leg, status, body } => self.progress(leg, status, body),
            Input::Accept { leg, headers, body } => self.accept(leg, headers, body),
            Input::Reject {
                leg,
                status,
                headers,
            } => self.reject(leg, status, headers),
            Input::Acknowledge { leg, body } => self.acknowledge(leg, body),
            Input::Reinvite { leg, body } => self.reinvite(leg, body),
            Input::RestoreLeg {
                leg,
                snapshot,
                age,
                is_doubtful,
            } => self.restore_leg(leg, &snapshot, age, is_doubtful),
            Input::RefreshLeg { leg } => drop(self.refresh(leg)),
            Input::MoveLeg { leg, flow } => self.move_leg_on_purpose(leg, flow),
            Input::Hangup { leg, reason } => self.hang_up(leg, reason),
            Input::SendInDialog {
                leg,
                request,
                method,
                headers,
                body,
            } => {
                self.send_in_dialog(leg, request, method, headers, body);
            }
            input @ (Input::Publish { .. } | Input::Unpublish { .. }) => {
                self.handle_publication(input);
            }
            input @ (Input::Subscribe { .. }
            | Input::Unsubscribe { .. }
            | Input::SubscribeInCall { .. }
            | Input::Refer { .. }
            | Input::ReferOutsideCall { .. }
            | Input::AcceptSubscription { .. }
            | Input::RejectSubscription { .. }
            | Input::Notify { .. }
            | Input::EndSubscription { .. }) => self.handle_subscription(input),
        }
        self.run_timers();
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.out.transmits.pop_front()
    }

    /// The next thing that the application has to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.out.events.pop_front()
    }

    /// When [`Input::Timeout`] is due, unless another input comes before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        Some(self.start? + self.out.next_timer()?)
    }

    /// A new name for an outgoing call.
    pub fn next_leg(&mut self) -> LegId {
        LegId::from_number(self.next_number())
    }

    /// A new name for an outgoing request.
    pub fn next_request(&mut self) -> RequestId {
        RequestId::from_number(self.next_number())
    }

    /// A new name for a registration.
    pub fn next_registration(&mut self) -> RegistrationId {
        RegistrationId::from_number(self.next_number())
    }

    /// A new name for a subscription that the application asks for, with SUBSCRIBE or REFER.
    pub fn next_subscription(&mut self) -> SubscriptionId {
        SubscriptionId::from_number(self.next_number())
    }

    /// A new name for a publication.
    pub fn next_publication(&mut self) -> PublicationId {
        PublicationId::from_number(self.next_number())
    }

    /// Where the peer of a call is at present: the flow of its last request, or of our INVITE.
    pub fn flow_of(&self, leg: LegId) -> Option<Flow> {
        self.legs.get(&leg).map(|leg| leg.flow)
    }

    /// How much is in memory, for metrics and tests.
    pub fn population(&self) -> Population {
        Population {
            client_transactions: self.clients.len(),
            server_transactions: self.servers.len(),
            legs: self.legs.len(),
            open_requests: self.answers.len(),
            registrations: self.registrations.len(),
            subscriptions: self.subscriptions.len(),
            publications: self.publications.len(),
            timers: self.out.timer_count(),
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_identity += 1;
        self.last_identity
    }

    /// The key of a call: its Call-ID and our tag, which is random.
    fn dialog_key(&self, call_id: &str, local_tag: &str) -> TransactionKey {
        self.keyer.key(&[call_id, local_tag])
    }
}
