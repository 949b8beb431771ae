//! Times as the softphone writes them: on stdout, and on what people say.

use std::time::SystemTime;

use time::OffsetDateTime;

/// The present moment, as [`timestamp`] writes it.
pub(crate) fn now() -> String {
    timestamp(SystemTime::now())
}

/// RFC 3339 in UTC with microseconds.
pub(crate) fn timestamp(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.microsecond()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_is_written_with_microseconds() {
        let at = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 12_345_678);
        assert_eq!(timestamp(at), "2023-11-14T22:13:20.012345Z");
    }
}
