//! How long and how often one waits for a callee.

use std::time::Duration;

/// Limits of call completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompletionLimits {
    /// How long a wish waits. Zero: nobody is called back.
    pub life: Duration,
    /// How many wishes one account may have at once.
    pub of_account: usize,
    /// How many there may be in all.
    pub most: usize,
    /// How long after a call in vain one may wish to be called back without saying by whom.
    pub remembered: Duration,
    /// How long a callee is left alone when it has ended its calls: it may want to call somebody itself.
    pub pause: Duration,
    /// How long the phones of the one who waits ring.
    pub ring: Duration,
    /// How soon it is tried again when the one who waits cannot be called back at present.
    pub again: Duration,
}

impl Default for CompletionLimits {
    fn default() -> Self {
        // ETSI EN 300 357: a wish lives for 45 minutes (T7 is 15 to 45), an account has up to five, the phones ring for 20 s (T9).
        CompletionLimits {
            life: Duration::from_secs(45 * 60),
            of_account: 5,
            most: 10_000,
            remembered: Duration::from_secs(10 * 60),
            pause: Duration::from_secs(3),
            ring: Duration::from_secs(20),
            again: Duration::from_secs(15),
        }
    }
}
