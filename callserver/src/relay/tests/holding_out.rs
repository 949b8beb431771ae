//! Floods, bursts and calls that end under way.

use super::*;

on_both_engines! {
    a_burst_over_many_calls_passes_whole,
    a_flood_at_one_call_leaves_the_others_their_audio,
    calls_end_while_their_packets_are_in_flight,
    what_was_on_its_way_to_an_ended_call_is_not_heard_in_the_next,
}

struct Talk {
    listening: Ports,
    caller: Phone,
    callee: Phone,
}

/// A relay with many calls.
fn calls(count: u64) -> (Relay, Vec<Talk>) {
    let mut relay = relay();
    let talk = |number| {
        let media = MediaId(number);
        let listening = open(&mut relay, media).unwrap();
        let (caller, callee) = (Phone::new(), Phone::new());
        relay.expect(media, Side::Caller, caller.address(), LOOPBACK);
        relay.expect(media, Side::Callee, callee.address(), LOOPBACK);
        Talk {
            listening,
            caller,
            callee,
        }
    };
    let talks = (0..count).map(talk).collect();
    (relay, talks)
}

fn a_burst_over_many_calls_passes_whole() {
    // More than a worker has buffers for, and no more than each socket's queue holds.
    let (_relay, talks) = calls(50);
    for sequence in 0..60 {
        for talk in &talks {
            let to = talk.listening.caller;
            talk.caller.rtp.send_to(&rtp(sequence), to).unwrap();
        }
    }
    for talk in &talks {
        hears_a_burst(&talk.callee, talk.listening.callee, 60);
    }
}

fn a_flood_at_one_call_leaves_the_others_their_audio() {
    let (relay, talks) = calls(4);
    let (flooded, others) = talks.split_first().unwrap();
    let stranger = Phone::new();
    for round in 0..50 {
        for _ in 0..200 {
            let _ = stranger
                .rtp
                .send_to(b"neither RTP nor welcome", flooded.listening.caller);
        }
        for talk in others {
            talk.caller
                .rtp
                .send_to(&rtp(round), talk.listening.caller)
                .unwrap();
        }
    }
    for talk in others {
        hears_a_burst(&talk.callee, talk.listening.callee, 50);
    }
    assert!(relay.statistics(MediaId(0)).unwrap().caller.not_rtp > 0);
    // When it is over, the call that was meant is heard again.
    let begin = Instant::now();
    loop {
        flooded
            .caller
            .rtp
            .send_to(&rtp(1), flooded.listening.caller)
            .unwrap();
        if receive(&flooded.callee.rtp, SILENCE).is_some() {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "it never came back");
    }
}

fn calls_end_while_their_packets_are_in_flight() {
    let (mut relay, talks) = calls(20);
    for number in 0..20 {
        for talk in &talks {
            talk.caller
                .rtp
                .send_to(&rtp(1), talk.listening.caller)
                .unwrap();
            talk.callee
                .rtp
                .send_to(&rtp(2), talk.listening.callee)
                .unwrap();
        }
        relay.close(MediaId(number)).unwrap();
        open(&mut relay, MediaId(100 + number)).unwrap();
        let lent = relay.lend(MediaId(100 + number)).unwrap();
        relay.take_back(MediaId(100 + number), lent);
    }
    // It still works.
    let talk = Phone::new();
    let listening = open(&mut relay, CALL).unwrap();
    relay.expect(CALL, Side::Caller, talk.address(), LOOPBACK);
    relay.expect(CALL, Side::Callee, talks[0].callee.address(), LOOPBACK);
    talk.rtp.send_to(&rtp(77), listening.caller).unwrap();
    loop {
        let (packet, _) = receive(&talks[0].callee.rtp, PATIENCE).unwrap();
        if packet == rtp(77) {
            return;
        }
    }
}

fn what_was_on_its_way_to_an_ended_call_is_not_heard_in_the_next() {
    let (mut relay, talks) = calls(1);
    let talk = &talks[0];
    for sequence in 0..100 {
        talk.caller
            .rtp
            .send_to(&rtp(sequence), talk.listening.caller)
            .unwrap();
    }
    let snapshot = relay.snapshot(MediaId(0)).unwrap();
    let lent = relay.lend(MediaId(0)).unwrap();
    relay.close(MediaId(0)).unwrap();
    drop(lent);
    // The same ports at once, for other phones.
    let (caller, callee) = (Phone::new(), Phone::new());
    let other = |side: &SideSnapshot, phone: &Phone| SideSnapshot {
        signalled: Some(Signalled {
            address: phone.address(),
            sip_source: "192.0.2.1".parse().unwrap(),
        }),
        rtp_source: None,
        rtcp_source: None,
        ..side.clone()
    };
    let next = RelaySnapshot {
        caller: other(&snapshot.caller, &caller),
        callee: other(&snapshot.callee, &callee),
        statistics: Statistics::default(),
    };
    relay.reopen(MediaId(1), &next).unwrap();
    talk.caller
        .rtp
        .send_to(&rtp(200), talk.listening.caller)
        .unwrap();
    caller.rtp.send_to(&rtp(1), talk.listening.caller).unwrap();
    assert_eq!(receive(&callee.rtp, PATIENCE).unwrap().0, rtp(1));
    assert_eq!(
        relay.statistics(MediaId(1)).unwrap().caller.from_strangers,
        1
    );
}
