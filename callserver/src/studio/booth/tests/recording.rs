//! Recordings of one side of a call in the booth.

use super::*;
use crate::studio::{Source, TapeLimits, Told};
use switch::Prompt;

/// A file in memory that two hold.
#[derive(Clone, Default)]
struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn one_side_is_recorded_up_to_a_length_and_then_nothing_is_decoded_any_more() {
    let caller = side(sdp::Codec::Opus, 111);
    let (pair, phones_keys) = keys();
    let callee = MediaSide {
        crypto: Some(pair),
        ..caller
    };
    let secure = Config {
        srtp: Some(phones_keys),
        ..config(&callee)
    };
    let mut talk = Talk::new(plan(caller, callee), [config(&caller), secure]);
    let (answer, mut ended) = tokio::sync::oneshot::channel();
    let file = Shared::default();
    let limits = TapeLimits {
        longest: Duration::from_secs(3),
        silence: Duration::MAX,
    };
    let tape = Tape::begin(Side::Caller, Box::new(file.clone()), limits, answer);
    talk.booth.record(talk.now, tape).expect("the codecs start");
    talk.go_on(2);
    assert!(ended.try_recv().is_err());
    talk.go_on(2);
    let recorded = ended
        .try_recv()
        .expect("it has ended")
        .expect("it was written");
    assert_eq!(recorded.length, limits.longest);
    assert_eq!(talk.booth.poll_timeout(), None);
    let file = file.0.lock().expect("nobody panicked");
    assert!(
        file.starts_with(b"OggS") && file.len() > 5_000,
        "{}",
        file.len()
    );
}

#[test]
fn a_recording_ends_with_its_call() {
    let caller = side(sdp::Codec::Pcmu, 0);
    let mut talk = Talk::between(plan(caller, side(sdp::Codec::Opus, 111)));
    let (answer, mut ended) = tokio::sync::oneshot::channel();
    let tape = Tape::begin(
        Side::Callee,
        Box::new(std::io::sink()),
        TapeLimits {
            longest: Duration::MAX,
            silence: Duration::MAX,
        },
        answer,
    );
    talk.booth.record(talk.now, tape).expect("the codecs start");
    talk.go_on(1);
    drop(talk);
    let recorded = ended
        .try_recv()
        .expect("it has ended")
        .expect("it was written");
    // The first frame is due at once.
    assert_eq!(recorded.length, Duration::from_secs(1) + FRAME_DURATION);
}

/// A phone, and the server itself as the other side.
fn alone() -> Talk {
    let caller = side(sdp::Codec::Pcmu, 0);
    let caller = MediaSide {
        telephone_event: Some(101),
        ..caller
    };
    let plan = MediaPlan {
        house: Some(switch::Side::Callee),
        ..plan(caller, caller)
    };
    Talk::between(plan)
}

fn told(talk: &mut Talk) -> Vec<Told> {
    std::iter::from_fn(|| talk.booth.poll_told()).collect()
}

#[test]
fn the_house_plays_what_it_is_told_and_says_when_it_is_over() {
    let mut talk = alone();
    let beep = Source::Prompt(Prompt::Beep);
    talk.booth
        .play(talk.now, Side::Caller, 5, beep)
        .expect("the codecs start");
    talk.go_on(2);
    assert_eq!(told(&mut talk), [Told::Played(5)]);
    let heard = &talk.phones[0].heard;
    let loudest = heard.chunks(960).map(media::dbfs).fold(-99.0, f32::max);
    assert!(loudest > -22.0, "{loudest}");
    // Nobody is on the other side.
    assert!(talk.sent[1].is_empty());
    assert!(media::dbfs(&heard[heard.len() - 9_600..]) < -60.0);
}

#[test]
fn what_cannot_be_played_is_over_at_once() {
    let mut talk = alone();
    let nonsense = Source::File(bytes::Bytes::from_static(b"nonsense"));
    talk.booth
        .play(talk.now, Side::Caller, 6, nonsense)
        .expect("the codecs start");
    talk.go_on(1);
    assert_eq!(told(&mut talk), [Told::Played(6)]);
}

#[test]
fn the_house_hears_which_keys_are_pressed() {
    let mut talk = alone();
    talk.go_on(1);
    for digit in ['7', '#'] {
        let digit = Digit::new(digit).expect("a digit");
        let now = talk.now;
        talk.phones[0].session.handle(now, Input::Digit(digit));
    }
    talk.go_on(2);
    assert_eq!(told(&mut talk), [Told::Pressed('7'), Told::Pressed('#')]);
}

#[test]
fn a_recording_ends_when_nothing_was_said_for_a_while_and_tells_where_the_last_word_was() {
    let mut talk = alone();
    let (answer, mut ended) = tokio::sync::oneshot::channel();
    let limits = TapeLimits {
        longest: Duration::from_secs(60),
        silence: Duration::from_secs(2),
    };
    let tape = Tape::begin(Side::Caller, Box::new(std::io::sink()), limits, answer);
    talk.booth.record(talk.now, tape).expect("the codecs start");
    talk.phones[0].says.truncate(48_000 * 3);
    talk.go_on(3);
    assert!(ended.try_recv().is_err());
    talk.go_on(4);
    let recorded = ended
        .try_recv()
        .expect("it has ended")
        .expect("it was written");
    let last = recorded.last_sound.as_millis();
    assert!((1_500..3_400).contains(&last), "{last}");
    assert_eq!(recorded.length, recorded.last_sound + limits.silence);
}

#[test]
fn a_digit_of_ours_reaches_a_phone_in_a_call_that_is_only_carried() {
    let caller = side(sdp::Codec::Pcmu, 0);
    let callee = MediaSide {
        telephone_event: Some(101),
        ..side(sdp::Codec::Pcmu, 0)
    };
    let mut talk = Talk::between(plan(caller, callee));
    talk.go_on(1);
    let five = Digit::new('5').expect("a digit");
    talk.booth
        .sound_digit(talk.now, Side::Callee, five)
        .expect("the codecs start");
    talk.go_on(1);
    assert_eq!(talk.phones[1].digits, "5");
}
