//! What time it is for people: the `Date` of answers (RFC 3261 20.17).

use std::time::Instant;

/// One moment on both clocks. Phones without a clock of their own set it by the registrar's `Date`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WallClock {
    /// The moment, as the switch counts time.
    pub at: Instant,
    /// The same moment in seconds since the beginning of 1970, UTC.
    pub unix_seconds: u64,
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl WallClock {
    /// The time at `now`, in seconds since the beginning of 1970.
    pub(crate) fn unix_seconds(self, now: Instant) -> u64 {
        self.unix_seconds + now.saturating_duration_since(self.at).as_secs()
    }

    /// `Sat, 13 Nov 2010 23:29:00 GMT`
    pub(crate) fn date(self, now: Instant) -> String {
        let seconds = self.unix_seconds(now);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let week_day = DAYS[(days % 7) as usize];
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{week_day}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
    }
}

/// Year, month (1 to 12) and day of a moment in seconds since the beginning of 1970, and the second of that day.
pub(crate) fn civil_date(unix_seconds: u64) -> ((u64, u64, u64), u64) {
    let (year, month, day) = civil(unix_seconds / 86_400);
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == month);
    let month = month.map_or(1, |(number, _)| number);
    ((year, month, day), unix_seconds % 86_400)
}

/// Year, month and day of a number of days since the beginning of 1970.
fn civil(mut days: u64) -> (u64, &'static str, u64) {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    // Four hundred years always have the same number of days.
    year += 400 * (days / 146_097);
    days %= 146_097;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, length) in MONTHS.into_iter().zip(lengths) {
        if days < length {
            return (year, month, days + 1);
        }
        days -= length;
    }
    // The twelve months are as long as the year.
    (year, MONTHS[11], days + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_written_as_the_rfc_wants_them() {
        let at = Instant::now();
        let date = |unix_seconds| WallClock { at, unix_seconds }.date(at);
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(date(1_289_690_940), "Sat, 13 Nov 2010 23:29:00 GMT");
        assert_eq!(date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(date(4_107_542_399), "Sun, 28 Feb 2100 23:59:59 GMT");
        assert_eq!(date(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT");
        let clock = WallClock {
            at,
            unix_seconds: 1_289_690_940,
        };
        let later = clock.date(at + Duration::from_secs(3600));
        assert_eq!(later, "Sun, 14 Nov 2010 00:29:00 GMT");
    }
}
