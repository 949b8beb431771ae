//! Fuzz target: the bytes of a connection are cut into SIP messages.
#![no_main]

use damage::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = Reader::Stream.take(input);
});
