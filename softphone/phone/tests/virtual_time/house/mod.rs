//! Two phones and their exchange on a seeded network, in virtual time.

mod exchange;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use phone::{
    Call, CallNumber, CallStage, Config, EndReason, Event, Input, KeyMaterial, Phone,
    RegistrationState,
};
use sdp::Negotiated;
use simnet::{Conditions, Network, Node, Packet};
use sip::{Flow, Secret, Transport};

pub(crate) use exchange::Exchange;

pub(crate) const DOMAIN: &str = "house.example";
pub(crate) const SECRET: &str = "device secret";

/// A phone, its socket's address, and what it told.
pub(crate) struct Handset {
    pub(crate) phone: Phone,
    address: SocketAddr,
    transport: Transport,
    pub(crate) events: Vec<Event>,
    /// Whether a socket is opened at once when the phone needs one.
    pub(crate) opens_sockets: bool,
}

impl Handset {
    fn new(
        user: &str,
        host: u8,
        (transport, server): (Transport, SocketAddr),
        now: Instant,
        secret: &str,
    ) -> Self {
        let address = SocketAddr::from(([10, 0, 0, host], 5060));
        let flow = Flow {
            transport,
            local: address,
            remote: server,
            connection: 0,
        };
        let config = Config::new(user, Secret::from(secret), DOMAIN, flow);
        Self {
            phone: Phone::new(config, now, [host; 32]),
            address,
            transport,
            events: Vec::new(),
            opens_sockets: true,
        }
    }

    pub(crate) fn handle(&mut self, now: Instant, input: Input) {
        self.phone.handle(now, input);
        while let Some(event) = self.phone.poll_event() {
            if let Event::NeedMedia { call } = event
                && self.opens_sockets
            {
                let rtp = SocketAddr::new(self.address.ip(), 40_000);
                let keys = KeyMaterial::new([self.address.port() as u8; KeyMaterial::BYTES]);
                self.phone
                    .handle(now, Input::MediaReady { call, rtp, keys });
            }
            self.events.push(event);
        }
    }

    pub(crate) fn calls(&self) -> Vec<&Call> {
        self.phone.calls().collect()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.phone
            .calls()
            .any(|call| matches!(call.stage, CallStage::Connected { .. }))
    }

    pub(crate) fn states(&self) -> Vec<RegistrationState> {
        let states = self.events.iter().filter_map(|event| match event {
            Event::Registration(state) => Some(*state),
            _ => None,
        });
        states.collect()
    }

    pub(crate) fn ends(&self) -> Vec<EndReason> {
        let ends = self.events.iter().filter_map(|event| match event {
            Event::Ended { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        ends.collect()
    }

    pub(crate) fn sessions(&self) -> Vec<Negotiated> {
        let sessions = self.events.iter().filter_map(|event| match event {
            Event::StartMedia { negotiated, .. } => Some(*negotiated),
            _ => None,
        });
        sessions.collect()
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }
}

impl Node<SocketAddr, Bytes> for Handset {
    fn owns(&self, address: &SocketAddr) -> bool {
        *address == self.address
    }

    fn receive(&mut self, now: Instant, packet: Packet<SocketAddr, Bytes>) {
        let flow = Flow {
            transport: self.transport,
            local: packet.to,
            remote: packet.from,
            connection: 0,
        };
        self.handle(
            now,
            Input::Receive {
                flow,
                payload: packet.payload,
            },
        );
    }

    fn timeout(&mut self, now: Instant) {
        self.handle(now, Input::Timeout);
    }

    fn poll_transmit(&mut self) -> Option<Packet<SocketAddr, Bytes>> {
        let transmit = self.phone.poll_transmit()?;
        let (from, to) = (transmit.flow.local, transmit.flow.remote);
        Some(Packet {
            from,
            to,
            payload: transmit.payload,
        })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.phone.poll_timeout()
    }
}

/// Amina (200) and Bela (201) and their exchange.
pub(crate) struct House {
    pub(crate) network: Network<SocketAddr, Bytes>,
    pub(crate) exchange: Exchange,
    pub(crate) amina: Handset,
    pub(crate) bela: Handset,
}

impl House {
    pub(crate) fn new(conditions: Conditions) -> Self {
        Self::over(Transport::Udp, conditions)
    }

    fn over(transport: Transport, conditions: Conditions) -> Self {
        let network = Network::new([3; 32], conditions);
        let server = SocketAddr::from(([10, 0, 0, 1], 5060));
        let now = network.now();
        Self {
            exchange: Exchange::new(server, transport),
            amina: Handset::new("200", 2, (transport, server), now, SECRET),
            bela: Handset::new("201", 3, (transport, server), now, SECRET),
            network,
        }
    }

    /// Both phones are registered.
    pub(crate) fn signed_in() -> Self {
        let mut house = Self::new(Conditions::perfect());
        house.sign_in();
        house
    }

    pub(crate) fn sign_in(&mut self) {
        let now = self.network.now();
        self.amina.handle(now, Input::SignIn);
        self.bela.handle(now, Input::SignIn);
        self.pass(20.0);
        for handset in [&mut self.amina, &mut self.bela] {
            assert_eq!(handset.phone.registration(), RegistrationState::Registered);
            handset.events.clear();
        }
    }

    pub(crate) fn with_secret(mut self, secret: &str) -> Self {
        let server = SocketAddr::from(([10, 0, 0, 1], 5060));
        let way = (Transport::Udp, server);
        self.amina = Handset::new("200", 2, way, self.network.now(), secret);
        self
    }

    /// Lets this many seconds pass.
    pub(crate) fn pass(&mut self, seconds: f64) {
        let nodes: &mut [&mut dyn Node<SocketAddr, Bytes>] =
            &mut [&mut self.exchange, &mut self.amina, &mut self.bela];
        simnet::run(&mut self.network, nodes, Duration::from_secs_f64(seconds)).unwrap();
    }

    pub(crate) fn now(&self) -> Instant {
        self.network.now()
    }

    /// Amina dials.
    pub(crate) fn dial(&mut self, target: &str) -> CallNumber {
        let (call, now) = (self.amina.phone.next_call(), self.now());
        self.amina.handle(
            now,
            Input::Call {
                call,
                target: target.to_owned(),
            },
        );
        call
    }

    /// The call that rings at Bela.
    pub(crate) fn ringing(&self) -> CallNumber {
        let calls = self.bela.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        assert_eq!(calls[0].stage, CallStage::RingingHere);
        calls[0].number
    }

    /// Both phones are registered over encrypted signalling.
    pub(crate) fn secure() -> Self {
        let mut house = Self::over(Transport::Tls, Conditions::perfect());
        house.sign_in();
        house
    }

    /// Amina and Bela speak; sound flows both ways.
    pub(crate) fn connected() -> (Self, CallNumber, CallNumber) {
        Self::signed_in().talking()
    }

    /// Amina calls Bela, and sound flows both ways.
    pub(crate) fn talking(self) -> (Self, CallNumber, CallNumber) {
        let mut house = self;
        let at_amina = house.dial("201");
        house.pass(1.0);
        let at_bela = house.ringing();
        house
            .bela
            .handle(house.network.now(), Input::Answer { call: at_bela });
        house.pass(1.0);
        assert!(house.amina.is_connected() && house.bela.is_connected());
        let now = house.now();
        house
            .amina
            .handle(now, Input::MediaFlows { call: at_amina });
        house.bela.handle(now, Input::MediaFlows { call: at_bela });
        (house, at_amina, at_bela)
    }
}
