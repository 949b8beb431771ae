//! Two sessions speak over a bad network, in virtual time; what was heard is compared with what was said.

mod digits;
mod secure;
mod telephone;

use std::time::Duration;

use hearing::Likeness;
use media::{Codec, Event, Input, Transmit};
use proptest::prelude::*;
use simnet::{Conditions, Fate};
use telephone::Call;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn network(loss: f64, delay: std::ops::RangeInclusive<u64>) -> Conditions {
    Conditions {
        loss,
        delay_least: millis(*delay.start()),
        delay_most: millis(*delay.end()),
        ..Conditions::perfect()
    }
}

/// What Bob and Alice heard: the passage that they heard worst, of all that were said one after another.
fn hear(call: &Call) -> [Likeness; 2] {
    let likenesses = [
        call.bob.worst_passage(&call.alice),
        call.alice.worst_passage(&call.bob),
    ];
    for (likeness, telephone) in likenesses.iter().zip([&call.bob, &call.alice]) {
        println!("{likeness}\n  {:?}", telephone.session.statistics());
        println!("  buffer each second: {:.0?}", telephone.buffered);
    }
    likenesses
}

fn delay_millis(likeness: &Likeness) -> i64 {
    likeness.delay_samples / 48
}

#[test]
fn on_a_clean_network_both_hear_every_word_soon() {
    for codec in [Codec::Opus, Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let mut call = Call::new(codec, Conditions::perfect(), 1);
        call.finish();
        for likeness in hear(&call) {
            assert!(likeness.similarity > 0.95, "{codec:?}: {likeness}");
            assert!(likeness.level_difference_db.abs() < 1.0, "{likeness}");
            // 20 ms frame, 10 ms network, 40 ms first guess at most, codec.
            assert!(delay_millis(&likeness) < 85, "{codec:?}: {likeness}");
        }
        let statistics = call.bob.session.statistics();
        assert!(statistics.received > 500);
        assert_eq!(statistics.lost + statistics.late + statistics.malformed, 0);
        assert_eq!(statistics.concealed, 0);
        assert!(statistics.jitter_millis < 0.5);
        assert!(statistics.mos > 4.2, "{}", statistics.mos);
        let round_trip = statistics.round_trip.expect("reports went both ways");
        assert!(
            round_trip.abs_diff(millis(20)) < millis(2),
            "{round_trip:?}"
        );
        // The buffer has found out that it need not wait.
        assert!(
            statistics.buffer_millis < 35.0,
            "{}",
            statistics.buffer_millis
        );
    }
}

#[test]
fn loss_is_concealed() {
    for (codec, at_least) in [(Codec::Opus, 0.85), (Codec::Pcma, 0.8), (Codec::G722, 0.8)] {
        let mut call = Call::new(codec, network(0.05, 20..=25), 2);
        call.finish();
        for likeness in hear(&call) {
            assert!(likeness.similarity > at_least, "{codec:?}: {likeness}");
        }
        let statistics = call.bob.session.statistics();
        let share = statistics.lost as f64 / (statistics.lost + statistics.received) as f64;
        assert!((0.03..0.07).contains(&share), "{statistics:?}");
        // The last ones may have been lost after the end.
        assert!(statistics.concealed + statistics.recovered + 5 > statistics.lost);
        assert!(
            statistics.concealed < statistics.lost + 10,
            "{statistics:?}"
        );
        assert!(statistics.mos < 4.2);
        let reported = statistics.remote_loss.expect("reports came");
        assert!((0.0..0.15).contains(&reported));
    }
}

#[test]
fn reported_loss_brings_redundancy_that_rebuilds_frames() {
    let mut call = Call::new(Codec::Opus, network(0.2, 20..=25), 3);
    call.finish();
    let likenesses = hear(&call);
    let statistics = call.bob.session.statistics();
    assert!(
        statistics.recovered > statistics.concealed / 2,
        "{statistics:?}"
    );
    for likeness in likenesses {
        assert!(likeness.similarity > 0.75, "{likeness}");
    }
}

#[test]
fn jitter_reorder_and_duplicates_are_smoothed_out() {
    let conditions = Conditions {
        duplicate: 0.05,
        reorder: 0.02,
        reorder_delay: millis(30),
        ..network(0.0, 10..=60)
    };
    let mut call = Call::new(Codec::Opus, conditions, 2);
    call.finish();
    for likeness in hear(&call) {
        assert!(likeness.similarity > 0.88, "{likeness}");
        assert!(delay_millis(&likeness) < 150, "{likeness}");
    }
    let statistics = call.bob.session.statistics();
    assert!(statistics.duplicates > 20, "{statistics:?}");
    assert!(statistics.reordered > 20, "{statistics:?}");
    assert_eq!(statistics.lost, 0);
    assert!(
        statistics.concealed < statistics.played / 20,
        "{statistics:?}"
    );
    assert!(statistics.jitter_millis > 5.0);
}

#[test]
fn the_buffer_grows_with_the_jitter_and_shrinks_again() {
    let mut call = Call::new(Codec::Opus, network(0.0, 10..=12), 5);
    call.go_on(Duration::from_secs(10));
    let calm = call.bob.session.statistics();
    assert!(calm.buffer_millis < 40.0, "{calm:?}");
    call.air.set_conditions(network(0.0, 10..=130));
    call.go_on(Duration::from_secs(12));
    let rough = call.bob.session.statistics();
    assert!(rough.buffer_millis > 80.0, "{rough:?}");
    call.air.set_conditions(network(0.0, 10..=12));
    call.go_on(Duration::from_secs(15));
    let calm = call.bob.session.statistics();
    assert!(calm.buffer_millis < 45.0, "{calm:?}");
    call.finish();
    for likeness in hear(&call) {
        assert!(likeness.similarity > 0.8, "{likeness}");
    }
}

#[test]
fn a_sudden_longer_way_is_survived() {
    let mut call = Call::new(Codec::Opus, network(0.0, 10..=10), 3);
    call.go_on(Duration::from_secs(8));
    call.air.set_conditions(network(0.0, 160..=160));
    call.finish();
    let concealed = call.bob.session.statistics().concealed;
    assert!(concealed < 12, "{concealed}");
    hear(&call);
}

#[test]
fn crystals_that_disagree_cost_no_word() {
    for drift in [-300, 300] {
        let mut call = Call::new(Codec::Opus, network(0.0, 10..=15), 6);
        call.bob.drift(drift);
        call.finish();
        let statistics = call.bob.session.statistics();
        let [bob, alice] = hear(&call);
        assert!(statistics.concealed < 12, "{drift}: {statistics:?}");
        assert_eq!(statistics.late, 0, "{drift}: {statistics:?}");
        assert!(statistics.buffer_millis < 60.0, "{drift}: {statistics:?}");
        for likeness in [bob, alice] {
            assert!(likeness.similarity > 0.85, "{drift}: {likeness}");
        }
    }
}

#[test]
fn a_burst_of_loss_does_not_move_the_rest() {
    let mut call = Call::new(Codec::Opus, Conditions::perfect(), 1);
    call.air.set_script(|elapsed, _| {
        let burst = millis(4_000)..millis(4_200);
        if burst.contains(&elapsed) {
            Fate::Lose
        } else {
            Fate::Chance
        }
    });
    call.finish();
    for likeness in hear(&call) {
        assert!(likeness.similarity > 0.93, "{likeness}");
        assert!(delay_millis(&likeness) < 90, "{likeness}");
    }
    let statistics = call.bob.session.statistics();
    assert!((9..=11).contains(&statistics.lost), "{statistics:?}");
}

#[test]
fn silence_on_the_line_is_told_and_the_return_too() {
    let mut call = Call::new(Codec::Opus, Conditions::perfect(), 2);
    call.air.set_script(|elapsed, packet| {
        let away = millis(3_000)..millis(9_000);
        if packet.to.0 == "bob" && away.contains(&elapsed) {
            Fate::Lose
        } else {
            Fate::Chance
        }
    });
    call.finish();
    let told: Vec<&Event> = call
        .bob
        .events
        .iter()
        .filter(|event| matches!(event, Event::Flowing | Event::Stalled { .. }))
        .collect();
    assert!(
        matches!(told[..], [Event::Flowing, Event::Stalled { since }, Event::Flowing]
            if since.abs_diff(Duration::from_secs(5)) < millis(50)),
        "{told:?}"
    );
    // While nothing came, silence was played, not noise.
    let quiet = &call.bob.heard[48_000 * 4..48_000 * 8];
    assert_eq!(media::dbfs(quiet), media::SILENT_DBFS);
}

#[test]
fn mute_sends_silence_and_levels_are_told() {
    let mut call = Call::new(Codec::Opus, Conditions::perfect(), 1);
    call.alice.session.handle(call.air.now(), Input::Mute(true));
    call.go_on(Duration::from_secs(4));
    assert!(media::dbfs(&call.bob.heard) < -80.0);
    assert!(call.bob.session.statistics().received > 150);
    let now = call.air.now();
    call.alice.session.handle(now, Input::Mute(false));
    call.go_on(Duration::from_secs(3));
    let loudest = |events: &[Event], heard: bool| {
        events
            .iter()
            .filter_map(|event| match *event {
                Event::HeardLevel { dbfs } if heard => Some(dbfs),
                Event::SpokenLevel { dbfs } if !heard => Some(dbfs),
                _ => None,
            })
            .fold(-96.0, f32::max)
    };
    assert!(loudest(&call.bob.events, true) > -20.0);
    assert!(loudest(&call.alice.events, false) > -20.0);
    let count = call
        .bob
        .events
        .iter()
        .filter(|event| matches!(event, Event::HeardLevel { .. }))
        .count();
    assert!((68..=71).contains(&count), "{count}");
}

#[test]
fn whoever_closes_says_goodbye_and_sends_nothing_more() {
    let mut call = Call::new(Codec::Opus, Conditions::perfect(), 1);
    call.go_on(Duration::from_secs(1));
    let now = call.air.now();
    call.alice.session.handle(now, Input::Close);
    call.alice
        .session
        .handle(now, Input::Capture(&media::SILENCE));
    call.go_on(Duration::from_secs(1));
    assert!(call.bob.events.contains(&Event::Goodbye));
    assert_eq!(call.alice.session.poll_timeout(), None);
    assert!(call.alice.session.statistics().sent <= 50);
}

#[test]
fn packets_of_strangers_and_rubbish_are_not_heard() {
    let mut call = Call::new(Codec::Opus, Conditions::perfect(), 1);
    call.go_on(Duration::from_secs(1));
    let now = call.air.now();
    let bob = &mut call.bob.session;
    for rubbish in [
        &[][..],
        &[0x80],
        &[0xff; 40],
        &[0x80, 77, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9],
    ] {
        bob.handle(now, Input::Packet(rubbish.to_vec().into()));
        bob.handle(now, Input::Control(rubbish.to_vec().into()));
    }
    assert_eq!(bob.statistics().malformed, 8);
    let received = bob.statistics().received;
    // Right payload type, but another source: one packet is not enough.
    let stranger = [0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 1, 2];
    bob.handle(now, Input::Packet(stranger.to_vec().into()));
    assert_eq!(bob.statistics().received, received);
    call.finish();
    assert!(hear(&call)[0].similarity > 0.95);
}

#[test]
fn the_first_bytes_of_a_session_come_from_its_seed() {
    let first = |seed: u8| {
        let config = media::Config::new(Codec::Pcmu);
        let mut session = media::Session::new(config, [seed; 32]).unwrap();
        session.handle(std::time::Instant::now(), Input::Capture(&media::SILENCE));
        match session.poll_transmit() {
            Some(Transmit::Packet(packet)) => media::Packet::parse(&packet).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(first(1), first(1));
    assert_ne!(first(1).ssrc, first(2).ssrc);
    assert!(first(1).marker);
    assert_eq!(first(1).payload.len(), 160);
}

/// A packet with numbers near those of the stream, or anywhere.
fn any_packet() -> impl Strategy<Value = (u16, u32, Vec<u8>)> {
    let sequence = prop_oneof![0u16..50, any::<u16>()];
    let timestamp = prop_oneof![0u32..48_000, any::<u32>()];
    let payload = prop::collection::vec(any::<u8>(), 0..120);
    (sequence, timestamp, payload)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_stream_of_packets_panics(
        packets in prop::collection::vec(any_packet(), 1..60),
        codec in prop_oneof![Just(Codec::Opus), Just(Codec::Pcmu), Just(Codec::Pcma), Just(Codec::G722)],
    ) {
        let mut now = std::time::Instant::now();
        let mut session = media::Session::new(media::Config::new(codec), [9; 32]).unwrap();
        for (sequence, timestamp, payload) in packets {
            let packet = media::Packet {
                marker: false,
                payload_type: codec.payload_type(),
                sequence: media::Sequence(sequence),
                timestamp: media::Timestamp(timestamp),
                ssrc: media::Ssrc(1),
                payload: payload.into(),
            };
            session.handle(now, Input::Packet(packet.to_bytes()));
            session.playout(now);
            now += millis(20);
        }
        let _ = session.statistics();
    }
}
