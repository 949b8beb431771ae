//! Two phones and a booth between them, in virtual time and without a network.

mod recording;

use hearing::{Likeness, Recording, compare};
use media::srtp::{Keys, Suite};
use media::{Config, Digit, FRAME_DURATION, Statistics};
use proptest::prelude::*;
use sdp::{Crypto, CryptoPair, CryptoSuite, MasterKey};
use switch::Play;

use super::*;

struct Phone {
    session: Session,
    says: Vec<i16>,
    heard: Vec<i16>,
    digits: String,
}

impl Phone {
    fn new(config: Config, recording: &str) -> Self {
        let seed = [recording.len() as u8; 32];
        Phone {
            session: Session::new(config, seed).expect("the codec starts"),
            says: Recording::speech(recording).at_rate(48_000).samples,
            heard: Vec::new(),
            digits: String::new(),
        }
    }

    fn statistics(&self) -> Statistics {
        self.session.statistics()
    }
}

/// Two phones, and the booth that they are connected by.
struct Talk {
    booth: Booth,
    phones: [Phone; 2],
    now: Instant,
    frames: usize,
    /// What the booth has sent to each phone.
    sent: [Vec<Outgoing>; 2],
}

fn side(codec: sdp::Codec, payload_type: u8) -> MediaSide {
    MediaSide {
        codec,
        payload_type,
        telephone_event: None,
        direction: Direction::SendRecv,
        crypto: None,
        is_sealed: false,
        plays: None,
    }
}

fn config(side: &MediaSide) -> Config {
    Config {
        payload_type: side.payload_type,
        telephone_event: side.telephone_event,
        ..Config::new(codec(side.codec))
    }
}

fn crypto(byte: u8) -> Crypto {
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let key = MasterKey::new(suite, &[byte; 30]).expect("the length is right");
    Crypto::new(1, suite, key)
}

/// The server's keys with a phone, and that phone's.
fn keys() -> (CryptoPair, Keys) {
    let pair = CryptoPair {
        ours: crypto(1),
        theirs: crypto(2),
    };
    let phones = Keys::new(Suite::AesCm128HmacSha1_80, &[2; 30], &[1; 30]);
    (pair, phones.expect("the length is right"))
}

impl Talk {
    fn new(plan: MediaPlan, configs: [Config; 2]) -> Self {
        let now = Instant::now();
        let [caller, callee] = configs;
        Talk {
            booth: Booth::new(now, plan, [7; 32]).expect("the codecs start"),
            phones: [
                Phone::new(caller, "leisure.wav"),
                Phone::new(callee, "amiable.wav"),
            ],
            now,
            frames: 0,
            sent: [Vec::new(), Vec::new()],
        }
    }

    fn between(plan: MediaPlan) -> Self {
        Talk::new(plan, [config(&plan.caller), config(&plan.callee)])
    }

    fn change(&mut self, plan: MediaPlan) {
        self.booth.change(self.now, plan).expect("the codecs start");
    }

    fn press(&mut self, side: Side, digits: &str) {
        for sign in digits.chars() {
            let digit = Digit::new(sign).expect("a key");
            let session = &mut self.phones[side as usize].session;
            session.handle(self.now, Input::Digit(digit));
        }
    }

    fn step(&mut self) {
        self.now += FRAME_DURATION;
        for side in SIDES {
            let phone = &mut self.phones[side as usize];
            let (frames, _) = phone.says.as_chunks::<960>();
            let frame = frames.get(self.frames).unwrap_or(&media::SILENCE);
            phone.session.handle(self.now, Input::Capture(frame));
            while let Some(transmit) = phone.session.poll_transmit() {
                let (is_control, datagram) = match transmit {
                    Transmit::Packet(datagram) => (false, datagram),
                    Transmit::Control(datagram) => (true, datagram),
                };
                self.booth.receive(self.now, side, is_control, &datagram);
            }
        }
        while self.booth.poll_timeout().is_some_and(|due| due <= self.now) {
            self.booth.tick(self.now);
        }
        while let Some(outgoing) = self.booth.poll_transmit() {
            let phone = &mut self.phones[outgoing.side as usize];
            let datagram = outgoing.datagram.clone();
            let input = if outgoing.to_control_port {
                Input::Control(datagram)
            } else {
                Input::Packet(datagram)
            };
            phone.session.handle(self.now, input);
            self.sent[outgoing.side as usize].push(outgoing);
        }
        for phone in &mut self.phones {
            phone.heard.extend(phone.session.playout(self.now));
            while let Some(event) = phone.session.poll_event() {
                if let Event::Digit(digit) = event {
                    phone.digits.push(digit.sign());
                }
            }
        }
        self.frames += 1;
    }

    fn go_on(&mut self, seconds: usize) {
        for _ in 0..seconds * 50 {
            self.step();
        }
    }

    fn finish(&mut self) -> [Likeness; 2] {
        let longest = self.phones.iter().map(|phone| phone.says.len()).max();
        let seconds = longest.unwrap_or_default() / 48_000 + 2;
        self.go_on(seconds.saturating_sub(self.frames / 50));
        let [caller, callee] = &self.phones;
        let likenesses = [
            compare(&caller.says, &callee.heard, 48_000),
            compare(&callee.says, &caller.heard, 48_000),
        ];
        println!("{} {}", likenesses[0], likenesses[1]);
        likenesses
    }

    fn level_of_last_second(&self, side: Side) -> f32 {
        let heard = &self.phones[side as usize].heard;
        media::dbfs(&heard[heard.len() - 48_000..])
    }
}

fn plan(caller: MediaSide, callee: MediaSide) -> MediaPlan {
    MediaPlan {
        caller,
        callee,
        house: None,
    }
}

#[test]
fn phones_without_a_common_codec_hear_every_word() {
    for (caller, callee) in [
        (side(sdp::Codec::Pcma, 8), side(sdp::Codec::Opus, 111)),
        (side(sdp::Codec::G722, 9), side(sdp::Codec::Pcmu, 0)),
    ] {
        let mut talk = Talk::between(plan(caller, callee));
        for likeness in talk.finish() {
            assert!(likeness.similarity > 0.93, "{likeness}");
            assert!(likeness.level_difference_db.abs() < 1.0, "{likeness}");
            // Two jitter buffers, two codecs.
            assert!(likeness.delay_samples / 48 < 160, "{likeness}");
        }
        for phone in &talk.phones {
            let statistics = phone.statistics();
            assert_eq!(statistics.lost + statistics.malformed, 0);
            assert!(statistics.round_trip.is_some(), "reports end at the booth");
        }
    }
}

#[test]
fn secure_and_plain_rtp_with_one_codec_meet_without_decoding() {
    let (pair, phones_keys) = keys();
    let caller = MediaSide {
        crypto: Some(pair),
        ..side(sdp::Codec::Opus, 111)
    };
    let callee = side(sdp::Codec::Opus, 96);
    let secure = Config {
        srtp: Some(phones_keys),
        ..config(&caller)
    };
    let mut talk = Talk::new(plan(caller, callee), [secure, config(&callee)]);
    assert_eq!(talk.booth.poll_timeout(), None);
    for likeness in talk.finish() {
        assert!(likeness.similarity > 0.95, "{likeness}");
    }
    assert!(talk.phones[0].statistics().round_trip.is_some());
    assert_eq!(talk.booth.refused(), 0);
    let refused = [0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 1, 2];
    talk.booth.receive(talk.now, Side::Caller, false, &refused);
    assert_eq!(talk.booth.poll_transmit(), None);
    assert_eq!(talk.booth.refused(), 1);
}

#[test]
fn secure_rtp_and_another_codec_at_once() {
    let (pair, phones_keys) = keys();
    let caller = MediaSide {
        crypto: Some(pair),
        ..side(sdp::Codec::Opus, 111)
    };
    let callee = side(sdp::Codec::Pcma, 8);
    let secure = Config {
        srtp: Some(phones_keys),
        ..config(&caller)
    };
    let mut talk = Talk::new(plan(caller, callee), [secure, config(&callee)]);
    for likeness in talk.finish() {
        assert!(likeness.similarity > 0.93, "{likeness}");
    }
}

#[test]
fn digits_cross_with_the_number_of_the_other_leg() {
    let with = |codec, payload_type, telephone_event| MediaSide {
        telephone_event: Some(telephone_event),
        ..side(codec, payload_type)
    };
    for (caller, callee) in [
        (
            with(sdp::Codec::Opus, 111, 110),
            with(sdp::Codec::Opus, 96, 101),
        ),
        (
            with(sdp::Codec::Opus, 111, 110),
            with(sdp::Codec::Pcmu, 0, 101),
        ),
    ] {
        let mut talk = Talk::between(plan(caller, callee));
        talk.go_on(1);
        talk.press(Side::Caller, "0815#");
        talk.press(Side::Callee, "9*");
        talk.go_on(3);
        assert_eq!(talk.phones[1].digits, "0815#");
        assert_eq!(talk.phones[0].digits, "9*");
    }
}

#[test]
fn a_phone_that_takes_no_digits_is_sent_none() {
    let caller = MediaSide {
        telephone_event: Some(101),
        ..side(sdp::Codec::Pcmu, 0)
    };
    let (pair, phones_keys) = keys();
    let callee = MediaSide {
        crypto: Some(pair),
        ..side(sdp::Codec::Pcmu, 0)
    };
    let secure = Config {
        srtp: Some(phones_keys),
        ..config(&callee)
    };
    let mut talk = Talk::new(plan(caller, callee), [config(&caller), secure]);
    talk.press(Side::Caller, "1");
    talk.go_on(1);
    assert_eq!(talk.phones[1].statistics().malformed, 0);
    assert!(talk.phones[1].statistics().received > 40);
}

#[test]
fn who_is_on_hold_hears_music_until_the_other_speaks_or_takes_the_call_back() {
    let caller = side(sdp::Codec::Opus, 111);
    let callee = side(sdp::Codec::Opus, 111);
    let mut talk = Talk::between(plan(caller, callee));
    talk.go_on(1);
    let held = MediaSide {
        plays: Some(Play::HoldMusic),
        direction: Direction::RecvOnly,
        ..caller
    };
    let holding = MediaSide {
        direction: Direction::Inactive,
        ..callee
    };
    talk.change(plan(held, holding));
    let speech = std::mem::take(&mut talk.phones[1].says);
    talk.phones[1].session.handle(talk.now, Input::Close);
    talk.sent[1].clear();
    talk.go_on(4);
    let level = talk.level_of_last_second(Side::Caller);
    assert!((-35.0..-12.0).contains(&level), "{level}");
    // The one that holds wants nothing but reports.
    assert!(talk.sent[1].iter().all(|sent| sent.to_control_port));
    // It has music of its own and says so by sending it.
    talk.phones[1] = Phone::new(config(&callee), "amiable.wav");
    talk.phones[1].says = [vec![0; talk.frames * 960], speech.clone()].concat();
    let before = talk.phones[0].heard.len();
    talk.go_on(6);
    let likeness = compare(
        &speech[..5 * 48_000],
        &talk.phones[0].heard[before..],
        48_000,
    );
    assert!(likeness.similarity > 0.9, "{likeness}");
    talk.change(plan(caller, callee));
    assert_eq!(
        talk.booth.poll_timeout(),
        None,
        "nothing is decoded any more"
    );
}

#[test]
fn a_beep_ends_and_then_the_other_side_is_heard() {
    let caller = side(sdp::Codec::Pcma, 8);
    let mut talk = Talk::between(plan(caller, side(sdp::Codec::Pcma, 8)));
    talk.phones[1].says = vec![0; 48_000];
    let beep = Source::Prompt(switch::Prompt::Beep);
    talk.booth
        .play(talk.now, Side::Caller, 1, beep)
        .expect("the codecs start");
    talk.step();
    for _ in 0..24 {
        talk.step();
    }
    assert!(media::dbfs(&talk.phones[0].heard) > -30.0);
    talk.go_on(2);
    assert!(talk.level_of_last_second(Side::Caller) < -60.0);
}

#[test]
fn keys_that_stay_keep_their_counters_and_new_ones_begin_anew() {
    let (pair, phones_keys) = keys();
    let caller = MediaSide {
        crypto: Some(pair),
        ..side(sdp::Codec::Pcmu, 0)
    };
    let callee = side(sdp::Codec::Pcmu, 0);
    let mut booth = Booth::new(Instant::now(), plan(caller, callee), [1; 32]).expect("it starts");
    let now = Instant::now();
    let packet = [0x80, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 1, 2];
    let mut sealed = BytesMut::from(&packet[..]);
    phones_keys.sealer().seal_packet(&mut sealed).expect("RTP");
    booth.receive(now, Side::Caller, false, &sealed);
    assert_eq!(
        booth.poll_transmit().map(|sent| sent.datagram),
        Some(Bytes::copy_from_slice(&packet))
    );
    let held = MediaSide {
        direction: Direction::SendOnly,
        ..caller
    };
    booth.change(now, plan(held, callee)).expect("it starts");
    booth.receive(now, Side::Caller, false, &sealed);
    assert_eq!(booth.poll_transmit(), None, "it came before");
    let fresh = MediaSide {
        crypto: Some(CryptoPair {
            theirs: crypto(9),
            ..pair
        }),
        ..caller
    };
    booth.change(now, plan(fresh, callee)).expect("it starts");
    let mut sealed = BytesMut::from(&packet[..]);
    let new = Keys::new(Suite::AesCm128HmacSha1_80, &[9; 30], &[1; 30]).expect("30 bytes");
    new.sealer().seal_packet(&mut sealed).expect("RTP");
    booth.receive(now, Side::Caller, false, &sealed);
    assert!(booth.poll_transmit().is_some());
}

#[test]
fn reports_go_where_the_phone_sends_its_own_from() {
    let caller = side(sdp::Codec::Pcmu, 0);
    let (pair, _) = keys();
    let callee = MediaSide {
        crypto: Some(pair),
        ..caller
    };
    let now = Instant::now();
    let mut booth = Booth::new(now, plan(callee, caller), [1; 32]).expect("it starts");
    let report = [0x80, 201, 0, 1, 1, 2, 3, 4];
    for shares in [false, true] {
        booth.receive(now, Side::Callee, !shares, &report);
        let to_caller = booth.poll_transmit().expect("it passes");
        assert!(to_caller.to_control_port && to_caller.side == Side::Caller);
        let mut back = to_caller.datagram.to_vec();
        back[3] ^= 1;
        assert_eq!(booth.shares_port[Side::Callee as usize], shares);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_that_a_phone_sends_stops_the_booth(
        datagrams in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60), any::<bool>(), any::<bool>()), 1..40),
        is_mixed: bool, is_secure: bool,
    ) {
        let caller = MediaSide {
            crypto: is_secure.then(|| keys().0),
            telephone_event: Some(101),
            ..side(sdp::Codec::Opus, 111)
        };
        let callee = if is_mixed { side(sdp::Codec::G722, 9) } else { side(sdp::Codec::Opus, 96) };
        let mut now = Instant::now();
        let mut booth = Booth::new(now, plan(caller, callee), [1; 32]).unwrap();
        for (mut datagram, from_caller, is_control) in datagrams {
            if let [first, second, ..] = datagram.as_mut_slice() {
                *first = *first & 0x3f | 0x80;
                *second = [111, 96, 9, 101, 200, *second][usize::from(*second) % 6];
            }
            let side = if from_caller { Side::Caller } else { Side::Callee };
            booth.receive(now, side, is_control, &datagram);
            now += FRAME_DURATION;
            if booth.poll_timeout().is_some_and(|due| due <= now) {
                booth.tick(now);
            }
            while booth.poll_transmit().is_some() {}
        }
    }
}
