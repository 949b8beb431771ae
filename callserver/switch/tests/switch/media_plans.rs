//! What is to be done with the audio between two phones.

use sdp::Codec;
use simnet::Conditions;
use switch::{Event, MediaPlan};

use crate::phone::Manner;
use crate::rig::{Rig, seconds};

fn plans(rig: &Rig) -> Vec<MediaPlan> {
    let plan = |event: &Event| match event {
        Event::MediaPlan { plan, .. } => Some(**plan),
        _ => None,
    };
    rig.server.events.iter().filter_map(plan).collect()
}

#[test]
fn phones_with_a_common_codec_are_passed_through_and_the_plan_comes_before_the_answer() {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    rig.phones[1].codecs = vec![Codec::Pcma, Codec::G722];
    rig.phones[1].manner = Manner::Answer(seconds(1));
    rig.call("1002");
    rig.run(seconds(5));
    let plan = plans(&rig)[0];
    assert_eq!(
        (plan.caller.codec, plan.caller.payload_type),
        (Codec::G722, 9)
    );
    assert!(plan.is_passed_through());
    let events = &rig.server.events;
    let at = |is_this: fn(&Event) -> bool| events.iter().position(is_this);
    let planned = at(|event| matches!(event, Event::MediaPlan { .. }));
    let answered = at(|event| matches!(event, Event::CallAnswered { .. }));
    assert!(planned.is_some() && planned < answered);
}
