//! The vectors of RFC 3711 and RFC 7714, an independent reader, and damage.

use bytes::BytesMut;
use proptest::prelude::*;
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;

use super::derivation::{PACKETS, aes128, derive, keystream};
use super::gcm::Gcm;
use super::*;
use crate::{Packet, Sequence, Ssrc, Timestamp};

const SUITES: [Suite; 4] = [
    Suite::AesCm128HmacSha1_80,
    Suite::AesCm128HmacSha1_32,
    Suite::AeadAes128Gcm,
    Suite::AeadAes256Gcm,
];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    let (pairs, []) = digits.as_chunks::<2>() else {
        panic!("an odd number of digits")
    };
    pairs.iter().map(|[a, b]| (a << 4 | b) as u8).collect()
}

fn master(suite: Suite) -> Vec<u8> {
    (1..).take(suite.master_bytes()).collect()
}

fn packet(ssrc: u32, sequence: u16, payload: &[u8]) -> BytesMut {
    let packet = Packet {
        marker: false,
        payload_type: 8,
        sequence: Sequence(sequence),
        timestamp: Timestamp(u32::from(sequence) * 160),
        ssrc: Ssrc(ssrc),
        payload: payload.to_vec().into(),
    };
    BytesMut::from(packet.to_bytes())
}

fn report(ssrc: u32) -> BytesMut {
    let mut report = BytesMut::from(&[0x80, 201, 0, 1][..]);
    report.extend_from_slice(&ssrc.to_be_bytes());
    report.extend_from_slice(&[0x81, 202, 0, 2, 1, 2, 3, 4, 1, 1, b'x', 0]);
    report
}

fn pair(suite: Suite) -> (Sealer, Opener) {
    let master = master(suite);
    (
        Sealer::new(suite, &master).unwrap(),
        Opener::new(suite, &master).unwrap(),
    )
}

/// RFC 3711 appendix B.2.
#[test]
fn the_keystream_of_counter_mode_is_the_one_of_the_rfc() {
    let key = hex("2b7e151628aed2a6abf7158809cf4f3c").try_into().unwrap();
    let block = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000").try_into().unwrap();
    let mut stream = vec![0; 0xff02 * 16];
    keystream(&aes128(&key), &block, &mut stream);
    assert_eq!(
        stream[..32],
        hex("e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab")
    );
    assert_eq!(
        stream[0xfeff * 16..][..48],
        hex(
            "ec8cdf7398607cb0f2d21675ea9ea1e4 362b7c3c6773516318a077d7fc5073ae 6a2cc3787889374fbeb4c81b17ba6c44"
        )
    );
}

/// RFC 3711 appendix B.3.
#[test]
fn session_keys_are_derived_as_in_the_rfc() {
    let master = hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
    let derived = |label, length| {
        let mut key = vec![0; length];
        derive(Suite::AesCm128HmacSha1_80, &master, label, &mut key);
        key
    };
    assert_eq!(
        derived(PACKETS.encryption, 16),
        hex("c61e7a93744f39ee10734afe3ff7a087")
    );
    assert_eq!(
        derived(PACKETS.salt, 14),
        hex("30cbbc08863d8c85d49db34a9ae1")
    );
    assert_eq!(
        derived(PACKETS.authentication, 94),
        hex(
            "cebe321f6ff7716b6fd4ab49af256a15 6d38baa48f0a0acf3c34e2359e6cdbce e049646c43d9327ad175578ef7227098 \
             6371c10c9a369ac2f94a8c5fbcdddc25 6d6e919a48b610ef17c2041e47403576 6b68642c59bbfc2f34db60dbdfb2"
        )
    );
}

/// RFC 7714 §16.1.1 and §16.2.1; the keys there are session keys.
#[test]
fn galois_counter_mode_seals_the_packet_of_the_rfc() {
    let salt = hex("51756964 2070726f 2071756f").try_into().unwrap();
    let plain = hex(
        "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573",
    );
    let sealed = [
        (
            Suite::AeadAes128Gcm,
            "f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce",
        ),
        (
            Suite::AeadAes256Gcm,
            "32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
        ),
    ];
    for (suite, expected) in sealed {
        let key: Vec<u8> = (0..).take(suite.key_bytes()).collect();
        let gcm = Gcm::with_session_key(suite, &key, salt);
        let mut packet = BytesMut::from(&plain[..]);
        gcm.seal_packet(&mut packet, 12, 0x5501_a0b2, 0xf17b)
            .unwrap();
        assert_eq!(packet[..12], plain[..12]);
        assert_eq!(packet[12..], hex(expected));
        gcm.open_packet(&mut packet, 12, 0x5501_a0b2, 0xf17b)
            .unwrap();
        assert_eq!(packet, plain);
    }
}

/// RFC 7714 §17.1.
#[test]
fn galois_counter_mode_seals_the_report_of_the_rfc() {
    let salt = hex("51756964 2070726f 2071756f").try_into().unwrap();
    let key: Vec<u8> = (0..16).collect();
    let gcm = Gcm::with_session_key(Suite::AeadAes128Gcm, &key, salt);
    let plain = hex(
        "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef",
    );
    let mut packet = BytesMut::from(&plain[..]);
    gcm.seal_control(&mut packet, 0x4d61_7273, 0x5d4).unwrap();
    assert_eq!(
        packet,
        hex(
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded \
             0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4"
        )
    );
    assert_eq!(gcm.open_control(&mut packet, 0x4d61_7273), Ok(0x5d4));
    assert_eq!(packet, plain);
}

#[test]
fn another_implementation_opens_what_we_seal_and_we_open_what_it_seals() {
    let crypto = rtc_srtp::crypto::default_provider().unwrap();
    for suite in SUITES {
        let profile = match suite {
            Suite::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
            Suite::AesCm128HmacSha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
            Suite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
            Suite::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        };
        let master = master(suite);
        let (key, salt) = master.split_at(suite.key_bytes());
        let context = || Context::new(key, salt, profile, None, None, crypto.crypto()).unwrap();
        let (mut theirs_sealing, mut theirs_opening) = (context(), context());
        let (mut sealer, mut opener) = pair(suite);
        // Through a roll-over.
        for n in 0..100u16 {
            let plain = packet(0x0102_0304, 65_480u16.wrapping_add(n), b"some sound");
            let mut ours = plain.clone();
            sealer.seal_packet(&mut ours).unwrap();
            assert_eq!(theirs_opening.decrypt_rtp(&ours).unwrap(), plain);
            let mut theirs = theirs_sealing.encrypt_rtp(&plain).unwrap();
            assert_eq!(ours, theirs);
            opener.open_packet(&mut theirs).unwrap();
            assert_eq!(theirs, plain);
        }
        let plain = report(0x0102_0304);
        let mut ours = plain.clone();
        sealer.seal_control(&mut ours).unwrap();
        assert_eq!(theirs_opening.decrypt_rtcp(&ours).unwrap(), plain);
        let mut theirs = theirs_sealing.encrypt_rtcp(&plain).unwrap();
        opener.open_control(&mut theirs).unwrap();
        assert_eq!(theirs, plain);
    }
}

#[test]
fn a_packet_is_taken_once_and_reports_too() {
    for suite in SUITES {
        let (mut sealer, mut opener) = pair(suite);
        let mut sealed = packet(1, 7, b"sound");
        sealer.seal_packet(&mut sealed).unwrap();
        let mut again = sealed.clone();
        opener.open_packet(&mut sealed).unwrap();
        assert_eq!(opener.open_packet(&mut again), Err(SrtpError::Replayed));
        let mut sealed = report(1);
        sealer.seal_control(&mut sealed).unwrap();
        let mut again = sealed.clone();
        opener.open_control(&mut sealed).unwrap();
        assert_eq!(opener.open_control(&mut again), Err(SrtpError::Replayed));
        // Two texts under one number would give their keystream away.
        let mut other = packet(1, 7, b"other");
        assert_eq!(sealer.seal_packet(&mut other), Err(SrtpError::Replayed));
        assert_eq!(other, packet(1, 7, b"other"));
    }
}

#[test]
fn loss_and_disorder_around_the_roll_over_are_no_obstacle() {
    for suite in SUITES {
        let (mut sealer, mut opener) = pair(suite);
        let mut sealed: Vec<BytesMut> = (0..200u16)
            .map(|n| {
                let mut packet = packet(9, 65_436u16.wrapping_add(n), &n.to_be_bytes());
                sealer.seal_packet(&mut packet).unwrap();
                packet
            })
            .collect();
        sealed.retain(|packet| packet[3] % 5 != 0);
        for pair in sealed.chunks_exact_mut(2) {
            pair.swap(0, 1);
        }
        for mut packet in sealed {
            opener.open_packet(&mut packet).unwrap();
        }
    }
}

#[test]
fn who_comes_late_to_a_stream_finds_out_how_often_it_has_rolled_over() {
    for suite in SUITES {
        let (mut sealer, mut opener) = pair(suite);
        for n in 0..40u32 {
            let mut packet = packet(9, (n * 20_000) as u16, b"");
            sealer.seal_packet(&mut packet).unwrap();
            if n > 30 {
                opener.open_packet(&mut packet).unwrap();
            }
        }
    }
}

#[test]
fn sources_are_told_apart_and_the_silent_ones_make_room() {
    let (mut sealer, mut opener) = pair(Suite::AesCm128HmacSha1_80);
    for ssrc in 0..1_024 {
        for sequence in [1, 2] {
            let mut sealed = packet(ssrc, sequence, b"x");
            sealer.seal_packet(&mut sealed).unwrap();
            opener.open_packet(&mut sealed).unwrap();
            assert_eq!(sealed, packet(ssrc, sequence, b"x"));
        }
    }
    let refused = sealer.seal_packet(&mut packet(1_024, 1, b"x"));
    assert_eq!(refused, Err(SrtpError::TooManySources));
    assert!(format!("{opener:?} {sealer:?}").len() < 60);
}

#[test]
fn a_key_of_the_wrong_length_is_named_and_no_key_is_printed() {
    let refused = Sealer::new(Suite::AeadAes256Gcm, &[0; 30]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a master key for AeadAes256Gcm has 44 bytes with its salt, this one has 30"
    );
    let keys = Keys::new(Suite::AesCm128HmacSha1_80, &[77; 30], &[78; 30]).unwrap();
    let printed = format!("{keys:?}");
    assert!(
        !printed.contains("77") && !printed.contains("78"),
        "{printed}"
    );
}

proptest! {
    #[test]
    fn a_changed_bit_is_noticed(suite in 0usize..4, place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (mut sealer, mut opener) = pair(SUITES[suite]);
        let mut sealed = packet(1, 7, b"the sound of one hand");
        sealer.seal_packet(&mut sealed).unwrap();
        sealed[place.index(100) % 33] ^= 1 << bit;
        prop_assert!(opener.open_packet(&mut sealed).is_err());
        let mut sealed = report(1);
        sealer.seal_control(&mut sealed).unwrap();
        let length = sealed.len();
        sealed[place.index(length)] ^= 1 << bit;
        prop_assert!(opener.open_control(&mut sealed).is_err());
    }

    #[test]
    fn no_datagram_panics(suite in 0usize..4, mut datagram in prop::collection::vec(any::<u8>(), 0..100)) {
        if let Some(first) = datagram.first_mut() {
            *first = *first & 0x3f | 0x80;
        }
        let (mut sealer, mut opener) = pair(SUITES[suite]);
        let _ = opener.open_packet(&mut BytesMut::from(&datagram[..]));
        let _ = opener.open_control(&mut BytesMut::from(&datagram[..]));
        let mut packet = BytesMut::from(&datagram[..]);
        if sealer.seal_packet(&mut packet).is_ok() {
            opener.open_packet(&mut packet).unwrap();
            prop_assert_eq!(&packet[..], &datagram[..]);
        }
        let mut packet = BytesMut::from(&datagram[..]);
        if sealer.seal_control(&mut packet).is_ok() {
            opener.open_control(&mut packet).unwrap();
            prop_assert_eq!(&packet[..], &datagram[..]);
        }
    }
}
