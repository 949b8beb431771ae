//! The last SIP messages of each call, for an administrator who wants to see what happened.
//!
//! They are bounded in count and bytes, for one call and for all together, and are kept for a while after a call has
//! ended. What is shown of them has no secrets: see [`ladder`](super::ladder).

mod message;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use sip::{Flow, Transport};
use switch::CallId;

pub(super) use message::{call_id, from_tag, is_invite};

/// The messages of all calls.
#[derive(Debug)]
pub(super) struct Traces {
    most_bytes: usize,
    bytes: usize,
    calls: HashMap<CallId, Trace>,
    names: HashMap<Box<str>, CallId>,
    /// Those that have ended, the one that ended first first.
    ended: VecDeque<CallId>,
    /// Those that go on, the oldest first; with some that have ended.
    live: VecDeque<CallId>,
    /// Messages of what is not a call yet: its caller is asked who it is.
    arriving: HashMap<Box<str>, Vec<Traced>>,
    /// Their names in the order in which they came; with some that have become calls.
    arrivals: VecDeque<Box<str>>,
}

/// The messages of one call.
#[derive(Clone, Debug)]
pub struct Trace {
    /// When the first of them passed.
    pub began_at: SystemTime,
    /// The messages, the oldest first.
    pub messages: VecDeque<Traced>,
    /// How many are not there any more.
    pub left_out: u64,
    names: Vec<Box<str>>,
    bytes: usize,
    has_ended: bool,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Traced {
    /// When it passed.
    pub at: Instant,
    /// Whether the server sent it.
    pub is_sent: bool,
    /// How it came or went.
    pub transport: Transport,
    /// Where from or where to.
    pub remote: SocketAddr,
    /// The message as it was, secrets included.
    pub(super) text: Arc<[u8]>,
}

/// More messages of one call are not kept: a call of an hour with session timers has forty.
const MOST_MESSAGES: usize = 128;
/// A call cannot have all of the room.
const MOST_BYTES_OF_CALL: usize = 128 * 1024;
/// Requests that wait to become calls.
const MOST_ARRIVING: usize = 64;
/// Of one of them, with the answers: it is challenged, comes again, and waits.
const MOST_OF_ONE: usize = 8;
/// No phone sends longer ones; what is longer is cut.
const LONGEST: usize = 8 * 1024;
/// What a message takes beside its text.
const OVERHEAD: usize = std::mem::size_of::<Traced>() + 16;

impl Traced {
    /// A message that passes now.
    pub(super) fn new(at: Instant, flow: &Flow, is_sent: bool) -> Self {
        Self {
            at,
            is_sent,
            transport: flow.transport,
            remote: flow.remote,
            text: Arc::default(),
        }
    }
}

impl Traces {
    /// Keeps at most so many bytes; 0 keeps nothing.
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            most_bytes,
            bytes: 0,
            calls: HashMap::new(),
            names: HashMap::new(),
            ended: VecDeque::new(),
            live: VecDeque::new(),
            arriving: HashMap::new(),
            arrivals: VecDeque::new(),
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.most_bytes > 0
    }

    /// Whether a dialog with this Call-ID is known, or about to be.
    pub(super) fn knows(&self, call_id: &str) -> bool {
        self.names.contains_key(call_id) || self.arriving.contains_key(call_id)
    }

    /// A message passes that belongs to a call, or may come to.
    pub(super) fn pass(&mut self, call_id: &str, mut message: Traced, text: &[u8]) {
        message.text = text[..text.len().min(LONGEST)].into();
        if let Some(call) = self.names.get(call_id) {
            return self.keep(*call, message);
        }
        if let Some(messages) = self.arriving.get_mut(call_id) {
            if messages.len() < MOST_OF_ONE {
                messages.push(message);
            }
            return;
        }
        if self.arrivals.len() >= MOST_ARRIVING
            && let Some(first) = self.arrivals.pop_front()
        {
            self.arriving.remove(&first);
        }
        self.arrivals.push_back(call_id.into());
        self.arriving.insert(call_id.into(), vec![message]);
    }

    /// A dialog belongs to a call: what has passed of it comes along.
    pub(super) fn name(&mut self, call: CallId, call_id: &str, at: SystemTime) {
        if !self.is_on() || self.names.contains_key(call_id) {
            return;
        }
        if !self.calls.contains_key(&call) {
            self.live.push_back(call);
            let trace = Trace {
                began_at: at,
                messages: VecDeque::new(),
                left_out: 0,
                names: Vec::new(),
                bytes: 0,
                has_ended: false,
            };
            self.calls.insert(call, trace);
        }
        if let Some(trace) = self.calls.get_mut(&call) {
            trace.names.push(call_id.into());
        }
        self.names.insert(call_id.into(), call);
        for message in self.arriving.remove(call_id).unwrap_or_default() {
            self.keep(call, message);
        }
    }

    /// A call is over. What still passes of it, such as the answer to its BYE, is kept too.
    pub(super) fn ended(&mut self, call: CallId) {
        if let Some(trace) = self.calls.get_mut(&call)
            && !trace.has_ended
        {
            trace.has_ended = true;
            self.ended.push_back(call);
        }
    }

    /// The messages of a call, if any are there.
    pub(super) fn of(&self, call: CallId) -> Option<Trace> {
        self.calls.get(&call).cloned()
    }

    fn keep(&mut self, call: CallId, message: Traced) {
        let Some(trace) = self.calls.get_mut(&call) else {
            return;
        };
        let size = message.text.len() + OVERHEAD;
        trace.bytes += size;
        self.bytes += size;
        trace.messages.push_back(message);
        while trace.messages.len() > MOST_MESSAGES || trace.bytes > MOST_BYTES_OF_CALL {
            let Some(first) = trace.messages.pop_front() else {
                break;
            };
            let size = first.text.len() + OVERHEAD;
            trace.bytes -= size;
            self.bytes -= size;
            trace.left_out += 1;
        }
        while self.bytes > self.most_bytes && self.forget_one() {}
    }

    /// Forgets the call that ended first, or the oldest one.
    fn forget_one(&mut self) -> bool {
        let Some(call) = self.ended.pop_front().or_else(|| self.live.pop_front()) else {
            return false;
        };
        if let Some(trace) = self.calls.remove(&call) {
            self.bytes -= trace.bytes;
            for name in trace.names {
                self.names.remove(&name);
            }
        }
        // Those that have ended were forgotten by the other list; its beginning is kept short.
        while let Some(first) = self.live.front()
            && !self.calls.contains_key(first)
        {
            self.live.pop_front();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(start: Instant) -> Traced {
        Traced {
            at: start,
            is_sent: false,
            transport: Transport::Udp,
            remote: ([127, 0, 0, 1], 5060).into(),
            text: Arc::default(),
        }
    }

    #[test]
    fn what_came_before_the_call_was_known_comes_along() {
        let (start, at) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let mut traces = Traces::new(1 << 20);
        traces.pass("one", message(start), b"INVITE");
        traces.pass("two", message(start), b"INVITE");
        assert!(traces.knows("one"));
        traces.name(CallId(1), "one", at);
        traces.name(CallId(1), "three", at);
        traces.pass("three", message(start), b"SIP/2.0 180");
        let trace = traces.of(CallId(1)).unwrap();
        let texts: Vec<&[u8]> = trace.messages.iter().map(|one| &*one.text).collect();
        assert_eq!(texts, [&b"INVITE"[..], b"SIP/2.0 180"]);
        assert!(traces.of(CallId(2)).is_none());
        assert_eq!(traces.arriving.len(), 1);
    }

    #[test]
    fn a_call_keeps_its_last_messages_and_all_together_no_more_than_they_may() {
        let (start, at) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let mut traces = Traces::new(200_000);
        traces.name(CallId(1), "one", at);
        for _ in 0..200 {
            traces.pass("one", message(start), &[b'x'; 100]);
        }
        let trace = traces.of(CallId(1)).unwrap();
        assert_eq!((trace.messages.len(), trace.left_out), (MOST_MESSAGES, 72));
        for call in 2..100 {
            let name = call.to_string();
            traces.name(CallId(call), &name, at);
            for _ in 0..4 {
                traces.pass(&name, message(start), &[b'x'; 2000]);
            }
            if call % 2 == 0 {
                traces.ended(CallId(call));
            }
        }
        assert!(traces.bytes <= 200_000);
        let sum: usize = traces.calls.values().map(|trace| trace.bytes).sum();
        assert_eq!(sum, traces.bytes);
        assert_eq!(traces.names.len(), traces.calls.len());
        assert!(traces.of(CallId(99)).is_some(), "the newest is there");
        // Those that have ended went first.
        assert!(
            traces
                .calls
                .keys()
                .all(|call| call.0 % 2 == 1 || call.0 == 98 || call.0 == 1)
        );
        assert!(traces.live.len() < 110);
    }

    #[test]
    fn strangers_who_never_become_a_call_take_no_more_than_a_little() {
        let start = Instant::now();
        let mut traces = Traces::new(1 << 20);
        for stranger in 0..10_000 {
            traces.pass(&stranger.to_string(), message(start), b"INVITE");
        }
        assert_eq!(traces.arriving.len(), MOST_ARRIVING);
        for _ in 0..100 {
            traces.pass("9999", message(start), b"INVITE");
        }
        let most = traces.arriving.values().map(Vec::len).max();
        assert_eq!(
            (most, traces.arrivals.len()),
            (Some(MOST_OF_ONE), MOST_ARRIVING)
        );
        assert_eq!(traces.bytes, 0);
    }
}
