//! The order of SRV records (RFC 2782): priorities one after the other, weights by lot.

use super::Srv;
use crate::endpoint::Random;

/// Puts them into the order in which they are to be tried.
pub(super) fn in_order(mut records: Vec<Srv>, seed: [u8; 32]) -> Vec<Srv> {
    let mut random = Random::new(seed);
    // Those of weight 0 stand first, so that they have a small chance too.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let is_same = |record: &&Srv| record.priority == priority;
        let total: u32 = records
            .iter()
            .take_while(is_same)
            .map(|record| u32::from(record.weight))
            .sum();
        let lot = random.below(total + 1);
        let mut sum = 0;
        let drawn = records.iter().take_while(is_same).position(|record| {
            sum += u32::from(record.weight);
            sum >= lot
        });
        ordered.push(records.remove(drawn.unwrap_or(0)));
    }
    ordered
}
