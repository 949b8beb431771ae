//! Fuzz target: a datagram is read as a SIP message.
#![no_main]

use damage::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = Reader::Message.take(input);
});
