//! Date: when a message was first sent (RFC 3261 20.17, RFC 1123).

use std::fmt::Write;

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// A second of the Gregorian calendar, in Greenwich: `Sat, 13 Nov 2010 23:29:00 GMT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// 1 to 9999.
    year: u16,
    /// 1 to 12.
    month: u8,
    /// 1 to 31.
    day: u8,
    /// 0 to 23.
    hour: u8,
    /// 0 to 59.
    minute: u8,
    /// 0 to 60, for there are leap seconds.
    second: u8,
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const SECONDS_PER_DAY: u64 = 86_400;

/// 0000-03-01 to 1970-01-01: days are counted from a March, so that a leap day ends a year.
const DAYS_TO_1970: u64 = 719_468;

impl Date {
    /// The date so many seconds after the beginning of 1970; `None` beyond the year 9999.
    pub fn from_unix_seconds(seconds: u64) -> Option<Date> {
        let days = seconds / SECONDS_PER_DAY + DAYS_TO_1970;
        // 400 years have 146,097 days, whichever they are.
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // From March on, five months have 153 days again and again.
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let second = seconds % SECONDS_PER_DAY;
        (year <= 9999).then_some(Date {
            year: year as u16,
            month: month as u8,
            day: day as u8,
            hour: (second / 3600) as u8,
            minute: (second / 60 % 60) as u8,
            second: (second % 60) as u8,
        })
    }

    /// Seconds since the beginning of 1970; 0 for what was before.
    pub fn to_unix_seconds(self) -> u64 {
        let time = u64::from(self.hour) * 3600 + u64::from(self.minute) * 60;
        (self.days() * SECONDS_PER_DAY + time + u64::from(self.second))
            .saturating_sub(DAYS_TO_1970 * SECONDS_PER_DAY)
    }

    /// Days since 0000-03-01.
    fn days(self) -> u64 {
        let year = u64::from(self.year) - u64::from(self.month <= 2);
        let month_from_march = (u64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + u64::from(self.day) - 1;
        year * 365 + year / 4 - year / 100 + year / 400 + day_of_year
    }

    /// What the calendar says; the sender's own word for it is not kept.
    fn weekday(self) -> &'static str {
        // 0000-03-01 was a Wednesday.
        WEEKDAYS[((self.days() + 2) % 7) as usize]
    }

    fn read(text: &str) -> Option<Date> {
        let (weekday, rest) = text.split_once(", ")?;
        let mut words = rest.split(' ');
        let (day, month, year) = (words.next()?, words.next()?, words.next()?);
        let (time, zone) = (words.next()?, words.next()?);
        let place = |names: &[&str], word: &str| names.iter().position(|name| *name == word);
        place(&WEEKDAYS, weekday)?;
        let month = place(&MONTHS, month)?;
        let number = |word: &str, digits: usize| -> Option<u16> {
            (word.len() == digits).then(|| syntax::parse_number(word))?
        };
        let mut clock = time.split(':').map(|word| number(word, 2));
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        let (day, year) = (number(day, 2)?, number(year, 4)?);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let month_days = match month {
            1 => 28 + u16::from(is_leap),
            3 | 5 | 8 | 10 => 30,
            _ => 31,
        };
        let is_date = year >= 1 && (1..=month_days).contains(&day);
        let is_time = hour < 24 && minute < 60 && second <= 60 && clock.next().is_none();
        // RFC 3261 20.17: only GMT.
        let is_whole = zone == "GMT" && words.next().is_none();
        (is_date && is_time && is_whole).then_some(Date {
            year,
            month: month as u8 + 1,
            day: day as u8,
            hour: hour as u8,
            minute: minute as u8,
            second: second as u8,
        })
    }
}

impl TypedHeader for Date {
    const NAME: HeaderName = HeaderName::Date;

    fn parse(value: &Text) -> Result<Date, HeaderError> {
        Date::read(value).ok_or_else(|| Date::malformed("is not a date in the form of RFC 1123"))
    }

    fn print(&self, out: &mut String) {
        let month = MONTHS[usize::from(self.month - 1)];
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "{}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
            self.weekday(),
            self.day,
            self.year,
            self.hour,
            self.minute,
            self.second
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sat, 13 Nov 2010 23:29:00 GMT", 1_289_690_940),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            let date = comes_back::<Date>(text);
            assert_eq!(date.to_unix_seconds(), seconds, "{text}");
            assert_eq!(Date::from_unix_seconds(seconds), Some(date), "{text}");
        }
        assert_eq!(Date::from_unix_seconds(253_402_300_800), None);
        assert_eq!(Date::from_unix_seconds(u64::MAX), None);
        assert_eq!(
            comes_back::<Date>("Mon, 01 Jan 0001 00:00:00 GMT").to_unix_seconds(),
            0
        );
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        for day in 0..146_097 * 2 {
            let date = Date::from_unix_seconds(day * 86_400 + 1).unwrap();
            assert_eq!(Date::parse(&date.to_text()), Ok(date));
            assert_eq!(date.to_unix_seconds(), day * 86_400 + 1);
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        are_refused::<Date>(&[
            "",
            "Fri, 01 Jan 2010 16:00:00 EST",
            "Fri, 01 Jan 2010 16:00 GMT",
            "Fri, 32 Jan 2010 16:00:00 GMT",
            "Mon, 29 Feb 2010 16:00:00 GMT",
            "Fri, 1 Jan 2010 16:00:00 GMT",
            "Fri, 01 Jan 2010 24:00:00 GMT",
            "Fri, 01 Jan 2010 16:00:00 GMT x",
            "01 Jan 2010 16:00:00 GMT",
        ]);
    }
}
