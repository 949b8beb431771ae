//! Times of the database as they are written in JSON.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// RFC 3339, from Unix milliseconds.
pub(super) fn rfc3339(unix_millis: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_millis) * 1_000_000);
    at.ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}
