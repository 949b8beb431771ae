//! What a password hash costs, and how much of it this machine does in a tenth of a second.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;
use rustix::time::{ClockId, clock_gettime};

use super::HashError;
use super::hasher::Hasher;

/// The costs of an argon2id hash with one lane: memory in KiB and passes over it. Printed and read as in a hash:
/// `m=19456,t=2,p=1`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Costs {
    memory_kib: u32,
    passes: u32,
}

/// Why a text does not name costs.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} does not name the costs of argon2id; they look like m=19456,t=2,p=1.")]
pub struct CostsRefused {
    /// What was written.
    pub text: String,
}

impl Default for Costs {
    /// 19 MiB and two passes, the first recommendation of the OWASP password storage guide, and never less.
    fn default() -> Self {
        Self {
            memory_kib: LEAST_MEMORY_KIB,
            passes: LEAST_PASSES,
        }
    }
}

const LEAST_MEMORY_KIB: u32 = 19 * 1024;
const LEAST_PASSES: u32 = 2;
/// RFC 9106 section 4 gives 64 MiB to machines that have not much to spare.
const USUAL_MEMORY_KIB: u32 = 64 * 1024;
/// Beyond this a stored text is damaged rather than strong: it would hold up every login.
const MOST_MEMORY_KIB: u32 = 4 * 1024 * 1024;
const MOST_PASSES: u32 = 1000;
/// What a person who logs in does not notice, and who guesses does.
const TARGET: Duration = Duration::from_millis(100);
/// All hashes that are made at a time take at most this part of the memory.
const SHARE_OF_MEMORY: u64 = 16;

impl Costs {
    /// The costs that a hash was made at, if it is ours.
    pub(super) fn of(hash: &PasswordHash) -> Option<Self> {
        let params = Params::try_from(hash).ok()?;
        (params.p_cost() == 1).then(|| Self {
            memory_kib: params.m_cost(),
            passes: params.t_cost(),
        })
    }

    pub(super) fn params(self) -> Result<Params, HashError> {
        let params = Params::new(self.memory_kib, self.passes, 1, None);
        params.map_err(|error| HashError::Failed(error.to_string()))
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p=1", self.memory_kib, self.passes)
    }
}

impl FromStr for Costs {
    type Err = CostsRefused;

    fn from_str(text: &str) -> Result<Self, CostsRefused> {
        let read = || {
            let mut fields = text.split(',');
            let mut field = |name: &str| fields.next()?.strip_prefix(name)?.parse().ok();
            let (memory_kib, passes, lanes): (u32, u32, u32) =
                (field("m=")?, field("t=")?, field("p=")?);
            let is_sane = (LEAST_MEMORY_KIB..=MOST_MEMORY_KIB).contains(&memory_kib)
                && (LEAST_PASSES..=MOST_PASSES).contains(&passes)
                && lanes == 1;
            (is_sane && fields.next().is_none()).then_some(Self { memory_kib, passes })
        };
        read().ok_or_else(|| CostsRefused { text: text.into() })
    }
}

/// The costs at which one hash takes about a tenth of a second of this processor, where `places` are made at a time:
/// memory first, since that is dear for whoever guesses on many cores, then passes.
pub(super) fn tune(places: usize) -> Result<Costs, HashError> {
    let most = most_memory_kib(places);
    // The first hash pays for memory that the system has to find; the second one is measured.
    measure(Costs::default())?;
    let costs = scale(Costs::default(), measure(Costs::default())?, most);
    // Larger memory falls out of the caches and costs more than in proportion: once more from there.
    Ok(scale(costs, measure(costs)?, most))
}

/// The costs that take about [`TARGET`] where `costs` took `took`.
fn scale(costs: Costs, took: Duration, most_memory_kib: u32) -> Costs {
    let work = u64::from(costs.memory_kib) * u64::from(costs.passes);
    let took = took.as_micros().clamp(1, u128::from(u32::MAX));
    let affordable = u128::from(work) * TARGET.as_micros() / took;
    let affordable = u64::try_from(affordable).unwrap_or(u64::MAX);
    let clamped = |value: u64, low: u32, high: u32| {
        u32::try_from(value)
            .unwrap_or(u32::MAX)
            .clamp(low, high.max(low))
    };
    let memory_kib = clamped(
        affordable / u64::from(LEAST_PASSES) / 1024 * 1024,
        LEAST_MEMORY_KIB,
        most_memory_kib,
    );
    let passes = clamped(
        affordable / u64::from(memory_kib),
        LEAST_PASSES,
        MOST_PASSES,
    );
    Costs { memory_kib, passes }
}

/// Processor time, not time on the wall: a busy machine must not make hashes weaker for ever.
fn measure(costs: Costs) -> Result<Duration, HashError> {
    let spent = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
    let (params, before) = (costs.params()?, spent());
    let hashed = Hasher.hash(b"how long does this take?", params);
    hashed.map_err(|error| HashError::Failed(error.to_string()))?;
    Ok(spent().saturating_sub(before))
}

fn most_memory_kib(places: usize) -> u32 {
    let memory = rustix::system::sysinfo();
    let total_kib = memory.totalram.saturating_mul(u64::from(memory.mem_unit)) / 1024;
    let share = total_kib / SHARE_OF_MEMORY / u64::try_from(places).unwrap_or(1).max(1);
    u32::try_from(share)
        .unwrap_or(u32::MAX)
        .clamp(LEAST_MEMORY_KIB, USUAL_MEMORY_KIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(text: &str) -> Costs {
        text.parse().expect(text)
    }

    #[test]
    fn costs_read_as_they_are_printed_and_nonsense_is_refused() {
        for text in ["m=19456,t=2,p=1", "m=65536,t=5,p=1"] {
            assert_eq!(costs(text).to_string(), text);
        }
        for text in [
            "",
            "m=8,t=1,p=1",
            "m=19456,t=2",
            "m=19456,t=2,p=2",
            "m=19456,t=2,p=1,x=3",
            "m=4294967295,t=2,p=1",
            "m=65536,t=0,p=1",
        ] {
            let refused = text.parse::<Costs>().expect_err(text);
            assert!(refused.to_string().contains(text));
        }
    }

    #[test]
    fn a_fast_machine_takes_more_memory_first_and_then_more_passes() {
        let start = Costs::default();
        let most = USUAL_MEMORY_KIB;
        for (took_millis, expected) in [
            (500, "m=19456,t=2,p=1"),
            (100, "m=19456,t=2,p=1"),
            (50, "m=38912,t=2,p=1"),
            (20, "m=65536,t=2,p=1"),
            (10, "m=65536,t=5,p=1"),
        ] {
            let found = scale(start, Duration::from_millis(took_millis), most);
            assert_eq!(found, costs(expected), "{took_millis} ms");
        }
        assert_eq!(scale(start, Duration::ZERO, most).passes, MOST_PASSES);
        let little = scale(start, Duration::from_millis(10), LEAST_MEMORY_KIB);
        assert_eq!(little, costs("m=19456,t=20,p=1"));
    }

    #[test]
    fn this_machine_finds_costs_that_can_be_stored_and_used() {
        let found = tune(1).expect("it can be measured");
        assert_eq!(costs(&found.to_string()), found);
        found.params().expect("argon2 takes them");
    }
}
