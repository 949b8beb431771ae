//! Recordings of one side of a call in the booth.

use super::*;

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
    let longest = Duration::from_secs(3);
    let tape = Tape::begin(Side::Caller, Box::new(file.clone()), longest, answer);
    talk.booth.record(talk.now, tape).expect("the codecs start");
    talk.go_on(2);
    assert!(ended.try_recv().is_err());
    talk.go_on(2);
    let length = ended
        .try_recv()
        .expect("it has ended")
        .expect("it was written");
    assert_eq!(length, longest);
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
        Duration::MAX,
        answer,
    );
    talk.booth.record(talk.now, tape).expect("the codecs start");
    talk.go_on(1);
    drop(talk);
    let length = ended
        .try_recv()
        .expect("it has ended")
        .expect("it was written");
    // The first frame is due at once.
    assert_eq!(length, Duration::from_secs(1) + FRAME_DURATION);
}
