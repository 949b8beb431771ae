//! How bad a network is.

use std::time::Duration;

/// What may happen to each packet. Chances are from 0.0 (never) to 1.0 (always).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Conditions {
    /// The chance that a packet never arrives.
    pub loss: f64,
    /// The chance that a packet arrives twice, the second copy with a delay of its own.
    pub duplicate: f64,
    /// The shortest way through the network.
    pub delay_least: Duration,
    /// The longest ordinary way; each packet's delay is drawn evenly between the two. A spread wider
    /// than the pause between two packets already changes their order.
    pub delay_most: Duration,
    /// The chance that a packet is held back by `reorder_delay` more, so that later ones overtake it.
    pub reorder: f64,
    /// How long such a packet is held back.
    pub reorder_delay: Duration,
}

impl Conditions {
    /// Ten milliseconds each way, nothing lost, doubled or overtaken.
    pub fn perfect() -> Self {
        Self {
            loss: 0.0,
            duplicate: 0.0,
            delay_least: Duration::from_millis(10),
            delay_most: Duration::from_millis(10),
            reorder: 0.0,
            reorder_delay: Duration::ZERO,
        }
    }

    /// A mobile network on a bad day: the given share of loss, a delay of 20 to 120 ms, one packet in
    /// twenty doubled and one in ten held back by up to a second.
    pub fn bad(loss: f64) -> Self {
        Self {
            loss,
            duplicate: 0.05,
            delay_least: Duration::from_millis(20),
            delay_most: Duration::from_millis(120),
            reorder: 0.1,
            reorder_delay: Duration::from_millis(900),
        }
    }
}

impl Default for Conditions {
    fn default() -> Self {
        Self::perfect()
    }
}
