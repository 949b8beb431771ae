//! How long it takes to read and print one INVITE of 661 bytes.
//!
//! Bars: 1.0 µs to parse, 1.8 µs to parse and print. Parsing leaves header values as text, so the third figure adds
//! what a server that handles the call reads on top of it.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sip::{CSeq, Contact, FromHeader, Headers, MaxForwards, Message, ToHeader, TypedHeader, Via};

const INVITE: &str = "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bK74bf9;rport\r\n\
    Max-Forwards: 70\r\n\
    From: \"Alice\" <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n\
    To: Bob <sip:bob@biloxi.example.com>\r\n\
    Call-ID: 3848276298220188511@atlanta.example.com\r\n\
    CSeq: 1 INVITE\r\n\
    Contact: <sip:alice@192.0.2.101:5060;transport=udp>\r\n\
    User-Agent: Desk phone 1.0 build 201203\r\n\
    Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER\r\n\
    Supported: replaces, timer\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 148\r\n\
    \r\n\
    v=0\r\n\
    o=alice 2890844526 2890844526 IN IP4 192.0.2.101\r\n\
    s=-\r\n\
    c=IN IP4 192.0.2.101\r\n\
    t=0 0\r\n\
    m=audio 49172 RTP/AVP 0\r\n\
    a=rtpmap:0 PCMU/8000\r\n\
    a=ptime:20\r\n";

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
