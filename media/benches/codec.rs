//! What one audio stream costs: codecs, jitter buffer, packets. One frame is 20 ms.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hearing::Recording;
use media::{Codec, Config, FRAME_SAMPLES, Frame, Input, Packet, Session, Transmit};

const FRAME: Duration = Duration::from_millis(20);

fn session(codec: Codec, seed: u8) -> Session {
    Session::new(Config::new(codec), [seed; 32]).expect("the codec starts")
}

fn speech() -> Vec<Frame> {
    let speech = Recording::speech("leisure.wav").at_rate(media::SAMPLE_RATE);
    speech.samples.as_chunks::<FRAME_SAMPLES>().0.to_vec()
}

fn packets(codec: Codec, frames: &[Frame]) -> Vec<bytes::Bytes> {
    let mut session = session(codec, 1);
    let now = Instant::now();
    let mut packets = Vec::new();
    for frame in frames {
        session.handle(now, Input::Capture(frame));
        while let Some(transmit) = session.poll_transmit() {
            if let Transmit::Packet(packet) = transmit {
                packets.push(packet);
            }
        }
    }
    packets
}

/// Microphone to packet.
fn sending(criterion: &mut Criterion) {
    let frames = speech();
    let mut group = criterion.benchmark_group("send a frame");
    for codec in [Codec::Opus, Codec::Pcmu, Codec::Pcma] {
        let mut session = session(codec, 1);
        let now = Instant::now();
        let mut number = 0;
        group.bench_function(codec.name(), |bencher| {
            bencher.iter(|| {
                number = (number + 1) % frames.len();
                session.handle(now, Input::Capture(&frames[number]));
                black_box(session.poll_transmit())
            });
        });
    }
    group.finish();
}

/// Packet to speaker: parsing, jitter buffer, decoding.
fn receiving(criterion: &mut Criterion) {
    let frames = speech();
    let mut group = criterion.benchmark_group("receive and play a frame");
    for codec in [Codec::Opus, Codec::Pcmu, Codec::Pcma] {
        let packets = packets(codec, &frames);
        for (name, lost) in [("", usize::MAX), (", every tenth lost", 10)] {
            group.bench_function(format!("{}{name}", codec.name()), |bencher| {
                bencher.iter_custom(|iterations| {
                    let mut taken = Duration::ZERO;
                    let mut left = iterations as usize;
                    while left > 0 {
                        let round = left.min(packets.len());
                        left -= round;
                        let mut session = session(codec, 2);
                        let mut now = Instant::now();
                        let begin = Instant::now();
                        for (number, packet) in packets[..round].iter().enumerate() {
                            if number % lost != lost - 1 {
                                session.handle(now, Input::Packet(packet.clone()));
                            }
                            black_box(session.playout(now));
                            now += FRAME;
                        }
                        taken += begin.elapsed();
                    }
                    taken
                });
            });
        }
    }
    group.finish();
}

/// Packets without a codec; ten at a time go into the jitter buffer.
fn packets_alone(criterion: &mut Criterion) {
    let packet = packets(Codec::Opus, &speech()[..50])[40].clone();
    criterion.bench_function("parse an RTP packet", |bencher| {
        bencher.iter(|| Packet::parse(black_box(&packet)));
    });
    let parsed = Packet::parse(&packet).expect("it was printed by us");
    criterion.bench_function("print an RTP packet", |bencher| {
        bencher.iter(|| black_box(&parsed).to_bytes());
    });
    let silence = packets(Codec::Pcmu, &vec![media::SILENCE; 300]);
    criterion.bench_function("insert ten packets into the jitter buffer", |bencher| {
        bencher.iter_batched_ref(
            || {
                let mut session = session(Codec::Pcmu, 2);
                let start = Instant::now();
                // A full window of arrivals, and 200 ms that wait.
                for (number, packet) in silence[..290].iter().enumerate() {
                    let now = start + FRAME * number as u32;
                    session.handle(now, Input::Packet(packet.clone()));
                    if number < 280 {
                        session.playout(now);
                    }
                }
                (session, start + FRAME * 290)
            },
            |(session, now)| {
                for packet in &silence[290..] {
                    session.handle(*now, Input::Packet(packet.clone()));
                }
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, sending, receiving, packets_alone);
criterion_main!(benches);
