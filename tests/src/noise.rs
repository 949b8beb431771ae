//! Bytes that nobody asked for, the same ones for the same seed.

/// A small generator of random bytes (xorshift64*): quick, repeatable, and not for secrets.
#[derive(Debug, Clone)]
pub struct Noise(u64);

impl Noise {
    /// The same seed gives the same bytes.
    #[must_use]
    pub fn new(seed: u64) -> Noise {
        // Zero would stay zero.
        Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D);
        ((mixed >> 33) as usize) % end.max(1)
    }

    /// Up to `most` random bytes; sometimes none at all.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// The same bytes with some of them changed, left out or repeated.
    pub fn damaged(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        for _ in 0..=self.below(8) {
            if damaged.is_empty() {
                break;
            }
            let at = self.below(damaged.len());
            match self.below(4) {
                0 => damaged[at] = self.below(256) as u8,
                1 => drop(damaged.remove(at)),
                2 => damaged.insert(at, damaged[at]),
                _ => damaged.truncate(at),
            }
        }
        damaged
    }
}
