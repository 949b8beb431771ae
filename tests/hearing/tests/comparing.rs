//! What the comparison says about recordings whose likeness is known.

use hearing::{Recording, compare};

const RATE: u32 = 48_000;

fn speech(name: &str) -> Vec<i16> {
    Recording::speech(name).at_rate(RATE).samples
}

fn noise(length: usize) -> Vec<i16> {
    let mut state = 1u64;
    (0..length)
        .map(|_| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            ((state >> 48) as i16) / 4
        })
        .collect()
}

fn late_by(samples: usize, sound: &[i16]) -> Vec<i16> {
    let mut late = vec![0; samples];
    late.extend_from_slice(sound);
    late
}

fn through_opus(sound: &[i16], bitrate: i32) -> Vec<i16> {
    use opus::{Application, Bitrate, Channels, Decoder, Encoder};
    let mut encoder =
        Encoder::new(RATE, Channels::Mono, Application::Voip).expect("the codec works");
    encoder
        .set_bitrate(Bitrate::Bits(bitrate))
        .expect("the codec works");
    let mut decoder = Decoder::new(RATE, Channels::Mono).expect("the codec works");
    let mut heard = Vec::new();
    let mut frame = [0; 960];
    for chunk in sound.chunks_exact(960) {
        let packet = encoder.encode_vec(chunk, 1_275).expect("the codec works");
        decoder
            .decode(&packet, &mut frame, false)
            .expect("the codec works");
        heard.extend_from_slice(&frame);
    }
    heard
}

#[test]
fn the_same_sound_is_wholly_alike() {
    let spoken = speech("leisure.wav");
    let likeness = compare(&spoken, &spoken, RATE);
    assert_eq!(likeness.delay_samples, 0);
    assert!(likeness.similarity > 0.999, "{likeness}");
    assert!(likeness.level_difference_db.abs() < 0.01, "{likeness}");
}

#[test]
fn a_delay_is_found_to_the_sample_whichever_recording_is_longer() {
    let spoken = speech("leisure.wav");
    for delay in [1, 4_711, 48_000, 143_999] {
        let heard = late_by(delay, &spoken);
        assert_eq!(compare(&spoken, &heard, RATE).delay_samples, delay as i64);
        assert_eq!(
            compare(&heard, &spoken, RATE).delay_samples,
            -(delay as i64)
        );
    }
    let mut long = late_by(30_000, &spoken);
    long.extend_from_slice(&[0; 480_000]);
    assert_eq!(compare(&spoken, &long, RATE).delay_samples, 30_000);
    let short = &spoken[..spoken.len() * 2 / 3];
    let likeness = compare(&spoken, &late_by(20_000, short), RATE);
    assert_eq!(likeness.delay_samples, 20_000);
}

#[test]
fn what_is_missing_makes_it_less_alike() {
    let spoken = speech("leisure.wav");
    let mut heard = spoken.clone();
    let half = heard.len() / 2;
    heard[half..].fill(0);
    let likeness = compare(&spoken, &heard, RATE);
    assert!(likeness.similarity < 0.7, "{likeness}");
}

#[test]
fn a_coded_copy_is_alike_and_a_quieter_one_too() {
    for name in ["leisure.wav", "amiable.wav"] {
        let spoken = speech(name);
        for bitrate in [16_000, 24_000, 32_000] {
            let coded = through_opus(&spoken, bitrate);
            let likeness = compare(&spoken, &late_by(10_000, &coded), RATE);
            // The codec itself looks ahead by 6.5 ms.
            assert!(
                (10_300..10_330).contains(&likeness.delay_samples),
                "{likeness}"
            );
            assert!(likeness.similarity > 0.9, "{likeness}");
        }
        let quiet: Vec<i16> = spoken.iter().map(|s| s / 10).collect();
        let likeness = compare(&spoken, &quiet, RATE);
        assert!(likeness.similarity > 0.97, "{likeness}");
        assert!(
            (likeness.level_difference_db + 20.0).abs() < 0.5,
            "{likeness}"
        );
    }
}

#[test]
fn noise_silence_and_other_speech_are_not_alike() {
    let leisure = speech("leisure.wav");
    let amiable = speech("amiable.wav");
    for (spoken, heard) in [
        (&leisure, &amiable),
        (&amiable, &leisure),
        (&leisure, &noise(480_000)),
        (&leisure, &vec![0; 480_000]),
        (&leisure, &Vec::new()),
        (&vec![0; 480_000], &leisure),
        (&Vec::new(), &leisure),
    ] {
        let likeness = compare(spoken, heard, RATE);
        assert!(likeness.similarity < 0.4, "{likeness}");
    }
    let backwards: Vec<i16> = leisure.iter().rev().copied().collect();
    let likeness = compare(&leisure, &backwards, RATE);
    assert!(likeness.similarity < 0.4, "{likeness}");
}
