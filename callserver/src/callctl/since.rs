//! When something began, as a person writes it.

use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, Time, UtcOffset};

/// A time in the past.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since {
    /// So long ago: `90s`, `30min`, `12h`, `7d`, `2w`.
    Ago(Duration),
    /// From the first minute of a day: `2026-03-01`.
    Day(Date),
    /// From a moment: `2026-03-01T12:00:00Z`.
    Moment(OffsetDateTime),
}

/// It is no time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "write how long ago (30min, 12h, 7d), a day (2026-03-01) or a moment (2026-03-01T12:00:00Z)"
)]
pub struct SinceError;

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, SinceError> {
        if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
            return Ok(Self::Day(day));
        }
        // People write a blank where RFC 3339 has a T, as our own tables do.
        let moment = text.replacen(' ', "T", 1);
        if let Ok(moment) = OffsetDateTime::parse(&moment, &Rfc3339) {
            return Ok(Self::Moment(moment));
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        let count: u32 = count.parse().map_err(|_| SinceError)?;
        let seconds = match unit.trim() {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return Err(SinceError),
        };
        Ok(Self::Ago(Duration::seconds(i64::from(count) * seconds)))
    }
}

impl Since {
    /// Unix milliseconds; days begin when this machine's clocks say so.
    pub(super) fn unix_millis(self, now: OffsetDateTime, offset: UtcOffset) -> i64 {
        let seconds = match self {
            Self::Ago(long) => now.unix_timestamp() - long.whole_seconds(),
            Self::Day(day) => day
                .with_time(Time::MIDNIGHT)
                .assume_offset(offset)
                .unix_timestamp(),
            Self::Moment(moment) => moment.unix_timestamp(),
        };
        seconds * 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_age_a_day_or_a_moment() {
        let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        let offset = UtcOffset::from_hms(1, 0, 0).unwrap();
        let millis = |text: &str| {
            text.parse::<Since>()
                .map(|since| since.unix_millis(now, offset))
        };
        assert_eq!(millis("90s"), Ok(1_699_999_910_000));
        assert_eq!(millis("2 h"), Ok(1_699_992_800_000));
        assert_eq!(millis("1w"), Ok(1_699_395_200_000));
        assert_eq!(millis("2023-11-14"), Ok(1_699_916_400_000));
        assert_eq!(millis("2023-11-14T22:13:20Z"), Ok(1_700_000_000_000));
        assert_eq!(millis("2023-11-14 23:13:20+01:00"), Ok(1_700_000_000_000));
        for wrong in [
            "",
            "h",
            "12",
            "2y",
            "yesterday",
            "-5d",
            "9999999999999d",
            "2023-02-30",
        ] {
            assert_eq!(millis(wrong), Err(SinceError), "{wrong:?}");
        }
    }
}
