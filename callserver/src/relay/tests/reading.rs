//! What the relay tells of what it passed.

use super::*;

on_both_engines! {
    loss_order_and_round_trips_are_read_from_headers_and_reports,
    a_phone_that_sends_more_than_audio_is_held_to_its_share_and_it_is_counted,
}

fn loss_order_and_round_trips_are_read_from_headers_and_reports() {
    let (mut relay, listening, caller, callee) = call();
    for sequence in [1, 2, 5, 4, 4, 8] {
        caller
            .rtp
            .send_to(&rtp(sequence), listening.caller)
            .unwrap();
        receive(&callee.rtp, PATIENCE).unwrap();
    }
    let mut to_caller = listening.caller;
    to_caller.set_port(to_caller.port() + 1);
    let mut to_callee = listening.callee;
    to_callee.set_port(to_callee.port() + 1);
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect::<Vec<_>>()
    };
    let sender_report = words(&[0x80c8_0006, 0x0102_0304, 0x0000_1111, 0x2222_0000, 0, 0, 0]);
    caller.rtcp.send_to(&sender_report, to_caller).unwrap();
    receive(&callee.rtcp, PATIENCE).unwrap();
    // The callee answers at once and puts it on the RTP port (RFC 5761).
    let heard = 0x0102_0304;
    let answer = words(&[0x81c9_0007, 9, heard, 0x1000_0003, 0, 48, 0x1111_2222, 0]);
    callee.rtp.send_to(&answer, listening.callee).unwrap();
    assert_eq!(receive(&caller.rtp, PATIENCE).unwrap().0, answer);
    let passed = relay.close(CALL).unwrap();
    let of_caller = passed.caller;
    assert_eq!((of_caller.packets, of_caller.rtp_packets), (7, 6));
    assert_eq!(
        (of_caller.lost, of_caller.reordered, of_caller.duplicates),
        (3, 1, 1)
    );
    let expected = Reported {
        lost: 3,
        lost_of_256: 16,
        jitter_micros: 1000,
    };
    assert_eq!(passed.callee.reported, Some(expected));
    assert!(
        passed
            .callee
            .round_trip_micros
            .is_some_and(|micros| micros < 10_000_000)
    );
    assert_eq!(passed.callee.rtp_packets, 0);
}

fn a_phone_that_sends_more_than_audio_is_held_to_its_share_and_it_is_counted() {
    let (relay, listening, caller, callee) = call();
    let mut packet = rtp(0);
    packet.resize(1400, 0);
    for sequence in 0..200_u16 {
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        caller.rtp.send_to(&packet, listening.caller).unwrap();
    }
    // The other side is not affected.
    callee.rtp.send_to(&rtp(1), listening.callee).unwrap();
    assert_eq!(receive(&caller.rtp, PATIENCE).unwrap().0, rtp(1));
    let begin = Instant::now();
    let passed = loop {
        let passed = relay.statistics(CALL).unwrap().caller;
        if passed.over_limit > 0 {
            break passed;
        }
        assert!(
            begin.elapsed() < PATIENCE,
            "nothing was held back: {passed:?}"
        );
        std::thread::yield_now();
    };
    assert!(passed.packets >= u64::from(BYTES_PER_SECOND / 1400));
}
