//! Fuzz target: a body of several parts is taken apart.
#![no_main]

use damage::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = Reader::Multipart.take(input);
});
