//! Loudness in decibels relative to full scale.

/// What silence reads: one step of 16 bit is -90.3 dBFS, and nothing is quieter.
pub const SILENT_DBFS: f32 = -96.0;

/// Loudness of many samples, taken together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Level {
    squares: f64,
    count: u64,
}

impl Level {
    /// Takes samples in.
    pub fn add(&mut self, samples: &[i16]) {
        self.squares += samples
            .iter()
            .map(|&sample| f64::from(sample) * f64::from(sample))
            .sum::<f64>();
        self.count += samples.len() as u64;
    }

    /// Samples taken in.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Root mean square in dBFS: a square wave of full scale is 0, a sine -3, silence -96.
    pub fn dbfs(&self) -> f32 {
        if self.count == 0 || self.squares == 0.0 {
            return SILENT_DBFS;
        }
        let mean = self.squares / self.count as f64;
        let decibels = 10.0 * (mean / (32_768.0 * 32_768.0)).log10();
        (decibels as f32).max(SILENT_DBFS)
    }
}

/// Root mean square of samples in dBFS, see [`Level::dbfs`].
pub fn dbfs(samples: &[i16]) -> f32 {
    let mut level = Level::default();
    level.add(samples);
    level.dbfs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_levels() {
        assert_eq!(dbfs(&[]), SILENT_DBFS);
        assert_eq!(dbfs(&[0; 960]), SILENT_DBFS);
        assert!(dbfs(&[-32_768; 960]).abs() < 0.001);
        assert!((dbfs(&[3_277; 960]) + 20.0).abs() < 0.01);
    }
}
