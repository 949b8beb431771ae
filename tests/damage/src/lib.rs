//! Damaged input for everything that reads what strangers send, and what must hold of it.
//!
//! [`Reader`] names what is read: messages, streams of messages, session descriptions, digest headers and bodies of
//! several parts. [`Reader::take`] reads one input and panics where a promise is broken: what is accepted prints to
//! something that means the same, what is refused is answered by something that can be read.
//!
//! The fuzz targets in `tests/fuzz` call the same function with inputs that a fuzzer makes up; the tests here call it
//! with a fixed budget of damaged seeds ([`Damage`]) and look at the heap meanwhile ([`heap`]).

mod descriptions;
mod digests;
pub mod heap;
mod messages;
mod multiparts;
mod mutation;
mod reader;
mod streams;

pub use mutation::Damage;
pub use reader::{Outcome, Reader};
