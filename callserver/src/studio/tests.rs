//! The studio with real sockets on the loopback address, lent by a relay.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use bytes::BytesMut;
use media::srtp::{Keys, Suite};
use sdp::{Codec, Crypto, CryptoPair, CryptoSuite, Direction, MasterKey};
use switch::{MediaSide, Play};

use super::*;
use crate::config::{RelaySection, RtpPorts};
use crate::relay::{Listen, Relay};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Long enough on a busy machine; waiting this long for nothing happens only in the tests of silence.
const PATIENCE: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(200);
const CALL: MediaId = MediaId(7);

/// A relay and a studio with one call, and its two phones' sockets.
struct House {
    relay: Relay,
    studio: Studio,
    phones: [UdpSocket; 2],
    /// Where each sends to.
    ports: [SocketAddr; 2],
}

impl House {
    fn new() -> Self {
        let mut relay =
            Relay::start(RtpPorts::Any, &RelaySection::default()).expect("there is a thread");
        let (studio, _) = Studio::start(2).expect("there are threads");
        let on_loopback = Listen {
            bind: LOOPBACK,
            v4: Some(LOOPBACK),
            v6: None,
        };
        let listening = relay
            .open(CALL, on_loopback, on_loopback)
            .expect("there are ports");
        let ports = [listening.caller, listening.callee].map(|told| told.v4.expect("IPv4"));
        let phones = [(); 2].map(|()| UdpSocket::bind((LOOPBACK, 0)).expect("there is a port"));
        for (side, phone) in [Side::Caller, Side::Callee].into_iter().zip(&phones) {
            let address = phone.local_addr().expect("it is bound");
            relay.expect(CALL, side, address, LOOPBACK);
            phone.set_read_timeout(Some(PATIENCE)).expect("it can be");
        }
        House {
            relay,
            studio,
            phones,
            ports,
        }
    }

    fn take(&mut self, plan: MediaPlan) {
        let lent = self.relay.lend(CALL).expect("the relay has it");
        self.studio.take(CALL, lent, plan);
    }

    fn send(&self, side: Side, packet: &[u8]) {
        let phone = &self.phones[side as usize];
        phone
            .send_to(packet, self.ports[side as usize])
            .expect("it goes");
    }

    fn receive(&self, side: Side) -> Option<(Vec<u8>, SocketAddr)> {
        let mut buffer = [0; 2048];
        let (length, from) = self.phones[side as usize].recv_from(&mut buffer).ok()?;
        Some((buffer[..length].to_vec(), from))
    }
}

fn side(codec: Codec, payload_type: u8) -> MediaSide {
    MediaSide {
        codec,
        payload_type,
        telephone_event: None,
        direction: Direction::SendRecv,
        crypto: None,
        is_sealed: false,
        plays: None,
    }
}

fn packet(payload_type: u8, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4];
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
    packet.extend([0xd5; 160]);
    packet
}

#[test]
fn a_call_goes_from_the_relay_to_the_studio_and_back() {
    let mut house = House::new();
    house.send(Side::Caller, &packet(8, 1));
    assert_eq!(
        house.receive(Side::Callee).map(|got| got.0),
        Some(packet(8, 1))
    );
    house.take(MediaPlan {
        caller: side(Codec::Pcma, 8),
        callee: side(Codec::Opus, 111),
        house: None,
    });
    assert!(house.studio.has(CALL) && house.studio.calls() == 1);
    for sequence in 2..8 {
        house.send(Side::Caller, &packet(8, sequence));
    }
    let (opus, from) = house.receive(Side::Callee).expect("something is sent");
    assert_eq!(opus[1] & 0x7f, 111);
    assert_eq!(from, house.ports[1]);
    // The caller hears as often, whether its partner speaks or not.
    let (alaw, from) = house.receive(Side::Caller).expect("something is sent");
    assert_eq!((alaw[1] & 0x7f, alaw.len()), (8, 172));
    assert_eq!(from, house.ports[0]);
    let lent = house.studio.release(CALL).expect("it was there");
    assert!(!house.studio.has(CALL) && house.studio.release(CALL).is_none());
    house.relay.take_back(CALL, lent);
    house.send(Side::Callee, &packet(8, 77));
    loop {
        let (got, _) = house.receive(Side::Caller).expect("the relay passes it");
        if got == packet(8, 77) {
            break;
        }
    }
    let passed = house.relay.close(CALL).expect("it was open");
    assert_eq!(passed.caller.packets, 7, "{passed:?}");
}

#[test]
fn what_one_phone_seals_the_other_reads() {
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let line = |byte| {
        let key = MasterKey::new(suite, &[byte; 30]).expect("30 bytes");
        Crypto::new(1, suite, key)
    };
    let keys = Keys::new(Suite::AesCm128HmacSha1_80, &[2; 30], &[1; 30]).expect("30 bytes");
    let mut house = House::new();
    house.take(MediaPlan {
        caller: MediaSide {
            crypto: Some(CryptoPair {
                ours: line(1),
                theirs: line(2),
            }),
            ..side(Codec::Pcma, 8)
        },
        callee: side(Codec::Pcma, 8),
        house: None,
    });
    let (mut sealer, mut opener) = (keys.sealer(), keys.opener());
    let mut sealed = BytesMut::from(&packet(8, 1)[..]);
    sealer.seal_packet(&mut sealed).expect("RTP");
    house.send(Side::Caller, &packet(8, 0));
    house.send(Side::Caller, &sealed);
    let (open, _) = house.receive(Side::Callee).expect("it is carried");
    assert_eq!(open, packet(8, 1), "the one in the open is not");
    house.send(Side::Callee, &packet(8, 5));
    let (sealed, _) = house.receive(Side::Caller).expect("it is carried");
    let mut opened = BytesMut::from(&sealed[..]);
    opener
        .open_packet(&mut opened)
        .expect("it is sealed with our key");
    assert_eq!(opened, packet(8, 5));
}

#[test]
fn strangers_are_not_heard_and_a_new_address_is() {
    let mut house = House::new();
    house.take(MediaPlan {
        caller: side(Codec::Pcmu, 0),
        callee: side(Codec::Pcmu, 96),
        house: None,
    });
    house.studio.expect(
        CALL,
        Side::Caller,
        house.phones[0].local_addr().expect("it is bound"),
        "192.0.2.1".parse().expect("an address"),
    );
    let stranger = UdpSocket::bind((LOOPBACK, 0)).expect("there is a port");
    stranger
        .send_to(&packet(0, 1), house.ports[0])
        .expect("it goes");
    house.send(Side::Caller, &packet(0, 2));
    let (got, _) = house.receive(Side::Callee).expect("it is carried");
    assert_eq!(got[..4], packet(96, 2)[..4]);
    let newcomer = UdpSocket::bind((LOOPBACK, 0)).expect("there is a port");
    newcomer
        .set_read_timeout(Some(PATIENCE))
        .expect("it can be");
    house.studio.expect(
        CALL,
        Side::Caller,
        newcomer.local_addr().expect("it is bound"),
        LOOPBACK,
    );
    house.send(Side::Callee, &packet(96, 9));
    let mut buffer = [0; 2048];
    let (length, _) = newcomer.recv_from(&mut buffer).expect("it comes here now");
    assert_eq!(buffer[..length], packet(0, 9));
    assert_eq!(
        house
            .relay
            .statistics(CALL)
            .map(|s| s.caller.from_strangers),
        Some(1)
    );
}

#[test]
fn a_closed_call_is_silent_and_its_plan_can_change_before() {
    let mut house = House::new();
    let listening = side(Codec::Pcma, 8);
    house.take(MediaPlan {
        caller: listening,
        callee: side(Codec::Pcma, 97),
        house: None,
    });
    house.studio.change(
        CALL,
        MediaPlan {
            caller: MediaSide {
                plays: Some(Play::HoldMusic),
                ..listening
            },
            callee: side(Codec::Pcma, 97),
            house: None,
        },
    );
    for _ in 0..10 {
        house.receive(Side::Caller).expect("music plays");
    }
    house.studio.close(CALL);
    house.relay.close(CALL);
    house.phones[0]
        .set_read_timeout(Some(SILENCE))
        .expect("it can be");
    while house.receive(Side::Caller).is_some() {}
}
