//! What is printed on: how an answer looks to a person, here and now.

use std::io::{self, Write};

use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::table::{self, Column};

/// How answers look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// JSON instead of tables and sentences.
    pub is_json: bool,
    /// Everything is undone: sentences say what would be done.
    pub is_rehearsal: bool,
    /// How many characters fit on a line; `None` where lines have no end, as in a pipe.
    pub columns: Option<usize>,
    /// The time now.
    pub now: OffsetDateTime,
    /// How far this machine's clocks are from UTC.
    pub offset: UtcOffset,
}

/// What is printed on.
pub(super) struct Page<'a> {
    look: Look,
    out: &'a mut dyn Write,
}

impl<'a> Page<'a> {
    pub(super) fn new(look: Look, out: &'a mut dyn Write) -> Self {
        Self { look, out }
    }

    pub(super) fn look(&self) -> &Look {
        &self.look
    }

    /// One line.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// A value as one line of JSON.
    pub(super) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(value)?;
        self.line(&text)
    }

    /// Many things of one kind.
    pub(super) fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) -> io::Result<()> {
        table::print(self.out, self.look.columns, columns, rows)
    }

    /// One of many things of a kind whose widths are not known yet.
    pub(super) fn row(&mut self, cells: &[String]) -> io::Result<()> {
        table::print_row(self.out, cells)
    }

    /// One thing.
    pub(super) fn properties(&mut self, properties: &[(&str, String)]) -> io::Result<()> {
        table::print_one(self.out, properties)
    }

    /// What has been done: `Account alice`, `added with the number 1000`.
    pub(super) fn done(&mut self, subject: &str, deed: &str) -> io::Result<()> {
        match self.look.is_rehearsal {
            false => writeln!(self.out, "{subject} {deed}."),
            true => writeln!(
                self.out,
                "{subject} would be {deed}. This was a dry run; nothing has changed."
            ),
        }
    }

    /// What has been done to many: `3`, `account`, `added`.
    pub(super) fn done_to_many(&mut self, count: usize, noun: &str, deed: &str) -> io::Result<()> {
        let plural = if count == 1 { "" } else { "s" };
        self.done(&format!("{count} {noun}{plural}"), deed)
    }

    /// Shows what has been printed so far.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// A time that came as RFC 3339, by this machine's clocks: a blank instead of the T, as section 5.6 suggests for
    /// people.
    pub(super) fn time(&self, text: &str) -> String {
        let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) else {
            return text.to_owned();
        };
        let here = at.to_offset(self.look.offset);
        let here = here.replace_nanosecond(0).unwrap_or(here);
        here.format(&Rfc3339)
            .map_or_else(|_| text.to_owned(), |text| text.replacen('T', " ", 1))
    }

    /// How long after another time a time was, both as RFC 3339.
    pub(super) fn seconds_between(&self, begin: &str, end: &str) -> Option<i64> {
        let [begin, end] = [begin, end].map(|text| OffsetDateTime::parse(text, &Rfc3339));
        Some((end.ok()? - begin.ok()?).whole_seconds())
    }

    /// How long ago a time was that came as RFC 3339; the time itself if that is more than two days.
    pub(super) fn ago(&self, text: &str) -> String {
        let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) else {
            return text.to_owned();
        };
        match (self.look.now - at).whole_seconds() {
            // Clocks of two machines may differ a little.
            -60..10 => "just now".into(),
            seconds @ 10..120 => format!("{seconds} s ago"),
            seconds @ 120..7_200 => format!("{} min ago", seconds / 60),
            seconds @ 7_200..172_800 => format!("{} h ago", seconds / 3_600),
            _ => self.time(text),
        }
    }
}

/// What stands where there is nothing.
pub(super) fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| "-".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_or_relative() {
        let look = Look {
            is_json: false,
            is_rehearsal: false,
            columns: None,
            now: OffsetDateTime::parse("2026-03-01T12:00:00Z", &Rfc3339).unwrap(),
            offset: UtcOffset::from_hms(2, 0, 0).unwrap(),
        };
        let mut out = Vec::new();
        let page = Page::new(look, &mut out);
        assert_eq!(
            page.time("2026-03-01T23:30:00Z"),
            "2026-03-02 01:30:00+02:00"
        );
        assert_eq!(page.time("soon"), "soon");
        for (at, said) in [
            ("2026-03-01T12:00:01Z", "just now"),
            ("2026-03-01T11:59:00Z", "60 s ago"),
            ("2026-03-01T11:00:00Z", "60 min ago"),
            ("2026-02-28T13:00:00Z", "23 h ago"),
            ("2026-01-01T00:00:00Z", "2026-01-01 02:00:00+02:00"),
        ] {
            assert_eq!(page.ago(at), said);
        }
    }
}
