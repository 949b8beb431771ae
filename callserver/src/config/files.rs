//! How large files may be, and how long they are kept.

use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;
use crate::files::{BucketPlace, FileLimits};

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
    /// The bucket that keeps contents instead of the data folder, as `s3://BUCKET/FOLDER`. The keys come from the environment.
    pub s3: Option<String>,
    /// The URL of a store that speaks S3 and is not Amazon's.
    pub s3_endpoint: Option<String>,
    /// The region of the bucket.
    pub s3_region: Option<String>,
}

impl Default for FilesSection {
    fn default() -> Self {
        Self {
            max_megabytes: 2_200,
            per_account_megabytes: 10_000,
            unfinished_hours: 48,
            keep_days: 0,
            s3: None,
            s3_endpoint: None,
            s3_region: None,
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

    /// The bucket for contents, if there is one. `is_plain_allowed`: also unencrypted beyond this machine.
    ///
    /// # Errors
    /// If it is not named as buckets are, or files would travel unencrypted against the operator's wish.
    pub fn bucket(&self, is_plain_allowed: bool) -> Result<Option<BucketPlace>, ConfigError> {
        let Some(text) = &self.s3 else {
            return Ok(None);
        };
        let named = text.strip_prefix("s3://").unwrap_or_default();
        let (bucket, folder) = named.split_once('/').unwrap_or((named, ""));
        if bucket.is_empty() {
            return Err(ConfigError::Bucket { text: text.clone() });
        }
        if let Some(endpoint) = &self.s3_endpoint {
            let is_sealed = endpoint.starts_with("https://");
            let host = endpoint.strip_prefix("http://").unwrap_or_default();
            let is_here = ["127.0.0.1", "localhost", "[::1]"]
                .iter()
                .any(|here| host.strip_prefix(here).is_some_and(is_end_of_host));
            if !is_sealed && (host.is_empty() || !(is_here || is_plain_allowed)) {
                let endpoint = endpoint.clone();
                return Err(ConfigError::BucketEndpoint { endpoint });
            }
        }
        Ok(Some(BucketPlace {
            bucket: bucket.to_owned(),
            folder: folder.trim_matches('/').to_owned(),
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
        }))
    }
}

fn is_end_of_host(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([':', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(s3: &str, endpoint: Option<&str>) -> FilesSection {
        FilesSection {
            s3: Some(s3.to_owned()),
            s3_endpoint: endpoint.map(str::to_owned),
            ..FilesSection::default()
        }
    }

    #[test]
    fn a_bucket_is_named_by_a_url() {
        let read = |text| section(text, None).bucket(false).unwrap().unwrap();
        let place = read("s3://phones/files/ours/");
        assert_eq!((&*place.bucket, &*place.folder), ("phones", "files/ours"));
        assert_eq!(read("s3://phones").folder, "");
        for wrong in ["phones", "s3://", "s3:///files", "https://phones"] {
            let refused = section(wrong, None).bucket(false);
            assert!(
                matches!(refused, Err(ConfigError::Bucket { .. })),
                "{wrong}"
            );
        }
        assert_eq!(FilesSection::default().bucket(false).unwrap(), None);
    }

    #[test]
    fn files_travel_unencrypted_on_this_machine_alone_unless_that_is_wished() {
        for (endpoint, is_allowed, is_taken) in [
            ("https://store.example", false, true),
            ("http://127.0.0.1:9000", false, true),
            ("http://localhost", false, true),
            ("http://127.0.0.1.example", false, false),
            ("http://store.example", false, false),
            ("http://store.example", true, true),
            ("store.example", true, false),
            ("http://", true, false),
        ] {
            let read = section("s3://phones", Some(endpoint)).bucket(is_allowed);
            assert_eq!(read.is_ok(), is_taken, "{endpoint}");
        }
    }
}
