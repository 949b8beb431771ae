//! Messages accepted: pairs of people who write to each other, all of them connected.

use std::time::Duration;

use anyhow::Result;
use end_to_end::inside::ProcessorTime;
use serde_json::json;

use super::load::{Crowd, Heard, Outcome, Plan};
use super::people::{Engine, House, settle};
use super::prosody::Prosody;
use super::wire::{find, number_after};

/// Words that people use, so that messages have the length and variety that they have.
const WORDS: &[&str] = &[
    "the", "and", "tomorrow", "at", "nine", "in", "office", "with", "report", "we", "could", "you",
    "please", "send", "minutes", "of", "last", "meeting", "coffee", "later", "train", "station",
    "is", "late", "again", "good", "morning", "call", "me", "when", "have", "time", "number",
    "new", "lunch", "today", "friday", "invoice", "server", "garden",
];

/// A text of about 60 characters for the message with a number.
pub(super) fn text(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut words = Vec::with_capacity(12);
    for _ in 0..10 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // The first ones come more often.
        let place = (state % 40).min((state >> 8) % 40) as usize;
        words.push(WORDS[place % WORDS.len()].to_owned());
    }
    words.push(format!("w{}", state % 5_000));
    words.join(" ")
}

/// An id as a client makes it: at random.
fn id(number: u64) -> String {
    let high = (number ^ 0xD1B5_4A32_D192_ED03).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let low = (high ^ (high >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        low >> 32,
        low >> 16 & 0xFFFF,
        low & 0xFFF,
        high >> 48,
        high & 0xFFFF_FFFF_FFFF
    )
}

/// One server under this load.
pub(super) trait Station {
    fn name(&self) -> String;
    fn run(&mut self, plan: Plan) -> Result<(Outcome, Duration)>;
}

/// Our server.
pub(super) struct Ours {
    house: House,
    engine: Engine,
    crowd: Crowd,
    rooms: Vec<String>,
    /// Makes ids of one station other than those of another.
    salt: u64,
}

impl Ours {
    pub(super) fn open(engine: Engine, core: usize, pairs: usize) -> Result<Ours> {
        let house = House::open(engine, core)?;
        let guests = house.guests(pairs * 2)?;
        let mut rooms = Vec::new();
        for pair in guests.chunks(2) {
            let room = house.conversation(&pair[0], &pair[1])?;
            rooms.extend([room.clone(), room]);
        }
        let crowd = house.connect(&guests)?;
        Ok(Ours {
            house,
            engine,
            crowd,
            rooms,
            salt: engine as u64 + 1,
        })
    }
}

fn understand(text: &[u8]) -> Heard {
    if text.starts_with(br#"{"type":"SYS_MESSAGE_STORED""#) {
        // Behind the id of the message stands that of the request.
        let tail = &text[text.len().saturating_sub(60)..];
        return number_after(tail, br#""id":"q"#).map_or(Heard::Other, Heard::Stored);
    }
    if text.starts_with(br#"{"type":"SYS_NEW_MESSAGE""#) {
        return Heard::Delivered(None);
    }
    if text.starts_with(br#"{"type":"SYS_ERROR""#) {
        return Heard::Refused(String::from_utf8_lossy(text).into_owned());
    }
    Heard::Other
}

impl Station for Ours {
    fn name(&self) -> String {
        format!("callserver, {}", self.engine.name())
    }

    fn run(&mut self, plan: Plan) -> Result<(Outcome, Duration)> {
        // To both of a pair, so that every device of theirs has it.
        let plan = Plan {
            deliveries: 2,
            ..plan
        };
        let process = self.house.process();
        let before = ProcessorTime::of(process)?;
        let (rooms, salt) = (&self.rooms, self.salt);
        let write = |place: usize, number: u64| {
            let body = json!({ "type": "text", "text": text(number) });
            let data = json!({ "room": rooms[place], "id": id(number << 3 | salt), "body": body });
            let request =
                json!({ "type": "USER_MESSAGE", "data": data, "id": format!("q{number}") });
            request.to_string().into_bytes()
        };
        let outcome = self.crowd.run(plan, write, understand)?;
        let spent = ProcessorTime::of(process)?.since(&before);
        Ok((outcome, spent))
    }
}

/// Prosody.
pub(super) struct Theirs {
    prosody: Prosody,
    crowd: Crowd,
}

impl Theirs {
    pub(super) fn open(core: usize, pairs: usize) -> Result<Theirs> {
        let prosody = Prosody::start(core)?;
        let mut crowd = Crowd::new()?;
        for place in 0..pairs * 2 {
            crowd.add(prosody.connect(&format!("u{place}"))?)?;
        }
        settle(&mut crowd)?;
        Ok(Theirs { prosody, crowd })
    }
}

impl Station for Theirs {
    fn name(&self) -> String {
        "Prosody, SQLite".to_owned()
    }

    fn run(&mut self, plan: Plan) -> Result<(Outcome, Duration)> {
        // It archives before it delivers, and acknowledges in no other way. It syncs each message by itself, so a slow disk
        // makes a long queue of many at once.
        let plan = Plan {
            deliveries: 1,
            window: 1,
            ..plan
        };
        let before = self.prosody.time()?;
        let write = |place: usize, number: u64| {
            format!(
                "<message type='chat' to='u{}@localhost' id='m{number}'><body>{}</body></message>",
                place ^ 1,
                text(number)
            )
            .into_bytes()
        };
        let understand = |text: &[u8]| {
            if find(text, b"type='error'").is_some() {
                return Heard::Refused(String::from_utf8_lossy(text).into_owned());
            }
            match number_after(text, b"id='m") {
                Some(number) if text.starts_with(b"<message") => Heard::Delivered(Some(number)),
                _ => Heard::Other,
            }
        };
        let outcome = self.crowd.run(plan, write, understand)?;
        let spent = self.prosody.time()?.since(&before);
        Ok((outcome, spent))
    }
}
