//! A conversation drawn as a message ladder.

use std::fmt;
use std::time::Duration;

/// The distance between two columns, in characters; wide enough for a status line.
const COLUMN_WIDTH: usize = 33;

/// What was said between the columns, in the order of sending.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ladder {
    columns: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Line {
    Message {
        at: Duration,
        from: String,
        to: String,
        words: String,
        lost: bool,
        doubled: bool,
    },
    Remark {
        at: Duration,
        words: String,
    },
}

impl Ladder {
    /// Makes sure that there is a column of this name.
    pub fn column(&mut self, name: &str) {
        if !self.columns.iter().any(|column| column == name) {
            self.columns.push(name.to_owned());
        }
    }

    /// Adds one message. A lost one is drawn with an `x` for its arrowhead, a doubled one with two.
    pub fn message(
        &mut self,
        at: Duration,
        from: &str,
        to: &str,
        words: &str,
        lost: bool,
        doubled: bool,
    ) {
        self.lines.push(Line::Message {
            at,
            from: from.to_owned(),
            to: to.to_owned(),
            words: words.to_owned(),
            lost,
            doubled,
        });
    }

    /// Adds a line of words.
    pub fn remark(&mut self, at: Duration, words: &str) {
        self.lines.push(Line::Remark {
            at,
            words: words.to_owned(),
        });
    }

    /// The words of all messages, lost ones included, in the order of sending.
    pub fn words(&self) -> Vec<&str> {
        self.lines
            .iter()
            .filter_map(|line| match line {
                Line::Message { words, .. } => Some(words.as_str()),
                Line::Remark { .. } => None,
            })
            .collect()
    }

    fn draw(&self, from: &str, to: &str, words: &str, lost: bool, doubled: bool) -> Option<String> {
        let position = |name: &str| self.columns.iter().position(|column| column == name);
        let (start, end) = (position(from)?, position(to)?);
        let rightward = start < end;
        let (left, right) = if rightward {
            (start, end)
        } else {
            (end, start)
        };
        if left == right {
            return None;
        }
        let room = (right - left) * COLUMN_WIDTH - 1;
        let mut bar: Vec<char> = vec!['-'; room];
        let label = format!(" {words} ");
        let length = label.chars().count();
        // Text that is too long for its arrow is written beside it.
        if length + 4 > room {
            return None;
        }
        let (at, heads): (usize, &[usize]) = if rightward {
            (2, &[room - 1, room - 2])
        } else {
            (room - 2 - length, &[0, 1])
        };
        for (offset, character) in label.chars().enumerate() {
            bar[at + offset] = character;
        }
        let head = match (lost, rightward) {
            (true, _) => 'x',
            (false, true) => '>',
            (false, false) => '<',
        };
        for position in heads.iter().take(if doubled { 2 } else { 1 }) {
            bar[*position] = head;
        }
        let width = (self.columns.len() - 1) * COLUMN_WIDTH + 1;
        let mut line: Vec<char> = (0..width)
            .map(|position| {
                if position % COLUMN_WIDTH == 0 {
                    '|'
                } else {
                    ' '
                }
            })
            .collect();
        let first = left * COLUMN_WIDTH + 1;
        line[first..first + room].copy_from_slice(&bar);
        Some(line.into_iter().collect())
    }
}

impl fmt::Display for Ladder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = String::new();
        for name in &self.columns {
            head.push_str(&format!("{name:<COLUMN_WIDTH$}"));
        }
        writeln!(formatter, "    time  {}", head.trim_end())?;
        for line in &self.lines {
            match line {
                Line::Message {
                    at,
                    from,
                    to,
                    words,
                    lost,
                    doubled,
                } => {
                    let seconds = at.as_secs_f64();
                    match self.draw(from, to, words, *lost, *doubled) {
                        Some(drawn) => writeln!(formatter, "{seconds:8.3}  {drawn}")?,
                        None => {
                            let fate = if *lost { "  (lost)" } else { "" };
                            writeln!(formatter, "{seconds:8.3}  {from} -> {to}: {words}{fate}")?;
                        }
                    }
                }
                Line::Remark { at, words } => {
                    writeln!(formatter, "{:8.3}  * {words}", at.as_secs_f64())?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ladder_shows_who_said_what_to_whom() {
        let mut ladder = Ladder::default();
        for name in ["alice", "server", "bob"] {
            ladder.column(name);
        }
        let at = Duration::from_millis;
        ladder.message(at(0), "alice", "server", "INVITE", false, false);
        ladder.message(at(10), "server", "bob", "INVITE", true, false);
        ladder.remark(at(400), "bob wakes up");
        ladder.message(at(510), "bob", "server", "180 Ringing", false, true);
        ladder.message(at(520), "bob", "alice", "audio", false, false);
        ladder.message(at(530), "carol", "alice", "hello", true, false);
        assert_eq!(
            ladder.to_string(),
            "    time  alice                            server                           bob
   0.000  |-- INVITE --------------------->|                                |
   0.010  |                                |-- INVITE ---------------------x|
   0.400  * bob wakes up
   0.510  |                                |<<--------------- 180 Ringing --|
   0.520  |<------------------------------------------------------- audio --|
   0.530  carol -> alice: hello  (lost)
"
        );
        assert_eq!(
            ladder.words(),
            ["INVITE", "INVITE", "180 Ringing", "audio", "hello"]
        );
    }
}
