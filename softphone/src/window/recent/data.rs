//! Past calls, the latest first: those since the window was opened, and before them those that the server remembers.

use std::collections::VecDeque;

use api::{CallRecord, Direction};

use crate::window::desk::Party;
use crate::window::ended::{Ended, Outcome};

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
    /// The day and minute, for calls before the window was opened.
    pub(crate) when: Option<String>,
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
            when: record
                .started_at
                .get(..16)
                .map(|time| format!("{} UTC", time.replace('T', " "))),
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
    pub(crate) fn words(&self) -> String {
        let words = match (self.outcome, self.incoming) {
            (Outcome::Missed, _) => "Missed",
            (Outcome::Spoken, true) => "Incoming",
            (Outcome::Spoken, false) => "Outgoing",
            (Outcome::Unsuccessful, true) => "Incoming, not answered",
            (Outcome::Unsuccessful, false) => "Outgoing, not connected",
        };
        match &self.when {
            Some(when) => format!("{words}, {when}"),
            None => words.to_owned(),
        }
    }
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
                "ended_at": "2026-11-21T14:05:19Z",
            }))
            .unwrap()
        };
        let mut recent = Recent::default();
        recent.remember(&[record(None), record(Some("2026-11-21T14:05:12Z"))]);
        recent.remember(&[record(None), record(Some("2026-11-21T14:05:12Z"))]);
        let lines: Vec<&Line> = recent.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].party.number(), "1012");
        assert_eq!(lines[0].words(), "Missed, 2026-11-21 14:05 UTC");
        assert_eq!(lines[1].words(), "Incoming, 2026-11-21 14:05 UTC");
    }
}
