//! Phones and an exchange on a network in virtual time.

#![expect(
    clippy::unwrap_used,
    reason = "in a test what does not hold should fail loudly"
)]

mod calling;
mod encrypting;
mod hearing_words;
mod holding;
mod house;
mod losing_the_server;
