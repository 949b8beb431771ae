//! A conversation drawn as a message ladder.

use std::fmt;
use std::time::Duration;

/// The least distance between two columns, in characters.
const LEAST_DISTANCE: usize = 24;

/// What an arrow needs besides its words: the column's own line, a blank on each side, and two
/// dashes or arrowheads on each side.
const ARROW_ENDS: usize = 7;

/// What was said between the columns, in the order of sending.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ladder {
    columns: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Line {
    Message(Message),
    Remark { at: Duration, words: String },
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Message {
    at: Duration,
    from: String,
    to: String,
    words: String,
    is_lost: bool,
    is_doubled: bool,
}

impl Ladder {
    /// Makes sure that there is a column of this name.
    pub fn column(&mut self, name: &str) {
        if !self.columns.iter().any(|column| column == name) {
            self.columns.push(name.to_owned());
        }
    }

    /// Adds one message. A lost one is drawn with an `x` for its arrowhead, a doubled one with two
    /// arrowheads.
    pub fn message(
        &mut self,
        at: Duration,
        from: &str,
        to: &str,
        words: &str,
        is_lost: bool,
        is_doubled: bool,
    ) {
        self.lines.push(Line::Message(Message {
            at,
            from: from.to_owned(),
            to: to.to_owned(),
            words: words.to_owned(),
            is_lost,
            is_doubled,
        }));
    }

    /// Adds a line of words.
    pub fn remark(&mut self, at: Duration, words: &str) {
        let words = words.to_owned();
        self.lines.push(Line::Remark { at, words });
    }

    /// The words of all messages, lost ones included, in the order of sending.
    pub fn words(&self) -> Vec<&str> {
        self.messages()
            .map(|message| message.words.as_str())
            .collect()
    }

    fn messages(&self) -> impl Iterator<Item = &Message> {
        self.lines.iter().filter_map(|line| match line {
            Line::Message(message) => Some(message),
            Line::Remark { .. } => None,
        })
    }

    /// From column to column: enough for the longest words.
    fn distance(&self) -> usize {
        let longest = self.messages().map(|message| message.words.chars().count());
        let longest = longest.max().unwrap_or_default();
        (longest + ARROW_ENDS).max(LEAST_DISTANCE)
    }

    /// The arrow of a message; `None` if it does not go from one column to another.
    fn arrow(&self, message: &Message, distance: usize) -> Option<String> {
        let place = |name: &str| self.columns.iter().position(|column| column == name);
        let (start, end) = (place(&message.from)?, place(&message.to)?);
        if start == end {
            return None;
        }
        let is_rightward = start < end;
        let (left, right) = (start.min(end), start.max(end));
        let room = (right - left) * distance - 1;
        let mut bar: Vec<char> = vec!['-'; room];
        let label: Vec<char> = format!(" {} ", message.words).chars().collect();
        let (at, heads) = if is_rightward {
            (2, [room - 1, room - 2])
        } else {
            (room - 2 - label.len(), [0, 1])
        };
        bar[at..at + label.len()].copy_from_slice(&label);
        let head = match (message.is_lost, is_rightward) {
            (true, _) => 'x',
            (false, true) => '>',
            (false, false) => '<',
        };
        let count = if message.is_doubled { 2 } else { 1 };
        for place in heads.into_iter().take(count) {
            bar[place] = head;
        }
        let width = (self.columns.len() - 1) * distance + 1;
        let is_column = |place: usize| place.is_multiple_of(distance);
        let mut line: Vec<char> = (0..width)
            .map(|place| if is_column(place) { '|' } else { ' ' })
            .collect();
        let first = left * distance + 1;
        line[first..first + room].copy_from_slice(&bar);
        Some(line.into_iter().collect())
    }
}

impl fmt::Display for Ladder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distance = self.distance();
        let mut head = String::new();
        for name in &self.columns {
            head.push_str(&format!("{name:<distance$}"));
        }
        writeln!(formatter, "    time  {}", head.trim_end())?;
        for line in &self.lines {
            match line {
                Line::Message(message) => {
                    write!(formatter, "{:8.3}  ", message.at.as_secs_f64())?;
                    match self.arrow(message, distance) {
                        Some(arrow) => writeln!(formatter, "{arrow}")?,
                        None => {
                            let fate = if message.is_lost { "  (lost)" } else { "" };
                            let Message {
                                from, to, words, ..
                            } = message;
                            writeln!(formatter, "{from} -> {to}: {words}{fate}")?;
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
            "    time  alice                   server                  bob
   0.000  |-- INVITE ------------>|                       |
   0.010  |                       |-- INVITE ------------x|
   0.400  * bob wakes up
   0.510  |                       |<<------ 180 Ringing --|
   0.520  |<------------------------------------- audio --|
   0.530  carol -> alice: hello  (lost)
"
        );
        assert_eq!(
            ladder.words(),
            ["INVITE", "INVITE", "180 Ringing", "audio", "hello"]
        );
    }

    #[test]
    fn long_words_push_the_columns_apart() {
        let mut ladder = Ladder::default();
        ladder.column("a");
        ladder.column("b");
        let words = "481 Call/Transaction Does Not Exist";
        ladder.message(Duration::ZERO, "b", "a", words, false, true);
        assert!(
            ladder
                .to_string()
                .contains("|<< 481 Call/Transaction Does Not Exist --|"),
            "{ladder}"
        );
    }
}
