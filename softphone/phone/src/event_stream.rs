//! Reading a stream of server-sent events, and how long to wait before it is opened again.

use std::time::Duration;

/// One event's data is a line of JSON; what is longer comes from something else than our server.
const EVENT_BYTES: usize = 64 * 1024;

/// Cuts a stream of server-sent events (WHATWG HTML, section 9.2) into the data of its events. Event names and ids are
/// not kept: what happened stands in the data itself.
#[derive(Debug, Default)]
pub struct EventReader {
    line: Vec<u8>,
    data: Vec<u8>,
    /// The line before ended with CR: an LF right after it belongs to that end.
    after_return: bool,
    is_too_long: bool,
}

impl EventReader {
    /// A reader at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece of the stream, cut anywhere, and gives the data of the events that are whole with it. An event
    /// that is too long or no UTF-8 is left out.
    pub fn push(&mut self, piece: &[u8]) -> Vec<String> {
        let mut events = Vec::new();
        for byte in piece {
            match byte {
                b'\n' if std::mem::take(&mut self.after_return) => {}
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    events.extend(self.end_line());
                }
                byte => {
                    self.after_return = false;
                    if self.line.len() + self.data.len() < EVENT_BYTES {
                        self.line.push(*byte);
                    } else {
                        self.is_too_long = true;
                    }
                }
            }
        }
        events
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            if std::mem::take(&mut self.is_too_long) || data.is_empty() {
                return None;
            }
            return String::from_utf8(data).ok();
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data
                .extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
        }
        None
    }
}

/// How long to wait before something that failed is tried again: longer each time, and not for all phones at once.
#[derive(Debug)]
pub struct Pause {
    next: Duration,
    seed: u64,
}

impl Pause {
    /// The first pause: a server that restarts is there again after about this.
    pub const FIRST: Duration = Duration::from_secs(1);
    /// The longest pause: how late a change may be noticed while there is no stream.
    pub const LONGEST: Duration = Duration::from_secs(30);

    /// Nothing has failed yet; the seed keeps phones that lost one server apart.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            next: Self::FIRST,
            seed,
        }
    }

    /// It worked: the next failure is a first one again.
    pub fn worked(&mut self) {
        self.next = Self::FIRST;
    }

    /// It failed: how long to wait now. Up to a quarter is taken off at random.
    pub fn failed(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(Self::LONGEST);
        // The multiplier of Knuth's MMIX generator; the high bits are the good ones.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        pause - (pause / 4).mul_f64((self.seed >> 40) as f64 / (1u64 << 24) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_the_stream_is_cut() {
        let stream = b": hello\nevent: number_changed\ndata: {\"a\":1}\nid: 7\n\ndata:x\r\ndata: y\r\n\r\nretry: 5\n\n";
        for size in 1..stream.len() {
            let mut reader = EventReader::new();
            let events: Vec<String> = stream
                .chunks(size)
                .flat_map(|piece| reader.push(piece))
                .collect();
            assert_eq!(events, ["{\"a\":1}", "x\ny"], "in pieces of {size}");
        }
    }

    #[test]
    fn an_endless_event_is_left_out_and_the_next_one_is_read() {
        let mut reader = EventReader::new();
        assert!(reader.push(b"data: ").is_empty());
        for _ in 0..100 {
            assert!(reader.push(&[b'x'; 10_000]).is_empty());
        }
        assert!(reader.line.capacity() <= 2 * EVENT_BYTES);
        assert!(reader.push(b"\n\n").is_empty());
        assert_eq!(reader.push(b"data: good\n\n"), ["good"]);
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        assert!(EventReader::new().push(b"data: \xff\xfe\n\n").is_empty());
    }

    #[test]
    fn pauses_grow_to_a_limit_and_begin_anew_after_a_success() {
        let mut pause = Pause::new(7);
        let mut before = Duration::ZERO;
        for _ in 0..5 {
            let now = pause.failed();
            assert!(now > before, "{now:?} after {before:?}");
            before = now;
        }
        for _ in 0..20 {
            let now = pause.failed();
            assert!(now <= Pause::LONGEST && now >= Pause::LONGEST * 3 / 4);
        }
        pause.worked();
        assert!(pause.failed() <= Pause::FIRST);
    }

    #[test]
    fn phones_with_different_seeds_come_back_at_different_times() {
        assert_ne!(Pause::new(1).failed(), Pause::new(2).failed());
    }
}
