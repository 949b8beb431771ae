//! When something was, in the words and the time zone of whoever looks at the window.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A moment, as the server writes it (RFC 3339), or the text of one that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    at: Option<Timestamp>,
    text: String,
}

impl Moment {
    pub(crate) fn parse(text: &str) -> Self {
        Self {
            at: text.parse().ok(),
            text: text.to_owned(),
        }
    }

    /// Seconds from this moment to a later one; 0 if either cannot be read.
    pub(crate) fn seconds_until(&self, later: &Moment) -> f64 {
        match (self.at, later.at) {
            (Some(from), Some(to)) => to.duration_since(from).as_secs_f64().max(0.0),
            _ => 0.0,
        }
    }
}

/// Which day it is today, and where.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    zone: TimeZone,
    today: Date,
}

impl Calendar {
    /// As this machine has it.
    pub(crate) fn here() -> Self {
        let now = Zoned::now();
        Self {
            today: now.date(),
            zone: now.time_zone().clone(),
        }
    }

    /// In UTC, on the day of a moment.
    #[cfg(test)]
    pub(crate) fn in_utc(now: &str) -> Self {
        let now: Timestamp = now.parse().expect("a moment");
        Self {
            zone: TimeZone::UTC,
            today: now.to_zoned(TimeZone::UTC).date(),
        }
    }

    /// `today 14:05`, `yesterday 14:05`, `Friday 14:05` within a week, else `20 November 2026, 14:05`.
    pub(crate) fn day_and_time(&self, moment: &Moment) -> String {
        let Some(at) = moment.at else {
            return moment.text.clone();
        };
        let at = at.to_zoned(self.zone.clone());
        let time = at.strftime("%H:%M");
        match self.days_ago(at.date()) {
            0 => format!("today {time}"),
            1 => format!("yesterday {time}"),
            2..=6 => format!("{} {time}", at.strftime("%A")),
            _ => format!("{}, {time}", at.strftime("%-d %B %Y")),
        }
    }

    /// `14:05`.
    pub(crate) fn time(&self, moment: &Moment) -> String {
        match moment.at {
            Some(at) => at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string(),
            None => String::new(),
        }
    }

    /// `Today`, `Yesterday`, `Friday` within a week, else `20 November 2026`.
    pub(crate) fn day(&self, moment: &Moment) -> String {
        let Some(at) = moment.at else {
            return String::new();
        };
        let at = at.to_zoned(self.zone.clone());
        match self.days_ago(at.date()) {
            0 => "Today".into(),
            1 => "Yesterday".into(),
            2..=6 => at.strftime("%A").to_string(),
            _ => at.strftime("%-d %B %Y").to_string(),
        }
    }

    /// For a narrow column: the time of today, else the day.
    pub(crate) fn short(&self, moment: &Moment) -> String {
        let Some(at) = moment.at else {
            return String::new();
        };
        let at = at.to_zoned(self.zone.clone());
        match self.days_ago(at.date()) {
            0 => self.time(moment),
            1..=6 => at.strftime("%a").to_string(),
            _ => at.strftime("%-d %b").to_string(),
        }
    }

    fn days_ago(&self, day: Date) -> i32 {
        (self.today - day).get_days()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_named_as_people_name_it() {
        let calendar = Calendar::in_utc("2026-11-21T20:00:00Z");
        for (moment, words) in [
            ("2026-11-21T00:00:00Z", "today 00:00"),
            ("2026-11-20T23:59:59.5Z", "yesterday 23:59"),
            ("2026-11-16T08:30:00+02:00", "Monday 06:30"),
            ("2026-11-14T08:30:00Z", "14 November 2026, 08:30"),
            ("2027-01-01T00:00:00Z", "1 January 2027, 00:00"),
            ("the day before", "the day before"),
        ] {
            assert_eq!(calendar.day_and_time(&Moment::parse(moment)), words);
        }
    }
}
