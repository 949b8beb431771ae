//! Past calls, the latest first: those since the window was opened, and before them those that the server remembers.

use std::collections::VecDeque;

use api::{CallRecord, Direction};

use crate::web::{HungUpBy, own_and_theirs};
use crate::window::desk::Party;
use crate::window::ended::{Ended, Outcome, Sounded, percent_lost};
use crate::window::when::{Calendar, Moment};

/// More than one looks through by scrolling.
const KEPT: usize = 50;

/// Past calls, the latest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Recent(VecDeque<Line>);

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) party: Party,
    pub(crate) incoming: bool,
    pub(crate) outcome: Outcome,
    /// When it began, for calls before the window was opened.
    when: Option<Moment>,
    /// How long it was, how it sounded and who hung up, where both spoke.
    pub(crate) detail: Option<String>,
}

impl Line {
    fn of(record: &CallRecord) -> Self {
        let incoming = record.direction == Direction::Incoming;
        let peer = &record.peer;
        // Whoever has another number now is called back there.
        let number = peer.number_now.as_ref().or(peer.number.as_ref());
        let number = number.map_or(record.dialled.as_str(), |number| number.as_str());
        let outcome = match (&record.answered_at, incoming) {
            (Some(_), _) => Outcome::Spoken,
            (None, true) => Outcome::Missed,
            (None, false) => Outcome::Unsuccessful,
        };
        Self {
            party: Party::new(number, Some(&peer.name)),
            incoming,
            outcome,
            when: Some(Moment::parse(&record.started_at)),
            detail: detail(record),
        }
    }
}

impl Recent {
    pub(crate) fn add(&mut self, ended: &Ended) {
        self.0.truncate(KEPT - 1);
        self.0.push_front(Line {
            party: ended.party.clone(),
            incoming: ended.incoming,
            outcome: ended.outcome,
            when: None,
            detail: ended.detail.clone(),
        });
    }

    /// What the server remembers of earlier calls, the latest first; in the place of what it said before.
    pub(crate) fn remember(&mut self, records: &[CallRecord]) {
        self.0.retain(|line| line.when.is_none());
        let room = KEPT.saturating_sub(self.0.len());
        self.0.extend(records.iter().take(room).map(Line::of));
    }

    /// Somebody else may be signed in now.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    pub(crate) fn lines(&self) -> impl ExactSizeIterator<Item = &Line> {
        self.0.iter()
    }
}

impl Line {
    /// What became of it, in words.
    pub(crate) fn words(&self, calendar: &Calendar) -> String {
        let words = match (self.outcome, self.incoming) {
            (Outcome::Missed, _) => "Missed",
            (Outcome::Spoken, true) => "Incoming",
            (Outcome::Spoken, false) => "Outgoing",
            (Outcome::Unsuccessful, true) => "Incoming, not answered",
            (Outcome::Unsuccessful, false) => "Outgoing, not connected",
        };
        match &self.when {
            Some(when) => format!("{words}, {}", calendar.day_and_time(when)),
            None => words.to_owned(),
        }
    }
}

fn detail(record: &CallRecord) -> Option<String> {
    let (answered, ended) = (record.answered_at.as_deref()?, record.ended_at.as_str());
    let (heard, _) = own_and_theirs(record);
    let heard = heard.copied().unwrap_or_default();
    let hung_up = HungUpBy::of(record).map(|by| match by {
        HungUpBy::Us => "you hung up",
        HungUpBy::Them => "they hung up",
        HungUpBy::Server => "ended by the server",
    });
    let sounded = Sounded {
        seconds: Moment::parse(answered).seconds_until(&Moment::parse(ended)),
        mos: heard
            .mos
            .map_or(0.0, |mos| f64::from(mos.hundredths()) / 100.0),
        percent_lost: percent_lost(heard.received, heard.lost),
        jitter_millis: f64::from(heard.jitter_millis),
        codec: record.codec.as_deref(),
        is_encrypted: record.encrypted,
        hung_up,
    };
    Some(sounded.words())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_call_is_returned_to_the_number_of_today() {
        let record = |answered: Option<&str>| -> CallRecord {
            serde_json::from_value(serde_json::json!({
                "id": 1, "direction": "incoming", "dialled": "1001", "cause": "cancelled",
                "peer": {"account": 2, "number": "1002", "name": "Bruno", "number_now": "1012"},
                "started_at": "2026-11-21T14:05:09Z", "answered_at": answered,
                "ended_at": "2026-11-21T14:05:19Z", "hung_up_by": "caller", "codec": "opus", "encrypted": true,
                "callee": {"received": 99, "lost": 1, "jitter_millis": 2, "mos": 4.2},
            }))
            .unwrap()
        };
        let mut recent = Recent::default();
        recent.remember(&[record(None), record(Some("2026-11-21T14:05:12Z"))]);
        recent.remember(&[record(None), record(Some("2026-11-21T14:05:12Z"))]);
        let lines: Vec<&Line> = recent.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].party.number(), "1012");
        let calendar = Calendar::in_utc("2026-11-21T20:00:00Z");
        assert_eq!(lines[0].words(&calendar), "Missed, today 14:05");
        assert_eq!(lines[1].words(&calendar), "Incoming, today 14:05");
        assert_eq!(lines[0].detail, None);
        let detail = lines[1].detail.as_deref();
        assert_eq!(
            detail,
            Some(
                "0:07 · good sound (MOS 4.2) · 1.0 % lost · jitter 2 ms · Opus · encrypted · they hung up"
            )
        );
    }
}
