//! Times of the database as people and programs read them: RFC 3339, from and to Unix milliseconds.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Unix milliseconds as RFC 3339, as precise as they are; in digits alone beyond the year 9999.
pub(crate) fn rfc_3339(unix_millis: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_millis) * 1_000_000);
    at.ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| unix_millis.to_string())
}

/// Unix milliseconds as RFC 3339, in whole seconds; in digits alone beyond the year 9999.
pub(crate) fn rfc_3339_seconds(unix_millis: i64) -> String {
    let seconds = unix_millis.div_euclid(1_000);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| unix_millis.to_string())
}

/// Unix milliseconds of a time as RFC 3339 writes it.
pub(crate) fn read_rfc_3339(text: &str) -> Option<i64> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_and_read_again() {
        let at = 1_700_000_000_123;
        assert_eq!(rfc_3339(at), "2023-11-14T22:13:20.123Z");
        assert_eq!(read_rfc_3339(&rfc_3339(at)), Some(at));
        assert_eq!(rfc_3339_seconds(at), "2023-11-14T22:13:20Z");
        assert_eq!(rfc_3339_seconds(-1), "1969-12-31T23:59:59Z");
        assert_eq!(
            read_rfc_3339("2023-11-14T23:13:20+01:00"),
            Some(1_700_000_000_000)
        );
        assert_eq!(read_rfc_3339("yesterday"), None);
    }

    #[test]
    fn a_time_that_nobody_lives_to_see_is_written_in_digits() {
        assert_eq!(rfc_3339(i64::MAX), i64::MAX.to_string());
        assert_eq!(rfc_3339_seconds(i64::MAX), i64::MAX.to_string());
    }
}
