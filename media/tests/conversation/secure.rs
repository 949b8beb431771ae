//! Conversations over secure RTP.

use std::time::Duration;

use media::srtp::{Keys, Suite};
use media::{Codec, Config, Input, Packet, Transmit};
use simnet::Conditions;

use crate::hear;
use crate::telephone::Call;

fn keys(suite: Suite, ours: u8, theirs: u8) -> Option<Keys> {
    let master = |byte| vec![byte; suite.master_bytes()];
    Some(Keys::new(suite, &master(ours), &master(theirs)).expect("the length is right"))
}

fn secured(suite: Suite) -> [Config; 2] {
    [(1, 2), (2, 1)].map(|(ours, theirs)| Config {
        srtp: keys(suite, ours, theirs),
        ..Config::new(Codec::Opus)
    })
}

#[test]
fn with_the_same_keys_both_hear_every_word_and_their_reports() {
    let disorder = Conditions {
        duplicate: 0.05,
        reorder: 0.02,
        reorder_delay: Duration::from_millis(30),
        ..Conditions::perfect()
    };
    for suite in [
        Suite::AesCm128HmacSha1_80,
        Suite::AesCm128HmacSha1_32,
        Suite::AeadAes128Gcm,
        Suite::AeadAes256Gcm,
    ] {
        let mut call = Call::agreed(secured(suite), disorder, 1);
        call.finish();
        for likeness in hear(&call) {
            assert!(likeness.similarity > 0.93, "{suite:?}: {likeness}");
        }
        let statistics = call.bob.session.statistics();
        assert_eq!(statistics.lost, 0, "{suite:?}");
        assert!(statistics.round_trip.is_some(), "{suite:?}");
    }
}

#[test]
fn what_goes_over_the_network_is_neither_sound_nor_report_in_the_open() {
    let suite = Suite::AesCm128HmacSha1_80;
    let [config, _] = secured(suite);
    let open = Config::new(Codec::Opus);
    let now = std::time::Instant::now();
    let [sealed, plain] = [config, open].map(|config| {
        let mut session = media::Session::new(config, [5; 32]).expect("the codec starts");
        session.handle(now, Input::Capture(&media::SILENCE));
        session.handle(now, Input::Close);
        let mut sent = Vec::new();
        while let Some(transmit) = session.poll_transmit() {
            sent.push(match transmit {
                Transmit::Packet(datagram) | Transmit::Control(datagram) => datagram,
            });
        }
        sent
    });
    let payloads = [&sealed[0], &plain[0]].map(|sent| Packet::parse(sent).expect("RTP").payload);
    assert_eq!(payloads[0].len(), payloads[1].len() + 10);
    assert!(!payloads[0].starts_with(&payloads[1]));
    // Four bytes of index, ten of tag; the canonical name is not to be read.
    assert_eq!(sealed[1].len(), plain[1].len() + 14);
    assert_ne!(sealed[1][8..40], plain[1][8..40]);
}

#[test]
fn without_the_key_nothing_is_heard() {
    let suite = Suite::AeadAes128Gcm;
    let [alice, _] = secured(suite);
    let wrong = Config {
        srtp: keys(suite, 9, 8),
        ..Config::new(Codec::Opus)
    };
    for bob in [wrong, Config::new(Codec::Opus)] {
        let mut call = Call::agreed([alice.clone(), bob], Conditions::perfect(), 1);
        call.go_on(Duration::from_secs(2));
        assert_eq!(call.alice.session.statistics().received, 0);
        assert!(call.alice.session.statistics().malformed > 90);
        assert!(media::dbfs(&call.alice.heard) < -90.0);
    }
}
