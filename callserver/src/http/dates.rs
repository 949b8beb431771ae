//! Times of the database as they are written in JSON.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Unix milliseconds, from RFC 3339.
pub(super) fn read_rfc3339(text: &str) -> Option<i64> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

/// RFC 3339, from Unix milliseconds.
pub(super) fn rfc3339(unix_millis: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_millis) * 1_000_000);
    at.ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}
