//! The real path through the sound system: microphones and speakers of virtual sound cards.

use std::ffi::OsString;
use std::time::Duration;

use end_to_end::{Server, Softphone, Sound, Turn, check_speech};
use hearing::Recording;
use hearing::sound_card::{MICROPHONE, SPEAKER, SoundCard};

const SOON: Duration = Duration::from_secs(20);

/// Through resampling by the sound server, and two clocks that nobody keeps in step.
const LIKE: f64 = 0.8;

fn environment(card: &SoundCard) -> Vec<(&'static str, OsString)> {
    card.environment()
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect()
}

#[test]
fn speech_at_one_microphone_is_heard_at_the_other_speaker() {
    Turn::wait().measure(speak_and_hear);
}

fn speak_and_hear() -> Result<(), String> {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let (anns_card, bobs_card) = (SoundCard::start().unwrap(), SoundCard::start().unwrap());
    let sound = Sound {
        input: format!("device:{MICROPHONE}").into(),
        output: format!("device:{SPEAKER}").into(),
    };
    let phone = |account, card, verb: &[&str]| {
        Softphone::start_in(&server.url(), account, &sound, verb, &environment(card)).unwrap()
    };
    let mut callee = phone(&bob, &bobs_card, &["answer"]);
    callee.wait_for("registered", SOON).unwrap();
    let mut caller = phone(&ann, &anns_card, &["call", "1002", "--for", "13"]);
    for side in [&mut caller, &mut callee] {
        side.wait_for("answered", SOON).unwrap();
    }
    // Until its devices run, a phone neither hears nor plays.
    for side in [&mut caller, &mut callee] {
        for device in ["audio_in", "audio_out"] {
            if !side.events().iter().any(|event| event.name() == device) {
                side.wait_for(device, SOON).unwrap();
            }
        }
    }

    let (at_ann, at_bob) = (anns_card.record().unwrap(), bobs_card.record().unwrap());
    let ann_speaks = anns_card
        .speak(&Recording::speech_path("leisure.wav"))
        .unwrap();
    let bob_speaks = bobs_card
        .speak(&Recording::speech_path("amiable.wav"))
        .unwrap();
    ann_speaks.wait().unwrap();
    bob_speaks.wait().unwrap();
    for phone in [caller, callee] {
        let finished = phone.finish(SOON).unwrap();
        assert_eq!(finished.code, Some(0), "{}", finished.errors);
    }

    check_speech("leisure.wav", &at_bob.stop().unwrap(), LIKE)?;
    check_speech("amiable.wav", &at_ann.stop().unwrap(), LIKE)
}
