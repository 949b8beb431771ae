//! A fixed budget of damaged input: nothing panics, nothing is kept, and no input takes more memory than it is worth.
//!
//! One test in a program of its own, so that nobody else allocates meanwhile. `CARILLON_MUTATIONS` asks for another number
//! of messages, such as a million; the other readers get a quarter of it each.

use std::time::Instant;

use damage::{Damage, Outcome, Reader, heap};

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// Damaged messages; enough to reach every branch many times within some seconds of an unoptimised build.
const MESSAGES: usize = 100_000;

/// Bytes on the heap for each byte of input: one header of three bytes is 64 bytes in the list of headers, which doubles
/// when it grows, and the message is read twice and printed twice. In a session description a format of two bytes is a
/// string of its own, and there are three descriptions at once.
const fn worth_per_byte(reader: Reader) -> usize {
    match reader {
        Reader::Description => 160,
        _ => 64,
    }
}

/// What even the smallest input may take, for lists with room from the beginning.
const WORTH: usize = 64 * 1024;

/// What the test harness allocates meanwhile, to say that the test takes long. One byte for each input would be more.
const SLACK: usize = 8 * 1024;

#[test]
fn damaged_input_neither_panics_nor_fills_the_memory() {
    let messages = std::env::var("CARILLON_MUTATIONS")
        .ok()
        .map_or(MESSAGES, |number| {
            number.parse().expect("a number of messages")
        });
    for reader in Reader::ALL {
        let budget = match reader {
            Reader::Message => messages,
            _ => messages / 4,
        };
        endure(reader, budget);
    }
}

fn endure(reader: Reader, budget: usize) {
    let mut damage = Damage::new(4475);
    let (mut accepted, mut refused, mut answered) = (0, 0, 0);
    // Whatever is made once and kept is made now.
    for _ in 0..100 {
        reader.take(&damage.next(reader));
    }
    let (start, mut hungriest) = (Instant::now(), (0, 0));
    let before = heap::now();
    for _ in 0..budget {
        let input = damage.next(reader);
        let (outcome, bytes) = heap::most_within(|| reader.take(&input));
        assert!(
            bytes <= WORTH + worth_per_byte(reader) * input.len(),
            "{reader:?}: {} bytes of input took {bytes} bytes: {}",
            input.len(),
            input[..input.len().min(2000)].escape_ascii()
        );
        if bytes > hungriest.0 {
            hungriest = (bytes, input.len());
        }
        match outcome {
            Outcome::Accepted => accepted += 1,
            Outcome::Refused => refused += 1,
            Outcome::Answered => answered += 1,
        }
    }
    let kept = heap::now().saturating_sub(before);
    assert!(kept <= SLACK, "{reader:?} has kept {kept} bytes");
    println!(
        "{reader:?}: {budget} inputs in {:.1} s, {accepted} accepted, {refused} refused, {answered} answered; \
         kept {kept} bytes, at most {} bytes on the heap (for an input of {})",
        start.elapsed().as_secs_f32(),
        hungriest.0,
        hungriest.1
    );
    // The seeds must be damaged neither too little nor too much to test anything.
    assert!(accepted > budget / 100, "{reader:?}: {accepted}");
    assert!(refused + answered > budget / 100, "{reader:?}: {refused}");
}
