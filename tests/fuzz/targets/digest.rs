//! Fuzz target: the headers of digest authentication are read.
#![no_main]

use damage::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = Reader::Digest.take(input);
});
