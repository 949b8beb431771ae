//! How large files may be, and how long they are kept.

use std::time::Duration;

use serde::Deserialize;

use crate::files::FileLimits;

/// `[files]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesSection {
    /// The largest file, in megabytes of a million bytes.
    pub max_megabytes: u64,
    /// What one account may keep in all, in megabytes.
    pub per_account_megabytes: u64,
    /// How long an upload that nothing comes for is kept, in hours.
    pub unfinished_hours: u32,
    /// How long a file is kept, in days; 0: until its owner removes it.
    pub keep_days: u32,
}

impl Default for FilesSection {
    fn default() -> Self {
        Self {
            max_megabytes: 2_200,
            per_account_megabytes: 10_000,
            unfinished_hours: 48,
            keep_days: 0,
        }
    }
}

const MEGABYTE: u64 = 1_000_000;
const HOUR: Duration = Duration::from_secs(60 * 60);

impl FilesSection {
    /// As the store takes them.
    pub fn limits(&self) -> FileLimits {
        FileLimits {
            largest: self.max_megabytes.saturating_mul(MEGABYTE),
            quota: self.per_account_megabytes.saturating_mul(MEGABYTE),
            unfinished_for: HOUR * self.unfinished_hours,
            kept_for: (self.keep_days > 0).then(|| HOUR * 24 * self.keep_days),
        }
    }
}
