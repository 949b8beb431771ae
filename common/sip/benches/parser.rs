//! How long it takes to read and print one INVITE of 661 bytes.
//!
//! Bars: 1.0 µs to parse, 1.8 µs to parse and print. Parsing leaves header values as text, so the third figure adds
//! what a server that handles the call reads on top of it.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sip::{CSeq, Contact, FromHeader, Headers, MaxForwards, Message, ToHeader, TypedHeader, Via};

const INVITE: &str = include_str!("../../../tests/bench/invite.sip");

/// Reads one header as a server does; the bench must not measure a failure.
fn read<T: TypedHeader>(headers: &Headers) -> T {
    match headers.required() {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

fn parse(datagram: &Bytes) -> Message {
    match Message::parse(datagram.clone()) {
        Ok(message) => message,
        Err(error) => panic!("{error}"),
    }
}

fn parser(criterion: &mut Criterion) {
    assert_eq!(INVITE.len(), 661);
    let datagram = Bytes::from_static(INVITE.as_bytes());
    assert_eq!(parse(&datagram).to_bytes(), INVITE);
    let mut group = criterion.benchmark_group("INVITE of 661 bytes");
    group.throughput(Throughput::Bytes(INVITE.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter(|| parse(black_box(&datagram)));
    });
    group.bench_function("parse and print", |bencher| {
        bencher.iter(|| parse(black_box(&datagram)).to_bytes());
    });
    group.bench_function(
        "parse and read Via, From, To, CSeq, Contact, Max-Forwards",
        |bencher| {
            bencher.iter(|| {
                let message = parse(black_box(&datagram));
                let headers = message.headers();
                black_box((
                    read::<Via>(headers),
                    read::<FromHeader>(headers),
                    read::<ToHeader>(headers),
                    read::<CSeq>(headers),
                    read::<Contact>(headers),
                    read::<MaxForwards>(headers),
                ));
                message
            });
        },
    );
    group.finish();
}

criterion_group!(benches, parser);
criterion_main!(benches);
