//! Keeping a device registered (RFC 3261 section 10.2, RFC 5626 section 4, RFC 3608).
//!
//! [`Registration`] builds each REGISTER and decides what its answer means; the endpoint sends and
//! waits. The registration is refreshed well before it ends, and a known challenge is answered in
//! advance, so that a refresh usually takes one round trip.

mod pace;
mod state;

/// The feature tag (RFC 3840 section 9) of a phone that reads conversations by itself: its Contact has it without a value.
/// Such a phone is not to be sent what is said there with MESSAGE, or it would hear everything twice. It is our own, so
/// its name is not one that others may use for something else.
pub const READS_ROOMS: &str = "+carillon.rooms";

pub(crate) use pace::{refresh_after, replace_after, retry_after};
pub(crate) use state::{Registration, Verdict, Wanted};
