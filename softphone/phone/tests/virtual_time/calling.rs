//! Two phones call each other through an exchange.

use crate::house::House;
use phone::{CallStage, EndReason, Event, Input, RegistrationState};
use sdp::{Codec, Direction};
use simnet::Conditions;
use sip::StatusCode;

const G729_ONLY: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 5000 RTP/AVP 18\r\n";
const HOLD: &str = "v=0\r\no=- 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n\
                    m=audio 5000 RTP/AVP 0\r\na=sendonly\r\n";

#[test]
fn a_call_rings_is_answered_and_is_hung_up() {
    let (mut house, at_amina, _) = House::connected();
    assert_eq!(
        house
            .amina
            .count(|event| matches!(event, Event::Ringing { .. })),
        1
    );
    let (here, there) = (house.amina.sessions(), house.bela.sessions());
    assert_eq!((here.len(), there.len()), (1, 1));
    assert_eq!((here[0].codec, there[0].codec), (Codec::Opus, Codec::Opus));
    assert_eq!(here[0].remote, "10.0.0.3:40000".parse().unwrap());
    assert_eq!(there[0].remote, "10.0.0.2:40000".parse().unwrap());
    assert!(here[0].telephone_event.is_some());

    house
        .amina
        .handle(house.network.now(), Input::HangUp { call: at_amina });
    house.pass(1.0);
    assert_eq!(house.amina.ends(), [EndReason::LocalHangup]);
    assert_eq!(house.bela.ends(), [EndReason::RemoteHangup]);
    assert!(house.amina.calls().is_empty() && house.bela.calls().is_empty());
}

#[test]
fn the_called_phone_is_told_who_calls() {
    let mut house = House::signed_in();
    house.dial("201");
    house.pass(1.0);
    let Some(Event::Incoming { from, .. }) = house.bela.events.first() else {
        panic!("{:?}", house.bela.events)
    };
    assert_eq!(
        (from.number.as_str(), from.display_name.as_deref()),
        ("200", Some("Caller"))
    );
}

#[test]
fn a_call_can_be_declined() {
    let mut house = House::signed_in();
    house.dial("201");
    house.pass(1.0);
    let call = house.ringing();
    house
        .bela
        .handle(house.network.now(), Input::Decline { call });
    house.pass(1.0);
    assert_eq!(house.amina.ends(), [EndReason::Declined]);
    assert_eq!(house.bela.ends(), [EndReason::LocalDecline]);
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing() {
    let mut house = House::signed_in();
    let call = house.dial("201");
    house.pass(1.0);
    house
        .amina
        .handle(house.network.now(), Input::HangUp { call });
    house.pass(1.0);
    assert_eq!(house.amina.ends(), [EndReason::LocalHangup]);
    assert_eq!(house.bela.ends(), [EndReason::Cancelled]);
}

#[test]
fn a_second_caller_hears_that_the_line_is_busy_where_calls_do_not_wait() {
    let mut house = House::signed_in();
    house.bela.phone.take_waiting_calls(false);
    let (mut house, _, _) = house.talking();
    let now = house.now();
    house.exchange.call(now, "201", "");
    house.pass(1.0);
    let refused = house.exchange.single.iter().any(|event| {
        matches!(event, sip::Event::Ended { cause: sip::EndCause::Refused { status, .. }, .. }
            if *status == StatusCode::BUSY_HERE)
    });
    assert!(refused, "{:?}", house.exchange.single);
    assert!(house.bela.is_connected());
}

#[test]
fn a_number_that_has_moved_is_rung_at_the_new_one() {
    let mut house = House::signed_in();
    house.exchange.moved.insert("205".into(), "201".into());
    let call = house.dial("205");
    house.pass(1.0);
    house.ringing();
    let redirected = house.amina.events.iter().find_map(|event| match event {
        Event::Redirected { call: of, to } => Some((*of, to.number.clone())),
        _ => None,
    });
    assert_eq!(redirected, Some((call, "201".to_owned())));
    assert_eq!(house.amina.calls()[0].stage, CallStage::RingingThere);
}

#[test]
fn numbers_that_lead_in_a_circle_end_the_call() {
    let mut house = House::signed_in();
    house.exchange.moved.insert("205".into(), "206".into());
    house.exchange.moved.insert("206".into(), "205".into());
    house.dial("205");
    house.pass(1.0);
    assert_eq!(house.amina.ends(), [EndReason::Refused(301)]);
}

#[test]
fn refusals_have_their_reasons() {
    for (status, reason) in [
        (StatusCode::NOT_FOUND, EndReason::UnknownNumber),
        (StatusCode::BUSY_HERE, EndReason::Busy),
        (StatusCode::DECLINE, EndReason::Declined),
        (StatusCode::TEMPORARILY_UNAVAILABLE, EndReason::Unavailable),
        (StatusCode::FORBIDDEN, EndReason::NotAllowed),
        (StatusCode::SERVICE_UNAVAILABLE, EndReason::Refused(503)),
    ] {
        let mut house = House::signed_in();
        house.exchange.refuse_with = Some(status);
        house.dial("201");
        house.pass(1.0);
        assert_eq!(house.amina.ends(), [reason], "{status}");
    }
}

#[test]
fn nobody_who_answers_ends_the_ringing_at_last() {
    let mut house = House::signed_in();
    house.dial("201");
    house.pass(170.0);
    assert!(house.amina.ends().is_empty());
    house.pass(20.0);
    assert_eq!(house.amina.ends(), [EndReason::NoAnswer]);
    assert_eq!(house.bela.ends().len(), 1);
}

#[test]
fn a_call_that_cannot_be_placed_ends_with_its_reason() {
    let mut house = House::new(Conditions::perfect());
    house.dial("201");
    assert_eq!(house.amina.ends(), [EndReason::NotRegistered]);

    let mut house = House::signed_in();
    house.dial(" ");
    assert!(matches!(house.amina.ends()[..], [EndReason::BadTarget(_)]));

    let (mut house, _, _) = House::connected();
    house.dial("201");
    house.dial("202");
    assert_eq!(house.amina.ends(), [EndReason::AlreadyInCall]);
    assert_eq!(house.amina.calls().len(), 2);
}

#[test]
fn a_socket_that_cannot_be_opened_ends_the_call() {
    let mut house = House::signed_in();
    house.amina.opens_sockets = false;
    let call = house.dial("201");
    let sentence = "No socket.".to_owned();
    house
        .amina
        .handle(house.network.now(), Input::MediaFailed { call, sentence });
    house.pass(1.0);
    assert_eq!(
        house.amina.ends(),
        [EndReason::LocalFailure("No socket.".into())]
    );
    assert!(house.bela.events.is_empty());
}

#[test]
fn a_call_without_an_offer_is_answered_with_one() {
    let mut house = House::signed_in();
    let now = house.now();
    let leg = house.exchange.call(now, "201", "");
    house.pass(1.0);
    let call = house.ringing();
    house
        .bela
        .handle(house.network.now(), Input::Answer { call });
    house.pass(1.0);
    let offer = house.exchange.single.iter().find_map(|event| match event {
        sip::Event::Answered { body, .. } => Some(body.clone()),
        _ => None,
    });
    let offer = sdp::SessionDescription::parse(&offer.unwrap()).unwrap();
    let address = "10.0.0.9:5000".parse().unwrap();
    let (answer, _) = sdp::answer(
        &offer,
        &sdp::OfferConfig {
            address,
            codecs: &[Codec::Pcma],
            session_id: 1,
            version: 1,
            direction: Direction::SendRecv,
            ptime_millis: 20,
            crypto: &[],
        },
    )
    .unwrap();
    assert!(house.bela.sessions().is_empty());
    let body = answer.to_string().into();
    house
        .exchange
        .handle(house.network.now(), sip::Input::Acknowledge { leg, body });
    house.pass(1.0);
    let sessions = house.bela.sessions();
    assert_eq!(
        (sessions[0].codec, sessions[0].remote),
        (Codec::Pcma, address)
    );
    assert!(house.bela.is_connected());
}

#[test]
fn a_call_that_could_not_be_heard_does_not_ring() {
    let mut house = House::signed_in();
    let now = house.now();
    house.exchange.call(now, "201", G729_ONLY);
    house
        .exchange
        .call(now, "201", "this is no session description");
    house.pass(1.0);
    assert!(house.bela.events.is_empty(), "{:?}", house.bela.events);
    let refused = house.exchange.single.iter().filter(|event| {
        matches!(event, sip::Event::Ended { cause: sip::EndCause::Refused { status, .. }, .. }
            if *status == StatusCode::NOT_ACCEPTABLE_HERE)
    });
    assert_eq!(refused.count(), 2);
}

#[test]
fn a_call_can_be_put_on_hold_by_the_other_side() {
    let (mut house, _, _) = House::connected();
    let now = house.now();
    house.exchange.reoffer(now, "201", HOLD);
    house.pass(1.0);
    let sessions = house.bela.sessions();
    assert_eq!(sessions.len(), 2);
    assert_eq!(
        (sessions[1].codec, sessions[1].direction),
        (Codec::Pcmu, Direction::RecvOnly)
    );
    assert_eq!(
        house
            .bela
            .count(|event| matches!(event, Event::Answered { .. })),
        1
    );
    assert!(house.bela.is_connected());
}

#[test]
fn a_change_that_nobody_can_speak_leaves_the_call_as_it_was() {
    let (mut house, _, _) = House::connected();
    let now = house.now();
    house.exchange.reoffer(now, "201", G729_ONLY);
    house.pass(1.0);
    assert_eq!(house.bela.sessions().len(), 1);
    assert!(house.bela.is_connected());
}

#[test]
fn signing_out_ends_the_call_first() {
    let (mut house, _, _) = House::connected();
    house.amina.handle(house.network.now(), Input::SignOut);
    house.pass(1.0);
    assert_eq!(house.amina.ends(), [EndReason::LocalHangup]);
    assert_eq!(house.bela.ends(), [EndReason::RemoteHangup]);
    assert_eq!(
        house.amina.phone.registration(),
        RegistrationState::SignedOut
    );
}

#[test]
fn calls_come_through_a_bad_network() {
    for loss in [0.05, 0.15, 0.25] {
        let (mut house, at_amina, _) = {
            let mut house = House::signed_in();
            house.network.set_conditions(Conditions::bad(loss));
            let at_amina = house.dial("201");
            house.pass(15.0);
            let at_bela = house.ringing();
            house
                .bela
                .handle(house.network.now(), Input::Answer { call: at_bela });
            house.pass(15.0);
            assert!(
                house.amina.is_connected() && house.bela.is_connected(),
                "loss {loss}"
            );
            (house, at_amina, at_bela)
        };
        house
            .amina
            .handle(house.network.now(), Input::HangUp { call: at_amina });
        house.pass(30.0);
        assert_eq!(house.amina.ends(), [EndReason::LocalHangup], "loss {loss}");
        assert_eq!(house.bela.ends(), [EndReason::RemoteHangup], "loss {loss}");
    }
}

#[test]
fn noise_on_the_wire_changes_nothing() {
    let (mut house, _, _) = House::connected();
    let now = house.now();
    let server = "10.0.0.1:5060".parse().unwrap();
    let amina = "10.0.0.2:5060".parse().unwrap();
    let mut state = 1u32;
    for _ in 0..500 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise: Vec<u8> = (0..state % 200)
            .map(|at| (state >> (at % 24)) as u8)
            .collect();
        let flow = sip::Flow {
            transport: sip::Transport::Udp,
            local: amina,
            remote: server,
            connection: 0,
        };
        house.amina.handle(
            now,
            Input::Receive {
                flow,
                payload: noise.into(),
            },
        );
    }
    house.pass(1.0);
    assert!(house.amina.is_connected() && house.bela.is_connected());
}
