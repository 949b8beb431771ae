//! What an endpoint is told once, at its start.

use std::time::Duration;

use crate::{Host, Method, MinSe, Secret, Text};

/// The settings of an [`Endpoint`](super::Endpoint).
#[derive(Clone, Debug)]
pub struct Config {
    /// Written as User-Agent into requests and as Server into responses; empty writes neither.
    pub user_agent: Text,
    /// The clocks of transactions and dialogs.
    pub timers: Timers,
    /// The address that Via and Contact name instead of the flow's own local one, for an endpoint
    /// behind a known public address.
    pub advertised: Option<HostPort>,
    /// The methods that are let through to the application. Others get 405 when RFC 3261 or its
    /// extensions know them and 501 when nobody does (RFC 3261 section 8.2.1). ACK, BYE, CANCEL and
    /// INVITE are always understood.
    pub methods: Vec<Method>,
    /// The option tags that the application understands. A request that requires another one gets
    /// 420 (RFC 3261 section 8.2.2.3).
    pub supported: Vec<Text>,
    /// The event packages that others may subscribe to: `presence`, `dialog`, … A SUBSCRIBE to another
    /// one gets 489 with this list (RFC 6665 section 4.2.1.1). SUBSCRIBE itself has to be among
    /// `methods`. REFER needs no entry here; whoever has it among `methods` gets it.
    pub event_packages: Vec<Text>,
    /// The INFO packages that the application takes (Recv-Info, RFC 6086). An INFO of another package
    /// gets 469; one without package, as of old, goes to the application.
    pub info_packages: Vec<Text>,
    /// The kinds of bodies that the application understands in INVITE, UPDATE, PRACK and MESSAGE:
    /// `application/sdp`, `text/*`, … Others get 415 with this list, unless their sender says that
    /// they are optional (RFC 3261 section 8.2.3). An empty list lets all through.
    pub accept: Vec<Text>,
    /// Whether the application passes calls and messages on to others (a B2BUA). It then must not
    /// take a request whose Max-Forwards is used up: that gets 483 (RFC 7332 section 3).
    pub forwards: bool,
    /// When our provisional answers to an INVITE are sent until a PRACK acknowledges them (RFC 3262).
    /// Unless it is `Never`, the core itself says that it supports `100rel` and allows PRACK.
    pub reliable_provisionals: ReliableProvisionals,
    /// How long calls live without being refreshed (RFC 4028); `None` takes no part in it. The core
    /// itself says that it supports `timer`, negotiates, refreshes, and ends what has expired.
    pub session_timer: Option<SessionTimer>,
    /// How long an answered call waits for its peer to come back after their connection broke; zero ends
    /// it at once. It is back with a request in the call over another connection, or when the application
    /// says so with [`Input::MoveLeg`](super::Input::MoveLeg). Datagrams have no connection: where nobody
    /// listens for them any more, the call ends at once, unless `recovers_datagrams` says otherwise.
    pub flow_recovery: Duration,
    /// Whether the core notes which calls have changed, for an owner that keeps snapshots of them
    /// ([`Endpoint::take_changed`](super::Endpoint::take_changed)).
    pub notes_changes: bool,
    /// Whether calls over datagrams wait in the same way when nobody takes them any more: for a phone, whose
    /// server comes back to the same address. A server need not wait for a phone whose port is closed.
    pub recovers_datagrams: bool,
    /// How much may be in memory at once.
    pub capacity: Capacity,
    /// When a failed registration is tried again.
    pub registration_retry: RetryDelay,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user_agent: Text::default(),
            timers: Timers::default(),
            advertised: None,
            methods: vec![
                Method::Invite,
                Method::Ack,
                Method::Bye,
                Method::Cancel,
                Method::Options,
                Method::Info,
                Method::Message,
                Method::Register,
            ],
            supported: Vec::new(),
            event_packages: Vec::new(),
            info_packages: Vec::new(),
            accept: Vec::new(),
            forwards: false,
            reliable_provisionals: ReliableProvisionals::default(),
            session_timer: Some(SessionTimer::default()),
            flow_recovery: Duration::ZERO,
            notes_changes: false,
            recovers_datagrams: false,
            capacity: Capacity::default(),
            registration_retry: RetryDelay::default(),
        }
    }
}

impl Config {
    /// Adds what the core does by itself to what the application understands.
    pub(super) fn complete(&mut self) {
        let mut methods = vec![Method::Update];
        if self.reliable_provisionals != ReliableProvisionals::Never {
            methods.push(Method::Prack);
            self.support("100rel");
        }
        if let Some(timer) = &mut self.session_timer {
            // RFC 4028 section 4.
            timer.minimum_seconds = timer.minimum_seconds.max(MinSe::LEAST_SECONDS);
            self.support("timer");
        }
        for method in methods {
            if !self.methods.contains(&method) {
                self.methods.push(method);
            }
        }
    }

    fn support(&mut self, tag: &'static str) {
        let is_this = |one: &Text| one.eq_ignore_ascii_case(tag);
        if !self.supported.iter().any(is_this) {
            self.supported.push(Text::from_static(tag));
        }
    }
}

/// When a provisional answer (101–199) of ours is reliable: repeated until the caller acknowledges it
/// with PRACK (RFC 3262).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReliableProvisionals {
    /// Never: an INVITE that requires `100rel` gets 420, and we do not say that we support it.
    Never,
    /// Each one if the caller requires `100rel`, and those that carry a session description if the
    /// caller supports it. Those of others are acknowledged.
    #[default]
    WhenAsked,
}

/// The session interval that we want for calls (RFC 4028).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionTimer {
    /// What we ask for, in seconds; half of it later the call is refreshed. The RFC recommends 1800.
    pub wanted_seconds: u32,
    /// What is shorter than this gets 422, in seconds; at least 90 (RFC 4028 section 4).
    pub minimum_seconds: u32,
}

impl Default for SessionTimer {
    fn default() -> Self {
        Self {
            wanted_seconds: 1800,
            minimum_seconds: 90,
        }
    }
}

/// A host with an optional port, as it stands in Via and Contact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostPort {
    /// Name or address.
    pub host: Host,
    /// Port; `None` means the transport's default.
    pub port: Option<u16>,
}

/// The base values that all timers of RFC 3261 are made of (section 17.1.1.1 and table 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timers {
    /// The round-trip estimate; 500 ms. Sixty-four of them are the life of a transaction.
    pub t1: Duration,
    /// The longest pause between two retransmissions of a request that is not an INVITE, and of any
    /// response to an INVITE; 4 s.
    pub t2: Duration,
    /// How long a message may wander in the network; 5 s.
    pub t4: Duration,
    /// How long an INVITE's client waits for repeated refusals on an unreliable transport (timer D);
    /// 32 s.
    pub d: Duration,
    /// How long an INVITE of ours that got a provisional answer may stay silent before it is cancelled
    /// (timer C); each further answer from 101 to 199 starts it anew. It must be longer than three
    /// minutes (RFC 3261 section 16.6 step 11): those who ring report it every minute.
    pub c: Duration,
    /// How often a call that rings on is reported to the caller again, so that no proxy on the way
    /// gives it up (RFC 3261 section 13.3.1.1); one minute.
    pub progress_repeat: Duration,
}

impl Timers {
    /// `64*T1`: the life of a transaction (timers B, F, H, L, M, and J on unreliable transports).
    pub fn transaction_life(&self) -> Duration {
        self.t1 * 64
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            d: Duration::from_secs(32),
            c: Duration::from_secs(200),
            progress_repeat: Duration::from_secs(60),
        }
    }
}

/// Bounds on memory. What exceeds them is refused with 503 without being remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capacity {
    /// Server transactions at once, the finished ones that still absorb retransmissions included.
    pub server_transactions: usize,
    /// Calls at once.
    pub legs: usize,
    /// Subscriptions at once, ours and those that others have with us.
    pub subscriptions: usize,
    /// Subscriptions of one peer's address with us at once. All phones behind one NAT are one peer.
    pub subscriptions_per_peer: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        // A finished transaction takes almost a kilobyte for 32 s, a call some kilobytes, a
        // subscription less than three.
        Self {
            server_transactions: 400_000,
            legs: 50_000,
            subscriptions: 50_000,
            subscriptions_per_peer: 2_000,
        }
    }
}

/// The pause before a failed registration is tried again: it doubles with each failure from `first`
/// up to `longest`, and is then shortened by a random half at most, so that the phones of a
/// restarted server do not come back in one second (RFC 5626 section 4.5). A connection that has
/// served and breaks is replaced within a second; only when that fails the pauses begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryDelay {
    /// After the first failure, when the device cannot be reached at all.
    pub first: Duration,
    /// After the first failure, when another registration of the same address of record works.
    pub first_beside_others: Duration,
    /// The upper bound.
    pub longest: Duration,
}

impl RetryDelay {
    /// The times that RFC 5626 section 4.5 proposes: a base time of 30 s, or 90 s beside a flow that
    /// works, doubled by each failure up to half an hour. The default is more eager, since a person
    /// waits for a phone.
    pub const OUTBOUND: Self = Self {
        first: Duration::from_secs(60),
        first_beside_others: Duration::from_secs(180),
        longest: Duration::from_secs(1800),
    };
}

impl Default for RetryDelay {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(4),
            first_beside_others: Duration::from_secs(12),
            longest: Duration::from_secs(300),
        }
    }
}

/// What a client answers a digest challenge with.
#[derive(Clone, Debug)]
pub struct ClientCredential {
    /// The user name of the digest.
    pub login: Text,
    /// The password of the digest; never printed.
    pub secret: Secret,
}
