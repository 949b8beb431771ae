//! What the softphone knows and decides: registration and calls as data.

mod reason;

pub use reason::EndReason;

/// The number of one call within one softphone, never used twice while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallNumber(pub u64);

impl std::fmt::Display for CallNumber {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}
