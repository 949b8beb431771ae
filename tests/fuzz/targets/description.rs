//! Fuzz target: a session description is read.
#![no_main]

use damage::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = Reader::Description.take(input);
});
