//! What a phone is told once, at its start.

use std::time::Duration;

use sdp::Codec;
use sip::{Flow, Secret, Text};

/// The settings of a [`Phone`](crate::Phone): whose it is and where its server is.
#[derive(Clone, Debug)]
pub struct Config {
    /// The device's SIP login, which is also the user part of its address.
    pub login: Text,
    /// The device's SIP secret; never printed.
    pub secret: Secret,
    /// The host part of the device's address and of every number that is dialled.
    pub domain: Text,
    /// The name that is shown to those we call, before the server puts its own there.
    pub display_name: Option<Text>,
    /// The URN of this installation, `urn:uuid:…` (RFC 5626 section 4.1). With it a registration over a
    /// new connection replaces the one over the old connection at once. `None` says nothing.
    pub instance: Option<Text>,
    /// How the server is reached. For streams with connection 0: the open connection, or a new one.
    pub server: Flow,
    /// Calls are numbered from the next one on, so that numbers stay unique over several phones.
    pub calls_before: u64,
    /// Written into User-Agent and Server.
    pub user_agent: Text,
    /// The codecs to offer and to take, the best first.
    pub codecs: Vec<Codec>,
    /// Whether sound is encrypted (SRTP) where signalling is. Sound that the other side has encrypted is refused without
    /// it.
    pub encrypts_sound: bool,
    /// Whether somebody who calls during a call rings too; otherwise the line is busy.
    pub call_waiting: bool,
    /// The clocks of the phone's own patience.
    pub patience: Patience,
    /// The clocks of SIP transactions.
    pub timers: sip::Timers,
}

impl Config {
    /// The defaults for a device of a server.
    #[must_use]
    pub fn new(
        login: impl Into<Text>,
        secret: Secret,
        domain: impl Into<Text>,
        server: Flow,
    ) -> Self {
        Self {
            login: login.into(),
            secret,
            domain: domain.into(),
            display_name: None,
            instance: None,
            calls_before: 0,
            server,
            user_agent: Text::from_static(concat!(
                "Carillon softphone ",
                env!("CARGO_PKG_VERSION")
            )),
            codecs: vec![Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma],
            encrypts_sound: true,
            call_waiting: true,
            patience: Patience::default(),
            timers: sip::Timers::default(),
        }
    }
}

/// How long the phone waits for what.
///
/// The transactions of RFC 3261 give a silent server 32 s, which is far too long for somebody who listens to nothing. So
/// the phone asks the server with OPTIONS whether it is still there whenever a call gives no other sign of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The life that is asked for at registration, in seconds. Short, so that a server that lost its registrations in a
    /// restart knows the phone again soon.
    pub registration_seconds: u32,
    /// The pause between two questions while a call gives no sign of the server.
    pub ask_again: Duration,
    /// The pause between two copies of a question that was not answered yet. Each copy is retransmitted on its own, so a
    /// lossy network does not look like a dead server.
    pub repeat: Duration,
    /// How long the server may take to answer such a question.
    pub answer: Duration,
    /// The pause between two questions while no call is there; also keeps the mapping of a home router open, which
    /// lives 30 s or longer.
    pub idle: Duration,
    /// How long a call may stay without sound although the server is there.
    pub silence: Duration,
    /// How long an answered call goes on without the server: it may be started again, or the network may change.
    /// Sound does not depend on the connection, and whoever does not want to wait hangs up.
    pub recovery: Duration,
    /// How long a call may ring, either way; the server's own limit is shorter.
    pub ringing: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            registration_seconds: 120,
            ask_again: Duration::from_secs(3),
            repeat: Duration::from_secs(1),
            answer: Duration::from_millis(4500),
            idle: Duration::from_secs(25),
            silence: Duration::from_secs(60),
            recovery: Duration::from_secs(90),
            ringing: Duration::from_secs(180),
        }
    }
}
